/* redis_op: an operation as Redis is told it, and what Redis answers to it. */
#ifndef WY_STORE_REDIS_OP_H
#define WY_STORE_REDIS_OP_H

#include "store/kv_backend.h"
#include "store/redis_link.h"

/* at: the caller's time, 0: the server's. whole: with the script itself, not just its name. 0 or
 * WY_E_NOMEM. */
int wy_redis_op_send(wy_redis_link *link, const wy_kv_question *q, int64_t at, bool whole);

/* Fills in the operation's answer from what is no error. False: it is no answer to that. */
bool wy_redis_op_read(wy_kv_op *op, const redisReply *reply);

#endif
