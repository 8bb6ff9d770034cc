/* weiyue sandbox: two hosts on one loop: the user's, whose accounts have a fake WeChat, and that
 * fake WeChat, with the chat page. Real sockets between them. */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/logfile.h"
#include "cli/lua.h"
#include "cli/options.h"
#include "cli/problems.h"
#include "host/control.h"
#include "host/logging.h"
#include "host/sandbox.h"
#include "net/listen.h"
#include "net/local.h"
#include "script/guest.h"
#include "store/kv_file.h"
#include "weiyue.h"

enum { PORT = 9000, HOST_PORT = 8080, TRIES = 50, ADDRESS = 128, TEXT = 256, SEED = 32 };

typedef struct sandbox {
  const char *config, *lua_path, *store;
  char address[ADDRESS]; /* of both; without brackets */
  int port, host_port;
  bool port_given;
  char base[TEXT], url[TEXT], listen[TEXT], host_listen[TEXT];
  char wanted[16];          /* the port of the configuration's listen */
  char state[4096], *setup; /* JSON */
  char seed[2 * SEED + 1];  /* of the secrets that are made up */
  wy_buf own;               /* the sandbox's configuration */
  uv_loop_t loop;
  wy_guest *guest;
  wy_host *user, *wechat;
  wy_cli_problems problems;
} sandbox;

static int failed(int err) {
  wy_logfile_flush();
  return wy_cli_error(WY_EXIT_FAILED, wy_tr("没有启动：%s", "not started: %s"),
                      wy_cli_strerror(err));
}

/* --- addresses --- */

static int bad_listen(void) {
  return wy_cli_error(WY_EXIT_USAGE, "%s",
                      wy_tr("--listen 写成 地址:端口，例如 127.0.0.1:9000",
                            "--listen is ADDR:PORT, such as 127.0.0.1:9000"));
}

static int read_listen(sandbox *s, const char *listen) {
  snprintf(s->address, sizeof s->address, "127.0.0.1");
  s->port = PORT;
  if (!listen) return WY_CLI_GO_ON;
  const char *colon = strrchr(listen, ':');
  char *end;
  if (!colon || colon == listen) return bad_listen();
  long port = strtol(colon + 1, &end, 10);
  if (!colon[1] || *end || port < 0 || port > 65535) return bad_listen();
  const char *from = listen;
  size_t n = (size_t)(colon - listen);
  if (*from == '[' && n > 2 && from[n - 1] == ']') from++, n -= 2;
  if (n >= sizeof s->address) return bad_listen();
  snprintf(s->address, sizeof s->address, "%.*s", (int)n, from);
  s->port = (int)port;
  s->port_given = true;
  return WY_CLI_GO_ON;
}

/* The port, or the first free one behind it; *port is changed. 0: any. */
static int free_port(const char *address, int *port, int taken) {
  int err = UV_EADDRINUSE;
  for (int i = 0, p = *port; i < TRIES && p <= 65535; i++, p = *port ? *port + i : 0) {
    int fd, bound;
    if (p && p == taken) continue;
    err = wy_listen_open(address, p, 1, &fd, &bound);
    if (err == UV_EADDRINUSE) continue;
    if (err) return err;
    wy_listen_close(&fd, 1);
    *port = bound;
    return 0;
  }
  return err;
}

static int choose(sandbox *s, int *port, int taken) {
  int wanted = *port, err = free_port(s->address, port, taken);
  if (err)
    return wy_cli_error(
        WY_EXIT_FAILED,
        wy_tr("没有启动：%s:%d 不能监听：%s", "not started: cannot listen on %s:%d: %s"),
        s->address, wanted, wy_cli_why(err));
  if (wanted && *port != wanted)
    fprintf(stderr, wy_tr("端口 %d 已被占用，改用 %d\n", "port %d is taken, using %d\n"), wanted,
            *port);
  return WY_CLI_GO_ON;
}

static const char *visible(const char *address) {
  if (strcmp(address, "0.0.0.0") == 0) return "127.0.0.1";
  return strcmp(address, "::") == 0 ? "::1" : address;
}

