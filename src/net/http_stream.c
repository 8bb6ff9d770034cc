/* Answers in pieces: as long as their turn has not come they gather in the request, and then they
 * leave as the client takes them. Who writes is told to wait when much of it lies here. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "net/http_impl.h"

static bool is_first(const wy_http_req *req) { return req->conn->pipeline.next == &req->link; }

static size_t most(const wy_http_conn *c) {
  size_t queue = c->http->limits.write_queue;
  return queue < STREAM_BYTES ? queue : STREAM_BYTES;
}

/* What lies here of it, or of what leaves before it. */
static size_t waiting(const wy_http_req *req) {
  const wy_http_conn *c = req->conn;
  size_t n = req->out.n;
  if (!is_first(req)) return n;
  if (c->http->corked == c) n += c->http->out.n;
  return n + uv_stream_get_write_queue_size(&c->uv.stream);
}

int wy_http_stream_begin(wy_http_req *req, const wy_http_answer *answer, uint64_t length,
                         const wy_http_stream *calls, void *data) {
  wy_http_conn *c = req->conn;
  bool has_body = answer->status != 204 && answer->status != 304;
  req->stream = calls;
  req->stream_data = data;
  req->left = has_body ? length : 0;
  req->mute = req->method == WY_HEAD || !has_body;
  if (!c || c->cut) return 0;
  wy_http_parting(req);
  if (length == WY_HTTP_UNKNOWN && has_body) {
    req->chunked = !req->http10;
    req->until_close = req->http10 && !req->mute;
    if (req->until_close) req->keep_alive = false;
    if (req->until_close) c->closing = true;
  }
  if (wy_http_write_head(req, answer, length, (wy_str){0}, &req->out)) {
    req->stream = NULL;
    return WY_E_NOMEM;
  }
  req->busy = true;
  if (is_first(req)) wy_http_send(c, &req->out);
  if (wy_http_is_deaf(c)) wy_http_close(c);
  req->busy = false;
  return 0;
}

bool wy_http_stream_waits(const wy_http_req *req) {
  if (!req->conn) return false;
  for (const wy_list *n = req->conn->pipeline.next; n != &req->link; n = n->next) {
    const wy_http_req *before = wy_container_of(n, wy_http_req, link);
    if (before->stream && !before->answered) return true;
  }
  return false;
}

bool wy_http_stream_is_mute(const wy_http_req *req) { return req->mute; }

static int put(wy_http_req *req, wy_str bytes) {
  if (!req->chunked) return wy_buf_str(&req->out, bytes);
  int err = wy_buf_printf(&req->out, "%zx\r\n", bytes.n);
  if (!err) err = wy_buf_str(&req->out, bytes);
  return err ? err : wy_buf_str(&req->out, WY_STR("\r\n"));
}

wy_http_told wy_http_stream_write(wy_http_req *req, wy_str bytes) {
  wy_http_conn *c = req->conn;
  if (!c || c->cut) return WY_HTTP_GONE;
  if (req->mute || !bytes.n) return WY_HTTP_MORE;
  if (req->left != WY_HTTP_UNKNOWN) {
    if (bytes.n > req->left) bytes.n = (size_t)req->left;
    req->left -= bytes.n;
  }
  req->busy = true;
  if (put(req, bytes)) wy_http_close(c);
  else if (is_first(req)) wy_http_send(c, &req->out);
  req->busy = false;
  if (!req->conn) return WY_HTTP_GONE;
  req->full = waiting(req) > most(c);
  return req->full ? WY_HTTP_WAIT : WY_HTTP_MORE;
}

void wy_http_stream_pause(wy_http_req *req) {
  wy_http_conn *c = req->conn;
  if (!c) return;
  req->full = req->busy = true;
  if (is_first(req) && wy_timer_start(c->http->clock, &c->more, 0)) wy_http_close(c);
  req->busy = false;
}

void wy_http_stream_end(wy_http_req *req, bool whole) {
  wy_http_conn *c = req->conn;
  if (!c) {
    wy_http_req_drop(req);
    return;
  }
  if (!req->mute && req->left != WY_HTTP_UNKNOWN && req->left > 0) whole = false;
  if (whole && req->chunked && !req->mute) {
    whole = wy_buf_str(&req->out, WY_STR("0\r\n\r\n")) == 0;
  } else if (!whole) {
    req->until_close = true;
    c->closing = true;
  }
  wy_http_leave(req);
}

void wy_http_stream_turn(wy_http_req *req) {
  wy_http_conn *c = req->conn;
  wy_http_send(c, &req->out);
  if (wy_http_is_deaf(c)) wy_http_close(c);
  if (c->phase == PHASE_CLOSED) return; /* and the request, perhaps */
  if (req->full && wy_timer_start(c->http->clock, &c->more, 0)) wy_http_close(c);
}

/* Whose writer waits, and may go on; NULL: nobody's. */
static wy_http_req *may_go_on(const wy_http_conn *c) {
  if (c->phase == PHASE_CLOSED || wy_list_empty(&c->pipeline)) return NULL;
  wy_http_req *req = wy_container_of(c->pipeline.next, wy_http_req, link);
  if (!req->stream || req->answered || !req->full || waiting(req) > most(c) / 2) return NULL;
  return req;
}

void wy_http_stream_room(wy_http_conn *c) {
  wy_http_req *req = may_go_on(c);
  if (!req) return;
  req->full = false;
  req->stream->room(req->stream_data);
}

void wy_http_stream_uncorked(wy_http_conn *c) {
  if (may_go_on(c) && wy_timer_start(c->http->clock, &c->more, 0)) wy_http_close(c);
}

void wy_http_stream_lost(wy_http_req *req) {
  if (!req->busy) req->stream->gone(req->stream_data);
}

/* --- files --- */

enum { BLOCK = 32768, AT_ONCE = 32 /* blocks in a turn of the loop */ };

typedef struct sending {
  wy_http_req *req;
  int fd;
  uint64_t at, left;
} sending;

static void finish(sending *s, bool whole) {
  wy_http_req *req = s->req;
  close(s->fd);
  free(s);
  wy_http_stream_end(req, whole);
}

static void pump(void *data) {
  sending *s = data;
  char block[BLOCK];
  for (unsigned i = 0; s->left; i++) {
    size_t want = s->left < BLOCK ? (size_t)s->left : BLOCK;
    if (i == AT_ONCE) {
      wy_http_stream_pause(s->req);
      if (!wy_http_req_gone(s->req)) return;
      break;
    }
    ssize_t n = pread(s->fd, block, want, (off_t)s->at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break; /* it was cut, or cannot be read */
    s->at += (uint64_t)n;
    s->left -= (uint64_t)n;
    wy_http_told told = wy_http_stream_write(s->req, (wy_str){block, (size_t)n});
    if (told == WY_HTTP_GONE) break;
    if (told == WY_HTTP_WAIT && s->left) return;
  }
  finish(s, s->left == 0);
}

static void gone(void *data) { finish(data, false); }

void wy_http_respond_file(wy_http_req *req, const wy_http_answer *answer, int fd, uint64_t from,
                          uint64_t n) {
  static const wy_http_stream calls = {pump, gone};
  sending *s = malloc(sizeof *s);
  if (!s || wy_http_stream_begin(req, answer, n, &calls, s)) {
    free(s);
    close(fd);
    wy_http_respond(req, &(wy_http_answer){.status = 503});
    return;
  }
  *s = (sending){req, fd, from, wy_http_stream_is_mute(req) ? 0 : n};
  if (!req->conn) finish(s, false);
  else pump(s); /* nothing to send: that is its end, too */
}
