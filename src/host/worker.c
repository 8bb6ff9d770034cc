/* One worker's life. Everything of it is used on its own thread; what starts and ends it runs while
 * that thread is not, or comes by a post. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "host/exchange.h"
#include "net/upload.h"

enum { REPLY_BYTES = 4 << 20, MEASURE = 64 /* beats */ };

static size_t count_tasks(const worker *w) {
  size_t n = 0;
  for (const wy_list *e = w->editions.next; e != &w->editions; e = e->next)
    n += wy_tasks_count(wy_container_of(e, edition, link)->script);
  return n;
}

/* Of what was closed, too: these only grow. */
static uint64_t count_stopped(const worker *w, wy_fault fault) {
  uint64_t n = w->stopped[fault];
  for (const wy_list *e = w->editions.next; e != &w->editions; e = e->next)
    n += wy_script_stopped(wy_container_of(e, edition, link)->script, fault);
  return n;
}

static size_t count_memory(const worker *w) {
  size_t n = 0;
  for (const wy_list *e = w->editions.next; e != &w->editions; e = e->next)
    n += wy_script_memory(wy_container_of(e, edition, link)->script);
  return n;
}

static void on_weight(void *data, const char *plugin, size_t bytes) {
  wy_worker_stats *stats = &((worker *)data)->stats;
  uint64_t i = 0;
  while (i < stats->n_plugins && strcmp(stats->plugins[i].name, plugin) != 0) i++;
  if (i == WY_PLUGIN_NAMES || strlen(plugin) >= sizeof stats->plugins[i].name) return;
  wy_metric_set(&stats->plugins[i].memory, bytes);
  if (i < stats->n_plugins) return;
  strcpy(stats->plugins[i].name, plugin);
  __atomic_store_n(&stats->n_plugins, i + 1, __ATOMIC_RELEASE);
}

static void measure(worker *w) {
  wy_script_look_at_memory(w->current->script, on_weight, w);
  wy_metric_set(&w->stats.lua_memory, count_memory(w));
  if (w->current->short_told || !wy_script_short_of_memory(w->current->script)) return;
  w->current->short_told = true; /* once: a new state is a new try */
  wy_host_rebuild(w->host);
}

static size_t count_states(const worker *w) {
  size_t n = 0;
  for (const wy_list *e = w->editions.next; e != &w->editions; e = e->next) n++;
  return n;
}

void wy_worker_beat(worker *w) {
  wy_metric_set(&w->stats.lua_states, count_states(w));
  wy_metric_set(&w->stats.tasks, count_tasks(w));
  wy_metric_set(&w->stats.parked, w->n_parked);
  if (w->beats++ % MEASURE == 0 && w->current) measure(w);
  if (w->stats.stopped[WY_FAULT_NONE] != count_stopped(w, WY_FAULT_NONE))
    for (wy_fault i = 0; i < WY_FAULT_END; i++)
      wy_metric_set(&w->stats.stopped[i], count_stopped(w, i));
  if (w->http) wy_metric_set(&w->stats.connections, wy_http_connections(w->http));
}

static void on_beat(uv_prepare_t *beat) {
  worker *w = wy_container_of(beat, worker, beat);
  wy_beat_turn(w->shown);
  wy_worker_beat(w);
}

/* --- slices: one in each turn of the loop, which looks at its sockets in between --- */

static void on_slices(uv_idle_t *slices) {
  worker *w = wy_container_of(slices, worker, slices);
  if (!wy_editions_slice(w)) uv_idle_stop(slices);
}

void wy_worker_more(void *data) {
  worker *w = data;
  if (w->slicing) uv_idle_start(&w->slices, on_slices);
}

