#include "script/limits.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "script/script_impl.h"

#define MS UINT64_C(1000000)  /* ns */
#define GRACE (GRACE_MS * MS) /* for pending <close> variables */

/* Instructions between two looks: few at first, for a single one may call a C function that takes
 * long; then so many that they take no longer than LOOK. */
enum { STRIDE = 200, STRIDE_MAX = 1000, STRIDE_OWN = 20, LOOK = 250000 /* ns */ };
enum { POSTPONED_MAX = 2000 }; /* looks of STRIDE_OWN in code of weiyue's own */

static uint64_t ns_of(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
}

static uint64_t now_ns(void) { return ns_of(CLOCK_MONOTONIC); }

/* Of this thread. */
static uint64_t cpu_ns(void) {
#ifdef CLOCK_THREAD_CPUTIME_ID
  return ns_of(CLOCK_THREAD_CPUTIME_ID);
#else
  return now_ns();
#endif
}

static stint *current(const wy_script *s) {
  return s->guard ? s->guard : s->running ? &s->running->stint : NULL;
}

const char *wy_fault_name(wy_fault fault) {
  static const char *const names[] = {"", "error", "cpu", "stuck", "wall", "watchdog", "memory"};
  return names[fault];
}

const char *wy_fault_event(wy_fault fault) {
  switch (fault) {
    case WY_FAULT_NONE:
    case WY_FAULT_ERROR: return "lua.error";
    case WY_FAULT_MEMORY: return "lua.oom";
    default: return "lua.timeout";
  }
}

/* --- stopping --- */

static void push_seconds(lua_State *L, uint64_t ns) {
  char text[32];
  snprintf(text, sizeof text, "%g s", (double)ns / 1e9);
  lua_pushstring(L, text);
}

static void push_reason(lua_State *L, const wy_script *s, const stint *st) {
  switch (st->over) {
    case WY_FAULT_CPU:
      push_seconds(L, st->budget ? st->budget : s->limits.cpu_ns);
      lua_pushfstring(L, "stopped: it took more than %s of processor time (%s)",
                      lua_tostring(L, -1), st->budget ? "while loading" : "limits.cpu");
      break;
    case WY_FAULT_STUCK:
      push_seconds(L, s->limits.slice_max_ns);
      lua_pushfstring(L,
                      "stopped: it ran for %s where it cannot be suspended, inside a C function "
                      "such as table.sort or string.gsub (limits.slice_max)",
                      lua_tostring(L, -1));
      break;
    case WY_FAULT_WALL:
      push_seconds(L, s->limits.wall_ms * MS);
      lua_pushfstring(L, "stopped: it was not done after %s (limits.wall)", lua_tostring(L, -1));
      break;
    default:
      lua_pushliteral(L, "");
      lua_pushliteral(L, "stopped by the watchdog: it kept its worker from everybody else");
  }
  lua_remove(L, -2);
}

void wy_limits_push_text(lua_State *L, const stint *st) {
  if (st->text) lua_pushstring(L, st->text);
  else push_reason(L, wy_script_of(L), st);
}

/* The first time, while the stack still shows where. */
static void note(lua_State *L, const wy_script *s, stint *st) {
  luaL_checkstack(L, 12, NULL);
  int top = lua_gettop(L);
  wy_push_where(L);
  push_reason(L, s, st);
  lua_concat(L, 2);
  luaL_traceback(L, L, lua_tostring(L, -1), 0);
  st->text = strdup(lua_tostring(L, -1));
  lua_settop(L, top);
}

static void begin_slice(wy_script *s) {
  s->slice_began = s->looked = now_ns();
  s->slice_cpu = cpu_ns();
  s->postponed = 0;
}

void wy_limits_count(wy_script *s, wy_fault fault) {
  s->stopped[fault]++;
  s->n_stopped++;
}

void wy_limits_over(wy_script *s, stint *st, wy_fault why) {
  if (st->over == WY_FAULT_NONE) {
    st->over = why;
    wy_limits_count(s, why);
  } else if (st->raised) {
    st->cut = true;
  }
}

void wy_limits_told(lua_State *L, stint *st) {
  wy_script *s = wy_script_of(L);
  if (st->raised) return;
  st->raised = true;
  st->cpu_ns = 0;
  begin_slice(s);
  if (!s->guard && s->running) wy_wall_set(s->running, GRACE_MS);
  note(L, s, st);
}

int wy_limits_raise(lua_State *L) {
  wy_script *s = wy_script_of(L);
  stint *st = current(s);
  assert(st);
  wy_limits_told(L, st);
  lua_rawgetp(L, LUA_REGISTRYINDEX, s);
  return lua_error(L);
}

bool wy_limits_is_stop(lua_State *L, int index) {
  const wy_script *s = wy_script_of(L);
  const stint *st = current(s);
  return st && st->over && lua_touserdata(L, index) == s->stop;
}

static bool must_stop(const stint *st) { return st->over && (!st->raised || st->cut); }

void wy_limits_check(lua_State *L) {
  const stint *st = current(wy_script_of(L));
  if (st && must_stop(st)) wy_limits_raise(L);
}

