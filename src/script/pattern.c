/* The pattern functions of strings, as Lua 5.4 has them, but for one thing: they look at the clock
 * every so many steps. The stock ones run no hook, and a pattern such as ("a?"):rep(30) never ends.
 *
 * The pattern is read while it is matched, never before: a fault in a part that is not reached is
 * not one, as with the stock functions, and so are the texts of the errors. */
#include <ctype.h>
#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#include "script/guards.h"
#include "script/limits.h"

#define SPECIALS "^$*+?.([%-"

enum { CAPTURES = 32, DEPTH = 200, STEPS = 8192 /* some 50 us */, BUSY = 2048 };
enum { OPEN = -1, POSITION = -2 }; /* lengths of captures that have none */

typedef unsigned char byte;

typedef struct capture {
  const char *from;
  ptrdiff_t n;
} capture;

typedef struct matcher {
  lua_State *L;
  const char *text, *end, *pattern_end;
  unsigned steps;
  bool ticked;
  int depth;
  int n; /* captures, open ones among them */
  capture captures[CAPTURES];
} matcher;

static void count_steps(matcher *m, size_t n) {
  m->steps += n < STEPS ? (unsigned)n : STEPS;
  if (m->steps < STEPS) return;
  m->steps = 0;
  m->ticked = true;
  wy_limits_tick(m->L);
}

/* After much work: the clock is looked at with the next instruction. */
static void settle(matcher *m) {
  if (m->ticked || m->steps > BUSY) wy_limits_rush(m->L);
}

static void init(matcher *m, lua_State *L, wy_str text, const char *pattern_end) {
  m->L = L;
  m->text = text.p;
  m->end = text.p + text.n;
  m->pattern_end = pattern_end;
  m->steps = 0;
  m->ticked = false;
  m->depth = m->n = 0;
}

/* --- one character --- */

static bool in_class(byte c, byte name) {
  bool yes;
  switch (tolower(name)) {
    case 'a': yes = isalpha(c); break;
    case 'c': yes = iscntrl(c); break;
    case 'd': yes = isdigit(c); break;
    case 'g': yes = isgraph(c); break;
    case 'l': yes = islower(c); break;
    case 'p': yes = ispunct(c); break;
    case 's': yes = isspace(c); break;
    case 'u': yes = isupper(c); break;
    case 'w': yes = isalnum(c); break;
    case 'x': yes = isxdigit(c); break;
    case 'z': yes = c == 0; break; /* of Lua 5.1 */
    default: return name == c;
  }
  return isupper(name) ? !yes : yes;
}

/* Behind the item that starts at p: a character, %x or a set. */
static const char *item_end(matcher *m, const char *p) {
  char first = *p++;
  if (first == '%') {
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (*p == '^') p++;
  do { /* a ] that stands first is a member */
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p++ == '%' && p < m->pattern_end) p++;
  } while (*p != ']');
  return p + 1;
}

/* set: at its [; last: at its ]. */
static bool in_set(matcher *m, byte c, const char *set, const char *last) {
  bool found = true;
  const char *p = set + 1;
  if (last - set > 64) count_steps(m, (size_t)(last - set) / 16);
  if (*p == '^') {
    found = false;
    p++;
  }
  while (p < last) {
    if (*p == '%') {
      if (in_class(c, (byte)p[1])) return found;
      p += 2;
    } else if (p[1] == '-' && p + 2 < last) {
      if ((byte)p[0] <= c && c <= (byte)p[2]) return found;
      p += 3;
    } else if ((byte)*p++ == c) {
      return found;
    }
  }
  return !found;
}

/* Does the item from p up to e take the character at s? */
static bool takes(matcher *m, const char *s, const char *p, const char *e) {
  if (s >= m->end) return false;
  switch (*p) {
    case '.': return true;
    case '%': return in_class((byte)*s, (byte)p[1]);
    case '[': return in_set(m, (byte)*s, p, e - 1);
    default: return *p == *s;
  }
}

/* --- captures --- */

