/* embedded: the files of lua/weiyue as bytes; the build writes embedded.c. */
#ifndef WY_SCRIPT_EMBEDDED_H
#define WY_SCRIPT_EMBEDDED_H

#include <stddef.h>

typedef struct wy_embedded {
  const char *module; /* "weiyue.rules"; NULL after the last */
  const unsigned char *bytes;
  size_t n;
} wy_embedded;

extern const wy_embedded wy_embedded_files[];

#endif
