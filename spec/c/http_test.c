/* http: requests to answers over a real socket: order, keep-alive, bodies, the ends of connections.
 */
#include "http_rig.h"

#define LATE GET("/late")

/* --- one after another --- */

static void keeps_a_connection_alive(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  for (int i = 0; i < 3; i++) {
    send_text(&c, GET("/a"));
    answer a = next_answer(&c);
    assert_int_equal(a.status, 200);
    assert_true(has(&a, "\r\nContent-Length: 2\r\n"));
    assert_true(has(&a, "\r\nContent-Type: text/plain\r\n"));
    assert_true(has(&a, "\r\nDate: "));
    assert_true(has(&a, " GMT\r\n"));
    assert_false(has(&a, "Connection:"));
  }
  expect_silence(&c);
  assert_int_equal(wy_http_connections(r.http), 1);
  hang_up(&c);
  rig_end(&r);
}

static void gives_the_handler_what_was_sent(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(
      &c,
      "POST /late%2Fx?a=%41&b HTTP/1.1\r\nhOST: Good.Example:80\r\nX-Empty:\r\nX-Pad: \t v w \t\r\n"
      "X-Two: 1\r\nx-two: 2\r\nContent-Length: 3\r\n\r\na");
  assert_true(send_some(&c, "\0c", 2));
  UNTIL(&c, r.n_held == 1);
  wy_http_req *req = r.held[0];
  assert_int_equal(wy_http_req_method(req), WY_POST);
  assert_true(wy_str_eq(wy_http_req_path(req), WY_STR("/late/x")));
  assert_true(wy_str_eq(wy_http_req_query(req), WY_STR("a=%41&b")));
  assert_true(wy_str_eq(wy_http_req_host(req), WY_STR("Good.Example")));
  assert_true(wy_str_eq(wy_http_req_body(req), WY_STR("a\0c")));
  assert_true(wy_str_eq(wy_http_req_header(req, WY_STR("x-pad")), WY_STR("v w")));
  assert_true(wy_str_eq(wy_http_req_header(req, WY_STR("X-TWO")), WY_STR("1")));
  assert_non_null(wy_http_req_header(req, WY_STR("x-empty")).p);
  assert_int_equal(wy_http_req_header(req, WY_STR("x-empty")).n, 0);
  assert_null(wy_http_req_header(req, WY_STR("x-none")).p);
  assert_false(wy_http_req_gone(req));
  rig_answer(&r, 0, "done");
  expect_answer(&c, 200, "done");
  hang_up(&c);
  rig_end(&r);
}

static void takes_the_host_of_an_absolute_target(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "GET http://Other.example:8/late?q HTTP/1.1\r\n" HOST "\r\n");
  UNTIL(&c, r.n_held == 1);
  assert_true(wy_str_eq(wy_http_req_host(r.held[0]), WY_STR("Other.example")));
  assert_true(wy_str_eq(wy_http_req_path(r.held[0]), WY_STR("/late")));
  rig_answer(&r, 0, "x");
  hang_up(&c);
  rig_end(&r);
}

static void answers_head_without_a_body(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "HEAD /abc HTTP/1.1\r\n" HOST "\r\n" GET("/d"));
  answer a = {0};
  UNTIL(&c, take(&c, true, &a));
  assert_int_equal(a.status, 200);
  assert_true(has(&a, "\r\nContent-Length: 4\r\n"));
  expect_answer(&c, 200, "/d"); /* directly behind the head */
  hang_up(&c);
  rig_end(&r);
}

static void reads_bodies(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "POST /echo HTTP/1.1\r\n" HOST
                "Content-Length: 5\r\n\r\nhello"
                "POST /echo HTTP/1.1\r\n" HOST
                "Content-Length: 0\r\n\r\n"
                "POST /echo HTTP/1.1\r\n" HOST
                "Transfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n0A;x=y\r\n0123456789\r\n00\r\nTrailer-Field: 1\r\n\r\n"
                "POST /echo HTTP/1.1\r\n" HOST
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                "POST /echo HTTP/1.1\r\n" HOST "\r\n");
  expect_answer(&c, 200, "hello");
  expect_answer(&c, 200, "");
  expect_answer(&c, 200, "abc0123456789");
  expect_answer(&c, 200, "");
  expect_answer(&c, 200, "");
  hang_up(&c);
  rig_end(&r);
}

