/* post: what one worker asks of another. Each worker has a queue that any thread may add to; its
 * loop wakes once when the queue stops being empty. Posts run in the order they were sent. */
#ifndef WY_HOST_POST_H
#define WY_HOST_POST_H

#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

typedef struct worker worker;
typedef struct wy_post wy_post;

/* Embedded in its owner's memory. */
struct wy_post {
  wy_post *next;
  void (*run)(worker *w, wy_post *post);  /* on the worker's thread; the post is the callee's */
  void (*drop)(worker *w, wy_post *post); /* instead, when the worker has ended */
};

typedef struct wy_posts {
  pthread_mutex_t lock;
  wy_post *first, **last;
  unsigned n; /* written under lock, read anywhere */
  uv_async_t async;
} wy_posts;

enum { WY_POSTS_MAX = 4096 };

int wy_posts_open(worker *w); /* 0 or a uv error */
void wy_posts_close(worker *w);
void wy_posts_deinit(worker *w); /* drops what was not run */

/* From any thread, while the worker exists. `bounded`: false when the queue is full, and the post
 * stays the caller's; what answers an earlier post is never refused. */
bool wy_post_send(worker *to, wy_post *post, bool bounded);

/* On the worker's thread: whether something is queued; runs what is. */
bool wy_posts_waiting(const worker *w);
void wy_posts_drain(worker *w);

#endif
