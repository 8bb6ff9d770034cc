#include "host/store.h"

#include <poll.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/host_impl.h"

enum { PATIENCE_MS = 5000 };

static int open_store(wy_host *h, const char *url, char why[WY_KV_WHY]) {
  const wy_kv_options options = {
      .url = url, .folder = h->folder, .normal = h->store_normal, .log = &h->log};
  return wy_kv_open(&h->kv, &options, why);
}

static int open_client(worker *w) {
  return wy_kv_client_new(&w->kv, w->host->kv, w->loop, &w->clock);
}

int wy_store_start(wy_host *h) {
  char why[WY_KV_WHY];
  int err = open_store(h, h->store_url, why);
  for (unsigned i = 0; !err && i < h->n_workers; i++) {
    why[0] = '\0';
    err = open_client(&h->workers[i]);
  }
  if (!err) return 0;
  wy_line line;
  wy_line_begin(&line, &h->log, WY_LOG_ERROR, wy_err_event(err));
  wy_line_z(&line, "text", wy_err_text(err));
  wy_line_z(&line, "why", why[0] ? why : NULL);
  wy_line_end(&line);
  return err;
}

static void open_virtual(worker *w) {
  wy_host *h = w->host;
  char why[WY_KV_WHY] = "";
  int err = open_store(h, h->store_given ? h->store_url : "memory", why);
  if (!err) err = open_client(w);
  if (err) wy_log_text(&h->log, WY_LOG_ERROR, wy_err_event(err), "%s: %s", wy_err_text(err), why);
}

wy_kv_client *wy_store_client(void *data) {
  worker *w = data;
  wy_host *h = w->host;
  if (w->kv || h->kv || w->left_store) return w->kv;
  if (h->is_virtual) open_virtual(w);
  else if (h->bare) (void)wy_store_start(h); /* it is never started itself; the log tells */
  return w->kv;
}

void wy_store_leave(worker *w) {
  w->left_store = true;
  wy_kv_client_close(w->kv);
}

void wy_store_end(wy_host *h) {
  for (unsigned i = 0; i < h->n_workers; i++) {
    wy_kv_client_free(h->workers[i].kv);
    h->workers[i].kv = NULL;
  }
  wy_kv_close(h->kv);
  h->kv = NULL;
}

void wy_store_trouble(wy_host *h, char *out, size_t size) {
  char why[WY_KV_WHY] = "";
  int err = h->kv ? wy_kv_troubled(h->kv, why) : 0;
  out[0] = '\0';
  if (err) snprintf(out, size, "%s%s%s", wy_err_text(err), why[0] ? ": " : "", why);
}

bool wy_store_wait(uv_loop_t *loop, wy_clock *clock, const char **what) {
  uint64_t until = uv_hrtime() / 1000000 + PATIENCE_MS;
  uv_run(loop, UV_RUN_NOWAIT);
  if (!wy_clock_waits(clock)) return true;
  *what = wy_container_of(clock->external.next, wy_external, link)->what;
  struct pollfd fd = {uv_backend_fd(loop), POLLIN, 0};
  for (uint64_t now; (now = uv_hrtime() / 1000000) < until;) {
    int left = (int)(until - now), due = uv_backend_timeout(loop); /* -1: no timer of the loop's */
    if (due < 0 || due > left) due = left;
    if (poll(&fd, 1, due) <= 0 && due == left) continue;
    uv_run(loop, UV_RUN_NOWAIT);
    return true;
  }
  return false;
}
