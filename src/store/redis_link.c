#include "store/redis_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"

enum { OUT_MAX = 64 << 20, IN = 64 * 1024, SHA = 40 };

typedef enum { IDLE, RESOLVING, CONNECTING, GREETING, UP, CLOSED } state;

/* One try. It outlives its place in the link until libuv has let go of it. */
typedef struct conn {
  wy_redis_link *link; /* NULL: given up */
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
  uv_connect_t connect;
  uv_write_t write;
  wy_buf writing;
} conn;

typedef struct resolver {
  uv_getaddrinfo_t req;
  wy_redis_link *link; /* NULL: given up */
} resolver;

struct wy_redis_link {
  uv_loop_t *loop;
  wy_redis_url url;
  wy_redis_events events;
  const char *script;
  char sha[SHA + 1];
  state state;
  uv_timer_t timer; /* of the attempt, or until the next */
  uint64_t again;   /* ms */
  uint64_t seed;    /* of jitter */
  resolver *resolver;
  struct addrinfo *found, *at;
  conn *conn;
  wy_redis_reader *reader;
  unsigned greetings; /* answers that are still to come */
  bool answering;     /* the owner is told of one: the reader must stay */
  wy_buf out;
  char in[IN];
};

/* --- errors --- */

int wy_redis_error(const redisReply *reply, const char **why) {
  static const char cluster[] = "this Redis is part of a cluster: that is not supported";
  static const struct {
    const char *word;
    int err;
    const char *why;
  } known[] = {
      {"LOADING", WY_E_STORE_UNREACHABLE, "Redis loads its data still"},
      {"READONLY", WY_E_STORE_READONLY, "this Redis is a replica"},
      {"NOAUTH", WY_E_STORE_UNREACHABLE, "Redis wants a password"},
      {"WRONGPASS", WY_E_STORE_UNREACHABLE, "Redis refuses the password"},
      {"invalid password", WY_E_STORE_UNREACHABLE, "Redis refuses the password"},
      {"without any password configured", WY_E_STORE_UNREACHABLE, "this Redis has no password"},
      {"no password is set", WY_E_STORE_UNREACHABLE, "this Redis has no password"},
      {"NOPERM", WY_E_STORE_UNREACHABLE, "Redis does not allow this user what is needed"},
      {"OOM command not allowed", WY_E_STORE_FULL, "the memory of Redis is full (maxmemory)"},
      {"MISCONF", WY_E_STORE_IO, "Redis cannot write to its disk"},
      {"MASTERDOWN", WY_E_STORE_UNREACHABLE, "this replica has lost its master"},
      {"NOREPLICAS", WY_E_STORE_IO, "Redis has too few replicas (min-replicas-to-write)"},
      {"CLUSTERDOWN", WY_E_STORE_UNREACHABLE, "this Redis is a cluster, and down"},
      {"MOVED ", WY_E_STORE_UNREACHABLE, cluster},
      {"ASK ", WY_E_STORE_UNREACHABLE, cluster},
      {"non local key", WY_E_STORE_UNREACHABLE, cluster}, /* what a script of one is told */
      {"not allowed in cluster mode", WY_E_STORE_UNREACHABLE, cluster},
      {"BUSY ", WY_E_STORE_BUSY, "Redis is held up by a script"},
      {"max number of clients", WY_E_STORE_UNREACHABLE, "Redis takes no more clients"},
      {"DB index is out of range", WY_E_STORE_UNREACHABLE, "this Redis has no such database"},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (!strstr(reply->str, known[i].word)) continue;
    *why = known[i].why;
    return known[i].err;
  }
  *why = "Redis refuses the operation";
  return WY_E_STORE_IO;
}

/* --- letting go --- */

static void on_closed(uv_handle_t *handle) {
  conn *c = handle->data;
  wy_buf_deinit(&c->writing);
  free(c);
}

static void hang_up(wy_redis_link *l) {
  if (l->conn) {
    l->conn->link = NULL;
    uv_close(&l->conn->handle, on_closed);
    l->conn = NULL;
  }
  if (l->resolver) {
    l->resolver->link = NULL;
    uv_cancel((uv_req_t *)&l->resolver->req);
    l->resolver = NULL;
  }
  if (l->found) uv_freeaddrinfo(l->found);
  l->found = l->at = NULL;
  if (l->reader && !l->answering) {
    wy_redis_reader_free(l->reader);
    l->reader = NULL;
  }
  wy_buf_clear(&l->out);
}

static void attempt(wy_redis_link *l);

static void on_again(uv_timer_t *timer) { attempt(timer->data); }

