/* One call: what libcurl is told, what it tells, redirects, and what has become of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "net/client_impl.h"

enum { KEPT_BYTES = 65536 /* a buffer that is larger goes with its call */ };

static bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void say(wy_transfer *t, const char *text) { snprintf(t->note, sizeof t->note, "%s", text); }

/* --- what libcurl tells --- */

static bool save(wy_transfer *t, const char *p, size_t n) {
  while (n) {
    ssize_t w = write(t->out, p, n);
    if (w < 0 && errno == EINTR) continue;
    if (w <= 0) {
      t->fault = WY_FETCH_FILE;
      t->why = w < 0 ? errno : ENOSPC;
      return false;
    }
    p += w;
    n -= (size_t)w;
  }
  return true;
}

static size_t on_body(char *p, size_t size, size_t n, void *data) {
  wy_transfer *t = data;
  n *= size;
  if (t->drop_body) return n;
  t->size += n;
  bool saves = t->out >= 0 && t->status / 100 == 2;
  if (t->size > t->options.max || (!saves && t->size > t->options.memory)) {
    t->fault = WY_FETCH_LARGE;
    return 0;
  }
  if (saves) return save(t, p, n) ? n : 0;
  if (wy_buf_add(&t->body, p, n) == 0) return n;
  t->fault = WY_FETCH_NOMEM;
  return 0;
}

/* The value of a header line of this name; p NULL: it is another. */
static wy_str value_of(wy_str line, const char *name) {
  size_t n = strlen(name);
  if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0) return (wy_str){0};
  return wy_str_trim((wy_str){line.p + n + 1, line.n - n - 1});
}

/* Only what was asked for: other codings may want much memory before they say a byte. */
static bool is_coding(wy_str coding) {
  static const char *const known[] = {"gzip", "x-gzip", "deflate", "identity", "none", ""};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strlen(known[i]) == coding.n && strncasecmp(known[i], coding.p, coding.n) == 0) return true;
  return false;
}

static bool are_codings(wy_str list) {
  while (list.n) {
    const char *comma = memchr(list.p, ',', list.n);
    size_t n = comma ? (size_t)(comma - list.p) : list.n;
    if (!is_coding(wy_str_trim((wy_str){list.p, n}))) return false;
    n += comma != NULL;
    list = (wy_str){list.p + n, list.n - n};
  }
  return true;
}

static void begin_head(wy_transfer *t, wy_str line) {
  const char *blank = memchr(line.p, ' ', line.n);
  wy_buf_clear(&t->head);
  t->status = 0;
  for (const char *p = blank ? blank + 1 : NULL; p && p < line.p + line.n; p++) {
    if (*p < '0' || *p > '9' || t->status > 99) break;
    t->status = t->status * 10 + (*p - '0');
  }
  t->drop_body = is_redirect(t->status) && t->hops < t->options.redirects;
}

static size_t on_head(char *p, size_t size, size_t n, void *data) {
  wy_transfer *t = data;
  wy_str line = {p, size * n};
  if (line.n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
    begin_head(t, line);
    return line.n;
  }
  wy_str coding = value_of(line, "Content-Encoding");
  if (coding.p && !are_codings(coding)) {
    t->fault = WY_FETCH_PROTOCOL;
    say(t, "a Content-Encoding that was not asked for");
    return 0;
  }
  if (wy_buf_str(&t->head, line) == 0) return line.n;
  t->fault = WY_FETCH_LARGE;
  say(t, "more than 64 KiB of headers");
  return 0;
}

/* The connection is there, a new one or one that was kept: for whom it was made once is unknown. */
static int on_connected(void *data, char *address, char *local, int port, int local_port) {
  wy_transfer *t = data;
  (void)local, (void)port, (void)local_port;
  if (!t->open && (t->denied = wy_guard_refuses_text(t->options.guard, address)) != NULL)
    return CURL_PREREQFUNC_ABORT;
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
            SET(WRITEFUNCTION, on_body) && SET(WRITEDATA, t) && SET(HEADERFUNCTION, on_head) &&
            SET(HEADERDATA, t) && SET(READFUNCTION, wy_payload_read) &&
            SET(READDATA, &t->payload) && SET(SEEKFUNCTION, wy_payload_seek) &&
            SET(SEEKDATA, &t->payload) && SET(OPENSOCKETFUNCTION, wy_client_open_socket) &&
            SET(OPENSOCKETDATA, t) && SET(CLOSESOCKETFUNCTION, wy_client_close_socket) &&
            SET(CLOSESOCKETDATA, t->client) && SET(PREREQFUNCTION, on_connected) &&
            SET(PREREQDATA, t) && SET(ERRORBUFFER, t->detail) && SET(PRIVATE, t) &&
            SET(CURLU, t->url) && SET(SSL_VERIFYPEER, 1L) && SET(SSL_VERIFYHOST, 2L) &&
            SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* a call that ends while its name is looked up waits for that otherwise, and the loop with it */
  ok = ok && SET(QUICK_EXIT, 1L);
#endif
  return ok;
#undef SET
}

