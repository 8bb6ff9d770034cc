#include "host/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "host/admin_key.h"
#include "script/state.h"

enum {
  LINES_MAX = 32 << 20,
  FIRST_LINE = 512,
  ID = 16,
  CPU_MS = 10000, /* of one line, or one pass through a file */
  LEFT_S = 60     /* so old, what was in the making is nobody's any more */
};

struct wy_journal {
  char *path, *old, *scratch; /* the file, the one before it, one in the making */
  int fd;
  off_t max;
  char id[ID + 1];
  wy_clock clock;
  wy_script *script;
  int write_ref, user_ref, users_ref; /* Lua: item → line; openid → pseudonym; whom to forget */
  wy_buf lines;
  char why[300];
};

const char *wy_journal_why(const wy_journal *j) { return j->why; }

static int fail(wy_journal *j, const char *doing) {
  snprintf(j->why, sizeof j->why, "cannot %s it: %s", doing, strerror(errno));
  return WY_E_RECORD;
}

static int refuse(wy_journal *j, const char *why) {
  snprintf(j->why, sizeof j->why, "%s", why);
  return WY_E_RECORD;
}

/* --- Lua --- */

/* Runs fn in the state, with the journal and what it is about. */
typedef struct job {
  wy_journal *j;
  const wy_journal_item *one;
  wy_str text;
  const char *from, *to, *key;
  bool changed;
} job;

static int in_lua(wy_journal *j, lua_CFunction fn, job *what) {
  what->j = j;
  lua_State *L = wy_script_lua(j->script);
  int top = lua_gettop(L), err = 0;
  if (wy_script_guard(j->script, CPU_MS, fn, what) != LUA_OK)
    err = refuse(j, lua_tostring(L, -1) ? lua_tostring(L, -1) : "?");
  lua_settop(L, top);
  return err;
}

static void push_module(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "weiyue.journal");
  lua_call(L, 1, 1);
}

