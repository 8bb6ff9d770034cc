/* Waiting for locks. Within a process the waiters for one name stand in line, and only the first of
 * them tries: when it comes to the head, when one of this process has given the lock back, when the
 * holder's time is over, and, where other processes may hold it, every so often.
 *
 * A waiter is used on its client's thread; that it stands in line, and who is first, is guarded by
 * locks_lock. */
#include <stdlib.h>

#include "base/err.h"
#include "store/kv_impl.h"

enum { POLL_MS = 100 };

typedef struct lock {
  wy_list link, line; /* of waiters */
  size_t n;
  char name[];
} lock;

typedef struct wy_kv_waiter {
  wy_list link; /* in line; alone: it waits no more */
  lock *lock;
  wy_kv_op *op, *try; /* try: what the backend has of it; NULL */
  wy_timer timer;
  uint64_t until; /* on the client's clock */
  bool again;     /* something has changed since it was tried */
} waiter;

/* --- the line: under locks_lock --- */

static lock *find(wy_kv *kv, wy_str name) {
  for (wy_list *n = kv->locks.next; n != &kv->locks; n = n->next) {
    lock *l = wy_container_of(n, lock, link);
    if (l->n == name.n && memcmp(l->name, name.p, l->n) == 0) return l;
  }
  return NULL;
}

static lock *make(wy_kv *kv, wy_str name) {
  lock *l = malloc(sizeof *l + name.n);
  if (!l) return NULL;
  wy_list_init(&l->line);
  l->n = name.n;
  if (name.n) memcpy(l->name, name.p, name.n);
  wy_list_push(&kv->locks, &l->link);
  return l;
}

static waiter *head(const lock *l) {
  return wy_list_empty(&l->line) ? NULL : wy_container_of(l->line.next, waiter, link);
}

static void leave_line(waiter *w) {
  wy_kv *kv = w->op->kv;
  pthread_mutex_lock(&kv->locks_lock);
  if (!wy_list_empty(&w->link)) {
    lock *l = w->lock;
    bool first = head(l) == w;
    wy_list_remove(&w->link);
    waiter *next = head(l);
    if (first && next) wy_kv_tell(next->op);
    if (!next) {
      wy_list_remove(&l->link);
      free(l);
    }
  }
  pthread_mutex_unlock(&kv->locks_lock);
}

void wy_kv_lock_released(wy_kv *kv, wy_str name) {
  pthread_mutex_lock(&kv->locks_lock);
  lock *l = find(kv, name);
  waiter *first = l ? head(l) : NULL;
  if (first) wy_kv_tell(first->op);
  pthread_mutex_unlock(&kv->locks_lock);
}

/* --- a waiter --- */

void wy_kv_lock_unwanted(const wy_kv_op *try) {
  const wy_kv_answer *answer = &try->answer;
  if (try->q.verb != WY_KV_LOCK || answer->err || !answer->yes) return;
  const wy_kv_question q = {.verb = WY_KV_UNLOCK, .key = try->q.key, .number = answer->number};
  wy_kv_op *op = wy_kv_op_new(try->client, &q, NULL, NULL);
  if (!op) return; /* it ends with its time */
  atomic_store(&op->abandoned, true);
  wy_kv_send(op);
}

/* The operation itself stays until it is on no list. */
void wy_kv_lock_end(wy_kv_op *op) {
  waiter *w = op->waiter;
  if (!w) return;
  wy_timer_stop(op->client->clock, &w->timer);
  if (w->try) atomic_store(&w->try->abandoned, true);
  leave_line(w);
  op->waiter = NULL;
  free(w);
}

static void free_op(wy_kv_op *op) {
  wy_kv_client *c = op->client;
  wy_list_remove(&op->pending);
  pthread_mutex_lock(&c->lock);
  bool told = op->told;
  atomic_store(&op->abandoned, true);
  pthread_mutex_unlock(&c->lock);
  if (!told) wy_kv_op_free(op); /* else whoever takes it from the list does */
}

