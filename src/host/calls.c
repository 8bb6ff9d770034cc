/* The module weiyue.push: what lua/weiyue asks of the push that a task handles. A push is named by
 * its number, msg.push; one that has ended is unknown. */
#include <lauxlib.h>

#include "base/err.h"
#include "host/exchange.h"
#include "host/record.h"

static edition *edition_of(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(1)); }
static worker *worker_of(lua_State *L) { return edition_of(L)->worker; }

static exchange *arg(lua_State *L) {
  lua_Integer serial = lua_tointeger(L, 1);
  exchange *x = serial ? wy_exchange_find(worker_of(L), serial) : NULL;
  return x && x->phase != LINGERING ? x : NULL; /* its answer stays a while, nothing else */
}

/* way(push) → "reply" | "late" | "hold" | "mailbox" | "success", or nil: it has ended */
static int l_way(lua_State *L) {
  exchange *x = arg(L);
  lua_pushstring(L, x ? wy_way_name(x->t.way) : NULL);
  return 1;
}

/* attempt(push) → which of WeChat's attempts this is now; whether another host may have handled it
 * before */
static int l_attempt(lua_State *L) {
  exchange *x = arg(L);
  if (!x) return 0;
  lua_pushinteger(L, x->t.attempt);
  lua_pushboolean(L, x->t.redelivered);
  return 2;
}

/* trace(push) → the word that stands in its log lines, of a conversation's newest message; also
 * when it has ended */
static int l_trace(lua_State *L) {
  const worker *w = worker_of(L);
  const exchange *x = arg(L);
  char trace[WY_TRACE];
  wy_trace_hex(w->trace_seed, (uint64_t)(x ? x->t.number : luaL_checkinteger(L, 1)), trace);
  lua_pushstring(L, trace);
  return 1;
}

/* deadline(push) → unix seconds: WeChat stops waiting for the answer soon after; nil: it has ended
 */
static int l_deadline(lua_State *L) {
  const exchange *x = arg(L);
  if (!x) return 0;
  wy_clock *clock = &x->desk->worker->clock;
  lua_Number waited = (lua_Number)(wy_clock_now_ms(clock) - x->t.arrived) / 1000;
  lua_pushnumber(L,
                 (lua_Number)wy_clock_wall_ms(clock) / 1000 + x->desk->account->deadline - waited);
  return 1;
}

/* given(push) → true when the push has its answer, or has ended */
static int l_given(lua_State *L) {
  exchange *x = arg(L);
  lua_pushboolean(L, !x || x->t.given != NOTHING);
  return 1;
}

/* check(push, reply) → true, or nil and what is wrong with the reply */
static int l_check(lua_State *L) {
  exchange *x = arg(L);
  wy_reply_cut cut;
  const char *what = NULL;
  lua_settop(L, 2);
  int err = x ? wy_reply_build_value(L, 2, x, &what, &cut) : 0;
  if (!err) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushfstring(L, "%s%s%s", wy_err_text(err), what ? ": " : "", what ? what : "");
  return 2;
}

/* answer(push, reply) → true: it is the push's answer; false: too late. Raises for what is no
 * reply. */
static int l_answer(lua_State *L) {
  exchange *x = arg(L);
  wy_reply_cut cut;
  const char *what;
  lua_settop(L, 2);
  if (!x || x->t.given != NOTHING || wy_broker_may_reply(x) == REPLY_NO) {
    lua_pushboolean(L, 0);
    return 1;
  }
  int err = wy_reply_build_value(L, 2, x, &what, &cut);
  if (err) return luaL_error(L, "%s%s%s", wy_err_text(err), what ? ": " : "", what ? what : "");
  wy_exchange_count(x, WY_WAY_REPLY);
  wy_exchange_say(x, wy_buf_view(&x->desk->worker->reply), true);
  lua_pushboolean(L, 1);
  return 1;
}

/* can_late(push) → true when a customer service message may reach its user */
static int l_can_late(lua_State *L) {
  exchange *x = arg(L);
  lua_pushboolean(L, x && wy_broker_can_late(x));
  return 1;
}

/* untold(change?) → whether answers may wait of which their users were not told; asked for every
 * reply. change: so many more of them */
static int l_untold(lua_State *L) {
  atomic_int *untold = &worker_of(L)->host->mailbox.untold;
  int change = (int)lua_tointeger(L, 1);
  if (change) atomic_fetch_add_explicit(untold, change, memory_order_relaxed);
  lua_pushboolean(L, atomic_load_explicit(untold, memory_order_relaxed) > 0);
  return 1;
}

/* has_sender() → true when the program sends customer service messages: by WeChat's API they leave
 * where it does not */
static int l_has_sender(lua_State *L) {
  lua_pushboolean(L, worker_of(L)->host->sender != NULL);
  return 1;
}

/* hold(number, openid) → true: the page has its user; false: he is busy, and is to be asked for
 * again */
static int l_hold(lua_State *L) { return wy_page_hold(L, worker_of(L)); }

/* release(number): others may have him */
static int l_release(lua_State *L) { return wy_page_release(L, worker_of(L)); }

/* keep(push) → true: at its end deliver is called, since msg:say has kept something */
static int l_keep(lua_State *L) {
  exchange *x = arg(L);
  if (x) x->said = true;
  lua_pushboolean(L, x != NULL);
  return 1;
}

/* facts(push) → what the outbox needs to know of it (weiyue.outbox.Push); nil: it has ended */
static int l_facts(lua_State *L) {
  exchange *x = arg(L);
  if (!x) return 0;
  wy_exchange_push_facts(L, x);
  return 1;
}

