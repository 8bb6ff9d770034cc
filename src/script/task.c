#include "script/task.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "script/script_impl.h"

enum { DRAIN_VIRTUAL = 1000 /* tasks */ };

char wy_pending;

/* --- the body, inside the coroutine --- */

static int l_tostring(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

/* Lua's own errors have no place where C code was at work, as in ipairs(nil) or table.sort: that of
 * the code of a file which called it. */
static void add_place(lua_State *L) {
  const char *text = lua_tostring(L, 1);
  lua_Debug ar;
  if (strncmp(text, "attempt to ", 11) != 0) return;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0 || ar.short_src[0] == '[') continue;
    lua_pushfstring(L, "%s:%d: %s", ar.short_src, ar.currentline, text);
    lua_replace(L, 1);
    return;
  }
}

/* The raised value as text with a traceback, whatever the value is. */
static int l_message(lua_State *L) {
  wy_task *t = wy_script_of(L)->running;
  if (t->body.raised) t->body.raised(L, t->data);
  if (t->stint.over) wy_limits_told(L, &t->stint); /* a wait that was cancelled says no more */
  if (wy_limits_is_stop(L, 1)) return 1;           /* its text is kept */
  if (!lua_isstring(L, 1)) {
    lua_pushcfunction(L, l_tostring);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK || !lua_isstring(L, -1))
      lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    lua_replace(L, 1);
  }
  add_place(L);
  luaL_traceback(L, L, lua_tostring(L, 1), 1);
  return 1;
}

static bool is_memory_error(lua_State *L) {
  static const char text[] = "not enough memory";
  size_t n;
  const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
  const char *line = s ? memchr(s, '\n', n) : NULL; /* a traceback follows */
  if (line) n = (size_t)(line - s);
  return s && n >= sizeof text - 1 && memcmp(s + n - (sizeof text - 1), text, sizeof text - 1) == 0;
}

/* Why it failed, and the text of it on top of the stack. */
static wy_fault find_fault(lua_State *L, wy_task *t, int status) {
  wy_script *s = t->script;
  if (t->stint.over) {
    lua_pop(L, 1);
    wy_limits_push_text(L, &t->stint);
    return t->stint.over;
  }
  if (status != LUA_ERRMEM && !is_memory_error(L)) return WY_FAULT_ERROR;
  if (status == LUA_ERRMEM) { /* no handler was called: Lua does not say where */
    lua_pop(L, 1);
    wy_limits_push_refusal(L);
    if (s->deep) return WY_FAULT_ERROR;
  }
  wy_limits_count(s, WY_FAULT_MEMORY);
  return WY_FAULT_MEMORY;
}

static int k_body(lua_State *L, int status, lua_KContext ctx) {
  wy_task *t = (wy_task *)ctx;
  bool ok = status == LUA_OK || status == LUA_YIELD;
  t->fault = ok ? WY_FAULT_NONE : find_fault(L, t, status);
  if (t->stint.over) wy_limits_end(t); /* what follows is weiyue's own, and has its own time */
  t->body.end(L, ok, t->data);
  t->ended = true; /* where end raises, for want of memory, lost takes its place */
  return 0;
}

static int l_body(lua_State *L) {
  wy_task *t = lua_touserdata(L, 1);
  t->began = true;
  lua_settop(L, 0);
  lua_pushcfunction(L, l_message);
  int n = t->body.begin(L, t->data);
  int status = lua_pcallk(L, n, LUA_MULTRET, 1, (lua_KContext)t, k_body);
  return k_body(L, status, (lua_KContext)t);
}

/* --- the coroutine's life --- */

