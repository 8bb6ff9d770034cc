/* reply: the kinds of passive reply and how they are written. Nothing here decides what to answer:
 * fields come in, one document goes out. */
#include "codec/reply.h"

#include "base/err.h"
#include "base/utf8.h"
#include "codec/crypt.h"
#include "codec/json.h"
#include "codec/xml.h"

#define DEVICE_TYPE \
  { .key = "device_type", .element = "DeviceType", .required = true }
#define DEVICE_ID \
  { .key = "device_id", .element = "DeviceID", .required = true }
#define SESSION \
  { .key = "session_id", .element = "SessionID", .required = true }
#define DEVICE_CONTENT \
  { .key = "content", .element = "Content", .required = true, .base64 = true }
#define MEDIA \
  { .key = "media_id", .element = "MediaId", .required = true }
#define TITLE \
  { .key = "title", .element = "Title" }
#define DESCRIPTION \
  { .key = "description", .element = "Description" }

static const wy_reply_type types[] = {
    {.name = "text",
     .msgtype = "text",
     .fields = {{.key = "content", .element = "Content", .required = true}}},
    {.name = "image", .msgtype = "image", .wrap = "Image", .fields = {MEDIA}},
    {.name = "voice", .msgtype = "voice", .wrap = "Voice", .fields = {MEDIA}},
    {.name = "video", .msgtype = "video", .wrap = "Video", .fields = {MEDIA, TITLE, DESCRIPTION}},
    {.name = "music",
     .msgtype = "music",
     .wrap = "Music",
     .fields = {TITLE,
                DESCRIPTION,
                {.key = "url", .element = "MusicUrl"},
                {.key = "hq_url", .element = "HQMusicUrl"},
                {.key = "thumb_media_id", .element = "ThumbMediaId", .required = true}}},
    {.name = "news", .msgtype = "news", .articles = true},
    {.name = "transfer",
     .msgtype = "transfer_customer_service",
     .wrap = "TransInfo",
     .fields = {{.key = "account", .element = "KfAccount"}}},
    {.name = "device_text",
     .msgtype = "device_text",
     .fields = {DEVICE_TYPE, DEVICE_ID, SESSION, DEVICE_CONTENT}},
    {.name = "device_event",
     .msgtype = "device_event",
     .fields = {{.key = "event", .element = "Event", .required = true},
                DEVICE_TYPE,
                DEVICE_ID,
                SESSION,
                DEVICE_CONTENT}},
    {.name = "device_status",
     .msgtype = "device_status",
     .fields = {DEVICE_TYPE,
                DEVICE_ID,
                {.key = "status", .element = "DeviceStatus", .required = true, .number = true}}},
    {.name = "hardware",
     .msgtype = "hardware",
     .wrap = "HardWare",
     .zero = "FuncFlag",
     .fields = {{.key = "view", .element = "MessageView", .required = true},
                {.key = "action", .element = "MessageAction", .required = true}}},
};

const wy_reply_type *wy_reply_types(size_t *n) {
  *n = sizeof types / sizeof *types;
  return types;
}

const wy_reply_type *wy_reply_type_find(wy_str name) {
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (wy_str_eq(name, wy_str_of(types[i].name))) return &types[i];
  return NULL;
}

void wy_reply_limit(wy_reply *r, size_t articles_max, wy_reply_cut *cut) {
  *cut = (wy_reply_cut){.articles = r->articles_dropped};
  if (r->type == &types[0]) {
    size_t keep = wy_utf8_cut(r->fields[0], WY_REPLY_TEXT);
    cut->text_bytes = r->fields[0].n - keep;
    r->fields[0].n = keep;
  }
  if (r->n_articles > articles_max) {
    cut->articles += r->n_articles - articles_max;
    r->n_articles = articles_max;
  }
}

