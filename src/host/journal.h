/* journal: the file of host/record.c, of one thread: lines made by lua/weiyue/journal in a Lua
 * state of its own, appended, and bounded: a full file gets ".1" behind its name, in place of the
 * one that had it. Rights are its owner's alone. */
#ifndef WY_HOST_JOURNAL_H
#define WY_HOST_JOURNAL_H

#include "base/buf.h"
#include "base/log.h"

typedef struct wy_journal wy_journal;

typedef struct wy_journal_item {
  const char *kind, *way, *trace;
  unsigned attempt;
  int64_t at_ms;
  uint64_t took_ms;
  wy_str account, user, authorizer, body; /* body.p NULL: `success` */
} wy_journal_item;

typedef struct wy_journal_options {
  const char *path;
  const char *state;    /* folder, whose key the pseudonyms' key comes from */
  const char *lua_path; /* as of wy_script_options */
  const wy_log *log;
  size_t max; /* bytes of a file; then the next one begins */
} wy_journal_options;

/* Appends to the file, or makes it; one that holds something else is refused. 0, or an error with
 * its reason in `why` (English). */
int wy_journal_open(wy_journal **out, const wy_journal_options *options, wy_buf *why);
void wy_journal_close(wy_journal *j); /* NULL is fine */

/* Lines are gathered, then written. 0, or an error: wy_journal_why tells; the file has whole lines
 * only. */
int wy_journal_add(wy_journal *j, const wy_journal_item *one);
int wy_journal_write(wy_journal *j);

/* Users are gathered, too; then every line that names one of them is taken out of both files. */
int wy_journal_forget(wy_journal *j, wy_str openid);
int wy_journal_purge(wy_journal *j);

const char *wy_journal_why(const wy_journal *j);

#endif
