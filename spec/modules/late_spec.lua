-- Late answers while WeChat's API fails: what is tried again, what is never sent twice, and how the user learns of what
-- waits for him.

local t = require "weiyue.testing"

local WAITING <const> = "正在处理，回复“继续”查看"

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("slow", function()
  wx.sleep(6)
  return "done"
end)
wx.text("hi", "hello")
wx.text("long", ("a"):rep(2040))
wx.text("picture", function() return wx.reply.image "wxtestmedia" end)
]]

describe("a late answer", function()
  local path

  setup(function()
    path = os.tmpname()
    os.remove(path)
    path = path .. ".lua"
    local file = assert(io.open(path, "w"))
    file:write(PLUGIN)
    file:close()
  end)
  teardown(function() os.remove(path) end)

  local function load() return t.load { plugins = { path } } end

  local function heard(u)
    local list = {}
    for i, one in ipairs(u:hears()) do list[i] = one.text end
    return list
  end

  for name, how in pairs {
    ["a gateway fails"] = { status = 502 }, ["WeChat is busy"] = { errcode = -1 },
  } do
    it("is tried again where " .. name, function()
      local app = load()
      local u = app:user()
      how.times = 3
      app.wechat:fail("message_custom.send", how)
      u:says "slow"
      app:advance(20)
      assert.same({ "done" }, heard(u))
      assert.equal("hello", u:says "hi".text)
    end)
  end

  it("waits for a token that could not be had", function()
    local app = load()
    local u = app:user()
    app.wechat:fail("token.stable", { errcode = -1, times = 2 })
    u:says "slow"
    app:advance(20)
    assert.same({ "done" }, heard(u))
  end)

  for name, how in pairs {
    ["was carried out, though no answer came"] = { lost = true }, ["a gateway gave up on"] = { status = 504 },
  } do
    it("is not sent twice where it " .. name, function()
      local app = load()
      local u = app:user()
      app.wechat:fail("message_custom.send", how)
      u:says "slow"
      app:advance(60)
      assert.equal(1, app.wechat:count "message_custom.send")
    end)
  end

  it("does not keep the next message waiting where the account is at fault", function()
    local app = load()
    local u = app:user()
    app.wechat:fail("token.stable", { errcode = 40164, errmsg = "invalid ip 203.0.113.9, not in whitelist" })
    u:says "slow"
    app:advance(2)
    local answer = u:says "hi"
    assert.equal("hello\n" .. WAITING, answer.text)
    assert.is_true(answer.seconds < 1)
    assert.equal("done", u:says "继续".text)
  end)

  it("that waits in the mailbox is told of under the next text that has room, once", function()
    local app = load()
    local u, other = app:user(), app:user()
    app.wechat:fail("message_custom.*", { status = 502 })
    u:says "slow"
    app:advance(25)
    assert.same({}, heard(u))
    assert.equal("image", u:says "picture".type)
    assert.equal(2040, #u:says "long".text)
    assert.equal("hello", other:says "hi".text)
    assert.equal("hello\n" .. WAITING, u:says "hi".text)
    assert.equal("hello", u:says "hi".text)
    assert.equal("done", u:says "继续".text)
    app:advance "1h"
    assert.same({}, heard(u))
  end)

  it("tells of nothing itself", function()
    local app = load()
    local u = app:user()
    app.wechat:fail("message_custom.*", { status = 502 })
    for _ = 1, 2 do
      u:says "slow"
      app:advance(30)
    end
    assert.matches("^done\n.*继续", u:says "继续".text) -- one more waits
    assert.equal("done", u:says "继续".text)
  end)

  it("is told of by a message of its own once the API is well again, while the window is open", function()
    local app = load()
    local u = app:user()
    app.wechat:fail("message_custom.send", { status = 502, times = 6 })
    u:says "slow"
    app:advance(25)
    assert.same({}, heard(u))
    app:advance "1h"
    assert.same({ WAITING }, heard(u))
    assert.equal("done", u:says "继续".text)
    assert.equal("hello", u:says "hi".text)
    app:advance "3h"
    assert.same({}, heard(u))
  end)

  it("that WeChat's window keeps from leaving is told of, too", function()
    local app = load()
    local u = app:user()
    app.wechat:fail("message_custom.*", { errcode = 45015 })
    u:says "slow"
    app:advance(20)
    assert.equal("hello\n" .. WAITING, u:says "hi".text)
    assert.equal("done", u:says "继续".text)
  end)

  it("is nothing to tell of when he has left", function()
    local app = load()
    local u = app:user()
    app.wechat:fail("message_custom.*", { status = 502 })
    u:says "slow"
    app:advance(25)
    u:unfollows()
    app:advance(1)
    u:follows()
    assert.equal("hello", u:says "hi".text)
  end)
end)
