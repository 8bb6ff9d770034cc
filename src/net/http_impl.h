/* What http.c (connections), http_parse.c (bytes to requests), http_write.c (answers to bytes) and
 * http_stand_in.c (others' listeners) share. Nobody else includes this. */
#ifndef WY_NET_HTTP_IMPL_H
#define WY_NET_HTTP_IMPL_H

#include <llhttp.h>

#include "base/list.h"
#include "base/ration.h"
#include "net/http.h"
#include "net/peer.h"

enum {
  READ_BYTES = 65536,
  STREAM_BYTES = 65536, /* of an answer in pieces that wait for the client, at most, about */
  POOL = 64,            /* requests kept for reuse */
  POOL_BYTES = 4096,    /* a buffer that grew beyond this is not kept */
  LINGER_MS = 1000,     /* after the last answer: time for the client to read it */
  LINGER_BYTES = 65536, /* and what is still read and thrown away meanwhile */
  BLANK_BYTES = 8,      /* CR and LF tolerated before a request line */
  LINE_EXTRA = 64,      /* a request line beside its target: method, version, blanks */
  TRAILER_NAME = 24     /* longer than any name that is refused there */
};

typedef struct wy_http_conn wy_http_conn;

typedef struct field {
  uint32_t name, name_n, value, value_n; /* offsets into req->head */
} field;

struct wy_http_req {
  wy_list link; /* in conn->pipeline, or in the pool */
  wy_http *http;
  wy_http_conn *conn; /* NULL: the client has gone */
  uint64_t conn_id, number;
  uint64_t since; /* its first byte, on the clock */
  wy_ip peer;
  int port;
  wy_buf head; /* target, then names and values, then the decoded path */
  wy_buf body;
  wy_buf out; /* the answer, while earlier requests are unanswered */
  field *fields;
  size_t n_fields, cap_fields;
  size_t target_n;
  wy_str host, path, query; /* set once the head no longer grows */
  wy_method method;
  unsigned allow; /* methods that a 405 names */
  void *data;
  int err;
  bool keep_alive, answered, expects, http10;
  size_t body_n; /* bytes of the body so far, wherever they went */
  const wy_http_sink *sink;
  void *sink_data;
  /* an answer in pieces: http_stream.c */
  const wy_http_stream *stream; /* NULL: it is none */
  void *stream_data;
  uint64_t left;    /* bytes to come; WY_HTTP_UNKNOWN */
  bool chunked;     /* so they leave */
  bool mute;        /* no body is wanted */
  bool full;        /* the writer waits for room */
  bool busy;        /* the writer is in a call of http_stream.c: it sees by itself what happens */
  bool until_close; /* the end of the connection is the end of the answer, or of a part of it */
};

typedef enum phase {
  PHASE_IDLE,    /* between requests */
  PHASE_HEAD,    /* request line and header block */
  PHASE_BODY,    /* Content-Length bytes */
  PHASE_CHUNKS,  /* chunked body up to its last chunk */
  PHASE_TRAILER, /* what follows the last chunk */
  PHASE_LINGER,  /* answered for the last time; input is thrown away */
  PHASE_CLOSED
} phase;

struct wy_http_conn {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
  } uv;
  wy_list link; /* in http->conns */
  wy_http *http;
  uint64_t id, n_requests;
  llhttp_t parser;
  phase phase;
  bool closing;     /* no further request will be parsed */
  bool eof;         /* the client has sent all it will */
  bool feeding;     /* inside wy_http_feed */
  bool reading;     /* uv_read_start is on */
  bool shut;        /* uv_shutdown was asked for */
  bool cut;         /* what was sent last ends with the connection: nothing may follow */
  wy_http_req *in;  /* being parsed */
  wy_list pipeline; /* complete, in order, not all answered */
  size_t n_pipeline;
  wy_buf rest; /* bytes read but not parsed: the pipeline or the write queue is full */
  /* the shape of lines, beside llhttp */
  size_t line_n, line_no, head_n, blank, overhead;
  char tail[10];              /* the last bytes of the request line */
  char trailer[TRAILER_NAME]; /* name of the one being read */
  size_t trailer_n, n_trailers;
  bool cr, headers_done, message_done, last_chunk, upgrade, keep_alive;
  int err;            /* why a callback stopped llhttp */
  uint64_t remaining; /* of a Content-Length body */
  size_t lingered;
  /* deadlines on the real clock, 0: none */
  wy_timer timer;
  wy_timer more; /* armed with 0: bytes that waited are parsed as soon as the answer has left */
  uint64_t phase_since, phase_due, write_due;
  size_t write_left; /* wy_http_unsent when write_due was set */
  wy_ip peer;
  int port;
  wy_ip_count *count; /* of its address; NULL: exempt */
};

