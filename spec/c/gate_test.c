/* gate: the checks of a push, their order, and what each refusal is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/gate.h"

#define TOKEN WY_STR("wxtesttoken")
#define APPID WY_STR("wxtest00000000001")
#define KEY WY_STR("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
#define OLD_KEY WY_STR("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
#define NOW 1700000000
#define TEXT                                                                              \
  "<xml><ToUserName><![CDATA[gh_test]]></ToUserName><FromUserName><![CDATA[oUser]]>"      \
  "</FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>" \
  "<Content><![CDATA[hi]]></Content><MsgId>6054768590064713728</MsgId></xml>"
#define TEXT_JSON                                                                     \
  "{\"ToUserName\":\"gh_test\",\"FromUserName\":\"oUser\",\"CreateTime\":1700000000," \
  "\"MsgType\":\"text\",\"Content\":\"hi\",\"MsgId\":6054768590064713728}"

static wy_crypt *crypt;
static wy_gate gate;
static wy_push push;

static int set_up(void **state) {
  (void)state;
  gate = (wy_gate){.token = TOKEN, .appid = APPID, .window = 300, .n_keys = 1};
  wy_push_init(&push);
  if (wy_crypt_new(&crypt)) return -1;
  gate.crypt = crypt;
  return wy_aes_key_new(crypt, KEY, &gate.keys[0]);
}

static int tear_down(void **state) {
  (void)state;
  wy_push_deinit(&push);
  wy_gate_deinit(&gate);
  wy_crypt_free(crypt);
  return 0;
}

/* A push as WeChat would make it, in parts that a test may change before it is opened. */
typedef struct made {
  char signature[64], timestamp[64], nonce[64], type[16], msg_signature[64];
  wy_buf body;
} made;

static void sign(char out[64], const wy_str *parts, size_t n) {
  assert_int_equal(wy_crypt_sign(crypt, parts, n, out), 0);
  out[WY_SIG] = '\0';
}

static void sign_again(made *m, wy_str encrypt) {
  const wy_str parts[] = {TOKEN, wy_str_of(m->timestamp), wy_str_of(m->nonce), encrypt};
  sign(m->signature, parts, 3);
  if (encrypt.p) sign(m->msg_signature, parts, 4);
}

static void make_plain(made *m, const char *body) {
  *m = (made){.timestamp = "1700000000", .nonce = "415670741"};
  wy_buf_init(&m->body, 65536);
  assert_int_equal(wy_buf_str(&m->body, wy_str_of(body)), 0);
  sign_again(m, (wy_str){NULL, 0});
}

/* An envelope around this Encrypt, signed. */
static void make_envelope(made *m, wy_form form, wy_str encrypt) {
  bool json = form == WY_FORM_JSON;
  make_plain(m, json ? "{\"ToUserName\":\"gh_test\",\"Encrypt\":\""
                     : "<xml><ToUserName><![CDATA[gh_test]]></ToUserName><Encrypt><![CDATA[");
  wy_buf_str(&m->body, encrypt);
  wy_buf_str(&m->body, json ? WY_STR("\"}") : WY_STR("]]></Encrypt></xml>"));
  assert_false(m->body.failed);
  strcpy(m->type, "aes");
  sign_again(m, encrypt);
}

static void make_safe(made *m, wy_form form, wy_str key, wy_str text, wy_str appid) {
  wy_aes_key *k;
  wy_buf encrypt;
  wy_buf_init(&encrypt, 65536);
  assert_int_equal(wy_aes_key_new(crypt, key, &k), 0);
  assert_int_equal(wy_aes_seal(crypt, k, NULL, text, appid, &encrypt), 0);
  make_envelope(m, form, wy_buf_view(&encrypt));
  wy_aes_key_free(k);
  wy_buf_deinit(&encrypt);
}

static int open_query(const char *query, wy_str body, int64_t now) {
  static char kept[8192]; /* the push's spans outlive this call */
  snprintf(kept, sizeof kept, "%s", query);
  return wy_gate_open(&gate, wy_str_of(kept), body, now, &push);
}