/* Half of the time at least, so that those who lost it together do not come back together. */
static uint64_t jittered(wy_redis_link *l, uint64_t ms) {
  l->seed = l->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return ms / 2 + (l->seed >> 33) % (ms / 2 + 1);
}

void wy_redis_link_drop(wy_redis_link *l, int err, const char *why) {
  if (l->state == CLOSED || l->state == IDLE) return;
  hang_up(l);
  l->state = IDLE;
  uv_timer_start(&l->timer, on_again, jittered(l, l->again), 0);
  l->again = l->again * 2 > WY_REDIS_AGAIN_MAX_MS ? WY_REDIS_AGAIN_MAX_MS : l->again * 2;
  l->events.down(l->events.data, err, why);
}

void wy_redis_link_fine(wy_redis_link *l) { l->again = WY_REDIS_AGAIN_MS; }

static void fail(wy_redis_link *l, const char *why) {
  wy_redis_link_drop(l, WY_E_STORE_UNREACHABLE, why);
}

/* --- answers --- */

static void on_greeted(wy_redis_link *l, const redisReply *reply) {
  const char *why;
  if (reply->type == REDIS_REPLY_ERROR) {
    int err = wy_redis_error(reply, &why);
    wy_redis_link_drop(l, err, why);
    return;
  }
  if (--l->greetings) return;
  if (reply->type != REDIS_REPLY_STRING || reply->len != SHA) {
    fail(l, "what answers is no Redis");
    return;
  }
  memcpy(l->sha, reply->str, SHA + 1);
  l->state = UP;
  uv_timer_stop(&l->timer);
  l->events.up(l->events.data);
}

static void take_replies(wy_redis_link *l) {
  wy_redis_reader *reader = l->reader;
  while (l->state == UP || l->state == GREETING) {
    redisReply *reply;
    if (wy_redis_reader_next(reader, &reply)) {
      fail(l, "what answers is no Redis, or says too much");
      return;
    }
    if (!reply) return;
    l->answering = true;
    if (l->state == GREETING) on_greeted(l, reply);
    else l->events.reply(l->events.data, reply);
    l->answering = false;
    freeReplyObject(reply);
    if (l->conn) continue;
    wy_redis_reader_free(reader); /* it was hung up meanwhile */
    l->reader = NULL;
    return;
  }
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf) {
  const conn *c = handle->data;
  (void)n;
  *buf = c->link ? uv_buf_init(c->link->in, IN) : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  conn *c = stream->data;
  wy_redis_link *l = c->link;
  if (!l || n == 0) return;
  if (n < 0) {
    fail(l, n == UV_EOF ? "Redis has hung up" : uv_strerror((int)n));
  } else if (wy_redis_reader_feed(l->reader, buf->base, (size_t)n)) {
    fail(l, "out of memory");
  } else {
    take_replies(l);
  }
}

/* --- commands --- */

static void on_written(uv_write_t *req, int status) {
  conn *c = req->data;
  wy_redis_link *l = c->link;
  wy_buf_clear(&c->writing);
  if (c->writing.cap > IN) wy_buf_deinit(&c->writing);
  if (!l) return;
  if (status) fail(l, uv_strerror(status));
  else wy_redis_link_flush(l);
}

void wy_redis_link_flush(wy_redis_link *l) {
  conn *c = l->conn;
  if (!c || c->writing.n || !l->out.n) return;
  wy_buf swap = c->writing;
  c->writing = l->out;
  l->out = swap;
  uv_buf_t buf = uv_buf_init(c->writing.p, (unsigned)c->writing.n);
  c->write.data = c;
  int code = uv_write(&c->write, &c->stream, &buf, 1, on_written);
  if (!code) return;
  wy_buf_clear(&c->writing);
  fail(l, uv_strerror(code));
}

int wy_redis_link_send(wy_redis_link *l, int argc, const char **argv, const size_t *lengths) {
  char *text = NULL;
  int n = redisFormatCommandArgv(&text, argc, argv, lengths);
  if (n < 0) return WY_E_NOMEM;
  int err = l->out.n + (size_t)n > OUT_MAX ? WY_E_NOMEM : wy_buf_add(&l->out, text, (size_t)n);
  redisFreeCommand(text);
  return err;
}

static void greet_with(wy_redis_link *l, int argc, const char **argv) {
  if (wy_redis_link_send(l, argc, argv, NULL) == 0) l->greetings++;
}

static void greet(wy_redis_link *l) {
  const wy_redis_url *u = &l->url;
  l->state = GREETING;
  l->greetings = 0;
  if (u->password && u->user) greet_with(l, 3, (const char *[]){"AUTH", u->user, u->password});
  else if (u->password) greet_with(l, 2, (const char *[]){"AUTH", u->password});
  if (strcmp(u->db, "0") != 0) greet_with(l, 2, (const char *[]){"SELECT", u->db});
  greet_with(l, 3, (const char *[]){"SCRIPT", "LOAD", l->script});
  wy_redis_link_flush(l);
}

