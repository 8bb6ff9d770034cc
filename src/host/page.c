/* Pages: requests that plugins serve. Which one is decided here, before a byte of the body is read;
 * each is a task of its worker, with the limits of any plugin's. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/guest.h"
#include "host/host_impl.h"
#include "net/upload.h"

enum {
  PARAMS = 16,
  LOGGED = 100 /* bytes of a path or a host that a line shows */
};

struct page {
  unsigned methods;
  char *pattern;   /* "/order/:id", "/static/" and a star with the name of the rest */
  char *where;     /* file:line of the plugin */
  char *plugin;    /* its name */
  size_t body_max; /* 0: by what the body is */
  bool is_page;    /* an error is told to a person */
  bool repeated;   /* forms may have a field several times */
  bool raw;        /* its handler reads the body itself, also a form's */
};

/* --- which one --- */

typedef struct match {
  const account *account;
  size_t page;
  wy_str path;           /* below base */
  wy_str base;           /* a part of the request's path, or the account's */
  wy_str params[PARAMS]; /* name, value, name … */
  size_t n;
} match;

/* The pattern's parts one after another, as far as the path goes along. */
static bool matches(const char *pattern, wy_str path, match *m) {
  const char *p = pattern, *end = path.p + path.n, *at = path.p;
  m->n = 0;
  while (*p) {
    if ((*p == ':' || *p == '*') && p > pattern && p[-1] == '/') {
      bool rest = *p == '*';
      size_t name_n = strcspn(p + 1, "/"), n = 0;
      while (at + n < end && (rest || at[n] != '/')) n++;
      if (n == 0 && !rest) return false;
      if (m->n + 2 > PARAMS) return false;
      m->params[m->n++] = (wy_str){p + 1, name_n};
      m->params[m->n++] = (wy_str){at, n};
      p += 1 + name_n;
      at += n;
    } else {
      if (at == end || *at != *p) return false;
      p++, at++;
    }
  }
  return at == end;
}

/* 0: *m is set; 404, or 405 with the methods that there are. */
static int find_page(const account *a, wy_method method, match *m, unsigned *allow) {
  for (size_t i = 0; i < a->n_pages; i++) {
    const struct page *page = &a->pages[i];
    if (!matches(page->pattern, m->path, m)) continue;
    if (page->methods & method) {
      m->page = i;
      return 0;
    }
    *allow |= page->methods;
  }
  return *allow ? 405 : 404;
}

/* Cuts a prefix off a path: what is left begins with a '/'. */
static bool cut(wy_str *path, const char *prefix, wy_str *base) {
  size_t n = strlen(prefix);
  if (n == 0 || path->n < n || memcmp(path->p, prefix, n) != 0) return false;
  if (path->n > n && path->p[n] != '/') return false;
  *base = (wy_str){path->p, n};
  *path = path->n > n ? (wy_str){path->p + n, path->n - n} : WY_STR("/");
  return true;
}

static int try_account(const account *a, const wy_http_req *req, const char *base, match *m,
                       unsigned *allow) {
  m->account = a;
  m->path = wy_http_req_path(req);
  m->base = wy_str_of(base ? "" : a->prefix);
  if (base && !cut(&m->path, base, &m->base)) return 404;
  wy_str uncut = m->path;
  int status = 404;
  if (!base && cut(&m->path, a->prefix, &m->base))
    status = find_page(a, wy_http_req_method(req), m, allow);
  if (status != 404) return status;
  m->path = uncut;
  return find_page(a, wy_http_req_method(req), m, allow);
}

static int find(const generation *g, const wy_http_req *req, match *m, unsigned *allow) {
  wy_str host = wy_http_req_host(req);
  int status = 404;
  *allow = 0;
  for (size_t i = 0; i < g->n_accounts; i++) { /* by the host, or as the only one */
    const account *a = &g->accounts[i];
    if (!a->n_pages) continue;
    bool mine = a->own_host ? a->url_host && wy_str_ieq(host, wy_str_of(a->url_host)) : !a->base[0];
    if (!mine) continue;
    status = try_account(a, req, NULL, m, allow);
    if (status != 404) return status;
  }
  for (size_t i = 0; i < g->n_accounts; i++) {
    const account *a = &g->accounts[i];
    if (!a->n_pages || !a->base[0]) continue;
    status = try_account(a, req, a->base, m, allow);
    if (status != 404) return status;
  }
  for (size_t i = 0; i < g->n_accounts; i++) { /* below /ID as well */
    const account *a = &g->accounts[i];
    char own[300];
    if (!a->n_pages || !a->base[0]) continue;
    snprintf(own, sizeof own, "/%s", a->id);
    status = strcmp(own, a->base) == 0 ? 404 : try_account(a, req, own, m, allow);
    if (status != 404) return status;
  }
  return 404;
}

