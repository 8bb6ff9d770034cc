/* What client.c, the parts of transfer.c and payload.c share. Nobody else includes this. */
#ifndef WY_NET_CLIENT_IMPL_H
#define WY_NET_CLIENT_IMPL_H

#include <curl/curl.h>

#include "base/list.h"
#include "net/client.h"
#include "net/tick.h"

enum { HEAD_BYTES = 65536, URL_BYTES = 65536, SPARE = 32 /* transfers kept for the next calls */ };

/* One piece of a body that is sent. */
typedef struct piece {
  char *bytes; /* NULL: of a file */
  int fd;
  uint64_t n;
} piece;

typedef struct payload {
  piece *pieces;
  size_t n;
  uint64_t total;
  size_t at;     /* piece that is read */
  uint64_t from; /* byte of it */
  bool changed;  /* a file became shorter meanwhile */
} payload;

/* A socket of libcurl's, by its descriptor. The watching goes on between two calls on one
 * connection: it costs two system calls to begin anew. */
typedef struct sock {
  uv_poll_t poll;
  wy_client *client;
  int fd;
  int events;  /* watched */
  bool wanted; /* by libcurl */
  bool ours;   /* closed by on_close_socket; else libcurl closes it by itself */
} sock;

struct wy_client {
  uv_loop_t *loop;
  wy_clock *clock, own_clock;
  wy_tick tick;
  bool unusable; /* libcurl would block while it looks names up */
  bool ticking, closed;
  bool wanted; /* libcurl wants to be called at due */
  bool owes;   /* somebody has ended and was not told yet */
  uint64_t due;
  CURLM *multi;
  wy_timer timer; /* libcurl's, or what has ended is to be looked at */
  sock **socks;   /* by descriptor */
  size_t n_socks;
  wy_list active;
  wy_list spare;
  size_t n_spare;
  int running, n_running; /* transfers that libcurl says are not done; that it has */
  wy_client_limits limits;
  wy_client_stats stats;
};

struct wy_transfer {
  wy_list link; /* in client->active, client->spare */
  wy_client *client;
  CURL *easy;
  CURLU *url; /* of the last hop; NULL: there was none yet */
  struct curl_slist *headers;
  payload payload;
  wy_transfer_options options;
  void (*done)(wy_transfer *t, void *data);
  void *data;
  wy_timer deadline;
  uint64_t began, ended;
  wy_buf head, body;
  uint64_t size;
  char *method, *host, *path, *temporary;
  char *url_text; /* that url was made of, and host with it; NULL: of another */
  char *last_url; /* when there was another before */
  int out;        /* of path; -1 */
  long status;
  unsigned hops;
  wy_fetch fetch, fault; /* fault: found in a callback */
  const char *denied;
  bool running; /* in the multi */
  bool open;    /* the guard has nothing to say */
  bool aimed;   /* host is of this call, not of one before */
  bool of_url;  /* the URL that was given is wrong */
  bool sent, drop_body, has_type, saved;
  bool plain;                   /* easy has no method, body or header but a GET's */
  int why;                      /* errno of a file that could not be written */
  char *ca;                     /* that easy has */
  uint64_t connect_ms;          /* likewise */
  char detail[CURL_ERROR_SIZE]; /* libcurl's */
  char note[CURL_ERROR_SIZE];   /* our own */
};

/* client.c */
int wy_client_begin(wy_client *c);                    /* the multi, at the first call */
wy_fetch wy_client_add(wy_client *c, wy_transfer *t); /* to what libcurl does */
void wy_client_remove(wy_client *c, wy_transfer *t);
curl_socket_t wy_client_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *a);
int wy_client_close_socket(void *data, curl_socket_t fd);

/* transfer.c */
void wy_transfer_ended(wy_transfer *t, CURLcode code); /* libcurl is done with it */
void wy_transfer_destroy(wy_transfer *t);

bool wy_transfer_is_redirect(long status);
void wy_transfer_say(wy_transfer *t, const char *text); /* what is wrong */

/* transfer_url.c */
wy_fetch wy_transfer_set_first_url(wy_transfer *t, wy_str url);
wy_fetch wy_transfer_set_url(wy_transfer *t, const char *url);

/* transfer_write.c */
bool wy_transfer_is(const wy_transfer *t, const char *method);
wy_fetch wy_transfer_set_request(wy_transfer *t);
void wy_transfer_drop_headers(wy_transfer *t);
/* scheme://host:port of where it goes, to be freed; NULL: nowhere, or no memory. */
char *wy_transfer_origin(const wy_transfer *t);

/* transfer_read.c */
size_t wy_transfer_on_body(char *p, size_t size, size_t n, void *transfer);
size_t wy_transfer_on_head(char *p, size_t size, size_t n, void *transfer);
wy_str wy_transfer_value_of(wy_str line, const char *name); /* p NULL: it is another header */
wy_fetch wy_transfer_file_fault(wy_transfer *t, const char *path, int why);
void wy_transfer_forget_file(wy_transfer *t);
wy_fetch wy_transfer_keep_file(wy_transfer *t); /* what was saved has its name */

/* payload.c */
int wy_payload_bytes(payload *p, wy_str bytes);    /* 0 or -1: no memory */
int wy_payload_file(payload *p, const char *path); /* 0 or -1 and errno */
size_t wy_payload_read(char *to, size_t size, size_t n, void *payload);
int wy_payload_seek(void *payload, curl_off_t offset, int origin);
void wy_payload_clear(payload *p);

#endif
