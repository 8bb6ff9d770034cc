/* mod_form: the Lua module weiyue.form: application/x-www-form-urlencoded and multipart/form-data,
 * strict.
 * Types and one-line docs: lua/meta/form.lua.
 *
 * No state of its own; scratch memory is a userdata on the Lua stack. A bad escape is never guessed
 * at and a repeated name is never dropped silently: two readers of one text must not see different
 * forms. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/err.h"
#include "base/str.h"
#include "codec/multipart.h"
#include "codec/query.h"
#include "script/modules.h"

#define READER "weiyue.form.reader"
#define ERROR "weiyue.form.error"

enum { WY_FORM_MAX = 100, WY_FORM_LIMIT = 10000 };

static int fail(lua_State *L, const char *format, ...) {
  va_list args;
  luaL_pushfail(L);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  return 2;
}

static wy_str check_str(lua_State *L, int arg) {
  wy_str s;
  s.p = luaL_checklstring(L, arg, &s.n);
  return s;
}

static wy_str to_str(lua_State *L, int at) {
  wy_str s;
  s.p = lua_tolstring(L, at, &s.n);
  return s;
}

/* nil and where the first bad escape of s stands; s begins `before` bytes into the argument. */
static int fail_escape(lua_State *L, wy_str s, size_t before) {
  char byte[3];
  size_t i = 0, n;
  for (; i < s.n; i++) {
    wy_str escape = {s.p + i, s.n - i < 3 ? s.n - i : 3};
    if (s.p[i] == '%' && !wy_percent_decode(escape, true, byte, &n)) break;
  }
  return fail(L, "bad percent escape at %d: a literal %% is written %%25", (int)(before + i + 1));
}

static bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

static void add_escaped(luaL_Buffer *b, wy_str s) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (unreserved(s.p[i])) {
      luaL_addchar(b, s.p[i]);
    } else if (c == ' ') {
      luaL_addchar(b, '+');
    } else {
      luaL_addchar(b, '%');
      luaL_addchar(b, digits[c >> 4]);
      luaL_addchar(b, digits[c & 15]);
    }
  }
}

static int l_escape(lua_State *L) {
  wy_str s = check_str(L, 1);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  add_escaped(&b, s);
  luaL_pushresult(&b);
  return 1;
}

static int l_unescape(lua_State *L) {
  wy_str s = check_str(L, 1);
  luaL_Buffer b;
  size_t n = 0;
  if (!wy_percent_decode(s, true, luaL_buffinitsize(L, &b, s.n), &n)) return fail_escape(L, s, 0);
  luaL_pushresultsize(&b, n);
  return 1;
}

/* ---- parse ---- */

/* The piece before `c`, which is taken off s together with it; *found: whether there was one. */
static wy_str cut(wy_str *s, char c, bool *found) {
  const char *at = s->n ? memchr(s->p, c, s->n) : NULL;
  wy_str head = {s->p, at ? (size_t)(at - s->p) : s->n};
  size_t used = head.n + (at ? 1 : 0);
  s->p += used;
  s->n -= used;
  *found = at != NULL;
  return head;
}

/* Pushes the decoded text; false with nil and the error pushed instead. */
static bool push_decoded(lua_State *L, wy_str whole, wy_str s, char *scratch) {
  size_t n = 0;
  if (!wy_percent_decode(s, true, scratch, &n)) {
    fail_escape(L, s, (size_t)(s.p - whole.p));
    return false;
  }
  lua_pushlstring(L, scratch, n);
  return true;
}

/* Of the options at `at`, a table or nothing. */
static bool option_repeated(lua_State *L, int at) {
  if (!lua_istable(L, at)) return false;
  lua_getfield(L, at, "repeated");
  bool repeated = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return repeated;
}

static lua_Integer option_max(lua_State *L, int at, lua_Integer max) {
  if (!lua_istable(L, at)) return max;
  if (lua_getfield(L, at, "max") != LUA_TNIL) {
    int is_integer;
    max = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer || max < 1 || max > WY_FORM_LIMIT)
      luaL_argerror(L, at, "max is an integer from 1 to 10000");
  }
  lua_pop(L, 1);
  return max;
}

/* Stores the name and value on top of the stack into the table at `form` and pops them. False: the
 * name is there already. */
static bool store(lua_State *L, int form, bool repeated) {
  lua_pushvalue(L, -2);
  int type = lua_rawget(L, form);
  if (!repeated) {
    lua_pop(L, 1);
    if (type != LUA_TNIL) return false;
    lua_rawset(L, form);
    return true;
  }
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -2);
    lua_rawset(L, form);
  }
  lua_insert(L, -2); /* name, list, value */
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 2);
  return true;
}

