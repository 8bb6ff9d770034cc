/* store: the host's store (store/kv), and each worker's client of it.
 *
 * It is opened when the host starts, which fails when that cannot be; outlives generations; and is
 * closed last, when what was asked is written. A host that only loads (`weiyue check`) opens none.
 * A virtual one opens it with the first operation: in memory, unless the configuration names one.
 */
#ifndef WY_HOST_STORE_H
#define WY_HOST_STORE_H

#include "store/kv.h"

typedef struct worker worker;
typedef struct wy_host wy_host;

int wy_store_start(wy_host *h);              /* 0, or an error that the log tells of */
wy_kv_client *wy_store_client(void *worker); /* a wy_kv_door's */
void wy_store_leave(worker *w);              /* on its thread: nothing is told any more */
void wy_store_end(wy_host *h); /* every worker's loop has ended, and every state is closed */

/* Any thread, while workers run: why it does not what it is asked; an empty text when it does. */
void wy_store_trouble(wy_host *h, char *out, size_t size);

/* Until nothing is external of this clock any more, or until something happens: runs the loop.
 * False when real 5 s have passed; `what` names then the oldest that was waited for. */
bool wy_store_wait(uv_loop_t *loop, wy_clock *clock, const char **what);

#endif
