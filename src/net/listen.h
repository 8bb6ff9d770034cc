/* listen: sockets bound to one address for several loops of one process. */
#ifndef WY_NET_LISTEN_H
#define WY_NET_LISTEN_H

#include <stdbool.h>

/* Fills fds with n sockets that are bound to an IPv4 or IPv6 address and not yet listening; port 0
 * picks one, *bound is the port. The kernel spreads connections over them where it can (Linux);
 * elsewhere they are one socket, shared. An address that somebody else serves is refused, also when
 * he would share it. 0, or a uv error and no sockets. */
int wy_listen_open(const char *address, int port, unsigned n, int *fds, int *bound);

/* The same, so that wy_listen_more can add to them later; needs n > 0. */
int wy_listen_open_to_share(const char *address, int port, unsigned n, int *fds, int *bound);

/* n more beside one of these: with queues of their own where the kernel spreads connections, else
 * the same once more. 0, or a uv error and no sockets. */
int wy_listen_more(int fd, unsigned n, int *fds);

/* Whether a socket stands at this address; port 0: at any port of it. *bound is its port. */
bool wy_listen_is(int fd, const char *address, int port, int *bound);

void wy_listen_close(const int *fds, unsigned n); /* those that nobody took over; -1: taken */

#endif
