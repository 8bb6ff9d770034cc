/* prom: samples by hand, and a whole page read back by a reader of the format that shares nothing
 * with the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/prom.h"
#include "base/utf8.h"

/* Writes with 4 KiB of room each. */
typedef struct rig {
  wy_buf out, labels;
} rig;

static int set_up(void **state) {
  rig *r = calloc(1, sizeof *r);
  assert_non_null(r);
  wy_buf_init(&r->out, 4096);
  wy_buf_init(&r->labels, 4096);
  *state = r;
  return 0;
}

static int tear_down(void **state) {
  rig *r = *state;
  wy_buf_deinit(&r->out);
  wy_buf_deinit(&r->labels);
  free(r);
  return 0;
}

static void is(const rig *r, const char *want) {
  assert_false(r->out.failed);
  assert_string_equal(wy_buf_view(&r->out).p, want);
}

static void writes_the_head_of_a_family(void **state) {
  rig *r = *state;
  wy_prom_family(&r->out, "a_total", WY_PROM_COUNTER, "Pushes.");
  wy_prom_family(&r->out, "b", WY_PROM_GAUGE, "Tasks.");
  wy_prom_family(&r->out, "c_seconds", WY_PROM_HISTOGRAM, "Time.");
  is(r,
     "# HELP a_total Pushes.\n# TYPE a_total counter\n"
     "# HELP b Tasks.\n# TYPE b gauge\n"
     "# HELP c_seconds Time.\n# TYPE c_seconds histogram\n");
}

static void writes_samples_with_and_without_labels(void **state) {
  rig *r = *state;
  wy_prom_u64(&r->out, "a", NULL, 0);
  wy_prom_u64(&r->out, "b", &r->labels, 1);
  wy_prom_label(&r->labels, "account", WY_STR("main"));
  wy_prom_u64(&r->out, "c", &r->labels, UINT64_MAX);
  wy_prom_label(&r->labels, "result", WY_STR(""));
  wy_prom_u64(&r->out, "d", &r->labels, 2);
  is(r,
     "a 0\nb 1\nc{account=\"main\"} 18446744073709551615\n"
     "d{account=\"main\",result=\"\"} 2\n");
}

