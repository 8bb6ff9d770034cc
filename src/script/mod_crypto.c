/* mod_crypto: the Lua module weiyue.crypto: digests, HMAC, AES, RSA signatures, text encodings,
 * random bytes and scrypt, all by libcrypto. Types and one-line docs: lua/meta/crypto.lua.
 *
 * No state of its own. Every libcrypto object lives inside one call and is freed before the call
 * allocates in Lua: a Lua memory error unwinds by longjmp and would leak it. Keys are read in
 * place; what is copied (derived keys, random bytes) is cleansed. Misuse raises, bad data gives
 * nil and a sentence that never quotes the data. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "script/modules.h"

enum {
  WY_AES_BLOCK = 16,
  WY_GCM_TAG = 16,
  WY_GCM_NONCE_MIN = 8, /* 12 is the usual one; libcrypto takes up to 128 */
  WY_GCM_NONCE_MAX = 128,
  WY_BYTES_MAX = 1 << 30, /* libcrypto counts in int */
  WY_RANDOM_MAX = 65536,
  WY_RSA_MAX = 8192 / 8, /* bytes of a signature: a larger key would block the loop for seconds */
  WY_SCRYPT_MEMORY = 64 << 20,
  WY_SCRYPT_WORK = 1 << 20, /* n*r*p; the default is a quarter of it */
  WY_SCRYPT_LENGTH = 1024
};

static int fail(lua_State *L, const char *format, ...) {
  va_list args;
  luaL_pushfail(L);
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  return 2;
}

static const unsigned char *check_bytes(lua_State *L, int arg, size_t *n) {
  const char *s = luaL_checklstring(L, arg, n);
  luaL_argcheck(L, *n <= WY_BYTES_MAX, arg, "string over 1 GiB");
  return (const unsigned char *)s;
}

/* ---- digests ---- */

static const char *const algorithms[] = {"sha1", "sha256", "md5", NULL};

static const EVP_MD *check_algorithm(lua_State *L, int arg, const char *otherwise) {
  switch (luaL_checkoption(L, arg, otherwise, algorithms)) {
    case 0: return EVP_sha1();
    case 1: return EVP_sha256();
    default: return EVP_md5();
  }
}

static bool check_raw(lua_State *L, int arg) {
  static const char *const forms[] = {"hex", "raw", NULL};
  return luaL_checkoption(L, arg, "hex", forms) == 1;
}

static void hex(const unsigned char *s, size_t n, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    *out++ = digits[s[i] >> 4];
    *out++ = digits[s[i] & 15];
  }
}

static int push_digest(lua_State *L, const unsigned char *digest, size_t n, bool raw) {
  char text[2 * EVP_MAX_MD_SIZE];
  if (raw) {
    lua_pushlstring(L, (const char *)digest, n);
  } else {
    hex(digest, n, text);
    lua_pushlstring(L, text, 2 * n);
  }
  return 1;
}

static int digest(lua_State *L, const EVP_MD *md) {
  size_t n;
  const unsigned char *s = check_bytes(L, 1, &n);
  bool raw = check_raw(L, 2);
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int out_n = 0;
  if (!EVP_Digest(s, n, out, &out_n, md, NULL))
    return luaL_error(L, "libcrypto does not offer this digest here (FIPS mode?)");
  return push_digest(L, out, out_n, raw);
}

static int l_sha1(lua_State *L) { return digest(L, EVP_sha1()); }
static int l_sha256(lua_State *L) { return digest(L, EVP_sha256()); }
static int l_md5(lua_State *L) { return digest(L, EVP_md5()); }

static int l_hmac(lua_State *L) {
  size_t key_n, n;
  const EVP_MD *md = check_algorithm(L, 1, NULL);
  const unsigned char *key = check_bytes(L, 2, &key_n);
  const unsigned char *s = check_bytes(L, 3, &n);
  bool raw = check_raw(L, 4);
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int out_n = 0;
  if (!HMAC(md, key, (int)key_n, s, n, out, &out_n))
    return luaL_error(L, "libcrypto does not offer this digest here (FIPS mode?)");
  return push_digest(L, out, out_n, raw);
}

