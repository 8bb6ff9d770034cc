/* push_build: a push as WeChat makes it: the message, its envelope, the signed query. */
#include <stdio.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/push.h"
#include "codec/json.h"

/* --- the message --- */

typedef struct field {
  const char *name;
  const char *value; /* NULL: the --media id */
  bool number;
} field;

typedef struct kind {
  const char *type;
  field fields[6];
} kind;

/* The kinds of message, with values that any handler can live with. A text has --text instead. */
static const kind kinds[] = {
    {"text", {{0}}},
    {"image", {{"PicUrl", "http://example.com/wxtest.jpg", 0}, {"MediaId", NULL, 0}}},
    {"voice", {{"MediaId", NULL, 0}, {"Format", "amr", 0}}},
    {"video", {{"MediaId", NULL, 0}, {"ThumbMediaId", "wxtest-thumb", 0}}},
    {"shortvideo", {{"MediaId", NULL, 0}, {"ThumbMediaId", "wxtest-thumb", 0}}},
    {"location",
     {{"Location_X", "23.134521", 1},
      {"Location_Y", "113.358803", 1},
      {"Scale", "20", 1},
      {"Label", "wxtest", 0}}},
    {"link",
     {{"Title", "wxtest", 0}, {"Description", "wxtest", 0}, {"Url", "http://example.com/", 0}}},
    {"file",
     {{"Title", "wxtest.txt", 0},
      {"Description", "", 0},
      {"FileKey", "wxtest-file", 0},
      {"FileMd5", "d41d8cd98f00b204e9800998ecf8427e", 0},
      {"FileTotalLen", "0", 1}}},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

const char *const *wy_cli_push_types(size_t *n) {
  static const char *const names[KINDS] = {"text",       "image",    "voice", "video",
                                           "shortvideo", "location", "link",  "file"};
  *n = KINDS;
  return names;
}

/* WeChat's own spelling of events that people write in lower case. */
static const char *event_name(const char *event) {
  static const char *const upper[] = {"CLICK", "VIEW", "SCAN", "LOCATION"};
  for (size_t i = 0; i < sizeof upper / sizeof *upper; i++)
    if (wy_str_ieq(wy_str_of(event), wy_str_of(upper[i]))) return upper[i];
  return event;
}

/* One element. Like WeChat, nothing is done about a `]]>` in a text. */
static void add(wy_cli_job *p, const char *name, const char *value, bool number) {
  wy_buf *b = &p->message;
  if (p->form == WY_FORM_JSON) {
    wy_buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
    if (number) wy_buf_str(b, wy_str_of(value));
    else wy_json_add_string(b, wy_str_of(value));
  } else if (number) {
    wy_buf_printf(b, "<%s>%s</%s>", name, value, name);
  } else {
    wy_buf_printf(b, "<%s><![CDATA[%s]]></%s>", name, value, name);
  }
}

static void add_event(wy_cli_job *p) {
  const char *event = event_name(p->event), *key = p->key ? p->key : "";
  bool scan = strcmp(event, "SCAN") == 0 || strncmp(key, "qrscene_", 8) == 0;
  add(p, "Event", event, false);
  if (strcmp(event, "LOCATION") == 0) {
    add(p, "Latitude", "23.137466", true);
    add(p, "Longitude", "113.352425", true);
    add(p, "Precision", "119.385040", true);
    return;
  }
  add(p, "EventKey", key, false);
  if (scan) add(p, "Ticket", "wxtest-ticket", false);
}

static void add_content(wy_cli_job *p, const char *type) {
  if (strcmp(type, "text") == 0) {
    add(p, "Content", p->text, false);
    return;
  }
  for (size_t i = 0; i < KINDS; i++) {
    if (strcmp(type, kinds[i].type) != 0) continue;
    for (const field *f = kinds[i].fields; f->name; f++)
      add(p, f->name, f->value ? f->value : p->media ? p->media : "wxtest-media", f->number);
  }
}

int wy_cli_push_message(wy_cli_job *p, int64_t now_ms) {
  uint32_t random = 0;
  char number[24];
  const char *type = p->event ? "event" : p->type ? p->type : "text";
  bool json = p->form == WY_FORM_JSON;
  (void)(json ? wy_buf_lit(&p->message, "{") : wy_buf_lit(&p->message, "<xml>"));
  add(p, "ToUserName", p->to, false);
  add(p, "FromUserName", p->openid, false);
  snprintf(number, sizeof number, "%lld", (long long)(now_ms / 1000));
  add(p, "CreateTime", number, true);
  add(p, "MsgType", type, false);
  if (p->event) {
    add_event(p);
  } else {
    add_content(p, type);
    /* 64 bits and never the same twice, as WeChat's */
    if (wy_crypt_random(p->crypt, &random, sizeof random)) return WY_E_AES_CRYPTO;
    snprintf(number, sizeof number, "%lld",
             (long long)now_ms * 1000000 + (long long)(random % 1000000));
    add(p, "MsgId", number, true);
  }
  (void)(json ? wy_buf_lit(&p->message, "}") : wy_buf_lit(&p->message, "</xml>"));
  return p->message.failed ? WY_E_NOMEM : 0;
}

/* --- the request --- */

static void add_escaped(wy_buf *b, const char *text) {
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    bool bare = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-_.~", c);
    if (bare) wy_buf_add(b, &c, 1);
    else wy_buf_printf(b, "%%%02X", c);
  }
}

