/* weiyue.kv: object() → the host's store; nil where there is none. For lua/weiyue: plugins have
 * wx.store and others built on it, and cannot require this.
 *
 * All methods but release wait. Keys, values and names are byte strings, durations whole
 * milliseconds, nil or 0 for ever. An expected failure is nil, { code = "store.…", message = … }.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/err.h"
#include "script/modules.h"
#include "script/task.h"
#include "store/kv.h"

#define OBJECT "weiyue.kv"
#define ERROR "weiyue.kv.error"

/* One operation of one task. */
typedef struct call {
  wy_wait wait;
  wy_kv_op *op; /* NULL: it is done */
  wy_kv_verb verb;
  wy_kv_answer answer;
} call;

/* ---- results ---- */

static int l_error_tostring(lua_State *L) {
  lua_getfield(L, 1, "message");
  return 1;
}

/* What a plugin can do about it. */
static const char *hint_of(int err, bool chinese) {
  switch (err) {
    case WY_E_STORE_FULL: return chinese ? "磁盘或存储满了：请运维清理" : "the operator makes room";
    case WY_E_STORE_LARGE: return chinese ? "把值拆小" : "keep less under one key";
    case WY_E_STORE_NUMBER:
      return chinese ? "incr 只用于整数" : "incr is for keys that hold integers";
    case WY_E_STORE_TIMEOUT:
    case WY_E_STORE_BUSY: return chinese ? "稍后再试" : "try again later";
    default:
      return chinese ? "稍后再试；一直这样就请运维检查存储"
                     : "try again later; if it stays, the operator looks at the store";
  }
}

static int fail(lua_State *L, int err, const char *why) {
  luaL_pushfail(L);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, wy_err_event(err));
  lua_setfield(L, -2, "code");
  lua_pushfstring(L, "%s%s%s", wy_err_text(err), *why ? ": " : "", why);
  lua_setfield(L, -2, "message");
  lua_pushstring(L, hint_of(err, true));
  lua_setfield(L, -2, "hint");
  lua_pushstring(L, hint_of(err, false));
  lua_setfield(L, -2, "hint_en");
  luaL_setmetatable(L, ERROR);
  return 2;
}

static void push_bytes(lua_State *L, wy_str s) { lua_pushlstring(L, s.p, s.n); }

static int push_value(lua_State *L, const wy_kv_answer *a) {
  if (a->has_value) push_bytes(L, wy_buf_view(&a->value));
  else lua_pushnil(L);
  return 1;
}

