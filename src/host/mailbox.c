#include "host/mailbox.h"

#include "base/err.h"

enum {
  GONE_SHARE = 8,  /* of the bytes, one in so many is for who is to be told */
  TOLD_MS = 60000, /* one line for a burst */
};

static void log_eviction(wy_mailbox *m, uint64_t now) {
  uint_fast64_t told = atomic_load(&m->told);
  if (told && now < told + TOLD_MS) return;
  if (!atomic_compare_exchange_strong(&m->told, &told, now ? now : 1)) return;
  wy_log_text(
      m->log, WY_LOG_WARN, "mailbox.evicted",
      "unread answers have to go for others, the oldest first; who asks for one is told so");
}

static void on_evicted(void *data, wy_str key, uint64_t left, uint64_t now) {
  wy_mailbox *m = data;
  if (key.n && *key.p == '?') return; /* no answer: what mailbox.lua notes beside them */
  wy_dict_set(m->gone, key, WY_STR("1"), WY_DICT_OTHER, left, now);
  log_eviction(m, now);
}

int wy_mailbox_open(wy_mailbox *m, size_t bytes, const wy_log *log) {
  size_t gone = bytes / GONE_SHARE;
  if (gone < WY_DICT_LEAST) gone = WY_DICT_LEAST;
  m->log = log;
  atomic_init(&m->told, 0);
  atomic_init(&m->untold, 0);
  int err = wy_dict_new(&m->gone, gone);
  if (!err) err = wy_dict_new(&m->answers, bytes - gone);
  if (err) wy_mailbox_close(m);
  else wy_dict_on_evict(m->answers, on_evicted, m);
  return err;
}

void wy_mailbox_close(wy_mailbox *m) {
  wy_dict_free(m->answers);
  wy_dict_free(m->gone);
  m->answers = m->gone = NULL;
}
