#include "cli/problems.h"

#include <stdio.h>

#include "cli/text.h"
#include "weiyue.h"

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
  cJSON_AddStringToObject(item, "zh", zh);
  cJSON_AddStringToObject(item, "en", en);
  cJSON_AddItemToArray(p->list, item);
}
