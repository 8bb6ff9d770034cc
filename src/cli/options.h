/* options: the arguments of a verb, from one table that also is its help. */
#ifndef WY_CLI_OPTIONS_H
#define WY_CLI_OPTIONS_H

#include <stdbool.h>

typedef struct wy_cli_option {
  const char *name; /* without the dashes; NULL after the last */
  const char *arg;  /* what follows, for the help; NULL: a flag; "[a|b]": a or b may follow */
  const char *zh, *en;
  const char **value; /* of an option with arg; "" when it may be absent and is */
  bool *flag;         /* of a flag */
} wy_cli_option;

typedef struct wy_cli_usage {
  const char *synopsis; /* behind "weiyue " */
  const char *zh, *en;  /* what the verb does; may have lines */
  int words;            /* how many arguments that are no options it takes at most */
} wy_cli_usage;

enum { WY_CLI_GO_ON = -1 };

/* Reads argv[1] … into the options and words[0 … usage->words - 1] (NULL where absent). `--x V` and
 * `--x=V` are the same; `--` ends the options. WY_CLI_GO_ON, or the status to exit with: help was
 * printed, or what is wrong. */
int wy_cli_options(const wy_cli_usage *usage, const wy_cli_option *options, int argc, char **argv,
                   const char **words);

void wy_cli_help(const wy_cli_usage *usage, const wy_cli_option *options);

#endif
