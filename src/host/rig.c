#include "host/rig.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/exchange.h"

#define HOST "weiyue.rig.host"
#define PUSH "weiyue.rig.push"

typedef enum how { NOBODY, OK, FAIL, WAIT } how;

/* Texts that wait to be asked for. */
typedef struct note {
  wy_list link;
  const char *account; /* the host's; NULL: a line of the log */
  size_t n;
  char text[];
} note;

typedef struct pending {
  wy_list link;
  wy_late *late;
} pending;

typedef struct rig {
  wy_host *host;
  pthread_mutex_t lock; /* of log: threads of a store write there, too */
  wy_list log, sent, waiting, problems;
  how how;
} rig;

/* Lives as long as the host may answer it, and as long as Lua has it. */
typedef struct delivery {
  bool asked, open, gone; /* Lua has it; the host has it; the client has left */
  int status;             /* -1: none yet */
  wy_buf body;
} delivery;

/* --- the host's callbacks --- */

static void add_note(wy_list *list, const char *which, const char *text, size_t n) {
  note *one = malloc(sizeof *one + n + 1);
  if (!one) return;
  one->account = which;
  one->n = n;
  memcpy(one->text, text, n);
  wy_list_push(list, &one->link);
}

static void on_log(void *data, int level, const char *line, size_t n) {
  rig *r = data;
  (void)level;
  pthread_mutex_lock(&r->lock);
  add_note(&r->log, NULL, line, n);
  pthread_mutex_unlock(&r->lock);
}

static void on_problem(void *data, int level, const char *zh, const char *en) {
  (void)zh;
  if (level >= WY_LEVEL_ERROR) add_note(&((rig *)data)->problems, NULL, en, strlen(en));
}

static void on_send(void *data, wy_late *late, const char *which, const char *json, size_t n) {
  rig *r = data;
  pending *p;
  add_note(&r->sent, which, json, n);
  if (r->how == WAIT && (p = malloc(sizeof *p)) != NULL) {
    p->late = late;
    wy_list_push(&r->waiting, &p->link);
  } else if (r->how == FAIL) {
    wy_late_done(late, -1, "45015: out of the window");
  } else {
    wy_late_done(late, 0, NULL);
  }
}

/* --- the caller of a push --- */

static void let_go(delivery *d) {
  d->open = false;
  if (d->asked) return;
  wy_buf_deinit(&d->body);
  free(d);
}

static void answer(worker *w, caller *c, const desk *d, wy_str body) {
  delivery *to = c->of;
  (void)d;
  to->status = 200;
  wy_buf_clear(&to->body);
  if (body.p && c->sealed) {
    wy_push p = {.sealed = true, .key = c->key, .receive_id_n = c->receive_id_n};
    p.msg.doc.form = c->form;
    memcpy(p.receive_id, c->receive_id, sizeof p.receive_id);
    wy_gate_seal(&c->gate->gate, &p, body, wy_clock_wall_ms(&w->clock) / 1000, &to->body);
  } else {
    wy_buf_str(&to->body, body.p ? body : WY_STR("success"));
  }
  let_go(to);
}

static void hang_up(worker *w, caller *c) {
  delivery *to = c->of;
  (void)w;
  to->status = 0;
  let_go(to);
}

static bool gone(const caller *c) { return ((const delivery *)c->of)->gone; }

static const caller_type type = {answer, hang_up, gone};

/* --- hosts --- */

static rig *check(lua_State *L) {
  rig *r = luaL_checkudata(L, 1, HOST);
  if (!r->host) luaL_error(L, "this host was freed");
  return r;
}

static void push_notes(lua_State *L, wy_list *list) {
  lua_newtable(L);
  lua_Integer i = 0;
  for (wy_list *node; (node = wy_list_shift(list));) {
    note *one = wy_container_of(node, note, link);
    if (one->account) {
      lua_createtable(L, 0, 2);
      lua_pushstring(L, one->account);
      lua_setfield(L, -2, "account");
      lua_pushlstring(L, one->text, one->n);
      lua_setfield(L, -2, "json");
    } else {
      lua_pushlstring(L, one->text, one->n);
    }
    lua_rawseti(L, -2, ++i);
    free(one);
  }
}

