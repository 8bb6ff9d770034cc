/* doc: the tree of elements of a push, whatever form it came in (XML or JSON).
 *
 * Nodes stand in one array, children after their parent, in document order. Names and texts are
 * spans of the input or of the doc's own arena: the input must live as long as the doc. A JSON
 * array becomes repeated siblings of one name, as WeChat's XML has it, each marked `item`; an array
 * inside an array is a branch whose children are named "item". */
#ifndef WY_CODEC_DOC_H
#define WY_CODEC_DOC_H

#include "base/buf.h"

enum {
  WY_DOC_NODES = 4096, /* more than any push has */
  WY_DOC_DEPTH = 16,   /* of XML, the root included; JSON has WY_JSON_DEPTH */
  WY_DOC_INLINE = 24,  /* nodes that need no allocation */
  WY_DOC_NONE = UINT16_MAX
};

typedef enum wy_form { WY_FORM_XML, WY_FORM_JSON } wy_form;

typedef struct wy_node {
  wy_str name;
  wy_str text;     /* of a leaf; raw bytes, never trimmed */
  uint16_t parent; /* WY_DOC_NONE for the elements of the root */
  uint16_t n_children;
  bool branch; /* has (or, when empty, may have) children; text is not used */
  bool item;   /* an element of a JSON array */
  bool none;   /* with item: stands for a JSON array without elements; a branch */
} wy_node;

typedef struct wy_doc {
  wy_form form;
  unsigned json_depth; /* how deep JSON may nest; 0: WY_JSON_DEPTH */
  wy_node *nodes;      /* inline_nodes, or allocated */
  size_t n, cap;
  wy_buf arena; /* texts that differ from the input's bytes; never moves once pointed into */
  wy_node inline_nodes[WY_DOC_INLINE];
} wy_doc;

/* A doc is not copied by value: nodes may point into it. */
void wy_doc_init(wy_doc *doc);
void wy_doc_deinit(wy_doc *doc);
void wy_doc_clear(wy_doc *doc); /* no nodes; memory kept */

/* The new node's place, or a WY_E_ code (WY_E_XML_MANY, WY_E_NOMEM). */
int wy_doc_add(wy_doc *doc, uint16_t parent, wy_str name);

/* The first child of `parent` with this name (case-sensitive); NULL: none. */
const wy_node *wy_doc_find(const wy_doc *doc, uint16_t parent, wy_str name);

#endif