int wy_reply_check(const wy_reply *r, const char **missing) {
  uint64_t number;
  *missing = NULL;
  if (r->type->articles) {
    if (r->n_articles == 0) *missing = "articles";
    for (size_t i = 0; i < r->n_articles; i++)
      if (r->articles[i].title.n == 0) *missing = "title";
    return *missing ? WY_E_REPLY_FIELD : 0;
  }
  for (size_t i = 0; r->type->fields[i].key; i++) {
    const wy_reply_field *f = &r->type->fields[i];
    wy_str value = r->fields[i];
    bool absent = f->required && value.n == 0;
    bool no_number =
        f->number && value.n > 0 && (!wy_str_u64(value, &number) || number > INT64_MAX);
    if (!absent && !no_number) continue;
    *missing = f->key;
    return WY_E_REPLY_FIELD;
  }
  return 0;
}

/* Writing. One walk over the reply serves both forms; a writer knows only how each is spelt. */

typedef struct writer {
  wy_buf *out;
  wy_form form;
  bool comma; /* JSON: something stands before in this object */
  wy_buf scratch;
} writer;

static char *put(char *to, const char *p, size_t n) {
  memcpy(to, p, n);
  return to + n;
}
#define PUT(to, literal) put(to, "" literal, sizeof literal - 1)

/* `<name>` or `"name":` */
static void open_name(writer *w, const char *name) {
  size_t n = strlen(name);
  char *to = wy_buf_reserve(w->out, n + 4);
  if (!to) return;
  char *start = to;
  if (w->form == WY_FORM_JSON) {
    if (w->comma) *to++ = ',';
    *to++ = '"';
    to = put(to, name, n);
    to = PUT(to, "\":");
    w->comma = true;
  } else {
    *to++ = '<';
    to = put(to, name, n);
    *to++ = '>';
  }
  wy_buf_added(w->out, (size_t)(to - start));
}

static void close_name(writer *w, const char *name) {
  if (w->form == WY_FORM_JSON) return;
  size_t n = strlen(name);
  char *to = wy_buf_reserve(w->out, n + 3);
  if (!to) return;
  to = PUT(to, "</");
  to = put(to, name, n);
  *to = '>';
  wy_buf_added(w->out, n + 3);
}

static void open_object(writer *w) {
  if (w->form == WY_FORM_JSON) (void)wy_buf_lit(w->out, "{");
  w->comma = false;
}

static void close_object(writer *w) {
  if (w->form == WY_FORM_JSON) (void)wy_buf_lit(w->out, "}");
  w->comma = true;
}

/* Where a byte of w equals c (of w, repeated eight times), the result is not zero. */
static uint64_t has(uint64_t w, uint64_t c) {
  w ^= c;
  return (w - UINT64_C(0x0101010101010101)) & ~w & UINT64_C(0x8080808080808080);
}

/* The high bit is set in bytes that are not ASCII, not printable or ']'. */
static uint64_t odd(uint64_t word) {
  uint64_t control = (word - UINT64_C(0x2020202020202020)) & ~word;
  return word | control | has(word, UINT64_C(0x5D5D5D5D5D5D5D5D));
}

/* True: nothing needs to be looked at twice. Most texts of a reply's head are such. */
static bool is_simple(wy_str s) {
  uint64_t bad = 0, word;
  size_t i = 0;
  for (; i + sizeof word <= s.n; i += sizeof word) {
    memcpy(&word, s.p + i, sizeof word);
    bad |= odd(word);
  }
  word = UINT64_C(0x2020202020202020);
  memcpy(&word, s.p + i, s.n - i);
  return !((bad | odd(word)) & UINT64_C(0x8080808080808080));
}

static void add_simple(writer *w, const char *name, wy_str text) {
  size_t n = strlen(name), whole = 2 * n + text.n + sizeof "<><![CDATA[]]></>" - 1;
  char *to = wy_buf_reserve(w->out, whole);
  if (!to) return;
  *to++ = '<';
  to = put(to, name, n);
  to = PUT(to, "><![CDATA[");
  to = put(to, text.p, text.n);
  to = PUT(to, "]]></");
  to = put(to, name, n);
  *to = '>';
  wy_buf_added(w->out, whole);
}

