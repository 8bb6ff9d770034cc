/* weiyue.shared: object(key?) → a dictionary of the process as an object; nil where there is none.
 * Types of its methods: lua/meta/shared.lua.
 *
 * The dictionary is whoever put it into the registry's (wy_give_dict), and outlives the state. All
 * methods check their arguments first, so that what they raise names the plugin's line. */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdarg.h>

#include "base/err.h"
#include "script/modules.h"
#include "script/task.h"
#include "store/dict.h"

#define OBJECT "weiyue.shared"
#define ERROR "weiyue.shared.error"

enum {
  KEY_MAX = 1024,
  LONGEST = 366 * 86400, /* seconds */
  KEPT = 64 * 1024,      /* a buffer larger than this is given back after use */
  TYPE_STRING = WY_DICT_OTHER,
  TYPE_BOOLEAN
};

typedef struct object {
  wy_dict *dict;
  wy_buf value; /* what get reads into, kept from call to call */
} object;

static uint64_t now(lua_State *L) { return wy_clock_now_ms(wy_script_clock(wy_script_of(L))); }

/* ---- arguments ---- */

static int misuse(lua_State *L, const char *method, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = lua_pushvfstring(L, format, args);
  va_end(args);
  return wy_raise(L, lua_pushfstring(L, "wx.shared:%s: %s", method, text));
}

static object *self(lua_State *L, const char *method) {
  object *o = luaL_testudata(L, 1, OBJECT);
  bool writes = strcmp(method, "set") == 0 || strcmp(method, "add") == 0;
  if (!o)
    misuse(L, method, "call it with a colon: wx.shared:%s(%s)", method,
           writes ? "key, value" : "key");
  return o;
}

static wy_str key_arg(lua_State *L, const char *method) {
  wy_str key = {NULL, 0};
  if (lua_type(L, 2) == LUA_TSTRING) key.p = lua_tolstring(L, 2, &key.n);
  else misuse(L, method, "a key is a string, not %s", luaL_typename(L, 2));
  if (key.n == 0 || key.n > KEY_MAX)
    misuse(L, method, "a key has 1 to %d bytes, not %I", (int)KEY_MAX, (lua_Integer)key.n);
  return key;
}

/* Milliseconds; 0: none given. The upvalue is the duration function of weiyue.time. */
static uint64_t ttl_arg(lua_State *L, const char *method, int arg) {
  int type = lua_type(L, arg);
  if (type == LUA_TNONE || type == LUA_TNIL) return 0;
  if (type != LUA_TNUMBER && type != LUA_TSTRING)
    misuse(L, method, "a ttl is a number of seconds or a text such as \"5m\", not %s",
           luaL_typename(L, arg));
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, arg);
  lua_call(L, 1, 2);
  if (lua_isnil(L, -2)) misuse(L, method, "%s", lua_tostring(L, -1));
  lua_Number seconds = lua_tonumber(L, -2);
  lua_pop(L, 2);
  if (!(seconds > 0 && seconds <= LONGEST))
    misuse(L, method, "a ttl is more than 0 and at most a year; without one a value stays");
  return (uint64_t)ceil(seconds * 1000);
}

/* What stands in the dictionary for a Lua value; bytes points into it, or to the Lua string. */
typedef struct item {
  wy_str bytes;
  uint8_t type;
  union {
    lua_Integer integer;
    lua_Number number;
    char boolean;
  };
} item;

static void value_arg(lua_State *L, const char *method, int arg, item *it) {
  switch (lua_type(L, arg)) {
    case LUA_TSTRING:
      it->type = TYPE_STRING;
      it->bytes.p = lua_tolstring(L, arg, &it->bytes.n);
      break;
    case LUA_TBOOLEAN:
      it->type = TYPE_BOOLEAN;
      it->boolean = (char)lua_toboolean(L, arg);
      it->bytes = (wy_str){&it->boolean, sizeof it->boolean};
      break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, arg)) {
        it->type = WY_DICT_INTEGER;
        it->integer = lua_tointeger(L, arg);
        it->bytes = (wy_str){(const char *)&it->integer, sizeof it->integer};
      } else {
        it->type = WY_DICT_FLOAT;
        it->number = lua_tonumber(L, arg);
        it->bytes = (wy_str){(const char *)&it->number, sizeof it->number};
      }
      break;
    default:
      misuse(L, method, "a value is a string, a number or a boolean, not %s",
             luaL_typename(L, arg));
  }
}

