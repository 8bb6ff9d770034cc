/* One call: how it is made, begins, follows redirects and ends. What it sends, what comes back and
 * where it goes are transfer_write.c, transfer_read.c and transfer_url.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "net/client_impl.h"

enum { KEPT_BYTES = 65536 /* a buffer that is larger goes with its call */ };

bool wy_transfer_is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void wy_transfer_say(wy_transfer *t, const char *text) {
  snprintf(t->note, sizeof t->note, "%s", text);
}

/* The connection is there, a new one or one that was kept: for whom it was made once is unknown. */
static int on_connected(void *data, char *address, char *local, int port, int local_port) {
  wy_transfer *t = data;
  (void)local, (void)port, (void)local_port;
  if (!t->open && (t->denied = wy_guard_refuses_text(t->options.guard, address)) != NULL)
    return CURL_PREREQFUNC_ABORT;
  /* libcurl sends anew what got no answer on a kept connection; the server may have done it already
   */
  if (t->sent && (wy_transfer_is(t, "POST") || wy_transfer_is(t, "PATCH"))) {
    t->fault = WY_FETCH_ABORTED;
    return CURL_PREREQFUNC_ABORT;
  }
  t->sent = true;
  return CURL_PREREQFUNC_OK;
}

/* --- making one --- */

static void on_deadline(wy_timer *timer);

static bool set_up(wy_transfer *t) {
  CURL *e = t->easy;
#define SET(option, value) (curl_easy_setopt(e, CURLOPT_##option, value) == CURLE_OK)
  bool ok = SET(NOSIGNAL, 1L) && SET(PROTOCOLS_STR, "http,https") && SET(PROXY, "") &&
            SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(FOLLOWLOCATION, 0L) &&
            SET(ACCEPT_ENCODING, "gzip, deflate") && SET(USERAGENT, "weiyue") &&
            SET(WRITEFUNCTION, wy_transfer_on_body) && SET(WRITEDATA, t) &&
            SET(HEADERFUNCTION, wy_transfer_on_head) && SET(HEADERDATA, t) &&
            SET(READFUNCTION, wy_payload_read) && SET(READDATA, &t->payload) &&
            SET(SEEKFUNCTION, wy_payload_seek) && SET(SEEKDATA, &t->payload) &&
            SET(OPENSOCKETFUNCTION, wy_client_open_socket) && SET(OPENSOCKETDATA, t) &&
            SET(CLOSESOCKETFUNCTION, wy_client_close_socket) && SET(CLOSESOCKETDATA, t->client) &&
            SET(PREREQFUNCTION, on_connected) && SET(PREREQDATA, t) &&
            SET(ERRORBUFFER, t->detail) && SET(PRIVATE, t) && SET(SSL_VERIFYPEER, 1L) &&
            SET(SSL_VERIFYHOST, 2L) && SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* a call that ends while its name is looked up waits for that otherwise, and the loop with it */
  ok = ok && SET(QUICK_EXIT, 1L);
#endif
  return ok;
#undef SET
}

wy_transfer *wy_transfer_new(wy_client *c) {
  if (c && wy_client_begin(c)) return NULL;
  wy_list *node = c ? wy_list_shift(&c->spare) : NULL;
  if (node) {
    c->n_spare--;
    return wy_container_of(node, wy_transfer, link);
  }
  wy_transfer *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  wy_list_init(&t->link);
  wy_timer_init(&t->deadline, on_deadline);
  wy_buf_init(&t->head, HEAD_BYTES);
  wy_buf_init(&t->body, SIZE_MAX / 2);
  t->client = c;
  t->out = -1;
  t->plain = true;
  if (!c) return t;
  t->easy = curl_easy_init();
  if (t->easy && set_up(t)) return t;
  wy_transfer_destroy(t);
  return NULL;
}

void wy_transfer_destroy(wy_transfer *t) {
  curl_easy_cleanup(t->easy);
  curl_url_cleanup(t->url);
  curl_slist_free_all(t->headers);
  wy_payload_clear(&t->payload);
  wy_buf_deinit(&t->head);
  wy_buf_deinit(&t->body);
  free(t->method);
  curl_free(t->host);
  curl_free(t->last_url);
  free(t->url_text);
  free(t->ca);
  free(t);
}

