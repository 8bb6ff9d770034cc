#include "cli/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WORD_MAX = 64 };

bool wy_cli_zh(void) {
  static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]);
    if (value && *value) return strncmp(value, "zh", 2) == 0;
  }
  return false;
}

const char *wy_tr(const char *zh, const char *en) { return wy_cli_zh() ? zh : en; }

int wy_cli_error(int status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("weiyue: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  return status;
}

static size_t distance(const char *a, const char *b) {
  size_t row[WORD_MAX + 1];
  size_t n = strnlen(b, WORD_MAX), m = strnlen(a, WORD_MAX);
  for (size_t j = 0; j <= n; j++) row[j] = j;
  for (size_t i = 1; i <= m; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= n; j++) {
      size_t best = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[n];
}

const char *wy_cli_nearest(const char *word, const char *const *words, size_t n) {
  const char *best = NULL;
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < n; i++) {
    size_t d = distance(word, words[i]);
    if (d >= least) continue;
    least = d;
    best = words[i];
  }
  size_t length = strlen(word);
  if (length > WORD_MAX) length = WORD_MAX;
  bool near = least == 0 || (least <= 2 && least < length) || 3 * least <= length;
  return near ? best : NULL;
}

void wy_cli_log(void *data, wy_log_level level, wy_str line) {
  (void)data, (void)level;
  struct iovec parts[] = {{(void *)(uintptr_t)line.p, line.n}, {(void *)(uintptr_t) "\n", 1}};
  /* a log that nobody can read any more is no reason to end */
  ssize_t written = writev(STDERR_FILENO, parts, 2);
  (void)written;
}
