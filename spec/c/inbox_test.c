/* inbox: what a claim is told, what is forgotten and when, and what memory it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "host/inbox.h"

/* Memory can be made to fail where calloc can be replaced, which sanitizers do not like. gcc names
 * them by macros, clang by features. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__GLIBC__) && !defined(SANITIZED)
#define CAN_STARVE 1
extern void *__libc_calloc(size_t n, size_t size);
static bool starved;
void *calloc(size_t n, size_t size);
void *calloc(size_t n, size_t size) { return starved ? NULL : __libc_calloc(n, size); }
void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset) {
  return starved ? MAP_FAILED : (void *)syscall(SYS_mmap, at, n, prot, flags, fd, offset);
}
#endif

enum { NOW = 1700000000, WINDOW = 300, ONE_SHARD = 256, BIG = 32 << 20 };

static wy_inbox *x;
static wy_claimed out;
static wy_buf answer;

static int set_up(void **state) {
  (void)state;
  wy_buf_init(&answer, 65536);
  return wy_inbox_new(&x, BIG, 2);
}

static int set_up_small(void **state) {
  (void)state;
  wy_buf_init(&answer, 65536);
  return wy_inbox_new(&x, WY_INBOX_LEAST, 2);
}

static int tear_down(void **state) {
  (void)state;
  wy_inbox_free(x);
  wy_buf_deinit(&answer);
  return 0;
}

/* Spreads numbers like a hash does. */
static uint64_t spread(uint64_t i) {
  i = (i + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
  i = (i ^ i >> 27) * 0x94d049bb133111eb;
  return i ^ i >> 31;
}

/* Push number i of user number u, who asks worker w. All users of a shard: u % 256 is the same. */
static wy_claim claim_of(uint64_t i, uint64_t u, unsigned w) {
  return (wy_claim){.key = {spread(i), spread(~i)},
                    .user = spread(u) << 8 | u % 256,
                    .nonce = spread(i + (1ULL << 32)),
                    .worker = w,
                    .now = NOW,
                    .until = NOW + WINDOW};
}

static wy_verdict claim(const wy_claim *c) {
  wy_buf_clear(&answer);
  return wy_inbox_claim(x, c, &out, &answer);
}

static void finish(const wy_claim *c, wy_str text) {
  wy_inbox_finish(x, &c->key, c->user, text, true);
}

static const wy_str no_answer = {NULL, 0};

static wy_inbox_stats stats(void) {
  wy_inbox_stats s;
  wy_inbox_stats_read(x, &s);
  return s;
}

/* The same push again, encrypted anew. */
static wy_claim again(wy_claim c) {
  c.nonce = spread(c.nonce);
  return c;
}

/* --- verdicts --- */

static void runs_a_new_push_where_it_arrived(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 3);
  assert_int_equal(claim(&c), WY_INBOX_RUN);
  assert_int_equal(out.worker, 3);
  assert_int_equal(out.in_flight, 0);
  assert_int_equal(stats().users, 1);
  finish(&c, no_answer);
  assert_int_equal(stats().users, 0);
  assert_int_equal(stats().keys, 1);
  assert_int_equal(stats().nonces, 1);
}

static void hops_to_the_worker_that_has_the_user(void **state) {
  (void)state;
  wy_claim one = claim_of(1, 1, 0), two = claim_of(2, 1, 1), three = claim_of(3, 1, 0);
  wy_claim other = claim_of(4, 1 + ONE_SHARD, 1);
  assert_int_equal(claim(&one), WY_INBOX_RUN);
  assert_int_equal(claim(&two), WY_INBOX_HOP);
  assert_int_equal(out.worker, 0);
  assert_int_equal(out.in_flight, 1);
  assert_int_equal(claim(&three), WY_INBOX_RUN);
  assert_int_equal(out.in_flight, 2);
  assert_int_equal(claim(&other), WY_INBOX_RUN); /* another user is nobody's */
  two = again(two);
  assert_int_equal(claim(&two), WY_INBOX_JOIN);
  assert_int_equal(out.worker, 0);
}

