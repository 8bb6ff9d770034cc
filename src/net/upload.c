#include "net/upload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "codec/multipart.h"

enum { NAME_BYTES = 16, OLD = 86400 /* seconds: what a crash has left */ };

typedef struct part {
  char *text; /* name, filename, type: one behind the other */
  size_t name_n, filename_n, type_n;
  bool is_file;
  char *path;
  uint64_t size;
  wy_buf value;
} part;

struct wy_upload {
  wy_multipart reader;
  wy_upload_limits limits;
  const char *folder;
  part *parts;
  size_t n, cap, fields_n;
  int fd; /* of the file that comes; -1: none */
};

static int full(int number) { return number == ENOMEM ? WY_E_NOMEM : WY_E_HTTP_STORAGE; }

/* --- files --- */

void wy_upload_sweep(const char *folder) {
  DIR *d = opendir(folder);
  char path[4096];
  struct stat st;
  time_t now = time(NULL);
  for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime + OLD < now) unlink(path);
  }
  if (d) closedir(d);
}

static int make_folder(const char *path) {
  if (mkdir(path, S_IRWXU) == 0 || errno == EEXIST) return 0;
  char *above = errno == ENOENT ? strdup(path) : NULL, *slash = above ? strrchr(above, '/') : NULL;
  int failed = -1;
  if (slash && slash > above) {
    *slash = '\0';
    if (mkdir(above, S_IRWXU) == 0 || errno == EEXIST) failed = mkdir(path, S_IRWXU);
  }
  free(above);
  return failed;
}

static int open_random(const char *folder, char **out) {
  unsigned char bytes[NAME_BYTES];
  char hex[2 * NAME_BYTES + 1];
  if (uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL)) return -1;
  for (size_t i = 0; i < sizeof bytes; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
  if (asprintf(out, "%s/%s", folder, hex) < 0) {
    *out = NULL;
    errno = ENOMEM;
    return -1;
  }
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd = open(*out, flags, S_IRUSR | S_IWUSR);
  if (fd < 0 && errno == ENOENT && make_folder(folder) == 0)
    fd = open(*out, flags, S_IRUSR | S_IWUSR);
  if (fd >= 0) return fd;
  int number = errno;
  free(*out);
  *out = NULL;
  errno = number;
  return -1;
}

static int write_all(int fd, wy_str s) {
  while (s.n) {
    ssize_t put = write(fd, s.p, s.n);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return full(errno);
    s.p += put, s.n -= (size_t)put;
  }
  return 0;
}

/* --- parts --- */

static part *open_part(wy_upload *u) {
  if (u->n == u->cap) {
    size_t cap = u->cap ? 2 * u->cap : 8;
    part *more = realloc(u->parts, cap * sizeof *more);
    if (!more) return NULL;
    u->parts = more;
    u->cap = cap;
  }
  part *p = &u->parts[u->n];
  *p = (part){.text = NULL};
  return p;
}

static int on_begin(void *data, const wy_part *from) {
  wy_upload *u = data;
  part *p = open_part(u);
  if (!p) return WY_E_NOMEM;
  size_t n = from->name.n + from->filename.n + from->type.n;
  p->text = malloc(n + 1);
  if (!p->text) return WY_E_NOMEM;
  u->n++;
  char *to = p->text;
  const wy_str texts[] = {from->name, from->filename, from->type};
  for (size_t i = 0; i < 3; to += texts[i].n, i++)
    if (texts[i].n) memcpy(to, texts[i].p, texts[i].n);
  p->name_n = from->name.n;
  p->filename_n = from->filename.n;
  p->type_n = from->type.n;
  p->is_file = from->is_file;
  wy_buf_init(&p->value, u->limits.fields);
  if (!p->is_file) return 0;
  u->fd = open_random(u->folder, &p->path);
  return u->fd < 0 ? full(errno) : 0;
}

static int on_bytes(void *data, wy_str bytes) {
  wy_upload *u = data;
  part *p = &u->parts[u->n - 1];
  p->size += bytes.n;
  if (p->is_file) return write_all(u->fd, bytes);
  u->fields_n += bytes.n;
  if (u->fields_n > u->limits.fields) return WY_E_HTTP_BODY;
  return wy_buf_str(&p->value, bytes);
}

