/* dict: what is kept, for how long, what goes first, within how many bytes; and threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/err.h"
#include "store/dict.h"

enum { TEXT = WY_DICT_OTHER, ONE_SHARD = 64 * 1024 };

static wy_dict *make(size_t bytes) {
  wy_dict *d = NULL;
  assert_int_equal(wy_dict_new(&d, bytes), 0);
  return d;
}

static wy_str number_key(char key[16], int n) {
  return (wy_str){key, (size_t)snprintf(key, 16, "key%d", n)};
}

static bool has(wy_dict *d, wy_str key, uint64_t now) {
  uint64_t left;
  return wy_dict_ttl(d, key, now, &left) == 0;
}

static void assert_value(wy_dict *d, wy_str key, uint64_t now, wy_str want, uint8_t want_type) {
  wy_buf value;
  uint8_t type = 255;
  wy_buf_init(&value, 1 << 20);
  assert_int_equal(wy_dict_get(d, key, now, &value, &type), 0);
  assert_int_equal(type, want_type);
  assert_true(wy_str_eq(wy_buf_view(&value), want));
  wy_buf_deinit(&value);
}

static int set_text(wy_dict *d, wy_str key, wy_str value) {
  return wy_dict_set(d, key, value, TEXT, 0, 0);
}

static void gives_back_what_was_set(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  wy_buf none;
  uint8_t type;
  wy_buf_init(&none, 16);
  assert_int_equal(wy_dict_get(d, WY_STR("a"), 0, &none, &type), WY_E_DICT_ABSENT);
  assert_int_equal(set_text(d, WY_STR("a"), WY_STR("one")), 0);
  assert_value(d, WY_STR("a"), 0, WY_STR("one"), TEXT);
  assert_int_equal(set_text(d, WY_STR("a"), WY_STR("two")), 0);
  assert_value(d, WY_STR("a"), 0, WY_STR("two"), TEXT);
  assert_int_equal(wy_dict_set(d, WY_STR("a"), WY_STR("longer"), TEXT + 1, 0, 0), 0);
  assert_value(d, WY_STR("a"), 0, WY_STR("longer"), TEXT + 1);
  assert_int_equal(set_text(d, WY_STR("a"), WY_STR("")), 0);
  assert_value(d, WY_STR("a"), 0, WY_STR(""), TEXT);
  assert_int_equal(wy_dict_stats_of(d).entries, 1);
  assert_true(wy_dict_delete(d, WY_STR("a"), 0));
  assert_false(wy_dict_delete(d, WY_STR("a"), 0));
  assert_false(has(d, WY_STR("a"), 0));
  wy_dict_free(d);
}

static void takes_any_bytes(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  const wy_str keys[] = {WY_STR(""),         WY_STR("\0"),       WY_STR("\0\0"),
                         WY_STR("a\0b"),     WY_STR("a\0c"),     WY_STR("\xFF\xFE"),
                         WY_STR("12345678"), WY_STR("1234567\0")};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    assert_int_equal(set_text(d, keys[i], keys[i]), 0);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    assert_value(d, keys[i], 0, keys[i], TEXT);
  wy_dict_free(d);
}

static void fails_a_buffer_that_is_too_small(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  wy_buf small;
  uint8_t type;
  wy_buf_init(&small, 2);
  set_text(d, WY_STR("a"), WY_STR("three"));
  assert_int_equal(wy_dict_get(d, WY_STR("a"), 0, &small, &type), WY_E_NOMEM);
  wy_buf_deinit(&small);
  wy_dict_free(d);
}

static void adds_only_what_is_absent(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  assert_int_equal(wy_dict_add(d, WY_STR("a"), WY_STR("one"), TEXT, 10, 0), 0);
  assert_int_equal(wy_dict_add(d, WY_STR("a"), WY_STR("two"), TEXT, 99, 9), WY_E_DICT_EXISTS);
  assert_value(d, WY_STR("a"), 9, WY_STR("one"), TEXT);
  assert_int_equal(wy_dict_add(d, WY_STR("a"), WY_STR("two"), TEXT, 10, 10), 0);
  assert_value(d, WY_STR("a"), 10, WY_STR("two"), TEXT);
  wy_dict_free(d);
}

/* --- time --- */

