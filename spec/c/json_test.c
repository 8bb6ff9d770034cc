/* json: a strict check, trees that keep every digit, and pushes into docs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/json.h"

static void assert_check(wy_str text, int err) {
  int got = wy_json_check(text, NULL, NULL);
  if (got != err) fail_msg("%.60s: %s, not %s", text.p, wy_err_event(got), wy_err_event(err));
}

static void takes_json(void **state) {
  (void)state;
  static const char *const texts[] = {
      "{}",
      "[]",
      " \t\r\n{ } ",
      "null",
      "true",
      "false",
      "0",
      "-0",
      "-0.0e-0",
      "1E+5",
      "\"\"",
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u4f60\\uD83C\\uDF19\"",
      "[1,2,[3,[4]],{}]",
      "{\"a\":{\"b\":[{\"c\":null}]}, \"d\" : \"你好\" }",
      "{\"a\":1,\"A\":2}",
      "{\"\":1}",
      "\"\x7F\"",
      "[1.7976931348623157e308]",
      "[1e-999]",
      "[0e999999999999999999999]",
      "[0.000001e310]",
      "[\"\xEF\xBF\xBF\"]",
      "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_check(wy_str_of(texts[i]), 0);
}

static void names_each_fault(void **state) {
  (void)state;
  static const struct {
    wy_str text;
    int err;
    size_t at;
  } rows[] = {
      {{"", 0}, WY_E_JSON_EMPTY, 0}, /* J017 */
      {{NULL, 0}, WY_E_JSON_EMPTY, 0},
      {{" \n", 2}, WY_E_JSON_EMPTY, 2},
      {{"{\"a\":1} x", 9}, WY_E_JSON_TRAILING, 8}, /* J001 */
      {{"{\"a\":1}\0", 8}, WY_E_JSON_TRAILING, 7}, /* J002 */
      {{"1 2", 3}, WY_E_JSON_TRAILING, 2},
      {{"{\"a\":1,\"a\":2}", 13}, WY_E_JSON_DUP, 12}, /* J005 */
      {{"{\"a\":1,\"\\u0061\":2}", 18}, WY_E_JSON_DUP, 17},
      {{"{\"\\n\":1,\"b\":2,\"\\u000a\":2}", 25}, WY_E_JSON_DUP, 24},
      {{"{\"name\":\"x\\u0000y\"}", 19}, WY_E_JSON_NUL, 10}, /* J007 */
      {{"[\"a\0\"]", 6}, WY_E_JSON_NUL, 3},
      {{"[1.]", 4}, WY_E_JSON_NUMBER, 3},    /* J009 */
      {{"[1e999]", 7}, WY_E_JSON_NUMBER, 1}, /* J010 */
      {{"[-1.8e308]", 10}, WY_E_JSON_NUMBER, 1},
      {{"[01]", 4}, WY_E_JSON_NUMBER, 2},
      {{"[-]", 3}, WY_E_JSON_NUMBER, 2},
      {{"[1e]", 4}, WY_E_JSON_NUMBER, 3},
      {{"[-Infinity]", 11}, WY_E_JSON_NUMBER, 2},
      {{"[\"\t\n\"]", 6}, WY_E_JSON_CTRL, 2}, /* J012 */
      {{"[NaN]", 5}, WY_E_JSON_SYNTAX, 1},    /* J014 */
      {{"[+1]", 4}, WY_E_JSON_SYNTAX, 1},
      {{"[.5]", 4}, WY_E_JSON_SYNTAX, 1},
      {{"[nul]", 5}, WY_E_JSON_SYNTAX, 1},
      {{"\xEF\xBB\xBF{}", 5}, WY_E_JSON_BOM, 0}, /* J015 */
      {{"[\"\xFF\"]", 5}, WY_E_JSON_UTF8, 2},
      {{"[\"\xC0\x80\"]", 6}, WY_E_JSON_UTF8, 2},
      {{"[\"\xED\xA0\x80\"]", 7}, WY_E_JSON_UTF8, 2},
      {{"[\xFF]", 3}, WY_E_JSON_UTF8, 1},
      {{"[\xC2\xA0]", 4}, WY_E_JSON_SYNTAX, 1},
      {{"[\"\\uD800\"]", 10}, WY_E_JSON_UTF8, 2},
      {{"[\"\\uD800\\u0041\"]", 16}, WY_E_JSON_UTF8, 2},
      {{"[\"\\uDC00\"]", 10}, WY_E_JSON_UTF8, 2},
      {{"[\"\\u12g4\"]", 10}, WY_E_JSON_SYNTAX, 2},
      {{"[\"\\x\"]", 6}, WY_E_JSON_SYNTAX, 2},
      {{"[\"a", 3}, WY_E_JSON_SYNTAX, 3},
      {{"[", 1}, WY_E_JSON_SYNTAX, 1},
      {{"[1", 2}, WY_E_JSON_SYNTAX, 2},
      {{"[1,]", 4}, WY_E_JSON_SYNTAX, 3},
      {{"[,1]", 4}, WY_E_JSON_SYNTAX, 1},
      {{"[1 2]", 5}, WY_E_JSON_SYNTAX, 3},
      {{"[1}", 3}, WY_E_JSON_SYNTAX, 2},
      {{"{\"a\":1,}", 8}, WY_E_JSON_SYNTAX, 7},
      {{"{\"a\" 1}", 7}, WY_E_JSON_SYNTAX, 5},
      {{"{\"a\":}", 6}, WY_E_JSON_SYNTAX, 5},
      {{"{a:1}", 5}, WY_E_JSON_SYNTAX, 1},
      {{"{1:1}", 5}, WY_E_JSON_SYNTAX, 1},
      {{"}", 1}, WY_E_JSON_SYNTAX, 0},
      {{"/**/1", 5}, WY_E_JSON_SYNTAX, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t at = 999;
    assert_check(rows[i].text, rows[i].err);
    wy_json_check(rows[i].text, NULL, &at);
    if (at != rows[i].at) fail_msg("%s: at %zu, not %zu", rows[i].text.p, at, rows[i].at);
    cJSON *tree;
    assert_int_equal(wy_json_parse(rows[i].text, NULL, &tree, NULL), rows[i].err);
    assert_null(tree);
  }
}

