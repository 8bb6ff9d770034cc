/* json: see json.h. A strict check first (iterative, its memory bounded by the input), then cJSON
 * for trees. A push goes into its doc without cJSON: checked text can be walked by a few lines that
 * trust it, names and texts stay spans of the input, and no digit is touched. */
#include "codec/json.h"

#include <assert.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"

enum {
  INLINE_KEYS = 64,
  FEW_KEYS = 16,     /* up to here pairs are compared, above they are sorted */
  CJSON_DIGITS = 60, /* cJSON 1.7 cuts a number at 63 characters */
  EXACT_DIGITS = 40
};

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Four hex digits at p, or -1. */
static int hex4(const char *p, const char *end) {
  int v = 0;
  if (end - p < 4) return -1;
  for (int i = 0; i < 4; i++) {
    char c = p[i];
    int d = digit(c) ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (d < 0) return -1;
    v = v * 16 + d;
  }
  return v;
}

static bool high_surrogate(int v) { return v >= 0xD800 && v < 0xDC00; }
static bool low_surrogate(int v) { return v >= 0xDC00 && v < 0xE000; }

/* ---- unescaping of checked text ---- */

static size_t put_utf8(char *to, unsigned v) {
  if (v < 0x80) return to[0] = (char)v, 1;
  if (v < 0x800) {
    to[0] = (char)(0xC0 | v >> 6);
    to[1] = (char)(0x80 | (v & 0x3F));
    return 2;
  }
  if (v < 0x10000) {
    to[0] = (char)(0xE0 | v >> 12);
    to[1] = (char)(0x80 | (v >> 6 & 0x3F));
    to[2] = (char)(0x80 | (v & 0x3F));
    return 3;
  }
  to[0] = (char)(0xF0 | v >> 18);
  to[1] = (char)(0x80 | (v >> 12 & 0x3F));
  to[2] = (char)(0x80 | (v >> 6 & 0x3F));
  to[3] = (char)(0x80 | (v & 0x3F));
  return 4;
}

/* The string between quotes into `to`, which has room for raw.n; never longer than that. */
static size_t unescape(wy_str raw, char *to) {
  size_t n = 0;
  const char *p = raw.p, *end = raw.p + raw.n;
  while (p < end) {
    if (*p != '\\') {
      to[n++] = *p++;
      continue;
    }
    char c = p[1];
    p += 2;
    switch (c) {
      case 'b': to[n++] = '\b'; break;
      case 'f': to[n++] = '\f'; break;
      case 'n': to[n++] = '\n'; break;
      case 'r': to[n++] = '\r'; break;
      case 't': to[n++] = '\t'; break;
      case 'u': {
        int v = hex4(p, end);
        p += 4;
        if (high_surrogate(v)) {
          v = 0x10000 + ((v & 0x3FF) << 10) + (hex4(p + 2, end) & 0x3FF);
          p += 6;
        }
        n += put_utf8(to + n, (unsigned)v);
        break;
      }
      default: to[n++] = c; break; /* quote, backslash, slash */
    }
  }
  return n;
}

/* Appends the unescaped string to an arena that was reserved at the input's length before anything
 * pointed into it. */
static int unescape_into(wy_buf *arena, size_t reserve, wy_str raw, wy_str *out) {
  char *to = wy_buf_reserve(arena, arena->n ? raw.n : reserve);
  if (!to) return WY_E_NOMEM;
  size_t n = unescape(raw, to);
  wy_buf_added(arena, n);
  *out = (wy_str){to, n};
  return 0;
}

/* ---- the check ---- */

typedef struct check {
  const char *begin, *p, *end;
  bool control;     /* raw control characters are taken */
  bool long_number; /* one that cJSON would cut */
  unsigned depth, max_depth;
  uint32_t first_key[WY_JSON_DEPTH_MAX]; /* per open object; the keys of open objects are a stack */
  bool object[WY_JSON_DEPTH_MAX];
  wy_str *keys;
  size_t n_keys, cap_keys;
  wy_str inline_keys[INLINE_KEYS];
  wy_buf arena; /* keys that had escapes */
} check;

