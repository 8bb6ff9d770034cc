/* Listeners, connections, deadlines and counts. A connection is freed in its uv_close callback;
 * requests that are still with their handler outlive it, without a connection. */
#include "net/http.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "net/http_impl.h"
#include "net/listen.h"

const wy_http_limits wy_http_default_limits = {
    .header_time = 10000,
    .body_time = 10000,
    .idle = 30000,
    .write_stall = 15000,
    .body_rate = 500,
    .target = 8192,
    .header = 16384,
    .chunk_overhead = 16384,
    .write_queue = 1048576,
    .fields = 100,
    .pipeline = 16,
    .connections = 12000,
    .per_address = 256,
};

/* --- requests --- */

wy_http_req *wy_http_req_take(wy_http_conn *c) {
  wy_http *h = c->http;
  wy_list *node = wy_list_shift(&h->pool);
  wy_http_req *req = node ? wy_container_of(node, wy_http_req, link) : calloc(1, sizeof *req);
  if (!req) return NULL;
  if (node) h->n_pool--;
  else wy_list_init(&req->link);
  req->http = h;
  req->conn = c;
  req->conn_id = c->id;
  req->number = c->n_requests + 1;
  req->since = c->phase_since;
  req->peer = c->peer;
  req->port = c->port;
  req->head.max = 2 * h->limits.target + h->limits.header + LINE_EXTRA;
  req->out.max = SIZE_MAX / 2;
  req->n_fields = req->target_n = 0;
  req->host = req->path = req->query = (wy_str){0};
  req->method = 0;
  req->allow = WY_GET | WY_HEAD | WY_POST;
  req->data = NULL;
  req->err = 0;
  req->keep_alive = req->answered = req->expects = req->http10 = false;
  req->body_n = 0;
  req->sink = NULL;
  req->stream = NULL;
  req->chunked = req->mute = req->full = req->busy = req->until_close = false;
  return req;
}

static void req_free(wy_http_req *req) {
  wy_buf_deinit(&req->head);
  wy_buf_deinit(&req->body);
  wy_buf_deinit(&req->out);
  free(req->fields);
  free(req);
}

static void keep_small(wy_buf *b) {
  if (b->cap > POOL_BYTES) wy_buf_deinit(b);
  else wy_buf_clear(b);
}

void wy_http_req_drop(wy_http_req *req) {
  wy_http *h = req->http;
  wy_list_remove(&req->link);
  if (req->sink) req->sink->drop(req->sink_data);
  req->sink = NULL;
  if (!h || h->n_pool >= POOL) {
    req_free(req);
    return;
  }
  keep_small(&req->head);
  keep_small(&req->body);
  wy_buf_deinit(&req->out);
  h->n_pool++;
  wy_list_push(&h->pool, &req->link);
}

uint64_t wy_http_req_since(const wy_http_req *req) { return req->since; }
wy_method wy_http_req_method(const wy_http_req *req) { return req->method; }
wy_str wy_http_req_host(const wy_http_req *req) { return req->host; }
wy_str wy_http_req_path(const wy_http_req *req) { return req->path; }
wy_str wy_http_req_query(const wy_http_req *req) { return req->query; }
wy_str wy_http_req_target(const wy_http_req *req) { return (wy_str){req->head.p, req->target_n}; }
wy_str wy_http_req_body(const wy_http_req *req) { return wy_buf_view(&req->body); }
bool wy_http_req_gone(const wy_http_req *req) { return !req->conn; }
bool wy_http_req_left(const wy_http_req *req) { return !req->conn || req->conn->eof; }
void wy_http_req_set_data(wy_http_req *req, void *data) { req->data = data; }
void *wy_http_req_data(const wy_http_req *req) { return req->data; }
void wy_http_req_set_sink(wy_http_req *req, const wy_http_sink *sink, void *data) {
  req->sink = sink;
  req->sink_data = data;
}
void *wy_http_req_sink(const wy_http_req *req) { return req->sink ? req->sink_data : NULL; }
void wy_http_req_set_err(wy_http_req *req, int err) { req->err = err; }
void wy_http_req_set_allow(wy_http_req *req, unsigned methods) { req->allow = methods; }

/* By the bit of wy_method. */
static const char *const method_names[] = {"GET",   "HEAD",   "POST",   "PUT",
                                           "PATCH", "DELETE", "OPTIONS"};

