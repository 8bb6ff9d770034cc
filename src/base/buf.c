#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

enum { FIRST = 256 };

void wy_buf_init(wy_buf *b, size_t max) { *b = (wy_buf){.max = max}; }

void wy_buf_deinit(wy_buf *b) {
  free(b->p);
  wy_buf_init(b, b->max);
}

void wy_buf_clear(wy_buf *b) {
  b->n = 0;
  b->failed = false;
}

static char *fail(wy_buf *b) {
  wy_buf_deinit(b);
  b->failed = true;
  return NULL;
}

char *wy_buf_grow(wy_buf *b, size_t n) {
  size_t max = b->max < SIZE_MAX ? b->max : SIZE_MAX - 1; /* the NUL needs a byte too */
  if (b->failed || n > max - b->n) return fail(b);
  size_t want = b->n + n + 1;
  if (want > b->cap) {
    size_t cap = b->cap ? b->cap : FIRST;
    while (cap < want) cap = cap <= SIZE_MAX / 2 ? cap * 2 : want;
    if (cap > max + 1) cap = max + 1;
    char *p = realloc(b->p, cap);
    if (!p) return fail(b);
    b->p = p;
    b->cap = cap;
  }
  return b->p + b->n;
}

int wy_buf_str(wy_buf *b, wy_str s) { return wy_buf_add(b, s.p, s.n); }

int wy_buf_u64(wy_buf *b, uint64_t v) {
  char t[20];
  size_t i = sizeof t;
  do t[--i] = (char)('0' + v % 10);
  while (v /= 10);
  return wy_buf_add(b, t + i, sizeof t - i);
}

int wy_buf_i64(wy_buf *b, int64_t v) {
  if (v < 0) {
    if (wy_buf_lit(b, "-")) return WY_E_NOMEM;
    return wy_buf_u64(b, (uint64_t)0 - (uint64_t)v);
  }
  return wy_buf_u64(b, (uint64_t)v);
}

int wy_buf_printf(wy_buf *b, const char *format, ...) {
  va_list ap, again;
  va_start(ap, format);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, format, ap);
  va_end(ap);
  char *to = n < 0 ? fail(b) : wy_buf_reserve(b, (size_t)n);
  if (to) {
    vsnprintf(to, (size_t)n + 1, format, again);
    wy_buf_added(b, (size_t)n);
  }
  va_end(again);
  return to ? 0 : WY_E_NOMEM;
}