/* The fault of a byte that cannot stand where it stands. */
static int bad_byte(const check *c) {
  if (c->p < c->end && (*c->p & 0x80) && !wy_utf8_char(c->p, (size_t)(c->end - c->p)))
    return WY_E_JSON_UTF8;
  return WY_E_JSON_SYNTAX;
}

static void skip_blanks(check *c) {
  while (c->p < c->end && blank(*c->p)) c->p++;
}

static int check_escape(check *c, const char *p) {
  if (c->end - p < 2) return WY_E_JSON_SYNTAX;
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return 2;
    case 'u': break;
    default: return WY_E_JSON_SYNTAX;
  }
  int v = hex4(p + 2, c->end);
  if (v < 0) return WY_E_JSON_SYNTAX;
  if (v == 0) return WY_E_JSON_NUL;
  if (low_surrogate(v)) return WY_E_JSON_UTF8;
  if (!high_surrogate(v)) return 6;
  if (c->end - p < 12 || p[6] != '\\' || p[7] != 'u') return WY_E_JSON_UTF8;
  return low_surrogate(hex4(p + 8, c->end)) ? 12 : WY_E_JSON_UTF8;
}

/* At the opening quote; leaves p behind the closing one, or at the fault. */
static int check_string(check *c, wy_str *raw, bool *escaped) {
  const char *from = ++c->p;
  *escaped = false;
  while (c->p < c->end) {
    unsigned char b = (unsigned char)*c->p;
    if (b == '"') {
      *raw = (wy_str){from, (size_t)(c->p - from)};
      c->p++;
      return 0;
    }
    if (b == '\\') {
      int n = check_escape(c, c->p);
      if (n < 0) return n;
      *escaped = true;
      c->p += n;
    } else if (b >= 0x80) {
      size_t n = wy_utf8_char(c->p, (size_t)(c->end - c->p));
      if (!n) return WY_E_JSON_UTF8;
      c->p += n;
    } else if (b < 0x20 && (b == 0 || !c->control)) {
      return b == 0 ? WY_E_JSON_NUL : WY_E_JSON_CTRL;
    } else {
      c->p++;
    }
  }
  return WY_E_JSON_SYNTAX;
}

/* Does a number of JSON's form fit a double? By its decimal magnitude; only the one decade in which
 * the limit lies needs a conversion. */
static bool is_finite(wy_str number) {
  const char *p = number.p, *end = p + number.n;
  char digits[EXACT_DIGITS + 16];
  size_t n = 0;
  long long magnitude = 0, exponent = 0;
  bool point = false, negative = false;
  if (*p == '-') p++;
  for (; p < end && (*p | 32) != 'e'; p++) {
    if (*p == '.') {
      point = true;
      continue;
    }
    if (n == 0 && *p == '0') { /* leading zeros */
      if (point) magnitude--;
      continue;
    }
    if (!point) magnitude++;
    if (n < EXACT_DIGITS) digits[n++] = *p;
  }
  if (n == 0) return true;
  if (p < end) {
    p++;
    negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    for (; p < end; p++)
      if (exponent < 1000000000) exponent = exponent * 10 + (*p - '0');
  }
  magnitude += negative ? -exponent : exponent;
  if (magnitude <= DBL_MAX_10_EXP) return true;
  if (magnitude > DBL_MAX_10_EXP + 1) return false;
  snprintf(digits + n, sizeof digits - n, "e%d", DBL_MAX_10_EXP + 1 - (int)n);
  return strtod(digits, NULL) <= DBL_MAX;
}

static int check_number(check *c) {
  const char *from = c->p, *p = from, *end = c->end;
  if (*p == '-') p++;
  c->p = p;
  if (p == end || !digit(*p)) return WY_E_JSON_NUMBER;
  if (*p++ != '0')
    while (p < end && digit(*p)) p++;
  c->p = p;
  if (p < end && digit(*p)) return WY_E_JSON_NUMBER; /* 01 */
  if (p < end && *p == '.') {
    c->p = ++p;
    if (p == end || !digit(*p)) return WY_E_JSON_NUMBER;
    while (p < end && digit(*p)) p++;
  }
  if (p < end && (*p | 32) == 'e') {
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    c->p = p;
    if (p == end || !digit(*p)) return WY_E_JSON_NUMBER;
    while (p < end && digit(*p)) p++;
  }
  size_t n = (size_t)(p - from);
  c->p = from;
  if (!is_finite((wy_str){from, n})) return WY_E_JSON_NUMBER;
  if (n > CJSON_DIGITS) c->long_number = true;
  c->p = p;
  return 0;
}

