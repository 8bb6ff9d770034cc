#include "base/prom.h"

#include "base/utf8.h"

static void add_z(wy_buf *out, const char *z) { wy_buf_str(out, wy_str_of(z)); }

/* s with a backslash before each backslash and each quote, LF as \n. A byte that begins no UTF-8
 * character and a control character stand as the text \x01: two values that differ in them do. */
static void add_escaped(wy_buf *out, wy_str s) {
  static const char hex[] = "0123456789ABCDEF";
  for (size_t i = 0, n; i < s.n; i += n ? n : 1) {
    unsigned char c = (unsigned char)s.p[i];
    n = wy_utf8_char(s.p + i, s.n - i);
    if (c == '\\' || c == '"' || c == '\n') {
      wy_buf_add(out, (const char[]){'\\', c == '\n' ? 'n' : (char)c}, 2);
    } else if (!n || c < ' ' || c == 0x7F) {
      wy_buf_add(out, (const char[]){'\\', '\\', 'x', hex[c >> 4], hex[c & 15]}, 5);
    } else {
      wy_buf_add(out, s.p + i, n);
    }
  }
}

void wy_prom_family(wy_buf *out, const char *name, wy_prom_type type, const char *help) {
  static const char *const types[] = {"counter", "gauge", "histogram"};
  wy_buf_lit(out, "# HELP ");
  add_z(out, name);
  wy_buf_lit(out, " ");
  add_z(out, help);
  wy_buf_lit(out, "\n# TYPE ");
  add_z(out, name);
  wy_buf_lit(out, " ");
  add_z(out, types[type]);
  wy_buf_lit(out, "\n");
}

void wy_prom_label(wy_buf *labels, const char *name, wy_str value) {
  if (labels->n) wy_buf_lit(labels, ",");
  add_z(labels, name);
  wy_buf_lit(labels, "=\"");
  add_escaped(labels, value);
  wy_buf_lit(labels, "\"");
}

/* NAME[SUFFIX][{LABELS[,le="BOUND"]}] and a blank. */
static void begin(wy_buf *out, const char *name, const char *suffix, const wy_buf *labels,
                  const char *le) {
  if (labels && labels->failed) {
    wy_buf_reserve(out, SIZE_MAX); /* no buffer has that room */
    return;
  }
  wy_str inner = labels ? wy_buf_view(labels) : WY_STR("");
  add_z(out, name);
  add_z(out, suffix);
  if (inner.n || le) {
    wy_buf_lit(out, "{");
    wy_buf_str(out, inner);
    if (le) {
      if (inner.n) wy_buf_lit(out, ",");
      wy_buf_lit(out, "le=\"");
      add_z(out, le);
      wy_buf_lit(out, "\"");
    }
    wy_buf_lit(out, "}");
  }
  wy_buf_lit(out, " ");
}

static void add_seconds(wy_buf *out, uint64_t ns) {
  char digits[10] = ".000000000";
  uint64_t rest = ns % 1000000000;
  size_t n = rest ? sizeof digits : 0;
  wy_buf_u64(out, ns / 1000000000);
  for (size_t i = sizeof digits; --i > 0; rest /= 10) digits[i] = (char)('0' + rest % 10);
  while (n > 0 && digits[n - 1] == '0') n--;
  wy_buf_add(out, digits, n);
}

static void add_sample_u64(wy_buf *out, uint64_t value) {
  wy_buf_u64(out, value);
  wy_buf_lit(out, "\n");
}

void wy_prom_u64(wy_buf *out, const char *name, const wy_buf *labels, uint64_t value) {
  begin(out, name, "", labels, NULL);
  add_sample_u64(out, value);
}

void wy_prom_histogram(wy_buf *out, const char *name, const wy_buf *labels, const wy_histogram *h) {
  /* wy_histogram_bounds in seconds; a spec holds the two together */
  static const char *const le[WY_HISTOGRAM_BUCKETS] = {
      "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
      "0.25",   "0.5",     "1",      "2.5",   "5",      "10",    "30",   "60",    "+Inf",
  };
  uint64_t count = 0;
  for (size_t i = 0; i < WY_HISTOGRAM_BUCKETS; i++) {
    count += h->buckets[i];
    begin(out, name, "_bucket", labels, le[i]);
    add_sample_u64(out, count);
  }
  begin(out, name, "_sum", labels, NULL);
  add_seconds(out, h->sum_ns);
  wy_buf_lit(out, "\n");
  begin(out, name, "_count", labels, NULL);
  add_sample_u64(out, count);
}
