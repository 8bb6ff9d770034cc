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
#include "store/redis_look.h"

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
    {'a', "timers", "定时器", "timers"},
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

static bool is_durable(const wy_redis_look *k) {
  return strcmp(k->appendonly, "yes") == 0 && strcmp(k->appendfsync, "always") == 0;
}

static void print_settings(const wy_redis_look *k) {
  if (!k->appendonly[0])
    puts(wy_tr("它不肯说 appendonly、appendfsync、maxmemory-policy 的设置",
               "it does not tell its appendonly, appendfsync, maxmemory-policy"));
  else if (is_durable(k))
    puts(wy_tr("持久：appendonly yes，appendfsync always",
               "durable: appendonly yes, appendfsync always"));
  else
    printf(wy_tr("断电可能丢掉最后的写入：appendonly %s，appendfsync %s；"
                 "durability = \"full\" 要 yes、always\n",
                 "a power failure may take the last writes: appendonly %s, appendfsync %s; "
                 "durability = \"full\" wants yes, always\n"),
           k->appendonly, k->appendfsync);
  if (k->maxmemory_policy[0] && strcmp(k->maxmemory_policy, "noeviction") != 0)
    printf(
        wy_tr("内存满时会丢数据：maxmemory-policy %s；要 noeviction\n",
              "it drops data when its memory is full: maxmemory-policy %s; noeviction is wanted\n"),
        k->maxmemory_policy);
}

static void setting_in(cJSON *json, const char *name, const char *value) {
  if (value[0]) cJSON_AddStringToObject(json, name, value);
}

static int redis_json(const wy_redis_look *k, const tally *t, int err, const char *why) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddBoolToObject(root, "ok", !err);
  cJSON_AddStringToObject(root, "redis", k->place);
  if (err) {
    cJSON_AddStringToObject(root, "problem", *why ? why : wy_err_text(err));
    return print_json(root, WY_EXIT_FAILED);
  }
  cJSON *told = cJSON_AddObjectToObject(root, "settings");
  setting_in(told, "appendonly", k->appendonly);
  setting_in(told, "appendfsync", k->appendfsync);
  setting_in(told, "maxmemory-policy", k->maxmemory_policy);
  if (k->appendonly[0]) cJSON_AddBoolToObject(root, "durable", is_durable(k));
  tally_in(root, t);
  return print_json(root, WY_EXIT_DONE);
}

int wy_cli_store_check_redis(const char *url, bool json) {
  wy_redis_look k;
  char prefixes[KINDS] = "", why[WY_KV_WHY];
  tally t = {{0}, {0}};
  for (size_t i = 0; i < LOCKS; i++) prefixes[i] = kinds[i].prefix;
  int err = wy_redis_look_at(url, prefixes, &k, why);
  t.n[LOCKS] = -1; /* nothing but reading all keys would tell, and so with bytes */
  t.n[OTHERS] = k.keys;
  for (size_t i = 0; i < KINDS; i++) t.bytes[i] = -1;
  for (size_t i = 0; i < LOCKS; i++) {
    t.n[i] = k.counts[i];
    t.n[OTHERS] -= k.counts[i];
  }
  if (json) return redis_json(&k, &t, err, why);
  if (err)
    return wy_cli_error(WY_EXIT_FAILED, "%s: %s%s%s", k.place, wy_cli_strerror(err),
                        *why ? ": " : "", why);
  printf(wy_tr("%s 连得上\n", "%s is reached\n"), k.place);
  print_settings(&k);
  print_tally(&t);
  return WY_EXIT_DONE;
}