static void escapes_values_of_labels(void **state) {
  rig *r = *state;
  static const struct {
    wy_str in;
    const char *out;
  } rows[] = {
      {WY_STR("plain {}=, text"), "plain {}=, text"},
      {WY_STR("\\"), "\\\\"},
      {WY_STR("\""), "\\\""},
      {WY_STR("\n"), "\\n"},
      {WY_STR("\\n\n\"\\"), "\\\\n\\n\\\"\\\\"},
      {WY_STR("C:\\a\\b.lua:3"), "C:\\\\a\\\\b.lua:3"},
      {WY_STR("微\n月"), "微\\n月"},
      {WY_STR("\xE5\xBE"), "\\\\xE5\\\\xBE"},
      {WY_STR("\xE5\n\xBE\xAE"), "\\\\xE5\\n\\\\xBE\\\\xAE"},
      {WY_STR("a\xFF\"b"), "a\\\\xFF\\\"b"},
      {WY_STR("a\0b\x1B"), "a\\\\x00b\\\\x1B"},
      {WY_STR("\t\x7F"), "\\\\x09\\\\x7F"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char want[100];
    snprintf(want, sizeof want, "l=\"%s\"", rows[i].out);
    wy_buf_clear(&r->labels);
    wy_prom_label(&r->labels, "l", rows[i].in);
    assert_string_equal(wy_buf_view(&r->labels).p, want);
  }
}

/* A histogram s whose sum is so long. */
static void write_sum(wy_buf *out, uint64_t ns) {
  wy_histogram h = {.sum_ns = ns};
  wy_prom_histogram(out, "s", NULL, &h);
}

static void writes_ns_as_exact_seconds(void **state) {
  rig *r = *state;
  static const struct {
    uint64_t ns;
    const char *text;
  } rows[] = {
      {0, "\ns_sum 0\n"},
      {1, "\ns_sum 0.000000001\n"},
      {100000, "\ns_sum 0.0001\n"},
      {999999999, "\ns_sum 0.999999999\n"},
      {1000000000, "\ns_sum 1\n"},
      {1000000010, "\ns_sum 1.00000001\n"},
      {1500000000, "\ns_sum 1.5\n"},
      {UINT64_C(100000000000), "\ns_sum 100\n"},
      {UINT64_MAX, "\ns_sum 18446744073.709551615\n"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_buf_clear(&r->out);
    write_sum(&r->out, rows[i].ns);
    assert_non_null(strstr(wy_buf_view(&r->out).p, rows[i].text));
  }
}

static void writes_a_histogram(void **state) {
  rig *r = *state;
  wy_histogram h = {0};
  wy_histogram_observe(&h, 100000);      /* 0.0001 */
  wy_histogram_observe(&h, 3000000);     /* 0.005 */
  wy_histogram_observe(&h, 4000000);     /* 0.005 */
  wy_histogram_observe(&h, 90000000000); /* beyond all bounds */
  wy_prom_label(&r->labels, "p", WY_STR("x"));
  wy_prom_histogram(&r->out, "t", &r->labels, &h);
  is(r,
     "t_bucket{p=\"x\",le=\"0.0001\"} 1\n"
     "t_bucket{p=\"x\",le=\"0.00025\"} 1\n"
     "t_bucket{p=\"x\",le=\"0.0005\"} 1\n"
     "t_bucket{p=\"x\",le=\"0.001\"} 1\n"
     "t_bucket{p=\"x\",le=\"0.0025\"} 1\n"
     "t_bucket{p=\"x\",le=\"0.005\"} 3\n"
     "t_bucket{p=\"x\",le=\"0.01\"} 3\n"
     "t_bucket{p=\"x\",le=\"0.025\"} 3\n"
     "t_bucket{p=\"x\",le=\"0.05\"} 3\n"
     "t_bucket{p=\"x\",le=\"0.1\"} 3\n"
     "t_bucket{p=\"x\",le=\"0.25\"} 3\n"
     "t_bucket{p=\"x\",le=\"0.5\"} 3\n"
     "t_bucket{p=\"x\",le=\"1\"} 3\n"
     "t_bucket{p=\"x\",le=\"2.5\"} 3\n"
     "t_bucket{p=\"x\",le=\"5\"} 3\n"
     "t_bucket{p=\"x\",le=\"10\"} 3\n"
     "t_bucket{p=\"x\",le=\"30\"} 3\n"
     "t_bucket{p=\"x\",le=\"60\"} 3\n"
     "t_bucket{p=\"x\",le=\"+Inf\"} 4\n"
     "t_sum{p=\"x\"} 90.0071\n"
     "t_count{p=\"x\"} 4\n");
}

static void names_its_buckets_by_the_bounds_that_sort_them(void **state) {
  rig *r = *state;
  wy_histogram h = {0};
  wy_prom_histogram(&r->out, "t", NULL, &h);
  const char *p = wy_buf_view(&r->out).p;
  for (size_t i = 0; i < WY_HISTOGRAM_BOUNDS; i++) {
    wy_buf seconds;
    char want[64];
    wy_buf_init(&seconds, 4096);
    write_sum(&seconds, wy_histogram_bounds[i]);
    const char *sum = strstr(wy_buf_view(&seconds).p, "s_sum ") + strlen("s_sum ");
    snprintf(want, sizeof want, "t_bucket{le=\"%.*s\"} 0\n", (int)strcspn(sum, "\n"), sum);
    wy_buf_deinit(&seconds);
    if (strncmp(p, want, strlen(want)) != 0) fail_msg("\"%s\" is not what stands there", want);
    p += strlen(want);
  }
  assert_string_equal(p, "t_bucket{le=\"+Inf\"} 0\nt_sum 0\nt_count 0\n");
}

static void fails_rather_than_leave_labels_out(void **state) {
  rig *r = *state;
  char big[5000];
  memset(big, 'x', sizeof big);
  wy_prom_u64(&r->out, "a", NULL, 1);
  wy_prom_label(&r->labels, "l", (wy_str){big, sizeof big});
  wy_prom_u64(&r->out, "a", &r->labels, 2);
  assert_true(r->out.failed);
  wy_prom_u64(&r->out, "a", NULL, 3);
  assert_true(r->out.failed);
  assert_int_equal(r->out.n, 0);
}

/* The reader: 0, or the number of the line that is wrong. It asks for one HELP and one TYPE, in
 * this order, before the samples of a family, which stand together; for labels that are well
 * formed; for no sample twice; for buckets that end at +Inf with what _count says, and never fall.
 */

typedef struct page {
  wy_str names[50]; /* families seen */
  size_t n;
  wy_str help;      /* a HELP that waits for its TYPE */
  bool counting;    /* the family is a histogram */
  uint64_t last;    /* of the buckets so far */
  bool whole;       /* +Inf has come, _count not yet */
  wy_str seen[300]; /* name and labels of every sample */
  size_t n_seen;
} page;

static size_t name_length(wy_str s) {
  size_t n = 0;
  while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] == '_'))) n++;
  return n;
}

