#include "base/trace.h"

/* A bijection (the finalizer of splitmix64): numbers that differ never meet. */
static uint64_t mix(uint64_t v) {
  v = (v ^ v >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  v = (v ^ v >> 27) * UINT64_C(0x94D049BB133111EB);
  return v ^ v >> 31;
}

void wy_trace_hex(uint64_t seed, uint64_t number, char out[WY_TRACE]) {
  static const char hex[] = "0123456789abcdef";
  uint64_t v = mix(seed + number * UINT64_C(0x9E3779B97F4A7C15));
  out[0] = out[WY_TRACE - 1] = '\0';
  for (int i = 15; number && i >= 0; i--, v >>= 4) out[i] = hex[v & 15];
}
