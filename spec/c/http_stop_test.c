/* http: stopping. What is idle is closed, what is in flight is finished, nothing new is taken. */
#include "http_rig.h"

#define POST "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n"

static void expect_stopped(client *c) { UNTIL(c, c->r->stopped == 1); }

static void stops_when_nothing_is_open(void **state) {
  (void)state;
  rig r;
  rig_begin(&r, NULL);
  wy_http_stop(r.http, rig_on_stopped);
  uv_run(&r.loop, UV_RUN_DEFAULT);
  assert_int_equal(r.stopped, 1);
  rig_end(&r);
}

static void closes_idle_connections(void **state) {
  (void)state;
  rig r;
  client fresh, used;
  rig_begin(&r, NULL);
  dial(&fresh, &r);
  dial(&used, &r);
  send_text(&used, GET("/a"));
  expect_answer(&used, 200, "/a");
  UNTIL(&fresh, wy_http_connections(r.http) == 2);
  wy_http_stop(r.http, rig_on_stopped);
  expect_closed(&fresh);
  expect_closed(&used);
  expect_stopped(&used);
  hang_up(&fresh);
  hang_up(&used);
  rig_end(&r);
}

static void refuses_new_connections(void **state) {
  (void)state;
  rig r;
  client c, late;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/late"));
  UNTIL(&c, r.n_held == 1);
  wy_http_stop(r.http, rig_on_stopped);
  settle(&c);
  struct sockaddr_in a;
  late.fd = socket(AF_INET, SOCK_STREAM, 0);
  uv_ip4_addr("127.0.0.1", r.port, &a);
  assert_int_equal(connect(late.fd, (struct sockaddr *)&a, sizeof a), -1);
  assert_int_equal(errno, ECONNREFUSED);
  close(late.fd);
  assert_int_equal(r.stopped, 0);
  rig_answer(&r, 0, "done");
  expect_answer(&c, 200, "done");
  hang_up(&c);
  expect_stopped(&(client){.r = &r, .fd = -1, .closed = true});
  rig_end(&r);
}

static void finishes_what_is_in_flight_and_says_close(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/late"));
  UNTIL(&c, r.n_held == 1);
  wy_http_stop(r.http, rig_on_stopped);
  expect_silence(&c);
  rig_answer(&r, 0, "done");
  answer a = next_answer(&c);
  assert_int_equal(a.status, 200);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  expect_closed(&c);
  hang_up(&c);
  c.closed = true;
  expect_stopped(&c);
  rig_end(&r);
}

/* A client believes that nothing follows an answer that says close. */
static void says_close_with_the_last_answer_only(void **state) {
  (void)state;
  static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}};
  for (int stop_at = 0; stop_at < 3; stop_at++) {
    for (size_t o = 0; o < 3; o++) {
      rig r;
      client c;
      rig_begin(&r, NULL);
      dial(&c, &r);
      send_text(&c, GET("/late") GET("/late") GET("/late"));
      UNTIL(&c, r.n_held == 3);
      for (int i = 0; i < 3; i++) {
        if (i == stop_at) wy_http_stop(r.http, rig_on_stopped);
        char text[2] = {(char)('0' + orders[o][i]), 0};
        rig_answer(&r, orders[o][i], text);
      }
      for (int i = 0; i < 3; i++) {
        answer a = next_answer(&c);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.body.p[0], '0' + i);
        if (i < 2) assert_false(has(&a, "Connection: close"));
      }
      expect_closed(&c);
      hang_up(&c);
      c.closed = true;
      expect_stopped(&c);
      rig_end(&r);
    }
  }
}

static void finishes_a_request_that_is_half_sent(void **state) {
  (void)state;
  static const size_t cuts[] = {1, 20, sizeof POST - 1, sizeof POST};
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    for (int behind = 0; behind < 2; behind++) { /* behind another one that is in flight */
      static const char text[] = POST "ok";
      rig r;
      client c;
      rig_begin(&r, NULL);
      dial(&c, &r);
      if (behind) send_text(&c, GET("/late"));
      assert_true(send_some(&c, text, cuts[i]));
      settle(&c);
      wy_http_stop(r.http, rig_on_stopped);
      expect_silence(&c);
      if (behind) {
        rig_answer(&r, 0, "first");
        answer first = next_answer(&c);
        assert_false(has(&first, "Connection: close"));
      }
      assert_true(send_some(&c, text + cuts[i], sizeof text - 1 - cuts[i]));
      answer a = next_answer(&c);
      assert_int_equal(a.status, 200);
      assert_true(wy_str_eq(a.body, WY_STR("ok")));
      assert_true(has(&a, "\r\nConnection: close\r\n"));
      expect_closed(&c);
      hang_up(&c);
      c.closed = true;
      expect_stopped(&c);
      rig_end(&r);
    }
  }
}

