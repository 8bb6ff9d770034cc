/* A push comes in: the gate, then the inbox says whether it is new and whose it is. */
#include <assert.h>

#include "base/err.h"
#include "codec/query.h"
#include "host/errand.h"
#include "host/record.h"

static const wy_http_answer success = {200, "text/plain", NULL, {"success", 7}};

/* Whether one more line of this event may be written now. */
static bool may_log(worker *w, wy_log_level level, const char *event) {
  return wy_ration_take(&w->ration, level, event, NULL, WY_RATION_REFUSALS);
}

static void log_refusal(const desk *d, const wy_http_req *req, int err, int status) {
  wy_line line;
  wy_line_begin(&line, &d->worker->host->log, WY_LOG_WARN, wy_err_event(err));
  wy_line_z(&line, "reason", wy_err_reason(err));
  wy_line_int(&line, "status", status);
  wy_line_z(&line, "account", d->account->id);
  wy_http_req_log(req, &line);
  wy_line_z(&line, "text", wy_err_text(err));
  wy_line_end(&line);
}

static void refuse(desk *d, wy_http_req *req, int err) {
  int status = wy_gate_status(&d->gate, err);
  if (may_log(d->worker, WY_LOG_WARN, wy_err_event(err))) log_refusal(d, req, err, status);
  wy_http_respond(req, &(wy_http_answer){.status = status});
}

static void on_verify(desk *d, wy_http_req *req, int64_t now) {
  wy_query scratch;
  wy_str echo;
  int err = wy_gate_verify(&d->gate, wy_http_req_query(req), now, &scratch, &echo);
  if (err) {
    refuse(d, req, err);
    return;
  }
  wy_http_respond(
      req, &(wy_http_answer){200, "text/plain", "X-Content-Type-Options: nosniff\r\n", echo});
}

/* --- who waits: a request of this worker's --- */

void wy_push_respond(desk *d, wy_http_req *req, const caller *c, wy_str body) {
  if (!body.p) {
    wy_http_respond(req, &success);
    return;
  }
  worker *w = d->worker;
  if (c->sealed) {
    wy_push p = {.sealed = true, .key = c->key, .receive_id_n = c->receive_id_n};
    p.msg.doc.form = c->form;
    memcpy(p.receive_id, c->receive_id, sizeof p.receive_id);
    wy_buf_clear(&w->sealed);
    int err = wy_gate_seal(&d->gate, &p, body, wy_clock_wall_ms(&w->clock) / 1000, &w->sealed);
    if (err) {
      if (may_log(w, WY_LOG_ERROR, wy_err_event(err)))
        wy_log_text(&w->host->log, WY_LOG_ERROR, wy_err_event(err), "%s", wy_err_text(err));
      wy_http_respond(req, &success);
      return;
    }
    body = wy_buf_view(&w->sealed);
  }
  wy_http_respond(
      req, &(wy_http_answer){200, c->form == WY_FORM_JSON ? "application/json" : "application/xml",
                             NULL, body});
}

static void request_answer(worker *w, caller *c, const desk *d, wy_str body) {
  (void)w, (void)d;
  wy_push_respond(c->gate, c->of, c, body);
}

static void request_hang_up(worker *w, caller *c) {
  (void)w;
  wy_metric_add(&c->gate->stats->answers[WY_WAY_HUNG_UP], 1);
  wy_http_abandon(c->of);
}

/* Who was kept waiting and says no more has given up; who was not may only have closed his side. */
static bool request_gone(const caller *c) {
  return c->held ? wy_http_req_left(c->of) : wy_http_req_gone(c->of);
}

static const caller_type request_type = {request_answer, request_hang_up, request_gone};

/* Of a push: how its answer is sealed, for a caller that no exchange has yet. */
static caller seal_of(desk *d, void *of, const wy_push *p, uint64_t since) {
  caller c = {.of = of,
              .since = since,
              .gate = d,
              .form = p->msg.doc.form,
              .sealed = p->sealed,
              .key = p->key,
              .receive_id_n = p->receive_id_n};
  memcpy(c.receive_id, p->receive_id, p->receive_id_n);
  return c;
}