static void frees_the_user_with_the_last_that_is_finished(void **state) {
  (void)state;
  wy_claim one = claim_of(1, 1, 0), two = claim_of(2, 1, 1), three = claim_of(3, 1, 1);
  claim(&one);
  assert_int_equal(claim(&two), WY_INBOX_HOP);
  finish(&one, no_answer);
  assert_int_equal(claim(&three), WY_INBOX_HOP);
  finish(&two, no_answer);
  finish(&three, no_answer);
  wy_claim four = claim_of(4, 1, 1);
  assert_int_equal(claim(&four), WY_INBOX_RUN);
  assert_int_equal(out.worker, 1);
  assert_int_equal(out.in_flight, 0);
}

static void joins_a_repetition_to_what_runs(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 2);
  claim(&c);
  c.worker = 5;
  assert_int_equal(claim(&c), WY_INBOX_JOIN); /* same nonce */
  assert_int_equal(out.worker, 2);
  c = again(c);
  assert_int_equal(claim(&c), WY_INBOX_JOIN); /* another */
  assert_int_equal(out.worker, 2);
  finish(&c, no_answer);
  assert_int_equal(stats().users, 0); /* a join counted nothing in flight */
}

static void gives_the_answer_again(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0), d = claim_of(2, 1, 0);
  claim(&c);
  claim(&d);
  finish(&c, WY_STR("hello"));
  finish(&d, WY_STR(""));
  c = again(c);
  assert_int_equal(claim(&c), WY_INBOX_ANSWERED);
  assert_true(wy_str_eq(wy_buf_view(&answer), WY_STR("hello")));
  assert_int_equal(claim(&c), WY_INBOX_ANSWERED); /* as often as one asks */
  assert_int_equal(claim(&d), WY_INBOX_ANSWERED); /* an empty answer is one */
  assert_int_equal(answer.n, 0);
  assert_int_equal(stats().users, 0);
}

static void knows_what_was_finished_without_an_answer(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0);
  claim(&c);
  finish(&c, no_answer);
  assert_int_equal(claim(&c), WY_INBOX_DONE);
  assert_int_equal(answer.n, 0);
}

static void is_done_when_the_buffer_has_no_room(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0);
  wy_buf tiny;
  wy_buf_init(&tiny, 3);
  claim(&c);
  finish(&c, WY_STR("hello"));
  assert_int_equal(wy_inbox_claim(x, &c, &out, &tiny), WY_INBOX_DONE);
  assert_true(tiny.failed);
  assert_int_equal(claim(&c), WY_INBOX_ANSWERED); /* it is still there */
}

static void see_exported(void *data, const wy_item *item) {
  size_t *seen = data;
  if (item->answer.n && memmem(item->answer.p, item->answer.n, "oA", 2)) ++*seen;
}

static void forgets_the_answers_to_one_user(void **state) {
  enum { USERS = 3, EACH = 4 };
  static const wy_str texts[USERS] = {
      {"<ToUserName>oA</ToUserName>1", 28}, {"<ToUserName>oB</ToUserName>2", 28}, {"", 0}};
  size_t seen = 0;
  (void)state;
  for (uint64_t i = 0; i < EACH; i++)
    for (uint64_t u = 0; u < USERS; u++) { /* all of one shard */
      wy_claim c = claim_of(i * USERS + u, u * ONE_SHARD, 0);
      assert_int_equal(claim(&c), WY_INBOX_RUN);
      finish(&c, texts[u]);
    }
  wy_inbox_forget(x, claim_of(0, 0, 0).user, WY_STR("oA"));
  wy_inbox_forget(x, claim_of(0, 7, 0).user, WY_STR("oA")); /* of whom nothing is known */
  wy_inbox_forget(x, claim_of(0, ONE_SHARD, 0).user, WY_STR(""));
  for (uint64_t i = 0; i < EACH * USERS; i++) {
    wy_claim c = again(claim_of(i, i % USERS * ONE_SHARD, 1));
    assert_int_equal(claim(&c), i % USERS ? WY_INBOX_ANSWERED : WY_INBOX_DONE); /* not run again */
    if (i % USERS) assert_true(wy_str_eq(wy_buf_view(&answer), texts[i % USERS]));
  }
  wy_inbox_export(x, NOW, see_exported, &seen);
  wy_inbox_export_end(x);
  assert_int_equal(seen, 0);
}

