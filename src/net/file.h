/* file: a file of a folder, as a client may have it: found by a name that cannot leave the folder,
 * and told apart from what he has already. */
#ifndef WY_NET_FILE_H
#define WY_NET_FILE_H

#include "net/http.h"

enum { WY_FILE_TAG = 64 };

typedef struct wy_file {
  int fd; /* -1: closed */
  uint64_t size;
  int64_t mtime;         /* unix seconds */
  char tag[WY_FILE_TAG]; /* with its quotes: another one when the bytes may be others */
} wy_file;

/* name: relative, parts joined by '/'. No part begins with a dot, none leads out of the folder, be
 * it by a symbolic link; it is a regular file. 0, WY_E_HTTP_NOT_FOUND, WY_E_HTTP_BUSY: the process
 * has no descriptor left; or WY_E_NOMEM. */
int wy_file_open(wy_file *f, const char *folder, wy_str name);

/* A file by its path, whoever chose that. */
int wy_file_open_path(wy_file *f, const char *path);

void wy_file_close(wy_file *f);

/* What the fields of a request want of it (RFC 9110 13, 14): 200 or 206 with *from and *n, 304, 412
 * or 416. */
int wy_file_choose(const wy_file *f, const wy_http_req *req, uint64_t *from, uint64_t *n);

/* One range of "bytes=…" of so many bytes: 1: *from and *n are set; 0: it does not count, or there
 * are several; -1: outside. */
int wy_file_range(wy_str field, uint64_t size, uint64_t *from, uint64_t *n);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void wy_file_date(int64_t seconds, char out[32]);

#endif
