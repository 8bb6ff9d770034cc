#include "cli/lua.h"

#include <time.h>

#include "cli/cli.h"
#include "script/modules.h"

enum { SHARED_BYTES = 8 * 1024 * 1024 };

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