static void nest(wy_buf *b, unsigned n) {
  wy_buf_clear(b);
  for (unsigned i = 0; i < n; i++) wy_buf_lit(b, "[");
  for (unsigned i = 0; i < n; i++) wy_buf_lit(b, "]");
}

static void depth_is_an_option_with_a_cap(void **state) {
  (void)state;
  wy_buf text;
  wy_json_options options = {2, false};
  wy_buf_init(&text, 1 << 20);
  nest(&text, 32);
  assert_check(wy_buf_view(&text), 0);
  nest(&text, 33); /* J004 */
  assert_check(wy_buf_view(&text), WY_E_JSON_DEPTH);
  assert_int_equal(wy_json_check(WY_STR("[[1]]"), &options, NULL), 0);
  assert_int_equal(wy_json_check(WY_STR("[[[]]]"), &options, NULL), WY_E_JSON_DEPTH);
  options.depth = 100000;
  nest(&text, 512);
  cJSON *tree;
  assert_int_equal(wy_json_parse(wy_buf_view(&text), &options, &tree, NULL), 0);
  cJSON_Delete(tree);
  nest(&text, 513);
  assert_int_equal(wy_json_check(wy_buf_view(&text), &options, NULL), WY_E_JSON_DEPTH);
  nest(&text, 200000);
  assert_int_equal(wy_json_check(wy_buf_view(&text), &options, NULL), WY_E_JSON_DEPTH);
  wy_buf_deinit(&text);
}

