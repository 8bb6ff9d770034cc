#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beat.h"
#include "cli/cli.h"
#include "cli/errors.h"

enum { FIRST_FD = 3, NOT_STARTED = 127 };

char *wy_spawn_program(const char *called) {
  char folder[PATH_MAX], *path;
  if (*called == '/' || !strchr(called, '/') || !getcwd(folder, sizeof folder))
    return strdup(called);
  size_t n = strlen(folder) + strlen(called) + 2;
  if ((path = malloc(n)) != NULL) snprintf(path, n, "%s/%s", folder, called);
  return path;
}

/* To the places that the protocol names, by way of places beyond them. */
static int place_fds(const wy_spawn *s) {
  int beyond[WY_SPAWN_FDS];
  for (unsigned i = 0; i < s->n; i++) {
    beyond[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, FIRST_FD + WY_SPAWN_FDS);
    if (beyond[i] < 0) return -1;
  }
  for (unsigned i = 0; i < s->n; i++)
    if (dup2(beyond[i], FIRST_FD + (int)i) < 0) return -1;
  return 0;
}

static void set_number(const char *name, long value) {
  char text[24];
  snprintf(text, sizeof text, "%ld", value);
  setenv(name, text, 1);
}

static void become(const wy_spawn *s) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGUSR1, SIG_IGN); /* until the child does something with it: it is no reason to end */
  if (place_fds(s)) return;
  set_number("LISTEN_PID", (long)getpid());
  set_number("LISTEN_FDS", (long)s->n);
  setenv("LISTEN_FDNAMES", s->names, 1);
  if (s->fallback) set_number(WY_FALLBACK_ENV, (long)s->fallback);
  else unsetenv(WY_FALLBACK_ENV);
  unsetenv("NOTIFY_SOCKET"); /* the supervisor speaks */
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
  execvp(s->program, s->arguments);
#ifdef __linux__
  execv("/proc/self/exe", s->arguments); /* its file has gone: better this one than none */
#endif
}

pid_t wy_spawn_start(const wy_spawn *s) {
  pid_t pid = fork();
  if (pid) return pid;
  become(s);
  wy_cli_error(0, "%s: %s", s->program, wy_cli_why(errno));
  _exit(NOT_STARTED);
}
