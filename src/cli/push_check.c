/* push_check: what WeChat would make of an answer. The first fault counts. */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/push.h"

void wy_cli_wrong(wy_cli_answer *a, const char *format, ...) {
  if (*a->error) return;
  a->good = false;
  va_list args;
  va_start(args, format);
  vsnprintf(a->error, sizeof a->error, format, args);
  va_end(args);
}

/* The text of a top-level element, without blanks around it; p NULL: absent. */
static wy_str element(const wy_msg *m, wy_str name) {
  const wy_node *node = wy_doc_find(&m->doc, WY_DOC_NONE, name);
  return node && !node->branch ? wy_str_trim(node->text) : (wy_str){NULL, 0};
}

/* --- the envelope --- */

static void open_envelope(const wy_cli_job *p, wy_cli_answer *a) {
  wy_str timestamp = element(&a->msg, WY_STR("TimeStamp")),
         nonce = element(&a->msg, WY_STR("Nonce"));
  wy_str have = element(&a->msg, WY_STR("MsgSignature"));
  const wy_str parts[] = {wy_str_of(p->token), timestamp, nonce, a->msg.encrypt};
  char want[WY_SIG];
  wy_frame frame;
  if (!timestamp.p || !nonce.p || !have.p) {
    wy_cli_wrong(a, "%s",
                 wy_tr("加密的回复缺 MsgSignature、TimeStamp 或 Nonce",
                       "the encrypted reply lacks MsgSignature, TimeStamp or Nonce"));
    return;
  }
  if (wy_crypt_sign(p->crypt, parts, 4, want) || !wy_sig_equal(have, want)) {
    wy_cli_wrong(a, "%s", wy_tr("回复的 MsgSignature 不对", "the reply's MsgSignature is wrong"));
    return;
  }
  int err = wy_aes_open(p->crypt, p->aes, a->msg.encrypt, &a->plain, &frame);
  if (err) {
    wy_cli_wrong(a, wy_tr("回复解不开：%s", "the reply cannot be decrypted: %s"),
                 wy_cli_strerror(err));
    return;
  }
  if (!wy_str_eq(frame.receive_id, wy_str_of(p->appid))) {
    wy_cli_wrong(a,
                 wy_tr("回复密文里的 AppID 是 %.*s，应为 %s",
                       "the AppID in the encrypted reply is %.*s, not %s"),
                 (int)(frame.receive_id.n < 64 ? frame.receive_id.n : 64), frame.receive_id.p,
                 p->appid);
    return;
  }
  err = wy_msg_parse(&a->msg, frame.message); /* ends what was parsed of the envelope */
  if (err)
    wy_cli_wrong(a,
                 wy_tr("解密后的回复不是 XML 或 JSON：%s", "the decrypted reply is no message: %s"),
                 wy_cli_strerror(err));
}

static void check_form(const wy_cli_job *p, wy_cli_answer *a) {
  if (a->msg.doc.form == p->form) return;
  wy_cli_wrong(a, "%s",
               p->form == WY_FORM_XML
                   ? wy_tr("推送是 XML，回复却是 JSON", "the push was XML, the reply is JSON")
                   : wy_tr("推送是 JSON，回复却是 XML", "the push was JSON, the reply is XML"));
}

static void check_protection(const wy_cli_job *p, wy_cli_answer *a) {
  bool sealed = a->msg.encrypt.p != NULL;
  if (sealed && p->mode == WY_MODE_PLAIN)
    wy_cli_wrong(a, "%s",
                 wy_tr("明文模式下回复却加密了", "the reply is encrypted, the mode is plain"));
  else if (!sealed && p->mode == WY_MODE_SAFE)
    wy_cli_wrong(a, "%s",
                 wy_tr("安全模式下回复却没有加密", "the reply is not encrypted, the mode is safe"));
  else if (sealed) open_envelope(p, a);
}

/* --- the reply --- */

static void check_head(const wy_cli_job *p, wy_cli_answer *a) {
  const wy_msg *m = &a->msg;
  if (m->to.n == 0 || m->from.n == 0 || m->type.n == 0 || m->created == 0)
    wy_cli_wrong(a, "%s",
                 wy_tr("回复缺 ToUserName、FromUserName、CreateTime 或 MsgType",
                       "the reply lacks ToUserName, FromUserName, CreateTime or MsgType"));
  else if (!wy_str_eq(m->to, wy_str_of(p->openid)) || !wy_str_eq(m->from, wy_str_of(p->to)))
    wy_cli_wrong(a,
                 wy_tr("ToUserName 应为 %s，FromUserName 应为 %s（与推送对调）",
                       "ToUserName must be %s and FromUserName %s (the push's, swapped)"),
                 p->openid, p->to);
}

static const wy_reply_type *find_type(wy_str msgtype) {
  size_t n;
  const wy_reply_type *types = wy_reply_types(&n);
  for (size_t i = 0; i < n; i++)
    if (wy_str_eq(msgtype, wy_str_of(types[i].msgtype))) return &types[i];
  return NULL;
}

static uint16_t place(const wy_doc *doc, const wy_node *node) {
  return (uint16_t)(node - doc->nodes);
}

wy_str wy_cli_field(const wy_cli_answer *a, const wy_reply_field *field) {
  const wy_doc *doc = &a->msg.doc;
  uint16_t parent = WY_DOC_NONE;
  if (a->type->wrap) {
    const wy_node *wrap = wy_doc_find(doc, WY_DOC_NONE, wy_str_of(a->type->wrap));
    if (!wrap || !wrap->branch) return (wy_str){NULL, 0};
    parent = place(doc, wrap);
  }
  const wy_node *node = wy_doc_find(doc, parent, wy_str_of(field->element));
  return node && !node->branch ? node->text : (wy_str){NULL, 0};
}

