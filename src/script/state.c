#include "script/state.h"

#include <assert.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#include "base/err.h"
#include "script/embedded.h"
#include "script/guards.h"
#include "script/modules.h"
#include "script/script_impl.h"

wy_script *wy_script_of(lua_State *L) { return *(wy_script **)lua_getextraspace(L); }
lua_State *wy_script_lua(wy_script *s) { return s->L; }
wy_clock *wy_script_clock(wy_script *s) { return s->clock; }

void wy_script_set_push(wy_script *s, uint64_t number, unsigned account) {
  if (!s->running) return;
  s->running->push = number;
  s->running->account = account;
}

void wy_script_trace(const wy_script *s, char out[WY_TRACE]) {
  wy_trace_hex(s->trace_seed, s->running ? s->running->push : 0, out);
}

static void trace_now(const void *script, char out[WY_TRACE]) { wy_script_trace(script, out); }

void wy_script_log_error(const wy_script *s, const char *event, const char *plugin, uint64_t push,
                         const char *text) {
  wy_line line;
  char trace[WY_TRACE];
  if (!wy_ration_error(s->ration, event, NULL, text)) return;
  wy_trace_hex(s->trace_seed, push, trace);
  wy_line_begin(&line, s->log, WY_LOG_ERROR, event);
  wy_line_z(&line, "plugin", plugin);
  wy_line_masked(&line, s->L, "text", wy_str_of(text));
  wy_line_trace(&line, trace);
  wy_line_end(&line);
}

wy_str wy_embedded_lua(const char *module) {
  for (const wy_embedded *e = wy_embedded_files; e->module; e++)
    if (strcmp(e->module, module) == 0) return (wy_str){(const char *)e->bytes, e->n};
  return (wy_str){0};
}

/* require for weiyue.*: the embedded text, or the file below lua_path. */
static int l_searcher(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  wy_script *s = wy_script_of(L);
  if (strncmp(name, "weiyue", 6) != 0) return 0;
  if (s->lua_path) {
    const char *path = lua_pushfstring(L, "%s/?.lua;%s/?/init.lua", s->lua_path, s->lua_path);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "package");
    lua_getfield(L, -1, "searchpath");
    lua_pushvalue(L, 1);
    lua_pushstring(L, path);
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) return 1; /* the text that says where it looked */
    const char *file = lua_tostring(L, -2);
    if (luaL_loadfilex(L, file, "t")) return lua_error(L);
    lua_pushstring(L, file);
    return 2;
  }
  wy_str text = wy_embedded_lua(name);
  if (!text.p) {
    lua_pushfstring(L, "no embedded module '%s'", name);
    return 1;
  }
  const char *chunk = lua_pushfstring(L, "=[%s]", name);
  if (luaL_loadbufferx(L, text.p, text.n, chunk, "t")) return lua_error(L);
  lua_pushfstring(L, "(embedded) %s", name);
  return 2;
}

static void preload(lua_State *L, const char *name, lua_CFunction open) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

static int l_setup(lua_State *L) {
  wy_script *s = lua_touserdata(L, 1);
  luaL_openlibs(L);
  wy_limits_install(L);
  wy_guards_install(L);
  wy_coroutine_install(L);
  preload(L, "weiyue_core", luaopen_weiyue_core);
  preload(L, "weiyue.asset", wy_open_asset);
  preload(L, "weiyue.pages", wy_open_pages);
  preload(L, "weiyue.task", wy_open_task);
  preload(L, "weiyue.limits", wy_open_limits);
  preload(L, "weiyue.files", wy_open_files);
  preload(L, "weiyue.shared", wy_open_shared);
  preload(L, "weiyue.signal", wy_open_signal);
  preload(L, "weiyue.client", wy_open_http);
  preload(L, "weiyue.kv", wy_open_kv);
  preload(L, "weiyue.guest", wy_open_guest);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "searchers");
  for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) { /* ours stands right after preload */
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushcfunction(L, l_searcher);
  lua_rawseti(L, -2, 2);
  lua_pushlightuserdata(L, s->clock);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_CLOCK);
  lua_pushlightuserdata(L, (void *)(uintptr_t)s->log);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_LOG);
  lua_pushlightuserdata(L, &s->tracer);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_TRACER);
  return 0;
}

