-- What is told before WeChat is asked: missing, unknown, of another type, over a limit.

local catalogue = require "weiyue.api.catalogue"
local fields = require "weiyue.api.fields"
local json = require "weiyue.json"
local notation = require "weiyue.api.notation"
local request = require "weiyue.api.request"
local sample = require "weiyue.api.sample"

local CTX <const> = { token = "wxtest", appid = "wxtest0123456789ab", secret = "wxtest-secret" }

-- The JSON that these fields make of the arguments, or what is wrong with these.
local function body_of(text, args, ctx)
  local list = assert(notation.read(text))
  local query, body = fields.take(nil, list, args, ctx or {})
  if not query then return nil, body.en, body.zh, body.path end
  return assert(fields.json(body))
end

local function fault_of(...) return (select(2, body_of(...))) end

local function many(n, value)
  local list = {}
  for i = 1, n do list[i] = value end
  return list
end

describe("the notation of fields", function()
  it("is told where it is wrong", function()
    for text, why in pairs {
      ["a,,b"] = "a field's name is missing at byte 3", ["a{b"] = "} expected", ["a[x"] = "] expected", ["a b"] = "it should end",
      ["a:what"] = "no such type", ["a[5]"] = "a list's limit", ["a="] = "a default is a word", ["9a"] = "a field's name is missing",
      ["a>"] = "a field's name is missing",
    } do
      local list, err = notation.read(text)
      assert.is_nil(list, text)
      assert.matches(why, err, 1, true)
    end
  end)

  it("knows numbered fields, and that others may be given", function()
    assert.equal('{"v1":1,"v3":3}', body_of("v1..3?", { v3 = 3, v1 = 1 }))
    assert.matches("no field v4", fault_of("v1..3?", { v4 = 1 }))
    assert.equal('{"a":1,"b":{"z":1},"c":[2]}', body_of("a, ...", { c = { 2 }, b = { z = 1 }, a = 1 }))
    assert.equal('{"o":{"a":1,"z":{}}}', body_of("o{a, ...}", { o = { z = {}, a = 1 } }))
    assert.equal("o.1 is no field's name", fault_of("o{a?, ...}", { o = { "x" } }))
  end)
end)

