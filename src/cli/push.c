/* weiyue push: one signed push as WeChat would send it, and the judgement of the answer. Here: the
 * arguments, where keys come from, and the order of things. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/utf8.h"
#include "cli/account.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/push.h"

enum { FILE_MAX = 1 << 20 };

/* The arguments as given; NULL where absent. */
typedef struct args {
  const char *target, *file;
  const char *text, *event, *key, *type, *media;
  const char *config, *token, *appid, *aes_key, *mode, *format, *openid, *to, *timeout, *lua_path;
  bool raw, json;
} args;

#define USAGE(zh, en) wy_cli_error(WY_EXIT_USAGE, "%s", wy_tr(zh, en))

static int parse(int argc, char **argv, args *a) {
  static const wy_cli_usage usage = {
      "push ACCOUNT|URL (--text S | --event E | --type T | FILE) [options]",
      "像微信那样发一次推送：签名、按模式加密、发送，再像微信那样检查并解出回复。\n"
      "ACCOUNT 是 weiyue.lua 里账号的 id。给 URL 时，密钥取自选项或环境变量 WX_TOKEN、WX_APPID、\n"
      "WX_AES_KEY；没有 token 则取 weiyue.lua 里 path 相同的账号。FILE 是一整条消息（XML 或 "
      "JSON）。\n"
      "回复不对则退出码为 1，并说明微信用户会看到什么。",
      "Sends one push as WeChat would: signs, encrypts as the mode says, sends, then checks and "
      "decodes\n"
      "the reply as WeChat would. ACCOUNT is the id of an account in weiyue.lua. With a URL the "
      "keys come\n"
      "from the options or from WX_TOKEN, WX_APPID, WX_AES_KEY; without a token from the account "
      "of\n"
      "weiyue.lua with that path. FILE is a whole message, XML or JSON.\n"
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
      {"timeout", "S", "等多少秒（默认 5，和微信一样）", "seconds to wait (default 5, as WeChat)",
       &a->timeout, NULL},
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

static int check_values(const args *a) {
  const char *all[] = {a->text, a->event, a->key, a->media, a->openid, a->to};
  size_t n_types;
  const char *const *types = wy_cli_push_types(&n_types);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i] && !wy_utf8_valid(wy_str_of(all[i])))
      return USAGE("参数不是 UTF-8", "an argument is not UTF-8");
  if (a->type) {
    const char *near = wy_cli_nearest(a->type, types, n_types);
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

static bool is_url(const char *target) { return strstr(target, "://") != NULL; }

static int check_args(const args *a) {
  if (!a->target)
    return USAGE("推送给谁？写账号的 id 或 URL", "push to whom? Give an account's id or a URL");
  if (is_url(a->target) && strncmp(a->target, "http://", 7) != 0 &&
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
  if (a->raw && a->json) return USAGE("--raw 和 --json 选一样", "--raw or --json, not both");
  return check_values(a);
}

/* --- where the keys come from --- */

/* The URL's path, as far as an account's path can be compared with it. */
static void url_path(const char *url, char *out, size_t size) {
  const char *host = strstr(url, "://") + 3;
  const char *path = host + strcspn(host, "/?#");
  size_t n = strcspn(path, "?#");
  if (*path != '/') snprintf(out, size, "/");
  else snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), path);
}

/* 0, or the status to exit with. */
static int find_account(const args *a, wy_cli_account *account) {
  const char *config = a->config ? a->config : "weiyue.lua";
  if (!is_url(a->target)) {
    int found = wy_cli_account_find(config, a->lua_path, a->target, NULL, account);
    return found == 1 ? 0 : WY_EXIT_FAILED;
  }
  if (a->token || getenv("WX_TOKEN")) {
    const char *token = getenv("WX_TOKEN"), *appid = getenv("WX_APPID"),
               *key = getenv("WX_AES_KEY");
    snprintf(account->token, sizeof account->token, "%s", token ? token : "");
    snprintf(account->appid, sizeof account->appid, "%s", appid ? appid : "");
    if (key && strlen(key) != WY_AES_KEY_CHARS)
      return wy_cli_error(WY_EXIT_USAGE, "WX_AES_KEY: %s", wy_err_text(WY_E_AES_KEY));
    snprintf(account->aes_key, sizeof account->aes_key, "%s", key ? key : "");
    account->mode = a->aes_key || key ? WY_MODE_SAFE : WY_MODE_PLAIN;
    return 0;
  }
  FILE *exists = fopen(config, "rb");
  if (exists) fclose(exists);
  else if (a->config)
    return wy_cli_error(WY_EXIT_FAILED, wy_tr("打不开 %s", "cannot open %s"), config);
  char path[sizeof account->path];
  url_path(a->target, path, sizeof path);
  int found = exists ? wy_cli_account_find(config, a->lua_path, NULL, path, account) : 0;
  if (found < 0) return WY_EXIT_FAILED;
  if (found) return 0;
  return wy_cli_error(
      WY_EXIT_USAGE,
      wy_tr("没有令牌：用 --token 或 WX_TOKEN，或在 %s 里有 path 为 %s 的账号",
            "no token: give --token or WX_TOKEN, or have an account with this path in %s: %s"),
      config, path);
}

static const char *one_of(const char *option, const char *other) {
  return option ? option : *other ? other : NULL;
}

static int read_mode(const args *a, const wy_cli_account *account, wy_cli_job *p) {
  static const char *const names[] = {"plain", "compatible", "safe"};
  p->mode = account->mode;
  if (!a->mode) return WY_CLI_GO_ON;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(a->mode, names[i]) != 0) continue;
    p->mode = (wy_mode)i;
    return WY_CLI_GO_ON;
  }
  return USAGE("--mode 应为 plain、compatible 或 safe", "--mode must be plain, compatible or safe");
}