void wy_caller_copy_seal(caller *c, const caller *seal) {
  c->gate = seal->gate;
  if (c->gate) c->gate->edition->n_callers++;
  c->form = seal->form;
  c->sealed = seal->sealed;
  c->key = seal->key;
  c->receive_id_n = seal->receive_id_n;
  memcpy(c->receive_id, seal->receive_id, seal->receive_id_n);
}

/* --- what the inbox says --- */

void wy_push_again(desk *d, const caller_type *type, caller *c, wy_str body) {
  wy_metric_add(&d->stats->answers[WY_WAY_DUPLICATE], 1);
  type->answer(d->worker, c, d, body);
}

void wy_push_log_nomem(worker *w) {
  if (may_log(w, WY_LOG_ERROR, wy_err_event(WY_E_NOMEM)))
    wy_log_text(&w->host->log, WY_LOG_ERROR, wy_err_event(WY_E_NOMEM), "no memory for a push");
}

exchange *wy_push_admit(desk *d, const wy_push *p, const wy_claim *claim, const caller_type *type,
                        const caller *seal, bool keep) {
  exchange *x = wy_exchange_new(d, p, claim);
  bool kept = x && (!keep || wy_exchange_keep_text(x, p->text));
  caller *c = kept ? wy_exchange_call(x, type, seal->of, seal->since) : NULL;
  if (c) {
    wy_caller_copy_seal(c, seal);
    if (d->worker->host->record) wy_record_push(x, p->text);
    return x;
  }
  caller lost = *seal;
  wy_inbox_undo(d->worker->host->inbox, &claim->key, claim->user);
  if (x) wy_exchange_discard(x);
  wy_push_log_nomem(d->worker);
  type->hang_up(d->worker, &lost); /* WeChat sends it again */
  return NULL;
}

static exchange *find_running(worker *w, const wy_claim *claim) {
  slot *s = wy_slot_find(w, claim->user);
  if (!s) return NULL;
  for (wy_list *n = w->exchanges.prev; n != &w->exchanges; n = n->prev) {
    exchange *x = wy_container_of(n, exchange, link);
    if (x->slot == s && x->t.open && x->t.key.lo == claim->key.lo && x->t.key.hi == claim->key.hi)
      return x;
  }
  return NULL;
}

bool wy_push_join(desk *d, const wy_claim *claim, const caller_type *type, const caller *seal) {
  exchange *x = find_running(d->worker, claim);
  if (!x) return false;
  caller *c = wy_exchange_call(x, type, seal->of, seal->since);
  if (c) {
    wy_caller_copy_seal(c, seal);
    wy_exchange_join(x, c);
  } else { /* no memory */
    caller lone = *seal;
    type->hang_up(d->worker, &lone);
  }
  return true;
}

/* --- a push --- */

enum { ID_DIGITS = 20, TYPE_BYTES = 16 };

/* Little-endian, whatever this machine is: machines that share an account agree. */
static char *put_u64(char *o, uint64_t v) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  v = __builtin_bswap64(v);
#endif
  memcpy(o, &v, 8);
  return o + 8;
}

static char *put_str(char *o, wy_str s) {
  memcpy(o, s.p, s.n);
  return o + s.n;
}

/* From|MsgId|CreateTime|MsgType, or where there is no MsgId the whole body: events of one second
 * differ somewhere. Encrypt is left out of it: it differs at each attempt. `user` stands for From;
 * what is gathered is hashed at once, which is what is fast. */
static wy_hash128 key_of(const wy_hash_key *hash, uint64_t user, const wy_push *p) {
  const wy_msg *m = &p->msg;
  const char *end = p->text.p + p->text.n;
  if (m->id.p && !m->event.p && m->type.p && m->id.n <= ID_DIGITS && m->type.n <= TYPE_BYTES) {
    char room[2 * 8 + 1 + ID_DIGITS + TYPE_BYTES], *o = put_u64(room, user);
    o = put_u64(o, (uint64_t)m->created);
    *o++ = (char)m->id.n;
    o = put_str(put_str(o, m->id), m->type);
    return wy_hash128_str(hash, (wy_str){room, (size_t)(o - room)});
  }
  if (m->encrypt.p >= p->text.p && m->encrypt.p < end && m->encrypt.p) {
    const char *behind = m->encrypt.p + m->encrypt.n;
    return wy_hash128_of(hash,
                         (wy_str[]){{p->text.p, (size_t)(m->encrypt.p - p->text.p)},
                                    {behind, (size_t)(end - behind)}},
                         2);
  }
  return wy_hash128_str(hash, p->text);
}

