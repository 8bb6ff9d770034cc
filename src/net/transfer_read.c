/* What comes back of a call: head and body, in memory or in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "net/client_impl.h"

static bool save(wy_transfer *t, const char *p, size_t n) {
  while (n) {
    ssize_t w = write(t->out, p, n);
    if (w < 0 && errno == EINTR) continue;
    if (w <= 0) {
      t->fault = WY_FETCH_FILE;
      t->why = w < 0 ? errno : ENOSPC;
      return false;
    }
    p += w;
    n -= (size_t)w;
  }
  return true;
}

size_t wy_transfer_on_body(char *p, size_t size, size_t n, void *data) {
  wy_transfer *t = data;
  n *= size;
  if (t->drop_body) return n;
  t->size += n;
  bool saves = t->out >= 0 && t->status / 100 == 2;
  if (t->size > t->options.max || (!saves && t->size > t->options.memory)) {
    t->fault = WY_FETCH_LARGE;
    return 0;
  }
  if (saves) return save(t, p, n) ? n : 0;
  if (wy_buf_add(&t->body, p, n) == 0) return n;
  t->fault = WY_FETCH_NOMEM;
  return 0;
}

wy_str wy_transfer_value_of(wy_str line, const char *name) {
  size_t n = strlen(name);
  if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0) return (wy_str){0};
  return wy_str_trim((wy_str){line.p + n + 1, line.n - n - 1});
}

/* Only what was asked for: other codings may want much memory before they say a byte. */
static bool is_coding(wy_str coding) {
  static const char *const known[] = {"gzip", "x-gzip", "deflate", "identity", "none", ""};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strlen(known[i]) == coding.n && strncasecmp(known[i], coding.p, coding.n) == 0) return true;
  return false;
}

static bool are_codings(wy_str list) {
  while (list.n) {
    const char *comma = memchr(list.p, ',', list.n);
    size_t n = comma ? (size_t)(comma - list.p) : list.n;
    if (!is_coding(wy_str_trim((wy_str){list.p, n}))) return false;
    n += comma != NULL;
    list = (wy_str){list.p + n, list.n - n};
  }
  return true;
}

static void begin_head(wy_transfer *t, wy_str line) {
  const char *blank = memchr(line.p, ' ', line.n);
  wy_buf_clear(&t->head);
  t->status = 0;
  for (const char *p = blank ? blank + 1 : NULL; p && p < line.p + line.n; p++) {
    if (*p < '0' || *p > '9' || t->status > 99) break;
    t->status = t->status * 10 + (*p - '0');
  }
  t->drop_body = false;
}

size_t wy_transfer_on_head(char *p, size_t size, size_t n, void *data) {
  wy_transfer *t = data;
  wy_str line = {p, size * n};
  if (line.n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
    begin_head(t, line);
    return line.n;
  }
  if (wy_transfer_value_of(line, "Location").n) /* without one it leads nowhere: it is the answer */
    t->drop_body = wy_transfer_is_redirect(t->status) && t->hops < t->options.redirects;
  wy_str coding = wy_transfer_value_of(line, "Content-Encoding");
  if (coding.p && !are_codings(coding)) {
    t->fault = WY_FETCH_PROTOCOL;
    wy_transfer_say(t, "a Content-Encoding that was not asked for");
    return 0;
  }
  if (wy_buf_str(&t->head, line) == 0) return line.n;
  t->fault = WY_FETCH_LARGE;
  wy_transfer_say(t, "more than 64 KiB of headers");
  return 0;
}

/* --- files --- */

wy_fetch wy_transfer_file_fault(wy_transfer *t, const char *path, int why) {
  snprintf(t->note, sizeof t->note, "%.150s: %s", path, strerror(why));
  return WY_FETCH_FILE;
}

void wy_transfer_forget_file(wy_transfer *t) {
  if (t->out >= 0) close(t->out);
  if (t->temporary) unlink(t->temporary);
  free(t->temporary);
  free(t->path);
  t->temporary = t->path = NULL;
  t->out = -1;
}

/* Beside it: a rename stays within one file system. */
wy_fetch wy_transfer_save(wy_transfer *t, const char *path) {
  wy_buf name;
  wy_buf_init(&name, 4096);
  if (wy_buf_printf(&name, "%s.XXXXXX", path)) return wy_transfer_file_fault(t, path, ENAMETOOLONG);
  wy_transfer_forget_file(t);
  t->path = strdup(path);
  t->out = t->path ? mkstemp(name.p) : -1; /* for its owner alone */
  int why = t->path ? errno : ENOMEM;
  if (t->out < 0) {
    wy_buf_deinit(&name);
    return wy_transfer_file_fault(t, path, why);
  }
  fcntl(t->out, F_SETFD, FD_CLOEXEC);
  t->temporary = name.p;
  return WY_FETCH_OK;
}

wy_fetch wy_transfer_keep_file(wy_transfer *t) {
  int closed = close(t->out);
  t->out = -1;
  if (closed || rename(t->temporary, t->path)) return wy_transfer_file_fault(t, t->path, errno);
  free(t->temporary);
  t->temporary = NULL;
  t->saved = true;
  return WY_FETCH_OK;
}
