#include "host/stats.h"

#include "base/err.h"
#include "base/prom.h"
#include "host/host_impl.h"
#include "host/record.h"

const char *wy_way_name(wy_way way) {
  static const char *const names[] = {
#define X(name, text) text,
      WY_WAYS(X)
#undef X
  };
  return names[way];
}

/* One scrape. */
typedef struct scrape {
  wy_host *h;
  wy_buf *out;
  wy_buf labels;
} scrape;

static void label(scrape *s, const char *name, const char *value) {
  wy_prom_label(&s->labels, name, wy_str_of(value));
}

/* --- by account --- */

typedef struct by_account {
  const char *name;
  wy_prom_type type;
  size_t at;
  const char *help;
} by_account;

#define AT(field) offsetof(wy_desk_stats, field)

static const by_account by_accounts[] = {
    {"weiyue_pushes_total", WY_PROM_COUNTER, AT(pushes), "Pushes that were accepted."},
    {"weiyue_pushes_refused_total", WY_PROM_COUNTER, AT(refused),
     "Pushes that were refused: signature, age, form; the log says why."},
    {"weiyue_pushes_unanswered_total", WY_PROM_COUNTER, AT(unanswered),
     "Pushes whose client had left before the answer, held ones among them."},
    {"weiyue_late_messages_total", WY_PROM_COUNTER, AT(late_messages),
     "Late messages that were delivered."},
    {"weiyue_late_failed_total", WY_PROM_COUNTER, AT(late_failed),
     "Late messages that could not be delivered and went to the mailbox."},
    {"weiyue_api_calls_total", WY_PROM_COUNTER, AT(api_calls),
     "Calls of WeChat's API that were sent, further tries included."},
    {"weiyue_api_failed_total", WY_PROM_COUNTER, AT(api_failed),
     "Calls of WeChat's API that ended in an error, those that were not sent included."},
    {"weiyue_token_fetches_total", WY_PROM_COUNTER, AT(token_fetches),
     "Requests for tokens, failed ones included."},
    {"weiyue_mailbox_put_total", WY_PROM_COUNTER, AT(mailbox_put), "Answers put into the mailbox."},
    {"weiyue_mailbox_taken_total", WY_PROM_COUNTER, AT(mailbox_taken),
     "Answers fetched from the mailbox."},
};

static uint64_t sum_of(const wy_host *h, size_t a, size_t at) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < h->n_workers; i++)
    sum +=
        wy_metric_get((const uint64_t *)(const void *)((const char *)h->ledgers[a]->stats[i] + at));
  return sum;
}

static void write_accounts(scrape *s) {
  wy_host *h = s->h;
  for (size_t k = 0; k < sizeof by_accounts / sizeof *by_accounts; k++) {
    const by_account *m = &by_accounts[k];
    wy_prom_family(s->out, m->name, m->type, m->help);
    for (size_t a = 0; a < atomic_load(&h->n_ledgers); a++) {
      if (!atomic_load(&h->ledgers[a]->served)) continue;
      wy_buf_clear(&s->labels);
      label(s, "account", h->ledgers[a]->id);
      wy_prom_u64(s->out, m->name, &s->labels, sum_of(h, a, m->at));
    }
  }
}

static void write_ways(scrape *s) {
  static const char name[] = "weiyue_answers_total";
  wy_host *h = s->h;
  wy_prom_family(s->out, name, WY_PROM_COUNTER,
                 "What became of pushes: all but hold, which comes before another, are together "
                 "the weiyue_pushes_total that are not in flight.");
  for (size_t a = 0; a < atomic_load(&h->n_ledgers); a++) {
    if (!atomic_load(&h->ledgers[a]->served)) continue;
    for (wy_way way = 0; way < WY_WAY_END; way++) {
      wy_buf_clear(&s->labels);
      label(s, "account", h->ledgers[a]->id);
      label(s, "way", wy_way_name(way));
      wy_prom_u64(s->out, name, &s->labels, sum_of(h, a, AT(answers) + way * sizeof(uint64_t)));
    }
  }
}

