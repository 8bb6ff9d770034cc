/* What the table of known pushes costs: time of a claim and its finish, and memory of a flood.
 *
 *   inbox [PUSHES]      lines `metric=value goal=value pass|fail`; exit 1 when a goal is missed
 *
 * Every push is new (key, nonce, user) and gets an answer of 300 bytes; 14,000 come in a second and
 * each is known for 300 s. That is more than the table holds: after the first half minute every
 * claim also forgets the oldest, which is its dearest case. */
#include "host/inbox.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
  BYTES = 32 << 20,
  PUSHES = 4300000,
  PER_SECOND = 14000,
  WINDOW = 300,
  ANSWER = 300,
  ROUNDS = 9,
  ROUND = 200000,
  START = 1700000000,
  THREADS = 2
};

typedef struct work {
  wy_inbox *inbox;
  uint64_t from, n; /* numbers of pushes */
  unsigned worker;
  double ns; /* out: CPU time per push */
} work;

static const char answer[ANSWER] = "success";
static int missed;

static double cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Spreads numbers like a hash does (splitmix64). */
static uint64_t spread(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static void *flood(void *data) {
  work *w = data;
  wy_buf got;
  wy_buf_init(&got, ANSWER);
  double before = cpu_ns();
  for (uint64_t i = w->from; i < w->from + w->n; i++) {
    uint64_t h = spread(i);
    wy_claim c = {.key = {h, ~h}, .user = spread(h), .nonce = spread(~h), .worker = w->worker};
    c.now = START + (uint32_t)(i % (1ULL << 40) / PER_SECOND);
    c.until = c.now + WINDOW;
    wy_claimed out;
    if (wy_inbox_claim(w->inbox, &c, &out, &got) != WY_INBOX_RUN) abort();
    wy_inbox_finish(w->inbox, &c.key, c.user, (wy_str){answer, ANSWER}, true);
  }
  w->ns = (cpu_ns() - before) / (double)w->n;
  wy_buf_deinit(&got);
  return NULL;
}

static void metric(const char *name, double value, double goal, const char *note) {
  missed += value > goal;
  printf("%s=%.1f goal=%.0f %s%s\n", name, value, goal, value <= goal ? "pass" : "fail", note);
}

static double rss(void) {
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f || fscanf(f, "%*d %ld", &pages) != 1) abort();
  fclose(f);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of the rounds; of several threads, the slower one counts. */
static double median_ns(wy_inbox *x, uint64_t from, int threads) {
  double ns[ROUNDS];
  for (int r = 0; r < ROUNDS; r++) {
    pthread_t thread[THREADS];
    work w[THREADS];
    for (int i = 0; i < threads; i++) {
      uint64_t first = from + (uint64_t)r * ROUND + ((uint64_t)i << 40); /* disjoint, same times */
      w[i] = (work){.inbox = x, .from = first, .n = ROUND, .worker = (unsigned)i};
      if (pthread_create(&thread[i], NULL, flood, &w[i])) abort();
    }
    ns[r] = 0;
    for (int i = 0; i < threads; i++) {
      pthread_join(thread[i], NULL);
      if (w[i].ns > ns[r]) ns[r] = w[i].ns;
    }
  }
  qsort(ns, ROUNDS, sizeof *ns, by_value);
  return ns[ROUNDS / 2];
}

int main(int argc, char **argv) {
  uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : PUSHES;
  if (argc > 2 || n == 0) {
    fprintf(stderr, "usage: inbox [PUSHES]\n");
    return 2;
  }
  double before = rss();
  wy_inbox *x;
  wy_inbox_stats s;
  if (wy_inbox_new(&x, BYTES, 2)) abort();
  work w = {.inbox = x, .n = n};
  flood(&w);
  double after = rss();
  wy_inbox_stats_read(x, &s);
  char note[160];
  snprintf(note, sizeof note, "  # %llu keys, %llu nonces, %llu forgotten early",
           (unsigned long long)s.keys, (unsigned long long)s.nonces, (unsigned long long)s.evicted);
  metric("bytes_mib", (double)s.bytes / (1 << 20), BYTES >> 20, note);
  metric("rss_mib", (after - before) / (1 << 20), BYTES >> 20, "");
  metric("claim_ns", median_ns(x, n, 1), 400, "");
  metric("claim_two_threads_ns", median_ns(x, n + ROUNDS * ROUND, THREADS), 400, "");
  wy_inbox_free(x);
  return missed > 0;
}
