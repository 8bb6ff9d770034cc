/* fds: descriptors that travel beside bytes, over a Unix socket, from one process to another. */
#ifndef WY_BASE_FDS_H
#define WY_BASE_FDS_H

#include <stddef.h>
#include <sys/types.h>

enum { WY_FDS_MAX = 32 /* beside one message */ };

/* One sendmsg, which does not wait and raises no SIGPIPE where the system lets that be asked for:
 * how many bytes went, and all descriptors with the first; or -1 and errno. */
ssize_t wy_fds_send(int socket, const void *bytes, size_t size, const int *fds, unsigned n);

/* One recvmsg, which does not wait: how many bytes came, 0 at the end, or -1 and errno. Descriptors
 * beside them are added to fds, of which *n are used, and close on exec; those for which `most` has
 * no room are closed. */
ssize_t wy_fds_receive(int socket, void *bytes, size_t size, int *fds, unsigned most, unsigned *n);

#endif
