#include "store/kv_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { OPEN_BUSY_MS = 5000 };

/* "path" and an end of it, or of its folder; freed by the caller. */
static char *beside(const char *path, const char *end) {
  size_t n = strlen(path) + strlen(end) + 1;
  char *s = malloc(n);
  if (s) snprintf(s, n, "%s%s", path, end);
  return s;
}

char *wy_kv_file_path(const char *url, const char *folder) {
  static const char scheme[] = "sqlite:";
  if (strncmp(url, scheme, sizeof scheme - 1) != 0) return NULL;
  const char *file = url + sizeof scheme - 1;
  if (*file == '/') return strdup(file);
  if (!folder || !*folder) folder = "."; /* never a name with a meaning, such as :memory: */
  size_t n = strlen(folder) + strlen(file) + 2;
  char *path = malloc(n);
  if (path) snprintf(path, n, "%s/%s", folder, file);
  return path;
}

static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash != path ? strndup(path, (size_t)(slash - path)) : strdup(slash ? "/" : ".");
}

static int say(char why[WY_KV_WHY], int err, const char *path, const char *text) {
  snprintf(why, WY_KV_WHY, "%.130s: %.100s", path, text);
  return err;
}

static int say_errno(char why[WY_KV_WHY], const char *path) {
  int number = errno;
  int err = number == EACCES || number == EPERM || number == EROFS ? WY_E_STORE_READONLY
            : number == ENOSPC || number == EDQUOT                 ? WY_E_STORE_FULL
                                                                   : WY_E_STORE_IO;
  return say(why, err, path, strerror(number));
}

/* --- looking --- */

/* Its log has what the file itself may not have yet. */
static bool has_log(const char *path) {
  struct stat st;
  char *log = beside(path, "-wal");
  bool yes = log && stat(log, &st) == 0 && st.st_size > 0;
  free(log);
  return yes;
}

static int look_at_folder(const char *path, char why[WY_KV_WHY]) {
  char *folder = folder_of(path);
  if (!folder) return WY_E_NOMEM;
  int err = access(folder, R_OK | W_OK | X_OK) ? say_errno(why, folder) : 0;
  free(folder);
  return err;
}

int wy_kv_file_look(const char *path, bool *exists, char why[WY_KV_WHY]) {
  struct stat st;
  *exists = stat(path, &st) == 0;
  if (!*exists && errno != ENOENT) return say_errno(why, path);
  if (!*exists && has_log(path))
    return say(why, WY_E_STORE_CORRUPT, path,
               "the file is gone, but its -wal file is there: put it back, or restore a backup");
  if (*exists && !S_ISREG(st.st_mode)) return say(why, WY_E_STORE_IO, path, "this is no file");
  if (*exists && st.st_size == 0)
    return say(why, WY_E_STORE_CORRUPT, path,
               "the file is empty: restore a backup, or remove it to begin anew");
  if (*exists && access(path, R_OK | W_OK)) return say_errno(why, path);
  return look_at_folder(path, why); /* which gets files beside it */
}

int wy_kv_file_lock(const char *path, bool alone, int *fd, char why[WY_KV_WHY]) {
  char *name = beside(path, "-lock");
  int err = 0;
  if (!name) return WY_E_NOMEM;
  *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (*fd < 0) err = say_errno(why, name);
  else if (flock(*fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB))
    err = errno != EWOULDBLOCK ? say_errno(why, name)
          : alone              ? say(why, WY_E_STORE_BUSY, path, "a host is running on it")
                               : say(why, WY_E_STORE_BUSY, path, "it is being restored just now");
  if (err && *fd >= 0) close(*fd);
  free(name);
  return err;
}

int wy_kv_file_sync(const char *path, bool folder) {
  char *name = folder ? folder_of(path) : strdup(path);
  int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1, err = fd < 0 ? -1 : fsync(fd);
  if (fd >= 0) close(fd);
  free(name);
  return err;
}

/* --- making --- */

