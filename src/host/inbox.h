/* inbox: which pushes are known, and which worker has a user.
 *
 * Two things in one table, because one look answers both. A push that WeChat repeats is the same
 * push: it joins the one that runs, or gets the answer that was given. And a user with something in
 * flight belongs to one worker, who takes all his pushes in order; a user with nothing in flight
 * belongs to whoever receives his next push.
 *
 * One inbox serves all workers of a host: every function may be called from any thread. What it
 * remembers is bounded; memory is taken as it is used. */
#ifndef WY_HOST_INBOX_H
#define WY_HOST_INBOX_H

#include "base/buf.h"
#include "base/hash.h"

typedef struct wy_inbox wy_inbox;

enum { WY_INBOX_LEAST = 512 * 1024 };

/* bytes: the most that keys, nonces and answers take together; a quarter of it, but not more than
 * 4 MiB, is for answers. Users in flight stand beside it: whoever admits pushes bounds them.
 * workers: how many threads will use it; 1: only one ever does, and nothing is locked.
 * 0, WY_E_NOMEM, or WY_E_ARG: fewer bytes than WY_INBOX_LEAST. */
int wy_inbox_new(wy_inbox **out, size_t bytes, unsigned workers);
void wy_inbox_free(wy_inbox *x); /* no other thread may still use it; NULL is fine */

typedef struct wy_claim {
  wy_hash128 key;      /* of the push */
  uint64_t user;       /* hash of account and openid */
  uint64_t nonce;      /* hash of account, timestamp and nonce */
  unsigned worker;     /* who asks; below 65535 */
  uint32_t now, until; /* unix seconds: now, and when the push's timestamp leaves the window */
} wy_claim;

typedef enum {
  WY_INBOX_RUN,        /* new; the user is the asking worker's */
  WY_INBOX_HOP,        /* new; another worker has the user: hand it over */
  WY_INBOX_JOIN,       /* known, not finished */
  WY_INBOX_ANSWERED,   /* known, finished; its answer was appended */
  WY_INBOX_DONE,       /* known, finished; no answer is kept */
  WY_INBOX_REUSED,     /* its nonce came with another push: nothing is recorded */
  WY_INBOX_NOMEM,      /* nothing but the nonce may be recorded */
  WY_INBOX_QUARANTINED /* never said by the inbox: who asks knew it before */
} wy_verdict;

typedef struct wy_claimed {
  unsigned worker;    /* RUN, HOP: who has the user now; JOIN: who has the push */
  uint32_t in_flight; /* RUN, HOP: what the user had in flight before */
} wy_claimed;

/* A claim with this nonce comes soon: what it will look at is fetched meanwhile. */
void wy_inbox_expect(wy_inbox *x, uint64_t nonce);

/* RUN and HOP count one more in flight for the user: wy_inbox_finish or wy_inbox_undo must follow.
 * A key is known until `until`, or the latest `until` of its repetitions; when the table is full
 * the oldest that is finished is forgotten early. A repetition that is encrypted anew has another
 * nonce and the same key. An answer for which `answer` has no room is DONE, and `answer` failed. */
wy_verdict wy_inbox_claim(wy_inbox *x, const wy_claim *claim, wy_claimed *out, wy_buf *answer);

/* The push is finished, with an answer for its repetitions; answer.p NULL: none. An answer is kept
 * while there is room, and not at all when it has more than 65,535 bytes (or a shard's share of a
 * small inbox).
 * release: what the claim counted in flight is over too. */
void wy_inbox_finish(wy_inbox *x, const wy_hash128 *key, uint64_t user, wy_str answer,
                     bool release);

/* As if the claim had not been; for a push that could not be handed over. Its nonce stays known,
 * which does not hinder its repetition. */
void wy_inbox_undo(wy_inbox *x, const wy_hash128 *key, uint64_t user);

/* Answers to him are no longer there: a repetition of his push is DONE. The keys of his pushes stay
 * their time, or a repetition would run a second time; they tell nobody who he is. */
void wy_inbox_forget(wy_inbox *x, uint64_t user, wy_str openid);

/* One less; after the last nobody has the user. */
void wy_inbox_release(wy_inbox *x, uint64_t user);

/* --- from one inbox to another, which takes over while the first still has pushes in flight --- */

typedef enum {
  WY_ITEM_KEY,     /* a push: running, or finished with or without an answer */
  WY_ITEM_NONCE,   /* a nonce */
  WY_ITEM_USER,    /* he has n more in flight */
  WY_ITEM_FINISH,  /* a push is finished */
  WY_ITEM_UNDO,    /* a push is unknown again */
  WY_ITEM_RELEASE, /* the user has one less in flight */
  WY_ITEM_TYPES
} wy_item_type;

typedef struct wy_item {
  wy_item_type type;
  uint64_t id;    /* of a key: lo; of a nonce, of a user: itself */
  uint64_t user;  /* FINISH, UNDO */
  uint32_t more;  /* of a key: low half of hi; of a nonce: of its key's lo */
  uint32_t until; /* KEY, NONCE */
  uint32_t n;     /* USER */
  uint32_t place; /* KEY: the low bits of its user that tell shards apart */
  bool running;   /* KEY */
  bool release;   /* FINISH: one less in flight, too */
  wy_str answer;  /* KEY, FINISH; p NULL: none */
} wy_item;

/* Gives all that is known to `give`, and from then on what happens, in order, until
 * wy_inbox_export_end. `give` is called on whatever thread it happens, in turn for one user but not
 * for several, and must not use the inbox. */
typedef void (*wy_item_fn)(void *data, const wy_item *item);
void wy_inbox_export(wy_inbox *x, uint32_t now, wy_item_fn give, void *data);
void wy_inbox_export_end(wy_inbox *x);

/* Takes one. Pushes that run, and users with something in flight, are then elsewhere: their
 * repetitions and their next pushes are JOIN and HOP to the user's home, a worker of this host, who
 * must wait until they are no longer. 0, or WY_E_NOMEM: it is forgotten. */
int wy_inbox_import(wy_inbox *x, const wy_item *item);
void wy_inbox_import_end(wy_inbox *x); /* what is elsewhere still is nowhere any more */

/* Whether the push itself runs elsewhere; whether what a user has in flight there goes before what
 * he has here. */
bool wy_inbox_push_elsewhere(wy_inbox *x, const wy_hash128 *key, uint64_t user);
bool wy_inbox_user_elsewhere(wy_inbox *x, uint64_t user);

typedef struct wy_inbox_stats {
  uint64_t keys,
      nonces;     /* known, with those whose time is over but whose place nobody needed yet */
  uint64_t users; /* with something in flight */
  uint64_t bytes; /* allocated for all of it */
  uint64_t answer_bytes; /* allocated for answers, of these */
  uint64_t evicted;      /* keys forgotten before their time, for want of room */
} wy_inbox_stats;

void wy_inbox_stats_read(wy_inbox *x, wy_inbox_stats *out);

#endif