static void refuses_a_nonce_that_came_with_another_push(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0), forged = claim_of(2, 2, 0);
  claim(&c);
  forged.nonce = c.nonce;
  assert_int_equal(claim(&forged), WY_INBOX_REUSED);
  assert_int_equal(stats().keys, 1);
  assert_int_equal(stats().users, 1);
  finish(&c, no_answer);
  assert_int_equal(claim(&forged), WY_INBOX_REUSED);
  assert_int_equal(claim(&c), WY_INBOX_DONE);
}

static void tells_users_apart_who_share_a_msgid(void **state) {
  (void)state;
  const wy_hash_key key = {1, 2};
  for (uint64_t u = 0; u < 15; u++) {
    char openid = (char)('a' + u);
    const wy_str parts[] = {
        {&openid, 1}, WY_STR("6054768590064713728"), WY_STR("1700000000"), WY_STR("text")};
    wy_claim c = claim_of(u, 7 + u * ONE_SHARD, 0);
    c.key = wy_hash128_of(&key, parts, 4);
    assert_int_equal(claim(&c), WY_INBOX_RUN);
    assert_int_equal(out.in_flight, 0);
  }
  assert_int_equal(stats().keys, 15);
  assert_int_equal(stats().users, 15);
}

/* --- in flight --- */

static void forgets_what_is_undone(void **state) {
  (void)state;
  wy_claim one = claim_of(1, 1, 0), two = claim_of(2, 1, 1);
  claim(&one);
  assert_int_equal(claim(&two), WY_INBOX_HOP);
  wy_inbox_undo(x, &two.key, two.user);
  assert_int_equal(claim(&two), WY_INBOX_HOP); /* its nonce does not hinder it */
  assert_int_equal(out.in_flight, 1);
  wy_inbox_undo(x, &two.key, two.user);
  wy_inbox_undo(x, &one.key, one.user);
  assert_int_equal(stats().users, 0);
  assert_int_equal(claim(&two), WY_INBOX_RUN);
  assert_int_equal(out.worker, 1);
}

static void keeps_the_user_of_a_parked_conversation(void **state) {
  (void)state;
  wy_claim one = claim_of(1, 1, 4), two = claim_of(2, 1, 1), three = claim_of(3, 1, 1);
  claim(&one);
  wy_inbox_finish(x, &one.key, one.user, WY_STR("a"), false);
  assert_int_equal(claim(&one), WY_INBOX_ANSWERED);
  assert_int_equal(claim(&two), WY_INBOX_HOP);
  assert_int_equal(out.worker, 4);
  finish(&two, no_answer);
  assert_int_equal(stats().users, 1);
  wy_inbox_release(x, one.user);
  assert_int_equal(stats().users, 0);
  wy_inbox_release(x, one.user); /* nobody's: nothing happens */
  assert_int_equal(claim(&three), WY_INBOX_RUN);
  assert_int_equal(out.worker, 1);
}

static void counts_many_users_of_one_shard(void **state) {
  (void)state;
  enum { MANY = 3000 };
  for (uint64_t u = 0; u < MANY; u++) {
    wy_claim c = claim_of(MANY + u, u * ONE_SHARD, (unsigned)u);
    assert_int_equal(claim(&c), WY_INBOX_RUN);
  }
  assert_int_equal(stats().users, MANY);
  uint64_t left = MANY;
  for (uint64_t u = 0; u < MANY; u += 3, left--)
    wy_inbox_release(x, claim_of(0, u * ONE_SHARD, 0).user);
  assert_int_equal(stats().users, left);
  for (uint64_t u = 0; u < MANY; u++) { /* the others are found, by their worker */
    wy_claim c = claim_of(u, u * ONE_SHARD, 9999);
    assert_int_equal(claim(&c), u % 3 ? WY_INBOX_HOP : WY_INBOX_RUN);
    assert_int_equal(out.worker, u % 3 ? u : 9999);
    finish(&c, no_answer);
  }
  uint64_t crowded = stats().bytes;
  for (uint64_t u = 0; u < MANY; u++)
    if (u % 3) wy_inbox_release(x, claim_of(0, u * ONE_SHARD, 0).user);
  assert_int_equal(stats().users, 0);
  assert_true(stats().bytes < crowded); /* what the crowd took is given back */
}

/* --- time --- */

