/* query: WeChat's parameters out of a query string. Nothing is allocated: values without escapes
 * are spans of the query, the others are decoded into the wy_query. */
#include "codec/query.h"

#include "base/err.h"
#include "base/utf8.h"

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The decoded byte at s->p, which is consumed; -1: a bad escape. */
static int next_byte(wy_str *s, bool plus) {
  char c = s->p[0];
  if (c != '%') {
    s->p++, s->n--;
    return c == '+' && plus ? ' ' : (unsigned char)c;
  }
  if (s->n < 3) return -1;
  int high = hex(s->p[1]), low = hex(s->p[2]);
  if (high < 0 || low < 0) return -1;
  s->p += 3, s->n -= 3;
  return high << 4 | low;
}

bool wy_percent_decode(wy_str in, bool plus, char *out, size_t *n) {
  size_t k = 0;
  while (in.n) {
    int c = next_byte(&in, plus);
    if (c < 0) return false;
    out[k++] = (char)c;
  }
  *n = k;
  return true;
}

/* Decoding would succeed, and give UTF-8 without NUL. Needs no room for the result. */
static bool text_ok(wy_str s) {
  char window[4];
  size_t have = 0;
  while (s.n) {
    int c = next_byte(&s, true);
    if (c <= 0) return false;
    window[have++] = (char)c;
    if (wy_utf8_char(window, have)) have = 0;
    else if (have == sizeof window) return false;
  }
  return have == 0;
}

#define EACH(byte) ((byte)*UINT64_C(0x0101010101010101))

/* Not zero where a byte of the word is zero. */
static uint64_t has_zero(uint64_t word) { return (word - EACH(1)) & ~word & EACH(0x80); }

/* Nothing to decode or to check: ASCII without '%', '+' and NUL. */
static bool is_clean(wy_str s) {
  uint64_t bad = 0, word;
  size_t i = 0;
  for (; i + sizeof word <= s.n; i += sizeof word) {
    memcpy(&word, s.p + i, sizeof word);
    bad |= word | has_zero(word) | has_zero(word ^ EACH('%')) | has_zero(word ^ EACH('+'));
  }
  word = EACH('0');
  memcpy(&word, s.p + i, s.n - i);
  bad |= word | has_zero(word) | has_zero(word ^ EACH('%')) | has_zero(word ^ EACH('+'));
  return !(bad & EACH(0x80));
}

static const struct {
  wy_str name;
  size_t offset;
} slots[] = {
#define SLOT(field) \
  { {#field, sizeof #field - 1}, offsetof(wy_query, field) }
    SLOT(signature),    SLOT(timestamp),     SLOT(nonce),  SLOT(openid),
    SLOT(encrypt_type), SLOT(msg_signature), SLOT(echostr)
#undef SLOT
};

static wy_str *slot(wy_query *q, wy_str name) {
  for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
    if (wy_str_eq(name, slots[i].name)) return (wy_str *)(void *)((char *)q + slots[i].offset);
  return NULL;
}

static int take(wy_query *q, size_t *used, wy_str name, wy_str value, bool clean) {
  enum { NAME = 64 }; /* an escaped name longer than this is none of ours */
  char decoded_name[NAME];
  if (!clean) {
    if (!text_ok(name) || !text_ok(value)) return WY_E_QUERY_SYNTAX;
    if (name.n > NAME) return 0;
    wy_percent_decode(name, true, decoded_name, &name.n);
    name.p = decoded_name;
  }
  wy_str *at = slot(q, name);
  if (!at) return 0;
  if (at->p) return WY_E_QUERY_DUP;
  if (!clean && !is_clean(value)) {
    if (value.n > sizeof q->decoded - *used) return WY_E_QUERY_LONG;
    char *to = q->decoded + *used;
    wy_percent_decode(value, true, to, &value.n);
    value.p = to;
    *used += value.n;
  }
  if (at == &q->echostr && value.n > WY_QUERY_ECHO) return WY_E_QUERY_LONG;
  *at = value;
  return 0;
}

int wy_query_parse(wy_str query, wy_query *out) {
  out->signature = out->timestamp = out->nonce = out->openid = (wy_str){NULL, 0};
  out->encrypt_type = out->msg_signature = out->echostr = (wy_str){NULL, 0};
  if (query.n == 0) return 0;
  bool clean = is_clean(query);
  const char *p = query.p, *end = query.p + query.n;
  size_t used = 0;
  for (size_t count = 1;; count++) {
    if (count > WY_QUERY_PARAMS) return WY_E_QUERY_MANY;
    const char *stop = memchr(p, '&', (size_t)(end - p));
    if (!stop) stop = end;
    const char *equals = memchr(p, '=', (size_t)(stop - p));
    wy_str name = {p, (size_t)((equals ? equals : stop) - p)};
    wy_str value = equals ? (wy_str){equals + 1, (size_t)(stop - equals - 1)} : (wy_str){stop, 0};
    int err = take(out, &used, name, value, clean);
    if (err) return err;
    if (stop == end) return 0;
    p = stop + 1;
  }
}
