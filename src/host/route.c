/* Which request goes where: hosts that are served, accounts, routes of the embedding program. */
#include <stdlib.h>

#include "base/err.h"
#include "host/host_impl.h"

static bool host_served(const wy_host *h, wy_str host) {
  if (!h->hosts) return true;
  for (size_t i = 0; i < h->n_hosts; i++)
    if (wy_str_ieq(host, wy_str_of(h->hosts[i]))) return true;
  return false;
}

/* The route of a path; of several accounts on one path, the one whose host was asked for. */
static const route *find(const wy_host *h, wy_str path, wy_str host) {
  const route *only = NULL;
  size_t n = 0;
  for (size_t i = 0; i < h->n_routes; i++) {
    const route *r = &h->routes[i];
    if (!wy_str_eq(path, wy_str_of(r->path))) continue;
    if (r->only_host && wy_str_ieq(host, wy_str_of(r->only_host))) return r;
    only = r;
    n++;
  }
  return n == 1 ? only : NULL;
}

int wy_route_on_head(void *data, wy_http_req *req, size_t *body_max) {
  const wy_host *h = ((worker *)data)->host;
  wy_str host = wy_http_req_host(req);
  if (!host_served(h, host)) {
    wy_http_req_set_err(req, WY_E_HTTP_UNKNOWN_HOST);
    return 421;
  }
  const route *r = find(h, wy_http_req_path(req), host);
  if (!r) {
    wy_http_req_set_err(req, WY_E_HTTP_NOT_FOUND);
    return 404;
  }
  if (!(r->methods & wy_http_req_method(req))) {
    wy_http_req_set_err(req, WY_E_HTTP_METHOD);
    wy_http_req_set_allow(req, r->methods);
    return 405;
  }
  *body_max = r->body_max;
  wy_http_req_set_data(req, (void *)(uintptr_t)r);
  return 0;
}

void wy_route_on_request(void *data, wy_http_req *req) {
  worker *w = data;
  const route *r = wy_http_req_data(req);
  if (r->account) wy_push_serve(w, &w->desks[r->account->index], req);
  else r->fn(r->data, req);
}

int wy_route_add(wy_host *h, const route *r) {
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
  for (size_t i = 0; i < h->n_routes; i++)
    if (strcmp(h->routes[i].path, path) == 0) return WY_E_ARG;
  for (size_t i = 0; i < h->n_accounts; i++)
    if (strcmp(h->accounts[i].path, path) == 0) return WY_E_ARG;
  return wy_route_add(h, &(route){.methods = methods,
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
