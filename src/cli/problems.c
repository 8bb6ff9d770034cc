#include "cli/problems.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "weiyue.h"

/* From the text, which begins with it where it is known: `file:line: `, or a file in Lua alone. */
static void add_place(cJSON *item, const char *text) {
  const char *end = strstr(text, ": "), *digits = end;
  char file[4096];
  if (!end) return;
  while (digits > text && isdigit((unsigned char)digits[-1])) digits--;
  bool line = digits < end && digits > text && digits[-1] == ':';
  size_t n = (size_t)((line ? digits - 1 : end) - text);
  if (!n || n >= sizeof file || (!line && (n < 4 || memcmp(text + n - 4, ".lua", 4) != 0))) return;
  memcpy(file, text, n);
  file[n] = '\0';
  cJSON_AddStringToObject(item, "file", file);
  if (line) cJSON_AddNumberToObject(item, "line", (double)strtol(digits, NULL, 10));
}

void wy_cli_problem(void *data, int level, const char *zh, const char *en) {
  wy_cli_problems *p = data;
  bool error = level >= WY_LEVEL_ERROR;
  if (error) p->errors++;
  else p->notes++;
  if (!p->list) {
    fprintf(stderr, "%s\n", wy_tr(zh, en));
    return;
  }
  cJSON *item = cJSON_CreateObject();
  cJSON_AddStringToObject(item, "level", error ? "error" : "note");
  add_place(item, en);
  cJSON_AddStringToObject(item, "zh", zh);
  cJSON_AddStringToObject(item, "en", en);
  cJSON_AddItemToArray(p->list, item);
}
