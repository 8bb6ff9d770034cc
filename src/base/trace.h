/* trace: one word that stands in every log line about a push. It is made when a line needs it, from
 * the number of the push on its worker and a seed that the worker drew when it began: no two pushes
 * of all workers and restarts share it, as far as 64 bits go. */
#ifndef WY_BASE_TRACE_H
#define WY_BASE_TRACE_H

#include <stdint.h>

enum { WY_TRACE = 17 }; /* 16 hex digits and a NUL */

/* 0 stands for no push: out is the empty text. */
void wy_trace_hex(uint64_t seed, uint64_t number, char out[WY_TRACE]);

#endif
