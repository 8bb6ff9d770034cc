/* keep: puts what was promoted into the state folder, on the helper's thread;
 * lua/weiyue/lastgood.lua knows the files. */
#ifndef WY_HOST_KEEP_H
#define WY_HOST_KEEP_H

#include "host/generation.h"

/* Nothing where the host keeps none. path: of its configuration; NULL: it came as a text. pin NULL:
 * the generation is the current one. Else a rollback: the one of this number ("": the one that is
 * current already), and restarts stay with it. What fails is logged, once until it works again. */
void wy_keep(wy_host *h, const char *path, const generation *g, const char *pin);

#endif
