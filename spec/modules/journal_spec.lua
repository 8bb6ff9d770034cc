-- What a journal holds, and what it does not: lua/weiyue/journal.

local journal = require "weiyue.journal"
local json = require "weiyue.json"
local redact = require "weiyue.journal.redact"
local said = require "weiyue.replay.said"

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

  it("has the time zone of its host", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(journal.head "0123456789abcdef", "\n")
    file:close()
    local zone = os.getenv "TZ" or os.date("%z"):gsub("^([+-])(%d%d)(%d%d)$", function(sign, h, m)
      return ("<%s%s%s>%s%s:%s"):format(sign, h, m, sign == "+" and "-" or "+", h, m)
    end)
    assert.equal(zone, assert(journal.read(path)).zone)
    os.remove(path)
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
    ["１３８１２３４５６７８"] = "^１００[\xEF\xBC\x90-\x99]+$", ["138.1234.5678"] = "^100%.%d%d%d%d%.%d%d%d%d$",
    ["138—1234—5678"] = "^100—%d%d%d%d—%d%d%d%d$", ["+852 9123 4567"] = "^%+%d%d%d %d%d%d%d %d%d%d%d$",
    ["852-9123-4567"] = "^852%-000%d%-%d%d%d%d$", ["（010）8765 4321"] = "^（000）%d%d%d%d %d%d%d%d$",
    ["0755-8765432"] = "^000%d%-%d%d%d%d%d%d%d$", ["6222 0212 3456 7890 123"] = "^0000 00%d%d %d%d%d%d %d%d%d%d %d%d%d$",
    ["110101 19900307 123X"] = "^000000 %d%d%d%d%d%d%d%d %d%d%dX$",
    ["8613812345678"] = "^86100%d%d%d%d%d%d%d%d$",
    ["https://wx.example.cn/in?a=1&token=wxtestvalue&b=2"] = "a=1&token=%*%*%*&b=2$",
    ["https://wx.example.cn/#access_token=wxtestvalue"] = "#access_token=%*%*%*$",
  }
  for _, gap in ipairs { "\t", "\n", "·", "/", ",", "\u{2009}" } do
    masked["138" .. gap .. "1234" .. gap .. "5678"] = "^100" .. gap .. "%d%d%d%d" .. gap .. "%d%d%d%d$"
  end
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

  for _, given in ipairs { "订单 20240229", "12:30", "1234567890", "3.14159", "https://wx.example.cn/a?b=1",
    "2024-05-01 2024-06-01", "2024-05-01 09:00", "192.168.100.200", "139.168.100.20", "400-800-1234", "1700000000000",
    "2024/05/01 2024/06/01", "1,234,567", "39.915119,116.403963" } do
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

  it("has the same digits for a number, however it is written", function()
    local write = writer()
    local one, other = push(write, text "138 1234 5678").message.Content, push(write, text "１３８—１２３４５６７８").message.Content
    assert.equal(one:gsub(" ", ""), (other:gsub("—", ""):gsub("\xEF\xBC(.)", function(c)
      return string.char(c:byte() - 0x90 + 48)
    end)))
  end)

  it("masks numbers so that a replay, which masks them otherwise, says the same", function()
    local one, other = redact.new "wxtestone", redact.new "wxtestother"
    local heads = { "", "", "0", "00", "0085", "86", "+86", "0086", "852", "853", "886", "00852", "1", "13", "400" }
    local gaps = { "", "", "", " ", "-", ".", " - ", "，", "/", "," }
    math.randomseed(20240501)
    local function digits(n)
      local list = {}
      for i = 1, n do list[i] = math.random(0, 9) end
      return table.concat(list)
    end
    local function reply(r, content) return { said.reply(r:said({ MsgType = "text", Content = content }, "p")) } end
    for _ = 1, 10000 do
      local content = heads[math.random(#heads)]
      for _ = 1, math.random(1, 4) do content = content .. gaps[math.random(#gaps)] .. digits(math.random(2, 12)) end
      local old, new = reply(one, content), reply(other, content)
      assert(said.equal(old, new), content)
    end
    assert.is_true(said.equal(reply(one, "0085291234567"), reply(other, "0085291234567")))
  end)

  -- What WeChat pushes about one user, and what a handler makes of it later.
  local function event(name, fields)
    return ("<xml><FromUserName>%s</FromUserName><MsgType>event</MsgType><Event>%s</Event>%s</xml>"):format(OPENID, name,
      fields)
  end
  local function says(write, number, content)
    push(write, text "?", { push = "p" .. number })
    return json.decode(assert(write { kind = "answer", at = 2, account = "demo", push = "p" .. number, user = OPENID,
      way = "reply", ms = 1, body = "<xml><MsgType>text</MsgType><Content>" .. content .. "</Content></xml>" })).reply.Content
  end

  it("hides a name in later answers to the same user, too", function()
    local write = writer()
    push(write, text "who")
    call(write, { api = "user.info", args = { openid = OPENID }, reply = { nickname = "王小明", remark = "老王" } })
    assert.equal("***，你好，***", says(write, 2, "王小明，你好，老王"))
  end)

  it("hides what an API's kept answer had, which is told as a call", function()
    local line = call(writer(), { api = "user.info", args = { openid = OPENID }, cached = true, reply = { remark = "老王" } })
    assert.is_true(line.cached)
    assert.equal("***", line.reply.remark)
  end)

  it("hides in answers and calls what it hides in pushes", function()
    local write = writer()
    push(write, event("location_select", "<SendLocationInfo><Location_X>39.915119</Location_X>"
      .. "<Location_Y>116.403963</Location_Y><Label>天安门</Label><Poiname>故宫</Poiname></SendLocationInfo>"))
    assert.equal("***，***：39.92,116.40", says(write, 2, "天安门，故宫：39.915119,116.4040"))
    assert.equal("40.915119", says(write, 3, "40.915119"))
    assert.equal(39.92, call(write, { api = "a.b", args = { openid = OPENID, lat = 39.915119 } }).args.lat)
    push(write, event("user_get_card", "<UserCardCode>W12345</UserCardCode>"), { push = "card" })
    assert.equal("卡 ***", says(write, 4, "卡 W12345"))
    push(write, event("submit_invoice_title", "<phone>87654321</phone>"), { push = "phone" })
    assert.matches("^电话 100%d%d%d%d%d$", says(write, 5, "电话 87654321"))
  end)

  it("hides the code of a card", function()
    assert.equal("***", push(writer(), event("user_get_card", "<UserCardCode>W12345</UserCardCode>")).message.UserCardCode)
  end)

  it("hides who is written to by a timer", function()
    local write = writer()
    local function timers(body)
      return json.decode(assert(write { kind = "call", at = 1, account = "demo", push = "", user = "",
        body = json.encode(body) }))
    end
    timers { api = "user.info", args = { openid = OPENID }, reply = { nickname = "王小明" } }
    local line = timers { api = "message_custom.send", args = { touser = OPENID, text = { content = "王小明" } } }
    assert.equal("***", line.args.text.content)
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

  it("finds a user in a text of one letter", function()
    local r = redact.new "wxtestkey"
    local word, many = r:user(OPENID), ("o"):rep(2000)
    local users = { [word] = true }
    assert.is_true(redact.names_one(many .. word .. many, users))
    assert.is_true(redact.names_one(many .. "\"" .. word, users))
    assert.is_falsy(redact.names_one(many, users))
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

  it("knows what cannot be sent again", function()
    for _, kind in ipairs { { MsgType = "text" }, { MsgType = "event", Event = "CLICK" }, { InfoType = "authorized" } } do
      assert.is_true(said.is_message(kind))
      kind.FromUserName = {}
      assert.is_false(said.is_message(kind))
    end
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
