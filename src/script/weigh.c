/* What each plugin keeps: the bytes that can be reached from it, about, and not from what all
 * share. What two plugins have in common is the first one's. Nothing of the state is changed, and
 * but for its stack no memory of it is needed: it is asked when there is little. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "script/script_impl.h"

enum { DEPTH = 20000, MOST_MS = 50, LOOK_AT = 1024 /* objects */, MINUTE = 60000 /* ms */ };
enum {
  TABLE = 56,
  ELEMENT = 16,
  ENTRY = 40,
  STRING = 25,
  CLOSURE = 32,
  UPVALUE = 48,
  USERDATA = 40,
  THREAD = 1024
};

/* Objects that were counted, by address. */
typedef struct seen {
  const void **slots;
  size_t n, size; /* a power of two */
} seen;

typedef struct weighing {
  wy_script *script;
  wy_weigh_fn fn;
  void *data;
  seen seen;
  size_t bytes, objects;
  struct timespec began;
  bool given_up; /* it took too long: what is known is a part */
} weighing;

static size_t place(const seen *s, const void *p) {
  size_t i = ((uintptr_t)p >> 4) * (size_t)UINT64_C(0x9E3779B97F4A7C15) >> 20;
  for (i &= s->size - 1; s->slots[i] && s->slots[i] != p; i = (i + 1) & (s->size - 1)) continue;
  return i;
}

static bool grow(seen *s) {
  seen more = {.size = s->size ? 2 * s->size : 4096, .n = s->n};
  more.slots = calloc(more.size, sizeof *more.slots);
  if (!more.slots) return false;
  for (size_t i = 0; i < s->size; i++)
    if (s->slots[i]) more.slots[place(&more, s->slots[i])] = s->slots[i];
  free(s->slots);
  *s = more;
  return true;
}

/* True: it was not there. */
static bool add(weighing *w, const void *p) {
  if (2 * w->seen.n >= w->seen.size && !grow(&w->seen)) {
    w->given_up = true;
    return false;
  }
  size_t i = place(&w->seen, p);
  if (w->seen.slots[i]) return false;
  w->seen.slots[i] = p;
  w->seen.n++;
  return true;
}

static void look_at_clock(weighing *w) {
  struct timespec t;
  if (++w->objects % LOOK_AT) return;
  clock_gettime(CLOCK_MONOTONIC, &t);
  long ms = (t.tv_sec - w->began.tv_sec) * 1000 + (t.tv_nsec - w->began.tv_nsec) / 1000000;
  if (ms > MOST_MS) w->given_up = true;
}

/* Takes the value off the top. Where others can be reached from it, it stays, and how far it was
 * gone through above it: true. */
static bool enter(lua_State *L, weighing *w) {
  int type = lua_type(L, -1);
  bool has_parts = false;
  if (type == LUA_TSTRING || type >= LUA_TTABLE) {
    if (!w->given_up && add(w, lua_topointer(L, -1))) {
      look_at_clock(w);
      switch (type) {
        case LUA_TSTRING: w->bytes += STRING + lua_rawlen(L, -1); break;
        case LUA_TUSERDATA: w->bytes += USERDATA + lua_rawlen(L, -1); break;
        case LUA_TTHREAD: w->bytes += THREAD; break;
        case LUA_TFUNCTION:
          w->bytes += CLOSURE;
          has_parts = true;
          break;
        default: w->bytes += TABLE; has_parts = true;
      }
    }
  }
  if (has_parts) {
    if (lua_type(L, -1) == LUA_TTABLE) lua_pushnil(L);
    else lua_pushinteger(L, 0);
    return true;
  }
  lua_pop(L, 1);
  return false;
}

/* Pushes the next part of what is gone through; false: that was all, and it is off the stack. */
static bool next_part(lua_State *L, weighing *w, bool *is_pair) {
  *is_pair = false;
  if (lua_istable(L, -2)) {
    if (lua_next(L, -2)) {
      w->bytes += lua_isinteger(L, -2) ? ELEMENT : ENTRY;
      *is_pair = true;
      return true;
    }
    if (lua_getmetatable(L, -1)) { /* last, in its place */
      lua_replace(L, -2);
      if (enter(L, w)) return next_part(L, w, is_pair);
      return false;
    }
    lua_pop(L, 1);
    return false;
  }
  int i = (int)lua_tointeger(L, -1) + 1;
  lua_pop(L, 1);
  lua_pushinteger(L, i);
  if (lua_getupvalue(L, -2, i)) {
    w->bytes += UPVALUE;
    return true;
  }
  lua_pop(L, 2);
  return false;
}

