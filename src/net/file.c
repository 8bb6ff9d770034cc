#include "net/file.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#ifdef __APPLE__
#define NSEC(st) ((st).st_mtimespec.tv_nsec)
#else
#define NSEC(st) ((st).st_mtim.tv_nsec)
#endif

/* --- opening --- */

static int take(wy_file *f, int fd) {
  struct stat st;
  bool none_left = fd < 0 && (errno == EMFILE || errno == ENFILE);
  *f = (wy_file){.fd = -1};
  if (fd < 0) return none_left ? WY_E_HTTP_BUSY : WY_E_HTTP_NOT_FOUND;
  if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
    close(fd);
    return WY_E_HTTP_NOT_FOUND;
  }
  f->fd = fd;
  f->size = (uint64_t)st.st_size;
  f->mtime = (int64_t)st.st_mtime;
  snprintf(f->tag, sizeof f->tag, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "%08lx\"",
           (uint64_t)st.st_ino, f->size, (uint64_t)st.st_mtime, (unsigned long)NSEC(st));
  return 0;
}

enum { READ_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

/* Each part is opened in the one before: none of them is a link, none begins with a dot. -1: no,
 * with errno. */
static int walk(int fd, const char *name) {
  char part[NAME_MAX + 1];
  while (fd >= 0) {
    size_t n = strcspn(name, "/");
    int below = -1;
    if (n == 0 || n > NAME_MAX || name[0] == '.') {
      errno = EPERM;
    } else {
      memcpy(part, name, n);
      part[n] = '\0';
      below = openat(fd, part, READ_FLAGS | O_NOFOLLOW | (name[n] ? O_DIRECTORY : 0));
    }
    int number = errno;
    close(fd);
    errno = number;
    if (below < 0 || !name[n]) return below;
    fd = below;
    name += n + 1;
  }
  return -1;
}

static int open_folder(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

/* By way of links that stay below: where it is in truth is walked to once more, without any. */
static int walk_real(const char *folder, const char *name) {
  char *real = realpath(folder, NULL), *path = NULL, *real_path = NULL;
  int fd = -1;
  size_t n = real ? strlen(real) : 0;
  if (real && asprintf(&path, "%s/%s", real, name) < 0) path = NULL;
  if (path) real_path = realpath(path, NULL);
  if (real_path && n > 1 && strncmp(real_path, real, n) == 0 && real_path[n] == '/')
    fd = walk(open_folder(real), real_path + n + 1);
  free(real);
  free(path);
  free(real_path);
  return fd;
}

static bool is_plain(const char *name) {
  for (const char *p = name;; p++) {
    if (*p == '.' || *p == '/' || !*p) return false;
    if (!(p = strchr(p, '/'))) return true;
  }
}

int wy_file_open(wy_file *f, const char *folder, wy_str name) {
  *f = (wy_file){.fd = -1};
  if (!name.n || memchr(name.p, '\0', name.n)) return WY_E_HTTP_NOT_FOUND;
  char *z = strndup(name.p, name.n);
  if (!z) return WY_E_NOMEM;
  const char *at = folder[0] ? folder : ".";
  errno = 0;
  int fd = is_plain(z) ? walk(open_folder(at), z) : -1;
  if (fd < 0 && is_plain(z) && (errno == ELOOP || errno == ENOTDIR || errno == EMLINK))
    fd = walk_real(at, z);
  int number = errno;
  free(z);
  errno = number;
  return take(f, fd);
}

int wy_file_open_path(wy_file *f, const char *path) { return take(f, open(path, READ_FLAGS)); }

void wy_file_close(wy_file *f) {
  if (f->fd >= 0) close(f->fd);
  f->fd = -1;
}

/* --- what the client has, and what he wants --- */

void wy_file_date(int64_t seconds, char out[32]) {
  static const char days[] = "SunMonTueWedThuFriSat",
                    months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  time_t at = (time_t)seconds;
  struct tm tm;
  gmtime_r(&at, &tm);
  snprintf(out, 32, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + tm.tm_wday * 3,
           (unsigned)tm.tm_mday % 100, months + tm.tm_mon * 3,
           (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
           (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

/* -1: no date */
static int64_t date_of(wy_str s) {
  char text[64];
  if (!s.n || s.n >= sizeof text) return -1;
  memcpy(text, s.p, s.n);
  text[s.n] = '\0';
  return (int64_t)curl_getdate(text, NULL);
}

/* Whether a list of tags has this one; weak ones are as good where `weak`. */
static bool has_tag(wy_str list, const char *tag, bool weak) {
  wy_str want = wy_str_of(tag);
  while (list.n) {
    size_t n = 0;
    while (n < list.n && list.p[n] != ',') n++;
    wy_str one = wy_str_trim((wy_str){list.p, n});
    bool is_weak = one.n > 2 && one.p[0] == 'W' && one.p[1] == '/';
    if (is_weak) one = (wy_str){one.p + 2, one.n - 2};
    if (wy_str_eq(one, WY_STR("*")) || ((weak || !is_weak) && wy_str_eq(one, want))) return true;
    n += n < list.n;
    list = (wy_str){list.p + n, list.n - n};
  }
  return false;
}

int wy_file_range(wy_str field, uint64_t size, uint64_t *from, uint64_t *n) {
  if (field.n < 6 || !wy_str_ieq((wy_str){field.p, 6}, WY_STR("bytes="))) return 0;
  wy_str spec = wy_str_trim((wy_str){field.p + 6, field.n - 6});
  const char *dash = spec.n ? memchr(spec.p, '-', spec.n) : NULL;
  if (!dash || memchr(spec.p, ',', spec.n)) return 0;
  wy_str first = {spec.p, (size_t)(dash - spec.p)}, last = {dash + 1, spec.n - first.n - 1};
  uint64_t a = 0, b = 0;
  if ((first.n && !wy_str_u64(first, &a)) || (last.n && !wy_str_u64(last, &b))) return 0;
  if (!first.n && !last.n) return 0;
  if (!first.n) { /* the last so many bytes */
    if (b == 0 || size == 0) return -1;
    *n = b < size ? b : size;
    *from = size - *n;
    return 1;
  }
  if (last.n && b < a) return 0;
  if (a >= size) return -1;
  if (!last.n || b >= size) b = size - 1;
  *from = a;
  *n = b - a + 1;
  return 1;
}

int wy_file_choose(const wy_file *f, const wy_http_req *req, uint64_t *from, uint64_t *n) {
  wy_str match = wy_http_req_header(req, WY_STR("if-match"));
  wy_str unless = wy_http_req_header(req, WY_STR("if-unmodified-since"));
  wy_str none = wy_http_req_header(req, WY_STR("if-none-match"));
  wy_str since = wy_http_req_header(req, WY_STR("if-modified-since"));
  wy_str range = wy_http_req_header(req, WY_STR("range"));
  wy_str same = wy_http_req_header(req, WY_STR("if-range"));
  *from = 0;
  *n = f->size;
  if (match.p) {
    if (!has_tag(match, f->tag, false)) return 412;
  } else if (unless.p) {
    int64_t date = date_of(unless);
    if (date >= 0 && f->mtime > date) return 412;
  }
  if (none.p) {
    if (has_tag(none, f->tag, true)) return 304;
  } else if (since.p) {
    int64_t date = date_of(since);
    if (date >= 0 && f->mtime <= date) return 304;
  }
  if (!range.p || wy_http_req_method(req) != WY_GET) return 200;
  if (same.p && !wy_str_eq(same, wy_str_of(f->tag)) && date_of(same) != f->mtime) return 200;
  int chosen = wy_file_range(range, f->size, from, n);
  return chosen > 0 ? 206 : chosen < 0 ? 416 : 200;
}
