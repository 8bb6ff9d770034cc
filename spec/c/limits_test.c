/* limits: a script without a host: its memory, what interrupts it, loading code, slices. */
#include <lauxlib.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "script/task.h"

typedef struct fixture {
  wy_clock clock;
  wy_log log;
  wy_script *script;
  unsigned told; /* that tasks are suspended */
} fixture;

static void on_more(void *data) { ((fixture *)data)->told++; }

static void open_script(fixture *f, wy_limits limits) {
  *f = (fixture){.told = 0};
  wy_clock_init_virtual(&f->clock, 0);
  const wy_script_options options = {
      .clock = &f->clock, .log = &f->log, .more = on_more, .data = f};
  assert_int_equal(wy_script_new(&f->script, &options), 0);
  wy_script_set_limits(f->script, &limits);
}

static void close_script(fixture *f) {
  wy_script_free(f->script);
  wy_clock_deinit(&f->clock);
}

/* --- a task that runs a text --- */

typedef struct job {
  const char *code;
  bool done, ok, lost;
  wy_fault fault;
  char text[200];
} job;

static int begin(lua_State *L, void *data) {
  const job *j = data;
  if (luaL_loadbufferx(L, j->code, strlen(j->code), "=job", "t")) return lua_error(L);
  return 0;
}

static void end(lua_State *L, bool ok, void *data) {
  job *j = data;
  const char *text = lua_tostring(L, -1);
  j->done = true;
  j->ok = ok;
  j->fault = wy_task_fault(wy_script_of(L));
  snprintf(j->text, sizeof j->text, "%s", text ? text : "");
}

static void lost(void *data) { ((job *)data)->lost = true; }

static const wy_task_body body = {.begin = begin, .end = end, .lost = lost};

static void run(fixture *f, job *j) {
  assert_int_equal(wy_task_start(f->script, &body, j), 0);
  while (wy_script_slice(f->script)) continue;
}

/* --- memory --- */

static void want_of_memory_ends_the_task_alone(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.memory = 4 << 20});
  size_t before = wy_script_memory(f.script);
  assert_true(before > 0 && before < 4 << 20);
  for (int i = 0; i < 3; i++) {
    job j = {.code = "local t = {} for i = 1, 1e9 do t[i] = {} end"};
    run(&f, &j);
    assert_true(j.done && !j.ok);
    assert_int_equal(j.fault, WY_FAULT_MEMORY);
    assert_string_equal(j.text, "job:1: not enough memory");
    assert_true(wy_script_memory(f.script) <= 4 << 20);
  }
  job j = {.code = "return ('x'):rep(1e5)"};
  run(&f, &j);
  assert_true(j.done && j.ok);
  assert_int_equal(wy_script_stopped(f.script, WY_FAULT_MEMORY), 3);
  close_script(&f);
}

static void a_cap_may_be_raised_and_lifted(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.memory = 4 << 20});
  job j = {.code = "return #('x'):rep(8e6)"};
  run(&f, &j);
  assert_int_equal(j.fault, WY_FAULT_MEMORY);
  wy_script_set_limits(f.script, &(wy_limits){.memory = 64 << 20});
  job more = j;
  run(&f, &more);
  assert_true(more.ok);
  wy_script_set_limits(f.script, &(wy_limits){.memory = 0});
  job most = {.code = "return #('x'):rep(1e8)"};
  run(&f, &most);
  assert_true(most.ok);
  close_script(&f);
}

/* --- the watchdog --- */

/* ThreadSanitizer keeps a signal until the program calls the C library: a loop with no hook never
 * does. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SIGNALS_WAIT true
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define SIGNALS_WAIT true
#endif
#ifndef SIGNALS_WAIT
#define SIGNALS_WAIT false
#endif

static wy_script *volatile watched;

static void on_alarm(int signum) {
  (void)signum;
  wy_script_interrupt(watched);
}

static void alarm_every(long us) {
  const struct timeval every = {.tv_usec = us};
  const struct itimerval t = {every, every}; /* between two slices nothing runs: again, then */
  signal(SIGALRM, on_alarm);
  setitimer(ITIMER_REAL, &t, NULL);
}

