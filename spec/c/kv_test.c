/* The contract of a store, against those that need no server. */
#include "kv_contract.h"

typedef struct run {
  const char *url;
  const contract_case *one;
} run;

static void run_case(void **state) {
  const run *it = *state;
  kv_rig r;
  rig_init(&r, it->url);
  rig_open(&r);
  it->one->run(&r);
  rig_close(&r);
  rig_deinit(&r);
}

/* --- clients on threads of their own: each takes the lock, reads, and writes what it has read ---
 */

enum { ROUNDS = 40 };

typedef struct party {
  wy_kv *kv;
  wy_kv_client *client;
  uv_loop_t loop;
  wy_clock clock;
  wy_tick tick;
  pthread_t thread;
  int left;
  int64_t fence, n;
  wy_kv_op *op;
} party;

static void take(party *p);

static void go_on(party *p, wy_kv_question q, wy_kv_done_fn done) {
  assert_int_equal(wy_kv_ask(p->client, &q, done, p, &p->op), 0);
}

static void on_unlocked(void *data, wy_kv_answer *a) {
  party *p = data;
  assert_true(a->yes);
  if (--p->left) {
    take(p);
    return;
  }
  wy_kv_client_close(p->client);
  wy_tick_close(&p->tick, NULL);
}

static void on_written(void *data, wy_kv_answer *a) {
  party *p = data;
  assert_true(a->yes); /* still ours */
  go_on(p, (wy_kv_question){.verb = WY_KV_UNLOCK, .key = WY_STR("l"), .number = p->fence},
        on_unlocked);
}

static void on_read(void *data, wy_kv_answer *a) {
  party *p = data;
  char text[24];
  long long n = a->has_value ? strtoll(a->value.p, NULL, 10) : 0;
  snprintf(text, sizeof text, "%lld", n + 1);
  go_on(p,
        (wy_kv_question){.verb = WY_KV_SET_FENCED,
                         .key = WY_STR("n"),
                         .value = wy_str_of(text),
                         .lock = WY_STR("l"),
                         .number = p->fence},
        on_written);
}

static void on_locked(void *data, wy_kv_answer *a) {
  party *p = data;
  assert_true(a->yes);
  assert_true(a->number > p->fence);
  p->fence = a->number;
  go_on(p, GET(WY_STR("n")), on_read);
}

static void take(party *p) {
  go_on(p, (wy_kv_question){.verb = WY_KV_LOCK, .key = WY_STR("l"), .ttl = 60000, .wait = 60000},
        on_locked);
}

static void *run_party(void *data) {
  party *p = data;
  take(p);
  uv_run(&p->loop, UV_RUN_DEFAULT);
  return NULL;
}

static void threads_share_a_lock(void **state) {
  enum { PARTIES = 4 };
  const char *url = *state;
  party *all = calloc(PARTIES, sizeof *all);
  kv_rig r;
  char want[24];
  rig_init(&r, url);
  rig_open(&r);
  for (int i = 0; i < PARTIES; i++) {
    party *p = &all[i];
    p->left = ROUNDS;
    assert_int_equal(uv_loop_init(&p->loop), 0);
    wy_clock_init(&p->clock);
    assert_int_equal(wy_tick_start(&p->tick, &p->loop, &p->clock), 0);
    assert_int_equal(wy_kv_client_new(&p->client, r.kv, &p->loop, &p->clock), 0);
  }
  for (int i = 0; i < PARTIES; i++)
    assert_int_equal(pthread_create(&all[i].thread, NULL, run_party, &all[i]), 0);
  for (int i = 0; i < PARTIES; i++) {
    assert_int_equal(pthread_join(all[i].thread, NULL), 0);
    wy_kv_client_free(all[i].client);
    assert_int_equal(uv_loop_close(&all[i].loop), 0);
    wy_clock_deinit(&all[i].clock);
  }
  snprintf(want, sizeof want, "%d", PARTIES * ROUNDS);
  assert_is(&r, 0, WY_STR("n"), wy_str_of(want));
  rig_close(&r);
  rig_deinit(&r);
  free(all);
}

int main(void) {
  static const char *const urls[] = {"memory", "sqlite:kv.db"};
  enum { URLS = sizeof urls / sizeof *urls };
  static run runs[URLS][CONTRACT];
  static char names[URLS][CONTRACT][96];
  static struct CMUnitTest tests[URLS * CONTRACT + URLS];
  for (size_t u = 0; u < URLS; u++) {
    for (size_t i = 0; i < CONTRACT; i++) runs[u][i] = (run){urls[u], &contract[i]};
    contract_tests(tests + u * CONTRACT, urls[u], names[u], run_case, runs[u], sizeof(run));
  }
  for (size_t u = 0; u < URLS; u++)
    tests[URLS * CONTRACT + u] = (struct CMUnitTest){"threads_share_a_lock", threads_share_a_lock,
                                                     NULL, NULL, (void *)(uintptr_t)urls[u]};
  return _cmocka_run_group_tests("kv", tests, sizeof tests / sizeof *tests, NULL, NULL);
}
