/* The state's memory: counted, and capped. What is refused is an error of Lua's, "not enough
 * memory", which ends the task and leaves the state as it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/script_impl.h"

enum { MUCH = 1 << 20 }; /* bytes whose making takes about as long as the hook's stride */

/* Lua asks twice: a full collection lies between. The line is that of the plugin's, where one runs;
 * no memory is needed to look. */
static void note_refusal(wy_script *s) {
  lua_State *L = wy_script_running(s);
  lua_Debug ar;
  s->refused[0] = '\0';
  for (int level = 0; level < 32 && lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0 || strncmp(ar.source, "=[weiyue", 8) == 0) continue;
    snprintf(s->refused, sizeof s->refused, "%s:%d: ", ar.short_src, ar.currentline);
    return;
  }
}

void *wy_script_alloc(void *ud, void *block, size_t old, size_t n) {
  wy_script *s = ud;
  if (!block) old = 0; /* it says what is to be made */
  if (n == 0) {
    s->memory -= old;
    free(block);
    return NULL;
  }
  if (n > old) {
    if (__builtin_expect(s->limits.memory && s->memory - old + n > s->limits.memory, 0)) {
      if (s->running || s->guard) note_refusal(s);
      return NULL;
    }
    s->memory_debt += n - old;
    if (__builtin_expect(s->memory_debt > MUCH, 0)) {
      s->memory_debt = 0;
      if (s->running || s->guard) wy_limits_rush(wy_script_running(s));
    }
  }
  void *fresh = realloc(block, n);
  if (fresh) s->memory += n - old;
  return fresh;
}

size_t wy_script_memory(const wy_script *s) { return s->memory; }
