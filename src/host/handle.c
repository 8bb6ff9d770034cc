/* The task of an exchange: the message to Lua, what comes back to an answer. Whatever a handler
 * does, WeChat gets an answer it understands, and never a 5xx. */
#include <lauxlib.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "host/exchange.h"
#include "script/modules.h"

enum { NEAR = 100 }; /* frames looked at for a rule: an endless recursion has a million */

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- begin --- */

static int push_message(lua_State *L, exchange *x) {
  desk *d = x->desk;
  worker *w = d->worker;
  x->t.began = now_ns();
  wy_script_set_push(d->edition->script, (uint64_t)x->t.number, (unsigned)d->account->index + 1);
  if (x->t.text) {
    wy_str text = {x->t.text, x->t.text_n};
    wy_msg_parse(&w->opened.msg, text); /* it was read once already: it is good */
    wy_push_msg(L, &w->opened.msg, text);
  } else {
    wy_push_msg(L, &w->opened.msg, w->opened.text);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, d->object_ref);
  lua_setfield(L, -2, "account");
  if (x->authorizer[0]) {
    lua_pushstring(L, x->authorizer);
    lua_setfield(L, -2, "authorizer");
  }
  lua_pushinteger(L, x->serial);
  lua_setfield(L, -2, "push");
  return 1;
}

static int begin(lua_State *L, void *data) {
  exchange *x = data;
  lua_rawgeti(L, LUA_REGISTRYINDEX, x->desk->dispatch_ref);
  return push_message(L, x);
}

/* --- the handler raises --- */

#define DISPATCH "=[weiyue.dispatch]"
#define DISPATCH_FILE "weiyue/dispatch.lua" /* with a lua_path */

/* A plugin's own frame may be gone, by a tail call, but dispatch still holds the rule it runs, in a
 * local named so. */
static void raised(lua_State *L, void *data) {
  exchange *x = data;
  lua_Debug ar;
  int top = lua_gettop(L);
  for (int level = 1; level < NEAR && !x->where[0] && lua_getstack(L, level, &ar); level++) {
    const char *name;
    lua_getinfo(L, "S", &ar);
    if (!strstr(ar.source, DISPATCH) && !strstr(ar.source, DISPATCH_FILE)) continue;
    for (int i = 1; (name = lua_getlocal(L, &ar, i)) != NULL; i++) {
      if ((strcmp(name, "rule") == 0 || strcmp(name, "use") == 0) && lua_istable(L, -1)) {
        lua_pushliteral(L, "where");
        lua_rawget(L, -2);
        if (lua_type(L, -1) == LUA_TSTRING)
          snprintf(x->where, sizeof x->where, "%s", lua_tostring(L, -1));
      }
      lua_settop(L, top);
    }
  }
}

/* --- the answer --- */

static void count(exchange *x, wy_way way) {
  if (x->t.given != NOTHING) return; /* counted when it was given */
  wy_exchange_count(x, way);
}

static bool has_apology(const exchange *x) {
  const char *text = x->desk->account->apology;
  return text && text[0];
}

/* The handler failed: the user hears that, where an answer is allowed and still possible. */
static void end_with_apology(exchange *x) {
  wy_str body = {0};
  if (x->t.given == NOTHING && wy_broker_may_reply(x) != REPLY_NO) body = wy_apology_text(x);
  count(x, WY_WAY_APOLOGY);
  wy_exchange_end(x, body);
}

static void log_bad_reply(lua_State *L, const exchange *x, const char *where, int err,
                          const char *what) {
  wy_line line;
  if (!wy_ration_error(&x->desk->worker->ration, "lua.bad_reply", where, NULL)) return;
  wy_exchange_line(&line, x, WY_LOG_ERROR, "lua.bad_reply");
  wy_line_z(&line, "where", where);
  wy_line_z(&line, "reason", wy_err_reason(err));
  wy_line_z(&line, "field", what);
  wy_line_z(&line, "type", luaL_typename(L, 2));
  wy_line_z(&line, "text", wy_err_text(err));
  wy_exchange_line_end(&line, x);
}

/* The text is on top. */
static void log_failure(lua_State *L, const exchange *x) {
  const wy_script *script = x->desk->edition->script;
  int top = lua_gettop(L);
  const char *text = lua_tostring(L, -1), *plugin = NULL;
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.plugin_of");
  if (x->where[0] && lua_istable(L, -1)) {
    lua_getfield(L, -1, x->where);
    plugin = lua_tostring(L, -1);
  }
  wy_exchange_log_error(x, wy_fault_event(wy_task_fault(script)), plugin, text);
  lua_settop(L, top);
}

