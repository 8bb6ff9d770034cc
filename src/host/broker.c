/* The deadline broker: what becomes of a push whose handler is not done when WeChat is about to
 * give up. In this order: a late message, silence (so that the retry joins), the mailbox. */
#include "host/exchange.h"

enum {
  ATTEMPTS = 3, /* WeChat's: the last one is always answered */
};

/* Whether WeChat shows the user what we answer: asked once, and only when it matters. */
may_reply wy_broker_may_reply(exchange *x) {
  turn *t = &x->t;
  if (t->may_reply == REPLY_UNASKED) {
    lua_State *L = wy_script_lua(x->desk->edition->script);
    if (!t->is_event && t->user_message) t->may_reply = REPLY_YES;
    else if (!x->from_n) t->may_reply = REPLY_NO; /* of a third-party platform: from nobody */
    else if (wy_call_flag(L, "weiyue.is_special", t->type, t->event)) t->may_reply = REPLY_SPECIAL;
    else
      t->may_reply = wy_call_flag(L, "weiyue.may_reply", t->type, t->event) ? REPLY_YES : REPLY_NO;
  }
  return t->may_reply;
}

/* The account may send customer service messages, and somebody does. For an authorizer that is
 * WeChat's API alone: the program's sender does not know of him. */
static bool can_send(const exchange *x) {
  const desk *d = x->desk;
  if (x->authorizer[0])
    return d->account->has_api &&
           wy_call_flag(wy_script_lua(d->edition->script), "weiyue.authorizer_can", x->authorizer,
                        "customer_service");
  return d->account->can_kf && (d->worker->host->sender || d->account->has_api);
}

/* A customer service message would reach him: one can be sent, and the trigger opens a window. */
bool wy_broker_can_late(exchange *x) {
  return can_send(x) && wy_call_flag(wy_script_lua(x->desk->edition->script), "weiyue.window",
                                     x->t.type, x->t.event);
}

/* That window lets one more message go. */
static bool window_open(const exchange *x) {
  lua_State *L = wy_script_lua(x->desk->edition->script);
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.window_open");
  lua_pushstring(L, x->t.type);
  lua_pushstring(L, x->t.event);
  lua_pushinteger(L, (lua_Integer)x->t.created);
  lua_pushinteger(L, x->t.sent);
  bool yes = lua_pcall(L, 4, 1, 0) == LUA_OK && lua_toboolean(L, -1);
  lua_settop(L, top);
  return yes;
}

static wy_str build_text(exchange *x, const char *text) {
  wy_reply_cut cut;
  if (!text || !*text || wy_reply_build_text(x, wy_str_of(text), &cut)) return (wy_str){0};
  return wy_buf_view(&x->desk->worker->reply);
}

wy_str wy_waiting_text(exchange *x) { return build_text(x, x->desk->account->waiting); }
wy_str wy_apology_text(exchange *x) { return build_text(x, x->desk->account->apology); }

static void type_hint(exchange *x) {
  lua_State *L = wy_script_lua(x->desk->edition->script);
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.typing");
  if (x->authorizer[0]) lua_pushstring(L, x->authorizer);
  else lua_pushinteger(L, (lua_Integer)x->desk->account->index + 1);
  lua_pushlstring(L, x->from, x->from_n);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK)
    wy_exchange_log(x, WY_LOG_ERROR, "lua.error", NULL, "text", lua_tostring(L, -1));
  lua_settop(L, top);
}

/* Whether silence is left, which is counted then: its retry will come, to this host or to the one
 * that takes over. */
bool wy_broker_may_hold(exchange *x) {
  worker *w = x->desk->worker;
  if (x->t.attempt >= ATTEMPTS || (atomic_load(&w->host->stopping) && !w->host->giving))
    return false;
  return wy_budget_take(&x->desk->account->ledger->budget, wy_clock_now_ms(&w->clock));
}

static wy_way choose(exchange *x) {
  may_reply may = wy_broker_may_reply(x);
  if (may == REPLY_NO) return WY_WAY_SUCCESS;
  if (may == REPLY_YES && wy_broker_can_late(x) && window_open(x)) return WY_WAY_LATE;
  if (wy_broker_may_hold(x)) return WY_WAY_HOLD;
  return may == REPLY_YES ? WY_WAY_MAILBOX : WY_WAY_SUCCESS;
}

static void decide(exchange *x, caller *c) {
  wy_host *host = x->desk->worker->host;
  c->due = 0;
  x->t.way = choose(x);
  wy_exchange_count(x, x->t.way);
  switch (x->t.way) {
    case WY_WAY_HOLD: c->held = true; break;
    case WY_WAY_MAILBOX: /* which a host that stops takes with it: it promises nothing then */
      wy_exchange_say(x, atomic_load(&host->stopping) ? wy_apology_text(x) : wy_waiting_text(x),
                      true);
      break;
    case WY_WAY_LATE:
      wy_exchange_say(x, (wy_str){0}, true);
      if (x->t.user_message) type_hint(x);
      break;
    default: wy_exchange_say(x, (wy_str){0}, true);
  }
}

static void on_due(wy_timer *timer) {
  exchange *x = wy_container_of(timer, exchange, timer);
  worker *w = x->desk->worker;
  wy_script *script = x->desk->edition->script;
  uint64_t now = wy_clock_now_ms(&w->clock);
  /* Deciding on one may answer them all. */
  for (wy_list *n = x->t.callers.next; n != &x->t.callers;) {
    caller *c = wy_container_of(n, caller, link);
    n = n->next;
    if (!c->due || c->due > now) continue;
    decide(x, c);
    if (x->t.given != NOTHING) break;
  }
  wy_broker_arm(x);
  wy_tasks_drain(script);
}

void wy_broker_arm(exchange *x) {
  worker *w = x->desk->worker;
  uint64_t due = 0;
  for (wy_list *n = x->t.callers.next; n != &x->t.callers; n = n->next) {
    const caller *c = wy_container_of(n, caller, link);
    if (c->due && (!due || c->due < due)) due = c->due;
  }
  if (!due) {
    wy_timer_stop(&w->clock, &x->timer);
    return;
  }
  uint64_t now = wy_clock_now_ms(&w->clock);
  x->timer.fire = on_due;
  if (wy_timer_start(&w->clock, &x->timer, due > now ? due - now : 0))
    wy_exchange_say(x, (wy_str){0}, true); /* no memory: better nothing than too late */
}
