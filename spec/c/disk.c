/* A disk for specs and benchmarks (LD_PRELOAD), which the folder named by WY_DISK steers while a
 * program runs:
 *   stall   a file with milliseconds: each fdatasync takes so much longer
 *   full    when it is there, writing at a place (pwrite, as SQLite writes) finds no room
 * SQLite alone calls these in a host. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

static int path_of(char out[4096], const char *name) {
  const char *folder = getenv("WY_DISK");
  return folder && snprintf(out, 4096, "%s/%s", folder, name) < 4096;
}

static long stall(void) {
  char path[4096];
  long ms = 0;
  FILE *f = path_of(path, "stall") ? fopen(path, "r") : NULL;
  if (!f) return 0;
  if (fscanf(f, "%ld", &ms) != 1) ms = 0;
  fclose(f);
  return ms;
}

static int full(void) {
  char path[4096];
  if (!path_of(path, "full") || access(path, F_OK)) return 0;
  errno = ENOSPC;
  return 1;
}

SHOWN int fdatasync(int fd) {
  static int (*real)(int);
  long ms = stall();
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
  if (ms > 0) nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
  return real(fd);
}

SHOWN ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
SHOWN ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
  return full() ? -1 : real(fd, p, n, at);
}
