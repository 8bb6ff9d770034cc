/* buf: growth, the maximum, and what a failure leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

static void is(const wy_buf *b, const char *want) {
  assert_int_equal(b->n, strlen(want));
  assert_string_equal(wy_buf_view(b).p, want); /* the NUL behind the bytes is there */
}

static void holds_nothing_at_first(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, 10);
  is(&b, "");
  assert_null(b.p);
  wy_buf_deinit(&b);
}

static void grows_and_keeps_its_bytes(void **state) {
  (void)state;
  enum { BYTES = 100000 };
  wy_buf b;
  wy_buf_init(&b, BYTES);
  for (int i = 0; i < BYTES; i++) {
    char c = (char)(i * 7);
    assert_int_equal(wy_buf_add(&b, &c, 1), 0);
    assert_int_equal(b.p[i + 1], 0);
  }
  for (int i = 0; i < BYTES; i++) assert_int_equal(b.p[i], (char)(i * 7));
  wy_buf_deinit(&b);
}

static void takes_exactly_its_maximum(void **state) {
  (void)state;
  char bytes[1000] = {1};
  for (size_t max = 0; max < sizeof bytes; max++) {
    wy_buf b;
    wy_buf_init(&b, max);
    assert_int_equal(wy_buf_add(&b, bytes, max), 0);
    assert_int_equal(b.n, max);
    assert_true(b.cap <= max + 1);
    assert_int_equal(wy_buf_add(&b, bytes, 1), WY_E_NOMEM);
    assert_null(b.p);
  }
}

static void stays_failed_until_it_is_cleared(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, 4);
  assert_int_equal(wy_buf_lit(&b, "ab"), 0);
  assert_int_equal(wy_buf_lit(&b, "cde"), WY_E_NOMEM);
  assert_int_equal(wy_buf_lit(&b, "c"), WY_E_NOMEM);
  assert_null(wy_buf_reserve(&b, 0));
  assert_int_equal(b.n, 0);
  wy_buf_clear(&b);
  assert_int_equal(wy_buf_lit(&b, "cdef"), 0);
  is(&b, "cdef");
  wy_buf_deinit(&b);
  assert_int_equal(b.max, 4);
  assert_int_equal(wy_buf_lit(&b, "gh"), 0);
  is(&b, "gh");
  wy_buf_deinit(&b);
}

static void clears_without_letting_go_of_its_memory(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, 1000);
  assert_int_equal(wy_buf_lit(&b, "abc"), 0);
  const char *p = b.p;
  wy_buf_clear(&b);
  assert_int_equal(b.n, 0);
  assert_int_equal(wy_buf_lit(&b, "d"), 0);
  assert_ptr_equal(b.p, p);
  is(&b, "d");
  wy_buf_deinit(&b);
}

static void lends_room(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, 5);
  char *room = wy_buf_reserve(&b, 5);
  assert_non_null(room);
  memcpy(room, "xyz", 3);
  wy_buf_added(&b, 3);
  is(&b, "xyz");
  assert_null(wy_buf_reserve(&b, 3)); /* 3 + 3 > 5, although that much is allocated */
}

static void writes_numbers(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, 1000);
  wy_buf_u64(&b, 0);
  wy_buf_lit(&b, " ");
  wy_buf_u64(&b, UINT64_MAX);
  wy_buf_lit(&b, " ");
  wy_buf_i64(&b, INT64_MIN);
  wy_buf_lit(&b, " ");
  wy_buf_i64(&b, INT64_MAX);
  wy_buf_lit(&b, " ");
  wy_buf_i64(&b, -1);
  is(&b, "0 18446744073709551615 -9223372036854775808 9223372036854775807 -1");
  wy_buf_deinit(&b);
}

static void formats(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, 600);
  assert_int_equal(wy_buf_printf(&b, "%s-%03d", "a", 7), 0);
  is(&b, "a-007");
  assert_int_equal(wy_buf_printf(&b, "%*s", 595, ""), 0);
  assert_int_equal(b.n, 600);
  assert_int_equal(wy_buf_printf(&b, "%d", 1), WY_E_NOMEM);
  assert_int_equal(wy_buf_printf(&b, "%s", ""), WY_E_NOMEM);
  assert_null(b.p);
}

static void survives_sizes_near_the_end_of_the_address_space(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, SIZE_MAX);
  assert_int_equal(wy_buf_lit(&b, "abc"), 0);
  assert_null(wy_buf_reserve(&b, SIZE_MAX - 3));
  assert_true(b.failed);
  wy_buf_clear(&b);
  assert_null(wy_buf_reserve(&b, SIZE_MAX));
  assert_true(b.failed);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(holds_nothing_at_first),
      cmocka_unit_test(grows_and_keeps_its_bytes),
      cmocka_unit_test(takes_exactly_its_maximum),
      cmocka_unit_test(stays_failed_until_it_is_cleared),
      cmocka_unit_test(clears_without_letting_go_of_its_memory),
      cmocka_unit_test(lends_room),
      cmocka_unit_test(writes_numbers),
      cmocka_unit_test(formats),
      cmocka_unit_test(survives_sizes_near_the_end_of_the_address_space),
  };
  return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
