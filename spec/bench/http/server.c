/* Answers every request on a connection with the same JSON, as fast as it can: `server` prints its
 * port and serves until its standard input ends. One thread for each connection. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: application/json; "
    "encoding=utf-8\r\n"
    "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: spec\r\nContent-Length: 74\r\n\r\n"
    "{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":200228332,\"filler\":\"0123456789abcdef0\"}";

static void *serve(void *data) {
  int fd = (int)(intptr_t)data;
  char in[65536];
  size_t n = 0;
  ssize_t r;
  while ((r = read(fd, in + n, sizeof in - n)) > 0) {
    n += (size_t)r;
    char *end;
    while ((end = memmem(in, n, "\r\n\r\n", 4)) != NULL) {
      size_t used = (size_t)(end + 4 - in);
      memmove(in, end + 4, n - used);
      n -= used;
      if (write(fd, answer, sizeof answer - 1) < 0) break;
    }
  }
  close(fd);
  return NULL;
}

static void *accept_all(void *data) {
  int listener = (int)(intptr_t)data, one = 1;
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    pthread_t thread;
    if (fd < 0) continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0) pthread_detach(thread);
    else close(fd);
  }
  return NULL;
}

int main(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  char c;
  pthread_t thread;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 128)) return 1;
  getsockname(fd, (struct sockaddr *)&a, &n);
  if (pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)fd)) return 1;
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  while (read(0, &c, 1) > 0) continue;
  return 0;
}
