#include "cli/lua.h"

#include <lauxlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "script/modules.h"

enum { SHARED_BYTES = 8 * 1024 * 1024, LOAD_MS = 10000 /* as in host/load.c */ };

int wy_cli_lua_open(wy_cli_lua *l, const char *lua_path, bool is_virtual) {
  if (is_virtual) wy_clock_init_virtual(&l->clock, (int64_t)time(NULL) * 1000);
  else wy_clock_init(&l->clock);
  l->log = (wy_log){WY_LOG_INFO, wy_cli_log, NULL, WY_LOG_TEXT};
  l->shared = NULL;
  l->script = NULL;
  const wy_script_options options = {.clock = &l->clock, .log = &l->log, .lua_path = lua_path};
  if (wy_dict_new(&l->shared, SHARED_BYTES) == 0 && wy_script_new(&l->script, &options) == 0 &&
      wy_give_dict(wy_script_lua(l->script), WY_KEY_SHARED, l->shared) == 0)
    return 0;
  wy_cli_lua_close(l);
  wy_cli_error(0, "%s", wy_tr("无法建立 Lua 状态", "cannot create a Lua state"));
  return -1;
}

void wy_cli_lua_close(wy_cli_lua *l) {
  wy_script_free(l->script);
  wy_dict_free(l->shared);
  wy_clock_deinit(&l->clock);
}

static int l_run(lua_State *L) {
  const wy_cli_chunk *c = lua_touserdata(L, 1);
  if (luaL_loadbuffer(L, c->text, strlen(c->text), c->name) != LUA_OK) return lua_error(L);
  for (int i = 0; i < WY_CLI_LUA_ARGS; i++) lua_pushstring(L, c->args[i]);
  lua_call(L, WY_CLI_LUA_ARGS, WY_CLI_LUA_RESULTS);
  c->take(L, c->data);
  return 0;
}

int wy_cli_lua_run(wy_cli_lua *l, const wy_cli_chunk *chunk) {
  void *ud = (void *)(uintptr_t)chunk;
  if (wy_script_guard(l->script, LOAD_MS, l_run, ud) == LUA_OK) return 0;
  wy_cli_error(0, "%s", lua_tostring(wy_script_lua(l->script), -1));
  return -1;
}
