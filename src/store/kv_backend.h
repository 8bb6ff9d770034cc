/* kv_backend: what kv.c and a backend are to each other. Only files of store/ include this.
 *
 * A backend gets operations on the threads of clients, does them on threads of its own (or at
 * once), and gives each back by wy_kv_done, once, from any thread. It never blocks in `submit`. */
#ifndef WY_STORE_KV_BACKEND_H
#define WY_STORE_KV_BACKEND_H

#include <stdatomic.h>

#include "store/kv.h"

typedef enum wy_kv_state { WY_KV_QUEUED, WY_KV_TAKEN, WY_KV_DROPPED } wy_kv_state;

struct wy_kv_op {
  wy_kv_op *next; /* the backend's, from submit to wy_kv_done */
  /* what is asked: spans point into the operation's own memory */
  wy_kv_question q; /* LOCK: tried once, `wait` is not looked at */
  int64_t now;      /* the caller's wall time */
  uint64_t due;     /* uv_hrtime in ms: nobody waits any more from then on */
  /* what came of it: the backend fills it in before wy_kv_done. A LOCK that is held by another:
   * yes is false, number the milliseconds that it has left (0: unknown). */
  wy_kv_answer answer;
  /* kv.c's */
  wy_kv *kv;
  wy_kv_client *client;
  wy_list pending; /* of its client, in the order of asking */
  wy_external external;
  wy_kv_done_fn done;
  void *data;
  _Atomic(wy_kv_state) state;
  atomic_bool abandoned; /* nobody wants to know */
  bool waits;            /* for a lock: no backend has this one */
  struct wy_kv_waiter *waiter;
  size_t size; /* of bytes */
  bool told;   /* on the client's list */
  char bytes[];
};

typedef struct wy_kv_backend {
  const char *name;   /* for metrics */
  const char *prefix; /* of its urls, or the whole: "memory", "sqlite:" */
  /* Other processes may have it, too: locks are polled for. */
  bool shared;
  /* As wy_kv_open; gives what the others get as self. */
  int (*open)(wy_kv *kv, const wy_kv_options *o, void **self, char why[WY_KV_WHY]);
  /* From the thread of any client, several at a time. */
  void (*submit)(void *self, wy_kv_op *op);
  /* Nothing more is submitted. Blocks until all is done, or cannot be; frees self. */
  void (*close)(void *self);
} wy_kv_backend;

extern const wy_kv_backend wy_kv_memory, wy_kv_sqlite, wy_kv_redis;

/* What deadlines count in. */
static inline uint64_t wy_kv_real_ms(void) { return uv_hrtime() / 1000000; }

/* Before an operation is begun: false when it is not to be done at all: give it back. From true on
 * who gives up waiting is told that a write may still happen. */
bool wy_kv_take(wy_kv_op *op);
void wy_kv_done(wy_kv_op *op);

/* Sets the error; why may be NULL. */
void wy_kv_fail(wy_kv_op *op, int err, const char *why);

/* A write, for who asks what a time-out may have left undone. */
static inline bool wy_kv_writes(wy_kv_verb verb) { return verb != WY_KV_GET && verb != WY_KV_SCAN; }

/* Something is wrong with the store itself: one line, and again every minute while it lasts. Fine:
 * something worked, and that is a line where it had not. From any thread. */
void wy_kv_trouble(wy_kv *kv, int err, const char *why);
void wy_kv_fine(wy_kv *kv);

/* A transaction with so many writes was committed. */
void wy_kv_committed(wy_kv *kv, size_t ops);

/* One pair more for a scan's value. 0 or WY_E_NOMEM. */
int wy_kv_add_pair(wy_buf *out, wy_str key, wy_str value);

/* The number at a key, as all backends write it: decimal, 64 bits. False: it is none. */
bool wy_kv_number(wy_str text, int64_t *out);

/* The smallest key that is larger than all with this prefix, in at most prefix.n bytes; false:
 * there is none. */
bool wy_kv_prefix_end(wy_str prefix, char *out, size_t *n);

#endif
