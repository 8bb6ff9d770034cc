/* host: libweiyue as an embedding program sees it, through weiyue.h alone. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "weiyue.h"

#define TOKEN "wxtesttoken"

static const char config[] =
    "return {\n"
    "  listen = \"127.0.0.1:0\",\n"
    "  plugins = { \"echo.lua\" },\n"
    "  accounts = { { id = \"main\", path = \"/wx/main\", token = \"" TOKEN
    "\", appid = \"wxtestappid0001\",\n"
    "    mode = \"plain\" } },\n"
    "}\n";

static const char plugin[] =
    "local wx = require \"weiyue\"\n"
    "wx.text(\"slow\", function() wx.sleep(0.05) return \"slept\" end)\n"
    "wx.text(function(msg) return \"echo: \" .. msg.content end)\n";

/* --- a folder with a configuration and a plugin --- */

static char folder[256];

static void write_file(const char *name, const char *text) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  fclose(f);
}

static void remove_file(const char *name) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path);
}

static int make_folder(void **state) {
  (void)state;
  const char *tmp = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/wy-host-XXXXXX", tmp ? tmp : "/tmp");
  if (!mkdtemp(folder)) return -1;
  write_file("weiyue.lua", config);
  write_file("echo.lua", plugin);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  remove_file("weiyue.lua");
  remove_file("echo.lua");
  remove_file("bad.lua");
  remove_file("final.lua");
  return rmdir(folder);
}

/* --- what the callbacks have heard --- */

typedef struct heard {
  char log[65536], zh[4096], en[4096];
  int errors, notes, lines;
} heard;

static void add(char *to, size_t max, const char *text, size_t n) {
  size_t at = strlen(to);
  assert_true(at + n + 2 < max);
  memcpy(to + at, text, n);
  memcpy(to + at + n, "\n", 2);
}

static void on_log(void *data, int level, const char *line, size_t n) {
  heard *h = data;
  assert_in_range(level, WY_LEVEL_DEBUG, WY_LEVEL_ERROR);
  assert_null(memchr(line, '\n', n));
  add(h->log, sizeof h->log, line, n);
  h->lines++;
}

static void on_problem(void *data, int level, const char *zh, const char *en) {
  heard *h = data;
  add(h->zh, sizeof h->zh, zh, strlen(zh));
  add(h->en, sizeof h->en, en, strlen(en));
  if (level == WY_LEVEL_ERROR) h->errors++;
  else h->notes++;
}

static wy_host *host_new(heard *h, uv_loop_t *loop) {
  wy_host *host = NULL;
  memset(h, 0, sizeof *h);
  wy_host_options options = {.loop = loop, .log = on_log, .problem = on_problem, .data = h};
  assert_int_equal(wy_host_new(&host, &options), 0);
  assert_non_null(host);
  return host;
}

static int load(wy_host *host, const char *text) {
  return wy_host_load_text(host, text, strlen(text), "weiyue.lua", folder);
}

/* --- C routes --- */

static void answer_ok(void *data, wy_request *req) {
  const char *text = data;
  wy_request_answer(req, 200, "text/plain", text, strlen(text));
}

/* What it was asked, as text. */
static void answer_request(void *data, wy_request *req) {
  char out[1000];
  size_t path_n, query_n, header_n, none_n, body_n;
  (void)data;
  const char *path = wy_request_path(req, &path_n), *query = wy_request_query(req, &query_n);
  const char *header = wy_request_header(req, "X-Field", &header_n);
  const char *none = wy_request_header(req, "X-None", &none_n);
  const char *body = wy_request_body(req, &body_n);
  assert_null(none);
  int n =
      snprintf(out, sizeof out, "%u|%.*s|%.*s|%.*s|%.*s", wy_request_method(req), (int)path_n, path,
               (int)query_n, query, (int)header_n, header ? header : "", (int)body_n, body);
  wy_request_answer(req, 200, NULL, out, (size_t)n);
}

static wy_request *held;
static void hold(void *data, wy_request *req) {
  (void)data;
  held = req;
}

/* --- a client that blocks, for a thread of its own --- */

static int dial(int port) {
  struct sockaddr_in a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  uv_ip4_addr("127.0.0.1", port, &a);
  if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
    close(fd);
    return -1;
  }
  return fd;
}

/* The request asks for close, so the answer ends with the connection. */
static void ask(int port, const char *request, char *out, size_t max) {
  size_t n = 0;
  out[0] = '\0';
  int fd = dial(port);
  if (fd < 0) return;
  if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
    ssize_t k;
    while (n < max - 1 && (k = recv(fd, out + n, max - 1 - n, 0)) > 0) n += (size_t)k;
  }
  out[n] = '\0';
  close(fd);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A text message, signed as WeChat signs it. */
