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

typedef struct load {
  wy_host *host;
  const char *path, *name, *folder;
  wy_str text;
  int err;
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
  h->window = (unsigned)number_field(L, t, "window");
  h->opened.msg.doc.json_depth = (unsigned)number_field(L, t, "json_depth");
#undef MS
#undef SIZE
}

static void read_gate(account *a, lua_State *L, int t) {
  static const char *const modes[] = {"plain", "compatible", "safe", NULL};
  wy_host *h = a->host;
  lua_getfield(L, t, "mode");
  a->gate.crypt = h->crypt;
  a->gate.mode = (wy_mode)luaL_checkoption(L, -1, "plain", modes);
  lua_pop(L, 1);
  a->gate.token = wy_str_of(a->token);
  a->gate.appid = wy_str_of(a->appid ? a->appid : "");
  a->gate.username = wy_str_of(a->username ? a->username : "");
  a->gate.window = h->window;
  lua_getfield(L, t, "aes_key");
  lua_Integer n = lua_istable(L, -1) ? luaL_len(L, -1) : 0;
  for (lua_Integer i = 1; i <= n && i <= WY_GATE_KEYS; i++) {
    lua_geti(L, -1, i);
    wy_str key;
    key.p = luaL_checklstring(L, -1, &key.n);
    int err = wy_aes_key_new(h->crypt, key, &a->gate.keys[a->gate.n_keys]);
    if (err) luaL_error(L, "%s", wy_err_text(err));
    a->gate.n_keys++;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* boot gives for each account: object (msg.account) and dispatch, beside what the file says. */
static void read_account(wy_host *h, lua_State *L, int t, int entry) {
  account *a = &h->accounts[h->n_accounts++];
  a->host = h;
  a->object_ref = a->dispatch_ref = LUA_NOREF;
  wy_buf_init(&a->gate.plain, 0);
  a->id = copy_field(L, t, "id");
  a->path = copy_field(L, t, "path");
  a->url_host = copy_field(L, t, "host");
  a->username = copy_field(L, t, "username");
  a->appid = copy_field(L, t, "appid");
  a->token = copy_field(L, t, "token");
  a->apology = copy_field(L, t, "apology"); /* NULL when it is false */
  a->deadline = number_field(L, t, "deadline");
  read_gate(a, L, t);
  wy_buf_init(&a->gate.plain, h->push_max);
  lua_getfield(L, entry, "object");
  a->object_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_getfield(L, entry, "dispatch");
  a->dispatch_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void read_conf(wy_host *h, lua_State *L, int conf, int entries) {
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
  lua_getfield(L, conf, "accounts");
  int accounts = lua_gettop(L);
  lua_Integer n = luaL_len(L, accounts);
  h->accounts = calloc((size_t)n + 1, sizeof *h->accounts);
  if (!h->accounts) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, accounts, i);
    lua_geti(L, entries, i);
    read_account(h, L, lua_gettop(L) - 1, lua_gettop(L));
    lua_pop(L, 2);
  }
}

/* --- loading, protected --- */

static int l_load(lua_State *L) {
  load *job = lua_touserdata(L, 1);
  wy_host *h = job->host;
  lua_settop(L, 0);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "weiyue.boot");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "load");
  lua_createtable(L, 0, 5);
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
  lua_call(L, 1, 1);
  int boot = lua_gettop(L);

  static const char *const kept[] = {"may_reply", "once", "message"};
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) { /* what C asks Lua at run time */
    char key[32];
    snprintf(key, sizeof key, "weiyue.%s", kept[i]);
    lua_getfield(L, boot, kept[i]);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
  }
  lua_getfield(L, boot, "conf");
  int conf = lua_gettop(L);
  lua_getfield(L, boot, "accounts");
  if (lua_istable(L, conf)) read_conf(h, L, conf, conf + 1);
  lua_getfield(L, boot, "problems");
  int problems = lua_gettop(L);
  for (lua_Integer i = 1, n = luaL_len(L, problems); i <= n; i++) {
    lua_geti(L, problems, i);
    report(h, L, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_getfield(L, boot, "failed_plugins");
  job->err = (int)lua_tointeger(L, -1);
  if (!lua_istable(L, conf)) job->err = WY_E_CONFIG;
  return 0;
}

int wy_config_load(wy_host *h, const char *path, wy_str text, const char *name,
                   const char *folder) {
  lua_State *L = wy_script_lua(h->script);
  load job = {h, path, name, folder, text, WY_E_CONFIG};
  lua_pushcfunction(L, l_load);
  lua_pushlightuserdata(L, &job);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) {
    lua_gc(L, LUA_GCCOLLECT); /* what only loading needed: an idle host stays small */
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    return job.err;
  }
  const char *why = lua_tostring(L, -1);
  if (h->options.problem) h->options.problem(h->options.data, WY_LEVEL_ERROR, why, why);
  wy_log_text(&h->log, WY_LOG_ERROR, "config", "%s", why ? why : "?");
  lua_pop(L, 1);
  return WY_E_CONFIG;
}

void wy_config_deinit(wy_host *h) {
  for (size_t i = 0; i < h->n_accounts; i++) {
    account *a = &h->accounts[i];
    wy_gate_deinit(&a->gate);
    char *all[] = {a->id, a->path, a->url_host, a->username, a->appid, a->token, a->apology};
    if (a->token) memset(a->token, 0, strlen(a->token));
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
  }
  free(h->accounts);
  for (size_t i = 0; i < h->n_hosts; i++) free(h->hosts[i]);
  free(h->hosts);
  for (size_t i = 0; i < h->n_proxies; i++) free(h->proxies[i].address);
  free(h->proxies);
  free(h->address);
}
