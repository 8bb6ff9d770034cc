/* The host's life: new, load, start, run, stop, free. */
#include <stdlib.h>

#include "base/err.h"
#include "host/host_impl.h"
#include "script/task.h"

enum { REPLY_BYTES = 4 << 20 };

const char *wy_version(void) { return WY_VERSION; }
const char *wy_strerror(int err) { return wy_err_text(err); }

static void sink(void *data, wy_log_level level, wy_str line) {
  wy_host *h = data;
  h->options.log(h->options.data, (int)level, line.p, line.n);
}

static void finish_stop(wy_host *h) {
  if (h->stopped) return;
  h->stopped = true;
  wy_timer_stop(&h->clock, &h->stop_timer);
  uv_close((uv_handle_t *)&h->stop_async, NULL);
  wy_tick_close(&h->tick, NULL);
}

static void on_http_stopped(void *data) { finish_stop(data); }

static void on_stop_timer(wy_timer *timer) {
  wy_host *h = wy_container_of(timer, wy_host, stop_timer);
  wy_log_text(&h->log, WY_LOG_WARN, "host.stop",
              "%zu tasks and %zu connections did not end in time", wy_tasks_count(h->script),
              wy_http_connections(h->http));
  wy_pushes_give_up(h);
  wy_http_kill(h->http);
}

static void on_stop(uv_async_t *async) {
  wy_host *h = wy_container_of(async, wy_host, stop_async);
  if (h->stopping) return;
  h->stopping = true;
  if (!h->http) {
    finish_stop(h);
    return;
  }
  wy_timer_start(&h->clock, &h->stop_timer, STOP_MS);
  wy_http_stop(h->http, on_http_stopped);
}

int wy_host_new(wy_host **out, const wy_host_options *options) {
  wy_host *h = calloc(1, sizeof *h);
  if (!h) return WY_E_NOMEM;
  if (options) h->options = *options;
  h->log = (wy_log){WY_LOG_INFO, h->options.log ? sink : NULL, h};
  wy_clock_init(&h->clock);
  wy_timer_init(&h->stop_timer, on_stop_timer);
  wy_list_init(&h->exchanges);
  wy_list_init(&h->spare_exchanges);
  wy_push_init(&h->opened);
  wy_buf_init(&h->reply, REPLY_BYTES);
  wy_buf_init(&h->sealed, 2 * (size_t)REPLY_BYTES);
  h->limits = wy_http_default_limits;
  h->loop = h->options.loop;
  if (!h->loop) {
    if (uv_loop_init(&h->own_loop)) {
      free(h);
      return WY_E_NOMEM;
    }
    h->loop = &h->own_loop;
  }
  int err = uv_async_init(h->loop, &h->stop_async, on_stop);
  if (!err && (err = wy_tick_start(&h->tick, h->loop, &h->clock)) != 0)
    uv_close((uv_handle_t *)&h->stop_async, NULL);
  if (err) {
    h->stopped = true; /* no handles of ours */
    wy_host_free(h);
    return WY_E_NOMEM;
  }
  wy_script_options script = {&h->clock, &h->log, h->options.lua_path};
  err = wy_crypt_new(&h->crypt);
  if (!err) err = wy_script_new(&h->script, &script);
  if (err) {
    wy_host_free(h);
    return err;
  }
  *out = h;
  return 0;
}

void wy_host_listen(wy_host *h, const char *address) {
  free(h->listen);
  h->listen = strdup(address);
}

static int loaded(wy_host *h, int err) {
  h->loaded = err >= 0;
  return err;
}

int wy_host_load(wy_host *h, const char *path) {
  if (h->loaded) return WY_E_ARG;
  return loaded(h, wy_config_load(h, path, (wy_str){0}, path, NULL));
}

int wy_host_load_text(wy_host *h, const char *text, size_t n, const char *name,
                      const char *folder) {
  if (h->loaded) return WY_E_ARG;
  return loaded(h, wy_config_load(h, NULL, (wy_str){text, n}, name, folder));
}