enum { METHODS = sizeof method_names / sizeof *method_names };

const char *wy_http_method_name(wy_method method) {
  for (unsigned i = 0; i < METHODS; i++)
    if (method == 1u << i) return method_names[i];
  return "";
}

/* "Allow: GET, POST\r\n" */
void wy_http_allow_field(const wy_http_req *req, char *out, size_t n) {
  size_t at = (size_t)snprintf(out, n, "Allow:");
  const char *comma = "";
  for (unsigned i = 0; i < METHODS; i++) {
    if (!(req->allow & 1u << i)) continue;
    at += (size_t)snprintf(out + at, n - at, "%s %s", comma, method_names[i]);
    comma = ",";
  }
  snprintf(out + at, n - at, "\r\n");
}

wy_str wy_http_req_header(const wy_http_req *req, wy_str name) {
  for (size_t i = 0; i < req->n_fields; i++) {
    const field *f = &req->fields[i];
    if (wy_str_ieq((wy_str){req->head.p + f->name, f->name_n}, name))
      return wy_str_trim((wy_str){req->head.p + f->value, f->value_n});
  }
  return (wy_str){0};
}

bool wy_http_req_field(const wy_http_req *req, size_t i, wy_str *name, wy_str *value) {
  if (i >= req->n_fields) return false;
  const field *f = &req->fields[i];
  *name = (wy_str){req->head.p + f->name, f->name_n};
  *value = wy_str_trim((wy_str){req->head.p + f->value, f->value_n});
  return true;
}

/* --- logs --- */

enum { LOGGED = 100 }; /* bytes of a path or a host that a line shows */

static void log_conn(wy_line *line, const wy_ip *peer, int port, uint64_t id, uint64_t number) {
  char name[WY_PEER_NAME];
  if (!line->log) return;
  wy_ip_name(peer, port, name);
  wy_line_z(line, "peer", name);
  wy_line_int(line, "conn", (int64_t)id);
  if (number) wy_line_int(line, "req", (int64_t)number);
}

/* Proxies append: the last address that none of ours has added is the client's. */
static bool find_client(const wy_http_req *req, wy_ip *client) {
  const wy_nets *proxies = &req->http->proxies;
  int found = 0;
  if (!wy_nets_has(proxies, &req->peer)) return false;
  for (size_t i = req->n_fields; i-- > 0 && found == 0;) {
    const field *f = &req->fields[i];
    if (!wy_str_ieq((wy_str){req->head.p + f->name, f->name_n}, WY_STR("x-forwarded-for")))
      continue;
    found = wy_forwarded_for((wy_str){req->head.p + f->value, f->value_n}, proxies, client);
  }
  return found == 1;
}

bool wy_http_req_proxied(const wy_http_req *req) {
  return req->http && wy_nets_has(&req->http->proxies, &req->peer);
}

void wy_http_req_client(const wy_http_req *req, wy_ip *client) {
  if (!req->http || !find_client(req, client)) *client = req->peer;
}

void wy_http_req_log(const wy_http_req *req, wy_line *line) {
  wy_ip client;
  log_conn(line, &req->peer, req->port, req->conn_id, req->number);
  if (!line->log || !req->http || !find_client(req, &client)) return;
  char name[WY_PEER_NAME];
  wy_ip_name(&client, 0, name);
  wy_line_z(line, "client", name);
}

/* What was asked for, as far as it was read; never the query, which may hold secrets. */
static void log_target(const wy_http_req *req, wy_line *line) {
  for (unsigned i = 0; i < METHODS; i++)
    if (req->method == 1u << i) wy_line_z(line, "method", method_names[i]);
  wy_str path = req->path, host = req->host;
  if (path.n > LOGGED) path.n = LOGGED;
  if (host.n > LOGGED) host.n = LOGGED;
  if (path.n) wy_line_str(line, "path", path);
  if (host.n) wy_line_str(line, "host", host);
}

/* Whether a line about a stranger's fault may be written now. */
static bool may_log(wy_http *h, wy_log_level level, const char *event) {
  return wy_ration_take(&h->ration, level, event, NULL, WY_RATION_REFUSALS);
}

