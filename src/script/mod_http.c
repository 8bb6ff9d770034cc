/* weiyue.client: HTTP calls that a task waits for, by net/client. lua/weiyue/transport.lua is what
 * the rest of weiyue calls; it makes error objects and log lines of what stands here.
 *
 *   configure(http)      the table http of weiyue.lua: limits, and what is open to plugins
 *   send(request, url?, pieces?, content_type?) → response, url of the last hop where there were
 *                        several | nil, code, text, host, class, sent, of_url
 *   response(metatable)  of what send returns
 *   where()              file:line of the plugin's code that called; "" elsewhere
 *   denied(host, class)  writes the line fetch.denied
 *
 * A state that no host has given a client cannot send: WY_KEY_CLIENT. In a host for specs calls are
 * not sent at all: mod_wire.h. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "net/client.h"
#include "script/mod_wire.h"
#include "script/modules.h"
#include "script/script_impl.h"

#define SETTINGS "weiyue.client.settings"
#define RESPONSE "weiyue.client.response"

enum {
  LONGEST = 3600 /* seconds */,
  REDIRECTS_MAX = 20,
  BODY_MAX = 1 << 20,
  MEMORY_MAX = 64 << 20
};

typedef struct call {
  wy_wait wait;
  wy_external external;
  wy_transfer *transfer;
} call;

/* Of one state. */
typedef struct settings {
  wy_guard guard;
  char *ca;
  uint64_t timeout_ms, connect_ms;
  size_t max;
  wy_client_limits limits;
  call *told; /* whose results are being pushed: freed by the next one when Lua raises meanwhile */
} settings;

static void call_free(call *c) {
  if (!c) return;
  wy_external_end(&c->external);
  wy_transfer_free(c->transfer);
  free(c);
}

/* --- settings --- */

static void forget(settings *s) {
  wy_guard_deinit(&s->guard);
  free(s->ca);
  s->ca = NULL;
}

static int l_settings_gc(lua_State *L) {
  settings *s = lua_touserdata(L, 1);
  forget(s);
  s->told = NULL; /* the state is going away: its client may have gone before */
  return 0;
}

static settings *settings_of(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, SETTINGS);
  settings *s = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return s;
}

static void make_settings(lua_State *L) {
  settings *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (settings){
      .timeout_ms = 10000, .connect_ms = 3000, .max = BODY_MAX, .limits = wy_client_default_limits};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_settings_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, SETTINGS);
}

static lua_Number number_of(lua_State *L, int table, const char *key, lua_Number otherwise) {
  lua_getfield(L, table, key);
  lua_Number n = luaL_optnumber(L, -1, otherwise);
  lua_pop(L, 1);
  return n;
}