#define CHUNKED_TO(path, trailers)                                                               \
  "POST " path " HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" trailers \
  "\r\n"

static void keeps_trailers_away_from_the_request(void **state) {
  (void)state;
  rig r;
  client c;
  static char text[9000];
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, CHUNKED_TO("/late/p?q=1", "X-Forwarded-For: 10.0.0.1\r\nX: y\r\n"));
  UNTIL(&c, r.n_held == 1);
  assert_null(wy_http_req_header(r.held[0], WY_STR("x-forwarded-for")).p);
  assert_null(wy_http_req_header(r.held[0], WY_STR("x")).p);
  rig_answer(&r, 0, "ok");
  expect_answer(&c, 200, "ok");
  /* long enough to move whatever they were appended to */
  memset(text, 'v', sizeof text - 1);
  send_text(&c, "POST /late/p?q=1 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ");
  send_text(&c, text);
  send_text(&c, "\r\n\r\n");
  UNTIL(&c, r.n_held == 2);
  assert_true(wy_str_eq(wy_http_req_path(r.held[1]), WY_STR("/late/p")));
  assert_true(wy_str_eq(wy_http_req_query(r.held[1]), WY_STR("q=1")));
  assert_true(wy_str_eq(wy_http_req_host(r.held[1]), WY_STR("a")));
  hang_up(&c);
  rig_end(&r);
}

static void refuses_trailers_that_say_framing_or_routing(void **state) {
  (void)state;
  static const char *const never[] = {
      "Content-Length: 3",   "TRANSFER-ENCODING: chunked", "host: b",
      "Upgrade: h2c",        "Connection: close",          "Trailer: x",
      "Expect: 100-continue"};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
    for (int second = 0; second < 2; second++) {
      char text[400];
      int n = snprintf(text, sizeof text, CHUNKED_TO("/echo", "%s%s\r\n"),
                       second ? "Good: 1\r\n" : "", never[i]);
      for (int k = 0; k < 2; k++) {
        rig r;
        client c;
        rig_begin(&r, NULL);
        dial(&c, &r);
        send_pieces(&c, text, (size_t)n, k ? 1 : (size_t)n);
        expect_answer(&c, 400, "");
        expect_closed(&c);
        assert_int_equal(r.seen.n, 0);
        hang_up(&c);
        rig_end(&r);
      }
    }
  }
}

static void forgives_an_empty_line_between_requests(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "\r\n" GET("/a") "\r\n\r\n" GET("/b"));
  expect_answer(&c, 200, "/a");
  expect_answer(&c, 200, "/b");
  hang_up(&c);
  rig_end(&r);
}

/* --- pipelining --- */

static void answers_in_order_whatever_the_order_of_the_handlers(void **state) {
  (void)state;
  static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
  for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
    rig r;
    client c;
    rig_begin(&r, NULL);
    dial(&c, &r);
    send_text(&c, LATE LATE GET("/now") LATE LATE);
    UNTIL(&c, r.n_held == 4);
    expect_silence(&c);
    for (int i = 0; i < 4; i++) {
      char text[8];
      snprintf(text, sizeof text, "late%zu", orders[o][i]);
      rig_answer(&r, orders[o][i], text);
    }
    expect_answer(&c, 200, "late0");
    expect_answer(&c, 200, "late1");
    expect_answer(&c, 200, "/now");
    expect_answer(&c, 200, "late2");
    expect_answer(&c, 200, "late3");
    expect_silence(&c);
    hang_up(&c);
    rig_end(&r);
  }
}

static void sends_a_refusal_in_its_turn(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, LATE "GET / HTTP/1.1\r\n\r\n" GET("/never"));
  UNTIL(&c, r.n_held == 1 && r.lines.n);
  expect_silence(&c);
  rig_answer(&r, 0, "first");
  expect_answer(&c, 200, "first");
  answer a = next_answer(&c);
  assert_int_equal(a.status, 400);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  expect_closed(&c);
  assert_int_equal(count(&r.seen, "/never"), 0);
  hang_up(&c);
  rig_end(&r);
}

