/* xml: see xml.h. expat does the reading; what stands here are the caps, the order of checks and
 * the rule for what a user typed into Content. Names and texts are copied into the doc's arena,
 * which is reserved at the input's length first: together they are never longer. */
#define _GNU_SOURCE 1 /* memmem */
#include "codec/xml.h"

#include <expat.h>
#include <limits.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/scan.h"

enum { ATTRIBUTES = 64 };

typedef struct reader {
  XML_Parser parser;
  wy_doc *doc;
  int err;
  unsigned depth;   /* open elements, the root included */
  unsigned n_attributes;
  uint16_t open;    /* the innermost open node; WY_DOC_NONE: the root, or nothing yet */
} reader;

/* expat may call a handler or two after this. */
static void stop(reader *r, int err) {
  r->err = err;
  XML_StopParser(r->parser, XML_FALSE);
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_subset) {
  (void)name, (void)system_id, (void)public_id, (void)has_subset;
  stop(data, WY_E_XML_DOCTYPE);
}

/* The parser is told UTF-8 and would take any label. */
static void on_declaration(void *data, const XML_Char *version, const XML_Char *encoding,
                           int standalone) {
  (void)version, (void)standalone;
  if (encoding && !wy_str_ieq(wy_str_of(encoding), WY_STR("UTF-8"))) stop(data, WY_E_XML_ENCODING);
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes) {
  reader *r = data;
  if (r->err) return;
  if (++r->depth > WY_DOC_DEPTH) {
    stop(r, WY_E_XML_DEPTH);
    return;
  }
  for (; *attributes; attributes += 2)
    if (++r->n_attributes > ATTRIBUTES) {
      stop(r, WY_E_XML_MANY);
      return;
    }
  if (r->depth == 1) return;

  wy_buf *arena = &r->doc->arena;
  if (r->open != WY_DOC_NONE) {
    wy_node *parent = &r->doc->nodes[r->open];
    if (!parent->branch) arena->n = (size_t)(parent->text.p - arena->p); /* blanks before a child */
    parent->branch = true;
    parent->text = (wy_str){"", 0};
  }
  size_t at = arena->n, n = strlen(name);
  if (wy_buf_add(arena, name, n)) {
    stop(r, WY_E_NOMEM);
    return;
  }
  int node = wy_doc_add(r->doc, r->open, (wy_str){arena->p + at, n});
  if (node < 0) {
    stop(r, node);
    return;
  }
  r->doc->nodes[node].text.p = arena->p + arena->n;
  r->open = (uint16_t)node;
}

static void on_end(void *data, const XML_Char *name) {
  (void)name;
  reader *r = data;
  if (r->err) return;
  r->depth--;
  if (r->open != WY_DOC_NONE) r->open = r->doc->nodes[r->open].parent;
}

/* A leaf's text stands at the arena's end until the leaf is closed or becomes a branch. */
static void on_text(void *data, const XML_Char *text, int n) {
  reader *r = data;
  if (r->err || r->open == WY_DOC_NONE) return;
  wy_node *node = &r->doc->nodes[r->open];
  if (node->branch) return;
  if (wy_buf_add(&r->doc->arena, text, (size_t)n))
    stop(r, WY_E_NOMEM);
  else
    node->text.n += (size_t)n;
}

/* Secret enough for a table that the caps keep small, and no system call: addresses are random. */
static unsigned long salt(const void *heap) {
  uint64_t x = (uint64_t)(uintptr_t)heap ^ ((uint64_t)(uintptr_t)&heap << 20);
  x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (unsigned long)(x ^ (x >> 31)) | 1; /* 0 would mean: draw one */
}

/* Clean UTF-8 without control bytes into doc. */
static int read_text(wy_str in, wy_doc *doc) {
  reader r = {.doc = doc, .open = WY_DOC_NONE};
  wy_doc_clear(doc);
  doc->form = WY_FORM_XML;
  if (in.n > INT_MAX || !wy_buf_reserve(&doc->arena, in.n)) return WY_E_NOMEM;
  r.parser = XML_ParserCreate("UTF-8");
  if (!r.parser) return WY_E_NOMEM;
  XML_SetHashSalt(r.parser, salt(r.parser));
  XML_SetUserData(r.parser, &r);
  XML_SetElementHandler(r.parser, on_start, on_end);
  XML_SetCharacterDataHandler(r.parser, on_text);
  XML_SetXmlDeclHandler(r.parser, on_declaration);
  XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
  if (XML_Parse(r.parser, in.p, (int)in.n, XML_TRUE) != XML_STATUS_OK && !r.err)
    r.err = XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY ? WY_E_NOMEM : WY_E_XML_SYNTAX;
  XML_ParserFree(r.parser);
  return r.err;
}

