#include "base/metrics.h"

#include <stdlib.h>

#include "base/err.h"

enum { TEXT_BYTES = 1024 };

#define MS UINT64_C(1000000)

const uint64_t wy_histogram_bounds[WY_HISTOGRAM_BOUNDS] = {
    MS / 10,   MS / 4,    MS / 2,    1 * MS,     MS * 5 / 2, 5 * MS,
    10 * MS,   25 * MS,   50 * MS,   100 * MS,   250 * MS,   500 * MS,
    1000 * MS, 2500 * MS, 5000 * MS, 10000 * MS, 30000 * MS, 60000 * MS,
};

/* By the number of bits of a duration, how many bounds lie below the shortest that has so many. */
/* clang-format off */
static const uint8_t below[65] = {
    [18] = 1, [19] = 2, [20] = 3, [21] = 4, [22] = 4, [23] = 5, [24] = 6, [25] = 7, [26] = 8,
    [27] = 9, [28] = 10, [29] = 11, [30] = 12, [31] = 13, [32] = 13, [33] = 14, [34] = 15,
    [35] = 16, [36] = 17, [37 ... 64] = 18,
};
/* clang-format on */

/* Each bound is at least twice the one before, so among durations of so many bits one bound can
 * lie: one comparison is left. */
static size_t bucket_of(uint64_t ns) {
  size_t i = below[ns ? 64 - __builtin_clzll(ns) : 0];
  return i < WY_HISTOGRAM_BOUNDS && ns > wy_histogram_bounds[i] ? i + 1 : i;
}

void wy_histogram_observe(wy_histogram *h, uint64_t ns) {
  wy_metric_add(&h->buckets[bucket_of(ns)], 1);
  wy_metric_add(&h->sum_ns, ns);
}

uint64_t wy_histogram_count(const wy_histogram *h) {
  uint64_t count = 0;
  for (size_t i = 0; i < WY_HISTOGRAM_BUCKETS; i++) count += wy_metric_get(&h->buckets[i]);
  return count;
}

void wy_histogram_merge(wy_histogram *into, const wy_histogram *from) {
  for (size_t i = 0; i < WY_HISTOGRAM_BUCKETS; i++)
    into->buckets[i] += wy_metric_get(&from->buckets[i]);
  into->sum_ns += wy_metric_get(&from->sum_ns);
}

void wy_handlers_init(wy_handlers *t) {
  memset(t, 0, sizeof *t);
  t->other.plugin = "";
  t->other.where = "other";
}

void wy_handlers_deinit(wy_handlers *t) {
  for (size_t i = 0; i < t->n; i++) free(t->rows[i]);
  wy_handlers_init(t);
}

static bool is(const wy_handler *h, const char *plugin, const char *where) {
  return strcmp(h->where, where) == 0 && strcmp(h->plugin, plugin) == 0;
}

static uint64_t mix(uint64_t x) { return (x ^ x >> 32) * UINT64_C(0x9E3779B97F4A7C15); }

static size_t slot_of(uint64_t hash) { return (size_t)(hash >> 32) % WY_HANDLERS_INDEX; }

/* FNV-1a over the text and its NUL, which keeps "a" "bc" apart from "ab" "c". */
static uint64_t hash_text(uint64_t hash, const char *z) {
  do hash = (hash ^ (unsigned char)*z) * UINT64_C(0x100000001B3);
  while (*z++);
  return hash;
}

static wy_handler *row_new(const char *plugin, const char *where) {
  size_t plugin_n = strlen(plugin) + 1, where_n = strlen(where) + 1;
  wy_handler *h = calloc(1, sizeof *h + plugin_n + where_n);
  if (!h) return NULL;
  char *text = (char *)(h + 1);
  h->plugin = memcpy(text, plugin, plugin_n);
  h->where = memcpy(text + plugin_n, where, where_n);
  return h;
}

/* Its number + 1; 0: it has no row. */
static uint16_t find_text(wy_handlers *t, const char *plugin, const char *where) {
  uint64_t hash = hash_text(hash_text(UINT64_C(0xCBF29CE484222325), plugin), where);
  size_t i = slot_of(mix(hash));
  for (; t->by_text[i]; i = (i + 1) % WY_HANDLERS_INDEX)
    if (is(t->rows[t->by_text[i] - 1], plugin, where)) return t->by_text[i];
  if (t->n == WY_HANDLERS || strlen(plugin) + strlen(where) > TEXT_BYTES) return 0;
  wy_handler *h = row_new(plugin, where);
  if (!h) return 0;
  t->rows[t->n] = h;
  __atomic_store_n(&t->n, t->n + 1, __ATOMIC_RELEASE); /* the row is whole before it is seen */
  return t->by_text[i] = (uint16_t)t->n;
}

wy_handler *wy_handlers_find(wy_handlers *t, const void *id, const char *plugin,
                             const char *where) {
  uint16_t *guess = &t->by_id[slot_of(mix((uintptr_t)id))];
  if (*guess && is(t->rows[*guess - 1], plugin, where)) return t->rows[*guess - 1];
  uint16_t found = find_text(t, plugin, where);
  if (!found) return &t->other;
  *guess = found;
  return t->rows[found - 1];
}

wy_handler *wy_handlers_get(const wy_handlers *t, const void *id, const char *where) {
  uint16_t guess = t->by_id[slot_of(mix((uintptr_t)id))];
  return guess && strcmp(t->rows[guess - 1]->where, where) == 0 ? t->rows[guess - 1] : NULL;
}

static int compare(const void *a, const void *b) {
  const wy_handler *x = *(const wy_handler *const *)a, *y = *(const wy_handler *const *)b;
  int r = strcmp(x->plugin, y->plugin);
  return r ? r : strcmp(x->where, y->where);
}

int wy_handlers_each(const wy_handlers *const *tables, size_t n, wy_handlers_fn fn, void *data) {
  if (n == 0) return 0;
  const wy_handler **all = calloc(n, (WY_HANDLERS + 1) * sizeof *all);
  if (!all) return WY_E_NOMEM;
  size_t used = 0;
  for (size_t i = 0; i < n; i++) {
    size_t rows = __atomic_load_n(&tables[i]->n, __ATOMIC_ACQUIRE);
    for (size_t k = 0; k < rows; k++) all[used++] = tables[i]->rows[k];
    if (wy_histogram_count(&tables[i]->other.time)) all[used++] = &tables[i]->other;
  }
  qsort(all, used, sizeof *all, compare);
  for (size_t i = 0; i < used;) {
    const wy_handler *h = all[i];
    wy_handler sum = {.plugin = h->plugin, .where = h->where};
    for (; i < used && compare(&all[i], &h) == 0; i++) {
      wy_histogram_merge(&sum.time, &all[i]->time);
      sum.errors += wy_metric_get(&all[i]->errors);
    }
    fn(data, &sum);
  }
  free(all);
  return 0;
}
