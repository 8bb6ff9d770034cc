/* kv_sql: the operations of kv on one SQLite connection. Used by one thread at a time; knows no
 * threads, files or transactions. */
#ifndef WY_STORE_KV_SQL_H
#define WY_STORE_KV_SQL_H

#include <sqlite3.h>

#include "store/kv_backend.h"

enum { WY_KV_APPLICATION = 0x77796b76 /* "wykv" */, WY_KV_SCHEMA = 1 };

#define WY_KV_STATEMENTS(X)                                                                   \
  X(GET, "SELECT v FROM kv WHERE k = ?1 AND (e = 0 OR e > ?2)")                               \
  X(PUT,                                                                                      \
    "INSERT INTO kv (k, v, e) VALUES (?1, ?2, ?3) "                                           \
    "ON CONFLICT (k) DO UPDATE SET v = excluded.v, e = excluded.e")                           \
  X(UPDATE, "UPDATE kv SET v = ?2 WHERE k = ?1")                                              \
  X(DEL, "DELETE FROM kv WHERE k = ?1")                                                       \
  X(DEL_EXPIRED, "DELETE FROM kv WHERE k >= ?1 AND k < ?2 AND e > 0 AND e <= ?3")             \
  X(DEL_RANGE, "DELETE FROM kv WHERE k >= ?1 AND k < ?2")                                     \
  X(SCAN,                                                                                     \
    "SELECT k, v FROM kv WHERE k >= ?1 AND k < ?2 AND (e = 0 OR e > ?3) ORDER BY k LIMIT ?4") \
  X(HELD, "SELECT fence, e FROM locks WHERE name = ?1 AND (e = 0 OR e > ?2)")                 \
  X(COUNT, "UPDATE meta SET value = value + 1 WHERE name = 'fence'")                          \
  X(FENCE, "SELECT value FROM meta WHERE name = 'fence'")                                     \
  X(HOLD, "INSERT OR REPLACE INTO locks (name, fence, e) VALUES (?1, ?2, ?3)")                \
  X(UNHOLD, "DELETE FROM locks WHERE name = ?1")                                              \
  X(SWEEP,                                                                                    \
    "DELETE FROM kv WHERE k IN "                                                              \
    "(SELECT k FROM kv WHERE e > 0 AND e <= ?1 ORDER BY e LIMIT 100)")                        \
  X(SWEEP_LOCKS,                                                                              \
    "DELETE FROM locks WHERE name IN "                                                        \
    "(SELECT name FROM locks WHERE e > 0 AND e <= ?1 LIMIT 100)")                             \
  X(BEGIN, "BEGIN IMMEDIATE")                                                                 \
  X(COMMIT, "COMMIT")                                                                         \
  X(SAVE, "SAVEPOINT op")                                                                     \
  X(RELEASE, "RELEASE op")                                                                    \
  X(BACK, "ROLLBACK TO op")

typedef enum wy_kv_statement {
#define X(name, text) WY_KV_SQL_##name,
  WY_KV_STATEMENTS(X)
#undef X
      WY_KV_SQL_END
} wy_kv_statement;

typedef struct wy_kv_sql {
  sqlite3 *db;
  sqlite3_stmt *statements[WY_KV_SQL_END]; /* NULL until it is needed */
} wy_kv_sql;

/* Opens, with a small cache; nothing is read. A SQLite error; deinit in any case. */
int wy_kv_sql_init(wy_kv_sql *s, const char *path, int flags);
void wy_kv_sql_deinit(wy_kv_sql *s);

/* The tables of an empty database. A SQLite error. */
int wy_kv_sql_create(wy_kv_sql *s);

/* Whether the database is a store of weiyue. 0, or WY_E_STORE_* with why. */
int wy_kv_sql_check(wy_kv_sql *s, char why[WY_KV_WHY]);

/* Steps once and resets: SQLITE_OK instead of SQLITE_DONE or SQLITE_ROW. */
int wy_kv_sql_run(wy_kv_sql *s, wy_kv_statement which);

/* Fills in the answer; what is wrong with the question stands there, too. A SQLite error: then the
 * answer is not filled in. */
int wy_kv_sql_do(wy_kv_sql *s, wy_kv_op *op);

/* Some entries whose time is over go: whether there were many. */
int wy_kv_sql_sweep(wy_kv_sql *s, int64_t now, bool *more);

/* What a SQLite error is here; why gets SQLite's own words, which tell of no data. */
int wy_kv_sql_error(wy_kv_sql *s, int code, char why[WY_KV_WHY]);

#endif
