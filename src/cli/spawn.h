/* spawn: starts the program anew, as a child, with descriptors passed by LISTEN_FDS. */
#ifndef WY_CLI_SPAWN_H
#define WY_CLI_SPAWN_H

#include <sys/types.h>

enum { WY_SPAWN_FDS = 4 };

typedef struct wy_spawn {
  const char *program; /* as it was called: a path, or a name to look up; each time anew */
  char **arguments;    /* of the child, with its own name first; ends with NULL */
  const char *names;   /* of fds, with colons between */
  int fds[WY_SPAWN_FDS];
  unsigned n;
  unsigned fallback; /* WY_FALLBACK_ENV; 0: not set */
} wy_spawn;

pid_t wy_spawn_start(const wy_spawn *s); /* -1: errno */

/* The way to this program by which a replaced one is found later: absolute, unless it is a name
 * that is looked up. NULL: no memory. */
char *wy_spawn_program(const char *called);

#endif
