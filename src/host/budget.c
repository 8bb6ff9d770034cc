#include "host/budget.h"

#include <stdlib.h>

#include "base/err.h"

int wy_budget_init(wy_budget *b, unsigned max) {
  *b = (wy_budget){.max = max};
  if (max && !(b->at = calloc(max, sizeof *b->at))) return WY_E_NOMEM;
  if (pthread_mutex_init(&b->lock, NULL)) {
    free(b->at);
    b->at = NULL;
    return WY_E_NOMEM;
  }
  return 0;
}

void wy_budget_deinit(wy_budget *b) {
  free(b->at);
  b->at = NULL;
  pthread_mutex_destroy(&b->lock);
}

static void forget_old(wy_budget *b, uint64_t now) {
  while (b->n) {
    uint64_t oldest = b->at[(b->end + b->max - b->n) % b->max];
    if (oldest + WY_BUDGET_MS > now) return;
    b->n--;
  }
}

static void add(wy_budget *b, uint64_t now) {
  b->at[b->end] = now;
  b->end = (b->end + 1) % b->max;
  if (b->n < b->max) b->n++; /* else the oldest went: it is as used up as before */
}

int wy_budget_resize(wy_budget *b, unsigned max) {
  uint64_t *at = max ? calloc(max, sizeof *at) : NULL;
  if (max && !at) return WY_E_NOMEM;
  pthread_mutex_lock(&b->lock);
  unsigned n = b->n < max ? b->n : max; /* the youngest */
  for (unsigned i = 0; i < n; i++) at[i] = b->at[(b->end + b->max - n + i) % b->max];
  free(b->at);
  b->at = at;
  b->max = max;
  b->n = n;
  b->end = max ? n % max : 0;
  pthread_mutex_unlock(&b->lock);
  return 0;
}

bool wy_budget_take(wy_budget *b, uint64_t now) {
  pthread_mutex_lock(&b->lock);
  forget_old(b, now);
  bool some_left = b->n < b->max;
  if (some_left) add(b, now);
  pthread_mutex_unlock(&b->lock);
  return some_left;
}

void wy_budget_spent(wy_budget *b, uint64_t now) {
  pthread_mutex_lock(&b->lock);
  forget_old(b, now);
  if (b->max) add(b, now);
  pthread_mutex_unlock(&b->lock);
}

void wy_budget_give_back(wy_budget *b) {
  pthread_mutex_lock(&b->lock);
  if (b->n) {
    b->n--;
    b->end = (b->end + b->max - 1) % b->max;
  }
  pthread_mutex_unlock(&b->lock);
}

unsigned wy_budget_used(wy_budget *b, uint64_t now) {
  pthread_mutex_lock(&b->lock);
  forget_old(b, now);
  unsigned n = b->n;
  pthread_mutex_unlock(&b->lock);
  return n;
}

unsigned wy_budget_max(wy_budget *b) {
  pthread_mutex_lock(&b->lock);
  unsigned max = b->max;
  pthread_mutex_unlock(&b->lock);
  return max;
}
