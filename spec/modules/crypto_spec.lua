-- weiyue.crypto: known answers (FIPS 180, RFC 2202, 4231, 4648, 7914, NIST SP 800-38A, the GCM
-- specification's test cases; signatures made by the openssl program) and what is refused.
local crypto = require "weiyue.crypto"

local hex, unhex = crypto.hex_encode, crypto.hex_decode

-- TEST KEY: made for this spec alone, it protects nothing.
local TEST_KEY = [[
-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC4U8Fn0lorpCUD
XXPIRNXEj2oEgt3qPQAgIj4hSR9aQUdgdZVKy59BC1eA+7LCYVmu2eSDPk1x8pL3
LCGL/jZhjVp7L54DurmtpoXUjnMOWLS28KVtWMBV1JpboOIvjW7iWCzgHBFcsCxx
8fkm2UPuz++4v9l3bdK7gbv3ozX+l5G5fFnpOkXFcBDxxFVBRC501Nv7o4/OOreJ
v9XVil3mze4SJzxbn0G3Rt1C+S9i3giSAGb9xWpa5AOCGHLIdlNATIfVDFCLdHAm
y8M/za09gGPNUpOOU3S/YdUHrGVvaxoSwKqG/n2dOAXDkKxoT6NU3vo1Zw7JhlUJ
/OijkDY9AgMBAAECggEALKxj7fEt2HDeZZvjIVEJjCuD8tbyyMADBUa3TyLlPd8f
WPH2fluuW7nPedvGvdSRQ07c0rApXeoAE3a3JLI2ZNs46C0ou1eog70dp1/k47+9
AK9/MGq3prWxuW5bE1JQYvwi2CgFTzUFeJJAI9m5XKo5u8mHf6n2zmoJb+G3Bt40
ZfOI8xhRrbbh9JCN2+lfLDvLNJgiBEkPoyyA7j9bAa944sQYLiLzhyNFt4v/ae2X
u2ikDL4lmJEc2au809M/HFNgXGwotem45eELu/sI3nL7nRWrjnyvIZfxGKS7RLws
hIKun9nIUhZOGp7PssgU5dhonalNTK3SZrvsDbVMUQKBgQDwW1fQkZwT5lYjFP9s
4ZJRqkNSleu8SuQ5jWl9AjoHKvWdFt4nyb1aUkvkaVTm96CNBLeb4tSrDDXounzG
RszKS++dRX+vZMSMu/AD9K4z8/9DksYKqn9ShG/Wgf2OijbToKJPm74D26NvglK+
DpFocVNdPVh2Qwh9BiY+mO5JRQKBgQDEUuLFbwg5+lzgvmNHL0hXPb5gTMVhDpUe
Cxk4YI272GfAZ7L9BMfriQGAfynbKRo9THAvUyeStQm9vNs9oErGJqY5GIW4l7ga
ao+ltvvnu0d5HWVqZsUsxkt1ZwXA8awBxlpLHYgMzhHAUHVDzaNyuoWR3Oy97x2M
pCs0AxV8mQKBgQCaNRCHKRSpE8vJ4EvsUGDu8j0VPEitWqNIZXj7kjUmqiJA8g4A
GwfYbhpw5j9pnBAuyYr/ga2OPFxN/2/USlJTrBqEnbVJE26jGGTqNM6bWH06nm1f
JHpht8SFLItAK173sgTQ7Iwhr4YRIdzyQSh7iNHCbXxXC7TjedGJsdaXvQKBgD03
62bNXK9XlqauN57264PoyPiWd+Xv+ifIJjEiSpAMxy2EKJglaYHU0xcSkCa7Bmee
8kyPjYN92G/F+EebODXZz3N2ZhxNkycJm4l9Kcf06jCmLf2j1lBD9TvCyFSGB7D1
/Sn3J3l2uKpTbH2cHh+kcgot7dS8P2afuqkZXRXhAoGBAIJtOfd9rpszCPeLlzSl
BpwCqTEa0FokIKhG1QytJCguKFJKAr8zwtv1AxgokalefFTs5gQRk8I54m9/TUQY
7wy/Gv8R/eQf6Fdag/tMf9GiPz0ta9ZLEYh/DYchMjwYsXZcWFvlQ+zb7hsn6tJR
Gd9nguB6uMdBhJgowKhG/L6e
-----END PRIVATE KEY-----
]]

local TEST_PUBLIC_KEY = [[
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuFPBZ9JaK6QlA11zyETV
xI9qBILd6j0AICI+IUkfWkFHYHWVSsufQQtXgPuywmFZrtnkgz5NcfKS9ywhi/42
YY1aey+eA7q5raaF1I5zDli0tvClbVjAVdSaW6DiL41u4lgs4BwRXLAscfH5JtlD
7s/vuL/Zd23Su4G796M1/peRuXxZ6TpFxXAQ8cRVQUQudNTb+6OPzjq3ib/V1Ypd
5s3uEic8W59Bt0bdQvkvYt4IkgBm/cVqWuQDghhyyHZTQEyH1QxQi3RwJsvDP82t
PYBjzVKTjlN0v2HVB6xlb2saEsCqhv59nTgFw5CsaE+jVN76NWcOyYZVCfzoo5A2
PQIDAQAB
-----END PUBLIC KEY-----
]]

local TEST_CERTIFICATE = [[
-----BEGIN CERTIFICATE-----
MIIDFzCCAf+gAwIBAgIUaAGvQkypiq/KktWpm/I/t9tXmicwDQYJKoZIhvcNAQEL
BQAwGjEYMBYGA1UEAwwPd2VpeXVlIHRlc3Qga2V5MCAXDTI2MTEyMTAyNDQyMloY
DzIxMjYxMDI4MDI0NDIyWjAaMRgwFgYDVQQDDA93ZWl5dWUgdGVzdCBrZXkwggEi
MA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQC4U8Fn0lorpCUDXXPIRNXEj2oE
gt3qPQAgIj4hSR9aQUdgdZVKy59BC1eA+7LCYVmu2eSDPk1x8pL3LCGL/jZhjVp7
L54DurmtpoXUjnMOWLS28KVtWMBV1JpboOIvjW7iWCzgHBFcsCxx8fkm2UPuz++4
v9l3bdK7gbv3ozX+l5G5fFnpOkXFcBDxxFVBRC501Nv7o4/OOreJv9XVil3mze4S
Jzxbn0G3Rt1C+S9i3giSAGb9xWpa5AOCGHLIdlNATIfVDFCLdHAmy8M/za09gGPN
UpOOU3S/YdUHrGVvaxoSwKqG/n2dOAXDkKxoT6NU3vo1Zw7JhlUJ/OijkDY9AgMB
AAGjUzBRMB0GA1UdDgQWBBRjWaDRxvffOygN0UzzXBKl4QtAzTAfBgNVHSMEGDAW
gBRjWaDRxvffOygN0UzzXBKl4QtAzTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3
DQEBCwUAA4IBAQCmjvNG4eqLVNjOP6X4w1rEEi0AIlPzsTA6JTAmGLasY67lKw14
sMonRT1PnxI+gEepuOMX2npQwzH+8lHt2vJ/aPBqUHvL2N4tiPluTxZgThpJihjR
O7JL9D0DnPLg8v49v2GFDXZIrPH+MaysI/VCDHoYosnlo6qtRnf9ZdrgOEjt06Pb
RnJSw6jJfQM5Rf9AQAF5s0kjHMQEbNm9OsOANKgHPq86ntq4VDANh0CaYWWELY3f
+kocHTQPVU3Gx6rv1i0QXS5x3sBRMrOqCPEz4bAyg3KMSKpsQ43bixtCi5+6ZAeh
el9J+3YCf+YOcNpDRI39k7fwUVRY8jTdHCVG
-----END CERTIFICATE-----
]]

local TEST_EC_PUBLIC_KEY = [[
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGZ15RQhQ0azC8bra7do3jiHnrLP0
yBOpMY+N6xOjxo3/riohhad5H8VLtQ0Ou5Y+iOyndMwwqtZ0vu+IPD2B5A==
-----END PUBLIC KEY-----
]]

-- an EC test key under a password: must be refused without asking for the password
local TEST_ENCRYPTED_KEY = [[
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi8OzjJUZ+t2QICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEOT0gulIKWo81qPhXRr9bjAEgZBK
JrfEqj9AZGW8tyUD8KoNoOGGRCm6uk3U2O1Y4CbTHLzBpeOANQWUeG4g4ANR9LA4
Mwil9ayJrNTr/RM/FGy2QXTRtTarv7gnYD5jultmtV7AmO7BIeMBlToVHSDQpJCn
UlpEeNUAg6gzsHohRavXERL8iNQb2ZAdge37NmkiGwhy9b4IPzux0EmO+6QuTvI=
-----END ENCRYPTED PRIVATE KEY-----
]]

local SIGNED = "hello\0world"
local SIGNATURE_SHA256 =
  "8a8a7821edf47d3b8c53d918b93b94cfb76cef00eb669ddfa00e509409e66bf54f3979bc612e9015c30478e9" ..
  "535c93a252801713edda9c3374308f83539ff3ee5bf3b08d040f9365c05481e5d2e14735b6f23449fc9f892f" ..
  "6e7eef6163fdf673b15d265632cc7effff0fe00bdcaf5210f348a9bc0cf1c613c0c18f9e16e5701ec4ca2f45" ..
  "d0760199c19e7bc82f162eef5a366131878afd66aaedc029fadd5a220fe3dac996a51efdcc40341969428eed" ..
  "eb1432c393332922f2eb25fcc5e9b7620fa48aeec8c1d43dc7cec6271b2ca2aa2c554556481b7bb5d960984d" ..
  "6281e88952e9ebc97c18b2fdde4e3d570386f4a59820499d644ab3f124675d2a0b563257"
local SIGNATURE_SHA1 =
  "58cec1941da0b2a4f4f2d6554ea692d65fa4db47b733fd362008e4560500062080e19fa90a8cffbfbbee3368" ..
  "d6a7b8fcc5db01181212a44b3e518a38d6b47fcdd80aa88fc94c7604c55a8cb425af3f75e5deff2c16909d7e" ..
  "837678057aab379fe188d6f0287bc6a6cd642ee4460b092a834e053a8def4f660c6c81e3e3ce323b7e8e19bd" ..
  "f9ff7966f4292d733adf47a882b4d6ab2e9da97c2e4b8ef289ab1585dfaf313803a1ce25ab8b5ac830a89762" ..
  "f031856728101f12c2a70685b558889111d3541297bd8b84e95e3720b774652aeb72c1d1f9a33cb75a8c4362" ..
  "bcd48ddd6d5654477d0c6cc64d62d300971370ceea06fc9382d16a93b5886f6cea814c3c"

local function refused(pattern, value, err)
  assert.is_nil(value)
  assert.is_string(err)
  assert.truthy(err:find(pattern), err)
end

describe("weiyue.crypto", function()
  describe("digests", function()
    local answers = {
      sha1 = {
        [""] = "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        abc = "a9993e364706816aba3e25717850c26c9cd0d89d",
        ["a\0b"] = "4a3dec2d1f8245280855c42db0ee4239f917fdb8",
      },
      sha256 = {
        [""] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ["a\0b"] = "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138",
      },
      md5 = {
        [""] = "d41d8cd98f00b204e9800998ecf8427e",
        abc = "900150983cd24fb0d6963f7d28e17f72",
        ["a\0b"] = "70350f6027bce3713f6b76473084309b",
      },
    }
    for name, cases in pairs(answers) do
      for input, digest in pairs(cases) do
        it(("%s of %d bytes is the published one"):format(name, #input), function()
          assert.equal(digest, crypto[name](input))
          assert.equal(digest, crypto[name](input, "hex"))
          assert.equal(digest, hex(crypto[name](input, "raw")))
        end)
      end
      it(name .. " raises on a wrong type or form", function()
        assert.has_error(function() crypto[name]() end)
        assert.has_error(function() crypto[name]({}) end)
        assert.has_error(function() crypto[name]("abc", "binary") end)
      end)
    end
  end)

  describe("hmac", function()
    local what, key = "what do ya want for nothing?", "Jefe"
    local answers = {
      sha1 = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
      sha256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      md5 = "750c783e6ab0b503eaa86e310a5db738",
    }
    for algorithm, mac in pairs(answers) do
      it(algorithm .. " is the published one", function()
        assert.equal(mac, crypto.hmac(algorithm, key, what))
        assert.equal(mac, hex(crypto.hmac(algorithm, key, what, "raw")))
      end)
    end

    it("takes a key longer than a block (RFC 4231 case 6)", function()
      assert.equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        crypto.hmac("sha256", ("\xaa"):rep(131),
          "Test Using Larger Than Block-Size Key - Hash Key First"))
    end)

    it("takes an empty key and an empty text", function()
      assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
        crypto.hmac("sha256", "", ""))
    end)

    it("raises on an unknown algorithm", function()
      assert.has_error(function() crypto.hmac("sha3", key, what) end)
    end)
  end)

  describe("equal", function()
    it("compares bytes", function()
      assert.is_true(crypto.equal("", ""))
      assert.is_true(crypto.equal("a\0b", "a\0b"))
      assert.is_false(crypto.equal("a\0b", "a\0c"))
      assert.is_false(crypto.equal("abc", "abcd"))
    end)

    it("raises when an argument is missing", function()
      assert.has_error(function() crypto.equal("abc", nil) end)
    end)
  end)

  describe("aes_cbc", function()
    local iv = unhex "000102030405060708090a0b0c0d0e0f"
    local plain = unhex "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    local answers = { -- SP 800-38A F.2
      ["2b7e151628aed2a6abf7158809cf4f3c"] =
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2",
      ["8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"] =
        "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a",
      ["603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"] =
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d",
    }
    for key, sealed in pairs(answers) do
      it(("with %d bytes of key is the published one"):format(#key // 2), function()
        assert.equal(sealed, hex(crypto.aes_cbc_encrypt(unhex(key), iv, plain, "none")))
        assert.equal(plain, crypto.aes_cbc_decrypt(unhex(key), iv, unhex(sealed), "none"))
      end)
    end

    local key = ("k"):rep(32)

    it("pads every length and takes the padding off", function()
      for n = 0, 49 do
        local text = ("\0x"):rep(n // 2) .. ("y"):rep(n % 2)
        local sealed = crypto.aes_cbc_encrypt(key, iv, text)
        assert.equal((n // 16 + 1) * 16, #sealed)
        assert.equal(text, crypto.aes_cbc_decrypt(key, iv, sealed))
      end
    end)

    it("takes an empty text without padding", function()
      assert.equal("", crypto.aes_cbc_encrypt(key, iv, "", "none"))
      assert.equal("", crypto.aes_cbc_decrypt(key, iv, "", "none"))
    end)

    it("refuses wrong sizes", function()
      refused("key has 16, 24 or 32 bytes, not 31", crypto.aes_cbc_encrypt(key:sub(2), iv, "x"))
      refused("key has 16, 24 or 32 bytes, not 0", crypto.aes_cbc_decrypt("", iv, plain))
      refused("iv has 16 bytes, not 12", crypto.aes_cbc_encrypt(key, iv:sub(1, 12), "x"))
      refused("whole blocks", crypto.aes_cbc_encrypt(key, iv, "x", "none"))
      refused("whole blocks", crypto.aes_cbc_decrypt(key, iv, plain .. "x"))
      refused("whole blocks", crypto.aes_cbc_decrypt(key, iv, ""))
    end)

    it("refuses bad padding", function()
      for _, last in ipairs { "\0", "\17", "\2" } do
        local sealed = crypto.aes_cbc_encrypt(key, iv, ("x"):rep(15) .. last, "none")
        refused("failed", crypto.aes_cbc_decrypt(key, iv, sealed))
      end
    end)

    it("raises on misuse", function()
      assert.has_error(function() crypto.aes_cbc_encrypt(key, iv) end)
      assert.has_error(function() crypto.aes_cbc_decrypt(key, {}, plain) end)
      assert.has_error(function() crypto.aes_cbc_encrypt(key, iv, "x", "zero") end)
    end)
  end)

  describe("aes_gcm", function()
    local half = unhex "feffe9928665731c6d6a8f9467308308"
    local nonce = unhex "cafebabefacedbaddecaf888"
    local aad = unhex "feedfacedeadbeeffeedfacedeadbeefabaddad2"
    local plain = unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" ..
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    local answers = { -- the specification's test cases 4, 10, 16 and 5
      { half, nonce, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" ..
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47" },
      { half .. half:sub(1, 8), nonce,
        "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c" ..
        "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda27102519498e80f1478f37ba55bd6d27618c" },
      { half .. half, nonce, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" ..
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b" },
      { half, nonce:sub(1, 8), "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423" ..
        "73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f45983612d2e79e3b0785561be14aaca2fccb" },
    }
    for i, case in ipairs(answers) do
      it(("case %d is the published one"):format(i), function()
        assert.equal(case[3], hex(crypto.aes_gcm_encrypt(case[1], case[2], plain, aad)))
        assert.equal(plain, crypto.aes_gcm_decrypt(case[1], case[2], unhex(case[3]), aad))
      end)
    end

    it("seals an empty text into a tag (test case 1)", function()
      local zeros = ("\0"):rep(16)
      local sealed = crypto.aes_gcm_encrypt(zeros, zeros:sub(1, 12), "")
      assert.equal("58e2fccefa7e3061367f1d57a4e7455a", hex(sealed))
      assert.equal("", crypto.aes_gcm_decrypt(zeros, zeros:sub(1, 12), sealed))
      assert.equal("", crypto.aes_gcm_decrypt(zeros, zeros:sub(1, 12), sealed, ""))
    end)

    it("refuses a text with any one byte changed", function()
      local sealed = crypto.aes_gcm_encrypt(half, nonce, "a\0b", aad)
      for i = 1, #sealed do
        local changed = sealed:sub(1, i - 1) .. string.char(sealed:byte(i) ~ 1) .. sealed:sub(i + 1)
        refused("failed", crypto.aes_gcm_decrypt(half, nonce, changed, aad))
      end
    end)

    it("refuses another aad, nonce or key", function()
      local sealed = crypto.aes_gcm_encrypt(half, nonce, "text", aad)
      refused("failed", crypto.aes_gcm_decrypt(half, nonce, sealed))
      refused("failed", crypto.aes_gcm_decrypt(half, ("n"):rep(12), sealed, aad))
      refused("failed", crypto.aes_gcm_decrypt(("k"):rep(16), nonce, sealed, aad))
    end)

    it("refuses wrong sizes", function()
      refused("key has", crypto.aes_gcm_encrypt("short", nonce, "x"))
      refused("nonce has 12 bytes", crypto.aes_gcm_encrypt(half, "", "x"))
      refused("nonce has 12 bytes", crypto.aes_gcm_encrypt(half, ("n"):rep(129), "x"))
      refused("too few", crypto.aes_gcm_decrypt(half, nonce, ("x"):rep(15)))
    end)

    it("raises on misuse", function()
      assert.has_error(function() crypto.aes_gcm_encrypt(half, nonce, "x", {}) end)
      assert.has_error(function() crypto.aes_gcm_decrypt(half, nonce) end)
    end)
  end)

  describe("rsa", function()
    it("signs as the openssl program does", function()
      assert.equal(SIGNATURE_SHA256, hex(crypto.rsa_sign(TEST_KEY, SIGNED)))
      assert.equal(SIGNATURE_SHA256, hex(crypto.rsa_sign(TEST_KEY, SIGNED, "sha256")))
      assert.equal(SIGNATURE_SHA1, hex(crypto.rsa_sign(TEST_KEY, SIGNED, "sha1")))
    end)

    it("verifies with a public key or a certificate", function()
      for _, pem in ipairs { TEST_PUBLIC_KEY, TEST_CERTIFICATE } do
        assert.is_true(crypto.rsa_verify(pem, SIGNED, unhex(SIGNATURE_SHA256)))
        assert.is_true(crypto.rsa_verify(pem, SIGNED, unhex(SIGNATURE_SHA1), "sha1"))
      end
    end)

    it("is false for another text, signature or algorithm", function()
      local signature = unhex(SIGNATURE_SHA256)
      assert.is_false(crypto.rsa_verify(TEST_PUBLIC_KEY, "hello", signature))
      assert.is_false(crypto.rsa_verify(TEST_PUBLIC_KEY, SIGNED, signature, "sha1"))
      assert.is_false(crypto.rsa_verify(TEST_PUBLIC_KEY, SIGNED, signature:sub(2)))
      assert.is_false(crypto.rsa_verify(TEST_PUBLIC_KEY, SIGNED, ""))
    end)

    it("refuses what is no RSA key", function()
      for _, pem in ipairs { "", "wxtest", TEST_PUBLIC_KEY, TEST_ENCRYPTED_KEY } do
        refused("not an RSA private key", crypto.rsa_sign(pem, SIGNED))
      end
      for _, pem in ipairs { "", "wxtest", TEST_KEY, TEST_EC_PUBLIC_KEY } do
        refused("not an RSA public key", crypto.rsa_verify(pem, SIGNED, unhex(SIGNATURE_SHA256)))
      end
    end)

    it("raises on misuse", function()
      assert.has_error(function() crypto.rsa_sign(TEST_KEY) end)
      assert.has_error(function() crypto.rsa_sign(TEST_KEY, SIGNED, "md5") end)
      assert.has_error(function() crypto.rsa_verify(TEST_PUBLIC_KEY, SIGNED, nil) end)
    end)
  end)

  describe("base64", function()
    local answers = { -- RFC 4648 section 10
      [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=",
      foobar = "Zm9vYmFy", ["\xfb\xff\xfe"] = "+//+", ["\0"] = "AA==",
    }
    it("is the published one, both alphabets", function()
      for raw, text in pairs(answers) do
        local url = text:gsub("=", ""):gsub("%+", "-"):gsub("/", "_")
        assert.equal(text, crypto.base64_encode(raw))
        assert.equal(raw, crypto.base64_decode(text))
        assert.equal(url, crypto.base64url_encode(raw))
        assert.equal(raw, crypto.base64url_decode(url))
      end
    end)

    it("gives back every byte at every length", function()
      local all = {}
      for i = 0, 255 do all[i + 1] = string.char(i) end
      local bytes = table.concat(all)
      for n = 250, 256 do
        local raw = bytes:sub(1, n)
        assert.equal(raw, crypto.base64_decode(crypto.base64_encode(raw)))
        assert.equal(raw, crypto.base64url_decode(crypto.base64url_encode(raw)))
      end
    end)

    it("refuses what is not strict base64", function()
      refused("multiple of 4", crypto.base64_decode "Zg")
      refused("multiple of 4", crypto.base64_decode "Zg==\n")
      for _, text in ipairs { "Zm8=Zm8=", "Z===", "====", "Zm 9", "Zm9_", "Zm-9", "Zm\0v", "=AAA" } do
        refused("not in the base64 alphabet", crypto.base64_decode(text))
      end
      refused("byte 0x20 at 3 ", crypto.base64_decode "Zm 9")
      refused("cannot have 5", crypto.base64url_decode "Zm9vY")
      refused("not in the base64url alphabet", crypto.base64url_decode "Zm9/")
      refused("remove the padding", crypto.base64url_decode "Zg==")
    end)

    it("ignores surplus bits, which an EncodingAESKey has", function()
      assert.equal(32, #crypto.base64_decode(("a"):rep(43) .. "="))
    end)

    it("raises on misuse", function()
      assert.has_error(function() crypto.base64_encode(nil) end)
      assert.has_error(function() crypto.base64_decode {} end)
    end)
  end)

  describe("hex", function()
    it("writes lower case and reads both", function()
      assert.equal("00ff7f", hex "\0\xff\x7f")
      assert.equal("\0\xff\xab", unhex "00FfaB")
      assert.equal("", hex "")
      assert.equal("", unhex "")
    end)

    it("refuses what is not hex", function()
      refused("even number of digits, not 3", unhex "abc")
      refused("at 4 ", unhex "00fg")
      refused("at 1 ", unhex "@0")
      refused("at 2 ", unhex "0\0")
    end)
  end)

  describe("random", function()
    it("gives n bytes that differ each time", function()
      assert.equal(1, #crypto.random(1))
      assert.equal(65536, #crypto.random(65536))
      assert.not_equal(crypto.random(16), crypto.random(16))
    end)

    it("gives letters and digits, all of them about equally often", function()
      local n, count, kinds = 62 * 1000, {}, 0
      for c in crypto.random_string(n):gmatch "." do count[c] = (count[c] or 0) + 1 end
      for c, times in pairs(count) do
        assert.truthy(c:find "^[A-Za-z0-9]$")
        -- 8 standard deviations of sqrt(1000); a biased modulo would give A to H 1210 each
        assert.truthy(times > 750 and times < 1250, c .. " came " .. times .. " times")
        kinds = kinds + 1
      end
      assert.equal(62, kinds)
      local front = 0
      for c in ("ABCDEFGH"):gmatch "." do front = front + count[c] end
      assert.truthy(front > 7300 and front < 8700, "A to H came " .. front .. " times")
    end)

    it("raises outside 1 to 65536", function()
      for _, name in ipairs { "random", "random_string" } do
        for _, n in ipairs { 0, -1, 65537, 1.5, "x", math.mininteger } do
          assert.has_error(function() crypto[name](n) end)
        end
      end
      assert.equal(65536, #crypto.random_string(65536))
    end)
  end)

  describe("scrypt", function()
    it("is the published one (RFC 7914)", function()
      assert.equal("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442" ..
        "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
        hex(crypto.scrypt("", "", { n = 16, r = 1, p = 1, length = 64 })))
      assert.equal("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162" ..
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        hex(crypto.scrypt("password", "NaCl", { n = 1024, r = 8, p = 16, length = 64 })))
    end)

    it("has n=32768, r=8, p=3, length=32 as defaults", function()
      assert.equal("9e136b399a5a833fe113ca63dab58af536e205a8020ecfbfba2282c600e89b18",
        hex(crypto.scrypt("wxtest", "salt")))
    end)

    it("refuses costs that are wrong or too high", function()
      refused("power of two", crypto.scrypt("x", "y", { n = 1000 }))
      refused("power of two", crypto.scrypt("x", "y", { n = 1 }))
      refused("64 MiB", crypto.scrypt("x", "y", { n = 65536 }))
      refused("64 MiB", crypto.scrypt("x", "y", { n = 2, r = math.maxinteger }))
      refused("64 MiB", crypto.scrypt("x", "y", { n = 1 << 62 }))
      refused("64 MiB", crypto.scrypt("x", "y", { n = 2, p = 1 << 40 }))
      refused("at most 1048576", crypto.scrypt("x", "y", { p = 5 }))
      refused("refused these costs", crypto.scrypt("x", "y", { n = 65536, r = 1, p = 1 }))
      refused("length", crypto.scrypt("x", "y", { n = 16, r = 1, p = 1, length = 1025 }))
    end)

    it("raises on misuse", function()
      assert.has_error(function() crypto.scrypt("x") end)
      assert.has_error(function() crypto.scrypt("x", "y", 16) end)
      assert.has_error(function() crypto.scrypt("x", "y", { n = 16.5 }) end)
      assert.has_error(function() crypto.scrypt("x", "y", { r = 0 }) end)
      assert.has_error(function() crypto.scrypt("x", "y", { length = -1 }) end)
      assert.has_error(function() crypto.scrypt("x", "y", { N = 16 }) end)
    end)
  end)
end)
