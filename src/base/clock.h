/* clock: where time comes from, and a heap of timers. No event loop is known here: net/tick drives
 * a real clock, and a virtual one is stepped by its owner.
 *
 * A host has two: its own (which specs make virtual) and the real one that HTTP framing deadlines
 * use. Timers are embedded in their owner; a timer that is armed must be stopped before its memory
 * goes away. Single-threaded: a clock belongs to one loop. */
#ifndef WY_BASE_CLOCK_H
#define WY_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

typedef struct wy_clock wy_clock;
typedef struct wy_timer wy_timer;
typedef void (*wy_timer_fn)(wy_timer *timer);

struct wy_timer {
  uint64_t due;     /* ms on the clock's monotonic scale */
  uint64_t order;   /* arming order: equal dues fire first come, first served */
  size_t at;        /* place in the heap + 1; 0 while not armed */
  wy_timer_fn fire; /* called once; may arm the timer again */
};

/* A wait for something else than time: the answer of a store, of a server. Who steps a virtual
 * clock lets these end before it moves on. Embedded in its owner, who ends it before its memory
 * goes. */
typedef struct wy_external {
  wy_list link;
  const char *what; /* static: for who waits too long */
} wy_external;

struct wy_clock {
  bool is_virtual;
  uint64_t now; /* monotonic ms of the last look; of a virtual clock: its time */
  /* monotonic ms of a real clock: the loop's cached time once net/tick drives it; NULL: the OS */
  uint64_t (*read)(void *data);
  int64_t wall_ahead; /* unix ms minus monotonic ms */
  uint64_t wall_at;   /* when a real clock last asked the system for it */
  uint64_t ahead;     /* ms that a real clock was moved ahead of the time */
  uint64_t order;
  wy_timer **heap;
  size_t n, cap;
  /* called when the earliest due time has changed; NULL for a virtual clock */
  void (*on_change)(wy_clock *clock);
  void *data;
  wy_list external; /* of wy_external, the oldest first */
};

void wy_clock_init(wy_clock *c); /* real time */
void wy_clock_init_virtual(wy_clock *c,
                           int64_t wall_ms); /* starts at this unix time, stands still */
void wy_clock_deinit(wy_clock *c);           /* no timer may be armed */

uint64_t wy_clock_now_ms(const wy_clock *c); /* monotonic */
/* Unix time. Of a clock that a loop drives: the loop's time, set right by the system's every 100
 * ms. */
int64_t wy_clock_wall_ms(wy_clock *c);

void wy_timer_init(wy_timer *t, wy_timer_fn fire);
/* Arms t to fire ms from now, moving it when it is armed already. 0, or WY_E_NOMEM. */
int wy_timer_start(wy_clock *c, wy_timer *t, uint64_t ms);
void wy_timer_stop(wy_clock *c, wy_timer *t);
static inline bool wy_timer_armed(const wy_timer *t) { return t->at != 0; }

/* Due time of the earliest timer; false when none is armed. */
bool wy_clock_next(const wy_clock *c, uint64_t *due);

/* Fires every timer that is due now, in order of due time. Timers that are armed by a callback
 * with 0 ms wait for the next call. Returns how many fired. */
size_t wy_clock_run(wy_clock *c);

void wy_external_begin(wy_clock *c, wy_external *e, const char *what);
void wy_external_end(wy_external *e); /* also one that has ended, or is all zeroes */
static inline bool wy_clock_waits(const wy_clock *c) { return !wy_list_empty(&c->external); }

/* A real clock only: moves it ahead by so many ms, both its scales, for good. */
void wy_clock_advance(wy_clock *c, int64_t ms);

/* A virtual clock only: moves the time forward to `due`. */
void wy_clock_step(wy_clock *c, uint64_t due);

#endif
