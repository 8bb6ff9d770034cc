/* part: what stands before the bytes of one part of multipart/form-data (RFC 7578): its header; and
 * the boundary that the body's Content-Type names.
 *
 * Strict, since two readers of one header must not see different forms: a name that stands twice, a
 * folded line, an encoding of the bytes are refused. Lenient with the file name alone: it comes
 * from somebody else's disk, and is made harmless instead. */
#ifndef WY_CODEC_PART_H
#define WY_CODEC_PART_H

#include "base/buf.h"

enum { WY_BOUNDARY_MAX = 70, WY_PART_NAME = 256, WY_PART_FILENAME = 255 };

typedef struct wy_part {
  wy_str header; /* as it came, the empty line excluded */
  wy_str name;   /* UTF-8 without control characters, not empty */
  wy_str type;   /* the part's Content-Type as it came; empty: none */
  bool is_file;  /* there was a filename, were it an empty one */
  /* For people to read, never a path: UTF-8, the last component, without control characters and
   * marks that turn the direction of text; empty where nothing is left. */
  wy_str filename;
  char name_bytes[WY_PART_NAME], filename_bytes[WY_PART_FILENAME];
} wy_part;

/* The boundary in a Content-Type, a span of it. 0, or WY_E_MULTIPART_TYPE: not multipart/form-data
 * with one boundary of 1 to 70 characters. */
int wy_part_boundary(wy_str content_type, wy_str *boundary);

/* Reads `header`: lines that end in CRLF each, without the empty one. It has to outlive *part, as
 * *part must stay where it is. `scratch` is overwritten. 0, WY_E_MULTIPART_HEADER,
 * WY_E_MULTIPART_NAME, or WY_E_NOMEM. */
int wy_part_parse(wy_part *part, wy_str header, wy_buf *scratch);

#endif