static int l_begin(lua_State *L) {
  job *what = lua_touserdata(L, 1);
  push_module(L);
  lua_getfield(L, -1, "writer");
  lua_pushstring(L, what->key);
  lua_pushstring(L, what->j->id);
  lua_call(L, 2, 2);
  what->j->user_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  what->j->write_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_newtable(L);
  what->j->users_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

/* The id in a journal's first line, or, without a text, such a line. */
static int l_head(lua_State *L) {
  job *what = lua_touserdata(L, 1);
  wy_journal *j = what->j;
  size_t n;
  push_module(L);
  lua_getfield(L, -1, what->text.p ? "id" : "head");
  if (what->text.p) lua_pushlstring(L, what->text.p, what->text.n);
  else lua_pushstring(L, j->id);
  lua_call(L, 1, 1);
  const char *text = lua_tolstring(L, -1, &n);
  if (what->text.p) snprintf(j->id, sizeof j->id, "%s", text && n == ID ? text : "");
  else wy_buf_str(&j->lines, (wy_str){text, n});
  return 0;
}

static void set_str(lua_State *L, const char *name, wy_str value) {
  if (!value.p) return;
  lua_pushlstring(L, value.p, value.n);
  lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static int l_line(lua_State *L) {
  const job *what = lua_touserdata(L, 1);
  const wy_journal_item *one = what->one;
  lua_rawgeti(L, LUA_REGISTRYINDEX, what->j->write_ref);
  lua_createtable(L, 0, 11);
  set_str(L, "kind", wy_str_of(one->kind));
  set_str(L, "way", wy_str_of(one->way));
  set_str(L, "push", wy_str_of(one->trace));
  set_str(L, "account", one->account);
  set_str(L, "user", one->user);
  set_str(L, "authorizer", one->authorizer);
  set_str(L, "body", one->body);
  set_integer(L, "attempt", one->attempt);
  set_integer(L, "ms", (lua_Integer)one->took_ms);
  lua_pushnumber(L, (lua_Number)one->at_ms / 1000);
  lua_setfield(L, -2, "at");
  lua_call(L, 1, 2);
  size_t n;
  const char *line = lua_tolstring(L, -2, &n);
  if (!line) return luaL_error(L, "a line cannot be made: %s", lua_tostring(L, -1));
  wy_buf_add(&what->j->lines, line, n);
  wy_buf_lit(&what->j->lines, "\n");
  return 0;
}

static int l_forget(lua_State *L) {
  const job *what = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, what->j->users_ref);
  lua_rawgeti(L, LUA_REGISTRYINDEX, what->j->user_ref);
  lua_pushlstring(L, what->text.p, what->text.n);
  lua_call(L, 1, 1);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  return 0;
}

static int l_purge(lua_State *L) {
  job *what = lua_touserdata(L, 1);
  push_module(L);
  lua_getfield(L, -1, "purge");
  lua_pushstring(L, what->from);
  lua_pushstring(L, what->to);
  lua_rawgeti(L, LUA_REGISTRYINDEX, what->j->users_ref);
  lua_call(L, 3, 2);
  if (lua_isnil(L, -2)) return luaL_error(L, "%s", lua_tostring(L, -1));
  what->changed = lua_toboolean(L, -2);
  return 0;
}

static int l_forgotten(lua_State *L) {
  const job *what = lua_touserdata(L, 1);
  lua_newtable(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, what->j->users_ref);
  return 0;
}

/* --- the file --- */

static int open_file(wy_journal *j) {
  j->fd = open(j->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
  struct stat st;
  if (j->fd < 0) return fail(j, "open");
  if (fstat(j->fd, &st)) return fail(j, "look at");
  return S_ISREG(st.st_mode) ? 0 : refuse(j, "no regular file");
}

/* Of a file that is known to be a journal, or empty. */
static int make_own(wy_journal *j) {
  return fchmod(j->fd, 0600) ? fail(j, "take the rights of others from") : 0;
}

static int append(wy_journal *j) {
  size_t done = 0;
  while (done < j->lines.n) {
    ssize_t n = write(j->fd, j->lines.p + done, j->lines.n - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += (size_t)n;
  }
  if (done == j->lines.n) return 0;
  int err = fail(j, "write");
  while (done && j->lines.p[done - 1] != '\n') done--; /* what is there of the last line goes */
  off_t end = lseek(j->fd, 0, SEEK_END), torn = 0;
  char byte;
  while (end > torn && pread(j->fd, &byte, 1, end - torn - 1) == 1 && byte != '\n') torn++;
  if (torn && ftruncate(j->fd, end - torn)) return err;
  return err;
}

static int make_id(wy_journal *j) {
  unsigned char random[ID / 2];
  if (RAND_bytes(random, sizeof random) != 1) return refuse(j, "no secure random bytes here");
  for (size_t i = 0; i < sizeof random; i++) snprintf(j->id + 2 * i, 3, "%02x", random[i]);
  return 0;
}

static int begin_file(wy_journal *j) {
  int err = in_lua(j, l_head, &(job){.key = NULL});
  wy_buf_lit(&j->lines, "\n");
  if (!err) err = append(j);
  wy_buf_clear(&j->lines);
  return err;
}

/* From the first line; j->id is empty where it says none. */
static int read_id(wy_journal *j, int fd) {
  char line[FIRST_LINE];
  ssize_t n = pread(fd, line, sizeof line, 0);
  if (n < 0) return fail(j, "read");
  j->id[0] = '\0';
  const char *end = memchr(line, '\n', (size_t)n);
  return end ? in_lua(j, l_head, &(job){.text = {line, (size_t)(end - line)}}) : 0;
}

/* Whose it is; a line that a crash has torn is ended. */
static int go_on_with_file(wy_journal *j, off_t size) {
  char last;
  if (pread(j->fd, &last, 1, size - 1) != 1) return fail(j, "read");
  int err = read_id(j, j->fd);
  if (!err && !j->id[0]) err = refuse(j, "it holds something else than a journal of weiyue");
  if (!err) err = make_own(j);
  if (!err && last != '\n') wy_buf_lit(&j->lines, "\n");
  return err;
}

/* Of the file before, where that is all there is: a user is the same word in both, and who is
 * forgotten leaves both. */
static int take_id_of_old(wy_journal *j) {
  int fd = open(j->old, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return 0;
  int err = read_id(j, fd);
  close(fd);
  return err;
}

static int open_journal(wy_journal *j) {
  struct stat st;
  int err = open_file(j);
  if (err) return err;
  if (fstat(j->fd, &st)) return fail(j, "look at");
  if (st.st_size) return go_on_with_file(j, st.st_size);
  err = make_own(j);
  if (!err) err = take_id_of_old(j);
  if (!err && !j->id[0]) err = make_id(j);
  return err ? err : begin_file(j);
}

/* What has the name now may be somebody's notes, or another's journal. */
static int check_same(wy_journal *j) {
  char id[sizeof j->id];
  memcpy(id, j->id, sizeof id);
  int err = read_id(j, j->fd);
  bool same = strcmp(id, j->id) == 0;
  memcpy(j->id, id, sizeof id);
  return err || same ? err : refuse(j, "another file has its name now, which is left as it is");
}

/* Another process may have moved it: then it goes on with what has the name now. */
static int follow(wy_journal *j) {
  struct stat ours, named;
  if (fstat(j->fd, &ours)) return fail(j, "look at");
  if (stat(j->path, &named) == 0 && named.st_ino == ours.st_ino && named.st_dev == ours.st_dev)
    return 0;
  int fd = j->fd, err = open_file(j);
  close(fd);
  if (!err && fstat(j->fd, &named)) err = fail(j, "look at");
  if (!err && named.st_size) err = check_same(j);
  if (!err) err = make_own(j);
  if (err || named.st_size) return err;
  wy_buf rest = j->lines;
  wy_buf_init(&j->lines, LINES_MAX);
  err = begin_file(j);
  wy_buf_deinit(&j->lines);
  j->lines = rest;
  return err;
}

int wy_journal_write(wy_journal *j) {
  struct stat st;
  if (j->lines.failed) {
    wy_buf_deinit(&j->lines);
    return refuse(j, "out of memory");
  }
  if (!j->lines.n) return 0;
  int err = follow(j);
  if (!err && fstat(j->fd, &st)) err = fail(j, "look at");
  if (!err && st.st_size && st.st_size + (off_t)j->lines.n > j->max) {
    err = rename(j->path, j->old) ? fail(j, "rename") : follow(j);
  }
  if (!err) err = append(j);
  wy_buf_clear(&j->lines);
  return err;
}

/* --- from outside --- */

int wy_journal_add(wy_journal *j, const wy_journal_item *one) {
  return in_lua(j, l_line, &(job){.one = one});
}

int wy_journal_forget(wy_journal *j, wy_str openid) {
  return in_lua(j, l_forget, &(job){.text = openid});
}

static int purge_file(wy_journal *j, const char *path) {
  job what = {.from = path, .to = j->scratch};
  if (access(path, F_OK)) return 0;
  unlink(j->scratch);
  int fd = open(j->scratch, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(j, "take a user out of");
  close(fd);
  int err = in_lua(j, l_purge, &what);
  if (!err && what.changed && rename(j->scratch, path)) err = fail(j, "rename");
  if (err || !what.changed) unlink(j->scratch);
  return err;
}

static int tell_who_stays(wy_journal *j) {
  char why[sizeof j->why];
  memcpy(why, j->why, sizeof why);
  snprintf(j->why, sizeof j->why, "users who left are still in it, or in %.60s: %.150s", j->old,
           why);
  return WY_E_RECORD;
}

int wy_journal_purge(wy_journal *j) {
  int err = purge_file(j, j->path);
  if (!err) err = purge_file(j, j->old);
  if (err) return tell_who_stays(j);
  err = follow(j);
  if (!err) err = in_lua(j, l_forgotten, &(job){.key = NULL});
  return err;
}

/* A process that was killed meanwhile leaves it; one that is about to end may still be at it. */
static void remove_leftover(const wy_journal *j) {
  struct stat st;
  if (stat(j->scratch, &st) == 0 && st.st_mtime + LEFT_S <= time(NULL)) unlink(j->scratch);
}

static char *beside(const char *path, const char *more) {
  size_t n = strlen(path) + strlen(more) + 1;
  char *name = malloc(n);
  if (name) snprintf(name, n, "%s%s", path, more);
  return name;
}

static int open_all(wy_journal *j, const wy_journal_options *o, wy_buf *why) {
  char key[WY_ADMIN_KEY + 1];
  const wy_script_options options = {
      .clock = &j->clock, .log = o->log, .lua_path = o->lua_path, .paused = true};
  if (!j->path || !j->old || !j->scratch || wy_script_new(&j->script, &options)) return WY_E_NOMEM;
  int err = wy_admin_key_open(o->state, key, why);
  if (err) return err;
  err = open_journal(j);
  if (!err) remove_leftover(j);
  if (!err) err = in_lua(j, l_begin, &(job){.key = key});
  OPENSSL_cleanse(key, sizeof key);
  if (err) wy_buf_str(why, wy_str_of(j->why));
  return err;
}

int wy_journal_open(wy_journal **out, const wy_journal_options *options, wy_buf *why) {
  wy_journal *j = calloc(1, sizeof *j);
  if (!j) return WY_E_NOMEM;
  j->fd = -1;
  j->max = (off_t)options->max;
  j->path = strdup(options->path);
  j->old = beside(options->path, ".1");
  j->scratch = beside(options->path, ".tmp");
  wy_buf_init(&j->lines, LINES_MAX);
  wy_clock_init(&j->clock);
  int err = open_all(j, options, why);
  if (!err) *out = j;
  else wy_journal_close(j);
  return err;
}

void wy_journal_close(wy_journal *j) {
  if (!j) return;
  if (j->fd >= 0) close(j->fd);
  wy_script_free(j->script);
  wy_clock_deinit(&j->clock);
  wy_buf_deinit(&j->lines);
  free(j->path);
  free(j->old);
  free(j->scratch);
  free(j);
}