static void log_cut(lua_State *L, const exchange *x, const char *where, const wy_reply_cut *cut) {
  if (!cut->articles || !wy_call_flag(L, "weiyue.once", where, "articles")) return;
  char n[24];
  snprintf(n, sizeof n, "%zu", cut->articles);
  wy_exchange_log(x, WY_LOG_WARN, "reply.articles_cut", where, "articles_dropped", n);
}

/* Forward compatible: what this build does not know is answered like anything else, and told. */
static void log_unknown(const exchange *x) {
  wy_line line;
  wy_exchange_line(&line, x, WY_LOG_INFO, "msg.unknown_type");
  wy_line_z(&line, "type", x->t.type);
  if (x->t.event[0]) wy_line_z(&line, "msg_event", x->t.event);
  wy_exchange_line_end(&line, x);
}

static wy_handler *handler_at(lua_State *L, exchange *x, const char *where) {
  worker *w = x->desk->worker;
  wy_handler *h = wy_handlers_get(&w->stats.handlers, where, where);
  if (!h) {
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.plugin_of");
    lua_getfield(L, -1, where);
    const char *plugin = lua_tostring(L, -1);
    h = wy_handlers_find(&w->stats.handlers, where, plugin ? plugin : "", where);
    lua_settop(L, top);
  }
  return h;
}

/* The handler at `where` has ended; NULL: there was none. */
static void observe(lua_State *L, exchange *x, const char *where) {
  if (where) wy_histogram_observe(&handler_at(L, x, where)->time, now_ns() - x->t.began);
}

static void count_error(lua_State *L, exchange *x, const char *where) {
  wy_metric_add(&handler_at(L, x, where)->errors, 1);
}

/* --- what does not leave as the answer of this push --- */

typedef struct delivery {
  exchange *x;
  int ref; /* the reply */
} delivery;

/* Of the push that it answers now: a conversation's first message is not its latest. */
void wy_exchange_push_facts(lua_State *L, const exchange *x) {
  lua_createtable(L, 0, 7);
  lua_pushinteger(L, x->serial);
  lua_setfield(L, -2, "push");
  lua_rawgeti(L, LUA_REGISTRYINDEX, x->desk->object_ref);
  lua_setfield(L, -2, "account");
  if (x->authorizer[0]) {
    lua_pushstring(L, x->authorizer);
    lua_setfield(L, -2, "authorizer");
  }
  lua_pushlstring(L, x->from, x->from_n);
  lua_setfield(L, -2, "openid");
  lua_pushstring(L, x->t.type);
  lua_setfield(L, -2, "type");
  if (x->t.is_event) {
    lua_pushstring(L, x->t.event);
    lua_setfield(L, -2, "event");
  }
  lua_pushinteger(L, x->t.created);
  lua_setfield(L, -2, "created");
  lua_pushstring(L, x->where);
  lua_setfield(L, -2, "where");
}

static int deliver_begin(lua_State *L, void *data) {
  delivery *d = data;
  const desk *at = d->x->desk;
  wy_script_set_push(at->edition->script, (uint64_t)d->x->t.number,
                     (unsigned)at->account->index + 1);
  lua_getfield(L, LUA_REGISTRYINDEX, "weiyue.deliver");
  wy_exchange_push_facts(L, d->x);
  lua_rawgeti(L, LUA_REGISTRYINDEX, d->ref);
  luaL_unref(L, LUA_REGISTRYINDEX, d->ref);
  d->ref = LUA_NOREF;
  return 2;
}

static void deliver_end(lua_State *L, bool ok, void *data) {
  delivery *d = data;
  exchange *x = d->x;
  free(d);
  if (!ok) {
    log_failure(L, x);
    end_with_apology(x);
    return;
  }
  count(x, WY_WAY_SUCCESS);
  wy_exchange_end(x, (wy_str){0});
}

static void deliver_lost(void *data) {
  delivery *d = data;
  exchange *x = d->x;
  free(d);
  count(x, WY_WAY_SUCCESS);
  wy_exchange_end(x, (wy_str){0});
}

static const wy_task_body delivery_body = {
    .begin = deliver_begin, .end = deliver_end, .lost = deliver_lost};

/* The reply on top of the stack goes its way in a task of its own; the user's next message waits
 * for it. The stack is left as it was. */
static bool deliver(lua_State *L, exchange *x, const char *where) {
  delivery *d = malloc(sizeof *d);
  if (!d) return false;
  if (where) snprintf(x->where, sizeof x->where, "%s", where);
  lua_pushvalue(L, -1);
  d->ref = luaL_ref(L, LUA_REGISTRYINDEX);
  d->x = x;
  x->phase = DELIVERING;
  if (wy_task_start(x->desk->edition->script, &delivery_body, d) == 0) return true;
  luaL_unref(L, LUA_REGISTRYINDEX, d->ref);
  free(d);
  return false;
}

