/* weiyue_core.secrets: texts that no line from Lua may show: add(text), remove(text), mask(text).
 * What a plugin logs or raises has each of them replaced by ***. Short ones are let through:
 * "wechat" as a token would make a riddle of every line. */
#include <lauxlib.h>
#include <stdlib.h>

#include "script/modules.h"

enum { HEAD = 8, FIRST_ROOM = 8, STARS = 3 }; /* HEAD: bytes of the shortest */

typedef struct secret {
  uint64_t
      head; /* its first bytes: the list is in their order, the longer of two equal ones first */
  const char *p; /* of a Lua string, which the user value keeps */
  size_t n;
} secret;

typedef struct secrets {
  size_t n, room;
  bool begins[256]; /* whether any begins with this byte */
  secret list[];
} secrets;

static char key; /* its address, in the registry */

static secrets *get(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
  secrets *s = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return s;
}

static uint64_t head_of(const char *p) {
  uint64_t head = 0;
  for (size_t i = 0; i < HEAD; i++) head = head << 8 | (unsigned char)p[i];
  return head;
}

/* The first one that does not come before this head. */
static size_t lower(const secrets *s, uint64_t head) {
  size_t from = 0, to = s->n;
  while (from < to) {
    size_t middle = (from + to) / 2;
    if (s->list[middle].head < head) from = middle + 1;
    else to = middle;
  }
  return from;
}

/* The longest one that stands at p; NULL: none. */
static const secret *find(const secrets *s, const char *p, size_t n) {
  if (n < HEAD || !s->begins[(unsigned char)*p]) return NULL;
  uint64_t head = head_of(p);
  for (size_t i = lower(s, head); i < s->n && s->list[i].head == head; i++)
    if (s->list[i].n <= n && memcmp(s->list[i].p, p, s->list[i].n) == 0) return &s->list[i];
  return NULL;
}

static size_t first_hit(const secrets *s, wy_str text) {
  size_t i = 0;
  while (i < text.n && !find(s, text.p + i, text.n - i)) i++;
  return i;
}

/* text as `to`, which has room for it, with stars; `from` is the first hit. */
static size_t put_stars(const secrets *s, wy_str text, size_t from, char *to) {
  size_t n = from, i = from;
  memcpy(to, text.p, from);
  while (i < text.n) {
    const secret *hit = find(s, text.p + i, text.n - i);
    if (hit) {
      memcpy(to + n, "***", STARS);
      n += STARS;
      i += hit->n;
    } else {
      to[n++] = text.p[i++];
    }
  }
  return n;
}

wy_str wy_mask(lua_State *L, wy_str text, char **copy) {
  *copy = NULL;
  const secrets *s = get(L);
  size_t from = s && text.p ? first_hit(s, text) : text.n;
  if (from == text.n) return text;
  *copy = malloc(text.n); /* stars are shorter than any secret */
  if (!*copy) return WY_STR("***");
  return (wy_str){*copy, put_stars(s, text, from, *copy)};
}

void wy_line_masked(wy_line *line, lua_State *L, const char *name, wy_str text) {
  char *copy;
  text = wy_mask(L, text, &copy);
  if (text.p) wy_line_str(line, name, text);
  free(copy);
}

/* A larger list in place of the old one; the strings stay in the same user value. */
static secrets *grow(lua_State *L, const secrets *old) {
  size_t room = old ? 2 * old->room : FIRST_ROOM;
  secrets *s = lua_newuserdatauv(L, sizeof *s + room * sizeof(secret), 1);
  if (old) {
    memcpy(s, old, sizeof *s + old->n * sizeof(secret));
    lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
    lua_getiuservalue(L, -1, 1);
    lua_remove(L, -2);
  } else {
    memset(s, 0, sizeof *s);
    lua_newtable(L);
  }
  lua_setiuservalue(L, -2, 1);
  s->room = room;
  lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
  return s;
}

static int l_add(lua_State *L) {
  wy_str text;
  text.p = luaL_checklstring(L, 1, &text.n);
  secrets *s = get(L);
  if (text.n < HEAD) return 0;
  uint64_t head = head_of(text.p);
  size_t at = s ? lower(s, head) : 0;
  for (; s && at < s->n && s->list[at].head == head && s->list[at].n >= text.n; at++)
    if (wy_str_eq(text, (wy_str){s->list[at].p, s->list[at].n})) return 0;
  if (!s || s->n == s->room) s = grow(L, s);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
  lua_getiuservalue(L, -1, 1);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, (lua_Integer)s->n + 1);
  memmove(&s->list[at + 1], &s->list[at], (s->n - at) * sizeof(secret));
  s->list[at] = (secret){head, text.p, text.n};
  s->begins[(unsigned char)*text.p] = true;
  s->n++;
  return 0;
}

/* Takes the string out of the user value's table, where its place is not known. */
static void let_go(lua_State *L, const char *p, size_t n) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
  lua_getiuservalue(L, -1, 1);
  for (size_t i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i);
    bool found = lua_tostring(L, -1) == p;
    lua_pop(L, 1);
    if (!found) continue;
    lua_rawgeti(L, -1, (lua_Integer)n);
    lua_rawseti(L, -2, (lua_Integer)i);
    break;
  }
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)n);
}

/* A token that has had its time: the list does not grow for ever. */
static int l_remove(lua_State *L) {
  wy_str text;
  text.p = luaL_checklstring(L, 1, &text.n);
  secrets *s = get(L);
  if (!s || text.n < HEAD) return 0;
  uint64_t head = head_of(text.p);
  for (size_t at = lower(s, head); at < s->n && s->list[at].head == head; at++) {
    if (!wy_str_eq(text, (wy_str){s->list[at].p, s->list[at].n})) continue;
    let_go(L, s->list[at].p, s->n);
    s->n--;
    memmove(&s->list[at], &s->list[at + 1], (s->n - at) * sizeof(secret));
    return 0; /* its first byte may be that of others */
  }
  return 0;
}

static int l_mask(lua_State *L) {
  wy_str text;
  text.p = luaL_checklstring(L, 1, &text.n);
  const secrets *s = get(L);
  size_t from = s ? first_hit(s, text) : text.n;
  lua_settop(L, 1);
  if (from == text.n) return 1;
  luaL_Buffer b;
  luaL_pushresultsize(&b, put_stars(s, text, from, luaL_buffinitsize(L, &b, text.n)));
  return 1;
}

int wy_open_secrets(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"add", l_add}, {"remove", l_remove}, {"mask", l_mask}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
