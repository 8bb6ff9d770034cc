/* watch: tells that something changed in one of several folders (not in their subfolders), once for
 * a burst of changes: editors write a file in many steps, and an upload has many files.
 *
 * The system's events come first (inotify, FSEvents, kqueue). What these do not tell is found by a
 * look every few seconds, on a thread of libuv's pool: that a folder's path leads elsewhere by now
 * (a release is switched by a link), and, each second, changes in folders that the system does not
 * watch, because its limit of watches is reached, or that others change behind its back (on Linux:
 * Windows's own in WSL, folders that are mounted into a container or shared over a network). A
 * folder that is not there is waited for. All on the loop's thread. */
#ifndef WY_NET_WATCH_H
#define WY_NET_WATCH_H

#include <stddef.h>
#include <uv.h>

enum { WY_WATCH_QUIET_MS = 100, WY_WATCH_BURST_MS = 2000 };

typedef struct wy_watch wy_watch;
typedef void (*wy_watch_fn)(void *data);

/* fn is called when something has changed and nothing has for quiet_ms (0: WY_WATCH_QUIET_MS), at
 * the latest WY_WATCH_BURST_MS after the first change; it may call any function here. 0 or a uv
 * error. */
int wy_watch_new(wy_watch **out, uv_loop_t *loop, unsigned quiet_ms, wy_watch_fn fn, void *data);

/* Only files whose names end in one of these (NULL after the last; the array is kept, not copied)
 * matter, beside folders and symbolic links, which may lead to such files. NULL, and in the
 * beginning: all files. Hidden names and those that editors use while they save never matter. */
void wy_watch_names(wy_watch *w, const char *const *suffixes);

/* These folders in place of those before; the strings are copied. What stays is watched without a
 * gap, unless its path leads elsewhere by now. How many are new, or were moved so: what changed in
 * one of them before this call is not told, so who has read them before looks again. Or a uv error:
 * a folder that the system does not watch (UV_ENOSPC and UV_EMFILE: a limit is reached) is looked
 * at every second instead, until the next call tries again; UV_ENOMEM: some are not watched at all.
 */
int wy_watch_set(wy_watch *w, const char *const *folders, size_t n);

/* When the last change was seen, on uv_hrtime; 0: none was. */
uint64_t wy_watch_changed(const wy_watch *w);

/* fn is not called any more; closed (may be NULL) is, with its data, when all is gone. NULL is
 * allowed, then nothing is called. */
void wy_watch_close(wy_watch *w, void (*closed)(void *data));

#endif
