/* The store in a Redis: the contract, against a real server; and everything that may go wrong with
 * one. */
#include "kv_contract.h"
#include "redis_rig.h"

static server here;

/* --- the contract --- */

static void run_case(void **state) {
  const contract_case *one = *state;
  kv_rig r;
  server_do(&here, "FLUSHALL", NULL);
  rig_init(&r, here.url);
  r.options.normal = true;
  rig_open(&r);
  one->run(&r);
  rig_close(&r);
  rig_deinit(&r);
}

static int start(void **state) {
  (void)state;
  server_init(&here);
  server_run(&here);
  return 0;
}

static int stop(void **state) {
  (void)state;
  server_deinit(&here);
  return 0;
}

/* --- what may go wrong --- */

enum { TIMEOUT = 1500 };

static void open_at(kv_rig *r, const char *url) {
  rig_init(r, url);
  r->options.timeout = TIMEOUT;
  r->options.normal = true;
  rig_open(r);
}

static void done(kv_rig *r) {
  rig_close(r);
  rig_deinit(r);
}

static uint64_t now_ms(void) { return uv_hrtime() / 1000000; }

static size_t count(const char *text, const char *word) {
  size_t n = 0;
  for (; (text = strstr(text, word)) != NULL; text++) n++;
  return n;
}

static size_t logged(kv_rig *r, const char *word) {
  pthread_mutex_lock(&r->log_lock);
  size_t n = count(r->log, word);
  pthread_mutex_unlock(&r->log_lock);
  return n;
}

/* The error of a write, which comes in so many ms at most. */
static int error_within(kv_rig *r, uint64_t ms) {
  uint64_t began = now_ms();
  int err = error_of(r, 0, SET(WY_STR("a"), WY_STR("1")));
  assert_in_range(now_ms() - began, 0, ms);
  return err;
}

/* It works again in less than two seconds. */
static void recovers(kv_rig *r) {
  uint64_t began = now_ms();
  while (error_of(r, 0, SET(WY_STR("a"), WY_STR("1")))) {
    if (now_ms() - began >= 2000) fail_msg("it has not come back: %s", r->log);
    usleep(10000);
  }
}

static void survives_a_server_that_is_killed(void **state) {
  server own;
  kv_rig r;
  (void)state;
  server_init(&own);
  server_run(&own);
  open_at(&r, own.url);
  set(&r, WY_STR("a"), WY_STR("1"));
  for (int i = 0; i < 3; i++) {
    server_kill(&own);
    assert_int_equal(error_within(&r, TIMEOUT), WY_E_STORE_UNREACHABLE);
    while (!logged(&r, "store.unreachable")) turn(&r);
    error_within(&r, TIMEOUT);
    assert_int_equal(error_within(&r, 100), WY_E_STORE_UNREACHABLE); /* known: at once */
    server_run(&own);
    recovers(&r);
  }
  done(&r);
  server_deinit(&own);
}

static void ends_every_operation_of_a_server_that_is_stopped(void **state) {
  kv_rig r;
  asked many[20];
  (void)state;
  open_at(&r, here.url);
  set(&r, WY_STR("a"), WY_STR("1"));
  kill(here.pid, SIGSTOP);
  uint64_t began = now_ms();
  for (size_t i = 0; i < 20; i++)
    ask(&r, (int)i % CLIENTS, &many[i], SET(WY_STR("a"), WY_STR("2")));
  for (size_t i = 0; i < 20; i++) {
    wait_for(&r, &many[i]);
    assert_int_equal(many[i].answer.err, WY_E_STORE_UNREACHABLE);
    assert_non_null(strstr(many[i].answer.why, "may be written"));
  }
  assert_in_range(now_ms() - began, 0, 1000);
  assert_int_equal(error_within(&r, 100), WY_E_STORE_UNREACHABLE);
  while (now_ms() - began < 2 * TIMEOUT) turn(&r); /* it hangs up meanwhile */
  assert_int_equal(error_within(&r, 100), WY_E_STORE_UNREACHABLE);
  assert_int_equal(logged(&r, "event=store.unreachable"), 1);
  kill(here.pid, SIGCONT);
  recovers(&r);
  done(&r);
}