/* In the list of the worker's, this is all but always false. */
static bool needs_delivery(lua_State *L, exchange *x, bool nothing) {
  if (x->said) return true;
  if (nothing) return false;
  if (x->t.given != NOTHING) return true;
  if (x->turns && wy_broker_may_reply(x) == REPLY_NO) return true; /* an event that was accepted */
  if (lua_type(L, 2) == LUA_TSTRING) return lua_rawlen(L, 2) > WY_REPLY_TEXT;
  if (lua_type(L, 2) != LUA_TTABLE) return false;
  lua_pushliteral(L, "content");
  lua_rawget(L, 2);
  bool is_long = lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) > WY_REPLY_TEXT;
  lua_pop(L, 1);
  return is_long;
}

/* The handler failed: the user hears that the way he would have heard the answer. */
static void apologize(lua_State *L, exchange *x, const char *where) {
  bool late = x->t.given != NOTHING;
  if (late || x->said) {
    if (has_apology(x) && (!late || wy_broker_may_reply(x) == REPLY_YES))
      lua_pushstring(L, x->desk->account->apology);
    else lua_pushnil(L);
    if ((x->said || !lua_isnil(L, -1)) && deliver(L, x, where)) return;
  }
  end_with_apology(x);
}

/* --- end --- */

/* Whose handler has raised, or was stopped; not known: that of metrics for what has no row. */
static const char *failed_at(const exchange *x) { return x->where[0] ? x->where : "other"; }

static void end(lua_State *L, bool ok, void *data) {
  exchange *x = data;
  const char *where = ok ? lua_tostring(L, 3) : NULL, *what = NULL;
  x->task = NULL;
  if (ok || !x->dropped) observe(L, x, ok ? where : failed_at(x));
  if (x->dropped) { /* whatever it returns: the user is elsewhere */
    lua_settop(L, 1);
    lua_pushnil(L);
    if (x->said && deliver(L, x, NULL)) return;
    count(x, WY_WAY_SUCCESS);
    wy_exchange_end(x, (wy_str){0});
    return;
  }
  if (!ok) {
    count_error(L, x, failed_at(x));
    log_failure(L, x);
    apologize(L, x, NULL);
    return;
  }
  if (lua_toboolean(L, 4)) log_unknown(x);
  bool nothing = !lua_toboolean(L, 2) || (lua_type(L, 2) == LUA_TSTRING && lua_rawlen(L, 2) == 0);
  wy_reply_cut cut = {0};
  int err = nothing ? 0 : wy_reply_build_value(L, 2, x, &what, &cut);
  if (err) { /* told now, whatever becomes of the reply: the mailbox is read later, if ever */
    if (where) count_error(L, x, where);
    log_bad_reply(L, x, where, err, what);
    apologize(L, x, where);
    return;
  }
  log_cut(L, x, where ? where : "?", &cut);
  if (needs_delivery(L, x, nothing)) {
    lua_pushvalue(L, 2);
    if (deliver(L, x, where)) return;
  }
  if (nothing || x->t.given != NOTHING) {
    count(x, WY_WAY_SUCCESS);
    wy_exchange_end(x, (wy_str){0});
    return;
  }
  x->at = where;
  count(x, WY_WAY_REPLY);
  wy_exchange_end(x, wy_buf_view(&x->desk->worker->reply));
}

/* No value is made here that takes memory of the state. What msg:say has kept still leaves. */
static void lost(void *data) {
  exchange *x = data;
  worker *w = x->desk->worker;
  x->task = NULL;
  if (x->said && !w->given_up) {
    lua_State *L = wy_script_lua(x->desk->edition->script);
    lua_pushnil(L);
    bool delivers = deliver(L, x, NULL);
    lua_pop(L, 1);
    if (delivers) return;
  }
  count(x, WY_WAY_SUCCESS);
  wy_exchange_end(x, (wy_str){0});
}

static const wy_task_body body = {.begin = begin,
                                  .end = end,
                                  .raised = raised,
                                  .lost = lost,
                                  .trusted = true,
                                  .key = offsetof(exchange, t.key)};

int wy_exchange_begin(exchange *x) {
  worker *w = x->desk->worker;
  wy_script *script = x->desk->edition->script;
  if (wy_script_busy(script) && !x->t.text) {
    /* a pipelined push while a handler's answer is being sent */
    if (!wy_exchange_keep_text(x, w->opened.text)) return WY_E_NOMEM;
  }
  return wy_task_start_in(script, &body, x, &x->task);
}

/* What a conversation that goes on gets. */
int wy_exchange_push_message(lua_State *L, exchange *x) { return push_message(L, x); }
