/* push_print: a reply for people, and for scripts. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/push.h"

typedef struct article_name {
  const char *key, *element;
} article_name;

static const article_name article_names[] = {
    {"title", "Title"}, {"description", "Description"}, {"pic_url", "PicUrl"}, {"url", "Url"}};

enum { ARTICLE_NAMES = sizeof article_names / sizeof *article_names };

static wy_str article_text(const wy_doc *doc, uint16_t place, const char *name) {
  const wy_node *node = wy_doc_find(doc, place, wy_str_of(name));
  return node && !node->branch ? node->text : (wy_str){NULL, 0};
}

/* What a terminal would take as a command becomes U+FFFD. */
static void clean(wy_buf *out, wy_str text) {
  wy_buf_init(out, 4 * (size_t)WY_CLI_BODY);
  wy_utf8_add_xml(out, text);
}

static void print_field(const char *indent, const char *key, wy_str text) {
  wy_buf b;
  if (!text.p) return;
  clean(&b, text);
  printf("%s%s: %s\n", indent, key, b.p ? b.p : "");
  wy_buf_deinit(&b);
}

static void print_articles(const wy_doc *doc) {
  uint16_t places[WY_REPLY_ARTICLES];
  size_t n = wy_cli_articles(doc, places, WY_REPLY_ARTICLES);
  for (size_t i = 0; i < n; i++) {
    printf("article %zu\n", i + 1);
    for (size_t k = 0; k < ARTICLE_NAMES; k++)
      print_field("  ", article_names[k].key,
                  article_text(doc, places[i], article_names[k].element));
  }
}

void wy_cli_push_print(const wy_cli_answer *a) {
  if (!a->type) {
    if (a->good)
      puts(wy_tr("（没有回复；有迟到的答案会另外发出）",
                 "(no reply; a late answer, if any, is sent separately)"));
    return;
  }
  printf("type: %s\n", a->type->msgtype);
  if (a->type->articles) print_articles(&a->msg.doc);
  for (const wy_reply_field *f = a->type->fields; f->key; f++)
    print_field("", f->key, wy_cli_field(a, f));
}

/* --- JSON --- */

static void json_field(cJSON *object, const char *key, wy_str text) {
  wy_buf b;
  if (!text.p) return;
  clean(&b, text);
  cJSON_AddStringToObject(object, key, b.p ? b.p : "");
  wy_buf_deinit(&b);
}

static void json_articles(cJSON *root, const wy_doc *doc) {
  uint16_t places[WY_REPLY_ARTICLES];
  size_t n = wy_cli_articles(doc, places, WY_REPLY_ARTICLES);
  cJSON *list = cJSON_AddArrayToObject(root, "articles");
  for (size_t i = 0; i < n; i++) {
    cJSON *item = cJSON_CreateObject();
    for (size_t k = 0; k < ARTICLE_NAMES; k++)
      json_field(item, article_names[k].key,
                 article_text(doc, places[i], article_names[k].element));
    cJSON_AddItemToArray(list, item);
  }
}

int wy_cli_push_print_json(const wy_cli_answer *a) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddBoolToObject(root, "ok", a->good);
  cJSON_AddNumberToObject(root, "status", (double)a->status);
  cJSON_AddNumberToObject(root, "ms", (double)a->ms);
  if (a->type) cJSON_AddStringToObject(root, "type", a->type->msgtype);
  else cJSON_AddNullToObject(root, "type");
  if (a->type && a->type->articles) json_articles(root, &a->msg.doc);
  for (const wy_reply_field *f = a->type ? a->type->fields : NULL; f && f->key; f++)
    json_field(root, f->key, wy_cli_field(a, f));
  if (a->good) cJSON_AddNullToObject(root, "error");
  else json_field(root, "error", wy_str_of(a->error));
  char *text = cJSON_PrintUnformatted(root);
  cJSON_Delete(root);
  if (!text) return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("内存不足", "out of memory"));
  puts(text);
  cJSON_free(text);
  return WY_EXIT_DONE;
}
