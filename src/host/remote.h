/* remote: what other programs ask of the host's Lua code: the token server, commands by the control
 * socket, and a program that runs once. Each is a task of worker 0. */
#ifndef WY_HOST_REMOTE_H
#define WY_HOST_REMOTE_H

#include <stdbool.h>

#include "base/str.h"
#include "host/reload.h"

struct wy_host;

/* status and text are what the function has returned; ok false: it raised, or the host ends, and
 * text says so. Valid during the call. */
typedef void (*wy_remote_done)(void *data, bool ok, long status, wy_str text);

/* Calls the function that boot has named `name` with one text. On worker 0's thread; done is called
 * there, once, perhaps from within the call. */
void wy_remote_call(struct wy_host *h, const char *name, wy_str text, wy_remote_done done,
                    void *data);

/* A wy_control_call: what `weiyue token` and `weiyue api call` ask. */
void wy_remote_control(struct wy_host *h, wy_str line, wy_ask_done done, void *data);

/* Before wy_host_load: its plugins are left out, and nothing is to be served. Then wy_remote_call
 * works, as long as somebody runs the loop, and the rest of the host does not. */
void wy_host_bare(struct wy_host *h);

#endif
