/* Between a host and its disk, for spec/bench/power (LD_PRELOAD): what is done to the files of a
 * store is told to a log in the order in which it happens, and one call of them all may fail.
 *   WY_POWER=FOLDER          the files in it whose names begin with "store.db" or "backup.db"
 *   WY_POWER_LOG=FILE        the log, to which the benchmark writes too (see record)
 *   WY_POWER_FAIL=N E KINDS  the Nth call of these kinds (letters, see below) fails with errno E;
 *                            0: it writes the half of what it should
 * An answer of the host that has "[kept " in it is told, too, before it leaves. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

enum { FDS = 4096, NAME = 4096 };
enum { NOT_OURS, A_FILE, THE_FOLDER };

static struct {
  pthread_mutex_t lock;
  pthread_once_t once;
  char folder[NAME];
  struct stat place;
  int log, number; /* errno */
  long left;
  char kinds[32];
  struct {
    char what;
    ino_t inode;
  } fds[FDS];
} power = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .log = -1};

static void setup(void) {
  const char *folder = getenv("WY_POWER"), *file = getenv("WY_POWER_LOG");
  const char *fail = getenv("WY_POWER_FAIL");
  if (!folder || !file || !realpath(folder, power.folder) || stat(power.folder, &power.place))
    return;
  int fd =
      (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  power.log = fcntl(fd, F_DUPFD_CLOEXEC, 900); /* out of the way */
  syscall(SYS_close, fd);
  if (fail) sscanf(fail, "%ld %d %31s", &power.left, &power.number, power.kinds);
}

static bool on(void) {
  pthread_once(&power.once, setup);
  return power.log >= 0;
}

/* A record: a mark, kind, inode, offset or size or token, length of the bytes, bytes. One write:
 * those of several processes do not mix; a kill may leave a part of one, behind which the next mark
 * is where to go on. */
static void record(char kind, ino_t inode, int64_t at, const void *bytes, size_t n) {
  struct __attribute__((packed)) {
    char mark[8], kind;
    uint64_t inode;
    int64_t at;
    uint32_t n;
  } head = {{'\n', 'r', 'e', 'c', 'o', 'r', 'd', 0}, kind, inode, at, (uint32_t)n};
  struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)bytes, n}};
  if (syscall(SYS_writev, power.log, parts, 2) != (long)(sizeof head + n)) abort();
}

/* Whether this call is the one that fails: errno is set. Kinds: o open, r read, w write, t
 * truncate, s sync, l link, u unlink, m rename. */
static bool fails(char kind) {
  bool yes = false;
  int number = power.number;
  pthread_mutex_lock(&power.lock);
  record('c', 0, 0, &kind, 1);
  if (power.left > 0 && strchr(power.kinds, kind) && --power.left == 0) {
    yes = true;
    record('F', 0, number, &kind, 1);
  }
  pthread_mutex_unlock(&power.lock);
  if (yes) errno = number;
  return yes;
}

/* --- which files --- */

static const char *last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool ours(const char *path) {
  const char *name = last_part(path);
  if (strncmp(name, "store.db", 8) != 0 && strncmp(name, "backup.db", 9) != 0) return false;
  char folder[NAME];
  struct stat st;
  int n = (int)(name - path);
  snprintf(folder, sizeof folder, "%.*s", n ? n : 1, n ? path : ".");
  return stat(folder, &st) == 0 && st.st_dev == power.place.st_dev &&
         st.st_ino == power.place.st_ino;
}

static char what_is(int fd) { return fd >= 0 && fd < FDS && on() ? power.fds[fd].what : NOT_OURS; }

static int opened(int fd, const char *path, bool exists) {
  struct stat st;
  if (fd < 0 || fd >= FDS || fstat(fd, &st)) return fd;
  power.fds[fd].inode = st.st_ino;
  power.fds[fd].what = S_ISDIR(st.st_mode) ? THE_FOLDER : A_FILE;
  if (!exists) record('C', st.st_ino, 0, last_part(path), strlen(last_part(path)));
  return fd;
}

static int open_any(const char *path, int flags, mode_t mode) {
  struct stat st;
  bool folder = false;
  if (!on()) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (!ours(path)) {
    folder =
        stat(path, &st) == 0 && st.st_dev == power.place.st_dev && st.st_ino == power.place.st_ino;
    if (!folder) {
      int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
      if (fd >= 0 && fd < FDS) power.fds[fd].what = NOT_OURS;
      return fd;
    }
  }
  if (fails('o')) return -1;
  pthread_mutex_lock(&power.lock);
  bool exists = folder || stat(path, &st) == 0;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  int number = errno;
  opened(fd, path, exists);
  pthread_mutex_unlock(&power.lock);
  errno = number;
  return fd;
}

#define OPEN(name, more)                                              \
  SHOWN int name(const char *path, int flags, ...);                   \
  SHOWN int name(const char *path, int flags, ...) {                  \
    va_list list;                                                     \
    va_start(list, flags);                                            \
    bool makes = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE; \
    mode_t mode = makes ? va_arg(list, mode_t) : 0;                   \
    va_end(list);                                                     \
    return open_any(path, flags | (more), mode);                      \
  }
OPEN(open, 0)
OPEN(open64, O_LARGEFILE)

SHOWN int close(int fd) {
  if (what_is(fd) != NOT_OURS) power.fds[fd].what = NOT_OURS;
  return (int)syscall(SYS_close, fd);
}

