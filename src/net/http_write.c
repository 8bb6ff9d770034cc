/* Answers to bytes: in the order of the requests, gathered while one read is being parsed, never
 * more in memory than a slow client is allowed. */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/err.h"
#include "net/http_impl.h"

enum { GATHER_BYTES = 65536, WAITING_ANSWERS = 8 /* write queues full of them */ };

static const char *status_line(int status) {
  switch (status) {
    case 200: return "200 OK";
    case 201: return "201 Created";
    case 202: return "202 Accepted";
    case 204: return "204 No Content";
    case 206: return "206 Partial Content";
    case 301: return "301 Moved Permanently";
    case 302: return "302 Found";
    case 303: return "303 See Other";
    case 304: return "304 Not Modified";
    case 307: return "307 Temporary Redirect";
    case 308: return "308 Permanent Redirect";
    case 400: return "400 Bad Request";
    case 401: return "401 Unauthorized";
    case 403: return "403 Forbidden";
    case 404: return "404 Not Found";
    case 405: return "405 Method Not Allowed";
    case 406: return "406 Not Acceptable";
    case 408: return "408 Request Timeout";
    case 409: return "409 Conflict";
    case 410: return "410 Gone";
    case 412: return "412 Precondition Failed";
    case 413: return "413 Content Too Large";
    case 414: return "414 URI Too Long";
    case 415: return "415 Unsupported Media Type";
    case 416: return "416 Range Not Satisfiable";
    case 417: return "417 Expectation Failed";
    case 421: return "421 Misdirected Request";
    case 422: return "422 Unprocessable Content";
    case 429: return "429 Too Many Requests";
    case 431: return "431 Request Header Fields Too Large";
    case 500: return "500 Internal Server Error";
    case 501: return "501 Not Implemented";
    case 502: return "502 Bad Gateway";
    case 503: return "503 Service Unavailable";
    case 504: return "504 Gateway Timeout";
    case 505: return "505 HTTP Version Not Supported";
    case 507: return "507 Insufficient Storage";
    default: return NULL;
  }
}

static char *put(char *o, const char *p, size_t n) {
  memcpy(o, p, n);
  return o + n;
}
#define PUT(o, literal) put((o), "" literal, sizeof(literal) - 1)

static char *put_size(char *o, size_t v) {
  char t[20];
  size_t i = sizeof t;
  do t[--i] = (char)('0' + v % 10);
  while (v /= 10);
  return put(o, t + i, sizeof t - i);
}

/* "Date: …\r\n", made once a second. */
static const char *date_field(wy_http *h) {
  time_t now = (time_t)(wy_clock_wall_ms(h->clock) / 1000);
  if (now != h->date_s) {
    /* not strftime: its names follow the embedding program's locale */
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    h->date_s = now;
    gmtime_r(&now, &tm);
    snprintf(h->date, sizeof h->date, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
             days + tm.tm_wday * 3, tm.tm_mday, months + tm.tm_mon * 3, (tm.tm_year + 1900) % 10000,
             tm.tm_hour, tm.tm_min, tm.tm_sec);
  }
  return h->date;
}

enum { DATE_BYTES = 37, HEAD_BYTES = 256 };

static bool has_length(int status) { return status != 204 && status != 304; }

int wy_http_write_head(const wy_http_req *req, const wy_http_answer *a, uint64_t length,
                       wy_str body, wy_buf *out) {
  const char *line = status_line(a->status);
  size_t type_n = a->content_type ? strlen(a->content_type) : 0;
  size_t more_n = a->headers ? strlen(a->headers) : 0;
  char *from = wy_buf_reserve(out, HEAD_BYTES + type_n + more_n + body.n), *o = from;
  if (!o) return WY_E_NOMEM;
  o = PUT(o, "HTTP/1.1 ");
  if (line) {
    o = put(o, line, strlen(line));
  } else {
    o = put_size(o, (size_t)a->status);
    o = PUT(o, " Status");
  }
  o = PUT(o, "\r\n");
  o = put(o, date_field(req->http), DATE_BYTES);
  if (type_n) {
    o = PUT(o, "Content-Type: ");
    o = put(o, a->content_type, type_n);
    o = PUT(o, "\r\n");
  }
  if (req->chunked) {
    o = PUT(o, "Transfer-Encoding: chunked\r\n");
  } else if (length != WY_HTTP_UNKNOWN && has_length(a->status)) {
    o = PUT(o, "Content-Length: ");
    o = put_size(o, (size_t)length);
    o = PUT(o, "\r\n");
  }
  if (more_n) o = put(o, a->headers, more_n);
  if (!req->keep_alive) o = PUT(o, "Connection: close\r\n");
  else if (req->http10) o = PUT(o, "Connection: keep-alive\r\n");
  o = PUT(o, "\r\n");
  if (body.n) o = put(o, body.p, body.n);
  wy_buf_added(out, (size_t)(o - from));
  return 0;
}

