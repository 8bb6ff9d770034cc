/* http: an HTTP/1.1 server on a loop. It frames requests (llhttp in strict mode and what strict
 * mode still lets through), holds every limit and deadline, keeps answers in order, and knows
 * nothing of what is served. Single-threaded: everything happens on the loop's thread. */
#ifndef WY_NET_HTTP_H
#define WY_NET_HTTP_H

#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/peer.h"

typedef struct wy_http wy_http;
typedef struct wy_http_req wy_http_req;

typedef struct wy_http_limits {
  /* ms */
  uint64_t header_time; /* first byte to the end of the head */
  uint64_t body_time;   /* end of the head to the end of the body, plus what body_rate grants */
  uint64_t idle;        /* between two requests */
  uint64_t write_stall; /* no byte taken by the client */
  /* bytes */
  size_t body_rate;      /* per second, once body_time is used up */
  size_t target, header; /* request target; header block with trailers */
  size_t chunk_overhead; /* chunk framing of one request */
  size_t write_queue;    /* answers waiting for a slow client: above it, reading stops */
  /* counts */
  size_t fields;      /* header fields */
  size_t pipeline;    /* requests waiting for their answers: at it, reading stops */
  size_t connections; /* in all */
  size_t per_address; /* of one client address; loopback is exempt */
} wy_http_limits;

extern const wy_http_limits wy_http_default_limits;

typedef enum wy_method {
  WY_GET = 1,
  WY_HEAD = 2,
  WY_POST = 4,
  WY_PUT = 8,
  WY_PATCH = 16,
  WY_DELETE = 32,
  WY_OPTIONS = 64
} wy_method;

typedef struct wy_http_handlers {
  /* The head is complete and well-formed: decide before a byte of the body is taken. Returns 0 and
   * sets body_max (bytes), or an HTTP status to refuse with; then wy_http_req_set_err names the
   * fault for the log. */
  int (*on_head)(void *data, wy_http_req *req, size_t *body_max);
  /* The request is complete. It must be answered once, now or later, by wy_http_respond; it is
   * valid until then, even when its client has gone. */
  void (*on_request)(void *data, wy_http_req *req);
} wy_http_handlers;

int wy_http_new(wy_http **out, uv_loop_t *loop, wy_clock *clock, const wy_log *log,
                const wy_http_limits *limits, const wy_http_handlers *handlers, void *data);

/* A network of proxies in front: exempt from per_address, and their X-Forwarded-For is believed.
 * address: IPv4 or IPv6 as text; prefix: bits. 0, WY_E_ARG or WY_E_NOMEM. */
int wy_http_trust(wy_http *h, const char *address, unsigned prefix);

/* Listens on an IPv4 or IPv6 address; port 0 picks one. *bound (may be NULL) is the port.
 * 0 or a uv error. */
int wy_http_listen(wy_http *h, const char *address, int port, int *bound);

/* Listens on a bound socket, which it takes over in any case. 0 or a uv error. */
int wy_http_listen_on(wy_http *h, int fd);

/* Stands by for another server, whose loop may come late: a copy of its listening socket is kept,
 * and connections are accepted from it as long as this one stands in, which may be said again and
 * again. Copies are closed with this one's own listeners. 0 or a uv error; fd stays the caller's.
 */
int wy_http_stand_by(wy_http *h, int fd);
void wy_http_stand_in(wy_http *h, bool on);

/* Closes the listeners and reads nothing more from idle connections, for another server that takes
 * over; wy_http_resume reads again, and wy_http_listen_on may follow. Requests in flight go on. */
void wy_http_pause(wy_http *h);
void wy_http_resume(wy_http *h);

/* Gives idle connections to another server: `give` duplicates the descriptor or sends it away, and
 * says whether it did; then the connection is forgotten here, not ended. */
void wy_http_give(wy_http *h, bool (*give)(void *data, int fd), void *data);

/* Takes over a connection that another server gave away. 0 or a uv error; fd is gone in any case.
 */
int wy_http_adopt(wy_http *h, int fd);

/* Refuses what is new, closes idle connections, lets requests in flight finish; `stopped` is called
 * when the last connection is gone. wy_http_kill closes them all now. */
void wy_http_stop(wy_http *h, void (*stopped)(void *data));
void wy_http_kill(wy_http *h);
void wy_http_free(wy_http *h); /* after stopped, before the clock */
size_t wy_http_connections(const wy_http *h);
size_t wy_http_unanswered(
    const wy_http *h); /* requests that are with their handler, of clients that wait */

/* --- a request --- */

wy_method wy_http_req_method(const wy_http_req *req);
uint64_t wy_http_req_since(const wy_http_req *req); /* when it began, ms on the server's clock */
const char *wy_http_method_name(wy_method method);  /* "GET"; "": it is none */
wy_str wy_http_req_host(
    const wy_http_req *req); /* without port, as sent; empty for HTTP/1.0 without Host */
