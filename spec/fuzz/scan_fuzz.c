/* What the flat scanner accepts, expat must read equally, node by node. And whatever expat accepts
 * obeys the caps and points into memory that is there. */
#include <stdlib.h>

#include "codec/scan.h"
#include "codec/xml.h"

static void need(bool ok) {
  if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wy_str in = {(const char *)data, size};
  wy_doc fast, slow;
  wy_doc_init(&fast);
  wy_doc_init(&slow);
  bool flat = wy_scan(in, &fast);
  int err = wy_xml_parse_expat(in, &slow);
  if (flat) {
    need(err == 0 && fast.n == slow.n);
    for (size_t i = 0; i < fast.n; i++) {
      const wy_node *a = &fast.nodes[i], *b = &slow.nodes[i];
      need(wy_str_eq(a->name, b->name) && wy_str_eq(a->text, b->text));
      need(a->parent == b->parent && a->n_children == b->n_children && a->branch == b->branch);
    }
  }
  need(err <= 0 && slow.n <= WY_DOC_NODES && (err == 0 || slow.n == 0));
  unsigned sum = 0;
  for (size_t i = 0; i < slow.n; i++) {
    const wy_node *node = &slow.nodes[i];
    need(node->parent == WY_DOC_NONE || (node->parent < i && slow.nodes[node->parent].branch));
    need(node->name.n > 0);
    for (size_t k = 0; k < node->name.n; k++) sum += (unsigned char)node->name.p[k];
    for (size_t k = 0; k < node->text.n; k++) sum += (unsigned char)node->text.p[k];
  }
  need(sum != 1); /* the bytes are read */
  wy_doc_deinit(&fast);
  wy_doc_deinit(&slow);
  return 0;
}
