/* buf: a growing byte buffer with a maximum given at init.
 *
 * A failed append (over the maximum, or no memory) frees the buffer and makes every later append
 * fail too, so that a chain of appends needs one check at its end. The bytes are always followed
 * by a NUL that n does not count. */
#ifndef WY_BASE_BUF_H
#define WY_BASE_BUF_H

#include <assert.h>

#include "base/err.h"
#include "base/str.h"

typedef struct wy_buf {
  char *p;    /* owned; NULL while empty */
  size_t n;   /* bytes used */
  size_t cap; /* bytes allocated */
  size_t max; /* n never exceeds this */
  bool failed;
} wy_buf;

void wy_buf_init(wy_buf *b, size_t max);
void wy_buf_deinit(wy_buf *b); /* back to the state after init */

/* Forgets the bytes and keeps the memory. */
void wy_buf_clear(wy_buf *b);

char *wy_buf_grow(wy_buf *b, size_t n); /* wy_buf_reserve where there is no room yet */

/* Room for n more bytes: a pointer to them, or NULL. wy_buf_added says how many were filled. */
static inline char *wy_buf_reserve(wy_buf *b, size_t n) {
  return n < b->cap - b->n ? b->p + b->n : wy_buf_grow(b, n); /* the NUL needs a byte, too */
}

static inline void wy_buf_added(wy_buf *b, size_t n) {
  assert(b->n + n < b->cap);
  b->n += n;
  b->p[b->n] = '\0';
}

/* 0, or WY_E_NOMEM when the maximum or the memory is exhausted. */
static inline int wy_buf_add(wy_buf *b, const void *p, size_t n) {
  char *to = wy_buf_reserve(b, n);
  if (!to) return WY_E_NOMEM;
  if (n) memcpy(to, p, n);
  wy_buf_added(b, n);
  return 0;
}
int wy_buf_str(wy_buf *b, wy_str s);
int wy_buf_u64(wy_buf *b, uint64_t v);
int wy_buf_i64(wy_buf *b, int64_t v);
int wy_buf_printf(wy_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define wy_buf_lit(b, literal) wy_buf_add((b), "" literal, sizeof(literal) - 1)

static inline wy_str wy_buf_view(const wy_buf *b) { return (wy_str){b->p ? b->p : "", b->n}; }

#endif
