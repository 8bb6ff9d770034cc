#include "store/kv.h"

#include <stdlib.h>

#include "base/err.h"
#include "store/kv_impl.h"

static const wy_kv_backend *const backends[] = {&wy_kv_memory, &wy_kv_sqlite, &wy_kv_redis};

const char *wy_kv_verb_name(wy_kv_verb verb) {
  static const char *const names[] = {
#define X(name, text) text,
      WY_KV_VERBS(X)
#undef X
  };
  return names[verb];
}

/* --- the store --- */

static const wy_kv_backend *find_backend(const char *url) {
  for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
    if (strncmp(url, backends[i]->prefix, strlen(backends[i]->prefix)) == 0) return backends[i];
  return NULL;
}

static void kv_free(wy_kv *kv) {
  wy_kv_locks_deinit(kv);
  pthread_mutex_destroy(&kv->trouble_lock);
  pthread_mutex_destroy(&kv->locks_lock);
  free(kv);
}

int wy_kv_open(wy_kv **out, const wy_kv_options *o, char why[WY_KV_WHY]) {
  why[0] = '\0';
  const wy_kv_backend *backend = find_backend(o->url);
  if (!backend) {
    snprintf(why, WY_KV_WHY, "no store of this kind is in this build");
    return WY_E_ARG;
  }
  wy_kv *kv = calloc(1, sizeof *kv);
  if (!kv) return WY_E_NOMEM;
  kv->backend = backend;
  kv->log = o->log;
  kv->timeout = o->timeout ? o->timeout : WY_KV_TIMEOUT_MS;
  pthread_mutex_init(&kv->trouble_lock, NULL);
  pthread_mutex_init(&kv->locks_lock, NULL);
  wy_list_init(&kv->locks);
  int err = backend->open(kv, o, &kv->self, why);
  if (err) kv_free(kv);
  else *out = kv;
  return err;
}

void wy_kv_close(wy_kv *kv) {
  if (!kv) return;
  kv->backend->close(kv->self);
  kv_free(kv);
}

void wy_kv_stats_read(wy_kv *kv, wy_kv_stats *out) {
  *out = (wy_kv_stats){.backend = kv->backend->name,
                       .queue = atomic_load(&kv->queue),
                       .commits = atomic_load(&kv->commits),
                       .commit_ops = atomic_load(&kv->commit_ops)};
  for (size_t i = 0; i < WY_KV_ERRORS; i++) out->errors[i] = atomic_load(&kv->errors[i]);
  for (size_t i = 0; i < WY_KV_VERB_END; i++) out->ops[i] = atomic_load(&kv->ops[i]);
}

static void count_error(wy_kv *kv, int err) {
  if (err >= WY_E_STORE_TIMEOUT && err <= WY_E_STORE_CLOSED)
    atomic_fetch_add_explicit(&kv->errors[err - WY_E_STORE_TIMEOUT], 1, memory_order_relaxed);
}

/* --- operations --- */

static size_t room(wy_str s) { return s.p ? s.n + 1 : 0; }

static wy_str put(char **at, wy_str s) {
  if (!s.p) return s;
  char *p = *at;
  if (s.n) memcpy(p, s.p, s.n);
  p[s.n] = '\0';
  *at += s.n + 1;
  return (wy_str){p, s.n};
}

wy_kv_op *wy_kv_op_new(wy_kv_client *c, const wy_kv_question *q, wy_kv_done_fn done, void *data) {
  size_t size = room(q->key) + room(q->value) + room(q->old) + room(q->after) + room(q->lock);
  wy_kv_op *op = malloc(sizeof *op + size);
  if (!op) return NULL;
  memset(op, 0, sizeof *op);
  char *at = op->bytes;
  op->size = size;
  op->q = *q;
  op->q.key = put(&at, q->key);
  op->q.value = put(&at, q->value);
  op->q.old = put(&at, q->old);
  op->q.after = put(&at, q->after);
  op->q.lock = put(&at, q->lock);
  op->kv = c->kv;
  op->client = c;
  op->done = done;
  op->data = data;
  wy_list_init(&op->pending);
  wy_buf_init(&op->answer.value, WY_KV_PAGE_BYTES + 2 * (WY_KV_VALUE_MAX + WY_KV_KEY_MAX + 64));
  atomic_init(&op->state, WY_KV_QUEUED);
  atomic_init(&op->abandoned, false);
  return op;
}

void wy_kv_op_free(wy_kv_op *op) {
  wy_buf_deinit(&op->answer.value);
  free(op);
}

/* --- telling --- */

static void unref(wy_kv_client *c, bool locked) {
  if (!locked) pthread_mutex_lock(&c->lock);
  bool last = --c->refs == 0;
  pthread_mutex_unlock(&c->lock);
  if (!last) return;
  pthread_mutex_destroy(&c->lock);
  free(c);
}

