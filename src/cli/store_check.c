/* weiyue store check: whether the store is sound, and how much of each kind it has. */
#include "cli/store_check.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/errors.h"
#include "store/redis_link.h"
#include "store/redis_script.h"

/* What keys begin with, up to their first "/". */
typedef struct kind {
  char prefix;
  const char *name, *zh, *en;
} kind;

static const kind kinds[] = {
    {'p', "plugins", "插件数据", "data of plugins"},
    {'u', "users", "用户数据", "personal data"},
    {'t', "tokens", "令牌", "tokens"},
    {'c', "component", "第三方平台", "of the component"},
    {'m', "media", "素材缓存", "uploaded media"},
    {'q', "quota", "接口次数", "counts of API calls"},
    {'f', "forget", "待删除的用户", "users to be forgotten"},
    {'l', "locks", "锁", "locks"},
    {0, "others", "其他（不是微月写的）", "others (not weiyue's)"},
};

enum { KINDS = sizeof kinds / sizeof *kinds, OTHERS = KINDS - 1, LOCKS = KINDS - 2 };

typedef struct tally {
  int64_t n[KINDS], bytes[KINDS]; /* -1: not known */
} tally;

static void print_tally(const tally *t) {
  for (size_t i = 0; i < KINDS; i++) {
    if (t->n[i] <= 0) continue;
    printf(wy_tr("%s：%" PRId64 " 条", "%s: %" PRId64), wy_tr(kinds[i].zh, kinds[i].en), t->n[i]);
    if (t->bytes[i] >= 0) printf(wy_tr("，%" PRId64 " 字节", ", %" PRId64 " bytes"), t->bytes[i]);
    putchar('\n');
  }
}

static void tally_in(cJSON *root, const tally *t) {
  cJSON *list = cJSON_AddObjectToObject(root, "kinds");
  for (size_t i = 0; i < KINDS; i++) {
    if (t->n[i] < 0) continue;
    cJSON *one = cJSON_AddObjectToObject(list, kinds[i].name);
    cJSON_AddNumberToObject(one, "count", (double)t->n[i]);
    if (t->bytes[i] >= 0) cJSON_AddNumberToObject(one, "bytes", (double)t->bytes[i]);
  }
}

static int print_json(cJSON *root, int status) {
  char *text = cJSON_PrintUnformatted(root);
  cJSON_Delete(root);
  if (!text) return wy_cli_error(WY_EXIT_FAILED, "%s", wy_tr("内存不足", "out of memory"));
  puts(text);
  cJSON_free(text);
  return status;
}

/* --- a file --- */

static int count(wy_kv_sql *s, tally *t) {
  static const char sql[] =
      "SELECT substr(k, 1, instr(k, x'2f') - 1), count(*), sum(length(k) + length(v)) FROM kv "
      "WHERE e = 0 OR e > ?1 GROUP BY 1 UNION ALL "
      "SELECT x'6c', count(*), sum(length(name)) FROM locks WHERE e = 0 OR e > ?1";
  sqlite3_stmt *one = NULL;
  int code = sqlite3_prepare_v2(s->db, sql, -1, &one, NULL);
  if (!code) sqlite3_bind_int64(one, 1, (int64_t)time(NULL) * 1000);
  while (!code && (code = sqlite3_step(one)) == SQLITE_ROW) {
    const char *p = sqlite3_column_blob(one, 0);
    size_t n = (size_t)sqlite3_column_bytes(one, 0), i = 0;
    while (i < OTHERS && !(n == 1 && p[0] == kinds[i].prefix)) i++;
    t->n[i] += sqlite3_column_int64(one, 1);
    t->bytes[i] += sqlite3_column_int64(one, 2);
    code = 0;
  }
  sqlite3_finalize(one);
  return code == SQLITE_DONE ? 0 : code;
}

