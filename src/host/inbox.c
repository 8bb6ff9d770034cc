/* 256 shards, each under its own lock, by the low byte of a hash. A user, his keys and his answers
 * stand in the user's shard; a nonce in its own. No two locks are held at once.
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
  SHARDS = 256,
  FIRST = 8,         /* places of a first array */
  FIRST_RING = 512,  /* bytes */
  MAPPED = 4096,     /* bytes of a block from which on it is mapped */
  MOST = INT16_MAX,  /* entries of a table: numbers have 16 bits */
  WAYS = 4,          /* links of a bucket */
  TRIES = 8,         /* running keys that are passed by when the oldest must go */
  EXPIRE = 4,        /* expired entries let go by one claim: more than it adds */
  ANSWERS = 4194304, /* bytes, at most, of all rings */
  MARK = 8,          /* bytes before an answer in the ring */
  NONE = -1          /* no place */
};

static_assert(ANSWERS / SHARDS <= UINT16_MAX, "a note holds places of its ring in 16 bits");

typedef struct slot {
  uint64_t id;   /* of a key: lo; of a nonce: itself */
  uint32_t more; /* of a key: low half of hi; of a nonce: of its key's lo */
  uint32_t until;
} slot;

typedef struct link {
  uint16_t number, tag; /* of the entry it leads to */
} link;

typedef struct bucket {
  link links[WAYS]; /* the youngest first */
} bucket;

typedef enum { RUNNING, ANSWERED, DONE, UNDONE } state;

/* What is known of a key. */
typedef struct note {
  uint16_t worker;
  uint16_t at, n; /* its answer's place in the ring, after the mark */
  uint8_t tag;
  uint8_t state;
} note;

typedef struct table {
  slot *slots; /* one block of memory, with what follows */
  note *notes; /* of keys only */
  link *links; /* what an entry pushed out of its bucket */
  bucket *buckets;
  uint32_t cap;    /* entries; half as many buckets */
  uint32_t n, end; /* the queue: its length, and the place after the youngest; it wraps at cap */
  uint16_t last;   /* number of the youngest; the first is 1 */
  bool of_keys;
} table;

/* Open addressing; a removal moves up what stands behind, so a place without anything in flight
 * ends every search. */
typedef struct user {
  uint64_t id;
  uint32_t in_flight;
  uint32_t worker;
} user;

typedef struct shard {
  table keys, nonces;
  user *users;
  uint32_t users_cap, users_n; /* cap: a power of two */
  char *ring;
  uint32_t ring_cap, ring_at;
  uint64_t evicted;
} shard;

