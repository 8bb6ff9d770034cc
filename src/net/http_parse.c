/* Bytes to requests. llhttp (strict) parses; beside it stands a reader of line shapes for what even
 * strict mode lets through: LF without CR, folded header lines, empty field names, RTSP and ICE.
 *
 * A verdict does not depend on how the bytes were cut into segments: llhttp is never given more
 * bytes than the smallest allowance that is left plus one, so a limit is found at the same byte
 * whether that byte came alone or with a megabyte behind it. */
#include <assert.h>
#include <stdlib.h>

#include "base/err.h"
#include "net/http_impl.h"
#include "net/target.h"

static size_t min_size(size_t a, size_t b) { return a < b ? a : b; }

/* --- llhttp's callbacks --- */

static int stop(wy_http_conn *c, int err) {
  c->err = err;
  return -1;
}

static int on_url(llhttp_t *p, const char *at, size_t n) {
  wy_http_conn *c = p->data;
  if (n > c->http->limits.target - c->in->target_n) return stop(c, WY_E_HTTP_TARGET);
  if (wy_buf_add(&c->in->head, at, n)) return stop(c, WY_E_NOMEM);
  c->in->target_n += n;
  return 0;
}

static field *open_field(wy_http_conn *c) {
  wy_http_req *req = c->in;
  if (req->n_fields == req->cap_fields) {
    size_t cap = req->cap_fields ? req->cap_fields * 2 : 16;
    field *fields = realloc(req->fields, cap * sizeof *fields);
    if (!fields) return NULL;
    req->fields = fields;
    req->cap_fields = cap;
  }
  return &req->fields[req->n_fields];
}

/* Trailers are checked and dropped: they would move the head, into which there are views by now,
 * and a field that came after the body must not pass for one that was checked before it. */
static int trailer_name(wy_http_conn *c, const char *at, size_t n) {
  if (c->trailer_n < sizeof c->trailer)
    memcpy(c->trailer + c->trailer_n, at, min_size(n, sizeof c->trailer - c->trailer_n));
  c->trailer_n += n;
  return 0;
}

static int trailer_complete(wy_http_conn *c) {
  /* A trailer may not say what framing or routing is: llhttp would even believe its length. */
  static const char *const never[] = {"content-length", "transfer-encoding", "host",  "upgrade",
                                      "connection",     "trailer",           "expect"};
  if (c->in->n_fields + c->n_trailers >= c->http->limits.fields) return stop(c, WY_E_HTTP_HEADER);
  wy_str name = {c->trailer, min_size(c->trailer_n, sizeof c->trailer)};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    if (wy_str_ieq(name, wy_str_of(never[i]))) return stop(c, WY_E_HTTP_MALFORMED);
  c->trailer_n = 0;
  c->n_trailers++;
  return 0;
}

/* A field under construction stands at fields[n_fields] until its value is complete. Its name
 * begins where the previous value ended, so both parts are simply appended. */
static int on_field(llhttp_t *p, const char *at, size_t n) {
  wy_http_conn *c = p->data;
  if (c->phase == PHASE_TRAILER) return trailer_name(c, at, n);
  return wy_buf_add(&c->in->head, at, n) ? stop(c, WY_E_NOMEM) : 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n) {
  wy_http_conn *c = p->data;
  if (c->phase == PHASE_TRAILER) return 0;
  return wy_buf_add(&c->in->head, at, n) ? stop(c, WY_E_NOMEM) : 0;
}

static int on_field_complete(llhttp_t *p) {
  wy_http_conn *c = p->data;
  wy_http_req *req = c->in;
  if (c->phase == PHASE_TRAILER) return trailer_complete(c);
  if (req->n_fields >= c->http->limits.fields) return stop(c, WY_E_HTTP_HEADER);
  field *f = open_field(c);
  if (!f) return stop(c, WY_E_NOMEM);
  size_t from = req->n_fields ? f[-1].value + f[-1].value_n : (uint32_t)req->target_n;
  f->name = (uint32_t)from;
  f->name_n = (uint32_t)(req->head.n - from);
  f->value = (uint32_t)req->head.n;
  f->value_n = 0;
  return 0;
}

