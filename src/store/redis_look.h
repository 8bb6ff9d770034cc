/* redis_look: one look at a store in a Redis, for `weiyue store check`: whether it is reached, how
 * it is set, how much it has. Blocks, for some seconds at most. */
#ifndef WY_STORE_REDIS_LOOK_H
#define WY_STORE_REDIS_LOOK_H

#include "store/kv.h"

enum { WY_REDIS_COUNTS = 16 };

typedef struct wy_redis_look {
  char place[144]; /* as it may be shown; also where it is not reached */
  /* its settings; "": it does not tell */
  char appendonly[32], appendfsync[32], maxmemory_policy[32];
  int64_t keys;                    /* of the store, but for locks */
  int64_t counts[WY_REDIS_COUNTS]; /* of them, those that begin with prefixes[i] and a "/" */
} wy_redis_look;

/* 0; or an error, with what to say beside its text. */
int wy_redis_look_at(const char *url, const char *prefixes, wy_redis_look *out,
                     char why[WY_KV_WHY]);

#endif
