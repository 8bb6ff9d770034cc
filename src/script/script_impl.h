/* What state.c, task.c, coroutine.c and mod_task.c share. Nobody else includes this. */
#ifndef WY_SCRIPT_IMPL_H
#define WY_SCRIPT_IMPL_H

#include <signal.h>

#include "script/limits.h"
#include "script/modules.h"
#include "script/task.h"

enum { GRACE_MS = 2000 /* for <close> variables of what was stopped */ };
enum { TASK_POOL = 64 /* coroutines, and memory for tasks */ };
enum { WY_SPARE_LARGEST = 512 /* bytes of a block that is kept once it is free */ };

struct wy_task {
  wy_list link;  /* in script->tasks */
  wy_list ready; /* in script->turns->ready while woken, in script->sliced while suspended */
  wy_script *script;
  lua_State *co;
  int ref; /* keeps co alive */
  wy_wait *waiting;
  wy_task_body body;
  void *data;
  uint64_t push;    /* number of the push that it works for; 0: none */
  unsigned account; /* the number of its account, from 1; 0: none */
  stint stint;
  uint64_t due;         /* when it is to be over, ms on the clock; 0: never */
  lua_State *innermost; /* the coroutine of it that the hook has suspended; else NULL */
  wy_fault fault;       /* known when the body ends */
  bool cancelled;
  bool escaped; /* coroutine.running gave it to Lua: never pooled */
  bool began;   /* body.begin was called */
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
  bool paused, ended; /* timers wait; none may be set any more */
  uint64_t trace_seed;
  wy_tracer tracer;
  wy_ration *ration;
  wy_task *running;
  frame *top;
  wy_turns *turns, own_turns;
  wy_list tasks, sliced, timers;
  wy_list scopes; /* of plugins: mod_task.c. A finalizer for which there is no stack is lost */
  size_t n_tasks;
  void (*more)(void *data);
  void *data;

  /* limits.c */
  wy_limits limits;
  bool watched;                    /* anything that the hook looks after is limited */
  stint *guard;                    /* of loading code that runs */
  void *stop;                      /* the userdata that stops a stint */
  wy_timer sweep;                  /* wall.c: the next task that is due */
  uint64_t slice_began, slice_cpu; /* ns; 0: the hook has not looked in this slice */
  uint64_t looked;                 /* ns: when it looked last */
  unsigned postponed;              /* for code of weiyue's own */
  lua_State *suspended;            /* by the hook, just now */
  volatile sig_atomic_t interrupted;
  uint64_t stopped[WY_FAULT_END], n_stopped;

  /* memory.c */
  ptrdiff_t room;                                 /* bytes until it looks how much there is */
  struct wy_spare *spares[WY_SPARE_LARGEST / 16]; /* small blocks that are free, by size */
  size_t n_spares;                                /* their bytes */
  size_t weighed;      /* what there was when plugins were weighed last; 0: never */
  uint64_t weighed_at; /* ms on the clock */
  bool is_short;
  char refused[160]; /* where the code was that got no memory */
  bool deep;         /* so deep in calls that it was the stack's that ran out */
  struct {
    lua_State *co;
    int ref;
  } pool[TASK_POOL];
  size_t n_pool;
  wy_list spare; /* tasks that have ended */
  size_t n_spare;
};

/* Its address is what a waiting coroutine yields; Lua code never gets to see it. */
extern char wy_pending;

/* What Lua raised, of the push of this number, or 0. */
void wy_script_log_error(const wy_script *s, const char *event, const char *plugin, uint64_t push,
                         const char *text);

bool wy_chain_can_wait(const wy_script *s, lua_State *L);

/* The coroutine whose code runs. */
static inline lua_State *wy_script_running(const wy_script *s) {
  return s->top ? s->top->co : s->running ? s->running->co : s->L;
}

/* Pushes the line that called, `file:line: `, of code that is not lua/weiyue's own; or "". */
void wy_push_where(lua_State *L);

void wy_coroutine_install(lua_State *L); /* replaces the functions of the coroutine library */
void *wy_script_alloc(void *ud, void *block, size_t old, size_t n); /* memory.c: a lua_Alloc */
void wy_script_drop_spares(wy_script *s);

/* Cancels the tasks that have this body. */
void wy_tasks_cancel_of(wy_script *s, const wy_task_body *body);

/* Of wx.after: begins those set while the script was paused; frees all. */
void wy_timers_begin(wy_script *s);
void wy_timers_drop(wy_script *s);

#endif
