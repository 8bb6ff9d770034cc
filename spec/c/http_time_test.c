/* http: every deadline, on a virtual clock. */
#include "http_rig.h"

#define POST(n) "POST /echo HTTP/1.1\r\n" HOST "Content-Length: " n "\r\n\r\n"

static const wy_http_limits *defaults = &wy_http_default_limits;

static void expect_timeout(client *c) {
  answer a = next_answer(c);
  assert_int_equal(a.status, 408);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  assert_int_equal(count(&c->r->lines, "event=http.timeout reason=timeout status=408"), 1);
}

/* The client has been told, and holds its side open: lingering ends by itself. */
static void expect_end_of_lingering(client *c) {
  expect_closed(c);
  assert_int_equal(wy_http_connections(c->r->http), 1);
  pass(c, 1000);
  UNTIL(c, wy_http_connections(c->r->http) == 0);
}

static void closes_an_idle_connection_silently(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  UNTIL(&c, wy_http_connections(r.http) == 1);
  pass(&c, defaults->idle - 1);
  expect_silence(&c);
  send_text(&c, GET("/a"));
  expect_answer(&c, 200, "/a");
  pass(&c, defaults->idle - 1);
  expect_silence(&c);
  pass(&c, 1);
  expect_closed(&c);
  UNTIL(&c, wy_http_connections(r.http) == 0);
  assert_int_equal(r.lines.n, 0);
  hang_up(&c);
  rig_end(&r);
}

static void waits_for_a_handler_without_a_deadline(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/late"));
  UNTIL(&c, r.n_held == 1);
  pass(&c, 10 * defaults->idle);
  expect_silence(&c);
  rig_answer(&r, 0, "at last");
  expect_answer(&c, 200, "at last");
  pass(&c, defaults->idle - 1); /* idle begins with the answer */
  expect_silence(&c);
  pass(&c, 1);
  expect_closed(&c);
  hang_up(&c);
  rig_end(&r);
}

static void bounds_the_time_of_a_head(void **state) {
  (void)state;
  static const char *const begun[] = {"G", "GET / HTTP/1.1\r\n",
                                      "GET / HTTP/1.1\r\n" HOST "X: y\r\n"};
  for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
    for (int second = 0; second < 2; second++) {
      rig r;
      client c;
      rig_begin(&r, NULL);
      dial(&c, &r);
      if (second) {
        send_text(&c, GET("/a"));
        expect_answer(&c, 200, "/a");
        pass(&c, 20000);
      }
      send_text(&c, begun[i]);
      pass(&c, defaults->header_time - 1);
      expect_silence(&c);
      pass(&c, 1);
      expect_timeout(&c);
      expect_end_of_lingering(&c);
      hang_up(&c);
      rig_end(&r);
    }
  }
}

/* Some old clients send one behind a body: no request has begun, so none has timed out. */
static void takes_a_stray_empty_line_for_no_request(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/a") "\r\n");
  expect_answer(&c, 200, "/a");
  pass(&c, defaults->header_time);
  expect_closed(&c);
  assert_int_equal(r.lines.n, 0);
  hang_up(&c);
  rig_end(&r);
}

static void does_not_let_a_trickle_move_the_deadline_of_a_head(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "GET / HTTP/1.1\r\n");
  for (int i = 0; i < 9; i++) {
    pass(&c, 1000);
    send_text(&c, "X: y\r\n");
    expect_silence(&c);
  }
  pass(&c, 1000);
  expect_timeout(&c);
  hang_up(&c);
  rig_end(&r);
}

static void bounds_the_time_of_a_body(void **state) {
  (void)state;
  static const char *const heads[] = {
      POST("100"), "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    rig r;
    client c;
    rig_begin(&r, NULL);
    dial(&c, &r);
    send_text(&c, heads[i]);
    pass(&c, defaults->body_time - 1);
    expect_silence(&c);
    pass(&c, 1);
    expect_timeout(&c);
    expect_end_of_lingering(&c);
    assert_int_equal(r.seen.n, 0);
    hang_up(&c);
    rig_end(&r);
  }
}

static void gives_a_body_the_time_of_its_head_anew(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "POST /echo HTTP/1.1\r\n");
  pass(&c, defaults->header_time - 1);
  send_text(&c, HOST "Content-Length: 2\r\n\r\n");
  pass(&c, defaults->body_time - 1);
  expect_silence(&c);
  send_text(&c, "ok");
  expect_answer(&c, 200, "ok");
  hang_up(&c);
  rig_end(&r);
}

