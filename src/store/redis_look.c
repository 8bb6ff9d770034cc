#include "store/redis_look.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/redis_link.h"
#include "store/redis_script.h"

enum { PATIENCE_MS = 5000, SETTINGS = 3 };

static const char *const settings[SETTINGS] = {"appendonly", "appendfsync", "maxmemory-policy"};

typedef struct look {
  uv_loop_t loop;
  uv_timer_t timer;
  wy_redis_link *link;
  const char *prefixes;
  size_t n;       /* prefixes */
  size_t answers; /* of the settings, of each prefix, and of all keys */
  wy_redis_look *out;
  int err;
  char *why; /* WY_KV_WHY */
} look;

static void end(look *k, int err, const char *why) {
  k->err = err;
  snprintf(k->why, WY_KV_WHY, "%s", why);
  uv_stop(&k->loop);
}

static void on_up(void *data) {
  look *k = data;
  int err = 0;
  for (size_t i = 0; !err && i < SETTINGS; i++)
    err = wy_redis_link_send(k->link, 3, (const char *[]){"CONFIG", "GET", settings[i]}, NULL);
  for (size_t i = 0; !err && i < k->n; i++) { /* from "p/" to "p0", which is behind all "p/…" */
    const char low[] = {'[', k->prefixes[i], '/', 0}, high[] = {'(', k->prefixes[i], '0', 0};
    const char *count[] = {"ZLEXCOUNT", WY_REDIS_INDEX, low, high};
    err = wy_redis_link_send(k->link, 4, count, NULL);
  }
  if (!err) err = wy_redis_link_send(k->link, 2, (const char *[]){"ZCARD", WY_REDIS_INDEX}, NULL);
  if (err) end(k, err, "");
  else wy_redis_link_flush(k->link);
}

static void on_down(void *data, int err, const char *why) { end(data, err, why); }

/* One that it may not tell is an error, or nothing. */
static void take_setting(char out[32], const redisReply *reply) {
  if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
      reply->element[1]->type == REDIS_REPLY_STRING)
    snprintf(out, 32, "%s", reply->element[1]->str);
}

static void on_reply(void *data, const redisReply *reply) {
  look *k = data;
  char *const values[SETTINGS] = {k->out->appendonly, k->out->appendfsync,
                                  k->out->maxmemory_policy};
  size_t i = k->answers++;
  const char *why;
  if (i < SETTINGS) {
    take_setting(values[i], reply);
  } else if (reply->type == REDIS_REPLY_ERROR) {
    int err = wy_redis_error(reply, &why);
    end(k, err, why);
  } else if (reply->type != REDIS_REPLY_INTEGER) {
    end(k, WY_E_STORE_UNREACHABLE, "what answers is no Redis");
  } else if (i < SETTINGS + k->n) {
    k->out->counts[i - SETTINGS] = reply->integer;
  } else {
    k->out->keys = reply->integer;
    uv_stop(&k->loop);
  }
}

static void on_late(uv_timer_t *timer) {
  end(timer->data, WY_E_STORE_UNREACHABLE, "Redis does not answer");
}

int wy_redis_look_at(const char *text, const char *prefixes, wy_redis_look *out,
                     char why[WY_KV_WHY]) {
  look k = {.prefixes = prefixes, .n = strlen(prefixes), .out = out, .why = why};
  const wy_redis_events events = {on_up, on_down, on_reply, &k};
  wy_redis_url url = {0};
  why[0] = '\0';
  *out = (wy_redis_look){.keys = 0};
  int err = k.n > WY_REDIS_COUNTS ? WY_E_ARG : wy_redis_url_parse(&url, text, why, WY_KV_WHY);
  if (!err) wy_redis_url_place(&url, out->place, sizeof out->place);
  if (!err && uv_loop_init(&k.loop)) err = WY_E_NOMEM;
  if (!err) {
    uv_timer_init(&k.loop, &k.timer);
    k.timer.data = &k;
    uv_timer_start(&k.timer, on_late, PATIENCE_MS, 0);
    k.link = wy_redis_link_new(&k.loop, &url, WY_REDIS_SCRIPT, &events);
    if (k.link) {
      wy_redis_link_start(k.link);
      uv_run(&k.loop, UV_RUN_DEFAULT); /* until it is stopped */
      wy_redis_link_close(k.link);
    }
    err = k.link ? k.err : WY_E_NOMEM;
    uv_close((uv_handle_t *)&k.timer, NULL);
    uv_run(&k.loop, UV_RUN_DEFAULT);
    uv_loop_close(&k.loop);
  }
  wy_redis_url_deinit(&url);
  return err;
}
