/* exchange: one push, from its message to its answer: who waits for it, the task that handles it,
 * and what was said so far. A conversation that goes on moves from push to push: its exchange takes
 * the next push over. An exchange belongs to one worker. */
#ifndef WY_HOST_EXCHANGE_H
#define WY_HOST_EXCHANGE_H

#include "codec/reply.h"
#include "host/host_impl.h"
#include "script/task.h"

/* Who waits for an answer: a request of this worker's, an errand of another's, a spec. */
typedef struct caller caller;
typedef struct caller_type {
  /* Takes the decoded body, or p NULL: `success`. The caller is gone afterwards. */
  void (*answer)(worker *w, caller *c, const desk *d, wy_str body);
  void (*hang_up)(worker *w, caller *c); /* closes without an answer: WeChat sends it again */
  bool (*gone)(const caller *c);         /* the client has left */
} caller_type;

struct caller {
  wy_list link;
  const caller_type *type;
  void *of;
  uint64_t since; /* ms on the clock */
  uint64_t due;   /* when the broker decides, on that clock; 0: decided */
  bool held;      /* stays unanswered on purpose */
  /* how its answer is sealed */
  wy_form form;
  bool sealed;
  size_t key;
  desk *gate; /* that opened its push, and seals its answer; held. NULL: sealed elsewhere */
  char receive_id[64];
  size_t receive_id_n;
};

typedef enum phase { QUEUED, RUNNING, DELIVERING, PARKED, LINGERING } phase;
typedef enum given { NOTHING, SUCCESS, BODY } given;
typedef enum may_reply { REPLY_UNASKED, REPLY_YES, REPLY_NO, REPLY_SPECIAL } may_reply;

enum {
  WY_PATIENCE_MS = 5000 /* then WeChat has hung up, whoever stands between */,
  WY_ID_BYTES = 128 /* ids of WeChat have some 30 bytes */
};

/* What an exchange takes over from the next push of its conversation. */
typedef struct turn {
  wy_hash128 key;
  lua_Integer number; /* of this push: the first of a conversation has given it its serial */
  bool open;          /* the inbox has not been told its answer */
  bool unheard;       /* its answer was given when no client was left to hear it */
  wy_list callers;    /* who waits: as many as there are connections, at most */
  unsigned n_callers; /* that ever waited */
  caller first;       /* memory for the only one that most pushes have */
  bool first_used;
  bool counted;         /* in metrics, by how it was answered */
  uint64_t arrived;     /* ms on the clock */
  uint64_t began;       /* ns, real */
  int64_t created;      /* by WeChat, unix seconds */
  unsigned attempt;     /* which of WeChat's it is now */
  bool redelivered;     /* an attempt before may have been handled, by another host */
  unsigned sent;        /* customer service messages */
  wy_way way, answered; /* how it will be answered, as things stand; how it was */
  given given;
  char *kept; /* the body that was given, for who asks again */
  size_t kept_n;
  wy_form form;
  bool user_message, is_event;
  may_reply may_reply;
  char type[NAME_BYTES], event[NAME_BYTES];
  char *text; /* the message's own bytes when they must outlive the request; else NULL */
  size_t text_n;
} turn;

typedef struct exchange {
  wy_list link;   /* in worker->exchanges */
  wy_list queued; /* in slot->queue */
  desk *desk;
  slot *slot;
  lua_Integer serial;
  uint64_t user;
  phase phase;
  bool *ended; /* set when it ends while its task is being started */
  wy_task *task;
  wy_timer timer; /* the next caller that is due */
  char to[WY_ID_BYTES], from[WY_ID_BYTES];
  size_t to_n, from_n;
  char authorizer[APPID_BYTES]; /* of a third-party platform's, whose push it is; or "" */
  char where[128];              /* file:line of the rule whose handler raised */
  const char *at;               /* of the rule that answers, while its answer leaves; else NULL */
  bool said;                    /* msg:say has kept something for the end */
  bool dropped; /* its conversation was ended from outside: no error of the plugin */
  /* while parked */
  wy_wait *park;
  char *accept;   /* " text click …": names of what it waits for */
  unsigned turns; /* answers that its conversation got */
  bool unread;    /* its question waits in the mailbox: nothing is the answer yet */
  turn t;
} exchange;

