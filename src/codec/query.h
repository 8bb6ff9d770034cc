/* query: the parameters that WeChat puts into the URL of a push. */
#ifndef WY_CODEC_QUERY_H
#define WY_CODEC_QUERY_H

#include "base/str.h"

enum { WY_QUERY_PARAMS = 100, WY_QUERY_VALUE = 2048, WY_QUERY_ECHO = 1024 };

typedef struct wy_query {
  /* percent-decoded; p is NULL where the parameter is absent. Spans of the query or of `decoded` */
  wy_str signature, timestamp, nonce, openid, encrypt_type, msg_signature, echostr;
  char decoded[WY_QUERY_VALUE]; /* backs the values that had escapes; not initialised */
} wy_query;

/* 0, WY_E_QUERY_SYNTAX (bad escape, NUL or broken UTF-8 after decoding, in any parameter),
 * WY_E_QUERY_DUP (one of the above twice), WY_E_QUERY_MANY (over 100 parameters), WY_E_QUERY_LONG
 * (echostr over 1 KiB, or decoded values do not fit). `query` is what stands after '?', without it.
 */
int wy_query_parse(wy_str query, wy_query *out);

/* Percent-decodes in into out (at least in.n bytes). plus: '+' means a blank. False: a bad escape.
 */
bool wy_percent_decode(wy_str in, bool plus, char *out, size_t *n);

#endif
