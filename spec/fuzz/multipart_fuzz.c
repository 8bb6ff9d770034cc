/* multipart_fuzz: a Content-Type, a line end, and a body. One piece, single bytes and pieces of a
 * size that the input chooses must tell the same; a form that is read must be the body again when
 * it is put together; and names must be what codec/part.h promises. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/multipart.h"

#define CHECK(condition) \
  if (!(condition)) abort()

typedef struct told {
  wy_buf text;           /* of all calls: their kind, lengths and bytes; bytes of a part as one */
  wy_str boundary, rest; /* of a body in one piece: what is not put together yet */
  wy_buf bytes;          /* of the part */
  bool whole;
} told;

static void add(told *t, char kind, wy_str s) {
  wy_buf_printf(&t->text, "%c%zu:", kind, s.n);
  CHECK(wy_buf_str(&t->text, s) == 0);
}

/* The body goes on with s. False, and nothing taken: it does not. */
static bool take(told *t, wy_str s) {
  if (s.n > t->rest.n || memcmp(t->rest.p, s.p, s.n) != 0) return false;
  t->rest.p += s.n;
  t->rest.n -= s.n;
  return true;
}

static void check_part(const wy_part *part) {
  CHECK(part->name.n > 0 && part->name.n <= WY_PART_NAME && wy_utf8_valid(part->name));
  for (size_t i = 0; i < part->name.n; i++) CHECK((unsigned char)part->name.p[i] >= 0x20);
  if (!part->is_file) {
    CHECK(part->filename.n == 0);
    return;
  }
  CHECK(part->filename.n <= WY_PART_FILENAME && wy_utf8_valid(part->filename));
  CHECK(!wy_str_eq(part->filename, WY_STR(".")) && !wy_str_eq(part->filename, WY_STR("..")));
  for (size_t i = 0; i < part->filename.n; i++) {
    char c = part->filename.p[i];
    CHECK((unsigned char)c >= 0x20 && c != 0x7f && c != '/' && c != '\\');
  }
}

static int on_begin(void *data, const wy_part *part) {
  told *t = data;
  check_part(part);
  add(t, 'n', part->name);
  add(t, part->is_file ? 'f' : '-', part->filename);
  add(t, 't', part->type);
  add(t, 'h', part->header);
  wy_buf_clear(&t->bytes);
  if (!t->whole) return 0;
  CHECK(take(t, WY_STR("--")) && take(t, t->boundary) && take(t, WY_STR("\r\n")));
  CHECK(take(t, part->header) && take(t, WY_STR("\r\n")));
  return 0;
}

static int on_bytes(void *data, wy_str bytes) {
  told *t = data;
  CHECK(bytes.n > 0);
  return wy_buf_str(&t->bytes, bytes);
}

static int on_end(void *data) {
  told *t = data;
  wy_str bytes = wy_buf_view(&t->bytes);
  add(t, 'b', bytes);
  if (!t->whole) return 0;
  CHECK(take(t, bytes));
  CHECK(take(t, WY_STR("\r\n")) || bytes.n == 0); /* without bytes, the header's line end will do */
  return 0;
}

static const wy_multipart_calls calls = {on_begin, on_bytes, on_end};

/* In pieces of `size`, each in memory of its own so that an over-read shows. */
static int read_form(told *t, wy_str type, wy_str body, size_t size) {
  const wy_multipart_limits limits = {8, 512, 6, body.n % 2};
  wy_multipart m;
  t->whole = size >= body.n;
  t->rest = body;
  wy_buf_init(&t->text, 1 << 22);
  wy_buf_init(&t->bytes, 1 << 20);
  take(t, WY_STR("\r\n")); /* a line end before the first boundary is allowed */
  int err = wy_multipart_init(&m, type, &limits, &calls, t);
  if (!err) CHECK(wy_part_boundary(type, &t->boundary) == 0);
  for (size_t at = 0, n; !err && at < body.n; at += n) {
    n = body.n - at < size ? body.n - at : size;
    char *piece = malloc(n);
    if (!piece) abort();
    memcpy(piece, body.p + at, n);
    err = wy_multipart_feed(&m, (wy_str){piece, n});
    free(piece);
  }
  if (!err) err = wy_multipart_end(&m);
  wy_multipart_deinit(&m);
  if (!err && t->whole) {
    CHECK(take(t, WY_STR("--")) && take(t, t->boundary) && take(t, WY_STR("--")));
    CHECK(take(t, WY_STR("\r\n")) || t->rest.n == 0);
    CHECK(t->rest.n == 0);
  }
  add(t, 'e', wy_buf_view(&t->bytes)); /* of a part that did not end, too */
  CHECK(err == 0 || (err >= WY_E_MULTIPART_TYPE && err <= WY_E_MULTIPART_TRUNCATED));
  return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0 || size > 65536) return 0;
  const uint8_t *line = memchr(data, '\n', size);
  if (!line) return 0;
  wy_str type = {(const char *)data, (size_t)(line - data)};
  wy_str body = {(const char *)line + 1, size - type.n - 1};
  const size_t sizes[] = {size, 1, 2 + size % 29};
  told t[3];
  int err[3];
  for (int i = 0; i < 3; i++) err[i] = read_form(&t[i], type, body, sizes[i]);
  for (int i = 1; i < 3; i++) {
    CHECK(err[i] == err[0]);
    CHECK(wy_str_eq(wy_buf_view(&t[i].text), wy_buf_view(&t[0].text)));
  }
  for (int i = 0; i < 3; i++) {
    wy_buf_deinit(&t[i].text);
    wy_buf_deinit(&t[i].bytes);
  }
  return 0;
}
