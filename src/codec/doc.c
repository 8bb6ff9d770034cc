/* doc: see doc.h. A doc owns its node array (once it outgrows the inline one) and its arena. */
#include "codec/doc.h"

#include <stdlib.h>

#include "base/err.h"

enum { ARENA_MAX = 1 << 28 };

void wy_doc_init(wy_doc *doc) {
  doc->form = WY_FORM_XML;
  doc->json_depth = 0;
  doc->nodes = doc->inline_nodes;
  doc->n = 0;
  doc->cap = WY_DOC_INLINE;
  wy_buf_init(&doc->arena, ARENA_MAX);
}

void wy_doc_deinit(wy_doc *doc) {
  if (doc->nodes != doc->inline_nodes) free(doc->nodes);
  wy_buf_deinit(&doc->arena);
  wy_doc_init(doc);
}

void wy_doc_clear(wy_doc *doc) {
  doc->n = 0;
  wy_buf_clear(&doc->arena);
}

static bool grow(wy_doc *doc) {
  bool inlined = doc->nodes == doc->inline_nodes;
  size_t cap = doc->cap * 4 < WY_DOC_NODES ? doc->cap * 4 : WY_DOC_NODES;
  wy_node *nodes = realloc(inlined ? NULL : doc->nodes, cap * sizeof *nodes);
  if (!nodes) return false;
  if (inlined) memcpy(nodes, doc->inline_nodes, doc->n * sizeof *nodes);
  doc->nodes = nodes;
  doc->cap = cap;
  return true;
}

int wy_doc_add(wy_doc *doc, uint16_t parent, wy_str name) {
  if (doc->n == doc->cap) {
    if (doc->n >= WY_DOC_NODES) return WY_E_XML_MANY;
    if (!grow(doc)) return WY_E_NOMEM;
  }
  doc->nodes[doc->n] = (wy_node){.name = name, .text = {"", 0}, .parent = parent};
  if (parent != WY_DOC_NONE) doc->nodes[parent].n_children++;
  return (int)doc->n++;
}

const wy_node *wy_doc_find(const wy_doc *doc, uint16_t parent, wy_str name) {
  size_t from = parent == WY_DOC_NONE ? 0 : (size_t)parent + 1;
  for (size_t i = from; i < doc->n; i++)
    if (doc->nodes[i].parent == parent && wy_str_eq(doc->nodes[i].name, name))
      return &doc->nodes[i];
  return NULL;
}
