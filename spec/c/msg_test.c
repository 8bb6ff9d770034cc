/* msg: the head of a push, the same from XML and JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/msg.h"

static wy_msg msg; /* of the running test */

static int set_up(void **state) {
  (void)state;
  wy_msg_init(&msg);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  wy_msg_deinit(&msg);
  return 0;
}

static int parse(const char *text) { return wy_msg_parse(&msg, wy_str_of(text)); }

static void assert_str(wy_str got, const char *want) {
  if (!wy_str_eq(got, wy_str_of(want))) fail_msg("'%.*s', not '%s'", (int)got.n, got.p, want);
}

static void assert_parse(const char *text, int err) {
  int got = parse(text);
  if (got != err) fail_msg("%s: %s, not %s", text, wy_err_event(got), wy_err_event(err));
}

static void reads_the_head_of_a_text(void **state) {
  (void)state;
  assert_parse(
      "<xml><ToUserName><![CDATA[gh_test]]></ToUserName>"
      "<FromUserName><![CDATA[oTest]]></FromUserName>"
      "<CreateTime> 1348831860\n</CreateTime>"
      "<MsgType><![CDATA[ text ]]></MsgType><Content><![CDATA[ hi ]]></Content>"
      "<MsgId>18446744073709551615</MsgId></xml>",
      0);
  assert_int_equal(msg.doc.form, WY_FORM_XML);
  assert_str(msg.to, "gh_test");
  assert_str(msg.from, "oTest");
  assert_int_equal(msg.created, 1348831860);
  assert_str(msg.type, "text");
  assert_str(msg.content, " hi "); /* never trimmed */
  assert_str(msg.id, "18446744073709551615");
  assert_null(msg.event.p);
  assert_null(msg.event_key.p);
  assert_null(msg.encrypt.p);
  assert_int_equal(wy_msg_complete(&msg), 0);
}

static void reads_the_head_of_an_event(void **state) {
  (void)state;
  assert_parse(
      "<xml><ToUserName>gh_test</ToUserName><FromUserName>oTest</FromUserName>"
      "<CreateTime>1</CreateTime><MsgType>event</MsgType><Event> CLICK </Event>"
      "<EventKey> k </EventKey><MsgID>200163836</MsgID></xml>",
      0);
  assert_str(msg.event, "CLICK");
  assert_str(msg.event_key, " k ");
  assert_str(msg.id, "200163836");
  assert_int_equal(wy_msg_complete(&msg), 0);
}

static void msgid_comes_before_msgid_of_events(void **state) {
  (void)state;
  assert_parse("<xml><MsgID>1</MsgID><MsgId>2</MsgId></xml>", 0);
  assert_str(msg.id, "2");
}

static void reads_json_alike(void **state) {
  (void)state;
  assert_parse(
      "{\"ToUserName\":\"gh_test\",\"FromUserName\":\"oTest\","
      "\"CreateTime\":\"1758783896\",\"MsgType\":\"event\","
      "\"Event\":\"subscribe_msg_popup_event\",\"MsgId\":12345,"
      "\"List\":[{\"Event\":\"x\"}]}",
      0);
  assert_int_equal(msg.doc.form, WY_FORM_JSON);
  assert_str(msg.to, "gh_test");
  assert_int_equal(msg.created, 1758783896);
  assert_str(msg.event, "subscribe_msg_popup_event");
  assert_str(msg.id, "12345");
}

static void reads_an_envelope_and_a_component_push(void **state) {
  (void)state;
  assert_parse("<xml>\n<ToUserName>gh_test</ToUserName><Encrypt>\n abc \n</Encrypt></xml>", 0);
  assert_str(msg.encrypt, "abc");
  assert_int_equal(wy_msg_complete(&msg), WY_E_PUSH_INCOMPLETE);
  assert_parse(
      "<xml><AppId>wxtest</AppId><CreateTime>1413192605</CreateTime>"
      "<InfoType> component_verify_ticket </InfoType></xml>",
      0);
  assert_str(msg.info_type, "component_verify_ticket");
  assert_null(msg.encrypt.p);
}

