#include "host/generation.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/exchange.h"
#include "host/helper.h"

enum {
  SWEEP_MS = 200,
  CONVERSING = 2 /* retired editions whose conversations go on however much they take */
};

/* --- generations --- */

generation *wy_generation_new(wy_host *h) {
  generation *g = calloc(1, sizeof *g);
  if (!g || !(g->editions = calloc(WORKERS_MAX, sizeof(edition *)))) {
    free(g);
    return NULL;
  }
  g->host = h;
  g->number = ++h->last_number;
  atomic_init(&g->refs, 1);
  wy_buf_init(&g->snapshot, (size_t)256 << 20);
  return g;
}

static void free_list(char **list, size_t n) {
  for (size_t i = 0; i < n; i++) free(list[i]);
  free(list);
}

void wy_generation_unref(generation *g) {
  if (!g || atomic_fetch_sub(&g->refs, 1) != 1) return;
  for (size_t i = 0; i < g->n_accounts; i++) {
    account *a = &g->accounts[i];
    char *all[] = {a->path,  a->url_host, a->username, a->appid,
                   a->token, a->apology,  a->waiting,  a->authorizers};
    if (a->token) memset(a->token, 0, strlen(a->token));
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
    wy_pages_free(a);
  }
  free(g->accounts);
  free_list(g->hosts, g->n_hosts);
  free(g->users);
  free_list(g->folders, g->n_folders);
  free_list(g->specs, g->n_specs);
  free_list(g->fixed, g->n_fixed);
  wy_buf_deinit(&g->snapshot);
  free(g->editions);
  free(g);
}

static void open_ledgers(const generation *g) {
  for (size_t i = 0; g && i < g->n_accounts; i++)
    atomic_store(&g->accounts[i].ledger->served, true);
}

void wy_generation_publish(wy_host *h, generation *promoted, generation *canary) {
  open_ledgers(canary);
  open_ledgers(promoted);
  for (size_t i = 0; i < promoted->n_accounts; i++) { /* without memory it stays as it was */
    const account *a = &promoted->accounts[i];
    if (wy_budget_max(&a->ledger->budget) != a->hold_budget)
      wy_budget_resize(&a->ledger->budget, a->hold_budget);
  }
  pthread_mutex_lock(&h->plan_lock);
  h->promoted = promoted;
  h->canary = canary;
  atomic_fetch_add(&h->plan, 1);
  pthread_mutex_unlock(&h->plan_lock);
}

/* --- editions --- */

/* Finalizers ask a clock of this thread's: the worker's is the worker's, and that of a build has
 * gone with it. */
static void close_script(edition *e) {
  wy_clock own;
  if (!e->script) return;
  wy_script_end(e->script);
  wy_clock_init(&own);
  if (!e->worker->host->is_virtual) wy_script_leave(e->script, &own);
  wy_script_free(e->script);
  wy_clock_deinit(&own);
}

void wy_edition_free(edition *e) {
  close_script(e);
  for (size_t i = 0; e->desks && i < e->generation->n_accounts; i++)
    wy_gate_deinit(&e->desks[i].gate);
  free(e->desks);
  wy_generation_unref(e->generation);
  free(e);
}

edition *wy_edition_find(const worker *w, uint64_t number) {
  for (const wy_list *n = w->editions.prev; n != &w->editions; n = n->prev) {
    edition *e = wy_container_of(n, edition, link);
    if (e->generation->number == number) return e;
  }
  return NULL;
}

static int l_call(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, lua_touserdata(L, 1));
  if (!lua_isfunction(L, -1)) return 0;
  lua_call(L, 0, 1);
  return 1;
}

/* Calls what the registry has under this name, and keeps the function that it gives under another.
 */
static void call(edition *e, const char *name, const char *keep) {
  lua_State *L = wy_script_lua(e->script);
  lua_pushcfunction(L, l_call);
  lua_pushlightuserdata(L, (void *)(uintptr_t)name);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
    if (keep) lua_setfield(L, LUA_REGISTRYINDEX, keep);
    else lua_pop(L, 1);
    return;
  }
  wy_log_text(&e->worker->host->log, WY_LOG_ERROR, "lua.error", "%s", lua_tostring(L, -1));
  lua_pop(L, 1);
}

