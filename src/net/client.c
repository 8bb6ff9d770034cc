/* The client's side of the loop: libcurl's multi, its sockets and its timer. */
#include "net/client.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "net/client_impl.h"

const wy_client_limits wy_client_default_limits = {1000, 256, 32};

const char *wy_fetch_code(wy_fetch f) {
  static const char *const codes[] = {"ok",
#define X(name, code, text) code,
                                      WY_FETCHES(X)
#undef X
  };
  return codes[f];
}

const char *wy_fetch_text(wy_fetch f) {
  static const char *const texts[] = {"",
#define X(name, code, text) text,
                                      WY_FETCHES(X)
#undef X
  };
  return texts[f];
}

/* --- sockets --- */

static sock *find(const wy_client *c, curl_socket_t fd) {
  return (size_t)fd < c->n_socks ? c->socks[fd] : NULL;
}

static void on_sock_closed(uv_handle_t *handle) {
  free(wy_container_of((uv_poll_t *)handle, sock, poll));
}

static void drop(wy_client *c, sock *s) {
  c->socks[s->fd] = NULL;
  uv_close((uv_handle_t *)&s->poll, on_sock_closed);
}

static bool make_room(wy_client *c, size_t n) {
  if (n <= c->n_socks) return true;
  size_t room = c->n_socks ? c->n_socks : 64;
  while (room < n) room *= 2;
  sock **more = realloc(c->socks, room * sizeof *more);
  if (!more) return false;
  memset(more + c->n_socks, 0, (room - c->n_socks) * sizeof *more);
  c->socks = more;
  c->n_socks = room;
  return true;
}

static sock *sock_new(wy_client *c, curl_socket_t fd, bool ours) {
  if (!make_room(c, (size_t)fd + 1)) return NULL;
  if (c->socks[fd]) drop(c, c->socks[fd]); /* libcurl has closed it without a word */
  sock *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  if (uv_poll_init_socket(c->loop, &s->poll, fd)) {
    free(s);
    return NULL;
  }
  s->client = c;
  s->fd = fd;
  s->ours = ours;
  c->socks[fd] = s;
  return s;
}

curl_socket_t wy_client_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *a) {
  wy_transfer *t = data;
  wy_ip ip;
  int port;
  struct sockaddr_storage whole = {0};
  (void)purpose;
  size_t n = a->addrlen < sizeof whole ? a->addrlen : sizeof whole;
  memcpy(&whole, &a->addr, n);
  if (!t->open) {
    const char *why =
        wy_ip_of(&whole, &ip, &port) ? wy_guard_refuses(t->options.guard, &ip) : "not-internet";
    if (why) t->denied = why;
    if (why) return CURL_SOCKET_BAD;
  }
  int type = a->socktype;
#ifdef SOCK_CLOEXEC
  type |= SOCK_CLOEXEC;
#endif
  int fd = socket(a->family, type, a->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  if (sock_new(t->client, fd, true)) return fd;
  close(fd);
  return CURL_SOCKET_BAD;
}

int wy_client_close_socket(void *data, curl_socket_t fd) {
  wy_client *c = data;
  sock *s = find(c, fd);
  if (s) drop(c, s);
  return close(fd);
}

/* --- what libcurl and the loop tell each other --- */

/* A timer that fires too early is set anew then: libcurl changes its mind several times a call. */
static void arm(wy_client *c) {
  uint64_t now = wy_clock_now_ms(c->clock), due = c->owes ? now : c->due;
  if (!c->owes && !c->wanted) return;
  if (wy_timer_armed(&c->timer) && c->timer.due <= due) return;
  wy_timer_start(c->clock, &c->timer, due > now ? due - now : 0); /* no memory: deadlines end it */
}

static int on_wanted(CURLM *multi, long ms, void *data) {
  wy_client *c = data;
  (void)multi;
  c->wanted = ms >= 0;
  if (c->wanted) c->due = wy_clock_now_ms(c->clock) + (uint64_t)ms; /* arm follows */
  return 0;
}

static void act(wy_client *c, curl_socket_t fd, int events) {
  curl_multi_socket_action(c->multi, fd, events, &c->running);
  arm(c);
}

/* What has ended is told. That may begin other calls. */
static void look(wy_client *c) {
  CURLMsg *m;
  int left;
  while (!c->closed && (m = curl_multi_info_read(c->multi, &left)) != NULL) {
    char *private = NULL;
    CURLcode code = m->data.result;
    if (m->msg != CURLMSG_DONE) continue;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
    wy_transfer *t = (wy_transfer *)(void *)private;
    wy_client_remove(c, t);
    wy_transfer_ended(t, code);
  }
}

static void on_timer(wy_timer *timer) {
  wy_client *c = wy_container_of(timer, wy_client, timer);
  c->owes = false;
  look(c);
  if (c->wanted && wy_clock_now_ms(c->clock) >= c->due) {
    c->wanted = false; /* libcurl says when it wants to be called again */
    act(c, CURL_SOCKET_TIMEOUT, 0);
    look(c);
  }
  arm(c);
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* libuv has stopped watching; reading tells libcurl what is wrong, and whether to try again. */
static void fail(wy_client *c, sock *s) {
  int fd = s->fd, events = s->events;
  s->events = 0;
  act(c, fd, CURL_CSELECT_IN | CURL_CSELECT_OUT);
  s = find(c, fd);
  if (s && s->wanted && !s->events && uv_poll_start(&s->poll, events, on_poll) == 0)
    s->events = events;
  look(c);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  sock *s = wy_container_of(poll, sock, poll);
  wy_client *c = s->client;
  if (!s->wanted) { /* an idle connection was closed: libcurl will see that when it wants it */
    uv_poll_stop(poll);
    s->events = 0;
    return;
  }
  if (status < 0) {
    fail(c, s);
    return;
  }
  int flags = 0;
  if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
  if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
  act(c, s->fd, flags);
  look(c);
}

static void forget(wy_client *c, sock *s) {
  s->wanted = false;
  if (!s->ours) {
    drop(c, s);
  } else if (s->events & UV_WRITABLE) {
    uv_poll_stop(&s->poll);
    s->events = 0;
  }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *unused) {
  wy_client *c = data;
  sock *s = find(c, fd);
  (void)easy, (void)unused;
  if (what == CURL_POLL_REMOVE) {
    if (s) forget(c, s);
    return 0;
  }
  if (!s) s = sock_new(c, fd, false);
  if (!s) return -1;
  int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  s->wanted = true;
  if (events == s->events) return 0;
  s->events = events;
  return uv_poll_start(&s->poll, events, on_poll) ? -1 : 0;
}

/* --- calls --- */

static void init_curl(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static void set_limits(const wy_client *c) {
  curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)c->limits.connections);
  curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)c->limits.per_host);
  curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)c->limits.connections);
}

