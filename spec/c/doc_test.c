/* doc: nodes in one array, inline first, then on the heap, up to a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/doc.h"

static void a_new_node_is_an_empty_leaf(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  assert_int_equal(wy_doc_add(&doc, WY_DOC_NONE, WY_STR("a")), 0);
  assert_true(wy_str_eq(doc.nodes[0].name, WY_STR("a")));
  assert_int_equal(doc.nodes[0].text.n, 0);
  assert_non_null(doc.nodes[0].text.p);
  assert_false(doc.nodes[0].branch);
  assert_int_equal(doc.nodes[0].parent, WY_DOC_NONE);
  wy_doc_deinit(&doc);
}

static void nodes_survive_the_move_to_the_heap(void **state) {
  (void)state;
  static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  wy_doc doc;
  wy_doc_init(&doc);
  size_t n = sizeof names - 1;
  for (size_t i = 0; i < n; i++)
    assert_int_equal(wy_doc_add(&doc, WY_DOC_NONE, (wy_str){names + i, 1}), (int)i);
  assert_ptr_not_equal(doc.nodes, doc.inline_nodes);
  for (size_t i = 0; i < n; i++) assert_ptr_equal(doc.nodes[i].name.p, names + i);
  wy_doc_deinit(&doc);
  assert_ptr_equal(doc.nodes, doc.inline_nodes);
}

static void the_inline_nodes_need_no_heap(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  for (int i = 0; i < WY_DOC_INLINE; i++) wy_doc_add(&doc, WY_DOC_NONE, WY_STR("a"));
  assert_ptr_equal(doc.nodes, doc.inline_nodes);
  wy_doc_deinit(&doc);
}

static void one_node_too_many_is_refused(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  for (int i = 0; i < WY_DOC_NODES; i++)
    assert_int_equal(wy_doc_add(&doc, WY_DOC_NONE, WY_STR("a")), i);
  assert_int_equal(wy_doc_add(&doc, WY_DOC_NONE, WY_STR("a")), WY_E_XML_MANY);
  assert_int_equal(doc.n, WY_DOC_NODES);
  wy_doc_clear(&doc);
  assert_int_equal(wy_doc_add(&doc, WY_DOC_NONE, WY_STR("a")), 0);
  wy_doc_deinit(&doc);
}

static void find_looks_at_the_children_of_one_parent(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  int list = wy_doc_add(&doc, WY_DOC_NONE, WY_STR("List"));
  int first = wy_doc_add(&doc, (uint16_t)list, WY_STR("Id"));
  wy_doc_add(&doc, (uint16_t)list, WY_STR("Id"));
  int top = wy_doc_add(&doc, WY_DOC_NONE, WY_STR("Id"));
  assert_int_equal(doc.nodes[list].n_children, 2);
  assert_ptr_equal(wy_doc_find(&doc, (uint16_t)list, WY_STR("Id")), &doc.nodes[first]);
  assert_ptr_equal(wy_doc_find(&doc, WY_DOC_NONE, WY_STR("Id")), &doc.nodes[top]);
  assert_null(wy_doc_find(&doc, WY_DOC_NONE, WY_STR("ID")));
  assert_null(wy_doc_find(&doc, (uint16_t)top, WY_STR("Id")));
  wy_doc_deinit(&doc);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_node_is_an_empty_leaf),
      cmocka_unit_test(nodes_survive_the_move_to_the_heap),
      cmocka_unit_test(the_inline_nodes_need_no_heap),
      cmocka_unit_test(one_node_too_many_is_refused),
      cmocka_unit_test(find_looks_at_the_children_of_one_parent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