/* Parts that are empty are left out of the query. */
static int open_made(const made *m) {
  char query[1024];
  int n = 0;
#define PART(field, name) \
  if (m->field[0])        \
  n += snprintf(query + n, sizeof query - (size_t)n, "%s%s=%s", n ? "&" : "", name, m->field)
  PART(signature, "signature");
  PART(timestamp, "timestamp");
  PART(nonce, "nonce");
  PART(type, "encrypt_type");
  PART(msg_signature, "msg_signature");
#undef PART
  return open_query(n ? query : "", wy_buf_view(&m->body), NOW);
}

static int open_and_free(made *m) {
  int err = open_made(m);
  push.text = (wy_str){NULL, 0};
  wy_buf_deinit(&m->body);
  return err;
}

static void opens_plain(void **state) {
  (void)state;
  made m;
  static const char *const bodies[] = {TEXT, TEXT_JSON};
  for (int form = 0; form < 2; form++) {
    make_plain(&m, bodies[form]);
    assert_int_equal(open_made(&m), 0);
    assert_false(push.sealed);
    assert_int_equal(push.msg.doc.form, form);
    assert_true(wy_str_eq(push.msg.content, WY_STR("hi")));
    assert_true(wy_str_eq(push.msg.id, WY_STR("6054768590064713728")));
    assert_true(wy_str_eq(push.text, wy_str_of(bodies[form])));
    assert_true(wy_str_eq(push.nonce, WY_STR("415670741")));
    assert_int_equal(push.timestamp, NOW);
    strcpy(m.type, "raw");
    assert_int_equal(open_and_free(&m), 0);
  }
}

static void opens_safe_and_seals_the_answer(void **state) {
  (void)state;
  static const wy_str texts[] = {{TEXT, sizeof TEXT - 1}, {TEXT_JSON, sizeof TEXT_JSON - 1}};
  wy_push back;
  wy_buf out, plain;
  wy_frame frame;
  made m;
  gate.mode = WY_MODE_SAFE;
  for (int form = 0; form < 2; form++) {
    make_safe(&m, (wy_form)form, KEY, texts[form], APPID);
    assert_int_equal(open_made(&m), 0);
    assert_true(push.sealed);
    assert_int_equal(push.key, 0);
    assert_true(wy_str_eq(push.text, texts[form]));
    assert_true(wy_str_eq(push.msg.content, WY_STR("hi")));
    assert_true(wy_str_eq((wy_str){push.receive_id, push.receive_id_n}, APPID));

    wy_buf_init(&out, 65536);
    wy_buf_init(&plain, 65536);
    wy_push_init(&back);
    assert_int_equal(wy_gate_seal(&gate, &push, WY_STR("<xml>answer</xml>"), NOW, &out), 0);
    assert_int_equal(wy_msg_parse(&back.msg, wy_buf_view(&out)), 0);
    assert_int_equal(back.msg.doc.form, form);
    assert_int_equal(back.msg.doc.n, 4);
    const wy_node *stamp = wy_doc_find(&back.msg.doc, WY_DOC_NONE, WY_STR("TimeStamp"));
    const wy_node *nonce = wy_doc_find(&back.msg.doc, WY_DOC_NONE, WY_STR("Nonce"));
    const wy_node *have = wy_doc_find(&back.msg.doc, WY_DOC_NONE, WY_STR("MsgSignature"));
    assert_true(stamp && nonce && have);
    assert_true(wy_str_eq(stamp->text, WY_STR("1700000000")));
    uint64_t number;
    assert_true(wy_str_u64(nonce->text, &number));
    const wy_str parts[] = {TOKEN, stamp->text, nonce->text, back.msg.encrypt};
    char want[64];
    sign(want, parts, 4);
    assert_true(wy_sig_equal(have->text, want));
    assert_int_equal(wy_aes_open(crypt, gate.keys[0], back.msg.encrypt, &plain, &frame), 0);
    assert_true(wy_str_eq(frame.message, WY_STR("<xml>answer</xml>")));
    assert_true(wy_str_eq(frame.receive_id, APPID));
    wy_push_deinit(&back);
    wy_buf_deinit(&plain);
    wy_buf_deinit(&out);
    wy_buf_deinit(&m.body);
  }
}