static bool eat(wy_str *s, const char *z) {
  size_t n = strlen(z);
  if (s->n < n || memcmp(s->p, z, n) != 0) return false;
  s->p += n, s->n -= n;
  return true;
}

static bool take_name(wy_str *s, wy_str *name) {
  *name = (wy_str){s->p, name_length(*s)};
  s->p += name->n, s->n -= name->n;
  return name->n > 0;
}

static bool take_value(wy_str *s, wy_str *value) {
  if (!eat(s, "\"")) return false;
  *value = *s;
  while (s->n && *s->p != '"') {
    if (eat(s, "\\") && !(s->n && memchr("\\\"n", *s->p, 3))) return false;
    s->p++, s->n--;
  }
  value->n = (size_t)(s->p - value->p);
  return eat(s, "\"");
}

static bool read_head(page *g, wy_str line) {
  wy_str name;
  if (eat(&line, "# HELP ")) {
    if (g->help.n || g->whole || !take_name(&line, &name) || !eat(&line, " ")) return false;
    for (size_t i = 0; i < g->n; i++)
      if (wy_str_eq(g->names[i], name)) return false;
    g->names[g->n++] = g->help = name;
    return true;
  }
  if (!eat(&line, "# TYPE ") || !take_name(&line, &name) || !wy_str_eq(name, g->help)) return false;
  g->help.n = 0;
  g->counting = wy_str_eq(line, WY_STR(" histogram"));
  return g->counting || wy_str_eq(line, WY_STR(" counter")) || wy_str_eq(line, WY_STR(" gauge"));
}

static bool read_sample(page *g, wy_str line) {
  wy_str whole = line, name, label, value, le = {NULL, 0};
  if (g->n == 0 || g->help.n || !take_name(&line, &name)) return false;
  wy_str suffix = name, family = g->names[g->n - 1];
  if (name.n < family.n || memcmp(name.p, family.p, family.n) != 0) return false;
  suffix.p += family.n, suffix.n -= family.n;
  if (eat(&line, "{")) {
    do {
      if (!take_name(&line, &label) || !eat(&line, "=") || !take_value(&line, &value)) return false;
      if (wy_str_eq(label, WY_STR("le"))) le = value;
    } while (eat(&line, ","));
    if (!eat(&line, "}")) return false;
  }
  whole.n = (size_t)(line.p - whole.p);
  for (size_t i = 0; i < g->n_seen; i++)
    if (wy_str_eq(g->seen[i], whole)) return false;
  g->seen[g->n_seen++] = whole;
  if (!eat(&line, " ")) return false;

  char *end, text[64];
  if (line.n == 0 || line.n >= sizeof text) return false;
  memcpy(text, line.p, line.n);
  text[line.n] = '\0';
  double number = strtod(text, &end);
  if (*end || number < 0) return false;
  if (!g->counting) return suffix.n == 0;
  if (wy_str_eq(suffix, WY_STR("_sum"))) return g->whole;
  uint64_t count;
  if (!wy_str_u64(line, &count)) return false;
  if (wy_str_eq(suffix, WY_STR("_count"))) {
    bool right = g->whole && count == g->last;
    g->last = 0;
    g->whole = false;
    return right;
  }
  bool right = wy_str_eq(suffix, WY_STR("_bucket")) && le.n && !g->whole && count >= g->last;
  g->last = count;
  g->whole = wy_str_eq(le, WY_STR("+Inf"));
  return right;
}

static int wrong_line(wy_str text) {
  page *g = calloc(1, sizeof *g);
  assert_non_null(g);
  int at = 0;
  bool right = true;
  while (right && text.n) {
    const char *end = memchr(text.p, '\n', text.n);
    wy_str line = {text.p, end ? (size_t)(end - text.p) : text.n};
    at++;
    right =
        end && wy_utf8_valid(line) && (*line.p == '#' ? read_head(g, line) : read_sample(g, line));
    text.p += line.n + 1, text.n -= right ? line.n + 1 : 0;
  }
  if (right && (g->whole || g->help.n)) right = false;
  free(g);
  return right ? 0 : at;
}

#define HEAD "# HELP a x\n# TYPE a counter\n"
#define BUCKETS "# HELP t x\n# TYPE t histogram\n"