wy_transfer *wy_transfer_new(wy_client *c) {
  if (wy_client_begin(c)) return NULL;
  wy_list *node = wy_list_shift(&c->spare);
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
  t->easy = curl_easy_init();
  t->url = curl_url();
  if (t->easy && t->url && set_up(t)) return t;
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

static void forget_file(wy_transfer *t) {
  if (t->out >= 0) close(t->out);
  if (t->temporary) unlink(t->temporary);
  free(t->temporary);
  free(t->path);
  t->temporary = t->path = NULL;
  t->out = -1;
}

static void clear(wy_buf *b) {
  if (b->cap > KEPT_BYTES || b->failed) wy_buf_deinit(b);
  else wy_buf_clear(b);
}

void wy_transfer_free(wy_transfer *t) {
  if (!t) return;
  wy_client *c = t->client;
  if (!wy_list_empty(&t->link) && !c->closed) {
    wy_client_remove(c, t);
    wy_timer_stop(c->clock, &t->deadline);
    wy_list_remove(&t->link);
    wy_metric_set(&c->stats.active, wy_metric_get(&c->stats.active) - 1);
  }
  forget_file(t);
  if (c->closed || c->n_spare >= SPARE) {
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
  t->sent = t->drop_body = t->has_type = t->saved = false;
  t->why = 0;
  t->detail[0] = t->note[0] = '\0';
  c->n_spare++;
  wy_list_push(c->spare.next, &t->link); /* the last is the first again: it is warm */
}

/* --- what is sent --- */

wy_fetch wy_transfer_method(wy_transfer *t, wy_str method) {
  bool ok = method.n > 0 && method.n <= 32;
  for (size_t i = 0; ok && i < method.n; i++) ok = method.p[i] >= 'A' && method.p[i] <= 'Z';
  if (!ok || wy_str_eq(method, WY_STR("CONNECT")) || wy_str_eq(method, WY_STR("TRACE"))) {
    say(t, "a method is GET, POST, PUT, PATCH, DELETE, HEAD or another word in capitals");
    return WY_FETCH_URL;
  }
  free(t->method);
  t->method = strndup(method.p, method.n);
  return t->method ? WY_FETCH_OK : WY_FETCH_NOMEM;
}

static bool is_token(wy_str s) {
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c <= 0x20 || c >= 0x7F || strchr("()<>@,;:\\\"/[]?={}", c)) return false;
  }
  return s.n > 0;
}

static bool is_line(wy_str s) {
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if ((c < 0x20 && c != '\t') || c == 0x7F) return false;
  }
  return true;
}

static wy_fetch add_line(wy_transfer *t, const char *line) {
  struct curl_slist *more = curl_slist_append(t->headers, line);
  if (!more) return WY_FETCH_NOMEM;
  t->headers = more;
  return WY_FETCH_OK;
}

wy_fetch wy_transfer_header(wy_transfer *t, wy_str name, wy_str value) {
  wy_buf line;
  if (!is_token(name) || !is_line(value)) {
    say(t, "a header has a name of letters and digits, and a value of one line");
    return WY_FETCH_URL;
  }
  /* what frames the message is libcurl's */
  if (name.n == 14 && strncasecmp(name.p, "Content-Length", 14) == 0) return WY_FETCH_OK;
  if (name.n == 17 && strncasecmp(name.p, "Transfer-Encoding", 17) == 0) return WY_FETCH_OK;
  if (name.n == 12 && strncasecmp(name.p, "Content-Type", 12) == 0) t->has_type = true;
  wy_buf_init(&line, HEAD_BYTES);
  wy_buf_str(&line, name);
  wy_buf_str(&line, value.n ? WY_STR(": ") : WY_STR(";")); /* libcurl's way of an empty one */
  int err = wy_buf_str(&line, value);
  if (err) say(t, "a header is too long");
  wy_fetch f = err ? WY_FETCH_URL : add_line(t, line.p);
  wy_buf_deinit(&line);
  return f;
}