static void stops_reading_at_the_depth_limit_and_goes_on(void **state) {
  (void)state;
  wy_http_limits limits = wy_http_default_limits;
  limits.pipeline = 3;
  rig r;
  client c;
  rig_begin(&r, &limits);
  dial(&c, &r);
  for (int i = 0; i < 10; i++) send_text(&c, LATE);
  UNTIL(&c, r.n_held == 3);
  for (int i = 0; i < 5; i++) send_text(&c, LATE);
  settle(&c);
  assert_int_equal(r.n_held, 3);
  char text[8];
  for (size_t i = 0; i < 15; i++) {
    UNTIL(&c, r.n_held == (i + 3 < 15 ? i + 3 : 15));
    settle(&c);
    assert_true(r.n_held <= i + 3);
    snprintf(text, sizeof text, "%zu", i);
    rig_answer(&r, i, text);
    expect_answer(&c, 200, text);
  }
  expect_silence(&c);
  send_text(&c, GET("/after")); /* and the connection is as good as new */
  expect_answer(&c, 200, "/after");
  hang_up(&c);
  rig_end(&r);
}

static void stops_reading_when_the_answers_pile_up(void **state) {
  (void)state;
  enum { BIG = 1000000, N = 40 };
  wy_http_limits limits = wy_http_default_limits;
  limits.write_queue = 100000;
  rig r;
  client c;
  rig_begin(&r, &limits);
  dial_to(&c, &r, "127.0.0.1", 4096);
  c.deaf = true;
  for (int i = 0; i < N; i++) send_text(&c, GET("/big?1000000"));
  settle(&c);
  size_t asked = count(&r.seen, "/big");
  assert_true(asked > 0 && asked < N / 2); /* what the kernel holds, and one queue more */
  c.deaf = false;
  for (int i = 0; i < N; i++) {
    answer a = next_answer(&c);
    assert_int_equal(a.body.n, BIG);
  }
  assert_int_equal(count(&r.seen, "/big"), N);
  hang_up(&c);
  rig_end(&r);
}

/* --- 100-continue --- */

#define EXPECT(path, n) \
  "POST " path " HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: " n "\r\n\r\n"

static void says_100_before_the_body(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, EXPECT("/echo", "2"));
  expect_answer(&c, 100, NULL);
  expect_silence(&c);
  send_text(&c, "ok");
  expect_answer(&c, 200, "ok");
  hang_up(&c);
  rig_end(&r);
}

static void says_100_after_earlier_answers(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, LATE EXPECT("/echo", "2"));
  UNTIL(&c, r.n_held == 1);
  expect_silence(&c);
  rig_answer(&r, 0, "first");
  expect_answer(&c, 200, "first");
  expect_answer(&c, 100, NULL);
  send_text(&c, "ok");
  expect_answer(&c, 200, "ok");
  hang_up(&c);
  rig_end(&r);
}

static void never_says_100_to_what_it_refuses(void **state) {
  (void)state;
  static const struct {
    const char *request;
    int status;
  } rows[] = {
      {EXPECT("/none", "2"), 404},
      {EXPECT("/echo", "1001"), 413},
      {EXPECT("/..", "2"), 400},
      {"POST /echo HTTP/1.1\r\n" HOST "Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n", 417},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    rig r;
    client c;
    rig_begin(&r, NULL);
    dial(&c, &r);
    send_text(&c, rows[i].request);
    expect_answer(&c, rows[i].status, "");
    expect_closed(&c);
    assert_int_equal(r.seen.n, 0);
    hang_up(&c);
    rig_end(&r);
  }
}

static void says_no_100_to_http_1_0(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  expect_silence(&c);
  send_text(&c, "ok");
  expect_answer(&c, 200, "ok");
  hang_up(&c);
  rig_end(&r);
}

/* --- ends --- */

static void closes_after_http_1_0(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "GET /a HTTP/1.0\r\n\r\n");
  answer a = next_answer(&c);
  assert_int_equal(a.status, 200);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  expect_closed(&c);
  hang_up(&c);
  rig_end(&r);
}

