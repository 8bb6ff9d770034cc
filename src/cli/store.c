/* weiyue store: backup, restore and check of a store that is a SQLite file. A backup is taken while
 * hosts run; a restore wants the file alone. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "store/kv_file.h"

#include <cjson/cJSON.h>

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

/* The file of the configuration's store; NULL after saying why. */
static char *find(const char *config, const char *lua_path) {
  wy_cli_lua l;
  char *path = NULL;
  if (wy_cli_lua_open(&l, lua_path, false)) return NULL;
  lua_State *L = wy_script_lua(l.script);
  bool ok = luaL_loadbuffer(L, chunk, sizeof chunk - 1, "=store") == LUA_OK;
  lua_pushstring(L, config);
  lua_pushboolean(L, wy_cli_zh());
  if (!ok || lua_pcall(L, 2, 2, 0) != LUA_OK) wy_cli_error(0, "%s", lua_tostring(L, -1));
  else if (lua_isnil(L, -2)) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  else if (!(path = wy_kv_file_path(lua_tostring(L, -2), lua_tostring(L, -1))))
    refuse(lua_tostring(L, -2));
  wy_cli_lua_close(&l);
  return path;
}

static int failed(int err, const char *why) {
  return wy_cli_error(WY_EXIT_FAILED, "%s%s%s", wy_cli_strerror(err), *why ? ": " : "", why);
}

static int failed_errno(const char *path) {
  return wy_cli_error(WY_EXIT_FAILED, "%s: %s", path, strerror(errno));
}

