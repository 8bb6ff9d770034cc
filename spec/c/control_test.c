/* control: requests over the socket of a state folder, and the socket itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/control.h"
#include "net/local.h"

enum { TURNS = 2000, ASKS = 16 };

#define ANSWER "{\"ok\":true,\"generation\":7,\"ms\":12}"

/* A host's place: a loop, a clock that stands still, and what is asked of it. */
typedef struct rig {
  char top[64], folder[1000], name[1100];
  uv_loop_t loop;
  wy_clock clock;
  wy_log log;
  char logged[1000];
  wy_control *control;
  bool hold; /* asks wait for the spec */
  struct {
    wy_ask what;
    wy_ask_done done;
    void *data;
  } asks[ASKS];
  size_t n_asks;
  unsigned turns;
} rig;

static void on_log(void *data, wy_log_level level, wy_str line) {
  rig *r = data;
  (void)level;
  snprintf(r->logged, sizeof r->logged, "%.*s", (int)line.n, line.p);
}

static void on_ask(wy_host *h, wy_ask what, wy_ask_done done, void *data) {
  rig *r = (rig *)(void *)h;
  assert_true(r->n_asks < ASKS);
  r->asks[r->n_asks].what = what;
  r->asks[r->n_asks].done = done;
  r->asks[r->n_asks++].data = data;
  if (!r->hold) done(data, true, WY_STR(ANSWER));
}