static void keeps_http_1_0_alive_when_asked(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  for (int i = 0; i < 2; i++) {
    send_text(&c, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    answer a = next_answer(&c);
    assert_int_equal(a.status, 200);
    assert_true(has(&a, "\r\nConnection: keep-alive\r\n"));
  }
  expect_silence(&c);
  hang_up(&c);
  rig_end(&r);
}

static void closes_when_asked(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" GET("/never"));
  answer a = next_answer(&c);
  assert_int_equal(a.status, 200);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  expect_closed(&c);
  assert_string_equal(r.seen.p, "GET /a 0\n");
  hang_up(&c);
  rig_end(&r);
}

static void never_switches_protocols(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "GET /a HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  answer a = next_answer(&c);
  assert_int_equal(a.status, 200);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  expect_closed(&c);
  hang_up(&c);
  rig_end(&r);
}

static void answers_a_client_that_has_half_closed(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, LATE GET("/b"));
  UNTIL(&c, r.n_held == 1);
  shutdown(c.fd, SHUT_WR);
  expect_silence(&c);
  assert_false(wy_http_req_gone(r.held[0]));
  rig_answer(&r, 0, "still there");
  expect_answer(&c, 200, "still there");
  expect_answer(&c, 200, "/b");
  expect_closed(&c);
  assert_false(c.reset);
  hang_up(&c);
  rig_end(&r);
}

static void sends_a_long_last_answer_to_a_client_that_half_closes(void **state) {
  (void)state;
  static const char *const requests[] = {
      GET("/big?8000000"), "GET /big?8000000 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"};
  wy_http_limits limits = wy_http_default_limits;
  limits.write_queue = 16 << 20; /* so that it goes on reading, and sees the half-close */
  for (size_t i = 0; i < 2; i++) {
    rig r;
    client c;
    rig_begin(&r, &limits);
    dial_to(&c, &r, "127.0.0.1", 4096);
    c.deaf = true;
    send_text(&c, requests[i]);
    UNTIL(&c, count(&r.seen, "/big") == 1);
    shutdown(c.fd, SHUT_WR);
    settle(&c);
    c.deaf = false;
    answer a = next_answer(&c);
    assert_int_equal(a.body.n, 8000000);
    expect_closed(&c);
    assert_false(c.reset);
    hang_up(&c);
    rig_end(&r);
  }
}

static void closes_a_connection_that_asks_nothing(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  UNTIL(&c, wy_http_connections(r.http) == 1);
  shutdown(c.fd, SHUT_WR);
  expect_closed(&c);
  UNTIL(&c, wy_http_connections(r.http) == 0);
  assert_int_equal(r.lines.n, 0);
  hang_up(&c);
  rig_end(&r);
}

static void keeps_a_broken_off_request_from_the_handler(void **state) {
  (void)state;
  static const char *const cut[] = {
      "G",
      "GET / HTTP/1.1\r\n",
      "GET / HTTP/1.1\r\n" HOST,
      "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell",
      "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "POST /echo HTTP/1.1\r\n" HOST
      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n"};
  for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
    for (int how = 0; how < 2; how++) {
      rig r;
      client c;
      rig_begin(&r, NULL);
      dial(&c, &r);
      send_text(&c, GET("/before"));
      expect_answer(&c, 200, "/before");
      send_text(&c, cut[i]);
      settle(&c);
      if (how == 0) {
        shutdown(c.fd, SHUT_WR);
        expect_closed(&c);
      } else {
        struct linger l = {1, 0};
        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
        close(c.fd);
        c.fd = -1;
      }
      UNTIL(&c, wy_http_connections(r.http) == 0);
      assert_string_equal(r.seen.p, "GET /before 0\n");
      assert_int_equal(count(&r.lines, "event=http.aborted"), 1);
      assert_int_equal(count(&r.lines, "req=2"), 1);
      hang_up(&c);
      rig_end(&r);
    }
  }
}

