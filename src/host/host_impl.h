/* What the files of host/ share. Nobody else includes this.
 *
 * A host has workers: each is a thread with a loop, an HTTP server, a Lua state and its own side of
 * every account (a desk). What stands in `wy_host` and `account` is written while loading and only
 * read afterwards, but for what has a lock of its own (inbox, dicts, hold budgets). Workers talk by
 * posts (post.h); none touches what another owns. */
#ifndef WY_HOST_IMPL_H
#define WY_HOST_IMPL_H

#include <lua.h>
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/log.h"
#include "base/ration.h"
#include "codec/gate.h"
#include "host/budget.h"
#include "host/generation.h"
#include "host/inbox.h"
#include "host/mailbox.h"
#include "host/post.h"
#include "host/reload.h"
#include "host/sandbox.h"
#include "host/stats.h"
#include "host/store.h"
#include "host/supervised.h"
#include "net/client.h"
#include "net/http.h"
#include "net/tick.h"
#include "script/mod_page.h"
#include "script/modules.h"
#include "script/state.h"
#include "store/dict.h"
#include "weiyue.h"

enum { STOP_MS = 9000, NAME_BYTES = 64, WORKERS_MAX = 256, LEDGERS_MAX = 4096, APPID_BYTES = 65 };

/* What is counted of an account: one for each id, as long as the host lives, whatever generation
 * has it. */
typedef struct ledger {
  size_t index;
  char *id;
  wy_budget budget;      /* pushes left unanswered, on purpose or not */
  wy_desk_stats **stats; /* one for each worker */
  wy_hash_key hash;      /* of its keys in the inbox: from its first token, so machines agree */
  bool hashed;
  atomic_bool served; /* a generation with it was published */
} ledger;

/* As one generation has it. */
typedef struct account {
  size_t index; /* in its generation */
  ledger *ledger;
  const char *id; /* the ledger's */
  char *path, *url_host, *username, *appid, *token, *apology, *waiting;
  char *
      authorizers; /* of a third-party platform: the path of its authorizers' pushes, with :appid */
  double deadline; /* seconds a reply may take */
  wy_mode mode;
  bool can_kf;      /* may send customer service messages */
  bool has_api;     /* WeChat's API can be called for it: it has a secret, or who gives it tokens */
  wy_hash_key hash; /* of its keys in the inbox: from its token, so machines agree */
  unsigned hold_budget;
  struct page *pages; /* of its plugins, the special before the general: page.c */
  size_t n_pages;
  char *base;    /* what pages stand under where the host asked for is not theirs alone; or "" */
  char *prefix;  /* of its url, which proxies cut off or not; or "" */
  bool own_host; /* its url's host tells that a request is its */
} account;

/* One worker's side of an account, in one edition. */
typedef struct desk {
  worker *worker;
  struct edition *edition;
  account *account;
  wy_desk_stats *stats; /* the ledger's, of this worker */
  wy_gate gate;
  int object_ref;   /* Lua: msg.account */
  int dispatch_ref; /* Lua: function(msg) → reply, where */
} desk;

/* A user of one account with something in flight on this worker. */
typedef struct slot {
  struct slot *next; /* in its bucket, or among the spare ones */
  uint64_t user;     /* hash of account and openid */
  struct exchange *running, *parked;
  wy_list queue; /* exchanges that wait for running to end */
  unsigned n_queue;
  unsigned n;   /* exchanges that point here, and guests */
  bool guest;   /* a page has the user: guest.c */
  wy_list away; /* in worker->away, while what an older host has of him goes first */
} slot;

typedef struct slots {
  slot **buckets;
  size_t n_buckets, n;
  slot *spare;
  size_t n_spare;
} slots;

/* What a stop, or a hand-over, asks of every worker, each once. */
typedef enum wy_order {
  WY_STOP_SERVING,
  WY_GIVE_UP,
  WY_CLOSE,
  WY_PAUSE,  /* another host takes over: no connection is accepted any more */
  WY_RESUME, /* it did not */
  WY_ORDERS
} wy_order;

