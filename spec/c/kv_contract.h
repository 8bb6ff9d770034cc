/* What every store keeps to: one table of cases, run against each backend (kv_test.c and those
 * that need a server). A case gets an open store of its own, which is empty. */
#ifndef SPEC_C_KV_CONTRACT_H
#define SPEC_C_KV_CONTRACT_H

#include "kv_rig.h"

typedef struct contract_case {
  const char *name;
  void (*run)(kv_rig *r);
} contract_case;

static wy_kv_question with_ttl(wy_kv_question q, uint64_t ttl) {
  q.ttl = ttl;
  return q;
}

static wy_kv_question on(wy_kv_verb verb, wy_str key) {
  return (wy_kv_question){.verb = verb, .key = key};
}

static wy_kv_question adding(wy_str key, wy_str value, uint64_t ttl) {
  return (wy_kv_question){.verb = WY_KV_ADD, .key = key, .value = value, .ttl = ttl};
}

static wy_kv_question cas(wy_str key, wy_str old, wy_str new) {
  return (wy_kv_question){.verb = WY_KV_CAS, .key = key, .old = old, .value = new};
}

static const wy_str nothing = {NULL, 0};

/* --- values --- */

static void gives_back_what_was_set(kv_rig *r) {
  assert_absent(r, 0, WY_STR("a"));
  set(r, WY_STR("a"), WY_STR("one"));
  assert_is(r, 0, WY_STR("a"), WY_STR("one"));
  assert_is(r, 1, WY_STR("a"), WY_STR("one")); /* to every client */
  set(r, WY_STR("a"), WY_STR("two"));
  assert_is(r, 1, WY_STR("a"), WY_STR("two"));
}

static void keys_and_values_are_any_bytes(kv_rig *r) {
  static const char all[] = "\0\xff\r\n'\"%\\\xe4\xb8";
  const wy_str odd = {all, sizeof all - 1}, other = {all, sizeof all - 2};
  set(r, odd, other);
  set(r, other, odd);
  assert_is(r, 0, odd, other);
  assert_is(r, 0, other, odd);
  set(r, WY_STR("empty"), WY_STR(""));
  assert_is(r, 0, WY_STR("empty"), WY_STR(""));
}

static void large_values_are_whole(kv_rig *r) {
  char key[WY_KV_KEY_MAX + 1];
  char *value = malloc(WY_KV_VALUE_MAX + 1);
  assert_non_null(value);
  for (size_t i = 0; i <= WY_KV_VALUE_MAX; i++) value[i] = (char)(i * 7 + i / 251);
  memset(key, 'k', sizeof key);
  const wy_str k = {key, WY_KV_KEY_MAX}, v = {value, WY_KV_VALUE_MAX};
  set(r, k, v);
  assert_is(r, 1, k, v);
  assert_int_equal(error_of(r, 0, SET(k, ((wy_str){value, WY_KV_VALUE_MAX + 1}))),
                   WY_E_STORE_LARGE);
  assert_int_equal(error_of(r, 0, SET(((wy_str){key, sizeof key}), v)), WY_E_STORE_LARGE);
  assert_is(r, 0, k, v);
  free(value);
}

static void adds_only_what_is_absent(kv_rig *r) {
  assert_true(is_yes(r, 0, adding(WY_STR("a"), WY_STR("1"), 0)));
  assert_false(is_yes(r, 1, adding(WY_STR("a"), WY_STR("2"), 0)));
  assert_is(r, 0, WY_STR("a"), WY_STR("1"));
}

static void deletes(kv_rig *r) {
  set(r, WY_STR("a"), WY_STR("1"));
  assert_true(is_yes(r, 1, on(WY_KV_DEL, WY_STR("a"))));
  assert_false(is_yes(r, 0, on(WY_KV_DEL, WY_STR("a"))));
  assert_absent(r, 0, WY_STR("a"));
}

/* --- compare and set --- */

