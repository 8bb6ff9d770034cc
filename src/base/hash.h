/* hash: SipHash-1-3, a keyed hash: without the key nobody can aim for a collision.
 *
 * The bytes of a result are those of the reference implementation, read as little-endian words,
 * on every machine: machines that share a key agree. */
#ifndef WY_BASE_HASH_H
#define WY_BASE_HASH_H

#include "base/str.h"

typedef struct wy_hash_key {
  uint64_t a, b; /* bytes 0-7 and 8-15, little-endian */
} wy_hash_key;

typedef struct wy_hash128 {
  uint64_t lo, hi; /* bytes 0-7 and 8-15 of the result, little-endian */
} wy_hash128;

uint64_t wy_hash64(const wy_hash_key *key, wy_str s);
wy_hash128 wy_hash128_str(const wy_hash_key *key, wy_str s);

/* Of a list of parts: the 128-bit hash of, for each part, its length as 8 bytes, little-endian,
 * then its bytes, then zeros up to a multiple of 8. So ("ab", "c") and ("a", "bc") differ, and
 * every part starts at a whole word, which is what is fast to read. */
wy_hash128 wy_hash128_of(const wy_hash_key *key, const wy_str *parts, size_t n);

#endif
