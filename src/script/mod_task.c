/* weiyue.task: sleep, spawn, after, and scopes that count them. What waits, waits on the host's
 * clock. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "script/modules.h"
#include "script/script_impl.h"

enum { LONGEST = 366 * 86400 /* seconds */, RETRY_MS = 1000 };

static uint64_t check_ms(lua_State *L, int arg) {
  lua_Number s = luaL_checknumber(L, arg);
  luaL_argcheck(L, s >= 0 && s <= LONGEST, arg, "seconds from 0 to a year wanted");
  return (uint64_t)ceil(s * 1000);
}

/* --- sleep --- */

typedef struct sleeper {
  wy_wait wait;
  wy_timer timer;
  wy_clock *clock;
} sleeper;

static void sleep_fire(wy_timer *timer) {
  wy_wait_wake(&wy_container_of(timer, sleeper, timer)->wait, 0);
}

static void sleep_cancel(wy_wait *wait) {
  sleeper *s = wy_container_of(wait, sleeper, wait);
  wy_timer_stop(s->clock, &s->timer);
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void sleep_drop(wy_wait *wait) {
  sleeper *s = wy_container_of(wait, sleeper, wait);
  wy_timer_stop(s->clock, &s->timer);
  free(s);
}

static int sleep_finish(lua_State *L, wy_wait *wait) {
  int status = wait->status;
  free(wy_container_of(wait, sleeper, wait));
  return status ? luaL_error(L, "%s", wy_err_text(status)) : 0;
}

static int l_sleep(lua_State *L) {
  uint64_t ms = check_ms(L, 1);
  wy_task *t = wy_task_can_wait(L);
  sleeper *s = calloc(1, sizeof *s);
  if (!s) return luaL_error(L, "out of memory");
  s->wait = (wy_wait){t, 0, sleep_cancel, sleep_finish, sleep_drop};
  s->clock = t->script->clock;
  wy_timer_init(&s->timer, sleep_fire);
  if (wy_timer_start(s->clock, &s->timer, ms)) {
    free(s);
    return luaL_error(L, "out of memory");
  }
  return wy_task_await(L, &s->wait);
}

/* --- a scope: whose timers and tasks they are, and how many he has --- */

typedef struct scope {
  wy_list link; /* first, in script->scopes: what is left there is freed with the script */
  unsigned refs, timers, tasks;
  char name[];
} scope;

static void scope_unref(scope *c) {
  if (!c || --c->refs) return;
  wy_list_remove(&c->link);
  free(c);
}

static scope *check_scope(lua_State *L) { return *(scope **)luaL_checkudata(L, 1, "weiyue.scope"); }

static void check_cap(lua_State *L, const scope *c, unsigned n, unsigned max, const char *what,
                      const char *limit) {
  if (!max || n < max) return;
  wy_raise(
      L, lua_pushfstring(L, "%s: the plugin %s has %d already (%s)", what, c->name, (int)n, limit));
}

/* scope(name) */
static int l_scope(lua_State *L) {
  size_t n;
  const char *name = luaL_optlstring(L, 1, "?", &n);
  scope **handle = lua_newuserdatauv(L, sizeof *handle, 0);
  *handle = NULL;
  luaL_setmetatable(L, "weiyue.scope");
  scope *c = *handle = calloc(1, sizeof *c + n + 1);
  if (!c) return luaL_error(L, "out of memory");
  c->refs = 1;
  wy_list_push(&wy_script_of(L)->scopes, &c->link);
  memcpy(c->name, name, n);
  return 1;
}

static int l_scope_gc(lua_State *L) {
  scope **handle = luaL_checkudata(L, 1, "weiyue.scope");
  scope_unref(*handle);
  *handle = NULL;
  return 0;
}

/* --- spawn and after: a function with its arguments, kept in the registry until it runs --- */

typedef struct job {
  wy_list link; /* in script->timers while it waits for its time */
  wy_script *script;
  wy_timer timer;
  uint64_t ms;         /* until it runs, from the beginning of a script that is paused */
  uint64_t push;       /* of the task that asked for it; 0: none */
  unsigned account;    /* likewise */
  int ref;             /* {function, arguments…, n = count}; LUA_NOREF once it is taken */
  struct job **handle; /* the userdata that after or start returned, while both live */
  wy_task *task;       /* NULL until it runs, where start has begun it */
  scope *scope;        /* NULL: weiyue's own */
  unsigned *counted;   /* of its scope's; NULL: not */
  bool fired;          /* its time has come: it cannot be cancelled any more */
} job;

static void job_uncount(job *j) {
  if (j->counted) --*j->counted;
  j->counted = NULL;
}

static void job_free(job *j) {
  if (j->handle) *j->handle = NULL;
  job_uncount(j);
  scope_unref(j->scope);
  free(j);
}

static int job_begin(lua_State *L, void *data) {
  job *j = data;
  wy_script_set_push(j->script, j->push, j->account);
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->ref);
  int packed = lua_gettop(L);
  lua_getfield(L, packed, "n");
  int n = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  luaL_checkstack(L, n, "too many arguments");
  for (int i = 1; i <= n; i++) lua_rawgeti(L, packed, i);
  lua_remove(L, packed);
  luaL_unref(L, LUA_REGISTRYINDEX, j->ref);
  j->ref = LUA_NOREF;
  return n - 1;
}