static void assert_cas(kv_rig *r, wy_str old, wy_str new, bool yes, const char *current) {
  asked a;
  get_answer(r, 0, &a, cas(WY_STR("a"), old, new));
  assert_int_equal(a.answer.err, 0);
  assert_int_equal(a.answer.yes, yes);
  if (!yes) assert_int_equal(a.answer.has_value, current != NULL);
  if (!yes && current) assert_true(wy_str_eq(wy_buf_view(&a.answer.value), wy_str_of(current)));
  drop(&a);
}

static void compares_before_it_sets(kv_rig *r) {
  assert_cas(r, WY_STR("1"), WY_STR("2"), false, NULL);
  assert_cas(r, nothing, WY_STR("1"), true, NULL);
  assert_cas(r, nothing, WY_STR("2"), false, "1");
  assert_cas(r, WY_STR(""), WY_STR("2"), false, "1"); /* empty is not absent */
  assert_cas(r, WY_STR("1"), WY_STR("2"), true, NULL);
  assert_is(r, 0, WY_STR("a"), WY_STR("2"));
  assert_cas(r, WY_STR("2"), nothing, true, NULL);
  assert_absent(r, 0, WY_STR("a"));
  assert_cas(r, nothing, nothing, true, NULL);
}

static void of_two_that_race_one_wins(kv_rig *r) {
  for (int i = 0; i < 50; i++) {
    asked a, b;
    set(r, WY_STR("a"), WY_STR("0"));
    ask(r, 0, &a, cas(WY_STR("a"), WY_STR("0"), WY_STR("left")));
    ask(r, 1, &b, cas(WY_STR("a"), WY_STR("0"), WY_STR("right")));
    wait_for(r, &a);
    wait_for(r, &b);
    assert_true(a.answer.yes != b.answer.yes);
    const char *won = a.answer.yes ? "left" : "right";
    const asked *lost = a.answer.yes ? &b : &a;
    assert_true(wy_str_eq(wy_buf_view(&lost->answer.value), wy_str_of(won)));
    assert_is(r, 0, WY_STR("a"), wy_str_of(won));
    drop(&a);
    drop(&b);
  }
}

/* --- numbers --- */

static int64_t sum_of(kv_rig *r, wy_str key, int64_t by, uint64_t ttl) {
  asked a;
  get_answer(r, 0, &a, (wy_kv_question){.verb = WY_KV_INCR, .key = key, .number = by, .ttl = ttl});
  assert_int_equal(a.answer.err, 0);
  drop(&a);
  return a.answer.number;
}

static void counts(kv_rig *r) {
  assert_int_equal(sum_of(r, WY_STR("n"), 5, 0), 5);
  assert_int_equal(sum_of(r, WY_STR("n"), -7, 0), -2);
  assert_is(r, 0, WY_STR("n"), WY_STR("-2"));
  set(r, WY_STR("n"), WY_STR("40"));
  assert_int_equal(sum_of(r, WY_STR("n"), 2, 0), 42);
}

static void what_is_no_number_does_not_count(kv_rig *r) {
  const wy_kv_question by_one = {.verb = WY_KV_INCR, .key = WY_STR("n"), .number = 1};
  set(r, WY_STR("n"), WY_STR("4x"));
  assert_int_equal(error_of(r, 0, by_one), WY_E_STORE_NUMBER);
  assert_is(r, 0, WY_STR("n"), WY_STR("4x"));
  set(r, WY_STR("n"), WY_STR("9223372036854775807"));
  assert_int_equal(error_of(r, 0, by_one), WY_E_STORE_NUMBER);
  assert_is(r, 0, WY_STR("n"), WY_STR("9223372036854775807"));
  assert_int_equal(sum_of(r, WY_STR("n"), -1, 0), INT64_MAX - 1);
}

/* --- time to live --- */

static void is_absent_when_its_time_is_over(kv_rig *r) {
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("a"), WY_STR("1")), 1000)));
  advance(r, 999);
  assert_is(r, 1, WY_STR("a"), WY_STR("1"));
  advance(r, 1);
  assert_absent(r, 1, WY_STR("a"));
  assert_false(is_yes(r, 0, on(WY_KV_DEL, WY_STR("a"))));
}

