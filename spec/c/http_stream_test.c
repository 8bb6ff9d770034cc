/* http: answers in pieces. They leave in their turn, as fast as the client takes them and no
 * faster; who writes hears of room, and of a client that has left. */
#include "http_rig.h"

#define CLOSE(path) "GET " path " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"

typedef struct writer {
  wy_http_req *req;
  unsigned room, gone;
  bool ends_when_gone;
} writer;

static void on_room(void *data) { ((writer *)data)->room++; }

static void on_gone(void *data) {
  writer *w = data;
  w->gone++;
  if (w->ends_when_gone) wy_http_stream_end(w->req, false);
}

static const wy_http_stream calls = {on_room, on_gone};

/* Request i of those that are held begins. */
static void begin(rig *r, size_t i, writer *w, uint64_t length) {
  *w = (writer){.req = r->held[i], .ends_when_gone = true};
  r->held[i] = NULL;
  const wy_http_answer head = {.status = 200, .headers = "X-One: 1\r\n"};
  assert_int_equal(wy_http_stream_begin(w->req, &head, length, &calls, w), 0);
}

static wy_http_told put(writer *w, const char *text) {
  return wy_http_stream_write(w->req, wy_str_of(text));
}

static bool ends_with(const client *c, const char *text) {
  size_t n = strlen(text);
  return c->in.n >= n && memcmp(c->in.p + c->in.n - n, text, n) == 0;
}

#define EXPECT_END(c, text) UNTIL((c), ends_with((c), (text)))

static void hold(rig *r, client *c, const char *request) {
  size_t n = r->n_held;
  send_text(c, request);
  UNTIL(c, r->n_held == n + 1);
}

static void sends_chunks_and_goes_on(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  assert_int_equal(put(&w, "hello"), WY_HTTP_MORE);
  assert_int_equal(put(&w, ""), WY_HTTP_MORE); /* no chunk: an empty one would be the end */
  EXPECT_END(&c, "Transfer-Encoding: chunked\r\nX-One: 1\r\n\r\n5\r\nhello\r\n");
  put(&w, "0123456789abcdef");
  wy_http_stream_end(w.req, true);
  EXPECT_END(&c, "10\r\n0123456789abcdef\r\n0\r\n\r\n");
  c.at = c.in.n;
  send_text(&c, GET("/next"));
  expect_answer(&c, 200, "/next");
  hang_up(&c);
  rig_end(&r);
}

static void sends_a_known_length_as_it_is(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  begin(&r, 0, &w, 6);
  put(&w, "abc");
  put(&w, "defghi"); /* never more than was promised */
  wy_http_stream_end(w.req, true);
  expect_answer(&c, 200, "abcdef");
  send_text(&c, GET("/next"));
  expect_answer(&c, 200, "/next");
  hang_up(&c);
  rig_end(&r);
}

static void shows_that_something_is_missing(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  begin(&r, 0, &w, 6);
  put(&w, "abc");
  wy_http_stream_end(w.req, true); /* three bytes are not there: it is not whole */
  UNTIL(&c, c.closed);
  assert_true(ends_with(&c, "abc"));
  hang_up(&c);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  begin(&r, 1, &w, WY_HTTP_UNKNOWN);
  put(&w, "abc");
  wy_http_stream_end(w.req, false);
  UNTIL(&c, c.closed);
  assert_true(ends_with(&c, "3\r\nabc\r\n")); /* and no last chunk */
  hang_up(&c);
  rig_end(&r);
}

static void ends_with_the_connection_for_http_1_0(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, "GET /late HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  put(&w, "abc");
  wy_http_stream_end(w.req, true);
  UNTIL(&c, c.closed);
  assert_true(ends_with(&c, "Connection: close\r\n\r\nabc"));
  hang_up(&c);
  rig_end(&r);
}

