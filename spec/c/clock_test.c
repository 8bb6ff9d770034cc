/* clock: the order of timers, and what callbacks may do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/list.h"

enum { MANY = 10000, WALL = 1700000000 };

typedef struct mark {
  wy_timer timer;
  struct mark *other; /* what the callback acts on */
  wy_clock *clock;
  int id;
  uint64_t due;
} mark;

static mark marks[MANY];
static int fired[2 * MANY];
static size_t n_fired;

static void note(wy_timer *t) {
  mark *m = wy_container_of(t, mark, timer);
  assert_false(wy_timer_armed(t)); /* free to be armed again */
  fired[n_fired++] = m->id;
}

static void reset(wy_clock *c, size_t n) {
  wy_clock_init_virtual(c, (int64_t)WALL * 1000);
  n_fired = 0;
  for (size_t i = 0; i < n; i++) {
    marks[i] = (mark){.id = (int)i, .clock = c};
    wy_timer_init(&marks[i].timer, note);
  }
}

static uint64_t seed;
static uint32_t draw(uint32_t below) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % below;
}

/* The order that the heap must give: by due, then by arming. ids are given in arming order here. */
static int by_due(const void *a, const void *b) {
  const mark *x = *(mark *const *)a, *y = *(mark *const *)b;
  return x->due != y->due ? (x->due < y->due ? -1 : 1) : x->id - y->id;
}

static void fires_many_in_the_order_of_a_sort(void **state) {
  (void)state;
  static mark *sorted[MANY];
  wy_clock c;
  seed = 1;
  reset(&c, MANY);
  for (int i = 0; i < MANY; i++) {
    uint32_t ms = draw(2000);
    marks[i].due = ms;
    sorted[i] = &marks[i];
    assert_int_equal(wy_timer_start(&c, &marks[i].timer, ms), 0);
  }
  qsort(sorted, MANY, sizeof *sorted, by_due);
  wy_clock_step(&c, wy_clock_now_ms(&c) + 2000);
  assert_int_equal(wy_clock_run(&c), MANY);
  for (int i = 0; i < MANY; i++) assert_int_equal(fired[i], sorted[i]->id);
  wy_clock_deinit(&c);
}

static void survives_random_starts_moves_and_stops(void **state) {
  (void)state;
  static mark *sorted[MANY];
  wy_clock c;
  seed = 2;
  reset(&c, MANY);
  uint64_t from = wy_clock_now_ms(&c);
  int order = 0;
  for (int i = 0; i < 5 * MANY; i++) {
    mark *m = &marks[draw(MANY)];
    if (draw(4) == 0) {
      wy_timer_stop(&c, &m->timer);
      assert_false(wy_timer_armed(&m->timer));
    } else {
      uint32_t ms = draw(5000);
      assert_int_equal(wy_timer_start(&c, &m->timer, ms), 0);
      m->due = from + ms;
      m->id = order++;
    }
    if (i % 1000) continue; /* the earliest is the earliest */
    uint64_t least = UINT64_MAX, due;
    for (int k = 0; k < MANY; k++)
      if (wy_timer_armed(&marks[k].timer) && marks[k].due < least) least = marks[k].due;
    assert_int_equal(wy_clock_next(&c, &due), least != UINT64_MAX);
    if (least != UINT64_MAX) assert_int_equal(due, least);
  }
  size_t n = 0;
  for (int i = 0; i < MANY; i++)
    if (wy_timer_armed(&marks[i].timer)) sorted[n++] = &marks[i];
  qsort(sorted, n, sizeof *sorted, by_due);
  size_t at = 0;
  uint64_t due;
  while (wy_clock_next(&c, &due)) { /* step from due to due: none fires early or late */
    wy_clock_step(&c, due);
    size_t k = wy_clock_run(&c);
    assert_true(k > 0);
    for (size_t i = 0; i < k; i++) assert_int_equal(sorted[at + i]->due, due);
    at += k;
  }
  assert_int_equal(at, n);
  for (size_t i = 0; i < n; i++) assert_int_equal(fired[i], sorted[i]->id);
  wy_clock_deinit(&c);
}

