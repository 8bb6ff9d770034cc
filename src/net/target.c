#include "net/target.h"

#include "base/err.h"
#include "base/utf8.h"

int wy_target_split(wy_str t, wy_target *out) {
  *out = (wy_target){0};
  if (memchr(t.p, '#', t.n)) return WY_E_URI;
  size_t skip = 0;
  if (t.n > 7 && wy_str_ieq((wy_str){t.p, 7}, WY_STR("http://"))) skip = 7;
  if (t.n > 8 && wy_str_ieq((wy_str){t.p, 8}, WY_STR("https://"))) skip = 8;
  if (skip) {
    wy_str rest = {t.p + skip, t.n - skip};
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') n++;
    out->authority = (wy_str){rest.p, n};
    t = (wy_str){rest.p + n, rest.n - n};
  }
  const char *q = t.n ? memchr(t.p, '?', t.n) : NULL;
  out->path = (wy_str){t.p, q ? (size_t)(q - t.p) : t.n};
  if (q) out->query = (wy_str){q + 1, (size_t)(t.p + t.n - q - 1)};
  if (out->path.n == 0 && skip) out->path = WY_STR("/");
  return out->path.n && out->path.p[0] == '/' ? 0 : WY_E_URI;
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int wy_target_path(wy_str path, char *out, size_t *n, int *status) {
  size_t o = 0;
  *status = 400;
  for (size_t i = 0; i < path.n; i++) {
    char c = path.p[i];
    if (c == '%') {
      int h = i + 2 < path.n ? digit(path.p[i + 1]) : -1, l = h < 0 ? -1 : digit(path.p[i + 2]);
      if (l < 0) return WY_E_URI;
      c = (char)(h << 4 | l);
      i += 2;
    }
    if ((unsigned char)c < 0x20 || c == 0x7F || c == '\\') return WY_E_URI;
    out[o++] = c;
  }
  *n = o;
  if (!wy_utf8_valid((wy_str){out, o})) return WY_E_URI;
  for (size_t i = 0; i < o;) { /* out[i] is a '/' here */
    size_t k = i + 1;
    while (k < o && out[k] != '/') k++;
    size_t len = k - i - 1;
    if (len == 0 && k < o) {
      *status = 404;
      return WY_E_URI;
    }
    if ((len == 1 || len == 2) && out[i + 1] == '.' && out[k - 1] == '.') return WY_E_URI;
    i = k;
  }
  return 0;
}

static bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

int wy_target_host(wy_str v, wy_str *host) {
  size_t n = 0;
  if (v.n && v.p[0] == '[') {
    size_t from = 1;
    for (n = 1; n < v.n && (digit(v.p[n]) >= 0 || v.p[n] == ':' || v.p[n] == '.'); n++) continue;
    if (n < 3 + from - 1 || n >= v.n || v.p[n] != ']') return WY_E_HTTP_BAD_HOST;
    *host = (wy_str){v.p + 1, n - 1};
    n++;
  } else {
    while (n < v.n && name_char(v.p[n])) n++;
    *host = (wy_str){v.p, n};
  }
  if (host->n == 0 || host->n > 255) return WY_E_HTTP_BAD_HOST;
  if (n == v.n) return 0;
  uint64_t port;
  if (v.p[n] != ':' || !wy_str_u64((wy_str){v.p + n + 1, v.n - n - 1}, &port) || port > 65535)
    return WY_E_HTTP_BAD_HOST;
  return 0;
}
