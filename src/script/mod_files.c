/* weiyue.files: what loading plugins needs: read, glob, kind of the file system, and the bundled
 * plugins, which are in the program. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "script/embedded.h"
#include "script/modules.h"
#include "script/state.h"

#define BUNDLED "plugins." /* what embedded.c calls the files of plugins/ */

enum { SOURCE_BYTES = 1048576, READ_BYTES = 16384 };

static int fail(lua_State *L, const char *path, const char *why, int number) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, why);
  lua_pushinteger(L, number);
  return 3;
}

static const char *fault_of(const struct stat *st) {
  if (S_ISDIR(st->st_mode)) return "is a folder, not a file";
  if (!S_ISREG(st->st_mode)) return "not a regular file";
  return st->st_size > SOURCE_BYTES ? "larger than 1 MiB" : NULL;
}

/* read(path) → text | nil, err, errno. Regular files up to 1 MiB. Symbolic links are followed,
 * since deployments are switched by them; what counts is the file they lead to: it is looked at
 * before it is opened, as opening a device may do something, and again after, as a FIFO would
 * block. */
static int l_read(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  if (stat(path, &st)) return fail(L, path, strerror(errno), errno);
  const char *why = fault_of(&st);
  if (why) return fail(L, path, why, S_ISDIR(st.st_mode) ? EISDIR : 0);
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return fail(L, path, strerror(errno), errno);
  if (fstat(fd, &st)) why = strerror(errno);
  else why = fault_of(&st);
  wy_buf b;
  wy_buf_init(&b, SOURCE_BYTES + READ_BYTES); /* the last read, of nothing, wants room as well */
  while (!why) {
    char *to = wy_buf_reserve(&b, READ_BYTES);
    if (!to) {
      why = "larger than 1 MiB";
      break;
    }
    ssize_t n = read(fd, to, READ_BYTES);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) why = strerror(errno);
    if (n <= 0) break;
    wy_buf_added(&b, (size_t)n);
  }
  close(fd);
  if (why) {
    wy_buf_deinit(&b);
    return fail(L, path, why, 0);
  }
  lua_pushlstring(L, b.p ? b.p : "", b.n);
  wy_buf_deinit(&b);
  return 1;
}

/* glob(pattern) → sorted array of paths, empty when nothing matches. */
static int l_glob(lua_State *L) {
  glob_t g;
  int err = glob(luaL_checkstring(L, 1), 0, NULL, &g);
  if (err && err != GLOB_NOMATCH) return fail(L, lua_tostring(L, 1), "cannot be read", 0);
  lua_newtable(L);
  for (size_t i = 0; !err && i < g.gl_pathc; i++) {
    lua_pushstring(L, g.gl_pathv[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  if (!err) globfree(&g);
  return 1;
}

/* kind(path) → "file" | "folder" | "other" | nil */
static int l_kind(lua_State *L) {
  struct stat st;
  if (stat(luaL_checkstring(L, 1), &st)) return 0;
  lua_pushstring(L, S_ISREG(st.st_mode) ? "file" : S_ISDIR(st.st_mode) ? "folder" : "other");
  return 1;
}

/* bundled(name) → the source of plugins/NAME.lua | nil */
static int l_bundled(lua_State *L) {
  const char *module = lua_pushfstring(L, BUNDLED "%s", luaL_checkstring(L, 1));
  wy_str text = wy_embedded_lua(module);
  if (!text.p) return 0;
  lua_pushlstring(L, text.p, text.n);
  return 1;
}

/* all_bundled() → array of names */
static int l_all_bundled(lua_State *L) {
  lua_Integer n = 0;
  lua_newtable(L);
  for (const wy_embedded *e = wy_embedded_files; e->module; e++) {
    if (strncmp(e->module, BUNDLED, sizeof BUNDLED - 1) != 0) continue;
    lua_pushstring(L, e->module + sizeof BUNDLED - 1);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

int wy_open_files(lua_State *L) {
  static const luaL_Reg functions[] = {{"read", l_read},
                                       {"glob", l_glob},
                                       {"kind", l_kind},
                                       {"bundled", l_bundled},
                                       {"all_bundled", l_all_bundled},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
