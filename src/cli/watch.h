/* watch: looks at the beats of a child's workers: does Lua run for too long in one piece?
 *
 * First the worker's thread is signalled, so that it ends the task that runs; a task in plain Lua
 * ends so. What does not, since it is in C, is told after 2 s of CPU time, or 10 s: then the
 * process cannot be saved. */
#ifndef WY_CLI_WATCH_H
#define WY_CLI_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/beat.h"

enum { WY_WATCH_MS = 50 /* how often to look */, WY_PATIENCE_MS = 250 };

#define WY_WATCH_SIGNAL SIGVTALRM /* nothing else uses it */

typedef enum wy_stuck { WY_STUCK_NOT, WY_STUCK_INTERRUPT, WY_STUCK_ABORT } wy_stuck;

typedef struct wy_watched {
  uint64_t runs, turns; /* as they were first seen */
  int64_t since;        /* ms; then */
  int64_t cpu;          /* ms of the thread's CPU time, then; -1: not known */
  wy_stuck stage;
} wy_watched;

typedef struct wy_watch {
  int64_t patience_ms; /* with Lua that runs in one piece; 0: WY_PATIENCE_MS */
  wy_watched workers[WY_BEATS_MAX];
} wy_watch;

/* How much CPU time the thread of a beat has used: ms, -1: nobody knows. */
typedef int64_t (*wy_watch_cpu)(void *data, const wy_beat *beat);

/* Looks at one worker, now (ms on any steady clock). Not NOT: for the first time so, and *ms tells
 * for how long it runs. An interrupt is marked in the beat; the signal is the caller's. */
wy_stuck wy_watch_look(wy_watch *w, wy_beat *beat, unsigned i, int64_t now, wy_watch_cpu cpu,
                       void *data, int64_t *ms);

#endif
