/* What kv.c and kv_lock.c share. */
#ifndef WY_STORE_KV_IMPL_H
#define WY_STORE_KV_IMPL_H

#include <pthread.h>

#include "store/kv_backend.h"

enum { WY_KV_ERRORS = WY_E_STORE_CLOSED - WY_E_STORE_TIMEOUT + 1 };

struct wy_kv {
  const wy_kv_backend *backend;
  void *self; /* the backend's */
  const wy_log *log;
  uint64_t timeout;
  atomic_size_t queue, queue_bytes;
  _Atomic uint64_t commits, commit_ops, errors[WY_KV_ERRORS], ops[WY_KV_VERB_END];
  /* of the store itself */
  pthread_mutex_t trouble_lock;
  atomic_int trouble; /* an error; 0: none */
  uint64_t told_at;   /* when the last line was written, ms */
  uint64_t failures;  /* since that line */
  bool trouble_told;
  char trouble_why[WY_KV_WHY];
  /* waiters for locks: kv_lock.c's */
  pthread_mutex_t locks_lock;
  wy_list locks;
};

struct wy_kv_client {
  wy_kv *kv;
  uv_loop_t *loop;
  wy_clock *clock;
  wy_list pending; /* operations that a backend has, the oldest first; of this thread */
  wy_list waiters; /* operations that wait for a lock */
  wy_timer deadline;
  uv_async_t async;
  /* what other threads see */
  pthread_mutex_t lock;
  wy_kv_op *first, **last; /* to be told */
  size_t n;
  bool closed, gone;
  unsigned refs; /* operations that a backend has, and its owner; under lock */
};

/* A new operation with a copy of the question; NULL: no memory. */
wy_kv_op *wy_kv_op_new(wy_kv_client *c, const wy_kv_question *q, wy_kv_done_fn done, void *data);
void wy_kv_op_free(wy_kv_op *op);

/* To the backend, whether the queue is full or not. */
void wy_kv_send(wy_kv_op *op);

/* On its client's list, from any thread: it is looked at on the client's. */
void wy_kv_tell(wy_kv_op *op);

/* kv_lock.c. On the client's thread: */
int wy_kv_lock_wait(wy_kv_op *op); /* 0 or WY_E_NOMEM */
void wy_kv_lock_woken(wy_kv_op *op);
void wy_kv_lock_end(wy_kv_op *op);   /* waits no more; without a word */
void wy_kv_lock_leave(wy_kv_op *op); /* the same, and the operation is let go */
/* One that the backend has tried, and nobody waits for any more: what it has got is given back. */
void wy_kv_lock_unwanted(const wy_kv_op *try);
/* From any thread: somebody of this process has given it back. */
void wy_kv_lock_released(wy_kv *kv, wy_str name);
void wy_kv_locks_deinit(wy_kv *kv);

#endif
