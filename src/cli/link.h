/* link: what a supervisor and its child say to each other, over a pair of sockets: messages of one
 * size, with descriptors beside some. Both may be of different builds: the first word tells. */
#ifndef WY_CLI_LINK_H
#define WY_CLI_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fds.h"

typedef enum wy_say {
  /* the child says */
  WY_SAY_OPEN = 1,  /* sockets are wanted: use, address, port, n */
  WY_SAY_PREPARED,  /* it could accept; the other child may give way */
  WY_SAY_ACCEPTING, /* it does; text: where */
  /* the supervisor says */
  WY_SAY_OPENED,   /* err; n in all, of which some come with this one, and the rest behind it */
  WY_SAY_GIVE_WAY, /* the two sockets beside lead to the child that takes over */
  WY_SAY_GO_ON     /* it did not come up */
} wy_say;

enum { WY_LINK_FDS = WY_FDS_MAX, WY_LINK_TEXT = 128 };

typedef struct wy_message {
  uint32_t magic; /* filled in by wy_link_send */
  int32_t say;
  int32_t use, port, n, err;
  char text[WY_LINK_TEXT]; /* an address; ends with NUL */
} wy_message;

/* A pair of sockets, close-on-exec. 0 or -1. */
int wy_link_pair(int fds[2]);

/* True: the other end has it. */
bool wy_link_send(int link, const wy_message *m, const int *fds, unsigned n);

/* Waits up to so many ms; 1: a message, with the descriptors that came beside it; 0: none came;
 * -1: the other end has gone, or speaks another version. */
int wy_link_receive(int link, wy_message *m, int fds[WY_LINK_FDS], unsigned *n, int ms);

#endif
