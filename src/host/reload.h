/* reload: what may be asked of a running host's generations, and how the answer comes. */
#ifndef WY_HOST_RELOAD_H
#define WY_HOST_RELOAD_H

#include <stdbool.h>

#include "base/str.h"
#include "weiyue.h"

typedef enum wy_ask {
  WY_ASK_RELOAD,
  WY_ASK_PROMOTE,
  WY_ASK_ROLLBACK,
  WY_ASK_STATUS,
  WY_ASK_REBUILD
} wy_ask;

/* REBUILD: what serves once more, in states that are new. The others are commands, and are refused
 * while another host is about to take over; but for STATUS, and for a RELOAD without a `done`. */

/* Called once for each ask, on the thread that asked, perhaps from within the ask, and before the
 * host is freed. json, valid during the call, is one object on one line: {"ok":true,"generation":7,
 * "ms":12,"switch_us":300,"loop_us":90}, where switch_us is how long it took from the publication
 * until the last worker had switched, and loop_us the longest that a loop stood still for it, and
 * "restart_needed":["store"], where changed keys are taken over by a new start only; or
 * {"ok":false,"problems":[{"zh":…,"en":…}]}. */
typedef void (*wy_ask_done)(void *data, bool ok, wy_str json);

/* On the thread of worker 0. */
void wy_reload_ask(wy_host *h, wy_ask what, wy_ask_done done, void *data);

/* The host's own calls, on worker 0's thread. from: where the generation that serves was read. */
struct wy_build;
typedef struct wy_reload wy_reload;
int wy_reload_new(wy_host *h, const struct wy_build *from); /* 0 or WY_E_NOMEM */
void wy_reload_found(wy_host *h,
                     const char *trouble); /* why what serves is not what the disk has */
/* Which program has a verb `test` that runs the specs of plugins (reload.specs): after the load. */
int wy_reload_program(wy_host *h, const char *path);
void wy_reload_start(wy_host *h);
void wy_reload_stop(wy_host *h); /* asks are taken no more */
void wy_reload_free(wy_host *h); /* when nothing runs */

/* On worker 0's thread: how many were done, and how many failed. */
void wy_reload_counts(const wy_host *h, uint64_t *done, uint64_t *failed);

/* Any thread: why the disk's version does not serve; an empty text when it does. */
void wy_reload_trouble(wy_host *h, char *out, size_t size);

#endif