static int l_configure(lua_State *L) {
  settings *s = settings_of(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  forget(s);
  s->timeout_ms = (uint64_t)(number_of(L, 1, "timeout", 10) * 1000);
  s->connect_ms = (uint64_t)(number_of(L, 1, "connect_timeout", 3) * 1000);
  s->max = (size_t)number_of(L, 1, "max", BODY_MAX);
  s->limits.calls = (unsigned)number_of(L, 1, "calls", s->limits.calls);
  s->limits.connections = (unsigned)number_of(L, 1, "connections", s->limits.connections);
  s->limits.per_host = (unsigned)number_of(L, 1, "per_host", s->limits.per_host);
  lua_getfield(L, 1, "ca");
  const char *ca = lua_tostring(L, -1);
  if (ca && !(s->ca = strdup(ca))) return luaL_error(L, "out of memory");
  lua_getfield(L, 1, "allow");
  for (lua_Integer i = 1, n = lua_istable(L, -1) ? luaL_len(L, -1) : 0; i <= n; i++) {
    wy_str what;
    lua_geti(L, -1, i);
    what.p = luaL_checklstring(L, -1, &what.n);
    int err = wy_guard_allow(&s->guard, what);
    if (err) return luaL_error(L, "http.allow: %s: %s", what.p, wy_err_text(err));
    lua_pop(L, 1);
  }
  return 0;
}

/* --- a request: what it says is read, and refused, before anything is held --- */

typedef struct request {
  wy_str method, url, body, type;
  const char *file, *to;
  int headers, pieces; /* stack places; 0: none */
  wy_transfer_options options;
} request;

static int wrong(lua_State *L, const char *what) {
  return wy_raise(L, lua_pushfstring(L, "http: %s", what));
}

/* Leaves the value on the stack, which keeps it. */
static wy_str text_field(lua_State *L, const char *key) {
  wy_str s = {NULL, 0};
  int type = lua_getfield(L, 1, key);
  if (type == LUA_TSTRING) s.p = lua_tolstring(L, -1, &s.n);
  else if (type != LUA_TNIL) wrong(L, lua_pushfstring(L, "%s must be a string", key));
  return s;
}

static uint64_t ms_field(lua_State *L, const char *key, uint64_t otherwise) {
  int type = lua_getfield(L, 1, key);
  lua_Number n = lua_tonumber(L, -1);
  lua_pop(L, 1);
  if (type == LUA_TNIL) return otherwise;
  if (type != LUA_TNUMBER || !(n > 0 && n <= LONGEST))
    wrong(L, lua_pushfstring(L, "%s is a number of seconds, more than 0 and at most an hour", key));
  return (uint64_t)ceil(n * 1000);
}

static size_t size_field(lua_State *L, const char *key, size_t otherwise, size_t least,
                         size_t most) {
  int type = lua_getfield(L, 1, key);
  lua_Number n = lua_tonumber(L, -1);
  lua_pop(L, 1);
  if (type == LUA_TNIL) return otherwise;
  if (type != LUA_TNUMBER || !(n >= (lua_Number)least && n <= (lua_Number)most))
    wrong(L, lua_pushfstring(L, "%s is a number from %I to %I", key, (LUAI_UACINT)least,
                             (LUAI_UACINT)most));
  return (size_t)n;
}

static const char *path_field(lua_State *L, const char *key) {
  wy_str s = text_field(L, key);
  if (s.p && (s.n == 0 || strlen(s.p) != s.n)) wrong(L, lua_pushfstring(L, "%s is no path", key));
  return s.p;
}

static int check_headers(lua_State *L) {
  int type = lua_getfield(L, 1, "headers");
  if (type == LUA_TNIL) return 0;
  if (type != LUA_TTABLE) wrong(L, "headers is a table of names and values");
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
      wrong(L, "headers have names and values that are strings");
  return lua_gettop(L);
}

/* pieces: texts, and { file = path } */
static int check_pieces(lua_State *L, int at) {
  if (lua_isnoneornil(L, at)) return 0;
  luaL_checktype(L, at, LUA_TTABLE);
  for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, at); i <= n; i++) {
    int type = lua_rawgeti(L, at, i);
    if (type != LUA_TSTRING) {
      luaL_checktype(L, -1, LUA_TTABLE);
      lua_pushliteral(L, "file");
      if (lua_rawget(L, -2) != LUA_TSTRING) wrong(L, "file is a path");
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return at;
}

static void read_request(lua_State *L, settings *s, request *r) {
  luaL_checkstack(L, 24, NULL);
  r->pieces = check_pieces(L, 3);
  r->url.p = lua_tolstring(L, 2, &r->url.n);
  r->type.p = lua_tolstring(L, 4, &r->type.n);
  if (!r->url.p) r->url = text_field(L, "url");
  if (!r->url.p) wrong(L, "url is missing");
  r->method = text_field(L, "method");
  r->body = text_field(L, "body");
  r->file = path_field(L, "file");
  r->to = path_field(L, "to");
  r->headers = check_headers(L);
  lua_getfield(L, 1, "guard");
  r->options = (wy_transfer_options){
      .timeout_ms = ms_field(L, "timeout", s->timeout_ms),
      .connect_ms = ms_field(L, "connect_timeout", s->connect_ms),
      .max = size_field(L, "max", s->max, 1, r->to ? (size_t)1 << 40 : MEMORY_MAX),
      .redirects = (unsigned)size_field(L, "redirects", 0, 0, REDIRECTS_MAX),
      .guarded = lua_isnil(L, -1) || lua_toboolean(L, -1),
      .guard = &s->guard,
      .ca = s->ca,
  };
  r->options.memory = r->to && r->options.max > s->max ? s->max : r->options.max;
  if (r->options.connect_ms > r->options.timeout_ms) r->options.connect_ms = r->options.timeout_ms;
}

/* --- from here on nothing raises until it is under way --- */

static wy_fetch add_headers(lua_State *L, wy_transfer *t, int headers) {
  wy_fetch f = WY_FETCH_OK;
  for (lua_pushnil(L); lua_next(L, headers); lua_pop(L, 1)) {
    wy_str name, value;
    name.p = lua_tolstring(L, -2, &name.n);
    value.p = lua_tolstring(L, -1, &value.n);
    if (!f) f = wy_transfer_header(t, name, value);
  }
  return f;
}

static wy_fetch add_pieces(lua_State *L, wy_transfer *t, int pieces) {
  wy_fetch f = WY_FETCH_OK;
  for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, pieces); !f && i <= n; i++) {
    if (lua_rawgeti(L, pieces, i) == LUA_TSTRING) {
      wy_str bytes;
      bytes.p = lua_tolstring(L, -1, &bytes.n);
      f = wy_transfer_data(t, bytes);
    } else {
      lua_pushnil(L); /* the table has one value: its key is a string that exists */
      f = lua_next(L, -2) ? wy_transfer_file(t, lua_tostring(L, -1)) : WY_FETCH_FILE;
      lua_pop(L, 2);
    }
    lua_pop(L, 1);
  }
  return f;
}

