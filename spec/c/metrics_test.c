/* metrics: counters, buckets, the table of handlers, and all of them read while they are written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>

#include <cmocka.h>

#include "base/metrics.h"

static void counts_and_gauges(void **state) {
  (void)state;
  uint64_t cell = 0;
  wy_metric_add(&cell, 2);
  wy_metric_add(&cell, UINT64_C(1) << 40);
  assert_int_equal(wy_metric_get(&cell), (UINT64_C(1) << 40) + 2);
  wy_metric_set(&cell, 7);
  assert_int_equal(wy_metric_get(&cell), 7);
  wy_metric_add(&cell, (uint64_t)-3); /* a gauge goes down so */
  assert_int_equal(wy_metric_get(&cell), 4);
}

/* The bucket that one duration falls into. */
static size_t bucket(uint64_t ns) {
  wy_histogram h = {0};
  size_t at = WY_HISTOGRAM_BUCKETS;
  wy_histogram_observe(&h, ns);
  assert_int_equal(h.sum_ns, ns);
  for (size_t i = 0; i < WY_HISTOGRAM_BUCKETS; i++) {
    if (!h.buckets[i]) continue;
    assert_int_equal(h.buckets[i], 1);
    assert_int_equal(at, WY_HISTOGRAM_BUCKETS);
    at = i;
  }
  return at;
}

static void sorts_durations_by_inclusive_bounds(void **state) {
  (void)state;
  static const uint64_t us[WY_HISTOGRAM_BOUNDS] = {
      100,    250,    500,    1000,    2500,    5000,    10000,    25000,    50000,
      100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};
  for (size_t i = 0; i < WY_HISTOGRAM_BOUNDS; i++) {
    assert_int_equal(wy_histogram_bounds[i], us[i] * 1000);
    assert_int_equal(bucket(us[i] * 1000 - 1), i);
    assert_int_equal(bucket(us[i] * 1000), i);
    assert_int_equal(bucket(us[i] * 1000 + 1), i + 1);
  }
  assert_int_equal(bucket(0), 0);
  assert_int_equal(bucket(1), 0);
  assert_int_equal(bucket(UINT64_MAX), WY_HISTOGRAM_BOUNDS);
}

static void finds_the_bucket_at_every_power_of_two(void **state) {
  (void)state;
  for (int bit = 0; bit < 64; bit++)
    for (int off = -1; off <= 1; off++) {
      uint64_t ns = (UINT64_C(1) << bit) + (uint64_t)off;
      size_t want = 0;
      while (want < WY_HISTOGRAM_BOUNDS && ns > wy_histogram_bounds[want]) want++;
      if (bucket(ns) != want) fail_msg("%llu ns", (unsigned long long)ns);
    }
}

static void merges_what_several_have_seen(void **state) {
  (void)state;
  wy_histogram a = {0}, b = {0}, all = {0};
  wy_histogram_observe(&a, 100000);
  wy_histogram_observe(&a, 70000000000);
  wy_histogram_observe(&b, 1);
  wy_histogram_observe(&b, 300000);
  wy_histogram_merge(&all, &a);
  wy_histogram_merge(&all, &b);
  assert_int_equal(all.buckets[0], 2);
  assert_int_equal(all.buckets[2], 1);
  assert_int_equal(all.buckets[18], 1);
  assert_int_equal(all.buckets[1], 0);
  assert_int_equal(all.sum_ns, 70000400001);
}

static wy_handlers *table_new(void) {
  wy_handlers *t = malloc(sizeof *t);
  assert_non_null(t);
  wy_handlers_init(t);
  return t;
}

static void table_free(wy_handlers *t) {
  wy_handlers_deinit(t);
  free(t);
}

