#include "store/redis_url.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const char scheme[] = "redis://";

static int wrong(char *why, size_t n, const char *text) {
  snprintf(why, n, "%s", text);
  return WY_E_ARG;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)tolower((unsigned char)c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A copy without percent-encoding; NULL: no memory, or a NUL byte in it. */
static char *decoded(const char *from, size_t n) {
  char *to = malloc(n + 1), *o = to;
  for (size_t i = 0; to && i < n; i++) {
    int high, low;
    if (from[i] == '%' && n - i > 2 && (high = hex(from[i + 1])) >= 0 &&
        (low = hex(from[i + 2])) >= 0) {
      *o++ = (char)(high * 16 + low);
      i += 2;
      if (!o[-1]) {
        free(to);
        return NULL;
      }
    } else {
      *o++ = from[i];
    }
  }
  if (to) *o = '\0';
  return to;
}

/* Digits of a small number. */
static bool small(char out[8], const char *from, size_t n, long most) {
  if (n < 1 || n > 5) return false;
  for (size_t i = 0; i < n; i++)
    if (!isdigit((unsigned char)from[i])) return false;
  memcpy(out, from, n);
  out[n] = '\0';
  return strtol(out, NULL, 10) <= most;
}

static int take_login(wy_redis_url *u, const char *from, size_t n) {
  const char *colon = memchr(from, ':', n);
  size_t user = colon ? (size_t)(colon - from) : n;
  if (user && !(u->user = decoded(from, user))) return WY_E_NOMEM;
  if (!colon || !(n - user - 1)) return 0;
  u->password = decoded(colon + 1, n - user - 1);
  return u->password ? 0 : WY_E_NOMEM;
}

static int take_socket(wy_redis_url *u, const char *from, char *why, size_t n_why) {
  const char *query = strchr(from, '?');
  u->path = decoded(from, query ? (size_t)(query - from) : strlen(from));
  if (!u->path) return WY_E_NOMEM;
  if (!query) return 0;
  if (strncmp(query, "?db=", 4) == 0 && small(u->db, query + 4, strlen(query + 4), 65535)) return 0;
  return wrong(why, n_why, "behind a socket's path only ?db=N may stand");
}

static int take_host(wy_redis_url *u, const char *from, char *why, size_t n_why) {
  const char *slash = strchr(from, '/'), *end = slash ? slash : from + strlen(from);
  const char *host = from, *host_end, *colon;
  if (*from == '[') { /* IPv6 */
    host++;
    host_end = memchr(host, ']', (size_t)(end - host));
    if (!host_end) return wrong(why, n_why, "the address has no ]");
    colon = host_end + 1 < end ? host_end + 1 : NULL;
    if (colon && *colon != ':') return wrong(why, n_why, "behind ] a :port is expected");
  } else {
    colon = memchr(from, ':', (size_t)(end - from));
    host_end = colon ? colon : end;
  }
  if (colon && !small(u->port, colon + 1, (size_t)(end - colon - 1), 65535))
    return wrong(why, n_why, "the port is a number up to 65535");
  if (slash && slash[1] && !small(u->db, slash + 1, strlen(slash + 1), 65535))
    return wrong(why, n_why, "behind the host stands the number of a database, such as /0");
  if (host == host_end) u->host = strdup("127.0.0.1");
  else u->host = decoded(host, (size_t)(host_end - host));
  return u->host ? 0 : WY_E_NOMEM;
}

int wy_redis_url_parse(wy_redis_url *u, const char *url, char *why, size_t n_why) {
  *u = (wy_redis_url){.port = "6379", .db = "0"};
  if (strncmp(url, scheme, sizeof scheme - 1) != 0)
    return wrong(why, n_why, "a Redis is redis://host:port/db");
  const char *from = url + sizeof scheme - 1, *at = strrchr(from, '@');
  if (at) {
    int err = take_login(u, from, (size_t)(at - from));
    if (err) return err;
    from = at + 1;
  }
  /* "/0" is a database of the Redis here, "/run/redis.sock" a socket */
  bool socket = *from == '/' && from[1] && !isdigit((unsigned char)from[1]);
  return socket ? take_socket(u, from, why, n_why) : take_host(u, from, why, n_why);
}

void wy_redis_url_place(const wy_redis_url *u, char *out, size_t n) {
  const char *host = u->path ? u->path : u->host;
  bool ipv6 = !u->path && strchr(host, ':');
  char shown[128]; /* a long one is cut short, not what stands behind it */
  snprintf(shown, sizeof shown, "%s%.100s%s", ipv6 ? "[" : "", host, ipv6 ? "]" : "");
  for (char *p = shown; *p; p++)
    if ((unsigned char)*p < ' ') *p = '?';
  if (u->path) snprintf(out, n, strcmp(u->db, "0") == 0 ? "%s" : "%s?db=%s", shown, u->db);
  else snprintf(out, n, "%s:%s/%s", shown, u->port, u->db);
}

void wy_redis_url_deinit(wy_redis_url *u) {
  for (volatile char *p = u->password; p && *p;) *p++ = '\0';
  free(u->host);
  free(u->path);
  free(u->user);
  free(u->password);
  *u = (wy_redis_url){0};
}