static const capture *closed(matcher *m, char digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->n || m->captures[i].n == OPEN)
    luaL_error(m->L, "invalid capture index %%%d", i + 1);
  return &m->captures[i];
}

static int innermost_open(matcher *m) {
  int i = m->n - 1;
  while (i >= 0 && m->captures[i].n != OPEN) i--;
  if (i < 0) luaL_error(m->L, "invalid pattern capture");
  return i;
}

/* The i-th capture of a match from s to e; where there is none, the whole match is the first.
 * POSITION: it was pushed as a number. */
static ptrdiff_t get_capture(matcher *m, int i, const char *s, const char *e, const char **from) {
  if (i >= m->n) {
    if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
    *from = s;
    return e - s;
  }
  const capture *c = &m->captures[i];
  *from = c->from;
  if (c->n == OPEN) luaL_error(m->L, "unfinished capture");
  if (c->n == POSITION) lua_pushinteger(m->L, c->from - m->text + 1);
  return c->n;
}

static void push_capture(matcher *m, int i, const char *s, const char *e) {
  const char *from;
  ptrdiff_t n = get_capture(m, i, s, e, &from);
  if (n != POSITION) lua_pushlstring(m->L, from, (size_t)n);
}

/* All of them; s NULL: the match itself is none. */
static int push_captures(matcher *m, const char *s, const char *e) {
  int n = m->n == 0 && s ? 1 : m->n;
  luaL_checkstack(m->L, n, "too many captures");
  for (int i = 0; i < n; i++) push_capture(m, i, s, e);
  return n;
}

/* --- matching: the end of the match, or NULL --- */

static const char *match(matcher *m, const char *s, const char *p);

static const char *open_capture(matcher *m, const char *s, const char *p, ptrdiff_t how) {
  if (m->n >= CAPTURES) luaL_error(m->L, "too many captures");
  m->captures[m->n++] = (capture){s, how};
  const char *e = match(m, s, p);
  if (!e) m->n--;
  return e;
}

static const char *close_capture(matcher *m, const char *s, const char *p) {
  int i = innermost_open(m);
  m->captures[i].n = s - m->captures[i].from;
  const char *e = match(m, s, p);
  if (!e) m->captures[i].n = OPEN;
  return e;
}

/* %bxy; p is at x. */
static const char *balanced(matcher *m, const char *s, const char *p) {
  if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (*s != *p || s >= m->end) return NULL;
  size_t open = 1;
  for (const char *c = s + 1; c < m->end; c++) {
    count_steps(m, 1);
    if (*c == p[1]) { /* first: x and y may be the same */
      if (--open == 0) return c + 1;
    } else if (*c == *p) {
      open++;
    }
  }
  return NULL;
}

/* As often as it can, then the rest, with one less each time the rest does not fit. */
static const char *greedy(matcher *m, const char *s, const char *p, const char *e) {
  ptrdiff_t n = 0;
  for (; takes(m, s + n, p, e); n++) count_steps(m, 1);
  for (; n >= 0; n--) {
    const char *found = match(m, s + n, e + 1);
    if (found) return found;
  }
  return NULL;
}

static const char *lazy(matcher *m, const char *s, const char *p, const char *e) {
  for (;; s++) {
    const char *found = match(m, s, e + 1);
    if (found) return found;
    if (!takes(m, s, p, e)) return NULL;
  }
}

