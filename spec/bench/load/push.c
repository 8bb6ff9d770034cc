/* Makes distinct signed pushes and checks their answers; see push.h. Wire format: the push and
 * reply structures of WeChat's message protocol (SHA-1 over sorted parts, AES-256-CBC with the
 * key's first half as IV, padding to 32).
 *
 * The maker owns its pool of openids and libcrypto's contexts. Its random numbers are not secret:
 * they only make pushes differ.
 */
#include "push.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

typedef struct {
  const char *p;
  size_t n;
} str;

#define LIT(s) ((str){s, sizeof(s) - 1})

struct push_maker {
  push_options o;
  str token, appid;
  unsigned char key[48];
  EVP_MD *sha1;
  EVP_MD_CTX *digest;
  EVP_CIPHER *aes;
  EVP_CIPHER_CTX *encrypt, *decrypt;
  char (*openid)[PUSH_OPENID];
  uint64_t random;   /* state of the generator */
  uint64_t made;     /* pushes so far */
  uint64_t first_id; /* MsgId of the first push */
  uint64_t first_nonce;
};

enum { XML_MAX = 1024 };

static const char account[] = "gh_7f083739789a";

/* splitmix64 */
static uint64_t next_random(push_maker *m) {
  uint64_t z = (m->random += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* ---- writing ---- */

static char *put(char *o, str s) {
  memcpy(o, s.p, s.n);
  return o + s.n;
}

static char *put_number(char *o, uint64_t v) {
  char digits[24];
  size_t i = sizeof digits;
  do digits[--i] = (char)('0' + v % 10);
  while (v /= 10);
  return put(o, (str){digits + i, sizeof digits - i});
}

static int compare(const str *a, const str *b) {
  int order = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);
  return order ? order : (a->n > b->n) - (a->n < b->n);
}

/* Hex SHA-1 of the parts in byte order; sorts the caller's array. */
static void sign(push_maker *m, str *part, int n, char out[40]) {
  for (int i = 1; i < n; i++)
    for (int j = i; j > 0 && compare(&part[j - 1], &part[j]) > 0; j--) {
      str t = part[j];
      part[j] = part[j - 1];
      part[j - 1] = t;
    }
  unsigned char sum[20];
  EVP_DigestInit_ex2(m->digest, m->sha1, NULL);
  for (int i = 0; i < n; i++) EVP_DigestUpdate(m->digest, part[i].p, part[i].n);
  EVP_DigestFinal_ex(m->digest, sum, NULL);
  for (int i = 0; i < 20; i++) {
    out[2 * i] = "0123456789abcdef"[sum[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
  }
}

/* One to eight words, so that lengths vary as they do in life. */
static void make_content(push_maker *m, push *out) {
  static const char *const words[] = {"你好", "请问", "今天",  "天气", "怎么样", "查询",
                                      "订单", "物流", "hello", "menu", "帮助",   "客服",
                                      "优惠", "活动", "签到",  "积分", "12345",  "OK?"};
  uint64_t r = next_random(m);
  out->content_n = 0;
  for (uint64_t left = 1 + r % 8; left > 0; left--) {
    r = r >> 7 | r << 57;
    const char *word = words[r % (sizeof words / sizeof words[0])];
    size_t n = strlen(word);
    memcpy(out->content + out->content_n, word, n);
    out->content_n += n;
  }
}

static size_t make_xml(const push_maker *m, const push *p, str stamp, char *xml) {
  char *o = put(xml, LIT("<xml><ToUserName><![CDATA["));
  o = put(o, LIT(account));
  o = put(o, LIT("]]></ToUserName>\n<FromUserName><![CDATA["));
  o = put(o, (str){p->openid, PUSH_OPENID});
  o = put(o, LIT("]]></FromUserName>\n<CreateTime>"));
  o = put(o, stamp);
  o = put(o, LIT("</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA["));
  o = put(o, (str){p->content, p->content_n});
  o = put(o, LIT("]]></Content>\n<MsgId>"));
  o = put_number(o, m->first_id + m->made);
  o = put(o, LIT("</MsgId>\n</xml>"));
  return (size_t)(o - xml);
}

/* Base64 of the sealed text; returns its length. */
static size_t seal(push_maker *m, str in, char *out) {
  unsigned char plain[XML_MAX + 192], cipher[XML_MAX + 192];
  for (int i = 0; i < 16; i += 8) {
    uint64_t r = next_random(m);
    memcpy(plain + i, &r, 8);
  }
  uint32_t length = htonl((uint32_t)in.n);
  memcpy(plain + 16, &length, 4);
  memcpy(plain + 20, in.p, in.n);
  memcpy(plain + 20 + in.n, m->appid.p, m->appid.n);
  size_t n = 20 + in.n + m->appid.n, pad = 32 - n % 32;
  memset(plain + n, (int)pad, pad);
  n += pad;
  int a = 0;
  EVP_EncryptInit_ex2(m->encrypt, NULL, NULL, m->key, NULL);
  EVP_CIPHER_CTX_set_padding(m->encrypt, 0);
  EVP_EncryptUpdate(m->encrypt, cipher, &a, plain, (int)n);
  return (size_t)EVP_EncodeBlock((unsigned char *)out, cipher, a);
}

/* Never the same twice in a run: the step has no common factor with the range. */
static uint64_t make_nonce(const push_maker *m) {
  const uint64_t range = 9000000000u;
  return 1000000000u + (m->first_nonce + m->made % range * 7654321u) % range;
}

void push_make(push_maker *m, push *out) {
  char stamp_buf[24], nonce_buf[24], signature[40], xml[XML_MAX], body[2 * XML_MAX];
  str stamp = {stamp_buf, (size_t)(put_number(stamp_buf, (uint64_t)time(NULL)) - stamp_buf)};
  str nonce = {nonce_buf, (size_t)(put_number(nonce_buf, make_nonce(m)) - nonce_buf)};
  str part[4] = {m->token, stamp, nonce};
  sign(m, part, 3, signature);

  int verify = m->o.mode == PUSH_VERIFY;
  char *o = put(out->request, verify ? LIT("GET ") : LIT("POST "));
  o = put(o, (str){m->o.path, strlen(m->o.path)});
  o = put(o, LIT("?signature="));
  o = put(o, (str){signature, 40});
  o = put(o, LIT("&timestamp="));
  o = put(o, stamp);
  o = put(o, LIT("&nonce="));
  o = put(o, nonce);
  size_t body_n = 0;
  out->openid = m->openid[next_random(m) % m->o.users];
  if (verify) {
    uint64_t echo = 1000000000000000000u + next_random(m) % 9000000000000000000u;
    out->content_n = (size_t)(put_number(out->content, echo) - out->content);
    o = put(o, LIT("&echostr="));
    o = put(o, (str){out->content, out->content_n});
  } else {
    make_content(m, out);
    str plain = {xml, make_xml(m, out, stamp, xml)};
    o = put(o, LIT("&openid="));
    o = put(o, (str){out->openid, PUSH_OPENID});
    char *b = body;
    if (m->o.mode == PUSH_SAFE) {
      b = put(b, LIT("<xml>\n    <ToUserName><![CDATA["));
      b = put(b, LIT(account));
      b = put(b, LIT("]]></ToUserName>\n    <Encrypt><![CDATA["));
      str sealed = {b, seal(m, plain, b)};
      part[0] = m->token, part[1] = stamp, part[2] = nonce, part[3] = sealed;
      sign(m, part, 4, signature);
      b = put(b + sealed.n, LIT("]]></Encrypt>\n</xml>\n"));
      o = put(o, LIT("&encrypt_type=aes&msg_signature="));
      o = put(o, (str){signature, 40});
    } else {
      b = put(b, plain);
    }
    body_n = (size_t)(b - body);
  }
  o = put(o, LIT(" HTTP/1.1\r\nHost: "));
  o = put(o, (str){m->o.host, strlen(m->o.host)});
  if (!verify) {
    o = put(o, LIT("\r\nContent-Length: "));
    o = put_number(o, body_n);
  }
  o = put(o, LIT("\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\nContent-Type: text/xml\r\n"
                 "Pragma: no-cache\r\n\r\n"));
  o = put(o, (str){body, body_n});
  out->request_n = (size_t)(o - out->request);
  m->made++;
}

/* ---- reading ---- */

static int same(str a, str b) { return a.n == b.n && memcmp(a.p, b.p, a.n) == 0; }

/* The text of <name>, with or without CDATA; p is NULL when there is none. */
static str element(str in, const char *name) {
  char open[32], close[40];
  int open_n = snprintf(open, sizeof open, "<%s>", name);
  const char *end = in.p + in.n, *p = memmem(in.p, in.n, open, (size_t)open_n);
  if (!p) return (str){NULL, 0};
  p += open_n;
  int cdata = end - p >= 9 && !memcmp(p, "<![CDATA[", 9);
  if (cdata) p += 9;
  int close_n = snprintf(close, sizeof close, "%s</%s>", cdata ? "]]>" : "", name);
  const char *stop = memmem(p, (size_t)(end - p), close, (size_t)close_n);
  return stop ? (str){p, (size_t)(stop - p)} : (str){NULL, 0};
}

/* Decrypts into plain (XML_MAX + 256 bytes); *xml points into it. */
static const char *unseal(push_maker *m, str in, unsigned char *plain, str *xml) {
  unsigned char cipher[XML_MAX + 256];
  size_t size = in.n / 4 * 3;
  if (in.n == 0 || in.n % 4 || size > sizeof cipher) return "Encrypt has a wrong length";
  if (EVP_DecodeBlock(cipher, (const unsigned char *)in.p, (int)in.n) < 0)
    return "Encrypt is not base64";
  size -= (size_t)(in.p[in.n - 1] == '=') + (size_t)(in.p[in.n - 2] == '=');
  if (size < 32 || size % 32) return "Encrypt is not whole blocks";
  int got = 0;
  EVP_DecryptInit_ex2(m->decrypt, NULL, NULL, m->key, NULL);
  EVP_CIPHER_CTX_set_padding(m->decrypt, 0);
  if (!EVP_DecryptUpdate(m->decrypt, plain, &got, cipher, (int)size)) return "cannot decrypt";
  size_t pad = plain[size - 1];
  if (pad < 1 || pad > 32 || pad + 20 > size) return "wrong padding";
  for (size_t i = size - pad; i < size; i++)
    if (plain[i] != pad) return "wrong padding";
  size_t rest = size - pad - 20;
  uint32_t length;
  memcpy(&length, plain + 16, 4);
  length = ntohl(length);
  if (length > rest) return "wrong length in the frame";
  if (!same(m->appid, (str){(char *)plain + 20 + length, rest - length})) return "wrong appid";
  *xml = (str){(char *)plain + 20, length};
  return NULL;
}

static const char *check_sealed(push_maker *m, str body, unsigned char *plain, str *xml) {
  str sealed = element(body, "Encrypt"), signature = element(body, "MsgSignature");
  str part[4] = {m->token, element(body, "TimeStamp"), element(body, "Nonce"), sealed};
  if (!sealed.p || !signature.p || !part[1].p || !part[2].p) return "no sealed reply";
  char want[40];
  sign(m, part, 4, want);
  if (!same(signature, (str){want, 40})) return "wrong MsgSignature";
  return unseal(m, sealed, plain, xml);
}

const char *push_check(push_maker *m, const push *sent, const char *body, size_t n) {
  unsigned char plain[XML_MAX + 256];
  str content = {sent->content, sent->content_n}, xml = {body, n};
  if (m->o.mode == PUSH_VERIFY) return same(xml, content) ? NULL : "not the echostr";
  if (m->o.mode == PUSH_SAFE) {
    const char *error = check_sealed(m, xml, plain, &xml);
    if (error) return error;
  }
  str text = element(xml, "Content");
  if (!text.p) return "no Content";
  if (text.n < 6 || memcmp(text.p, "echo: ", 6)) return "not an echo";
  if (!same((str){text.p + 6, text.n - 6}, content)) return "another message's echo";
  if (!same(element(xml, "ToUserName"), (str){sent->openid, PUSH_OPENID}))
    return "wrong ToUserName";
  if (!same(element(xml, "FromUserName"), LIT(account))) return "wrong FromUserName";
  if (!same(element(xml, "MsgType"), LIT("text"))) return "wrong MsgType";
  return NULL;
}

/* ---- the maker ---- */

static int key_init(push_maker *m) {
  char padded[45];
  if (strlen(m->o.aes_key) != 43) return 0;
  snprintf(padded, sizeof padded, "%s=", m->o.aes_key);
  return EVP_DecodeBlock(m->key, (unsigned char *)padded, 44) == 33;
}

static int crypto_init(push_maker *m) {
  m->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
  m->digest = EVP_MD_CTX_new();
  m->aes = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
  m->encrypt = EVP_CIPHER_CTX_new();
  m->decrypt = EVP_CIPHER_CTX_new();
  return m->sha1 && m->digest && m->aes && m->encrypt && m->decrypt &&
         EVP_EncryptInit_ex2(m->encrypt, m->aes, m->key, m->key, NULL) &&
         EVP_DecryptInit_ex2(m->decrypt, m->aes, m->key, m->key, NULL);
}

static int users_init(push_maker *m) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  m->openid = calloc(m->o.users, PUSH_OPENID);
  if (!m->openid) return 0;
  for (unsigned i = 0; i < m->o.users; i++) {
    m->openid[i][0] = 'o';
    for (int j = 1; j < PUSH_OPENID; j++) m->openid[i][j] = alphabet[next_random(m) & 63];
  }
  return 1;
}

push_maker *push_maker_new(const push_options *options, const char **error) {
  *error = "out of memory";
  push_maker *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  m->o = *options;
  m->token = (str){m->o.token, strlen(m->o.token)};
  m->appid = (str){m->o.appid, strlen(m->o.appid)};
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  m->first_id = 2000000000000000000u + ms * 100000; /* two runs never share a MsgId */
  if (getrandom(&m->random, sizeof m->random, 0) != sizeof m->random) goto fail;
  m->first_nonce = next_random(m) % 9000000000u;
  if (m->o.users == 0 || m->appid.n > 64 || strlen(m->o.path) > 256 || strlen(m->o.host) > 64) {
    *error = "users, appid or path out of range";
    goto fail;
  }
  if (!key_init(m)) {
    *error = "the AES key is not 43 base64 characters";
    goto fail;
  }
  if (!crypto_init(m) || !users_init(m)) goto fail;
  return m;
fail:
  push_maker_free(m);
  return NULL;
}

void push_maker_free(push_maker *m) {
  if (!m) return;
  EVP_MD_free(m->sha1);
  EVP_MD_CTX_free(m->digest);
  EVP_CIPHER_free(m->aes);
  EVP_CIPHER_CTX_free(m->encrypt);
  EVP_CIPHER_CTX_free(m->decrypt);
  free(m->openid);
  free(m);
}
