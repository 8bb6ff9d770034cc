/* A table is a queue in order of arrival, which is nearly that of expiry: the place to use next is
 * always that of the oldest. Entries are numbered as they come. A bucket holds the links to the
 * four youngest entries of a hash, and each entry the link that it pushed out of there; a link
 * whose number is older than the queue is dead, and so are all behind it: the oldest goes without
 * anything being unlinked. A link has a tag of the entry it leads to, so that a search for what is
 * new, as nearly all is, looks at its bucket and at nothing else. (The dearest thing here is a look
 * at memory that no cache holds.) */
#include <sys/mman.h>

#include "host/inbox_impl.h"

enum {
  FIRST = 1024,  /* entries of a first table: a small host never moves them */
  MAPPED = 4096, /* bytes of a block from which on it is mapped */
  TRIES = 64,    /* running keys that are passed by when the oldest must go */
  EXPIRE = 4,    /* expired entries let go by one claim: more than it adds */
};

/* Big blocks are mapped: outgrown, they go back to the system and leave no holes in the heap. */
static void *block_new(size_t n) {
  if (n < MAPPED) return calloc(1, n);
  void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

static void block_free(void *p, size_t n) {
  if (n < MAPPED) free(p);
  else munmap(p, n);
}

size_t wy_table_bytes(bool of_keys, size_t cap) {
  return cap * (sizeof(slot) + (of_keys ? sizeof(note) : 0) + sizeof(link)) +
         cap / 2 * sizeof(bucket);
}

/* Those that younger ones have pushed out of their bucket: the first was pushed out by the youngest
 * in the bucket, the next by the second, and so on, the fifth by the first. */
int64_t wy_table_find_older(const table *t, uint64_t id) {
  const link *l = bucket_of(t, id);
  uint32_t at[WAYS], before = age_of(t, l[WAYS - 1]);
  for (uint32_t i = 0; i < WAYS; i++) at[i] = place(t, age_of(t, l[i]));
  for (uint32_t i = 0;; i = (i + 1) % WAYS) {
    uint32_t age = age_of(t, t->links[at[i]]);
    if (age >= t->n || age <= before) return NONE;
    at[i] = place(t, age);
    if (t->slots[at[i]].id == id) return at[i];
    before = age;
  }
}

bool wy_table_grow(table *t, uint32_t most) {
  table to = {.of_keys = t->of_keys, .cap = t->cap > most / 2 ? most : t->cap * 2};
  if (!t->cap) to.cap = most < FIRST ? most : FIRST;
  to.slots = block_new(wy_table_bytes(t->of_keys, to.cap));
  if (!to.slots) return false;
  to.notes = (note *)(to.slots + to.cap);
  to.links = t->of_keys ? (link *)(to.notes + to.cap) : (link *)to.notes;
  to.buckets = (bucket *)(to.links + to.cap);
  for (uint32_t age = t->n; age--;) {
    uint32_t from = place(t, age), at = push(&to, t->slots[from]);
    if (t->of_keys) to.notes[at] = t->notes[from];
  }
  block_free(t->slots, wy_table_bytes(t->of_keys, t->cap));
  *t = to;
  return true;
}

void wy_table_expire(table *t, uint32_t now) {
  for (int i = 0; i < EXPIRE && t->n; i++) {
    uint32_t oldest = place(t, t->n - 1);
    if (t->slots[oldest].until >= now) return;
    t->n--;
    if (!running(t, oldest)) continue;
    note kept = t->notes[oldest]; /* it becomes the youngest, and those behind it can go */
    t->notes[push(t, t->slots[oldest])] = kept;
  }
}

/* Of a full table the oldest goes, and is counted when its time was not over. A key that is still
 * running becomes the youngest instead, so that its repetition still joins: as the queue is full,
 * it need not even move. */
bool wy_table_evict(table *t, uint32_t now, uint64_t *evicted) {
  if (!t->cap) return false;
  uint32_t oldest = place(t, t->n - 1);
  for (int i = 0; i < TRIES && running(t, oldest); i++) {
    t->n--;
    push(t, t->slots[oldest]);
    oldest = place(t, t->n - 1);
  }
  t->n--;
  if (t->slots[oldest].until >= now && !(t->of_keys && t->notes[oldest].state == UNDONE))
    ++*evicted;
  return true;
}

void wy_table_free(table *t) { block_free(t->slots, wy_table_bytes(t->of_keys, t->cap)); }
