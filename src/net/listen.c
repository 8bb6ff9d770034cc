#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#ifdef __linux__
#define SPREADS true /* each socket has a queue of its own, filled by the kernel */
#else
#define SPREADS false
#endif

typedef struct place {
  struct sockaddr_storage a;
  socklen_t n;
} place;

static int find(const char *address, int port, place *p) {
  p->n = sizeof(struct sockaddr_in);
  if (uv_ip4_addr(address, port, (struct sockaddr_in *)&p->a) == 0) return 0;
  p->n = sizeof(struct sockaddr_in6);
  return uv_ip6_addr(address, port, (struct sockaddr_in6 *)&p->a);
}

static int port_of(int fd) {
  struct sockaddr_storage a;
  socklen_t n = sizeof a;
  if (getsockname(fd, (struct sockaddr *)&a, &n)) return 0;
  return ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port
                                      : ((struct sockaddr_in6 *)&a)->sin6_port);
}

static int set_flags(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
    return -1;
  return 0;
}

/* A bound socket, or a uv error. */
static int open_one(const place *p, bool spread) {
  int on = 1, fd = socket(p->a.ss_family, SOCK_STREAM, 0);
  if (fd < 0) return uv_translate_sys_error(errno);
  bool ok = set_flags(fd) == 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
#ifdef SO_REUSEPORT
  if (ok && spread) ok = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
#else
  (void)spread;
#endif
  if (ok && bind(fd, (const struct sockaddr *)&p->a, p->n) == 0) return fd;
  int err = uv_translate_sys_error(errno);
  close(fd);
  return err;
}

static void set_port(place *p, int port) {
  if (p->a.ss_family == AF_INET)
    ((struct sockaddr_in *)&p->a)->sin_port = htons((unsigned short)port);
  else ((struct sockaddr_in6 *)&p->a)->sin6_port = htons((unsigned short)port);
}

static int open_all(const char *address, int port, unsigned n, bool spread, int *fds, int *bound) {
  place p = {.n = 0};
  int err = find(address, port, &p);
  if (err) return err;
  if (spread && port) {
    /* A socket that shares would be let in beside another program that shares: one that does not
     * is refused there. */
    int probe = open_one(&p, false);
    if (probe < 0) return probe;
    close(probe);
  }
  for (unsigned i = 0; i < n; i++) {
    int fd = i && !spread ? fcntl(fds[0], F_DUPFD_CLOEXEC, 0) : open_one(&p, spread);
    if (fd < 0) {
      err = i && !spread ? uv_translate_sys_error(errno) : fd;
      wy_listen_close(fds, i);
      return err;
    }
    fds[i] = fd;
    if (i == 0) set_port(&p, *bound = port_of(fd));
  }
  return 0;
}

int wy_listen_open(const char *address, int port, unsigned n, int *fds, int *bound) {
  return open_all(address, port, n, SPREADS && n > 1, fds, bound);
}

int wy_listen_open_to_share(const char *address, int port, unsigned n, int *fds, int *bound) {
  return open_all(address, port, n, SPREADS, fds, bound);
}

int wy_listen_more(int fd, unsigned n, int *fds) {
  place p = {.n = sizeof p.a};
  if (getsockname(fd, (struct sockaddr *)&p.a, &p.n)) return uv_translate_sys_error(errno);
  for (unsigned i = 0; i < n; i++) {
    fds[i] = SPREADS ? open_one(&p, true) : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (fds[i] >= 0) continue;
    int err = SPREADS ? fds[i] : uv_translate_sys_error(errno);
    wy_listen_close(fds, i);
    return err;
  }
  return 0;
}

bool wy_listen_is(int fd, const char *address, int port, int *bound) {
  place p = {.n = 0}, at = {.n = sizeof at.a};
  if (find(address, 0, &p) || getsockname(fd, (struct sockaddr *)&at.a, &at.n)) return false;
  *bound = port_of(fd);
  if (at.a.ss_family != p.a.ss_family || (port && port != *bound)) return false;
  if (p.a.ss_family == AF_INET)
    return ((struct sockaddr_in *)&at.a)->sin_addr.s_addr ==
           ((struct sockaddr_in *)&p.a)->sin_addr.s_addr;
  return memcmp(&((struct sockaddr_in6 *)&at.a)->sin6_addr,
                &((struct sockaddr_in6 *)&p.a)->sin6_addr, sizeof(struct in6_addr)) == 0;
}

void wy_listen_close(const int *fds, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    if (fds[i] >= 0) close(fds[i]);
}
