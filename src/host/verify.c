#include "host/verify.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

enum {
  TAIL = 2000, /* bytes of output that are kept */
  FDS = 65536
};

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In a group of its own, so that what a spec has started ends with it. Between fork and exec
 * nothing but what is allowed there. */
static pid_t spawn(char *const *argv, int out) {
  pid_t pid = fork();
  if (pid) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setpgid(0, 0);
  if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) _exit(127);
  for (int fd = 3; fd < FDS; fd++) close(fd); /* a listener must not outlive its host there */
  execv(argv[0], argv);
  _exit(127);
}

static void keep_tail(char *tail, size_t *n, const char *more, size_t m) {
  if (m > TAIL) {
    more += m - TAIL;
    m = TAIL;
  }
  size_t kept = *n + m > TAIL ? TAIL - m : *n;
  memmove(tail, tail + *n - kept, kept);
  memcpy(tail + kept, more, m);
  *n = kept + m;
}

/* Reads until the end of the output, or the time is up. */
static bool listen_to(int fd, char *tail, size_t *n) {
  int64_t until = now_ms() + WY_VERIFY_MS;
  char some[4096];
  for (int64_t left; (left = until - now_ms()) > 0;) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, (int)left) < 0 && errno != EINTR) return false;
    if (!p.revents) continue;
    ssize_t got = read(fd, some, sizeof some);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) keep_tail(tail, n, some, (size_t)got);
  }
  return false;
}

static int run(char *const *argv, atomic_int *running, wy_buf *out) {
  int ends[2], status = -1;
  char tail[TAIL];
  size_t n = 0;
  if (pipe(ends)) return WY_E_NOMEM;
  pid_t pid = spawn(argv, ends[1]);
  close(ends[1]);
  if (pid > 0) setpgid(pid, pid); /* whichever of the two comes first */
  atomic_store(running, (int)pid);
  bool in_time = pid > 0 && listen_to(ends[0], tail, &n);
  close(ends[0]);
  if (pid > 0 && !in_time) kill(-pid, SIGKILL);
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  atomic_store(running, 0);
  wy_buf_add(out, tail, n);
  if (pid > 0 && !in_time) wy_buf_lit(out, "\nspecs took longer than a minute");
  return in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : WY_E_CONFIG;
}

int wy_verify(const char *program, char *const *files, size_t n, atomic_int *running, wy_buf *out) {
  char **argv = calloc(n + 3, sizeof *argv);
  if (!argv) return WY_E_NOMEM;
  argv[0] = (char *)(uintptr_t)program;
  argv[1] = (char *)(uintptr_t) "test";
  memcpy(argv + 2, files, n * sizeof *argv);
  int err = run(argv, running, out);
  free(argv);
  return err;
}
