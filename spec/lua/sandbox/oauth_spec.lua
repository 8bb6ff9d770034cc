-- Web authorization by the fake WeChat, from the code on.

local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local function token(s, scope, options)
  return assert(s:call("oauth.access_token", { code = s.world:new_code(APPID, OPENID, scope or "snsapi_userinfo", options) }))
end

describe("a code", function()
  it("is exchanged once", function()
    local s = sandbox.new()
    local code = s.world:new_code(APPID, OPENID, "snsapi_base")
    local got = assert(s:call("oauth.access_token", { code = code }))
    assert.same({ OPENID, "snsapi_base", 7200 }, { got.openid, got.scope, got.expires_in })
    assert.is_nil(got.unionid)
    assert.equal(40163, s:code("oauth.access_token", { code = code }))
    assert.equal(40029, s:code("oauth.access_token", { code = "wxtest-none" }))
  end)

  it("lives five minutes", function()
    local s = sandbox.new()
    local one, other = s.world:new_code(APPID, OPENID, "snsapi_base"), s.world:new_code(APPID, OPENID, "snsapi_base")
    s:advance(299)
    assert.is_table(s:call("oauth.access_token", { code = one }))
    s:advance(1)
    assert.equal(42003, s:code("oauth.access_token", { code = other }))
  end)

  it("is the account's, with its secret", function()
    local s = sandbox.new()
    s.world:add_account { appid = "wxtestother", secret = "wxtest-other" }
    local code = s.world:new_code(APPID, OPENID, "snsapi_base")
    assert.equal(40029, s:code("oauth.access_token", { code = code }, { appid = "wxtestother", secret = "wxtest-other" }))
    assert.equal(40013, s:code("oauth.access_token", { code = code }, { appid = "wxtestnone" }))
    assert.equal(40125, s:code("oauth.access_token", { code = code }, { secret = "wxtest-wrong" }))
    assert.is_table(s:call("oauth.access_token", { code = code }))
  end)

  it("of a snapshot page is somebody else's", function()
    local s = sandbox.new()
    local got = token(s, "snsapi_userinfo", { snapshot = true })
    assert.equal(1, got.is_snapshotuser)
    assert.not_equal(OPENID, got.openid)
    local info = assert(s:call("oauth.userinfo", { access_token = got.access_token, openid = got.openid }))
    assert.same({ "微信用户", 1 }, { info.nickname, info.is_snapshotuser })
  end)

  it("of a mini program's login is no other's", function()
    local s = sandbox.new()
    s.world:user(APPID, OPENID).unionid = "u1"
    local code = s.world:new_code(APPID, OPENID, "jscode")
    assert.equal(40029, s:code("oauth.access_token", { code = code }))
    local got = assert(s:call("wxa_login.jscode2session", { js_code = code }))
    assert.same({ OPENID, "u1", 24 }, { got.openid, got.unionid, #got.session_key })
    assert.equal(40163, s:code("wxa_login.jscode2session", { js_code = code }))
    assert.equal(40029, s:code("wxa_login.jscode2session", { js_code = s.world:new_code(APPID, OPENID, "snsapi_base") }))
  end)
end)

describe("a user's token", function()
  it("tells who he is, when he has agreed to that", function()
    local s = sandbox.new()
    local user = s.world:user(APPID, OPENID)
    user.unionid, user.avatar = "u1", "https://wx.example.cn/a.png"
    local got = token(s)
    assert.equal("u1", got.unionid)
    local info = assert(s:call("oauth.userinfo", { access_token = got.access_token, openid = OPENID, lang = "en" }))
    assert.same({ OPENID, "小微", 0, "", "https://wx.example.cn/a.png", "u1" },
      { info.openid, info.nickname, info.sex, info.city, info.headimgurl, info.unionid })
    assert.same({}, info.privilege)
    assert.equal(40003, s:code("oauth.userinfo", { access_token = got.access_token, openid = "nobody" }))
    assert.equal(48001, s:code("oauth.userinfo", { access_token = token(s, "snsapi_base").access_token, openid = OPENID }))
    assert.equal(40001, s:code("oauth.userinfo", { access_token = "wxtest-none", openid = OPENID }))
    assert.equal(40001, s:code("oauth.userinfo", { access_token = s:call("token.get").access_token, openid = OPENID }))
  end)

  it("ends after two hours and is refreshed for thirty days", function()
    local s = sandbox.new()
    local got = token(s)
    local function good(value) return (s:call("oauth.auth", { access_token = value, openid = OPENID })) ~= nil end
    local function refresh() return s:call("oauth.refresh_token", { refresh_token = got.refresh_token }) end
    assert.is_true(good(got.access_token))
    s:advance(7000)
    local again = assert(refresh())
    assert.same({ got.access_token, 7200, got.refresh_token }, { again.access_token, again.expires_in, again.refresh_token })
    s:advance(7200)
    assert.is_false(good(got.access_token))
    assert.equal(42001, s:code("oauth.userinfo", { access_token = got.access_token, openid = OPENID }))
    local new = assert(refresh())
    assert.not_equal(got.access_token, new.access_token)
    assert.is_true(good(new.access_token))
    s:advance(30 * 86400)
    assert.equal(42002, select(2, refresh()).code)
    assert.equal(40030, s:code("oauth.refresh_token", { refresh_token = "wxtest-none" }))
  end)

  it("is refused for another", function()
    local s = sandbox.new()
    assert.equal(40003, s:code("oauth.auth", { access_token = token(s).access_token, openid = "nobody" }))
    assert.equal(40003, s:code("oauth.auth", { access_token = "wxtest-none", openid = OPENID }))
  end)
end)