struct wy_inbox {
  uint32_t most;      /* keys, and nonces, of a shard */
  uint32_t ring_most; /* bytes */
  struct {
    pthread_mutex_t lock;
    shard *shard; /* NULL until it is needed */
  } cells[SHARDS];
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

/* The shard is chosen by the lowest 8 bits of an id, the tag by the next 16, the bucket by the
 * upper half (multiplied, which is cheaper than divided). */
static uint16_t tag_of(uint64_t id) { return (uint16_t)(id >> 8); }
static link *bucket_of(const table *t, uint64_t id) {
  return t->buckets[(id >> 32) * (t->cap / 2) >> 32].links;
}

/* The place of the entry that came `back` before the next one: 1 is the youngest, n the oldest. */
static uint32_t place(const table *t, uint32_t back) {
  return t->end >= back ? t->end - back : t->end + t->cap - back;
}

/* The youngest with this id, or NONE. Two keys that agree in their first half are not told apart
 * here: the elder is then hidden, once in 2^64. */
static int64_t find(const table *t, uint64_t id) {
  if (!t->n) return NONE;
  const link *first = bucket_of(t, id);
  uint32_t at[WAYS], before = 0;
  for (uint32_t i = 0;; i++) {
    const link *l = i < WAYS ? &first[i] : &t->links[at[i % WAYS]];
    uint32_t back = (uint16_t)(t->last + 1 - l->number); /* right when numbers have wrapped, too */
    if (back > t->n || back <= before) return NONE;      /* dead, perhaps since 2^16 entries */
    at[i % WAYS] = place(t, back);
    if (l->tag == tag_of(id) && t->slots[at[i % WAYS]].id == id) return at[i % WAYS];
    before = back;
  }
}

/* Needs n < cap. */
static uint32_t push(table *t, slot s) {
  uint32_t at = t->end;
  link *l = bucket_of(t, s.id);
  t->slots[at] = s;
  t->links[at] = l[WAYS - 1];
  memmove(l + 1, l, (WAYS - 1) * sizeof *l);
  l[0] = (link){++t->last, tag_of(s.id)};
  t->end = at + 1 < t->cap ? at + 1 : 0;
  t->n++;
  return at;
}

static bool running(const table *t, uint32_t at) {
  return t->of_keys && t->notes[at].state == RUNNING;
}

static void expire(table *t, uint32_t now) {
  for (int i = 0; i < EXPIRE && t->n; i++) {
    uint32_t at = place(t, t->n);
    if (t->slots[at].until >= now || running(t, at)) return;
    t->n--;
  }
}

static bool grow(table *t, uint32_t most) {
  table to = {.of_keys = t->of_keys, .cap = t->cap > most / 2 ? most : t->cap * 2};
  if (!t->cap) to.cap = FIRST;
  to.slots = block_new(block_size(t->of_keys, to.cap));
  if (!to.slots) return false;
  to.notes = (note *)(to.slots + to.cap);
  to.links = t->of_keys ? (link *)(to.notes + to.cap) : (link *)to.notes;
  to.buckets = (bucket *)(to.links + to.cap);
  for (uint32_t back = t->n; back; back--) {
    uint32_t from = place(t, back), at = push(&to, t->slots[from]);
    if (t->of_keys) to.notes[at] = t->notes[from];
  }
  block_free(t->slots, block_size(t->of_keys, t->cap));
  *t = to;
  return true;
}

/* Makes n < cap; false only when there is no memory at all. Of a full table the oldest goes, and is
 * counted in `evicted` when its time was not over. A key that is still running becomes the youngest
 * instead, so that its repetition still joins: in a full queue it need not even move. */
static bool make_room(table *t, uint32_t most, uint32_t now, uint64_t *evicted) {
  expire(t, now);
  if (t->n < t->cap || (t->cap < most && grow(t, most))) return true;
  if (!t->cap) return false;
  for (int i = 0; i < TRIES && running(t, t->end); i++) {
    t->n--;
    push(t, t->slots[t->end]);
  }
  t->n--;
  *evicted += t->slots[t->end].until >= now && !(t->of_keys && t->notes[t->end].state == UNDONE);
  return true;
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
  shard to = {.users_cap = s->users_cap ? s->users_cap * 2 : FIRST};
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
  user *u = find_user(s, id);
  if (!u) {
    if (s->users_n >= s->users_cap / 4 * 3 && !grow_users(s) && s->users_n + 1 >= s->users_cap)
      return NULL;
    u = user_at(s, id);
    *u = (user){.id = id, .worker = worker};
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
  if (s->users_n || s->users_cap == FIRST) return;
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

static void store(shard *s, uint32_t most, uint32_t at, wy_str answer, uint8_t tag) {
  note *n = &s->keys.notes[at];
  n->state = DONE;
  if (!answer.p || answer.n > most || most - answer.n < MARK) return;
  uint32_t size = (uint32_t)answer.n + MARK;
  if (size > s->ring_cap - s->ring_at && s->ring_cap < most) {
    uint32_t cap = s->ring_cap ? s->ring_cap : FIRST_RING;
    while (cap < most && cap - s->ring_at < size) cap *= 2;
    if (cap > most) cap = most;
    char *ring = realloc(s->ring, cap);
    if (ring) s->ring = ring, s->ring_cap = cap;
  }
  if (size > s->ring_cap - s->ring_at) s->ring_at = 0;
  if (size > s->ring_cap) return;
  char *to = s->ring + s->ring_at;
  memcpy(to, &s->keys.slots[at].id, MARK);
  if (answer.n) memcpy(to + MARK, answer.p, answer.n);
  n->at = (uint16_t)(s->ring_at + MARK);
  n->n = (uint16_t)answer.n;
  n->tag = tag;
  n->state = ANSWERED;
  s->ring_at += size;
}

static bool recall(shard *s, uint32_t at, wy_buf *answer) {
  note *n = &s->keys.notes[at];
  if (n->state != ANSWERED) return false;
  const char *from = s->ring + n->at;
  if (memcmp(from - MARK, &s->keys.slots[at].id, MARK) != 0) {
    n->state = DONE;
    return false;
  }
  return wy_buf_add(answer, from, n->n) == 0;
}

/* --- the inbox --- */

int wy_inbox_new(wy_inbox **out, size_t bytes) {
  *out = NULL;
  if (bytes < WY_INBOX_LEAST) return WY_E_ARG;
  wy_inbox *x = calloc(1, sizeof *x);
  if (!x) return WY_E_NOMEM;
  size_t answers = bytes / 4 < ANSWERS ? bytes / 4 : ANSWERS;
  size_t fixed = sizeof *x + SHARDS * (sizeof(shard) + FIRST * sizeof(user));
  size_t most =
      (bytes - answers - fixed) / SHARDS / (block_size(true, 2) + block_size(false, 2)) * 2;
  x->most = most < MOST ? (uint32_t)most : MOST;
  x->ring_most = (uint32_t)(answers / SHARDS);
  for (int i = 0; i < SHARDS; i++) pthread_mutex_init(&x->cells[i].lock, NULL);
  *out = x;
  return 0;
}

void wy_inbox_free(wy_inbox *x) {
  if (!x) return;
  for (int i = 0; i < SHARDS; i++) {
    shard *s = x->cells[i].shard;
    pthread_mutex_destroy(&x->cells[i].lock);
    if (!s) continue;
    block_free(s->keys.slots, block_size(true, s->keys.cap));
    block_free(s->nonces.slots, block_size(false, s->nonces.cap));
    free(s->users);
    free(s->ring);
    free(s);
  }
  free(x);
}

/* Locks the shard of a hash; NULL, and locked all the same: there is none and no memory for it. */
static shard *lock(wy_inbox *x, uint64_t hash) {
  pthread_mutex_lock(&x->cells[hash % SHARDS].lock);
  shard **s = &x->cells[hash % SHARDS].shard;
  if (!*s && (*s = calloc(1, sizeof **s))) (*s)->keys.of_keys = true;
  return *s;
}

static void unlock(wy_inbox *x, uint64_t hash) {
  pthread_mutex_unlock(&x->cells[hash % SHARDS].lock);
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

static wy_verdict claim_known(shard *s, uint32_t at, const wy_claim *c, wy_claimed *out,
                              wy_buf *answer) {
  if (s->keys.slots[at].until < c->until) s->keys.slots[at].until = c->until;
  out->worker = s->keys.notes[at].worker;
  out->tag = s->keys.notes[at].tag;
  if (running(&s->keys, at)) return WY_INBOX_JOIN;
  return recall(s, at, answer) ? WY_INBOX_ANSWERED : WY_INBOX_DONE;
}

static int64_t find_key(const shard *s, const wy_hash128 *key) {
  int64_t at = find(&s->keys, key->lo);
  bool known = at != NONE && s->keys.slots[at].more == (uint32_t)key->hi &&
               s->keys.notes[at].state != UNDONE;
  return known ? at : NONE;
}

static wy_verdict claim_push(shard *s, uint32_t most, const wy_claim *c, wy_claimed *out,
                             wy_buf *answer) {
  table *t = &s->keys;
  int64_t known = find_key(s, &c->key);
  if (known != NONE && (t->slots[known].until >= c->now || running(t, (uint32_t)known)))
    return claim_known(s, (uint32_t)known, c, out, answer);
  if (!make_room(t, most, c->now, &s->evicted)) return WY_INBOX_NOMEM;
  user *u = take_user(s, c->user, c->worker);
  if (!u) return WY_INBOX_NOMEM;
  uint32_t at = push(t, (slot){c->key.lo, (uint32_t)c->key.hi, c->until});
  t->notes[at] = (note){.worker = (uint16_t)u->worker, .state = RUNNING};
  out->worker = u->worker;
  out->in_flight = u->in_flight - 1;
  return u->worker == c->worker ? WY_INBOX_RUN : WY_INBOX_HOP;
}

wy_verdict wy_inbox_claim(wy_inbox *x, const wy_claim *c, wy_claimed *out, wy_buf *answer) {
  assert(c->worker <= UINT16_MAX);
  *out = (wy_claimed){.worker = c->worker};
  shard *s = lock(x, c->nonce);
  wy_verdict v = s ? claim_nonce(s, x->most, c) : WY_INBOX_NOMEM;
  unlock(x, c->nonce);
  if (v != WY_INBOX_RUN) return v;
  s = lock(x, c->user);
  v = s ? claim_push(s, x->most, c, out, answer) : WY_INBOX_NOMEM;
  unlock(x, c->user);
  return v;
}

void wy_inbox_finish(wy_inbox *x, const wy_hash128 *key, uint64_t id, wy_str answer, uint8_t tag,
                     bool release) {
  shard *s = lock(x, id);
  if (s) {
    int64_t at = find_key(s, key);
    if (at != NONE) store(s, x->ring_most, (uint32_t)at, answer, tag);
    if (release) release_user(s, id);
  }
  unlock(x, id);
}

void wy_inbox_undo(wy_inbox *x, const wy_hash128 *key, uint64_t id) {
  shard *s = lock(x, id);
  if (s) {
    int64_t at = find_key(s, key);
    if (at != NONE) s->keys.notes[at].state = UNDONE;
    release_user(s, id);
  }
  unlock(x, id);
}

int wy_inbox_keep(wy_inbox *x, uint64_t id, unsigned worker) {
  assert(worker <= UINT16_MAX);
  shard *s = lock(x, id);
  bool kept = s && take_user(s, id, worker);
  unlock(x, id);
  return kept ? 0 : WY_E_NOMEM;
}

void wy_inbox_release(wy_inbox *x, uint64_t id) {
  shard *s = lock(x, id);
  if (s) release_user(s, id);
  unlock(x, id);
}

void wy_inbox_stats_read(wy_inbox *x, wy_inbox_stats *out) {
  *out = (wy_inbox_stats){.bytes = sizeof *x};
  for (int i = 0; i < SHARDS; i++) {
    pthread_mutex_lock(&x->cells[i].lock);
    const shard *s = x->cells[i].shard;
    if (s) {
      out->keys += s->keys.n;
      out->nonces += s->nonces.n;
      out->users += s->users_n;
      out->evicted += s->evicted;
      out->answer_bytes += s->ring_cap;
      out->bytes += sizeof *s + block_size(true, s->keys.cap) + block_size(false, s->nonces.cap) +
                    s->users_cap * sizeof *s->users + s->ring_cap;
    }
    pthread_mutex_unlock(&x->cells[i].lock);
  }
}
