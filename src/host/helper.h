/* helper: one thread of a host for what takes longer than a loop may wait: building and closing Lua
 * states, reading and writing sources. Jobs run one after another, in the order they came. */
#ifndef WY_HOST_HELPER_H
#define WY_HOST_HELPER_H

#include "host/post.h"

typedef struct wy_host wy_host;
typedef struct wy_job wy_job;

/* Embedded in its owner's memory, which is the job's until done. */
struct wy_job {
  wy_post post;
  worker *tell;
  void (*run)(wy_job *job); /* on the helper's thread */
  void (*done)(
      wy_job *job); /* then on that of the worker that is told, or, with none, the helper's */
};

/* From any worker's thread. tell NULL: nobody. The thread starts with the first job; where it
 * cannot, the job runs at once, here. */
void wy_helper_do(wy_host *h, wy_job *job, worker *tell);

void wy_helper_end(wy_host *h); /* after all jobs are done; no more may come */

#endif