wy_str wy_http_req_path(const wy_http_req *req);   /* percent-decoded, begins with '/' */
wy_str wy_http_req_target(const wy_http_req *req); /* as sent, with its query */
wy_str wy_http_req_query(const wy_http_req *req);  /* as sent, without '?' */
wy_str wy_http_req_body(const wy_http_req *req);
wy_str wy_http_req_header(const wy_http_req *req, wy_str name); /* first one; p NULL: absent */
bool wy_http_req_gone(const wy_http_req *req); /* nobody waits for the answer any more */
/* The same, as far as it can be told of one whose client says no more: most have closed, as WeChat
 * does when it gives up; some only end their side. An answer is sent all the same. */
bool wy_http_req_left(const wy_http_req *req);

/* Whatever the owner of the handlers wants to keep with the request, from on_head on. */
void wy_http_req_set_data(wy_http_req *req, void *data);
void *wy_http_req_data(const wy_http_req *req);

/* Where the body goes as it comes, instead of being kept: to be set in on_head. */
typedef struct wy_http_sink {
  int (*bytes)(void *data, wy_str bytes); /* 0, or the error to refuse the request with */
  int (*end)(void *data);                 /* that was all: likewise */
  void (*drop)(void *data);               /* the request is gone */
} wy_http_sink;

void wy_http_req_set_sink(wy_http_req *req, const wy_http_sink *sink, void *data);
void *wy_http_req_sink(const wy_http_req *req); /* its data; NULL: none */

/* Every field of the head in turn: i from 0; false: there are no more. */
bool wy_http_req_field(const wy_http_req *req, size_t i, wy_str *name, wy_str *value);

/* It came by a proxy of ours; and who is its client, that one's own or as the proxy says. */
bool wy_http_req_proxied(const wy_http_req *req);
void wy_http_req_client(const wy_http_req *req, wy_ip *client);

/* Appends peer=, client= (who stands behind a proxy of ours), conn= and req= to a log line. */
void wy_http_req_log(const wy_http_req *req, wy_line *line);
void wy_http_req_set_err(wy_http_req *req, int err);
void wy_http_req_set_allow(wy_http_req *req, unsigned methods); /* for a 405: sum of wy_method */

typedef struct wy_http_answer {
  int status;
  const char *content_type; /* NULL: none */
  const char *headers;      /* more fields, each "Name: value\r\n"; or NULL */
  wy_str body;              /* copied */
} wy_http_answer;

/* Answers and ends the request: req is gone for the caller. */
void wy_http_respond(wy_http_req *req, const wy_http_answer *answer);

/* The same with n bytes of a file, which is taken over and read as the client takes them. */
void wy_http_respond_file(wy_http_req *req, const wy_http_answer *answer, int fd, uint64_t from,
                          uint64_t n);

/* --- an answer in pieces, which leave as the client takes them --- */

typedef struct wy_http_stream {
  void (*room)(void *data); /* after a write that was told to wait: more may follow */
  /* the client has left, or was too slow; wy_http_stream_end is due. Never from within begin, write
   * or pause: wy_http_req_gone tells after these. */
  void (*gone)(void *data);
} wy_http_stream;

#define WY_HTTP_UNKNOWN UINT64_MAX

/* Sends the head of the answer; its body is ignored. length: bytes to come, or WY_HTTP_UNKNOWN. The
 * request stays the caller's until wy_http_stream_end. 0, or WY_E_NOMEM: nothing was sent. */
int wy_http_stream_begin(wy_http_req *req, const wy_http_answer *answer, uint64_t length,
                         const wy_http_stream *calls, void *data);

/* Another stream of its connection goes before it, and has not ended. */
bool wy_http_stream_waits(const wy_http_req *req);

/* No body is wanted, as for HEAD: what is written goes nowhere. */
bool wy_http_stream_is_mute(const wy_http_req *req);

typedef enum wy_http_told {
  WY_HTTP_MORE, /* may follow at once */
  WY_HTTP_WAIT, /* for `room`, or `gone` */
  WY_HTTP_GONE  /* nobody reads it: `gone` was called before, or will not be */
} wy_http_told;

wy_http_told wy_http_stream_write(wy_http_req *req, wy_str bytes);

/* `room` in the next turn of the loop, for who has much to write and others to think of. */
void wy_http_stream_pause(wy_http_req *req);

/* whole: else the client is to see that something is missing. req is gone for the caller. */
void wy_http_stream_end(wy_http_req *req, bool whole);

/* Ends the request by closing its connection, so that the client tries again; req is gone for the
 * caller. */
void wy_http_abandon(wy_http_req *req);

#endif
