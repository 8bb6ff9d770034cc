/* report: the supervisor's own lines in the log: of the form that the host's have, on stderr.
 * Nobody waits for a log that is not read: a line that would not go at once is dropped. */
#ifndef WY_CLI_REPORT_H
#define WY_CLI_REPORT_H

#include "base/log.h"

/* fields: "key=value …", already in the log's form. */
void wy_report(wy_log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

typedef struct wy_report_text {
  char text[48];
} wy_report_text;

/* "status=1" or "signal=SEGV", of a status that waitpid gave. */
wy_report_text wy_report_status(int status);

#endif