/* Goes through everything below the value on top, and takes it off. */
static void walk(lua_State *L, weighing *w) {
  int base = lua_gettop(L) - 1;
  if (!lua_checkstack(L, 8) || !enter(L, w)) return;
  while (lua_gettop(L) > base) {
    bool is_pair;
    if (!next_part(L, w, &is_pair)) continue;
    if (is_pair && lua_type(L, -2) == LUA_TSTRING && !w->given_up && add(w, lua_topointer(L, -2)))
      w->bytes += STRING + lua_rawlen(L, -2);
    if (lua_gettop(L) - base > 2 * DEPTH || !lua_checkstack(L, 8)) lua_pop(L, 1);
    else enter(L, w);
  }
}

static int l_weigh(lua_State *L) {
  weighing *w = lua_touserdata(L, 1);
  lua_settop(L, 0);
  luaL_checkstack(L, 20, NULL);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE); /* what all share */
  walk(L, w);
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.plugins");
  if (!lua_istable(L, -1)) return 0;
  for (lua_Integer i = 1; lua_rawgeti(L, 1, i) == LUA_TTABLE; i++) {
    lua_getfield(L, -1, "name");
    const char *name = lua_tostring(L, -1);
    lua_pushvalue(L, -2);
    w->bytes = 0;
    walk(L, w);
    w->fn(w->data, name ? name : "?", w->bytes);
    lua_settop(L, 1);
  }
  return 0;
}

void wy_script_weigh(wy_script *s, wy_weigh_fn fn, void *data) {
  lua_State *L = s->L;
  weighing w = {.script = s, .fn = fn, .data = data};
  clock_gettime(CLOCK_MONOTONIC, &w.began);
  int collects = lua_gc(L, LUA_GCISRUNNING);
  lua_gc(L, LUA_GCSTOP); /* addresses stay those of what was seen */
  lua_pushcfunction(L, l_weigh);
  lua_pushlightuserdata(L, &w);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
  if (collects) lua_gc(L, LUA_GCRESTART);
  free(w.seen.slots);
}

/* --- when there is little --- */

typedef struct heaviest {
  wy_weigh_fn fn;
  void *data;
  char name[64];
  size_t bytes;
} heaviest;

static void compare(void *data, const char *plugin, size_t bytes) {
  heaviest *h = data;
  h->fn(h->data, plugin, bytes);
  if (bytes < h->bytes) return;
  h->bytes = bytes;
  snprintf(h->name, sizeof h->name, "%s", plugin);
}

static bool has_changed(const wy_script *s, size_t used) {
  size_t before = s->weighed, by = before / 4 > 1 << 20 ? before / 4 : 1 << 20;
  return used > before + by || used + by < before;
}

void wy_script_look_at_memory(wy_script *s, wy_weigh_fn fn, void *data) {
  size_t used = wy_script_memory(s), max = s->limits.memory;
  uint64_t now = wy_clock_now_ms(s->clock);
  bool is_much = max && used > max / 5 * 4;
  if (s->running || s->guard || (s->weighed && now - s->weighed_at < MINUTE)) return;
  if (!is_much) s->is_short = false;
  if (!is_much && s->weighed && !has_changed(s, used)) return;
  if (is_much) {
    lua_gc(s->L, LUA_GCCOLLECT);
    used = wy_script_memory(s);
    s->is_short = used > max / 5 * 4;
  }
  heaviest h = {.fn = fn, .data = data};
  wy_script_weigh(s, compare, &h);
  s->weighed = used;
  s->weighed_at = now;
  if (!s->is_short) return;
  wy_line line;
  wy_line_begin(&line, s->log, WY_LOG_WARN, "lua.memory");
  wy_line_int(&line, "bytes", (int64_t)used);
  wy_line_int(&line, "cap", (int64_t)max);
  wy_line_z(&line, "plugin", h.name[0] ? h.name : NULL);
  wy_line_int(&line, "plugin_bytes", (int64_t)h.bytes);
  wy_line_z(&line, "text", "the Lua state is nearly full; of its plugins this one keeps most");
  wy_line_end(&line);
}

bool wy_script_short_of_memory(const wy_script *s) { return s->is_short; }
