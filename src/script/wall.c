/* How long tasks may take on the clock: one timer for all of them, since pushes are many and none
 * of them gets near its time. */
#include "script/script_impl.h"

static void sweep_by(wy_script *s, uint64_t due) {
  uint64_t now = wy_clock_now_ms(s->clock);
  if (wy_timer_armed(&s->sweep) && s->sweep.due <= due) return;
  wy_timer_start(s->clock, &s->sweep, due > now ? due - now : 0);
}

void wy_wall_set(wy_task *t, uint64_t ms) {
  wy_script *s = t->script;
  t->due = wy_clock_now_ms(s->clock) + ms;
  if (!wy_timer_armed(&s->sweep) || t->due < s->sweep.due) sweep_by(s, t->due);
}

void wy_task_rest(wy_task *t) {
  if (!t->stint.over) t->due = 0;
}

void wy_task_turn(wy_task *t) {
  if (t->stint.over) return;
  t->stint.cpu_ns = 0;
  if (t->script->limits.wall_ms) wy_wall_set(t, t->script->limits.wall_ms);
}

void wy_task_breathe(wy_task *t) {
  if (!t->stint.over) t->stint.cpu_ns = 0;
}

/* True: tasks may have ended meanwhile. */
static bool expire(wy_task *t) {
  wy_script *s = t->script;
  bool again = t->stint.raised;
  wy_limits_over(s, &t->stint, WY_FAULT_WALL);
  t->due = again ? 0 : wy_clock_now_ms(s->clock) + GRACE_MS;
  if (!t->waiting) return false;
  t->waiting->cancel(t->waiting);
  return true;
}

static void on_sweep(wy_timer *timer) {
  wy_script *s = wy_container_of(timer, wy_script, sweep);
  uint64_t now = wy_clock_now_ms(s->clock), next = 0;
  for (wy_list *n = s->tasks.next; n != &s->tasks;) {
    wy_task *t = wy_container_of(n, wy_task, link);
    n = t->due && t->due <= now && expire(t) ? s->tasks.next : n->next;
  }
  for (wy_list *n = s->tasks.next; n != &s->tasks; n = n->next) {
    uint64_t due = wy_container_of(n, wy_task, link)->due;
    if (due && (!next || due < next)) next = due;
  }
  if (next) sweep_by(s, next);
}

void wy_wall_open(wy_script *s) { wy_timer_init(&s->sweep, on_sweep); }
void wy_wall_close(wy_script *s) { wy_timer_stop(s->clock, &s->sweep); }
