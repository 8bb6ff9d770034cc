/* What the supervisor decides by: beats, when a worker is stuck, what a crash means, messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/beat.h"
#include "cli/crashes.h"
#include "cli/link.h"
#include "cli/sockets.h"
#include "cli/watch.h"
#include "net/listen.h"

static const wy_hash128 KEY = {1, 2}, OTHER = {1, 3};

/* --- beats --- */

static void a_region_is_shared_by_its_descriptor(void **state) {
  (void)state;
  int fd;
  wy_beats *ours = wy_beats_new(&fd);
  assert_non_null(ours);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  wy_beats *theirs = wy_beats_open(fd);
  assert_non_null(theirs);
  wy_beat_begin(&theirs->workers[3], &KEY);
  assert_int_equal(ours->workers[3].runs, 1);
  assert_memory_equal(&ours->workers[3].key, &KEY, sizeof KEY);
  wy_beat_end(&theirs->workers[3]);
  wy_beat_begin(&theirs->workers[3], NULL);
  assert_int_equal(ours->workers[3].runs, 3);
  assert_int_equal(ours->workers[3].key.lo | ours->workers[3].key.hi, 0);
  ours->quarantined[0] = KEY;
  ours->n_quarantined = 1;
  assert_true(wy_beats_quarantined(theirs, &KEY));
  assert_false(wy_beats_quarantined(theirs, &OTHER));
  wy_beats_free(theirs);
  wy_beats_free(ours);
}

static void another_version_s_region_is_not_taken(void **state) {
  (void)state;
  int fd;
  wy_beats *b = wy_beats_new(&fd);
  b->magic++;
  assert_null(wy_beats_open(dup(fd)));
  b->magic--;
  b->n_quarantined = WY_QUARANTINE_MAX + 1;
  assert_null(wy_beats_open(dup(fd)));
  wy_beats_free(b);
  assert_int_equal(ftruncate(fd, 10), 0);
  assert_null(wy_beats_open(fd));
}

/* --- watch --- */

static int64_t cpu_used;
static int64_t cpu(void *data, const wy_beat *b) {
  (void)data, (void)b;
  return cpu_used;
}

static wy_watch watch;
static wy_beat beat;

static int watch_anew(void **state) {
  (void)state;
  memset(&watch, 0, sizeof watch);
  memset(&beat, 0, sizeof beat);
  cpu_used = 0;
  return 0;
}

static wy_stuck look(int64_t now) {
  int64_t ms;
  return wy_watch_look(&watch, &beat, 0, now, cpu, NULL, &ms);
}

static void who_is_idle_is_never_stuck(void **state) {
  (void)state;
  wy_beat_begin(&beat, NULL);
  wy_beat_end(&beat);
  for (int64_t now = 0; now < 100000; now += 50) assert_int_equal(look(now), WY_STUCK_NOT);
}

static void who_moves_is_not_stuck(void **state) {
  (void)state;
  wy_beat_begin(&beat, NULL);
  for (int64_t now = 0; now < 5000; now += 200) { /* slices */
    assert_int_equal(look(now), WY_STUCK_NOT);
    wy_beat_end(&beat);
    wy_beat_begin(&beat, NULL);
  }
  for (int64_t now = 5000; now < 10000; now += 200) {
    wy_beat_turn(&beat);
    assert_int_equal(look(now), WY_STUCK_NOT);
  }
}

static void a_run_is_interrupted_once_after_250_ms(void **state) {
  (void)state;
  wy_beat_begin(&beat, &KEY);
  assert_int_equal(look(1000), WY_STUCK_NOT);
  assert_int_equal(look(1249), WY_STUCK_NOT);
  assert_int_equal(look(1250), WY_STUCK_INTERRUPT);
  assert_int_equal(beat.unwanted, beat.runs);
  assert_int_equal(look(1300), WY_STUCK_NOT);
  wy_beat_end(&beat);
  wy_beat_begin(&beat, &KEY);
  assert_int_equal(look(2000), WY_STUCK_NOT);
  assert_int_equal(look(2250), WY_STUCK_INTERRUPT);
}

