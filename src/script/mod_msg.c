/* A decoded message as the Lua table that handlers get. What is rarely used (raw, methods) comes
 * from the metatable, which lua/weiyue/message.lua registers. */
#include <lauxlib.h>

#include "script/modules.h"

enum { NAME_BYTES = 128 };

static void set(lua_State *L, const char *key, wy_str value) {
  lua_pushlstring(L, value.p, value.n);
  lua_setfield(L, -2, key);
}

/* Type and event are told apart without case: WeChat itself varies it. */
static void set_lower(lua_State *L, const char *key, wy_str value) {
  char low[NAME_BYTES];
  if (value.n > sizeof low) value.n = sizeof low;
  for (size_t i = 0; i < value.n; i++) {
    char c = value.p[i];
    low[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
  }
  lua_pushlstring(L, low, value.n);
  lua_setfield(L, -2, key);
}

static bool starts(wy_str s, wy_str with) {
  return s.n >= with.n && memcmp(s.p, with.p, with.n) == 0;
}

static wy_str text_of(const wy_doc *doc, wy_str name) {
  const wy_node *node = wy_doc_find(doc, WY_DOC_NONE, name);
  return node && !node->branch ? node->text : (wy_str){0};
}

/* The scene of a QR code: all of the key when the user follows already, what stands behind
 * qrscene_ when the scan made him follow. Other keys of subscribe are no scenes. */
static void set_scene(lua_State *L, const wy_msg *m) {
  static const wy_str prefix = {"qrscene_", 8};
  bool first = wy_str_ieq(m->event, WY_STR("subscribe"));
  if (!first && !wy_str_ieq(m->event, WY_STR("scan"))) return;
  wy_str scene = m->event_key;
  if (first) {
    if (!starts(scene, prefix)) return;
    scene.p += prefix.n;
    scene.n -= prefix.n;
  }
  if (!scene.p) return;
  set(L, "scene", scene);
  lua_pushboolean(L, first);
  lua_setfield(L, -2, "first");
}

void wy_push_msg(lua_State *L, const wy_msg *m, wy_str text) {
  lua_createtable(L, 0, 8); /* of a text, with account and push, which the host adds */
  if (m->type.p) set_lower(L, "type", m->type);
  else
    set(L, "type", WY_STR("component")); /* a third-party platform's notice has an InfoType only */
  wy_str event = m->type.p ? m->event : m->info_type;
  if (event.p) {
    set_lower(L, "event", event);
    if (m->event_key.p) set(L, "key", m->event_key);
    set_scene(L, m);
  } else {
    wy_str media = m->content.p ? (wy_str){0} : text_of(&m->doc, WY_STR("MediaId"));
    if (media.p) set(L, "media_id", media);
  }
  if (m->content.p) set(L, "content", m->content);
  if (m->id.p) set(L, "id", m->id);
  wy_str openid = wy_msg_openid(m);
  if (openid.p) set(L, "openid", openid);
  lua_pushinteger(L, m->created);
  lua_setfield(L, -2, "created");
  set(L, "body", text);
  luaL_setmetatable(L, WY_META_MSG);
}
