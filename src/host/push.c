/* A push from the request to its answer: gate, Lua, gate. Whatever a handler does, WeChat gets an
 * answer it understands, and never a 5xx. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "codec/query.h"
#include "host/host_impl.h"
#include "script/modules.h"
#include "script/task.h"

enum {
  NAME_BYTES = 64,
  PATIENCE_MS = 5000, /* then WeChat has hung up */
  SPARE = 64,         /* exchanges kept for the next pushes */
  NEAR = 100          /* frames looked at for a rule: an endless recursion has a million */
};

/* What outlives the decoding of a push: enough to answer it. */
typedef struct exchange {
  wy_list link; /* in host->exchanges */
  account *account;
  wy_http_req *req; /* NULL: answered without the handler */
  uint64_t began;
  wy_form form;
  bool sealed, user_message;
  size_t key;
  char receive_id[64];
  size_t receive_id_n;
  char to[NAME_BYTES * 2], from[NAME_BYTES * 2]; /* ids of WeChat have some 30 bytes */
  size_t to_n, from_n;
  char type[NAME_BYTES], event[NAME_BYTES];
  char where[128]; /* file:line of the rule whose handler raised */
  char *text;      /* the message's bytes when it has to wait for another task; else NULL */
  size_t text_n;
} exchange;

/* --- the answer --- */

static void refuse(account *a, wy_http_req *req, int err) {
  wy_host *h = a->host;
  int status = wy_gate_status(&a->gate, err);
  wy_line line;
  wy_line_begin(&line, &h->log, WY_LOG_WARN, wy_err_event(err));
  wy_line_z(&line, "reason", wy_err_reason(err));
  wy_line_int(&line, "status", status);
  wy_line_z(&line, "account", a->id);
  wy_http_req_log(req, &line);
  wy_line_z(&line, "text", wy_err_text(err));
  wy_line_end(&line);
  wy_http_respond(req, &(wy_http_answer){.status = status});
}

static void answer_success(exchange *x) {
  wy_http_req *req = x->req;
  x->req = NULL;
  wy_http_respond(req, &(wy_http_answer){200, "text/plain", NULL, WY_STR("success")});
}

static void log_reply(const exchange *x, wy_log_level level, const char *event, const char *where,
                      const char *key, const char *value) {
  wy_line line;
  wy_line_begin(&line, &x->account->host->log, level, event);
  wy_line_z(&line, "account", x->account->id);
  if (where && where[0]) wy_line_z(&line, "where", where);
  wy_line_z(&line, key, value);
  wy_line_end(&line);
}

/* Sends host->reply, sealed where the push was. */
static int send_reply(exchange *x) {
  account *a = x->account;
  wy_host *h = a->host;
  wy_str body = wy_buf_view(&h->reply);
  if (x->sealed) {
    wy_push p = {.sealed = true, .key = x->key, .receive_id_n = x->receive_id_n};
    p.msg.doc.form = x->form;
    memcpy(p.receive_id, x->receive_id, sizeof p.receive_id);
    wy_buf_clear(&h->sealed);
    int err = wy_gate_seal(&a->gate, &p, body, wy_clock_wall_ms(&h->clock) / 1000, &h->sealed);
    if (err) return err;
    body = wy_buf_view(&h->sealed);
  }
  wy_http_req *req = x->req;
  x->req = NULL;
  wy_http_respond(
      req, &(wy_http_answer){200, x->form == WY_FORM_JSON ? "application/json" : "application/xml",
                             NULL, body});
  return 0;
}

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
  wy_host *h = x->account->host;
  *what = NULL;
  if (!is_text(r)) return WY_E_REPLY_UTF8;
  wy_reply_limit(r, x->user_message ? 1 : WY_REPLY_ARTICLES, cut);
  int err = wy_reply_check(r, what);
  if (err) return err;
  wy_reply_head head = {{x->from, x->from_n}, {x->to, x->to_n}, wy_clock_wall_ms(&h->clock) / 1000};
  wy_buf_clear(&h->reply);
  return wy_reply_build(r, &head, x->form, &h->reply);
}

static int answer_text(exchange *x, wy_str text, wy_reply_cut *cut) {
  wy_reply r = {.type = wy_reply_type_find(WY_STR("text"))};
  const char *what;
  r.fields[0] = text;
  int err = build(x, &r, &what, cut);
  return err ? err : send_reply(x);
}

static bool call_flag(lua_State *L, const char *function, const char *one, const char *two) {
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, function);
  lua_pushstring(L, one);
  lua_pushstring(L, two);
  bool yes = lua_pcall(L, 2, 1, 0) == LUA_OK && lua_toboolean(L, -1);
  lua_settop(L, top);
  return yes;
}

