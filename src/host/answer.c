/* From what a handler returned to the body of an answer, in worker->reply: checked, limited,
 * written. */
#include <lauxlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "host/exchange.h"
#include "script/modules.h"

/* Bytes that are no text are a plugin's fault to be told, not to be mended in silence. */
static bool is_text(const wy_reply *r) {
  for (size_t i = 0; i < WY_REPLY_FIELDS; i++)
    if (r->fields[i].p && !wy_utf8_valid(r->fields[i])) return false;
  for (size_t i = 0; i < r->n_articles; i++) {
    const wy_article *a = &r->articles[i];
    if (!wy_utf8_valid(a->title) || !wy_utf8_valid(a->description) || !wy_utf8_valid(a->pic_url) ||
        !wy_utf8_valid(a->url))
      return false;
  }
  return true;
}

static int build(exchange *x, wy_reply *r, const char **what, wy_reply_cut *cut) {
  worker *w = x->desk->worker;
  *what = NULL;
  if (!is_text(r)) return WY_E_REPLY_UTF8;
  wy_reply_limit(r, x->t.user_message ? 1 : WY_REPLY_ARTICLES, cut);
  int err = wy_reply_check(r, what);
  if (err) return err;
  wy_reply_head head = {{x->from, x->from_n}, {x->to, x->to_n}, wy_clock_wall_ms(&w->clock) / 1000};
  wy_buf_clear(&w->reply);
  return wy_reply_build(r, &head, x->t.form, &w->reply);
}

int wy_reply_build_text(exchange *x, wy_str text, wy_reply_cut *cut) {
  wy_reply r = {.type = wy_reply_type_find(WY_STR("text"))};
  const char *what;
  r.fields[0] = text;
  return build(x, &r, &what, cut);
}

int wy_reply_build_value(lua_State *L, int index, exchange *x, const char **what,
                         wy_reply_cut *cut) {
  wy_str body;
  *what = NULL;
  switch (lua_type(L, index)) {
    case LUA_TSTRING:
      body.p = lua_tolstring(L, index, &body.n);
      return wy_reply_build_text(x, body, cut);
    case LUA_TTABLE: {
      lua_pushliteral(L, "raw"); /* wx.reply.raw: events that expect a body of their own */
      lua_rawget(L, index);
      if (lua_type(L, -1) == LUA_TSTRING) {
        worker *w = x->desk->worker;
        body.p = lua_tolstring(L, -1, &body.n);
        wy_buf_clear(&w->reply);
        return wy_buf_str(&w->reply, body);
      }
      wy_reply r;
      int err = wy_reply_from_lua(L, index, &r, what);
      return err ? err : build(x, &r, what, cut);
    }
    default: return WY_E_REPLY_TYPE;
  }
}

bool wy_call_flag(lua_State *L, const char *function, const char *one, const char *two) {
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, function);
  lua_pushstring(L, one);
  lua_pushstring(L, two);
  bool yes = lua_pcall(L, 2, 1, 0) == LUA_OK && lua_toboolean(L, -1);
  lua_settop(L, top);
  return yes;
}

void wy_exchange_line(wy_line *line, const exchange *x, wy_log_level level, const char *event) {
  wy_line_begin(line, &x->desk->worker->host->log, level, event);
  wy_line_z(line, "account", x->desk->account->id);
}

void wy_exchange_line_end(wy_line *line, const exchange *x) {
  char trace[WY_TRACE];
  if (line->log) {
    wy_trace_hex(x->desk->worker->trace_seed, (uint64_t)x->t.number, trace);
    wy_line_trace(line, trace);
  }
  wy_line_end(line);
}

void wy_exchange_log_error(const exchange *x, const char *event, const char *plugin,
                           const char *text) {
  wy_ration *r = &x->desk->worker->ration;
  if (!wy_ration_error(r, event, x->where, text)) return;
  wy_line line;
  wy_exchange_line(&line, x, WY_LOG_ERROR, event);
  wy_line_z(&line, "plugin", plugin);
  if (x->where[0]) wy_line_z(&line, "where", x->where);
  wy_line_masked(&line, wy_script_lua(x->desk->edition->script), "text", wy_str_of(text));
  wy_exchange_line_end(&line, x);
}

void wy_exchange_log_some(const exchange *x, wy_log_level level, const char *event,
                          const char *where, const char *key, const char *value) {
  wy_ration *r = &x->desk->worker->ration;
  if (wy_ration_take(r, level, event, NULL, WY_RATION_REFUSALS))
    wy_exchange_log(x, level, event, where, key, value);
}

void wy_exchange_log(const exchange *x, wy_log_level level, const char *event, const char *where,
                     const char *key, const char *value) {
  wy_line line;
  wy_exchange_line(&line, x, level, event);
  if (where && where[0]) wy_line_z(&line, "where", where);
  wy_line_z(&line, key, value);
  wy_exchange_line_end(&line, x);
}
