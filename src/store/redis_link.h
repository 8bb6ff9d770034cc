/* redis_link: one connection to a Redis that comes back: it is made, greeted, lost, and made again
 * with back-off. hiredis reads and writes the protocol, the bytes are libuv's. All on one loop's
 * thread.
 *
 * Whoever sends what is no answer, or is more than redis_reader takes, is hung up on. */
#ifndef WY_STORE_REDIS_LINK_H
#define WY_STORE_REDIS_LINK_H

#include <uv.h>

#include "base/buf.h"
#include "store/redis_reader.h"
#include "store/redis_url.h"

enum {
  WY_REDIS_ATTEMPT_MS = 1000, /* to connect and to be greeted */
  WY_REDIS_AGAIN_MS = 50,     /* until the next attempt: doubled each time, */
  WY_REDIS_AGAIN_MAX_MS = 800 /* up to this */
};

typedef struct wy_redis_link wy_redis_link;

typedef struct wy_redis_events {
  void (*up)(void *data); /* commands may be sent */
  /* An attempt has failed, or it was up. What was sent gets no answer. */
  void (*down)(void *data, int err, const char *why);
  void (*reply)(void *data, const redisReply *reply); /* to the oldest that has none */
  void *data;
} wy_redis_events;

/* Takes the url over. script: is loaded when greeting. NULL: no memory. */
wy_redis_link *wy_redis_link_new(uv_loop_t *loop, wy_redis_url *url, const char *script,
                                 const wy_redis_events *events);
void wy_redis_link_start(wy_redis_link *l);
void wy_redis_link_close(wy_redis_link *l); /* without a word; frees, when the loop has run */

/* The script's name for EVALSHA; once it was up. */
const char *wy_redis_link_sha(const wy_redis_link *l);

/* While it is up. 0 or WY_E_NOMEM, and nothing is sent. It leaves with wy_redis_link_flush. */
int wy_redis_link_send(wy_redis_link *l, int argc, const char **argv, const size_t *lengths);
void wy_redis_link_flush(wy_redis_link *l);

/* Hangs up, calls down, and tries again: soon when it was fine, which the owner says. */
void wy_redis_link_drop(wy_redis_link *l, int err, const char *why);
void wy_redis_link_fine(wy_redis_link *l);

/* What an error of Redis is here, and in words that show nothing of what was sent. */
int wy_redis_error(const redisReply *reply, const char **why);

#endif