/* Every account becomes a route; those that share a path are told apart by the host asked for. */
static int add_accounts(wy_host *h) {
  for (size_t i = 0; i < h->n_accounts; i++) { /* routes of the program may have come first */
    for (size_t k = 0; k < h->n_routes; k++) {
      if (strcmp(h->accounts[i].path, h->routes[k].path) != 0) continue;
      wy_log_text(&h->log, WY_LOG_ERROR, "config", "account %s: a route has the path %s already",
                  h->accounts[i].id, h->accounts[i].path);
      return WY_E_CONFIG;
    }
  }
  for (size_t i = 0; i < h->n_accounts; i++) {
    account *a = &h->accounts[i];
    int err = wy_route_add(
        h, &(route){WY_GET | WY_POST, a->path, a->url_host, h->push_max, wy_push_serve, a});
    if (err) return err;
  }
  return 0;
}

int wy_host_start(wy_host *h) {
  static const wy_http_handlers handlers = {wy_route_on_head, wy_route_on_request};
  if (!h->loaded || h->started) return WY_E_ARG;
  int err = add_accounts(h);
  if (!err) err = wy_http_new(&h->http, h->loop, &h->clock, &h->log, &h->limits, &handlers, h);
  if (err) return err;
  for (size_t i = 0; i < h->n_proxies; i++)
    wy_http_trust(h->http, h->proxies[i].address, h->proxies[i].prefix);
  h->started = true;
  int wanted = h->port;
  err = wy_http_listen(h->http, h->address, wanted, &h->port);
  if (err) {
    wy_log_text(&h->log, WY_LOG_ERROR, "listen", "cannot listen on %s:%d: %s", h->address, wanted,
                uv_strerror(err));
    return WY_E_LISTEN;
  }
  return 0;
}

const char *wy_host_address(const wy_host *h) { return h->address; }
int wy_host_port(const wy_host *h) { return h->port; }
void wy_host_stop(wy_host *h) { uv_async_send(&h->stop_async); }
int wy_host_stopped(const wy_host *h) { return h->stopped; }

int wy_host_run(wy_host *h) {
  if (!h->started || h->loop != &h->own_loop) return WY_E_ARG;
  uv_run(h->loop, UV_RUN_DEFAULT);
  return 0;
}

static void on_closed(uv_handle_t *handle) {
  wy_host *h = handle->data;
  h->closed = true;
}

/* Closes what is still open, at once, and lets the loop run the callbacks. */
static void close_handles(wy_host *h) {
  if (!h->stopped) {
    if (h->http) {
      h->stopping = true;
      wy_http_stop(h->http, on_http_stopped);
      wy_http_kill(h->http);
      while (!h->stopped && uv_run(h->loop, UV_RUN_ONCE)) continue;
    }
    finish_stop(h);
  }
  /* A handle of our own as the last in line: when it is closed, the others are. */
  uv_idle_t last;
  if (uv_idle_init(h->loop, &last)) return;
  last.data = h;
  uv_close((uv_handle_t *)&last, on_closed);
  while (!h->closed) uv_run(h->loop, UV_RUN_NOWAIT);
}

void wy_host_free(wy_host *h) {
  if (!h) return;
  if (h->http) wy_http_kill(h->http); /* nobody is to be answered any more */
  wy_script_free(h->script);
  h->script = NULL;
  close_handles(h);
  wy_http_free(h->http);
  wy_config_deinit(h);
  wy_routes_deinit(h);
  wy_pushes_deinit(h);
  wy_crypt_free(h->crypt);
  wy_push_deinit(&h->opened);
  wy_buf_deinit(&h->reply);
  wy_buf_deinit(&h->sealed);
  wy_clock_deinit(&h->clock);
  if (h->loop == &h->own_loop) uv_loop_close(&h->own_loop);
  free(h->listen);
  free(h);
}

const char *wy_host_account_id(const wy_host *h, size_t i) {
  return i < h->n_accounts ? h->accounts[i].id : NULL;
}

const char *wy_host_account_path(const wy_host *h, size_t i) {
  return i < h->n_accounts ? h->accounts[i].path : NULL;
}

const char *wy_host_account_mode(const wy_host *h, size_t i) {
  static const char *const names[] = {"plain", "compatible", "safe"};
  return i < h->n_accounts ? names[h->accounts[i].gate.mode] : NULL;
}