/* --- where there is none --- */

#define PLAIN                                                                                   \
  "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><meta name=\"viewport\" "        \
  "content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light " \
  "dark\"><title>%s</title><body style=\"font-family:sans-serif;padding:2em\"><h1>%s</h1><p>%s" \
  "<br>%s</p><p><small>%s</small></p>"
#define PLAIN_END "</body></html>\n"
#define PLAIN_FIELDS "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"

static bool is_in(wy_str text, const char *part) {
  size_t n = strlen(part);
  for (size_t i = 0; i + n <= text.n; i++)
    if (wy_str_ieq((wy_str){text.p + i, n}, wy_str_of(part))) return true;
  return false;
}

/* A browser of a host with pages asks: what it gets is read. */
static bool is_read(const generation *g, const wy_http_req *req) {
  bool has_pages = false;
  for (size_t i = 0; i < g->n_accounts; i++) has_pages = has_pages || g->accounts[i].n_pages;
  return has_pages && wy_http_req_method(req) & (WY_GET | WY_HEAD) &&
         is_in(wy_http_req_header(req, WY_STR("accept")), "text/html") &&
         !wy_http_req_header(req, WY_STR("content-length")).p &&
         !wy_http_req_header(req, WY_STR("transfer-encoding")).p;
}

static void log_text(wy_line *line, const char *key, wy_str text) {
  if (text.n) wy_line_str(line, key, (wy_str){text.p, text.n < LOGGED ? text.n : LOGGED});
}

static void respond_none(worker *w, wy_http_req *req) {
  const char *event = wy_err_event(WY_E_HTTP_NOT_FOUND), *title = "没有这个页面";
  char text[sizeof PLAIN PLAIN_END + 128];
  wy_line line;
  if (wy_ration_take(&w->ration, WY_LOG_WARN, event, NULL, WY_RATION_REFUSALS)) {
    wy_line_begin(&line, &w->host->log, WY_LOG_WARN, event);
    wy_line_z(&line, "reason", wy_err_reason(WY_E_HTTP_NOT_FOUND));
    wy_line_int(&line, "status", 404);
    wy_line_z(&line, "method", wy_http_method_name(wy_http_req_method(req)));
    log_text(&line, "path", wy_http_req_path(req));
    log_text(&line, "host", wy_http_req_host(req));
    wy_http_req_log(req, &line);
    wy_line_end(&line);
  }
  int n = snprintf(text, sizeof text, PLAIN PLAIN_END, title, title, "请检查地址。",
                   "There is no such page.", "404");
  wy_http_respond(req, &(wy_http_answer){.status = 404,
                                         .content_type = "text/html; charset=utf-8",
                                         .headers = PLAIN_FIELDS,
                                         .body = {text, (size_t)n}});
}

/* --- before the body --- */

#define FORM "multipart/form-data"

static bool is_upload(const wy_http_req *req, wy_str *type) {
  *type = wy_http_req_header(req, WY_STR("content-type"));
  size_t n = sizeof FORM - 1;
  return type->n >= n && wy_str_ieq((wy_str){type->p, n}, WY_STR(FORM)) &&
         !(wy_http_req_method(req) & (WY_GET | WY_HEAD | WY_OPTIONS));
}

