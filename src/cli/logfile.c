#include "cli/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WY_LARGE_FRAMES
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WY_LARGE_FRAMES
#endif
#endif

enum { RING = 1 << 20, CHUNK = 65536, STACK = 65536, FLUSH_S = 1, OWN_LINE = 1024 };

/* Under `lock`: */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t written = PTHREAD_COND_INITIALIZER; /* something was, or the thread ended */
static char ring[RING];              /* whole lines, each with its newline; untouched: no memory */
static size_t tail, used;            /* the oldest byte; how many */
static _Atomic uint64_t came, went;  /* bytes that entered the ring, and that it is done with */
static uint64_t dropped;             /* lines that found no room and were not told of yet */
static atomic_bool running;          /* the thread; changed under the lock */
static bool opened, asleep, closing; /* asleep: the thread waits at the pipe */
static wy_log like = {WY_LOG_INFO, NULL, NULL, WY_LOG_TEXT};

static int waker[2] = {-1, -1}; /* a pipe; set before the thread runs, kept */
static atomic_bool moved;       /* SIGUSR1 came */
static atomic_int wake_fd = -1; /* waker[1] */

/* The thread's own: */
static char *path; /* NULL: stderr */
static int fd = STDERR_FILENO;
static char chunk[CHUNK];
static uint64_t lost; /* lines that could not be written and were not told of yet */
static int lost_why;  /* errno */
static bool torn;     /* the last line was written in part */

/* --- the lines of this module --- */

typedef struct own {
  char bytes[OWN_LINE];
  size_t n;
} own;

static void keep_own(void *data, wy_log_level level, wy_str line) {
  own *o = data;
  (void)level;
  if (line.n >= OWN_LINE) return;
  memcpy(o->bytes, line.p, line.n);
  o->bytes[line.n] = '\n';
  o->n = line.n + 1;
}

static void tell_dropped(own *o, uint64_t n, const char *why) {
  wy_log log = {like.level, keep_own, o, like.form};
  wy_line line;
  o->n = 0;
  wy_line_begin(&line, &log, WY_LOG_ERROR, "log.dropped");
  wy_line_int(&line, "count", (int64_t)n);
  wy_line_z(&line, "text", why);
  wy_line_end(&line);
}

static void tell_file(own *o, wy_log_level level, const char *event, int err) {
  wy_log log = {like.level, keep_own, o, like.form};
  wy_line line;
  o->n = 0;
  wy_line_begin(&line, &log, level, event);
  wy_line_z(&line, "file", path);
  if (err) wy_line_z(&line, "text", strerror(err));
  wy_line_end(&line);
}

/* --- the ring; the caller has the lock --- */

static void ring_add(const char *p, size_t n) {
  size_t at = (tail + used) % RING, first = n < RING - at ? n : RING - at;
  memcpy(ring + at, p, first);
  memcpy(ring, p + first, n - first);
  used += n;
  came += n;
}

static void tell_of_dropped(void) {
  own o;
  tell_dropped(&o, dropped, "the log was not read fast enough");
  if (o.n > RING - used) return;
  ring_add(o.bytes, o.n);
  dropped = 0;
}

/* A line, behind that which tells of others that found no room. */
static bool ring_line(const char *p, size_t n) {
  if (dropped) tell_of_dropped();
  if (dropped || n + 1 > RING - used) return false;
  ring_add(p, n);
  ring_add("\n", 1);
  return true;
}

/* As many whole lines as the chunk holds. */
static size_t ring_take(void) {
  size_t n = used < CHUNK ? used : CHUNK, first = n < RING - tail ? n : RING - tail;
  memcpy(chunk, ring + tail, first);
  memcpy(chunk + first, ring, n - first);
  while (n && chunk[n - 1] != '\n') n--;
  used -= n;
  tail = used ? (tail + n) % RING : 0; /* an empty one begins anew: it stays small */
  return n;
}

/* --- writing; the thread, without the lock --- */