void wy_http_log_refusal(wy_http_req *req, int status, int err, const char *reason) {
  wy_line line;
  if (!may_log(req->http, WY_LOG_WARN, wy_err_event(err))) return;
  wy_line_begin(&line, req->http->log, WY_LOG_WARN, wy_err_event(err));
  wy_line_z(&line, "reason", reason ? reason : wy_err_reason(err));
  wy_line_int(&line, "status", status);
  log_target(req, &line);
  wy_http_req_log(req, &line);
  wy_line_end(&line);
}

static void log_aborted(wy_http_conn *c) {
  wy_line line;
  if (!may_log(c->http, WY_LOG_INFO, wy_err_event(WY_E_HTTP_ABORTED))) return;
  wy_line_begin(&line, c->http->log, WY_LOG_INFO, wy_err_event(WY_E_HTTP_ABORTED));
  log_conn(&line, &c->peer, c->port, c->id, c->n_requests + 1);
  wy_line_end(&line);
}

/* --- connections --- */

int wy_http_trust(wy_http *h, const char *address, unsigned prefix) {
  return wy_nets_add(&h->proxies, address, prefix);
}

void wy_http_maybe_stopped(wy_http *h) {
  if (!h->stopping || h->n_conns || !wy_list_empty(&h->listeners) || !h->stopped) return;
  if (!wy_list_empty(&h->copies)) return;
  void (*stopped)(void *) = h->stopped;
  h->stopped = NULL;
  stopped(h->data);
}

static void on_closed(uv_handle_t *handle) {
  wy_http_conn *c = wy_container_of(handle, wy_http_conn, uv.handle);
  wy_http *h = c->http;
  wy_list_remove(&c->link);
  h->n_conns--;
  wy_buf_deinit(&c->rest);
  if (h->spare) {
    free(c);
  } else {
    memset(c, 0, sizeof *c);
    h->spare = c;
  }
  wy_http_maybe_stopped(h);
}

void wy_http_close(wy_http_conn *c) {
  if (c->phase == PHASE_CLOSED) return;
  c->phase = PHASE_CLOSED;
  c->closing = true;
  wy_timer_stop(c->http->clock, &c->timer);
  wy_timer_stop(c->http->clock, &c->more);
  wy_ip_leave(&c->http->counts, c->count);
  if (c->in) wy_http_req_drop(c->in);
  c->in = NULL;
  wy_list streams;
  wy_list_init(&streams);
  for (wy_list *node; (node = wy_list_shift(&c->pipeline));) {
    wy_http_req *req = wy_container_of(node, wy_http_req, link);
    req->conn = NULL;
    if (req->answered) wy_http_req_drop(req);
    else wy_list_push(req->stream ? &streams : &c->http->orphans, &req->link); /* somebody has it */
  }
  c->n_pipeline = 0;
  uv_close(&c->uv.handle, on_closed);
  for (wy_list *node; (node = wy_list_shift(&streams));) { /* who is told may do anything */
    wy_http_req *req = wy_container_of(node, wy_http_req, link);
    wy_list_push(&req->http->orphans, &req->link);
    wy_http_stream_lost(req);
  }
}

static void on_deadline(wy_timer *timer) {
  wy_http_conn *c = wy_container_of(timer, wy_http_conn, timer);
  uint64_t now = wy_clock_now_ms(c->http->clock);
  if (c->write_due && c->write_due <= now) {
    size_t left = wy_http_unsent(c);
    if (left >= c->write_left) {
      wy_http_close(c); /* nothing taken in all that time */
      return;
    }
    c->write_left = left;
    c->write_due = now + c->http->limits.write_stall;
  }
  if (c->phase_due && c->phase_due <= now) {
    c->phase_due = 0;
    bool idle = c->phase == PHASE_IDLE; /* also behind a stray empty line */
    if (idle && c->write_due) {
      /* it still reads an answer: its idle time begins when that is written */
    } else if (idle || c->phase == PHASE_LINGER) {
      wy_http_close(c);
      return;
    } else {
      wy_http_cork(c);
      wy_http_refuse(c, 408, WY_E_HTTP_TIMEOUT, NULL);
      wy_http_uncork(c);
      if (c->phase == PHASE_CLOSED) return;
    }
  }
  wy_http_rearm(c);
}

/* The timer moves only when a deadline comes nearer: one that moves away, as at each request, is
 * found out when the timer fires. */