int wy_page_on_head(worker *w, const generation *g, wy_http_req *req, size_t *body_max) {
  const wy_host *h = w->host;
  match m;
  unsigned allow;
  int status = find(g, req, &m, &allow);
  if (status == 404 && is_read(g, req)) { /* wy_page_serve tells so */
    *body_max = 0;
    return 0;
  }
  if (status) {
    wy_http_req_set_err(req, status == 405 ? WY_E_HTTP_METHOD : WY_E_HTTP_NOT_FOUND);
    wy_http_req_set_allow(req, allow);
    return status;
  }
  const struct page *page = &m.account->pages[m.page];
  wy_str type;
  if (page->raw || !is_upload(req, &type)) {
    *body_max = page->body_max ? page->body_max : h->json_max;
    return 0;
  }
  const wy_upload_limits limits = {h->parts_max, h->json_max, page->repeated};
  wy_upload *upload;
  int err = wy_upload_new(&upload, type, &limits, h->uploads);
  if (err) {
    wy_http_req_set_err(req, err);
    return err == WY_E_NOMEM ? 503 : 400;
  }
  wy_http_req_set_sink(req, &wy_upload_sink, upload);
  *body_max = page->body_max ? page->body_max : h->upload_max;
  return 0;
}

/* --- the task --- */

typedef struct visit {
  wy_list link; /* in worker->pages */
  worker *worker;
  edition *edition;
  wy_page_req request;
  size_t account, page; /* of its generation */
  lua_Integer number;
  uint64_t began; /* ns */
  wy_guest guest; /* of the user who is logged in */
} visit;

static const struct page *page_of(const visit *v) {
  return &v->edition->generation->accounts[v->account].pages[v->page];
}

/* It was answered so; 0: given up. errors: 1 when its handler raised, or was stopped. */
static void count(const visit *v, int status, uint64_t errors) {
  const struct page *page = page_of(v);
  wy_handlers *handlers = &v->worker->stats.handlers;
  size_t class = (size_t)status / 100;
  wy_desk_stats *stats = v->edition->desks[v->account].stats;
  wy_metric_add(&stats->pages[class < WY_STATUS_CLASSES ? class : 0], 1);
  wy_handler *h = wy_handlers_get(handlers, page->where, page->where);
  if (!h) h = wy_handlers_find(handlers, page->where, page->plugin, page->where);
  wy_metric_add(&h->errors, errors);
  if (v->request.events) return; /* it lasts as long as somebody looks */
  wy_histogram_observe(&h->time, uv_hrtime() - v->began);
}

static void visit_free(visit *v) {
  worker *w = v->worker;
  wy_guest_leave(w, &v->guest);
  wy_list_remove(&v->link);
  v->edition->n_exchanges--;
  free(v);
  wy_worker_settle(w);
}

static void push(lua_State *L, wy_str s) { lua_pushlstring(L, s.p ? s.p : "", s.n); }

/* account, page, raw, number, base, method, path, query, cookie?, params? */
static int begin(lua_State *L, void *data) {
  visit *v = data;
  const generation *g = v->edition->generation;
  match m;
  unsigned allow;
  wy_script_set_push(v->edition->script, (uint64_t)v->number, (unsigned)v->account + 1);
  wy_http_req *req = v->request.req;
  if (find(g, req, &m, &allow)) return luaL_error(L, "its page has gone");
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.page");
  lua_pushinteger(L, (lua_Integer)v->account + 1);
  lua_pushinteger(L, (lua_Integer)v->page + 1);
  wy_page_req_push(L, &v->request);
  lua_pushinteger(L, v->number);
  push(L, m.base);
  lua_pushstring(L, wy_http_method_name(wy_http_req_method(req)));
  push(L, m.path);
  push(L, wy_http_req_query(req));
  wy_str cookie = wy_http_req_header(req, WY_STR("cookie"));
  if (cookie.p) push(L, cookie);
  else lua_pushnil(L);
  if (!m.n) return 9;
  lua_createtable(L, 0, (int)m.n / 2);
  for (size_t i = 0; i < m.n; i += 2) {
    push(L, m.params[i]);
    push(L, m.params[i + 1]);
    lua_rawset(L, -3);
  }
  return 10;
}

static void add_html(wy_buf *out, wy_str text) {
  for (size_t i = 0; i < text.n; i++) switch (text.p[i]) {
      case '<': wy_buf_lit(out, "&lt;"); break;
      case '&': wy_buf_lit(out, "&amp;"); break;
      default: wy_buf_add(out, text.p + i, 1);
    }
}

