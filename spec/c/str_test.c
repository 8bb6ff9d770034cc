/* str: comparing, trimming and reading numbers, without a NUL at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/str.h"

static void compares_bytes(void **state) {
  (void)state;
  assert_true(wy_str_eq(WY_STR("ab"), WY_STR("ab")));
  assert_false(wy_str_eq(WY_STR("ab"), WY_STR("aB")));
  assert_false(wy_str_eq(WY_STR("ab"), WY_STR("abc")));
  assert_true(wy_str_eq(WY_STR("a\0b"), WY_STR("a\0b")));
  assert_false(wy_str_eq(WY_STR("a\0b"), WY_STR("a\0c")));
  assert_true(wy_str_eq((wy_str){0}, WY_STR("")));
}

static void makes_nothing_of_null(void **state) {
  (void)state;
  assert_int_equal(wy_str_of(NULL).n, 0);
  assert_int_equal(wy_str_of("abc").n, 3);
}

static void orders_by_unsigned_bytes(void **state) {
  (void)state;
  assert_true(wy_str_cmp(WY_STR("a"), WY_STR("b")) < 0);
  assert_true(wy_str_cmp(WY_STR("z"), WY_STR("\xE4")) < 0);
  assert_true(wy_str_cmp(WY_STR("ab"), WY_STR("a")) > 0);
  assert_true(wy_str_cmp(WY_STR("a"), WY_STR("a\0")) < 0);
  assert_true(wy_str_cmp((wy_str){0}, WY_STR("a")) < 0);
  assert_int_equal(wy_str_cmp((wy_str){0}, WY_STR("")), 0);
  assert_int_equal(wy_str_cmp(WY_STR("x\0y"), WY_STR("x\0y")), 0);
}

static void ignores_case_of_ascii_letters_only(void **state) {
  (void)state;
  assert_true(wy_str_ieq(WY_STR("Content-LENGTH"), WY_STR("content-length")));
  assert_false(wy_str_ieq(WY_STR("abc"), WY_STR("abcd")));
  for (int a = 0; a < 256; a++) {
    for (int b = 0; b < 256; b++) {
      char x = (char)a, y = (char)b;
      int la = a >= 'A' && a <= 'Z' ? a + 32 : a, lb = b >= 'A' && b <= 'Z' ? b + 32 : b;
      assert_int_equal(wy_str_ieq((wy_str){&x, 1}, (wy_str){&y, 1}), la == lb);
    }
  }
}

static void trims_blanks(void **state) {
  (void)state;
  assert_true(wy_str_eq(wy_str_trim(WY_STR(" \t\r\na b\t\n ")), WY_STR("a b")));
  assert_true(wy_str_eq(wy_str_trim(WY_STR("a")), WY_STR("a")));
  assert_int_equal(wy_str_trim(WY_STR(" \t\r\n")).n, 0);
  assert_int_equal(wy_str_trim(WY_STR("\v")).n, 1);
  assert_int_equal(wy_str_trim((wy_str){0}).n, 0);
}

static void reads_whole_numbers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t value;
  } good[] = {{"0", 0},
              {"007", 7},
              {"1714036504", 1714036504},
              {"18446744073709551615", UINT64_MAX},
              {"00000000000000000000000018446744073709551615", UINT64_MAX}};
  static const char *const bad[] = {"",
                                    "-1",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "1.0",
                                    "0x1",
                                    "1e3",
                                    "a",
                                    "/",
                                    ":",
                                    "18446744073709551616",
                                    "18446744073709551620",
                                    "99999999999999999999"};
  uint64_t v;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_true(wy_str_u64(wy_str_of(good[i].text), &v));
    assert_true(v == good[i].value);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    v = 42;
    assert_false(wy_str_u64(wy_str_of(bad[i]), &v));
    assert_int_equal(v, 42); /* untouched */
  }
  assert_true(wy_str_u64((wy_str){"123456", 3}, &v));
  assert_int_equal(v, 123);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compares_bytes),
      cmocka_unit_test(makes_nothing_of_null),
      cmocka_unit_test(orders_by_unsigned_bytes),
      cmocka_unit_test(ignores_case_of_ascii_letters_only),
      cmocka_unit_test(trims_blanks),
      cmocka_unit_test(reads_whole_numbers),
  };
  return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