static void fires_equal_dues_first_come_first_served(void **state) {
  (void)state;
  wy_clock c;
  reset(&c, 100);
  for (int i = 0; i < 100; i++) assert_int_equal(wy_timer_start(&c, &marks[i].timer, 5), 0);
  assert_int_equal(wy_timer_start(&c, &marks[0].timer, 5), 0); /* armed again: goes to the end */
  wy_clock_step(&c, wy_clock_now_ms(&c) + 5);
  assert_int_equal(wy_clock_run(&c), 100);
  for (int i = 0; i < 99; i++) assert_int_equal(fired[i], i + 1);
  assert_int_equal(fired[99], 0);
  wy_clock_deinit(&c);
}

static void fires_nothing_before_its_time(void **state) {
  (void)state;
  wy_clock c;
  reset(&c, 1);
  uint64_t now = wy_clock_now_ms(&c), due;
  assert_false(wy_clock_next(&c, &due));
  assert_int_equal(wy_timer_start(&c, &marks[0].timer, 10), 0);
  assert_int_equal(wy_clock_run(&c), 0);
  wy_clock_step(&c, now + 9);
  assert_int_equal(wy_clock_run(&c), 0);
  assert_true(wy_clock_next(&c, &due));
  assert_int_equal(due, now + 10);
  wy_clock_step(&c, now + 10);
  assert_int_equal(wy_clock_run(&c), 1);
  assert_int_equal(wy_clock_run(&c), 0); /* once */
  wy_clock_deinit(&c);
}

static void takes_a_time_without_end(void **state) {
  (void)state;
  wy_clock c;
  uint64_t due;
  reset(&c, 1);
  assert_int_equal(wy_timer_start(&c, &marks[0].timer, UINT64_MAX), 0);
  assert_true(wy_clock_next(&c, &due));
  assert_true(due == UINT64_MAX);
  wy_timer_stop(&c, &marks[0].timer);
  wy_clock_deinit(&c);
}

/* --- in callbacks --- */

static void stop_other(wy_timer *t) {
  mark *m = wy_container_of(t, mark, timer);
  note(t);
  wy_timer_stop(m->clock, &m->other->timer);
}

static void does_not_fire_what_a_callback_stopped(void **state) {
  (void)state;
  wy_clock c;
  reset(&c, 3);
  marks[0].timer.fire = stop_other;
  marks[0].other = &marks[1];
  for (int i = 0; i < 3; i++) assert_int_equal(wy_timer_start(&c, &marks[i].timer, 0), 0);
  assert_int_equal(wy_clock_run(&c), 2);
  assert_int_equal(fired[0], 0);
  assert_int_equal(fired[1], 2);
  wy_clock_deinit(&c);
}

static void again_at_once(wy_timer *t) {
  mark *m = wy_container_of(t, mark, timer);
  note(t);
  assert_int_equal(wy_timer_start(m->clock, t, 0), 0);
}

static void keeps_what_a_callback_arms_with_0_for_the_next_run(void **state) {
  (void)state;
  wy_clock c;
  reset(&c, 2);
  marks[0].timer.fire = again_at_once;
  assert_int_equal(wy_timer_start(&c, &marks[0].timer, 0), 0);
  assert_int_equal(wy_timer_start(&c, &marks[1].timer, 0), 0);
  assert_int_equal(wy_clock_run(&c), 2); /* the second is not starved */
  assert_int_equal(fired[1], 1);
  for (int i = 0; i < 3; i++) assert_int_equal(wy_clock_run(&c), 1);
  wy_timer_stop(&c, &marks[0].timer);
  assert_int_equal(wy_clock_run(&c), 0);
  wy_clock_deinit(&c);
}

static void move_other(wy_timer *t) {
  mark *m = wy_container_of(t, mark, timer);
  note(t);
  assert_int_equal(wy_timer_start(m->clock, &m->other->timer, 7), 0);
}

static void moves_a_timer_that_is_due_in_the_same_run(void **state) {
  (void)state;
  wy_clock c;
  reset(&c, 2);
  marks[0].timer.fire = move_other;
  marks[0].other = &marks[1];
  assert_int_equal(wy_timer_start(&c, &marks[0].timer, 0), 0);
  assert_int_equal(wy_timer_start(&c, &marks[1].timer, 0), 0);
  assert_int_equal(wy_clock_run(&c), 1);
  wy_clock_step(&c, wy_clock_now_ms(&c) + 7);
  assert_int_equal(wy_clock_run(&c), 1);
  assert_int_equal(fired[1], 1);
  wy_clock_deinit(&c);
}

