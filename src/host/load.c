/* Building a generation: lua/weiyue/boot.lua reads the configuration and loads the plugins, once in
 * each worker's edition; config.c takes over what it says. */
#include <lauxlib.h>
#include <stdlib.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/err.h"
#include "host/host_impl.h"
#include "script/guest.h"
#include "script/mod_wire.h"
#include "script/modules.h"

enum {
  OWN_BYTES =
      4 << 20, /* at most, of what the host's own Lua code shares: tokens, counts of calls */
  VISITORS_BYTES = 2 << 20, /* of sessions of pages, so that the store is not asked for each */
  TIMERS_BYTES = 1 << 20,   /* of which firings had their turn */
  LOAD_MS = 10000           /* CPU time of everything; each plugin has limits.cpu of it */
};

typedef struct building {
  edition *edition;
  wy_build *build;
  wy_crypt *crypt;
  int err;
} building;

/* --- the client of its worker, the dictionaries that all workers share --- */

static void give_client(const edition *e, lua_State *L) {
  lua_pushlightuserdata(L, e->worker->client);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_CLIENT);
  if (!e->worker->host->wire) return;
  lua_pushlightuserdata(L, (void *)(uintptr_t)e->worker->host->wire);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_WIRE);
}

/* For specs: the same numbers each time. */
static void seed_random(lua_State *L, uint64_t seed) {
  if (!seed) return;
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushinteger(L, (lua_Integer)seed);
  lua_call(L, 1, 0);
  lua_pop(L, 1);
}

static void give_guest(wy_host *h, lua_State *L) {
  if (!h->guest) return;
  lua_pushlightuserdata(L, h->guest);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_GUEST);
}

static void give_dicts(wy_host *h, lua_State *L) {
  int err = 0;
  if (!h->shared) err = wy_dict_new(&h->shared, h->shared_bytes);
  if (!err && !h->mailbox.answers) err = wy_mailbox_open(&h->mailbox, h->mailbox_bytes, &h->log);
  if (!err && !h->own) err = wy_dict_new(&h->own, OWN_BYTES);
  if (!err && !h->visitors) err = wy_dict_new(&h->visitors, VISITORS_BYTES);
  if (!err && !h->timers) err = wy_dict_new(&h->timers, TIMERS_BYTES);
  if (err) luaL_error(L, "%s", wy_err_text(err));
  if (wy_give_dict(L, WY_KEY_SHARED, h->shared) || wy_give_dict(L, "weiyue.host.dict", h->own) ||
      wy_give_dict(L, "weiyue.visitors.dict", h->visitors) ||
      wy_give_dict(L, "weiyue.timers.dict", h->timers) ||
      wy_give_dict(L, "weiyue.mailbox.dict", h->mailbox.answers) ||
      wy_give_dict(L, "weiyue.mailbox.gone", h->mailbox.gone))
    luaL_error(L, "out of memory");
}

/* --- options and results of boot --- */

static void set_text(lua_State *L, const char *key, wy_str text) {
  if (!text.p) return;
  lua_pushlstring(L, text.p, text.n);
  lua_setfield(L, -2, key);
}

static void set_z(lua_State *L, const char *key, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static void push_options(lua_State *L, const edition *e, const wy_build *b) {
  unsigned cores = uv_available_parallelism();
  lua_createtable(L, 0, 12);
  set_z(L, "path", b->path);
  set_text(L, "text", b->text);
  set_z(L, "name", b->name);
  set_z(L, "folder", b->folder);
  set_z(L, "listen", b->listen);
  set_z(L, "sandbox", e->worker->host->sandbox);
  lua_pushboolean(L, e->worker->host->guest != NULL);
  lua_setfield(L, -2, "has_guest");
  set_text(L, "snapshot_text", b->snapshot);
  lua_pushinteger(L, e->worker->index);
  lua_setfield(L, -2, "worker");
  lua_pushinteger(L, cores < WORKERS_MAX ? cores : WORKERS_MAX);
  lua_setfield(L, -2, "cores");
  lua_pushboolean(L, !b->first && !b->snapshot.p);
  lua_setfield(L, -2, "reload");
  lua_pushboolean(L, e->worker->host->bare);
  lua_setfield(L, -2, "bare");
  if (!b->workers) return;
  lua_pushinteger(L, b->workers);
  lua_setfield(L, -2, "workers");
}

static lua_Integer integer_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

/* What C asks Lua at run time stands in the registry: boot.calls, by name. */
static void keep_calls(lua_State *L, int boot) {
  lua_getfield(L, boot, "calls");
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pushfstring(L, "weiyue.%s", lua_tostring(L, -2));
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
  }
  lua_pop(L, 1);
}

