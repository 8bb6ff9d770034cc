/* weiyue api call: one call of WeChat's API, as account.api makes it: its fields checked, the token
 * kept by the host, its answer as JSON. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/once.h"
#include "cli/options.h"
#include "codec/json.h"
#include "host/control.h"

/* The fields: the argument itself, or stdin. 0, or the exit status. */
static int read_fields(const char *given, cJSON **out) {
  char text[WY_CONTROL_LINE];
  wy_str fields = wy_str_of(given);
  if (strcmp(given, "-") == 0) {
    fields = (wy_str){text, fread(text, 1, sizeof text, stdin)};
    if (fields.n == sizeof text)
      return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("标准输入太长", "stdin is too long"));
  }
  if (wy_json_parse(fields, NULL, out, NULL) == 0 && cJSON_IsObject(*out)) return 0;
  cJSON_Delete(*out);
  *out = NULL;
  return wy_cli_error(
      WY_EXIT_USAGE, "%s",
      wy_tr("参数应是一个 JSON 对象，例如 '{\"openid\":\"o…\"}'；- 是标准输入",
            "the fields are one JSON object, such as '{\"openid\":\"o…\"}'; - is stdin"));
}

/* argv[0] is "call". */
int wy_cli_api_call(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "api call FAMILY.NAME [JSON|-] [--account ID] [--to FILE] [--config FILE] [--state DIR] "
      "[--sandbox]",
      "调一次微信接口，输出返回的 JSON；参数是一个 JSON 对象，- 从标准输入读。\n"
      "宿主在运行就经由它，否则直接调。weiyue api show FAMILY.NAME "
      "列出参数；要上传的文件由宿主读，相对路径从当前文件夹算起。",
      "Makes one call of WeChat's API and prints the JSON that comes back; the fields are a JSON\n"
      "object, - is stdin. By the running host, or directly where none runs. weiyue api show\n"
      "FAMILY.NAME lists the fields; files to send are read by the host, their paths begin here.",
      2};
  wy_cli_where where = {0};
  const char *words[2] = {NULL, NULL}, *account = NULL, *to = NULL;
  bool ok = false;
  const wy_cli_option options[] = {
      {"account", "ID", "哪个账号（只有一个时可省）",
       "which account (may be left out where there is one)", &account, NULL},
      {"to", "FILE", "返回的是文件时，写到 FILE", "where the answer is a file: to FILE", &to, NULL},
      {"config", "FILE", "配置（默认 weiyue.lua）", "the configuration (default weiyue.lua)",
       &where.config, NULL},
      {"state", "DIR", "宿主的状态文件夹，不从配置里找",
       "the host's state folder, instead of the configuration's", &where.state, NULL},
      {"sandbox", NULL, "正在运行的 weiyue sandbox，不是真的微信",
       "the weiyue sandbox that runs, not the real WeChat", NULL, &where.sandbox},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &where.lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, words);
  if (status != WY_CLI_GO_ON) return status;
  if (!words[0])
    return wy_cli_error(WY_EXIT_USAGE, "%s",
                        wy_tr("要写接口名，例如 weiyue api call user.info '{\"openid\":\"o…\"}'",
                              "which one? weiyue api call user.info '{\"openid\":\"o…\"}'"));
  cJSON *fields = NULL;
  status = words[1] ? read_fields(words[1], &fields) : 0;
  if (status) return status;
  cJSON *request = cJSON_CreateObject();
  cJSON_AddStringToObject(request, "do", "api");
  cJSON_AddStringToObject(request, "name", words[0]);
  if (account) cJSON_AddStringToObject(request, "account", account);
  char cwd[4096] = "", path[8192];
  bool here = getcwd(cwd, sizeof cwd) != NULL; /* the host runs in a folder of its own */
  if (here) cJSON_AddStringToObject(request, "folder", cwd);
  if (to && to[0] != '/' && here) {
    snprintf(path, sizeof path, "%s/%s", cwd, to);
    to = path;
  }
  if (to) cJSON_AddStringToObject(request, "to", to);
  if (fields) cJSON_AddItemToObject(request, "args", fields);
  wy_buf answer;
  wy_buf_init(&answer, WY_CLI_ANSWER);
  status = wy_cli_once(&where, request, &answer);
  cJSON *root = status == WY_EXIT_DONE ? wy_cli_once_read(&answer, &ok) : NULL;
  char *result =
      ok ? cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(root, "result")) : NULL;
  if (result) puts(result);
  cJSON_free(result);
  cJSON_Delete(root);
  wy_buf_deinit(&answer);
  if (status != WY_EXIT_DONE) return status;
  return ok ? WY_EXIT_DONE : WY_EXIT_FAILED;
}
