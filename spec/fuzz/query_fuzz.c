/* query_fuzz: any query string. What is read must be text, come from where it says, and be what
 * decoding that part by itself gives. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/query.h"

#define CHECK(condition) \
  if (!(condition)) abort()

static void check_value(wy_str v, size_t max) {
  if (!v.p) return;
  CHECK(v.n <= max);
  CHECK(v.n == 0 || !memchr(v.p, 0, v.n));
  CHECK(wy_utf8_valid(v));
}

/* The value of `name` by the plainest reading: split, decode, compare. False: not there. */
static bool plain_reading(wy_str query, const char *name, char *out, size_t *n) {
  const char *p = query.p, *end = query.p + query.n;
  for (;;) {
    const char *stop = p;
    while (stop < end && *stop != '&') stop++;
    const char *equals = p;
    while (equals < stop && *equals != '=') equals++;
    if (wy_percent_decode((wy_str){p, (size_t)(equals - p)}, true, out, n) &&
        wy_str_eq((wy_str){out, *n}, wy_str_of(name))) {
      wy_str value = {equals, (size_t)(stop - equals)};
      if (value.n) value.p++, value.n--;
      return wy_percent_decode(value, true, out, n);
    }
    if (stop == end) return false;
    p = stop + 1;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wy_query q;
  if (size == 0 || size > 65536) return 0;
  char *text = malloc(size), *out = malloc(size); /* exact, so that an over-read shows */
  if (!text || !out) abort();
  memcpy(text, data, size);
  wy_str query = {text, size};
  int err = wy_query_parse(query, &q);
  CHECK(err == 0 || (err >= WY_E_QUERY_SYNTAX && err <= WY_E_QUERY_LONG));
  if (!err) {
    const struct {
      const char *name;
      wy_str value;
    } all[] = {{"signature", q.signature},
               {"timestamp", q.timestamp},
               {"nonce", q.nonce},
               {"openid", q.openid},
               {"encrypt_type", q.encrypt_type},
               {"msg_signature", q.msg_signature},
               {"echostr", q.echostr}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
      size_t n;
      bool there = plain_reading(query, all[i].name, out, &n);
      CHECK(there == (all[i].value.p != NULL));
      check_value(all[i].value, size);
      if (there) CHECK(wy_str_eq(all[i].value, (wy_str){out, n}));
    }
    CHECK(q.echostr.n <= WY_QUERY_ECHO);
  }
  free(text);
  free(out);
  return 0;
}
