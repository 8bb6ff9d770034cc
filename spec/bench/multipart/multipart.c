/* multipart: what reading a form with files costs where it was made to cost much: M002 and M007 of
 * spec/facts/hostile-inputs.tsv. One `metric=value goal=value pass|fail` a line; exit 1 when a goal
 * is missed. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "codec/multipart.h"

#define BOUNDARY "----WebKitFormBoundary7MA4YWxkTrZu0gW"
#define TYPE "multipart/form-data; boundary=" BOUNDARY

enum { ROUNDS = 9, BODY = 10 * 1024 * 1024, PIECE = 65536, PARTS = 10001 };

static size_t taken; /* bytes of data; a figure about a form that was not read is none */

static int on_begin(void *data, const wy_part *part) {
  (void)data;
  (void)part;
  return 0;
}

static int on_bytes(void *data, wy_str bytes) {
  (void)data;
  taken += bytes.n;
  return 0;
}

static int on_end(void *data) {
  (void)data;
  return 0;
}

static const wy_multipart_calls calls = {on_begin, on_bytes, on_end};

static double cpu_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int read_form(wy_str body, size_t piece, size_t parts) {
  wy_multipart_limits limits = WY_MULTIPART_LIMITS;
  wy_multipart m;
  limits.parts = parts;
  int err = wy_multipart_init(&m, WY_STR(TYPE), &limits, &calls, NULL);
  for (size_t at = 0, n; !err && at < body.n; at += n) {
    n = body.n - at < piece ? body.n - at : piece;
    err = wy_multipart_feed(&m, (wy_str){body.p + at, n});
  }
  if (!err) err = wy_multipart_end(&m);
  wy_multipart_deinit(&m);
  return err;
}

/* Median; the form has to end with `want`, after `bytes` of data. */
static double cost(wy_str body, size_t piece, size_t parts, int want, size_t bytes) {
  double spent[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    taken = 0;
    double before = cpu_ms();
    int err = read_form(body, piece, parts);
    spent[i] = cpu_ms() - before;
    if (err == want && taken == bytes) continue;
    fprintf(stderr, "multipart: ended with %d after %zu bytes\n", err, taken);
    exit(1);
  }
  qsort(spent, ROUNDS, sizeof *spent, compare);
  return spent[ROUNDS / 2];
}

static int missed;

static void line(const char *metric, double value, double goal) {
  bool good = value < goal;
  missed |= !good;
  printf("%s=%.3g goal=%g %s\n", metric, value, goal, good ? "pass" : "fail");
}

/* A form of one field, of `n` bytes that repeat `unit`; *data: how many these are. */
static wy_buf filled(wy_str unit, size_t n, size_t *data) {
  wy_buf body;
  wy_buf_init(&body, n + 1024);
  wy_buf_lit(&body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n");
  for (*data = 0; *data + unit.n <= n; *data += unit.n) wy_buf_str(&body, unit);
  if (wy_buf_lit(&body, "\r\n--" BOUNDARY "--\r\n")) exit(1);
  return body;
}

static double filled_cost(wy_str unit, size_t n, size_t piece) {
  size_t data;
  wy_buf body = filled(unit, n, &data);
  double ms = cost(wy_buf_view(&body), piece, 64, 0, data);
  wy_buf_deinit(&body);
  return ms;
}

static double parts_cost(size_t n, size_t most, int want) {
  wy_buf body;
  wy_buf_init(&body, n * 256);
  for (size_t i = 0; i < n; i++)
    wy_buf_printf(&body, "--%s\r\nContent-Disposition: form-data; name=\"a%zu\"\r\n\r\n\r\n",
                  BOUNDARY, i);
  if (wy_buf_lit(&body, "--" BOUNDARY "--\r\n")) exit(1);
  double ms = cost(wy_buf_view(&body), PIECE, most, want, 0);
  wy_buf_deinit(&body);
  return ms;
}

int main(void) {
  wy_str near = WY_STR("\r\n------WebKitFormBoundary7MA4YWxkTrZu0gX");
  double ms = filled_cost(near, BODY, PIECE);
  line("near_ms", ms, 100);
  line("near_linear", ms / (2 * filled_cost(near, BODY / 2, PIECE)), 1.5);
  line("near_bytes_ms", filled_cost(near, BODY, 1), 1000);
  line("cr_ms", filled_cost(WY_STR("\r"), BODY, PIECE), 200);
  line("plain_ms", filled_cost(WY_STR("x"), BODY, PIECE), 20);
  line("parts_ms", parts_cost(PARTS, 64, WY_E_MULTIPART_PARTS), 20);
  line("parts_all_ms", parts_cost(PARTS - 1, PARTS - 1, 0), 200);
  return missed;
}
