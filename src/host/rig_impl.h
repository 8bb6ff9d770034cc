/* What the files of the rig share. Nobody else includes this.
 *
 * A rig is a host for specs and WeChat's side of it. HTTP calls of its plugins are handed to the
 * spec as data (rig_calls.c), by mod_wire or, where the spec wants sockets, by a server of the
 * rig's on the host's loop; what browsers and WeChat ask of the host over a socket is rig_fetch.c.
 */
#ifndef WY_HOST_RIG_IMPL_H
#define WY_HOST_RIG_IMPL_H

#include <lua.h>

#include "host/exchange.h"
#include "script/mod_wire.h"

#define WY_RIG_HOST "weiyue.rig.host"
#define WY_RIG_FETCH "weiyue.rig.fetch"

typedef enum how { NOBODY, OK, FAIL, WAIT } how;

typedef struct rig {
  wy_host *host;
  pthread_mutex_t lock; /* of log: threads of a store write there, too */
  wy_list log, sent, waiting, problems;
  how how;
  bool zh; /* problems in Chinese */
  /* calls of plugins: new ones, and those that the spec knows and has not answered */
  wy_wire wire;
  wy_list fresh, known;
  uint64_t last_call;
  char *base; /* calls that go there use a socket; NULL: none does */
  wy_http *server;
  wy_list asked, held; /* requests of that server, likewise */
  size_t n_held;
  /* requests to the host */
  wy_client *client;
  wy_list fetches;
  size_t n_fetches; /* under way */
  int port;         /* of the host; 0: it does not listen */
} rig;

rig *wy_rig_check(lua_State *L); /* argument 1, a host that was not freed */
bool wy_rig_settle(lua_State *L, rig *r);
void wy_rig_make_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc);

/* rig_calls.c */
void wy_rig_calls_init(rig *r);
void wy_rig_calls_end(rig *r);  /* before the host is freed */
void wy_rig_calls_free(rig *r); /* and after */
bool wy_rig_calls_waiting(const rig *r);
int wy_rig_socket(lua_State *L); /* of the module: socket() → fd, port, for host:serve */
extern const luaL_Reg wy_rig_call_methods[];

/* rig_fetch.c */
void wy_rig_fetches_init(rig *r);
void wy_rig_fetches_end(rig *r);
void wy_rig_fetches_free(rig *r);
void wy_rig_fetch_open(lua_State *L); /* its class */
bool wy_rig_moving(const rig *r);     /* bytes are on their way between sockets of this process */
void wy_rig_turn(lua_State *L, rig *r);
extern const luaL_Reg wy_rig_fetch_methods[];

/* rig_look.c: what a spec leaves behind */
extern const luaL_Reg wy_rig_look_methods[];

#endif
