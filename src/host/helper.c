#include "host/helper.h"

#include <signal.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/resource.h>
#endif

#include "host/host_impl.h"

enum { NICE = 5 }; /* answers to pushes come first, where there are fewer cores than workers */

struct wy_helper {
  pthread_mutex_t lock;
  pthread_cond_t more;
  pthread_t thread;
  wy_post *first, **last; /* jobs, by their posts */
  bool ending;
};

typedef struct wy_helper helper;

static wy_job *job_of(wy_post *post) { return wy_container_of(post, wy_job, post); }

static void told(worker *w, wy_post *post) {
  (void)w;
  wy_job *job = job_of(post);
  job->done(job);
}

static void work(wy_job *job, worker *tell) {
  job->run(job);
  if (!tell) {
    job->done(job);
    return;
  }
  job->post = (wy_post){NULL, told, told};
  wy_post_send(tell, &job->post, false);
}

static void *run(void *data) {
  helper *p = data;
#ifdef __linux__ /* of this thread alone; POSIX knows the process's only */
  setpriority(PRIO_PROCESS, 0, NICE);
#endif
  pthread_mutex_lock(&p->lock);
  for (;;) {
    while (!p->first && !p->ending) pthread_cond_wait(&p->more, &p->lock);
    wy_post *post = p->first;
    if (!post) break;
    p->first = post->next;
    if (!p->first) p->last = &p->first;
    pthread_mutex_unlock(&p->lock);
    wy_job *job = job_of(post);
    work(job, job->tell);
    pthread_mutex_lock(&p->lock);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* Signals are for the threads of workers: the handlers may ask whose Lua runs on theirs. */
static bool start(helper *p) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int err = pthread_create(&p->thread, NULL, run, p);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return err == 0;
}

static helper *helper_new(void) {
  helper *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->last = &p->first;
  bool lock = pthread_mutex_init(&p->lock, NULL) == 0;
  bool more = lock && pthread_cond_init(&p->more, NULL) == 0;
  if (more && start(p)) return p;
  if (more) pthread_cond_destroy(&p->more);
  if (lock) pthread_mutex_destroy(&p->lock);
  free(p);
  return NULL;
}

void wy_helper_do(wy_host *h, wy_job *job, worker *tell) {
  job->tell = tell;
  pthread_mutex_lock(&h->plan_lock);
  if (!h->helper && !h->is_virtual) h->helper = helper_new();
  helper *p = h->helper;
  pthread_mutex_unlock(&h->plan_lock);
  if (!p) {
    work(job, tell);
    return;
  }
  job->post.next = NULL;
  pthread_mutex_lock(&p->lock);
  *p->last = &job->post;
  p->last = &job->post.next;
  pthread_cond_signal(&p->more);
  pthread_mutex_unlock(&p->lock);
}

void wy_helper_end(wy_host *h) {
  helper *p = h->helper;
  if (!p) return;
  pthread_mutex_lock(&p->lock);
  p->ending = true;
  pthread_cond_signal(&p->more);
  pthread_mutex_unlock(&p->lock);
  pthread_join(p->thread, NULL);
  pthread_cond_destroy(&p->more);
  pthread_mutex_destroy(&p->lock);
  free(p);
  h->helper = NULL;
}