wy_fetch wy_transfer_data(wy_transfer *t, wy_str bytes) {
  return wy_payload_bytes(&t->payload, bytes) ? WY_FETCH_NOMEM : WY_FETCH_OK;
}

static wy_fetch file_fault(wy_transfer *t, const char *path, int why) {
  snprintf(t->note, sizeof t->note, "%.150s: %s", path, strerror(why));
  return WY_FETCH_FILE;
}

wy_fetch wy_transfer_file(wy_transfer *t, const char *path) {
  return wy_payload_file(&t->payload, path) ? file_fault(t, path, errno) : WY_FETCH_OK;
}

/* Beside it: a rename stays within one file system. */
wy_fetch wy_transfer_save(wy_transfer *t, const char *path) {
  wy_buf name;
  wy_buf_init(&name, 4096);
  if (wy_buf_printf(&name, "%s.XXXXXX", path)) return file_fault(t, path, ENAMETOOLONG);
  forget_file(t);
  t->path = strdup(path);
  t->out = t->path ? mkstemp(name.p) : -1; /* for its owner alone */
  int why = t->path ? errno : ENOMEM;
  if (t->out < 0) {
    wy_buf_deinit(&name);
    return file_fault(t, path, why);
  }
  fcntl(t->out, F_SETFD, FD_CLOEXEC);
  t->temporary = name.p;
  return WY_FETCH_OK;
}

/* --- beginning --- */

static wy_fetch deny(wy_transfer *t, const char *why) {
  t->denied = why;
  return WY_FETCH_DENIED;
}

/* Of the next hop: what leads to another host goes there like any other call. */
static wy_fetch look_at_url(wy_transfer *t) {
  char *scheme = NULL, *host = NULL;
  if (curl_url_get(t->url, CURLUPART_SCHEME, &scheme, 0)) return WY_FETCH_URL;
  bool http = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
  curl_free(scheme);
  if (curl_url_get(t->url, CURLUPART_HOST, &host, 0))
    return http ? WY_FETCH_URL : deny(t, "scheme");
  if (t->hops && t->host && strcasecmp(host, t->host) != 0) t->options.guarded = true;
  curl_free(t->host);
  t->host = host;
  if (!http) return deny(t, "scheme");
  if (strlen(host) > WY_HOST_NAME) return deny(t, "host-name");
  t->open = !t->options.guarded || wy_guard_has_host(t->options.guard, wy_str_of(host));
  return WY_FETCH_OK;
}

static wy_fetch set_url(wy_transfer *t, const char *url) {
  CURLUcode code = curl_url_set(t->url, CURLUPART_URL, url, CURLU_URLENCODE);
  if (code == CURLUE_OUT_OF_MEMORY) return WY_FETCH_NOMEM;
  if (code == CURLUE_UNSUPPORTED_SCHEME) return deny(t, "scheme");
  if (code) say(t, curl_url_strerror(code));
  return code ? WY_FETCH_URL : look_at_url(t);
}

/* The one of the call before is known: many calls go to the same place. */
static wy_fetch set_first_url(wy_transfer *t, wy_str url) {
  if (t->url_text && wy_str_eq(url, wy_str_of(t->url_text))) {
    t->open = !t->options.guarded || wy_guard_has_host(t->options.guard, wy_str_of(t->host));
    return WY_FETCH_OK;
  }
  free(t->url_text);
  t->url_text = NULL;
  if (memchr(url.p, '\0', url.n) || url.n > URL_BYTES) return WY_FETCH_URL;
  char *z = strndup(url.p, url.n);
  wy_fetch f = z ? set_url(t, z) : WY_FETCH_NOMEM;
  if (f) free(z);
  else t->url_text = z;
  return f;
}

static bool is(const wy_transfer *t, const char *method) {
  return strcmp(t->method ? t->method : "GET", method) == 0;
}