/* Nobody has protected this call: the process ends, and the log says why. */
static int on_panic(lua_State *L) {
  const char *why = lua_tostring(L, -1);
  wy_log_text(wy_script_of(L)->log, WY_LOG_ERROR, "lua.panic", "%s", why ? why : "?");
  return 0;
}

int wy_script_new(wy_script **out, const wy_script_options *options) {
  wy_script *s = calloc(1, sizeof *s);
  if (!s) return WY_E_NOMEM;
  s->clock = options->clock;
  s->log = options->log;
  s->paused = options->paused;
  s->trace_seed = options->trace_seed;
  s->ration = options->ration;
  s->tracer = (wy_tracer){trace_now, s};
  s->more = options->more;
  s->data = options->data;
  wy_list_init(&s->tasks);
  wy_list_init(&s->sliced);
  wy_list_init(&s->spare);
  wy_list_init(&s->own_turns.ready);
  s->turns = options->turns ? options->turns : &s->own_turns;
  wy_list_init(&s->timers);
  wy_list_init(&s->scopes);
  s->beat = &s->no_beat;
  s->shown = &s->not_shown;
  wy_wall_open(s);
  if (options->lua_path) s->lua_path = strdup(options->lua_path);
  s->L = lua_newstate(wy_script_alloc, s);
  if (!s->L || (options->lua_path && !s->lua_path)) {
    wy_script_free(s);
    return WY_E_NOMEM;
  }
  *(wy_script **)lua_getextraspace(s->L) = s;
  lua_atpanic(s->L, on_panic);
  lua_gc(s->L, LUA_GCGEN, 0, 0);
  lua_pushcfunction(s->L, l_setup);
  lua_pushlightuserdata(s->L, s);
  if (lua_pcall(s->L, 1, 0, 0) != LUA_OK) {
    wy_log_text(s->log, WY_LOG_ERROR, "lua.error", "%s", lua_tostring(s->L, -1));
    wy_script_free(s);
    return WY_E_NOMEM;
  }
  *out = s;
  return 0;
}

static int l_set_clock(lua_State *L) {
  lua_pushlightuserdata(L, wy_script_of(L)->clock);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_CLOCK);
  return 0;
}

static void set_clock(wy_script *s, wy_clock *clock) {
  s->clock = clock;
  lua_pushcfunction(s->L, l_set_clock);
  if (lua_pcall(s->L, 0, 0, 0) != LUA_OK)
    lua_pop(s->L, 1); /* no memory: the system's time serves */
}

void wy_script_begin(wy_script *s, wy_clock *clock) {
  if (!s->paused) return;
  s->paused = false;
  set_clock(s, clock);
  wy_timers_begin(s);
}

void wy_script_leave(wy_script *s, wy_clock *clock) { set_clock(s, clock); }

void wy_script_end(wy_script *s) {
  assert(!s->running);
  s->ended = true;
  for (wy_list *node; (node = wy_list_shift(&s->tasks));) {
    wy_task *t = wy_container_of(node, wy_task, link);
    if (t->waiting) t->waiting->drop(t->waiting);
    if (!t->ended) t->body.lost(t->data);
    wy_list_remove(&t->ready); /* others may share it */
    wy_limits_end(t);
    free(t);
  }
  wy_wall_close(s);
  wy_timers_drop(s);
}

void wy_script_free(wy_script *s) {
  if (!s) return;
  wy_script_end(s);
  for (wy_list *node; (node = wy_list_shift(&s->spare));)
    free(wy_container_of(node, wy_task, link));
  s->limits.memory = 0; /* finalizers run however full the state is: they free what is not Lua's */
  if (s->L) lua_close(s->L);
  for (wy_list *node; (node = wy_list_shift(&s->scopes));) free(node);
  wy_script_drop_spares(s);
  free(s->lua_path);
  free(s);
}

void wy_script_beat(wy_script *s, wy_beat *beat, wy_script *volatile *running) {
  s->beat = beat;
  s->shown = running;
}