static void nested_elements_are_not_the_head(void **state) {
  (void)state;
  assert_parse("<xml><A><MsgType>x</MsgType><CreateTime>x</CreateTime></A></xml>", 0);
  assert_null(msg.type.p);
  assert_parse("{\"ToUserName\":{\"a\":1},\"MsgType\":[\"text\",\"event\"]}", 0);
  assert_null(msg.to.p);
  assert_null(msg.type.p);
}

static void the_form_is_seen_by_the_first_byte(void **state) {
  (void)state;
  assert_parse("", WY_E_PUSH_EMPTY);
  assert_parse(" \r\n\t", WY_E_PUSH_EMPTY);
  assert_int_equal(wy_msg_parse(&msg, (wy_str){NULL, 0}), WY_E_PUSH_EMPTY);
  assert_parse("a=1", WY_E_PUSH_FORM);
  assert_parse("[1]", WY_E_PUSH_FORM);
  assert_parse("\xEF\xBB\xBF<xml></xml>", WY_E_PUSH_FORM);
  assert_parse(" \n<xml></xml>", 0);
  assert_parse(" \n{}", 0);
  assert_parse("<xml>", WY_E_XML_SYNTAX);
  assert_parse("{", WY_E_JSON_SYNTAX);
}

/* X021 */
static void numbers_of_the_head_are_numbers(void **state) {
  (void)state;
  static const char *const times[] = {"",
                                      "x",
                                      "-1",
                                      "0",
                                      "1.5",
                                      "9223372036854775808",
                                      "12345678901234567890",
                                      "000000000000000000001",
                                      "1 2"};
  char text[200];
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    snprintf(text, sizeof text, "<xml><CreateTime>%s</CreateTime></xml>", times[i]);
    assert_parse(text, WY_E_XML_INT);
    assert_int_equal(msg.doc.n, 0);
  }
  assert_parse("<xml><MsgId>1234567890123456789012345</MsgId></xml>", WY_E_XML_INT);
  assert_parse("<xml><MsgId>18446744073709551616</MsgId></xml>", WY_E_XML_INT);
  assert_parse("<xml><MsgID>x</MsgID></xml>", WY_E_XML_INT);
  assert_parse("<xml><CreateTime>9223372036854775807</CreateTime></xml>", 0);
  assert_int_equal(msg.created, INT64_MAX);
  assert_parse("{\"CreateTime\":1.5}", WY_E_XML_INT);
}

/* X022 */
static void a_count_beyond_any_list_is_refused(void **state) {
  (void)state;
  assert_parse("<xml><SendPicsInfo><Count>1000000000</Count></SendPicsInfo></xml>", WY_E_XML_COUNT);
  assert_parse("<xml><ArticleCount>99999999999999999999999</ArticleCount></xml>", WY_E_XML_COUNT);
  assert_parse("<xml><Count>65537</Count></xml>", WY_E_XML_COUNT);
  assert_parse(
      "<xml><SendPicsInfo><Count>65536</Count></SendPicsInfo>"
      "<TotalCount>1000000</TotalCount><ArticleCount></ArticleCount></xml>",
      0);
  assert_parse("{\"a\":[{\"Count\":70000}]}", WY_E_XML_COUNT);
}

