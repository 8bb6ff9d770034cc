#include "cli/watch.h"

/* From the interrupt on, for which the patience was WY_PATIENCE_MS. */
enum { ABORT_CPU_MS = 2000, ABORT_MS = 10000 };

/* Since it was first seen, by the thread's own clock where there is one: a machine that is busy
 * with something else is no fault of a handler. */
static bool is_lost(const wy_watched *seen, int64_t patience, int64_t ms, int64_t cpu) {
  int64_t more = patience - WY_PATIENCE_MS;
  if (ms >= ABORT_MS + more) return true;
  return seen->cpu >= 0 && cpu - seen->cpu >= ABORT_CPU_MS + more;
}

wy_stuck wy_watch_look(wy_watch *w, wy_beat *beat, unsigned i, int64_t now, wy_watch_cpu cpu,
                       void *data, int64_t *ms) {
  wy_watched *seen = &w->workers[i];
  int64_t patience = w->patience_ms > WY_PATIENCE_MS ? w->patience_ms : WY_PATIENCE_MS;
  uint64_t runs = __atomic_load_n(&beat->runs, __ATOMIC_ACQUIRE);
  uint64_t turns = __atomic_load_n(&beat->turns, __ATOMIC_RELAXED);
  if (runs % 2 == 0 || runs != seen->runs || turns != seen->turns) {
    *seen = (wy_watched){.runs = runs, .turns = turns, .since = now, .cpu = -1};
    if (runs % 2) seen->cpu = cpu(data, beat);
    return WY_STUCK_NOT;
  }
  *ms = now - seen->since;
  if (seen->stage == WY_STUCK_NOT && *ms >= patience) {
    seen->stage = WY_STUCK_INTERRUPT;
    __atomic_store_n(&beat->unwanted, runs, __ATOMIC_RELEASE);
    return WY_STUCK_INTERRUPT;
  }
  if (seen->stage == WY_STUCK_INTERRUPT && is_lost(seen, patience, *ms, cpu(data, beat))) {
    seen->stage = WY_STUCK_ABORT;
    return WY_STUCK_ABORT;
  }
  return WY_STUCK_NOT;
}
