#include "host/control.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/list.h"
#include "codec/json.h"
#include "net/local.h"

enum { ANSWER_BYTES = 1 << 20 };

struct wy_control {
  uv_pipe_t pipe;
  wy_clock *clock;
  const wy_log *log;
  char *folder;
  wy_local_id id;
  wy_control_ask ask;
  wy_control_call call; /* NULL: none */
  wy_host *host;
  wy_list clients;
  unsigned n_clients; /* those whose handle is open, or is being closed */
  bool closing, closed;
};

typedef struct client {
  wy_list link;
  wy_control *control; /* NULL once the handle is closed */
  uv_pipe_t pipe;
  wy_timer timer; /* what the client, or the work, may still take */
  uv_write_t write;
  wy_buf out;
  size_t n;
  bool asked;    /* its ask is not done yet */
  bool answered; /* the answer is on its way, or nobody is there to take one */
  char line[WY_CONTROL_LINE + 1];
} client;

/* --- the end of things --- */

static void control_free(wy_control *c) {
  if (!c->closed || c->n_clients) return;
  free(c->folder);
  free(c);
}

static void on_pipe_closed(uv_handle_t *handle) {
  wy_control *c = wy_container_of(handle, wy_control, pipe);
  c->closed = true;
  control_free(c);
}

static void client_free(client *k) {
  if (k->control || k->asked) return;
  wy_buf_deinit(&k->out);
  free(k);
}

static void on_client_closed(uv_handle_t *handle) {
  client *k = wy_container_of(handle, client, pipe);
  wy_control *c = k->control;
  k->control = NULL;
  c->n_clients--;
  client_free(k);
  control_free(c);
}

static void client_close(client *k) {
  if (uv_is_closing((uv_handle_t *)&k->pipe)) return;
  k->answered = true;
  wy_timer_stop(k->control->clock, &k->timer);
  wy_list_remove(&k->link);
  uv_close((uv_handle_t *)&k->pipe, on_client_closed);
}

/* --- answers --- */

static void on_written(uv_write_t *write, int status) {
  (void)status; /* a client that has left needs no answer */
  client_close(wy_container_of(write, client, write));
}

static void answer(client *k, wy_str json) {
  if (k->answered) return;
  k->answered = true;
  uv_read_stop((uv_stream_t *)&k->pipe);
  if (wy_buf_str(&k->out, json) || wy_buf_lit(&k->out, "\n")) {
    wy_log_text(k->control->log, WY_LOG_ERROR, "control", "no memory for an answer of %zu bytes",
                json.n);
    client_close(k);
    return;
  }
  uv_buf_t part = uv_buf_init(k->out.p, (unsigned)k->out.n);
  if (uv_write(&k->write, (uv_stream_t *)&k->pipe, &part, 1, on_written) ||
      wy_timer_start(k->control->clock, &k->timer, WY_CONTROL_READ_MS))
    client_close(k);
}

#define PROBLEM(zh, en) \
  WY_STR("{\"ok\":false,\"problems\":[{\"zh\":\"" zh "\",\"en\":\"" en "\"}]}")

static void on_timer(wy_timer *timer) {
  client *k = wy_container_of(timer, client, timer);
  if (!k->asked || k->answered) client_close(k);
  else
    answer(k, PROBLEM("60 秒内没有做完；仍在继续，结果会写进日志",
                      "not done within 60 seconds; it goes on, and the log will tell"));
}

static void on_done(void *data, bool ok, wy_str json) {
  client *k = data;
  (void)ok; /* the object says so, too */
  k->asked = false;
  if (k->control) answer(k, json);
  else client_free(k);
}

/* --- requests --- */

static int find_ask(wy_str line, wy_ask *what, bool *is_call) {
  static const char *const names[] = {
      [WY_ASK_RELOAD] = "reload",
      [WY_ASK_PROMOTE] = "promote",
      [WY_ASK_ROLLBACK] = "rollback",
      [WY_ASK_STATUS] = "status",
  };
  cJSON *request = NULL;
  int err = wy_json_parse(line, NULL, &request, NULL);
  if (err) return err;
  const char *asked = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "do"));
  err = WY_E_ARG;
  *is_call = asked && (strcmp(asked, "token") == 0 || strcmp(asked, "api") == 0);
  for (size_t i = 0; asked && i < sizeof names / sizeof *names; i++) {
    if (strcmp(asked, names[i]) != 0) continue;
    *what = (wy_ask)i;
    err = 0;
  }
  cJSON_Delete(request);
  if (*is_call) return 0;
  return err;
}

