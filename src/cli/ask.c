/* What verbs that speak to a running host have in common: its state folder, its control socket, one
 * line of JSON in, one out. And what they do where none runs. */
#include "cli/ask.h"

#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/lua.h"
#include "codec/json.h"
#include "host/control.h"
#include "net/local.h"

enum {
  SILENT_MS = 2000,                         /* then a line says that it waits */
  GIVE_UP_MS = WY_CONTROL_ANSWER_MS + 15000 /* the host has said so before */
};

typedef struct found {
  char *folder;
  bool *sure;
} found;

static void take_folder(lua_State *L, void *data) {
  found *f = data;
  snprintf(f->folder, WY_CLI_PATH, "%s", lua_tostring(L, -2));
  *f->sure = lua_toboolean(L, -1);
}

int wy_cli_find_state(const char *config, const char *lua_path, char out[WY_CLI_PATH], bool *sure) {
  found f = {out, sure};
  const wy_cli_chunk chunk = {.text = "return require('weiyue.config.state')(...)",
                              .name = "=control",
                              .args = {config},
                              .take = take_folder,
                              .data = &f};
  wy_cli_lua l;
  if (wy_cli_lua_open(&l, lua_path, false)) return WY_EXIT_FAILED;
  int err = wy_cli_lua_run(&l, &chunk);
  wy_cli_lua_close(&l);
  return err ? WY_EXIT_FAILED : WY_EXIT_DONE;
}

int wy_cli_find_sandbox(const char *config, const char *state, const char *lua_path,
                        char out[WY_CLI_PATH]) {
  char folder[WY_CLI_PATH];
  bool sure;
  int status = state ? 0 : wy_cli_find_state(config, lua_path, folder, &sure);
  if (status) return status;
  if (!state) state = folder;
  return snprintf(out, WY_CLI_PATH, "%s/sandbox", state) < WY_CLI_PATH ? 0 : WY_EXIT_FAILED;
}

int wy_cli_no_sandbox(const char *state) {
  return wy_cli_error(WY_EXIT_FAILED,
                      wy_tr("没有沙箱以 %s 为状态文件夹在运行；weiyue sandbox 启动它",
                            "no sandbox runs with the state folder %s; weiyue sandbox starts one"),
                      state);
}

bool wy_cli_none_runs(int err) {
  return err == UV_ENOENT || err == UV_ECONNREFUSED || err == UV_ENOTDIR;
}

int wy_cli_not_reached(const char *state, int err, bool sure) {
  if (!wy_cli_none_runs(err))
    return wy_cli_error(WY_EXIT_FAILED, "%s/" WY_CONTROL_NAME ": %s", state, wy_cli_why(err));
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

int wy_cli_converse(int fd, wy_str line, bool quiet, wy_buf *answer) {
  int64_t start = now_ms();
  ssize_t put = send(fd, line.p, line.n, 0);
  while (put == (ssize_t)line.n && !(answer->n && memchr(answer->p, '\n', answer->n))) {
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

const char *wy_cli_json_text(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) || cJSON_IsRaw(item) ? item->valuestring : NULL;
}

void wy_cli_print_problems(const cJSON *answer) {
  const cJSON *problem;
  cJSON_ArrayForEach(problem, cJSON_GetObjectItemCaseSensitive(answer, "problems")) {
    const char *text = wy_cli_json_text(problem, wy_tr("zh", "en"));
    if (text) fprintf(stderr, "%s\n", text);
  }
}