static void forgets_when_the_time_is_over(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  uint64_t left = 7;
  wy_dict_set(d, WY_STR("a"), WY_STR("v"), TEXT, 100, 1000);
  assert_int_equal(wy_dict_ttl(d, WY_STR("a"), 1000, &left), 0);
  assert_int_equal(left, 100);
  assert_int_equal(wy_dict_ttl(d, WY_STR("a"), 1099, &left), 0);
  assert_int_equal(left, 1);
  assert_int_equal(wy_dict_stats_of(d).entries, 1);
  assert_int_equal(wy_dict_ttl(d, WY_STR("a"), 1100, &left), WY_E_DICT_ABSENT);
  assert_int_equal(wy_dict_stats_of(d).entries, 0);
  assert_int_equal(wy_dict_stats_of(d).evicted, 0);
  wy_dict_free(d);
}

static void keeps_for_ever_without_a_ttl(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  uint64_t left = 7;
  wy_dict_set(d, WY_STR("a"), WY_STR("v"), TEXT, 0, 1000);
  wy_dict_set(d, WY_STR("b"), WY_STR("v"), TEXT, UINT64_MAX, 1000);
  assert_int_equal(wy_dict_ttl(d, WY_STR("a"), UINT64_MAX - 1, &left), 0);
  assert_int_equal(left, 0);
  assert_int_equal(wy_dict_ttl(d, WY_STR("b"), UINT64_MAX - 1, &left), 0);
  assert_int_equal(left, 0);
  wy_dict_free(d);
}

static void takes_the_ttl_of_the_last_set(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  wy_dict_set(d, WY_STR("a"), WY_STR("v"), TEXT, 10, 0);
  wy_dict_set(d, WY_STR("a"), WY_STR("w"), TEXT, 0, 5);
  assert_true(has(d, WY_STR("a"), 1000));
  wy_dict_set(d, WY_STR("a"), WY_STR("longer"), TEXT, 10, 1000);
  assert_false(has(d, WY_STR("a"), 1010));
  wy_dict_free(d);
}

/* --- numbers --- */

static wy_dict_number integer(int64_t i) { return (wy_dict_number){.i = i}; }
static wy_dict_number floating(double f) { return (wy_dict_number){.is_float = true, .f = f}; }

static void adds_as_lua_does(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  wy_dict_number n = integer(5);
  assert_int_equal(wy_dict_incr(d, WY_STR("n"), &n, 0, 0), 0);
  assert_false(n.is_float);
  assert_int_equal(n.i, 5);
  n = integer(INT64_MAX);
  assert_int_equal(wy_dict_incr(d, WY_STR("n"), &n, 0, 0), 0);
  assert_true(!n.is_float && n.i == INT64_MIN + 4);
  n = floating(0.5);
  assert_int_equal(wy_dict_incr(d, WY_STR("n"), &n, 0, 0), 0);
  assert_true(n.is_float && n.f == (double)(INT64_MIN + 4) + 0.5);
  n = integer(1);
  assert_int_equal(wy_dict_incr(d, WY_STR("n"), &n, 0, 0), 0);
  assert_true(n.is_float);
  assert_value(d, WY_STR("n"), 0, (wy_str){(const char *)&n.f, sizeof n.f}, WY_DICT_FLOAT);
  set_text(d, WY_STR("t"), WY_STR("12345678"));
  n = integer(1);
  assert_int_equal(wy_dict_incr(d, WY_STR("t"), &n, 0, 0), WY_E_DICT_NUMBER);
  assert_int_equal(n.i, 1);
  assert_value(d, WY_STR("t"), 0, WY_STR("12345678"), TEXT);
  wy_dict_free(d);
}

static void counts_the_ttl_from_the_first_incr(void **state) {
  (void)state;
  wy_dict *d = make(ONE_SHARD);
  for (uint64_t now = 0; now < 10; now++) {
    wy_dict_number n = integer(1);
    assert_int_equal(wy_dict_incr(d, WY_STR("n"), &n, 10, now), 0);
    assert_int_equal(n.i, now + 1);
  }
  wy_dict_number n = integer(1);
  assert_int_equal(wy_dict_incr(d, WY_STR("n"), &n, 10, 10), 0);
  assert_int_equal(n.i, 1);
  wy_dict_free(d);
}

/* --- room --- */

