/* transfer: how an inbox travels from one host to the next: a line of greeting, then items, each a
 * head of fixed size and the bytes of an answer. Both ends are on one machine; another version of
 * it greets otherwise, and nothing is taken from it. */
#ifndef WY_HOST_TRANSFER_H
#define WY_HOST_TRANSFER_H

#include "host/inbox.h"

#define WY_TRANSFER_HELLO "weiyue inbox 1\n" /* with its NUL 16 bytes */

enum {
  WY_TRANSFER_ALL = WY_ITEM_TYPES, /* what was known is said; what happens follows */
  WY_TRANSFER_END                  /* nothing is in flight any more */
};

/* Appends an item, or WY_TRANSFER_ALL or _END (item NULL). */
void wy_transfer_put(wy_buf *out, unsigned type, const wy_item *item);

/* Reads one item at the front of some bytes: how many it took, 0: there are too few, or negative:
 * that is no item. *type is the item's, or WY_TRANSFER_ALL or _END. The answer stands in p. */
int64_t wy_transfer_get(const char *p, size_t n, unsigned *type, wy_item *item);

#endif
