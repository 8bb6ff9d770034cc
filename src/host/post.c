#include "host/post.h"

#include "base/list.h"
#include "host/host_impl.h"

static void on_async(uv_async_t *async) {
  wy_posts_drain(wy_container_of(async, worker, posts.async));
}

int wy_posts_open(worker *w) {
  wy_posts *q = &w->posts;
  q->last = &q->first;
  int err = uv_async_init(w->loop, &q->async, on_async);
  if (err) return err;
  if (pthread_mutex_init(&q->lock, NULL)) {
    uv_close((uv_handle_t *)&q->async, NULL);
    return UV_ENOMEM;
  }
  w->opened_posts = true;
  return 0;
}

void wy_posts_close(worker *w) {
  if (w->opened_posts) uv_close((uv_handle_t *)&w->posts.async, NULL);
}

void wy_posts_deinit(worker *w) {
  wy_posts *q = &w->posts;
  if (!w->opened_posts) return;
  for (wy_post *post = q->first, *next; post; post = next) {
    next = post->next;
    post->drop(w, post);
  }
  pthread_mutex_destroy(&q->lock);
}

bool wy_post_send(worker *to, wy_post *post, bool bounded) {
  wy_posts *q = &to->posts;
  post->next = NULL;
  pthread_mutex_lock(&q->lock);
  bool full = bounded && q->n >= WY_POSTS_MAX, was_empty = !q->first;
  if (!full) {
    *q->last = post;
    q->last = &post->next;
    __atomic_store_n(&q->n, q->n + 1, __ATOMIC_RELAXED);
  }
  pthread_mutex_unlock(&q->lock);
  if (!full && was_empty) uv_async_send(&q->async);
  return !full;
}

bool wy_posts_waiting(const worker *w) {
  return __atomic_load_n(&w->posts.n, __ATOMIC_RELAXED) > 0;
}

static wy_post *take(wy_posts *q) {
  pthread_mutex_lock(&q->lock);
  wy_post *post = q->first;
  if (post) {
    q->first = post->next;
    if (!q->first) q->last = &q->first;
    __atomic_store_n(&q->n, q->n - 1, __ATOMIC_RELAXED);
  }
  pthread_mutex_unlock(&q->lock);
  return post;
}

/* One is taken at a time: a post may answer a request, behind which a push is read that drains too,
 * and the order stays. No more than there are, or busy senders would keep the loop from its
 * sockets; for the rest it is woken again. */
void wy_posts_drain(worker *w) {
  wy_posts *q = &w->posts;
  pthread_mutex_lock(&q->lock);
  unsigned left = q->n;
  pthread_mutex_unlock(&q->lock);
  for (wy_post *post; left && (post = take(q)); left--) post->run(w, post);
  if (wy_posts_waiting(w)) uv_async_send(&q->async);
}
