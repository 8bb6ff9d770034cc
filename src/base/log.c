#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/utf8.h"

enum {
  LINE_MAX_BYTES = 8192, /* then no further field begins */
  VALUE_BYTES = 1024,    /* of a value, as given */
  ESCAPED = 6,           /* escaping may make so many of one */
  KEY_BYTES = 64,
  NUMBER = 12, /* behind a key that stands already */
  ROOM = LINE_MAX_BYTES + ESCAPED * VALUE_BYTES + 2 * (KEY_BYTES + NUMBER) + 64
};

const char *wy_log_level_name(wy_log_level level) {
  static const char *const names[] = {"debug", "info", "warn", "error"};
  return names[level];
}

static bool json(const wy_line *line) { return line->log->form == WY_LOG_JSON; }

/* --- values --- */

static bool plain(unsigned char c) { return c > 0x20 && c != '"' && c != '\\' && c != 0x7F; }

/* Text or JSON: the same escapes, but for those that JSON does not know. */
static void add_escaped(wy_buf *b, unsigned code, bool as_json) {
  switch (code) {
    case '"': wy_buf_lit(b, "\\\""); return;
    case '\\': wy_buf_lit(b, "\\\\"); return;
    case '\n': wy_buf_lit(b, "\\n"); return;
    case '\t': wy_buf_lit(b, "\\t"); return;
    default: wy_buf_printf(b, as_json ? "\\u%04x" : "\\x%02x", code);
  }
}

/* C1 control characters, U+0080 to U+009F, and line and paragraph separators: 0 for others. */
static unsigned control_of(const char *p, size_t k) {
  const unsigned char *s = (const unsigned char *)p;
  if (k == 2 && s[0] == 0xC2 && s[1] < 0xA0) return s[1];
  if (k == 3 && s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9))
    return 0x2000u | (s[2] & 0x3Fu);
  return 0;
}

/* A NUL is valid in JSON, and refused by many who read it. */
static void add_quoted(wy_buf *b, wy_str s, bool as_json) {
  wy_buf_lit(b, "\"");
  for (size_t i = 0, k; i < s.n; i += k ? k : 1) {
    unsigned char c = (unsigned char)s.p[i];
    k = wy_utf8_char(s.p + i, s.n - i);
    unsigned control = k > 1 ? control_of(s.p + i, k) : 0;
    if (k == 0 || (c == 0 && as_json)) wy_buf_lit(b, "\xEF\xBF\xBD");
    else if (k == 1 && (c < 0x20 || !(c == ' ' || plain(c)))) add_escaped(b, c, as_json);
    else if (control) wy_buf_printf(b, "\\u%04x", control);
    else wy_buf_add(b, s.p + i, k);
  }
  wy_buf_lit(b, "\"");
}

static bool bare(wy_str s) {
  for (size_t i = 0, k; i < s.n; i += k) {
    k = wy_utf8_char(s.p + i, s.n - i);
    if (k == 0 || (k == 1 && !plain((unsigned char)s.p[i])) || control_of(s.p + i, k)) return false;
  }
  return s.n > 0;
}

/* --- keys --- */

