#include "base/fds.h"

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the program ignores SIGPIPE */
#endif

typedef union beside {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(WY_FDS_MAX * sizeof(int))];
} beside;

ssize_t wy_fds_send(int socket, const void *bytes, size_t size, const int *fds, unsigned n) {
  beside control = {.bytes = {0}};
  struct iovec part = {(void *)(uintptr_t)bytes, size};
  struct msghdr h = {.msg_iov = &part, .msg_iovlen = 1};
  assert(n <= WY_FDS_MAX);
  if (n) {
    h.msg_control = control.bytes;
    h.msg_controllen = (socklen_t)CMSG_SPACE(n * sizeof *fds);
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(n * sizeof *fds);
    memcpy(CMSG_DATA(c), fds, n * sizeof *fds);
  }
  return sendmsg(socket, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take(struct msghdr *h, int *fds, unsigned most, unsigned *n) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    unsigned came = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (unsigned i = 0; i < came; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      fcntl(fd, F_SETFD, FD_CLOEXEC);
      if (*n < most) fds[(*n)++] = fd;
      else close(fd);
    }
  }
}

ssize_t wy_fds_receive(int socket, void *bytes, size_t size, int *fds, unsigned most, unsigned *n) {
  beside control;
  struct iovec part = {bytes, size};
  struct msghdr h = {.msg_iov = &part,
                     .msg_iovlen = 1,
                     .msg_control = control.bytes,
                     .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(socket, &h, MSG_DONTWAIT);
  if (got > 0) take(&h, fds, most, n);
  return got;
}