/* The error itself is for who develops, in the sandbox: it is on top of L. */
static void respond_plain(lua_State *L, const visit *v, int status) {
  enum { ERROR_BYTES = 65536 };
  char trace[WY_TRACE], *copy = NULL;
  const char *text = v->worker->host->sandbox ? lua_tostring(L, -1) : NULL;
  wy_buf body;
  wy_buf_init(&body, ERROR_BYTES);
  wy_trace_hex(v->worker->trace_seed, (uint64_t)v->number, trace);
  bool is_page = page_of(v)->is_page;
  if (is_page) {
    wy_buf_printf(&body, PLAIN, "出错了", "出错了", "这个页面暂时打不开，请稍后再试。",
                  "Something went wrong here; please try again later.", trace);
    if (text) {
      wy_buf_lit(&body, "<pre style=\"white-space:pre-wrap\">");
      add_html(&body, wy_mask(L, wy_str_of(text), &copy));
      wy_buf_lit(&body, "</pre>");
      free(copy);
    }
    wy_buf_lit(&body, PLAIN_END);
  } else {
    wy_buf_printf(&body, "{\"error\":\"internal\",\"trace\":\"%s\"}\n", trace);
  }
  wy_http_respond(v->request.req,
                  &(wy_http_answer){.status = status,
                                    .content_type = is_page ? "text/html; charset=utf-8"
                                                            : "application/json; charset=utf-8",
                                    .headers = PLAIN_FIELDS,
                                    .body = wy_buf_view(&body)});
  wy_buf_deinit(&body);
}

static void log_failure(lua_State *L, const visit *v) {
  const struct page *page = page_of(v);
  const worker *w = v->worker;
  const char *event = wy_fault_event(wy_task_fault(v->edition->script));
  const char *text = lua_tostring(L, -1);
  wy_line line;
  char trace[WY_TRACE];
  if (!wy_ration_error(&v->worker->ration, event, page->where, text)) return;
  wy_trace_hex(w->trace_seed, (uint64_t)v->number, trace);
  wy_line_begin(&line, &w->host->log, WY_LOG_ERROR, event);
  wy_line_z(&line, "account", v->edition->generation->accounts[v->account].id);
  wy_line_z(&line, "plugin", page->plugin);
  wy_line_z(&line, "where", page->where);
  wy_line_z(&line, "page", page->pattern);
  wy_line_masked(&line, L, "text", wy_str_of(text ? text : "?"));
  wy_line_trace(&line, trace);
  wy_line_end(&line);
}

/* status, fields, body | file, from, n are the values from index 2. */
static void respond(lua_State *L, visit *v) {
  wy_http_req *req = v->request.req;
  wy_http_answer answer = {.status = (int)lua_tointeger(L, 2), .headers = lua_tostring(L, 3)};
  wy_file file;
  if (!answer.status) { /* what was asked is lost on the way */
    wy_http_abandon(req);
    return;
  }
  if (wy_page_req_take_file(L, 4, &file)) {
    uint64_t from = (uint64_t)lua_tointeger(L, 5), n = (uint64_t)lua_tointeger(L, 6);
    wy_http_respond_file(req, &answer, file.fd, from, n);
    return;
  }
  answer.body.p = lua_tolstring(L, 4, &answer.body.n);
  if (!answer.body.p) answer.body = WY_STR("");
  wy_http_respond(req, &answer);
}

/* What a stream that ended early raises where it does not look at what it was told:
 * weiyue.web.stream's texts, and that of a wait that was cancelled. */
static bool is_about_its_end(lua_State *L) {
  static const char *const texts[] = {"nobody reads it any more", "the host stops, or another",
                                      "cancelled"};
  const char *text = lua_tostring(L, -1);
  for (size_t i = 0; text && i < sizeof texts / sizeof *texts; i++)
    if (strstr(text, texts[i])) return true;
  return !text;
}

static void end(lua_State *L, bool ok, void *data) {
  visit *v = data;
  wy_page_req *r = &v->request;
  bool begun = r->begun, ended = r->over || r->gone;
  bool failed = !ok && !(ended && is_about_its_end(L));
  if (failed) log_failure(L, v);
  wy_page_req_leave(L, r);
  count(v, begun ? r->status : ok ? (int)lua_tointeger(L, 2) : 500, failed);
  if (begun) wy_http_stream_end(r->req, ok || ended);
  else if (ok) respond(L, v);
  else respond_plain(L, v, 500);
  visit_free(v);
}

