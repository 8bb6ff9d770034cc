#include "cli/supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/crashes.h"
#include "cli/kid.h"
#include "cli/link.h"
#include "cli/notify.h"
#include "cli/report.h"
#include "cli/sockets.h"
#include "cli/spawn.h"

enum {
  UPGRADE_MS = 30000, /* a new child that does not come up meanwhile is given up */
  START_MS = 90000,   /* a first child that does not come up meanwhile is ended */
  RELOAD_MS = 90000,  /* a reload that the child does not tell the end of is taken for done */
  RETIRE_MS = 12000,  /* a child that was told to end, and what it may take, which is 9 s */
};

typedef struct supervisor {
  char *program, **arguments;
  wy_sockets sockets;
  wy_crashes crashes;
  kid now, next, old; /* who serves; who is to; who did, and finishes what he has */
  bool served;        /* a child has accepted connections: before, its failure is ours */
  bool upgrade;       /* wanted, as soon as it can be */
  bool stopping;
  unsigned interrupts;
  int signals;
  int status;
  int64_t start_at;      /* when the next child is due; 0: not at all */
  int64_t reload_until;  /* when a reload is taken for done; 0: there is none */
  int64_t watchdog_at;   /* when we are to say that we live */
  int64_t watchdog_each; /* 0: nobody wants to know */
  bool hup;              /* a reload was asked for while nobody could take it */
  int64_t kill_at;       /* when a stop has taken too long */
} supervisor;

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- starting --- */

static int start_first(supervisor *s, int64_t now) {
  s->start_at = 0;
  if (wy_kid_start(&s->now, s->program, s->arguments, &s->crashes, NULL, now)) {
    wy_report(WY_LOG_ERROR, "child.start", "err=%s", strerror(errno));
    s->crashes.quick_ends++;
    s->start_at = now + wy_crashes_delay(&s->crashes);
    return -1;
  }
  if (s->served) /* the first one tells by itself */
    wy_report(WY_LOG_INFO, "child.start", "child=%u pid=%ld fallback=%u", s->now.number,
              (long)s->now.pid, s->crashes.fallback);
  return 0;
}

/* For the inbox, and for connections. */
static int open_ways(int inbox[2], int connections[2]) {
  if (wy_link_pair(inbox)) return -1;
  if (wy_link_pair(connections) == 0) return 0;
  close(inbox[0]);
  close(inbox[1]);
  return -1;
}

/* A second one beside it, with two ways between them. */
static void start_upgrade(supervisor *s, int64_t now) {
  int inbox[2], connections[2];
  if (!wy_beats_replace(s->now.beats)) return; /* soon */
  s->upgrade = false;
  if (open_ways(inbox, connections)) {
    wy_report(WY_LOG_ERROR, "upgrade.failed", "err=%s", strerror(errno));
    wy_beats_replace_not(s->now.beats);
    return;
  }
  wy_crashes fresh = s->crashes; /* another program may do better */
  fresh.fallback = 0;
  int ways[] = {inbox[1], connections[1]};
  if (wy_kid_start(&s->next, s->program, s->arguments, &fresh, ways, now)) {
    wy_report(WY_LOG_ERROR, "upgrade.failed", "err=%s", strerror(errno));
    wy_beats_replace_not(s->now.beats);
    close(inbox[0]);
    close(connections[0]);
  } else {
    s->next.from[0] = inbox[0];
    s->next.from[1] = connections[0];
    wy_report(WY_LOG_INFO, "upgrade.start", "child=%u pid=%ld", s->next.number, (long)s->next.pid);
  }
  close(inbox[1]);
  close(connections[1]);
}

/* --- what children say --- */

static void answer_open(supervisor *s, kid *k, const wy_message *asked) {
  wy_use use = asked->use == WY_USE_ADMIN ? WY_USE_ADMIN : WY_USE_PUSHES;
  unsigned n = asked->n < 1 ? 1 : (unsigned)asked->n;
  wy_message m = {.say = WY_SAY_OPENED};
  m.err = wy_sockets_open(&s->sockets, use, asked->text, asked->port, n);
  if (m.err) {
    wy_link_send(k->link, &m, NULL, 0);
    return;
  }
  unsigned total = s->sockets.n[use];
  m.n = (int)total;
  m.port = wy_sockets_port(&s->sockets, use, asked->text, asked->port);
  for (unsigned i = 0; i < total; i += WY_LINK_FDS) {
    unsigned some = total - i < WY_LINK_FDS ? total - i : WY_LINK_FDS;
    if (!wy_link_send(k->link, &m, s->sockets.fds[use] + i, some)) return;
  }
}