/* --- looking at the clock --- */

typedef enum verdict { GO_ON, SUSPEND, STOP } verdict;

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* CPU time that the stint may use in all; 0: any. */
static uint64_t allowance(const wy_script *s, const stint *st) {
  uint64_t limit = st->budget ? st->budget : s->limits.cpu_ns;
  if (!st->raised) return limit;
  return limit ? least(limit, GRACE) : GRACE;
}

static verdict judge(wy_script *s, stint *st, bool can_suspend) {
  if (s->interrupted) {
    s->interrupted = 0;
    wy_limits_over(s, st, WY_FAULT_WATCHDOG);
  }
  if (must_stop(st)) return STOP;
  uint64_t now = now_ns();
  if (!s->slice_began) {
    begin_slice(s);
    return GO_ON;
  }
  s->looked = now;
  uint64_t elapsed = now - s->slice_began, max = allowance(s, st);
  uint64_t stuck = can_suspend || st->budget ? 0 : s->limits.slice_max_ns;
  bool slice = can_suspend && elapsed >= s->limits.slice_ns;
  /* what has passed is at least what was used: the dear clock is asked only where it matters */
  if (!slice && !(stuck && elapsed >= stuck) && !(max && st->cpu_ns + elapsed >= max)) return GO_ON;
  uint64_t used = cpu_ns() - s->slice_cpu;
  if (max && st->cpu_ns + used >= max) {
    wy_limits_over(s, st, WY_FAULT_CPU);
    return STOP;
  }
  if (stuck && used >= stuck) {
    wy_limits_over(s, st, WY_FAULT_STUCK);
    return STOP;
  }
  if (!slice) return GO_ON;
  if (s->limits.slice_ns) return SUSPEND;
  st->cpu_ns += used; /* as if it had been suspended */
  begin_slice(s);
  return GO_ON;
}

static bool is_own(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "S", ar);
  return strncmp(ar->source, "=[weiyue", 8) == 0;
}

static void on_count(lua_State *L, lua_Debug *ar);

static void set_stride(lua_State *L, int n) {
  if (lua_gethookcount(L) != n) lua_sethook(L, on_count, LUA_MASKCOUNT, n);
}

/* lua_sethook goes through the whole stack of calls, which may be deep: no more often than it must.
 */
static int next_stride(int stride, uint64_t took) {
  if (took < LOOK / 2) return stride < STRIDE ? STRIDE : STRIDE_MAX;
  if (took < 2 * LOOK) return stride;
  uint64_t n = (uint64_t)stride * LOOK / took;
  return n < 1 ? 1 : (int)n;
}

static void adapt(lua_State *L, wy_script *s, uint64_t began) {
  int stride = lua_gethookcount(L);
  bool rushed = stride == 1; /* how many there were is not known */
  if (rushed) stride = STRIDE / 4;
  if (began) set_stride(L, next_stride(stride, s->looked - began));
  else if (rushed) set_stride(L, STRIDE);
  s->looked = now_ns(); /* what this took does not count */
}

static void on_count(lua_State *L, lua_Debug *ar) {
  wy_script *s = wy_script_of(L);
  stint *st = current(s);
  if (!st) {
    set_stride(L, STRIDE_MAX);
    return;
  }
  bool can_suspend = !s->guard && wy_chain_can_wait(s, L);
  uint64_t before = s->slice_began ? s->looked : 0;
  verdict v = judge(s, st, can_suspend);
  if (v == GO_ON) {
    adapt(L, s, before);
    return;
  }
  if (!st->cut && s->postponed < POSTPONED_MAX && is_own(L, ar)) {
    s->postponed++;
    set_stride(L, STRIDE_OWN);
    return;
  }
  if (v == STOP) set_stride(L, st->cut ? 1 : STRIDE);
  else if (lua_gethookcount(L) < STRIDE_OWN) set_stride(L, STRIDE);
  if (v == STOP) wy_limits_raise(L);
  s->suspended = L;
  lua_yield(L, 0); /* returns: a hook suspends at its end */
}

void wy_limits_tick(lua_State *L) {
  wy_script *s = wy_script_of(L);
  stint *st = current(s);
  if (st && judge(s, st, false) == STOP) wy_limits_raise(L);
}

static bool looks(const wy_script *s) { return s->watched || s->guard; }

void wy_limits_rush(lua_State *L) {
  wy_script *s = wy_script_of(L);
  if (!looks(s) || lua_gethookcount(L) == 1) return;
  if (s->slice_began) { /* in vain, soon after it has looked; but not where a slice nears its end */
    uint64_t now = now_ns();
    if (now - s->looked < LOOK && now - s->slice_began < 4 * LOOK) return;
  }
  lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
}

void wy_limits_watch(lua_State *L) {
  if (looks(wy_script_of(L))) lua_sethook(L, on_count, LUA_MASKCOUNT, STRIDE);
}

void wy_limits_inherit(lua_State *L, lua_State *co) {
  if (looks(wy_script_of(L))) lua_sethook(co, on_count, LUA_MASKCOUNT, STRIDE);
  else if (lua_gethookmask(co)) lua_sethook(co, NULL, 0, 0);
}

