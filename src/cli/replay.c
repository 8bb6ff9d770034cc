/* weiyue replay: the pushes of a journal through the plugins of today; whose answers have changed.
 * lua/weiyue/replay does it, over a rig. */
#include <lauxlib.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/lua.h"
#include "cli/options.h"
#include "host/rig.h"

enum { CPU_MS = 3600000 };

typedef struct replay {
  const char *function, *journal, *config, *third;
  int status;
} replay;

static int l_replay(lua_State *L) {
  replay *r = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "weiyue.replay");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, r->function);
  lua_pushstring(L, r->journal);
  lua_pushstring(L, r->config);
  lua_pushstring(L, r->third);
  lua_pushstring(L, wy_tr("zh", "en"));
  lua_call(L, 4, 2);
  const char *text = lua_tostring(L, -1);
  if (lua_isnil(L, -2)) {
    r->status = wy_cli_error(WY_EXIT_FAILED, "%s", text ? text : "?");
    return 0;
  }
  fputs(text ? text : "", stdout);
  r->status = lua_tointeger(L, -2) ? WY_EXIT_FAILED : WY_EXIT_DONE;
  return 0;
}

int wy_cli_replay(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "replay FILE [CONFIG] [--json] [--spec N] [--lua-path DIR]",
      "把 weiyue serve --record 记下的推送交给 CONFIG（默认 weiyue.lua）现在的插件，\n"
      "列出哪些答复变了：以前的、现在的、在哪一行。有变化，或者什么都没能比较时，退出码为 1。\n"
      "不联网：接口按记录回答，记录里没有的由沙箱回答；存储在内存里。",
      "Gives the pushes that weiyue serve --record has kept to the plugins of CONFIG\n"
      "(weiyue.lua by default) as they are now, and lists the answers that have changed: old, "
      "new,\n"
      "and where. Exit status 1 when there are any, or nothing could be compared. Nothing leaves\n"
      "this machine: calls are answered as recorded, else by the sandbox; the store is memory.",
      2};
  const char *words[2], *spec = NULL, *lua_path = NULL;
  bool json = false;
  const wy_cli_option options[] = {
      {"json", NULL, "输出一个 JSON 对象", "print one JSON object", NULL, &json},
      {"spec", "N", "把第 N 个推送写成一个测试，输出到标准输出", "write push N as a spec to stdout",
       &spec, NULL},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, words);
  if (status != WY_CLI_GO_ON) return status;
  if (!words[0])
    return wy_cli_error(
        WY_EXIT_USAGE, "%s",
        wy_tr("缺记录文件：weiyue replay FILE", "which journal? weiyue replay FILE"));
  wy_cli_lua l;
  replay r = {.function = spec ? "spec" : "main",
              .journal = words[0],
              .config = words[1] ? words[1] : "weiyue.lua",
              .third = spec   ? spec
                       : json ? "json"
                              : "text",
              .status = WY_EXIT_FAILED};
  if (wy_cli_lua_open(&l, lua_path, false)) return WY_EXIT_FAILED;
  wy_rig_preload(wy_script_lua(l.script));
  if (wy_script_guard(l.script, CPU_MS, l_replay, &r) != LUA_OK)
    wy_cli_error(0, "%s", lua_tostring(wy_script_lua(l.script), -1));
  fflush(stdout);
  wy_cli_lua_close(&l);
  return r.status;
}
