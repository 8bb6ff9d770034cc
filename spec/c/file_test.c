/* net/file: which files a name leads to, and which bytes of them are wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/file.h"

static char folder[64];

static void write_file(const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void make_link(const char *to, const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(symlink(to, path), 0);
}

static void make_folder(const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(mkdir(path, 0700), 0);
}

static int setup(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/weiyue-file-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  make_folder("pub");
  make_folder("pub/in");
  make_folder("pub/.git");
  write_file("pub/a.txt", "0123456789");
  write_file("pub/in/b.txt", "b");
  write_file("pub/a..b", "dots");
  write_file("pub/.env", "secret");
  write_file("pub/.git/config", "secret");
  write_file("outside.txt", "secret");
  make_link("a.txt", "pub/link.txt");
  make_link("in", "pub/folder");
  make_link("../outside.txt", "pub/out.txt");
  make_link("..", "pub/up");
  make_link("/etc/passwd", "pub/passwd");
  make_link(".env", "pub/env");
  make_link("loop", "pub/loop");
  return 0;
}

static int teardown(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static int opens(const char *name, wy_file *f) {
  char pub[96];
  snprintf(pub, sizeof pub, "%s/pub", folder);
  return wy_file_open(f, pub, wy_str_of(name));
}

static void finds_files_of_the_folder(void **state) {
  static const char *const names[] = {"a.txt", "in/b.txt", "a..b", "link.txt", "folder/b.txt"};
  static const size_t sizes[] = {10, 1, 4, 10, 1};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    wy_file f;
    assert_int_equal(opens(names[i], &f), 0);
    assert_int_equal(f.size, sizes[i]);
    wy_file_close(&f);
  }
}

static void finds_nothing_else(void **state) {
  static const char *const names[] = {"",
                                      "/",
                                      "/etc/passwd",
                                      "..",
                                      "../outside.txt",
                                      "in/../a.txt",
                                      ".",
                                      "./a.txt",
                                      "in",
                                      "in/",
                                      "a.txt/",
                                      "in//b.txt",
                                      ".env",
                                      "env",
                                      "out.txt",
                                      "up/outside.txt",
                                      "passwd",
                                      "loop",
                                      ".git/config",
                                      "none",
                                      "a.txt/x",
                                      "up/pub/a.txt/..",
                                      "folder/../../outside.txt"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    wy_file f;
    if (opens(names[i], &f) == 0) fail_msg("%s was opened", names[i]);
    assert_int_equal(f.fd, -1);
  }
  wy_file f;
  assert_int_equal(wy_file_open(&f, folder, (wy_str){"pub/a.txt\0x", 11}), WY_E_HTTP_NOT_FOUND);
}

static void a_file_is_not_missing_where_no_descriptor_is_left(void **state) {
  static const char *const names[] = {"a.txt", "in/b.txt", "link.txt"};
  struct rlimit before, none;
  int found[3];
  wy_file f;
  (void)state;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = (struct rlimit){3, before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (size_t i = 0; i < 3; i++) found[i] = opens(names[i], &f);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  for (size_t i = 0; i < 3; i++) assert_int_equal(found[i], WY_E_HTTP_BUSY);
  assert_int_equal(opens("none", &f), WY_E_HTTP_NOT_FOUND);
}

static void a_tag_is_another_when_the_file_is(void **state) {
  wy_file f;
  char before[WY_FILE_TAG];
  (void)state;
  assert_int_equal(opens("a..b", &f), 0);
  strcpy(before, f.tag);
  wy_file_close(&f);
  write_file("pub/a..b", "dots and more");
  assert_int_equal(opens("a..b", &f), 0);
  assert_string_not_equal(before, f.tag);
  wy_file_close(&f);
  write_file("pub/a..b", "dots");
}

static void reads_ranges(void **state) {
  static const struct {
    const char *field;
    uint64_t size;
    int result;
    uint64_t from, n;
  } rows[] = {
      {"bytes=0-4", 10, 1, 0, 5},
      {"bytes=5-", 10, 1, 5, 5},
      {"bytes=-3", 10, 1, 7, 3},
      {"bytes=-30", 10, 1, 0, 10},
      {"bytes=9-100", 10, 1, 9, 1},
      {"Bytes=0-0", 10, 1, 0, 1},
      {"bytes=10-", 10, -1, 0, 0},
      {"bytes=-0", 10, -1, 0, 0},
      {"bytes=0-", 0, -1, 0, 0},
      {"bytes=5-4", 10, 0, 0, 0},
      {"bytes=0-1,3-4", 10, 0, 0, 0},
      {"bytes=-", 10, 0, 0, 0},
      {"lines=0-4", 10, 0, 0, 0},
      {"bytes=a-b", 10, 0, 0, 0},
      {"", 10, 0, 0, 0},
      {"bytes=0-18446744073709551616", 10, 0, 0, 0},
      {"bytes=0-18446744073709551615", 10, 1, 0, 10},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint64_t from = 0, n = 0;
    int got = wy_file_range(wy_str_of(rows[i].field), rows[i].size, &from, &n);
    if (got != rows[i].result) fail_msg("%s: %d", rows[i].field, got);
    if (got < 1) continue;
    assert_int_equal(from, rows[i].from);
    assert_int_equal(n, rows[i].n);
  }
}

static void writes_dates(void **state) {
  char date[32];
  (void)state;
  wy_file_date(784111777, date);
  assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_files_of_the_folder),
      cmocka_unit_test(finds_nothing_else),
      cmocka_unit_test(a_file_is_not_missing_where_no_descriptor_is_left),
      cmocka_unit_test(a_tag_is_another_when_the_file_is),
      cmocka_unit_test(reads_ranges),
      cmocka_unit_test(writes_dates),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