static void a_run_is_aborted_after_two_seconds_of_its_own_time(void **state) {
  (void)state;
  cpu_used = 7000;
  wy_beat_begin(&beat, &KEY);
  assert_int_equal(look(0), WY_STUCK_NOT);
  assert_int_equal(look(300), WY_STUCK_INTERRUPT);
  cpu_used = 8999;
  assert_int_equal(look(8000), WY_STUCK_NOT);
  cpu_used = 9000;
  assert_int_equal(look(8050), WY_STUCK_ABORT);
  assert_int_equal(look(9000), WY_STUCK_NOT);
}

static void a_run_is_aborted_after_ten_seconds_whatever_it_does(void **state) {
  (void)state;
  for (cpu_used = -1; cpu_used <= 0; cpu_used++) { /* unknown; and asleep */
    memset(&watch, 0, sizeof watch);
    wy_beat_begin(&beat, &KEY);
    assert_int_equal(look(0), WY_STUCK_NOT);
    assert_int_equal(look(300), WY_STUCK_INTERRUPT);
    assert_int_equal(look(9999), WY_STUCK_NOT);
    assert_int_equal(look(10000), WY_STUCK_ABORT);
    wy_beat_end(&beat);
  }
}

/* --- crashes --- */

static int killed_by(int number) { return number; } /* as waitpid tells it */
static int exited_with(int status) { return status << 8; }

static wy_beats *beats_of(const wy_hash128 *key) {
  static wy_beats b;
  memset(&b, 0, sizeof b);
  if (key) wy_beat_begin(&b.workers[1], key);
  return &b;
}

static void the_pause_doubles_and_ends_after_a_minute(void **state) {
  static const int64_t want[] = {0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000};
  (void)state;
  wy_crashes c = {0};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    wy_crashes_add(&c, killed_by(SIGKILL), beats_of(NULL), 0, 59999);
    assert_int_equal(wy_crashes_delay(&c), want[i]);
  }
  wy_crashes_add(&c, killed_by(SIGKILL), beats_of(NULL), 0, 60000);
  assert_int_equal(wy_crashes_delay(&c), 0);
}

static void a_push_of_two_crashes_is_quarantined(void **state) {
  (void)state;
  wy_crashes c = {0};
  wy_beats b = {0};
  assert_true(wy_crashes_add(&c, killed_by(SIGSEGV), beats_of(&KEY), 0, 0));
  assert_true(wy_crashes_add(&c, killed_by(SIGSEGV), beats_of(&OTHER), 0, 0));
  assert_int_equal(c.n_quarantined, 0);
  assert_true(wy_crashes_add(&c, exited_with(1), beats_of(&KEY), 0, 0));
  wy_crashes_tell(&c, &b);
  assert_int_equal(b.n_quarantined, 1);
  assert_true(wy_beats_quarantined(&b, &KEY));
}

static void a_push_that_had_been_left_is_no_suspect(void **state) {
  (void)state;
  wy_crashes c = {0};
  wy_beats *b = beats_of(&KEY);
  wy_beat_end(&b->workers[1]);
  for (int i = 0; i < 5; i++) wy_crashes_add(&c, killed_by(SIGSEGV), b, 0, 0);
  assert_int_equal(c.n_quarantined, 0);
}

static void who_is_ended_by_somebody_has_not_crashed(void **state) {
  static const int numbers[] = {SIGKILL, SIGTERM, SIGINT};
  (void)state;
  wy_crashes c = {0};
  for (int i = 0; i < 9; i++)
    assert_false(wy_crashes_add(&c, killed_by(numbers[i % 3]), beats_of(&KEY), 0, 0));
  assert_false(wy_crashes_add(&c, exited_with(0), beats_of(&KEY), 0, 0));
  assert_int_equal(c.n_quarantined, 0);
  assert_int_equal(c.fallback, 0);
}

static void three_crashes_in_a_minute_fall_back_and_three_more_again(void **state) {
  (void)state;
  wy_crashes c = {0};
  wy_crashes_promoted(&c, 1000);
  for (unsigned i = 1; i <= 6; i++) {
    wy_crashes_add(&c, killed_by(SIGABRT), beats_of(NULL), 1000 + i, 0);
    assert_int_equal(c.fallback, i / 3);
  }
  for (int i = 0; i < 9; i++) /* much later: it served well */
    wy_crashes_add(&c, killed_by(SIGABRT), beats_of(NULL), 100000, 0);
  assert_int_equal(c.fallback, 2);
}