static void knows_a_push_until_its_time_is_over(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0);
  claim(&c);
  finish(&c, WY_STR("a"));
  c.now = c.until;
  assert_int_equal(claim(&c), WY_INBOX_ANSWERED);
  c.now = c.until + 1;
  c.until = c.now + WINDOW;
  assert_int_equal(claim(&c), WY_INBOX_RUN);
  finish(&c, no_answer);
  assert_int_equal(claim(&c), WY_INBOX_DONE); /* the younger one counts */
}

static void knows_it_as_long_as_its_latest_repetition(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0);
  claim(&c);
  c = again(c);
  c.now += 10;
  c.until += 10;
  assert_int_equal(claim(&c), WY_INBOX_JOIN);
  finish(&c, no_answer);
  c.now = c.until;
  assert_int_equal(claim(&c), WY_INBOX_DONE);
}

static void lets_a_nonce_go_with_its_time(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0), d = claim_of(2, 1, 0);
  claim(&c);
  d.nonce = c.nonce;
  d.now = c.until;
  assert_int_equal(claim(&d), WY_INBOX_REUSED);
  d.now = c.until + 1;
  d.until = d.now + WINDOW;
  assert_int_equal(claim(&d), WY_INBOX_RUN);
  c = again(c);
  c.nonce = d.nonce;
  c.now = d.now;
  assert_int_equal(claim(&c), WY_INBOX_REUSED); /* it is the other's now */
}

static void joins_what_runs_longer_than_its_time(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 5, 0);
  claim(&c);
  c.now = c.until + 100;
  c.until = c.now + WINDOW;
  for (uint64_t i = 2; i < 50; i++) { /* others of its shard do not take its place */
    wy_claim d = claim_of(i, 5, 0);
    d.now = c.now;
    d.until = c.until;
    assert_int_equal(claim(&d), WY_INBOX_RUN);
    finish(&d, no_answer);
  }
  c = again(c);
  assert_int_equal(claim(&c), WY_INBOX_JOIN);
}

static void reuses_places_whose_time_is_over(void **state) {
  (void)state;
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < 20000; i++) { /* 10 a second, so 3000 are known at a time */
    wy_claim c = claim_of(i, i, 0);
    c.now += (uint32_t)(i / 10);
    c.until = c.now + WINDOW;
    assert_int_equal(claim(&c), WY_INBOX_RUN);
    finish(&c, no_answer);
    if (i == 10000) bytes = stats().bytes;
  }
  assert_true(stats().bytes <= bytes + bytes / 4); /* a shard more may have needed to double */
  assert_int_equal(stats().evicted, 0);
  assert_true(stats().keys < 6000);
}

static void survives_a_clock_that_goes_back(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 1, 0);
  claim(&c);
  finish(&c, WY_STR("a"));
  for (uint64_t i = 2; i < 50000; i++) { /* an hour ago, and later again */
    wy_claim d = claim_of(i, i, 0);
    d.now -= i % 2 ? 3600 : 0;
    d.until = d.now + WINDOW;
    assert_int_equal(claim(&d), WY_INBOX_RUN);
    finish(&d, no_answer);
    d.now = NOW - 3600;
    assert_int_equal(claim(&d), WY_INBOX_DONE);
  }
  c.now -= 7200;
  assert_int_equal(claim(&c), WY_INBOX_ANSWERED);
}

/* --- bounds --- */

static void forgets_the_oldest_when_it_is_full(void **state) {
  (void)state;
  enum { MANY = 100000 };
  for (uint64_t i = 0; i < MANY; i++) {
    wy_claim c = claim_of(i, i, 0);
    assert_int_equal(claim(&c), WY_INBOX_RUN);
    finish(&c, WY_STR("some answer"));
    assert_int_equal(claim(&c), WY_INBOX_ANSWERED);
  }
  wy_inbox_stats s = stats();
  assert_true(s.bytes <= WY_INBOX_LEAST);
  assert_true(s.answer_bytes <= WY_INBOX_LEAST / 4);
  assert_true(s.keys > WY_INBOX_LEAST / 256); /* and uses what it has */
  assert_int_equal(s.keys + s.evicted, MANY);
}