/* Half of them arm themselves again, or another, or stop another; a model in plain arrays says what
 * must have fired. */
static uint64_t model[MANY]; /* due, 0: not armed */
static uint64_t run_now;

static void act(wy_timer *t) {
  mark *m = wy_container_of(t, mark, timer);
  assert_true(model[m->id] != 0 && model[m->id] <= run_now);
  model[m->id] = 0;
  n_fired++;
  mark *o = draw(2) ? m : &marks[draw(MANY)];
  if (draw(3) == 0) {
    wy_timer_stop(m->clock, &o->timer);
    model[o->id] = 0;
  } else if (draw(2)) {
    uint32_t ms = 1 + draw(300);
    assert_int_equal(wy_timer_start(m->clock, &o->timer, ms), 0);
    model[o->id] = run_now + ms;
  }
}

static void survives_callbacks_that_start_and_stop_others(void **state) {
  (void)state;
  wy_clock c;
  seed = 3;
  reset(&c, MANY);
  uint64_t now = wy_clock_now_ms(&c);
  for (int i = 0; i < MANY; i++) {
    uint32_t ms = 1 + draw(300);
    marks[i].timer.fire = act;
    assert_int_equal(wy_timer_start(&c, &marks[i].timer, ms), 0);
    model[i] = now + ms;
  }
  for (int round = 0; round < 400; round++) {
    run_now = now += draw(20);
    wy_clock_step(&c, now);
    wy_clock_run(&c);
    size_t armed = 0;
    for (int i = 0; i < MANY; i++) {
      assert_int_equal(wy_timer_armed(&marks[i].timer), model[i] != 0);
      if (!model[i]) continue;
      armed++;
      assert_true(model[i] > now); /* nothing that was due is left */
    }
    assert_int_equal(c.n, armed);
  }
  assert_true(n_fired > MANY);
  for (int i = 0; i < MANY; i++) wy_timer_stop(&c, &marks[i].timer);
  wy_clock_deinit(&c);
}

/* --- time --- */

static void stands_still_until_it_is_stepped(void **state) {
  (void)state;
  wy_clock c;
  wy_clock_init_virtual(&c, (int64_t)WALL * 1000 + 5);
  uint64_t now = wy_clock_now_ms(&c);
  assert_int_equal(wy_clock_wall_ms(&c), (int64_t)WALL * 1000 + 5);
  wy_clock_step(&c, now + 86400000);
  assert_int_equal(wy_clock_now_ms(&c), now + 86400000);
  assert_int_equal(wy_clock_wall_ms(&c), (int64_t)WALL * 1000 + 5 + 86400000);
  wy_clock_step(&c, now); /* never back */
  assert_int_equal(wy_clock_now_ms(&c), now + 86400000);
  wy_clock_deinit(&c);
}

static int64_t system_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void reads_the_system_when_it_is_real(void **state) {
  (void)state;
  wy_clock c;
  wy_clock_init(&c);
  int64_t before = system_ms(); /* not time(), which may lag some ms behind it */
  int64_t wall = wy_clock_wall_ms(&c);
  int64_t after = system_ms();
  assert_true(before <= wall && wall <= after);
  uint64_t one = wy_clock_now_ms(&c);
  assert_true(wy_clock_now_ms(&c) >= one);
  wy_timer t;
  wy_timer_init(&t, note);
  n_fired = 0;
  mark m = {.timer = t};
  assert_int_equal(wy_timer_start(&c, &m.timer, 0), 0);
  assert_int_equal(wy_clock_run(&c), 1);
  wy_clock_deinit(&c);
}

static int changes;
static void on_change(wy_clock *c) {
  (void)c;
  changes++;
}

static int changed(void) {
  int n = changes;
  changes = 0;
  return n;
}