static void refuses_at_once_while_a_slow_one_is_silent(void **state) {
  kv_rig r;
  asked slow, lock;
  (void)state;
  rig_init(&r, here.url);
  r.options.normal = true;
  rig_open(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  server_do(&here, "CLIENT PAUSE 2000 ALL", NULL);
  uint64_t began = now_ms();
  ask(&r, 0, &slow, SET(WY_STR("a"), WY_STR("2")));
  const wy_kv_question locks = {.verb = WY_KV_LOCK, .key = WY_STR("l"), .ttl = 3600000};
  ask(&r, 0, &lock, locks);
  wait_for(&r, &slow);
  wait_for(&r, &lock);
  assert_int_equal(slow.answer.err, WY_E_STORE_UNREACHABLE);
  assert_int_equal(lock.answer.err, WY_E_STORE_UNREACHABLE);
  assert_int_equal(error_of(&r, 1, SET(WY_STR("b"), WY_STR("1"))), WY_E_STORE_UNREACHABLE);
  assert_in_range(now_ms() - began, 0, 1200);
  recovers(&r);
  assert_in_range(now_ms() - began, 1800,
                  4000); /* by the same connection: what was sent is done, */
  while (!is_yes(&r, 0, locks)) assert_in_range(now_ms() - began, 0, 4000); /* and given back */
  assert_int_equal(logged(&r, "event=store.unreachable"), 1);
  done(&r);
}

static void waits_for_one_that_comes_later(void **state) {
  server own;
  kv_rig r;
  (void)state;
  server_init(&own);
  open_at(&r, own.url);
  assert_int_equal(error_within(&r, 700), WY_E_STORE_UNREACHABLE);
  assert_int_equal(error_within(&r, 100), WY_E_STORE_UNREACHABLE);
  server_run(&own);
  recovers(&r);
  done(&r);
  server_deinit(&own);
}

static void takes_a_socket_and_its_database(void **state) {
  char value[256];
  kv_rig r;
  (void)state;
  open_at(&r, here.socket_url);
  set(&r, WY_STR("where"), WY_STR("by socket"));
  done(&r);
  open_at(&r, here.url); /* database 3, too */
  assert_is(&r, 0, WY_STR("where"), WY_STR("by socket"));
  done(&r);
  server_do(&here, "GET wy:v:where", value); /* of database 0 */
  assert_string_equal(value, "");
}

static void goes_on_when_its_script_is_forgotten(void **state) {
  kv_rig r;
  (void)state;
  open_at(&r, here.url);
  set(&r, WY_STR("a"), WY_STR("1"));
  server_do(&here, "SCRIPT FLUSH", NULL);
  assert_is(&r, 0, WY_STR("a"), WY_STR("1"));
  set(&r, WY_STR("a"), WY_STR("2"));
  done(&r);
}

/* Redis has lost all, and so the fence: the holder from before has nothing in common with the next.
 */
static void gives_no_fence_twice_though_redis_forgets(void **state) {
  asked a;
  kv_rig r;
  (void)state;
  server_do(&here, "FLUSHALL", NULL);
  open_at(&r, here.url);
  const wy_kv_question locks = {.verb = WY_KV_LOCK, .key = WY_STR("l"), .ttl = 60000};
  get_answer(&r, 0, &a, locks);
  assert_true(a.answer.yes);
  int64_t before = a.answer.number;
  server_do(&here, "FLUSHALL", NULL);
  advance(&r, 1);
  get_answer(&r, 1, &a, locks);
  assert_true(a.answer.yes);
  assert_true(a.answer.number > before);
  assert_false(is_yes(&r, 0,
                      (wy_kv_question){.verb = WY_KV_SET_FENCED,
                                       .key = WY_STR("k"),
                                       .value = WY_STR("old"),
                                       .lock = WY_STR("l"),
                                       .number = before}));
  done(&r);
}

static void says_that_it_is_a_cluster(void **state) {
  static const char *const all[] = {
      "-MOVED 1 127.0.0.1:1\r\n", "-ASK 1 127.0.0.1:1\r\n",
      "-ERR Script attempted to access a non local key in a cluster node\r\n",
      "-ERR SELECT is not allowed in cluster mode\r\n"};
  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    asked a;
    pretender p;
    kv_rig r;
    pretender_init(&p, NULL, all[i]);
    open_at(&r, p.url);
    get_answer(&r, 0, &a, SET(WY_STR("a"), WY_STR("1")));
    assert_int_equal(a.answer.err, WY_E_STORE_UNREACHABLE);
    assert_non_null(strstr(a.answer.why, "cluster"));
    done(&r);
    pretender_deinit(&p);
  }
}

