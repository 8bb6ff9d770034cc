/* What state.c, task.c, coroutine.c and mod_task.c share. Nobody else includes this. */
#ifndef WY_SCRIPT_IMPL_H
#define WY_SCRIPT_IMPL_H

#include "script/task.h"

enum { TASK_POOL = 64 };

struct wy_task {
  wy_list link;  /* in script->tasks */
  wy_list ready; /* in script->ready while woken */
  wy_script *script;
  lua_State *co;
  int ref; /* keeps co alive */
  wy_wait *waiting;
  wy_task_body body;
  void *data;
  bool cancelled;
  bool escaped; /* coroutine.running gave it to Lua: never pooled */
  bool ended;   /* body.end was called */
  bool exiting; /* what it yields is its last */
};

/* A coroutine of a plugin that is being resumed: these stand on the C stack, newest first. */
typedef struct frame {
  struct frame *below;
  lua_State *co;
  bool can_wait; /* everything below it may be suspended */
} frame;

struct wy_script {
  lua_State *L;
  wy_clock *clock;
  const wy_log *log;
  wy_beat *beat, no_beat; /* where it is shown that it runs; or the second, when nobody looks */
  wy_script *volatile *shown, *volatile not_shown;
  char *lua_path;
  wy_task *running;
  frame *top;
  wy_list tasks, ready, timers;
  size_t n_tasks;
  struct {
    lua_State *co;
    int ref;
  } pool[TASK_POOL];
  size_t n_pool;
};

/* Its address is what a waiting coroutine yields; Lua code never gets to see it. */
extern char wy_pending;

bool wy_chain_can_wait(const wy_script *s, lua_State *L);

void wy_coroutine_install(lua_State *L); /* replaces the functions of the coroutine library */
void wy_timers_drop(wy_script *s); /* frees the timers of wx.after, once the state is closed */

#endif
