/* state: one Lua state with its scheduler: what a generation is on one worker.
 *
 * Lua's own part of weiyue (lua/weiyue) is embedded; with a lua_path its files are read from there
 * instead, for those who work on them. */
#ifndef WY_SCRIPT_STATE_H
#define WY_SCRIPT_STATE_H

#include <lua.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"

typedef struct wy_script wy_script;

/* Whose turn it is, among the states of one thread: one task runs at a time, and what was woken
 * meanwhile waits here. */
typedef struct wy_turns {
  wy_list ready;
  bool running;
} wy_turns;

typedef struct wy_script_options {
  wy_clock *clock; /* what sleeps and timers follow */
  const wy_log *log;
  const char *lua_path; /* folder with weiyue/…; NULL: the embedded files */
  wy_turns *turns;      /* shared by the states of a thread; NULL: its own */
  bool paused;          /* built on another thread: timers wait for wy_script_begin */
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

lua_State *wy_script_lua(wy_script *s);
wy_script *wy_script_of(lua_State *L);
const wy_log *wy_script_log(wy_script *s);
wy_clock *wy_script_clock(wy_script *s);

/* Makes one search folder (with ?.lua and ?/init.lua) known to the global require. */
int wy_script_add_path(wy_script *s, const char *folder);

/* An embedded file of lua/weiyue by its module name ("weiyue.rules"); p NULL: there is none. */
wy_str wy_embedded_lua(const char *module);

#endif
