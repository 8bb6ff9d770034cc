-- What others than the user do in `weiyue sandbox`, by the chat page's own interface; what the user agrees to on WeChat's
-- pages; the form of the pushes.
local form = require "weiyue.form"
local json = require "weiyue.json"
local sandbox = require "spec.support.sandbox"

local CONFIG <const> = [[
return { listen = "127.0.0.1:0", plugins = { "plugins/*.lua" }, accounts = { { id = "shop", kind = "service", verified = true, mode = "safe" } } }
]]

-- `api NAME JSON` calls what it says.
local PLUGIN <const> = [[
local wx, json = require "weiyue", require "weiyue.json"
wx.plugin { name = "shop", api = { "message_mass.*", "poi.*", "kf_account.*", "subscribe.*", "subscribe_once.*" } }
wx.text(wx.pattern "^api (%S+)%.(%S+) (.*)$", function(msg, family, name, args)
  local ok, err = msg.account.api[family][name](json.decode(args))
  return ok and "ok " .. json.encode(ok) or tostring(err)
end)
wx.text("hello", "hello yourself")
wx.event("subscribe_msg_popup_event", function() end)
]]

describe("weiyue sandbox", function()
  local box, origin

  setup(function()
    box = sandbox.start { ["weiyue.lua"] = CONFIG, ["plugins/shop.lua"] = PLUGIN }
    origin = box.accounts[1].push:match "^%a+://[^/]+"
  end)
  teardown(function() box:stop() end)

  -- The reply to a text: what a call shows the user stands before it.
  local function reply(text)
    local history = box:history()
    local before = #history > 0 and history[#history].id or 0
    box:does("send", { type = "text", text = text })
    return box:item("a reply to " .. text, function(i) return i.id > before and i.way == "reply" end).text
  end

  local function api(name, args)
    local text = reply(("api %s %s"):format(name, json.encode(args)))
    return assert(json.decode(text:match "^ok (.*)$" or error(text)))
  end

  local function refused(what, body)
    local all = { appid = box.appid, openid = box.openid }
    for key, value in pairs(body) do all[key] = value end
    local answer, status = box:post("/-/" .. what, all)
    assert.equal(400, status)
    return answer.error
  end

  local function levers() return box:get(("/-/levers?appid=%s&openid=%s"):format(box.appid, box.openid)) end

  it("pushes JSON to an account that wants it, and reads JSON", function()
    local watch = box:events()
    assert.equal("json", box:does("account", { format = "json" }).format)
    assert.equal("hello yourself", reply "hello")
    local exchange = watch:next("exchange", function(x) return x.way == "reply" and x.request.decoded.Content == "hello" end)
    assert.equal("hello", json.decode(exchange.request.text).Content)
    assert.is_string(json.decode(exchange.request.body).Encrypt)
    assert.equal("xml", box:does("account", { format = "xml" }).format)
    reply "hello"
    exchange = watch:next("exchange", function(x) return x.way == "reply" and x.id > exchange.id end)
    assert.truthy(exchange.request.body:find "^<xml>")
    watch:close()
    assert.equal("malformed", refused("account", { format = "yaml" }))
  end)

  it("has the administrator confirm mass messages, where he is asked", function()
    box:does("account", { mass_confirm = true })
    local job = api("message_mass.sendall", { filter = { is_to_all = true }, msgtype = "text", text = { content = "news" } })
    local waiting = levers().mass
    assert.same({ { job.msg_id, "news" } }, { { waiting[1].msg_id, waiting[1].text } })
    assert.same({}, box:does("mass", { msg_id = job.msg_id, agreed = true }).mass)
    box:item("the mass message", function(i) return i.way == "mass" and i.text == "news" end)
    assert.equal("mass", refused("mass", { msg_id = job.msg_id, agreed = true }))
    assert.equal("malformed", refused("mass", { msg_id = "x" }))
    box:does("account", { mass_confirm = false })
  end)

  it("refuses the next review on request", function()
    assert.equal("malformed", refused("review", { kind = "user", refuse = true }))
    assert.is_true(box:does("review", { kind = "poi", refuse = true }).reviews[2].refuses)
    assert.is_false(box:does("review", { kind = "poi", refuse = false }).reviews[2].refuses)
    box:does("review", { kind = "poi", refuse = true })
    local watch = box:events()
    api("poi.add", { business = { base_info = { sid = "1", business_name = "茶馆", branch_name = "一店", province = "广东省",
      city = "广州市", district = "海珠区", address = "路", telephone = "020", categories = { "美食" }, offset_type = 1,
      longitude = 113.3, latitude = 23.1 } } })
    box:post("/-/clock", { advance = 10 })
    local exchange = watch:next("exchange", function(x)
      return x.request and x.request.decoded.Event == "poi_check_notify" and x.way
    end)
    assert.equal("fail", exchange.request.decoded.Result)
    watch:close()
  end)

  it("has workers take a customer, speak to him, and let him go", function()
    api("kf_account.add", { kf_account = "kf1@shop", nickname = "甲" })
    api("kf_account.invite_worker", { kf_account = "kf1@shop", invite_wx = "wxtest_worker" })
    assert.equal("errcode", refused("session", { act = "take", kf_account = "kf1@shop" }))
    assert.equal("errcode", refused("session", { act = "say", text = "您好" }))
    box:post("/-/clock", { advance = 11 })
    assert.same({ "kf1@shop" }, levers().workers)
    assert.equal("kf1@shop", box:does("session", { act = "take", kf_account = "kf1@shop" }).worker)
    box:does("session", { act = "say", text = "您好" })
    box:item("what the worker says", function(i) return i.text == "您好" and i.way == "customer_service" end)
    local watch = box:events()
    box:does("send", { type = "text", text = "to the desk" })
    assert.equal("", box:does("session", { act = "end" }).worker)
    watch:next("exchange", function(x)
      assert.are_not.equal("to the desk", x.request and x.request.decoded.Content)
      return x.request and x.request.decoded.Event == "kf_close_session" and x.way
    end)
    watch:close()
    assert.equal("hello yourself", reply "hello")
    assert.equal("malformed", refused("session", { act = "dance" }))
  end)

  describe("the page of one-time messages", function()
    local function query(changes)
      local all = { action = "get_confirm", appid = box.appid, scene = "7", template_id = "T1",
        redirect_url = origin .. "/back?a=1", reserved = "r1" }
      for key, value in pairs(changes or {}) do all[key] = value end
      return form.encode(all)
    end

    local function open(changes) return box:ask { method = "GET", target = "/mp/subscribemsg?" .. query(changes) } end

    local function press(answer)
      return box:ask { target = "/mp/subscribemsg", headers = "Content-Type: application/x-www-form-urlencoded\r\n",
        body = query { answer = answer } }
    end

    local function send()
      return reply("api subscribe_once.send " .. json.encode { touser = box.openid, template_id = "T1", scene = 7,
        title = "到货", data = { content = { value = "到了" } } })
    end

    it("asks, and what the user agrees to can be sent once", function()
      local page = open()
      assert.equal(200, page.status)
      assert.truthy(page.body:find('value="confirm"', 1, true))
      assert.truthy(send():find "43101")
      local back = press "confirm"
      assert.equal(302, back.status)
      assert.same({ a = "1", openid = box.openid, template_id = "T1", action = "confirm", scene = "7", reserved = "r1" },
        sandbox.query(back.headers.location))
      assert.truthy(send():find "^ok")
      box:item("the message", function(i) return i.way == "subscribe_once" and i.text == "到了" end)
      assert.truthy(send():find "43101")
    end)

    it("takes a refusal", function()
      assert.equal("cancel", sandbox.query(press("cancel").headers.location).action)
      assert.truthy(send():find "43101")
    end)

    for name, case in pairs {
      ["another host"] = { { redirect_url = "http://evil.example/" }, "10003" }, ["a wrong scene"] = { { scene = "10001" }, "10018" },
      ["no template"] = { { template_id = "" }, "10018" }, ["an unknown account"] = { { appid = "wxtestnobody" }, "10013" },
      ["a long reserved"] = { { reserved = ("x"):rep(129) }, "10014" },
    } do
      it("refuses " .. name, function()
        assert.truthy(open(case[1]).body:find(('data-error="%s"'):format(case[2]), 1, true))
      end)
    end
  end)

  describe("consents to subscription messages", function()
    local function send(template_id)
      return reply("api subscribe.send " .. json.encode { touser = box.openid, template_id = template_id,
        data = { thing1 = { value = "茶" } } })
    end

    it("are given on the chat page, and withdrawn", function()
      assert.truthy(send("S1"):find "43101")
      assert.same({ { template_id = "S1", left = 1 } }, box:does("consent", { template_id = "S1", answer = "accept" }).consents)
      assert.truthy(send("S1"):find "^ok")
      assert.truthy(send("S1"):find "43101")
      box:does("consent", { template_id = "S1", answer = "accept" })
      assert.same({}, box:does("consent", { template_id = "S1", answer = "withdraw" }).consents)
      assert.same({ { template_id = "S1", scene = 9 } },
        box:does("consent", { template_id = "S1", answer = "once", scene = 9 }).consents)
      assert.equal("malformed", refused("consent", { template_id = "S1", answer = "once", scene = 10001 }))
      assert.equal("malformed", refused("consent", { template_id = "S1", answer = "perhaps" }))
    end)

    it("are told by an event that is made up, too", function()
      box:does("push", { message = { MsgType = "event", Event = "subscribe_msg_popup_event", SubscribeMsgPopupEvent = { List = {
        { TemplateId = "S2", SubscribeStatusString = "accept", PopupScene = "0" } } } } })
      assert.truthy(send("S2"):find "^ok")
    end)

    it("are given in a page, by who uses the phone; not by another site", function()
      local function agree(from)
        return box:ask({ target = "/-/jssdk/consent", headers = "Origin: " .. from .. "\r\n",
          body = json.encode { appid = box.appid, template_ids = { "S3", 4 } } }).json.ok
      end
      assert.is_false(agree "http://evil.example")
      assert.truthy(send("S3"):find "43101")
      local watch = box:events()
      assert.is_true(agree(origin))
      watch:next("exchange", function(x) return x.request and x.request.decoded.Event == "subscribe_msg_popup_event" and x.way end)
      watch:close()
      assert.truthy(send("S3"):find "^ok")
    end)
  end)
end)
