#include "host/admin_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define FILE_NAME "admin.key"

enum { FILE_BYTES = WY_ADMIN_KEY + 1, MISSING = 1 };

/* The state folder, open, and where reasons go. */
typedef struct place {
  const char *folder;
  int fd;
  wy_buf *why;
} place;

static int refuse(const place *p, const char *reason) {
  wy_buf_printf(p->why, "%s/" FILE_NAME ": %s", p->folder, reason);
  return WY_E_CONFIG;
}

static int refuse_errno(const place *p, const char *doing) {
  wy_buf_printf(p->why, "%s/" FILE_NAME ": cannot %s it: %s", p->folder, doing, strerror(errno));
  return WY_E_CONFIG;
}

static bool is_hex(wy_str s) {
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return false;
  }
  return true;
}

/* At most n bytes, fewer at the end of the file only; -1 and errno. */
static ssize_t read_up_to(int fd, char *to, size_t n) {
  size_t have = 0;
  while (have < n) {
    ssize_t got = read(fd, to + have, n - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    have += (size_t)got;
  }
  return (ssize_t)have;
}

static bool write_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t put = write(fd, p, n);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    p += put, n -= (size_t)put;
  }
  return true;
}

static int read_fd(const place *p, int fd, char out[WY_ADMIN_KEY + 1]) {
  struct stat st;
  char text[FILE_BYTES + 1];
  if (fstat(fd, &st)) return refuse_errno(p, "look at");
  if (!S_ISREG(st.st_mode)) return refuse(p, "not a regular file");
  if (st.st_uid != geteuid()) return refuse(p, "another user's file: he knows the key; remove it");
  if (st.st_mode & (S_IRWXG | S_IRWXO)) {
    wy_buf_printf(p->why,
                  "%s/" FILE_NAME
                  ": mode %04o lets others at it; chmod 600, or, if somebody may have read it, "
                  "remove it, and the next start makes another",
                  p->folder, (unsigned)(st.st_mode & 07777));
    return WY_E_CONFIG;
  }
  ssize_t n = read_up_to(fd, text, sizeof text);
  if (n < 0) return refuse_errno(p, "read");
  bool whole =
      n == FILE_BYTES && text[WY_ADMIN_KEY] == '\n' && is_hex((wy_str){text, WY_ADMIN_KEY});
  if (whole) {
    memcpy(out, text, WY_ADMIN_KEY);
    out[WY_ADMIN_KEY] = '\0';
  }
  OPENSSL_cleanse(text, sizeof text);
  return whole ? 0
               : refuse(p,
                        "not 64 hex digits and a newline; remove it, and the next start makes "
                        "another");
}

/* 0, MISSING, or an error. */
static int read_key(const place *p, char out[WY_ADMIN_KEY + 1]) {
  /* not to hang at a pipe, not to get a terminal */
  int fd = openat(p->fd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return errno == ENOENT ? MISSING : refuse_errno(p, "open");
  int err = read_fd(p, fd, out);
  close(fd);
  return err;
}

static void hex(const unsigned char *p, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digits[p[i] >> 4];
    out[2 * i + 1] = digits[p[i] & 15];
  }
}

/* The name appears with the whole file behind it, by a link, which replaces nothing: of several
 * processes the first one's key stands, and none sees half of it. */
static int make_key(const place *p) {
  int err = 0;
  unsigned char random[WY_ADMIN_KEY / 2], tag[8];
  char text[FILE_BYTES], name[sizeof FILE_NAME "." + 2 * sizeof tag] = FILE_NAME ".";
  if (RAND_bytes(random, sizeof random) != 1 || RAND_bytes(tag, sizeof tag) != 1)
    return refuse(p, "no secure random bytes on this system");
  hex(random, sizeof random, text);
  text[WY_ADMIN_KEY] = '\n';
  hex(tag, sizeof tag, name + sizeof FILE_NAME "." - 1);

  int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) {
    err = refuse_errno(p, "make");
    goto end;
  }
  /* umask may have taken rights of the owner's; synced, or a crash could leave an empty file */
  if (fchmod(fd, S_IRUSR | S_IWUSR) || !write_all(fd, text, sizeof text) || fsync(fd))
    err = refuse_errno(p, "write");
  else if (linkat(p->fd, name, p->fd, FILE_NAME, 0) && errno != EEXIST)
    err = refuse_errno(p, "link");
  close(fd);
  unlinkat(p->fd, name, 0);
end:
  OPENSSL_cleanse(random, sizeof random);
  OPENSSL_cleanse(text, sizeof text);
  return err;
}

/* 0 with p->fd open, or WY_E_CONFIG. */
static int open_folder(place *p) {
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const char *doing = "open";
  p->fd = open(p->folder, flags);
  if (p->fd < 0 && errno == ENOENT) {
    if (mkdir(p->folder, S_IRWXU) && errno != EEXIST) doing = "make";
    else p->fd = open(p->folder, flags);
  }
  if (p->fd >= 0) return 0;
  wy_buf_printf(p->why, "%s: cannot %s the state folder: %s", p->folder, doing, strerror(errno));
  return WY_E_CONFIG;
}

int wy_admin_key_open(const char *state_folder, char out[WY_ADMIN_KEY + 1], wy_buf *why) {
  place p = {state_folder, -1, why};
  out[0] = '\0';
  int err = open_folder(&p);
  if (err) return err;
  err = read_key(&p, out);
  if (err == MISSING) {
    err = make_key(&p);
    if (!err) err = read_key(&p, out); /* perhaps another's */
    if (err == MISSING) err = refuse(&p, "a link to a file that is not there");
  }
  close(p.fd);
  return err;
}

bool wy_admin_key_fits(const char key[WY_ADMIN_KEY + 1], wy_str authorization) {
  static const wy_str scheme = {"Bearer ", 7};
  wy_str s = wy_str_trim(authorization);
  if (s.n < scheme.n || !wy_str_ieq((wy_str){s.p, scheme.n}, scheme)) return false;
  s = wy_str_trim((wy_str){s.p + scheme.n, s.n - scheme.n});
  return key[0] && s.n == WY_ADMIN_KEY && CRYPTO_memcmp(s.p, key, WY_ADMIN_KEY) == 0;
}