static void write_pages(scrape *s) {
  static const char name[] = "weiyue_page_answers_total";
  static const char *const classes[WY_STATUS_CLASSES] = {[2] = "2xx", "3xx", "4xx", "5xx"};
  wy_host *h = s->h;
  wy_prom_family(s->out, name, WY_PROM_COUNTER,
                 "Answers of pages, by the class of their status; a stream counts when it ends.");
  for (size_t a = 0; a < atomic_load(&h->n_ledgers); a++) {
    if (!atomic_load(&h->ledgers[a]->served)) continue;
    for (size_t i = 0; i < WY_STATUS_CLASSES; i++) {
      if (!classes[i]) continue;
      wy_buf_clear(&s->labels);
      label(s, "account", h->ledgers[a]->id);
      label(s, "class", classes[i]);
      wy_prom_u64(s->out, name, &s->labels, sum_of(h, a, AT(pages) + i * sizeof(uint64_t)));
    }
  }
}

static void write_budgets(scrape *s) {
  static const char used[] = "weiyue_hold_used", budget[] = "weiyue_hold_budget";
  wy_host *h = s->h;
  uint64_t now = wy_clock_now_ms(&h->workers[0].clock);
  wy_prom_family(s->out, used, WY_PROM_GAUGE,
                 "Pushes left unanswered in the last five minutes, on purpose or not.");
  for (size_t a = 0; a < atomic_load(&h->n_ledgers); a++) {
    if (!atomic_load(&h->ledgers[a]->served)) continue;
    wy_buf_clear(&s->labels);
    label(s, "account", h->ledgers[a]->id);
    wy_prom_u64(s->out, used, &s->labels, wy_budget_used(&h->ledgers[a]->budget, now));
  }
  wy_prom_family(s->out, budget, WY_PROM_GAUGE, "How many may be: hold_budget.");
  for (size_t a = 0; a < atomic_load(&h->n_ledgers); a++) {
    if (!atomic_load(&h->ledgers[a]->served)) continue;
    wy_buf_clear(&s->labels);
    label(s, "account", h->ledgers[a]->id);
    wy_prom_u64(s->out, budget, &s->labels, wy_budget_max(&h->ledgers[a]->budget));
  }
}

static void write_seconds(scrape *s) {
  static const char name[] = "weiyue_push_seconds";
  wy_host *h = s->h;
  wy_prom_family(
      s->out, name, WY_PROM_HISTOGRAM,
      "From the first attempt of a push to its answer, to the millisecond, by the way; of hold: "
      "until it was left to the retry.");
  for (size_t a = 0; a < atomic_load(&h->n_ledgers); a++) {
    if (!atomic_load(&h->ledgers[a]->served)) continue;
    for (wy_way way = 0; way < WY_WAY_END; way++) {
      wy_histogram sum = {.sum_ns = 0};
      for (unsigned i = 0; i < h->n_workers; i++)
        wy_histogram_merge(&sum, &h->ledgers[a]->stats[i]->seconds[way]);
      if (!wy_histogram_count(&sum)) continue; /* of many accounts most */
      wy_buf_clear(&s->labels);
      label(s, "account", h->ledgers[a]->id);
      label(s, "way", wy_way_name(way));
      wy_prom_histogram(s->out, name, &s->labels, &sum);
    }
  }
}

/* --- by handler --- */

static const char handler_name[] = "weiyue_handler_seconds";
static const char handler_errors[] = "weiyue_handler_errors_total";

static void label_handler(scrape *s, const wy_handler *sum) {
  wy_buf_clear(&s->labels);
  label(s, "plugin", sum->plugin);
  label(s, "handler", sum->where);
}

static void write_time(void *data, const wy_handler *sum) {
  scrape *s = data;
  if (!wy_histogram_count(&sum->time)) return;
  label_handler(s, sum);
  wy_prom_histogram(s->out, handler_name, &s->labels, &sum->time);
}

static void write_errors(void *data, const wy_handler *sum) {
  scrape *s = data;
  label_handler(s, sum);
  wy_prom_u64(s->out, handler_errors, &s->labels, sum->errors);
}

static void write_handlers(scrape *s) {
  wy_host *h = s->h;
  const wy_handlers *tables[WORKERS_MAX];
  for (unsigned i = 0; i < h->n_workers; i++) tables[i] = &h->workers[i].stats.handlers;
  wy_prom_family(s->out, handler_name, WY_PROM_HISTOGRAM,
                 "From the beginning of a handler to its end, waiting included, by the place of "
                 "its rule.");
  int err = wy_handlers_each(tables, h->n_workers, write_time, s);
  wy_prom_family(s->out, handler_errors, WY_PROM_COUNTER,
                 "Handlers that raised, were stopped by a limit, or gave what is no reply.");
  if (!err) err = wy_handlers_each(tables, h->n_workers, write_errors, s);
  if (err) s->out->failed = true;
}

