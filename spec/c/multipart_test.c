/* multipart: what a form is read as, in any pieces, and what is refused. The rows M001 to M009 of
 * spec/facts/hostile-inputs.tsv are in spec/modules/form_multipart_spec.lua, but for M006 and M007,
 * which are here: they are about pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/multipart.h"

#define TYPE "multipart/form-data; boundary=XyX"

/* What came, as text: [name|filename|type]bytes; a field has no filename and a "-" instead. */
typedef struct told {
  wy_buf text;
  size_t pieces; /* of data */
  bool open;
  int stop; /* what the calls return */
} told;

static int on_begin(void *data, const wy_part *part) {
  told *t = data;
  assert_false(t->open);
  t->open = true;
  wy_buf_lit(&t->text, "[");
  wy_buf_str(&t->text, part->name);
  wy_buf_lit(&t->text, "|");
  wy_buf_str(&t->text, part->is_file ? part->filename : WY_STR("-"));
  wy_buf_lit(&t->text, "|");
  wy_buf_str(&t->text, part->type);
  assert_int_equal(wy_buf_lit(&t->text, "]"), 0);
  return t->stop;
}

static int on_bytes(void *data, wy_str bytes) {
  told *t = data;
  assert_true(t->open);
  assert_true(bytes.n > 0);
  t->pieces++;
  assert_int_equal(wy_buf_str(&t->text, bytes), 0);
  return 0;
}

static int on_end(void *data) {
  told *t = data;
  assert_true(t->open);
  t->open = false;
  return 0;
}

static const wy_multipart_calls calls = {on_begin, on_bytes, on_end};

static told t; /* of the running test */
static wy_multipart_limits limits;

static int set_up(void **state) {
  (void)state;
  t = (told){.open = false};
  wy_buf_init(&t.text, 1 << 25);
  limits = WY_MULTIPART_LIMITS;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  wy_buf_deinit(&t.text);
  return 0;
}

/* Each piece in memory of its own, so that reading beside it shows. */
static int feed_copy(wy_multipart *m, const char *p, size_t n) {
  char *copy = malloc(n ? n : 1);
  assert_non_null(copy);
  memcpy(copy, p, n);
  int err = wy_multipart_feed(m, (wy_str){copy, n});
  free(copy);
  return err;
}

/* In pieces of `size`, the first one of `first`; 0: all that is left. */
static int read_pieces(wy_str body, size_t first, size_t size) {
  wy_multipart m;
  wy_buf_clear(&t.text);
  t.open = false;
  t.pieces = 0;
  int err = wy_multipart_init(&m, WY_STR(TYPE), &limits, &calls, &t);
  for (size_t at = 0, n = first; !err && at < body.n; at += n, n = size) {
    if (n == 0 || n > body.n - at) n = body.n - at;
    err = feed_copy(&m, body.p + at, n);
  }
  if (!err) err = wy_multipart_end(&m);
  else assert_int_equal(wy_multipart_end(&m), err);
  wy_multipart_deinit(&m);
  return err;
}

static int read_str(wy_str body) { return read_pieces(body, 0, 0); }

static int read_text(const char *body) { return read_str(wy_str_of(body)); }

static void assert_told(const char *want) {
  wy_str have = wy_buf_view(&t.text);
  if (!wy_str_eq(have, wy_str_of(want)))
    fail_msg("read as '%.*s', not '%s'", (int)have.n, have.p, want);
}

static void assert_read(const char *body, const char *want) {
  int err = read_text(body);
  if (err) fail_msg("%s: %s", wy_err_event(err), body);
  assert_told(want);
  assert_false(t.open);
}

static void assert_refused(const char *body, int err) {
  int got = read_text(body);
  if (got != err) fail_msg("%s, not %s: %s", wy_err_event(got), wy_err_event(err), body);
}

/* A form of one part with this header. */
static const char *with_header(const char *header) {
  static char body[32768];
  snprintf(body, sizeof body, "--XyX\r\n%s\r\n\r\nv\r\n--XyX--\r\n", header);
  return body;
}

static const char *disposed(const char *params) {
  static char header[16384];
  snprintf(header, sizeof header, "Content-Disposition: form-data; %s", params);
  return with_header(header);
}

/* ---- what is read ---- */

#define FIELD(name, value) \
  "--XyX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "--XyX--\r\n"

