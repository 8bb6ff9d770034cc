-- weiyue.codec as a stock module: no host, no DSL.
local codec = require "weiyue.codec"
local time = require "weiyue.time"

local KEY <const> = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
local OLD_KEY <const> = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
local APPID <const> = "wxtest0000000001"
local NOW <const> = 1700000000
local XML <const> = "<xml><ToUserName><![CDATA[gh_test]]></ToUserName><FromUserName><![CDATA[oUser]]></FromUserName>"
  .. "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content>"
  .. "<MsgId>6054768590064713728</MsgId></xml>"
local JSON <const> = '{"ToUserName":"gh_test","FromUserName":"oUser","CreateTime":1700000000,"MsgType":"text",'
  .. '"Content":"你好","MsgId":6054768590064713728}'

local plain <const> = { token = "wxtesttoken", appid = APPID }
local safe <const> = { token = "wxtesttoken", appid = APPID, aes_key = KEY, mode = "safe" }

local function query(encrypt, timestamp)
  timestamp = tostring(timestamp or NOW)
  local text = ("signature=%s&timestamp=%s&nonce=15"):format(codec.sign("wxtesttoken", timestamp, "15"), timestamp)
  if not encrypt then return text end
  return text .. "&encrypt_type=aes&msg_signature=" .. codec.sign("wxtesttoken", timestamp, "15", encrypt)
end

-- Query and body of an encrypted push.
local function sealed_push(text, key, appid)
  local encrypt = codec.encrypt { aes_key = key or KEY, text = text, appid = appid or APPID }
  local body = text:find "^{" and ('{"ToUserName":"gh_test","Encrypt":"%s"}'):format(encrypt)
    or ("<xml><ToUserName>gh_test</ToUserName><Encrypt>%s</Encrypt></xml>"):format(encrypt)
  return query(encrypt), body
end

local function refused(reason, ...)
  local value, err = ...
  assert.is_nil(value)
  assert.equal(reason, err.reason)
  assert.truthy(err.hint and err.hint_en)
  return err
end

local function with(base, changes)
  local copy = {}
  for k, v in pairs(base) do copy[k] = v end
  for k, v in pairs(changes) do copy[k] = v end
  return copy
end

