/* From the checked configuration, a Lua table, to C. lua/weiyue/boot.lua reads the file and loads
 * the plugins; lua/weiyue/config knows the keys. */
#include <lauxlib.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/err.h"
#include "host/host_impl.h"
#include "script/modules.h"

enum { LOAD_MS = 30000 }; /* CPU time of everything; each plugin has limits.cpu of it */

typedef struct load {
  worker *worker;
  const char *path, *name, *folder;
  wy_str text;
  int err;
  unsigned workers; /* how many there are to be, says the first */
} load;

static char *copy(lua_State *L, int index) {
  const char *s = lua_tostring(L, index);
  if (!s) return NULL;
  char *c = strdup(s);
  if (!c) luaL_error(L, "out of memory");
  return c;
}

static char *copy_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  char *s = copy(L, -1);
  lua_pop(L, 1);
  return s;
}

static double number_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  double n = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return n;
}

/* --- problems --- */

static void report(wy_host *h, lua_State *L, int problem) {
  lua_getfield(L, problem, "level");
  lua_getfield(L, problem, "event");
  lua_getfield(L, problem, "zh");
  lua_getfield(L, problem, "en");
  bool error = strcmp(lua_tostring(L, -4), "error") == 0;
  const char *event = lua_tostring(L, -3), *zh = lua_tostring(L, -2), *en = lua_tostring(L, -1);
  if (h->options.problem)
    h->options.problem(h->options.data, error ? WY_LEVEL_ERROR : WY_LEVEL_INFO, zh, en);
  else wy_log_text(&h->log, error ? WY_LOG_ERROR : WY_LOG_INFO, event, "%s", en);
  lua_pop(L, 4);
}

/* --- the parts of the table --- */

static void read_hosts(wy_host *h, lua_State *L, int list) {
  lua_Integer n = luaL_len(L, list);
  h->hosts = calloc((size_t)n + 1, sizeof *h->hosts);
  if (!h->hosts) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, list, i);
    h->hosts[h->n_hosts++] = copy(L, -1);
    lua_pop(L, 1);
  }
}

static void read_proxies(wy_host *h, lua_State *L, int list) {
  lua_Integer n = luaL_len(L, list);
  h->proxies = calloc((size_t)n + 1, sizeof *h->proxies);
  if (!h->proxies) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, list, i);
    proxy *p = &h->proxies[h->n_proxies++];
    p->address = copy_field(L, lua_gettop(L), "address");
    p->prefix = (unsigned)number_field(L, lua_gettop(L), "prefix");
    lua_pop(L, 1);
  }
}

static void read_limits(wy_host *h, lua_State *L, int t) {
#define MS(field) (uint64_t)(number_field(L, t, #field) * 1000)
#define NS(field) (uint64_t)(number_field(L, t, #field) * 1e9)
#define SIZE(field) (size_t) number_field(L, t, #field)
  h->limits = (wy_http_limits){
      .header_time = MS(header_time),
      .body_time = MS(body_time),
      .idle = MS(idle),
      .write_stall = MS(write_stall),
      .body_rate = SIZE(body_rate),
      .target = SIZE(target),
      .header = SIZE(header),
      .chunk_overhead = SIZE(chunk_overhead),
      .write_queue = SIZE(write_queue),
      .fields = SIZE(fields),
      .pipeline = SIZE(pipeline),
      .connections = SIZE(connections),
      .per_address = SIZE(per_address),
  };
  h->push_max = SIZE(push);
  h->queue_max = SIZE(queue);
  h->inbox_bytes = SIZE(inbox);
  h->shared_bytes = SIZE(shared);
  h->mailbox_bytes = SIZE(mailbox);
  h->window = (unsigned)number_field(L, t, "window");
  h->json_depth = (unsigned)number_field(L, t, "json_depth");
  h->lua_limits = (wy_limits){
      .slice_ns = NS(slice),
      .slice_max_ns = NS(slice_max),
      .cpu_ns = NS(cpu),
      .wall_ms = MS(wall),
      .memory = SIZE(lua_memory),
      .timers = (unsigned)number_field(L, t, "timers"),
      .tasks = (unsigned)number_field(L, t, "tasks"),
  };
#undef MS
#undef NS
#undef SIZE
}

