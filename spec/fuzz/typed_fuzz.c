/* typed_fuzz: what users type into a push that WeChat frames without escaping. The frame must come
 * out as it is, and each text as typed; where two elements are typed into, the push may be refused
 * as ambiguous, but never read otherwise.
 *
 * The first byte chooses the frame. Of the rest, a low byte stands for the token of that number, so
 * that markup is met without luck; 0x1F ends one text and begins the next. */
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/xml.h"

#define CHECK(condition) \
  if (!(condition)) abort()

enum { TEXTS = 3, MAX = 4096, NEXT = 0x1F };

#define HEAD(type)                                    \
  "<xml><ToUserName><![CDATA[gh_test]]></ToUserName>" \
  "<FromUserName><![CDATA[oTest]]></FromUserName>"    \
  "<CreateTime>1</CreateTime><MsgType><![CDATA[" type "]]></MsgType>"
#define TAIL "<MsgId>77</MsgId></xml>"

/* `$` stands for a text. */
static const struct {
  const char *text;
  size_t n_typed, n_nodes;
  const char *typed[TEXTS];
} frames[] = {
    {HEAD("text") "<Content><![CDATA[$]]></Content>" TAIL, 1, 6, {"Content"}},
    {HEAD("voice") "<Recognition><![CDATA[$]]></Recognition>" TAIL, 1, 6, {"Recognition"}},
    {HEAD("location") "<Scale>20</Scale>\n<Label><![CDATA[$]]></Label>\n" TAIL, 1, 7, {"Label"}},
    {HEAD("event") "<Event><![CDATA[scancode_push]]></Event><EventKey><![CDATA[$]]></EventKey>"
                   "<ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult><![CDATA[$]]>"
                   "</ScanResult></ScanCodeInfo>" TAIL,
     2,
     10,
     {"EventKey", "ScanResult"}},
    {HEAD("link") "<Title><![CDATA[$]]></Title>\n<Description><![CDATA[$]]></Description>\n"
                  "<Url><![CDATA[$]]></Url>" TAIL,
     3,
     8,
     {"Title", "Description", "Url"}},
    {HEAD("event") "<Event><![CDATA[location_select]]></Event><SendLocationInfo><Scale>1</Scale>"
                   "<Label><![CDATA[$]]></Label><Poiname><![CDATA[$]]></Poiname>"
                   "</SendLocationInfo>" TAIL,
     2,
     10,
     {"Label", "Poiname"}},
};
enum { FRAMES = sizeof frames / sizeof *frames };

static const char *const tokens[NEXT] = {
    "]]>",
    "]",
    "<![CDATA[",
    "]]]]><![CDATA[>",
    "<!--",
    "-->",
    "<?a ",
    "?>",
    NULL,
    NULL,
    NULL,
    "<a>",
    "</a>",
    NULL,
    "<Event>subscribe</Event>",
    "<ToUserName>evil</ToUserName>",
    "<Content><![CDATA[",
    "]]></Content>",
    "<Title><![CDATA[",
    "]]></Title>",
    "<Description><![CDATA[",
    "]]></Description>",
    "<Url><![CDATA[",
    "]]></Url>",
    "<Label><![CDATA[",
    "]]></Label>",
    "<Poiname><![CDATA[",
    "]]></Poiname>",
    "]]></ScanResult></ScanCodeInfo>",
    "<ScanCodeInfo><ScanResult><![CDATA[",
    "<MsgType><![CDATA[event]]></MsgType>",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void type(wy_buf *out, unsigned char c) {
  if (c < NEXT && tokens[c]) wy_buf_str(out, wy_str_of(tokens[c]));
  else wy_buf_add(out, &c, 1);
}

/* Starts with `]]]]><![CDATA[>` at each end of CDATA? Then XML has its way. */
static bool is_split(wy_str s) {
  bool any = false;
  for (size_t i = 0; i + 3 <= s.n; i++) {
    if (memcmp(s.p + i, "]]>", 3) != 0) continue;
    if (i < 2 || s.n - i < 13 || memcmp(s.p + i - 2, "]]]]><![CDATA[>", 15) != 0) return false;
    any = true;
  }
  return any;
}

/* As an XML reader gives it: no forbidden characters, one kind of line end. */
static void expect(wy_str typed, wy_buf *out) {
  wy_buf clean;
  wy_buf_init(&clean, typed.n * 3 + 1);
  wy_utf8_add_xml(&clean, typed);
  wy_str s = wy_buf_view(&clean);
  bool split = is_split(typed);
  for (size_t i = 0; i < s.n; i++) {
    if (split && s.n - i >= 12 && memcmp(s.p + i, "]]><![CDATA[", 12) == 0) i += 11;
    else if (s.p[i] != '\r') wy_buf_add(out, s.p + i, 1);
    else if (i + 1 == s.n || s.p[i + 1] != '\n') wy_buf_lit(out, "\n");
  }
  wy_buf_deinit(&clean);
}

static wy_str text_of(const wy_doc *doc, const char *name) {
  for (size_t i = 0; i < doc->n; i++)
    if (wy_str_eq(doc->nodes[i].name, wy_str_of(name))) return doc->nodes[i].text;
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1 || size > MAX) return 0;
  size_t f = data[0] % FRAMES, n = 0;
  wy_buf texts[TEXTS], push;
  for (size_t i = 0; i < TEXTS; i++) wy_buf_init(&texts[i], MAX * 64);
  for (size_t i = 1; i < size; i++)
    if (data[i] != NEXT) type(&texts[n], data[i]);
    else if (++n == frames[f].n_typed) break;

  wy_buf_init(&push, MAX * 200);
  n = 0;
  bool clean = true;
  for (const char *p = frames[f].text; *p; p++) {
    if (*p != '$') {
      wy_buf_add(&push, p, 1);
      continue;
    }
    wy_str text = wy_buf_view(&texts[n++]);
    clean = clean && wy_utf8_valid(text);
    wy_buf_str(&push, text);
  }

  wy_doc doc;
  wy_doc_init(&doc);
  int err = wy_xml_parse(wy_buf_view(&push), &doc);
  if (!clean) {
    CHECK(err == WY_E_XML_SYNTAX);
  } else if (err) {
    CHECK(err == WY_E_XML_DUP && n > 1);
  } else {
    CHECK(doc.n == frames[f].n_nodes);
    CHECK(wy_str_eq(text_of(&doc, "ToUserName"), WY_STR("gh_test")));
    CHECK(wy_str_eq(text_of(&doc, "FromUserName"), WY_STR("oTest")));
    CHECK(wy_str_eq(text_of(&doc, "MsgId"), WY_STR("77")));
    for (size_t i = 0; i < n; i++) {
      wy_buf want;
      wy_buf_init(&want, MAX * 200);
      expect(wy_buf_view(&texts[i]), &want);
      CHECK(wy_str_eq(text_of(&doc, frames[f].typed[i]), wy_buf_view(&want)));
      wy_buf_deinit(&want);
    }
  }
  wy_doc_deinit(&doc);
  wy_buf_deinit(&push);
  for (size_t i = 0; i < TEXTS; i++) wy_buf_deinit(&texts[i]);
  return 0;
}
