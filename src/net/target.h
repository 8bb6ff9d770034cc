/* target: what a request line and a Host header may say. Pure functions. */
#ifndef WY_NET_TARGET_H
#define WY_NET_TARGET_H

#include "base/str.h"

typedef struct wy_target {
  wy_str authority; /* of an absolute-form target; p NULL otherwise */
  wy_str path;      /* still percent-encoded */
  wy_str query;     /* without '?'; p NULL where there is none */
} wy_target;

/* origin-form (/path?query) or absolute-form (http://host/path?query). 0 or WY_E_URI. */
int wy_target_split(wy_str target, wy_target *out);

/* Percent-decodes a path into out (path.n bytes suffice) and refuses what never is a page: NUL and
 * control bytes, broken UTF-8, backslashes, `.` and `..` segments, a bad escape (*status = 400);
 * empty segments (*status = 404). 0 or WY_E_URI. */
int wy_target_path(wy_str path, char *out, size_t *n, int *status);

/* name, IPv4 or [IPv6], with an optional port. *host is the name alone, as sent, without brackets.
 * 0 or WY_E_HTTP_BAD_HOST. */
int wy_target_host(wy_str value, wy_str *host);

#endif
