/* ration: so many lines a second of each kind, and one that tells of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ration.h"

typedef struct rig {
  wy_clock clock;
  wy_log log;
  wy_ration ration;
  char lines[4096]; /* what was told, behind the time and the level */
  unsigned n;
} rig;

static void sink(void *data, wy_log_level level, wy_str line) {
  rig *r = data;
  const char *event = memmem(line.p, line.n, "event=", 6);
  (void)level;
  assert_non_null(event);
  size_t at = strlen(r->lines), n = (size_t)(line.p + line.n - event);
  assert_true(at + n + 2 < sizeof r->lines);
  memcpy(r->lines + at, event, n);
  memcpy(r->lines + at + n, "\n", 2);
  r->n++;
}

static void start(rig *r) {
  memset(r, 0, sizeof *r);
  wy_clock_init_virtual(&r->clock, 1700000000000);
  r->log = (wy_log){WY_LOG_INFO, sink, r, WY_LOG_TEXT};
  wy_ration_init(&r->ration, &r->clock, &r->log);
}

static void end(rig *r) {
  uint64_t due;
  wy_ration_deinit(&r->ration);
  assert_false(wy_clock_next(&r->clock, &due));
  wy_clock_deinit(&r->clock);
}

static void advance(rig *r, uint64_t ms) {
  uint64_t due, to = r->clock.now + ms;
  while (wy_clock_next(&r->clock, &due) && due <= to) {
    wy_clock_step(&r->clock, due > r->clock.now ? due : r->clock.now);
    wy_clock_run(&r->clock);
  }
  wy_clock_step(&r->clock, to);
}

/* How many of n lines that come now are written. */
static unsigned take(rig *r, const char *event, const char *place, unsigned max, unsigned n) {
  unsigned written = 0;
  for (unsigned i = 0; i < n; i++)
    written += wy_ration_take(&r->ration, WY_LOG_WARN, event, place, max);
  return written;
}

static void lets_so_many_through(void **state) {
  (void)state;
  rig r;
  start(&r);
  assert_int_equal(take(&r, "sig.mismatch", NULL, 10, 10), 10);
  advance(&r, 5000);
  assert_int_equal(r.n, 0); /* nothing to tell */
  end(&r);
}

static void counts_the_others_and_tells_at_the_end_of_the_second(void **state) {
  (void)state;
  rig r;
  start(&r);
  assert_int_equal(take(&r, "sig.mismatch", NULL, 10, 6), 6);
  advance(&r, 400);
  assert_int_equal(take(&r, "sig.mismatch", NULL, 10, 1000), 4);
  advance(&r, 599);
  assert_int_equal(take(&r, "sig.mismatch", NULL, 10, 7), 0);
  assert_string_equal(r.lines, "");
  advance(&r, 1);
  assert_string_equal(r.lines, "event=log.suppressed of=sig.mismatch count=1003\n");
  advance(&r, 10000);
  assert_int_equal(r.n, 1);
  assert_int_equal(take(&r, "sig.mismatch", NULL, 10, 11), 10); /* a new second */
  end(&r);
}

/* A loop that was kept from its timers: the line that comes first tells. */
static void tells_before_the_next_line(void **state) {
  (void)state;
  rig r;
  start(&r);
  take(&r, "e", NULL, 2, 5);
  wy_clock_step(&r.clock, r.clock.now + 3000);
  assert_int_equal(take(&r, "e", NULL, 2, 1), 1);
  assert_string_equal(r.lines, "event=log.suppressed of=e count=3\n");
  advance(&r, 5000);
  assert_int_equal(r.n, 1);
  end(&r);
}

static void keeps_kinds_apart(void **state) {
  (void)state;
  rig r;
  start(&r);
  assert_int_equal(take(&r, "lua.error", "a.lua:1", 2, 3), 2);
  assert_int_equal(take(&r, "lua.error", "a.lua:2", 2, 4), 2);
  assert_int_equal(take(&r, "lua.error", NULL, 2, 5), 2);
  assert_int_equal(take(&r, "other", NULL, 2, 2), 2);
  advance(&r, 1000);
  assert_string_equal(r.lines,
                      "event=log.suppressed of=lua.error where=a.lua:1 count=1\n"
                      "event=log.suppressed of=lua.error where=a.lua:2 count=2\n"
                      "event=log.suppressed of=lua.error count=3\n");
  end(&r);
}