static bool stands(const wy_line *line, const char *key, size_t n) {
  static const char *const own[] = {"ts", "level", "event", "trace"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (strlen(own[i]) == n && memcmp(own[i], key, n) == 0) return true;
  for (unsigned i = 0; i < line->n_keys; i++)
    if (line->keys[i].n == n && memcmp(line->buf.p + line->keys[i].at, key, n) == 0) return true;
  return false;
}

static void add_name(wy_line *line, const char *name, size_t n) {
  wy_buf_add(&line->buf, json(line) ? ",\"" : " ", json(line) ? 2 : 1);
  if (line->n_keys < WY_LINE_KEYS) {
    line->keys[line->n_keys].at = (uint16_t)line->buf.n;
    line->keys[line->n_keys].n = (uint16_t)n;
    line->n_keys++;
  }
  wy_buf_add(&line->buf, name, n);
  wy_buf_add(&line->buf, json(line) ? "\":" : "=", json(line) ? 2 : 1);
}

/* A key may come from a message too: nothing in it may look like another field or line. */
static size_t name_key(const wy_line *line, const char *key, char out[KEY_BYTES + NUMBER]) {
  size_t n = strnlen(key, KEY_BYTES);
  for (size_t i = 0; i < n; i++) {
    char c = key[i];
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '_' || c == '.' || c == '-';
    out[i] = word ? c : '_';
  }
  if (n == 0) out[n++] = '_';
  size_t whole = n;
  for (unsigned again = 2; stands(line, out, whole); again++)
    whole = n + (size_t)snprintf(out + n, NUMBER, "_%u", again);
  return whole;
}

/* False: nothing is written, or the line is full. */
static bool add_key(wy_line *line, const char *key) {
  char name[KEY_BYTES + NUMBER];
  if (!line->log || line->buf.failed) return false;
  if (line->n_keys == WY_LINE_KEYS || line->buf.n > LINE_MAX_BYTES) {
    line->left_out++;
    return false;
  }
  size_t n = name_key(line, key, name);
  add_name(line, name, n);
  return !line->buf.failed;
}

/* --- lines --- */

void wy_line_begin(wy_line *line, const wy_log *log, wy_log_level level, const char *event) {
  line->log = log;
  line->level = level;
  line->n_keys = line->left_out = 0;
  wy_buf_init(&line->buf, ROOM);
  if (!wy_log_on(log, level)) {
    line->log = NULL;
    return;
  }
  struct timespec now;
  struct tm tm;
  char stamp[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &tm);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
  wy_buf_printf(
      &line->buf,
      json(line) ? "{\"ts\":\"%s.%03dZ\",\"level\":\"%s\",\"event\":" : "%s.%03dZ %s event=", stamp,
      (int)(now.tv_nsec / 1000000), wy_log_level_name(level));
  wy_str name = wy_str_of(event);
  name.n = wy_utf8_cut(name, VALUE_BYTES);
  if (!json(line) && bare(name)) wy_buf_str(&line->buf, name);
  else add_quoted(&line->buf, name, json(line));
}

void wy_line_str(wy_line *line, const char *key, wy_str value) {
  if (!add_key(line, key)) return;
  value.n = wy_utf8_cut(value, VALUE_BYTES);
  if (!json(line) && bare(value)) wy_buf_str(&line->buf, value);
  else add_quoted(&line->buf, value, json(line));
}

void wy_line_z(wy_line *line, const char *key, const char *value) {
  if (value) wy_line_str(line, key, wy_str_of(value));
}

void wy_line_int(wy_line *line, const char *key, int64_t value) {
  if (add_key(line, key)) wy_buf_i64(&line->buf, value);
}

void wy_line_trace(wy_line *line, const char *trace) {
  if (!line->log || !trace[0]) return;
  add_name(line, "trace", 5);
  wy_buf_printf(&line->buf, json(line) ? "\"%s\"" : "%s", trace);
}

void wy_log_mask(wy_str openid, char out[WY_MASKED]) {
  /* those of one account begin alike: what is shown of a short one would be all of it */
  size_t shown = openid.n >= 16 ? 4 : openid.n >= 8 ? 2 : 0;
  if (openid.n == 0) out[0] = '\0';
  else
    snprintf(out, WY_MASKED, "%.*s***%.*s", (int)shown, openid.p, (int)shown,
             openid.p + openid.n - shown);
}

void wy_line_user(wy_line *line, const char *key, wy_str openid) {
  char masked[WY_MASKED];
  if (!line->log || openid.n == 0) return;
  wy_log_mask(openid, masked);
  wy_line_z(line, key, masked);
}

void wy_line_end(wy_line *line) {
  if (line->log && line->left_out)
    wy_buf_printf(&line->buf, json(line) ? ",\"fields_left_out\":%u" : " fields_left_out=%u",
                  line->left_out);
  if (line->log && json(line)) wy_buf_lit(&line->buf, "}");
  if (line->log && !line->buf.failed)
    line->log->sink(line->log->data, line->level, wy_buf_view(&line->buf));
  wy_buf_deinit(&line->buf);
}

void wy_log_text(const wy_log *log, wy_log_level level, const char *event, const char *format,
                 ...) {
  if (!wy_log_on(log, level)) return;
  char text[1024];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  wy_line line;
  wy_line_begin(&line, log, level, event);
  wy_line_z(&line, "text", text);
  wy_line_end(&line);
}
