/* What backends call: an operation's beginning and its error, the store's troubles, and the form of
 * answers. */
#include "base/err.h"
#include "store/kv_impl.h"

/* --- operations --- */

bool wy_kv_take(wy_kv_op *op) {
  wy_kv_state queued = WY_KV_QUEUED;
  bool unwanted = atomic_load_explicit(&op->abandoned, memory_order_relaxed);
  if (unwanted && (!wy_kv_writes(op->q.verb) || op->q.verb == WY_KV_LOCK)) return false;
  return atomic_compare_exchange_strong(&op->state, &queued, WY_KV_TAKEN);
}

void wy_kv_fail(wy_kv_op *op, int err, const char *why) {
  op->answer.err = err;
  snprintf(op->answer.why, sizeof op->answer.why, "%s", why ? why : "");
  switch (err) {
    case WY_E_STORE_FULL:
    case WY_E_STORE_IO:
    case WY_E_STORE_READONLY:
    case WY_E_STORE_CORRUPT:
    case WY_E_STORE_UNREACHABLE: wy_kv_trouble(op->kv, err, why); break;
    default: break;
  }
}

/* --- trouble --- */

enum { AGAIN_MS = 60000, CHANGE_MS = 5000 };

void wy_kv_trouble(wy_kv *kv, int err, const char *why) {
  uint64_t now = wy_kv_real_ms();
  pthread_mutex_lock(&kv->trouble_lock);
  bool same = atomic_load(&kv->trouble) == err;
  bool tell = !kv->told_at || now - kv->told_at >= (same ? AGAIN_MS : CHANGE_MS);
  uint64_t failures = ++kv->failures;
  atomic_store(&kv->trouble, err);
  snprintf(kv->trouble_why, sizeof kv->trouble_why, "%s", why ? why : "");
  if (tell) {
    kv->told_at = now;
    kv->trouble_told = true;
    kv->failures = 0;
  }
  pthread_mutex_unlock(&kv->trouble_lock);
  if (!tell) return;
  wy_line line;
  wy_line_begin(&line, kv->log, WY_LOG_ERROR, wy_err_event(err));
  wy_line_z(&line, "text", wy_err_text(err));
  wy_line_z(&line, "why", why && *why ? why : NULL);
  wy_line_int(&line, "failures", (int64_t)failures);
  wy_line_end(&line);
}

int wy_kv_troubled(wy_kv *kv, char why[WY_KV_WHY]) {
  pthread_mutex_lock(&kv->trouble_lock);
  int err = atomic_load(&kv->trouble);
  memcpy(why, kv->trouble_why, WY_KV_WHY);
  pthread_mutex_unlock(&kv->trouble_lock);
  return err;
}

void wy_kv_fine(wy_kv *kv) {
  if (atomic_load_explicit(&kv->trouble, memory_order_relaxed) == 0) return;
  pthread_mutex_lock(&kv->trouble_lock);
  bool tell = atomic_load(&kv->trouble) != 0 && kv->trouble_told;
  uint64_t failures = kv->failures;
  atomic_store(&kv->trouble, 0);
  kv->trouble_why[0] = '\0';
  if (tell) {
    kv->trouble_told = false;
    kv->failures = 0;
  }
  pthread_mutex_unlock(&kv->trouble_lock);
  if (tell)
    wy_log_text(kv->log, WY_LOG_INFO, "store.recovered",
                "the store works again; %llu more operations had failed",
                (unsigned long long)failures);
}

void wy_kv_committed(wy_kv *kv, size_t ops) {
  atomic_fetch_add_explicit(&kv->commits, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&kv->commit_ops, ops, memory_order_relaxed);
}

/* --- what answers are made of --- */

bool wy_kv_pair(wy_str *rest, wy_str *key, wy_str *value) {
  uint32_t n[2];
  if (rest->n < sizeof n) return false;
  memcpy(n, rest->p, sizeof n);
  *key = (wy_str){rest->p + sizeof n, n[0]};
  *value = (wy_str){key->p + n[0], n[1]};
  size_t all = sizeof n + n[0] + n[1];
  *rest = (wy_str){rest->p + all, rest->n - all};
  return true;
}

int wy_kv_add_pair(wy_buf *out, wy_str key, wy_str value) {
  const uint32_t n[2] = {(uint32_t)key.n, (uint32_t)value.n};
  wy_buf_add(out, n, sizeof n);
  wy_buf_str(out, key);
  return wy_buf_str(out, value);
}

bool wy_kv_number(wy_str s, int64_t *out) {
  size_t i = s.n && s.p[0] == '-';
  uint64_t n = 0, most = i ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
  bool leading = s.n > i + 1 && s.p[i] == '0';
  if (i == s.n || leading || (i && s.p[i] == '0')) return false;
  for (; i < s.n; i++) {
    uint64_t digit = (uint64_t)(unsigned char)s.p[i] - '0';
    if (digit > 9 || n > (most - digit) / 10) return false;
    n = n * 10 + digit;
  }
  *out = s.p[0] == '-' ? (int64_t)(0 - n) : (int64_t)n;
  return true;
}

bool wy_kv_prefix_end(wy_str prefix, char *out, size_t *n) {
  size_t k = prefix.n;
  while (k && (unsigned char)prefix.p[k - 1] == 0xff) k--;
  if (!k) return false;
  memcpy(out, prefix.p, k);
  out[k - 1] = (char)(out[k - 1] + 1);
  *n = k;
  return true;
}
