/* mod_codec: the Lua module weiyue.codec: signatures, envelopes, pushes, replies.
 * Types and one-line docs: lua/meta/codec.lua.
 *
 * All functions share one userdata that owns the wy_crypt. What a call allocates beside Lua values
 * is owned by a userdata of that call (a job), so an error raised anywhere leaks nothing, and a
 * finalizer that calls this module meets nobody else's buffers. */
#include <limits.h>
#include <math.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>

#include "base/clock.h"
#include "base/err.h"
#include "codec/gate.h"
#include "codec/reply.h"
#include "script/modules.h"

#define SHARED "weiyue.codec"
#define JOB "weiyue.codec.job"
#define ERROR "weiyue.codec.error"

enum { TEXT_MAX = 16 * 1024 * 1024, WINDOW = 300 };

typedef struct job {
  wy_gate gate;
  wy_push push;
  wy_buf out;
} job;

/* ---- life ---- */

static int l_shared_gc(lua_State *L) {
  wy_crypt **shared = luaL_checkudata(L, 1, SHARED);
  wy_crypt_free(*shared);
  *shared = NULL;
  return 0;
}

static wy_crypt *crypt_of(lua_State *L) {
  wy_crypt **shared = lua_touserdata(L, lua_upvalueindex(1));
  if (!*shared) luaL_error(L, "weiyue.codec: this Lua state is closing");
  return *shared;
}

static int l_job_gc(lua_State *L) {
  job *j = luaL_checkudata(L, 1, JOB);
  wy_gate_deinit(&j->gate);
  wy_push_deinit(&j->push);
  wy_buf_deinit(&j->out);
  return 0;
}

/* On the stack; freed with its last use, at the latest by the collector. */
static job *job_new(lua_State *L) {
  job *j = lua_newuserdatauv(L, sizeof *j, 0);
  j->gate = (wy_gate){.crypt = crypt_of(L), .window = WINDOW};
  wy_push_init(&j->push);
  wy_buf_init(&j->out, TEXT_MAX);
  luaL_setmetatable(L, JOB);
  return j;
}

/* ---- errors ---- */

static int l_error_tostring(lua_State *L) {
  lua_settop(L, 1);
  lua_getfield(L, 1, "code");
  lua_pushliteral(L, ": ");
  lua_getfield(L, 1, "message");
  lua_concat(L, 3);
  return 1;
}

/* nil, { code, reason, message, hint, hint_en [, field] } */
static int fail(lua_State *L, int err, const char *field) {
  luaL_pushfail(L);
  lua_createtable(L, 0, 6);
  lua_pushliteral(L, "见消息");
  lua_setfield(L, -2, "hint");
  lua_pushliteral(L, "see the message");
  lua_setfield(L, -2, "hint_en");
  lua_pushstring(L, wy_err_event(err));
  lua_setfield(L, -2, "code");
  lua_pushstring(L, wy_err_reason(err));
  lua_setfield(L, -2, "reason");
  if (field) lua_pushfstring(L, "%s: %s", wy_err_text(err), field);
  else lua_pushstring(L, wy_err_text(err));
  lua_setfield(L, -2, "message");
  lua_pushstring(L, field);
  lua_setfield(L, -2, "field");
  luaL_setmetatable(L, ERROR);
  return 2;
}

/* ---- arguments ---- */

static wy_str arg(lua_State *L, int index) {
  wy_str s;
  s.p = luaL_checklstring(L, index, &s.n);
  return s;
}

/* The text at the top of the stack, which stays there and keeps it alive. nil: {NULL, 0}. */
static wy_str top_text(lua_State *L, const char *name, bool required) {
  wy_str s = {NULL, 0};
  if (lua_type(L, -1) == LUA_TSTRING || lua_isinteger(L, -1)) s.p = lua_tolstring(L, -1, &s.n);
  else if (required || !lua_isnil(L, -1))
    luaL_error(L, "weiyue.codec: %s must be a string, not %s", name, luaL_typename(L, -1));
  return s;
}