/* The signature, which the gate has verified, is a hash of timestamp and nonce that only who knows
 * the token can make: its first half is as good as another. */
static uint64_t nonce_of(const desk *d) {
  uint64_t half[2];
  memcpy(half, d->gate.query.signature.p, sizeof half);
  uint64_t h = (half[0] * UINT64_C(0x9E3779B97F4A7C15) + half[1]) * UINT64_C(0xC2B2AE3D27D4EB4F);
  return (h ^ h >> 32) + d->account->ledger->index;
}

/* Whose pushes are handled one after another: the user's; those of one authorizer where a
 * third-party platform is told of him. */
static wy_str owner_of(const wy_msg *m) {
  if (m->from.n) return wy_msg_openid(m);
  const wy_node *node = wy_doc_find(&m->doc, WY_DOC_NONE, WY_STR("AuthorizerAppid"));
  return node && !node->branch ? node->text : (wy_str){0};
}

static wy_claim identify(const desk *d, const wy_push *p, int64_t now) {
  const wy_hash_key *hash = &d->account->hash;
  uint64_t nonce = nonce_of(d);
  wy_inbox_expect(d->worker->host->inbox, nonce); /* while the hashes are computed */
  wy_str owner = owner_of(&p->msg);
  uint64_t user = wy_hash64(hash, owner);
  wy_hash128 key = key_of(hash, user, p);
  return (wy_claim){
      .key = key,
      .user = owner.n ? user : key.lo, /* nobody's: it waits for no other */
      .nonce = nonce,
      .worker = d->worker->index,
      .now = (uint32_t)now,
      .until = (uint32_t)(p->timestamp + d->worker->host->window + 1),
  };
}

/* It was being handled when two processes ended, and would end a third. */
static bool is_quarantined(const desk *d, const wy_claim *claim) {
  const wy_beats *beats = d->worker->host->supervised.beats;
  return beats && beats->n_quarantined && wy_beats_quarantined(beats, &claim->key);
}

static void turn_down(desk *d, const wy_claim *claim, const caller_type *type, caller *c) {
  char key[33];
  snprintf(key, sizeof key, "%016llx%016llx", (unsigned long long)claim->key.hi,
           (unsigned long long)claim->key.lo);
  wy_line line;
  wy_line_begin(&line, &d->worker->host->log, WY_LOG_ERROR, "push.quarantined");
  wy_line_z(&line, "account", d->account->id);
  wy_line_z(&line, "key", key);
  wy_line_end(&line);
  wy_metric_add(&d->stats->answers[WY_WAY_QUARANTINED], 1);
  type->answer(d->worker, c, d, (wy_str){0});
}

#ifndef WY_BARE
static wy_verdict claim_push(const desk *d, const wy_push *p, int64_t now, wy_claim *claim,
                             wy_claimed *out) {
  worker *w = d->worker;
  *claim = identify(d, p, now);
  if (is_quarantined(d, claim)) return WY_INBOX_QUARANTINED;
  wy_buf_clear(&w->known);
  return wy_inbox_claim(w->host->inbox, claim, out, &w->known);
}
#else
/* For spec/bench alone: every push is a new one of a user of its own. What claim, dedupe and broker
 * cost is what this leaves out, here and in exchange.c. */
static wy_verdict claim_push(const desk *d, const wy_push *p, int64_t now, wy_claim *claim,
                             wy_claimed *out) {
  (void)p, (void)now, (void)out, (void)identify, (void)is_quarantined;
  *claim = (wy_claim){.user = (uint64_t)d->worker->serial};
  return WY_INBOX_RUN;
}
#endif

