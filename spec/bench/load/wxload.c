/* wxload: loads a WeChat server with distinct signed pushes and prints one JSON line.
 * One thread, one epoll set, keep-alive connections with one push outstanding on each. The next
 * push of a connection is made while the server works on the others.
 *
 * main owns the load; the load owns its connections, each of which owns its socket.
 * `wxload --help` lists the options.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "push.h"

enum {
  ANSWER_MAX = 8192,
  SAMPLE = 64,           /* without --check one answer of so many is checked */
  LATENCY_MAX = 1000000, /* microseconds; what took longer counts as this */
  TICK_NS = 200000,      /* how often pushes of a fixed rate are sent */
  ANSWER_SECONDS = 5,    /* WeChat's own patience */
  ERRORS_MAX = 100,      /* then the run stops */
};

typedef struct {
  push_options push;
  int port, connections, check, hold;
  double seconds, wait;
  double rate;       /* pushes per second; 0: as fast as answers come */
  uint64_t requests; /* 0: until the time is over */
} options;

typedef struct {
  int fd, busy;
  uint64_t sent_at;
  push sent;
  char answer[ANSWER_MAX];
  size_t answer_n;
} conn;

typedef struct {
  const options *o;
  push_maker *maker;
  conn **conns;
  int epoll, outstanding;
  int ticks, next; /* with a rate: a timerfd, and the connection that is tried first */
  uint64_t started, issued, answered, checked, last_answer, first_answer;
  uint64_t status_errors, check_errors, io_errors, timeouts;
  const char *first_error;
  uint32_t *latency; /* histogram, one slot per microsecond */
} load;

static volatile sig_atomic_t interrupted; /* no more is sent; what is out is waited for */

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t errors(const load *l) {
  return l->status_errors + l->check_errors + l->io_errors + l->timeouts;
}

static void fault(load *l, uint64_t *counter, const char *text) {
  ++*counter;
  if (!l->first_error) l->first_error = text;
}

/* ---- connections ---- */

/* A connected socket or -1. With deadline: a refused connection is tried again until then. */
static int dial(const options *o, uint64_t deadline) {
  struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (;;) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0) return -1;
    if (!connect(fd, (struct sockaddr *)&addr, sizeof addr)) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      return fd;
    }
    int err = errno;
    close(fd);
    if (err != ECONNREFUSED || now_ns() >= deadline) {
      errno = err;
      return -1;
    }
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
  }
}

static void watch(load *l, conn *c) {
  struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

static int may_send(const load *l, uint64_t now) {
  if (interrupted || errors(l) >= ERRORS_MAX) return 0;
  if (l->o->requests) return l->issued < l->o->requests;
  return (double)(now - l->started) < l->o->seconds * 1e9;
}

static int send_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t r = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r > 0) {
      p += r;
      n -= (size_t)r;
    } else if (r < 0 && errno == EAGAIN) {
      /* One outstanding push fits every socket buffer: only a stuck peer gets here. */
      if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, ANSWER_SECONDS * 1000) <= 0)
        return 0;
    } else if (r < 0 && errno != EINTR) {
      return 0;
    }
  }
  return 1;
}

static void drop(load *l, conn *c) {
  if (c->busy) l->outstanding--;
  c->busy = 0;
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
}

/* c->sent is made beforehand. */
static void send_push(load *l, conn *c) {
  c->answer_n = 0;
  c->busy = 1;
  c->sent_at = now_ns();
  l->issued++;
  l->outstanding++;
  if (!send_all(c->fd, c->sent.request, c->sent.request_n)) {
    fault(l, &l->io_errors, "send failed");
    drop(l, c);
  }
}

/* A connection that the server closed: a new one takes its place. */
static void replace(load *l, conn *c, const char *why) {
  fault(l, &l->io_errors, why);
  drop(l, c);
  if (!may_send(l, now_ns())) return;
  c->fd = dial(l->o, 0);
  if (c->fd < 0) {
    fault(l, &l->io_errors, "cannot connect");
    return;
  }
  watch(l, c);
  push_make(l->maker, &c->sent);
  send_push(l, c);
}

/* ---- answers ---- */

