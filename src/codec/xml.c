/* xml: see xml.h. expat does the reading; what stands here are the caps, the order of checks and
 * the rule for what users type. Names and texts are copied into the doc's arena, which is reserved
 * at the input's length first: together they are never longer. */
#define _GNU_SOURCE 1 /* memmem */
#include "codec/xml.h"

#include <expat.h>
#include <limits.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/scan.h"

enum {
  ATTRIBUTES = 64,
  LITERALS = 8, /* elements with `]]>` typed into them; an invoice title has seven that are typed */
  NAMES = 128   /* different elements of a message; the longest event has about thirty */
};

/* Where users, or the makers of what they share, choose the text. They count behind MsgType only,
 * so that other XML with such names is read as it stands; Content always. */
#define LITERAL(text) \
  { text, sizeof(text) - 1 }
#define PLACE(parent, name) \
  { LITERAL(parent), LITERAL(name), LITERAL("<" name "><![CDATA["), LITERAL("]]></" name ">") }
static const struct place {
  wy_str parent, name, open, close;
} places[] = {
    PLACE("", "Content"),
    PLACE("", "Title"),
    PLACE("", "Description"),
    PLACE("", "Url"),
    PLACE("", "PagePath"),
    PLACE("", "Label"),
    PLACE("", "Recognition"),
    PLACE("ScanCodeInfo", "ScanResult"),
    PLACE("SendLocationInfo", "Label"),
    PLACE("SendLocationInfo", "Poiname"),
    PLACE("", "EventKey"),
    PLACE("", "SessionFrom"),
    PLACE("", "ExtInfo"),
    PLACE("", "OuterStr"),
    PLACE("", "title"), /* submit_invoice_title, and the following */
    PLACE("", "phone"),
    PLACE("", "tax_no"),
    PLACE("", "addr"),
    PLACE("", "bank_type"),
    PLACE("", "bank_no"),
    PLACE("", "attach"),
};
enum { CONTENT, PLACES = sizeof places / sizeof *places };

/* The first element of each place, in document order: what stands before is WeChat's own. */
typedef struct marks {
  bool message; /* MsgType was seen */
  unsigned n;
  struct mark {
    const struct place *place;
    size_t at; /* of its '<' in the text */
  } all[PLACES];
} marks;