static void keeps_the_youngest_of_each_shard(void **state) {
  (void)state;
  enum { MANY = 2000 };
  for (uint64_t i = 0; i < MANY; i++) {
    wy_claim c = claim_of(i, 5, 0);
    claim(&c);
    finish(&c, no_answer);
  }
  uint64_t keys = stats().keys;
  assert_true(keys >= 100 && keys < 1000);
  for (uint64_t i = MANY - keys; i < MANY; i++) {
    wy_claim c = claim_of(i, 5, 0);
    assert_int_equal(claim(&c), WY_INBOX_DONE);
  }
  wy_claim c = claim_of(MANY - keys - 1, 5, 0);
  assert_int_equal(claim(&c), WY_INBOX_RUN);
}

static void keeps_running_keys_when_it_is_full(void **state) {
  (void)state;
  wy_claim long_one = claim_of(1, 5, 0), undone = claim_of(2, 5, 0);
  claim(&long_one);
  claim(&undone);
  wy_inbox_undo(x, &undone.key, undone.user);
  for (uint64_t i = 10; i < 70010; i++) { /* more than numbers have */
    wy_claim c = claim_of(i, 5, 0);
    assert_int_equal(claim(&c), WY_INBOX_RUN);
    finish(&c, no_answer);
  }
  wy_inbox_stats s = stats();
  assert_int_equal(s.keys + s.evicted, 70000 + 1);
  long_one = again(long_one);
  assert_int_equal(claim(&long_one), WY_INBOX_JOIN);
  finish(&long_one, WY_STR("at last"));
  assert_int_equal(claim(&long_one), WY_INBOX_ANSWERED);
}

static void does_without_room_when_all_run(void **state) {
  (void)state;
  enum { MANY = 5000 };
  for (uint64_t i = 0; i < MANY; i++) {
    wy_claim c = claim_of(i, 5, 0);
    assert_int_equal(claim(&c), WY_INBOX_RUN);
    assert_int_equal(out.in_flight, i);
    assert_int_equal(claim(&c), WY_INBOX_JOIN);
  }
  assert_true(stats().evicted > MANY - 1000);
  for (uint64_t i = 0; i < MANY; i++) { /* also of those that it has forgotten */
    wy_claim c = claim_of(i, 5, 0);
    finish(&c, WY_STR("a"));
  }
  assert_int_equal(stats().users, 0);
}

/* A model says what must be known: within a shard, the last of any that were not undone. */
static void finds_all_it_knows_under_load(void **state) {
  (void)state;
  enum { ROUNDS = 60000, LIVE = 1000 };
  for (uint64_t i = 0; i < ROUNDS; i++) {
    wy_claim c = claim_of(i, 5 + i % 7 * ONE_SHARD, 0);
    assert_int_equal(claim(&c), WY_INBOX_RUN);
    if (i % 5 == 0) wy_inbox_undo(x, &c.key, c.user);
    else finish(&c, no_answer);
    uint64_t old = i - spread(i) % (i < LIVE ? i + 1 : LIVE);
    c = again(claim_of(old, 5 + old % 7 * ONE_SHARD, 0));
    if (old % 5 == 0) continue;
    assert_int_equal(claim(&c), WY_INBOX_DONE);
  }
}

/* --- answers --- */

static void loses_answers_that_were_overwritten(void **state) {
  (void)state;
  enum { MANY = 2000, SIZE = 300, SHARE = 4194304 / 16 };
  char text[SIZE];
  uint64_t kept = 0;
  for (uint64_t i = 0; i < MANY; i++) {
    wy_claim c = claim_of(i, 5, 0);
    memset(text, (int)('a' + i % 26), SIZE);
    claim(&c);
    finish(&c, (wy_str){text, SIZE - i % 100});
  }
  bool gone = false;
  for (uint64_t i = MANY; i-- > 0;) {
    wy_claim c = claim_of(i, 5, 0);
    wy_verdict v = claim(&c);
    assert_int_equal(v, gone ? WY_INBOX_DONE : v); /* none is older than one that is lost */
    if (v == WY_INBOX_DONE) gone = true;
    if (v != WY_INBOX_ANSWERED) continue;
    kept++;
    assert_int_equal(answer.n, SIZE - i % 100);
    memset(text, (int)('a' + i % 26), SIZE);
    assert_memory_equal(answer.p, text, answer.n);
  }
  assert_true(kept >= SHARE / (SIZE + 16) - 1);
  assert_true(gone);
  assert_int_equal(stats().answer_bytes, SHARE);
}

