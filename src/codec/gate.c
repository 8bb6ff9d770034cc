/* gate: the checks of a push in their fixed order, and the way back out.
 *
 * The order is a security property: what demands no secret comes first, nothing is decrypted before
 * its signature fits (so there is no padding oracle), and nothing decides on protection but the
 * account's mode. */
#include "codec/gate.h"

#include "base/err.h"

enum { KEEP = 16384 }; /* a larger buffer than this is not kept for the next push */

void wy_gate_deinit(wy_gate *g) {
  for (size_t i = 0; i < g->n_keys; i++) wy_aes_key_free(g->keys[i]);
  g->n_keys = 0;
  wy_buf_deinit(&g->plain);
}

void wy_push_init(wy_push *p) {
  *p = (wy_push){.sealed = false};
  wy_msg_init(&p->msg);
}

void wy_push_deinit(wy_push *p) { wy_msg_deinit(&p->msg); }

/* Of {token, timestamp, nonce} or, with encrypt, of all four. */
static int check_signature(wy_gate *g, const wy_query *q, wy_str have, const wy_str *encrypt) {
  wy_str parts[4] = {g->token, q->timestamp, q->nonce};
  char want[WY_SIG];
  if (encrypt) parts[3] = *encrypt;
  int err = wy_crypt_sign(g->crypt, parts, encrypt ? 4 : 3, want);
  if (err) return err;
  return wy_sig_equal(have, want) ? 0 : WY_E_SIG_MISMATCH;
}

/* Who sent it: present, fresh, signed. */
static int check_sender(wy_gate *g, const wy_query *q, int64_t now, int64_t *timestamp) {
  uint64_t at;
  if (!q->signature.p || !q->timestamp.p || !q->nonce.p) return WY_E_SIG_MISSING;
  if (!wy_str_u64(q->timestamp, &at) || at > INT64_MAX) return WY_E_SIG_TIMESTAMP;
  *timestamp = (int64_t)at;
  uint64_t clock = now > 0 ? (uint64_t)now : 0;
  if ((at > clock ? at - clock : clock - at) > g->window) return WY_E_SIG_STALE;
  return check_signature(g, q, q->signature, NULL);
}

int wy_gate_verify(wy_gate *g, wy_str query, int64_t now, wy_query *scratch, wy_str *echostr) {
  int64_t timestamp;
  *echostr = (wy_str){NULL, 0};
  int err = wy_query_parse(query, scratch);
  if (!err) err = check_sender(g, scratch, now, &timestamp);
  if (err) return err;
  if (!scratch->echostr.p) return WY_E_SIG_MISSING;
  *echostr = scratch->echostr;
  return 0;
}

static int check_mode(const wy_gate *g, const wy_query *q) {
  bool aes = wy_str_eq(q->encrypt_type, WY_STR("aes"));
  if (q->encrypt_type.p && !aes && !wy_str_eq(q->encrypt_type, WY_STR("raw"))) return WY_E_SIG_MODE;
  if (g->mode == WY_MODE_PLAIN) return 0;
  return aes && q->msg_signature.p ? 0 : WY_E_SIG_MODE;
}

static int decrypt_with(wy_gate *g, size_t key, wy_str encrypt, wy_frame *frame) {
  int err = wy_aes_open(g->crypt, g->keys[key], encrypt, &g->plain, frame);
  if (err) return err;
  if (frame->receive_id.n >= sizeof((wy_push *)0)->receive_id) return WY_E_SIG_APPID;
  if (g->appid.n && !wy_str_eq(frame->receive_id, g->appid)) return WY_E_SIG_APPID;
  return 0;
}

/* What a wrong key looks like, where chance may get it past the padding. */
static bool may_be_key(int err) {
  return err == WY_E_AES_PADDING || err == WY_E_AES_SHORT || err == WY_E_AES_MSG_LEN ||
         err == WY_E_SIG_APPID;
}

int wy_gate_decrypt(wy_gate *g, wy_str encrypt, wy_frame *frame, size_t *key) {
  int first = WY_E_AES_KEY; /* without keys */
  if (g->plain.cap > KEEP) wy_buf_deinit(&g->plain);
  g->plain.max = encrypt.n;
  for (size_t i = 0; i < g->n_keys; i++) {
    int err = decrypt_with(g, i, encrypt, frame);
    if (!err) {
      *key = i;
      return 0;
    }
    if (i == 0) first = err;
    if (!may_be_key(err)) break;
  }
  return first;
}

