/* From one inbox to the next, which takes over while the first still has pushes in flight. */
#include "base/err.h"
#include "host/inbox_impl.h"

static void export_keys(const wy_inbox *x, shard *s, uint32_t index, uint32_t now) {
  table *t = &s->keys;
  wy_buf answer;
  wy_buf_init(&answer, UINT16_MAX);
  for (uint32_t age = t->n; age--;) { /* the oldest first, as they came */
    uint32_t at = place(t, age);
    const note *n = &t->notes[at];
    if (n->state == UNDONE || (t->slots[at].until < now && n->state != RUNNING)) continue;
    wy_item item = {.type = WY_ITEM_KEY,
                    .id = t->slots[at].id,
                    .more = t->slots[at].more,
                    .until = t->slots[at].until,
                    .place = (uint32_t)n->place << PLACE_LOW | (index & (SHARDS - 1)),
                    .running = n->state == RUNNING};
    wy_buf_clear(&answer);
    if (n->state == ANSWERED && wy_shard_recall(s, at, &answer))
      item.answer = answer.n ? wy_buf_view(&answer) : WY_STR("");
    x->give(x->data, &item);
  }
  wy_buf_deinit(&answer);
}

static void export_nonces(const wy_inbox *x, const table *t, uint32_t now) {
  for (uint32_t age = t->n; age--;) {
    const slot *s = &t->slots[place(t, age)];
    if (s->until < now) continue;
    x->give(x->data,
            &(wy_item){.type = WY_ITEM_NONCE, .id = s->id, .more = s->more, .until = s->until});
  }
}

static void export_shard(const wy_inbox *x, shard *s, uint32_t index, uint32_t now) {
  export_keys(x, s, index, now);
  export_nonces(x, &s->nonces, now);
  for (uint32_t i = 0; i < s->users_cap; i++)
    if (s->users[i].in_flight)
      x->give(x->data,
              &(wy_item){.type = WY_ITEM_USER, .id = s->users[i].id, .n = s->users[i].in_flight});
}

void wy_inbox_export(wy_inbox *x, uint32_t now, wy_item_fn give, void *data) {
  x->give = give; /* seen by who sees `exported`, under its lock */
  x->data = data;
  for (uint32_t i = 0; i < x->n_shards; i++) {
    cell *c = lock(x, i);
    if (c->shard) export_shard(x, c->shard, i, now);
    c->exported = true;
    unlock(x, c);
  }
}

void wy_inbox_export_end(wy_inbox *x) {
  for (uint32_t i = 0; i < x->n_shards; i++) {
    cell *c = lock(x, i);
    c->exported = false;
    unlock(x, c);
  }
}

static int import_key(const wy_inbox *x, shard *s, const wy_item *item) {
  const wy_hash128 key = {item->id, item->more};
  if (find_key(s, &key) != NONE) return 0;
  if (!make_room(&s->keys, x->most, 0, &s->evicted)) return WY_E_NOMEM;
  uint32_t at = push(&s->keys, (slot){item->id, item->more, item->until});
  s->keys.notes[at] = (note){
      .worker = ELSEWHERE, .state = item->running ? RUNNING : DONE, .place = place_of(item->place)};
  if (!item->running) wy_shard_store(s, x->ring_most, at, item->answer);
  return 0;
}

static int import_nonce(const wy_inbox *x, shard *s, const wy_item *item) {
  uint64_t evicted = 0;
  if (find(&s->nonces, item->id) != NONE) return 0;
  if (!make_room(&s->nonces, x->most, 0, &evicted)) return WY_E_NOMEM;
  push(&s->nonces, (slot){item->id, item->more, item->until});
  return 0;
}

static int import_user(shard *s, const wy_item *item) {
  for (uint32_t i = 0; i < item->n; i++) {
    user *u = wy_shard_take_user(s, item->id, ELSEWHERE);
    if (!u) return WY_E_NOMEM;
    if (u->elsewhere < UINT16_MAX) u->elsewhere++;
    else u->in_flight--;
  }
  return 0;
}

/* One that was elsewhere is over. When it was the last, his home has the user, as far as he still
 * waits for something. */
static void leave_elsewhere(const wy_inbox *x, shard *s, uint64_t id) {
  user *u = wy_shard_find_user(s, id);
  if (!u || !u->elsewhere) return;
  if (!--u->elsewhere && u->worker == ELSEWHERE) u->worker = (uint16_t)(id % x->workers);
  wy_shard_release_user(s, id);
}

static void import_finish(const wy_inbox *x, shard *s, const wy_item *item) {
  const wy_hash128 key = {item->id, item->more};
  int64_t at = find_key(s, &key);
  if (at != NONE && running(&s->keys, (uint32_t)at) && s->keys.notes[at].worker == ELSEWHERE) {
    if (item->type == WY_ITEM_FINISH) wy_shard_store(s, x->ring_most, (uint32_t)at, item->answer);
    else s->keys.notes[at].state = UNDONE;
  }
  if (item->release || item->type == WY_ITEM_UNDO) leave_elsewhere(x, s, item->user);
}

int wy_inbox_import(wy_inbox *x, const wy_item *item) {
  bool of_user = item->type == WY_ITEM_FINISH || item->type == WY_ITEM_UNDO;
  int err = 0;
  cell *c = lock(x, item->type == WY_ITEM_KEY ? item->place : of_user ? item->user : item->id);
  if (!c->shard) err = WY_E_NOMEM;
  else switch (item->type) {
      case WY_ITEM_KEY: err = import_key(x, c->shard, item); break;
      case WY_ITEM_NONCE: err = import_nonce(x, c->shard, item); break;
      case WY_ITEM_USER: err = import_user(c->shard, item); break;
      case WY_ITEM_FINISH:
      case WY_ITEM_UNDO: import_finish(x, c->shard, item); break;
      case WY_ITEM_RELEASE: leave_elsewhere(x, c->shard, item->id); break;
      case WY_ITEM_TYPES: err = WY_E_ARG; break;
    }
  unlock(x, c);
  return err;
}

/* Whoever was elsewhere is forgotten from the end of the table on: what moves up was seen. */
static void forget_elsewhere(const wy_inbox *x, shard *s) {
  for (uint32_t age = s->keys.n; age--;) {
    note *n = &s->keys.notes[place(&s->keys, age)];
    if (n->state == RUNNING && n->worker == ELSEWHERE) n->state = UNDONE;
  }
  for (uint32_t i = 0; i < s->users_cap;) {
    user *u = &s->users[i];
    if (u->in_flight && u->elsewhere) leave_elsewhere(x, s, u->id);
    else i++;
  }
}

void wy_inbox_import_end(wy_inbox *x) {
  for (uint32_t i = 0; i < x->n_shards; i++) {
    cell *c = lock(x, i);
    if (c->shard) forget_elsewhere(x, c->shard);
    unlock(x, c);
  }
}

bool wy_inbox_push_elsewhere(wy_inbox *x, const wy_hash128 *key, uint64_t id) {
  cell *c = lock(x, id);
  bool is = false;
  if (c->shard) {
    int64_t at = find_key(c->shard, key);
    is = at != NONE && running(&c->shard->keys, (uint32_t)at) &&
         c->shard->keys.notes[at].worker == ELSEWHERE;
  }
  unlock(x, c);
  return is;
}

bool wy_inbox_user_elsewhere(wy_inbox *x, uint64_t id) {
  cell *c = lock(x, id);
  const user *u = c->shard ? wy_shard_find_user(c->shard, id) : NULL;
  bool is = u && u->worker == ELSEWHERE;
  unlock(x, c);
  return is;
}
