-- The pusher of the fake WeChat: each push that WeChat has a form for, made, signed, and opened by the host's
-- codec; answers read; what the user sees; when a push is sent again.
local codec = require "weiyue.codec"
local push = require "spec.support.push"
local pusher = require "weiyue.sandbox.pusher"
local url = require "weiyue.url"

local NOW <const> = 1758783896

local account <const> = {
  appid = "wxtest0123456789ab", token = "wxtesttoken", username = "gh_test",
  aes_key = "wxtestwxtestwxtestwxtestwxtestwxtestwxtestA",
}

-- A push of push.lua as the table that is given to the pusher.
local function message_of(nodes)
  local message = {}
  for _, node in ipairs(nodes) do
    local function value(one)
      if one.nodes then return message_of(one.nodes) end
      return one.bare and math.tointeger(tonumber(one.text)) or one.text
    end
    if node.list then
      local list = {}
      for i, one in ipairs(node.list) do list[i] = value(one) end
      message[node.name] = list
    else
      message[node.name] = value(node)
    end
  end
  return message
end

-- In JSON the List of these stands at the top, and an entry that is alone is no array.
local function expected(nodes, form)
  local raw = push.raw(nodes, form)
  for _, name in ipairs { "SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent" } do
    if form == "json" and raw[name] then
      local list = raw[name].List
      raw.List, raw[name] = #list == 1 and list[1] or list, nil
    end
  end
  return raw
end

local function open(request, mode)
  local copy = { token = account.token, appid = account.appid, mode = mode,
    aes_key = mode ~= "plain" and account.aes_key or nil }
  return codec.open(copy, request.query, request.body, NOW)
end

