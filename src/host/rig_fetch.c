/* Requests to a rig's host over a socket: WeChat's pushes, a browser's. Client and server are on
 * the host's own loop. */
#include <lauxlib.h>
#include <poll.h>
#include <stdlib.h>

#include "host/rig_impl.h"

enum { PATIENCE_MS = 5000, LONGEST_MS = 3600 * 1000, BODY_MAX = 64 << 20 };

/* Lua has it; the rig may go before it. */
typedef struct fetch {
  wy_list link;
  rig *rig;
  wy_transfer *transfer;
  bool done;
} fetch;

static void on_done(wy_transfer *t, void *data) {
  fetch *f = data;
  (void)t;
  f->done = true;
  f->rig->n_fetches--;
}

static void let_go(fetch *f) {
  if (!f->transfer) return;
  if (!f->done) f->rig->n_fetches--;
  wy_transfer_free(f->transfer);
  f->transfer = NULL;
  wy_list_remove(&f->link);
}

static int l_fetch_gc(lua_State *L) {
  let_go(luaL_checkudata(L, 1, WY_RIG_FETCH));
  return 0;
}

/* listen() → port: the host's own server */
static int l_listen(lua_State *L) {
  rig *r = wy_rig_check(L);
  worker *w = &r->host->workers[0];
  int err = w->http ? 0 : wy_worker_open(w);
  if (!err && !r->port) err = wy_http_listen(w->http, "127.0.0.1", 0, &r->port);
  if (err) return luaL_error(L, "cannot listen: %s", wy_strerror(err));
  lua_pushinteger(L, r->port);
  return 1;
}

static int add_headers(lua_State *L, wy_transfer *t, int arg) {
  wy_fetch err = WY_FETCH_OK;
  if (lua_isnoneornil(L, arg)) return 0;
  luaL_checktype(L, arg, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
    wy_str name, value;
    if (lua_type(L, -2) != LUA_TSTRING) return luaL_argerror(L, arg, "names are strings");
    name.p = lua_tolstring(L, -2, &name.n);
    value.p = luaL_checklstring(L, -1, &value.n);
    if (!err) err = wy_transfer_header(t, name, value);
  }
  return err ? -1 : 0;
}

/* fetch(method, url, headers, body) → fetch */
static int l_fetch(lua_State *L) {
  rig *r = wy_rig_check(L);
  wy_str method, url, body;
  method.p = luaL_checklstring(L, 2, &method.n);
  url.p = luaL_checklstring(L, 3, &url.n);
  body.p = luaL_optlstring(L, 5, NULL, &body.n);
  const wy_transfer_options options = {
      .timeout_ms = LONGEST_MS, .connect_ms = PATIENCE_MS, .max = BODY_MAX, .memory = BODY_MAX};
  if (!r->client && wy_client_new(&r->client, r->host->workers[0].loop, NULL))
    return luaL_error(L, "out of memory");
  fetch *f = lua_newuserdatauv(L, sizeof *f, 1);
  *f = (fetch){.rig = r, .transfer = NULL, .done = true};
  wy_list_init(&f->link);
  luaL_setmetatable(L, WY_RIG_FETCH);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  f->transfer = wy_transfer_new(r->client);
  if (!f->transfer) return luaL_error(L, "out of memory");
  wy_list_push(&r->fetches, &f->link);
  if (wy_transfer_method(f->transfer, method) || add_headers(L, f->transfer, 4) ||
      (body.p && wy_transfer_data(f->transfer, body)))
    return luaL_error(L, "this request cannot be made");
  wy_fetch err = wy_transfer_start(f->transfer, url, &options, on_done, f);
  if (err) return luaL_error(L, "%s", wy_fetch_text(err));
  f->done = false;
  r->n_fetches++;
  return 1;
}

/* fetch:answer() → { status, head, body }; nil while there is none; or false, code */
static int l_fetch_answer(lua_State *L) {
  const fetch *f = luaL_checkudata(L, 1, WY_RIG_FETCH);
  wy_transfer_result r;
  if (!f->done || !f->transfer) {
    lua_pushnil(L);
    return 1;
  }
  wy_transfer_result_of(f->transfer, &r);
  if (r.fetch) {
    lua_pushboolean(L, false);
    lua_pushstring(L, wy_fetch_code(r.fetch));
    return 2;
  }
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, r.status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, r.head.p, r.head.n);
  lua_setfield(L, -2, "head");
  lua_pushlstring(L, r.body.p ? r.body.p : "", r.body.n);
  lua_setfield(L, -2, "body");
  return 1;
}

/* --- whether bytes are on their way --- */

static size_t count(const wy_list *list) {
  size_t n = 0;
  for (const wy_list *i = list->next; i != list; i = i->next) n++;
  return n;
}

/* A request of ours is at rest where the host has it; a call of the host's, where the spec has it.
 */
bool wy_rig_moving(const rig *r) {
  const worker *w = &r->host->workers[0];
  return count(&w->clock.external) > r->n_held ||
         r->n_fetches > (w->http ? wy_http_unanswered(w->http) : 0);
}

void wy_rig_turn(lua_State *L, rig *r) {
  worker *w = &r->host->workers[0];
  uint64_t until = uv_hrtime() / 1000000 + PATIENCE_MS;
  uv_run(w->loop, UV_RUN_NOWAIT);
  if (!wy_rig_moving(r) || wy_rig_calls_waiting(r)) return;
  struct pollfd fd = {uv_backend_fd(w->loop), POLLIN, 0};
  for (uint64_t now; (now = uv_hrtime() / 1000000) < until;) {
    int left = (int)(until - now), due = uv_backend_timeout(w->loop); /* -1: no timer of its own */
    if (due < 0 || due > left) due = left;
    if (poll(&fd, 1, due) <= 0 && due == left) continue;
    uv_run(w->loop, UV_RUN_NOWAIT);
    return;
  }
  const char *what = "an answer over a socket";
  if (wy_clock_waits(&w->clock))
    what = wy_container_of(w->clock.external.next, wy_external, link)->what;
  luaL_error(L, "no answer after 5 s of real time: %s", what);
}

void wy_rig_fetches_init(rig *r) { wy_list_init(&r->fetches); }

static void on_stopped(void *data) { ((worker *)data)->http_ended = true; }

void wy_rig_fetches_end(rig *r) {
  worker *w = &r->host->workers[0];
  while (!wy_list_empty(&r->fetches)) let_go(wy_container_of(r->fetches.next, fetch, link));
  if (r->client) wy_client_close(r->client);
  if (!w->http) return;
  wy_http_stop(w->http, on_stopped);
  wy_http_kill(w->http);
}

void wy_rig_fetches_free(rig *r) {
  wy_client_free(r->client);
  r->client = NULL;
}

void wy_rig_fetch_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"answer", l_fetch_answer}, {NULL, NULL}};
  wy_rig_make_class(L, WY_RIG_FETCH, methods, l_fetch_gc);
}

const luaL_Reg wy_rig_fetch_methods[] = {{"listen", l_listen}, {"fetch", l_fetch}, {NULL, NULL}};