static void forget(wy_list *list) {
  for (wy_list *node; (node = wy_list_shift(list));) free(wy_container_of(node, note, link));
}

static int l_free(lua_State *L) {
  rig *r = luaL_checkudata(L, 1, HOST);
  wy_host_free(r->host);
  r->host = NULL;
  forget(&r->log);
  forget(&r->sent);
  forget(&r->problems);
  for (wy_list *node; (node = wy_list_shift(&r->waiting));)
    free(wy_container_of(node, pending, link));
  return 0;
}

static int l_new(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n), *folder = luaL_checkstring(L, 2);
  lua_Number wall = luaL_checknumber(L, 3);
  rig *r = lua_newuserdatauv(L, sizeof *r, 0);
  *r = (rig){.host = NULL};
  pthread_mutex_init(&r->lock, NULL);
  wy_list_init(&r->log);
  wy_list_init(&r->sent);
  wy_list_init(&r->waiting);
  wy_list_init(&r->problems);
  luaL_setmetatable(L, HOST);
  const wy_host_options options = {.log = on_log, .problem = on_problem, .data = r};
  if (wy_host_new_virtual(&r->host, &options, (int64_t)(wall * 1000)))
    return luaL_error(L, "out of memory");
  if (lua_toboolean(L, 4)) wy_host_keep(r->host, 0);
  if (wy_host_load_text(r->host, text, n, "weiyue.lua", folder)) {
    lua_pushnil(L);
    push_notes(L, &r->problems);
    return 2;
  }
  wy_editions_look(&r->host->workers[0]);
  return 1;
}

static int l_push(lua_State *L) {
  rig *r = check(L);
  worker *w = &r->host->workers[0];
  size_t i = (size_t)luaL_checkinteger(L, 2) - 1;
  wy_str query, body;
  snprintf(w->authorizer, sizeof w->authorizer, "%s", luaL_optstring(L, 5, ""));
  wy_editions_look(w);
  luaL_argcheck(L, i < w->current->generation->n_accounts, 2, "no such account");
  query.p = luaL_checklstring(L, 3, &query.n);
  body.p = luaL_checklstring(L, 4, &body.n);
  delivery **handle = lua_newuserdatauv(L, sizeof *handle, 0);
  *handle = NULL;
  luaL_setmetatable(L, PUSH);
  delivery *d = *handle = malloc(sizeof *d);
  if (!d) return luaL_error(L, "out of memory");
  *d = (delivery){.asked = true, .open = true, .status = -1};
  wy_buf_init(&d->body, 16 << 20);
  int err = wy_push_take(&w->current->desks[i], query, body, &type, d);
  if (err) {
    d->open = false;
    d->status = wy_gate_status(&w->current->desks[i].gate, err);
    on_log(r, WY_LOG_INFO, wy_err_event(err), strlen(wy_err_event(err)));
  }
  return 1;
}

/* What is ready happens, and what waits for a store, say, gets its answer. */
static void settle(lua_State *L, worker *w) {
  const char *what;
  bool more;
  do {
    wy_posts_drain(w);
    wy_tasks_drain(w->current->script);
    more = wy_editions_slice(w) || wy_posts_waiting(w);
    if (more || !wy_clock_waits(&w->clock)) continue;
    more = true;
    if (!wy_store_wait(w->loop, &w->clock, &what))
      luaL_error(L, "no answer after 5 s of real time: %s", what);
  } while (more);
}

static int l_advance(lua_State *L) {
  worker *w = &check(L)->host->workers[0];
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, seconds >= 0, 2, "time goes forward");
  uint64_t due, until = wy_clock_now_ms(&w->clock) + (uint64_t)(seconds * 1000 + 0.5);
  settle(L, w);
  while (wy_clock_next(&w->clock, &due) && due <= until) {
    wy_clock_step(&w->clock, due);
    wy_clock_run(&w->clock);
    settle(L, w);
  }
  wy_clock_step(&w->clock, until);
  return 0;
}

static void on_told(void *data, bool ok, wy_str json) {
  (void)ok;
  wy_buf_str(data, json);
}