void wy_http_rearm(wy_http_conn *c) {
  uint64_t due = c->phase_due;
  if (c->write_due && (!due || c->write_due < due)) due = c->write_due;
  if (!due || c->phase == PHASE_CLOSED) return;
  if (wy_timer_armed(&c->timer) && c->timer.due <= due) return;
  uint64_t now = wy_clock_now_ms(c->http->clock);
  if (wy_timer_start(c->http->clock, &c->timer, due > now ? due - now : 0)) wy_http_close(c);
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf) {
  wy_http_conn *c = wy_container_of(handle, wy_http_conn, uv.handle);
  (void)n;
  *buf = uv_buf_init(c->http->rbuf, READ_BYTES);
}

/* It is being sent an answer that has no end by itself: nobody hears that one any more. */
static bool is_endless(const wy_http_conn *c) {
  if (wy_list_empty(&c->pipeline)) return false;
  const wy_http_req *req = wy_container_of(c->pipeline.next, wy_http_req, link);
  return req->stream && !req->answered && !req->mute && req->left == WY_HTTP_UNKNOWN;
}

/* The same, and nobody would hear its client leave: he has said all that he will, or has asked for
 * so much behind it that he is read from no more. */
bool wy_http_is_deaf(const wy_http_conn *c) {
  if (!is_endless(c)) return false;
  return c->eof || c->lingered >= LINGER_BYTES ||
         (c->n_pipeline > 1 && c->n_pipeline >= c->http->limits.pipeline);
}

static void on_end(wy_http_conn *c) {
  c->eof = true;
  wy_http_stop_reading(c);
  if (c->phase == PHASE_LINGER || is_endless(c)) {
    wy_http_close(c);
    return;
  }
  if (c->in) {
    log_aborted(c);
    wy_http_req_drop(c->in);
    c->in = NULL;
    c->closing = true;
    c->phase = PHASE_IDLE;
    c->phase_due = 0;
  }
  wy_http_uncork(c); /* ends the connection once everything is answered and sent */
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  wy_http_conn *c = wy_container_of(stream, wy_http_conn, uv.stream);
  if (n == 0 || c->phase == PHASE_CLOSED) return;
  if (n == UV_EOF) {
    on_end(c);
    return;
  }
  if (n < 0) {
    if (c->in) log_aborted(c);
    wy_http_close(c);
    return;
  }
  if (c->closing) { /* the last answer is on its way: input no longer matters */
    c->lingered += (size_t)n;
    if (wy_http_is_deaf(c)) wy_http_close(c);
    else if (c->lingered >= LINGER_BYTES) wy_http_stop_reading(c);
    return;
  }
  wy_http_cork(c);
  wy_http_feed(c, buf->base, (size_t)n);
  wy_http_uncork(c);
  if (c->phase == PHASE_CLOSED) return;
  if (wy_http_is_deaf(c)) wy_http_close(c);
  else if (c->rest.n || wy_http_blocked(c)) wy_http_stop_reading(c);
}

void wy_http_start_reading(wy_http_conn *c) {
  if (c->reading || c->eof || c->phase == PHASE_CLOSED) return;
  if (uv_read_start(&c->uv.stream, on_alloc, on_read)) wy_http_close(c);
  else c->reading = true;
}

void wy_http_stop_reading(wy_http_conn *c) {
  if (!c->reading) return;
  c->reading = false;
  uv_read_stop(&c->uv.stream);
}

static void log_busy(wy_http_conn *c) {
  wy_line line;
  if (!may_log(c->http, WY_LOG_WARN, wy_err_event(WY_E_HTTP_BUSY))) return;
  wy_line_begin(&line, c->http->log, WY_LOG_WARN, wy_err_event(WY_E_HTTP_BUSY));
  wy_line_int(&line, "connections", (int64_t)c->http->n_conns);
  log_conn(&line, &c->peer, c->port, c->id, 0);
  wy_line_end(&line);
}

/* Over a limit: a short 503, best effort, and gone. */
static void turn_away(wy_http_conn *c) {
  static char busy[] =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
      "Connection: close\r\n\r\n";
  uv_buf_t b = uv_buf_init(busy, sizeof busy - 1);
  log_busy(c);
  uv_try_write(&c->uv.stream, &b, 1);
  wy_http_close(c);
}

