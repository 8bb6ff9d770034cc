/* prom: metrics as text, in Prometheus' exposition format 0.0.4
 * (text/plain; version=0.0.4; charset=utf-8).
 *
 * A family (HELP and TYPE) first, then all its samples, before the next family: the caller sees to
 * that, and that names are names ([a-z_]+); values of labels may be any bytes. Nothing here returns
 * an error: a buffer that is full fails and stays so, which its owner asks once, at the end. */
#ifndef WY_BASE_PROM_H
#define WY_BASE_PROM_H

#include "base/buf.h"
#include "base/metrics.h"

#define WY_PROM_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum wy_prom_type { WY_PROM_COUNTER, WY_PROM_GAUGE, WY_PROM_HISTOGRAM } wy_prom_type;

/* help: one line, no backslash. */
void wy_prom_family(wy_buf *out, const char *name, wy_prom_type type, const char *help);

/* Labels of a sample, gathered in a buffer of their own: begun with wy_buf_clear, then one call for
 * each. In a value each byte that begins no UTF-8 character, and each control character but LF,
 * stands as the text \x01. */
void wy_prom_label(wy_buf *labels, const char *name, wy_str value);

/* One sample. labels: NULL for none; when they have failed, so does out, rather than tell a number
 * of something else. */
void wy_prom_u64(wy_buf *out, const char *name, const wy_buf *labels, uint64_t value);

/* The samples NAME_bucket, NAME_sum and NAME_count. h: merged, the caller's own. */
void wy_prom_histogram(wy_buf *out, const char *name, const wy_buf *labels, const wy_histogram *h);

#endif
