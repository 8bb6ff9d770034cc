/* guest: the host that a sandbox has beside it, as the sandbox's Lua sees it: the lines of its log,
 * and its clock. Made by the program, which runs both on one loop; outlives both. */
#ifndef WY_SCRIPT_GUEST_H
#define WY_SCRIPT_GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

typedef struct wy_guest wy_guest;

/* advance: moves its clock ahead; on the loop's thread. 0, or WY_E_NOMEM. */
int wy_guest_new(wy_guest **out, uv_loop_t *loop, void (*advance)(void *data, int64_t ms),
                 void *data);

/* One line of its log. From any thread. When nobody takes them, the oldest are dropped. */
void wy_guest_line(wy_guest *g, int level, const char *line, size_t n);

/* Frees it in the loop's next turn. Whoever waits for a line has gone by then. */
void wy_guest_close(wy_guest *g);

#define WY_KEY_GUEST "weiyue.guest.of" /* light userdata: wy_guest * */

#endif