/* A bit for each element that must not stand twice. */
static unsigned head_bit(wy_str name) {
  static const wy_str heads[] = {WY_STR("ToUserName"), WY_STR("FromUserName"), WY_STR("CreateTime"),
                                 WY_STR("MsgType"), WY_STR("MsgId")};
  for (unsigned i = 0; i < sizeof heads / sizeof *heads; i++)
    if (wy_str_eq(heads[i], name)) return 1u << i;
  return 0;
}

/* 0 or WY_E_XML_DUP. *odd: Content does not look like one text. */
static int check_heads(const wy_doc *doc, bool *odd) {
  unsigned seen = 0, contents = 0;
  int err = 0;
  *odd = false;
  for (size_t i = 0; i < doc->n; i++) {
    const wy_node *node = &doc->nodes[i];
    if (node->parent != WY_DOC_NONE) continue;
    unsigned bit = head_bit(node->name);
    if (seen & bit) err = WY_E_XML_DUP;
    seen |= bit;
    if (wy_str_eq(node->name, WY_STR("Content")) && (contents++ || node->branch)) *odd = true;
  }
  return err;
}

static const char *find(const char *from, const char *end, wy_str what) {
  return memmem(from, (size_t)(end - from), what.p, what.n);
}

/* Content as WeChat framed it, when the user's text has `]]>` in it: from the first
 * <Content><![CDATA[ to the last ]]></Content>. */
static bool find_typed(wy_str in, wy_str *typed) {
  const wy_str open = WY_STR("<Content><![CDATA["), close = WY_STR("]]></Content>");
  const char *end = in.p + in.n, *from = find(in.p, end, open), *last = NULL;
  if (!from) return false;
  from += open.n;
  for (const char *p = from; (p = find(p, end, close)); p++) last = p;
  if (!last || find(from, end, WY_STR("]]>")) == last) return false;
  *typed = (wy_str){from, (size_t)(last - from)};
  return true;
}

/* Appends text with each `]]>` split over two sections; the first and last are the caller's. */
static void add_split(wy_buf *out, wy_str text, int (*add)(wy_buf *, wy_str)) {
  if (text.n == 0) return;
  const char *end = text.p + text.n, *from = text.p, *p;
  while ((p = find(from, end, WY_STR("]]>")))) {
    add(out, (wy_str){from, (size_t)(p + 2 - from)});
    wy_buf_lit(out, "]]><![CDATA[");
    from = p + 2;
  }
  add(out, (wy_str){from, (size_t)(end - from)});
}

static int read_typed(wy_str in, wy_str typed, wy_doc *doc) {
  wy_buf text;
  bool odd;
  wy_buf_init(&text, in.n * 5); /* `]]>` grows to 15 bytes */
  wy_buf_add(&text, in.p, (size_t)(typed.p - in.p));
  add_split(&text, typed, wy_buf_str);
  const char *rest = typed.p + typed.n;
  wy_buf_add(&text, rest, (size_t)(in.p + in.n - rest));
  int err = text.failed ? WY_E_NOMEM : read_text(wy_buf_view(&text), doc);
  if (!err) err = check_heads(doc, &odd);
  wy_buf_deinit(&text);
  return err;
}

static int read_clean(wy_str in, wy_doc *doc) {
  wy_str typed;
  bool odd = false;
  int err = read_text(in, doc);
  if (!err) err = check_heads(doc, &odd);
  if ((!err && !odd) || err == WY_E_NOMEM || !find_typed(in, &typed)) return err;
  int again = read_typed(in, typed, doc);
  return again && err ? err : again;
}

/* Control bytes, U+FFFE or U+FFFF: expat would refuse the whole document for one of them. */
static bool needs_mending(wy_str in) {
  for (size_t i = 0; i < in.n; i++) {
    unsigned char c = (unsigned char)in.p[i];
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return true;
    if (c == 0xEF && (unsigned char)in.p[i + 1] == 0xBF && (unsigned char)in.p[i + 2] >= 0xBE)
      return true;
  }
  return false;
}

int wy_xml_parse_expat(wy_str in, wy_doc *doc) {
  int err;
  if (in.n == 0 || memchr(in.p, '\0', in.n) || !wy_utf8_valid(in)) {
    err = WY_E_XML_SYNTAX;
  } else if (needs_mending(in)) {
    wy_buf mended;
    wy_buf_init(&mended, in.n * 3);
    err = wy_utf8_add_xml(&mended, in);
    if (!err) err = read_clean(wy_buf_view(&mended), doc);
    wy_buf_deinit(&mended);
  } else {
    err = read_clean(in, doc);
  }
  if (err) wy_doc_clear(doc);
  return err;
}

int wy_xml_parse(wy_str in, wy_doc *doc) {
  return wy_scan(in, doc) ? 0 : wy_xml_parse_expat(in, doc);
}

int wy_xml_add_cdata(wy_buf *out, wy_str text) {
  wy_buf_lit(out, "<![CDATA[");
  add_split(out, text, wy_utf8_add_xml);
  return wy_buf_lit(out, "]]>");
}
