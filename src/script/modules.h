/* modules: the C modules that Lua sees, one file each (mod_NAME.c). Each wy_open_ function pushes
 * its module's table; core.c gathers them as `weiyue_core`. Only the standard Lua API is used, so
 * the same code serves the host and, as weiyue_core.so, a stock lua5.4. */
#ifndef WY_SCRIPT_MODULES_H
#define WY_SCRIPT_MODULES_H

#include <lua.h>

#include "base/log.h"
#include "base/trace.h"
#include "codec/doc.h"
#include "codec/msg.h"
#include "codec/reply.h"

/* In weiyue_core, everywhere. */
int wy_open_codec(lua_State *L);
int wy_open_crypto(lua_State *L);
int wy_open_form(lua_State *L);
int wy_open_json(lua_State *L);
int wy_open_log(lua_State *L);
int wy_open_secrets(lua_State *L);
int wy_open_html(lua_State *L);
int wy_open_text(lua_State *L);
int wy_open_time(lua_State *L);
int wy_open_url(lua_State *L);
int wy_open_xml(lua_State *L);

/* In a host's states only. */
int wy_open_asset(lua_State *L);  /* weiyue.asset: find, place, digest */
int wy_open_task(lua_State *L);   /* weiyue.task: sleep, spawn, after, scope */
int wy_open_kv(lua_State *L);     /* weiyue.kv: object */
int wy_open_files(lua_State *L);  /* weiyue.files: read, glob, kind, bundled, and what writes */
int wy_open_limits(lua_State *L); /* weiyue.limits: call, guard */
int wy_open_shared(lua_State *L); /* weiyue.shared: object */
int wy_open_signal(lua_State *L); /* weiyue.signal: new */
int wy_open_http(lua_State *L);   /* weiyue.client: send */
int wy_open_guest(lua_State *L);  /* weiyue.guest: there, next, advance */
int wy_open_pages(lua_State *L);  /* weiyue.pages: open, open_path */

/* All of the first group as one table. */
int luaopen_weiyue_core(lua_State *L);

/* Registry keys of what a host gives to its states; absent in a stock lua5.4. */
#define WY_KEY_CLOCK "weiyue.clock"        /* light userdata: const wy_clock * */
#define WY_KEY_LOG "weiyue.log"            /* light userdata: const wy_log * */
#define WY_KEY_TRACER "weiyue.tracer"      /* light userdata: const wy_tracer * */
#define WY_KEY_CLIENT "weiyue.client.of"   /* light userdata: wy_client *, of its loop */
#define WY_KEY_SHARED "weiyue.shared.dict" /* light userdata: wy_dict *, that of wx.shared */

/* The text with stars where it shows a secret of this state (weiyue_core.secrets): itself, or a
 * copy that the caller frees. Raises nothing and takes no memory of the state. */
wy_str wy_mask(lua_State *L, wy_str text, char **copy);

/* A value of a line, masked; p NULL: left out. */
void wy_line_masked(wy_line *line, lua_State *L, const char *name, wy_str text);
/* Which push the running code works for, as base/trace has it; "": for none. */
typedef struct wy_tracer {
  void (*now)(const void *of, char out[WY_TRACE]);
  const void *of;
} wy_tracer;

#define WY_KEY_LOOK "weiyue.look" /* a C function: the clock is to be looked at */

/* After C code that took long for one call: a host that limits its plugins looks at the clock. */
void wy_worked(lua_State *L);

/* Puts a dictionary, which outlives the state, under a registry key: weiyue.shared.object(key)
 * makes an object of it. 0 or WY_E_NOMEM. */
typedef struct wy_dict wy_dict;
int wy_give_dict(lua_State *L, const char *key, wy_dict *dict);

/* How a state gets at the store: its worker's client, or NULL when there is none (any more). Called
 * on the worker's thread; outlives the state. */
typedef struct wy_kv_client wy_kv_client;
typedef struct wy_kv_door {
  wy_kv_client *(*client)(void *data);
  void *data;
} wy_kv_door;

#define WY_KEY_KV "weiyue.kv.door"              /* light userdata: wy_kv_door * */
int wy_give_kv(lua_State *L, wy_kv_door *door); /* 0 or WY_E_NOMEM */

/* Arrays are tables marked as such, so that an empty one stays an array (json.array). */
void wy_push_array(lua_State *L, int n); /* a new one, with room for n elements */
bool wy_is_array(lua_State *L, int index);
bool wy_is_null(lua_State *L, int index); /* json.null */

/* The n keys, all strings, of the table on top of the stack, sorted by bytes: in `few`, or in a
 * userdata that is pushed. */
enum { WY_FEW_KEYS = 16 };
typedef wy_str wy_few_keys[WY_FEW_KEYS];
const wy_str *wy_push_keys(lua_State *L, wy_few_keys few, size_t n);

/* Pushes a userdata that owns a buffer: nothing leaks when Lua raises while text is being made. */
wy_buf *wy_new_text(lua_State *L, size_t max);

/* Pushes the elements of a doc as a table: by name, a repeated name as an array, an element of a
 * JSON array always as an array, leaves as strings. */
void wy_push_doc(lua_State *L, const wy_doc *doc);

/* Pushes a message as handlers get it: type, event, openid, content, key, scene, first, media_id,
 * id, created, and body, its own bytes. The metatable is the registry's WY_META_MSG. */
void wy_push_msg(lua_State *L, const wy_msg *m, wy_str text);
#define WY_META_MSG "weiyue.message"

/* Reads the reply table at index into out, without metamethods. 0, or WY_E_REPLY_TYPE or
 * WY_E_REPLY_FIELD with *what naming the key. The spans point into Lua strings: keep the table, and
 * what this call pushed, on the stack until the reply is built. */
int wy_reply_from_lua(lua_State *L, int index, wy_reply *out, const char **what);

#endif
