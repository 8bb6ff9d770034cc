/* A host gives way to another one: it stops accepting, sends what its inbox knows, and from then on
 * what becomes of the pushes that it still has; last its idle connections. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fds.h"
#include "host/exchange.h"
#include "host/transfer.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the program ignores SIGPIPE */
#endif

enum {
  OUT_BYTES = 256 << 20, /* more than any inbox; a reader that has died is not waited for */
  LAST_MS = 2000,        /* for what is still unsent when the host ends */
  PASS_MS = 200,         /* for a place in the queue of connections */
};

typedef struct wy_giving {
  wy_host *host;
  int inbox, connections;
  pthread_mutex_t lock; /* of out: every worker adds to it */
  wy_buf out;
  size_t sent; /* of out */
  bool failed; /* nobody reads any more */
  uv_async_t more;
  uv_poll_t writable;
  bool polling;
  atomic_uint unpaused;
  bool paused, unwanted; /* all have stopped accepting; and are to go on */
  unsigned n_open;       /* handles to close before it is freed */
  uint64_t n_keys;
} giving;

/* --- bytes --- */

/* Under lock: as much as goes at once. */
static void send_some(giving *g) {
  while (!g->failed && g->sent < g->out.n) {
    ssize_t n = send(g->inbox, g->out.p + g->sent, g->out.n - g->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) g->sent += (size_t)n;
    else if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    else if (errno != EINTR) g->failed = true;
  }
  g->sent = 0;
  wy_buf_clear(&g->out);
}

static void on_writable(uv_poll_t *poll, int status, int events);

static void send_more(giving *g) {
  pthread_mutex_lock(&g->lock);
  send_some(g);
  bool left = g->out.n > 0;
  pthread_mutex_unlock(&g->lock);
  if (left == g->polling) return;
  g->polling = left;
  if (left) uv_poll_start(&g->writable, UV_WRITABLE, on_writable);
  else uv_poll_stop(&g->writable);
}

static void on_writable(uv_poll_t *poll, int status, int events) {
  giving *g = wy_container_of(poll, giving, writable);
  (void)events;
  if (status) g->failed = true;
  send_more(g);
}

static void on_more(uv_async_t *more) { send_more(wy_container_of(more, giving, more)); }

static void give(void *data, const wy_item *item) {
  giving *g = data;
  pthread_mutex_lock(&g->lock);
  bool first = g->out.n == 0;
  wy_transfer_put(&g->out, (unsigned)item->type, item);
  if (g->out.failed) g->failed = true;
  if (item->type == WY_ITEM_KEY) g->n_keys++;
  pthread_mutex_unlock(&g->lock);
  if (first) uv_async_send(&g->more);
}

static void put_mark(giving *g, unsigned type) {
  pthread_mutex_lock(&g->lock);
  wy_transfer_put(&g->out, type, NULL);
  pthread_mutex_unlock(&g->lock);
}

/* --- pausing: every worker, then all that is known --- */

static void on_paused(worker *w, wy_post *post) {
  wy_host *h = w->host;
  giving *g = h->giving;
  (void)post;
  if (!g || atomic_load(&h->stopping)) return;
  g->paused = true;
  if (g->unwanted) {
    wy_host_take_back(h);
    return;
  }
  wy_inbox_export(h->inbox, (uint32_t)(wy_clock_wall_ms(&w->clock) / 1000), give, g);
  wy_log_text(&h->log, WY_LOG_INFO, "upgrade.give", "%llu pushes are known to the next host",
              (unsigned long long)g->n_keys);
  put_mark(g, WY_TRANSFER_ALL);
  send_more(g);
}

static void drop(worker *w, wy_post *post) { (void)w, (void)post; }

void wy_give_paused(worker *w) {
  wy_host *h = w->host;
  giving *g = h->giving;
  if (!g || atomic_fetch_sub(&g->unpaused, 1) != 1) return;
  h->paused = (wy_post){NULL, on_paused, drop};
  wy_post_send(&h->workers[0], &h->paused, false);
}

static int open_handles(giving *g) {
  uv_loop_t *loop = g->host->workers[0].loop;
  if (uv_async_init(loop, &g->more, on_more)) return WY_E_NOMEM;
  g->n_open++;
  uv_unref((uv_handle_t *)&g->more);
  if (uv_poll_init(loop, &g->writable, g->inbox)) return WY_E_NOMEM;
  g->n_open++;
  uv_unref((uv_handle_t *)&g->writable);
  return 0;
}

static void on_closed(giving *g) {
  if (--g->n_open) return;
  close(g->inbox);
  close(g->connections);
  pthread_mutex_destroy(&g->lock);
  wy_buf_deinit(&g->out);
  free(g);
}

static void on_more_closed(uv_handle_t *handle) {
  on_closed(wy_container_of((uv_async_t *)(void *)handle, giving, more));
}

static void on_writable_closed(uv_handle_t *handle) {
  on_closed(wy_container_of((uv_poll_t *)(void *)handle, giving, writable));
}

