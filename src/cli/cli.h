/* cli: the verbs of the program, and what they have in common. Row 7: may include every row below.
 *
 * Results go to stdout, errors to stderr. A verb gets its arguments with its own name first and
 * returns the exit status of the program. */
#ifndef WY_CLI_CLI_H
#define WY_CLI_CLI_H

#include <stdbool.h>

#include "base/str.h"
#include "cli/text.h"

enum { WY_EXIT_DONE = 0, WY_EXIT_FAILED = 1, WY_EXIT_USAGE = 2 };

struct wy_host;

int wy_cli_serve(int argc, char **argv);
int wy_cli_sandbox(int argc, char **argv);
int wy_cli_check(int argc, char **argv);
int wy_cli_push(int argc, char **argv);
int wy_cli_api(int argc, char **argv);
int wy_cli_reload(int argc, char **argv);
int wy_cli_promote(int argc, char **argv);
int wy_cli_rollback(int argc, char **argv);
int wy_cli_api_call(int argc, char **argv); /* argv[0] is "call" */
int wy_cli_token(int argc, char **argv);
int wy_cli_store(int argc, char **argv);
int wy_cli_test(int argc, char **argv);
int wy_cli_init(int argc, char **argv);
int wy_cli_replay(int argc, char **argv);
int wy_cli_version(int argc, char **argv);

const char *wy_cli_program(void); /* as this program was called */

/* In main.c, the one place that knows signals. From `watch` on until `unwatch`: SIGTERM and SIGINT
 * stop the host, a second SIGINT ends the program at once. Supervised: SIGINT is the supervisor's
 * matter, and a stuck worker can be signalled. 0, or -1 when that cannot be set up. */
int wy_cli_signals_watch(struct wy_host *host, bool supervised);
void wy_cli_signals_unwatch(void);

/* Every signal that comes from now on is a byte to read from *fd: its number. 0 or -1. */
int wy_cli_signals_collect(int *fd);

#endif
