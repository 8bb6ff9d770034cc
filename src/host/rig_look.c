/* What a spec asks of a rig's host: what it leaves behind there (tasks, calls and requests under
 * way, bytes that plugins keep), and where pages stand. */
#include <lauxlib.h>

#include "host/rig_impl.h"

typedef struct look {
  lua_State *L;
  worker *worker;
  lua_Integer n;
} look;

/* A conversation waits for its user, who may take his time. */
static bool is_parked(const worker *w, const wy_task *t) {
  for (const wy_list *n = w->exchanges.next; n != &w->exchanges; n = n->next) {
    const exchange *x = wy_container_of(n, exchange, link);
    if (x->task == t && x->phase == PARKED) return true;
  }
  return false;
}

static void on_task(void *data, const wy_task *t, const char *where) {
  look *k = data;
  if (!where[0] || is_parked(k->worker, t)) return;
  lua_pushstring(k->L, where);
  lua_rawseti(k->L, -2, ++k->n);
}

static lua_Integer add_calls(lua_State *L, const wy_list *list, lua_Integer n) {
  for (const wy_list *i = list->next; i != list; i = i->next) {
    const wy_wire_call *c = wy_container_of(i, wy_wire_call, link);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, c->method);
    lua_setfield(L, -2, "method");
    lua_pushstring(L, c->url);
    lua_setfield(L, -2, "url");
    lua_pushstring(L, c->at);
    lua_setfield(L, -2, "at");
    lua_rawseti(L, -2, ++n);
  }
  return n;
}

/* left() → tasks (list of file:line), calls (list of { method, url, at }), how many requests are
 * under way: pushes that have no answer, pages */
static int l_left(lua_State *L) {
  rig *r = wy_rig_check(L);
  worker *w = &r->host->workers[0];
  look k = {L, w, 0};
  lua_newtable(L);
  for (wy_list *n = w->editions.next; n != &w->editions; n = n->next)
    wy_tasks_tell(wy_container_of(n, edition, link)->script, on_task, &k);
  lua_newtable(L);
  add_calls(L, &r->known, add_calls(L, &r->fresh, 0));
  lua_pushinteger(L, (lua_Integer)r->n_fetches);
  return 3;
}

static void on_weight(void *data, const char *plugin, size_t bytes) {
  const look *k = data;
  lua_pushinteger(k->L, (lua_Integer)bytes);
  lua_setfield(k->L, -2, plugin);
}

/* weigh() → bytes that each plugin keeps, by its name */
static int l_weigh(lua_State *L) {
  rig *r = wy_rig_check(L);
  worker *w = &r->host->workers[0];
  look k = {L, w, 0};
  lua_newtable(L);
  lua_gc(wy_script_lua(w->current->script), LUA_GCCOLLECT);
  wy_script_weigh(w->current->script, on_weight, &k);
  return 1;
}

/* base(i) → what the pages of that account stand under, on a host that is not its own; else "" */
static int l_base(lua_State *L) {
  rig *r = wy_rig_check(L);
  const generation *g = r->host->workers[0].current->generation;
  size_t i = (size_t)luaL_checkinteger(L, 2) - 1;
  luaL_argcheck(L, i < g->n_accounts, 2, "no such account");
  const account *a = &g->accounts[i];
  lua_pushstring(L, a->base && !a->own_host ? a->base : "");
  return 1;
}

const luaL_Reg wy_rig_look_methods[] = {
    {"left", l_left}, {"weigh", l_weigh}, {"base", l_base}, {NULL, NULL}};
