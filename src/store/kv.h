/* kv: keys and values that outlive the process, for all workers of it: one asynchronous interface,
 * and backends behind it (kv_backend.h).
 *
 * Each loop is a client. What a client asks is done elsewhere, and its `done` is called on the
 * client's loop, which one uv_async wakes when something is there to be told. Operations of one
 * client that do not wait for each other may be done in any order; who has got the answer of a
 * write sees it in every read that begins afterwards, from any client.
 *
 * Keys and values are any bytes. Times are milliseconds; a ttl of 0: for ever. "Now" is the wall
 * time of the client's clock, which may be virtual: an entry whose time is over is absent at once.
 * Every operation has a deadline of real time, but for the waiting for a lock, which is on the
 * client's clock; with a virtual clock whoever steps it has one. */
#ifndef WY_STORE_KV_H
#define WY_STORE_KV_H

#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

typedef struct wy_kv wy_kv;
typedef struct wy_kv_client wy_kv_client;
typedef struct wy_kv_op wy_kv_op;

enum {
  WY_KV_KEY_MAX = 1024,
  WY_KV_VALUE_MAX = 1 << 20,
  WY_KV_QUEUE_BYTES = 64 << 20, /* of their keys and values, or so many bytes; likewise */
  WY_KV_QUEUE_MAX = 10000,      /* operations that wait for a store: one more is WY_E_STORE_BUSY */
  WY_KV_PAGE_MAX = 1000,        /* entries of one scan */
  WY_KV_PAGE_BYTES = 4 << 20,   /* after which a page ends early */
  WY_KV_TIMEOUT_MS = 5000,
  WY_KV_WHY = 240
};

#define WY_KV_VERBS(X)                                                                            \
  X(GET, "get")               /* key → value, or has_value is false */                          \
  X(SET, "set")               /* key, value, ttl */                                               \
  X(ADD, "add")               /* likewise, where the key is absent: yes */                        \
  X(CAS, "cas")               /* key, old (p NULL: absent), value (p NULL: delete), ttl: yes,     \
                                 or the current value */                                          \
  X(INCR, "incr")             /* key, number, ttl if it was absent → number */                  \
  X(DEL, "del")               /* key: yes, there was one */                                       \
  X(DEL_PREFIX, "del_prefix") /* key → number of entries */                                     \
  X(SCAN, "scan")             /* key is the prefix, after, number is the limit → pairs, more */ \
  X(LOCK, "lock")             /* key is the name, ttl, wait → yes, number is the fence */       \
  X(UNLOCK, "unlock")         /* key, number is the fence: yes, it was held */                    \
  X(EXTEND, "extend")         /* likewise, ttl from now on */                                     \
  X(SET_FENCED, "set_fenced") /* key, value (p NULL: delete), ttl, lock, number is its fence:     \
                                 yes, the lock is held */

typedef enum wy_kv_verb {
#define X(name, text) WY_KV_##name,
  WY_KV_VERBS(X)
#undef X
      WY_KV_VERB_END
} wy_kv_verb;

const char *wy_kv_verb_name(wy_kv_verb verb);

typedef struct wy_kv_question {
  wy_kv_verb verb;
  wy_str key, value, old, after, lock;
  int64_t number;
  uint64_t ttl, wait;
} wy_kv_question;

typedef struct wy_kv_answer {
  int err; /* 0, or WY_E_STORE_*, or WY_E_NOMEM */
  bool yes, has_value, more;
  int64_t number;
  wy_buf value;        /* of a scan: pairs. Take it by copying the struct and zeroing this one */
  char why[WY_KV_WHY]; /* "", or what to say beside the error's text: English, no secret */
} wy_kv_answer;

/* The pairs of a scan, one after another: false at the end. */
bool wy_kv_pair(wy_str *rest, wy_str *key, wy_str *value);

/* --- the store --- */

typedef struct wy_kv_options {
  const char *url;    /* "memory", "sqlite:FILE" or "redis://…" */
  const char *folder; /* that FILE is relative to; NULL or "": the working directory */
  bool normal;        /* durability: a power failure may take the last writes; else it takes none */
  const wy_log *log;  /* which outlives the store, and any thread may write to */
  uint64_t timeout;   /* of an operation; 0: WY_KV_TIMEOUT_MS */
} wy_kv_options;

/* Opens, and blocks meanwhile. 0, or an error with one sentence in why: nothing was created in
 * place of what cannot be read. */
int wy_kv_open(wy_kv **out, const wy_kv_options *options, char why[WY_KV_WHY]);

/* Every client is freed. Blocks until what was asked is written, or cannot be. NULL is fine. */
void wy_kv_close(wy_kv *kv);

typedef struct wy_kv_stats {
  const char *backend;
  uint64_t queue;               /* operations that are not done */
  uint64_t commits, commit_ops; /* transactions, and the writes in them */
  uint64_t errors[16];          /* by error, from WY_E_STORE_TIMEOUT on */
  uint64_t ops[WY_KV_VERB_END]; /* done, whatever came of them */
} wy_kv_stats;

void wy_kv_stats_read(wy_kv *kv, wy_kv_stats *out); /* from any thread */

/* What is wrong with the store itself, from any thread: 0, or the error that was last and has not
 * been followed by success, with why as in an answer. */
int wy_kv_troubled(wy_kv *kv, char why[WY_KV_WHY]);

/* --- its clients --- */

/* Before its loop runs, or on its thread; the clock is the loop's. 0, WY_E_NOMEM. */
int wy_kv_client_new(wy_kv_client **out, wy_kv *kv, uv_loop_t *loop, wy_clock *clock);
/* On its thread: nothing is told any more; what was asked is still done. NULL is fine. */
void wy_kv_client_close(wy_kv_client *c);
/* Closed, and its loop has run until the handles were closed. NULL is fine. */
void wy_kv_client_free(wy_kv_client *c);

/* Once, on the client's thread, never before wy_kv_ask has returned. */
typedef void (*wy_kv_done_fn)(void *data, wy_kv_answer *answer);

/* Copies the question. 0, and *op is valid until done is called; or an error, and done is not
 * called: WY_E_STORE_LARGE, WY_E_STORE_BUSY, WY_E_STORE_CLOSED, WY_E_NOMEM. */
int wy_kv_ask(wy_kv_client *c, const wy_kv_question *q, wy_kv_done_fn done, void *data,
              wy_kv_op **op);

/* done will not be called. A write that was asked may be done nevertheless; a lock that comes is
 * given back. Also after wy_kv_client_close, before wy_kv_client_free. */
void wy_kv_cancel(wy_kv_op *op);

#endif