/* A push of a user with others in flight: what other workers have sent of his came before, and goes
 * first. It is decoded where p is, so nothing of p remains. */
static void run(desk *d, const wy_push *p, const wy_claim *claim, bool in_flight,
                const caller_type *type, const caller *seal) {
  worker *w = d->worker;
  bool waits = !wy_list_empty(&w->waiting) || !wy_list_empty(&w->away);
  bool earlier = in_flight && (waits || wy_posts_waiting(w));
  exchange *x = wy_push_admit(d, p, claim, type, seal, earlier);
  if (!x) return;
  if (earlier && waits) wy_errands_look(w);
  if (earlier) wy_posts_drain(w);
  wy_exchange_submit(x);
}

int wy_push_take(desk *d, wy_str query, wy_str body, const caller_type *type, void *of,
                 uint64_t since) {
  worker *w = d->worker;
  int64_t now = wy_clock_wall_ms(&w->clock) / 1000;
  wy_push *p = &w->opened;
  int err = wy_gate_open(&d->gate, query, body, now, p);
  if (!err && (p->msg.from.n > WY_ID_BYTES || p->msg.to.n > WY_ID_BYTES))
    err = WY_E_PUSH_INCOMPLETE;
  wy_claim claim;
  wy_claimed claimed = {0};
  wy_verdict verdict = WY_INBOX_REUSED;
  if (!err) {
    verdict = claim_push(d, p, now, &claim, &claimed);
    if (verdict == WY_INBOX_REUSED) err = WY_E_SIG_NONCE;
  }
  if (err) {
    wy_metric_add(&d->stats->refused, 1);
    return err;
  }
  wy_metric_add(&d->stats->pushes, 1);
  caller seal = seal_of(d, of, p, since);
  if (w->canary) d = wy_canary_desk(w, d, p);
  switch (verdict) {
    case WY_INBOX_RUN: run(d, p, &claim, claimed.in_flight > 0, type, &seal); return 0;
    case WY_INBOX_HOP: wy_errand_send(d, &seal, type, p, &claim, claimed.worker, false); return 0;
    case WY_INBOX_JOIN:
      if (claimed.worker != w->index) {
        wy_errand_send(d, &seal, type, p, &claim, claimed.worker, true);
        return 0;
      }
      if (wy_push_join(d, &claim, type, &seal)) return 0;
      wy_errand_send(d, &seal, type, p, &claim, w->index, true); /* behind it, the same way */
      return 0;
    case WY_INBOX_ANSWERED: wy_push_again(d, type, &seal, wy_buf_view(&w->known)); return 0;
    case WY_INBOX_DONE: wy_push_again(d, type, &seal, (wy_str){0}); return 0;
    case WY_INBOX_QUARANTINED: turn_down(d, &claim, type, &seal); return 0;
    case WY_INBOX_REUSED:
    case WY_INBOX_NOMEM: break;
  }
  wy_push_log_nomem(w);
  type->hang_up(w, &seal);
  return 0;
}

void wy_push_serve(worker *w, desk *d, wy_http_req *req) {
  if (wy_http_req_method(req) != WY_POST) {
    on_verify(d, req, wy_clock_wall_ms(&w->clock) / 1000);
    return;
  }
  wy_str appid = {NULL, 0};
  if (d->account->authorizers && !wy_str_eq(wy_http_req_path(req), wy_str_of(d->account->path)))
    appid = wy_route_authorizer(d->account, wy_http_req_path(req));
  memcpy(w->authorizer, appid.n ? appid.p : "", appid.n); /* the route has looked at its length */
  w->authorizer[appid.n] = '\0';
  int err = wy_push_take(d, wy_http_req_query(req), wy_http_req_body(req), &request_type, req,
                         wy_http_req_since(req));
  if (err) refuse(d, req, err);
}

void wy_pushes_give_up(worker *w) {
  w->given_up = true;
  for (wy_list *n = w->exchanges.next; n != &w->exchanges; n = n->next)
    wy_exchange_say(wy_container_of(n, exchange, link), (wy_str){0}, false);
  wy_errands_answer(w);
}