static void report(const wy_build *b, lua_State *L, int problems) {
  for (lua_Integer i = 1, n = luaL_len(L, problems); i <= n; i++) {
    lua_geti(L, problems, i);
    int one = lua_gettop(L);
    lua_getfield(L, one, "level");
    lua_getfield(L, one, "event");
    lua_getfield(L, one, "zh");
    lua_getfield(L, one, "en");
    b->problem(b->data, strcmp(lua_tostring(L, -4), "error") == 0, lua_tostring(L, -3),
               lua_tostring(L, -2), lua_tostring(L, -1));
    lua_settop(L, one - 1);
  }
}

static void take_list(lua_State *L, int module, int boot, const char *function, char ***out,
                      size_t *n) {
  lua_getfield(L, module, function);
  lua_pushvalue(L, boot);
  lua_call(L, 1, 1);
  wy_config_read_list(L, lua_gettop(L), out, n);
  lua_pop(L, 1);
}

/* The sources, for the other workers, for the next start, and to see whether anything changed. */
static void take_snapshot(generation *g, lua_State *L, int module, int boot) {
  size_t n;
  take_list(L, module, boot, "specs", &g->specs, &g->n_specs); /* which looks for files, too */
  take_list(L, module, boot, "fixed", &g->fixed, &g->n_fixed);
  lua_getfield(L, module, "snapshot_text");
  lua_pushvalue(L, boot);
  lua_call(L, 1, 1);
  const char *text = lua_tolstring(L, -1, &n);
  wy_buf_clear(&g->snapshot);
  if (text && wy_buf_add(&g->snapshot, text, n)) luaL_error(L, "out of memory");
  lua_pop(L, 1);
  take_list(L, module, boot, "folders", &g->folders, &g->n_folders);
}

/* Since they were read: then what was built may be half of one version and half of another. */
static bool changed(lua_State *L, int boot) {
  lua_getfield(L, boot, "sources");
  lua_getfield(L, -1, "changed");
  lua_call(L, 0, 1);
  bool yes = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return yes;
}

/* --- building, protected --- */

static void read_first(const building *job, lua_State *L, int conf, int boot) {
  const edition *e = job->edition;
  wy_host *h = e->worker->host;
  lua_Integer wanted = integer_field(L, boot, "workers");
  job->build->wanted = wanted < WORKERS_MAX ? (unsigned)wanted : WORKERS_MAX;
  if (job->build->first) {
    h->n_sides = job->build->wanted > h->n_workers ? job->build->wanted : h->n_workers;
    lua_getfield(L, boot, "folder");
    lua_getfield(L, boot, "state");
    lua_getfield(L, boot, "log_file");
    wy_config_read_host(h, L, conf, lua_tostring(L, -3), lua_tostring(L, -2), lua_tostring(L, -1));
    lua_pop(L, 3);
  }
  wy_config_read_generation(e->generation, job->crypt, L, conf);
}