describe("weiyue.codec", function()
  describe("sign and verify", function()
    it("sorts by bytes, not by number", function()
      assert.equal("f464b24fc39322e44b38aa78f5edd27bd1441696", codec.sign("AAAAA", 1714036504, "1514711492"))
    end)

    it("covers encrypt as a fourth part", function()
      assert.not_equal(codec.sign("t", "1", "2"), codec.sign("t", "1", "2", "x"))
      assert.is_true(codec.verify { token = "t", timestamp = "1", nonce = "2", encrypt = "x",
        signature = codec.sign("t", "1", "2", "x") })
      refused("signature", codec.verify { token = "t", timestamp = "1", nonce = "2",
        signature = codec.sign("t", "1", "2", "x") })
    end)

    it("names what is missing", function()
      local whole = { token = "t", timestamp = "1", nonce = "2", signature = codec.sign("t", "1", "2") }
      for _, name in ipairs { "timestamp", "nonce", "signature" } do
        local part = with(whole, {})
        part[name] = nil
        refused("missing", codec.verify(part))
      end
    end)

    it("looks at the age only within a window", function()
      local old = { token = "t", timestamp = "100", nonce = "2", signature = codec.sign("t", "100", "2") }
      assert.is_true(codec.verify(old))
      assert.is_true(codec.verify(with(old, { window = 300, now = 400 })))
      refused("stale", codec.verify(with(old, { window = 300, now = 401 })))
      refused("stale", codec.verify(with(old, { window = 300 })))
      refused("timestamp", codec.verify(with(old, { window = 300, timestamp = "1e2" })))
    end)

    it("raises on misuse", function()
      assert.has_error(function() codec.sign("t", "1") end)
      assert.has_error(function() codec.verify "t" end)
      assert.has_error(function() codec.verify { timestamp = "1", nonce = "2", signature = "" } end)
      assert.has_error(function() codec.verify { token = {}, timestamp = "1", nonce = "2", signature = "" } end)
    end)
  end)

  describe("errors", function()
    it("are tables that print", function()
      local err = refused("signature", codec.verify { token = "t", timestamp = "1", nonce = "2", signature = "x" })
      assert.equal("sig.mismatch", err.code)
      assert.equal("sig.mismatch: " .. err.message, tostring(err))
    end)
  end)

  describe("decrypt and encrypt", function()
    it("are inverse for any bytes", function()
      local bytes = ""
      for i = 0, 255 do bytes = bytes .. string.char(i) end
      for n = 0, 256, 17 do
        local text, id, key = codec.decrypt { aes_key = KEY, appid = APPID,
          encrypt = codec.encrypt { aes_key = KEY, text = bytes:sub(1, n), appid = APPID } }
        assert.equal(bytes:sub(1, n), text)
        assert.equal(APPID, id)
        assert.equal(1, key)
      end
    end)

    it("seal the same text differently each time", function()
      local a = codec.encrypt { aes_key = KEY, text = "x", appid = APPID }
      assert.not_equal(a, codec.encrypt { aes_key = KEY, text = "x", appid = APPID })
    end)

    it("try the keys in order and name the first one's fault", function()
      local encrypt = codec.encrypt { aes_key = OLD_KEY, text = "x", appid = APPID }
      assert.equal(2, select(3, codec.decrypt { aes_key = { KEY, OLD_KEY }, encrypt = encrypt }))
      refused("padding", codec.decrypt { aes_key = { KEY }, encrypt = encrypt })
      refused("appid", codec.decrypt { aes_key = { OLD_KEY, KEY }, encrypt = encrypt, appid = "wxtest0000000002" })
    end)

    it("check the id only when it is given", function()
      local encrypt = codec.encrypt { aes_key = KEY, text = "x", appid = APPID }
      assert.equal(APPID, select(2, codec.decrypt { aes_key = KEY, encrypt = encrypt }))
      assert.equal("sig.appid", refused("appid", codec.decrypt { aes_key = KEY, encrypt = encrypt, appid = "wx" }).code)
    end)

    it("refuse a key that is none", function()
      refused("aes_key", codec.decrypt { aes_key = "short", encrypt = "AAAA" })
      refused("aes_key", codec.encrypt { aes_key = KEY .. "H", text = "x", appid = APPID })
      refused("aes_key", codec.check_aes_key "short")
      assert.is_true(codec.check_aes_key(KEY))
    end)

    it("raise on misuse", function()
      assert.has_error(function() codec.decrypt { encrypt = "AAAA" } end)
      assert.has_error(function() codec.decrypt { aes_key = {}, encrypt = "AAAA" } end)
      assert.has_error(function() codec.decrypt { aes_key = { KEY, KEY, KEY, KEY }, encrypt = "AAAA" } end)
      assert.has_error(function() codec.decrypt { aes_key = { false }, encrypt = "AAAA" } end)
      assert.has_error(function() codec.encrypt { aes_key = KEY, text = "x" } end)
      assert.has_error(function()
        codec.encrypt { aes_key = KEY, text = "x", appid = APPID, random = ("r"):rep(15) }
      end)
    end)
  end)

  describe("open", function()
    it("reads a plain push in either form", function()
      for form, body in pairs { xml = XML, json = JSON } do
        local raw, info = codec.open(plain, query(), body, NOW)
        assert.equal("你好", raw.Content)
        assert.equal("6054768590064713728", raw.MsgId)
        assert.same({ form = form, sealed = false, text = body }, info)
      end
    end)

    it("reads a safe push in either form", function()
      for form, text in pairs { xml = XML, json = JSON } do
        local q, body = sealed_push(text)
        local raw, info = codec.open(safe, q, body, NOW)
        assert.equal("你好", raw.Content)
        assert.is_nil(raw.Encrypt)
        assert.same({ form = form, sealed = true, text = text, key = 1, receive_id = APPID }, info)
      end
    end)

    it("is safe by default where there is a key", function()
      refused("mode", codec.open(with(plain, { aes_key = KEY }), query(), XML, NOW))
    end)

    it("follows a key rotation", function()
      local q, body = sealed_push(XML, OLD_KEY)
      local _, info = codec.open(with(safe, { aes_key = { KEY, OLD_KEY } }), q, body, NOW)
      assert.equal(2, info.key)
      refused("padding", codec.open(safe, q, body, NOW))
    end)

    it("refuses what the account's mode does not allow", function()
      refused("mode", codec.open(safe, query(), XML, NOW))
      refused("mode", codec.open(safe, "", XML, NOW))
      local q, body = sealed_push(XML)
      refused("mode", codec.open(plain, q, body, NOW))
    end)

    it("refuses what is stale, forged, foreign or malformed", function()
      refused("stale", codec.open(plain, query(), XML, NOW + 301))
      assert.is_table(codec.open(with(plain, { window = 400 }), query(), XML, NOW + 400))
      refused("signature", codec.open(with(plain, { token = "other" }), query(), XML, NOW))
      refused("missing", codec.open(plain, "timestamp=1700000000", XML, NOW))
      refused("duplicate", codec.open(plain, query() .. "&nonce=15", XML, NOW))
      refused("account", codec.open(with(plain, { username = "gh_other" }), query(), XML, NOW))
      local q, body = sealed_push(XML, KEY, "wxtest0000000002")
      refused("appid", codec.open(safe, q, body, NOW))
      assert.equal("push.empty", refused("empty", codec.open(plain, query(), "", NOW)).code)
      assert.equal("xml.syntax", refused("syntax", codec.open(plain, query(), "<xml>", NOW)).code)
      refused("incomplete", codec.open(plain, query(), "<xml><A>1</A></xml>", NOW))
    end)

    it("uses the clock when no time is given", function()
      local t = math.floor(time.now())
      assert.is_table(codec.open(plain, query(nil, t), XML))
      refused("stale", codec.open(plain, query(), XML))
    end)

    it("raises on misuse", function()
      assert.has_error(function() codec.open(nil, query(), XML) end)
      assert.has_error(function() codec.open({}, query(), XML) end)
      assert.has_error(function() codec.open(plain, query()) end)
      assert.has_error(function() codec.open(with(plain, { mode = "secret" }), query(), XML) end)
      assert.has_error(function() codec.open(with(plain, { window = -1 }), query(), XML) end)
      assert.has_error(function() codec.open(plain, query(), XML, 0 / 0) end)
    end)
  end)

  describe("seal", function()
    local function unseal(envelope, key)
      local e = assert(codec.parse(envelope))
      assert.is_true(codec.verify { token = "wxtesttoken", timestamp = e.TimeStamp, nonce = e.Nonce,
        signature = e.MsgSignature, encrypt = e.Encrypt })
      return e, codec.decrypt { aes_key = key or KEY, encrypt = e.Encrypt, appid = APPID }
    end

    it("answers in the form and with the key of the push", function()
      for form, text in pairs { xml = XML, json = JSON } do
        local q, body = sealed_push(text, OLD_KEY)
        local account = with(safe, { aes_key = { KEY, OLD_KEY } })
        local _, info = codec.open(account, q, body, NOW)
        local envelope = codec.seal(account, info, "answer", NOW)
        local e, answer = unseal(envelope, OLD_KEY)
        assert.equal("answer", answer)
        assert.equal("1700000000", e.TimeStamp)
        assert.is_truthy(e.Nonce:find "^%d+$")
        assert.equal(form, select(2, codec.parse(envelope)))
      end
    end)

    it("writes TimeStamp as a number in JSON", function()
      local envelope = codec.seal(safe, { sealed = true, form = "json" }, "x", NOW)
      assert.is_truthy(envelope:find('"TimeStamp":1700000000,', 1, true))
    end)

    it("leaves the answer to a plain push alone", function()
      local _, info = codec.open(plain, query(), XML, NOW)
      assert.equal("answer", codec.seal(plain, info, "answer", NOW))
      assert.equal("", codec.seal(plain, info, "", NOW))
    end)

    it("takes the account's appid and first key by default", function()
      local _, answer, id = unseal(codec.seal(safe, { sealed = true }, "x"))
      assert.equal("x", answer)
      assert.equal(APPID, id)
    end)

    it("raises on misuse", function()
      assert.has_error(function() codec.seal(plain, { sealed = true }, "x") end)
      assert.has_error(function() codec.seal(safe, { sealed = true, key = 2 }, "x") end)
      assert.has_error(function() codec.seal(safe, { sealed = true, form = "yaml" }, "x") end)
      assert.has_error(function() codec.seal(safe, { sealed = true, receive_id = ("x"):rep(64) }, "x") end)
    end)
  end)

  describe("verify_url", function()
    it("gives back echostr, decoded", function()
      assert.equal("<b>43 7", codec.verify_url(plain, query() .. "&echostr=%3Cb%3E43+7", NOW))
      assert.equal("4375", codec.verify_url(safe, query() .. "&echostr=4375", NOW))
    end)

    it("shows nothing to a stranger", function()
      refused("missing", codec.verify_url(plain, "echostr=x", NOW))
      refused("signature", codec.verify_url(with(plain, { token = "other" }), query() .. "&echostr=x", NOW))
      refused("stale", codec.verify_url(plain, query() .. "&echostr=x", NOW - 301))
      refused("too_long", codec.verify_url(plain, query() .. "&echostr=" .. ("x"):rep(1025), NOW))
    end)
  end)

  describe("parse", function()
    it("reads either form", function()
      local raw, form = codec.parse "<xml><A>1</A><B><C>x</C></B></xml>"
      assert.same({ A = "1", B = { C = "x" } }, raw)
      assert.equal("xml", form)
      raw, form = codec.parse '{"A":1,"B":{"C":"x"}}'
      assert.same({ A = "1", B = { C = "x" } }, raw)
      assert.equal("json", form)
    end)

    it("refuses anything else", function()
      refused("empty", codec.parse "")
      refused("form", codec.parse "hello")
      refused("doctype", codec.parse "<!DOCTYPE xml []><xml/>")
    end)
  end)

  describe("build", function()
    local head <const> = { to = "oUser", from = "gh_test", created = NOW }

    -- One reply of each kind with every field set.
    local function sample(kind)
      local reply = { type = kind.name }
      for _, f in ipairs(kind.fields) do reply[f.key] = f.key == "status" and 1 or f.key .. "值" end
      if reply.articles then
        reply.articles = { { title = "T1", description = "D", pic_url = "P", url = "U" }, { title = "T2" } }
      end
      return reply
    end

    it("writes every kind in both forms, to the user", function()
      assert.is_true(#codec.reply_types() >= 11)
      for _, kind in ipairs(codec.reply_types()) do
        for _, form in ipairs { "xml", "json" } do
          local text, cut = codec.build(sample(kind), with(head, { form = form }))
          local raw, have = codec.parse(text)
          assert.equal(form, have)
          assert.is_nil(cut)
          assert.equal("oUser", raw.ToUserName)
          assert.equal("gh_test", raw.FromUserName)
          assert.equal("1700000000", raw.CreateTime)
          assert.equal(kind.msgtype, raw.MsgType)
        end
      end
    end)

    it("names each field that is missing", function()
      for _, kind in ipairs(codec.reply_types()) do
        for _, f in ipairs(kind.fields) do
          local reply = sample(kind)
          reply[f.key] = nil
          local text, err = codec.build(reply, head)
          if f.required then
            assert.is_nil(text)
            assert.equal("reply.field", err.code)
            assert.equal(f.key, err.field)
          else
            assert.is_string(text)
          end
        end
      end
    end)

    it("refuses what is no reply", function()
      for _, reply in ipairs { {}, { type = "poem" }, { type = true }, { type = {} } } do
        assert.equal("reply.type", refused("type", codec.build(reply, head)).code)
      end
      for _, content in ipairs { "", true, {}, 1.5 } do
        assert.equal("content", refused("field", codec.build({ type = "text", content = content }, head)).field)
      end
      refused("field", codec.build({ type = "news", articles = {} }, head))
      refused("field", codec.build({ type = "news", articles = "x" }, head))
      refused("field", codec.build({ type = "news", articles = { "x" } }, head))
      local odd = { type = "news", articles = { { title = "T", url = {} } } }
      assert.equal("url", refused("field", codec.build(odd, head)).field)
      assert.equal("status", refused("field", codec.build({ type = "device_status", device_type = "t", device_id = "d",
        status = "on" }, head)).field)
    end)

    it("takes integers as text", function()
      assert.equal("42", codec.parse(codec.build({ type = "text", content = 42 }, head)).Content)
    end)

    it("keeps many numbers alive until they are written", function()
      local articles = {}
      for i = 1, 8 do articles[i] = { title = i * 1000, description = i * 100, pic_url = i * 10, url = i } end
      local items = codec.parse(codec.build({ type = "news", articles = articles }, head)).Articles.item
      for i = 1, 8 do
        assert.same({ Title = tostring(i * 1000), Description = tostring(i * 100), PicUrl = tostring(i * 10),
          Url = tostring(i) }, items[i])
      end
    end)

    it("encodes the content of device replies", function()
      local raw = codec.parse(codec.build({ type = "device_text", device_type = "t", device_id = "d", session_id = "s",
        content = "foob" }, head))
      assert.equal("Zm9vYg==", raw.Content)
    end)

    it("nests what WeChat nests", function()
      local raw = codec.parse(codec.build({ type = "transfer", account = "kf1@gh_test" }, head))
      assert.equal("kf1@gh_test", raw.TransInfo.KfAccount)
      assert.is_nil(codec.parse(codec.build({ type = "transfer" }, head)).TransInfo)
      raw = codec.parse(codec.build({ type = "hardware", view = "myrank", action = "ranklist" }, head))
      assert.same({ MessageView = "myrank", MessageAction = "ranklist" }, raw.HardWare)
      assert.equal("0", raw.FuncFlag)
    end)

    it("cuts to WeChat's limits and says so", function()
      local text, cut = codec.build({ type = "text", content = ("你"):rep(700) }, head)
      assert.equal(("你"):rep(682), codec.parse(text).Content)
      assert.same({ text_bytes = 54, articles = 0 }, cut)
      local articles = {}
      for i = 1, 10 do articles[i] = { title = "T" .. i } end
      text, cut = codec.build({ type = "news", articles = articles }, head)
      assert.equal("8", codec.parse(text).ArticleCount)
      assert.same({ text_bytes = 0, articles = 2 }, cut)
      text, cut = codec.build({ type = "news", articles = articles }, with(head, { articles = 1 }))
      assert.equal("1", codec.parse(text).ArticleCount)
      assert.equal(9, cut.articles)
    end)

    it("lets no text out of its element", function()
      for _, evil in ipairs { "]]><ToUserName>evil</ToUserName><![CDATA[", "]]>", "]]]]>>", "\"},{\"", "</Content>" } do
        for _, form in ipairs { "xml", "json" } do
          local raw = codec.parse(codec.build({ type = "text", content = evil }, with(head, { form = form })))
          assert.equal(evil, raw.Content)
          assert.equal("oUser", raw.ToUserName)
        end
      end
    end)

    it("mends what is not UTF-8 or not XML", function()
      local text = codec.build({ type = "text", content = "a\0\8\xFFz\n" }, head)
      assert.equal("a\u{FFFD}\u{FFFD}\u{FFFD}z\n", codec.parse(text).Content)
    end)

    it("raises on misuse", function()
      assert.has_error(function() codec.build("hi", head) end)
      assert.has_error(function() codec.build({ type = "text", content = "x" }) end)
      assert.has_error(function() codec.build({ type = "text", content = "x" }, { to = "o" }) end)
      assert.has_error(function() codec.build({ type = "text", content = "x" }, with(head, { created = "now" })) end)
    end)
  end)

  describe("jssdk_sign and card_sign", function()
    it("drop the fragment of the url", function()
      local page = { ticket = "T", noncestr = "N", timestamp = 1414587457, url = "http://example.com/?a=b" }
      assert.equal(codec.jssdk_sign(page), codec.jssdk_sign(with(page, { url = page.url .. "#/route" })))
    end)

    it("sort the values of a card, whatever their order", function()
      assert.equal("f7c3bc1d808e04732adf679965ccc34ca7ae3441", codec.card_sign { "789", 456, "123" })
      assert.equal(codec.card_sign { "a", "b" }, codec.card_sign { "b", "", "a" })
    end)

    it("raise on misuse", function()
      assert.has_error(function() codec.jssdk_sign { ticket = "T" } end)
      assert.has_error(function() codec.card_sign {} end)
      assert.has_error(function() codec.card_sign { 1, 2, 3, 4, 5, 6, 7, 8, 9 } end)
      assert.has_error(function() codec.card_sign { {} } end)
    end)
  end)

  it("has the functions that lua/meta describes, and no others", function()
    local here = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or "./"
    local file = assert(io.open(here .. "../../lua/meta/codec.lua"))
    local described = {}
    for name in file:read("a"):gmatch "\nfunction codec%.([%w_]+)" do described[name] = "function" end
    file:close()
    local real = {}
    for name, value in pairs(codec) do real[name] = type(value) end
    assert.same(described, real)
  end)
end)
