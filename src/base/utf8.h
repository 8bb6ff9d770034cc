/* utf8: checking and mending UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
#ifndef WY_BASE_UTF8_H
#define WY_BASE_UTF8_H

#include "base/buf.h"

/* Bytes of the well-formed character at p (1..4), or 0 where there is none. n > 0. */
size_t wy_utf8_char(const char *p, size_t n);

bool wy_utf8_valid(wy_str s);

/* The longest prefix of at most max bytes that ends between two characters. */
size_t wy_utf8_cut(wy_str s, size_t max);

/* Appends s as text that XML 1.0 allows: each byte that begins no character, and each control
 * character other than tab, LF and CR, and U+FFFE and U+FFFF, becomes U+FFFD. */
int wy_utf8_add_xml(wy_buf *out, wy_str s);

#endif
