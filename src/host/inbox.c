/* Shards, each under its own lock, by the low bits of a hash. A user, his keys and his answers
 * stand in the user's shard; a nonce in its own. No two locks are held at once. The shards are few:
 * where each of them writes next then stays in the caches (of addresses, too), which is most of
 * what a claim costs; workers that are as few meet at a lock seldom.
 *
 * A shard is a table of keys, one of nonces, a ring of answers and a small table of users in
 * flight. A table is a queue in order of arrival, which is nearly that of expiry: the place to use
 * next is always that of the oldest. Entries are numbered as they come. A bucket holds the links to
 * the four youngest entries of a hash, and each entry the link that it pushed out of there; a link
 * whose number is older than the queue is dead, and so are all behind it: the oldest goes without
 * anything being unlinked. A link has a tag of the entry it leads to, so that a search for what is
 * new, as nearly all is, looks at its bucket and at nothing else. (The dearest thing here is a look
 * at memory that no cache holds.) */
#include "host/inbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/err.h"

enum {
  SHARDS = 4, /* of one worker; of several, eight for each; more where one would be too large */
  SHARDS_MOST = 1024,
  FIRST = 1024,              /* entries of a first table: a small host never moves them */
  FIRST_USERS = 8,           /* places */
  MAPPED = 4096,             /* bytes of a block from which on it is mapped */
  NUMBERS = 20,              /* bits of an entry's number */
  MOST = 1 << (NUMBERS - 1), /* entries of a table: half the numbers are of those that are gone */
  NUMBER = (1 << NUMBERS) - 1,
  WAYS = 4,          /* links of a bucket */
  TRIES = 64,        /* running keys that are passed by when the oldest must go */
  EXPIRE = 4,        /* expired entries let go by one claim: more than it adds */
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

/* --- tables --- */

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

static size_t block_size(bool of_keys, size_t cap) {
  return cap * (sizeof(slot) + (of_keys ? sizeof(note) : 0) + sizeof(link)) +
         cap / 2 * sizeof(bucket);
}

/* The shard is chosen by the lowest bits of an id, the tag by those above the lowest 20, the
 * bucket by the upper half (multiplied, which is cheaper than divided). */
static uint32_t tag_of(uint64_t id) { return (uint32_t)id & ~(uint32_t)NUMBER; }
static link *bucket_of(const table *t, uint64_t id) {
  return t->buckets[(id >> 32) * (t->cap / 2) >> 32].links;
}

/* How many entries came after the one of this link; n or more: it is dead. A link that stood still
 * for as many entries as there are numbers may look alive: it then leads to an entry, but not to
 * its own. */
static uint32_t age_of(const table *t, link l) { return (t->last - l) & NUMBER; }

static uint32_t place(const table *t, uint32_t age) {
  return t->youngest - age + (t->youngest < age ? t->cap : 0);
}

/* Those that younger ones have pushed out of their bucket: the first was pushed out by the youngest
 * in the bucket, the next by the second, and so on, the fifth by the first. */
static int64_t find_older(const table *t, uint64_t id) {
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
  return find_older(t, id);
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

static bool running(const table *t, uint32_t at) {
  return t->of_keys && t->notes[at].state == RUNNING;
}

static bool grow(table *t, uint32_t most) {
  table to = {.of_keys = t->of_keys, .cap = t->cap > most / 2 ? most : t->cap * 2};
  if (!t->cap) to.cap = most < FIRST ? most : FIRST;
  to.slots = block_new(block_size(t->of_keys, to.cap));
  if (!to.slots) return false;
  to.notes = (note *)(to.slots + to.cap);
  to.links = t->of_keys ? (link *)(to.notes + to.cap) : (link *)to.notes;
  to.buckets = (bucket *)(to.links + to.cap);
  for (uint32_t age = t->n; age--;) {
    uint32_t from = place(t, age), at = push(&to, t->slots[from]);
    if (t->of_keys) to.notes[at] = t->notes[from];
  }
  block_free(t->slots, block_size(t->of_keys, t->cap));
  *t = to;
  return true;
}

static void expire(table *t, uint32_t now) {
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
static bool evict(table *t, uint32_t now, uint64_t *evicted) {
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

/* Makes n < cap; false only when there is no memory at all. */
static inline bool make_room(table *t, uint32_t most, uint32_t now, uint64_t *evicted) {
  if (t->n && t->slots[place(t, t->n - 1)].until < now) expire(t, now);
  if (t->n < t->cap || (t->cap < most && grow(t, most))) return true;
  return evict(t, now, evicted);
}

/* --- users --- */

static user *user_at(const shard *s, uint64_t id) {
  uint32_t i = (uint32_t)(id >> 32);
  for (;; i++) {
    user *u = &s->users[i & (s->users_cap - 1)];
    if (!u->in_flight || u->id == id) return u;
  }
}

static user *find_user(const shard *s, uint64_t id) {
  user *u = s->users_cap ? user_at(s, id) : NULL;
  return u && u->in_flight ? u : NULL;
}

static bool grow_users(shard *s) {
  shard to = {.users_cap = s->users_cap ? s->users_cap * 2 : FIRST_USERS};
  if (!to.users_cap || !(to.users = calloc(to.users_cap, sizeof *to.users))) return false;
  for (uint32_t i = 0; i < s->users_cap; i++)
    if (s->users[i].in_flight) *user_at(&to, s->users[i].id) = s->users[i];
  free(s->users);
  s->users = to.users;
  s->users_cap = to.users_cap;
  return true;
}

/* Counts one more in flight; a user whom nobody has becomes the worker's. NULL: no memory. */
static user *take_user(shard *s, uint64_t id, unsigned worker) {
  user *u = s->users_cap ? user_at(s, id) : NULL;
  if (!u || !u->in_flight) {
    if (s->users_n >= s->users_cap / 4 * 3) { /* full enough; one place has to stay free */
      if (!grow_users(s) && s->users_n + 1 >= s->users_cap) return NULL;
      u = user_at(s, id);
    }
    *u = (user){.id = id, .worker = (uint16_t)worker};
    s->users_n++;
  }
  u->in_flight++;
  return u;
}

static void release_user(shard *s, uint64_t id) {
  user *u = find_user(s, id);
  if (!u || --u->in_flight) return;
  s->users_n--;
  uint32_t mask = s->users_cap - 1, free_at = (uint32_t)(u - s->users);
  for (uint32_t i = (free_at + 1) & mask; s->users[i].in_flight; i = (i + 1) & mask) {
    uint32_t home = (uint32_t)(s->users[i].id >> 32);
    if (((i - home) & mask) < ((i - free_at) & mask)) continue; /* it would stand before its home */
    s->users[free_at] = s->users[i];
    s->users[i].in_flight = 0;
    free_at = i;
  }
  if (s->users_n || s->users_cap == FIRST_USERS) return;
  free(s->users); /* a crowd has gone */
  s->users = NULL;
  s->users_cap = 0;
}

/* --- answers ---
 *
 * They are written one behind the other, each behind a mark, the first half of its key; what does
 * not fit at the end of the ring starts anew at its beginning. Whatever overwrites an answer has
 * overwritten its mark before, and nobody can write a mark who does not know the secret key of the
 * hash: so the mark alone tells whether an answer is still there. */

static void store(shard *s, uint32_t most, uint32_t at, wy_str answer) {
  note *n = &s->keys.notes[at];
  n->state = DONE;
  if (!answer.p || answer.n > UINT16_MAX || answer.n + 2 * MARK > most) return;
  uint32_t size = ((uint32_t)answer.n + 2 * MARK - 1) / MARK * MARK;
  if (!s->ring) s->ring = calloc(1, most); /* its pages take memory when they are written */
  if (!s->ring) return;
  if (size > most - s->ring_at) {
    s->ring_at = 0;
    s->ring_used = most;
  }
  char *to = s->ring + s->ring_at;
  memcpy(to, &s->keys.slots[at].id, MARK);
  if (answer.n) memcpy(to + MARK, answer.p, answer.n);
  n->at = (s->ring_at / MARK) & NUMBER;
  n->n = (uint16_t)answer.n;
  n->state = ANSWERED;
  s->ring_at += size;
  if (s->ring_used < s->ring_at) s->ring_used = s->ring_at;
}

static bool recall(shard *s, uint32_t at, wy_buf *answer) {
  note *n = &s->keys.notes[at];
  if (n->state != ANSWERED) return false;
  const char *from = s->ring + (size_t)n->at * MARK;
  if (memcmp(from, &s->keys.slots[at].id, MARK) != 0) {
    n->state = DONE;
    return false;
  }
  return wy_buf_add(answer, from + MARK, n->n) == 0;
}

/* An answer names its user. One whose key was forgotten before has no bounds any more: of that the
 * name goes. */
static void wipe(shard *s, wy_str name) {
  for (uint32_t age = s->keys.n; age--;) {
    uint32_t at = place(&s->keys, age);
    note *n = &s->keys.notes[at];
    char *from = s->ring + (size_t)n->at * MARK;
    if (n->state != ANSWERED || memcmp(from, &s->keys.slots[at].id, MARK) != 0) continue;
    if (!memmem(from + MARK, n->n, name.p, name.n)) continue;
    memset(from, 0, MARK + n->n);
    n->state = DONE;
  }
  char *end = s->ring + s->ring_used;
  for (char *p = s->ring; (p = memmem(p, (size_t)(end - p), name.p, name.n));) memset(p, 0, name.n);
}

/* --- the inbox --- */

int wy_inbox_new(wy_inbox **out, size_t bytes, unsigned workers) {
  *out = NULL;
  if (bytes < WY_INBOX_LEAST) return WY_E_ARG;
  wy_inbox *x = calloc(1, sizeof *x);
  if (!x) return WY_E_NOMEM;
  size_t answers = bytes / 4 < ANSWERS ? bytes / 4 : ANSWERS;
  /* What allocating costs beside: whole pages, small blocks that were outgrown. */
  size_t slack = bytes / 10, most;
  x->alone = workers == 1;
  x->workers = workers ? workers : 1;
  x->n_shards = SHARDS;
  while (workers > 1 && x->n_shards < 8 * workers) x->n_shards *= 2;
  for (;; x->n_shards *= 2) {
    size_t fixed =
        sizeof *x + x->n_shards * (sizeof(cell) + sizeof(shard) + sizeof(user) * FIRST_USERS);
    most = (bytes - answers - slack - fixed) / x->n_shards /
           (block_size(true, 2) + block_size(false, 2)) * 2;
    if (most <= MOST || x->n_shards >= SHARDS_MOST) break;
  }
  x->most = most < MOST ? (uint32_t)most : MOST;
  x->ring_most = (uint32_t)(answers / x->n_shards / MARK * MARK);
  x->cells = aligned_alloc(_Alignof(cell), x->n_shards * sizeof *x->cells);
  if (!x->cells) {
    free(x);
    return WY_E_NOMEM;
  }
  memset(x->cells, 0, x->n_shards * sizeof *x->cells);
  for (uint32_t i = 0; i < x->n_shards; i++) pthread_mutex_init(&x->cells[i].lock, NULL);
  *out = x;
  return 0;
}

void wy_inbox_free(wy_inbox *x) {
  if (!x) return;
  for (uint32_t i = 0; i < x->n_shards; i++) {
    shard *s = x->cells[i].shard;
    pthread_mutex_destroy(&x->cells[i].lock);
    if (!s) continue;
    block_free(s->keys.slots, block_size(true, s->keys.cap));
    block_free(s->nonces.slots, block_size(false, s->nonces.cap));
    free(s->users);
    free(s->ring);
    free(s);
  }
  free(x->cells);
  free(x);
}

/* The cell of a hash, locked. Its shard is NULL when there is no memory for it. */
static inline cell *lock(wy_inbox *x, uint64_t hash) {
  cell *c = &x->cells[hash & (x->n_shards - 1)];
  if (!x->alone) pthread_mutex_lock(&c->lock);
  if (!c->shard && (c->shard = calloc(1, sizeof *c->shard))) c->shard->keys.of_keys = true;
  return c;
}

static void unlock(wy_inbox *x, cell *c) {
  if (!x->alone) pthread_mutex_unlock(&c->lock);
}

static wy_verdict claim_nonce(shard *s, uint32_t most, const wy_claim *c) {
  table *t = &s->nonces;
  uint64_t evicted = 0;
  int64_t at = find(t, c->nonce);
  if (at != NONE && t->slots[at].until >= c->now)
    return t->slots[at].more == (uint32_t)c->key.lo ? WY_INBOX_RUN : WY_INBOX_REUSED;
  if (!make_room(t, most, c->now, &evicted)) return WY_INBOX_NOMEM;
  push(t, (slot){c->nonce, (uint32_t)c->key.lo, c->until});
  return WY_INBOX_RUN;
}

static wy_verdict claim_known(shard *s, uint32_t at, const wy_claim *c, unsigned home,
                              wy_claimed *out, wy_buf *answer) {
  if (s->keys.slots[at].until < c->until) s->keys.slots[at].until = c->until;
  out->worker = s->keys.notes[at].worker;
  if (out->worker == ELSEWHERE) out->worker = home;
  if (running(&s->keys, at)) return WY_INBOX_JOIN;
  return recall(s, at, answer) ? WY_INBOX_ANSWERED : WY_INBOX_DONE;
}

static uint8_t place_of(uint64_t id) { return (uint8_t)(id >> PLACE_LOW); }

static int64_t find_key(const shard *s, const wy_hash128 *key) {
  int64_t at = find(&s->keys, key->lo);
  bool known = at != NONE && s->keys.slots[at].more == (uint32_t)key->hi &&
               s->keys.notes[at].state != UNDONE;
  return known ? at : NONE;
}

/* home: who waits for users that are elsewhere. */
static wy_verdict claim_push(shard *s, uint32_t most, const wy_claim *c, unsigned home,
                             wy_claimed *out, wy_buf *answer) {
  table *t = &s->keys;
  int64_t known = find_key(s, &c->key);
  if (known != NONE && (t->slots[known].until >= c->now || running(t, (uint32_t)known)))
    return claim_known(s, (uint32_t)known, c, home, out, answer);
  if (!make_room(t, most, c->now, &s->evicted)) return WY_INBOX_NOMEM;
  user *u = take_user(s, c->user, c->worker);
  if (!u) return WY_INBOX_NOMEM;
  uint32_t at = push(t, (slot){c->key.lo, (uint32_t)c->key.hi, c->until});
  out->worker = u->worker == ELSEWHERE ? home : u->worker;
  t->notes[at] =
      (note){.worker = (uint16_t)out->worker, .state = RUNNING, .place = place_of(c->user)};
  out->in_flight = u->in_flight - 1;
  return u->worker == c->worker ? WY_INBOX_RUN : WY_INBOX_HOP;
}

/* --- what happens, told to who takes over --- */

static void tell(const wy_inbox *x, wy_item_type type, const wy_hash128 *key, uint64_t id,
                 wy_str answer, bool release) {
  x->give(x->data, &(wy_item){.type = type,
                              .id = key->lo,
                              .more = (uint32_t)key->hi,
                              .user = id,
                              .answer = answer,
                              .release = release});
}

static void tell_claim(const wy_inbox *x, const wy_claim *c) {
  x->give(x->data, &(wy_item){.type = WY_ITEM_KEY,
                              .id = c->key.lo,
                              .more = (uint32_t)c->key.hi,
                              .until = c->until,
                              .place = (uint32_t)c->user,
                              .running = true});
  x->give(x->data, &(wy_item){.type = WY_ITEM_USER, .id = c->user, .n = 1});
}

/* --- ahead of a look: the one bucket that no cache holds --- */

static void show(peek *p, const table *t) {
  if (p->buckets == t->buckets) return;
  __atomic_store_n(&p->n, t->cap / 2, __ATOMIC_RELAXED);
  __atomic_store_n(&p->buckets, t->buckets, __ATOMIC_RELAXED);
}

static void fetch(const peek *p, uint64_t id) {
  const bucket *buckets = __atomic_load_n(&p->buckets, __ATOMIC_RELAXED);
  uint32_t n = __atomic_load_n(&p->n, __ATOMIC_RELAXED);
  __builtin_prefetch((const void *)((uintptr_t)buckets + ((id >> 32) * n >> 32) * sizeof(bucket)),
                     1);
}

void wy_inbox_expect(wy_inbox *x, uint64_t nonce) {
  fetch(&x->cells[nonce & (x->n_shards - 1)].nonces, nonce);
}

wy_verdict wy_inbox_claim(wy_inbox *x, const wy_claim *claim, wy_claimed *out, wy_buf *answer) {
  assert(claim->worker < ELSEWHERE);
  *out = (wy_claimed){.worker = claim->worker};
  fetch(&x->cells[claim->user & (x->n_shards - 1)].keys, claim->key.lo);
  cell *c = lock(x, claim->nonce);
  wy_verdict v = c->shard ? claim_nonce(c->shard, x->most, claim) : WY_INBOX_NOMEM;
  if (c->shard) show(&c->nonces, &c->shard->nonces);
  unlock(x, c);
  if (v != WY_INBOX_RUN) return v;
  c = lock(x, claim->user);
  unsigned home = (unsigned)(claim->user % x->workers);
  v = c->shard ? claim_push(c->shard, x->most, claim, home, out, answer) : WY_INBOX_NOMEM;
  if (c->shard) show(&c->keys, &c->shard->keys);
  if (c->exported && (v == WY_INBOX_RUN || v == WY_INBOX_HOP)) tell_claim(x, claim);
  unlock(x, c);
  return v;
}

void wy_inbox_finish(wy_inbox *x, const wy_hash128 *key, uint64_t id, wy_str answer, bool release) {
  cell *c = lock(x, id);
  if (c->shard) {
    int64_t at = find_key(c->shard, key);
    if (at != NONE) store(c->shard, x->ring_most, (uint32_t)at, answer);
    if (release) release_user(c->shard, id);
    if (c->exported) tell(x, WY_ITEM_FINISH, key, id, answer, release);
  }
  unlock(x, c);
}

void wy_inbox_undo(wy_inbox *x, const wy_hash128 *key, uint64_t id) {
  cell *c = lock(x, id);
  if (c->shard) {
    int64_t at = find_key(c->shard, key);
    if (at != NONE) c->shard->keys.notes[at].state = UNDONE;
    release_user(c->shard, id);
    if (c->exported) tell(x, WY_ITEM_UNDO, key, id, (wy_str){0}, true);
  }
  unlock(x, c);
}

void wy_inbox_forget(wy_inbox *x, uint64_t id, wy_str openid) {
  cell *c = lock(x, id);
  if (c->shard && c->shard->ring && openid.n) wipe(c->shard, openid);
  unlock(x, c);
}

void wy_inbox_release(wy_inbox *x, uint64_t id) {
  cell *c = lock(x, id);
  if (c->shard) release_user(c->shard, id);
  if (c->exported) x->give(x->data, &(wy_item){.type = WY_ITEM_RELEASE, .id = id});
  unlock(x, c);
}

/* --- export and import --- */

static void export_keys(const wy_inbox *x, shard *s, uint32_t index, uint32_t now) {
  table *t = &s->keys;
  wy_buf answer;
  wy_buf_init(&answer, UINT16_MAX);
  for (uint32_t age = t->n; age--;) { /* the oldest first, as they came */
    uint32_t at = place(t, age);
    const note *n = &t->notes[at];
    if (n->state == UNDONE || (t->slots[at].until < now && n->state != RUNNING)) continue;
    wy_item item = {.type = WY_ITEM_KEY,
                    .id = t->slots[at].id,
                    .more = t->slots[at].more,
                    .until = t->slots[at].until,
                    .place = (uint32_t)n->place << PLACE_LOW | (index & (SHARDS - 1)),
                    .running = n->state == RUNNING};
    wy_buf_clear(&answer);
    if (n->state == ANSWERED && recall(s, at, &answer))
      item.answer = answer.n ? wy_buf_view(&answer) : WY_STR("");
    x->give(x->data, &item);
  }
  wy_buf_deinit(&answer);
}

static void export_nonces(const wy_inbox *x, const table *t, uint32_t now) {
  for (uint32_t age = t->n; age--;) {
    const slot *s = &t->slots[place(t, age)];
    if (s->until < now) continue;
    x->give(x->data,
            &(wy_item){.type = WY_ITEM_NONCE, .id = s->id, .more = s->more, .until = s->until});
  }
}

static void export_shard(const wy_inbox *x, shard *s, uint32_t index, uint32_t now) {
  export_keys(x, s, index, now);
  export_nonces(x, &s->nonces, now);
  for (uint32_t i = 0; i < s->users_cap; i++)
    if (s->users[i].in_flight)
      x->give(x->data,
              &(wy_item){.type = WY_ITEM_USER, .id = s->users[i].id, .n = s->users[i].in_flight});
}

void wy_inbox_export(wy_inbox *x, uint32_t now, wy_item_fn give, void *data) {
  x->give = give; /* seen by who sees `exported`, under its lock */
  x->data = data;
  for (uint32_t i = 0; i < x->n_shards; i++) {
    cell *c = lock(x, i);
    if (c->shard) export_shard(x, c->shard, i, now);
    c->exported = true;
    unlock(x, c);
  }
}

void wy_inbox_export_end(wy_inbox *x) {
  for (uint32_t i = 0; i < x->n_shards; i++) {
    cell *c = lock(x, i);
    c->exported = false;
    unlock(x, c);
  }
}

static int import_key(const wy_inbox *x, shard *s, const wy_item *item) {
  const wy_hash128 key = {item->id, item->more};
  if (find_key(s, &key) != NONE) return 0;
  if (!make_room(&s->keys, x->most, 0, &s->evicted)) return WY_E_NOMEM;
  uint32_t at = push(&s->keys, (slot){item->id, item->more, item->until});
  s->keys.notes[at] = (note){
      .worker = ELSEWHERE, .state = item->running ? RUNNING : DONE, .place = place_of(item->place)};
  if (!item->running) store(s, x->ring_most, at, item->answer);
  return 0;
}

static int import_nonce(const wy_inbox *x, shard *s, const wy_item *item) {
  uint64_t evicted = 0;
  if (find(&s->nonces, item->id) != NONE) return 0;
  if (!make_room(&s->nonces, x->most, 0, &evicted)) return WY_E_NOMEM;
  push(&s->nonces, (slot){item->id, item->more, item->until});
  return 0;
}

static int import_user(shard *s, const wy_item *item) {
  for (uint32_t i = 0; i < item->n; i++) {
    user *u = take_user(s, item->id, ELSEWHERE);
    if (!u) return WY_E_NOMEM;
    if (u->elsewhere < UINT16_MAX) u->elsewhere++;
    else u->in_flight--;
  }
  return 0;
}

/* One that was elsewhere is over. When it was the last, his home has the user, as far as he still
 * waits for something. */
static void leave_elsewhere(const wy_inbox *x, shard *s, uint64_t id) {
  user *u = find_user(s, id);
  if (!u || !u->elsewhere) return;
  if (!--u->elsewhere && u->worker == ELSEWHERE) u->worker = (uint16_t)(id % x->workers);
  release_user(s, id);
}

static void import_finish(const wy_inbox *x, shard *s, const wy_item *item) {
  const wy_hash128 key = {item->id, item->more};
  int64_t at = find_key(s, &key);
  if (at != NONE && running(&s->keys, (uint32_t)at) && s->keys.notes[at].worker == ELSEWHERE) {
    if (item->type == WY_ITEM_FINISH) store(s, x->ring_most, (uint32_t)at, item->answer);
    else s->keys.notes[at].state = UNDONE;
  }
  if (item->release || item->type == WY_ITEM_UNDO) leave_elsewhere(x, s, item->user);
}

int wy_inbox_import(wy_inbox *x, const wy_item *item) {
  bool of_user = item->type == WY_ITEM_FINISH || item->type == WY_ITEM_UNDO;
  int err = 0;
  cell *c = lock(x, item->type == WY_ITEM_KEY ? item->place : of_user ? item->user : item->id);
  if (!c->shard) err = WY_E_NOMEM;
  else switch (item->type) {
      case WY_ITEM_KEY: err = import_key(x, c->shard, item); break;
      case WY_ITEM_NONCE: err = import_nonce(x, c->shard, item); break;
      case WY_ITEM_USER: err = import_user(c->shard, item); break;
      case WY_ITEM_FINISH:
      case WY_ITEM_UNDO: import_finish(x, c->shard, item); break;
      case WY_ITEM_RELEASE: leave_elsewhere(x, c->shard, item->id); break;
      case WY_ITEM_TYPES: err = WY_E_ARG; break;
    }
  unlock(x, c);
  return err;
}

/* Whoever was elsewhere is forgotten from the end of the table on: what moves up was seen. */
static void forget_elsewhere(const wy_inbox *x, shard *s) {
  for (uint32_t age = s->keys.n; age--;) {
    note *n = &s->keys.notes[place(&s->keys, age)];
    if (n->state == RUNNING && n->worker == ELSEWHERE) n->state = UNDONE;
  }
  for (uint32_t i = 0; i < s->users_cap;) {
    user *u = &s->users[i];
    if (u->in_flight && u->elsewhere) leave_elsewhere(x, s, u->id);
    else i++;
  }
}

void wy_inbox_import_end(wy_inbox *x) {
  for (uint32_t i = 0; i < x->n_shards; i++) {
    cell *c = lock(x, i);
    if (c->shard) forget_elsewhere(x, c->shard);
    unlock(x, c);
  }
}

bool wy_inbox_elsewhere(wy_inbox *x, const wy_hash128 *key, uint64_t id) {
  cell *c = lock(x, id);
  bool is = false;
  if (c->shard) {
    int64_t at = find_key(c->shard, key);
    const user *u = find_user(c->shard, id);
    is = at != NONE && running(&c->shard->keys, (uint32_t)at) &&
         (c->shard->keys.notes[at].worker == ELSEWHERE || (u && u->worker == ELSEWHERE));
  }
  unlock(x, c);
  return is;
}

void wy_inbox_stats_read(wy_inbox *x, wy_inbox_stats *out) {
  *out = (wy_inbox_stats){.bytes = sizeof *x + x->n_shards * sizeof *x->cells};
  for (uint32_t i = 0; i < x->n_shards; i++) {
    if (!x->alone) pthread_mutex_lock(&x->cells[i].lock);
    const shard *s = x->cells[i].shard;
    if (s) {
      out->keys += s->keys.n;
      out->nonces += s->nonces.n;
      out->users += s->users_n;
      out->evicted += s->evicted;
      out->answer_bytes += s->ring_used;
      out->bytes += sizeof *s + block_size(true, s->keys.cap) + block_size(false, s->nonces.cap) +
                    s->users_cap * sizeof *s->users + s->ring_used;
    }
    unlock(x, &x->cells[i]);
  }
}
