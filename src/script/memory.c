/* The state's memory, and its cap. What is refused is an error of Lua's, "not enough memory", which
 * ends the task and leaves the state as it was.
 *
 * Lua itself counts; here is only what may still be taken until somebody has to look: the path of a
 * push allocates some thirty times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/script_impl.h"

enum {
  MUCH = 1 << 20, /* bytes whose making takes about as long as the hook's stride */
  DEEP = 20000    /* calls, one in another: more than any recursion that means to end */
};

/* Lua asks twice: a full collection lies between. The line is that of the plugin's, where one runs;
 * no memory is needed to look. It stays while the error is told, for which there may be none. */
static void note_refusal(wy_script *s) {
  lua_State *L = wy_script_running(s);
  lua_Debug ar;
  s->deep = lua_getstack(L, DEEP, &ar);
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

void *wy_script_alloc(void *ud, void *block, size_t old, size_t n) {
  wy_script *s = ud;
  if (n == 0) {
    free(block);
    return NULL;
  }
  if (!block) old = 0; /* it says what is to be made */
  if (n > old) {
    size_t more = n - old;
    s->room -= (ptrdiff_t)more;
    if (__builtin_expect(s->room < 0, 0) && !find_room(s, more)) return NULL;
  }
  return realloc(block, n);
}
