/* kv_file: the file of a SQLite store: where it is, whether it is whole, and who uses it. For
 * kv_sqlite, and for the program's `weiyue store`.
 *
 * Besides FILE there are FILE-wal and FILE-shm, which are SQLite's, and FILE-lock, on which every
 * host that uses the store has a shared flock: who replaces the file wants it alone. */
#ifndef WY_STORE_KV_FILE_H
#define WY_STORE_KV_FILE_H

#include "store/kv_sql.h"

/* The path of "sqlite:FILE"; freed by the caller. NULL: no memory, or another kind of url. */
char *wy_kv_file_path(const char *url, const char *folder);

/* Looks without opening. 0 and whether it exists; or WY_E_STORE_*: it is empty, is gone while its
 * write-ahead log is not, cannot be written, or could not be made. */
int wy_kv_file_look(const char *path, bool *exists, char why[WY_KV_WHY]);

/* *fd is to be closed. WY_E_STORE_BUSY: others have it. */
int wy_kv_file_lock(const char *path, bool alone, int *fd, char why[WY_KV_WHY]);

/* Makes a store where there is none, whole or not at all; fine when another process was faster. */
int wy_kv_file_make(const char *path, char why[WY_KV_WHY]);

/* Opens one that exists, and checks that it is a store. On an error the connection is closed. */
int wy_kv_file_connect(wy_kv_sql *s, const char *path, bool normal, char why[WY_KV_WHY]);

/* The bytes of a file, or of the folder that it is in, are on the disk. 0 or -1. */
int wy_kv_file_sync(const char *path, bool folder);

#endif
