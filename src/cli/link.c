#include "cli/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fds.h"

enum { MAGIC = 0x57594c01, SEND_MS = 1000 };

int wy_link_pair(int fds[2]) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) return -1;
  fcntl(fds[0], F_SETFD, FD_CLOEXEC);
  fcntl(fds[1], F_SETFD, FD_CLOEXEC);
  return 0;
}

bool wy_link_send(int link, const wy_message *m, const int *fds, unsigned n) {
  wy_message out = *m;
  out.magic = MAGIC;
  for (size_t sent = 0; sent < sizeof out;) {
    ssize_t got = wy_fds_send(link, (char *)&out + sent, sizeof out - sent, fds, sent ? 0 : n);
    if (got > 0) {
      sent += (size_t)got;
      continue;
    }
    struct pollfd room = {link, POLLOUT, 0};
    if (errno == EINTR) continue;
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || poll(&room, 1, SEND_MS) == 0) return false;
  }
  return true;
}

int wy_link_receive(int link, wy_message *m, int fds[WY_LINK_FDS], unsigned *n, int ms) {
  *n = 0;
  for (size_t got = 0; got < sizeof *m;) {
    struct pollfd readable = {link, POLLIN, 0};
    int ready = poll(&readable, 1, got ? SEND_MS : ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return got ? -1 : ready;
    ssize_t r = wy_fds_receive(link, (char *)m + got, sizeof *m - got, fds, WY_LINK_FDS, n);
    if (r < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (r <= 0) return -1;
    got += (size_t)r;
  }
  m->text[WY_LINK_TEXT - 1] = '\0';
  return m->magic == MAGIC ? 1 : -1;
}