static void push(wy_kv_client *c, wy_kv_op *op) { /* locked */
  if (op->told) return;
  op->told = true;
  op->next = NULL;
  bool first = c->first == NULL;
  *c->last = op;
  c->last = &op->next;
  c->n++;
  if (first && !c->closed) uv_async_send(&c->async);
}

void wy_kv_tell(wy_kv_op *op) {
  wy_kv_client *c = op->client;
  pthread_mutex_lock(&c->lock);
  push(c, op);
  pthread_mutex_unlock(&c->lock);
}

void wy_kv_done(wy_kv_op *op) {
  wy_kv_client *c = op->client;
  wy_kv *kv = op->kv;
  atomic_fetch_add_explicit(&kv->ops[op->q.verb], 1, memory_order_relaxed);
  count_error(kv, op->answer.err);
  if (op->q.verb == WY_KV_UNLOCK && op->answer.yes) wy_kv_lock_released(kv, op->q.key);
  atomic_fetch_sub(&kv->queue, 1);
  atomic_fetch_sub(&kv->queue_bytes, op->size);
  pthread_mutex_lock(&c->lock);
  if (c->gone) wy_kv_op_free(op);
  else push(c, op);
  unref(c, true);
}

static wy_kv_op *pop(wy_kv_client *c) {
  pthread_mutex_lock(&c->lock);
  wy_kv_op *op = c->first;
  if (op) {
    c->first = op->next;
    if (!c->first) c->last = &c->first;
    c->n--;
    op->told = false;
  }
  pthread_mutex_unlock(&c->lock);
  return op;
}

static void forget(wy_kv_op *op) { /* by its client's books */
  wy_list_remove(&op->pending);
  wy_external_end(&op->external);
}

static void deliver(wy_kv_op *op) {
  if (op->waits && !atomic_load(&op->abandoned)) {
    wy_kv_lock_woken(op);
    return;
  }
  forget(op);
  if (atomic_load(&op->abandoned)) wy_kv_lock_unwanted(op);
  else op->done(op->data, &op->answer);
  wy_kv_op_free(op);
}

static void on_async(uv_async_t *async) {
  wy_kv_client *c = wy_container_of(async, wy_kv_client, async);
  wy_kv_op *op;
  pthread_mutex_lock(&c->lock);
  size_t n = c->n; /* what comes meanwhile has the next turn of the loop */
  pthread_mutex_unlock(&c->lock);
  while (n-- && !c->closed && (op = pop(c)) != NULL) deliver(op);
  pthread_mutex_lock(&c->lock);
  if (c->first && !c->closed) uv_async_send(&c->async);
  pthread_mutex_unlock(&c->lock);
}

/* --- deadlines --- */

static void expire(wy_kv_op *op) {
  wy_kv *kv = op->kv;
  wy_kv_state queued = WY_KV_QUEUED;
  wy_kv_answer answer = {.err = WY_E_STORE_TIMEOUT};
  bool begun = !atomic_compare_exchange_strong(&op->state, &queued, WY_KV_DROPPED);
  const char *fate = !wy_kv_writes(op->q.verb) ? ""
                     : begun                   ? "it may be written yet"
                                               : "it was not begun, and will not be written";
  pthread_mutex_lock(&kv->trouble_lock);
  snprintf(answer.why, sizeof answer.why, "%.150s%s%s", kv->trouble_why,
           kv->trouble_why[0] && *fate ? "; " : "", fate);
  pthread_mutex_unlock(&kv->trouble_lock);
  count_error(kv, answer.err);
  forget(op);
  wy_kv_done_fn done = op->done;
  void *data = op->data;
  atomic_store(&op->abandoned, true); /* from here on whoever has it frees it */
  done(data, &answer);
}

static void arm(wy_kv_client *c) {
  if (wy_list_empty(&c->pending) || wy_timer_armed(&c->deadline) || c->clock->is_virtual) return;
  uint64_t due = wy_container_of(c->pending.next, wy_kv_op, pending)->due, now = wy_kv_real_ms();
  wy_timer_start(c->clock, &c->deadline, due > now ? due - now : 0); /* no memory: none */
}

static bool is_told(wy_kv_op *op) {
  pthread_mutex_lock(&op->client->lock);
  bool told = op->told;
  pthread_mutex_unlock(&op->client->lock);
  return told;
}

