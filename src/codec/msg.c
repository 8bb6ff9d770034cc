/* msg: see msg.h. The head is filled in one pass over the top-level nodes. */
#include "codec/msg.h"

#include "base/err.h"
#include "codec/json.h"
#include "codec/xml.h"

enum { COUNT_MAX = 65536 };

static void clear_head(wy_msg *m) {
  const wy_str absent = {NULL, 0};
  m->to = m->from = m->type = m->event = m->event_key = absent;
  m->content = m->id = m->encrypt = m->info_type = absent;
  m->created = 0;
}

void wy_msg_init(wy_msg *m) {
  wy_doc_init(&m->doc);
  clear_head(m);
}

void wy_msg_deinit(wy_msg *m) {
  wy_doc_deinit(&m->doc);
  clear_head(m);
}

static inline bool is(wy_str name, const char *literal) {
  return memcmp(name.p, literal, name.n) == 0; /* the lengths are equal already */
}

static int read_created(wy_str text, int64_t *out) {
  uint64_t v;
  text = wy_str_trim(text);
  if (text.n > 20 || !wy_str_u64(text, &v) || v == 0 || v > INT64_MAX) return WY_E_XML_INT;
  *out = (int64_t)v;
  return 0;
}

static int read_id(wy_str text, wy_str *out) {
  uint64_t v;
  text = wy_str_trim(text);
  if (text.n > 20 || !wy_str_u64(text, &v)) return WY_E_XML_INT;
  *out = text;
  return 0;
}

/* Nothing is allocated by a count; but who writes such a number means harm. */
static int check_count(wy_str text) {
  uint64_t v;
  text = wy_str_trim(text);
  if (text.n == 0) return 0;
  for (size_t i = 0; i < text.n; i++)
    if (text.p[i] < '0' || text.p[i] > '9') return 0;
  return wy_str_u64(text, &v) && v <= COUNT_MAX ? 0 : WY_E_XML_COUNT;
}

/* The first of a repeated element wins. */
static inline void take(wy_str *field, wy_str text) {
  if (!field->p) *field = text;
}

static bool is_event(wy_str type) {
  return wy_str_ieq(type, WY_STR("event")) || wy_str_ieq(type, WY_STR("device_event"));
}

static int read_head(wy_msg *m) {
  wy_str big_id = {NULL, 0}; /* MsgID, as events have it */
  int err = 0;
  for (size_t i = 0; i < m->doc.n && !err; i++) {
    const wy_node *node = &m->doc.nodes[i];
    wy_str name = node->name, text = node->text;
    if (node->branch) continue;
    if ((name.n == 5 && is(name, "Count")) || (name.n == 12 && is(name, "ArticleCount")))
      err = check_count(text);
    if (err || node->parent != WY_DOC_NONE || node->item) continue; /* a list is no head element */
    switch (name.n) {
      case 5:
        if (is(name, "MsgId")) err = read_id(text, &m->id);
        else if (is(name, "Event")) take(&m->event, wy_str_trim(text));
        else if (is(name, "MsgID")) err = read_id(text, &big_id);
        break;
      case 7:
        if (is(name, "MsgType")) take(&m->type, wy_str_trim(text));
        else if (is(name, "Content")) take(&m->content, text);
        else if (is(name, "Encrypt")) take(&m->encrypt, wy_str_trim(text));
        break;
      case 8:
        if (is(name, "EventKey")) take(&m->event_key, text);
        else if (is(name, "InfoType")) take(&m->info_type, wy_str_trim(text));
        break;
      case 10:
        if (is(name, "ToUserName")) take(&m->to, text);
        else if (is(name, "CreateTime")) err = read_created(text, &m->created);
        break;
      case 12:
        if (is(name, "FromUserName")) take(&m->from, text);
        break;
      default: break;
    }
  }
  if (!m->id.p) m->id = big_id;
  if (!is_event(m->type)) m->event = (wy_str){NULL, 0}; /* whoever wrote it there, it is none */
  return err;
}

int wy_msg_parse(wy_msg *m, wy_str text) {
  clear_head(m);
  wy_doc_clear(&m->doc);
  if (text.n == 0) return WY_E_PUSH_EMPTY;
  const char *p = text.p, *end = text.p + text.n;
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) p++;
  if (p == end) return WY_E_PUSH_EMPTY;
  int err;
  if (*p == '<') err = wy_xml_parse(text, &m->doc);
  else if (*p == '{') err = wy_json_doc(text, &m->doc);
  else return WY_E_PUSH_FORM;
  if (!err) err = read_head(m);
  if (err) {
    clear_head(m);
    wy_doc_clear(&m->doc);
  }
  return err;
}

int wy_msg_complete(const wy_msg *m) {
  if (m->to.n == 0 || m->from.n == 0 || m->type.n == 0) return WY_E_PUSH_INCOMPLETE;
  return m->event.n == 0 && is_event(m->type) ? WY_E_PUSH_INCOMPLETE : 0;
}

static wy_str text_of(const wy_doc *doc, wy_str name) {
  const wy_node *node = wy_doc_find(doc, WY_DOC_NONE, name);
  return node && !node->branch ? node->text : (wy_str){0};
}

wy_str wy_msg_openid(const wy_msg *m) {
  wy_str id = {0};
  if (m->event.n < 18) return m->from; /* shorter than any of these */
  if (wy_str_ieq(m->event, WY_STR("user_info_modified")) ||
      wy_str_ieq(m->event, WY_STR("user_authorization_revoke")) ||
      wy_str_ieq(m->event, WY_STR("user_authorization_cancellation"))) {
    id = text_of(&m->doc, WY_STR("OpenID"));
    if (!id.n) id = text_of(&m->doc, WY_STR("openid"));
  }
  return id.n ? id : m->from;
}
