/* weiyue.xml: the XML of pushes and replies as Lua tables. Reading goes through codec/xml with its
 * caps. A doc (XML or JSON) becomes the same table whoever pushes it: children by name, repeated
 * names as arrays, leaves as strings. */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/xml.h"
#include "script/modules.h"

#define DOC "weiyue.xml.doc"

enum { BUILD_DEPTH = 32, TEXT_MAX = 1 << 26 };

/* ---- doc to table ---- */

/* Sets the value on the top into the table below it, beside what has the name already. */
static void add_child(lua_State *L, const wy_node *node) {
  lua_pushlstring(L, node->name.p, node->name.n);
  lua_pushvalue(L, -1);
  lua_rawget(L, -4); /* table, value, name, old */
  if (wy_is_array(L, -1)) {
    if (!node->none) {
      lua_pushvalue(L, -3);
      lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    lua_pop(L, 3);
    return;
  }
  bool repeated = !lua_isnil(L, -1);
  if (repeated || node->item) { /* table, value, name, old, array */
    lua_Integer n = 0;
    wy_push_array(L, 2);
    if (repeated) {
      lua_pushvalue(L, -2);
      lua_rawseti(L, -2, ++n);
    }
    if (!node->none) {
      lua_pushvalue(L, -4);
      lua_rawseti(L, -2, ++n);
    }
    lua_replace(L, -2);
  } else {
    lua_pop(L, 1);
    lua_pushvalue(L, -2);
  }
  lua_rawset(L, -4); /* table, value, name, result */
  lua_pop(L, 1);
}

/* Nodes stand in document order, so the tables of the open branches are the Lua stack itself. A
 * branch's table is set into its parent at once and filled afterwards. */
void wy_push_doc(lua_State *L, const wy_doc *doc) {
  uint16_t open = WY_DOC_NONE;
  luaL_checkstack(L, 10, "document nested too deep");
  lua_newtable(L);
  for (size_t i = 0; i < doc->n; i++) {
    const wy_node *node = &doc->nodes[i];
    for (; open != node->parent; open = doc->nodes[open].parent) lua_pop(L, 1);
    if (!node->branch) {
      lua_pushlstring(L, node->text.p, node->text.n);
      add_child(L, node);
      continue;
    }
    luaL_checkstack(L, 10, "document nested too deep");
    lua_createtable(L, 0, node->n_children);
    lua_pushvalue(L, -2); /* parent, table, parent, table */
    lua_pushvalue(L, -2);
    add_child(L, node);
    lua_pop(L, 1);
    open = (uint16_t)i;
  }
  for (; open != WY_DOC_NONE; open = doc->nodes[open].parent) lua_pop(L, 1);
}

static int l_doc_gc(lua_State *L) {
  wy_doc_deinit(lua_touserdata(L, 1));
  return 0;
}

/* xml.parse(text) */
static int l_parse(lua_State *L) {
  wy_str text;
  text.p = luaL_checklstring(L, 1, &text.n);
  wy_doc *doc = lua_newuserdatauv(L, sizeof *doc, 0);
  wy_doc_init(doc);
  luaL_setmetatable(L, DOC);
  int err = wy_xml_parse(text, doc);
  if (err) {
    luaL_pushfail(L);
    lua_pushstring(L, wy_err_text(err));
    return 2;
  }
  wy_push_doc(L, doc);
  wy_doc_deinit(doc);
  return 1;
}

/* ---- table to text ---- */

typedef struct builder {
  lua_State *L;
  wy_buf *out;
  int depth;
} builder;

/* Leaves the message on the stack; false. */
static bool refuse(builder *b, wy_str name, const char *reason) {
  luaL_checkstack(b->L, 4, NULL);
  lua_pushlstring(b->L, name.p, name.n);
  lua_pushfstring(b->L, "%s: %s", lua_tostring(b->L, -1), reason);
  return false;
}

static bool is_name(wy_str name) {
  for (size_t i = 0; i < name.n; i++) {
    char c = name.p[i];
    bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
    if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '.'))) return false;
  }
  return name.n > 0;
}

static bool build_value(builder *b, wy_str name);

static bool build_element(builder *b, wy_str name) {
  if (!is_name(name)) return refuse(b, name, "not a name for an element");
  wy_buf_lit(b->out, "<");
  wy_buf_str(b->out, name);
  wy_buf_lit(b->out, ">");
  if (!build_value(b, name)) return false;
  wy_buf_lit(b->out, "</");
  wy_buf_str(b->out, name);
  wy_buf_lit(b->out, ">");
  return true;
}

static bool build_number(builder *b, wy_str name) {
  if (lua_isinteger(b->L, -1)) {
    wy_buf_i64(b->out, lua_tointeger(b->L, -1));
    return true;
  }
  double v = lua_tonumber(b->L, -1);
  if (!isfinite(v)) return refuse(b, name, "number is not finite");
  wy_json_add_double(b->out, v);
  return true;
}

static bool is_list(lua_State *L) { return wy_is_array(L, -1) || lua_rawlen(L, -1) > 0; }

/* The list on the top of the stack, each element under the name. */
static bool build_list(builder *b, wy_str name) {
  lua_Integer n = (lua_Integer)lua_rawlen(b->L, -1);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(b->L, -1, i);
    if (!build_element(b, name)) return false;
    lua_pop(b->L, 1);
  }
  return true;
}