static void greets_with_a_password_and_shows_it_to_nobody(void **state) {
  char url[128];
  kv_rig r;
  (void)state;
  server_do(&here, "CONFIG SET requirepass wxtest/pass", NULL);
  snprintf(url, sizeof url, "redis://:wxtest%%2Fpass@127.0.0.1:%d/3", here.port);
  open_at(&r, url);
  set(&r, WY_STR("a"), WY_STR("1"));
  done(&r);
  snprintf(url, sizeof url, "redis://default:wxtest%%2Fpass@127.0.0.1:%d/3", here.port);
  open_at(&r, url);
  set(&r, WY_STR("a"), WY_STR("1"));
  done(&r);
  const char *wrong[] = {"redis://:wxtestwrong@127.0.0.1:%d", "redis://127.0.0.1:%d"};
  for (size_t i = 0; i < 2; i++) {
    asked a;
    snprintf(url, sizeof url, wrong[i], here.port);
    open_at(&r, url);
    get_answer(&r, 0, &a, GET(WY_STR("a")));
    assert_int_equal(a.answer.err, WY_E_STORE_UNREACHABLE);
    assert_non_null(strstr(a.answer.why, "password"));
    assert_int_equal(logged(&r, "wxtest"), 0);
    assert_int_equal(logged(&r, "event=store.unreachable"), 1);
    done(&r);
  }
  redisContext *c = server_try(&here);
  freeReplyObject(redisCommand(c, "AUTH wxtest/pass"));
  freeReplyObject(redisCommand(c, "CONFIG SET requirepass %s", ""));
  redisFree(c);
}

static void says_that_memory_is_full_and_reads_on(void **state) {
  kv_rig r;
  (void)state;
  open_at(&r, here.url);
  set(&r, WY_STR("a"), WY_STR("1"));
  server_do(&here, "CONFIG SET maxmemory 1", NULL);
  assert_int_equal(error_of(&r, 0, SET(WY_STR("a"), WY_STR("2"))), WY_E_STORE_FULL);
  assert_int_equal(
      error_of(&r, 0, (wy_kv_question){.verb = WY_KV_INCR, .key = WY_STR("a"), .number = 1}),
      WY_E_STORE_FULL);
  assert_is(&r, 0, WY_STR("a"), WY_STR("1"));
  assert_int_equal(logged(&r, "event=store.full"), 1);
  server_do(&here, "CONFIG SET maxmemory 0", NULL);
  set(&r, WY_STR("a"), WY_STR("2"));
  done(&r);
}

static void says_that_it_is_a_replica_and_comes_back(void **state) {
  kv_rig r;
  (void)state;
  open_at(&r, here.url);
  set(&r, WY_STR("a"), WY_STR("1"));
  server_do(&here, "REPLICAOF 127.0.0.1 1", NULL);
  assert_int_equal(error_of(&r, 0, SET(WY_STR("a"), WY_STR("2"))), WY_E_STORE_READONLY);
  server_do(&here, "REPLICAOF NO ONE", NULL);
  recovers(&r);
  done(&r);
}

/* --- one that pretends --- */

