/* xml: a push as XML into a doc: the flat scanner first, expat with caps for the rest. */
#ifndef WY_CODEC_XML_H
#define WY_CODEC_XML_H

#include "codec/doc.h"

/* 0 or WY_E_XML_*. Control bytes that WeChat lets through become U+FFFD; NUL and broken UTF-8 are
 * refused. A head element (ToUserName, FromUserName, CreateTime, MsgType) or MsgId that stands
 * twice is WY_E_XML_DUP.
 *
 * WeChat does not split what a user typed, so `]]>` in a text ends its CDATA early and the rest
 * would become markup. When that shows (malformed text, a repeated head element, a Content that is
 * repeated or has children), the text is read once more with everything between
 * <Content><![CDATA[ and the last ]]></Content> as literal content: a user can set nothing but
 * Content. On error the doc is cleared. */
int wy_xml_parse(wy_str in, wy_doc *doc);

/* expat alone, without the scanner: for the differential fuzz target and the spec. */
int wy_xml_parse_expat(wy_str in, wy_doc *doc);

/* Appends <![CDATA[text]]>, `]]>` split in two sections, what XML 1.0 forbids as U+FFFD. */
int wy_xml_add_cdata(wy_buf *out, wy_str text);

#endif