/* The handle keeps what was set for the call before. */
static wy_fetch set_request(wy_transfer *t) {
  CURL *e = t->easy;
  bool post = t->payload.total || is(t, "POST") || is(t, "PUT") || is(t, "PATCH");
  if (post && !t->has_type && add_line(t, "Content-Type:")) return WY_FETCH_NOMEM;
  if (post && add_line(t, "Expect:")) return WY_FETCH_NOMEM; /* nobody is asked first */
  bool plain = !post && !t->headers && is(t, "GET");
  if (!plain || !t->plain) {
    const piece *one = t->payload.n == 1 ? &t->payload.pieces[0] : NULL;
    const char *bytes = t->payload.n == 0 ? "" : one ? one->bytes : NULL;
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (post) {
      curl_easy_setopt(e, CURLOPT_POST, 1L);
      curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->payload.total);
      curl_easy_setopt(e, CURLOPT_POSTFIELDS, bytes);
    } else if (is(t, "HEAD")) {
      curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    }
    bool usual = is(t, post ? "POST" : "GET") || is(t, "HEAD");
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, usual ? NULL : t->method);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
  }
  t->plain = plain;
  size_t most = is(t, "HEAD") ? 0 : t->options.max;
  curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)(most < INT64_MAX ? most : 0));
  if (t->connect_ms != t->options.connect_ms)
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)t->options.connect_ms);
  t->connect_ms = t->options.connect_ms;
  const char *ca = t->options.ca;
  if (ca && (!t->ca || strcmp(ca, t->ca) != 0)) {
    free(t->ca);
    t->ca = strdup(ca);
    if (!t->ca || curl_easy_setopt(e, CURLOPT_CAINFO, ca)) return WY_FETCH_NOMEM;
  }
  return WY_FETCH_OK;
}

/* Headers that only the first host may see. */
static void drop_secrets(wy_transfer *t) {
  static const char *const names[] = {"Authorization", "Cookie", "Proxy-Authorization"};
  for (struct curl_slist **at = &t->headers; *at;) {
    struct curl_slist *one = *at;
    wy_str line = wy_str_of(one->data);
    bool secret = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      secret = secret || value_of(line, names[i]).p;
    if (!secret) {
      at = &one->next;
      continue;
    }
    *at = one->next;
    one->next = NULL;
    curl_slist_free_all(one);
  }
}

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
  else t->fetch = set_first_url(t, url);
  if (!t->fetch) t->fetch = set_request(t);
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
  count(t->client, why);
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
  char *to = NULL, *before = t->host ? strdup(t->host) : NULL;
  if (!is_redirect(t->status) || !t->options.redirects) goto no;
  if (curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to) || !to) goto no;
  if (t->hops == t->options.redirects) {
    t->fault = WY_FETCH_REDIRECTS;
    goto no;
  }
  char *next = strdup(to); /* it goes with the next one */
  t->hops++;
  free(t->url_text);
  t->url_text = NULL;
  t->fault = next ? set_url(t, next) : WY_FETCH_NOMEM;
  free(next);
  if (t->fault) goto no;
  bool see_other = t->status == 303 && !is(t, "HEAD");
  if (see_other || (is(t, "POST") && t->status <= 302)) {
    free(t->method);
    t->method = NULL;
    wy_payload_clear(&t->payload);
    t->has_type = true; /* nothing is said of a body any more */
  }
  if (!before || strcasecmp(before, t->host) != 0) drop_secrets(t);
  if (wy_payload_seek(&t->payload, 0, SEEK_SET)) goto no;
  clear(&t->head);
  t->sent = t->drop_body = false;
  t->plain = false;
  t->fault = set_request(t);
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

/* What was saved has its name. */
static wy_fetch keep_file(wy_transfer *t) {
  int closed = close(t->out);
  t->out = -1;
  if (closed || rename(t->temporary, t->path)) return file_fault(t, t->path, errno);
  free(t->temporary);
  t->temporary = NULL;
  t->saved = true;
  return WY_FETCH_OK;
}

static void end(wy_transfer *t, wy_fetch f) {
  wy_client *c = t->client;
  wy_timer_stop(c->clock, &t->deadline);
  t->ended = wy_clock_now_ms(c->clock);
  if (f == WY_FETCH_FILE && t->why) f = file_fault(t, t->path ? t->path : "?", t->why);
  else if (f == WY_FETCH_FILE && t->payload.changed) say(t, "a file was cut while it was sent");
  if (!f && t->out >= 0 && t->status / 100 == 2) f = keep_file(t);
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
      .host = t->host ? t->host : "?",
      .denied = t->denied,
      .sent = t->sent,
      .saved = t->saved,
      .size = t->size,
      .ms = t->ended - t->began,
  };
  if (t->last_url) out->url = wy_str_of(t->last_url);
}