/* 500 bytes a second once body_time is used up. */
static void lets_a_body_go_on_at_the_least_rate(void **state) {
  (void)state;
  enum { BYTES = 20000 };
  static char piece[BYTES];
  wy_http_limits limits = *defaults;
  memset(piece, 'x', sizeof piece);
  for (int chunked = 0; chunked < 2; chunked++) {
    rig r;
    client c;
    rig_begin(&r, &limits);
    r.body_max = BYTES;
    dial(&c, &r);
    send_text(&c, chunked ? "POST /echo HTTP/1.1\r\n" HOST
                            "Transfer-Encoding: chunked\r\n\r\n4e20\r\n"
                          : POST("20000"));
    for (size_t sent = 0; sent < BYTES; sent += 500) { /* 40 s: four times body_time */
      assert_true(send_some(&c, piece, 500));
      pass(&c, 999);
      if (sent + 500 < BYTES) expect_silence(&c);
    }
    if (chunked) send_text(&c, "\r\n0\r\n\r\n");
    answer a = next_answer(&c);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.n, BYTES);
    hang_up(&c);
    rig_end(&r);
  }
}

static void ends_a_body_below_the_least_rate(void **state) {
  (void)state;
  enum { BYTES = 20000 };
  static char piece[BYTES];
  rig r;
  client c;
  rig_begin(&r, NULL);
  r.body_max = BYTES;
  dial(&c, &r);
  send_text(&c, POST("20000"));
  /* 1000 bytes grant 2 s: over 12 s after the head */
  assert_true(send_some(&c, piece, 1000));
  pass(&c, 11999);
  expect_silence(&c);
  pass(&c, 1);
  expect_timeout(&c);
  hang_up(&c);
  rig_end(&r);
}

static void answers_earlier_requests_before_the_timeout(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, GET("/late") POST("5") "he");
  UNTIL(&c, r.n_held == 1);
  pass(&c, 2 * defaults->body_time);
  expect_silence(&c); /* its turn has not come */
  rig_answer(&r, 0, "first");
  expect_answer(&c, 200, "first");
  expect_timeout(&c);
  hang_up(&c);
  rig_end(&r);
}

/* --- clients that read slowly --- */

static void cuts_a_client_that_reads_nothing(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial_to(&c, &r, "127.0.0.1", 4096);
  c.deaf = true;
  send_text(&c, GET("/big?8000000"));
  UNTIL(&c, count(&r.seen, "/big") == 1);
  pass(&c, defaults->write_stall - 1);
  assert_int_equal(wy_http_connections(r.http), 1);
  pass(&c, 2);
  UNTIL(&c, wy_http_connections(r.http) == 0);
  hang_up(&c);
  rig_end(&r);
}

static void does_not_cut_a_client_that_reads_slowly(void **state) {
  (void)state;
  enum { BIG = 8000000, STEP = 200000 };
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial_to(&c, &r, "127.0.0.1", 4096);
  c.deaf = true;
  send_text(&c, GET("/big?8000000"));
  UNTIL(&c, count(&r.seen, "/big") == 1);
  /* 200 kB each 14 s: far beyond write_stall and idle in all */
  static char sink[65536];
  for (size_t got = 0, next = STEP; got < BIG; next += STEP) {
    UNTIL(&c, got >= next || got >= BIG || ({
                ssize_t n = recv(c.fd, sink, sizeof sink, 0);
                if (n == 0 || (n < 0 && errno != EAGAIN)) fail_msg("cut after %zu bytes", got);
                if (n > 0) got += (size_t)n;
                false;
              }));
    pass(&c, defaults->write_stall - 1000);
    if (got + 3000000 < BIG) assert_int_equal(wy_http_connections(r.http), 1);
  }
  hang_up(&c);
  rig_end(&r);
}

static void counts_idle_time_from_the_end_of_a_long_answer(void **state) {
  (void)state;
  wy_http_limits limits = *defaults;
  limits.idle = 5000; /* below write_stall */
  rig r;
  client c;
  rig_begin(&r, &limits);
  dial_to(&c, &r, "127.0.0.1", 4096);
  c.deaf = true;
  send_text(&c, GET("/big?8000000"));
  UNTIL(&c, count(&r.seen, "/big") == 1);
  pass(&c, defaults->write_stall - 1000);
  c.deaf = false;
  answer a = next_answer(&c);
  assert_int_equal(a.body.n, 8000000);
  pass(&c, limits.idle - 1);
  expect_silence(&c);
  pass(&c, 1);
  expect_closed(&c);
  hang_up(&c);
  rig_end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(closes_an_idle_connection_silently),
      cmocka_unit_test(waits_for_a_handler_without_a_deadline),
      cmocka_unit_test(bounds_the_time_of_a_head),
      cmocka_unit_test(takes_a_stray_empty_line_for_no_request),
      cmocka_unit_test(does_not_let_a_trickle_move_the_deadline_of_a_head),
      cmocka_unit_test(bounds_the_time_of_a_body),
      cmocka_unit_test(gives_a_body_the_time_of_its_head_anew),
      cmocka_unit_test(lets_a_body_go_on_at_the_least_rate),
      cmocka_unit_test(ends_a_body_below_the_least_rate),
      cmocka_unit_test(answers_earlier_requests_before_the_timeout),
      cmocka_unit_test(cuts_a_client_that_reads_nothing),
      cmocka_unit_test(does_not_cut_a_client_that_reads_slowly),
      cmocka_unit_test(counts_idle_time_from_the_end_of_a_long_answer),
  };
  return cmocka_run_group_tests_name("http_time", tests, NULL, NULL);
}
