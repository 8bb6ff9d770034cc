/* weiyue reload, promote, rollback: asks the host that runs with a state folder. */
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "codec/json.h"
#include "host/control.h"
#include "net/local.h"

typedef struct verb {
  const char *name;
  wy_cli_usage usage;
  const char *zh, *en; /* what has failed, with `problems` before it */
} verb;

/* What the reload has not taken over. */
static void print_waiting(const cJSON *root) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "restart_needed"), *one;
  if (!cJSON_GetArraySize(list)) return;
  fputs(
      wy_tr("还没有生效，要升级或重新启动：", "not taken over before an upgrade or a new start: "),
      stdout);
  cJSON_ArrayForEach(one, list) printf("%s%s", one == list->child ? "" : wy_tr("、", ", "),
                                       cJSON_IsString(one) ? one->valuestring : "?");
  putchar('\n');
}

static int report(const verb *v, const wy_buf *answer, bool json) {
  cJSON *root = NULL;
  if (wy_json_parse(wy_buf_view(answer), NULL, &root, NULL) || !cJSON_IsObject(root)) {
    cJSON_Delete(root);
    return wy_cli_error(WY_EXIT_FAILED, wy_tr("看不懂宿主的回答：%s", "no answer of a host: %s"),
                        answer->p);
  }
  bool ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "ok"));
  if (json) {
    puts(answer->p);
  } else {
    const char *generation = wy_cli_json_text(root, "generation"),
               *ms = wy_cli_json_text(root, "ms");
    wy_cli_print_problems(root);
    if (!ok) wy_cli_error(0, "%s", wy_tr(v->zh, v->en));
    else if (wy_cli_json_text(root, "canary"))
      printf(
          wy_tr(
              "第 %s 代试行，第 %s 代照常服务；weiyue promote 让它接班\n",
              "generation %s is on trial, %s serves on; weiyue promote makes it serve everybody\n"),
          wy_cli_json_text(root, "canary"), generation ? generation : "?");
    else if (generation && ms)
      printf(wy_tr("第 %s 代，%s 毫秒\n", "generation %s, %s ms\n"), generation, ms);
    else if (generation) printf(wy_tr("第 %s 代\n", "generation %s\n"), generation);
    if (ok) print_waiting(root);
  }
  cJSON_Delete(root);
  return ok ? WY_EXIT_DONE : WY_EXIT_FAILED;
}

static int run(const verb *v, int argc, char **argv) {
  const char *config, *state = NULL, *lua_path = NULL;
  bool json = false, sure = true;
  const wy_cli_option options[] = {
      {"state", "DIR", "宿主的状态文件夹，不从 CONFIG 里找",
       "the host's state folder, instead of CONFIG's", &state, NULL},
      {"json", NULL, "原样输出宿主回答的 JSON 对象", "print the host's answer, one JSON object",
       NULL, &json},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  int status = wy_cli_options(&v->usage, options, argc, argv, &config), fd = -1;
  if (status != WY_CLI_GO_ON) return status;
  char found[WY_CLI_PATH];
  if (!state) {
    status = wy_cli_find_state(config ? config : "weiyue.lua", lua_path, found, &sure);
    if (status != WY_EXIT_DONE) return status;
    state = found;
  }
  int err = wy_local_connect(state, WY_CONTROL_NAME, &fd);
  char sandbox[WY_CLI_PATH];
  if (wy_cli_none_runs(err) && wy_cli_find_sandbox(NULL, state, NULL, sandbox) == 0 &&
      wy_local_connect(sandbox, WY_CONTROL_NAME, &fd) == 0) {
    err = 0;
    if (!json) printf("%s", wy_tr("沙箱：", "sandbox: "));
    fflush(stdout);
  }
  if (err) return wy_cli_not_reached(state, err, sure);
  char line[64];
  snprintf(line, sizeof line, "{\"do\":\"%s\"}\n", v->name);
  wy_buf answer;
  wy_buf_init(&answer, WY_CLI_ANSWER);
  status = wy_cli_converse(fd, wy_str_of(line), json, &answer);
  close(fd);
  if (status == WY_EXIT_DONE) status = report(v, &answer, json);
  wy_buf_deinit(&answer);
  return status;
}

#define SYNOPSIS " [CONFIG] [--state DIR] [--json] [--lua-path DIR]"

int wy_cli_reload(int argc, char **argv) {
  static const verb v = {
      "reload",
      {"reload" SYNOPSIS,
       "让正在运行的宿主重新加载 CONFIG（默认 weiyue.lua）和插件，等到新的一代接班。\n"
       "有任何错误，旧的一代继续服务；每个问题一行：文件:行号: 说明，退出码为 1。",
       "Has the running host load CONFIG (weiyue.lua by default) and its plugins anew, and waits\n"
       "until the new generation serves. With any error the old one serves on: one line for each\n"
       "problem, file:line: text, and exit status 1.",
       1},
      "没有重新加载：旧的一代继续服务",
      "not reloaded: the old generation serves on"};
  return run(&v, argc, argv);
}

int wy_cli_promote(int argc, char **argv) {
  static const verb v = {
      "promote",
      {"promote" SYNOPSIS,
       "让正在试行（reload.canary）的一代为所有人服务。CONFIG 默认 weiyue.lua。",
       "Has the generation that is on trial (reload.canary) serve everybody. CONFIG is weiyue.lua\n"
       "by default.",
       1},
      "没有转正：一切照旧",
      "not promoted: all is as before"};
  return run(&v, argc, argv);
}

int wy_cli_rollback(int argc, char **argv) {
  static const verb v = {
      "rollback",
      {"rollback" SYNOPSIS,
       "让正在运行的宿主回到上一代的插件和配置，并停在那里，直到下一次 weiyue reload。\n"
       "CONFIG 默认 weiyue.lua。",
       "Takes the running host back to the plugins and configuration of the generation before,\n"
       "where it stays until the next weiyue reload. CONFIG is weiyue.lua by default.",
       1},
      "没有回退：一切照旧",
      "not rolled back: all is as before"};
  return run(&v, argc, argv);
}
