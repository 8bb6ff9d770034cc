-- A third-party platform: its ticket, accounts that authorise it, calls and pushes for them.

local push = require "spec.support.push"
local rigs = require "spec.support.rig"
local wechat_api = require "spec.support.wechat_api"

local leaf = push.leaf

describe("a third-party platform", function()
  local server, app

  setup(function() server = wechat_api.start() end)
  teardown(function() server:stop() end)
  before_each(function()
    server:set { kill = true, zero = true, answers = {}, ticket = "wxtest-verify-ticket", authorizer = "wxtestauthorizer" }
    server:seen()
  end)
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local function start(plugin, config)
    app = rigs.new { plugin = plugin, mode = "safe", config = config or 'store = "memory"',
      account = ('kind = "component", secret = "wxtestcomponentsecret", authorizers = "/wx/:appid", api = "%s"')
        :format(server.url) }
  end

  local function tells(info, ...)
    local nodes = { leaf("AppId", "wxtest0000000001"), leaf("CreateTime", tostring(app:now())), leaf("InfoType", info) }
    for i = 1, select("#", ...), 2 do nodes[#nodes + 1] = leaf((select(i, ...)), (select(i + 1, ...))) end
    local p = app:push(nodes)
    app:advance(2)
    return p
  end

  local function authorise()
    tells("component_verify_ticket", "ComponentVerifyTicket", "wxtest-verify-ticket")
    return tells("authorized", "AuthorizerAppid", "wxtestauthorizer", "AuthorizationCode", "wxtest-code",
      "AuthorizationCodeExpiredTime", "600", "PreAuthCode", "wxtest-preauth")
  end

  it("keeps its ticket, and has its own token by it", function()
    start [[
      wx.text("-", "-")
      wx.event("component_verify_ticket", function() wx.log.info("seen") end)
    ]]
    local p = tells("component_verify_ticket", "ComponentVerifyTicket", "wxtest-verify-ticket")
    assert.equal("success", p:content())
    assert.equal(0, #app:logged "component.event")
  end)

  it("exchanges the code of an authorisation at once, and keeps the refresh token", function()
    start [[
      wx.event("authorized", function(msg)
        local account = wx.account(msg.raw.AuthorizerAppid)
        wx.log.info(("%s %s %s"):format(account.id, account.kind, tostring(account.can.customer_service)))
      end)
    ]]
    local p = authorise()
    assert.equal("success", p:content())
    local paths = {}
    for i, one in ipairs(server:seen()) do paths[i] = one.path:match "[^/]+$" end
    assert.same({ "api_component_token", "api_query_auth", "api_get_authorizer_info" }, paths)
    local lines = app:logged "plugin.log"
    assert.matches("wxtestauthorizer service true", lines[1])
  end)

  it("calls for an authorizer with his token, which its own token brings", function()
    start [[
      wx.event("authorized", function(msg)
        local api = wx.account("wxtestauthorizer").api
        for _ = 1, 2 do
          local ok, err = api.user.info { openid = "oTest" }
          wx.log.info(ok and "ok" or tostring(err))
        end
      end)
    ]]
    authorise()
    for _, line in ipairs(app:logged "plugin.log") do assert.matches("text=ok", line) end
    local counts = server:counts()
    assert.equal(1, counts.authorizer)
    assert.equal(1, counts.component)
    local seen = server:seen()
    assert.matches("wxtest%-refresh%-1", seen[4].body)
    assert.matches("access_token=wxtest%-izer%-", seen[5].query)
  end)

  it("sends late answers on behalf of an authorizer who may, once WeChat has told what he is", function()
    start [[
      wx.text("slow", function() wx.sleep(8) return "done" end)
      wx.text("two", function(msg) msg:say "one" return "two" end)
    ]]
    authorise()
    server:seen()
    local user = app:user()
    local p = user:sends(push.text "slow", { authorizer = "wxtestauthorizer" })
    app:advance(6)
    assert.equal("success", p:content())
    app:advance(4)
    local sent = {}
    for _, one in ipairs(server:seen()) do
      assert.is_nil(one.query:find("component_access_token", 1, true) and one.path:find "custom")
      if one.path:find "custom/" then
        assert.matches("^access_token=wxtest%-izer%-", one.query)
        sent[#sent + 1] = one.path:match "[^/]+$" .. " " .. (one.body:match '"content":"(.-)"' or "")
      end
    end
    assert.same({ "typing ", "send done" }, sent)
    user:sends(push.text "two", { authorizer = "wxtestauthorizer" })
    app:advance(2)
    assert.matches('"content":"one"', server:seen()[1].body)
    p = user:sends(push.text "slow", { authorizer = "wxtestother" }) -- nobody knows what he may
    app:advance(20)
    assert.equal("done", p:content()) -- the push was held for it
    for _, one in ipairs(server:seen()) do assert.is_nil(one.path:find "custom/") end
    assert.equal(0, #app:logged "late.failed")
  end)

  it("tells plugins what an authorizer is, whose push came before WeChat has told", function()
    start [[
      wx.text("what", function(msg)
        local account = msg.account
        return ("%s %s %s %s"):format(account.kind, account.verified, account.username, account.can.template)
      end)
    ]]
    local function asks()
      local p = app:user():sends(push.text "what", { authorizer = "wxtestauthorizer" })
      app:advance(1)
      return p:content()
    end
    assert.equal("subscription nil nil true", asks())
    authorise()
    assert.matches("^service true gh_%S+ true$", asks())
    server:seen()
  end)

  it("gives pushes of authorizers to the same plugins, with their account", function()
    start [[
      wx.text("who", function(msg) return msg.account.id .. " of " .. msg.openid end)
      wx.text("ask", function(msg) return "hi " .. msg:ask "name?" .. " " .. msg.account.id end)
      wx.text("long", function(msg) return ("微"):rep(1500) end)
    ]]
    local user = app:user()
    local p = user:sends(push.text "who", { authorizer = "wxtestother" })
    app:advance(1)
    assert.equal("wxtestother of " .. user.openid, p:content())
    assert.is_true(p:answer().sealed)
    p = user:sends(push.text "ask", { authorizer = "wxtestother" })
    app:advance(1)
    assert.equal("name?", p:content())
    p = user:sends(push.text "小明", { authorizer = "wxtestother" })
    app:advance(1)
    assert.equal("hi 小明 wxtestother", p:content())
    p = user:sends(push.text "long", { authorizer = "wxtestother" })
    app:advance(1)
    assert.matches("继续", p:content())
    p = user:sends(push.text "继续", { authorizer = "wxtestother" })
    app:advance(1)
    assert.matches("^微", p:content())
  end)

  it("lists its authorizers, and has the code for the page on which they authorise", function()
    start [[
      wx.event("component_verify_ticket", function()
        local list, platform = {}, wx.account "one"
        for appid, account in platform:authorizers() do
          list[#list + 1] = appid .. (account == wx.account(appid) and "" or "?")
        end
        wx.log.info(table.concat(list, " "))
        local page = platform.api.component.login_page {
          pre_auth_code = platform:pre_auth_code(), redirect_uri = "https://wx.example.cn/done" }
        wx.log.info(page)
      end)
    ]]
    authorise()
    server:set { authorizer = "wxtestsecond" }
    tells("authorized", "AuthorizerAppid", "wxtestsecond", "AuthorizationCode", "wxtest-code")
    app:logged()
    tells("component_verify_ticket", "ComponentVerifyTicket", "wxtest-verify-ticket")
    local lines = app:logged "plugin.log"
    assert.matches('text="wxtestauthorizer wxtestsecond"', lines[1])
    assert.matches("https://mp.weixin.qq.com/cgi%-bin/componentloginpage%?component_appid=wxtest0000000001&pre_auth_code=wxtest%-preauth",
      lines[2])
  end)

  it("forgets who takes his authorisation back", function()
    start [[
      wx.event("unauthorized", function(msg)
        local ok, err = pcall(wx.account, "wxtestauthorizer")
        wx.log.info(ok and "still there" or "gone")
      end)
    ]]
    authorise()
    tells("unauthorized", "AuthorizerAppid", "wxtestauthorizer")
    assert.matches("text=gone", app:logged "plugin.log" [1])
  end)

  -- A user's message to an authorizer.
  local function says(user, appid, text)
    local p = user:sends(push.text(text), { authorizer = appid })
    app:advance(1)
    return p:content()
  end

  local KEEPS <const> = [[
    wx.text("set", function(msg)
      local store, user = wx.store, wx.store:user(msg.openid)
      assert(store:set("k", "of " .. msg.account.id))
      assert(user:set("secret", "of " .. msg.account.id))
      assert(store:account(msg.account):get "k" == "of " .. msg.account.id)
      assert(store:account(msg.account.id):get "k" == "of " .. msg.account.id)
      wx.spawn(function() store:set("spawned", msg.account.id) end)
      return "kept"
    end)
    wx.text("get", function(msg)
      return ("%s %s %s"):format(wx.store:get "k", wx.store:user(msg.openid):get "secret", wx.store:get "spawned")
    end)
    wx.text("ask", function(msg)
      local _, answer = msg:ask "name?"
      return ("%s %s"):format(answer.account.id, wx.store:get "k")
    end)
    wx.text("lock", function(msg)
      local lock, err = wx.lock("job", "1m")
      return lock and "locked" or err.code
    end)
    wx.text("forget", function(msg) return tostring(msg:forget()) end)
    wx.on_forget(function(openid, account)
      wx.log.info(("%s: %s, store %s"):format(account.id, openid, wx.store:get "k"))
    end)
  ]]

  it("keeps what plugins keep apart, account by account", function()
    start(KEEPS)
    local user = app:user()
    for _, appid in ipairs { "wxtestone", "wxtesttwo" } do
      assert.equal("kept", says(user, appid, "set"))
      assert.equal("locked", says(user, appid, "lock"))
      assert.equal("lock.busy", says(user, appid, "lock"))
    end
    for _, appid in ipairs { "wxtestone", "wxtesttwo" } do
      assert.equal(("of %s of %s %s"):format(appid, appid, appid), says(user, appid, "get"))
    end
    assert.equal("name?", says(user, "wxtestone", "ask"))
    assert.equal("wxtestone of wxtestone", says(user, "wxtestone", "someone"))
    local p = user:says "get"
    app:advance(1)
    assert.equal("nil nil nil", p:content()) -- the platform's own
  end)

  it("forgets a user of an authorizer, and of no other", function()
    start(KEEPS)
    local user = app:user()
    for _, appid in ipairs { "wxtestone", "wxtesttwo" } do says(user, appid, "set") end
    assert.equal("true", says(user, "wxtestone", "forget"))
    assert.matches("wxtestone: " .. user.openid .. ", store of wxtestone", app:logged "plugin.log" [1])
    assert.equal("of wxtestone nil wxtestone", says(user, "wxtestone", "get"))
    assert.equal("of wxtesttwo of wxtesttwo wxtesttwo", says(user, "wxtesttwo", "get"))
  end)

  it("gives the token of an authorizer by his AppID, as long as he authorises it", function()
    start [[
      local token = require "weiyue.token"
      wx.text("token", function()
        local ok, value = pcall(token.get, "wxtestauthorizer")
        return ok and (value and "good" or "bad") or value:match "wants an account"
      end)
    ]]
    local user = app:user()
    local function asks()
      local p = user:says "token"
      app:advance(1)
      return p:content()
    end
    assert.equal("wants an account", asks())
    authorise()
    assert.equal("good", asks())
    tells("unauthorized", "AuthorizerAppid", "wxtestauthorizer")
    assert.equal("wants an account", asks())
  end)

  it("forgets who has left an authorizer, when that is due", function()
    start(KEEPS)
    authorise()
    local user = app:user()
    for _, appid in ipairs { "wxtestauthorizer", "wxtesttwo" } do says(user, appid, "set") end
    user:sends(push.message("event", "unsubscribe", "EventKey", ""), { authorizer = "wxtestauthorizer" })
    app:advance(0)
    app:advance(86400 + 120)
    assert.matches("wxtestauthorizer: " .. user.openid, app:logged "plugin.log" [1])
    assert.equal("of wxtestauthorizer nil wxtestauthorizer", says(user, "wxtestauthorizer", "get"))
    assert.equal("of wxtesttwo of wxtesttwo wxtesttwo", says(user, "wxtesttwo", "get"))
  end)

  local FINDS <const> = [[
    wx.text("find", function() return tostring((pcall(wx.account, "wxtestauthorizer"))) end)
  ]]

  local function finds()
    local p = app:user():says "find"
    app:advance(1)
    return p:content()
  end

  local function authorisation()
    return tells("authorized", "AuthorizerAppid", "wxtestauthorizer", "AuthorizationCode", "wxtest-code")
  end

  it("tries an authorisation again that could not be exchanged, as long as its code is good", function()
    start(FINDS)
    assert.equal("success", authorisation():content()) -- no ticket has come yet
    assert.equal("false", finds())
    tells("component_verify_ticket", "ComponentVerifyTicket", "wxtest-verify-ticket")
    server:set { answers = { ["/cgi-bin/component/api_query_auth"] = { { errcode = -1, errmsg = "system error" }, {} } } }
    for _ = 1, 3 do app:advance(60) end
    assert.equal("false", finds())
    server:set { answers = {} }
    for _ = 1, 2 do app:advance(61) end
    assert.equal("true", finds())
    assert.equal(1, #app:logged "component.authorized")
    server:seen()
    for _ = 1, 10 do app:advance(60) end
    assert.same({}, server:seen())
  end)

  it("asks no more for a code that WeChat does not take", function()
    start(FINDS)
    tells("component_verify_ticket", "ComponentVerifyTicket", "wxtest-verify-ticket")
    server:set { answers = { ["/cgi-bin/component/api_query_auth"] = { errcode = 61010, errmsg = "code is expired" } } }
    authorisation()
    server:seen()
    for _ = 1, 20 do app:advance(60) end
    assert.same({}, server:seen())
    assert.equal("false", finds())
  end)

  it("gives an authorisation up when its time is over, and tells so", function()
    start(FINDS)
    authorisation()
    app:logged()
    for _ = 1, 12 do app:advance(60) end
    local lines = app:logged "component.event"
    assert.equal(1, #lines)
    assert.matches("given up", lines[1])
    assert.matches("appid=wxtestauthorizer", lines[1])
  end)

  it("goes on with an authorisation after a restart", function()
    start(FINDS, 'store = "sqlite:kept.db"')
    authorisation()
    assert.equal("false", finds())
    app:restart()
    tells("component_verify_ticket", "ComponentVerifyTicket", "wxtest-verify-ticket")
    for _ = 1, 3 do app:advance(30) end
    assert.equal("true", finds())
  end)

  it("tells in the log what an authorisation failed of, and answers all the same", function()
    start [[wx.text("-", "-")]]
    local p = tells("authorized", "AuthorizerAppid", "wxtestauthorizer", "AuthorizationCode", "wxtest-code")
    assert.equal("success", p:content())
    local lines = app:logged()
    local found
    for _, line in ipairs(lines) do
      found = found or line:find("event=component.event", 1, true) and line
      assert.is_nil(line:find("wxtest-code", 1, true))
    end
    assert.matches("token.no_ticket", found)
  end)

  it("wants encryption, its AppID and its secret", function()
    for _, more in ipairs { 'mode = "plain"', 'secret = nil', 'authorizers = "/wx/x"', 'authorizers = "/:appid/:appid"' } do
      local config = ([[return { accounts = { (function() local a = { kind = "component", appid = "wxtest1", token = "wxtesttoken",
        secret = "wxtestsecret", aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" } %s return a end)() } }]])
        :format("a." .. more)
      local conf, problems = require("weiyue.config").load_string(config, "weiyue.lua")
      assert.is_nil(conf, more)
      assert.is_true(#problems > 0)
    end
  end)
end)
