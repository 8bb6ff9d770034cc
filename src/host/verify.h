/* verify: runs the specs that stand beside plugins, by the program's own verb `test`, before a
 * reload switches to what they speak of. */
#ifndef WY_HOST_VERIFY_H
#define WY_HOST_VERIFY_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/buf.h"

enum { WY_VERIFY_MS = 60000 };

/* program test FILE…, in this process's folder: waits for it, at most for WY_VERIFY_MS, then ends
 * it. out gets the end of what it printed. 0: all specs passed; or an error. Blocks: not for a
 * loop's thread. */
int wy_verify(const char *program, char *const *files, size_t n, atomic_int *running, wy_buf *out);

#endif