static void say(const kid *k, wy_say what) {
  if (k->pid) wy_link_send(k->link, &(wy_message){.say = (int32_t)what}, NULL, 0);
}

static void give_way(supervisor *s) {
  if (s->now.pid) wy_link_send(s->now.link, &(wy_message){.say = WY_SAY_GIVE_WAY}, s->next.from, 2);
  wy_kid_close_ways(&s->next); /* else the other end of them would never be seen */
}

static void say_ready(const char *how, const wy_message *m) {
  wy_notify("READY=1\nMAINPID=%ld\nSTATUS=%s, %s:%d", (long)getpid(), how, m->text, (int)m->port);
}

/* The new child accepts: the one before has nothing to do but to finish. */
static void switch_over(supervisor *s, int64_t now, const wy_message *m) {
  wy_report(WY_LOG_INFO, "upgrade.done", "child=%u pid=%ld ms=%lld", s->next.number,
            (long)s->next.pid, (long long)(now - s->next.started));
  s->old = s->now;
  s->now = s->next;
  s->next = (kid){0};
  if (s->old.pid) {
    kill(s->old.pid, SIGTERM);
    int64_t farewell = wy_kid_farewell(&s->old);
    s->old.end_at = now + (farewell > RETIRE_MS ? farewell : RETIRE_MS);
  }
  wy_crashes_promoted(&s->crashes, now);
  s->crashes.fallback = 0;
  say_ready("upgraded", m);
}

static void on_accepting(supervisor *s, kid *k, const wy_message *m, int64_t now) {
  k->accepting = true;
  if (k == &s->next) {
    switch_over(s, now, m);
    return;
  }
  if (!s->served) wy_crashes_promoted(&s->crashes, now);
  else
    wy_report(WY_LOG_INFO, "child.ready", "child=%u pid=%ld ms=%lld", k->number, (long)k->pid,
              (long long)(now - k->started));
  s->served = true;
  say_ready("serving", m);
}

static void end_reload(supervisor *s) {
  if (!s->reload_until) return;
  s->reload_until = 0;
  wy_notify("READY=1");
}

/* One message, if there is one. */
static bool listen_to(supervisor *s, kid *k, int64_t now) {
  wy_message m;
  int fds[WY_LINK_FDS];
  unsigned n;
  int got = wy_link_receive(k->link, &m, fds, &n, 0);
  if (got < 0) {
    k->mute = true; /* it ends: waitpid tells how */
    return false;
  }
  for (unsigned i = 0; i < n; i++) close(fds[i]);
  if (got == 0) return false;
  switch (m.say) {
    case WY_SAY_OPEN: answer_open(s, k, &m); break;
    case WY_SAY_PREPARED:
      if (k == &s->next) give_way(s);
      break;
    case WY_SAY_ACCEPTING: on_accepting(s, k, &m, now); break;
    default: break;
  }
  return true;
}

/* --- children end --- */

static void on_next_ended(supervisor *s, int status) {
  wy_report(WY_LOG_ERROR, "upgrade.failed", "child=%u %s text=\"%s\"", s->next.number,
            wy_report_status(status).text, "the one before goes on; the lines above say why");
  wy_kid_forget(&s->next);
  if (s->now.pid) wy_beats_replace_not(s->now.beats);
  say(&s->now, WY_SAY_GO_ON);
}

/* 128 and the signal's number, as shells do, is no status that the README promises. A child that
 * was told to end before it served at all does so without a word. */
static int status_of(const supervisor *s, int status) {
  if (s->stopping && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) return WY_EXIT_DONE;
  return WIFEXITED(status) ? WEXITSTATUS(status) : WY_EXIT_FAILED;
}