static void read_gate(desk *d, lua_State *L, int t) {
  static const char *const modes[] = {"plain", "compatible", "safe", NULL};
  const account *a = d->account;
  worker *w = d->worker;
  lua_getfield(L, t, "mode");
  d->gate.crypt = w->crypt;
  d->gate.mode = (wy_mode)luaL_checkoption(L, -1, "plain", modes);
  lua_pop(L, 1);
  d->gate.token = wy_str_of(a->token);
  d->gate.appid = wy_str_of(a->appid ? a->appid : "");
  d->gate.username = wy_str_of(a->username ? a->username : "");
  d->gate.window = w->host->window;
  lua_getfield(L, t, "aes_key");
  lua_Integer n = lua_istable(L, -1) ? luaL_len(L, -1) : 0;
  for (lua_Integer i = 1; i <= n && i <= WY_GATE_KEYS; i++) {
    lua_geti(L, -1, i);
    wy_str key;
    key.p = luaL_checklstring(L, -1, &key.n);
    int err = wy_aes_key_new(w->crypt, key, &d->gate.keys[d->gate.n_keys]);
    if (err) luaL_error(L, "%s", wy_err_text(err));
    d->gate.n_keys++;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Keys of the inbox are hashed under a key that strangers do not know and other machines of the
 * same account do: it comes from the account's token. */
static void make_hash_key(worker *w, account *a) {
  char hex[WY_SIG];
  const wy_str parts[] = {WY_STR("weiyue inbox"), wy_str_of(a->id), wy_str_of(a->token)};
  uint64_t half[2] = {0, 0};
  if (wy_crypt_sign(w->crypt, parts, 3, hex)) return;
  for (unsigned i = 0; i < 32; i++) {
    unsigned digit = (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    half[i / 16] = half[i / 16] << 4 | digit;
  }
  a->hash = (wy_hash_key){half[0], half[1]};
}

static bool flag_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  bool yes = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return yes;
}

/* What all workers know of it. */
static void read_account(worker *w, lua_State *L, int t) {
  wy_host *h = w->host;
  account *a = &h->accounts[h->n_accounts];
  a->index = h->n_accounts++;
  if (wy_budget_init(&a->budget, (unsigned)number_field(L, t, "hold_budget")))
    luaL_error(L, "out of memory");
  a->id = copy_field(L, t, "id");
  a->path = copy_field(L, t, "path");
  a->url_host = copy_field(L, t, "host");
  a->username = copy_field(L, t, "username");
  a->appid = copy_field(L, t, "appid");
  a->token = copy_field(L, t, "token");
  a->apology = copy_field(L, t, "apology"); /* NULL when it is false */
  a->deadline = number_field(L, t, "deadline");
  make_hash_key(w, a);
  lua_getfield(L, t, "mailbox");
  a->waiting = copy_field(L, lua_gettop(L), "waiting");
  lua_getfield(L, t, "can");
  a->can_kf = flag_field(L, lua_gettop(L), "customer_service");
  lua_pop(L, 2);
}

/* boot gives for each account: object (msg.account) and dispatch, beside what the file says. */
static void read_desk(worker *w, lua_State *L, size_t i, int t, int entry) {
  desk *d = &w->desks[i];
  d->worker = w;
  d->account = &w->host->accounts[i];
  wy_buf_init(&d->gate.plain, w->host->push_max);
  read_gate(d, L, t);
  lua_getfield(L, entry, "object");
  d->object_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_getfield(L, entry, "dispatch");
  d->dispatch_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void read_desks(worker *w, lua_State *L, int conf, int entries) {
  wy_host *h = w->host;
  lua_getfield(L, conf, "accounts");
  int accounts = lua_gettop(L);
  /* the file is read by each worker: it must not have changed meanwhile */
  if ((size_t)luaL_len(L, accounts) != h->n_accounts)
    luaL_error(L, "the configuration changed while it was being loaded");
  w->opened.msg.doc.json_depth = h->json_depth;
  w->desks = calloc(h->n_accounts + 1, sizeof *w->desks);
  if (!w->desks) luaL_error(L, "out of memory");
  for (size_t i = 0; i < h->n_accounts; i++) {
    lua_geti(L, accounts, (lua_Integer)i + 1);
    lua_geti(L, entries, (lua_Integer)i + 1);
    read_desk(w, L, i, lua_gettop(L) - 1, lua_gettop(L));
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

static void read_admin(wy_host *h, lua_State *L, int conf) {
  h->admin_given = flag_field(L, conf, "admin_given");
  lua_getfield(L, conf, "admin");
  if (lua_istable(L, -1)) {
    h->admin_address = copy_field(L, lua_gettop(L), "host");
    h->admin_port = (int)number_field(L, lua_gettop(L), "port");
  }
  lua_pop(L, 1);
}

/* What all workers know: read by the first of them. */
static void read_conf(worker *w, lua_State *L, int conf) {
  wy_host *h = w->host;
  lua_getfield(L, conf, "limits");
  read_limits(h, L, lua_gettop(L));
  lua_getfield(L, conf, "listen");
  h->address = copy_field(L, lua_gettop(L), "host");
  h->port = (int)number_field(L, lua_gettop(L), "port");
  lua_getfield(L, conf, "hosts");
  lua_getfield(L, -1, "list");
  if (lua_istable(L, -1)) read_hosts(h, L, lua_gettop(L));
  lua_getfield(L, conf, "proxies");
  if (lua_istable(L, -1)) read_proxies(h, L, lua_gettop(L));
  lua_getfield(L, conf, "log");
  lua_getfield(L, -1, "level");
  static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
  h->log.level = (wy_log_level)luaL_checkoption(L, -1, "info", levels);
  read_admin(h, L, conf);
  lua_getfield(L, conf, "accounts");
  int accounts = lua_gettop(L);
  lua_Integer n = luaL_len(L, accounts);
  h->accounts = calloc((size_t)n + 1, sizeof *h->accounts);
  if (!h->accounts) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, accounts, i);
    read_account(w, L, lua_gettop(L));
    lua_pop(L, 1);
  }
}

/* --- the dictionaries that all workers share --- */

static void give_dicts(worker *w, lua_State *L) {
  wy_host *h = w->host;
  int err = 0;
  if (!h->shared) err = wy_dict_new(&h->shared, h->shared_bytes);
  if (!err && !h->mailbox) err = wy_dict_new(&h->mailbox, h->mailbox_bytes);
  if (err) luaL_error(L, "%s", wy_err_text(err));
}

/* --- loading, protected --- */

/* options for boot */
static void push_options(lua_State *L, const load *job) {
  worker *w = job->worker;
  wy_host *h = w->host;
  lua_createtable(L, 0, 8);
  lua_pushstring(L, job->path);
  lua_setfield(L, -2, "path");
  if (job->text.p) {
    lua_pushlstring(L, job->text.p, job->text.n);
    lua_setfield(L, -2, "text");
  }
  lua_pushstring(L, job->name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, job->folder);
  lua_setfield(L, -2, "folder");
  lua_pushstring(L, h->listen);
  lua_setfield(L, -2, "listen");
  lua_pushinteger(L, w->index);
  lua_setfield(L, -2, "worker");
  unsigned cores = uv_available_parallelism();
  lua_pushinteger(L, cores < WORKERS_MAX ? cores : WORKERS_MAX);
  lua_setfield(L, -2, "cores");
  if (w->index || h->wanted_workers) {
    lua_pushinteger(L, w->index ? h->n_workers : h->wanted_workers);
    lua_setfield(L, -2, "workers");
  }
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

static int l_load(lua_State *L) {
  load *job = lua_touserdata(L, 1);
  worker *w = job->worker;
  wy_host *h = w->host;
  lua_settop(L, 0);
  wy_calls_open(w, L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "weiyue.boot");
  lua_call(L, 1, 1);
  int module = lua_gettop(L);

  /* the configuration first: it says how large what plugins are given is */
  lua_getfield(L, module, "read");
  push_options(L, job);
  lua_call(L, 1, 1);
  int boot = lua_gettop(L);
  lua_getfield(L, boot, "conf");
  int conf = lua_gettop(L);
  if (lua_istable(L, conf)) {
    if (w->index == 0) read_conf(w, L, conf);
    if (w->index == 0) h->state = copy_field(L, boot, "state");
    if (w->index == 0) give_dicts(w, L);
    wy_script_set_limits(w->script, &h->lua_limits);
    if (wy_give_dict(L, WY_KEY_SHARED, h->shared) ||
        wy_give_dict(L, "weiyue.mailbox.dict", h->mailbox))
      luaL_error(L, "out of memory");
    lua_getfield(L, module, "load");
    lua_pushvalue(L, boot);
    lua_call(L, 1, 0);
    keep_calls(L, boot);
    lua_getfield(L, boot, "accounts");
    read_desks(w, L, conf, lua_gettop(L));
    h->n_plugins = w->index ? h->n_plugins : (int)number_field(L, boot, "n_plugins");
    lua_getfield(L, boot, "workers");
    lua_Integer wanted = lua_tointeger(L, -1);
    job->workers = wanted < WORKERS_MAX ? (unsigned)wanted : WORKERS_MAX;
  }
  lua_getfield(L, boot, "problems");
  int problems = lua_gettop(L);
  for (lua_Integer i = 1, n = luaL_len(L, problems); w->index == 0 && i <= n; i++) {
    lua_geti(L, problems, i);
    report(h, L, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_getfield(L, boot, "failed_plugins");
  job->err = (int)lua_tointeger(L, -1);
  if (!lua_istable(L, conf)) job->err = WY_E_CONFIG;
  return 0;
}

static int load_worker(load *job) {
  worker *w = job->worker;
  wy_host *h = w->host;
  lua_State *L = wy_script_lua(w->script);
  job->err = WY_E_CONFIG;
  if (wy_script_guard(w->script, LOAD_MS, l_load, job) == LUA_OK) {
    lua_gc(L, LUA_GCCOLLECT); /* what only loading needed: an idle host stays small */
    return job->err;
  }
  const char *why = lua_tostring(L, -1);
  if (h->options.problem) h->options.problem(h->options.data, WY_LEVEL_ERROR, why, why);
  wy_log_text(&h->log, WY_LOG_ERROR, "config", "%s", why ? why : "?");
  lua_pop(L, 1);
  return WY_E_CONFIG;
}

int wy_config_load(wy_host *h, const char *path, wy_str text, const char *name,
                   const char *folder) {
  load job = {.worker = &h->workers[0], .path = path, .name = name, .folder = folder, .text = text};
  int failed = load_worker(&job);
  if (failed < 0) return failed;
  h->failed_plugins = failed;
  while (h->n_workers < job.workers) {
    worker *w = &h->workers[h->n_workers++];
    int err = wy_worker_init(w, h, h->n_workers - 1, NULL);
    if (err) return err;
  }
  for (unsigned i = 1; i < h->n_workers; i++) {
    load more = job;
    more.worker = &h->workers[i];
    int err = load_worker(&more);
    if (err < 0) return err;
  }
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return failed;
}

void wy_desks_deinit(worker *w) {
  for (size_t i = 0; w->desks && i < w->host->n_accounts; i++) wy_gate_deinit(&w->desks[i].gate);
  free(w->desks);
}

void wy_config_deinit(wy_host *h) {
  for (size_t i = 0; i < h->n_accounts; i++) {
    account *a = &h->accounts[i];
    char *all[] = {a->id,    a->path,  a->url_host, a->username,
                   a->appid, a->token, a->apology,  a->waiting};
    if (a->token) memset(a->token, 0, strlen(a->token));
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
    wy_budget_deinit(&a->budget);
  }
  free(h->accounts);
  for (size_t i = 0; i < h->n_hosts; i++) free(h->hosts[i]);
  free(h->hosts);
  for (size_t i = 0; i < h->n_proxies; i++) free(h->proxies[i].address);
  free(h->proxies);
  free(h->address);
  free(h->admin_address);
  free(h->state);
}
