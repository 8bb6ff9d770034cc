/* str: a length and a pointer. Never owned, never assumed NUL-terminated. */
#ifndef WY_BASE_STR_H
#define WY_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct wy_str {
  const char *p;
  size_t n;
} wy_str;

#define WY_STR(literal) ((wy_str){"" literal, sizeof(literal) - 1})

static inline wy_str wy_str_of(const char *z) { return (wy_str){z, z ? strlen(z) : 0}; }

static inline bool wy_str_eq(wy_str a, wy_str b) {
  return a.n == b.n && (b.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Orders by unsigned byte value; a prefix comes first. */
int wy_str_cmp(wy_str a, wy_str b);

/* ASCII letters compare without case. */
bool wy_str_ieq(wy_str a, wy_str b);

/* Without blanks, tabs, CR and LF at both ends. */
wy_str wy_str_trim(wy_str s);

/* Decimal digits only, no sign, at least one, no overflow. False: not such a number. */
bool wy_str_u64(wy_str s, uint64_t *out);

#endif