static void start_timers(edition *e) {
  if (e->started) return;
  e->started = true;
  call(e, "weiyue.start", "weiyue.stop");
}

static void stop_timers(edition *e) {
  if (e->started) call(e, "weiyue.stop", NULL);
  e->started = false;
}

/* --- parting --- */

typedef struct parting {
  worker *worker;
  void (*done)(worker *w);
} parting;

static int part_begin(lua_State *L, void *data) {
  (void)data;
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.part");
  return 0;
}

static void part_lost(void *data) {
  parting p = *(parting *)data;
  free(data);
  if (p.done) p.done(p.worker);
}

static void part_end(lua_State *L, bool ok, void *data) {
  parting *p = data;
  if (!ok) wy_log_text(&p->worker->host->log, WY_LOG_ERROR, "lua.error", "%s", lua_tostring(L, -1));
  part_lost(p);
}

void wy_edition_part(edition *e, void (*done)(worker *w)) {
  static const wy_task_body body = {
      .begin = part_begin, .end = part_end, .lost = part_lost, .trusted = true};
  parting *p = malloc(sizeof *p);
  if (p) {
    *p = (parting){e->worker, done};
    if (wy_task_start(e->script, &body, p)) part_lost(p);
  } else if (done) {
    done(e->worker);
  }
}

/* --- retiring --- */

/* They are told of their end, and their users have no question any more. */
static void end_conversations_of(edition *e) {
  worker *w = e->worker;
  size_t n = 0;
  for (wy_list *m = w->exchanges.next; m != &w->exchanges;) {
    exchange *x = wy_container_of(m, exchange, link);
    m = m->next;
    if (x->desk->edition != e || x->phase != PARKED || !x->park) continue;
    n++;
    wy_parked_end(x);
    m = w->exchanges.next; /* more than this one may have ended with it */
  }
  if (n)
    wy_log_text(&w->host->log, WY_LOG_INFO, "reload.conversations",
                "%zu open questions of generation %llu were ended", n,
                (unsigned long long)e->generation->number);
}

/* Those of retired editions, but of the youngest and of as many more as take together no more
 * memory than one may. */
static void end_conversations(worker *w) {
  unsigned younger = 0;
  size_t taken = 0;
  for (wy_list *n = w->editions.prev; n != &w->editions; n = n->prev) {
    edition *e = wy_container_of(n, edition, link);
    if (!e->retired) continue;
    taken += wy_script_memory(e->script);
    if (younger++ >= CONVERSING && taken > w->host->lua_limits.memory) end_conversations_of(e);
  }
}

static void retire(edition *e) {
  worker *w = e->worker;
  e->retired = wy_clock_now_ms(&w->clock) + 1;
  stop_timers(e);
  size_t n = wy_tasks_cancel_spawned(e->script);
  if (n)
    wy_log_text(&w->host->log, WY_LOG_INFO, "reload.tasks",
                "%zu spawned tasks and timers of generation %llu were ended", n,
                (unsigned long long)e->generation->number);
  wy_pages_end(w, e);
  wy_edition_part(e, NULL);
  if (!wy_timer_armed(&w->sweep)) wy_timer_start(&w->clock, &w->sweep, SWEEP_MS);
}

typedef struct closing {
  wy_job job;
  edition *edition;
} closing;

static void close_run(wy_job *job) {
  edition *e = wy_container_of(job, closing, job)->edition;
  wy_edition_free(e);
}

static void close_done(wy_job *job) { free(wy_container_of(job, closing, job)); }

static void keep_counts(const edition *e) {
  for (wy_fault i = 0; i < WY_FAULT_END; i++)
    e->worker->stopped[i] += wy_script_stopped(e->script, i);
}

/* Nothing runs in it: closing a state takes milliseconds, which are not the loop's. */
static void close_edition(edition *e) {
  worker *w = e->worker;
  closing *c = w->host->is_virtual ? NULL : malloc(sizeof *c);
  wy_list_remove(&e->link);
  keep_counts(e);
  wy_script_end(e->script);
  if (!c) {
    wy_edition_free(e);
    return;
  }
  *c = (closing){.job = {.run = close_run, .done = close_done}, .edition = e};
  wy_helper_do(w->host, &c->job, NULL);
}

