/* supervised: a host whose program is one of several, one after another or for a moment side by
 * side, that serve the same sockets. Not part of the public API; row 7 uses it. */
#ifndef WY_HOST_SUPERVISED_H
#define WY_HOST_SUPERVISED_H

#include "base/beat.h"
#include "weiyue.h"

typedef enum wy_use { WY_USE_PUSHES, WY_USE_ADMIN } wy_use;

enum { WY_SOCKETS_MAX = 512 }; /* of one use */

typedef struct wy_supervised {
  void *data;
  /* Bound sockets for a use, all that there are, n at least where the kernel spreads connections
   * over several: their number, and *bound the port; or a uv error. They are the host's then. */
  int (*sockets)(void *data, wy_use use, const char *address, int port, unsigned n, int *fds,
                 int *bound);
  /* Everything is ready, but nothing is accepted yet. True: another host stops accepting now, and
   * gives its inbox and its idle connections by these two sockets. NULL: there is none. */
  bool (*ready_to_take)(void *data, int *inbox, int *connections);
  wy_beats *beats; /* NULL: nobody watches */
} wy_supervised;

/* Before wy_host_load. */
void wy_host_supervise(wy_host *h, const wy_supervised *s);

/* The loop of its first worker. What was added to it, and does not keep it alive, is closed before
 * wy_host_free, which runs it a last time. */
struct uv_loop_s *wy_host_loop(wy_host *h);

/* On the thread of the host's loop, while it runs: it accepts no more, gives its inbox away by
 * these sockets, which it closes in the end, and tells what becomes of the pushes that it still
 * has. Then either wy_host_stop, which gives its idle connections away, too; or wy_host_take_back,
 * when the other one did not come up. 0, or an error, and nothing has changed. */
int wy_host_hand_over(wy_host *h, int inbox, int connections);
void wy_host_take_back(wy_host *h);

/* Async-signal-safe, for the handler of a signal that a watcher sends to one worker's thread: ends
 * the task that runs there. Elsewhere nothing happens. */
void wy_worker_interrupt(void);

/* A signal to the thread of one worker, whose beat has a tid. 0, or not: there is none. */
int wy_host_signal_worker(wy_host *h, unsigned i, int number);

#endif