static void push_as(char *out, size_t max, const char *content, unsigned id) {
  char stamp[32], nonce[32], all[128] = "", body[512];
  unsigned char digest[SHA_DIGEST_LENGTH];
  const char *parts[] = {TOKEN, stamp, nonce};
  snprintf(nonce, sizeof nonce, "nonce%u", id);
  snprintf(stamp, sizeof stamp, "%lld", (long long)time(NULL));
  qsort(parts, 3, sizeof *parts, by_text);
  for (int i = 0; i < 3; i++) strcat(all, parts[i]);
  SHA1((const unsigned char *)all, strlen(all), digest);
  int n = snprintf(body, sizeof body,
                   "<xml><ToUserName><![CDATA[gh_wxtest]]></ToUserName><FromUserName>"
                   "<![CDATA[oUser]]></FromUserName><CreateTime>%s</CreateTime>"
                   "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content>"
                   "<MsgId>%u</MsgId></xml>",
                   stamp, content, id);
  int at = snprintf(out, max, "POST /wx/main?timestamp=%s&nonce=%s&signature=", stamp, nonce);
  for (int i = 0; i < SHA_DIGEST_LENGTH; i++)
    at += snprintf(out + at, max - (size_t)at, "%02x", digest[i]);
  snprintf(out + at, max - (size_t)at,
           " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", n, body);
}

static void push(char *out, size_t max, const char *content) { push_as(out, max, content, 1); }

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* --- specs --- */

static void names_version_and_errors(void **state) {
  (void)state;
  assert_string_equal(wy_version(), WY_VERSION);
  assert_non_null(strstr(wy_strerror(-1), "unknown"));
}

typedef struct visit {
  wy_host *host;
  int port;
  char pushed[4096], routed[4096], missing[4096];
} visit;

static void *visit_and_stop(void *arg) {
  visit *v = arg;
  char request[2048];
  push(request, sizeof request, "hi");
  ask(v->port, request, v->pushed, sizeof v->pushed);
  ask(v->port, GET("/c"), v->routed, sizeof v->routed);
  ask(v->port, GET("/none"), v->missing, sizeof v->missing);
  wy_host_stop(v->host);
  return NULL;
}

static void serves_an_account_and_a_route_until_another_thread_stops_it(void **state) {
  (void)state;
  for (int from_file = 0; from_file < 2; from_file++) {
    heard h;
    wy_host *host = host_new(&h, NULL);
    char path[512];
    snprintf(path, sizeof path, "%s/weiyue.lua", folder);
    assert_int_equal(from_file ? wy_host_load(host, path) : load(host, config), 0);
    assert_int_equal(h.errors, 0);
    assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/c", 0, answer_ok, "from C"), 0);
    assert_int_equal(wy_host_start(host), 0);
    assert_string_equal(wy_host_address(host), "127.0.0.1");
    visit v = {.host = host, .port = wy_host_port(host)};
    assert_in_range(v.port, 1, 65535);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, visit_and_stop, &v), 0);
    assert_int_equal(wy_host_run(host), 0);
    pthread_join(thread, NULL);
    assert_true(wy_host_stopped(host));
    assert_non_null(strstr(v.pushed, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(v.pushed, "<![CDATA[echo: hi]]>"));
    assert_non_null(strstr(v.routed, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(v.routed, "\r\n\r\nfrom C"));
    assert_non_null(strstr(v.missing, "HTTP/1.1 404 "));
    assert_int_equal(dial(v.port), -1);
    wy_host_free(host);
  }
}

static void *push_slowly_and_stop(void *arg) {
  visit *v = arg;
  char request[2048];
  push(request, sizeof request, "slow");
  int fd = dial(v->port);
  if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) return NULL;
  /* a second request is answered: the first has been read */
  ask(v->port, GET("/c"), v->routed, sizeof v->routed);
  wy_host_stop(v->host);
  wy_host_stop(v->host); /* twice is once */
  ssize_t n = recv(fd, v->pushed, sizeof v->pushed - 1, MSG_WAITALL);
  v->pushed[n > 0 ? n : 0] = '\0';
  close(fd);
  return NULL;
}

static void finishes_what_is_in_flight_when_it_is_stopped(void **state) {
  (void)state;
  heard h;
  wy_host *host = host_new(&h, NULL);
  assert_int_equal(load(host, config), 0);
  assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/c", 0, answer_ok, "c"), 0);
  assert_int_equal(wy_host_start(host), 0);
  visit v = {.host = host, .port = wy_host_port(host)};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, push_slowly_and_stop, &v), 0);
  assert_int_equal(wy_host_run(host), 0);
  pthread_join(thread, NULL);
  assert_non_null(strstr(v.pushed, "<![CDATA[slept]]>"));
  wy_host_free(host);
}

/* --- a loop of the caller, driven in this thread --- */

typedef struct peer {
  uv_loop_t *loop;
  int fd;
  char in[16384];
  size_t n;
  bool closed;
} peer;

