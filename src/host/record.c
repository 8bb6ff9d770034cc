/* What workers hand to the journal, and the thread that writes it. journal.c has the file. */
#include "host/record.h"

#include <lauxlib.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/prom.h"
#include "host/exchange.h"
#include "host/journal.h"

enum {
  FILE_MAX = 64 << 20,
  QUEUE = 4 << 20,  /* bytes that wait for the thread */
  ITEM = 256 << 10, /* of one message, reply or call; more is left out */
  GATHER_MS = 20,   /* the thread sleeps so long once something has come, and then takes all */
  FORGET_S = 60     /* forgotten users are taken out of the file this often at most */
};

typedef enum kind { PUSH, CALL, ANSWER, FORGET } kind;

/* In the queue, before the bytes of account, user, authorizer and body. */
typedef struct item {
  kind kind;
  wy_way way;
  unsigned attempt;
  bool has_body;
  int64_t at_ms;
  uint64_t took_ms;
  char trace[WY_TRACE];
  size_t n[4];
} item;

struct wy_record {
  wy_host *host;
  char *path;
  pthread_t thread;
  bool running;
  atomic_bool on; /* items are taken */
  atomic_uint_fast64_t dropped, lines;
  pthread_mutex_t lock;
  pthread_cond_t came;
  wy_buf queue; /* under the lock, as is closing */
  bool closing;
  /* the thread's own */
  wy_journal *journal;
  wy_buf taken;
  uint64_t forget_at; /* s; 0: nobody is to be forgotten */
};

int wy_host_record(wy_host *h, const char *path) {
  wy_record *r = calloc(1, sizeof *r);
  if (!r || (r->path = strdup(path)) == NULL) {
    free(r);
    return WY_E_NOMEM;
  }
  r->host = h;
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->came, NULL);
  wy_buf_init(&r->queue, QUEUE);
  wy_buf_init(&r->taken, QUEUE);
  h->record = r;
  return 0;
}

/* --- from the workers --- */

static void hand_over(wy_record *r, item *one, const wy_str parts[4]) {
  size_t n = sizeof *one;
  for (int i = 0; i < 4; i++) n += one->n[i] = parts[i].n;
  pthread_mutex_lock(&r->lock);
  bool fits = one->n[3] <= ITEM && n <= QUEUE - r->queue.n, was_empty = r->queue.n == 0;
  char *to = fits ? wy_buf_reserve(&r->queue, n) : NULL;
  if (to) {
    memcpy(to, one, sizeof *one);
    to += sizeof *one;
    for (int i = 0; i < 4; i++) {
      if (parts[i].n) memcpy(to, parts[i].p, parts[i].n);
      to += parts[i].n;
    }
    wy_buf_added(&r->queue, n);
    if (was_empty) pthread_cond_signal(&r->came);
  } else if (fits) { /* no memory: what waited is lost, and it begins anew */
    wy_buf_deinit(&r->queue);
  }
  pthread_mutex_unlock(&r->lock);
  if (!to) atomic_fetch_add_explicit(&r->dropped, 1, memory_order_relaxed);
}

static wy_record *recording(const wy_host *h) {
  wy_record *r = h->record;
  return r && atomic_load_explicit(&r->on, memory_order_relaxed) ? r : NULL;
}

static void about(const exchange *x, kind what, item *one) {
  worker *w = x->desk->worker;
  *one = (item){.kind = what, .way = x->t.way, .attempt = x->t.attempt};
  one->at_ms = wy_clock_wall_ms(&w->clock);
  one->took_ms = wy_clock_now_ms(&w->clock) - x->t.arrived;
  wy_trace_hex(w->trace_seed, (uint64_t)x->t.number, one->trace);
}

/* Secrets that this state knows never leave the worker. */
static void hand_over_text(const exchange *x, item *one, wy_str body) {
  char *copy = NULL;
  if (body.p) body = wy_mask(wy_script_lua(x->desk->edition->script), body, &copy);
  one->has_body = body.p != NULL;
  hand_over(
      x->desk->worker->host->record, one,
      (wy_str[4]){
          wy_str_of(x->desk->account->id), {x->from, x->from_n}, wy_str_of(x->authorizer), body});
  free(copy);
}

void wy_record_push(const exchange *x, wy_str text) {
  item one;
  if (!recording(x->desk->worker->host)) return;
  about(x, PUSH, &one);
  hand_over_text(x, &one, text);
}

void wy_record_answer(const exchange *x, wy_str body) {
  item one;
  if (!recording(x->desk->worker->host)) return;
  about(x, ANSWER, &one);
  one.way = x->t.answered;
  hand_over_text(x, &one, body);
}

int wy_record_call(lua_State *L) {
  edition *e = lua_touserdata(L, lua_upvalueindex(1));
  worker *w = e->worker;
  wy_record *r = recording(w->host);
  wy_str id, body;
  id.p = luaL_checklstring(L, 1, &id.n);
  body.p = luaL_checklstring(L, 2, &body.n);
  if (!r) return 0;
  item one = {.kind = CALL, .at_ms = wy_clock_wall_ms(&w->clock), .has_body = true};
  char *copy = NULL;
  wy_script_trace(e->script, one.trace);
  body = wy_mask(L, body, &copy);
  hand_over(r, &one, (wy_str[4]){id, {NULL, 0}, {NULL, 0}, body});
  free(copy);
  return 0;
}

void wy_record_forget(wy_host *h, const account *a, wy_str openid) {
  wy_record *r = recording(h);
  item one = {.kind = FORGET};
  if (r) hand_over(r, &one, (wy_str[4]){wy_str_of(a->id), openid, {NULL, 0}, {NULL, 0}});
}