static bool build_children(builder *b, wy_str name) {
  lua_State *L = b->L;
  int table = lua_gettop(L);
  size_t n = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) return refuse(b, name, "has a key that is not a string");
    n++;
  }
  wy_few_keys few;
  const wy_str *keys = wy_push_keys(L, few, n);
  for (size_t k = 0; k < n; k++) {
    lua_pushlstring(L, keys[k].p, keys[k].n);
    lua_rawget(L, table);
    bool list = lua_istable(L, -1) && is_list(L);
    if (!(list ? build_list(b, keys[k]) : build_element(b, keys[k]))) return false;
    lua_pop(L, 1);
  }
  lua_settop(L, table);
  return true;
}

/* What stands inside an element: the value on the top of the stack, which stays. */
static bool build_value(builder *b, wy_str name) {
  lua_State *L = b->L;
  wy_str text;
  switch (lua_type(L, -1)) {
    case LUA_TNUMBER: return build_number(b, name);
    case LUA_TSTRING:
      text.p = lua_tolstring(L, -1, &text.n);
      wy_xml_add_cdata(b->out, text);
      return true;
    case LUA_TBOOLEAN:
      wy_buf_str(b->out, lua_toboolean(L, -1) ? WY_STR("true") : WY_STR("false"));
      return true;
    case LUA_TTABLE: {
      if (b->out->failed) return true; /* reported at the end */
      if (b->depth == BUILD_DEPTH) return refuse(b, name, "nested deeper than 32 (a cycle?)");
      luaL_checkstack(L, 10, "XML nested too deep");
      b->depth++;
      bool ok = is_list(L) ? build_list(b, WY_STR("item")) : build_children(b, name);
      b->depth--;
      return ok;
    }
    default:
      if (wy_is_null(L, -1)) return true; /* json.null: an empty element */
      return refuse(b, name, "neither string, number, boolean nor table");
  }
}

/* xml.build(table [, root = "xml"]) */
static int l_build(lua_State *L) {
  wy_str root;
  luaL_checktype(L, 1, LUA_TTABLE);
  root.p = luaL_optlstring(L, 2, "xml", &root.n);
  luaL_argcheck(L, is_name(root), 2, "not a name for an element");
  builder b = {.L = L, .out = wy_new_text(L, TEXT_MAX)};
  lua_pushvalue(L, 1);
  bool ok = build_element(&b, root);
  if (ok && b.out->failed) ok = refuse(&b, root, "over 64 MiB, or out of memory");
  if (ok) lua_pushlstring(L, b.out->p, b.out->n);
  wy_buf_deinit(b.out);
  if (ok) return 1;
  luaL_pushfail(L);
  lua_insert(L, -2);
  return 2;
}

/* ---- pieces ---- */

static int finish(lua_State *L, wy_buf *out) {
  if (out->failed) return luaL_error(L, "text over 64 MiB, or out of memory");
  lua_pushlstring(L, out->n ? out->p : "", out->n);
  wy_buf_deinit(out);
  return 1;
}

/* xml.escape(text): for element text and for attributes in either quotes. */
static int l_escape(lua_State *L) {
  wy_str text;
  text.p = luaL_checklstring(L, 1, &text.n);
  wy_buf *out = wy_new_text(L, TEXT_MAX);
  while (text.n) {
    size_t n = 0;
    while (n < text.n && !(text.p[n] && strchr("&<>\"'", text.p[n]))) n++;
    wy_utf8_add_xml(out, (wy_str){text.p, n});
    if (n < text.n) {
      switch (text.p[n++]) {
        case '&': wy_buf_lit(out, "&amp;"); break;
        case '<': wy_buf_lit(out, "&lt;"); break;
        case '>': wy_buf_lit(out, "&gt;"); break;
        case '"': wy_buf_lit(out, "&quot;"); break;
        default: wy_buf_lit(out, "&#39;"); break;
      }
    }
    text.p += n;
    text.n -= n;
  }
  return finish(L, out);
}

static int l_cdata(lua_State *L) {
  wy_str text;
  text.p = luaL_checklstring(L, 1, &text.n);
  wy_buf *out = wy_new_text(L, TEXT_MAX);
  wy_xml_add_cdata(out, text);
  return finish(L, out);
}

/* xml.as_list(v): WeChat sends one entry bare, several as a list, none as nothing or as blanks. */
static int l_as_list(lua_State *L) {
  lua_settop(L, 1);
  if (lua_istable(L, 1) && (is_list(L) || (lua_pushnil(L), lua_next(L, 1) == 0))) {
    lua_settop(L, 1);
    return 1;
  }
  wy_str text = {NULL, 0};
  bool blank = lua_isnil(L, 1) || wy_is_null(L, 1);
  if (lua_type(L, 1) == LUA_TSTRING) {
    text.p = lua_tolstring(L, 1, &text.n);
    blank = wy_str_trim(text).n == 0;
  }
  wy_push_array(L, 1);
  if (!blank) {
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
  }
  return 1;
}

int wy_open_xml(lua_State *L) {
  static const luaL_Reg functions[] = {{"parse", l_parse},     {"build", l_build},
                                       {"escape", l_escape},   {"cdata", l_cdata},
                                       {"as_list", l_as_list}, {NULL, NULL}};
  luaL_newmetatable(L, DOC);
  lua_pushcfunction(L, l_doc_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  return 1;
}
