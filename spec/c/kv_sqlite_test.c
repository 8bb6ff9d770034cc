/* The store in a file: what a start refuses, what stays, and what is said when the disk fails. */
#include "kv_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/* --- a disk that fails: SQLite's own way to system calls --- */

static struct {
  atomic_int left;   /* calls until one fails; negative: none does */
  atomic_bool stays; /* and all that follow */
  atomic_int number; /* errno */
  atomic_int failed, syncs;
  atomic_bool stalled;
  atomic_int opens; /* that many fail, of the file itself, for writing */
} disk;

static bool fails(void) {
  int left = atomic_load(&disk.left);
  if (left < 0) return false;
  if (left > 0) {
    atomic_store(&disk.left, left - 1);
    return false;
  }
  if (!atomic_load(&disk.stays)) atomic_store(&disk.left, -1);
  atomic_fetch_add(&disk.failed, 1);
  errno = atomic_load(&disk.number);
  return true;
}

static ssize_t bad_pwrite(int fd, const void *p, size_t n, off_t at) {
  return fails() ? -1 : pwrite(fd, p, n, at);
}

#ifdef __linux__
/* SQLite calls these directly: the program's own are found first. */
static int bad_sync(int fd, long number) {
  while (atomic_load(&disk.stalled)) nanosleep(&(struct timespec){0, 1000000}, NULL);
  atomic_fetch_add(&disk.syncs, 1);
  return fails() ? -1 : (int)syscall(number, fd);
}

__attribute__((visibility("default"))) int fsync(int fd) { return bad_sync(fd, SYS_fsync); }
__attribute__((visibility("default"))) int fdatasync(int fd) { return bad_sync(fd, SYS_fdatasync); }
#endif

static int bad_ftruncate(int fd, off_t n) { return fails() ? -1 : ftruncate(fd, n); }

static int bad_open(const char *path, int flags, int mode) {
  size_t n = strlen(path);
  if ((flags & O_RDWR) && n > 3 && strcmp(path + n - 3, ".db") == 0 &&
      atomic_load(&disk.opens) > 0) {
    atomic_fetch_sub(&disk.opens, 1);
    errno = EIO;
    return -1;
  }
  return open(path, flags, mode);
}

static void use_bad_disk(void) {
  static const struct {
    const char *name;
    sqlite3_syscall_ptr fn;
  } calls[] = {{"open", (sqlite3_syscall_ptr)bad_open},
               {"pwrite", (sqlite3_syscall_ptr)bad_pwrite},
               {"pwrite64", (sqlite3_syscall_ptr)bad_pwrite},
               {"ftruncate", (sqlite3_syscall_ptr)bad_ftruncate}};
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (vfs->xGetSystemCall(vfs, calls[i].name))
      assert_int_equal(vfs->xSetSystemCall(vfs, calls[i].name, calls[i].fn), SQLITE_OK);
}

static void fail_after(int calls, bool stays, int number) {
  atomic_store(&disk.number, number);
  atomic_store(&disk.stays, stays);
  atomic_store(&disk.failed, 0);
  atomic_store(&disk.left, calls);
}

static const char url[] = "sqlite:kv.db";

static char *path_of(const kv_rig *r, const char *end) {
  static char path[160];
  snprintf(path, sizeof path, "%s/kv.db%s", r->folder, end);
  return path;
}

static void write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_true(fwrite(text, 1, strlen(text), f) == strlen(text));
  fclose(f);
}

