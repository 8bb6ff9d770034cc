#include "host/guest.h"

#include "host/exchange.h"

bool wy_guest_enter(worker *w, const account *a, wy_str openid, wy_guest *g) {
  uint64_t user = wy_hash64(&a->hash, openid);
  const slot *here = wy_slot_find(w, user);
  if (here && (here->running || here->n_queue || here->guest)) return false;
  /* A claim like that of a push which nobody repeats: it is known to the inbox while it lasts. */
  const uint64_t name[] = {user, w->trace_seed, (uint64_t)++w->serial};
  wy_hash128 key = wy_hash128_str(&a->hash, (wy_str){(const char *)name, sizeof name});
  uint32_t now = (uint32_t)(wy_clock_wall_ms(&w->clock) / 1000);
  const wy_claim claim = {
      .key = key, .user = user, .nonce = key.hi, .worker = w->index, .now = now, .until = now};
  wy_claimed claimed;
  wy_buf_clear(&w->known);
  wy_verdict v = wy_inbox_claim(w->host->inbox, &claim, &claimed, &w->known);
  slot *s = v == WY_INBOX_RUN ? wy_slot_take(w, user) : NULL;
  if (!s) {
    if (v == WY_INBOX_RUN || v == WY_INBOX_HOP) wy_inbox_undo(w->host->inbox, &key, user);
    return false;
  }
  s->guest = true;
  *g = (wy_guest){s, key};
  return true;
}

void wy_guest_leave(worker *w, wy_guest *g) {
  slot *s = g->slot;
  if (!s) return;
  g->slot = NULL;
  s->guest = false;
  wy_inbox_undo(w->host->inbox, &g->key, s->user);
  wy_exchange_next(w, s);
  wy_slot_leave(w, s);
}
