/* tick: a real clock's timers fire from a loop, and an idle loop does not wake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/list.h"
#include "net/tick.h"

typedef struct rig {
  uv_loop_t loop;
  wy_clock clock;
  wy_tick tick;
  wy_timer a, b, c;
  char fired[16];
  size_t n;
  int closed;
} rig;

static void on_a(wy_timer *t) {
  rig *r = wy_container_of(t, rig, a);
  r->fired[r->n++] = 'a';
}

static void on_b(wy_timer *t) {
  rig *r = wy_container_of(t, rig, b);
  r->fired[r->n++] = 'b';
  wy_timer_stop(&r->clock, &r->c);
}

static void on_c(wy_timer *t) {
  rig *r = wy_container_of(t, rig, c);
  r->fired[r->n++] = 'c';
  if (r->n < 4) assert_int_equal(wy_timer_start(&r->clock, t, 0), 0);
}

static void on_closed(uv_handle_t *h) {
  rig *r = wy_container_of(h, rig, tick.timer);
  r->closed++;
}

static void begin(rig *r) {
  memset(r, 0, sizeof *r);
  assert_int_equal(uv_loop_init(&r->loop), 0);
  wy_clock_init(&r->clock);
  wy_timer_init(&r->a, on_a);
  wy_timer_init(&r->b, on_b);
  wy_timer_init(&r->c, on_c);
  assert_int_equal(wy_tick_start(&r->tick, &r->loop, &r->clock), 0);
}

static void end(rig *r) {
  wy_tick_close(&r->tick, on_closed);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->closed, 1);
  wy_clock_deinit(&r->clock);
  assert_int_equal(uv_loop_close(&r->loop), 0); /* no handle is left */
}

static void fires_timers_from_the_loop(void **state) {
  (void)state;
  rig r;
  begin(&r);
  wy_timer_start(&r.clock, &r.a, 2);
  wy_timer_start(&r.clock, &r.b, 1);
  wy_timer_start(&r.clock, &r.c, 3); /* b stops it */
  uv_run(&r.loop, UV_RUN_DEFAULT);   /* returns: no timer armed, nothing alive */
  assert_int_equal(r.n, 2);
  assert_memory_equal(r.fired, "ba", 2);
  end(&r);
}

static void lets_an_idle_loop_sleep(void **state) {
  (void)state;
  rig r;
  begin(&r);
  assert_false(uv_loop_alive(&r.loop));
  wy_timer_start(&r.clock, &r.a, 10000);
  assert_true(uv_loop_alive(&r.loop));
  uv_run(&r.loop, UV_RUN_NOWAIT); /* libuv says 0 until it has polled once */
  assert_in_range(uv_backend_timeout(&r.loop), 9000, 10000);
  wy_timer_start(&r.clock, &r.b, 500);
  assert_in_range(uv_backend_timeout(&r.loop), 400, 500);
  wy_timer_stop(&r.clock, &r.b);
  assert_in_range(uv_backend_timeout(&r.loop), 9000, 10000);
  wy_timer_stop(&r.clock, &r.a);
  assert_false(uv_loop_alive(&r.loop));
  end(&r);
}

static void gives_others_a_turn_between_timers_of_0(void **state) {
  (void)state;
  rig r;
  begin(&r);
  wy_timer_start(&r.clock, &r.c, 0);
  size_t turns = 0;
  while (uv_run(&r.loop, UV_RUN_NOWAIT)) turns++;
  assert_memory_equal(r.fired, "cccc", 4);
  assert_true(turns >= 3); /* one firing a turn, not all in one */
  end(&r);
}

static void reads_the_time_of_the_loop(void **state) {
  (void)state;
  rig r;
  begin(&r);
  assert_int_equal(wy_clock_now_ms(&r.clock), uv_now(&r.loop));
  end(&r);
}

static void fires_nothing_after_close(void **state) {
  (void)state;
  rig r;
  begin(&r);
  wy_timer_start(&r.clock, &r.a, 0);
  wy_tick_close(&r.tick, on_closed);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  assert_int_equal(r.closed, 1);
  assert_int_equal(r.n, 0);
  wy_timer_stop(&r.clock, &r.a); /* still allowed */
  wy_clock_deinit(&r.clock);
  assert_int_equal(uv_loop_close(&r.loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fires_timers_from_the_loop),
      cmocka_unit_test(lets_an_idle_loop_sleep),
      cmocka_unit_test(gives_others_a_turn_between_timers_of_0),
      cmocka_unit_test(reads_the_time_of_the_loop),
      cmocka_unit_test(fires_nothing_after_close),
  };
  return cmocka_run_group_tests_name("tick", tests, NULL, NULL);
}