static int check_word(check *c, wy_str word) {
  if ((size_t)(c->end - c->p) < word.n || memcmp(c->p, word.p, word.n) != 0)
    return WY_E_JSON_SYNTAX;
  c->p += word.n;
  return 0;
}

static int push_key(check *c, wy_str key) {
  if (c->n_keys == c->cap_keys) {
    bool inlined = c->keys == c->inline_keys;
    wy_str *keys = realloc(inlined ? NULL : c->keys, c->cap_keys * 2 * sizeof *keys);
    if (!keys) return WY_E_NOMEM;
    if (inlined) memcpy(keys, c->inline_keys, sizeof c->inline_keys);
    c->keys = keys;
    c->cap_keys *= 2;
  }
  c->keys[c->n_keys++] = key;
  return 0;
}

static int order_keys(const void *a, const void *b) {
  return wy_str_cmp(*(const wy_str *)a, *(const wy_str *)b);
}

static bool has_twice(wy_str *keys, size_t n) {
  if (n <= FEW_KEYS) {
    for (size_t i = 1; i < n; i++)
      for (size_t k = 0; k < i; k++)
        if (wy_str_eq(keys[i], keys[k])) return true;
    return false;
  }
  qsort(keys, n, sizeof *keys, order_keys);
  for (size_t i = 1; i < n; i++)
    if (wy_str_eq(keys[i - 1], keys[i])) return true;
  return false;
}

/* At a key's quote; leaves p behind the colon. */
static int check_key(check *c) {
  wy_str key;
  bool escaped;
  if (c->p == c->end || *c->p != '"') return bad_byte(c);
  int err = check_string(c, &key, &escaped);
  if (!err && escaped) err = unescape_into(&c->arena, (size_t)(c->end - c->begin), key, &key);
  if (!err) err = push_key(c, key);
  if (err) return err;
  skip_blanks(c);
  if (c->p == c->end || *c->p != ':') return bad_byte(c);
  c->p++;
  return 0;
}

static int open_value(check *c, bool object) {
  if (c->depth == c->max_depth) return WY_E_JSON_DEPTH;
  c->object[c->depth] = object;
  c->first_key[c->depth] = (uint32_t)c->n_keys;
  c->depth++;
  c->p++;
  return 0;
}

static int close_value(check *c) {
  size_t first = c->first_key[--c->depth];
  if (c->object[c->depth] && has_twice(c->keys + first, c->n_keys - first)) return WY_E_JSON_DUP;
  c->n_keys = first;
  c->p++;
  return 0;
}

/* Begins a value at p. *ended: it is complete, else it is an open object or array, p in it. */
static int check_value(check *c, bool *ended) {
  wy_str raw;
  bool escaped;
  *ended = true;
  if (c->p == c->end) return WY_E_JSON_SYNTAX;
  switch (*c->p) {
    case '{':
    case '[': *ended = false; return open_value(c, *c->p == '{');
    case '"': return check_string(c, &raw, &escaped);
    case 't': return check_word(c, WY_STR("true"));
    case 'f': return check_word(c, WY_STR("false"));
    case 'n': return check_word(c, WY_STR("null"));
    default: return digit(*c->p) || *c->p == '-' ? check_number(c) : bad_byte(c);
  }
}

/* One step inside an open object or array. first: nothing has stood in it yet. *value: a value
 * follows, else this object or array has been closed. */
static int check_inside(check *c, bool first, bool *value) {
  bool object = c->object[c->depth - 1];
  *value = false;
  skip_blanks(c);
  if (c->p < c->end && *c->p == (object ? '}' : ']')) return close_value(c);
  if (!first) {
    if (c->p == c->end || *c->p != ',') return bad_byte(c);
    c->p++;
    skip_blanks(c);
  }
  *value = true;
  return object ? check_key(c) : 0;
}

