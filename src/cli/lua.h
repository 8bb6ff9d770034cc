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

enum { WY_CLI_LUA_ARGS = 4, WY_CLI_LUA_RESULTS = 2 };

/* Something of lua/weiyue that reads a configuration: it gets these texts (NULL: nil), and `take`
 * what it returns, the last result on top, while errors are caught. It has as much processor time
 * as a host takes to load: a configuration may be endless. */
typedef struct wy_cli_chunk {
  const char *text, *name;
  const char *args[WY_CLI_LUA_ARGS];
  void (*take)(lua_State *L, void *data);
  void *data;
} wy_cli_chunk;

/* 0, or -1 after saying why. */
int wy_cli_lua_run(wy_cli_lua *l, const wy_cli_chunk *chunk);

#endif
