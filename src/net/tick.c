#include "net/tick.h"

#include "base/list.h"

static uint64_t read_loop(void *data) {
  wy_tick *t = data;
  return uv_now(t->timer.loop);
}

static void on_timer(uv_timer_t *timer) {
  wy_tick *t = wy_container_of(timer, wy_tick, timer);
  t->firing = true;
  wy_clock_run(t->clock);
  t->firing = false;
}

/* The uv_timer runs while a timer is armed, and only then: an idle loop sleeps. libuv (1.44) fires
 * a uv_timer that its own callback starts with 0 in the same turn: a handler that sleeps 0 again
 * and again would keep the loop from its sockets. */
static void on_change(wy_clock *clock) {
  wy_tick *t = clock->data;
  uint64_t due, now = wy_clock_now_ms(clock);
  if (!wy_clock_next(clock, &due)) uv_timer_stop(&t->timer);
  else uv_timer_start(&t->timer, on_timer, due > now ? due - now : t->firing, 0);
}

int wy_tick_start(wy_tick *t, uv_loop_t *loop, wy_clock *clock) {
  int err = uv_timer_init(loop, &t->timer);
  if (err) return err;
  t->clock = clock;
  t->firing = false;
  clock->data = t;
  clock->read = read_loop;
  clock->on_change = on_change;
  on_change(clock);
  return 0;
}

void wy_tick_close(wy_tick *t, uv_close_cb closed) {
  t->clock->on_change = NULL;
  t->clock->read = NULL;
  uv_close((uv_handle_t *)&t->timer, closed);
}

wy_tick *wy_tick_of(uv_handle_t *handle) {
  return wy_container_of((uv_timer_t *)handle, wy_tick, timer);
}