/* Constant time for equal lengths; the length itself is no secret. */
static int l_equal(lua_State *L) {
  size_t a_n, b_n;
  const char *a = luaL_checklstring(L, 1, &a_n);
  const char *b = luaL_checklstring(L, 2, &b_n);
  lua_pushboolean(L, a_n == b_n && CRYPTO_memcmp(a, b, a_n) == 0);
  return 1;
}

/* ---- AES ---- */

static const EVP_CIPHER *cipher_of(size_t key_n, bool gcm) {
  switch (key_n) {
    case 16: return gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc();
    case 24: return gcm ? EVP_aes_192_gcm() : EVP_aes_192_cbc();
    case 32: return gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
    default: return NULL;
  }
}

static int fail_key(lua_State *L, size_t n) {
  return fail(L, "an AES key has 16, 24 or 32 bytes, not %d: decode it from hex or base64 first?",
              (int)n);
}

/* One pass of CBC over s; *out_n gets the length. out has room for a block more than n. */
static bool cbc_run(const EVP_CIPHER *cipher, bool encrypt, bool padded, const unsigned char *key,
                    const unsigned char *iv, const unsigned char *s, size_t n, unsigned char *out,
                    size_t *out_n) {
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  int head = 0, tail = 0;
  ERR_set_mark();
  bool done = ctx && EVP_CipherInit_ex(ctx, cipher, NULL, key, iv, encrypt) &&
              EVP_CIPHER_CTX_set_padding(ctx, padded) &&
              EVP_CipherUpdate(ctx, out, &head, s, (int)n) &&
              EVP_CipherFinal_ex(ctx, out + head, &tail);
  ERR_pop_to_mark();
  EVP_CIPHER_CTX_free(ctx);
  *out_n = (size_t)head + (size_t)tail;
  return done;
}

static int cbc(lua_State *L, bool encrypt) {
  static const char *const paddings[] = {"pkcs7", "none", NULL};
  size_t key_n, iv_n, n, out_n;
  const unsigned char *key = check_bytes(L, 1, &key_n);
  const unsigned char *iv = check_bytes(L, 2, &iv_n);
  const unsigned char *s = check_bytes(L, 3, &n);
  bool padded = luaL_checkoption(L, 4, "pkcs7", paddings) == 0;
  const EVP_CIPHER *cipher = cipher_of(key_n, false);
  if (!cipher) return fail_key(L, key_n);
  if (iv_n != WY_AES_BLOCK) return fail(L, "an AES-CBC iv has 16 bytes, not %d", (int)iv_n);
  if (n % WY_AES_BLOCK && encrypt && !padded)
    return fail(L, "%d bytes are not whole blocks of 16: pad them, or leave out \"none\"", (int)n);
  if (!encrypt && (n % WY_AES_BLOCK || (padded && n == 0)))
    return fail(L, "%d bytes are not whole blocks of 16: was the text cut, or still base64?",
                (int)n);

  luaL_Buffer b;
  unsigned char *out = (unsigned char *)luaL_buffinitsize(L, &b, n + WY_AES_BLOCK);
  if (!cbc_run(cipher, encrypt, padded, key, iv, s, n, out, &out_n)) {
    OPENSSL_cleanse(out, n + WY_AES_BLOCK);
    return fail(L, "AES-CBC failed: wrong key, wrong iv, other padding, or a changed text");
  }
  luaL_pushresultsize(&b, out_n);
  return 1;
}

static int l_aes_cbc_encrypt(lua_State *L) { return cbc(L, true); }
static int l_aes_cbc_decrypt(lua_State *L) { return cbc(L, false); }

struct gcm {
  const EVP_CIPHER *cipher;
  const unsigned char *key, *nonce, *s, *aad;
  size_t nonce_n, n, aad_n;
};