/* A list of { key, value }, and the key to go on after, or nil. */
static int push_pairs(lua_State *L, const wy_kv_answer *a) {
  wy_str rest = wy_buf_view(&a->value), key = {NULL, 0}, value;
  lua_Integer i = 0;
  lua_createtable(L, (int)a->number, 0);
  while (wy_kv_pair(&rest, &key, &value)) {
    lua_createtable(L, 2, 0);
    push_bytes(L, key);
    lua_rawseti(L, -2, 1);
    push_bytes(L, value);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
  if (a->more && key.p) push_bytes(L, key);
  else lua_pushnil(L);
  return 2;
}

static int push_answer(lua_State *L, const call *c) {
  const wy_kv_answer *a = &c->answer;
  if (a->err) return fail(L, a->err, a->why);
  switch (c->verb) {
    case WY_KV_GET: return push_value(L, a);
    case WY_KV_SCAN: return push_pairs(L, a);
    case WY_KV_INCR:
    case WY_KV_DEL_PREFIX: lua_pushinteger(L, a->number); return 1;
    case WY_KV_LOCK:
      if (a->yes) lua_pushinteger(L, a->number);
      else lua_pushboolean(L, 0);
      return 1;
    case WY_KV_CAS: lua_pushboolean(L, a->yes); return a->yes ? 1 : 1 + push_value(L, a);
    default: lua_pushboolean(L, a->yes); return 1;
  }
}

/* ---- waiting ---- */

static void call_free(call *c) {
  wy_buf_deinit(&c->answer.value);
  free(c);
}

static void on_done(void *data, wy_kv_answer *answer) {
  call *c = data;
  c->op = NULL;
  c->answer = *answer;
  memset(answer, 0, sizeof *answer);
  wy_wait_wake(&c->wait, 0);
}

static void call_cancel(wy_wait *wait) {
  call *c = wy_container_of(wait, call, wait);
  if (c->op) wy_kv_cancel(c->op);
  c->op = NULL;
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void call_drop(wy_wait *wait) {
  call *c = wy_container_of(wait, call, wait);
  if (c->op) wy_kv_cancel(c->op);
  call_free(c);
}

static int l_push(lua_State *L) {
  const call *c = lua_touserdata(L, 1);
  luaL_checkstack(L, 8, "answer");
  return push_answer(L, c);
}

/* Pushing takes memory and may raise: what the call has is freed in any case. */
static int call_finish(lua_State *L, wy_wait *wait) {
  call *c = wy_container_of(wait, call, wait);
  int status = wait->status, top = lua_gettop(L);
  if (status) {
    call_free(c);
    return luaL_error(L, "%s", wy_err_text(status));
  }
  lua_pushcfunction(L, l_push);
  lua_pushlightuserdata(L, c);
  status = lua_pcall(L, 1, LUA_MULTRET, 0);
  call_free(c);
  return status == LUA_OK ? lua_gettop(L) - top : lua_error(L);
}

static wy_kv_client *self(lua_State *L) {
  wy_kv_door *door = *(wy_kv_door **)lua_touserdata(L, 1); /* which bytes_arg has looked at */
  return door->client(door->data);
}

static int run(lua_State *L, const wy_kv_question *q) {
  wy_task *t = wy_task_can_wait(L);
  wy_kv_client *client = self(L);
  if (!client) return fail(L, WY_E_STORE_CLOSED, "");
  call *c = calloc(1, sizeof *c);
  if (!c) return luaL_error(L, "out of memory");
  c->wait = (wy_wait){t, 0, call_cancel, call_finish, call_drop};
  c->verb = q->verb;
  int err = wy_kv_ask(client, q, on_done, c, &c->op);
  if (!err) return wy_task_await(L, &c->wait);
  free(c);
  return err == WY_E_NOMEM ? luaL_error(L, "out of memory") : fail(L, err, "");
}

/* ---- arguments ---- */

static int misuse(lua_State *L, wy_kv_verb verb, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = lua_pushvfstring(L, format, args);
  va_end(args);
  return wy_raise(L, lua_pushfstring(L, "kv:%s: %s", wy_kv_verb_name(verb), text));
}

static wy_str bytes_arg(lua_State *L, wy_kv_verb verb, int arg, const char *what) {
  wy_str s = {NULL, 0};
  if (!luaL_testudata(L, 1, OBJECT)) misuse(L, verb, "call it with a colon");
  if (lua_type(L, arg) == LUA_TSTRING) s.p = lua_tolstring(L, arg, &s.n);
  else misuse(L, verb, "%s is a string, not %s", what, luaL_typename(L, arg));
  return s;
}

static wy_str key_arg(lua_State *L, wy_kv_verb verb, int arg, const char *what) {
  wy_str s = bytes_arg(L, verb, arg, what);
  if (s.n == 0) misuse(L, verb, "%s is empty", what);
  return s;
}

static wy_str optional_arg(lua_State *L, wy_kv_verb verb, int arg, const char *what) {
  return lua_isnoneornil(L, arg) ? (wy_str){NULL, 0} : bytes_arg(L, verb, arg, what);
}

static lua_Integer integer_arg(lua_State *L, wy_kv_verb verb, int arg, const char *what) {
  int exact;
  lua_Integer n = lua_tointegerx(L, arg, &exact);
  if (!exact || lua_type(L, arg) != LUA_TNUMBER)
    misuse(L, verb, "%s is a whole number, not %s", what,
           lua_type(L, arg) == LUA_TNUMBER ? "a fraction" : luaL_typename(L, arg));
  return n;
}

static uint64_t ms_arg(lua_State *L, wy_kv_verb verb, int arg, const char *what) {
  if (lua_isnoneornil(L, arg)) return 0;
  lua_Integer n = integer_arg(L, verb, arg, what);
  if (n < 0) misuse(L, verb, "%s is at least 0", what);
  return (uint64_t)n;
}

/* ---- methods ---- */

static int l_get(lua_State *L) { /* (key) → value | nil */
  const wy_kv_verb verb = WY_KV_GET;
  return run(L, &(wy_kv_question){.verb = verb, .key = key_arg(L, verb, 2, "the key")});
}

static int put(lua_State *L, wy_kv_verb verb) {
  return run(L, &(wy_kv_question){.verb = verb,
                                  .key = key_arg(L, verb, 2, "the key"),
                                  .value = bytes_arg(L, verb, 3, "the value"),
                                  .ttl = ms_arg(L, verb, 4, "the ttl")});
}

static int l_set(lua_State *L) { return put(L, WY_KV_SET); } /* (key, value, ttl) → true */
static int l_add(lua_State *L) { return put(L, WY_KV_ADD); } /* likewise → true | false */

static int l_cas(lua_State *L) { /* (key, old|nil, new|nil, ttl) → true | false, current|nil */
  const wy_kv_verb verb = WY_KV_CAS;
  return run(L, &(wy_kv_question){.verb = verb,
                                  .key = key_arg(L, verb, 2, "the key"),
                                  .old = optional_arg(L, verb, 3, "the old value"),
                                  .value = optional_arg(L, verb, 4, "the new value"),
                                  .ttl = ms_arg(L, verb, 5, "the ttl")});
}

static int l_incr(lua_State *L) { /* (key, by = 1, ttl_if_new) → sum */
  const wy_kv_verb verb = WY_KV_INCR;
  return run(L, &(wy_kv_question){
                    .verb = verb,
                    .key = key_arg(L, verb, 2, "the key"),
                    .number = lua_isnoneornil(L, 3) ? 1 : integer_arg(L, verb, 3, "what is added"),
                    .ttl = ms_arg(L, verb, 4, "the ttl")});
}

static int l_del(lua_State *L) { /* (key) → true | false */
  const wy_kv_verb verb = WY_KV_DEL;
  return run(L, &(wy_kv_question){.verb = verb, .key = key_arg(L, verb, 2, "the key")});
}

static int l_del_prefix(lua_State *L) { /* (prefix) → number; an empty one would be everything */
  const wy_kv_verb verb = WY_KV_DEL_PREFIX;
  return run(L, &(wy_kv_question){.verb = verb, .key = key_arg(L, verb, 2, "the prefix")});
}

static int l_scan(lua_State *L) { /* (prefix, after|nil, limit) → list, next|nil */
  const wy_kv_verb verb = WY_KV_SCAN;
  lua_Integer limit = lua_isnoneornil(L, 4) ? 100 : integer_arg(L, verb, 4, "the limit");
  if (limit < 1 || limit > WY_KV_PAGE_MAX)
    misuse(L, verb, "the limit is 1 to %d", (int)WY_KV_PAGE_MAX);
  return run(L, &(wy_kv_question){.verb = verb,
                                  .key = bytes_arg(L, verb, 2, "the prefix"),
                                  .after = optional_arg(L, verb, 3, "after"),
                                  .number = limit});
}

static int l_lock(lua_State *L) { /* (name, ttl, wait) → fence | false */
  const wy_kv_verb verb = WY_KV_LOCK;
  return run(L, &(wy_kv_question){.verb = verb,
                                  .key = key_arg(L, verb, 2, "the name"),
                                  .ttl = ms_arg(L, verb, 3, "the ttl"),
                                  .wait = ms_arg(L, verb, 4, "the wait")});
}

static int hold(lua_State *L, wy_kv_verb verb) {
  return run(L, &(wy_kv_question){.verb = verb,
                                  .key = key_arg(L, verb, 2, "the name"),
                                  .number = integer_arg(L, verb, 3, "the fence"),
                                  .ttl = ms_arg(L, verb, 4, "the ttl")});
}

static void on_nobody(void *data, wy_kv_answer *answer) { (void)data, (void)answer; }

/* (name, fence): unlocks and does not wait for it: for tasks that cannot. */
static int l_release(lua_State *L) {
  const wy_kv_verb verb = WY_KV_UNLOCK;
  const wy_kv_question q = {.verb = verb,
                            .key = key_arg(L, verb, 2, "the name"),
                            .number = integer_arg(L, verb, 3, "the fence")};
  wy_kv_client *client = self(L);
  wy_kv_op *op;
  if (client) wy_kv_ask(client, &q, on_nobody, NULL, &op); /* where not, the lock's time ends it */
  return 0;
}

static int l_unlock(lua_State *L) { return hold(L, WY_KV_UNLOCK); } /* (name, fence) → boolean */
static int l_extend(lua_State *L) { return hold(L, WY_KV_EXTEND); } /* (name, fence, ttl) */

static int l_set_fenced(lua_State *L) { /* (key, value|nil, ttl, lock, fence) → boolean */
  const wy_kv_verb verb = WY_KV_SET_FENCED;
  return run(L, &(wy_kv_question){.verb = verb,
                                  .key = key_arg(L, verb, 2, "the key"),
                                  .value = optional_arg(L, verb, 3, "the value"),
                                  .ttl = ms_arg(L, verb, 4, "the ttl"),
                                  .lock = key_arg(L, verb, 5, "the lock's name"),
                                  .number = integer_arg(L, verb, 6, "the fence")});
}

/* ---- the module ---- */

static int l_object(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_KV);
  wy_kv_door *door = lua_islightuserdata(L, -1) ? lua_touserdata(L, -1) : NULL;
  if (!door) {
    lua_pushnil(L);
    return 1;
  }
  wy_kv_door **object = lua_newuserdatauv(L, sizeof *object, 0);
  *object = door;
  luaL_setmetatable(L, OBJECT);
  return 1;
}

static int l_give(lua_State *L) { /* the door is on top */
  lua_setfield(L, LUA_REGISTRYINDEX, WY_KEY_KV);
  return 0;
}

int wy_give_kv(lua_State *L, wy_kv_door *door) {
  lua_pushcfunction(L, l_give);
  lua_pushlightuserdata(L, door);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return 0;
  lua_pop(L, 1);
  return WY_E_NOMEM;
}

int wy_open_kv(lua_State *L) {
  static const luaL_Reg methods[] = {{"get", l_get},
                                     {"set", l_set},
                                     {"add", l_add},
                                     {"cas", l_cas},
                                     {"incr", l_incr},
                                     {"del", l_del},
                                     {"del_prefix", l_del_prefix},
                                     {"scan", l_scan},
                                     {"lock", l_lock},
                                     {"unlock", l_unlock},
                                     {"release", l_release},
                                     {"extend", l_extend},
                                     {"set_fenced", l_set_fenced},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"object", l_object}, {NULL, NULL}};
  if (luaL_newmetatable(L, OBJECT)) {
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, OBJECT);
    lua_setfield(L, -2, "__metatable");
  }
  if (luaL_newmetatable(L, ERROR)) {
    lua_pushcfunction(L, l_error_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, ERROR);
    lua_setfield(L, -2, "__metatable");
  }
  luaL_newlib(L, functions);
  return 1;
}