static void reader_of_this_spec_finds_faults(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int line;
  } rows[] = {
      {"", 0},
      {HEAD "a 1\n", 0},
      {HEAD "a{b=\"c\\\\\\\"\\n\",d=\"\"} 1\n", 0},
      {BUCKETS "t_bucket{le=\"1\"} 1\nt_bucket{le=\"+Inf\"} 2\nt_sum 1.5\nt_count 2\n", 0},
      {"a 1\n", 1},
      {HEAD "a 1", 3},
      {HEAD "a 1\na 2\n", 4},
      {HEAD HEAD, 3},
      {"# TYPE a counter\n", 1},
      {"# HELP a x\n", 1},
      {"# HELP a x\n# TYPE b counter\n", 2},
      {"# HELP a x\n# TYPE a number\n", 2},
      {HEAD "b 1\n", 3},
      {HEAD "# HELP b x\n# TYPE b gauge\nb 1\na 1\n", 6},
      {HEAD "a\n", 3},
      {HEAD "a x\n", 3},
      {HEAD "a{b=\"c\" 1\n", 3},
      {HEAD "a{b=c} 1\n", 3},
      {HEAD "a{b=\"\\x\"} 1\n", 3},
      {HEAD "a{b=\"\"\"} 1\n", 3},
      {HEAD "a{b=\"\xFF\"} 1\n", 3},
      {BUCKETS "t_bucket{le=\"1\"} 2\nt_bucket{le=\"+Inf\"} 1\nt_sum 1\nt_count 1\n", 4},
      {BUCKETS "t_bucket{le=\"+Inf\"} 1\nt_sum 1\nt_count 2\n", 5},
      {BUCKETS "t_bucket{le=\"1\"} 1\nt_sum 1\nt_count 1\n", 4},
      {BUCKETS "t_bucket{le=\"+Inf\"} 1\nt_sum 1\n", 4},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (wrong_line(wy_str_of(rows[i].text)) != rows[i].line)
      fail_msg("line %d of \"%s\"", wrong_line(wy_str_of(rows[i].text)), rows[i].text);
}

static void on_handler(void *data, const wy_handler *sum) {
  rig *r = data;
  wy_buf_clear(&r->labels);
  wy_prom_label(&r->labels, "plugin", wy_str_of(sum->plugin));
  wy_prom_label(&r->labels, "handler", wy_str_of(sum->where));
  wy_prom_histogram(&r->out, "weiyue_handler_seconds", &r->labels, &sum->time);
}

static void writes_a_page_that_can_be_read_back(void **state) {
  rig *r = *state;
  static wy_handlers workers[2];
  const wy_handlers *const tables[] = {&workers[0], &workers[1]};
  static const char *const plugins[] = {"hello",      "quo\"ted",   "back\\slash",
                                        "two\nlines", "br\xC3oken", "微月"};
  for (uint64_t i = 0; i < 2; i++) {
    wy_handlers_init(&workers[i]);
    for (size_t k = i; k < sizeof plugins / sizeof *plugins; k++)
      for (uint64_t ns = k + 1; ns < UINT64_C(1) << 37; ns *= 3)
        wy_histogram_observe(
            &wy_handlers_find(&workers[i], plugins[k], plugins[k], "a.lua:1")->time, ns);
  }
  r->out.max = 65536;
  wy_prom_family(&r->out, "weiyue_pushes_total", WY_PROM_COUNTER, "Pushes.");
  wy_prom_u64(&r->out, "weiyue_pushes_total", NULL, 12);
  wy_prom_family(&r->out, "weiyue_handler_seconds", WY_PROM_HISTOGRAM, "Time in handlers.");
  assert_int_equal(wy_handlers_each(tables, 2, on_handler, r), 0);
  assert_false(r->out.failed);
  wy_str text = wy_buf_view(&r->out);
  int at = wrong_line(text);
  if (at) fail_msg("line %d of\n%s", at, text.p);
  size_t lines = 0;
  for (size_t i = 0; i < text.n; i++) lines += text.p[i] == '\n';
  assert_int_equal(lines, 2 * 2 + 1 + 6 * (WY_HISTOGRAM_BUCKETS + 2));
  for (size_t i = 0; i < 2; i++) wy_handlers_deinit(&workers[i]);
}

int main(void) {
#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      WITH_RIG(writes_the_head_of_a_family),
      WITH_RIG(writes_samples_with_and_without_labels),
      WITH_RIG(escapes_values_of_labels),
      WITH_RIG(writes_ns_as_exact_seconds),
      WITH_RIG(writes_a_histogram),
      WITH_RIG(names_its_buckets_by_the_bounds_that_sort_them),
      WITH_RIG(fails_rather_than_leave_labels_out),
      cmocka_unit_test(reader_of_this_spec_finds_faults),
      WITH_RIG(writes_a_page_that_can_be_read_back),
  };
  return cmocka_run_group_tests_name("prom", tests, NULL, NULL);
}