/* The message without what closes its root, so that one element more can follow. */
static int open_root(const wy_cli_job *p, wy_str *head) {
  wy_str m = wy_str_trim(wy_buf_view(&p->message));
  wy_str close = p->form == WY_FORM_JSON ? WY_STR("}") : WY_STR("</xml>");
  if (m.n < close.n || memcmp(m.p + m.n - close.n, close.p, close.n) != 0) return WY_E_PUSH_FORM;
  *head = (wy_str){m.p, m.n - close.n};
  return 0;
}

static int add_body(wy_cli_job *p, wy_str encrypt) {
  wy_buf *b = &p->body;
  bool json = p->form == WY_FORM_JSON;
  if (p->mode == WY_MODE_PLAIN) return wy_buf_str(b, wy_buf_view(&p->message));
  if (p->mode == WY_MODE_COMPATIBLE) { /* every plain field stands beside the sealed copy */
    wy_str head;
    int err = open_root(p, &head);
    if (err) return err;
    wy_buf_str(b, head);
    if (json) wy_buf_lit(b, ",");
  } else if (json) {
    wy_buf_lit(b, "{\"ToUserName\":");
    wy_json_add_string(b, wy_str_of(p->to));
    wy_buf_lit(b, ",");
  } else {
    wy_buf_printf(b, "<xml><ToUserName><![CDATA[%s]]></ToUserName>", p->to);
  }
  (void)(json ? wy_buf_lit(b, "\"Encrypt\":\"") : wy_buf_lit(b, "<Encrypt><![CDATA["));
  wy_buf_str(b, encrypt);
  (void)(json ? wy_buf_lit(b, "\"}") : wy_buf_lit(b, "]]></Encrypt></xml>"));
  return b->failed ? WY_E_NOMEM : 0;
}

int wy_cli_push_wrap(wy_cli_job *p, int64_t now) {
  char timestamp[24], nonce[16], signature[WY_SIG];
  uint32_t random;
  wy_buf sealed;
  wy_buf_init(&sealed, 2 * WY_CLI_BODY);
  int err = wy_crypt_random(p->crypt, &random, sizeof random);
  if (err) return err;
  snprintf(timestamp, sizeof timestamp, "%lld", (long long)now);
  snprintf(nonce, sizeof nonce, "%u", random);
  if (p->mode != WY_MODE_PLAIN)
    err =
        wy_aes_seal(p->crypt, p->aes, NULL, wy_buf_view(&p->message), wy_str_of(p->appid), &sealed);
  const wy_str parts[] = {wy_str_of(p->token), wy_str_of(timestamp), wy_str_of(nonce),
                          wy_buf_view(&sealed)};
  if (!err) err = wy_crypt_sign(p->crypt, parts, 3, signature);
  if (!err) {
    wy_buf_printf(&p->query, "signature=%.*s&timestamp=%s&nonce=%s&openid=", WY_SIG, signature,
                  timestamp, nonce);
    add_escaped(&p->query, p->openid);
  }
  if (!err && p->mode != WY_MODE_PLAIN) {
    err = wy_crypt_sign(p->crypt, parts, 4, signature);
    wy_buf_printf(&p->query, "&encrypt_type=aes&msg_signature=%.*s", WY_SIG, signature);
  }
  if (!err) err = add_body(p, wy_buf_view(&sealed));
  if (!err && p->query.failed) err = WY_E_NOMEM;
  wy_buf_deinit(&sealed);
  return err;
}