static long size_of(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void begin(kv_rig *r) {
  rig_init(r, url);
  rig_open(r);
}

static void end(kv_rig *r) {
  rig_close(r);
  rig_deinit(r);
}

/* --- what stays --- */

static void keeps_what_was_set(void **state) {
  (void)state;
  kv_rig r;
  begin(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  assert_true(is_yes(
      &r, 0,
      (wy_kv_question){.verb = WY_KV_SET, .key = WY_STR("b"), .value = WY_STR("2"), .ttl = 1000}));
  rig_close(&r);
  rig_open(&r);
  assert_is(&r, 1, WY_STR("a"), WY_STR("1"));
  assert_is(&r, 1, WY_STR("b"), WY_STR("2"));
  advance(&r, 1000);
  assert_absent(&r, 1, WY_STR("b"));
  end(&r);
}

static int64_t lock(kv_rig *r) {
  asked a;
  get_answer(r, 0, &a, (wy_kv_question){.verb = WY_KV_LOCK, .key = WY_STR("l"), .ttl = 1000});
  assert_true(a.answer.yes);
  drop(&a);
  return a.answer.number;
}

static void fences_grow_across_a_restart(void **state) {
  (void)state;
  kv_rig r;
  begin(&r);
  int64_t first = lock(&r);
  rig_close(&r);
  rig_open(&r);
  advance(&r, 1000);
  assert_true(lock(&r) > first);
  end(&r);
}

static void writes_what_was_asked_before_it_closes(void **state) {
  (void)state;
  kv_rig r;
  asked all[200];
  char key[200][8];
  begin(&r);
  for (int i = 0; i < 200; i++) {
    snprintf(key[i], sizeof key[i], "%d", i);
    ask(&r, 0, &all[i], SET(wy_str_of(key[i]), WY_STR("x")));
  }
  rig_close(&r);
  rig_open(&r);
  for (int i = 0; i < 200; i++) assert_is(&r, 0, wy_str_of(key[i]), WY_STR("x"));
  end(&r);
}

static void makes_no_file_before_it_is_used(void **state) {
  (void)state;
  kv_rig r;
  begin(&r);
  assert_int_equal(size_of(path_of(&r, "")), -1);
  set(&r, WY_STR("a"), WY_STR("1"));
  struct stat st;
  assert_int_equal(stat(path_of(&r, ""), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  end(&r);
}

static int count(const kv_rig *r, const char *sql) {
  sqlite3 *db;
  sqlite3_stmt *one;
  assert_int_equal(sqlite3_open(path_of(r, ""), &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &one, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(one), SQLITE_ROW);
  int n = sqlite3_column_int(one, 0);
  sqlite3_finalize(one);
  sqlite3_close(db);
  return n;
}

static void removes_what_is_over_in_small_steps(void **state) {
  (void)state;
  kv_rig r;
  char key[8];
  begin(&r);
  for (int i = 0; i < 250; i++) {
    snprintf(key, sizeof key, "%d", i);
    assert_true(
        is_yes(&r, 0,
               (wy_kv_question){
                   .verb = WY_KV_SET, .key = wy_str_of(key), .value = WY_STR("x"), .ttl = 1000}));
  }
  rig_close(&r);
  rig_open(&r); /* whose sweeping begins anew */
  assert_int_equal(count(&r, "SELECT count(*) FROM kv"), 250);
  advance(&r, 1000);
  for (int left = 150; left >= 0; left -= 100) {
    set(&r, WY_STR("n"), WY_STR("y"));
    assert_int_equal(count(&r, "SELECT count(*) FROM kv WHERE e > 0"), left);
  }
  set(&r, WY_STR("n"), WY_STR("y"));
  assert_int_equal(count(&r, "SELECT count(*) FROM kv"), 1);
  end(&r);
}

static void syncs_before_it_answers(void **state) {
  (void)state;
  kv_rig r;
#ifndef __linux__
  skip();
#endif
  for (int normal = 0; normal < 2; normal++) {
    rig_init(&r, url);
    r.options.normal = normal;
    rig_open(&r);
    set(&r, WY_STR("a"), WY_STR("1"));
    int before = atomic_load(&disk.syncs);
    for (int i = 0; i < 10; i++) set(&r, WY_STR("a"), (wy_str){&"0123456789"[i], 1});
    assert_int_equal(atomic_load(&disk.syncs) - before, normal ? 0 : 10);
    end(&r);
  }
}

static void many_writes_share_a_commit(void **state) {
  (void)state;
  kv_rig r;
  wy_kv_stats stats;
  asked all[400];
  begin(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  for (int i = 0; i < 400; i++)
    ask(&r, i % 2, &all[i], (wy_kv_question){.verb = WY_KV_INCR, .key = WY_STR("n"), .number = 1});
  for (int i = 0; i < 400; i++) {
    wait_for(&r, &all[i]);
    drop(&all[i]);
  }
  wy_kv_stats_read(r.kv, &stats);
  assert_int_equal(stats.commit_ops, 401);
  assert_true(stats.commits < 200);
  end(&r);
}

static bool file_has(const char *path, const char *text) {
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  static char bytes[4 << 20];
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void what_is_deleted_by_its_prefix_is_in_no_file(void **state) {
  (void)state;
  static char large[20000];
  asked a;
  kv_rig r;
  begin(&r);
  for (size_t i = 0; i < sizeof large; i++) large[i] = "canary"[i % 6];
  set(&r, WY_STR("u/one/a"), WY_STR("canary"));
  set(&r, WY_STR("u/one/b"), (wy_str){large, sizeof large});
  set(&r, WY_STR("u/one/b"), WY_STR("a canary's second"));
  set(&r, WY_STR("u/two/c"), WY_STR("stays"));
  assert_true(file_has(path_of(&r, "-wal"), "canary"));
  get_answer(&r, 0, &a, (wy_kv_question){.verb = WY_KV_DEL_PREFIX, .key = WY_STR("u/one/")});
  assert_int_equal(a.answer.number, 2);
  drop(&a);
  assert_false(file_has(path_of(&r, "-wal"), "canary"));
  assert_false(file_has(path_of(&r, ""), "canary"));
  assert_false(file_has(path_of(&r, ""), "u/one"));
  assert_true(file_has(path_of(&r, ""), "stays"));
  end(&r);
}

/* --- what a start refuses --- */

static void assert_refused(kv_rig *r, int want, const char *part) {
  char why[WY_KV_WHY];
  int err = rig_try_open(r, why);
  if (err != want) fail_msg("%s: %s", err ? wy_err_text(err) : "opened", why);
  if (!strstr(why, part)) fail_msg("%s", why);
  assert_non_null(strstr(why, r->folder)); /* says which file */
}

static void refuses_what_is_no_database(void **state) {
  (void)state;
  static const char text[] =
      "SQLite format 4, or so; long enough for a header to be read, which has "
      "100 bytes and more to come ...............";
  kv_rig r;
  rig_init(&r, url);
  write_file(path_of(&r, ""), text);
  assert_refused(&r, WY_E_STORE_CORRUPT, "not a database");
  assert_int_equal(size_of(path_of(&r, "")), sizeof text - 1); /* as it was */
  rig_deinit(&r);
}

static void refuses_an_empty_file(void **state) {
  (void)state;
  kv_rig r;
  rig_init(&r, url);
  write_file(path_of(&r, ""), "");
  assert_refused(&r, WY_E_STORE_CORRUPT, "empty");
  assert_int_equal(size_of(path_of(&r, "")), 0);
  rig_deinit(&r);
}

static void refuses_a_log_without_its_file(void **state) {
  (void)state;
  kv_rig r;
  rig_init(&r, url);
  write_file(path_of(&r, "-wal"), "something");
  assert_refused(&r, WY_E_STORE_CORRUPT, "-wal");
  assert_int_equal(size_of(path_of(&r, "")), -1);
  rig_deinit(&r);
}

static void refuses_a_damaged_file(void **state) {
  (void)state;
  kv_rig r;
  begin(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  rig_close(&r);
  assert_int_equal(truncate(path_of(&r, ""), 4096), 0);
  assert_refused(&r, WY_E_STORE_CORRUPT, "malformed");
  rig_deinit(&r);
}

static void run_sql(const kv_rig *r, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(path_of(r, ""), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static void refuses_a_database_that_is_not_its_own(void **state) {
  (void)state;
  kv_rig r;
  rig_init(&r, url);
  run_sql(&r, "CREATE TABLE users (name TEXT)");
  assert_refused(&r, WY_E_STORE_CORRUPT, "another program");
  run_sql(&r, "PRAGMA application_id = 0x77796b76; PRAGMA user_version = 99");
  assert_refused(&r, WY_E_STORE_CORRUPT, "newer weiyue");
  rig_deinit(&r);
}

static void refuses_a_folder_that_is_not_there(void **state) {
  (void)state;
  kv_rig r;
  rig_init(&r, "sqlite:none/kv.db");
  assert_refused(&r, WY_E_STORE_IO, "No such file");
  rig_deinit(&r);
}

static void refuses_what_it_may_not_write(void **state) {
  (void)state;
  kv_rig r;
  if (geteuid() == 0) skip(); /* whom no mode stops */
  rig_init(&r, url);
  assert_int_equal(chmod(r.folder, 0500), 0);
  assert_refused(&r, WY_E_STORE_READONLY, "denied");
  assert_int_equal(chmod(r.folder, 0700), 0);
  rig_deinit(&r);
}

static void reads_what_a_torn_log_still_has(void **state) {
  (void)state;
  kv_rig r;
  char command[400], copy[200];
  begin(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  snprintf(copy, sizeof copy, "%s-copy", r.folder);
  set(&r, WY_STR("b"), WY_STR("2"));
  snprintf(command, sizeof command, "cp -r '%s' '%s'", r.folder, copy);
  assert_int_equal(system(command), 0); /* as a power failure leaves it */
  rig_close(&r);
  snprintf(command, sizeof command, "rm -rf '%s' && mv '%s' '%s'", r.folder, copy, r.folder);
  assert_int_equal(system(command), 0);
  long n = size_of(path_of(&r, "-wal"));
  assert_true(n > 4096);
  assert_int_equal(truncate(path_of(&r, "-wal"), n - 100), 0);
  rig_open(&r);
  assert_is(&r, 0, WY_STR("a"), WY_STR("1"));
  assert_absent(&r, 0, WY_STR("b"));
  end(&r);
}

/* --- while it runs --- */

static int lines_with(kv_rig *r, const char *event) {
  char want[64];
  int n = 0;
  snprintf(want, sizeof want, "event=%s ", event);
  pthread_mutex_lock(&r->log_lock);
  for (const char *p = r->log; (p = strstr(p, want)) != NULL; p++) n++;
  pthread_mutex_unlock(&r->log_lock);
  return n;
}

static void begin_real(kv_rig *r, uint64_t timeout) {
  rig_init(r, url);
  r->real = true;
  r->options.timeout = timeout;
  rig_open(r);
}

static void writes_wait_for_another_process_and_reads_do_not(void **state) {
  (void)state;
  kv_rig r;
  asked a, b;
  sqlite3 *db;
  begin_real(&r, 1500);
  set(&r, WY_STR("a"), WY_STR("1"));
  assert_int_equal(sqlite3_open(path_of(&r, ""), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  ask(&r, 0, &a, SET(WY_STR("a"), WY_STR("2")));
  assert_is(&r, 1, WY_STR("a"), WY_STR("1"));
  assert_false(a.done);
  wait_for(&r, &a);
  assert_int_equal(a.answer.err, WY_E_STORE_TIMEOUT);
  assert_non_null(strstr(a.answer.why, "another process has locked the file"));
  assert_non_null(strstr(a.answer.why, "will not be written"));
  assert_int_equal(lines_with(&r, "store.busy"), 1);
  ask(&r, 0, &b, SET(WY_STR("a"), WY_STR("3")));
  turn(&r);
  assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  wait_for(&r, &b);
  assert_true(b.answer.yes);
  assert_is(&r, 1, WY_STR("a"), WY_STR("3")); /* and the first never came */
  assert_int_equal(lines_with(&r, "store.recovered"), 1);
  end(&r);
}

static void says_so_when_its_file_is_gone(void **state) {
  (void)state;
  kv_rig r;
  begin(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  assert_int_equal(unlink(path_of(&r, "")), 0);
  for (int i = 0; i < 5; i++)
    assert_int_equal(error_of(&r, 0, SET(WY_STR("a"), WY_STR("2"))), WY_E_STORE_IO);
  assert_int_equal(lines_with(&r, "store.io"), 1);
  end(&r);
}

/* --- when it fails --- */

static void a_full_disk_stops_writes_only(void **state) {
  (void)state;
  kv_rig r;
  begin(&r);
  set(&r, WY_STR("a"), WY_STR("1"));
  fail_after(0, true, ENOSPC);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(error_of(&r, 0, SET(WY_STR("a"), WY_STR("2"))), WY_E_STORE_FULL);
    assert_is(&r, 1, WY_STR("a"), WY_STR("1"));
  }
  assert_int_equal(lines_with(&r, "store.full"), 1);
  fail_after(-1, false, 0);
  set(&r, WY_STR("a"), WY_STR("3"));
  assert_is(&r, 1, WY_STR("a"), WY_STR("3"));
  assert_int_equal(lines_with(&r, "store.recovered"), 1);
  end(&r);
}

/* Whatever call fails: what was said to be kept is there, and it goes on without a restart. */
static void no_failing_call_makes_it_lie(void **state) {
  (void)state;
  enum { SETS = 8 };
  static const int numbers[] = {EIO, ENOSPC};
  kv_rig r;
  char key[16], value[3000];
  memset(value, 'v', sizeof value);
  const wy_str v = {value, sizeof value};
  for (size_t k = 0; k < 2; k++) {
    int n = 0, failed = 1;
    for (; failed; n++) {
      bool kept[SETS] = {false};
      begin(&r);
      fail_after(n, false, numbers[k]);
      for (int i = 0; i < SETS; i++) {
        snprintf(key, sizeof key, "%d", i);
        int err = error_of(&r, i % 2, SET(wy_str_of(key), v));
        kept[i] = err == 0;
        if (err && err != WY_E_STORE_IO && err != WY_E_STORE_FULL)
          fail_msg("call %d, set %d: %s\n%s", n, i, wy_err_text(err), r.log);
      }
      failed = atomic_load(&disk.failed);
      assert_true(kept[SETS - 1] || n > 20); /* it has recovered */
      fail_after(-1, false, 0);
      set(&r, WY_STR("last"), WY_STR("1"));
      rig_close(&r);
      rig_open(&r);
      for (int i = 0; i < SETS; i++) {
        snprintf(key, sizeof key, "%d", i);
        if (kept[i]) assert_is(&r, 0, wy_str_of(key), v);
      }
      end(&r);
    }
    assert_true(n > 20); /* there were calls to fail */
  }
}

/* SQLite would open it for reading then, and never for writing again. */
static void an_open_that_has_failed_is_tried_again(void **state) {
  (void)state;
  kv_rig r;
  begin(&r);
  atomic_store(&disk.opens, 2); /* the writer's, twice */
  for (int i = 0; i < 2; i++)
    assert_int_equal(error_of(&r, 0, SET(WY_STR("a"), WY_STR("1"))), WY_E_STORE_IO);
  assert_int_equal(atomic_load(&disk.opens), 0);
  set(&r, WY_STR("a"), WY_STR("2"));
  assert_is(&r, 0, WY_STR("a"), WY_STR("2"));
  end(&r);
}

static void a_stalled_fsync_delays_no_read(void **state) {
  (void)state;
  kv_rig r;
  asked a;
  begin_real(&r, 300);
#ifndef __linux__
  skip();
#endif
  set(&r, WY_STR("a"), WY_STR("1"));
  atomic_store(&disk.stalled, true);
  ask(&r, 0, &a, SET(WY_STR("a"), WY_STR("2")));
  for (int i = 0; i < 50; i++) assert_is(&r, 1, WY_STR("a"), WY_STR("1"));
  assert_false(a.done);
  wait_for(&r, &a);
  assert_int_equal(a.answer.err, WY_E_STORE_TIMEOUT);
  assert_non_null(strstr(a.answer.why, "it may be written yet"));
  atomic_store(&disk.stalled, false);
  rig_close(&r); /* waits for it */
  rig_open(&r);
  assert_is(&r, 0, WY_STR("a"), WY_STR("2"));
  end(&r);
}

static void a_lock_that_comes_too_late_is_given_back(void **state) {
  (void)state;
  const wy_kv_question q = {.verb = WY_KV_LOCK, .key = WY_STR("l"), .ttl = 3600000};
  kv_rig r;
  asked a;
  begin_real(&r, 300);
#ifndef __linux__
  skip();
#endif
  set(&r, WY_STR("a"), WY_STR("1"));
  atomic_store(&disk.stalled, true);
  get_answer(&r, 0, &a, q);
  assert_int_equal(a.answer.err, WY_E_STORE_TIMEOUT);
  atomic_store(&disk.stalled, false);
  wy_kv_stats stats = {0};
  for (int i = 0; i < 3000 && !stats.ops[WY_KV_UNLOCK]; i++) { /* after it was committed */
    turn(&r);
    wy_kv_stats_read(r.kv, &stats);
  }
  get_answer(&r, 1, &a, q);
  assert_int_equal(a.answer.err, 0);
  assert_true(a.answer.yes);
  end(&r);
}

static void a_loop_that_was_held_up_gets_its_answers(void **state) {
  (void)state;
  kv_rig r;
  asked a;
  begin_real(&r, 100);
  set(&r, WY_STR("a"), WY_STR("1"));
  ask(&r, 0, &a, SET(WY_STR("a"), WY_STR("2")));
  wy_kv_stats stats = {.queue = 1};
  for (int i = 0; i < 2000 && stats.queue; i++) { /* done by the other thread */
    nanosleep(&(struct timespec){0, 1000000}, NULL);
    wy_kv_stats_read(r.kv, &stats);
  }
  nanosleep(&(struct timespec){0, 200000000}, NULL); /* longer than it may take */
  wait_for(&r, &a);
  assert_int_equal(a.answer.err, 0);
  end(&r);
}

static void large_values_do_not_pile_up(void **state) {
  (void)state;
  enum { MOST = WY_KV_QUEUE_BYTES / WY_KV_VALUE_MAX };
  static char value[WY_KV_VALUE_MAX];
  static asked all[MOST + 1];
  kv_rig r;
#ifndef __linux__
  skip();
#endif
  begin_real(&r, 20000);
  set(&r, WY_STR("a"), WY_STR("1"));
  atomic_store(&disk.stalled, true);
  for (int i = 0; i < MOST; i++) {
    value[0] = (char)i;
    ask(&r, i % 2, &all[i], SET(WY_STR("a"), ((wy_str){value, sizeof value})));
  }
  assert_int_equal(try_ask(&r, 0, &all[MOST], GET(WY_STR("a"))), WY_E_STORE_BUSY);
  atomic_store(&disk.stalled, false);
  for (int i = 0; i < MOST; i++) {
    wait_for(&r, &all[i]);
    assert_int_equal(all[i].answer.err, 0);
    drop(&all[i]);
  }
  assert_is(&r, 1, WY_STR("a"), ((wy_str){value, sizeof value}));
  end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_what_was_set),
      cmocka_unit_test(fences_grow_across_a_restart),
      cmocka_unit_test(writes_what_was_asked_before_it_closes),
      cmocka_unit_test(makes_no_file_before_it_is_used),
      cmocka_unit_test(removes_what_is_over_in_small_steps),
      cmocka_unit_test(syncs_before_it_answers),
      cmocka_unit_test(many_writes_share_a_commit),
      cmocka_unit_test(what_is_deleted_by_its_prefix_is_in_no_file),
      cmocka_unit_test(refuses_what_is_no_database),
      cmocka_unit_test(refuses_an_empty_file),
      cmocka_unit_test(refuses_a_log_without_its_file),
      cmocka_unit_test(refuses_a_damaged_file),
      cmocka_unit_test(refuses_a_database_that_is_not_its_own),
      cmocka_unit_test(refuses_a_folder_that_is_not_there),
      cmocka_unit_test(refuses_what_it_may_not_write),
      cmocka_unit_test(reads_what_a_torn_log_still_has),
      cmocka_unit_test(writes_wait_for_another_process_and_reads_do_not),
      cmocka_unit_test(says_so_when_its_file_is_gone),
      cmocka_unit_test(a_full_disk_stops_writes_only),
      cmocka_unit_test(no_failing_call_makes_it_lie),
      cmocka_unit_test(an_open_that_has_failed_is_tried_again),
      cmocka_unit_test(a_stalled_fsync_delays_no_read),
      cmocka_unit_test(a_lock_that_comes_too_late_is_given_back),
      cmocka_unit_test(a_loop_that_was_held_up_gets_its_answers),
      cmocka_unit_test(large_values_do_not_pile_up),
  };
  fail_after(-1, false, 0);
  use_bad_disk();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
