/* generation: what one reading of weiyue.lua and of its plugins made: the accounts, and for each
 * worker an edition, which is a Lua state with the plugins and the worker's side of the accounts.
 *
 * A generation is built as a whole, beside the one that serves, and serves from its publication on:
 * each worker looks at the host's plan before it takes a push and switches to its own edition of
 * what is promoted. A push stays with the edition that took it; an edition that takes no more is
 * retired, and closed when the last of its pushes has ended. */
#ifndef WY_HOST_GENERATION_H
#define WY_HOST_GENERATION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "script/state.h"

typedef struct worker worker;
typedef struct wy_host wy_host;
typedef struct generation generation;
typedef struct edition edition;
typedef struct wy_build wy_build;
struct account;
struct desk;
struct ledger;
struct wy_push;

struct generation {
  wy_host *host;
  uint64_t number;
  atomic_uint refs; /* its editions, and the host's own */
  struct account *accounts;
  size_t n_accounts;
  char **hosts; /* whose requests are served; NULL: any */
  size_t n_hosts;
  int n_plugins;
  int n_failed;   /* plugins that were left out, of the first generation alone */
  char **folders; /* to watch for changes of its sources */
  size_t n_folders;
  bool watch;   /* the configuration wants that */
  char **specs; /* of the plugins, where the configuration wants them to pass first */
  size_t n_specs;
  char **fixed; /* settings that only a start takes over, "key=value" */
  size_t n_fixed;
  /* who gets it first, while it is the canary */
  unsigned share;  /* of 10,000 users */
  uint64_t *users; /* hashes of openids, sorted */
  size_t n_users;
  edition **editions; /* for each worker one, until it takes it */
  wy_buf snapshot;    /* the sources, as JSON of a weiyue.Snapshot */
};

struct edition {
  wy_list link; /* in worker->editions */
  worker *worker;
  generation *generation;
  wy_script *script;
  struct desk *desks; /* as generation->accounts */
  size_t n_exchanges; /* that use it */
  size_t n_callers;   /* whose push its gates have opened */
  bool short_told;    /* of memory */
  bool started;       /* its timers were started, and not stopped */
  uint64_t retired;   /* when, ms on the worker's clock; 0: it is not */
};

generation *wy_generation_new(wy_host *h); /* NULL: no memory */
void wy_generation_unref(generation *g);   /* the last one frees; its editions are gone then */

/* Where a build reads. snapshot.p: instead of the disk. */
struct wy_build {
  const char *path, *name, *folder; /* path NULL: text */
  wy_str text, snapshot;
  const char *listen; /* given by the program; NULL */
  unsigned workers;   /* 0: as the configuration says */
  bool first;         /* the host reads what only a start takes over */
  /* One fault or note. event: its name in the log. */
  void (*problem)(void *data, bool error, const char *event, const char *zh, const char *en);
  void *data;
  wy_str known;    /* sources: when they are the same, nothing more is to be built. p NULL: none */
  unsigned wanted; /* out: how many workers the configuration asks for */
  int failed;      /* out: plugins that were left out */
  bool same;       /* out: they are, and only one edition was built */
  bool torn;       /* out: files have changed while others were read; no problem was told */
};

/* Builds all editions. On any thread, but only one at a time: a first build grows the host's
 * workers to as many as there are to be. 0, or a negative error: nothing of it is usable then. */
int wy_generation_build(generation *g, wy_build *b);

/* The host lets go of it; editions that no worker has taken go at once. NULL is fine. */
void wy_generation_drop(generation *g);

void wy_edition_free(edition *e);

/* On the worker's thread, before a push is taken: whether the plan has changed; switches. */
void wy_editions_init(worker *w);
void wy_editions_look(worker *w);

/* Runs one suspended task of each edition that has any, for a slice. True: some are left. */
/* It takes no more: its Lua does what it does last, such as telling the store of what it has
 * counted. Then done, which may be NULL, is called; at once, where there is nothing to do. */
void wy_edition_part(edition *e, void (*done)(worker *w));
bool wy_editions_slice(worker *w);

/* The worker's desk of an account in this generation, or where that is closed in the one that
 * serves. NULL: that has no such account. */
struct desk *wy_desk_of(worker *w, const struct ledger *l, uint64_t number);

/* The canary's desk of the same account, when the push's user is one of its share; else d. */
struct desk *wy_canary_desk(worker *w, struct desk *d, const struct wy_push *p);

/* The hash that a generation's users are named by. */
uint64_t wy_canary_hash(wy_str openid);
int wy_canary_compare(const void *a, const void *b); /* of two such hashes */

edition *wy_edition_find(const worker *w, uint64_t number); /* NULL: closed, or never here */
void wy_editions_retire_all(worker *w); /* the host ends: closed at once, whatever runs */

/* Makes a generation the one that serves, or the canary. On worker 0's thread. */
void wy_generation_publish(wy_host *h, generation *promoted, generation *canary);

#endif
