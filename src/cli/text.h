/* text: what the program says: the user's language, one line of a log, the nearest known word. */
#ifndef WY_CLI_TEXT_H
#define WY_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

/* Whether LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with zh. */
bool wy_cli_zh(void);

/* The one of the two that the user reads. */
const char *wy_tr(const char *zh, const char *en)
    __attribute__((format_arg(1), format_arg(2), returns_nonnull));

/* Prints `weiyue: text` to stderr and returns status. */
int wy_cli_error(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The word that `word` may be a slip of: with the least edit distance to it, at most 2 or a third
 * of its length. NULL: all are too far. */
const char *wy_cli_nearest(const char *word, const char *const *words, size_t n);

/* Log sink of base/log for verbs that serve nobody: one line, one write to stderr. */
void wy_cli_log(void *data, wy_log_level level, wy_str line);

#endif
