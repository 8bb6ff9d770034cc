/* scan: a single-pass reader of the flat subset of XML that WeChat sends in nearly every push:
 * <xml>, names of ASCII letters, digits and underscores, CDATA or text without '&', UTF-8 checked,
 * nothing nested, no attributes, no comments, no control bytes, no name twice. It either reads the
 * whole text or says that the text is not of this kind; then expat has the word. What it accepts,
 * expat reads equally (spec/fuzz proves it). */
#ifndef WY_CODEC_SCAN_H
#define WY_CODEC_SCAN_H

#include "codec/doc.h"

/* True: doc holds the elements, as spans of `in`. False: not the flat subset; doc is cleared. */
bool wy_scan(wy_str in, wy_doc *doc);

#endif
