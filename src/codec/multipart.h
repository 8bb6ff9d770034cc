/* multipart: reading multipart/form-data (RFC 7578) as its bytes come, in pieces of any size.
 *
 * Each byte is looked at once or twice, whatever the body is made of. What is kept between two
 * pieces is the header of one part and eight bytes for each part before it: never a part's data.
 * Nothing is skipped: before the first boundary and behind the last one a line end may stand, and
 * nothing else. */
#ifndef WY_CODEC_MULTIPART_H
#define WY_CODEC_MULTIPART_H

#include "codec/part.h"

typedef struct wy_multipart_limits {
  size_t parts;  /* of a body */
  size_t header; /* bytes of the header of a part */
  size_t fields; /* lines of it */
  bool repeated; /* fields may have one name; files always may */
} wy_multipart_limits;

#define WY_MULTIPART_LIMITS ((wy_multipart_limits){64, 8192, 16, false})

/* What is not 0 ends the reading, and wy_multipart_feed returns it. `part` is good until its end.
 */
typedef struct wy_multipart_calls {
  int (*begin)(void *data, const wy_part *part);
  int (*bytes)(void *data, wy_str bytes); /* never empty; not called for an empty part */
  int (*end)(void *data);
} wy_multipart_calls;

typedef struct wy_multipart {
  const wy_multipart_calls *calls; /* outlive it */
  void *data;
  wy_multipart_limits limits;
  int state, err;                      /* err: what ended it */
  size_t parts, fields;                /* so far; fields of the part */
  size_t delimiter_n, matched;         /* bytes; of these, the last ones that came */
  size_t borrowed;                     /* of the matched ones: they are no data */
  char delimiter[4 + WY_BOUNDARY_MAX]; /* CR LF - - boundary */
  wy_buf header, scratch, names;       /* names: a hash for each part */
  wy_part part;
} wy_multipart;

/* 0, or WY_E_MULTIPART_TYPE. Either way wy_multipart_deinit may follow. */
int wy_multipart_init(wy_multipart *m, wy_str content_type, const wy_multipart_limits *limits,
                      const wy_multipart_calls *calls, void *data);
void wy_multipart_deinit(wy_multipart *m);

/* 0, WY_E_MULTIPART_…, WY_E_NOMEM or what a call returned; then again at every later feed. */
int wy_multipart_feed(wy_multipart *m, wy_str bytes);

/* After the last byte: 0, WY_E_MULTIPART_TRUNCATED, or what ended it before. */
int wy_multipart_end(const wy_multipart *m);

#endif
