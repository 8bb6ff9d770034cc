/* weiyue.asset: files below a folder, which names cannot leave: those that a plugin shows its
 * users, and those that users send. Digests are taken in steps, so that nobody waits for a large
 * one. */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "script/modules.h"

#define DIGEST "weiyue.asset.digest"

enum { STEP_BYTES = 256 * 1024, BLOCK = 16 * 1024, HEAD = 64 };

static int fail(lua_State *L, const char *why) {
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

/* folder/name where `name` alone says where below the folder: relative, without `..`. The text is
 * on top of the stack then. */
static const char *join(lua_State *L, const char *folder, const char *name) {
  if (name[0] == '/' || !name[0]) return NULL;
  for (const char *p = name; p; p = strchr(p, '/')) {
    p += *p == '/';
    if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || !p[2])) return NULL;
  }
  return lua_pushfstring(L, "%s/%s", folder[0] ? folder : ".", name);
}

/* Symbolic links are followed, and count by where they lead. */
static bool is_below(const char *folder, const char *path) {
  char *real = realpath(folder[0] ? folder : ".", NULL), *real_path = realpath(path, NULL);
  size_t n = real ? strlen(real) : 0;
  bool below = real && real_path && strncmp(real, real_path, n) == 0 &&
               (real_path[n] == '/' || (n == 1 && real[0] == '/'));
  int number = errno;
  free(real);
  free(real_path);
  errno = number;
  return below;
}

#ifdef __APPLE__
#define NSEC(st) ((st).st_mtimespec.tv_nsec)
#else
#define NSEC(st) ((st).st_mtim.tv_nsec)
#endif

/* find(folder, name) → path, bytes, stamp | nil, why. A regular file; its stamp is another one when
 * the file may have changed. */
static int l_find(lua_State *L) {
  struct stat st;
  const char *folder = luaL_checkstring(L, 1);
  const char *path = join(L, folder, luaL_checkstring(L, 2));
  if (!path) return fail(L, "leaves its folder");
  if (stat(path, &st)) return fail(L, strerror(errno));
  if (!is_below(folder, path)) return fail(L, "leaves its folder");
  if (!S_ISREG(st.st_mode)) return fail(L, "no regular file");
  char stamp[128];
  snprintf(stamp, sizeof stamp, "%llu:%llu:%lld:%lld.%09ld", (unsigned long long)st.st_dev,
           (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtime,
           (long)NSEC(st));
  lua_pushinteger(L, (lua_Integer)st.st_size);
  lua_pushstring(L, stamp);
  return 3;
}

/* folder(folder, name) → true: it is a folder below; false: nothing is there | nil, why */
static int l_folder(lua_State *L) {
  struct stat st;
  const char *folder = luaL_checkstring(L, 1);
  const char *path = join(L, folder, luaL_checkstring(L, 2));
  if (!path) return fail(L, "leaves its folder");
  bool is_there = stat(path, &st) == 0;
  if (!is_there && errno != ENOENT) return fail(L, strerror(errno));
  if (is_there && !is_below(folder, path)) return fail(L, "leaves its folder");
  if (is_there && !S_ISDIR(st.st_mode)) return fail(L, strerror(ENOTDIR));
  lua_pushboolean(L, is_there);
  return 1;
}

/* place(folder, name) → path | nil, why. Where a file may be written, in a folder that is there. */
static int l_place(lua_State *L) {
  struct stat st;
  const char *folder = luaL_checkstring(L, 1);
  const char *path = join(L, folder, luaL_checkstring(L, 2));
  if (!path) return fail(L, "leaves its folder");
  if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)) return fail(L, "no regular file");
  lua_pushstring(L, path);
  return 1;
}

/* --- which file a path leads to, however it is written --- */

/* Cuts the last name off: "a/b" is "a" then, "a" is ".", "/a" is "/". */
static void go_up(char *path) {
  char *slash = strrchr(path, '/');
  if (!slash) memcpy(path, ".", 2);
  else slash[slash == path] = '\0';
}

/* The real path of what is there of it: itself, or the nearest folder above. */
static char *real_part(const char *path) {
  char *copy = strdup(path[0] ? path : "."), *real = NULL;
  while (copy && !(real = realpath(copy, NULL)) && strcmp(copy, ".") && strcmp(copy, "/"))
    go_up(copy);
  free(copy);
  return real;
}

