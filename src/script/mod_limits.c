/* weiyue.limits: what weiyue's own Lua code says about code that is not its own. */
#include <lauxlib.h>

#include "script/modules.h"
#include "script/script_impl.h"

static int k_call(lua_State *L, int status, lua_KContext was_on) {
  (void)status;
  if (!was_on) lua_sethook(L, NULL, 0, 0);
  return lua_gettop(L);
}

/* call(f, …) → its results. f is a plugin's: it is looked after, which is not on all the time. */
static int l_call(lua_State *L) {
  bool was_on = lua_gethookmask(L) != 0;
  if (!was_on) wy_limits_watch(L);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, was_on, k_call);
  return k_call(L, LUA_OK, was_on);
}

/* guard(f, …) → true and its results, or false and a text. f loads a plugin: it may not wait, and
 * is stopped when it takes more than a task's processor time. */
static int l_guard(lua_State *L) {
  uint64_t budget = wy_script_of(L)->limits.cpu_ns;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_pushboolean(L, wy_limits_call(L, lua_gettop(L) - 1, budget) == LUA_OK);
  lua_insert(L, 1);
  return lua_gettop(L);
}

static int l_look(lua_State *L) {
  wy_limits_rush(L);
  return 0;
}

int wy_open_limits(lua_State *L) {
  static const luaL_Reg functions[] = {{"call", l_call}, {"guard", l_guard}, {NULL, NULL}};
  lua_pushcfunction(L, l_look);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_LOOK);
  luaL_newlib(L, functions);
  return 1;
}