/* --- the thread --- */

static const char *const kinds[] = {"push", "call", "answer"};

static void stop_recording(wy_record *r, const char *why) {
  atomic_store(&r->on, false);
  wy_log_text(&r->host->log, WY_LOG_ERROR, "record.stopped", "%s: %s", r->path, why);
}

/* One item, to a line or to the list of who is to be forgotten. */
static int take_one(wy_record *r, const item *one, const char *bytes, uint64_t now) {
  wy_str parts[4];
  for (int i = 0; i < 4; i++) {
    parts[i] = (wy_str){bytes, one->n[i]};
    bytes += one->n[i];
  }
  if (one->kind == FORGET) {
    if (!r->forget_at) r->forget_at = now + FORGET_S;
    return wy_journal_forget(r->journal, parts[1]);
  }
  const wy_journal_item line = {.kind = kinds[one->kind],
                                .way = wy_way_name(one->way),
                                .trace = one->trace,
                                .attempt = one->attempt,
                                .at_ms = one->at_ms,
                                .took_ms = one->took_ms,
                                .account = parts[0],
                                .user = parts[1],
                                .authorizer = parts[2],
                                .body = one->has_body ? parts[3] : (wy_str){0}};
  bool made = wy_journal_add(r->journal, &line) == 0;
  atomic_fetch_add_explicit(made ? &r->lines : &r->dropped, 1, memory_order_relaxed);
  return 0;
}

static uint64_t now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec;
}

static void write_taken(wy_record *r, bool last) {
  uint64_t now = now_s();
  int err = 0;
  if (!atomic_load(&r->on)) wy_buf_clear(&r->taken);
  for (size_t at = 0; at < r->taken.n && !err;) {
    item one;
    memcpy(&one, r->taken.p + at, sizeof one);
    at += sizeof one;
    err = take_one(r, &one, r->taken.p + at, now);
    for (int i = 0; i < 4; i++) at += one.n[i];
  }
  wy_buf_clear(&r->taken);
  if (!err && atomic_load(&r->on)) err = wy_journal_write(r->journal);
  if (!err && r->forget_at && (last || now >= r->forget_at)) {
    r->forget_at = 0;
    err = wy_journal_purge(r->journal);
  }
  if (err && atomic_load(&r->on)) stop_recording(r, wy_journal_why(r->journal));
}

static void wait_for_items(wy_record *r) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += r->forget_at ? FORGET_S : 86400;
  while (!r->closing && !r->queue.n)
    if (pthread_cond_timedwait(&r->came, &r->lock, &until)) return; /* time to forget */
}

static void *run(void *data) {
  wy_record *r = data;
  const struct timespec gather = {0, GATHER_MS * 1000000L};
  for (bool last = false; !last;) {
    pthread_mutex_lock(&r->lock);
    wait_for_items(r);
    last = r->closing;
    pthread_mutex_unlock(&r->lock);
    if (!last) nanosleep(&gather, NULL);
    pthread_mutex_lock(&r->lock);
    last = r->closing;
    wy_buf taken = r->queue;
    r->queue = r->taken;
    r->taken = taken;
    pthread_mutex_unlock(&r->lock);
    write_taken(r, last);
  }
  return NULL;
}

static int start_thread(wy_record *r) {
  sigset_t all, before;
  sigfillset(&all); /* no signal of the program's is for it */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int err = pthread_create(&r->thread, NULL, run, r);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  r->running = err == 0;
  return err ? WY_E_NOMEM : 0;
}

int wy_record_start(wy_host *h) {
  wy_record *r = h->record;
  wy_buf why;
  if (!r) return 0;
  wy_buf_init(&why, 4096);
  const wy_journal_options options = {.path = r->path,
                                      .state = h->state,
                                      .lua_path = h->options.lua_path,
                                      .log = &h->log,
                                      .max = FILE_MAX};
  int err = wy_journal_open(&r->journal, &options, &why);
  if (!err) err = start_thread(r);
  if (err)
    wy_log_text(&h->log, WY_LOG_ERROR, "record", "%s: %s", r->path,
                why.n ? why.p : wy_err_text(err));
  else atomic_store(&r->on, true);
  wy_buf_deinit(&why);
  return err ? WY_E_RECORD : 0;
}

void wy_record_end(wy_host *h) {
  wy_record *r = h->record;
  if (!r) return;
  h->record = NULL;
  if (r->running) {
    pthread_mutex_lock(&r->lock);
    r->closing = true;
    pthread_cond_signal(&r->came);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
  }
  wy_journal_close(r->journal);
  wy_buf_deinit(&r->queue);
  wy_buf_deinit(&r->taken);
  pthread_cond_destroy(&r->came);
  pthread_mutex_destroy(&r->lock);
  free(r->path);
  free(r);
}

/* --- /metrics --- */

static void one_value(wy_buf *out, const char *name, wy_prom_type type, const char *help,
                      uint64_t value) {
  wy_prom_family(out, name, type, help);
  wy_prom_u64(out, name, NULL, value);
}

void wy_record_metrics(const wy_host *h, wy_buf *out) {
  wy_record *r = h->record;
  if (!r) return;
  one_value(out, "weiyue_record_on", WY_PROM_GAUGE,
            "1 while the journal of --record is written, 0 after it has failed.",
            atomic_load(&r->on));
  one_value(out, "weiyue_record_lines_total", WY_PROM_COUNTER, "Lines made for the journal.",
            atomic_load(&r->lines));
  one_value(out, "weiyue_record_dropped_total", WY_PROM_COUNTER,
            "What the journal lacks: it was too large, or came faster than it is written.",
            atomic_load(&r->dropped));
}
