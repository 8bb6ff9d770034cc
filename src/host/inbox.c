/* Shards, each under its own lock, by the low bits of a hash. A user, his keys and his answers
 * stand in the user's shard; a nonce in its own. No two locks are held at once. The shards are few:
 * where each of them writes next then stays in the caches (of addresses, too), which is most of
 * what a claim costs; workers that are as few meet at a lock seldom.
 *
 * A shard is a table of keys, one of nonces (inbox_table.c), a ring of answers and a small table of
 * users in flight. */
#include "base/err.h"
#include "host/inbox_impl.h"

enum { FIRST_USERS = 8 /* places */ };

/* --- users --- */

static user *user_at(const shard *s, uint64_t id) {
  uint32_t i = (uint32_t)(id >> 32);
  for (;; i++) {
    user *u = &s->users[i & (s->users_cap - 1)];
    if (!u->in_flight || u->id == id) return u;
  }
}

user *wy_shard_find_user(const shard *s, uint64_t id) {
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

user *wy_shard_take_user(shard *s, uint64_t id, unsigned worker) {
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

void wy_shard_release_user(shard *s, uint64_t id) {
  user *u = wy_shard_find_user(s, id);
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

void wy_shard_store(shard *s, uint32_t most, uint32_t at, wy_str answer) {
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

bool wy_shard_recall(shard *s, uint32_t at, wy_buf *answer) {
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
           (wy_table_bytes(true, 2) + wy_table_bytes(false, 2)) * 2;
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
    wy_table_free(&s->keys);
    wy_table_free(&s->nonces);
    free(s->users);
    free(s->ring);
    free(s);
  }
  free(x->cells);
  free(x);
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
  return wy_shard_recall(s, at, answer) ? WY_INBOX_ANSWERED : WY_INBOX_DONE;
}

/* home: who waits for users that are elsewhere. */
static wy_verdict claim_push(shard *s, uint32_t most, const wy_claim *c, unsigned home,
                             wy_claimed *out, wy_buf *answer) {
  table *t = &s->keys;
  int64_t known = find_key(s, &c->key);
  if (known != NONE && (t->slots[known].until >= c->now || running(t, (uint32_t)known)))
    return claim_known(s, (uint32_t)known, c, home, out, answer);
  if (!make_room(t, most, c->now, &s->evicted)) return WY_INBOX_NOMEM;
  user *u = wy_shard_take_user(s, c->user, c->worker);
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
    if (at != NONE) wy_shard_store(c->shard, x->ring_most, (uint32_t)at, answer);
    if (release) wy_shard_release_user(c->shard, id);
    if (c->exported) tell(x, WY_ITEM_FINISH, key, id, answer, release);
  }
  unlock(x, c);
}

void wy_inbox_undo(wy_inbox *x, const wy_hash128 *key, uint64_t id) {
  cell *c = lock(x, id);
  if (c->shard) {
    int64_t at = find_key(c->shard, key);
    if (at != NONE) c->shard->keys.notes[at].state = UNDONE;
    wy_shard_release_user(c->shard, id);
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
  if (c->shard) wy_shard_release_user(c->shard, id);
  if (c->exported) x->give(x->data, &(wy_item){.type = WY_ITEM_RELEASE, .id = id});
  unlock(x, c);
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
      out->bytes += sizeof *s + wy_table_bytes(true, s->keys.cap) +
                    wy_table_bytes(false, s->nonces.cap) + s->users_cap * sizeof *s->users +
                    s->ring_used;
    }
    unlock(x, &x->cells[i]);
  }
}