static void an_interrupt_stops_what_runs(void **state) {
  (void)state;
  static const char *const codes[] = {
      "while true do end",
      "while true do pcall(function() while true do end end) end",
      "xpcall(function() while true do end end, function() while true do end end)",
      "('x'):gsub('x', function() while true do end end)",
      "coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()",
      "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
      "return ('a'):rep(200000):find('.-b')",
      "table.sort({ 3, 2, 1 }, function() while true do end end)",
  };
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    for (int limited = SIGNALS_WAIT; limited < 2; limited++) {
      fixture f;
      open_script(&f, limited ? (wy_limits){.slice_ns = 2000000,
                                            .slice_max_ns = UINT64_C(60000000000),
                                            .cpu_ns = UINT64_C(60000000000)}
                              : (wy_limits){.slice_ns = 0});
      if (!limited && (strstr(codes[i], "find") || strstr(codes[i], "xpcall"))) {
        /* Lua's own xpcall, and nobody looks from a pattern */
        close_script(&f);
        continue;
      }
      job j = {.code = codes[i]};
      watched = f.script;
      alarm_every(5000);
      run(&f, &j);
      alarm_every(0);
      assert_true(j.done && !j.ok);
      assert_int_equal(j.fault, WY_FAULT_WATCHDOG);
      assert_non_null(strstr(j.text, "job:1: stopped by the watchdog"));
      close_script(&f);
    }
  }
}

static void an_interrupt_of_nothing_is_none(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.cpu_ns = UINT64_C(10000000000)});
  wy_script_interrupt(f.script);
  job j = {.code = "local x = 0 for i = 1, 1e5 do x = x + i end return 'fine'"};
  run(&f, &j);
  assert_true(j.ok);
  close_script(&f);
}

/* --- loading code --- */

static int l_load(lua_State *L) {
  const char *code = lua_touserdata(L, 1);
  if (luaL_loadbufferx(L, code, strlen(code), "=init", "t")) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

static int guard(fixture *f, const char *code) {
  return wy_script_guard(f->script, 50, l_load, (void *)(uintptr_t)code);
}

static void loading_code_is_stopped(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.slice_ns = 0});
  lua_State *L = wy_script_lua(f.script);
  assert_int_equal(guard(&f, "loaded = true"), LUA_OK);
  assert_int_equal(lua_gettop(L), 0);
  assert_int_not_equal(guard(&f, "local a = 1\nwhile true do a = a + 1 end"), LUA_OK);
  assert_non_null(strstr(lua_tostring(L, -1), "init:2: stopped: it took more than 0.05 s"));
  lua_settop(L, 0);
  assert_int_not_equal(guard(&f, "while true do pcall(function() while true do end end) end"),
                       LUA_OK);
  assert_non_null(strstr(lua_tostring(L, -1), "init:1: stopped"));
  lua_settop(L, 0);
  assert_int_not_equal(guard(&f, "coroutine.wrap(function() while true do end end)()"), LUA_OK);
  assert_non_null(strstr(lua_tostring(L, -1), "init:1: stopped"));
  lua_settop(L, 0);
  assert_int_not_equal(guard(&f, "error 'oops'"), LUA_OK);
  assert_string_equal(lua_tostring(L, -1), "init:1: oops");
  lua_settop(L, 0);
  assert_int_equal(lua_gethookmask(L), 0); /* nothing is looked at any more */
  close_script(&f);
}

static void an_interrupt_stops_loading_code(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.slice_ns = 0});
  lua_State *L = wy_script_lua(f.script);
  watched = f.script;
  alarm_every(10000);
  assert_int_not_equal(
      wy_script_guard(f.script, 20000, l_load, (void *)(uintptr_t) "while true do end"), LUA_OK);
  alarm_every(0);
  assert_non_null(strstr(lua_tostring(L, -1), "init:1: stopped by the watchdog"));
  close_script(&f);
}

/* --- slices --- */

