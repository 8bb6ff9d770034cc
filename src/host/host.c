/* The host's life: new, load, start, run, stop, free. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "host/helper.h"
#include "host/host_impl.h"
#include "host/logging.h"
#include "host/record.h"
#include "net/listen.h"
#include "script/task.h"

const char *wy_version(void) { return WY_VERSION; }
const char *wy_strerror(int err) { return wy_err_text(err); }

static void sink(void *data, wy_log_level level, wy_str line) {
  wy_host *h = data;
  pthread_mutex_lock(&h->log_lock); /* one line at a time, whoever writes */
  h->options.log(h->options.data, (int)level, line.p, line.n);
  pthread_mutex_unlock(&h->log_lock);
}

/* --- stopping: every server first, then the loops --- */

static void obey(worker *w, wy_post *post) { wy_worker_obey(w, (wy_order)(post - w->orders)); }
static void forget(worker *w, wy_post *post) { (void)w, (void)post; }

/* On each worker's own thread: at once for the one that this runs on. */
void wy_host_everybody(wy_host *h, wy_order order) {
  for (unsigned i = 1; i < h->n_workers; i++) {
    worker *w = &h->workers[i];
    w->orders[order] = (wy_post){NULL, obey, forget};
    if (w->threaded) wy_post_send(w, &w->orders[order], false);
    else wy_worker_obey(w, order);
  }
  wy_worker_obey(&h->workers[0], order);
}

static void on_stop_timer(wy_timer *timer) {
  wy_host *h = wy_container_of(timer, wy_host, stop_timer);
  wy_timer_stop(&h->workers[0].clock, timer); /* close_handles is too early for it */
  if (h->admin) wy_http_kill(h->admin);
  if (h->gave_up) return;
  h->gave_up = true;
  wy_host_everybody(h, WY_GIVE_UP);
}

static void finish_stop(wy_host *h) {
  if (h->stopped) return;
  h->stopped = true;
  wy_reload_stop(h);
  wy_timer_stop(&h->workers[0].clock, &h->stop_timer);
  size_t unread = h->mailbox.answers ? wy_dict_stats_of(h->mailbox.answers).entries : 0;
  if (unread)
    wy_log_text(&h->log, WY_LOG_WARN, "mailbox.lost",
                "%zu users had unread answers; the mailbox is in memory and ends with the host",
                unread);
  wy_host_everybody(h, WY_CLOSE);
  for (unsigned i = 1; i < h->n_workers; i++) {
    worker *w = &h->workers[i];
    if (w->threaded) uv_thread_join(&w->thread);
    w->threaded = false;
  }
  wy_give_end(h);
  wy_take_close(h);
  uv_close((uv_handle_t *)&h->stop_async, NULL);
  uv_close((uv_handle_t *)&h->served_async, NULL);
  uv_close((uv_handle_t *)&h->reload_async, NULL);
}

void wy_host_served(wy_host *h) {
  if (atomic_fetch_sub(&h->serving, 1) == 1) uv_async_send(&h->served_async);
}

static void on_admin_stopped(void *data) { wy_host_served(data); }

/* The management interface stops last: as long as pushes are answered it says at /ready that no
 * more are taken. */
static void on_served(uv_async_t *async) {
  wy_host *h = wy_container_of(async, wy_host, served_async);
  if (!h->admin || h->admin_stopping) {
    finish_stop(h);
    return;
  }
  h->admin_stopping = true;
  atomic_store(&h->serving, 1);
  wy_http_stop(h->admin, on_admin_stopped);
  if (!wy_timer_armed(&h->stop_timer)) wy_http_kill(h->admin); /* the time is up already */
}

static void stop_serving(wy_host *h) {
  atomic_store(&h->serving, h->n_workers);
  wy_host_everybody(h, WY_STOP_SERVING);
}

static void on_reload(uv_async_t *async) {
  wy_host *h = wy_container_of(async, wy_host, reload_async);
  bool reload = atomic_exchange(&h->wants_reload, false);
  if (atomic_exchange(&h->wants_rebuild, false) && h->started)
    wy_reload_ask(h, WY_ASK_REBUILD, NULL, NULL);
  if (reload && h->started) wy_reload_ask(h, WY_ASK_RELOAD, NULL, NULL);
}

void wy_host_reload(wy_host *h) {
  atomic_store(&h->wants_reload, true);
  uv_async_send(&h->reload_async);
}