static void many_keys_cost_no_quadratic_time(void **state) {
  (void)state;
  wy_buf text;
  wy_buf_init(&text, 1 << 23);
  clock_t from = clock();
  wy_buf_lit(&text, "{");
  for (int i = 0; i < 200000; i++) wy_buf_printf(&text, "\"k%d\":1,", i);
  wy_buf_lit(&text, "\"z\":1}");
  assert_check(wy_buf_view(&text), 0);
  wy_buf_clear(&text);
  wy_buf_lit(&text, "{"); /* J016 */
  for (int i = 0; i < 200000; i++) wy_buf_lit(&text, "\"k\":1,");
  wy_buf_lit(&text, "\"z\":1}");
  assert_check(wy_buf_view(&text), WY_E_JSON_DUP);
  wy_buf_clear(&text);
  wy_buf_lit(&text, "{");
  for (int i = 0; i < 200000; i++) wy_buf_printf(&text, "\"\\u006b%d\":1,", i);
  wy_buf_lit(&text, "\"k199999\":1}");
  assert_check(wy_buf_view(&text), WY_E_JSON_DUP);
  assert_true(clock() - from < 10 * CLOCKS_PER_SEC);
  wy_buf_deinit(&text);
}

static void numbers_of_any_length_are_judged(void **state) {
  (void)state;
  wy_buf text;
  wy_buf_init(&text, 1 << 20);
  for (int zeros = 300; zeros < 320; zeros++) {
    wy_buf_clear(&text);
    wy_buf_lit(&text, "1");
    for (int i = 0; i < zeros; i++) wy_buf_lit(&text, "0");
    assert_check(wy_buf_view(&text), zeros <= 308 ? 0 : WY_E_JSON_NUMBER);
    wy_buf_printf(&text, "e-%d", zeros);
    assert_check(wy_buf_view(&text), 0);
    wy_buf_clear(&text);
    wy_buf_lit(&text, "-0.");
    for (int i = 0; i < zeros; i++) wy_buf_lit(&text, "0");
    wy_buf_printf(&text, "1e%d", zeros + 309); /* 1e308 */
    assert_check(wy_buf_view(&text), 0);
    wy_buf_clear(&text);
    wy_buf_lit(&text, "-0.");
    for (int i = 0; i < zeros; i++) wy_buf_lit(&text, "0");
    wy_buf_printf(&text, "1e%d", zeros + 310);
    assert_check(wy_buf_view(&text), WY_E_JSON_NUMBER);
  }
  wy_buf_deinit(&text);
}

static void assert_print(wy_str text, const wy_json_options *options, const char *want) {
  cJSON *tree;
  size_t at;
  int err = wy_json_parse(text, options, &tree, &at);
  if (err) fail_msg("%s: %s", text.p, wy_err_event(err));
  char *got = cJSON_PrintUnformatted(tree);
  assert_string_equal(got, want);
  free(got);
  cJSON_Delete(tree);
}