static int on_value_complete(llhttp_t *p) {
  wy_http_conn *c = p->data;
  wy_http_req *req = c->in;
  if (c->phase == PHASE_TRAILER) return 0;
  field *f = &req->fields[req->n_fields];
  f->value_n = (uint32_t)(req->head.n - f->value);
  req->n_fields++;
  return 0;
}

static int on_headers_complete(llhttp_t *p) {
  wy_http_conn *c = p->data;
  c->headers_done = true;
  c->upgrade = p->upgrade;
  c->keep_alive = llhttp_should_keep_alive(p) != 0; /* at the end of a message llhttp forgets it */
  p->upgrade = 0; /* never tunnels: the bytes that follow are HTTP or nothing */
  return 0;
}

static int on_chunk_header(llhttp_t *p) {
  wy_http_conn *c = p->data;
  const wy_http_req *req = c->in;
  if (p->content_length > req->body.max - req->body_n) return stop(c, WY_E_HTTP_BODY);
  if (p->content_length > 0) return 0;
  c->last_chunk = true;
  return HPE_PAUSED; /* what follows are lines again */
}

static int on_body(llhttp_t *p, const char *at, size_t n) {
  wy_http_conn *c = p->data;
  wy_http_req *req = c->in;
  int err = 0;
  req->body_n += n;
  if (req->sink) err = req->sink->bytes(req->sink_data, (wy_str){at, n});
  else if (wy_buf_add(&req->body, at, n)) err = WY_E_NOMEM;
  return err ? stop(c, err) : 0;
}

static int on_message_complete(llhttp_t *p) {
  wy_http_conn *c = p->data;
  c->message_done = true;
  return 0;
}

void wy_http_parse_init(wy_http *h) {
  llhttp_settings_init(&h->settings);
  h->settings.on_url = on_url;
  h->settings.on_header_field = on_field;
  h->settings.on_header_field_complete = on_field_complete;
  h->settings.on_header_value = on_value;
  h->settings.on_header_value_complete = on_value_complete;
  h->settings.on_headers_complete = on_headers_complete;
  h->settings.on_chunk_header = on_chunk_header;
  h->settings.on_body = on_body;
  h->settings.on_message_complete = on_message_complete;
}

/* --- refusals --- */

int wy_http_status_of(int err) {
  switch (err) {
    case WY_E_HTTP_TARGET: return 414;
    case WY_E_HTTP_HEADER: return 431;
    case WY_E_HTTP_BODY:
    case WY_E_HTTP_CHUNK: return 413;
    case WY_E_HTTP_VERSION: return 505;
    case WY_E_HTTP_EXPECT: return 417;
    case WY_E_HTTP_METHOD: return 405;
    case WY_E_HTTP_TIMEOUT: return 408;
    case WY_E_HTTP_UNKNOWN_HOST: return 421;
    case WY_E_HTTP_BUSY: return 503;
    case WY_E_HTTP_STORAGE: return 507;
    case WY_E_HTTP_NOT_FOUND: return 404;
    case WY_E_NOMEM: return 500;
    default: return 400;
  }
}

/* Puts the request that is being parsed at the end of the pipeline, to be answered in its turn. */
static wy_http_req *enqueue(wy_http_conn *c) {
  wy_http_req *req = c->in;
  c->in = NULL;
  req->number = ++c->n_requests;
  wy_list_push(&c->pipeline, &req->link);
  c->n_pipeline++;
  c->phase = PHASE_IDLE;
  c->phase_due = 0;
  return req;
}

void wy_http_refuse(wy_http_conn *c, int status, int err, const char *reason) {
  if (!c->in) c->in = wy_http_req_take(c);
  c->closing = true;
  if (!c->in) {
    wy_http_close(c);
    return;
  }
  wy_http_req *req = enqueue(c);
  req->keep_alive = false;
  wy_http_log_refusal(req, status, err, reason);
  wy_http_respond(req, &(wy_http_answer){.status = status});
}

static void fail(wy_http_conn *c, int err, const char *reason) {
  wy_http_refuse(c, wy_http_status_of(err), err, reason);
}

/* --- the shape of lines --- */

