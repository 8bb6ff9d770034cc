#include "store/redis_op.h"

#include <inttypes.h>

#include "base/err.h"
#include "store/redis_script.h"

enum { ARGS = 13 };

/* --- what is sent --- */

static wy_str text_of(char room[24], int64_t n) {
  return (wy_str){room, (size_t)snprintf(room, 24, "%" PRId64, n)};
}

/* A bound of ZRANGEBYLEX: "[" or "(" and a key. */
static wy_str bound(char *room, char kind, wy_str key) {
  room[0] = kind;
  if (key.n) memcpy(room + 1, key.p, key.n);
  return (wy_str){room, key.n + 1};
}

static wy_str upper(char room[WY_KV_KEY_MAX + 2], wy_str prefix) {
  size_t n;
  if (!wy_kv_prefix_end(prefix, room + 1, &n)) return WY_STR("+");
  room[0] = '(';
  return (wy_str){room, n + 1};
}

static int compare(wy_str a, wy_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int c = n ? memcmp(a.p, b.p, n) : 0;
  return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

int wy_redis_op_send(wy_redis_link *link, const wy_kv_question *q, int64_t at, bool whole) {
  char now[24], ttl[24], number[24], low[WY_KV_KEY_MAX + 2], high[WY_KV_KEY_MAX + 2];
  wy_str value = q->value, old = q->old;
  int64_t n = q->number;
  uint64_t time = q->ttl;
  /* far ends of time are for ever; a double is exact up to 2^53 */
  if (time > (uint64_t)1 << 52) time = 0;
  if (q->verb == WY_KV_SCAN) {
    bool after = q->after.p && q->after.n <= WY_KV_KEY_MAX && compare(q->after, q->key) >= 0;
    value = after ? bound(low, '(', q->after) : bound(low, '[', q->key);
    n = n < 1 ? 1 : n > WY_KV_PAGE_MAX ? WY_KV_PAGE_MAX : n;
    time = WY_KV_PAGE_BYTES;
  }
  if (q->verb == WY_KV_SCAN || q->verb == WY_KV_DEL_PREFIX) old = upper(high, q->key);
  wy_str args[ARGS] = {whole ? WY_STR("EVAL") : WY_STR("EVALSHA"),
                       whole ? WY_STR(WY_REDIS_SCRIPT) : wy_str_of(wy_redis_link_sha(link)),
                       WY_STR("0"),
                       wy_str_of(wy_kv_verb_name(q->verb)),
                       text_of(now, at),
                       text_of(ttl, (int64_t)time),
                       q->key,
                       text_of(number, n),
                       value,
                       value.p ? WY_STR("1") : WY_STR("0"),
                       old,
                       old.p ? WY_STR("1") : WY_STR("0"),
                       q->lock};
  const char *argv[ARGS];
  size_t lengths[ARGS];
  for (size_t i = 0; i < ARGS; i++) {
    argv[i] = args[i].p ? args[i].p : "";
    lengths[i] = args[i].n;
  }
  return wy_redis_link_send(link, ARGS, argv, lengths);
}

/* --- what is answered --- */

static wy_str view(const redisReply *reply) {
  return reply->type == REDIS_REPLY_STRING ? (wy_str){reply->str, (size_t)reply->len} : (wy_str){0};
}

static bool read_value(wy_kv_answer *a, const redisReply *reply) {
  wy_str value = view(reply);
  if (!value.p || wy_buf_str(&a->value, value)) return false;
  a->has_value = true;
  return true;
}

/* The first two parts: a yes and a number or a value. */
static bool read_pair(wy_kv_op *op, const redisReply *reply) {
  wy_kv_answer *a = &op->answer;
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 1 || reply->elements > 2 ||
      reply->element[0]->type != REDIS_REPLY_INTEGER)
    return false;
  a->yes = reply->element[0]->integer == 1;
  if (op->q.verb == WY_KV_CAS) return reply->elements == 1 || read_value(a, reply->element[1]);
  return reply->elements == 2 && wy_kv_number(view(reply->element[1]), &a->number);
}

static bool read_page(wy_kv_answer *a, const redisReply *reply) {
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 1 ||
      reply->element[0]->type != REDIS_REPLY_INTEGER)
    return false;
  a->more = reply->element[0]->integer == 1;
  for (size_t i = 1; i < reply->elements; i += 2) {
    wy_str key = view(reply->element[i]), value = view(reply->element[i + 1]);
    if (!key.p || !value.p || wy_kv_add_pair(&a->value, key, value)) return false;
    a->number++;
  }
  return true;
}

bool wy_redis_op_read(wy_kv_op *op, const redisReply *reply) {
  wy_kv_answer *a = &op->answer;
  switch (op->q.verb) {
    case WY_KV_GET: return reply->type == REDIS_REPLY_NIL || read_value(a, reply);
    case WY_KV_SCAN: return read_page(a, reply);
    case WY_KV_CAS:
    case WY_KV_LOCK: return read_pair(op, reply);
    case WY_KV_INCR:
      if (reply->type == REDIS_REPLY_ARRAY) wy_kv_fail(op, WY_E_STORE_NUMBER, NULL);
      return reply->type == REDIS_REPLY_ARRAY || wy_kv_number(view(reply), &a->number);
    default:
      if (reply->type != REDIS_REPLY_INTEGER) return false;
      a->yes = reply->integer == 1;
      a->number = reply->integer;
      return true;
  }
}