static void leaves_plain_answers_alone(void **state) {
  (void)state;
  made m;
  wy_buf out;
  make_plain(&m, TEXT);
  assert_int_equal(open_and_free(&m), 0);
  wy_buf_init(&out, 100);
  assert_int_equal(wy_gate_seal(&gate, &push, WY_STR("<xml/>"), NOW, &out), 0);
  assert_string_equal(out.p, "<xml/>");
  wy_buf_deinit(&out);
}

static void takes_the_decrypted_text_in_compatible_mode(void **state) {
  (void)state;
  made m, sealed;
  gate.mode = WY_MODE_COMPATIBLE;
  make_safe(&sealed, WY_FORM_XML, KEY, WY_STR(TEXT), APPID);
  make_plain(&m,
             "<xml><ToUserName><![CDATA[gh_test]]></ToUserName><FromUserName><![CDATA[oEvil]]>"
             "</FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType>"
             "<Content><![CDATA[evil]]></Content><MsgId>1</MsgId>");
  const char *encrypt = strstr(sealed.body.p, "<Encrypt>");
  assert_int_equal(wy_buf_str(&m.body, wy_str_of(encrypt)), 0);
  strcpy(m.type, "aes");
  strcpy(m.msg_signature, sealed.msg_signature);
  assert_int_equal(open_made(&m), 0);
  assert_true(push.sealed);
  assert_true(wy_str_eq(push.msg.content, WY_STR("hi")));
  assert_true(wy_str_eq(push.msg.from, WY_STR("oUser")));

  gate.mode = WY_MODE_PLAIN; /* the same push where only the plain copy is wanted */
  assert_int_equal(open_made(&m), 0);
  assert_false(push.sealed);
  assert_true(wy_str_eq(push.msg.content, WY_STR("evil")));
  wy_buf_deinit(&m.body);
  wy_buf_deinit(&sealed.body);
}

static void refuses_a_downgrade_before_anything_else(void **state) {
  (void)state;
  made m;
  for (int mode = WY_MODE_COMPATIBLE; mode <= WY_MODE_SAFE; mode++) {
    gate.mode = (wy_mode)mode;
    assert_int_equal(open_query("", WY_STR(TEXT), NOW), WY_E_SIG_MODE);
    assert_int_equal(open_query("signature=x&timestamp=1&nonce=2", WY_STR(TEXT), NOW),
                     WY_E_SIG_MODE);
    assert_int_equal(open_query("encrypt_type=raw&msg_signature=x", WY_STR(TEXT), NOW),
                     WY_E_SIG_MODE);
    assert_int_equal(open_query("encrypt_type=aes", WY_STR(TEXT), NOW), WY_E_SIG_MODE);
    make_plain(&m, TEXT); /* well signed, unprotected */
    assert_int_equal(open_made(&m), WY_E_SIG_MODE);
    strcpy(m.type, "aes");
    strcpy(m.msg_signature, m.signature);
    assert_int_equal(open_and_free(&m), WY_E_SIG_MODE); /* promises an Encrypt, has none */
  }
}

static void refuses_unknown_protection_in_every_mode(void **state) {
  (void)state;
  static const char *const types[] = {"AES", "des", "aes ", "rawx", "none"};
  made m;
  make_plain(&m, TEXT);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    for (int mode = WY_MODE_PLAIN; mode <= WY_MODE_SAFE; mode++) {
      gate.mode = (wy_mode)mode;
      strcpy(m.type, types[i]);
      strcpy(m.msg_signature, m.signature);
      assert_int_equal(open_made(&m), WY_E_SIG_MODE);
    }
  wy_buf_deinit(&m.body);
}

static void refuses_an_envelope_in_plain_mode(void **state) {
  (void)state;
  made m;
  make_safe(&m, WY_FORM_XML, KEY, WY_STR(TEXT), APPID);
  assert_int_equal(open_and_free(&m), WY_E_SIG_MODE);
}