/* exchange.c */
exchange *wy_exchange_new(desk *d, const wy_push *p, const wy_claim *claim);
exchange *wy_exchange_find(const worker *w, lua_Integer serial);
/* since: when it came, ms on the clock. NULL: no memory. */
caller *wy_exchange_call(exchange *x, const caller_type *type, void *of, uint64_t since);
void wy_exchange_submit(exchange *x);      /* queues it, or begins it */
void wy_exchange_next(worker *w, slot *s); /* begins who waits, where nobody has the user */
void wy_exchange_join(exchange *x, caller *c);
void wy_exchange_say(exchange *x, wy_str body, bool keep); /* answers all; p NULL: `success` */
void wy_exchange_end(exchange *x, wy_str body);            /* the last word, and the end */
void wy_exchange_count(exchange *x, wy_way way);           /* one more was answered so, now */
int wy_exchange_park(exchange *x);                         /* 0 or WY_E_NOMEM */
void wy_exchange_settle(exchange *x); /* its answer is the inbox's matter from now on */
void wy_exchange_free(exchange *x);
void wy_exchange_discard(exchange *x); /* one that nobody waits for: as if it had not been */
void wy_exchanges_deinit(worker *w);
bool wy_exchange_keep_text(exchange *x, wy_str text);

/* push.c: takes a push. since: when it began to come, ms on the clock: WeChat's patience began
 * then. 0: the caller is answered, now or later; else why it is refused, and the caller was not
 * touched. */
int wy_push_take(desk *d, wy_str query, wy_str body, const caller_type *type, void *of,
                 uint64_t since);
void wy_push_log_nomem(worker *w);

/* slot.c */
slot *wy_slot_take(worker *w, uint64_t user); /* for one more exchange; NULL: no memory */
void wy_slot_leave(worker *w, slot *s);       /* one less; gone with the last */
slot *wy_slot_find(const worker *w, uint64_t user);
void wy_slots_deinit(worker *w);

/* handle.c: the task */
int wy_exchange_begin(exchange *x);
int wy_exchange_push_message(lua_State *L, exchange *x);      /* pushes msg; 1 */
void wy_exchange_push_facts(lua_State *L, const exchange *x); /* pushes a weiyue.outbox.Push */

/* park.c: conversations */
bool wy_parked_wants(const exchange *parked, const exchange *x);
/* Takes x over, which is gone then. 0 or WY_E_NOMEM. */
int wy_parked_go_on(exchange *parked, exchange *x);
void wy_parked_end(exchange *parked); /* as if it had never asked */
wy_task *wy_park_check(lua_State *L, exchange *x);
int wy_park_give_up(lua_State *L, exchange *x);
int wy_park(lua_State *L, exchange *x);

/* broker.c: what happens when the time is up */
void wy_broker_arm(exchange *x);
may_reply wy_broker_may_reply(exchange *x);
bool wy_broker_can_late(exchange *x);
bool wy_broker_may_hold(exchange *x);
wy_str wy_waiting_text(exchange *x); /* built into worker->reply; p NULL: it cannot be */
wy_str wy_apology_text(exchange *x); /* likewise; also NULL: the account has none */

/* answer.c: from Lua values to bodies, in worker->reply */
int wy_reply_build_text(exchange *x, wy_str text, wy_reply_cut *cut);
int wy_reply_build_value(lua_State *L, int index, exchange *x, const char **what,
                         wy_reply_cut *cut);
bool wy_call_flag(lua_State *L, const char *function, const char *one, const char *two);
/* A line about a push: begins with its account, ends with its trace. */
void wy_exchange_line(wy_line *line, const exchange *x, wy_log_level level, const char *event);
void wy_exchange_line_end(wy_line *line, const exchange *x);
void wy_exchange_log(const exchange *x, wy_log_level level, const char *event, const char *where,
                     const char *key, const char *value);
/* The same for what may come in floods: a ration of them. */
void wy_exchange_log_some(const exchange *x, wy_log_level level, const char *event,
                          const char *where, const char *key, const char *value);
void wy_exchange_log_error(const exchange *x, const char *event, const char *plugin,
                           const char *text); /* lua.error, likewise */

#endif
