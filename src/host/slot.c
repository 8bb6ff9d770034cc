/* The users with something in flight on this worker: a hash table by the user's hash. */
#include <stdlib.h>

#include "host/exchange.h"

enum { FIRST = 256, SPARE = 256 };

slot *wy_slot_find(const worker *w, uint64_t user) {
  const slots *t = &w->slots;
  if (!t->n_buckets) return NULL;
  slot *s = t->buckets[user & (t->n_buckets - 1)];
  while (s && s->user != user) s = s->next;
  return s;
}

/* Without memory the chains just grow longer. */
static void grow(slots *t) {
  size_t n = t->n_buckets ? t->n_buckets * 2 : FIRST;
  slot **buckets = calloc(n, sizeof(slot *));
  if (!buckets) return;
  for (size_t i = 0; i < t->n_buckets; i++) {
    for (slot *s = t->buckets[i], *next; s; s = next) {
      next = s->next;
      s->next = buckets[s->user & (n - 1)];
      buckets[s->user & (n - 1)] = s;
    }
  }
  free(t->buckets);
  t->buckets = buckets;
  t->n_buckets = n;
}

slot *wy_slot_take(worker *w, uint64_t user) {
  slots *t = &w->slots;
  slot *s = wy_slot_find(w, user);
  if (s) {
    s->n++;
    return s;
  }
  if (t->n >= t->n_buckets) grow(t);
  if (!t->n_buckets) return NULL;
  s = t->spare;
  if (s) {
    t->spare = s->next;
    t->n_spare--;
  } else if (!(s = malloc(sizeof *s))) {
    return NULL;
  }
  slot **bucket = &t->buckets[user & (t->n_buckets - 1)];
  *s = (slot){.next = *bucket, .user = user, .n = 1};
  wy_list_init(&s->queue);
  wy_list_init(&s->away);
  *bucket = s;
  t->n++;
  return s;
}

void wy_slot_leave(worker *w, slot *s) {
  slots *t = &w->slots;
  if (--s->n) return;
  wy_list_remove(&s->away);
  slot **at = &t->buckets[s->user & (t->n_buckets - 1)];
  while (*at != s) at = &(*at)->next;
  *at = s->next;
  t->n--;
  if (t->n_spare >= SPARE) {
    free(s);
    return;
  }
  s->next = t->spare;
  t->spare = s;
  t->n_spare++;
}

void wy_slots_deinit(worker *w) {
  slots *t = &w->slots;
  for (size_t i = 0; i < t->n_buckets; i++) {
    for (slot *s = t->buckets[i], *next; s; s = next) {
      next = s->next;
      free(s);
    }
  }
  for (slot *s = t->spare, *next; s; s = next) {
    next = s->next;
    free(s);
  }
  free(t->buckets);
}
