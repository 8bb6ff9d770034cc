#include "host/recover.h"

#include <lauxlib.h>

#include "base/err.h"
#include "host/host_impl.h"

static void take(lua_State *L, int index, wy_buf *to) {
  size_t n;
  const char *text = lua_tolstring(L, index, &n);
  if (to && text) wy_buf_add(to, text, n);
}

static int call(lua_State *L, const char *function, const char *const *args) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "weiyue.recover");
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) return -1;
  lua_getfield(L, -1, function);
  lua_remove(L, 1);
  int n = 0;
  for (; args[n]; n++) lua_pushstring(L, args[n]);
  return lua_pcall(L, n, 2, 0) == LUA_OK ? 0 : -1;
}

int wy_recover(wy_host *h, const char *function, const char *const *args, wy_buf *out,
               wy_buf *more) {
  wy_clock clock;
  wy_clock_init(&clock);
  wy_script *s = NULL;
  const wy_script_options options = {
      .clock = &clock, .log = &h->log, .lua_path = h->options.lua_path, .paused = true};
  int err = wy_script_new(&s, &options);
  if (!err) {
    lua_State *L = wy_script_lua(s);
    if (call(L, function, args)) {
      take(L, -1, more);
      wy_log_text(&h->log, WY_LOG_ERROR, "state", "%s", lua_tostring(L, -1));
      err = WY_E_CONFIG;
    } else {
      take(L, 1, out);
      take(L, 2, more);
      if (lua_isnil(L, 1)) err = WY_E_CONFIG;
    }
  }
  wy_script_free(s);
  wy_clock_deinit(&clock);
  return err;
}
