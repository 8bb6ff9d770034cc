/* notify: tells whoever started this process, by systemd's protocol, how it stands. Nothing happens
 * where nobody asked for it (NOTIFY_SOCKET). */
#ifndef WY_CLI_NOTIFY_H
#define WY_CLI_NOTIFY_H

#include <stdint.h>

/* A state, such as "READY=1\nSTATUS=…". */
void wy_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
void wy_notify_reloading(void);      /* READY=1 must follow */
int64_t wy_notify_watchdog_ms(void); /* how often WATCHDOG=1 is wanted; 0: never */

#endif
