/* turn: one turn of a loop for who drives it step by step, as specs on a virtual clock do. */
#ifndef WY_NET_TURN_H
#define WY_NET_TURN_H

#include <uv.h>

/* Waits until the loop has something to do, ms at most, and lets it. */
void wy_turn(uv_loop_t *loop, int ms);

#endif