static int read_timeout(const args *a, wy_cli_job *p) {
  char *end;
  p->timeout = 5;
  if (!a->timeout) return WY_CLI_GO_ON;
  p->timeout = strtod(a->timeout, &end);
  if (*end == '\0' && p->timeout >= 0.001 && p->timeout <= 600) return WY_CLI_GO_ON;
  return USAGE("--timeout 应为 0.001 到 600 秒", "--timeout must be 0.001 to 600 seconds");
}

/* Puts together who sends what to whom. url: room for an account's URL. */
static int settle(const args *a, const wy_cli_account *account, wy_cli_job *p, char *url,
                  size_t size) {
  p->text = a->text;
  p->event = a->event;
  p->key = a->key;
  p->type = a->type;
  p->media = a->media;
  p->openid = a->openid ? a->openid : "oTestUser0000000000000000001";
  p->to = a->to ? a->to : *account->username ? account->username : "gh_test";
  p->form = a->format && *a->format == 'j' ? WY_FORM_JSON : WY_FORM_XML;
  p->token = one_of(a->token, account->token);
  p->appid = one_of(a->appid, account->appid);
  if (!p->appid) p->appid = "wxtest"; /* WeChat always puts one into the frame */
  p->aes_key = one_of(a->aes_key, account->aes_key);
  int status = read_mode(a, account, p);
  if (status == WY_CLI_GO_ON) status = read_timeout(a, p);
  if (status != WY_CLI_GO_ON) return status;
  if (!p->token) return USAGE("没有令牌：用 --token", "no token: give --token");
  if (p->mode != WY_MODE_PLAIN && !p->aes_key)
    return USAGE("这个模式需要 EncodingAESKey：用 --aes-key",
                 "this mode needs the EncodingAESKey: give --aes-key");
  p->url = a->target;
  if (is_url(a->target)) return WY_CLI_GO_ON;
  if (!*account->address)
    return USAGE("配置里 listen 的端口是 0：请写 URL",
                 "the port of listen is 0 in the configuration: give a URL");
  snprintf(url, size, "%s%s", account->address, account->path);
  p->url = url;
  return WY_CLI_GO_ON;
}

/* --- the message from a file --- */

static int read_file(const char *name, wy_buf *out) {
  FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
  if (!file) return wy_cli_error(WY_EXIT_FAILED, wy_tr("打不开 %s", "cannot open %s"), name);
  char *room = wy_buf_reserve(out, FILE_MAX + 1);
  size_t n = room ? fread(room, 1, FILE_MAX + 1, file) : 0;
  bool failed = !room || ferror(file);
  if (file != stdin) fclose(file);
  if (failed) return wy_cli_error(WY_EXIT_FAILED, wy_tr("读不出 %s", "cannot read %s"), name);
  if (n > FILE_MAX)
    return wy_cli_error(WY_EXIT_FAILED, wy_tr("%s 大于 1 MiB", "%s is larger than 1 MiB"), name);
  wy_buf_added(out, n);
  return WY_CLI_GO_ON;
}