static int l_new_coroutine(lua_State *L) {
  wy_task *t = lua_touserdata(L, 1);
  t->co = lua_newthread(L);
  t->ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static int take_coroutine(wy_task *t) {
  wy_script *s = t->script;
  if (s->n_pool) {
    s->n_pool--;
    t->co = s->pool[s->n_pool].co;
    t->ref = s->pool[s->n_pool].ref;
    return 0;
  }
  lua_pushcfunction(s->L, l_new_coroutine);
  lua_pushlightuserdata(s->L, t);
  if (lua_pcall(s->L, 1, 0, 0) == LUA_OK) return 0;
  lua_pop(s->L, 1);
  return WY_E_NOMEM;
}

static wy_task *task_new(wy_script *s) {
  wy_list *node = wy_list_shift(&s->spare);
  wy_task *t = node ? wy_container_of(node, wy_task, link) : malloc(sizeof *t);
  if (node) s->n_spare--;
  if (t) memset(t, 0, sizeof *t);
  return t;
}

static void task_give(wy_script *s, wy_task *t) {
  if (s->n_spare >= TASK_POOL) {
    free(t);
    return;
  }
  s->n_spare++;
  wy_list_push(&s->spare, &t->link);
}

static void task_free(wy_task *t, bool reusable) {
  wy_script *s = t->script;
  if (reusable && !t->escaped && s->n_pool < TASK_POOL) {
    lua_settop(t->co, 0);
    s->pool[s->n_pool].co = t->co;
    s->pool[s->n_pool].ref = t->ref;
    s->n_pool++;
  } else {
    luaL_unref(s->L, LUA_REGISTRYINDEX, t->ref);
  }
  wy_list_remove(&t->link);
  wy_list_remove(&t->ready);
  s->n_tasks--;
  if (t->stint.text) wy_limits_end(t);
  task_give(s, t);
}

/* Of the push that it runs for. */
static const wy_hash128 *key_of(const wy_task *t) {
  return t->body.key ? (const void *)((const char *)t->data + t->body.key) : NULL;
}

/* What is pending in <close> variables runs as the task's, too. */
static void reset(wy_task *t) {
  wy_script *s = t->script;
  s->turns->running = true;
  s->running = t;
  wy_limits_enter(s);
  *s->shown = s;
  wy_beat_begin(s->beat, key_of(t));
  lua_resetthread(t->co);
  wy_beat_end(s->beat);
  *s->shown = NULL;
  wy_limits_leave(s, &t->stint);
  s->running = NULL;
  s->turns->running = false;
  if (!t->ended) t->body.lost(t->data);
}

static void resume(wy_task *t, int nargs) {
  wy_script *s = t->script;
  int nres = 0;
  assert(!s->turns->running);
  s->turns->running = true;
  s->running = t;
  s->top = NULL;
  wy_limits_enter(s);
  *s->shown = s;
  wy_beat_begin(s->beat, key_of(t));
  int status = lua_resume(t->co, s->L, nargs, &nres);
  wy_beat_end(s->beat);
  *s->shown = NULL;
  wy_limits_leave(s, &t->stint);
  s->running = NULL;
  s->turns->running = false;
  if (s->suspended) { /* the sentinel is on top where an inner coroutine is */
    t->innermost = s->suspended;
    s->suspended = NULL;
    wy_list_push(&s->sliced, &t->ready);
    if (s->more) s->more(s->data);
    return;
  }
  if (status == LUA_YIELD) {
    /* Only await yields out of a task: coroutine.yield refuses there. The sentinel stays while it
     * waits: coroutine.running gave this coroutine away, and nobody else may resume it. */
    assert(nres == 1 && lua_touserdata(t->co, -1) == &wy_pending);
    if (!t->exiting) return;
    reset(t);
  } else if (status != LUA_OK) {
    /* begin or end raised: no memory. Pending <close> variables run, then the task is gone. */
    wy_script_log_error(s, wy_fault_event(WY_FAULT_MEMORY), NULL, t->push, lua_tostring(t->co, -1));
    reset(t);
  }
  task_free(t, status == LUA_OK);
}

bool wy_script_slice(wy_script *s) {
  wy_list *node = s->turns->running ? NULL : wy_list_shift(&s->sliced);
  if (!node) return false;
  wy_task *t = wy_container_of(node, wy_task, ready);
  if (t->innermost == t->co) t->innermost = NULL; /* its stack is that of the suspended function */
  else lua_pop(t->co, 1);
  resume(t, 0);
  wy_tasks_drain(s);
  return !wy_list_empty(&s->sliced);
}

int wy_task_start(wy_script *s, const wy_task_body *body, void *data) {
  wy_task *task;
  return wy_task_start_in(s, body, data, &task);
}

int wy_task_start_in(wy_script *s, const wy_task_body *body, void *data, wy_task **out) {
  wy_task *t = task_new(s);
  if (!t) return WY_E_NOMEM;
  t->script = s;
  t->body = *body;
  t->data = data;
  if (take_coroutine(t)) {
    task_give(s, t);
    return WY_E_NOMEM;
  }
  *out = t;
  lua_pushcfunction(t->co, l_body);
  lua_pushlightuserdata(t->co, t);
  wy_limits_begin(t);
  wy_list_init(&t->ready);
  wy_list_push(&s->tasks, &t->link);
  s->n_tasks++;
  if (!wy_script_busy(s)) {
    resume(t, 1);
    wy_tasks_drain(s);
    return 0;
  }
  wy_list_push(&s->turns->ready, &t->ready);
  return 0;
}

void wy_tasks_drain(wy_script *s) {
  if (s->turns->running) return;
  size_t left = s->clock->is_virtual ? DRAIN_VIRTUAL : SIZE_MAX;
  for (wy_list *node; left && (node = wy_list_shift(&s->turns->ready)); left--) {
    wy_task *t = wy_container_of(node, wy_task, ready);
    /* A task that never ran has its body and itself on the stack; a waiting one the sentinel. */
    bool waited = lua_status(t->co) == LUA_YIELD;
    if (waited) lua_pop(t->co, 1);
    resume(t, waited ? 0 : 1);
  }
}

/* --- waiting --- */

void wy_push_where(lua_State *L) {
  lua_Debug ar;
  for (int level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0 || strncmp(ar.source, "=[weiyue", 8) == 0) continue;
    lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
    return;
  }
  lua_pushliteral(L, "");
}

