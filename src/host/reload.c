/* Reloading: one thing at a time. What is asked waits in a queue; a generation is built on the
 * helper's thread, published when all of it is whole, and the next one may come when every worker
 * has switched. Whatever fails leaves what serves as it is, and is told: to who asked, in the log,
 * at /ready. */
#include "host/reload.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/control.h"
#include "host/helper.h"
#include "host/host_impl.h"
#include "host/keep.h"
#include "host/recover.h"
#include "host/remote.h"
#include "host/verify.h"
#include "net/watch.h"

enum { RETRY_MS = 1000, RETRIES = 90, REBUILD_MS = 60000 };

typedef struct asked {
  wy_list link;
  wy_ask what;
  bool watched; /* nobody asked: a file has changed */
  bool counted; /* as a change that is under way */
  wy_ask_done done;
  void *data;
} asked;

typedef struct notice {
  wy_post post;
  wy_reload *reload;
} notice;

struct wy_reload {
  wy_host *host;
  wy_list asks;
  asked *now; /* what is being done */
  uint64_t began, rebuilt;
  wy_build build; /* where the first generation was read, and each later one is */
  char *path, *name, *folder, *text;
  char *program;        /* that runs specs; NULL: none does */
  atomic_int verifying; /* the process that does, and its group; 0: none */
  wy_job job;
  generation *made;
  cJSON *problems;
  int err;
  bool same;            /* as what serves already */
  char back[24];        /* rollback: which generation is built */
  wy_buf kept;          /* its sources */
  generation *going[2]; /* wait until no worker will take an edition of them */
  notice *notices;      /* one for each worker */
  atomic_uint unseen;   /* workers that have not looked at the plan */
  wy_post seen;         /* the last one tells worker 0 */
  wy_watch *watch;
  wy_control *control;
  wy_timer retry; /* of the control socket, which the host before may still have */
  unsigned retries;
  bool ended;
  char **started; /* settings that only a start takes over, as this host has them */
  size_t n_started;
  char waits[200];          /* those that the last reload has found changed */
  uint64_t done, failed;    /* counted */
  _Atomic uint64_t read_at; /* when the last build began to read the disk, on uv_hrtime */
  uint64_t published;       /* when, on uv_hrtime */
  atomic_uint longest;      /* us that this reload has taken of one loop at once */
  pthread_mutex_t lock;     /* of trouble, which /ready reads on another thread */
  char *trouble;
};

enum { TRIES = 3 }; /* so often files are read again that change meanwhile */

#define PINNED "a rollback: the version before serves until the next reload"

static void next(wy_reload *r);

/* --- what is told --- */

static void add_problem(wy_reload *r, const char *zh, const char *en) {
  cJSON *one = cJSON_CreateObject();
  cJSON_AddStringToObject(one, "zh", zh);
  cJSON_AddStringToObject(one, "en", en);
  cJSON_AddItemToArray(r->problems, one);
}

/* On the helper's thread. Notes were told at the start, and are at `weiyue check`. */
static void on_problem(void *data, bool error, const char *event, const char *zh, const char *en) {
  wy_reload *r = data;
  if (!error) return;
  add_problem(r, zh, en);
  wy_log_text(&r->host->log, WY_LOG_ERROR,
              strcmp(event, "plugin.load_failed") == 0 ? "plugin.reload_failed" : event, "%s", en);
}

static void set_trouble(wy_reload *r, const char *text) {
  char *copy = text ? strdup(text) : NULL;
  pthread_mutex_lock(&r->lock);
  free(r->trouble);
  r->trouble = copy;
  pthread_mutex_unlock(&r->lock);
}

void wy_reload_trouble(wy_host *h, char *out, size_t size) {
  wy_reload *r = h->reload;
  out[0] = '\0';
  pthread_mutex_lock(&r->lock);
  if (r->trouble) snprintf(out, size, "%s", r->trouble);
  pthread_mutex_unlock(&r->lock);
}

void wy_reload_counts(const wy_host *h, uint64_t *done, uint64_t *failed) {
  *done = h->reload->done;
  *failed = h->reload->failed;
}