static void reads_fields_and_files(void **state) {
  (void)state;
  assert_read(FIELD("a", "1") FIELD("b", "") FIELD("c", "x\r\n\r\ny")
              "--XyX\r\ncontent-disposition:form-data;name=pic ; FileName=\"p.png\"\r\n"
              "Content-Type: image/png \r\nX-Other: 1\r\n\r\n\x89PNG\r\n\r\n" END,
              "[a|-|]1[b|-|][c|-|]x\r\n\r\ny[pic|p.png|image/png]\x89PNG\r\n");
}

static void reads_what_senders_differ_in(void **state) {
  (void)state;
  assert_read("--XyX--", "");                               /* no field at all */
  assert_read("\r\n" FIELD("a", "1") "--XyX--", "[a|-|]1"); /* a line end before, none behind */
  assert_read("--XyX\r\nContent-Disposition: form-data; name=a\r\n\r\n" END, "[a|-|]");
}

static void takes_near_misses_for_data(void **state) {
  (void)state;
  static const char *const values[] = {
      "\r",           "\n",        "\r\r\n",         "\r\n-",        "\r\n--",       "\r\n--Xy",
      "\r\n--Xy\r\n", "\r\r\n--X", "\r\n--Xy\r\n--", "\r\n--XyY",    "--XyY",        "-",
      "\r\n\r\n--Xy", "\n--XyX",   "\r--XyX",        "\r\n -- XyX ", "x--XyX--\r\n",
  };
  char body[256], want[256];
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    snprintf(body, sizeof body,
             "--XyX\r\nContent-Disposition: form-data; name=a\r\n\r\n%s\r\n--XyX--", values[i]);
    snprintf(want, sizeof want, "[a|-|]%s", values[i]);
    assert_read(body, want);
    for (size_t size = 1; size < 12; size++) {
      assert_int_equal(read_pieces(wy_str_of(body), size, size), 0);
      assert_told(want);
    }
  }
}

static void reads_names(void **state) {
  (void)state;
  assert_read(disposed("name=\"\xE5\x9B\xBE[]\""), "[\xE5\x9B\xBE[]|-|]v");
  assert_read(disposed("name=\"a\\\"b\\\\c\""), "[a\"b\\c|-|]v");
  assert_read(disposed("name=\"a%22b%41\""), "[a\"b%41|-|]v");
  assert_read(disposed("name=\"a;b=c\"; filename=\"x\""), "[a;b=c|x|]v");
  assert_read(disposed("name=a; other=1; filename=\"\""), "[a||]v");
}

static void reduces_file_names(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"filename=\"../../etc/cron.d/x\"", "x"},
      {"filename=\"C:\\\\x\"", "x"},
      {"filename=\"C:\\new\\x.png\"", "x.png"},
      {"filename=\"/\"", ""},
      {"filename=\"..\"", ""},
      {"filename=\"a/.\"", ""},
      {"filename=\"...\"", "..."},
      {"filename=\"a\x01\x1f\x7f b\tc\"", "a bc"},
      {"filename=\"a%0d%0A%22%00\"", "a\"%00"},
      {"filename=\"invoice\xE2\x80\xAEgpj.exe\"", "invoicegpj.exe"},
      {"filename=\"\xEF\xBB\xBF"
       "a\xD8\x9C\xE2\x81\xA6\xE2\x80\xA8\xC2\x85\"",
       "a"},
      {"filename=\"\xC3\xA9\xE2\x80\x8D.png\"", "\xC3\xA9\xE2\x80\x8D.png"},
      {"filename=\"\xCD\xBC.png\"", "\xCD\xBC.png"},
      {"filename=\"\xD6\xD0.png\"", "\xEF\xBF\xBD\xEF\xBF\xBD.png"}, /* GBK */
      {"filename*=UTF-8''%E5%9B%BE%2F%e5%9b%be%00.png", "\xE5\x9B\xBE.png"},
      {"filename=\"plain\"; filename*=utf-8'zh'%E5%9B%BE", "\xE5\x9B\xBE"},
      {"filename*=utf-8''a; filename=\"plain\"", "a"},
  };
  char params[256], want[256];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(params, sizeof params, "name=f; %s", cases[i][0]);
    snprintf(want, sizeof want, "[f|%s|]v", cases[i][1]);
    assert_read(disposed(params), want);
  }
  assert_int_equal(read_str(WY_STR("--XyX\r\nContent-Disposition: form-data; name=f; "
                                   "filename=\"a\0b.png\"\r\n\r\nv\r\n--XyX--")),
                   0);
  assert_told("[f|ab.png|]v");
}

