/* weiyue.signal: new() → a place where tasks wait until one of them, or a timer, wakes all.
 * What it tells stands in Lua, with whoever has the signal; it carries no value. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "script/modules.h"
#include "script/task.h"

#define SIGNAL "weiyue.signal"

enum { LONGEST = 3600 }; /* seconds */

typedef struct waiter {
  wy_list link;
  wy_wait wait;
  wy_timer timer;
  wy_clock *clock;
  bool woken; /* by wake, not by the time */
} waiter;

static void leave(waiter *w) {
  wy_timer_stop(w->clock, &w->timer);
  wy_list_remove(&w->link);
}

static void on_time(wy_timer *timer) {
  waiter *w = wy_container_of(timer, waiter, timer);
  wy_list_remove(&w->link);
  wy_wait_wake(&w->wait, 0);
}

static void cancel(wy_wait *wait) {
  leave(wy_container_of(wait, waiter, wait));
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void drop(wy_wait *wait) {
  waiter *w = wy_container_of(wait, waiter, wait);
  leave(w);
  free(w);
}

static int finish(lua_State *L, wy_wait *wait) {
  waiter *w = wy_container_of(wait, waiter, wait);
  int status = wait->status;
  bool woken = w->woken;
  free(w);
  if (status) return luaL_error(L, "%s", wy_err_text(status));
  lua_pushboolean(L, woken);
  return 1;
}

/* signal:wait(seconds) → true: it was woken; false: the time is over */
static int l_wait(lua_State *L) {
  wy_list *waiters = luaL_checkudata(L, 1, SIGNAL);
  lua_Number s = luaL_checknumber(L, 2);
  luaL_argcheck(L, s >= 0 && s <= LONGEST, 2, "seconds from 0 to an hour wanted");
  wy_task *task = wy_task_can_wait(L);
  waiter *w = calloc(1, sizeof *w);
  if (!w) return luaL_error(L, "out of memory");
  w->wait = (wy_wait){task, 0, cancel, finish, drop};
  w->clock = wy_script_clock(wy_script_of(L));
  wy_timer_init(&w->timer, on_time);
  wy_list_init(&w->link);
  if (wy_timer_start(w->clock, &w->timer, (uint64_t)ceil(s * 1000))) {
    free(w);
    return luaL_error(L, "out of memory");
  }
  wy_list_push(waiters, &w->link);
  return wy_task_await(L, &w->wait);
}

/* signal:wake() → how many waited */
static int l_wake(lua_State *L) {
  wy_list *waiters = luaL_checkudata(L, 1, SIGNAL), *node;
  lua_Integer n = 0;
  for (; (node = wy_list_shift(waiters)) != NULL; n++) {
    waiter *w = wy_container_of(node, waiter, link);
    wy_timer_stop(w->clock, &w->timer);
    w->woken = true;
    wy_wait_wake(&w->wait, 0);
  }
  lua_pushinteger(L, n);
  return 1;
}

/* Who waits there still is woken by his time. */
static int l_gc(lua_State *L) {
  wy_list *waiters = luaL_checkudata(L, 1, SIGNAL);
  while (wy_list_shift(waiters)) continue;
  return 0;
}

static int l_new(lua_State *L) {
  wy_list *waiters = lua_newuserdatauv(L, sizeof *waiters, 0);
  wy_list_init(waiters);
  luaL_setmetatable(L, SIGNAL);
  return 1;
}

int wy_open_signal(lua_State *L) {
  static const luaL_Reg methods[] = {{"wait", l_wait}, {"wake", l_wake}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"new", l_new}, {NULL, NULL}};
  if (luaL_newmetatable(L, SIGNAL)) {
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, SIGNAL);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
