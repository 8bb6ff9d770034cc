/* logfile: where the lines of a served host's log go: stderr or a file, written by a thread of its
 * own, so that a log that nobody reads, or a full disk, never keeps a worker. One for the program.
 *
 * Lines are kept in order in a ring of 1 MiB. One that finds no room, or that cannot be written, is
 * dropped and counted; the line log.dropped says how many, as soon as there is room again. Nothing
 * is written before wy_logfile_open, so that what is logged while plugins are loaded goes the same
 * way; the thread begins with the first line that may be written, or with the file. */
#ifndef WY_CLI_LOGFILE_H
#define WY_CLI_LOGFILE_H

#include "base/log.h"

/* The log of wy_host_options. Never blocks; from any thread. */
void wy_logfile_line(void *data, int level, const char *line, size_t n);

/* path: appended to, made with mode 0640 where it is missing; NULL: stderr. What this module says
 * itself has level and form of `like`. 0, or an errno: then nothing was opened. */
int wy_logfile_open(const char *path, const wy_log *like);

/* The file is opened anew under its name: another program may have moved it. Without a file:
 * nothing. Async-signal-safe. */
void wy_logfile_reopen(void);

/* Waits until what was logged so far is written, a second at most: before an abort, or before
 * something else is said on stderr. From any thread. Not opened yet: to stderr. */
void wy_logfile_flush(void);

/* The same on the way to an abort: async-signal-safe, and without the lock, which the thread that
 * dies may hold. */
void wy_logfile_last_words(void);

/* As wy_logfile_flush, and what is logged afterwards is dropped: on the way out. */
void wy_logfile_close(void);

#endif
