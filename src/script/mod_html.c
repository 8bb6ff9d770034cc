/* weiyue_core.html: escaping, and what templates write into. Its memory is Lua's, so that it counts
 * as theirs. */
#include <lauxlib.h>
#include <string.h>

#include "script/modules.h"

#define WRITER "weiyue.html.writer"

enum { PAGE_MAX = 1 << 26, PAGE_FIRST = 2048, INTEGER_MOST = 20 };

typedef struct writer {
  char *p; /* `first`, or a userdata that is its user value; NULL: it is finished */
  size_t n, cap;
  char first[PAGE_FIRST];
} writer;

static wy_str html_of(char c) {
  switch (c) {
    case '&': return WY_STR("&amp;");
    case '<': return WY_STR("&lt;");
    case '>': return WY_STR("&gt;");
    case '"': return WY_STR("&#34;");
    case '\'': return WY_STR("&#39;");
    default: return (wy_str){NULL, 0};
  }
}

/* writer() → what a page is written into: HTML, 64 MiB at most */
static int l_writer(lua_State *L) {
  writer *w = lua_newuserdatauv(L, sizeof *w, 1);
  w->p = w->first;
  w->n = 0;
  w->cap = sizeof w->first;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}

static writer *check_writer(lua_State *L) {
  bool is = lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));
  luaL_argexpected(L, is, 1, "writer");
  lua_pop(L, 1);
  writer *w = lua_touserdata(L, 1);
  if (!w->p) luaL_error(L, "this page is finished: what it has begun writes into it no more");
  return w;
}

/* The writer is at index 1. */
static void add(lua_State *L, writer *w, wy_str s) {
  if (s.n > w->cap - w->n) {
    if (s.n > PAGE_MAX - w->n) luaL_error(L, "a page over 64 MiB");
    size_t cap = w->cap * 2;
    if (cap < w->n + s.n) cap = w->n + s.n;
    char *p = lua_newuserdatauv(L, cap, 0);
    memcpy(p, w->p, w->n);
    lua_setiuservalue(L, 1, 1);
    w->p = p;
    w->cap = cap;
  }
  memcpy(w->p + w->n, s.p, s.n);
  w->n += s.n;
}

static void add_html(lua_State *L, writer *w, wy_str s) {
  size_t from = 0;
  for (size_t i = 0; i < s.n; i++) {
    wy_str to = html_of(s.p[i]);
    if (!to.p) continue;
    add(L, w, (wy_str){s.p + from, i - from});
    add(L, w, to);
    from = i + 1;
  }
  add(L, w, (wy_str){s.p + from, s.n - from});
}

static wy_str integer_text(lua_Integer v, char digits[INTEGER_MOST]) {
  char *p = digits + INTEGER_MOST;
  lua_Unsigned left = v < 0 ? 0 - (lua_Unsigned)v : (lua_Unsigned)v;
  do *--p = (char)('0' + left % 10);
  while (left /= 10);
  if (v < 0) *--p = '-';
  return (wy_str){p, (size_t)(digits + INTEGER_MOST - p)};
}

static void add_value(lua_State *L, writer *w, int index) {
  wy_str s;
  char digits[INTEGER_MOST];
  switch (lua_type(L, index)) {
    case LUA_TNIL: return;
    case LUA_TSTRING:
      s.p = lua_tolstring(L, index, &s.n);
      add_html(L, w, s);
      return;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        add(L, w, integer_text(lua_tointeger(L, index), digits));
        return;
      } /* fall through */
    default:
      s.p = luaL_tolstring(L, index, &s.n); /* which may have finished it */
      if (!w->p) check_writer(L);
      add_html(L, w, s);
      lua_pop(L, 1);
  }
}

/* write(writer, html, value, html, value …): texts as they are, and values as HTML text, also in a
 * quoted attribute: nil is nothing, what is no text is made one as by tostring. */
static int l_write(lua_State *L) {
  writer *w = check_writer(L);
  int top = lua_gettop(L);
  for (int i = 2; i <= top; i++) {
    if (i % 2) {
      add_value(L, w, i);
    } else {
      wy_str s;
      s.p = luaL_checklstring(L, i, &s.n);
      add(L, w, s);
    }
  }
  return 0;
}

/* written(writer) → what was written; nobody writes any more */
static int l_written(lua_State *L) {
  writer *w = check_writer(L);
  lua_pushlstring(L, w->p, w->n);
  lua_pushnil(L);
  lua_setiuservalue(L, 1, 1);
  w->p = NULL;
  return 1;
}

/* escape(value) → as it is written by write */
static int l_escape(lua_State *L) {
  size_t n, more = 0;
  luaL_checkany(L, 1);
  if (lua_isnil(L, 1)) {
    lua_pushliteral(L, "");
    return 1;
  }
  const char *s = luaL_tolstring(L, 1, &n);
  for (size_t i = 0; i < n; i++) {
    wy_str to = html_of(s[i]);
    if (to.p) more += to.n - 1;
  }
  if (!more) return 1;
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, n + more);
  for (size_t i = 0; i < n; i++) {
    wy_str to = html_of(s[i]);
    if (to.p) memcpy(out, to.p, to.n);
    else *out = s[i];
    out += to.p ? to.n : 1;
  }
  luaL_pushresultsize(&b, n + more);
  return 1;
}

int wy_open_html(lua_State *L) {
  static const luaL_Reg functions[] = {{"escape", l_escape}, {NULL, NULL}};
  static const luaL_Reg writing[] = {
      {"writer", l_writer}, {"write", l_write}, {"written", l_written}, {NULL, NULL}};
  luaL_newlib(L, functions);
  if (luaL_newmetatable(L, WRITER)) {
    lua_pushliteral(L, WRITER);
    lua_setfield(L, -2, "__metatable");
  }
  luaL_setfuncs(L, writing, 1);
  return 1;
}