static void the_owner_is_told_and_runs_one_slice_at_a_time(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.slice_ns = 1000000});
  job a = {.code = "local x = 0 for i = 1, 3e6 do x = x + i end return 'a'"}, b = a;
  assert_int_equal(wy_task_start(f.script, &body, &a), 0);
  assert_int_equal(wy_task_start(f.script, &body, &b), 0);
  assert_int_equal(f.told, 2);
  assert_false(wy_script_busy(f.script)); /* what comes now runs at once */
  job quick = {.code = "return 'quick'"};
  assert_int_equal(wy_task_start(f.script, &body, &quick), 0);
  assert_true(quick.done && !a.done && !b.done);
  unsigned slices = 0;
  while (wy_script_slice(f.script)) slices++;
  assert_true(slices > 3);
  assert_true(a.ok && b.ok);
  assert_int_equal(wy_tasks_count(f.script), 0);
  close_script(&f);
}

static void a_suspended_task_goes_with_its_state(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.slice_ns = 1000000});
  job a = {.code = "while true do end"},
      b = {.code = "coroutine.wrap(function() while true do end end)()"};
  assert_int_equal(wy_task_start(f.script, &body, &a), 0);
  assert_int_equal(wy_task_start(f.script, &body, &b), 0);
  close_script(&f);
  assert_true(a.lost && b.lost);
}

/* --- no memory for a task --- */

/* What is left is too little for a coroutine, and enough to ask for one. */
#define FILL                                                   \
  "local task = require 'weiyue.task' "                        \
  "local function more() held = { held, ('x'):rep(300) } end " \
  "ran = 0 "                                                   \
  "local function f() ran = ran + 1 task.sleep(10) end "

static lua_Integer global(fixture *f, const char *name) {
  lua_State *L = wy_script_lua(f->script);
  lua_getglobal(L, name);
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

static void pass(fixture *f, uint64_t ms) {
  wy_clock_step(&f->clock, wy_clock_now_ms(&f->clock) + ms);
  wy_clock_run(&f->clock);
  while (wy_script_slice(f->script)) continue;
}

static void who_spawns_hears_that_there_is_no_memory(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.memory = 4 << 20});
  job j = {.code = FILL
           "while pcall(more) do end local scope = task.scope 'spec' started = 0 "
           "for i = 1, 100 do if pcall(task.spawn, f) then started = started + 1 end end "
           "for i = 1, 100 do if pcall(scope.start, scope, 'spec', f) then "
           "started = started + 1 end end held = nil "};
  run(&f, &j);
  assert_true(j.done && j.ok);
  assert_true(global(&f, "started") < 200);
  pass(&f, 11000);
  assert_int_equal(global(&f, "ran"), global(&f, "started"));
  close_script(&f);
}

static void a_timer_waits_until_there_is_memory(void **state) {
  (void)state;
  fixture f;
  open_script(&f, (wy_limits){.memory = 4 << 20});
  job j = {.code = FILL
           "for i = 1, 100 do task.after(0.1, f) end timer = task.after(0.15, f) "
           "while pcall(more) do end held = held[1][1]"};
  run(&f, &j);
  assert_true(j.done && j.ok);
  pass(&f, 200);
  assert_true(global(&f, "ran") < 100);
  wy_script_set_limits(f.script, &(wy_limits){.memory = 64 << 20});
  job cancel = {.code = "cancelled = timer:cancel() and 1 or 0"};
  run(&f, &cancel);
  assert_string_equal(cancel.text, "");
  assert_true(cancel.ok);
  assert_int_equal(global(&f, "cancelled"), 1);
  pass(&f, 1100);
  assert_int_equal(global(&f, "ran"), 100);
  pass(&f, 11000);
  close_script(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_spawns_hears_that_there_is_no_memory),
      cmocka_unit_test(a_timer_waits_until_there_is_memory),
      cmocka_unit_test(want_of_memory_ends_the_task_alone),
      cmocka_unit_test(a_cap_may_be_raised_and_lifted),
      cmocka_unit_test(an_interrupt_stops_what_runs),
      cmocka_unit_test(an_interrupt_of_nothing_is_none),
      cmocka_unit_test(loading_code_is_stopped),
      cmocka_unit_test(an_interrupt_stops_loading_code),
      cmocka_unit_test(the_owner_is_told_and_runs_one_slice_at_a_time),
      cmocka_unit_test(a_suspended_task_goes_with_its_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
