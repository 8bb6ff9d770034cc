/* net/upload: forms with files, whose bytes go to disk as they come. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/upload.h"

#define TYPE WY_STR("multipart/form-data; boundary=b")
#define FIELD(name, value) \
  "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_PART(name, data)                           \
  "--b\r\nContent-Disposition: form-data; name=\"" name \
  "\"; filename=\"a.b\"\r\n"                            \
  "Content-Type: text/plain\r\n\r\n" data "\r\n"
#define END "--b--\r\n"

static char top[64], folder[96];
static const wy_upload_limits limits = {4, 100, false};

static int setup(void **state) {
  (void)state;
  snprintf(top, sizeof top, "/tmp/weiyue-upload-XXXXXX");
  if (!mkdtemp(top)) return -1;
  snprintf(folder, sizeof folder, "%s/state/uploads", top);
  return 0;
}

static int teardown(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", top);
  return system(command);
}

static int files_there(void) {
  DIR *d = opendir(folder);
  int n = 0;
  for (const struct dirent *e; d && (e = readdir(d)) != NULL;) n += e->d_name[0] != '.';
  if (d) closedir(d);
  return n;
}

static wy_upload *start(void) {
  wy_upload *u = NULL;
  assert_int_equal(wy_upload_new(&u, TYPE, &limits, folder), 0);
  return u;
}

static int feed(wy_upload *u, const char *text, size_t piece) {
  size_t n = strlen(text);
  int err = 0;
  for (size_t i = 0; !err && i < n; i += piece)
    err = wy_upload_sink.bytes(u, (wy_str){text + i, n - i < piece ? n - i : piece});
  return err ? err : wy_upload_sink.end(u);
}

static void keeps_fields_in_memory_and_files_on_disk(void **state) {
  (void)state;
  static const char form[] = FIELD("x", "1") FILE_PART("f", "the bytes") END;
  for (size_t piece = 1; piece <= sizeof form; piece++) {
    wy_upload_part p;
    wy_upload *u = start();
    assert_int_equal(feed(u, form, piece), 0);
    assert_true(wy_upload_part_at(u, 0, &p));
    assert_false(p.is_file);
    assert_true(wy_str_eq(p.name, WY_STR("x")) && wy_str_eq(p.value, WY_STR("1")));
    assert_true(wy_upload_part_at(u, 1, &p));
    assert_true(p.is_file && p.size == 9);
    assert_true(wy_str_eq(p.filename, WY_STR("a.b")));
    assert_true(wy_str_eq(p.type, WY_STR("text/plain")));
    assert_null(strstr(p.path, "a.b")); /* the sender names nothing on our disk */
    struct stat st;
    assert_int_equal(stat(p.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 9);
    assert_false(wy_upload_part_at(u, 2, &p));
    assert_int_equal(files_there(), 1);
    wy_upload_sink.drop(u);
    assert_int_equal(files_there(), 0);
  }
  struct stat st;
  assert_int_equal(stat(folder, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
}

static void gives_a_file_away(void **state) {
  char to[128], text[16] = "";
  wy_upload_part p;
  (void)state;
  wy_upload *u = start();
  assert_int_equal(feed(u, FILE_PART("f", "kept") END, 7), 0);
  snprintf(to, sizeof to, "%s/kept", top);
  assert_int_equal(wy_upload_take(u, 0, "/none/such/place"), 2); /* ENOENT: it is still here */
  assert_int_equal(wy_upload_take(u, 0, to), 0);
  assert_true(wy_upload_part_at(u, 0, &p));
  assert_null(p.path);
  assert_int_not_equal(wy_upload_take(u, 0, to), 0);
  wy_upload_sink.drop(u);
  FILE *f = fopen(to, "r");
  assert_non_null(f);
  assert_non_null(fgets(text, sizeof text, f));
  fclose(f);
  assert_string_equal(text, "kept");
}

static int entries(const char *path) {
  DIR *d = opendir(path);
  int n = -2; /* itself and the one above */
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static void what_lies_on_another_disk_stays_until_its_copy_is_whole(void **state) {
  char other[] = "/dev/shm/weiyue-upload-XXXXXX", to[64], text[16] = "";
  struct stat here, there;
  struct rlimit before, small;
  (void)state;
  if (!mkdtemp(other)) skip();
  if (stat(top, &here) || stat(other, &there) || here.st_dev == there.st_dev) {
    rmdir(other);
    skip();
  }
  snprintf(to, sizeof to, "%s/kept", other);
  FILE *f = fopen(to, "w");
  fputs("before", f);
  fclose(f);
  wy_upload *u = start();
  assert_int_equal(feed(u, FILE_PART("f", "0123456789") END, 7), 0);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = (struct rlimit){8, before.rlim_max};
  void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  int number = wy_upload_take(u, 0, to);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, was);
  assert_int_equal(number, EFBIG);
  assert_int_equal(entries(other), 1);
  f = fopen(to, "r");
  assert_string_equal(fgets(text, sizeof text, f), "before");
  fclose(f);
  assert_int_equal(wy_upload_take(u, 0, to), 0);
  f = fopen(to, "r");
  assert_string_equal(fgets(text, sizeof text, f), "0123456789");
  fclose(f);
  assert_int_equal(entries(other), 1);
  assert_int_equal(files_there(), 0);
  wy_upload_sink.drop(u);
  unlink(to);
  rmdir(other);
}

static void expect(const char *form, int wanted) {
  wy_upload *u = start();
  int err = feed(u, form, 11);
  if (err != wanted) fail_msg("%s: %s", form, wy_err_event(err));
  wy_upload_sink.drop(u);
  assert_int_equal(files_there(), 0);
}

static void refuses_what_is_malformed_or_too_much(void **state) {
  (void)state;
  wy_upload *u = NULL;
  assert_int_equal(wy_upload_new(&u, WY_STR("multipart/form-data"), &limits, folder),
                   WY_E_MULTIPART_TYPE);
  expect(FILE_PART("f", "x"), WY_E_MULTIPART_TRUNCATED);
  expect(FIELD("id", "1") FIELD("id", "2") END, WY_E_MULTIPART_DUP);
  expect(FIELD("a", "") FIELD("b", "") FIELD("c", "") FIELD("d", "") FIELD("e", "") END,
         WY_E_MULTIPART_PARTS);
  expect(FILE_PART("f", "x") FIELD("a", "0123456789012345678901234567890123456789012345678901")
             FIELD("b", "0123456789012345678901234567890123456789012345678901") END,
         WY_E_HTTP_BODY);
  expect("", WY_E_MULTIPART_TRUNCATED);
}

static void a_full_disk_is_told_and_nothing_is_left(void **state) {
  struct rlimit before, small;
  (void)state;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = (struct rlimit){1000, before.rlim_max};
  wy_upload *u = start();
  static char block[4000];
  memset(block, 'x', sizeof block);
  assert_int_equal(wy_upload_sink.bytes(u, WY_STR(FILE_PART("f", "begins"))), 0);
  wy_upload_sink.drop(u);
  u = start();
  void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  static const char head[] =
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
  int first = wy_upload_sink.bytes(u, (wy_str){head, sizeof head - 1});
  int second = wy_upload_sink.bytes(u, (wy_str){block, sizeof block});
  int there = files_there();
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, was);
  assert_int_equal(first, 0);
  assert_int_equal(second, WY_E_HTTP_STORAGE);
  assert_int_equal(there, 1);
  wy_upload_sink.drop(u);
  assert_int_equal(files_there(), 0);
}