int wy_worker_init(worker *w, wy_host *h, unsigned index, uv_loop_t *loop) {
  w->host = h;
  w->door = (wy_kv_door){wy_store_client, w};
  w->index = index;
  w->shown = &w->unseen;
  wy_list_init(&w->exchanges);
  wy_list_init(&w->spare_exchanges);
  wy_list_init(&w->errands);
  wy_list_init(&w->lates);
  wy_list_init(&w->pages);
  wy_editions_init(w);
  wy_list_init(&w->waiting);
  wy_list_init(&w->away);
  wy_push_init(&w->opened);
  w->opened.msg.doc.json_depth = 32;
  wy_buf_init(&w->reply, REPLY_BYTES);
  wy_buf_init(&w->sealed, 2 * (size_t)REPLY_BYTES);
  wy_buf_init(&w->known, REPLY_BYTES);
  wy_handlers_init(&w->stats.handlers);
  if (!h->is_virtual) wy_clock_init(&w->clock);
  wy_ration_init(&w->ration, &w->clock, &h->log);
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
    if (uv_idle_init(w->loop, &w->slices)) return WY_E_NOMEM;
    w->slicing = true;
    uv_unref((uv_handle_t *)&w->slices);
  }
  if (wy_posts_open(w)) return WY_E_NOMEM;
  if (wy_client_new(&w->client, w->loop, h->is_virtual ? NULL : &w->clock)) return WY_E_NOMEM;
  int err = wy_crypt_new(&w->crypt);
  if (err) return err;
  /* not by libcrypto, whose generator takes memory that a host in plain mode never needs */
  return uv_random(NULL, NULL, &w->trace_seed, sizeof w->trace_seed, 0, NULL) ? WY_E_NOMEM : 0;
}

int wy_worker_open(worker *w) {
  static const wy_http_handlers handlers = {wy_route_on_head, wy_route_on_request};
  wy_host *h = w->host;
  wy_http_limits limits = h->limits;
  limits.connections = (limits.connections + h->n_workers - 1) / h->n_workers; /* of all together */
  if (w->index == 0) wy_upload_sweep(h->uploads);
  w->streams.max = (h->streams_max + h->n_workers - 1) / h->n_workers;
  int err = wy_http_new(&w->http, w->loop, &w->clock, &h->log, &limits, &handlers, w);
  for (size_t i = 0; !err && i < h->n_proxies; i++)
    err = wy_http_trust(w->http, h->proxies[i].address, h->proxies[i].prefix);
  return err;
}

void wy_worker_show(worker *w, wy_beat *beat) {
  w->shown = beat;
  for (wy_list *n = w->editions.next; n != &w->editions; n = n->next)
    wy_script_beat(wy_container_of(n, edition, link)->script, beat, &w->running);
}

static _Thread_local worker *here; /* whose loop this thread runs */

void wy_worker_interrupt(void) {
  const worker *w = here;
  wy_script *running = w ? w->running : NULL;
  /* else what was meant has ended meanwhile */
  if (running && __atomic_load_n(&w->shown->unwanted, __ATOMIC_ACQUIRE) == w->shown->runs)
    wy_script_interrupt(running);
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
  return !wy_list_empty(&w->errands) || !wy_list_empty(&w->lates) || !wy_list_empty(&w->pages);
}

static void on_parted(worker *w) {
  w->parted = true;
  wy_worker_settle(w);
}

/* What was answered `success` at its deadline has no connection any more, but its user waits. */
void wy_worker_settle(worker *w) {
  if (!w->http_ended || w->served || (!w->given_up && something_left(w))) return;
  if (!w->given_up && !w->parted && w->current) { /* NULL: it has never served */
    if (w->parting) return;
    w->parting = true;
    wy_edition_part(w->current, on_parted);
    return;
  }
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
  wy_pages_end(w, NULL);
}

static void give_up(worker *w) {
  size_t tasks = count_tasks(w);
  if (tasks || wy_http_connections(w->http))
    wy_log_text(&w->host->log, WY_LOG_WARN, "host.stop",
                "%zu tasks and %zu connections did not end in time", tasks,
                wy_http_connections(w->http));
  wy_pushes_give_up(w);
  wy_errands_give_up(w);
  wy_http_kill(w->http);
  wy_worker_settle(w);
}

/* Asynchronously: its loop ends when all is closed. */
static void close_handles(worker *w) {
  wy_client_close(w->client); /* which has timers on the clock */
  wy_store_leave(w);
  wy_neighbour_leave(w);
  if (w->ticking) wy_tick_close(&w->tick, NULL);
  if (w->beating) uv_close((uv_handle_t *)&w->beat, NULL);
  if (w->slicing) uv_close((uv_handle_t *)&w->slices, NULL);
  w->ticking = w->beating = w->slicing = false;
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
  wy_client_free(w->client);
  wy_ration_deinit(&w->ration);
  wy_posts_deinit(w);
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