int wy_raise(lua_State *L, const char *text) {
  wy_push_where(L);
  lua_pushstring(L, text);
  lua_concat(L, 2);
  return lua_error(L);
}

wy_task *wy_task_can_wait(lua_State *L) {
  wy_script *s = wy_script_of(L);
  wy_task *t = s ? s->running : NULL;
  if (t) wy_limits_check(L);
  if (!t)
    wy_raise(L,
             "cannot wait here: only handlers, spawned functions and timers may wait, "
             "not code that runs while a plugin is loaded");
  else if (t->cancelled) wy_raise(L, "cancelled");
  else if (!wy_chain_can_wait(s, L))
    wy_raise(L,
             "cannot wait inside a C function such as table.sort, string.gsub or a "
             "metamethod: wait before it, or collect first and wait in a loop");
  return t;
}

static int l_finish(lua_State *L) {
  wy_wait *w = lua_touserdata(L, 1);
  lua_settop(L, 0);
  return w->finish(L, w);
}

static int k_await(lua_State *L, int status, lua_KContext ctx) {
  wy_wait *w = (wy_wait *)ctx;
  (void)status;
  if (w->status != WY_E_CANCELLED) return w->finish(L, w);
  lua_pushcfunction(L, l_finish);
  lua_pushlightuserdata(L, w);
  lua_pcall(L, 1, 0, 0); /* it only frees */
  wy_limits_check(L);    /* what a limit ends is not for pcall to catch */
  return luaL_error(L, "%s", wy_err_text(WY_E_CANCELLED));
}

int wy_task_await(lua_State *L, wy_wait *wait) {
  assert(wy_script_of(L)->running == wait->task && !wait->task->waiting);
  wait->task->waiting = wait;
  lua_settop(L, 0);
  lua_pushlightuserdata(L, &wy_pending);
  return lua_yieldk(L, 1, (lua_KContext)wait, k_await);
}

static int k_exit(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  return luaL_error(L, "unreachable");
}

int wy_task_exit(lua_State *L, wy_task *t) {
  assert(wy_script_of(L)->running == t && !t->waiting);
  t->exiting = true;
  lua_settop(L, 0);
  lua_pushlightuserdata(L, &wy_pending);
  return lua_yieldk(L, 1, 0, k_exit);
}

void wy_wait_wake(wy_wait *wait, int status) {
  wy_task *t = wait->task;
  assert(t->waiting == wait);
  t->waiting = NULL;
  wait->status = status;
  wy_list_push(&t->script->turns->ready, &t->ready);
  wy_tasks_drain(t->script);
}

void wy_tasks_cancel_of(wy_script *s, const wy_task_body *body) {
  /* Cancelling may end tasks: begin again after each one; who is cancelled keeps it finite. */
  for (wy_list *n = s->tasks.next; n != &s->tasks;) {
    wy_task *t = wy_container_of(n, wy_task, link);
    bool meant = t->body.begin == body->begin && !t->cancelled;
    bool waits = meant && t->waiting;
    if (meant) t->cancelled = true;
    if (waits) t->waiting->cancel(t->waiting);
    n = waits ? s->tasks.next : n->next;
  }
}

void wy_task_cancel(wy_task *t) {
  bool waits = !t->cancelled && t->waiting;
  t->cancelled = true;
  if (waits) t->waiting->cancel(t->waiting);
}

size_t wy_tasks_count(const wy_script *s) { return s->n_tasks; }

/* Where it stands, or, where it has not run yet, its function. */
static void find_where(const wy_task *t, char *out, size_t n) {
  lua_State *co = t->co;
  lua_Debug ar;
  out[0] = '\0';
  if (!t->began) {
    if (!t->body.look) return;
    t->body.look(co, t->data);
    lua_getinfo(co, ">S", &ar);
    if (ar.linedefined > 0) snprintf(out, n, "%s:%d", ar.short_src, ar.linedefined);
    return;
  }
  for (int level = 0; lua_getstack(co, level, &ar); level++) {
    lua_getinfo(co, "Sl", &ar);
    if (ar.currentline <= 0 || strncmp(ar.source, "=[weiyue", 8) == 0) continue;
    snprintf(out, n, "%s:%d", ar.short_src, ar.currentline);
    return;
  }
}

void wy_tasks_tell(wy_script *s, void (*tell)(void *data, const wy_task *t, const char *where),
                   void *data) {
  char where[LUA_IDSIZE + 24];
  for (const wy_list *n = s->tasks.next; n != &s->tasks; n = n->next) {
    const wy_task *t = wy_container_of(n, wy_task, link);
    find_where(t, where, sizeof where);
    tell(data, t, where);
  }
}

bool wy_script_busy(const wy_script *s) {
  return s->turns->running || !wy_list_empty(&s->turns->ready);
}
