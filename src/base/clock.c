#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

enum { WALL_MS = 100 };

static uint64_t read_ms(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void wy_clock_init(wy_clock *c) {
  memset(c, 0, sizeof *c);
  wy_list_init(&c->external);
}

void wy_clock_init_virtual(wy_clock *c, int64_t wall_ms) {
  wy_clock_init(c);
  c->is_virtual = true;
  c->now = 1000; /* not 0: a due time of 0 would look unset */
  c->wall_ahead = wall_ms - (int64_t)c->now;
}

void wy_clock_deinit(wy_clock *c) {
  assert(c->n == 0);
  free(c->heap);
  c->heap = NULL;
  c->cap = 0;
}

uint64_t wy_clock_now_ms(const wy_clock *c) {
  if (c->is_virtual) return c->now;
  return (c->read ? c->read(c->data) : read_ms(CLOCK_MONOTONIC)) + c->ahead;
}

int64_t wy_clock_wall_ms(wy_clock *c) {
  uint64_t now = wy_clock_now_ms(c);
  if (!c->is_virtual && (!c->wall_at || now - c->wall_at >= WALL_MS)) {
    c->wall_ahead = (int64_t)(read_ms(CLOCK_REALTIME) + c->ahead) - (int64_t)now;
    c->wall_at = now;
  }
  return (int64_t)now + c->wall_ahead;
}

static bool before(const wy_timer *a, const wy_timer *b) {
  return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(wy_clock *c, size_t i, wy_timer *t) {
  c->heap[i] = t;
  t->at = i + 1;
}

static void sift_up(wy_clock *c, size_t i) {
  wy_timer *t = c->heap[i];
  while (i > 0 && before(t, c->heap[(i - 1) / 2])) {
    place(c, i, c->heap[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  place(c, i, t);
}

static void sift_down(wy_clock *c, size_t i) {
  wy_timer *t = c->heap[i];
  for (size_t k; (k = 2 * i + 1) < c->n; i = k) {
    if (k + 1 < c->n && before(c->heap[k + 1], c->heap[k])) k++;
    if (!before(c->heap[k], t)) break;
    place(c, i, c->heap[k]);
  }
  place(c, i, t);
}

static void take_out(wy_clock *c, wy_timer *t) {
  size_t i = t->at - 1;
  wy_timer *last = c->heap[--c->n];
  t->at = 0;
  if (last == t) return;
  place(c, i, last);
  sift_up(c, i);
  sift_down(c, last->at - 1);
}

static void changed(wy_clock *c, const wy_timer *first) {
  if (c->on_change && (c->n ? c->heap[0] : NULL) != first) c->on_change(c);
}

void wy_timer_init(wy_timer *t, wy_timer_fn fire) { *t = (wy_timer){.fire = fire}; }

int wy_timer_start(wy_clock *c, wy_timer *t, uint64_t ms) {
  uint64_t was = c->n ? c->heap[0]->due : UINT64_MAX;
  if (t->at) take_out(c, t);
  if (c->n == c->cap) {
    size_t cap = c->cap ? c->cap * 2 : 16;
    wy_timer **heap = realloc(c->heap, cap * sizeof *heap);
    if (!heap) return WY_E_NOMEM;
    c->heap = heap;
    c->cap = cap;
  }
  uint64_t now = wy_clock_now_ms(c);
  t->due = ms > UINT64_MAX - now ? UINT64_MAX : now + ms;
  t->order = c->order++;
  place(c, c->n++, t);
  sift_up(c, c->n - 1);
  if (c->on_change && c->heap[0]->due != was) c->on_change(c);
  return 0;
}

void wy_timer_stop(wy_clock *c, wy_timer *t) {
  if (!t->at) return;
  const wy_timer *first = c->heap[0];
  take_out(c, t);
  changed(c, first);
}

bool wy_clock_next(const wy_clock *c, uint64_t *due) {
  if (c->n == 0) return false;
  *due = c->heap[0]->due;
  return true;
}

size_t wy_clock_run(wy_clock *c) {
  size_t fired = 0;
  c->now = wy_clock_now_ms(c);
  uint64_t newest = c->order; /* what callbacks arm with 0 ms waits for the next run */
  while (c->n && c->heap[0]->due <= c->now && c->heap[0]->order < newest) {
    wy_timer *t = c->heap[0];
    take_out(c, t);
    fired++;
    t->fire(t);
  }
  if (c->on_change) c->on_change(c);
  return fired;
}

void wy_clock_advance(wy_clock *c, int64_t ms) {
  assert(!c->is_virtual);
  if (ms <= 0) return;
  c->ahead += (uint64_t)ms;
  if (c->on_change) c->on_change(c);
}

void wy_clock_step(wy_clock *c, uint64_t due) {
  assert(c->is_virtual);
  if (due > c->now) c->now = due;
}

void wy_external_begin(wy_clock *c, wy_external *e, const char *what) {
  e->what = what;
  wy_list_push(&c->external, &e->link);
}

void wy_external_end(wy_external *e) {
  if (e->link.next) wy_list_remove(&e->link);
}
