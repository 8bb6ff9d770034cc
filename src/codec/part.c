/* part: the header of a part of multipart/form-data. */
#include "codec/part.h"

#include "base/err.h"
#include "base/utf8.h"
#include "codec/query.h"

static bool alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool one_of(char c, const char *chars) { return c && strchr(chars, c); }

static bool token_char(char c) { return alnum(c) || one_of(c, "!#$%&'*+-.^_`|~"); }

static bool control(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }

static void skip(wy_str *s, size_t n) {
  s->p += n;
  s->n -= n;
}

static void skip_blanks(wy_str *s) {
  while (s->n && (*s->p == ' ' || *s->p == '\t')) skip(s, 1);
}

/* The longest run of characters that `fits` takes. */
static wy_str run(wy_str *s, bool (*fits)(char)) {
  wy_str got = {s->p, 0};
  while (got.n < s->n && fits(s->p[got.n])) got.n++;
  skip(s, got.n);
  return got;
}

/* ---- parameters: ; name=value ; name="value" ---- */

typedef struct param {
  wy_str name, value; /* as it came, without the quotes */
  bool quoted;
} param;

/* A browser writes \ as it is (a file's path on Windows), other clients escape with it. */
static bool escapes(wy_str s, size_t i) {
  return s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\');
}

/* s stands behind the opening quote, and then behind the closing one. */
static bool quoted(wy_str *s, wy_str *value) {
  for (size_t i = 0; i < s->n; i++) {
    if (escapes(*s, i)) {
      i++;
    } else if (s->p[i] == '"') {
      *value = (wy_str){s->p, i};
      skip(s, i + 1);
      return true;
    }
  }
  return false;
}

/* Boundaries stand without quotes though they have characters that would want them. */
static bool value_char(char c) { return token_char(c) || one_of(c, "()/:=?"); }

/* 1: one more, 0: the end, -1: malformed. */
static int next_param(wy_str *s, param *out) {
  skip_blanks(s);
  if (!s->n) return 0;
  if (*s->p != ';') return -1;
  skip(s, 1);
  skip_blanks(s);
  out->name = run(s, token_char);
  if (!out->name.n || !s->n || *s->p != '=') return -1;
  skip(s, 1);
  out->quoted = s->n && *s->p == '"';
  if (out->quoted) {
    skip(s, 1);
    return quoted(s, &out->value) ? 1 : -1;
  }
  out->value = run(s, value_char);
  return out->value.n ? 1 : -1;
}

/* ---- the boundary ---- */

static bool boundary_ok(wy_str s) {
  if (s.n == 0 || s.n > WY_BOUNDARY_MAX || s.p[s.n - 1] == ' ') return false;
  for (size_t i = 0; i < s.n; i++)
    if (!alnum(s.p[i]) && !one_of(s.p[i], "'()+_,-./:=? ")) return false;
  return true;
}

static bool media_type_char(char c) { return token_char(c) || c == '/'; }

int wy_part_boundary(wy_str content_type, wy_str *boundary) {
  wy_str s = content_type;
  param p;
  int more;
  *boundary = (wy_str){NULL, 0};
  skip_blanks(&s);
  if (!wy_str_ieq(run(&s, media_type_char), WY_STR("multipart/form-data")))
    return WY_E_MULTIPART_TYPE;
  while ((more = next_param(&s, &p)) > 0) {
    if (!wy_str_ieq(p.name, WY_STR("boundary"))) continue;
    if (boundary->p || !boundary_ok(p.value)) return WY_E_MULTIPART_TYPE;
    *boundary = p.value;
  }
  return more == 0 && boundary->p ? 0 : WY_E_MULTIPART_TYPE;
}

/* ---- names ---- */

/* Browsers write these three as escapes, and % itself as it is: no other may be decoded. */
static bool browser_escape(wy_str s, size_t i, char *byte) {
  static const char forms[][4] = {"%22\"", "%0D\r", "%0A\n"};
  for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
    if (s.n - i < 3 || !wy_str_ieq((wy_str){s.p + i, 3}, (wy_str){forms[k], 3})) continue;
    *byte = forms[k][3];
    return true;
  }
  return false;
}

