/* admin_key: how the file is made, what is refused, what a request must show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "host/admin_key.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

typedef struct rig {
  char top[64], folder[80], file[96];
  char key[WY_ADMIN_KEY + 1];
  wy_buf why;
} rig;

static int set_up(void **state) {
  rig *r = calloc(1, sizeof *r);
  assert_non_null(r);
  strcpy(r->top, "/tmp/weiyue-admin-key-XXXXXX");
  assert_non_null(mkdtemp(r->top));
  snprintf(r->folder, sizeof r->folder, "%s/state", r->top);
  snprintf(r->file, sizeof r->file, "%s/admin.key", r->folder);
  wy_buf_init(&r->why, 1000);
  *state = r;
  return 0;
}

static int tear_down(void **state) {
  rig *r = *state;
  unlink(r->file);
  rmdir(r->file); /* one spec makes a folder of it */
  rmdir(r->folder);
  int left = rmdir(r->top); /* fails when a spec left something behind */
  wy_buf_deinit(&r->why);
  free(r);
  return left;
}

static int open_key(rig *r) {
  wy_buf_clear(&r->why);
  memset(r->key, 'x', sizeof r->key);
  return wy_admin_key_open(r->folder, r->key, &r->why);
}

static void write_file(rig *r, const char *text, size_t n, mode_t mode) {
  FILE *f = fopen(r->file, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(r->file, mode), 0);
}

static size_t read_file(const rig *r, char *to, size_t n) {
  FILE *f = fopen(r->file, "rb");
  assert_non_null(f);
  n = fread(to, 1, n, f);
  fclose(f);
  return n;
}

static mode_t mode_of(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  return st.st_mode & 07777;
}

static void is_refused(rig *r, const char *because) {
  assert_int_equal(open_key(r), WY_E_CONFIG);
  assert_string_equal(r->key, "");
  if (!strstr(wy_buf_view(&r->why).p, because))
    fail_msg("\"%s\" says nothing of \"%s\"", wy_buf_view(&r->why).p, because);
}

static void is_key(const char *key) {
  assert_int_equal(strlen(key), WY_ADMIN_KEY);
  assert_int_equal(strspn(key, "0123456789abcdef"), WY_ADMIN_KEY);
}

static size_t names_in(const char *path) {
  size_t n = 0;
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

static void makes_a_key_for_its_owner_alone(void **state) {
  rig *r = *state;
  char text[100];
  mode_t before = umask(0277); /* neither a lax nor a strict umask changes the mode */
  mkdir(r->folder, 0700);
  assert_int_equal(chmod(r->folder, 0700), 0);
  int err = open_key(r);
  umask(before);
  assert_int_equal(err, 0);
  is_key(r->key);
  assert_int_equal(mode_of(r->file), 0600);
  assert_int_equal(read_file(r, text, sizeof text), WY_ADMIN_KEY + 1);
  assert_memory_equal(text, r->key, WY_ADMIN_KEY);
  assert_int_equal(text[WY_ADMIN_KEY], '\n');
  assert_int_equal(names_in(r->folder), 1); /* no temporary file is left */
}

static void makes_the_folder_for_its_owner_alone(void **state) {
  rig *r = *state;
  mode_t before = umask(0);
  int err = open_key(r);
  umask(before);
  assert_int_equal(err, 0);
  assert_int_equal(mode_of(r->folder), 0700);
  assert_int_equal(mode_of(r->file), 0600);
}

static void makes_no_parents(void **state) {
  rig *r = *state;
  size_t n = strlen(r->folder);
  strcpy(r->folder + n, "/deep");
  is_refused(r, "cannot make the state folder");
  r->folder[n] = '\0';
  assert_int_equal(access(r->folder, F_OK), -1);
}

static void keeps_the_key_that_is_there(void **state) {
  rig *r = *state;
  char first[WY_ADMIN_KEY + 1];
  assert_int_equal(open_key(r), 0);
  memcpy(first, r->key, sizeof first);
  assert_int_equal(open_key(r), 0);
  assert_string_equal(r->key, first);
  assert_int_equal(unlink(r->file), 0);
  assert_int_equal(open_key(r), 0);
  is_key(r->key);
  assert_string_not_equal(r->key, first);
}

static void takes_a_key_of_capital_digits_as_it_stands(void **state) {
  rig *r = *state;
  char text[] = KEY "\n";
  text[20] = 'A';
  mkdir(r->folder, 0700);
  write_file(r, text, sizeof text - 1, 0400);
  assert_int_equal(open_key(r), 0);
  text[WY_ADMIN_KEY] = '\0';
  assert_string_equal(r->key, text);
}

static void refuses_a_file_that_others_have_rights_to(void **state) {
  rig *r = *state;
  static const mode_t bad[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777};
  mkdir(r->folder, 0700);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char mode[16];
    snprintf(mode, sizeof mode, "mode %04o ", (unsigned)bad[i]);
    write_file(r, KEY "\n", WY_ADMIN_KEY + 1, bad[i]);
    is_refused(r, mode);
    assert_int_equal(mode_of(r->file), bad[i]);
  }
}

