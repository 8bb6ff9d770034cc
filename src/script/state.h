/* state: one Lua state with its scheduler: what a generation is on one worker.
 *
 * Lua's own part of weiyue (lua/weiyue) is embedded; with a lua_path its files are read from there
 * instead, for those who work on them. */
#ifndef WY_SCRIPT_STATE_H
#define WY_SCRIPT_STATE_H

#include <lua.h>

#include "base/beat.h"
#include "base/clock.h"
#include "base/log.h"

typedef struct wy_script wy_script;

typedef struct wy_script_options {
  wy_clock *clock; /* what sleeps and timers follow */
  const wy_log *log;
  const char *lua_path; /* folder with weiyue/…; NULL: the embedded files */
} wy_script_options;

int wy_script_new(wy_script **out, const wy_script_options *options);

/* Ends every task and timer without running them further, and closes the state. */
void wy_script_free(wy_script *s);

/* Where it shows from now on when Lua runs, and for which push; *running is then this script, for
 * the handler of a signal on its thread, and NULL when nothing runs. */
void wy_script_beat(wy_script *s, wy_beat *beat, wy_script *volatile *running);

lua_State *wy_script_lua(wy_script *s);
wy_script *wy_script_of(lua_State *L);
const wy_log *wy_script_log(wy_script *s);
wy_clock *wy_script_clock(wy_script *s);

/* Makes one search folder (with ?.lua and ?/init.lua) known to the global require. */
int wy_script_add_path(wy_script *s, const char *folder);

/* An embedded file of lua/weiyue by its module name ("weiyue.rules"); p NULL: there is none. */
wy_str wy_embedded_lua(const char *module);

#endif