/* The body is an envelope: what it holds becomes out's message. */
static int open_envelope(wy_gate *g, const wy_query *q, wy_str body, wy_push *out) {
  wy_frame frame;
  int err = wy_msg_parse(&out->msg, body);
  if (err) return err;
  if (!out->msg.encrypt.p) return WY_E_SIG_MODE;
  err = check_signature(g, q, q->msg_signature, &out->msg.encrypt);
  if (!err) err = wy_gate_decrypt(g, out->msg.encrypt, &frame, &out->key);
  if (err) return err;
  bool foreign = g->username.n && out->msg.to.p && !wy_str_eq(out->msg.to, g->username);
  out->sealed = true;
  out->receive_id_n = frame.receive_id.n;
  memcpy(out->receive_id, frame.receive_id.p, frame.receive_id.n);
  out->text = frame.message;
  err = wy_msg_parse(&out->msg, frame.message); /* ends what was parsed of the envelope */
  if (err) return err;
  return foreign ? WY_E_SIG_ACCOUNT : 0;
}

static int open_plain(wy_str body, wy_push *out) {
  out->text = body;
  int err = wy_msg_parse(&out->msg, body);
  if (err) return err;
  bool sealed_only = out->msg.encrypt.p && !out->msg.from.p && !out->msg.info_type.p;
  return sealed_only ? WY_E_SIG_MODE : 0;
}

int wy_gate_open(wy_gate *g, wy_str query, wy_str body, int64_t now, wy_push *out) {
  wy_query *q = &g->query;
  out->sealed = false;
  out->key = 0;
  out->receive_id_n = 0;
  int err = wy_query_parse(query, q);
  if (!err) err = check_mode(g, q);
  if (!err) err = check_sender(g, q, now, &out->timestamp);
  if (err) return err;
  out->nonce = q->nonce;
  err = g->mode == WY_MODE_PLAIN ? open_plain(body, out) : open_envelope(g, q, body, out);
  if (err) return err;
  const wy_msg *m = &out->msg;
  if (g->username.n && m->to.p && !wy_str_eq(m->to, g->username)) return WY_E_SIG_ACCOUNT;
  if (m->info_type.n && !m->type.p) return 0; /* of a third-party platform: addressed to nobody */
  return wy_msg_complete(m);
}

static bool is_query_fault(int err) { return err >= WY_E_QUERY_SYNTAX && err <= WY_E_QUERY_LONG; }
static bool is_body_fault(int err) { return err >= WY_E_PUSH_EMPTY && err <= WY_E_JSON_TYPE; }

int wy_gate_status(const wy_gate *g, int err) {
  if (err == WY_E_NOMEM) return 500;
  if (is_query_fault(err)) return 400;
  return g->mode == WY_MODE_PLAIN && is_body_fault(err) ? 400 : 403;
}

/* v in decimal, at the end of the 20 bytes of `room`. */
static wy_str decimal(uint64_t v, char room[20]) {
  size_t i = 20;
  do room[--i] = (char)('0' + v % 10);
  while (v /= 10);
  return (wy_str){room + i, 20 - i};
}

/* How the two forms spell an envelope: what stands before, between and after its four values. */
#define LIT(text) \
  { text, sizeof(text) - 1 }
static const wy_str spelling[2][5] = {
    [WY_FORM_XML] = {LIT("<xml><Encrypt><![CDATA["), LIT("]]></Encrypt><MsgSignature><![CDATA["),
                     LIT("]]></MsgSignature><TimeStamp>"), LIT("</TimeStamp><Nonce><![CDATA["),
                     LIT("]]></Nonce></xml>")},
    [WY_FORM_JSON] = {LIT("{\"Encrypt\":\""), LIT("\",\"MsgSignature\":\""),
                      LIT("\",\"TimeStamp\":"), LIT(",\"Nonce\":\""), LIT("\"}")}};
#undef LIT

int wy_gate_seal(wy_gate *g, const wy_push *p, wy_str reply, int64_t now, wy_buf *out) {
  if (!p->sealed) return wy_buf_str(out, reply);
  if (p->key >= g->n_keys) return WY_E_AES_KEY;
  const wy_str *around = spelling[p->msg.doc.form];
  uint32_t random;
  char time_room[20], nonce_room[20], signature[WY_SIG];
  int err = wy_crypt_random(g->crypt, &random, sizeof random);
  if (err) return err;
  wy_str timestamp = decimal(now > 0 ? (uint64_t)now : 0, time_room);
  wy_str nonce = decimal(random, nonce_room);
  if (wy_buf_str(out, around[0])) return WY_E_NOMEM;
  size_t start = out->n;
  wy_str receive_id = {p->receive_id, p->receive_id_n};
  err = wy_aes_seal(g->crypt, g->keys[p->key], NULL, reply, receive_id, out);
  if (err) return err;
  const wy_str parts[] = {g->token, timestamp, nonce, {out->p + start, out->n - start}};
  err = wy_crypt_sign(g->crypt, parts, 4, signature);
  if (err) return err;
  const wy_str rest[] = {around[1], {signature, WY_SIG}, around[2], timestamp, around[3], nonce,
                         around[4]};
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) (void)wy_buf_str(out, rest[i]);
  return out->failed ? WY_E_NOMEM : 0;
}
