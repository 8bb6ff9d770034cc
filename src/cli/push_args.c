/* push_args: the arguments of weiyue push, and what of them does not fit together. */
#include <stdio.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/push.h"

#define USAGE(zh, en) wy_cli_error(WY_EXIT_USAGE, "%s", wy_tr(zh, en))

static int read_args(int argc, char **argv, wy_cli_args *a) {
  const wy_cli_usage usage = {
      wy_tr("push ACCOUNT|URL (--text S | --event E | --type T | FILE) [选项]",
            "push ACCOUNT|URL (--text S | --event E | --type T | FILE) [options]"),
      "像微信那样发一次推送：签名、按模式加密、发送，再像微信那样检查并解出回复。\n"
      "ACCOUNT 是 weiyue.lua 里账号的 id。给 URL 时，密钥取自选项，\n"
      "或环境变量 WX_TOKEN、WX_APPID、WX_AES_KEY；\n"
      "没有 token 则取 weiyue.lua 里 path 相同的账号。\n"
      "FILE 是一整条消息（XML 或 JSON），- 是标准输入。\n"
      "回复不对则退出码为 1，并说明微信用户会看到什么。",
      "Sends one push as WeChat would: signs, encrypts as the mode says, sends, then checks\n"
      "and decodes the reply as WeChat would. ACCOUNT is the id of an account in weiyue.lua.\n"
      "With a URL the keys come from the options or from WX_TOKEN, WX_APPID, WX_AES_KEY;\n"
      "without a token from the account of weiyue.lua with that path.\n"
      "FILE is a whole message, XML or JSON; - is stdin.\n"
      "Exit status 1 for a wrong answer, with what a WeChat user would see.",
      2};
  const wy_cli_option options[] = {
      {"text", "S", "一条文本消息", "a text message", &a->text, NULL},
      {"event", "E", "一个事件：subscribe、click、scan、location…",
       "an event: subscribe, click, scan, location …", &a->event, NULL},
      {"key", "EVENTKEY", "事件的 EventKey", "the event's EventKey", &a->key, NULL},
      {"type", "T", "别种消息：image voice video shortvideo location link file",
       "another message: image voice video shortvideo location link file", &a->type, NULL},
      {"media", "ID", "消息的 MediaId", "the message's MediaId", &a->media, NULL},
      {"openid", "ID", "发送者（默认 oTestUser0000000000000000001）",
       "the sender (default oTestUser0000000000000000001)", &a->openid, NULL},
      {"to", "GH_ID", "收信的公众号（默认取配置的 username，否则 gh_test）",
       "the account's original id (default the configuration's username, else gh_test)", &a->to,
       NULL},
      {"format", "xml|json", "推送的格式（默认 xml）", "form of the push (default xml)", &a->format,
       NULL},
      {"mode", "MODE", "plain、compatible 或 safe（默认取配置；有密钥则 safe，否则 plain）",
       "plain, compatible or safe (default the configuration's; with a key safe, else plain)",
       &a->mode, NULL},
      {"token", "TOKEN", "令牌", "the Token", &a->token, NULL},
      {"appid", "APPID", "AppID", "the AppID", &a->appid, NULL},
      {"aes-key", "KEY", "EncodingAESKey，43 个字符", "the EncodingAESKey, 43 characters",
       &a->aes_key, NULL},
      {"config", "FILE", "配置（默认 weiyue.lua）", "the configuration (default weiyue.lua)",
       &a->config, NULL},
      {"sandbox", NULL, "推给正在运行的 weiyue sandbox，用它编的密钥",
       "to the weiyue sandbox that runs, with the keys that it has made up", NULL, &a->sandbox},
      {"timeout", "S", "等多少秒（默认 5，和微信一样）", "seconds to wait (default 5, as WeChat)",
       &a->timeout, NULL},
      {"attempts", "N", "没有回答时一共推几次（默认 3，和微信一样）",
       "how often it is sent while no answer comes (default 3, as WeChat)", &a->attempts, NULL},
      {"raw", NULL, "原样输出回答的字节", "print the answer's bytes as they came", NULL, &a->raw},
      {"json", NULL, "输出一个 JSON 对象", "print one JSON object", NULL, &a->json},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &a->lua_path, NULL},
      {0}};
  const char *words[2];
  int status = wy_cli_options(&usage, options, argc, argv, words);
  a->target = words[0];
  a->file = words[1];
  return status;
}

/* --- what does not fit together --- */

static int check_values(const wy_cli_args *a) {
  const char *all[] = {a->text, a->event, a->key, a->media, a->openid, a->to};
  size_t n_types;
  const char *const *types = wy_cli_push_types(&n_types);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] && !wy_utf8_valid(wy_str_of(all[i])))
      return USAGE("参数不是 UTF-8", "an argument is not UTF-8");
  if (a->type) {
    const char *near = wy_cli_nearest(a->type, types, n_types);
    if (!near)
      return wy_cli_error(WY_EXIT_USAGE,
                          wy_tr("没有消息类型 %s；weiyue push --help 列出全部",
                                "no message type %s; weiyue push --help lists them all"),
                          a->type);
    if (strcmp(near, a->type) != 0)
      return wy_cli_error(
          WY_EXIT_USAGE,
          wy_tr("没有消息类型 %s；最接近的是 %s", "no message type %s; the nearest is %s"), a->type,
          near);
  }
  if (a->format && strcmp(a->format, "xml") != 0 && strcmp(a->format, "json") != 0)
    return USAGE("--format 应为 xml 或 json", "--format must be xml or json");
  return WY_CLI_GO_ON;
}

bool wy_cli_is_url(const char *target) { return strstr(target, "://") != NULL; }

static int check_args(const wy_cli_args *a) {
  if (!a->target)
    return USAGE("推送给谁？写账号的 id 或 URL", "push to whom? Give an account's id or a URL");
  if (wy_cli_is_url(a->target) && strncmp(a->target, "http://", 7) != 0 &&
      strncmp(a->target, "https://", 8) != 0)
    return USAGE("URL 应以 http:// 或 https:// 开头",
                 "the URL must begin with http:// or https://");
  bool is_text = a->type && strcmp(a->type, "text") == 0;
  bool is_message = a->text || a->type;
  if ((a->file != NULL) + (a->event != NULL) + is_message != 1)
    return USAGE("推送什么？--text、--event、--type 或文件，选一样",
                 "push what? Give one of --text, --event, --type or a file");
  if (a->type && is_text != (a->text != NULL))
    return USAGE("--text 只配 --type text，后者也需要它",
                 "--text goes with --type text only, which needs it");
  if (a->key && !a->event) return USAGE("--key 只配 --event", "--key goes with --event");
  if (a->media && (!a->type || is_text))
    return USAGE("--media 只配 --type", "--media goes with --type");
  if (a->file && (a->openid || a->to || a->format))
    return USAGE("文件里已有发送者、账号和格式：不要 --openid、--to、--format",
                 "the file has sender, account and form: no --openid, --to, --format");
  if (a->sandbox && wy_cli_is_url(a->target))
    return USAGE("--sandbox 配账号的 id，不配 URL",
                 "--sandbox goes with an account's id, not a URL");
  if (a->raw && a->json) return USAGE("--raw 和 --json 选一样", "--raw or --json, not both");
  return check_values(a);
}

int wy_cli_push_args(int argc, char **argv, wy_cli_args *a) {
  int status = read_args(argc, argv, a);
  return status == WY_CLI_GO_ON ? check_args(a) : status;
}
