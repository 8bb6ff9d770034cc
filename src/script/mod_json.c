/* weiyue.json: JSON to Lua values and back. Reading goes through codec/json (strict, or lenient for
 * replies of WeChat's API); writing is stable and never escapes what WeChat would show literally.
 *
 * C memory (the cJSON tree, the text in the making) stays with who calls what may raise, by a
 * protected call. No metamethod of a value is ever called. */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "script/modules.h"

#define ARRAY "weiyue.array" /* what getmetatable says of an array */
#define NULL_VALUE "weiyue.json.null"
#define NULL_TYPE "weiyue.json.null_type"
#define TEXT "weiyue.json.text"

enum { ENCODE_DEPTH = 128, TEXT_MAX = 1 << 26 };

/* ---- arrays and null ---- */

/* Pushes the metatable of this name, made with one field (on the top, popped) when it is not there.
 * It is registered when it is complete: memory may fail at any step. */
static void push_type(lua_State *L, const char *name, const char *field) {
  if (luaL_getmetatable(L, name) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, field);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
  }
  lua_remove(L, -2);
}

/* Shared by all plugins of a state: __metatable keeps it out of their reach. */
static void push_array_type(lua_State *L) {
  lua_pushliteral(L, ARRAY);
  push_type(L, ARRAY, "__metatable");
}

void wy_push_array(lua_State *L, int n) {
  luaL_checkstack(L, 6, "array");
  lua_createtable(L, n, 0);
  push_array_type(L);
  lua_setmetatable(L, -2);
}

bool wy_is_array(lua_State *L, int at) {
  if (!lua_istable(L, at) || !lua_getmetatable(L, at)) return false;
  push_array_type(L);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

bool wy_is_null(lua_State *L, int at) { return luaL_testudata(L, at, NULL_TYPE) != NULL; }

static int l_null_tostring(lua_State *L) {
  lua_pushliteral(L, "null");
  return 1;
}

static void push_null(lua_State *L) { lua_getfield(L, LUA_REGISTRYINDEX, NULL_VALUE); }

static void make_null(lua_State *L) {
  push_null(L);
  bool made = !lua_isnil(L, -1);
  lua_pop(L, 1);
  if (made) return;
  lua_newuserdatauv(L, 0, 0);
  luaL_newmetatable(L, NULL_TYPE);
  lua_pushcfunction(L, l_null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, NULL_VALUE);
}

static int l_array(lua_State *L) {
  lua_settop(L, 1);
  if (lua_isnil(L, 1)) {
    wy_push_array(L, 0);
    return 1;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  if (lua_getmetatable(L, 1)) {
    lua_pop(L, 1);
    luaL_argcheck(L, wy_is_array(L, 1), 1, "a table without a metatable expected");
  }
  push_array_type(L);
  lua_setmetatable(L, 1);
  return 1;
}

static int l_is_array(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, wy_is_array(L, 1));
  return 1;
}

/* ---- decode ---- */

/* An integer beyond 64 bits stays text: an id must not lose digits. */
static void push_number(lua_State *L, const char *text) {
  lua_stringtonumber(L, text);
  if (lua_isinteger(L, -1) || strpbrk(text, ".eE")) return;
  lua_pop(L, 1);
  lua_pushstring(L, text);
}

static int count(const cJSON *node) {
  int n = 0;
  for (const cJSON *child = node->child; child; child = child->next) n++;
  return n;
}

static void push_tree(lua_State *L, const cJSON *node) {
  luaL_checkstack(L, 6, "JSON nested too deep");
  switch (node->type & 0xFF) {
    case cJSON_True: lua_pushboolean(L, 1); break;
    case cJSON_False: lua_pushboolean(L, 0); break;
    case cJSON_Raw: push_number(L, node->valuestring); break;
    case cJSON_String: lua_pushstring(L, node->valuestring); break;
    case cJSON_Array: {
      lua_Integer i = 0;
      wy_push_array(L, count(node));
      for (const cJSON *child = node->child; child; child = child->next) {
        push_tree(L, child);
        lua_rawseti(L, -2, ++i);
      }
      break;
    }
    case cJSON_Object:
      lua_createtable(L, 0, count(node));
      for (const cJSON *child = node->child; child; child = child->next) {
        lua_pushstring(L, child->string);
        push_tree(L, child);
        lua_rawset(L, -3);
      }
      break;
    default: push_null(L); break;
  }
}

static int l_push_tree(lua_State *L) {
  push_tree(L, lua_touserdata(L, 1));
  return 1;
}

/* json.decode(text [, { lenient = true, depth = n }]) */
static int l_decode(lua_State *L) {
  wy_str text;
  wy_json_options options = {0, false};
  size_t at;
  text.p = luaL_checklstring(L, 1, &text.n);
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "lenient");
    options.lenient = lua_toboolean(L, -1);
    if (lua_getfield(L, 2, "depth") != LUA_TNIL) {
      int ok;
      lua_Integer depth = lua_tointegerx(L, -1, &ok);
      luaL_argcheck(L, ok && depth >= 1 && depth <= WY_JSON_DEPTH_MAX, 2,
                    "depth must be an integer from 1 to 512");
      options.depth = (unsigned)depth;
    }
  }
  cJSON *tree = NULL;
  int err = wy_json_parse(text, &options, &tree, &at);
  if (err) {
    luaL_pushfail(L);
    lua_pushfstring(L, "%s at byte %I", wy_err_text(err), (LUAI_UACINT)at + 1);
    return 2;
  }
  lua_pushcfunction(L, l_push_tree);
  lua_pushlightuserdata(L, tree);
  int status = lua_pcall(L, 1, 1, 0);
  cJSON_Delete(tree);
  return status == LUA_OK ? 1 : lua_error(L);
}

