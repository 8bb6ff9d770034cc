/* log: one event, one line: `TIME LEVEL event=NAME key=value …`. The sink decides where it goes;
 * nothing here prints. Values with blanks, quotes or control bytes are quoted and escaped, so a
 * line is a line whatever a client sends. Secrets are not given to this module. */
#ifndef WY_BASE_LOG_H
#define WY_BASE_LOG_H

#include "base/buf.h"

typedef enum wy_log_level { WY_LOG_DEBUG, WY_LOG_INFO, WY_LOG_WARN, WY_LOG_ERROR } wy_log_level;

/* line: one whole line without a newline, valid during the call only. */
typedef void (*wy_log_sink)(void *data, wy_log_level level, wy_str line);

typedef struct wy_log {
  wy_log_level level; /* what is below is not written */
  wy_log_sink sink;   /* NULL: nothing is written */
  void *data;
} wy_log;

/* A line in the making. */
typedef struct wy_line {
  const wy_log *log;
  wy_log_level level;
  wy_buf buf;
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
void wy_line_end(wy_line *line);

/* A line with one value, text= formatted. */
void wy_log_text(const wy_log *log, wy_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
