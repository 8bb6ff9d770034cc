/* The store in a Redis, which other processes and machines may share. A thread of its own has the
 * connection; operations leave in the order they come, many before the first is answered.
 *
 * While there is no connection, and it is not just being made for the first time, an operation
 * fails at once: who waits for a store that is away helps nobody. So it is while Redis is connected
 * and silent (STALL_MS): what was sent fails, too, and is told that it may be done nevertheless;
 * the next answer ends that. Silence to the end of an operation's time ends the connection. */
#include <stdlib.h>

#include "base/err.h"
#include "store/kv_impl.h"
#include "store/redis_op.h"
#include "store/redis_script.h"

enum {
  STALL_MS = 700,
  TICK_MS = 50,     /* while something waits */
  PATIENCE_MS = 500 /* for the connection, where it was never made or is just lost */
};

/* One that was sent. */
typedef struct command {
  wy_list link;
  wy_kv_op *op; /* NULL: nobody waits for it any more, or it is our own */
  bool setting; /* our own: a setting of the server's */
  char *lock;   /* that it was to get, for one whom nobody waits for: then it is given back */
  size_t n_lock;
  uint64_t sent, due; /* ms */
} command;

typedef struct redis {
  wy_kv *kv;
  wy_redis_link *link;
  uv_loop_t loop;
  uv_thread_t thread;
  uv_async_t async;
  uv_timer_t tick;
  bool full;        /* durability */
  bool up, refuses; /* refuses: it is away, or silent, and that is known */
  bool gone;        /* and that was told */
  bool durability_told;
  unsigned settings;                 /* of durability, that were good */
  uint64_t since;                    /* when the connection was begun or lost, ms */
  uint64_t heard;                    /* when it answered last, ms */
  char place[144];                   /* as it may be shown */
  char why[WY_KV_WHY];               /* it is away */
  wy_list sent;                      /* commands */
  wy_kv_op *waiting, **last_waiting; /* for the connection */
  pthread_mutex_t lock;
  wy_kv_op *first, **last; /* from clients */
  bool closing;
} redis;

/* --- failing --- */

/* Which Redis, and what of it. */
static void say(const redis *r, char out[WY_KV_WHY], const char *why) {
  snprintf(out, WY_KV_WHY, "%s: %s", r->place, why);
}

static void fail(wy_kv_op *op, int err, const char *why) {
  wy_kv_fail(op, err, why);
  wy_kv_done(op);
}

static void fail_waiting(redis *r, int err, const char *why) {
  for (wy_kv_op *op; (op = r->waiting) != NULL;) {
    r->waiting = op->next;
    fail(op, err, why);
  }
  r->last_waiting = &r->waiting;
}

static void command_free(command *c) {
  free(c->lock);
  free(c);
}

/* Nobody waits for its answer any more. */
static void let_go(command *c, int err, const char *why) {
  char both[WY_KV_WHY];
  wy_kv_op *op = c->op;
  if (!op) return;
  c->op = NULL;
  if (op->q.verb == WY_KV_LOCK && (c->lock = malloc(op->q.key.n + 1)) != NULL) {
    memcpy(c->lock, op->q.key.p, op->q.key.n);
    c->n_lock = op->q.key.n;
  }
  snprintf(both, sizeof both, "%.215s%s", why,
           wy_kv_writes(op->q.verb) ? "; it may be written" : "");
  fail(op, err, both);
}

static void lose_sent(redis *r, int err, const char *why) {
  for (wy_list *n; (n = wy_list_shift(&r->sent));) {
    command *c = wy_container_of(n, command, link);
    let_go(c, err, why);
    command_free(c);
  }
}

/* --- what is sent --- */

static void tick_on(redis *r);

static void expect(redis *r, command *c, wy_kv_op *op, bool setting) {
  uint64_t now = wy_kv_real_ms();
  *c = (command){.op = op, .setting = setting, .sent = now, .due = now + r->kv->timeout};
  if (op) c->due = op->due;
  wy_list_push(&r->sent, &c->link);
}

