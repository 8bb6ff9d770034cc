/* weiyue token: the access_token of an account, from the running host or, where none runs, by the
 * store that it uses. */
#include <stdio.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/once.h"
#include "cli/options.h"

int wy_cli_token(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "token [ACCOUNT] [--refresh] [--json] [--kind KIND] [--config FILE] [--state DIR] "
      "[--sandbox]",
      "把账号的 access_token 输出到标准输出，给脚本用；不会写进日志。\n"
      "宿主在运行就问它，否则直接读写它的存储：不会让正在用的 token 失效。\n"
      "--refresh 换一个新的；旧的几分钟内失效。只有一个账号时可以不写 ACCOUNT。",
      "Prints the account's access_token to stdout, for scripts; no log has it. A running host is\n"
      "asked, else its store is used: a token that is in use stays good. --refresh has another "
      "one\n"
      "made; the old one dies within minutes. ACCOUNT may be left out where there is one only.",
      1};
  wy_cli_where where = {0};
  const char *account, *kind = NULL;
  bool refresh = false, json = false, ok = false;
  const wy_cli_option options[] = {
      {"refresh", NULL, "换一个新的", "have another one made", NULL, &refresh},
      {"json", NULL, "输出一个 JSON 对象", "print one JSON object", NULL, &json},
      {"kind", "KIND", "access_token（默认）、jsapi_ticket、wx_card_ticket、component_access_token",
       "access_token (default), jsapi_ticket, wx_card_ticket, component_access_token", &kind, NULL},
      {"config", "FILE", "配置（默认 weiyue.lua）", "the configuration (default weiyue.lua)",
       &where.config, NULL},
      {"state", "DIR", "宿主的状态文件夹，不从配置里找",
       "the host's state folder, instead of the configuration's", &where.state, NULL},
      {"sandbox", NULL, "正在运行的 weiyue sandbox，不是真的微信",
       "the weiyue sandbox that runs, not the real WeChat", NULL, &where.sandbox},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &where.lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, &account);
  if (status != WY_CLI_GO_ON) return status;
  cJSON *request = cJSON_CreateObject();
  cJSON_AddStringToObject(request, "do", "token");
  if (account) cJSON_AddStringToObject(request, "account", account);
  if (kind) cJSON_AddStringToObject(request, "kind", kind);
  if (refresh) cJSON_AddTrueToObject(request, "refresh");
  wy_buf answer;
  wy_buf_init(&answer, WY_CLI_ANSWER);
  status = wy_cli_once(&where, request, &answer);
  cJSON *root = status == WY_EXIT_DONE ? wy_cli_once_read(&answer, &ok) : NULL;
  const char *token = root ? wy_cli_json_text(root, "token") : NULL;
  if (ok && json) printf("%.*s\n", (int)answer.n, answer.p);
  else if (ok && token) puts(token);
  cJSON_Delete(root);
  wy_buf_deinit(&answer);
  if (status != WY_EXIT_DONE) return status;
  return ok && token ? WY_EXIT_DONE : WY_EXIT_FAILED;
}
