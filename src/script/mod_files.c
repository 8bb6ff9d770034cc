/* weiyue.files: what loading plugins and keeping them needs: the file system, and the bundled
 * plugins with their pages, which are in the program. What writes is for threads that may wait for
 * a disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <lauxlib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
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

/* --- what writes --- */

enum { NAMES_BYTES = 16 << 20 };

#define META_LOCK "weiyue.files.lock"

static int fail_errno(lua_State *L, const char *path) {
  int number = errno;
  return fail(L, path, strerror(number), number);
}

static int done(lua_State *L) {
  lua_pushboolean(L, true);
  return 1;
}

static int open_folder(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }

/* Down to the disk, where the system tells the disk. */
static int sync_file(int fd) {
#ifdef F_FULLFSYNC
  if (fcntl(fd, F_FULLFSYNC) == 0) return 0;
#endif
  return fsync(fd);
}

/* A folder's names; file systems that cannot do it keep them anyway, or never. */
static int sync_folder(const char *path) {
  int fd = open_folder(path);
  if (fd < 0) return -1;
  int failed = fsync(fd) && errno != EINVAL && errno != ENOTSUP ? errno : 0;
  close(fd);
  errno = failed;
  return failed ? -1 : 0;
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

/* A file that nobody has, in this folder: its path is in temp. Not mkostemp, which ThreadSanitizer
 * does not see: it would take the number for one that libuv has closed. */
static int open_temp(char *temp, size_t size, const char *folder, const char *name) {
  static atomic_uint serial;
  for (;;) {
    snprintf(temp, size, "%s/.%s.%ld-%u", folder, name, (long)getpid(),
             atomic_fetch_add(&serial, 1));
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
}

/* Nothing is left of it when it fails. */
static int write_temp(int fd, const char *temp, const char *text, size_t n) {
  int failed = 0;
  if (fchmod(fd, S_IRUSR | S_IWUSR) || !write_all(fd, text, n) || sync_file(fd)) failed = errno;
  if (close(fd) && !failed) failed = errno;
  if (failed) unlink(temp);
  errno = failed;
  return failed ? -1 : 0;
}

/* write(path, text) → true | nil, err, errno. The whole text stands under the name, for its owner
 * alone, or what stood there before; what a crash leaves is a name ".NAME.PID-N". */
static int l_write(lua_State *L) {
  size_t n, path_n;
  const char *path = luaL_checklstring(L, 1, &path_n), *text = luaL_checklstring(L, 2, &n);
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  lua_pushlstring(L, slash ? path : ".", slash ? (size_t)(slash - path) + (slash == path) : 1);
  const char *folder = lua_tostring(L, -1);
  size_t size = path_n + strlen(folder) + 48; /* two numbers */
  char *temp = lua_newuserdatauv(L, size, 0);
  int fd = open_temp(temp, size, folder, name);
  if (fd < 0 || write_temp(fd, temp, text, n)) return fail_errno(L, path);
  if (rename(temp, path)) {
    int number = errno;
    unlink(temp);
    errno = number;
    return fail_errno(L, path);
  }
  if (sync_folder(folder)) return fail_errno(L, path);
  return done(L);
}

/* remove(path) → true | nil, err, errno. A file; one that is not there is removed already. */
static int l_remove(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  if (unlink(path) && errno != ENOENT) return fail_errno(L, path);
  return done(L);
}

/* mkdir(path) → true | nil, err, errno. For its owner alone; a folder that is there stays. */
static int l_mkdir(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  if (mkdir(path, S_IRWXU) == 0) return done(L);
  if (errno != EEXIST) return fail_errno(L, path);
  if (stat(path, &st)) return fail_errno(L, path);
  return S_ISDIR(st.st_mode) ? done(L) : fail(L, path, strerror(ENOTDIR), ENOTDIR);
}

/* list(folder) → array of names, in no order, without . and .. | nil, err, errno */
static int l_list(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  wy_buf *names = wy_new_text(L, NAMES_BYTES);
  int fd = open_folder(path); /* ThreadSanitizer sees this, and not opendir's */
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (!folder) {
    int number = errno;
    if (fd >= 0) close(fd);
    return fail(L, path, strerror(number), number);
  }
  for (const struct dirent *e; (e = readdir(folder)) != NULL;)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
      wy_buf_add(names, e->d_name, strlen(e->d_name) + 1);
  closedir(folder);
  if (names->failed) return fail(L, path, strerror(ENOMEM), ENOMEM);
  lua_newtable(L);
  const char *name = names->p;
  for (lua_Integer i = 1; name && name < names->p + names->n; i++) {
    lua_pushstring(L, name);
    lua_rawseti(L, -2, i);
    name += strlen(name) + 1;
  }
  return 1;
}

static int l_unlock(lua_State *L) {
  int *fd = luaL_checkudata(L, 1, META_LOCK);
  if (*fd >= 0) close(*fd);
  *fd = -1;
  return 0;
}

/* lock(folder) → lock | nil, err, errno. Waits until nobody else has it, in this process or
 * another; `local lock <close>` gives it back. File systems without locks give one that is none. */
static int l_lock(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
  *fd = -1;
  if (luaL_newmetatable(L, META_LOCK)) {
    lua_pushcfunction(L, l_unlock);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, l_unlock);
    lua_setfield(L, -2, "__close");
  }
  lua_setmetatable(L, -2);
  *fd = open_folder(path);
  if (*fd < 0) return fail_errno(L, path);
  while (flock(*fd, LOCK_EX) && errno == EINTR) continue;
  return 1;
}

/* --- bundled plugins --- */

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

/* page(plugin, path) → bytes, content_type | nil. A file of the page that the build made of
 * plugins/PLUGIN/page, "index.html" first of all; where it made none, that one says how to. */
static int l_page(lua_State *L) {
  const char *path = lua_pushfstring(L, "%s/%s", luaL_checkstring(L, 1), luaL_checkstring(L, 2));
  for (const wy_embedded_page *e = wy_embedded_pages; e->path; e++) {
    if (strcmp(e->path, path) != 0) continue;
    lua_pushlstring(L, (const char *)e->bytes, e->n);
    lua_pushstring(L, e->type);
    return 2;
  }
  return 0;
}

int wy_open_files(lua_State *L) {
  static const luaL_Reg functions[] = {{"read", l_read},       {"glob", l_glob},
                                       {"kind", l_kind},       {"write", l_write},
                                       {"list", l_list},       {"remove", l_remove},
                                       {"mkdir", l_mkdir},     {"lock", l_lock},
                                       {"bundled", l_bundled}, {"all_bundled", l_all_bundled},
                                       {"page", l_page},       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
