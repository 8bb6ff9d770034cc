#include "cli/child.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "cli/link.h"
#include "cli/notify.h"
#include "cli/sockets.h"
#include "cli/watch.h"
#include "net/listen.h"

enum { ANSWER_MS = 10000 };

struct wy_child {
  int link;               /* to the supervisor; -1: there is none */
  int inbox, connections; /* from the child that this one replaces; -1 */
  wy_beats *beats;
  wy_sockets sockets; /* without a supervisor */
  bool passed_sockets;
  wy_host *host;
  uv_poll_t told;
  bool polling;
#ifndef __linux__
  pthread_t watcher;
  bool watching;
  atomic_bool ends;
#endif
};

wy_child *wy_child_new(void) {
  wy_child *c = calloc(1, sizeof *c);
  wy_passed passed;
  if (!c) return NULL;
  wy_sockets_from_environment(&c->sockets, &passed);
  c->passed_sockets = c->sockets.n[WY_USE_PUSHES] || c->sockets.n[WY_USE_ADMIN];
  c->link = wy_sockets_passed(&passed, "supervisor");
  c->inbox = wy_sockets_passed(&passed, "inbox");
  c->connections = wy_sockets_passed(&passed, "connections");
  int beats = wy_sockets_passed(&passed, "beats");
  if (beats >= 0) c->beats = wy_beats_open(beats);
  return c;
}

bool wy_child_is_supervised(const wy_child *c) { return c->link >= 0; }
bool wy_child_is_first(const wy_child *c) {
  return c->link < 0 || !c->beats || c->beats->child == 1;
}

/* --- sockets --- */

/* The supervisor keeps the same ones. */
static int ask_for_sockets(wy_child *c, wy_use use, const char *address, int port, unsigned n,
                           int *fds, int *bound) {
  wy_message m = {.say = WY_SAY_OPEN, .use = (int)use, .port = port, .n = (int)n};
  unsigned got = 0, total = 1;
  snprintf(m.text, sizeof m.text, "%s", address);
  if (!wy_link_send(c->link, &m, NULL, 0)) return UV_EPIPE;
  while (got < total) {
    int beside[WY_LINK_FDS];
    unsigned k;
    if (wy_link_receive(c->link, &m, beside, &k, ANSWER_MS) != 1 || m.say != WY_SAY_OPENED)
      return UV_EPIPE;
    if (m.err) return m.err;
    total = (unsigned)m.n;
    *bound = m.port;
    for (unsigned i = 0; i < k; i++) {
      if (got < WY_SOCKETS_MAX) fds[got++] = beside[i];
      else close(beside[i]);
    }
    if (!k) return UV_EPIPE;
  }
  return (int)got;
}

/* Copies: the set keeps its own. */
static int use_passed(wy_child *c, wy_use use, const char *address, int port, unsigned n, int *fds,
                      int *bound) {
  int err = wy_sockets_open(&c->sockets, use, address, port, n);
  if (err) return err;
  for (unsigned i = 0; i < c->sockets.n[use]; i++) {
    fds[i] = fcntl(c->sockets.fds[use][i], F_DUPFD_CLOEXEC, 0);
    if (fds[i] >= 0) continue;
    wy_listen_close(fds, i);
    return UV_EMFILE;
  }
  *bound = wy_sockets_port(&c->sockets, use, address, port);
  return (int)c->sockets.n[use];
}

static int sockets(void *data, wy_use use, const char *address, int port, unsigned n, int *fds,
                   int *bound) {
  wy_child *c = data;
  if (c->link >= 0) return ask_for_sockets(c, use, address, port, n, fds, bound);
  return use_passed(c, use, address, port, n, fds, bound);
}

/* --- taking over, giving way --- */

static bool ready_to_take(void *data, int *inbox, int *connections) {
  wy_child *c = data;
  if (c->inbox < 0 || c->connections < 0) return false;
  if (!wy_link_send(c->link, &(wy_message){.say = WY_SAY_PREPARED}, NULL, 0)) return false;
  *inbox = c->inbox;
  *connections = c->connections;
  c->inbox = c->connections = -1;
  return true;
}

/* The supervisor speaks, or has gone: then this host, which nobody could end properly, ends. */
static void on_told(uv_poll_t *poll, int status, int events) {
  wy_child *c = poll->data;
  wy_message m;
  int fds[WY_LINK_FDS];
  unsigned n;
  (void)events;
  if (status || wy_link_receive(c->link, &m, fds, &n, 0) < 0) {
    uv_poll_stop(poll);
    wy_host_stop(c->host);
    return;
  }
  if (m.say == WY_SAY_GIVE_WAY && n == 2) {
    wy_host_hand_over(c->host, fds[0], fds[1]);
    return;
  }
  if (m.say == WY_SAY_GO_ON) wy_host_take_back(c->host);
  wy_listen_close(fds, n);
}

/* --- where a process cannot signal another one's thread, it watches itself --- */

#ifndef __linux__
static int64_t no_cpu(void *data, const wy_beat *beat) {
  (void)data, (void)beat;
  return -1;
}

static void *watch(void *data) {
  wy_child *c = data;
  wy_watch *w = calloc(1, sizeof *w);
  while (w && !atomic_load(&c->ends)) {
    const struct timespec pause = {0, WY_WATCH_MS * 1000000L};
    nanosleep(&pause, NULL);
    int64_t now = (int64_t)(uv_hrtime() / 1000000), ms;
    for (unsigned i = 0; i < WY_BEATS_MAX; i++) {
      wy_stuck stuck = wy_watch_look(w, &c->beats->workers[i], i, now, no_cpu, NULL, &ms);
      if (stuck == WY_STUCK_INTERRUPT) wy_host_signal_worker(c->host, i, WY_WATCH_SIGNAL);
      if (stuck == WY_STUCK_ABORT) wy_host_signal_worker(c->host, i, SIGABRT);
    }
  }
  free(w);
  return NULL;
}
#endif

/* --- with the host --- */

void wy_child_attach(wy_child *c, wy_host *host) {
  wy_supervised s = {.data = c, .beats = c->beats};
  c->host = host;
  if (c->link >= 0 || c->passed_sockets) s.sockets = sockets;
  if (c->inbox >= 0) s.ready_to_take = ready_to_take;
  wy_host_supervise(host, &s);
}

int wy_child_accepting(wy_child *c) {
  if (c->link < 0) {
    wy_notify("READY=1\nMAINPID=%ld", (long)getpid());
    return 0;
  }
  if (uv_poll_init(wy_host_loop(c->host), &c->told, c->link)) return -1;
  c->told.data = c;
  c->polling = true;
  uv_poll_start(&c->told, UV_READABLE, on_told);
  uv_unref((uv_handle_t *)&c->told);
#ifndef __linux__
  if (c->beats) c->watching = pthread_create(&c->watcher, NULL, watch, c) == 0;
#endif
  wy_message m = {.say = WY_SAY_ACCEPTING, .port = wy_host_port(c->host)};
  snprintf(m.text, sizeof m.text, "%s", wy_host_address(c->host));
  return wy_link_send(c->link, &m, NULL, 0) ? 0 : -1;
}

void wy_child_detach(wy_child *c) {
#ifndef __linux__
  atomic_store(&c->ends, true);
  if (c->watching) pthread_join(c->watcher, NULL);
#endif
  if (c->link < 0) wy_notify("STOPPING=1");
  if (c->polling) uv_close((uv_handle_t *)&c->told, NULL);
}

void wy_child_free(wy_child *c) {
  if (!c) return;
  wy_beats_free(c->beats);
  if (c->link >= 0) close(c->link);
  free(c);
}