/* --- by worker --- */

typedef struct by_worker {
  const char *name;
  wy_prom_type type;
  size_t at;
  const char *help;
} by_worker;

#define OF(field) offsetof(wy_worker_stats, field)

static const by_worker by_workers[] = {
    {"weiyue_hops_total", WY_PROM_COUNTER, OF(hops),
     "Pushes handed to the worker that has their user."},
    {"weiyue_hops_refused_total", WY_PROM_COUNTER, OF(hops_refused),
     "Pushes that could not be handed over: its queue was full."},
    {"weiyue_queued", WY_PROM_GAUGE, OF(queued),
     "Pushes that wait for an earlier one of their user."},
    {"weiyue_queue_dropped_total", WY_PROM_COUNTER, OF(queue_dropped),
     "Pushes that were not handled because too many of their user waited."},
    {"weiyue_parked", WY_PROM_GAUGE, OF(parked), "Conversations that wait for their user."},
    {"weiyue_tasks", WY_PROM_GAUGE, OF(tasks), "Tasks that run or wait."},
    {"weiyue_lua_states", WY_PROM_GAUGE, OF(lua_states),
     "Lua states: of what serves, and of older generations that something still runs in."},
    {"weiyue_lua_memory_bytes", WY_PROM_GAUGE, OF(lua_memory),
     "Memory of the Lua state; limits.lua_memory is its cap."},
    {"weiyue_connections", WY_PROM_GAUGE, OF(connections), "Open connections."},
    {"weiyue_timer_runs_total", WY_PROM_COUNTER, OF(timer_runs), "Firings of wx.every and wx.at."},
    {"weiyue_timer_skipped_total", WY_PROM_COUNTER, OF(timer_skipped),
     "Firings that were left out: the last one still ran, or they were missed for too long."},
    {"weiyue_timer_late_total", WY_PROM_COUNTER, OF(timer_late),
     "Firings of wx.at that were missed and made up for."},
    {"weiyue_timer_errors_total", WY_PROM_COUNTER, OF(timer_errors), "Firings that raised."},
};

static void write_worker_value(scrape *s, const char *name, unsigned i, uint64_t value) {
  char number[12];
  snprintf(number, sizeof number, "%u", i);
  wy_buf_clear(&s->labels);
  label(s, "worker", number);
  wy_prom_u64(s->out, name, &s->labels, value);
}

static void write_plugins(scrape *s) {
  static const char name[] = "weiyue_plugin_memory_bytes";
  wy_prom_family(s->out, name, WY_PROM_GAUGE,
                 "What a plugin keeps of its worker's Lua state, about; seldom measured.");
  for (unsigned i = 0; i < s->h->n_workers; i++) {
    const wy_worker_stats *stats = &s->h->workers[i].stats;
    uint64_t n = __atomic_load_n(&stats->n_plugins, __ATOMIC_ACQUIRE);
    for (uint64_t k = 0; k < n && k < WY_PLUGIN_NAMES; k++) {
      char number[12];
      snprintf(number, sizeof number, "%u", i);
      wy_buf_clear(&s->labels);
      label(s, "worker", number);
      label(s, "plugin", stats->plugins[k].name);
      wy_prom_u64(s->out, name, &s->labels, wy_metric_get(&stats->plugins[k].memory));
    }
  }
}

static void write_stopped(scrape *s) {
  static const char name[] = "weiyue_tasks_stopped_total";
  wy_prom_family(
      s->out, name, WY_PROM_COUNTER,
      "Tasks that were ended by a limit: cpu, stuck (limits.slice_max), wall, memory; or "
      "by the watchdog.");
  for (wy_fault fault = WY_FAULT_CPU; fault < WY_FAULT_END; fault++) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < s->h->n_workers; i++)
      sum += wy_metric_get(&s->h->workers[i].stats.stopped[fault]);
    wy_buf_clear(&s->labels);
    label(s, "reason", wy_fault_name(fault));
    wy_prom_u64(s->out, name, &s->labels, sum);
  }
}