/* What ends with its connection ends one that has begun to ask for more, too. */
static void leaves_no_connection_behind(void **state) {
  (void)state;
  rig r;
  client c, none = {.r = &r, .fd = -1, .closed = true};
  writer w;
  rig_begin(&r, NULL);
  none.r = &r;
  for (size_t i = 0; i < 4; i++) {
    const char *more = i % 2 ? "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhalf"
                             : "GET /next HTTP/1.1\r\nHo";
    dial(&c, &r);
    hold(&r, &c, i < 2 ? "GET /late HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" : GET("/late"));
    send_text(&c, more);
    expect_silence(&c);
    begin(&r, i, &w, WY_HTTP_UNKNOWN);
    put(&w, "abc");
    wy_http_stream_end(w.req, i < 2);
    UNTIL(&c, c.closed);
    hang_up(&c);
    UNTIL(&none, wy_http_connections(r.http) == 0);
  }
  rig_end(&r);
}

static void sends_no_body_for_head(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, "HEAD /late HTTP/1.1\r\n" HOST "\r\n");
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  assert_true(wy_http_stream_is_mute(w.req));
  put(&w, "abc");
  wy_http_stream_end(w.req, true);
  EXPECT_END(&c, "X-One: 1\r\n\r\n");
  c.at = c.in.n;
  send_text(&c, GET("/next"));
  expect_answer(&c, 200, "/next");
  hang_up(&c);
  rig_end(&r);
}

static void waits_for_its_turn(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  static char many[200000];
  rig_begin(&r, NULL);
  memset(many, 'm', sizeof many - 1);
  dial(&c, &r);
  hold(&r, &c, GET("/late1"));
  hold(&r, &c, GET("/late2"));
  begin(&r, 1, &w, WY_HTTP_UNKNOWN);
  assert_int_equal(put(&w, "abc"), WY_HTTP_MORE);
  assert_int_equal(put(&w, many), WY_HTTP_WAIT);
  expect_silence(&c);
  assert_int_equal(w.room, 0);
  rig_answer(&r, 0, "first");
  expect_answer(&c, 200, "first");
  UNTIL(&c, w.room == 1);
  wy_http_stream_end(w.req, true);
  EXPECT_END(&c, "\r\n0\r\n\r\n");
  hang_up(&c);
  rig_end(&r);
}

static void answers_behind_it_wait(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  put(&w, "abc");
  send_text(&c, GET("/two"));
  EXPECT_END(&c, "3\r\nabc\r\n");
  expect_silence(&(client){.r = &r, .fd = -1});
  assert_true(ends_with(&c, "3\r\nabc\r\n"));
  wy_http_stream_end(w.req, true);
  EXPECT_END(&c, "\r\n\r\n/two");
  hang_up(&c);
  rig_end(&r);
}

/* Writes until it is told to wait: how much that is has a bound. */
static size_t fill(writer *w) {
  char block[4096];
  size_t n = 0;
  memset(block, 'f', sizeof block);
  while (wy_http_stream_write(w->req, (wy_str){block, sizeof block}) == WY_HTTP_MORE) {
    n += sizeof block;
    assert_true(n < (64 << 20));
  }
  return n;
}

static void a_slow_client_makes_the_writer_wait(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial_to(&c, &r, "127.0.0.1", 4096);
  hold(&r, &c, CLOSE("/late"));
  c.deaf = true;
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  fill(&w);
  settle(&c);
  assert_int_equal(w.room, 0);
  c.deaf = false;
  UNTIL(&c, w.room == 1);
  wy_http_stream_end(w.req, true);
  EXPECT_END(&c, "0\r\n\r\n");
  hang_up(&c);
  rig_end(&r);
}

static void a_client_that_takes_nothing_is_dropped(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial_to(&c, &r, "127.0.0.1", 4096);
  hold(&r, &c, GET("/late"));
  c.deaf = true;
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  fill(&w);
  pass(&c, 2 * wy_http_default_limits.write_stall + 1000);
  assert_int_equal(w.gone, 1);
  assert_int_equal(wy_http_connections(r.http), 0);
  hang_up(&c);
  rig_end(&r);
}