static void add_text(writer *w, const char *name, wy_str text) {
  if (!text.p) text = WY_STR(""); /* an article's optional text */
  if (w->form == WY_FORM_XML && is_simple(text)) {
    add_simple(w, name, text);
    return;
  }
  open_name(w, name);
  if (w->form == WY_FORM_XML) {
    (void)wy_xml_add_cdata(w->out, text);
  } else { /* the same characters as XML would carry */
    wy_buf_clear(&w->scratch);
    if (wy_utf8_add_xml(&w->scratch, text)) w->out->failed = true;
    (void)wy_json_add_string(w->out, wy_buf_view(&w->scratch));
  }
  close_name(w, name);
}

static void add_number(writer *w, const char *name, int64_t value) {
  open_name(w, name);
  (void)wy_buf_i64(w->out, value);
  close_name(w, name);
}

static void add_base64(writer *w, const char *name, wy_str raw) {
  open_name(w, name);
  (void)(w->form == WY_FORM_XML ? wy_buf_lit(w->out, "<![CDATA[") : wy_buf_lit(w->out, "\""));
  (void)wy_base64_add(w->out, raw);
  (void)(w->form == WY_FORM_XML ? wy_buf_lit(w->out, "]]>") : wy_buf_lit(w->out, "\""));
  close_name(w, name);
}

static void add_field(writer *w, const wy_reply_field *f, wy_str value) {
  uint64_t number = 0;
  if (f->base64) add_base64(w, f->element, value);
  else if (f->number && wy_str_u64(value, &number)) add_number(w, f->element, (int64_t)number);
  else add_text(w, f->element, value);
}

static void add_fields(writer *w, const wy_reply *r) {
  const wy_reply_type *t = r->type;
  bool any = false;
  for (size_t i = 0; t->fields[i].key; i++) {
    if (!r->fields[i].p) continue;
    if (!any && t->wrap) {
      open_name(w, t->wrap);
      open_object(w);
    }
    any = true;
    add_field(w, &t->fields[i], r->fields[i]);
  }
  if (any && t->wrap) {
    close_object(w);
    close_name(w, t->wrap);
  }
  if (t->zero) add_number(w, t->zero, 0);
}

static void add_articles(writer *w, const wy_reply *r) {
  bool json = w->form == WY_FORM_JSON;
  add_number(w, "ArticleCount", (int64_t)r->n_articles);
  open_name(w, "Articles");
  if (json) (void)wy_buf_lit(w->out, "[");
  for (size_t i = 0; i < r->n_articles; i++) {
    const wy_article *a = &r->articles[i];
    if (!json) (void)wy_buf_lit(w->out, "<item>");
    else if (i) (void)wy_buf_lit(w->out, ",");
    open_object(w);
    add_text(w, "Title", a->title);
    add_text(w, "Description", a->description);
    add_text(w, "PicUrl", a->pic_url);
    add_text(w, "Url", a->url);
    close_object(w);
    if (!json) (void)wy_buf_lit(w->out, "</item>");
  }
  if (json) (void)wy_buf_lit(w->out, "]");
  close_name(w, "Articles");
}

int wy_reply_build(const wy_reply *r, const wy_reply_head *head, wy_form form, wy_buf *out) {
  writer w = {.out = out, .form = form};
  wy_buf_init(&w.scratch, out->max);
  if (form == WY_FORM_XML) (void)wy_buf_lit(out, "<xml>");
  open_object(&w);
  add_text(&w, "ToUserName", head->to);
  add_text(&w, "FromUserName", head->from);
  add_number(&w, "CreateTime", head->created);
  add_text(&w, "MsgType", wy_str_of(r->type->msgtype));
  if (r->type->articles) add_articles(&w, r);
  else add_fields(&w, r);
  close_object(&w);
  if (form == WY_FORM_XML) (void)wy_buf_lit(out, "</xml>");
  wy_buf_deinit(&w.scratch);
  return out->failed ? WY_E_NOMEM : 0;
}
