/* A push comes in: the gate, then the inbox says whether it is new and whose it is. */
#include <assert.h>
#include <stdlib.h>

#include "base/err.h"
#include "codec/query.h"
#include "host/exchange.h"

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

/* Sends a body, sealed where the push was. */
static void respond(desk *d, wy_http_req *req, const caller *c, wy_str body) {
  worker *w = d->worker;
  if (!body.p) {
    wy_http_respond(req, &success);
    return;
  }
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
  respond(c->gate, c->of, c, body);
}

static void request_hang_up(worker *w, caller *c) {
  (void)w;
  wy_http_abandon(c->of);
}

static bool request_gone(const caller *c) { return wy_http_req_gone(c->of); }

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

static void copy_seal(caller *c, const caller *seal) {
  c->gate = seal->gate;
  if (c->gate) c->gate->edition->n_callers++;
  c->form = seal->form;
  c->sealed = seal->sealed;
  c->key = seal->key;
  c->receive_id_n = seal->receive_id_n;
  memcpy(c->receive_id, seal->receive_id, seal->receive_id_n);
}

/* --- an errand: a push whose user is busy on another worker --- */

enum { TRIES = 10000 }; /* turns of the loop that a join waits for what it is to join */

/* Made by the worker that has the request, lent to the one that has the user, sent back with the
 * answer. Only the first ever touches the request. */
typedef struct errand {
  wy_post post;
  wy_list link;      /* in worker->errands of the first */
  wy_list waiting;   /* in worker->waiting of the other, while its user is elsewhere */
  wy_timer timer;    /* then: as long as it may */
  worker *from, *at; /* at: where it waits */
  ledger *ledger;
  uint64_t generation; /* that took it */
  wy_http_req *req;    /* the first worker's alone; NULL: answered without the other */
  caller seal;         /* how the answer is sealed */
  wy_claim claim;      /* as it was recorded */
  bool known;          /* the same push again */
  unsigned tries;      /* how often it looked for what it is to join */
  uint64_t since;      /* when it came, ms on the clock */
  bool hung_up, has_body;
  wy_buf body;
  char authorizer[APPID_BYTES];
  size_t text_n;
  char text[];
} errand;

static void errand_free(errand *e) {
  worker *w = e->from;
  wy_list_remove(&e->link);
  wy_buf_deinit(&e->body);
  if (e->seal.gate) e->seal.gate->edition->n_callers--;
  free(e);
  wy_worker_settle(w);
}

void wy_errands_let_go(worker *w) {
  for (wy_list *n = w->errands.next; n != &w->errands; n = n->next)
    wy_container_of(n, errand, link)->seal.gate = NULL;
}

/* The other worker does not see that a client left; that one waited too long, it does. */
static void note_gone(worker *w, const errand *e) {
  uint64_t now = wy_clock_now_ms(&w->clock);
  if (!wy_http_req_gone(e->req) || now - e->since >= WY_PATIENCE_MS) return;
  wy_metric_add(&e->ledger->stats[w->index]->unanswered, 1);
  wy_budget_spent(&e->ledger->budget, now);
}

/* Back at the first worker. */
static void errand_back(worker *w, wy_post *post) {
  errand *e = wy_container_of(post, errand, post);
  if (e->req) note_gone(w, e);
  if (e->req && e->hung_up) wy_http_abandon(e->req);
  else if (e->req)
    respond(e->seal.gate, e->req, &e->seal, e->has_body ? wy_buf_view(&e->body) : (wy_str){0});
  errand_free(e);
}

static void errand_lost(worker *w, wy_post *post) {
  (void)w;
  errand_free(wy_container_of(post, errand, post));
}

static void errand_home(errand *e) {
  e->post = (wy_post){NULL, errand_back, errand_lost};
  wy_post_send(e->from, &e->post, false);
}

static void errand_answer(worker *w, caller *c, const desk *d, wy_str body) {
  errand *e = c->of;
  (void)w, (void)d;
  e->has_body = body.p && wy_buf_str(&e->body, body) == 0;
  errand_home(e);
}

static void errand_hang_up(worker *w, caller *c) {
  errand *e = c->of;
  (void)w;
  e->hung_up = true;
  errand_home(e);
}

static bool errand_gone(const caller *c) {
  (void)c;
  return false; /* not known here */
}

static const caller_type errand_type = {errand_answer, errand_hang_up, errand_gone};

/* --- what the inbox says --- */

static void again(desk *d, const caller_type *type, caller *c, wy_str body) {
  wy_metric_add(&d->stats->answers[WY_WAY_DUPLICATE], 1);
  type->answer(d->worker, c, d, body);
}

void wy_push_log_nomem(worker *w) {
  if (may_log(w, WY_LOG_ERROR, wy_err_event(WY_E_NOMEM)))
    wy_log_text(&w->host->log, WY_LOG_ERROR, wy_err_event(WY_E_NOMEM), "no memory for a push");
}

/* An exchange for what is new; NULL: no memory, and the caller was told. keep: p will be another's
 * before it begins. */