static void write_addresses(sandbox *s) {
  const char *seen = visible(s->address), *open = strchr(seen, ':') ? "[" : "",
             *close = *open ? "]" : "";
  snprintf(s->base, sizeof s->base, "http://%s%s%s:%d", open, seen, close, s->port);
  snprintf(s->url, sizeof s->url, "http://%s%s%s:%d", open, seen, close, s->host_port);
  open = strchr(s->address, ':') ? "[" : "";
  close = *open ? "]" : "";
  snprintf(s->listen, sizeof s->listen, "%s%s%s:%d", open, s->address, close, s->port);
  snprintf(s->host_listen, sizeof s->host_listen, "%s%s%s:%d", open, s->address, close,
           s->host_port);
}

/* --- the state folder --- */

/* The state folder of the sandbox stands in the project's. */
static void make_folder(const char *path) {
  char part[4096];
  snprintf(part, sizeof part, "%s", path);
  char *slash = strrchr(part, '/');
  if (slash && slash != part) {
    *slash = '\0';
    mkdir(part, 0700);
  }
  mkdir(path, 0700); /* what cannot be made is told by who wants to write there */
}

/* The seed that the state folder keeps; false: it has none. */
static bool read_seed(sandbox *s, const char *path) {
  char seed[2 * SEED];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool ok = read(fd, seed, sizeof seed) == (ssize_t)sizeof seed;
  close(fd);
  if (ok) memcpy(s->seed, seed, sizeof seed);
  return ok;
}

/* Whole or not at all: another sandbox may begin at the same time, and the first one's stays. */
static void keep_seed(sandbox *s, const char *path) {
  char own[4224];
  snprintf(own, sizeof own, "%s.%ld", path, (long)getpid());
  int fd = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return; /* what cannot be kept is made anew next time */
  bool ok = write(fd, s->seed, 2 * SEED) == 2 * SEED;
  close(fd);
  if (ok && link(own, path) && !read_seed(s, path)) rename(own, path); /* what lies there is none */
  unlink(own);
}

static int take_seed(sandbox *s) { /* SEED bytes, in hex */
  unsigned char bytes[SEED];
  char path[4200];
  snprintf(path, sizeof path, "%s/seed", s->state);
  if (read_seed(s, path)) return WY_CLI_GO_ON;
  int err = uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL);
  if (err) return failed(err);
  for (size_t i = 0; i < SEED; i++) snprintf(s->seed + 2 * i, 3, "%02x", bytes[i]);
  keep_seed(s, path);
  return WY_CLI_GO_ON;
}

/* Another one has the state folder already: it is the one that is found there. */
static bool is_second(const sandbox *s) {
  int fd;
  if (wy_local_connect(s->state, WY_CONTROL_NAME, &fd)) return false;
  close(fd);
  return true;
}

/* For `weiyue push --sandbox` and its like: where the accounts are, and what their secrets come
 * from. What cannot be written is missed there. */
static void leave_setup(const sandbox *s, bool runs) {
  char path[4200];
  snprintf(path, sizeof path, "%s/setup.json", s->state);
  unlink(path);
  int fd = runs ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
  if (fd < 0) return;
  size_t n = strlen(s->setup);
  if (write(fd, s->setup, n) != (ssize_t)n) unlink(path);
  close(fd);
}

/* --- what the configuration says --- */

static void take_prepared(lua_State *L, void *data) {
  sandbox *s = data;
  snprintf(s->wanted, sizeof s->wanted, "%s", luaL_checkstring(L, -2));
  snprintf(s->state, sizeof s->state, "%s", luaL_checkstring(L, -1));
}

static void take_own(lua_State *L, void *data) {
  sandbox *s = data;
  size_t n;
  const char *text = luaL_checklstring(L, -2, &n);
  if (wy_buf_add(&s->own, text, n)) luaL_error(L, "out of memory");
}

static char *setup_json(const sandbox *s) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "base", s->base);
  cJSON_AddStringToObject(json, "url", s->url);
  cJSON_AddStringToObject(json, "listen", s->host_listen);
  cJSON_AddStringToObject(json, "seed", s->seed);
  if (strcmp(visible(s->address), s->address) != 0) cJSON_AddTrueToObject(json, "any");
  if (s->store) cJSON_AddStringToObject(json, "store", s->store);
  char *text = cJSON_PrintUnformatted(json);
  cJSON_Delete(json);
  return text;
}