static void names_what_is_missing_stale_or_wrong(void **state) {
  (void)state;
  made good, m;
  make_plain(&good, TEXT);
#define CHANGED(field, value) (m = good, strcpy(m.field, value), open_made(&m))
  assert_int_equal(CHANGED(signature, ""), WY_E_SIG_MISSING);
  assert_int_equal(CHANGED(timestamp, ""), WY_E_SIG_MISSING);
  assert_int_equal(CHANGED(nonce, ""), WY_E_SIG_MISSING);
  static const char *const times[] = {"-1",           "1e9",  "99999999999999999999",
                                      "%20123",       "+123", "18446744073709551615",
                                      "1700000000%0a"};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++)
    assert_int_equal(CHANGED(timestamp, times[i]), WY_E_SIG_TIMESTAMP);
  assert_int_equal(open_query("signature=x&timestamp=&nonce=1", WY_STR(TEXT), NOW),
                   WY_E_SIG_TIMESTAMP);
  m = good;
  m.signature[39] = m.signature[39] == '0' ? '1' : '0';
  assert_int_equal(open_made(&m), WY_E_SIG_MISMATCH);
  m = good;
  m.signature[39] = '\0';
  assert_int_equal(open_made(&m), WY_E_SIG_MISMATCH);
  m = good;
  strcat(m.signature, "0");
  assert_int_equal(open_made(&m), WY_E_SIG_MISMATCH);
  m = good;
  for (char *c = m.signature; *c; c++)
    if (*c >= 'a') *c = (char)(*c - 32);
  assert_int_equal(open_made(&m), WY_E_SIG_MISMATCH);
  assert_int_equal(CHANGED(nonce, "415670742"), WY_E_SIG_MISMATCH);
  assert_int_equal(CHANGED(timestamp, "1700000001"), WY_E_SIG_MISMATCH);
  assert_int_equal(open_query("signature=&timestamp=1700000000&nonce=1", WY_STR(TEXT), NOW),
                   WY_E_SIG_MISMATCH);
  wy_buf_deinit(&good.body);
}

static void keeps_the_window(void **state) {
  (void)state;
  static const struct {
    const char *timestamp;
    int want;
  } rows[] = {{"1699999700", 0},
              {"1700000300", 0},
              {"1699999699", WY_E_SIG_STALE},
              {"1700000301", WY_E_SIG_STALE},
              {"0", WY_E_SIG_STALE},
              {"9223372036854775807", WY_E_SIG_STALE}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    made m;
    make_plain(&m, TEXT);
    strcpy(m.timestamp, rows[i].timestamp);
    sign_again(&m, (wy_str){NULL, 0});
    assert_int_equal(open_and_free(&m), rows[i].want);
  }
}

static void checks_both_signatures(void **state) {
  (void)state;
  made good, m;
  gate.mode = WY_MODE_SAFE;
  make_safe(&good, WY_FORM_XML, KEY, WY_STR(TEXT), APPID);
  m = good;
  m.signature[0] ^= 1;
  assert_int_equal(open_made(&m), WY_E_SIG_MISMATCH);
  m = good;
  m.msg_signature[0] ^= 1;
  assert_int_equal(open_made(&m), WY_E_SIG_MISMATCH);
  m = good;
  strcpy(m.msg_signature, good.signature);
  assert_int_equal(open_made(&m), WY_E_SIG_MISMATCH);
  m = good;
  m.signature[0] = '\0';
  assert_int_equal(open_made(&m), WY_E_SIG_MISSING);
  assert_int_equal(open_made(&good), 0);
  wy_buf_deinit(&good.body);
}

