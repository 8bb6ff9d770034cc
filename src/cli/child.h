/* child: a host's side of its supervisor; also of a host without one, which listens on sockets that
 * the environment passes to it. */
#ifndef WY_CLI_CHILD_H
#define WY_CLI_CHILD_H

#include <stdbool.h>

#include "weiyue.h"

typedef struct wy_child wy_child;

/* Looks at the environment. NULL: no memory. */
wy_child *wy_child_new(void);
void wy_child_free(wy_child *c); /* after the host was */
bool wy_child_is_supervised(const wy_child *c);
bool wy_child_is_first(const wy_child *c); /* of its supervisor; or it has none */

void wy_child_attach(wy_child *c, wy_host *host); /* before it is loaded */
int wy_child_accepting(wy_child *c);              /* the host has started. 0, or -1 */
void wy_child_detach(wy_child *c);                /* it has stopped, and is about to be freed */

#endif
