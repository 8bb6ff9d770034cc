/* crypt: signatures and the AES envelope over libcrypto's EVP, base64 of our own.
 *
 * What is fetched or scheduled once per thread and per key stays: a fetch costs more than the hash
 * of a push, and an AES context needs nothing but its IV again. Base64 is not EVP's: that one skips
 * blanks and takes data after the padding. */
#include "codec/crypt.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/err.h"

enum {
  KEY = 32,
  IV = 16,
  CIPHER_BLOCK = 16,
  PAD_BLOCK = 32, /* WeChat pads to 32, not to AES's own 16 */
  RANDOM = 16,
  FRAME_HEAD = RANDOM + 4,
  POOL = 4096,
  SHORT_TEXT = 512
};

struct wy_crypt {
  EVP_MD *sha1;
  EVP_MD_CTX *digest;
  EVP_CIPHER *cipher;
  size_t pool_left;
  unsigned char pool[POOL];
};

struct wy_aes_key {
  EVP_CIPHER_CTX *open, *seal;
  unsigned char iv[IV]; /* the first half of the key, so as secret as the key */
};

int wy_crypt_new(wy_crypt **out) {
  *out = NULL;
  wy_crypt *c = calloc(1, sizeof *c);
  if (!c) return WY_E_NOMEM;
  c->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
  c->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
  c->digest = EVP_MD_CTX_new();
  if (!c->sha1 || !c->cipher || !c->digest || !EVP_DigestInit_ex2(c->digest, c->sha1, NULL)) {
    wy_crypt_free(c);
    return WY_E_AES_CRYPTO;
  }
  *out = c;
  return 0;
}

void wy_crypt_free(wy_crypt *c) {
  if (!c) return;
  EVP_MD_CTX_free(c->digest);
  EVP_CIPHER_free(c->cipher);
  EVP_MD_free(c->sha1);
  OPENSSL_cleanse(c->pool, sizeof c->pool);
  free(c);
}

int wy_crypt_random(wy_crypt *c, void *p, size_t n) {
  if (n > POOL) return RAND_bytes(p, (int)n) == 1 ? 0 : WY_E_AES_CRYPTO;
  if (c->pool_left < n) {
    if (RAND_bytes(c->pool, POOL) != 1) return WY_E_AES_CRYPTO;
    c->pool_left = POOL;
  }
  c->pool_left -= n;
  memcpy(p, c->pool + c->pool_left, n);
  OPENSSL_cleanse(c->pool + c->pool_left, n); /* what was given out is never given again */
  return 0;
}

/* Signatures */

static int sha1_hex(wy_crypt *c, const wy_str *parts, size_t n, char out[WY_SIG]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char hash[20];
  /* short parts are joined first: each update costs more than the copy */
  char joined[SHORT_TEXT];
  size_t used = 0;
  if (!EVP_DigestInit_ex2(c->digest, NULL, NULL)) return WY_E_AES_CRYPTO;
  for (size_t i = 0; i < n; i++) {
    if (parts[i].n == 0) continue;
    if (parts[i].n <= sizeof joined - used) {
      memcpy(joined + used, parts[i].p, parts[i].n);
      used += parts[i].n;
      continue;
    }
    if (!EVP_DigestUpdate(c->digest, joined, used)) return WY_E_AES_CRYPTO;
    if (!EVP_DigestUpdate(c->digest, parts[i].p, parts[i].n)) return WY_E_AES_CRYPTO;
    used = 0;
  }
  if (!EVP_DigestUpdate(c->digest, joined, used)) return WY_E_AES_CRYPTO;
  if (!EVP_DigestFinal_ex(c->digest, hash, NULL)) return WY_E_AES_CRYPTO;
  for (size_t i = 0; i < sizeof hash; i++) {
    out[2 * i] = digits[hash[i] >> 4];
    out[2 * i + 1] = digits[hash[i] & 15];
  }
  return 0;
}

int wy_crypt_sign(wy_crypt *c, const wy_str *parts, size_t n, char out[WY_SIG]) {
  if (n > WY_SIG_PARTS) return WY_E_ARG;
  wy_str sorted[WY_SIG_PARTS];
  for (size_t i = 0; i < n; i++) {
    size_t at = i;
    for (; at > 0 && wy_str_cmp(sorted[at - 1], parts[i]) > 0; at--) sorted[at] = sorted[at - 1];
    sorted[at] = parts[i];
  }
  return sha1_hex(c, sorted, n, out);
}

int wy_crypt_sign_jssdk(wy_crypt *c, wy_str ticket, wy_str noncestr, wy_str timestamp, wy_str url,
                        char out[WY_SIG]) {
  const char *fragment = url.n ? memchr(url.p, '#', url.n) : NULL;
  if (fragment) url.n = (size_t)(fragment - url.p);
  const wy_str parts[] = {WY_STR("jsapi_ticket="), ticket,    WY_STR("&noncestr="), noncestr,
                          WY_STR("&timestamp="),   timestamp, WY_STR("&url="),      url};
  return sha1_hex(c, parts, sizeof parts / sizeof *parts, out);
}