/* boot.sites: for each account false, or what its pages are. */
static void read_pages(generation *g, lua_State *L, int boot) {
  lua_getfield(L, boot, "sites");
  for (size_t i = 0; lua_istable(L, -1) && i < g->n_accounts; i++) {
    lua_geti(L, -1, (lua_Integer)i + 1);
    if (lua_istable(L, -1)) wy_pages_read(&g->accounts[i], L, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static int l_build(lua_State *L) {
  building *job = lua_touserdata(L, 1);
  edition *e = job->edition;
  generation *g = e->generation;
  bool leads = e->worker->index == 0;
  lua_settop(L, 0);
  seed_random(L, e->worker->host->seed);
  if (e->worker->host->wire) wy_rig_give_time(L);
  wy_calls_open(e, L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "weiyue.boot");
  lua_call(L, 1, 1);
  int module = lua_gettop(L);

  /* the configuration first: it says how large what plugins are given is */
  lua_getfield(L, module, "read");
  push_options(L, e, job->build);
  lua_call(L, 1, 1);
  int boot = lua_gettop(L);
  lua_getfield(L, boot, "conf");
  int conf = lua_gettop(L);
  if (lua_istable(L, conf)) {
    if (leads) read_first(job, L, conf, boot);
    wy_script_set_limits(e->script, &g->host->lua_limits);
    give_dicts(g->host, L);
    give_client(e, L);
    give_guest(g->host, L);
    if (wy_give_kv(L, &e->worker->door)) luaL_error(L, "out of memory");
    lua_getfield(L, module, "load");
    lua_pushvalue(L, boot);
    lua_call(L, 1, 0);
    keep_calls(L, boot);
    if (leads) read_pages(e->generation, L, boot);
    lua_getfield(L, boot, "accounts");
    wy_config_read_desks(e, job->crypt, L, conf, lua_gettop(L));
    if (leads) g->n_plugins = (int)integer_field(L, boot, "n_plugins");
    if (leads) g->n_failed = (int)integer_field(L, boot, "failed_plugins");
  }
  if (leads && !job->build->first && changed(L, boot)) {
    job->build->torn = true;
    return 0; /* with job->err */
  }
  if (leads) take_snapshot(g, L, module, boot);
  lua_getfield(L, boot, "problems");
  if (leads) report(job->build, L, lua_gettop(L));
  job->err = lua_istable(L, conf) ? (int)integer_field(L, boot, "failed_plugins") : WY_E_CONFIG;
  return 0;
}

static int run(building *job, wy_clock *clock) {
  edition *e = job->edition;
  wy_host *h = e->worker->host;
  const wy_build *b = job->build;
  const wy_script_options options = {.clock = clock,
                                     .log = &h->log,
                                     .lua_path = h->options.lua_path,
                                     .turns = &e->worker->turns,
                                     .trace_seed = e->worker->trace_seed,
                                     .ration = &e->worker->ration,
                                     .more = wy_worker_more,
                                     .data = e->worker,
                                     .paused = true};
  int err = wy_crypt_new(&job->crypt);
  if (!err) err = wy_script_new(&e->script, &options);
  if (err) return err;
  lua_State *L = wy_script_lua(e->script);
  job->err = WY_E_CONFIG;
  if (wy_script_guard(e->script, LOAD_MS, l_build, job) == LUA_OK) {
    lua_gc(L, LUA_GCCOLLECT); /* what only loading needed: an idle host stays small */
    return job->err;
  }
  const char *why = lua_tostring(L, -1);
  if (!why) why = "?";
  b->problem(b->data, true, "config", why, why);
  lua_pop(L, 1);
  return WY_E_CONFIG;
}

static edition *edition_new(generation *g, worker *w) {
  edition *e = calloc(1, sizeof *e);
  if (!e) return NULL;
  wy_list_init(&e->link);
  e->worker = w;
  e->generation = g;
  atomic_fetch_add(&g->refs, 1);
  g->editions[w->index] = e;
  return e;
}

static int build_one(edition *e, wy_build *b) {
  building job = {.edition = e, .build = b};
  wy_host *h = e->worker->host;
  wy_clock own; /* the worker's is its thread's */
  wy_clock_init(&own);
  int err = run(&job, h->is_virtual ? &e->worker->clock : &own);
  wy_crypt_free(job.crypt);
  b->failed = err > 0 ? err : 0;
  wy_clock_deinit(&own);
  return err < 0 ? err : 0;
}

/* Each other worker has a thread and a loop of its own. */
static int grow(wy_host *h, unsigned wanted) {
  while (h->n_workers < wanted) {
    worker *w = &h->workers[h->n_workers++];
    int err = wy_worker_init(w, h, h->n_workers - 1, NULL);
    if (err) return err;
  }
  return 0;
}

int wy_generation_build(generation *g, wy_build *b) {
  wy_host *h = g->host;
  edition *e = edition_new(g, &h->workers[0]);
  b->same = b->torn = false;
  int err = e ? build_one(e, b) : WY_E_NOMEM;
  b->same = !err && b->known.p && wy_str_eq(b->known, wy_buf_view(&g->snapshot));
  if (b->same) return 0;
  if (!err && b->first) err = grow(h, b->wanted);
  wy_build more = *b;
  more.first = false;
  more.workers = h->n_workers;
  more.snapshot = wy_buf_view(&g->snapshot);
  for (unsigned i = 1; !err && i < h->n_workers; i++) {
    e = edition_new(g, &h->workers[i]);
    err = e ? build_one(e, &more) : WY_E_NOMEM;
  }
#ifdef __GLIBC__
  if (b->first) malloc_trim(0);
#endif
  return err;
}

void wy_generation_drop(generation *g) {
  if (!g) return;
  for (unsigned i = 0; i < WORKERS_MAX; i++)
    if (g->editions[i]) wy_edition_free(g->editions[i]);
  wy_generation_unref(g);
}
