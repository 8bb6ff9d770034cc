/* weiyue_core: the stock modules as one table, for the host and for a stock lua5.4. */
#include <lauxlib.h>

#include "script/modules.h"

#if defined(_WIN32)
#define EXPORT
#else
#define EXPORT __attribute__((visibility("default")))
#endif

void wy_worked(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_LOOK);
  lua_CFunction look = lua_tocfunction(L, -1);
  lua_pop(L, 1);
  if (look) look(L);
}

EXPORT int luaopen_weiyue_core(lua_State *L) {
  static const luaL_Reg modules[] = {
      {"codec", wy_open_codec},     {"crypto", wy_open_crypto}, {"form", wy_open_form},
      {"html", wy_open_html},       {"json", wy_open_json},     {"log", wy_open_log},
      {"secrets", wy_open_secrets}, {"text", wy_open_text},     {"time", wy_open_time},
      {"url", wy_open_url},         {"xml", wy_open_xml},       {NULL, NULL},
  };
  lua_createtable(L, 0, sizeof modules / sizeof *modules - 1);
  for (const luaL_Reg *m = modules; m->name; m++) {
    lua_pushcfunction(L, m->func);
    lua_call(L, 0, 1);
    lua_setfield(L, -2, m->name);
  }
  return 1;
}