/* How much of it was written; less than n: errno says why. */
static size_t write_all(int to, const char *p, size_t n) {
  size_t done = 0;
  while (done < n) {
    ssize_t k = write(to, p + done, n - done);
    if (k >= 0) {
      done += (size_t)k;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) { /* others share it, and made it so */
      struct pollfd ready = {.fd = to, .events = POLLOUT};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return done;
}

/* Lines: how many bytes of them were written, up to a fault. */
static size_t write_lines(const char *p, size_t n) {
  if (torn && write_all(fd, "\n", 1) == 1) torn = false;
  if (torn) return 0;
  size_t done = write_all(fd, p, n);
  torn = done > 0 && p[done - 1] != '\n';
  return done;
}

/* Of a file that takes nothing any more stderr hears, once. */
static void lose(const char *p, size_t n, int why) {
  own o;
  if (!lost && path) {
    tell_file(&o, WY_LOG_ERROR, "log.failed", why);
    write_all(STDERR_FILENO, o.bytes, o.n);
  }
  lost_why = why;
  for (size_t i = 0; i < n; i++) lost += p[i] == '\n';
}

static void write_chunk(size_t n) {
  own o;
  if (lost) {
    tell_dropped(&o, lost, strerror(lost_why));
    if (write_lines(o.bytes, o.n) < o.n) {
      lose(chunk, n, errno);
      return;
    }
    lost = 0;
  }
  size_t done = write_lines(chunk, n);
  if (done < n) lose(chunk + done, n - done, errno);
}

static int open_path(const char *name) {
  return open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static void open_again(void) {
  own o;
  if (!path) return;
  int again = open_path(path);
  if (again >= 0) {
    close(fd);
    fd = again;
    torn = false;
  }
  tell_file(&o, again < 0 ? WY_LOG_ERROR : WY_LOG_INFO,
            again < 0 ? "log.reopen_failed" : "log.reopened", again < 0 ? errno : 0);
  pthread_mutex_lock(&lock);
  if (o.n && !ring_line(o.bytes, o.n - 1)) dropped++;
  pthread_mutex_unlock(&lock);
}

/* --- the thread --- */

static void sleep_at_pipe(void) {
  char bytes[64];
  while (read(waker[0], bytes, sizeof bytes) < 0 && errno == EINTR) continue;
}

/* One step; the lock is held before and after. False: all is written. */
static bool write_some(void) {
  if (!used && dropped) tell_of_dropped();
  if (!used) return false;
  size_t n = ring_take();
  pthread_mutex_unlock(&lock);
  write_chunk(n);
  pthread_mutex_lock(&lock);
  went += n;
  if (dropped) tell_of_dropped();
  pthread_cond_broadcast(&written);
  return true;
}

static void *run(void *data) {
  (void)data;
  pthread_mutex_lock(&lock);
  for (;;) {
    if (atomic_exchange(&moved, false)) {
      pthread_mutex_unlock(&lock);
      open_again();
      pthread_mutex_lock(&lock);
    }
    if (write_some()) continue;
    if (closing) break;
    asleep = true;
    pthread_mutex_unlock(&lock);
    sleep_at_pipe();
    pthread_mutex_lock(&lock);
    asleep = false;
  }
  running = false;
  pthread_cond_broadcast(&written);
  pthread_mutex_unlock(&lock);
  return NULL;
}

static int open_waker(void) {
  int ends[2];
  if (waker[0] >= 0) return 0;
  if (pipe(ends)) return -1;
  for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  memcpy(waker, ends, sizeof waker);
  atomic_store(&wake_fd, ends[1]);
  return 0;
}

/* No signal of the program's is for it. */
static int start(void) {
  pthread_t thread;
  pthread_attr_t attr;
  sigset_t all, before;
  if (open_waker() || pthread_attr_init(&attr)) return -1;
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
#ifndef WY_LARGE_FRAMES
  size_t least = (size_t)PTHREAD_STACK_MIN;
  pthread_attr_setstacksize(&attr, least > STACK ? least : STACK);
#endif
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  running = pthread_create(&thread, &attr, run, NULL) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  return running ? 0 : -1;
}

/* Sees to it that what is in the ring leaves; the lock is held. */
static void set_going(void) {
  if (!used && !dropped) return;
  if (!running && start()) { /* no thread is to be had: better late than never */
    while (write_some()) continue;
    return;
  }
  if (!asleep) return;
  asleep = false;
  if (write(waker[1], "", 1) < 0) return; /* full: it wakes anyway */
}

/* --- from outside --- */

void wy_logfile_line(void *data, int level, const char *line, size_t n) {
  (void)data, (void)level;
  pthread_mutex_lock(&lock);
  if (!closing) {
    if (!ring_line(line, n)) dropped++;
    if (opened) set_going();
  }
  pthread_mutex_unlock(&lock);
}

int wy_logfile_open(const char *name, const wy_log *as) {
  int err = 0;
  pthread_mutex_lock(&lock);
  like = *as;
  if (name) {
    int file = open_path(name);
    path = file < 0 ? NULL : strdup(name);
    err = file < 0 ? errno : path ? 0 : ENOMEM;
    if (file >= 0 && err) close(file);
    if (!err) fd = file;
  }
  opened = true;
  if (path && !running) start(); /* a file that was moved is to be seen at once */
  set_going();
  pthread_mutex_unlock(&lock);
  return err;
}

void wy_logfile_reopen(void) {
  int saved = errno;
  atomic_store(&moved, true);
  int end = atomic_load(&wake_fd);
  if (end >= 0 && write(end, "", 1) < 0) errno = saved;
  errno = saved;
}

/* Until the bytes that came are written, or the thread has ended, too; the lock is held. */
static void wait_written(bool also_ended) {
  struct timespec end;
  uint64_t until = came;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += FLUSH_S;
  while (running && (went < until || also_ended))
    if (pthread_cond_timedwait(&written, &lock, &end)) break;
}

void wy_logfile_flush(void) {
  pthread_mutex_lock(&lock);
  opened = true;
  set_going();
  wait_written(false);
  pthread_mutex_unlock(&lock);
}

void wy_logfile_last_words(void) {
  enum { STEP_MS = 10, STEPS = 3 * FLUSH_S * 1000 / STEP_MS, MOST = 2 * STEPS };
  uint64_t until = came, before = went;
  if (!running) { /* nobody else will: as they lie there, without the lock */
    size_t n = used < RING - tail ? used : RING - tail;
    if (write_all(fd, ring + tail, n) == n) write_all(fd, ring, used - n);
    return;
  }
  for (int i = 0, idle = 0; i < MOST && idle < STEPS && went < until; i++) { /* a slow disk */
    poll(NULL, 0, STEP_MS);
    idle = went == before ? idle + 1 : 0;
    before = went;
  }
}

void wy_logfile_close(void) {
  pthread_mutex_lock(&lock);
  opened = true;
  set_going();
  closing = true;
  if (running && write(waker[1], "", 1) < 0) errno = 0; /* full: it wakes anyway */
  wait_written(true);
  pthread_mutex_unlock(&lock);
}