static void finds_a_handler_by_its_text_whatever_its_id(void **state) {
  (void)state;
  wy_handlers *t = table_new();
  char one, two;
  wy_handler *h = wy_handlers_find(t, &one, "hello", "hello.lua:3");
  assert_ptr_equal(wy_handlers_find(t, &one, "hello", "hello.lua:3"), h);
  assert_ptr_equal(wy_handlers_find(t, &two, "hello", "hello.lua:3"), h); /* after a reload */
  assert_int_equal(t->n, 1);
  /* another generation has another string at the same address */
  assert_ptr_not_equal(wy_handlers_find(t, &one, "hello", "hello.lua:4"), h);
  assert_ptr_not_equal(wy_handlers_find(t, &one, "other", "hello.lua:3"), h);
  assert_ptr_not_equal(wy_handlers_find(t, &one, "hellohello", ".lua:3"), h); /* the same run */
  assert_ptr_equal(wy_handlers_find(t, &one, "hello", "hello.lua:3"), h);
  assert_int_equal(t->n, 4);
  table_free(t);
}

static void copies_the_texts(void **state) {
  (void)state;
  wy_handlers *t = table_new();
  char plugin[] = "hello", where[] = "hello.lua:3";
  wy_handler *h = wy_handlers_find(t, NULL, plugin, where);
  plugin[0] = where[0] = 'x';
  assert_ptr_equal(wy_handlers_find(t, NULL, "hello", "hello.lua:3"), h);
  table_free(t);
}

static wy_handler *numbered(wy_handlers *t, int i) {
  char where[32];
  snprintf(where, sizeof where, "a.lua:%d", i);
  return wy_handlers_find(t, (const void *)(uintptr_t)(i * 16), "a", where);
}

static void counts_what_finds_no_row_together(void **state) {
  (void)state;
  wy_handlers *t = table_new();
  wy_handler *h[WY_HANDLERS];
  for (int i = 0; i < WY_HANDLERS; i++) {
    h[i] = numbered(t, i);
    assert_ptr_not_equal(h[i], &t->other);
    for (int k = 0; k < i; k++) assert_ptr_not_equal(h[k], h[i]);
  }
  assert_ptr_equal(numbered(t, WY_HANDLERS), &t->other);
  assert_ptr_equal(numbered(t, WY_HANDLERS + 1), &t->other);
  for (int i = 0; i < WY_HANDLERS; i++) assert_ptr_equal(numbered(t, i), h[i]);
  assert_int_equal(t->n, WY_HANDLERS);
  table_free(t);
}

static void keeps_no_text_over_1_kib(void **state) {
  (void)state;
  wy_handlers *t = table_new();
  char where[1025];
  memset(where, 'x', sizeof where);
  where[1024] = '\0';
  assert_ptr_equal(wy_handlers_find(t, where, "a", where), &t->other);
  assert_ptr_not_equal(wy_handlers_find(t, where, "a", where + 1), &t->other);
  table_free(t);
}

static void is_as_new_after_deinit(void **state) {
  (void)state;
  wy_handlers *t = table_new();
  wy_histogram_observe(&numbered(t, 1)->time, 5);
  wy_handlers_deinit(t);
  assert_int_equal(t->n, 0);
  assert_int_equal(numbered(t, 1)->time.sum_ns, 0);
  table_free(t);
}

typedef struct walk {
  char text[400];
  size_t n;
} walk;

static void on_handler(void *data, const wy_handler *sum) {
  walk *w = data;
  w->n += (size_t)snprintf(w->text + w->n, sizeof w->text - w->n, "%s %s %llu %llu\n", sum->plugin,
                           sum->where, (unsigned long long)sum->time.sum_ns,
                           (unsigned long long)sum->errors);
  assert_true(w->n < sizeof w->text);
}

static void walks_the_handlers_of_all_workers_once_and_in_order(void **state) {
  (void)state;
  wy_handlers *a = table_new(), *b = table_new(), *c = table_new();
  const wy_handlers *const tables[] = {a, b, c};
  walk w = {.n = 0};
  wy_histogram_observe(&wy_handlers_find(a, "1", "menu", "m.lua:9")->time, 1);
  wy_histogram_observe(&wy_handlers_find(b, "2", "menu", "m.lua:9")->time, 20);
  wy_histogram_observe(&wy_handlers_find(b, "3", "menu", "m.lua:9")->time, 300);
  wy_histogram_observe(&wy_handlers_find(b, "4", "echo", "z.lua:1")->time, 4000);
  wy_handlers_find(c, "5", "menu", "m.lua:10"); /* known, not yet called */
  wy_metric_add(&wy_handlers_find(a, "1", "menu", "m.lua:9")->errors, 1);
  wy_metric_add(&wy_handlers_find(b, "2", "menu", "m.lua:9")->errors, 2);
  assert_int_equal(wy_handlers_each(tables, 3, on_handler, &w), 0);
  assert_string_equal(w.text, "echo z.lua:1 4000 0\nmenu m.lua:10 0 0\nmenu m.lua:9 321 3\n");

  w.n = 0;
  wy_histogram_observe(&a->other.time, 50000);
  wy_histogram_observe(&c->other.time, 600000);
  assert_int_equal(wy_handlers_each(tables, 3, on_handler, &w), 0);
  assert_string_equal(
      w.text, " other 650000 0\necho z.lua:1 4000 0\nmenu m.lua:10 0 0\nmenu m.lua:9 321 3\n");
  table_free(a), table_free(b), table_free(c);
}

