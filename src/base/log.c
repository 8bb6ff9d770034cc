#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { LINE_MAX_BYTES = 8192, VALUE_MAX_BYTES = 4096, KEY_MAX_BYTES = 64 };

const char *wy_log_level_name(wy_log_level level) {
  static const char *const names[] = {"debug", "info", "warn", "error"};
  return names[level];
}

void wy_line_begin(wy_line *line, const wy_log *log, wy_log_level level, const char *event) {
  line->log = log;
  line->level = level;
  wy_buf_init(&line->buf, LINE_MAX_BYTES + VALUE_MAX_BYTES + 2 * KEY_MAX_BYTES);
  if (!wy_log_on(log, level)) {
    line->log = NULL;
    return;
  }
  struct timespec now;
  struct tm tm;
  char stamp[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &tm);
  size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
  wy_buf_add(&line->buf, stamp, n);
  wy_buf_printf(&line->buf, ".%03dZ %s event=%s", (int)(now.tv_nsec / 1000000),
                wy_log_level_name(level), event);
}

static bool plain(unsigned char c) { return c > 0x20 && c != '"' && c != '\\' && c != 0x7F; }

static void quoted(wy_buf *b, wy_str s) {
  static const char hex[] = "0123456789abcdef";
  wy_buf_lit(b, "\"");
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c == '"' || c == '\\') {
      char t[2] = {'\\', (char)c};
      wy_buf_add(b, t, 2);
    } else if (c == '\n' || c == '\t') {
      wy_buf_add(b, c == '\n' ? "\\n" : "\\t", 2);
    } else if (c < 0x20 || c == 0x7F) {
      char t[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
      wy_buf_add(b, t, 4);
    } else {
      wy_buf_add(b, &s.p[i], 1);
    }
  }
  wy_buf_lit(b, "\"");
}

/* A key may come from a message too: nothing in it may look like another field or line. */
static void add_key(wy_buf *b, const char *key) {
  size_t n = strnlen(key, KEY_MAX_BYTES);
  wy_buf_lit(b, " ");
  for (size_t i = 0; i < n; i++) {
    char c = key[i];
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '_' || c == '.' || c == '-';
    wy_buf_add(b, word ? &c : "_", 1);
  }
  wy_buf_lit(b, "=");
}

void wy_line_str(wy_line *line, const char *key, wy_str value) {
  if (!line->log || line->buf.n > LINE_MAX_BYTES) return;
  if (value.n > VALUE_MAX_BYTES / 4) value.n = VALUE_MAX_BYTES / 4; /* escaping may make 4 of 1 */
  bool bare = value.n > 0;
  for (size_t i = 0; bare && i < value.n; i++) bare = plain((unsigned char)value.p[i]);
  add_key(&line->buf, key);
  if (bare) wy_buf_str(&line->buf, value);
  else quoted(&line->buf, value);
}

void wy_line_z(wy_line *line, const char *key, const char *value) {
  if (value) wy_line_str(line, key, wy_str_of(value));
}

void wy_line_int(wy_line *line, const char *key, int64_t value) {
  if (!line->log || line->buf.n > LINE_MAX_BYTES) return;
  add_key(&line->buf, key);
  wy_buf_i64(&line->buf, value);
}

void wy_line_end(wy_line *line) {
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