/* %f[set]; p is behind the f. The end of the set, or NULL: no frontier here. */
static const char *frontier(matcher *m, const char *s, const char *p) {
  if (*p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
  const char *e = item_end(m, p);
  byte before = s == m->text ? '\0' : (byte)s[-1];
  return !in_set(m, before, p, e - 1) && in_set(m, (byte)*s, p, e - 1) ? e : NULL;
}

/* %1 to %9: the same text once more. */
static const char *same_again(matcher *m, const char *s, char digit) {
  const capture *c = closed(m, digit);
  size_t n = (size_t)c->n;
  if ((size_t)(m->end - s) < n || memcmp(c->from, s, n) != 0) return NULL;
  count_steps(m, n / 64);
  return s + n;
}

/* What follows p, without growing the C stack where nothing has to be tried again. */
static const char *match_rest(matcher *m, const char *s, const char *p) {
  while (p != m->pattern_end) {
    count_steps(m, 1);
    if (*p == '(')
      return p[1] == ')' ? open_capture(m, s, p + 2, POSITION) : open_capture(m, s, p + 1, OPEN);
    if (*p == ')') return close_capture(m, s, p + 1);
    if (*p == '$' && p + 1 == m->pattern_end) return s == m->end ? s : NULL;
    if (*p == '%' && p[1] == 'b') {
      s = balanced(m, s, p + 2);
      if (!s) return NULL;
      p += 4;
      continue;
    }
    if (*p == '%' && p[1] == 'f') {
      p = frontier(m, s, p + 2);
      if (!p) return NULL;
      continue;
    }
    if (*p == '%' && isdigit((byte)p[1])) {
      s = same_again(m, s, p[1]);
      if (!s) return NULL;
      p += 2;
      continue;
    }
    const char *e = item_end(m, p);
    if (*e == '*') return greedy(m, s, p, e);
    if (*e == '-') return lazy(m, s, p, e);
    bool fits = takes(m, s, p, e);
    if (*e == '+') return fits ? greedy(m, s + 1, p, e) : NULL;
    if (*e == '?') {
      const char *found = fits ? match(m, s + 1, e + 1) : NULL;
      if (found) return found;
      p = e + 1;
      continue;
    }
    if (!fits) return NULL;
    s++;
    p = e;
  }
  return s;
}

static const char *match(matcher *m, const char *s, const char *p) {
  if (m->depth++ == DEPTH) luaL_error(m->L, "pattern too complex");
  const char *e = match_rest(m, s, p);
  m->depth--;
  return e;
}

/* --- the functions --- */

static wy_str check_str(lua_State *L, int arg) {
  wy_str s;
  s.p = luaL_checklstring(L, arg, &s.n);
  return s;
}

/* An argument that counts from 1, or from the end: from 0. */
static size_t start_of(lua_State *L, int arg, size_t n) {
  lua_Integer at = luaL_optinteger(L, arg, 1);
  if (at > 0) return (size_t)at - 1;
  if (at == 0 || at < -(lua_Integer)n) return 0;
  return n - (size_t)-at;
}

static bool is_plain(wy_str pattern) {
  for (size_t i = 0; i < pattern.n; i++)
    if (pattern.p[i] && strchr(SPECIALS, pattern.p[i])) return false;
  return true;
}

/* memmem is linear; the stock search is not. */
static int find_plain(lua_State *L, wy_str text, wy_str what, size_t start) {
  const char *at = what.n ? memmem(text.p + start, text.n - start, what.p, what.n) : text.p + start;
  if (text.n - start > 65536) wy_limits_rush(L);
  if (!at) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, at - text.p + 1);
  lua_pushinteger(L, at - text.p + (ptrdiff_t)what.n);
  return 2;
}

static int search(lua_State *L, bool find) {
  wy_str text = check_str(L, 1), pattern = check_str(L, 2);
  size_t start = start_of(L, 3, text.n);
  if (start > text.n) {
    lua_pushnil(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) || is_plain(pattern)))
    return find_plain(L, text, pattern, start);
  matcher m;
  const char *p = pattern.p, *s = text.p + start;
  bool anchored = *p == '^';
  init(&m, L, text, pattern.p + pattern.n);
  if (anchored) p++;
  do {
    m.n = 0;
    const char *e = match(&m, s, p);
    if (!e) continue;
    settle(&m);
    if (!find) return push_captures(&m, s, e);
    lua_pushinteger(L, s - text.p + 1);
    lua_pushinteger(L, e - text.p);
    return push_captures(&m, NULL, NULL) + 2;
  } while (s++ < m.end && !anchored);
  settle(&m);
  lua_pushnil(L);
  return 1;
}

static int l_find(lua_State *L) { return search(L, true); }
static int l_match(lua_State *L) { return search(L, false); }

