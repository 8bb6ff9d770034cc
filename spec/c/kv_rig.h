/* A store with two clients, each with a loop and a virtual or a real clock, on one thread; and what
 * both the contract and the specs of single backends need. */
#ifndef SPEC_C_KV_RIG_H
#define SPEC_C_KV_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <unistd.h>

#include "base/err.h"
#include "net/tick.h"
#include "store/kv.h"

enum { CLIENTS = 2, PATIENCE_MS = 20000 };

#define WALL INT64_C(1700000000000)

typedef struct kv_rig {
  wy_kv *kv;
  char folder[64], log[8192];
  wy_log logger;
  struct {
    uv_loop_t loop;
    wy_clock clock;
    wy_tick tick;
    wy_kv_client *client;
  } of[CLIENTS];
  wy_kv_options options;
  pthread_mutex_t log_lock;
  bool real; /* the clocks */
} kv_rig;

/* One operation: its answer when done is set. */
typedef struct asked {
  bool done;
  wy_kv_op *op;
  wy_kv_answer answer;
} asked;

static inline void rig_sink(void *data, wy_log_level level, wy_str line) {
  kv_rig *r = data;
  (void)level;
  pthread_mutex_lock(&r->log_lock);
  size_t n = strlen(r->log);
  snprintf(r->log + n, sizeof r->log - n, "%.*s\n", (int)line.n, line.p);
  pthread_mutex_unlock(&r->log_lock);
}

static inline void rig_folder(kv_rig *r) {
  snprintf(r->folder, sizeof r->folder, "/tmp/weiyue-kv-XXXXXX");
  assert_non_null(mkdtemp(r->folder));
}

static inline void rig_init(kv_rig *r, const char *url) {
  memset(r, 0, sizeof *r);
  pthread_mutex_init(&r->log_lock, NULL);
  r->logger = (wy_log){WY_LOG_INFO, rig_sink, r, WY_LOG_TEXT};
  rig_folder(r);
  r->options = (wy_kv_options){.url = url, .folder = r->folder, .log = &r->logger};
}

static inline int rig_try_open(kv_rig *r, char why[WY_KV_WHY]) {
  int err = wy_kv_open(&r->kv, &r->options, why);
  if (err) return err;
  for (size_t i = 0; i < CLIENTS; i++) {
    assert_int_equal(uv_loop_init(&r->of[i].loop), 0);
    if (r->real) {
      wy_clock_init(&r->of[i].clock);
      assert_int_equal(wy_tick_start(&r->of[i].tick, &r->of[i].loop, &r->of[i].clock), 0);
    } else {
      wy_clock_init_virtual(&r->of[i].clock, WALL);
    }
    assert_int_equal(wy_kv_client_new(&r->of[i].client, r->kv, &r->of[i].loop, &r->of[i].clock), 0);
  }
  return 0;
}

static inline void rig_open(kv_rig *r) {
  char why[WY_KV_WHY];
  int err = rig_try_open(r, why);
  if (err) fail_msg("%s: %s", wy_err_text(err), why);
}

static inline void rig_close(kv_rig *r) {
  for (size_t i = 0; i < CLIENTS; i++) {
    wy_kv_client_close(r->of[i].client);
    if (r->real) wy_tick_close(&r->of[i].tick, NULL);
    uv_run(&r->of[i].loop, UV_RUN_DEFAULT);
    wy_kv_client_free(r->of[i].client);
    assert_int_equal(uv_loop_close(&r->of[i].loop), 0);
    wy_clock_deinit(&r->of[i].clock);
  }
  wy_kv_close(r->kv);
  r->kv = NULL;
}

static inline void rig_deinit(kv_rig *r) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", r->folder);
  assert_int_equal(system(command), 0);
  pthread_mutex_destroy(&r->log_lock);
}

/* --- asking --- */

static inline void on_asked(void *data, wy_kv_answer *answer) {
  asked *a = data;
  assert_false(a->done);
  a->done = true;
  a->answer = *answer;
  memset(answer, 0, sizeof *answer);
}