static void serve(client *k, wy_str line) {
  wy_control *c = k->control;
  wy_ask what = WY_ASK_STATUS;
  bool is_call = false;
  uv_read_stop((uv_stream_t *)&k->pipe);
  if (find_ask(line, &what, &is_call) || (is_call && !c->call)) {
    answer(k,
           PROBLEM("看不懂这个请求：应为 {\\\"do\\\":\\\"reload\\\"}、promote、rollback 或 status",
                   "no such request: {\\\"do\\\":\\\"reload\\\"}, promote, rollback or status"));
    return;
  }
  if (wy_timer_start(c->clock, &k->timer, WY_CONTROL_ANSWER_MS)) {
    client_close(k);
    return;
  }
  k->asked = true;
  if (is_call) c->call(c->host, line, on_done, k);
  else c->ask(c->host, what, on_done, k);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  client *k = wy_container_of(handle, client, pipe);
  (void)size;
  *buf = uv_buf_init(k->line + k->n, (unsigned)(sizeof k->line - k->n));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  client *k = wy_container_of(stream, client, pipe);
  (void)buf;
  if (n < 0) {
    client_close(k);
    return;
  }
  char *end = memchr(k->line + k->n, '\n', (size_t)n);
  k->n += (size_t)n;
  if (end) serve(k, (wy_str){k->line, (size_t)(end - k->line)});
  else if (k->n == sizeof k->line)
    answer(k, PROBLEM("请求超过 64 KiB", "the request is longer than 64 KiB"));
}

static void on_connection(uv_stream_t *stream, int status) {
  wy_control *c = wy_container_of(stream, wy_control, pipe);
  client *k = status ? NULL : calloc(1, sizeof *k);
  if (!k) return;
  if (uv_pipe_init(stream->loop, &k->pipe, 0)) {
    free(k);
    return;
  }
  k->control = c;
  wy_list_init(&k->link);
  wy_list_push(&c->clients, &k->link);
  wy_timer_init(&k->timer, on_timer);
  wy_buf_init(&k->out, ANSWER_BYTES);
  c->n_clients++;
  if (uv_accept(stream, (uv_stream_t *)&k->pipe)) {
    client_close(k);
  } else if (c->n_clients > WY_CONTROL_CLIENTS) {
    answer(k, PROBLEM("同时来的请求太多，稍后再试", "too many requests at once; try again"));
  } else if (wy_timer_start(c->clock, &k->timer, WY_CONTROL_READ_MS) ||
             uv_read_start((uv_stream_t *)&k->pipe, on_alloc, on_read)) {
    client_close(k);
  }
}

/* --- open, close --- */

static void refuse(const wy_control *c, int err) {
  const char *why = uv_strerror(err);
  if (err == UV_EADDRINUSE) why = "another host runs with this state folder";
  if (err == UV_ENAMETOOLONG)
    why = "the path is too long for a socket; `state` names a shorter one";
  wy_log_text(c->log, WY_LOG_WARN, "control.listen",
              "%s/" WY_CONTROL_NAME ": %s; no reload by command", c->folder, why);
}

int wy_control_open(wy_control **out, uv_loop_t *loop, wy_clock *clock, const wy_log *log,
                    const char *folder, wy_control_ask ask, wy_host *h) {
  *out = NULL;
  wy_control *c = calloc(1, sizeof *c);
  if (!c) return UV_ENOMEM;
  int fd = -1, err = UV_ENOMEM;
  c->clock = clock;
  c->log = log;
  c->ask = ask;
  c->host = h;
  wy_list_init(&c->clients);
  c->folder = strdup(folder);
  if (!c->folder) goto fail;
  err = wy_local_listen(folder, WY_CONTROL_NAME, &fd, &c->id);
  if (!err) err = uv_pipe_init(loop, &c->pipe, 0);
  if (err) goto fail;
  err = uv_pipe_open(&c->pipe, fd);
  if (!err) {
    fd = -1; /* the handle's */
    err = uv_listen((uv_stream_t *)&c->pipe, 128, on_connection);
  }
  if (!err) {
    *out = c;
    return 0;
  }
  refuse(c, err);
  if (fd >= 0) close(fd);
  wy_control_close(c);
  return err;
fail:
  if (c->folder) refuse(c, err);
  if (fd >= 0) {
    wy_local_remove(folder, WY_CONTROL_NAME, &c->id);
    close(fd);
  }
  free(c->folder);
  free(c);
  return err;
}

void wy_control_calls(wy_control *c, wy_control_call call) { c->call = call; }

void wy_control_close(wy_control *c) {
  if (!c || c->closing) return;
  c->closing = true;
  wy_local_remove(c->folder, WY_CONTROL_NAME, &c->id);
  while (!wy_list_empty(&c->clients)) client_close(wy_container_of(c->clients.next, client, link));
  uv_close((uv_handle_t *)&c->pipe, on_pipe_closed);
}
