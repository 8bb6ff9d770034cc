/* Late messages: what Lua hands to the program's sender, and waits for. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/exchange.h"

struct wy_late {
  wy_wait wait;
  wy_post post;
  wy_list link; /* in worker->lates */
  worker *worker;
  bool abandoned; /* the task that waited was cancelled, or is gone */
  int err;
  char why[200];
};

static void late_free(wy_late *late) {
  worker *w = late->worker;
  wy_list_remove(&late->link);
  free(late);
  wy_worker_settle(w);
}

/* --- the sender is done --- */

static void done(worker *w, wy_post *post) {
  wy_late *late = wy_container_of(post, wy_late, post);
  (void)w;
  if (late->abandoned) late_free(late);
  else wy_wait_wake(&late->wait, late->err);
}

static void lost(worker *w, wy_post *post) { (void)w, (void)post; /* wy_lates_deinit frees it */ }

void wy_late_done(wy_late *late, int err, const char *why) {
  late->err = err < 0 ? err : 0;
  snprintf(late->why, sizeof late->why, "%s", why ? why : err < 0 ? wy_err_text(err) : "");
  late->post = (wy_post){NULL, done, lost};
  wy_post_send(late->worker, &late->post, false);
}

void wy_lates_deinit(worker *w) {
  for (wy_list *node; (node = wy_list_shift(&w->lates));)
    free(wy_container_of(node, wy_late, link));
}

/* --- the task that waits --- */

static void cancel(wy_wait *wait) {
  wy_late *late = wy_container_of(wait, wy_late, wait);
  late->abandoned = true; /* its sender still has it */
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void drop(wy_wait *wait) { wy_container_of(wait, wy_late, wait)->abandoned = true; }

static int finish(lua_State *L, wy_wait *wait) {
  wy_late *late = wy_container_of(wait, wy_late, wait);
  int err = wait->status;
  if (late->abandoned) return luaL_error(L, "%s", wy_err_text(err));
  if (err) {
    lua_pushnil(L);
    lua_pushstring(L, late->why);
  } else {
    lua_pushboolean(L, 1);
  }
  late_free(late);
  return err ? 2 : 1;
}

/* push.send(account, json): sends one message through the program's sender.
 * account: number in the configuration. Returns true, or nil and a text. */
int wy_late_send(lua_State *L) {
  edition *e = lua_touserdata(L, lua_upvalueindex(1));
  worker *w = e->worker;
  wy_host *h = w->host;
  size_t n, i = (size_t)luaL_checkinteger(L, 1) - 1;
  const char *json = luaL_checklstring(L, 2, &n);
  luaL_argcheck(L, i < e->generation->n_accounts, 1, "no such account");
  if (!h->sender) {
    lua_pushnil(L);
    lua_pushliteral(L, "nobody sends customer service messages here");
    return 2;
  }
  wy_task *task = wy_task_can_wait(L);
  wy_late *late = calloc(1, sizeof *late);
  if (!late) return luaL_error(L, "out of memory");
  late->wait = (wy_wait){task, 0, cancel, finish, drop};
  late->worker = w;
  wy_list_init(&late->link);
  wy_list_push(&w->lates, &late->link);
  h->sender(h->sender_data, late, e->generation->accounts[i].id, json, n);
  return wy_task_await(L, &late->wait); /* done comes by a post, never before this */
}
