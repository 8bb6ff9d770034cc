/* peer: addresses, networks of proxies, the client behind them, connections counted by address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/peer.h"

static wy_ip ip(const char *text) {
  wy_ip out;
  if (!wy_ip_parse(wy_str_of(text), &out)) fail_msg("%s is no address", text);
  return out;
}

static void is(const wy_ip *a, const char *text) {
  char name[WY_PEER_NAME];
  wy_ip_name(a, 0, name);
  assert_string_equal(name, text);
}

static void reads_and_names_addresses(void **state) {
  (void)state;
  char name[WY_PEER_NAME];
  wy_ip a = ip("192.0.2.7");
  is(&a, "192.0.2.7");
  wy_ip_name(&a, 65535, name);
  assert_string_equal(name, "192.0.2.7:65535");
  a = ip("[2001:DB8::1]");
  is(&a, "2001:db8::1");
  wy_ip_name(&a, 80, name);
  assert_string_equal(name, "[2001:db8::1]:80");
  a = ip("::ffff:192.0.2.7"); /* the same as the IPv4 address */
  is(&a, "192.0.2.7");
  memset(&a, 0xFF, sizeof a);
  wy_ip_name(&a, 65535, name); /* the longest */
  assert_string_equal(name, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void refuses_what_is_no_address(void **state) {
  (void)state;
  static const char *const bad[] = {"",           "a",        "1.2.3", "1.2.3.4.5", "256.1.1.1",
                                    "1.2.3.4:80", "[::1]:80", "[",     "[]",        "unknown",
                                    "_x",         "::1::",    " ::1",  "12345::"};
  wy_ip out;
  char longest[200];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (wy_ip_parse(wy_str_of(bad[i]), &out)) fail_msg("\"%s\" is accepted", bad[i]);
  assert_false(wy_ip_parse((wy_str){"1.2.3.4\0", 8}, &out));
  memset(longest, '1', sizeof longest);
  assert_false(wy_ip_parse((wy_str){longest, sizeof longest}, &out));
  assert_true(wy_ip_parse((wy_str){"1.2.3.45", 7}, &out)); /* ends where it says */
  is(&out, "1.2.3.4");
}

static void reads_the_addresses_of_sockets(void **state) {
  (void)state;
  struct sockaddr_storage a = {0};
  wy_ip out;
  int port = 0;
  assert_int_equal(uv_ip4_addr("192.0.2.7", 80, (struct sockaddr_in *)&a), 0);
  assert_true(wy_ip_of(&a, &out, &port));
  is(&out, "192.0.2.7");
  assert_int_equal(port, 80);
  assert_int_equal(uv_ip6_addr("2001:db8::1", 81, (struct sockaddr_in6 *)&a), 0);
  assert_true(wy_ip_of(&a, &out, &port));
  is(&out, "2001:db8::1");
  assert_int_equal(port, 81);
  a.ss_family = AF_UNIX;
  assert_false(wy_ip_of(&a, &out, &port));
}

static void knows_loopback(void **state) {
  (void)state;
  static const char *const yes[] = {"127.0.0.1", "127.255.1.2", "::1", "::ffff:127.0.0.1"};
  static const char *const no[] = {"128.0.0.1", "0.0.0.0", "::", "::2", "10.0.0.127", "1::1"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
    wy_ip a = ip(yes[i]);
    assert_true(wy_ip_is_loopback(&a));
  }
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
    wy_ip a = ip(no[i]);
    assert_false(wy_ip_is_loopback(&a));
  }
}

static bool has(const char *net, unsigned prefix, const char *address) {
  wy_nets s = {0};
  wy_ip a = ip(address);
  assert_int_equal(wy_nets_add(&s, net, prefix), 0);
  bool found = wy_nets_has(&s, &a);
  wy_nets_deinit(&s);
  return found;
}

static void matches_networks_at_every_bit(void **state) {
  (void)state;
  for (unsigned prefix = 0; prefix <= 32; prefix++) {
    for (unsigned bit = 0; bit < 32; bit++) { /* 10.32.64.3 with one bit turned */
      uint32_t n = 0x0A204003u ^ (1u << (31 - bit));
      char other[32];
      snprintf(other, sizeof other, "%u.%u.%u.%u", n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255);
      assert_int_equal(has("10.32.64.3", prefix, other), bit >= prefix);
    }
    assert_true(has("10.32.64.3", prefix, "10.32.64.3"));
    assert_false(has("10.32.64.3", prefix, "2001:db8::1"));
  }
  assert_true(has("2001:db8::", 32, "2001:db8:ffff::1"));
  assert_false(has("2001:db8::", 33, "2001:db8:8000::1"));
  assert_true(has("::", 0, "2001:db8::1"));
  assert_true(has("::1", 128, "::1"));
  assert_false(has("::1", 128, "::2"));
}

static void refuses_what_is_no_network(void **state) {
  (void)state;
  wy_nets s = {0};
  wy_ip a = ip("10.0.0.1");
  assert_int_equal(wy_nets_add(&s, "10.0.0.0", 33), WY_E_ARG);
  assert_int_equal(wy_nets_add(&s, "::", 129), WY_E_ARG);
  assert_int_equal(wy_nets_add(&s, "10.0.0.0", (unsigned)-1), WY_E_ARG);
  assert_int_equal(wy_nets_add(&s, "10.0.0.0", (unsigned)-96), WY_E_ARG);
  assert_int_equal(wy_nets_add(&s, "example.cn", 8), WY_E_ARG);
  assert_false(wy_nets_has(&s, &a));
  wy_nets_deinit(&s);
}