/* A list of names that are joined by ", ". */
static void names_in(cJSON *json, const char *key, const char *names) {
  cJSON *list = names[0] ? cJSON_AddArrayToObject(json, key) : NULL;
  for (const char *at = names, *end; list && *at; at = *end ? end + 2 : end) {
    char name[32];
    end = at + strcspn(at, ",");
    snprintf(name, sizeof name, "%.*s", (int)(end - at), at);
    cJSON_AddItemToArray(list, cJSON_CreateString(name));
  }
}

/* The answer to who asked, and the end of what was asked. */
static void answer(wy_reload *r, cJSON *json, bool ok) {
  asked *a = r->now;
  r->now = NULL;
  if (!cJSON_HasObjectItem(json, "ok")) cJSON_AddBoolToObject(json, "ok", ok);
  char *text = cJSON_PrintUnformatted(json);
  if (a->done) a->done(a->data, ok, wy_str_of(text ? text : "{\"ok\":false}"));
  cJSON_free(text);
  cJSON_Delete(json);
  wy_beats *beats = r->host->supervised.beats;
  if (beats && a->what == WY_ASK_RELOAD) __atomic_fetch_add(&beats->reloads, 1, __ATOMIC_RELAXED);
  if (a->counted) wy_beats_changed(beats);
  free(a);
}

/* The longest time that a step of this reload has taken of any worker's loop. */
static void took(wy_reload *r, uint64_t since) {
  unsigned us = (unsigned)((uv_hrtime() - since) / 1000), most = atomic_load(&r->longest);
  while (us > most && !atomic_compare_exchange_weak(&r->longest, &most, us)) continue;
}

static uint64_t now_ms(const wy_reload *r) { return wy_clock_now_ms(&r->host->workers[0].clock); }

static void number_in(cJSON *json, const char *key, uint64_t n) {
  cJSON_AddNumberToObject(json, key, (double)n);
}

static void answer_done(wy_reload *r) {
  wy_host *h = r->host;
  cJSON *json = cJSON_CreateObject();
  cJSON_AddBoolToObject(json, "ok", true);
  number_in(json, "generation", h->promoted->number);
  if (h->canary) number_in(json, "canary", h->canary->number);
  if (r->same) cJSON_AddBoolToObject(json, "unchanged", true);
  names_in(json, "restart_needed", r->waits);
  number_in(json, "ms", now_ms(r) - r->began);
  if (r->published) {
    number_in(json, "switch_us", (uv_hrtime() - r->published) / 1000);
    number_in(json, "loop_us", atomic_load(&r->longest));
  }
  answer(r, json, true);
  next(r);
}

static void answer_failed(wy_reload *r) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddBoolToObject(json, "ok", false);
  number_in(json, "generation", r->host->promoted->number);
  cJSON_AddItemToObject(json, "problems", r->problems);
  r->problems = NULL;
  answer(r, json, false);
  next(r);
}

static void fail(wy_reload *r, const char *zh, const char *en) {
  if (!r->problems) r->problems = cJSON_CreateArray();
  add_problem(r, zh, en);
  wy_log_text(&r->host->log, WY_LOG_WARN, "reload.failed", "%s", en);
  answer_failed(r);
}

/* --- publishing, and waiting for the workers --- */

static void on_seen(worker *w, wy_post *post) {
  wy_reload *r = wy_container_of(post, wy_reload, seen);
  (void)w;
  for (size_t i = 0; i < 2; i++) {
    wy_generation_drop(r->going[i]);
    r->going[i] = NULL;
  }
  if (r->now) answer_done(r);
}

static void look(worker *w, wy_post *post) {
  wy_reload *r = wy_container_of(post, notice, post)->reload;
  uint64_t began = uv_hrtime();
  wy_editions_look(w);
  took(r, began);
  if (atomic_fetch_sub(&r->unseen, 1) != 1) return;
  r->seen = (wy_post){NULL, on_seen, on_seen};
  wy_post_send(&r->host->workers[0], &r->seen, false);
}

static void look_not(worker *w, wy_post *post) { (void)w, (void)post; }

