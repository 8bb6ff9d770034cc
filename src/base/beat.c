#include "base/beat.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

enum { MAGIC = 0x57594202 }; /* "WYB", and the version of what follows */

/* Memory with a descriptor and no name. */
static int open_region(void) {
#ifdef __linux__
  return memfd_create("weiyue", MFD_CLOEXEC);
#else
  char name[32];
  snprintf(name, sizeof name, "/weiyue.%ld", (long)getpid());
  int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd >= 0) {
    shm_unlink(name);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  return fd;
#endif
}

static wy_beats *map(int fd) {
  void *p = mmap(NULL, sizeof(wy_beats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return p == MAP_FAILED ? NULL : p;
}

wy_beats *wy_beats_new(int *fd) {
  wy_beats *b = NULL;
  *fd = open_region();
  if (*fd < 0) return NULL;
  if (ftruncate(*fd, sizeof *b) == 0) b = map(*fd);
  if (!b) {
    close(*fd);
    *fd = -1;
    return NULL;
  }
  b->magic = MAGIC;
  b->bytes = sizeof *b;
  return b;
}

wy_beats *wy_beats_open(int fd) {
  struct stat s;
  wy_beats *b = NULL;
  if (fstat(fd, &s) == 0 && s.st_size >= (off_t)sizeof *b) b = map(fd);
  close(fd);
  if (!b || (b->magic == MAGIC && b->bytes == sizeof *b && b->n_quarantined <= WY_QUARANTINE_MAX))
    return b;
  wy_beats_free(b);
  return NULL;
}

void wy_beats_free(wy_beats *b) {
  if (b) munmap(b, sizeof *b);
}

bool wy_beats_quarantined(const wy_beats *b, const wy_hash128 *key) {
  for (uint32_t i = 0; i < b->n_quarantined; i++)
    if (b->quarantined[i].lo == key->lo && b->quarantined[i].hi == key->hi) return true;
  return false;
}

/* Each says what it is about to do before it looks at what the other says. */
bool wy_beats_replace(wy_beats *b) {
  __atomic_store_n(&b->replaced, 1, __ATOMIC_SEQ_CST);
  if (!__atomic_load_n(&b->changes, __ATOMIC_SEQ_CST)) return true;
  wy_beats_replace_not(b);
  return false;
}

void wy_beats_replace_not(wy_beats *b) { __atomic_store_n(&b->replaced, 0, __ATOMIC_SEQ_CST); }

void wy_beats_change_more(wy_beats *b) { __atomic_fetch_add(&b->changes, 1, __ATOMIC_SEQ_CST); }

bool wy_beats_change(wy_beats *b) {
  wy_beats_change_more(b);
  if (!__atomic_load_n(&b->replaced, __ATOMIC_SEQ_CST)) return true;
  wy_beats_changed(b);
  return false;
}

void wy_beats_changed(wy_beats *b) { __atomic_fetch_sub(&b->changes, 1, __ATOMIC_SEQ_CST); }

uint32_t wy_beat_tid(void) {
#ifdef __linux__
  return (uint32_t)syscall(SYS_gettid);
#else
  return 0;
#endif
}
