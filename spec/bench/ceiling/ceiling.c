/* The ceiling: a bare server (libuv, llhttp, expat, libcrypto, Lua 5.4) that does exactly the work
 * of one push and nothing else. It is what the host's CPU time per push is held against.
 *
 *   ceiling PORT HANDLER.lua       environment: TOKEN, APPID, AESKEY (43 characters)
 *
 * Work it does: parse the request, check the signature in constant time, read the XML with expat,
 * in safe mode check msg_signature, decrypt and read the inner XML; call the Lua handler in a fresh
 * coroutine; build the reply, in safe mode encrypt and sign it; write it at once.
 * Work it leaves out, and why it is no product: timeouts, duplicates, the age of a push, logs,
 * limits other than fixed buffers. The request chooses the mode, and it trusts its peer to close.
 *
 * Owners: the process owns everything that is static here (one loop, one thread); a connection
 * owns its url and body and is freed in its close callback.
 * Costs that are easily paid by mistake: libcrypto's algorithms are fetched once, expat gets a salt
 * (it calls getrandom for every document otherwise), one read buffer serves all connections.
 */
#include <arpa/inet.h>
#include <expat.h>
#include <lauxlib.h>
#include <llhttp.h>
#include <lua.h>
#include <lualib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

typedef struct {
  const char *p;
  size_t n;
} str;

typedef struct {
  uv_tcp_t tcp; /* first: the handle is the connection */
  llhttp_t parser;
  char *url, *body;
  size_t url_n, body_n, body_cap;
} conn;

typedef struct {
  str to, from, type, content, id, created, encrypted;
} message;

enum { URL_MAX = 8192, BODY_MAX = 65536, TEXT_MAX = 16384, ANSWER_MAX = 8192 };

#define LIT(s) ((str){s, sizeof(s) - 1})

static str token, appid;
static unsigned char key[48];
static int has_key;
static lua_State *L;
static int handler;

/* ---- signatures ---- */

static EVP_MD *sha1;
static EVP_MD_CTX *digest;

static int compare(const str *a, const str *b) {
  int order = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);
  return order ? order : (a->n > b->n) - (a->n < b->n);
}