void wy_host_rebuild(wy_host *h) {
  atomic_store(&h->wants_rebuild, true);
  uv_async_send(&h->reload_async);
}

/* Another host has taken over: handlers may end in their own time. */
static uint64_t farewell_ms(const wy_host *h) {
  uint64_t wall = h->lua_limits.wall_ms + 1000;
  return wall > STOP_MS ? wall : STOP_MS;
}

static void on_stop(uv_async_t *async) {
  wy_host *h = wy_container_of(async, wy_host, stop_async);
  if (atomic_exchange(&h->stopping, true)) return;
  wy_reload_stop(h);
  if (!h->started) {
    finish_stop(h);
    return;
  }
  wy_timer_start(&h->workers[0].clock, &h->stop_timer, h->giving ? farewell_ms(h) : STOP_MS);
  stop_serving(h);
}

void wy_host_stop(wy_host *h) { uv_async_send(&h->stop_async); }
int wy_host_stopped(const wy_host *h) { return h->stopped; }

/* --- new --- */

static int open_handles(wy_host *h) {
  uv_loop_t *loop = h->workers[0].loop;
  if (uv_async_init(loop, &h->stop_async, on_stop)) return WY_E_NOMEM;
  if (uv_async_init(loop, &h->served_async, on_served)) {
    uv_close((uv_handle_t *)&h->stop_async, NULL);
    return WY_E_NOMEM;
  }
  if (uv_async_init(loop, &h->reload_async, on_reload)) {
    uv_close((uv_handle_t *)&h->stop_async, NULL);
    uv_close((uv_handle_t *)&h->served_async, NULL);
    return WY_E_NOMEM;
  }
  return 0;
}

static int new_host(wy_host **out, const wy_host_options *options, bool is_virtual,
                    int64_t wall_ms) {
  wy_host *h = calloc(1, sizeof *h);
  if (!h) return WY_E_NOMEM;
  if (options) h->options = *options;
  h->log = (wy_log){WY_LOG_INFO, h->options.log ? sink : NULL, h, WY_LOG_TEXT};
  h->limits = wy_http_default_limits;
  h->is_virtual = is_virtual;
  h->wanted_workers = 1;
  h->stopped = true; /* as long as there are no handles to close */
  wy_timer_init(&h->stop_timer, on_stop_timer);
  h->workers = calloc(WORKERS_MAX, sizeof *h->workers); /* posts keep pointers to them */
  h->ledgers = calloc(LEDGERS_MAX, sizeof *h->ledgers);
  if (!h->workers || !h->ledgers || pthread_mutex_init(&h->log_lock, NULL)) {
    free(h->workers);
    free(h->ledgers);
    free(h);
    return WY_E_NOMEM;
  }
  pthread_mutex_init(&h->plan_lock, NULL);
  h->n_workers = 1;
  if (is_virtual) wy_clock_init_virtual(&h->workers[0].clock, wall_ms);
  int err = wy_worker_init(&h->workers[0], h, 0, h->options.loop);
  h->alone_since = wy_clock_wall_ms(&h->workers[0].clock) / 1000;
  if (!err) err = open_handles(h);
  h->stopped = err != 0;
  if (!err) {
    *out = h;
    return 0;
  }
  wy_worker_obey(&h->workers[0], WY_CLOSE);
  wy_host_free(h);
  return err;
}

int wy_host_new(wy_host **out, const wy_host_options *options) {
  return new_host(out, options, false, 0);
}

int wy_host_new_virtual(wy_host **out, const wy_host_options *options, int64_t wall_ms) {
  return new_host(out, options, true, wall_ms);
}

void wy_host_listen(wy_host *h, const char *address) {
  free(h->listen);
  h->listen = strdup(address);
}

void wy_host_workers(wy_host *h, int n) {
  h->wanted_workers = n < 0 ? 0 : (unsigned)(n > WORKERS_MAX ? WORKERS_MAX : n);
}

int wy_host_keep(wy_host *h, int back) {
  if (h->loaded || back < 0) return WY_E_ARG;
  h->keeps = true;
  h->back = back;
  return 0;
}

int wy_host_sender(wy_host *h, wy_sender_fn fn, void *data) {
  if (h->started) return WY_E_ARG;
  h->sender = fn;
  h->sender_data = data;
  return 0;
}

/* --- load --- */

int wy_host_load(wy_host *h, const char *path) {
  if (h->loaded) return WY_E_ARG;
  return wy_first_load(h, &(wy_build){.path = path, .name = path});
}

