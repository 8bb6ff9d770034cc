/* target: what a request line and a Host header may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/target.h"

static void is(wy_str s, const char *want) {
  if (!want) {
    assert_null(s.p);
    return;
  }
  assert_non_null(s.p);
  assert_int_equal(s.n, strlen(want));
  assert_memory_equal(s.p, want, s.n);
}

static void splits_targets(void **state) {
  (void)state;
  static const struct {
    const char *target, *authority, *path, *query;
  } rows[] = {
      {"/", NULL, "/", NULL},
      {"/a/b?c=d?e", NULL, "/a/b", "c=d?e"},
      {"/?", NULL, "/", ""},
      {"//a", NULL, "//a", NULL}, /* split only: the path check refuses it */
      {"http://h/x?y", "h", "/x", "y"},
      {"HTTP://h:80/x", "h:80", "/x", NULL},
      {"https://h", "h", "/", NULL},
      {"http://h?q", "h", "/", "q"},
      {"http://[::1]:8/", "[::1]:8", "/", NULL},
      {"http:///x", "", "/x", NULL}, /* the host check refuses it */
      {"/http://x", NULL, "/http://x", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_target t;
    assert_int_equal(wy_target_split(wy_str_of(rows[i].target), &t), 0);
    is(t.authority, rows[i].authority);
    is(t.path, rows[i].path);
    is(t.query, rows[i].query);
  }
}

static void refuses_other_forms(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",         "*",    "a",  "example.cn:443", "?q",         "ftp://h/x", "http:/", "http://",
      "https://", "/a#b", "/#", "/a?b#c",         "http://h/#", "\\",        " /"};
  wy_target t;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(wy_target_split(wy_str_of(bad[i]), &t), WY_E_URI);
}

static int decode(wy_str path, char *out, size_t *n, int *status) {
  memset(out, 0x5A, 256);
  *n = 999;
  return wy_target_path(path, out, n, status);
}

static void decodes_paths(void **state) {
  (void)state;
  static const struct {
    const char *path, *want;
  } rows[] = {
      {"/", "/"},
      {"/wx/cb", "/wx/cb"},
      {"/a/", "/a/"},
      {"/%61%2Fb", "/a/b"},
      {"/a%2fb", "/a/b"},
      {"/%E5%BE%AE", "/\xE5\xBE\xAE"},
      {"/\xE5\xBE\xAE", "/\xE5\xBE\xAE"},
      {"/a+b", "/a+b"},
      {"/...", "/..."},
      {"/.a/a./..a/a..", "/.a/a./..a/a.."},
      {"/%25", "/%"},
      {"/%252e%252e", "/%2e%2e"}, /* decoded once, not twice */
      {"/a;b=c@d:e!$&'()*,~", "/a;b=c@d:e!$&'()*,~"},
      {"/%7E", "/~"},
      {"/a%20b", "/a b"},
  };
  char out[256];
  size_t n;
  int status;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(decode(wy_str_of(rows[i].path), out, &n, &status), 0);
    is((wy_str){out, n}, rows[i].want);
    assert_true(n <= strlen(rows[i].path));
    assert_int_equal(out[strlen(rows[i].path)], 0x5A); /* wrote no further than promised */
  }
}

static void refuses_every_bad_escape(void **state) {
  (void)state;
  char path[] = "/a%xx", out[256];
  size_t n;
  int status;
  for (int h = 1; h < 256; h++) {
    for (int l = 1; l < 256; l++) {
      path[3] = (char)h;
      path[4] = (char)l;
      const char *digits = "0123456789abcdefABCDEF";
      bool good = strchr(digits, h) && strchr(digits, l);
      unsigned value = 0;
      if (good) sscanf(path + 3, "%2x", &value);
      good = good && value >= 0x20 && value < 0x7F && value != '\\';
      int err = decode((wy_str){path, 5}, out, &n, &status);
      assert_int_equal(err, good ? 0 : WY_E_URI);
      if (good) assert_int_equal(out[2], value);
      if (!good) assert_int_equal(status, 400);
    }
  }
  static const char *const cut[] = {"/%", "/%4", "/a%", "/a%f", "/%%41", "/%4%31"};
  for (size_t i = 0; i < sizeof cut / sizeof *cut; i++)
    assert_int_equal(decode(wy_str_of(cut[i]), out, &n, &status), WY_E_URI);
  /* the escape ends where the path ends, whatever stands behind it in memory */
  assert_int_equal(decode((wy_str){"/%41", 3}, out, &n, &status), WY_E_URI);
}

