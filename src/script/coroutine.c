/* The coroutine library of plugins: Lua's own, but an await inside a plugin's coroutine travels
 * outward to the task, and the coroutine that waits belongs to that task until it is woken: it
 * shows `normal` and nobody else may resume it with a forged result.
 *
 * A coroutine that waits keeps the sentinel on top of its stack; that is the mark. The innermost
 * one of a task that the hook has suspended has none: its stack is that of a running function.
 *
 * A stop of limits.c goes through: it is not a result of resume, and the <close> variables of a
 * coroutine that it ends are not closed. */
#include <lauxlib.h>
#include <lualib.h>

#include "script/script_impl.h"

bool wy_chain_can_wait(const wy_script *s, lua_State *L) {
  return lua_isyieldable(L) && (!s->top || s->top->can_wait);
}

/* By the hook: then no C function, such as yield, is the innermost. */
static bool is_suspended(lua_State *co) {
  lua_Debug ar;
  return !wy_list_empty(&wy_script_of(co)->sliced) && lua_getstack(co, 0, &ar) &&
         lua_getinfo(co, "S", &ar) && ar.what[0] != 'C';
}

static bool waits(lua_State *co) {
  if (lua_status(co) != LUA_YIELD) return false;
  return (lua_gettop(co) > 0 && lua_touserdata(co, -1) == &wy_pending) || is_suspended(co);
}

static lua_State *check_co(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  return co;
}

enum { RESUME_ERROR = -1, RESUME_WAIT = -2 };

/* Runs co with its top narg values as arguments. The number of values it gave, on co's stack; or
 * RESUME_WAIT; or RESUME_ERROR with the error value on co's stack. */
static int run(lua_State *L, lua_State *co, int narg) {
  wy_script *s = wy_script_of(L);
  frame f = {s->top, co, wy_chain_can_wait(s, L)};
  int nres = 0;
  __atomic_signal_fence(__ATOMIC_SEQ_CST); /* wy_script_interrupt follows it */
  s->top = &f;
  int status = lua_resume(co, L, narg, &nres);
  s->top = f.below;
  if (status == LUA_YIELD && (s->suspended || waits(co))) return RESUME_WAIT;
  return status == LUA_OK || status == LUA_YIELD ? nres : RESUME_ERROR;
}

static int k_resume(lua_State *L, int status, lua_KContext ctx);
static int k_wrap(lua_State *L, int status, lua_KContext ctx);

/* Yields outward; the continuation comes back when the task is resumed. */
static int pass_on(lua_State *L, lua_State *co, lua_KFunction k) {
  lua_pushlightuserdata(L, &wy_pending);
  return lua_yieldk(L, 1, (lua_KContext)co, k);
}

/* Refuses, with a message on L's stack, what must not be resumed. */
static bool may_resume(lua_State *L, lua_State *co, int narg) {
  if (waits(co)) {
    lua_pushliteral(L, "cannot resume a coroutine that waits for an operation");
    return false;
  }
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) {
    lua_pushliteral(L, "cannot resume dead coroutine");
    return false;
  }
  if (!lua_checkstack(co, narg)) {
    lua_pushliteral(L, "too many arguments to resume");
    return false;
  }
  return true;
}

static int give(lua_State *L, lua_State *co, int n) {
  if (!lua_checkstack(L, n + 1)) {
    lua_pop(co, n);
    return luaL_error(L, "too many results to resume");
  }
  lua_xmove(co, L, n);
  return n;
}

/* Before co goes on: the sentinel goes, where there is one. */
static void wake(lua_State *L, lua_State *co) {
  wy_task *t = wy_script_of(L)->running;
  if (t->innermost == co) t->innermost = NULL;
  else lua_pop(co, 1);
}

static int after_resume(lua_State *L, lua_State *co, int n) {
  if (n == RESUME_WAIT) return pass_on(L, co, k_resume);
  if (n == RESUME_ERROR && wy_limits_is_stop(co, -1)) return wy_limits_raise(L);
  int k = give(L, co, n == RESUME_ERROR ? 1 : n);
  lua_pushboolean(L, n != RESUME_ERROR);
  lua_insert(L, -1 - k); /* not pushed first: a coroutine that resumes itself has L == co */
  return 1 + k;
}