/* Opens a store that exists. 0, or the exit status. */
static int open_store(wy_kv_sql *s, const char *path) {
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

/* The first thing that is wrong; "" for none. */
static void look_inside(sqlite3 *db, char wrong[WY_KV_WHY]) {
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
  if (!err) look_inside(s.db, why);
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

static int backup(const char *path, const char *file) {
  wy_kv_sql s;
  char made[PATH_BYTES];
  struct stat st;
  if (same_file(path, file))
    return wy_cli_error(WY_EXIT_USAGE, wy_tr("%s 就是存储本身", "%s is the store itself"), file);
  int status = open_store(&s, path);
  if (status) return status;
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

/* At any moment there is a whole one under this name: the old one, or the new. */
static int put_in_place(const char *made, const char *path, char aside[PATH_BYTES]) {
  static const char *const ends[] = {"-wal", "-shm"};
  char old[PATH_BYTES];
  settle(path);
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
  int status = open_store(&s, file);
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

/* --- checking --- */

typedef struct kind {
  const char *prefix, *zh, *en;
} kind;

static const kind kinds[] = {
    {"p", "插件数据", "data of plugins"},
    {"u", "用户数据", "personal data"},
    {"t", "令牌", "tokens"},
    {"c", "第三方平台", "of the component"},
    {"m", "素材缓存", "uploaded media"},
    {"l", "锁", "locks"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct tally {
  int64_t n[KINDS + 1], bytes[KINDS + 1]; /* the last: others */
} tally;

static int count(wy_kv_sql *s, tally *t) {
  static const char sql[] =
      "SELECT substr(k, 1, instr(k, x'2f') - 1), count(*), sum(length(k) + length(v)) FROM kv "
      "WHERE e = 0 OR e > ?1 GROUP BY 1 UNION ALL "
      "SELECT x'6c', count(*), sum(length(name)) FROM locks WHERE e = 0 OR e > ?1";
  sqlite3_stmt *one = NULL;
  int code = sqlite3_prepare_v2(s->db, sql, -1, &one, NULL);
  if (!code) sqlite3_bind_int64(one, 1, (int64_t)time(NULL) * 1000);
  while (!code && (code = sqlite3_step(one)) == SQLITE_ROW) {
    const char *p = sqlite3_column_blob(one, 0);
    size_t n = (size_t)sqlite3_column_bytes(one, 0), i = 0;
    while (i < KINDS && !(n == 1 && p[0] == kinds[i].prefix[0])) i++;
    t->n[i] += sqlite3_column_int64(one, 1);
    t->bytes[i] += sqlite3_column_int64(one, 2);
    code = 0;
  }
  sqlite3_finalize(one);
  return code == SQLITE_DONE ? 0 : code;
}

static const char *label(size_t i) {
  return i == KINDS ? wy_tr("其他", "others") : wy_tr(kinds[i].zh, kinds[i].en);
}

static int report(const char *path, const char *wrong, const tally *t) {
  if (*wrong) wy_cli_error(0, wy_tr("%s 已损坏：%s", "%s is damaged: %s"), path, wrong);
  else printf(wy_tr("%s 没有问题\n", "%s is sound\n"), path);
  for (size_t i = 0; i <= KINDS; i++)
    if (t->n[i])
      printf(
          wy_tr("%s：%" PRId64 " 条，%" PRId64 " 字节\n", "%s: %" PRId64 ", %" PRId64 " bytes\n"),
          label(i), t->n[i], t->bytes[i]);
  return *wrong ? WY_EXIT_FAILED : WY_EXIT_DONE;
}

static int report_json(const char *path, const char *wrong, const tally *t) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddBoolToObject(root, "ok", !*wrong);
  cJSON_AddStringToObject(root, "file", path);
  if (*wrong) cJSON_AddStringToObject(root, "problem", wrong);
  cJSON *list = cJSON_AddObjectToObject(root, "kinds");
  for (size_t i = 0; i <= KINDS; i++) {
    cJSON *one = cJSON_AddObjectToObject(list, i == KINDS ? "others" : kinds[i].prefix);
    cJSON_AddNumberToObject(one, "count", (double)t->n[i]);
    cJSON_AddNumberToObject(one, "bytes", (double)t->bytes[i]);
  }
  char *text = cJSON_PrintUnformatted(root);
  cJSON_Delete(root);
  if (!text) return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("内存不足", "out of memory"));
  puts(text);
  cJSON_free(text);
  return *wrong ? WY_EXIT_FAILED : WY_EXIT_DONE;
}

static int check(const char *path, bool json) {
  wy_kv_sql s;
  tally t = {{0}, {0}};
  char wrong[WY_KV_WHY], why[WY_KV_WHY];
  int status = open_store(&s, path);
  if (status) return status;
  look_inside(s.db, wrong);
  int code = count(&s, &t);
  if (code && !*wrong) {
    wy_kv_sql_error(&s, code, why);
    snprintf(wrong, sizeof wrong, "%s", why);
  }
  wy_kv_sql_deinit(&s);
  return json ? report_json(path, wrong, &t) : report(path, wrong, &t);
}

/* --- the verb --- */

static int wrong_usage(const wy_cli_usage *usage) {
  return wy_cli_error(WY_EXIT_USAGE, wy_tr("用法：weiyue %s", "usage: weiyue %s"), usage->synopsis);
}

int wy_cli_store(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "store backup FILE | restore FILE | check [--config CONFIG] [--json] [--lua-path DIR]",
      "配置里的 SQLite 存储：\n"
      "  backup FILE   备份到 FILE，宿主可以正在运行；写好、查过才换上，权限 0600\n"
      "  restore FILE  换成备份 FILE；要先停下宿主，原来的改名留着\n"
      "  check         检查文件是否完好，数出各类数据；不完好则退出码为 1",
      "The configuration's store, where that is SQLite:\n"
      "  backup FILE   to FILE, while hosts run; it is put in place when it is whole; mode 0600\n"
      "  restore FILE  puts the backup FILE in its place; hosts must be stopped; the old store\n"
      "                is kept under another name\n"
      "  check         whether the file is sound, and how much of each kind it has; exit status 1\n"
      "                when it is not",
      2};
  const char *words[2], *config = NULL, *lua_path = NULL;
  bool json = false;
  const wy_cli_option options[] = {
      {"config", "CONFIG", "配置文件，默认 weiyue.lua", "the configuration, weiyue.lua by default",
       &config, NULL},
      {"json", NULL, "check 输出一个 JSON 对象", "check prints one JSON object", NULL, &json},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, words);
  if (status != WY_CLI_GO_ON) return status;
  const char *action = words[0] ? words[0] : "", *file = words[1];
  bool checks = strcmp(action, "check") == 0, saves = strcmp(action, "backup") == 0;
  if (!checks && !saves && strcmp(action, "restore") != 0) return wrong_usage(&usage);
  if (checks == (file != NULL)) return wrong_usage(&usage);
  char *path = find(config ? config : "weiyue.lua", lua_path);
  if (!path) return WY_EXIT_FAILED;
  status = checks ? check(path, json) : saves ? backup(path, file) : restore(path, file);
  free(path);
  return status;
}
