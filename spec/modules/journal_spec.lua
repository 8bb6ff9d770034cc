-- What a journal holds, and what it does not: lua/weiyue/journal.

local journal = require "weiyue.journal"
local json = require "weiyue.json"
local redact = require "weiyue.journal.redact"

local OPENID <const> = "oJournalUser_0123456789-abcd"

describe("weiyue.journal", function()
  local function writer() return journal.writer("wxtestsecret", "0123456789abcdef") end

  local function push(write, body, more)
    local item = { kind = "push", at = 1700000000.5, account = "demo", push = "aa", user = OPENID, body = body, attempt = 1 }
    for key, value in pairs(more or {}) do item[key] = value end
    return json.decode(assert(write(item)))
  end

  local function call(write, body)
    return json.decode(assert(write { kind = "call", at = 1, account = "demo", push = "aa", user = "",
      body = json.encode(body) }))
  end

  local function answer(write, body)
    return json.decode(assert(write { kind = "answer", at = 2, account = "demo", push = "aa", user = OPENID, way = "reply",
      ms = 3, body = body }))
  end

  local function text(content, user)
    return ("<xml><ToUserName><![CDATA[gh_a]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>1700000000"
      .. "</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content><MsgId>6054768590064713728</MsgId>"
      .. "</xml>"):format(user or OPENID, content)
  end

  it("keeps what was said, and ids of messages", function()
    local line = push(writer(), text "你好")
    assert.same({ FromUserName = line.user, CreateTime = "1700000000", MsgType = "text", Content = "你好",
      MsgId = "6054768590064713728" }, line.message)
    assert.equal(1700000000.5, line.at)
  end)

  it("has one word for a user in one journal, and another in another", function()
    local one, same = push(writer(), text "a").user, push(writer(), text "b").user
    local other = push(journal.writer("wxtestsecret", "fedcba9876543210"), text "a").user
    assert.equal(one, same)
    assert.not_equal(one, other)
    assert.not_equal(one, push(journal.writer("wxtestother", "0123456789abcdef"), text "a").user)
    assert.matches("^o[%w_%-]+$", one)
    assert.equal(28, #one)
  end)

  it("knows JSON pushes as such", function()
    local line = push(writer(), '{"ToUserName":"gh_a","FromUserName":"' .. OPENID .. '","CreateTime":1,"MsgType":"text","Content":"x"}')
    assert.equal("json", line.form)
    assert.equal("x", line.message.Content)
  end)

  local masked = {
    ["13812345678"] = "^100%d%d%d%d%d%d%d%d$", ["+86 138 1234 5678"] = "^%+86 100 %d%d%d%d %d%d%d%d$",
    ["卡号6222021234567890123。"] = "^卡号000000%d+。$", ["1101011990030712 34"] = "^000000%d+ 34$",
    [("Ab3_"):rep(30)] = "^%*%*%*$", ["to " .. OPENID .. "!"] = "^to o[%w_%-]+!$",
    ["8613812345678"] = "^86 100%d%d%d%d%d%d%d%d$",
    ["https://wx.example.cn/in?a=1&token=wxtestvalue&b=2"] = "a=1&token=%*%*%*&b=2$",
    ["https://wx.example.cn/#access_token=wxtestvalue"] = "#access_token=%*%*%*$",
  }
  for _, around in ipairs { "qrscene_%s", "invite-%s_3", "%s_2", "to_%s" } do
    it("knows an openid beside other parts: " .. around, function()
      local line = push(writer(), text(around:format(OPENID)))
      assert.equal(around:format(line.user), line.message.Content)
    end)
  end

  for given, pattern in pairs(masked) do
    it("masks in what is written: " .. given, function()
      local got = push(writer(), text(given)).message.Content
      assert.matches(pattern, got)
      assert.not_equal(given, got)
    end)
  end

  for _, given in ipairs { "订单 20240229", "12:30", "1234567890", "3.14159", "https://wx.example.cn/a?b=1" } do
    it("leaves alone: " .. given, function() assert.equal(given, push(writer(), text(given)).message.Content) end)
  end

  it("tells a place to about a kilometre", function()
    local line = push(writer(), "<xml><ToUserName>gh_a</ToUserName><FromUserName>" .. OPENID .. "</FromUserName>"
      .. "<CreateTime>1</CreateTime><MsgType>location</MsgType><Location_X>39.915119</Location_X>"
      .. "<Location_Y>116.403963</Location_Y><Scale>15</Scale><Label>天安门</Label></xml>")
    assert.equal("39.92", line.message.Location_X)
    assert.equal("116.40", line.message.Location_Y)
    assert.equal("***", line.message.Label)
  end)

  for _, key in ipairs { "access_token", "refresh_token", "component_verify_ticket", "ticket", "secret", "session_key",
    "js_code", "auth_code", "pre_auth_code", "password", "encoding_aes_key" } do
    it("hides in calls: " .. key, function()
      local line = call(writer(), { api = "a.b", args = { [key] = "wxtestvalue" }, reply = { deep = { [key] = "wxtestvalue" } } })
      assert.equal("***", line.args[key])
      assert.equal("***", line.reply.deep[key])
    end)
  end

  it("hides in pushes who somebody is and where", function()
    local line = push(writer(), "<xml><FromUserName>" .. OPENID .. "</FromUserName><MsgType>event</MsgType>"
      .. "<Event>location_select</Event><addr>人民路 1 号</addr><bank_no>1</bank_no><nickname>小明</nickname>"
      .. "<Receiver><Name>王小明</Name><Tel>1</Tel></Receiver><component_phone>1234567</component_phone>"
      .. "<SendLocationInfo><Location_X>39.915119</Location_X>"
      .. "<Label>天安门</Label><Poiname>故宫</Poiname></SendLocationInfo></xml>").message
    assert.same({ "***", "***", "***" }, { line.addr, line.bank_no, line.nickname })
    assert.not_equal("1234567", line.component_phone)
    assert.equal("***", line.Receiver.Name)
    assert.same({ Location_X = "39.92", Label = "***", Poiname = "***" }, line.SendLocationInfo)
  end)

  it("hides names in replies, and in what is said for the same push", function()
    local write = writer()
    local line = call(write, { api = "user.info", args = { openid = OPENID }, reply = { nickname = "王小明", city = "上海" }, ms = 5 })
    assert.same({ nickname = "***", city = "上海" }, line.reply)
    assert.equal("***，你好", answer(write, "<xml><MsgType>text</MsgType><Content>王小明，你好</Content></xml>").reply.Content)
    assert.equal(5, line.ms)
  end)

  it("keeps an error's code", function()
    local line = call(writer(), { api = "a.b", args = {}, error = { code = 45015, message = "out of time " .. OPENID } })
    assert.equal(45015, line.error.code)
    assert.is_nil(line.error.message:find(OPENID, 1, true))
  end)

  it("has no users of an answer, and null where nothing was said", function()
    local write = writer()
    local line = answer(write, text "x")
    assert.same({ MsgType = "text", Content = "x", MsgId = "6054768590064713728" }, line.reply)
    assert.equal(json.null, answer(write).reply)
  end)

  it("names of one push do not hide those of another", function()
    local r = redact.new "wxtestkey"
    r:clean({ nickname = "小明" }, "one")
    assert.equal("***", r:said("小明", "one"))
    assert.equal("小明", r:said("小明", "two"))
  end)

  it("takes a user out who stands beside other parts", function()
    local r = redact.new "wxtestkey"
    local word = r:user(OPENID)
    assert.is_true(redact.names_one("to_" .. word .. "_2", { [word] = true }))
    assert.is_false(redact.names_one("to_" .. word .. "_2", { [r:user "oOther"] = true }))
  end)

  it("counts lines that lack what every one has as torn", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(journal.head "0123456789abcdef", "\n", [[
{"kind":"push","at":1,"account":"demo","push":"aa","message":{"MsgType":"text"}}
{"kind":"push","message":{}}
{"kind":"push","at":"x","account":"demo","push":"bb","message":{}}
{"kind":"call","at":1,"account":"demo","push":"aa"}
{"kind":"call","at":1,"account":"demo","push":"aa","api":"user.info","args":[1
{"kind":"answer","at":1,"way":"reply","reply":null}
{"kind":"answer","at":2,"account":"demo","push":"aa","way":"reply","reply":null}
null
]])
    file:close()
    local read = assert(journal.read(path))
    os.remove(path)
    assert.equal(1, #read.entries)
    assert.equal("reply", read.entries[1].way)
    assert.same({}, read.entries[1].calls)
    assert.equal(6, read.torn)
  end)

  it("takes users out of a file", function()
    local write, user = writer()
    local from, to = os.tmpname(), os.tmpname()
    local file = assert(io.open(from, "wb"))
    file:write(journal.head "0123456789abcdef", "\n",
      write { kind = "push", at = 1, account = "demo", push = "aa", user = OPENID, body = text "one" }, "\n",
      write { kind = "push", at = 1, account = "demo", push = "bb", user = "oOther", body = text(OPENID, "oOther") }, "\n",
      write { kind = "push", at = 1, account = "demo", push = "cc", user = "oOther", body = text("three", "oOther") },
      "\n")
    file:close()
    assert.is_true(journal.purge(from, to, { [user(OPENID)] = true }))
    local left = assert(journal.read(to))
    assert.equal(1, #left.entries)
    assert.equal("three", left.entries[1].message.Content)
    assert.is_false(journal.purge(to, from, { [user(OPENID)] = true }))
    os.remove(from)
    os.remove(to)
  end)
end)