static int close_file(wy_upload *u) {
  int failed = u->fd >= 0 ? close(u->fd) : 0;
  u->fd = -1;
  return failed;
}

static int on_end(void *data) { return close_file(data) ? full(errno) : 0; }

static const wy_multipart_calls calls = {on_begin, on_bytes, on_end};

/* --- as the sink of a request --- */

static int sink_bytes(void *data, wy_str bytes) {
  return wy_multipart_feed(&((wy_upload *)data)->reader, bytes);
}

static int sink_end(void *data) { return wy_multipart_end(&((wy_upload *)data)->reader); }

static void sink_drop(void *data) {
  wy_upload *u = data;
  close_file(u);
  for (size_t i = 0; i < u->n; i++) {
    part *p = &u->parts[i];
    if (p->path) unlink(p->path);
    free(p->path);
    free(p->text);
    wy_buf_deinit(&p->value);
  }
  free(u->parts);
  wy_multipart_deinit(&u->reader);
  free(u);
}

const wy_http_sink wy_upload_sink = {sink_bytes, sink_end, sink_drop};

int wy_upload_new(wy_upload **out, wy_str content_type, const wy_upload_limits *limits,
                  const char *folder) {
  wy_upload *u = calloc(1, sizeof *u);
  if (!u) return WY_E_NOMEM;
  wy_multipart_limits of_reader = WY_MULTIPART_LIMITS;
  of_reader.parts = limits->parts;
  of_reader.repeated = limits->repeated;
  u->limits = *limits;
  u->folder = folder;
  u->fd = -1;
  int err = wy_multipart_init(&u->reader, content_type, &of_reader, &calls, u);
  if (err) {
    sink_drop(u);
    return err;
  }
  *out = u;
  return 0;
}

bool wy_upload_part_at(const wy_upload *u, size_t i, wy_upload_part *to) {
  if (i >= u->n) return false;
  const part *p = &u->parts[i];
  const char *text = p->text;
  *to = (wy_upload_part){.name = {text, p->name_n},
                         .value = wy_buf_view(&p->value),
                         .is_file = p->is_file,
                         .filename = {text + p->name_n, p->filename_n},
                         .type = {text + p->name_n + p->filename_n, p->type_n},
                         .path = p->path,
                         .size = p->size};
  return true;
}

/* --- taking away --- */

static int copy_bytes(int in, int out) {
  char block[32768];
  for (;;) {
    ssize_t n = read(in, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return 0;
    errno = 0;
    if (write_all(out, (wy_str){block, (size_t)n})) return errno ? errno : EIO;
  }
}

/* From one file system to another: what was at `to` stays until the copy is whole. */
static int copy(const char *from, const char *to) {
  char *beside = NULL;
  const char *slash = strrchr(to, '/');
  int folder_n = slash ? (int)(slash - to) + 1 : 0;
  int in = open(from, O_RDONLY | O_CLOEXEC);
  if (in < 0) return errno;
  if (asprintf(&beside, "%.*s.upload-XXXXXX", folder_n, to) < 0) {
    close(in);
    return ENOMEM;
  }
  int out = mkostemp(beside, O_CLOEXEC);
  int number = out < 0 ? errno : copy_bytes(in, out);
  close(in);
  if (out >= 0 && close(out) && !number) number = errno;
  if (!number && rename(beside, to)) number = errno;
  if (number && out >= 0) unlink(beside);
  free(beside);
  return number;
}

int wy_upload_take(wy_upload *u, size_t i, const char *to) {
  part *p = i < u->n ? &u->parts[i] : NULL;
  if (!p || !p->path) return ENOENT;
  int number = rename(p->path, to) ? errno : 0;
  if (number == EXDEV) {
    number = copy(p->path, to);
    if (!number) unlink(p->path);
  }
  if (number) return number;
  free(p->path);
  p->path = NULL;
  return 0;
}