static void the_oldest_quarantine_makes_room(void **state) {
  (void)state;
  wy_crashes c = {0};
  for (uint64_t i = 0; i <= WY_QUARANTINE_MAX; i++) {
    wy_hash128 key = {i + 1, 0};
    for (int k = 0; k < 2; k++) wy_crashes_add(&c, killed_by(SIGSEGV), beats_of(&key), 0, 0);
  }
  wy_beats b = {0};
  wy_crashes_tell(&c, &b);
  assert_int_equal(b.n_quarantined, WY_QUARANTINE_MAX);
  assert_false(wy_beats_quarantined(&b, &(wy_hash128){1, 0}));
  assert_true(wy_beats_quarantined(&b, &(wy_hash128){WY_QUARANTINE_MAX + 1, 0}));
}

/* --- link --- */

static void messages_carry_descriptors(void **state) {
  (void)state;
  int link[2], fds[WY_LINK_FDS], ways[2];
  unsigned n;
  wy_message m = {.say = WY_SAY_OPENED, .n = 2, .port = 80, .text = "127.0.0.1"}, got;
  assert_int_equal(wy_link_pair(link), 0);
  assert_int_equal(pipe(ways), 0);
  assert_int_equal(wy_link_receive(link[1], &got, fds, &n, 0), 0);
  assert_true(wy_link_send(link[0], &m, ways, 2));
  assert_true(wy_link_send(link[0], &(wy_message){.say = WY_SAY_GO_ON}, NULL, 0));
  assert_int_equal(wy_link_receive(link[1], &got, fds, &n, 0), 1);
  assert_int_equal(n, 2);
  assert_int_equal(got.port, 80);
  assert_string_equal(got.text, "127.0.0.1");
  assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
  assert_int_equal(write(fds[1], "x", 1), 1);
  char byte;
  assert_int_equal(read(ways[0], &byte, 1), 1);
  wy_listen_close(fds, n);
  assert_int_equal(wy_link_receive(link[1], &got, fds, &n, 0), 1);
  assert_int_equal(got.say, WY_SAY_GO_ON);
  assert_int_equal(n, 0);
  close(link[0]);
  assert_int_equal(wy_link_receive(link[1], &got, fds, &n, 0), -1);
  close(link[1]);
  wy_listen_close(ways, 2);
}

static void another_version_s_message_is_not_taken(void **state) {
  (void)state;
  int link[2], fds[WY_LINK_FDS];
  unsigned n;
  wy_message m = {.magic = 1}, got;
  assert_int_equal(wy_link_pair(link), 0);
  assert_int_equal(write(link[0], &m, sizeof m), (ssize_t)sizeof m);
  assert_int_equal(wy_link_receive(link[1], &got, fds, &n, 0), -1);
  wy_listen_close(link, 2);
}

/* --- sockets --- */

static void sockets_are_added_and_kept(void **state) {
  (void)state;
  wy_sockets s = {.n = {0}};
  assert_int_equal(wy_sockets_open(&s, WY_USE_PUSHES, "127.0.0.1", 0, 2), 0);
  assert_int_equal(s.n[WY_USE_PUSHES], 2);
  int port = wy_sockets_port(&s, WY_USE_PUSHES, "127.0.0.1", 0), first = s.fds[0][0];
  assert_true(port > 0);
  assert_int_equal(wy_sockets_open(&s, WY_USE_PUSHES, "127.0.0.1", port, 4), 0);
  assert_int_equal(s.n[WY_USE_PUSHES], 4);
  assert_int_equal(wy_sockets_open(&s, WY_USE_PUSHES, "127.0.0.1", 0, 1), 0);
  assert_int_equal(s.n[WY_USE_PUSHES], 4);
  assert_int_equal(s.fds[0][0], first);
  for (unsigned i = 0; i < 4; i++) {
    int bound;
    assert_true(wy_listen_is(s.fds[0][i], "127.0.0.1", port, &bound));
    assert_false(wy_listen_is(s.fds[0][i], "127.0.0.2", port, &bound));
    assert_false(wy_listen_is(s.fds[0][i], "::1", port, &bound));
    assert_int_equal(bound, port);
  }
  wy_sockets_close(&s);
}