int wy_cli_store_check(const char *path, bool json) {
  wy_kv_sql s;
  tally t = {{0}, {0}};
  char wrong[WY_KV_WHY], why[WY_KV_WHY];
  int status = wy_cli_store_open(&s, path);
  if (status) return status;
  wy_cli_store_look(s.db, wrong);
  int code = count(&s, &t);
  if (code && !*wrong) {
    wy_kv_sql_error(&s, code, why);
    snprintf(wrong, sizeof wrong, "%s", why);
  }
  wy_kv_sql_deinit(&s);
  status = *wrong ? WY_EXIT_FAILED : WY_EXIT_DONE;
  if (json) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddBoolToObject(root, "ok", !*wrong);
    cJSON_AddStringToObject(root, "file", path);
    if (*wrong) cJSON_AddStringToObject(root, "problem", wrong);
    tally_in(root, &t);
    return print_json(root, status);
  }
  if (*wrong) wy_cli_error(0, wy_tr("%s 已损坏：%s", "%s is damaged: %s"), path, wrong);
  else printf(wy_tr("%s 没有问题\n", "%s is sound\n"), path);
  print_tally(&t);
  return status;
}

/* --- a Redis --- */

enum { PATIENCE_MS = 5000, SETTINGS = 3, COUNTED = LOCKS };

static const char *const settings[SETTINGS] = {"appendonly", "appendfsync", "maxmemory-policy"};

typedef struct look {
  uv_loop_t loop;
  uv_timer_t timer;
  wy_redis_link *link;
  size_t answers;            /* of the settings, of what is counted, and of all keys */
  char values[SETTINGS][32]; /* "": it does not tell */
  tally tally;
  int64_t all;
  int err;
  char why[WY_KV_WHY];
} look;

static void end(look *k, int err, const char *why) {
  k->err = err;
  snprintf(k->why, sizeof k->why, "%s", why);
  uv_stop(&k->loop);
}

static void on_up(void *data) {
  look *k = data;
  int err = 0;
  for (size_t i = 0; !err && i < SETTINGS; i++)
    err = wy_redis_link_send(k->link, 3, (const char *[]){"CONFIG", "GET", settings[i]}, NULL);
  for (size_t i = 0; !err && i < COUNTED; i++) { /* from "p/" to "p0", which is behind all "p/…" */
    const char low[] = {'[', kinds[i].prefix, '/', 0}, high[] = {'(', kinds[i].prefix, '0', 0};
    err = wy_redis_link_send(k->link, 4, (const char *[]){"ZLEXCOUNT", WY_REDIS_INDEX, low, high},
                             NULL);
  }
  if (!err) err = wy_redis_link_send(k->link, 2, (const char *[]){"ZCARD", WY_REDIS_INDEX}, NULL);
  if (err) end(k, err, "");
  else wy_redis_link_flush(k->link);
}

static void on_down(void *data, int err, const char *why) { end(data, err, why); }

static void on_reply(void *data, const redisReply *reply) {
  look *k = data;
  size_t i = k->answers++;
  const char *why;
  if (i < SETTINGS) { /* one that it may not tell is an error, or nothing */
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[1]->type == REDIS_REPLY_STRING)
      snprintf(k->values[i], sizeof k->values[i], "%s", reply->element[1]->str);
    return;
  }
  if (reply->type == REDIS_REPLY_ERROR) {
    int err = wy_redis_error(reply, &why);
    end(k, err, why);
    return;
  }
  int64_t n = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
  if (i - SETTINGS < COUNTED) k->tally.n[i - SETTINGS] = n;
  else k->all = n;
  if (k->answers == SETTINGS + COUNTED + 1) uv_stop(&k->loop);
}

static void on_late(uv_timer_t *timer) {
  end(timer->data, WY_E_STORE_UNREACHABLE, "Redis does not answer");
}