/* Hex SHA-1 of the parts in byte order; sorts the caller's array. */
static void sign(str *part, int n, char out[40]) {
  for (int i = 1; i < n; i++)
    for (int j = i; j > 0 && compare(&part[j - 1], &part[j]) > 0; j--) {
      str t = part[j];
      part[j] = part[j - 1];
      part[j - 1] = t;
    }
  unsigned char sum[20];
  EVP_DigestInit_ex2(digest, sha1, NULL);
  for (int i = 0; i < n; i++) EVP_DigestUpdate(digest, part[i].p, part[i].n);
  EVP_DigestFinal_ex(digest, sum, NULL);
  for (int i = 0; i < 20; i++) {
    out[2 * i] = "0123456789abcdef"[sum[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
  }
}

static int signed_by(str have, str *part, int n) {
  char want[40];
  sign(part, n, want);
  return have.n == 40 && CRYPTO_memcmp(want, have.p, 40) == 0;
}

/* ---- XML ---- */

static XML_Parser expat;
static unsigned long salt;
/* Texts of the message being read are copied here, one behind the other. */
static struct {
  char text[TEXT_MAX];
  size_t n, start;
  str *field;
  message *msg;
  int depth, bad;
} xml;

static void XMLCALL on_start(void *u, const char *name, const char **attributes) {
  (void)u, (void)attributes;
  xml.field = NULL;
  if (++xml.depth != 2) return;
  message *m = xml.msg;
  switch (name[0]) {
    case 'T':
      if (!strcmp(name, "ToUserName")) xml.field = &m->to;
      break;
    case 'F':
      if (!strcmp(name, "FromUserName")) xml.field = &m->from;
      break;
    case 'M':
      if (!strcmp(name, "MsgType")) xml.field = &m->type;
      else if (!strcmp(name, "MsgId")) xml.field = &m->id;
      break;
    case 'C':
      if (!strcmp(name, "Content")) xml.field = &m->content;
      else if (!strcmp(name, "CreateTime")) xml.field = &m->created;
      break;
    case 'E':
      if (!strcmp(name, "Encrypt")) xml.field = &m->encrypted;
      break;
    default: break;
  }
  xml.start = xml.n;
}

static void XMLCALL on_end(void *u, const char *name) {
  (void)u, (void)name;
  xml.depth--;
  if (!xml.field) return;
  *xml.field = (str){xml.text + xml.start, xml.n - xml.start};
  xml.field = NULL;
}

static void XMLCALL on_text(void *u, const char *s, int n) {
  (void)u;
  if (!xml.field) return;
  if (xml.n + (size_t)n > sizeof xml.text) {
    xml.bad = 1;
    return;
  }
  memcpy(xml.text + xml.n, s, (size_t)n);
  xml.n += (size_t)n;
}

static void XMLCALL on_doctype(void *u, const char *name, const char *system, const char *public,
                               int internal) {
  (void)u, (void)name, (void)system, (void)public, (void)internal;
  xml.bad = 1;
  XML_StopParser(expat, 0);
}

/* The texts of *m are valid until the next call. */
static int xml_read(str in, message *m) {
  *m = (message){0};
  xml.n = 0;
  xml.depth = xml.bad = 0;
  xml.field = NULL;
  xml.msg = m;
  XML_ParserReset(expat, NULL);
  XML_SetHashSalt(expat, salt);
  XML_SetElementHandler(expat, on_start, on_end);
  XML_SetCharacterDataHandler(expat, on_text);
  XML_SetStartDoctypeDeclHandler(expat, on_doctype);
  return XML_Parse(expat, in.p, (int)in.n, 1) == XML_STATUS_OK && !xml.bad;
}

/* ---- base64 and the AES frame ---- */

static const char b64_char[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static unsigned char b64_value[256]; /* 0x80: not in the alphabet */

static void b64_init(void) {
  memset(b64_value, 0x80, sizeof b64_value);
  for (unsigned i = 0; i < 64; i++) b64_value[(unsigned char)b64_char[i]] = (unsigned char)i;
}

/* Bytes written to out, or -1. */
static int b64_decode(str in, unsigned char *out) {
  unsigned char *o = out;
  const unsigned char *s = (const unsigned char *)in.p;
  size_t n = in.n, i = 0;
  while (n && s[n - 1] == '=') n--;
  unsigned bad = 0, a, b, c, d;
  for (; i + 4 <= n; i += 4) {
    a = b64_value[s[i]], b = b64_value[s[i + 1]], c = b64_value[s[i + 2]], d = b64_value[s[i + 3]];
    bad |= a | b | c | d;
    unsigned v = a << 18 | b << 12 | c << 6 | d;
    *o++ = (unsigned char)(v >> 16);
    *o++ = (unsigned char)(v >> 8);
    *o++ = (unsigned char)v;
  }
  if (n - i == 1) return -1;
  if (n - i >= 2) {
    a = b64_value[s[i]], b = b64_value[s[i + 1]];
    bad |= a | b;
    *o++ = (unsigned char)(a << 2 | b >> 4);
    if (n - i == 3) {
      c = b64_value[s[i + 2]];
      bad |= c;
      *o++ = (unsigned char)(b << 4 | c >> 2);
    }
  }
  return bad & 0x80 ? -1 : (int)(o - out);
}

static size_t b64_encode(const unsigned char *s, size_t n, char *out) {
  char *o = out;
  size_t i = 0;
  for (; i + 3 <= n; i += 3) {
    unsigned v = (unsigned)s[i] << 16 | (unsigned)s[i + 1] << 8 | s[i + 2];
    *o++ = b64_char[v >> 18];
    *o++ = b64_char[v >> 12 & 63];
    *o++ = b64_char[v >> 6 & 63];
    *o++ = b64_char[v & 63];
  }
  if (i < n) {
    unsigned v = (unsigned)s[i] << 16 | (i + 1 < n ? (unsigned)s[i + 1] << 8 : 0);
    *o++ = b64_char[v >> 18];
    *o++ = b64_char[v >> 12 & 63];
    *o++ = i + 1 < n ? b64_char[v >> 6 & 63] : '=';
    *o++ = '=';
  }
  return (size_t)(o - out);
}

static void random_bytes(void *p, size_t n) {
  static unsigned char pool[4096];
  static size_t left;
  if (left < n) {
    RAND_bytes(pool, sizeof pool);
    left = sizeof pool;
  }
  left -= n;
  memcpy(p, pool + left, n);
  OPENSSL_cleanse(pool + left, n);
}

static EVP_CIPHER *aes;
static EVP_CIPHER_CTX *decrypt, *encrypt; /* keep the key schedule; each use sets the IV only */

/* out points into a static buffer. Frame: 16 random bytes, length, XML, appid, pad to 32. */
static int unseal(str in, str *out) {
  static unsigned char cipher[TEXT_MAX], plain[TEXT_MAX];
  if (in.n > TEXT_MAX - 384) return 0;
  int n = b64_decode(in, cipher), a, b;
  if (n < 32 || n % 16) return 0;
  EVP_DecryptInit_ex2(decrypt, NULL, NULL, key, NULL);
  EVP_CIPHER_CTX_set_padding(decrypt, 0);
  if (!EVP_DecryptUpdate(decrypt, plain, &a, cipher, n)) return 0;
  if (!EVP_DecryptFinal_ex(decrypt, plain + a, &b)) return 0;
  int pad = plain[n - 1];
  if (pad < 1 || pad > 32 || pad > n - 20) return 0;
  for (int i = n - pad; i < n; i++)
    if (plain[i] != pad) return 0;
  size_t rest = (size_t)(n - pad) - 20;
  uint32_t length;
  memcpy(&length, plain + 16, 4);
  length = ntohl(length);
  if (length > rest || rest - length != appid.n) return 0;
  if (memcmp(plain + 20 + length, appid.p, appid.n)) return 0;
  *out = (str){(const char *)plain + 20, length};
  return 1;
}

/* Base64 of the sealed text; returns its length. */
static size_t seal(str in, char *out) {
  static unsigned char plain[TEXT_MAX + 256], cipher[TEXT_MAX + 256];
  uint32_t length = htonl((uint32_t)in.n);
  random_bytes(plain, 16);
  memcpy(plain + 16, &length, 4);
  memcpy(plain + 20, in.p, in.n);
  memcpy(plain + 20 + in.n, appid.p, appid.n);
  size_t n = 20 + in.n + appid.n, pad = 32 - n % 32;
  memset(plain + n, (int)pad, pad);
  n += pad;
  int a, b;
  EVP_EncryptInit_ex2(encrypt, NULL, NULL, key, NULL);
  EVP_CIPHER_CTX_set_padding(encrypt, 0);
  EVP_EncryptUpdate(encrypt, cipher, &a, plain, (int)n);
  EVP_EncryptFinal_ex(encrypt, cipher + a, &b);
  return b64_encode(cipher, n, out);
}

/* ---- the handler ---- */

static void set_field(lua_State *co, const char *name, str value) {
  if (!value.p) return;
  lua_pushlstring(co, value.p, value.n);
  lua_setfield(co, -2, name);
}

/* The handler's text, copied out of Lua; p is NULL when it gave none. */
static str run_handler(const message *m) {
  static char answer[ANSWER_MAX];
  str out = {NULL, 0};
  int results;
  lua_State *co = lua_newthread(L);
  lua_rawgeti(co, LUA_REGISTRYINDEX, handler);
  lua_createtable(co, 0, 6);
  set_field(co, "ToUserName", m->to);
  set_field(co, "FromUserName", m->from);
  set_field(co, "CreateTime", m->created);
  set_field(co, "MsgType", m->type);
  set_field(co, "Content", m->content);
  set_field(co, "MsgId", m->id);
  int status = lua_resume(co, L, 1, &results);
  if (status != LUA_OK) {
    fprintf(stderr, "lua: %s\n", lua_tostring(co, -1));
  } else if (results >= 1 && lua_type(co, -1) == LUA_TSTRING) {
    size_t n;
    const char *s = lua_tolstring(co, -1, &n);
    if (n <= sizeof answer) {
      memcpy(answer, s, n);
      out = (str){answer, n};
    }
  }
  lua_resetthread(co);
  lua_pop(L, 1);
  return out;
}

/* ---- answers ---- */

static char out_buf[65536], *out_at; /* the answers of one read leave in one write */
static char date[64];
static time_t now;

static inline char *put(char *o, str s) {
  memcpy(o, s.p, s.n);
  return o + s.n;
}

static char *put_number(char *o, unsigned long v) {
  char digits[24];
  size_t i = sizeof digits;
  do digits[--i] = (char)('0' + v % 10);
  while (v /= 10);
  return put(o, (str){digits + i, sizeof digits - i});
}

/* A CDATA section; "]]>" inside is split over two. */
static char *put_cdata(char *o, str s) {
  o = put(o, LIT("<![CDATA["));
  const char *end;
  while ((end = memmem(s.p, s.n, "]]>", 3))) {
    size_t n = (size_t)(end - s.p) + 2;
    o = put(o, (str){s.p, n});
    o = put(o, LIT("]]><![CDATA["));
    s = (str){s.p + n, s.n - n};
  }
  o = put(o, s);
  return put(o, LIT("]]>"));
}

static void on_written(uv_write_t *req, int status) {
  (void)status;
  free(req->data);
  free(req);
}

static void flush_answers(conn *c) {
  size_t n = (size_t)(out_at - out_buf);
  uv_buf_t buf = uv_buf_init(out_buf, (unsigned)n);
  int r = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
  if (r == (int)n) return;
  size_t done = r < 0 ? 0 : (size_t)r;
  char *rest = malloc(n - done);
  uv_write_t *req = malloc(sizeof *req);
  if (!rest || !req) abort();
  memcpy(rest, out_buf + done, n - done);
  req->data = rest;
  buf = uv_buf_init(rest, (unsigned)(n - done));
  uv_write(req, (uv_stream_t *)&c->tcp, &buf, 1, on_written);
}

static void respond(conn *c, int status, str body, str type) {
  if (out_at + body.n + 512 > out_buf + sizeof out_buf) {
    flush_answers(c);
    out_at = out_buf;
  }
  char *o = out_at;
  o = put(o, status == 200   ? LIT("HTTP/1.1 200 OK\r\n")
             : status == 401 ? LIT("HTTP/1.1 401 Unauthorized\r\n")
                             : LIT("HTTP/1.1 400 Bad Request\r\n"));
  o = put(o, (str){date, 37});
  o = put(o, LIT("Content-Type: "));
  o = put(o, type);
  o = put(o, LIT("\r\nContent-Length: "));
  o = put_number(o, body.n);
  o = put(o, LIT("\r\n\r\n"));
  out_at = put(o, body);
}

/* A query value as it stands: WeChat's need no decoding. */
static str query(const conn *c, str name) {
  const char *end = c->url + c->url_n, *p = memchr(c->url, '?', c->url_n);
  while (p && ++p < end) {
    const char *stop = memchr(p, '&', (size_t)(end - p));
    if (!stop) stop = end;
    if ((size_t)(stop - p) > name.n && !memcmp(p, name.p, name.n) && p[name.n] == '=')
      return (str){p + name.n + 1, (size_t)(stop - p) - name.n - 1};
    p = stop < end ? stop : NULL;
  }
  return (str){"", 0};
}

static void answer_sealed(conn *c, str reply) {
  static char body[2 * TEXT_MAX];
  char *o = put(body, LIT("<xml><Encrypt><![CDATA["));
  str sealed = {o, seal(reply, o)};
  o += sealed.n;
  char time_buf[24], nonce_buf[24], signature[40];
  uint32_t random;
  random_bytes(&random, sizeof random);
  str stamp = {time_buf, (size_t)(put_number(time_buf, (unsigned long)now) - time_buf)};
  str nonce = {nonce_buf, (size_t)(put_number(nonce_buf, random) - nonce_buf)};
  str part[] = {token, stamp, nonce, sealed};
  sign(part, 4, signature);
  o = put(o, LIT("]]></Encrypt><MsgSignature><![CDATA["));
  o = put(o, (str){signature, 40});
  o = put(o, LIT("]]></MsgSignature><TimeStamp>"));
  o = put(o, stamp);
  o = put(o, LIT("</TimeStamp><Nonce><![CDATA["));
  o = put(o, nonce);
  o = put(o, LIT("]]></Nonce></xml>"));
  respond(c, 200, (str){body, (size_t)(o - body)}, LIT("text/xml"));
}

static void answer(conn *c) {
  static char reply[TEXT_MAX];
  str stamp = query(c, LIT("timestamp")), nonce = query(c, LIT("nonce"));
  str part[4] = {token, stamp, nonce};
  if (!signed_by(query(c, LIT("signature")), part, 3)) goto forged;
  if (c->parser.method == HTTP_GET) {
    respond(c, 200, query(c, LIT("echostr")), LIT("text/plain"));
    return;
  }
  message m;
  str type = query(c, LIT("encrypt_type"));
  int safe = type.n == 3 && !memcmp(type.p, "aes", 3);
  if (!xml_read((str){c->body, c->body_n}, &m)) goto bad;
  if (safe) {
    str inner;
    if (!has_key || !m.encrypted.p) goto bad;
    part[0] = token, part[1] = stamp, part[2] = nonce, part[3] = m.encrypted;
    if (!signed_by(query(c, LIT("msg_signature")), part, 4)) goto forged;
    if (!unseal(m.encrypted, &inner) || !xml_read(inner, &m)) goto bad;
  }
  if (!m.to.p || !m.from.p) goto bad;
  str text = run_handler(&m);
  if (!text.p) {
    respond(c, 200, LIT("success"), LIT("text/plain"));
    return;
  }
  if (5 * (m.to.n + m.from.n + text.n) + 256 > sizeof reply) goto bad; /* all "]]>" at worst */
  char *o = put(reply, LIT("<xml><ToUserName>"));
  o = put_cdata(o, m.from);
  o = put(o, LIT("</ToUserName><FromUserName>"));
  o = put_cdata(o, m.to);
  o = put(o, LIT("</FromUserName><CreateTime>"));
  o = put_number(o, (unsigned long)now);
  o = put(o, LIT("</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>"));
  o = put_cdata(o, text);
  o = put(o, LIT("</Content></xml>"));
  str plain = {reply, (size_t)(o - reply)};
  if (safe) answer_sealed(c, plain);
  else respond(c, 200, plain, LIT("text/xml"));
  return;
forged:
  respond(c, 401, LIT("bad signature"), LIT("text/plain"));
  return;
bad:
  respond(c, 400, LIT("bad request"), LIT("text/plain"));
}

/* ---- HTTP ---- */

static llhttp_settings_t settings;

/* An idle connection holds neither url nor body. */
static void drop_request(conn *c) {
  free(c->url);
  free(c->body);
  c->url = c->body = NULL;
  c->url_n = c->body_n = c->body_cap = 0;
}

static int on_url(llhttp_t *parser, const char *s, size_t n) {
  conn *c = parser->data;
  if (c->url_n + n > URL_MAX) return -1;
  char *p = realloc(c->url, c->url_n + n);
  if (!p) return -1;
  c->url = p;
  memcpy(c->url + c->url_n, s, n);
  c->url_n += n;
  return 0;
}

static int on_body(llhttp_t *parser, const char *s, size_t n) {
  conn *c = parser->data;
  if (c->body_n + n > BODY_MAX) return -1;
  if (c->body_n + n > c->body_cap) {
    char *p = realloc(c->body, c->body_n + n);
    if (!p) return -1;
    c->body = p;
    c->body_cap = c->body_n + n;
  }
  memcpy(c->body + c->body_n, s, n);
  c->body_n += n;
  return 0;
}

static int on_complete(llhttp_t *parser) {
  answer(parser->data);
  drop_request(parser->data);
  return 0;
}

static void on_close(uv_handle_t *handle) {
  conn *c = (conn *)handle;
  drop_request(c);
  free(c);
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf) {
  static char in_buf[65536];
  (void)handle, (void)n;
  *buf = uv_buf_init(in_buf, sizeof in_buf);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  conn *c = (conn *)stream;
  if (n == 0) return;
  if (n < 0) {
    uv_close((uv_handle_t *)stream, on_close);
    return;
  }
  out_at = out_buf;
  llhttp_errno_t err = llhttp_execute(&c->parser, buf->base, (size_t)n);
  if (out_at > out_buf) flush_answers(c);
  if (err != HPE_OK) uv_close((uv_handle_t *)stream, on_close);
}

static void on_connection(uv_stream_t *server, int status) {
  if (status < 0) return;
  conn *c = calloc(1, sizeof *c);
  if (!c) abort();
  uv_tcp_init(server->loop, &c->tcp);
  if (uv_accept(server, (uv_stream_t *)&c->tcp)) {
    uv_close((uv_handle_t *)&c->tcp, on_close);
    return;
  }
  uv_tcp_nodelay(&c->tcp, 1);
  llhttp_init(&c->parser, HTTP_REQUEST, &settings);
  c->parser.data = c;
  uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

/* ---- start ---- */

static void on_tick(uv_timer_t *timer) {
  (void)timer;
  struct tm tm;
  now = time(NULL);
  gmtime_r(&now, &tm);
  strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

static void on_term(uv_signal_t *handle, int number) {
  (void)number;
  uv_stop(handle->loop);
}

static str setting(const char *name, const char *fallback) {
  const char *value = getenv(name);
  if (!value) value = fallback;
  return (str){value, strlen(value)};
}

static int crypto_init(void) {
  b64_init();
  token = setting("TOKEN", "perftoken");
  appid = setting("APPID", "wx1234567890abcdef");
  str aes_key = setting("AESKEY", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG");
  if (appid.n > 128) return 0;
  has_key = aes_key.n == 43 && b64_decode(aes_key, key) == 32;
  sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
  digest = EVP_MD_CTX_new();
  aes = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
  decrypt = EVP_CIPHER_CTX_new();
  encrypt = EVP_CIPHER_CTX_new();
  if (!sha1 || !digest || !aes || !decrypt || !encrypt) return 0;
  EVP_DecryptInit_ex2(decrypt, aes, key, key, NULL); /* the IV is the key's first half */
  EVP_EncryptInit_ex2(encrypt, aes, key, key, NULL);
  expat = XML_ParserCreate("UTF-8");
  return expat && RAND_bytes((unsigned char *)&salt, sizeof salt) == 1 && (salt |= 1);
}

static int lua_init(const char *script) {
  L = luaL_newstate();
  if (!L) return 0;
  luaL_openlibs(L);
  lua_gc(L, LUA_GCGEN, 0, 0);
  if (luaL_dofile(L, script)) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    return 0;
  }
  handler = luaL_ref(L, LUA_REGISTRYINDEX);
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: ceiling PORT HANDLER.lua\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (!crypto_init() || !lua_init(argv[2])) return 1;
  llhttp_settings_init(&settings);
  settings.on_url = on_url;
  settings.on_body = on_body;
  settings.on_message_complete = on_complete;

  uv_loop_t *loop = uv_default_loop();
  uv_timer_t timer;
  uv_timer_init(loop, &timer);
  on_tick(&timer);
  uv_timer_start(&timer, on_tick, 200, 200);
  uv_signal_t term;
  uv_signal_init(loop, &term);
  uv_signal_start(&term, on_term, SIGTERM);

  struct sockaddr_in addr;
  uv_tcp_t server;
  uv_ip4_addr("127.0.0.1", atoi(argv[1]), &addr);
  uv_tcp_init(loop, &server);
  int err = uv_tcp_bind(&server, (const struct sockaddr *)&addr, 0);
  if (!err) err = uv_listen((uv_stream_t *)&server, 4096, on_connection);
  if (err) {
    fprintf(stderr, "ceiling: %s: %s\n", argv[1], uv_strerror(err));
    return 1;
  }
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}
