/* An inbox goes to another host: what it knew is known there, what is in flight is waited for, and
 * whose turn it is stays in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "host/inbox.h"
#include "host/transfer.h"

enum { NOW = 1700000000, WINDOW = 300, BIG = 32 << 20, USERS = 2000 };

/* As the two ends of a socket: the items of the old one are bytes, and items again at the new one.
 */
typedef struct pipe {
  wy_inbox *from, *to;
  wy_buf bytes;
} pipe;

static uint64_t spread(uint64_t i) {
  i = (i + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
  i = (i ^ i >> 27) * 0x94d049bb133111eb;
  return i ^ i >> 31;
}

static uint64_t user_of(uint64_t u) { return spread(u + (1ULL << 40)); }

/* Push number i of user number u, who asks worker w. */
static wy_claim claim_of(uint64_t i, uint64_t u, unsigned w) {
  return (wy_claim){.key = {spread(i), spread(~i)},
                    .user = user_of(u),
                    .nonce = spread(i + (1ULL << 32)),
                    .worker = w,
                    .now = NOW,
                    .until = NOW + WINDOW};
}

static wy_verdict claim(wy_inbox *x, const wy_claim *c, unsigned *worker) {
  wy_claimed out;
  wy_buf answer;
  wy_buf_init(&answer, 65536);
  wy_verdict v = wy_inbox_claim(x, c, &out, &answer);
  wy_buf_deinit(&answer);
  *worker = out.worker;
  return v;
}

static wy_verdict again(wy_inbox *x, wy_claim c, const char *want) {
  wy_claimed out;
  wy_buf answer;
  wy_buf_init(&answer, 65536);
  c.nonce = spread(c.nonce); /* it is encrypted anew */
  wy_verdict v = wy_inbox_claim(x, &c, &out, &answer);
  if (v == WY_INBOX_ANSWERED) assert_true(wy_str_eq(wy_buf_view(&answer), wy_str_of(want)));
  wy_buf_deinit(&answer);
  return v;
}

static void give(void *data, const wy_item *item) {
  wy_transfer_put(&((pipe *)data)->bytes, (unsigned)item->type, item);
}

/* Everything that was said so far arrives. */
static void arrive(pipe *p) {
  size_t at = 0;
  unsigned type;
  wy_item item;
  for (int64_t n; (n = wy_transfer_get(p->bytes.p + at, p->bytes.n - at, &type, &item)) != 0;) {
    assert_true(n > 0 && type < WY_ITEM_TYPES);
    assert_int_equal(wy_inbox_import(p->to, &item), 0);
    at += (size_t)n;
  }
  assert_int_equal(at, p->bytes.n);
  wy_buf_clear(&p->bytes);
}

static pipe begin(unsigned from, unsigned to) {
  pipe p;
  assert_int_equal(wy_inbox_new(&p.from, BIG, from), 0);
  assert_int_equal(wy_inbox_new(&p.to, BIG, to), 0);
  wy_buf_init(&p.bytes, SIZE_MAX / 4);
  return p;
}

static void hand_over(pipe *p) {
  wy_inbox_export(p->from, NOW, give, p);
  arrive(p);
}

static void end(pipe *p) {
  wy_inbox_free(p->from);
  wy_inbox_free(p->to);
  wy_buf_deinit(&p->bytes);
}

static void finish(wy_inbox *x, const wy_claim *c, const char *text) {
  wy_inbox_finish(x, &c->key, c->user, text ? wy_str_of(text) : (wy_str){0}, true);
}

/* Whatever number of workers, and so of shards, either has. */
static void what_was_known_is_known(void **state) {
  static const unsigned workers[][2] = {{1, 1}, {1, 2}, {1, 4}, {4, 2}, {2, 4}, {64, 1}, {1, 64}};
  (void)state;
  for (size_t k = 0; k < sizeof workers / sizeof *workers; k++) {
    pipe p = begin(workers[k][0], workers[k][1]);
    unsigned w;
    for (uint64_t i = 0; i < USERS; i++) {
      wy_claim c = claim_of(i, i, 0);
      assert_int_equal(claim(p.from, &c, &w), WY_INBOX_RUN);
      finish(p.from, &c, i % 3 == 0 ? "answer" : i % 3 == 1 ? "" : NULL);
    }
    hand_over(&p);
    for (uint64_t i = 0; i < USERS; i++) {
      wy_verdict want = i % 3 == 2 ? WY_INBOX_DONE : WY_INBOX_ANSWERED;
      assert_int_equal(again(p.to, claim_of(i, i, 0), i % 3 == 0 ? "answer" : ""), want);
    }
    wy_claim replayed = claim_of(USERS + 1, 1, 0);
    replayed.nonce = claim_of(7, 7, 0).nonce;
    assert_int_equal(claim(p.to, &replayed, &w), WY_INBOX_REUSED);
    end(&p);
  }
}

static void what_has_expired_stays_behind(void **state) {
  (void)state;
  pipe p = begin(1, 1);
  unsigned w;
  wy_claim c = claim_of(1, 1, 0);
  assert_int_equal(claim(p.from, &c, &w), WY_INBOX_RUN);
  finish(p.from, &c, "answer");
  wy_inbox_export(p.from, NOW + WINDOW + 1, give, &p);
  assert_int_equal(p.bytes.n, 0);
  end(&p);
}

static void a_running_push_is_joined_until_its_answer_comes(void **state) {
  (void)state;
  pipe p = begin(4, 2);
  unsigned w;
  wy_claim c = claim_of(1, 1, 3);
  assert_int_equal(claim(p.from, &c, &w), WY_INBOX_RUN);
  hand_over(&p);
  c.worker = 1;
  wy_claimed out;
  wy_buf answer;
  wy_buf_init(&answer, 100);
  wy_claim retry = c;
  retry.nonce++;
  assert_int_equal(wy_inbox_claim(p.to, &retry, &out, &answer), WY_INBOX_JOIN);
  assert_int_equal(out.worker, c.user % 2); /* a worker of this host, who can wait */
  wy_buf_deinit(&answer);
  assert_true(wy_inbox_push_elsewhere(p.to, &c.key, c.user));
  finish(p.from, &c, "at last");
  arrive(&p);
  assert_false(wy_inbox_push_elsewhere(p.to, &c.key, c.user));
  assert_int_equal(again(p.to, c, "at last"), WY_INBOX_ANSWERED);
  wy_inbox_stats stats;
  wy_inbox_stats_read(p.to, &stats);
  assert_int_equal(stats.users, 0);
  end(&p);
}

static void a_user_s_next_push_waits_for_all_that_he_has_elsewhere(void **state) {
  (void)state;
  pipe p = begin(2, 2);
  unsigned w;
  wy_claim one = claim_of(1, 1, 0), two = claim_of(2, 1, 0);
  assert_int_equal(claim(p.from, &one, &w), WY_INBOX_RUN);
  assert_int_equal(claim(p.from, &two, &w), WY_INBOX_RUN);
  hand_over(&p);
  unsigned home = (unsigned)(one.user % 2);
  wy_claim next = claim_of(3, 1, home), after = claim_of(4, 1, 1 - home);
  assert_int_equal(claim(p.to, &next, &w), WY_INBOX_HOP); /* to himself: behind what is elsewhere */
  assert_int_equal(w, home);
  assert_true(wy_inbox_user_elsewhere(p.to, next.user));
  finish(p.from, &one, NULL);
  arrive(&p);
  assert_true(wy_inbox_user_elsewhere(p.to, next.user));
  wy_inbox_finish(p.from, &two.key, two.user, (wy_str){0}, false);
  wy_inbox_release(p.from, two.user);
  arrive(&p);
  assert_false(wy_inbox_user_elsewhere(p.to, next.user));
  assert_int_equal(claim(p.to, &after, &w), WY_INBOX_HOP); /* his home has him now */
  assert_int_equal(w, home);
  finish(p.to, &next, NULL);
  finish(p.to, &after, NULL);
  assert_int_equal(claim(p.to,
                         &(wy_claim){.key = {9, 9},
                                     .user = one.user,
                                     .nonce = 9,
                                     .worker = 1 - home,
                                     .now = NOW,
                                     .until = NOW + 9},
                         &w),
                   WY_INBOX_RUN);
  end(&p);
}

static void what_happens_after_the_export_is_told(void **state) {
  (void)state;
  pipe p = begin(1, 1);
  unsigned w;
  hand_over(&p);
  wy_claim c = claim_of(1, 1, 0), undone = claim_of(2, 2, 0);
  assert_int_equal(claim(p.from, &c, &w), WY_INBOX_RUN);
  assert_int_equal(claim(p.from, &undone, &w), WY_INBOX_RUN);
  arrive(&p);
  assert_true(wy_inbox_push_elsewhere(p.to, &c.key, c.user));
  wy_inbox_undo(p.from, &undone.key, undone.user);
  finish(p.from, &c, "told");
  arrive(&p);
  assert_int_equal(again(p.to, c, "told"), WY_INBOX_ANSWERED);
  undone.nonce++;
  assert_int_equal(claim(p.to, &undone, &w), WY_INBOX_RUN);
  wy_inbox_export_end(p.from);
  wy_claim later = claim_of(3, 3, 0);
  assert_int_equal(claim(p.from, &later, &w), WY_INBOX_RUN);
  assert_int_equal(p.bytes.n, 0);
  end(&p);
}

static void what_is_never_told_is_forgotten(void **state) {
  (void)state;
  pipe p = begin(2, 1);
  unsigned w;
  for (uint64_t i = 0; i < USERS; i++) {
    wy_claim c = claim_of(i, i / 2, 0);
    assert_int_equal(claim(p.from, &c, &w), WY_INBOX_RUN);
  }
  hand_over(&p);
  wy_claim waits = claim_of(USERS + 1, 5, 0);
  assert_int_equal(claim(p.to, &waits, &w), WY_INBOX_HOP);
  wy_inbox_import_end(p.to); /* the old one has died */
  wy_inbox_stats stats;
  wy_inbox_stats_read(p.to, &stats);
  assert_int_equal(stats.users, 1);
  assert_false(wy_inbox_user_elsewhere(p.to, waits.user));
  assert_int_equal(again(p.to, waits, NULL), WY_INBOX_JOIN);
  for (uint64_t i = 0; i < USERS; i++) {
    if (i / 2 != 5) assert_int_equal(again(p.to, claim_of(i, i / 2, 0), NULL), WY_INBOX_RUN);
  }
  end(&p);
}

/* --- bytes --- */

static void half_an_item_waits_for_its_rest(void **state) {
  (void)state;
  wy_buf b;
  unsigned type;
  wy_item item = {.type = WY_ITEM_FINISH,
                  .id = 1,
                  .user = 2,
                  .more = 3,
                  .release = true,
                  .answer = WY_STR("answer")};
  wy_buf_init(&b, 1000);
  wy_transfer_put(&b, (unsigned)item.type, &item);
  for (size_t n = 0; n < b.n; n++) {
    wy_item got;
    assert_int_equal(wy_transfer_get(b.p, n, &type, &got), 0);
  }
  wy_item got;
  assert_int_equal(wy_transfer_get(b.p, b.n, &type, &got), (int64_t)b.n);
  assert_int_equal(type, WY_ITEM_FINISH);
  assert_int_equal(got.id, 1);
  assert_int_equal(got.user, 2);
  assert_int_equal(got.more, 3);
  assert_true(got.release && wy_str_eq(got.answer, WY_STR("answer")));
  wy_buf_deinit(&b);
}

static void no_answer_and_an_empty_one_differ(void **state) {
  (void)state;
  wy_buf b;
  wy_buf_init(&b, 1000);
  wy_transfer_put(&b, WY_ITEM_KEY, &(wy_item){.type = WY_ITEM_KEY, .answer = WY_STR("")});
  size_t n = b.n;
  wy_transfer_put(&b, WY_ITEM_KEY, &(wy_item){.type = WY_ITEM_KEY});
  unsigned type;
  wy_item empty, none;
  assert_true(wy_transfer_get(b.p, b.n, &type, &empty) > 0);
  assert_true(wy_transfer_get(b.p + n, b.n - n, &type, &none) > 0);
  assert_non_null(empty.answer.p);
  assert_null(none.answer.p);
  wy_buf_deinit(&b);
}

/* Each field that a version of this could not have written. */
static void nonsense_is_refused(void **state) {
  static const struct {
    size_t at;
    unsigned char value;
  } wrong[] = {{36, 1}, {34, 8}, {34, 255}, {32, 8}, {33, 1}, {30, 1}, {28, 1}};
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    wy_buf b;
    unsigned type;
    wy_item item;
    wy_buf_init(&b, 1000);
    wy_transfer_put(&b, WY_ITEM_NONCE, &(wy_item){.type = WY_ITEM_NONCE, .id = 1});
    assert_true(wy_transfer_get(b.p, b.n, &type, &item) > 0);
    b.p[wrong[i].at] = (char)wrong[i].value;
    assert_int_equal(wy_transfer_get(b.p, b.n, &type, &item), WY_E_HANDOVER);
    wy_buf_deinit(&b);
  }
}

