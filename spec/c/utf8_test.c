/* utf8: held against an encoder, over every code point, and against every 2 and 3 byte sequence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/utf8.h"

enum { TOP = 0x10FFFF };

static size_t encode(uint32_t cp, char *out) {
  unsigned char *o = (unsigned char *)out;
  if (cp < 0x80) {
    o[0] = (unsigned char)cp;
    return 1;
  }
  size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = n; --i > 0; cp >>= 6) o[i] = (unsigned char)(0x80 | (cp & 0x3F));
  o[0] = (unsigned char)(lead[n] | cp);
  return n;
}

static bool surrogate(uint32_t cp) { return cp >= 0xD800 && cp <= 0xDFFF; }

static void knows_every_code_point(void **state) {
  (void)state;
  for (uint32_t cp = 0; cp <= TOP + 0x1000; cp++) {
    char c[4];
    size_t n = encode(cp, c), want = surrogate(cp) || cp > TOP ? 0 : n;
    assert_int_equal(wy_utf8_char(c, n), want);
    assert_int_equal(wy_utf8_valid((wy_str){c, n}), want != 0);
    for (size_t k = 1; k < n; k++) assert_int_equal(wy_utf8_char(c, k), 0);
  }
}

/* A bit per byte sequence that some code point encodes to. */
static void refuses_every_other_sequence_of_two_and_three_bytes(void **state) {
  (void)state;
  unsigned char *good = calloc(1, 1 << 21);
  assert_non_null(good);
  for (uint32_t cp = 0x80; cp < 0x10000; cp++) {
    char c[4] = {0};
    if (surrogate(cp)) continue;
    size_t n = encode(cp, c);
    uint32_t at = n == 2 ? (uint32_t)(unsigned char)c[0] << 8 | (unsigned char)c[1]
                         : (uint32_t)(unsigned char)c[0] << 16 |
                               (uint32_t)(unsigned char)c[1] << 8 | (unsigned char)c[2];
    good[at >> 3] = (unsigned char)(good[at >> 3] | 1 << (at & 7));
  }
  for (uint32_t s = 0x8000; s < 0x1000000; s++) {
    size_t n = s < 0x10000 ? 2 : 3;
    char c[3] = {(char)(s >> (8 * (n - 1))), (char)(s >> (8 * (n - 2))), (char)s};
    if (!(c[0] & 0x80)) continue; /* begins with ASCII */
    bool known = good[s >> 3] & 1 << (s & 7);
    if ((wy_utf8_char(c, n) == n) != known) fail_msg("sequence %06x", s);
  }
  free(good);
}

static void refuses_overlong_forms_of_four_bytes(void **state) {
  (void)state;
  static const char *const bad[] = {"\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                                    "\xF5\x80\x80\x80", "\xFF\x80\x80\x80", "\xF0\x90\x80\x41",
                                    "\xF0\x90\x41\x80", "\xF0\x41\x80\x80"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(wy_utf8_char(bad[i], 4), 0);
}

/* The fast way over ASCII looks at eight bytes at a time: put a fault at every place. */
static void finds_a_fault_at_every_place(void **state) {
  (void)state;
  char text[40];
  for (size_t n = 1; n <= sizeof text; n++) {
    for (size_t at = 0; at < n; at++) {
      memset(text, 'a', sizeof text);
      assert_true(wy_utf8_valid((wy_str){text, n}));
      text[at] = '\xFF';
      assert_false(wy_utf8_valid((wy_str){text, n}));
      text[at] = '\xC3';
      assert_false(wy_utf8_valid((wy_str){text, n}));
      if (at + 1 == n) continue;
      text[at + 1] = '\xA9';
      assert_true(wy_utf8_valid((wy_str){text, n}));
    }
  }
  assert_true(wy_utf8_valid((wy_str){0}));
}

static void cuts_between_characters(void **state) {
  (void)state;
  wy_str s = WY_STR("a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x8C\x99z");
  static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
  for (size_t max = 0; max < sizeof want / sizeof *want; max++)
    assert_int_equal(wy_utf8_cut(s, max), want[max]);
}

static void mends_text_for_xml(void **state) {
  (void)state;
#define FFFD "\xEF\xBF\xBD"
  static const struct {
    wy_str in;
    const char *out;
  } rows[] = {
      {{"", 0}, ""},
      {{"a\tb\nc\r", 6}, "a\tb\nc\r"},
      {{"a\0b", 3}, "a" FFFD "b"},
      {{"\x01\x1F\x7F", 3}, FFFD FFFD "\x7F"},
      {{"\xE4\xBD\xA0", 3}, "\xE4\xBD\xA0"},
      {{"\xE4\xBD", 2}, FFFD FFFD},
      {{"\xE4\xBDx", 3}, FFFD FFFD "x"},
      {{"\xED\xA0\x80", 3}, FFFD FFFD FFFD},
      {{"\xC0\xAF", 2}, FFFD FFFD},
      {{"\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD", 9}, FFFD FFFD FFFD},
      {{"\xEF\xBF\xBC", 3}, "\xEF\xBF\xBC"},
      {{"\xF0\x9F\x8C\x99", 4}, "\xF0\x9F\x8C\x99"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_buf b;
    wy_buf_init(&b, 100);
    assert_int_equal(wy_utf8_add_xml(&b, rows[i].in), 0);
    assert_string_equal(wy_buf_view(&b).p, rows[i].out);
    assert_int_equal(b.n, strlen(rows[i].out));
    wy_buf_deinit(&b);
  }
}

static void tells_when_mended_text_does_not_fit(void **state) {
  (void)state;
  for (size_t max = 0; max < 7; max++) {
    wy_buf b;
    wy_buf_init(&b, max);
    assert_int_equal(wy_utf8_add_xml(&b, (wy_str){"ab\x01yz", 5}), WY_E_NOMEM);
    wy_buf_deinit(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_every_code_point),
      cmocka_unit_test(refuses_every_other_sequence_of_two_and_three_bytes),
      cmocka_unit_test(refuses_overlong_forms_of_four_bytes),
      cmocka_unit_test(finds_a_fault_at_every_place),
      cmocka_unit_test(cuts_between_characters),
      cmocka_unit_test(mends_text_for_xml),
      cmocka_unit_test(tells_when_mended_text_does_not_fit),
  };
  return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