static int decode(const param *p, wy_buf *out) {
  wy_str s = p->value;
  wy_buf_clear(out);
  for (size_t i = 0; i < s.n; i++) {
    char byte = s.p[i];
    if (p->quoted && escapes(s, i)) byte = s.p[++i];
    else if (browser_escape(s, i, &byte)) i += 2;
    if (wy_buf_add(out, &byte, 1)) return WY_E_NOMEM;
  }
  return 0;
}

/* filename*=UTF-8'en'%e2%82%ac: forbidden by RFC 7578 and written all the same. */
static int decode_extended(const param *p, wy_buf *out) {
  wy_str s = p->value;
  const char *charset = memchr(s.p, '\'', s.n);
  if (p->quoted || !charset) return WY_E_MULTIPART_HEADER;
  size_t n = (size_t)(charset - s.p);
  if (!wy_str_ieq((wy_str){s.p, n}, WY_STR("utf-8"))) return WY_E_MULTIPART_HEADER;
  skip(&s, n + 1);
  const char *language = memchr(s.p, '\'', s.n);
  if (!language) return WY_E_MULTIPART_HEADER;
  skip(&s, (size_t)(language - s.p) + 1);
  wy_buf_clear(out);
  char *to = wy_buf_reserve(out, s.n);
  if (!to) return WY_E_NOMEM;
  if (!wy_percent_decode(s, false, to, &n)) return WY_E_MULTIPART_HEADER;
  wy_buf_added(out, n);
  return 0;
}

static int take_name(wy_part *part, wy_str s) {
  if (s.n == 0 || s.n > WY_PART_NAME || !wy_utf8_valid(s)) return WY_E_MULTIPART_NAME;
  for (size_t i = 0; i < s.n; i++)
    if (control(s.p[i])) return WY_E_MULTIPART_NAME;
  memcpy(part->name_bytes, s.p, s.n);
  part->name = (wy_str){part->name_bytes, s.n};
  return 0;
}

/* Characters of UTF-8 that show nothing and make a name look like another one. */
static bool invisible(const char *p, size_t n) {
  static const struct {
    const char *first, *last; /* of the same length: in the order of their bytes */
  } ranges[] = {
      {"\xC2\x80", "\xC2\x9F"},         /* control characters */
      {"\xD8\x9C", "\xD8\x9C"},         /* Arabic letter mark */
      {"\xE2\x80\x8E", "\xE2\x80\x8F"}, /* left-to-right and right-to-left mark */
      {"\xE2\x80\xA8", "\xE2\x80\xAE"}, /* separators of lines; embeddings, overrides */
      {"\xE2\x81\xA6", "\xE2\x81\xA9"}, /* isolates */
      {"\xEF\xBB\xBF", "\xEF\xBB\xBF"}, /* byte order mark */
  };
  if (n == 1) return control(*p);
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (strlen(ranges[i].first) == n && memcmp(p, ranges[i].first, n) >= 0 &&
        memcmp(p, ranges[i].last, n) <= 0)
      return true;
  return false;
}

/* The last component, cleaned: each separator begins the name anew. */
static void take_filename(wy_part *part, wy_str s) {
  char *out = part->filename_bytes;
  size_t n = 0, i = 0;
  bool full = false;
  while (i < s.n) {
    size_t used = wy_utf8_char(s.p + i, s.n - i), size = used ? used : 3;
    const char *p = used ? s.p + i : "\xEF\xBF\xBD"; /* U+FFFD for a byte that is no text */
    i += used ? used : 1;
    if (used == 1 && (*p == '/' || *p == '\\')) {
      n = 0;
      full = false;
    } else if (!invisible(p, size)) {
      full = full || size > WY_PART_FILENAME - n;
      if (full) continue;
      memcpy(out + n, p, size);
      n += size;
    }
  }
  if ((n == 1 && out[0] == '.') || (n == 2 && out[0] == '.' && out[1] == '.')) n = 0;
  part->is_file = true;
  part->filename = (wy_str){out, n};
}

