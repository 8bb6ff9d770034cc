/* hash: the values of the reference algorithm with 1 and 3 rounds, and the framing of parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

/* Bytes 0 to 15, as in the published vectors. */
static const wy_hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static char counting[300]; /* 0, 1, 2 … */

static int set_up(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof counting; i++) counting[i] = (char)(i & 0xff);
  return 0;
}

static void gives_the_published_values(void **state) {
  (void)state;
  static const uint64_t want[] = {
      0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb,
      0xcf75576088d38328, 0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
      0x369095118d299a8e, 0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
      0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34, 0xd320d86d2a519956,
      0xcc4fdd1a7d908b66,
  };
  for (size_t n = 0; n < sizeof want / sizeof *want; n++)
    assert_true(wy_hash64(&key, (wy_str){counting, n}) == want[n]);
  /* The length enters modulo 256. */
  assert_true(wy_hash64(&key, (wy_str){counting, 300}) == 0x4016a23bda5a2224);
}

static void agrees_with_another_program_without_a_key(void **state) {
  (void)state;
  assert_true(wy_hash64(&(wy_hash_key){0}, WY_STR("abc")) == 0xc03bc3a0042630f2);
}

static void does_not_need_aligned_bytes(void **state) {
  (void)state;
  char moved[17];
  for (size_t i = 0; i < 16; i++) moved[i + 1] = (char)i;
  assert_true(wy_hash64(&key, (wy_str){moved + 1, 16}) == 0xcc4fdd1a7d908b66);
}

/* Values: OpenSSL's SIPHASH with these rounds and 16 bytes. */
static void gives_128_bits_of_a_string(void **state) {
  (void)state;
  static const struct {
    size_t n;
    uint64_t lo, hi;
  } want[] = {
      {0, 0xbea58827b2bc7ee7, 0x013030dd6adb62fd},   {1, 0xa8edd36004376ffc, 0x63f02f2bcc73055e},
      {2, 0x9b836905097f7875, 0x95ea6a8c54c95b85},   {3, 0x9ff7dc1efaccc56b, 0x43d7eb1277182348},
      {4, 0x5a282bac714e780c, 0x252cbf8fe7928e9f},   {5, 0x0c625b3489db28f3, 0x3e849526a4295279},
      {6, 0x10e743f7293dd0dc, 0xf8a68539e8b05109},   {7, 0xc3e0aaf223b98410, 0x77ab4808c82e2fa6},
      {8, 0xb4dae3d5e1fe12aa, 0x99c7f935ab164f72},   {9, 0x9439f32c04b8dd81, 0x427c1394000e72f4},
      {10, 0x898e495d1d54aa4f, 0xb42fb287c3a40eba},  {11, 0xdb914455f39a3b72, 0x4e0c6efc3d63d6b1},
      {12, 0xa819489e85923fe5, 0x658cea9f739506dc},  {13, 0x1d80eac9c758f8b2, 0x4478656d5903d653},
      {14, 0x7222c9db6862e787, 0x78e3645f66cab026},  {15, 0x6c52bdb205557ec1, 0x09017e1eeccd2129},
      {16, 0xeb8e511557d9a8d0, 0x93179e3df8b013b5},  {63, 0x6f42fe4ee300584c, 0xad6052a70a6b9f07},
      {300, 0x17c56127d6ea6531, 0x2b57cd73cf9d8119},
  };
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    wy_hash128 h = wy_hash128_str(&key, (wy_str){counting, want[i].n});
    assert_true(h.lo == want[i].lo && h.hi == want[i].hi);
  }
}

static void is(const wy_str *parts, size_t n, uint64_t lo, uint64_t hi) {
  wy_hash128 h = wy_hash128_of(&key, parts, n);
  assert_true(h.lo == lo);
  assert_true(h.hi == hi);
}

/* Values: another implementation, over the bytes that hash.h describes. */
static void frames_its_parts(void **state) {
  (void)state;
  const wy_str abc[] = {WY_STR("ab"), WY_STR("c")}, bca[] = {WY_STR("a"), WY_STR("bc")};
  const wy_str empty[] = {WY_STR(""), {NULL, 0}};
  is(NULL, 0, 0xbea58827b2bc7ee7, 0x013030dd6adb62fd);
  is(empty, 1, 0xe2b3f81d9780e3df, 0x25fbf3e33e8ff111);
  is(empty, 2, 0x3493e40ea18e3fa4, 0xe0ed50311977ff9f);
  is(abc, 2, 0x61493e6754ca7680, 0x6d20a4070152a654);
  is(bca, 2, 0xb7011943323467fb, 0x373f87a2d66a57d6);
  is(&WY_STR("12345678"), 1, 0xedc4c5d92ac8a7c0, 0x7b2b47321a3d9d1a);
}

static void hashes_what_names_a_push(void **state) {
  (void)state;
  const wy_str parts[] = {WY_STR("o6_bmjrPTlm6_2sgVt7hMZOPfL2M"), WY_STR("6054768590064713728"),
                          WY_STR("1700000000"), WY_STR("text")};
  is(parts, 4, 0x98af5d589aecfde4, 0xba450898cdd705a2);
  is(&(wy_str){counting, 300}, 1, 0xae41b7d68d17b811, 0xdd8c67662c59c81d);
}

static void depends_on_both_halves_of_the_key(void **state) {
  (void)state;
  const wy_hash_key a = {key.a ^ 1, key.b}, b = {key.a, key.b ^ 1};
  const wy_str s = WY_STR("abc");
  assert_true(wy_hash64(&a, s) != wy_hash64(&key, s));
  assert_true(wy_hash64(&b, s) != wy_hash64(&key, s));
  assert_true(wy_hash128_of(&a, &s, 1).hi != wy_hash128_of(&key, &s, 1).hi);
  assert_true(wy_hash128_of(&b, &s, 1).hi != wy_hash128_of(&key, &s, 1).hi);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_the_published_values),
      cmocka_unit_test(agrees_with_another_program_without_a_key),
      cmocka_unit_test(does_not_need_aligned_bytes),
      cmocka_unit_test(gives_128_bits_of_a_string),
      cmocka_unit_test(frames_its_parts),
      cmocka_unit_test(hashes_what_names_a_push),
      cmocka_unit_test(depends_on_both_halves_of_the_key),
  };
  return cmocka_run_group_tests_name("hash", tests, set_up, NULL);
}