static int k_resume(lua_State *L, int status, lua_KContext ctx) {
  lua_State *co = (lua_State *)ctx;
  (void)status;
  wake(L, co);
  return after_resume(L, co, run(L, co, 0));
}

static int l_resume(lua_State *L) {
  lua_State *co = check_co(L);
  int narg = lua_gettop(L) - 1;
  if (!may_resume(L, co, narg)) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_xmove(L, co, narg); /* co itself stays at index 1: it must not be collected meanwhile */
  return after_resume(L, co, run(L, co, narg));
}

static int after_wrap(lua_State *L, lua_State *co, int n) {
  if (n == RESUME_WAIT) return pass_on(L, co, k_wrap);
  if (n != RESUME_ERROR) return give(L, co, n);
  if (wy_limits_is_stop(co, -1)) return wy_limits_raise(L);
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_resetthread(co); /* 5.4.4 has no lua_closethread: pending <close> variables run here */
    if (wy_limits_is_stop(co, -1)) return wy_limits_raise(L);
  }
  lua_xmove(co, L, 1);
  if (lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int k_wrap(lua_State *L, int status, lua_KContext ctx) {
  lua_State *co = (lua_State *)ctx;
  (void)status;
  wake(L, co);
  return after_wrap(L, co, run(L, co, 0));
}

static int l_wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int narg = lua_gettop(L);
  if (!may_resume(L, co, narg)) return luaL_error(L, "%s", lua_tostring(L, -1));
  lua_xmove(L, co, narg);
  return after_wrap(L, co, run(L, co, narg));
}

static int l_create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  wy_limits_inherit(L, co);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int l_wrap(lua_State *L) {
  l_create(L);
  lua_pushcclosure(L, l_wrapped, 1);
  return 1;
}

static int l_yield(lua_State *L) {
  wy_script *s = wy_script_of(L);
  if (s->running && L == s->running->co)
    return luaL_error(L,
                      "attempt to yield from outside a coroutine (to wait, use wx.sleep and "
                      "the other functions that wait)");
  return lua_yield(L, lua_gettop(L));
}

static const char *status_of(lua_State *L, lua_State *co) {
  if (L == co) return "running";
  switch (lua_status(co)) {
    case LUA_YIELD: return waits(co) ? "normal" : "suspended";
    case LUA_OK: {
      lua_Debug ar;
      if (lua_getstack(co, 0, &ar)) return "normal";
      return lua_gettop(co) == 0 ? "dead" : "suspended";
    }
    default: return "dead";
  }
}

static int l_status(lua_State *L) {
  lua_pushstring(L, status_of(L, check_co(L)));
  return 1;
}

static int l_close(lua_State *L) {
  lua_State *co = check_co(L);
  const char *status = status_of(L, co);
  if (strcmp(status, "dead") != 0 && strcmp(status, "suspended") != 0)
    return luaL_error(L, "cannot close a %s coroutine", status);
  bool stopped = lua_status(co) > LUA_YIELD && lua_gettop(co) > 0 &&
                 lua_touserdata(co, -1) == wy_script_of(L)->stop; /* hooks are off in it */
  if (!stopped && lua_resetthread(co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (!stopped && wy_limits_is_stop(co, -1)) return wy_limits_raise(L);
  lua_pushboolean(L, 0);
  lua_pushvalue(co, -1); /* the stop stays, as a mark */
  lua_xmove(co, L, 1);
  return 2;
}

static int l_running(lua_State *L) {
  wy_script *s = wy_script_of(L);
  if (s->running && s->running->co == L) s->running->escaped = true;
  lua_pushboolean(L, lua_pushthread(L));
  return 2;
}

static int l_isyieldable(lua_State *L) {
  wy_script *s = wy_script_of(L);
  bool own = s->running && L == s->running->co;
  lua_pushboolean(L, !own && lua_isyieldable(L));
  return 1;
}

void wy_coroutine_install(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"close", l_close},   {"create", l_create},   {"isyieldable", l_isyieldable},
      {"resume", l_resume}, {"running", l_running}, {"status", l_status},
      {"wrap", l_wrap},     {"yield", l_yield},     {NULL, NULL},
  };
  luaL_newlib(L, functions);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, LUA_COLIBNAME);
  lua_pop(L, 1);
  lua_setglobal(L, LUA_COLIBNAME);
}
