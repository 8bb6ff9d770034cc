/* weiyue store: backup and restore of a store that is a SQLite file; store_check.c is its check. A
 * backup is taken while hosts run; a restore wants the file alone. */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/lua.h"
#include "cli/options.h"
#include "cli/store_check.h"
#include "store/kv_file.h"

enum { PATH_BYTES = 4352, BUSY_MS = 10000 };

/* --- which store --- */

/* (file, zh) → url, folder; or nil and the problems, a line each. */
static const char chunk[] =
    "local file, zh = ...\n"
    "local conf, problems = require('weiyue.config').load(file)\n"
    "if conf then return conf.store.url, file:match('^(.*)/[^/]*$') or '' end\n"
    "local list = {}\n"
    "for _, p in ipairs(problems) do\n"
    "  if p.level == 'error' then\n"
    "    if zh then p.en = p.zh end\n"
    "    list[#list + 1] = tostring(p)\n"
    "  end\n"
    "end\n"
    "return nil, table.concat(list, '\\n')\n";

static int refuse(const char *url) {
  if (strncmp(url, "redis", 5) == 0)
    return wy_cli_error(
        WY_EXIT_FAILED, "%s",
        wy_tr("存储在 Redis 里，由它自己备份：redis-cli BGSAVE，再保存它的 dump.rdb",
              "the store is in Redis, which backs it up itself: redis-cli BGSAVE, then keep its "
              "dump.rdb"));
  return wy_cli_error(WY_EXIT_FAILED, "%s",
                      wy_tr("存储在内存里，随宿主结束：没有文件；store = \"sqlite:weiyue.db\" 才有",
                            "the store is in memory and ends with its host: there is no file; "
                            "store = \"sqlite:weiyue.db\" has one"));
}

/* The file of the configuration's store; NULL after saying why. *redis: where that is no file but a
 * Redis, and it is asked for, its url comes instead. */
static char *find(const char *config, const char *lua_path, bool *redis) {
  wy_cli_lua l;
  char *path = NULL;
  if (wy_cli_lua_open(&l, lua_path, false)) return NULL;
  lua_State *L = wy_script_lua(l.script);
  bool ok = luaL_loadbuffer(L, chunk, sizeof chunk - 1, "=store") == LUA_OK;
  lua_pushstring(L, config);
  lua_pushboolean(L, wy_cli_zh());
  if (!ok || lua_pcall(L, 2, 2, 0) != LUA_OK) wy_cli_error(0, "%s", lua_tostring(L, -1));
  else if (lua_isnil(L, -2)) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  else if (redis && strncmp(lua_tostring(L, -2), "redis", 5) == 0) {
    *redis = true;
    path = strdup(lua_tostring(L, -2));
  } else if (!(path = wy_kv_file_path(lua_tostring(L, -2), lua_tostring(L, -1))))
    refuse(lua_tostring(L, -2));
  wy_cli_lua_close(&l);
  return path;
}

static int failed(int err, const char *why) {
  return wy_cli_error(WY_EXIT_FAILED, "%s%s%s", wy_cli_strerror(err), *why ? ": " : "", why);
}

static int failed_errno(const char *path) {
  return wy_cli_error(WY_EXIT_FAILED, "%s: %s", path, wy_cli_why(errno));
}

int wy_cli_store_open(wy_kv_sql *s, const char *path) {
  char why[WY_KV_WHY] = "";
  bool exists;
  int err = wy_kv_file_look(path, &exists, why);
  if (!err && !exists)
    return wy_cli_error(WY_EXIT_FAILED, wy_tr("还没有这个存储：%s", "there is no store yet: %s"),
                        path);
  if (!err) err = wy_kv_file_connect(s, path, false, why);
  if (err) return failed(err, why);
  sqlite3_busy_timeout(s->db, BUSY_MS);
  return WY_EXIT_DONE;
}

/* --- copying --- */