static int prepare(sandbox *s) {
  wy_cli_lua lua;
  if (wy_cli_lua_open(&lua, s->lua_path, false)) return WY_EXIT_FAILED;
  int status = WY_EXIT_FAILED;
  const wy_cli_chunk first = {
      .text = "return require('weiyue.sandbox.setup').prepare(...)",
      .name = "=sandbox",
      .args = {s->config},
      .take = take_prepared,
      .data = s,
  };
  if (wy_cli_lua_run(&lua, &first)) goto end;
  s->host_port = *s->wanted ? atoi(s->wanted) : HOST_PORT;
  status = choose(s, &s->port, 0);
  if (status == WY_CLI_GO_ON) status = choose(s, &s->host_port, s->port);
  if (status != WY_CLI_GO_ON) goto end;
  write_addresses(s);
  make_folder(s->state);
  if ((status = take_seed(s)) != WY_CLI_GO_ON) goto end;
  status = WY_EXIT_FAILED;
  if (!(s->setup = setup_json(s))) goto end;
  const wy_cli_chunk second = {
      .text = "return require('weiyue.sandbox.setup').own(...)",
      .name = "=sandbox",
      .args = {s->listen, s->state, s->setup, s->config},
      .take = take_own,
      .data = s,
  };
  if (wy_cli_lua_run(&lua, &second) == 0) status = WY_CLI_GO_ON;
end:
  wy_cli_lua_close(&lua);
  return status;
}

/* The fake WeChat begins anew each time, and what is kept of its tokens and media would be of
 * another: unless somebody has it open. */
static void forget_store(const sandbox *s) {
  static const char *const ends[] = {"", "-wal", "-shm"};
  char path[4200], name[4224], why[WY_KV_WHY];
  int lock;
  if (s->store) return;
  snprintf(path, sizeof path, "%s/sandbox.db", s->state);
  if (access(path, F_OK) || wy_kv_file_lock(path, true, &lock, why)) return;
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    snprintf(name, sizeof name, "%s%s", path, ends[i]);
    unlink(name);
  }
  close(lock);
}

/* --- two hosts --- */

static void on_log(void *data, int level, const char *line, size_t n) {
  sandbox *s = data;
  wy_logfile_line(NULL, level, line, n);
  if (s->guest) wy_guest_line(s->guest, level, line, n);
}

static void on_problem(void *data, int level, const char *zh, const char *en) {
  sandbox *s = data;
  wy_cli_problem(&s->problems, level, zh, en);
}

static void on_advance(void *data, int64_t ms) {
  sandbox *s = data;
  wy_host_advance(s->user, ms);
}

/* The sandbox first: an account may call its WeChat as soon as it serves. */
static int start(sandbox *s) {
  wy_host_options options = {.loop = &s->loop,
                             .log = wy_logfile_line,
                             .problem = on_problem,
                             .data = s,
                             .lua_path = s->lua_path};
  int err = wy_guest_new(&s->guest, &s->loop, on_advance, s);
  if (!err) err = wy_host_new(&s->wechat, &options);
  if (!err) wy_host_guest(s->wechat, s->guest);
  if (!err) err = wy_host_load_text(s->wechat, s->own.p, s->own.n, "sandbox", "");
  if (err) return failed(err);
  options.log = on_log;
  err = wy_host_new(&s->user, &options);
  if (!err) wy_host_sandbox(s->user, s->setup);
  if (!err) err = wy_host_load(s->user, s->config);
  if (err < 0) return failed(err);
  if (err > 0)
    wy_cli_error(0,
                 wy_tr("没有加载的插件：%d 个；改好保存就会重新加载",
                       "plugins left out: %d; they load once they are mended"),
                 err);
  wy_logfile_open(NULL, wy_host_logger(s->user));
  if (wy_cli_signals_watch(s->user, false))
    return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("无法接收信号", "cannot watch for signals"));
  err = wy_host_start(s->wechat);
  if (!err) err = wy_host_start(s->user);
  return err ? failed(err) : WY_CLI_GO_ON;
}

