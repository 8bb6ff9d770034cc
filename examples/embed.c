/* The smallest program with a WeChat account of its own in it, and a page in C beside it.
 *
 *   cc embed.c -o embed $(pkg-config --cflags --libs weiyue) && ./embed
 *
 * Then, with the same token:
 *   weiyue push http://127.0.0.1:8080/wx --token wxtesttoken --mode plain --text 你好
 *   curl http://127.0.0.1:8080/hello */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <weiyue.h>

static const char config[] =
    "return {\n"
    "  listen = \"127.0.0.1:8080\",\n"
    "  plugins = {},  -- files, or folders, beside this program: \"hello.lua\"\n"
    "  accounts = { { token = \"wxtesttoken\", appid = \"wxtestappid0001\", mode = \"plain\" } },\n"
    "}\n";

static wy_host *host;

static void on_signal(int sig) {
  (void)sig;
  wy_host_stop(host); /* allowed here: it only wakes the loop */
}

static void on_log(void *data, int level, const char *line, size_t n) {
  (void)data;
  (void)level;
  fprintf(stderr, "%.*s\n", (int)n, line);
}

static void on_problem(void *data, int level, const char *zh, const char *en) {
  (void)data;
  (void)level;
  fprintf(stderr, "%s\n%s\n", zh, en);
}

static void hello(void *data, wy_request *req) {
  const char *text = data;
  wy_request_answer(req, 200, "text/plain; charset=utf-8", text, strlen(text));
}

int main(void) {
  wy_host_options options = {.log = on_log, .problem = on_problem};
  if (wy_host_new(&host, &options) < 0) return 1;
  int err = wy_host_load_text(host, config, strlen(config), "embed", ".");
  if (err >= 0) err = wy_host_route(host, WY_METHOD_GET, "/hello", 0, hello, "你好，我是微月\n");
  if (err >= 0) err = wy_host_start(host);
  if (err >= 0) {
    printf("http://%s:%d%s\n", wy_host_address(host), wy_host_port(host),
           wy_host_account_path(host, 0));
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    err = wy_host_run(host);
  }
  if (err < 0) fprintf(stderr, "%s\n", wy_strerror(err));
  wy_host_free(host);
  return err < 0;
}
