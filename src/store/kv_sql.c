#include "store/kv_sql.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { CACHE_KIB = 192, FEW = 100 /* swept at a time */ };

static const char *const texts[] = {
#define X(name, text) text,
    WY_KV_STATEMENTS(X)
#undef X
};

static const char schema[] =
    "CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB NOT NULL, e INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX kv_e ON kv (e) WHERE e > 0;"
    "CREATE TABLE locks (name BLOB PRIMARY KEY, fence INTEGER NOT NULL, e INTEGER NOT NULL) "
    "WITHOUT ROWID;"
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('fence', 0);";

/* --- the connection --- */

int wy_kv_sql_init(wy_kv_sql *s, const char *path, int flags) {
  char text[80];
  memset(s, 0, sizeof *s);
  int code = sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (code) return code;
  sqlite3_extended_result_codes(s->db, 1);
  /* many small blocks at once would be 40 KiB and more for each connection */
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 128, 64);
  snprintf(text, sizeof text, "PRAGMA cache_size = -%d", CACHE_KIB);
  return sqlite3_exec(s->db, text, NULL, NULL, NULL);
}

void wy_kv_sql_deinit(wy_kv_sql *s) {
  for (size_t i = 0; i < WY_KV_SQL_END; i++) sqlite3_finalize(s->statements[i]);
  sqlite3_close(s->db);
  memset(s, 0, sizeof *s);
}

int wy_kv_sql_create(wy_kv_sql *s) {
  char text[120];
  snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
           WY_KV_APPLICATION, WY_KV_SCHEMA);
  int code = sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
  if (!code) code = sqlite3_exec(s->db, text, NULL, NULL, NULL);
  if (!code) code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
  if (!code) code = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
  return code;
}

static int number_of(wy_kv_sql *s, const char *sql, int64_t *out) {
  sqlite3_stmt *one = NULL;
  int code = sqlite3_prepare_v2(s->db, sql, -1, &one, NULL);
  *out = 0;
  if (!code) code = sqlite3_step(one);
  if (code == SQLITE_ROW) {
    *out = sqlite3_column_int64(one, 0);
    code = SQLITE_OK;
  } else if (code == SQLITE_DONE) {
    code = SQLITE_OK;
  }
  sqlite3_finalize(one);
  return code;
}

int wy_kv_sql_check(wy_kv_sql *s, char why[WY_KV_WHY]) {
  int64_t application, version, fence;
  int code = number_of(s, "PRAGMA application_id", &application);
  if (!code) code = number_of(s, "PRAGMA user_version", &version);
  if (code) return wy_kv_sql_error(s, code, why);
  if (application != WY_KV_APPLICATION) {
    snprintf(why, WY_KV_WHY, "this database is another program's");
    return WY_E_STORE_CORRUPT;
  }
  if (version > WY_KV_SCHEMA) {
    snprintf(why, WY_KV_WHY, "a newer weiyue has made this store");
    return WY_E_STORE_CORRUPT;
  }
  code = number_of(s, texts[WY_KV_SQL_FENCE], &fence);
  if (!code) code = number_of(s, "SELECT e FROM kv LIMIT 1", &fence);
  return code ? wy_kv_sql_error(s, code, why) : 0;
}

int wy_kv_sql_error(wy_kv_sql *s, int code, char why[WY_KV_WHY]) {
  int number = s->db ? sqlite3_system_errno(s->db) : 0;
  const char *text = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code);
  int primary = code & 0xff;
  bool system = number && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN);
  snprintf(why, WY_KV_WHY, "%s%s%s", text, system ? ": " : "", system ? strerror(number) : "");
  switch (primary) {
    case SQLITE_FULL: return WY_E_STORE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return WY_E_STORE_BUSY;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return WY_E_STORE_READONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return WY_E_STORE_CORRUPT;
    case SQLITE_NOMEM: return WY_E_NOMEM;
    case SQLITE_TOOBIG: return WY_E_STORE_LARGE;
    default: break;
  }
  return system && (number == ENOSPC || number == EDQUOT || number == EFBIG) ? WY_E_STORE_FULL
                                                                             : WY_E_STORE_IO;
}

