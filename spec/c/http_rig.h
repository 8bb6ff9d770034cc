/* http_rig: a real server on 127.0.0.1 and raw client sockets, in one thread, on a virtual clock.
 *
 * Nothing sleeps: what must happen is waited for (UNTIL, with a cap in real time), what must not
 * happen is looked for after the loop has gone quiet (settle), and deadlines come by stepping the
 * clock (pass). Include it once per spec; the rig owns the server, a client its socket. */
#ifndef WY_SPEC_HTTP_RIG_H
#define WY_SPEC_HTTP_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/http.h"

#define MAYBE_UNUSED __attribute__((unused))

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

enum { HELD = 64, REAL_CAP_S = 20 };

typedef struct rig {
  uv_loop_t loop;
  wy_clock clock;
  wy_log log;
  wy_http *http;
  int port;
  size_t body_max;
  wy_buf seen;             /* what the handler got, a line each: "POST /path 5" */
  wy_buf lines;            /* the log */
  wy_http_req *held[HELD]; /* requests of /late, not answered yet */
  size_t n_held;
  void (*hook)(struct rig *r); /* called by the handler of /hook after it has answered */
  int stopped;
} rig;

typedef struct client {
  rig *r;
  int fd;
  bool deaf;   /* reads nothing */
  bool closed; /* the server has ended its side */
  bool reset;
  wy_buf in;
  size_t at; /* behind the last answer that was taken */
} client;

typedef struct answer {
  int status;
  wy_str head, body;
} answer;

/* --- the server --- */

static const char *method_name(wy_method m) {
  switch (m) {
    case WY_GET: return "GET";
    case WY_HEAD: return "HEAD";
    case WY_POST: return "POST";
    case WY_PUT: return "PUT";
    case WY_PATCH: return "PATCH";
    case WY_DELETE: return "DELETE";
    case WY_OPTIONS: return "OPTIONS";
  }
  return "?";
}

static void say(wy_http_req *req, int status, wy_str body) {
  wy_http_respond(req, &(wy_http_answer){status, "text/plain", NULL, body});
}

static int rig_on_head(void *data, wy_http_req *req, size_t *body_max) {
  rig *r = data;
  *body_max = r->body_max;
  if (!wy_str_eq(wy_http_req_path(req), WY_STR("/none"))) return 0;
  wy_http_req_set_err(req, WY_E_HTTP_NOT_FOUND);
  return 404;
}

static void rig_on_request(void *data, wy_http_req *req) {
  rig *r = data;
  wy_str path = wy_http_req_path(req), query = wy_http_req_query(req);
  wy_str body = wy_http_req_body(req);
  wy_buf_printf(&r->seen, "%s %.*s %zu\n", method_name(wy_http_req_method(req)), (int)path.n,
                path.p, body.n);
  if (path.n >= 5 && memcmp(path.p, "/late", 5) == 0) {
    assert_true(r->n_held < HELD);
    r->held[r->n_held++] = req;
  } else if (wy_str_eq(path, WY_STR("/big"))) { /* /big?BYTES */
    uint64_t n;
    assert_true(wy_str_u64(query, &n));
    char *bytes = malloc(n + 1);
    assert_non_null(bytes);
    memset(bytes, 'b', n);
    say(req, 200, (wy_str){bytes, n});
    free(bytes);
  } else if (wy_str_eq(path, WY_STR("/echo"))) {
    say(req, 200, body);
  } else if (wy_str_eq(path, WY_STR("/hook"))) {
    say(req, 200, WY_STR("hook"));
    r->hook(r);
  } else {
    say(req, 200, path);
  }
}

static void rig_on_log(void *data, wy_log_level level, wy_str line) {
  rig *r = data;
  (void)level;
  wy_buf_str(&r->lines, line);
  wy_buf_lit(&r->lines, "\n");
}

static MAYBE_UNUSED void rig_on_stopped(void *data) {
  rig *r = data;
  r->stopped++;
}