/* The head's Content-Length, or -1. */
static long content_length(const char *head, const char *end) {
  for (const char *line = head; line < end;) {
    const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2);
    if (!stop) return -1;
    if (stop - line > 15 && !strncasecmp(line, "Content-Length:", 15)) {
      long n = 0;
      const char *p = line + 15;
      while (p < stop && *p == ' ') p++;
      if (p == stop) return -1;
      for (; p < stop; p++) {
        if (*p < '0' || *p > '9' || n > ANSWER_MAX) return -1;
        n = n * 10 + (*p - '0');
      }
      return n;
    }
    line = stop + 2;
  }
  return -1;
}

static void on_answer(load *l, conn *c, const char *body, size_t n) {
  uint64_t now = now_ns(), us = (now - c->sent_at) / 1000;
  l->latency[us < LATENCY_MAX ? us : LATENCY_MAX]++;
  if (!l->answered++) l->first_answer = now;
  l->last_answer = now;
  c->busy = 0;
  l->outstanding--;
  if (memcmp(c->answer, "HTTP/1.1 200 ", 13)) {
    fault(l, &l->status_errors, "status is not 200");
  } else if (l->o->check || l->answered % SAMPLE == 1) {
    const char *wrong = push_check(l->maker, &c->sent, body, n);
    l->checked++;
    if (wrong) fault(l, &l->check_errors, wrong);
  }
  if (!l->o->rate && may_send(l, now)) {
    push_make(l->maker, &c->sent);
    send_push(l, c);
  }
}

static void on_readable(load *l, conn *c) {
  ssize_t r = recv(c->fd, c->answer + c->answer_n, sizeof c->answer - c->answer_n, MSG_DONTWAIT);
  if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (r <= 0) {
    replace(l, c, "closed by the server");
    return;
  }
  if (!c->busy) {
    replace(l, c, "answer without a push");
    return;
  }
  c->answer_n += (size_t)r;
  const char *end = memmem(c->answer, c->answer_n, "\r\n\r\n", 4);
  if (!end) {
    if (c->answer_n == sizeof c->answer) replace(l, c, "the answer's head is too long");
    return;
  }
  size_t head = (size_t)(end - c->answer) + 4;
  long body = content_length(c->answer, end + 2);
  if (body < 0 || head + (size_t)body > sizeof c->answer) {
    replace(l, c, "no usable Content-Length");
  } else if (c->answer_n > head + (size_t)body) {
    replace(l, c, "bytes behind the answer");
  } else if (c->answer_n == head + (size_t)body) {
    on_answer(l, c, c->answer + head, (size_t)body);
  }
}

/* Answers older than WeChat's patience; looked for once a second at most. */
static void drop_late(load *l, uint64_t now) {
  for (int i = 0; i < l->o->connections; i++) {
    conn *c = l->conns[i];
    if (c && c->busy && now - c->sent_at > ANSWER_SECONDS * 1000000000ull) {
      fault(l, &l->timeouts, "no answer within 5 s");
      drop(l, c);
    }
  }
}

/* ---- the run ---- */

static int open_connections(load *l) {
  uint64_t deadline = now_ns() + (uint64_t)(l->o->wait * 1e9);
  l->started = now_ns();
  for (int i = 0; i < l->o->connections; i++) {
    conn *c = l->conns[i] = calloc(1, sizeof *c);
    if (!c) return 0;
    push_make(l->maker, &c->sent);
    c->fd = dial(l->o, deadline);
    if (c->fd < 0) {
      fprintf(stderr, "wxload: connection %d to port %d: %s\n", i + 1, l->o->port, strerror(errno));
      return 0;
    }
    watch(l, c);
  }
  return 1;
}

/* With a fixed rate: sends what is due by now, on connections that are free, each in its turn. What
 * finds none waits for the next tick. */
static void on_tick(load *l) {
  uint64_t ticks, now = now_ns();
  if (read(l->ticks, &ticks, sizeof ticks) < 0) return;
  uint64_t due = (uint64_t)((double)(now - l->started) * l->o->rate / 1e9);
  for (int tried = 0; tried < l->o->connections && l->issued < due && may_send(l, now); tried++) {
    conn *c = l->conns[l->next];
    l->next = (l->next + 1) % l->o->connections;
    if (c->busy || c->fd < 0) continue;
    push_make(l->maker, &c->sent);
    send_push(l, c);
  }
}

static int start_ticks(load *l) {
  struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
  struct itimerspec period = {{0, TICK_NS}, {0, TICK_NS}};
  l->ticks = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  return l->ticks >= 0 && !timerfd_settime(l->ticks, 0, &period, NULL) &&
         !epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->ticks, &ev);
}

