/* Forgetting a user: what his pushes have left behind: answers that are kept for their repetitions,
 * and a conversation that waits for him, which may be any worker's. Lua does the rest
 * (lua/weiyue/forget.lua). */
#include <stdlib.h>

#include "host/exchange.h"
#include "host/record.h"

typedef struct errand {
  wy_post post;
  uint64_t user;
} errand;

static void forget_here(worker *w, uint64_t user) {
  const slot *s = wy_slot_find(w, user);
  if (!s) return;
  if (s->parked) wy_parked_end(s->parked);
  for (wy_list *n = w->exchanges.next; n != &w->exchanges;) {
    exchange *x = wy_container_of(n, exchange, link);
    n = n->next;
    if (x->user != user || x->phase != LINGERING) continue;
    wy_exchange_end(x, (wy_str){0});
    n = w->exchanges.next; /* more than this one may have ended with it */
  }
}

static void drop(worker *w, wy_post *post) {
  (void)w;
  free(wy_container_of(post, errand, post));
}

static void run(worker *w, wy_post *post) {
  forget_here(w, wy_container_of(post, errand, post)->user);
  drop(w, post);
}

void wy_forget_user(worker *w, const account *a, wy_str openid) {
  wy_host *h = w->host;
  uint64_t user = wy_hash64(&a->hash, openid);
  for (unsigned i = 0; i < h->n_workers; i++) {
    errand *e = malloc(sizeof *e);
    if (!e) continue; /* his question is forgotten by itself in half an hour */
    *e = (errand){.post = {NULL, run, drop}, .user = user};
    wy_post_send(&h->workers[i], &e->post, false); /* the own one, too: a task runs just now */
  }
  wy_inbox_forget(h->inbox, user, openid);
  wy_record_forget(h, a, openid);
}