static inline int try_ask(kv_rig *r, int client, asked *a, wy_kv_question q) {
  memset(a, 0, sizeof *a);
  return wy_kv_ask(r->of[client].client, &q, on_asked, a, &a->op);
}

static inline void ask(kv_rig *r, int client, asked *a, wy_kv_question q) {
  assert_int_equal(try_ask(r, client, a, q), 0);
  assert_false(a->done); /* never before it returns */
}

/* Runs both loops once; sleeps a little where nothing happens. */
static inline void turn(kv_rig *r) {
  struct pollfd fds[CLIENTS];
  for (size_t i = 0; i < CLIENTS; i++) {
    fds[i] = (struct pollfd){uv_backend_fd(&r->of[i].loop), POLLIN, 0};
    uv_run(&r->of[i].loop, UV_RUN_NOWAIT);
  }
  poll(fds, CLIENTS, 1);
}

static inline void wait_for(kv_rig *r, const asked *a) {
  for (int ms = 0; !a->done; ms++) {
    if (ms > PATIENCE_MS) fail_msg("no answer");
    turn(r);
  }
}

/* Until no operation is with a backend any more. */
static inline void settle(kv_rig *r) {
  for (int ms = 0; wy_clock_waits(&r->of[0].clock) || wy_clock_waits(&r->of[1].clock); ms++) {
    if (ms > PATIENCE_MS) fail_msg("the store has not answered");
    turn(r);
  }
}

/* Both clocks go on together, and what is due happens. */
static inline void advance(kv_rig *r, uint64_t ms) {
  uint64_t due, until = wy_clock_now_ms(&r->of[0].clock) + ms;
  for (;;) {
    uint64_t next = until;
    settle(r);
    for (size_t i = 0; i < CLIENTS; i++)
      if (wy_clock_next(&r->of[i].clock, &due) && due < next) next = due;
    for (size_t i = 0; i < CLIENTS; i++) {
      wy_clock_step(&r->of[i].clock, next);
      wy_clock_run(&r->of[i].clock);
    }
    settle(r);
    bool more = false;
    for (size_t i = 0; i < CLIENTS; i++)
      more = more || (wy_clock_next(&r->of[i].clock, &due) && due <= until);
    if (next == until && !more) return;
  }
}

static inline void get_answer(kv_rig *r, int client, asked *a, wy_kv_question q) {
  ask(r, client, a, q);
  wait_for(r, a);
}

static inline void drop(asked *a) { wy_buf_deinit(&a->answer.value); }

/* An operation whose answer is just yes or no. */
static inline bool is_yes(kv_rig *r, int client, wy_kv_question q) {
  asked a;
  get_answer(r, client, &a, q);
  if (a.answer.err) fail_msg("%s: %s", wy_err_text(a.answer.err), a.answer.why);
  drop(&a);
  return a.answer.yes;
}

static inline int error_of(kv_rig *r, int client, wy_kv_question q) {
  asked a;
  int err = try_ask(r, client, &a, q);
  if (err) return err;
  wait_for(r, &a);
  drop(&a);
  return a.answer.err;
}

#define SET(k, v) ((wy_kv_question){.verb = WY_KV_SET, .key = (k), .value = (v)})
#define GET(k) ((wy_kv_question){.verb = WY_KV_GET, .key = (k)})

static inline void set(kv_rig *r, wy_str key, wy_str value) {
  assert_true(is_yes(r, 0, SET(key, value)));
}

static inline void assert_is(kv_rig *r, int client, wy_str key, wy_str want) {
  asked a;
  get_answer(r, client, &a, GET(key));
  assert_int_equal(a.answer.err, 0);
  assert_true(a.answer.has_value);
  assert_true(wy_str_eq(wy_buf_view(&a.answer.value), want));
  drop(&a);
}

static inline void assert_absent(kv_rig *r, int client, wy_str key) {
  asked a;
  get_answer(r, client, &a, GET(key));
  assert_int_equal(a.answer.err, 0);
  assert_false(a.answer.has_value);
  drop(&a);
}

#endif
