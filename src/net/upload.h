/* upload: a form of a browser (multipart/form-data) as its bytes come: fields stay in memory, files
 * go to disk, under names that nobody can guess. What was not taken away is removed with it. */
#ifndef WY_NET_UPLOAD_H
#define WY_NET_UPLOAD_H

#include "base/buf.h"
#include "net/http.h"

typedef struct wy_upload wy_upload;

typedef struct wy_upload_limits {
  size_t parts, fields; /* how many parts; bytes of all fields together */
  bool repeated;        /* fields may have one name */
} wy_upload_limits;

typedef struct wy_upload_part {
  wy_str name, value; /* value: of a field */
  bool is_file;
  wy_str filename, type; /* as the browser has said: for people to read; may be empty */
  const char *path;      /* NULL: it was taken away */
  uint64_t size;
} wy_upload_part;

extern const wy_http_sink wy_upload_sink; /* its data is the upload, which it frees */

/* folder: outlives it; made, with the one above it, when the first file comes. 0, WY_E_NOMEM, or
 * WY_E_MULTIPART_TYPE. */
int wy_upload_new(wy_upload **out, wy_str content_type, const wy_upload_limits *limits,
                  const char *folder);

/* Removes what a crash has left there a day ago or longer. */
void wy_upload_sweep(const char *folder);

/* False: there are no more. */
bool wy_upload_part_at(const wy_upload *u, size_t i, wy_upload_part *part);

/* Moves the file of a part to a path, or copies it where that is another disk. 0 or an errno. */
int wy_upload_take(wy_upload *u, size_t i, const char *to);

#endif