static char *copy(wy_str s) {
  char *z = malloc(s.n + 1);
  if (!z) return NULL;
  memcpy(z, s.p, s.n);
  z[s.n] = '\0';
  return z;
}

/* Reads the file and finds in it who sends to whom. The names are the caller's to free. */
static int take_file(const char *name, wy_cli_job *p, char **openid, char **to) {
  wy_msg m;
  int status = read_file(name, &p->message);
  if (status != WY_CLI_GO_ON) return status;
  wy_msg_init(&m);
  int err = wy_msg_parse(&m, wy_buf_view(&p->message));
  if (!err) err = wy_msg_complete(&m);
  p->form = m.doc.form;
  if (!err) {
    *openid = copy(m.from);
    *to = copy(m.to);
    if (!*openid || !*to) err = WY_E_NOMEM;
  }
  wy_msg_deinit(&m);
  if (err)
    return wy_cli_error(WY_EXIT_FAILED, wy_tr("%s 不是一条消息：%s", "%s is no message: %s"), name,
                        wy_err_text(err));
  p->openid = *openid;
  p->to = *to;
  return WY_CLI_GO_ON;
}

/* --- sending and judging --- */

static int prepare(wy_cli_job *p) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int err = wy_crypt_new(&p->crypt);
  if (!err && p->mode != WY_MODE_PLAIN)
    err = wy_aes_key_new(p->crypt, wy_str_of(p->aes_key), &p->aes);
  if (!err && !p->message.n)
    err = wy_cli_push_message(p, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
  if (!err) err = wy_cli_push_wrap(p, now.tv_sec);
  if (!err) return WY_CLI_GO_ON;
  return wy_cli_error(err == WY_E_AES_KEY ? WY_EXIT_USAGE : WY_EXIT_FAILED,
                      wy_tr("推送做不出来：%s", "the push cannot be made: %s"), wy_err_text(err));
}

static int report(const args *a, const wy_cli_answer *answer) {
  int status = WY_EXIT_DONE;
  if (a->json) status = wy_cli_push_print_json(answer);
  else if (a->raw) fwrite(answer->body.p ? answer->body.p : "", 1, answer->body.n, stdout);
  else wy_cli_push_print(answer);
  if (answer->good) return status;
  fflush(stdout);
  return wy_cli_error(WY_EXIT_FAILED,
                      wy_tr("%s。微信用户会看到：该公众号提供的服务出现故障，请稍后再试",
                            "%s. A WeChat user would see: 该公众号提供的服务出现故障，请稍后再试 "
                            "(the service of this account is out of order)"),
                      answer->error);
}

static int exchange(const args *a, wy_cli_job *p) {
  wy_cli_answer answer = {0};
  wy_buf_init(&answer.body, WY_CLI_BODY);
  wy_buf_init(&answer.plain, WY_CLI_BODY);
  wy_msg_init(&answer.msg);
  wy_cli_push_send(p, &answer);
  wy_cli_push_check(p, &answer);
  int status = report(a, &answer);
  wy_msg_deinit(&answer.msg);
  wy_buf_deinit(&answer.plain);
  wy_buf_deinit(&answer.body);
  return status;
}

int wy_cli_push(int argc, char **argv) {
  args a = {0};
  wy_cli_account account = {0};
  wy_cli_job p = {0};
  char url[sizeof account.address + sizeof account.path];
  char *openid = NULL, *to = NULL;
  int status = parse(argc, argv, &a);
  if (status == WY_CLI_GO_ON) status = check_args(&a);
  if (status != WY_CLI_GO_ON) return status;
  status = find_account(&a, &account);
  if (status) return status;
  wy_buf_init(&p.message, WY_CLI_BODY);
  wy_buf_init(&p.query, 65536);
  wy_buf_init(&p.body, 2 * (size_t)WY_CLI_BODY);
  status = settle(&a, &account, &p, url, sizeof url);
  if (status == WY_CLI_GO_ON && a.file) status = take_file(a.file, &p, &openid, &to);
  if (status == WY_CLI_GO_ON) status = prepare(&p);
  if (status == WY_CLI_GO_ON) status = exchange(&a, &p);
  wy_aes_key_free(p.aes);
  wy_crypt_free(p.crypt);
  wy_buf_deinit(&p.message);
  wy_buf_deinit(&p.query);
  wy_buf_deinit(&p.body);
  free(openid);
  free(to);
  return status;
}