static void close_all(giving *g) {
  unsigned n = g->n_open++; /* one for here: it may be freed by the last */
  if (n > 1) uv_close((uv_handle_t *)&g->writable, on_writable_closed);
  if (n) uv_close((uv_handle_t *)&g->more, on_more_closed);
  on_closed(g);
}

int wy_host_hand_over(wy_host *h, int inbox, int connections) {
  giving *g = NULL;
  if (h->started && !h->giving && !h->taking && !atomic_load(&h->stopping))
    g = calloc(1, sizeof *g);
  if (!g) {
    close(inbox);
    close(connections);
    return WY_E_NOMEM;
  }
  g->host = h;
  g->inbox = inbox;
  g->connections = connections;
  pthread_mutex_init(&g->lock, NULL);
  wy_buf_init(&g->out, OUT_BYTES);
  wy_buf_add(&g->out, WY_TRANSFER_HELLO, sizeof WY_TRANSFER_HELLO);
  atomic_init(&g->unpaused, h->n_workers);
  int err = open_handles(g);
  if (err) {
    close_all(g);
    return err;
  }
  h->giving = g;
  if (h->admin) wy_http_pause(h->admin);
  wy_host_everybody(h, WY_PAUSE);
  return 0;
}

typedef struct socket_post {
  wy_post post;
  int fd;
  bool beside; /* another worker has it, too, and listens */
} socket_post;

static void drop_socket(worker *w, wy_post *post) {
  socket_post *p = wy_container_of(post, socket_post, post);
  (void)w;
  close(p->fd);
  free(p);
}

static void listen_on(worker *w, wy_post *post) {
  socket_post *p = wy_container_of(post, socket_post, post);
  if (atomic_load(&w->host->stopping)) {
    drop_socket(w, post);
    return;
  }
  int err = p->beside ? wy_http_stand_by(w->http, p->fd) : wy_http_listen_on(w->http, p->fd);
  if (p->beside) close(p->fd);
  if (err) wy_log_text(&w->host->log, WY_LOG_ERROR, "upgrade.back", "%s", uv_strerror(err));
  free(p);
}

static void send_socket(worker *w, int fd, bool beside) {
  socket_post *p = fd < 0 ? NULL : malloc(sizeof *p);
  if (!p) {
    if (fd >= 0) close(fd);
    return;
  }
  *p = (socket_post){.post = {NULL, listen_on, drop_socket}, .fd = fd, .beside = beside};
  wy_post_send(w, &p->post, false);
}

/* Each worker on its own thread. */
static void listen_again(wy_host *h) {
  int fds[WY_SOCKETS_MAX];
  unsigned n;
  int err = wy_host_sockets(h, fds, &n);
  for (unsigned i = 0; !err && i < n; i++) {
    worker *beside = wy_neighbour_before(h, i % h->n_workers);
    if (beside) send_socket(beside, fcntl(fds[i], F_DUPFD_CLOEXEC, 0), true);
    send_socket(&h->workers[i % h->n_workers], fds[i], false);
  }
  if (err) wy_log_text(&h->log, WY_LOG_ERROR, "upgrade.back", "%s", uv_strerror(err));
  else wy_log_text(&h->log, WY_LOG_INFO, "upgrade.back", "this host goes on");
}

void wy_host_take_back(wy_host *h) {
  giving *g = h->giving;
  if (!g || atomic_load(&h->stopping)) return;
  if (!g->paused) { /* workers are still at it */
    g->unwanted = true;
    return;
  }
  wy_inbox_export_end(h->inbox);
  h->giving = NULL;
  close_all(g);
  wy_host_everybody(h, WY_RESUME);
  listen_again(h);
  if (!h->admin) return;
  wy_http_resume(h->admin);
  wy_admin_listen(h);
}

/* --- connections --- */

/* The descriptor travels; what the client sends meanwhile waits in it. */
static bool pass(void *data, int fd) {
  giving *g = data;
  const char byte = 0;
  for (int tries = 0; tries < 2; tries++) {
    if (wy_fds_send(g->connections, &byte, 1, &fd, 1) == 1) return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return false;
    struct pollfd room = {g->connections, POLLOUT, 0};
    if (poll(&room, 1, PASS_MS) <= 0) return false;
  }
  return false;
}

void wy_give_connections(worker *w) {
  giving *g = w->host->giving;
  if (g) wy_http_give(w->http, pass, g);
}

/* --- the end --- */

/* The loop turns no more: what is left is sent here. */
static void send_rest(giving *g) {
  struct pollfd room = {g->inbox, POLLOUT, 0};
  for (;;) {
    pthread_mutex_lock(&g->lock);
    send_some(g);
    bool left = g->out.n && !g->failed;
    pthread_mutex_unlock(&g->lock);
    if (!left || poll(&room, 1, LAST_MS) <= 0) return;
  }
}

void wy_give_end(wy_host *h) {
  giving *g = h->giving;
  if (!g) return;
  wy_inbox_export_end(h->inbox);
  put_mark(g, WY_TRANSFER_END);
  send_rest(g);
  h->giving = NULL;
  close_all(g);
}