/* The next worker, as this one sees it. */
typedef struct neighbour {
  const wy_beat *beat;
  uint64_t turns, runs; /* runs: when this turn of its loop was first seen */
  bool awake;           /* at the last look: the turn is not over, and its loop does not sleep */
  wy_timer timer;
} neighbour;

struct worker {
  wy_host *host;
  unsigned index;
  uv_loop_t *loop, own_loop;
  uv_thread_t thread;
  pthread_t self;          /* who runs its loop, once it turns */
  bool has_loop, threaded; /* own_loop is open; its thread runs */
  wy_clock clock;
  wy_tick tick;
  unsigned beats;
  uv_prepare_t beat;      /* before the loop sleeps: what readers of other threads may see is set */
  uv_idle_t slices;       /* tasks were suspended: one runs in each turn */
  wy_beat *shown, unseen; /* to who watches; or the second, when nobody does */
  neighbour neighbour;
  wy_script *volatile running; /* whose Lua runs just now; NULL: nobody's */
  bool ticking, beating, slicing, opened_posts;
  wy_crypt *crypt;
  wy_http *http;
  wy_client *client;
  wy_list editions;               /* that are not closed yet, the oldest first */
  edition *current, *canary;      /* of these: who takes new pushes; canary NULL: none */
  unsigned plan;                  /* host->plan, when it was looked at last */
  uint64_t stopped[WY_FAULT_END]; /* tasks of editions that were closed */
  wy_turns turns;                 /* of their tasks */
  wy_timer sweep;                 /* while there are retired editions */
  slots slots;
  wy_list exchanges;       /* pushes that are queued, handled or parked */
  wy_list spare_exchanges; /* memory for more */
  size_t n_spare_exchanges;
  lua_Integer serial; /* of the exchange begun last */
  uint64_t trace_seed;
  wy_ration ration; /* of its log's lines */
  size_t n_parked;
  wy_list errands; /* pushes that were handed to another worker */
  wy_list lates;   /* late messages on their way */
  wy_push opened;  /* the push that is being decoded */
  char
      authorizer[APPID_BYTES]; /* whose it is, of a platform's authorizers; "": the account's own */
  wy_buf reply, sealed, known;
  wy_posts posts;
  wy_worker_stats stats;
  bool given_up;             /* the host stops, and everybody was answered */
  bool http_ended;           /* no connection is left, and none will come */
  bool parting, parted;      /* its states are told that the host ends; and have done their last */
  bool served;               /* and nothing else is under way */
  wy_post orders[WY_ORDERS]; /* by wy_order */
  wy_kv_client *kv;          /* NULL: the store is not open */
  bool left_store;
  wy_kv_door door; /* to that, for its states */
  wy_list waiting; /* errands whose push an older host handles */
  wy_list away;    /* slots whose user it has */
  wy_list pages;   /* requests whose tasks have not ended */
  wy_streams streams;
};

/* Of the embedding program. */
typedef struct route {
  unsigned methods;
  char *path;
  size_t body_max;
  wy_route_fn fn;
  void *data;
} route;

typedef struct proxy {
  char *address;
  unsigned prefix;
} proxy;

