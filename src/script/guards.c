#include "script/guards.h"

#include <lualib.h>
#include <string.h>

#include "script/limits.h"
#include "script/script_impl.h"

enum { LOAD_MAX = 1 << 20, LONG = 65536 };

/* --- errors: what stops a stint goes through --- */

static int finish_pcall(lua_State *L, int status, lua_KContext skip) {
  if (status != LUA_OK && status != LUA_YIELD) {
    if (wy_limits_is_stop(L, -1)) return wy_limits_raise(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  return lua_gettop(L) - (int)skip;
}

static int l_pcall(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
  return finish_pcall(L, status, 0);
}

/* What the handler of xpcall gets: the error, and the stack as it was. */
#define RAISED "weiyue.raised"

static int l_raised(lua_State *L) {
  if (wy_limits_is_stop(L, 1)) return 1;
  lua_settop(L, 1);
  lua_newuserdatauv(L, 0, 2);
  luaL_setmetatable(L, RAISED);
  lua_insert(L, 1);
  lua_setiuservalue(L, 1, 1);
  luaL_traceback(L, L, NULL, 1);
  lua_setiuservalue(L, 1, 2);
  return 1;
}

static int finish_handler(lua_State *L, int status, lua_KContext skip) {
  (void)skip;
  if (status != LUA_OK && status != LUA_YIELD && wy_limits_is_stop(L, -1))
    return wy_limits_raise(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

/* Stack: l_raised, the handler, then results or what was raised. */
static int finish_unwound(lua_State *L, int status, lua_KContext skip) {
  (void)skip;
  if (status == LUA_OK || status == LUA_YIELD) {
    lua_pushboolean(L, 1);
    lua_replace(L, 2);
    return lua_gettop(L) - 1;
  }
  if (wy_limits_is_stop(L, -1)) return wy_limits_raise(L);
  int n = 1;
  if (luaL_testudata(L, -1, RAISED)) {
    int at = lua_gettop(L);
    lua_pushvalue(L, 2);
    lua_getiuservalue(L, at, 1);
    lua_getiuservalue(L, at, 2);
    lua_remove(L, at);
    n = 2;
  } else { /* no memory, or an error while the error was handled: a text */
    lua_pushvalue(L, 2);
    lua_insert(L, -2);
  }
  return finish_handler(L, lua_pcallk(L, n, 1, 0, 0, finish_handler), 0);
}

/* Lua's own calls the handler where the error is, with hooks off when a hook raised it: a handler
 * that loops would loop for ever. This one unwinds first; what the stack was is the handler's
 * second argument. Where nothing is limited, as for specs, it is Lua's own. */
static int l_xpcall(lua_State *L) {
  int n = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 1);
  if (!wy_script_of(L)->watched) {
    lua_pushboolean(L, 1);
    lua_insert(L, 3);
    lua_insert(L, 4); /* f, handler, true, f, arguments */
    return finish_pcall(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, finish_pcall), 2);
  }
  lua_insert(L, 3);
  lua_pushcfunction(L, l_raised);
  lua_replace(L, 1);
  return finish_unwound(L, lua_pcallk(L, n - 2, LUA_MULTRET, 1, 0, finish_unwound), 0);
}

/* --- __gc: finalizers run with hooks off, whenever memory is collected --- */

static int l_setmetatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE && wy_script_of(L)->watched) {
    lua_pushliteral(L, "__gc"); /* Lua looks for it here, and never later */
    if (lua_rawget(L, 2) != LUA_TNIL)
      return luaL_error(L, "setmetatable: __gc is not for plugins; use a <close> variable");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

/* --- load: text of at most a mebibyte --- */

static int loaded(lua_State *L, int status, int env) {
  if (status == LUA_OK) {
    if (env) {
      lua_pushvalue(L, env);
      if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
    }
    return 1;
  }
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* The pieces that the function at 1 gives, until "" or nil, as one text on top. False: nil and why
 * are there instead. */
static bool read_pieces(lua_State *L) {
  size_t total = 0, n;
  int pieces = lua_gettop(L) + 1;
  lua_newtable(L);
  for (lua_Integer i = 1;; i++) {
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) {
      if (wy_limits_is_stop(L, -1)) wy_limits_raise(L);
      break;
    }
    if (lua_isnil(L, -1)) n = 0;
    else if (!lua_isstring(L, -1)) {
      lua_pushliteral(L, "reader function must return a string");
      break;
    } else lua_tolstring(L, -1, &n);
    total += n;
    if (n == 0) {
      luaL_Buffer b;
      luaL_buffinit(L, &b);
      for (lua_Integer k = 1; k < i; k++) {
        lua_rawgeti(L, pieces, k);
        luaL_addvalue(&b);
      }
      luaL_pushresult(&b);
      return true;
    }
    if (total > LOAD_MAX) {
      lua_pushliteral(L, "the chunk is too long");
      break;
    }
    lua_rawseti(L, pieces, i);
  }
  lua_pushnil(L);
  lua_insert(L, -2);
  return false;
}

static int l_load(lua_State *L) {
  int env = !lua_isnone(L, 4) ? 4 : 0;
  size_t n;
  bool is_text = lua_type(L, 1) == LUA_TSTRING || lua_type(L, 1) == LUA_TNUMBER;
  const char *text = is_text ? lua_tolstring(L, 1, &n) : NULL;
  const char *mode = luaL_optstring(L, 3, "t");
  const char *name = luaL_optstring(L, 2, text ? text : "=(load)");
  if (!text) luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 4);
  if (!strchr(mode, 't')) {
    lua_pushnil(L);
    lua_pushliteral(L, "only text can be loaded");
    return 2;
  }
  if (!text) {
    if (!read_pieces(L)) return 2;
    text = lua_tolstring(L, -1, &n);
  }
  if (n > LOAD_MAX && wy_script_of(L)->watched) {
    lua_pushnil(L);
    lua_pushliteral(L, "the chunk is too long");
    return 2;
  }
  int status = luaL_loadbufferx(L, text, n, name, "t");
  if (n > LONG / 4) wy_limits_rush(L);
  return loaded(L, status, env);
}

/* --- what is as long as its argument, and takes no memory that would be counted --- */

/* Upvalue: Lua's function. */
static int l_long(lua_State *L) {
  size_t n;
  luaL_checklstring(L, 1, &n);
  if (n > LONG) wy_limits_rush(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Lua's own loops n times even where nothing is made. */
static int l_rep(lua_State *L) {
  size_t n, between_n;
  const char *s = luaL_checklstring(L, 1, &n);
  lua_Integer times = luaL_checkinteger(L, 2);
  const char *between = luaL_optlstring(L, 3, "", &between_n);
  if (times <= 0 || n + between_n == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (n + between_n < n || n + between_n > (size_t)LUA_MAXINTEGER / (size_t)times)
    return luaL_error(L, "resulting string too large");
  size_t total = (size_t)times * n + (size_t)(times - 1) * between_n;
  luaL_Buffer b;
  char *p = luaL_buffinitsize(L, &b, total);
  size_t filled = least(n + between_n, total);
  memcpy(p, s, n);
  memcpy(p + n, between, filled - n);
  for (size_t more; filled < total; filled += more) {
    more = least(filled, total - filled);
    memcpy(p + filled, p, more);
  }
  luaL_pushresultsize(&b, total);
  return 1;
}

static void replace_long(lua_State *L, const char *library, const char *const *names) {
  lua_getglobal(L, library);
  for (; *names; names++) {
    lua_getfield(L, -1, *names);
    lua_pushcclosure(L, l_long, 1);
    lua_setfield(L, -2, *names);
  }
  lua_pop(L, 1);
}

void wy_guards_install(lua_State *L) {
  static const luaL_Reg base[] = {{"pcall", l_pcall},
                                  {"xpcall", l_xpcall},
                                  {"setmetatable", l_setmetatable},
                                  {"load", l_load},
                                  {NULL, NULL}};
  static const char *const utf8_names[] = {"len", "offset", NULL};
  luaL_newmetatable(L, RAISED);
  lua_pop(L, 1);
  lua_pushglobaltable(L);
  luaL_setfuncs(L, base, 0);
  lua_pop(L, 1);
  lua_getglobal(L, LUA_STRLIBNAME);
  luaL_setfuncs(L, wy_pattern_functions, 0);
  lua_pushcfunction(L, l_rep);
  lua_setfield(L, -2, "rep");
  lua_pushnil(L);
  lua_setfield(L, -2, "dump");
  lua_pop(L, 1);
  lua_getglobal(L, LUA_TABLIBNAME);
  lua_getfield(L, -1, "sort"); /* upvalue of all, used by sort */
  luaL_setfuncs(L, wy_table_functions, 1);
  lua_pop(L, 1);
  replace_long(L, LUA_UTF8LIBNAME, utf8_names);
}
