/* The management interface: /health, /ready, /metrics, /token, on an address of its own. What
 * reveals anything needs the key unless only this machine can ask. */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/prom.h"
#include "host/admin_key.h"
#include "host/host_impl.h"
#include "host/remote.h"

enum {
  METRICS_BYTES = 64 << 20, /* 1000 accounts whose pushes were answered in every way take half */
  READY_BYTES = 16384
};

#define NO_STORE "Cache-Control: no-store\r\n"
#define NEEDS_KEY \
  "Authorization: Bearer KEY is needed; the key is in the file admin.key of the state folder\n"

static bool is_loopback(const char *address) {
  return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool is_ip(wy_str host) {
  for (size_t i = 0; i < host.n; i++)
    if (!strchr("0123456789abcdefABCDEF.:[]", host.p[i])) return false;
  return true;
}

static void text(wy_http_req *req, int status, const char *headers, const char *body) {
  wy_http_respond(req,
                  &(wy_http_answer){status, "text/plain; charset=utf-8", headers, wy_str_of(body)});
}

static void health(wy_host *h, wy_http_req *req) {
  (void)h;
  text(req, 200, NO_STORE, "ok\n");
}

static bool may_know(const wy_host *h, wy_http_req *req) {
  return is_loopback(h->admin_address) ||
         wy_admin_key_fits(h->admin_key, wy_http_req_header(req, WY_STR("Authorization")));
}

static void add_details(wy_host *h, cJSON *json) {
  char trouble[1300];
  wy_stats_trouble(h, trouble, sizeof trouble);
  cJSON_AddNumberToObject(json, "workers", h->n_workers);
  cJSON_AddNumberToObject(json, "accounts", (double)h->promoted->n_accounts);
  cJSON_AddNumberToObject(json, "failed_plugins", h->promoted->n_failed);
  cJSON_AddNumberToObject(json, "generation", (double)h->promoted->number);
  if (h->canary) cJSON_AddNumberToObject(json, "canary", (double)h->canary->number);
  if (trouble[0]) cJSON_AddStringToObject(json, "trouble", trouble);
}

/* Who balances load has no key, and need not know more than whether. */
static void ready(wy_host *h, wy_http_req *req) {
  bool stopping = atomic_load(&h->stopping);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddBoolToObject(json, "ready", !stopping);
  if (stopping) cJSON_AddStringToObject(json, "reason", "stopping");
  else cJSON_AddNullToObject(json, "reason");
  if (may_know(h, req)) add_details(h, json);
  char *body = cJSON_PrintUnformatted(json);
  wy_buf line;
  wy_buf_init(&line, READY_BYTES);
  wy_buf_str(&line, wy_str_of(body ? body : "{}"));
  wy_buf_str(&line, WY_STR("\n"));
  wy_http_respond(req, &(wy_http_answer){stopping ? 503 : 200, "application/json", NO_STORE,
                                         wy_buf_view(&line)});
  wy_buf_deinit(&line);
  cJSON_free(body);
  cJSON_Delete(json);
}

static void metrics(wy_host *h, wy_http_req *req) {
  if (!may_know(h, req)) {
    text(req, 401, "WWW-Authenticate: Bearer\r\n" NO_STORE, NEEDS_KEY);
    return;
  }
  wy_buf out;
  wy_buf_init(&out, METRICS_BYTES);
  wy_stats_write(h, &out);
  if (out.failed) text(req, 500, NO_STORE, "out of memory\n");
  else
    wy_http_respond(req, &(wy_http_answer){200, WY_PROM_CONTENT_TYPE, NO_STORE, wy_buf_view(&out)});
  wy_buf_deinit(&out);
}

static void on_token(void *data, bool ok, long status, wy_str json) {
  wy_http_req *req = data;
  if (!ok) json = WY_STR("{\"errcode\":-1,\"errmsg\":\"the host cannot tell now\"}");
  wy_http_respond(req,
                  &(wy_http_answer){ok ? (int)status : 503, "application/json", NO_STORE, json});
}

/* The token server (中控服务器): what it tells is as good as the account's secret. */
static void token(wy_host *h, wy_http_req *req) {
  wy_str given = wy_http_req_header(req, WY_STR("Authorization"));
  if (!wy_admin_key_fits(h->admin_key, given)) {
    text(req, 401, "WWW-Authenticate: Bearer\r\n" NO_STORE, NEEDS_KEY);
    return;
  }
  wy_remote_call(h, "token_server", wy_http_req_query(req), on_token, req);
}

static void contents(wy_host *h, wy_http_req *req) {
  text(req, 200, NO_STORE,
       h->token_server ? "/health\n/ready\n/metrics\n/token\n" : "/health\n/ready\n/metrics\n");
}

typedef struct page {
  const char *path;
  void (*serve)(wy_host *h, wy_http_req *req);
} page;

static const page pages[] = {{"/", contents},
                             {"/health", health},
                             {"/ready", ready},
                             {"/metrics", metrics},
                             {"/token", token}};

enum { PAGES = sizeof pages / sizeof *pages };

static int on_head(void *data, wy_http_req *req, size_t *body_max) {
  wy_str host = wy_http_req_host(req);
  const wy_host *h = data;
  *body_max = 0;
  /* a page elsewhere must not reach it by a name that it points here */
  if (!is_ip(host) && !wy_str_ieq(host, WY_STR("localhost"))) {
    wy_http_req_set_err(req, WY_E_HTTP_UNKNOWN_HOST);
    return 421;
  }
  for (size_t i = 0; i < PAGES; i++) {
    if (!wy_str_eq(wy_http_req_path(req), wy_str_of(pages[i].path))) continue;
    if (pages[i].serve == token && !h->token_server) continue;
    if (wy_http_req_method(req) & (WY_GET | WY_HEAD)) {
      wy_http_req_set_data(req, (void *)(uintptr_t)&pages[i]);
      return 0;
    }
    wy_http_req_set_err(req, WY_E_HTTP_METHOD);
    wy_http_req_set_allow(req, WY_GET | WY_HEAD);
    return 405;
  }
  wy_http_req_set_err(req, WY_E_HTTP_NOT_FOUND);
  return 404;
}

static void on_request(void *data, wy_http_req *req) {
  const page *asked = wy_http_req_data(req);
  asked->serve(data, req);
}

static int open_key(wy_host *h) {
  wy_buf why;
  wy_buf_init(&why, 4096);
  int err = wy_admin_key_open(h->state, h->admin_key, &why);
  if (err) wy_log_text(&h->log, WY_LOG_ERROR, "admin.key", "%s", why.p ? why.p : wy_err_text(err));
  wy_buf_deinit(&why);
  return err;
}

int wy_admin_listen(wy_host *h) {
  const wy_supervised *s = &h->supervised;
  int fds[WY_SOCKETS_MAX], err = 0;
  if (!s->sockets) return wy_http_listen(h->admin, h->admin_address, h->admin_port, &h->admin_port);
  int n =
      s->sockets(s->data, WY_USE_ADMIN, h->admin_address, h->admin_port, 1, fds, &h->admin_port);
  for (int i = 0; i < n; i++) {
    int failed = wy_http_listen_on(h->admin, fds[i]);
    if (failed) err = failed;
  }
  return n < 0 ? n : err;
}

/* Another host on this machine may have the default port: then this one does without. */
int wy_admin_start(wy_host *h) {
  static const wy_http_handlers handlers = {on_head, on_request};
  worker *w = &h->workers[0];
  wy_http_limits limits = h->limits;
  if (!h->admin_address) return 0;
  int err = is_loopback(h->admin_address) && !h->token_server ? 0 : open_key(h);
  if (!err) err = wy_http_new(&h->admin, w->loop, &w->clock, &h->log, &limits, &handlers, h);
  if (err) return err == WY_E_NOMEM ? err : WY_E_ADMIN;
  err = wy_admin_listen(h);
  h->admin_serves = !err;
  if (!err) return 0;
  wy_log_text(&h->log, h->admin_given ? WY_LOG_ERROR : WY_LOG_WARN, "admin.listen",
              "cannot listen on %s:%d: %s%s", h->admin_address, h->admin_port, uv_strerror(err),
              h->admin_given ? "" : "; no metrics are served (admin = false, or another port)");
  return h->admin_given ? WY_E_ADMIN : 0;
}