/* The handler failed: the user hears that, where an answer is allowed. */
static void apologize(lua_State *L, exchange *x) {
  const char *text = x->account->apology;
  wy_reply_cut cut;
  if (text && text[0] && call_flag(L, "weiyue.may_reply", x->type, x->event) &&
      answer_text(x, wy_str_of(text), &cut) == 0)
    return;
  answer_success(x);
}

/* --- the task --- */

static int begin(lua_State *L, void *data) {
  exchange *x = data;
  account *a = x->account;
  wy_host *h = a->host;
  lua_rawgeti(L, LUA_REGISTRYINDEX, a->dispatch_ref);
  if (x->text) {
    wy_str text = {x->text, x->text_n};
    wy_msg_parse(&h->opened.msg, text); /* it was read once already: it is good */
    wy_push_msg(L, &h->opened.msg, text);
  } else {
    wy_push_msg(L, &h->opened.msg, h->opened.text);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, a->object_ref);
  lua_setfield(L, -2, "account");
  lua_pushnumber(L, (lua_Number)wy_clock_wall_ms(&h->clock) / 1000 + a->deadline);
  lua_setfield(L, -2, "deadline");
  return 1;
}

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

/* The value at index 2 as a reply on its way; an error when it is none. */
static int answer_with(lua_State *L, exchange *x, const char **what, wy_reply_cut *cut) {
  wy_host *h = x->account->host;
  wy_str body;
  switch (lua_type(L, 2)) {
    case LUA_TSTRING: body.p = lua_tolstring(L, 2, &body.n); return answer_text(x, body, cut);
    case LUA_TTABLE: {
      lua_pushliteral(L, "raw"); /* wx.reply.raw: events that expect a body of their own */
      lua_rawget(L, 2);
      if (lua_type(L, -1) == LUA_TSTRING) {
        body.p = lua_tolstring(L, -1, &body.n);
        wy_buf_clear(&h->reply);
        int err = wy_buf_str(&h->reply, body);
        return err ? err : send_reply(x);
      }
      wy_reply r;
      int err = wy_reply_from_lua(L, 2, &r, what);
      if (!err) err = build(x, &r, what, cut);
      return err ? err : send_reply(x);
    }
    default: return WY_E_REPLY_TYPE;
  }
}

static void log_cut(lua_State *L, const exchange *x, const char *where, const wy_reply_cut *cut) {
  char n[24];
  if (cut->text_bytes && call_flag(L, "weiyue.once", where, "cut")) {
    snprintf(n, sizeof n, "%zu", cut->text_bytes);
    log_reply(x, WY_LOG_WARN, "reply.text_cut", where, "bytes_dropped", n);
  }
  if (cut->articles && call_flag(L, "weiyue.once", where, "articles")) {
    snprintf(n, sizeof n, "%zu", cut->articles);
    log_reply(x, WY_LOG_WARN, "reply.articles_cut", where, "articles_dropped", n);
  }
}

/* Forward compatible: what this build does not know is answered like anything else, and told. */
static void log_unknown(const exchange *x) {
  wy_line line;
  wy_line_begin(&line, &x->account->host->log, WY_LOG_INFO, "msg.unknown_type");
  wy_line_z(&line, "account", x->account->id);
  wy_line_z(&line, "type", x->type);
  if (x->event[0]) wy_line_z(&line, "msg_event", x->event);
  if (x->req) wy_http_req_log(x->req, &line);
  wy_line_end(&line);
}

static void finish(exchange *x) {
  wy_host *h = x->account->host;
  wy_list_remove(&x->link);
  free(x->text);
  if (h->n_spare_exchanges >= SPARE) {
    free(x);
    return;
  }
  h->n_spare_exchanges++;
  wy_list_push(&h->spare_exchanges, &x->link);
}

void wy_pushes_deinit(wy_host *h) {
  for (wy_list *node; (node = wy_list_shift(&h->spare_exchanges));)
    free(wy_container_of(node, exchange, link));
}

static void end(lua_State *L, bool ok, void *data) {
  exchange *x = data;
  wy_host *h = x->account->host;
  const char *where = ok ? lua_tostring(L, 3) : NULL, *what = NULL;
  uint64_t took = wy_clock_now_ms(&h->clock) - x->began;
  if (x->req && (took > PATIENCE_MS || wy_http_req_gone(x->req))) {
    char ms[24];
    snprintf(ms, sizeof ms, "%llu", (unsigned long long)took);
    log_reply(x, WY_LOG_WARN, "push.unanswered", where, "ms", ms);
  }
  if (ok && lua_toboolean(L, 4)) log_unknown(x);
  if (!ok) {
    log_reply(x, WY_LOG_ERROR, "lua.error", x->where, "text", lua_tostring(L, -1));
    if (x->req) apologize(L, x);
  } else if (!x->req) {
    /* the host is stopping and has answered already */
  } else if (!lua_toboolean(L, 2) || (lua_type(L, 2) == LUA_TSTRING && lua_rawlen(L, 2) == 0)) {
    answer_success(x);
  } else {
    wy_reply_cut cut = {0};
    int err = answer_with(L, x, &what, &cut);
    if (err) {
      wy_line line;
      wy_line_begin(&line, &h->log, WY_LOG_ERROR, "lua.bad_reply");
      wy_line_z(&line, "account", x->account->id);
      wy_line_z(&line, "where", where);
      wy_line_z(&line, "reason", wy_err_reason(err));
      wy_line_z(&line, "field", what);
      wy_line_z(&line, "type", luaL_typename(L, 2));
      wy_line_z(&line, "text", wy_err_text(err));
      wy_line_end(&line);
      apologize(L, x);
    } else {
      log_cut(L, x, where ? where : "?", &cut);
    }
  }
  finish(x);
}

