-- `weiyue sandbox` over its sockets: what the chat page asks, WeChat's API, OAuth, faults, the clock.
local crypto = require "weiyue.crypto"
local json = require "weiyue.json"
local program = require "spec.support.program"
local sandbox = require "spec.support.sandbox"
local serve = require "spec.support.serve"
local socket = require "socket"
local url = require "weiyue.url"

local CONFIG <const> = [[
return { listen = "127.0.0.1:0", accounts = { { id = "shop", kind = "service", verified = true, mode = "safe",
  appid = env "NO_SUCH_APPID", secret = env "NO_SUCH_SECRET", token = env "NO_SUCH_TOKEN", aes_key = env "NO_SUCH_KEY",
  url = "https://wx.example.cn" } }, plugins = { shop = { path = "plugins/shop.lua", config = { erp = env "NO_SUCH_ERP" } } } }
]]

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.plugin { name = "shop", schema = { erp = { type = "string" } }, api = { "menu.*" } }
wx.text("你好", "你好，我是小店")
wx.text("late", function() wx.sleep(6) return "slow answer" end)
wx.text("fail", function() error "no stock" end)
wx.text("erp", function() return wx.config.erp end)
wx.text("remark", function(msg)
  local ok, err = msg.account.api.user.update_remark { openid = msg.openid, remark = "vip" }
  return ok and "done" or tostring(err)
end)
wx.text("menu", function(msg)
  local ok, err = msg.account.api.menu.create { button = {
    { type = "click", name = "关于", key = "about" }, { type = "view", name = "我的", url = msg.account.url .. "/me" },
    { name = "更多", sub_button = { { type = "scancode_waitmsg", name = "扫码", key = "scan" } } },
  } }
  return ok and "made" or tostring(err)
end)
wx.click("about", "关于我们")
wx.event("scancode_waitmsg", function(msg) return "scanned " .. msg.raw.ScanCodeInfo.ScanResult end)
wx.scan("ref:*", function(msg) return "scene " .. msg.scene end)
wx.subscribe(function(msg) return msg.scene and "welcome by " .. msg.scene or "welcome" end)
wx.message("image", function(msg) return msg.raw.PicUrl end)
wx.every("1h", function() wx.log.warn("an hour has gone") end)
]]

