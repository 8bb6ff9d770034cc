#include "net/turn.h"

#include <poll.h>

void wy_turn(uv_loop_t *loop, int ms) {
  uv_update_time(loop);
  int due = uv_backend_timeout(loop); /* -1: whenever something comes */
  struct pollfd look = {.fd = uv_backend_fd(loop), .events = POLLIN};
  poll(&look, 1, due >= 0 && due < ms ? due : ms);
  uv_run(loop, UV_RUN_NOWAIT);
}
