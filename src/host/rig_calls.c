/* HTTP calls of a rig's plugins, for the spec to answer: those that mod_wire hands over, and those
 * that come to the rig's own server over a socket. Either way an answer may take its time, on the
 * host's clock. */
#include <lauxlib.h>
#include <stdlib.h>

#include "host/rig_impl.h"
#include "net/listen.h"

enum { BODY_MAX = 64 << 20 };

/* A request at the rig's server. */
typedef struct held {
  wy_list link;
  rig *rig;
  wy_http_req *req;
  uint64_t id;
  wy_timer timer; /* until its answer leaves */
  bool drop, fixed;
  int status;
  char *head;
  wy_buf body;
} held;

/* --- from plugins --- */

static bool takes(void *data, wy_str url) {
  const rig *r = data;
  size_t n = r->base ? strlen(r->base) : 0;
  return !(n && url.n >= n && memcmp(url.p, r->base, n) == 0);
}

static void take(void *data, wy_wire_call *call) {
  rig *r = data;
  call->id = ++r->last_call;
  wy_list_push(&r->fresh, &call->link);
}

static void end(void *data, wy_wire_call *call) {
  (void)data;
  wy_list_remove(&call->link);
}

/* --- from sockets --- */

static int on_head(void *data, wy_http_req *req, size_t *body_max) {
  (void)data, (void)req;
  *body_max = BODY_MAX;
  return 0;
}

static void on_due(wy_timer *timer);

static void on_request(void *data, wy_http_req *req) {
  rig *r = data;
  held *h = calloc(1, sizeof *h);
  if (!h) {
    wy_http_abandon(req);
    return;
  }
  h->rig = r;
  h->req = req;
  h->id = ++r->last_call;
  wy_timer_init(&h->timer, on_due);
  wy_buf_init(&h->body, BODY_MAX);
  wy_list_push(&r->asked, &h->link);
  r->n_held++;
}

static void held_free(held *h) {
  wy_timer_stop(&h->rig->host->workers[0].clock, &h->timer);
  wy_list_remove(&h->link);
  h->rig->n_held--;
  wy_buf_deinit(&h->body);
  free(h->head);
  free(h);
}

static void on_due(wy_timer *timer) {
  held *h = wy_container_of(timer, held, timer);
  if (h->drop) wy_http_abandon(h->req);
  else wy_http_respond(h->req, &(wy_http_answer){h->status, NULL, h->head, wy_buf_view(&h->body)});
  held_free(h);
}

int wy_rig_socket(lua_State *L) {
  int fd, port, err = wy_listen_open("127.0.0.1", 0, 1, &fd, &port);
  if (err) return luaL_error(L, "cannot listen: %s", wy_strerror(err));
  lua_pushinteger(L, fd);
  lua_pushinteger(L, port);
  return 2;
}

/* serve(fd, port): calls of the host whose URL begins with http://127.0.0.1:PORT come by a socket;
 * fd is rig.socket's, and the host's from here on */
static int l_serve(lua_State *L) {
  static const wy_http_handlers handlers = {on_head, on_request};
  rig *r = wy_rig_check(L);
  worker *w = &r->host->workers[0];
  int fd = (int)luaL_checkinteger(L, 2), port = (int)luaL_checkinteger(L, 3);
  char base[64];
  if (r->server) return luaL_error(L, "it serves already");
  int err = wy_http_new(&r->server, w->loop, &w->clock, &r->host->log, NULL, &handlers, r);
  if (!err) err = wy_http_listen_on(r->server, fd);
  if (err) return luaL_error(L, "cannot listen: %s", wy_strerror(err));
  snprintf(base, sizeof base, "http://127.0.0.1:%d", port);
  free(r->base);
  r->base = strdup(base);
  return 0;
}

/* --- to the spec --- */

