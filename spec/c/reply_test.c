/* reply: every kind as XML and JSON, its limits, and what plugins put in that must not get out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/msg.h"
#include "codec/reply.h"

#define XML_HEAD(type)                                                               \
  "<xml><ToUserName><![CDATA[oUser]]></ToUserName><FromUserName><![CDATA[gh_test]]>" \
  "</FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[" type "]]></MsgType>"
#define JSON_HEAD(type)                                                                           \
  "{\"ToUserName\":\"oUser\",\"FromUserName\":\"gh_test\",\"CreateTime\":1700000000,\"MsgType\":" \
  "\"" type "\""

static const wy_reply_head head = {{"oUser", 5}, {"gh_test", 7}, 1700000000};

/* Values for the fields in their order; NULL: absent. */
static wy_reply reply(const char *type, const char *const *values) {
  wy_reply r = {.type = wy_reply_type_find(wy_str_of(type))};
  assert_non_null(r.type);
  for (size_t i = 0; r.type->fields[i].key; i++) r.fields[i] = wy_str_of(values[i]);
  return r;
}

static void builds(const wy_reply *r, wy_form form, const char *want) {
  wy_buf out;
  const char *missing;
  wy_buf_init(&out, 65536);
  assert_int_equal(wy_reply_check(r, &missing), 0);
  assert_int_equal(wy_reply_build(r, &head, form, &out), 0);
  assert_string_equal(out.p, want);
  wy_buf_deinit(&out);
}

static const struct row {
  const char *type;
  const char *values[WY_REPLY_FIELDS];
  const char *xml, *json;
} rows[] = {
    {"text",
     {"hi & <b>"},
     XML_HEAD("text") "<Content><![CDATA[hi & <b>]]></Content></xml>",
     JSON_HEAD("text") ",\"Content\":\"hi & <b>\"}"},
    {"image",
     {"MEDIA"},
     XML_HEAD("image") "<Image><MediaId><![CDATA[MEDIA]]></MediaId></Image></xml>",
     JSON_HEAD("image") ",\"Image\":{\"MediaId\":\"MEDIA\"}}"},
    {"voice",
     {"MEDIA"},
     XML_HEAD("voice") "<Voice><MediaId><![CDATA[MEDIA]]></MediaId></Voice></xml>",
     JSON_HEAD("voice") ",\"Voice\":{\"MediaId\":\"MEDIA\"}}"},
    {"video",
     {"MEDIA", "T", NULL},
     XML_HEAD("video") "<Video><MediaId><![CDATA[MEDIA]]></MediaId><Title><![CDATA[T]]></Title></"
                       "Video></xml>",
     JSON_HEAD("video") ",\"Video\":{\"MediaId\":\"MEDIA\",\"Title\":\"T\"}}"},
    {"music",
     {"T", "D", "http://a", "http://b", "THUMB"},
     XML_HEAD("music") "<Music><Title><![CDATA[T]]></Title><Description><![CDATA[D]]></Description>"
                       "<MusicUrl><![CDATA[http://a]]></MusicUrl><HQMusicUrl><![CDATA[http://b]]>"
                       "</HQMusicUrl><ThumbMediaId><![CDATA[THUMB]]></ThumbMediaId></Music></xml>",
     JSON_HEAD(
         "music") ",\"Music\":{\"Title\":\"T\",\"Description\":\"D\",\"MusicUrl\":\"http://a\","
                  "\"HQMusicUrl\":\"http://b\",\"ThumbMediaId\":\"THUMB\"}}"},
    {"transfer",
     {NULL},
     XML_HEAD("transfer_customer_service") "</xml>",
     JSON_HEAD("transfer_customer_service") "}"},
    {"transfer",
     {"kf1@gh_test"},
     XML_HEAD("transfer_customer_service") "<TransInfo><KfAccount><![CDATA[kf1@gh_test]]></"
                                           "KfAccount></TransInfo></xml>",
     JSON_HEAD("transfer_customer_service") ",\"TransInfo\":{\"KfAccount\":\"kf1@gh_test\"}}"},
    {"device_text",
     {"gh_test", "dev1", "9", "foob"},
     XML_HEAD(
         "device_text") "<DeviceType><![CDATA[gh_test]]></DeviceType><DeviceID><![CDATA[dev1]]>"
                        "</DeviceID><SessionID><![CDATA[9]]></"
                        "SessionID><Content><![CDATA[Zm9vYg==]]>"
                        "</Content></xml>",
     JSON_HEAD(
         "device_text") ",\"DeviceType\":\"gh_test\",\"DeviceID\":\"dev1\",\"SessionID\":\"9\","
                        "\"Content\":\"Zm9vYg==\"}"},
    {"device_event",
     {"bind", "gh_test", "dev1", "9", "foo"},
     XML_HEAD(
         "device_event") "<Event><![CDATA[bind]]></Event><DeviceType><![CDATA[gh_test]]></"
                         "DeviceType>"
                         "<DeviceID><![CDATA[dev1]]></DeviceID><SessionID><![CDATA[9]]></SessionID>"
                         "<Content><![CDATA[Zm9v]]></Content></xml>",
     JSON_HEAD(
         "device_event") ",\"Event\":\"bind\",\"DeviceType\":\"gh_test\",\"DeviceID\":\"dev1\","
                         "\"SessionID\":\"9\",\"Content\":\"Zm9v\"}"},
    {"device_status",
     {"gh_test", "dev1", "1"},
     XML_HEAD(
         "device_status") "<DeviceType><![CDATA[gh_test]]></DeviceType><DeviceID><![CDATA[dev1]]>"
                          "</DeviceID><DeviceStatus>1</DeviceStatus></xml>",
     JSON_HEAD(
         "device_status") ",\"DeviceType\":\"gh_test\",\"DeviceID\":\"dev1\",\"DeviceStatus\":1}"},
    {"hardware",
     {"myrank", "ranklist"},
     XML_HEAD(
         "hardware") "<HardWare><MessageView><![CDATA[myrank]]></MessageView><MessageAction>"
                     "<![CDATA[ranklist]]></MessageAction></HardWare><FuncFlag>0</FuncFlag></xml>",
     JSON_HEAD(
         "hardware") ",\"HardWare\":{\"MessageView\":\"myrank\",\"MessageAction\":\"ranklist\"},"
                     "\"FuncFlag\":0}"},
};