static void finish(wy_kv_op *op, wy_kv_answer *answer) {
  wy_kv_lock_end(op);
  op->done(op->data, answer);
  free_op(op);
}

static void try(wy_kv_op *op);

static void on_try(void *data, wy_kv_answer *answer) {
  wy_kv_op *op = data;
  waiter *w = op->waiter;
  wy_clock *clock = op->client->clock;
  uint64_t now = wy_clock_now_ms(clock);
  w->try = NULL;
  if (answer->err || answer->yes || now >= w->until) {
    finish(op, answer);
    return;
  }
  if (w->again) {
    try(op);
    return;
  }
  uint64_t left = answer->number > 0 ? (uint64_t)answer->number : 0, wait = w->until - now;
  if (left && left < wait) wait = left;
  if (op->kv->backend->shared && POLL_MS < wait) wait = POLL_MS;
  if (wy_timer_start(clock, &w->timer, wait)) finish(op, &(wy_kv_answer){.err = WY_E_NOMEM});
}

static void try(wy_kv_op *op) {
  waiter *w = op->waiter;
  wy_kv_question q = op->q;
  q.wait = 0;
  if (w->try) {
    w->again = true;
    return;
  }
  w->again = false;
  wy_kv_op *one = wy_kv_op_new(op->client, &q, on_try, op);
  if (!one) {
    finish(op, &(wy_kv_answer){.err = WY_E_NOMEM});
    return;
  }
  w->try = one;
  wy_kv_send(one);
}

static bool is_first(const waiter *w) {
  pthread_mutex_lock(&w->op->kv->locks_lock);
  bool first = head(w->lock) == w;
  pthread_mutex_unlock(&w->op->kv->locks_lock);
  return first;
}

/* Its time is over, or that of the holder. */
static void on_timer(wy_timer *timer) {
  waiter *w = wy_container_of(timer, waiter, timer);
  if (is_first(w)) try(w->op);
  else finish(w->op, &(wy_kv_answer){.yes = false});
}

void wy_kv_lock_woken(wy_kv_op *op) {
  waiter *w = op->waiter;
  if (is_first(w)) try(op);
  else if (wy_clock_now_ms(op->client->clock) >= w->until)
    finish(op, &(wy_kv_answer){.yes = false});
}

int wy_kv_lock_wait(wy_kv_op *op) {
  wy_kv *kv = op->kv;
  wy_clock *clock = op->client->clock;
  waiter *w = calloc(1, sizeof *w);
  if (!w) return WY_E_NOMEM;
  wy_timer_init(&w->timer, on_timer);
  wy_list_init(&w->link);
  w->op = op;
  w->until = wy_clock_now_ms(clock) + op->q.wait;
  if (wy_timer_start(clock, &w->timer, op->q.wait + 1)) {
    free(w);
    return WY_E_NOMEM;
  }
  pthread_mutex_lock(&kv->locks_lock);
  w->lock = find(kv, op->q.key);
  if (!w->lock) w->lock = make(kv, op->q.key);
  if (w->lock) wy_list_push(&w->lock->line, &w->link);
  pthread_mutex_unlock(&kv->locks_lock);
  if (!w->lock) {
    wy_timer_stop(clock, &w->timer);
    free(w);
    return WY_E_NOMEM;
  }
  op->waiter = w;
  wy_list_push(&op->client->waiters, &op->pending);
  if (is_first(w)) try(op);
  else if (op->q.wait == 0) wy_kv_tell(op);
  return 0;
}

void wy_kv_lock_leave(wy_kv_op *op) {
  wy_kv_lock_end(op);
  free_op(op);
}

void wy_kv_locks_deinit(wy_kv *kv) {
  for (wy_list *n; (n = wy_list_shift(&kv->locks));) free(wy_container_of(n, lock, link));
}