static wy_str field(lua_State *L, int table, const char *name, bool required) {
  lua_getfield(L, table, name);
  return top_text(L, name, required);
}

static int64_t seconds(lua_State *L, int index) {
  lua_Integer whole = 0;
  if (lua_isinteger(L, index)) return lua_tointeger(L, index);
  lua_Number n = floor(luaL_checknumber(L, index));
  luaL_argcheck(L, lua_numbertointeger(n, &whole), index, "seconds expected");
  return whole;
}

/* Given, or the host's clock, or the system's. */
static int64_t now_of(lua_State *L, int index) {
  if (!lua_isnoneornil(L, index)) return seconds(L, index);
  lua_getfield(L, LUA_REGISTRYINDEX, WY_KEY_CLOCK);
  wy_clock *clock = lua_islightuserdata(L, -1) ? lua_touserdata(L, -1) : NULL;
  lua_pop(L, 1);
  return clock ? wy_clock_wall_ms(clock) / 1000 : (int64_t)time(NULL);
}

/* A number field of the options, or nothing. */
static bool number_field(lua_State *L, int table, const char *name, int64_t *out) {
  bool given = lua_getfield(L, table, name) != LUA_TNIL;
  if (given && !lua_isnumber(L, -1)) luaL_error(L, "weiyue.codec: %s must be a number", name);
  if (given) *out = seconds(L, lua_gettop(L));
  lua_pop(L, 1);
  return given;
}

/* aes_key: a string, or a list of which the current one is first. */
static size_t key_texts(lua_State *L, int table, wy_str texts[WY_GATE_KEYS]) {
  if (lua_getfield(L, table, "aes_key") != LUA_TTABLE) {
    texts[0] = top_text(L, "aes_key", false);
    return texts[0].p ? 1 : 0;
  }
  int list = lua_gettop(L);
  size_t n = lua_rawlen(L, list);
  if (n == 0 || n > WY_GATE_KEYS)
    luaL_error(L, "weiyue.codec: aes_key must list 1 to %d keys", (int)WY_GATE_KEYS);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    texts[i] = top_text(L, "aes_key", true);
  }
  return n;
}

static int set_keys(job *j, const wy_str *texts, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int err = wy_aes_key_new(j->gate.crypt, texts[i], &j->gate.keys[i]);
    if (err) return err;
    j->gate.n_keys = i + 1;
  }
  return 0;
}

static wy_mode mode_of(lua_State *L, int table, bool has_key) {
  static const char *const names[] = {"plain", "compatible", "safe", NULL};
  if (lua_getfield(L, table, "mode") == LUA_TNIL) return has_key ? WY_MODE_SAFE : WY_MODE_PLAIN;
  wy_str mode = top_text(L, "mode", true);
  for (int i = 0; names[i]; i++)
    if (wy_str_eq(mode, wy_str_of(names[i]))) return (wy_mode)i;
  luaL_error(L, "weiyue.codec: mode must be plain, compatible or safe, not '%s'", mode.p);
  return WY_MODE_SAFE;
}

/* The account table: its strings stay on the stack, its keys belong to the job. */
static int set_account(lua_State *L, int table, job *j) {
  wy_str texts[WY_GATE_KEYS];
  int64_t window;
  luaL_checktype(L, table, LUA_TTABLE);
  wy_gate *g = &j->gate;
  g->token = field(L, table, "token", true);
  g->appid = field(L, table, "appid", false);
  g->username = field(L, table, "username", false);
  size_t n = key_texts(L, table, texts);
  g->mode = mode_of(L, table, n > 0);
  if (number_field(L, table, "window", &window)) {
    luaL_argcheck(L, window >= 0 && window <= UINT_MAX, table, "window: seconds expected");
    g->window = (unsigned)window;
  }
  return set_keys(j, texts, n);
}

/* ---- signatures ---- */

static int push_signature(lua_State *L, int err, const char signature[WY_SIG]) {
  if (err) return fail(L, err, NULL);
  lua_pushlstring(L, signature, WY_SIG);
  return 1;
}