static void on_now_ended(supervisor *s, int status, int64_t now) {
  int64_t lived = now - s->now.started;
  bool was_told = s->stopping;
  /* what did not even begin is its version's own fault, whenever that was promoted */
  int64_t at = s->now.accepting ? now : s->crashes.promoted;
  int how = s->now.aborted ? SIGABRT : status;
  bool crashed = !was_told && wy_crashes_add(&s->crashes, how, s->now.beats, at, lived);
  bool told_why = !s->served && WIFEXITED(status); /* by itself */
  if (!told_why && (!was_told || status))
    wy_report(crashed ? WY_LOG_ERROR : WY_LOG_WARN, "child.exit",
              "child=%u pid=%ld %s lived_ms=%lld quarantined=%u", s->now.number, (long)s->now.pid,
              wy_report_status(status).text, (long long)lived, s->crashes.n_quarantined);
  bool takes_over = s->next.pid && !s->next.accepting; /* it will hear that nobody speaks */
  wy_kid_forget(&s->now);
  end_reload(s);
  if (was_told || !s->served) {
    s->status = status_of(s, status);
    s->stopping = true;
    if (s->next.pid) kill(s->next.pid, SIGTERM);
  } else if (!takes_over) {
    s->start_at = now + wy_crashes_delay(&s->crashes);
    if (!s->start_at) s->start_at = 1;
  }
}

/* What it has said before it ended comes first: it may have served. */
static void hear_out(supervisor *s, pid_t pid, int64_t now) {
  kid *kids[] = {&s->now, &s->next, &s->old};
  for (int i = 0; i < 3; i++)
    while (kids[i]->pid == pid && !kids[i]->mute && listen_to(s, kids[i], now)) continue;
}

static void reap(supervisor *s, int64_t now) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    hear_out(s, pid, now);
    if (pid == s->next.pid) {
      on_next_ended(s, status);
      if (!s->now.pid && !s->stopping && !s->start_at) s->start_at = now;
    } else if (pid == s->old.pid) {
      if (status)
        wy_report(WY_LOG_WARN, "upgrade.old_exit", "child=%u pid=%ld %s", s->old.number, (long)pid,
                  wy_report_status(status).text);
      wy_kid_forget(&s->old);
    } else if (pid == s->now.pid) {
      on_now_ended(s, status, now);
    }
  }
}

/* --- signals --- */

static void kill_all(const supervisor *s, int number) {
  const kid *kids[] = {&s->now, &s->next, &s->old};
  for (size_t i = 0; i < sizeof kids / sizeof *kids; i++)
    if (kids[i]->pid) kill(kids[i]->pid, number);
}

static void stop(supervisor *s) {
  if (s->stopping) return;
  s->stopping = true;
  s->start_at = 0;
  wy_notify("STOPPING=1");
  wy_sockets_close(&s->sockets); /* who comes now is refused, rather than kept waiting */
  kill_all(s, SIGTERM);
}

static void reload(supervisor *s, int64_t now) {
  if (s->stopping) return;
  s->hup = !s->now.accepting; /* then who accepts next is told */
  if (s->hup) return;
  wy_notify_reloading();
  s->reload_until = now + RELOAD_MS;
  kill(s->now.pid, SIGHUP);
}

static void on_signals(supervisor *s, int64_t now) {
  unsigned char numbers[64];
  ssize_t n = read(s->signals, numbers, sizeof numbers);
  for (ssize_t i = 0; i < n; i++) {
    switch (numbers[i]) {
      case SIGINT:
        if (++s->interrupts < 2) stop(s);
        else kill_all(s, SIGKILL), s->status = WY_EXIT_FAILED;
        break;
      case SIGTERM: stop(s); break;
      case SIGHUP: reload(s, now); break;
      case SIGUSR1: kill_all(s, SIGUSR1); break;
      case SIGUSR2: s->upgrade = true; break;
      default: break; /* SIGCHLD: reap is called anyway */
    }
  }
}

/* --- time --- */

