/* log: one event, one line, as text, `TIME LEVEL event=NAME key=value …`, or as a JSON object with
 * "ts", "level", "event" and the same keys. The sink decides where it goes; nothing here prints.
 * What could end a line, steer a terminal or look like another field is escaped, and what is no
 * UTF-8 replaced, so a line is a line whatever a client sends. A key stands once: a second one of
 * the same name, or one named as the line's own, gets a number behind it. Secrets are not given to
 * this module, openids only to wy_line_user. */
#ifndef WY_BASE_LOG_H
#define WY_BASE_LOG_H

#include "base/buf.h"

typedef enum wy_log_level { WY_LOG_DEBUG, WY_LOG_INFO, WY_LOG_WARN, WY_LOG_ERROR } wy_log_level;

typedef enum wy_log_form { WY_LOG_TEXT, WY_LOG_JSON } wy_log_form;

/* line: one whole line without a newline, valid during the call only. */
typedef void (*wy_log_sink)(void *data, wy_log_level level, wy_str line);

typedef struct wy_log {
  wy_log_level level; /* what is below is not written */
  wy_log_sink sink;   /* NULL: nothing is written */
  void *data;
  wy_log_form form;
} wy_log;

enum { WY_LINE_KEYS = 64 }; /* fields of one line; what is more is left out, and counted */

/* A line in the making. */
typedef struct wy_line {
  const wy_log *log; /* NULL: nothing is written */
  wy_log_level level;
  wy_buf buf;
  unsigned n_keys, left_out;
  struct {
    uint16_t at, n; /* of a key within buf */
  } keys[WY_LINE_KEYS];
} wy_line;

static inline bool wy_log_on(const wy_log *log, wy_log_level level) {
  return log->sink && level >= log->level;
}

const char *wy_log_level_name(wy_log_level level);

/* begin, any number of values, end. Costs nothing when the level is off. */
void wy_line_begin(wy_line *line, const wy_log *log, wy_log_level level, const char *event);
void wy_line_str(wy_line *line, const char *key, wy_str value);
void wy_line_z(wy_line *line, const char *key, const char *value); /* NULL: left out */
void wy_line_int(wy_line *line, const char *key, int64_t value);
void wy_line_user(wy_line *line, const char *key, wy_str openid); /* masked */
void wy_line_trace(wy_line *line, const char *trace);             /* of base/trace; "": left out */
void wy_line_end(wy_line *line);

/* An openid as a log may show it: its ends, enough to find it again for who knows it. lua/weiyue's
 * message.lua does the same. */
enum { WY_MASKED = 16 };
void wy_log_mask(wy_str openid, char out[WY_MASKED]);

/* A line with one value, text= formatted. */
void wy_log_text(const wy_log *log, wy_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
