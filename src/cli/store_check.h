/* store_check: `weiyue store check`, of a file and of a Redis; and what it has in common with
 * backup and restore. */
#ifndef WY_CLI_STORE_CHECK_H
#define WY_CLI_STORE_CHECK_H

#include <stdbool.h>

#include "store/kv_sql.h"

int wy_cli_store_check(const char *path, bool json);      /* the exit status */
int wy_cli_store_check_redis(const char *url, bool json); /* likewise */

/* store.c: opens a store that exists. 0, or the exit status after saying why not. */
int wy_cli_store_open(wy_kv_sql *s, const char *path);

/* store.c: the first thing that is wrong inside; "" for none. */
void wy_cli_store_look(sqlite3 *db, char wrong[WY_KV_WHY]);

#endif
