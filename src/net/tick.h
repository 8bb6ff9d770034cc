/* tick: drives a real clock from a loop. The one place in the project that owns a uv_timer;
 * everything else that waits arms a wy_timer. */
#ifndef WY_NET_TICK_H
#define WY_NET_TICK_H

#include <uv.h>

#include "base/clock.h"

typedef struct wy_tick {
  uv_timer_t timer;
  wy_clock *clock;
  bool firing;
} wy_tick;

/* From here on the clock reads the loop's time and its timers fire from the loop. */
int wy_tick_start(wy_tick *t, uv_loop_t *loop, wy_clock *clock); /* 0 or a uv error */

/* Closes the uv_timer; closed is called when t's memory may go. Armed timers no longer fire. */
void wy_tick_close(wy_tick *t, uv_close_cb closed);
wy_tick *wy_tick_of(uv_handle_t *handle); /* that closed is given */

#endif
