/* limits: what running Lua code may use of the processor, and what ends it.
 *
 * A stint is what is accounted for: a task's turn, or a protected run of loading code. A count hook
 * looks at the clock: it suspends a task that has run for a slice, where every coroutine of the
 * chain can be suspended, and stops a stint that is over. Stopping raises an error that pcall and
 * its like let through; what is pending in <close> variables has a grace, and is cut then.
 *
 * The hook costs each instruction a little, so that a push's task begins without it: weiyue's own
 * Lua code switches it on to call a plugin's. weiyue's own code is neither suspended
 * nor stopped in the middle, unless it takes long. */
#ifndef WY_SCRIPT_LIMITS_H
#define WY_SCRIPT_LIMITS_H

#include <lua.h>

#include "script/task.h"

typedef struct stint {
  uint64_t cpu_ns; /* used before the slice that runs */
  uint64_t budget; /* ns; 0: the limit of tasks */
  wy_fault over;   /* why it is to stop; WY_FAULT_NONE: it is not */
  bool raised;     /* it was told: what runs are <close> variables */
  bool cut;        /* and had their time */
  char *text;      /* where it was stopped and why, with a traceback */
} stint;

/* In coroutine L: the hook is on from here. */
void wy_limits_watch(lua_State *L);

/* A coroutine that L makes: it is watched from its first instruction where anything is limited. */
void wy_limits_inherit(lua_State *L, lua_State *co);

/* For C code that runs long: every 50 us or so. Raises when the stint is over. */
void wy_limits_tick(lua_State *L);

/* C code has worked for long: the hook looks at the clock with the next instruction. */
void wy_limits_rush(lua_State *L);

/* Raises when the running stint was told to stop and has not heard it yet, or was cut. */
void wy_limits_check(lua_State *L);

void wy_limits_count(wy_script *s, wy_fault fault); /* one task more ended so */

/* It is to stop; what was told so already is cut. */
void wy_limits_over(wy_script *s, stint *st, wy_fault why);

/* Is the value at index what stops the running stint? Whoever catches it raises it again. */
bool wy_limits_is_stop(lua_State *L, int index);
int wy_limits_raise(lua_State *L); /* never returns */

/* An error reaches the stint's end: what is told is where. */
void wy_limits_told(lua_State *L, stint *st);

/* The text of a stint that was stopped: pushed. */
void wy_limits_push_text(lua_State *L, const stint *st);
void wy_limits_push_refusal(lua_State *L); /* why there was no memory, and where */

/* A task's own: it begins, it ends. */
void wy_limits_begin(wy_task *t);
void wy_limits_end(wy_task *t);

/* Around what runs in a stint: of a task, of loading code. */
void wy_limits_enter(wy_script *s);
void wy_limits_leave(wy_script *s, stint *st);

/* Calls the function under nargs arguments on L's stack as lua_pcall does, as a stint of its own
 * with this budget. Where it is stopped, or raises, the error is a text. */
int wy_limits_call(lua_State *L, int nargs, uint64_t budget_ns);

void wy_limits_install(lua_State *L); /* what stops, in the registry */

/* wall.c: a task is to be over so many ms from now. */
void wy_wall_open(wy_script *s);
void wy_wall_set(wy_task *t, uint64_t ms);
void wy_wall_close(wy_script *s);

#endif