static bool has_log_mode(wy_kv_sql *s, const char *sql, int *code) {
  sqlite3_stmt *one = NULL;
  bool yes = false;
  *code = sqlite3_prepare_v2(s->db, sql, -1, &one, NULL);
  if (!*code) *code = sqlite3_step(one);
  if (*code == SQLITE_ROW) {
    const char *mode = (const char *)sqlite3_column_text(one, 0);
    yes = mode && strcmp(mode, "wal") == 0;
    *code = SQLITE_OK;
  }
  sqlite3_finalize(one);
  return yes;
}

/* Asked for only where it is not so: that wants the file alone. */
static int use_log(wy_kv_sql *s, char why[WY_KV_WHY]) {
  int code;
  if (has_log_mode(s, "PRAGMA journal_mode", &code)) return 0;
  if (!code && has_log_mode(s, "PRAGMA journal_mode = WAL", &code)) return 0;
  if (code) return wy_kv_sql_error(s, code, why);
  snprintf(why, WY_KV_WHY, "no write-ahead log can be kept there: is it a network's file system?");
  return WY_E_STORE_IO;
}

static int build(const char *path, char why[WY_KV_WHY]) {
  wy_kv_sql s;
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return say_errno(why, path);
  close(fd);
  int code = wy_kv_sql_init(&s, path, SQLITE_OPEN_READWRITE);
  if (!code) code = wy_kv_sql_create(&s); /* before there is a log that part of it might be in */
  int err = code ? wy_kv_sql_error(&s, code, why) : use_log(&s, why);
  wy_kv_sql_deinit(&s);
  return err;
}

/* Where the file system knows no links, the last of several that make it at once wins. */
static int put_in_place(const char *made, const char *path, char why[WY_KV_WHY]) {
  if (link(made, path) == 0 || errno == EEXIST) return 0;
  if (errno != EPERM && errno != ENOTSUP && errno != EOPNOTSUPP) return say_errno(why, path);
  return rename(made, path) ? say_errno(why, path) : 0;
}

/* Under another name first: a file of this name is a whole one, or one that was damaged. */
int wy_kv_file_make(const char *path, char why[WY_KV_WHY]) {
  char end[32];
  snprintf(end, sizeof end, ".new-%ld", (long)getpid());
  char *made = beside(path, end);
  if (!made) return WY_E_NOMEM;
  unlink(made);
  int err = build(made, why);
  if (!err) err = put_in_place(made, path, why);
  if (!err && wy_kv_file_sync(path, true)) err = say_errno(why, path);
  static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    char *one = beside(made, ends[i]);
    if (one) unlink(one);
    free(one);
  }
  free(made);
  return err;
}

/* --- connecting --- */

/* Where opening for writing fails, SQLite opens for reading, and stays so. */
static int may_write(wy_kv_sql *s, const char *path, char why[WY_KV_WHY]) {
  if (!sqlite3_db_readonly(s->db, "main")) return 0;
  const char *text = access(path, W_OK) ? strerror(errno) : NULL;
  snprintf(why, WY_KV_WHY, "%s", text ? text : "opening it for writing has failed");
  return text ? WY_E_STORE_READONLY : WY_E_STORE_IO;
}

int wy_kv_file_connect(wy_kv_sql *s, const char *path, bool normal, char why[WY_KV_WHY]) {
  char words[WY_KV_WHY], text[200];
  int code = wy_kv_sql_init(s, path, SQLITE_OPEN_READWRITE), err;
  if (!code) code = sqlite3_busy_timeout(s->db, OPEN_BUSY_MS);
  snprintf(text, sizeof text,
           "PRAGMA secure_delete = ON; PRAGMA synchronous = %s; PRAGMA fullfsync = %d; PRAGMA "
           "checkpoint_fullfsync = %d;"
           "PRAGMA journal_size_limit = 4194304",
           normal ? "NORMAL" : "FULL", !normal, !normal);
  if (!code) code = sqlite3_exec(s->db, text, NULL, NULL, NULL);
  err = code ? wy_kv_sql_error(s, code, words) : wy_kv_sql_check(s, words);
  if (!err) err = may_write(s, path, words);
  if (!err) err = use_log(s, words);
  if (!err) return 0;
  wy_kv_sql_deinit(s);
  return say(why, err, path, words);
}