static void marks_carry_nothing(void **state) {
  (void)state;
  wy_buf b;
  unsigned type;
  wy_item item;
  wy_buf_init(&b, 1000);
  wy_transfer_put(&b, WY_TRANSFER_ALL, NULL);
  size_t n = b.n;
  wy_transfer_put(&b, WY_TRANSFER_END, NULL);
  assert_int_equal(wy_transfer_get(b.p, b.n, &type, &item), (int64_t)n);
  assert_int_equal(type, WY_TRANSFER_ALL);
  assert_int_equal(wy_transfer_get(b.p + n, b.n - n, &type, &item), (int64_t)n);
  assert_int_equal(type, WY_TRANSFER_END);
  wy_buf_deinit(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_known_is_known),
      cmocka_unit_test(what_has_expired_stays_behind),
      cmocka_unit_test(a_running_push_is_joined_until_its_answer_comes),
      cmocka_unit_test(a_user_s_next_push_waits_for_all_that_he_has_elsewhere),
      cmocka_unit_test(what_happens_after_the_export_is_told),
      cmocka_unit_test(what_is_never_told_is_forgotten),
      cmocka_unit_test(half_an_item_waits_for_its_rest),
      cmocka_unit_test(no_answer_and_an_empty_one_differ),
      cmocka_unit_test(nonsense_is_refused),
      cmocka_unit_test(marks_carry_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