static void lost(void *data) {
  exchange *x = data;
  if (x->req) answer_success(x);
  finish(x);
}

static const wy_task_body push_body = {begin, end, raised, lost};

/* --- a push comes in --- */

static void copy_name(char *to, size_t max, wy_str s) {
  size_t n = s.n < max - 1 ? s.n : max - 1;
  for (size_t i = 0; i < n; i++) {
    char c = s.p[i];
    to[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
  }
  to[n] = '\0';
}

static bool copy_id(char *to, size_t max, size_t *n, wy_str s) {
  if (s.n > max) return false;
  if (s.n) memcpy(to, s.p, s.n);
  *n = s.n;
  return true;
}

static exchange *exchange_new(account *a, wy_http_req *req, const wy_push *p) {
  wy_host *h = a->host;
  wy_list *spare = wy_list_shift(&h->spare_exchanges);
  exchange *x = spare ? wy_container_of(spare, exchange, link) : malloc(sizeof *x);
  if (!x) return NULL;
  if (spare) h->n_spare_exchanges--;
  const wy_msg *m = &p->msg;
  wy_list_init(&x->link);
  x->account = a;
  x->req = req;
  x->text = NULL;
  x->where[0] = '\0';
  x->began = wy_clock_now_ms(&a->host->clock);
  x->form = m->doc.form;
  x->sealed = p->sealed;
  x->key = p->key;
  memcpy(x->receive_id, p->receive_id, sizeof x->receive_id);
  x->receive_id_n = p->receive_id_n;
  x->user_message = m->type.p && !m->event.p;
  copy_name(x->type, sizeof x->type, m->type.p ? m->type : WY_STR("component"));
  copy_name(x->event, sizeof x->event, m->type.p ? m->event : m->info_type);
  if (!copy_id(x->to, sizeof x->to, &x->to_n, m->to) ||
      !copy_id(x->from, sizeof x->from, &x->from_n, m->from)) {
    finish(x);
    return NULL;
  }
  return x;
}

static void on_verify(account *a, wy_http_req *req, int64_t now) {
  wy_query scratch;
  wy_str echo;
  int err = wy_gate_verify(&a->gate, wy_http_req_query(req), now, &scratch, &echo);
  if (err) {
    refuse(a, req, err);
    return;
  }
  wy_http_respond(
      req, &(wy_http_answer){200, "text/plain", "X-Content-Type-Options: nosniff\r\n", echo});
}

void wy_push_serve(void *data, wy_request *req) {
  account *a = data;
  wy_host *h = a->host;
  int64_t now = wy_clock_wall_ms(&h->clock) / 1000;
  if (wy_http_req_method(req) != WY_POST) {
    on_verify(a, req, now);
    return;
  }
  wy_push *p = &h->opened;
  int err = wy_gate_open(&a->gate, wy_http_req_query(req), wy_http_req_body(req), now, p);
  exchange *x = err ? NULL : exchange_new(a, req, p);
  if (err || !x) {
    refuse(a, req, err ? err : WY_E_PUSH_INCOMPLETE);
    return;
  }
  wy_list_push(&h->exchanges, &x->link);
  if (wy_script_busy(h->script)) { /* a pipelined push while a handler's answer is being sent */
    x->text = malloc(p->text.n + 1);
    if (x->text) memcpy(x->text, p->text.p, p->text.n);
    x->text_n = p->text.n;
  }
  if ((wy_script_busy(h->script) && !x->text) || wy_task_start(h->script, &push_body, x)) {
    lost(x);
    wy_log_text(&h->log, WY_LOG_ERROR, wy_err_event(WY_E_NOMEM), "no memory for a push");
  }
}

void wy_pushes_give_up(wy_host *h) {
  for (wy_list *n = h->exchanges.next; n != &h->exchanges; n = n->next) {
    exchange *x = wy_container_of(n, exchange, link);
    if (x->req) answer_success(x);
  }
}