bool wy_sig_equal(wy_str have, const char want[WY_SIG]) {
  return have.n == WY_SIG && CRYPTO_memcmp(have.p, want, WY_SIG) == 0;
}

/* Base64 */

static const char to_char[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of each character plus one, 0 for what is not in the alphabet. */
static const unsigned char from_char[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

/* 0..63; where the character is none of base64, more. */
static uint32_t sextet(char c) { return (uint32_t)from_char[(unsigned char)c] - 1; }

/* Strict: standard alphabet, padded, surplus bits zero. out: 3/4 of s.n bytes. */
static bool base64_decode(wy_str s, unsigned char *out, size_t *n) {
  *n = 0;
  if (s.n % 4) return false;
  if (s.n == 0) return true;
  const char *p = s.p, *last = s.p + s.n - 4;
  unsigned char *o = out;
  uint32_t bad = 0;
  for (; p < last; p += 4, o += 3) {
    uint32_t a = sextet(p[0]), b = sextet(p[1]), c = sextet(p[2]), d = sextet(p[3]);
    uint32_t v = a << 18 | b << 12 | c << 6 | d;
    bad |= a | b | c | d;
    o[0] = (unsigned char)(v >> 16);
    o[1] = (unsigned char)(v >> 8);
    o[2] = (unsigned char)v;
  }
  size_t pads = p[3] != '=' ? 0 : p[2] != '=' ? 1 : 2;
  uint32_t a = sextet(p[0]), b = sextet(p[1]);
  uint32_t c = pads == 2 ? 0 : sextet(p[2]), d = pads ? 0 : sextet(p[3]);
  uint32_t v = a << 18 | b << 12 | c << 6 | d;
  bad |= a | b | c | d;
  if (bad > 63 || (v & ((1u << 8 * pads) - 1))) return false;
  *o++ = (unsigned char)(v >> 16);
  if (pads < 2) *o++ = (unsigned char)(v >> 8);
  if (pads < 1) *o++ = (unsigned char)v;
  *n = (size_t)(o - out);
  return true;
}

static size_t base64_size(size_t n) { return (n + 2) / 3 * 4; }

/* in may be the last n of the base64_size(n) bytes at out: each group is read before it is
 * written, and writing never overtakes reading. */
static void base64_encode(const unsigned char *in, size_t n, char *out) {
  const unsigned char *end = in + n / 3 * 3;
  for (; in < end; in += 3, out += 4) {
    uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    out[0] = to_char[v >> 18];
    out[1] = to_char[v >> 12 & 63];
    out[2] = to_char[v >> 6 & 63];
    out[3] = to_char[v & 63];
  }
  if (n % 3 == 0) return;
  uint32_t v = (uint32_t)in[0] << 16 | (n % 3 == 2 ? (uint32_t)in[1] << 8 : 0);
  out[0] = to_char[v >> 18];
  out[1] = to_char[v >> 12 & 63];
  out[2] = n % 3 == 2 ? to_char[v >> 6 & 63] : '=';
  out[3] = '=';
}

int wy_base64_add(wy_buf *out, wy_str raw) {
  if (raw.n > SIZE_MAX / 2) return WY_E_NOMEM;
  char *to = wy_buf_reserve(out, base64_size(raw.n));
  if (!to) return WY_E_NOMEM;
  base64_encode((const unsigned char *)raw.p, raw.n, to);
  wy_buf_added(out, base64_size(raw.n));
  return 0;
}

/* The envelope */

/* 43 letters and digits and the '=' that WeChat leaves out. The last one's two surplus bits are
 * seldom zero, which is why this is not base64_decode. */
static bool key_decode(wy_str text, unsigned char key[KEY + 1]) {
  if (text.n != WY_AES_KEY_CHARS) return false;
  for (size_t i = 0; i < text.n; i++)
    if (sextet(text.p[i]) > 61) return false; /* '+' and '/' do not occur */
  for (size_t i = 0; i < 11; i++) {
    const char *p = text.p + 4 * i;
    uint32_t v = sextet(p[0]) << 18 | sextet(p[1]) << 12 | sextet(p[2]) << 6;
    if (i < 10) v |= sextet(p[3]);
    key[3 * i] = (unsigned char)(v >> 16);
    key[3 * i + 1] = (unsigned char)(v >> 8);
    key[3 * i + 2] = (unsigned char)v; /* of the last group: surplus, past the key */
  }
  return true;
}

static EVP_CIPHER_CTX *context(wy_crypt *c, const unsigned char key[KEY], bool seal) {
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  if (!ctx) return NULL;
  /* not by EVP_CIPHER_CTX_set_padding: that one is then repeated at every new IV */
  unsigned off = 0;
  const OSSL_PARAM no_padding[] = {OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, &off),
                                   OSSL_PARAM_construct_end()};
  if (EVP_CipherInit_ex2(ctx, c->cipher, key, key, seal, NULL) &&
      EVP_CIPHER_CTX_set_params(ctx, no_padding))
    return ctx;
  EVP_CIPHER_CTX_free(ctx);
  return NULL;
}

int wy_aes_key_new(wy_crypt *c, wy_str encoding_aes_key, wy_aes_key **out) {
  *out = NULL;
  unsigned char key[KEY + 1];
  if (!key_decode(encoding_aes_key, key)) return WY_E_AES_KEY;
  wy_aes_key *k = calloc(1, sizeof *k);
  int err = k ? 0 : WY_E_NOMEM;
  if (k) {
    memcpy(k->iv, key, IV);
    k->open = context(c, key, false);
    k->seal = context(c, key, true);
    if (!k->open || !k->seal) err = WY_E_AES_CRYPTO;
  }
  OPENSSL_cleanse(key, sizeof key);
  if (err) wy_aes_key_free(k);
  else *out = k;
  return err;
}

void wy_aes_key_free(wy_aes_key *key) {
  if (!key) return;
  EVP_CIPHER_CTX_free(key->open); /* libcrypto cleanses the schedule */
  EVP_CIPHER_CTX_free(key->seal);
  OPENSSL_cleanse(key->iv, IV);
  free(key);
}

/* In place over whole cipher blocks. Without padding nothing is held back: no final step. */
static int cipher(EVP_CIPHER_CTX *ctx, const unsigned char iv[IV], unsigned char *p, size_t n) {
  int done;
  if (n > INT32_MAX) return WY_E_AES_CRYPTO;
  if (!EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL)) return WY_E_AES_CRYPTO;
  if (!EVP_CipherUpdate(ctx, p, &done, p, (int)n) || (size_t)done != n) return WY_E_AES_CRYPTO;
  return 0;
}