/* XML: Articles/item. JSON: Articles is an array, or an object with an array `item`. */
size_t wy_cli_articles(const wy_doc *doc, uint16_t *places, size_t max) {
  size_t n = 0;
  for (size_t i = 0; i < doc->n; i++) {
    const wy_node *node = &doc->nodes[i];
    if (node->parent != WY_DOC_NONE || !node->branch || node->none ||
        !wy_str_eq(node->name, WY_STR("Articles")))
      continue;
    bool direct = node->item && !wy_doc_find(doc, (uint16_t)i, WY_STR("item"));
    if (direct && n < max) places[n++] = (uint16_t)i;
    for (size_t k = i + 1; k < doc->n && !direct && n < max; k++)
      if (doc->nodes[k].parent == i && doc->nodes[k].branch && !doc->nodes[k].none &&
          wy_str_eq(doc->nodes[k].name, WY_STR("item")))
        places[n++] = (uint16_t)k;
  }
  return n;
}

static void check_articles(wy_cli_answer *a) {
  static const char *const names[] = {"Title", "Description", "PicUrl", "Url"};
  uint16_t places[WY_REPLY_ARTICLES + 1];
  uint64_t count = 0;
  const wy_doc *doc = &a->msg.doc;
  size_t n = wy_cli_articles(doc, places, WY_REPLY_ARTICLES + 1);
  wy_str text = element(&a->msg, WY_STR("ArticleCount"));
  if (n == 0 || n > WY_REPLY_ARTICLES)
    wy_cli_wrong(a, wy_tr("图文应有 1 到 %d 条", "news must have 1 to %d articles"),
                 WY_REPLY_ARTICLES);
  else if (!wy_str_u64(text, &count) || count != n)
    wy_cli_wrong(a,
                 wy_tr("ArticleCount 与图文条数 %zu 不符",
                       "ArticleCount is not the number of articles, %zu"),
                 n);
  for (size_t i = 0; i < n && !*a->error; i++) {
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
      const wy_node *node = wy_doc_find(doc, places[i], wy_str_of(names[k]));
      if (!node || (k == 0 && node->text.n == 0))
        wy_cli_wrong(a, wy_tr("第 %zu 条图文缺 %s", "article %zu lacks %s"), i + 1, names[k]);
    }
  }
}

static void check_fields(wy_cli_answer *a) {
  uint64_t number;
  for (const wy_reply_field *f = a->type->fields; f->key; f++) {
    wy_str value = wy_cli_field(a, f);
    if (f->required && value.n == 0)
      wy_cli_wrong(a,
                   value.p ? wy_tr("%s 回复的 %s 是空的", "the %s reply's %s is empty")
                           : wy_tr("%s 回复缺 %s", "the %s reply lacks %s"),
                   a->type->msgtype, f->element);
    else if (f->number && value.p && !wy_str_u64(wy_str_trim(value), &number))
      wy_cli_wrong(a, wy_tr("%s 回复的 %s 不是数字", "the %s reply's %s is no number"),
                   a->type->msgtype, f->element);
  }
}

static void check_reply(const wy_cli_job *p, wy_cli_answer *a) {
  check_head(p, a);
  if (*a->error) return;
  const wy_reply_type *type = find_type(a->msg.type);
  if (!type) {
    wy_cli_wrong(a, wy_tr("没有这种回复：MsgType 是 %.*s", "no such reply: MsgType is %.*s"),
                 (int)(a->msg.type.n < 64 ? a->msg.type.n : 64), a->msg.type.p);
    return;
  }
  a->type = type;
  if (type->articles) check_articles(a);
  else check_fields(a);
}

/* What to do about a status of our own host; "" where nothing is known. */
static const char *remedy(long status) {
  switch (status) {
    case 403:
      return wy_tr("；原因见宿主的日志（event=sig.…）；推给沙箱要加 --sandbox",
                   "; the host's log says why (event=sig.…); to a sandbox: --sandbox");
    case 404: return wy_tr("；路径与账号的 path 一样吗？", "; is this the account's path?");
    case 421:
      return wy_tr("；这个主机名不在那里账号的 url 和 hosts 里；这个端口上是别的宿主吗？",
                   "; this host is neither in an account's url nor in hosts there; is it another "
                   "host that has this port?");
    default: return "";
  }
}

void wy_cli_push_check(const wy_cli_job *p, wy_cli_answer *a) {
  wy_str body = wy_buf_view(&a->body);
  if (*a->error) return;
  if (a->status != 200) {
    wy_cli_wrong(a, wy_tr("HTTP 状态是 %ld，应为 200%s", "the HTTP status is %ld, not 200%s"),
                 a->status, remedy(a->status));
    return;
  }
  a->good = true;
  if (body.n == 0 || wy_str_eq(body, WY_STR("success"))) return;
  int err = wy_msg_parse(&a->msg, body);
  if (err == WY_E_PUSH_FORM || err == WY_E_PUSH_EMPTY) {
    wy_cli_wrong(a, "%s",
                 wy_tr("正文既不是 success、空，也不是 XML 或 JSON",
                       "the body is neither `success` nor empty nor XML nor JSON"));
  } else if (err) {
    wy_cli_wrong(a, wy_tr("正文有错：%s", "the body is malformed: %s"), wy_cli_strerror(err));
  } else {
    check_form(p, a);
    if (!*a->error) check_protection(p, a);
    if (!*a->error) check_form(p, a); /* of what was sealed */
    if (!*a->error) check_reply(p, a);
  }
}
