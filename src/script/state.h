/* state: one Lua state with its scheduler: what a generation is on one worker.
 *
 * Lua's own part of weiyue (lua/weiyue) is embedded; with a lua_path its files are read from there
 * instead, for those who work on them. */
#ifndef WY_SCRIPT_STATE_H
#define WY_SCRIPT_STATE_H

#include <lua.h>

#include "base/beat.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/ration.h"
#include "base/trace.h"

typedef struct wy_script wy_script;

/* Whose turn it is, among the states of one thread: one task runs at a time, and what was woken
 * meanwhile waits here. */
typedef struct wy_turns {
  wy_list ready;
  bool running;
} wy_turns;
/* What Lua code may use; 0: as much as it likes. */
typedef struct wy_limits {
  uint64_t slice_ns;     /* a task that has run for so long is suspended, for others to run */
  uint64_t slice_max_ns; /* CPU time of a stretch in which it cannot be suspended */
  uint64_t cpu_ns;       /* CPU time of a task, or of a turn of a conversation */
  uint64_t wall_ms;      /* its duration on the clock; waiting for its user does not count */
  size_t memory;         /* bytes of the state */
  unsigned timers;       /* of one plugin, at a time */
  unsigned tasks;        /* spawned by one plugin, at a time */
} wy_limits;

typedef struct wy_script_options {
  wy_clock *clock; /* what sleeps and timers follow */
  const wy_log *log;
  const char *lua_path; /* folder with weiyue/…; NULL: the embedded files */
  wy_turns *turns;      /* shared by the states of a thread; NULL: its own */
  bool paused;          /* built on another thread: timers wait for wy_script_begin */
  uint64_t trace_seed;  /* of base/trace */
  wy_ration *ration;    /* of lines about errors; NULL: none */
  /* A task was suspended: wy_script_slice (task.h) is to be called, again and again, until it says
   * that no more are. NULL: the owner asks by itself. */
  void (*more)(void *data);
  void *data;
} wy_script_options;

int wy_script_new(wy_script **out, const wy_script_options *options);

/* On the thread that it is to run on from now on, with the clock to follow: the timers that were
 * set while it was paused begin. */
void wy_script_begin(wy_script *s, wy_clock *clock);

/* Ends every task and timer without running them further: nothing of it runs any more, and any
 * thread may free it, after wy_script_leave. */
void wy_script_end(wy_script *s);

/* On the thread that is to free what was ended: finalizers ask this clock, and not the one of the
 * thread where it ran. */
void wy_script_leave(wy_script *s, wy_clock *clock);

/* The same where it was not done, and closes the state. */
void wy_script_free(wy_script *s);

/* From here on. A new state has none. */
void wy_script_set_limits(wy_script *s, const wy_limits *limits);

size_t wy_script_memory(const wy_script *s); /* bytes of the state */

/* Tells for each plugin, about, how many bytes are kept by it alone. Takes some time: 50 ms at
 * most. */
typedef void (*wy_weigh_fn)(void *data, const char *plugin, size_t bytes);
void wy_script_weigh(wy_script *s, wy_weigh_fn fn, void *data);

/* To be called now and then, outside of tasks. At most once a minute, and when much has changed, it
 * weighs the plugins; above 80 % of the cap it collects everything first, and where that leaves as
 * much it logs lua.memory and the state is short of memory. */
void wy_script_look_at_memory(wy_script *s, wy_weigh_fn fn, void *data);
bool wy_script_short_of_memory(const wy_script *s);

/* Calls fn, in protected mode, with ud as light userdata: code that loads, which runs outside of
 * any task. It is stopped after budget_ms of CPU time, whatever the limits are. 0, or a LUA_ERR…
 * with the text on the stack of wy_script_lua(s), with the line of the file where it was. */
int wy_script_guard(wy_script *s, unsigned budget_ms, lua_CFunction fn, void *ud);

/* Stops what runs now at its next instruction, be it a task or loading code. For a signal handler
 * on the thread that runs the state: nothing but flags and hooks are set. What does not run Lua
 * code is not stopped. */
void wy_script_interrupt(wy_script *s);
/* Where it shows from now on when Lua runs, and for which push; *running is then this script, for
 * the handler of a signal on its thread, and NULL when nothing runs. */
void wy_script_beat(wy_script *s, wy_beat *beat, wy_script *volatile *running);

lua_State *wy_script_lua(wy_script *s);
wy_script *wy_script_of(lua_State *L);
wy_clock *wy_script_clock(wy_script *s);

/* The running task works for the push of this number (of its own, on this worker) and for the
 * account of that number (from 1, in its generation; 0: none), and so does what it spawns: log
 * lines carry the push's trace, and what is kept is the account's. */
void wy_script_set_push(wy_script *s, uint64_t number, unsigned account);

/* The trace of the running task's push; "" where there is none. */
void wy_script_trace(const wy_script *s, char out[WY_TRACE]);

/* An embedded file of lua/weiyue by its module name ("weiyue.rules"); p NULL: there is none. */
wy_str wy_embedded_lua(const char *module);

#endif