static int l_sign(lua_State *L) {
  wy_str parts[4];
  char out[WY_SIG];
  int n = lua_isnoneornil(L, 4) ? 3 : 4;
  for (int i = 0; i < n; i++) parts[i] = arg(L, i + 1);
  return push_signature(L, wy_crypt_sign(crypt_of(L), parts, (size_t)n, out), out);
}

static int l_verify(lua_State *L) {
  char want[WY_SIG];
  int64_t window, now;
  uint64_t at;
  luaL_checktype(L, 1, LUA_TTABLE);
  wy_str token = field(L, 1, "token", true);
  wy_str timestamp = field(L, 1, "timestamp", false);
  wy_str nonce = field(L, 1, "nonce", false);
  wy_str signature = field(L, 1, "signature", false);
  wy_str encrypt = field(L, 1, "encrypt", false);
  if (!timestamp.p || !nonce.p || !signature.p) return fail(L, WY_E_SIG_MISSING, NULL);
  if (number_field(L, 1, "window", &window)) {
    if (!number_field(L, 1, "now", &now)) now = now_of(L, lua_gettop(L) + 1);
    if (!wy_str_u64(timestamp, &at) || at > INT64_MAX) return fail(L, WY_E_SIG_TIMESTAMP, NULL);
    uint64_t clock = now > 0 ? (uint64_t)now : 0;
    uint64_t off = at > clock ? at - clock : clock - at;
    if (window < 0 || off > (uint64_t)window) return fail(L, WY_E_SIG_STALE, NULL);
  }
  const wy_str parts[] = {token, timestamp, nonce, encrypt};
  int err = wy_crypt_sign(crypt_of(L), parts, encrypt.p ? 4 : 3, want);
  if (!err && !wy_sig_equal(signature, want)) err = WY_E_SIG_MISMATCH;
  if (err) return fail(L, err, NULL);
  lua_pushboolean(L, true);
  return 1;
}

static int l_jssdk_sign(lua_State *L) {
  char out[WY_SIG];
  luaL_checktype(L, 1, LUA_TTABLE);
  wy_str ticket = field(L, 1, "ticket", true), noncestr = field(L, 1, "noncestr", true);
  wy_str timestamp = field(L, 1, "timestamp", true), url = field(L, 1, "url", true);
  int err = wy_crypt_sign_jssdk(crypt_of(L), ticket, noncestr, timestamp, url, out);
  return push_signature(L, err, out);
}

static int l_card_sign(lua_State *L) {
  wy_str parts[WY_SIG_PARTS];
  char out[WY_SIG];
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t n = lua_rawlen(L, 1);
  luaL_argcheck(L, n >= 1 && n <= WY_SIG_PARTS, 1, "1 to 8 values expected");
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    parts[i] = top_text(L, "a value", true);
  }
  return push_signature(L, wy_crypt_sign(crypt_of(L), parts, n, out), out);
}

/* ---- the envelope alone ---- */

static int l_check_aes_key(lua_State *L) {
  wy_aes_key *key;
  int err = wy_aes_key_new(crypt_of(L), arg(L, 1), &key);
  if (err) return fail(L, err, NULL);
  wy_aes_key_free(key);
  lua_pushboolean(L, true);
  return 1;
}

static int l_decrypt(lua_State *L) {
  wy_str texts[WY_GATE_KEYS];
  wy_frame frame;
  size_t key;
  luaL_checktype(L, 1, LUA_TTABLE);
  job *j = job_new(L);
  size_t n = key_texts(L, 1, texts);
  if (n == 0) return luaL_error(L, "weiyue.codec: aes_key is missing");
  wy_str encrypt = field(L, 1, "encrypt", true);
  j->gate.appid = field(L, 1, "appid", false);
  int err = set_keys(j, texts, n);
  if (!err) err = wy_gate_decrypt(&j->gate, encrypt, &frame, &key);
  if (err) return fail(L, err, NULL);
  lua_pushlstring(L, frame.message.p, frame.message.n);
  lua_pushlstring(L, frame.receive_id.p, frame.receive_id.n);
  lua_pushinteger(L, (lua_Integer)key + 1);
  return 3;
}

