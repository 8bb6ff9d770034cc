#include "cli/kid.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "cli/link.h"
#include "cli/report.h"
#include "cli/spawn.h"

enum {
  ABORT_MS = 1500 /* for writing what it has logged, which takes a second, and where it stands */
};

int wy_kid_start(kid *k, const char *program, char **arguments, const wy_crashes *crashes,
                 const int *ways, int64_t now) {
  static unsigned started; /* children of this supervisor */
  int link[2], region;
  *k = (kid){.from = {-1, -1}, .started = now};
  k->watch = calloc(1, sizeof *k->watch);
  k->beats = wy_beats_new(&region);
  if (!k->watch || !k->beats || wy_link_pair(link)) {
    if (k->beats) close(region);
    wy_kid_forget(k);
    return -1;
  }
  k->number = k->beats->child = ++started;
  wy_crashes_tell(crashes, k->beats);
  wy_spawn s = {.program = program,
                .arguments = arguments,
                .names = ways ? "supervisor:beats:inbox:connections" : "supervisor:beats",
                .fds = {link[1], region, ways ? ways[0] : -1, ways ? ways[1] : -1},
                .n = ways ? 4 : 2,
                .fallback = crashes->fallback};
  pid_t pid = wy_spawn_start(&s);
  int err = errno;
  close(region);
  close(link[1]);
  k->link = link[0];
  k->pid = pid < 0 ? 0 : pid;
  if (pid > 0) return 0;
  close(link[0]);
  wy_kid_forget(k);
  errno = err;
  return -1;
}

void wy_kid_close_ways(kid *k) {
  for (int i = 0; i < 2; i++) {
    if (k->from[i] >= 0) close(k->from[i]);
    k->from[i] = -1;
  }
}

void wy_kid_forget(kid *k) {
  if (k->pid) {
    wy_kid_close_ways(k);
    close(k->link);
  }
  wy_beats_free(k->beats);
  free(k->watch);
  *k = (kid){0};
}

/* --- its workers --- */

#ifdef __linux__
static void signal_worker(const kid *k, const wy_beat *b, int number) {
  syscall(SYS_tgkill, k->pid, (pid_t)b->tid, number);
}

/* From /proc/PID/task/TID/stat: the 14th and 15th field, counted behind the name. */
static int64_t cpu_of(void *data, const wy_beat *b) {
  const kid *k = data;
  char path[64], text[512];
  unsigned long long user, system;
  snprintf(path, sizeof path, "/proc/%ld/task/%u/stat", (long)k->pid, b->tid);
  FILE *f = fopen(path, "re");
  if (!f) return -1;
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[n] = '\0';
  const char *name_end = strrchr(text, ')');
  if (!name_end || sscanf(name_end + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu",
                          &user, &system) != 2)
    return -1;
  return (int64_t)((user + system) * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}
#else /* the child signals its own */
static void signal_worker(const kid *k, const wy_beat *b, int number) {
  (void)k, (void)b, (void)number;
}

static int64_t cpu_of(void *data, const wy_beat *b) {
  (void)data, (void)b;
  return -1;
}
#endif

static void act(kid *k, unsigned i, wy_stuck stuck, int64_t ms, int64_t now) {
  const wy_beat *b = &k->beats->workers[i];
  bool aborts = stuck == WY_STUCK_ABORT;
  wy_report(aborts ? WY_LOG_ERROR : WY_LOG_WARN, "child.stuck",
            "child=%u worker=%u ms=%lld key=%016llx%016llx action=%s", k->number, i, (long long)ms,
            (unsigned long long)b->key.hi, (unsigned long long)b->key.lo,
            aborts ? "abort" : "interrupt");
  signal_worker(k, b, aborts ? SIGABRT : WY_WATCH_SIGNAL);
  if (aborts) k->abort_at = now + ABORT_MS;
  if (aborts) k->aborted = true;
}

bool wy_kid_watch(kid *k, int64_t now) {
  if (!k->pid) return false;
  k->watch->patience_ms = __atomic_load_n(&k->beats->patience_ms, __ATOMIC_RELAXED);
  for (unsigned i = 0; i < WY_BEATS_MAX; i++) {
    wy_beat *b = &k->beats->workers[i];
    int64_t ms = 0;
    if (!__atomic_load_n(&b->tid, __ATOMIC_ACQUIRE)) continue;
    wy_stuck stuck = wy_watch_look(k->watch, b, i, now, cpu_of, k, &ms);
    if (stuck != WY_STUCK_NOT) act(k, i, stuck, ms, now);
  }
  if (k->abort_at && now >= k->abort_at) {
    k->abort_at = 0;
    kill(k->pid, SIGKILL); /* its log may be blocked */
  }
  uint32_t before = k->generation;
  k->generation = __atomic_load_n(&k->beats->workers[0].generation, __ATOMIC_RELAXED);
  return before && k->generation != before;
}

bool wy_kid_reloaded(kid *k) {
  uint32_t before = k->reloads;
  if (!k->pid) return false;
  k->reloads = __atomic_load_n(&k->beats->reloads, __ATOMIC_RELAXED);
  return k->reloads != before;
}

int64_t wy_kid_farewell(const kid *k) {
  return __atomic_load_n(&k->beats->farewell_ms, __ATOMIC_RELAXED);
}