static bool two_blanks(const char *p, size_t n) {
  for (const char *end = p + n; (p = memchr(p, ' ', (size_t)(end - p))) != NULL;)
    if (++p < end && *p == ' ') return true;
  return false;
}

/* Reads on to the end of the block, the first fault, or the end of the bytes, whichever is first;
 * returns how many bytes that is. A fault is the byte at the returned offset. */
static size_t read_lines(wy_http_conn *c, const char *p, size_t n, bool *fault, bool *end) {
  size_t i = 0;
  while (i < n) {
    if (c->line_n == 0 && c->line_no > 0 && (p[i] == ' ' || p[i] == '\t' || p[i] == ':')) {
      *fault = true; /* folded, or a field without a name */
      return i;
    }
    const char *lf = memchr(p + i, '\n', n - i);
    size_t to = lf ? (size_t)(lf - p) : n, k = to - i;
    if (k) {
      c->cr = p[to - 1] == '\r';
      if (c->line_no == 0) {
        size_t keep = min_size(k, sizeof c->tail), last = sizeof c->tail - 1;
        if ((c->tail[last] == ' ' && p[i] == ' ') || two_blanks(p + i, k)) {
          *fault = true; /* one blank between the parts of a request line, not more */
          return i;
        }
        memmove(c->tail, c->tail + keep, sizeof c->tail - keep);
        memcpy(c->tail + sizeof c->tail - keep, p + to - keep, keep);
      }
    }
    c->line_n += k;
    if (!lf) return n;
    bool http = c->line_no > 0 || memcmp(c->tail, " HTTP/", 6) == 0;
    if (!c->cr || c->line_n == 0 || !http) {
      *fault = true; /* a bare LF, or another protocol */
      return to;
    }
    bool empty = c->line_n == 1;
    c->line_n = 0;
    c->line_no++;
    c->cr = false;
    i = to + 1;
    if (empty && c->line_no > 1) {
      *end = true;
      return i;
    }
  }
  return n;
}

/* --- the head as a whole --- */

static wy_str text(const wy_http_req *req, uint32_t at, uint32_t n) {
  return (wy_str){req->head.p + at, n};
}

/* RFC 9112 6.1: anything but one `chunked` in HTTP/1.1 leaves room for two opinions. */
static int check_transfer_encoding(const wy_http_conn *c) {
  const wy_http_req *req = c->in;
  size_t codings = 0;
  bool exact = false, any = false;
  for (size_t i = 0; i < req->n_fields; i++) {
    const field *f = &req->fields[i];
    if (!wy_str_ieq(text(req, f->name, f->name_n), WY_STR("transfer-encoding"))) continue;
    any = true;
    wy_str v = wy_str_trim(text(req, f->value, f->value_n));
    exact = wy_str_ieq(v, WY_STR("chunked"));
    for (size_t k = 0; k < v.n; k++)
      if (v.p[k] != ',' && v.p[k] != ' ' && v.p[k] != '\t' &&
          (k == 0 || v.p[k - 1] == ',' || v.p[k - 1] == ' ' || v.p[k - 1] == '\t'))
        codings++;
  }
  if (!any) return 0;
  if (codings > 1 || c->parser.http_minor == 0) return WY_E_HTTP_MALFORMED;
  return exact ? 0 : WY_E_HTTP_BAD_TE;
}

static int check_version(const wy_http_conn *c) {
  return c->parser.http_major == 1 && c->parser.http_minor <= 1 ? 0 : WY_E_HTTP_VERSION;
}

