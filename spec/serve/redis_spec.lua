-- A served host whose store is a Redis.
local push = require "spec.support.push"
local redis = require "spec.support.redis"
local serve = require "spec.support.serve"

local ACCOUNT <const> = serve.account("one", "plain")

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("n", function(msg)
  local session, err = msg:session()
  if not session then return err.code end
  session.n = (session.n or 0) + 1
  return tostring(session.n)
end)
wx.text("lock", function()
  local lock <close>, err = wx.lock("l", "1m", { wait = "2s" })
  if not lock then return err.code end
  wx.sleep(0.2)
  return "got"
end)
]]

describe("a host with its store in a Redis", function()
  local store

  before_each(function() store = redis.start() end)
  after_each(function() store:stop() end)

  local function start(url)
    local server = serve.start {
      ["weiyue.lua"] = serve.config({ ACCOUNT }, ("store = { url = %q, durability = \"normal\" }"):format(url or store.url)),
      ["plugins/one.lua"] = PLUGIN,
    }
    finally(function() server:stop() end)
    return server
  end

  -- One user's.
  local function says(server, text)
    local nodes = push.text(text)
    for _, node in ipairs(nodes) do
      if node.name == "FromUserName" then node.text = "oTestOneUser" end
    end
    local answer = server:push(ACCOUNT, nodes)
    return answer.reply and answer.reply.Content
  end

  it("keeps sessions for all hosts that share it", function()
    local first, second = start(), start()
    assert.equal("1", says(first, "n"))
    assert.equal("2", says(second, "n"))
    first:halt()
    assert.equal("3", says(start(), "n"))
  end)

  it("lets one of two hosts have a lock at a time", function()
    local first, second = start(), start()
    assert.equal("got", says(first, "lock"))
    assert.equal("got", says(second, "lock"))
  end)

  it("answers while the Redis is away, from the start on, and goes on when it is there", function()
    store:kill()
    local server = start()
    assert.equal("store.unreachable", says(server, "n"))
    store:run()
    serve.eventually("the store works", function() return says(server, "n") == "1" end)
    store:kill()
    serve.eventually("the store is away", function() return says(server, "n") == "store.unreachable" end)
    store:run()
    serve.eventually("the store works again", function() return says(server, "n") == "1" end)
  end)

  it("shows its password in no line", function()
    store:ask "CONFIG SET requirepass wxtestpassword"
    local server = start((store.url:gsub("//", "//:wxtestpassword@")))
    assert.equal("1", says(server, "n"))
    local wrong = start((store.url:gsub("//", "//:wxtestwrong@")))
    assert.equal("store.unreachable", says(wrong, "n"))
    serve.eventually("the log tells", function()
      return table.concat(wrong:logged "store.unreachable", "\n"):find "password"
    end)
    for _, one in ipairs { server, wrong } do
      assert.is_nil(one:log():find("wxtestpassword", 1, true))
      assert.is_nil(one:log():find("wxtestwrong", 1, true))
    end
  end)
end)
