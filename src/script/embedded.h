/* embedded: the files of lua/weiyue and the pages of plugins as bytes; the build writes embedded.c
 * and embedded_pages.c. */
#ifndef WY_SCRIPT_EMBEDDED_H
#define WY_SCRIPT_EMBEDDED_H

#include <stddef.h>

typedef struct wy_embedded {
  const char *module; /* "weiyue.rules"; NULL after the last */
  const unsigned char *bytes;
  size_t n;
} wy_embedded;

extern const wy_embedded wy_embedded_files[];

typedef struct wy_embedded_page {
  const char *path; /* "sandbox/index.html"; NULL after the last */
  const char *type; /* its Content-Type */
  const unsigned char *bytes;
  size_t n;
} wy_embedded_page;

extern const wy_embedded_page wy_embedded_pages[];

#endif
