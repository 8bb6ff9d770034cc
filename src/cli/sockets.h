/* sockets: listening sockets that stay while processes come and go. Who has the set opens more, and
 * closes none before the end: a socket that was closed would reset what waits in its queue. */
#ifndef WY_CLI_SOCKETS_H
#define WY_CLI_SOCKETS_H

#include <stdbool.h>

#include "host/supervised.h"

enum { WY_PASSED_FDS = 8 /* that are no sockets to listen on */ };

typedef struct wy_sockets {
  int fds[2][WY_SOCKETS_MAX]; /* by wy_use */
  unsigned n[2];
  bool given[2]; /* from outside, by LISTEN_FDS: none is added */
} wy_sockets;

/* What the environment passes to this process (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES), and no
 * longer to its children: sockets that listen become the set's, those named "admin" for the
 * management interface. Others are `passed`, by name, for wy_sockets_passed. */
typedef struct wy_passed {
  struct {
    char name[16];
    int fd;
  } fds[WY_PASSED_FDS];
  unsigned n;
} wy_passed;

void wy_sockets_from_environment(wy_sockets *s, wy_passed *passed);
int wy_sockets_passed(const wy_passed *passed, const char *name); /* -1: there is none */

/* Makes at least n at this address, unless all were given from outside. 0 or a uv error. */
int wy_sockets_open(wy_sockets *s, wy_use use, const char *address, int port, unsigned n);

void wy_sockets_close(wy_sockets *s);

/* The port of the sockets at this address, or, when there is none, of the first. */
int wy_sockets_port(const wy_sockets *s, wy_use use, const char *address, int port);

#endif
