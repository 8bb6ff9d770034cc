/* budget: how many pushes of an account may go unanswered. WeChat counts its own failures and
 * blocks the address when they are too many, so silence is spent, not given. Any thread may call.
 */
#ifndef WY_HOST_BUDGET_H
#define WY_HOST_BUDGET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { WY_BUDGET_MS = 300000 }; /* a push counts for so long */

typedef struct wy_budget {
  pthread_mutex_t lock;
  uint64_t *at;         /* when each was spent, a ring */
  unsigned max, n, end; /* end: where the next one goes */
} wy_budget;

int wy_budget_init(wy_budget *b, unsigned max); /* max 0: nothing may be spent */
void wy_budget_deinit(wy_budget *b);

/* What was spent stays spent, as far as the new maximum holds it. 0 or WY_E_NOMEM. */
int wy_budget_resize(wy_budget *b, unsigned max);

/* Spends one; false when max were spent within the last five minutes. now: ms of one clock. */
bool wy_budget_take(wy_budget *b, uint64_t now);

/* One went unanswered without being asked for: it counts in any case. */
void wy_budget_spent(wy_budget *b, uint64_t now);

/* The one spent last was answered in time after all. */
void wy_budget_give_back(wy_budget *b);

unsigned wy_budget_used(wy_budget *b, uint64_t now);
unsigned wy_budget_max(wy_budget *b);

#endif
