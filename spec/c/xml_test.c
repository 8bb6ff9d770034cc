/* xml: expat with caps, and the rule that a user can set nothing but what he types into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/xml.h"

static wy_doc doc; /* of the running test */

static int set_up(void **state) {
  (void)state;
  wy_doc_init(&doc);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  wy_doc_deinit(&doc);
  return 0;
}

static int parse(const char *text) { return wy_xml_parse(wy_str_of(text), &doc); }

static void assert_text(uint16_t parent, const char *name, const char *text) {
  const wy_node *node = wy_doc_find(&doc, parent, wy_str_of(name));
  if (!node) fail_msg("no element %s", name);
  if (!wy_str_eq(node->text, wy_str_of(text)))
    fail_msg("%s is '%.*s', not '%s'", name, (int)node->text.n, node->text.p, text);
}

static void assert_refused(wy_str text, int err) {
  int got = wy_xml_parse(text, &doc);
  if (got != err) fail_msg("%.60s: %s, not %s", text.p, wy_err_event(got), wy_err_event(err));
  assert_int_equal(doc.n, 0);
}

static void reads_what_the_scanner_leaves(void **state) {
  (void)state;
  assert_int_equal(parse("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<root a='1'>\n"
                         "<A>x &lt; &#20320;</A><!-- c --><B><![CDATA[1]]> 2<!-- c --> 3</B>"
                         "<C/><D>\r\n</D><E>a\r\nb</E></root>"),
                   0);
  assert_int_equal(doc.n, 5);
  assert_text(WY_DOC_NONE, "A", "x < 你");
  assert_text(WY_DOC_NONE, "B", "1 2 3");
  assert_text(WY_DOC_NONE, "C", "");
  assert_text(WY_DOC_NONE, "D", "\n"); /* only blanks: still a leaf */
  assert_text(WY_DOC_NONE, "E", "a\nb");
}

static void reads_nested_elements_in_document_order(void **state) {
  (void)state;
  assert_int_equal(parse("<xml><ScanCodeInfo>\n <ScanType><![CDATA[qrcode]]></ScanType>\n mixed "
                         "<ScanResult>1</ScanResult></ScanCodeInfo><List><item><Id>1</Id></item>"
                         "<item><Id>2</Id></item></List><Last>z</Last></xml>"),
                   0);
  assert_int_equal(doc.n, 9);
  const wy_node *info = wy_doc_find(&doc, WY_DOC_NONE, WY_STR("ScanCodeInfo"));
  assert_true(info->branch);
  assert_int_equal(info->n_children, 2);
  assert_int_equal(info->text.n, 0);
  assert_text(0, "ScanType", "qrcode");
  assert_text(0, "ScanResult", "1");
  assert_int_equal(doc.nodes[3].n_children, 2);
  assert_text(6, "Id", "2");
  assert_text(WY_DOC_NONE, "Last", "z");
}

