/* Conversations: a task that has asked its user something gives the slot back and waits for the
 * next message that it accepts. Whatever else comes runs its own handler meanwhile. */
#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/exchange.h"

enum { PARK_MS = 1800000 }; /* a question that nobody answers is forgotten */

typedef struct parking {
  wy_wait wait;
  exchange *x;
} parking;

/* accept: names between blanks, " text event.click ". */
bool wy_parked_wants(const exchange *parked, const exchange *x) {
  char word[NAME_BYTES + 10];
  if (!parked->park || parked->unread) return false; /* on its way out; its user has no question */
  if (x->t.is_event) snprintf(word, sizeof word, " event.%s ", x->t.event);
  else snprintf(word, sizeof word, " %s ", x->t.type);
  return strstr(parked->accept, word) != NULL;
}

static void forget(exchange *x) {
  if (x->park) x->desk->worker->n_parked--;
  x->park = NULL;
  free(x->accept);
  x->accept = NULL;
  wy_timer_stop(&x->desk->worker->clock, &x->timer);
  if (x->slot->parked == x) x->slot->parked = NULL;
}

/* --- ends --- */

void wy_parked_end(exchange *parked) {
  wy_wait *wait = parked->park;
  if (!wait) return;
  parked->dropped = true;
  wy_task_turn(wait->task); /* to clean up */
  wait->cancel(wait);
}

void wy_conversations_end(worker *w) {
  for (wy_list *n = w->exchanges.next; n != &w->exchanges;) {
    exchange *x = wy_container_of(n, exchange, link);
    n = n->next;
    if (x->phase != PARKED || !x->park) continue;
    wy_parked_end(x);
    n = w->exchanges.next; /* more than this one may have ended with it */
  }
}

static void on_timer(wy_timer *timer) {
  exchange *x = wy_container_of(timer, exchange, timer);
  wy_exchange_log(x, WY_LOG_DEBUG, "conversation.timeout", x->where, "openid", NULL);
  wy_parked_end(x);
}

static void cancel(wy_wait *wait) {
  exchange *x = wy_container_of(wait, parking, wait)->x;
  x->phase = DELIVERING; /* neither its user's turn nor parked: it cleans up */
  forget(x);
  wy_wait_wake(wait, WY_E_CANCELLED);
}

static void drop(wy_wait *wait) { free(wy_container_of(wait, parking, wait)); }

/* --- goes on --- */

static int finish(lua_State *L, wy_wait *wait) {
  parking *p = wy_container_of(wait, parking, wait);
  exchange *x = p->x;
  int status = wait->status;
  free(p);
  if (status) return luaL_error(L, "%s", wy_err_text(status));
  return wy_exchange_push_message(L, x);
}

int wy_parked_go_on(exchange *parked, exchange *x) {
  worker *w = x->desk->worker;
  slot *s = parked->slot;
  wy_wait *wait = parked->park;
  if (!wy_exchange_keep_text(x, w->opened.text)) return WY_E_NOMEM;
  forget(parked);
  wy_exchange_settle(parked);
  free(parked->t.kept);
  free(parked->t.text);
  parked->t = x->t;
  wy_list_init(&parked->t.callers);
  for (wy_list *node; (node = wy_list_shift(&x->t.callers));) {
    caller *c = wy_container_of(node, caller, link);
    if (c == &x->t.first) node = &parked->t.first.link;
    wy_list_push(&parked->t.callers, node);
  }
  x->t.text = x->t.kept = NULL;
  parked->phase = RUNNING;
  parked->turns++;
  s->running = parked;
  wy_inbox_release(w->host->inbox, x->user); /* the two are one again */
  wy_slot_leave(w, s);
  wy_exchange_free(x);
  wy_timer_init(&parked->timer, NULL);
  wy_broker_arm(parked);
  wy_task_turn(wait->task);
  wy_wait_wake(wait, 0);
  return 0;
}

/* --- parks --- */

/* Raises where the running code may not ask for x: the question must not leave when nobody could
 * take the answer. */
wy_task *wy_park_check(lua_State *L, exchange *x) {
  wy_task *task = wy_task_can_wait(L);
  if (!x || x->phase != RUNNING) wy_raise(L, "msg:ask: this message was answered for good");
  else if (task != x->task)
    wy_raise(L, "msg:ask: only the handler itself may ask, not what it spawned");
  return task;
}

/* Ends the handler that asks, as if it had not: no error of the plugin, and no answer. */
int wy_park_give_up(lua_State *L, exchange *x) {
  x->dropped = true;
  return luaL_error(L, "this question cannot be asked");
}

/* Lua, within the task of x: what it accepts, a text of names between blanks; whether the question
 * is still unread. Returns the next message. The question has been given already. */
int wy_park(lua_State *L, exchange *x) {
  worker *w = x->desk->worker;
  slot *s = x->slot;
  size_t n;
  const char *accept = luaL_checklstring(L, 2, &n);
  bool unread = lua_toboolean(L, 3);
  wy_task *task = wy_park_check(L, x);
  if (s->parked) wy_parked_end(s->parked);
  if (x->t.given == NOTHING) { /* the question went another way */
    wy_exchange_count(x, WY_WAY_SUCCESS);
    wy_exchange_say(x, (wy_str){0}, true);
  }
  parking *p = malloc(sizeof *p);
  char *copy = malloc(n + 1);
  x->timer.fire = on_timer; /* the broker is done with it: the push has its answer */
  if (!p || !copy || wy_timer_start(&w->clock, &x->timer, PARK_MS)) {
    free(p);
    free(copy);
    return luaL_error(L, "out of memory");
  }
  memcpy(copy, accept, n + 1);
  *p = (parking){.wait = {task, 0, cancel, finish, drop}, .x = x};
  x->park = &p->wait;
  w->n_parked++;
  x->accept = copy;
  x->unread = unread;
  if (wy_exchange_park(x)) {
    forget(x);
    free(p);
    return luaL_error(L, "out of memory");
  }
  wy_task_rest(task);
  return wy_task_await(L, &p->wait);
}
