/* mod_page: an HTTP request as the task of a page has it. Its owner (host/page.c) makes it, hands
 * it to Lua, and takes it away when the task has ended. */
#ifndef WY_SCRIPT_MOD_PAGE_H
#define WY_SCRIPT_MOD_PAGE_H

#include "net/file.h"
#include "script/task.h"

/* How many streams a thread has, and may have. */
typedef struct wy_streams {
  unsigned n, max;
} wy_streams;

typedef struct wy_page_req {
  wy_http_req *req;
  wy_streams *streams;
  wy_task *task;
  struct wy_page_req **box; /* Lua's side, which ref keeps; NULL: it has none (any more) */
  int ref;
  int status;   /* of a stream, once it has begun */
  bool begun;   /* the head of a stream was sent */
  bool events;  /* that never ends by itself */
  bool gone;    /* its client */
  bool over;    /* its host wants it to end */
  bool waiting; /* for the client to take what was written */
  wy_wait wait;
} wy_page_req;

/* Pushes the userdata. */
void wy_page_req_push(lua_State *L, wy_page_req *r);

/* Nothing of it is Lua's any more. L NULL: Lua may not be called. */
void wy_page_req_leave(lua_State *L, wy_page_req *r);

/* The stream is to end: what it writes is refused from now on, and where it waits for something
 * else, that is cancelled. What ends by itself has the time that a task has. */
void wy_page_req_end(wy_page_req *r);

/* A file that wy_open_page's `open` has given, which is the caller's from now on; NULL: it is none.
 */
bool wy_page_req_take_file(lua_State *L, int index, wy_file *out);

#endif