static void follows_a_key_rotation(void **state) {
  (void)state;
  made m;
  wy_buf out, plain;
  wy_frame frame;
  gate.mode = WY_MODE_SAFE;
  make_safe(&m, WY_FORM_XML, OLD_KEY, WY_STR(TEXT), APPID);
  assert_int_equal(open_made(&m), WY_E_AES_PADDING); /* the old key is not configured */
  assert_int_equal(wy_aes_key_new(crypt, OLD_KEY, &gate.keys[1]), 0);
  gate.n_keys = 2;
  assert_int_equal(open_and_free(&m), 0);
  assert_int_equal(push.key, 1);
  wy_buf_init(&out, 65536);
  wy_buf_init(&plain, 65536);
  assert_int_equal(wy_gate_seal(&gate, &push, WY_STR("x"), NOW, &out), 0);
  char *from = strstr(out.p, "[CDATA[") + 7, *to = strstr(from, "]]>");
  wy_str encrypt = {from, (size_t)(to - from)};
  assert_int_equal(wy_aes_open(crypt, gate.keys[1], encrypt, &plain, &frame), 0);
  wy_buf_deinit(&out);
  wy_buf_deinit(&plain);
}

static void names_the_faults_of_an_envelope(void **state) {
  (void)state;
  made m;
  gate.mode = WY_MODE_SAFE;
  static const struct {
    wy_str encrypt;
    int want;
  } rows[] = {{{"", 0}, WY_E_AES_LENGTH},
              {{"AAAA", 4}, WY_E_AES_LENGTH},
              {{"AA AA===", 8}, WY_E_AES_BASE64},
              {{"AAAAA", 5}, WY_E_AES_BASE64},
              {{"AAAAAAAAAAAAAAAAAAAAAA==", 24}, WY_E_AES_PADDING}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    make_envelope(&m, WY_FORM_XML, rows[i].encrypt);
    assert_int_equal(open_and_free(&m), rows[i].want);
  }
}

static void checks_the_receive_id(void **state) {
  (void)state;
  static const wy_str wrong[] = {{"", 0},
                                 {"wxtest0000000000", 16},
                                 {"wxtest000000000011", 18},
                                 {"WXTEST00000000001", 17},
                                 {"wxtest00000000001\0", 18}};
  static const char id[64] = "0123456789012345678901234567890123456789012345678901234567890123";
  made m;
  gate.mode = WY_MODE_SAFE;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    make_safe(&m, WY_FORM_XML, KEY, WY_STR(TEXT), wrong[i]);
    assert_int_equal(open_and_free(&m), WY_E_SIG_APPID);
  }
  gate.appid = (wy_str){NULL, 0}; /* an account without appid takes any, and answers with it */
  for (size_t n = 0; n <= sizeof id; n++) {
    make_safe(&m, WY_FORM_XML, KEY, WY_STR(TEXT), (wy_str){id, n});
    assert_int_equal(open_and_free(&m), n < sizeof id ? 0 : WY_E_SIG_APPID);
    if (n < sizeof id) assert_int_equal(push.receive_id_n, n);
  }
}

static void checks_to_user_name(void **state) {
  (void)state;
  made m;
  gate.username = WY_STR("gh_test");
  make_plain(&m, TEXT);
  assert_int_equal(open_made(&m), 0);
  gate.username = WY_STR("gh_other");
  assert_int_equal(open_and_free(&m), WY_E_SIG_ACCOUNT);

  gate.mode = WY_MODE_SAFE;
  gate.username = WY_STR("gh_test");
  make_safe(&m, WY_FORM_XML, KEY, WY_STR(TEXT), APPID);
  assert_int_equal(open_made(&m), 0);
  char *outer = strstr(m.body.p, "gh_test");
  memcpy(outer, "gh_evil", 7); /* not covered by any signature */
  assert_int_equal(open_and_free(&m), WY_E_SIG_ACCOUNT);
  gate.username = WY_STR("gh_tess");
  make_safe(&m, WY_FORM_XML, KEY, WY_STR(TEXT), APPID);
  memcpy(strstr(m.body.p, "gh_test"), "gh_tess", 7); /* the outer name fits, the inner does not */
  assert_int_equal(open_and_free(&m), WY_E_SIG_ACCOUNT);
}

