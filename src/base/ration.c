#include "base/ration.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/list.h"

enum { EVENT_BYTES = 32, PLACE_BYTES = 96 };

typedef struct wy_ration_kind {
  char event[EVENT_BYTES], place[PLACE_BYTES];
  wy_log_level level;
  uint64_t since; /* ms: when its second began */
  unsigned lines, held;
} kind;

static uint64_t end_of(const kind *k) { return k->since + WY_RATION_MS; }

static void tell(wy_ration *r, kind *k) {
  wy_line line;
  if (!k->held) return;
  wy_line_begin(&line, r->log, k->level, "log.suppressed");
  wy_line_z(&line, "of", k->event);
  if (k->place[0]) wy_line_z(&line, "where", k->place);
  wy_line_int(&line, "count", (int64_t)k->held);
  wy_line_end(&line);
  k->held = 0;
}

/* For the earliest end of what has to tell something. */
static void arm(wy_ration *r, uint64_t now) {
  uint64_t due = UINT64_MAX;
  for (size_t i = 0; i < r->n; i++)
    if (r->kinds[i].held && end_of(&r->kinds[i]) < due) due = end_of(&r->kinds[i]);
  if (due == UINT64_MAX) wy_timer_stop(r->clock, &r->timer);
  else (void)wy_timer_start(r->clock, &r->timer, due > now ? due - now : 0);
  /* no memory for a timer: the next line of its kind tells it */
}

static void on_timer(wy_timer *timer) {
  wy_ration *r = wy_container_of(timer, wy_ration, timer);
  uint64_t now = wy_clock_now_ms(r->clock);
  for (size_t i = 0; i < r->n; i++)
    if (end_of(&r->kinds[i]) <= now) tell(r, &r->kinds[i]);
  arm(r, now);
}

void wy_ration_init(wy_ration *r, wy_clock *clock, const wy_log *log) {
  r->clock = clock;
  r->log = log;
  r->n = 0;
  r->kinds = NULL;
  wy_timer_init(&r->timer, on_timer);
}

void wy_ration_deinit(wy_ration *r) {
  if (!r->clock) return;
  for (size_t i = 0; i < r->n; i++) tell(r, &r->kinds[i]);
  wy_timer_stop(r->clock, &r->timer);
  free(r->kinds);
  r->kinds = NULL;
  r->n = 0;
}

static bool is(const kind *k, const char *event, const char *place) {
  return strncmp(k->event, event, EVENT_BYTES - 1) == 0 &&
         strncmp(k->place, place, PLACE_BYTES - 1) == 0;
}

static kind *find(wy_ration *r, const char *event, const char *place) {
  kind *oldest = NULL;
  for (size_t i = 0; i < r->n; i++) {
    kind *k = &r->kinds[i];
    if (is(k, event, place)) return k;
    if (!oldest || k->since < oldest->since) oldest = k;
  }
  kind *k = r->n < WY_RATION_KINDS ? &r->kinds[r->n++] : oldest;
  if (k == oldest) tell(r, k);
  *k = (kind){.held = 0};
  snprintf(k->event, EVENT_BYTES, "%s", event);
  snprintf(k->place, PLACE_BYTES, "%s", place);
  return k;
}

bool wy_ration_take(wy_ration *r, wy_log_level level, const char *event, const char *place,
                    unsigned max) {
  if (!wy_log_on(r->log, level)) return false;
  if (r->log->level == WY_LOG_DEBUG) return true;
  if (!r->kinds) r->kinds = calloc(WY_RATION_KINDS, sizeof *r->kinds);
  if (!r->kinds) return true; /* better too much than nothing */
  uint64_t now = wy_clock_now_ms(r->clock);
  kind *k = find(r, event, place ? place : "");
  if (k->lines == 0 || now >= end_of(k)) {
    tell(r, k);
    k->since = now;
    k->lines = 0;
  }
  k->level = level;
  if (k->lines < max) {
    k->lines++;
    return true;
  }
  if (k->held++ == 0) arm(r, now);
  return false;
}

/* Bytes of the file:line in front of a message; 0: there is none. */
static size_t place_in(const char *text) {
  for (const char *s = text; *s && *s != '\n'; s++) {
    if (*s != ':') continue;
    size_t digits = strspn(s + 1, "0123456789");
    if (digits && s[1 + digits] == ':') return (size_t)(s - text) + 1 + digits;
  }
  return 0;
}

bool wy_ration_error(wy_ration *r, const char *event, const char *where, const char *text) {
  char place[PLACE_BYTES] = "";
  if (!r) return true;
  size_t n = text ? place_in(text) : 0;
  const char *from = n ? text : where ? where : "";
  if (!n) n = strlen(from);
  if (n >= sizeof place) { /* the end tells more */
    from += n - (sizeof place - 1);
    n = sizeof place - 1;
  }
  memcpy(place, from, n);
  return wy_ration_take(r, WY_LOG_ERROR, event, place, WY_RATION_ERRORS);
}
