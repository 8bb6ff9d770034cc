/* guest: a page of a user's has him for a while, as a push of his would: what he sends meanwhile
 * waits its turn, on this worker. */
#ifndef WY_HOST_GUEST_H
#define WY_HOST_GUEST_H

#include "host/host_impl.h"

typedef struct wy_guest {
  slot *slot; /* NULL: it has nobody */
  wy_hash128 key;
} wy_guest;

/* False: he has something in flight, here or elsewhere; to be asked again. */
bool wy_guest_enter(worker *w, const account *a, wy_str openid, wy_guest *g);
void wy_guest_leave(worker *w, wy_guest *g); /* also of one that has nobody */

#endif
