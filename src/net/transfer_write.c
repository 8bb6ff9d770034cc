/* What a call sends: method, headers, body. */
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "net/client_impl.h"

wy_fetch wy_transfer_method(wy_transfer *t, wy_str method) {
  bool ok = method.n > 0 && method.n <= 32;
  for (size_t i = 0; ok && i < method.n; i++) ok = method.p[i] >= 'A' && method.p[i] <= 'Z';
  if (!ok || wy_str_eq(method, WY_STR("CONNECT")) || wy_str_eq(method, WY_STR("TRACE"))) {
    wy_transfer_say(t,
                    "a method is GET, POST, PUT, PATCH, DELETE, HEAD or another word in capitals");
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
    wy_transfer_say(t, "a header has a name of letters and digits, and a value of one line");
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
  if (err) wy_transfer_say(t, "a header is too long");
  wy_fetch f = err ? WY_FETCH_URL : add_line(t, line.p);
  wy_buf_deinit(&line);
  return f;
}

wy_fetch wy_transfer_data(wy_transfer *t, wy_str bytes) {
  return wy_payload_bytes(&t->payload, bytes) ? WY_FETCH_NOMEM : WY_FETCH_OK;
}

wy_fetch wy_transfer_file(wy_transfer *t, const char *path) {
  return wy_payload_file(&t->payload, path) ? wy_transfer_file_fault(t, path, errno) : WY_FETCH_OK;
}

bool wy_transfer_is(const wy_transfer *t, const char *method) {
  return strcmp(t->method ? t->method : "GET", method) == 0;
}

/* The handle keeps what was set for the call before. */
wy_fetch wy_transfer_set_request(wy_transfer *t) {
  CURL *e = t->easy;
  bool post = t->payload.total || wy_transfer_is(t, "POST") || wy_transfer_is(t, "PUT") ||
              wy_transfer_is(t, "PATCH");
  if (post && !t->has_type && add_line(t, "Content-Type:")) return WY_FETCH_NOMEM;
  if (post && add_line(t, "Expect:")) return WY_FETCH_NOMEM; /* nobody is asked first */
  bool plain = !post && !t->headers && wy_transfer_is(t, "GET");
  if (!plain || !t->plain) {
    const piece *one = t->payload.n == 1 ? &t->payload.pieces[0] : NULL;
    const char *bytes = t->payload.n == 0 ? "" : one ? one->bytes : NULL;
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (post) {
      curl_easy_setopt(e, CURLOPT_POST, 1L);
      curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->payload.total);
      curl_easy_setopt(e, CURLOPT_POSTFIELDS, bytes);
    } else if (wy_transfer_is(t, "HEAD")) {
      curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    }
    bool usual = wy_transfer_is(t, post ? "POST" : "GET") || wy_transfer_is(t, "HEAD");
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, usual ? NULL : t->method);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
  }
  t->plain = plain;
  size_t most = wy_transfer_is(t, "HEAD") ? 0 : t->options.max;
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

/* Another origin learns nothing of what was meant for the first: what may be a key is not to be
 * told from a name. */
void wy_transfer_drop_headers(wy_transfer *t) {
  static const char *const stay[] = {"Accept", "Accept-Language", "Content-Type", "Expect",
                                     "User-Agent"};
  for (struct curl_slist **at = &t->headers; *at;) {
    struct curl_slist *one = *at;
    wy_str line = wy_str_of(one->data);
    bool stays = false;
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
      stays = stays || wy_transfer_value_of(line, stay[i]).p;
    if (stays) {
      at = &one->next;
      continue;
    }
    *at = one->next;
    one->next = NULL;
    curl_slist_free_all(one);
  }
}