static void writes_every_kind_in_both_forms(void **state) {
  (void)state;
  bool seen[32] = {false};
  size_t n;
  const wy_reply_type *types = wy_reply_types(&n);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_reply r = reply(rows[i].type, rows[i].values);
    builds(&r, WY_FORM_XML, rows[i].xml);
    builds(&r, WY_FORM_JSON, rows[i].json);
    seen[r.type - types] = true;
  }
  for (size_t i = 0; i < n; i++) assert_true(seen[i] || types[i].articles); /* news: below */
}

static void writes_news(void **state) {
  (void)state;
  wy_reply r = {.type = wy_reply_type_find(WY_STR("news")), .n_articles = 2};
  r.articles[0] = (wy_article){WY_STR("T1"), WY_STR("D1"), WY_STR("P1"), WY_STR("U1")};
  r.articles[1] = (wy_article){.title = WY_STR("T2")};
  builds(&r, WY_FORM_XML,
         XML_HEAD("news") "<ArticleCount>2</ArticleCount><Articles><item><Title><![CDATA[T1]]></Title>"
                          "<Description><![CDATA[D1]]></Description><PicUrl><![CDATA[P1]]></PicUrl>"
                          "<Url><![CDATA[U1]]></Url></item><item><Title><![CDATA[T2]]></Title>"
                          "<Description><![CDATA[]]></Description><PicUrl><![CDATA[]]></PicUrl>"
                          "<Url><![CDATA[]]></Url></item></Articles></xml>");
  builds(&r, WY_FORM_JSON,
         JSON_HEAD("news") ",\"ArticleCount\":2,\"Articles\":[{\"Title\":\"T1\",\"Description\":\"D1\","
                           "\"PicUrl\":\"P1\",\"Url\":\"U1\"},{\"Title\":\"T2\",\"Description\":\"\","
                           "\"PicUrl\":\"\",\"Url\":\"\"}]}");
}

