/* errors: what an error number means, in the user's language. */
#ifndef WY_CLI_ERRORS_H
#define WY_CLI_ERRORS_H

/* Of base/err.h and of weiyue.h's functions. */
const char *wy_cli_strerror(int err);

/* The Chinese text alone, for those who show both. */
const char *wy_cli_strerror_zh(int err);

/* Why the system refuses: an errno, or libuv's number for one. */
const char *wy_cli_why(int err);

#endif
