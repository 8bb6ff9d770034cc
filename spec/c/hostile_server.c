/* The server that spec/hostile attacks: C routes and an account, built on weiyue.h.
 *
 * usage: hostile_server --port 0 --log FILE [--token T] [--appid A] [--aes-key K[,K2]]
 *          [--mode plain|safe|compatible] [--username gh_x] [--limit name=value]… | --welch
 * Hosts a and good.example. /, /ping: "ok"; /echo: the body; /json: the same JSON; /wx/cb: an
 * account whose plugin echoes. Prints `listening PORT`; exits 0 on SIGTERM. */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/gate.h"
#include "codec/json.h"
#include "codec/query.h"
#include "net/http.h"
#include "weiyue.h"

static wy_host *host;
static FILE *log_file;

static void on_signal(int sig) {
  (void)sig;
  wy_host_stop(host);
}

static void write_log(void *data, int level, const char *line, size_t n) {
  (void)data;
  if (level == WY_LEVEL_DEBUG) return; /* every refusal, which is what that level is for here */
  fprintf(log_file, "%.*s\n", (int)n, line);
  fflush(log_file);
}

static void log_line(void *data, wy_log_level level, wy_str line) {
  write_log(data, (int)level, line.p, line.n);
}

static const wy_log own_log = {WY_LOG_INFO, log_line, NULL, WY_LOG_TEXT};

static void ok(void *data, wy_request *req) {
  (void)data;
  wy_request_answer(req, 200, "text/plain", "ok", 2);
}

static void echo(void *data, wy_request *req) {
  size_t n;
  (void)data;
  const char *body = wy_request_body(req, &n);
  wy_request_answer(req, 200, "application/octet-stream", body, n);
}

static void json(void *data, wy_request *req) {
  wy_str in;
  cJSON *tree = NULL;
  (void)data;
  in.p = wy_request_body(req, &in.n);
  int err = wy_json_parse(in, NULL, &tree, NULL);
  char *text = err ? NULL : cJSON_PrintUnformatted(tree);
  cJSON_Delete(tree);
  if (!text) {
    wy_line line;
    wy_line_begin(&line, &own_log, WY_LOG_WARN, wy_err_event(err));
    wy_http_req_log(req, &line);
    wy_line_end(&line);
    wy_request_answer(req, 400, NULL, "", 0);
    return;
  }
  wy_request_answer(req, 200, "application/json", text, strlen(text));
  free(text);
}

/* --- a Welch t-test over the time of a refusal: does it tell where the signature differs? --- */

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Mean and variance without the slowest tenth: interrupts are not what is measured. */
static void statistics(double *v, size_t n, double *mean, double *variance) {
  qsort(v, n, sizeof *v, by_value);
  n -= n / 10;
  double sum = 0, square = 0;
  for (size_t i = 0; i < n; i++) sum += v[i];
  *mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) square += (v[i] - *mean) * (v[i] - *mean);
  *variance = square / (double)(n - 1) / (double)n;
}

static int welch(void) {
  enum { CALLS = 200000 };
  static double times[2][CALLS];
  wy_crypt *crypt;
  if (wy_crypt_new(&crypt)) return 1;
  wy_gate gate = {.crypt = crypt, .token = WY_STR("wxtesttoken"), .window = 300};
  wy_buf_init(&gate.plain, 1024);
  wy_str parts[3] = {gate.token, WY_STR("1700000000"), WY_STR("1")};
  char sig[WY_SIG], query[2][256];
  wy_crypt_sign(crypt, parts, 3, sig);
  for (int k = 0; k < 2; k++) {
    char bad[WY_SIG];
    memcpy(bad, sig, WY_SIG);
    bad[k * 39] = bad[k * 39] == '0' ? '1' : '0';
    snprintf(query[k], sizeof query[k], "signature=%.40s&timestamp=1700000000&nonce=1&echostr=x",
             bad);
  }
  size_t n[2] = {0, 0};
  unsigned seed = 1;
  while (n[0] < CALLS || n[1] < CALLS) {
    seed = seed * 1103515245u + 12345u;
    int k = (seed >> 16) & 1;
    if (n[k] == CALLS) k = !k;
    wy_query scratch;
    wy_str answer;
    double from = now_ns();
    int err = wy_gate_verify(&gate, wy_str_of(query[k]), 1700000000, &scratch, &answer);
    times[k][n[k]++] = now_ns() - from;
    if (err != WY_E_SIG_MISMATCH) return 1;
  }
  double mean[2], variance[2];
  for (int k = 0; k < 2; k++) statistics(times[k], CALLS, &mean[k], &variance[k]);
  printf("t=%.3f\n", (mean[0] - mean[1]) / sqrt(variance[0] + variance[1]));
  wy_gate_deinit(&gate);
  wy_crypt_free(crypt);
  return 0;
}