static void outlives_a_client_that_is_gone_before_the_answer(void **state) {
  (void)state;
  rig r;
  client c, other;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, LATE LATE);
  UNTIL(&c, r.n_held == 2);
  hang_up_with_reset(&c);
  c.closed = true;
  UNTIL(&c, wy_http_req_gone(r.held[0]) && wy_http_req_gone(r.held[1]));
  UNTIL(&c, wy_http_connections(r.http) == 0);
  assert_true(wy_str_eq(wy_http_req_path(r.held[1]), WY_STR("/late"))); /* still readable */
  rig_answer(&r, 1, "nobody");
  dial(&other, &r);
  send_text(&other, GET("/other"));
  expect_answer(&other, 200, "/other");
  rig_answer(&r, 0, "nobody");
  expect_silence(&other);
  hang_up(&other);
  rig_end(&r);
}

static void outlives_a_client_that_closes_while_it_is_answered(void **state) {
  (void)state;
  wy_http_limits limits = wy_http_default_limits;
  limits.write_queue = 16 << 20;
  rig r;
  client c;
  rig_begin(&r, &limits);
  dial_to(&c, &r, "127.0.0.1", 4096);
  c.deaf = true;
  send_text(&c, GET("/big?8000000") LATE LATE);
  UNTIL(&c, count(&r.seen, "/late") == 2);
  hang_up(&c); /* with answers unread: a reset */
  UNTIL(&c, wy_http_connections(r.http) == 0);
  assert_true(wy_http_req_gone(r.held[0]));
  rig_end(&r);
}

static void outlives_the_server(void **state) {
  (void)state;
  rig r;
  client c, gone;
  rig_begin(&r, NULL);
  dial(&gone, &r);
  send_text(&gone, LATE LATE);
  UNTIL(&gone, r.n_held == 2);
  hang_up_with_reset(&gone);
  gone.closed = true;
  UNTIL(&gone, wy_http_connections(r.http) == 0);
  dial(&c, &r);
  send_text(&c, LATE);
  UNTIL(&c, r.n_held == 3);
  hang_up(&c);
  rig_answer(&r, 1, "nobody"); /* with the server, into its pool */
  wy_http_req *held[2] = {r.held[0], r.held[2]};
  r.held[0] = r.held[2] = NULL;
  rig_end(&r);
  for (int i = 0; i < 2; i++) { /* without it */
    assert_true(wy_http_req_gone(held[i]));
    assert_true(wy_str_eq(wy_http_req_path(held[i]), WY_STR("/late")));
    say(held[i], 200, WY_STR("nobody"));
  }
}

/* --- the client behind proxies --- */

/* What the log names as the client of a refused request with these fields; "" when nothing. */
static void expect_client(const char *fields, const char *want) {
  rig r;
  client c;
  char name[200] = "";
  rig_begin(&r, NULL);
  assert_int_equal(wy_http_trust(r.http, "127.0.0.0", 8), 0);
  assert_int_equal(wy_http_trust(r.http, "10.0.0.0", 8), 0);
  dial(&c, &r);
  send_text(&c, "GET /none HTTP/1.1\r\n" HOST);
  send_text(&c, fields);
  send_text(&c, "\r\n");
  expect_answer(&c, 404, NULL);
  wy_buf_lit(&r.lines, "");
  wy_buf_add(&r.lines, "", 1);
  const char *line = wy_buf_view(&r.lines).p, *at = strstr(line, " client=");
  assert_non_null(strstr(line, " peer=127.0.0.1:"));
  if (at) assert_int_equal(sscanf(at, " client=%199s", name), 1);
  if (strcmp(name, want) != 0) fail_msg("the client is \"%s\", not \"%s\": %s", name, want, fields);
  hang_up(&c);
  rig_end(&r);
}

static void logs_the_last_client_that_no_proxy_of_ours_added(void **state) {
  (void)state;
  /* one line: as peer_test has it */
  expect_client("", "");
  expect_client("X-Forwarded-For: 198.51.100.1, 10.0.0.2\r\n", "198.51.100.1");
  /* several lines are one list, in order */
  expect_client("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.1\r\n",
                "198.51.100.1");
  expect_client(
      "X-Forwarded-For: 203.0.113.9\r\nX: y\r\n"
      "x-forwarded-for: 198.51.100.1, 10.0.0.2\r\n",
      "198.51.100.1");
  expect_client(
      "X-Forwarded-For: 203.0.113.9, 198.51.100.1\r\nX-Forwarded-For: 10.0.0.2\r\n"
      "X-Forwarded-For: 10.0.0.3\r\n",
      "198.51.100.1");
  expect_client("X-Forwarded-For: 10.0.0.2\r\nX-Forwarded-For: 10.0.0.3\r\n", "");
  /* what cannot be read hides what stands before it */
  expect_client("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: rubbish, 10.0.0.3\r\n", "");
}