static void write_workers(scrape *s) {
  static const char depth[] = "weiyue_hop_queue";
  wy_host *h = s->h;
  for (size_t k = 0; k < sizeof by_workers / sizeof *by_workers; k++) {
    const by_worker *m = &by_workers[k];
    wy_prom_family(s->out, m->name, m->type, m->help);
    for (unsigned i = 0; i < h->n_workers; i++)
      write_worker_value(
          s, m->name, i,
          wy_metric_get(
              (const uint64_t *)(const void *)((const char *)&h->workers[i].stats + m->at)));
  }
  wy_prom_family(s->out, depth, WY_PROM_GAUGE, "What other workers have sent and it has not seen.");
  for (unsigned i = 0; i < h->n_workers; i++)
    write_worker_value(s, depth, i, __atomic_load_n(&h->workers[i].posts.n, __ATOMIC_RELAXED));
}

/* --- HTTP calls --- */

typedef struct by_client {
  const char *name;
  wy_prom_type type;
  size_t at;
  const char *help;
} by_client;

#define IN(field) offsetof(wy_client_stats, field)

static const by_client by_clients[] = {
    {"weiyue_http_calls_total", WY_PROM_COUNTER, IN(calls),
     "HTTP calls that left and have ended, failed ones among them."},
    {"weiyue_http_active", WY_PROM_GAUGE, IN(active), "HTTP calls under way."},
    {"weiyue_http_connections_total", WY_PROM_COUNTER, IN(connected),
     "Connections made for HTTP calls; the other calls used one that was kept."},
};

static uint64_t sum_of_clients(const wy_host *h, size_t at) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < h->n_workers; i++) {
    const char *stats = (const char *)wy_client_stats_of(h->workers[i].client);
    sum += wy_metric_get((const uint64_t *)(const void *)(stats + at));
  }
  return sum;
}

static void write_clients(scrape *s) {
  static const char failed[] = "weiyue_http_failed_total";
  for (size_t k = 0; k < sizeof by_clients / sizeof *by_clients; k++) {
    const by_client *m = &by_clients[k];
    wy_prom_family(s->out, m->name, m->type, m->help);
    wy_prom_u64(s->out, m->name, NULL, sum_of_clients(s->h, m->at));
  }
  wy_prom_family(s->out, failed, WY_PROM_COUNTER, "HTTP calls that failed, by the error's code.");
  for (wy_fetch f = WY_FETCH_OK + 1; f < WY_FETCH_END; f++) {
    wy_buf_clear(&s->labels);
    label(s, "code", wy_fetch_code(f));
    wy_prom_u64(s->out, failed, &s->labels,
                sum_of_clients(s->h, IN(failed) + f * sizeof(uint64_t)));
  }
}

/* --- what workers share --- */

static void one(scrape *s, const char *name, wy_prom_type type, const char *help, uint64_t value) {
  wy_prom_family(s->out, name, type, help);
  wy_prom_u64(s->out, name, NULL, value);
}

void wy_stats_trouble(wy_host *h, char *out, size_t size) {
  char store[300];
  wy_reload_trouble(h, out, size);
  wy_store_trouble(h, store, sizeof store);
  size_t n = strlen(out);
  if (store[0]) snprintf(out + n, size - n, "%s%s", n ? "; " : "", store);
}

static void write_reloads(scrape *s) {
  static const char name[] = "weiyue_reloads_total";
  wy_host *h = s->h;
  char trouble[1000];
  uint64_t done, failed;
  wy_reload_counts(h, &done, &failed);
  wy_stats_trouble(h, trouble, sizeof trouble);
  one(s, "weiyue_generation", WY_PROM_GAUGE, "Which generation serves.", h->promoted->number);
  one(s, "weiyue_trouble", WY_PROM_GAUGE,
      "1 while what serves is not what the disk has, or the store fails; /ready says why.",
      trouble[0] != '\0');
  wy_prom_family(s->out, name, WY_PROM_COUNTER, "Reloads: done, or failed, which changed nothing.");
  for (int i = 0; i < 2; i++) {
    wy_buf_clear(&s->labels);
    label(s, "result", i ? "failed" : "done");
    wy_prom_u64(s->out, name, &s->labels, i ? failed : done);
  }
}

