#include "host/rig.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "host/rig_impl.h"
#include "script/modules.h"

#define PUSH "weiyue.rig.push"

enum { ROUNDS = 1000 /* that settle at one go; weiyue.standstill counts them */ };

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

/* Lives as long as the host may answer it, and as long as Lua has it. */
typedef struct delivery {
  bool asked, open, gone; /* Lua has it; the host has it; the client has left */
  int status;             /* -1: none yet */
  wy_buf body;
  char trace[WY_TRACE];       /* "": it came again, or was refused */
  const wy_desk_stats *stats; /* of its account, and how they stood when it came */
  uint64_t before[WY_WAY_END];
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
  rig *r = data;
  const char *text = r->zh ? zh : en;
  if (level >= WY_LEVEL_ERROR) add_note(&r->problems, NULL, text, strlen(text));
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

rig *wy_rig_check(lua_State *L) {
  rig *r = luaL_checkudata(L, 1, WY_RIG_HOST);
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

static void end(rig *r) {
  if (r->host) {
    wy_rig_fetches_end(r);
    wy_rig_calls_end(r);
    for (int i = 0; i < 3; i++) uv_run(r->host->workers[0].loop, UV_RUN_NOWAIT);
    wy_rig_fetches_free(r);
  }
  wy_host_free(r->host);
  wy_rig_calls_free(r);
  r->host = NULL;
  forget(&r->log);
  forget(&r->sent);
  forget(&r->problems);
  for (wy_list *node; (node = wy_list_shift(&r->waiting));)
    free(wy_container_of(node, pending, link));
}

static int l_free(lua_State *L) {
  end(luaL_checkudata(L, 1, WY_RIG_HOST));
  return 0;
}

static void read_options(lua_State *L, rig *r, int arg) {
  if (lua_isnoneornil(L, arg)) return;
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_getfield(L, arg, "wire");
  if (lua_toboolean(L, -1)) r->host->wire = &r->wire;
  lua_getfield(L, arg, "zh");
  r->zh = lua_toboolean(L, -1);
  lua_getfield(L, arg, "seed");
  r->host->seed = (uint64_t)luaL_optinteger(L, -1, 0);
  if (r->host->seed) r->host->workers[0].trace_seed = r->host->seed;
  lua_pop(L, 3);
}

static int l_new(lua_State *L) {
  size_t n;
  const char *text = luaL_checklstring(L, 1, &n), *folder = luaL_checkstring(L, 2);
  lua_Number wall = luaL_checknumber(L, 3);
  lua_settop(L, 5);
  rig *r = lua_newuserdatauv(L, sizeof *r, 0);
  *r = (rig){.host = NULL};
  pthread_mutex_init(&r->lock, NULL);
  wy_list_init(&r->log);
  wy_list_init(&r->sent);
  wy_list_init(&r->waiting);
  wy_list_init(&r->problems);
  wy_rig_calls_init(r);
  wy_rig_fetches_init(r);
  luaL_setmetatable(L, WY_RIG_HOST);
  const wy_host_options options = {.log = on_log, .problem = on_problem, .data = r};
  if (wy_host_new_virtual(&r->host, &options, (int64_t)(wall * 1000)))
    return luaL_error(L, "out of memory");
  if (lua_toboolean(L, 4)) wy_host_keep(r->host, 0);
  read_options(L, r, 5);
  if (wy_host_load_text(r->host, text, n, "weiyue.lua", folder)) {
    lua_pushnil(L);
    push_notes(L, &r->problems);
    end(r); /* not when it is collected: it holds descriptors */
    return 2;
  }
  wy_editions_look(&r->host->workers[0]);
  return 1;
}

static int l_push(lua_State *L) {
  rig *r = wy_rig_check(L);
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
  d->stats = w->current->desks[i].stats;
  memcpy(d->before, d->stats->answers, sizeof d->before);
  wy_buf_init(&d->body, 16 << 20);
  lua_Integer before = w->serial;
  int err = wy_push_take(&w->current->desks[i], query, body, &type, d, wy_clock_now_ms(&w->clock));
  if (w->serial != before) wy_trace_hex(w->trace_seed, (uint64_t)(before + 1), d->trace);
  if (err) {
    d->open = false;
    d->status = wy_gate_status(&w->current->desks[i].gate, err);
    on_log(r, WY_LOG_INFO, wy_err_event(err), strlen(wy_err_event(err)));
  }
  return 1;
}

/* What is ready happens, and what waits for a store, say, or a socket, gets its answer; but calls
 * for the spec to answer end it. True: there is more, and perhaps no end of it. */
bool wy_rig_settle(lua_State *L, rig *r) {
  worker *w = &r->host->workers[0];
  for (int left = ROUNDS; left; left--) {
    wy_posts_drain(w);
    wy_tasks_drain(w->current->script);
    bool more = wy_editions_slice(w) || wy_posts_waiting(w);
    if (wy_script_busy(w->current->script)) return true;
    if (more) continue;
    if (wy_rig_calls_waiting(r) || !wy_rig_moving(r)) return false;
    wy_rig_turn(L, r);
  }
  return true;
}

/* The next thing happens: "calls": some are to be answered; "moved": time went on to what is due;
 * "busy": tasks start tasks, say, or ask a store again, and there is no end of it yet; "quiet":
 * nothing is, until then. until: unix seconds; nil: no time passes. */
static int l_step(lua_State *L) {
  rig *r = wy_rig_check(L);
  worker *w = &r->host->workers[0];
  lua_Number wall = luaL_optnumber(L, 2, -1);
  uint64_t due;
  bool more = wy_rig_settle(L, r);
  lua_settop(L, 0);
  if (wy_rig_calls_waiting(r)) {
    lua_pushliteral(L, "calls");
    return 1;
  }
  if (more) {
    lua_pushliteral(L, "busy");
    return 1;
  }
  int64_t left = (int64_t)(wall * 1000 + 0.5) - wy_clock_wall_ms(&w->clock);
  uint64_t now = wy_clock_now_ms(&w->clock), until = now + (uint64_t)(left > 0 ? left : 0);
  if (wy_clock_next(&w->clock, &due) && due <= (wall < 0 ? now : until)) {
    wy_clock_step(&w->clock, due);
    wy_clock_run(&w->clock);
    more = wy_rig_settle(L, r);
    lua_settop(L, 0);
    lua_pushstring(L, more ? "busy" : "moved");
    return 1;
  }
  if (wall >= 0) wy_clock_step(&w->clock, until);
  lua_pushliteral(L, "quiet");
  return 1;
}

static int l_advance(lua_State *L) {
  rig *r = wy_rig_check(L);
  worker *w = &r->host->workers[0];
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, seconds >= 0, 2, "time goes forward");
  uint64_t due, until = wy_clock_now_ms(&w->clock) + (uint64_t)(seconds * 1000 + 0.5);
  wy_rig_settle(L, r);
  while (wy_clock_next(&w->clock, &due) && due <= until) {
    wy_clock_step(&w->clock, due);
    wy_clock_run(&w->clock);
    wy_rig_settle(L, r);
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
  rig *r = wy_rig_check(L);
  wy_buf json;
  wy_buf_init(&json, 1 << 20);
  wy_reload_ask(r->host, (wy_ask)luaL_checkoption(L, 2, NULL, names), on_told, &json);
  wy_rig_settle(L, r);
  lua_pushlstring(L, json.p ? json.p : "", json.n);
  wy_buf_deinit(&json);
  return 1;
}

static int l_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)wy_clock_wall_ms(&wy_rig_check(L)->host->workers[0].clock) / 1000);
  return 1;
}

