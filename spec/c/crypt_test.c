/* crypt: known answers, round trips and each fault of an envelope by its own name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "codec/crypt.h"

#define KEY WY_STR("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
#define OTHER_KEY WY_STR("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
#define APPID WY_STR("wxtest00000000001")

static wy_crypt *crypt;
static wy_aes_key *key;

static int set_up(void **state) {
  (void)state;
  return wy_crypt_new(&crypt) || wy_aes_key_new(crypt, KEY, &key);
}

static int tear_down(void **state) {
  (void)state;
  wy_aes_key_free(key);
  wy_crypt_free(crypt);
  return 0;
}

static void signs_sorted_by_bytes(void **state) {
  (void)state;
  char out[WY_SIG];
  const wy_str parts[] = {WY_STR("AAAAA"), WY_STR("1714036504"), WY_STR("1514711492")};
  assert_int_equal(wy_crypt_sign(crypt, parts, 3, out), 0);
  assert_memory_equal(out, "f464b24fc39322e44b38aa78f5edd27bd1441696", WY_SIG);
  const wy_str prefixes[] = {WY_STR("9"), WY_STR("10"), WY_STR("9a")};
  assert_int_equal(wy_crypt_sign(crypt, prefixes, 3, out), 0);
  assert_memory_equal(out, "044ca77f5cbf3aa27cc1a01bb76a739484779973", WY_SIG);
  assert_int_equal(wy_crypt_sign(crypt, NULL, 0, out), 0); /* of nothing */
  assert_memory_equal(out, "da39a3ee5e6b4b0d3255bfef95601890afd80709", WY_SIG);
  wy_str many[WY_SIG_PARTS + 1] = {{"", 0}};
  assert_int_equal(wy_crypt_sign(crypt, many, WY_SIG_PARTS + 1, out), WY_E_ARG);
}

static void signs_long_parts_like_joined_ones(void **state) {
  (void)state;
  enum { LONG = 2000 };
  static char text[LONG];
  char whole[WY_SIG], split[WY_SIG];
  memset(text, 'x', sizeof text);
  const wy_str one = {text, LONG};
  assert_int_equal(wy_crypt_sign(crypt, &one, 1, whole), 0);
  for (size_t cut = 0; cut <= LONG; cut += 100) {
    const wy_str parts[] = {{text, cut}, {text, LONG - cut}};
    assert_int_equal(wy_crypt_sign(crypt, parts, 2, split), 0);
    assert_memory_equal(whole, split, WY_SIG);
  }
}

static void compares_forty_bytes(void **state) {
  (void)state;
  const char *want = "f464b24fc39322e44b38aa78f5edd27bd1441696";
  assert_true(wy_sig_equal(wy_str_of(want), want));
  assert_false(wy_sig_equal((wy_str){want, 39}, want));
  assert_false(wy_sig_equal((wy_str){NULL, 0}, want));
  for (size_t i = 0; i < WY_SIG; i++) {
    char near_miss[WY_SIG];
    memcpy(near_miss, want, WY_SIG);
    near_miss[i] = (char)(near_miss[i] ^ 1);
    assert_false(wy_sig_equal((wy_str){near_miss, WY_SIG}, want));
  }
}

static void takes_a_key_of_43_letters_and_digits_only(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
                                    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH",
                                    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF=",
                                    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF+",
                                    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF/",
                                    "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF ",
                                    "\xE4\xBD\xA0ghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ"};
  wy_aes_key *k;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(wy_aes_key_new(crypt, wy_str_of(bad[i]), &k), WY_E_AES_KEY);
    assert_null(k);
  }
}

static void opens_what_it_sealed(void **state) {
  (void)state;
  static char text[5000];
  wy_buf sealed, plain;
  wy_frame frame;
  wy_buf_init(&sealed, 1 << 20);
  wy_buf_init(&plain, 1 << 20);
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7);
  for (size_t n = 0; n <= sizeof text; n += n < 100 ? 1 : 700) {
    wy_buf_clear(&sealed);
    assert_int_equal(wy_buf_lit(&sealed, "before:"), 0);
    assert_int_equal(wy_aes_seal(crypt, key, NULL, (wy_str){text, n}, APPID, &sealed), 0);
    wy_str encrypt = {sealed.p + 7, sealed.n - 7};
    assert_int_equal(wy_aes_open(crypt, key, encrypt, &plain, &frame), 0);
    assert_true(wy_str_eq(frame.message, (wy_str){text, n}));
    assert_true(wy_str_eq(frame.receive_id, APPID));
  }
  wy_buf_deinit(&sealed);
  wy_buf_deinit(&plain);
}

static void draws_fresh_random_bytes(void **state) {
  (void)state;
  wy_buf a, b;
  wy_buf_init(&a, 4096);
  wy_buf_init(&b, 4096);
  assert_int_equal(wy_aes_seal(crypt, key, NULL, WY_STR("x"), APPID, &a), 0);
  assert_int_equal(wy_aes_seal(crypt, key, NULL, WY_STR("x"), APPID, &b), 0);
  assert_int_equal(a.n, b.n);
  assert_memory_not_equal(a.p, b.p, 16);
  wy_buf_deinit(&a);
  wy_buf_deinit(&b);
  unsigned char big[2][8192] = {{0}};
  assert_int_equal(wy_crypt_random(crypt, big[0], sizeof big[0]), 0);
  assert_int_equal(wy_crypt_random(crypt, big[1], sizeof big[1]), 0);
  assert_memory_not_equal(big[0], big[1], sizeof big[0]);
  for (int i = 0; i < 1000; i++) { /* over the edge of the pool, many times */
    assert_int_equal(wy_crypt_random(crypt, big[0], 24), 0);
    assert_memory_not_equal(big[0], big[1], 24);
    memcpy(big[1], big[0], 24);
  }
}

