/* weiyue.log: write(level, event, text, fields) into the host's log; on stderr in a stock lua5.4.
 */
#include <lauxlib.h>
#include <stdio.h>

#include "base/log.h"
#include "script/modules.h"

static void to_stderr(void *data, wy_log_level level, wy_str line) {
  (void)data;
  (void)level;
  fprintf(stderr, "%.*s\n", (int)line.n, line.p);
}

static const wy_log fallback = {WY_LOG_INFO, to_stderr, NULL, WY_LOG_TEXT};

static const wy_log *log_of(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_LOG);
  const wy_log *log = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return log ? log : &fallback;
}

static void trace_of(lua_State *L, char out[WY_TRACE]) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_TRACER);
  const wy_tracer *tracer = lua_touserdata(L, -1);
  lua_pop(L, 1);
  out[0] = '\0';
  if (tracer) tracer->now(tracer->of, out);
}

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

/* The keys of the fields, sorted, as an array on the stack: equal lines look equal. */
static int sorted_keys(lua_State *L, int fields) {
  lua_newtable(L);
  int keys = lua_gettop(L), n = 0;
  for (lua_pushnil(L); lua_next(L, fields); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    lua_pushvalue(L, -2);
    lua_rawseti(L, keys, ++n);
  }
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "table");
  lua_getfield(L, -1, "sort");
  lua_pushvalue(L, keys);
  lua_call(L, 1, 0);
  lua_settop(L, keys);
  return n;
}

/* write(level, event, text|nil, fields|nil) */
static int l_write(lua_State *L) {
  int level = luaL_checkoption(L, 1, NULL, levels);
  const char *event = luaL_checkstring(L, 2);
  const wy_log *log = log_of(L);
  lua_settop(L, 4);
  if (!wy_log_on(log, (wy_log_level)level)) return 0;
  int n = 0;
  if (!lua_isnil(L, 4)) {
    luaL_checktype(L, 4, LUA_TTABLE);
    n = sorted_keys(L, 4);
    /* every value as text first: __tostring may raise, and then nothing is held yet */
    for (int i = 1; i <= n; i++) {
      luaL_checkstack(L, 8, "too many fields");
      lua_rawgeti(L, 5, i);
      lua_pushvalue(L, -1);
      lua_rawget(L, 4);
      luaL_tolstring(L, -1, NULL);
      lua_remove(L, -2);
    }
  }
  wy_str text = {0};
  if (!lua_isnil(L, 3)) text.p = luaL_tolstring(L, 3, &text.n);
  char trace[WY_TRACE];
  trace_of(L, trace);
  wy_line line; /* nothing raises from here on */
  wy_line_begin(&line, log, (wy_log_level)level, event);
  wy_line_masked(&line, L, "text", text);
  for (int i = 0; i < n; i++) {
    wy_str value;
    value.p = lua_tolstring(L, 7 + 2 * i, &value.n);
    wy_line_masked(&line, L, lua_tostring(L, 6 + 2 * i), value);
  }
  wy_line_trace(&line, trace);
  wy_line_end(&line);
  return 0;
}

static int l_level(lua_State *L) {
  lua_pushstring(L, wy_log_level_name(log_of(L)->level));
  return 1;
}

int wy_open_log(lua_State *L) {
  static const luaL_Reg functions[] = {{"write", l_write}, {"level", l_level}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
