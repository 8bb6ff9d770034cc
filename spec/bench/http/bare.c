/* A bare libcurl-multi loop: what a call costs at the least. `bare URL CALLS` makes so many GETs,
 * one after another, on one connection and with one easy handle, and prints the microseconds of
 * processor time of each. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct text {
  char p[65536];
  size_t n;
} text;

static size_t on_body(char *p, size_t size, size_t n, void *data) {
  text *t = data;
  n *= size;
  if (t->n + n > sizeof t->p) return 0;
  memcpy(t->p + t->n, p, n);
  t->n += n;
  return n;
}

/* What the scheduler has counted, to the nanosecond. */
static double cpu_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e6 * (double)t.tv_sec + (double)t.tv_nsec / 1e3;
}

static int call(CURLM *multi, CURL *easy) {
  int running = 1, left;
  curl_multi_add_handle(multi, easy);
  while (curl_multi_perform(multi, &running) == CURLM_OK && running)
    curl_multi_poll(multi, NULL, 0, 1000, NULL);
  CURLMsg *m = curl_multi_info_read(multi, &left);
  int ok = m && m->data.result == CURLE_OK;
  curl_multi_remove_handle(multi, easy);
  return ok;
}

int main(int argc, char **argv) {
  static text body, head;
  long n = argc == 3 ? atol(argv[2]) : 0;
  if (n <= 0) return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  CURL *easy = curl_easy_init();
  double began = 0;
  for (long i = 0; i <= n; i++) {
    if (i == 1) began = cpu_us(); /* the first one has made the connection */
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "weiyue");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 3000L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &head);
    body.n = head.n = 0;
    if (!call(multi, easy)) return 1;
  }
  printf("%.3f\n", (cpu_us() - began) / (double)n);
  return 0;
}
