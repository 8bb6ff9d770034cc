/* The store in a file, by SQLite in WAL mode. Writes are done by one thread, many in one
 * transaction: whatever is queued, for 2 ms or 256 operations, each behind a savepoint of its own;
 * they are told after the commit. While one commit waits for the disk the next batch gathers. Reads
 * have a connection and a thread of their own: no write's fsync delays them.
 *
 * The file is looked at when the store is opened; it is made, and threads are started, with the
 * first operation. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "store/kv_file.h"

enum {
  BATCH = 256,
  BATCH_NS = 2000000,
  GATHER_LEAST_NS = 200000,
  BUSY_MS = 20,        /* how long SQLite tries before we look at what has become of the queue */
  BUSY_TOLD_MS = 1000, /* somebody else writes: from when on that is worth a line */
  READ_BUSY_MS = 1000,
  SWEEP_MS = 1000,
  STACK = 256 * 1024
};

typedef struct queue {
  wy_kv_op *first, **last;
  size_t n;
} queue;

/* A thread with its connection. */
typedef struct side {
  struct lite *lite;
  queue queue;    /* under lock */
  size_t awaited; /* when that many are queued, the thread is woken */
  uv_cond_t wake;
  pthread_t thread;
  bool started;
  wy_kv_sql sql; /* the thread's own from here on */
  bool connected;
} side;

typedef struct lite {
  wy_kv *kv;
  char *path;
  bool normal;
  uv_mutex_t lock;
  bool closing;
  side writer, reader;
  pthread_mutex_t open_lock; /* of what follows */
  int lock_fd;
  bool opened;
  dev_t device;
  ino_t inode;
  /* the writer's */
  uint64_t swept_at, busy_since;
  uint64_t commit_ns; /* what the last batch took */
  uint64_t told_at;   /* when it was done */
  size_t expected;    /* who was queued then, and those who were told and may come again */
  int64_t now;        /* of the newest operation */
} lite;

static void queue_push(queue *q, wy_kv_op *op) {
  op->next = NULL;
  *q->last = op;
  q->last = &op->next;
  q->n++;
}

static wy_kv_op *queue_pop(queue *q) {
  wy_kv_op *op = q->first;
  if (!op) return NULL;
  q->first = op->next;
  if (!q->first) q->last = &q->first;
  q->n--;
  return op;
}

/* --- the file --- */

/* Makes sure that the file is there, and that nobody replaces it. */
static int open_file(lite *l, char why[WY_KV_WHY]) {
  bool exists;
  struct stat st;
  pthread_mutex_lock(&l->open_lock);
  int err = 0;
  if (!l->opened) {
    if (l->lock_fd < 0) err = wy_kv_file_lock(l->path, false, &l->lock_fd, why);
    if (err) l->lock_fd = -1;
    if (!err) err = wy_kv_file_look(l->path, &exists, why);
    if (!err && !exists) err = wy_kv_file_make(l->path, why);
    if (!err && stat(l->path, &st)) {
      snprintf(why, WY_KV_WHY, "%.150s: %s", l->path, strerror(errno));
      err = WY_E_STORE_IO;
    }
    if (!err) {
      l->device = st.st_dev;
      l->inode = st.st_ino;
      l->opened = true;
    }
  }
  pthread_mutex_unlock(&l->open_lock);
  return err;
}

static int connect_side(side *s, int busy_ms, char why[WY_KV_WHY]) {
  if (s->connected) return 0;
  int err = open_file(s->lite, why);
  if (!err) err = wy_kv_file_connect(&s->sql, s->lite->path, s->lite->normal, why);
  if (err) return err;
  sqlite3_busy_timeout(s->sql.db, busy_ms);
  s->connected = true;
  return 0;
}

static void disconnect(side *s) {
  if (s->connected) wy_kv_sql_deinit(&s->sql);
  s->connected = false;
}

/* SQLite would go on writing into a file that nobody will ever read again. */
static int same_file(lite *l, char why[WY_KV_WHY]) {
  struct stat st;
  if (stat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode) return 0;
  snprintf(why, WY_KV_WHY, "%.150s: the file was removed or replaced: start the host anew",
           l->path);
  return WY_E_STORE_IO;
}

/* --- writing --- */