int wy_aes_open(wy_crypt *c, wy_aes_key *key, wy_str encrypt, wy_buf *out, wy_frame *frame) {
  (void)c;
  size_t n;
  wy_buf_clear(out);
  unsigned char *p = (unsigned char *)wy_buf_reserve(out, encrypt.n / 4 * 3);
  if (!p) return WY_E_NOMEM;
  if (!base64_decode(encrypt, p, &n)) return WY_E_AES_BASE64;
  if (n == 0 || n % CIPHER_BLOCK) return WY_E_AES_LENGTH;
  if (n % PAD_BLOCK) return WY_E_AES_PADDING; /* decipherable, but not padded as WeChat pads */
  int err = cipher(key->open, key->iv, p, n);
  if (err) return err;
  size_t pad = p[n - 1];
  if (pad < 1 || pad > PAD_BLOCK) return WY_E_AES_PADDING;
  for (size_t i = n - pad; i < n; i++)
    if (p[i] != pad) return WY_E_AES_PADDING;
  n -= pad;
  if (n < FRAME_HEAD) return WY_E_AES_SHORT;
  const unsigned char *l = p + RANDOM;
  uint32_t length = (uint32_t)l[0] << 24 | (uint32_t)l[1] << 16 | (uint32_t)l[2] << 8 | l[3];
  if (length > n - FRAME_HEAD) return WY_E_AES_MSG_LEN;
  wy_buf_added(out, n);
  frame->message = (wy_str){out->p + FRAME_HEAD, length};
  frame->receive_id = (wy_str){out->p + FRAME_HEAD + length, n - FRAME_HEAD - length};
  return 0;
}

int wy_aes_seal(wy_crypt *c, wy_aes_key *key, const unsigned char *random, wy_str message,
                wy_str receive_id, wy_buf *out) {
  if (message.n > INT32_MAX - KEY * 8 || receive_id.n > INT32_MAX - KEY * 8 - message.n)
    return WY_E_NOMEM;
  size_t n = FRAME_HEAD + message.n + receive_id.n;
  size_t pad = PAD_BLOCK - n % PAD_BLOCK;
  size_t text = base64_size(n + pad);
  char *to = wy_buf_reserve(out, text);
  if (!to) return WY_E_NOMEM;
  /* the frame is built, enciphered and encoded at the end of its own base64 */
  unsigned char *p = (unsigned char *)to + text - (n + pad);
  if (random) memcpy(p, random, RANDOM);
  else if (wy_crypt_random(c, p, RANDOM)) return WY_E_AES_CRYPTO;
  for (size_t i = 0; i < 4; i++) p[RANDOM + i] = (unsigned char)(message.n >> (24 - 8 * i));
  if (message.n) memcpy(p + FRAME_HEAD, message.p, message.n);
  if (receive_id.n) memcpy(p + FRAME_HEAD + message.n, receive_id.p, receive_id.n);
  memset(p + n, (int)pad, pad);
  int err = cipher(key->seal, key->iv, p, n + pad);
  if (err) return err;
  base64_encode(p, n + pad, to);
  wy_buf_added(out, text);
  return 0;
}