static void wants_a_whole_message(void **state) {
  (void)state;
  made m;
  make_plain(&m, "");
  assert_int_equal(open_and_free(&m), WY_E_PUSH_EMPTY);
  make_plain(&m, "hello");
  assert_int_equal(open_and_free(&m), WY_E_PUSH_FORM);
  make_plain(&m, "<xml><MsgType>text</MsgType></xml>");
  assert_int_equal(open_and_free(&m), WY_E_PUSH_INCOMPLETE);
  make_plain(&m, "<xml><AppId>wxtest</AppId><InfoType>component_verify_ticket</InfoType></xml>");
  assert_int_equal(open_and_free(&m), 0);
  make_plain(&m, "<xml><a></xml>");
  assert_int_equal(open_and_free(&m), WY_E_XML_SYNTAX);
  gate.mode = WY_MODE_SAFE;
  make_safe(&m, WY_FORM_XML, KEY, WY_STR(""), APPID);
  assert_int_equal(open_and_free(&m), WY_E_PUSH_EMPTY);
  make_safe(&m, WY_FORM_XML, KEY, WY_STR("<xml><a></xml>"), APPID);
  assert_int_equal(open_and_free(&m), WY_E_XML_SYNTAX);
  make_safe(&m, WY_FORM_XML, KEY,
            WY_STR("<xml><AppId>wxtest</AppId><InfoType>component_verify_ticket</InfoType></xml>"),
            APPID);
  assert_int_equal(open_and_free(&m), 0);
}

/* No bit of a signed envelope can be changed. */
static void accepts_no_flipped_bit(void **state) {
  (void)state;
  made m;
  gate.mode = WY_MODE_SAFE;
  gate.username = WY_STR("gh_test");
  make_safe(&m, WY_FORM_XML, KEY, WY_STR(TEXT), APPID);
  char *from = strstr(m.body.p, "<Encrypt>"), *end = strstr(from, "</xml>");
  for (char *p = from; p < end; p++)
    for (int bit = 0; bit < 8; bit++) {
      *p = (char)(*p ^ (1 << bit));
      assert_int_not_equal(open_made(&m), 0);
      *p = (char)(*p ^ (1 << bit));
    }
  assert_int_equal(open_and_free(&m), 0);
}

static void survives_what_came_before(void **state) {
  (void)state; /* a push, opened by the same gate after every kind of refusal, is whole */
  made bad, good;
  gate.mode = WY_MODE_SAFE;
  make_envelope(&bad, WY_FORM_XML, WY_STR("AA AA==="));
  assert_int_equal(open_and_free(&bad), WY_E_AES_BASE64);
  static char big[40000];
  memset(big, 'x', sizeof big);
  make_safe(&bad, WY_FORM_XML, KEY, (wy_str){big, sizeof big}, APPID);
  assert_int_equal(open_and_free(&bad), WY_E_PUSH_FORM);
  make_safe(&good, WY_FORM_XML, KEY, WY_STR(TEXT), APPID);
  assert_int_equal(open_made(&good), 0);
  assert_true(wy_str_eq(push.text, WY_STR(TEXT)));
  assert_true(gate.plain.cap < 16384); /* the large buffer is gone */
  wy_buf_deinit(&good.body);
}

static void verifies_the_url(void **state) {
  (void)state;
  made m;
  wy_query q;
  wy_str echo;
  char query[2048], echostr[WY_QUERY_ECHO + 2] = "%3Cb%3E4375";
  make_plain(&m, "");
  wy_buf_deinit(&m.body);
  const char *format = "signature=%s&timestamp=%s&nonce=%s&echostr=%s";
#define VERIFY(signature)                                                           \
  (snprintf(query, sizeof query, format, signature, m.timestamp, m.nonce, echostr), \
   wy_gate_verify(&gate, wy_str_of(query), NOW, &q, &echo))
  for (int mode = WY_MODE_PLAIN; mode <= WY_MODE_SAFE; mode++) {
    gate.mode = (wy_mode)mode;
    assert_int_equal(VERIFY(m.signature), 0);
    assert_true(wy_str_eq(echo, WY_STR("<b>4375")));
    assert_int_equal(VERIFY("00"), WY_E_SIG_MISMATCH);
    assert_null(echo.p);
    assert_int_equal(wy_gate_verify(&gate, WY_STR("echostr=x"), NOW, &q, &echo), WY_E_SIG_MISSING);
    assert_null(echo.p);
    assert_int_equal(wy_gate_verify(&gate, wy_str_of(query), NOW + 301, &q, &echo), WY_E_SIG_STALE);
  }
  memset(echostr, 'e', WY_QUERY_ECHO + 1);
  echostr[WY_QUERY_ECHO + 1] = '\0';
  assert_int_equal(VERIFY(m.signature), WY_E_QUERY_LONG);
  snprintf(query, sizeof query, "signature=%s&timestamp=%s&nonce=%s", m.signature, m.timestamp,
           m.nonce);
  assert_int_equal(wy_gate_verify(&gate, wy_str_of(query), NOW, &q, &echo), WY_E_SIG_MISSING);
}