void wy_script_interrupt(wy_script *s) {
  if (!s->running && !s->guard) return;
  s->interrupted = 1;
  for (frame *f = s->top; f; f = f->below) lua_sethook(f->co, on_count, LUA_MASKCOUNT, 1);
  lua_sethook(s->running ? s->running->co : s->L, on_count, LUA_MASKCOUNT, 1);
}

/* --- what runs in a stint --- */

void wy_limits_enter(wy_script *s) {
  s->slice_began = 0;
  s->interrupted = 0;
  s->refused[0] = '\0';
  s->deep = false;
}

void wy_limits_leave(wy_script *s, stint *st) {
  if (s->slice_began) st->cpu_ns += cpu_ns() - s->slice_cpu;
  s->slice_began = 0;
}

/* A task's: the coroutine may be one that was used before. */
void wy_limits_begin(wy_task *t) {
  wy_script *s = t->script;
  if (s->watched && !t->body.trusted) lua_sethook(t->co, on_count, LUA_MASKCOUNT, STRIDE);
  else if (lua_gethookmask(t->co)) lua_sethook(t->co, NULL, 0, 0);
  if (s->limits.wall_ms) wy_wall_set(t, s->limits.wall_ms);
}

void wy_limits_end(wy_task *t) {
  free(t->stint.text);
  t->stint = (stint){.text = NULL};
}

wy_fault wy_task_fault(const wy_script *s) {
  return s->running ? s->running->fault : WY_FAULT_NONE;
}

uint64_t wy_script_stopped(const wy_script *s, wy_fault fault) {
  return fault == WY_FAULT_NONE ? s->n_stopped : s->stopped[fault];
}

void wy_limits_push_refusal(lua_State *L) {
  const wy_script *s = wy_script_of(L);
  lua_pushfstring(L, s->deep ? "%sstack overflow" : "%snot enough memory", s->refused);
}

/* --- loading code --- */

/* As it was raised, for a text; else what it is. */
static int l_loading_message(lua_State *L) {
  if (lua_type(L, 1) == LUA_TSTRING || wy_limits_is_stop(L, 1)) return 1;
  lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  return 1;
}

int wy_limits_call(lua_State *L, int nargs, uint64_t budget) {
  wy_script *s = wy_script_of(L);
  stint st = {.budget = budget}, *outer = current(s), *guard = s->guard;
  int mask = lua_gethookmask(L), count = lua_gethookcount(L), at = lua_gettop(L) - nargs;
  if (outer) wy_limits_leave(s, outer);
  lua_pushcfunction(L, l_loading_message);
  lua_insert(L, at);
  s->guard = &st;
  wy_limits_enter(s);
  lua_sethook(L, on_count, LUA_MASKCOUNT, STRIDE);
  int status = lua_pcall(L, nargs, LUA_MULTRET, at);
  lua_sethook(L, mask ? on_count : NULL, mask, count);
  s->guard = guard;
  lua_remove(L, at);
  if (st.over && status != LUA_OK) {
    lua_settop(L, at - 1);
    wy_limits_push_text(L, &st);
    const char *text = lua_tostring(L, -1), *line = strchr(text, '\n');
    if (line) lua_pushlstring(L, text, (size_t)(line - text)); /* the stack is weiyue's own */
    if (line) lua_remove(L, -2);
  } else if (status == LUA_ERRMEM) {
    lua_settop(L, at - 1);
    wy_limits_push_refusal(L);
  }
  free(st.text);
  wy_limits_enter(s);
  return status;
}

typedef struct load {
  unsigned budget_ms;
  lua_CFunction fn;
  void *ud;
} load;

static int l_guarded(lua_State *L) {
  const load *l = lua_touserdata(L, 1);
  lua_pushcfunction(L, l->fn);
  lua_pushlightuserdata(L, l->ud);
  return wy_limits_call(L, 1, l->budget_ms * MS) == LUA_OK ? 0 : lua_error(L);
}

int wy_script_guard(wy_script *s, unsigned budget_ms, lua_CFunction fn, void *ud) {
  load l = {budget_ms, fn, ud};
  lua_pushcfunction(s->L, l_guarded);
  lua_pushlightuserdata(s->L, &l);
  return lua_pcall(s->L, 1, 0, 0);
}

/* --- the state's --- */

void wy_script_set_limits(wy_script *s, const wy_limits *limits) {
  s->limits = *limits;
  s->room = 0;
  s->watched = limits->slice_ns || limits->slice_max_ns || limits->cpu_ns;
}

static int l_stop_tostring(lua_State *L) {
  const stint *st = current(wy_script_of(L));
  if (st && st->over) wy_limits_push_text(L, st);
  else lua_pushliteral(L, "stopped");
  return 1;
}

void wy_limits_install(lua_State *L) {
  wy_script *s = wy_script_of(L);
  s->stop = lua_newuserdatauv(L, 1, 0);
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, l_stop_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "weiyue.stop");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "weiyue.stop");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, s);
}
