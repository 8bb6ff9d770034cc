#include "cli/crashes.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum {
  DELAY_MS = 100,
  DELAY_MOST_MS = 10000,
  LONG_MS = 60000,      /* a child that lived so long is not at the beginning of a row */
  PROMOTION_MS = 60000, /* crashes so soon after it are its own */
  CRASHES = 3,
  POISON = 2 /* crashes of a push */
};

static bool is_crash(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status) != 0;
  int number = WTERMSIG(status); /* these are sent by somebody, such as the kernel out of memory */
  return number != SIGKILL && number != SIGTERM && number != SIGINT;
}

static void quarantine(wy_crashes *c, const wy_hash128 *key) {
  if (c->n_quarantined == WY_QUARANTINE_MAX) { /* the oldest has ended nobody for long */
    memmove(c->quarantined, c->quarantined + 1, sizeof c->quarantined - sizeof *c->quarantined);
    c->n_quarantined--;
  }
  c->quarantined[c->n_quarantined++] = *key;
}

static void suspect(wy_crashes *c, const wy_hash128 *key) {
  for (unsigned i = 0; i < WY_SUSPECTS; i++) {
    if (!c->suspects[i].crashes || c->suspects[i].key.lo != key->lo ||
        c->suspects[i].key.hi != key->hi)
      continue;
    if (++c->suspects[i].crashes == POISON) quarantine(c, key);
    return;
  }
  c->suspects[c->next_suspect].key = *key;
  c->suspects[c->next_suspect].crashes = 1;
  c->next_suspect = (c->next_suspect + 1) % WY_SUSPECTS;
}

void wy_crashes_promoted(wy_crashes *c, int64_t now) {
  c->promoted = now;
  c->crashes = 0;
}

bool wy_crashes_add(wy_crashes *c, int status, const wy_beats *beats, int64_t now, int64_t lived) {
  if (lived >= LONG_MS) c->quick_ends = 0;
  c->quick_ends++;
  if (!is_crash(status)) return false;
  for (unsigned i = 0; i < WY_BEATS_MAX; i++) {
    const wy_beat *b = &beats->workers[i];
    if (b->runs % 2 && (b->key.lo || b->key.hi)) suspect(c, &b->key);
  }
  if (now - c->promoted > PROMOTION_MS) return true;
  if (++c->crashes < CRASHES) return true;
  c->fallback++;
  wy_crashes_promoted(c, now); /* so is what served before */
  return true;
}

int64_t wy_crashes_delay(const wy_crashes *c) {
  int64_t ms = DELAY_MS;
  if (c->quick_ends < 2) return 0;
  for (unsigned i = 2; i < c->quick_ends && ms < DELAY_MOST_MS; i++) ms *= 2;
  return ms < DELAY_MOST_MS ? ms : DELAY_MOST_MS;
}

void wy_crashes_tell(const wy_crashes *c, wy_beats *beats) {
  memcpy(beats->quarantined, c->quarantined, sizeof c->quarantined);
  beats->n_quarantined = c->n_quarantined;
}