static void keeps_a_decoded_nonce(void **state) {
  (void)state;
  made m;
  make_plain(&m, TEXT);
  strcpy(m.nonce, "a b");
  sign_again(&m, (wy_str){NULL, 0});
  strcpy(m.nonce, "a%20b");
  assert_int_equal(open_and_free(&m), 0);
  assert_true(wy_str_eq(push.nonce, WY_STR("a b")));
}

static void tells_a_stranger_nothing(void **state) {
  (void)state;
  static const int query[] = {WY_E_QUERY_SYNTAX, WY_E_QUERY_DUP, WY_E_QUERY_MANY, WY_E_QUERY_LONG};
  static const int sender[] = {
      WY_E_SIG_MISSING, WY_E_SIG_TIMESTAMP, WY_E_SIG_STALE,  WY_E_SIG_MISMATCH, WY_E_SIG_MODE,
      WY_E_SIG_ACCOUNT, WY_E_SIG_APPID,     WY_E_AES_BASE64, WY_E_AES_LENGTH,   WY_E_AES_PADDING,
      WY_E_AES_SHORT,   WY_E_AES_MSG_LEN,   WY_E_AES_CRYPTO};
  static const int body[] = {WY_E_PUSH_EMPTY,  WY_E_PUSH_FORM,   WY_E_PUSH_INCOMPLETE,
                             WY_E_XML_SYNTAX,  WY_E_XML_DOCTYPE, WY_E_XML_COUNT,
                             WY_E_JSON_SYNTAX, WY_E_JSON_TYPE};
  for (int mode = WY_MODE_PLAIN; mode <= WY_MODE_SAFE; mode++) {
    gate.mode = (wy_mode)mode;
    for (size_t i = 0; i < sizeof query / sizeof *query; i++)
      assert_int_equal(wy_gate_status(&gate, query[i]), 400);
    for (size_t i = 0; i < sizeof sender / sizeof *sender; i++)
      assert_int_equal(wy_gate_status(&gate, sender[i]), 403);
    for (size_t i = 0; i < sizeof body / sizeof *body; i++)
      assert_int_equal(wy_gate_status(&gate, body[i]), mode == WY_MODE_PLAIN ? 400 : 403);
    assert_int_equal(wy_gate_status(&gate, WY_E_NOMEM), 500);
  }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      T(opens_plain),
      T(opens_safe_and_seals_the_answer),
      T(leaves_plain_answers_alone),
      T(takes_the_decrypted_text_in_compatible_mode),
      T(refuses_a_downgrade_before_anything_else),
      T(refuses_unknown_protection_in_every_mode),
      T(refuses_an_envelope_in_plain_mode),
      T(names_what_is_missing_stale_or_wrong),
      T(keeps_the_window),
      T(checks_both_signatures),
      T(follows_a_key_rotation),
      T(names_the_faults_of_an_envelope),
      T(checks_the_receive_id),
      T(checks_to_user_name),
      T(wants_a_whole_message),
      T(accepts_no_flipped_bit),
      T(survives_what_came_before),
      T(verifies_the_url),
      T(keeps_a_decoded_nonce),
      T(tells_a_stranger_nothing),
  };
  return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
