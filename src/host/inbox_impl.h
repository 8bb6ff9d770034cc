/* What inbox.c (claims), inbox_table.c (keys and nonces) and inbox_move.c (from one inbox to the
 * next) share. Nobody else includes this. The functions that stand here are on the path of a push.
 */
#ifndef WY_HOST_INBOX_IMPL_H
#define WY_HOST_INBOX_IMPL_H

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "host/inbox.h"

enum {
  SHARDS = 4, /* of one worker; of several, eight for each; more where one would be too large */
  SHARDS_MOST = 1024,
  NUMBERS = 20,              /* bits of an entry's number */
  MOST = 1 << (NUMBERS - 1), /* entries of a table: half the numbers are of those that are gone */
  NUMBER = (1 << NUMBERS) - 1,
  WAYS = 4,          /* links of a bucket */
  ANSWERS = 4194304, /* bytes, at most, of all rings */
  MARK = 8,          /* bytes before an answer in the ring, where all places are multiples of it */
  NONE = -1,         /* no place */
  ELSEWHERE = UINT16_MAX, /* the worker of what is in flight in another host */
  PLACE_LOW = 2,          /* bits of a user's hash that every shard's number tells, */
  PLACE_BITS = 8, /* and how many more a note keeps: enough for as many shards as there may be */
};

static_assert(PLACE_BITS == 8 && SHARDS == 1 << PLACE_LOW &&
                  SHARDS_MOST == 1 << (PLACE_LOW + PLACE_BITS),
              "a note and the number of its shard tell where it belongs in any other inbox");
static_assert(ANSWERS / MARK <= NUMBER, "a note holds places of its ring in as many bits");

typedef struct slot {
  uint64_t id;   /* of a key: lo; of a nonce: itself */
  uint32_t more; /* of a key: low half of hi; of a nonce: of its key's lo */
  uint32_t until;
} slot;

/* To an entry: its number, and above these bits its tag. */
typedef uint32_t link;

typedef struct bucket {
  link links[WAYS]; /* the youngest first */
} bucket;

typedef enum { RUNNING, ANSWERED, DONE, UNDONE } state;

/* What is known of a key. */
typedef struct note {
  uint64_t worker : 16;
  uint64_t at : NUMBERS; /* its answer's mark in the ring, in units of MARK */
  uint64_t n : 16;       /* bytes of its answer */
  uint64_t state : 4;
  uint64_t place : PLACE_BITS; /* of the user's hash, behind its lowest PLACE_LOW bits */
} note;
static_assert(sizeof(note) == 8, "a note is a word");

typedef struct table {
  slot *slots; /* one block of memory, with what follows */
  note *notes; /* of keys only */
  link *links; /* what an entry pushed out of its bucket */
  bucket *buckets;
  uint32_t cap;         /* entries; half as many buckets */
  uint32_t n, youngest; /* the queue: its length, and the place of its end; it wraps at cap */
  uint32_t last;        /* number of the youngest */
  bool of_keys;
} table;

/* Open addressing; a removal moves up what stands behind, so a place without anything in flight
 * ends every search. */
typedef struct user {
  uint64_t id;
  uint32_t in_flight;
  uint16_t worker;    /* ELSEWHERE: as long as what is elsewhere goes before what waits here */
  uint16_t elsewhere; /* how many of those in flight are */
} user;

typedef struct shard {
  table keys, nonces;
  user *users;
  uint32_t users_cap, users_n; /* cap: a power of two */
  char *ring;
  uint32_t ring_used, ring_at; /* used: so far */
  uint64_t evicted;
} shard;

/* Where the buckets of a table are, for who has no lock and only fetches ahead: atomic, and maybe
 * of yesterday, which costs a fetch and nothing else. */
typedef struct peek {
  const bucket *buckets;
  uint32_t n;
} peek;

typedef struct cell {
  _Alignas(64) pthread_mutex_t lock; /* two workers at neighbours do not disturb each other */
  shard *shard;                      /* NULL until it is needed */
  bool exported;                     /* what happens is told */
  peek keys, nonces;
} cell;

struct wy_inbox {
  bool alone;         /* one thread uses it: nothing is locked */
  uint32_t n_shards;  /* a power of two */
  uint32_t most;      /* keys, and nonces, of a shard */
  uint32_t ring_most; /* bytes */
  uint32_t workers;
  wy_item_fn give; /* to whom it is exported */
  void *data;
  cell *cells;
};

/* --- inbox_table.c --- */

