/* Each worker looks at the next one's beat, and while that one is late, in a handler that cannot be
 * suspended or in C, accepts the connections that the kernel has queued for it. */
#include "host/host_impl.h"

enum { LOOK_MS = 20 };

/* Its loop is awake since before the last look. What ran in a turn, or runs, ran before the loop
 * looks at its sockets again. */
static bool is_late(neighbour *n) {
  uint64_t runs = __atomic_load_n(&n->beat->runs, __ATOMIC_ACQUIRE);
  uint64_t turns = __atomic_load_n(&n->beat->turns, __ATOMIC_RELAXED);
  if (turns != n->turns) {
    n->turns = turns;
    n->runs = runs;
    n->awake = false;
  }
  bool before = n->awake;
  n->awake = runs % 2 || runs != n->runs;
  return before;
}

static void look(wy_timer *timer) {
  worker *w = wy_container_of(timer, worker, neighbour.timer);
  wy_http_stand_in(w->http, is_late(&w->neighbour));
  wy_timer_start(&w->clock, timer, LOOK_MS);
}

int wy_neighbour_watch(worker *w) {
  wy_host *h = w->host;
  if (h->n_workers < 2) return 0;
  w->neighbour.beat = h->workers[(w->index + 1) % h->n_workers].shown;
  wy_timer_init(&w->neighbour.timer, look);
  return wy_timer_start(&w->clock, &w->neighbour.timer, LOOK_MS);
}

void wy_neighbour_leave(worker *w) { wy_timer_stop(&w->clock, &w->neighbour.timer); }

worker *wy_neighbour_before(wy_host *h, unsigned i) {
  return h->n_workers < 2 ? NULL : &h->workers[(i + h->n_workers - 1) % h->n_workers];
}