static int l_send(lua_State *L) {
  static const char *const names[] = {"nobody", "ok", "fail", "wait", NULL};
  rig *r = wy_rig_check(L);
  r->how = (how)luaL_checkoption(L, 2, "nobody", names);
  wy_host_sender(r->host, r->how == NOBODY ? NULL : on_send, r);
  return 0;
}

static int l_sent(lua_State *L) {
  push_notes(L, &wy_rig_check(L)->sent);
  return 1;
}

static int l_sent_one(lua_State *L) {
  rig *r = wy_rig_check(L);
  wy_list *node = wy_list_shift(&r->waiting);
  if (!node) return luaL_error(L, "no message waits");
  pending *p = wy_container_of(node, pending, link);
  bool ok = lua_toboolean(L, 2);
  wy_late_done(p->late, ok ? 0 : -1, ok ? NULL : "45047: too many");
  free(p);
  wy_rig_settle(L, r);
  return 0;
}

static int l_log(lua_State *L) {
  rig *r = wy_rig_check(L);
  wy_list log;
  wy_list_init(&log);
  pthread_mutex_lock(&r->lock);
  for (wy_list *node; (node = wy_list_shift(&r->log));) wy_list_push(&log, node);
  pthread_mutex_unlock(&r->lock);
  push_notes(L, &log);
  return 1;
}