/* --- configuration --- */

static void add_keys(wy_buf *conf, char *keys) {
  wy_buf_lit(conf, "aes_key = {");
  for (char *k = strtok(keys, ","); k; k = strtok(NULL, ","))
    wy_buf_printf(conf, "%s\"%s\"", " ", k), wy_buf_lit(conf, ",");
  wy_buf_lit(conf, "},");
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"port", 1, 0, 'p'},    {"log", 1, 0, 'l'},  {"token", 1, 0, 't'},    {"appid", 1, 0, 'a'},
      {"aes-key", 1, 0, 'k'}, {"mode", 1, 0, 'm'}, {"username", 1, 0, 'u'}, {"limit", 1, 0, 'L'},
      {"welch", 0, 0, 'w'},   {0, 0, 0, 0}};
  const char *port = "0", *token = "wxtesttoken", *appid = "wxtestappid0001", *mode = "plain",
             *user = NULL;
  char *keys = NULL;
  wy_buf conf, limits;
  wy_buf_init(&conf, 65536);
  wy_buf_init(&limits, 65536);
  log_file = stderr;
  for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) switch (c) {
      case 'p': port = optarg; break;
      case 'l': log_file = fopen(optarg, "a"); break;
      case 't': token = optarg; break;
      case 'a': appid = optarg; break;
      case 'k': keys = optarg; break;
      case 'm': mode = optarg; break;
      case 'u': user = optarg; break;
      case 'L': wy_buf_printf(&limits, "%s,", optarg); break;
      case 'w': return welch();
      default: return 2;
    }
  if (!log_file) return 2;
  wy_buf_printf(
      &conf,
      "return { listen = \"127.0.0.1:%s\", hosts = { \"a\", \"good.example\" }, limits = {%s},"
      "store = \"memory\", log = { level = \"debug\" }, plugins = { \"hostile_plugin.lua\" }, "
      "accounts = { { id = "
      "\"test\", path = \"/wx/cb\","
      "token = \"%s\", appid = \"%s\", mode = \"%s\",",
      port, limits.n ? limits.p : "", token, appid, mode);
  if (user) wy_buf_printf(&conf, "username = \"%s\",", user);
  if (keys) add_keys(&conf, keys);
  wy_buf_lit(&conf, "} } }");
  wy_host_options o = {.log = write_log};
  int status = 1;
  if (wy_host_new(&host, &o) == 0 &&
      wy_host_load_text(host, conf.p, conf.n, "hostile.lua", SPEC_DIR) == 0) {
    unsigned get = WY_METHOD_GET | WY_METHOD_HEAD;
    wy_host_route(host, get, "/", 1024, ok, NULL);
    wy_host_route(host, get, "/ping", 1024, ok, NULL);
    wy_host_route(host, WY_METHOD_POST, "/echo", 65536, echo, NULL);
    wy_host_route(host, WY_METHOD_POST, "/json", 1048576, json, NULL);
    if (wy_host_start(host) == 0) {
      signal(SIGTERM, on_signal);
      signal(SIGPIPE, SIG_IGN);
      printf("listening %d\n", wy_host_port(host));
      fflush(stdout);
      wy_host_run(host);
      status = 0;
    }
  }
  wy_host_free(host);
  wy_buf_deinit(&conf);
  wy_buf_deinit(&limits);
  if (log_file != stderr) fclose(log_file);
  return status;
}