/* Checks the arguments that both directions share: 0, or the results of a failure. */
static int gcm_arguments(lua_State *L, struct gcm *g) {
  size_t key_n;
  g->key = check_bytes(L, 1, &key_n);
  g->nonce = check_bytes(L, 2, &g->nonce_n);
  g->s = check_bytes(L, 3, &g->n);
  g->aad = NULL;
  g->aad_n = 0;
  if (!lua_isnoneornil(L, 4)) g->aad = check_bytes(L, 4, &g->aad_n);
  g->cipher = cipher_of(key_n, true);
  if (!g->cipher) return fail_key(L, key_n);
  if (g->nonce_n < WY_GCM_NONCE_MIN || g->nonce_n > WY_GCM_NONCE_MAX)
    return fail(L, "an AES-GCM nonce has 12 bytes (8 to 128 are taken), not %d", (int)g->nonce_n);
  return 0;
}

/* tag: written when encrypting, checked when decrypting. out has room for n bytes. */
static bool gcm_run(const struct gcm *g, bool encrypt, size_t n, unsigned char *out,
                    unsigned char tag[WY_GCM_TAG]) {
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  int head = 0, tail = 0;
  ERR_set_mark();
  bool done = ctx && EVP_CipherInit_ex(ctx, g->cipher, NULL, NULL, NULL, encrypt) &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)g->nonce_n, NULL) &&
              EVP_CipherInit_ex(ctx, NULL, NULL, g->key, g->nonce, encrypt) &&
              (encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, WY_GCM_TAG, tag)) &&
              (!g->aad_n || EVP_CipherUpdate(ctx, NULL, &head, g->aad, (int)g->aad_n)) &&
              (!n || EVP_CipherUpdate(ctx, out, &head, g->s, (int)n)) &&
              EVP_CipherFinal_ex(ctx, out + n, &tail) &&
              (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, WY_GCM_TAG, tag));
  ERR_pop_to_mark();
  EVP_CIPHER_CTX_free(ctx);
  return done;
}

static int l_aes_gcm_encrypt(lua_State *L) {
  struct gcm g;
  int failed = gcm_arguments(L, &g);
  if (failed) return failed;
  luaL_Buffer b;
  unsigned char *out = (unsigned char *)luaL_buffinitsize(L, &b, g.n + WY_GCM_TAG);
  if (!gcm_run(&g, true, g.n, out, out + g.n)) return fail(L, "libcrypto refused AES-GCM");
  luaL_pushresultsize(&b, g.n + WY_GCM_TAG);
  return 1;
}

static int l_aes_gcm_decrypt(lua_State *L) {
  struct gcm g;
  unsigned char tag[WY_GCM_TAG];
  int failed = gcm_arguments(L, &g);
  if (failed) return failed;
  if (g.n < WY_GCM_TAG)
    return fail(L, "%d bytes are too few: the ciphertext ends with its tag of 16", (int)g.n);
  size_t n = g.n - WY_GCM_TAG;
  memcpy(tag, g.s + n, sizeof tag);
  luaL_Buffer b;
  unsigned char *out = (unsigned char *)luaL_buffinitsize(L, &b, n + WY_GCM_TAG);
  if (!gcm_run(&g, false, n, out, tag)) {
    OPENSSL_cleanse(out, n); /* nobody may see a text that is not authentic */
    return fail(L, "AES-GCM failed: wrong key, nonce or aad, or a changed text");
  }
  luaL_pushresultsize(&b, n);
  return 1;
}

/* ---- RSA ---- */

/* Without this libcrypto would ask for the password on the terminal. */
static int no_password(char *buffer, int size, int writing, void *data) {
  (void)buffer, (void)size, (void)writing, (void)data;
  return -1;
}

static EVP_PKEY *only_rsa(EVP_PKEY *key) {
  if (key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_size(key) <= WY_RSA_MAX) return key;
  EVP_PKEY_free(key);
  return NULL;
}

