/* envelope_fuzz: the gate with everything a stranger, and everything a holder of the token, can
 * send.
 *
 * The first byte chooses the mode, the form and how deep the rest of the input goes: the whole
 * request, a well-signed body, a well-signed Encrypt, the bytes inside AES, the decrypted message.
 * So each layer is reached without luck in SHA-1 or AES. */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "codec/gate.h"

#define CHECK(condition) \
  if (!(condition)) abort()

#define TOKEN WY_STR("wxtesttoken")
#define APPID WY_STR("wxtest0000000001")
#define KEY WY_STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") /* 32 zero bytes */
#define OTHER_KEY WY_STR("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")

enum { NOW = 1700000000, MAX = 65536 };
enum depth { REQUEST, BODY, ENCRYPT, FRAME, MESSAGE, DEPTHS };

static wy_crypt *crypt;
static wy_gate gate;
static wy_push push, back;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  CHECK(wy_crypt_new(&crypt) == 0);
  gate = (wy_gate){.crypt = crypt, .token = TOKEN, .appid = APPID, .window = 300, .n_keys = 2};
  CHECK(wy_aes_key_new(crypt, OTHER_KEY, &gate.keys[0]) == 0); /* the second key fits */
  CHECK(wy_aes_key_new(crypt, KEY, &gate.keys[1]) == 0);
  wy_push_init(&push);
  wy_push_init(&back);
  return 0;
}

/* AES over whole blocks of any bytes, without frame or padding. */
static void encipher(wy_str blocks, wy_buf *out) {
  static const unsigned char zeros[32];
  unsigned char *cipher = malloc(blocks.n + 16);
  int n = 0;
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  CHECK(cipher && ctx);
  CHECK(EVP_EncryptInit_ex(ctx, EVP_aes_256_cbc(), NULL, zeros, zeros));
  EVP_CIPHER_CTX_set_padding(ctx, 0);
  CHECK(EVP_EncryptUpdate(ctx, cipher, &n, (const unsigned char *)blocks.p, (int)blocks.n));
  EVP_CIPHER_CTX_free(ctx);
  wy_base64_add(out, (wy_str){(char *)cipher, (size_t)n});
  free(cipher);
}

static void make_encrypt(enum depth depth, wy_str in, wy_buf *out) {
  if (depth == ENCRYPT) wy_buf_str(out, in);
  else if (depth == FRAME) encipher((wy_str){in.p, in.n / 16 * 16}, out);
  else CHECK(wy_aes_seal(crypt, gate.keys[1], NULL, in, APPID, out) == 0);
}

static void make_query(const wy_str *encrypt, char query[256]) {
  wy_str parts[4] = {TOKEN, WY_STR("1700000000"), WY_STR("15")};
  char signature[WY_SIG];
  CHECK(wy_crypt_sign(crypt, parts, 3, signature) == 0);
  int n = snprintf(query, 256, "signature=%.40s&timestamp=1700000000&nonce=15", signature);
  if (!encrypt) return;
  parts[3] = *encrypt;
  CHECK(wy_crypt_sign(crypt, parts, 4, signature) == 0);
  snprintf(query + n, 256 - (size_t)n, "&encrypt_type=aes&msg_signature=%.40s", signature);
}

/* An opened push can be answered, and the answer opened again. */
static void answer(void) {
  wy_buf out, plain;
  wy_frame frame;
  size_t key;
  const wy_str text = WY_STR("<xml>answer</xml>");
  wy_buf_init(&out, MAX);
  wy_buf_init(&plain, MAX);
  CHECK(wy_gate_seal(&gate, &push, text, NOW, &out) == 0);
  if (push.sealed) {
    char id[sizeof push.receive_id];
    memcpy(id, push.receive_id, push.receive_id_n);
    CHECK(wy_msg_parse(&back.msg, wy_buf_view(&out)) == 0);
    CHECK(wy_gate_decrypt(&gate, back.msg.encrypt, &frame, &key) == 0); /* ends push's spans */
    CHECK(key == push.key);
    CHECK(wy_str_eq(frame.message, text));
    CHECK(wy_str_eq(frame.receive_id, (wy_str){id, push.receive_id_n}));
  } else {
    CHECK(wy_str_eq(wy_buf_view(&out), text));
  }
  wy_buf_deinit(&out);
  wy_buf_deinit(&plain);
}

static void open_push(wy_str query, wy_str body) {
  int err = wy_gate_open(&gate, query, body, NOW, &push);
  if (err) {
    int status = wy_gate_status(&gate, err);
    CHECK(status == 400 || status == 403);
    return;
  }
  CHECK(push.sealed == (gate.mode != WY_MODE_PLAIN)); /* no downgrade */
  CHECK(push.msg.info_type.n || (push.msg.from.n && push.msg.to.n && push.msg.type.n));
  CHECK(push.receive_id_n < sizeof push.receive_id);
  answer();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1 || size > MAX / 4) return 0;
  enum depth depth = (enum depth)(data[0] & 7) % DEPTHS;
  bool json = data[0] & 8;
  gate.mode = (wy_mode)((data[0] >> 4) % 3);
  gate.username = data[0] & 0x40 ? WY_STR("gh_test") : (wy_str){NULL, 0};
  gate.appid = data[0] & 0x80 ? (wy_str){NULL, 0} : APPID;
  char *in = malloc(size); /* exact, so that an over-read shows */
  if (!in) abort();
  memcpy(in, data + 1, size - 1);
  wy_str rest = {in, size - 1};
  char query[256];
  if (depth == REQUEST) { /* query, a newline, the body */
    const char *end = memchr(rest.p, '\n', rest.n);
    size_t n = end ? (size_t)(end - rest.p) : rest.n;
    open_push((wy_str){rest.p, n}, end ? (wy_str){end + 1, rest.n - n - 1} : WY_STR(""));
  } else if (depth == BODY) {
    make_query(NULL, query);
    open_push(wy_str_of(query), rest);
  } else {
    wy_buf encrypt, body;
    wy_buf_init(&encrypt, MAX);
    wy_buf_init(&body, 2 * MAX);
    make_encrypt(depth, rest, &encrypt);
    wy_str text = wy_buf_view(&encrypt);
    make_query(&text, query);
    wy_buf_str(&body, json ? WY_STR("{\"Encrypt\":\"") : WY_STR("<xml><Encrypt><![CDATA["));
    wy_buf_str(&body, text);
    wy_buf_str(&body, json ? WY_STR("\"}") : WY_STR("]]></Encrypt></xml>"));
    open_push(wy_str_of(query), wy_buf_view(&body));
    wy_buf_deinit(&encrypt);
    wy_buf_deinit(&body);
  }
  free(in);
  return 0;
}
