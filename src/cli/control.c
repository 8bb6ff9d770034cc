/* weiyue reload, promote, rollback: asks the host that runs with a state folder. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "cli/cli.h"
#include "cli/lua.h"
#include "cli/options.h"
#include "codec/json.h"
#include "host/control.h"
#include "net/local.h"

enum {
  PATH_BYTES = 4352,
  ANSWER_BYTES = 1 << 20,
  SILENT_MS = 2000,                         /* then a line says that it waits */
  GIVE_UP_MS = WY_CONTROL_ANSWER_MS + 15000 /* the host has said so before */
};

typedef struct verb {
  const char *name;
  wy_cli_usage usage;
  const char *zh, *en; /* what has failed, with `problems` before it */
} verb;

typedef struct found {
  char folder[PATH_BYTES];
  bool sure; /* the configuration has no errors */
} found;

static void take_folder(lua_State *L, void *data) {
  found *f = data;
  snprintf(f->folder, sizeof f->folder, "%s", lua_tostring(L, -2));
  f->sure = lua_toboolean(L, -1);
}

/* 0, or the exit status. */
static int find_state(const char *config, const char *lua_path, found *f) {
  const wy_cli_chunk chunk = {.text = "return require('weiyue.config.state')(...)",
                              .name = "=control",
                              .args = {config},
                              .take = take_folder,
                              .data = f};
  wy_cli_lua l;
  if (wy_cli_lua_open(&l, lua_path, false)) return WY_EXIT_FAILED;
  int err = wy_cli_lua_run(&l, &chunk);
  wy_cli_lua_close(&l);
  return err ? WY_EXIT_FAILED : WY_EXIT_DONE;
}

static int not_reached(const char *state, int err, bool sure) {
  if (err != UV_ENOENT && err != UV_ECONNREFUSED && err != UV_ENOTDIR)
    return wy_cli_error(WY_EXIT_FAILED, "%s/" WY_CONTROL_NAME ": %s", state, uv_strerror(err));
  wy_cli_error(
      0, wy_tr("没有宿主以 %s 为状态文件夹在运行", "no host runs with the state folder %s"), state);
  if (!sure)
    wy_cli_error(0, "%s",
                 wy_tr("配置有错，状态文件夹是猜的；--state DIR 可以指定它",
                       "the configuration has errors, so that folder is a guess; --state DIR "
                       "names another"));
  return WY_EXIT_FAILED;
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until there is something to read; false after GIVE_UP_MS. */
static bool wait_for(int fd, int64_t start, bool *told) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  for (;;) {
    int64_t waited = now_ms() - start;
    if (waited >= GIVE_UP_MS) return false;
    int64_t until = *told ? GIVE_UP_MS : SILENT_MS;
    int n = poll(&p, 1, waited < until ? (int)(until - waited) : 0);
    if (n > 0 || (n < 0 && errno != EINTR)) return true; /* recv tells */
    if (n < 0 || *told || now_ms() - start < SILENT_MS) continue;
    *told = true;
    wy_cli_error(0, "%s", wy_tr("宿主还在做，等着……", "the host is at it; waiting ..."));
  }
}

/* One line of JSON in, one out. 0, or the exit status after saying what is wrong. */
static int converse(int fd, const char *what, bool quiet, wy_buf *answer) {
  char line[64];
  int n = snprintf(line, sizeof line, "{\"do\":\"%s\"}\n", what);
  int64_t start = now_ms();
  ssize_t put = send(fd, line, (size_t)n, 0);
  while (put == n && !(answer->n && memchr(answer->p, '\n', answer->n))) {
    if (!wait_for(fd, start, &quiet))
      return wy_cli_error(WY_EXIT_FAILED, "%s",
                          wy_tr("宿主没有应答：它的循环卡住了吗？",
                                "the host does not answer: is its loop stuck?"));
    char *to = wy_buf_reserve(answer, 4096);
    ssize_t got = to ? recv(fd, to, 4096, 0) : 0;
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    wy_buf_added(answer, (size_t)got);
  }
  char *end = answer->n ? memchr(answer->p, '\n', answer->n) : NULL;
  if (!end)
    return wy_cli_error(WY_EXIT_FAILED, "%s",
                        wy_tr("宿主没有回答就断开了：它正在停止？看它的日志",
                              "the host hung up without an answer: is it stopping? See its log"));
  answer->n = (size_t)(end - answer->p);
  *end = '\0';
  return 0;
}

static const char *text_of(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) || cJSON_IsRaw(item) ? item->valuestring : NULL;
}

static void print_problems(const cJSON *answer) {
  const cJSON *problem;
  cJSON_ArrayForEach(problem, cJSON_GetObjectItemCaseSensitive(answer, "problems")) {
    const char *text = text_of(problem, wy_tr("zh", "en"));
    if (text) fprintf(stderr, "%s\n", text);
  }
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
    const char *generation = text_of(root, "generation"), *ms = text_of(root, "ms");
    print_problems(root);
    if (!ok) wy_cli_error(0, "%s", wy_tr(v->zh, v->en));
    else if (text_of(root, "canary"))
      printf(
          wy_tr(
              "第 %s 代试行，第 %s 代照常服务；weiyue promote 让它接班\n",
              "generation %s is on trial, %s serves on; weiyue promote makes it serve everybody\n"),
          text_of(root, "canary"), generation ? generation : "?");
    else if (generation && ms)
      printf(wy_tr("第 %s 代，%s 毫秒\n", "generation %s, %s ms\n"), generation, ms);
    else if (generation) printf(wy_tr("第 %s 代\n", "generation %s\n"), generation);
  }
  cJSON_Delete(root);
  return ok ? WY_EXIT_DONE : WY_EXIT_FAILED;
}

static int run(const verb *v, int argc, char **argv) {
  const char *config, *state = NULL, *lua_path = NULL;
  bool json = false;
  const wy_cli_option options[] = {
      {"state", "DIR", "宿主的状态文件夹，不从 CONFIG 里找",
       "the host's state folder, instead of CONFIG's", &state, NULL},
      {"json", NULL, "原样输出宿主回答的 JSON 对象", "print the host's answer, one JSON object",
       NULL, &json},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  int status = wy_cli_options(&v->usage, options, argc, argv, &config), fd;
  if (status != WY_CLI_GO_ON) return status;
  found f = {.sure = true};
  if (!state) {
    status = find_state(config ? config : "weiyue.lua", lua_path, &f);
    if (status != WY_EXIT_DONE) return status;
    state = f.folder;
  }
  int err = wy_local_connect(state, WY_CONTROL_NAME, &fd);
  if (err) return not_reached(state, err, f.sure);
  wy_buf answer;
  wy_buf_init(&answer, ANSWER_BYTES);
  status = converse(fd, v->name, json, &answer);
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
