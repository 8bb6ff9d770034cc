/* once: what the running host is asked by its control socket, or, where none runs, a host that this
 * process makes for one question: with the configuration's accounts and store, without plugins. */
#ifndef WY_CLI_ONCE_H
#define WY_CLI_ONCE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buf.h"

typedef struct wy_cli_where {
  const char *config; /* NULL: weiyue.lua */
  const char *state;  /* folder; NULL: the configuration's */
  const char *lua_path;
  bool sandbox; /* the running sandbox, and nothing else */
} wy_cli_where;

/* Asks, and frees the request. 0 with an answer of one line, {"ok":…}; or the exit status after
 * saying what is wrong. */
int wy_cli_once(const wy_cli_where *where, cJSON *request, wy_buf *answer);

/* Parses an answer: NULL after saying what is wrong with it. *ok: it went well; else its problems
 * were printed. */
cJSON *wy_cli_once_read(const wy_buf *answer, bool *ok);

#endif