static int write_answer(const wy_http_req *req, const wy_http_answer *a, wy_buf *out) {
  bool sends = req->method != WY_HEAD && has_length(a->status);
  return wy_http_write_head(req, a, a->body.n, sends ? a->body : (wy_str){0}, out);
}

/* --- to the socket --- */

typedef struct pending {
  uv_write_t uv;
  wy_http_conn *conn;
  char bytes[];
} pending;

/* The kernel may hold megabytes, and asks for more only when a third of them is gone: who takes a
 * little at a time is seen to move by what the kernel still holds. */
size_t wy_http_unsent(const wy_http_conn *c) {
  size_t n = uv_stream_get_write_queue_size(&c->uv.stream);
#ifdef TIOCOUTQ
  uv_os_fd_t fd;
  int held = 0;
  if (uv_fileno(&c->uv.handle, &fd) == 0 && ioctl(fd, TIOCOUTQ, &held) == 0) n += (size_t)held;
#endif
  return n;
}

static void set_write_due(wy_http_conn *c) {
  uint64_t now = wy_clock_now_ms(c->http->clock);
  if (uv_stream_get_write_queue_size(&c->uv.stream)) {
    c->write_left = wy_http_unsent(c);
    c->write_due = now + c->http->limits.write_stall;
  } else {
    c->write_due = 0;
    if (c->phase == PHASE_IDLE && c->blank == 0 && !c->n_pipeline)
      c->phase_due = now + c->http->limits.idle;
  }
  wy_http_rearm(c);
}

bool wy_http_blocked(const wy_http_conn *c) {
  return c->n_pipeline >= c->http->limits.pipeline ||
         uv_stream_get_write_queue_size(&c->uv.stream) > c->http->limits.write_queue;
}

/* Goes on with what waited for room in the pipeline or in the write queue. Never from within an
 * answer: whoever gives one has not finished with what it is about. */
static void go_on(wy_http_conn *c) {
  if (c->feeding || c->phase == PHASE_CLOSED || wy_http_blocked(c)) return;
  if (c->rest.n && !c->closing) {
    wy_buf rest = c->rest;
    wy_buf_init(&c->rest, rest.max);
    wy_http_cork(c);
    wy_http_feed(c, rest.p, rest.n);
    wy_buf_deinit(&rest);
    wy_http_uncork(c);
    if (wy_http_is_deaf(c)) wy_http_close(c);
    if (c->phase == PHASE_CLOSED) return;
  }
  if (!c->rest.n && !wy_http_blocked(c)) wy_http_start_reading(c);
}

static void on_shut(uv_shutdown_t *uv, int status) {
  wy_http_conn *c = uv->data;
  free(uv);
  if (c->phase == PHASE_CLOSED) return;
  if (status < 0 || c->eof) {
    wy_http_close(c);
    return;
  }
  /* Closing with input unread would reset the connection and could destroy the answer on its way:
   * give the client a moment to read it. */
  c->phase = PHASE_LINGER;
  c->phase_due = wy_clock_now_ms(c->http->clock) + LINGER_MS;
  wy_http_rearm(c);
  wy_http_start_reading(c);
}

void wy_http_on_more(wy_timer *timer) {
  wy_http_conn *c = wy_container_of(timer, wy_http_conn, more);
  wy_http_stream_room(c);
  go_on(c);
}

static void go_on_later(wy_http_conn *c) {
  if (c->feeding || c->phase == PHASE_CLOSED || wy_http_blocked(c)) return;
  if (!c->rest.n || c->closing) wy_http_start_reading(c);
  else if (wy_timer_start(c->http->clock, &c->more, 0)) wy_http_close(c);
}

/* When everything is said: half-close, or close. */
static void end(wy_http_conn *c) {
  if (c->phase == PHASE_CLOSED || c->shut || (!c->cut && (c->in || c->n_pipeline))) return;
  if (!c->closing && !c->eof && !c->http->stopping) return;
  if (c->http->corked == c && c->http->out.n) return; /* uncork comes back here */
  c->closing = true;
  uv_shutdown_t *uv = malloc(sizeof *uv);
  c->shut = true;
  if (!uv) {
    wy_http_close(c);
    return;
  }
  uv->data = c;
  if (uv_shutdown(uv, &c->uv.stream, on_shut)) {
    free(uv);
    wy_http_close(c);
  }
}

static void on_written(uv_write_t *uv, int status) {
  pending *w = wy_container_of(uv, pending, uv);
  wy_http_conn *c = w->conn;
  free(w);
  if (c->phase == PHASE_CLOSED) return;
  if (status < 0) {
    wy_http_close(c);
    return;
  }
  set_write_due(c);
  wy_http_stream_room(c);
  go_on(c);
}