describe("arguments", function()
  it("leave in the order of the row", function()
    assert.equal('{"c":1,"b":{"z":2,"y":[{"m":3,"l":4}]},"a":5}',
      body_of("c, b{z, y[]{m, l}}, a", { a = 5, b = { y = { { l = 4, m = 3 } }, z = 2 }, c = 1 }))
  end)

  it("are raw UTF-8: no escape but those that JSON needs", function()
    assert.equal('{"content":"你好 &<>/ \\"\\\\\\n\\u0001é😀"}', body_of("content", { content = '你好 &<>/ "\\\n\1é😀' }))
    assert.equal('{"data":{"a/b":"c/d"}}', body_of("data{}", { data = { ["a/b"] = "c/d" } }))
  end)

  it("that are not UTF-8 are refused", function()
    local made, err = request.build(catalogue.find "message_custom.send", { touser = "o", text = { content = "\xC4\xE3" } }, CTX)
    assert.is_nil(made)
    assert.equal("api.field", err.code)
    assert.matches("UTF%-8", err.message)
  end)

  it("have ids of 64 bits exact", function()
    assert.equal('{"msg_id":9223372036854775807}', body_of("msg_id", { msg_id = math.maxinteger }))
    assert.equal('{"msg_id":"18446744073709551615"}', body_of("msg_id", { msg_id = "18446744073709551615" }))
    assert.matches("msg_id must be an integer or its digits, not 1.5", fault_of("msg_id", { msg_id = 1.5 }))
  end)

  it("that are missing are named, and null counts as missing", function()
    assert.same({ nil, "a.b is missing", "缺少 a.b", "a.b" }, { body_of("a{b, c?}", { a = { c = 1 } }) })
    assert.equal("a is missing", fault_of("a", { a = json.null }))
    assert.equal("{}", body_of("a?", { a = json.null }))
  end)

  it("that are unknown are named with the nearest, wherever they stand", function()
    assert.same({ nil, "no field text.contnet; the nearest is content", "没有字段 text.contnet；最接近的是 content", "text.contnet" },
      { body_of("text{content}", { text = { contnet = "x" } }) })
    assert.matches("no field z; it has: aaa, bbb", fault_of("aaa?, bbb?", { z = 1 }))
    assert.matches("no field 1; it has", fault_of("aaa?", { "x" }))
    assert.matches("no field list%[2%]%.x", fault_of("list[]{a}", { list = { { a = 1 }, { a = 1, x = 1 } } }))
  end)

  it("of another type are told, those of the same meaning taken", function()
    for _, case in ipairs {
      { "n:int", { n = "12" }, '{"n":12}' }, { "n:int", { n = 12.0 }, '{"n":12}' }, { "s:str", { s = 12 }, '{"s":"12"}' },
      { "s:str", { s = 39.8 }, '{"s":"39.8"}' }, { "b(0|1)", { b = true }, '{"b":1}' }, { "b(0|1)", { b = false }, '{"b":0}' },
      { "j:json", { j = { a = 1 } }, '{"j":"{\\"a\\":1}"}' }, { "j:json", { j = "[]" }, '{"j":"[]"}' }, { "b:bool", { b = false }, '{"b":false}' },
      { "n:num", { n = "1.5" }, '{"n":1.5}' }, { "l[]", { l = {} }, '{"l":[]}' }, { "o{}", { o = { 1, 2 } }, '{"o":[1,2]}' },
      { "x", { x = false }, '{"x":false}' },
    } do
      assert.equal(case[3], (body_of(case[1], case[2])), case[1])
    end
    for _, case in ipairs {
      { "n:int", "x", 'n must be an integer, not "x"' }, { "n:int", 1.5, "n must be an integer, not 1.5" },
      { "n:int", true, "n must be an integer, not true" }, { "s:str", {}, "s must be a text, not table" },
      { "s:str", true, "s must be a text, not true" }, { "b:bool", 1, "b must be true or false, not 1" },
      { "l[]", "x", 'l must be a list, not "x"' }, { "l[]", { a = 1 }, "l must be a list, not table" },
      { "o{a}", "x", 'o must be a table, not "x"' }, { "m{<key>{value}}", 5, "m must be a table, not 5" },
      { "m{<key>{value}}", { 5 }, "m must be a table, not table" }, { "f:file", 5, "f must be a path" },
      { "n:num", true, "n must be a number, not true" }, { "f:file", {}, "f must be a path" },
      { "l[]", { "a", nil, "c" }, "l has a hole: item 2 is nil" }, { "l[]", { "a", [0] = "b" }, "l has a hole" },
      { "f:file", { data = 5 }, "f.data must be a text, not 5" },
      { "f:file", { data = "x", filename = {} }, "f.filename must be a text, not table" },
      { "f:file", { data = "x", type = "a/b\r\nX: y" }, "f.type must be a text of one line" },
    } do
      local name = case[1]:match "^%a+"
      assert.matches(case[3], fault_of(case[1], { [name] = case[2] }), 1, true)
    end
  end)

  it("over a limit are told with the limit", function()
    assert.matches("openid_list takes ≤50 items, and has 51", fault_of("openid_list[<=50]", { openid_list = many(51, "o") }))
    assert.is_string((body_of("openid_list[<=50]", { openid_list = many(50, "o") })))
    assert.matches("touser takes 2–10000 items, and has 1", fault_of("touser[2..10000]", { touser = { "o" } }))
    assert.matches("name takes ≤30 bytes, and has 33", fault_of("name(<=30 bytes)", { name = ("广"):rep(11) }))
    assert.is_string((body_of("name(<=30 bytes)", { name = ("广"):rep(10) })))
    assert.matches("remark takes ≤29 characters, and has 30", fault_of("remark(<30 chars)", { remark = ("广"):rep(30) }))
    assert.is_string((body_of("remark(<30 chars)", { remark = ("广"):rep(29) })))
    assert.matches("count takes 1–20, and has 21", fault_of("count(1-20)", { count = 21 }))
    assert.matches("count takes 1–20, and has 0", fault_of("count(1-20)", { count = "0" }))
    assert.matches("long_data takes ≤4096 bytes, and has 4097", fault_of("long_data(<=4 KB)", { long_data = ("x"):rep(4097) }))
    assert.matches("articles takes 1 items, and has 2", fault_of("articles[1..1]{title}", { articles = many(2, { title = "x" }) }))
  end)

  it("with alternatives must be one of them", function()
    assert.matches("t must be one of image / image, voice, not \"imag\"", fault_of("t(image|voice)", { t = "imag" }))
    assert.matches("scene must be one of 1, 2, not 3", fault_of("scene(1 a, 2 b)", { scene = 3 }))
    assert.matches("version must be one of 2, not 1", fault_of("version=2", { version = 1 }))
  end)

  it("get defaults, of the row and of the account", function()
    assert.equal('{"version":2,"lang":"zh_CN","appid":"wxtest"}',
      (body_of("version=2, lang(zh_CN|en)=zh_CN, appid=@appid", {}, { appid = "wxtest" })))
    assert.equal('{"lang":"en","appid":"other"}',
      (body_of("lang(zh_CN|en)=zh_CN, appid=@appid", { lang = "en", appid = "other" }, { appid = "wxtest" })))
    assert.equal("appid is missing", fault_of("appid=@appid", {}, {}))
  end)

  it("need one of what goes together", function()
    assert.equal('{"b":1,"c":2}', (body_of("a|b+c?", { b = 1, c = 2 })))
    assert.equal('{"a":1}', (body_of("a|b+c?", { a = 1 })))
    assert.equal("one of these is missing: a | b+c?", fault_of("a|b+c?", {}))
    assert.equal("one of these is missing: a | b+c?", fault_of("a|b+c?", {}))
    assert.equal("y is missing", fault_of("a|x+y", { x = 1 }))
    assert.equal("{}", (body_of("a?|b?", {})))
  end)

  it("that name one another fill the name in, and must agree", function()
    local row <const> = "t>text{content}|image{media_id}|image/images{ids[]}"
    assert.equal('{"t":"text","text":{"content":"x"}}', (body_of(row, { text = { content = "x" } })))
    assert.equal('{"t":"image","images":{"ids":["1"]}}', (body_of(row, { images = { ids = { "1" } } })))
    assert.equal('{"t":"image","images":{"ids":["1"]}}', (body_of(row, { t = "image", images = { ids = { "1" } } })))
    assert.equal('image does not go with t = "text"', fault_of(row, { t = "text", text = { content = "x" }, image = { media_id = "m" } }))
    assert.matches('images does not go with t = "image"', fault_of(row, { image = { media_id = "m" }, images = { ids = { "1" } } }))
    assert.equal("text is missing", fault_of(row, { t = "text" }))
    assert.equal('{"t":"image","image":{"id":"1"}}', (body_of("t>image|voice{id}", { image = { id = "1" } })))
    assert.equal("image.id is missing", fault_of("t>image|voice{id}", { image = {} }))
    assert.equal("t is missing: one of text, image", fault_of(row, {}))
    assert.matches('t must be one of text, image, not "voice"', fault_of(row, { t = "voice" }))
  end)
end)