static int l_encrypt(lua_State *L) {
  wy_str texts[WY_GATE_KEYS];
  luaL_checktype(L, 1, LUA_TTABLE);
  job *j = job_new(L);
  if (key_texts(L, 1, texts) == 0) return luaL_error(L, "weiyue.codec: aes_key is missing");
  wy_str text = field(L, 1, "text", true), appid = field(L, 1, "appid", true);
  wy_str random = field(L, 1, "random", false);
  luaL_argcheck(L, !random.p || random.n == 16, 1, "random: 16 bytes expected");
  int err = set_keys(j, texts, 1);
  if (!err)
    err = wy_aes_seal(j->gate.crypt, j->gate.keys[0], (const unsigned char *)random.p, text, appid,
                      &j->out);
  if (err) return fail(L, err, NULL);
  lua_pushlstring(L, j->out.p, j->out.n);
  return 1;
}

/* ---- pushes ---- */

static const char *const forms[] = {[WY_FORM_XML] = "xml", [WY_FORM_JSON] = "json", NULL};

static wy_form form_of(lua_State *L, int table) {
  if (lua_getfield(L, table, "form") == LUA_TNIL) return WY_FORM_XML;
  wy_str form = top_text(L, "form", true);
  for (int i = 0; forms[i]; i++)
    if (wy_str_eq(form, wy_str_of(forms[i]))) return (wy_form)i;
  luaL_error(L, "weiyue.codec: form must be xml or json, not '%s'", form.p);
  return WY_FORM_XML;
}

static int l_open(lua_State *L) {
  wy_str query = arg(L, 2), body = arg(L, 3);
  int64_t now = now_of(L, 4);
  job *j = job_new(L);
  wy_push *p = &j->push;
  int err = set_account(L, 1, j);
  if (!err) err = wy_gate_open(&j->gate, query, body, now, p);
  if (err) return fail(L, err, NULL);
  wy_push_doc(L, &p->msg.doc);
  lua_createtable(L, 0, 5);
  lua_pushstring(L, forms[p->msg.doc.form]);
  lua_setfield(L, -2, "form");
  lua_pushboolean(L, p->sealed);
  lua_setfield(L, -2, "sealed");
  lua_pushlstring(L, p->text.p, p->text.n);
  lua_setfield(L, -2, "text");
  if (!p->sealed) return 2;
  lua_pushinteger(L, (lua_Integer)p->key + 1);
  lua_setfield(L, -2, "key");
  lua_pushlstring(L, p->receive_id, p->receive_id_n);
  lua_setfield(L, -2, "receive_id");
  return 2;
}

static int l_seal(lua_State *L) {
  luaL_checktype(L, 2, LUA_TTABLE);
  wy_str reply = arg(L, 3);
  int64_t now = now_of(L, 4), key = 1;
  job *j = job_new(L);
  wy_push *p = &j->push;
  int err = set_account(L, 1, j);
  if (err) return fail(L, err, NULL);
  lua_getfield(L, 2, "sealed");
  p->sealed = lua_toboolean(L, -1);
  p->msg.doc.form = form_of(L, 2);
  if (p->sealed) {
    (void)number_field(L, 2, "key", &key);
    luaL_argcheck(L, key >= 1 && (uint64_t)key <= j->gate.n_keys, 2, "the account has no such key");
    p->key = (size_t)key - 1;
    wy_str id = field(L, 2, "receive_id", false);
    if (!id.p) id = j->gate.appid;
    luaL_argcheck(L, id.n < sizeof p->receive_id, 2, "receive_id is too long");
    p->receive_id_n = id.n;
    if (id.n) memcpy(p->receive_id, id.p, id.n);
  }
  err = wy_gate_seal(&j->gate, p, reply, now, &j->out);
  if (err) return fail(L, err, NULL);
  lua_pushlstring(L, j->out.p ? j->out.p : "", j->out.n);
  return 1;
}

