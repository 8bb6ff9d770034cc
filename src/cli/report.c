#include "cli/report.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 512 /* what a pipe takes in one piece, and more than a line ever has */ };

void wy_report(wy_log_level level, const char *event, const char *fields, ...) {
  char line[LINE_BYTES], stamp[32];
  struct timespec now;
  struct tm tm;
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &tm);
  strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
  int n = snprintf(line, sizeof line, "%s.%03dZ %s event=%s ", stamp, (int)(now.tv_nsec / 1000000),
                   wy_log_level_name(level), event);
  va_list args;
  va_start(args, fields);
  n += vsnprintf(line + n, sizeof line - (size_t)n, fields, args);
  va_end(args);
  if ((size_t)n > sizeof line - 1) n = sizeof line - 1;
  line[n] = '\n';
  struct pollfd room = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT)) return;
  ssize_t written = write(STDERR_FILENO, line, (size_t)n + 1);
  (void)written;
}

wy_report_text wy_report_status(int status) {
  wy_report_text t;
  if (WIFEXITED(status)) snprintf(t.text, sizeof t.text, "status=%d", WEXITSTATUS(status));
  else snprintf(t.text, sizeof t.text, "signal=%d", WTERMSIG(status));
  return t;
}
