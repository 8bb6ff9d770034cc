/* push_send: one POST by libcurl, as WeChat makes it: no redirect is followed, and the time limit
 * counts from the connection. */
#include <curl/curl.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/push.h"

static size_t on_body(char *data, size_t size, size_t n, void *user) {
  wy_cli_answer *a = user;
  return wy_buf_add(&a->body, data, size * n) ? 0 : size * n;
}

/* Whether the URL leads to this machine: no proxy of the environment can. */
static bool is_loopback(const char *url) {
  CURLU *parsed = curl_url();
  char *host = NULL;
  bool loopback = false;
  if (parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) &&
      !curl_url_get(parsed, CURLUPART_HOST, &host, 0))
    loopback = strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0 ||
               strcmp(host, "[::1]") == 0;
  curl_free(host);
  curl_url_cleanup(parsed);
  return loopback;
}

static void set_options(CURL *curl, const wy_cli_job *p, wy_cli_answer *a,
                        struct curl_slist *headers, const char *url) {
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Mozilla/4.0");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, p->body.p);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->body.n);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(p->timeout * 1000));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
  if (is_loopback(url)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static void explain(const wy_cli_job *p, wy_cli_answer *a, CURLcode code, const char *detail) {
  a->silent = code == CURLE_OPERATION_TIMEDOUT || code == CURLE_GOT_NOTHING;
  if (code == CURLE_OPERATION_TIMEDOUT)
    wy_cli_wrong(a, wy_tr("%g 秒内没有回答", "no answer within %g s"), p->timeout);
  else if (code == CURLE_WRITE_ERROR)
    wy_cli_wrong(a, wy_tr("回答超过 %d 字节", "the answer has more than %d bytes"), WY_CLI_BODY);
  else if (code == CURLE_COULDNT_CONNECT)
    wy_cli_wrong(a,
                 wy_tr("没有回答：连不上 %s，weiyue serve 在运行吗？",
                       "no answer: cannot connect to %s; is weiyue serve running?"),
                 p->url);
  else if (code == CURLE_COULDNT_RESOLVE_HOST)
    wy_cli_wrong(a, wy_tr("没有回答：找不到主机：%s", "no answer: no such host: %s"), p->url);
  else
    wy_cli_wrong(a, wy_tr("没有回答：%s", "no answer: %s"),
                 *detail ? detail : curl_easy_strerror(code));
}

void wy_cli_push_send(const wy_cli_job *p, wy_cli_answer *a) {
  char detail[CURL_ERROR_SIZE] = "";
  curl_off_t us = 0;
  wy_buf url;
  wy_buf_init(&url, 65536);
  wy_buf_printf(&url, "%.*s%c", (int)strcspn(p->url, "#"), p->url, strchr(p->url, '?') ? '&' : '?');
  wy_buf_str(&url, wy_buf_view(&p->query));
  bool json = p->form == WY_FORM_JSON;
  struct curl_slist *headers =
      curl_slist_append(NULL, json ? "Content-Type: application/json" : "Content-Type: text/xml");
  struct curl_slist *more = curl_slist_append(headers, "Expect:"); /* WeChat does not ask first */
  char host[300];
  if (more && p->host) { /* the account's own host, asked of this machine */
    snprintf(host, sizeof host, "Host: %s", p->host);
    more = curl_slist_append(headers, host);
  }
  CURL *curl = curl_easy_init();
  if (url.failed || !more || !curl) {
    wy_cli_wrong(a, "%s", wy_tr("内存不足", "out of memory"));
  } else {
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    set_options(curl, p, a, more, url.p);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &us);
    a->ms = us / 1000;
    if (code) explain(p, a, code, detail);
  }
  curl_easy_cleanup(curl);
  curl_slist_free_all(headers);
  wy_buf_deinit(&url);
}
