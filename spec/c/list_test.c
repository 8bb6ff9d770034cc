/* list: pushing, removing and shifting of intrusive nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

typedef struct item {
  int value;
  wy_list link;
} item;

static int shift(wy_list *head) {
  wy_list *node = wy_list_shift(head);
  return node ? wy_container_of(node, item, link)->value : -1;
}

static void keeps_the_order_of_pushing(void **state) {
  (void)state;
  wy_list head;
  item items[5];
  wy_list_init(&head);
  assert_true(wy_list_empty(&head));
  for (int i = 0; i < 5; i++) {
    items[i].value = i;
    wy_list_push(&head, &items[i].link);
  }
  assert_false(wy_list_empty(&head));
  for (int i = 0; i < 5; i++) assert_int_equal(shift(&head), i);
  assert_int_equal(shift(&head), -1);
  assert_true(wy_list_empty(&head));
}

static void removes_from_anywhere(void **state) {
  (void)state;
  for (int gone = 0; gone < 4; gone++) {
    wy_list head;
    item items[4];
    wy_list_init(&head);
    for (int i = 0; i < 4; i++) {
      items[i].value = i;
      wy_list_push(&head, &items[i].link);
    }
    wy_list_remove(&items[gone].link);
    wy_list_remove(&items[gone].link); /* in no list: nothing happens */
    int n = 0;
    for (wy_list *l = head.prev; l != &head; l = l->prev) n++;
    assert_int_equal(n, 3);
    for (int i = 0; i < 4; i++)
      if (i != gone) assert_int_equal(shift(&head), i);
    wy_list_push(&head, &items[gone].link); /* and usable again */
    assert_int_equal(shift(&head), gone);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_the_order_of_pushing),
      cmocka_unit_test(removes_from_anywhere),
  };
  return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
