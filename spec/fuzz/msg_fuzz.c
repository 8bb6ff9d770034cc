/* A push of either form: no crash, no half-filled head, spans that can be read. Two pushes go
 * through one wy_msg, as on a connection. */
#include <stdlib.h>

#include "codec/msg.h"

static void need(bool ok) {
  if (!ok) abort();
}

static unsigned read_all(wy_str s) {
  unsigned sum = 0;
  for (size_t i = 0; i < s.n; i++) sum += (unsigned char)s.p[i];
  return sum;
}

static void look(const wy_msg *m, int err) {
  const wy_str *const head[] = {&m->to,      &m->from, &m->type,    &m->event,    &m->event_key,
                                &m->content, &m->id,   &m->encrypt, &m->info_type};
  unsigned sum = 0;
  for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
    need(!err || !head[i]->p);
    sum += read_all(*head[i]);
  }
  need(sum != 1 && m->created >= 0 && (!err || m->doc.n == 0));
  uint64_t id;
  need(!m->id.p || wy_str_u64(m->id, &id));
  need(wy_msg_complete(m) == 0 || m->to.n == 0 || m->from.n == 0 || m->type.n == 0 ||
       m->event.n == 0);
  need(!m->event.p || wy_str_ieq(m->type, WY_STR("event")) ||
       wy_str_ieq(m->type, WY_STR("device_event")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  wy_msg m;
  wy_msg_init(&m);
  size_t half = size / 2;
  look(&m, wy_msg_parse(&m, (wy_str){(const char *)data, half}));
  look(&m, wy_msg_parse(&m, (wy_str){(const char *)data, size}));
  wy_msg_deinit(&m);
  return 0;
}
