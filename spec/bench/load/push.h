/* Pushes as WeChat sends them, each one distinct, and the check of what came back.
 *
 * A maker is made once per run (push_maker_new), makes any number of requests (push_make) and
 * checks answers (push_check). It belongs to one thread. Nothing here does I/O.
 */
#ifndef PUSH_H
#define PUSH_H

#include <stddef.h>

typedef enum { PUSH_PLAIN, PUSH_SAFE, PUSH_VERIFY } push_mode;

typedef struct {
  push_mode mode;
  const char *host, *path, *token, *appid, *aes_key; /* borrowed for the maker's life */
  unsigned users;                                    /* size of the pool of senders */
} push_options;

enum { PUSH_REQUEST_MAX = 4096, PUSH_OPENID = 28, PUSH_CONTENT_MAX = 192 };

/* One request, and what is needed to check its answer. */
typedef struct {
  char request[PUSH_REQUEST_MAX];
  size_t request_n;
  const char *openid;             /* PUSH_OPENID bytes, in the maker's pool */
  char content[PUSH_CONTENT_MAX]; /* text sent; echostr when verifying */
  size_t content_n;
} push;

typedef struct push_maker push_maker;

/* NULL with *error set (a static string) when the options are unusable. */
push_maker *push_maker_new(const push_options *options, const char **error);
void push_maker_free(push_maker *maker);

void push_make(push_maker *maker, push *out);

/* NULL when the body answers the push as it should, else what is wrong with it. */
const char *push_check(push_maker *maker, const push *sent, const char *body, size_t n);

#endif