static int set_up(void **state) {
  rig *r = calloc(1, sizeof *r);
  assert_non_null(r);
  strcpy(r->top, "/tmp/weiyue-control-XXXXXX");
  assert_non_null(mkdtemp(r->top));
  snprintf(r->folder, sizeof r->folder, "%s/state", r->top);
  snprintf(r->name, sizeof r->name, "%s/" WY_CONTROL_NAME, r->folder);
  assert_int_equal(uv_loop_init(&r->loop), 0);
  wy_clock_init_virtual(&r->clock, 1700000000000);
  r->log = (wy_log){WY_LOG_INFO, on_log, r, WY_LOG_TEXT};
  *state = r;
  return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static int tear_down(void **state) {
  rig *r = *state;
  wy_control_close(r->control);
  uv_run(&r->loop, UV_RUN_DEFAULT); /* returns: no handle is left */
  assert_int_equal(uv_loop_close(&r->loop), 0);
  wy_clock_deinit(&r->clock); /* no timer is armed */
  nftw(r->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  free(r);
  return 0;
}

static int open_it(rig *r, wy_control **c) {
  return wy_control_open(c, &r->loop, &r->clock, &r->log, r->folder, on_ask, (wy_host *)(void *)r);
}

static void open_control(rig *r) { assert_int_equal(open_it(r, &r->control), 0); }

static int connected(rig *r) {
  int fd;
  assert_int_equal(wy_local_connect(r->folder, WY_CONTROL_NAME, &fd), 0);
  assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  return fd;
}

static void say(int fd, const char *text, size_t n) {
  assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Lets the loop do what there is to do. Waits a moment for more, but not for ever. */
static void turn(rig *r, int fd) {
  struct pollfd fds[] = {{uv_backend_fd(&r->loop), POLLIN, 0}, {fd, POLLIN, 0}};
  assert_true(r->turns++ < TURNS);
  uv_run(&r->loop, UV_RUN_NOWAIT);
  poll(fds, fd < 0 ? 1 : 2, 5);
  uv_run(&r->loop, UV_RUN_NOWAIT);
}

/* What the client gets until the connection ends. */
static const char *answer(rig *r, int fd) {
  static char text[8192];
  size_t n = 0;
  for (;;) {
    ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
    if (got > 0) n += (size_t)got;
    else if (got < 0 && errno == EAGAIN) turn(r, fd);
    else break; /* the end; a reset when it left bytes of ours unread */
  }
  text[n] = '\0';
  close(fd);
  return text;
}

static const char *ask(rig *r, const char *line) {
  int fd = connected(r);
  say(fd, line, strlen(line));
  return answer(r, fd);
}

static void wait_for_asks(rig *r, size_t n) {
  while (r->n_asks < n) turn(r, -1);
}

static void step(rig *r, uint64_t ms) {
  wy_clock_step(&r->clock, wy_clock_now_ms(&r->clock) + ms);
  wy_clock_run(&r->clock);
}

static mode_t mode_of(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  return st.st_mode & 07777;
}

/* --- requests --- */

static void answers_each_request_with_one_line(void **state) {
  static const struct {
    const char *line;
    wy_ask what;
  } rows[] = {{"{\"do\":\"reload\"}\n", WY_ASK_RELOAD},
              {"{\"do\":\"promote\"}\n", WY_ASK_PROMOTE},
              {" { \"do\" : \"rollback\" } \r\n", WY_ASK_ROLLBACK},
              {"{\"more\":[1],\"do\":\"status\"}\nrest", WY_ASK_STATUS}};
  rig *r = *state;
  open_control(r);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_string_equal(ask(r, rows[i].line), ANSWER "\n");
    assert_int_equal(r->n_asks, i + 1);
    assert_int_equal(r->asks[i].what, rows[i].what);
  }
}

static void takes_a_request_in_pieces(void **state) {
  rig *r = *state;
  open_control(r);
  int fd = connected(r);
  say(fd, "{\"do\":", 6);
  turn(r, -1);
  say(fd, "\"reload\"}", 9);
  turn(r, -1);
  assert_int_equal(r->n_asks, 0);
  say(fd, "\n", 1);
  assert_string_equal(answer(r, fd), ANSWER "\n");
}

static void answers_later_also_who_has_no_more_to_say(void **state) {
  rig *r = *state;
  r->hold = true;
  open_control(r);
  int fd = connected(r);
  say(fd, "{\"do\":\"reload\"}\n", 16);
  shutdown(fd, SHUT_WR);
  wait_for_asks(r, 1);
  r->asks[0].done(r->asks[0].data, false, WY_STR("{\"ok\":false,\"problems\":[]}"));
  assert_string_equal(answer(r, fd), "{\"ok\":false,\"problems\":[]}\n");
}

static void asks_nothing_for_what_is_no_request(void **state) {
  static const char *const lines[] = {"\n",
                                      "reload\n",
                                      "{\"do\":\"stop\"}\n",
                                      "{\"do\":1}\n",
                                      "{\"do\":\"reload\",\"do\":\"reload\"}\n",
                                      "[\"do\"]\n"};
  rig *r = *state;
  open_control(r);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    const char *text = ask(r, lines[i]);
    assert_non_null(strstr(text, "{\"ok\":false,\"problems\":[{\"zh\":\""));
    assert_non_null(strstr(text, "\"en\":\"no such request"));
  }
  close(connected(r)); /* nothing said at all */
  assert_string_equal(ask(r, "{\"do\":\"status\"}\n"), ANSWER "\n");
  assert_int_equal(r->n_asks, 1);
}

static void refuses_a_line_over_4_kib(void **state) {
  char line[WY_CONTROL_LINE + 2];
  const size_t n = 16;
  rig *r = *state;
  open_control(r);
  memset(line, ' ', sizeof line);
  memcpy(line, "{\"do\":\"reload\"}", n - 1);
  line[WY_CONTROL_LINE] = '\n';
  line[WY_CONTROL_LINE + 1] = '\0';
  assert_string_equal(ask(r, line), ANSWER "\n"); /* the longest */
  line[WY_CONTROL_LINE] = ' ';
  assert_non_null(strstr(ask(r, line), "longer than 64 KiB"));
  assert_int_equal(r->n_asks, 1);
}

static void does_without_a_client_that_has_left(void **state) {
  rig *r = *state;
  r->hold = true;
  open_control(r);
  int fd = connected(r);
  say(fd, "{\"do\":\"reload\"}\n", 16);
  wait_for_asks(r, 1);
  close(fd);
  signal(SIGPIPE, SIG_IGN);
  r->asks[0].done(r->asks[0].data, true, WY_STR(ANSWER));
  uv_run(&r->loop, UV_RUN_NOWAIT);
  r->hold = false;
  assert_string_equal(ask(r, "{\"do\":\"status\"}\n"), ANSWER "\n");
}

static void waits_10_s_for_a_request(void **state) {
  rig *r = *state;
  open_control(r);
  int fd = connected(r);
  say(fd, "{", 1);
  turn(r, -1);
  step(r, WY_CONTROL_READ_MS - 1);
  assert_int_equal(recv(fd, &(char){0}, 1, 0), -1);
  assert_int_equal(errno, EAGAIN);
  step(r, 1);
  assert_string_equal(answer(r, fd), "");
}

static void says_after_60_s_that_the_work_goes_on(void **state) {
  rig *r = *state;
  r->hold = true;
  open_control(r);
  int fd = connected(r);
  say(fd, "{\"do\":\"reload\"}\n", 16);
  wait_for_asks(r, 1);
  step(r, WY_CONTROL_ANSWER_MS);
  assert_non_null(strstr(answer(r, fd), "not done within 60 seconds"));
  r->asks[0].done(r->asks[0].data, true, WY_STR(ANSWER)); /* to nobody */
}

static void serves_8_at_once(void **state) {
  int fds[WY_CONTROL_CLIENTS];
  rig *r = *state;
  r->hold = true;
  open_control(r);
  for (size_t i = 0; i < WY_CONTROL_CLIENTS; i++) {
    fds[i] = connected(r);
    say(fds[i], "{\"do\":\"status\"}\n", 16);
  }
  wait_for_asks(r, WY_CONTROL_CLIENTS);
  assert_non_null(strstr(answer(r, connected(r)), "too many requests"));
  r->asks[3].done(r->asks[3].data, true, WY_STR(ANSWER));
  assert_string_equal(answer(r, fds[3]), ANSWER "\n");
  fds[3] = connected(r); /* there is room again */
  say(fds[3], "{\"do\":\"status\"}\n", 16);
  wait_for_asks(r, WY_CONTROL_CLIENTS + 1);
  for (size_t i = 0; i < r->n_asks; i++)
    if (i != 3) r->asks[i].done(r->asks[i].data, true, WY_STR(ANSWER));
  for (size_t i = 0; i < WY_CONTROL_CLIENTS; i++)
    assert_string_equal(answer(r, fds[i]), ANSWER "\n");
}

static void closes_while_an_ask_is_not_done(void **state) {
  rig *r = *state;
  r->hold = true;
  open_control(r);
  int fd = connected(r), idle = connected(r);
  say(fd, "{\"do\":\"reload\"}\n", 16);
  wait_for_asks(r, 1);
  wy_control_close(r->control);
  r->control = NULL;
  assert_string_equal(answer(r, fd), "");
  assert_string_equal(answer(r, idle), "");
  uv_run(&r->loop, UV_RUN_DEFAULT);
  r->asks[0].done(r->asks[0].data, true, WY_STR(ANSWER)); /* frees what is left of it */
}

/* --- the socket --- */

static void is_for_its_owner_alone(void **state) {
  rig *r = *state;
  mode_t before = umask(0);
  open_control(r);
  umask(before);
  assert_int_equal(mode_of(r->folder), 0700);
  assert_int_equal(mode_of(r->name), 0600);
}

static void takes_its_name_away(void **state) {
  int fd;
  rig *r = *state;
  open_control(r);
  wy_control_close(r->control);
  r->control = NULL;
  assert_int_equal(access(r->name, F_OK), -1);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  assert_int_equal(wy_local_connect(r->folder, WY_CONTROL_NAME, &fd), UV_ENOENT);
}

static void leaves_a_name_that_is_another_s_by_now(void **state) {
  rig *r = *state;
  open_control(r);
  assert_int_equal(unlink(r->name), 0);
  wy_control *other = NULL;
  assert_int_equal(open_it(r, &other), 0);
  wy_control_close(r->control);
  r->control = other;
  assert_string_equal(ask(r, "{\"do\":\"status\"}\n"), ANSWER "\n");
}

static void replaces_what_a_dead_host_left(void **state) {
  int fd, status;
  wy_local_id id;
  rig *r = *state;
  pid_t pid = fork();
  if (pid == 0) _exit(wy_local_listen(r->folder, WY_CONTROL_NAME, &fd, &id) ? 1 : 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(access(r->name, F_OK), 0);
  assert_int_equal(wy_local_connect(r->folder, WY_CONTROL_NAME, &fd), UV_ECONNREFUSED);
  open_control(r);
  assert_string_equal(ask(r, "{\"do\":\"status\"}\n"), ANSWER "\n");
}

static void does_not_rob_a_living_host(void **state) {
  wy_control *other = NULL;
  rig *r = *state;
  open_control(r);
  assert_int_equal(open_it(r, &other), UV_EADDRINUSE);
  assert_null(other);
  assert_non_null(strstr(r->logged, "event=control.listen"));
  assert_non_null(strstr(r->logged, "another host runs with this state folder"));
  assert_string_equal(ask(r, "{\"do\":\"status\"}\n"), ANSWER "\n");
}

static void leaves_a_file_that_is_no_socket(void **state) {
  wy_control *c;
  rig *r = *state;
  assert_int_equal(mkdir(r->folder, 0700), 0);
  close(open(r->name, O_CREAT | O_WRONLY, 0600));
  assert_int_equal(open_it(r, &c), UV_EEXIST);
  assert_int_equal(access(r->name, F_OK), 0);
}

static void one_of_several_wins(void **state) {
  enum { TRIES = 8 };
  int status, won = 0, stop[2];
  rig *r = *state;
  assert_int_equal(pipe(stop), 0);
  pid_t pids[TRIES];
  for (int i = 0; i < TRIES; i++) {
    pids[i] = fork();
    if (pids[i]) continue;
    int fd;
    wy_local_id id;
    close(stop[1]);
    int err = wy_local_listen(r->folder, WY_CONTROL_NAME, &fd, &id);
    ssize_t none =
        err ? 0 : read(stop[0], &(char){0}, 1); /* a living one, until the others have tried */
    _exit(err == 0 && none == 0 ? 0 : err == UV_EADDRINUSE ? 1 : 2);
  }
  close(stop[0]);
  for (int left = TRIES; left > 1; left--) { /* the losers end by themselves */
    assert_true(waitpid(-1, &status, 0) > 0);
    assert_int_equal(WEXITSTATUS(status), 1);
  }
  close(stop[1]);
  while (waitpid(-1, &status, 0) > 0) won += WEXITSTATUS(status) == 0;
  assert_int_equal(won, 1);
}

#ifdef __linux__
static void reaches_a_folder_with_a_long_path(void **state) {
  rig *r = *state;
  size_t n = strlen(r->top);
  memcpy(r->folder, r->top, n);
  for (int i = 0; i < 4; i++) {
    n += (size_t)snprintf(r->folder + n, sizeof r->folder - n, "/%0*d", 60, i);
    assert_int_equal(mkdir(r->folder, 0700), 0);
  }
  snprintf(r->name, sizeof r->name, "%s/" WY_CONTROL_NAME, r->folder);
  open_control(r);
  assert_int_equal(access(r->name, F_OK), 0);
  assert_string_equal(ask(r, "{\"do\":\"status\"}\n"), ANSWER "\n");
  wy_control_close(r->control);
  r->control = NULL;
  assert_int_equal(access(r->name, F_OK), -1);
}
#endif

static void says_why_a_folder_cannot_be(void **state) {
  wy_control *c;
  rig *r = *state;
  snprintf(r->folder, sizeof r->folder, "%s/no/state", r->top);
  assert_int_equal(open_it(r, &c), UV_ENOENT);
  assert_null(c);
  assert_non_null(strstr(r->logged, "no such file or directory"));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      T(answers_each_request_with_one_line),
      T(takes_a_request_in_pieces),
      T(answers_later_also_who_has_no_more_to_say),
      T(asks_nothing_for_what_is_no_request),
      T(refuses_a_line_over_4_kib),
      T(does_without_a_client_that_has_left),
      T(waits_10_s_for_a_request),
      T(says_after_60_s_that_the_work_goes_on),
      T(serves_8_at_once),
      T(closes_while_an_ask_is_not_done),
      T(is_for_its_owner_alone),
      T(takes_its_name_away),
      T(leaves_a_name_that_is_another_s_by_now),
      T(replaces_what_a_dead_host_left),
      T(does_not_rob_a_living_host),
      T(leaves_a_file_that_is_no_socket),
      T(one_of_several_wins),
#ifdef __linux__
      T(reaches_a_folder_with_a_long_path),
#endif
      T(says_why_a_folder_cannot_be),
  };
  return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