static int read_fields(wy_http_conn *c) {
  wy_http_req *req = c->in;
  size_t hosts = 0;
  wy_str host = {0};
  int err = 0;
  for (size_t i = 0; i < req->n_fields; i++) {
    const field *f = &req->fields[i];
    wy_str name = text(req, f->name, f->name_n);
    wy_str value = wy_str_trim(text(req, f->value, f->value_n));
    switch (name.n) {
      case 4:
        if (!wy_str_ieq(name, WY_STR("host"))) break;
        hosts++;
        host = value;
        break;
      case 6:
        if (!wy_str_ieq(name, WY_STR("expect"))) break;
        if (!wy_str_ieq(value, WY_STR("100-continue"))) err = WY_E_HTTP_EXPECT;
        req->expects = c->parser.http_minor == 1;
        break;
      case 7:
        if (wy_str_ieq(name, WY_STR("upgrade"))) c->upgrade = true;
        break;
      case 14: {
        uint64_t length;
        if (wy_str_ieq(name, WY_STR("content-length")) && !wy_str_u64(value, &length))
          return WY_E_HTTP_MALFORMED;
        break;
      }
      case 17:
        if (wy_str_ieq(name, WY_STR("transfer-encoding"))) {
          int bad = check_transfer_encoding(c);
          if (bad) return bad;
        }
        break;
    }
  }
  if (hosts > 1) return WY_E_HTTP_DUP_HOST;
  if (hosts == 0 && c->parser.http_minor == 1) return WY_E_HTTP_NO_HOST;
  if (hosts == 0) req->host = WY_STR("");
  else if (wy_target_host(host, &req->host)) return WY_E_HTTP_BAD_HOST;
  return err;
}

static wy_method method_of(const llhttp_t *p) {
  switch (p->method) {
    case HTTP_GET: return WY_GET;
    case HTTP_HEAD: return WY_HEAD;
    case HTTP_POST: return WY_POST;
    case HTTP_PUT: return WY_PUT;
    case HTTP_PATCH: return WY_PATCH;
    case HTTP_DELETE: return WY_DELETE;
    case HTTP_OPTIONS: return WY_OPTIONS;
    default: return 0;
  }
}

/* Target to authority, path and query. *status is for a path that is refused. */
static int read_target(wy_http_req *req, int *status) {
  wy_target target;
  *status = 400;
  /* the decoded path is appended to head: make room first, for spans of head must not move */
  char *room = wy_buf_reserve(&req->head, req->target_n);
  if (!room) return WY_E_NOMEM;
  if (wy_target_split((wy_str){req->head.p, req->target_n}, &target)) return WY_E_URI;
  if (target.authority.p && wy_target_host(target.authority, &req->host)) return WY_E_HTTP_BAD_HOST;
  size_t n;
  int err = wy_target_path(target.path, room, &n, status);
  if (err) return err;
  wy_buf_added(&req->head, n);
  req->path = (wy_str){room, n};
  req->query = target.query;
  return 0;
}

static bool has_body(const llhttp_t *p) { return (p->flags & F_CHUNKED) || p->content_length > 0; }

/* The head is complete and nothing in it is doubtful; is it served, and what follows it? */
static void finish_head(wy_http_conn *c) {
  wy_http *h = c->http;
  wy_http_req *req = c->in;
  llhttp_t *p = &c->parser;
  int err = check_version(c);
  /* room for the decoded path before spans into head are taken */
  if (!err && !wy_buf_reserve(&req->head, req->target_n)) err = WY_E_NOMEM;
  if (!err) err = read_fields(c);
  if (err) {
    fail(c, err, NULL);
    return;
  }
  bool body = !c->message_done && has_body(p);
  int status = 0;
  size_t body_max = 0;
  req->method = method_of(p);
  req->http10 = p->http_minor == 0;
  if (!req->method) {
    req->err = WY_E_HTTP_METHOD;
    status = 405;
  } else if ((err = read_target(req, &status)) != 0) {
    req->err = err;
  } else {
    status = h->on.on_head(h->data, req, &body_max);
  }
  req->keep_alive = c->keep_alive && !c->upgrade && !h->stopping;
  if (status) {
    /* A body that nobody wants is not read, so it cannot be told from a next request. */
    if (body || status == 421 || p->method == HTTP_CONNECT) req->keep_alive = false;
    if (!req->keep_alive) c->closing = true;
    enqueue(c);
    wy_http_log_refusal(req, status, req->err ? req->err : WY_E_HTTP_NOT_FOUND, NULL);
    char allow[80];
    wy_http_allow_field(req, allow, sizeof allow);
    wy_http_respond(req,
                    &(wy_http_answer){.status = status, .headers = status == 405 ? allow : NULL});
    return;
  }
  req->body.max = body_max;
  if (!body) return; /* message_done: the caller ends the request */
  if (p->flags & F_CHUNKED) {
    c->phase = PHASE_CHUNKS;
    c->overhead = 0;
  } else {
    if (p->content_length > body_max) {
      fail(c, WY_E_HTTP_BODY, NULL);
      return;
    }
    c->phase = PHASE_BODY;
    c->remaining = p->content_length;
    if (!req->sink && !wy_buf_reserve(&req->body, (size_t)c->remaining)) {
      fail(c, WY_E_NOMEM, NULL);
      return;
    }
  }
  c->phase_since = wy_clock_now_ms(h->clock);
  if (req->expects) wy_http_write_continue(c);
}