static void counts_nothing_that_is_off(void **state) {
  (void)state;
  rig r;
  start(&r);
  r.log.level = WY_LOG_ERROR;
  assert_int_equal(take(&r, "e", NULL, 2, 100), 0);
  advance(&r, 2000);
  assert_int_equal(r.n, 0);
  end(&r);
}

static void writes_all_at_debug(void **state) {
  (void)state;
  rig r;
  start(&r);
  r.log.level = WY_LOG_DEBUG;
  assert_int_equal(take(&r, "e", NULL, 2, 100), 100);
  advance(&r, 2000);
  assert_int_equal(r.n, 0);
  end(&r);
}

/* More kinds than it knows: none is lost, the one that was quiet longest is told early. */
static void gives_way_to_new_kinds(void **state) {
  (void)state;
  rig r;
  start(&r);
  char name[16];
  unsigned total = 0, count;
  for (unsigned i = 0; i < 3 * WY_RATION_KINDS; i++) {
    snprintf(name, sizeof name, "e%u", i);
    assert_int_equal(take(&r, name, NULL, 1, 3), 1);
    advance(&r, 1);
  }
  assert_int_equal(r.n, 2 * WY_RATION_KINDS);
  advance(&r, 1000);
  assert_int_equal(r.n, 3 * WY_RATION_KINDS);
  for (const char *s = r.lines; sscanf(s, "event=log.suppressed of=%*s count=%u", &count) == 1;
       s = strchr(s, '\n') + 1)
    total += count;
  assert_int_equal(total, 2 * 3 * WY_RATION_KINDS);
  end(&r);
}

static void knows_the_place_of_an_error(void **state) {
  (void)state;
  static const struct {
    const char *where, *text, *place;
  } rows[] = {
      {"a.lua:1", "plugins/b.lua:12: bad: no\nstack", "plugins/b.lua:12"},
      {"a.lua:1", "bad\nplugins/b.lua:12: x", "a.lua:1"},
      {"a.lua:1", "at 12:30 it: was", "a.lua:1"},
      {"a.lua:1", NULL, "a.lua:1"},
      {NULL, "C:/x y.lua:7: bad", "\"C:/x y.lua:7\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    rig r;
    char want[128];
    start(&r);
    for (unsigned k = 0; k < WY_RATION_ERRORS + 3; k++)
      assert_int_equal(wy_ration_error(&r.ration, "lua.error", rows[i].where, rows[i].text),
                       k < WY_RATION_ERRORS);
    advance(&r, 1000);
    snprintf(want, sizeof want, "event=log.suppressed of=lua.error where=%s count=3\n",
             rows[i].place);
    assert_string_equal(r.lines, want);
    end(&r);
  }
  assert_true(wy_ration_error(NULL, "lua.error", NULL, NULL));
}

static void tells_the_end_of_a_long_place(void **state) {
  (void)state;
  rig r;
  char text[300];
  start(&r);
  memset(text, 'd', sizeof text);
  snprintf(text + 200, sizeof text - 200, "/x.lua:12: bad");
  for (unsigned k = 0; k < WY_RATION_ERRORS + 1; k++)
    wy_ration_error(&r.ration, "lua.error", NULL, text);
  advance(&r, 1000);
  assert_non_null(strstr(r.lines, "d/x.lua:12 count=1\n"));
  end(&r);
}

static void tells_what_is_left_at_its_end(void **state) {
  (void)state;
  rig r;
  start(&r);
  take(&r, "e", NULL, 1, 3);
  end(&r);
  assert_string_equal(r.lines, "event=log.suppressed of=e count=2\n");
  wy_ration never = {.clock = NULL};
  wy_ration_deinit(&never);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lets_so_many_through),
      cmocka_unit_test(counts_the_others_and_tells_at_the_end_of_the_second),
      cmocka_unit_test(tells_before_the_next_line),
      cmocka_unit_test(keeps_kinds_apart),
      cmocka_unit_test(counts_nothing_that_is_off),
      cmocka_unit_test(writes_all_at_debug),
      cmocka_unit_test(gives_way_to_new_kinds),
      cmocka_unit_test(knows_the_place_of_an_error),
      cmocka_unit_test(tells_the_end_of_a_long_place),
      cmocka_unit_test(tells_what_is_left_at_its_end),
  };
  return cmocka_run_group_tests_name("ration", tests, NULL, NULL);
}
