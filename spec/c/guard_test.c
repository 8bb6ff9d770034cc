/* guard: classes of addresses, and what an operator opens. */
#include "net/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants those first */
#include <cmocka.h>

#include "base/err.h"

static wy_ip ip_of(const char *text) {
  wy_ip ip;
  assert_true(wy_ip_parse(wy_str_of(text), &ip));
  return ip;
}

static void names_what_is_not_the_internet(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"0.0.0.0", "this-network"},
      {"0.1.2.3", "this-network"},
      {"10.0.0.0", "private"},
      {"10.255.255.255", "private"},
      {"100.64.0.0", "cgnat"},
      {"100.127.255.255", "cgnat"},
      {"127.0.0.1", "loopback"},
      {"127.255.255.255", "loopback"},
      {"169.254.169.254", "link-local"},
      {"172.16.0.1", "private"},
      {"172.31.255.255", "private"},
      {"192.0.0.8", "reserved"},
      {"192.0.2.1", "documentation"},
      {"192.168.255.255", "private"},
      {"198.18.0.1", "benchmark"},
      {"198.19.255.255", "benchmark"},
      {"198.51.100.1", "documentation"},
      {"203.0.113.1", "documentation"},
      {"224.0.0.1", "multicast"},
      {"239.255.255.255", "multicast"},
      {"240.0.0.1", "reserved"},
      {"255.255.255.255", "reserved"},
      {"::", "unspecified"},
      {"::1", "loopback"},
      {"::127.0.0.1", "loopback"},
      {"::ffff:10.0.0.1", "private"},
      {"::ffff:0:10.0.0.1", "private"},
      {"64:ff9b::7f00:1", "loopback"},
      {"64:ff9b::10.1.2.3", "private"},
      {"64:ff9b:1::1", "reserved"},
      {"100::1", "reserved"},
      {"2001::1", "reserved"},
      {"2001:db8::1", "documentation"},
      {"2002:7f00:1::", "loopback"},
      {"2002:a9fe:a9fe::1", "link-local"},
      {"3fff::1", "documentation"},
      {"fc00::1", "unique-local"},
      {"fdff::1", "unique-local"},
      {"fe80::1", "link-local"},
      {"fec0::1", "site-local"},
      {"ff02::1", "multicast"},
      {"4000::1", "reserved"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_ip ip = ip_of(rows[i][0]);
    const char *name = wy_ip_class(&ip);
    if (!name || strcmp(name, rows[i][1]) != 0)
      fail_msg("%s is %s, not %s", rows[i][0], name ? name : "open", rows[i][1]);
  }
}

static void lets_the_internet_through(void **state) {
  (void)state;
  static const char *const rows[] = {
      "1.1.1.1",        "9.255.255.255",   "11.0.0.1",        "100.63.255.255",   "100.128.0.1",
      "126.0.0.1",      "128.0.0.1",       "172.15.255.255",  "172.32.0.1",       "192.167.0.1",
      "223.255.255.1",  "2400:3200::1",    "2606:4700::1111", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1",
      "2002:101:101::", "2001:4860::8888",
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_ip ip = ip_of(rows[i]);
    if (wy_ip_class(&ip)) fail_msg("%s is %s", rows[i], wy_ip_class(&ip));
  }
}

static int allow(wy_guard *g, const char *what) { return wy_guard_allow(g, wy_str_of(what)); }

static bool opens(const wy_guard *g, const char *address) {
  wy_ip ip = ip_of(address);
  return wy_guard_refuses(g, &ip) == NULL;
}

static void opens_what_it_was_told(void **state) {
  (void)state;
  wy_guard g = {0};
  assert_false(opens(NULL, "10.0.0.5"));
  assert_false(opens(&g, "10.0.0.5"));
  assert_int_equal(allow(&g, "10.0.0.5"), 0);
  assert_int_equal(allow(&g, "10.1.0.0/16"), 0);
  assert_int_equal(allow(&g, "fd00:1::/32"), 0);
  assert_int_equal(allow(&g, "Intranet.example"), 0);
  assert_true(opens(&g, "10.0.0.5"));
  assert_true(opens(&g, "::ffff:10.0.0.5"));
  assert_false(opens(&g, "10.0.0.4"));
  assert_true(opens(&g, "10.1.255.1"));
  assert_false(opens(&g, "10.2.0.1"));
  assert_true(opens(&g, "fd00:1::5"));
  assert_false(opens(&g, "fd00:2::5"));
  assert_true(opens(&g, "1.1.1.1"));
  assert_true(wy_guard_has_host(&g, WY_STR("INTRANET.example")));
  assert_false(wy_guard_has_host(&g, WY_STR("intranet.example.org")));
  assert_false(wy_guard_has_host(NULL, WY_STR("intranet.example")));
  wy_guard_deinit(&g);
}

static void refuses_what_is_neither(void **state) {
  (void)state;
  static const char *const wrong[] = {"",          "host/8",     "10.0.0.0/33",
                                      "10.0.0.0/", "10.0.0.0/x", "::/129"};
  wy_guard g = {0};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(allow(&g, wrong[i]), WY_E_ARG);
  wy_guard_deinit(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_what_is_not_the_internet),
      cmocka_unit_test(lets_the_internet_through),
      cmocka_unit_test(opens_what_it_was_told),
      cmocka_unit_test(refuses_what_is_neither),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