static int check_text(check *c) {
  bool ended, value;
  if (c->end - c->p >= 3 && memcmp(c->p, "\xEF\xBB\xBF", 3) == 0) return WY_E_JSON_BOM;
  skip_blanks(c);
  if (c->p == c->end) return WY_E_JSON_EMPTY;
  int err = check_value(c, &ended);
  while (!err && c->depth > 0) {
    err = check_inside(c, !ended, &value);
    ended = true;
    if (err || !value) continue;
    skip_blanks(c);
    err = check_value(c, &ended);
  }
  if (err) return err;
  skip_blanks(c);
  return c->p == c->end ? 0 : WY_E_JSON_TRAILING;
}

/* in.n == 0: in.p may be NULL. */
static int run_check(wy_str in, unsigned depth, bool control, bool *long_number, size_t *at) {
  check c;
  if (in.n == 0) in.p = "";
  c.begin = c.p = in.p;
  c.end = in.p + in.n;
  c.control = control;
  c.long_number = false;
  c.depth = 0;
  c.max_depth = depth == 0 ? WY_JSON_DEPTH : depth > WY_JSON_DEPTH_MAX ? WY_JSON_DEPTH_MAX : depth;
  c.keys = c.inline_keys;
  c.n_keys = 0;
  c.cap_keys = INLINE_KEYS;
  wy_buf_init(&c.arena, in.n);
  int err = in.n > UINT32_MAX ? WY_E_NOMEM : check_text(&c);
  if (at) *at = err ? (size_t)(c.p - c.begin) : 0;
  if (long_number) *long_number = c.long_number;
  if (c.keys != c.inline_keys) free(c.keys);
  wy_buf_deinit(&c.arena);
  return err;
}

/* ---- lenient reading ---- */

/* The length of the escape at p (a backslash); *bad: it must become U+FFFD. */
static size_t mend_escape(const char *p, const char *end, bool *bad) {
  *bad = false;
  if (end - p < 2) return 1;
  int v = p[1] == 'u' ? hex4(p + 2, end) : -1;
  if (v < 0) return 2;
  if (high_surrogate(v) && end - p >= 12 && p[6] == '\\' && p[7] == 'u' &&
      low_surrogate(hex4(p + 8, end)))
    return 12;
  *bad = v == 0 || high_surrogate(v) || low_surrogate(v);
  return 6;
}

/* A copy with U+FFFD for what no reader could take: bad UTF-8, NUL, lone surrogates. */
static int mend(wy_str in, wy_buf *out) {
  const wy_str mark = WY_STR("\xEF\xBF\xBD");
  const char *p = in.p, *end = in.p + in.n, *from = p;
  while (p < end) {
    bool bad;
    size_t n;
    if (*p == '\\') {
      n = mend_escape(p, end, &bad);
    } else {
      n = wy_utf8_char(p, (size_t)(end - p));
      bad = n == 0 || *p == '\0';
      if (n == 0) n = 1;
    }
    if (bad) {
      wy_buf_add(out, from, (size_t)(p - from));
      if (wy_buf_str(out, mark)) return WY_E_NOMEM;
      from = p + n;
    }
    p += n;
  }
  return wy_buf_add(out, from, (size_t)(end - from));
}

static int mended(wy_str in, wy_buf *out, wy_str *text) {
  wy_buf_init(out, in.n <= SIZE_MAX / 4 ? in.n * 3 : in.n);
  if (in.n == 0) in.p = "";
  int err = mend(in, out);
  *text = wy_buf_view(out);
  return err;
}

int wy_json_check(wy_str in, const wy_json_options *options, size_t *at) {
  if (!options || !options->lenient)
    return run_check(in, options ? options->depth : 0, false, NULL, at);
  wy_buf copy;
  wy_str text;
  if (at) *at = 0;
  int err = mended(in, &copy, &text);
  if (!err) err = run_check(text, options->depth, true, NULL, at);
  wy_buf_deinit(&copy);
  return err;
}

/* ---- trees ---- */

/* The next number of a checked text from *at on: strings are skipped, and what is neither string
 * nor number has no digits. */