/* ---- results ---- */

static int l_error_tostring(lua_State *L) {
  lua_getfield(L, 1, "message");
  return 1;
}

/* What a plugin can do about it. */
static const char *hint_of(int err, bool chinese) {
  switch (err) {
    case WY_E_DICT_LARGE: return chinese ? "把值拆小" : "keep less under one key";
    case WY_E_DICT_NUMBER:
      return chinese ? "incr 只用于数字" : "incr is for keys that hold numbers";
    default: return chinese ? "稍后再试" : "try again later";
  }
}

/* nil, { code, message, hint, hint_en } */
static int fail(lua_State *L, const object *o, int err) {
  luaL_pushfail(L);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, wy_err_reason(err));
  lua_setfield(L, -2, "code");
  if (err == WY_E_DICT_LARGE)
    lua_pushfstring(L, "%s: at most %I bytes", wy_err_text(err),
                    (lua_Integer)wy_dict_limit(o->dict));
  else lua_pushstring(L, wy_err_text(err));
  lua_setfield(L, -2, "message");
  lua_pushstring(L, hint_of(err, true));
  lua_setfield(L, -2, "hint");
  lua_pushstring(L, hint_of(err, false));
  lua_setfield(L, -2, "hint_en");
  luaL_setmetatable(L, ERROR);
  return 2;
}

static void push_value(lua_State *L, wy_str bytes, uint8_t type) {
  lua_Integer integer;
  lua_Number number;
  switch (type) {
    case WY_DICT_INTEGER:
      memcpy(&integer, bytes.p, sizeof integer);
      lua_pushinteger(L, integer);
      break;
    case WY_DICT_FLOAT:
      memcpy(&number, bytes.p, sizeof number);
      lua_pushnumber(L, number);
      break;
    case TYPE_BOOLEAN: lua_pushboolean(L, bytes.p[0]); break;
    default: lua_pushlstring(L, bytes.p, bytes.n);
  }
}

/* ---- methods ---- */

/* get(key) → value | nil */
static int l_get(lua_State *L) {
  object *o = self(L, "get");
  wy_str key = key_arg(L, "get");
  uint8_t type = 0;
  wy_buf_clear(&o->value);
  int err = wy_dict_get(o->dict, key, now(L), &o->value, &type);
  if (err == WY_E_NOMEM) {
    wy_buf_deinit(&o->value);
    return luaL_error(L, "out of memory");
  }
  if (err) lua_pushnil(L);
  else push_value(L, wy_buf_view(&o->value), type);
  if (o->value.cap > KEPT) wy_buf_deinit(&o->value);
  return 1;
}

/* set(key, value, ttl?) → true | nil, err */
static int l_set(lua_State *L) {
  item it;
  object *o = self(L, "set");
  wy_str key = key_arg(L, "set");
  uint64_t ttl = ttl_arg(L, "set", 4);
  int err = 0;
  if (lua_isnoneornil(L, 3)) {
    wy_dict_delete(o->dict, key, now(L));
  } else {
    value_arg(L, "set", 3, &it);
    err = wy_dict_set(o->dict, key, it.bytes, it.type, ttl, now(L));
  }
  if (err) return fail(L, o, err);
  lua_pushboolean(L, true);
  return 1;
}

