/* Row 3: base and POSIX threads only.
 *
 * The entries of a shard form a trie over their hashes, two bits a level: an entry stands in the
 * first free place on the path of its hash. There is no table that must grow, so no call takes long
 * and all memory is that of entries. Hashes are keyed: keys that come from strangers cannot be
 * chosen so as to make long paths. */
#include "store/dict.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/list.h"

enum {
  SHARDS = 16,
  SHARE = 256 * 1024, /* a shard has at least this, as long as there is more than one */
  WAYS = 4,           /* children of an entry: two bits of its hash */
  MALLOC_EXTRA = 16,  /* what an allocation costs beside its bytes, and how it is rounded */
  LOOK = 16           /* oldest entries that are looked at for their time when room is wanted */
};

#define FOREVER UINT64_MAX

typedef struct entry {
  struct entry *below[WAYS];
  wy_list used; /* in the shard's list, the least recently used first */
  uint64_t hash;
  uint64_t expires; /* absent from this time on; FOREVER */
  size_t key_n, value_n;
  uint8_t type;
  char bytes[]; /* the key, the value */
} entry;

typedef struct shard {
  pthread_mutex_t mutex;
  entry *root;
  wy_list used;
  size_t entries, bytes;
  uint64_t evicted;
} shard;

struct wy_dict {
  uint64_t secret[2];
  size_t share;    /* bytes that a shard's entries may take */
  size_t n_shards; /* a power of two */
  wy_dict_evict_fn on_evict;
  void *evict_data;
  shard shards[];
};

/* --- hash: SipHash-1-3 --- */

static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

static void sip_round(uint64_t v[4]) {
  v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
  v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
  v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
  v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word) {
  v[3] ^= word;
  sip_round(v);
  v[0] ^= word;
}