static void takes_no_further_request_of_a_connection(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/late"));
  UNTIL(&c, r.n_held == 1);
  wy_http_stop(r.http, rig_on_stopped);
  rig_answer(&r, 0, "last");
  send_text(&c, GET("/more"));
  expect_answer(&c, 200, "last");
  expect_closed(&c);
  assert_int_equal(count(&r.seen, "/more"), 0);
  hang_up(&c);
  c.closed = true;
  expect_stopped(&c);
  rig_end(&r);
}

static void takes_no_further_request_while_others_are_in_flight(void **state) {
  (void)state;
  wy_http_limits limits = wy_http_default_limits;
  limits.pipeline = 2;
  for (int unread = 0; unread < 2; unread++) { /* /more came before the stop, but was not read */
    rig r;
    client c;
    rig_begin(&r, &limits);
    dial(&c, &r);
    send_text(&c, GET("/late") GET("/late"));
    UNTIL(&c, r.n_held == 2);
    if (unread) send_text(&c, GET("/more"));
    settle(&c);
    wy_http_stop(r.http, rig_on_stopped);
    if (!unread) send_text(&c, GET("/more"));
    settle(&c);
    rig_answer(&r, 0, "0");
    rig_answer(&r, 1, "1");
    expect_answer(&c, 200, "0");
    answer a = next_answer(&c);
    assert_int_equal(a.status, 200);
    assert_true(has(&a, "\r\nConnection: close\r\n"));
    expect_closed(&c);
    assert_int_equal(count(&r.seen, "/more"), 0);
    hang_up(&c);
    c.closed = true;
    expect_stopped(&c);
    rig_end(&r);
  }
}

static void sends_a_long_answer_to_its_end(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial_to(&c, &r, "127.0.0.1", 4096);
  c.deaf = true;
  send_text(&c, GET("/big?8000000"));
  UNTIL(&c, count(&r.seen, "/big") == 1);
  wy_http_stop(r.http, rig_on_stopped);
  settle(&c);
  assert_int_equal(r.stopped, 0);
  c.deaf = false;
  answer a = next_answer(&c);
  assert_int_equal(a.body.n, 8000000);
  expect_closed(&c); /* at once, not after the idle time */
  hang_up(&c);
  c.closed = true;
  expect_stopped(&c);
  rig_end(&r);
}

static void stop_here(rig *r) { wy_http_stop(r->http, rig_on_stopped); }

static void may_be_stopped_by_a_handler(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  r.hook = stop_here;
  dial(&c, &r);
  send_text(&c, GET("/a") GET("/hook") GET("/never"));
  expect_answer(&c, 200, "/a");
  expect_answer(&c, 200, "hook");
  expect_closed(&c);
  assert_int_equal(count(&r.seen, "/never"), 0);
  hang_up(&c);
  c.closed = true;
  expect_stopped(&c);
  rig_end(&r);
}

static void kill_here(rig *r) { wy_http_kill(r->http); }

static void may_be_killed_by_a_handler(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  r.hook = kill_here;
  dial(&c, &r);
  send_text(&c, GET("/late") GET("/hook") GET("/never"));
  UNTIL(&c, c.closed);
  UNTIL(&c, wy_http_connections(r.http) == 0);
  assert_int_equal(c.in.n, 0);
  assert_true(wy_http_req_gone(r.held[0]));
  assert_int_equal(count(&r.seen, "/never"), 0);
  hang_up(&c);
  rig_end(&r); /* answers the late one: nobody hears it */
}

static void kills_everything(void **state) {
  (void)state;
  rig r;
  client c[4];
  rig_begin(&r, NULL);
  for (int i = 0; i < 4; i++) dial_to(&c[i], &r, "127.0.0.1", 4096);
  c[1].deaf = true;
  send_text(&c[1], GET("/big?8000000"));
  send_text(&c[2], GET("/late") GET("/late"));
  send_text(&c[3], "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 500\r\n\r\nhalf");
  UNTIL(&c[2], r.n_held == 2 && count(&r.seen, "/big"));
  settle(&c[3]);
  wy_http_stop(r.http, rig_on_stopped);
  wy_http_kill(r.http);
  expect_stopped(&c[0]);
  assert_int_equal(wy_http_connections(r.http), 0);
  assert_true(wy_http_req_gone(r.held[0]));
  for (int i = 0; i < 4; i++) hang_up(&c[i]);
  rig_end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stops_when_nothing_is_open),
      cmocka_unit_test(closes_idle_connections),
      cmocka_unit_test(refuses_new_connections),
      cmocka_unit_test(finishes_what_is_in_flight_and_says_close),
      cmocka_unit_test(says_close_with_the_last_answer_only),
      cmocka_unit_test(finishes_a_request_that_is_half_sent),
      cmocka_unit_test(takes_no_further_request_of_a_connection),
      cmocka_unit_test(takes_no_further_request_while_others_are_in_flight),
      cmocka_unit_test(sends_a_long_answer_to_its_end),
      cmocka_unit_test(may_be_stopped_by_a_handler),
      cmocka_unit_test(may_be_killed_by_a_handler),
      cmocka_unit_test(kills_everything),
  };
  return cmocka_run_group_tests_name("http_stop", tests, NULL, NULL);
}