static void names_the_missing_field(void **state) {
  (void)state;
  const char *missing;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_reply full = reply(rows[i].type, rows[i].values);
    for (size_t k = 0; full.type->fields[k].key; k++) {
      wy_reply r = full;
      r.fields[k] = (wy_str){NULL, 0};
      bool required = full.type->fields[k].required;
      assert_int_equal(wy_reply_check(&r, &missing), required ? WY_E_REPLY_FIELD : 0);
      if (required) assert_string_equal(missing, full.type->fields[k].key);
    }
  }
  wy_reply news = {.type = wy_reply_type_find(WY_STR("news"))};
  assert_int_equal(wy_reply_check(&news, &missing), WY_E_REPLY_FIELD);
  assert_string_equal(missing, "articles");
  news.n_articles = 1;
  assert_int_equal(wy_reply_check(&news, &missing), WY_E_REPLY_FIELD);
  assert_string_equal(missing, "title");
  wy_reply empty = reply("text", (const char *[]){""});
  assert_int_equal(wy_reply_check(&empty, &missing), WY_E_REPLY_FIELD);
  assert_string_equal(missing, "content");
  wy_reply status = reply("device_status", (const char *[]){"gh_test", "dev1", "on"});
  assert_int_equal(wy_reply_check(&status, &missing), WY_E_REPLY_FIELD);
  assert_string_equal(missing, "status");
  assert_null(wy_reply_type_find(WY_STR("Text")));
  assert_null(wy_reply_type_find(WY_STR("")));
}

static void cuts_to_the_limits(void **state) {
  (void)state;
  static char text[WY_REPLY_TEXT + 2];
  wy_reply_cut cut;
  memset(text, 'a', sizeof text - 1);
  wy_reply r = reply("text", (const char *[]){text});
  wy_reply_limit(&r, 1, &cut);
  assert_int_equal(cut.text_bytes, 1);
  assert_int_equal(r.fields[0].n, WY_REPLY_TEXT);
  wy_reply_limit(&r, 1, &cut);
  assert_int_equal(cut.text_bytes, 0);
  memcpy(text + WY_REPLY_TEXT - 2, "\xE4\xBD\xA0", 3); /* a character across the edge */
  r = reply("text", (const char *[]){text});
  wy_reply_limit(&r, 1, &cut);
  assert_int_equal(r.fields[0].n, WY_REPLY_TEXT - 2);
  assert_int_equal(cut.text_bytes, 3);
  wy_reply image = reply("image", (const char *[]){text});
  wy_reply_limit(&image, 1, &cut);
  assert_int_equal(cut.text_bytes, 0);
  wy_reply news = {.type = wy_reply_type_find(WY_STR("news")), .n_articles = 8};
  news.articles_dropped = 2;
  wy_reply_limit(&news, 8, &cut);
  assert_int_equal(cut.articles, 2);
  wy_reply_limit(&news, 1, &cut);
  assert_int_equal(cut.articles, 9);
  assert_int_equal(news.n_articles, 1);
}

/* A text that tries to leave its element comes back as that text, alone. */
static void keeps_hostile_text_inside(void **state) {
  (void)state;
  static const char *const evil[] = {"]]>",
                                     "a]]>b",
                                     "]]]]>>",
                                     "]]></Content><MsgType>x",
                                     "]]><ToUserName>evil</ToUserName><![CDATA[",
                                     "<![CDATA[",
                                     "\"},{\"",
                                     "\\u0000\\",
                                     "]]>]]>]]>",
                                     "]",
                                     "]]"};
  for (int form = 0; form < 2; form++)
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
      wy_reply r = reply("text", (const char *[]){evil[i]});
      wy_buf out;
      wy_msg m;
      wy_buf_init(&out, 65536);
      wy_msg_init(&m);
      assert_int_equal(wy_reply_build(&r, &head, (wy_form)form, &out), 0);
      assert_int_equal(wy_msg_parse(&m, wy_buf_view(&out)), 0);
      assert_int_equal(m.doc.n, 5);
      assert_true(wy_str_eq(m.to, head.to));
      assert_true(wy_str_eq(m.content, wy_str_of(evil[i])));
      wy_msg_deinit(&m);
      wy_buf_deinit(&out);
    }
}