/* turns(push) → how many answers its conversation got */
static int l_turns(lua_State *L) {
  const exchange *x = arg(L);
  lua_pushinteger(L, x ? x->turns : 0);
  return 1;
}

/* sent(push, n) → customer service messages that left for it before, and counts n more */
static int l_sent(lua_State *L) {
  exchange *x = arg(L);
  unsigned n = (unsigned)luaL_checkinteger(L, 2);
  lua_pushinteger(L, x ? x->t.sent : 0);
  if (x) x->t.sent += n;
  return 1;
}

/* parked(push) → the number of the user's other conversation, which waits; whether its question is
 * still unread. nil: there is none */
static int l_parked(lua_State *L) {
  const exchange *x = arg(L), *parked = x ? x->slot->parked : NULL;
  if (!parked) return 0;
  lua_pushinteger(L, parked->serial);
  lua_pushboolean(L, parked->unread);
  return 2;
}

/* read(push): the question of the user's other conversation is unread no more */
static int l_read(lua_State *L) {
  exchange *x = arg(L);
  if (x && x->slot->parked) x->slot->parked->unread = false;
  return 0;
}

/* may_ask(push): raises where park would */
static int l_may_ask(lua_State *L) {
  exchange *x = arg(L);
  /* who has swallowed the end of his conversation once is not asked a second time */
  if (x && x->dropped && wy_task_can_wait(L) == x->task) return wy_task_exit(L, x->task);
  wy_park_check(L, x);
  return 0;
}

/* give_up(push): ends the handler that would ask, without an error in the log */
static int l_give_up(lua_State *L) {
  exchange *x = arg(L);
  wy_park_check(L, x);
  return wy_park_give_up(L, x);
}

/* park(push, accept, unread) → the next message that it accepts */
static int l_park(lua_State *L) {
  exchange *x = arg(L);
  wy_park_check(L, x);
  return wy_park(L, x);
}

/* forget(account, openid): answers to this user, his conversations: gone, on all workers */
static int l_forget(lua_State *L) {
  const edition *e = edition_of(L);
  size_t i = (size_t)luaL_checkinteger(L, 1) - 1;
  luaL_argcheck(L, i < e->generation->n_accounts, 1, "no such account");
  wy_str openid;
  openid.p = luaL_checklstring(L, 2, &openid.n);
  wy_forget_user(e->worker, &e->generation->accounts[i], openid);
  return 0;
}

typedef struct counter {
  const char *name;
  size_t at;
} counter;

#define DESK(field) offsetof(wy_desk_stats, field)
#define WORKER(field) offsetof(wy_worker_stats, field)

static const counter desk_counters[] = {
    {"late_messages", DESK(late_messages)}, {"late_failed", DESK(late_failed)},
    {"mailbox_put", DESK(mailbox_put)},     {"api_calls", DESK(api_calls)},
    {"api_failed", DESK(api_failed)},       {"token_fetches", DESK(token_fetches)},
    {"mailbox_taken", DESK(mailbox_taken)}};
static const counter worker_counters[] = {{"timer_runs", WORKER(timer_runs)},
                                          {"timer_skipped", WORKER(timer_skipped)},
                                          {"timer_late", WORKER(timer_late)},
                                          {"timer_errors", WORKER(timer_errors)}};

static int add_to(lua_State *L, void *stats, const counter *c, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++) {
    if (strcmp(c[i].name, name) != 0) continue;
    wy_metric_add((uint64_t *)(void *)((char *)stats + c[i].at), 1);
    return 0;
  }
  return luaL_error(L, "no counter %s", name);
}

/* count(name [, account]): one more of a worker's or of an account's */
static int l_count(lua_State *L) {
  worker *w = worker_of(L);
  const char *name = luaL_checkstring(L, 1);
  if (lua_isnoneornil(L, 2))
    return add_to(L, &w->stats, worker_counters, sizeof worker_counters / sizeof *worker_counters,
                  name);
  size_t i = (size_t)luaL_checkinteger(L, 2) - 1;
  edition *e = edition_of(L);
  luaL_argcheck(L, i < e->generation->n_accounts, 2, "no such account");
  return add_to(L, e->desks[i].stats, desk_counters, sizeof desk_counters / sizeof *desk_counters,
                name);
}

void wy_calls_open(edition *e, lua_State *L) {
  static const luaL_Reg functions[] = {{"way", l_way},
                                       {"deadline", l_deadline},
                                       {"attempt", l_attempt},
                                       {"given", l_given},
                                       {"trace", l_trace},
                                       {"answer", l_answer},
                                       {"can_late", l_can_late},
                                       {"has_sender", l_has_sender},
                                       {"hold", l_hold},
                                       {"release", l_release},
                                       {"keep", l_keep},
                                       {"parked", l_parked},
                                       {"read", l_read},
                                       {"facts", l_facts},
                                       {"turns", l_turns},
                                       {"sent", l_sent},
                                       {"may_ask", l_may_ask},
                                       {"give_up", l_give_up},
                                       {"park", l_park},
                                       {"send", wy_late_send},
                                       {"count", l_count},
                                       {"forget", l_forget},
                                       {"check", l_check},
                                       {"untold", l_untold},
                                       {NULL, NULL}};
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  luaL_newlibtable(L, functions);
  lua_pushlightuserdata(L, e);
  luaL_setfuncs(L, functions, 1);
  if (e->worker->host->record) { /* else Lua finds no such function, and does nothing for it */
    lua_pushlightuserdata(L, e);
    lua_pushcclosure(L, wy_record_call, 1);
    lua_setfield(L, -2, "record");
  }
  lua_setfield(L, -2, "weiyue.push");
  lua_pop(L, 1);
}