static void an_address_of_somebody_else_is_refused(void **state) {
  (void)state;
  wy_sockets s = {.n = {0}}, other = {.n = {0}};
  assert_int_equal(wy_sockets_open(&s, WY_USE_PUSHES, "127.0.0.1", 0, 1), 0);
  int port = wy_sockets_port(&s, WY_USE_PUSHES, "127.0.0.1", 0);
  assert_int_equal(listen(s.fds[0][0], 1), 0);
  assert_true(wy_sockets_open(&other, WY_USE_PUSHES, "127.0.0.1", port, 1) < 0);
  assert_int_equal(other.n[WY_USE_PUSHES], 0);
  wy_sockets_close(&s);
}

/* In a process of its own, whose descriptors are what the protocol says: 3 is for pushes, 4 for the
 * management interface, 5 is something else. */
static int child_of_activation(void) {
  int pushes, admin, bound, ways[2];
  if (wy_listen_open("127.0.0.1", 0, 1, &pushes, &bound)) return 1;
  if (wy_listen_open("127.0.0.1", 0, 1, &admin, &bound) || pipe(ways)) return 1;
  int from[] = {fcntl(pushes, F_DUPFD, 100), fcntl(admin, F_DUPFD, 100),
                fcntl(ways[0], F_DUPFD, 100)};
  for (int i = 0; i < 3; i++) dup2(from[i], 3 + i);
  char pid[24];
  snprintf(pid, sizeof pid, "%ld", (long)getpid());
  setenv("LISTEN_PID", pid, 1);
  setenv("LISTEN_FDS", "3", 1);
  setenv("LISTEN_FDNAMES", "weiyue.socket:admin:supervisor", 1);
  wy_sockets s;
  wy_passed passed;
  wy_sockets_from_environment(&s, &passed);
  if (s.n[WY_USE_PUSHES] != 1 || s.fds[WY_USE_PUSHES][0] != 3) return 2;
  if (s.n[WY_USE_ADMIN] != 1 || s.fds[WY_USE_ADMIN][0] != 4) return 3;
  if (wy_sockets_passed(&passed, "supervisor") != 5) return 4;
  if (wy_sockets_passed(&passed, "beats") != -1) return 5;
  if (getenv("LISTEN_FDS") || getenv("LISTEN_PID") || getenv("LISTEN_FDNAMES")) return 6;
  /* those from outside are all there are, wherever they listen */
  if (wy_sockets_open(&s, WY_USE_PUSHES, "127.0.0.1", 1, 9) || s.n[WY_USE_PUSHES] != 1) return 7;
  setenv("LISTEN_PID", "1", 1); /* somebody else's */
  setenv("LISTEN_FDS", "3", 1);
  wy_sockets_from_environment(&s, &passed);
  return s.n[WY_USE_PUSHES] == 0 && passed.n == 0 ? 0 : 8;
}

static void sockets_come_from_the_environment(void **state) {
  (void)state;
  int status = 0;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) _exit(child_of_activation());
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

#define watch_spec(test) cmocka_unit_test_setup(test, watch_anew)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_region_is_shared_by_its_descriptor),
      cmocka_unit_test(another_version_s_region_is_not_taken),
      watch_spec(who_is_idle_is_never_stuck),
      watch_spec(who_moves_is_not_stuck),
      watch_spec(a_run_is_interrupted_once_after_250_ms),
      watch_spec(a_run_is_aborted_after_two_seconds_of_its_own_time),
      watch_spec(a_run_is_aborted_after_ten_seconds_whatever_it_does),
      cmocka_unit_test(the_pause_doubles_and_ends_after_a_minute),
      cmocka_unit_test(a_push_of_two_crashes_is_quarantined),
      cmocka_unit_test(a_push_that_had_been_left_is_no_suspect),
      cmocka_unit_test(who_is_ended_by_somebody_has_not_crashed),
      cmocka_unit_test(three_crashes_in_a_minute_fall_back_and_three_more_again),
      cmocka_unit_test(the_oldest_quarantine_makes_room),
      cmocka_unit_test(messages_carry_descriptors),
      cmocka_unit_test(another_version_s_message_is_not_taken),
      cmocka_unit_test(sockets_are_added_and_kept),
      cmocka_unit_test(an_address_of_somebody_else_is_refused),
      cmocka_unit_test(sockets_come_from_the_environment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
