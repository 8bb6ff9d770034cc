/* The store that ends with the process: SQLite's, in memory, for what runs without a disk: specs,
 * trials, hosts that keep nothing. Operations are done at once, on the caller's thread. */
#include <pthread.h>
#include <stdlib.h>

#include "base/err.h"
#include "store/kv_sql.h"

enum { PAGES_MAX = 65536 /* of 4 KiB */, SWEEP_MS = 1000 };

typedef struct memory {
  pthread_mutex_t lock;
  wy_kv_sql sql;
  uint64_t swept_at;
} memory;

static void memory_free(memory *m) {
  wy_kv_sql_deinit(&m->sql);
  pthread_mutex_destroy(&m->lock);
  free(m);
}

static int memory_open(wy_kv *kv, const wy_kv_options *o, void **self, char why[WY_KV_WHY]) {
  char text[60];
  (void)kv;
  if (strcmp(o->url, wy_kv_memory.prefix) != 0) {
    snprintf(why, WY_KV_WHY, "no store of this kind is in this build");
    return WY_E_ARG;
  }
  memory *m = calloc(1, sizeof *m);
  if (!m) return WY_E_NOMEM;
  pthread_mutex_init(&m->lock, NULL);
  int code = wy_kv_sql_init(&m->sql, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  snprintf(text, sizeof text, "PRAGMA max_page_count = %d", PAGES_MAX);
  if (!code) code = sqlite3_exec(m->sql.db, text, NULL, NULL, NULL);
  if (!code) code = wy_kv_sql_create(&m->sql);
  if (!code) {
    *self = m;
    return 0;
  }
  int err = wy_kv_sql_error(&m->sql, code, why);
  memory_free(m);
  return err;
}

static int do_one(memory *m, wy_kv_op *op) {
  bool more;
  int code = wy_kv_sql_run(&m->sql, WY_KV_SQL_SAVE);
  if (code) return code;
  code = wy_kv_sql_do(&m->sql, op);
  if (!code && wy_kv_writes(op->q.verb) && wy_kv_real_ms() - m->swept_at >= SWEEP_MS) {
    m->swept_at = wy_kv_real_ms();
    wy_kv_sql_sweep(&m->sql, op->now, &more);
    if (more) m->swept_at = 0;
  }
  if (code && !sqlite3_get_autocommit(m->sql.db)) wy_kv_sql_run(&m->sql, WY_KV_SQL_BACK);
  if (!sqlite3_get_autocommit(m->sql.db)) wy_kv_sql_run(&m->sql, WY_KV_SQL_RELEASE);
  return code;
}

static void memory_submit(void *self, wy_kv_op *op) {
  memory *m = self;
  char why[WY_KV_WHY];
  if (wy_kv_take(op)) {
    pthread_mutex_lock(&m->lock);
    int code = do_one(m, op), err = code ? wy_kv_sql_error(&m->sql, code, why) : 0;
    pthread_mutex_unlock(&m->lock);
    if (err) wy_kv_fail(op, err, why);
    else if (wy_kv_writes(op->q.verb)) wy_kv_fine(op->kv);
  }
  wy_kv_done(op);
}

static void memory_close(void *self) { memory_free(self); }

const wy_kv_backend wy_kv_memory = {"memory",    "memory",      false,
                                    memory_open, memory_submit, memory_close};
