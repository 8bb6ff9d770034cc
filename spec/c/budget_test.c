/* budget: how many may be spent within five minutes, and when each counts no more. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/budget.h"

enum { MAX = 20, THREADS = 4, STEPS = 20000 };

static void lets_as_many_be_spent_as_it_has(void **state) {
  (void)state;
  wy_budget b;
  assert_int_equal(wy_budget_init(&b, MAX), 0);
  for (unsigned i = 0; i < MAX; i++) {
    assert_int_equal(wy_budget_used(&b, 1000), i);
    assert_true(wy_budget_take(&b, 1000));
  }
  assert_false(wy_budget_take(&b, 1000));
  assert_int_equal(wy_budget_used(&b, 1000), MAX);
  wy_budget_deinit(&b);
}

static void opens_again_one_by_one(void **state) {
  (void)state;
  wy_budget b;
  assert_int_equal(wy_budget_init(&b, MAX), 0);
  for (uint64_t i = 0; i < MAX; i++) assert_true(wy_budget_take(&b, i * 1000));
  for (uint64_t i = 0; i < MAX; i++) { /* once round the ring */
    assert_false(wy_budget_take(&b, WY_BUDGET_MS + i * 1000 - 1));
    assert_true(wy_budget_take(&b, WY_BUDGET_MS + i * 1000));
    assert_false(wy_budget_take(&b, WY_BUDGET_MS + i * 1000));
  }
  assert_int_equal(wy_budget_used(&b, WY_BUDGET_MS * 2 - 1), MAX);
  assert_int_equal(wy_budget_used(&b, WY_BUDGET_MS * 2), MAX - 1);
  assert_int_equal(wy_budget_used(&b, WY_BUDGET_MS * 3), 0);
  wy_budget_deinit(&b);
}

static void counts_what_nobody_asked_for(void **state) {
  (void)state;
  wy_budget b;
  assert_int_equal(wy_budget_init(&b, 2), 0);
  wy_budget_spent(&b, 0);
  assert_true(wy_budget_take(&b, 1000));
  assert_false(wy_budget_take(&b, 2000));
  wy_budget_spent(&b, 3000); /* more than there are: the newest count */
  assert_int_equal(wy_budget_used(&b, 3000), 2);
  assert_false(wy_budget_take(&b, WY_BUDGET_MS));
  assert_true(wy_budget_take(&b, WY_BUDGET_MS + 1000));
  assert_false(wy_budget_take(&b, WY_BUDGET_MS + 2999));
  assert_true(wy_budget_take(&b, WY_BUDGET_MS + 3000));
  wy_budget_deinit(&b);
}

static void takes_back_what_was_spent_last(void **state) {
  (void)state;
  wy_budget b;
  assert_int_equal(wy_budget_init(&b, 2), 0);
  wy_budget_give_back(&b); /* nothing was spent */
  assert_int_equal(wy_budget_used(&b, 0), 0);
  assert_true(wy_budget_take(&b, 0));
  assert_true(wy_budget_take(&b, 1000));
  wy_budget_give_back(&b);
  assert_int_equal(wy_budget_used(&b, 1000), 1);
  assert_true(wy_budget_take(&b, 2000));
  assert_false(wy_budget_take(&b, 2000));
  assert_int_equal(wy_budget_used(&b, WY_BUDGET_MS), 1); /* the first is old, the last is not */
  assert_int_equal(wy_budget_used(&b, WY_BUDGET_MS + 1999), 1);
  assert_int_equal(wy_budget_used(&b, WY_BUDGET_MS + 2000), 0);
  wy_budget_deinit(&b);
}

static void of_nothing_lets_nothing_be_spent(void **state) {
  (void)state;
  wy_budget b;
  assert_int_equal(wy_budget_init(&b, 0), 0);
  assert_false(wy_budget_take(&b, 0));
  wy_budget_spent(&b, 0);
  wy_budget_give_back(&b);
  assert_int_equal(wy_budget_used(&b, 0), 0);
  wy_budget_deinit(&b);
}

typedef struct racer {
  pthread_t thread;
  wy_budget *budget;
  unsigned taken;
} racer;

static void *race(void *data) {
  racer *r = data;
  for (unsigned i = 0; i < STEPS; i++) r->taken += wy_budget_take(r->budget, 1000);
  return NULL;
}

static void is_shared_by_threads(void **state) {
  (void)state;
  enum { ALL = STEPS * THREADS / 2 };
  wy_budget b;
  racer racers[THREADS];
  unsigned taken = 0;
  assert_int_equal(wy_budget_init(&b, ALL), 0);
  for (int i = 0; i < THREADS; i++) {
    racers[i] = (racer){.budget = &b};
    assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
    taken += racers[i].taken;
  }
  assert_int_equal(taken, ALL);
  assert_int_equal(wy_budget_used(&b, 1000), ALL);
  wy_budget_deinit(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lets_as_many_be_spent_as_it_has),
      cmocka_unit_test(opens_again_one_by_one),
      cmocka_unit_test(counts_what_nobody_asked_for),
      cmocka_unit_test(takes_back_what_was_spent_last),
      cmocka_unit_test(of_nothing_lets_nothing_be_spent),
      cmocka_unit_test(is_shared_by_threads),
  };
  return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
