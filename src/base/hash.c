#include "base/hash.h"

typedef struct sip {
  uint64_t v0, v1, v2, v3;
} sip;

static inline uint64_t rotate(uint64_t x, unsigned bits) { return x << bits | x >> (64 - bits); }

static inline void round_of(sip *s) {
  s->v0 += s->v1;
  s->v2 += s->v3;
  s->v1 = rotate(s->v1, 13) ^ s->v0;
  s->v3 = rotate(s->v3, 16) ^ s->v2;
  s->v0 = rotate(s->v0, 32);
  s->v2 += s->v1;
  s->v0 += s->v3;
  s->v1 = rotate(s->v1, 17) ^ s->v2;
  s->v3 = rotate(s->v3, 21) ^ s->v0;
  s->v2 = rotate(s->v2, 32);
}

static inline sip start(const wy_hash_key *key) {
  return (sip){key->a ^ 0x736f6d6570736575, key->b ^ 0x646f72616e646f6d,
               key->a ^ 0x6c7967656e657261, key->b ^ 0x7465646279746573};
}

static inline void take(sip *s, uint64_t word) {
  s->v3 ^= word;
  round_of(s);
  s->v0 ^= word;
}

static inline uint64_t finish(sip *s) {
  for (int i = 0; i < 3; i++) round_of(s);
  return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Compilers make one load of these where the machine is little-endian. */
static inline uint64_t half_at(const unsigned char *p) {
  return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

static inline uint64_t word_at(const unsigned char *p) {
  return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
         (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* The last n bytes, fewer than 8, and zeros. Reads overlap instead of looping: bytes that are read
 * twice land on themselves. */
static inline uint64_t rest_at(const unsigned char *p, size_t n) {
  if (n >= 4) return half_at(p) | half_at(p + n - 4) << 8 * (n - 4);
  if (n == 0) return 0;
  return (uint64_t)p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) | (uint64_t)p[n - 1] << 8 * (n - 1);
}

/* Takes the whole words of a string; returns what is left of it, fewer than 8 bytes, as a word. */
static inline uint64_t take_words(sip *s, wy_str bytes) {
  const unsigned char *p = (const unsigned char *)bytes.p;
  size_t n = bytes.n;
  for (; n >= 8; p += 8, n -= 8) take(s, word_at(p));
  return rest_at(p, n);
}

uint64_t wy_hash64(const wy_hash_key *key, wy_str bytes) {
  sip s = start(key);
  uint64_t rest = take_words(&s, bytes);
  take(&s, rest | (uint64_t)bytes.n << 56);
  s.v2 ^= 0xff;
  return finish(&s);
}

static inline wy_hash128 finish128(sip *s) {
  s->v2 ^= 0xee;
  wy_hash128 h = {.lo = finish(s)};
  s->v1 ^= 0xdd;
  h.hi = finish(s);
  return h;
}

wy_hash128 wy_hash128_str(const wy_hash_key *key, wy_str bytes) {
  sip s = start(key);
  s.v1 ^= 0xee;
  uint64_t rest = take_words(&s, bytes);
  take(&s, rest | (uint64_t)bytes.n << 56);
  return finish128(&s);
}

wy_hash128 wy_hash128_of(const wy_hash_key *key, const wy_str *parts, size_t n) {
  sip s = start(key);
  uint64_t words = 0;
  s.v1 ^= 0xee;
  for (size_t i = 0; i < n; i++) {
    take(&s, parts[i].n);
    uint64_t rest = take_words(&s, parts[i]);
    if (parts[i].n % 8) take(&s, rest);
    words += 1 + (parts[i].n + 7) / 8;
  }
  take(&s, words * 8 << 56); /* as of every message of this length */
  return finish128(&s);
}
