/* The program that spec/bench/slow measures with customer service: it embeds the library and prints
 * each late message instead of calling WeChat.
 *
 * usage: slow_host CONFIG
 * Listens on a free port of 127.0.0.1 and prints `listening PORT`, then one line of JSON per late
 * message, {"account":…,"message":…}. Logs go to stderr. Exits 0 on SIGTERM. */
#include <signal.h>
#include <stdio.h>

#include "weiyue.h"

static wy_host *host;

static void on_signal(int sig) {
  (void)sig;
  wy_host_stop(host);
}

static void write_log(void *data, int level, const char *line, size_t n) {
  (void)data;
  (void)level;
  fprintf(stderr, "%.*s\n", (int)n, line);
}

static void write_problem(void *data, int level, const char *zh, const char *en) {
  (void)data;
  (void)level;
  (void)zh;
  fprintf(stderr, "%s\n", en);
}

/* From several threads: one stdio call is one line. An account's id needs no escapes, the message
 * is JSON. Standard output is a file, which does not block. */
static void print_late(void *data, wy_late *late, const char *account, const char *json, size_t n) {
  (void)data;
  printf("{\"account\":\"%s\",\"message\":%.*s}\n", account, (int)n, json);
  wy_late_done(late, 0, NULL);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: slow_host CONFIG\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  const wy_host_options options = {.log = write_log, .problem = write_problem};
  int err = wy_host_new(&host, &options);
  if (err < 0) goto end;
  wy_host_listen(host, "127.0.0.1:0");
  err = wy_host_load(host, argv[1]);
  if (err != 0) goto end; /* above 0: the plugin was left out */
  err = wy_host_sender(host, print_late, NULL);
  if (err < 0) goto end;
  err = wy_host_start(host);
  if (err < 0) goto end;
  signal(SIGTERM, on_signal);
  signal(SIGPIPE, SIG_IGN);
  printf("listening %d\n", wy_host_port(host));
  err = wy_host_run(host);
end:
  if (err < 0) fprintf(stderr, "%s\n", wy_strerror(err));
  wy_host_free(host);
  return err != 0;
}
