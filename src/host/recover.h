/* recover: lua/weiyue/recover.lua from C: what a host keeps in its state folder. */
#ifndef WY_HOST_RECOVER_H
#define WY_HOST_RECOVER_H

#include "base/buf.h"

typedef struct wy_host wy_host;

/* Calls a function of the module in a Lua state of its own; on any thread, and blocks. args: up to
 * the first NULL. *out and *more (may be NULL) get its results as texts. 0; or negative, and *more,
 * or the log, says why. */
int wy_recover(wy_host *h, const char *function, const char *const *args, wy_buf *out,
               wy_buf *more);

#endif