/* whole: with the script itself, which Redis has lost. */
static void give(redis *r, wy_kv_op *op, bool whole) {
  command *c = malloc(sizeof *c);
  int err = c ? wy_redis_op_send(r->link, &op->q, op->now, whole) : WY_E_NOMEM;
  if (err) {
    free(c);
    fail(op, WY_E_STORE_BUSY, "too much waits to be sent to Redis"); /* ours, not the server's */
    return;
  }
  expect(r, c, op, false);
}

/* It came when nobody waited for it any more. */
static void give_back(redis *r, const command *late, const redisReply *reply) {
  wy_kv_question q = {.verb = WY_KV_UNLOCK, .key = {late->lock, late->n_lock}};
  if (!late->lock || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
      reply->element[0]->type != REDIS_REPLY_INTEGER || reply->element[0]->integer != 1 ||
      reply->element[1]->type != REDIS_REPLY_STRING)
    return;
  q.number = strtoll(reply->element[1]->str, NULL, 10);
  command *c = malloc(sizeof *c);
  if (c && wy_redis_op_send(r->link, &q, 0, false) == 0) expect(r, c, NULL, false);
  else free(c); /* it ends with its time */
  wy_redis_link_flush(r->link);
}

/* --- what is answered --- */

/* Whether Redis keeps what it has acknowledged is its own affair; that it is told to is asked once.
 */
static void on_setting(redis *r, const redisReply *reply) {
  static const char *const wanted[] = {"yes", "always"}; /* appendonly, appendfsync: one each */
  bool known = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
               reply->element[1]->type == REDIS_REPLY_STRING;
  for (size_t i = 0; known && i < 2; i++)
    if (strcmp(reply->element[1]->str, wanted[i]) == 0) r->settings++;
}

static void on_settings_end(redis *r, bool known) {
  if (r->settings == 2 || r->durability_told) return;
  r->durability_told = true;
  wy_line line;
  wy_line_begin(&line, r->kv->log, known ? WY_LOG_WARN : WY_LOG_INFO, "store.durability");
  wy_line_z(&line, "text",
            known ? "durability is \"full\", but Redis is not set to appendonly yes and "
                    "appendfsync always: when its machine fails it may lose its last writes"
                  : "Redis does not tell whether it keeps its last writes when its machine fails "
                    "(appendonly, appendfsync)");
  wy_line_end(&line);
}

static void on_reply(void *data, const redisReply *reply) {
  redis *r = data;
  wy_list *n = wy_list_shift(&r->sent);
  if (!n) {
    wy_redis_link_drop(r->link, WY_E_STORE_UNREACHABLE, "what answers is no Redis");
    return;
  }
  command *c = wy_container_of(n, command, link);
  wy_kv_op *op = c->op;
  bool setting = c->setting;
  r->heard = wy_kv_real_ms();
  if (!op) give_back(r, c, reply);
  command_free(c);
  if (r->refuses) { /* it is not silent any more */
    r->refuses = false;
    wy_kv_fine(r->kv);
  }
  if (setting) {
    on_setting(r, reply);
    bool more = !wy_list_empty(&r->sent) && wy_container_of(r->sent.next, command, link)->setting;
    if (!more) on_settings_end(r, reply->type != REDIS_REPLY_ERROR);
  }
  if (!op) return;
  if (reply->type == REDIS_REPLY_ERROR) {
    const char *why;
    if (strncmp(reply->str, "NOSCRIPT", 8) == 0) { /* it was started anew, or told to forget */
      give(r, op, true);
      wy_redis_link_flush(r->link);
      return;
    }
    char text[WY_KV_WHY];
    int err = wy_redis_error(reply, &why);
    say(r, text, why);
    fail(op, err, text);
    /* it loads, or another is the master: then the name may lead elsewhere */
    if (err == WY_E_STORE_UNREACHABLE || err == WY_E_STORE_READONLY)
      wy_redis_link_drop(r->link, err, why);
    return;
  }
  if (!wy_redis_op_read(op, reply)) {
    char text[WY_KV_WHY];
    say(r, text, "what answers is no Redis");
    fail(op, WY_E_STORE_UNREACHABLE, text);
    wy_redis_link_drop(r->link, WY_E_STORE_UNREACHABLE, "what answers is no Redis");
    return;
  }
  if (!op->answer.err && wy_kv_writes(op->q.verb)) wy_kv_fine(r->kv);
  wy_redis_link_fine(r->link);
  wy_kv_done(op);
}

