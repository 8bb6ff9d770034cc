/* From the checked configuration, a Lua table, to C: what holds for the host as long as it runs,
 * what a generation brings, and a worker's side of the accounts. lua/weiyue/config knows the keys;
 * load.c calls this while a generation is built. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/host_impl.h"

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

/* --- the parts of the table --- */

/* A list of texts; *out is whole at any time, so that an error frees what was read. */
void wy_config_read_list(lua_State *L, int list, char ***out, size_t *n_out) {
  lua_Integer n = luaL_len(L, list);
  *out = calloc((size_t)n + 1, sizeof **out);
  if (!*out) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, list, i);
    (*out)[(*n_out)++] = copy(L, -1);
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
  h->json_max = SIZE(json);
  h->upload_max = SIZE(upload);
  h->parts_max = SIZE(parts);
  h->streams_max = (unsigned)number_field(L, t, "streams");
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

static void read_gate(desk *d, wy_crypt *crypt, lua_State *L, int t) {
  const account *a = d->account;
  worker *w = d->worker;
  d->gate.crypt = w->crypt; /* the keys are made by another, on the thread that builds */
  d->gate.mode = a->mode;
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
    int err = wy_aes_key_new(crypt, key, &d->gate.keys[d->gate.n_keys]);
    if (err) luaL_error(L, "%s", wy_err_text(err));
    d->gate.n_keys++;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Keys of the inbox are hashed under a key that strangers do not know and other machines of the
 * same account do: it comes from the account's token. */
static wy_hash_key hash_key(wy_crypt *crypt, const account *a) {
  char hex[WY_SIG];
  const wy_str parts[] = {WY_STR("weiyue inbox"), wy_str_of(a->id), wy_str_of(a->token)};
  uint64_t half[2] = {0, 0};
  if (wy_crypt_sign(crypt, parts, 3, hex)) return (wy_hash_key){0, 0};
  for (unsigned i = 0; i < 32; i++) {
    unsigned digit = (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    half[i / 16] = half[i / 16] << 4 | digit;
  }
  return (wy_hash_key){half[0], half[1]};
}

static bool flag_field(lua_State *L, int table, const char *key) {
  lua_getfield(L, table, key);
  bool yes = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return yes;
}

/* --- accounts --- */

static ledger *find_ledger(const wy_host *h, const char *id) {
  size_t n = atomic_load(&h->n_ledgers);
  for (size_t i = 0; i < n; i++)
    if (strcmp(h->ledgers[i]->id, id) == 0) return h->ledgers[i];
  return NULL;
}

static void ledger_free(ledger *l, unsigned workers) {
  for (unsigned i = 0; l->stats && i < workers; i++) free(l->stats[i]);
  free(l->stats);
  free(l->id);
  free(l);
}

/* Two workers count without disturbing each other's caches. */
static wy_desk_stats *stats_new(void) {
  size_t n = (sizeof(wy_desk_stats) + 63) / 64 * 64;
  wy_desk_stats *s = aligned_alloc(64, n);
  if (s) memset(s, 0, n);
  return s;
}

static ledger *ledger_new(const wy_host *h, const char *id, unsigned budget) {
  ledger *l = calloc(1, sizeof *l);
  if (!l) return NULL;
  l->id = strdup(id);
  l->stats = calloc(h->n_sides, sizeof *l->stats);
  bool ok = l->id && l->stats;
  for (unsigned i = 0; ok && i < h->n_sides; i++) ok = (l->stats[i] = stats_new()) != NULL;
  if (ok && wy_budget_init(&l->budget, budget) == 0) return l;
  ledger_free(l, h->n_sides);
  return NULL;
}

/* That of the id, made when it is new. Only the thread that builds adds any; readers see whole
 * ones. */
static ledger *get_ledger(wy_host *h, lua_State *L, const char *id, unsigned budget) {
  ledger *l = find_ledger(h, id);
  size_t n = atomic_load(&h->n_ledgers);
  if (l) return l;
  if (n == LEDGERS_MAX)
    luaL_error(L, "%d accounts have come and gone: start the host anew", LEDGERS_MAX);
  l = ledger_new(h, id, budget);
  if (!l) luaL_error(L, "out of memory");
  l->index = n;
  h->ledgers[n] = l;
  atomic_store(&h->n_ledgers, n + 1);
  return l;
}

static void read_account(generation *g, wy_crypt *crypt, lua_State *L, int t) {
  account *a = &g->accounts[g->n_accounts];
  unsigned budget = (unsigned)number_field(L, t, "hold_budget");
  a->index = g->n_accounts++;
  lua_getfield(L, t, "id");
  a->ledger = get_ledger(g->host, L, lua_tostring(L, -1), budget);
  lua_pop(L, 1);
  a->hold_budget = budget;
  a->id = a->ledger->id;
  a->path = copy_field(L, t, "path");
  a->url_host = copy_field(L, t, "host");
  a->username = copy_field(L, t, "username");
  a->appid = copy_field(L, t, "appid");
  a->token = copy_field(L, t, "token");
  a->authorizers = copy_field(L, t, "authorizers");
  static const char *const modes[] = {"plain", "compatible", "safe", NULL};
  lua_getfield(L, t, "mode");
  a->mode = (wy_mode)luaL_checkoption(L, -1, "plain", modes);
  lua_pop(L, 1);
  lua_getfield(L, t, "secret");
  lua_getfield(L, t, "access_token");
  a->has_api = (a->appid && !lua_isnil(L, -2)) || lua_istable(L, -1);
  lua_pop(L, 2);
  a->apology = copy_field(L, t, "apology"); /* NULL when it is false */
  a->deadline = number_field(L, t, "deadline");
  if (!a->ledger->hashed) a->ledger->hash = hash_key(crypt, a);
  a->ledger->hashed = true; /* a token that changes makes no push another one */
  a->hash = a->ledger->hash;
  lua_getfield(L, t, "mailbox");
  a->waiting = copy_field(L, lua_gettop(L), "waiting");
  lua_getfield(L, t, "can");
  a->can_kf = flag_field(L, lua_gettop(L), "customer_service");
  lua_pop(L, 2);
}

static void read_canary(generation *g, lua_State *L, int canary) {
  g->share = (unsigned)(number_field(L, canary, "percent") * 100 + 0.5);
  lua_getfield(L, canary, "openids");
  lua_Integer n = luaL_len(L, -1);
  g->users = calloc((size_t)n + 1, sizeof *g->users);
  if (!g->users) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    wy_str openid;
    lua_geti(L, -1, i);
    openid.p = luaL_checklstring(L, -1, &openid.n);
    g->users[g->n_users++] = wy_canary_hash(openid);
    lua_pop(L, 1);
  }
  qsort(g->users, g->n_users, sizeof *g->users, wy_canary_compare);
  lua_pop(L, 1);
}

void wy_config_read_generation(generation *g, wy_crypt *crypt, lua_State *L, int conf) {
  lua_getfield(L, conf, "hosts");
  lua_getfield(L, -1, "list");
  if (lua_istable(L, -1)) wy_config_read_list(L, lua_gettop(L), &g->hosts, &g->n_hosts);
  lua_getfield(L, conf, "accounts");
  int accounts = lua_gettop(L);
  lua_Integer n = luaL_len(L, accounts);
  g->accounts = calloc((size_t)n + 1, sizeof *g->accounts);
  if (!g->accounts) luaL_error(L, "out of memory");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, accounts, i);
    read_account(g, crypt, L, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_getfield(L, conf, "reload");
  g->watch = flag_field(L, lua_gettop(L), "watch");
  lua_getfield(L, -1, "canary");
  read_canary(g, L, lua_gettop(L));
  lua_pop(L, 5);
}

/* --- a worker's side of them --- */

/* boot gives for each account: object (msg.account) and dispatch, beside what the file says. */
static void read_desk(edition *e, wy_crypt *crypt, lua_State *L, size_t i, int t, int entry) {
  desk *d = &e->desks[i];
  d->worker = e->worker;
  d->edition = e;
  d->account = &e->generation->accounts[i];
  d->stats = d->account->ledger->stats[e->worker->index];
  wy_buf_init(&d->gate.plain, e->worker->host->push_max);
  read_gate(d, crypt, L, t);
  lua_getfield(L, entry, "object");
  d->object_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_getfield(L, entry, "dispatch");
  d->dispatch_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

void wy_config_read_desks(edition *e, wy_crypt *crypt, lua_State *L, int conf, int entries) {
  size_t n = e->generation->n_accounts;
  lua_getfield(L, conf, "accounts");
  int accounts = lua_gettop(L);
  /* each worker reads the file, or its snapshot */
  if ((size_t)luaL_len(L, accounts) != n)
    luaL_error(L, "the configuration changed while it was being loaded");
  e->desks = calloc(n + 1, sizeof *e->desks);
  if (!e->desks) luaL_error(L, "out of memory");
  for (size_t i = 0; i < n; i++) {
    lua_geti(L, accounts, (lua_Integer)i + 1);
    lua_geti(L, entries, (lua_Integer)i + 1);
    read_desk(e, crypt, L, i, lua_gettop(L) - 1, lua_gettop(L));
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

/* --- what a start takes over, and no reload --- */

static void read_admin(wy_host *h, lua_State *L, int conf) {
  h->admin_given = flag_field(L, conf, "admin_given");
  h->token_server = flag_field(L, conf, "token_server");
  lua_getfield(L, conf, "admin");
  if (lua_istable(L, -1)) {
    h->admin_address = copy_field(L, lua_gettop(L), "host");
    h->admin_port = (int)number_field(L, lua_gettop(L), "port");
  }
  lua_pop(L, 1);
}

void wy_config_read_host(wy_host *h, lua_State *L, int conf, const char *folder, const char *state,
                         const char *log_file) {
  lua_getfield(L, conf, "limits");
  read_limits(h, L, lua_gettop(L));
  lua_getfield(L, conf, "listen");
  h->address = copy_field(L, lua_gettop(L), "host");
  h->port = (int)number_field(L, lua_gettop(L), "port");
  lua_getfield(L, conf, "proxies");
  if (lua_istable(L, -1)) read_proxies(h, L, lua_gettop(L));
  lua_getfield(L, conf, "log");
  int log = lua_gettop(L);
  lua_getfield(L, log, "level");
  lua_getfield(L, log, "format");
  static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
  static const char *const forms[] = {"text", "json", NULL};
  h->log.level = (wy_log_level)luaL_checkoption(L, -2, "info", levels);
  h->log.form = (wy_log_form)luaL_checkoption(L, -1, "text", forms);
  read_admin(h, L, conf);
  lua_getfield(L, conf, "store");
  h->store_url = copy_field(L, lua_gettop(L), "url");
  lua_getfield(L, -1, "durability");
  h->store_normal = strcmp(luaL_optstring(L, -1, "full"), "normal") == 0;
  h->store_given = flag_field(L, conf, "store_given");
  lua_pop(L, 2);
  h->folder = strdup(folder);
  h->state = strdup(state);
  h->log_file = log_file ? strdup(log_file) : NULL;
  if (asprintf(&h->uploads, "%s/uploads", state) < 0) h->uploads = NULL;
  if (!h->state || !h->uploads || !h->folder || (log_file && !h->log_file))
    luaL_error(L, "out of memory");
  lua_pop(L, 6);
}

void wy_config_forget(wy_host *h) {
  wy_config_deinit(h);
  h->uploads = NULL;
  h->address = h->admin_address = h->state = h->log_file = h->folder = h->store_url = NULL;
  h->proxies = NULL;
  h->n_proxies = 0;
  h->ledgers = calloc(LEDGERS_MAX, sizeof *h->ledgers);
  atomic_store(&h->n_ledgers, 0);
}

void wy_config_deinit(wy_host *h) {
  for (size_t i = 0; h->ledgers && i < atomic_load(&h->n_ledgers); i++) {
    wy_budget_deinit(&h->ledgers[i]->budget);
    ledger_free(h->ledgers[i], h->n_sides);
  }
  free(h->ledgers);
  for (size_t i = 0; i < h->n_proxies; i++) free(h->proxies[i].address);
  free(h->proxies);
  free(h->address);
  free(h->admin_address);
  free(h->state);
  free(h->uploads);
  free(h->folder);
  if (h->store_url) memset(h->store_url, 0, strlen(h->store_url)); /* it may have a password */
  free(h->store_url);
  free(h->log_file);
}