describe("a push of the fake WeChat", function()
  local rows = 0
  for _, row in ipairs(push.rows()) do
    if row.has_form then
      rows = rows + 1
      local name = ("%s %s%s"):format(row.kind, row.event or row.msgtype, row.variant and " (" .. row.variant .. ")" or "")
      it(name .. " opens to the same fields in every mode and form", function()
        for _, nodes in ipairs(push.pushes(row)) do
          local message = message_of(nodes)
          if row.kind == "component" then
            message.AppId, message.CreateTime = message.AppId or account.appid, message.CreateTime or NOW
            nodes = { table.unpack(nodes) }
            for _, key in ipairs { "AppId", "CreateTime" } do
              local there = false
              for _, node in ipairs(nodes) do there = there or node.name == key end
              if not there then nodes[#nodes + 1] = push.leaf(key, message[key]) end
            end
          end
          for _, form in ipairs { "xml", "json" } do
            for _, mode in ipairs { "plain", "compatible", "safe" } do
              local request = pusher.build(account, message, { mode = mode, format = form, timestamp = NOW })
              local raw, info = open(request, mode)
              assert(raw, tostring(info))
              assert.same(expected(nodes, form), raw)
              assert.equal(mode ~= "plain", info.sealed)
              assert.equal(form, info.form)
              assert.equal(request.text, info.text)
              if form == "xml" and row.kind ~= "component" then assert.equal(push.xml(nodes), request.text) end
            end
          end
        end
      end)
    end
  end

  it("is there for every row with a form", function() assert.is_true(rows >= 220, rows) end)

  it("is completed with account, time and id, and events get no id", function()
    local text = pusher.complete(account, { MsgType = "text", FromUserName = "oTest", Content = "hi" }, NOW + 0.5)
    assert.equal("gh_test", text.ToUserName)
    assert.equal(NOW, text.CreateTime)
    assert.equal("integer", math.type(text.MsgId))
    local event = pusher.complete(account, { MsgType = "event", Event = "CLICK", FromUserName = "oTest" }, NOW)
    assert.is_nil(event.MsgId)
    local notice = pusher.complete(account, { InfoType = "component_verify_ticket" }, NOW)
    assert.same({ InfoType = "component_verify_ticket", AppId = account.appid, CreateTime = NOW }, notice)
  end)

  it("is encrypted and signed anew for each attempt, and stays the same message", function()
    local message = pusher.complete(account, { MsgType = "text", FromUserName = "oTest", Content = "hi" }, NOW)
    local one = pusher.build(account, message, { timestamp = NOW })
    local two = pusher.build(account, message, { timestamp = NOW + 5 })
    assert.equal(one.text, two.text)
    assert.are_not.equal(one.body, two.body)
    local first, second = url.parse("http://h/?" .. one.query), url.parse("http://h/?" .. two.query)
    assert.are_not.equal(first.query, second.query)
    assert.truthy(one.query:find("openid=oTest", 1, true))
    assert.truthy(open(two, "safe"))
  end)

  it("has the account's mode and form unless told otherwise", function()
    local plain = { appid = account.appid, token = account.token, format = "json" }
    local request = pusher.build(plain, { MsgType = "text", FromUserName = "o", Content = "hi" }, { timestamp = NOW })
    assert.equal("application/json", request.content_type)
    assert.falsy(request.query:find "encrypt_type")
    assert.truthy(open(request, "plain"))
  end)

  it("leaves what a user has typed as it is", function()
    local request = pusher.build(account, { MsgType = "text", FromUserName = "o", Content = "]]></Content><a>\1" },
      { mode = "plain" })
    assert.truthy(request.body:find("]]></Content><a>\1]]></Content>", 1, true))
  end)
end)

describe("an answer", function()
  local message = pusher.complete(account, { MsgType = "text", FromUserName = "oTest", Content = "hi" }, NOW)

  local function built(reply, options)
    return assert(codec.build(reply, { to = "oTest", from = "gh_test", created = NOW, articles = options and options.articles,
      form = options and options.form }))
  end

  local function sealed(text, other)
    local by = other or account
    return assert(codec.seal({ token = by.token, aes_key = by.aes_key, appid = by.appid },
      { sealed = true, form = "xml" }, text, NOW))
  end

  local function read(body, mode, form)
    return pusher.read(account, body, { mode = mode or "plain", format = form, message = message })
  end

  it("of every kind is read with its fields", function()
    for _, kind in ipairs(codec.reply_types()) do
      local reply = { type = kind.name }
      for _, field in ipairs(kind.fields) do reply[field.key] = field.number and "1" or field.key .. " <值>" end
      if kind.name == "news" then
        reply.articles = { { title = "t", description = "d", pic_url = "http://p", url = "http://u" } }
      end
      for _, form in ipairs { "xml", "json" } do
        local decoded = assert(read(built(reply, { form = form }), "plain", form))
        for key, value in pairs(reply) do assert.same(value, decoded[key]) end
      end
      assert.is_true(assert(read(sealed(built(reply)), "safe")).sealed)
    end
  end)

  it("that is success or nothing at all shows nothing", function()
    for _, body in ipairs { "", "success" } do
      for _, mode in ipairs { "plain", "compatible", "safe" } do
        assert.equal("none", read(body, mode).type)
        local item, fault = pusher.see(account, 200, body, { mode = mode, message = message })
        assert.is_nil(item)
        assert.is_nil(fault)
      end
    end
  end)

  local text = built { type = "text", content = "您好" }

  it("in compatible mode may be plain or encrypted", function()
    assert.equal("您好", read(text, "compatible").text)
    assert.equal("您好", read(sealed(text), "compatible").text)
  end)

  it("that is wrong has a name in two languages, and the user is told that the service is out of order", function()
    local head = "<ToUserName>oTest</ToUserName><FromUserName>gh_test</FromUserName><CreateTime>1</CreateTime>"
    local other = { token = account.token, aes_key = account.aes_key, appid = "wxtestother" }
    local wrong = {
      { "xml", "<xml><a>" }, { "xml", "<html><p>Error</html>" }, { "xml", "<xml></xml><xml></xml>" },
      { "xml", '"success"' }, { "xml", "hello" }, { "form", '{"MsgType":"text"}' },
      { "head", "<xml><MsgType>text</MsgType></xml>" },
      { "head", built({ type = "text", content = "x" }):gsub("oTest", "oOther") },
      { "type", "<xml>" .. head .. "<MsgType>texts</MsgType></xml>" },
      { "field", "<xml>" .. head .. "<MsgType>text</MsgType></xml>" },
      { "empty", "<xml>" .. head .. "<MsgType>text</MsgType><Content></Content></xml>" },
      { "articles", "<xml>" .. head .. "<MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles></Articles></xml>" },
      { "sealed", sealed(text) }, { "plain", text, "safe" },
      { "signature", sealed(text, { token = "wxtestother", aes_key = account.aes_key, appid = account.appid }), "safe" },
      { "decrypt", sealed(text, { token = account.token, appid = account.appid, aes_key = account.aes_key:reverse() }),
        "safe" },
      { "appid", sealed(text, other), "safe" },
      { "signature", "<xml><Encrypt>abc</Encrypt></xml>", "safe" },
    }
    for _, case in ipairs(wrong) do
      local decoded, fault = read(case[2], case[3])
      assert.is_nil(decoded)
      assert.equal(case[1], fault.code, case[2])
      assert.truthy(fault.zh ~= fault.en and #fault.zh > 0 and #fault.en > 0)
      local item, seen = pusher.see(account, 200, case[2], { mode = case[3] or "plain", message = message })
      assert.equal("该公众号提供的服务出现故障，请稍后再试", item.text)
      assert.equal("system", item.from)
      assert.equal(case[1], seen.code)
      assert.is_false(pusher.again(seen))
    end
  end)

  it("of another status, or none, is a fault too, and only silence has WeChat try again", function()
    local item, fault = pusher.see(account, 500, "", { message = message })
    assert.equal("status", fault.code)
    assert.truthy(fault.zh:find "500")
    assert.equal("fault", item.type)
    assert.is_false(pusher.again(fault))
    item, fault = pusher.see(account, nil, nil, { message = message })
    assert.equal("timeout", fault.code)
    assert.equal("fault", item.type)
    assert.is_true(pusher.again(fault))
    assert.is_true(pusher.again(select(2, pusher.see(account, nil, nil, { message = message, why = "connect" }))))
    assert.is_false(pusher.again(nil))
  end)

  it("is shown to nobody where the event may not be answered", function()
    local gone = { MsgType = "event", Event = "unsubscribe", FromUserName = "oTest", ToUserName = "gh_test" }
    assert.is_nil((pusher.see(account, 200, text, { mode = "plain", message = gone })))
    local item, fault = pusher.see(account, 200, "<xml", { mode = "plain", message = gone })
    assert.is_nil(item)
    assert.equal("xml", fault.code)
  end)

  it("shows one article to a message and eight to an event", function()
    local articles = {}
    for i = 1, 8 do articles[i] = { title = "t" .. i, description = "", pic_url = "", url = "" } end
    local news = built({ type = "news", articles = articles }, { articles = 8 })
    local item = pusher.see(account, 200, news, { mode = "plain", message = message })
    assert.equal(1, #item.articles)
    assert.equal(7, item.cut)
    local click = { MsgType = "event", Event = "CLICK", FromUserName = "oTest", ToUserName = "gh_test" }
    assert.equal(8, #pusher.see(account, 200, news, { mode = "plain", message = click }).articles)
  end)

  it("to a platform's notice is the word success, and to some events a body of its own", function()
    local notice = pusher.complete(account, { InfoType = "component_verify_ticket", ComponentVerifyTicket = "t" }, NOW)
    local _, fault = pusher.read(account, "ok", { message = notice })
    assert.equal("success", fault.code)
    local waybill = { MsgType = "event", Event = "add_waybill", FromUserName = "oTest" }
    assert.equal("raw", pusher.read(account, "<xml><ResultCode>0</ResultCode></xml>", { mode = "plain", message = waybill }).type)
  end)
end)

describe("WeChat's count of unanswered pushes", function()
  it("blocks the address for a minute at 30 in 5 minutes", function()
    local marks = pusher.marks()
    for i = 1, 29 do marks:fail(NOW + i) end
    assert.is_nil(marks:blocked(NOW + 29))
    assert.equal(29, marks:count(NOW + 29))
    marks:fail(NOW + 30)
    assert.equal(60, marks:blocked(NOW + 30))
    assert.is_nil(marks:blocked(NOW + 90))
    assert.equal(0, marks:count(NOW + 90))
  end)

  it("forgets what is older", function()
    local marks = pusher.marks()
    for i = 1, 60 do
      marks:fail(NOW + i * 11)
      assert.is_nil(marks:blocked(NOW + i * 11))
    end
  end)
end)