/* --- the connection --- */

static void ask_setting(redis *r, const char *name) {
  command *c = malloc(sizeof *c);
  if (c && wy_redis_link_send(r->link, 3, (const char *[]){"CONFIG", "GET", name}, NULL) == 0)
    expect(r, c, NULL, true);
  else free(c);
}

static void on_up(void *data) {
  redis *r = data;
  r->up = true;
  r->refuses = false;
  if (r->gone) wy_kv_fine(r->kv);
  r->gone = false;
  r->settings = 0;
  if (r->full && !r->durability_told) {
    ask_setting(r, "appendonly");
    ask_setting(r, "appendfsync");
  }
  for (wy_kv_op *op; (op = r->waiting) != NULL;) {
    r->waiting = op->next;
    if (wy_kv_take(op)) give(r, op, false);
    else wy_kv_done(op);
  }
  r->last_waiting = &r->waiting;
  wy_redis_link_flush(r->link);
  tick_on(r);
}

static void on_down(void *data, int err, const char *why) {
  redis *r = data;
  if (r->up) r->since = wy_kv_real_ms();
  else r->refuses = true; /* it did not come back at once */
  r->up = false;
  if (err == WY_E_STORE_UNREACHABLE) r->gone = true; /* back when it is up; else when it works */
  say(r, r->why, why);
  wy_kv_trouble(r->kv, err, r->why);
  lose_sent(r, err, r->why);
  if (r->refuses) fail_waiting(r, err, r->why);
}

static void on_tick(uv_timer_t *timer) {
  redis *r = timer->data;
  uint64_t now = wy_kv_real_ms();
  if (!wy_list_empty(&r->sent)) {
    const command *oldest = wy_container_of(r->sent.next, command, link);
    if (now >= oldest->due) {
      wy_redis_link_drop(r->link, WY_E_STORE_UNREACHABLE, "Redis does not answer");
    } else if (now - (oldest->sent > r->heard ? oldest->sent : r->heard) >= STALL_MS &&
               !r->refuses) {
      r->refuses = true;
      say(r, r->why, "Redis does not answer");
      wy_kv_trouble(r->kv, WY_E_STORE_UNREACHABLE, r->why);
      for (wy_list *n = r->sent.next; n != &r->sent; n = n->next)
        let_go(wy_container_of(n, command, link), WY_E_STORE_UNREACHABLE, r->why);
    }
  }
  if (!r->up && now - r->since >= PATIENCE_MS) {
    if (!r->why[0]) say(r, r->why, "Redis cannot be reached in time");
    fail_waiting(r, WY_E_STORE_UNREACHABLE, r->why);
  }
  if (wy_list_empty(&r->sent) && !r->waiting) uv_timer_stop(timer);
}

static void tick_on(redis *r) {
  if (!uv_is_active((uv_handle_t *)&r->tick)) uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
}

/* --- operations come in --- */

static void take_in(redis *r, wy_kv_op *op) {
  if (r->up && !r->refuses) {
    if (wy_kv_take(op)) give(r, op, false);
    else wy_kv_done(op);
  } else if (r->refuses || wy_kv_real_ms() - r->since >= PATIENCE_MS) {
    fail(op, WY_E_STORE_UNREACHABLE, r->why);
  } else {
    op->next = NULL;
    *r->last_waiting = op;
    r->last_waiting = &op->next;
  }
}

