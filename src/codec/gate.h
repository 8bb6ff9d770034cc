/* gate: what stands between the network and an account: verify, decrypt, decode; encode, encrypt.
 *
 * The configuration decides the protection, never the request. No loop, no Lua, no clock: the time
 * is an argument. */
#ifndef WY_CODEC_GATE_H
#define WY_CODEC_GATE_H

#include "codec/crypt.h"
#include "codec/msg.h"
#include "codec/query.h"

enum { WY_GATE_KEYS = 3 };

typedef enum wy_mode { WY_MODE_PLAIN, WY_MODE_COMPATIBLE, WY_MODE_SAFE } wy_mode;

/* One account's checks. The strings are borrowed, the keys owned; plain and query are filled by the
 * gate and start as zeros. */
typedef struct wy_gate {
  wy_crypt *crypt;
  wy_mode mode;
  wy_str token;
  wy_str appid;                   /* empty: the id in the frame is not checked */
  wy_str username;                /* gh_…; empty: ToUserName is not checked */
  unsigned window;                /* seconds that a timestamp may be off, either way */
  wy_aes_key *keys[WY_GATE_KEYS]; /* the current one first */
  size_t n_keys;
  wy_buf plain;   /* the decrypted frame of the push opened last */
  wy_query query; /* the parameters of the push opened last */
} wy_gate;

/* An opened push. Its spans live as long as query and body and until the gate opens the next push.
 */
typedef struct wy_push {
  wy_msg msg;
  wy_str text;         /* the decoded message's own bytes, XML or JSON */
  wy_str nonce;        /* of the request */
  int64_t timestamp;   /* of the request, unix seconds */
  bool sealed;         /* came encrypted: the reply must leave encrypted */
  size_t key;          /* which key opened it */
  char receive_id[64]; /* the id of its frame, for the reply's */
  size_t receive_id_n;
} wy_push;

void wy_gate_deinit(wy_gate *g);

void wy_push_init(wy_push *p);
void wy_push_deinit(wy_push *p);

/* The GET that WeChat sends when the URL is saved: *echostr (a span of the query or of `scratch`)
 * is to be sent back as it is. 0 or WY_E_QUERY_*, WY_E_SIG_* (also without echostr: missing). */
int wy_gate_verify(wy_gate *g, wy_str query, int64_t now, wy_query *scratch, wy_str *echostr);

/* Decrypts an Encrypt into g->plain with the first of the keys that fits, and checks the receive
 * id: equal to appid where that is set, under 64 bytes always (WY_E_SIG_APPID). 0 or WY_E_AES_*,
 * of the first key. */
int wy_gate_decrypt(wy_gate *g, wy_str encrypt, wy_frame *frame, size_t *key);

/* Opens a push. Order: query syntax, mode, age, signature, envelope, form, appid, ToUserName.
 * 0 or one WY_E_ code. now: unix seconds. */
int wy_gate_open(wy_gate *g, wy_str query, wy_str body, int64_t now, wy_push *out);

/* HTTP status for a refusal: 400 for the query's syntax and, in plain mode, for a body that is
 * empty, malformed or incomplete; 403 for everything else, so that a stranger learns nothing; 500
 * for WY_E_NOMEM. */
int wy_gate_status(const wy_gate *g, int err);

/* Appends what leaves as the answer to p: the reply itself, or its envelope where p came sealed.
 * `success` and the empty body are for the caller to send: they are never sealed. 0, WY_E_NOMEM
 * or WY_E_AES_CRYPTO. */
int wy_gate_seal(wy_gate *g, const wy_push *p, wy_str reply, int64_t now, wy_buf *out);

#endif
