/* A host takes over from another one: its inbox before anything is accepted; then what becomes of
 * the pushes that the other still has, and the connections that it gives away. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fds.h"
#include "host/exchange.h"
#include "host/transfer.h"

enum {
  IN_BYTES = 1 << 20,
  CHUNK = 65536,
  PATIENCE_MS = 5000, /* for each piece of the other's inbox */
  AT_ONCE = 64,       /* connections taken in one turn of the loop */
};

typedef struct wy_taking {
  wy_host *host;
  int inbox, connections;
  wy_buf in;                                /* bytes that are no whole item yet */
  bool greeted, got_all, ended, gone, news; /* gone: the other's process has */
  uint64_t n_keys, n_users, lost;
  uv_poll_t told, offered;
  unsigned n_open;
  unsigned next; /* worker that gets the next connection */
  bool closed;
} taking;

/* --- what is said --- */

static void take_item(taking *t, unsigned type, const wy_item *item) {
  if (type == WY_TRANSFER_ALL) t->got_all = true;
  if (type == WY_TRANSFER_END) t->ended = true;
  if (type >= WY_ITEM_TYPES) return;
  t->n_keys += type == WY_ITEM_KEY;
  t->n_users += type == WY_ITEM_USER;
  t->news = t->news || type >= WY_ITEM_FINISH;
  if (wy_inbox_import(t->host->inbox, item)) t->lost++;
}

/* False: that is not what an inbox says. */
static bool digest(taking *t) {
  size_t at = 0;
  if (!t->greeted) {
    if (t->in.n < sizeof WY_TRANSFER_HELLO) return true;
    if (memcmp(t->in.p, WY_TRANSFER_HELLO, sizeof WY_TRANSFER_HELLO) != 0) return false;
    t->greeted = true;
    at = sizeof WY_TRANSFER_HELLO;
  }
  for (;;) {
    unsigned type;
    wy_item item;
    int64_t n = wy_transfer_get(t->in.p + at, t->in.n - at, &type, &item);
    if (n < 0) return false;
    if (n == 0) break;
    take_item(t, type, &item);
    at += (size_t)n;
  }
  size_t left = t->in.n - at;
  memmove(t->in.p, t->in.p + at, left);
  t->in.n = left;
  return true;
}