typedef struct walk {
  const char *next, *pattern, *last; /* where the last match ended: an empty one is none there */
  matcher m;
} walk;

static int l_walk(lua_State *L) {
  walk *w = lua_touserdata(L, lua_upvalueindex(3));
  w->m.L = L;
  for (const char *s = w->next; s <= w->m.end; s++) {
    w->m.depth = w->m.n = 0;
    const char *e = match(&w->m, s, w->pattern);
    if (!e || e == w->last) continue;
    w->next = w->last = e;
    settle(&w->m);
    w->m.ticked = false;
    return push_captures(&w->m, s, e);
  }
  settle(&w->m);
  return 0;
}

static int l_gmatch(lua_State *L) {
  wy_str text = check_str(L, 1), pattern = check_str(L, 2);
  size_t start = start_of(L, 3, text.n);
  lua_settop(L, 2);
  walk *w = lua_newuserdatauv(L, sizeof *w, 0);
  init(&w->m, L, text, pattern.p + pattern.n);
  w->next = text.p + (start > text.n ? text.n + 1 : start);
  w->pattern = pattern.p;
  w->last = NULL;
  lua_pushcclosure(L, l_walk, 3);
  return 1;
}

/* The replacement text with its %0 to %9 and %%. */
static void add_text(matcher *m, luaL_Buffer *b, const char *s, const char *e) {
  size_t n;
  const char *news = lua_tolstring(m->L, 3, &n), *end = news + n;
  for (const char *p; (p = memchr(news, '%', (size_t)(end - news))) != NULL; news = p + 2) {
    char c = p[1];
    luaL_addlstring(b, news, (size_t)(p - news));
    if (c == '%') {
      luaL_addchar(b, c);
    } else if (c == '0') {
      luaL_addlstring(b, s, (size_t)(e - s));
    } else if (isdigit((byte)c)) {
      const char *from;
      ptrdiff_t got = get_capture(m, c - '1', s, e, &from);
      if (got == POSITION) luaL_addvalue(b);
      else luaL_addlstring(b, from, (size_t)got);
    } else {
      luaL_error(m->L, "invalid use of '%%' in replacement string");
    }
  }
  luaL_addlstring(b, news, (size_t)(end - news));
}

/* False: the match stays as it was. */
static bool add_value(matcher *m, luaL_Buffer *b, const char *s, const char *e, int type) {
  lua_State *L = m->L;
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(m, s, e), 1);
  } else if (type == LUA_TTABLE) {
    push_capture(m, 0, s, e);
    lua_gettable(L, 3);
  } else {
    add_text(m, b, s, e);
    return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(b, s, (size_t)(e - s));
    return false;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(b);
  return true;
}

static int l_gsub(lua_State *L) {
  wy_str text = check_str(L, 1), pattern = check_str(L, 2);
  int type = lua_type(L, 3);
  lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)text.n + 1), n = 0;
  bool anchored = *pattern.p == '^', changed = false;
  const char *p = pattern.p + (anchored ? 1 : 0), *s = text.p, *last = NULL;
  luaL_argexpected(
      L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
      3, "string/function/table");
  matcher m;
  luaL_Buffer b;
  init(&m, L, text, pattern.p + pattern.n);
  luaL_buffinit(L, &b);
  while (n < most) {
    m.depth = m.n = 0;
    const char *e = match(&m, s, p);
    if (e && e != last) {
      n++;
      if (add_value(&m, &b, s, e, type)) changed = true;
      s = last = e;
    } else if (s < m.end) {
      luaL_addchar(&b, *s);
      s++;
    } else {
      break;
    }
    if (anchored) break;
  }
  settle(&m);
  if (changed) {
    luaL_addlstring(&b, s, (size_t)(m.end - s));
    luaL_pushresult(&b);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, n);
  return 2;
}

const luaL_Reg wy_pattern_functions[] = {
    {"find", l_find}, {"match", l_match}, {"gmatch", l_gmatch}, {"gsub", l_gsub}, {NULL, NULL}};