/* A name of `n` bytes out of `unit`. */
static const char *long_name(const char *key, const char *unit, size_t n) {
  static char params[8192];
  size_t at = (size_t)snprintf(params, sizeof params, "%s=\"", key);
  for (size_t i = 0; i < n; i++) params[at++] = unit[i % strlen(unit)];
  snprintf(params + at, sizeof params - at, "\"; name=f");
  return disposed(params);
}

static void cuts_long_file_names(void **state) {
  (void)state;
  char want[512];
  snprintf(want, sizeof want, "[f|%0*d|]v", WY_PART_FILENAME, 0);
  assert_read(long_name("filename", "0", 4096), want);
  assert_int_equal(read_text(long_name("filename", "\xE2\x82\xAC", 4095)), 0);
  assert_int_equal(t.text.n, strlen("[f||]v") + 255);
  assert_int_equal(read_text(long_name("filename", "\xF0\x9F\x98\x80", 4096)), 0);
  assert_int_equal(t.text.n, strlen("[f||]v") + 252); /* no half character */
  assert_int_equal(read_text(long_name("filename", "0123456789/", 4096)), 0);
  assert_told("[f|0123|]v");
}

static void calls_with_the_header_as_it_came(void **state) {
  (void)state;
  wy_multipart m;
  assert_int_equal(wy_multipart_init(&m, WY_STR(TYPE), &limits, &calls, &t), 0);
  assert_int_equal(wy_multipart_feed(&m, wy_str_of(disposed("name=\"a%22\"\r\nX-Y: z"))), 0);
  assert_true(wy_str_eq(m.part.header,
                        WY_STR("Content-Disposition: form-data; name=\"a%22\"\r\nX-Y: z\r\n")));
  wy_multipart_deinit(&m);
}

/* ---- pieces: M006, M007 ---- */

static const char mixed[] =
    "\r\n" FIELD("a", "1") FIELD("b", "\r\n--XyY\r\n\r\n--Xy") FIELD("c", "")
    "--XyX\r\nContent-Disposition: form-data; name=f; filename=\"p.png\"\r\n"
    "Content-Type: image/png\r\n\r\n\r\n-\r\n--\r\r\n--Xy\r\n\r\n" FIELD("d", "-") END;

static void reads_the_same_wherever_it_is_split(void **state) {
  (void)state;
  wy_str body = {mixed, sizeof mixed - 1};
  assert_int_equal(read_str(body), 0);
  char *want = strdup(wy_buf_view(&t.text).p);
  assert_string_equal(want,
                      "[a|-|]1[b|-|]\r\n--XyY\r\n\r\n--Xy[c|-|][f|p.png|image/png]"
                      "\r\n-\r\n--\r\r\n--Xy\r\n[d|-|]-");
  for (size_t first = 1; first < body.n; first++) {
    assert_int_equal(read_pieces(body, first, 0), 0);
    assert_told(want);
  }
  for (size_t size = 1; size < 80; size++) {
    assert_int_equal(read_pieces(body, size, size), 0);
    assert_told(want);
  }
  free(want);
}

static void refuses_the_same_wherever_it_is_split(void **state) {
  (void)state;
  static const char *const bad[] = {
      FIELD("a", "1") FIELD("a", "2") END,
      FIELD("a", "1") "--XyX \r\n",
      FIELD("a", "1") END "x",
      FIELD("", "1") END,
      "--XyX\r\nX: 1\n\r\n\r\n--XyX--\r\n",
      "--XyY\r\n",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int want = read_text(bad[i]);
    assert_true(want < 0);
    for (size_t first = 1; first < strlen(bad[i]); first++)
      assert_int_equal(read_pieces(wy_str_of(bad[i]), first, 0), want);
    assert_int_equal(read_pieces(wy_str_of(bad[i]), 1, 1), want);
  }
}

static void gives_near_misses_in_whole_pieces(void **state) {
  (void)state;
  static const char miss[] = "\r\n--Xyx", head[] = FIELD("a", "");
  const size_t misses = 10 * 1024 * 1024 / (sizeof miss - 1), n = misses * (sizeof miss - 1);
  wy_buf body;
  wy_buf_init(&body, n + 256);
  wy_buf_add(&body, head, sizeof head - 3); /* its value follows */
  for (size_t i = 0; i < misses; i++) wy_buf_add(&body, miss, sizeof miss - 1);
  assert_int_equal(wy_buf_lit(&body, "\r\n--XyX--"), 0);
  assert_int_equal(read_str(wy_buf_view(&body)), 0);
  assert_int_equal(t.text.n, strlen("[a|-|]") + n);
  assert_int_equal(t.pieces, 1);
  assert_int_equal(read_pieces(wy_buf_view(&body), 65536, 65536), 0);
  assert_int_equal(t.text.n, strlen("[a|-|]") + n);
  assert_true(t.pieces <= 2 * (body.n / 65536 + 1)); /* what was held back, and the piece */
  wy_buf_deinit(&body);
}

