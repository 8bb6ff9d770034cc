#include "cli/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* the program ignores SIGPIPE */
#endif

void wy_notify(const char *format, ...) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  char state[512];
  if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof to.sun_path) return;
  strcpy(to.sun_path, path);
  if (*path == '@') to.sun_path[0] = '\0'; /* an abstract name */
  va_list args;
  va_start(args, format);
  int n = vsnprintf(state, sizeof state, format, args);
  va_end(args);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return;
  if (n > 0 && (size_t)n < sizeof state)
    sendto(fd, state, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
  close(fd);
}

void wy_notify_reloading(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  wy_notify("RELOADING=1\nMONOTONIC_USEC=%lld",
            (long long)t.tv_sec * 1000000 + (long long)t.tv_nsec / 1000);
}

int64_t wy_notify_watchdog_ms(void) {
  const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
  if (!us || (pid && strtol(pid, NULL, 10) != (long)getpid())) return 0;
  return strtoll(us, NULL, 10) / 2000;
}