static int l_verify_url(lua_State *L) {
  wy_str query = arg(L, 2), echostr;
  int64_t now = now_of(L, 3);
  job *j = job_new(L);
  int err = set_account(L, 1, j);
  if (!err) err = wy_gate_verify(&j->gate, query, now, &j->gate.query, &echostr);
  if (err) return fail(L, err, NULL);
  lua_pushlstring(L, echostr.p, echostr.n);
  return 1;
}

static int l_parse(lua_State *L) {
  wy_str text = arg(L, 1);
  job *j = job_new(L);
  int err = wy_msg_parse(&j->push.msg, text);
  if (err) return fail(L, err, NULL);
  wy_push_doc(L, &j->push.msg.doc);
  lua_pushstring(L, forms[j->push.msg.doc.form]);
  return 2;
}

/* ---- replies ---- */

/* table[key] without metamethods, so that the table keeps the string alive; a number becomes text
 * on the stack and stays there. False: neither text nor nil. */
static bool raw_text(lua_State *L, int table, const char *key, wy_str *out) {
  *out = (wy_str){NULL, 0};
  lua_pushstring(L, key);
  int type = lua_rawget(L, table);
  if (lua_isinteger(L, -1)) {
    out->p = lua_tolstring(L, -1, &out->n);
    return true;
  }
  if (type == LUA_TSTRING) out->p = lua_tolstring(L, -1, &out->n);
  lua_pop(L, 1);
  return type == LUA_TSTRING || type == LUA_TNIL;
}

static int read_article(lua_State *L, int table, wy_article *a, const char **what) {
  const struct {
    const char *key;
    wy_str *to;
  } texts[] = {{"title", &a->title},
               {"description", &a->description},
               {"pic_url", &a->pic_url},
               {"url", &a->url}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (!raw_text(L, table, *what = texts[i].key, texts[i].to)) return WY_E_REPLY_FIELD;
  return 0;
}

static int read_articles(lua_State *L, int table, wy_reply *out, const char **what) {
  *what = "articles";
  lua_pushstring(L, "articles");
  if (lua_rawget(L, table) != LUA_TTABLE) return WY_E_REPLY_FIELD;
  int list = lua_gettop(L);
  size_t n = lua_rawlen(L, list);
  size_t keep = n < WY_REPLY_ARTICLES ? n : WY_REPLY_ARTICLES;
  out->articles_dropped = n - keep;
  for (; out->n_articles < keep; out->n_articles++) {
    if (lua_rawgeti(L, list, (lua_Integer)out->n_articles + 1) != LUA_TTABLE)
      return WY_E_REPLY_FIELD;
    int err = read_article(L, lua_gettop(L), &out->articles[out->n_articles], what);
    if (err) return err;
    *what = "articles";
  }
  return 0;
}

/* Fills out from { type = …, … }: 0, WY_E_REPLY_TYPE or WY_E_REPLY_FIELD, with the key at fault in
 * *what. The texts live as long as the table is not changed and what was pushed stays on the stack
 * (up to 64 values: numbers that became text). Broken UTF-8 is mended when the reply is built. */
int wy_reply_from_lua(lua_State *L, int index, wy_reply *out, const char **what) {
  wy_str name;
  *out = (wy_reply){.type = NULL};
  *what = "type";
  if (!lua_istable(L, index)) return WY_E_REPLY_TYPE;
  luaL_checkstack(L, 64, "reply");
  index = lua_absindex(L, index);
  if (raw_text(L, index, "type", &name)) out->type = wy_reply_type_find(name);
  if (!out->type) return WY_E_REPLY_TYPE;
  if (out->type->articles) return read_articles(L, index, out, what);
  for (size_t i = 0; out->type->fields[i].key; i++)
    if (!raw_text(L, index, *what = out->type->fields[i].key, &out->fields[i]))
      return WY_E_REPLY_FIELD;
  return 0;
}

/* text [, { text_bytes, articles }: what WeChat's limits cut] | nil, err */
static int l_build(lua_State *L) {
  wy_reply reply;
  wy_reply_cut cut;
  const char *what;
  int64_t created, articles = WY_REPLY_ARTICLES;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  job *j = job_new(L);
  wy_reply_head head = {.to = field(L, 2, "to", true), .from = field(L, 2, "from", true)};
  head.created = number_field(L, 2, "created", &created) ? created : now_of(L, lua_gettop(L) + 1);
  (void)number_field(L, 2, "articles", &articles);
  wy_form form = form_of(L, 2);
  int err = wy_reply_from_lua(L, 1, &reply, &what);
  if (!err) {
    wy_reply_limit(&reply, articles > 0 ? (size_t)articles : 1, &cut);
    err = wy_reply_check(&reply, &what);
  }
  if (err) return fail(L, err, what);
  err = wy_reply_build(&reply, &head, form, &j->out);
  if (err) return fail(L, err, NULL);
  lua_pushlstring(L, j->out.p, j->out.n);
  if (!cut.text_bytes && !cut.articles) return 1;
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, (lua_Integer)cut.text_bytes);
  lua_setfield(L, -2, "text_bytes");
  lua_pushinteger(L, (lua_Integer)cut.articles);
  lua_setfield(L, -2, "articles");
  return 2;
}