static int l_ask(lua_State *L) {
  static const char *const names[] = {"reload", "promote", "rollback", "status", NULL};
  rig *r = check(L);
  wy_buf json;
  wy_buf_init(&json, 1 << 20);
  wy_reload_ask(r->host, (wy_ask)luaL_checkoption(L, 2, NULL, names), on_told, &json);
  settle(L, &r->host->workers[0]);
  lua_pushlstring(L, json.p ? json.p : "", json.n);
  wy_buf_deinit(&json);
  return 1;
}

static int l_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)wy_clock_wall_ms(&check(L)->host->workers[0].clock) / 1000);
  return 1;
}

static int l_send(lua_State *L) {
  static const char *const names[] = {"nobody", "ok", "fail", "wait", NULL};
  rig *r = check(L);
  r->how = (how)luaL_checkoption(L, 2, "nobody", names);
  wy_host_sender(r->host, r->how == NOBODY ? NULL : on_send, r);
  return 0;
}

static int l_sent(lua_State *L) {
  push_notes(L, &check(L)->sent);
  return 1;
}

static int l_sent_one(lua_State *L) {
  rig *r = check(L);
  wy_list *node = wy_list_shift(&r->waiting);
  if (!node) return luaL_error(L, "no message waits");
  pending *p = wy_container_of(node, pending, link);
  bool ok = lua_toboolean(L, 2);
  wy_late_done(p->late, ok ? 0 : -1, ok ? NULL : "45047: too many");
  free(p);
  settle(L, &r->host->workers[0]);
  return 0;
}

static int l_log(lua_State *L) {
  rig *r = check(L);
  wy_list log;
  wy_list_init(&log);
  pthread_mutex_lock(&r->lock);
  for (wy_list *node; (node = wy_list_shift(&r->log));) wy_list_push(&log, node);
  pthread_mutex_unlock(&r->lock);
  push_notes(L, &log);
  return 1;
}

static int l_metrics(lua_State *L) {
  wy_buf out;
  wy_buf_init(&out, 16 << 20);
  check(L)->host->workers[0].beats = 0;
  wy_worker_beat(&check(L)->host->workers[0]);
  wy_stats_write(check(L)->host, &out);
  lua_pushlstring(L, out.p ? out.p : "", out.n); /* a spec may leak when Lua has no memory */
  wy_buf_deinit(&out);
  return 1;
}

/* --- pushes --- */

static delivery *check_push(lua_State *L) { return *(delivery **)luaL_checkudata(L, 1, PUSH); }

static int l_answer(lua_State *L) {
  const delivery *d = check_push(L);
  if (d->status == 200) lua_pushlstring(L, d->body.p ? d->body.p : "", d->body.n);
  else lua_pushnil(L);
  return 1;
}

static int l_status(lua_State *L) {
  const delivery *d = check_push(L);
  if (d->status >= 0) lua_pushinteger(L, d->status);
  else lua_pushnil(L);
  return 1;
}

static int l_leave(lua_State *L) {
  check_push(L)->gone = true;
  return 0;
}

static int l_push_gc(lua_State *L) {
  delivery *d = check_push(L);
  if (!d) return 0;
  d->asked = false;
  if (d->open) return 0; /* let_go frees it */
  wy_buf_deinit(&d->body);
  free(d);
  return 0;
}

static void make_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

static int open_rig(lua_State *L) {
  static const luaL_Reg hosts[] = {{"push", l_push},
                                   {"advance", l_advance},
                                   {"now", l_now},
                                   {"ask", l_ask},
                                   {"send", l_send},
                                   {"sent", l_sent},
                                   {"sent_one", l_sent_one},
                                   {"log", l_log},
                                   {"metrics", l_metrics},
                                   {"free", l_free},
                                   {NULL, NULL}};
  static const luaL_Reg pushes[] = {
      {"answer", l_answer}, {"status", l_status}, {"leave", l_leave}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"new", l_new}, {NULL, NULL}};
  make_class(L, HOST, hosts, l_free);
  make_class(L, PUSH, pushes, l_push_gc);
  luaL_newlib(L, functions);
  return 1;
}

void wy_rig_preload(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, open_rig);
  lua_setfield(L, -2, "weiyue.rig");
  lua_pop(L, 1);
}
