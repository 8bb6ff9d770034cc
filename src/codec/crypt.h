/* crypt: signatures and the AES envelope, as WeChat computes them (facts: its message encryption
 * guide). One wy_crypt per thread: it keeps fetched algorithms and contexts, which would cost more
 * than the hash itself, and a pool of random bytes. */
#ifndef WY_CODEC_CRYPT_H
#define WY_CODEC_CRYPT_H

#include "base/buf.h"

enum { WY_SIG = 40, WY_AES_KEY_CHARS = 43, WY_SIG_PARTS = 8 };

typedef struct wy_crypt wy_crypt;
typedef struct wy_aes_key wy_aes_key;

int wy_crypt_new(wy_crypt **out); /* 0, WY_E_NOMEM or WY_E_AES_CRYPTO */
void wy_crypt_free(wy_crypt *c);

int wy_crypt_random(wy_crypt *c, void *p, size_t n); /* CSPRNG; 0 or WY_E_AES_CRYPTO */

/* Lower-case hex SHA-1 of the parts, sorted by byte value and joined. n <= WY_SIG_PARTS.
 * Push: token, timestamp, nonce [, Encrypt]. Card: api_ticket and the other values. */
int wy_crypt_sign(wy_crypt *c, const wy_str *parts, size_t n, char out[WY_SIG]);

/* JS-SDK: jsapi_ticket=…&noncestr=…&timestamp=…&url=… (the url without its fragment), SHA-1 hex. */
int wy_crypt_sign_jssdk(wy_crypt *c, wy_str ticket, wy_str noncestr, wy_str timestamp, wy_str url,
                        char out[WY_SIG]);

/* Constant time over the 40 bytes; false at once when the length differs. */
bool wy_sig_equal(wy_str have, const char want[WY_SIG]);

int wy_base64_add(wy_buf *out, wy_str raw); /* standard alphabet, padded; 0 or WY_E_NOMEM */

/* A prepared EncodingAESKey. 0, WY_E_AES_KEY (not 43 letters and digits) or WY_E_AES_CRYPTO.
 * Belongs to the wy_crypt's thread. Cleansed when freed. */
int wy_aes_key_new(wy_crypt *c, wy_str encoding_aes_key, wy_aes_key **out);
void wy_aes_key_free(wy_aes_key *key);

typedef struct wy_frame {
  wy_str message;    /* spans of the buffer given to wy_aes_open */
  wy_str receive_id; /* appid at the end of the frame */
} wy_frame;

/* Opens base64(AES-256-CBC(random 16 | length | message | receive id | pad)). Each check has its
 * own error, in this order: WY_E_AES_BASE64, WY_E_AES_LENGTH (no whole cipher blocks of 16),
 * WY_E_AES_PADDING (no multiple of 32, or wrong pad bytes), WY_E_AES_SHORT, WY_E_AES_MSG_LEN. The
 * receive id is the caller's to compare. `out` is cleared first. */
int wy_aes_open(wy_crypt *c, wy_aes_key *key, wy_str encrypt, wy_buf *out, wy_frame *frame);

/* Appends the base64 of the sealed frame to out. random: 16 bytes, or NULL to draw them. */
int wy_aes_seal(wy_crypt *c, wy_aes_key *key, const unsigned char *random, wy_str message,
                wy_str receive_id, wy_buf *out);

#endif
