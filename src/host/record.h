/* record: the journal of `weiyue serve --record`: each push, what was said to it, what was asked of
 * WeChat meanwhile, without what would tell who it was or open a door (lua/weiyue/journal). Workers
 * hand over bytes, and a thread of its own makes the lines and writes them; when it does not keep
 * up, what is too much is left out and counted. Without --record there is none of this. */
#ifndef WY_HOST_RECORD_H
#define WY_HOST_RECORD_H

#include <lua.h>

#include "base/buf.h"
#include "codec/msg.h"
#include "host/stats.h"

typedef struct wy_record wy_record;
struct exchange;
struct account;

/* Before wy_host_load: it will keep this journal. 0 or WY_E_NOMEM. */
int wy_host_record(wy_host *h, const char *path);

/* Opens the file, and begins. 0, or WY_E_RECORD after the log has told why; nothing where none is
 * asked for. */
int wy_record_start(wy_host *h);

/* Writes what was handed over, and ends. */
void wy_record_end(wy_host *h);

/* A new push; what is said to it now: body NULL is `success`. On its worker's thread. */
void wy_record_push(const struct exchange *x, wy_str text);
void wy_record_answer(const struct exchange *x, wy_str body);

/* weiyue.push.record(account, json): a call of WeChat's API that the running task made. The upvalue
 * is its edition. */
int wy_record_call(lua_State *L);

/* What is written of this user is taken out of the journal, in a while. */
void wy_record_forget(wy_host *h, const struct account *a, wy_str openid);

/* Appends its numbers to /metrics, where there is a journal. */
void wy_record_metrics(const wy_host *h, wy_buf *out);

#endif