struct wy_host {
  const char *sandbox; /* of the user's host of `weiyue sandbox`: JSON; else NULL */
  wy_guest *guest;     /* of the sandbox itself; else NULL */
  wy_host_options options;
  wy_log log;
  pthread_mutex_t log_lock;
  bool is_virtual;            /* one worker on a clock that its owner steps */
  const struct wy_wire *wire; /* of a virtual one: who answers its HTTP calls; NULL: its client */
  uint64_t seed;              /* likewise, of math.random; 0: none */
  worker *workers;            /* [0] has the loop of the embedding program, when there is one */
  unsigned n_workers, wanted_workers;
  wy_inbox *inbox;
  wy_dict *shared, *own, *visitors, *timers; /* the last three: of the host's Lua code */
  wy_mailbox mailbox;
  wy_http_limits limits;
  wy_limits lua_limits;
  size_t json_max, upload_max, parts_max;
  unsigned streams_max;
  char *uploads; /* folder */
  size_t push_max, queue_max, inbox_bytes, shared_bytes, mailbox_bytes;
  unsigned window, json_depth;
  ledger **ledgers; /* LEDGERS_MAX places */
  unsigned n_sides; /* workers that a ledger has places for */
  atomic_size_t n_ledgers;
  pthread_mutex_t plan_lock;
  atomic_uint plan;              /* counts changes of what follows, which plan_lock guards */
  generation *promoted, *canary; /* canary NULL: none */
  uint64_t last_number;          /* of a generation */
  struct wy_reload *reload;
  atomic_bool wants_reload, wants_rebuild;
  bool keep_failed;         /* of the helper's thread: the last time, and it was told */
  bool keeps;               /* what it needs to come back, in its state folder */
  bool fell_back;           /* a generation that was kept serves, not the disk's */
  char first_problem[1000]; /* of the first load */
  int back;                 /* which of the kept generations to start with; 0: the disk's */
  struct wy_helper *helper; /* NULL until it is needed */
  route *routes;
  size_t n_routes;
  proxy *proxies;
  size_t n_proxies;
  char *listen, *address; /* asked for by the program; the configuration's */
  int port;
  char *admin_address; /* NULL: none */
  int admin_port;
  bool admin_given; /* by the configuration: else another host may have the default port */
  char *state;      /* folder */
  char *folder;     /* that the configuration is in: "" for the working directory */
  char *store_url;
  bool store_normal, store_given; /* durability; by the configuration */
  wy_kv *kv;                      /* NULL: not open */
  char *log_file;                 /* NULL: none; for the program, the library writes none */
  char admin_key[65];
  wy_http *admin;
  bool admin_serves, admin_stopping;
  struct wy_giving *giving; /* to a host that takes over; NULL: to none */
  struct wy_taking *taking; /* likewise, from one */
  wy_post paused;           /* every worker has stopped accepting */
  atomic_bool elsewhere;    /* one has pushes in flight still */
  int64_t alone_since; /* unix seconds: what was created before may be known to a host that is gone;
                          0: one has told what it knew */
  wy_supervised supervised; /* all NULL: it is alone */
  struct wy_record *record; /* NULL: no journal is kept */
  wy_sender_fn sender;
  void *sender_data;
  bool bare; /* no plugins, and nothing is served: it answers by wy_remote_call alone */
  bool token_server;
  bool loaded, started, gave_up, closed;
  atomic_bool stopping;
  atomic_uint serving; /* HTTP servers that have not stopped yet */
  bool stopped;
  uv_async_t stop_async, served_async, reload_async;
  wy_timer stop_timer;
};

/* worker.c */
int wy_worker_init(worker *w, wy_host *h, unsigned index, uv_loop_t *loop);
int wy_worker_open(worker *w);   /* its HTTP server, once the configuration is known */
void wy_worker_more(void *data); /* a task was suspended: slices are run in each turn */
void wy_worker_beat(worker *w);  /* what readers of other threads may see is set */
void wy_worker_run(worker *w);   /* its loop, to the end */
int wy_worker_run_thread(worker *w);
void wy_worker_show(worker *w, wy_beat *beat); /* from now on there */
void wy_worker_obey(worker *w, wy_order order);
void wy_worker_settle(worker *w);   /* something ended: is it the last, in a stop? */
void wy_worker_unsettle(worker *w); /* something began */
void wy_worker_deinit(worker *w);

/* neighbour.c: a late worker's connections are accepted by the one before it */
int wy_neighbour_watch(worker *w); /* once every worker has its beat */
void wy_neighbour_leave(worker *w);
worker *wy_neighbour_before(wy_host *h, unsigned i); /* who looks at worker i; NULL: nobody */

