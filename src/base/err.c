#include "base/err.h"

static const struct {
  const char *event, *reason, *text;
} table[] = {
#define X(name, event, reason, text) {event, reason, text},
    WY_ERRORS(X)
#undef X
};

static int index_of(int err) {
  return err > WY_E_BASE && err < WY_E_END ? err - WY_E_BASE - 1 : -1;
}

const char *wy_err_event(int err) {
  int i = index_of(err);
  return i < 0 ? "error" : table[i].event;
}

const char *wy_err_reason(int err) {
  int i = index_of(err);
  return i < 0 ? "unknown" : table[i].reason;
}

const char *wy_err_text(int err) {
  int i = index_of(err);
  return i < 0 ? "unknown error" : table[i].text;
}
