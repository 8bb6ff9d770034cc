#include "base/str.h"

int wy_str_cmp(wy_str a, wy_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int r = n ? memcmp(a.p, b.p, n) : 0;
  if (r) return r;
  return (a.n > b.n) - (a.n < b.n);
}

bool wy_str_ieq(wy_str a, wy_str b) {
  if (a.n != b.n) return false;
  for (size_t i = 0; i < a.n; i++) {
    unsigned char c = (unsigned char)a.p[i], other = (unsigned char)b.p[i];
    if (c == other) continue;
    if ((c ^ other) != 0x20 || (unsigned char)((c | 0x20) - 'a') > 'z' - 'a') return false;
  }
  return true;
}

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

wy_str wy_str_trim(wy_str s) {
  while (s.n && blank(s.p[0])) s.p++, s.n--;
  while (s.n && blank(s.p[s.n - 1])) s.n--;
  return s;
}

#define EACH(byte) ((byte)*UINT64_C(0x0101010101010101))

/* The number that eight bytes are; false: one is no digit. Pairs, then fours, then all are added up
 * within one word. */
static bool eight_digits(const char *p, uint64_t *out) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  w = __builtin_bswap64(w);
#endif
  uint64_t digits = w ^ EACH('0');
  if (((digits + EACH(0x76)) | digits) & EACH(0x80)) return false;
  digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
  digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
  *out = (digits * 10000 + (digits >> 32)) & UINT32_MAX;
  return true;
}

bool wy_str_u64(wy_str s, uint64_t *out) {
  uint64_t v = 0, part;
  size_t i = 0;
  if (s.n == 0) return false;
  for (; i + 8 <= s.n && i <= 8; i += 8) { /* 16 digits always fit */
    if (!eight_digits(s.p + i, &part)) return false;
    v = v * 100000000 + part;
  }
  for (; i < s.n; i++) {
    unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
    if (d > 9 || (i >= 19 && v > (UINT64_MAX - d) / 10)) return false; /* 19 digits always fit */
    v = v * 10 + d;
  }
  *out = v;
  return true;
}
