/* The functions of table whose loops are as long as their arguments, or a metamethod, say: the
 * clock is looked at on the way. They do what Lua 5.4's do, with the same texts of errors. */
#include <limits.h>

#include "script/guards.h"
#include "script/limits.h"

enum { READ = 1, WRITE = 2, LENGTH = 4 };
enum { STEPS = 4096, SORT_FREELY = 2000 };

/* One more round of a loop. */
static void step(lua_State *L, lua_Integer i) {
  if (i % STEPS == 0) wy_limits_tick(L);
}

static void worked(lua_State *L, lua_Integer n) {
  if (n > STEPS) wy_limits_rush(L);
}

static bool has(lua_State *L, int meta, const char *name) {
  lua_pushstring(L, name);
  return lua_rawget(L, meta) != LUA_TNIL;
}

/* A table, or what behaves like one for this use. */
static void check_table(lua_State *L, int arg, int use) {
  int top = lua_gettop(L);
  if (lua_istable(L, arg)) return;
  if (lua_getmetatable(L, arg)) {
    bool good = (!(use & READ) || has(L, top + 1, "__index")) &&
                (!(use & WRITE) || has(L, top + 1, "__newindex")) &&
                (!(use & LENGTH) || has(L, top + 1, "__len"));
    lua_settop(L, top);
    if (good) return;
  }
  luaL_checktype(L, arg, LUA_TTABLE);
}

static lua_Integer length(lua_State *L, int use) {
  check_table(L, 1, use | LENGTH);
  return luaL_len(L, 1);
}

static int l_insert(lua_State *L) {
  lua_Integer at, end = (lua_Integer)((lua_Unsigned)length(L, READ | WRITE) + 1);
  switch (lua_gettop(L)) {
    case 2: at = end; break;
    case 3:
      at = luaL_checkinteger(L, 2);
      luaL_argcheck(L, (lua_Unsigned)at - 1u < (lua_Unsigned)end, 2, "position out of bounds");
      for (lua_Integer i = end; i > at; i--) {
        step(L, i);
        lua_geti(L, 1, i - 1);
        lua_seti(L, 1, i);
      }
      worked(L, end - at);
      break;
    default: return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_seti(L, 1, at);
  return 0;
}

static int l_remove(lua_State *L) {
  lua_Integer size = length(L, READ | WRITE), at = luaL_optinteger(L, 2, size);
  if (at != size) /* one behind the last is none, and no error */
    luaL_argcheck(L, (lua_Unsigned)at - 1u <= (lua_Unsigned)size, 2, "position out of bounds");
  lua_geti(L, 1, at);
  lua_Integer from = at;
  for (; at < size; at++) {
    step(L, at);
    lua_geti(L, 1, at + 1);
    lua_seti(L, 1, at);
  }
  lua_pushnil(L);
  lua_seti(L, 1, at);
  worked(L, size - from);
  return 1;
}

static int l_move(lua_State *L) {
  lua_Integer f = luaL_checkinteger(L, 2), e = luaL_checkinteger(L, 3), t = luaL_checkinteger(L, 4);
  int to = !lua_isnoneornil(L, 5) ? 5 : 1;
  check_table(L, 1, READ);
  check_table(L, to, WRITE);
  if (e >= f) {
    luaL_argcheck(L, f > 0 || e < LUA_MAXINTEGER + f, 3, "too many elements to move");
    lua_Integer n = e - f + 1;
    luaL_argcheck(L, t <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
    bool upward = t > e || t <= f || (to != 1 && !lua_compare(L, 1, to, LUA_OPEQ));
    for (lua_Integer k = 0; k < n; k++) {
      lua_Integer i = upward ? k : n - 1 - k;
      step(L, k + 1);
      lua_geti(L, 1, f + i);
      lua_seti(L, to, t + i);
    }
    worked(L, n);
  }
  lua_pushvalue(L, to);
  return 1;
}

static void add_field(lua_State *L, luaL_Buffer *b, lua_Integer i) {
  lua_geti(L, 1, i);
  if (!lua_isstring(L, -1))
    luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
               (LUAI_UACINT)i);
  luaL_addvalue(b);
}

static int l_concat(lua_State *L) {
  lua_Integer last = length(L, READ);
  size_t n;
  const char *between = luaL_optlstring(L, 2, "", &n);
  lua_Integer i = luaL_optinteger(L, 3, 1);
  last = luaL_optinteger(L, 4, last);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (; i < last; i++) {
    step(L, i);
    add_field(L, &b, i);
    luaL_addlstring(&b, between, n);
  }
  if (i == last) add_field(L, &b, i);
  luaL_pushresult(&b);
  return 1;
}

static int l_unpack(lua_State *L) {
  lua_Integer i = luaL_optinteger(L, 2, 1);
  lua_Integer e = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
  if (i > e) return 0;
  lua_Unsigned n = (lua_Unsigned)e - (lua_Unsigned)i;
  if (n >= INT_MAX || !lua_checkstack(L, (int)++n))
    return luaL_error(L, "too many results to unpack");
  for (; i < e; i++) {
    step(L, i);
    lua_geti(L, 1, i);
  }
  lua_geti(L, 1, e);
  worked(L, (lua_Integer)n);
  return (int)n;
}

/* --- sort: Lua's own, with a comparison that looks at the clock where no Lua code is called --- */

typedef struct sorting {
  lua_Integer n;
  bool has_function;
} sorting;

/* Upvalues: the count, and the function or nil. */
static int l_less(lua_State *L) {
  sorting *s = lua_touserdata(L, lua_upvalueindex(1));
  if (s->n++ % STEPS == 0) wy_limits_tick(L);
  if (!s->has_function) {
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
  }
  lua_settop(L, 2);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

/* Upvalue: Lua's sort. */
static int l_sort(lua_State *L) {
  bool has_function = !lua_isnoneornil(L, 2);
  lua_Integer n = length(L, READ | WRITE);
  luaL_argcheck(L, n < INT_MAX, 1, "array too big");
  if (has_function && n > 1) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  bool calls_lua = lua_isfunction(L, 2) && !lua_iscfunction(L, 2);
  bool is_small = !has_function && lua_istable(L, 1) && lua_rawlen(L, 1) < SORT_FREELY;
  if (is_small && lua_getmetatable(L, 1)) {
    is_small = false;
    lua_pop(L, 1);
  }
  if (!calls_lua && !is_small) {
    sorting *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (sorting){0, has_function};
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, l_less, 2);
    lua_replace(L, 2);
    wy_limits_rush(L);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 0);
  return 0;
}

const luaL_Reg wy_table_functions[] = {{"insert", l_insert}, {"remove", l_remove}, {"move", l_move},
                                       {"concat", l_concat}, {"unpack", l_unpack}, {"sort", l_sort},
                                       {NULL, NULL}};