static void job_end(lua_State *L, bool ok, void *data) {
  job *j = data;
  const wy_script *s = j->script;
  bool cancelled = s->running->cancelled; /* ended from outside: no error of the plugin */
  if (!ok && !cancelled)
    wy_script_log_error(s, wy_fault_event(wy_task_fault(s)), j->scope ? j->scope->name : NULL,
                        j->push, lua_tostring(L, -1));
  job_free(j);
}

static void job_lost(void *data) { job_free(data); }

static void job_look(lua_State *L, void *data) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, ((job *)data)->ref);
  lua_rawgeti(L, -1, 1);
  lua_remove(L, -2);
}

static const wy_task_body job_body = {
    .begin = job_begin, .end = job_end, .look = job_look, .lost = job_lost};

static int job_run(job *j) {
  wy_task *none;
  return wy_task_start_in(j->script, &job_body, j, j->handle ? &j->task : &none);
}

static void job_drop(job *j) {
  luaL_unref(j->script->L, LUA_REGISTRYINDEX, j->ref);
  job_free(j);
}

/* Whoever asks for a task hears of it when there is none. */
static void job_run_or_raise(lua_State *L, job *j) {
  if (!job_run(j)) return;
  job_drop(j);
  luaL_error(L, "not enough memory");
}

/* Packs the function at arg and what follows. */
static job *job_new(lua_State *L, int arg, scope *c) {
  luaL_checktype(L, arg, LUA_TFUNCTION);
  int n = lua_gettop(L) - arg + 1;
  lua_createtable(L, n, 1);
  lua_insert(L, arg);
  for (int i = n; i >= 1; i--) lua_rawseti(L, arg, i);
  lua_pushinteger(L, n);
  lua_setfield(L, arg, "n");
  int ref = luaL_ref(L, LUA_REGISTRYINDEX);
  job *j = calloc(1, sizeof *j);
  if (!j) {
    luaL_unref(L, LUA_REGISTRYINDEX, ref);
    luaL_error(L, "out of memory");
    return NULL;
  }
  wy_list_init(&j->link);
  j->script = wy_script_of(L);
  j->push = j->script->running ? j->script->running->push : 0;
  j->account = j->script->running ? j->script->running->account : 0;
  j->ref = ref;
  j->scope = c;
  if (c) c->refs++;
  return j;
}

static job *job_spawn(lua_State *L, int arg, scope *c, const char *what) {
  const wy_script *s = wy_script_of(L);
  if (!s->running) wy_raise(L, "spawn needs a running task: use it in a handler or a timer");
  if (c) check_cap(L, c, c->tasks, s->limits.tasks, what, "limits.tasks");
  job *j = job_new(L, arg, c);
  if (c) {
    j->counted = &c->tasks;
    c->tasks++;
  }
  return j;
}

