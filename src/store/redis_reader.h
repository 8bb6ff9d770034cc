/* redis_reader: hiredis reads what Redis sends, within bounds: an answer that has more is an error,
 * before memory is taken for it. */
#ifndef WY_STORE_REDIS_READER_H
#define WY_STORE_REDIS_READER_H

#include <hiredis.h>
#include <stddef.h>

enum { WY_REDIS_REPLY = 8 << 20 /* bytes */, WY_REDIS_ELEMENTS = 4096 };

typedef struct wy_redis_reader wy_redis_reader;

wy_redis_reader *wy_redis_reader_new(void); /* NULL: no memory */
void wy_redis_reader_free(wy_redis_reader *r);

/* 0, or WY_E_NOMEM. */
int wy_redis_reader_feed(wy_redis_reader *r, const char *bytes, size_t n);

/* The next answer, which the caller frees; NULL: it is not all there. 0, or WY_E_STORE_UNREACHABLE:
 * what was fed is no answer, or too large. */
int wy_redis_reader_next(wy_redis_reader *r, redisReply **out);

#endif