int wy_host_load_text(wy_host *h, const char *text, size_t n, const char *name,
                      const char *folder) {
  if (h->loaded) return WY_E_ARG;
  return wy_first_load(h, &(wy_build){.text = {text, n}, .name = name, .folder = folder});
}

/* --- start --- */

static int check_routes(const wy_host *h) { /* those of the program may have come first */
  const account *a = wy_routes_clash(h, h->promoted);
  if (!a) return 0;
  wy_log_text(&h->log, WY_LOG_ERROR, "config", "account %s: a route has the path %s already", a->id,
              a->path);
  return WY_E_CONFIG;
}

/* Who follows another may get what came in the second in which that ended. */
void wy_host_supervise(wy_host *h, const wy_supervised *s) {
  h->supervised = *s;
  if (s->beats && s->beats->child > 1) h->alone_since++;
}

/* As many as there are workers; more when another one had more, and sockets stay. */
int wy_host_sockets(wy_host *h, int *fds, unsigned *n) {
  const wy_supervised *s = &h->supervised;
  *n = h->n_workers;
  if (!s->sockets) return wy_listen_open(h->address, h->port, *n, fds, &h->port);
  int got = s->sockets(s->data, WY_USE_PUSHES, h->address, h->port, *n, fds, &h->port);
  *n = got > 0 ? (unsigned)got : 0;
  return got > 0 ? 0 : got < 0 ? got : UV_EADDRNOTAVAIL;
}

/* Each socket is served by somebody: one that nobody serves would keep its share of the
 * connections waiting. */
static int listen_on_all(wy_host *h, const int *fds, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    const worker *beside = wy_neighbour_before(h, i % h->n_workers);
    int err = beside ? wy_http_stand_by(beside->http, fds[i]) : 0;
    if (!err)
      err = wy_http_listen_on(h->workers[i % h->n_workers].http, fds[i]); /* takes, or closes it */
    else close(fds[i]);
    if (!err) continue;
    wy_listen_close(fds + i + 1, n - i - 1);
    return err;
  }
  return 0;
}

static int listen_all(wy_host *h) {
  int fds[WY_SOCKETS_MAX], wanted = h->port;
  unsigned n;
  int err = wy_host_sockets(h, fds, &n);
  if (!err) err = listen_on_all(h, fds, n);
  if (!err) return 0;
  wy_log_text(&h->log, WY_LOG_ERROR, "listen", "cannot listen on %s:%d: %s", h->address, wanted,
              uv_strerror(err));
  return WY_E_LISTEN;
}

/* To who watches: Lua may run in one piece as long as the limits allow, and a little more. */
static void show(wy_host *h, wy_beats *beats) {
  const wy_limits *l = &h->lua_limits;
  uint64_t piece = l->slice_ns > l->slice_max_ns ? l->slice_ns : l->slice_max_ns;
  __atomic_store_n(&beats->patience_ms, (uint32_t)(piece / 1000000 + 50), __ATOMIC_RELAXED);
  __atomic_store_n(&beats->farewell_ms, (uint32_t)farewell_ms(h) + 3000, __ATOMIC_RELAXED);
  for (unsigned i = 0; i < h->n_workers; i++) wy_worker_show(&h->workers[i], &beats->workers[i]);
}

int wy_host_start(wy_host *h) {
  if (!h->loaded || h->started) return WY_E_ARG;
  int err = check_routes(h);
  if (!err) err = wy_record_start(h);
  if (!err) err = wy_store_start(h);
  for (unsigned i = 0; !err && i < h->n_workers; i++) err = wy_worker_open(&h->workers[i]);
  if (err) return err;
  h->started = true;
  if (h->supervised.beats) show(h, h->supervised.beats);
  err = wy_take(h);
  if (h->taking) h->alone_since = 0;
  if (!err) err = listen_all(h);
  if (!err) err = wy_admin_start(h);
  if (!err) err = wy_take_begin(h);
  for (unsigned i = 0; !err && i < h->n_workers; i++) wy_editions_look(&h->workers[i]);
  for (unsigned i = 0; !err && i < h->n_workers; i++) err = wy_neighbour_watch(&h->workers[i]);
  for (unsigned i = 1; !err && i < h->n_workers; i++) err = wy_worker_run_thread(&h->workers[i]);
  if (!err) wy_reload_start(h);
  return err;
}

