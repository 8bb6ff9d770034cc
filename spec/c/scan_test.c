/* scan: what the flat reader takes, it reads as expat does; all else it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/scan.h"
#include "codec/xml.h"

#define PUSH                                                \
  "<xml><ToUserName><![CDATA[gh_test]]></ToUserName>\n"     \
  "<FromUserName><![CDATA[oTest]]></FromUserName>\n"        \
  "<CreateTime>1348831860</CreateTime>\n"                   \
  "<MsgType><![CDATA[text]]></MsgType>\n"                   \
  "<Content><![CDATA[你好 \"world\" & <b>]]></Content>\n" \
  "<MsgId>1234567890123456</MsgId>\n</xml>"

static void reads_a_push_as_spans_of_the_input(void **state) {
  (void)state;
  wy_str in = WY_STR(PUSH);
  wy_doc doc;
  wy_doc_init(&doc);
  assert_true(wy_scan(in, &doc));
  assert_int_equal(doc.n, 6);
  assert_true(wy_str_eq(doc.nodes[0].name, WY_STR("ToUserName")));
  assert_true(wy_str_eq(doc.nodes[0].text, WY_STR("gh_test")));
  assert_true(wy_str_eq(doc.nodes[2].text, WY_STR("1348831860")));
  assert_true(wy_str_eq(doc.nodes[4].text, WY_STR("你好 \"world\" & <b>")));
  for (size_t i = 0; i < doc.n; i++) {
    assert_in_range(doc.nodes[i].text.p, in.p, in.p + in.n);
    assert_false(doc.nodes[i].branch);
    assert_int_equal(doc.nodes[i].parent, WY_DOC_NONE);
  }
  assert_null(doc.arena.p);
  wy_doc_deinit(&doc);
}

static void what_it_takes_expat_reads_equally(void **state) {
  (void)state;
  static const char *const texts[] = {
      PUSH,
      "<xml></xml>",
      " \r\n\t<xml>\r\n</xml>\r\n",
      "<xml><a></a></xml>",
      "<xml><a><![CDATA[]]></a></xml>",
      "<xml><a> \n </a></xml>",
      "<xml><a><![CDATA[ x ]]></a></xml>",
      "<xml><a><![CDATA[]]]></a></xml>",
      "<xml><a><![CDATA[]]]]></a></xml>",
      "<xml><a><![CDATA[1234567]]></a><b><![CDATA[12345678]]></b></xml>",
      "<xml><a>a]b]]c > d \"e\" 'f'</a></xml>",
      "<xml><_a1>\x7F</_a1><A_>\xF0\x9F\x8C\x99</A_></xml>",
      "<xml><a>\xEF\xBF\xBD</a><b>\xEF\xBC\x8C</b><c>\xC2\xA0</c></xml>",
      "<xml><xml>not the root</xml></xml>",
      "<xml><ab>1</ab><ba>2</ba><a>3</a><b>4</b></xml>",
  };
  wy_doc fast, slow;
  wy_doc_init(&fast);
  wy_doc_init(&slow);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!wy_scan(wy_str_of(texts[i]), &fast)) fail_msg("not taken: %s", texts[i]);
    assert_int_equal(wy_xml_parse_expat(wy_str_of(texts[i]), &slow), 0);
    assert_int_equal(fast.n, slow.n);
    for (size_t k = 0; k < fast.n; k++) {
      assert_true(wy_str_eq(fast.nodes[k].name, slow.nodes[k].name));
      assert_true(wy_str_eq(fast.nodes[k].text, slow.nodes[k].text));
      assert_int_equal(fast.nodes[k].branch, slow.nodes[k].branch);
      assert_int_equal(fast.nodes[k].parent, slow.nodes[k].parent);
    }
  }
  wy_doc_deinit(&fast);
  wy_doc_deinit(&slow);
}

static void leaves_everything_else_to_expat(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      " ",
      "x",
      "<",
      "<xml",
      "<xml>",
      "<xml><",
      "<xml></",
      "<xml></xml",
      "<xml></xml>x",
      "<xml/>",
      "<XML></XML>",
      "<xml ></xml>",
      "<xml></xml><xml></xml>",
      "<xml></xml>\x01",
      "<?xml version='1.0'?><xml></xml>",
      "<!DOCTYPE x><xml></xml>",
      "\xEF\xBB\xBF<xml></xml>",
      "<xml>text</xml>",
      "<xml><a/></xml>",
      "<xml><a b='c'>d</a></xml>",
      "<xml><a >d</a></xml>",
      "<xml><a>d</a ></xml>",
      "<xml><1a>d</1a></xml>",
      "<xml><a.b>d</a.b></xml>",
      "<xml><>d</></xml>",
      "<xml><a>d</b></xml>",
      "<xml><a>d</ab></xml>",
      "<xml><ab>d</a></xml>",
      "<xml><a>&lt;</a></xml>",
      "<xml><a>]]></a></xml>",
      "<xml><a>b\rc</a></xml>",
      "<xml><a><![CDATA[b\r\nc]]></a></xml>",
      "<xml><a><![CDATA[x]]> </a></xml>",
      "<xml><a> <![CDATA[x]]></a></xml>",
      "<xml><a><![CDATA[x]]><![CDATA[y]]></a></xml>",
      "<xml><a><b>c</b></a></xml>",
      "<xml><a>1</a><a>2</a></xml>",
      "<xml><!-- c --></xml>",
      "<xml><a><!-- c --></a></xml>",
      "<xml><?p?></xml>",
      "<xml><a><![CDATA[x</a></xml>",
      "<xml><a><![CDATA[x\x02]]></a></xml>",
      "<xml><a>1234567\x1F</a></xml>",
      "<xml><a>\xEF\xBF\xBE</a></xml>",
      "<xml><a>\xEF\xBF\xBF</a></xml>",
      "<xml><a>\xED\xA0\x80</a></xml>",
      "<xml><a>\xC0\x80</a></xml>",
      "<xml><a>\xE4\xBD</a></xml>",
      "<xml><a>\x80</a></xml>",
      "<xml><a>\xF5\x80\x80\x80</a></xml>",
      "<xml>\xE4\xBD\xA0</xml>",
  };
  wy_doc doc;
  wy_doc_init(&doc);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (wy_scan(wy_str_of(texts[i]), &doc)) fail_msg("taken: %s", texts[i]);
    assert_int_equal(doc.n, 0);
  }
  assert_false(wy_scan((wy_str){NULL, 0}, &doc));
  assert_false(wy_scan(WY_STR("<xml><a>\0</a></xml>"), &doc));
  wy_doc_deinit(&doc);
}

/* Each prefix stands at the end of its own allocation: a sanitizer sees a read beyond it. */
static void never_reads_beyond_the_input(void **state) {
  (void)state;
  wy_doc doc;
  wy_doc_init(&doc);
  for (size_t n = 0; n < sizeof PUSH - 1; n++) {
    char *copy = malloc(n ? n : 1);
    memcpy(copy, PUSH, n);
    assert_false(wy_scan((wy_str){copy, n}, &doc));
    free(copy);
  }
  wy_doc_deinit(&doc);
}

