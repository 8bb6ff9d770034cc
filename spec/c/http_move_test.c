/* http: one server gives way to another. Pausing loses nothing; an idle connection moves and does
 * not notice. */
#include "http_rig.h"

#include "net/listen.h"

/* The server that takes over, on the loop of the rig. */
static wy_http *open_next(rig *r) {
  static const wy_http_handlers handlers = {rig_on_head, rig_on_request};
  wy_http *next;
  assert_int_equal(wy_http_new(&next, &r->loop, &r->clock, &r->log, NULL, &handlers, r), 0);
  return next;
}

static bool next_stopped;
static void on_next_stopped(void *data) {
  (void)data;
  next_stopped = true;
}

static void close_next(wy_http *next, client *c) {
  next_stopped = false;
  wy_http_stop(next, on_next_stopped);
  UNTIL(c, next_stopped);
  wy_http_free(next);
}

static unsigned given;

static bool adopt(void *data, int fd) {
  given++;
  return wy_http_adopt(data, dup(fd)) == 0;
}

static bool refuse(void *data, int fd) {
  (void)data, (void)fd;
  given++;
  return false;
}

static void what_is_sent_in_a_pause_waits_for_its_end(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/a"));
  expect_answer(&c, 200, "/a");
  wy_http_pause(r.http);
  send_text(&c, GET("/b"));
  expect_silence(&c);
  wy_http_resume(r.http);
  expect_answer(&c, 200, "/b");
  hang_up(&c);
  rig_end(&r);
}

static void what_is_in_flight_in_a_pause_is_answered(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/late"));
  UNTIL(&c, r.n_held == 1);
  wy_http_pause(r.http);
  rig_answer(&r, 0, "done");
  answer a = next_answer(&c);
  assert_int_equal(a.status, 200);
  assert_false(has(&a, "Connection: close"));
  hang_up(&c);
  rig_end(&r);
}

/* As long as somebody has the socket, who comes in a pause waits in its queue. */
static void who_comes_in_a_pause_is_served_after_it(void **state) {
  (void)state;
  rig r;
  client c;
  int port, kept = -1;
  rig_begin(&r, NULL);
  int fd;
  assert_int_equal(wy_listen_open("127.0.0.1", 0, 1, &fd, &port), 0);
  kept = dup(fd);
  assert_int_equal(wy_http_listen_on(r.http, fd), 0);
  r.port = port;
  wy_http_pause(r.http);
  turn(&r);
  dial(&c, &r);
  send_text(&c, GET("/a"));
  expect_silence(&c);
  wy_http_resume(r.http);
  assert_int_equal(wy_http_listen_on(r.http, kept), 0);
  expect_answer(&c, 200, "/a");
  hang_up(&c);
  rig_end(&r);
}

static void an_idle_connection_moves(void **state) {
  (void)state;
  rig r;
  client fresh, used;
  given = 0;
  rig_begin(&r, NULL);
  wy_http *next = open_next(&r);
  dial(&fresh, &r);
  dial(&used, &r);
  send_text(&used, GET("/a"));
  expect_answer(&used, 200, "/a");
  UNTIL(&fresh, wy_http_connections(r.http) == 2);
  wy_http_pause(r.http);
  send_text(&used, GET("/b")); /* on its way when the connection moves */
  wy_http_give(r.http, adopt, next);
  assert_int_equal(given, 2);
  wy_http_stop(r.http, rig_on_stopped);
  expect_answer(&used, 200, "/b");
  assert_int_equal(wy_http_connections(next), 2);
  send_text(&fresh, GET("/c"));
  expect_answer(&fresh, 200, "/c");
  UNTIL(&used, r.stopped == 1);
  hang_up(&fresh);
  hang_up(&used);
  close_next(next, &used);
  rig_end(&r);
}

static void a_busy_connection_stays_and_is_told_to_close(void **state) {
  (void)state;
  rig r;
  client busy, half;
  given = 0;
  rig_begin(&r, NULL);
  dial(&busy, &r);
  dial(&half, &r);
  send_text(&busy, GET("/late"));
  send_text(&half, "GET /a HTTP/1.1\r\n");
  UNTIL(&busy, r.n_held == 1);
  settle(&half);
  wy_http_give(r.http, adopt, NULL);
  assert_int_equal(given, 0);
  wy_http_stop(r.http, rig_on_stopped);
  rig_answer(&r, 0, "done");
  answer a = next_answer(&busy);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  send_text(&half, HOST "\r\n");
  expect_answer(&half, 200, "/a");
  expect_closed(&half);
  hang_up(&busy);
  hang_up(&half);
  rig_end(&r);
}

static void who_is_not_taken_is_closed_by_the_stop(void **state) {
  (void)state;
  rig r;
  client c;
  given = 0;
  rig_begin(&r, NULL);
  dial(&c, &r);
  UNTIL(&c, wy_http_connections(r.http) == 1);
  wy_http_give(r.http, refuse, NULL);
  assert_int_equal(given, 1);
  wy_http_stop(r.http, rig_on_stopped);
  expect_closed(&c);
  hang_up(&c);
  rig_end(&r);
}

static void a_server_that_stops_takes_no_connection(void **state) {
  (void)state;
  rig r;
  int ways[2];
  rig_begin(&r, NULL);
  wy_http_stop(r.http, rig_on_stopped);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ways), 0);
  assert_true(wy_http_adopt(r.http, ways[0]) < 0);
  char byte;
  assert_int_equal(read(ways[1], &byte, 1), 0);
  close(ways[1]);
  rig_end(&r);
}

/* Two servers on one loop, of which the first one does not accept just now. */
static void who_stands_by_accepts_only_while_it_stands_in(void **state) {
  (void)state;
  rig r;
  client before, meanwhile, after;
  int port, fd;
  rig_begin(&r, NULL);
  wy_http *next = open_next(&r);
  assert_int_equal(wy_listen_open("127.0.0.1", 0, 1, &fd, &port), 0);
  assert_int_equal(listen(fd, 16), 0);
  assert_int_equal(wy_http_stand_by(next, fd), 0);
  r.port = port;
  dial(&before, &r);
  send_text(&before, GET("/a"));
  expect_silence(&before);
  wy_http_stand_in(next, true);
  expect_answer(&before, 200, "/a");
  dial(&meanwhile, &r);
  send_text(&meanwhile, GET("/b"));
  expect_answer(&meanwhile, 200, "/b");
  assert_int_equal(wy_http_connections(next), 2);
  wy_http_stand_in(next, false);
  dial(&after, &r);
  send_text(&after, GET("/c"));
  expect_silence(&after);
  assert_int_equal(wy_http_listen_on(r.http, fd), 0);
  expect_answer(&after, 200, "/c");
  assert_int_equal(wy_http_connections(r.http), 1);
  hang_up(&before);
  hang_up(&meanwhile);
  hang_up(&after);
  wy_http_stand_in(next, true);
  close_next(next, &after);
  rig_end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_sent_in_a_pause_waits_for_its_end),
      cmocka_unit_test(what_is_in_flight_in_a_pause_is_answered),
      cmocka_unit_test(who_comes_in_a_pause_is_served_after_it),
      cmocka_unit_test(an_idle_connection_moves),
      cmocka_unit_test(a_busy_connection_stays_and_is_told_to_close),
      cmocka_unit_test(who_is_not_taken_is_closed_by_the_stop),
      cmocka_unit_test(a_server_that_stops_takes_no_connection),
      cmocka_unit_test(who_stands_by_accepts_only_while_it_stands_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