/* --- an error while the client still sends --- */

static void lets_a_busy_sender_read_why(void **state) {
  (void)state;
  enum { BODY = 1000000 };
  static char body[BODY];
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_text(&c, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n");
  for (size_t i = 0; i < BODY && !c.closed; i += 10000) { /* looks up between its sends */
    if (!send_some(&c, body + i, 10000)) break;
    pump(&c);
  }
  answer a = next_answer(&c);
  assert_int_equal(a.status, 413);
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  expect_closed(&c);
  assert_int_equal(r.seen.n, 0);
  hang_up(&c);
  rig_end(&r);
}

static void lets_a_sender_read_why_after_it_has_sent_all(void **state) {
  (void)state;
  enum { BODY = 1000000 };
  static char body[BODY];
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  c.deaf = true; /* a client that sends its whole request before it reads */
  send_text(&c, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000000\r\n\r\n");
  assert_true(send_some(&c, body, BODY));
  c.deaf = false;
  expect_answer(&c, 413, "");
  expect_closed(&c);
  hang_up(&c);
  rig_end(&r);
}

/* --- verdicts do not depend on segments --- */

#define POST(fields, body) "POST /echo HTTP/1.1\r\n" HOST fields "\r\n" body
#define CHUNKED(body) POST("Transfer-Encoding: chunked\r\n", body)

static const char *const inputs[] = {
    GET("/a"),
    GET("/a") GET("/b?c=d") GET("/%41"),
    "\r\n\r\n" GET("/a"),
    "\r\n\n" GET("/a"),
    "\n" GET("/a"),
    "\r" GET("/a"),
    POST("Content-Length: 5\r\n", "hello") GET("/z"),
    CHUNKED("5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nX: y\r\n\r\n") GET("/z"),
    CHUNKED("5\r\nhelloX0\r\n\r\n"),
    CHUNKED("g\r\n"),
    CHUNKED("5\nhello\r\n0\r\n\r\n"),
    CHUNKED("0\r\nContent-Length: 5\r\n\r\n") GET("/z"),
    CHUNKED("0\r\n A: b\r\n\r\n"),
    CHUNKED("0\n\n"),
    CHUNKED("0\r\n\n"),
    CHUNKED("0\r\nA: b\n\r\n"),
    POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
    POST("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
    POST("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
    POST("Transfer-Encoding: identity\r\n", ""),
    POST("Transfer-Encoding: xchunked\r\n", ""),
    POST("Transfer-Encoding:\r\n", ""),
    POST("Transfer-Encoding: ,chunked\r\n", "0\r\n\r\n"),
    POST("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
    POST("Content-Length: +3\r\n", "abc"),
    POST("Content-Length: 3,3\r\n", "abc"),
    POST("Content-Length: \r\n", ""),
    POST("Content-Length: 1001\r\n", ""),
    POST("Content-Length: 18446744073709551615\r\n", ""),
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\n: x\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\rX",
    "GET / HTTP/1.1\r\nHost: a\r\nX:\rY: z\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "GET /\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "GET / HTTP/0.9\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "GET / RTSP/1.0\r\nHost: a\r\n\r\n",
    "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n",
    "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n" GET("/z"),
    "PURGE / HTTP/1.1\r\n" HOST "\r\n" GET("/z"),
    "OPTIONS * HTTP/1.1\r\n" HOST "\r\n" GET("/z"),
    "GET /\xE4 HTTP/1.1\r\n" HOST "\r\n",
    "\x16\x03\x01\x02\x01\x01\x01\xFC\x03\x03",
    "GET /a/../b HTTP/1.1\r\n" HOST "\r\n" GET("/z"),
    "GET /none HTTP/1.1\r\n" HOST "\r\n" GET("/z"),
    GET("/late") GET("/b"),
    "GET / HTTP/1.0\r\n\r\n" GET("/z"),
    "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST("Expect: 100-continue\r\nContent-Length: 2\r\n", "ok") GET("/z"),
    "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" GET("/z"),
};

/* What the handler saw, the statuses, and whether the connection ended. */
static void verdict(const char *text, size_t first, size_t piece, wy_buf *out) {
  rig r;
  client c;
  size_t n = strlen(text);
  rig_begin(&r, NULL);
  dial(&c, &r);
  send_pieces(&c, text, first, first ? first : 1);
  send_pieces(&c, text + first, n - first, piece);
  settle(&c);
  for (size_t i = 0; i < r.n_held; i++) rig_answer(&r, i, "late");
  settle(&c);
  wy_buf_str(out, wy_buf_view(&r.seen));
  for (answer a = {0}; take(&c, false, &a);)
    if (a.status != 100) wy_buf_printf(out, "%d%s ", a.status, has(&a, "close") ? "c" : "");
  assert_int_equal(c.at, c.in.n);
  wy_buf_printf(out, "%s", c.closed ? "closed" : "open");
  hang_up(&c);
  rig_end(&r);
}

static void gives_one_verdict_for_every_split(void **state) {
  (void)state;
  wy_buf whole, split;
  wy_buf_init(&whole, 65536);
  wy_buf_init(&split, 65536);
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    size_t n = strlen(inputs[i]);
    wy_buf_clear(&whole);
    verdict(inputs[i], 0, n, &whole);
    for (size_t at = 0; at < n; at++) { /* 0: byte by byte */
      wy_buf_clear(&split);
      verdict(inputs[i], at, at ? n : 1, &split);
      if (!wy_str_eq(wy_buf_view(&whole), wy_buf_view(&split)))
        fail_msg("input %zu at %zu:\n%s\n--- whole: %s\n--- split: %s", i, at, inputs[i], whole.p,
                 split.p);
    }
  }
  wy_buf_deinit(&whole);
  wy_buf_deinit(&split);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_a_connection_alive),
      cmocka_unit_test(gives_the_handler_what_was_sent),
      cmocka_unit_test(takes_the_host_of_an_absolute_target),
      cmocka_unit_test(answers_head_without_a_body),
      cmocka_unit_test(reads_bodies),
      cmocka_unit_test(keeps_trailers_away_from_the_request),
      cmocka_unit_test(refuses_trailers_that_say_framing_or_routing),
      cmocka_unit_test(forgives_an_empty_line_between_requests),
      cmocka_unit_test(answers_in_order_whatever_the_order_of_the_handlers),
      cmocka_unit_test(sends_a_refusal_in_its_turn),
      cmocka_unit_test(stops_reading_at_the_depth_limit_and_goes_on),
      cmocka_unit_test(stops_reading_when_the_answers_pile_up),
      cmocka_unit_test(says_100_before_the_body),
      cmocka_unit_test(says_100_after_earlier_answers),
      cmocka_unit_test(never_says_100_to_what_it_refuses),
      cmocka_unit_test(says_no_100_to_http_1_0),
      cmocka_unit_test(closes_after_http_1_0),
      cmocka_unit_test(keeps_http_1_0_alive_when_asked),
      cmocka_unit_test(closes_when_asked),
      cmocka_unit_test(never_switches_protocols),
      cmocka_unit_test(answers_a_client_that_has_half_closed),
      cmocka_unit_test(sends_a_long_last_answer_to_a_client_that_half_closes),
      cmocka_unit_test(closes_a_connection_that_asks_nothing),
      cmocka_unit_test(keeps_a_broken_off_request_from_the_handler),
      cmocka_unit_test(outlives_a_client_that_is_gone_before_the_answer),
      cmocka_unit_test(outlives_a_client_that_closes_while_it_is_answered),
      cmocka_unit_test(outlives_the_server),
      cmocka_unit_test(logs_the_last_client_that_no_proxy_of_ours_added),
      cmocka_unit_test(lets_a_busy_sender_read_why),
      cmocka_unit_test(lets_a_sender_read_why_after_it_has_sent_all),
      cmocka_unit_test(gives_one_verdict_for_every_split),
  };
  return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
