#include "script/mod_wire.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "script/modules.h"
#include "script/script_impl.h"

enum { HEAD_BYTES = 1 << 20, BODY_BYTES = 64 << 20 };

const wy_wire *wy_wire_of(lua_State *L, wy_str url) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_WIRE);
  const wy_wire *wire = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return wire && wire->takes(wire->data, url) ? wire : NULL;
}

static void call_free(wy_wire_call *c) {
  wy_timer_stop(c->clock, &c->timer);
  wy_buf_deinit(&c->head);
  wy_buf_deinit(&c->body);
  wy_buf_deinit(&c->got_head);
  wy_buf_deinit(&c->got_body);
  free(c->url);
  free(c->to);
  free(c->got_url);
  free(c);
}

/* --- the request --- */

static int add_file(wy_buf *out, const char *path) {
  char some[16384];
  FILE *f = fopen(path, "rb");
  if (!f) return -1;
  int err = 0;
  for (size_t n; !err && (n = fread(some, 1, sizeof some, f)) > 0;) err = wy_buf_add(out, some, n);
  if (ferror(f)) err = -1;
  fclose(f);
  return err;
}

static int add_pieces(lua_State *L, wy_buf *out, int pieces) {
  int err = 0;
  for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, pieces); !err && i <= n; i++) {
    if (lua_rawgeti(L, pieces, i) == LUA_TSTRING) {
      size_t size;
      const char *bytes = lua_tolstring(L, -1, &size);
      err = wy_buf_add(out, bytes, size);
    } else {
      lua_pushliteral(L, "file");
      lua_rawget(L, -2);
      err = add_file(out, lua_tostring(L, -1));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return err;
}

static int add_header(wy_buf *out, wy_str name, wy_str value) {
  int err = wy_buf_str(out, name);
  if (!err) err = wy_buf_lit(out, ": ");
  if (!err) err = wy_buf_str(out, value);
  return err ? err : wy_buf_lit(out, "\r\n");
}

static int add_headers(lua_State *L, wy_buf *out, const wy_wire_request *r) {
  int err = 0;
  if (r->headers) {
    for (lua_pushnil(L); lua_next(L, r->headers); lua_pop(L, 1)) {
      wy_str name, value;
      name.p = lua_tolstring(L, -2, &name.n);
      value.p = lua_tolstring(L, -1, &value.n);
      if (!err) err = add_header(out, name, value);
    }
  }
  return !err && r->type.p ? add_header(out, WY_STR("Content-Type"), r->type) : err;
}

static wy_fetch fill(lua_State *L, wy_wire_call *c, const wy_wire_request *r) {
  wy_str method = r->method.p ? r->method : WY_STR("GET");
  c->options = r->options;
  c->url = strndup(r->url.p, r->url.n);
  if (r->to) c->to = strdup(r->to);
  if (!c->url || (r->to && !c->to) || add_headers(L, &c->head, r)) return WY_FETCH_NOMEM;
  if (method.n >= sizeof c->method) return WY_FETCH_URL;
  memcpy(c->method, method.p, method.n);
  if (r->body.p && wy_buf_str(&c->body, r->body)) return WY_FETCH_NOMEM;
  if (r->file && add_file(&c->body, r->file)) return WY_FETCH_FILE;
  return r->pieces && add_pieces(L, &c->body, r->pieces) ? WY_FETCH_FILE : WY_FETCH_OK;
}

/* --- the answer --- */

/* It appears whole or not at all. */
static bool save(const wy_wire_call *c) {
  size_t n = strlen(c->to);
  char *part = malloc(n + 6);
  if (!part) return false;
  memcpy(part, c->to, n);
  memcpy(part + n, ".part", 6);
  FILE *f = fopen(part, "wb");
  bool ok = f && (!c->got_body.n || fwrite(c->got_body.p, c->got_body.n, 1, f) == 1);
  if (f && fclose(f)) ok = false;
  ok = ok && rename(part, c->to) == 0;
  if (!ok) remove(part);
  free(part);
  return ok;
}

/* nil, code, text, host, class, sent, of_url */
static int push_failure(lua_State *L, const wy_wire_call *c) {
  luaL_pushfail(L);
  lua_pushstring(L, wy_fetch_code(c->fetch));
  if (c->detail[0]) lua_pushfstring(L, "%s: %s", wy_fetch_text(c->fetch), c->detail);
  else lua_pushstring(L, wy_fetch_text(c->fetch));
  const char *host = strstr(c->url, "://");
  host = host ? host + 3 : c->url;
  lua_pushlstring(L, host, strcspn(host, ":/?#"));
  if (c->fetch == WY_FETCH_DENIED) lua_pushliteral(L, "private");
  else lua_pushnil(L);
  lua_pushboolean(L, c->fetch == WY_FETCH_TIMEOUT || c->fetch == WY_FETCH_ABORTED ||
                         c->fetch == WY_FETCH_LARGE || c->fetch == WY_FETCH_PROTOCOL);
  lua_pushboolean(L, false);
  return 7;
}

static void set_bytes(lua_State *L, const char *key, const wy_buf *b) {
  lua_pushlstring(L, b->p ? b->p : "", b->n);
  lua_setfield(L, -2, key);
}

static int push_answer(lua_State *L, wy_wire_call *c, const char *response) {
  bool saved = c->to && c->status / 100 == 2;
  if (!c->fetch && c->got_body.n > (saved ? c->options.max : c->options.memory))
    c->fetch = WY_FETCH_LARGE;
  if (!c->fetch && saved && !save(c)) c->fetch = WY_FETCH_FILE;
  if (c->fetch) return push_failure(L, c);
  lua_createtable(L, 0, 6);
  lua_pushinteger(L, c->status);
  lua_setfield(L, -2, "status");
  if (saved) {
    lua_pushinteger(L, (lua_Integer)c->got_body.n);
    lua_setfield(L, -2, "size");
  } else {
    set_bytes(L, "body", &c->got_body);
  }
  set_bytes(L, "head", &c->got_head);
  lua_pushnumber(L, (lua_Number)(wy_clock_now_ms(c->clock) - c->began) / 1000);
  lua_setfield(L, -2, "seconds");
  luaL_setmetatable(L, response);
  if (!c->got_url) return 1;
  lua_pushstring(L, c->got_url);
  return 2;
}

/* --- waiting --- */

/* What Lua may raise while it pushes leaves the call to the collector: a userdata holds it then. */
static int l_call_gc(lua_State *L) {
  wy_wire_call **held = lua_touserdata(L, 1);
  if (*held) call_free(*held);
  *held = NULL;
  return 0;
}

static wy_wire_call **new_holder(lua_State *L) {
  wy_wire_call **held = lua_newuserdatauv(L, sizeof *held, 0);
  *held = NULL;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_call_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  return held;
}

static int finish(lua_State *L, wy_wait *wait) {
  wy_wire_call *c = wy_container_of(wait, wy_wire_call, wait);
  int status = wait->status;
  if (status) {
    call_free(c);
    return luaL_error(L, "%s", wy_err_text(status));
  }
  wy_wire_call **held = new_holder(L);
  *held = c;
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_WIRE ".response");
  int n = push_answer(L, c, lua_tostring(L, -1));
  *held = NULL;
  call_free(c);
  return n;
}