/* mask(text) → the text without the secrets of the host's state, as its journal has it */
static int l_mask(lua_State *L) {
  const worker *w = &wy_rig_check(L)->host->workers[0];
  char *copy = NULL;
  wy_str text;
  text.p = luaL_checklstring(L, 2, &text.n);
  text = wy_mask(wy_script_lua(w->current->script), text, &copy);
  lua_pushlstring(L, text.p, text.n); /* a spec may leak when Lua has no memory */
  free(copy);
  return 1;
}

static int l_metrics(lua_State *L) {
  wy_buf out;
  wy_buf_init(&out, 16 << 20);
  wy_rig_check(L)->host->workers[0].beats = 0;
  wy_worker_beat(&wy_rig_check(L)->host->workers[0]);
  wy_stats_write(wy_rig_check(L)->host, &out);
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

/* How it was answered, as metrics name it: to be asked at once, before another push is. */
static int l_way(lua_State *L) {
  const delivery *d = check_push(L);
  wy_way way = WY_WAY_END;
  for (wy_way i = 0; i < WY_WAY_END; i++)
    if (d->stats->answers[i] != d->before[i] && (way == WY_WAY_END || way == WY_WAY_HOLD)) way = i;
  if (way == WY_WAY_END) lua_pushnil(L);
  else lua_pushstring(L, wy_way_name(way));
  return 1;
}

/* What stands in the log's lines about it; "" where it came again. */
static int l_trace(lua_State *L) {
  lua_pushstring(L, check_push(L)->trace);
  return 1;
}

/* answers(account) → how many pushes were answered, by way */
static int l_answers(lua_State *L) {
  const worker *w = &wy_rig_check(L)->host->workers[0];
  size_t i = (size_t)luaL_checkinteger(L, 2) - 1;
  luaL_argcheck(L, i < w->current->generation->n_accounts, 2, "no such account");
  lua_createtable(L, 0, WY_WAY_END);
  for (wy_way way = 0; way < WY_WAY_END; way++) {
    lua_pushinteger(L, (lua_Integer)w->current->desks[i].stats->answers[way]);
    lua_setfield(L, -2, wy_way_name(way));
  }
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

void wy_rig_make_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

/* The zone of the process, as POSIX writes it; the function sets it back. */
static int l_zone_back(lua_State *L) {
  if (lua_isnil(L, lua_upvalueindex(1))) unsetenv("TZ");
  else setenv("TZ", lua_tostring(L, lua_upvalueindex(1)), 1);
  tzset();
  return 0;
}

static int l_zone(lua_State *L) {
  const char *zone = luaL_checkstring(L, 1);
  lua_pushstring(L, getenv("TZ"));
  lua_pushcclosure(L, l_zone_back, 1);
  setenv("TZ", zone, 1);
  tzset();
  return 1;
}

/* Of rig.socket, where no host takes it. */
static int l_close(lua_State *L) {
  close((int)luaL_checkinteger(L, 1));
  return 0;
}

static void add_methods(lua_State *L, const luaL_Reg *methods) {
  luaL_getmetatable(L, WY_RIG_HOST);
  lua_getfield(L, -1, "__index");
  luaL_setfuncs(L, methods, 0);
  lua_pop(L, 2);
}

int wy_open_rig(lua_State *L) {
  static const luaL_Reg hosts[] = {{"push", l_push},         {"advance", l_advance},
                                   {"step", l_step},         {"answers", l_answers},
                                   {"now", l_now},           {"ask", l_ask},
                                   {"send", l_send},         {"sent", l_sent},
                                   {"sent_one", l_sent_one}, {"log", l_log},
                                   {"metrics", l_metrics},   {"mask", l_mask},
                                   {"free", l_free},         {NULL, NULL}};
  static const luaL_Reg pushes[] = {{"answer", l_answer}, {"status", l_status}, {"way", l_way},
                                    {"trace", l_trace},   {"leave", l_leave},   {NULL, NULL}};
  static const luaL_Reg functions[] = {{"new", l_new},
                                       {"zone", l_zone},
                                       {"socket", wy_rig_socket},
                                       {"close", l_close},
                                       {NULL, NULL}};
  wy_rig_make_class(L, WY_RIG_HOST, hosts, l_free);
  add_methods(L, wy_rig_call_methods);
  add_methods(L, wy_rig_fetch_methods);
  add_methods(L, wy_rig_look_methods);
  wy_rig_make_class(L, PUSH, pushes, l_push_gc);
  wy_rig_fetch_open(L);
  luaL_newlib(L, functions);
  return 1;
}

void wy_rig_preload(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, wy_open_rig);
  lua_setfield(L, -2, "weiyue.rig");
  lua_pop(L, 1);
}
