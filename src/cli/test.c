/* weiyue test: busted inside a host's Lua state, as one task on a virtual clock: `it` bodies may
 * wait, and a wait of a minute takes no time. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/lua.h"
#include "cli/options.h"
#include "host/rig.h"
#include "host/store.h"
#include "net/client.h"
#include "script/modules.h"
#include "script/task.h"

enum { DRAINS = 10 /* of tasks that start tasks: who waits has his turn after these */ };

/* What is waited for here besides time: the store that `require "weiyue.kv"` has, in memory, made
 * when it is asked for; HTTP calls. */
typedef struct store {
  uv_loop_t loop;
  wy_client *http;
  wy_clock *clock;
  const wy_log *log;
  wy_kv *kv;
  wy_kv_client *client;
  wy_kv_door door;
} store;

typedef struct run {
  int argc;
  char **argv;
  bool done;
  int status;
} run;

static wy_kv_client *open_store(void *data) {
  store *s = data;
  char why[WY_KV_WHY];
  if (s->client) return s->client;
  const wy_kv_options options = {.url = "memory", .log = s->log};
  if (wy_kv_open(&s->kv, &options, why) == 0 &&
      wy_kv_client_new(&s->client, s->kv, &s->loop, s->clock) == 0)
    return s->client;
  wy_kv_close(s->kv);
  s->kv = NULL;
  return NULL;
}

static void close_store(store *s) {
  if (s->client) wy_kv_client_close(s->client);
  wy_client_close(s->http);
  uv_run(&s->loop, UV_RUN_DEFAULT);
  if (s->client) {
    wy_kv_client_free(s->client);
    wy_kv_close(s->kv);
  }
  wy_client_free(s->http);
  uv_loop_close(&s->loop);
}

/* 0 or -1: no memory. */
static int open_http(store *s, lua_State *L) {
  if (wy_client_new(&s->http, &s->loop, NULL)) return -1;
  lua_pushlightuserdata(L, s->http);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_CLIENT);
  return 0;
}

static int begin(lua_State *L, void *data) {
  static const char chunk[] = "return require('weiyue.busted').run(...)";
  run *r = data;
  if (luaL_loadbuffer(L, chunk, sizeof chunk - 1, "=test") != LUA_OK) return lua_error(L);
  luaL_checkstack(L, r->argc, "too many arguments");
  for (int i = 0; i < r->argc; i++) lua_pushstring(L, r->argv[i]);
  return r->argc;
}

static void end(lua_State *L, bool ok, void *data) {
  run *r = data;
  r->done = true;
  if (ok) r->status = (int)lua_tointeger(L, 2);
  else r->status = wy_cli_error(WY_EXIT_FAILED, "%s", lua_tostring(L, -1));
}

static void lost(void *data) {
  run *r = data;
  r->done = true;
  r->status = WY_EXIT_FAILED;
}

static const wy_task_body body = {.begin = begin, .end = end, .lost = lost};

/* Until the task is done: what is ready runs, then the time steps to the next timer. */
static void drive(wy_cli_lua *l, run *r, store *s) {
  while (!r->done) {
    uint64_t due;
    const char *what;
    for (int left = DRAINS; left && wy_script_busy(l->script); left--) wy_tasks_drain(l->script);
    while (wy_script_slice(l->script)) continue;
    if (r->done) return;
    if (wy_clock_waits(&l->clock)) {
      if (wy_store_wait(&s->loop, &l->clock, &what)) continue;
      r->done = true;
      r->status = wy_cli_error(WY_EXIT_FAILED,
                               wy_tr("等了 5 秒没有回答：%s", "no answer after 5 s: %s"), what);
      return;
    }
    if (!wy_clock_next(&l->clock, &due)) {
      r->done = true;
      r->status = wy_cli_error(WY_EXIT_FAILED, "%s",
                               wy_tr("所有任务都在等，却没有什么会发生",
                                     "every task waits for nothing: nothing is due"));
      return;
    }
    wy_clock_step(&l->clock, due);
    wy_clock_run(&l->clock);
  }
}

static int run_specs(int argc, char **argv, const char *lua_path) {
  wy_cli_lua l;
  run r = {.argc = argc, .argv = argv, .status = WY_EXIT_FAILED};
  store s = {.clock = &l.clock, .log = &l.log, .door = {open_store, &s}};
  if (uv_loop_init(&s.loop)) return WY_EXIT_FAILED;
  if (wy_cli_lua_open(&l, lua_path, true)) {
    uv_loop_close(&s.loop);
    return WY_EXIT_FAILED;
  }
  wy_rig_preload(wy_script_lua(l.script));
  if (open_http(&s, wy_script_lua(l.script)) || wy_give_kv(wy_script_lua(l.script), &s.door) ||
      wy_task_start(l.script, &body, &r))
    wy_cli_error(0, "%s", wy_tr("内存不足", "out of memory"));
  else drive(&l, &r, &s);
  fflush(stdout);
  int status = r.status; /* closing the state may call lost */
  wy_script_end(l.script);
  close_store(&s);
  wy_cli_lua_close(&l);
  return status;
}

/* Everything is busted's but --help and --lua-path, up to "--". */
int wy_cli_test(int argc, char **argv) {
  const wy_cli_usage usage = {
      wy_tr("test [--lua-path DIR] [busted 的参数]", "test [--lua-path DIR] [busted arguments]"),
      "在宿主里跑 busted 测试（默认 spec 文件夹）：it 里可以等待，时钟是虚拟的。\n"
      "其余参数交给 busted；weiyue test -- --help 列出它们。",
      "Runs busted specs (the folder spec by default) inside the host: `it` bodies may wait,\n"
      "the clock is virtual. Other arguments are busted's; weiyue test -- --help lists them.",
      0};
  const char *lua_path = NULL;
  const wy_cli_option options[] = {
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  char **rest = calloc((size_t)argc, sizeof *rest);
  if (!rest) return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("内存不足", "out of memory"));
  int n = 0, status = WY_CLI_GO_ON;
  bool ours = true;
  for (int i = 1; i < argc && status == WY_CLI_GO_ON; i++) {
    if (ours && strcmp(argv[i], "--") == 0) {
      ours = false;
    } else if (ours && strcmp(argv[i], "--lua-path") == 0 && i + 1 == argc) {
      status = wy_cli_error(WY_EXIT_USAGE, wy_tr("%s 后面要有 DIR", "%s needs DIR"), argv[i]);
    } else if (ours && strcmp(argv[i], "--lua-path") == 0) {
      lua_path = argv[++i];
    } else if (ours && strncmp(argv[i], "--lua-path=", 11) == 0) {
      lua_path = argv[i] + 11;
    } else if (ours && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
      wy_cli_help(&usage, options);
      status = WY_EXIT_DONE;
    } else {
      rest[n++] = argv[i];
    }
  }
  if (status == WY_CLI_GO_ON && argc == 1 && access("spec", F_OK) && access(".busted", F_OK))
    status = wy_cli_error(WY_EXIT_FAILED, "%s",
                          wy_tr("这里没有 spec 文件夹：在项目的文件夹里运行，或写出测试文件",
                                "there is no folder spec here: run this in the project's folder, "
                                "or name the spec files"));
  if (status == WY_CLI_GO_ON) status = run_specs(n, rest, lua_path);
  free(rest);
  return status;
}