static void finds_the_client_behind_proxies(void **state) {
  (void)state;
  static const struct {
    const char *field, *client; /* NULL: none */
  } rows[] = {
      {"198.51.100.1", "198.51.100.1"},
      {" 198.51.100.1 ", "198.51.100.1"},
      {"198.51.100.1, 10.0.0.2", "198.51.100.1"},
      {"198.51.100.1,10.0.0.2,10.9.9.9", "198.51.100.1"},
      {"203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"}, /* what stands left is hearsay */
      {"rubbish, 198.51.100.1", "198.51.100.1"},
      {"[2001:db8::1], 10.0.0.2", "2001:db8::1"},
      {"10.0.0.2", NULL},
      {"10.0.0.3, 10.0.0.2", NULL},
      {"198.51.100.1, rubbish", NULL},
      {"198.51.100.1, rubbish, 10.0.0.2", NULL},
      {"198.51.100.1,,10.0.0.2", NULL},
      {"198.51.100.1,", NULL},
      {"198.51.100.1:443", NULL},
      {",", NULL},
      {"", NULL},
  };
  wy_nets proxies = {0};
  assert_int_equal(wy_nets_add(&proxies, "10.0.0.0", 8), 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_ip client;
    bool found = wy_forwarded_for(wy_str_of(rows[i].field), &proxies, &client) == 1;
    if (found != (rows[i].client != NULL)) fail_msg("\"%s\"", rows[i].field);
    if (found) is(&client, rows[i].client);
  }
  wy_nets_deinit(&proxies);
}

/* An earlier field is asked only when this one has told nothing wrong. */
static void tells_a_field_of_proxies_from_one_that_is_no_list(void **state) {
  (void)state;
  static const struct {
    const char *field;
    int want;
  } rows[] = {
      {"", 0},
      {"10.0.0.2", 0},
      {"10.0.0.3, 10.0.0.2", 0},
      {"rubbish", -1},
      {"rubbish, 10.0.0.2", -1},
      {"10.0.0.2,", -1},
      {",10.0.0.2", 0}, /* as far as it is read: from the right, and left of the comma is nothing */
      {"198.51.100.1", 1},
  };
  wy_nets proxies = {0};
  assert_int_equal(wy_nets_add(&proxies, "10.0.0.0", 8), 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_ip client;
    int found = wy_forwarded_for(wy_str_of(rows[i].field), &proxies, &client);
    if (found != rows[i].want) fail_msg("\"%s\" gives %d", rows[i].field, found);
  }
  wy_nets_deinit(&proxies);
}

static void counts_connections_by_address(void **state) {
  (void)state;
  enum { MOST = 3, ADDRESSES = 5000 }; /* more than there are slots: they share */
  static wy_ip_counts counts;
  static wy_ip_count *held[ADDRESSES][MOST];
  for (int round = 0; round < 2; round++) {
    for (unsigned i = 0; i < ADDRESSES; i++) {
      wy_ip a = ip("192.0.2.0");
      a.b[13] = (unsigned char)(i >> 8);
      a.b[15] = (unsigned char)i;
      for (int k = 0; k < MOST; k++) assert_non_null(held[i][k] = wy_ip_enter(&counts, &a, MOST));
      assert_null(wy_ip_enter(&counts, &a, MOST));
      wy_ip_leave(&counts, held[i][0]);
      assert_non_null(held[i][0] = wy_ip_enter(&counts, &a, MOST));
    }
    for (unsigned i = 0; i < ADDRESSES; i++)
      for (int k = 0; k < MOST; k++) wy_ip_leave(&counts, held[(i * 7) % ADDRESSES][k]);
    for (size_t i = 0; i < sizeof counts.slots / sizeof *counts.slots; i++)
      assert_null(counts.slots[i]);
  }
  wy_ip_leave(&counts, NULL);
}

static void lets_nobody_in_when_none_is_allowed(void **state) {
  (void)state;
  static wy_ip_counts counts;
  wy_ip a = ip("192.0.2.0");
  assert_null(wy_ip_enter(&counts, &a, 0));
  for (size_t i = 0; i < sizeof counts.slots / sizeof *counts.slots; i++)
    assert_null(counts.slots[i]); /* and nothing is left behind */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_and_names_addresses),
      cmocka_unit_test(refuses_what_is_no_address),
      cmocka_unit_test(reads_the_addresses_of_sockets),
      cmocka_unit_test(knows_loopback),
      cmocka_unit_test(matches_networks_at_every_bit),
      cmocka_unit_test(refuses_what_is_no_network),
      cmocka_unit_test(finds_the_client_behind_proxies),
      cmocka_unit_test(tells_a_field_of_proxies_from_one_that_is_no_list),
      cmocka_unit_test(counts_connections_by_address),
      cmocka_unit_test(lets_nobody_in_when_none_is_allowed),
  };
  return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