static void print_ready(const sandbox *s) {
  printf(wy_tr("沙箱  %s/  用浏览器打开，就能和公众号聊天；Ctrl-C 结束\n",
               "sandbox  %s/  open it in a browser to chat with the account; Ctrl-C ends it\n"),
         s->base);
  const char *id;
  for (size_t i = 0; (id = wy_host_account_id(s->user, i)) != NULL; i++)
    printf(wy_tr("账号  %s  %s%s（%s）\n", "account  %s  %s%s (%s)\n"), id, s->url,
           wy_host_account_path(s->user, i), wy_host_account_mode(s->user, i));
  printf(wy_tr("插件  %d 个\n", "plugins  %d\n"), wy_host_plugin_count(s->user));
  fflush(stdout);
}

/* Streams of the chat page never end by themselves: its host is freed at once when the user's has
 * ended in its own time. */
static void end(sandbox *s) {
  wy_cli_signals_unwatch();
  wy_host_free(s->user);
  wy_host_free(s->wechat);
  wy_guest_close(s->guest);
  uv_run(&s->loop, UV_RUN_DEFAULT);
  uv_loop_close(&s->loop);
}

static int run(sandbox *s) {
  forget_store(s);
  bool is_found = !is_second(s);
  if (uv_loop_init(&s->loop)) return failed(WY_E_NOMEM);
  int status = start(s);
  if (status == WY_CLI_GO_ON) {
    if (is_found) leave_setup(s, true);
    print_ready(s);
    while (!wy_host_stopped(s->user)) uv_run(&s->loop, UV_RUN_ONCE);
    if (is_found) leave_setup(s, false);
    status = WY_EXIT_DONE;
  }
  end(s);
  return status;
}

int wy_cli_sandbox(int argc, char **argv) {
  static const wy_cli_usage usage = {
      "sandbox [CONFIG] [--listen ADDR:PORT] [--store URL] [--lua-path DIR]",
      "让 CONFIG（默认 "
      "weiyue.lua）里的账号对着一个假的微信运行，并打开一个聊天页面：打字、点菜单、\n"
      "扫码、走网页授权，不用手机、公网地址和 AppSecret。配置里没有的密钥会自动编一个；插件改了就\n"
      "重新加载。只有本机能访问，除非 --listen 另有说明。",
      "Runs the accounts of CONFIG (weiyue.lua by default) against a fake WeChat, with a chat\n"
      "page: type, press the menu, scan, follow the OAuth page, without a phone, a public\n"
      "address or an AppSecret. Secrets that are not set are made up; changed plugins are\n"
      "loaded anew. Only this machine gets at it, unless --listen says otherwise.",
      1};
  sandbox s = {.config = NULL};
  const char *listen = NULL;
  const wy_cli_option options[] = {
      {"listen", "ADDR:PORT",
       "聊天页面和假微信的地址，默认 127.0.0.1:9000；账号用同一地址、另一端口",
       "where the chat page and the fake WeChat are, 127.0.0.1:9000 by default; the accounts have "
       "the same address and another port",
       &listen, NULL},
      {"store", "URL", "账号的存储；默认是状态目录里的 sandbox/sandbox.db，每次启动都是新的",
       "the accounts' store; by default sandbox/sandbox.db in the state folder, new at each start",
       &s.store, NULL},
      {"lua-path", "DIR", "从 DIR 读 weiyue/*.lua，不用内嵌的",
       "read weiyue/*.lua from DIR instead of the embedded files", &s.lua_path, NULL},
      {0}};
  int status = wy_cli_options(&usage, options, argc, argv, &s.config);
  if (status == WY_CLI_GO_ON) status = read_listen(&s, listen);
  if (status != WY_CLI_GO_ON) return status;
  if (!s.config) s.config = "weiyue.lua";
  wy_buf_init(&s.own, 65536);
  status = prepare(&s);
  if (status == WY_CLI_GO_ON) status = run(&s);
  wy_logfile_close();
  wy_buf_deinit(&s.own);
  free(s.setup);
  return status;
}