static void says_what_is_incomplete(void **state) {
  (void)state;
#define HEAD "<ToUserName>a</ToUserName><FromUserName>b</FromUserName>"
  static const struct {
    const char *text;
    int err;
  } rows[] = {
      {"<xml>" HEAD "<MsgType>text</MsgType></xml>", 0},
      {"<xml>" HEAD "<MsgType>device_text</MsgType></xml>", 0},
      {"<xml>" HEAD "</xml>", WY_E_PUSH_INCOMPLETE},
      {"<xml>" HEAD "<MsgType> </MsgType></xml>", WY_E_PUSH_INCOMPLETE},
      {"<xml>" HEAD "<MsgType>Event</MsgType></xml>", WY_E_PUSH_INCOMPLETE},
      {"<xml>" HEAD "<MsgType>device_event</MsgType></xml>", WY_E_PUSH_INCOMPLETE},
      {"<xml>" HEAD "<MsgType>event</MsgType><Event>x</Event></xml>", 0},
      {"<xml><ToUserName></ToUserName><FromUserName>b</FromUserName><MsgType>text</MsgType></xml>",
       WY_E_PUSH_INCOMPLETE},
      {"<xml><ToUserName>a</ToUserName><MsgType>text</MsgType></xml>", WY_E_PUSH_INCOMPLETE},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_parse(rows[i].text, 0);
    if (wy_msg_complete(&msg) != rows[i].err) fail_msg("%s", rows[i].text);
  }
}

/* Whoever wrote an Event into a text: it is never dispatched as one. */
static void only_events_have_an_event(void **state) {
  (void)state;
  static const struct {
    const char *type, *event;
  } rows[] = {{"event", "CLICK"}, {" Event\\n", "CLICK"}, {"DEVICE_EVENT", "CLICK"}, {"text", NULL},
              {"link", NULL},     {"device_text", NULL},  {"events", NULL},          {"", NULL}};
  char text[300];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    snprintf(text, sizeof text,
             "{\"ToUserName\":\"a\",\"FromUserName\":\"b\",\"Event\":\"CLICK\",\"MsgType\":\"%s\"}",
             rows[i].type);
    assert_parse(text, 0);
    if (rows[i].event) assert_str(msg.event, rows[i].event);
    else assert_null(msg.event.p);
    assert_int_equal(wy_msg_complete(&msg), rows[i].type[0] ? 0 : WY_E_PUSH_INCOMPLETE);
  }
  assert_parse("<xml>" HEAD "<MsgType>link</MsgType><Event>CLICK</Event></xml>", 0);
  assert_null(msg.event.p);
  assert_parse("<xml>" HEAD "<Event>CLICK</Event></xml>", 0); /* no type at all */
  assert_null(msg.event.p);
}

/* The message stays what it is. */
static void a_typed_event_is_text(void **state) {
  (void)state;
  assert_parse("<xml>" HEAD
               "<CreateTime>1</CreateTime><MsgType><![CDATA[link]]></MsgType>"
               "<Title><![CDATA[]]></Title><Event>CLICK</Event><EventKey>admin</EventKey>"
               "<Title><![CDATA[]]></Title><Url><![CDATA[u]]></Url><MsgId>7</MsgId></xml>",
               0);
  assert_str(msg.type, "link");
  assert_null(msg.event.p);
  assert_null(msg.event_key.p);
  assert_str(msg.id, "7");
}

static void an_old_head_does_not_shine_through(void **state) {
  (void)state;
  assert_parse("<xml>" HEAD "<MsgType>text</MsgType><CreateTime>5</CreateTime></xml>", 0);
  assert_parse("<xml><a>1</a></xml>", 0);
  assert_null(msg.to.p);
  assert_null(msg.type.p);
  assert_int_equal(msg.created, 0);
  assert_parse("<xml>" HEAD "<CreateTime>x</CreateTime></xml>", WY_E_XML_INT);
  assert_null(msg.to.p);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(reads_the_head_of_a_text),
      TEST(reads_the_head_of_an_event),
      TEST(msgid_comes_before_msgid_of_events),
      TEST(reads_json_alike),
      TEST(reads_an_envelope_and_a_component_push),
      TEST(nested_elements_are_not_the_head),
      TEST(the_form_is_seen_by_the_first_byte),
      TEST(numbers_of_the_head_are_numbers),
      TEST(a_count_beyond_any_list_is_refused),
      TEST(says_what_is_incomplete),
      TEST(only_events_have_an_event),
      TEST(a_typed_event_is_text),
      TEST(an_old_head_does_not_shine_through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