static void publish(wy_reload *r, generation *promoted, generation *canary) {
  wy_host *h = r->host;
  generation *was[] = {h->promoted, h->canary};
  r->published = uv_hrtime();
  for (size_t i = 0; i < 2; i++)
    r->going[i] = was[i] != promoted && was[i] != canary ? was[i] : NULL;
  wy_generation_publish(h, promoted, canary);
  atomic_store(&r->unseen, h->n_workers);
  for (unsigned i = 0; i < h->n_workers; i++) {
    r->notices[i] = (notice){.post = {NULL, look, look_not}, .reload = r};
    wy_post_send(&h->workers[i], &r->notices[i].post, false);
  }
}

/* --- the folders that are watched --- */

static void read_again(wy_reload *r) {
  for (wy_list *n = r->asks.next; n != &r->asks; n = n->next)
    if (wy_container_of(n, asked, link)->what == WY_ASK_RELOAD) return; /* one will read it all */
  wy_reload_ask(r->host, WY_ASK_RELOAD, NULL, NULL);
}

static void on_change(void *data) {
  wy_reload *r = data;
  if (atomic_load(&r->read_at) <= wy_watch_changed(r->watch)) read_again(r); /* else it was read */
}

/* again: what is new there is read once more, since nobody told of changes before this. */
static void watch(wy_reload *r, bool again) {
  static const char *const names[] = {".lua", ".html", NULL}; /* and templates */
  wy_host *h = r->host;
  const generation *g = h->canary ? h->canary : h->promoted;
  if (!r->path || h->is_virtual || r->ended) return;
  int err = r->watch ? 0 : wy_watch_new(&r->watch, h->workers[0].loop, 0, on_change, r);
  if (!err) {
    wy_watch_names(r->watch, names);
    err = wy_watch_set(r->watch, (const char *const *)g->folders, g->watch ? g->n_folders : 0);
  }
  if (err < 0)
    wy_log_text(&h->log, WY_LOG_WARN, "reload.watch",
                "files are not watched, or only looked at now and then: %s", uv_strerror(err));
  else if (err > 0 && again) read_again(r);
}

/* --- building --- */

/* Of the newest generation that anybody is served by. */
static wy_str serving_sources(const wy_host *h) {
  return wy_buf_view(h->canary ? &h->canary->snapshot : &h->promoted->snapshot);
}

static void read_kept(wy_reload *r) {
  wy_host *h = r->host;
  wy_buf number;
  wy_buf_init(&number, 4096);
  const char *args[] = {h->state, "1", r->path ? r->path : "", NULL};
  wy_buf_clear(&r->kept);
  r->err = wy_recover(h, "kept", args, &r->kept, &number);
  snprintf(r->back, sizeof r->back, "%s", r->err ? "" : number.p);
  if (r->err)
    on_problem(r, true, "reload.failed", "没有可以退回的上一版",
               "there is no generation to go back to");
  wy_buf_deinit(&number);
}

/* The plugins' own specs, where they are to pass first. */
static void verify(wy_reload *r) {
  const generation *g = r->made;
  if (!g->n_specs || !r->program) return;
  wy_buf out;
  wy_buf_init(&out, 65536);
  if (wy_verify(r->program, g->specs, g->n_specs, &r->verifying, &out)) {
    char zh[4096], en[4096];
    snprintf(zh, sizeof zh, "插件的测试没有通过：\n%s", out.p ? out.p : "");
    snprintf(en, sizeof en, "specs of plugins failed:\n%s", out.p ? out.p : "");
    on_problem(r, true, "reload.specs", zh, en);
    r->err = WY_E_CONFIG;
  }
  wy_buf_deinit(&out);
}

