/* reload: a program that embeds the library and reloads its host, by weiyue.h alone: from another
 * thread, and with an end that comes in the middle. */
#include <dirent.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "weiyue.h"

#define TOKEN "wxtesttoken"

static const char config[] =
    "return {\n"
    "  listen = \"127.0.0.1:0\", admin = false, workers = 2,\n"
    "  plugins = { \"bot.lua\" },\n"
    "  accounts = { { id = \"main\", path = \"/wx\", token = \"" TOKEN
    "\", mode = \"plain\" } },\n"
    "}\n";

/* --- a folder with a plugin --- */

static char folder[256];

static void write_plugin(int version) {
  char path[512], whole[512];
  snprintf(path, sizeof path, "%s/bot.tmp", folder);
  snprintf(whole, sizeof whole, "%s/bot.lua", folder);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fprintf(f,
          "local wx = require \"weiyue\"\n"
          "wx.every(\"1s\", function() end)\n"
          "wx.text(function(msg) return \"version %d\" end)\n",
          version);
  fclose(f);
  assert_int_equal(rename(path, whole), 0); /* a reload may be reading */
}

static int make_folder(void **state) {
  (void)state;
  const char *tmp = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/wy-reload-XXXXXX", tmp ? tmp : "/tmp");
  if (!mkdtemp(folder)) return -1;
  write_plugin(1);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char path[512];
  snprintf(path, sizeof path, "%s/bot.lua", folder);
  unlink(path);
  return rmdir(folder); /* fails when the host has left something there */
}

/* --- a host --- */

static atomic_int reloads; /* that the log has told of */

static void on_log(void *data, int level, const char *line, size_t n) {
  (void)data;
  assert_int_not_equal(level, WY_LEVEL_ERROR);
  if (memmem(line, n, "event=reload.done", 17)) atomic_fetch_add(&reloads, 1);
}

static wy_host *host_new(uv_loop_t *loop) {
  wy_host *host = NULL;
  wy_host_options options = {.loop = loop, .log = on_log};
  assert_int_equal(wy_host_new(&host, &options), 0);
  wy_host_workers(host, 0); /* as the configuration says */
  assert_int_equal(wy_host_load_text(host, config, sizeof config - 1, "weiyue.lua", folder), 0);
  assert_int_equal(wy_host_start(host), 0);
  assert_int_equal(wy_host_worker_count(host), 2);
  return host;
}

/* --- a push --- */

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int push(char *out, size_t max) {
  static atomic_uint ids;
  char stamp[32], nonce[32], all[128] = "", body[512];
  unsigned char digest[SHA_DIGEST_LENGTH];
  const char *parts[] = {TOKEN, stamp, nonce};
  unsigned id = atomic_fetch_add(&ids, 1) + 1;
  snprintf(nonce, sizeof nonce, "nonce%u", id);
  snprintf(stamp, sizeof stamp, "%lld", (long long)time(NULL));
  qsort(parts, 3, sizeof *parts, by_text);
  for (int i = 0; i < 3; i++) strcat(all, parts[i]);
  SHA1((const unsigned char *)all, strlen(all), digest);
  int n = snprintf(body, sizeof body,
                   "<xml><ToUserName>gh</ToUserName><FromUserName>oUser%u</FromUserName>"
                   "<CreateTime>%s</CreateTime><MsgType>text</MsgType><Content>hi</Content>"
                   "<MsgId>%u</MsgId></xml>",
                   id, stamp, id);
  int at = snprintf(out, max, "POST /wx?timestamp=%s&nonce=%s&signature=", stamp, nonce);
  for (int i = 0; i < SHA_DIGEST_LENGTH; i++)
    at += snprintf(out + at, max - (size_t)at, "%02x", digest[i]);
  return at + snprintf(out + at, max - (size_t)at,
                       " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
                       n, body);
}