static void what_is_over_is_in_nobodys_way(kv_rig *r) {
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("a"), WY_STR("7")), 10)));
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("b"), WY_STR("7")), 10)));
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("c"), WY_STR("7")), 10)));
  advance(r, 10);
  assert_true(is_yes(r, 0, adding(WY_STR("a"), WY_STR("new"), 0)));
  assert_is(r, 0, WY_STR("a"), WY_STR("new"));
  assert_int_equal(sum_of(r, WY_STR("b"), 1, 0), 1);
  assert_false(is_yes(r, 0, cas(WY_STR("c"), WY_STR("7"), WY_STR("8"))));
  assert_true(is_yes(r, 0, cas(WY_STR("c"), nothing, WY_STR("8"))));
}

static void a_set_begins_the_time_anew(kv_rig *r) {
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("a"), WY_STR("1")), 1000)));
  advance(r, 600);
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("a"), WY_STR("2")), 1000)));
  advance(r, 600);
  assert_is(r, 0, WY_STR("a"), WY_STR("2"));
  set(r, WY_STR("a"), WY_STR("3")); /* for ever */
  advance(r, 100000);
  assert_is(r, 0, WY_STR("a"), WY_STR("3"));
}

static void a_sum_keeps_the_time_of_its_first(kv_rig *r) {
  sum_of(r, WY_STR("n"), 1, 1000);
  advance(r, 600);
  sum_of(r, WY_STR("n"), 1, 1000);
  advance(r, 400);
  assert_absent(r, 0, WY_STR("n"));
}

/* --- ranges --- */

static void fill(kv_rig *r) {
  static const char *const keys[] = {"p/b", "p/a", "p/c", "p", "q/a", "p0", "o/z", "p/\xff\xff"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    set(r, wy_str_of(keys[i]), wy_str_of(keys[i]));
}

/* The keys of a page, apart by blanks, and whether there is more. */
static bool page(kv_rig *r, wy_str prefix, wy_str after, int64_t limit, char out[512]) {
  asked a;
  wy_str key, value;
  get_answer(r, 0, &a,
             (wy_kv_question){.verb = WY_KV_SCAN, .key = prefix, .after = after, .number = limit});
  assert_int_equal(a.answer.err, 0);
  wy_str rest = wy_buf_view(&a.answer.value);
  out[0] = '\0';
  while (wy_kv_pair(&rest, &key, &value)) {
    assert_true(wy_str_eq(key, value));
    size_t n = strlen(out);
    snprintf(out + n, 512 - n, "%s%.*s", n ? " " : "", (int)key.n, key.p);
  }
  drop(&a);
  return a.answer.more;
}

static void scans_a_prefix_in_order(kv_rig *r) {
  char keys[512];
  fill(r);
  assert_false(page(r, WY_STR("p/"), nothing, 100, keys));
  assert_string_equal(keys, "p/a p/b p/c p/\xff\xff");
  assert_false(page(r, WY_STR("none"), nothing, 100, keys));
  assert_string_equal(keys, "");
  assert_false(page(r, WY_STR(""), nothing, 100, keys));
  assert_string_equal(keys, "o/z p p/a p/b p/c p/\xff\xff p0 q/a");
}

static void scans_page_by_page(kv_rig *r) {
  char keys[512];
  fill(r);
  assert_true(page(r, WY_STR("p/"), nothing, 2, keys));
  assert_string_equal(keys, "p/a p/b");
  assert_false(page(r, WY_STR("p/"), WY_STR("p/b"), 2, keys));
  assert_string_equal(keys, "p/c p/\xff\xff");
  assert_false(page(r, WY_STR("p/"), WY_STR("p/aa"), 9, keys)); /* of no key */
  assert_string_equal(keys, "p/b p/c p/\xff\xff");
  assert_false(page(r, WY_STR("p/"), WY_STR("a"), 9, keys)); /* before the prefix */
  assert_string_equal(keys, "p/a p/b p/c p/\xff\xff");
}

static void a_scan_leaves_out_what_is_over(kv_rig *r) {
  char keys[512];
  fill(r);
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("p/b"), WY_STR("p/b")), 10)));
  advance(r, 10);
  assert_false(page(r, WY_STR("p/"), nothing, 100, keys));
  assert_string_equal(keys, "p/a p/c p/\xff\xff");
}

