/* redis_fuzz: any bytes from what should be a Redis, in two parts, as the answer to any operation.
 * It is taken for what it is, or for nothing; memory is bounded. The first byte names the
 * operation. */
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "store/redis_op.h"

#define CHECK(condition) \
  if (!(condition)) abort()

static void check_page(const wy_kv_answer *a) {
  wy_str rest = wy_buf_view(&a->value), key, value;
  int64_t n = 0;
  while (wy_kv_pair(&rest, &key, &value)) n++;
  CHECK(rest.n == 0 && n == a->number);
}

static void take(wy_kv_verb verb, const redisReply *reply) {
  wy_kv_op op;
  const char *why = NULL;
  if (reply->type == REDIS_REPLY_ERROR) {
    CHECK(wy_redis_error(reply, &why) != 0 && why);
    return;
  }
  memset(&op, 0, sizeof op);
  op.q.verb = verb;
  wy_buf_init(&op.answer.value, WY_REDIS_REPLY);
  if (wy_redis_op_read(&op, reply)) {
    const wy_kv_answer *a = &op.answer;
    CHECK(a->err == 0 || (a->err == WY_E_STORE_NUMBER && verb == WY_KV_INCR));
    if (verb == WY_KV_SCAN) check_page(a);
    else CHECK(a->has_value || a->value.n == 0);
  }
  wy_buf_deinit(&op.answer.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  wy_kv_verb verb = (wy_kv_verb)(data[0] % WY_KV_VERB_END);
  size_t cut = data[1] % size;
  wy_redis_reader *r = wy_redis_reader_new();
  CHECK(r);
  int err = 0;
  for (int part = 0; part < 2 && !err; part++) {
    size_t from = part ? cut : 0, to = part ? size : cut;
    if (from < 2) from = 2;
    if (to <= from) continue;
    err = wy_redis_reader_feed(r, (const char *)data + from, to - from);
    for (redisReply *reply; !err && !(err = wy_redis_reader_next(r, &reply)) && reply;) {
      take(verb, reply);
      freeReplyObject(reply);
    }
  }
  wy_redis_reader_free(r);
  return 0;
}
