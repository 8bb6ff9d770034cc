/* xml: a push as XML into a doc: the flat scanner first, expat with caps for the rest. */
#ifndef WY_CODEC_XML_H
#define WY_CODEC_XML_H

#include "codec/doc.h"

/* 0 or WY_E_XML_*. Control bytes that WeChat lets through become U+FFFD; NUL and broken UTF-8 are
 * refused. A head element (ToUserName, FromUserName, CreateTime, MsgType, Event) or MsgId that
 * stands twice is WY_E_XML_DUP, and in a message (it has MsgType) every leaf of the top level that
 * does, but for leaves side by side in an event.
 *
 * WeChat does not split what a user typed, so `]]>` in a text ends its CDATA early and the rest
 * would become markup. So an element that users type into (Content; in a message also Title,
 * Description, Label and the others that xml.c names) is read literally, everything between its
 * <Name><![CDATA[ and the last ]]></Name>, when there is a `]]>` in between. Where every one is
 * written as ]]]]><![CDATA[>, it is read as XML has it. A user can set nothing but the element he
 * typed into; where it cannot be told which one that was, the text is WY_E_XML_DUP. On error the
 * doc is cleared. */
int wy_xml_parse(wy_str in, wy_doc *doc);

/* expat alone, without the scanner: for the differential fuzz target and the spec. */
int wy_xml_parse_expat(wy_str in, wy_doc *doc);

/* Appends <![CDATA[text]]>, `]]>` split in two sections, what XML 1.0 forbids as U+FFFD. */
int wy_xml_add_cdata(wy_buf *out, wy_str text);

#endif