static void does_not_keep_what_is_larger_than_its_share(void **state) {
  (void)state;
  static char text[65536];
  memset(text, 'x', sizeof text);
  wy_claim c = claim_of(1, 5, 0), most = claim_of(2, 5, 0), small = claim_of(3, 5, 0);
  claim(&c);
  claim(&most);
  claim(&small);
  finish(&small, WY_STR("small"));
  finish(&c, (wy_str){text, 65536});
  assert_int_equal(claim(&c), WY_INBOX_DONE);
  assert_int_equal(claim(&small), WY_INBOX_ANSWERED); /* it has cost nobody his answer */
  finish(&most, (wy_str){text, 65535});
  assert_int_equal(claim(&most), WY_INBOX_ANSWERED);
  assert_int_equal(answer.n, 65535);
  assert_int_equal(claim(&small), WY_INBOX_ANSWERED);
}

/* --- memory --- */

static void takes_memory_as_it_is_used(void **state) {
  (void)state;
  assert_true(stats().bytes <= 16384);
  wy_claim c = claim_of(1, 1, 0);
  claim(&c);
  finish(&c, WY_STR("hello"));
  assert_true(stats().bytes <= 131072);
}

static void never_takes_more_than_it_was_given(void **state) {
  (void)state;
  enum { MANY = 1000000 };
  static const char text[300];
  for (uint64_t i = 0; i < MANY; i++) {
    wy_claim c = claim_of(i, spread(i), 0);
    assert_int_equal(claim(&c), WY_INBOX_RUN);
    finish(&c, (wy_str){text, sizeof text});
  }
  assert_true(stats().bytes <= BIG);
  assert_true(stats().bytes > BIG - BIG / 8);
  assert_true(stats().evicted > 0);
}

static void wants_a_least_size(void **state) {
  (void)state;
  wy_inbox *none;
  assert_int_equal(wy_inbox_new(&none, WY_INBOX_LEAST - 1, 1), WY_E_ARG);
  assert_null(none);
  wy_inbox_free(none);
}

#ifdef CAN_STARVE
static void goes_on_with_what_it_has_when_memory_fails(void **state) {
  (void)state;
  enum { FIRST = 1024, MORE = 2000 }; /* a first table's entries; what comes without memory */
  for (uint64_t i = 0; i < 8; i++) {
    wy_claim c = claim_of(i, 5, 0);
    c.nonce = c.nonce << 8 | 5;
    claim(&c);
    finish(&c, WY_STR("answer"));
  }
  starved = true;
  for (uint64_t i = 100; i < 100 + MORE; i++) {
    wy_claim c = claim_of(i, 5, 0);
    c.nonce = c.nonce << 8 | 5;
    wy_verdict v = claim(&c);
    finish(&c, WY_STR("another answer"));
    wy_verdict repeated = claim(&c);
    starved = false;
    assert_int_equal(v, WY_INBOX_RUN);
    assert_int_equal(repeated, WY_INBOX_ANSWERED);
    starved = true;
  }
  starved = false;
  assert_int_equal(stats().keys, FIRST);
  assert_int_equal(stats().evicted, MORE + 8 - FIRST);
}

static void records_nothing_without_any_memory(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 5, 0);
  starved = true;
  wy_verdict v = claim(&c);
  finish(&c, WY_STR("a"));
  starved = false;
  assert_int_equal(v, WY_INBOX_NOMEM);
  assert_int_equal(stats().keys, 0);
  assert_int_equal(stats().users, 0);
  assert_int_equal(claim(&c), WY_INBOX_RUN);
}

static void keeps_no_answer_without_memory_for_it(void **state) {
  (void)state;
  wy_claim c = claim_of(1, 5, 0);
  claim(&c);
  starved = true;
  finish(&c, WY_STR("a"));
  starved = false;
  assert_int_equal(claim(&c), WY_INBOX_DONE);
  assert_int_equal(stats().users, 0);
}

static void claims_nobody_without_memory_for_him(void **state) {
  (void)state;
  for (uint64_t u = 0; u < 7; u++) { /* as many as the first array takes */
    wy_claim c = claim_of(u, u * ONE_SHARD, 0);
    c.nonce <<= 8;
    starved = u > 5;
    wy_verdict v = claim(&c);
    starved = false;
    assert_int_equal(v, WY_INBOX_RUN);
  }
  wy_claim c = claim_of(7, 7 * ONE_SHARD, 0);
  c.nonce <<= 8;
  starved = true;
  wy_verdict v = claim(&c);
  starved = false;
  assert_int_equal(v, WY_INBOX_NOMEM);
  assert_int_equal(stats().users, 7);
  assert_int_equal(stats().keys, 7);
  assert_int_equal(claim(&c), WY_INBOX_RUN);
}
#endif

