#include "store/redis_reader.h"

#include <stdlib.h>

#include "base/err.h"

struct wy_redis_reader {
  redisReader *reader;
#if HIREDIS_MAJOR < 1
  redisReplyObjectFunctions functions;
  void *(*create_array)(const redisReadTask *, int);
#endif
};

#if HIREDIS_MAJOR < 1
static void *create_array(const redisReadTask *task, int n) {
  const wy_redis_reader *r = task->privdata;
  return n > WY_REDIS_ELEMENTS ? NULL : r->create_array(task, n);
}
#endif

wy_redis_reader *wy_redis_reader_new(void) {
  wy_redis_reader *r = calloc(1, sizeof *r);
  if (r) r->reader = redisReaderCreate();
  if (!r || !r->reader) {
    free(r);
    return NULL;
  }
#if HIREDIS_MAJOR < 1
  r->functions = *r->reader->fn;
  r->create_array = r->functions.createArray;
  r->functions.createArray = create_array;
  r->reader->fn = &r->functions;
  r->reader->privdata = r;
#else
  r->reader->maxelements = WY_REDIS_ELEMENTS;
#endif
  return r;
}

void wy_redis_reader_free(wy_redis_reader *r) {
  if (!r) return;
  redisReaderFree(r->reader);
  free(r);
}

int wy_redis_reader_feed(wy_redis_reader *r, const char *bytes, size_t n) {
  return redisReaderFeed(r->reader, bytes, n) == REDIS_OK ? 0 : WY_E_NOMEM;
}

int wy_redis_reader_next(wy_redis_reader *r, redisReply **out) {
  void *reply = NULL;
  int code = redisReaderGetReply(r->reader, &reply);
  *out = reply;
  if (code != REDIS_OK) return WY_E_STORE_UNREACHABLE;
  return !reply && r->reader->len - r->reader->pos > WY_REDIS_REPLY ? WY_E_STORE_UNREACHABLE : 0;
}
