/* Where a call goes: its URL, and that of the next hop. Each is read on its own, as nothing but an
 * absolute http or https one: a handle that has made other calls would take it for a path there. */
#include <stdlib.h>
#include <strings.h>

#include "net/client_impl.h"

/* The bytes of "http://" or "https://" that it begins with; 0: it does not. */
static size_t web_scheme(const char *url) {
  if (strncasecmp(url, "http://", 7) == 0) return 7;
  return strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
}

/* Whether it has a scheme, of any kind, and something after it. */
static bool has_scheme(const char *url) {
  size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
  return n > 0 && strncmp(url + n, "://", 3) == 0;
}

static wy_fetch refuse(wy_transfer *t, const char *text) {
  t->of_url = t->hops == 0;
  snprintf(t->note, sizeof t->note, "%s%s", t->hops ? "where a redirect leads: " : "", text);
  return WY_FETCH_URL;
}

static CURLU *parse(const char *url, unsigned flags, CURLUcode *code) {
  CURLU *u = curl_url();
  *code = u ? curl_url_set(u, CURLUPART_URL, url, CURLU_URLENCODE | flags) : CURLUE_OUT_OF_MEMORY;
  if (!*code) return u;
  curl_url_cleanup(u);
  return NULL;
}

/* For the log: where one leads that nobody goes to. */
static void name_host(wy_transfer *t, const char *url) {
  CURLUcode code;
  CURLU *u = parse(url, CURLU_NON_SUPPORT_SCHEME, &code);
  if (u && curl_url_get(u, CURLUPART_HOST, &t->host, 0)) t->host = NULL;
  t->aimed = t->host != NULL;
  curl_url_cleanup(u);
}

static wy_fetch refuse_scheme(wy_transfer *t, const char *url) {
  if (!has_scheme(url)) return refuse(t, "it begins with neither http:// nor https://");
  t->denied = "scheme";
  name_host(t, url);
  return t->hops ? WY_FETCH_DENIED : refuse(t, "");
}

char *wy_transfer_origin(const wy_transfer *t) {
  char *scheme = NULL, *host = NULL, *port = NULL, *origin = NULL;
  if (t->url && !curl_url_get(t->url, CURLUPART_SCHEME, &scheme, 0) &&
      !curl_url_get(t->url, CURLUPART_HOST, &host, 0) &&
      !curl_url_get(t->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
      asprintf(&origin, "%s://%s:%s", scheme, host, port) < 0)
    origin = NULL;
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  return origin;
}

static void open_or_guard(wy_transfer *t) {
  t->open = !t->options.guarded || wy_guard_has_host(t->options.guard, wy_str_of(t->host));
}

/* What leads to another host goes there like any other call. */
static wy_fetch take(wy_transfer *t, CURLU *url, const char *before) {
  if (curl_url_get(url, CURLUPART_HOST, &t->host, 0)) {
    t->host = NULL;
    return refuse(t, "it has no host");
  }
  t->aimed = true;
  if (strlen(t->host) > WY_HOST_NAME) {
    t->denied = "host-name";
    return WY_FETCH_DENIED;
  }
  if (t->hops && (!before || strcasecmp(t->host, before) != 0)) t->options.guarded = true;
  open_or_guard(t);
  return t->easy && curl_easy_setopt(t->easy, CURLOPT_CURLU, url) ? WY_FETCH_NOMEM : WY_FETCH_OK;
}

static wy_fetch read_url(wy_transfer *t, const char *url, const char *before) {
  size_t n = web_scheme(url);
  CURLUcode code;
  if (!n) return refuse_scheme(t, url);
  if (!url[n] || strchr("/?#", url[n])) return refuse(t, "it has no host");
  CURLU *u = parse(url, 0, &code);
  if (code == CURLUE_OUT_OF_MEMORY) return WY_FETCH_NOMEM;
  if (!u) return refuse(t, curl_url_strerror(code));
  wy_fetch f = take(t, u, before);
  CURLU *useless = f ? u : t->url; /* the handle has the new one */
  if (!f) t->url = u;
  curl_url_cleanup(useless);
  return f;
}

wy_fetch wy_transfer_set_url(wy_transfer *t, const char *url) {
  char *before = t->host;
  free(t->url_text);
  t->url_text = t->host = NULL;
  t->aimed = false;
  wy_fetch f = read_url(t, url, before);
  curl_free(before);
  return f;
}

/* The one of the call before is known: many calls go to the same place. */
wy_fetch wy_transfer_set_first_url(wy_transfer *t, wy_str url) {
  if (t->url_text && wy_str_eq(url, wy_str_of(t->url_text))) {
    t->aimed = true;
    open_or_guard(t);
    return WY_FETCH_OK;
  }
  if (memchr(url.p, '\0', url.n)) return refuse(t, "it has a NUL");
  if (url.n > URL_BYTES) return refuse(t, "it is longer than 64 KiB");
  char *z = strndup(url.p, url.n);
  wy_fetch f = z ? wy_transfer_set_url(t, z) : WY_FETCH_NOMEM;
  if (f) free(z);
  else t->url_text = z;
  return f;
}
