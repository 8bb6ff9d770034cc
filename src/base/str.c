#include "base/str.h"

int wy_str_cmp(wy_str a, wy_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int r = n ? memcmp(a.p, b.p, n) : 0;
  if (r) return r;
  return (a.n > b.n) - (a.n < b.n);
}

static unsigned char lower(char c) {
  unsigned char u = (unsigned char)c;
  return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 32) : u;
}

bool wy_str_ieq(wy_str a, wy_str b) {
  if (a.n != b.n) return false;
  for (size_t i = 0; i < a.n; i++)
    if (lower(a.p[i]) != lower(b.p[i])) return false;
  return true;
}

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

wy_str wy_str_trim(wy_str s) {
  while (s.n && blank(s.p[0])) s.p++, s.n--;
  while (s.n && blank(s.p[s.n - 1])) s.n--;
  return s;
}

bool wy_str_u64(wy_str s, uint64_t *out) {
  uint64_t v = 0;
  if (s.n == 0) return false;
  for (size_t i = 0; i < s.n; i++) {
    unsigned d = (unsigned)(unsigned char)s.p[i] - '0';
    if (d > 9 || (i >= 19 && v > (UINT64_MAX - d) / 10)) return false; /* 19 digits always fit */
    v = v * 10 + d;
  }
  *out = v;
  return true;
}
