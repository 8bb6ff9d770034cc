#include "host/errand.h"

#include <stdlib.h>

#include "base/err.h"

enum { TRIES = 10000 }; /* turns of the loop that a join waits for what it is to join */

/* Made by the worker that has the request, lent to the one that has the user, sent back with the
 * answer. Only the first ever touches the request. */
typedef struct errand {
  wy_post post;
  wy_list link;      /* in worker->errands of the first */
  wy_list waiting;   /* in worker->waiting of the other, while an older host handles its push */
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
  bool held;   /* silence was chosen, here: it is in the budget */
  bool waited; /* or there, or before */
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

/* The other worker does not see that a client left; that one waited too long, it does, unless no
 * exchange has the request. */
static void note_gone(worker *w, const errand *e) {
  uint64_t now = wy_clock_now_ms(&w->clock);
  bool left = e->held || e->waited ? wy_http_req_left(e->req) : wy_http_req_gone(e->req);
  bool late = now - e->since >= WY_PATIENCE_MS;
  if (e->held && !left && !late) wy_budget_give_back(&e->ledger->budget);
  else if (e->held || (left && !late)) wy_metric_add(&e->ledger->stats[w->index]->unanswered, 1);
  if (!e->held && left && !late) wy_budget_spent(&e->ledger->budget, now);
}

/* Back at the first worker. */
static void errand_back(worker *w, wy_post *post) {
  errand *e = wy_container_of(post, errand, post);
  if (e->req) note_gone(w, e);
  if (e->req && e->hung_up) {
    wy_metric_add(&e->ledger->stats[w->index]->answers[WY_WAY_HUNG_UP], 1);
    wy_http_abandon(e->req);
  } else if (e->req)
    wy_push_respond(e->seal.gate, e->req, &e->seal,
                    e->has_body ? wy_buf_view(&e->body) : (wy_str){0});
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
  e->waited = e->waited || c->held;
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

static void errand_run(worker *w, wy_post *post);
static void errand_drop(worker *w, wy_post *post);

/* The same push again, sent here when it ran here: it may have ended meanwhile, and even have been
 * forgotten. */
static void errand_again(worker *w, errand *e, desk *d, const wy_push *p, caller *seal) {
  wy_claim claim = e->claim;
  if (wy_push_join(d, &claim, &errand_type, seal)) return;
  wy_claimed claimed;
  wy_buf_clear(&w->known);
  claim.worker = w->index;
  wy_verdict v = wy_inbox_claim(w->host->inbox, &claim, &claimed, &w->known);
  if (v == WY_INBOX_RUN) {
    exchange *x = wy_push_admit(d, p, &claim, &errand_type, seal, true);
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
    wy_push_again(d, &errand_type, seal,
                  v == WY_INBOX_ANSWERED ? wy_buf_view(&w->known) : (wy_str){0});
  }
}

static bool has_elsewhere(const worker *w) {
  return atomic_load_explicit(&w->host->elsewhere, memory_order_relaxed);
}

/* What the host that this one replaces has of him goes before what comes here. */
static bool is_away(worker *w, uint64_t user) {
  return has_elsewhere(w) && wy_inbox_user_elsewhere(w->host->inbox, user);
}

/* Its push, read once more into w->opened. NULL: the account is gone; or memory is short. */
static desk *open_errand(worker *w, errand *e) {
  wy_editions_look(w); /* its generation may be new here */
  desk *d = wy_desk_of(w, e->ledger, e->generation);
  wy_push *p = &w->opened;
  p->text = (wy_str){e->text, e->text_n};
  p->sealed = false; /* sealing is for the one who has the request */
  p->receive_id_n = 0;
  strcpy(w->authorizer, e->authorizer);
  return d && !wy_msg_parse(&p->msg, p->text) ? d : NULL;
}

static void begin_errand(worker *w, errand *e) {
  desk *d = open_errand(w, e);
  wy_push *p = &w->opened;
  caller seal = {.of = e, .since = e->since};
  if (!d) {
    if (!e->known) wy_inbox_undo(w->host->inbox, &e->claim.key, e->claim.user);
    errand_hang_up(w, &seal);
    return;
  }
  seal.form = p->msg.doc.form;
  if (e->known) {
    errand_again(w, e, d, p, &seal);
    return;
  }
  exchange *x = wy_push_admit(d, p, &e->claim, &errand_type, &seal, true);
  if (!x) return;
  if (is_away(w, e->claim.user) && wy_list_empty(&x->slot->away))
    wy_list_push(&w->away, &x->slot->away);
  wy_exchange_submit(x);
}

/* --- an errand that waits: the host that this one replaces handles its push --- */

static bool is_elsewhere(worker *w, const errand *e) {
  return has_elsewhere(w) && wy_inbox_push_elsewhere(w->host->inbox, &e->claim.key, e->claim.user);
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

/* The host that handles it decides on those who came there. Here too silence is within the budget,
 * and the last attempt is answered: what the handler returns later, nobody would hear. */
static void on_waited(wy_timer *timer) {
  errand *e = wy_container_of(timer, errand, timer);
  worker *w = e->at;
  desk *d = open_errand(w, e);
  exchange *x = d ? wy_exchange_new(d, &w->opened, &e->claim) : NULL;
  if (!x) {
    wait_no_more(w, e);
    return;
  }
  x->t.arrived = e->since;
  may_reply may = wy_broker_may_reply(x);
  e->held = may != REPLY_NO && wy_broker_may_hold(x);
  wy_exchange_count(x, e->held ? WY_WAY_HOLD : may == REPLY_YES ? WY_WAY_APOLOGY : WY_WAY_SUCCESS);
  if (!e->held) {
    caller seal = {.of = e};
    stop_waiting(w, e);
    errand_answer(w, &seal, d, may == REPLY_YES ? wy_apology_text(x) : (wy_str){0});
  }
  wy_exchange_discard(x);
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
  for (wy_list *n = w->away.next; n != &w->away;) {
    slot *s = wy_container_of(n, slot, away);
    n = n->next;
    if (is_away(w, s->user)) continue;
    wy_list_remove(&s->away);
    wy_exchange_next(w, s);
    n = w->away.next;
  }
  for (wy_list *n = w->waiting.next; n != &w->waiting;) {
    errand *e = wy_container_of(n, errand, waiting);
    n = n->next;
    if (is_elsewhere(w, e)) continue;
    stop_waiting(w, e);
    if (e->held) wy_budget_give_back(&e->ledger->budget); /* decided anew, if need be */
    e->waited = e->waited || e->held;
    e->held = false;
    begin_errand(w, e);
    n = w->waiting.next;
  }
}

void wy_errands_give_up(worker *w) {
  for (wy_list *node; (node = wy_list_shift(&w->away));) /* no handler begins any more */
    wy_exchange_next(w, wy_container_of(node, slot, away));
  while (!wy_list_empty(&w->waiting))
    wait_no_more(w, wy_container_of(w->waiting.next, errand, waiting));
}

static void errand_run(worker *w, wy_post *post) {
  errand *e = wy_container_of(post, errand, post);
  wy_errands_look(w); /* it is behind them */
  if (is_elsewhere(w, e)) wait_for_elsewhere(w, e);
  else begin_errand(w, e);
}

static void errand_drop(worker *w, wy_post *post) {
  errand *e = wy_container_of(post, errand, post);
  (void)w;
  errand_free(e);
}

void wy_errand_send(desk *d, caller *seal, const caller_type *type, const wy_push *p,
                    const wy_claim *claim, unsigned to, bool known) {
  worker *w = d->worker;
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
    wy_caller_copy_seal(&e->seal, seal);
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
  if (wy_ration_take(&w->ration, WY_LOG_WARN, "worker.full", NULL, WY_RATION_REFUSALS))
    wy_log_text(&w->host->log, WY_LOG_WARN, "worker.full", "worker %u takes no more pushes", to);
  if (!known) wy_inbox_undo(w->host->inbox, &claim->key, claim->user);
  wy_metric_add(&d->stats->unanswered, 1);
  wy_budget_spent(&d->account->ledger->budget, seal->since);
  type->hang_up(w, seal); /* WeChat sends it again */
}

void wy_errands_answer(worker *w) {
  for (wy_list *n = w->errands.next; n != &w->errands; n = n->next) {
    errand *e = wy_container_of(n, errand, link);
    wy_http_req *req = e->req;
    e->req = NULL;
    if (req) wy_push_respond(NULL, req, &e->seal, (wy_str){0});
  }
}