static void refuses_what_is_no_key_and_leaves_it(void **state) {
  rig *r = *state;
#define ROW(text) \
  { text, sizeof(text) - 1 }
  static const wy_str bad[] = {
      ROW(""),
      ROW("\n"),
      ROW(KEY),
      ROW(KEY "\r\n"),
      ROW(KEY "\n\n"),
      ROW(KEY "0\n"),
      ROW(KEY " "),
      ROW(" " KEY),
      ROW(KEY KEY "\n"),
      ROW("key=" KEY "\n"),
      ROW("0011223344556677 899aabbccddeeff00112233445566778899aabbccddeeff\n"),
      ROW("g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"),
      ROW("0112233445566778899aabbccddeeff00112233445566778899aabbccddeef\0\n"),
  };
#undef ROW
  mkdir(r->folder, 0700);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[200];
    write_file(r, bad[i].p, bad[i].n, 0600);
    is_refused(r, "not 64 hex digits");
    assert_int_equal(read_file(r, text, sizeof text), bad[i].n);
    assert_memory_equal(text, bad[i].p, bad[i].n);
  }
}

static void refuses_what_is_no_file(void **state) {
  rig *r = *state;
  mkdir(r->folder, 0700);
  assert_int_equal(mkdir(r->file, 0700), 0);
  is_refused(r, "not a regular file");
  assert_int_equal(rmdir(r->file), 0);
  assert_int_equal(mkfifo(r->file, 0600), 0);
  is_refused(r, "not a regular file"); /* and does not wait for a writer */
  assert_int_equal(unlink(r->file), 0);
  assert_int_equal(symlink("nowhere", r->file), 0);
  is_refused(r, "a link to a file that is not there");
  assert_int_equal(names_in(r->folder), 1);
}

static void refuses_a_state_folder_that_is_a_file(void **state) {
  rig *r = *state;
  char path[sizeof r->file];
  strcpy(path, r->file);
  strcpy(r->file, r->folder);
  write_file(r, "", 0, 0600);
  is_refused(r, "cannot open the state folder");
  assert_int_equal(unlink(r->folder), 0);
  strcpy(r->file, path);
}

/* The processes wait at a pipe and are let go together. */
static void gives_processes_that_start_together_one_key(void **state) {
  rig *r = *state;
  enum { PROCESSES = 8, ROUNDS = 20 };
  for (int round = 0; round < ROUNDS; round++) {
    int go[2], keys[2];
    char key[PROCESSES][WY_ADMIN_KEY];
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(keys), 0);
    for (int i = 0; i < PROCESSES; i++) {
      pid_t pid = fork();
      assert_true(pid >= 0);
      if (pid > 0) continue;
      char c;
      close(go[1]);
      bool ok = read(go[0], &c, 1) == 0 && open_key(r) == 0 &&
                write(keys[1], r->key, WY_ADMIN_KEY) == WY_ADMIN_KEY;
      _exit(!ok);
    }
    close(go[0]), close(go[1]), close(keys[1]);
    for (int i = 0; i < PROCESSES; i++) {
      int status;
      assert_true(wait(&status) > 0);
      assert_int_equal(status, 0);
      assert_int_equal(read(keys[0], key[i], WY_ADMIN_KEY), WY_ADMIN_KEY);
      assert_memory_equal(key[i], key[0], WY_ADMIN_KEY);
    }
    close(keys[0]);
    assert_int_equal(names_in(r->folder), 1);
    assert_int_equal(unlink(r->file), 0);
    assert_int_equal(rmdir(r->folder), 0); /* they make the folder together, too */
  }
}

static void asks_for_the_whole_key(void **state) {
  (void)state;
  static const char *const yes[] = {"Bearer " KEY, "bearer " KEY, "BEARER " KEY,
                                    " Bearer   " KEY " "};
  static const char *const no[] = {"",
                                   "Bearer",
                                   "Bearer ",
                                   KEY,
                                   "Basic " KEY,
                                   "Bearer" KEY,
                                   "Bearer: " KEY,
                                   "Bearer " KEY "0",
                                   "Bearer 0" KEY,
                                   "Bearer " KEY ", Bearer " KEY};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    if (!wy_admin_key_fits(KEY, wy_str_of(yes[i]))) fail_msg("\"%s\" is refused", yes[i]);
  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    if (wy_admin_key_fits(KEY, wy_str_of(no[i]))) fail_msg("\"%s\" is accepted", no[i]);
  char text[] = "Bearer " KEY;
  for (size_t i = 7; i < sizeof text - 1; i++) {
    text[i] ^= 1;
    assert_false(wy_admin_key_fits(KEY, wy_str_of(text)));
    text[i] ^= 1;
  }
  for (size_t n = 0; n < sizeof text - 1; n++)
    assert_false(wy_admin_key_fits(KEY, (wy_str){text, n}));
}

static void lets_nothing_fit_an_empty_key(void **state) {
  (void)state;
  static const char none[WY_ADMIN_KEY + 1] = "";
  char text[7 + WY_ADMIN_KEY] = "Bearer ";
  assert_false(wy_admin_key_fits(none, WY_STR("Bearer ")));
  assert_false(wy_admin_key_fits(none, (wy_str){text, sizeof text}));
}

int main(void) {
#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      WITH_FOLDER(makes_a_key_for_its_owner_alone),
      WITH_FOLDER(makes_the_folder_for_its_owner_alone),
      WITH_FOLDER(makes_no_parents),
      WITH_FOLDER(keeps_the_key_that_is_there),
      WITH_FOLDER(takes_a_key_of_capital_digits_as_it_stands),
      WITH_FOLDER(refuses_a_file_that_others_have_rights_to),
      WITH_FOLDER(refuses_what_is_no_key_and_leaves_it),
      WITH_FOLDER(refuses_what_is_no_file),
      WITH_FOLDER(refuses_a_state_folder_that_is_a_file),
      WITH_FOLDER(gives_processes_that_start_together_one_key),
      cmocka_unit_test(asks_for_the_whole_key),
      cmocka_unit_test(lets_nothing_fit_an_empty_key),
  };
  return cmocka_run_group_tests_name("admin_key", tests, NULL, NULL);
}
