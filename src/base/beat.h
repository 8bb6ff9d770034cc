/* beat: what a worker shows of itself to who watches it from another process: which turn of its
 * loop it is in, whether Lua runs just now, and for which push.
 *
 * A region of shared memory has one for each worker, and what the watcher tells the workers: pushes
 * that ended two processes before. A worker that nobody watches writes into memory of its own, so
 * there is no branch. Every field has one writer. */
#ifndef WY_BASE_BEAT_H
#define WY_BASE_BEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

enum { WY_BEATS_MAX = 256, WY_QUARANTINE_MAX = 64 };

/* Names of what a supervisor says by the environment. The fall-back: how many generations before
 * the last promoted one are to be loaded, since those after it crashed again and again; absent:
 * none. */
#define WY_FALLBACK_ENV "WEIYUE_FALLBACK"

typedef struct wy_beat {
  _Alignas(64) uint64_t turns; /* of the loop */
  uint64_t runs;               /* how often Lua was entered and left: odd while it runs */
  wy_hash128 key;              /* of the push it runs for, while it does; 0: for none */
  uint32_t tid;                /* of the thread, as the kernel calls it; 0: no thread yet */
  uint32_t generation;         /* of the plugins that it serves */
  uint64_t unwanted;           /* by who watches: the one of `runs` that is to be ended */
} wy_beat;

typedef struct wy_beats {
  uint32_t magic, bytes;
  uint32_t child; /* which child of its supervisor this is, from 1 */
  uint32_t n_quarantined;
  /* by the child: how long Lua may run in one piece; how long it may take to end when another takes
   * over; ms, 0: as it is usual. And how many reloads it is done with, well or not. */
  uint32_t patience_ms, farewell_ms, reloads;
  /* What is asked of the child by command is kept for the one after it, which begins with what it
   * finds; so neither may happen during the other. By who watches: another child has started. By
   * the child: how many it has begun and not kept yet. */
  uint32_t replaced, changes;
  wy_hash128 quarantined[WY_QUARANTINE_MAX];
  wy_beat workers[WY_BEATS_MAX];
} wy_beats;

/* A region of its own, and the descriptor to give to a child (close-on-exec). NULL: errno. */
wy_beats *wy_beats_new(int *fd);
/* The region of a descriptor, which is closed. NULL: it is none of this version's. */
wy_beats *wy_beats_open(int fd);
void wy_beats_free(wy_beats *b); /* NULL is fine */

bool wy_beats_quarantined(const wy_beats *b, const wy_hash128 *key);

/* By who watches: nothing is to change from now on. False: something does; and nothing was said. */
bool wy_beats_replace(wy_beats *b);
void wy_beats_replace_not(wy_beats *b); /* the other child did not come up */

/* By the child: something changes from now on, until wy_beats_changed. False: it must not. */
bool wy_beats_change(wy_beats *b);
void wy_beats_change_more(wy_beats *b); /* it belongs to one that is under way */
void wy_beats_changed(wy_beats *b);

uint32_t wy_beat_tid(void); /* of this thread; 0 where threads have no number */

/* --- of the worker --- */

static inline void wy_beat_turn(wy_beat *b) {
  __atomic_store_n(&b->turns, b->turns + 1, __ATOMIC_RELAXED);
}

/* Lua is entered, for this push (NULL: for none), and left. */
static inline void wy_beat_begin(wy_beat *b, const wy_hash128 *key) {
  __atomic_store_n(&b->key.lo, key ? key->lo : 0, __ATOMIC_RELAXED);
  __atomic_store_n(&b->key.hi, key ? key->hi : 0, __ATOMIC_RELAXED);
  __atomic_store_n(&b->runs, b->runs + 1, __ATOMIC_RELEASE);
}

static inline void wy_beat_end(wy_beat *b) {
  __atomic_store_n(&b->runs, b->runs + 1, __ATOMIC_RELEASE);
}

#endif
