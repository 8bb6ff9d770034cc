/* weiyue_core.rig: hosts for specs, in a stock lua5.4. Of weiyue_core.so alone: the states of such
 * a host use the Lua that has loaded it. */
#include "host/rig.h"

__attribute__((visibility("default"))) int luaopen_weiyue_core_rig(lua_State *L);

int luaopen_weiyue_core_rig(lua_State *L) { return wy_open_rig(L); }
