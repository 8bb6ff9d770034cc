/* In a host for specs what plugins take for the time is its virtual clock's: os.time and os.date,
 * too. */
#include <lauxlib.h>

#include "host/host_impl.h"
#include "script/modules.h"

static lua_Integer now(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_CLOCK);
  wy_clock *clock = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return (lua_Integer)(wy_clock_wall_ms(clock) / 1000);
}

/* The stock function is the upvalue. */
static int l_time(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_pushinteger(L, now(L));
    return 1;
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static int l_date(lua_State *L) {
  lua_settop(L, 2);
  if (lua_isnil(L, 1)) {
    lua_pushliteral(L, "%c");
    lua_replace(L, 1);
  }
  if (lua_isnil(L, 2)) {
    lua_pushinteger(L, now(L));
    lua_replace(L, 2);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

void wy_rig_give_time(lua_State *L) {
  static const luaL_Reg functions[] = {{"time", l_time}, {"date", l_date}, {NULL, NULL}};
  lua_getglobal(L, "os");
  for (const luaL_Reg *f = functions; f->name; f++) {
    lua_getfield(L, -1, f->name);
    lua_pushcclosure(L, f->func, 1);
    lua_setfield(L, -2, f->name);
  }
  lua_pop(L, 1);
}