static void a_tree_keeps_every_digit(void **state) {
  (void)state;
#define LONG "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899"
  static const char *const texts[] = {
      "{\"id\":9007199254740993}", /* J011 */
      "[271781022721654784,-1,1.50,1e3,0.10,18446744073709551616]",
      "{\"1\":\"2\\\"3\",\"a\":[4,{\"b\":5}],\"c\":6}",
      "[" LONG "," LONG ",7]",
      LONG,
      "[[],{},\"\",null,true,false]",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_print(wy_str_of(texts[i]), NULL, texts[i]);
  cJSON *tree;
  assert_int_equal(wy_json_parse(WY_STR("[12]"), NULL, &tree, NULL), 0);
  assert_true(cJSON_IsRaw(tree->child));
  assert_string_equal(tree->child->valuestring, "12");
  cJSON_Delete(tree);
}

static void lenient_takes_what_the_api_sends(void **state) {
  (void)state;
  const wy_json_options lenient = {0, true};
#define BAD "\xEF\xBF\xBD"
  assert_print(WY_STR("{\"nickname\":\"a\x14\x07\b\n\"}"), &lenient,
               "{\"nickname\":\"a\\u0014\\u0007\\b\\n\"}");
  assert_print(WY_STR("[\"\xFF\xE4\xBD\",5]"), &lenient, "[\"" BAD BAD BAD "\",5]");
  assert_print(WY_STR("[\"\\ud800x\\udc00\\u0000\\\\u0000\\ud83c\\udf19\"]"), &lenient,
               "[\"" BAD "x" BAD BAD "\\\\u0000\xF0\x9F\x8C\x99\"]");
  assert_print(WY_STR("[\"a\0b\"]"), &lenient, "[\"a" BAD "b\"]");
  assert_int_equal(wy_json_check(WY_STR("{\"a\":1} x"), &lenient, NULL), WY_E_JSON_TRAILING);
  assert_int_equal(wy_json_check(WY_STR("{}\0"), &lenient, NULL), WY_E_JSON_TRAILING);
  assert_int_equal(wy_json_check(WY_STR("[1e999]"), &lenient, NULL), WY_E_JSON_NUMBER);
  assert_int_equal(wy_json_check(WY_STR("[\"\\"), &lenient, NULL), WY_E_JSON_SYNTAX);
  assert_int_equal(wy_json_check((wy_str){NULL, 0}, &lenient, NULL), WY_E_JSON_EMPTY);
}

static void assert_node(const wy_doc *doc, size_t i, int parent, const char *name, const char *text,
                        const char *flags) {
  char got[8];
  assert_true(i < doc->n);
  const wy_node *node = &doc->nodes[i];
  if (!wy_str_eq(node->name, wy_str_of(name)))
    fail_msg("node %zu is %.*s, not %s", i, (int)node->name.n, node->name.p, name);
  assert_int_equal(node->parent, parent < 0 ? WY_DOC_NONE : parent);
  if (!node->branch && !wy_str_eq(node->text, wy_str_of(text)))
    fail_msg("node %zu: '%.*s', not '%s'", i, (int)node->text.n, node->text.p, text);
  snprintf(got, sizeof got, "%s%s%s", node->branch ? "b" : "", node->item ? "i" : "",
           node->none ? "n" : "");
  assert_string_equal(got, flags);
}

static void a_push_becomes_a_doc(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  assert_int_equal(
      wy_json_doc(WY_STR(" { \"CreateTime\" : 1758783896 , \"MsgId\":\"23\","
                         "\"a\\\"b\":\"c\\u4f60\","
                         "\"t\":true,\"f\":false,\"z\":null,\"e\":\"\\n\\n\\n\",\"s\":-1.50e3 } "),
                  &doc),
      0);
  assert_int_equal(doc.form, WY_FORM_JSON);
  assert_int_equal(doc.n, 8);
  assert_node(&doc, 0, -1, "CreateTime", "1758783896", "");
  assert_node(&doc, 1, -1, "MsgId", "23", "");
  assert_node(&doc, 2, -1, "a\"b", "c你", "");
  assert_node(&doc, 3, -1, "t", "true", "");
  assert_node(&doc, 4, -1, "f", "false", "");
  assert_node(&doc, 5, -1, "z", "", "");
  assert_node(&doc, 6, -1, "e", "\n\n\n", "");
  assert_node(&doc, 7, -1, "s", "-1.50e3", "");
  wy_doc_deinit(&doc);
}

static void arrays_become_siblings(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  assert_int_equal(wy_json_doc(WY_STR("{\"List\":[{\"Id\":1},{\"Id\":2}],\"One\":{\"Id\":3},"
                                      "\"None\":[ ],\"No\":{ },\"N\":[[1,[2]],[ ],4],\"Z\":9}"),
                               &doc),
                   0);
  assert_node(&doc, 0, -1, "List", "", "bi");
  assert_node(&doc, 1, 0, "Id", "1", "");
  assert_node(&doc, 2, -1, "List", "", "bi");
  assert_node(&doc, 3, 2, "Id", "2", "");
  assert_node(&doc, 4, -1, "One", "", "b");
  assert_node(&doc, 5, 4, "Id", "3", "");
  assert_node(&doc, 6, -1, "None", "", "bin");
  assert_node(&doc, 7, -1, "No", "", "b");
  assert_node(&doc, 8, -1, "N", "", "bi");
  assert_node(&doc, 9, 8, "item", "1", "i");
  assert_node(&doc, 10, 8, "item", "", "bi");
  assert_node(&doc, 11, 10, "item", "2", "i");
  assert_node(&doc, 12, -1, "N", "", "bi");
  assert_node(&doc, 13, -1, "N", "4", "i");
  assert_node(&doc, 14, -1, "Z", "9", "");
  assert_int_equal(doc.n, 15);
  wy_doc_deinit(&doc);
}

static void a_push_must_be_an_object_and_strict(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  assert_int_equal(wy_json_doc(WY_STR("[]"), &doc), WY_E_JSON_TYPE);
  assert_int_equal(wy_json_doc(WY_STR("1"), &doc), WY_E_JSON_TYPE);
  assert_int_equal(wy_json_doc(WY_STR("{\"a\":\"\x01\"}"), &doc), WY_E_JSON_CTRL);
  assert_int_equal(wy_json_doc(WY_STR("{}"), &doc), 0);
  assert_int_equal(doc.n, 0);
  wy_buf text;
  wy_buf_init(&text, 1 << 20);
  wy_buf_lit(&text, "{\"a\":[0");
  for (int i = 0; i < 4096; i++) wy_buf_lit(&text, ",0");
  wy_buf_lit(&text, "]}");
  assert_int_equal(wy_json_doc(wy_buf_view(&text), &doc), WY_E_XML_MANY);
  assert_int_equal(doc.n, 0);
  wy_buf_deinit(&text);
  wy_doc_deinit(&doc);
}

static void a_cut_text_is_never_read_beyond(void **state) {
  (void)state;
  static const char text[] = "{\"a\\u4f60\":[1.5e3,\"\\ud83c\\udf19你\",true,{\"b\":null}]}";
  const wy_json_options lenient = {0, true};
  for (size_t n = 0; n < sizeof text - 1; n++) {
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    assert_true(wy_json_check((wy_str){copy, n}, NULL, NULL) < 0);
    assert_true(wy_json_check((wy_str){copy, n}, &lenient, NULL) < 0);
    free(copy);
  }
}

static void strings_are_written_raw(void **state) {
  (void)state;
  static const struct {
    wy_str text;
    const char *want;
  } rows[] = {
      {{NULL, 0}, "\"\""},
      {{"\xE4\xBD\xA0 & </a> / ' \x7F", 16}, "\"\xE4\xBD\xA0 & </a> / ' \x7F\""},
      {{"\"\\", 2}, "\"\\\"\\\\\""},
      {{"\b\f\n\r\t\x01\x1F\0", 8}, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000\""},
      {{"a\xFF\xE4\xBD", 4}, "\"a" BAD BAD BAD "\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_buf out;
    wy_buf_init(&out, 1000);
    assert_int_equal(wy_json_add_string(&out, rows[i].text), 0);
    assert_string_equal(out.p, rows[i].want);
    wy_buf_deinit(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_json),
      cmocka_unit_test(names_each_fault),
      cmocka_unit_test(depth_is_an_option_with_a_cap),
      cmocka_unit_test(many_keys_cost_no_quadratic_time),
      cmocka_unit_test(numbers_of_any_length_are_judged),
      cmocka_unit_test(a_tree_keeps_every_digit),
      cmocka_unit_test(lenient_takes_what_the_api_sends),
      cmocka_unit_test(a_push_becomes_a_doc),
      cmocka_unit_test(arrays_become_siblings),
      cmocka_unit_test(a_push_must_be_an_object_and_strict),
      cmocka_unit_test(a_cut_text_is_never_read_beyond),
      cmocka_unit_test(strings_are_written_raw),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
