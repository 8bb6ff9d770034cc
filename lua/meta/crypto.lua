---@meta weiyue.crypto
error("lua/meta is for editors, not for require")

--- Digests, ciphers, signatures, text encodings, random bytes (加密、签名、编码、随机数).
--- Texts are byte strings and may hold NUL. Misuse raises; bad data gives `nil, err`.
---@class weiyue.crypto
local crypto = {}

---@alias weiyue.crypto.Algorithm "sha1"|"sha256"|"md5"
---@alias weiyue.crypto.Form "hex"|"raw"

--- SHA-1 (摘要): 40 lower-case hex digits, or 20 bytes with "raw".
---@param s string
---@param form? weiyue.crypto.Form default "hex"
---@return string digest
function crypto.sha1(s, form) end

--- SHA-256 (摘要): 64 lower-case hex digits, or 32 bytes with "raw".
---@param s string
---@param form? weiyue.crypto.Form default "hex"
---@return string digest
function crypto.sha256(s, form) end

--- MD5 (仅用于旧接口): 32 lower-case hex digits, or 16 bytes with "raw". Not for anything new.
---@param s string
---@param form? weiyue.crypto.Form default "hex"
---@return string digest
function crypto.md5(s, form) end

--- HMAC (带密钥的摘要) of s.
---@param algorithm weiyue.crypto.Algorithm
---@param key string
---@param s string
---@param form? weiyue.crypto.Form default "hex"
---@return string mac
function crypto.hmac(algorithm, key, s, form) end

--- Compares secrets in constant time (恒定时间比较); false when the lengths differ.
---@param a string
---@param b string
---@return boolean
function crypto.equal(a, b) end

--- AES-CBC. Padding is PKCS#7 to blocks of 16; WeChat's envelope pads to 32: use weiyue.codec for it.
---@param key string 16, 24 or 32 bytes
---@param iv string 16 bytes
---@param s string
---@param padding? "pkcs7"|"none" default "pkcs7"; "none" takes whole blocks only
---@return string? ciphertext
---@return string? err
function crypto.aes_cbc_encrypt(key, iv, s, padding) end

--- The inverse. CBC proves nothing about the text's origin: check a signature or HMAC first.
---@param key string 16, 24 or 32 bytes
---@param iv string 16 bytes
---@param s string
---@param padding? "pkcs7"|"none" default "pkcs7"
---@return string? plaintext
---@return string? err
function crypto.aes_cbc_decrypt(key, iv, s, padding) end

--- AES-GCM (认证加密). Never use a nonce twice with one key: `crypto.random(12)`.
---@param key string 16, 24 or 32 bytes
---@param nonce string 12 bytes (8 to 128 are taken)
---@param s string
---@param aad? string additional data: authenticated, not encrypted
---@return string? sealed ciphertext, then the tag of 16 bytes
---@return string? err
function crypto.aes_gcm_encrypt(key, nonce, s, aad) end

--- The inverse; `nil, err` unless key, nonce, aad and every byte are right.
---@param key string 16, 24 or 32 bytes
---@param nonce string
---@param s string ciphertext, then the tag of 16 bytes
---@param aad? string
---@return string? plaintext
---@return string? err
function crypto.aes_gcm_decrypt(key, nonce, s, aad) end

--- RSA signature (签名), PKCS#1 v1.5. The key is PEM without a password, at most 8192 bits.
---@param private_key string
---@param s string
---@param algorithm? "sha256"|"sha1" default "sha256"
---@return string? signature raw bytes
---@return string? err
function crypto.rsa_sign(private_key, s, algorithm) end

--- Whether the signature is the key owner's (验签). A certificate's dates and issuer are not checked.
---@param public_key string PEM of a public key or a certificate
---@param s string
---@param signature string raw bytes
---@param algorithm? "sha256"|"sha1" default "sha256"
---@return boolean? valid nil: the key cannot be read
---@return string? err
function crypto.rsa_verify(public_key, s, signature, algorithm) end

--- Base64, standard alphabet with padding, on one line.
---@param s string
---@return string
function crypto.base64_encode(s) end

--- The inverse: padding required, nothing else allowed in between. Surplus bits of the last character
--- are ignored: EncodingAESKey .. "=" has some.
---@param s string
---@return string?
---@return string? err
function crypto.base64_decode(s) end

--- Base64 with - and _, without padding.
---@param s string
---@return string
function crypto.base64url_encode(s) end

--- The inverse; padding is refused.
---@param s string
---@return string?
---@return string? err
function crypto.base64url_decode(s) end

--- Lower-case hex digits.
---@param s string
---@return string
function crypto.hex_encode(s) end

--- The inverse; both cases are read.
---@param s string
---@return string?
---@return string? err
function crypto.hex_decode(s) end

--- n random bytes (安全随机数) for keys and nonces; raises when the system has none.
---@param n integer 1 to 65536
---@return string
function crypto.random(n) end

--- n random letters and digits, each equally likely (nonceStr 等).
---@param n integer 1 to 65536
---@return string
function crypto.random_string(n) end

---@class weiyue.crypto.ScryptOptions
---@field n? integer cost, a power of two; default 32768
---@field r? integer block size; default 8
---@field p? integer parallelism; default 3
---@field length? integer bytes of the result, 1 to 1024; default 32

--- Derives a key from a password (口令散列). Blocks the loop for about 0.3 s with the defaults; memory
--- (128 * r * (n + p + 2) bytes) is capped at 64 MiB and n * r * p at 1048576.
---@param password string
---@param salt string 16 random bytes, stored beside the result
---@param options? weiyue.crypto.ScryptOptions
---@return string? key raw bytes
---@return string? err
function crypto.scrypt(password, salt, options) end

return crypto
