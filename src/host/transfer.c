#include "host/transfer.h"

#include <assert.h>

#include "base/err.h"

enum {
  USERS_MOST = 65535, /* in flight of one user */
  RUNNING = 1,
  RELEASE = 2,
  ANSWER = 4,
  FLAGS = 8,
};

typedef struct head {
  uint64_t id, user;
  uint32_t more, until, place;
  uint32_t n; /* USER: in flight; KEY, FINISH: bytes of the answer, which follow */
  uint16_t type, flags;
  uint32_t zero;
} head;
static_assert(sizeof(head) == 40, "no holes");

void wy_transfer_put(wy_buf *out, unsigned type, const wy_item *item) {
  head h = {.type = (uint16_t)type};
  if (item) {
    h.id = item->id;
    h.user = item->user;
    h.more = item->more;
    h.until = item->until;
    h.place = item->place;
    h.n = item->type == WY_ITEM_USER ? item->n : (uint32_t)item->answer.n;
    h.flags = (uint16_t)((item->running ? RUNNING : 0) | (item->release ? RELEASE : 0) |
                         (item->answer.p ? ANSWER : 0));
  }
  wy_buf_add(out, (const char *)&h, sizeof h);
  if (item && item->answer.n) wy_buf_str(out, item->answer);
}

static bool is_sound(const head *h) {
  bool answers = h->flags & ANSWER;
  if (h->type > WY_TRANSFER_END || h->flags >= FLAGS || h->zero) return false;
  switch (h->type) {
    case WY_ITEM_KEY: return answers ? h->n <= UINT16_MAX && !(h->flags & RUNNING) : !h->n;
    case WY_ITEM_FINISH: return answers ? h->n <= UINT16_MAX : !h->n;
    case WY_ITEM_USER: return !answers && h->n <= USERS_MOST;
    default: return !answers && !h->n;
  }
}

int64_t wy_transfer_get(const char *p, size_t n, unsigned *type, wy_item *item) {
  head h;
  if (n < sizeof h) return 0;
  memcpy(&h, p, sizeof h);
  if (!is_sound(&h)) return WY_E_HANDOVER;
  size_t answer = h.flags & ANSWER ? h.n : 0;
  if (n - sizeof h < answer) return 0;
  *type = h.type;
  *item = (wy_item){.type = h.type < WY_ITEM_TYPES ? (wy_item_type)h.type : WY_ITEM_TYPES,
                    .id = h.id,
                    .user = h.user,
                    .more = h.more,
                    .until = h.until,
                    .place = h.place,
                    .n = h.type == WY_ITEM_USER ? h.n : 0,
                    .running = h.flags & RUNNING,
                    .release = (h.flags & RELEASE) != 0};
  if (h.flags & ANSWER) item->answer = (wy_str){p + sizeof h, answer};
  return (int64_t)(sizeof h + answer);
}
