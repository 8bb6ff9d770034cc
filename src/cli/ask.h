/* ask: a verb asks the host that runs with a state folder. */
#ifndef WY_CLI_ASK_H
#define WY_CLI_ASK_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "base/buf.h"

enum { WY_CLI_PATH = 4352, WY_CLI_ANSWER = 1 << 20 };

/* The state folder of a configuration: 0 with it, or the exit status. *sure: the configuration has
 * no errors. */
int wy_cli_find_state(const char *config, const char *lua_path, char out[WY_CLI_PATH], bool *sure);

/* That of `weiyue sandbox` with this configuration; state: of the host, NULL: the configuration's.
 * 0, or the exit status. */
int wy_cli_find_sandbox(const char *config, const char *state, const char *lua_path,
                        char out[WY_CLI_PATH]);

/* Says that no sandbox runs: the exit status. */
int wy_cli_no_sandbox(const char *state);

/* Whether that error of wy_local_connect says that nobody is there. */
bool wy_cli_none_runs(int err);

/* Says that no host was reached there, a uv error of wy_local_connect: the exit status. */
int wy_cli_not_reached(const char *state, int err, bool sure);

/* One line of JSON in, newline and all; one out, without. 0, or the exit status after saying what
 * is wrong. quiet: not that it waits. */
int wy_cli_converse(int fd, wy_str line, bool quiet, wy_buf *answer);

/* A text or number of an object as text; NULL: there is none. */
const char *wy_cli_json_text(const cJSON *object, const char *key);

/* Those of an answer, each on a line of stderr, in the language of the user. */
void wy_cli_print_problems(const cJSON *answer);

#endif