static void write_inbox(scrape *s) {
  wy_inbox_stats inbox;
  wy_inbox_stats_read(s->h->inbox, &inbox);
  one(s, "weiyue_claims", WY_PROM_GAUGE, "Users with something in flight.", inbox.users);
  one(s, "weiyue_inbox_keys", WY_PROM_GAUGE, "Pushes that are remembered.", inbox.keys);
  one(s, "weiyue_inbox_bytes", WY_PROM_GAUGE, "Memory of what is remembered of pushes.",
      inbox.bytes);
  one(s, "weiyue_inbox_evicted_total", WY_PROM_COUNTER,
      "Pushes forgotten before their time: limits.inbox is small for this traffic.", inbox.evicted);
}

static void write_dicts(scrape *s) {
  wy_dict_stats shared = wy_dict_stats_of(s->h->shared),
                box = wy_dict_stats_of(s->h->mailbox.answers);
  one(s, "weiyue_shared_entries", WY_PROM_GAUGE, "Entries of wx.shared.", shared.entries);
  one(s, "weiyue_shared_bytes", WY_PROM_GAUGE, "Memory of wx.shared.", shared.bytes);
  one(s, "weiyue_shared_evicted_total", WY_PROM_COUNTER,
      "Entries of wx.shared that had to go for others: limits.shared.", shared.evicted);
  one(s, "weiyue_mailbox_users", WY_PROM_GAUGE, "Users with unread answers.", box.entries);
  one(s, "weiyue_mailbox_bytes", WY_PROM_GAUGE, "Memory of unread answers.", box.bytes);
  one(s, "weiyue_mailbox_evicted_total", WY_PROM_COUNTER,
      "Unread answers that had to go for others: limits.mailbox.", box.evicted);
}

static void write_store_errors(scrape *s, const wy_kv_stats *stats) {
  static const char name[] = "weiyue_store_errors_total";
  wy_prom_family(s->out, name, WY_PROM_COUNTER,
                 "Operations of the store that failed, by the code of the error.");
  for (int err = WY_E_STORE_TIMEOUT; err <= WY_E_STORE_CLOSED; err++) {
    wy_buf_clear(&s->labels);
    label(s, "code", wy_err_event(err));
    wy_prom_u64(s->out, name, &s->labels, stats->errors[err - WY_E_STORE_TIMEOUT]);
  }
}

static void write_store(scrape *s) {
  static const char ops[] = "weiyue_store_ops_total";
  wy_kv_stats stats = {.backend = NULL};
  if (s->h->kv) wy_kv_stats_read(s->h->kv, &stats);
  one(s, "weiyue_store_queue", WY_PROM_GAUGE, "Operations that wait for the store.", stats.queue);
  one(s, "weiyue_store_commits_total", WY_PROM_COUNTER,
      "Transactions that the store has committed.", stats.commits);
  one(s, "weiyue_store_commit_ops_total", WY_PROM_COUNTER,
      "Writes in these transactions: how many share one.", stats.commit_ops);
  wy_prom_family(s->out, ops, WY_PROM_COUNTER, "Operations of the store that were done.");
  for (wy_kv_verb verb = 0; verb < WY_KV_VERB_END; verb++) {
    wy_buf_clear(&s->labels);
    label(s, "op", wy_kv_verb_name(verb));
    wy_prom_u64(s->out, ops, &s->labels, stats.ops[verb]);
  }
  write_store_errors(s, &stats);
}

void wy_stats_write(wy_host *h, wy_buf *out) {
  scrape s = {.h = h, .out = out};
  wy_buf_init(&s.labels, 65536);
  wy_prom_family(out, "weiyue_build_info", WY_PROM_GAUGE, "Always 1; the version is its label.");
  label(&s, "version", WY_VERSION);
  wy_prom_u64(out, "weiyue_build_info", &s.labels, 1);
  write_accounts(&s);
  write_ways(&s);
  write_pages(&s);
  write_budgets(&s);
  write_seconds(&s);
  write_handlers(&s);
  write_workers(&s);
  write_stopped(&s);
  write_plugins(&s);
  write_reloads(&s);
  write_inbox(&s);
  write_dicts(&s);
  write_store(&s);
  write_clients(&s);
  wy_record_metrics(h, out);
  wy_buf_deinit(&s.labels);
}