static void control_bytes_become_replacement_characters(void **state) {
  (void)state;
  assert_int_equal(parse("<xml><Content><![CDATA[a\x02\x1D\x0C"
                         "b\xEF\xBF\xBF\xEF\xBF\xBD]]></Content></xml>"),
                   0);
  assert_text(WY_DOC_NONE, "Content",
              "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
              "b\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void refuses_malformed_text(void **state) {
  (void)state;
  assert_refused((wy_str){NULL, 0}, WY_E_XML_SYNTAX);
  assert_refused(WY_STR("<xml>\0</xml>"), WY_E_XML_SYNTAX);              /* X008 */
  assert_refused(WY_STR("<xml>\xFF\xFE</xml>"), WY_E_XML_SYNTAX);        /* X009 */
  assert_refused(WY_STR("<xml>\xED\xA0\x80</xml>"), WY_E_XML_SYNTAX);    /* X011 */
  assert_refused(WY_STR("<xml/>junk"), WY_E_XML_SYNTAX);                 /* X013 */
  assert_refused(WY_STR("<xml/><xml/>"), WY_E_XML_SYNTAX);               /* X014 */
  assert_refused(WY_STR("<xml><Content><![CDATA[x"), WY_E_XML_SYNTAX);   /* X016 */
  assert_refused(WY_STR("<xml><a>&#0;</a></xml>"), WY_E_XML_SYNTAX);     /* X023 */
  assert_refused(WY_STR("<xml><a>&#xD800;</a></xml>"), WY_E_XML_SYNTAX); /* X023 */
  assert_refused(WY_STR("<xml><a>&e;</a></xml>"), WY_E_XML_SYNTAX);
  assert_refused(WY_STR("<xml><a></b></xml>"), WY_E_XML_SYNTAX);
  assert_refused(WY_STR("<xml><a \x01/></xml>"), WY_E_XML_SYNTAX);
}

static void refuses_a_document_type(void **state) {
  (void)state;
  assert_refused(WY_STR("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"
                        "<xml><Content>&e;</Content></xml>"), /* X001 */
                 WY_E_XML_DOCTYPE);
  assert_refused(WY_STR("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">"
                        "<!ENTITY c \"&b;&b;&b;&b;\">]><xml>&c;</xml>"), /* X002 */
                 WY_E_XML_DOCTYPE);
  assert_refused(WY_STR("<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x\">%p;]><xml/>"),
                 WY_E_XML_DOCTYPE); /* X003 */
  assert_refused(WY_STR("<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x\"><xml/>"), WY_E_XML_DOCTYPE);
  assert_refused(WY_STR("<!DOCTYPE x><xml/>"), WY_E_XML_DOCTYPE);
}

static void refuses_other_encodings(void **state) {
  (void)state;
  assert_refused(WY_STR("<?xml version='1.0' encoding='UTF-7'?><xml/>"), WY_E_XML_ENCODING);
  assert_refused(WY_STR("<?xml version='1.0' encoding='GBK'?><xml/>"), WY_E_XML_ENCODING);
  assert_int_equal(parse("<?xml version='1.0' encoding='uTf-8'?><xml/>"), 0);
}

static void add_times(wy_buf *b, const char *text, int n) {
  for (int i = 0; i < n; i++) wy_buf_str(b, wy_str_of(text));
}

static void sixteen_levels_and_no_more(void **state) {
  (void)state;
  wy_buf text;
  wy_buf_init(&text, 1 << 20);
  add_times(&text, "<a>", 16);
  add_times(&text, "</a>", 16);
  assert_int_equal(wy_xml_parse(wy_buf_view(&text), &doc), 0);
  assert_int_equal(doc.n, 15);
  wy_buf_clear(&text);
  add_times(&text, "<a>", 17);
  add_times(&text, "</a>", 17);
  assert_refused(wy_buf_view(&text), WY_E_XML_DEPTH);
  wy_buf_clear(&text);
  add_times(&text, "<a>", 20000); /* X004: never closed, stopped long before */
  assert_refused(wy_buf_view(&text), WY_E_XML_DEPTH);
  wy_buf_deinit(&text);
}

static void caps_elements_and_attributes(void **state) {
  (void)state;
  wy_buf text;
  wy_buf_init(&text, 1 << 21);
  wy_buf_lit(&text, "<xml>");
  add_times(&text, "<a/>", 4096);
  wy_buf_lit(&text, "</xml>");
  assert_int_equal(wy_xml_parse(wy_buf_view(&text), &doc), 0);
  wy_buf_clear(&text);
  wy_buf_lit(&text, "<xml>");
  add_times(&text, "<a/>", 4097);
  wy_buf_lit(&text, "</xml>");
  assert_refused(wy_buf_view(&text), WY_E_XML_MANY);
  wy_buf_clear(&text);
  wy_buf_lit(&text, "<xml>");
  add_times(&text, "<a b='1'/>", 64);
  wy_buf_lit(&text, "</xml>");
  assert_int_equal(wy_xml_parse(wy_buf_view(&text), &doc), 0);
  wy_buf_clear(&text);
  wy_buf_lit(&text, "<xml "); /* X006 */
  for (int i = 0; i < 100000; i++) wy_buf_printf(&text, "a%d=\"1\" ", i);
  wy_buf_lit(&text, "/>");
  assert_refused(wy_buf_view(&text), WY_E_XML_MANY);
  wy_buf_deinit(&text);
}

static void a_repeated_head_element_is_refused(void **state) {
  (void)state;
  static const char *const heads[] = {"ToUserName", "FromUserName", "CreateTime",
                                      "MsgType",    "Event",        "MsgId"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    char text[200];
    snprintf(text, sizeof text, "<xml><%s>1</%s><Other>x</Other><%s>2</%s></xml>", heads[i],
             heads[i], heads[i], heads[i]);
    assert_refused(wy_str_of(text), WY_E_XML_DUP);
    snprintf(text, sizeof text, "<xml><%s>1</%s><%s>2</%s><Content><![CDATA[x]]></Content></xml>",
             heads[i], heads[i], heads[i], heads[i]);
    assert_refused(wy_str_of(text), WY_E_XML_DUP);
    snprintf(text, sizeof text, "<xml><%s>1</%s><Other><%s>2</%s></Other></xml>", heads[i],
             heads[i], heads[i], heads[i]);
    assert_int_equal(parse(text), 0); /* nested is another element */
  }
  assert_int_equal(parse("<xml><List>1</List><List>2</List></xml>"), 0);
}

/* Whatever a user types arrives as Content, whole, and nothing else changes. */
static void a_user_sets_nothing_but_content(void **state) {
  (void)state;
  static const char *const typed[] = {
      "]]></Content><MsgId>1</MsgId>",
      "]]></Content><MsgId>1</MsgId><Content><![CDATA[",
      "]]></Content><Event>subscribe</Event><Content><![CDATA[",
      "]]></Content ><Event>subscribe</Event><Content ><![CDATA[x",
      "]]></Content><Encrypt>x</Encrypt>",
      "]]></Content><ToUserName>evil</ToUserName><Content><![CDATA[",
      "]]><ToUserName>evil</ToUserName><![CDATA[",
      "]]><b>bold</b><![CDATA[",
      "]]>",
      "]]>]]>",
      "a]]>b",
      "]]]]><![CDATA[>]]>",
      "]]></Content>",
      "]]></Content></xml>",
      "]]></Content></xml><!--",
      "]]></Content><!--",
      "]]></Content><a><![CDATA[",
      "]]></Content><a><Content><![CDATA[",
      "<Content><![CDATA[x]]></Content>",
      "]]>\x01<a>",
      "]]>&e;",
      "]]>foo<![CDATA[bar",
      "]]>&lt;b&gt;<![CDATA[",
      "]]><!-- hi --><![CDATA[",
      "]]><?a b?><![CDATA[",
      "]]><![CDATA[",
      "]]]]><![CDATA[",
      "]]]><![CDATA[]>",
      "a]]]]><![CDATA[>b]]>c",
      "]]></Content><Title><![CDATA[x]]></Title><Content><![CDATA[",
      "]]><!DOCTYPE x>",
      "]]><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
      "<xml><ToUserName><![CDATA[a]]></ToUserName><Content><![CDATA[b]]></Content></xml>",
  };
  for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
    char text[1000], want[400];
    snprintf(text, sizeof text,
             "<xml><ToUserName><![CDATA[gh_test]]></ToUserName>"
             "<FromUserName><![CDATA[oTest]]></FromUserName><CreateTime>1</CreateTime>"
             "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content>"
             "<MsgId>77</MsgId></xml>",
             typed[i]);
    int err = parse(text);
    if (err) fail_msg("%s: %s", typed[i], wy_err_event(err));
    if (doc.n != 6) fail_msg("%s: %zu elements", typed[i], doc.n);
    const char *control = strchr(typed[i], '\x01');
    if (control)
      snprintf(want, sizeof want, "%.*s\xEF\xBF\xBD%s", (int)(control - typed[i]), typed[i],
               control + 1);
    else snprintf(want, sizeof want, "%s", typed[i]);
    assert_text(WY_DOC_NONE, "ToUserName", "gh_test");
    assert_text(WY_DOC_NONE, "FromUserName", "oTest");
    assert_text(WY_DOC_NONE, "MsgType", "text");
    assert_text(WY_DOC_NONE, "Content", want);
    assert_text(WY_DOC_NONE, "MsgId", "77");
  }
}

