/* rig: a host for specs, on a clock that they move: no socket, no thread, no time passes. Pushes go
 * the way of all pushes, from the gate to the sealed answer. */
#ifndef WY_HOST_RIG_H
#define WY_HOST_RIG_H

#include <lua.h>

/* Makes `require "weiyue.rig"` work in this state. Its functions; durations and times are seconds:
 *   rig.new(text, folder, wall [, keep [, options]]) → host, or nil and a list of problems
 * (English). wall: unix time; keep: generations are kept in the state folder; options: wire: HTTP
 * calls are the spec's to answer; seed: of math.random host:push(account, query, body) → push;
 * account: its number in the configuration host:advance(seconds)   what is due meanwhile happens,
 * in order; 0: what is ready now host:step(until)        the next thing that happens: rig.c
 *   host:ask(what) → JSON text: "reload", "promote", "rollback", "status"; done at once
 *   host:now() → unix time
 *   host:send(how)          whether customer service messages can be sent, from the next push on:
 * nil nobody sends, "ok", "fail", "wait" (until host:sent_one) host:sent() → list of { account,
 * json } since it was last asked host:sent_one(ok)       ends the oldest message that waits
 *   host:log() → list of lines since it was last asked
 *   host:metrics() → text
 *   host:mask(text) → the text without its state's secrets
 *   host:answers(account) → how many pushes were answered, by way
 *   rig.socket, close, host:calls, answer, serve          HTTP calls of plugins: rig_calls.c
 *   host:listen, fetch                 requests to the host over a socket: rig_fetch.c
 *   host:left, weigh                   what a spec leaves behind: rig_look.c
 *   host:free()             also by the garbage collector
 *   push:answer() → body as WeChat would get it ("success"), or nil: none yet
 *   push:status() → 200, or the status of a refusal; 0: closed without an answer; nil: none yet
 *   push:way() → "reply", "late" …, or nil: none yet
 *   push:trace() → as in the log; "": it came again
 *   push:leave()            the client hangs up */
void wy_rig_preload(lua_State *L);
int wy_open_rig(lua_State *L); /* pushes the module */

#endif