static void hears_that_the_client_has_left(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  for (int reset = 0; reset < 2; reset++) {
    dial(&c, &r);
    hold(&r, &c, GET("/late"));
    begin(&r, r.n_held - 1, &w, WY_HTTP_UNKNOWN);
    put(&w, "abc");
    EXPECT_END(&c, "abc\r\n");
    if (reset) hang_up_with_reset(&c);
    else hang_up(&c);
    client none = {.r = &r, .fd = -1, .closed = true};
    UNTIL(&none, w.gone == 1);
  }
  rig_end(&r);
}

/* Whose leaving nobody would hear is sent nothing that has no end. */
static void has_no_end_for_clients_that_are_heard_alone(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  wy_http_limits few = wy_http_default_limits;
  few.pipeline = 3;
  rig_begin(&r, &few);
  for (int turn = 0; turn < 2; turn++) { /* who says that he will say no more, in front of it */
    dial(&c, &r);
    hold(&r, &c, GET("/late1"));
    hold(&r, &c, GET("/late2"));
    begin(&r, r.n_held - 1, &w, WY_HTTP_UNKNOWN);
    shutdown(c.fd, SHUT_WR);
    expect_silence(&c);
    assert_int_equal(w.gone, 0);
    rig_answer(&r, r.n_held - 2, "first");
    UNTIL(&c, c.closed);
    assert_int_equal(w.gone, 1);
    hang_up(&c);
  }
  dial(&c, &r); /* the same, before it begins */
  hold(&r, &c, GET("/late"));
  shutdown(c.fd, SHUT_WR);
  expect_silence(&c);
  begin(&r, r.n_held - 1, &w, WY_HTTP_UNKNOWN);
  assert_true(wy_http_req_gone(w.req));
  wy_http_stream_end(w.req, false);
  hang_up(&c);
  dial(&c, &r); /* who asks for so much behind it that he is not read from */
  hold(&r, &c, GET("/late"));
  begin(&r, r.n_held - 1, &w, WY_HTTP_UNKNOWN);
  hold(&r, &c, GET("/late"));
  assert_int_equal(w.gone, 0);
  send_text(&c, GET("/late"));
  UNTIL(&c, c.closed);
  assert_int_equal(w.gone, 1);
  hang_up(&c);
  rig_end(&r);
}

static void tells_who_writes_to_nobody(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  w.ends_when_gone = false;
  hang_up_with_reset(&c);
  client none = {.r = &r, .fd = -1, .closed = true};
  UNTIL(&none, w.gone == 1);
  assert_true(wy_http_req_gone(w.req));
  assert_int_equal(put(&w, "abc"), WY_HTTP_GONE);
  wy_http_stream_end(w.req, true);
  rig_end(&r);
}

static void a_request_that_came_too_late_is_streamed_to_nobody(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  hang_up_with_reset(&c);
  client none = {.r = &r, .fd = -1, .closed = true};
  UNTIL(&none, wy_http_connections(r.http) == 0);
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  assert_int_equal(put(&w, "abc"), WY_HTTP_GONE);
  assert_int_equal(w.gone, 0); /* it was told so by the write */
  wy_http_stream_end(w.req, true);
  rig_end(&r);
}

static void a_stop_lets_it_end(void **state) {
  (void)state;
  rig r;
  client c;
  writer w;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  begin(&r, 0, &w, WY_HTTP_UNKNOWN);
  put(&w, "abc");
  wy_http_stop(r.http, rig_on_stopped);
  settle(&c);
  assert_int_equal(r.stopped, 0);
  wy_http_stream_end(w.req, true);
  EXPECT_END(&c, "abc\r\n0\r\n\r\n");
  hang_up(&c);
  client none = {.r = &r, .fd = -1, .closed = true};
  UNTIL(&none, r.stopped == 1);
  rig_end(&r);
}