/* ---- what is refused ---- */

static void refuses_boundaries(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "multipart/form-data",
      "multipart/form-data;",
      "multipart/form-data; boundary",
      "multipart/form-data; boundary=",
      "multipart/form-data; boundary=\"\"",
      "multipart/form-data; boundary=\"a",
      "multipart/form-data; boundary=\"a \"",
      "multipart/form-data; boundary=a\r",
      "multipart/form-data; boundary=a\rb",
      "multipart/form-data; boundary=\"a\r\nb\"",
      "multipart/form-data; boundary=a b",
      "multipart/form-data; boundary=\"a\\\"b\"",
      "multipart/form-data; boundary=a; boundary=a",
      "multipart/form-data; boundary=\xC3\xA9",
      "multipart/form-data boundary=a",
      "multipart/mixed; boundary=a",
      "multipart/form-data, multipart/form-data; boundary=a",
      ("multipart/form-data; boundary="
       "12345678901234567890123456789012345678901234567890123456789012345678901"),
  };
  static const char *const good[][2] = {
      {"Multipart/Form-Data;BOUNDARY=a", "a"},
      {" multipart/form-data ; charset=utf-8 ; boundary=\"a b:c\" ", "a b:c"},
      {"multipart/form-data; boundary=----=_Part_1/2", "----=_Part_1/2"},
      {"multipart/form-data; boundary="
       "1234567890123456789012345678901234567890123456789012345678901234567890",
       "1234567890123456789012345678901234567890123456789012345678901234567890"},
  };
  wy_str boundary;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (wy_part_boundary(wy_str_of(bad[i]), &boundary) != WY_E_MULTIPART_TYPE)
      fail_msg("taken: %s", bad[i]);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_int_equal(wy_part_boundary(wy_str_of(good[i][0]), &boundary), 0);
    assert_true(wy_str_eq(boundary, wy_str_of(good[i][1])));
  }
}