static void is_not_moved_by_what_is_no_answer(void **state) {
  static const struct {
    const char *greeting, *says;
    size_t flood;
    int err;
  } all[] = {
      {NULL, "hello\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, "HTTP/1.1 400 Bad Request\r\n\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, "\xff\xfe", 1 << 20, WY_E_STORE_UNREACHABLE},
      {NULL, "$536870912\r\n", 64 << 20, WY_E_STORE_UNREACHABLE},
      {NULL, "$536870912\r\n", 0, WY_E_STORE_UNREACHABLE}, /* and never a byte of it */
      {NULL, "*2147483647\r\n", 1 << 20, WY_E_STORE_UNREACHABLE},
      {NULL, "*1000000\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, "*-5\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, "$-5\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, ":1", 0, WY_E_STORE_UNREACHABLE}, /* half */
      {NULL, "+OK\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, "*0\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, ":1\r\n:1\r\n:1\r\n", 0, 0}, /* too many; then it is hung up on */
      {NULL, "-LOADING Redis is loading the dataset in memory\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, "-READONLY You can't write against a read only replica.\r\n", 0, WY_E_STORE_READONLY},
      {NULL, "-NOAUTH Authentication required.\r\n", 0, WY_E_STORE_UNREACHABLE},
      {NULL, "-OOM command not allowed when used memory > 'maxmemory'.\r\n", 0, WY_E_STORE_FULL},
      {NULL, "-MISCONF Redis is configured to save RDB snapshots\r\n", 0, WY_E_STORE_IO},
      {NULL, "-ERR with wxtest inside\r\n", 0, WY_E_STORE_IO},
      {"-LOADING Redis is loading the dataset in memory\r\n", "", 0, WY_E_STORE_UNREACHABLE},
      {"+PONG\r\n", "", 0, WY_E_STORE_UNREACHABLE},
      {"garbage\r\n", "", 0, WY_E_STORE_UNREACHABLE},
      {"", "", 0, WY_E_STORE_UNREACHABLE},
  };
  (void)state;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    pretender p;
    kv_rig r;
    pretender_init(&p, all[i].greeting, all[i].says);
    p.flood = all[i].flood;
    open_at(&r, p.url);
    assert_int_equal(error_within(&r, TIMEOUT + 500), all[i].err);
    assert_int_equal(logged(&r, "wxtest"), 0);
    done(&r);
    pretender_deinit(&p);
  }
}

static void comes_back_with_more_and_more_patience(void **state) {
  pretender p;
  kv_rig r;
  (void)state;
  pretender_init(&p, "-LOADING Redis is loading the dataset in memory\r\n", "");
  open_at(&r, p.url);
  uint64_t began = now_ms();
  while (now_ms() - began < 3000) turn(&r);
  assert_in_range(atomic_load(&p.connections), 5, 16);
  assert_int_equal(logged(&r, "event=store.unreachable"), 1);
  done(&r);
  pretender_deinit(&p);
}

static void closes_while_it_is_silent(void **state) {
  (void)state;
  for (int greets = 0; greets < 2; greets++) {
    pretender p;
    kv_rig r;
    asked a[3];
    pretender_init(&p, greets ? NULL : "", "");
    open_at(&r, p.url);
    for (size_t i = 0; i < 3; i++) ask(&r, 0, &a[i], SET(WY_STR("a"), WY_STR("1")));
    uint64_t began = now_ms();
    done(&r);
    assert_in_range(now_ms() - began, 0, 1200);
    pretender_deinit(&p);
  }
}

/* It is slow, but not silent: each answer counts. */
static void waits_for_one_that_goes_on_answering(void **state) {
  enum { N = 6 };
  pretender p;
  kv_rig r;
  asked a[N];
  (void)state;
  pretender_init(&p, NULL, ":1\r\n");
  p.times = N;
  p.pause_ms = 300;
  rig_init(&r, p.url);
  r.options.normal = true;
  rig_open(&r);
  uint64_t began = now_ms();
  for (size_t i = 0; i < N; i++) ask(&r, 0, &a[i], SET(WY_STR("a"), WY_STR("1")));
  for (size_t i = 0; i < N; i++) {
    wait_for(&r, &a[i]);
    assert_int_equal(a[i].answer.err, 0);
  }
  assert_in_range(now_ms() - began, (N - 1) * 300, 20000);
  done(&r);
  pretender_deinit(&p);
}

static void writes_what_was_asked_before_it_closed(void **state) {
  kv_rig r;
  asked a[100];
  char key[8];
  (void)state;
  server_do(&here, "FLUSHALL", NULL);
  open_at(&r, here.url);
  for (int i = 0; i < 100; i++) {
    wy_str k = {key, (size_t)snprintf(key, sizeof key, "%d", i)};
    ask(&r, 0, &a[i], SET(k, WY_STR("1")));
  }
  done(&r);
  open_at(&r, here.url);
  assert_is(&r, 0, WY_STR("0"), WY_STR("1"));
  assert_is(&r, 0, WY_STR("99"), WY_STR("1"));
  done(&r);
}

static void tells_when_the_server_is_not_as_durable_as_is_wanted(void **state) {
  kv_rig r;
  (void)state;
  for (int full = 0; full < 2; full++) {
    rig_init(&r, here.url);
    r.options.normal = !full;
    rig_open(&r);
    set(&r, WY_STR("a"), WY_STR("1"));
    set(&r, WY_STR("a"), WY_STR("1"));
    assert_int_equal(logged(&r, "event=store.durability"), full);
    done(&r);
  }
  server_do(&here, "CONFIG SET appendonly yes", NULL);
  server_do(&here, "CONFIG SET appendfsync always", NULL);
  rig_init(&r, here.url);
  rig_open(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  set(&r, WY_STR("a"), WY_STR("1"));
  assert_int_equal(logged(&r, "event=store.durability"), 0);
  done(&r);
  server_do(&here, "CONFIG SET appendonly no", NULL);
}

/* What is over leaves nothing behind, though nobody asks for it. */
static void leaves_nothing_of_what_is_over(void **state) {
  char n[256];
  char key[8];
  kv_rig r;
  (void)state;
  server_do(&here, "FLUSHALL", NULL);
  open_at(&r, here.url);
  for (int i = 0; i < 40; i++) {
    wy_str k = {key, (size_t)snprintf(key, sizeof key, "%d", i)};
    wy_kv_question q = SET(k, WY_STR("1"));
    q.ttl = 1000;
    assert_true(is_yes(&r, 0, q));
    q = (wy_kv_question){.verb = WY_KV_LOCK, .key = k, .ttl = 1000};
    assert_true(is_yes(&r, 0, q));
  }
  advance(&r, 1000);
  for (int i = 0; i < 12; i++) set(&r, WY_STR("a"), WY_STR("1"));
  redisContext *c = server_try(&here);
  freeReplyObject(redisCommand(c, "SELECT 3"));
  redisReply *reply = redisCommand(c, "DBSIZE");
  snprintf(n, sizeof n, "%lld", reply->integer);
  assert_string_equal(n, "3"); /* the value, the index, the fence */
  freeReplyObject(reply);
  redisFree(c);
  done(&r);
}

/* --- urls --- */

#include "store/redis_url.h"

static void reads_urls(void **state) {
  static const struct {
    const char *url, *host, *port, *path, *user, *password, *db;
  } good[] = {
      {"redis://h", "h", "6379", NULL, NULL, NULL, "0"},
      {"redis://h:7000/12", "h", "7000", NULL, NULL, NULL, "12"},
      {"redis://h/", "h", "6379", NULL, NULL, NULL, "0"},
      {"redis:///3", "127.0.0.1", "6379", NULL, NULL, NULL, "3"},
      {"redis://:p@h", "h", "6379", NULL, NULL, "p", "0"},
      {"redis://u:p%40%2f@h:1/2", "h", "1", NULL, "u", "p@/", "2"},
      {"redis://:a@b@h", "h", "6379", NULL, NULL, "a@b", "0"},
      {"redis://[::1]:7000/1", "::1", "7000", NULL, NULL, NULL, "1"},
      {"redis:///run/r.sock", NULL, "6379", "/run/r.sock", NULL, NULL, "0"},
      {"redis://:p@/run/r.sock?db=4", NULL, "6379", "/run/r.sock", NULL, "p", "4"},
  };
  static const char *const bad[] = {
      "redis:/h",     "redis://h:x",    "redis://h:70000", "redis://h/a",     "redis://h/1/2",
      "redis://[::1", "redis://[::1]x", "redis:///s?x=1",  "redis:///s?db=x", "rediss://h"};
  wy_redis_url u;
  char why[WY_KV_WHY];
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_int_equal(wy_redis_url_parse(&u, good[i].url, why, sizeof why), 0);
    const char *const got[] = {u.host, u.port, u.path, u.user, u.password, u.db};
    const char *const want[] = {good[i].host, good[i].port,     good[i].path,
                                good[i].user, good[i].password, good[i].db};
    for (size_t k = 0; k < 6; k++) {
      if (want[k]) assert_string_equal(got[k], want[k]);
      else assert_null(got[k]);
    }
    wy_redis_url_deinit(&u);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    why[0] = '\0';
    assert_int_equal(wy_redis_url_parse(&u, bad[i], why, sizeof why), WY_E_ARG);
    assert_string_not_equal(why, "");
    wy_redis_url_deinit(&u);
  }
}

static void shows_where_it_is_and_no_password(void **state) {
  static const char *const urls[][2] = {
      {"redis://u:wxtestpassword@h:7000/12", "h:7000/12"},
      {"redis://", "127.0.0.1:6379/0"},
      {"redis://:p@[::1]", "[::1]:6379/0"},
      {"redis://:p@/run/r.sock", "/run/r.sock"},
      {"redis://:p@/run/r.sock?db=4", "/run/r.sock?db=4"},
      {"redis://a%0ab", "a?b:6379/0"},
  };
  wy_redis_url u;
  char why[WY_KV_WHY], place[64];
  (void)state;
  for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
    assert_int_equal(wy_redis_url_parse(&u, urls[i][0], why, sizeof why), 0);
    wy_redis_url_place(&u, place, sizeof place);
    assert_string_equal(place, urls[i][1]);
    wy_redis_url_deinit(&u);
  }
}