static void deletes_a_prefix(kv_rig *r) {
  asked a;
  char keys[512];
  fill(r);
  assert_true(is_yes(r, 0, with_ttl(SET(WY_STR("p/b"), WY_STR("x")), 10)));
  advance(r, 10);
  get_answer(r, 1, &a, on(WY_KV_DEL_PREFIX, WY_STR("p/")));
  assert_int_equal(a.answer.err, 0);
  assert_int_equal(a.answer.number, 3); /* what was over is not counted */
  drop(&a);
  assert_false(page(r, WY_STR(""), nothing, 100, keys));
  assert_string_equal(keys, "o/z p p0 q/a");
}

/* --- locks --- */

static wy_kv_question locking(const char *name, uint64_t ttl, uint64_t wait) {
  return (wy_kv_question){.verb = WY_KV_LOCK, .key = wy_str_of(name), .ttl = ttl, .wait = wait};
}

static wy_kv_question holding(wy_kv_verb verb, const char *name, int64_t fence, uint64_t ttl) {
  return (wy_kv_question){.verb = verb, .key = wy_str_of(name), .number = fence, .ttl = ttl};
}

/* The fence; 0: it was not got. */
static int64_t fence_of(kv_rig *r, int client, wy_kv_question q) {
  asked a;
  get_answer(r, client, &a, q);
  assert_int_equal(a.answer.err, 0);
  drop(&a);
  return a.answer.yes ? a.answer.number : 0;
}

static void a_lock_is_one_holders(kv_rig *r) {
  int64_t first = fence_of(r, 0, locking("l", 1000, 0));
  assert_true(first > 0);
  assert_int_equal(fence_of(r, 1, locking("l", 1000, 0)), 0);
  assert_true(fence_of(r, 1, locking("other", 1000, 0)) > 0);
  assert_false(is_yes(r, 1, holding(WY_KV_UNLOCK, "l", first + 1000, 0)));
  assert_true(is_yes(r, 1, holding(WY_KV_UNLOCK, "l", first, 0)));
  assert_false(is_yes(r, 1, holding(WY_KV_UNLOCK, "l", first, 0)));
  assert_true(fence_of(r, 1, locking("l", 1000, 0)) > first);
}

static void fences_only_grow(kv_rig *r) {
  int64_t last = 0;
  for (int i = 0; i < 5; i++) {
    int64_t fence = fence_of(r, i % 2, locking("l", 1000, 0));
    assert_true(fence > last);
    last = fence;
    if (i % 2) advance(r, 1000);
    else assert_true(is_yes(r, 0, holding(WY_KV_UNLOCK, "l", fence, 0)));
  }
}

static void a_lock_ends_with_its_time(kv_rig *r) {
  int64_t fence = fence_of(r, 0, locking("l", 1000, 0));
  advance(r, 600);
  assert_true(is_yes(r, 0, holding(WY_KV_EXTEND, "l", fence, 1000)));
  advance(r, 999);
  assert_int_equal(fence_of(r, 1, locking("l", 1000, 0)), 0);
  advance(r, 1);
  assert_false(is_yes(r, 0, holding(WY_KV_EXTEND, "l", fence, 1000)));
  assert_true(fence_of(r, 1, locking("l", 1000, 0)) > fence);
}

static wy_kv_question fenced(wy_str value, int64_t fence) {
  return (wy_kv_question){.verb = WY_KV_SET_FENCED,
                          .key = WY_STR("a"),
                          .value = value,
                          .lock = WY_STR("l"),
                          .number = fence};
}

