-- A third-party platform over sockets: two addresses, and what outlives the process.

local form = require "weiyue.form"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local wechat_api = require "spec.support.wechat_api"

local leaf = push.leaf

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("who", function(msg) return msg.account.id end)
wx.text("call", function(msg)
  local user, err = msg.account.api.user.info { openid = msg.openid }
  return user and "good" or tostring(err)
end)
wx.text("later", function(msg)
  local user, err = wx.account("wxtestauthorizer").api.user.info { openid = "o" }
  return user and "good" or tostring(err)
end)
wx.page("/of/:appid/me", { login = "base" }, function(req) return "openid: " .. req.user.openid end)
]]

describe("a third-party platform that is served", function()
  local api, server, platform, authorizer

  setup(function()
    api = wechat_api.start()
    api:set { ticket = "wxtest-verify-ticket", authorizer = "wxtestauthorizer" }
    platform = serve.account("platform", "safe",
      ('kind = "component", secret = "wxtestcomponentsecret", authorizers = "/wx/:appid/push", api = "%s"'):format(api.url))
    authorizer = setmetatable({ path = "/wx/wxtestauthorizer/push" }, { __index = platform })
    server = serve.start {
      ["weiyue.lua"] = serve.config({ platform }, "workers = 2"), ["plugins/one.lua"] = PLUGIN,
    }
  end)
  teardown(function()
    server:stop()
    api:stop()
  end)

  local function tells(info, ...)
    local nodes = { leaf("AppId", platform.appid), leaf("CreateTime", tostring(os.time())), leaf("InfoType", info) }
    for i = 1, select("#", ...), 2 do nodes[#nodes + 1] = leaf((select(i, ...)), (select(i + 1, ...))) end
    local response = server:push(platform, nodes)
    assert.same({ 200, "success" }, { response.status, response.body })
  end

  it("has messages of authorizers at the address with their AppID", function()
    assert.equal("wxtestauthorizer", server:says(authorizer, "who"))
    assert.equal("wxtestother", server:says(setmetatable({ path = "/wx/wxtestother/push" }, { __index = platform }), "who"))
    assert.equal("platform", server:says(platform, "who"))
  end)

  it("has nothing at others", function()
    for _, path in ipairs { "/wx", "/wx//push", "/wx/a/b/push", "/wx/wxtestother", "/wx/a%2Fb/push", "/wx/" .. ("a"):rep(65) .. "/push",
      "/wx/a.b/push" } do
      assert.equal(404, server:request(serve.sign(setmetatable({ path = path }, { __index = platform }), push.text "who", "xml")).status,
        path)
    end
  end)

  it("refuses what is signed for another platform there, too", function()
    assert.equal(403, server:push(authorizer, push.text "who", "xml", { appid = "wxtest9999999999" }).status)
    assert.equal(403, server:push(authorizer, push.text "who", "xml", { token = "othertoken" }).status)
  end)

  it("calls for who has authorised it, also when it was started anew", function()
    tells("component_verify_ticket", "ComponentVerifyTicket", "wxtest-verify-ticket")
    tells("authorized", "AuthorizerAppid", "wxtestauthorizer", "AuthorizationCode", "wxtest-code")
    assert.equal("good", server:says(authorizer, "call"))
    server:kill_child()
    server.connection = nil -- it went with the process
    assert.equal("good", server:says(authorizer, "call"))
    for _ = 1, 6 do assert.equal("good", server:says(platform, "later")) end -- by both workers
    assert.equal(1, api:counts().authorizer)
    assert.equal(1, api:counts().component)
    assert.is_nil(server:log():find("wxtest-refresh", 1, true))
  end)

  it("logs in the users of who has authorised it, by its own token", function()
    api:set { check = true, answers = { ["/sns/oauth2/component/access_token"] = {
      access_token = "wxtest-of-user", openid = "oOfAuthorizer", scope = "snsapi_base" } } }
    api:seen()
    local browser = require("spec.support.browser").new("http://127.0.0.1:" .. server.port)
    finally(function() browser:close() end)
    local response = browser:get "/of/wxtestauthorizer/me?x=1"
    local query = form.parse(response.headers.location:match "%?([^#]*)")
    assert.same({ 302, "wxtestauthorizer", platform.appid }, { response.status, query.appid, query.component_appid })
    response = browser:get(("%s?code=wxtestcode1&state=%s"):format(query.redirect_uri, query.state))
    assert.same({ 302, "/of/wxtestauthorizer/me?x=1" }, { response.status, response.headers.location })
    assert.matches("openid: oOfAuthorizer", browser:get("/of/wxtestauthorizer/me").body, 1, true)
    local calls = {}
    for _, one in ipairs(api:seen()) do
      if one.path == "/sns/oauth2/component/access_token" then calls[#calls + 1] = one end
    end
    assert.equal(1, #calls)
    assert.equal(404, browser:get("/of/wxtestnobody/me").status)
  end)
end)