static void on_async(uv_async_t *async) {
  redis *r = async->data;
  pthread_mutex_lock(&r->lock);
  wy_kv_op *op = r->first, *next;
  bool closing = r->closing;
  r->first = NULL;
  r->last = &r->first;
  pthread_mutex_unlock(&r->lock);
  for (; op; op = next) {
    next = op->next;
    take_in(r, op);
  }
  wy_redis_link_flush(r->link);
  if (!wy_list_empty(&r->sent) || r->waiting) tick_on(r);
  if (closing) uv_stop(&r->loop);
}

static void redis_submit(void *self, wy_kv_op *op) {
  redis *r = self;
  if (!op->client->clock->is_virtual) op->now = 0; /* the server's, then */
  op->next = NULL;
  pthread_mutex_lock(&r->lock);
  bool first = r->first == NULL;
  *r->last = op;
  r->last = &op->next;
  pthread_mutex_unlock(&r->lock);
  if (first) uv_async_send(&r->async);
}

/* --- the thread --- */

static bool is_waited_for(const redis *r) {
  for (const wy_list *n = r->sent.next; n != &r->sent; n = n->next)
    if (wy_container_of(n, command, link)->op) return true;
  return r->waiting != NULL;
}

static void run(void *data) {
  redis *r = data;
  wy_redis_link_start(r->link);
  uv_run(&r->loop, UV_RUN_DEFAULT); /* until it is to close */
  tick_on(r);
  while (is_waited_for(r)) uv_run(&r->loop, UV_RUN_ONCE);
  lose_sent(r, WY_E_STORE_CLOSED, "the store is closed"); /* nobody waits for these */
  wy_redis_link_close(r->link);
  uv_close((uv_handle_t *)&r->tick, NULL);
  uv_close((uv_handle_t *)&r->async, NULL);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  uv_loop_close(&r->loop);
}

static void redis_free(redis *r) {
  pthread_mutex_destroy(&r->lock);
  free(r);
}

static void redis_close(void *self) {
  redis *r = self;
  pthread_mutex_lock(&r->lock);
  r->closing = true;
  pthread_mutex_unlock(&r->lock);
  uv_async_send(&r->async);
  uv_thread_join(&r->thread);
  redis_free(r);
}

/* Once its loop and handles are there. 0 or WY_E_NOMEM. */
static int start(redis *r, wy_redis_url *url) {
  static const uv_thread_options_t small = {.flags = UV_THREAD_HAS_STACK_SIZE,
                                            .stack_size = 256 * 1024};
  const wy_redis_events events = {on_up, on_down, on_reply, r};
  uv_async_init(&r->loop, &r->async, on_async);
  uv_timer_init(&r->loop, &r->tick);
  r->async.data = r->tick.data = r;
  r->link = wy_redis_link_new(&r->loop, url, WY_REDIS_SCRIPT, &events);
  if (r->link && uv_thread_create_ex(&r->thread, &small, run, r) == 0) return 0;
  if (r->link) wy_redis_link_close(r->link);
  uv_close((uv_handle_t *)&r->tick, NULL);
  uv_close((uv_handle_t *)&r->async, NULL);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  uv_loop_close(&r->loop);
  return WY_E_NOMEM;
}

static int redis_open(wy_kv *kv, const wy_kv_options *o, void **self, char why[WY_KV_WHY]) {
  wy_redis_url url;
  int err = wy_redis_url_parse(&url, o->url, why, WY_KV_WHY);
  redis *r = err ? NULL : calloc(1, sizeof *r);
  if (!err && (!r || uv_loop_init(&r->loop))) err = WY_E_NOMEM;
  if (!err) {
    r->kv = kv;
    r->full = !o->normal;
    wy_redis_url_place(&url, r->place, sizeof r->place);
    r->since = wy_kv_real_ms();
    r->last = &r->first;
    r->last_waiting = &r->waiting;
    wy_list_init(&r->sent);
    pthread_mutex_init(&r->lock, NULL);
    err = start(r, &url);
    if (err) redis_free(r);
    else *self = r;
  } else {
    free(r);
  }
  wy_redis_url_deinit(&url);
  return err;
}

const wy_kv_backend wy_kv_redis = {"redis",    "redis://",   true,
                                   redis_open, redis_submit, redis_close};