static wy_str next_number(wy_str in, size_t *at) {
  size_t i = *at;
  for (;; i++) {
    assert(i < in.n);
    if (in.p[i] == '"') {
      for (i++; in.p[i] != '"'; i++)
        if (in.p[i] == '\\') i++;
    } else if (digit(in.p[i]) || in.p[i] == '-') {
      break;
    }
  }
  size_t from = i;
  while (i < in.n && (digit(in.p[i]) || memchr("+-.eE", in.p[i], 5))) i++;
  *at = i;
  return (wy_str){in.p + from, i - from};
}

/* Every number becomes its own text. As deep as the check allows. */
static int keep_digits(cJSON *node, wy_str in, size_t *at) {
  for (; node; node = node->next) {
    if (cJSON_IsNumber(node)) {
      wy_str number = next_number(in, at);
      char *text = cJSON_malloc(number.n + 1);
      if (!text) return WY_E_NOMEM;
      memcpy(text, number.p, number.n);
      text[number.n] = '\0';
      node->valuestring = text;
      node->type = cJSON_Raw;
    } else if (node->child && keep_digits(node->child, in, at)) {
      return WY_E_NOMEM;
    }
  }
  return 0;
}

/* A copy in which a number that cJSON would cut is 0 and blanks. */
static int without_long_numbers(wy_str in, wy_buf *out) {
  wy_buf_init(out, in.n);
  if (wy_buf_str(out, in)) return WY_E_NOMEM;
  for (size_t i = 0; i < out->n; i++) {
    if (out->p[i] == '"') {
      for (i++; out->p[i] != '"'; i++)
        if (out->p[i] == '\\') i++;
    } else if (digit(out->p[i]) || out->p[i] == '-') {
      size_t from = i;
      while (i < out->n && (digit(out->p[i]) || memchr("+-.eE", out->p[i], 5))) i++;
      if (i - from > CJSON_DIGITS) {
        memset(out->p + from, ' ', i - from);
        out->p[from] = '0';
      }
      i--;
    }
  }
  return 0;
}

static int build(wy_str in, bool long_number, cJSON **out) {
  wy_buf copy;
  wy_str text = in;
  size_t at = 0;
  int err = 0;
  wy_buf_init(&copy, 0);
  if (long_number) {
    err = without_long_numbers(in, &copy);
    text = wy_buf_view(&copy);
  }
  cJSON *tree = err ? NULL : cJSON_ParseWithLength(text.p, text.n);
  wy_buf_deinit(&copy);
  if (!tree) return WY_E_NOMEM; /* the text is known to be good */
  if (keep_digits(tree, in, &at)) {
    cJSON_Delete(tree);
    return WY_E_NOMEM;
  }
  *out = tree;
  return 0;
}

int wy_json_parse(wy_str in, const wy_json_options *options, cJSON **out, size_t *at) {
  bool lenient = options && options->lenient, long_number;
  wy_buf copy;
  wy_str text = in;
  int err = 0;
  *out = NULL;
  if (at) *at = 0;
  wy_buf_init(&copy, 0);
  if (lenient) err = mended(in, &copy, &text);
  if (!err) err = run_check(text, options ? options->depth : 0, lenient, &long_number, at);
  if (!err) err = build(text, long_number, out);
  wy_buf_deinit(&copy);
  return err;
}

/* ---- a push into a doc; the text has passed the check ---- */

typedef struct walk {
  wy_doc *doc;
  const char *p;
  size_t n; /* of the whole text */
} walk;

static char next_char(walk *w) {
  while (blank(*w->p)) w->p++;
  return *w->p;
}

static int walk_string(walk *w, wy_str *out) {
  const char *from = ++w->p;
  bool escaped = false;
  for (; *w->p != '"'; w->p++)
    if (*w->p == '\\') {
      escaped = true;
      w->p++;
    }
  *out = (wy_str){from, (size_t)(w->p++ - from)};
  return escaped ? unescape_into(&w->doc->arena, w->n, *out, out) : 0;
}

