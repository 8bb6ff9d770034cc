/* stats: what is counted, where, and how /metrics tells it. Each worker counts for itself; readers
 * add up. */
#ifndef WY_HOST_STATS_H
#define WY_HOST_STATS_H

#include "base/buf.h"
#include "base/metrics.h"
#include "script/task.h"

/* How a push was answered: each attempt has one of these, and held ones HOLD before. One row: name
 * in code, and in metrics. */
#define WY_WAYS(X)                                                                                 \
  X(REPLY, "reply")           /* in time, by what the handler gave */                              \
  X(SUCCESS, "success")       /* in time, with nothing to say */                                   \
  X(LATE, "late")             /* `success`; the answer follows */                                  \
  X(MAILBOX, "mailbox")       /* the waiting text */                                               \
  X(HOLD, "hold")             /* not at all: its retry will be */                                  \
  X(DUPLICATE, "duplicate")   /* again, with what was said before */                               \
  X(APOLOGY, "apology")       /* the handler failed */                                             \
  X(QUEUE_FULL, "queue_full") /* too many of this user wait */                                     \
  X(HUNG_UP, "hung_up")       /* not at all: no memory, or a worker full; WeChat sends it again */ \
  X(QUARANTINED, "quarantined") /* with `success`, by nobody: it ended two processes before */     \
  X(JOINED, "joined")           /* besides: with the answer of an attempt before it */

typedef enum wy_way {
#define X(name, text) WY_WAY_##name,
  WY_WAYS(X)
#undef X
      WY_WAY_END
} wy_way;

const char *wy_way_name(wy_way way);

enum { WY_STATUS_CLASSES = 6 /* of HTTP: 2xx to 5xx; the first has what was given up */ };

/* Of one account on one worker. */
typedef struct wy_desk_stats {
  uint64_t pushes, refused, answers[WY_WAY_END];
  uint64_t unanswered;    /* the client had left before */
  uint64_t late_messages; /* delivered */
  uint64_t late_failed;
  uint64_t mailbox_put, mailbox_taken;
  uint64_t api_calls, api_failed; /* of WeChat's API: sent, tries included; ended in an error */
  uint64_t token_fetches;         /* requests for tokens, failed ones among them */
  uint64_t pages[WY_STATUS_CLASSES];
  wy_histogram seconds[WY_WAY_END]; /* from a push to its answer; of hold: to the decision */
} wy_desk_stats;

enum { WY_PLUGIN_NAMES = 64 /* plugins with a figure of their own */ };

typedef struct wy_plugin_stats {
  char name[64];
  uint64_t memory;
} wy_plugin_stats;

typedef struct wy_worker_stats {
  uint64_t hops, hops_refused, queued, queue_dropped, parked, tasks, connections;
  uint64_t lua_states, lua_memory, stopped[WY_FAULT_END];
  uint64_t timer_runs, timer_skipped, timer_late, timer_errors;
  wy_handlers handlers;
  wy_plugin_stats plugins[WY_PLUGIN_NAMES]; /* a name that was written stays */
  uint64_t n_plugins;
} wy_worker_stats;

typedef struct wy_host wy_host;

/* Appends everything in Prometheus' text format. From any thread. */
void wy_stats_write(wy_host *h, wy_buf *out);

/* What is wrong with a host that serves nevertheless, as /ready tells it: the disk's version does
 * not serve, or the store fails. An empty text: nothing. */
void wy_stats_trouble(wy_host *h, char *out, size_t size);

#endif