/* --- files --- */

static int file_of(size_t n) {
  char name[] = "/tmp/weiyue-stream-XXXXXX";
  int fd = mkstemp(name);
  assert_true(fd >= 0);
  unlink(name);
  for (size_t i = 0; i < n; i++) {
    char block[1000];
    memset(block, 'a' + (int)(i % 26), sizeof block);
    assert_int_equal(write(fd, block, sizeof block), sizeof block);
  }
  return fd;
}

static void sends_a_file_that_a_slow_client_takes(void **state) {
  (void)state;
  rig r;
  client c;
  enum { KB = 4000 };
  rig_begin(&r, NULL);
  dial_to(&c, &r, "127.0.0.1", 4096);
  hold(&r, &c, GET("/late"));
  int fd = file_of(KB);
  wy_http_respond_file(r.held[0], &(wy_http_answer){.status = 206}, fd, 1500, 3000000);
  r.held[0] = NULL;
  answer a = next_answer(&c);
  assert_int_equal(a.status, 206);
  assert_int_equal(a.body.n, 3000000);
  for (size_t i = 0; i < a.body.n; i += 499)
    assert_int_equal(a.body.p[i], 'a' + (int)((i + 1500) / 1000 % 26));
  assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was closed */
  send_text(&c, GET("/next"));
  expect_answer(&c, 200, "/next");
  hang_up(&c);
  rig_end(&r);
}

static void closes_the_file_of_a_client_that_left(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial_to(&c, &r, "127.0.0.1", 4096);
  hold(&r, &c, GET("/late"));
  c.deaf = true;
  int fd = file_of(20000);
  wy_http_respond_file(r.held[0], &(wy_http_answer){.status = 200}, fd, 0, 20000000);
  r.held[0] = NULL;
  settle(&c);
  assert_int_not_equal(fcntl(fd, F_GETFD), -1);
  hang_up_with_reset(&c);
  client none = {.r = &r, .fd = -1, .closed = true};
  UNTIL(&none, fcntl(fd, F_GETFD) == -1);
  rig_end(&r);
}

static void a_file_that_shrinks_is_seen_to_be_cut(void **state) {
  (void)state;
  rig r;
  client c;
  rig_begin(&r, NULL);
  dial(&c, &r);
  hold(&r, &c, GET("/late"));
  wy_http_respond_file(r.held[0], &(wy_http_answer){.status = 200}, file_of(1), 0, 5000);
  r.held[0] = NULL;
  UNTIL(&c, c.closed);
  assert_true(ends_with(&c, "aaaa"));
  hang_up(&c);
  rig_end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sends_chunks_and_goes_on),
      cmocka_unit_test(sends_a_known_length_as_it_is),
      cmocka_unit_test(shows_that_something_is_missing),
      cmocka_unit_test(ends_with_the_connection_for_http_1_0),
      cmocka_unit_test(leaves_no_connection_behind),
      cmocka_unit_test(sends_no_body_for_head),
      cmocka_unit_test(waits_for_its_turn),
      cmocka_unit_test(answers_behind_it_wait),
      cmocka_unit_test(a_slow_client_makes_the_writer_wait),
      cmocka_unit_test(a_client_that_takes_nothing_is_dropped),
      cmocka_unit_test(hears_that_the_client_has_left),
      cmocka_unit_test(has_no_end_for_clients_that_are_heard_alone),
      cmocka_unit_test(tells_who_writes_to_nobody),
      cmocka_unit_test(a_request_that_came_too_late_is_streamed_to_nobody),
      cmocka_unit_test(a_stop_lets_it_end),
      cmocka_unit_test(sends_a_file_that_a_slow_client_takes),
      cmocka_unit_test(closes_the_file_of_a_client_that_left),
      cmocka_unit_test(a_file_that_shrinks_is_seen_to_be_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
