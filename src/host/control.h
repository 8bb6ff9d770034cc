/* control: the socket control.sock in the state folder, by which programs of the same user ask a
 * running host to reload, promote, roll back, or say how it is; for a token, or a call of WeChat's
 * API. One line of JSON in, {"do":"reload"}, one line of JSON out, and the connection ends. The
 * socket's mode, 0600, is all the protection there is. */
#ifndef WY_HOST_CONTROL_H
#define WY_HOST_CONTROL_H

#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/reload.h"

enum {
  WY_CONTROL_LINE = 65536,      /* bytes of a request */
  WY_CONTROL_CLIENTS = 8,       /* at once */
  WY_CONTROL_READ_MS = 10000,   /* for the request to be there, and for the answer to be taken */
  WY_CONTROL_ANSWER_MS = 60000, /* for the work; what takes longer goes on unseen */
};

#define WY_CONTROL_NAME "control.sock"

typedef struct wy_control wy_control;

/* wy_reload_ask. */
typedef void (*wy_control_ask)(wy_host *h, wy_ask what, wy_ask_done done, void *data);

/* Listens; a socket that a dead host left is replaced, that of a living one is not (UV_EADDRINUSE).
 * The folder is made when it is missing. Everything is called on the loop's thread, and is to be: a
 * `done` too, also one that comes after the close. 0; or a uv error, *out NULL, and a line in the
 * log that says why. */
int wy_control_open(wy_control **out, uv_loop_t *loop, wy_clock *clock, const wy_log *log,
                    const char *folder, wy_control_ask ask, wy_host *h);

/* Likewise: {"do":"token", …} and {"do":"api", …} are for `call`, which gets the whole line. */
typedef void (*wy_control_call)(wy_host *h, wy_str line, wy_ask_done done, void *data);
void wy_control_calls(wy_control *c, wy_control_call call);

/* Takes the name away and closes connections without an answer. Memory goes with the loop's close
 * callbacks and, of a connection whose ask is not done, when that is. NULL is allowed. The clock
 * must not go before this call; it may after it. */
void wy_control_close(wy_control *c);

#endif