size_t wy_table_bytes(bool of_keys, size_t cap);
void wy_table_free(table *t);
int64_t wy_table_find_older(const table *t, uint64_t id); /* behind its bucket */
bool wy_table_grow(table *t, uint32_t most);
void wy_table_expire(table *t, uint32_t now);
bool wy_table_evict(table *t, uint32_t now, uint64_t *evicted);

/* The shard is chosen by the lowest bits of an id, the tag by those above the lowest 20, the
 * bucket by the upper half (multiplied, which is cheaper than divided). */
static inline uint32_t tag_of(uint64_t id) { return (uint32_t)id & ~(uint32_t)NUMBER; }
static inline link *bucket_of(const table *t, uint64_t id) {
  return t->buckets[(id >> 32) * (t->cap / 2) >> 32].links;
}

/* How many entries came after the one of this link; n or more: it is dead. A link that stood still
 * for as many entries as there are numbers may look alive: it then leads to an entry, but not to
 * its own. */
static inline uint32_t age_of(const table *t, link l) { return (t->last - l) & NUMBER; }

static inline uint32_t place(const table *t, uint32_t age) {
  return t->youngest - age + (t->youngest < age ? t->cap : 0);
}

/* The youngest with this id, or NONE. Two keys that agree in their first half are not told apart
 * here: the elder is then hidden, once in 2^64. */
static inline int64_t find(const table *t, uint64_t id) {
  uint32_t n = t->n, tag = tag_of(id);
  if (!n) return NONE;
  const link *l = bucket_of(t, id);
  for (int i = 0; i < WAYS; i++) {
    uint32_t age = age_of(t, l[i]);
    if (age >= n) return NONE;
    if ((l[i] ^ tag) > NUMBER) continue;
    uint32_t at = place(t, age);
    if (t->slots[at].id == id) return at;
  }
  return wy_table_find_older(t, id);
}

/* Needs n < cap. */
static inline uint32_t push(table *t, slot s) {
  uint32_t at = t->youngest + 1 < t->cap ? t->youngest + 1 : 0;
  link *l = bucket_of(t, s.id);
  t->slots[at] = s;
  t->links[at] = l[3];
  l[3] = l[2];
  l[2] = l[1];
  l[1] = l[0];
  t->last = (t->last + 1) & NUMBER;
  l[0] = tag_of(s.id) | t->last;
  t->youngest = at;
  t->n++;
  return at;
}

static inline bool running(const table *t, uint32_t at) {
  return t->of_keys && t->notes[at].state == RUNNING;
}

/* Makes n < cap; false only when there is no memory at all. */
static inline bool make_room(table *t, uint32_t most, uint32_t now, uint64_t *evicted) {
  if (t->n && t->slots[place(t, t->n - 1)].until < now) wy_table_expire(t, now);
  if (t->n < t->cap || (t->cap < most && wy_table_grow(t, most))) return true;
  return wy_table_evict(t, now, evicted);
}

/* --- inbox.c: users in flight, and answers --- */

user *wy_shard_find_user(const shard *s, uint64_t id); /* NULL: he has nothing in flight */
/* Counts one more in flight; a user whom nobody has becomes the worker's. NULL: no memory. */
user *wy_shard_take_user(shard *s, uint64_t id, unsigned worker);
void wy_shard_release_user(shard *s, uint64_t id);
/* The key at this place is finished: with an answer, as far as there is room; p NULL: none. */
void wy_shard_store(shard *s, uint32_t most, uint32_t at, wy_str answer);
bool wy_shard_recall(shard *s, uint32_t at, wy_buf *answer); /* false: it is not there */

static inline uint8_t place_of(uint64_t id) { return (uint8_t)(id >> PLACE_LOW); }

static inline int64_t find_key(const shard *s, const wy_hash128 *key) {
  int64_t at = find(&s->keys, key->lo);
  bool known = at != NONE && s->keys.slots[at].more == (uint32_t)key->hi &&
               s->keys.notes[at].state != UNDONE;
  return known ? at : NONE;
}

/* The cell of a hash, locked. Its shard is NULL when there is no memory for it. */
static inline cell *lock(wy_inbox *x, uint64_t hash) {
  cell *c = &x->cells[hash & (x->n_shards - 1)];
  if (!x->alone) pthread_mutex_lock(&c->lock);
  if (!c->shard && (c->shard = calloc(1, sizeof *c->shard))) c->shard->keys.of_keys = true;
  return c;
}

static inline void unlock(wy_inbox *x, cell *c) {
  if (!x->alone) pthread_mutex_unlock(&c->lock);
}

#endif