int main(void) {
  static const struct CMUnitTest faults[] = {
      cmocka_unit_test(reads_urls),
      cmocka_unit_test(shows_where_it_is_and_no_password),
      cmocka_unit_test(takes_a_socket_and_its_database),
      cmocka_unit_test(goes_on_when_its_script_is_forgotten),
      cmocka_unit_test(greets_with_a_password_and_shows_it_to_nobody),
      cmocka_unit_test(says_that_memory_is_full_and_reads_on),
      cmocka_unit_test(says_that_it_is_a_replica_and_comes_back),
      cmocka_unit_test(leaves_nothing_of_what_is_over),
      cmocka_unit_test(writes_what_was_asked_before_it_closed),
      cmocka_unit_test(tells_when_the_server_is_not_as_durable_as_is_wanted),
      cmocka_unit_test(survives_a_server_that_is_killed),
      cmocka_unit_test(ends_every_operation_of_a_server_that_is_stopped),
      cmocka_unit_test(refuses_at_once_while_a_slow_one_is_silent),
      cmocka_unit_test(waits_for_one_that_comes_later),
      cmocka_unit_test(is_not_moved_by_what_is_no_answer),
      cmocka_unit_test(gives_no_fence_twice_though_redis_forgets),
      cmocka_unit_test(says_that_it_is_a_cluster),
      cmocka_unit_test(comes_back_with_more_and_more_patience),
      cmocka_unit_test(closes_while_it_is_silent),
      cmocka_unit_test(waits_for_one_that_goes_on_answering),
  };
  static char names[CONTRACT][96];
  static struct CMUnitTest tests[CONTRACT];
  contract_tests(tests, "redis", names, run_case, (void *)(uintptr_t)contract, sizeof *contract);
  int failed = _cmocka_run_group_tests("redis", tests, CONTRACT, start, stop);
  return failed + cmocka_run_group_tests_name("faults", faults, start, stop);
}