/* --- statements --- */

static sqlite3_stmt *get(wy_kv_sql *s, wy_kv_statement which, int *code) {
  sqlite3_stmt **p = &s->statements[which];
  *code = SQLITE_OK;
  if (!*p) *code = sqlite3_prepare_v3(s->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, p, NULL);
  return *p;
}

static void bind_bytes(sqlite3_stmt *p, int i, wy_str bytes) {
  /* a NULL pointer would be NULL, not the empty value */
  sqlite3_bind_blob64(p, i, bytes.n ? bytes.p : "", bytes.n, SQLITE_STATIC);
}

/* What a row has is to be read before the next call. SQLITE_ROW, SQLITE_DONE, or an error. */
static int finish(sqlite3_stmt *p, int code) {
  sqlite3_reset(p);
  sqlite3_clear_bindings(p);
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int wy_kv_sql_run(wy_kv_sql *s, wy_kv_statement which) {
  int code;
  sqlite3_stmt *p = get(s, which, &code);
  return p ? finish(p, sqlite3_step(p)) : code;
}

static wy_str column(sqlite3_stmt *p, int i) {
  const char *bytes = sqlite3_column_blob(p, i);
  return (wy_str){bytes ? bytes : "", (size_t)sqlite3_column_bytes(p, i)};
}

/* --- single steps --- */

static int64_t until(int64_t now, uint64_t ttl) {
  if (!ttl) return 0;
  return ttl > (uint64_t)(INT64_MAX - now) ? INT64_MAX : now + (int64_t)ttl;
}

/* Appends the value; found: there is one. */
static int read_value(wy_kv_sql *s, wy_str key, int64_t now, wy_buf *out, bool *found) {
  int code;
  sqlite3_stmt *p = get(s, WY_KV_SQL_GET, &code);
  *found = false;
  if (!p) return code;
  bind_bytes(p, 1, key);
  sqlite3_bind_int64(p, 2, now);
  code = sqlite3_step(p);
  if (code == SQLITE_ROW) {
    *found = true;
    if (out && wy_buf_str(out, column(p, 0))) code = SQLITE_NOMEM;
  }
  return finish(p, code);
}

static int put(wy_kv_sql *s, const wy_kv_op *op) {
  int code;
  sqlite3_stmt *p = get(s, WY_KV_SQL_PUT, &code);
  if (!p) return code;
  bind_bytes(p, 1, op->q.key);
  bind_bytes(p, 2, op->q.value);
  sqlite3_bind_int64(p, 3, until(op->now, op->q.ttl));
  return finish(p, sqlite3_step(p));
}

static int delete (wy_kv_sql *s, wy_kv_statement which, wy_str key) {
  int code;
  sqlite3_stmt *p = get(s, which, &code);
  if (!p) return code;
  bind_bytes(p, 1, key);
  return finish(p, sqlite3_step(p));
}

static int put_or_delete(wy_kv_sql *s, const wy_kv_op *op) {
  return op->q.value.p ? put(s, op) : delete (s, WY_KV_SQL_DEL, op->q.key);
}

/* Which fence holds the lock; 0: none. left: milliseconds, 0: for ever. */
static int held(wy_kv_sql *s, wy_str name, int64_t now, int64_t *fence, int64_t *left) {
  int code;
  sqlite3_stmt *p = get(s, WY_KV_SQL_HELD, &code);
  *fence = *left = 0;
  if (!p) return code;
  bind_bytes(p, 1, name);
  sqlite3_bind_int64(p, 2, now);
  code = sqlite3_step(p);
  if (code == SQLITE_ROW) {
    int64_t e = sqlite3_column_int64(p, 1);
    *fence = sqlite3_column_int64(p, 0);
    *left = e ? e - now : 0;
  }
  return finish(p, code);
}

static int hold(wy_kv_sql *s, const wy_kv_op *op, int64_t fence) {
  int code;
  sqlite3_stmt *p = get(s, WY_KV_SQL_HOLD, &code);
  if (!p) return code;
  bind_bytes(p, 1, op->q.key);
  sqlite3_bind_int64(p, 2, fence);
  sqlite3_bind_int64(p, 3, until(op->now, op->q.ttl));
  return finish(p, sqlite3_step(p));
}

static int next_fence(wy_kv_sql *s, int64_t *fence) {
  int code = wy_kv_sql_run(s, WY_KV_SQL_COUNT);
  if (code) return code;
  sqlite3_stmt *p = get(s, WY_KV_SQL_FENCE, &code);
  if (!p) return code;
  code = sqlite3_step(p);
  if (code == SQLITE_ROW) *fence = sqlite3_column_int64(p, 0);
  else if (code == SQLITE_DONE) code = SQLITE_CORRUPT; /* the row was made with the table */
  return finish(p, code);
}

/* --- ranges --- */

/* Past every key, or the end of the prefix. */
static wy_str upper(wy_str prefix, char room[WY_KV_KEY_MAX + 1]) {
  size_t n;
  if (wy_kv_prefix_end(prefix, room, &n)) return (wy_str){room, n};
  memset(room, 0xff, WY_KV_KEY_MAX + 1);
  return (wy_str){room, WY_KV_KEY_MAX + 1};
}

static int compare(wy_str a, wy_str b) {
  int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
  return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

static int delete_range(wy_kv_sql *s, wy_kv_statement which, const wy_kv_op *op, int *n) {
  char room[WY_KV_KEY_MAX + 1];
  int code;
  sqlite3_stmt *p = get(s, which, &code);
  if (!p) return code;
  bind_bytes(p, 1, op->q.key);
  bind_bytes(p, 2, upper(op->q.key, room));
  if (which == WY_KV_SQL_DEL_EXPIRED) sqlite3_bind_int64(p, 3, op->now);
  code = finish(p, sqlite3_step(p));
  *n = sqlite3_changes(s->db);
  return code;
}

static int del_prefix(wy_kv_sql *s, wy_kv_op *op) {
  int n;
  int code = delete_range(s, WY_KV_SQL_DEL_EXPIRED, op, &n); /* these are absent: not counted */
  if (!code) code = delete_range(s, WY_KV_SQL_DEL_RANGE, op, &n);
  op->answer.number = n;
  return code;
}

static int scan(wy_kv_sql *s, wy_kv_op *op) {
  char room[WY_KV_KEY_MAX + 1], next[WY_KV_KEY_MAX + 2];
  wy_kv_answer *a = &op->answer;
  wy_str from = op->q.key, after = op->q.after;
  int code;
  sqlite3_stmt *p = get(s, WY_KV_SQL_SCAN, &code);
  if (!p) return code;
  int64_t limit = op->q.number < 1 ? 1 : op->q.number;
  if (limit > WY_KV_PAGE_MAX) limit = WY_KV_PAGE_MAX;
  if (after.p && after.n <= WY_KV_KEY_MAX && compare(after, from) >= 0) {
    memcpy(next, after.p, after.n); /* the key right behind it */
    next[after.n] = '\0';
    from = (wy_str){next, after.n + 1};
  }
  bind_bytes(p, 1, from);
  bind_bytes(p, 2, upper(op->q.key, room));
  sqlite3_bind_int64(p, 3, op->now);
  sqlite3_bind_int64(p, 4, limit + 1);
  while ((code = sqlite3_step(p)) == SQLITE_ROW) {
    if (a->number == limit || a->value.n >= WY_KV_PAGE_BYTES) {
      a->more = true;
      break;
    }
    if (wy_kv_add_pair(&a->value, column(p, 0), column(p, 1))) code = SQLITE_NOMEM;
    if (code != SQLITE_ROW) break;
    a->number++;
  }
  return finish(p, code);
}

/* --- operations --- */

static int add(wy_kv_sql *s, wy_kv_op *op) {
  bool found;
  int code = read_value(s, op->q.key, op->now, NULL, &found);
  op->answer.yes = !found;
  return code || found ? code : put(s, op);
}

static int cas(wy_kv_sql *s, wy_kv_op *op) {
  wy_kv_answer *a = &op->answer;
  int code = read_value(s, op->q.key, op->now, &a->value, &a->has_value);
  if (code) return code;
  wy_str current = wy_buf_view(&a->value);
  a->yes = a->has_value ? op->q.old.p && wy_str_eq(current, op->q.old) : !op->q.old.p;
  if (!a->yes) return SQLITE_OK;
  a->has_value = false;
  return put_or_delete(s, op);
}

static int incr(wy_kv_sql *s, wy_kv_op *op) {
  wy_kv_answer *a = &op->answer;
  char text[24];
  int64_t n = 0;
  bool found;
  int code = read_value(s, op->q.key, op->now, &a->value, &found);
  if (code) return code;
  if ((found && !wy_kv_number(wy_buf_view(&a->value), &n)) ||
      __builtin_add_overflow(n, op->q.number, &n)) {
    wy_kv_fail(op, WY_E_STORE_NUMBER, NULL);
    return SQLITE_OK;
  }
  a->number = n;
  wy_str digits = {text, (size_t)snprintf(text, sizeof text, "%" PRId64, n)};
  sqlite3_stmt *p = get(s, found ? WY_KV_SQL_UPDATE : WY_KV_SQL_PUT, &code);
  if (!p) return code;
  bind_bytes(p, 1, op->q.key);
  bind_bytes(p, 2, digits);
  if (!found) sqlite3_bind_int64(p, 3, until(op->now, op->q.ttl));
  return finish(p, sqlite3_step(p));
}

static int del(wy_kv_sql *s, wy_kv_op *op) {
  int code = read_value(s, op->q.key, op->now, NULL, &op->answer.yes);
  return code ? code : delete (s, WY_KV_SQL_DEL, op->q.key);
}

static int lock(wy_kv_sql *s, wy_kv_op *op) {
  int64_t fence, left;
  int code = held(s, op->q.key, op->now, &fence, &left);
  if (code) return code;
  op->answer.yes = !fence;
  op->answer.number = left;
  if (fence) return SQLITE_OK;
  code = next_fence(s, &op->answer.number);
  return code ? code : hold(s, op, op->answer.number);
}

/* unlock, extend, set_fenced: what the holder may do. */
static int as_holder(wy_kv_sql *s, wy_kv_op *op) {
  int64_t fence, left;
  wy_str name = op->q.verb == WY_KV_SET_FENCED ? op->q.lock : op->q.key;
  int code = held(s, name, op->now, &fence, &left);
  op->answer.yes = fence && fence == op->q.number;
  if (code || !op->answer.yes) return code;
  switch (op->q.verb) {
    case WY_KV_UNLOCK: return delete (s, WY_KV_SQL_UNHOLD, name);
    case WY_KV_EXTEND: return hold(s, op, fence);
    default: return put_or_delete(s, op);
  }
}

int wy_kv_sql_do(wy_kv_sql *s, wy_kv_op *op) {
  wy_kv_answer *a = &op->answer;
  switch (op->q.verb) {
    case WY_KV_GET: return read_value(s, op->q.key, op->now, &a->value, &a->has_value);
    case WY_KV_SET: a->yes = true; return put(s, op);
    case WY_KV_ADD: return add(s, op);
    case WY_KV_CAS: return cas(s, op);
    case WY_KV_INCR: return incr(s, op);
    case WY_KV_DEL: return del(s, op);
    case WY_KV_DEL_PREFIX: return del_prefix(s, op);
    case WY_KV_SCAN: return scan(s, op);
    case WY_KV_LOCK: return lock(s, op);
    default: return as_holder(s, op);
  }
}

int wy_kv_sql_sweep(wy_kv_sql *s, int64_t now, bool *more) {
  static const wy_kv_statement which[] = {WY_KV_SQL_SWEEP, WY_KV_SQL_SWEEP_LOCKS};
  *more = false;
  for (size_t i = 0; i < 2; i++) {
    int code;
    sqlite3_stmt *p = get(s, which[i], &code);
    if (!p) return code;
    sqlite3_bind_int64(p, 1, now);
    code = finish(p, sqlite3_step(p));
    if (code) return code;
    if (sqlite3_changes(s->db) == FEW) *more = true;
  }
  return SQLITE_OK;
}