static void on_done(wy_transfer *t, void *data) {
  call *c = data;
  (void)t;
  wy_external_end(&c->external);
  wy_wait_wake(&c->wait, 0);
}

static wy_fetch fill(lua_State *L, wy_transfer *t, const request *r) {
  wy_fetch f = WY_FETCH_OK;
  if (r->method.p) f = wy_transfer_method(t, r->method);
  if (!f && r->headers) f = add_headers(L, t, r->headers);
  if (!f && r->type.p) f = wy_transfer_header(t, WY_STR("Content-Type"), r->type);
  if (!f && r->body.p) f = wy_transfer_data(t, r->body);
  if (!f && r->file) f = wy_transfer_file(t, r->file);
  if (!f && r->pieces) f = add_pieces(L, t, r->pieces);
  if (!f && r->to) f = wy_transfer_save(t, r->to);
  return f;
}

/* --- results --- */

/* nil, code, text, host, class, sent, of_url */
static int push_failure(lua_State *L, const wy_transfer_result *r) {
  luaL_pushfail(L);
  lua_pushstring(L, wy_fetch_code(r->fetch));
  if (r->fetch == WY_FETCH_URL && !r->of_url) lua_pushstring(L, r->detail); /* a header, or so */
  else if (r->detail[0]) lua_pushfstring(L, "%s: %s", wy_fetch_text(r->fetch), r->detail);
  else lua_pushstring(L, wy_fetch_text(r->fetch));
  lua_pushstring(L, r->host);
  lua_pushstring(L, r->denied);
  lua_pushboolean(L, r->sent);
  lua_pushboolean(L, r->of_url);
  return 7;
}

static int push_response(lua_State *L, const wy_transfer_result *r, bool saved) {
  lua_createtable(L, 0, 6);
  lua_pushinteger(L, r->status);
  lua_setfield(L, -2, "status");
  if (!saved) {
    lua_pushlstring(L, r->body.p, r->body.n);
    lua_setfield(L, -2, "body");
  } else {
    lua_pushinteger(L, (lua_Integer)r->size);
    lua_setfield(L, -2, "size");
  }
  lua_pushlstring(L, r->head.p, r->head.n);
  lua_setfield(L, -2, "head"); /* a table of it is made when somebody asks for headers */
  lua_pushnumber(L, (lua_Number)r->ms / 1000);
  lua_setfield(L, -2, "seconds");
  luaL_setmetatable(L, RESPONSE);
  if (!r->url.p) return 1;
  lua_pushlstring(L, r->url.p, r->url.n);
  return 2;
}

static int push_result(lua_State *L, const wy_transfer *t) {
  wy_transfer_result r;
  wy_transfer_result_of(t, &r);
  return r.fetch ? push_failure(L, &r) : push_response(L, &r, r.saved);
}

static int finish(lua_State *L, wy_wait *wait) {
  settings *s = settings_of(L);
  call *c = wy_container_of(wait, call, wait);
  int status = wait->status;
  call_free(s->told);
  s->told = c;
  if (status) {
    s->told = NULL;
    call_free(c);
    return luaL_error(L, "%s", wy_err_text(status));
  }
  int n = push_result(L, c->transfer);
  s->told = NULL;
  call_free(c);
  return n;
}