static void clear(wy_buf *b) {
  if (b->cap > KEPT_BYTES || b->failed) wy_buf_deinit(b);
  else wy_buf_clear(b);
}

void wy_transfer_free(wy_transfer *t) {
  if (!t) return;
  wy_client *c = t->client;
  if (c && !wy_list_empty(&t->link) && !c->closed) {
    wy_client_remove(c, t);
    wy_timer_stop(c->clock, &t->deadline);
    wy_list_remove(&t->link);
    wy_metric_set(&c->stats.active, wy_metric_get(&c->stats.active) - 1);
  }
  wy_transfer_forget_file(t);
  if (!c || c->closed || c->n_spare >= SPARE) {
    wy_transfer_destroy(t);
    return;
  }
  wy_payload_clear(&t->payload);
  clear(&t->head);
  clear(&t->body);
  curl_slist_free_all(t->headers);
  free(t->method);
  curl_free(t->last_url);
  t->headers = NULL;
  t->method = t->last_url = NULL;
  t->status = 0;
  t->size = t->hops = 0;
  t->fetch = t->fault = WY_FETCH_OK;
  t->denied = NULL;
  t->sent = t->drop_body = t->has_type = t->saved = t->aimed = t->of_url = false;
  t->why = 0;
  t->detail[0] = t->note[0] = '\0';
  c->n_spare++;
  wy_list_push(c->spare.next, &t->link); /* the last is the first again: it is warm */
}

/* --- beginning --- */

static void end(wy_transfer *t, wy_fetch f);

static void on_deadline(wy_timer *timer) {
  wy_transfer *t = wy_container_of(timer, wy_transfer, deadline);
  wy_client_remove(t->client, t);
  end(t, WY_FETCH_TIMEOUT);
}

static void count(wy_client *c, wy_fetch f) {
  wy_metric_add(&c->stats.calls, 1);
  if (f) wy_metric_add(&c->stats.failed[f], 1);
}

static wy_fetch begin(wy_transfer *t, wy_str url) {
  wy_client *c = t->client;
  if (c->unusable) t->fetch = WY_FETCH_RESOLVER;
  else if (wy_metric_get(&c->stats.active) >= c->limits.calls) t->fetch = WY_FETCH_BUSY;
  else t->fetch = wy_transfer_set_first_url(t, url);
  if (!t->fetch) t->fetch = wy_transfer_set_request(t);
  if (t->fetch) return t->fetch;
  if (c->ticking) uv_update_time(c->loop); /* it may have stood still for long */
  t->began = wy_clock_now_ms(c->clock);
  if (wy_timer_start(c->clock, &t->deadline, t->options.timeout_ms)) return WY_FETCH_NOMEM;
  wy_fetch f = wy_client_add(c, t);
  if (f) wy_timer_stop(c->clock, &t->deadline);
  return f;
}

void wy_transfer_refuse(wy_transfer *t, wy_fetch why) {
  t->fetch = why;
  t->began = t->ended = 0;
  if (t->client) count(t->client, why);
}

wy_fetch wy_transfer_check(wy_transfer *t, wy_str url, const wy_transfer_options *options) {
  t->options = *options;
  return wy_transfer_set_first_url(t, url);
}

wy_fetch wy_transfer_start(wy_transfer *t, wy_str url, const wy_transfer_options *options,
                           void (*done)(wy_transfer *t, void *data), void *data) {
  wy_client *c = t->client;
  t->options = *options;
  t->done = done;
  t->data = data;
  t->began = t->ended = 0;
  wy_fetch f = t->fetch = begin(t, url);
  if (f) {
    count(c, f);
    return f;
  }
  wy_list_push(&c->active, &t->link);
  wy_metric_add(&c->stats.active, 1);
  return WY_FETCH_OK;
}

/* --- ending --- */