/* On the helper's thread. */
static void build_run(wy_job *job) {
  wy_reload *r = wy_container_of(job, wy_reload, job);
  bool back = r->now->what == WY_ASK_ROLLBACK;
  wy_build *b = &r->build;
  if (r->now->what == WY_ASK_RELOAD) atomic_store(&r->read_at, uv_hrtime());
  r->err = 0;
  b->snapshot = (wy_str){0};
  if (back) {
    read_kept(r);
    b->snapshot = wy_buf_view(&r->kept);
  } else if (r->now->what == WY_ASK_REBUILD) {
    b->snapshot = wy_buf_view(&r->host->promoted->snapshot);
  }
  b->known = r->now->watched ? serving_sources(r->host) : (wy_str){0};
  for (int tries = 0; !r->err; tries++) {
    r->err = wy_generation_build(r->made, b);
    if (!b->torn) break;
    wy_generation_drop(r->made); /* somebody is still writing */
    r->made = NULL;
    if (tries < TRIES) r->err = (r->made = wy_generation_new(r->host)) ? 0 : WY_E_NOMEM;
    else
      on_problem(r, true, "reload.failed", "文件一直在变，没有读到完整的一版",
                 "the files kept changing while they were read");
  }
  if (!r->err && b->failed) r->err = WY_E_CONFIG;
  const account *clash = r->err ? NULL : wy_routes_clash(r->host, r->made);
  if (clash) {
    on_problem(r, true, "config", "账号的路径已被程序占用", "an account has the path of a route");
    r->err = WY_E_CONFIG;
  }
  r->same = !r->err && wy_str_eq(serving_sources(r->host), wy_buf_view(&r->made->snapshot));
  if (!r->err && !r->same && r->now->what == WY_ASK_RELOAD) verify(r);
  if (r->err || (r->same && r->now->watched)) { /* here, where closing states hinders nobody */
    wy_generation_drop(r->made);
    r->made = NULL;
  }
}

static void log_done(const wy_reload *r, const generation *g, const char *event) {
  wy_line line;
  wy_line_begin(&line, &r->host->log, WY_LOG_INFO, event);
  wy_line_int(&line, "generation", (int64_t)g->number);
  wy_line_int(&line, "plugins", g->n_plugins);
  wy_line_int(&line, "ms", (int64_t)(now_ms(r) - r->began));
  wy_line_end(&line);
}

/* What only a start takes over, and has changed: else somebody waits for it in vain. */
static void tell_fixed(wy_reload *r, const generation *g) {
  size_t n = 0;
  for (size_t i = 0; i < g->n_fixed && i < r->n_started; i++) {
    if (strcmp(g->fixed[i], r->started[i]) == 0) continue;
    int key = (int)strcspn(g->fixed[i], "=");
    n += (size_t)snprintf(r->waits + n, sizeof r->waits - n, "%s%.*s", n ? ", " : "", key,
                          g->fixed[i]);
  }
  if (n)
    wy_log_text(&r->host->log, WY_LOG_WARN, "reload.restart_needed",
                "changed, and taken over by an upgrade or a new start only: %s", r->waits);
}

static void build_done(wy_job *job) {
  wy_reload *r = wy_container_of(job, wy_reload, job);
  wy_host *h = r->host;
  generation *g = r->made;
  r->made = NULL;
  if (r->ended) {
    wy_generation_drop(g);
    return;
  }
  wy_ask what = r->now->what;
  bool reads = what == WY_ASK_RELOAD; /* what it watches is what it would read again */
  watch(r, reads);                    /* an editor may have made a folder that it did not see */
  if (r->err) {
    r->failed++;
    if (!cJSON_GetArraySize(r->problems)) add_problem(r, wy_err_text(r->err), wy_err_text(r->err));
    if (reads)
      set_trouble(r, cJSON_GetObjectItem(cJSON_GetArrayItem(r->problems, 0), "en")->valuestring);
    answer_failed(r);
    return;
  }
  if (what != WY_ASK_REBUILD) set_trouble(r, what == WY_ASK_ROLLBACK ? PINNED : NULL);
  if (!g) { /* saved without a change, or changed back */
    answer_done(r);
    return;
  }
  r->done++;
  if (reads) tell_fixed(r, g);
  uint64_t began = uv_hrtime();
  bool canary = reads && (g->share || g->n_users);
  publish(r, canary ? h->promoted : g, canary ? g : what == WY_ASK_REBUILD ? h->canary : NULL);
  log_done(r, g,
           canary                    ? "reload.canary"
           : what == WY_ASK_ROLLBACK ? "reload.rollback"
                                     : "reload.done");
  if (!canary && what != WY_ASK_REBUILD)
    wy_keep(r->host, r->path, g, what == WY_ASK_ROLLBACK ? r->back : NULL);
  watch(r, reads);
  took(r, began);
}