static void finish_request(wy_http_conn *c) {
  wy_http *h = c->http;
  int err = c->in->sink ? c->in->sink->end(c->in->sink_data) : 0;
  if (err) {
    fail(c, err, NULL);
    return;
  }
  wy_http_req *req = enqueue(c);
  if (!req->keep_alive) c->closing = true;
  h->on.on_request(h->data, req);
}

/* --- bytes --- */

static int map_error(wy_http_conn *c, llhttp_errno_t e) {
  if (c->err) return c->err;
  if (e == HPE_INVALID_VERSION || e == HPE_PAUSED_H2_UPGRADE) return WY_E_HTTP_VERSION;
  /* llhttp says this in the middle of the head when something follows `chunked`, and at its end
   * when the one coding is another */
  if (e == HPE_INVALID_TRANSFER_ENCODING && c->headers_done) return WY_E_HTTP_BAD_TE;
  return WY_E_HTTP_MALFORMED;
}

/* Gives n bytes to llhttp; *used of them were taken. False: refused, c->in is gone. */
static bool execute(wy_http_conn *c, const char *p, size_t n, size_t *used) {
  llhttp_errno_t e = llhttp_execute(&c->parser, p, n);
  *used = n;
  if (e == HPE_OK) return true;
  if (e == HPE_PAUSED) {
    *used = (size_t)(llhttp_get_error_pos(&c->parser) - p);
    llhttp_resume(&c->parser);
    return true;
  }
  int err = map_error(c, e);
  fail(c, err, err == WY_E_HTTP_MALFORMED ? llhttp_errno_name(e) : NULL);
  return false;
}

static size_t feed_idle(wy_http_conn *c, const char *p) {
  if (c->http->stopping) { /* nothing new */
    c->closing = true;
    return 0;
  }
  if (c->blank == 0) {
    c->phase_since = wy_clock_now_ms(c->http->clock);
    c->phase_due = c->phase_since + c->http->limits.header_time;
  }
  if (*p == '\r' || *p == '\n') {
    /* RFC 9112 2.2: an empty line before a request is forgiven; a stream of them is not. */
    bool pair = (*p == '\n') == (c->blank % 2 == 1);
    if (!pair || ++c->blank > BLANK_BYTES) fail(c, WY_E_HTTP_MALFORMED, "blank_lines");
    return 1;
  }
  if (c->blank % 2 == 1) {
    fail(c, WY_E_HTTP_MALFORMED, "bare_cr");
    return 1;
  }
  c->in = wy_http_req_take(c);
  if (!c->in) {
    wy_http_close(c);
    return 1;
  }
  llhttp_init(&c->parser, HTTP_REQUEST, &c->http->settings);
  c->parser.data = c;
  c->phase = PHASE_HEAD;
  c->blank = c->line_n = c->line_no = c->head_n = 0;
  memset(c->tail, 0, sizeof c->tail);
  c->cr = c->headers_done = c->message_done = c->last_chunk = c->upgrade = c->keep_alive = false;
  c->err = 0;
  return 0;
}