static void set_z(lua_State *L, const char *key, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static void set_str(lua_State *L, const char *key, wy_str s) {
  lua_pushlstring(L, s.p ? s.p : "", s.n);
  lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, lua_Number n) {
  lua_pushnumber(L, n);
  lua_setfield(L, -2, key);
}

static void set_id(lua_State *L, uint64_t id) {
  lua_pushinteger(L, (lua_Integer)id);
  lua_setfield(L, -2, "id");
}

static void push_call(lua_State *L, const wy_wire_call *c) {
  lua_createtable(L, 0, 10);
  set_id(L, c->id);
  set_z(L, "method", c->method);
  set_z(L, "url", c->url);
  set_str(L, "head", wy_buf_view(&c->head));
  set_str(L, "body", wy_buf_view(&c->body));
  set_z(L, "at", c->at);
  set_z(L, "trace", c->trace);
  set_number(L, "timeout", (lua_Number)c->options.timeout_ms / 1000);
  set_number(L, "connect_timeout", (lua_Number)c->options.connect_ms / 1000);
  set_number(L, "redirects", (lua_Number)c->options.redirects);
}

static void add_field(wy_buf *out, const wy_http_req *req, const char *name) {
  wy_str value = wy_http_req_header(req, wy_str_of(name));
  if (value.p) wy_buf_printf(out, "%s: %.*s\r\n", name, (int)value.n, value.p);
}

static void push_held(lua_State *L, const rig *r, const held *h) {
  wy_str path = wy_http_req_path(h->req), query = wy_http_req_query(h->req);
  wy_buf head;
  wy_buf_init(&head, 65536);
  add_field(&head, h->req, "content-type");
  add_field(&head, h->req, "authorization");
  lua_createtable(L, 0, 8);
  set_id(L, h->id);
  set_z(L, "method", wy_http_method_name(wy_http_req_method(h->req)));
  lua_pushfstring(L, "%s", r->base);
  lua_pushlstring(L, path.p, path.n);
  lua_pushstring(L, query.n ? "?" : "");
  lua_pushlstring(L, query.n ? query.p : "", query.n);
  lua_concat(L, 4);
  lua_setfield(L, -2, "url");
  set_str(L, "head", wy_buf_view(&head));
  set_str(L, "body", wy_http_req_body(h->req));
  set_z(L, "at", "");
  lua_pushboolean(L, true);
  lua_setfield(L, -2, "socket");
  wy_buf_deinit(&head);
}

/* calls() → list of those that were not told yet */
static int l_calls(lua_State *L) {
  rig *r = wy_rig_check(L);
  lua_Integer i = 0;
  lua_newtable(L);
  for (wy_list *n; (n = wy_list_shift(&r->fresh));) {
    wy_list_push(&r->known, n);
    push_call(L, wy_container_of(n, wy_wire_call, link));
    lua_rawseti(L, -2, ++i);
  }
  for (wy_list *n; (n = wy_list_shift(&r->asked));) {
    wy_list_push(&r->held, n);
    push_held(L, r, wy_container_of(n, held, link));
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

/* --- answers --- */

static wy_wire_call *find_call(const rig *r, uint64_t id) {
  for (wy_list *n = r->known.next; n != &r->known; n = n->next) {
    wy_wire_call *c = wy_container_of(n, wy_wire_call, link);
    if (c->id == id) return c;
  }
  return NULL;
}

static held *find_held(const rig *r, uint64_t id) {
  for (wy_list *n = r->held.next; n != &r->held; n = n->next) {
    held *h = wy_container_of(n, held, link);
    if (h->id == id) return h;
  }
  return NULL;
}

static void on_answer(wy_timer *timer) {
  wy_wire_answer(wy_container_of(timer, wy_wire_call, timer));
}

static wy_fetch check_fault(lua_State *L, int arg) {
  const char *code = luaL_checkstring(L, arg);
  for (wy_fetch f = WY_FETCH_OK + 1; f < WY_FETCH_END; f++)
    if (strcmp(wy_fetch_code(f), code) == 0) return f;
  return (wy_fetch)luaL_argerror(L, arg, "no such fault");
}

static int later(lua_State *L, rig *r, wy_timer *timer, int arg) {
  lua_Number after = luaL_optnumber(L, arg, 0);
  if (after < 0) after = 0;
  if (wy_timer_start(&r->host->workers[0].clock, timer, (uint64_t)(after * 1000 + 0.5)))
    return luaL_error(L, "out of memory");
  return 0;
}

static wy_str text_arg(lua_State *L, int arg) {
  wy_str s;
  s.p = luaL_optlstring(L, arg, "", &s.n);
  return s;
}

static int answer_held(lua_State *L, rig *r, held *h) {
  if (h->fixed) return luaL_error(L, "it was answered already");
  h->fixed = true;
  h->drop = lua_isnoneornil(L, 3);
  if (!h->drop) {
    h->status = (int)luaL_checkinteger(L, 3);
    h->head = strdup(luaL_optstring(L, 4, ""));
    wy_buf_str(&h->body, text_arg(L, 5));
  }
  return later(L, r, &h->timer, 6);
}

/* answer(id, status, head, body, after [, url]); or answer(id, nil, code, detail, after). after:
 * seconds. Nothing where nobody waits for it any more. */
static int l_answer_call(lua_State *L) {
  rig *r = wy_rig_check(L);
  uint64_t id = (uint64_t)luaL_checkinteger(L, 2);
  wy_wire_call *c = find_call(r, id);
  held *h = c ? NULL : find_held(r, id);
  if (h) return answer_held(L, r, h);
  if (!c) return 0;
  if (lua_isnil(L, 3)) {
    c->fetch = check_fault(L, 4);
    snprintf(c->detail, sizeof c->detail, "%s", luaL_optstring(L, 5, ""));
  } else {
    c->status = (long)luaL_checkinteger(L, 3);
    wy_buf_clear(&c->got_head);
    wy_buf_clear(&c->got_body);
    if (wy_buf_str(&c->got_head, text_arg(L, 4)) || wy_buf_str(&c->got_body, text_arg(L, 5)))
      c->fetch = WY_FETCH_LARGE;
    const char *url = luaL_optstring(L, 7, NULL);
    if (url && !c->got_url) c->got_url = strdup(url);
  }
  c->timer.fire = on_answer;
  return later(L, r, &c->timer, 6);
}

/* --- */

bool wy_rig_calls_waiting(const rig *r) {
  return !wy_list_empty(&r->fresh) || !wy_list_empty(&r->asked);
}

void wy_rig_calls_init(rig *r) {
  wy_list_init(&r->fresh);
  wy_list_init(&r->known);
  wy_list_init(&r->asked);
  wy_list_init(&r->held);
  r->wire = (wy_wire){takes, take, end, r};
}

static void drop_all(wy_list *list) {
  while (!wy_list_empty(list)) {
    held *h = wy_container_of(list->next, held, link);
    wy_http_abandon(h->req);
    held_free(h);
  }
}

static void on_stopped(void *data) { (void)data; }

void wy_rig_calls_end(rig *r) {
  if (!r->server) return;
  drop_all(&r->asked);
  drop_all(&r->held);
  wy_http_stop(r->server, on_stopped);
  wy_http_kill(r->server);
}

void wy_rig_calls_free(rig *r) {
  wy_http_free(r->server);
  free(r->base);
  r->server = NULL;
  r->base = NULL;
}

const luaL_Reg wy_rig_call_methods[] = {
    {"serve", l_serve}, {"calls", l_calls}, {"answer", l_answer_call}, {NULL, NULL}};