static int spawn(lua_State *L, scope *c) {
  job_run_or_raise(L, job_spawn(L, 1, c, "wx.spawn"));
  return 0;
}

static int l_spawn(lua_State *L) { return spawn(L, NULL); }

static int l_scope_spawn(lua_State *L) {
  scope *c = check_scope(L);
  lua_remove(L, 1); /* the caller has it */
  return spawn(L, c);
}

/* scope:start(what, f, …): as spawn, for the function `what`; gives what can cancel it */
static int l_scope_start(lua_State *L) {
  scope *c = check_scope(L);
  const char *what = luaL_checkstring(L, 2);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  job **handle = lua_newuserdatauv(L, sizeof *handle, 0);
  *handle = NULL;
  luaL_setmetatable(L, "weiyue.started");
  lua_replace(L, 1); /* the caller has the scope */
  job *j = job_spawn(L, 3, c, what);
  *handle = j;
  j->handle = handle;
  job_run_or_raise(L, j);
  lua_settop(L, 1);
  return 1;
}

/* started:cancel() → true; false: it has ended, or was cancelled before. It wakes with an error
 * where it waits, without a line in the log. */
static int l_started_cancel(lua_State *L) {
  job **handle = luaL_checkudata(L, 1, "weiyue.started");
  wy_task *t = *handle ? (*handle)->task : NULL;
  bool cancels = t && !t->cancelled;
  if (cancels) t->cancelled = true;
  if (cancels && t->waiting) t->waiting->cancel(t->waiting);
  lua_pushboolean(L, cancels);
  return 1;
}

/* Where there is no memory for its task it comes again a moment later: timers begin the next one in
 * their task, and one that is lost would end them. */
static void after_fire(wy_timer *timer) {
  job *j = wy_container_of(timer, job, timer);
  unsigned *counted = j->counted;
  wy_list_remove(&j->link);
  job_uncount(j);
  j->fired = true;
  if (!job_run(j)) return;
  j->fired = false;
  wy_log_text(j->script->log, WY_LOG_ERROR, "lua.error", "no memory for the task of a timer");
  if (wy_timer_start(j->script->clock, &j->timer, RETRY_MS)) {
    job_drop(j);
    return;
  }
  j->counted = counted;
  if (counted) ++*counted;
  wy_list_push(&j->script->timers, &j->link);
}

static int l_after_cancel(lua_State *L) {
  job **handle = luaL_checkudata(L, 1, "weiyue.timer");
  job *j = *handle;
  lua_pushboolean(L, j && !j->fired);
  if (!j || j->fired) return 1;
  wy_list_remove(&j->link);
  wy_timer_stop(j->script->clock, &j->timer);
  luaL_unref(L, LUA_REGISTRYINDEX, j->ref);
  job_free(j);
  return 1;
}

/* It goes on without its handle. */
static int l_handle_gc(lua_State *L) {
  job **handle = lua_touserdata(L, 1);
  if (*handle) (*handle)->handle = NULL;
  *handle = NULL;
  return 0;
}

static int after(lua_State *L, scope *c, bool counted) {
  uint64_t ms = check_ms(L, 1);
  unsigned max = wy_script_of(L)->limits.timers;
  if (counted) check_cap(L, c, c->timers, max, "wx.after", "limits.timers");
  job **handle = lua_newuserdatauv(L, sizeof *handle, 0);
  *handle = NULL;
  luaL_setmetatable(L, "weiyue.timer");
  if (wy_script_of(L)->ended) return 1; /* a finalizer sets it: it will not run */
  lua_insert(L, 1);
  job *j = job_new(L, 3, c);
  *handle = j;
  j->handle = handle;
  j->ms = ms;
  wy_timer_init(&j->timer, after_fire);
  if (!j->script->paused && wy_timer_start(j->script->clock, &j->timer, ms)) {
    luaL_unref(L, LUA_REGISTRYINDEX, j->ref);
    *handle = NULL;
    job_free(j);
    return luaL_error(L, "out of memory");
  }
  if (counted) {
    j->counted = &c->timers;
    c->timers++;
  }
  wy_list_push(&j->script->timers, &j->link);
  lua_settop(L, 1);
  return 1;
}

