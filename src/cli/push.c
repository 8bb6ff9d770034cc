/* weiyue push: one signed push as WeChat would send it, again while nobody answers, and the
 * judgement of the answer. Here: where keys and message come from, and the order of things. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "cli/account.h"
#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/options.h"
#include "cli/push.h"

enum { FILE_MAX = 1 << 20 };

#define USAGE(zh, en) wy_cli_error(WY_EXIT_USAGE, "%s", wy_tr(zh, en))

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
static int find_account(const wy_cli_args *a, wy_cli_account *account) {
  const char *config = a->config ? a->config : "weiyue.lua";
  if (a->sandbox)
    return wy_cli_account_in_sandbox(config, a->lua_path, a->target, account) == 1 ? 0
                                                                                   : WY_EXIT_FAILED;
  if (!wy_cli_is_url(a->target)) {
    int found = wy_cli_account_find(config, a->lua_path, a->target, NULL, account);
    return found == 1 ? 0 : WY_EXIT_FAILED;
  }
  if (a->token || getenv("WX_TOKEN")) {
    const char *token = getenv("WX_TOKEN"), *appid = getenv("WX_APPID"),
               *key = getenv("WX_AES_KEY");
    snprintf(account->token, sizeof account->token, "%s", token ? token : "");
    snprintf(account->appid, sizeof account->appid, "%s", appid ? appid : "");
    if (key && strlen(key) != WY_AES_KEY_CHARS)
      return wy_cli_error(WY_EXIT_USAGE, "WX_AES_KEY: %s", wy_cli_strerror(WY_E_AES_KEY));
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

static int read_mode(const wy_cli_args *a, const wy_cli_account *account, wy_cli_job *p) {
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

static int read_timeout(const wy_cli_args *a, wy_cli_job *p) {
  char *end;
  p->timeout = 5;
  if (!a->timeout) return WY_CLI_GO_ON;
  p->timeout = strtod(a->timeout, &end);
  if (*end == '\0' && p->timeout >= 0.001 && p->timeout <= 600) return WY_CLI_GO_ON;
  return USAGE("--timeout 应为 0.001 到 600 秒", "--timeout must be 0.001 to 600 seconds");
}

static int read_attempts(const wy_cli_args *a, wy_cli_job *p) {
  p->attempts = 3;
  if (!a->attempts) return WY_CLI_GO_ON;
  p->attempts = a->attempts[0] >= '1' && a->attempts[0] <= '3' ? a->attempts[0] - '0' : 0;
  if (p->attempts && a->attempts[1] == '\0') return WY_CLI_GO_ON;
  return USAGE("--attempts 应为 1 到 3", "--attempts must be 1 to 3");
}

/* Puts together who sends what to whom. url: room for an account's URL. */
static int settle(const wy_cli_args *a, const wy_cli_account *account, wy_cli_job *p, char *url,
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
  if (status == WY_CLI_GO_ON) status = read_attempts(a, p);
  if (status != WY_CLI_GO_ON) return status;
  if (!p->token) return USAGE("没有令牌：用 --token", "no token: give --token");
  if (p->mode != WY_MODE_PLAIN && !p->aes_key)
    return USAGE("这个模式需要 EncodingAESKey：用 --aes-key",
                 "this mode needs the EncodingAESKey: give --aes-key");
  p->url = a->target;
  if (wy_cli_is_url(a->target)) return WY_CLI_GO_ON;
  if (!*account->address)
    return USAGE("配置里 listen 的端口是 0：请写 URL",
                 "the port of listen is 0 in the configuration: give a URL");
  snprintf(url, size, "%s%s", account->address, account->path);
  p->url = url;
  if (*account->host) p->host = account->host;
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
                        wy_cli_strerror(err));
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
                      wy_tr("推送做不出来：%s", "the push cannot be made: %s"),
                      wy_cli_strerror(err));
}

static bool is_question(const char *text) {
  wy_str t = wy_str_of(text), wide = WY_STR("？");
  return (t.n && t.p[t.n - 1] == '?') ||
         (t.n >= wide.n && memcmp(t.p + t.n - wide.n, wide.p, wide.n) == 0);
}

static int report(const wy_cli_args *a, const wy_cli_answer *answer) {
  int status = WY_EXIT_DONE;
  if (a->json) status = wy_cli_push_print_json(answer);
  else if (a->raw) fwrite(answer->body.p ? answer->body.p : "", 1, answer->body.n, stdout);
  else wy_cli_push_print(answer);
  if (answer->good) return status;
  fflush(stdout);
  return wy_cli_error(WY_EXIT_FAILED,
                      wy_tr("%s%s微信用户会看到：该公众号提供的服务出现故障，请稍后再试",
                            "%s%s A WeChat user would see: 该公众号提供的服务出现故障，请稍后再试 "
                            "(the service of this account is out of order)"),
                      answer->error, is_question(answer->error) ? "" : wy_tr("。", "."));
}

/* The same message once more, signed and encrypted anew. */
static int wrap_again(wy_cli_job *p) {
  wy_buf_clear(&p->query);
  wy_buf_clear(&p->body);
  return wy_cli_push_wrap(p, time(NULL));
}

static int exchange(const wy_cli_args *a, wy_cli_job *p) {
  wy_cli_answer answer = {0};
  wy_buf_init(&answer.body, WY_CLI_BODY);
  wy_buf_init(&answer.plain, WY_CLI_BODY);
  wy_msg_init(&answer.msg);
  wy_cli_push_send(p, &answer);
  for (int attempt = 2; answer.silent && attempt <= p->attempts; attempt++) {
    if (wrap_again(p)) break;
    wy_cli_error(0,
                 wy_tr("%s；像微信那样再推：第 %d 次", "%s; once more, as WeChat does: attempt %d"),
                 answer.error, attempt);
    answer.silent = false;
    answer.error[0] = '\0';
    wy_buf_clear(&answer.body);
    wy_cli_push_send(p, &answer);
  }
  wy_cli_push_check(p, &answer);
  int status = report(a, &answer);
  wy_msg_deinit(&answer.msg);
  wy_buf_deinit(&answer.plain);
  wy_buf_deinit(&answer.body);
  return status;
}

int wy_cli_push(int argc, char **argv) {
  wy_cli_args a = {0};
  wy_cli_account account = {0};
  wy_cli_job p = {0};
  char url[sizeof account.address + sizeof account.path];
  char *openid = NULL, *to = NULL;
  int status = wy_cli_push_args(argc, argv, &a);
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
