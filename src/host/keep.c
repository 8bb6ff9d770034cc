#include "host/keep.h"

#include <stdlib.h>

#include "host/helper.h"
#include "host/host_impl.h"
#include "host/recover.h"

enum { SNAPSHOT_BYTES = 256 << 20 };

typedef struct keeping {
  wy_job job;
  wy_host *host;
  bool counted; /* as a change that is under way */
  bool pin;     /* after a rollback: `number` is to be current, and stay it */
  char number[24], *config;
  wy_buf snapshot;
} keeping;

static void keep_run(wy_job *job) {
  keeping *k = wy_container_of(job, keeping, job);
  wy_host *h = k->host;
  wy_buf why;
  wy_buf_init(&why, 4096);
  const char *keep[] = {h->state, k->snapshot.p, k->number, k->config ? k->config : "", NULL};
  const char *pin[] = {h->state, k->number, NULL};
  bool failed = wy_recover(h, k->pin ? "pin" : "keep", k->pin ? pin : keep, NULL, &why) != 0;
  if (failed && !h->keep_failed) /* once, until it works again */
    wy_log_text(&h->log, WY_LOG_WARN, "reload.not_kept",
                "this generation will not be there after a restart: %s", why.p ? why.p : "?");
  h->keep_failed = failed;
  wy_buf_deinit(&why);
}

static void keep_done(wy_job *job) {
  keeping *k = wy_container_of(job, keeping, job);
  if (k->counted) wy_beats_changed(k->host->supervised.beats);
  wy_buf_deinit(&k->snapshot);
  free(k->config);
  free(k);
}

void wy_keep(wy_host *h, const char *path, const generation *g, const char *pin) {
  if (!h->keeps) return;
  keeping *k = calloc(1, sizeof *k);
  if (!k) return;
  k->job = (wy_job){.run = keep_run, .done = keep_done};
  k->host = h;
  k->pin = pin != NULL;
  k->counted = h->supervised.beats != NULL;
  if (k->counted) wy_beats_change_more(h->supervised.beats);
  wy_buf_init(&k->snapshot, SNAPSHOT_BYTES);
  if (pin) snprintf(k->number, sizeof k->number, "%s", pin);
  else snprintf(k->number, sizeof k->number, "%llu", (unsigned long long)g->number);
  if (!pin) wy_buf_str(&k->snapshot, wy_buf_view(&g->snapshot));
  if (path) k->config = strdup(path);
  wy_helper_do(h, &k->job, NULL);
}
