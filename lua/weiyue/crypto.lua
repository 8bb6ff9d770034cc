--- weiyue.crypto: digests, HMAC, AES, RSA signatures, base64 and hex, random bytes, scrypt.
--- All of it is C over libcrypto; types and docs: lua/meta/crypto.lua.
return require("weiyue_core").crypto
