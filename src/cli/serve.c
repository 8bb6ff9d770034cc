/* weiyue serve: a host from a configuration, until a signal. Owns the host. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

#include "base/beat.h"
#include "base/err.h"
#include "cli/child.h"
#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/logfile.h"
#include "cli/options.h"
#include "cli/problems.h"
#include "cli/supervise.h"
#include "host/logging.h"
#include "host/record.h"
#include "host/reload.h"
#include "weiyue.h"

/* Where a browser on this machine would look. */
static void print_url(const char *address, int port) {
  if (strcmp(address, "0.0.0.0") == 0) printf("http://127.0.0.1:%d", port);
  else if (strcmp(address, "::") == 0) printf("http://[::1]:%d", port);
  else printf(strchr(address, ':') ? "http://[%s]:%d" : "http://%s:%d", address, port);
}

static void print_ready(const wy_host *host) {
  printf("weiyue %s  ", wy_version());
  print_url(wy_host_address(host), wy_host_port(host));
  const char *id;
  for (size_t i = 0; (id = wy_host_account_id(host, i)) != NULL; i++)
    printf("%s%s %s (%s)", i ? ", " : "  ", id, wy_host_account_path(host, i),
           wy_host_account_mode(host, i));
  printf("  workers %d  plugins %d", wy_host_worker_count(host), wy_host_plugin_count(host));
  if (wy_host_admin_port(host)) {
    printf("  admin ");
    print_url(wy_host_admin_address(host), wy_host_admin_port(host));
  }
  putchar('\n');
  fflush(stdout);
}

static const char *remedy(int err) {
  if (err == WY_E_LISTEN)
    return wy_tr("。端口被占用时换端口：--listen 127.0.0.1:8090",
                 ". Port taken? Another one: --listen 127.0.0.1:8090");
  if (err == WY_E_ADMIN)
    return wy_tr(
        "。在配置里换一个端口，例如 admin = \"127.0.0.1:8082\"，或者写 admin = false",
        ". Give it another port in the configuration, such as admin = \"127.0.0.1:8082\", or "
        "write admin = false");
  return "";
}

/* As many files as this process may have: a connection is one, and limits.connections is the limit
 * that is meant. */
static void raise_files(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == files.rlim_max) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

static int open_log(const wy_host *host) {
  const char *file = wy_host_log_file(host);
  int err = wy_logfile_open(file, wy_host_logger(host));
  if (!err) return WY_EXIT_DONE;
  return wy_cli_error(
      WY_EXIT_FAILED,
      wy_tr("没有启动：写不了日志文件 %s：%s", "not started: cannot write the log %s: %s"), file,
      wy_cli_why(err));
}

static int run(wy_host *host, wy_child *child) {
  char self[4096];
  size_t n = sizeof self;
  if (uv_exepath(self, &n) == 0) wy_reload_program(host, self);
  raise_files();
  if (wy_cli_signals_watch(host, wy_child_is_supervised(child)))
    return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("无法接收信号", "cannot watch for signals"));
  int err = wy_host_start(host);
  if (err) {
    wy_logfile_flush();
    wy_cli_error(
        0,
        wy_tr("没有启动：%s（原因见上面的日志）%s", "not started: %s (the log above says why)%s"),
        wy_cli_strerror(err), remedy(err));
  } else {
    if (wy_child_accepting(child)) wy_host_stop(host); /* its supervisor has gone */
    if (wy_child_is_first(child)) print_ready(host);
    err = wy_host_run(host);
  }
  wy_child_detach(child);
  wy_cli_signals_unwatch();
  return err ? WY_EXIT_FAILED : WY_EXIT_DONE;
}

/* n: what wy_host_workers is to be told; "auto" and nothing leave it to the configuration. */
static int read_workers(const char *workers, int *n) {
  char *end;
  *n = -1;
  if (!workers) return WY_CLI_GO_ON;
  long given =
      strcmp(workers, "auto") == 0 ? (long)uv_available_parallelism() : strtol(workers, &end, 10);
  if (strcmp(workers, "auto") != 0 && (*end || end == workers || given < 1 || given > 256))
    return wy_cli_error(WY_EXIT_USAGE, "%s",
                        wy_tr("--workers 应为 1 到 256 的整数，或 auto",
                              "--workers must be a whole number from 1 to 256, or auto"));
  *n = (int)given;
  return WY_CLI_GO_ON;
}