/* A control byte, a broken character and an '&' are seen at every place of an 8-byte step. */
static void sees_a_bad_byte_at_every_place(void **state) {
  (void)state;
  static const char bad[] = {1, 8, 11, 31, '\r', '&', '\x80', '\xFF', 0};
  wy_doc doc;
  wy_doc_init(&doc);
  for (size_t length = 1; length < 40; length++)
    for (size_t at = 0; at < length; at++)
      for (size_t b = 0; b < sizeof bad; b++) {
        char text[80] = "<xml><a>";
        memset(text + 8, '~', length);
        text[8 + at] = bad[b];
        memcpy(text + 8 + length, "</a></xml>", 10);
        assert_false(wy_scan((wy_str){text, length + 18}, &doc));
        text[8 + at] = '>';
        assert_true(wy_scan((wy_str){text, length + 18}, &doc));
        assert_int_equal(doc.nodes[0].text.n, length);
      }
  wy_doc_deinit(&doc);
}

static void hundreds_of_elements_are_not_its_business(void **state) {
  (void)state;
  wy_buf text;
  wy_doc doc;
  wy_buf_init(&text, 1 << 16);
  wy_doc_init(&doc);
  for (int n = 30; n < 200; n += 60) {
    wy_buf_clear(&text);
    wy_buf_lit(&text, "<xml>");
    for (int i = 0; i < n; i++) wy_buf_printf(&text, "<a%d>%d</a%d>", i, i, i);
    wy_buf_lit(&text, "</xml>");
    assert_int_equal(wy_scan(wy_buf_view(&text), &doc), n <= 64);
    assert_int_equal(wy_xml_parse(wy_buf_view(&text), &doc), 0);
    assert_int_equal(doc.n, n);
  }
  wy_doc_deinit(&doc);
  wy_buf_deinit(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_a_push_as_spans_of_the_input),
      cmocka_unit_test(what_it_takes_expat_reads_equally),
      cmocka_unit_test(leaves_everything_else_to_expat),
      cmocka_unit_test(never_reads_beyond_the_input),
      cmocka_unit_test(sees_a_bad_byte_at_every_place),
      cmocka_unit_test(hundreds_of_elements_are_not_its_business),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