/* --- connecting --- */

static void on_connected(uv_connect_t *req, int status);

/* 0 or a uv error. */
static int connect_to(wy_redis_link *l) {
  conn *c = calloc(1, sizeof *c);
  if (!c) return UV_ENOMEM;
  wy_buf_init(&c->writing, OUT_MAX);
  int code = l->url.path ? uv_pipe_init(l->loop, &c->pipe, 0) : uv_tcp_init(l->loop, &c->tcp);
  if (code) {
    free(c);
    return code;
  }
  c->link = l;
  c->handle.data = c->connect.data = c;
  l->conn = c;
  l->state = CONNECTING;
  if (l->url.path) {
    uv_pipe_connect(&c->connect, &c->pipe, l->url.path, on_connected);
    return 0;
  }
  uv_tcp_nodelay(&c->tcp, 1);
  return uv_tcp_connect(&c->connect, &c->tcp, l->at->ai_addr, on_connected);
}

/* The next address of the host, where there is one. */
static void connect_failed(wy_redis_link *l, int code) {
  if (l->conn) {
    l->conn->link = NULL;
    uv_close(&l->conn->handle, on_closed);
    l->conn = NULL;
  }
  while (l->at && (l->at = l->at->ai_next) != NULL) {
    code = connect_to(l);
    if (!code) return;
    if (l->conn) {
      l->conn->link = NULL;
      uv_close(&l->conn->handle, on_closed);
      l->conn = NULL;
    }
  }
  fail(l, uv_strerror(code));
}

static void on_connected(uv_connect_t *req, int status) {
  conn *c = req->data;
  wy_redis_link *l = c->link;
  if (!l) return;
  if (!status) status = uv_read_start(&c->stream, on_alloc, on_read);
  if (status) connect_failed(l, status);
  else if (!(l->reader = wy_redis_reader_new())) fail(l, "out of memory");
  else greet(l);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *found) {
  resolver *r = req->data;
  wy_redis_link *l = r->link;
  free(r);
  if (!l) {
    uv_freeaddrinfo(found);
    return;
  }
  l->resolver = NULL;
  if (status) {
    fail(l, uv_strerror(status));
    return;
  }
  l->found = l->at = found;
  int code = connect_to(l);
  if (code) connect_failed(l, code);
}

static void on_too_long(uv_timer_t *timer) {
  wy_redis_link *l = timer->data;
  fail(l, l->state == GREETING ? "Redis does not answer" : "Redis cannot be reached in time");
}

static void attempt(wy_redis_link *l) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
  uv_timer_start(&l->timer, on_too_long, WY_REDIS_ATTEMPT_MS, 0);
  l->state = RESOLVING;
  if (l->url.path) {
    int code = connect_to(l);
    if (code) connect_failed(l, code);
    return;
  }
  resolver *r = calloc(1, sizeof *r);
  if (r) {
    r->link = l;
    r->req.data = r;
    l->resolver = r;
    int code = uv_getaddrinfo(l->loop, &r->req, on_resolved, l->url.host, l->url.port, &hints);
    if (!code) return;
    l->resolver = NULL;
    free(r);
  }
  fail(l, "out of memory");
}

/* --- the link --- */

wy_redis_link *wy_redis_link_new(uv_loop_t *loop, wy_redis_url *url, const char *script,
                                 const wy_redis_events *events) {
  wy_redis_link *l = calloc(1, sizeof *l);
  if (!l) return NULL;
  l->loop = loop;
  l->url = *url;
  *url = (wy_redis_url){0};
  l->script = script;
  l->events = *events;
  l->again = WY_REDIS_AGAIN_MS;
  l->seed = uv_hrtime() ^ (uint64_t)(uintptr_t)l;
  wy_buf_init(&l->out, OUT_MAX);
  uv_timer_init(loop, &l->timer);
  l->timer.data = l;
  return l;
}

void wy_redis_link_start(wy_redis_link *l) { attempt(l); }

static void on_timer_closed(uv_handle_t *handle) {
  wy_redis_link *l = handle->data;
  wy_redis_url_deinit(&l->url);
  wy_buf_deinit(&l->out);
  free(l);
}

void wy_redis_link_close(wy_redis_link *l) {
  hang_up(l);
  l->state = CLOSED;
  uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}

const char *wy_redis_link_sha(const wy_redis_link *l) { return l->sha; }