/* Learns who it is, and counts it; false when its address has too many connections. */
static bool count_peer(wy_http_conn *c) {
  wy_http *h = c->http;
  struct sockaddr_storage a;
  int n = sizeof a;
  if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&a, &n) ||
      !wy_ip_of(&a, &c->peer, &c->port))
    return true; /* gone already: the first read will tell */
  if (wy_ip_is_loopback(&c->peer) || wy_nets_has(&h->proxies, &c->peer)) return true;
  c->count = wy_ip_enter(&h->counts, &c->peer, h->limits.per_address);
  return c->count != NULL;
}

static void conn_init(wy_http *h, wy_http_conn *c) {
  c->http = h;
  c->id = ++h->next_conn;
  wy_list_init(&c->pipeline);
  wy_buf_init(&c->rest, READ_BYTES);
  wy_timer_init(&c->timer, on_deadline);
  wy_timer_init(&c->more, wy_http_on_more);
  uv_tcp_init(h->loop, &c->uv.tcp);
  wy_list_push(&h->conns, &c->link);
  h->n_conns++;
}

static void conn_begin(wy_http_conn *c) {
  wy_http *h = c->http;
  if (h->n_conns > h->limits.connections || !count_peer(c)) {
    turn_away(c);
    return;
  }
  uv_tcp_nodelay(&c->uv.tcp, 1);
  c->phase_due = wy_clock_now_ms(h->clock) + h->limits.idle;
  wy_http_rearm(c);
  wy_http_start_reading(c);
}

static void on_connection(uv_stream_t *server, int status) {
  listener *l = wy_container_of(server, listener, tcp);
  wy_http *h = l->http;
  if (status < 0) {
    if (may_log(h, WY_LOG_WARN, "http.accept"))
      wy_log_text(h->log, WY_LOG_WARN, "http.accept", "%s", uv_strerror(status));
    return;
  }
  /* A connection must be accepted in any case, or the listener never calls again. */
  wy_http_conn *c = calloc(1, sizeof *c);
  bool no_memory = !c;
  if (no_memory) {
    c = h->spare;
    h->spare = NULL;
    if (!c) return;
  }
  conn_init(h, c);
  if (uv_accept(server, &c->uv.stream) || no_memory) wy_http_close(c);
  else conn_begin(c);
}

int wy_http_adopt(wy_http *h, int fd) {
  wy_http_conn *c = h->stopping ? NULL : calloc(1, sizeof *c);
  if (!c) {
    close(fd);
    return UV_ENOMEM;
  }
  conn_init(h, c);
  int err = uv_tcp_open(&c->uv.tcp, fd);
  if (err) {
    close(fd);
    wy_http_close(c);
  } else {
    conn_begin(c);
  }
  return err;
}

/* --- the server --- */

int wy_http_new(wy_http **out, uv_loop_t *loop, wy_clock *clock, const wy_log *log,
                const wy_http_limits *limits, const wy_http_handlers *handlers, void *data) {
  wy_http *h = calloc(1, sizeof *h);
  if (h) h->spare = calloc(1, sizeof *h->spare);
  if (!h || !h->spare) {
    free(h);
    return WY_E_NOMEM;
  }
  h->loop = loop;
  h->clock = clock;
  h->log = log;
  wy_ration_init(&h->ration, clock, log);
  h->limits = limits ? *limits : wy_http_default_limits;
  h->on = *handlers;
  h->data = data;
  wy_list_init(&h->listeners);
  wy_list_init(&h->copies);
  wy_list_init(&h->conns);
  wy_list_init(&h->pool);
  wy_list_init(&h->orphans);
  wy_buf_init(&h->out, SIZE_MAX / 2);
  wy_http_parse_init(h);
  *out = h;
  return 0;
}

static void on_listener_closed(uv_handle_t *handle) {
  listener *l = wy_container_of(handle, listener, tcp);
  wy_http *h = l->http;
  wy_list_remove(&l->link);
  free(l);
  wy_http_maybe_stopped(h);
}

int wy_http_listen_on(wy_http *h, int fd) {
  listener *l = calloc(1, sizeof *l);
  if (!l) {
    close(fd);
    return UV_ENOMEM;
  }
  l->http = h;
  int err = uv_tcp_init(h->loop, &l->tcp);
  if (err) {
    close(fd);
    free(l);
    return err;
  }
  wy_list_push(&h->listeners, &l->link);
  err = uv_tcp_open(&l->tcp, fd);
  if (err) close(fd);
  else err = uv_listen((uv_stream_t *)&l->tcp, 4096, on_connection);
  if (err) uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
  return err;
}