static void refuses_paths_that_never_are_a_page(void **state) {
  (void)state;
  static const struct {
    const char *path;
    int status;
  } rows[] = {
      {"/.", 400},        {"/..", 400},        {"/../x", 400},       {"/a/..", 400},
      {"/a/../b", 400},   {"/a/./b", 400},     {"/./", 400},         {"/../", 400},
      {"/%2e%2e/x", 400}, {"/.%2E/x", 400},    {"/a%2f..%2fb", 400}, {"/a/%2E", 400},
      {"/a\\b", 400},     {"/a%5cb", 400},     {"/..%5cx", 400},     {"/%00", 400},
      {"/a%00.lua", 400}, {"/%0d%0aX:y", 400}, {"/%7F", 400},        {"/\x01", 400},
      {"/%c0%af", 400},   {"/%ff", 400},       {"/%E4%BD", 400},     {"/%ED%A0%80", 400},
      {"//", 404},        {"//a", 404},        {"/a//b", 404},       {"/a//", 404},
      {"/%2f", 404},      {"/a%2f%2fb", 404},
  };
  char out[256];
  size_t n;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int status = 0;
    if (decode(wy_str_of(rows[i].path), out, &n, &status) != WY_E_URI)
      fail_msg("%s is not refused", rows[i].path);
    assert_int_equal(status, rows[i].status);
  }
  int status;
  assert_int_equal(decode((wy_str){"/\0", 2}, out, &n, &status), WY_E_URI);
}

static void reads_hosts(void **state) {
  (void)state;
  static const struct {
    const char *value, *want;
  } rows[] = {
      {"a", "a"},
      {"Good.Example", "Good.Example"},
      {"a:0", "a"},
      {"a:65535", "a"},
      {"127.0.0.1:8080", "127.0.0.1"},
      {"my_host-1.", "my_host-1."},
      {"[::1]", "::1"},
      {"[::1]:80", "::1"},
      {"[2001:DB8::1.2.3.4]", "2001:DB8::1.2.3.4"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_str host;
    assert_int_equal(wy_target_host(wy_str_of(rows[i].value), &host), 0);
    is(host, rows[i].want);
  }
}

static void refuses_what_is_no_host(void **state) {
  (void)state;
  static const char *const bad[] = {"",       " ",      "a b",         "a,b",
                                    "a/b",    "a@b",    "u:p@a",       ":80",
                                    "a:",     "a:x",    "a:-1",        "a:65536",
                                    "a:1:2",  "a:8 0",  "[",           "[]",
                                    "[1",     "[1]",    "[::1",        "[::1]x",
                                    "[::1]:", "[g::1]", "[::1%0]",     "::1",
                                    "a\\b",   "a\"",    "<a>",         "a%2e",
                                    "\xE5",   "a\x01",  "[::1]:99999", "a:18446744073709551617"};
  wy_str host;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (wy_target_host(wy_str_of(bad[i]), &host) != WY_E_HTTP_BAD_HOST)
      fail_msg("\"%s\" is not refused", bad[i]);
  assert_int_equal(wy_target_host((wy_str){"a\0b", 3}, &host), WY_E_HTTP_BAD_HOST);
  char longest[300];
  memset(longest, 'a', sizeof longest);
  assert_int_equal(wy_target_host((wy_str){longest, 255}, &host), 0);
  assert_int_equal(wy_target_host((wy_str){longest, 256}, &host), WY_E_HTTP_BAD_HOST);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(splits_targets),
      cmocka_unit_test(refuses_other_forms),
      cmocka_unit_test(decodes_paths),
      cmocka_unit_test(refuses_every_bad_escape),
      cmocka_unit_test(refuses_paths_that_never_are_a_page),
      cmocka_unit_test(reads_hosts),
      cmocka_unit_test(refuses_what_is_no_host),
  };
  return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
