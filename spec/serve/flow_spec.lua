-- A served account over time: handlers that wait, many requests on one connection, large answers, and
-- the end of the process.
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local account <const> = serve.account("bot", "safe")

-- "wait" answers when the spec has written the file go; "state" says how many wait.
local PLUGIN <const> = [[
local wx = require "weiyue"
local waiting, lfs = 0, require "lfs"
wx.text("wait", function()
  waiting = waiting + 1
  repeat wx.sleep(0.002) until lfs.attributes "go"
  waiting = waiting - 1
  return "waited"
end)
wx.text("state", function() return tostring(waiting) end)
wx.text("forever", function() waiting = waiting + 1; wx.sleep("1h") end)
wx.text("strict", function()
  return setmetatable({ type = "text", content = "strict" }, { __index = function(_, k) error("no field " .. k) end })
end)
wx.text("large", function() return wx.reply.raw(("0123456789abcdef"):rep(196608)) end)
wx.text(wx.pattern "^count (%d+)$", function(_, n)
  if tonumber(n) % 3 == 0 then wx.sleep(0.001) end
  return n
end)
wx.text(function(msg) return "echo: " .. msg.content end)
]]

describe("a served account", function()
  local server, others

  before_each(function()
    server = serve.start {
      ["weiyue.lua"] = serve.config({ account }, [[limits = { write_queue = 8388608 }, c_modules = { "lfs" }]]),
      ["plugins/bot/init.lua"] = PLUGIN,
    }
    others = {}
  end)
  after_each(function()
    for _, connection in ipairs(others) do connection:close() end
    server:stop()
  end)

  local function open(setup)
    local connection = assert(server:open(setup))
    others[#others + 1] = connection
    return connection
  end

  -- Sends a text on a connection of its own, and comes back when its handler waits.
  local function send_and_wait(text)
    local before = tonumber(server:says(account, "state"))
    local connection = open()
    connection:send(serve.request(serve.sign(account, push.text(text), "xml")))
    repeat until tonumber(server:says(account, "state")) == before + 1
    return connection
  end

  local function go() serve.write(server.folder, "go", "") end

  local function content(connection, of)
    return serve.decode(of or account, assert(connection:read())).reply.Content
  end

  it("answers others while handlers wait", function()
    local slow = { send_and_wait "wait", send_and_wait "wait", send_and_wait "wait" }
    for i = 1, 20 do assert.equal("echo: " .. i, server:says(account, tostring(i))) end
    assert.equal("3", server:says(account, "state"))
    go()
    for _, connection in ipairs(slow) do assert.equal("waited", content(connection)) end
    assert.equal("0", server:says(account, "state"))
  end)

  it("answers 200 pushes on one connection in the order they came, waiting handlers among them", function()
    local connection, requests = open(), {}
    for i = 1, 200 do requests[i] = serve.request(serve.sign(account, push.text("count " .. i), "xml")) end
    connection:send(table.concat(requests))
    for i = 1, 200 do assert.equal(tostring(i), content(connection)) end
  end)

  it("keeps the answers behind one that waits in their places", function()
    local connection = open()
    connection:send(serve.request(serve.sign(account, push.text "wait", "xml"))
      .. serve.request(serve.sign(account, push.text "second", "json")))
    repeat until server:says(account, "state") == "1"
    go()
    assert.equal("waited", content(connection))
    assert.equal("echo: second", content(connection))
  end)

  it("sends an answer that no socket's buffer holds, however slowly it is read", function()
    local connection = open(function(tcp) assert(tcp:setoption("recv-buffer-size", 4096)) end)
    connection:send(serve.request(serve.sign(account, push.text "large", "xml")))
    assert.equal("echo: hi", server:says(account, "hi")) -- by now the answer has been made
    local response = serve.decode(account, assert(connection:read()))
    assert.equal(3145728, #response.text)
    assert.equal(("0123456789abcdef"):rep(196608), response.text)
  end)

  it("says that an answer came to nobody when the sender has broken off", function()
    local connection = send_and_wait "wait"
    connection.socket:setoption("linger", { on = true, timeout = 0 })
    connection:close()
    assert.equal("echo: hi", server:says(account, "hi"))
    go()
    repeat until server:says(account, "state") == "0"
    local lines = server:logged "push.unanswered"
    assert.equal(1, #lines)
    assert.matches("account=bot where=%S*plugins/bot/init%.lua:3 ms=%d+", lines[1])
  end)

  it("takes what it kept silent for from the budget when he has closed meanwhile", function()
    local slow = serve.account("slow", "safe", "deadline = 0.5")
    server:stop()
    server = serve.start {
      ["weiyue.lua"] = serve.config({ account, slow }, [[c_modules = { "lfs" }]]),
      ["plugins/bot/init.lua"] = PLUGIN,
    }
    local function of_slow(name) return (server:metrics():sum(name, 'account="slow"')) end
    local half = open() -- closes its side alone
    half:send(serve.request(serve.sign(account, push.text "wait", "xml")))
    half.socket:shutdown "send"
    local held = open()
    held:send(serve.request(serve.sign(slow, push.text "wait", "xml")))
    serve.eventually("silence", function() return of_slow "weiyue_hold_used" == 1 end)
    held:close()
    assert.equal("echo: hi", server:says(account, "hi"))
    go()
    assert.equal("waited", content(half))
    repeat until server:says(slow, "state") == "0"
    assert.same({}, server:logged "push.unanswered")
    assert.equal(1, of_slow "weiyue_hold_used")
    assert.equal(1, of_slow "weiyue_pushes_unanswered_total")
  end)

  it("counts the time from where a push begins to come", function()
    local hasty = serve.account("hasty", "safe", "deadline = 4, hold_budget = 0")
    server:stop()
    server = serve.start {
      ["weiyue.lua"] = serve.config({ hasty }, [[c_modules = { "lfs" }]]), ["plugins/bot/init.lua"] = PLUGIN,
    }
    local request = serve.request(serve.sign(hasty, push.text "wait", "xml"))
    local connection = open()
    connection:send(request:sub(1, -2))
    socket.sleep(3)
    local sent = socket.gettime()
    connection:send(request:sub(-1))
    assert.equal("正在处理，回复“继续”查看", content(connection, hasty))
    assert.is_true(socket.gettime() - sent < 3)
    go()
  end)

  describe("at SIGTERM", function()
    -- Comes back when the server has closed what was idle: it is stopping.
    local function terminate()
      local idle = open()
      idle:send(serve.request(serve.sign(account, push.text "hi", "xml")))
      assert.equal("echo: hi", content(idle))
      server:signal "TERM"
      assert.is_nil(idle:at_end())
      if server.connection then server.connection:close() end
      server.connection = nil
    end

    it("ends at once when nothing is in flight, with exit status 0", function()
      terminate()
      assert.equal(0, server:wait())
    end)

    it("ends at once after a reply whose metatable raises", function()
      assert.equal("strict", server:says(account, "strict"))
      terminate()
      assert.equal(0, server:wait())
      assert.same({}, server:logged "host.stop")
    end)

    it("refuses new connections and still answers what is in flight", function()
      local slow = send_and_wait "wait"
      terminate()
      local late, err = server:open()
      assert.is_nil(late)
      assert.equal("connection refused", err)
      go()
      assert.equal("waited", content(slow))
      assert.is_nil(slow:at_end())
      assert.equal(0, server:wait())
    end)

    it("is not silent at the deadline, since no retry finds it, and exits with 0 within 10 seconds", function()
      local slow = send_and_wait "forever"
      local before = socket.gettime()
      terminate()
      assert.equal("稍后再试", content(slow))
      assert.equal(0, server:wait())
      assert.is_true(socket.gettime() - before < 10)
      assert.equal(1, #server:logged "host.stop")
    end)
  end)
end)