/* ---- the lines ---- */

static int take_disposition(wy_part *part, wy_str value, wy_buf *scratch) {
  bool plain = false, extended = false;
  param p;
  int more, err;
  if (!wy_str_ieq(run(&value, token_char), WY_STR("form-data"))) return WY_E_MULTIPART_HEADER;
  while ((more = next_param(&value, &p)) > 0) {
    if (wy_str_ieq(p.name, WY_STR("name"))) {
      if (part->name.p) return WY_E_MULTIPART_HEADER;
      err = decode(&p, scratch);
      if (!err) err = take_name(part, wy_buf_view(scratch));
      if (err) return err;
    } else if (wy_str_ieq(p.name, WY_STR("filename"))) {
      if (plain) return WY_E_MULTIPART_HEADER;
      plain = true;
      if (extended) continue;
      if ((err = decode(&p, scratch))) return err;
      take_filename(part, wy_buf_view(scratch));
    } else if (wy_str_ieq(p.name, WY_STR("filename*"))) { /* of two file names this one counts */
      if (extended) return WY_E_MULTIPART_HEADER;
      extended = true;
      if ((err = decode_extended(&p, scratch))) return err;
      take_filename(part, wy_buf_view(scratch));
    } else if (wy_str_ieq(p.name, WY_STR("name*"))) {
      return WY_E_MULTIPART_HEADER;
    }
  }
  if (more < 0) return WY_E_MULTIPART_HEADER;
  return part->name.p ? 0 : WY_E_MULTIPART_NAME;
}

static bool plain_text(wy_str s) {
  for (size_t i = 0; i < s.n; i++)
    if (control(s.p[i]) && s.p[i] != '\t') return false;
  return true;
}

/* None that changes the bytes: who reads base64 as such sees another form than who does not. */
static bool encoding_ok(wy_str s) {
  return wy_str_ieq(s, WY_STR("binary")) || wy_str_ieq(s, WY_STR("8bit")) ||
         wy_str_ieq(s, WY_STR("7bit"));
}

static int take_line(wy_part *part, wy_str line, wy_buf *scratch) {
  wy_str name = run(&line, token_char);
  if (!name.n || !line.n || *line.p != ':') return WY_E_MULTIPART_HEADER; /* a folded line, too */
  skip(&line, 1);
  wy_str value = wy_str_trim(line);
  if (wy_str_ieq(name, WY_STR("Content-Disposition")))
    return part->name.p ? WY_E_MULTIPART_HEADER : take_disposition(part, value, scratch);
  if (!plain_text(value)) return WY_E_MULTIPART_HEADER;
  if (wy_str_ieq(name, WY_STR("Content-Type"))) {
    if (part->type.p) return WY_E_MULTIPART_HEADER;
    part->type = value;
  } else if (wy_str_ieq(name, WY_STR("Content-Transfer-Encoding"))) {
    if (!encoding_ok(value)) return WY_E_MULTIPART_HEADER;
  }
  return 0;
}

int wy_part_parse(wy_part *part, wy_str header, wy_buf *scratch) {
  const wy_str none = {NULL, 0};
  part->header = header;
  part->name = part->type = part->filename = none;
  part->is_file = false;
  while (header.n) {
    const char *end = memchr(header.p, '\r', header.n);
    if (!end || (size_t)(end - header.p) + 1 >= header.n || end[1] != '\n')
      return WY_E_MULTIPART_HEADER;
    wy_str line = {header.p, (size_t)(end - header.p)};
    if (line.n && memchr(line.p, '\n', line.n)) return WY_E_MULTIPART_HEADER;
    int err = take_line(part, line, scratch);
    if (err) return err;
    skip(&header, line.n + 2);
  }
  return part->name.p ? 0 : WY_E_MULTIPART_HEADER;
}