static void set_string(lua_State *L, const char *key, const char *value) {
  lua_pushstring(L, value); /* NULL: nil */
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, key);
}

static void push_field(lua_State *L, const wy_reply_field *f) {
  lua_createtable(L, 0, 5);
  set_string(L, "key", f->key);
  set_string(L, "element", f->element);
  set_flag(L, "required", f->required);
  set_flag(L, "base64", f->base64);
  set_flag(L, "number", f->number);
}

static int l_reply_types(lua_State *L) {
  size_t n;
  const wy_reply_type *types = wy_reply_types(&n);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 4);
    set_string(L, "name", types[i].name);
    set_string(L, "msgtype", types[i].msgtype);
    set_string(L, "wrap", types[i].wrap);
    lua_newtable(L);
    if (types[i].articles) {
      push_field(L, &(wy_reply_field){.key = "articles", .element = "Articles", .required = true});
      lua_rawseti(L, -2, 1);
    }
    for (size_t k = 0; types[i].fields[k].key; k++) {
      push_field(L, &types[i].fields[k]);
      lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
    lua_setfield(L, -2, "fields");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const luaL_Reg functions[] = {{"sign", l_sign},
                                     {"verify", l_verify},
                                     {"jssdk_sign", l_jssdk_sign},
                                     {"card_sign", l_card_sign},
                                     {"check_aes_key", l_check_aes_key},
                                     {"decrypt", l_decrypt},
                                     {"encrypt", l_encrypt},
                                     {"open", l_open},
                                     {"seal", l_seal},
                                     {"verify_url", l_verify_url},
                                     {"parse", l_parse},
                                     {"build", l_build},
                                     {"reply_types", l_reply_types},
                                     {NULL, NULL}};

static void set_method(lua_State *L, const char *meta, const char *name, lua_CFunction f) {
  luaL_newmetatable(L, meta);
  lua_pushcfunction(L, f);
  lua_setfield(L, -2, name);
  lua_pushliteral(L, "weiyue.codec"); /* plugins cannot reach the metatable */
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

int wy_open_codec(lua_State *L) {
  set_method(L, SHARED, "__gc", l_shared_gc);
  set_method(L, JOB, "__gc", l_job_gc);
  set_method(L, ERROR, "__tostring", l_error_tostring);
  luaL_newlibtable(L, functions);
  wy_crypt **shared = lua_newuserdatauv(L, sizeof *shared, 0);
  *shared = NULL;
  luaL_setmetatable(L, SHARED);
  int err = wy_crypt_new(shared);
  if (err) return luaL_error(L, "weiyue.codec: %s", wy_err_text(err));
  luaL_setfuncs(L, functions, 1);
  return 1;
}
