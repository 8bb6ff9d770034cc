/* journal: the file of serve --record: rights, bound, whole lines, who is taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "host/journal.h"

enum { SMALL = 8192 };

typedef struct rig {
  char top[64], path[96], old[96], state[96];
  wy_journal_options options;
  wy_log log;
  wy_journal *journal;
  wy_buf why;
} rig;

static int set_up(void **state) {
  rig *r = calloc(1, sizeof *r);
  assert_non_null(r);
  strcpy(r->top, "/tmp/weiyue-journal-XXXXXX");
  assert_non_null(mkdtemp(r->top));
  snprintf(r->path, sizeof r->path, "%s/journal", r->top);
  snprintf(r->old, sizeof r->old, "%s/journal.1", r->top);
  snprintf(r->state, sizeof r->state, "%s/state", r->top);
  wy_buf_init(&r->why, 1000);
  r->options = (wy_journal_options){r->path, r->state, NULL, &r->log, SMALL};
  *state = r;
  return 0;
}

static int tear_down(void **state) {
  rig *r = *state;
  char key[128];
  wy_journal_close(r->journal);
  snprintf(key, sizeof key, "%s/admin.key", r->state);
  unlink(key);
  rmdir(r->state);
  unlink(r->path);
  unlink(r->old);
  int left = rmdir(r->top); /* fails when something else was left behind */
  wy_buf_deinit(&r->why);
  free(r);
  return left;
}

static int open_again(rig *r) {
  wy_journal_close(r->journal);
  r->journal = NULL;
  wy_buf_clear(&r->why);
  return wy_journal_open(&r->journal, &r->options, &r->why);
}

static int add(rig *r, const char *user, const char *text) {
  char body[512];
  snprintf(
      body, sizeof body,
      "<xml><ToUserName>gh_a</ToUserName><FromUserName>%s</FromUserName><CreateTime>1</CreateTime>"
      "<MsgType>text</MsgType><Content>%s</Content></xml>",
      user, text);
  const wy_journal_item one = {.kind = "push",
                               .trace = "aa",
                               .attempt = 1,
                               .at_ms = 1700000000000,
                               .account = WY_STR("demo"),
                               .user = wy_str_of(user),
                               .body = wy_str_of(body)};
  int err = wy_journal_add(r->journal, &one);
  return err ? err : wy_journal_write(r->journal);
}

static char *read_file(const char *path) {
  FILE *f = fopen(path, "rb");
  char *text = calloc(1, 1 << 20);
  assert_non_null(text);
  if (f) {
    size_t n = fread(text, 1, (1 << 20) - 1, f);
    text[n] = '\0';
    fclose(f);
  }
  return text;
}

static size_t count(const char *path, const char *what) {
  char *text = read_file(path);
  size_t n = 0;
  for (const char *p = text; (p = strstr(p, what)) != NULL; p++) n++;
  free(text);
  return n;
}