/* The next hop has begun. */
static bool follow(wy_transfer *t) {
  char *to = NULL, *before = wy_transfer_origin(t);
  if (!wy_transfer_is_redirect(t->status) || !t->options.redirects) goto no;
  if (curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to) || !to) goto no;
  if (t->hops == t->options.redirects) {
    t->fault = WY_FETCH_REDIRECTS;
    goto no;
  }
  char *next = strdup(to); /* it goes with the next one */
  t->hops++;
  t->fault = next ? wy_transfer_set_url(t, next) : WY_FETCH_NOMEM;
  free(next);
  if (t->fault) goto no;
  bool see_other = t->status == 303 && !wy_transfer_is(t, "HEAD");
  if (see_other || (wy_transfer_is(t, "POST") && t->status <= 302)) {
    free(t->method);
    t->method = NULL;
    wy_payload_clear(&t->payload);
    t->has_type = true; /* nothing is said of a body any more */
  }
  char *origin = wy_transfer_origin(t);
  if (!before || !origin || strcasecmp(before, origin) != 0) wy_transfer_drop_headers(t);
  free(origin);
  if (wy_payload_seek(&t->payload, 0, SEEK_SET)) goto no;
  clear(&t->head);
  t->sent = t->drop_body = false;
  t->plain = false;
  t->fault = wy_transfer_set_request(t);
  if (!t->fault) t->fault = wy_client_add(t->client, t);
no:
  free(before);
  return t->running;
}

static wy_fetch kind_of(const wy_transfer *t, CURLcode code) {
  if (t->fault) return t->fault;
  if (code && t->denied) return WY_FETCH_DENIED;
  if (t->payload.changed) return WY_FETCH_FILE;
  switch (code) {
    case CURLE_OK: return WY_FETCH_OK;
    case CURLE_OUT_OF_MEMORY: return WY_FETCH_NOMEM;
    case CURLE_URL_MALFORMAT: return WY_FETCH_URL;
    case CURLE_COULDNT_RESOLVE_HOST: return WY_FETCH_RESOLVE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT: return WY_FETCH_CONNECT; /* libcurl times that alone */
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return WY_FETCH_TLS;
    case CURLE_FILESIZE_EXCEEDED: return WY_FETCH_LARGE;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_RECV_ERROR: return WY_FETCH_ABORTED;
    default: return WY_FETCH_PROTOCOL;
  }
}

void wy_transfer_ended(wy_transfer *t, CURLcode code) {
  long made = 0;
  curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &made);
  wy_metric_add(&t->client->stats.connected, (uint64_t)made);
  if (!code && follow(t)) return;
  if (t->hops) curl_url_get(t->url, CURLUPART_URL, &t->last_url, 0);
  end(t, kind_of(t, code));
}

static void end(wy_transfer *t, wy_fetch f) {
  wy_client *c = t->client;
  wy_timer_stop(c->clock, &t->deadline);
  t->ended = wy_clock_now_ms(c->clock);
  if (f == WY_FETCH_FILE && t->why) f = wy_transfer_file_fault(t, t->path ? t->path : "?", t->why);
  else if (f == WY_FETCH_FILE && t->payload.changed)
    wy_transfer_say(t, "a file was cut while it was sent");
  if (!f && t->out >= 0 && t->status / 100 == 2) f = wy_transfer_keep_file(t);
  t->fetch = f;
  count(c, f);
  wy_list_remove(&t->link);
  wy_metric_set(&c->stats.active, wy_metric_get(&c->stats.active) - 1);
  t->done(t, t->data);
}

void wy_transfer_result_of(const wy_transfer *t, wy_transfer_result *out) {
  *out = (wy_transfer_result){
      .fetch = t->fetch,
      .status = t->status,
      .head = wy_buf_view(&t->head),
      .body = wy_buf_view(&t->body),
      /* what libcurl says of a callback that has refused something tells nothing */
      .detail = t->note[0] || t->fault || t->denied ? t->note : t->detail,
      .host = t->aimed && t->host ? t->host : "?",
      .denied = t->denied,
      .of_url = t->of_url,
      .sent = t->sent,
      .saved = t->saved,
      .size = t->size,
      .ms = t->ended - t->began,
  };
  if (t->last_url) out->url = wy_str_of(t->last_url);
}
