/* mailbox: the memory of unread answers (lua/weiyue/mailbox.lua), and of whose had to go for want
 * of room: he is told so when he asks. */
#ifndef WY_HOST_MAILBOX_H
#define WY_HOST_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"
#include "store/dict.h"

typedef struct wy_mailbox {
  wy_dict *answers, *gone; /* by the same keys; NULL: not open */
  const wy_log *log;
  atomic_int untold;         /* users who could not be told of what waits for them, about so many */
  atomic_uint_fast64_t told; /* ms on the clock: when the log's last line about it was written */
} wy_mailbox;

/* Both take at most so many bytes together. 0 or WY_E_NOMEM. */
int wy_mailbox_open(wy_mailbox *m, size_t bytes, const wy_log *log);
void wy_mailbox_close(wy_mailbox *m); /* allowed on zeroes */

#endif
