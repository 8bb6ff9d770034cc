/* weiyue.kv for plugins of specs and benchmarks: a C module that the configuration's c_modules
 * names. Plugins cannot require it otherwise. */
#include <lauxlib.h>
#include <lua.h>

__attribute__((visibility("default"))) int luaopen_kv_door(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_getfield(L, -1, "weiyue.kv");
  lua_call(L, 0, 1);
  lua_getfield(L, -1, "object");
  lua_call(L, 0, 1);
  return 1;
}