/* add(key, value, ttl?) → true | false | nil, err */
static int l_add(lua_State *L) {
  item it;
  object *o = self(L, "add");
  wy_str key = key_arg(L, "add");
  value_arg(L, "add", 3, &it);
  uint64_t ttl = ttl_arg(L, "add", 4);
  int err = wy_dict_add(o->dict, key, it.bytes, it.type, ttl, now(L));
  if (err && err != WY_E_DICT_EXISTS) return fail(L, o, err);
  lua_pushboolean(L, !err);
  return 1;
}

/* incr(key, n = 1, ttl?) → sum | nil, err */
static int l_incr(lua_State *L) {
  object *o = self(L, "incr");
  wy_str key = key_arg(L, "incr");
  wy_dict_number n = {.i = 1};
  if (lua_isinteger(L, 3)) n.i = lua_tointeger(L, 3);
  else if (lua_type(L, 3) == LUA_TNUMBER) n = (wy_dict_number){true, {.f = lua_tonumber(L, 3)}};
  else if (!lua_isnoneornil(L, 3))
    misuse(L, "incr", "what is added is a number, not %s", luaL_typename(L, 3));
  uint64_t ttl = ttl_arg(L, "incr", 4);
  int err = wy_dict_incr(o->dict, key, &n, ttl, now(L));
  if (err) return fail(L, o, err);
  if (n.is_float) lua_pushnumber(L, n.f);
  else lua_pushinteger(L, n.i);
  return 1;
}

/* delete(key) → was there one? */
static int l_delete(lua_State *L) {
  object *o = self(L, "delete");
  lua_pushboolean(L, wy_dict_delete(o->dict, key_arg(L, "delete"), now(L)));
  return 1;
}

/* ttl(key) → seconds | math.huge | nil */
static int l_ttl(lua_State *L) {
  object *o = self(L, "ttl");
  uint64_t left = 0;
  if (wy_dict_ttl(o->dict, key_arg(L, "ttl"), now(L), &left)) lua_pushnil(L);
  else lua_pushnumber(L, left ? (lua_Number)left / 1000 : (lua_Number)HUGE_VAL);
  return 1;
}

static int l_gc(lua_State *L) {
  object *o = luaL_checkudata(L, 1, OBJECT);
  wy_buf_deinit(&o->value);
  return 0;
}

/* ---- the module ---- */

/* object(key?): the registry's key, WY_KEY_SHARED by default */
static int l_object(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, luaL_optstring(L, 1, WY_KEY_SHARED));
  wy_dict *dict = lua_islightuserdata(L, -1) ? lua_touserdata(L, -1) : NULL;
  if (!dict) {
    lua_pushnil(L);
    return 1;
  }
  object *o = lua_newuserdatauv(L, sizeof *o, 0);
  o->dict = dict;
  wy_buf_init(&o->value, wy_dict_limit(dict));
  luaL_setmetatable(L, OBJECT);
  return 1;
}

static int l_give(lua_State *L) {
  lua_setfield(L, LUA_REGISTRYINDEX, lua_touserdata(L, 1)); /* the key; the dict is on top */
  return 0;
}

int wy_give_dict(lua_State *L, const char *key, wy_dict *dict) {
  lua_pushcfunction(L, l_give);
  lua_pushlightuserdata(L, (void *)(uintptr_t)key);
  lua_pushlightuserdata(L, dict);
  if (lua_pcall(L, 2, 0, 0) == LUA_OK) return 0;
  lua_pop(L, 1);
  return WY_E_NOMEM;
}

int wy_open_shared(lua_State *L) {
  static const luaL_Reg methods[] = {{"get", l_get},   {"set", l_set}, {"add", l_add},
                                     {"incr", l_incr}, {"ttl", l_ttl}, {"delete", l_delete},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"object", l_object}, {NULL, NULL}};
  if (luaL_newmetatable(L, OBJECT)) {
    luaL_newlibtable(L, methods);
    lua_pushcfunction(L, wy_open_time);
    lua_call(L, 0, 1);
    lua_getfield(L, -1, "duration");
    lua_remove(L, -2);
    luaL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
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