/* config.c: from the checked configuration, a Lua table, to C; these raise */
void wy_config_read_host(wy_host *h, lua_State *L, int conf, const char *folder, const char *state,
                         const char *log_file);
void wy_config_read_generation(generation *g, wy_crypt *crypt, lua_State *L, int conf);
void wy_config_read_list(lua_State *L, int list, char ***out, size_t *n_out);
void wy_config_read_desks(edition *e, wy_crypt *crypt, lua_State *L, int conf, int entries);
void wy_config_forget(wy_host *h); /* what was read: another will be */
void wy_config_deinit(wy_host *h);

/* route.c */
const account *wy_routes_clash(const wy_host *h, const generation *g); /* NULL: none */
int wy_route_on_head(void *data, wy_http_req *req, size_t *body_max);
void wy_route_on_request(void *data, wy_http_req *req);
void wy_routes_deinit(wy_host *h);

/* The AppID in the path of a push for an authorizer of this platform; n 0: it is none. */
wy_str wy_route_authorizer(const account *a, wy_str path);

/* first.c: builds the generation to start with, and publishes it */
int wy_first_load(wy_host *h, wy_build *b);

/* page.c: requests that plugins serve */
void wy_pages_read(account *a, lua_State *L, int site); /* raises */
void wy_pages_free(account *a);
int wy_page_on_head(worker *w, const generation *g, wy_http_req *req, size_t *body_max);
void wy_page_serve(worker *w, wy_http_req *req);
int wy_page_hold(lua_State *L, worker *w);      /* Lua: number, openid → true | false */
int wy_page_release(lua_State *L, worker *w);   /* Lua: number */
void wy_pages_end(worker *w, const edition *e); /* streams; e NULL: of all editions */

/* host.c */
void wy_host_everybody(wy_host *h, wy_order order);
int wy_host_sockets(wy_host *h, int *fds, unsigned *n); /* 0 or a uv error */
int wy_host_new_virtual(wy_host **out, const wy_host_options *options, int64_t wall_ms);
void wy_host_rebuild(wy_host *h); /* a state is short of memory; from any worker */
void wy_host_served(wy_host *h);  /* an HTTP server has stopped; from any worker */

/* push.c */
void wy_push_serve(worker *w, desk *d, wy_http_req *req);
void wy_exchanges_end(worker *w);     /* those that no task will end */
void wy_conversations_end(worker *w); /* those that wait for their user */
void wy_pushes_give_up(worker *w);    /* answers what is in flight with `success` */

/* errand.c: pushes on other workers */
void wy_errands_let_go(worker *w);  /* of the gates: their editions go */
void wy_errands_look(worker *w);    /* what waits for an older host: what need not any more? */
void wy_errands_give_up(worker *w); /* what waits for an older host has waited enough */

/* give.c: to a host that takes over */
void wy_give_paused(worker *w);      /* this one does not accept any more */
void wy_give_connections(worker *w); /* its idle ones */
void wy_give_end(wy_host *h);        /* all is said */

/* take.c: from a host that is taken over from */
int wy_take(wy_host *h);        /* its inbox; 0, or an error: it has not got it all */
int wy_take_begin(wy_host *h);  /* what becomes of its pushes, and its connections */
void wy_take_close(wy_host *h); /* with the loop of the first worker */

/* forget.c: what pushes have left of a user, on all workers */
void wy_forget_user(worker *w, const account *a, wy_str openid);

/* late.c */
int wy_late_send(lua_State *L); /* Lua: account index, json → true | nil, text */
void wy_lates_deinit(worker *w);

/* calls.c */
void wy_calls_open(edition *e, lua_State *L); /* the module weiyue.push */

/* rig_time.c: os.time and os.date of this state, for specs, tell its clock's time */
void wy_rig_give_time(lua_State *L);

/* admin.c */
int wy_admin_start(wy_host *h);
int wy_admin_listen(wy_host *h); /* 0 or a uv error */

#endif
