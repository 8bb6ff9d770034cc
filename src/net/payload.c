/* A body that is sent: pieces in memory and files, read as libcurl wants them, and from the start
 * again when it has to. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/client_impl.h"

static piece *add(payload *p) {
  piece *more = realloc(p->pieces, (p->n + 1) * sizeof *more);
  if (!more) return NULL;
  p->pieces = more;
  p->pieces[p->n] = (piece){.fd = -1};
  return &p->pieces[p->n++];
}

int wy_payload_bytes(payload *p, wy_str bytes) {
  if (bytes.n == 0) return 0;
  piece *one = add(p);
  if (!one) return -1;
  one->bytes = malloc(bytes.n);
  if (!one->bytes) {
    p->n--;
    return -1;
  }
  memcpy(one->bytes, bytes.p, bytes.n);
  one->n = bytes.n;
  p->total += bytes.n;
  return 0;
}

/* Takes fd over when it says 0. */
static int add_file(payload *p, int fd) {
  struct stat st;
  if (fstat(fd, &st)) return -1;
  if (!S_ISREG(st.st_mode)) {
    errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return -1;
  }
  piece *one = add(p);
  if (!one) {
    errno = ENOMEM;
    return -1;
  }
  one->fd = fd;
  one->n = (uint64_t)st.st_size;
  p->total += one->n;
  return 0;
}

int wy_payload_file(payload *p, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for its writer */
  if (fd < 0 || add_file(p, fd) == 0) return fd < 0 ? -1 : 0;
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

size_t wy_payload_read(char *to, size_t size, size_t n, void *data) {
  payload *p = data;
  size_t room = size * n, got = 0;
  while (got < room && p->at < p->n) {
    const piece *one = &p->pieces[p->at];
    if (p->from == one->n) {
      p->at++;
      p->from = 0;
      continue;
    }
    size_t most = room - got < one->n - p->from ? room - got : (size_t)(one->n - p->from);
    if (one->bytes) {
      memcpy(to + got, one->bytes + p->from, most);
    } else {
      ssize_t r = pread(one->fd, to + got, most, (off_t)p->from);
      if (r < 0 && errno == EINTR) continue;
      if (r <= 0) { /* it has become shorter: its length was announced */
        p->changed = true;
        return CURL_READFUNC_ABORT;
      }
      most = (size_t)r;
    }
    got += most;
    p->from += most;
  }
  return got;
}

int wy_payload_seek(void *data, curl_off_t offset, int origin) {
  payload *p = data;
  if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > p->total) return CURL_SEEKFUNC_FAIL;
  uint64_t left = (uint64_t)offset;
  p->at = 0;
  while (p->at < p->n && left >= p->pieces[p->at].n) left -= p->pieces[p->at++].n;
  p->from = left;
  return CURL_SEEKFUNC_OK;
}

void wy_payload_clear(payload *p) {
  for (size_t i = 0; i < p->n; i++) {
    free(p->pieces[i].bytes);
    if (p->pieces[i].fd >= 0) close(p->pieces[i].fd);
  }
  free(p->pieces);
  *p = (payload){0};
}