static void walks_nothing(void **state) {
  (void)state;
  wy_handlers *t = table_new();
  const wy_handlers *const tables[] = {t};
  walk w = {.n = 0};
  assert_int_equal(wy_handlers_each(tables, 1, on_handler, &w), 0);
  assert_int_equal(wy_handlers_each(NULL, 0, on_handler, &w), 0);
  assert_int_equal(w.n, 0);
  table_free(t);
}

enum { ROUNDS = 200000 };

typedef struct worker {
  pthread_t thread;
  wy_handlers handlers;
  uint64_t count;
} worker;

/* Goes on making rows and counting, while the other thread reads. */
static void *work(void *data) {
  worker *w = data;
  for (int i = 0; i < ROUNDS; i++) {
    wy_handler *h = numbered(&w->handlers, i % (WY_HANDLERS + 8));
    wy_histogram_observe(&h->time, 7);
    wy_metric_add(&h->errors, 1);
    wy_metric_add(&w->count, 1);
  }
  return NULL;
}

typedef struct sums {
  uint64_t count, ns, errors;
} sums;

static void on_sum(void *data, const wy_handler *sum) {
  sums *s = data;
  assert_true(strcmp(sum->plugin, "a") == 0 ? strncmp(sum->where, "a.lua:", 6) == 0
                                            : *sum->plugin == '\0');
  s->count += sum->time.buckets[0];
  s->ns += sum->time.sum_ns;
  s->errors += sum->errors;
}

static void is_read_while_its_owners_write(void **state) {
  (void)state;
  static worker workers[2];
  const wy_handlers *const tables[] = {&workers[0].handlers, &workers[1].handlers};
  sums now = {0}, before = {0};
  for (int i = 0; i < 2; i++) {
    wy_handlers_init(&workers[i].handlers);
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  do {
    now = (sums){0};
    assert_int_equal(wy_handlers_each(tables, 2, on_sum, &now), 0);
    assert_true(now.count >= before.count && now.ns >= before.ns);
    before = now;
  } while (wy_metric_get(&workers[0].count) + wy_metric_get(&workers[1].count) < 2 * ROUNDS);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
  now = (sums){0};
  assert_int_equal(wy_handlers_each(tables, 2, on_sum, &now), 0);
  assert_int_equal(now.count, 2 * ROUNDS);
  assert_int_equal(now.ns, 7 * 2 * ROUNDS);
  assert_int_equal(now.errors, 2 * ROUNDS);
  for (int i = 0; i < 2; i++) wy_handlers_deinit(&workers[i].handlers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_and_gauges),
      cmocka_unit_test(sorts_durations_by_inclusive_bounds),
      cmocka_unit_test(finds_the_bucket_at_every_power_of_two),
      cmocka_unit_test(merges_what_several_have_seen),
      cmocka_unit_test(finds_a_handler_by_its_text_whatever_its_id),
      cmocka_unit_test(copies_the_texts),
      cmocka_unit_test(counts_what_finds_no_row_together),
      cmocka_unit_test(keeps_no_text_over_1_kib),
      cmocka_unit_test(is_as_new_after_deinit),
      cmocka_unit_test(walks_the_handlers_of_all_workers_once_and_in_order),
      cmocka_unit_test(walks_nothing),
      cmocka_unit_test(is_read_while_its_owners_write),
  };
  return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
