/* weiyue.pages: requests, files that answer them, streams. Lua's side of a request is a box: empty
 * once its task has ended. Whoever is wrong here is lua/weiyue/web. */
#include "script/mod_page.h"

#include <lauxlib.h>
#include <string.h>

#include "base/err.h"
#include "net/upload.h"
#include "script/modules.h"

#define REQUEST "weiyue.request"
#define FILE_META "weiyue.pages.file"

static void push(lua_State *L, wy_str s) { lua_pushlstring(L, s.p ? s.p : "", s.n); }

static void push_or_nil(lua_State *L, wy_str s) {
  if (s.p) push(L, s);
  else lua_pushnil(L);
}

static int fail(lua_State *L, const char *code) {
  lua_pushnil(L);
  lua_pushstring(L, code);
  return 2;
}

static wy_page_req *check(lua_State *L) {
  wy_page_req **box = luaL_checkudata(L, 1, REQUEST);
  if (!*box) luaL_error(L, "this request was answered");
  return *box;
}

void wy_page_req_push(lua_State *L, wy_page_req *r) {
  wy_page_req **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = r;
  luaL_setmetatable(L, REQUEST);
  lua_pushvalue(L, -1);
  r->ref = luaL_ref(L, LUA_REGISTRYINDEX);
  r->box = box;
}

void wy_page_req_leave(lua_State *L, wy_page_req *r) {
  if (r->box) *r->box = NULL;
  if (r->box && L) luaL_unref(L, LUA_REGISTRYINDEX, r->ref);
  r->box = NULL;
  if (r->begun) r->streams->n--;
  r->begun = false;
}

/* --- what it says --- */

/* raw:path() → the whole path, decoded */
static int l_path(lua_State *L) {
  push(L, wy_http_req_path(check(L)->req));
  return 1;
}

/* raw:target() → as sent, with its query */
static int l_target(lua_State *L) {
  push(L, wy_http_req_target(check(L)->req));
  return 1;
}

static int l_body(lua_State *L) {
  push(L, wy_http_req_body(check(L)->req));
  return 1;
}

/* raw:header(name) → its first value | nil */
static int l_header(lua_State *L) {
  wy_str name;
  const wy_page_req *r = check(L);
  name.p = luaL_checklstring(L, 2, &name.n);
  push_or_nil(L, wy_http_req_header(r->req, name));
  return 1;
}

static void push_lower(lua_State *L, wy_str s) {
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, s.n);
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    to[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
  }
  luaL_pushresultsize(&b, s.n);
}

/* raw:headers() → by name in lower case; what stands several times is joined */
static int l_headers(lua_State *L) {
  const wy_page_req *r = check(L);
  wy_str name, value;
  lua_newtable(L);
  int t = lua_gettop(L);
  for (size_t i = 0; wy_http_req_field(r->req, i, &name, &value); i++) {
    push_lower(L, name);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, t) == LUA_TSTRING) {
      lua_pushstring(L, wy_str_ieq(name, WY_STR("cookie")) ? "; " : ", ");
      push(L, value);
      lua_concat(L, 3);
    } else {
      lua_pop(L, 1);
      push(L, value);
    }
    lua_rawset(L, t);
  }
  return 1;
}

/* raw:client() → the address of its client */
static int l_client(lua_State *L) {
  const wy_page_req *r = check(L);
  char name[WY_PEER_NAME];
  wy_ip ip;
  wy_http_req_client(r->req, &ip);
  wy_ip_name(&ip, 0, name);
  lua_pushstring(L, name);
  return 1;
}

/* The host that it was sent to, with its port: what Host says is to be ignored where the target is
 * a whole URL (RFC 9112 3.2.2). p NULL: none. */
static wy_str authority(const wy_http_req *req) {
  wy_str target = wy_http_req_target(req);
  const char *at = target.n && *target.p != '/' ? memmem(target.p, target.n, "://", 3) : NULL;
  if (!at) return wy_http_req_header(req, WY_STR("host"));
  at += 3;
  size_t n = 0, most = target.n - (size_t)(at - target.p);
  while (n < most && at[n] != '/' && at[n] != '?') n++;
  return (wy_str){at, n};
}

/* The value of a header's last line: the newest of a field that proxies append to. */
static wy_str last_header(const wy_http_req *req, wy_str want) {
  wy_str name, value, last = {NULL, 0};
  for (size_t i = 0; wy_http_req_field(req, i, &name, &value); i++)
    if (wy_str_ieq(name, want)) last = value;
  return last;
}

/* raw:hosts() → its host | nil; and where a proxy of ours has sent it: X-Forwarded-Host | nil,
 * X-Forwarded-Proto | nil */
static int l_hosts(lua_State *L) {
  const wy_page_req *r = check(L);
  push_or_nil(L, authority(r->req));
  if (!wy_http_req_proxied(r->req)) return 1;
  push_or_nil(L, last_header(r->req, WY_STR("x-forwarded-host")));
  push_or_nil(L, last_header(r->req, WY_STR("x-forwarded-proto")));
  return 3;
}