static exchange *admit(desk *d, const wy_push *p, const wy_claim *claim, const caller_type *type,
                       const caller *seal, bool keep) {
  exchange *x = wy_exchange_new(d, p, claim);
  bool kept = x && (!keep || wy_exchange_keep_text(x, p->text));
  caller *c = kept ? wy_exchange_call(x, type, seal->of, seal->since) : NULL;
  if (c) {
    copy_seal(c, seal);
    return x;
  }
  caller lost = *seal;
  wy_inbox_undo(d->worker->host->inbox, &claim->key, claim->user);
  if (x) {
    wy_slot_leave(d->worker, x->slot);
    wy_exchange_free(x);
    wy_worker_settle(d->worker);
  }
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

/* The same push again, and the worker that has it is this one. False: what it is to join is still
 * on its way here. */
static bool join(desk *d, const wy_claim *claim, const caller_type *type, const caller *seal) {
  exchange *x = find_running(d->worker, claim);
  if (!x) return false;
  caller *c = wy_exchange_call(x, type, seal->of, seal->since);
  if (c) {
    copy_seal(c, seal);
    wy_exchange_join(x, c);
  } else { /* no memory */
    caller lone = *seal;
    type->hang_up(d->worker, &lone);
  }
  return true;
}

static void errand_run(worker *w, wy_post *post);
static void errand_drop(worker *w, wy_post *post);

/* The same push again, sent here when it ran here: it may have ended meanwhile, and even have been
 * forgotten. */
static void errand_again(worker *w, errand *e, desk *d, const wy_push *p, caller *seal) {
  wy_claim claim = e->claim;
  if (join(d, &claim, &errand_type, seal)) return;
  wy_claimed claimed;
  wy_buf_clear(&w->known);
  claim.worker = w->index;
  wy_verdict v = wy_inbox_claim(w->host->inbox, &claim, &claimed, &w->known);
  if (v == WY_INBOX_RUN) {
    exchange *x = admit(d, p, &claim, &errand_type, seal, true);
    if (x) wy_exchange_submit(x);
  } else if (v == WY_INBOX_NOMEM) {
    errand_hang_up(w, seal); /* WeChat sends it again */
  } else if (v == WY_INBOX_HOP) {
    wy_inbox_undo(w->host->inbox, &claim.key, claim.user);
    errand_hang_up(w, seal);
  } else if (v == WY_INBOX_JOIN && e->tries++ < TRIES) { /* it will come by the same way */
    e->post = (wy_post){NULL, errand_run, errand_drop};
    wy_post_send(&w->host->workers[claimed.worker], &e->post, false);
  } else {
    again(d, &errand_type, seal, v == WY_INBOX_ANSWERED ? wy_buf_view(&w->known) : (wy_str){0});
  }
}

static void begin_errand(worker *w, errand *e) {
  wy_editions_look(w); /* its generation may be new here */
  desk *d = wy_desk_of(w, e->ledger, e->generation);
  wy_push *p = &w->opened;
  p->text = (wy_str){e->text, e->text_n};
  p->sealed = false; /* sealing is for the one who has the request */
  p->receive_id_n = 0;
  strcpy(w->authorizer, e->authorizer);
  caller seal = {.of = e, .since = e->since};
  if (!d ||
      wy_msg_parse(
          &p->msg,
          p->text)) { /* the account is gone; or, as it was read once already, memory is short */
    if (!e->known) wy_inbox_undo(w->host->inbox, &e->claim.key, e->claim.user);
    errand_hang_up(w, &seal);
    return;
  }
  seal.form = p->msg.doc.form;
  if (e->known) {
    errand_again(w, e, d, p, &seal);
    return;
  }
  exchange *x = admit(d, p, &e->claim, &errand_type, &seal, true);
  if (x) wy_exchange_submit(x);
}

/* --- an errand that waits: the user has something in flight in the host that this one replaces ---
 */

static bool is_elsewhere(worker *w, const errand *e) {
  return atomic_load_explicit(&w->host->elsewhere, memory_order_relaxed) &&
         wy_inbox_elsewhere(w->host->inbox, &e->claim.key, e->claim.user);
}

static void stop_waiting(worker *w, errand *e) {
  wy_timer_stop(&w->clock, &e->timer);
  wy_list_remove(&e->waiting);
}

/* In vain: WeChat sends it again. */
static void wait_no_more(worker *w, errand *e) {
  caller seal = {.of = e};
  stop_waiting(w, e);
  if (!e->known) wy_inbox_undo(w->host->inbox, &e->claim.key, e->claim.user);
  errand_hang_up(w, &seal);
}

static void on_waited(wy_timer *timer) {
  errand *e = wy_container_of(timer, errand, timer);
  wait_no_more(e->at, e);
}

static void wait_for_elsewhere(worker *w, errand *e) {
  uint64_t now = wy_clock_now_ms(&w->clock);
  const desk *d = wy_desk_of(w, e->ledger, e->generation);
  uint64_t due = e->since + (d ? (uint64_t)(d->account->deadline * 1000) : 0);
  e->at = w;
  wy_timer_init(&e->timer, on_waited);
  wy_list_push(&w->waiting, &e->waiting);
  if (wy_timer_start(&w->clock, &e->timer, due > now ? due - now : 0)) wait_no_more(w, e);
}

/* In the order they came; what one of them starts may end others' waiting. */
void wy_errands_look(worker *w) {
  for (wy_list *n = w->waiting.next; n != &w->waiting;) {
    errand *e = wy_container_of(n, errand, waiting);
    n = n->next;
    if (is_elsewhere(w, e)) continue;
    stop_waiting(w, e);
    begin_errand(w, e);
    n = w->waiting.next;
  }
}

void wy_errands_give_up(worker *w) {
  while (!wy_list_empty(&w->waiting))
    wait_no_more(w, wy_container_of(w->waiting.next, errand, waiting));
}

static void errand_run(worker *w, wy_post *post) {
  errand *e = wy_container_of(post, errand, post);
  if (!wy_list_empty(&w->waiting)) wy_errands_look(w); /* it is behind them */
  if (is_elsewhere(w, e)) wait_for_elsewhere(w, e);
  else begin_errand(w, e);
}

static void errand_drop(worker *w, wy_post *post) {
  errand *e = wy_container_of(post, errand, post);
  (void)w;
  errand_free(e);
}

static void send_errand(desk *d, caller *seal, const caller_type *type, const wy_push *p,
                        const wy_claim *claim, unsigned to, bool known) {
  worker *w = d->worker;
  assert(type == &request_type); /* nobody else has workers, or takes over */
  errand *e = malloc(sizeof *e + p->text.n + 1);
  if (e) {
    memset(e, 0, sizeof *e);
    e->post = (wy_post){NULL, errand_run, errand_drop};
    wy_list_init(&e->link);
    wy_list_init(&e->waiting);
    e->from = w;
    e->ledger = d->account->ledger;
    e->generation = d->edition->generation->number;
    e->claim = *claim;
    e->known = known;
    e->req = seal->of;
    e->since = seal->since;
    copy_seal(&e->seal, seal);
    wy_buf_init(&e->body, SIZE_MAX / 4);
    strcpy(e->authorizer, w->authorizer);
    e->text_n = p->text.n;
    memcpy(e->text, p->text.p, p->text.n);
    wy_list_push(&w->errands, &e->link);
    wy_metric_add(&w->stats.hops, 1);
    if (wy_post_send(&w->host->workers[to], &e->post, true)) return;
    errand_free(e);
  }
  wy_metric_add(&w->stats.hops_refused, 1);
  if (may_log(w, WY_LOG_WARN, "worker.full"))
    wy_log_text(&w->host->log, WY_LOG_WARN, "worker.full", "worker %u takes no more pushes", to);
  if (!known) wy_inbox_undo(w->host->inbox, &claim->key, claim->user);
  wy_metric_add(&d->stats->unanswered, 1);
  wy_budget_spent(&d->account->ledger->budget, seal->since);
  type->hang_up(w, seal); /* WeChat sends it again */
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
  bool waits = !wy_list_empty(&w->waiting);
  bool earlier = in_flight && (waits || wy_posts_waiting(w));
  exchange *x = admit(d, p, claim, type, seal, earlier);
  if (!x) return;
  if (earlier && waits) wy_errands_look(w);
  if (earlier) wy_posts_drain(w);
  wy_exchange_submit(x);
}

int wy_push_take(desk *d, wy_str query, wy_str body, const caller_type *type, void *of) {
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
  caller seal = seal_of(d, of, p, wy_clock_now_ms(&w->clock));
  if (w->canary) d = wy_canary_desk(w, d, p);
  switch (verdict) {
    case WY_INBOX_RUN: run(d, p, &claim, claimed.in_flight > 0, type, &seal); return 0;
    case WY_INBOX_HOP: send_errand(d, &seal, type, p, &claim, claimed.worker, false); return 0;
    case WY_INBOX_JOIN:
      if (claimed.worker != w->index) {
        send_errand(d, &seal, type, p, &claim, claimed.worker, true);
        return 0;
      }
      if (join(d, &claim, type, &seal)) return 0;
      send_errand(d, &seal, type, p, &claim, w->index, true); /* behind it, the same way */
      return 0;
    case WY_INBOX_ANSWERED: again(d, type, &seal, wy_buf_view(&w->known)); return 0;
    case WY_INBOX_DONE: again(d, type, &seal, (wy_str){0}); return 0;
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
  int err = wy_push_take(d, wy_http_req_query(req), wy_http_req_body(req), &request_type, req);
  if (err) refuse(d, req, err);
}

void wy_pushes_give_up(worker *w) {
  w->given_up = true;
  for (wy_list *n = w->exchanges.next; n != &w->exchanges; n = n->next)
    wy_exchange_say(wy_container_of(n, exchange, link), (wy_str){0}, false);
  for (wy_list *n = w->errands.next; n != &w->errands; n = n->next) {
    errand *e = wy_container_of(n, errand, link);
    wy_http_req *req = e->req;
    e->req = NULL;
    if (req) wy_http_respond(req, &success);
  }
}
