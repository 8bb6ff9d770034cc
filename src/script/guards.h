/* guards: functions of Lua's own library that run for as long as their arguments say and call no
 * hook meanwhile, done again so that they end; and those that would let code escape its limits. */
#ifndef WY_SCRIPT_GUARDS_H
#define WY_SCRIPT_GUARDS_H

#include <lauxlib.h>
#include <lua.h>

#include "base/str.h"

/* Puts them into the tables of the library, before anything else is loaded. */
void wy_guards_install(lua_State *L);

extern const luaL_Reg wy_pattern_functions[]; /* pattern.c: of string */
extern const luaL_Reg wy_table_functions[];   /* tables.c: of table */

#endif
