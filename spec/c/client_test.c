/* client: names that lead elsewhere, names whose look-up hangs, ends in the middle. The names are
 * this program's own: it stands in for the system's resolver. */
#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/client.h"
#include "net/tick.h"

enum { HANGS_MS = 1500 };

/* "loopback.example" is 127.0.0.1, "hangs.example" comes after a while; others there are none of.
 */
__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **out) {
  struct entry {
    struct addrinfo info;
    struct sockaddr_in address;
  } * e;
  (void)hints;
  if (strcmp(name, "hangs.example") == 0) usleep(HANGS_MS * 1000);
  else if (strcmp(name, "loopback.example") != 0) return EAI_NONAME;
  e = calloc(1, sizeof *e);
  if (!e) return EAI_MEMORY;
  e->address.sin_family = AF_INET;
  e->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  e->address.sin_port = htons((uint16_t)(service ? atoi(service) : 0));
  e->info.ai_family = AF_INET;
  e->info.ai_socktype = SOCK_STREAM;
  e->info.ai_protocol = IPPROTO_TCP;
  e->info.ai_addrlen = sizeof e->address;
  e->info.ai_addr = (struct sockaddr *)&e->address;
  *out = &e->info;
  return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *info) { free(info); }

typedef struct rig {
  uv_loop_t loop;
  wy_client *client;
  uv_tcp_t listener;
  int port, accepted;
  bool done;
} rig;

static void on_connection(uv_stream_t *server, int status) {
  rig *r = server->data;
  assert_int_equal(status, 0);
  r->accepted++;
}

static int set_up(void **state) {
  rig *r = calloc(1, sizeof *r);
  struct sockaddr_in a;
  int n = sizeof a;
  assert_int_equal(uv_loop_init(&r->loop), 0);
  assert_int_equal(wy_client_new(&r->client, &r->loop, NULL), 0);
  uv_tcp_init(&r->loop, &r->listener);
  r->listener.data = r;
  uv_ip4_addr("127.0.0.1", 0, &a);
  assert_int_equal(uv_tcp_bind(&r->listener, (const struct sockaddr *)&a, 0), 0);
  assert_int_equal(uv_listen((uv_stream_t *)&r->listener, 16, on_connection), 0);
  uv_tcp_getsockname(&r->listener, (struct sockaddr *)&a, &n);
  r->port = ntohs(a.sin_port);
  *state = r;
  return 0;
}

static int tear_down(void **state) {
  rig *r = *state;
  uv_close((uv_handle_t *)&r->listener, NULL);
  wy_client_close(r->client);
  uv_run(&r->loop, UV_RUN_DEFAULT);
  wy_client_free(r->client);
  assert_int_equal(uv_loop_close(&r->loop), 0);
  free(r);
  return 0;
}

static void on_done(wy_transfer *t, void *data) {
  (void)t;
  ((rig *)data)->done = true;
}

static wy_transfer *start(rig *r, const char *host, wy_transfer_options options) {
  char url[100];
  int n = snprintf(url, sizeof url, "http://%s:%d/", host, r->port);
  wy_transfer *t = wy_transfer_new(r->client);
  assert_non_null(t);
  if (!options.timeout_ms) options.timeout_ms = options.connect_ms = 5000;
  options.max = options.memory = 1000;
  assert_int_equal(wy_transfer_start(t, (wy_str){url, (size_t)n}, &options, on_done, r),
                   WY_FETCH_OK);
  assert_false(r->done); /* never from inside */
  return t;
}

static wy_transfer_result finish(rig *r, wy_transfer *t) {
  wy_transfer_result result;
  while (!r->done) uv_run(&r->loop, UV_RUN_ONCE);
  wy_transfer_result_of(t, &result);
  return result;
}

static void refuses_a_name_that_leads_to_loopback(void **state) {
  rig *r = *state;
  wy_transfer *t = start(r, "loopback.example", (wy_transfer_options){.guarded = true});
  wy_transfer_result result = finish(r, t);
  assert_int_equal(result.fetch, WY_FETCH_DENIED);
  assert_string_equal(result.denied, "loopback");
  assert_false(result.sent);
  assert_int_equal(r->accepted, 0);
  wy_transfer_free(t);
}

static void goes_there_without_the_guard(void **state) {
  rig *r = *state;
  wy_transfer *t =
      start(r, "loopback.example", (wy_transfer_options){.timeout_ms = 100, .connect_ms = 100});
  wy_transfer_result result = finish(r, t);
  assert_int_equal(result.fetch, WY_FETCH_TIMEOUT); /* nobody answers */
  assert_true(result.sent);
  assert_int_equal(r->accepted, 1);
  wy_transfer_free(t);
}

static void tells_a_name_that_there_is_none_of(void **state) {
  rig *r = *state;
  wy_transfer *t = start(r, "nowhere.example", (wy_transfer_options){.guarded = true});
  assert_int_equal(finish(r, t).fetch, WY_FETCH_RESOLVE);
  wy_transfer_free(t);
}

static uint64_t ms_since(uint64_t began) { return (uv_hrtime() - began) / 1000000; }

/* Whatever ends a call whose name is being looked up, the loop goes on at once. */
static void does_not_wait_for_a_look_up_that_hangs(void **state) {
  rig *r = *state;
  uint64_t began = uv_hrtime();
  wy_transfer *t =
      start(r, "hangs.example", (wy_transfer_options){.timeout_ms = 50, .connect_ms = 5000});
  assert_int_equal(finish(r, t).fetch, WY_FETCH_TIMEOUT);
  wy_transfer_free(t);
  r->done = false;
  t = start(r, "hangs.example", (wy_transfer_options){.timeout_ms = 5000, .connect_ms = 50});
  assert_int_equal(finish(r, t).fetch, WY_FETCH_CONNECT);
  wy_transfer_free(t);
  r->done = false;
  t = start(r, "hangs.example", (wy_transfer_options){.guarded = true});
  uv_run(&r->loop, UV_RUN_NOWAIT);
  wy_transfer_free(t);
  assert_true(ms_since(began) < HANGS_MS);
}

static void ends_silently_when_it_is_freed(void **state) {
  rig *r = *state;
  wy_transfer *t = start(r, "loopback.example", (wy_transfer_options){.guarded = false});
  while (!r->accepted) uv_run(&r->loop, UV_RUN_ONCE);
  wy_transfer_free(t);
  for (int i = 0; i < 10; i++) uv_run(&r->loop, UV_RUN_NOWAIT);
  assert_false(r->done);
  assert_int_equal(wy_metric_get(&wy_client_stats_of(r->client)->active), 0);
}

static void ends_silently_when_the_client_closes(void **state) {
  rig *r = *state;
  wy_transfer *t = start(r, "loopback.example", (wy_transfer_options){.guarded = false});
  while (!r->accepted) uv_run(&r->loop, UV_RUN_ONCE);
  wy_client_close(r->client);
  assert_null(wy_transfer_new(r->client));
  wy_transfer_free(t);
  assert_false(r->done);
}

int main(void) {
#define SPEC(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      SPEC(refuses_a_name_that_leads_to_loopback), SPEC(goes_there_without_the_guard),
      SPEC(tells_a_name_that_there_is_none_of),    SPEC(does_not_wait_for_a_look_up_that_hangs),
      SPEC(ends_silently_when_it_is_freed),        SPEC(ends_silently_when_the_client_closes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
