/* http: each limit at its exact byte or count, whole and byte by byte. */
#include <ifaddrs.h>
#include <net/if.h>

#include "http_rig.h"

#define LINE "GET / HTTP/1.1\r\n"

/* The status of one request; in pieces of k bytes. */
static int status_of(const wy_http_limits *limits, size_t body_max, const char *text, size_t n,
                     size_t k) {
  rig r;
  client c;
  rig_begin(&r, limits);
  r.body_max = body_max;
  dial(&c, &r);
  send_pieces(&c, text, n, k);
  answer a = next_answer(&c);
  int status = a.status;
  assert_int_equal(r.seen.n != 0, status == 200);
  if (status != 200) {
    assert_true(has(&a, "\r\nConnection: close\r\n"));
    expect_closed(&c);
    assert_int_equal(count(&r.lines, " status="), 1);
  }
  hang_up(&c);
  rig_end(&r);
  return status;
}

/* Every way to cut it that could matter. */
static void expect_status(const wy_http_limits *limits, size_t body_max, const wy_buf *b,
                          int want) {
  assert_false(b->failed);
  const size_t steps[] = {b->n, 1, 2, 7, b->n - 1};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    assert_int_equal(status_of(limits, body_max, b->p, b->n, steps[i]), want);
}

static void fill(wy_buf *b, size_t n) {
  for (size_t i = 0; i < n; i++) wy_buf_lit(b, "x");
}

