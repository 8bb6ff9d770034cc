/* A real redis-server of the spec's own, on a free port and a socket in a folder of its own; and
 * one that only pretends, and sends whatever a spec wants. */
#ifndef SPEC_C_REDIS_RIG_H
#define SPEC_C_REDIS_RIG_H

#include "kv_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>

typedef struct server {
  pid_t pid;
  int port;
  char folder[64], url[128], socket_url[160];
} server;

static inline int free_port(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
  close(fd);
  return ntohs(at.sin_port);
}

static inline redisContext *server_try(const server *s) {
  redisContext *c = redisConnect("127.0.0.1", s->port);
  if (c && !c->err) return c;
  if (c) redisFree(c);
  return NULL;
}

/* One command; the answer is text: "OK", an error, or what it says. */
static inline void server_do(const server *s, const char *command, char out[256]) {
  redisContext *c = server_try(s);
  assert_non_null(c);
  redisReply *reply = redisCommand(c, command);
  assert_non_null(reply);
  if (out) snprintf(out, 256, "%s", reply->str ? reply->str : "");
  freeReplyObject(reply);
  redisFree(c);
}

static inline void server_run(server *s) {
  char port[8], path[100];
  snprintf(port, sizeof port, "%d", s->port);
  snprintf(path, sizeof path, "%s/s.sock", s->folder);
  s->pid = fork();
  assert_true(s->pid >= 0);
  if (s->pid == 0) {
    int fd = open("/dev/null", O_WRONLY);
    dup2(fd, 1);
    dup2(fd, 2);
    execlp("redis-server", "redis-server", "--port", port, "--unixsocket", path, "--save", "",
           "--appendonly", "no", "--dir", s->folder, "--enable-debug-command", "yes", (char *)NULL);
    _exit(127);
  }
  for (int ms = 0;; ms += 5) {
    int status;
    redisContext *c = access(path, F_OK) == 0 ? server_try(s) : NULL;
    if (c) {
      redisFree(c);
      return;
    }
    if (waitpid(s->pid, &status, WNOHANG) == s->pid) fail_msg("redis-server does not run");
    if (ms > PATIENCE_MS) fail_msg("redis-server does not listen");
    usleep(5000);
  }
}

static inline void server_init(server *s) {
  memset(s, 0, sizeof *s);
  snprintf(s->folder, sizeof s->folder, "/tmp/weiyue-redis-XXXXXX");
  assert_non_null(mkdtemp(s->folder));
  s->port = free_port();
  snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%d/3", s->port);
  snprintf(s->socket_url, sizeof s->socket_url, "redis://%s/s.sock?db=3", s->folder);
}

static inline void server_kill(server *s) {
  if (!s->pid) return;
  kill(s->pid, SIGCONT);
  kill(s->pid, SIGKILL);
  waitpid(s->pid, NULL, 0);
  s->pid = 0;
}

static inline void server_deinit(server *s) {
  char command[128];
  server_kill(s);
  snprintf(command, sizeof command, "rm -rf '%s'", s->folder);
  assert_int_equal(system(command), 0);
}

/* --- one that pretends: greets well, and then says to everything what it was given --- */

typedef struct pretender {
  pthread_t thread;
  int fd, port;
  const char *greeting, *says; /* greeting NULL: as a Redis does */
  size_t flood;                /* bytes behind what it says */
  int times, pause_ms;         /* how often it says so, and how long it waits in between */
  atomic_int connections;
  char url[64];
} pretender;

static inline bool say(int fd, const char *text, size_t n) {
  while (n) {
    ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text += sent;
    n -= (size_t)sent;
  }
  return true;
}

static inline void *pretend(void *data) {
  static const char sha[] = "$40\r\n0123456789012345678901234567890123456789\r\n";
  static char zeros[65536], in[65536];
  pretender *p = data;
  int fd;
  while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
    ssize_t n;
    atomic_fetch_add(&p->connections, 1);
    while ((n = recv(fd, in, sizeof in - 1, 0)) > 0) {
      in[n] = '\0';
      bool greets = strstr(in, "SCRIPT") != NULL;
      const char *text = !greets ? p->says : p->greeting ? p->greeting : sha;
      for (int i = 0; i < (greets || !p->times ? 1 : p->times); i++) {
        if (i) usleep((useconds_t)p->pause_ms * 1000);
        if (!say(fd, text, strlen(text))) break;
      }
      for (size_t sent = 0; !greets && sent < p->flood; sent += sizeof zeros)
        if (!say(fd, zeros, sizeof zeros)) break;
    }
    close(fd);
  }
  return NULL;
}

static inline void pretender_init(pretender *p, const char *greeting, const char *says) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof at;
  *p = (pretender){.greeting = greeting, .says = says};
  p->fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(p->fd, (struct sockaddr *)&at, n), 0);
  assert_int_equal(listen(p->fd, 16), 0);
  getsockname(p->fd, (struct sockaddr *)&at, &n);
  p->port = ntohs(at.sin_port);
  snprintf(p->url, sizeof p->url, "redis://127.0.0.1:%d", p->port);
  assert_int_equal(pthread_create(&p->thread, NULL, pretend, p), 0);
}

static inline void pretender_deinit(pretender *p) {
  shutdown(p->fd, SHUT_RDWR);
  pthread_join(p->thread, NULL);
  close(p->fd);
}

#endif