static void on_sweep(wy_timer *timer) {
  worker *w = wy_container_of(timer, worker, sweep);
  bool left = false;
  for (wy_list *n = w->editions.next; n != &w->editions;) {
    edition *e = wy_container_of(n, edition, link);
    n = n->next;
    if (!e->retired) continue;
    if (e->n_exchanges || e->n_callers || wy_tasks_count(e->script)) left = true;
    else close_edition(e);
  }
  if (left) wy_timer_start(&w->clock, &w->sweep, SWEEP_MS);
}

void wy_editions_retire_all(worker *w) {
  wy_timer_stop(&w->clock, &w->sweep);
  wy_errands_let_go(w);
  /* what ends in one may begin the next in another */
  for (wy_list *n = w->editions.next; n != &w->editions; n = n->next)
    wy_script_end(wy_container_of(n, edition, link)->script);
  for (wy_list *n; (n = wy_list_shift(&w->editions));)
    wy_edition_free(wy_container_of(n, edition, link));
  w->current = w->canary = NULL;
}

bool wy_editions_slice(worker *w) {
  bool more = false;
  for (wy_list *n = w->editions.next; n != &w->editions; n = n->next)
    if (wy_script_slice(wy_container_of(n, edition, link)->script)) more = true;
  return more;
}

/* --- switching --- */

static edition *mine(worker *w, generation *g) {
  if (!g) return NULL;
  edition *e = wy_edition_find(w, g->number);
  if (e) return e;
  e = g->editions[w->index];
  g->editions[w->index] = NULL;
  wy_list_push(&w->editions, &e->link);
  wy_script_begin(e->script, &w->clock);
  wy_script_beat(e->script, w->shown, &w->running);
  return e;
}

static void switch_editions(worker *w) {
  wy_host *h = w->host;
  edition *was = w->current, *was_canary = w->canary;
  pthread_mutex_lock(&h->plan_lock);
  w->plan = atomic_load(&h->plan);
  w->current = mine(w, h->promoted);
  w->canary = mine(w, h->canary);
  pthread_mutex_unlock(&h->plan_lock);
  if (was && was != w->current) retire(was);
  if (was_canary && was_canary != w->canary && was_canary != w->current) retire(was_canary);
  __atomic_store_n(&w->shown->generation, (uint32_t)w->current->generation->number,
                   __ATOMIC_RELAXED);
  start_timers(w->current);
  end_conversations(w);
}

void wy_editions_init(worker *w) {
  wy_list_init(&w->editions);
  wy_list_init(&w->turns.ready);
  wy_timer_init(&w->sweep, on_sweep);
}

void wy_editions_look(worker *w) {
  if (w->plan != atomic_load_explicit(&w->host->plan, memory_order_acquire)) switch_editions(w);
}

/* --- desks --- */

static desk *find_desk(edition *e, const ledger *l) {
  for (size_t i = 0; i < e->generation->n_accounts; i++)
    if (e->desks[i].account->ledger == l) return &e->desks[i];
  return NULL;
}

desk *wy_desk_of(worker *w, const ledger *l, uint64_t number) {
  edition *e = w->current->generation->number == number ? w->current : wy_edition_find(w, number);
  desk *d = e ? find_desk(e, l) : NULL;
  return d || e == w->current ? d : find_desk(w->current, l);
}

int wy_canary_compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

uint64_t wy_canary_hash(wy_str openid) {
  static const wy_hash_key key = {UINT64_C(0x7765697975656361), UINT64_C(0x6e617279)};
  return wy_hash64(&key, openid);
}

/* The same users each time, on all machines. */
static bool in_share(const generation *g, const wy_push *p) {
  if (!p->msg.from.n) return false;
  uint64_t user = wy_canary_hash(wy_msg_openid(&p->msg));
  return user % 10000 < g->share ||
         (g->n_users && bsearch(&user, g->users, g->n_users, sizeof user, wy_canary_compare));
}

desk *wy_canary_desk(worker *w, desk *d, const wy_push *p) {
  if (!in_share(w->canary->generation, p)) return d;
  desk *other = find_desk(w->canary, d->account->ledger);
  return other ? other : d;
}
