/* What the files of host/ share. Nobody else includes this. */
#ifndef WY_HOST_IMPL_H
#define WY_HOST_IMPL_H

#include <uv.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "codec/gate.h"
#include "net/http.h"
#include "net/tick.h"
#include "script/state.h"
#include "weiyue.h"

enum { STOP_MS = 9000 };

typedef struct account {
  wy_host *host;
  char *id, *path, *url_host, *username, *appid, *token, *apology;
  double deadline; /* seconds a reply may take */
  wy_gate gate;
  int object_ref;   /* Lua: msg.account */
  int dispatch_ref; /* Lua: function(msg) → reply, where */
} account;

typedef struct route {
  unsigned methods;
  char *path;
  const char *only_host; /* of accounts that share a path; NULL: any */
  size_t body_max;
  wy_route_fn fn;
  void *data;
} route;

typedef struct proxy {
  char *address;
  unsigned prefix;
} proxy;

struct wy_host {
  wy_host_options options;
  uv_loop_t *loop, own_loop;
  wy_log log;
  wy_clock clock;
  wy_tick tick;
  wy_http_limits limits;
  size_t push_max;
  unsigned window;
  wy_http *http;
  wy_script *script;
  wy_crypt *crypt;
  account *accounts;
  size_t n_accounts;
  route *routes;
  size_t n_routes;
  char **hosts; /* NULL: any */
  size_t n_hosts;
  proxy *proxies;
  size_t n_proxies;
  char *listen, *address;
  int port;
  bool loaded, started, stopping, stopped, closed;
  uv_async_t stop_async;
  wy_timer stop_timer;
  wy_list exchanges;       /* pushes whose handlers run */
  wy_list spare_exchanges; /* memory for more */
  size_t n_spare_exchanges;
  wy_push opened; /* the push that is being decoded */
  wy_buf reply, sealed;
};

/* config.c */
int wy_config_load(wy_host *h, const char *path, wy_str text, const char *name, const char *folder);
void wy_config_deinit(wy_host *h);

/* route.c */
int wy_route_add(wy_host *h, const route *r);
int wy_route_on_head(void *data, wy_http_req *req, size_t *body_max);
void wy_route_on_request(void *data, wy_http_req *req);
void wy_routes_deinit(wy_host *h);

/* push.c */
void wy_push_serve(void *data, wy_request *req); /* data: account */
void wy_pushes_give_up(wy_host *h);              /* answers what is in flight with `success` */
void wy_pushes_deinit(wy_host *h);

#endif