/* What has to be done by now. */
static void keep_time(supervisor *s, int64_t now) {
  if (wy_kid_watch(&s->now, now)) {
    wy_crashes_promoted(&s->crashes, now);
    s->crashes.fallback = 0;
    end_reload(s);
  }
  if (wy_kid_reloaded(&s->now)) end_reload(s);
  wy_kid_watch(&s->old, now);
  if (s->start_at && now >= s->start_at && !s->stopping) start_first(s, now);
  if (s->upgrade && s->now.accepting && !s->next.pid && !s->old.pid && !s->stopping)
    start_upgrade(s, now);
  if (s->next.pid && !s->next.end_at && now - s->next.started > UPGRADE_MS) {
    wy_report(WY_LOG_ERROR, "upgrade.slow", "child=%u ms=%d", s->next.number, (int)UPGRADE_MS);
    kill(s->next.pid, SIGKILL);
    s->next.end_at = now + RETIRE_MS;
  }
  if (s->hup && s->now.accepting) reload(s, now);
  if (s->stopping && !s->kill_at) s->kill_at = now + RETIRE_MS;
  if (s->stopping && now > s->kill_at) kill_all(s, SIGKILL);
  if (s->now.pid && !s->now.accepting && now - s->now.started > START_MS) {
    s->now.aborted = true;
    kill(s->now.pid, SIGKILL);
  }
  if (s->stopping && s->old.end_at > now + RETIRE_MS) s->old.end_at = now + RETIRE_MS;
  if (s->old.pid && s->old.end_at && now > s->old.end_at) {
    kill(s->old.pid, SIGKILL);
    s->old.end_at = now + RETIRE_MS;
  }
  if (s->reload_until && now > s->reload_until) end_reload(s);
  if (s->watchdog_each && now >= s->watchdog_at) {
    wy_notify("WATCHDOG=1");
    s->watchdog_at = now + s->watchdog_each;
  }
}

/* How long nothing happens by itself; -1: for ever. */
static int pause_ms(const supervisor *s, int64_t now) {
  int64_t least = s->now.pid || s->old.pid ? WY_WATCH_MS : 1000;
  if (s->start_at && s->start_at - now < least) least = s->start_at - now;
  if (s->watchdog_each && s->watchdog_at - now < least) least = s->watchdog_at - now;
  return least < 0 ? 0 : (int)least;
}

static void run(supervisor *s) {
  while (!(s->stopping && !s->now.pid && !s->next.pid && !s->old.pid)) {
    kid *kids[] = {&s->now, &s->next, &s->old};
    struct pollfd fds[4] = {{s->signals, POLLIN, 0}};
    for (int i = 0; i < 3; i++)
      fds[i + 1] = (struct pollfd){kids[i]->pid && !kids[i]->mute ? kids[i]->link : -1, POLLIN, 0};
    poll(fds, 4, pause_ms(s, now_ms()));
    int64_t now = now_ms();
    pid_t pids[] = {s->now.pid, s->next.pid, s->old.pid};
    for (int i = 0; i < 3; i++) /* what one of them says may make another of it */
      if (fds[i + 1].revents && kids[i]->pid == pids[i]) listen_to(s, kids[i], now);
    reap(s, now);
    if (fds[0].revents) on_signals(s, now);
    keep_time(s, now);
  }
}

/* --- the whole --- */

/* The child is the same verb, which then serves itself. */
static char **arguments_of(const char *program, int argc, char **argv) {
  static char no_supervisor[] = "--no-supervisor";
  char **arguments = calloc((size_t)argc + 3, sizeof *arguments);
  if (!arguments) return NULL;
  arguments[0] = (char *)(uintptr_t)program;
  arguments[1] = argv[0];
  arguments[2] = no_supervisor;
  for (int i = 1; i < argc; i++) arguments[i + 2] = argv[i];
  return arguments;
}

int wy_cli_supervise(const char *program, int argc, char **argv) {
  supervisor s = {.status = WY_EXIT_DONE};
  wy_passed passed; /* none is of use here */
  wy_sockets_from_environment(&s.sockets, &passed);
  s.program = wy_spawn_program(program);
  s.arguments = arguments_of(program, argc, argv);
  s.watchdog_each = wy_notify_watchdog_ms();
  s.watchdog_at = now_ms() + s.watchdog_each;
  if (!s.program || !s.arguments || wy_cli_signals_collect(&s.signals)) {
    s.status = wy_cli_error(WY_EXIT_FAILED, "%s: %s", "supervisor", strerror(errno));
  } else if (start_first(&s, now_ms()) == 0) {
    run(&s);
  } else {
    s.status = WY_EXIT_FAILED;
  }
  free(s.program);
  free(s.arguments);
  return s.status;
}