static void refuses_what_can_never_fit(void **state) {
  (void)state;
  static char bytes[1 << 20];
  for (size_t size = ONE_SHARD; size <= 4 * sizeof bytes; size *= 4) {
    wy_dict *d = make(size);
    size_t limit = wy_dict_limit(d);
    set_text(d, WY_STR("k"), WY_STR("old"));
    assert_int_equal(set_text(d, WY_STR("k"), (wy_str){bytes, limit}), WY_E_DICT_LARGE);
    assert_value(d, WY_STR("k"), 0, WY_STR("old"), TEXT);
    assert_int_equal(set_text(d, WY_STR("k"), (wy_str){bytes, SIZE_MAX}), WY_E_DICT_LARGE);
    assert_int_equal(set_text(d, (wy_str){bytes, limit + 1}, WY_STR("")), WY_E_DICT_LARGE);
    wy_dict_number n = integer(1);
    assert_int_equal(wy_dict_incr(d, (wy_str){bytes, limit - 7}, &n, 0, 0), WY_E_DICT_LARGE);
    assert_int_equal(set_text(d, WY_STR("k"), (wy_str){bytes, limit - 1}), 0);
    assert_value(d, WY_STR("k"), 0, (wy_str){bytes, limit - 1}, TEXT);
    assert_true(wy_dict_stats_of(d).bytes <= size);
    wy_dict_free(d);
  }
  wy_dict *d = NULL;
  assert_int_equal(wy_dict_new(&d, WY_DICT_LEAST - 1), WY_E_ARG);
  d = make(WY_DICT_LEAST);
  assert_true(wy_dict_limit(d) > WY_DICT_LEAST / 2);
  wy_dict_free(d);
}

/* How many entries of one size stay. */
static int fill(wy_dict *d, wy_str value) {
  char key[16];
  int n = 0;
  for (; wy_dict_stats_of(d).evicted == 0; n++)
    assert_int_equal(set_text(d, number_key(key, n), value), 0);
  return n - 1;
}

static void evicts_the_least_recently_used(void **state) {
  (void)state;
  char key[16];
  wy_dict *d = make(ONE_SHARD);
  int n = fill(d, WY_STR("0123456789abcdef"));
  assert_true(n > 100);
  assert_false(has(d, WY_STR("key0"), 0)); /* looking uses, so that from here on key1 is new */
  assert_true(has(d, WY_STR("key1"), 0));
  set_text(d, WY_STR("key2"), WY_STR("0123456789abcdef"));
  wy_dict_add(d, WY_STR("key3"), WY_STR("x"), TEXT, 0, 0);
  for (int i = 0; i < n - 4; i++)
    assert_int_equal(set_text(d, number_key(key, 10000 + i), WY_STR("0123456789abcdef")), 0);
  for (int i = 1; i <= 3; i++) assert_true(has(d, number_key(key, i), 0));
  for (int i = 4; i < n; i++) assert_false(has(d, number_key(key, i), 0));
  wy_dict_free(d);
}

typedef struct evicted {
  char keys[200];
  uint64_t left;
} evicted;

static void on_evict(void *data, wy_str key, uint64_t left, uint64_t now) {
  evicted *e = data;
  size_t n = strlen(e->keys);
  assert_int_equal(now, 5);
  snprintf(e->keys + n, sizeof e->keys - n, "%.*s ", (int)key.n, key.p);
  e->left += left;
}

static void tells_what_it_evicts_and_nothing_else(void **state) {
  (void)state;
  static const char large[WY_DICT_LEAST / 4] = "x";
  const wy_str value = {large, sizeof large};
  evicted e = {.left = 0};
  wy_dict *d = make(WY_DICT_LEAST);
  wy_dict_on_evict(d, on_evict, &e);
  wy_dict_set(d, WY_STR("over"), value, TEXT, 4, 0);
  wy_dict_set(d, WY_STR("a"), value, TEXT, 100, 0);
  wy_dict_set(d, WY_STR("b"), value, TEXT, 0, 0);
  wy_dict_set(d, WY_STR("deleted"), WY_STR("x"), TEXT, 0, 5);
  wy_dict_delete(d, WY_STR("deleted"), 5);
  wy_dict_set(d, WY_STR("c"), value, TEXT, 0, 5);
  assert_string_equal(e.keys, "");
  wy_dict_set(d, WY_STR("d"), value, TEXT, 0, 5);
  assert_string_equal(e.keys, "a ");
  wy_dict_set(d, WY_STR("e"), value, TEXT, 0, 5);
  assert_string_equal(e.keys, "a b ");
  assert_int_equal(e.left, 95);
  wy_dict_free(d);
}