static void tells_when_the_earliest_moves(void **state) {
  (void)state;
  wy_clock c;
  reset(&c, 4);
  c.on_change = on_change;
  changes = 0;
  wy_timer_start(&c, &marks[0].timer, 50);
  assert_int_equal(changed(), 1); /* the first */
  wy_timer_start(&c, &marks[1].timer, 60);
  assert_int_equal(changed(), 0); /* later */
  wy_timer_start(&c, &marks[2].timer, 40);
  assert_int_equal(changed(), 1); /* earlier */
  wy_timer_start(&c, &marks[1].timer, 30);
  assert_int_equal(changed(), 1); /* an armed one moves to the front */
  wy_timer_start(&c, &marks[1].timer, 45);
  assert_int_equal(changed(), 1); /* and away: 40 is first */
  wy_timer_stop(&c, &marks[1].timer);
  assert_int_equal(changed(), 0); /* not the first */
  wy_timer_stop(&c, &marks[2].timer);
  assert_int_equal(changed(), 1); /* the first */
  wy_timer_stop(&c, &marks[0].timer);
  assert_int_equal(changed(), 1); /* the last */
  wy_timer_stop(&c, &marks[0].timer);
  assert_int_equal(changed(), 0); /* was not armed */
  wy_timer_start(&c, &marks[3].timer, 1);
  changed();
  wy_clock_step(&c, wy_clock_now_ms(&c) + 1);
  assert_int_equal(wy_clock_run(&c), 1);
  assert_true(changed() > 0); /* it fired */
  wy_clock_deinit(&c);
}

static void knows_what_else_is_waited_for(void **state) {
  (void)state;
  wy_clock c;
  wy_external a = {.what = NULL}, b;
  wy_external_end(&a); /* never begun */
  wy_clock_init_virtual(&c, 0);
  assert_false(wy_clock_waits(&c));
  wy_external_begin(&c, &a, "a store");
  wy_external_begin(&c, &b, "a server");
  wy_external_end(&b);
  assert_true(wy_clock_waits(&c));
  assert_string_equal(wy_container_of(c.external.next, wy_external, link)->what, "a store");
  wy_external_end(&a);
  wy_external_end(&a);
  assert_false(wy_clock_waits(&c));
  wy_clock_deinit(&c);
}

static unsigned n_changes;

static void count_change(wy_clock *c) {
  (void)c;
  n_changes++;
}

static void fires_when_it_is_moved_ahead(void **state) {
  (void)state;
  wy_clock c;
  mark soon = {.id = 1}, later = {.id = 2};
  n_fired = 0;
  wy_clock_init(&c);
  c.on_change = count_change;
  wy_timer_init(&soon.timer, note);
  wy_timer_init(&later.timer, note);
  int64_t wall = wy_clock_wall_ms(&c);
  uint64_t now = wy_clock_now_ms(&c);
  assert_int_equal(wy_timer_start(&c, &soon.timer, 3600 * 1000), 0);
  assert_int_equal(wy_timer_start(&c, &later.timer, 7200 * 1000), 0);
  assert_int_equal(wy_clock_run(&c), 0);
  n_changes = 0;
  wy_clock_advance(&c, 3600 * 1000);
  assert_int_equal(n_changes, 1); /* who drives it looks again */
  assert_int_equal(wy_clock_run(&c), 1);
  assert_true(wy_timer_armed(&later.timer));
  assert_in_range(wy_clock_now_ms(&c) - now, 3600 * 1000, 3605 * 1000);
  assert_in_range(wy_clock_wall_ms(&c) - wall, 3600 * 1000, 3605 * 1000);
  wy_clock_advance(&c, -5000); /* never back */
  assert_in_range(wy_clock_wall_ms(&c) - wall, 3600 * 1000, 3605 * 1000);
  wy_timer_stop(&c, &later.timer);
  c.on_change = NULL;
  wy_clock_deinit(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fires_many_in_the_order_of_a_sort),
      cmocka_unit_test(survives_random_starts_moves_and_stops),
      cmocka_unit_test(fires_equal_dues_first_come_first_served),
      cmocka_unit_test(fires_nothing_before_its_time),
      cmocka_unit_test(takes_a_time_without_end),
      cmocka_unit_test(does_not_fire_what_a_callback_stopped),
      cmocka_unit_test(keeps_what_a_callback_arms_with_0_for_the_next_run),
      cmocka_unit_test(moves_a_timer_that_is_due_in_the_same_run),
      cmocka_unit_test(survives_callbacks_that_start_and_stop_others),
      cmocka_unit_test(stands_still_until_it_is_stepped),
      cmocka_unit_test(reads_the_system_when_it_is_real),
      cmocka_unit_test(tells_when_the_earliest_moves),
      cmocka_unit_test(knows_what_else_is_waited_for),
      cmocka_unit_test(fires_when_it_is_moved_ahead),
  };
  return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
