/* mod_wire: HTTP calls of a state in a host for specs. Instead of its client somebody stands who is
 * handed each call as data and answers it, sooner or later; the answer reaches the task by the
 * ready list, as that of a client does. Nothing of libcurl is touched.
 *
 * A call belongs to its task's wait from wy_wire_send on. Who takes it may keep it in a list by
 * `link` and arm `timer`, on `clock`, until wy_wire_answer, or until `end` says that it is gone. */
#ifndef WY_SCRIPT_MOD_WIRE_H
#define WY_SCRIPT_MOD_WIRE_H

#include "base/buf.h"
#include "base/clock.h"
#include "net/client.h"
#include "script/task.h"

typedef struct wy_wire wy_wire;

typedef struct wy_wire_call {
  wy_list link;
  wy_timer timer;
  wy_clock *clock;
  const wy_wire *wire;
  wy_wait wait;
  uint64_t id; /* whoever takes it gives one */
  uint64_t began;
  char method[33];      /* the client takes no longer one */
  char at[160];         /* file:line of the plugin's code that called; "": weiyue's own */
  char trace[WY_TRACE]; /* of the push that the caller works for; "": none */
  char *url, *to;
  wy_buf head, body; /* "Name: value\r\n"… */
  wy_transfer_options options;
  bool answered;
  /* the answer */
  wy_fetch fetch;
  long status;
  wy_buf got_head, got_body;
  char *got_url;    /* of the last hop; NULL: there was one */
  char detail[200]; /* of a failure */
} wy_wire_call;

struct wy_wire {
  /* Whether it is taken; else it goes to the client. */
  bool (*takes)(void *data, wy_str url);
  void (*take)(void *data, wy_wire_call *call);
  void (*end)(void *data, wy_wire_call *call); /* whoever waited has gone: it is freed next */
  void *data;
};

#define WY_KEY_WIRE "weiyue.wire" /* light userdata: const wy_wire * */

/* What is to be sent, from mod_http.c. Strings live on the stack of L. */
typedef struct wy_wire_request {
  wy_str method, url, type, body;
  const char *file, *to;
  int headers, pieces; /* stack places; 0: none */
  wy_transfer_options options;
} wy_wire_request;

/* NULL: this state's calls go to its client. */
const wy_wire *wy_wire_of(lua_State *L, wy_str url);

/* Waits; then pushes what client.send gives. response: the registry's name of its metatable. */
int wy_wire_send(lua_State *L, const wy_wire *wire, const wy_wire_request *r, const char *response);

/* Takes over what was set in the call: fetch and detail, or status, got_head, got_body, got_url. */
void wy_wire_answer(wy_wire_call *call);

#endif
