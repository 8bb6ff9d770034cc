-- Both ways to an access_token of the fake WeChat, by their real rules.

local json = require "weiyue.json"
local sandbox = require "spec.support.sandbox_world"

-- What a call with this token says: 0 when it is good.
local function code(s, token)
  local response = s:send { method = "GET", path = "/cgi-bin/get_api_domain_ip", query = { access_token = token } }
  return json.decode(response.body).errcode or 0
end

local function stable(s, force)
  local got = assert(s:call("token.stable", { force_refresh = force }))
  return got.access_token, got.expires_in
end

local function classic(s) return assert(s:call("token.get")).access_token end

describe("stable_token", function()
  it("gives the same token with what is left of its life, until 5 minutes before the end", function()
    local s = sandbox.new()
    local first, life = stable(s)
    assert.equal(7200, life)
    s:advance(6899)
    local again, left = stable(s)
    assert.same({ first, 301 }, { again, left })
    s:advance(1)
    local second, fresh = stable(s)
    assert.not_equal(first, second)
    assert.equal(7200, fresh)
    assert.same({ 0, 0 }, { code(s, first), code(s, second) })
    s:advance(299)
    assert.same({ 0, 0 }, { code(s, first), code(s, second) })
    s:advance(1)
    assert.same({ 42001, 0 }, { code(s, first), code(s, second) })
    assert.equal(second, (stable(s)))
  end)

  it("that is forced ends the one before at once", function()
    local s = sandbox.new()
    local first = stable(s)
    local second, life = stable(s, true)
    assert.not_equal(first, second)
    assert.equal(7200, life)
    assert.same({ 40001, 0 }, { code(s, first), code(s, second) })
    assert.equal(second, (stable(s)))
  end)

  it("is not forced again within 30 s", function()
    local s = sandbox.new()
    stable(s)
    local first = stable(s, true)
    s:advance(29)
    assert.equal(first, (stable(s, true)))
    s:advance(1)
    assert.not_equal(first, (stable(s, true)))
  end)

  it("is forced 20 times a day", function()
    local s, last = sandbox.new(), nil
    stable(s)
    for i = 1, 20 do
      local token = stable(s, true)
      assert.not_equal(last, token, i)
      last = token
      s:advance(30)
    end
    assert.equal(45009, s:code("token.stable", { force_refresh = true }))
    assert.equal(last, (stable(s)))
    s:advance(86400)
    stable(s)
    local token = stable(s)
    assert.not_equal(token, (stable(s, true)))
  end)

  it("knows nothing of the classic token", function()
    local s = sandbox.new()
    local one, other = stable(s), classic(s)
    stable(s, true)
    assert.equal(0, code(s, other))
    classic(s)
    s:advance(301)
    assert.equal(40001, code(s, one))
    assert.equal(40001, code(s, other))
  end)
end)

describe("the classic token", function()
  it("is another with each call, and the one before ends 5 minutes later", function()
    local s = sandbox.new()
    local first = classic(s)
    local second = classic(s)
    assert.not_equal(first, second)
    s:advance(299)
    assert.same({ 0, 0 }, { code(s, first), code(s, second) })
    s:advance(1)
    assert.same({ 40001, 0 }, { code(s, first), code(s, second) })
  end)

  it("expires", function()
    local s = sandbox.new()
    local token = classic(s)
    s:advance(7199)
    assert.equal(0, code(s, token))
    s:advance(1)
    assert.equal(42001, code(s, token))
  end)

  it("is had 2000 times a day", function()
    local s = sandbox.new()
    for _ = 1, 2000 do classic(s) end
    assert.equal(45009, s:code("token.get"))
  end)
end)

describe("wrong credentials", function()
  it("are told", function()
    local s = sandbox.new()
    for _, key in ipairs { "token.get", "token.stable" } do
      assert.equal(40013, s:code(key, {}, { appid = "WXTEST0123456789AB" }), key)
      assert.equal(40125, s:code(key, {}, { secret = "wxtest-wrong" }), key)
    end
  end)

  it("that were reset end every token", function()
    local s = sandbox.new()
    local one, other = stable(s), classic(s)
    s.world.tokens:revoke(sandbox.APPID)
    assert.same({ 40001, 40001 }, { code(s, one), code(s, other) })
    local new = stable(s)
    assert.equal(0, code(s, new))
  end)

  it("are forgotten in time: the book does not grow", function()
    local s = sandbox.new()
    for _ = 1, 40 do
      for _ = 1, 100 do s.world.tokens:issue("access_token", sandbox.APPID) end
      s:advance(7201)
    end
    local n = 0
    for _ in pairs(s.world.tokens.by_value) do n = n + 1 end
    assert.is_true(n <= 700, n)
  end)
end)

describe("tickets for pages", function()
  it("stay the same for two hours, one for each kind", function()
    local s = sandbox.new()
    local js, card = assert(s:call("jssdk.get_ticket")), assert(s:call("jssdk.get_card_ticket"))
    assert.not_equal(js.ticket, card.ticket)
    assert.equal(7200, js.expires_in)
    s:advance(7199)
    local again = s:call("jssdk.get_ticket")
    assert.same({ js.ticket, 1 }, { again.ticket, again.expires_in })
    assert.equal(js.ticket, s.world:ticket(sandbox.APPID, "jsapi"))
    s:advance(1)
    assert.is_nil(s.world:ticket(sandbox.APPID, "jsapi"))
    assert.not_equal(js.ticket, s:call("jssdk.get_ticket").ticket)
  end)
end)
