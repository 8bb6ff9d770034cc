/* weiyue_core.text: what matching a user's words needs: fold, width, cut. */
#include <lauxlib.h>

#include "base/utf8.h"
#include "script/modules.h"

/* Full-width forms to ASCII (U+FF01..FF5E, and the ideographic space), optionally lower case. What
 * is already so is returned as it is, without a copy. */
static int convert(lua_State *L, bool lower) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  wy_str t = wy_str_trim((wy_str){s, n});
  bool same = true;
  for (size_t i = 0; same && i < t.n; i++) {
    unsigned char c = (unsigned char)t.p[i];
    same = c != 0xEF && c != 0xE3 && !(lower && c >= 'A' && c <= 'Z');
  }
  if (same) {
    if (t.n == n) lua_settop(L, 1);
    else lua_pushlstring(L, t.p, t.n);
    return 1;
  }
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, t.n);
  size_t o = 0;
  for (size_t i = 0; i < t.n;) {
    const unsigned char *p = (const unsigned char *)t.p + i;
    unsigned char c = p[0];
    size_t k = 1;
    if (c == 0xEF && i + 2 < t.n && p[1] == 0xBC && p[2] >= 0x81 && p[2] <= 0xBF) {
      c = (unsigned char)(p[2] - 0x81 + '!');
      k = 3;
    } else if (c == 0xEF && i + 2 < t.n && p[1] == 0xBD && p[2] >= 0x80 && p[2] <= 0x9E) {
      c = (unsigned char)(p[2] - 0x80 + '`');
      k = 3;
    } else if (c == 0xE3 && i + 2 < t.n && p[1] == 0x80 && p[2] == 0x80) {
      c = ' ';
      k = 3;
    }
    if (lower && c >= 'A' && c <= 'Z') c = (unsigned char)(c | 32);
    to[o++] = (char)c;
    i += k;
  }
  t = wy_str_trim((wy_str){to, o});
  memmove(to, t.p, t.n);
  luaL_pushresultsize(&b, t.n);
  return 1;
}

static int l_fold(lua_State *L) { return convert(L, true); }
static int l_width(lua_State *L) { return convert(L, false); }

static int l_valid(lua_State *L) {
  wy_str s;
  s.p = luaL_checklstring(L, 1, &s.n);
  lua_pushboolean(L, wy_utf8_valid(s));
  return 1;
}

static int l_cut(lua_State *L) {
  wy_str s;
  s.p = luaL_checklstring(L, 1, &s.n);
  lua_Integer max = luaL_checkinteger(L, 2);
  luaL_argcheck(L, max >= 0, 2, "a size in bytes wanted");
  lua_pushlstring(L, s.p, wy_utf8_cut(s, (size_t)max));
  return 1;
}

int wy_open_text(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"fold", l_fold}, {"width", l_width}, {"valid", l_valid}, {"cut", l_cut}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