static wy_kv_op *next_write(lite *l) {
  uv_mutex_lock(&l->lock);
  wy_kv_op *op = queue_pop(&l->writer.queue);
  uv_mutex_unlock(&l->lock);
  return op;
}

/* All that is queued now. */
static void fail_queued(lite *l, int err, const char *why) {
  for (wy_kv_op *op; (op = next_write(l)) != NULL;) {
    if (wy_kv_take(op)) wy_kv_fail(op, err, why);
    wy_kv_done(op);
  }
}

/* What nobody waits for any more, while the file cannot be had. */
static void drop_unwanted(lite *l) {
  queue kept = {NULL, &kept.first, 0}, gone = {NULL, &gone.first, 0};
  uv_mutex_lock(&l->lock);
  for (wy_kv_op *op; (op = queue_pop(&l->writer.queue)) != NULL;)
    queue_push(atomic_load(&op->state) == WY_KV_DROPPED ? &gone : &kept, op);
  for (wy_kv_op *op; (op = queue_pop(&kept)) != NULL;) queue_push(&l->writer.queue, op);
  uv_mutex_unlock(&l->lock);
  for (wy_kv_op *op; (op = queue_pop(&gone)) != NULL;) wy_kv_done(op);
}

/* False: not now; what is queued was seen to. */
static bool begin(lite *l) {
  char why[WY_KV_WHY];
  side *w = &l->writer;
  int err = connect_side(w, BUSY_MS, why);
  if (!err) err = same_file(l, why);
  int code = err ? 0 : wy_kv_sql_run(&w->sql, WY_KV_SQL_BEGIN);
  if (!err && !code) {
    l->busy_since = 0;
    return true;
  }
  if (code) err = wy_kv_sql_error(&w->sql, code, why);
  if (err != WY_E_STORE_BUSY) {
    if (code) disconnect(w);
    fail_queued(l, err, why);
    return false;
  }
  if (!code) nanosleep(&(struct timespec){0, BUSY_MS * 1000000L}, NULL); /* as SQLite has */
  uint64_t now = wy_kv_real_ms();
  if (!l->busy_since) l->busy_since = now;
  if (now - l->busy_since >= BUSY_TOLD_MS)
    wy_kv_trouble(l->kv, err, "another process has locked the file");
  drop_unwanted(l);
  uv_mutex_lock(&l->lock);
  bool closing = l->closing;
  uv_mutex_unlock(&l->lock);
  if (closing && now - l->busy_since >= WY_KV_TIMEOUT_MS) fail_queued(l, err, why);
  return false;
}

/* SQLite has undone more than this operation. */
static bool undone(const side *w) { return sqlite3_get_autocommit(w->sql.db) != 0; }

static int write_one(side *w, wy_kv_op *op, char why[WY_KV_WHY]) {
  int code = wy_kv_sql_run(&w->sql, WY_KV_SQL_SAVE);
  if (!code) code = wy_kv_sql_do(&w->sql, op);
  int err = code ? wy_kv_sql_error(&w->sql, code, why) : 0;
  if (err && !undone(w)) wy_kv_sql_run(&w->sql, WY_KV_SQL_BACK);
  if (!undone(w)) wy_kv_sql_run(&w->sql, WY_KV_SQL_RELEASE);
  return err;
}

static void sweep(lite *l) {
  bool more = false;
  uint64_t now = wy_kv_real_ms();
  if (now - l->swept_at < SWEEP_MS || undone(&l->writer)) return;
  l->swept_at = now;
  wy_kv_sql_run(&l->writer.sql, WY_KV_SQL_SAVE);
  if (wy_kv_sql_sweep(&l->writer.sql, l->now, &more) && !undone(&l->writer))
    wy_kv_sql_run(&l->writer.sql, WY_KV_SQL_BACK);
  if (!undone(&l->writer)) wy_kv_sql_run(&l->writer.sql, WY_KV_SQL_RELEASE);
  if (more) l->swept_at = 0; /* with the next batch */
}

/* What has an error of its own keeps that. */
static void tell(queue *batch, int err, const char *why) {
  for (wy_kv_op *op; (op = queue_pop(batch)) != NULL;) {
    if (err && !op->answer.err) wy_kv_fail(op, err, why);
    wy_kv_done(op);
  }
}

