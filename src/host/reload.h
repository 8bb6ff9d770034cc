/* reload: what may be asked of a running host's generations, and how the answer comes. */
#ifndef WY_HOST_RELOAD_H
#define WY_HOST_RELOAD_H

#include <stdbool.h>

#include "base/str.h"
#include "weiyue.h"

typedef enum wy_ask { WY_ASK_RELOAD, WY_ASK_PROMOTE, WY_ASK_ROLLBACK, WY_ASK_STATUS } wy_ask;

/* Called once for each ask, on the thread that asked, perhaps from within the ask, and before the
 * host is freed. json, valid during the call, is one object on one line: {"ok":true,"generation":7,
 * "ms":12} or {"ok":false,"problems":[{"zh":…,"en":…}]}. */
typedef void (*wy_ask_done)(void *data, bool ok, wy_str json);

/* On the thread of worker 0. */
void wy_reload_ask(wy_host *h, wy_ask what, wy_ask_done done, void *data);

#endif