static int l_parse(lua_State *L) {
  wy_str whole = check_str(L, 1), rest = whole;
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  bool repeated = option_repeated(L, 2), more = true;
  lua_Integer max = option_max(L, 2, WY_FORM_MAX), count = 0;
  char *scratch = lua_newuserdatauv(L, whole.n, 0);
  lua_newtable(L);
  int form = lua_gettop(L);
  while (more) {
    wy_str piece = cut(&rest, '&', &more);
    bool has_value;
    if (piece.n == 0) continue; /* "a=1&&b=2": browsers ignore it, too */
    if (++count > max)
      return fail(L, "more than %d fields: pass { max = n } if so many are expected", (int)max);
    wy_str value = piece, name = cut(&value, '=', &has_value);
    if (!push_decoded(L, whole, name, scratch)) return 2;
    if (!push_decoded(L, whole, value, scratch)) return 2;
    if (!store(L, form, repeated))
      return fail(L, "field %d repeats a name: pass { repeated = true } to get arrays", (int)count);
  }
  return 1;
}

/* ---- multipart ---- */

/* Where Lua finds what is read, and the part that comes now. */
enum { FORM_BODY = 1, FORM_TYPE, FORM_OPTIONS, FORM_READER, FORM_RESULT, FORM_FIELDS, FORM_FILES };

typedef struct reader {
  wy_multipart multipart;
  lua_State *L;
  wy_str bytes; /* of the part: the body comes as one piece, so they are one span of it */
} reader;

static int l_reader_gc(lua_State *L) {
  reader *r = luaL_checkudata(L, 1, READER);
  wy_multipart_deinit(&r->multipart);
  return 0;
}

static int l_error_tostring(lua_State *L) {
  lua_settop(L, 1);
  lua_getfield(L, 1, "code");
  lua_pushliteral(L, ": ");
  lua_getfield(L, 1, "message");
  lua_concat(L, 3);
  return 1;
}

static int on_begin(void *data, const wy_part *part) {
  reader *r = data;
  (void)part;
  r->bytes = WY_STR("");
  return 0;
}

static int on_bytes(void *data, wy_str bytes) {
  reader *r = data;
  r->bytes = bytes;
  return 0;
}

static void set_text(lua_State *L, const char *key, wy_str s) {
  lua_pushlstring(L, s.p ? s.p : "", s.n);
  lua_setfield(L, -2, key);
}

static int on_end(void *data) {
  reader *r = data;
  lua_State *L = r->L;
  const wy_part *part = &r->multipart.part;
  if (!part->is_file) {
    lua_pushlstring(L, part->name.p, part->name.n);
    lua_pushlstring(L, r->bytes.p, r->bytes.n);
    return store(L, FORM_FIELDS, r->multipart.limits.repeated) ? 0 : WY_E_MULTIPART_DUP;
  }
  lua_createtable(L, 0, 4);
  set_text(L, "name", part->name);
  set_text(L, "filename", part->filename);
  if (part->type.n) set_text(L, "type", part->type);
  set_text(L, "data", r->bytes);
  lua_rawseti(L, FORM_FILES, (lua_Integer)lua_rawlen(L, FORM_FILES) + 1);
  return 0;
}

/* What the caller can do about it. */
static const char *hint_of(int err, bool chinese) {
  switch (err) {
    case WY_E_MULTIPART_TYPE:
      return chinese ? "content_type 是请求头 Content-Type 的原文"
                     : "content_type is the request's Content-Type as it came";
    case WY_E_MULTIPART_PARTS:
      return chinese ? "需要更多分段时传 { max = n }" : "pass { max = n } if so many are expected";
    case WY_E_MULTIPART_DUP:
      return chinese ? "允许同名字段时传 { repeated = true }，值都是列表"
                     : "pass { repeated = true } to get arrays";
    default: return chinese ? "拒绝这个表单" : "refuse the form";
  }
}

static int fail_multipart(lua_State *L, int err) {
  luaL_pushfail(L);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, wy_err_event(err));
  lua_setfield(L, -2, "code");
  lua_pushstring(L, wy_err_text(err));
  lua_setfield(L, -2, "message");
  lua_pushstring(L, hint_of(err, true));
  lua_setfield(L, -2, "hint");
  lua_pushstring(L, hint_of(err, false));
  lua_setfield(L, -2, "hint_en");
  luaL_setmetatable(L, ERROR);
  return 2;
}

