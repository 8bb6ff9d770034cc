#include "host/remote.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/err.h"
#include "host/host_impl.h"
#include "script/modules.h"
#include "script/task.h"

typedef struct call {
  wy_host *host;
  const char *name;
  wy_remote_done done;
  void *data;
  size_t n;
  char text[];
} call;

static void finish(call *c, bool ok, long status, wy_str text) {
  c->done(c->data, ok, status, text);
  memset(c->text, 0, c->n); /* it may hold a token */
  free(c);
}

static int begin(lua_State *L, void *data) {
  call *c = data;
  lua_pushfstring(L, "weiyue.%s", c->name);
  lua_rawget(L, LUA_REGISTRYINDEX);
  lua_pushlstring(L, c->text, c->n);
  return 1;
}

static void end(lua_State *L, bool ok, void *data) {
  call *c = data;
  wy_str text = {0};
  if (ok) {
    text.p = lua_tolstring(L, 3, &text.n);
    finish(c, true, (long)lua_tointeger(L, 2), text);
    return;
  }
  wy_line line;
  wy_line_begin(&line, &c->host->log, WY_LOG_ERROR, "lua.error");
  wy_line_masked(&line, L, "text", wy_str_of(lua_tostring(L, -1)));
  wy_line_end(&line);
  finish(c, false, 0, WY_STR("the host's own code has failed; its log says how"));
}

static void lost(void *data) { finish(data, false, 0, WY_STR("the host ends, or has no memory")); }

static const wy_task_body body = {.begin = begin, .end = end, .lost = lost, .trusted = true};

void wy_remote_call(wy_host *h, const char *name, wy_str text, wy_remote_done done, void *data) {
  worker *w = &h->workers[0];
  call *c = malloc(sizeof *c + text.n + 1);
  if (!c) {
    done(data, false, 0, WY_STR("out of memory"));
    return;
  }
  *c = (call){.host = h, .name = name, .done = done, .data = data, .n = text.n};
  if (text.n) memcpy(c->text, text.p, text.n);
  wy_editions_look(w);
  if (wy_task_start(w->current->script, &body, c)) lost(c);
}

typedef struct asked {
  wy_ask_done done;
  void *data;
} asked;

static void on_control(void *data, bool ok, long status, wy_str json) {
  asked a = *(asked *)data;
  free(data);
  if (!ok)
    json = WY_STR(
        "{\"ok\":false,\"problems\":[{\"zh\":\"宿主出了错，看它的日志\","
        "\"en\":\"the host has failed; see its log\"}]}");
  a.done(a.data, ok && status == 0, json);
}

void wy_remote_control(wy_host *h, wy_str line, wy_ask_done done, void *data) {
  asked *a = malloc(sizeof *a);
  if (!a) {
    done(data, false, WY_STR("{\"ok\":false,\"problems\":[]}"));
    return;
  }
  *a = (asked){done, data};
  wy_remote_call(h, "control", line, on_control, a);
}

void wy_host_bare(wy_host *h) { h->bare = true; }
