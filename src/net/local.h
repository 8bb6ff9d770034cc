/* local: a Unix stream socket with a name in a folder. A folder whose path is too long for a
 * socket's address is reached by its descriptor where the system has a way (Linux). */
#ifndef WY_NET_LOCAL_H
#define WY_NET_LOCAL_H

#include <stdbool.h>
#include <sys/types.h>

/* Who made the name, so that only he takes it away. */
typedef struct wy_local_id {
  dev_t dev;
  ino_t ino;
} wy_local_id;

/* A listening socket, close-on-exec and non-blocking, with mode 0600; the folder is made, with mode
 * 0700, when it is missing (its parents are not). A name that a dead process left is taken over, a
 * living one's is not: UV_EADDRINUSE. Of several who try at once one wins. Waits for nothing but
 * others who are within this call. 0 with *fd, or a uv error: UV_ENAMETOOLONG when no address
 * reaches the folder. */
int wy_local_listen(const char *folder, const char *name, int *fd, wy_local_id *id);

/* Removes the name, unless it is somebody else's by now. */
void wy_local_remove(const char *folder, const char *name, const wy_local_id *id);

/* A connected, blocking, close-on-exec socket. 0 with *fd, or a uv error: UV_ENOENT and
 * UV_ECONNREFUSED when nobody listens there. */
int wy_local_connect(const char *folder, const char *name, int *fd);

#endif