/* Which of the generations that were kept is to serve: set by who restarts a host whose newest ones
 * crash. */
static int fallback(void) {
  const char *text = getenv(WY_FALLBACK_ENV);
  long back = text ? strtol(text, NULL, 10) : 0;
  return back > 0 && back < 100 ? (int)back : 0;
}

int wy_cli_serve(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "serve [CONFIG] [--listen ADDR:PORT] [--workers N] [--record FILE] [--lua-path DIR] "
      "[--no-supervisor]",
      "运行 CONFIG（默认 weiyue.lua）里的账号，直到收到 SIGTERM 或 SIGINT。\n"
      "开始接受连接时向标准输出写一行；日志一事一行，写到标准错误或配置里的 log.file，\n"
      "收到 SIGUSR1 就按名字重新打开那个文件（logrotate）。",
      "Runs the accounts of CONFIG (weiyue.lua by default) until SIGTERM or SIGINT.\n"
      "One line on stdout when connections are accepted; logs go to stderr or to the\n"
      "configuration's log.file, one line each. SIGUSR1 opens that file anew (logrotate).",
      1};
  bool no_supervisor = false;
  const char *config, *listen = NULL, *workers = NULL, *record = NULL, *lua_path = NULL;
  const wy_cli_option options[] = {
      {"listen", "ADDR:PORT", "代替配置里的 listen；端口 0：任选",
       "instead of the configuration's listen; port 0: any free one", &listen, NULL},
      {"workers", "N", "工作线程数，或 auto（每核一个）；代替配置里的 workers",
       "number of worker threads, or auto (one per core); instead of the configuration's workers",
       &workers, NULL},
      {"record", "FILE", "把推送、答复和接口调用记入 FILE（隐去身份和密钥），供 weiyue replay 使用",
       "keep a journal of pushes, answers and API calls in FILE (without identities and keys), for "
       "weiyue replay",
       &record, NULL},
      {"no-supervisor", NULL, "不用监管进程：崩溃后不重启，也不能热升级",
       "without the supervising process: no restart after a crash, no upgrade in place", NULL,
       &no_supervisor},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, &config);
  int n_workers;
  if (status == WY_CLI_GO_ON) status = read_workers(workers, &n_workers);
  if (status != WY_CLI_GO_ON) return status;
  if (!no_supervisor) return wy_cli_supervise(wy_cli_program(), argc, argv);

  wy_host *host = NULL;
  wy_child *child = wy_child_new();
  wy_cli_problems problems = {0};
  wy_host_options settings = {
      .log = wy_logfile_line, .problem = wy_cli_problem, .data = &problems, .lua_path = lua_path};
  int err = child ? wy_host_new(&host, &settings) : WY_E_NOMEM;
  if (!err) wy_child_attach(child, host);
  if (!err && listen) wy_host_listen(host, listen);
  if (!err) wy_host_workers(host, n_workers);
  if (!err && record) err = wy_host_record(host, record);
  if (!err) err = wy_host_keep(host, fallback());
  if (!err) err = wy_host_load(host, config ? config : "weiyue.lua");
  if (err > 0)
    wy_cli_error(
        0, wy_tr("没有加载的插件：%d 个；其余照常服务", "plugins left out: %d; the others serve"),
        err);
  if (err < 0) {
    wy_logfile_flush();
    status = wy_cli_error(WY_EXIT_FAILED, wy_tr("没有启动：%s", "not started: %s"),
                          wy_cli_strerror(err));
  } else {
    status = open_log(host);
    if (status == WY_EXIT_DONE) status = run(host, child);
  }
  wy_host_free(host);
  wy_child_free(child);
  wy_logfile_close();
  return status;
}
