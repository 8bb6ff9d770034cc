/* watch: changes in real folders are told, once for a burst; names that do not matter are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/watch.h"

enum { QUIET_MS = 20, PATIENCE_MS = 10000 };

typedef struct rig {
  char top[64];
  uv_loop_t loop;
  uv_timer_t guard, writer;
  wy_watch *watch;
  unsigned fired, closed;
  bool timed_out;
  bool close_in_fn;
  unsigned writes; /* of the burst */
} rig;

/* --- the rig --- */

static void on_closed(void *data) { ((rig *)data)->closed++; }

static void on_change(void *data) {
  rig *r = data;
  r->fired++;
  if (!r->close_in_fn) return;
  wy_watch_close(r->watch, on_closed);
  r->watch = NULL;
}

static int set_up(void **state) {
  rig *r = calloc(1, sizeof *r);
  assert_non_null(r);
  strcpy(r->top, "/tmp/weiyue-watch-XXXXXX");
  assert_non_null(mkdtemp(r->top));
  assert_int_equal(uv_loop_init(&r->loop), 0);
  assert_int_equal(uv_timer_init(&r->loop, &r->guard), 0);
  assert_int_equal(wy_watch_new(&r->watch, &r->loop, QUIET_MS, on_change, r), 0);
  *state = r;
  return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static int tear_down(void **state) {
  rig *r = *state;
  wy_watch_close(r->watch, on_closed);
  uv_close((uv_handle_t *)&r->guard, NULL);
  uv_run(&r->loop, UV_RUN_DEFAULT); /* returns: no handle is left */
  assert_int_equal(r->closed, 1);
  assert_int_equal(uv_loop_close(&r->loop), 0);
  nftw(r->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  free(r);
  return 0;
}

static void on_guard(uv_timer_t *timer) {
  rig *r = timer->data;
  r->timed_out = true;
}

static bool run_until_fired(rig *r, unsigned fired, uint64_t ms) {
  r->guard.data = r;
  r->timed_out = false;
  uv_update_time(&r->loop);
  uv_timer_start(&r->guard, on_guard, ms, 0);
  while (r->fired < fired && !r->timed_out) uv_run(&r->loop, UV_RUN_ONCE);
  uv_timer_stop(&r->guard);
  return r->fired >= fired;
}

/* What has been done since is told once, within the time. */
static void is_told(rig *r) {
  unsigned before = r->fired;
  if (!run_until_fired(r, before + 1, PATIENCE_MS)) fail_msg("nothing was told");
  run_until_fired(r, before + 2, 3 * QUIET_MS);
  assert_int_equal(r->fired, before + 1);
}

static void is_not_told(rig *r) { assert_false(run_until_fired(r, r->fired + 1, 5 * QUIET_MS)); }

static const char *at(const rig *r, const char *name) {
  static char paths[4][256];
  static unsigned turn;
  char *path = paths[turn++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", r->top, name);
  return path;
}

static void put(const rig *r, const char *name, const char *text) {
  FILE *f = fopen(at(r, name), "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

static void make(const rig *r, const char *name) { assert_int_equal(mkdir(at(r, name), 0700), 0); }

static int set(rig *r, const char *one, const char *two) {
  const char *folders[] = {one ? at(r, one) : NULL, two ? at(r, two) : NULL};
  return wy_watch_set(r->watch, folders, one ? two ? 2 : 1 : 0);
}

static void watch_lua(rig *r) {
  static const char *const lua[] = {".lua", "my.conf", NULL};
  wy_watch_names(r->watch, lua);
  assert_int_equal(set(r, ".", NULL), 1);
}

/* --- what is told --- */

static void tells_of_every_way_to_write(void **state) {
  rig *r = *state;
  watch_lua(r);
  put(r, "a.lua", "one"); /* a new file */
  is_told(r);
  put(r, "a.lua", "two"); /* in place */
  is_told(r);
  put(r, "a.lua.tmp", "three");
  is_not_told(r);
  assert_int_equal(rename(at(r, "a.lua.tmp"), at(r, "a.lua")), 0); /* over it */
  is_told(r);
  assert_int_equal(unlink(at(r, "a.lua")), 0);
  is_told(r);
  put(r, "my.conf", "");
  is_told(r);
}

static void tells_of_a_link_that_is_switched(void **state) {
  rig *r = *state;
  watch_lua(r);
  assert_int_equal(symlink("release-1", at(r, "current")), 0);
  is_told(r);
  assert_int_equal(symlink("release-2", at(r, ".new")), 0);
  is_not_told(r);
  assert_int_equal(rename(at(r, ".new"), at(r, "current")), 0);
  is_told(r);
}

static void tells_of_folders_that_come_and_go(void **state) {
  rig *r = *state;
  watch_lua(r);
  make(r, "shop");
  is_told(r);
  put(r, "shop/init.lua", ""); /* of another folder */
  is_not_told(r);
  assert_int_equal(unlink(at(r, "shop/init.lua")), 0);
  assert_int_equal(rmdir(at(r, "shop")), 0);
  is_told(r);
}

static void does_not_tell_of_names_that_do_not_matter(void **state) {
  static const char *const names[] = {".a.lua.swp", ".#a.lua", "#a.lua#",   "a.lua~", "a.lua.swp",
                                      "a.lua.tmp",  "4913",    "a.lua.bak", "a.txt",  "lua"};
  rig *r = *state;
  put(r, "lua", "");
  watch_lua(r);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) put(r, names[i], "text");
  is_not_told(r);
  for (size_t i = 0; i + 1 < sizeof names / sizeof *names; i++)
    assert_int_equal(unlink(at(r, names[i])), 0);
  is_not_told(r);
}

static void tells_of_all_files_when_no_names_are_given(void **state) {
  rig *r = *state;
  assert_int_equal(set(r, ".", NULL), 1);
  put(r, "a.txt", "");
  is_told(r);
  put(r, "a.txt~", "");
  is_not_told(r);
}

static void tells_once_of_a_burst(void **state) {
  rig *r = *state;
  char name[16];
  watch_lua(r);
  for (int i = 0; i < 100; i++) {
    snprintf(name, sizeof name, "%d.lua", i);
    put(r, name, "text");
  }
  is_told(r);
}

static void on_write(uv_timer_t *timer) {
  rig *r = timer->data;
  put(r, "a.lua", "text");
  r->writes++;
}

static void tells_in_the_middle_of_a_long_burst(void **state) {
  rig *r = *state;
  watch_lua(r);
  assert_int_equal(uv_timer_init(&r->loop, &r->writer), 0);
  r->writer.data = r;
  uint64_t start = uv_now(&r->loop);
  uv_timer_start(&r->writer, on_write, 1, 5); /* never quiet */
  assert_true(run_until_fired(r, 1, PATIENCE_MS));
  uint64_t took = uv_now(&r->loop) - start;
  uv_close((uv_handle_t *)&r->writer, NULL);
  assert_true(r->writes > 1);
  assert_true(took < WY_WATCH_BURST_MS + 1000);
}

/* --- which folders --- */

static void watches_the_set_it_was_given_last(void **state) {
  rig *r = *state;
  make(r, "a"), make(r, "b"), make(r, "c");
  assert_int_equal(set(r, "a", "b"), 2);
  put(r, "a/x", ""), put(r, "b/x", "");
  is_told(r);
  assert_int_equal(set(r, "b/", "c"), 1);
  put(r, "a/y", "");
  is_not_told(r);
  put(r, "b/y", "");
  is_told(r);
  put(r, "c/y", "");
  is_told(r);
  assert_int_equal(set(r, "b", "b"), 0);
  assert_int_equal(set(r, NULL, NULL), 0);
  put(r, "b/z", "");
  is_not_told(r);
}

static void loses_nothing_of_what_stays(void **state) {
  rig *r = *state;
  make(r, "a"), make(r, "b");
  assert_int_equal(set(r, "a", NULL), 1);
  put(r, "a/x", ""); /* not seen by the loop yet */
  assert_int_equal(set(r, "a", "b"), 1);
  is_told(r);
}

static void waits_for_a_folder_that_is_not_there(void **state) {
  rig *r = *state;
  assert_int_equal(set(r, "one/two/three", NULL), 1);
  put(r, "other", "");
  is_not_told(r);
  make(r, "one");
  is_not_told(r);
  make(r, "one/two");
  is_not_told(r);
  make(r, "one/two/three");
  is_told(r);
  put(r, "one/two/three/x", "");
  is_told(r);
}

static void waits_for_several_steps_at_once(void **state) {
  rig *r = *state;
  assert_int_equal(set(r, "one/two/three", NULL), 1);
  make(r, "one"), make(r, "one/two"), make(r, "one/two/three");
  is_told(r);
  put(r, "one/two/three/x", "");
  is_told(r);
}

static void watches_a_folder_that_comes_again(void **state) {
  rig *r = *state;
  make(r, "a");
  assert_int_equal(set(r, "a", NULL), 1);
  assert_int_equal(rmdir(at(r, "a")), 0);
  is_told(r);
  make(r, "a");
  is_told(r);
  put(r, "a/x", "");
  is_told(r);
}

static void watches_what_takes_the_place_of_a_folder(void **state) {
  rig *r = *state;
  make(r, "a"), make(r, "b");
  assert_int_equal(set(r, "a", NULL), 1);
  assert_int_equal(rename(at(r, "a"), at(r, "old")), 0);
  assert_int_equal(rename(at(r, "b"), at(r, "a")), 0);
  is_told(r);
  put(r, "old/x", "");
  is_not_told(r);
  put(r, "a/x", "");
  is_told(r);
}

static void sees_that_a_link_above_was_switched(void **state) {
  rig *r = *state;
  make(r, "r1"), make(r, "r1/plugins"), make(r, "r2"), make(r, "r2/plugins");
  assert_int_equal(symlink("r1", at(r, "current")), 0);
  assert_int_equal(set(r, "current/plugins", NULL), 1);
  assert_int_equal(symlink("r2", at(r, "new")), 0);
  assert_int_equal(rename(at(r, "new"), at(r, "current")), 0);
  is_told(r); /* by a look */
  put(r, "r1/plugins/x", "");
  is_not_told(r);
  put(r, "r2/plugins/x", "");
  is_told(r);
}

static void refuses_no_name(void **state) {
  rig *r = *state;
  const char *folders[] = {"", r->top};
  assert_int_equal(wy_watch_set(r->watch, folders, 2), UV_EINVAL);
  put(r, "x", "");
  is_told(r);
}

/* --- without the system's events --- */

static void looks_where_the_system_does_not_watch(void **state) {
  rig *r = *state;
  struct rlimit limit, none;
  put(r, "a.lua", "1");
  /* As many files as are open: the loop cannot have its first watch. */
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  int next = open("/dev/null", O_RDONLY);
  close(next);
  none = (struct rlimit){(rlim_t)next, limit.rlim_max};
  static const char *const lua[] = {".lua", NULL};
  wy_watch_names(r->watch, lua);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  int err = set(r, ".", NULL);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  if (err >= 0) skip(); /* this system's watches need no files */
  assert_int_equal(err, UV_EMFILE);
  assert_false(run_until_fired(r, 1, 300)); /* the first look compares with nothing */
  put(r, "a.lua", "1 and more");            /* in place */
  is_told(r);
  put(r, "b.txt", "");
  assert_false(run_until_fired(r, r->fired + 1, 1500));
  put(r, "b.lua", "");
  is_told(r);
  assert_int_equal(unlink(at(r, "a.lua")), 0);
  is_told(r);
  assert_int_equal(set(r, ".", NULL), 0); /* tries again */
  put(r, "b.lua", "text");
  is_told(r);
}

/* A mirror of a folder: what is changed in the folder itself, the mirror's events do not tell. */
static void looks_at_what_others_change_in_a_shared_folder(void **state) {
  rig *r = *state;
  char command[400];
  make(r, "theirs");
  make(r, "ours");
  put(r, "theirs/a.lua", "1");
  snprintf(command, sizeof command, "bindfs '%s/theirs' '%s/ours' 2>/dev/null", r->top, r->top);
  if (system(command)) skip(); /* no bindfs, or nobody may mount here */
  static const char *const lua[] = {".lua", NULL};
  wy_watch_names(r->watch, lua);
  int placed = set(r, "ours", NULL);
  bool quiet = !run_until_fired(r, 1, 300);
  put(r, "theirs/a.lua", "1 and more");
  bool told = run_until_fired(r, r->fired + 1, PATIENCE_MS);
  set(r, "ours", NULL); /* as after a reload */
  put(r, "theirs/b.lua", "");
  told = told && run_until_fired(r, r->fired + 1, PATIENCE_MS);
  set(r, NULL, NULL);
  uv_run(&r->loop, UV_RUN_NOWAIT); /* the handle on it is closed */
  snprintf(command, sizeof command, "umount '%s/ours'", r->top);
  int unmounted = system(command);
  assert_int_equal(placed, 1);
  assert_true(quiet);
  assert_true(told);
  assert_int_equal(unmounted, 0);
}

/* --- its end --- */

static void ends_in_its_own_call(void **state) {
  rig *r = *state;
  r->close_in_fn = true;
  assert_int_equal(set(r, ".", NULL), 1);
  put(r, "x", "");
  is_told(r);
  run_until_fired(r, 2, QUIET_MS);
  assert_int_equal(r->closed, 1);
}

static void ends_with_a_change_not_told(void **state) {
  rig *r = *state;
  assert_int_equal(set(r, ".", NULL), 1);
  put(r, "x", "");
  uv_run(&r->loop, UV_RUN_ONCE); /* the event */
  wy_watch_close(r->watch, on_closed);
  r->watch = NULL;
  is_not_told(r);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      T(tells_of_every_way_to_write),
      T(tells_of_a_link_that_is_switched),
      T(tells_of_folders_that_come_and_go),
      T(does_not_tell_of_names_that_do_not_matter),
      T(tells_of_all_files_when_no_names_are_given),
      T(tells_once_of_a_burst),
      T(tells_in_the_middle_of_a_long_burst),
      T(watches_the_set_it_was_given_last),
      T(loses_nothing_of_what_stays),
      T(waits_for_a_folder_that_is_not_there),
      T(waits_for_several_steps_at_once),
      T(watches_a_folder_that_comes_again),
      T(watches_what_takes_the_place_of_a_folder),
      T(sees_that_a_link_above_was_switched),
      T(refuses_no_name),
      T(looks_where_the_system_does_not_watch),
      T(looks_at_what_others_change_in_a_shared_folder),
      T(ends_in_its_own_call),
      T(ends_with_a_change_not_told),
  };
  return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