static void pump(peer *p) {
  uv_run(p->loop, UV_RUN_NOWAIT);
  ssize_t k = recv(p->fd, p->in + p->n, sizeof p->in - 1 - p->n, 0);
  if (k > 0) p->n += (size_t)k;
  if (k == 0 || (k < 0 && errno != EAGAIN)) p->closed = true;
  p->in[p->n] = '\0';
  struct pollfd polled[2] = {{uv_backend_fd(p->loop), POLLIN, 0},
                             {p->closed ? -1 : p->fd, POLLIN, 0}};
  poll(polled, 2, 1);
}

#define UNTIL(p, condition)                                                 \
  for (time_t until_ = time(NULL) + 20; !(condition); pump(p)) {            \
    if (time(NULL) > until_) fail_msg("never became true: %s", #condition); \
  }

static void peer_ask(peer *p, uv_loop_t *loop, int port, const char *request) {
  *p = (peer){.loop = loop, .fd = dial(port)};
  assert_true(p->fd >= 0);
  assert_int_equal(send(p->fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
  fcntl(p->fd, F_SETFL, O_NONBLOCK);
}

static void exchange(uv_loop_t *loop, int port, const char *request, peer *p) {
  peer_ask(p, loop, port, request);
  UNTIL(p, p->closed);
  close(p->fd);
}

static void runs_on_a_loop_of_the_caller(void **state) {
  (void)state;
  uv_loop_t loop;
  heard h;
  peer p;
  assert_int_equal(uv_loop_init(&loop), 0);
  wy_host *host = host_new(&h, &loop);
  assert_int_equal(load(host, config), 0);
  assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/late", 0, hold, NULL), 0);
  assert_int_equal(wy_host_start(host), 0);
  assert_true(wy_host_run(host) < 0); /* the loop is not its own */
  held = NULL;
  peer_ask(&p, &loop, wy_host_port(host), GET("/late"));
  UNTIL(&p, held != NULL);
  wy_host_stop(host);
  for (int i = 0; i < 20; i++) pump(&p);
  assert_false(wy_host_stopped(host)); /* a request is in flight */
  assert_int_equal(p.n, 0);
  wy_request_answer(held, 200, "text/plain", "late", 4);
  UNTIL(&p, p.closed && wy_host_stopped(host));
  assert_non_null(strstr(p.in, "\r\nConnection: close\r\n"));
  assert_non_null(strstr(p.in, "\r\n\r\nlate"));
  close(p.fd);
  wy_host_free(host);
  assert_int_equal(uv_run(&loop, UV_RUN_NOWAIT), 0);
  assert_int_equal(uv_loop_close(&loop), 0); /* no handle is left behind */
}

static void shares_a_loop_with_another_host(void **state) {
  (void)state;
  uv_loop_t loop;
  heard h[2];
  wy_host *host[2];
  peer p;
  assert_int_equal(uv_loop_init(&loop), 0);
  for (int i = 0; i < 2; i++) {
    host[i] = host_new(&h[i], &loop);
    assert_int_equal(load(host[i], config), 0);
    assert_int_equal(wy_host_route(host[i], WY_METHOD_GET, "/c", 0, answer_ok, i ? "two" : "one"),
                     0);
    assert_int_equal(wy_host_start(host[i]), 0);
  }
  exchange(&loop, wy_host_port(host[0]), GET("/c"), &p);
  assert_non_null(strstr(p.in, "\r\n\r\none"));
  wy_host_free(host[0]); /* without a stop: at once */
  char request[2048];
  push(request, sizeof request, "still");
  exchange(&loop, wy_host_port(host[1]), request, &p);
  assert_non_null(strstr(p.in, "echo: still"));
  wy_host_free(host[1]);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void frees_at_every_stage(void **state) {
  (void)state;
  wy_host_free(NULL);
  for (int own = 0; own < 2; own++) {
    for (int stage = 0; stage < 6; stage++) {
      uv_loop_t loop;
      heard h;
      peer p;
      assert_int_equal(uv_loop_init(&loop), 0);
      wy_host *host = host_new(&h, own ? NULL : &loop);
      if (stage >= 1) assert_int_equal(load(host, config), 0);
      if (stage >= 2)
        assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/c", 0, answer_ok, "c"), 0);
      if (stage >= 3) assert_int_equal(wy_host_start(host), 0);
      if (stage == 4) wy_host_stop(host);
      if (stage == 5 && !own) { /* with a handler in the middle of its work */
        char request[2048];
        push(request, sizeof request, "slow");
        peer_ask(&p, &loop, wy_host_port(host), request);
        for (int i = 0; i < 20; i++) pump(&p);
        assert_int_equal(p.n, 0);
        close(p.fd);
      }
      wy_host_free(host);
      assert_int_equal(uv_loop_close(&loop), 0);
    }
  }
}

/* What finalizers set is neither run nor kept. */
static void frees_timers_that_are_pending(void **state) {
  (void)state;
  write_file("final.lua",
             "local wx = require \"weiyue\"\n"
             "local timers = {}\n"
             "local function set()\n"
             "  for i = 1, 3 do timers[i] = wx.after(60, function() error \"it ran\" end) end\n"
             "  wx.after(\"1h\", print, {})\n"
             "end\n"
             "set()\n"
             "local early = wx.after(\"1h\", set)\n"
             "wx.text(\"set\", function() set() early:cancel() return \"set\" end)\n");
  for (int started = 0; started < 2; started++) {
    uv_loop_t loop;
    heard h;
    assert_int_equal(uv_loop_init(&loop), 0);
    wy_host *host = host_new(&h, &loop);
    assert_int_equal(load(host,
                          "return { listen = \"127.0.0.1:0\", plugins = { \"final.lua\" },"
                          " accounts = { { path = \"/wx/main\", token = \"" TOKEN "\" } } }"),
                     0);
    if (started) assert_int_equal(wy_host_start(host), 0);
    wy_host_free(host);
    assert_null(strstr(h.log, "it ran"));
    assert_int_equal(uv_run(&loop, UV_RUN_NOWAIT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
  }
  remove_file("final.lua");
}

static void needs_no_options(void **state) {
  (void)state;
  wy_host *host = NULL;
  assert_int_equal(wy_host_new(&host, NULL), 0);
  assert_true(load(host, "return {") < 0); /* told to nobody */
  assert_true(wy_host_start(host) < 0);
  assert_true(wy_host_run(host) < 0);
  wy_host_free(host);
}

/* --- faults of the configuration and of plugins --- */

static bool has_chinese(const char *text) {
  return strstr(text, "\xE7") || strstr(text, "\xE6") || strstr(text, "\xE4");
}

static void tells_faults_of_the_configuration_in_two_languages(void **state) {
  (void)state;
  static const char *const bad[] = {
      "return {",
      "return 1",
      "error(\"boom\")",
      "return { listen = \"nowhere\", accounts = { { token = \"" TOKEN "\" } } }",
      "return { accounts = { { id = \"a\", token = \"" TOKEN "\", mode = \"safe\" } } }",
      "return { accounts = {}, nonsense = 1 }",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    heard h;
    wy_host *host = host_new(&h, NULL);
    assert_true(load(host, bad[i]) < 0);
    assert_true(h.errors > 0);
    assert_non_null(strstr(h.en, "weiyue.lua"));
    assert_non_null(strstr(h.zh, "weiyue.lua"));
    assert_true(has_chinese(h.zh));
    assert_false(has_chinese(h.en));
    assert_null(wy_host_account_id(host, 0));
    assert_true(wy_host_start(host) < 0); /* nothing to serve */
    wy_host_free(host);
  }
}

static void names_the_line_of_a_fault(void **state) {
  (void)state;
  heard h;
  wy_host *host = host_new(&h, NULL);
  assert_true(load(host, "return {\n  listen = \n}") < 0);
  assert_non_null(strstr(h.en, "weiyue.lua:3"));
  assert_non_null(strstr(h.zh, "weiyue.lua:3"));
  wy_host_free(host);
}

static void logs_faults_when_nobody_listens_for_them(void **state) {
  (void)state;
  heard h = {0};
  wy_host *host = NULL;
  wy_host_options options = {.log = on_log, .data = &h};
  assert_int_equal(wy_host_new(&host, &options), 0);
  assert_true(load(host, "return {") < 0);
  assert_non_null(strstr(h.log, " error event=config"));
  assert_non_null(strstr(h.log, "weiyue.lua"));
  wy_host_free(host);
}

static void loads_what_is_whole_beside_a_broken_plugin(void **state) {
  (void)state;
  heard h;
  peer p;
  uv_loop_t loop;
  write_file("bad.lua", "local wx = require \"weiyue\"\n\nwx.text(");
  assert_int_equal(uv_loop_init(&loop), 0);
  wy_host *host = host_new(&h, &loop);
  assert_int_equal(
      load(host,
           "return { listen = \"127.0.0.1:0\", plugins = { \"bad.lua\", \"echo.lua\" },"
           "accounts = { { id = \"main\", path = \"/wx/main\", token = \"" TOKEN
           "\", mode = \"plain\" } } }"),
      1);
  assert_int_equal(h.errors, 1);
  assert_non_null(strstr(h.en, "bad.lua:3"));
  assert_non_null(strstr(h.zh, "bad.lua:3"));
  assert_int_equal(wy_host_start(host), 0);
  char request[2048];
  push(request, sizeof request, "whole");
  exchange(&loop, wy_host_port(host), request, &p);
  assert_non_null(strstr(p.in, "echo: whole"));
  wy_host_free(host);
  assert_int_equal(uv_loop_close(&loop), 0);
  remove_file("bad.lua");
}

static void says_when_a_file_is_missing(void **state) {
  (void)state;
  heard h;
  char path[512];
  wy_host *host = host_new(&h, NULL);
  snprintf(path, sizeof path, "%s/none.lua", folder);
  assert_true(wy_host_load(host, path) < 0);
  assert_int_equal(h.errors, 1);
  assert_non_null(strstr(h.en, "none.lua"));
  wy_host_free(host);
}

static void loads_once(void **state) {
  (void)state;
  heard h;
  wy_host *host = host_new(&h, NULL);
  assert_int_equal(load(host, config), 0);
  assert_true(load(host, config) < 0);
  assert_string_equal(wy_host_account_id(host, 0), "main");
  assert_null(wy_host_account_id(host, 1));
  wy_host_free(host);
}

static void lists_accounts(void **state) {
  (void)state;
  heard h;
  wy_host *host = host_new(&h, NULL);
  assert_int_equal(load(host,
                        "return { plugins = {}, accounts = {"
                        "{ id = \"a\", path = \"/a\", token = \"" TOKEN "\", mode = \"plain\" },"
                        "{ id = \"b\", path = \"/b\", token = \"" TOKEN "\", appid = \"wxtest1\","
                        "  mode = \"safe\", aes_key = (\"k\"):rep(43) } } }"),
                   0);
  assert_string_equal(wy_host_account_id(host, 0), "a");
  assert_string_equal(wy_host_account_path(host, 0), "/a");
  assert_string_equal(wy_host_account_mode(host, 0), "plain");
  assert_string_equal(wy_host_account_id(host, 1), "b");
  assert_string_equal(wy_host_account_mode(host, 1), "safe");
  assert_null(wy_host_account_id(host, 2));
  assert_null(wy_host_account_path(host, 2));
  assert_null(wy_host_account_mode(host, 2));
  wy_host_free(host);
}

/* --- listening --- */

static void listens_where_it_is_told(void **state) {
  (void)state;
  heard h;
  peer p;
  uv_loop_t loop;
  assert_int_equal(uv_loop_init(&loop), 0);
  wy_host *host = host_new(&h, &loop);
  wy_host_listen(host, "127.0.0.1:0");
  assert_int_equal(load(host,
                        "return { listen = \"192.0.2.1:1\", plugins = {}, accounts = {"
                        "{ path = \"/a\", token = \"" TOKEN "\", mode = \"plain\" } } }"),
                   0);
  assert_int_equal(wy_host_start(host), 0);
  assert_string_equal(wy_host_address(host), "127.0.0.1");
  exchange(&loop, wy_host_port(host), GET("/none"), &p);
  assert_non_null(strstr(p.in, "HTTP/1.1 404 "));
  wy_host_free(host);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void says_when_its_port_is_taken(void **state) {
  (void)state;
  struct sockaddr_in a;
  socklen_t n = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  uv_ip4_addr("127.0.0.1", 0, &a);
  assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
  assert_int_equal(listen(fd, 1), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
  char listen_on[64];
  snprintf(listen_on, sizeof listen_on, "127.0.0.1:%d", ntohs(a.sin_port));
  heard h;
  wy_host *host = host_new(&h, NULL);
  wy_host_listen(host, listen_on);
  assert_int_equal(load(host, config), 0);
  int err = wy_host_start(host);
  assert_true(err < 0);
  assert_non_null(strstr(wy_strerror(err), "listen"));
  assert_non_null(strstr(h.log, " error event=listen "));
  assert_non_null(strstr(h.log, listen_on));
  wy_host_free(host);
  close(fd);
}

/* --- routes --- */

static void gives_a_route_its_request(void **state) {
  (void)state;
  uv_loop_t loop;
  heard h;
  peer p;
  assert_int_equal(uv_loop_init(&loop), 0);
  wy_host *host = host_new(&h, &loop);
  unsigned post = WY_METHOD_POST | WY_METHOD_PUT;
  assert_int_equal(wy_host_route(host, post, "/a b", 4, answer_request, NULL), 0);
  assert_int_equal(load(host, config), 0); /* routes may come before or after */
  assert_int_equal(wy_host_start(host), 0);
  int port = wy_host_port(host);
  exchange(&loop, port,
           "POST /a%20b?x=%41 HTTP/1.1\r\nHost: a\r\nx-field: v\r\nConnection: close\r\n"
           "Content-Length: 4\r\n\r\nbody",
           &p);
  assert_non_null(strstr(p.in, "\r\n\r\n4|/a b|x=%41|v|body"));
  assert_null(strstr(p.in, "Content-Type"));
  exchange(&loop, port,
           "PUT /a%20b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", &p);
  assert_non_null(strstr(p.in, "\r\n\r\n8|/a b|||"));
  exchange(&loop, port, "POST /a%20b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", &p);
  assert_non_null(strstr(p.in, "HTTP/1.1 413 "));
  exchange(&loop, port, GET("/a%20b"), &p);
  assert_non_null(strstr(p.in, "HTTP/1.1 405 "));
  assert_non_null(strstr(p.in, "\r\nAllow: POST, PUT\r\n"));
  wy_host_free(host);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void expect_request(wy_request *req, const char *body) {
  size_t n;
  const char *path = wy_request_path(req, &n);
  assert_int_equal(n, 2);
  assert_memory_equal(path, "/r", 2);
  const char *text = wy_request_body(req, &n);
  assert_int_equal(n, strlen(body));
  assert_memory_equal(text, body, n);
}

#define POST_R(body) "POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n" body

static void answers_a_request_that_has_outlived_its_host(void **state) {
  (void)state;
  static const char *const requests[] = {POST_R("one"), POST_R("two"), POST_R("six")};
  for (int gone = 0; gone < 2; gone++) { /* the client: there until the end, or gone before it */
    uv_loop_t loop;
    heard h;
    peer p[3];
    wy_request *kept[3];
    assert_int_equal(uv_loop_init(&loop), 0);
    wy_host *host = host_new(&h, &loop);
    assert_int_equal(load(host, config), 0);
    assert_int_equal(wy_host_route(host, WY_METHOD_POST, "/r", 3, hold, NULL), 0);
    assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/c", 0, answer_ok, "c"), 0);
    assert_int_equal(wy_host_start(host), 0);
    for (int i = 0; i < 3; i++) {
      held = NULL;
      peer_ask(&p[i], &loop, wy_host_port(host), requests[i]);
      UNTIL(&p[i], held != NULL);
      kept[i] = held;
    }
    if (gone) {
      peer after;
      struct linger reset = {1, 0};
      for (int i = 0; i < 3; i++) {
        setsockopt(p[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(p[i].fd);
      }
      for (int i = 0; i < 20; i++) uv_run(&loop, UV_RUN_NOWAIT); /* the resets are read */
      exchange(&loop, wy_host_port(host), GET("/c"), &after);
      assert_non_null(strstr(after.in, "\r\n\r\nc"));
    }
    wy_request_answer(kept[1], 200, NULL, "in time", 7);
    wy_host_free(host);
    assert_int_equal(uv_loop_close(&loop), 0);
    expect_request(kept[2], "six");
    wy_request_answer(kept[2], 200, "text/plain", "late", 4);
    expect_request(kept[0], "one"); /* the others are no longer in any list with it */
    wy_request_answer(kept[0], 204, NULL, NULL, 0);
    for (int i = 0; i < 3 && !gone; i++) close(p[i].fd);
  }
}

static void refuses_routes_that_cannot_be(void **state) {
  (void)state;
  heard h;
  wy_host *host = host_new(&h, NULL);
  assert_true(wy_host_route(host, WY_METHOD_GET, "c", 0, answer_ok, "c") < 0);
  assert_true(wy_host_route(host, WY_METHOD_GET, "", 0, answer_ok, "c") < 0);
  assert_true(wy_host_route(host, WY_METHOD_GET, NULL, 0, answer_ok, "c") < 0);
  assert_true(wy_host_route(host, WY_METHOD_GET, "/c", 0, NULL, "c") < 0);
  assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/c", 0, answer_ok, "c"), 0);
  assert_true(wy_host_route(host, WY_METHOD_POST, "/c", 0, answer_ok, "c") < 0); /* taken */
  assert_int_equal(load(host, config), 0);
  assert_true(wy_host_route(host, WY_METHOD_GET, "/wx/main", 0, answer_ok, "c") <
              0); /* an account */
  assert_int_equal(wy_host_start(host), 0);
  assert_true(wy_host_route(host, WY_METHOD_GET, "/d", 0, answer_ok, "c") < 0); /* too late */
  wy_host_free(host);
}

static void says_when_an_account_has_the_path_of_a_route(void **state) {
  (void)state;
  heard h;
  wy_host *host = host_new(&h, NULL);
  assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/wx/main", 0, answer_ok, "c"), 0);
  assert_int_equal(load(host, config), 0);
  assert_true(wy_host_start(host) < 0);
  assert_non_null(strstr(h.log, "/wx/main"));
  wy_host_free(host);
}

static void answer_much(void *data, wy_request *req) {
  static char much[400000];
  (void)data;
  memset(much, 'x', sizeof much);
  wy_request_answer(req, 200, "text/plain", much, sizeof much);
}

static void *hang_up_and_stop(void *arg) {
  visit *v = arg;
  for (int i = 0; i < 50; i++) {
    int fd = dial(v->port);
    const struct linger at_once = {1, 0};
    if (fd < 0) break;
    if (send(fd, GET("/c"), sizeof GET("/c") - 1, MSG_NOSIGNAL) < 0) i = 50;
    if (i % 2) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
  }
  ask(v->port, GET("/c"), v->routed, sizeof v->routed);
  wy_host_stop(v->host);
  return NULL;
}

/* --- late messages, workers --- */

static const char late_config[] =
    "return {\n"
    "  listen = \"127.0.0.1:0\", admin = false, plugins = { \"echo.lua\" }, workers = 2,\n"
    "  accounts = { { id = \"main\", path = \"/wx/main\", token = \"" TOKEN
    "\", kind = \"service\",\n"
    "    verified = true, deadline = 0.1 } },\n"
    "}\n";

static const char late_plugin[] =
    "local wx = require \"weiyue\"\n"
    "wx.text(\"slow\", function() wx.sleep(0.3) return \"slept\" end)\n"
    "wx.text(function(msg) return \"echo: \" .. msg.content end)\n";

typedef struct outgoing {
  wy_host *host;
  uv_sem_t some;
  wy_late *late;
  char account[64], message[512], typing[512];
  int fails, calls; /* messages, hints apart */
  bool elsewhere;   /* another thread tells the end */
} outgoing;

static void on_late(void *data, wy_late *late, const char *account, const char *json, size_t n) {
  outgoing *o = data;
  snprintf(o->account, sizeof o->account, "%s", account);
  bool hint = memmem(json, n, "Typing", 6) != NULL;
  snprintf(hint ? o->typing : o->message, 512, "%.*s", (int)n, json);
  if (!hint) o->calls++;
  if (o->elsewhere && !hint) {
    o->late = late;
    uv_sem_post(&o->some);
    return;
  }
  wy_late_done(late, o->fails ? -1 : 0, o->fails ? "45015: the window is closed" : NULL);
  if (!hint) uv_sem_post(&o->some);
}

typedef struct late_visit {
  outgoing *o;
  int port;
  char first[4096], second[4096];
} late_visit;

static void *push_late_and_stop(void *arg) {
  late_visit *v = arg;
  char request[2048];
  push(request, sizeof request, "slow");
  ask(v->port, request, v->first, sizeof v->first);
  uv_sem_wait(&v->o->some);
  if (v->o->elsewhere) wy_late_done(v->o->late, 0, NULL);
  push_as(request, sizeof request, "继续", 2);
  ask(v->port, request, v->second, sizeof v->second);
  wy_host_stop(v->o->host);
  return NULL;
}

static void send_late(outgoing *o, late_visit *v, int workers) {
  heard h;
  write_file("echo.lua", late_plugin);
  o->host = host_new(&h, NULL);
  assert_int_equal(uv_sem_init(&o->some, 0), 0);
  wy_host_workers(o->host, workers);
  assert_int_equal(load(o->host, late_config), 0);
  assert_int_equal(wy_host_worker_count(o->host), workers);
  assert_int_equal(wy_host_sender(o->host, on_late, o), 0);
  assert_int_equal(wy_host_start(o->host), 0);
  assert_int_not_equal(wy_host_sender(o->host, on_late, o), 0);
  assert_null(wy_host_admin_address(o->host));
  *v = (late_visit){.o = o, .port = wy_host_port(o->host)};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, push_late_and_stop, v), 0);
  assert_int_equal(wy_host_run(o->host), 0);
  pthread_join(thread, NULL);
  wy_host_free(o->host);
  uv_sem_destroy(&o->some);
  write_file("echo.lua", plugin);
  assert_string_equal(o->account, "main");
  assert_non_null(strstr(o->message, "\"touser\":\"oUser\""));
  assert_non_null(strstr(o->message, "\"content\":\"slept\""));
  assert_non_null(strstr(o->typing, "\"Typing\""));
  assert_non_null(strstr(v->first, "\r\n\r\nsuccess"));
}

static void sends_late_answers_through_the_programs_sender(void **state) {
  (void)state;
  for (int workers = 1; workers <= 2; workers++) {
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
      outgoing o = {.elsewhere = elsewhere};
      late_visit v;
      send_late(&o, &v, workers);
      assert_int_equal(o.calls, 1);
      assert_non_null(strstr(v.second, "echo: 继续")); /* nothing waits in the mailbox */
    }
  }
}

static void keeps_what_the_sender_cannot_deliver(void **state) {
  (void)state;
  outgoing o = {.fails = 1};
  late_visit v;
  send_late(&o, &v, 1);
  assert_non_null(strstr(v.second, "<![CDATA[slept]]>"));
}

static void has_one_worker_unless_it_is_told(void **state) {
  (void)state;
  static const int told[] = {0, 1, 3, -1};
  static const int count[] = {1, 1, 3, 2}; /* -1: as the configuration says */
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
    heard h;
    wy_host *host = host_new(&h, NULL);
    if (told[i]) wy_host_workers(host, told[i]);
    assert_int_equal(load(host, late_config), 0);
    assert_int_equal(wy_host_worker_count(host), count[i]);
    wy_host_free(host);
  }
}

static void runs_workers_beside_a_loop_of_the_caller(void **state) {
  (void)state;
  heard h;
  uv_loop_t loop;
  assert_int_equal(uv_loop_init(&loop), 0);
  wy_host *host = host_new(&h, &loop);
  wy_host_workers(host, 3);
  assert_int_equal(load(host, late_config), 0);
  assert_int_equal(wy_host_start(host), 0);
  char request[2048];
  for (unsigned i = 1; i <= 30; i++) { /* the kernel picks the worker */
    peer p;
    push_as(request, sizeof request, "hi", i);
    exchange(&loop, wy_host_port(host), request, &p);
    assert_non_null(strstr(p.in, "<![CDATA[echo: hi]]>"));
  }
  wy_host_stop(host);
  while (!wy_host_stopped(host)) uv_run(&loop, UV_RUN_ONCE);
  wy_host_free(host);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void frees_what_could_not_start(void **state) {
  (void)state;
  for (int workers = 1; workers <= 3; workers++) {
    heard h;
    char text[600];
    wy_host *host = host_new(&h, NULL);
    wy_host_workers(host, workers);
    snprintf(
        text, sizeof text,
        "return { listen = \"127.0.0.1:0\", admin = \"192.0.2.1:1\", plugins = { \"echo.lua\" },"
        " accounts = { { token = \"" TOKEN "\" } }, state = \"%s/state\" }",
        folder);
    assert_int_equal(load(host, text), 0);
    assert_int_not_equal(wy_host_start(host), 0);
    assert_non_null(strstr(h.log, "admin."));
    wy_host_free(host); /* and comes back */
  }
  char state_folder[400];
  snprintf(state_folder, sizeof state_folder, "%s/state/admin.key", folder);
  unlink(state_folder);
  snprintf(state_folder, sizeof state_folder, "%s/state", folder);
  rmdir(state_folder);
}

static void *push_late_and_stop_at_once(void *arg) {
  late_visit *v = arg;
  char request[2048];
  push(request, sizeof request, "slow");
  ask(v->port, request, v->first, sizeof v->first);
  wy_host_stop(v->o->host); /* the handler still runs, and has no connection any more */
  return NULL;
}

static void delivers_late_answers_before_it_stops(void **state) {
  (void)state;
  for (int workers = 1; workers <= 2; workers++) {
    heard h;
    outgoing o = {0};
    write_file("echo.lua", late_plugin);
    o.host = host_new(&h, NULL);
    assert_int_equal(uv_sem_init(&o.some, 0), 0);
    wy_host_workers(o.host, workers);
    assert_int_equal(load(o.host, late_config), 0);
    assert_int_equal(wy_host_sender(o.host, on_late, &o), 0);
    assert_int_equal(wy_host_start(o.host), 0);
    late_visit v = {.o = &o, .port = wy_host_port(o.host)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, push_late_and_stop_at_once, &v), 0);
    assert_int_equal(wy_host_run(o.host), 0);
    pthread_join(thread, NULL);
    wy_host_free(o.host);
    uv_sem_destroy(&o.some);
    write_file("echo.lua", plugin);
    assert_non_null(strstr(v.first, "\r\n\r\nsuccess"));
    assert_non_null(strstr(o.message, "slept"));
  }
}

static void outlives_clients_that_hang_up(void **state) {
  (void)state;
  heard h;
  wy_host *host = host_new(&h, NULL);
  signal(SIGPIPE, SIG_DFL);
  assert_int_equal(load(host, config), 0);
  assert_int_equal(wy_host_route(host, WY_METHOD_GET, "/c", 0, answer_much, NULL), 0);
  assert_int_equal(wy_host_start(host), 0);
  visit v = {.host = host, .port = wy_host_port(host)};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, hang_up_and_stop, &v), 0);
  assert_int_equal(wy_host_run(host), 0);
  pthread_join(thread, NULL);
  wy_host_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_version_and_errors),
      cmocka_unit_test(serves_an_account_and_a_route_until_another_thread_stops_it),
      cmocka_unit_test(finishes_what_is_in_flight_when_it_is_stopped),
      cmocka_unit_test(runs_on_a_loop_of_the_caller),
      cmocka_unit_test(shares_a_loop_with_another_host),
      cmocka_unit_test(frees_at_every_stage),
      cmocka_unit_test(frees_timers_that_are_pending),
      cmocka_unit_test(needs_no_options),
      cmocka_unit_test(tells_faults_of_the_configuration_in_two_languages),
      cmocka_unit_test(names_the_line_of_a_fault),
      cmocka_unit_test(logs_faults_when_nobody_listens_for_them),
      cmocka_unit_test(loads_what_is_whole_beside_a_broken_plugin),
      cmocka_unit_test(says_when_a_file_is_missing),
      cmocka_unit_test(loads_once),
      cmocka_unit_test(lists_accounts),
      cmocka_unit_test(listens_where_it_is_told),
      cmocka_unit_test(says_when_its_port_is_taken),
      cmocka_unit_test(gives_a_route_its_request),
      cmocka_unit_test(answers_a_request_that_has_outlived_its_host),
      cmocka_unit_test(refuses_routes_that_cannot_be),
      cmocka_unit_test(says_when_an_account_has_the_path_of_a_route),
      cmocka_unit_test(sends_late_answers_through_the_programs_sender),
      cmocka_unit_test(keeps_what_the_sender_cannot_deliver),
      cmocka_unit_test(has_one_worker_unless_it_is_told),
      cmocka_unit_test(runs_workers_beside_a_loop_of_the_caller),
      cmocka_unit_test(frees_what_could_not_start),
      cmocka_unit_test(delivers_late_answers_before_it_stops),
      cmocka_unit_test(outlives_clients_that_hang_up),
  };
  return cmocka_run_group_tests_name("host", tests, make_folder, remove_folder);
}