describe("a call that is refused before it is sent", function()
  it("says which, why, an example, and where to read on", function()
    local made, err = request.build(catalogue.find "tag.batch_tagging", { openid_list = many(51, "o"), tagid = 1 }, CTX)
    assert.is_nil(made)
    assert.equal("api.field", err.code)
    assert.equal("openid_list", err.field)
    assert.equal("tag.batch_tagging", err.api)
    assert.equal("openid_list takes ≤50 items, and has 51", err.message)
    assert.equal('openid_list 限 ≤50 项，现在是 51 项，例如 openid_list = { "OPENID_LIST" }；weiyue api show tag.batch_tagging 列出全部字段', err.hint)
    assert.equal('for example openid_list = { "OPENID_LIST" }; weiyue api show tag.batch_tagging lists all fields', err.hint_en)
    assert.equal("tag.batch_tagging: api.field: openid_list takes ≤50 items, and has 51", tostring(err))
  end)

  it("never names a secret", function()
    for _, key in ipairs { "token.get", "token.stable", "oauth.access_token", "wxa_login.jscode2session" } do
      local _, err = request.build(catalogue.find(key), { wrong = "x" }, CTX)
      assert.is_nil((tostring(err) .. err.hint .. err.hint_en):find "wxtest%-secret")
    end
  end)

  it("has no token", function()
    local made, err = request.build(catalogue.find "menu.get", {}, {})
    assert.is_nil(made)
    assert.equal("api.token", err.code)
  end)

  it("is a misuse when the arguments are no table", function()
    assert.has_error(function() request.build(catalogue.find "menu.get", "x", CTX) end, "menu.get takes a table of fields")
  end)
end)