static void cancel(wy_wait *wait) {
  call *c = wy_container_of(wait, call, wait);
  wy_transfer_free(c->transfer);
  c->transfer = NULL;
  wy_external_end(&c->external);
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void drop(wy_wait *wait) { call_free(wy_container_of(wait, call, wait)); }

static int fail(lua_State *L, wy_fetch fetch) {
  const wy_transfer_result r = {.fetch = fetch, .detail = "", .host = "?"};
  return push_failure(L, &r);
}

/* It was not begun. */
static int refused(lua_State *L, settings *s, call *c) {
  call_free(s->told);
  s->told = c;
  int n = push_result(L, c->transfer);
  s->told = NULL;
  call_free(c);
  return n;
}

/* To who stands in the client's place, unless the client would refuse it. */
static int send_by_wire(lua_State *L, settings *s, const wy_wire *wire, const request *r) {
  request head = *r;
  head.body = (wy_str){NULL, 0};
  head.file = head.to = NULL;
  head.pieces = 0;
  call *c = calloc(1, sizeof *c);
  wy_transfer *t = c ? c->transfer = wy_transfer_new(NULL) : NULL;
  wy_fetch f = t ? fill(L, t, &head) : WY_FETCH_NOMEM;
  if (!f) f = wy_transfer_check(t, r->url, &r->options);
  if (t && f) {
    wy_transfer_refuse(t, f);
    return refused(L, s, c);
  }
  call_free(c);
  if (f) return fail(L, f);
  const wy_wire_request q = {r->method, r->url,     r->type,   r->body,   r->file,
                             r->to,     r->headers, r->pieces, r->options};
  return wy_wire_send(L, wire, &q, RESPONSE);
}

static int l_send(lua_State *L) {
  request r;
  settings *s = settings_of(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 4);
  read_request(L, s, &r);
  const wy_wire *wire = wy_wire_of(L, r.url);
  if (wire) return send_by_wire(L, s, wire, &r);
  wy_task *task = wy_task_can_wait(L);
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_CLIENT);
  wy_client *client = lua_touserdata(L, -1);
  if (!client)
    return wrong(L, "nothing is sent from here: only a host that runs has an HTTP client");
  wy_client_limit(client, &s->limits);
  call *c = calloc(1, sizeof *c);
  wy_transfer *t = c ? wy_transfer_new(client) : NULL;
  if (!t) {
    free(c);
    return fail(L, WY_FETCH_NOMEM);
  }
  c->wait = (wy_wait){task, 0, cancel, finish, drop};
  c->transfer = t;
  wy_fetch f = fill(L, t, &r);
  if (f) wy_transfer_refuse(t, f);
  else f = wy_transfer_start(t, r.url, &r.options, on_done, c);
  if (!f) {
    wy_external_begin(task->script->clock, &c->external, "an HTTP call");
    return wy_task_await(L, &c->wait);
  }
  return refused(L, s, c);
}

static int l_response(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, RESPONSE);
  return 0;
}

/* --- for the log --- */

static int l_where(lua_State *L) {
  wy_push_where(L);
  return 1;
}

static int l_denied(lua_State *L) {
  wy_line line;
  char trace[WY_TRACE];
  const wy_script *s = wy_script_of(L);
  const char *host = luaL_checkstring(L, 1), *class = luaL_checkstring(L, 2);
  wy_push_where(L);
  const char *where = lua_tostring(L, -1);
  if (s->ration &&
      !wy_ration_take(s->ration, WY_LOG_WARN, "fetch.denied", where, WY_RATION_REFUSALS))
    return 0;
  wy_script_trace(s, trace);
  wy_line_begin(&line, s->log, WY_LOG_WARN, "fetch.denied");
  wy_line_masked(&line, L, "host", wy_str_of(host));
  wy_line_z(&line, "class", class);
  size_t n = strlen(where);
  if (n > 2) wy_line_str(&line, "at", (wy_str){where, n - 2}); /* without ": " */
  wy_line_trace(&line, trace);
  wy_line_end(&line);
  return 0;
}

int wy_open_http(lua_State *L) {
  static const luaL_Reg functions[] = {{"configure", l_configure}, {"send", l_send},
                                       {"response", l_response},   {"where", l_where},
                                       {"denied", l_denied},       {NULL, NULL}};
  make_settings(L);
  luaL_newlib(L, functions);
  return 1;
}