/* Of one whole transaction: the error of those that are in it. */
static int commit(lite *l, size_t n, char why[WY_KV_WHY]) {
  side *w = &l->writer;
  int code = wy_kv_sql_run(&w->sql, WY_KV_SQL_COMMIT);
  if (!code) {
    if (n) wy_kv_committed(l->kv, n);
    if (n) wy_kv_fine(l->kv);
    return 0;
  }
  char words[160];
  int err = wy_kv_sql_error(&w->sql, code, why);
  snprintf(words, sizeof words, "%.159s", why);
  /* what the log has got of it stays there until something else is written over it */
  if (err == WY_E_STORE_IO)
    snprintf(why, WY_KV_WHY, "%s; it may be found written after a crash", words);
  if (!undone(w)) sqlite3_exec(w->sql.db, "ROLLBACK", NULL, NULL, NULL);
  if (err == WY_E_STORE_IO || err == WY_E_STORE_CORRUPT) disconnect(w);
  return err;
}

/* What was deleted by its prefix is somebody's data, who is forgotten: it is to be found nowhere
 * any more, not in the log either. Where others read just now, the log keeps it until it begins
 * anew. */
static void empty_log(lite *l) {
  sqlite3_wal_checkpoint_v2(l->writer.sql.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static void write_batch(lite *l) {
  char why[WY_KV_WHY] = "";
  queue batch = {NULL, &batch.first, 0};
  side *w = &l->writer;
  uint64_t start = uv_hrtime();
  size_t n = 0;
  int err = 0;
  bool forgets = false;
  if (!begin(l)) return;
  for (wy_kv_op *op; n < BATCH && uv_hrtime() - start < BATCH_NS && (op = next_write(l)) != NULL;) {
    if (!wy_kv_take(op)) {
      wy_kv_done(op);
      continue;
    }
    if (op->now > l->now) l->now = op->now;
    forgets = forgets || op->q.verb == WY_KV_DEL_PREFIX;
    int before = sqlite3_total_changes(w->sql.db);
    err = write_one(w, op, why);
    if (err) wy_kv_fail(op, err, why);
    queue_push(&batch, op);
    if (undone(w)) break;
    if (!err && sqlite3_total_changes(w->sql.db) != before) n++;
    err = 0;
  }
  if (!undone(w)) {
    sweep(l);
    err = undone(w) ? WY_E_STORE_IO : commit(l, n, why);
    if (!err && forgets && n) empty_log(l);
  }
  uv_mutex_lock(&l->lock);
  l->expected = l->writer.queue.n + batch.n;
  uv_mutex_unlock(&l->lock);
  l->told_at = uv_hrtime();
  l->commit_ns = l->told_at - start;
  tell(&batch, err, why);
}

/* Who has just been told may write again at once, and so join those who queued meanwhile, instead
 * of waiting for a whole commit of theirs: a part of what the last one took is given to them. */
static void gather(lite *l) {
  uint64_t patience = l->commit_ns / 4;
  size_t all = l->expected;
  l->expected = 0;
  if (patience < GATHER_LEAST_NS || uv_hrtime() - l->told_at > BATCH_NS) return;
  if (patience > BATCH_NS) patience = BATCH_NS;
  uv_mutex_lock(&l->lock);
  l->writer.awaited = all < BATCH ? all : BATCH;
  uint64_t until = uv_hrtime() + patience;
  for (uint64_t now;
       l->writer.queue.n < l->writer.awaited && !l->closing && (now = uv_hrtime()) < until;)
    uv_cond_timedwait(&l->writer.wake, &l->lock, until - now);
  uv_mutex_unlock(&l->lock);
}

/* --- reading --- */

static void read_one(side *r, wy_kv_op *op) {
  char why[WY_KV_WHY];
  if (wy_kv_take(op)) {
    int err = connect_side(r, READ_BUSY_MS, why);
    if (!err) {
      int code = wy_kv_sql_do(&r->sql, op);
      if (code) err = wy_kv_sql_error(&r->sql, code, why);
      if (err == WY_E_STORE_CORRUPT || err == WY_E_STORE_IO) disconnect(r);
    }
    if (err) {
      wy_buf_clear(&op->answer.value);
      op->answer.has_value = op->answer.more = false;
      op->answer.number = 0;
      wy_kv_fail(op, err, why);
    }
  }
  wy_kv_done(op);
}

/* --- threads --- */

/* True: something is queued. */
static bool wait_for_work(side *s) {
  lite *l = s->lite;
  uv_mutex_lock(&l->lock);
  s->awaited = 1;
  while (!s->queue.first && !l->closing) uv_cond_wait(&s->wake, &l->lock);
  bool work = s->queue.first != NULL;
  uv_mutex_unlock(&l->lock);
  return work;
}

static void *write_all(void *data) {
  side *w = data;
  while (wait_for_work(w)) {
    gather(w->lite);
    write_batch(w->lite);
  }
  return NULL;
}

static void *read_all(void *data) {
  side *r = data;
  lite *l = r->lite;
  while (wait_for_work(r)) {
    uv_mutex_lock(&l->lock);
    wy_kv_op *op = queue_pop(&r->queue);
    uv_mutex_unlock(&l->lock);
    read_one(r, op);
  }
  return NULL;
}

/* Signals are for the threads of loops. */
static bool start(side *s, void *(*run)(void *)) {
  sigset_t all, before;
  pthread_attr_t attr;
  if (s->started) return true;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK);
  s->started = pthread_create(&s->thread, &attr, run, s) == 0;
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return s->started;
}

static void sqlite_submit(void *self, wy_kv_op *op) {
  lite *l = self;
  bool writes = wy_kv_writes(op->q.verb);
  side *s = writes ? &l->writer : &l->reader;
  uv_mutex_lock(&l->lock);
  bool ok = start(s, writes ? write_all : read_all);
  if (ok) queue_push(&s->queue, op);
  if (ok && s->queue.n == s->awaited) uv_cond_signal(&s->wake);
  uv_mutex_unlock(&l->lock);
  if (ok) return;
  wy_kv_fail(op, WY_E_NOMEM, NULL);
  wy_kv_done(op);
}

/* --- opening and closing --- */

static void side_init(side *s, lite *l) {
  s->lite = l;
  s->queue.last = &s->queue.first;
  uv_cond_init(&s->wake);
}

static void lite_free(lite *l) {
  disconnect(&l->reader);
  disconnect(&l->writer); /* the last one moves the log into the file */
  uv_cond_destroy(&l->reader.wake);
  uv_cond_destroy(&l->writer.wake);
  uv_mutex_destroy(&l->lock);
  pthread_mutex_destroy(&l->open_lock);
  if (l->lock_fd >= 0) close(l->lock_fd);
  free(l->path);
  free(l);
}

static int sqlite_open(wy_kv *kv, const wy_kv_options *o, void **self, char why[WY_KV_WHY]) {
  bool exists;
  lite *l = calloc(1, sizeof *l);
  if (!l) return WY_E_NOMEM;
  l->kv = kv;
  l->normal = o->normal;
  l->lock_fd = -1;
  uv_mutex_init(&l->lock);
  pthread_mutex_init(&l->open_lock, NULL);
  side_init(&l->writer, l);
  side_init(&l->reader, l);
  l->path = wy_kv_file_path(o->url, o->folder);
  int err = l->path ? wy_kv_file_look(l->path, &exists, why) : WY_E_NOMEM;
  if (!err && exists) err = connect_side(&l->writer, BUSY_MS, why);
  if (err == WY_E_STORE_BUSY && l->lock_fd >= 0) err = 0; /* whoever locks it, not for ever */
  if (err) lite_free(l);
  else *self = l;
  return err;
}

static void sqlite_close(void *self) {
  lite *l = self;
  uv_mutex_lock(&l->lock);
  l->closing = true;
  uv_cond_signal(&l->writer.wake);
  uv_cond_signal(&l->reader.wake);
  uv_mutex_unlock(&l->lock);
  if (l->writer.started) pthread_join(l->writer.thread, NULL);
  if (l->reader.started) pthread_join(l->reader.thread, NULL);
  lite_free(l);
}

const wy_kv_backend wy_kv_sqlite = {"sqlite",    "sqlite:",     true,
                                    sqlite_open, sqlite_submit, sqlite_close};
