/* reply: passive replies, from fields to XML or JSON. The kinds are one table: a new kind of reply
 * is a new row there. */
#ifndef WY_CODEC_REPLY_H
#define WY_CODEC_REPLY_H

#include "codec/doc.h"

enum { WY_REPLY_FIELDS = 6, WY_REPLY_ARTICLES = 8, WY_REPLY_TEXT = 2048 };

typedef struct wy_reply_field {
  const char *key;     /* the name plugins use: "media_id" */
  const char *element; /* WeChat's: "MediaId" */
  bool required;
  bool base64; /* encoded on the way out (device Content) */
  bool number; /* written without CDATA, digits only */
} wy_reply_field;

typedef struct wy_reply_type {
  const char *name;    /* the name plugins use: "transfer" */
  const char *msgtype; /* WeChat's: "transfer_customer_service" */
  const char *wrap;    /* element around the fields ("Image"), or NULL */
  const char *zero;    /* element that always follows with the number 0 ("FuncFlag"), or NULL */
  bool articles;       /* news: a list of articles instead of fields */
  wy_reply_field fields[WY_REPLY_FIELDS + 1]; /* ends with key == NULL */
} wy_reply_type;

typedef struct wy_article {
  wy_str title, description, pic_url, url;
} wy_article;

typedef struct wy_reply {
  const wy_reply_type *type;
  wy_str fields[WY_REPLY_FIELDS]; /* in the order of type->fields; p NULL: absent */
  wy_article articles[WY_REPLY_ARTICLES];
  size_t n_articles;
  size_t articles_dropped; /* given beyond WY_REPLY_ARTICLES: wy_reply_limit counts them as cut */
} wy_reply;

typedef struct wy_reply_head {
  wy_str to;       /* the user: FromUserName of the push */
  wy_str from;     /* the account */
  int64_t created; /* unix seconds */
} wy_reply_head;

const wy_reply_type *wy_reply_type_find(wy_str name); /* NULL: no such kind */
const wy_reply_type *wy_reply_types(size_t *n);       /* all rows */

/* What wy_reply_limit had to cut. */
typedef struct wy_reply_cut {
  size_t text_bytes; /* bytes dropped from a text over 2048 bytes, at a character's edge */
  size_t articles;   /* articles dropped: 1 for user messages, 8 for events */
} wy_reply_cut;

/* Applies WeChat's limits in place. articles_max: what the trigger allows. */
void wy_reply_limit(wy_reply *r, size_t articles_max, wy_reply_cut *cut);

/* 0, or WY_E_REPLY_FIELD with *missing the key of the first field that is required and absent or
 * empty, or no number where one is needed. */
int wy_reply_check(const wy_reply *r, const char **missing);

/* Appends the reply, in either form with what XML 1.0 does not allow as U+FFFD. 0 or WY_E_NOMEM. */
int wy_reply_build(const wy_reply *r, const wy_reply_head *head, wy_form form, wy_buf *out);

#endif
