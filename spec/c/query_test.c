/* query: which query strings are read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/query.h"

static void is(wy_str s, const char *want) {
  assert_non_null(s.p);
  assert_int_equal(s.n, strlen(want));
  assert_memory_equal(s.p, want, s.n);
}

static int parse(const char *text, wy_query *q) {
  memset(q, 0xA5, sizeof *q); /* nothing may rest on zeros */
  return wy_query_parse(wy_str_of(text), q);
}

static void reads_a_push(void **state) {
  (void)state;
  wy_query q;
  assert_int_equal(parse("signature=ab&timestamp=1714036504&nonce=15&openid=oX_-1&encrypt_type=aes"
                         "&msg_signature=cd",
                         &q),
                   0);
  is(q.signature, "ab");
  is(q.timestamp, "1714036504");
  is(q.nonce, "15");
  is(q.openid, "oX_-1");
  is(q.encrypt_type, "aes");
  is(q.msg_signature, "cd");
  assert_null(q.echostr.p);
}

static void tells_empty_from_absent(void **state) {
  (void)state;
  wy_query q;
  assert_int_equal(parse("", &q), 0);
  assert_null(q.signature.p);
  assert_int_equal(parse("signature=&nonce", &q), 0);
  is(q.signature, "");
  is(q.nonce, "");
  assert_null(q.timestamp.p);
}

static void decodes_escapes(void **state) {
  (void)state;
  wy_query q;
  assert_int_equal(parse("echostr=%3Cb%3e+%E4%BD%A0%2B&%6eonce=%31&x=%41", &q), 0);
  is(q.echostr, "<b> \xE4\xBD\xA0+");
  is(q.nonce, "1");
}

static void ignores_what_it_does_not_know(void **state) {
  (void)state;
  wy_query q;
  assert_int_equal(parse("a=1&a=2&&=&nonces=1&Nonce=2&b=%E4%BD%A0", &q), 0);
  assert_null(q.nonce.p);
}

static void refuses_bad_bytes_in_any_parameter(void **state) {
  (void)state;
  static const char *const bad[] = {"nonce=%00", "nonce=%zz", "nonce=%4",       "nonce=%",
                                    "nonce=%ff", "x=%C0%AF",  "x=%ED%A0%80",    "%ff=1",
                                    "x=%E4%BD",  "x=\xFF",    "x=%F5%80%80%80", "x=1&y=%E4a"};
  wy_query q;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(parse(bad[i], &q), WY_E_QUERY_SYNTAX);
  assert_int_equal(wy_query_parse((wy_str){"x=a\0b", 5}, &q), WY_E_QUERY_SYNTAX);
}

static void refuses_a_parameter_that_stands_twice(void **state) {
  (void)state;
  static const char *const names[] = {"signature",    "timestamp",     "nonce",  "openid",
                                      "encrypt_type", "msg_signature", "echostr"};
  wy_query q;
  char text[128];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(text, sizeof text, "%s=A&x=1&%s=A", names[i], names[i]);
    assert_int_equal(parse(text, &q), WY_E_QUERY_DUP);
    snprintf(text, sizeof text, "%s=&%%%02x%s=", names[i], names[i][0], names[i] + 1);
    assert_int_equal(parse(text, &q), WY_E_QUERY_DUP);
  }
}

static void counts_parameters(void **state) {
  (void)state;
  wy_query q;
  char text[512] = "";
  for (int i = 0; i < 99; i++) strcat(text, "a=1&");
  strcat(text, "a=1");
  assert_int_equal(parse(text, &q), 0);
  strcat(text, "&");
  assert_int_equal(parse(text, &q), WY_E_QUERY_MANY);
}

static void limits_values(void **state) {
  (void)state;
  wy_query q;
  static char text[16384];
  strcpy(text, "echostr=");
  memset(text + 8, 'e', WY_QUERY_ECHO);
  text[8 + WY_QUERY_ECHO] = '\0';
  assert_int_equal(parse(text, &q), 0);
  assert_int_equal(q.echostr.n, WY_QUERY_ECHO);
  strcat(text, "e");
  assert_int_equal(parse(text, &q), WY_E_QUERY_LONG);
  strcpy(text, "nonce=");
  for (int i = 0; i < 1000; i++) strcat(text, "%41");
  assert_int_equal(parse(text, &q), WY_E_QUERY_LONG); /* undecoded it does not fit */
  text[6 + 3 * 600] = '\0';
  assert_int_equal(parse(text, &q), 0);
  assert_int_equal(q.nonce.n, 600);
}

static void decodes_percent_alone(void **state) {
  (void)state;
  char out[8];
  size_t n;
  assert_true(wy_percent_decode(WY_STR("a+%2F%00"), true, out, &n));
  assert_int_equal(n, 4);
  assert_memory_equal(out, "a /\0", 4);
  assert_true(wy_percent_decode(WY_STR("a+"), false, out, &n));
  assert_memory_equal(out, "a+", 2);
  assert_false(wy_percent_decode(WY_STR("%2"), false, out, &n));
  assert_false(wy_percent_decode(WY_STR("%g1"), false, out, &n));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_a_push),
      cmocka_unit_test(tells_empty_from_absent),
      cmocka_unit_test(decodes_escapes),
      cmocka_unit_test(ignores_what_it_does_not_know),
      cmocka_unit_test(refuses_bad_bytes_in_any_parameter),
      cmocka_unit_test(refuses_a_parameter_that_stands_twice),
      cmocka_unit_test(counts_parameters),
      cmocka_unit_test(limits_values),
      cmocka_unit_test(decodes_percent_alone),
  };
  return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
