/* client: HTTP calls on a loop, by libcurl. One client per loop; until the first call it is a few
 * words of memory. It keeps connections for the next call, holds every limit and deadline, follows
 * redirects itself, and asks a guard about each address before anything is sent to it.
 *
 * TLS certificates are verified, always. No proxy of the environment is used. Names are resolved on
 * libcurl's threads; everything else happens on the loop's. */
#ifndef WY_NET_CLIENT_H
#define WY_NET_CLIENT_H

#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "net/guard.h"

typedef struct wy_client wy_client;
typedef struct wy_transfer wy_transfer;

/* Why a call has failed. One row: name in code, code in Lua and logs, text. */
#define WY_FETCHES(X)                                                                      \
  X(BUSY, "http.busy", "too many calls at a time")                                         \
  X(TIMEOUT, "http.timeout", "no answer in time")                                          \
  X(DENIED, "http.denied", "this address is not open to plugins")                          \
  X(RESOLVE, "http.resolve", "no such host")                                               \
  X(CONNECT, "http.connect", "cannot connect")                                             \
  X(TLS, "http.tls", "the TLS certificate or handshake is refused")                        \
  X(LARGE, "http.large", "the answer is too large")                                        \
  X(PROTOCOL, "http.protocol", "the answer is not what HTTP allows")                       \
  X(ABORTED, "http.aborted", "the connection broke in the middle")                         \
  X(REDIRECTS, "http.redirects", "too many redirects")                                     \
  X(URL, "http.url", "this is not an http or https URL")                                   \
  X(FILE, "http.file", "a file cannot be read or written")                                 \
  X(RESOLVER, "http.resolver", "libcurl was built without a resolver that does not block") \
  X(NOMEM, "http.memory", "out of memory")

typedef enum wy_fetch {
  WY_FETCH_OK,
#define X(name, code, text) WY_FETCH_##name,
  WY_FETCHES(X)
#undef X
      WY_FETCH_END
} wy_fetch;

const char *wy_fetch_code(wy_fetch f); /* "http.timeout" */
const char *wy_fetch_text(wy_fetch f); /* one English sentence */

/* All cells are the loop's thread to write. */
typedef struct wy_client_stats {
  uint64_t calls;     /* that have ended, failed ones and redirects among them */
  uint64_t connected; /* connections that were made for them */
  uint64_t active;    /* calls that are under way */
  uint64_t failed[WY_FETCH_END];
} wy_client_stats;

typedef struct wy_client_limits {
  unsigned calls;       /* at a time; more are refused with BUSY */
  unsigned connections; /* open at a time, idle ones among them */
  unsigned per_host;    /* of these to one host; more calls wait for one */
} wy_client_limits;

extern const wy_client_limits wy_client_default_limits;

/* clock: a real one that this loop drives; NULL: it makes its own. */
int wy_client_new(wy_client **out, uv_loop_t *loop, wy_clock *clock);

/* Calls that are under way end, and nobody is told. Closes what it has on the loop. */
void wy_client_close(wy_client *c);
void wy_client_free(wy_client *c); /* after close and the loop's turn, and after all transfers */

void wy_client_limit(wy_client *c, const wy_client_limits *limits);
const wy_client_stats *wy_client_stats_of(const wy_client *c);

/* --- one call --- */

typedef struct wy_transfer_options {
  uint64_t timeout_ms, connect_ms; /* of everything, redirects included; of a connection */
  size_t max;                      /* bytes of the decoded body */
  size_t memory; /* the same of what stays in memory: of a body that is saved, when it is not */
  unsigned redirects; /* that are followed */
  bool guarded;
  wy_guard *guard; /* of a guarded one; NULL: nothing is opened. Outlives the transfer */
  const char *ca;  /* a file of certificates instead of the system's; NULL. Outlives it, too */
} wy_transfer_options;

/* What became of it; valid as long as the transfer. */
typedef struct wy_transfer_result {
  wy_fetch fetch;
  long status;
  wy_str head; /* of the last answer: "Name: value\r\n"… */
  wy_str body;
  wy_str url;         /* of the last hop; p NULL: there was one only */
  const char *detail; /* of a failure: more about it, "" */
  const char *host;   /* of the last hop */
  const char *denied; /* the class of the address or scheme that was refused; NULL. A scheme
                       * is a failure URL of the first hop */
  bool of_url;        /* of a failure URL: the URL itself is wrong, no header and no redirect */
  bool sent;          /* of a failure: something may have reached the server */
  bool saved;         /* the body is in its file */
  uint64_t size;      /* bytes of the body, also where it went to a file */
  uint64_t ms;
} wy_transfer_result;

wy_transfer *wy_transfer_new(wy_client *c); /* NULL: no memory. c NULL: it is checked, never sent */
void wy_transfer_free(wy_transfer *t);      /* ends it silently when it is under way */

/* These say WY_FETCH_OK, NOMEM, URL or FILE. A header with a line break is refused as URL; what
 * is wrong is the result's detail. */
wy_fetch wy_transfer_method(wy_transfer *t, wy_str method); /* letters; GET by default */
wy_fetch wy_transfer_header(wy_transfer *t, wy_str name, wy_str value);
wy_fetch wy_transfer_data(wy_transfer *t, wy_str bytes); /* one more piece of the body: copied */
wy_fetch wy_transfer_file(wy_transfer *t, const char *path); /* likewise, the file as it is now */
wy_fetch wy_transfer_save(wy_transfer *t, const char *path); /* where the answer's body goes */
/* The same of the URL, which start looks at by itself. */
wy_fetch wy_transfer_check(wy_transfer *t, wy_str url, const wy_transfer_options *options);
/* It is not begun, as one of these has said so: counted as failed, and its result says why. */
void wy_transfer_refuse(wy_transfer *t, wy_fetch why);

/* Begins. OK: `done` is called later from the loop, once, unless the transfer is freed before; else
 * why it cannot, which counts as failed. */
wy_fetch wy_transfer_start(wy_transfer *t, wy_str url, const wy_transfer_options *options,
                           void (*done)(wy_transfer *t, void *data), void *data);
void wy_transfer_result_of(const wy_transfer *t, wy_transfer_result *out);

#endif