/* The version that answers; 0: nothing does. */
static int version_of(int port) {
  char request[2048], answer[4096];
  struct sockaddr_in a;
  size_t n = 0;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), size = push(request, sizeof request);
  uv_ip4_addr("127.0.0.1", port, &a);
  if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
      send(fd, request, (size_t)size, MSG_NOSIGNAL) == size) {
    ssize_t k;
    while ((k = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0) n += (size_t)k;
  }
  close(fd);
  answer[n] = '\0';
  const char *found = strstr(answer, "version ");
  return found ? atoi(found + 8) : 0;
}

/* --- from another thread --- */

typedef struct visitor {
  wy_host *host;
  int port;
  int lost, stale; /* pushes without an answer; with one of a version before the last */
  bool timed_out;
} visitor;

static void *visit(void *data) {
  visitor *v = data;
  for (int version = 2; version < 12; version++) {
    write_plugin(version);
    wy_host_reload(v->host);
    if (version % 3 == 0) wy_host_reload(v->host); /* twice at once */
    time_t until = time(NULL) + 20;
    for (int is = 0; is != version;) {
      is = version_of(v->port);
      v->lost += is == 0;
      v->stale += is != 0 && is < version - 1;
      if (time(NULL) <= until) continue;
      v->timed_out = true;
      break;
    }
  }
  wy_host_stop(v->host);
  return NULL;
}

static void reloads_from_another_thread_and_writes_nothing(void **state) {
  (void)state;
  wy_host *host = host_new(NULL);
  visitor v = {.host = host, .port = wy_host_port(host)};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, visit, &v), 0);
  assert_int_equal(wy_host_run(host), 0);
  pthread_join(thread, NULL);
  wy_host_free(host);
  assert_false(v.timed_out);
  assert_int_equal(v.lost, 0);
  assert_int_equal(v.stale, 0);
  assert_true(atomic_load(&reloads) >= 10);
  DIR *dir = opendir(folder);
  assert_non_null(dir);
  for (const struct dirent *e; (e = readdir(dir)) != NULL;)
    if (e->d_name[0] != '.' || strlen(e->d_name) > 2) assert_string_equal(e->d_name, "bot.lua");
  closedir(dir);
}

/* --- an end in the middle of a build --- */

static void nap(int ms) {
  const struct timespec t = {0, ms * 1000000L};
  nanosleep(&t, NULL);
}

/* For some ms: 0 is before the helper's thread has begun, the last ones after it is done. */
static const int moments[] = {0, 0, 1, 2, 4, 8, 16, 40};

static void frees_in_the_middle_of_a_build(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    wy_host *host = host_new(&loop);
    wy_host_reload(host);
    for (int turns = 0; turns < 3; turns++) uv_run(&loop, UV_RUN_NOWAIT); /* it begins */
    wy_host_reload(host); /* and one waits, or is not heard of */
    if (i % 2) uv_run(&loop, UV_RUN_NOWAIT);
    nap(moments[i]);
    wy_host_free(host);
    assert_int_equal(uv_loop_close(&loop), 0);
  }
}

static void stops_in_the_middle_of_a_build(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
    uv_loop_t loop;
    assert_int_equal(uv_loop_init(&loop), 0);
    wy_host *host = host_new(&loop);
    wy_host_reload(host);
    for (int turns = 0; turns < 3; turns++) uv_run(&loop, UV_RUN_NOWAIT);
    nap(moments[i]);
    if (moments[i] > 8) uv_run(&loop, UV_RUN_NOWAIT); /* perhaps published, and not switched */
    wy_host_stop(host);
    uv_run(&loop, UV_RUN_DEFAULT); /* ends when the host has closed what it had */
    assert_true(wy_host_stopped(host));
    wy_host_reload(host); /* nobody hears it */
    wy_host_free(host);
    assert_int_equal(uv_loop_close(&loop), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reloads_from_another_thread_and_writes_nothing),
      cmocka_unit_test(frees_in_the_middle_of_a_build),
      cmocka_unit_test(stops_in_the_middle_of_a_build),
  };
  return cmocka_run_group_tests_name("reload", tests, make_folder, remove_folder);
}
