#include "host/recover.h"

#include <lauxlib.h>

#include "base/err.h"
#include "host/host_impl.h"

static void take(lua_State *L, int index, wy_buf *to) {
  size_t n;
  const char *text = lua_tolstring(L, index, &n);
  if (to && text) wy_buf_add(to, text, n);
}

enum { CPU_MS = 5000 }; /* of a configuration that is run, too */

typedef struct asking {
  const char *function;
  const char *const *args;
  wy_buf *out, *more;
  bool none;
} asking;

static int l_ask(lua_State *L) {
  asking *a = lua_touserdata(L, 1);
  int n = 0;
  lua_settop(L, 0);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "weiyue.recover");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, a->function);
  lua_remove(L, 1);
  for (; a->args[n]; n++) lua_pushstring(L, a->args[n]);
  lua_call(L, n, 2);
  take(L, 1, a->out);
  take(L, 2, a->more);
  a->none = lua_isnil(L, 1);
  return 0;
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
    asking a = {.function = function, .args = args, .out = out, .more = more};
    if (wy_script_guard(s, CPU_MS, l_ask, &a) != LUA_OK) {
      take(L, -1, more);
      wy_log_text(&h->log, WY_LOG_ERROR, "state", "%s", lua_tostring(L, -1));
      err = WY_E_CONFIG;
    } else if (a.none) {
      err = WY_E_CONFIG;
    }
  }
  wy_script_free(s);
  wy_clock_deinit(&clock);
  return err;
}