static void run(load *l) {
  struct epoll_event ev[64];
  uint64_t looked = l->started = now_ns();
  if (l->o->rate && !start_ticks(l)) {
    fault(l, &l->io_errors, "no timer");
    return;
  }
  for (int i = 0; !l->o->rate && i < l->o->connections && may_send(l, l->started); i++)
    send_push(l, l->conns[i]);
  while (l->outstanding > 0 || (l->o->rate && may_send(l, now_ns()))) {
    int n = epoll_wait(l->epoll, ev, sizeof ev / sizeof ev[0], 1000);
    for (int i = 0; i < n; i++) {
      if (ev[i].data.ptr) on_readable(l, ev[i].data.ptr);
      else on_tick(l);
    }
    uint64_t now = now_ns();
    if (now - looked > 1000000000u) {
      drop_late(l, now);
      looked = now;
    }
  }
}

static uint32_t percentile(const load *l, double share) {
  uint64_t rank = (uint64_t)(share * (double)l->answered), seen = 0;
  if (rank >= l->answered && rank > 0) rank = l->answered - 1;
  for (uint32_t us = 0; us <= LATENCY_MAX; us++) {
    seen += l->latency[us];
    if (seen > rank) return us;
  }
  return 0;
}

static void report(const load *l) {
  double seconds = l->answered ? (double)(l->last_answer - l->started) / 1e9 : 0;
  printf(
      "{\"requests\":%llu,\"seconds\":%.6f,\"rps\":%.0f,\"p50_us\":%u,\"p99_us\":%u,"
      "\"max_us\":%u,\"checked\":%llu,\"errors\":%llu,\"status_errors\":%llu,"
      "\"check_errors\":%llu,\"io_errors\":%llu,\"timeouts\":%llu,\"first_error\":",
      (unsigned long long)l->answered, seconds, seconds > 0 ? (double)l->answered / seconds : 0,
      percentile(l, 0.5), percentile(l, 0.99), percentile(l, 1), (unsigned long long)l->checked,
      (unsigned long long)errors(l), (unsigned long long)l->status_errors,
      (unsigned long long)l->check_errors, (unsigned long long)l->io_errors,
      (unsigned long long)l->timeouts);
  if (l->first_error) printf("\"%s\"", l->first_error);
  else printf("null");
  printf(",\"first_answer_at\":%.6f}\n", (double)l->first_answer / 1e9);
  fflush(stdout);
}