describe("a request", function()
  it("goes to the base that the account has, other hosts to theirs", function()
    local function url(key, args, ctx) return assert(request.build(catalogue.find(key), args, ctx)).url end
    assert.equal("http://127.0.0.1:1/cgi-bin/menu/get?access_token=t", url("menu.get", nil, { token = "t", base = "http://127.0.0.1:1" }))
    assert.equal("https://x/p/cgi-bin/menu/get?access_token=t", url("menu.get", nil, { token = "t", base = "https://x/p/" }))
    assert.equal("https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=a", url("qrcode.show", { ticket = "a" }, { base = "http://127.0.0.1:1" }))
    assert.equal("http://127.0.0.1:2/cgi-bin/showqrcode?ticket=a",
      url("qrcode.show", { ticket = "a" }, { hosts = { ["mp.weixin.qq.com"] = "http://127.0.0.1:2" } }))
  end)

  it("escapes its parameters, the token's too: neither makes a header or another parameter", function()
    local bad = request.build(catalogue.find "user.info", { openid = "o\r\nHost: x" }, { token = "t\r\n&appid=x\"" })
    assert.equal("https://api.weixin.qq.com/cgi-bin/user/info?access_token=t%0D%0A%26appid%3Dx%22&openid=o%0D%0AHost%3A%20x&lang=zh_CN", bad.url)
    local made = request.build(catalogue.find "media.get", { media_id = "a b&c=é" }, { token = "x+/=" })
    assert.equal("https://api.weixin.qq.com/cgi-bin/media/get?access_token=x%2B%2F%3D&media_id=a%20b%26c%3D%C3%A9", made.url)
  end)

  it("has room for bytes, and a file for them when one is named", function()
    local made = request.build(catalogue.find "media.get", { media_id = "m" }, { token = "t", to = "a.jpg" })
    assert.equal("a.jpg", made.to)
    assert.is_true(made.max > 10 * 1024 * 1024)
    assert.is_nil(request.build(catalogue.find "menu.get", {}, CTX).max)
  end)

  it("needs one of the ways in which a picture can be given", function()
    local _, err = request.build(catalogue.find "ocr.idcard", {}, CTX)
    assert.equal("one of these is missing: img_url | img", err.message)
    assert.is_nil(request.build(catalogue.find "ocr.idcard", { img_url = "https://p" }, CTX).multipart)
  end)

  it("names its files so that WeChat takes them", function()
    local function part(media, kind)
      return request.build(catalogue.find "media.upload", { type = kind or "image", media = media }, CTX).multipart[1]
    end
    assert.equal("a.jpg", part("x/y/a.jpg").filename)
    assert.equal("media.gif", part({ data = "GIF89a" }).filename)
    assert.equal("image/gif", part({ data = "GIF89a" }).type)
    assert.equal("media.mp3", part({ data = "?" }, "voice").filename)
    assert.equal("图.png", part({ data = "\x89PNG", filename = "图" }).filename)
    assert.equal("a_b__c.jpg", part({ data = "x", filename = 'a"b\r\nc.jpg' }).filename)
    assert.equal("application/octet-stream", part({ data = "x", filename = "a.xyz" }).type)
    assert.equal("audio/x", part({ data = "x", filename = "a.amr", type = "audio/x" }).type)
    assert.is_nil(part({ data = "x", path = "p" }).file)
  end)

  it("sends raw bytes from a file or from memory", function()
    local made = request.build(catalogue.find "voice.add_reco", { voice_id = "v", data = "a.mp3" }, CTX)
    assert.equal("a.mp3", made.file)
    assert.is_nil(made.body)
    made = request.build(catalogue.find "voice.add_reco", { voice_id = "v", data = { data = "x" } }, CTX)
    assert.equal("x", made.body)
    made = request.build(catalogue.find "voice.translate", { lfrom = "zh_CN", lto = "en_US", content = "你好" }, CTX)
    assert.equal("你好", made.body)
    assert.equal("text/plain; charset=utf-8", made.headers["Content-Type"])
    local _, err = request.build(catalogue.find "voice.translate", { lfrom = "zh_CN", lto = "en_US", content = ("x"):rep(601) }, CTX)
    assert.equal("content takes ≤600 bytes, and has 601", err.message)
    assert.equal("f takes ≤3 bytes, and has 4", fault_of("f:file(<=3 bytes)", { f = { data = "1234" } }))
  end)
end)

describe("an example", function()
  it("is taken as it stands, as Lua and as a table, by every row", function()
    catalogue.each(function(row)
      for n = 1, 2 do
        local args = assert(load("return " .. sample.lua(row, n), "=example", "t", {}))()
        assert.same(sample.arguments(row, n), args, row.key)
        local ctx = { token = "t", appid = "a", secret = "s", component_appid = "c", component_secret = "cs", component_verify_ticket = "v" }
        assert.is_table((assert(request.build(row, args, ctx))))
      end
    end)
  end)
end)