static void who_has_lost_the_lock_writes_nothing(kv_rig *r) {
  int64_t first = fence_of(r, 0, locking("l", 1000, 0));
  assert_true(is_yes(r, 0, fenced(WY_STR("1"), first)));
  assert_is(r, 1, WY_STR("a"), WY_STR("1"));
  advance(r, 1000);
  assert_false(is_yes(r, 0, fenced(WY_STR("2"), first))); /* over, though nobody else has it */
  int64_t second = fence_of(r, 1, locking("l", 1000, 0));
  assert_false(is_yes(r, 0, fenced(WY_STR("3"), first)));
  assert_is(r, 1, WY_STR("a"), WY_STR("1"));
  assert_true(is_yes(r, 1, fenced(WY_STR("4"), second)));
  assert_is(r, 0, WY_STR("a"), WY_STR("4"));
}

static void waiters_get_a_lock_in_turn(kv_rig *r) {
  enum { N = 5 };
  asked waiting[N];
  int64_t fence = fence_of(r, 0, locking("l", 60000, 0));
  for (int i = 0; i < N; i++) ask(r, i % 2, &waiting[i], locking("l", 60000, 50000));
  advance(r, 1000);
  for (int i = 0; i < N; i++) {
    assert_false(waiting[i].done);
    assert_true(is_yes(r, 0, holding(WY_KV_UNLOCK, "l", fence, 0)));
    advance(r, 500);
    assert_true(waiting[i].done && waiting[i].answer.yes);
    assert_true(waiting[i].answer.number > fence);
    fence = waiting[i].answer.number;
    for (int k = i + 1; k < N; k++) assert_false(waiting[k].done);
  }
}

static void a_waiter_gets_a_lock_whose_time_is_over(kv_rig *r) {
  asked a;
  fence_of(r, 0, locking("l", 1000, 0));
  ask(r, 1, &a, locking("l", 1000, 5000));
  advance(r, 990);
  assert_false(a.done);
  advance(r, 210); /* who polls is up to 100 ms late */
  assert_true(a.done && a.answer.yes);
}

static void who_waits_too_long_gets_none(kv_rig *r) {
  asked a, b;
  fence_of(r, 0, locking("l", 60000, 0));
  ask(r, 0, &a, locking("l", 1000, 2000));
  ask(r, 1, &b, locking("l", 1000, 1000)); /* behind, and for a shorter time */
  advance(r, 900);
  assert_false(a.done || b.done);
  advance(r, 200);
  assert_true(b.done && !b.answer.yes && !b.answer.err);
  assert_false(a.done);
  advance(r, 1200);
  assert_true(a.done && !a.answer.yes && !a.answer.err);
}

static void a_cancelled_waiter_makes_room(kv_rig *r) {
  asked a, b;
  int64_t fence = fence_of(r, 0, locking("l", 60000, 0));
  ask(r, 0, &a, locking("l", 60000, 50000));
  ask(r, 1, &b, locking("l", 60000, 50000));
  advance(r, 100);
  wy_kv_cancel(a.op);
  assert_true(is_yes(r, 0, holding(WY_KV_UNLOCK, "l", fence, 0)));
  advance(r, 500);
  assert_false(a.done);
  assert_true(b.done && b.answer.yes);
}

static void a_lock_that_nobody_wants_any_more_is_free(kv_rig *r) {
  asked a;
  ask(r, 0, &a, locking("l", 60000, 0));
  wy_kv_cancel(a.op); /* on its way */
  advance(r, 500);
  assert_false(a.done);
  assert_true(fence_of(r, 1, locking("l", 1000, 0)) > 0);
}

/* --- cancelling, closing --- */

static void a_cancelled_operation_says_nothing(kv_rig *r) {
  asked a, b, c;
  set(r, WY_STR("a"), WY_STR("1"));
  ask(r, 0, &a, GET(WY_STR("a")));
  ask(r, 0, &b, SET(WY_STR("b"), WY_STR("2")));
  ask(r, 0, &c, GET(WY_STR("a")));
  wy_kv_cancel(a.op);
  wy_kv_cancel(b.op);
  wait_for(r, &c);
  drop(&c);
  settle(r);
  assert_false(a.done || b.done);
  assert_is(r, 0, WY_STR("a"), WY_STR("1"));
}