static void what_a_crash_has_left_goes_after_a_day(void **state) {
  char old[128], fresh[128];
  (void)state;
  wy_upload *u = start(); /* makes the folder */
  assert_int_equal(feed(u, FILE_PART("f", "x") END, 1000), 0);
  wy_upload_sink.drop(u);
  snprintf(old, sizeof old, "%s/old", folder);
  snprintf(fresh, sizeof fresh, "%s/fresh", folder);
  fclose(fopen(old, "w"));
  fclose(fopen(fresh, "w"));
  assert_int_equal(utime(old, &(struct utimbuf){1000000000, 1000000000}), 0);
  wy_upload_sweep(folder);
  assert_int_equal(files_there(), 1);
  assert_int_equal(unlink(fresh), 0);
}

static void a_place_that_is_no_folder_is_told(void **state) {
  char file[128];
  (void)state;
  snprintf(file, sizeof file, "%s/file", top);
  FILE *f = fopen(file, "w");
  assert_non_null(f);
  fclose(f);
  wy_upload *u = NULL;
  assert_int_equal(wy_upload_new(&u, TYPE, &limits, file), 0);
  assert_int_equal(feed(u, FILE_PART("f", "x") END, 1000), WY_E_HTTP_STORAGE);
  wy_upload_sink.drop(u);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_fields_in_memory_and_files_on_disk),
      cmocka_unit_test(gives_a_file_away),
      cmocka_unit_test(what_lies_on_another_disk_stays_until_its_copy_is_whole),
      cmocka_unit_test(refuses_what_is_malformed_or_too_much),
      cmocka_unit_test(a_full_disk_is_told_and_nothing_is_left),
      cmocka_unit_test(what_a_crash_has_left_goes_after_a_day),
      cmocka_unit_test(a_place_that_is_no_folder_is_told),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