static void refuses_what_stands_beside_boundaries(void **state) {
  (void)state;
  static const char *const bad[] = {
      "preamble\r\n" FIELD("a", "1") END, "\r\n\r\n" FIELD("a", "1") END,
      FIELD("a", "1") END "\r\n",         FIELD("a", "1") "--XyX--x",
      FIELD("a", "1") "--XyX-x",          FIELD("a", "1") "--XyX1\r\n",
      FIELD("a", "1") "--XyX \r\n",       FIELD("a", "1") "--XyX\n",
      FIELD("a", "1") "--XyX\rx",         "-XyX--",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_refused(bad[i], WY_E_MULTIPART_BOUNDARY);
}

static void refuses_headers(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "X: 1",
      "Content-Type: text/plain",
      "Content-Disposition: attachment; name=a",
      "Content-Disposition: form-datax; name=a",
      "Content-Disposition: form-data; name=a; name=b",
      "Content-Disposition: form-data; name=a; filename=b; FILENAME=c",
      "Content-Disposition: form-data; name=a; filename*=utf-8''a; filename*=utf-8''b",
      "Content-Disposition: form-data; name=a; filename*=gbk''a",
      "Content-Disposition: form-data; name=a; filename*=utf-8''%4",
      "Content-Disposition: form-data; name=a; filename*=a",
      "Content-Disposition: form-data; name*=utf-8''a",
      "Content-Disposition: form-data; name=\"a",
      "Content-Disposition: form-data; name=\"a\"b",
      "Content-Disposition: form-data; name=a b",
      "Content-Disposition: form-data; name=a;",
      "Content-Disposition: form-data, name=a",
      "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=a",
      "Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\nContent-Type: a/b",
      "Content-Disposition: form-data; name=a\r\nContent-Type: a/b\x01",
      "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
      "Content-Disposition: form-data;\r\n name=a",
      "Content-Disposition : form-data; name=a",
      "Content-Disposition: form-data; name=a\r\n: x",
      "Content-Disposition: form-data; name=a\nX: 1",
      "Content-Disposition: form-data; name=a\rX: 1",
      "Content-Disposition: form-data; name=\"a\rb\"",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_refused(with_header(bad[i]), WY_E_MULTIPART_HEADER);
  assert_read(with_header("Content-Disposition: form-data; name=a\r\n"
                          "Content-Transfer-Encoding: Binary"),
              "[a|-|]v");
}

static void refuses_names(void **state) {
  (void)state;
  static const char *const bad[] = {"name=\"\"", "filename=x", "name=\"a\tb\"", "name=\"a%0D%0Ab\"",
                                    "name=\"\xFF\""};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_refused(disposed(bad[i]), WY_E_MULTIPART_NAME);
  char params[512];
  snprintf(params, sizeof params, "name=%0*d", WY_PART_NAME, 0);
  assert_int_equal(read_text(disposed(params)), 0);
  snprintf(params, sizeof params, "name=%0*d", WY_PART_NAME + 1, 0);
  assert_refused(disposed(params), WY_E_MULTIPART_NAME);
}

static void refuses_a_name_that_stands_twice(void **state) {
  (void)state;
#define FILE_PART(name) \
  "--XyX\r\nContent-Disposition: form-data; filename=x; name=" name "\r\n\r\n1\r\n"
  assert_refused(FIELD("id", "1") FIELD("b", "") FIELD("id", "2") END, WY_E_MULTIPART_DUP);
  assert_refused(FIELD("id", "1") FILE_PART("id") END, WY_E_MULTIPART_DUP);
  assert_refused(FILE_PART("id") FIELD("id", "1") END, WY_E_MULTIPART_DUP);
  assert_read(FILE_PART("f") FILE_PART("f") FIELD("F", "1") END, "[f|x|]1[f|x|]1[F|-|]1");
  limits.repeated = true;
  assert_read(FIELD("id", "1") FIELD("id", "2") END, "[id|-|]1[id|-|]2");
  assert_refused(FIELD("id", "1") FILE_PART("id") END, WY_E_MULTIPART_DUP);
}

static void keeps_its_limits(void **state) {
  (void)state;
  limits.parts = 2;
  assert_read(FIELD("a", "1") FIELD("b", "2") END, "[a|-|]1[b|-|]2");
  assert_refused(FIELD("a", "1") FIELD("b", "2") FIELD("c", "3") END, WY_E_MULTIPART_PARTS);
  assert_told("[a|-|]1[b|-|]2"); /* the third was not begun */
  limits.fields = 2;
  const char *two = "Content-Disposition: form-data; name=a\r\nX: 1";
  const char *three = "Content-Disposition: form-data; name=a\r\nX: 1\r\nX: 1";
  assert_int_equal(read_text(with_header(two)), 0);
  assert_refused(with_header(three), WY_E_MULTIPART_HEADER);
  limits.fields = 16;
  limits.header = strlen(two) + 4;
  assert_int_equal(read_text(with_header(two)), 0);
  limits.header--;
  assert_refused(with_header(two), WY_E_MULTIPART_HEADER);
}

static void tells_a_body_that_ends_early(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof mixed - 3; n++) /* its last line end may be absent */
    assert_int_equal(read_str((wy_str){mixed, n}), WY_E_MULTIPART_TRUNCATED);
  assert_int_equal(read_str((wy_str){mixed, sizeof mixed - 3}), 0);
  assert_int_equal(read_str((wy_str){mixed, sizeof mixed - 2}), WY_E_MULTIPART_TRUNCATED);
}

static void stops_when_a_call_says_so(void **state) {
  (void)state;
  t.stop = WY_E_CANCELLED;
  assert_refused(FIELD("a", "1") FIELD("b", "2") END, WY_E_CANCELLED);
  assert_told("[a|-|]");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(reads_fields_and_files),
      TEST(reads_what_senders_differ_in),
      TEST(takes_near_misses_for_data),
      TEST(reads_names),
      TEST(reduces_file_names),
      TEST(cuts_long_file_names),
      TEST(calls_with_the_header_as_it_came),
      TEST(reads_the_same_wherever_it_is_split),
      TEST(refuses_the_same_wherever_it_is_split),
      TEST(gives_near_misses_in_whole_pieces),
      TEST(refuses_boundaries),
      TEST(refuses_what_stands_beside_boundaries),
      TEST(refuses_headers),
      TEST(refuses_names),
      TEST(refuses_a_name_that_stands_twice),
      TEST(keeps_its_limits),
      TEST(tells_a_body_that_ends_early),
      TEST(stops_when_a_call_says_so),
  };
  return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
