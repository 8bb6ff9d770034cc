/* One worker's life. Everything of it is used on its own thread; what starts and ends it runs while
 * that thread is not, or comes by a post. */
#include <lauxlib.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "host/exchange.h"

enum { REPLY_BYTES = 4 << 20 };

static void on_beat(uv_prepare_t *beat) {
  worker *w = wy_container_of(beat, worker, beat);
  wy_beat_turn(w->shown);
  wy_metric_set(&w->stats.tasks, wy_tasks_count(w->script));
  wy_metric_set(&w->stats.parked, w->n_parked);
  if (w->http) wy_metric_set(&w->stats.connections, wy_http_connections(w->http));
}

int wy_worker_init(worker *w, wy_host *h, unsigned index, uv_loop_t *loop) {
  w->host = h;
  w->index = index;
  w->shown = &w->unseen;
  wy_list_init(&w->exchanges);
  wy_list_init(&w->spare_exchanges);
  wy_list_init(&w->errands);
  wy_list_init(&w->lates);
  wy_list_init(&w->waiting);
  wy_push_init(&w->opened);
  w->opened.msg.doc.json_depth = 32;
  wy_buf_init(&w->reply, REPLY_BYTES);
  wy_buf_init(&w->sealed, 2 * (size_t)REPLY_BYTES);
  wy_buf_init(&w->known, REPLY_BYTES);
  wy_handlers_init(&w->stats.handlers);
  if (!h->is_virtual) wy_clock_init(&w->clock);
  w->loop = loop;
  if (!loop) {
    if (uv_loop_init(&w->own_loop)) return WY_E_NOMEM;
    w->loop = &w->own_loop;
    w->has_loop = true;
  }
  if (!h->is_virtual) {
    if (wy_tick_start(&w->tick, w->loop, &w->clock)) return WY_E_NOMEM;
    w->ticking = true;
    if (uv_prepare_init(w->loop, &w->beat)) return WY_E_NOMEM;
    w->beating = true;
    uv_prepare_start(&w->beat, on_beat);
    uv_unref((uv_handle_t *)&w->beat);
  }
  if (wy_posts_open(w)) return WY_E_NOMEM;
  int err = wy_crypt_new(&w->crypt);
  if (err) return err;
  const wy_script_options script = {&w->clock, &h->log, h->options.lua_path};
  return wy_script_new(&w->script, &script);
}

int wy_worker_open(worker *w) {
  static const wy_http_handlers handlers = {wy_route_on_head, wy_route_on_request};
  wy_host *h = w->host;
  wy_http_limits limits = h->limits;
  limits.connections = (limits.connections + h->n_workers - 1) / h->n_workers; /* of all together */
  int err = wy_http_new(&w->http, w->loop, &w->clock, &h->log, &limits, &handlers, w);
  for (size_t i = 0; !err && i < h->n_proxies; i++)
    err = wy_http_trust(w->http, h->proxies[i].address, h->proxies[i].prefix);
  return err;
}

static int l_start(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.start");
  if (lua_isfunction(L, -1)) lua_call(L, 0, 0);
  return 0;
}

void wy_worker_started(worker *w) {
  lua_State *L = wy_script_lua(w->script);
  lua_pushcfunction(L, l_start);
  if (lua_pcall(L, 0, 0, 0) == LUA_OK) return;
  wy_log_text(&w->host->log, WY_LOG_ERROR, "lua.error", "%s", lua_tostring(L, -1));
  lua_pop(L, 1);
}

void wy_worker_show(worker *w, wy_beat *beat) {
  w->shown = beat;
  beat->generation = 1; /* the only one there is */
  wy_script_beat(w->script, beat, &w->running);
}

static _Thread_local worker *here; /* whose loop this thread runs */

/* The one place that ends what runs: wy_script_interrupt(s), once script/ has it. */
static void interrupt_script(wy_script *s) { (void)s; }

void wy_worker_interrupt(void) {
  const worker *w = here;
  wy_script *running = w ? w->running : NULL;
  /* else what was meant has ended meanwhile */
  if (running && __atomic_load_n(&w->shown->unwanted, __ATOMIC_ACQUIRE) == w->shown->runs)
    interrupt_script(running);
}

int wy_host_signal_worker(wy_host *h, unsigned i, int number) {
  return i < h->n_workers ? pthread_kill(h->workers[i].self, number) : -1;
}

/* A client that has left is an error of one write, not a signal that ends the program: libuv leaves
 * that to whoever owns the thread. */