static EVP_PKEY *private_key(const unsigned char *pem, size_t n) {
  BIO *bio = BIO_new_mem_buf(pem, (int)n);
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
  BIO_free(bio);
  return only_rsa(key);
}

static EVP_PKEY *public_key(const unsigned char *pem, size_t n) {
  BIO *bio = BIO_new_mem_buf(pem, (int)n);
  X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
  EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;
  X509_free(certificate);
  BIO_free(bio);
  if (key) return only_rsa(key);

  bio = BIO_new_mem_buf(pem, (int)n);
  key = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL) : NULL;
  BIO_free(bio);
  return only_rsa(key);
}

static const EVP_MD *check_rsa_algorithm(lua_State *L, int arg) {
  const EVP_MD *md = check_algorithm(L, arg, "sha256");
  luaL_argcheck(L, md != EVP_md5(), arg, "signatures use sha256 or sha1");
  return md;
}

static int l_rsa_sign(lua_State *L) {
  size_t pem_n, n;
  const unsigned char *pem = check_bytes(L, 1, &pem_n);
  const unsigned char *s = check_bytes(L, 2, &n);
  const EVP_MD *md = check_rsa_algorithm(L, 3);
  unsigned char signature[WY_RSA_MAX];
  size_t signature_n = sizeof signature;

  ERR_set_mark();
  EVP_PKEY *key = private_key(pem, pem_n);
  EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
  bool done = ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
              EVP_DigestSign(ctx, signature, &signature_n, s, n) == 1;
  bool no_key = !key;
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  ERR_pop_to_mark();

  if (no_key)
    return fail(L,
                "not an RSA private key of up to 8192 bits in PEM without a password: "
                "it begins with -----BEGIN PRIVATE KEY-----");
  if (!done) return fail(L, "libcrypto refused to sign with this key");
  lua_pushlstring(L, (const char *)signature, signature_n);
  return 1;
}

static int l_rsa_verify(lua_State *L) {
  size_t pem_n, n, signature_n;
  const unsigned char *pem = check_bytes(L, 1, &pem_n);
  const unsigned char *s = check_bytes(L, 2, &n);
  const unsigned char *signature = check_bytes(L, 3, &signature_n);
  const EVP_MD *md = check_rsa_algorithm(L, 4);

  ERR_set_mark();
  EVP_PKEY *key = public_key(pem, pem_n);
  EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
  bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
              EVP_DigestVerify(ctx, signature, signature_n, s, n) == 1;
  bool no_key = !key;
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  ERR_pop_to_mark();

  if (no_key)
    return fail(L,
                "not an RSA public key of up to 8192 bits or a certificate in PEM: "
                "it begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----");
  lua_pushboolean(L, good);
  return 1;
}

/* ---- text encodings ---- */

static int encode64(lua_State *L, bool url) {
  static const char shared[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  size_t n, o = 0;
  const unsigned char *s = check_bytes(L, 1, &n);
  char alphabet[64];
  memcpy(alphabet, shared, 62);
  alphabet[62] = url ? '-' : '+';
  alphabet[63] = url ? '_' : '/';
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, (n + 2) / 3 * 4);
  for (size_t i = 0; i < n; i += 3) {
    size_t left = n - i;
    uint32_t v =
        (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) | (left > 2 ? s[i + 2] : 0);
    out[o++] = alphabet[v >> 18];
    out[o++] = alphabet[v >> 12 & 63];
    if (left > 1) out[o++] = alphabet[v >> 6 & 63];
    else if (!url) out[o++] = '=';
    if (left > 2) out[o++] = alphabet[v & 63];
    else if (!url) out[o++] = '=';
  }
  luaL_pushresultsize(&b, o);
  return 1;
}

static int value64(unsigned char c, bool url) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == (url ? '-' : '+')) return 62;
  if (c == (url ? '_' : '/')) return 63;
  return -1;
}