static void takes_what_is_over_before_what_lives(void **state) {
  (void)state;
  char key[16];
  wy_dict *d = make(ONE_SHARD);
  int n = fill(d, WY_STR("0123456789abcdef"));
  wy_dict_free(d);
  d = make(ONE_SHARD);
  for (int i = 0; i < n; i++) /* two of three are over at 10, the oldest is none of them */
    wy_dict_set(d, number_key(key, i), WY_STR("0123456789abcdef"), TEXT, i % 3 ? 10 : 0, 0);
  assert_int_equal(wy_dict_stats_of(d).entries, n);
  for (int i = 0; i < 10; i++)
    wy_dict_set(d, number_key(key, n + i), WY_STR("0123456789abcdef"), TEXT, 0, 10);
  assert_int_equal(wy_dict_stats_of(d).evicted, 0);
  assert_int_equal(wy_dict_stats_of(d).entries, n);
  assert_true(has(d, WY_STR("key0"), 10));
  wy_dict_free(d);
}

static uint64_t seed;

static uint32_t rnd(uint32_t below) { /* xorshift64 */
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 32) % below;
}

/* What an entry is filled with: a byte that follows from its key. */
static void fill_value(char *p, size_t n, int key) { memset(p, 'a' + key % 26, n); }

static void agrees_with_a_plain_array_while_nothing_is_evicted(void **state) {
  (void)state;
  enum { KEYS = 500 };
  static struct {
    size_t n; /* of the value + 1; 0: absent */
    uint64_t expires;
  } model[KEYS];
  char key[16], bytes[300];
  wy_dict *d = make(4 * 1024 * 1024);
  seed = 42;
  memset(model, 0, sizeof model);
  for (uint64_t now = 1; now < 200000; now++) {
    int k = (int)rnd(KEYS);
    wy_str name = number_key(key, k);
    bool there = model[k].n && (!model[k].expires || model[k].expires > now);
    if (!there) model[k].n = 0;
    switch (rnd(4)) {
      case 0:
      case 1: {
        size_t n = rnd(sizeof bytes);
        uint64_t ttl = rnd(3) ? rnd(1000) : 0;
        fill_value(bytes, n, k);
        assert_int_equal(wy_dict_set(d, name, (wy_str){bytes, n}, TEXT, ttl, now), 0);
        model[k].n = n + 1;
        model[k].expires = ttl ? now + ttl : 0;
        break;
      }
      case 2:
        assert_int_equal(wy_dict_delete(d, name, now), there);
        model[k].n = 0;
        break;
      default:
        assert_int_equal(has(d, name, now), there);
        if (!there) break;
        fill_value(bytes, model[k].n - 1, k);
        assert_value(d, name, now, (wy_str){bytes, model[k].n - 1}, TEXT);
    }
  }
  assert_int_equal(wy_dict_stats_of(d).evicted, 0);
  for (int k = 0; k < KEYS; k++) wy_dict_delete(d, number_key(key, k), 1);
  wy_dict_stats left = wy_dict_stats_of(d);
  assert_int_equal(left.entries, 0);
  wy_dict *fresh = make(4 * 1024 * 1024);
  assert_int_equal(left.bytes, wy_dict_stats_of(fresh).bytes);
  wy_dict_free(fresh);
  wy_dict_free(d);
}

static void stays_within_its_bytes_under_random_load(void **state) {
  (void)state;
  static char bytes[20000];
  char key[16];
  for (size_t size = ONE_SHARD; size <= 1024 * 1024; size *= 4) {
    wy_dict *d = make(size);
    seed = size;
    for (uint64_t now = 0; now < 40000; now++) {
      int k = (int)rnd(20000);
      size_t n = rnd(10) ? rnd(100) : rnd(sizeof bytes);
      fill_value(bytes, n, k);
      assert_int_equal(wy_dict_set(d, number_key(key, k), (wy_str){bytes, n}, TEXT, rnd(500), now),
                       0);
      if (rnd(8) == 0) wy_dict_delete(d, number_key(key, (int)rnd(20000)), now);
      assert_true(wy_dict_stats_of(d).bytes <= size);
    }
    wy_dict_stats all = wy_dict_stats_of(d);
    assert_true(all.evicted > 0);
    assert_true(all.bytes > size / 2);
    wy_dict_free(d);
  }
}

/* --- threads --- */

enum { STEPS = 50000 };

typedef struct worker {
  pthread_t thread;
  wy_dict *d;
  int id, added, wrong;
} worker;

static void run_all(worker *all, size_t n, wy_dict *d, void *(*work)(void *)) {
  for (size_t i = 0; i < n; i++) {
    all[i] = (worker){.d = d, .id = (int)i};
    assert_int_equal(pthread_create(&all[i].thread, NULL, work, &all[i]), 0);
  }
  for (size_t i = 0; i < n; i++) pthread_join(all[i].thread, NULL);
}