#define MESSAGE(type)                                 \
  "<xml><ToUserName><![CDATA[gh_test]]></ToUserName>" \
  "<FromUserName><![CDATA[oTest]]></FromUserName>"    \
  "<CreateTime>1</CreateTime><MsgType><![CDATA[" type "]]></MsgType>"

/* One text after the other, in a message that asks for as many. */
static int parse_typed(const char *frame, const char *first, const char *second) {
  wy_buf text;
  wy_buf_init(&text, 10000);
  for (const char *p = frame; *p; p++) {
    if (*p != '$') {
      wy_buf_add(&text, p, 1);
      continue;
    }
    wy_buf_str(&text, wy_str_of(first));
    first = second;
  }
  int err = wy_xml_parse(wy_buf_view(&text), &doc);
  wy_buf_deinit(&text);
  return err;
}

/* Whatever element he types into. */
static void a_user_sets_nothing_but_his_element(void **state) {
  (void)state;
  static const struct {
    const char *frame, *name;
    uint16_t parent;
    size_t n;
  } frames[] = {
      {MESSAGE("link") "<Title><![CDATA[$]]></Title><Description><![CDATA[d]]></Description>"
                       "<Url><![CDATA[u]]></Url><MsgId>7</MsgId></xml>",
       "Title", WY_DOC_NONE, 8},
      {MESSAGE("link") "<Title><![CDATA[t]]></Title><Description><![CDATA[$]]></Description>"
                       "<Url><![CDATA[u]]></Url><MsgId>7</MsgId></xml>",
       "Description", WY_DOC_NONE, 8},
      {MESSAGE("link") "<Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description>"
                       "<Url><![CDATA[$]]></Url><MsgId>7</MsgId></xml>",
       "Url", WY_DOC_NONE, 8},
      {MESSAGE("miniprogrampage") "<Title><![CDATA[t]]></Title><AppId><![CDATA[wxtest]]></AppId>"
                                  "<PagePath><![CDATA[$]]></PagePath><MsgId>7</MsgId></xml>",
       "PagePath", WY_DOC_NONE, 8},
      {MESSAGE("location") "<Scale>20</Scale><Label><![CDATA[$]]></Label><MsgId>7</MsgId></xml>",
       "Label", WY_DOC_NONE, 7},
      {MESSAGE("voice") "<Recognition><![CDATA[$]]></Recognition><MsgId>7</MsgId></xml>",
       "Recognition", WY_DOC_NONE, 6},
      {MESSAGE("event") "<Event><![CDATA[scancode_push]]></Event>"
                        "<EventKey><![CDATA[k]]></EventKey><ScanCodeInfo><ScanType>qrcode"
                        "</ScanType><ScanResult><![CDATA[$]]></ScanResult></ScanCodeInfo></xml>",
       "ScanResult", 6, 9},
      {MESSAGE("event") "<Event><![CDATA[location_select]]></Event><SendLocationInfo>"
                        "<Label><![CDATA[$]]></Label><Poiname><![CDATA[p]]></Poiname>"
                        "</SendLocationInfo></xml>",
       "Label", 5, 8},
      {MESSAGE("event") "<Event><![CDATA[location_select]]></Event><SendLocationInfo>"
                        "<Label><![CDATA[l]]></Label><Poiname><![CDATA[$]]></Poiname>"
                        "</SendLocationInfo></xml>",
       "Poiname", 5, 8},
      {MESSAGE("event") "<Event><![CDATA[SCAN]]></Event><EventKey><![CDATA[$]]></EventKey></xml>",
       "EventKey", WY_DOC_NONE, 6},
      {MESSAGE("event") "<Event><![CDATA[submit_invoice_title]]></Event>"
                        "<title><![CDATA[$]]></title><phone><![CDATA[1]]></phone></xml>",
       "title", WY_DOC_NONE, 7},
  };
  /* % stands for the element's name */
  static const char *const patterns[] = {
      "a ]]> b",
      "]]>",
      "]]></%>",
      "]]>foo<![CDATA[bar",
      "]]><!-- hi --><![CDATA[",
      "]]></%><Event>CLICK</Event><EventKey>admin</EventKey><%><![CDATA[",
      "]]></%><Event>user_info_modified</Event><OpenID>victim</OpenID><%><![CDATA[",
      "]]></%></ScanCodeInfo><OpenID>victim</OpenID><ScanCodeInfo><%><![CDATA[",
      "]]></%><MsgType>event</MsgType><%><![CDATA[",
      "]]></%><Encrypt>x</Encrypt><!--",
      "]]></%></xml>",
  };
  for (size_t f = 0; f < sizeof frames / sizeof *frames; f++)
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
      wy_buf typed;
      wy_buf_init(&typed, 1000);
      for (const char *p = patterns[i]; *p; p++)
        wy_buf_str(&typed, *p == '%' ? wy_str_of(frames[f].name) : (wy_str){p, 1});
      int err = parse_typed(frames[f].frame, typed.p, NULL);
      if (err) fail_msg("%s: %s: %s", frames[f].name, typed.p, wy_err_event(err));
      if (doc.n != frames[f].n) fail_msg("%s: %s: %zu elements", frames[f].name, typed.p, doc.n);
      assert_text(frames[f].parent, frames[f].name, typed.p);
      wy_buf_deinit(&typed);
    }
}