static void build(wy_reload *r) {
  r->made = wy_generation_new(r->host);
  cJSON_Delete(r->problems);
  r->problems = cJSON_CreateArray();
  if (!r->made) {
    fail(r, "内存不足", wy_err_text(WY_E_NOMEM));
    return;
  }
  r->build.first = false;
  r->build.workers = r->host->n_workers;
  r->build.problem = on_problem;
  r->build.data = r;
  r->job.run = build_run;
  r->job.done = build_done;
  wy_helper_do(r->host, &r->job, &r->host->workers[0]);
}

/* --- promote, rollback, status --- */

static void promote(wy_reload *r) {
  generation *g = r->host->canary;
  if (!g) {
    fail(r, "没有灰度中的版本", "there is no canary to promote");
    return;
  }
  publish(r, g, NULL);
  log_done(r, g, "reload.done");
  set_trouble(r, NULL);
  wy_keep(r->host, r->path, g, NULL);
}

static void rollback(wy_reload *r) {
  wy_host *h = r->host;
  if (h->canary) {
    publish(r, h->promoted, NULL);
    log_done(r, h->promoted, "reload.rollback");
    set_trouble(r, PINNED);
    wy_keep(r->host, r->path, h->promoted, "");
  } else if (!h->keeps) {
    fail(r, "这个宿主不保留以前的版本", "this host keeps no earlier generations");
  } else {
    build(r);
  }
}

/* States that are short of memory: plugins that keep too much fill the new ones as well, so not
 * again and again. */
static void rebuild(wy_reload *r) {
  if (r->rebuilt && r->began - r->rebuilt < REBUILD_MS) { /* the state asks again later */
    answer_done(r);
    return;
  }
  r->rebuilt = r->began;
  build(r);
}

static void status(wy_reload *r) {
  wy_host *h = r->host;
  char trouble[1000];
  wy_reload_trouble(h, trouble, sizeof trouble);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddBoolToObject(json, "ok", true);
  number_in(json, "generation", h->promoted->number);
  if (h->canary) number_in(json, "canary", h->canary->number);
  number_in(json, "reloads", r->done);
  number_in(json, "failed", r->failed);
  if (trouble[0]) cJSON_AddStringToObject(json, "trouble", trouble);
  answer(r, json, true);
  next(r);
}

static void next(wy_reload *r) {
  wy_list *node = r->now || r->ended ? NULL : wy_list_shift(&r->asks);
  if (!node) return;
  r->now = wy_container_of(node, asked, link);
  r->began = now_ms(r);
  r->published = 0;
  atomic_store(&r->longest, 0);
  r->same = false;
  r->waits[0] = '\0';
  switch (r->now->what) {
    case WY_ASK_RELOAD: build(r); return;
    case WY_ASK_REBUILD: rebuild(r); return;
    case WY_ASK_PROMOTE: promote(r); return;
    case WY_ASK_ROLLBACK: rollback(r); return;
    case WY_ASK_STATUS: status(r); return;
  }
}

#define PROBLEM(zh, en) "{\"ok\":false,\"problems\":[{\"zh\":\"" zh "\",\"en\":\"" en "\"}]}"

void wy_reload_ask(wy_host *h, wy_ask what, wy_ask_done done, void *data) {
  wy_reload *r = h->reload;
  wy_beats *beats = h->supervised.beats;
  bool counted = beats && done && what != WY_ASK_STATUS;
  if (counted && !wy_beats_change(beats)) {
    done(data, false,
         wy_str_of(PROBLEM("正在升级，新的宿主马上接班：稍后再试",
                           "an upgrade is under way, and another host about to serve: try again")));
    return;
  }
  asked *a = r && !r->ended ? malloc(sizeof *a) : NULL;
  if (!a) {
    if (counted) wy_beats_changed(beats);
    if (done) done(data, false, wy_str_of(PROBLEM("宿主不在运行", "the host does not run")));
    return;
  }
  *a = (asked){.what = what, .watched = !done, .counted = counted, .done = done, .data = data};
  wy_list_push(&r->asks, &a->link);
  next(r);
}

/* --- life --- */

static char *copy(const char *z) { return z ? strdup(z) : NULL; }