describe("weiyue sandbox", function()
  local box, events

  setup(function()
    box = sandbox.start { ["weiyue.lua"] = CONFIG, ["plugins/shop.lua"] = PLUGIN }
    events = box:events()
  end)
  teardown(function()
    if events then events:close() end
    box:stop()
  end)

  it("tells accounts, users and the time", function()
    local state = box:get "/-/state"
    assert.equal("shop", state.accounts[1].id)
    assert.equal("safe", state.accounts[1].mode)
    assert.is_true(state.users[1].subscribed[box.appid])
    assert.is_true(math.abs(state.now - os.time()) < 60)
  end)

  it("answers what is typed, and shows the push as it went and what came back", function()
    assert.equal("你好，我是小店", box:says("你好").text)
    local exchange = events:next("exchange", function(x) return x.way end)
    assert.equal("reply", exchange.way)
    assert.equal("你好", exchange.request.decoded.Content)
    assert.truthy(exchange.request.query:find "msg_signature=")
    assert.truthy(exchange.request.body:find("<Encrypt>", 1, true))
    assert.equal(200, exchange.attempts[1].status)
    assert.equal("你好，我是小店", exchange.attempts[1].decoded.Content)
  end)

  it("makes up what the environment has not, also a plugin's setting", function()
    assert.equal("sandbox-NO_SUCH_ERP", box:says("erp").text)
  end)

  it("shows the calls that a handler makes meanwhile", function()
    assert.equal("done", box:says("remark").text)
    local call = events:next("call", function(c) return c.api == "user.update_remark" end)
    assert.equal(0, call.errcode)
    assert.equal("vip", call.args.remark)
    local exchange = events:next("exchange", function(x) return x.way == "reply" end)
    local apis = {}
    for i, one in ipairs(exchange.calls) do apis[i] = one.api end
    assert.truthy(table.concat(apis, " "):find "user%.update_remark")
  end)

  it("shows a handler's error with its line", function()
    box:does("send", { type = "text", text = "fail" })
    local line = events:next("log", function(l) return l.level == "error" end)
    assert.truthy(line.text:find "no stock")
    assert.equal("plugins/shop.lua:5", line.where:match "plugins/shop.lua:%d+")
  end)

  it("delivers a late answer by customer service", function()
    box:does("send", { type = "text", text = "late" })
    local item = box:item("the late answer", function(i) return i.text == "slow answer" and i end)
    assert.equal("customer_service", item.way)
    assert.equal("late", events:next("exchange", function(x) return x.way == "late" end).way)
  end)

  it("has the account's menu, and presses its buttons", function()
    assert.equal("made", box:says("menu").text)
    assert.equal("关于", events:next("menu").menu.button[1].name)
    box:does("click", { button = { 1 } })
    box:item("the click's answer", function(i) return i.text == "关于我们" and i end)
    assert.truthy(box:does("click", { button = { 2 } }).url:find "/me$")
    assert.equal("scan", box:does("click", { button = { 3, 1 } }).wants)
    box:does("scan", { url = "https://example.com/x" })
    box:item("what was scanned", function(i) return i.text == "scanned https://example.com/x" and i end)
  end)

  it("refuses a button that is not there", function()
    local answer, status = box:post("/-/click", { appid = box.appid, openid = box.openid, button = { 9 } })
    assert.equal(400, status)
    assert.equal("button", answer.error)
  end)

  it("scans, unfollows and follows", function()
    box:does("scan", { scene = "ref:7" })
    box:item("the scan", function(i) return i.text == "scene ref:7" and i end)
    box:does("unfollow")
    assert.is_false(box:get("/-/state").users[1].subscribed[box.appid])
    local answer, status = box:post("/-/send", { appid = box.appid, openid = box.openid, type = "text", text = "x" })
    assert.equal(400, status)
    assert.equal("not_following", answer.error)
    box:does("scan", { scene = "ref:8" })
    box:item("who follows by a scan", function(i) return i.text == "scene ref:8" and i end)
    box:does("unfollow")
    box:does("follow")
    box:item("a welcome", function(i) return i.text == "welcome" and i end)
  end)

  it("takes pictures, which both sides can have", function()
    local item = box:says "你好" -- a known place in the history
    box:does("send", { type = "image", media = { name = "a.png", type = "image/png", data = "iVBORw0KGgo=" } })
    local reply = box:item("the picture's address", function(i) return i.id > item.id and i.from == "account" and i end)
    assert.equal("\x89PNG\r\n\x1a\n", box:get(reply.text:match "^http://[^/]+(/.*)$"))
    local sent = box:item("the picture", function(i) return i.type == "image" and i.from == "user" and i end)
    assert.equal("\x89PNG\r\n\x1a\n", box:get(sent.media.url))
  end)

  it("takes a picture of 10 MB", function()
    local before = #box:history()
    box:does("send", { type = "image", media = { name = "a.jpg", data = ("/9j/"):rep(2500000) } })
    box:item("its answer", function(i) return i.id > before and i.from == "account" and (i.text or ""):find "/mmbiz/" and i end)
  end)

  it("has WeChat's API at its own paths, uploads included", function()
    local no = box:ask { method = "GET", target = "/cgi-bin/menu/get?access_token=wrong" }
    assert.equal(40001, no.json.errcode)
    local body = ("--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.jpg\"\r\n\r\n%s\r\n--b--\r\n")
      :format("\xFF\xD8\xFF" .. ("x"):rep(9 * 1024 * 1024))
    local up = box:ask { target = "/cgi-bin/media/upload?access_token=wrong&type=image", body = body,
      headers = "Content-Type: multipart/form-data; boundary=b\r\n" }
    assert.equal(40001, up.json.errcode)
    local bad = box:ask { target = "/cgi-bin/stable_token", body = "{", headers = "Content-Type: application/json\r\n" }
    assert.equal(47001, bad.json.errcode)
  end)

  it("resumes the stream behind the last event that was had", function()
    local stream = box:events()
    box:does("send", { type = "text", text = "你好" })
    local first, number = stream:next("item", function(i) return i.from == "user" end)
    stream:close()
    local again = box:events(number)
    local item, next_number = again:next("item")
    assert.equal("account", item.from)
    assert.is_true(item.id > first.id and next_number > number)
    again:close()
  end)

  it("has calls fail on request, and heals", function()
    local faults = box:post("/-/fault", { pattern = "user.update_remark", errcode = 50002, times = 1 }).faults
    assert.equal("user.update_remark", faults[1].pattern)
    assert.truthy(box:says("remark").text:find "50002")
    assert.equal("done", box:says("remark").text)
    for _, fault in ipairs { { drop = true }, { status = 502 }, { garbage = true }, { lost = true } } do
      fault.pattern = "user.*"
      box:post("/-/fault", fault)
      assert.truthy(box:says("remark").text:find "^user.update_remark: ")
      box:post("/-/fault", { pattern = "user.*", times = 0 })
    end
    assert.equal("done", box:says("remark").text)
    for _, wrong in ipairs { { status = "500" }, { drop = false }, {} } do
      wrong.pattern = "user.*"
      local answer, status = box:post("/-/fault", wrong)
      assert.equal(400, status)
      assert.equal("fault", answer.error)
    end
  end)

  it("pushes whatever WeChat may push, and says what WeChat would not", function()
    local function push(message) return box:post("/-/push", { appid = box.appid, openid = box.openid, message = message }) end
    local watch = box:events()
    assert.is_true(push({ MsgType = "event", Event = "SCAN", EventKey = "ref:9" }).ok)
    watch:next("exchange", function(x) return x.way == "reply" and x.request.decoded.EventKey == "ref:9" end)
    watch:close()
    for name, message in pairs {
      Event = { MsgType = "event", Event = { a = 1 } }, FromUserName = { MsgType = "text", FromUserName = { a = 1 } },
      MsgType = { Event = "SCAN" }, InfoType = { InfoType = "authorized" }, CreateTime = { MsgType = "text", CreateTime = "now" },
    } do
      local answer, status = push(message)
      assert.same({ 400, "push" }, { status, answer.error })
      assert.truthy(answer.en:find(name, 1, true))
    end
    assert.equal(400, select(2, push { MsgType = "event", Event = 5 }))
    assert.equal(400, select(2, push "text"))
  end)

  it("repeats a push, whose answer is the same and runs no handler again", function()
    local watch, since = box:events(), box:get("/-/state").now
    box:does("send", { type = "text", text = "remark" })
    local exchange = watch:next("exchange", function(x) return x.way == "reply" and x.at >= since end)
    box:post("/-/again", { exchange = exchange.id })
    local second = watch:next("exchange", function(x) return x.way == "reply" and x.id > exchange.id end)
    assert.equal(exchange.request.decoded.MsgId, second.request.decoded.MsgId)
    assert.are_not.equal(exchange.request.query, second.request.query)
    assert.equal("done", second.attempts[1].decoded.Content)
    assert.equal(0, #second.calls)
    watch:close()
    local _, status = box:post("/-/again", { exchange = 0 })
    assert.equal(400, status)
  end)

  it("adds people, and tells open.weixin who uses the phone", function()
    local user = box:post("/-/user", { nickname = "阿明" })
    assert.equal("阿明", user.nickname)
    assert.is_false(user.subscribed[box.appid])
    local response = box:ask { target = "/-/enter", body = json.encode { openid = user.openid },
      headers = "Content-Type: application/json\r\n" }
    local cookie = response.headers["set-cookie"]:match "^[^;]+"
    local page = box:ask { method = "GET", headers = "Cookie: " .. cookie .. "\r\n",
      target = ("/connect/oauth2/authorize?appid=%s&redirect_uri=%s&response_type=code&scope=snsapi_userinfo&state=s")
        :format(box.appid, url.escape(box.accounts[1].push)) }
    assert.truthy(page.body:find "阿明")
    assert.equal(400, select(2, box:post("/-/enter", { openid = "nobody" })))
  end)

  describe("open.weixin.qq.com", function()
    local function authorize(changes, headers)
      local query = { appid = box.appid, redirect_uri = box.accounts[1].push:match "^%a+://[^/]+" .. "/back?a=1",
        response_type = "code", scope = "snsapi_base", state = "abc" }
      for key, value in pairs(changes or {}) do query[key] = value end
      local parts = {}
      for key, value in pairs(query) do parts[#parts + 1] = key .. "=" .. url.escape(value) end
      return box:ask { method = "GET", target = "/connect/oauth2/authorize?" .. table.concat(parts, "&"), headers = headers }
    end

    local function token(code)
      local its = box:get("/-/state").accounts[1]
      return box:ask({ method = "GET", target = ("/sns/oauth2/access_token?appid=%s&secret=%s&code=%s&grant_type=authorization_code")
        :format(its.appid, "wrong", code) }).json
    end

    it("sends snsapi_base back at once, with code and state", function()
      local response = authorize()
      assert.equal(302, response.status)
      local query = sandbox.query(response.headers.location)
      assert.equal("abc", query.state)
      assert.equal("1", query.a)
      assert.equal(40125, token(query.code).errcode) -- whoever has the secret may redeem it
    end)

    it("asks for snsapi_userinfo, and takes a refusal", function()
      local page = authorize { scope = "snsapi_userinfo" }
      assert.equal(200, page.status)
      assert.truthy(page.body:find('value="allow"', 1, true))
      local function press(answer)
        return box:ask { target = "/connect/oauth2/authorize", headers = "Content-Type: application/x-www-form-urlencoded\r\n",
          body = ("appid=%s&redirect_uri=%s&response_type=code&scope=snsapi_userinfo&state=abc&answer=%s"):format(box.appid,
            url.escape(box.accounts[1].push), answer) }
      end
      assert.equal(302, press("allow").status)
      local no = press "refuse"
      assert.equal(200, no.status)
      assert.truthy(no.body:find "data%-refused")
    end)

    it("gives a snapshot to a page that goes there by itself", function()
      local response = authorize({ scope = "snsapi_userinfo" }, "Sec-Fetch-Mode: navigate\r\n")
      assert.equal(302, response.status)
      assert.equal(200, authorize({ scope = "snsapi_userinfo" }, "Sec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\n").status)
    end)

    for _, case in ipairs {
      { "another host", { redirect_uri = "http://evil.example/" }, "10003" },
      { "an address without host", { redirect_uri = "/back" }, "10003" },
      { "an unknown appid", { appid = "wxtestnobody" }, "10013" },
      { "a wrong scope", { scope = "snsapi_login" }, "10005" }, { "another response", { response_type = "token" }, "10004" },
      { "a long state", { state = ("x"):rep(129) }, "10014" },
    } do
      it("refuses " .. case[1], function()
        local page = authorize(case[2])
        assert.equal(200, page.status)
        assert.truthy(page.body:find(('data-error="%s"'):format(case[3]), 1, true))
      end)
    end
  end)

  describe("jweixin.js", function()
    local function origin() return box.accounts[1].push:match "^%a+://[^/]+" end

    it("is served, and looks at signatures", function()
      assert.truthy(box:get("/jweixin.js"):find("window.wx", 1, true))
      local response = box:ask { method = "GET", headers = "Origin: " .. origin() .. "\r\n",
        target = "/-/jssdk/check?appid=" .. box.appid .. "&timestamp=1&noncestr=n&signature=s&url=" .. url.escape(origin() .. "/") }
      assert.is_false(response.json.ok)
      assert.equal("invalid signature", response.json.reason)
      assert.equal(origin(), response.headers["access-control-allow-origin"])
      local other = box:get(("/-/jssdk/check?appid=%s&timestamp=1&noncestr=n&signature=s&url=%s"):format(box.appid,
        url.escape "http://other.example/"))
      assert.equal("invalid url domain", other.reason)
    end)

    it("tells the inspector what a page calls, and nobody else's page may", function()
      local watch = box:events()
      local function report(from)
        return box:ask({ target = "/-/jssdk/report", headers = "Origin: " .. from .. "\r\n",
          body = json.encode { appid = box.appid, api = "scanQRCode", args = {}, reply = { errMsg = "scanQRCode:ok" } } })
      end
      assert.is_true(report(origin()).json.ok)
      assert.equal("scanQRCode:ok", watch:next("call", function(c) return c.api == "jweixin.scanQRCode" end).reply.errMsg)
      local other = report "http://evil.example"
      assert.is_false(other.json.ok)
      assert.is_nil(other.headers["access-control-allow-origin"])
      watch:close()
    end)
  end)

  it("refuses other hosts' names, and other sites' pages", function()
    assert.equal(421, box:ask({ method = "GET", target = "/-/state", host = "evil.example" }).status)
    local _, status = box:post("/-/clock", { advance = 1 }, "Origin: http://evil.example\r\n")
    assert.equal(403, status)
    _, status = box:post("/-/clock", { advance = 1 }, "Sec-Fetch-Site: cross-site\r\n")
    assert.equal(403, status)
  end)

  it("loads a changed plugin anew", function()
    serve.write(box.server.folder, "plugins/shop.lua", (PLUGIN:gsub("我是小店", "我是新店")))
    serve.eventually("the new answer", function() return box:says("你好").text == "你好，我是新店" end)
  end)

  it("knows an account that a changed configuration has", function()
    serve.write(box.server.folder, "weiyue.lua", (CONFIG:gsub("accounts = { ", 'accounts = { { id = "second", path = "/second" }, ')))
    serve.eventually("the account", function() return #box:get("/-/state").accounts == 2 end)
    assert.equal("second", box:get("/-/state").accounts[1].id)
  end)

  it("moves the clock, also the other host's: its timers run", function()
    local before = box:get("/-/state").now
    local watch = box:events()
    local now = box:post("/-/clock", { advance = 3700 }).now
    assert.is_true(now - before >= 3700)
    assert.equal(now, watch:next("clock").now)
    watch:next("log", function(l) return l.text == "an hour has gone" end)
    assert.equal("你好，我是新店", box:says("你好").text) -- and pushes are as good as before
    watch:close()
  end)
end)

describe("weiyue sandbox's browser", function()
  local box, port
  local SITE <const> = [[
return { listen = "127.0.0.1:0", plugins = { "plugins/*.lua" }, accounts = { { id = "site", kind = "service", verified = true } } }
]]
  local PAGES <const> = [[
local wx = require "weiyue"
wx.menu { { "我的", page = "/me" }, { "关于", click = "about" } }
wx.click("about", "关于我们")
wx.page("/me", { login = "base" }, function(req) return "openid: " .. req.user.openid end)
wx.page("/js", { jssdk = { api = { "scanQRCode" } } }, function() return "<!doctype html><html><head></head><body>js</body></html>" end)
]]

  setup(function()
    box = sandbox.start { ["weiyue.lua"] = SITE, ["plugins/pages.lua"] = PAGES }
    port = tonumber(box.accounts[1].push:match ":(%d+)/")
  end)
  teardown(function() box:stop() end)

  -- A browser: one jar for both hosts, as their ports do not tell cookies apart.
  local function browser()
    local jar = {}
    return function(address)
      local authority, target = address:match "^http://([^/]+)(/[^#]*)"
      local cookies = {}
      for name, value in pairs(jar) do cookies[#cookies + 1] = name .. "=" .. value end
      local connection = assert(serve.connect("127.0.0.1", tonumber(authority:match ":(%d+)$")))
      connection:send(serve.request { method = "GET", target = target, host = authority,
        headers = ("Connection: close\r\nCookie: %s\r\n"):format(table.concat(cookies, "; ")) })
      local response = assert(connection:read())
      connection:close()
      for _, cookie in ipairs(response.cookies) do
        local name, value = cookie:match "^([^=]+)=([^;]*)"
        jar[name] = not cookie:lower():find("max-age=0", 1, true) and value or nil
      end
      return response
    end
  end

  -- Where an address leads in the end, and by way of what.
  local function follow(address)
    local get, visited, response = browser(), {}, nil
    local origin = address:match "^http://[^/]+"
    for _ = 1, 6 do
      visited[#visited + 1] = address
      response = get(address)
      if response.status ~= 302 and response.status ~= 303 then break end
      address = response.headers.location
      if address:find "^/" then address = origin .. address end
    end
    return response, visited
  end

  it("tells the pages of several accounts apart", function()
    local two = sandbox.start { ["weiyue.lua"] = (SITE:gsub("verified = true } }",
      'verified = true }, { id = "second", kind = "service", verified = true, path = "/second" } }')), ["plugins/pages.lua"] = PAGES }
    serve.eventually("the menus", function() return type(two:get("/-/state").accounts[2].menu) == "table" end)
    two.appid = two.accounts[2].appid
    local address = two:does("click", { button = { 1 } }).url
    assert.truthy(address:find("/second/me", 1, true))
    local response, visited = follow(address)
    assert.equal(200, response.status)
    assert.truthy(table.concat(visited, " "):find("appid=" .. two.appid, 1, true))
    assert.truthy(response.body:find("openid: " .. two.openid, 1, true))
    two:stop()
  end)

  it("follows the login page by way of open.weixin, and comes back with the openid", function()
    local response, visited = follow(("http://127.0.0.1:%d/me"):format(port))
    assert.equal(200, response.status)
    assert.truthy(response.body:find("openid: " .. box.openid, 1, true))
    assert.truthy(table.concat(visited, " "):find("/connect/oauth2/authorize", 1, true))
  end)

  it("finds the signature of a page's wx.config good, and for no other address", function()
    local address = ("http://127.0.0.1:%d/js?a=1"):format(port)
    local page = browser()(address)
    assert.truthy(page.body:find("http://127.0.0.1:" .. box.server.port .. "/jweixin.js", 1, true))
    assert.truthy(page.headers["content-security-policy"]:find("http://127.0.0.1:" .. box.server.port, 1, true))
    local config = json.decode(page.body:match "wx%.config%((.-)%)</script>")
    local function check(at)
      return box:get(("/-/jssdk/check?appid=%s&timestamp=%d&noncestr=%s&signature=%s&url=%s"):format(config.appId, config.timestamp,
        config.nonceStr, config.signature, url.escape(at)))
    end
    assert.is_true(check(address).ok)
    assert.is_true(check(address .. "#part").ok)
    local wrong = check(address .. "&b=2")
    assert.equal("invalid signature", wrong.reason)
    assert.truthy(wrong.hint:find("b=2", 1, true))
  end)

  it("has the menu that plugins declare", function()
    serve.eventually("the menu", function() return type(box:get("/-/state").accounts[1].menu) == "table" end)
    assert.equal(("http://127.0.0.1:%d/me"):format(port), box:does("click", { button = { 1 } }).url)
    box:does("click", { button = { 2 } })
    box:item("the click's answer", function(i) return i.text == "关于我们" and i end)
    serve.write(box.server.folder, "plugins/pages.lua", 'require("weiyue").text("hi", "no menu here")')
    serve.eventually("no menu", function() return type(box:get("/-/state").accounts[1].menu) ~= "table" end)
  end)
end)

describe("weiyue sandbox with a subscription account", function()
  it("grants no OAuth, also where the form comes by itself", function()
    local box = sandbox.start { ["weiyue.lua"] = [[
      return { listen = "127.0.0.1:0", accounts = { { id = "feed", kind = "subscription" } }, plugins = {} } ]] }
    local response = box:ask { target = "/connect/oauth2/authorize", headers = "Content-Type: application/x-www-form-urlencoded\r\n",
      body = ("appid=%s&redirect_uri=%s&response_type=code&scope=snsapi_userinfo&answer=allow"):format(box.appid,
        url.escape(box.accounts[1].push)) }
    box:stop()
    assert.equal(200, response.status)
    assert.truthy(response.body:find('data-error="10005"', 1, true))
  end)
end)

describe("weiyue sandbox with a third-party platform", function()
  local box
  local PLATFORM <const> = [[
return { listen = "127.0.0.1:0", plugins = { "plugins/*.lua" }, accounts = {
  { id = "platform", kind = "component", path = "/platform" },
  { id = "client", kind = "service", verified = true, path = "/client", url = "https://client.example" },
} }
]]
  local WORKS <const> = [[
local wx = require "weiyue"
wx.text("who", function(msg) return "account " .. tostring(msg.account.appid) end)
wx.text("code", function() return wx.account("platform").pre_auth_code() or "none" end)
]]

  setup(function() box = sandbox.start { ["weiyue.lua"] = PLATFORM, ["plugins/works.lua"] = WORKS } end)
  teardown(function() box:stop() end)

  local function account(id)
    for _, one in ipairs(box:get("/-/state").accounts) do
      if one.id == id then return one end
    end
  end

  it("has its administrators authorise it, and pushes their messages by way of it", function()
    local client, platform = account "client", account "platform"
    box.appid = client.appid
    local code
    serve.eventually("a pre_auth_code, once the ticket has come", function()
      code = box:says("code").text
      return code:find "^preauthcode"
    end)
    local page = box:ask { method = "GET", target = ("/cgi-bin/componentloginpage?component_appid=%s&pre_auth_code=%s&redirect_uri=%s")
      :format(platform.appid, url.escape(code), url.escape(client.push)) }
    assert.truthy(page.body:find(client.appid, 1, true))
    local function press(pre_auth_code)
      return box:ask { target = "/cgi-bin/componentloginpage", headers = "Content-Type: application/x-www-form-urlencoded\r\n",
        body = ("component_appid=%s&pre_auth_code=%s&redirect_uri=%s&answer=%s"):format(platform.appid, url.escape(pre_auth_code),
          url.escape(client.push), client.appid) }
    end
    assert.truthy(press("preauthcode@@@other").body:find("data-error", 1, true))
    local watch, since = box:events(), box:get("/-/state").now
    local back = press(code)
    assert.equal(302, back.status)
    assert.truthy(sandbox.query(back.headers.location).auth_code:find "^queryauthcode")
    local notice = watch:next("exchange", function(x) return x.request and x.request.decoded.InfoType == "authorized" and x.way end)
    assert.equal("success", notice.way)
    box:does("send", { type = "text", text = "who" })
    local exchange = watch:next("exchange", function(x) return x.way == "reply" and x.request.decoded.Content == "who" end)
    assert.is_true(exchange.at >= since)
    assert.equal("account " .. client.appid, exchange.attempts[1].decoded.Content)
    watch:close()
  end)

  it("goes on pushing after a jump of the clock, and each push is answered at once", function()
    box.appid = account "client".appid
    box:says "who"
    local watch, since = box:events(), box:get("/-/state").now
    box:post("/-/clock", { advance = 700 }) -- a new ticket is due
    local ticket = watch:next("exchange", function(x)
      return x.way and x.at >= since + 600 and x.request.decoded.InfoType == "component_verify_ticket"
    end)
    assert.equal("success", ticket.way)
    assert.equal(1, #ticket.attempts)
    local began = socket.gettime()
    assert.truthy(box:says("who").text:find "^account ")
    assert.is_true(socket.gettime() - began < 5)
    watch:close()
  end)
end)

describe("weiyue sandbox, starting,", function()
  it("makes up secrets that nobody can work out, and keeps them in its state folder", function()
    local files = { ["weiyue.lua"] = 'return { accounts = { { id = "shop", kind = "service", verified = true } } }' }
    local seeds = {}
    for i = 1, 3 do
      local box = sandbox.start(files, i == 2 and { folder = seeds.folder } or nil)
      local path = box.server.folder .. "/.weiyue/sandbox/seed"
      local file = assert(io.open(path))
      seeds[i] = file:read "a"
      file:close()
      assert.equal("600", program.capture("stat -c %a " .. program.quote(path)):match "%d+")
      if i == 1 then
        seeds.folder = program.folder()
        assert(os.execute(("cp -a %s/.weiyue %s"):format(program.quote(box.server.folder), program.quote(seeds.folder))))
        local guess = "sandbox" .. crypto.sha256("secret/shop", "hex"):sub(1, 25)
        local reply = box:ask { method = "GET", target = "/cgi-bin/token?grant_type=client_credential&appid=" .. box.appid
          .. "&secret=" .. guess }
        assert.equal(40125, reply.json.errcode)
      end
      box:stop()
    end
    assert.equal(64, #seeds[1])
    assert.equal(seeds[1], seeds[2])
    assert.are_not.equal(seeds[1], seeds[3])
  end)

  it("takes the next port where one is taken, and says so", function()
    local first = sandbox.start { ["weiyue.lua"] = "return {}" }
    local port = first.server.port
    local second = sandbox.start({ ["weiyue.lua"] = "return {}" }, { arguments = "--listen 127.0.0.1:" .. port })
    assert.are_not.equal(port, second.server.port)
    assert.truthy(second.server:log():find(("port %d is taken, using %d"):format(port, second.server.port), 1, true))
    assert.equal("demo", first.accounts[1].id) -- where the file has no account, there is one to begin with
    second:stop()
    first:stop()
  end)

  it("says what is wrong with a configuration, and ends", function()
    local folder = serve.folder { ["weiyue.lua"] = "return { acounts = {} }" }
    local result = serve.run(folder, "sandbox --listen 127.0.0.1:0")
    assert.equal(1, result.status)
    assert.truthy(result.err:find "acounts")
    serve.remove(folder)
  end)

  it("has help, and refuses a bad address", function()
    local folder = serve.folder {}
    assert.truthy(serve.run(folder, "sandbox --help").out:find("--listen ADDR:PORT", 1, true))
    assert.equal(2, serve.run(folder, "sandbox --listen nowhere").status)
    serve.remove(folder)
  end)
end)
