/* lua: a Lua state for the program's own use, beside any host's: reading a configuration, printing
 * its keys, running specs. */
#ifndef WY_CLI_LUA_H
#define WY_CLI_LUA_H

#include "base/clock.h"
#include "base/log.h"
#include "script/state.h"
#include "store/dict.h"

typedef struct wy_cli_lua {
  wy_clock clock;
  wy_log log;
  wy_dict *shared; /* what wx.shared is here */
  wy_script *script;
} wy_cli_lua;

/* The clock is real, or a virtual one that starts now. Not to be moved in memory afterwards.
 * 0, or -1 after saying why; lua_path may be NULL. */
int wy_cli_lua_open(wy_cli_lua *l, const char *lua_path, bool is_virtual);
void wy_cli_lua_close(wy_cli_lua *l);

#endif