int wy_http_listen(wy_http *h, const char *address, int port, int *bound) {
  int fd, got, err = wy_listen_open(address, port, 1, &fd, &got);
  if (!err) err = wy_http_listen_on(h, fd);
  if (!err && bound) *bound = got;
  return err;
}

static void close_listeners(wy_http *h) {
  wy_http_close_copies(h);
  for (wy_list *n = h->listeners.next; n != &h->listeners; n = n->next) {
    listener *l = wy_container_of(n, listener, link);
    if (!uv_is_closing((uv_handle_t *)&l->tcp))
      uv_close((uv_handle_t *)&l->tcp, on_listener_closed);
  }
}

/* Nothing of it is under way, neither here nor, as far as can be seen, on its way here. */
static bool is_idle(const wy_http *h, const wy_http_conn *c) {
  return c->phase == PHASE_IDLE && !c->n_pipeline && !c->in && !c->closing && !c->eof &&
         !c->rest.n && h->corked != c && !uv_stream_get_write_queue_size(&c->uv.stream);
}

void wy_http_pause(wy_http *h) {
  close_listeners(h);
  for (wy_list *n = h->conns.next; n != &h->conns; n = n->next) {
    wy_http_conn *c = wy_container_of(n, wy_http_conn, link);
    if (is_idle(h, c)) wy_http_stop_reading(c);
  }
}

void wy_http_resume(wy_http *h) {
  for (wy_list *n = h->conns.next; n != &h->conns; n = n->next) {
    wy_http_conn *c = wy_container_of(n, wy_http_conn, link);
    if (is_idle(h, c)) wy_http_start_reading(c);
  }
}

void wy_http_give(wy_http *h, bool (*give)(void *data, int fd), void *data) {
  for (wy_list *n = h->conns.next; n != &h->conns; n = n->next) {
    wy_http_conn *c = wy_container_of(n, wy_http_conn, link);
    uv_os_fd_t fd;
    if (!is_idle(h, c) || uv_fileno(&c->uv.handle, &fd)) continue;
    wy_http_stop_reading(c);
    if (give(data, fd)) wy_http_close(c);
  }
}

void wy_http_stop(wy_http *h, void (*stopped)(void *data)) {
  h->stopping = true;
  h->stopped = stopped;
  close_listeners(h);
  for (wy_list *n = h->conns.next; n != &h->conns; n = n->next) {
    wy_http_conn *c = wy_container_of(n, wy_http_conn, link);
    if (c->phase != PHASE_IDLE || c->n_pipeline || h->corked == c) continue;
    if (uv_stream_get_write_queue_size(&c->uv.stream))
      wy_http_uncork(c); /* ends it once all is sent */
    else wy_http_close(c);
  }
  wy_http_maybe_stopped(h);
}

void wy_http_kill(wy_http *h) {
  for (wy_list *n = h->conns.next; n != &h->conns; n = n->next)
    wy_http_close(wy_container_of(n, wy_http_conn, link));
}

void wy_http_abandon(wy_http_req *req) {
  if (req->conn) wy_http_close(req->conn); /* its requests become orphans, this one too */
  wy_http_req_drop(req);
}

void wy_http_free(wy_http *h) {
  if (!h) return;
  wy_ration_deinit(&h->ration);
  for (wy_list *node; (node = wy_list_shift(&h->pool));)
    req_free(wy_container_of(node, wy_http_req, link));
  for (wy_list *node; (node = wy_list_shift(&h->orphans));) /* they may outlive the server */
    wy_container_of(node, wy_http_req, link)->http = NULL;
  wy_buf_deinit(&h->out);
  free(h->spare);
  wy_nets_deinit(&h->proxies);
  free(h);
}

size_t wy_http_connections(const wy_http *h) { return h->n_conns; }

size_t wy_http_unanswered(const wy_http *h) {
  size_t n = 0;
  for (const wy_list *i = h->conns.next; i != &h->conns; i = i->next)
    n += wy_container_of(i, wy_http_conn, link)->n_pipeline;
  return n;
}