int wy_client_begin(wy_client *c) {
  static uv_once_t once = UV_ONCE_INIT; /* of libcurl, which wants it once in a process */
  if (c->closed) return WY_E_CANCELLED;
  if (c->multi) return 0;
  uv_once(&once, init_curl);
  if (!c->clock) {
    wy_clock_init(&c->own_clock);
    if (wy_tick_start(&c->tick, c->loop, &c->own_clock)) return WY_E_NOMEM;
    c->clock = &c->own_clock;
    c->ticking = true;
  }
  CURLM *multi = curl_multi_init();
  if (!multi) return WY_E_NOMEM;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, c);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_wanted);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, c);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  c->multi = multi;
  c->unusable = !(curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS);
  set_limits(c);
  return 0;
}

wy_fetch wy_client_add(wy_client *c, wy_transfer *t) {
  if (curl_multi_add_handle(c->multi, t->easy)) return WY_FETCH_NOMEM;
  t->running = true;
  c->n_running++;
  act(c, CURL_SOCKET_TIMEOUT, 0);  /* at once: the request leaves in this turn */
  if (c->running < c->n_running) { /* somebody has ended already; nobody is told from here */
    c->owes = true;
    arm(c);
  }
  return WY_FETCH_OK;
}

void wy_client_remove(wy_client *c, wy_transfer *t) {
  if (!t->running) return;
  t->running = false;
  c->n_running--;
  curl_multi_remove_handle(c->multi, t->easy);
  arm(c);
}

/* --- a client --- */

int wy_client_new(wy_client **out, uv_loop_t *loop, wy_clock *clock) {
  wy_client *c = calloc(1, sizeof *c);
  if (!c) return WY_E_NOMEM;
  c->loop = loop;
  c->clock = clock;
  c->limits = wy_client_default_limits;
  wy_list_init(&c->active);
  wy_list_init(&c->spare);
  wy_timer_init(&c->timer, on_timer);
  *out = c;
  return 0;
}

void wy_client_limit(wy_client *c, const wy_client_limits *limits) {
  if (memcmp(&c->limits, limits, sizeof *limits) == 0) return;
  c->limits = *limits;
  if (c->multi) set_limits(c);
}

const wy_client_stats *wy_client_stats_of(const wy_client *c) { return &c->stats; }

void wy_client_close(wy_client *c) {
  if (!c || c->closed) return;
  for (wy_list *n; (n = wy_list_shift(&c->active));) {
    wy_transfer *t = wy_container_of(n, wy_transfer, link);
    wy_client_remove(c, t);
    wy_timer_stop(c->clock, &t->deadline);
  }
  c->closed = true;
  for (wy_list *n; (n = wy_list_shift(&c->spare));)
    wy_transfer_destroy(wy_container_of(n, wy_transfer, link));
  if (c->multi) curl_multi_cleanup(c->multi);
  c->multi = NULL;
  for (size_t i = 0; i < c->n_socks; i++)
    if (c->socks[i]) drop(c, c->socks[i]);
  if (c->clock) wy_timer_stop(c->clock, &c->timer);
  if (c->ticking) wy_tick_close(&c->tick, NULL);
  c->ticking = false;
}

void wy_client_free(wy_client *c) {
  if (!c) return;
  if (c->clock == &c->own_clock) wy_clock_deinit(&c->own_clock);
  free(c->socks);
  free(c);
}