static int l_after(lua_State *L) { return after(L, NULL, false); }

/* scope:after(seconds, f, …): one of the plugin's timers */
static int l_scope_after(lua_State *L) {
  scope *c = check_scope(L);
  lua_remove(L, 1);
  return after(L, c, true);
}

/* scope:arm(seconds, f, …): of a timer that was declared */
static int l_scope_arm(lua_State *L) {
  scope *c = check_scope(L);
  lua_remove(L, 1);
  return after(L, c, false);
}

/* scope:declare(what): one timer more, for good */
static int l_scope_declare(lua_State *L) {
  scope *c = check_scope(L);
  check_cap(L, c, c->timers, wy_script_of(L)->limits.timers, luaL_checkstring(L, 2),
            "limits.timers");
  c->timers++;
  return 0;
}

void wy_timers_begin(wy_script *s) {
  for (wy_list *n = s->timers.next; n != &s->timers; n = n->next) {
    job *j = wy_container_of(n, job, link);
    if (wy_timer_start(s->clock, &j->timer, j->ms))
      wy_log_text(s->log, WY_LOG_ERROR, "lua.error", "no memory for a timer");
  }
}

void wy_timers_drop(wy_script *s) {
  for (wy_list *node; (node = wy_list_shift(&s->timers));) {
    job *j = wy_container_of(node, job, link);
    if (j->handle) *j->handle = NULL;
    wy_timer_stop(s->clock, &j->timer);
    job_free(j);
  }
}

size_t wy_tasks_cancel_spawned(wy_script *s) {
  size_t n = s->n_tasks;
  wy_timers_drop(s);
  wy_tasks_cancel_of(s, &job_body);
  return n - s->n_tasks;
}

/* account([n]) → the number of the account that the running task works for, 0: none; from now on n
 */
static int l_account(lua_State *L) {
  wy_task *t = wy_script_of(L)->running;
  lua_Integer n = luaL_optinteger(L, 1, -1);
  lua_pushinteger(L, t ? t->account : 0);
  if (t && n >= 0) t->account = (unsigned)n;
  return 1;
}

/* cancelled() → the running task was ended from outside: what it raises is no error of the plugin
 */
static int l_cancelled(lua_State *L) {
  const wy_task *t = wy_script_of(L)->running;
  lua_pushboolean(L, t && t->cancelled);
  return 1;
}

static void make_handle(lua_State *L, const char *name, const luaL_Reg *methods) {
  if (luaL_newmetatable(L, name)) {
    lua_pushcfunction(L, l_handle_gc);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
}

int wy_open_task(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"sleep", l_sleep}, {"spawn", l_spawn},         {"after", l_after}, {"account", l_account},
      {"scope", l_scope}, {"cancelled", l_cancelled}, {NULL, NULL}};
  static const luaL_Reg scopes[] = {{"after", l_scope_after},     {"arm", l_scope_arm},
                                    {"declare", l_scope_declare}, {"spawn", l_scope_spawn},
                                    {"start", l_scope_start},     {NULL, NULL}};
  static const luaL_Reg timers[] = {{"cancel", l_after_cancel}, {NULL, NULL}};
  static const luaL_Reg started[] = {{"cancel", l_started_cancel}, {NULL, NULL}};
  make_handle(L, "weiyue.timer", timers);
  make_handle(L, "weiyue.started", started);
  if (luaL_newmetatable(L, "weiyue.scope")) {
    lua_pushcfunction(L, l_scope_gc);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, scopes);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "weiyue.scope");
    lua_setfield(L, -2, "__metatable");
  }
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
