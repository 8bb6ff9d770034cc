/* The life of an exchange: queue, task, answers, end. */
#include "host/exchange.h"

#include <stdlib.h>

#include "base/err.h"
#include "host/record.h"

enum {
  SPARE = 64,      /* exchanges kept for the next pushes */
  LINGER_MS = 6000 /* an answer waits for the retry of a held push: more than it ever takes */
};

/* --- making and finding --- */

static void copy_name(char *to, size_t max, wy_str s) {
  size_t n = s.n < max - 1 ? s.n : max - 1;
  for (size_t i = 0; i < n; i++) {
    char c = s.p[i];
    to[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
  }
  to[n] = '\0';
}

static size_t copy_id(char to[WY_ID_BYTES], wy_str s) {
  size_t n = s.n < WY_ID_BYTES ? s.n : WY_ID_BYTES;
  if (n) memcpy(to, s.p, n);
  return n;
}

/* Which of WeChat's attempts comes now, when so many have come: those before may have been lost, or
 * another host's. */
static unsigned attempt_now(worker *w, int64_t created, unsigned come) {
  int64_t age = created ? wy_clock_wall_ms(&w->clock) / 1000 - created : 0;
  unsigned by_age = age < 5 ? 1 : age < 10 ? 2 : 3;
  return come < by_age ? by_age : come < 3 ? come : 3;
}

static void turn_init(turn *t, const desk *d, const wy_push *p, const wy_claim *claim) {
  const wy_msg *m = &p->msg;
  worker *w = d->worker;
  t->key = claim->key;
  t->open = true;
  t->unheard = false;
  wy_list_init(&t->callers);
  t->n_callers = 0;
  t->first_used = t->counted = false;
  t->arrived = wy_clock_now_ms(&w->clock);
  t->began = 0;
  t->created = m->created;
  t->attempt = attempt_now(w, t->created, 1);
  t->redelivered = t->attempt > 1 || (t->created && t->created < w->host->alone_since);
  t->sent = 0;
  t->way = t->answered = WY_WAY_REPLY;
  t->given = NOTHING;
  t->kept = NULL;
  t->form = m->doc.form;
  t->user_message = m->type.p && !m->event.p;
  t->is_event = m->type.p && m->event.p;
  t->may_reply = REPLY_UNASKED;
  copy_name(t->type, sizeof t->type, m->type.p ? m->type : WY_STR("component"));
  copy_name(t->event, sizeof t->event, m->type.p ? m->event : m->info_type);
  t->text = NULL;
}

exchange *wy_exchange_new(desk *d, const wy_push *p, const wy_claim *claim) {
  worker *w = d->worker;
  wy_list *spare = wy_list_shift(&w->spare_exchanges);
  exchange *x = spare ? wy_container_of(spare, exchange, link) : malloc(sizeof *x);
  if (!x) return NULL;
  if (spare) w->n_spare_exchanges--;
  wy_list_init(&x->link);
  wy_list_init(&x->queued);
  x->desk = d;
  x->user = claim->user;
  x->phase = QUEUED;
  x->ended = NULL;
  x->task = NULL;
  x->where[0] = '\0';
  strcpy(x->authorizer, w->authorizer);
  x->at = NULL;
  x->said = x->dropped = false;
  x->park = NULL;
  x->accept = NULL;
  x->unread = false;
  x->turns = 0;
  wy_timer_init(&x->timer, NULL);
  turn_init(&x->t, d, p, claim);
  x->to_n = copy_id(x->to, p->msg.to);
  x->from_n = copy_id(x->from, p->msg.from);
  x->slot = wy_slot_take(w, x->user);
  if (!x->slot) {
    free(x);
    return NULL;
  }
  wy_worker_unsettle(w);
  d->edition->n_exchanges++;
  x->serial = x->t.number = ++w->serial;
  wy_list_push(&w->exchanges, &x->link);
  return x;
}

exchange *wy_exchange_find(const worker *w, lua_Integer serial) {
  /* newest first: who asks is most often the one that runs */
  for (const wy_list *n = w->exchanges.prev; n != &w->exchanges; n = n->prev) {
    exchange *x = wy_container_of(n, exchange, link);
    if (x->serial == serial) return x;
  }
  return NULL;
}

bool wy_exchange_keep_text(exchange *x, wy_str text) {
  if (x->t.text) return true;
  x->t.text = malloc(text.n + 1);
  if (!x->t.text) return false;
  memcpy(x->t.text, text.p, text.n);
  x->t.text_n = text.n;
  return true;
}

void wy_exchange_free(exchange *x) {
  worker *w = x->desk->worker;
  x->desk->edition->n_exchanges--;
  wy_timer_stop(&w->clock, &x->timer);
  wy_list_remove(&x->link);
  free(x->t.text);
  free(x->t.kept);
  free(x->accept);
  if (w->n_spare_exchanges >= SPARE) {
    free(x);
    return;
  }
  w->n_spare_exchanges++;
  wy_list_push(&w->spare_exchanges, &x->link);
}

void wy_exchange_discard(exchange *x) {
  worker *w = x->desk->worker;
  wy_slot_leave(w, x->slot);
  wy_exchange_free(x);
  wy_worker_settle(w);
}

/* The last use of it. */
static void leave(exchange *x) {
  worker *w = x->desk->worker;
  wy_exchange_free(x);
  wy_worker_settle(w);
}

void wy_exchanges_end(worker *w) {
  for (wy_list *n = w->exchanges.next; n != &w->exchanges;) {
    exchange *x = wy_container_of(n, exchange, link);
    n = n->next;
    if (x->phase != LINGERING) continue;
    wy_exchange_end(x, (wy_str){0});
    n = w->exchanges.next; /* more than this one may have ended with it */
  }
}

void wy_exchanges_deinit(worker *w) {
  for (wy_list *node; (node = wy_list_shift(&w->spare_exchanges));)
    free(wy_container_of(node, exchange, link));
}

/* --- who waits --- */

caller *wy_exchange_call(exchange *x, const caller_type *type, void *of, uint64_t since) {
  turn *t = &x->t;
  caller *c = t->first_used ? malloc(sizeof *c) : &t->first;
  if (!c) return NULL;
  t->first_used = true;
  c->type = type;
  c->of = of;
  c->since = since;
  if (since < t->arrived) t->arrived = since;
  c->due = c->since + (uint64_t)(x->desk->account->deadline * 1000);
  c->held = false;
  wy_list_push(&t->callers, &c->link);
  t->n_callers++;
  return c;
}

/* One that left before its answer is one more that WeChat counts, unless silence was meant. */
static void note_unanswered(exchange *x, const caller *c) {
  desk *d = x->desk;
  uint64_t now = wy_clock_now_ms(&d->worker->clock);
  if (now - c->since < WY_PATIENCE_MS && !c->type->gone(c)) {
    if (c->held) wy_budget_give_back(&d->account->ledger->budget);
    return;
  }
  wy_metric_add(&d->stats->unanswered, 1);
  if (c->held) return;
  char ms[24];
  snprintf(ms, sizeof ms, "%llu", (unsigned long long)(now - x->t.arrived));
  wy_exchange_log_some(x, WY_LOG_WARN, "push.unanswered", x->at ? x->at : x->where, "ms", ms);
  wy_budget_spent(&d->account->ledger->budget, now);
}

static void answer(exchange *x, caller *c, wy_str body) {
  desk *gate = c->gate;
  note_unanswered(x, c);
  c->type->answer(x->desk->worker, c, x->desk, body);
  if (gate) gate->edition->n_callers--;
}

/* A caller is gone with its answer; only its memory is left, which all but the first have of their
 * own. */
static void answer_all(exchange *x, wy_list *callers, const caller *first, wy_str body) {
  for (wy_list *node; (node = wy_list_shift(callers));) {
    caller *c = wy_container_of(node, caller, link);
    answer(x, c, body);
    if (c != first) free(c);
  }
}

static void keep(exchange *x, wy_str body) {
  if (!body.p) return;
  x->t.kept = malloc(body.n + 1);
  if (!x->t.kept) return;
  memcpy(x->t.kept, body.p, body.n);
  x->t.kept_n = body.n;
}

/* The line of a push: at debug alone, so that none is written for what goes well. */
static void log_answer(const exchange *x, wy_way way, uint64_t took) {
  wy_line line;
  wy_exchange_line(&line, x, WY_LOG_DEBUG, "push");
  wy_line_z(&line, "type", x->t.type);
  if (x->t.event[0]) wy_line_z(&line, "msg_event", x->t.event);
  wy_line_user(&line, "user", (wy_str){x->from, x->from_n});
  wy_line_z(&line, "way", wy_way_name(way));
  wy_line_int(&line, "ms", (int64_t)took);
  if (x->at) wy_line_z(&line, "where", x->at);
  wy_exchange_line_end(&line, x);
}

void wy_exchange_count(exchange *x, wy_way way) {
  wy_desk_stats *s = x->desk->stats;
  uint64_t took = wy_clock_now_ms(&x->desk->worker->clock) - x->t.arrived;
  x->t.answered = way;
  wy_metric_add(&s->answers[way], 1);
  wy_histogram_observe(&s->seconds[way], took * 1000000);
  if (way != WY_WAY_HOLD) { /* all of them are answered with it */
    x->t.counted = true;
    if (x->t.n_callers > 1) wy_metric_add(&s->answers[WY_WAY_JOINED], x->t.n_callers - 1);
  }
  if (wy_log_on(&x->desk->worker->host->log, WY_LOG_DEBUG)) log_answer(x, way, took);
}

/* Every client of a held push has left, and its retry is still on its way. */
static bool nobody_hears(const exchange *x) {
  const turn *t = &x->t;
  uint64_t now = wy_clock_now_ms(&x->desk->worker->clock);
  for (const wy_list *n = t->callers.next; n != &t->callers; n = n->next) {
    const caller *c = wy_container_of(n, caller, link);
    if (!c->held || (now - c->since < WY_PATIENCE_MS && !c->type->gone(c))) return false;
  }
  return !wy_list_empty(&t->callers);
}

void wy_exchange_say(exchange *x, wy_str body, bool keep_it) {
  turn *t = &x->t;
  if (t->given != NOTHING) return;
  if (!t->counted) wy_exchange_count(x, body.p ? WY_WAY_REPLY : WY_WAY_SUCCESS);
  t->given = body.p ? BODY : SUCCESS;
  if (x->desk->worker->host->record) wy_record_answer(x, body);
  t->unheard = body.p && nobody_hears(x);
  if (keep_it) {
    keep(x, body);
    if (t->kept) body = (wy_str){t->kept, t->kept_n}; /* the worker's buffer is soon another's */
  }
  wy_timer_stop(&x->desk->worker->clock, &x->timer);
  answer_all(x, &t->callers, &t->first, body);
}

static wy_str given_body(const turn *t) {
  return t->given == BODY && t->kept ? (wy_str){t->kept, t->kept_n} : (wy_str){0};
}

/* --- the same push again --- */

void wy_exchange_join(exchange *x, caller *c) {
  turn *t = &x->t;
  t->attempt = attempt_now(x->desk->worker, t->created, t->n_callers);
  if (t->given != NOTHING) {
    wy_metric_add(&x->desk->stats->answers[WY_WAY_DUPLICATE], 1);
    wy_list_remove(&c->link);
    t->unheard = false;
    answer(x, c, given_body(t));
    if (c != &t->first) free(c);
    /* this is whom it waited for */
    if (x->phase == LINGERING) wy_exchange_end(x, (wy_str){0});
    else if (x->phase == PARKED) wy_exchange_settle(x);
    return;
  }
  if (!wy_timer_armed(&x->timer)) wy_broker_arm(x); /* else somebody is due before */
}

/* --- the user's turn --- */

static void no_memory(exchange *x) {
  wy_push_log_nomem(x->desk->worker);
  if (x->t.given == NOTHING) wy_exchange_count(x, WY_WAY_SUCCESS);
  wy_exchange_end(x, (wy_str){0});
}

/* What is known of a user goes with him: this is never dropped. */
static bool leaves(const exchange *x) { return strcmp(x->t.event, "unsubscribe") == 0; }

static void begin(exchange *x) {
  slot *s = x->slot;
  worker *w = x->desk->worker;
  exchange *parked = s->parked;
  s->running = x;
  x->phase = RUNNING;
  if (w->given_up) {
    wy_exchange_end(x, (wy_str){0});
    return;
  }
  if (parked && leaves(x)) {
    wy_parked_end(parked);
  } else if (parked && wy_parked_wants(parked, x)) {
    if (wy_parked_go_on(parked, x)) no_memory(x);
    return;
  }
  bool ended = false;
  x->ended = &ended;
  if (wy_exchange_begin(x)) no_memory(x);
  if (ended) return;
  x->ended = NULL;
  if (x->t.given == NOTHING && !wy_timer_armed(&x->timer)) wy_broker_arm(x);
}

static void count_queued(worker *w, int change) {
  wy_metric_set(&w->stats.queued, w->stats.queued + (uint64_t)(int64_t)change);
}

void wy_exchange_next(worker *w, slot *s) {
  bool taken = s->running || s->guest || !wy_list_empty(&s->away);
  wy_list *node = taken ? NULL : wy_list_shift(&s->queue);
  if (!node) return;
  s->n_queue--;
  count_queued(w, -1);
  begin(wy_container_of(node, exchange, queued));
}

/* The answer of one that is given up before its turn. */
static void drop(exchange *x, wy_str body) {
  worker *w = x->desk->worker;
  wy_metric_add(&w->stats.queue_dropped, 1);
  if (x->t.given == NOTHING) wy_exchange_count(x, WY_WAY_QUEUE_FULL);
  wy_exchange_end(x, body);
}

/* Room for one more: an event that nobody may answer goes first, then the one that comes, which is
 * never handled: the waiting text would promise an answer. */
static bool make_room(exchange *x) {
  slot *s = x->slot;
  worker *w = x->desk->worker;
  if (s->n_queue < w->host->queue_max || leaves(x)) return true;
  for (wy_list *n = s->queue.next; n != &s->queue; n = n->next) {
    exchange *old = wy_container_of(n, exchange, queued);
    if (wy_broker_may_reply(old) != REPLY_NO || leaves(old)) continue;
    wy_list_remove(&old->queued);
    s->n_queue--;
    count_queued(w, -1);
    drop(old, (wy_str){0});
    return true;
  }
  wy_exchange_log_some(x, WY_LOG_WARN, "push.queue_full", NULL, "type",
                       x->t.event[0] ? x->t.event : x->t.type);
  drop(x, wy_broker_may_reply(x) == REPLY_YES ? wy_apology_text(x) : (wy_str){0});
  return false;
}

void wy_exchange_submit(exchange *x) {
  slot *s = x->slot;
  worker *w = x->desk->worker;
  if (!s->running && !s->n_queue && !s->guest && wy_list_empty(&s->away)) {
    begin(x);
    return;
  }
  if (!wy_exchange_keep_text(x, w->opened.text)) { /* the next push is decoded where this one is */
    no_memory(x);
    return;
  }
  if (!make_room(x)) return;
  wy_list_push(&s->queue, &x->queued);
  s->n_queue++;
  count_queued(w, 1);
  wy_broker_arm(x);
}

/* --- the end --- */

/* The inbox hears what the answer was, and that one less of the user's is in flight. */
static void tell_inbox(exchange *x, wy_str body) {
#ifndef WY_BARE
  wy_inbox *inbox = x->desk->worker->host->inbox;
  if (x->t.open) wy_inbox_finish(inbox, &x->t.key, x->user, body, true);
  else wy_inbox_release(inbox, x->user);
#else
  (void)x, (void)body;
#endif
}

static void on_lingered(wy_timer *timer) {
  wy_exchange_end(wy_container_of(timer, exchange, timer), (wy_str){0});
}

/* An answer that nobody heard stays for the retry of its push, whatever else the inbox has to keep.
 * The user's next message need not wait. */
static bool linger(exchange *x, wy_str body) {
  turn *t = &x->t;
  slot *s = x->slot;
  worker *w = x->desk->worker;
  if (!t->open || w->given_up || atomic_load(&w->host->stopping)) return false; /* none will come */
  if (t->given == NOTHING && body.p && nobody_hears(x)) wy_exchange_say(x, body, true);
  if (!t->unheard || !t->kept || x->phase == LINGERING) return false;
  x->timer.fire = on_lingered;
  if (wy_timer_start(&w->clock, &x->timer, LINGER_MS)) return false;
  if (x->ended) *x->ended = true;
  x->ended = NULL;
  x->phase = LINGERING;
  if (s->running == x) s->running = NULL;
  wy_exchange_next(w, s);
  wy_worker_settle(w);
  return true;
}

void wy_exchange_end(exchange *x, wy_str body) {
  if (linger(x, body)) return;
  turn *t = &x->t;
  slot *s = x->slot;
  worker *w = x->desk->worker;
  if (t->given == NOTHING) {
    if (!t->counted) wy_exchange_count(x, body.p ? WY_WAY_REPLY : WY_WAY_SUCCESS);
    if (w->host->record) wy_record_answer(x, body);
    /* several answers, or a task that begins: that buffer is soon another's */
    if (t->callers.next != t->callers.prev || s->n_queue) {
      keep(x, body);
      if (t->kept) body = (wy_str){t->kept, t->kept_n};
    }
  } else {
    body = given_body(t);
  }
  tell_inbox(x, body);
  if (x->ended) *x->ended = true;
  if (s->parked == x) s->parked = NULL;
  if (s->running == x) s->running = NULL;
  wy_exchange_next(w, s); /* its task waits for its turn: this one still runs */
  wy_slot_leave(w, s);
  answer_all(x, &t->callers, &t->first, body);
  leave(x);
}

/* --- a conversation lets go --- */

typedef struct next_turn {
  wy_post post;
  uint64_t user;
} next_turn;

static void drop_next(worker *w, wy_post *post) {
  (void)w;
  free(wy_container_of(post, next_turn, post));
}

static void run_next(worker *w, wy_post *post) {
  slot *s = wy_slot_find(w, wy_container_of(post, next_turn, post)->user);
  drop_next(w, post);
  if (s) wy_exchange_next(w, s);
}

void wy_exchange_settle(exchange *x) {
  turn *t = &x->t;
  if (!t->open) return;
  wy_inbox_finish(x->desk->worker->host->inbox, &t->key, x->user, given_body(t), false);
  t->open = false;
}

/* Its push is done with, the conversation is not: it stays in flight, and the slot is free. What
 * waits in the slot has its turn when the task has let go: it may be the answer. A question that
 * nobody heard stays for the retry of its push, as in linger. */
int wy_exchange_park(exchange *x) {
  turn *t = &x->t;
  worker *w = x->desk->worker;
  slot *s = x->slot;
  if (s->n_queue) {
    next_turn *next = malloc(sizeof *next);
    if (!next) return WY_E_NOMEM;
    *next = (next_turn){.post = {NULL, run_next, drop_next}, .user = x->user};
    wy_post_send(w, &next->post, false);
  }
  if (!t->unheard || !t->kept) wy_exchange_settle(x);
  x->phase = PARKED;
  wy_worker_settle(w);
  s->parked = x;
  s->running = NULL;
  return 0;
}