/* ---- encode ---- */

/* Where the value stands: a chain over the C stack, from the inside out. */
typedef struct place {
  const struct place *up;
  const char *key; /* NULL: an element of an array */
  lua_Integer i;
} place;

typedef struct encoder {
  lua_State *L;
  wy_buf *out;
  bool pretty, sort, floats;
  int depth;
} encoder;

static void add_place(luaL_Buffer *b, const place *at) {
  if (!at) return;
  add_place(b, at->up);
  if (at->key) {
    if (at->up) luaL_addchar(b, '.');
    luaL_addstring(b, at->key);
  } else {
    lua_pushfstring(b->L, "[%I]", (LUAI_UACINT)at->i);
    luaL_addvalue(b);
  }
}

/* Leaves "reason at a.b[3]" on the stack; false. */
static bool refuse(encoder *e, const place *at, const char *reason) {
  luaL_Buffer b;
  luaL_checkstack(e->L, 8, NULL);
  luaL_buffinit(e->L, &b);
  luaL_addstring(&b, reason);
  if (at) luaL_addstring(&b, " at ");
  add_place(&b, at);
  luaL_pushresult(&b);
  return false;
}

static void new_line(encoder *e) {
  if (!e->pretty) return;
  wy_buf_lit(e->out, "\n");
  for (int i = 0; i < e->depth; i++) wy_buf_lit(e->out, "  ");
}

static bool encode(encoder *e, const place *at);

static bool encode_string(encoder *e, const place *at, int index) {
  wy_str text;
  text.p = lua_tolstring(e->L, index, &text.n);
  if (!wy_utf8_valid(text)) return refuse(e, at, "string is not UTF-8");
  wy_json_add_string(e->out, text);
  return true;
}