#define LINK                                                               \
  MESSAGE("link")                                                          \
  "<Title><![CDATA[$]]></Title>\n<Description><![CDATA[$]]></Description>" \
  "\n<Url><![CDATA[u]]></Url><MsgId>7</MsgId></xml>"

static void two_elements_may_be_typed_into(void **state) {
  (void)state;
  assert_int_equal(parse_typed(LINK, "a ]]> b", "c ]]> d"), 0);
  assert_text(WY_DOC_NONE, "Title", "a ]]> b");
  assert_text(WY_DOC_NONE, "Description", "c ]]> d");
  /* well-formed together, an element hidden in each by a comment over the other's frame */
  assert_int_equal(
      parse_typed(LINK, "a]]></Title><Event>CLICK</Event><!--", "--><Description><![CDATA[b"), 0);
  assert_int_equal(doc.n, 8);
  assert_text(WY_DOC_NONE, "Title", "a]]></Title><Event>CLICK</Event><!--");
  assert_text(WY_DOC_NONE, "Description", "--><Description><![CDATA[b");
}

static void an_invoice_title_may_be_typed_into_all_over(void **state) {
  (void)state;
  static const char *const names[] = {"title", "phone", "tax_no", "addr", "bank_type", "bank_no"};
  wy_buf text;
  wy_buf_init(&text, 10000);
  wy_buf_lit(
      &text,
      "<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[o]]></FromUserName>"
      "<CreateTime>1</CreateTime><MsgType><![CDATA[event]]></MsgType>"
      "<Event><![CDATA[submit_invoice_title]]></Event>");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    wy_buf_printf(&text, "<%s><![CDATA[a]]>b]]></%s>", names[i], names[i]);
  wy_buf_lit(&text, "</xml>");
  assert_int_equal(wy_xml_parse(wy_buf_view(&text), &doc), 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_text(WY_DOC_NONE, names[i], "a]]>b");
  wy_buf_deinit(&text);
}

/* A Title that holds the next element's frame, or a Description that ends Title once more: the
 * bytes are the same. */
static void refuses_what_two_could_have_typed(void **state) {
  (void)state;
  const char *const frame = "]]></Title>\n<Description><![CDATA[";
  assert_int_equal(parse_typed(LINK, frame, "b"), WY_E_XML_DUP);
  assert_int_equal(parse_typed(LINK, "a", frame), WY_E_XML_DUP);
  assert_int_equal(doc.n, 0);
}

static void a_leaf_of_a_message_stands_once(void **state) {
  (void)state;
  assert_int_equal(parse(MESSAGE("link") "<A>1</A><B/><A>2</A></xml>"), WY_E_XML_DUP);
  assert_int_equal(parse(MESSAGE("link") "<A>1</A><A>2</A></xml>"), WY_E_XML_DUP);
  assert_int_equal(parse(MESSAGE("link") "<A>1</A><B/><A><C/></A></xml>"), WY_E_XML_DUP);
  assert_int_equal(parse(MESSAGE("text") "<Content>a</Content><Content>b</Content></xml>"),
                   WY_E_XML_DUP);
  assert_int_equal(parse(MESSAGE("event") "<Event>x</Event><A>1</A><B/><A>2</A></xml>"),
                   WY_E_XML_DUP);
  assert_int_equal(parse(MESSAGE("event") "<Event>x</Event><Event>y</Event></xml>"), WY_E_XML_DUP);
}

static void lists_of_events_are_repeated(void **state) {
  (void)state;
  assert_int_equal(parse(MESSAGE("event") "<Event>x</Event><List><Id>1</Id></List><A/>"
                                          "<List><Id>2</Id></List></xml>"),
                   0);
  assert_int_equal(doc.n, 10);
  assert_int_equal(parse(MESSAGE(" Event ") "<Event>x</Event><A>1</A><A>2</A><A>3</A></xml>"), 0);
  assert_int_equal(parse(MESSAGE("device_event") "<Event>x</Event><A>1</A><A>2</A></xml>"), 0);
}

static void a_message_has_not_hundreds_of_elements(void **state) {
  (void)state;
  wy_buf text;
  wy_buf_init(&text, 1 << 20);
  for (int n = 128; n <= 129; n++) {
    wy_buf_clear(&text);
    wy_buf_lit(&text, "<xml><MsgType>event</MsgType>");
    for (int i = 1; i < n; i++) wy_buf_printf(&text, "<A%d/>", i);
    wy_buf_lit(&text, "</xml>");
    assert_int_equal(wy_xml_parse_expat(wy_buf_view(&text), &doc), n == 128 ? 0 : WY_E_XML_MANY);
  }
  wy_buf_deinit(&text);
}

/* What is no message may have such names as it likes. */
static void other_xml_is_read_as_it_stands(void **state) {
  (void)state;
  assert_int_equal(parse("<feed><Title><![CDATA[a]]></Title><B/><Title><![CDATA[b]]></Title>"
                         "</feed>"),
                   0);
  assert_int_equal(doc.n, 3);
  assert_text(WY_DOC_NONE, "Title", "a");
  assert_int_equal(parse("<xml><A><Content><![CDATA[a]]></Content></A>"
                         "<A><Content><![CDATA[b]]></Content></A></xml>"),
                   0);
  assert_int_equal(doc.n, 4);
  assert_text(0, "Content", "a");
}

/* Should WeChat ever split `]]>` itself, the text is taken as it was meant. */
static void two_sections_are_one_text(void **state) {
  (void)state;
  assert_int_equal(parse("<xml><Content><![CDATA[a]]]]><![CDATA[>b]]></Content></xml>"), 0);
  assert_text(WY_DOC_NONE, "Content", "a]]>b");
  assert_int_equal(parse(MESSAGE("link") "<Title><![CDATA[]]]]><![CDATA[>]]]]><![CDATA[>]]>"
                                         "</Title></xml>"),
                   0);
  assert_text(WY_DOC_NONE, "Title", "]]>]]>");
}

static void malformed_beside_content_stays_malformed(void **state) {
  (void)state;
  assert_refused(WY_STR("<xml><a><Content><![CDATA[]]>]]></Content></xml>"), WY_E_XML_SYNTAX);
  assert_refused(WY_STR("<xml><Content><![CDATA[]]>]]></Content></xml>x"), WY_E_XML_SYNTAX);
  assert_refused(WY_STR("<xml><Content><![CDATA[]]></xml>"), WY_E_XML_SYNTAX);
}

static void a_hostile_text_costs_linear_time(void **state) {
  (void)state;
  wy_buf text;
  wy_buf_init(&text, 1 << 22);
  wy_buf_lit(&text, "<xml><Content><![CDATA[");
  add_times(&text, "]]></Content>", 80000);
  wy_buf_lit(&text, "]]></Content></xml>");
  clock_t from = clock();
  assert_int_equal(wy_xml_parse(wy_buf_view(&text), &doc), 0);
  assert_int_equal(doc.nodes[0].text.n, 80000 * 13);
  assert_true(clock() - from < 2 * CLOCKS_PER_SEC);
  wy_buf_deinit(&text);
}

static void a_doc_is_used_again(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(parse("<xml><a>&lt;</a></xml>"), 0);
    assert_int_equal(parse("<xml><a>1</a><b>2</b></xml>"), 0);
    assert_int_equal(doc.n, 2);
    assert_int_equal(parse("<xml><a>"), WY_E_XML_SYNTAX);
  }
}