struct uv_loop_s *wy_host_loop(wy_host *h) {
  return h->workers[0].loop;
}

const char *wy_host_address(const wy_host *h) { return h->address; }
int wy_host_port(const wy_host *h) { return h->port; }
const char *wy_host_admin_address(const wy_host *h) {
  return h->admin_serves ? h->admin_address : NULL;
}
int wy_host_admin_port(const wy_host *h) { return h->admin_serves ? h->admin_port : 0; }
int wy_host_worker_count(const wy_host *h) { return (int)h->n_workers; }

int wy_host_run(wy_host *h) {
  worker *w = &h->workers[0];
  if (!h->started || !w->has_loop) return WY_E_ARG;
  wy_worker_run(w);
  return 0;
}

/* --- free --- */

static void on_closed(uv_handle_t *handle) {
  wy_host *h = handle->data;
  h->closed = true;
}

/* One turn of every loop that has no thread. */
static void turn(wy_host *h) {
  bool alone = true;
  for (unsigned i = 1; i < h->n_workers; i++) {
    worker *w = &h->workers[i];
    if (w->threaded || !w->has_loop) continue;
    uv_run(w->loop, UV_RUN_NOWAIT);
    alone = false;
  }
  uv_run(h->workers[0].loop, alone ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

/* Closes what is still open, at once, and lets the loops run the callbacks. */
static void close_handles(wy_host *h) {
  uv_loop_t *loop = h->workers[0].loop;
  if (!h->stopped) {
    if (h->started) {
      if (!atomic_exchange(&h->stopping, true)) stop_serving(h);
      on_stop_timer(&h->stop_timer);
      while (!h->stopped) turn(h);
    }
    finish_stop(h);
  }
  for (unsigned i = 1; i < h->n_workers; i++)
    if (h->workers[i].has_loop) uv_run(h->workers[i].loop, UV_RUN_DEFAULT);
  /* A handle of our own as the last in line: when it is closed, the others are. */
  uv_idle_t last;
  if (!loop || uv_idle_init(loop, &last)) return;
  last.data = h;
  uv_close((uv_handle_t *)&last, on_closed);
  while (!h->closed) uv_run(loop, UV_RUN_NOWAIT);
}

void wy_host_free(wy_host *h) {
  if (!h) return;
  close_handles(h);
  for (unsigned i = 0; i < h->n_workers; i++) {
    worker *w = &h->workers[i];
    w->given_up = true; /* nobody is to be answered any more */
    wy_exchanges_end(w);
    wy_editions_retire_all(w);
  }
  wy_helper_end(h); /* while posts can be taken, and dropped */
  wy_http_free(h->admin);
  wy_store_end(h);
  wy_record_end(h);
  for (unsigned i = 0; i < h->n_workers; i++) wy_worker_deinit(&h->workers[i]);
  wy_reload_free(h);
  wy_generation_drop(h->promoted);
  wy_generation_drop(h->canary);
  wy_config_deinit(h);
  wy_routes_deinit(h);
  wy_inbox_free(h->inbox);
  wy_dict_free(h->shared);
  wy_mailbox_close(&h->mailbox);
  wy_dict_free(h->own);
  wy_dict_free(h->visitors);
  wy_dict_free(h->timers);
  pthread_mutex_destroy(&h->log_lock);
  pthread_mutex_destroy(&h->plan_lock);
  free(h->workers);
  free(h->listen);
  free(h);
}

const char *wy_host_log_file(const wy_host *h) { return h->log_file; }
const wy_log *wy_host_logger(const wy_host *h) { return &h->log; }

int wy_host_plugin_count(const wy_host *h) { return h->promoted ? h->promoted->n_plugins : 0; }

/* --- accounts --- */

static const account *account_at(const wy_host *h, size_t i) {
  return h->promoted && i < h->promoted->n_accounts ? &h->promoted->accounts[i] : NULL;
}

const char *wy_host_account_id(const wy_host *h, size_t i) {
  const account *a = account_at(h, i);
  return a ? a->id : NULL;
}

const char *wy_host_account_path(const wy_host *h, size_t i) {
  const account *a = account_at(h, i);
  return a ? a->path : NULL;
}

const char *wy_host_account_mode(const wy_host *h, size_t i) {
  static const char *const names[] = {"plain", "compatible", "safe"};
  const account *a = account_at(h, i);
  return a ? names[a->mode] : NULL;
}