/* --- forms with files --- */

static void set(lua_State *L, const char *key, wy_str s) {
  push(L, s);
  lua_setfield(L, -2, key);
}

/* raw:parts() → { { name, value } | { name, filename, type, path, size, part } … } | nil: it is no
 * multipart form */
static int l_parts(lua_State *L) {
  wy_upload *u = wy_http_req_sink(check(L)->req);
  wy_upload_part p;
  if (!u) return 0;
  lua_newtable(L);
  for (size_t i = 0; wy_upload_part_at(u, i, &p); i++) {
    lua_createtable(L, 0, 6);
    set(L, "name", p.name);
    if (p.is_file) {
      set(L, "filename", p.filename);
      set(L, "type", p.type);
      lua_pushstring(L, p.path);
      lua_setfield(L, -2, "path");
      lua_pushinteger(L, (lua_Integer)p.size);
      lua_setfield(L, -2, "size");
      lua_pushinteger(L, (lua_Integer)i);
      lua_setfield(L, -2, "part");
    } else {
      set(L, "value", p.value);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* raw:take(part, path) → true | nil, why */
static int l_take(lua_State *L) {
  wy_upload *u = wy_http_req_sink(check(L)->req);
  size_t i = (size_t)luaL_checkinteger(L, 2);
  int number = u ? wy_upload_take(u, i, luaL_checkstring(L, 3)) : 0;
  if (!u || number) return fail(L, strerror(number));
  lua_pushboolean(L, true);
  return 1;
}

/* --- streams --- */

static void on_room(void *data) {
  wy_page_req *r = data;
  if (!r->waiting) return;
  r->waiting = false;
  wy_wait_wake(&r->wait, 0);
}

/* Where its task waits for the client it hears of it; elsewhere it is woken with an error. */
static void interrupt(wy_page_req *r) {
  if (r->waiting) on_room(r);
  else if (r->task) wy_task_cancel(r->task);
}

static void on_gone(void *data) {
  wy_page_req *r = data;
  r->gone = true;
  interrupt(r);
}

void wy_page_req_end(wy_page_req *r) {
  if (!r->begun || r->over) return;
  if (!r->events) {
    wy_task_turn(r->task);
    return;
  }
  r->over = true;
  interrupt(r);
}

static const wy_http_stream calls = {on_room, on_gone};

/* raw:begin(status, fields, length?, is_events?) → true | nil, code */
static int l_begin(lua_State *L) {
  wy_page_req *r = check(L);
  lua_Integer length = luaL_optinteger(L, 4, -1);
  const wy_http_answer answer = {.status = (int)luaL_checkinteger(L, 2),
                                 .headers = luaL_checkstring(L, 3)};
  wy_task *task = wy_task_can_wait(L);
  if (r->begun) return luaL_error(L, "it has begun");
  if (wy_http_req_gone(r->req)) return fail(L, "stream.gone");
  if (r->streams->n >= r->streams->max || wy_http_stream_waits(r->req))
    return fail(L, "stream.many");
  if (wy_http_stream_begin(r->req, &answer, length < 0 ? WY_HTTP_UNKNOWN : (uint64_t)length, &calls,
                           r))
    return luaL_error(L, "not enough memory");
  r->begun = true;
  r->status = answer.status;
  r->streams->n++;
  r->events = lua_toboolean(L, 5);
  r->task = task;
  r->gone = wy_http_req_gone(r->req); /* while it began: nobody is told */
  if (r->gone) return fail(L, "stream.gone");
  wy_task_rest(task);
  lua_pushboolean(L, true);
  return 1;
}

static int told(lua_State *L, wy_page_req *r) {
  if (r->gone || wy_http_req_gone(r->req)) return fail(L, "stream.gone");
  if (r->over) return fail(L, "stream.ended");
  lua_pushboolean(L, true);
  return 1;
}

static int finish(lua_State *L, wy_wait *wait) {
  wy_page_req *r = wy_container_of(wait, wy_page_req, wait);
  if (wait->status) return luaL_error(L, "%s", wy_err_text(wait->status));
  return told(L, r);
}

static void cancel(wy_wait *wait) {
  wy_container_of(wait, wy_page_req, wait)->waiting = false;
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void drop(wy_wait *wait) { wy_container_of(wait, wy_page_req, wait)->waiting = false; }

/* raw:write(bytes) → true | nil, code. Waits while the client is slow. */
static int l_write(lua_State *L) {
  wy_page_req *r = check(L);
  wy_str bytes;
  bytes.p = luaL_checklstring(L, 2, &bytes.n);
  wy_task *task = wy_task_can_wait(L);
  if (!r->begun) return luaL_error(L, "it has not begun");
  if (task != r->task)
    return wy_raise(L,
                    "a stream is written by the function that it was given, not by another task");
  if (r->gone || r->over) return told(L, r);
  wy_task_breathe(task);
  wy_http_told how = wy_http_stream_write(r->req, bytes);
  if (how == WY_HTTP_GONE) { /* heard here, and by nobody else: what it still does has its end */
    r->gone = true;
    wy_task_turn(task);
  }
  if (how != WY_HTTP_WAIT) return told(L, r);
  r->wait = (wy_wait){task, 0, cancel, finish, drop};
  r->waiting = true;
  return wy_task_await(L, &r->wait);
}

/* raw:gone() → nobody reads what is written */
static int l_gone(lua_State *L) {
  wy_page_req **box = luaL_checkudata(L, 1, REQUEST);
  const wy_page_req *r = *box;
  lua_pushboolean(L, !r || r->gone || r->over || wy_http_req_gone(r->req));
  return 1;
}

/* raw:mute() → no body is wanted */
static int l_mute(lua_State *L) {
  lua_pushboolean(L, wy_http_stream_is_mute(check(L)->req));
  return 1;
}

/* --- files --- */

static int l_file_gc(lua_State *L) {
  wy_file_close(luaL_checkudata(L, 1, FILE_META));
  return 0;
}

static int opened(lua_State *L, wy_file *f, int err) {
  if (err == WY_E_NOMEM) return luaL_error(L, "not enough memory");
  if (err == WY_E_HTTP_BUSY) return luaL_error(L, "too many open files");
  if (err) return fail(L, wy_err_text(err));
  (void)f;
  return 1;
}

static wy_file *new_file(lua_State *L) {
  wy_file *f = lua_newuserdatauv(L, sizeof *f, 0);
  f->fd = -1;
  luaL_setmetatable(L, FILE_META);
  return f;
}

/* open(folder, name) → file | nil, why: as wy_file_open */
static int l_open(lua_State *L) {
  wy_str name;
  const char *folder = luaL_checkstring(L, 1);
  name.p = luaL_checklstring(L, 2, &name.n);
  wy_file *f = new_file(L);
  return opened(L, f, wy_file_open(f, folder, name));
}

/* open_path(path) → file | nil, why */
static int l_open_path(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  wy_file *f = new_file(L);
  return opened(L, f, wy_file_open_path(f, path));
}

/* file:facts() → bytes, its ETag, its Last-Modified */
static int l_facts(lua_State *L) {
  const wy_file *f = luaL_checkudata(L, 1, FILE_META);
  char date[32];
  wy_file_date(f->mtime, date);
  lua_pushinteger(L, (lua_Integer)f->size);
  lua_pushstring(L, f->tag);
  lua_pushstring(L, date);
  return 3;
}

/* file:choose(raw) → status, from, n: what this request wants of it */
static int l_choose(lua_State *L) {
  const wy_file *f = luaL_checkudata(L, 1, FILE_META);
  wy_page_req **box = luaL_checkudata(L, 2, REQUEST);
  uint64_t from = 0, n = 0;
  if (!*box) return luaL_error(L, "this request was answered");
  lua_pushinteger(L, wy_file_choose(f, (*box)->req, &from, &n));
  lua_pushinteger(L, (lua_Integer)from);
  lua_pushinteger(L, (lua_Integer)n);
  return 3;
}

/* file:read(n) → the first n bytes at most */
static int l_read(lua_State *L) {
  const wy_file *f = luaL_checkudata(L, 1, FILE_META);
  lua_Integer most = luaL_checkinteger(L, 2);
  luaL_argcheck(L, most >= 0 && f->fd >= 0, 2, "a number of bytes wanted");
  size_t want = (uint64_t)most < f->size ? (size_t)most : (size_t)f->size, got = 0;
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, want);
  for (ssize_t n = 1; got < want && n > 0; got += n > 0 ? (size_t)n : 0)
    n = pread(f->fd, to + got, want - got, (off_t)got);
  luaL_pushresultsize(&b, got);
  return 1;
}

bool wy_page_req_take_file(lua_State *L, int index, wy_file *out) {
  wy_file *f = luaL_testudata(L, index, FILE_META);
  if (!f || f->fd < 0) return false;
  *out = *f;
  f->fd = -1;
  return true;
}

static void make_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
  if (luaL_newmetatable(L, name)) {
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    if (gc) {
      lua_pushcfunction(L, gc);
      lua_setfield(L, -2, "__gc");
    }
  }
  lua_pop(L, 1);
}

int wy_open_pages(lua_State *L) {
  static const luaL_Reg requests[] = {
      {"target", l_target},   {"path", l_path},     {"body", l_body},   {"header", l_header},
      {"headers", l_headers}, {"client", l_client}, {"hosts", l_hosts}, {"parts", l_parts},
      {"take", l_take},       {"begin", l_begin},   {"write", l_write}, {"gone", l_gone},
      {"mute", l_mute},       {NULL, NULL}};
  static const luaL_Reg files[] = {
      {"facts", l_facts}, {"choose", l_choose}, {"read", l_read}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"open", l_open}, {"open_path", l_open_path}, {NULL, NULL}};
  make_class(L, REQUEST, requests, NULL);
  make_class(L, FILE_META, files, l_file_gc);
  luaL_newlib(L, functions);
  return 1;
}
