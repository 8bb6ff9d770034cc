/* Listening sockets of another server, whose loop may come late: this one has copies of them, which
 * cost nothing while they are not polled, and accepts from them while it stands in. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_impl.h"

enum { AT_ONCE = 16 /* connections taken in one turn of the loop */ };

typedef struct copy {
  uv_poll_t poll;
  wy_list link;
  wy_http *http;
  int fd;
} copy;

/* The other one takes some as well, as soon as it can: then there are none here. What else fails,
 * such as a want of descriptors, would fail at once again: the next wy_http_stand_in tries. */
static void on_connections(uv_poll_t *poll, int status, int events) {
  copy *s = wy_container_of(poll, copy, poll);
  (void)events;
  for (int i = 0; !status && i < AT_ONCE; i++) {
    int fd = accept(s->fd, NULL, NULL);
    if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) break;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    wy_http_adopt(s->http, fd);
    if (i + 1 == AT_ONCE) return;
  }
  uv_poll_stop(poll);
}

static void on_closed(uv_handle_t *handle) {
  copy *s = wy_container_of((uv_poll_t *)(void *)handle, copy, poll);
  wy_http *h = s->http;
  wy_list_remove(&s->link);
  close(s->fd);
  free(s);
  wy_http_maybe_stopped(h);
}

int wy_http_stand_by(wy_http *h, int fd) {
  copy *s = calloc(1, sizeof *s);
  if (!s) return UV_ENOMEM;
  s->http = h;
  s->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  int err = s->fd < 0 ? uv_translate_sys_error(errno) : uv_poll_init(h->loop, &s->poll, s->fd);
  if (err) {
    if (s->fd >= 0) close(s->fd);
    free(s);
    return err;
  }
  wy_list_push(&h->copies, &s->link);
  return 0;
}

void wy_http_stand_in(wy_http *h, bool on) {
  for (wy_list *n = h->copies.next; n != &h->copies; n = n->next) {
    copy *s = wy_container_of(n, copy, link);
    if (uv_is_closing((uv_handle_t *)&s->poll)) continue;
    if (on) uv_poll_start(&s->poll, UV_READABLE, on_connections);
    else uv_poll_stop(&s->poll);
  }
}

void wy_http_close_copies(wy_http *h) {
  for (wy_list *n = h->copies.next; n != &h->copies; n = n->next) {
    copy *s = wy_container_of(n, copy, link);
    if (!uv_is_closing((uv_handle_t *)&s->poll)) uv_close((uv_handle_t *)&s->poll, on_closed);
  }
}