/* --- threads --- */

enum { THREADS = 2, EACH = 40000, CROWD = 50 };

typedef struct hammer {
  pthread_t thread;
  unsigned worker;
  uint64_t run, hop, known, wrong;
} hammer;

/* Both claim the same pushes of the same few users; of each push one is told to run it. */
static void *hammers(void *data) {
  hammer *h = data;
  wy_buf got;
  wy_buf_init(&got, 1024);
  for (uint64_t i = 0; i < EACH; i++) {
    wy_claim c = claim_of(i, i % CROWD, h->worker);
    wy_claimed told;
    wy_buf_clear(&got);
    switch (wy_inbox_claim(x, &c, &told, &got)) {
      case WY_INBOX_RUN:
        h->run++;
        h->wrong += told.worker != h->worker;
        wy_inbox_finish(x, &c.key, c.user, WY_STR("answer"), false);
        wy_inbox_release(x, c.user);
        break;
      case WY_INBOX_HOP:
        h->hop++;
        h->wrong += told.worker == h->worker;
        wy_inbox_finish(x, &c.key, c.user, WY_STR("answer"), true);
        break;
      case WY_INBOX_ANSWERED:
        h->known++;
        h->wrong += !wy_str_eq(wy_buf_view(&got), WY_STR("answer"));
        break;
      case WY_INBOX_JOIN:
      case WY_INBOX_DONE: h->known++; break;
      default: h->wrong++;
    }
  }
  wy_buf_deinit(&got);
  return NULL;
}

static void serves_threads_at_once(void **state) {
  (void)state;
  hammer h[THREADS] = {{.worker = 0}, {.worker = 1}};
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&h[i].thread, NULL, hammers, &h[i]), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(h[i].thread, NULL);
  assert_int_equal(h[0].wrong + h[1].wrong, 0);
  assert_int_equal(h[0].run + h[0].hop + h[1].run + h[1].hop, EACH); /* each once */
  assert_int_equal(h[0].known + h[1].known, EACH);
  assert_int_equal(stats().users, 0);
  assert_int_equal(stats().keys, EACH);
}

#define spec(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define small_spec(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      spec(runs_a_new_push_where_it_arrived),
      spec(hops_to_the_worker_that_has_the_user),
      spec(frees_the_user_with_the_last_that_is_finished),
      spec(joins_a_repetition_to_what_runs),
      spec(gives_the_answer_again),
      spec(knows_what_was_finished_without_an_answer),
      spec(is_done_when_the_buffer_has_no_room),
      spec(forgets_the_answers_to_one_user),
      spec(refuses_a_nonce_that_came_with_another_push),
      spec(tells_users_apart_who_share_a_msgid),
      spec(forgets_what_is_undone),
      spec(keeps_the_user_of_a_parked_conversation),
      spec(counts_many_users_of_one_shard),
      spec(knows_a_push_until_its_time_is_over),
      spec(knows_it_as_long_as_its_latest_repetition),
      spec(lets_a_nonce_go_with_its_time),
      spec(joins_what_runs_longer_than_its_time),
      spec(reuses_places_whose_time_is_over),
      spec(survives_a_clock_that_goes_back),
      small_spec(forgets_the_oldest_when_it_is_full),
      small_spec(keeps_the_youngest_of_each_shard),
      small_spec(keeps_running_keys_when_it_is_full),
      small_spec(does_without_room_when_all_run),
      spec(finds_all_it_knows_under_load),
      spec(loses_answers_that_were_overwritten),
      spec(does_not_keep_what_is_larger_than_its_share),
      spec(takes_memory_as_it_is_used),
      spec(never_takes_more_than_it_was_given),
      spec(wants_a_least_size),
#ifdef CAN_STARVE
      spec(goes_on_with_what_it_has_when_memory_fails),
      spec(records_nothing_without_any_memory),
      spec(keeps_no_answer_without_memory_for_it),
      spec(claims_nobody_without_memory_for_him),
#endif
      spec(serves_threads_at_once),
  };
  return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
