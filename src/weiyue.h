/* weiyue.h: the whole public C API of libweiyue, an embeddable host for WeChat Official Accounts.
 *
 *   wy_host *host;
 *   wy_host_new(&host, NULL);
 *   if (wy_host_load(host, "weiyue.lua") == 0 && wy_host_start(host) == 0) wy_host_run(host);
 *   wy_host_free(host);
 *
 * A host belongs to one thread, that of its loop; only wy_host_stop (also from a signal handler)
 * and wy_late_done may be called from elsewhere. With several workers it runs threads of its own:
 * then routes, the sender and the log are called on these, too. The library never prints, never
 * exits and installs no signal handler. Functions return 0 or a negative error; wy_strerror gives
 * the text. Strings are UTF-8; a pointer with a length need not end in NUL and is copied where it
 * is kept. */
#ifndef WEIYUE_H
#define WEIYUE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WY_API __attribute__((visibility("default")))
#else
#define WY_API
#endif

#define WY_VERSION "0.1.0"

WY_API const char *wy_version(void);
WY_API const char *wy_strerror(int err);

/* --- the host --- */

typedef struct wy_host wy_host;
struct uv_loop_s;

enum { WY_LEVEL_DEBUG, WY_LEVEL_INFO, WY_LEVEL_WARN, WY_LEVEL_ERROR };

typedef struct wy_host_options {
  /* NULL: the host has a loop of its own. Else yours, which you run; wy_host_run is not used.
   * Ignore SIGPIPE then, or block it on that thread: writing to a client that has left raises it.
   */
  struct uv_loop_s *loop;
  /* One log line without a newline, valid during the call. NULL: no logs. The level filter is the
   * configuration's log.level, the form its log.format. From any worker's thread; never two at
   * once; it must not block. */
  void (*log)(void *data, int level, const char *line, size_t n);
  /* One fault or note in the configuration or a plugin, in Chinese and in English, each beginning
   * with file:line where that is known. level: WY_LEVEL_ERROR or WY_LEVEL_INFO. NULL: logged. */
  void (*problem)(void *data, int level, const char *zh, const char *en);
  void *data;           /* for both callbacks */
  const char *lua_path; /* read lua/weiyue from this folder instead of the embedded files */
} wy_host_options;

/* Options may be NULL. They are copied, but lua_path's bytes and data must outlive the host. */
WY_API int wy_host_new(wy_host **out, const wy_host_options *options);

/* Loads a configuration and its plugins, once per host. Relative paths in it start from its folder.
 * Every fault is reported through `problem`. With an error in the configuration nothing else
 * happens, and the result is negative. A plugin with an error is left out and the others are
 * loaded: the result is how many were left out, 0 when all is well, and the host can be started.
 * `name` of a text stands in messages, its folder is `folder`. */
WY_API int wy_host_load(wy_host *host, const char *path);
WY_API int wy_host_load_text(wy_host *host, const char *text, size_t n, const char *name,
                             const char *folder);

/* Before wy_host_load: the host keeps in its state folder what it needs to come back: the sources
 * of the last good generations, from which it starts when those on disk do not load, and a socket
 * that `weiyue reload`, `promote` and `rollback` ask. back: 0; or which of the kept generations to
 * start with, after those that are newer have crashed: 1 is the one before the last. */
WY_API int wy_host_keep(wy_host *host, int back);

/* Before wy_host_load: takes the place of `listen`. Format: "ADDR:PORT". */
WY_API void wy_host_listen(wy_host *host, const char *address);

/* Before wy_host_load: how many workers, in place of the configuration's `workers`; -1: as it says,
 * where "auto" is one for each core. Not called, a host has one worker, whatever it says. Worker 0
 * runs on the host's loop (yours, if you gave one), each other one on a thread with a loop of its
 * own. */
WY_API void wy_host_workers(wy_host *host, int n);
WY_API int wy_host_worker_count(const wy_host *host); /* after wy_host_load */

/* Begins to listen. The address is in the error's log line when that fails. */
WY_API int wy_host_start(wy_host *host);

/* Where it listens, after wy_host_start: the address as text, and the port, also where 0 was asked
 * for. */
WY_API const char *wy_host_address(const wy_host *host);
WY_API int wy_host_port(const wy_host *host);

/* Where /health, /ready and /metrics are served; NULL and 0: nowhere. */
WY_API const char *wy_host_admin_address(const wy_host *host);
WY_API int wy_host_admin_port(const wy_host *host);

