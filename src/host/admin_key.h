/* admin_key: the key of the admin interface, a file of the host's state. Who may read the file may
 * command the host: its mode is all the protection there is. */
#ifndef WY_HOST_ADMIN_KEY_H
#define WY_HOST_ADMIN_KEY_H

#include "base/buf.h"

enum { WY_ADMIN_KEY = 64 };

/* Reads admin.key in the state folder: 64 hex digits and a newline. What is missing is made, with
 * rights for its owner only: the file, and the folder (not its parents). Processes that start at
 * the same time get the same key. A file that others have rights to, or that holds something else,
 * is refused and left as it is. 0, or WY_E_CONFIG with the reason added to `why` (English, for the
 * log); then out is empty. */
int wy_admin_key_open(const char *state_folder, char out[WY_ADMIN_KEY + 1], wy_buf *why);

/* Is this the value of Authorization that the key asks for: "Bearer KEY", the scheme in any case?
 * The time taken tells nothing of the key. Nothing fits an empty key. */
bool wy_admin_key_fits(const char key[WY_ADMIN_KEY + 1], wy_str authorization);

#endif