static void mends_what_xml_does_not_allow(void **state) {
  (void)state;
  wy_reply r = {.type = wy_reply_type_find(WY_STR("text"))};
  r.fields[0] = WY_STR("a\0\x01\x08\t\n\xED\xA0\x80\xFF\xEF\xBF\xBF\xE4\xBD\xA0z");
#define BAD "\xEF\xBF\xBD"
  wy_str want = WY_STR("a" BAD BAD BAD "\t\n" BAD BAD BAD BAD BAD "\xE4\xBD\xA0z");
  for (int form = 0; form < 2; form++) {
    wy_buf out;
    wy_msg m;
    wy_buf_init(&out, 65536);
    wy_msg_init(&m);
    assert_int_equal(wy_reply_build(&r, &head, (wy_form)form, &out), 0);
    assert_int_equal(wy_msg_parse(&m, wy_buf_view(&out)), 0);
    assert_true(wy_str_eq(m.content, want));
    wy_msg_deinit(&m);
    wy_buf_deinit(&out);
  }
}

/* The short cut for simple texts takes no byte that it should not, wherever it stands. */
static void looks_at_every_byte(void **state) {
  (void)state;
  enum { N = 20 };
  for (size_t at = 0; at < N; at++)
    for (unsigned byte = 0; byte < 256; byte++) {
      char text[N];
      memset(text, '>', N); /* after "]]" it would end the section */
      text[at] = (char)byte;
      if (at) text[at - 1] = (char)byte;
      wy_reply r = {.type = wy_reply_type_find(WY_STR("text")), .fields = {{text, N}}};
      wy_buf out, want;
      wy_msg m;
      wy_buf_init(&out, 4096);
      wy_buf_init(&want, 4096);
      wy_msg_init(&m);
      assert_int_equal(wy_utf8_add_xml(&want, r.fields[0]), 0);
      assert_int_equal(wy_reply_build(&r, &head, WY_FORM_XML, &out), 0);
      assert_int_equal(wy_msg_parse(&m, wy_buf_view(&out)), 0);
      if (byte == '\r') /* XML itself reads it as a newline */
        for (size_t i = 0; i < want.n; i++) want.p[i] = want.p[i] == '\r' ? '\n' : want.p[i];
      assert_true(wy_str_eq(m.content, wy_buf_view(&want)));
      wy_msg_deinit(&m);
      wy_buf_deinit(&out);
      wy_buf_deinit(&want);
    }
}

static void fails_whole_when_the_buffer_is_full(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int form = 0; form < 2; form++) {
      wy_reply r = reply(rows[i].type, rows[i].values);
      size_t whole = strlen(form == WY_FORM_XML ? rows[i].xml : rows[i].json);
      for (size_t max = 0; max <= whole; max++) {
        wy_buf out;
        wy_buf_init(&out, max);
        int want = max < whole ? WY_E_NOMEM : 0;
        assert_int_equal(wy_reply_build(&r, &head, (wy_form)form, &out), want);
        wy_buf_deinit(&out);
      }
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_every_kind_in_both_forms),
      cmocka_unit_test(writes_news),
      cmocka_unit_test(names_the_missing_field),
      cmocka_unit_test(cuts_to_the_limits),
      cmocka_unit_test(keeps_hostile_text_inside),
      cmocka_unit_test(mends_what_xml_does_not_allow),
      cmocka_unit_test(looks_at_every_byte),
      cmocka_unit_test(fails_whole_when_the_buffer_is_full),
  };
  return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
