/* fds: descriptors beside bytes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fds.h"

static int ways[2];

static int begin(void **state) {
  (void)state;
  return socketpair(AF_UNIX, SOCK_STREAM, 0, ways);
}

static int end(void **state) {
  (void)state;
  close(ways[0]);
  close(ways[1]);
  return 0;
}

/* A descriptor to send: the writing end of a pipe, of which *reads is the other. */
static int new_fd(int *reads) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  *reads = fds[0];
  return fds[1];
}

/* Whether nobody can write to the other end of the pipe any more. */
static bool is_over(int reads) {
  char byte;
  fcntl(reads, F_SETFL, O_NONBLOCK);
  return read(reads, &byte, 1) == 0;
}

static void they_come_beside_their_bytes_and_close_on_exec(void **state) {
  (void)state;
  int reads[2], fds[4];
  int sent[] = {new_fd(&reads[0]), new_fd(&reads[1])};
  char bytes[8];
  unsigned n = 0;
  assert_int_equal(wy_fds_send(ways[0], "abc", 3, sent, 2), 3);
  for (int i = 0; i < 2; i++) close(sent[i]);
  assert_int_equal(wy_fds_receive(ways[1], bytes, sizeof bytes, fds, 4, &n), 3);
  assert_memory_equal(bytes, "abc", 3);
  assert_int_equal(n, 2);
  for (int i = 0; i < 2; i++) {
    assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
    assert_false(is_over(reads[i]));
    close(fds[i]);
    assert_true(is_over(reads[i]));
    close(reads[i]);
  }
}

static void those_without_room_are_closed(void **state) {
  (void)state;
  int reads[3], fds[2] = {-1, -1};
  int sent[] = {new_fd(&reads[0]), new_fd(&reads[1]), new_fd(&reads[2])};
  char byte;
  unsigned n = 1; /* one is used already */
  assert_int_equal(wy_fds_send(ways[0], "a", 1, sent, 3), 1);
  for (int i = 0; i < 3; i++) close(sent[i]);
  assert_int_equal(wy_fds_receive(ways[1], &byte, 1, fds, 2, &n), 1);
  assert_int_equal(n, 2);
  assert_int_equal(fds[0], -1);
  assert_false(is_over(reads[0]));
  assert_true(is_over(reads[1]));
  assert_true(is_over(reads[2]));
  close(fds[1]);
  for (int i = 0; i < 3; i++) close(reads[i]);
}

static void bytes_come_alone_and_none_at_the_end(void **state) {
  (void)state;
  char byte;
  int fd;
  unsigned n = 0;
  assert_int_equal(wy_fds_receive(ways[1], &byte, 1, &fd, 1, &n), -1);
  assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
  assert_int_equal(wy_fds_send(ways[0], "a", 1, NULL, 0), 1);
  assert_int_equal(wy_fds_receive(ways[1], &byte, 1, &fd, 1, &n), 1);
  assert_int_equal(byte, 'a');
  shutdown(ways[0], SHUT_WR);
  assert_int_equal(wy_fds_receive(ways[1], &byte, 1, &fd, 1, &n), 0);
  assert_int_equal(n, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(they_come_beside_their_bytes_and_close_on_exec, begin, end),
      cmocka_unit_test_setup_teardown(those_without_room_are_closed, begin, end),
      cmocka_unit_test_setup_teardown(bytes_come_alone_and_none_at_the_end, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