int wy_reload_new(wy_host *h, const wy_build *from) {
  wy_reload *r = calloc(1, sizeof *r);
  if (!r || pthread_mutex_init(&r->lock, NULL)) {
    free(r);
    return WY_E_NOMEM;
  }
  r->host = h;
  h->reload = r;
  wy_list_init(&r->asks);
  wy_buf_init(&r->kept, (size_t)256 << 20);
  r->notices = calloc(WORKERS_MAX, sizeof *r->notices);
  r->build = *from;
  r->build.path = r->path = copy(from->path);
  r->build.name = r->name = copy(from->name);
  r->build.folder = r->folder = copy(from->folder);
  if (from->text.p && (r->text = malloc(from->text.n + 1)) != NULL)
    r->build.text.p = memcpy(r->text, from->text.p, from->text.n);
  bool ok = r->notices && !r->path == !from->path && !r->name == !from->name &&
            !r->folder == !from->folder && !r->text == !from->text.p;
  return ok ? 0 : WY_E_NOMEM;
}

/* The socket of a host that is being replaced goes with it; until then this one waits, and says so
 * once. */
static void open_control(wy_timer *timer) {
  static const wy_log quiet = {WY_LOG_ERROR, NULL, NULL, WY_LOG_TEXT};
  wy_reload *r = wy_container_of(timer, wy_reload, retry);
  wy_host *h = r->host;
  worker *w = &h->workers[0];
  /* the host that this one replaces is no surprise */
  bool told = r->retries++ == (h->taking ? RETRIES - 1 : 0);
  int err = wy_control_open(&r->control, w->loop, &w->clock, told ? &h->log : &quiet, h->state,
                            wy_reload_ask, h);
  if (!err) wy_control_calls(r->control, wy_remote_control);
  if (err == UV_EADDRINUSE && r->retries < RETRIES) wy_timer_start(&w->clock, timer, RETRY_MS);
}

/* The generation that it starts with goes, these stay. */
static void note_started(wy_reload *r, const generation *g) {
  r->started = g->n_fixed ? calloc(g->n_fixed, sizeof *r->started) : NULL;
  while (r->started && r->n_started < g->n_fixed &&
         (r->started[r->n_started] = copy(g->fixed[r->n_started])) != NULL)
    r->n_started++;
}

void wy_reload_start(wy_host *h) {
  wy_reload *r = h->reload;
  note_started(r, h->promoted);
  wy_timer_init(&r->retry, open_control);
  if (h->keeps || h->sandbox) open_control(&r->retry);
  if (h->keeps && !h->promoted->n_failed && !r->trouble)
    wy_keep(r->host, r->path, h->promoted, NULL);
  watch(r, false);
  if (h->taking && !r->trouble) read_again(r); /* who replaces another has read it a while ago */
}

int wy_reload_program(wy_host *h, const char *path) {
  free(h->reload->program);
  h->reload->program = copy(path);
  return h->reload->program ? 0 : WY_E_NOMEM;
}

void wy_reload_found(wy_host *h, const char *trouble) { set_trouble(h->reload, trouble); }

void wy_reload_stop(wy_host *h) {
  wy_reload *r = h->reload;
  if (!r || r->ended) return;
  r->ended = true;
  int pid = atomic_load(&r->verifying);
  if (pid > 0) kill(-pid, SIGKILL);
  wy_watch_close(r->watch, NULL);
  r->watch = NULL;
  wy_timer_stop(&h->workers[0].clock, &r->retry);
  wy_control_close(r->control);
  r->control = NULL;
}

void wy_reload_free(wy_host *h) {
  wy_reload *r = h->reload;
  if (!r) return;
  if (r->now) wy_list_push(&r->asks, &r->now->link);
  for (wy_list *n; (n = wy_list_shift(&r->asks));) {
    asked *a = wy_container_of(n, asked, link);
    if (a->done) a->done(a->data, false, wy_str_of(PROBLEM("宿主停了", "the host has stopped")));
    if (a->counted) wy_beats_changed(h->supervised.beats);
    free(a);
  }
  for (size_t i = 0; i < 2; i++) wy_generation_drop(r->going[i]);
  cJSON_Delete(r->problems);
  wy_buf_deinit(&r->kept);
  pthread_mutex_destroy(&r->lock);
  for (size_t i = 0; i < r->n_started; i++) free(r->started[i]);
  free(r->started);
  free(r->trouble);
  free(r->notices);
  free(r->program);
  free(r->path);
  free(r->name);
  free(r->folder);
  free(r->text);
  free(r);
  h->reload = NULL;
}
