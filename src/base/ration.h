/* ration: at most so many lines of one kind in a second, so that who causes errors cannot flood the
 * log. What is held back is counted, and told by one line, log.suppressed, when its second is over
 * or when the next line of its kind comes.
 *
 * One for each loop: it lives on a clock, and is not for two threads. A few kinds are known at a
 * time; the one that was quiet longest gives way to a new one. */
#ifndef WY_BASE_RATION_H
#define WY_BASE_RATION_H

#include "base/clock.h"
#include "base/log.h"

enum {
  WY_RATION_REFUSALS = 10, /* lines a second: of what strangers cause */
  WY_RATION_ERRORS = 20,   /* of a place in a plugin */
  WY_RATION_KINDS = 16,
  WY_RATION_MS = 1000
};

typedef struct wy_ration {
  wy_clock *clock;
  const wy_log *log;
  wy_timer timer; /* the end of the earliest second in which something was held back */
  size_t n;
  struct wy_ration_kind *kinds; /* NULL until the first line */
} wy_ration;

void wy_ration_init(wy_ration *r, wy_clock *clock, const wy_log *log);

/* Tells what was held back, and stops the timer. Before the clock goes; allowed on zeroes. */
void wy_ration_deinit(wy_ration *r);

/* At level debug every line is written: somebody looks for a fault.
 *
 * Whether one more line of this event (and of this place, which may be NULL) may be written now, of
 * at most max in a second. False: it counts as held back, unless its level is off. */
bool wy_ration_take(wy_ration *r, wy_log_level level, const char *event, const char *place,
                    unsigned max);

/* The same for an error in Lua: its place is the file:line that text begins with, or else `where`;
 * both may be NULL. r NULL: no ration. */
bool wy_ration_error(wy_ration *r, const char *event, const char *where, const char *text);

#endif