/* 1: something came; 0: nothing now; -1: nothing more will, or it was nonsense. */
static int read_some(taking *t) {
  char bytes[CHUNK];
  ssize_t n = recv(t->inbox, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
  t->gone = n == 0;
  if (t->gone) return -1;
  return wy_buf_add(&t->in, bytes, (size_t)n) || !digest(t) ? -1 : 1;
}

/* --- before anything is accepted --- */

static void taking_free(taking *t) {
  if (t->inbox >= 0) close(t->inbox);
  if (t->connections >= 0) close(t->connections);
  wy_buf_deinit(&t->in);
  free(t);
}

static void tell_gone(const wy_host *h) {
  wy_log_text(&h->log, WY_LOG_WARN, wy_err_event(WY_E_HANDOVER),
              "the host before ended without a word: what it had in flight may run again");
}

int wy_take(wy_host *h) {
  const wy_supervised *s = &h->supervised;
  int inbox = -1, connections = -1;
  if (!s->ready_to_take || !s->ready_to_take(s->data, &inbox, &connections)) return 0;
  taking *t = calloc(1, sizeof *t);
  if (!t) return WY_E_NOMEM;
  t->host = h;
  t->inbox = inbox;
  t->connections = connections;
  wy_buf_init(&t->in, IN_BYTES);
  struct pollfd readable = {inbox, POLLIN, 0};
  int got = 0;
  while (!t->got_all && got >= 0) {
    int ready = poll(&readable, 1, PATIENCE_MS);
    if (ready == 0 || (ready < 0 && errno != EINTR)) break;
    got = read_some(t);
  }
  if (!t->got_all && t->gone) { /* it crashed, and what it knew has gone with it */
    tell_gone(h);
    wy_inbox_import_end(h->inbox);
    taking_free(t);
    return 0;
  }
  if (!t->got_all) {
    wy_log_text(&h->log, WY_LOG_ERROR, wy_err_event(WY_E_HANDOVER), "%s",
                !t->greeted && t->in.n ? "it speaks another version" : "it did not come");
    taking_free(t);
    return WY_E_HANDOVER;
  }
  wy_log_text(&h->log, t->lost ? WY_LOG_WARN : WY_LOG_INFO, "upgrade.take",
              "%llu pushes and %llu users in flight taken over; no room for %llu",
              (unsigned long long)t->n_keys, (unsigned long long)t->n_users,
              (unsigned long long)t->lost);
  atomic_store(&h->elsewhere, true);
  h->taking = t;
  return 0;
}

/* --- while the other one ends --- */

static void look(worker *w, wy_post *post) {
  free(post);
  wy_errands_look(w);
}

static void drop_look(worker *w, wy_post *post) {
  (void)w;
  free(post);
}

/* Something ended elsewhere: who waits for it looks again. */
static void look_everywhere(wy_host *h) {
  for (unsigned i = 0; i < h->n_workers; i++) {
    wy_post *post = malloc(sizeof *post);
    if (!post) return; /* who waits then has his deadline */
    *post = (wy_post){NULL, look, drop_look};
    wy_post_send(&h->workers[i], post, false);
  }
}

static void on_closed(taking *t) {
  if (--t->n_open) return;
  taking_free(t);
}

static void on_told_closed(uv_handle_t *handle) {
  on_closed(wy_container_of((uv_poll_t *)(void *)handle, taking, told));
}

static void on_offered_closed(uv_handle_t *handle) {
  on_closed(wy_container_of((uv_poll_t *)(void *)handle, taking, offered));
}

typedef struct offer {
  wy_post post;
  int fd;
} offer;

static void adopt(worker *w, wy_post *post) {
  offer *o = wy_container_of(post, offer, post);
  wy_http_adopt(w->http, o->fd);
  free(o);
}

static void drop_offer(worker *w, wy_post *post) {
  offer *o = wy_container_of(post, offer, post);
  (void)w;
  close(o->fd);
  free(o);
}

static void hand_out(taking *t, int fd) {
  wy_host *h = t->host;
  offer *o = malloc(sizeof *o);
  if (!o) {
    close(fd);
    return;
  }
  *o = (offer){.post = {NULL, adopt, drop_offer}, .fd = fd};
  wy_post_send(&h->workers[t->next++ % h->n_workers], &o->post, false);
}

/* Connections that wait, so many at most; false: no more will come. */
static bool take_offers(taking *t, unsigned most) {
  while (most--) {
    char byte;
    int fd;
    unsigned came = 0;
    ssize_t n = wy_fds_receive(t->connections, &byte, 1, &fd, 1, &came);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
    if (n <= 0) return false;
    if (came) hand_out(t, fd);
  }
  return true;
}

static void on_offered(uv_poll_t *poll, int status, int events) {
  (void)events;
  if (status || !take_offers(wy_container_of(poll, taking, offered), AT_ONCE)) uv_poll_stop(poll);
}

/* Nothing is elsewhere any more. */
static void finish(taking *t) {
  wy_host *h = t->host;
  if (!t->ended) tell_gone(h);
  wy_inbox_import_end(h->inbox);
  atomic_store(&h->elsewhere, false);
  look_everywhere(h);
  take_offers(t, UINT_MAX); /* they were sent before it ended */
  wy_take_close(h);
}

static void on_told(uv_poll_t *poll, int status, int events) {
  taking *t = wy_container_of(poll, taking, told);
  int got = status ? -1 : read_some(t);
  (void)events;
  if (t->ended || got < 0) {
    finish(t);
    return;
  }
  if (t->news) look_everywhere(t->host);
  t->news = false;
}

int wy_take_begin(wy_host *h) {
  taking *t = h->taking;
  uv_loop_t *loop = h->workers[0].loop;
  if (!t) return 0;
  if (uv_poll_init(loop, &t->told, t->inbox)) return WY_E_NOMEM;
  t->n_open++;
  if (uv_poll_init(loop, &t->offered, t->connections)) return WY_E_NOMEM;
  t->n_open++;
  uv_poll_start(&t->told, UV_READABLE, on_told);
  uv_poll_start(&t->offered, UV_READABLE, on_offered);
  uv_unref((uv_handle_t *)&t->told);
  uv_unref((uv_handle_t *)&t->offered);
  return 0;
}

void wy_take_close(wy_host *h) {
  taking *t = h->taking;
  if (!t) return;
  h->taking = NULL;
  unsigned n = t->n_open++;
  if (n > 1) uv_close((uv_handle_t *)&t->offered, on_offered_closed);
  if (n) uv_close((uv_handle_t *)&t->told, on_told_closed);
  on_closed(t);
}
