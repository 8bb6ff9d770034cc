/* The generation to start with: the disk's; or the one that served last, which was kept, where the
 * disk's does not load, a rollback is pinned, or the newest have crashed. */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/host_impl.h"
#include "host/recover.h"

enum { SNAPSHOT_BYTES = 256 << 20 };

/* What the state folder says before anything is loaded. */
typedef struct found {
  char state[4096];
  bool pinned;
} found;

static void on_problem(void *data, bool error, const char *event, const char *zh, const char *en) {
  wy_host *h = data;
  if (error && !h->first_problem[0]) snprintf(h->first_problem, sizeof h->first_problem, "%s", en);
  if (h->options.problem)
    h->options.problem(h->options.data, error ? WY_LEVEL_ERROR : WY_LEVEL_INFO, zh, en);
  else wy_log_text(&h->log, error ? WY_LOG_ERROR : WY_LOG_INFO, event, "%s", en);
}

/* --- the state folder --- */

static void read_found(wy_host *h, const char *text, found *f) {
  cJSON *json = cJSON_Parse(text);
  const cJSON *number = cJSON_GetObjectItem(json, "number");
  const char *state = cJSON_GetStringValue(cJSON_GetObjectItem(json, "state"));
  if (state) snprintf(f->state, sizeof f->state, "%s", state);
  f->pinned = cJSON_IsTrue(cJSON_GetObjectItem(json, "pinned"));
  if (cJSON_IsNumber(number)) h->last_number = (uint64_t)number->valuedouble;
  cJSON_Delete(json);
}

/* A configuration that cannot even be run names no folder: then it is where it is by default. */
static void look(wy_host *h, const wy_build *b, found *f) {
  wy_buf text;
  const char *slash = b->path ? strrchr(b->path, '/') : NULL;
  char *folder = b->folder ? strdup(b->folder)
                 : slash   ? strndup(b->path, (size_t)(slash - b->path))
                           : strdup("");
  const char *args[] = {b->path ? b->path : "", folder ? folder : "", NULL};
  wy_buf_init(&text, 65536);
  int err = wy_recover(h, "look", args, &text, NULL);
  if (err) {
    args[0] = "";
    wy_buf_clear(&text);
    err = wy_recover(h, "look", args, &text, NULL);
  }
  if (!err) read_found(h, text.p, f);
  wy_buf_deinit(&text);
  free(folder);
}

/* The sources of a generation that was kept. */
static int read_kept(wy_host *h, const wy_build *b, const found *f, int back, wy_buf *snapshot,
                     wy_buf *number) {
  char promotions[12];
  snprintf(promotions, sizeof promotions, "%d", back);
  const char *args[] = {f->state, promotions, b->path ? b->path : "", NULL};
  return f->state[0] ? wy_recover(h, "kept", args, snapshot, number) : WY_E_CONFIG;
}

/* --- building --- */

static int build(wy_host *h, wy_build *b, wy_str snapshot, generation **out) {
  generation *g = *out = wy_generation_new(h);
  if (!g) return WY_E_NOMEM;
  b->snapshot = snapshot;
  int err = wy_generation_build(g, b);
  if (!err) return 0;
  wy_generation_drop(g);
  *out = NULL;
  return err;
}

/* In place of the disk's, which is dropped once the other is there: it may not load either. */
static void fall_back(wy_host *h, wy_build *b, const found *f, int back, generation **g) {
  wy_buf snapshot, number;
  wy_buf_init(&snapshot, SNAPSHOT_BYTES);
  wy_buf_init(&number, 4096);
  if (read_kept(h, b, f, back, &snapshot, &number) == 0) {
    generation *disks = *g, *kept;
    wy_build other = *b;
    other.first = !disks; /* else the host has what a start takes over: the disk's */
    other.workers = disks ? h->n_workers : b->workers;
    if (!disks) wy_config_forget(h);
    if (build(h, &other, wy_buf_view(&snapshot), &kept) == 0) {
      wy_generation_drop(disks);
      *g = kept;
      b->failed = other.failed;
      h->fell_back = true;
      wy_log_text(&h->log, WY_LOG_WARN, "reload.last_good",
                  "what generation %s was serves, as it was kept: %s", number.p,
                  h->first_problem[0] ? h->first_problem : "the disk's version is not to serve");
    }
  }
  wy_buf_deinit(&snapshot);
  wy_buf_deinit(&number);
}

/* The disk's wants to be on trial first, and may be what crashed: what served before goes on, and
 * this is its canary. NULL: there is nothing else. */
static generation *served_before(wy_host *h, const wy_build *b, const found *f,
                                 const generation *disks) {
  generation *g = NULL;
  wy_buf snapshot, number;
  wy_buf_init(&snapshot, SNAPSHOT_BYTES);
  wy_buf_init(&number, 4096);
  if (read_kept(h, b, f, 0, &snapshot, &number) == 0 &&
      !wy_str_eq(wy_buf_view(&snapshot), wy_buf_view(&disks->snapshot))) {
    wy_build other = *b;
    other.first = false;
    other.workers = h->n_workers;
    if (build(h, &other, wy_buf_view(&snapshot), &g) == 0 && other.failed) {
      wy_generation_drop(g);
      g = NULL;
    }
  }
  wy_buf_deinit(&snapshot);
  wy_buf_deinit(&number);
  return g;
}

int wy_first_load(wy_host *h, wy_build *b) {
  found f = {.pinned = false};
  generation *g = NULL, *before = NULL;
  int err = 0;
  b->listen = h->listen;
  b->workers = h->wanted_workers;
  b->first = true;
  b->problem = on_problem;
  b->data = h;
  if (h->keeps) look(h, b, &f);
  if (f.pinned || h->back) fall_back(h, b, &f, h->back, &g);
  if (!g) err = build(h, b, (wy_str){0}, &g);
  if (h->keeps && !h->fell_back && (err || b->failed)) fall_back(h, b, &f, 0, &g);
  if (!g) return err;
  if (h->keeps && !h->fell_back && (g->share || g->n_users)) before = served_before(h, b, &f, g);
  wy_generation_publish(h, before ? before : g, before ? g : NULL);
  err = wy_inbox_new(&h->inbox, h->inbox_bytes, h->n_workers);
  if (!err) err = wy_reload_new(h, b);
  if (err) return err;
  if (h->fell_back)
    wy_reload_found(h, h->back    ? "the newest versions crashed again and again: one before serves"
                       : f.pinned ? "a rollback: the version before serves until the next reload"
                                  : h->first_problem);
  h->loaded = true;
  return b->failed;
}