/* Request line, header block, trailers. */
static size_t feed_lines(wy_http_conn *c, const char *p, size_t n) {
  const wy_http_limits *limits = &c->http->limits;
  size_t room, used;
  if (c->line_no == 0) {
    room = min_size(limits->target + LINE_EXTRA - c->line_n, limits->target - c->in->target_n);
    room = min_size(room, limits->header) + 1;
  } else {
    room = limits->header - c->head_n + 1;
  }
  n = min_size(n, room);
  bool first_line = c->line_no == 0, fault = false, end = false;
  size_t k = read_lines(c, p, n, &fault, &end);
  if (!first_line) {
    c->head_n += k;
  } else if (c->line_no > 0) { /* the header block begins in this piece */
    const char *lf = memchr(p, '\n', k);
    c->head_n = k - (size_t)(lf + 1 - p);
  }
  if (!execute(c, p, k, &used)) return k;
  if (c->line_no == 0 && c->line_n > limits->target + LINE_EXTRA) {
    fail(c, WY_E_HTTP_TARGET, NULL);
  } else if (c->head_n > limits->header) {
    fail(c, WY_E_HTTP_HEADER, NULL);
  } else if (fault) {
    fail(c, WY_E_HTTP_MALFORMED, "line");
  } else if (end && c->phase == PHASE_HEAD) {
    if (!c->headers_done) {
      fail(c, WY_E_HTTP_MALFORMED, "head");
    } else {
      finish_head(c);
      if (c->in && c->message_done) finish_request(c);
    }
  } else if (end) {
    if (c->message_done) finish_request(c);
    else fail(c, WY_E_HTTP_MALFORMED, "trailer");
  }
  return k;
}

static size_t feed_body(wy_http_conn *c, const char *p, size_t n) {
  size_t used;
  if (n > c->remaining) n = (size_t)c->remaining;
  if (!execute(c, p, n, &used)) return n;
  c->remaining -= used;
  if (c->remaining == 0) finish_request(c);
  return used;
}

static size_t feed_chunks(wy_http_conn *c, const char *p, size_t n) {
  size_t limit = c->http->limits.chunk_overhead, before = c->in->body_n, used;
  n = min_size(n, limit - c->overhead + 1);
  if (!execute(c, p, n, &used)) return n;
  c->overhead += used - (c->in->body_n - before);
  if (c->overhead > limit) {
    fail(c, WY_E_HTTP_CHUNK, NULL);
  } else if (c->last_chunk) {
    c->phase = PHASE_TRAILER;
    c->line_n = c->trailer_n = c->n_trailers = 0;
    c->line_no = 1; /* no request line here */
    c->cr = false;
  }
  return used;
}

static void keep_rest(wy_http_conn *c, const char *p, size_t n) {
  if (wy_buf_add(&c->rest, p, n)) wy_http_close(c);
}

static void set_phase_due(wy_http_conn *c) {
  wy_http *h = c->http;
  uint64_t now = wy_clock_now_ms(h->clock);
  switch (c->phase) {
    case PHASE_IDLE:
      if (c->blank == 0) c->phase_due = c->n_pipeline ? 0 : now + h->limits.idle;
      break;
    case PHASE_HEAD: c->phase_due = c->phase_since + h->limits.header_time; break;
    case PHASE_BODY:
    case PHASE_CHUNKS:
    case PHASE_TRAILER:
      c->phase_due =
          c->phase_since + h->limits.body_time +
          (uint64_t)c->in->body_n * 1000 / (h->limits.body_rate ? h->limits.body_rate : 1);
      break;
    case PHASE_LINGER:
    case PHASE_CLOSED: return;
  }
  wy_http_rearm(c);
}

void wy_http_feed(wy_http_conn *c, const char *p, size_t n) {
  size_t used = 0;
  assert(!c->feeding);
  c->feeding = true;
  while (used < n && !c->closing && c->phase != PHASE_CLOSED && !wy_http_blocked(c)) {
    switch (c->phase) {
      case PHASE_IDLE: used += feed_idle(c, p + used); break;
      case PHASE_HEAD:
      case PHASE_TRAILER: used += feed_lines(c, p + used, n - used); break;
      case PHASE_BODY: used += feed_body(c, p + used, n - used); break;
      case PHASE_CHUNKS: used += feed_chunks(c, p + used, n - used); break;
      case PHASE_LINGER:
      case PHASE_CLOSED: used = n; break;
    }
  }
  c->feeding = false;
  if (c->phase == PHASE_CLOSED) return;
  if (used < n && !c->closing) keep_rest(c, p + used, n - used);
  if (c->phase != PHASE_CLOSED) set_phase_due(c);
}