/* limits may be NULL. */
static MAYBE_UNUSED void rig_begin_at(rig *r, const wy_http_limits *limits, const char *address) {
  static const wy_http_handlers handlers = {rig_on_head, rig_on_request};
  memset(r, 0, sizeof *r);
  assert_int_equal(uv_loop_init(&r->loop), 0);
  wy_clock_init_virtual(&r->clock, INT64_C(1700000000000));
  wy_buf_init(&r->seen, 1 << 20);
  wy_buf_init(&r->lines, 1 << 20);
  r->log = (wy_log){WY_LOG_INFO, rig_on_log, r, WY_LOG_TEXT};
  r->body_max = 1000;
  assert_int_equal(wy_http_new(&r->http, &r->loop, &r->clock, &r->log, limits, &handlers, r), 0);
  assert_int_equal(wy_http_listen(r->http, address, 0, &r->port), 0);
}

static MAYBE_UNUSED void rig_begin(rig *r, const wy_http_limits *limits) {
  rig_begin_at(r, limits, "127.0.0.1");
}

/* Answers what is held, as request i of them. */
static MAYBE_UNUSED void rig_answer(rig *r, size_t i, const char *text) {
  assert_true(i < r->n_held && r->held[i]);
  wy_http_req *req = r->held[i];
  r->held[i] = NULL;
  say(req, 200, wy_str_of(text));
}

/* Stops at once. Fails when anything is left open. */
static MAYBE_UNUSED void rig_end(rig *r) {
  if (!r->stopped) {
    wy_http_stop(r->http, rig_on_stopped);
    wy_http_kill(r->http);
  }
  for (size_t i = 0; i < r->n_held; i++)
    if (r->held[i]) rig_answer(r, i, "too late");
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(r->stopped, 1);
  assert_int_equal(wy_http_connections(r->http), 0);
  wy_http_free(r->http);
  assert_int_equal(r->clock.n, 0); /* no timer is armed */
  wy_clock_deinit(&r->clock);
  assert_int_equal(uv_loop_close(&r->loop), 0);
  wy_buf_deinit(&r->seen);
  wy_buf_deinit(&r->lines);
}

static MAYBE_UNUSED size_t count(const wy_buf *b, const char *text) {
  size_t n = 0, k = strlen(text);
  const char *p = wy_buf_view(b).p, *end = p + b->n;
  while ((p = memmem(p, (size_t)(end - p), text, k)) != NULL) p += k, n++;
  return n;
}

/* --- clients --- */

static void dial_to(client *c, rig *r, const char *address, int rcvbuf) {
  struct sockaddr_in a;
  *c = (client){.r = r};
  wy_buf_init(&c->in, 64 << 20);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_true(c->fd >= 0);
  int on = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (rcvbuf) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
  assert_int_equal(uv_ip4_addr(address, r->port, &a), 0);
  if (connect(c->fd, (struct sockaddr *)&a, sizeof a)) assert_int_equal(errno, EINPROGRESS);
}

static MAYBE_UNUSED void dial(client *c, rig *r) { dial_to(c, r, "127.0.0.1", 0); }

static void drain(client *c) {
  while (c->fd >= 0 && !c->deaf && !c->closed) {
    char *room = wy_buf_reserve(&c->in, 65536);
    assert_non_null(room);
    ssize_t n = recv(c->fd, room, 65536, 0);
    if (n > 0) {
      wy_buf_added(&c->in, (size_t)n);
      continue;
    }
    if (n == 0) c->closed = true;
    if (n < 0 && (errno == ECONNRESET || errno == EPIPE)) c->closed = c->reset = true;
    break;
  }
}

/* One turn of the loop, and what is due at this moment of the clock. */
static void turn(rig *r) {
  uv_run(&r->loop, UV_RUN_NOWAIT);
  wy_clock_run(&r->clock);
}

/* One turn of the loop; waits a moment for the kernel when there was nothing to do. */
static void pump(client *c) {
  turn(c->r);
  drain(c);
  struct pollfd p[2] = {{uv_backend_fd(&c->r->loop), POLLIN, 0},
                        {c->deaf || c->closed ? -1 : c->fd, POLLIN, 0}};
  poll(p, 2, 1);
}

