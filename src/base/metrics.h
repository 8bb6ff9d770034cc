/* metrics: numbers that one thread writes and any thread reads: counters and gauges (a uint64_t
 * each), histograms of durations, and a bounded table of both by handler.
 *
 * Each number has one writer, so that an addition is a plain load and store, no locked instruction.
 * A reader sees every number whole, and may see one a moment before another that was written first.
 * Several workers have a set each; who reads adds them up. base/prom writes them as text. */
#ifndef WY_BASE_METRICS_H
#define WY_BASE_METRICS_H

#include "base/str.h"

/* Counters and gauges */

static inline uint64_t wy_metric_get(const uint64_t *cell) {
  return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

/* The owner's thread only, these two. */
static inline void wy_metric_set(uint64_t *cell, uint64_t value) {
  __atomic_store_n(cell, value, __ATOMIC_RELAXED);
}

static inline void wy_metric_add(uint64_t *cell, uint64_t n) {
  wy_metric_set(cell, wy_metric_get(cell) + n);
}

/* Histograms */

enum { WY_HISTOGRAM_BOUNDS = 18, WY_HISTOGRAM_BUCKETS = WY_HISTOGRAM_BOUNDS + 1 };

/* Upper bounds, inclusive, in ns: 0.1 ms to 60 s. The last bucket has none. */
extern const uint64_t wy_histogram_bounds[WY_HISTOGRAM_BOUNDS];

/* All zero is empty. */
typedef struct wy_histogram {
  uint64_t buckets[WY_HISTOGRAM_BUCKETS]; /* each alone; how many there are is their sum */
  uint64_t sum_ns;
} wy_histogram;

/* The owner's thread only. */
void wy_histogram_observe(wy_histogram *h, uint64_t ns);

/* How many durations it has seen. */
uint64_t wy_histogram_count(const wy_histogram *h);

/* Adds what `from` holds now. into: the caller's own. */
void wy_histogram_merge(wy_histogram *into, const wy_histogram *from);

/* Handlers */

enum { WY_HANDLERS = 512, WY_HANDLERS_INDEX = 2 * WY_HANDLERS };

typedef struct wy_handler {
  wy_histogram time;
  uint64_t errors;
  const char *plugin, *where; /* of the same allocation */
} wy_handler;

typedef struct wy_handlers {
  size_t n; /* rows published; a row that a reader has seen stays where it is */
  wy_handler *rows[WY_HANDLERS];
  wy_handler other; /* plugin "", where "other": what found no row */
  /* The owner's: number of the row + 1, 0 where none is. */
  uint16_t by_text[WY_HANDLERS_INDEX]; /* open addressing, half full at most */
  uint16_t by_id[WY_HANDLERS_INDEX];   /* a guess; the text decides */
} wy_handlers;

void wy_handlers_init(wy_handlers *t);
void wy_handlers_deinit(wy_handlers *t); /* when nobody reads any more */

/* The row of the handler of `plugin` that stands at `where` (file:line), made when it is new.
 * Never NULL: the 513th handler, one whose texts exceed 1 KiB, and one for which there is no memory
 * are counted together, as "other". id: any address that mostly stands for this handler, such as
 * that of the Lua string `where`; it makes the search short and decides nothing, so that a new
 * generation may have new strings, or other ones at the same address. The owner's thread only. */
wy_handler *wy_handlers_find(wy_handlers *t, const void *id, const char *plugin, const char *where);

/* The same without the plugin, of which `where` mostly tells enough: NULL when id does not lead to
 * this place; then find. The owner's thread only. */
wy_handler *wy_handlers_get(const wy_handlers *t, const void *id, const char *where);

/* sum: of all workers, valid during the call. */
typedef void (*wy_handlers_fn)(void *data, const wy_handler *sum);

/* Calls fn for every handler that any of the n tables knows, once, ordered by plugin and place,
 * with what all of them have counted. "other" comes only when it has counted something. Any thread
 * may do this while the owners go on. 0, or WY_E_NOMEM before the first call. */
int wy_handlers_each(const wy_handlers *const *tables, size_t n, wy_handlers_fn fn, void *data);

#endif