static void send_bytes(wy_http_conn *c, const char *p, size_t n) {
  if (c->phase == PHASE_CLOSED) return;
  uv_buf_t b = uv_buf_init((char *)(uintptr_t)p, (unsigned)n);
  int sent = uv_try_write(&c->uv.stream, &b, 1);
  if (sent == (int)n) return;
  if (sent < 0 && sent != UV_EAGAIN) {
    wy_http_close(c);
    return;
  }
  if (sent < 0) sent = 0;
  size_t left = n - (size_t)sent;
  pending *w = malloc(sizeof *w + left);
  if (w) {
    w->conn = c;
    memcpy(w->bytes, p + sent, left);
    b = uv_buf_init(w->bytes, (unsigned)left);
    if (uv_write(&w->uv, &c->uv.stream, &b, 1, on_written)) {
      free(w);
      w = NULL;
    }
  }
  if (!w) {
    wy_http_close(c);
    return;
  }
  set_write_due(c);
  if (wy_http_blocked(c)) wy_http_stop_reading(c);
}

void wy_http_cork(wy_http_conn *c) {
  if (!c->http->corked) c->http->corked = c;
}

void wy_http_uncork(wy_http_conn *c) {
  wy_http *h = c->http;
  if (h->corked == c) {
    if (h->out.n) send_bytes(c, h->out.p, h->out.n);
    wy_buf_clear(&h->out);
    h->corked = NULL;
    wy_http_stream_uncorked(c);
  }
  end(c);
}

/* --- the pipeline --- */

void wy_http_send(wy_http_conn *c, wy_buf *out) {
  if (!out->n) return;
  if (c->http->corked == c) wy_buf_str(&c->http->out, wy_buf_view(out));
  else send_bytes(c, out->p, out->n);
  wy_buf_clear(out);
}

/* Sends the answers whose turn has come. */
static void advance(wy_http_conn *c) {
  wy_http *h = c->http;
  while (!wy_list_empty(&c->pipeline) && !c->cut) {
    wy_http_req *req = wy_container_of(c->pipeline.next, wy_http_req, link);
    if (!req->answered) {
      if (req->stream) wy_http_stream_turn(req);
      break;
    }
    if (req->until_close) c->cut = c->closing = true;
    wy_list_remove(&req->link);
    c->n_pipeline--;
    wy_http_send(c, &req->out);
    wy_http_req_drop(req);
    if (h->corked == c && (h->out.failed || h->out.n > GATHER_BYTES)) {
      if (h->out.failed) wy_http_close(c);
      else send_bytes(c, h->out.p, h->out.n);
      wy_buf_clear(&h->out);
    }
    if (c->phase == PHASE_CLOSED) return;
  }
  if (c->n_pipeline || c->cut) return;
  if (c->in && c->in->expects) wy_http_write_continue(c);
  if (c->phase == PHASE_IDLE && c->blank == 0 && !c->feeding) {
    c->phase_due = wy_clock_now_ms(h->clock) + h->limits.idle;
    wy_http_rearm(c);
  }
}

void wy_http_write_continue(wy_http_conn *c) {
  static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
  if (c->n_pipeline) return; /* earlier answers go first; advance comes back */
  c->in->expects = false;
  if (c->http->corked == c) wy_buf_add(&c->http->out, line, sizeof line - 1);
  else send_bytes(c, line, sizeof line - 1);
}

/* The last answer says close: what a client is sent behind that, it need not read. A request of
 * which a part has come is in flight too. */
void wy_http_parting(wy_http_req *req) {
  wy_http_conn *c = req->conn;
  if (!req->http->stopping || c->in || req->link.next != &c->pipeline) return;
  req->keep_alive = false;
  c->closing = true;
}

/* What waits behind it goes on. */
static void leave(wy_http_conn *c) {
  bool corked = c->http->corked == c;
  advance(c);
  if (corked) return;
  end(c);
  go_on_later(c);
}

void wy_http_leave(wy_http_req *req) {
  wy_http_conn *c = req->conn;
  req->answered = true;
  if (c->pipeline.next == &req->link) leave(c);
}

/* Answers that wait for an earlier one, which may never end: nobody needs to ask for so much at
 * once. */
static bool waits_too_much(const wy_http_req *req) {
  const wy_http_conn *c = req->conn;
  size_t n = 0, most = WAITING_ANSWERS * c->http->limits.write_queue;
  for (const wy_list *l = c->pipeline.next; l != &c->pipeline; l = l->next)
    n += wy_container_of(l, wy_http_req, link)->out.n;
  return n > most;
}

void wy_http_respond(wy_http_req *req, const wy_http_answer *answer) {
  wy_http *h = req->http; /* NULL: the server is gone, and with it the connection */
  wy_http_conn *c = req->conn;
  if (!c) {
    wy_http_req_drop(req);
    return;
  }
  req->answered = true;
  if (c->cut) return; /* it goes with the connection */
  wy_http_parting(req);
  bool first = c->pipeline.next == &req->link, corked = h->corked == c;
  wy_buf *out = first && corked ? &h->out : &req->out;
  if (write_answer(req, answer, out) || (!first && waits_too_much(req))) {
    wy_http_close(c); /* no room: better no answer than half of one */
    return;
  }
  if (first) leave(c);
}
