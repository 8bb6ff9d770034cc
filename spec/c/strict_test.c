/* strict: the llhttp in this build refuses by itself what only its strict mode refuses. A build
 * without that mode is open to request smuggling, whatever the code around it checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <llhttp.h>

static int messages;
static int on_message(llhttp_t *p) {
  (void)p;
  messages++;
  return 0;
}

static llhttp_errno_t parse(const char *bytes, size_t n, size_t step) {
  llhttp_settings_t settings;
  llhttp_t p;
  llhttp_settings_init(&settings);
  settings.on_message_complete = on_message;
  llhttp_init(&p, HTTP_REQUEST, &settings);
  messages = 0;
  llhttp_errno_t e = HPE_OK;
  for (size_t i = 0; i < n && e == HPE_OK; i += step)
    e = llhttp_execute(&p, bytes + i, n - i < step ? n - i : step);
  return e;
}

/* Whole and byte by byte. */
static void refuses(const char *bytes) {
  if (parse(bytes, strlen(bytes), strlen(bytes)) == HPE_OK) fail_msg("accepted whole: %s", bytes);
  if (parse(bytes, strlen(bytes), 1) == HPE_OK) fail_msg("accepted byte by byte: %s", bytes);
}

#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static void accepts_what_is_well_formed(void **state) {
  (void)state;
  static const char good[] = CHUNKED
      "1;x=y\r\na\r\n0\r\nT: v\r\n\r\nGET / HTTP/1.1\r\nHost : "
      "a\r\n\r\n";
  /* up to the fault in the second request, so that the refusals below mean something */
  size_t n = sizeof CHUNKED "1;x=y\r\na\r\n0\r\nT: v\r\n\r\n" - 1;
  assert_int_equal(parse(good, n, n), HPE_OK);
  assert_int_equal(messages, 1);
  assert_int_equal(parse(good, n, 1), HPE_OK);
  assert_int_equal(messages, 1);
}

static void refuses_cr_as_the_end_of_a_field(void **state) {
  (void)state; /* CVE-2023-30589 */
  refuses("GET / HTTP/1.1\r\nHost: a\r\nX:\rTransfer-Encoding: chunked\r\n\r\n");
  refuses("GET / HTTP/1.1\r\nHost: a\r\nX:\rxTransfer-Encoding: chunked\r\n\r\n");
  refuses("GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ: 1\r\n\r\n");
}

static void refuses_cr_x_as_the_end_of_a_head(void **state) {
  (void)state; /* CVE-2025-23167 */
  refuses("GET / HTTP/1.1\r\nHost: a\r\n\rXGET /evil HTTP/1.1\r\nHost: a\r\n\r\n");
  assert_int_equal(messages, 0);
  refuses("GET / HTTP/1.1\r\nHost: a\r\n\rX");
}

static void refuses_cr_x_in_chunks(void **state) {
  (void)state;
  refuses(CHUNKED "1\rXa\r\n0\r\n\r\n");
  refuses(CHUNKED "1;e\rXa\r\n0\r\n\r\n");
  refuses(CHUNKED "1;e=v\rXa\r\n0\r\n\r\n");
  refuses(CHUNKED "1\r\na\rX0\r\n\r\n");
  refuses(CHUNKED "1\r\na\r\n0\rX\r\n");
  refuses(CHUNKED "1\r\naX0\r\n\r\n");
}

static void refuses_a_blank_before_the_colon(void **state) {
  (void)state;
  refuses("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
  refuses("GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\nx");
  refuses("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n");
}

static void refuses_targets_of_8_bit_bytes(void **state) {
  (void)state;
  char text[64];
  for (int c = 0x80; c < 0x100; c++) {
    snprintf(text, sizeof text, "GET /%c HTTP/1.1\r\nHost: a\r\n\r\n", c);
    refuses(text);
    snprintf(text, sizeof text, "GET /?%c HTTP/1.1\r\nHost: a\r\n\r\n", c);
    refuses(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_what_is_well_formed),
      cmocka_unit_test(refuses_cr_as_the_end_of_a_field),
      cmocka_unit_test(refuses_cr_x_as_the_end_of_a_head),
      cmocka_unit_test(refuses_cr_x_in_chunks),
      cmocka_unit_test(refuses_a_blank_before_the_colon),
      cmocka_unit_test(refuses_targets_of_8_bit_bytes),
  };
  return cmocka_run_group_tests_name("strict", tests, NULL, NULL);
}
