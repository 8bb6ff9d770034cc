/* crashes: what a supervisor remembers of its children's ends: when to start the next one, which
 * pushes not to give it, and whether to fall back to what served before. Times: ms, a steady clock.
 */
#ifndef WY_CLI_CRASHES_H
#define WY_CLI_CRASHES_H

#include "base/beat.h"

enum { WY_SUSPECTS = 64 };

typedef struct wy_crashes {
  unsigned quick_ends; /* in a row, of children that did not live long */
  int64_t promoted;    /* when what it serves was first served */
  unsigned crashes;    /* since then, within a minute of it */
  unsigned fallback;   /* generations to go back */
  struct {
    wy_hash128 key;
    unsigned crashes;
  } suspects[WY_SUSPECTS];
  unsigned next_suspect;
  wy_hash128 quarantined[WY_QUARANTINE_MAX];
  uint32_t n_quarantined;
} wy_crashes;

/* What is served now was not before: a first start, an upgrade, a reload. */
void wy_crashes_promoted(wy_crashes *c, int64_t now);

/* A child that lived so long has ended, with this status of waitpid. True: it crashed, rather than
 * that somebody ended it. beats: its own, as it left them. */
bool wy_crashes_add(wy_crashes *c, int status, const wy_beats *beats, int64_t now, int64_t lived);

int64_t wy_crashes_delay(const wy_crashes *c); /* ms until the next child may start */

void wy_crashes_tell(const wy_crashes *c, wy_beats *beats); /* which pushes are quarantined */

#endif