/* Runs the host's own loop until it has stopped. */
WY_API int wy_host_run(wy_host *host);

/* Graceful: refuses what is new, finishes what is in flight, late answers among it, and after 9
 * seconds closes what is left, answering pushes with `success`. From any thread or a signal
 * handler. */
WY_API void wy_host_stop(wy_host *host);

/* Reads configuration and plugins anew, and switches to them when all of them are whole; what fails
 * is logged, and nothing changes. Accounts and plugins change; listen, admin, workers, proxies,
 * limits and log are taken over by a new start only. From any thread or a signal handler. */
WY_API void wy_host_reload(wy_host *host);

/* With a loop of yours: after wy_host_stop, run it until this is true. */
WY_API int wy_host_stopped(const wy_host *host);

/* Not while the host runs. NULL is allowed. With a loop of yours the loop is run until the host's
 * handles are closed. */
WY_API void wy_host_free(wy_host *host);

/* Accounts in the order of the configuration: id, and URL path of the i-th; NULL past the last. */
WY_API const char *wy_host_account_id(const wy_host *host, size_t i);
WY_API const char *wy_host_account_path(const wy_host *host, size_t i);
WY_API const char *wy_host_account_mode(const wy_host *host, size_t i); /* "plain" … */

/* log.file, where the program is to write what `log` is given; NULL: not said. The library opens no
 * such file. After wy_host_load. */
WY_API const char *wy_host_log_file(const wy_host *host);

WY_API int wy_host_plugin_count(const wy_host *host); /* those that were loaded */

/* --- late messages --- */

/* An answer that comes too late for its push leaves as a customer service message, where the
 * account may send them (`can.customer_service`): through the program's sender, or, where it has
 * none, by WeChat's API, for which the account needs `appid` and `secret`. Where neither is there,
 * late answers wait in the mailbox. */
typedef struct wy_late wy_late;

/* json: the body of WeChat's message/custom/send ({"touser":…,"msgtype":…}), or of
 * message/custom/typing ({"touser":…,"command":"Typing"}); UTF-8, valid during the call. Called on
 * a worker's thread, and must not block. Tell the end by wy_late_done. */
typedef void (*wy_sender_fn)(void *data, wy_late *late, const char *account, const char *json,
                             size_t n);

/* Before wy_host_start. fn NULL: none. */
WY_API int wy_host_sender(wy_host *host, wy_sender_fn fn, void *data);

/* Once for each call of the sender, from any thread, also from within it; no more once wy_host_free
 * was called: end your senders first, or leave their calls unanswered.
 * err: 0, or negative when the message was not delivered: then it goes to the mailbox, and why,
 * which may be NULL, to the log. */
WY_API void wy_late_done(wy_late *late, int err, const char *why);

/* --- routes in C, beside the accounts --- */

typedef struct wy_http_req wy_request;

enum {
  WY_METHOD_GET = 1,
  WY_METHOD_HEAD = 2,
  WY_METHOD_POST = 4,
  WY_METHOD_PUT = 8,
  WY_METHOD_PATCH = 16,
  WY_METHOD_DELETE = 32,
  WY_METHOD_OPTIONS = 64
};

/* The request is complete. Answer it once, now or later, with wy_request_answer, on the thread that
 * this is called on; it stays valid until then, even when the client has gone or the host was
 * freed. One that is never answered is never freed. */
typedef void (*wy_route_fn)(void *data, wy_request *req);

/* Serves exactly this path (percent-decoded). methods: a sum of WY_METHOD_*. body_max: bytes; a
 * larger body is answered 413 before it is read. 0, or an error when the path is taken. */
WY_API int wy_host_route(wy_host *host, unsigned methods, const char *path, size_t body_max,
                         wy_route_fn fn, void *data);

/* Views are valid until the request is answered. *n is the length; NULL: absent. */
WY_API unsigned wy_request_method(const wy_request *req);
WY_API const char *wy_request_path(const wy_request *req, size_t *n);
WY_API const char *wy_request_query(const wy_request *req, size_t *n);
WY_API const char *wy_request_header(const wy_request *req, const char *name, size_t *n);
WY_API const char *wy_request_body(const wy_request *req, size_t *n);

/* content_type may be NULL; the body is copied. */
WY_API void wy_request_answer(wy_request *req, int status, const char *content_type,
                              const char *body, size_t n);

#ifdef __cplusplus
}
#endif

#endif
