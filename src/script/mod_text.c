/* weiyue_core.text: what matching a user's words needs: fold, width, cut; and texts of pages. */
#include <lauxlib.h>

#include "base/utf8.h"
#include "script/modules.h"

/* Full-width forms to ASCII (U+FF01..FF5E, and the ideographic space), optionally lower case. What
 * is already so is returned as it is, without a copy. */
static int convert(lua_State *L, bool lower) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  wy_str t = wy_str_trim((wy_str){s, n});
  bool same = true;
  for (size_t i = 0; same && i < t.n; i++) {
    unsigned char c = (unsigned char)t.p[i];
    same = c != 0xEF && c != 0xE3 && !(lower && c >= 'A' && c <= 'Z');
  }
  if (same) {
    if (t.n == n) lua_settop(L, 1);
    else lua_pushlstring(L, t.p, t.n);
    return 1;
  }
  luaL_Buffer b;
  char *to = luaL_buffinitsize(L, &b, t.n);
  size_t o = 0;
  for (size_t i = 0; i < t.n;) {
    const unsigned char *p = (const unsigned char *)t.p + i;
    unsigned char c = p[0];
    size_t k = 1;
    if (c == 0xEF && i + 2 < t.n && p[1] == 0xBC && p[2] >= 0x81 && p[2] <= 0xBF) {
      c = (unsigned char)(p[2] - 0x81 + '!');
      k = 3;
    } else if (c == 0xEF && i + 2 < t.n && p[1] == 0xBD && p[2] >= 0x80 && p[2] <= 0x9E) {
      c = (unsigned char)(p[2] - 0x80 + '`');
      k = 3;
    } else if (c == 0xE3 && i + 2 < t.n && p[1] == 0x80 && p[2] == 0x80) {
      c = ' ';
      k = 3;
    }
    if (lower && c >= 'A' && c <= 'Z') c = (unsigned char)(c | 32);
    to[o++] = (char)c;
    i += k;
  }
  t = wy_str_trim((wy_str){to, o});
  memmove(to, t.p, t.n);
  luaL_pushresultsize(&b, t.n);
  return 1;
}

static int l_fold(lua_State *L) { return convert(L, true); }
static int l_width(lua_State *L) { return convert(L, false); }

static int l_valid(lua_State *L) {
  wy_str s;
  s.p = luaL_checklstring(L, 1, &s.n);
  lua_pushboolean(L, wy_utf8_valid(s));
  return 1;
}

static int l_cut(lua_State *L) {
  wy_str s;
  s.p = luaL_checklstring(L, 1, &s.n);
  lua_Integer max = luaL_checkinteger(L, 2);
  luaL_argcheck(L, max >= 0, 2, "a size in bytes wanted");
  lua_pushlstring(L, s.p, wy_utf8_cut(s, (size_t)max));
  return 1;
}

/* --- pages --- */

#define WRITER "weiyue.text.writer"

enum { PAGE_MAX = 1 << 26, PAGE_KEPT = 1 << 16 };

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

static void add_html(wy_buf *b, wy_str s) {
  size_t from = 0;
  for (size_t i = 0; i < s.n; i++) {
    wy_str to = html_of(s.p[i]);
    if (!to.p) continue;
    wy_buf_add(b, s.p + from, i - from);
    wy_buf_str(b, to);
    from = i + 1;
  }
  wy_buf_add(b, s.p + from, s.n - from);
}

static int l_writer_gc(lua_State *L) {
  wy_buf_deinit(lua_touserdata(L, 1));
  return 0;
}

/* writer() → what a page is written into: HTML, 64 MiB at most */
static int l_writer(lua_State *L) {
  wy_buf *b = lua_newuserdatauv(L, sizeof *b, 0);
  wy_buf_init(b, PAGE_MAX);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}

static wy_buf *check_writer(lua_State *L) {
  bool is = lua_getmetatable(L, 1) && lua_rawequal(L, -1, lua_upvalueindex(1));
  luaL_argexpected(L, is, 1, "writer");
  lua_pop(L, 1);
  return lua_touserdata(L, 1);
}

static void write_value(lua_State *L, wy_buf *b, int index) {
  wy_str s;
  switch (lua_type(L, index)) {
    case LUA_TNIL: return;
    case LUA_TSTRING:
      s.p = lua_tolstring(L, index, &s.n);
      add_html(b, s);
      return;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) {
        wy_buf_i64(b, lua_tointeger(L, index));
        return;
      } /* fall through */
    default:
      s.p = luaL_tolstring(L, index, &s.n);
      add_html(b, s);
      lua_pop(L, 1);
  }
}

/* write(writer, html, value, html, value …): texts as they are, and values as HTML text, also in a
 * quoted attribute: nil is nothing, what is no text is made one as by tostring. */
static int l_write(lua_State *L) {
  wy_buf *b = check_writer(L);
  int top = lua_gettop(L);
  for (int i = 2; i <= top; i++) {
    if (i % 2) {
      write_value(L, b, i);
    } else {
      wy_str s;
      s.p = luaL_checklstring(L, i, &s.n);
      wy_buf_str(b, s);
    }
  }
  if (b->failed) return luaL_error(L, "a page over 64 MiB, or out of memory");
  return 0;
}

/* written(writer) → what was written; it is empty then */
static int l_written(lua_State *L) {
  wy_buf *b = check_writer(L);
  lua_pushlstring(L, b->p ? b->p : "", b->n);
  if (b->cap > PAGE_KEPT || b->failed) wy_buf_deinit(b);
  else wy_buf_clear(b);
  return 1;
}

/* html(value) → as it is written by write */
static int l_html(lua_State *L) {
  luaL_checkany(L, 1);
  wy_buf *b = wy_new_text(L, PAGE_MAX);
  write_value(L, b, 1);
  if (b->failed) return luaL_error(L, "a text over 64 MiB, or out of memory");
  lua_pushlstring(L, b->p ? b->p : "", b->n);
  wy_buf_deinit(b);
  return 1;
}

int wy_open_text(lua_State *L) {
  static const luaL_Reg functions[] = {{"fold", l_fold}, {"width", l_width}, {"valid", l_valid},
                                       {"cut", l_cut},   {"html", l_html},   {NULL, NULL}};
  static const luaL_Reg writing[] = {
      {"writer", l_writer}, {"write", l_write}, {"written", l_written}, {NULL, NULL}};
  luaL_newlib(L, functions);
  if (luaL_newmetatable(L, WRITER)) {
    lua_pushcfunction(L, l_writer_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, WRITER);
    lua_setfield(L, -2, "__metatable");
  }
  luaL_setfuncs(L, writing, 1);
  return 1;
}