static bool encode_number(encoder *e, const place *at) {
  if (lua_isinteger(e->L, -1)) {
    wy_buf_i64(e->out, lua_tointeger(e->L, -1));
    return true;
  }
  double v = lua_tonumber(e->L, -1);
  if (!isfinite(v)) return refuse(e, at, "number is not finite");
  size_t from = e->out->n;
  wy_json_add_double(e->out, v);
  wy_str text = {e->out->p + from, e->out->n - from};
  if (e->floats && text.n && !memchr(text.p, '.', text.n) && !memchr(text.p, 'e', text.n))
    wy_buf_lit(e->out, ".0");
  return true;
}

/* The array on the top of the stack. */
static bool encode_array(encoder *e, const place *at, lua_Integer n) {
  wy_buf_lit(e->out, "[");
  e->depth++;
  for (lua_Integer i = 1; i <= n; i++) {
    place here = {at, NULL, i};
    if (i > 1) wy_buf_lit(e->out, ",");
    new_line(e);
    lua_rawgeti(e->L, -1, i);
    if (!encode(e, &here)) return false;
    lua_pop(e->L, 1);
  }
  e->depth--;
  if (n) new_line(e);
  wy_buf_lit(e->out, "]");
  return true;
}

/* Key at -2, value at -1; pops the value. */
static bool encode_member(encoder *e, const place *at, bool first) {
  place here = {at, lua_tostring(e->L, -2), 0};
  if (!first) wy_buf_lit(e->out, ",");
  new_line(e);
  if (!encode_string(e, &here, -2)) return false;
  wy_buf_lit(e->out, ":");
  if (e->pretty) wy_buf_lit(e->out, " ");
  if (!encode(e, &here)) return false;
  lua_pop(e->L, 1);
  return true;
}

static int order(const void *a, const void *b) {
  return wy_str_cmp(*(const wy_str *)a, *(const wy_str *)b);
}

const wy_str *wy_push_keys(lua_State *L, wy_few_keys few, size_t n) {
  int table = lua_gettop(L);
  size_t k = 0;
  wy_str *keys = n <= WY_FEW_KEYS ? few : lua_newuserdatauv(L, n * sizeof *keys, 0);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    keys[k].p = lua_tolstring(L, -1, &keys[k].n);
    k++;
  }
  if (n > 1) qsort(keys, n, sizeof *keys, order);
  return keys;
}

static bool encode_sorted(encoder *e, const place *at, size_t n) {
  lua_State *L = e->L;
  int table = lua_gettop(L);
  wy_few_keys few;
  const wy_str *keys = wy_push_keys(L, few, n);
  for (size_t k = 0; k < n; k++) {
    lua_pushlstring(L, keys[k].p, keys[k].n);
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    if (!encode_member(e, at, k == 0)) return false;
    lua_pop(L, 1);
  }
  lua_settop(L, table);
  return true;
}

static bool encode_unsorted(encoder *e, const place *at) {
  bool first = true;
  lua_pushnil(e->L);
  while (lua_next(e->L, -2)) {
    if (!encode_member(e, at, first)) return false;
    first = false;
  }
  return true;
}

/* A marked array, a sequence, or an object with string keys. */
static bool encode_table(encoder *e, const place *at) {
  lua_State *L = e->L;
  size_t strings = 0, integers = 0;
  lua_Integer max = 0;
  if (e->depth == ENCODE_DEPTH) return refuse(e, NULL, "nested deeper than 128 (a cycle?)");
  luaL_checkstack(L, 8, "JSON nested too deep");
  bool marked = wy_is_array(L, -1);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
      strings++;
    } else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1) {
      integers++;
      if (lua_tointeger(L, -1) > max) max = lua_tointeger(L, -1);
    } else {
      return refuse(e, at, "key is neither a string nor a place in a sequence");
    }
  }
  if (integers && strings) return refuse(e, at, "table has both a sequence and string keys");
  if (marked && strings) return refuse(e, at, "array has string keys");
  if ((size_t)max != integers) return refuse(e, at, "sequence has holes (use json.null)");
  if (integers || marked) return encode_array(e, at, max);

  wy_buf_lit(e->out, "{");
  e->depth++;
  if (!(e->sort ? encode_sorted(e, at, strings) : encode_unsorted(e, at))) return false;
  e->depth--;
  if (strings) new_line(e);
  wy_buf_lit(e->out, "}");
  return true;
}

