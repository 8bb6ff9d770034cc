-- account.api as plugins see it, in a host of its own on a virtual clock.

local rigs = require "spec.support.rig"
local wechat_api = require "spec.support.wechat_api"

describe("a plugin's account.api", function()
  local server, app

  setup(function() server = wechat_api.start() end)
  teardown(function() server:stop() end)
  before_each(function() server:set { kill = true, zero = true, answers = {} } end)
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local function start(plugin, more)
    app = rigs.new { plugin = plugin, config = 'store = "memory"',
      account = ('kind = "service", verified = true, secret = "wxtestsecret", api = "%s"%s')
        :format(server.url, more or "") }
    return app:user()
  end

  it("looks synchronous", function()
    server:set { answers = { ["/cgi-bin/user/info"] = { openid = "o", nickname = "小明" } } }
    local user = start [[
      wx.text("who", function(msg)
        local user, err = msg.account.api.user.info { openid = msg.openid }
        return user and user.nickname or tostring(err)
      end)
    ]]
    local push = user:says "who"
    app:advance(1)
    assert.equal("小明", push:content())
  end)

  it("is asked for what it has declared, also where a handler leaves by a tail call", function()
    local user = start [[
      wx.plugin { api = { "tag.*" } }
      wx.text("tail", function(msg) return msg.account.api:call("material.del", { media_id = "m" }) end)
      wx.text("plain", function(msg)
        local _, err = msg.account.api.material.del { media_id = "m" }
        return err.code .. " " .. err.hint
      end)
      wx.text("task", function(msg)
        local said
        wx.spawn(function() said = select(2, wx.account().api.material.del { media_id = "m" }).code end)
        wx.sleep(1)
        return said
      end)
      wx.text("good", function(msg)
        local ok, err = msg.account.api.tag.delete { tag = { id = 1 } }
        return ok and "done" or tostring(err)
      end)
    ]]
    local push = user:says "plain"
    app:advance(1)
    assert.equal('api.undeclared 在 wx.plugin 里加上 api = { "material.del" }', push:content())
    push = user:says "task"
    app:advance(2)
    assert.equal("api.undeclared", push:content())
    push = user:says "tail"
    app:advance(1)
    assert.equal("success", push:content())
    assert.is_true(#app:logged "handler.error" == 1)
    push = user:says "good"
    app:advance(1)
    assert.equal("done", push:content())
    assert.equal(1, server:counts().calls)
  end)

  it("has rows that a plugin adds", function()
    server:set { answers = { ["/shop/ship"] = { errcode = 0, id = 12345678901234567 } } }
    local user = start [[
      wx.api("wxtest_shop", { "ship", "POST", "/shop/ship", body = "order_id, note?" })
      wx.text("ship", function(msg) return tostring(msg.account.api.wxtest_shop.ship { order_id = "1" }.id) end)
    ]]
    local push = user:says "ship"
    app:advance(1)
    assert.equal("12345678901234567", push:content())
  end)

  it("counts in account.quota", function()
    local user = start [[
      wx.text("n", function(msg)
        msg.account.api.user.info { openid = msg.openid }
        local q = msg.account.quota["user.info"]
        return ("%d of %d"):format(q.used, q.limit)
      end)
    ]]
    local push = user:says "n"
    app:advance(1)
    assert.equal("1 of 500000", push:content())
  end)

  it("counts in /metrics", function()
    server:set { answers = { ["/cgi-bin/user/info"] = { { errcode = -1 }, { openid = "o" }, { errcode = 40003 } } } }
    local user = start [[
      wx.text("n", function(msg) return msg.account.api.user.info { openid = "o" } and "ok" or "no" end)
    ]]
    local push = user:says "n"
    app:advance(2)
    assert.equal("ok", push:content())
    user:says "n"
    app:advance(2)
    assert.equal(3, app:of_account "weiyue_api_calls_total")
    assert.equal(1, app:of_account "weiyue_api_failed_total")
    assert.equal(1, app:of_account "weiyue_token_fetches_total")
  end)

  it("logs a failure with the plugin, its line and the push's trace", function()
    server:set { answers = { ["/cgi-bin/user/info"] = { errcode = 40003, errmsg = "invalid openid" } } }
    local user = start [[
      wx.text("x", function(msg) msg.account.api.user.info { openid = "oX" } return "-" end)
    ]]
    user:says "x"
    app:advance(1)
    local lines = app:logged "api.failed"
    assert.equal(1, #lines)
    assert.matches("api=user.info", lines[1])
    assert.matches("code=40003", lines[1])
    assert.matches("plugin=one", lines[1])
    assert.matches("where=%S+one.lua:2", lines[1])
    assert.matches("trace=%x+", lines[1])
  end)

  it("logs the same where msg:user or account:followers has called", function()
    server:set { answers = {
      ["/cgi-bin/user/info"] = { errcode = 40003, errmsg = "invalid openid" },
      ["/cgi-bin/user/get"] = { errcode = 40003, errmsg = "invalid openid" },
    } }
    local user = start [[
      wx.text("u", function(msg) return tostring(select(2, msg:user())) end)
      wx.text("f", function(msg)
        for _ in msg.account:followers() do return "one" end
        return "none"
      end)
    ]]
    local p = user:says "u"
    app:advance(1)
    assert.matches("40003", p:content())
    p = user:says "f"
    app:advance(1)
    assert.equal("none", p:content())
    local lines = app:logged "api.failed"
    assert.equal(2, #lines)
    assert.matches("plugin=one .*where=%S+one.lua:2", lines[1])
    assert.matches("plugin=one .*where=%S+one.lua:4", lines[2])
  end)

  it("gives tokens by weiyue.token, and none by account.api", function()
    local user = start [[
      local token = require "weiyue.token"
      wx.text("t", function(msg)
        local value, err = token.get(msg.account)
        return value and #value > 8 and msg.account.api.token.stable {} == nil and "yes" or tostring(err)
      end)
    ]]
    local push = user:says "t"
    app:advance(1)
    assert.equal("yes", push:content())
  end)

  it("answers pushes while the issuer does not", function()
    server:set { delay = 3 }
    local user = start [[
      wx.text("slow", function(msg) return msg.account.api.user.info { openid = msg.openid } and "ok" end)
      wx.text("fast", "at once")
    ]]
    user:says "slow"
    local other = app:user():says "fast"
    assert.equal("at once", other:content())
    server:set { delay = 0 }
    app:advance(10)
  end)
end)

describe("a refresh of a token", function()
  local server

  setup(function() server = wechat_api.start() end)
  teardown(function() server:stop() end)

  it("that a reload interrupts keeps nobody waiting", function()
    server:set { delay = 0.3, kill = true, zero = true }
    local PLUGIN <const> = [[
      wx.text("x", function(msg)
        local user, err = msg.account.api.user.info { openid = msg.openid }
        return user and "good" or tostring(err)
      end)
    ]]
    local app = rigs.new { plugin = PLUGIN, config = 'store = "memory"',
      account = ('kind = "service", verified = true, secret = "wxtestsecret", api = "%s"'):format(server.url) }
    local first = app:user():says "x"
    assert.is_nil(first:content()) -- its request is on its way
    app:reload { plugin = PLUGIN .. "\n-- another" }
    local second = app:user():says "x"
    app:advance(3)
    server:set { delay = 0 }
    assert.equal("good", first:content())
    assert.equal("good", second:content())
    app:free()
  end)
end)
