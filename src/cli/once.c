#include "cli/once.h"

#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/errors.h"
#include "codec/json.h"
#include "host/control.h"
#include "host/remote.h"
#include "host/supervised.h"
#include "net/local.h"
#include "weiyue.h"

enum { LINES_MAX = 64 * 1024 };

typedef struct told {
  bool done;
  wy_buf *answer;
} told;

typedef struct heard {
  size_t errors;
  wy_buf lines; /* of the log, that tell of errors */
} heard;

static void on_done(void *data, bool ok, wy_str json) {
  told *t = data;
  (void)ok; /* the object says so */
  t->done = true;
  wy_buf_str(t->answer, json);
}

/* Whether it went well, and what is said of failures, stands in the answer: lines are for when it
 * does not. */
static void on_log(void *data, int level, const char *line, size_t n) {
  heard *h = data;
  if (level < WY_LEVEL_ERROR) return;
  wy_str text = {line, n};
  if (wy_buf_str(&h->lines, text) == 0) wy_buf_str(&h->lines, WY_STR("\n"));
}

static bool explains(const wy_buf *answer) {
  cJSON *root = NULL;
  bool does = wy_json_parse(wy_buf_view(answer), NULL, &root, NULL) == 0 &&
              (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "ok")) ||
               cJSON_GetObjectItemCaseSensitive(root, "error"));
  cJSON_Delete(root);
  return does;
}

static void on_problem(void *data, int level, const char *zh, const char *en) {
  if (level < WY_LEVEL_ERROR) return; /* weiyue check tells the rest */
  ++((heard *)data)->errors;
  fprintf(stderr, "%s\n", wy_tr(zh, en));
}

static int run(const wy_cli_where *where, wy_str line, wy_buf *answer) {
  wy_host *host = NULL;
  heard h = {0};
  told t = {false, answer};
  wy_host_options settings = {
      .problem = on_problem, .log = on_log, .data = &h, .lua_path = where->lua_path};
  wy_buf_init(&h.lines, LINES_MAX);
  int err = wy_host_new(&host, &settings);
  if (!err) {
    wy_host_bare(host);
    err = wy_host_load(host, where->config ? where->config : "weiyue.lua");
  }
  if (err && h.errors == 0) wy_cli_error(0, "%s", wy_tr(wy_cli_strerror_zh(err), wy_strerror(err)));
  if (!err) {
    wy_remote_control(host, line, on_done, &t);
    while (!t.done) uv_run(wy_host_loop(host), UV_RUN_ONCE);
  }
  wy_host_free(host);
  if (h.lines.n && (err || !explains(answer))) fwrite(h.lines.p, 1, h.lines.n, stderr);
  wy_buf_deinit(&h.lines);
  return err ? WY_EXIT_FAILED : 0;
}

static int ask(const wy_cli_where *where, wy_str line, wy_buf *answer) {
  char found[WY_CLI_PATH];
  const char *state = where->state;
  bool sure = true;
  int fd;
  if (where->sandbox) {
    int status = wy_cli_find_sandbox(where->config ? where->config : "weiyue.lua", state,
                                     where->lua_path, found);
    if (status) return status;
    state = found;
  } else if (!state) {
    int status = wy_cli_find_state(where->config ? where->config : "weiyue.lua", where->lua_path,
                                   found, &sure);
    if (status) return status;
    state = found;
  }
  int err = wy_local_connect(state, WY_CONTROL_NAME, &fd);
  if (err && where->sandbox) return wy_cli_no_sandbox(state);
  if (err && (where->state || (err != UV_ENOENT && err != UV_ECONNREFUSED && err != UV_ENOTDIR)))
    return wy_cli_not_reached(state, err, sure);
  if (err) return run(where, line, answer);
  int status = wy_cli_converse(fd, line, true, answer);
  close(fd);
  return status;
}

int wy_cli_once(const wy_cli_where *where, cJSON *request, wy_buf *answer) {
  char *text = cJSON_PrintUnformatted(request);
  wy_buf line;
  wy_buf_init(&line, WY_CONTROL_LINE);
  cJSON_Delete(request);
  int status;
  if (!text || wy_buf_str(&line, wy_str_of(text)) || wy_buf_str(&line, WY_STR("\n")))
    status = wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("请求太长", "the request is too long"));
  else status = ask(where, wy_buf_view(&line), answer);
  cJSON_free(text);
  wy_buf_deinit(&line);
  return status;
}

cJSON *wy_cli_once_read(const wy_buf *answer, bool *ok) {
  cJSON *root = NULL;
  if (wy_json_parse(wy_buf_view(answer), NULL, &root, NULL) || !cJSON_IsObject(root)) {
    cJSON_Delete(root);
    wy_cli_error(0, "%s", wy_tr("看不懂宿主的回答", "that is no answer of a host"));
    return NULL;
  }
  *ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "ok"));
  if (!*ok) wy_cli_print_problems(root);
  return root;
}