static bool is_one(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* holds(folder, path): whether the path leads into the folder, or to it. */
static int l_holds(lua_State *L) {
  struct stat folder, here;
  const char *path = luaL_checkstring(L, 2);
  bool found = false;
  if (stat(luaL_checkstring(L, 1), &folder)) return lua_pushboolean(L, 0), 1;
  char *real = real_part(path);
  while (real && !(found = stat(real, &here) == 0 && is_one(&here, &folder)) && strcmp(real, "/"))
    go_up(real);
  free(real);
  lua_pushboolean(L, found);
  return 1;
}

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool is_beside(const char *a, const char *b) {
  struct stat at_a, at_b;
  char *above_a = strdup(a), *above_b = strdup(b);
  bool beside = above_a && above_b;
  if (beside) {
    go_up(above_a);
    go_up(above_b);
    beside = stat(above_a, &at_a) == 0 && stat(above_b, &at_b) == 0 && is_one(&at_a, &at_b);
  }
  free(above_a);
  free(above_b);
  return beside;
}

/* same(path, other): whether both lead to one file, or would if they were there; in letters of any
 * case, as some file systems see it. */
static int l_same(lua_State *L) {
  struct stat a, b;
  const char *path = luaL_checkstring(L, 1), *other = luaL_checkstring(L, 2);
  bool same = stat(path, &a) == 0 && stat(other, &b) == 0 && is_one(&a, &b);
  if (!same) same = strcasecmp(last_name(path), last_name(other)) == 0 && is_beside(path, other);
  lua_pushboolean(L, same);
  return 1;
}

/* --- digests --- */

typedef struct digest {
  int fd;
  EVP_MD_CTX *md;
  unsigned char head[HEAD]; /* what the file begins with */
  size_t n_head;
} digest;

static void let_go(digest *d) {
  if (d->fd >= 0) close(d->fd);
  EVP_MD_CTX_free(d->md);
  d->fd = -1;
  d->md = NULL;
}

static int l_gc(lua_State *L) {
  let_go(luaL_checkudata(L, 1, DIGEST));
  return 0;
}

/* digest(path) → digest | nil, why */
static int l_digest(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  digest *d = lua_newuserdatauv(L, sizeof *d, 0);
  *d = (digest){.fd = -1};
  luaL_setmetatable(L, DIGEST);
  d->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (d->fd < 0 || fstat(d->fd, &st)) return fail(L, strerror(errno));
  if (!S_ISREG(st.st_mode)) return fail(L, "no regular file");
  d->md = EVP_MD_CTX_new();
  if (!d->md || EVP_DigestInit_ex(d->md, EVP_sha256(), NULL) != 1)
    return luaL_error(L, "out of memory");
  return 1;
}

static int finish(lua_State *L, digest *d) {
  unsigned char out[EVP_MAX_MD_SIZE];
  char hex[2 * EVP_MAX_MD_SIZE + 1];
  unsigned n = 0;
  bool ok = EVP_DigestFinal_ex(d->md, out, &n) == 1;
  let_go(d);
  if (!ok) return luaL_error(L, "out of memory");
  for (unsigned i = 0; i < n; i++) snprintf(hex + 2 * i, 3, "%02x", out[i]);
  lua_pushstring(L, hex);
  lua_pushlstring(L, (const char *)d->head, d->n_head);
  return 2;
}

/* digest:step() → nil: there is more; or the SHA-256 in hex, and what the file begins with (64
 * bytes at most); false, why: it cannot be read */
static int l_step(lua_State *L) {
  digest *d = luaL_checkudata(L, 1, DIGEST);
  unsigned char block[BLOCK];
  luaL_argcheck(L, d->md, 1, "it has ended");
  for (size_t done = 0; done < STEP_BYTES;) {
    ssize_t n = read(d->fd, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      lua_pushboolean(L, 0);
      lua_pushstring(L, strerror(errno));
      let_go(d);
      return 2;
    }
    if (n == 0) return finish(L, d);
    for (ssize_t i = 0; i < n && d->n_head < HEAD; i++) d->head[d->n_head++] = block[i];
    if (EVP_DigestUpdate(d->md, block, (size_t)n) != 1) return luaL_error(L, "out of memory");
    done += (size_t)n;
  }
  return 0;
}

int wy_open_asset(lua_State *L) {
  static const luaL_Reg methods[] = {{"step", l_step}, {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"find", l_find}, {"folder", l_folder}, {"place", l_place}, {"holds", l_holds},
      {"same", l_same}, {"digest", l_digest}, {NULL, NULL}};
  if (luaL_newmetatable(L, DIGEST)) {
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__close");
  }
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