typedef struct reader {
  XML_Parser parser;
  wy_doc *doc;
  marks *marks;
  int err;
  unsigned depth; /* open elements, the root included */
  unsigned n_attributes;
  uint16_t open; /* the innermost open node; WY_DOC_NONE: the root, or nothing yet */
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

static void mark(reader *r, wy_str name) {
  const wy_str top = {"", 0};
  wy_str parent = r->open == WY_DOC_NONE ? top : r->doc->nodes[r->open].name;
  marks *m = r->marks;
  if (r->depth == 2 && wy_str_eq(name, WY_STR("MsgType"))) m->message = true;
  for (unsigned i = 0; i < PLACES; i++) {
    if (!wy_str_eq(name, places[i].name) || !wy_str_eq(parent, places[i].parent)) continue;
    if (!m->message && i != CONTENT) return;
    for (unsigned k = 0; k < m->n; k++)
      if (m->all[k].place == &places[i]) return;
    XML_Index at = XML_GetCurrentByteIndex(r->parser);
    if (at >= 0) m->all[m->n++] = (struct mark){&places[i], (size_t)at};
    return;
  }
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
  size_t n = strlen(name);
  if (r->depth <= 3) mark(r, (wy_str){name, n});

  wy_buf *arena = &r->doc->arena;
  if (r->open != WY_DOC_NONE) {
    wy_node *parent = &r->doc->nodes[r->open];
    if (!parent->branch) arena->n = (size_t)(parent->text.p - arena->p); /* blanks before a child */
    parent->branch = true;
    parent->text = (wy_str){"", 0};
  }
  size_t at = arena->n;
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
  if (wy_buf_add(&r->doc->arena, text, (size_t)n)) stop(r, WY_E_NOMEM);
  else node->text.n += (size_t)n;
}

/* Secret enough for a table that the caps keep small, and no system call: addresses are random. */
static unsigned long salt(const void *heap) {
  uint64_t x = (uint64_t)(uintptr_t)heap ^ ((uint64_t)(uintptr_t)&heap << 20);
  x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (unsigned long)(x ^ (x >> 31)) | 1; /* 0 would mean: draw one */
}

/* Clean UTF-8 without control bytes into doc. */
static int read_text(wy_str in, wy_doc *doc, marks *m) {
  reader r = {.doc = doc, .marks = m, .open = WY_DOC_NONE};
  m->message = false;
  m->n = 0;
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

/* A bit for each element that never stands twice. */
static unsigned head_bit(wy_str name) {
  static const wy_str heads[] = {WY_STR("ToUserName"), WY_STR("FromUserName"), WY_STR("CreateTime"),
                                 WY_STR("MsgType"),    WY_STR("Event"),        WY_STR("MsgId")};
  for (unsigned i = 0; i < sizeof heads / sizeof *heads; i++)
    if (wy_str_eq(heads[i], name)) return 1u << i;
  return 0;
}

static int check_heads(const wy_doc *doc) {
  unsigned seen = 0;
  for (size_t i = 0; i < doc->n; i++) {
    if (doc->nodes[i].parent != WY_DOC_NONE) continue;
    unsigned bit = head_bit(doc->nodes[i].name);
    if (seen & bit) return WY_E_XML_DUP;
    seen |= bit;
  }
  return 0;
}

/* In a message no leaf of the top level stands twice: whoever closes his element to write others
 * must open it again. Branches may (the lists of events), and in an event leaves side by side. */
static int check_leaves(const wy_doc *doc) {
  const wy_node *type = wy_doc_find(doc, WY_DOC_NONE, WY_STR("MsgType"));
  if (!type || type->branch) return 0;
  wy_str kind = wy_str_trim(type->text);
  bool event = wy_str_ieq(kind, WY_STR("event")) || wy_str_ieq(kind, WY_STR("device_event"));
  const wy_node *firsts[NAMES], *before = NULL;
  size_t n = 0;
  for (size_t i = 0; i < doc->n; i++) {
    const wy_node *node = &doc->nodes[i];
    if (node->parent != WY_DOC_NONE) continue;
    size_t k = 0;
    while (k < n && !wy_str_eq(firsts[k]->name, node->name)) k++;
    if (k == NAMES) return WY_E_XML_MANY;
    if (k == n) firsts[n++] = node;
    else if (!(firsts[k]->branch && node->branch) &&
             !(event && wy_str_eq(before->name, node->name)))
      return WY_E_XML_DUP;
    before = node;
  }
  return 0;
}

static const char *find(const char *from, const char *end, wy_str what) {
  return memmem(from, (size_t)(end - from), what.p, what.n);
}

/* A `]]>` that is not of ]]]]><![CDATA[>, which is how encoders write it. */
static bool has_bare_end(wy_str s) {
  const wy_str split = WY_STR("]]><![CDATA[>");
  const char *end = s.p + s.n;
  for (const char *p = s.p; (p = find(p, end, WY_STR("]]>"))); p += split.n)
    if (p - s.p < 2 || p[-1] != ']' || p[-2] != ']' || (size_t)(end - p) < split.n ||
        memcmp(p, split.p, split.n) != 0)
      return true;
  return false;
}

/* An element's text as WeChat framed it: from its <Name><![CDATA[ to the last ]]></Name>. */
static bool find_frame(wy_str in, const struct mark *m, wy_str *text) {
  const wy_str open = m->place->open, close = m->place->close;
  const char *end = in.p + in.n, *from = in.p + m->at, *last = NULL;
  if (in.n - m->at < open.n || memcmp(from, open.p, open.n) != 0) return false;
  from += open.n;
  for (const char *p = from; (p = find(p, end, close)); p += close.n) last = p;
  if (!last) return false;
  *text = (wy_str){from, (size_t)(last - from)};
  return true;
}

/* Could another typed element begin within the text and end behind it? Then it may be that one
 * that was typed into, and neither reading is safe. */
static bool ambiguous(wy_str in, const struct place *place, wy_str text) {
  const char *end = text.p + text.n, *shut = find(text.p, end, place->close);
  if (!shut) return false;
  for (unsigned i = 0; i < PLACES; i++)
    if (!wy_str_eq(places[i].name, place->name) && find(shut, end, places[i].open) &&
        find(end, in.p + in.n, places[i].close))
      return true;
  return false;
}

/* The first text that must be read literally: 1; none: 0; or WY_E_XML_DUP. */
static int find_literal(wy_str in, const marks *m, wy_str *text) {
  for (unsigned i = 0; i < m->n; i++) {
    if (!find_frame(in, &m->all[i], text) || !has_bare_end(*text)) continue;
    return ambiguous(in, m->all[i].place, *text) ? WY_E_XML_DUP : 1;
  }
  return 0;
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

/* `in` with `text`, a span of it, as CDATA that says what was typed. */
static int make_literal(wy_str in, wy_str text, wy_buf *out) {
  const char *rest = text.p + text.n;
  wy_buf_add(out, in.p, (size_t)(text.p - in.p));
  add_split(out, text, wy_buf_str);
  return wy_buf_add(out, rest, (size_t)(in.p + in.n - rest));
}

/* What is read behind a text that should have been literal means nothing, so the next such text is
 * looked for after reading anew. */
static int read_clean(wy_str in, wy_doc *doc) {
  wy_buf mended;
  wy_str typed;
  marks m;
  wy_buf_init(&mended, 0);
  int err = read_text(in, doc, &m);
  for (int n = 0, found; err != WY_E_NOMEM && (found = find_literal(in, &m, &typed)); n++) {
    if (found < 0 || n == LITERALS) {
      err = WY_E_XML_DUP;
      break;
    }
    wy_buf next;
    wy_buf_init(&next, in.n * 5); /* `]]>` grows to 15 bytes */
    err = make_literal(in, typed, &next);
    wy_buf_deinit(&mended);
    mended = next;
    in = wy_buf_view(&mended);
    if (!err) err = read_text(in, doc, &m);
  }
  wy_buf_deinit(&mended);
  if (!err) err = check_heads(doc);
  return err ? err : check_leaves(doc);
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