static double real_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define UNTIL(c, condition)                                               \
  for (double until_ = real_s() + REAL_CAP_S; !(condition); pump(c)) {    \
    if (real_s() > until_) fail_msg("never became true: %s", #condition); \
  }

/* Until nothing happens any more. */
static MAYBE_UNUSED void settle(client *c) {
  rig *r = c->r;
  for (int quiet = 0; quiet < 4;) {
    size_t before = c->in.n + r->seen.n + r->lines.n + (size_t)c->closed;
    turn(r);
    drain(c);
    size_t after = c->in.n + r->seen.n + r->lines.n + (size_t)c->closed;
    quiet = before == after ? quiet + 1 : 0;
  }
}

/* Sends all of it, turning the loop where the socket is full. False: the connection is gone. */
static bool send_some(client *c, const char *p, size_t n) {
  double until = real_s() + REAL_CAP_S;
  while (n) {
    ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);
    if (k > 0) {
      p += k;
      n -= (size_t)k;
      continue;
    }
    if (errno != EAGAIN && errno != ENOTCONN) return false;
    if (real_s() > until) fail_msg("the server does not take %zu bytes", n);
    pump(c);
  }
  return true;
}

static MAYBE_UNUSED void send_text(client *c, const char *text) {
  assert_true(send_some(c, text, strlen(text)));
}

/* In pieces of k bytes, each read by the server before the next is sent. */
static MAYBE_UNUSED void send_pieces(client *c, const char *p, size_t n, size_t k) {
  for (size_t i = 0; i < n; i += k) {
    if (!send_some(c, p + i, n - i < k ? n - i : k)) return;
    turn(c->r);
  }
}

/* One answer out of the bytes; 0: not complete yet. Returns its length. */
static size_t read_answer(wy_str s, bool of_head, answer *a) {
  const char *end = s.n ? memmem(s.p, s.n, "\r\n\r\n", 4) : NULL;
  if (!end) return 0;
  size_t head_n = (size_t)(end - s.p) + 4;
  a->head = (wy_str){s.p, head_n};
  if (s.n < 12 || memcmp(s.p, "HTTP/1.1 ", 9) != 0) fail_msg("no answer: %.*s", (int)s.n, s.p);
  a->status = atoi(s.p + 9);
  uint64_t n = 0;
  const char *length = memmem(s.p, head_n, "\r\nContent-Length: ", 18);
  if (length) n = strtoull(length + 18, NULL, 10);
  if (a->status == 100 || of_head) n = 0;
  if (s.n - head_n < n) return 0;
  a->body = (wy_str){s.p + head_n, (size_t)n};
  return head_n + (size_t)n;
}

static bool take(client *c, bool of_head, answer *a) {
  wy_str s = {wy_buf_view(&c->in).p + c->at, c->in.n - c->at};
  size_t n = read_answer(s, of_head, a);
  c->at += n;
  return n > 0;
}

/* The next answer. Its spans are valid until more is read. */
static MAYBE_UNUSED answer next_answer(client *c) {
  answer a;
  bool taken = false;
  UNTIL(c, (taken = take(c, false, &a)) || c->closed);
  if (!taken) fail_msg("closed without an answer, %zu bytes unread", c->in.n - c->at);
  return a;
}

static MAYBE_UNUSED void expect_answer(client *c, int status, const char *body) {
  answer a = next_answer(c);
  assert_int_equal(a.status, status);
  if (!body) return;
  if (a.body.n != strlen(body) || memcmp(a.body.p, body, a.body.n) != 0)
    fail_msg("body \"%.*s\", not \"%s\"", (int)a.body.n, a.body.p, body);
}

static MAYBE_UNUSED bool has(const answer *a, const char *text) {
  return memmem(a->head.p, a->head.n, text, strlen(text)) != NULL;
}

/* The server closes, and has sent nothing more. */
static MAYBE_UNUSED void expect_closed(client *c) {
  UNTIL(c, c->closed);
  assert_int_equal(c->in.n, c->at);
}

static MAYBE_UNUSED void expect_silence(client *c) {
  settle(c);
  assert_false(c->closed);
  assert_int_equal(c->in.n, c->at);
}

static MAYBE_UNUSED void hang_up(client *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  wy_buf_deinit(&c->in);
}

static MAYBE_UNUSED void hang_up_with_reset(client *c) {
  struct linger l = {1, 0};
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
  hang_up(c);
}

/* --- time --- */

/* Lets ms pass on the virtual clock, firing each timer at its time. */
static MAYBE_UNUSED void pass(client *c, uint64_t ms) {
  wy_clock *clock = &c->r->clock;
  uint64_t to = wy_clock_now_ms(clock) + ms, due;
  settle(c);
  while (wy_clock_next(clock, &due) && due <= to) {
    wy_clock_step(clock, due);
    wy_clock_run(clock);
    settle(c);
  }
  wy_clock_step(clock, to);
}

#endif
