/* weiyue.guest: there() → is a host beside this one? next(seconds) → level, line of its log, which
 * waits for one so long; advance(seconds) moves its clock. In the state of a sandbox only. */
#include <lauxlib.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "script/guest.h"
#include "script/modules.h"
#include "script/task.h"

enum { LINES = 512, LINE_BYTES = 8192, FARTHEST = 366 * 86400 };

typedef struct line {
  wy_list link;
  int level;
  size_t n;
  char text[];
} line;

struct wy_guest {
  uv_async_t async;
  pthread_mutex_t lock; /* of lines and n */
  wy_list lines;
  unsigned n;
  wy_list waiters;
  void (*advance)(void *data, int64_t ms);
  void *data;
};

typedef struct waiter {
  wy_list link;
  wy_wait wait;
  wy_timer timer;
  wy_clock *clock;
} waiter;

static void leave(waiter *w) {
  wy_timer_stop(w->clock, &w->timer);
  wy_list_remove(&w->link);
}

/* --- the program's side --- */

static void wake(wy_guest *g) {
  if (wy_list_empty(&g->waiters)) return;
  waiter *w = wy_container_of(g->waiters.next, waiter, link);
  leave(w);
  wy_wait_wake(&w->wait, 0);
}

static bool has_lines(wy_guest *g) {
  pthread_mutex_lock(&g->lock);
  bool yes = !wy_list_empty(&g->lines);
  pthread_mutex_unlock(&g->lock);
  return yes;
}

static void on_async(uv_async_t *async) {
  wy_guest *g = wy_container_of(async, wy_guest, async);
  if (has_lines(g)) wake(g);
}

int wy_guest_new(wy_guest **out, uv_loop_t *loop, void (*advance)(void *data, int64_t ms),
                 void *data) {
  wy_guest *g = calloc(1, sizeof *g);
  if (!g || pthread_mutex_init(&g->lock, NULL)) {
    free(g);
    return WY_E_NOMEM;
  }
  wy_list_init(&g->lines);
  wy_list_init(&g->waiters);
  g->advance = advance;
  g->data = data;
  if (uv_async_init(loop, &g->async, on_async)) {
    pthread_mutex_destroy(&g->lock);
    free(g);
    return WY_E_NOMEM;
  }
  uv_unref((uv_handle_t *)&g->async); /* it keeps no loop alive */
  *out = g;
  return 0;
}

void wy_guest_line(wy_guest *g, int level, const char *text, size_t n) {
  if (n > LINE_BYTES) n = LINE_BYTES;
  line *l = malloc(sizeof *l + n), *old = NULL;
  if (!l) return;
  wy_list_init(&l->link);
  l->level = level;
  l->n = n;
  memcpy(l->text, text, n);
  pthread_mutex_lock(&g->lock);
  wy_list_push(&g->lines, &l->link);
  if (++g->n > LINES) {
    old = wy_container_of(wy_list_shift(&g->lines), line, link);
    g->n--;
  }
  pthread_mutex_unlock(&g->lock);
  free(old);
  uv_async_send(&g->async);
}

static void on_closed(uv_handle_t *handle) {
  wy_guest *g = wy_container_of((uv_async_t *)handle, wy_guest, async);
  for (wy_list *node; (node = wy_list_shift(&g->lines)) != NULL;)
    free(wy_container_of(node, line, link));
  pthread_mutex_destroy(&g->lock);
  free(g);
}

void wy_guest_close(wy_guest *g) {
  if (g) uv_close((uv_handle_t *)&g->async, on_closed);
}

/* --- Lua's side --- */

static wy_guest *guest_of(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_GUEST);
  wy_guest *g = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return g;
}

static wy_guest *check(lua_State *L) {
  wy_guest *g = guest_of(L);
  if (!g) luaL_error(L, "no host runs beside this one: weiyue sandbox has both");
  return g;
}

static line *take(wy_guest *g) {
  line *l = NULL;
  pthread_mutex_lock(&g->lock);
  wy_list *node = wy_list_shift(&g->lines);
  if (node) {
    l = wy_container_of(node, line, link);
    g->n--;
  }
  pthread_mutex_unlock(&g->lock);
  return l;
}

/* level, line; nothing when the time is over */
static int give(lua_State *L, line *l) {
  if (!l) return 0;
  lua_pushinteger(L, l->level);
  lua_pushlstring(L, l->text, l->n);
  free(l);
  return 2;
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
  int status = wait->status;
  free(wy_container_of(wait, waiter, wait));
  if (status) return luaL_error(L, "%s", wy_err_text(status));
  return give(L, take(check(L)));
}

static int l_next(lua_State *L) {
  wy_guest *g = check(L);
  lua_Number s = luaL_checknumber(L, 1);
  luaL_argcheck(L, s >= 0 && s <= 3600, 1, "seconds from 0 to an hour wanted");
  wy_task *task = wy_task_can_wait(L);
  line *l = take(g);
  if (l) return give(L, l);
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
  wy_list_push(&g->waiters, &w->link);
  return wy_task_await(L, &w->wait);
}

static int l_advance(lua_State *L) {
  wy_guest *g = check(L);
  lua_Number s = luaL_checknumber(L, 1);
  luaL_argcheck(L, s >= 0 && s <= FARTHEST, 1, "seconds from 0 to a year wanted");
  g->advance(g->data, (int64_t)ceil(s * 1000));
  return 0;
}

static int l_there(lua_State *L) {
  lua_pushboolean(L, guest_of(L) != NULL);
  return 1;
}

int wy_open_guest(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"there", l_there}, {"next", l_next}, {"advance", l_advance}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
