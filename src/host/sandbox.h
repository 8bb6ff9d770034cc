/* sandbox: what `weiyue sandbox` asks of its two hosts: the user's, whose WeChat is the other one;
 * and the sandbox, which sees the user's log and clock. */
#ifndef WY_HOST_SANDBOX_H
#define WY_HOST_SANDBOX_H

#include <stdint.h>

typedef struct wy_host wy_host;
typedef struct wy_guest wy_guest;

/* Before wy_host_load: the host is the user's. How its configuration is changed: JSON of what
 * lua/weiyue/sandbox/setup.lua wants; outlives the host. */
void wy_host_sandbox(wy_host *h, const char *json);

/* Before wy_host_load: the host is the sandbox of this guest, which outlives it. */
void wy_host_guest(wy_host *h, wy_guest *guest);

/* Moves the clock of a running host ahead: its timers fire, its times are over. On its loop's
 * thread. */
void wy_host_advance(wy_host *h, int64_t ms);

#endif
