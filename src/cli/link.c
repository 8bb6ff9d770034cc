#include "cli/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the program ignores SIGPIPE */
#endif

enum { MAGIC = 0x57594c01, SEND_MS = 1000 };

int wy_link_pair(int fds[2]) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) return -1;
  fcntl(fds[0], F_SETFD, FD_CLOEXEC);
  fcntl(fds[1], F_SETFD, FD_CLOEXEC);
  return 0;
}

static void add_fds(struct msghdr *h, const int *fds, unsigned n) {
  struct cmsghdr *c = CMSG_FIRSTHDR(h);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(n * sizeof *fds);
  memcpy(CMSG_DATA(c), fds, n * sizeof *fds);
}

bool wy_link_send(int link, const wy_message *m, const int *fds, unsigned n) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(WY_LINK_FDS * sizeof(int))];
  } control = {.bytes = {0}};
  wy_message out = *m;
  out.magic = MAGIC;
  for (size_t sent = 0; sent < sizeof out;) {
    struct iovec part = {(char *)&out + sent, sizeof out - sent};
    struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};
    if (n && !sent) {
      h.msg_control = control.bytes;
      h.msg_controllen = (socklen_t)CMSG_SPACE(n * sizeof *fds);
      add_fds(&h, fds, n);
    }
    ssize_t got = sendmsg(link, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
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

static void take_fds(struct msghdr *h, int *fds, unsigned *n) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    unsigned came = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (unsigned i = 0; i < came; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      fcntl(fd, F_SETFD, FD_CLOEXEC);
      if (*n < WY_LINK_FDS) fds[(*n)++] = fd;
      else close(fd);
    }
  }
}

int wy_link_receive(int link, wy_message *m, int fds[WY_LINK_FDS], unsigned *n, int ms) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(WY_LINK_FDS * sizeof(int))];
  } control;
  *n = 0;
  for (size_t got = 0; got < sizeof *m;) {
    struct pollfd readable = {link, POLLIN, 0};
    int ready = poll(&readable, 1, got ? SEND_MS : ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return got ? -1 : ready;
    struct iovec part = {(char *)m + got, sizeof *m - got};
    struct msghdr h = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    ssize_t r = recvmsg(link, &h, MSG_DONTWAIT);
    if (r < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
    if (r <= 0) return -1;
    take_fds(&h, fds, n);
    got += (size_t)r;
  }
  m->text[WY_LINK_TEXT - 1] = '\0';
  return m->magic == MAGIC ? 1 : -1;
}
