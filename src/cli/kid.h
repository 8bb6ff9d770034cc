/* kid: a child as its supervisor sees it. */
#ifndef WY_CLI_KID_H
#define WY_CLI_KID_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/crashes.h"
#include "cli/watch.h"

typedef struct kid {
  pid_t pid; /* 0: there is none */
  unsigned number;
  int link;
  int from[2]; /* ends of the ways that are for the child before it; -1, and 0 without a pid */
  wy_beats *beats;
  wy_watch *watch;
  uint32_t generation; /* seen last; 0: none yet */
  uint32_t reloads;    /* likewise */
  int64_t started;
  int64_t end_at;   /* when it is ended by force; 0: not */
  int64_t abort_at; /* likewise, after an abort that has not ended it */
  bool accepting, mute;
  bool aborted; /* by who watches: however it ends, it crashed */
} kid;

/* ways: two descriptors, from the child that it is to replace; NULL: none. 0, or -1 and errno. */
int wy_kid_start(kid *k, const char *program, char **arguments, const wy_crashes *crashes,
                 const int *ways, int64_t now);
void wy_kid_close_ways(kid *k);
void wy_kid_forget(kid *k); /* it has ended */

/* Looks at its workers, and does what is to be done. True: it serves another generation than when
 * it was looked at last. */
bool wy_kid_watch(kid *k, int64_t now);

/* Has it done a reload, well or not, since this was asked last? */
bool wy_kid_reloaded(kid *k);

/* How long it may take to end when another has taken over: ms; 0: as usual. */
int64_t wy_kid_farewell(const kid *k);

#endif
