/* redis_url: where a Redis is, as a url has it:
 *   redis://[[user]:password@]host[:port][/db]
 *   redis://[[user]:password@]/path/of/a/socket[?db=N]
 * User and password may be percent-encoded. */
#ifndef WY_STORE_REDIS_URL_H
#define WY_STORE_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wy_redis_url {
  char *host, *path; /* one of them is NULL */
  char port[8];
  char *user, *password; /* NULL: none */
  char db[8];            /* "0" … */
} wy_redis_url;

/* 0, WY_E_ARG with a sentence in why (which shows nothing of the url), WY_E_NOMEM; deinit in any
 * case. */
int wy_redis_url_parse(wy_redis_url *u, const char *url, char *why, size_t n_why);
/* "host:port/db", or "path?db=N": what may be shown. */
void wy_redis_url_place(const wy_redis_url *u, char *out, size_t n);
void wy_redis_url_deinit(wy_redis_url *u); /* wipes the password */

#endif