static uint64_t hash_of(const wy_dict *d, wy_str key) {
  uint64_t v[4] = {d->secret[0] ^ 0x736f6d6570736575, d->secret[1] ^ 0x646f72616e646f6d,
                   d->secret[0] ^ 0x6c7967656e657261, d->secret[1] ^ 0x7465646279746573};
  uint64_t word;
  size_t i = 0;
  for (; key.n - i >= 8; i += 8) {
    memcpy(&word, key.p + i, 8);
    sip_word(v, word);
  }
  word = (uint64_t)key.n << 56;
  for (int shift = 0; i < key.n; i++, shift += 8) word |= (uint64_t)(uint8_t)key.p[i] << shift;
  sip_word(v, word);
  v[2] ^= 0xff;
  for (int i3 = 0; i3 < 3; i3++) sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* --- entries --- */

static wy_str key_of(const entry *e) { return (wy_str){e->bytes, e->key_n}; }
static char *value_of(entry *e) { return e->bytes + e->key_n; }

/* What an entry with n bytes of key and value counts. */
static size_t cost(size_t n) {
  return (sizeof(entry) + n + 2 * MALLOC_EXTRA - 1) / MALLOC_EXTRA * MALLOC_EXTRA;
}

static bool is_over(const entry *e, uint64_t now) { return e->expires <= now; }

static uint64_t expiry(uint64_t ttl, uint64_t now) {
  return ttl == 0 || ttl >= FOREVER - now ? FOREVER : now + ttl;
}

/* The place of the entry, or the free one where it would stand. */
static entry **place(shard *s, uint64_t hash, wy_str key) {
  entry **at = &s->root;
  for (uint64_t path = hash; *at; path <<= 2) {
    if ((*at)->hash == hash && wy_str_eq(key_of(*at), key)) break;
    at = &(*at)->below[path >> 62];
  }
  return at;
}

static entry **first_below(entry *e) {
  for (int i = 0; i < WAYS; i++)
    if (e->below[i]) return &e->below[i];
  return NULL;
}

/* Frees the entry at this place. Any leaf below it may stand in for it: the path that leads here
 * begins that leaf's own. */
static void drop(shard *s, entry **at) {
  entry *e = *at, **leaf = at;
  for (entry **next; (next = first_below(*leaf));) leaf = next;
  entry *heir = *leaf;
  *leaf = NULL;
  if (heir != e) {
    memcpy(heir->below, e->below, sizeof e->below);
    *at = heir;
  }
  wy_list_remove(&e->used);
  s->entries--;
  s->bytes -= cost(e->key_n + e->value_n);
  free(e);
}

static void drop_entry(shard *s, entry *e) { drop(s, place(s, e->hash, key_of(e))); }

/* The entry, now the most recently used; NULL: absent. */
static entry *find(shard *s, uint64_t hash, wy_str key, uint64_t now) {
  entry **at = place(s, hash, key), *e = *at;
  if (!e) return NULL;
  if (is_over(e, now)) {
    drop(s, at);
    return NULL;
  }
  wy_list_remove(&e->used);
  wy_list_push(&s->used, &e->used);
  return e;
}

static entry *oldest(shard *s) { return wy_container_of(s->used.next, entry, used); }

/* Until the shard's entries take at most `most` bytes: those whose time is over, as far as they are
 * among the oldest, then the oldest. */
static void shrink(const wy_dict *d, shard *s, size_t most, uint64_t now) {
  wy_list *node = s->used.next;
  for (int i = 0; i < LOOK && node != &s->used && s->bytes > most; i++) {
    entry *e = wy_container_of(node, entry, used);
    node = node->next;
    if (is_over(e, now)) drop_entry(s, e);
  }
  while (s->bytes > most) {
    entry *e = oldest(s);
    if (!is_over(e, now)) {
      uint64_t left = e->expires == FOREVER ? 0 : e->expires - now;
      if (d->on_evict) d->on_evict(d->evict_data, key_of(e), left, now);
      s->evicted++;
    }
    drop_entry(s, e);
  }
}

/* A new entry for an absent key; the bytes fit into a share. */
static int insert(const wy_dict *d, shard *s, uint64_t hash, wy_str key, wy_str value, uint8_t type,
                  uint64_t ttl, uint64_t now) {
  size_t bytes = cost(key.n + value.n);
  shrink(d, s, d->share - bytes, now);
  entry *e = malloc(sizeof *e + key.n + value.n);
  if (!e) return WY_E_NOMEM;
  *e = (entry){
      .hash = hash,
      .expires = expiry(ttl, now),
      .key_n = key.n,
      .value_n = value.n,
      .type = type,
  };
  if (key.n) memcpy(e->bytes, key.p, key.n);
  if (value.n) memcpy(value_of(e), value.p, value.n);
  *place(s, hash, key) = e;
  wy_list_push(&s->used, &e->used);
  s->entries++;
  s->bytes += bytes;
  return 0;
}

/* --- the dictionary --- */

int wy_dict_new(wy_dict **out, size_t bytes) {
  if (bytes < WY_DICT_LEAST) return WY_E_ARG;
  size_t n = SHARDS;
  while (n > 1 && bytes / n < SHARE) n /= 2;
  size_t own = sizeof(wy_dict) + n * sizeof(shard) + MALLOC_EXTRA;
  wy_dict *d = calloc(1, own);
  if (!d) return WY_E_NOMEM;
  d->share = (bytes - own) / n;
  if (getentropy(d->secret, sizeof d->secret)) {
    free(d);
    return WY_E_NOMEM;
  }
  for (; d->n_shards < n; d->n_shards++) {
    shard *s = &d->shards[d->n_shards];
    wy_list_init(&s->used);
    if (pthread_mutex_init(&s->mutex, NULL)) {
      wy_dict_free(d);
      return WY_E_NOMEM;
    }
  }
  *out = d;
  return 0;
}

void wy_dict_free(wy_dict *d) {
  if (!d) return;
  for (size_t i = 0; i < d->n_shards; i++) {
    shard *s = &d->shards[i];
    for (wy_list *node; (node = wy_list_shift(&s->used));) free(wy_container_of(node, entry, used));
    pthread_mutex_destroy(&s->mutex);
  }
  free(d);
}

void wy_dict_on_evict(wy_dict *d, wy_dict_evict_fn fn, void *data) {
  d->on_evict = fn;
  d->evict_data = data;
}

size_t wy_dict_limit(const wy_dict *d) {
  return d->share / MALLOC_EXTRA * MALLOC_EXTRA - MALLOC_EXTRA - sizeof(entry);
}

static bool fits(const wy_dict *d, wy_str key, size_t value_n) {
  size_t limit = wy_dict_limit(d);
  return key.n <= limit && value_n <= limit - key.n;
}

/* The key's shard, locked. The trie has the upper bits of the hash. */
static shard *enter(wy_dict *d, wy_str key, uint64_t *hash) {
  *hash = hash_of(d, key);
  shard *s = &d->shards[*hash & (d->n_shards - 1)];
  pthread_mutex_lock(&s->mutex);
  return s;
}

static int leave(shard *s, int result) {
  pthread_mutex_unlock(&s->mutex);
  return result;
}

int wy_dict_get(wy_dict *d, wy_str key, uint64_t now, wy_buf *value, uint8_t *type) {
  uint64_t hash;
  shard *s = enter(d, key, &hash);
  entry *e = find(s, hash, key, now);
  if (!e) return leave(s, WY_E_DICT_ABSENT);
  *type = e->type;
  return leave(s, wy_buf_add(value, value_of(e), e->value_n));
}

static int put(wy_dict *d, wy_str key, wy_str value, uint8_t type, uint64_t ttl, uint64_t now,
               bool only_new) {
  uint64_t hash;
  if (!fits(d, key, value.n)) return WY_E_DICT_LARGE;
  shard *s = enter(d, key, &hash);
  entry *e = find(s, hash, key, now);
  if (e && only_new) return leave(s, WY_E_DICT_EXISTS);
  if (e && e->value_n == value.n) { /* as numbers, flags and counters are */
    if (value.n) memcpy(value_of(e), value.p, value.n);
    e->type = type;
    e->expires = expiry(ttl, now);
    return leave(s, 0);
  }
  if (e) drop_entry(s, e);
  return leave(s, insert(d, s, hash, key, value, type, ttl, now));
}

int wy_dict_set(wy_dict *d, wy_str key, wy_str value, uint8_t type, uint64_t ttl, uint64_t now) {
  return put(d, key, value, type, ttl, now, false);
}

int wy_dict_add(wy_dict *d, wy_str key, wy_str value, uint8_t type, uint64_t ttl, uint64_t now) {
  return put(d, key, value, type, ttl, now, true);
}

static double as_float(const wy_dict_number *n) { return n->is_float ? n->f : (double)n->i; }

static wy_dict_number sum(const wy_dict_number *a, const wy_dict_number *b) {
  if (a->is_float || b->is_float)
    return (wy_dict_number){.is_float = true, .f = as_float(a) + as_float(b)};
  return (wy_dict_number){.i = (int64_t)((uint64_t)a->i + (uint64_t)b->i)};
}

int wy_dict_incr(wy_dict *d, wy_str key, wy_dict_number *n, uint64_t ttl, uint64_t now) {
  uint64_t hash;
  if (!fits(d, key, sizeof n->i)) return WY_E_DICT_LARGE;
  shard *s = enter(d, key, &hash);
  entry *e = find(s, hash, key, now);
  wy_dict_number was = {.i = 0};
  if (e) {
    if (e->type >= WY_DICT_OTHER || e->value_n != sizeof was.i) return leave(s, WY_E_DICT_NUMBER);
    was.is_float = e->type == WY_DICT_FLOAT;
    memcpy(&was.i, value_of(e), sizeof was.i);
  }
  *n = sum(&was, n);
  uint8_t type = n->is_float ? WY_DICT_FLOAT : WY_DICT_INTEGER;
  if (!e) {
    wy_str value = {(const char *)&n->i, sizeof n->i};
    return leave(s, insert(d, s, hash, key, value, type, ttl, now));
  }
  memcpy(value_of(e), &n->i, sizeof n->i);
  e->type = type;
  return leave(s, 0);
}

bool wy_dict_delete(wy_dict *d, wy_str key, uint64_t now) {
  uint64_t hash;
  shard *s = enter(d, key, &hash);
  entry *e = find(s, hash, key, now);
  if (e) drop_entry(s, e);
  leave(s, 0);
  return e != NULL;
}

int wy_dict_ttl(wy_dict *d, wy_str key, uint64_t now, uint64_t *left) {
  uint64_t hash;
  shard *s = enter(d, key, &hash);
  entry *e = find(s, hash, key, now);
  if (!e) return leave(s, WY_E_DICT_ABSENT);
  *left = e->expires == FOREVER ? 0 : e->expires - now;
  return leave(s, 0);
}

wy_dict_stats wy_dict_stats_of(wy_dict *d) {
  wy_dict_stats all = {.bytes = sizeof *d + d->n_shards * sizeof(shard) + MALLOC_EXTRA};
  for (size_t i = 0; i < d->n_shards; i++) {
    shard *s = &d->shards[i];
    pthread_mutex_lock(&s->mutex);
    all.entries += s->entries;
    all.bytes += s->bytes;
    all.evicted += s->evicted;
    pthread_mutex_unlock(&s->mutex);
  }
  return all;
}