/* Keeps the connections until stdin ends, then says how many the server kept as well. */
static void hold(load *l) {
  char c;
  int alive = 0;
  while (read(STDIN_FILENO, &c, 1) > 0) continue;
  for (int i = 0; i < l->o->connections; i++)
    if (l->conns[i]->fd >= 0 && recv(l->conns[i]->fd, &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
      alive++;
  printf("{\"held\":%d,\"alive\":%d}\n", l->o->connections, alive);
}

static void deinit(load *l) {
  if (l->conns)
    for (int i = 0; i < l->o->connections; i++) {
      if (l->conns[i]) drop(l, l->conns[i]);
      free(l->conns[i]);
    }
  free(l->conns);
  free(l->latency);
  if (l->epoll >= 0) close(l->epoll);
  if (l->ticks >= 0) close(l->ticks);
  push_maker_free(l->maker);
}

static int init(load *l, const options *o) {
  const char *error = "out of memory";
  *l = (load){.o = o, .epoll = epoll_create1(EPOLL_CLOEXEC), .ticks = -1};
  l->conns = calloc((size_t)o->connections, sizeof *l->conns);
  l->latency = calloc(LATENCY_MAX + 1, sizeof *l->latency);
  if (l->epoll >= 0 && l->conns && l->latency && (l->maker = push_maker_new(&o->push, &error)))
    return 1;
  fprintf(stderr, "wxload: %s\n", error);
  return 0;
}

/* ---- options ---- */

static const char usage[] =
    "usage: wxload --port P [options]     prints one JSON line; exit 1 on any error\n"
    "  --path /wx                where pushes go, on 127.0.0.1\n"
    "  --mode plain|safe|verify  default plain\n"
    "  --connections N           default 64\n"
    "  --seconds S               default 5; SIGINT ends the run before\n"
    "  --requests N              exactly N pushes instead of a time\n"
    "  --rate N                  N pushes a second, however long answers take\n"
    "  --sequential              one connection (needs --requests)\n"
    "  --users N                 size of the pool of senders, default 100000\n"
    "  --check                   check every answer, not one in 64\n"
    "  --wait S                  keep trying to connect for S seconds\n"
    "  --hold                    keep the connections until stdin ends; a second JSON line says\n"
    "                            how many of them the server kept\n"
    "  --token T --appid A --aes-key K     of the account (obvious test values by default)\n";

enum {
  PORT = 1,
  PATH,
  MODE,
  CONNECTIONS,
  SECONDS,
  REQUESTS,
  RATE,
  SEQUENTIAL,
  USERS,
  CHECK,
  WAIT,
  HOLD,
  TOKEN,
  APPID,
  AES_KEY,
  HELP
};

static const struct option long_options[] = {{"port", 1, 0, PORT},
                                             {"path", 1, 0, PATH},
                                             {"mode", 1, 0, MODE},
                                             {"connections", 1, 0, CONNECTIONS},
                                             {"seconds", 1, 0, SECONDS},
                                             {"requests", 1, 0, REQUESTS},
                                             {"rate", 1, 0, RATE},
                                             {"sequential", 0, 0, SEQUENTIAL},
                                             {"users", 1, 0, USERS},
                                             {"check", 0, 0, CHECK},
                                             {"wait", 1, 0, WAIT},
                                             {"hold", 0, 0, HOLD},
                                             {"token", 1, 0, TOKEN},
                                             {"appid", 1, 0, APPID},
                                             {"aes-key", 1, 0, AES_KEY},
                                             {"help", 0, 0, HELP},
                                             {0, 0, 0, 0}};

/* 1: run; 0: help was asked for; -1: wrong usage. */
static int parse(int argc, char **argv, options *o) {
  static const char *const modes[] = {"plain", "safe", "verify"};
  int sequential = 0, known = 1;
  for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) switch (c) {
      case PORT: o->port = atoi(optarg); break;
      case PATH: o->push.path = optarg; break;
      case MODE:
        known = 0;
        for (int i = 0; i < 3; i++)
          if (!strcmp(optarg, modes[i])) o->push.mode = (push_mode)i, known = 1;
        if (!known) return -1;
        break;
      case CONNECTIONS: o->connections = atoi(optarg); break;
      case SECONDS: o->seconds = atof(optarg); break;
      case REQUESTS: o->requests = strtoull(optarg, NULL, 10); break;
      case RATE: o->rate = atof(optarg); break;
      case SEQUENTIAL: sequential = 1; break;
      case USERS: o->push.users = (unsigned)strtoul(optarg, NULL, 10); break;
      case CHECK: o->check = 1; break;
      case WAIT: o->wait = atof(optarg); break;
      case HOLD: o->hold = 1; break;
      case TOKEN: o->push.token = optarg; break;
      case APPID: o->push.appid = optarg; break;
      case AES_KEY: o->push.aes_key = optarg; break;
      case HELP: return 0;
      default: return -1;
    }
  if (sequential && !o->requests) return -1;
  if (sequential) o->connections = 1;
  if (o->rate < 0) return -1;
  if (optind < argc || o->port < 1 || o->port > 65535 || o->connections < 1) return -1;
  return o->requests || o->seconds > 0 ? 1 : -1;
}

int main(int argc, char **argv) {
  options o = {.connections = 64, .seconds = 5};
  o.push = (push_options){.mode = PUSH_PLAIN,
                          .path = "/wx",
                          .users = 100000,
                          .token = "perftoken",
                          .appid = "wx1234567890abcdef",
                          .aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"};
  int ready = parse(argc, argv, &o);
  if (ready <= 0) {
    fputs(usage, ready < 0 ? stderr : stdout);
    return ready < 0 ? 2 : 0;
  }
  struct rlimit files;
  if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  char host[32];
  snprintf(host, sizeof host, "127.0.0.1:%d", o.port);
  o.push.host = host;

  signal(SIGINT, interrupt);
  load l;
  int status = 1;
  if (init(&l, &o) && open_connections(&l)) {
    run(&l);
    report(&l);
    status = errors(&l) > 0 || l.answered == 0;
    if (o.hold) hold(&l);
  }
  deinit(&l);
  return status;
}
