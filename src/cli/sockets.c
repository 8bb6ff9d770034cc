#include "cli/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "net/listen.h"

enum { FIRST_FD = 3 };

static bool is_listener(int fd) {
  int type = 0;
  struct sockaddr_storage a;
  socklen_t n = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) || type != SOCK_STREAM) return false;
  n = sizeof a;
  return getsockname(fd, (struct sockaddr *)&a, &n) == 0 &&
         (a.ss_family == AF_INET || a.ss_family == AF_INET6);
}

/* The next name of LISTEN_FDNAMES. */
static const char *next_name(const char *names, char *name, size_t n) {
  size_t length = strcspn(names, ":");
  snprintf(name, n, "%.*s", (int)length, names);
  return names[length] ? names + length + 1 : names + length;
}

void wy_sockets_from_environment(wy_sockets *s, wy_passed *passed) {
  const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  const char *names = getenv("LISTEN_FDNAMES");
  int n = pid && count && strtol(pid, NULL, 10) == (long)getpid() ? atoi(count) : 0;
  if (!names) names = "";
  memset(s, 0, sizeof *s);
  memset(passed, 0, sizeof *passed);
  for (int fd = FIRST_FD; fd < FIRST_FD + n; fd++) {
    char name[16];
    names = next_name(names, name, sizeof name);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC)) continue;
    if (is_listener(fd)) {
      wy_use use = strcmp(name, "admin") == 0 ? WY_USE_ADMIN : WY_USE_PUSHES;
      if (s->n[use] == WY_SOCKETS_MAX) continue;
      s->fds[use][s->n[use]++] = fd;
      s->given[use] = true;
    } else if (passed->n < WY_PASSED_FDS) {
      strcpy(passed->fds[passed->n].name, name);
      passed->fds[passed->n++].fd = fd;
    }
  }
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
}

int wy_sockets_passed(const wy_passed *passed, const char *name) {
  for (unsigned i = 0; i < passed->n; i++)
    if (strcmp(passed->fds[i].name, name) == 0) return passed->fds[i].fd;
  return -1;
}

int wy_sockets_open(wy_sockets *s, wy_use use, const char *address, int port, unsigned n) {
  int *fds = s->fds[use], at = -1, bound;
  unsigned have = 0;
  if (s->given[use]) return 0;
  for (unsigned i = 0; i < s->n[use]; i++) {
    if (!wy_listen_is(fds[i], address, port, &bound)) continue;
    have++;
    at = fds[i];
  }
  if (have >= n) return 0;
  if (s->n[use] + n - have > WY_SOCKETS_MAX) return UV_EMFILE;
  int *more = fds + s->n[use];
  int err = at >= 0 ? wy_listen_more(at, n - have, more)
                    : wy_listen_open_to_share(address, port, n, more, &bound);
  if (!err) s->n[use] += n - have;
  return err;
}

void wy_sockets_close(wy_sockets *s) {
  for (int use = 0; use < 2; use++) {
    wy_listen_close(s->fds[use], s->n[use]);
    s->n[use] = 0;
  }
}

int wy_sockets_port(const wy_sockets *s, wy_use use, const char *address, int port) {
  int bound = 0;
  for (unsigned i = 0; i < s->n[use]; i++)
    if (wy_listen_is(s->fds[use][i], address, port, &bound)) return bound;
  return bound; /* of the last one: they were given from outside */
}
