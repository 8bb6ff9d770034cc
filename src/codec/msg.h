/* msg: the decoded content of a push: its head, checked, over the doc that holds the rest. */
#ifndef WY_CODEC_MSG_H
#define WY_CODEC_MSG_H

#include "codec/doc.h"

typedef struct wy_msg {
  wy_doc doc; /* every element */
  /* spans of the doc; {NULL,0} where the element is absent */
  wy_str to;        /* ToUserName */
  wy_str from;      /* FromUserName */
  wy_str type;      /* MsgType, trimmed, as sent */
  wy_str event;     /* Event, trimmed, as sent; absent unless type is event or device_event */
  wy_str event_key; /* EventKey */
  wy_str content;   /* Content */
  wy_str id;        /* MsgId or, in events, MsgID; digits, kept as text */
  wy_str encrypt;   /* Encrypt, trimmed */
  wy_str info_type; /* InfoType of a component's push, trimmed */
  int64_t created;  /* CreateTime, unix seconds; 0 where absent */
} wy_msg;

void wy_msg_init(wy_msg *m);
void wy_msg_deinit(wy_msg *m);

/* Parses text (XML when the first byte that is no blank is '<', JSON when it is '{', else
 * WY_E_PUSH_FORM; empty: WY_E_PUSH_EMPTY) and fills the head. 0 or WY_E_*. `text` must outlive m.
 *
 * Checks CreateTime and MsgId/MsgID (WY_E_XML_INT: not 1..20 digits within uint64; CreateTime
 * within int64 and positive) and list counts (ArticleCount or Count over 65536: WY_E_XML_COUNT).
 * Whether the head is complete is the caller's question: an envelope has none. */
int wy_msg_parse(wy_msg *m, wy_str text);

/* ToUserName, FromUserName and MsgType present and not empty, and Event where MsgType is event or
 * device_event: 0, else WY_E_PUSH_INCOMPLETE. */
int wy_msg_complete(const wy_msg *m);

/* Whose message it is: FromUserName, but for the events that the platform sends about a user, where
 * he stands in OpenID (or openid). */
wy_str wy_msg_openid(const wy_msg *m);

#endif