/* --- reading and writing --- */

SHOWN ssize_t read(int fd, void *p, size_t n) {
  if (what_is(fd) == A_FILE && fails('r')) return -1;
  return syscall(SYS_read, fd, p, n);
}

SHOWN ssize_t pread64(int fd, void *p, size_t n, off64_t at);
SHOWN ssize_t pread64(int fd, void *p, size_t n, off64_t at) {
  if (what_is(fd) == A_FILE && fails('r')) return -1;
  return syscall(SYS_pread64, fd, p, n, at);
}

static ssize_t write_file(int fd, const void *p, size_t n, off64_t at) {
  if (fails('w')) {
    if (errno) return -1;
    if (n > 1) n /= 2;
  }
  /* told before: a kill between may leave a write in the log that never was, and not one out */
  pthread_mutex_lock(&power.lock);
  record('W', power.fds[fd].inode, at, p, n);
  ssize_t done = syscall(SYS_pwrite64, fd, p, n, at);
  int number = errno;
  pthread_mutex_unlock(&power.lock);
  errno = number;
  return done;
}

SHOWN ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
SHOWN ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
  if (what_is(fd) == A_FILE) return write_file(fd, p, n, at);
  return syscall(SYS_pwrite64, fd, p, n, at);
}

/* What leaves by a socket. */
static void tell_answer(const struct iovec *parts, size_t count) {
  static const char mark[] = "[kept ";
  for (size_t i = 0; i < count; i++) {
    const char *from = parts[i].iov_base, *end = from + parts[i].iov_len;
    while (from && (from = memmem(from, (size_t)(end - from), mark, sizeof mark - 1)) != NULL) {
      from += sizeof mark - 1;
      const char *stop = memchr(from, ']', (size_t)(end - from));
      if (stop) record('A', 0, 0, from, (size_t)(stop - from));
    }
  }
}

SHOWN ssize_t write(int fd, const void *p, size_t n) {
  char what = what_is(fd);
  if (what == A_FILE) {
    off64_t at = lseek64(fd, 0, SEEK_CUR);
    ssize_t done = write_file(fd, p, n, at);
    if (done > 0) lseek64(fd, at + done, SEEK_SET);
    return done;
  }
  if (on()) tell_answer(&(struct iovec){(void *)(uintptr_t)p, n}, 1);
  return syscall(SYS_write, fd, p, n);
}

SHOWN ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (on() && count > 0) tell_answer(parts, (size_t)count);
  return syscall(SYS_writev, fd, parts, count);
}

SHOWN ssize_t sendmsg(int fd, const struct msghdr *m, int flags) {
  if (on()) tell_answer(m->msg_iov, m->msg_iovlen);
  return syscall(SYS_sendmsg, fd, m, flags);
}

SHOWN int ftruncate64(int fd, off64_t size);
SHOWN int ftruncate64(int fd, off64_t size) {
  if (what_is(fd) != A_FILE) return (int)syscall(SYS_ftruncate, fd, size);
  if (fails('t')) return -1;
  pthread_mutex_lock(&power.lock);
  record('T', power.fds[fd].inode, size, NULL, 0);
  int err = (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_unlock(&power.lock);
  return err;
}

/* --- what makes it last --- */

static int sync_any(int fd, long number) {
  static int64_t tokens;
  char what = what_is(fd);
  if (what == NOT_OURS) return (int)syscall(number, fd);
  if (fails('s')) return -1;
  pthread_mutex_lock(&power.lock);
  ino_t inode = what == A_FILE ? power.fds[fd].inode : 0;
  int64_t token = (int64_t)getpid() << 32 | ++tokens;
  record('B', inode, token, NULL, 0);
  pthread_mutex_unlock(&power.lock);
  int err = (int)syscall(number, fd);
  if (!err) record('E', inode, token, NULL, 0);
  return err;
}

SHOWN int fsync(int fd) { return sync_any(fd, SYS_fsync); }
SHOWN int fdatasync(int fd) { return sync_any(fd, SYS_fdatasync); }

/* --- names --- */

/* Both names, with a 0 between them. */
static void record_names(char kind, const char *from, const char *to) {
  char both[2 * NAME];
  struct stat st;
  if (stat(to, &st)) return;
  int n = snprintf(both, sizeof both, "%s%c%s", last_part(from), 0, last_part(to));
  record(kind, st.st_ino, 0, both, (size_t)n);
}

SHOWN int link(const char *from, const char *to) {
  if (!on() || !ours(to)) return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (fails('l')) return -1;
  pthread_mutex_lock(&power.lock);
  int err = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0), number = errno;
  if (!err) record_names('L', from, to);
  pthread_mutex_unlock(&power.lock);
  errno = number;
  return err;
}

SHOWN int rename(const char *from, const char *to) {
  if (!on() || !ours(to)) return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
  if (fails('m')) return -1;
  pthread_mutex_lock(&power.lock);
  int err = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to), number = errno;
  if (!err) record_names('R', from, to);
  pthread_mutex_unlock(&power.lock);
  errno = number;
  return err;
}

SHOWN int unlink(const char *path) {
  if (!on() || !ours(path)) return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (fails('u')) return -1;
  pthread_mutex_lock(&power.lock);
  int err = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0), number = errno;
  if (!err) record('U', 0, 0, last_part(path), strlen(last_part(path)));
  pthread_mutex_unlock(&power.lock);
  errno = number;
  return err;
}