void wy_worker_run(worker *w) {
  sigset_t pipe, before;
  here = w;
  w->self = pthread_self();
  __atomic_store_n(&w->shown->tid, wy_beat_tid(), __ATOMIC_RELEASE);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  bool blocked = pthread_sigmask(SIG_BLOCK, &pipe, &before) == 0;
  uv_run(w->loop, UV_RUN_DEFAULT);
#ifdef __linux__ /* elsewhere libuv's sockets raise none */
  const struct timespec now = {0};
  while (blocked && !sigismember(&before, SIGPIPE) && sigtimedwait(&pipe, NULL, &now) > 0) continue;
#endif
  if (blocked) pthread_sigmask(SIG_SETMASK, &before, NULL);
  __atomic_store_n(&w->shown->tid, 0, __ATOMIC_RELEASE);
  here = NULL;
}

static void run(void *data) { wy_worker_run(data); }

int wy_worker_run_thread(worker *w) {
  if (uv_thread_create(&w->thread, run, w)) return WY_E_NOMEM;
  w->threaded = true;
  return 0;
}

/* --- stopping --- */

static bool something_left(const worker *w) {
  for (const wy_list *n = w->exchanges.next; n != &w->exchanges; n = n->next) {
    phase p = wy_container_of(n, exchange, link)->phase;
    if (p != PARKED && p != LINGERING) return true; /* these wait for a push, and none will come */
  }
  return !wy_list_empty(&w->errands) || !wy_list_empty(&w->lates);
}

/* What was answered `success` at its deadline has no connection any more, but its user waits. */
void wy_worker_settle(worker *w) {
  if (!w->http_ended || w->served || (!w->given_up && something_left(w))) return;
  w->served = true;
  wy_host_served(w->host);
}

/* An errand came after that. Whoever sent it is not done with serving, so the host still waits. */
void wy_worker_unsettle(worker *w) {
  if (!w->served || w->given_up) return;
  unsigned n = atomic_load(&w->host->serving);
  while (n && !atomic_compare_exchange_weak(&w->host->serving, &n, n + 1)) continue;
  w->served = n == 0;
}

static void on_http_ended(void *data) {
  worker *w = data;
  w->http_ended = true;
  wy_worker_settle(w);
}

/* When another host takes over, what need not end here is over at once: it has the user then. A
 * conversation that waits for its user's next message would wait in vain. */
static void stop_serving(worker *w) {
  if (w->host->giving) {
    wy_give_connections(w);
    wy_conversations_end(w);
    wy_exchanges_end(w);
  }
  wy_http_stop(w->http, on_http_ended);
}

static void give_up(worker *w) {
  if (wy_tasks_count(w->script) || wy_http_connections(w->http))
    wy_log_text(&w->host->log, WY_LOG_WARN, "host.stop",
                "%zu tasks and %zu connections did not end in time", wy_tasks_count(w->script),
                wy_http_connections(w->http));
  wy_errands_give_up(w);
  wy_pushes_give_up(w);
  wy_http_kill(w->http);
  wy_worker_settle(w);
}

/* Asynchronously: its loop ends when all is closed. */
static void close_handles(worker *w) {
  if (w->ticking) wy_tick_close(&w->tick, NULL);
  if (w->beating) uv_close((uv_handle_t *)&w->beat, NULL);
  w->ticking = w->beating = false;
  wy_posts_close(w);
}

void wy_worker_obey(worker *w, wy_order order) {
  switch (order) {
    case WY_STOP_SERVING: stop_serving(w); return;
    case WY_GIVE_UP: give_up(w); return;
    case WY_CLOSE: close_handles(w); return;
    case WY_PAUSE:
      wy_http_pause(w->http);
      wy_give_paused(w);
      return;
    case WY_RESUME: wy_http_resume(w->http); return;
    case WY_ORDERS: return;
  }
}

/* Its loop has ended, and so has its thread. */
void wy_worker_deinit(worker *w) {
  wy_http_free(w->http);
  wy_posts_deinit(w);
  wy_desks_deinit(w);
  wy_lates_deinit(w);
  wy_exchanges_deinit(w);
  wy_slots_deinit(w);
  wy_crypt_free(w->crypt);
  wy_push_deinit(&w->opened);
  wy_buf_deinit(&w->reply);
  wy_buf_deinit(&w->sealed);
  wy_buf_deinit(&w->known);
  wy_handlers_deinit(&w->stats.handlers);
  wy_clock_deinit(&w->clock);
  if (w->has_loop) uv_loop_close(&w->own_loop);
}