typedef struct listener {
  uv_tcp_t tcp;
  wy_list link;
  wy_http *http;
} listener;

struct wy_http {
  uv_loop_t *loop;
  wy_clock *clock;
  const wy_log *log;
  wy_ration ration; /* of what strangers cause */
  wy_http_limits limits;
  wy_http_handlers on;
  void *data;
  llhttp_settings_t settings;
  wy_list listeners, conns, pool;
  wy_list copies;  /* of others' listeners: http_stand_in.c */
  wy_list orphans; /* requests whose client has gone before their answer */
  size_t n_conns, n_pool;
  wy_http_conn *spare; /* accepts, to close at once, when there is no memory for another */
  uint64_t next_conn;
  wy_ip_counts counts;
  wy_nets proxies;
  bool stopping;
  void (*stopped)(void *data);
  wy_http_conn *corked; /* its answers gather in out until its bytes are parsed */
  wy_buf out;
  int64_t date_s;
  char date[40];
  char rbuf[READ_BYTES]; /* one for all connections: an idle one holds none */
};

/* http.c */
void wy_http_close(wy_http_conn *c);
void wy_http_rearm(wy_http_conn *c); /* after phase_due or write_due moved */
bool wy_http_is_deaf(const wy_http_conn *c);
void wy_http_start_reading(wy_http_conn *c);
void wy_http_stop_reading(wy_http_conn *c);
wy_http_req *wy_http_req_take(wy_http_conn *c);
void wy_http_req_drop(wy_http_req *req);
void wy_http_allow_field(const wy_http_req *req, char *out, size_t n);
void wy_http_log_refusal(wy_http_req *req, int status, int err, const char *reason);
void wy_http_maybe_stopped(wy_http *h); /* something was closed: was it the last? */

/* http_stand_in.c */
void wy_http_close_copies(wy_http *h);

/* http_parse.c */
void wy_http_parse_init(wy_http *h);
void wy_http_feed(wy_http_conn *c, const char *p, size_t n);
/* Answers what is being parsed with an error, and ends the connection after it. */
void wy_http_refuse(wy_http_conn *c, int status, int err, const char *reason);
int wy_http_status_of(int err);

/* http_write.c */
/* Status line and fields. length: bytes of the body, or WY_HTTP_UNKNOWN; body: which follows. */
int wy_http_write_head(const wy_http_req *req, const wy_http_answer *a, uint64_t length,
                       wy_str body, wy_buf *out);
void wy_http_send(wy_http_conn *c, wy_buf *out); /* now, or with what gathers; out is empty then */
void wy_http_leave(wy_http_req *req);   /* the last of its answer stands in out, or was sent */
void wy_http_parting(wy_http_req *req); /* before its head: is it the connection's last? */
size_t wy_http_unsent(const wy_http_conn *c); /* bytes that the client has not taken */
bool wy_http_blocked(const wy_http_conn *c);  /* the pipeline or the write queue is full */
void wy_http_cork(wy_http_conn *c);
void wy_http_uncork(wy_http_conn *c); /* sends what gathered, and shuts down when all is said */
void wy_http_write_continue(wy_http_conn *c);
void wy_http_on_more(wy_timer *timer);

/* http_stream.c */
void wy_http_stream_turn(wy_http_req *req);    /* it is the first of its pipeline now */
void wy_http_stream_room(wy_http_conn *c);     /* bytes were taken */
void wy_http_stream_uncorked(wy_http_conn *c); /* what gathered was sent */
void wy_http_stream_lost(wy_http_req *req);    /* its connection has gone */

#endif