static int open_text(const char *text) {
  wy_buf plain;
  wy_frame frame;
  wy_buf_init(&plain, 65536);
  int err = wy_aes_open(crypt, key, wy_str_of(text), &plain, &frame);
  wy_buf_deinit(&plain);
  return err;
}

static void refuses_base64_that_is_not_strict(void **state) {
  (void)state;
  static const char *const bad[] = {"AAA",
                                    "AAAAA",
                                    "A===",
                                    "====",
                                    "AA=A",
                                    "AAAA====",
                                    "AA\nAA",
                                    "AA AA===",
                                    "-_-_",
                                    "AB==",
                                    "AAB=",
                                    "AA==AAAA",
                                    "AAAAAAAAAAAAAAAAAAAAAA",
                                    " AAA",
                                    "AAA\xC3"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(open_text(bad[i]), WY_E_AES_BASE64);
}

static void refuses_lengths_that_are_no_blocks(void **state) {
  (void)state;
  char text[128];
  for (size_t n = 0; n <= 70; n++) { /* n zero bytes */
    size_t chars = (n + 2) / 3 * 4;
    memset(text, 'A', chars);
    text[chars] = '\0';
    if (n % 3) text[chars - 1] = '=';
    if (n % 3 == 1) text[chars - 2] = '=';
    int want = n == 0 || n % 16 ? WY_E_AES_LENGTH : WY_E_AES_PADDING;
    assert_int_equal(open_text(text), want);
  }
}

static void fails_with_another_key_and_every_flipped_bit(void **state) {
  (void)state;
  wy_aes_key *other;
  wy_buf sealed, plain;
  wy_frame frame;
  wy_buf_init(&sealed, 4096);
  wy_buf_init(&plain, 4096);
  const unsigned char random[16] = "0123456789abcdef";
  assert_int_equal(wy_aes_key_new(crypt, OTHER_KEY, &other), 0);
  assert_int_equal(wy_aes_seal(crypt, key, random, WY_STR("hello"), APPID, &sealed), 0);
  wy_str encrypt = wy_buf_view(&sealed);
  assert_int_equal(wy_aes_open(crypt, other, encrypt, &plain, &frame), WY_E_AES_PADDING);
  wy_aes_key_free(other);
  for (size_t i = 0; i < sealed.n * 8; i++) {
    sealed.p[i / 8] = (char)(sealed.p[i / 8] ^ (1 << i % 8));
    int err = wy_aes_open(crypt, key, encrypt, &plain, &frame);
    /* what still opens is not what was sealed, except for changes in the 16 random bytes */
    if (!err && i / 8 > 22)
      assert_false(wy_str_eq(frame.message, WY_STR("hello")) && wy_str_eq(frame.receive_id, APPID));
    sealed.p[i / 8] = (char)(sealed.p[i / 8] ^ (1 << i % 8));
  }
  assert_int_equal(wy_aes_open(crypt, key, encrypt, &plain, &frame), 0);
  wy_buf_deinit(&sealed);
  wy_buf_deinit(&plain);
}

static void respects_the_buffers_maximum(void **state) {
  (void)state;
  wy_buf small;
  wy_frame frame;
  wy_buf_init(&small, 60);
  assert_int_equal(wy_aes_seal(crypt, key, NULL, WY_STR("hello"), APPID, &small), WY_E_NOMEM);
  wy_buf_init(&small, 60);
  char text[101];
  memset(text, 'A', 100);
  text[100] = '\0';
  assert_int_equal(wy_aes_open(crypt, key, wy_str_of(text), &small, &frame), WY_E_NOMEM);
}

static void writes_base64(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"", ""},
                                        {"f", "Zg=="},
                                        {"fo", "Zm8="},
                                        {"foo", "Zm9v"},
                                        {"foob", "Zm9vYg=="},
                                        {"fooba", "Zm9vYmE="},
                                        {"foobar", "Zm9vYmFy"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    wy_buf out;
    wy_buf_init(&out, 64);
    assert_int_equal(wy_base64_add(&out, wy_str_of(rows[i][0])), 0);
    assert_string_equal(wy_buf_view(&out).p, rows[i][1]);
    wy_buf_deinit(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signs_sorted_by_bytes),
      cmocka_unit_test(signs_long_parts_like_joined_ones),
      cmocka_unit_test(compares_forty_bytes),
      cmocka_unit_test(takes_a_key_of_43_letters_and_digits_only),
      cmocka_unit_test(opens_what_it_sealed),
      cmocka_unit_test(draws_fresh_random_bytes),
      cmocka_unit_test(refuses_base64_that_is_not_strict),
      cmocka_unit_test(refuses_lengths_that_are_no_blocks),
      cmocka_unit_test(fails_with_another_key_and_every_flipped_bit),
      cmocka_unit_test(respects_the_buffers_maximum),
      cmocka_unit_test(writes_base64),
  };
  return cmocka_run_group_tests_name("crypt", tests, set_up, tear_down);
}