static void leave(wy_wire_call *c) {
  if (!c->answered) c->wire->end(c->wire->data, c);
  c->answered = true;
  wy_timer_stop(c->clock, &c->timer);
}

static void cancel(wy_wait *wait) {
  leave(wy_container_of(wait, wy_wire_call, wait));
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void drop(wy_wait *wait) {
  wy_wire_call *c = wy_container_of(wait, wy_wire_call, wait);
  leave(c);
  call_free(c);
}

void wy_wire_answer(wy_wire_call *c) {
  if (c->answered) return;
  leave(c);
  wy_wait_wake(&c->wait, 0);
}

int wy_wire_send(lua_State *L, const wy_wire *wire, const wy_wire_request *r,
                 const char *response) {
  wy_task *task = wy_task_can_wait(L);
  luaL_checkstack(L, 16, NULL);
  lua_pushstring(L, response);
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_WIRE ".response");
  wy_push_where(L);
  size_t n;
  const char *where = lua_tolstring(L, -1, &n);
  wy_wire_call **held = new_holder(L);
  wy_wire_call *c = *held = calloc(1, sizeof *c);
  if (!c) return luaL_error(L, "out of memory");
  wy_list_init(&c->link);
  wy_timer_init(&c->timer, NULL);
  c->clock = task->script->clock;
  wy_script_trace(task->script, c->trace);
  c->wire = wire;
  c->began = wy_clock_now_ms(c->clock);
  wy_buf_init(&c->head, HEAD_BYTES);
  wy_buf_init(&c->body, BODY_BYTES);
  wy_buf_init(&c->got_head, HEAD_BYTES);
  wy_buf_init(&c->got_body, BODY_BYTES);
  if (n > 2) snprintf(c->at, sizeof c->at, "%.*s", (int)(n - 2), where); /* without ": " */
  c->fetch = fill(L, c, r);
  if (c->fetch) {
    int results = push_failure(L, c);
    *held = NULL;
    call_free(c);
    return results;
  }
  *held = NULL;
  c->wait = (wy_wait){task, 0, cancel, finish, drop};
  wire->take(wire->data, c);
  return wy_task_await(L, &c->wait);
}