/* Takes the url over. */
static void ask(look *k, wy_redis_url *url) {
  const wy_redis_events events = {on_up, on_down, on_reply, k};
  if (uv_loop_init(&k->loop)) {
    k->err = WY_E_NOMEM;
    return;
  }
  uv_timer_init(&k->loop, &k->timer);
  k->timer.data = k;
  uv_timer_start(&k->timer, on_late, PATIENCE_MS, 0);
  k->link = wy_redis_link_new(&k->loop, url, WY_REDIS_SCRIPT, &events);
  if (k->link) {
    wy_redis_link_start(k->link);
    uv_run(&k->loop, UV_RUN_DEFAULT); /* until it is stopped */
    wy_redis_link_close(k->link);
  } else {
    k->err = WY_E_NOMEM;
  }
  uv_close((uv_handle_t *)&k->timer, NULL);
  uv_run(&k->loop, UV_RUN_DEFAULT);
  uv_loop_close(&k->loop);
}

static bool is(const look *k, size_t setting, const char *value) {
  return strcmp(k->values[setting], value) == 0;
}

static void print_settings(const look *k) {
  if (!k->values[0][0])
    puts(wy_tr("它不肯说 appendonly、appendfsync、maxmemory-policy 的设置",
               "it does not tell its appendonly, appendfsync, maxmemory-policy"));
  else if (is(k, 0, "yes") && is(k, 1, "always"))
    puts(wy_tr("持久：appendonly yes，appendfsync always",
               "durable: appendonly yes, appendfsync always"));
  else
    printf(wy_tr("断电可能丢掉最后的写入：appendonly %s，appendfsync %s；durability = \"full\" 要 "
                 "yes、always\n",
                 "a power failure may take the last writes: appendonly %s, appendfsync %s; "
                 "durability = \"full\" wants yes, always\n"),
           k->values[0], k->values[1]);
  if (k->values[2][0] && !is(k, 2, "noeviction"))
    printf(
        wy_tr("内存满时会丢数据：maxmemory-policy %s；要 noeviction\n",
              "it drops data when its memory is full: maxmemory-policy %s; noeviction is wanted\n"),
        k->values[2]);
}

static int redis_json(const look *k, const char *place) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddBoolToObject(root, "ok", !k->err);
  cJSON_AddStringToObject(root, "redis", place);
  if (k->err) {
    cJSON_AddStringToObject(root, "problem", k->why[0] ? k->why : wy_err_text(k->err));
    return print_json(root, WY_EXIT_FAILED);
  }
  cJSON *told = cJSON_AddObjectToObject(root, "settings");
  for (size_t i = 0; i < SETTINGS; i++)
    if (k->values[i][0]) cJSON_AddStringToObject(told, settings[i], k->values[i]);
  if (k->values[0][0])
    cJSON_AddBoolToObject(root, "durable", is(k, 0, "yes") && is(k, 1, "always"));
  tally_in(root, &k->tally);
  return print_json(root, WY_EXIT_DONE);
}

int wy_cli_store_check_redis(const char *text, bool json) {
  wy_redis_url url;
  look k = {.err = 0};
  char place[160] = "";
  for (size_t i = 0; i < KINDS; i++) k.tally.bytes[i] = -1; /* it would have to read them all */
  k.tally.n[LOCKS] = -1;
  k.err = wy_redis_url_parse(&url, text, k.why, sizeof k.why);
  if (!k.err) {
    wy_redis_url_place(&url, place, sizeof place);
    ask(&k, &url);
  }
  wy_redis_url_deinit(&url);
  k.tally.n[OTHERS] = k.all;
  for (size_t i = 0; i < COUNTED; i++) k.tally.n[OTHERS] -= k.tally.n[i];
  if (json) return redis_json(&k, place);
  if (k.err)
    return wy_cli_error(WY_EXIT_FAILED, "%s: %s%s%s", place, wy_cli_strerror(k.err),
                        k.why[0] ? ": " : "", k.why);
  printf(wy_tr("%s 连得上\n", "%s is reached\n"), place);
  print_settings(&k);
  print_tally(&k.tally);
  return WY_EXIT_DONE;
}