static void limits_the_target(void **state) {
  (void)state;
  enum { TARGET = 300 };
  wy_http_limits limits = wy_http_default_limits;
  limits.target = TARGET;
  for (size_t over = 0; over < 2; over++) {
    for (int query = 0; query < 2; query++) {
      wy_buf b;
      wy_buf_init(&b, 10000);
      wy_buf_str(&b, query ? WY_STR("GET /?") : WY_STR("GET /."));
      fill(&b, TARGET - 2 + over);
      wy_buf_lit(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
      expect_status(&limits, 0, &b, over ? 414 : 200);
      wy_buf_deinit(&b);
    }
  }
}

static void limits_a_request_line_of_other_kinds(void **state) {
  (void)state;
  wy_http_limits limits = wy_http_default_limits;
  limits.target = 10;
  wy_buf b;
  wy_buf_init(&b, 10000);
  fill(&b, 5000); /* a method without end */
  expect_status(&limits, 0, &b, 400);
  wy_buf_deinit(&b);
}

static void limits_the_header_block(void **state) {
  (void)state;
  enum { HEADER = 500 };
  wy_http_limits limits = wy_http_default_limits;
  limits.header = HEADER;
  for (size_t over = 0; over < 2; over++) {
    wy_buf b;
    wy_buf_init(&b, 10000);
    wy_buf_lit(&b, LINE "Host: a\r\nX: ");
    size_t used = b.n - (sizeof LINE - 1) + 4; /* with the two line ends that follow */
    fill(&b, HEADER - used + over);
    wy_buf_lit(&b, "\r\n\r\n");
    expect_status(&limits, 0, &b, over ? 431 : 200);
    wy_buf_deinit(&b);
  }
}

static void counts_trailers_as_header(void **state) {
  (void)state;
  enum { HEADER = 500 };
  wy_http_limits limits = wy_http_default_limits;
  limits.header = HEADER;
  for (size_t over = 0; over < 2; over++) {
    static const char line[] = "POST / HTTP/1.1\r\n", chunks[] = "1\r\na\r\n0\r\n";
    wy_buf b;
    wy_buf_init(&b, 10000);
    wy_buf_printf(&b, "%sHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%sX: ", line, chunks);
    size_t used = b.n - (sizeof line - 1) - (sizeof chunks - 1) + 4;
    fill(&b, HEADER - used + over);
    wy_buf_lit(&b, "\r\n\r\n");
    expect_status(&limits, 10, &b, over ? 431 : 200);
    wy_buf_deinit(&b);
  }
}

static void limits_the_number_of_fields(void **state) {
  (void)state;
  enum { FIELDS = 20 };
  wy_http_limits limits = wy_http_default_limits;
  limits.fields = FIELDS;
  for (int over = 0; over < 2; over++) {
    wy_buf b;
    wy_buf_init(&b, 10000);
    wy_buf_lit(&b, LINE "Host: a\r\n");
    for (int i = 1; i < FIELDS + over; i++) wy_buf_printf(&b, "X%d:%d\r\n", i, i);
    wy_buf_lit(&b, "\r\n");
    expect_status(&limits, 0, &b, over ? 431 : 200);
    wy_buf_deinit(&b);
  }
}

static void counts_trailers_as_fields(void **state) {
  (void)state;
  enum { FIELDS = 20 };
  wy_http_limits limits = wy_http_default_limits;
  limits.fields = FIELDS;
  for (int over = 0; over < 2; over++) {
    wy_buf b;
    wy_buf_init(&b, 10000);
    wy_buf_lit(&b, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    for (int i = 2; i < FIELDS + over; i++) wy_buf_printf(&b, "X%d:%d\r\n", i, i);
    wy_buf_lit(&b, "\r\n");
    expect_status(&limits, 0, &b, over ? 431 : 200);
    wy_buf_deinit(&b);
  }
}

static void limits_bodies(void **state) {
  (void)state;
  enum { BODY = 100 };
  for (size_t over = 0; over < 2; over++) {
    wy_buf b;
    wy_buf_init(&b, 10000);
    wy_buf_printf(&b, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", BODY + over);
    size_t head = b.n;
    fill(&b, BODY + over);
    expect_status(NULL, BODY, &b, over ? 413 : 200);
    if (over) /* refused by its head alone */
      assert_int_equal(status_of(NULL, BODY, b.p, head, head), 413);
    wy_buf_clear(&b);
    /* 60 bytes, then the rest: the sum counts */
    wy_buf_lit(&b, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3c\r\n");
    fill(&b, 60);
    wy_buf_printf(&b, "\r\n%zx\r\n", BODY - 60 + over);
    if (over) assert_int_equal(status_of(NULL, BODY, b.p, b.n, b.n), 413);
    fill(&b, BODY - 60 + over);
    wy_buf_lit(&b, "\r\n0\r\n\r\n");
    expect_status(NULL, BODY, &b, over ? 413 : 200);
    wy_buf_deinit(&b);
  }
}

static void limits_the_overhead_of_chunks(void **state) {
  (void)state;
  enum { OVERHEAD = 300 };
  wy_http_limits limits = wy_http_default_limits;
  limits.chunk_overhead = OVERHEAD;
  static const char *const ways[] = {";", "0"}; /* an extension; leading zeros */
  for (size_t over = 0; over < 2; over++) {
    for (int way = 0; way < 2; way++) {
      wy_buf b;
      wy_buf_init(&b, 10000);
      wy_buf_lit(&b, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      /* all but the byte of data, up to the end of the last chunk's line */
      size_t fixed = strlen("1") + strlen("\r\n\r\n0\r\n");
      if (way == 0) {
        wy_buf_printf(&b, "1%s", ways[0]);
        fill(&b, OVERHEAD - fixed - 1 + over);
      } else {
        for (size_t i = 0; i < OVERHEAD - fixed + over; i++) wy_buf_lit(&b, "0");
        wy_buf_lit(&b, "1");
      }
      wy_buf_lit(&b, "\r\na\r\n0\r\n\r\n");
      expect_status(&limits, 10, &b, over ? 413 : 200);
      wy_buf_deinit(&b);
    }
  }
}

static void limits_the_empty_lines_before_a_request(void **state) {
  (void)state;
  for (int over = 0; over < 2; over++) {
    wy_buf b;
    wy_buf_init(&b, 1000);
    for (int i = 0; i < 4 + over; i++) wy_buf_lit(&b, "\r\n");
    wy_buf_lit(&b, LINE "Host: a\r\n\r\n");
    expect_status(NULL, 0, &b, over ? 400 : 200);
    wy_buf_deinit(&b);
  }
}

/* A handler that allows any size does not make the server believe one. */
static void survives_a_length_beyond_all_memory(void **state) {
  (void)state;
  static const char *const lengths[] = {"18446744073709551615", "18446744073709551614",
                                        "9223372036854775808"};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char text[200];
    int n = snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\n",
                     lengths[i]);
    int status = status_of(NULL, (size_t)INT64_MAX, text, (size_t)n, (size_t)n);
    assert_true(status == 413 || status == 400);
  }
}

/* Behind a request that is not answered, large answers gather, but not without end. */
static void closes_who_asks_for_too_much_at_once(void **state) {
  (void)state;
  static char large[3000];
  rig r;
  client c;
  wy_http_limits few = wy_http_default_limits;
  few.write_queue = 1000;
  memset(large, 'l', sizeof large - 1);
  rig_begin(&r, &few);
  dial(&c, &r);
  for (int i = 0; i < 4; i++) send_text(&c, GET("/late"));
  UNTIL(&c, r.n_held == 4);
  rig_answer(&r, 1, large);
  rig_answer(&r, 2, large);
  expect_silence(&c);
  rig_answer(&r, 3, large);
  UNTIL(&c, c.closed);
  hang_up(&c);
  rig_end(&r);
}

/* --- connections --- */

static void turns_away_a_connection_too_many(void **state) {
  (void)state;
  enum { MOST = 3 };
  wy_http_limits limits = wy_http_default_limits;
  limits.connections = MOST;
  rig r;
  client c[MOST], more;
  rig_begin(&r, &limits);
  for (int i = 0; i < MOST; i++) {
    dial(&c[i], &r);
    send_text(&c[i], "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(&c[i], 200, "/a");
  }
  dial(&more, &r);
  answer a = next_answer(&more);
  assert_int_equal(a.status, 503);
  assert_true(has(&a, "\r\nRetry-After: 1\r\n"));
  assert_true(has(&a, "\r\nConnection: close\r\n"));
  expect_closed(&more);
  assert_int_equal(count(&r.lines, "event=http.busy"), 1);
  hang_up(&more);
  hang_up(&c[0]);
  UNTIL(&c[1], wy_http_connections(r.http) == MOST - 1);
  dial(&c[0], &r); /* there is room again */
  send_text(&c[0], "GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
  expect_answer(&c[0], 200, "/b");
  for (int i = 0; i < MOST; i++) hang_up(&c[i]);
  rig_end(&r);
}

/* An address of this machine that is not loopback: false where there is none. */
static bool own_address(char *out, size_t n) {
  struct ifaddrs *all = NULL;
  bool found = false;
  if (getifaddrs(&all)) return false;
  for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET) continue;
    if ((i->ifa_flags & IFF_LOOPBACK) || !(i->ifa_flags & IFF_UP)) continue;
    found = uv_ip4_name((struct sockaddr_in *)(void *)i->ifa_addr, out, n) == 0;
  }
  freeifaddrs(all);
  return found;
}

static void limits_the_connections_of_one_address(void **state) {
  (void)state;
  enum { MOST = 2 };
  char address[64];
  if (!own_address(address, sizeof address)) skip();
  for (int exempt = 0; exempt < 2; exempt++) {
    wy_http_limits limits = wy_http_default_limits;
    limits.per_address = MOST;
    rig r;
    client c[MOST], more;
    rig_begin_at(&r, &limits, address);
    assert_int_equal(wy_http_trust(r.http, "192.0.2.1", 32), 0); /* another one */
    assert_int_equal(wy_http_trust(r.http, "127.0.0.1", 8), 0);
    assert_int_equal(wy_http_trust(r.http, "not an address", 32), WY_E_ARG);
    if (exempt) assert_int_equal(wy_http_trust(r.http, address, 32), 0);
    for (int i = 0; i < MOST; i++) {
      dial_to(&c[i], &r, address, 0);
      send_text(&c[i], "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
      expect_answer(&c[i], 200, "/a");
    }
    dial_to(&more, &r, address, 0);
    if (exempt) {
      send_text(&more, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
      expect_answer(&more, 200, "/b");
    } else {
      expect_answer(&more, 503, "");
      expect_closed(&more);
      hang_up(&more);
      hang_up(&c[0]);
      UNTIL(&c[1], wy_http_connections(r.http) == MOST - 1);
      dial_to(&more, &r, address, 0);
      send_text(&more, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
      expect_answer(&more, 200, "/b");
    }
    hang_up(&more);
    for (int i = 0; i < MOST; i++) hang_up(&c[i]);
    rig_end(&r);
  }
}

static void exempts_loopback_from_the_limit_of_an_address(void **state) {
  (void)state;
  wy_http_limits limits = wy_http_default_limits;
  limits.per_address = 1;
  rig r;
  client c[3];
  rig_begin(&r, &limits);
  for (int i = 0; i < 3; i++) {
    dial(&c[i], &r);
    send_text(&c[i], "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(&c[i], 200, "/a");
  }
  for (int i = 0; i < 3; i++) hang_up(&c[i]);
  rig_end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(limits_the_target),
      cmocka_unit_test(limits_a_request_line_of_other_kinds),
      cmocka_unit_test(limits_the_header_block),
      cmocka_unit_test(counts_trailers_as_header),
      cmocka_unit_test(limits_the_number_of_fields),
      cmocka_unit_test(counts_trailers_as_fields),
      cmocka_unit_test(limits_bodies),
      cmocka_unit_test(limits_the_overhead_of_chunks),
      cmocka_unit_test(limits_the_empty_lines_before_a_request),
      cmocka_unit_test(survives_a_length_beyond_all_memory),
      cmocka_unit_test(closes_who_asks_for_too_much_at_once),
      cmocka_unit_test(turns_away_a_connection_too_many),
      cmocka_unit_test(limits_the_connections_of_one_address),
      cmocka_unit_test(exempts_loopback_from_the_limit_of_an_address),
  };
  return cmocka_run_group_tests_name("http_limit", tests, NULL, NULL);
}