static void is_its_owners_alone(void **state) {
  rig *r = *state;
  struct stat st;
  umask(0);
  assert_int_equal(open_again(r), 0);
  assert_int_equal(stat(r->path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
}

static void takes_rights_of_others_from_a_file_that_is_there(void **state) {
  rig *r = *state;
  struct stat st;
  assert_int_equal(open_again(r), 0);
  chmod(r->path, 0644);
  assert_int_equal(open_again(r), 0);
  assert_int_equal(stat(r->path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
}

static void has_one_head_and_goes_on(void **state) {
  rig *r = *state;
  assert_int_equal(open_again(r), 0);
  assert_int_equal(add(r, "oA", "one"), 0);
  assert_int_equal(open_again(r), 0);
  assert_int_equal(add(r, "oA", "two"), 0);
  assert_int_equal(count(r->path, "weiyue_journal"), 1);
  assert_int_equal(count(r->path, "\n"), 3);
}

static void is_bounded(void **state) {
  rig *r = *state;
  struct stat now, old;
  assert_int_equal(open_again(r), 0);
  for (int i = 0; i < 200; i++) assert_int_equal(add(r, "oA", "some text or other"), 0);
  assert_int_equal(stat(r->path, &now), 0);
  assert_int_equal(stat(r->old, &old), 0);
  assert_true(now.st_size <= SMALL);
  assert_true(old.st_size <= SMALL && old.st_size > SMALL / 2);
  assert_int_equal(count(r->path, "weiyue_journal"), 1);
  assert_int_equal(count(r->old, "weiyue_journal"), 1);
  assert_int_equal(old.st_mode & 07777, 0600);
}

static void keeps_the_words_for_users_when_it_begins_anew(void **state) {
  rig *r = *state;
  assert_int_equal(open_again(r), 0);
  for (int i = 0; i < 200; i++) assert_int_equal(add(r, "oA", "text"), 0);
  char *text = read_file(r->path), *other = read_file(r->old);
  const char *one = strstr(text, "\"user\":\""), *two = strstr(other, "\"user\":\"");
  assert_non_null(one);
  assert_non_null(two);
  assert_int_equal(strncmp(one, two, 8 + 28), 0);
  free(text);
  free(other);
}

/* As where it was killed between the two steps, or somebody has moved it. */
static void keeps_the_words_where_only_the_older_file_is_there(void **state) {
  rig *r = *state;
  assert_int_equal(open_again(r), 0);
  assert_int_equal(add(r, "oA", "before"), 0);
  assert_int_equal(rename(r->path, r->old), 0);
  assert_int_equal(open_again(r), 0);
  assert_int_equal(add(r, "oB", "behind"), 0);
  assert_int_equal(wy_journal_forget(r->journal, WY_STR("oA")), 0);
  assert_int_equal(wy_journal_purge(r->journal), 0);
  assert_int_equal(count(r->old, "before"), 0);
  assert_int_equal(count(r->path, "behind"), 1);
}

static void ends_a_torn_line(void **state) {
  rig *r = *state;
  assert_int_equal(open_again(r), 0);
  FILE *f = fopen(r->path, "ab");
  assert_non_null(f);
  fputs("{\"kind\":\"pu", f);
  fclose(f);
  assert_int_equal(open_again(r), 0);
  assert_int_equal(add(r, "oA", "one"), 0);
  assert_int_equal(count(r->path, "\n{\"account\""), 1);
}

static void refuses_another_file(void **state) {
  rig *r = *state;
  static const char *const texts[] = {"diary\n", "no end", "{}\n", "{\"weiyue_journal\":99}\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    FILE *f = fopen(r->path, "wb");
    assert_non_null(f);
    fputs(texts[i], f);
    fclose(f);
    assert_int_equal(open_again(r), WY_E_RECORD);
    assert_non_null(strstr(r->why.p, "something else"));
    char *text = read_file(r->path);
    assert_string_equal(text, texts[i]);
    free(text);
  }
}

static void refuses_what_is_no_file(void **state) {
  rig *r = *state;
  r->options.path = "/dev/null";
  assert_int_equal(open_again(r), WY_E_RECORD);
  assert_non_null(strstr(r->why.p, "no regular file"));
  r->options.path = "/nowhere/journal";
  assert_int_equal(open_again(r), WY_E_RECORD);
  assert_non_null(strstr(r->why.p, "No such file"));
}

static void takes_users_out_of_both_files(void **state) {
  rig *r = *state;
  assert_int_equal(open_again(r), 0);
  for (int i = 0; i < 60; i++) {
    assert_int_equal(add(r, "oA", "of the one"), 0);
    assert_int_equal(add(r, "oB", "of the other"), 0);
  }
  size_t before = count(r->path, "of the other"), before_old = count(r->old, "of the other");
  assert_true(before > 0 && before_old > 0);
  assert_int_equal(wy_journal_forget(r->journal, WY_STR("oA")), 0);
  assert_int_equal(wy_journal_purge(r->journal), 0);
  assert_int_equal(count(r->path, "of the one") + count(r->old, "of the one"), 0);
  assert_int_equal(count(r->path, "of the other"), before);
  assert_int_equal(count(r->old, "of the other"), before_old);
  struct stat st;
  assert_int_equal(stat(r->path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  assert_int_equal(add(r, "oB", "afterwards"), 0); /* to the new file */
  assert_int_equal(count(r->path, "afterwards"), 1);
}

static void goes_on_with_a_file_that_was_moved(void **state) {
  rig *r = *state;
  assert_int_equal(open_again(r), 0);
  assert_int_equal(add(r, "oA", "before"), 0);
  assert_int_equal(rename(r->path, r->old), 0);
  assert_int_equal(add(r, "oA", "behind"), 0);
  assert_int_equal(count(r->old, "behind"), 0);
  assert_int_equal(count(r->path, "weiyue_journal"), 1);
  assert_int_equal(count(r->path, "behind"), 1);
}

static void write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void leaves_alone_what_took_its_name(void **state) {
  rig *r = *state;
  static const char *const texts[] = {"notes\n",
                                      "{\"id\":\"0123456789abcdef\",\"weiyue_journal\":1}\n"};
  umask(022);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct stat st;
    unlink(r->path);
    assert_int_equal(open_again(r), 0);
    assert_int_equal(add(r, "oA", "before"), 0);
    assert_int_equal(rename(r->path, r->old), 0);
    write_file(r->path, texts[i]);
    assert_int_equal(add(r, "oA", "behind"), WY_E_RECORD);
    assert_non_null(strstr(wy_journal_why(r->journal), "another file has its name now"));
    char *text = read_file(r->path);
    assert_string_equal(text, texts[i]);
    free(text);
    assert_int_equal(stat(r->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
  }
}

/* One that is being made by a process about to end is as new as that. */
static void removes_what_a_kill_has_left(void **state) {
  rig *r = *state;
  char scratch[104];
  snprintf(scratch, sizeof scratch, "%s.tmp", r->path);
  write_file(scratch, "lines");
  assert_int_equal(open_again(r), 0);
  assert_int_equal(access(scratch, F_OK), 0);
  const struct timespec hour_ago[2] = {{time(NULL) - 3600, 0}, {time(NULL) - 3600, 0}};
  assert_int_equal(utimensat(AT_FDCWD, scratch, hour_ago, 0), 0);
  assert_int_equal(open_again(r), 0);
  assert_int_not_equal(access(scratch, F_OK), 0);
}

static void tells_who_stays_where_a_user_cannot_be_taken_out(void **state) {
  rig *r = *state;
  char scratch[104];
  snprintf(scratch, sizeof scratch, "%s.tmp", r->path);
  assert_int_equal(open_again(r), 0);
  assert_int_equal(add(r, "oA", "of him"), 0);
  assert_int_equal(wy_journal_forget(r->journal, WY_STR("oA")), 0);
  assert_int_equal(mkdir(scratch, 0700), 0);
  assert_int_equal(wy_journal_purge(r->journal), WY_E_RECORD);
  assert_non_null(strstr(wy_journal_why(r->journal), "users who left are still in it"));
  assert_int_equal(rmdir(scratch), 0);
  assert_int_equal(wy_journal_purge(r->journal), 0);
  assert_int_equal(count(r->path, "of him"), 0);
}

static void has_whole_lines_on_a_full_disk(void **state) {
  rig *r = *state;
  struct rlimit limit, before;
  int err = 0;
  r->options.max = 1 << 20;
  assert_int_equal(open_again(r), 0);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 3000; /* stands for the disk */
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  for (int i = 0; i < 100 && !err; i++) err = add(r, "oA", "some text or other");
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(err, WY_E_RECORD);
  assert_non_null(strstr(wy_journal_why(r->journal), "cannot write it: "));
  char *text = read_file(r->path);
  size_t n = strlen(text);
  assert_true(n > 1000 && n <= 3000 && text[n - 1] == '\n');
  free(text);
}

#define SPEC(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void) {
  const struct CMUnitTest specs[] = {
      SPEC(is_its_owners_alone),
      SPEC(takes_rights_of_others_from_a_file_that_is_there),
      SPEC(has_one_head_and_goes_on),
      SPEC(is_bounded),
      SPEC(keeps_the_words_for_users_when_it_begins_anew),
      SPEC(keeps_the_words_where_only_the_older_file_is_there),
      SPEC(ends_a_torn_line),
      SPEC(refuses_another_file),
      SPEC(refuses_what_is_no_file),
      SPEC(takes_users_out_of_both_files),
      SPEC(goes_on_with_a_file_that_was_moved),
      SPEC(leaves_alone_what_took_its_name),
      SPEC(removes_what_a_kill_has_left),
      SPEC(tells_who_stays_where_a_user_cannot_be_taken_out),
      SPEC(has_whole_lines_on_a_full_disk),
  };
  return cmocka_run_group_tests_name("journal", specs, NULL, NULL);
}
