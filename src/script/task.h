/* task: one coroutine that the host runs, and the bridge between libuv callbacks and Lua.
 *
 * A pending operation embeds a wy_wait. Callbacks never touch Lua values: they store C data and
 * wake; the results are pushed later, inside the coroutine, by wait->finish. The order for whoever
 * arms an operation: check the arguments, wy_task_can_wait, allocate and arm, wy_task_await.
 *
 * Woken tasks stand on a ready list that the outermost caller drains: resumes never nest. */
#ifndef WY_SCRIPT_TASK_H
#define WY_SCRIPT_TASK_H

#include <lua.h>

#include "base/list.h"
#include "script/state.h"

typedef struct wy_task wy_task;
typedef struct wy_wait wy_wait;

struct wy_wait {
  wy_task *task;
  int status;                    /* given by the one who wakes; 0 or WY_E_* */
  void (*cancel)(wy_wait *wait); /* stops the operation and wakes with WY_E_CANCELLED */
  int (*finish)(lua_State *L,
                wy_wait *wait); /* in the coroutine: frees the operation, pushes results */
  void (*drop)(wy_wait *wait);  /* the state is going away: stop and free, no Lua */
};

/* Why a task ended before its time, or raised. */
typedef enum wy_fault {
  WY_FAULT_NONE,
  WY_FAULT_ERROR,    /* its own error */
  WY_FAULT_CPU,      /* processor time in all */
  WY_FAULT_STUCK,    /* where it could not be suspended */
  WY_FAULT_WALL,     /* its duration */
  WY_FAULT_WATCHDOG, /* wy_script_interrupt */
  WY_FAULT_MEMORY,
  WY_FAULT_END
} wy_fault;

const char *wy_fault_event(wy_fault fault); /* for the log: lua.error, lua.timeout, lua.oom */
const char *wy_fault_name(wy_fault fault);  /* for metrics: cpu, stuck, wall, watchdog, memory */

typedef struct wy_task_body {
  /* Pushes the function and its arguments; returns how many arguments. Runs in the coroutine. */
  int (*begin)(lua_State *L, void *data);
  /* The function has returned (ok: its results are the values from index 2 to the top) or raised
   * (the top is a text with a traceback). Runs in the coroutine, once. It frees data last: where it
   * raises for want of memory, lost is called after it. */
  void (*end)(lua_State *L, bool ok, void *data);
  /* The function raises just now: the stack still shows where. May be NULL; must not raise. */
  void (*raised)(lua_State *L, void *data);
  /* Pushes the function, and takes nothing: for who looks where a task begins that has not run. May
   * be NULL. */
  void (*look)(lua_State *L, void *data);
  /* Instead of end, when the state had no memory to run begin or end, or was closed. No Lua. */
  void (*lost)(void *data);
  /* begin gives a function of weiyue's own, which calls a plugin's by weiyue.limits. */
  bool trusted;
  /* Where in data the key (wy_hash128) of the push stands that it runs for; 0: for none. Read at
   * each resume, for wy_script_beat. */
  size_t key;
} wy_task_body;

/* Starts a task; it runs at once when no other does, else from the ready list. The task's own
 * memory is the scheduler's. 0 or WY_E_NOMEM (then body->lost was not called). */
int wy_task_start(wy_script *s, const wy_task_body *body, void *data);

/* The same, telling which task it is before it runs: *out is valid until body's end or lost. */
int wy_task_start_in(wy_script *s, const wy_task_body *body, void *data, wy_task **out);

/* Raises where the running code may not wait: outside a task, after a cancel, while plugins load,
 * or inside a C function that cannot be suspended (sort, gsub, a metamethod). */
wy_task *wy_task_can_wait(lua_State *L);

/* As lua_error, with the line of the plugin's that called in front of the text. */
int wy_raise(lua_State *L, const char *text);

/* Suspends the running task until wy_wait_wake; call as `return wy_task_await(L, wait)`. */
int wy_task_await(lua_State *L, wy_wait *wait);
void wy_wait_wake(wy_wait *wait, int status);

/* Ends the running task where it stands, pcall or not; its pending <close> variables run (not
 * those of a coroutine that it has made itself), and body.lost instead of body.end. Call as `return
 * wy_task_exit(L, t)`. */
int wy_task_exit(lua_State *L, wy_task *task);

/* The next wait is for a user, who has all the time: nothing counts until the turn that follows,
 * and that begins anew. */
void wy_task_rest(wy_task *task);
void wy_task_turn(wy_task *task);

/* It has done a part of what has no end: its processor time is counted anew. */
void wy_task_breathe(wy_task *task);

/* Wakes it with an error where it waits, without a line in the log; its next waits raise, too. */
void wy_task_cancel(wy_task *task);

/* How many tasks ended so; of NONE: of any limit. */
uint64_t wy_script_stopped(const wy_script *s, wy_fault fault);

/* In a body's end: why it is not ok. */
wy_fault wy_task_fault(const wy_script *s);

/* Wakes what wx.spawn and wx.after have started with an error where it waits, without a line in the
 * log, and its next waits raise, too; timers of
 * wx.after that wait are dropped. Returns how many tasks ended at once. */
size_t wy_tasks_cancel_spawned(wy_script *s);
size_t wy_tasks_count(const wy_script *s);

/* For who looks for what was left: each task, and where in a plugin's code it stands (file:line;
 * "": only weiyue's own runs). */
void wy_tasks_tell(wy_script *s, void (*tell)(void *data, const wy_task *t, const char *where),
                   void *data);

/* A task runs, or waits for its turn: what is started now will not run before it returns. */
bool wy_script_busy(const wy_script *s);

/* Runs what is ready; on a virtual clock not more tasks at a time than a chain without an end needs
 * to be seen. Nothing when called from inside a task. */
void wy_tasks_drain(wy_script *s);

/* Runs one slice of the task that was suspended first, and what is ready then. True: others were
 * suspended, too. The owner lets the loop look at its sockets between any two. */
bool wy_script_slice(wy_script *s);

#endif