void wy_cli_store_look(sqlite3 *db, char wrong[WY_KV_WHY]) {
  sqlite3_stmt *one = NULL;
  snprintf(wrong, WY_KV_WHY, "%s", "integrity_check");
  if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &one, NULL) == SQLITE_OK &&
      sqlite3_step(one) == SQLITE_ROW)
    snprintf(wrong, WY_KV_WHY, "%.200s", (const char *)sqlite3_column_text(one, 0));
  if (strcmp(wrong, "ok") == 0) wrong[0] = '\0';
  sqlite3_finalize(one);
}

/* Everything in one step, which sees one moment of the store and stops nobody from writing. */
static int copy_pages(sqlite3 *from, sqlite3 *to) {
  sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
  if (!b) return sqlite3_errcode(to);
  int code;
  for (int i = 0; i < 100; i++) {
    code = sqlite3_backup_step(b, -1);
    if (code != SQLITE_BUSY && code != SQLITE_LOCKED) break;
    sqlite3_sleep(100);
  }
  int end = sqlite3_backup_finish(b);
  return code == SQLITE_DONE ? end : code;
}

/* A whole, checked copy in one file of its own, on the disk. 0, or the exit status. */
static int copy(wy_kv_sql *from, const char *to) {
  char why[WY_KV_WHY] = "";
  wy_kv_sql s;
  int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed_errno(to);
  close(fd);
  int code = wy_kv_sql_init(&s, to, SQLITE_OPEN_READWRITE);
  if (!code) code = copy_pages(from->db, s.db);
  if (!code) code = sqlite3_exec(s.db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
  int err = code ? wy_kv_sql_error(&s, code, why) : 0;
  if (!err) wy_cli_store_look(s.db, why);
  if (!err && *why) err = WY_E_STORE_CORRUPT;
  wy_kv_sql_deinit(&s);
  if (!err && wy_kv_file_sync(to, false)) return failed_errno(to);
  return err ? failed(err, why) : WY_EXIT_DONE;
}

static bool same_file(const char *a, const char *b) {
  struct stat one, other;
  return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

static void name(char out[PATH_BYTES], const char *path, const char *end) {
  snprintf(out, PATH_BYTES, "%.4200s%s", path, end);
}

static void name_new(char out[PATH_BYTES], const char *path) {
  char end[32];
  snprintf(end, sizeof end, ".new-%ld", (long)getpid());
  name(out, path, end);
}

/* By its first bytes: SQLite's, with our mark. */
static bool is_store(const char *file) {
  unsigned char head[72];
  FILE *f = fopen(file, "rb");
  bool whole = f && fread(head, 1, sizeof head, f) == sizeof head;
  if (f) fclose(f);
  uint32_t mark = whole ? (uint32_t)head[68] << 24 | (uint32_t)head[69] << 16 |
                              (uint32_t)head[70] << 8 | head[71]
                        : 0;
  return whole && memcmp(head, "SQLite format 3", 16) == 0 && mark == WY_KV_APPLICATION;
}

/* Whether a backup may be put there: 0, or the exit status. What is no backup is never replaced. */
static int may_replace(const char *file, bool force) {
  struct stat st;
  char lock[PATH_BYTES];
  if (lstat(file, &st)) return errno == ENOENT ? 0 : failed_errno(file);
  if (S_ISLNK(st.st_mode) && stat(file, &st)) return failed_errno(file);
  if (!S_ISREG(st.st_mode) || !is_store(file))
    return wy_cli_error(
        WY_EXIT_FAILED,
        wy_tr("%s 已经存在，不是微月的备份，不会覆盖：换个文件名",
              "%s exists and is no backup of weiyue, so it stays: name another file"),
        file);
  name(lock, file, "-lock");
  if (access(lock, F_OK) == 0)
    return wy_cli_error(WY_EXIT_FAILED,
                        wy_tr("%s 是宿主用的存储，不是备份，不会覆盖：换个文件名",
                              "%s is a store that hosts use, so it stays: name another file"),
                        file);
  if (!force)
    return wy_cli_error(
        WY_EXIT_FAILED,
        wy_tr("已经有备份 %s：换个文件名，或用 --force 覆盖它",
              "there is a backup %s already: name another file, or overwrite it with --force"),
        file);
  return 0;
}

static int backup(const char *path, const char *file, bool force) {
  wy_kv_sql s;
  char made[PATH_BYTES];
  struct stat st;
  if (same_file(path, file))
    return wy_cli_error(WY_EXIT_USAGE, wy_tr("%s 就是存储本身", "%s is the store itself"), file);
  int status = wy_cli_store_open(&s, path);
  if (status) return status;
  if ((status = may_replace(file, force)) != 0) {
    wy_kv_sql_deinit(&s);
    return status;
  }
  name_new(made, file);
  status = copy(&s, made);
  wy_kv_sql_deinit(&s);
  if (!status && (rename(made, file) || wy_kv_file_sync(file, true))) status = failed_errno(file);
  if (status) {
    unlink(made);
    return status;
  }
  printf(wy_tr("已备份到 %s（%lld 字节）\n", "backed up to %s (%lld bytes)\n"), file,
         stat(file, &st) == 0 ? (long long)st.st_size : 0);
  return WY_EXIT_DONE;
}

/* --- restoring --- */

/* What the old one has in its log goes into it, where it is sound. */
static void settle(const char *path) {
  wy_kv_sql s;
  char why[WY_KV_WHY];
  bool exists;
  if (wy_kv_file_look(path, &exists, why) || !exists) return;
  if (wy_kv_file_connect(&s, path, false, why) == 0) wy_kv_sql_deinit(&s);
}

/* A second name for the old one, and for its log. */
static int keep_aside(const char *path, char aside[PATH_BYTES]) {
  char end[40], from[PATH_BYTES], to[PATH_BYTES];
  time_t now = time(NULL);
  struct tm tm;
  localtime_r(&now, &tm);
  size_t n = strftime(end, sizeof end, ".before-%Y%m%d-%H%M%S", &tm);
  name(aside, path, end);
  int err = link(path, aside);
  for (int i = 2; err && errno == EEXIST && i < 100; i++) { /* another of the same second */
    snprintf(end + n, sizeof end - n, "-%d", i);
    name(aside, path, end);
    err = link(path, aside);
  }
  if (err) {
    aside[0] = '\0';
    return errno == ENOENT ? 0 : -1;
  }
  name(from, path, "-wal");
  name(to, aside, "-wal");
  return link(from, to) && errno != ENOENT ? -1 : 0;
}

/* Who runs the host, and not root, is to have it: the owner of the old one, or of its folder. */
static int give_to_owner(const char *made, const char *path) {
  struct stat st;
  char folder[PATH_BYTES];
  if (geteuid() != 0) return 0;
  if (stat(path, &st)) {
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    if (stat(slash ? folder : ".", &st)) return 0;
  }
  return chown(made, st.st_uid, st.st_gid);
}

/* At any moment there is a whole one under this name: the old one, or the new. */
static int put_in_place(const char *made, const char *path, char aside[PATH_BYTES]) {
  static const char *const ends[] = {"-wal", "-shm"};
  char old[PATH_BYTES];
  settle(path);
  if (give_to_owner(made, path)) return failed_errno(made);
  if (keep_aside(path, aside)) return failed_errno(path);
  for (size_t i = 0; i < 2; i++) { /* an old log would be read into the new file */
    name(old, path, ends[i]);
    if (unlink(old) && errno != ENOENT) return failed_errno(old);
  }
  /* it must be gone before the new file is there, after a power failure too */
  if (wy_kv_file_sync(path, true) || rename(made, path) || wy_kv_file_sync(path, true))
    return failed_errno(path);
  return WY_EXIT_DONE;
}

static int restore(const char *path, const char *file) {
  char why[WY_KV_WHY] = "", made[PATH_BYTES], aside[PATH_BYTES] = "";
  wy_kv_sql s;
  int fd;
  if (same_file(path, file))
    return wy_cli_error(WY_EXIT_USAGE, wy_tr("%s 就是存储本身", "%s is the store itself"), file);
  int err = wy_kv_file_lock(path, true, &fd, why);
  if (err == WY_E_STORE_BUSY)
    return wy_cli_error(
        WY_EXIT_FAILED,
        wy_tr("有宿主正在用 %s：先停下它", "a host is running on %s: stop it first"), path);
  if (err) return failed(err, why);
  name_new(made, path);
  int status = wy_cli_store_open(&s, file);
  if (!status) {
    status = copy(&s, made);
    wy_kv_sql_deinit(&s);
    if (!status) status = put_in_place(made, path, aside);
    if (status) unlink(made);
  }
  close(fd);
  if (status) return status;
  printf(wy_tr("已从 %s 恢复\n", "restored from %s\n"), file);
  if (aside[0]) printf(wy_tr("原来的存储留在 %s\n", "the old store is kept as %s\n"), aside);
  return WY_EXIT_DONE;
}

/* --- the verb --- */

static int wrong_usage(const wy_cli_usage *usage) {
  return wy_cli_error(WY_EXIT_USAGE, wy_tr("用法：weiyue %s", "usage: weiyue %s"), usage->synopsis);
}

int wy_cli_store(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "store backup FILE [--force] | restore FILE | check [--config CONFIG] [--json] "
      "[--lua-path DIR]",
      "配置里的存储：\n"
      "  backup FILE   备份 SQLite 到 FILE，宿主可以正在运行；写好、查过才换上，权限 0600；\n"
      "                已有的备份要 --force 才覆盖，别的文件从不覆盖\n"
      "  restore FILE  换成备份 FILE；要先停下宿主，原来的改名留着\n"
      "  check         SQLite：检查文件是否完好；Redis：能否连上、设置是否保得住数据。\n"
      "                数出各类数据；不完好、连不上则退出码为 1。--json 的 kinds：plugins、\n"
      "                users、tokens、component（第三方平台）、media（素材缓存）、quota（接口\n"
      "                次数）、forget（待删除的用户）、locks、others（不是微月写的）",
      "The configuration's store:\n"
      "  backup FILE   copies SQLite's to FILE, while hosts run; it is put in place when it is\n"
      "                whole; mode 0600; --force overwrites an earlier backup, nothing else is\n"
      "  restore FILE  puts the backup FILE in its place; hosts must be stopped; the old store\n"
      "                is kept under another name\n"
      "  check         SQLite: whether the file is sound; Redis: whether it is reached, and set "
      "to\n"
      "                keep what it has. Counts each kind; exit status 1 when it is not sound or "
      "not\n"
      "                reached. kinds of --json: plugins, users, tokens, component (of a\n"
      "                third-party platform), media (uploaded), quota (API calls), forget (users "
      "to\n"
      "                be forgotten), locks, others (not weiyue's)",
      2};
  const char *words[2], *config = NULL, *lua_path = NULL;
  bool json = false, force = false, redis = false;
  const wy_cli_option options[] = {
      {"config", "CONFIG", "配置文件，默认 weiyue.lua", "the configuration, weiyue.lua by default",
       &config, NULL},
      {"json", NULL, "check 输出一个 JSON 对象", "check prints one JSON object", NULL, &json},
      {"force", NULL, "覆盖已有的备份", "overwrite an earlier backup", NULL, &force},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, words);
  if (status != WY_CLI_GO_ON) return status;
  const char *action = words[0] ? words[0] : "", *file = words[1];
  bool checks = strcmp(action, "check") == 0, saves = strcmp(action, "backup") == 0;
  if (!checks && !saves && strcmp(action, "restore") != 0) return wrong_usage(&usage);
  if (checks == (file != NULL) || (force && !saves)) return wrong_usage(&usage);
  char *path = find(config ? config : "weiyue.lua", lua_path, checks ? &redis : NULL);
  if (!path) return WY_EXIT_FAILED;
  if (checks)
    status = redis ? wy_cli_store_check_redis(path, json) : wy_cli_store_check(path, json);
  else status = saves ? backup(path, file, force) : restore(path, file);
  free(path);
  return status;
}