static void *count_up(void *data) {
  worker *w = data;
  for (int i = 0; i < STEPS; i++) {
    wy_dict_number n = integer(1);
    if (wy_dict_incr(w->d, WY_STR("n"), &n, 0, 0)) w->wrong++;
  }
  return NULL;
}

static void loses_no_incr_of_two_threads(void **state) {
  (void)state;
  worker all[2];
  wy_dict *d = make(ONE_SHARD);
  run_all(all, 2, d, count_up);
  int64_t want = 2 * STEPS;
  assert_int_equal(all[0].wrong + all[1].wrong, 0);
  assert_value(d, WY_STR("n"), 0, (wy_str){(const char *)&want, sizeof want}, WY_DICT_INTEGER);
  wy_dict_free(d);
}

static void *add_all(void *data) {
  worker *w = data;
  char key[16];
  for (int i = 0; i < 2000; i++) {
    int err = wy_dict_add(w->d, number_key(key, i), WY_STR("v"), TEXT, 0, 0);
    if (err == 0) w->added++;
    else if (err != WY_E_DICT_EXISTS) w->wrong++;
  }
  return NULL;
}

static void lets_one_of_several_threads_add(void **state) {
  (void)state;
  worker all[4];
  wy_dict *d = make(4 * 1024 * 1024);
  run_all(all, 4, d, add_all);
  int added = 0;
  for (int i = 0; i < 4; i++) {
    added += all[i].added;
    assert_int_equal(all[i].wrong, 0);
  }
  assert_int_equal(added, 2000);
  wy_dict_free(d);
}

/* Whatever is read is whole: of one length and one letter, as one set wrote it. */
static void *churn(void *data) {
  worker *w = data;
  char key[16], bytes[256];
  uint8_t type;
  uint64_t x = (uint64_t)w->id * 7919 + 1;
  wy_buf value;
  wy_buf_init(&value, sizeof bytes);
  for (int i = 0; i < STEPS; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    int k = (int)(x >> 40) % 3000;
    size_t n = (size_t)(x >> 33) % sizeof bytes;
    fill_value(bytes, n, (int)n);
    if (i % 2) wy_dict_set(w->d, number_key(key, k), (wy_str){bytes, n}, TEXT, 50, (uint64_t)i);
    wy_buf_clear(&value);
    if (wy_dict_get(w->d, number_key(key, k), (uint64_t)i, &value, &type) == 0) {
      fill_value(bytes, value.n, (int)value.n);
      if (!wy_str_eq(wy_buf_view(&value), (wy_str){bytes, value.n})) w->wrong++;
    }
    if (i % 16 == 0) wy_dict_delete(w->d, number_key(key, k + 1), (uint64_t)i);
    if (i % 64 == 0 && wy_dict_stats_of(w->d).bytes > 512 * 1024) w->wrong++;
  }
  wy_buf_deinit(&value);
  return NULL;
}

static void stays_whole_under_threads(void **state) {
  (void)state;
  worker all[4];
  wy_dict *d = make(512 * 1024);
  run_all(all, 4, d, churn);
  for (int i = 0; i < 4; i++) assert_int_equal(all[i].wrong, 0);
  wy_dict_free(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_back_what_was_set),
      cmocka_unit_test(takes_any_bytes),
      cmocka_unit_test(fails_a_buffer_that_is_too_small),
      cmocka_unit_test(adds_only_what_is_absent),
      cmocka_unit_test(forgets_when_the_time_is_over),
      cmocka_unit_test(keeps_for_ever_without_a_ttl),
      cmocka_unit_test(takes_the_ttl_of_the_last_set),
      cmocka_unit_test(adds_as_lua_does),
      cmocka_unit_test(counts_the_ttl_from_the_first_incr),
      cmocka_unit_test(refuses_what_can_never_fit),
      cmocka_unit_test(evicts_the_least_recently_used),
      cmocka_unit_test(tells_what_it_evicts_and_nothing_else),
      cmocka_unit_test(takes_what_is_over_before_what_lives),
      cmocka_unit_test(agrees_with_a_plain_array_while_nothing_is_evicted),
      cmocka_unit_test(stays_within_its_bytes_under_random_load),
      cmocka_unit_test(loses_no_incr_of_two_threads),
      cmocka_unit_test(lets_one_of_several_threads_add),
      cmocka_unit_test(stays_whole_under_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
