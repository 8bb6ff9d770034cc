/* What the check accepts, cJSON parses; what is printed parses to the same print. A lenient reader
 * accepts whatever a strict one does. An accepted object becomes a doc. */
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/json.h"

static void need(bool ok) {
  if (!ok) abort();
}

static void round_trip(wy_str in, const wy_json_options *options) {
  cJSON *tree, *again;
  size_t at;
  int err = wy_json_check(in, options, &at);
  need(err <= 0);
  if (err) {
    need(wy_json_parse(in, options, &tree, NULL) == err && !tree);
    return;
  }
  need(wy_json_parse(in, options, &tree, NULL) == 0);
  char *first = cJSON_PrintUnformatted(tree);
  need(first && wy_utf8_valid(wy_str_of(first)));
  need(wy_json_parse(wy_str_of(first), options, &again, NULL) == 0);
  char *second = cJSON_PrintUnformatted(again);
  need(second && strcmp(first, second) == 0);
  free(first);
  free(second);
  cJSON_Delete(tree);
  cJSON_Delete(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wy_str in = {(const char *)data, size};
  const wy_json_options strict = {0, false}, lenient = {0, true};
  round_trip(in, &strict);
  round_trip(in, &lenient);
  int err = wy_json_check(in, &strict, NULL);
  need(err || wy_json_check(in, &lenient, NULL) == 0);

  wy_doc doc;
  wy_doc_init(&doc);
  int doc_err = wy_json_doc(in, &doc);
  if (err) need(doc_err == err);
  else need(doc_err == 0 || doc_err == WY_E_JSON_TYPE || doc_err == WY_E_XML_MANY);
  for (size_t i = 0; i < doc.n; i++) {
    const wy_node *node = &doc.nodes[i];
    need(node->parent == WY_DOC_NONE || (node->parent < i && doc.nodes[node->parent].branch));
    need(wy_utf8_valid(node->name) && (node->branch || wy_utf8_valid(node->text)));
  }
  wy_doc_deinit(&doc);

  wy_buf text;
  wy_buf_init(&text, size * 6 + 16);
  need(wy_json_add_string(&text, in) == 0);
  err = wy_json_check(wy_buf_view(&text), &strict, NULL);
  need(err == 0 || (err == WY_E_JSON_NUL && size && memchr(data, 0, size)));
  wy_buf_deinit(&text);
  return 0;
}
