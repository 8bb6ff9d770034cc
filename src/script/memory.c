/* The state's memory, and its cap. What is refused is an error of Lua's, "not enough memory", which
 * ends the task and leaves the state as it was.
 *
 * Lua itself counts; here is only what may still be taken until somebody has to look: the path of a
 * push allocates some thirty times. Small blocks that Lua gives back are kept for its next ones, by
 * size, up to SPARE_MAX bytes in all: a collection frees many at once, which malloc would sort in
 * and out again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/script_impl.h"

enum {
  MUCH = 1 << 20, /* bytes whose making takes about as long as the hook's stride */
  DEEP = 20000    /* calls, one in another: more than any recursion that means to end */
};
enum { GRAIN = 16, SPARE_MAX = 256 * 1024 };

struct wy_spare {
  struct wy_spare *next;
};

/* A block that is used after it was given back must be seen by whoever looks for that. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_SPARES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_SPARES 0
#endif
#endif
#ifndef KEEPS_SPARES
#define KEEPS_SPARES 1
#endif

/* Lua asks twice: a full collection lies between. The line is that of the plugin's, where one runs;
 * no memory is needed to look. It stays while the error is told, for which there may be none: then
 * the calls have ended, and how deep they were is known from before. */
static void note_refusal(wy_script *s) {
  lua_State *L = wy_script_running(s);
  lua_Debug ar;
  s->deep = s->deep || lua_getstack(L, DEEP, &ar); /* unwinding may find no room either */
  for (int level = 0; level < 32 && lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0 || strncmp(ar.source, "=[weiyue", 8) == 0) continue;
    snprintf(s->refused, sizeof s->refused, "%s:%d: ", ar.short_src, ar.currentline);
    return;
  }
}

size_t wy_script_memory(const wy_script *s) {
  int kib = lua_gc(s->L, LUA_GCCOUNT);
  return kib < 0 ? 0 : (size_t)kib * 1024 + (size_t)lua_gc(s->L, LUA_GCCOUNTB);
}

/* More is to be taken than there was room for. Out of line: what follows is called thirty times a
 * push. */
__attribute__((noinline, cold)) static bool find_room(wy_script *s, size_t more) {
  size_t room = MUCH, max = s->limits.memory;
  if (max && s->L) { /* while memory is being collected Lua does not say, and takes little */
    size_t used = wy_script_memory(s);
    room = used < max ? max - used : 0;
    if (more > room) {
      s->room = 0;
      if (s->running || s->guard) note_refusal(s);
      return false;
    }
    if (room > MUCH) room = MUCH;
  }
  s->room = (ptrdiff_t)room - (ptrdiff_t)more;
  if (s->running || s->guard) wy_limits_rush(wy_script_running(s));
  return true;
}

/* ---- small blocks ---- */

static bool is_small(size_t n) { return KEEPS_SPARES && n <= WY_SPARE_LARGEST; }
static size_t class_of(size_t n) { return (n - 1) / GRAIN; }

static void *take(wy_script *s, size_t n) {
  if (!is_small(n)) return malloc(n);
  size_t class = class_of(n);
  struct wy_spare *block = s->spares[class];
  if (!block) return malloc((class + 1) * GRAIN);
  s->spares[class] = block->next;
  s->n_spares -= (class + 1) * GRAIN;
  return block;
}

static void give(wy_script *s, void *p, size_t n) {
  size_t class = class_of(n);
  if (!p || n == 0 || !is_small(n) || s->n_spares >= SPARE_MAX) {
    free(p);
    return;
  }
  struct wy_spare *block = p;
  block->next = s->spares[class];
  s->spares[class] = block;
  s->n_spares += (class + 1) * GRAIN;
}

void wy_script_drop_spares(wy_script *s) {
  for (size_t i = 0; i < sizeof s->spares / sizeof *s->spares; i++)
    for (struct wy_spare *block; (block = s->spares[i]);) {
      s->spares[i] = block->next;
      free(block);
    }
  s->n_spares = 0;
}

void *wy_script_alloc(void *ud, void *block, size_t old, size_t n) {
  wy_script *s = ud;
  if (n == 0) {
    give(s, block, old);
    return NULL;
  }
  if (!block) old = 0; /* it says what is to be made */
  if (n > old) {
    size_t more = n - old;
    s->room -= (ptrdiff_t)more;
    if (__builtin_expect(s->room < 0, 0) && !find_room(s, more)) return NULL;
  }
  if (!block) return take(s, n);
  if (!is_small(n) && !is_small(old)) return realloc(block, n);
  if (is_small(n) && is_small(old) && class_of(n) == class_of(old)) return block;
  void *fresh = take(s, n);
  if (!fresh) return n <= old ? block : NULL; /* shrinking never fails */
  memcpy(fresh, block, n < old ? n : old);
  give(s, block, old);
  return fresh;
}