static void writes_cdata_that_nothing_breaks(void **state) {
  (void)state;
  static const struct {
    wy_str text;
    const char *want;
  } rows[] = {
      {{"", 0}, "<![CDATA[]]>"},
      {{NULL, 0}, "<![CDATA[]]>"},
      {{"a & <b>", 7}, "<![CDATA[a & <b>]]>"},
      {{"]]>", 3}, "<![CDATA[]]]]><![CDATA[>]]>"},
      {{"]]>]]>x", 7}, "<![CDATA[]]]]><![CDATA[>]]]]><![CDATA[>x]]>"},
      {{"]]", 2}, "<![CDATA[]]]]>"},
      {{"a\0\x08\xFF", 4}, "<![CDATA[a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD]]>"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_buf out;
    wy_buf_init(&out, 1000);
    assert_int_equal(wy_xml_add_cdata(&out, rows[i].text), 0);
    assert_true(wy_str_eq(wy_buf_view(&out), wy_str_of(rows[i].want)));
    wy_buf_deinit(&out);
  }
  wy_buf small;
  wy_buf_init(&small, 10);
  assert_int_equal(wy_xml_add_cdata(&small, WY_STR("x")), WY_E_NOMEM);
  wy_buf_deinit(&small);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(reads_what_the_scanner_leaves),
      TEST(reads_nested_elements_in_document_order),
      TEST(control_bytes_become_replacement_characters),
      TEST(refuses_malformed_text),
      TEST(refuses_a_document_type),
      TEST(refuses_other_encodings),
      TEST(sixteen_levels_and_no_more),
      TEST(caps_elements_and_attributes),
      TEST(a_repeated_head_element_is_refused),
      TEST(a_user_sets_nothing_but_content),
      TEST(a_user_sets_nothing_but_his_element),
      TEST(two_elements_may_be_typed_into),
      TEST(an_invoice_title_may_be_typed_into_all_over),
      TEST(refuses_what_two_could_have_typed),
      TEST(a_leaf_of_a_message_stands_once),
      TEST(lists_of_events_are_repeated),
      TEST(a_message_has_not_hundreds_of_elements),
      TEST(other_xml_is_read_as_it_stands),
      TEST(two_sections_are_one_text),
      TEST(malformed_beside_content_stays_malformed),
      TEST(a_hostile_text_costs_linear_time),
      TEST(a_doc_is_used_again),
      TEST(writes_cdata_that_nothing_breaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
