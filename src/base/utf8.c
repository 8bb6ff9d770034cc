#include "base/utf8.h"

#include "base/err.h"

static bool tail(unsigned char c) { return (c & 0xC0) == 0x80; }

size_t wy_utf8_char(const char *p, size_t n) {
  const unsigned char *s = (const unsigned char *)p;
  if (s[0] < 0x80) return 1;
  if (s[0] < 0xC2) return 0;
  if (s[0] < 0xE0) return n >= 2 && tail(s[1]) ? 2 : 0;
  if (s[0] < 0xF0) {
    if (n < 3 || !tail(s[1]) || !tail(s[2])) return 0;
    if (s[0] == 0xE0 && s[1] < 0xA0) return 0; /* overlong */
    if (s[0] == 0xED && s[1] > 0x9F) return 0; /* surrogate */
    return 3;
  }
  if (s[0] > 0xF4 || n < 4 || !tail(s[1]) || !tail(s[2]) || !tail(s[3])) return 0;
  if (s[0] == 0xF0 && s[1] < 0x90) return 0;
  if (s[0] == 0xF4 && s[1] > 0x8F) return 0;
  return 4;
}

/* Nearly all Chinese: E1 to EC, and two tail bytes; as many of these as stand in front. */
static size_t common_run(const char *p, size_t n) {
  size_t i = 0;
  while (i + 3 <= n && (unsigned char)p[i] - 0xE1u < 12 && tail((unsigned char)p[i + 1]) &&
         tail((unsigned char)p[i + 2]))
    i += 3;
  return i;
}

/* How many of the leading bytes are plain ASCII; eight at a time. */
static size_t ascii_run(const char *p, size_t n) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t w;
    memcpy(&w, p + i, 8);
    if (w & UINT64_C(0x8080808080808080)) break;
  }
  while (i < n && !(p[i] & 0x80)) i++;
  return i;
}

bool wy_utf8_valid(wy_str s) {
  size_t i = 0;
  while (i < s.n) {
    i += ascii_run(s.p + i, s.n - i);
    i += common_run(s.p + i, s.n - i);
    if (i == s.n) break;
    size_t k = wy_utf8_char(s.p + i, s.n - i);
    if (!k) return false;
    i += k;
  }
  return true;
}

size_t wy_utf8_cut(wy_str s, size_t max) {
  if (s.n <= max) return s.n;
  size_t i = max;
  while (i > 0 && tail((unsigned char)s.p[i])) i--;
  return i;
}

static bool allowed(const char *p, size_t k) {
  unsigned char c = (unsigned char)p[0];
  if (k == 1) return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
  if (k == 3 && c == 0xEF && (unsigned char)p[1] == 0xBF) return (unsigned char)p[2] < 0xBE;
  return k > 0;
}

/* How many of the leading bytes are printable ASCII; eight at a time. */
static size_t printable_run(const char *p, size_t n) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t w;
    memcpy(&w, p + i, 8);
    uint64_t below = (w - UINT64_C(0x2020202020202020)) & ~w; /* top bits: bytes under 0x20 */
    if ((below | w) & UINT64_C(0x8080808080808080)) break;
  }
  return i;
}

int wy_utf8_add_xml(wy_buf *out, wy_str s) {
  size_t from = 0, i = 0;
  if (s.n == 0) return wy_buf_lit(out, "");
  while (i < s.n) {
    i += printable_run(s.p + i, s.n - i);
    i += common_run(s.p + i, s.n - i);
    if (i == s.n) break;
    size_t k = wy_utf8_char(s.p + i, s.n - i);
    if (allowed(s.p + i, k)) {
      i += k;
      continue;
    }
    if (wy_buf_add(out, s.p + from, i - from)) return WY_E_NOMEM;
    if (wy_buf_lit(out, "\xEF\xBF\xBD")) return WY_E_NOMEM;
    i += k ? k : 1;
    from = i;
  }
  return wy_buf_add(out, s.p + from, s.n - from);
}
