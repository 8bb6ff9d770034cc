/* log: levels, quoting, JSON, and that a line stays one line of bounded length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"

typedef struct caught {
  char line[32768];
  size_t n, count;
  wy_log_level level;
} caught;

static void sink(void *data, wy_log_level level, wy_str line) {
  caught *c = data;
  assert_true(line.n < sizeof c->line);
  memcpy(c->line, line.p, line.n);
  c->line[line.n] = '\0';
  c->n = line.n;
  c->level = level;
  c->count++;
}

/* The part behind "TIME LEVEL ". */
static const char *rest(const caught *c) {
  const char *s = strstr(c->line, "event=");
  assert_non_null(s);
  return s;
}

static void writes_time_level_event_and_values(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  wy_line line;
  wy_line_begin(&line, &log, WY_LOG_WARN, "push.empty");
  wy_line_str(&line, "account", WY_STR("main"));
  wy_line_z(&line, "absent", NULL);
  wy_line_int(&line, "n", INT64_MIN);
  wy_line_end(&line);
  assert_int_equal(c.count, 1);
  assert_int_equal(c.level, WY_LOG_WARN);
  assert_string_equal(rest(&c), "event=push.empty account=main n=-9223372036854775808");
  int y, mo, d, h, mi, s, ms, end = 0;
  assert_int_equal(
      sscanf(c.line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ warn %n", &y, &mo, &d, &h, &mi, &s, &ms, &end),
      7);
  assert_ptr_equal(c.line + end, rest(&c));
}

static void leaves_out_what_is_below_its_level(void **state) {
  (void)state;
  caught c = {0};
  for (int level = WY_LOG_DEBUG; level <= WY_LOG_ERROR; level++) {
    wy_log log = {(wy_log_level)level, sink, &c, WY_LOG_TEXT};
    c.count = 0;
    for (int l = WY_LOG_DEBUG; l <= WY_LOG_ERROR; l++) {
      wy_line line;
      wy_line_begin(&line, &log, (wy_log_level)l, "e");
      wy_line_str(&line, "k", WY_STR("v"));
      wy_line_end(&line);
      wy_log_text(&log, (wy_log_level)l, "e", "%d", 1);
    }
    assert_int_equal(c.count, 2 * (WY_LOG_ERROR - level + 1));
  }
}

static void says_nothing_without_a_sink(void **state) {
  (void)state;
  wy_log log = {WY_LOG_DEBUG, NULL, NULL, WY_LOG_TEXT};
  wy_line line;
  assert_false(wy_log_on(&log, WY_LOG_ERROR));
  wy_line_begin(&line, &log, WY_LOG_ERROR, "e");
  wy_line_int(&line, "n", 1);
  assert_null(line.buf.p);
  wy_line_end(&line);
  wy_log_text(&log, WY_LOG_ERROR, "e", "x");
}

static void quotes_what_would_break_the_line(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  static const struct {
    wy_str value;
    const char *want;
  } rows[] = {
      {{"", 0}, "event=e k=\"\""},
      {{"a b", 3}, "event=e k=\"a b\""},
      {{"a=b", 3}, "event=e k=a=b"},
      {{"\"\\", 2}, "event=e k=\"\\\"\\\\\""},
      {{"a\nevent=fake\r\n", 14}, "event=e k=\"a\\nevent=fake\\x0d\\n\""},
      {{"\t\0\x1B[31m\x7F", 8}, "event=e k=\"\\t\\x00\\x1b[31m\\x7f\""},
      {{"\xC2\x9B[31m", 6}, "event=e k=\"\\u009b[31m\""},
      {{"\xE2\x80\xA8", 3}, "event=e k=\"\\u2028\""},
      {{"a\xFFz", 3}, "event=e k=\"a\xEF\xBF\xBDz\""},
      {{"\xE5\xBE\xAE\xE6\x9C\x88", 6}, "event=e k=\xE5\xBE\xAE\xE6\x9C\x88"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_line line;
    wy_line_begin(&line, &log, WY_LOG_INFO, "e");
    wy_line_str(&line, "k", rows[i].value);
    wy_line_end(&line);
    assert_string_equal(rest(&c), rows[i].want);
    assert_int_equal(strlen(c.line), c.n);
  }
}

static void never_lets_a_byte_through_that_ends_a_line(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  for (int b = 0; b < 256; b++) {
    char v = (char)b;
    wy_line line;
    wy_line_begin(&line, &log, WY_LOG_INFO, "e");
    wy_line_str(&line, "k", (wy_str){&v, 1});
    wy_line_end(&line);
    for (size_t i = 0; i < c.n; i++)
      assert_true((unsigned char)c.line[i] >= 0x20 && c.line[i] != 0x7F);
  }
}

static void keeps_keys_to_one_word(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  static const struct {
    const char *key, *want;
  } rows[] = {
      {"Az_0.9-x", "event=e Az_0.9-x=v Az_0.9-x_2=1"},
      {"", "event=e _=v __2=1"},
      {"a b=c", "event=e a_b_c=v a_b_c_2=1"},
      {"a\n2030-01-01 error event=fake",
       "event=e a_2030-01-01_error_event_fake=v"
       " a_2030-01-01_error_event_fake_2=1"},
      {"\r\t\x1B[m\x7F\"\\", "event=e ____m___=v ____m____2=1"},
      {"\xE6\x9C\x88", "event=e ___=v ____2=1"},
      {"%s%n", "event=e _s_n=v _s_n_2=1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_line line;
    wy_line_begin(&line, &log, WY_LOG_INFO, "e");
    wy_line_z(&line, rows[i].key, "v");
    wy_line_int(&line, rows[i].key, 1);
    wy_line_end(&line);
    assert_string_equal(rest(&c), rows[i].want);
  }
  assert_int_equal(c.count, sizeof rows / sizeof *rows);
}

static void bounds_keys(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  static char key[100000];
  memset(key, 'k', sizeof key - 1);
  wy_line line;
  wy_line_begin(&line, &log, WY_LOG_INFO, "e");
  wy_line_z(&line, key, "v");
  wy_line_int(&line, key, 1);
  wy_line_z(&line, "next", "seen");
  wy_line_end(&line);
  assert_true(c.n > 100 && c.n < 300);
  assert_non_null(strstr(c.line, "k=v k"));
  assert_non_null(strstr(c.line, "k_2=1 next=seen"));
}

static void bounds_values_and_lines(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  static char big[100000];
  memset(big, 1, sizeof big); /* each byte is written as four */
  wy_line line;
  wy_line_begin(&line, &log, WY_LOG_INFO, "e");
  wy_line_str(&line, "big", (wy_str){big, sizeof big});
  wy_line_str(&line, "next", WY_STR("seen"));
  wy_line_end(&line);
  assert_int_equal(c.count, 1);
  assert_true(c.n > 1000 && c.n < 8192);
  assert_non_null(strstr(c.line, "\" next=seen"));
  wy_line_begin(&line, &log, WY_LOG_INFO, "e");
  for (int i = 0; i < 100; i++) wy_line_str(&line, "k", (wy_str){big, sizeof big});
  for (int i = 0; i < 100; i++) wy_line_int(&line, "k", i);
  wy_line_end(&line);
  assert_int_equal(c.count, 2); /* too long is cut, not lost */
  assert_true(c.n < 8192 + 4096);
}

static void formats_a_text(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  wy_log_text(&log, WY_LOG_ERROR, "listen", "port %d: %s", 80, "in use");
  assert_string_equal(rest(&c), "event=listen text=\"port 80: in use\"");
  assert_int_equal(c.level, WY_LOG_ERROR);
  char *big = malloc(5001);
  assert_non_null(big);
  memset(big, 'x', 5000);
  big[5000] = '\0';
  wy_log_text(&log, WY_LOG_ERROR, "e", "%s", big);
  assert_true(c.n > 1000 && c.n < 1200);
  free(big);
}

/* The part behind the time. */
static const char *json_rest(const caught *c) {
  int y, mo, d, h, mi, s, ms, end = 0;
  assert_int_equal(sscanf(c->line, "{\"ts\":\"%4d-%2d-%2dT%2d:%2d:%2d.%3dZ\",%n", &y, &mo, &d, &h,
                          &mi, &s, &ms, &end),
                   7);
  return c->line + end;
}

static void writes_json(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_JSON};
  wy_line line;
  wy_line_begin(&line, &log, WY_LOG_WARN, "push.empty");
  wy_line_z(&line, "account", "main");
  wy_line_z(&line, "absent", NULL);
  wy_line_int(&line, "n", INT64_MIN);
  wy_line_str(&line, "empty", WY_STR(""));
  wy_line_end(&line);
  assert_string_equal(json_rest(&c),
                      "\"level\":\"warn\",\"event\":\"push.empty\",\"account\":"
                      "\"main\",\"n\":-9223372036854775808,\"empty\":\"\"}");
  wy_log_text(&log, WY_LOG_ERROR, "listen", "port %d", 80);
  assert_string_equal(json_rest(&c),
                      "\"level\":\"error\",\"event\":\"listen\",\"text\":\"port 80\"}");
}

static void escapes_in_json(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_JSON};
  static const struct {
    wy_str value;
    const char *want;
  } rows[] = {
      {{"a b", 3}, "a b"},
      {{"\"\\/", 3}, "\\\"\\\\/"},
      {{"a\r\n\t", 4}, "a\\u000d\\n\\t"},
      {{"\0\x1B\x7F", 3}, "\xEF\xBF\xBD\\u001b\\u007f"},
      {{"\xC2\x85\xE2\x80\xA9", 5}, "\\u0085\\u2029"},
      {{"\xE6\x9C\x88\xE6\x9C", 5}, "\xE6\x9C\x88\xEF\xBF\xBD\xEF\xBF\xBD"},
      {{"\xED\xA0\x80", 3}, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char want[128];
    wy_line line;
    wy_line_begin(&line, &log, WY_LOG_INFO, "e");
    wy_line_str(&line, "k", rows[i].value);
    wy_line_end(&line);
    snprintf(want, sizeof want, "\"level\":\"info\",\"event\":\"e\",\"k\":\"%s\"}", rows[i].want);
    assert_string_equal(json_rest(&c), want);
    assert_int_equal(strlen(c.line), c.n);
  }
}

static void keeps_its_own_keys(void **state) {
  (void)state;
  caught c = {0};
  for (wy_log_form form = WY_LOG_TEXT; form <= WY_LOG_JSON; form++) {
    wy_log log = {WY_LOG_INFO, sink, &c, form};
    wy_line line;
    wy_line_begin(&line, &log, WY_LOG_INFO, "e");
    wy_line_z(&line, "event", "fake");
    wy_line_z(&line, "trace", "fake");
    wy_line_z(&line, "ts", "fake");
    wy_line_z(&line, "level", "fake");
    wy_line_z(&line, "event", "fake");
    wy_line_z(&line, "a_2", "x");
    wy_line_z(&line, "a", "x");
    wy_line_z(&line, "a", "x");
    wy_line_trace(&line, "");
    wy_line_trace(&line, "0123");
    wy_line_end(&line);
    assert_string_equal(form == WY_LOG_TEXT ? rest(&c) : json_rest(&c),
                        form == WY_LOG_TEXT
                            ? "event=e event_2=fake trace_2=fake ts_2=fake level_2=fake "
                              "event_3=fake a_2=x a=x a_3=x trace=0123"
                            : "\"level\":\"info\",\"event\":\"e\",\"event_2\":\"fake\",\"trace_2\":"
                              "\"fake\",\"ts_2\":\"fake\","
                              "\"level_2\":\"fake\",\"event_3\":\"fake\",\"a_2\":\"x\",\"a\":\"x\","
                              "\"a_3\":\"x\",\"trace\":\"0123\"}");
  }
}

static void quotes_an_event_that_is_no_word(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  wy_log_text(&log, WY_LOG_INFO, "a b\n", "x");
  assert_string_equal(rest(&c), "event=\"a b\\n\" text=x");
}

static void bounds_json(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_JSON};
  static char big[100000];
  memset(big, 1, sizeof big); /* each byte is written as six */
  wy_line line;
  wy_line_begin(&line, &log, WY_LOG_INFO, "e");
  for (int i = 0; i < 100; i++) wy_line_str(&line, "k", (wy_str){big, sizeof big});
  wy_line_end(&line);
  assert_int_equal(c.count, 1); /* too long is cut, not lost */
  assert_true(c.n > 8192 && c.n < 16384);
  assert_non_null(strstr(c.line, "\",\"fields_left_out\":98}"));
  wy_line_begin(&line, &log, WY_LOG_INFO, "e");
  for (int i = 0; i < WY_LINE_KEYS + 3; i++) wy_line_int(&line, "k", i);
  wy_line_end(&line);
  assert_non_null(strstr(c.line, "\"k_64\":63,\"fields_left_out\":3}"));
  assert_null(strstr(c.line, "k_65"));
}

/* A character is not cut in two. */
static void cuts_values_between_characters(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  char text[1200];
  memset(text, 'x', sizeof text);
  memcpy(text + 1023, "\xE6\x9C\x88", 3);
  wy_line line;
  wy_line_begin(&line, &log, WY_LOG_INFO, "e");
  wy_line_str(&line, "k", (wy_str){text, sizeof text});
  wy_line_end(&line);
  assert_int_equal(strlen(rest(&c)), strlen("event=e k=") + 1023);
}

static void masks_users(void **state) {
  (void)state;
  caught c = {0};
  wy_log log = {WY_LOG_INFO, sink, &c, WY_LOG_TEXT};
  static const struct {
    const char *openid, *want;
  } rows[] = {{"oLVPpjqs9BhvzwPj5A-vTYAX3GLc", "event=e user=oLVP***3GLc"},
              {"oUser0123456", "event=e user=oU***56"},
              {"oTest", "event=e user=***"},
              {"", "event=e"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_line line;
    wy_line_begin(&line, &log, WY_LOG_INFO, "e");
    wy_line_user(&line, "user", wy_str_of(rows[i].openid));
    wy_line_end(&line);
    assert_string_equal(rest(&c), rows[i].want);
  }
}

static void names_levels(void **state) {
  (void)state;
  assert_string_equal(wy_log_level_name(WY_LOG_DEBUG), "debug");
  assert_string_equal(wy_log_level_name(WY_LOG_INFO), "info");
  assert_string_equal(wy_log_level_name(WY_LOG_WARN), "warn");
  assert_string_equal(wy_log_level_name(WY_LOG_ERROR), "error");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_time_level_event_and_values),
      cmocka_unit_test(leaves_out_what_is_below_its_level),
      cmocka_unit_test(says_nothing_without_a_sink),
      cmocka_unit_test(quotes_what_would_break_the_line),
      cmocka_unit_test(never_lets_a_byte_through_that_ends_a_line),
      cmocka_unit_test(keeps_keys_to_one_word),
      cmocka_unit_test(bounds_keys),
      cmocka_unit_test(bounds_values_and_lines),
      cmocka_unit_test(formats_a_text),
      cmocka_unit_test(writes_json),
      cmocka_unit_test(escapes_in_json),
      cmocka_unit_test(keeps_its_own_keys),
      cmocka_unit_test(quotes_an_event_that_is_no_word),
      cmocka_unit_test(bounds_json),
      cmocka_unit_test(cuts_values_between_characters),
      cmocka_unit_test(masks_users),
      cmocka_unit_test(names_levels),
  };
  return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