static int walk_scalar(walk *w, wy_str *out) {
  if (*w->p == '"') return walk_string(w, out);
  const char *from = w->p;
  while (!blank(*w->p) && *w->p != ',' && *w->p != '}' && *w->p != ']') w->p++;
  *out = (wy_str){from, (size_t)(w->p - from)};
  if (*from == 'n') out->n = 0; /* null */
  return 0;
}

static int walk_value(walk *w, uint16_t parent, wy_str name, bool item);

static int walk_object(walk *w, uint16_t parent) {
  w->p++;
  while (next_char(w) != '}') {
    wy_str name;
    if (*w->p == ',') w->p++;
    next_char(w);
    int err = walk_string(w, &name);
    if (err) return err;
    next_char(w);
    w->p++; /* the colon */
    if ((err = walk_value(w, parent, name, false))) return err;
  }
  w->p++;
  return 0;
}

static int walk_array(walk *w, uint16_t parent, wy_str name) {
  w->p++;
  while (next_char(w) != ']') {
    if (*w->p == ',') w->p++;
    int err = walk_value(w, parent, name, true);
    if (err) return err;
  }
  w->p++;
  return 0;
}

static bool array_is_empty(const walk *w) {
  walk ahead = *w;
  ahead.p++;
  return next_char(&ahead) == ']';
}

static int walk_value(walk *w, uint16_t parent, wy_str name, bool item) {
  char c = next_char(w);
  bool array = c == '[';
  if (array && !item && !array_is_empty(w)) return walk_array(w, parent, name);
  int at = wy_doc_add(w->doc, parent, name);
  if (at < 0) return at;
  w->doc->nodes[at].item = item || array;
  w->doc->nodes[at].none = array && !item;
  w->doc->nodes[at].branch = array || c == '{';
  if (array) return walk_array(w, (uint16_t)at, WY_STR("item"));
  if (c == '{') return walk_object(w, (uint16_t)at);
  wy_str text = {NULL, 0};
  int err = walk_scalar(w, &text);
  w->doc->nodes[at].text = text;
  return err;
}

int wy_json_doc(wy_str in, wy_doc *doc) {
  wy_doc_clear(doc);
  doc->form = WY_FORM_JSON;
  int err = run_check(in, doc->json_depth, false, NULL, NULL);
  if (err) return err;
  walk w = {.doc = doc, .p = in.p, .n = in.n};
  if (next_char(&w) != '{') return WY_E_JSON_TYPE;
  err = walk_object(&w, WY_DOC_NONE);
  if (err) wy_doc_clear(doc);
  return err;
}

/* ---- writing ---- */

int wy_json_add_string(wy_buf *out, wy_str text) {
  static const char HEX[] = "0123456789abcdef";
  const char *from = text.p;
  wy_buf_lit(out, "\"");
  for (size_t i = 0; i < text.n;) {
    unsigned char c = (unsigned char)text.p[i];
    size_t n = wy_utf8_char(text.p + i, text.n - i);
    if (n > 1 || (n == 1 && c >= 0x20 && c != '"' && c != '\\')) {
      i += n;
      continue;
    }
    wy_buf_add(out, from, (size_t)(text.p + i - from));
    char escape[6] = {'\\', 'u', '0', '0', HEX[c >> 4], HEX[c & 15]};
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    const char *pair = c ? strchr(SHORT, c) : NULL;
    if (n == 0) {
      wy_buf_lit(out, "\xEF\xBF\xBD");
    } else if (pair) {
      escape[1] = pair[1];
      wy_buf_add(out, escape, 2);
    } else {
      wy_buf_add(out, escape, sizeof escape);
    }
    from = text.p + ++i;
  }
  if (text.n) wy_buf_add(out, from, (size_t)(text.p + text.n - from));
  return wy_buf_lit(out, "\"");
}

int wy_json_add_double(wy_buf *out, double v) {
  char text[40];
  if (v == 0)
    return wy_buf_add(out, "0", 1); /* "-0" would come back as the integer 0, written "0" */
  for (int digits = 14; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    if (strtod(text, NULL) == v) break;
  }
  for (char *p = text; *p; p++)
    if (!strchr("0123456789+-e", *p)) *p = '.'; /* whatever the locale's point is */
  return wy_buf_add(out, text, strlen(text));
}
