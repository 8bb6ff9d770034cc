/* What state.c, task.c, coroutine.c and mod_task.c share. Nobody else includes this. */
#ifndef WY_SCRIPT_IMPL_H
#define WY_SCRIPT_IMPL_H

#include "script/modules.h"
#include "script/task.h"

enum { TASK_POOL = 64 };

struct wy_task {
  wy_list link;  /* in script->tasks */
  wy_list ready; /* in script->turns->ready while woken */
  wy_script *script;
  lua_State *co;
  int ref; /* keeps co alive */
  wy_wait *waiting;
  wy_task_body body;
  void *data;
  uint64_t push; /* number of the push that it works for; 0: none */
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
  char *lua_path;
  bool paused, ended; /* timers wait; none may be set any more */
  uint64_t trace_seed;
  wy_tracer tracer;
  wy_ration *ration;
  wy_task *running;
  frame *top;
  wy_turns *turns, own_turns;
  wy_list tasks, timers;
  size_t n_tasks;
  struct {
    lua_State *co;
    int ref;
  } pool[TASK_POOL];
  size_t n_pool;
};

/* Its address is what a waiting coroutine yields; Lua code never gets to see it. */
extern char wy_pending;

/* What Lua raised, of the push of this number, or 0. */
void wy_script_log_error(const wy_script *s, uint64_t push, const char *text);

bool wy_chain_can_wait(const wy_script *s, lua_State *L);

void wy_coroutine_install(lua_State *L); /* replaces the functions of the coroutine library */
/* Cancels the tasks that have this body. */
void wy_tasks_cancel_of(wy_script *s, const wy_task_body *body);

/* Of wx.after: begins those set while the script was paused; frees all. */
void wy_timers_begin(wy_script *s);
void wy_timers_drop(wy_script *s);

#endif
