/* Which request goes where: hosts that are served, accounts, routes of the embedding program. */
#include <stdlib.h>

#include "base/err.h"
#include "host/host_impl.h"

static bool host_served(const generation *g, wy_str host) {
  if (!g->hosts) return true;
  for (size_t i = 0; i < g->n_hosts; i++)
    if (wy_str_ieq(host, wy_str_of(g->hosts[i]))) return true;
  return false;
}

static const route *find_route(const wy_host *h, wy_str path) {
  for (size_t i = 0; i < h->n_routes; i++)
    if (wy_str_eq(path, wy_str_of(h->routes[i].path))) return &h->routes[i];
  return NULL;
}

#define APPID "/:appid"

static bool is_appid(wy_str s) {
  for (size_t i = 0; i < s.n; i++)
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", s.p[i]))
      return false;
  return s.n > 0 && s.n < APPID_BYTES;
}

wy_str wy_route_authorizer(const account *a, wy_str path) {
  const char *hole = a->authorizers ? strstr(a->authorizers, APPID) : NULL;
  if (!hole) return (wy_str){NULL, 0};
  size_t before = (size_t)(hole - a->authorizers) + 1;
  wy_str behind = wy_str_of(hole + strlen(APPID));
  if (path.n <= before + behind.n || memcmp(path.p, a->authorizers, before) != 0 ||
      memcmp(path.p + path.n - behind.n, behind.p, behind.n) != 0)
    return (wy_str){NULL, 0};
  wy_str appid = {path.p + before, path.n - before - behind.n};
  return is_appid(appid) ? appid : (wy_str){NULL, 0};
}

/* The platform for whose authorizers a path is; of several, the one whose host was asked for. */
static const account *find_platform(const generation *g, wy_str path, wy_str host) {
  const account *only = NULL;
  size_t n = 0;
  for (size_t i = 0; i < g->n_accounts; i++) {
    const account *a = &g->accounts[i];
    if (!a->authorizers || !wy_route_authorizer(a, path).n) continue;
    if (a->url_host && wy_str_ieq(host, wy_str_of(a->url_host))) return a;
    only = a;
    n++;
  }
  return n == 1 ? only : NULL;
}

/* The account of a path; of several on one path, the one whose host was asked for. */
static const account *find_account(const generation *g, wy_str path, wy_str host) {
  const account *only = NULL;
  size_t n = 0;
  for (size_t i = 0; i < g->n_accounts; i++) {
    const account *a = &g->accounts[i];
    if (!wy_str_eq(path, wy_str_of(a->path))) continue;
    if (a->url_host && wy_str_ieq(host, wy_str_of(a->url_host))) return a;
    only = a;
    n++;
  }
  if (n == 0) return find_platform(g, path, host);
  return n == 1 ? only : NULL;
}

/* What a request was found to be for is kept with it: a route, or an account by its number, which
 * is odd and names the generation, since that may have gone when the body has come. */
static uintptr_t mark(const generation *g, const account *a) {
  return (uintptr_t)g->number << 18 | (uintptr_t)a->index << 2 | 1;
}

#define PAGE ((uintptr_t)3) /* a plugin's: which one, is found again */

int wy_route_on_head(void *data, wy_http_req *req, size_t *body_max) {
  worker *w = data;
  wy_editions_look(w);
  const generation *g = w->current->generation;
  wy_str host = wy_http_req_host(req), path = wy_http_req_path(req);
  if (!host_served(g, host)) {
    wy_http_req_set_err(req, WY_E_HTTP_UNKNOWN_HOST);
    return 421;
  }
  const route *r = find_route(w->host, path);
  const account *a = r ? NULL : find_account(g, path, host);
  if (!r && !a) {
    wy_http_req_set_data(req, (void *)PAGE);
    return wy_page_on_head(w, g, req, body_max);
  }
  unsigned methods = r ? r->methods : WY_GET | WY_POST;
  if (!(methods & wy_http_req_method(req))) {
    wy_http_req_set_err(req, WY_E_HTTP_METHOD);
    wy_http_req_set_allow(req, methods);
    return 405;
  }
  *body_max = r ? r->body_max : w->host->push_max;
  wy_http_req_set_data(req, r ? (void *)(uintptr_t)r : (void *)mark(g, a));
  return 0;
}

void wy_route_on_request(void *data, wy_http_req *req) {
  worker *w = data;
  uintptr_t found = (uintptr_t)wy_http_req_data(req);
  if (!(found & 1)) {
    const route *r = (const route *)found;
    r->fn(r->data, req);
    return;
  }
  wy_editions_look(w);
  if (found == PAGE) {
    wy_page_serve(w, req);
    return;
  }
  const generation *g = w->current->generation;
  size_t i = found >> 2 & 0xFFFF;
  if (i >= g->n_accounts || mark(g, &g->accounts[i]) != found) { /* the generation has changed */
    const account *a = find_account(g, wy_http_req_path(req), wy_http_req_host(req));
    if (!a) {
      wy_http_respond(req, &(wy_http_answer){.status = 404});
      return;
    }
    i = a->index;
  }
  wy_push_serve(w, &w->current->desks[i], req);
}

const account *wy_routes_clash(const wy_host *h, const generation *g) {
  for (size_t i = 0; i < g->n_accounts; i++)
    if (find_route(h, wy_str_of(g->accounts[i].path))) return &g->accounts[i];
  return NULL;
}

static int add(wy_host *h, const route *r) {
  route *more = realloc(h->routes, (h->n_routes + 1) * sizeof *more);
  if (!more) return WY_E_NOMEM;
  h->routes = more;
  more[h->n_routes] = *r;
  more[h->n_routes].path = strdup(r->path);
  if (!more[h->n_routes].path) return WY_E_NOMEM;
  h->n_routes++;
  return 0;
}

void wy_routes_deinit(wy_host *h) {
  for (size_t i = 0; i < h->n_routes; i++) free(h->routes[i].path);
  free(h->routes);
}

int wy_host_route(wy_host *h, unsigned methods, const char *path, size_t body_max, wy_route_fn fn,
                  void *data) {
  /* a started server holds pointers to routes */
  if (!fn || !path || path[0] != '/' || h->started) return WY_E_ARG;
  if (find_route(h, wy_str_of(path))) return WY_E_ARG;
  for (size_t i = 0; h->promoted && i < h->promoted->n_accounts; i++)
    if (strcmp(h->promoted->accounts[i].path, path) == 0) return WY_E_ARG;
  return add(h, &(route){.methods = methods,
                         .path = (char *)(uintptr_t)path,
                         .body_max = body_max,
                         .fn = fn,
                         .data = data});
}

static const char *view(wy_str s, size_t *n) {
  *n = s.n;
  return s.p;
}

unsigned wy_request_method(const wy_request *req) { return wy_http_req_method(req); }

const char *wy_request_path(const wy_request *req, size_t *n) {
  return view(wy_http_req_path(req), n);
}

const char *wy_request_query(const wy_request *req, size_t *n) {
  return view(wy_http_req_query(req), n);
}

const char *wy_request_header(const wy_request *req, const char *name, size_t *n) {
  return view(wy_http_req_header(req, wy_str_of(name)), n);
}

const char *wy_request_body(const wy_request *req, size_t *n) {
  return view(wy_http_req_body(req), n);
}

void wy_request_answer(wy_request *req, int status, const char *content_type, const char *body,
                       size_t n) {
  wy_http_respond(req, &(wy_http_answer){status, content_type, NULL, {body, n}});
}
