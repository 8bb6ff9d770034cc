-- Every row of the test vectors is a case. spec/facts/vectors*.json were computed by two independent
-- implementations; this one is the third.
local codec = require "weiyue.codec"
local crypto = require "weiyue.crypto"
local json = require "weiyue.json"

local HERE <const> = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or "./"

local function facts(name)
  local file = assert(io.open(HERE .. "../facts/" .. name, "rb"))
  local text = file:read "a"
  file:close()
  -- one `plain` holds NULs, which our JSON refuses; where there is a plain_hex, that one is read
  return assert(json.decode((text:gsub("\\u0000", "\\ufffd"))))
end

local vectors <const> = facts "vectors.json"
local big <const> = {}
for _, row in ipairs(facts "vectors_big.json") do big[row.name] = row.encrypt end

local function unhex(s)
  return (s:gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end))
end

local function bytes_mod_251(n)
  local bytes = {}
  for i = 0, n - 1 do bytes[i + 1] = string.char(i % 251) end
  return table.concat(bytes)
end

-- An empty section would be a suite without tests.
local function each(section, run)
  describe(section, function()
    it("has rows", function() assert.is_true(#vectors[section] > 0) end)
    for _, row in ipairs(vectors[section]) do
      it(row.name, function() run(row) end)
    end
  end)
end

-- The signature of an encrypted message.
local function verify(row)
  return codec.verify { token = row.token, timestamp = row.timestamp, nonce = row.nonce,
    signature = row.msg_signature, encrypt = row.encrypt }
end

local function decrypt(row)
  return codec.decrypt { aes_key = row.encoding_aes_key, encrypt = row.encrypt, appid = row.receive_id }
end

local function encrypt(row, plain)
  return codec.encrypt { aes_key = row.encoding_aes_key, text = plain, appid = row.receive_id,
    random = unhex(row.random_hex) }
end

describe("vectors", function()
  each("url_signature", function(row)
    local ok, err = codec.verify { token = row.token, timestamp = row.timestamp, nonce = row.nonce,
      signature = row.signature }
    if not row.valid then
      assert.is_nil(ok)
      return assert.equal("signature", err.reason)
    end
    assert.is_true(ok)
    assert.equal(row.signature, codec.sign(row.token, row.timestamp, row.nonce))
    if not row.echostr then return end
    local query = ("signature=%s&timestamp=%s&nonce=%s&echostr=%s"):format(row.signature, row.timestamp,
      row.nonce, row.echostr)
    assert.equal(row.response_body,
      codec.verify_url({ token = row.token }, query, math.tointeger(tonumber(row.timestamp))))
  end)

  each("decrypt", function(row)
    assert.is_true(verify(row))
    local plain, receive_id, key = decrypt(row)
    assert.equal(row.plain, plain)
    assert.equal(row.msg_len, #plain)
    assert.equal(row.receive_id, receive_id)
    assert.equal(1, key)
    assert.equal(row.encrypt, encrypt(row, plain))
    if row.request_body then assert.equal(row.encrypt, codec.parse(row.request_body).Encrypt) end
  end)

  each("encrypt", function(row)
    assert.equal(row.encrypt, encrypt(row, row.plain))
    assert.equal(row.plain, (decrypt(row)))
    if row.msg_signature then
      assert.equal(row.msg_signature, codec.sign(row.token, row.timestamp, row.nonce, row.encrypt))
    end
  end)

  each("generated", function(row)
    local plain = row.plain_hex and unhex(row.plain_hex)
    if row.plain_recipe then
      assert.equal("i % 251", row.plain_recipe.byte_i)
      plain = bytes_mod_251(row.plain_recipe.count)
    end
    if row.encrypt_in then row.encrypt = assert(big[row.name]) end
    assert.equal(row.plain_sha256, crypto.sha256(plain))
    assert.equal(row.encrypt_sha256, crypto.sha256(row.encrypt))
    assert.equal(row.msg_len, #plain)
    assert.equal(32 - (20 + #plain + #row.receive_id) % 32, row.pad)
    assert.is_true(verify(row))
    assert.is_true(encrypt(row, plain) == row.encrypt)
    local text, receive_id = decrypt(row)
    assert.is_true(text == plain)
    assert.equal(row.receive_id, receive_id)
  end)

  each("negative", function(row)
    local ok, err = verify(row)
    if row.layer == "signature" then
      assert.is_nil(ok)
      return assert.equal(row.expect, err.reason)
    end
    assert.is_true(ok)
    local text
    text, err = decrypt(row)
    assert.is_nil(text)
    assert.equal(row.expect, err.reason)
  end)

  each("aes_key", function(row)
    local ok, err = codec.check_aes_key(row.encoding_aes_key)
    if not row.valid then
      assert.is_nil(ok)
      return assert.equal("config.aeskey", err.code)
    end
    assert.is_true(ok)
    -- what the key is shows in what it enciphers: the frame, by AES from another module
    local random, text = ("r"):rep(16), "text"
    local frame = random .. string.pack(">s4", text) .. "wxtest0000000001"
    local pad = 32 - #frame % 32
    frame = frame .. string.char(pad):rep(pad)
    local cipher = crypto.aes_cbc_encrypt(unhex(row.aes_key_hex), unhex(row.iv_hex), frame, "none")
    assert.equal(crypto.base64_encode(cipher), codec.encrypt { aes_key = row.encoding_aes_key, text = text,
      appid = "wxtest0000000001", random = random })
  end)

  each("jssdk", function(row)
    assert.equal(row.signature, crypto.sha1(row.string1))
    assert.equal(row.signature, codec.jssdk_sign { ticket = row.jsapi_ticket, noncestr = row.noncestr,
      timestamp = row.timestamp, url = row.page_url })
  end)

  each("card_signature", function(row)
    assert.equal(row.signature, crypto.sha1(row.string1))
    assert.equal(row.signature, codec.card_sign(row.values))
  end)

  each("reply_envelope", function(row)
    local source
    for _, candidate in ipairs(vectors.encrypt) do
      if candidate.name == row.name then source = candidate end
    end
    local envelope = assert(codec.parse(row.body))
    assert.is_true(codec.verify { token = source.token, timestamp = envelope.TimeStamp,
      nonce = envelope.Nonce, signature = envelope.MsgSignature, encrypt = envelope.Encrypt })
    assert.equal(source.plain, (codec.decrypt { aes_key = source.encoding_aes_key,
      encrypt = envelope.Encrypt, appid = source.receive_id }))
  end)

  -- The key and the id of vectors_big.json are those of the generated rows.
  describe("big", function()
    local row <const> = vectors.generated[1]
    local plain <const> = {
      ["len-102400"] = ("微信公众号0123456789abcdef\n"):rep(3200),
      ["len-65536-binary"] = bytes_mod_251(65536),
    }
    for name, text in pairs(big) do
      it(name, function()
        local want = assert(plain[name])
        local have, receive_id = codec.decrypt { aes_key = row.encoding_aes_key, encrypt = text,
          appid = row.receive_id }
        assert.is_true(have == want)
        assert.equal(row.receive_id, receive_id)
      end)
    end
    it("has rows", function() assert.is_truthy(next(big)) end)
  end)
end)
