/* problems: what is wrong in a configuration or a plugin, one line each on stderr, and counted. */
#ifndef WY_CLI_PROBLEMS_H
#define WY_CLI_PROBLEMS_H

#include <cjson/cJSON.h>
#include <stddef.h>

typedef struct wy_cli_problems {
  size_t errors, notes;
  cJSON *list; /* NULL: printed; else an array that each is added to */
} wy_cli_problems;

/* The callback of wy_host_options; data: wy_cli_problems. */
void wy_cli_problem(void *data, int level, const char *zh, const char *en);

#endif
