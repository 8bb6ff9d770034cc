/* weiyue check: loads a configuration and its plugins as serve would, and says what is wrong. */
#include <lauxlib.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/lua.h"
#include "cli/options.h"
#include "cli/problems.h"
#include "weiyue.h"

static int print_keys(const char *lang, const char *lua_path) {
  static const char chunk[] = "return require('weiyue.config.doc').markdown(...)";
  wy_cli_lua l;
  if (wy_cli_lua_open(&l, lua_path, false)) return WY_EXIT_FAILED;
  lua_State *L = wy_script_lua(l.script);
  int status = WY_EXIT_DONE;
  bool ok = luaL_loadbuffer(L, chunk, sizeof chunk - 1, "=check") == LUA_OK;
  lua_pushstring(L, *lang ? lang : wy_tr("zh", "en"));
  if (ok && lua_pcall(L, 1, 1, 0) == LUA_OK) fputs(lua_tostring(L, -1), stdout);
  else status = wy_cli_error(WY_EXIT_FAILED, "%s", lua_tostring(L, -1));
  wy_cli_lua_close(&l);
  return status;
}

static void add_accounts(cJSON *root, const wy_host *host) {
  cJSON *list = cJSON_AddArrayToObject(root, "accounts");
  const char *id;
  for (size_t i = 0; host && (id = wy_host_account_id(host, i)) != NULL; i++) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "id", id);
    cJSON_AddStringToObject(item, "path", wy_host_account_path(host, i));
    cJSON_AddStringToObject(item, "mode", wy_host_account_mode(host, i));
    cJSON_AddItemToArray(list, item);
  }
}

static int report_json(const wy_host *host, wy_cli_problems *problems, bool ok) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddBoolToObject(root, "ok", ok);
  add_accounts(root, host);
  cJSON_AddItemToObject(root, "problems", problems->list);
  char *text = cJSON_PrintUnformatted(root);
  cJSON_Delete(root);
  if (!text) return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("内存不足", "out of memory"));
  puts(text);
  cJSON_free(text);
  return ok ? WY_EXIT_DONE : WY_EXIT_FAILED;
}

static int report(const wy_host *host, const wy_cli_problems *problems, bool ok) {
  if (!ok)
    return wy_cli_error(WY_EXIT_FAILED,
                        wy_tr("错误 %zu 个，提示 %zu 个", "errors: %zu, notes: %zu"),
                        problems->errors, problems->notes);
  size_t accounts = 0;
  while (wy_host_account_id(host, accounts)) accounts++;
  printf(wy_tr("没有问题：账号 %zu 个", "ok: accounts: %zu"), accounts);
  for (size_t i = 0; i < accounts; i++)
    printf("%s%s %s %s%s", i ? wy_tr("，", ", ") : wy_tr("（", " ("), wy_host_account_id(host, i),
           wy_host_account_path(host, i), wy_host_account_mode(host, i),
           i + 1 < accounts ? "" : wy_tr("）", ")"));
  printf(wy_tr("，插件 %d 个", ", plugins: %d"), wy_host_plugin_count(host));
  if (problems->notes) printf(wy_tr("，提示 %zu 个", ", notes: %zu"), problems->notes);
  putchar('\n');
  return WY_EXIT_DONE;
}

int wy_cli_check(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "check [CONFIG] [--json] [--keys [zh|en]] [--lua-path DIR]",
      "装载 CONFIG（默认 weiyue.lua）和它的插件，但不运行；\n"
      "每个问题一行：文件:行号: 说明。有错误时退出码为 1。",
      "Loads CONFIG (weiyue.lua by default) and its plugins without running them;\n"
      "one line for each problem: file:line: text. Exit status 1 when there is an error.",
      1};
  const char *config, *keys = NULL, *lua_path = NULL;
  bool json = false;
  const wy_cli_option options[] = {
      {"json", NULL, "输出一个 JSON 对象", "print one JSON object", NULL, &json},
      {"keys", "[zh|en]", "只输出全部配置项的表（Markdown）",
       "only print the table of all configuration keys (Markdown)", &keys, NULL},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, &config);
  if (status != WY_CLI_GO_ON) return status;
  if (keys) return print_keys(keys, lua_path);

  wy_host *host = NULL;
  wy_cli_problems problems = {.list = json ? cJSON_CreateArray() : NULL};
  wy_host_options settings = {.problem = wy_cli_problem, .data = &problems, .lua_path = lua_path};
  int err = wy_host_new(&host, &settings);
  if (!err) err = wy_host_load(host, config ? config : "weiyue.lua");
  if (err && problems.errors == 0) /* no memory, say: nothing else has told why */
    wy_cli_problem(&problems, WY_LEVEL_ERROR, wy_cli_strerror_zh(err), wy_strerror(err));
  bool ok = !err && problems.errors == 0;
  status = json ? report_json(host, &problems, ok) : report(host, &problems, ok);
  wy_host_free(host);
  return status;
}