static void lost(void *data) {
  visit *v = data;
  bool begun = v->request.begun;
  wy_page_req_leave(NULL, &v->request);
  count(v, begun ? v->request.status : 503, 0);
  if (begun) wy_http_stream_end(v->request.req, false);
  else wy_http_respond(v->request.req, &(wy_http_answer){.status = 503});
  visit_free(v);
}

static const wy_task_body body = {.begin = begin, .end = end, .lost = lost, .trusted = true};

void wy_page_serve(worker *w, wy_http_req *req) {
  edition *e = w->current;
  match m;
  unsigned allow;
  if (find(e->generation, req, &m,
           &allow)) { /* or the generation has changed since the head came */
    if (is_read(e->generation, req)) respond_none(w, req);
    else wy_http_respond(req, &(wy_http_answer){.status = 404});
    return;
  }
  visit *v = calloc(1, sizeof *v);
  if (v) {
    v->worker = w;
    v->edition = e;
    v->request = (wy_page_req){.req = req, .streams = &w->streams};
    v->account = m.account->index;
    v->page = m.page;
    v->number = ++w->serial;
    v->began = uv_hrtime();
    wy_list_init(&v->link);
    wy_list_push(&w->pages, &v->link);
    e->n_exchanges++;
    wy_worker_unsettle(w);
    if (wy_task_start(e->script, &body, v) == 0) return;
    visit_free(v);
  }
  wy_http_respond(req, &(wy_http_answer){.status = 503});
}

void wy_pages_end(worker *w, const edition *e) {
  for (wy_list *n = w->pages.next; n != &w->pages;) {
    visit *v = wy_container_of(n, visit, link);
    n = n->next;
    if ((e && v->edition != e) || !v->request.begun || v->request.over) continue;
    bool ends = v->request.events;
    wy_page_req_end(&v->request);
    if (ends) n = w->pages.next; /* others may have ended with it */
  }
}

/* --- the user of a page, for as long as it touches his session --- */

static visit *find_visit(lua_State *L, const worker *w) {
  lua_Integer number = luaL_checkinteger(L, 1);
  for (const wy_list *n = w->pages.prev; n != &w->pages; n = n->prev) {
    visit *v = wy_container_of(n, visit, link);
    if (v->number == number) return v;
  }
  return NULL;
}

int wy_page_hold(lua_State *L, worker *w) {
  wy_str openid;
  openid.p = luaL_checklstring(L, 2, &openid.n);
  visit *v = find_visit(L, w);
  const account *a = v ? &v->edition->generation->accounts[v->account] : NULL;
  lua_pushboolean(L, !v || v->guest.slot || wy_guest_enter(w, a, openid, &v->guest));
  return 1;
}

int wy_page_release(lua_State *L, worker *w) {
  visit *v = find_visit(L, w);
  if (v) wy_guest_leave(w, &v->guest);
  return 0;
}

/* --- from Lua --- */

static char *text_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  char *copy = strdup(luaL_optstring(L, -1, ""));
  lua_pop(L, 1);
  if (!copy) luaL_error(L, "out of memory");
  return copy;
}

static bool flag_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  bool yes = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return yes;
}

static lua_Integer integer_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

void wy_pages_read(account *a, lua_State *L, int site) {
  a->base = text_field(L, site, "base");
  a->prefix = text_field(L, site, "prefix");
  a->own_host = flag_field(L, site, "own_host");
  lua_Integer n = luaL_len(L, site);
  a->pages = calloc((size_t)n + 1, sizeof *a->pages);
  if (!a->pages) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, site, i);
    int t = lua_gettop(L);
    struct page *p = &a->pages[a->n_pages++];
    p->methods = (unsigned)integer_field(L, t, "methods");
    p->body_max = (size_t)integer_field(L, t, "body");
    p->is_page = flag_field(L, t, "is_page");
    p->repeated = flag_field(L, t, "repeated");
    p->raw = flag_field(L, t, "raw");
    p->pattern = text_field(L, t, "pattern");
    p->where = text_field(L, t, "where");
    p->plugin = text_field(L, t, "plugin");
    lua_pop(L, 1);
  }
}

void wy_pages_free(account *a) {
  for (size_t i = 0; i < a->n_pages; i++) {
    free(a->pages[i].pattern);
    free(a->pages[i].where);
    free(a->pages[i].plugin);
  }
  free(a->pages);
  free(a->base);
  free(a->prefix);
}