static void on_deadline(wy_timer *timer) {
  wy_kv_client *c = wy_container_of(timer, wy_kv_client, deadline);
  uint64_t now = wy_kv_real_ms();
  while (!wy_list_empty(&c->pending)) {
    wy_kv_op *op = wy_container_of(c->pending.next, wy_kv_op, pending);
    if (op->due > now) break;
    /* nobody waits for it; or it is done, and a loop that was held up has not told so yet */
    if (atomic_load(&op->abandoned) || is_told(op)) wy_list_remove(&op->pending);
    else expire(op);
  }
  if (!c->closed) arm(c);
}

/* --- asking --- */

void wy_kv_send(wy_kv_op *op) {
  wy_kv_client *c = op->client;
  wy_kv *kv = op->kv;
  op->now = wy_clock_wall_ms(c->clock);
  op->due = wy_kv_real_ms() + kv->timeout;
  wy_list_push(&c->pending, &op->pending);
  wy_external_begin(c->clock, &op->external, wy_kv_verb_name(op->q.verb));
  arm(c);
  pthread_mutex_lock(&c->lock);
  c->refs++;
  pthread_mutex_unlock(&c->lock);
  atomic_fetch_add(&kv->queue, 1);
  atomic_fetch_add(&kv->queue_bytes, op->size);
  kv->backend->submit(kv->self, op);
}

static bool too_large(const wy_kv_question *q) {
  return q->key.n > WY_KV_KEY_MAX || q->lock.n > WY_KV_KEY_MAX || q->value.n > WY_KV_VALUE_MAX;
}

static int refuse(wy_kv *kv, int err) {
  count_error(kv, err);
  return err;
}

int wy_kv_ask(wy_kv_client *c, const wy_kv_question *q, wy_kv_done_fn done, void *data,
              wy_kv_op **out) {
  if (c->closed) return refuse(c->kv, WY_E_STORE_CLOSED);
  if (too_large(q)) return refuse(c->kv, WY_E_STORE_LARGE);
  if (atomic_load(&c->kv->queue) >= WY_KV_QUEUE_MAX ||
      atomic_load(&c->kv->queue_bytes) >= WY_KV_QUEUE_BYTES)
    return refuse(c->kv, WY_E_STORE_BUSY);
  wy_kv_op *op = wy_kv_op_new(c, q, done, data);
  if (!op) return WY_E_NOMEM;
  op->waits = q->verb == WY_KV_LOCK;
  if (op->waits && wy_kv_lock_wait(op)) {
    wy_kv_op_free(op);
    return WY_E_NOMEM;
  }
  if (!op->waits) wy_kv_send(op);
  *out = op;
  return 0;
}

void wy_kv_cancel(wy_kv_op *op) {
  if (op->waits) {
    wy_kv_lock_leave(op);
    return;
  }
  forget(op);
  atomic_store(&op->abandoned, true);
}

/* --- clients --- */

int wy_kv_client_new(wy_kv_client **out, wy_kv *kv, uv_loop_t *loop, wy_clock *clock) {
  wy_kv_client *c = calloc(1, sizeof *c);
  if (!c) return WY_E_NOMEM;
  if (uv_async_init(loop, &c->async, on_async)) {
    free(c);
    return WY_E_NOMEM;
  }
  c->kv = kv;
  c->loop = loop;
  c->clock = clock;
  c->refs = 1;
  c->last = &c->first;
  wy_list_init(&c->pending);
  wy_list_init(&c->waiters);
  wy_timer_init(&c->deadline, on_deadline);
  pthread_mutex_init(&c->lock, NULL);
  *out = c;
  return 0;
}

void wy_kv_client_close(wy_kv_client *c) {
  if (!c || c->closed) return;
  wy_timer_stop(c->clock, &c->deadline);
  pthread_mutex_lock(&c->lock);
  c->closed = true;
  pthread_mutex_unlock(&c->lock);
  for (wy_list *n = c->waiters.next; n != &c->waiters; n = n->next)
    wy_kv_lock_end(wy_container_of(n, wy_kv_op, pending));
  for (wy_list *n = c->pending.next; n != &c->pending; n = n->next)
    wy_external_end(&wy_container_of(n, wy_kv_op, pending)->external);
  uv_close((uv_handle_t *)&c->async, NULL);
}

void wy_kv_client_free(wy_kv_client *c) {
  if (!c) return;
  wy_kv_op *told;
  while ((told = pop(c)) != NULL) {
    if (told->waits && !atomic_load(&told->abandoned)) continue; /* it stands below */
    forget(told);
    wy_kv_op_free(told);
  }
  for (wy_list *n; (n = wy_list_shift(&c->waiters));)
    wy_kv_op_free(wy_container_of(n, wy_kv_op, pending));
  pthread_mutex_lock(&c->lock);
  c->gone = true;
  while (c->first) { /* came meanwhile */
    wy_kv_op *op = c->first;
    c->first = op->next;
    wy_kv_op_free(op);
  }
  unref(c, true);
}