/* Bits beyond the last byte are ignored: EncodingAESKey usually has some that are not zero. */
static int decode64(lua_State *L, bool url) {
  const char *name = url ? "base64url" : "base64";
  size_t n, o = 0;
  const unsigned char *s = check_bytes(L, 1, &n);
  size_t body = n;
  if (!url) {
    if (n % 4)
      return fail(L,
                  "base64 has a multiple of 4 characters, not %d: was it cut, or its padding "
                  "removed?",
                  (int)n);
    if (body && s[body - 1] == '=') body--;
    if (body && body < n && s[body - 1] == '=') body--;
  } else if (n % 4 == 1) {
    return fail(L, "base64url cannot have %d characters: was it cut?", (int)n);
  }
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, body / 4 * 3 + 3);
  uint32_t bits = 0;
  unsigned have = 0;
  for (size_t i = 0; i < body; i++) {
    int v = value64(s[i], url);
    if (v < 0)
      return fail(L, "byte 0x%c%c at %d is not in the %s alphabet%s", "0123456789ABCDEF"[s[i] >> 4],
                  "0123456789ABCDEF"[s[i] & 15], (int)(i + 1), name,
                  s[i] == '=' && url ? ": remove the padding" : "");
    bits = bits << 6 | (uint32_t)v;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out[o++] = (char)(bits >> have & 255);
    }
  }
  luaL_pushresultsize(&b, o);
  return 1;
}

static int l_base64_encode(lua_State *L) { return encode64(L, false); }
static int l_base64_decode(lua_State *L) { return decode64(L, false); }
static int l_base64url_encode(lua_State *L) { return encode64(L, true); }
static int l_base64url_decode(lua_State *L) { return decode64(L, true); }

static int l_hex_encode(lua_State *L) {
  size_t n;
  const unsigned char *s = check_bytes(L, 1, &n);
  luaL_Buffer b;
  hex(s, n, luaL_buffinitsize(L, &b, 2 * n));
  luaL_pushresultsize(&b, 2 * n);
  return 1;
}

static int hex_value(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 32;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int l_hex_decode(lua_State *L) {
  size_t n;
  const unsigned char *s = check_bytes(L, 1, &n);
  if (n % 2) return fail(L, "hex has an even number of digits, not %d: was it cut?", (int)n);
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, n / 2);
  for (size_t i = 0; i < n; i += 2) {
    int high = hex_value(s[i]), low = hex_value(s[i + 1]);
    if (high < 0 || low < 0)
      return fail(L, "the character at %d is not a hex digit (0-9, a-f)",
                  (int)(i + (high < 0 ? 1 : 2)));
    out[i / 2] = (char)(high << 4 | low);
  }
  luaL_pushresultsize(&b, n / 2);
  return 1;
}

/* ---- random, scrypt ---- */

static size_t check_count(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 1 && n <= WY_RANDOM_MAX, 1, "1 to 65536");
  return (size_t)n;
}

/* Raises rather than return nil: nobody may go on with a weak secret. */
static void fill_random(lua_State *L, unsigned char *out, size_t n) {
  if (RAND_bytes(out, (int)n) != 1) luaL_error(L, "no secure random bytes on this system");
}

static int l_random(lua_State *L) {
  size_t n = check_count(L);
  luaL_Buffer b;
  fill_random(L, (unsigned char *)luaL_buffinitsize(L, &b, n), n);
  luaL_pushresultsize(&b, n);
  return 1;
}

static int l_random_string(lua_State *L) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  size_t n = check_count(L), o = 0;
  unsigned char chunk[64];
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, n);
  while (o < n) {
    fill_random(L, chunk, sizeof chunk);
    for (size_t i = 0; i < sizeof chunk && o < n; i++)
      if (chunk[i] < 4 * 62) out[o++] = alphabet[chunk[i] % 62]; /* 248..255 would favour A to H */
  }
  OPENSSL_cleanse(chunk, sizeof chunk);
  luaL_pushresultsize(&b, n);
  return 1;
}