/* A read-only view (lua/weiyue/readonly.lua), such as wx.config, stands for the table behind it. */
static void look_behind(lua_State *L) {
  int type = luaL_getmetafield(L, -1, "__view_of");
  if (type == LUA_TTABLE) lua_replace(L, -2);
  else if (type != LUA_TNIL) lua_pop(L, 1);
}

/* The value on the top of the stack, which stays. False: a message has been pushed. */
static bool encode(encoder *e, const place *at) {
  lua_State *L = e->L;
  if (e->out->failed) return refuse(e, NULL, "JSON over 64 MiB, or out of memory");
  switch (lua_type(L, -1)) {
    case LUA_TNIL: wy_buf_lit(e->out, "null"); return true;
    case LUA_TBOOLEAN:
      wy_buf_str(e->out, lua_toboolean(L, -1) ? WY_STR("true") : WY_STR("false"));
      return true;
    case LUA_TNUMBER: return encode_number(e, at);
    case LUA_TSTRING: return encode_string(e, at, -1);
    case LUA_TTABLE: look_behind(L); return encode_table(e, at);
    default:
      if (!wy_is_null(L, -1)) break;
      wy_buf_lit(e->out, "null");
      return true;
  }
  lua_pushfstring(L, "%s has no JSON form", luaL_typename(L, -1));
  return refuse(e, at, lua_tostring(L, -1));
}

static int l_text_gc(lua_State *L) {
  wy_buf_deinit(lua_touserdata(L, 1));
  return 0;
}

wy_buf *wy_new_text(lua_State *L, size_t max) {
  wy_buf *text = lua_newuserdatauv(L, sizeof *text, 0);
  wy_buf_init(text, max);
  lua_pushcfunction(L, l_text_gc);
  push_type(L, TEXT, "__gc");
  lua_setmetatable(L, -2);
  return text;
}

/* encoder, value → text | nil, why */
static int l_encode_value(lua_State *L) {
  encoder *e = lua_touserdata(L, 1);
  bool ok = encode(e, NULL);
  if (ok && e->out->failed) ok = refuse(e, NULL, "JSON over 64 MiB, or out of memory");
  if (ok) {
    lua_pushlstring(L, e->out->p, e->out->n);
    return 1;
  }
  luaL_pushfail(L);
  lua_insert(L, -2);
  return 2;
}

/* json.encode(value [, { pretty = bool, sort = bool, floats = bool }]) */
static int l_encode(lua_State *L) {
  wy_buf out;
  encoder e = {.L = L, .out = &out, .sort = true};
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "pretty");
    e.pretty = lua_toboolean(L, -1);
    if (lua_getfield(L, 2, "sort") != LUA_TNIL) e.sort = lua_toboolean(L, -1);
    lua_getfield(L, 2, "floats");
    e.floats = lua_toboolean(L, -1);
  }
  lua_settop(L, 1);
  lua_pushcfunction(L, l_encode_value);
  lua_pushlightuserdata(L, &e);
  lua_pushvalue(L, 1);
  wy_buf_init(&out, TEXT_MAX);
  int status = lua_pcall(L, 2, LUA_MULTRET, 0);
  wy_buf_deinit(&out);
  return status == LUA_OK ? lua_gettop(L) - 1 : lua_error(L);
}

int wy_open_json(lua_State *L) {
  static const luaL_Reg functions[] = {{"decode", l_decode},
                                       {"encode", l_encode},
                                       {"array", l_array},
                                       {"is_array", l_is_array},
                                       {NULL, NULL}};
  make_null(L);
  luaL_newlib(L, functions);
  push_null(L);
  lua_setfield(L, -2, "null");
  return 1;
}