static int l_multipart(lua_State *L) {
  static const wy_multipart_calls calls = {on_begin, on_bytes, on_end};
  wy_str body = check_str(L, FORM_BODY), type = check_str(L, FORM_TYPE);
  if (!lua_isnoneornil(L, FORM_OPTIONS)) luaL_checktype(L, FORM_OPTIONS, LUA_TTABLE);
  lua_settop(L, FORM_OPTIONS);
  wy_multipart_limits limits = WY_MULTIPART_LIMITS;
  limits.parts = (size_t)option_max(L, FORM_OPTIONS, (lua_Integer)limits.parts);
  limits.repeated = option_repeated(L, FORM_OPTIONS);
  reader *r = lua_newuserdatauv(L, sizeof *r, 0);
  int err = wy_multipart_init(&r->multipart, type, &limits, &calls, r);
  luaL_setmetatable(L, READER); /* from here on an error raised in a call frees it */
  r->L = L;
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  if (!err) err = wy_multipart_feed(&r->multipart, body);
  if (!err) err = wy_multipart_end(&r->multipart);
  wy_multipart_deinit(&r->multipart);
  if (err) return fail_multipart(L, err);
  lua_setfield(L, FORM_RESULT, "files");
  lua_setfield(L, FORM_RESULT, "fields");
  return 1;
}

/* ---- encode ---- */

static int by_bytes(const void *a, const void *b) {
  return wy_str_cmp(*(const wy_str *)a, *(const wy_str *)b);
}

static bool is_text(lua_State *L, int at) {
  return lua_type(L, at) == LUA_TSTRING || lua_type(L, at) == LUA_TNUMBER;
}

/* The names of the table at 1 in order; the memory is a userdata left on the stack, the bytes
 * belong to the table's own keys. */
static wy_str *sorted_names(lua_State *L, size_t *n) {
  *n = 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_argerror(L, 1, "names are strings");
    ++*n;
  }
  wy_str *names = lua_newuserdatauv(L, *n * sizeof *names, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) names[i++] = to_str(L, -2);
  if (*n) qsort(names, *n, sizeof *names, by_bytes);
  return names;
}

/* Appends name and value (on top of the stack, popped) to the list at `list`. */
static void append_pair(lua_State *L, int list, wy_str name) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, list);
  if (!is_text(L, -1)) luaL_argerror(L, 1, "values are strings, numbers, or arrays of these");
  lua_tolstring(L, -1, NULL); /* a number becomes its text */
  lua_pushlstring(L, name.p, name.n);
  lua_rawseti(L, list, n + 1);
  lua_rawseti(L, list, n + 2);
}

static int l_encode(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  size_t n;
  wy_str *names = sorted_names(L, &n);
  lua_newtable(L); /* name, value, name, value …: keeps the texts alive while the buffer grows */
  int list = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    lua_pushlstring(L, names[i].p, names[i].n);
    if (lua_rawget(L, 1) != LUA_TTABLE) {
      append_pair(L, list, names[i]);
      continue;
    }
    lua_Integer values = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer k = 1; k <= values; k++) {
      lua_rawgeti(L, list + 1, k);
      append_pair(L, list, names[i]);
    }
    lua_pop(L, 1);
  }
  lua_Integer texts = (lua_Integer)lua_rawlen(L, list);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (lua_Integer i = 1; i <= texts; i++) {
    lua_rawgeti(L, list, i);
    wy_str s = to_str(L, -1);
    lua_pop(L, 1); /* before the buffer grows: it wants its own place on top */
    if (i > 1) luaL_addchar(&b, i % 2 ? '&' : '=');
    add_escaped(&b, s);
  }
  luaL_pushresult(&b);
  return 1;
}

static const luaL_Reg functions[] = {
    {"parse", l_parse},   {"multipart", l_multipart}, {"encode", l_encode},
    {"escape", l_escape}, {"unescape", l_unescape},   {NULL, NULL},
};

static void set_method(lua_State *L, const char *type, const char *name, lua_CFunction method) {
  luaL_newmetatable(L, type);
  lua_pushcfunction(L, method);
  lua_setfield(L, -2, name);
  lua_pushstring(L, type); /* plugins cannot reach the metatable */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

int wy_open_form(lua_State *L) {
  set_method(L, READER, "__gc", l_reader_gc);
  set_method(L, ERROR, "__tostring", l_error_tostring);
  luaL_newlib(L, functions);
  return 1;
}