static uint64_t scrypt_option(lua_State *L, const char *name, uint64_t otherwise) {
  int is_integer = 1;
  lua_Integer v = (lua_Integer)otherwise;
  if (lua_istable(L, 3)) {
    int type = lua_getfield(L, 3, name);
    if (type != LUA_TNIL) v = lua_tointegerx(L, -1, &is_integer);
    lua_pop(L, 1);
  }
  if (!is_integer || v < 1)
    luaL_argerror(L, 3, lua_pushfstring(L, "%s is a positive integer", name));
  return (uint64_t)v;
}

static void check_scrypt_names(lua_State *L) {
  static const char *const names[] = {"n", "r", "p", "length"};
  if (!lua_istable(L, 3)) return;
  for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    bool known = false;
    for (size_t i = 0; i < 4; i++) known = known || strcmp(key, names[i]) == 0;
    if (!known) luaL_argerror(L, 3, lua_pushfstring(L, "no option '%s': n, r, p, length", key));
  }
}

static int l_scrypt(lua_State *L) {
  size_t password_n, salt_n;
  const unsigned char *password = check_bytes(L, 1, &password_n);
  const unsigned char *salt = check_bytes(L, 2, &salt_n);
  if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TTABLE);
  check_scrypt_names(L);
  uint64_t n = scrypt_option(L, "n", 32768), r = scrypt_option(L, "r", 8);
  uint64_t p = scrypt_option(L, "p", 3), length = scrypt_option(L, "length", 32);

  if (n < 2 || n & (n - 1)) return fail(L, "scrypt: n is a power of two from 2, such as 32768");
  if (length > WY_SCRYPT_LENGTH) return fail(L, "scrypt: length is 1 to 1024 bytes");
  /* The first tests keep the products below from overflowing. */
  if (n > WY_SCRYPT_MEMORY || r > WY_SCRYPT_MEMORY || p > WY_SCRYPT_MEMORY ||
      128 * r * (n + 2) > WY_SCRYPT_MEMORY || 128 * r * p > WY_SCRYPT_MEMORY ||
      128 * r * (n + 2) + 128 * r * p > WY_SCRYPT_MEMORY)
    return fail(L,
                "scrypt: these costs need more than 64 MiB (128 * r * (n + p + 2) bytes): "
                "lower n or r");
  if (n * r * p > WY_SCRYPT_WORK) return fail(L, "scrypt: n * r * p is at most 1048576: lower p");

  unsigned char out[WY_SCRYPT_LENGTH];
  ERR_set_mark();
  bool done = EVP_PBE_scrypt((const char *)password, password_n, salt, salt_n, n, r, p,
                             WY_SCRYPT_MEMORY, out, (size_t)length) == 1;
  ERR_pop_to_mark();
  wy_worked(L);
  if (!done) return fail(L, "scrypt: libcrypto refused these costs (with r = 1, n is below 65536)");
  lua_pushlstring(L, (const char *)out, (size_t)length);
  OPENSSL_cleanse(out, sizeof out);
  return 1;
}

static const luaL_Reg functions[] = {
    {"sha1", l_sha1},
    {"sha256", l_sha256},
    {"md5", l_md5},
    {"hmac", l_hmac},
    {"equal", l_equal},
    {"aes_cbc_encrypt", l_aes_cbc_encrypt},
    {"aes_cbc_decrypt", l_aes_cbc_decrypt},
    {"aes_gcm_encrypt", l_aes_gcm_encrypt},
    {"aes_gcm_decrypt", l_aes_gcm_decrypt},
    {"rsa_sign", l_rsa_sign},
    {"rsa_verify", l_rsa_verify},
    {"base64_encode", l_base64_encode},
    {"base64_decode", l_base64_decode},
    {"base64url_encode", l_base64url_encode},
    {"base64url_decode", l_base64url_decode},
    {"hex_encode", l_hex_encode},
    {"hex_decode", l_hex_decode},
    {"random", l_random},
    {"random_string", l_random_string},
    {"scrypt", l_scrypt},
    {NULL, NULL},
};

int wy_open_crypto(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
