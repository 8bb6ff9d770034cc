/* json: cJSON behind a strict check. cJSON alone takes trailing garbage, cuts strings at NUL,
 * keeps duplicate keys and rounds integers above 2^53; nothing of that passes here. */
#ifndef WY_CODEC_JSON_H
#define WY_CODEC_JSON_H

#include <cjson/cJSON.h>

#include "codec/doc.h"

enum { WY_JSON_DEPTH = 32, WY_JSON_DEPTH_MAX = 512 };

/* Lenient reading is for replies of WeChat's API: raw control characters in strings are taken; bad
 * UTF-8, NUL and lone surrogates become U+FFFD. A push is always read strictly. */
typedef struct wy_json_options {
  unsigned depth; /* 0: WY_JSON_DEPTH; at most WY_JSON_DEPTH_MAX */
  bool lenient;
} wy_json_options;

/* 0 or WY_E_JSON_*; *at (may be NULL) is the offset of the fault: of a repeated key, its object's
 * end. With bad UTF-8 before it, a lenient offset counts the mended text. */
int wy_json_check(wy_str in, const wy_json_options *options, size_t *at);

/* Checks and parses. In the tree every number is a cJSON_Raw node whose valuestring is its text as
 * written, so that no digit is lost; print with cJSON_PrintUnformatted. Free with cJSON_Delete. */
int wy_json_parse(wy_str in, const wy_json_options *options, cJSON **out, size_t *at);

/* A push as JSON into a doc; scalars become text (true, false as words, null as ""). Strict; the
 * value must be an object (WY_E_JSON_TYPE). On error the doc is cleared. */
int wy_json_doc(wy_str in, wy_doc *doc);

/* Appends "text" with quotes: raw UTF-8, only ", \ and control characters escaped (bad UTF-8
 * becomes U+FFFD). */
int wy_json_add_string(wy_buf *out, wy_str text);

/* Appends the shortest text that reads back equal; v is finite. */
int wy_json_add_double(wy_buf *out, double v);

#endif