static void many_at_once_are_all_answered(kv_rig *r) {
  enum { N = 1000 };
  asked *all = calloc(N, sizeof *all);
  assert_non_null(all);
  for (int i = 0; i < N; i++)
    ask(r, i % 2, &all[i], (wy_kv_question){.verb = WY_KV_INCR, .key = WY_STR("n"), .number = 1});
  bool seen[N] = {false};
  for (int i = 0; i < N; i++) {
    wait_for(r, &all[i]);
    assert_int_equal(all[i].answer.err, 0);
    int64_t n = all[i].answer.number;
    assert_true(n >= 1 && n <= N && !seen[n - 1]);
    seen[n - 1] = true;
    drop(&all[i]);
  }
  free(all);
}

static void more_than_a_queue_holds_is_refused(kv_rig *r) {
  asked *all = calloc(WY_KV_QUEUE_MAX + 1, sizeof *all);
  assert_non_null(all);
  int n = 0, err = 0;
  wy_kv_stats stats;
  while (n <= WY_KV_QUEUE_MAX && !err)
    err = try_ask(r, 0, &all[n++], SET(WY_STR("a"), WY_STR("1")));
  if (err) n--;
  assert_true(err == 0 || err == WY_E_STORE_BUSY); /* who is fast has no queue */
  for (int i = 0; i < n; i++) {
    wait_for(r, &all[i]);
    assert_int_equal(all[i].answer.err, 0);
    drop(&all[i]);
  }
  wy_kv_stats_read(r->kv, &stats);
  assert_int_equal(stats.queue, 0);
  assert_int_equal(stats.ops[WY_KV_SET], n);
  set(r, WY_STR("a"), WY_STR("2"));
  free(all);
}

#define CASE(name) \
  { #name, name }

static const contract_case contract[] = {
    CASE(gives_back_what_was_set),
    CASE(keys_and_values_are_any_bytes),
    CASE(large_values_are_whole),
    CASE(adds_only_what_is_absent),
    CASE(deletes),
    CASE(compares_before_it_sets),
    CASE(of_two_that_race_one_wins),
    CASE(counts),
    CASE(what_is_no_number_does_not_count),
    CASE(is_absent_when_its_time_is_over),
    CASE(what_is_over_is_in_nobodys_way),
    CASE(a_set_begins_the_time_anew),
    CASE(a_sum_keeps_the_time_of_its_first),
    CASE(scans_a_prefix_in_order),
    CASE(scans_page_by_page),
    CASE(a_scan_leaves_out_what_is_over),
    CASE(deletes_a_prefix),
    CASE(a_lock_is_one_holders),
    CASE(fences_only_grow),
    CASE(a_lock_ends_with_its_time),
    CASE(who_has_lost_the_lock_writes_nothing),
    CASE(waiters_get_a_lock_in_turn),
    CASE(a_waiter_gets_a_lock_whose_time_is_over),
    CASE(who_waits_too_long_gets_none),
    CASE(a_cancelled_waiter_makes_room),
    CASE(a_lock_that_nobody_wants_any_more_is_free),
    CASE(a_cancelled_operation_says_nothing),
    CASE(many_at_once_are_all_answered),
    CASE(more_than_a_queue_holds_is_refused),
};

#undef CASE

enum { CONTRACT = sizeof contract / sizeof *contract };

/* Fills one test for each case, named "BACKEND: CASE"; each gets `state`. */
static inline void contract_tests(struct CMUnitTest *out, const char *backend, char names[][96],
                                  CMUnitTestFunction run, void *states, size_t size) {
  for (size_t i = 0; i < CONTRACT; i++) {
    snprintf(names[i], 96, "%s: %s", backend, contract[i].name);
    out[i] = (struct CMUnitTest){names[i], run, NULL, NULL, (char *)states + i * size};
  }
}

#endif
