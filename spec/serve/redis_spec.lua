-- A served host whose store is a Redis.
local json = require "weiyue.json"
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
  local store, servers

  before_each(function() store, servers = redis.start(), {} end)
  after_each(function()
    for _, server in ipairs(servers) do server:stop() end
    store:stop()
  end)

  local function start(url)
    local server = serve.start {
      ["weiyue.lua"] = serve.config({ ACCOUNT }, ("store = { url = %q, durability = \"normal\" }"):format(url or store.url)),
      ["plugins/one.lua"] = PLUGIN,
    }
    servers[#servers + 1] = server
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

  local function ready(server) return json.decode(server:admin({ target = "/ready" }).body) end

  it("is ready while the Redis is away, and says which one and why", function()
    store:kill()
    local server = start()
    local place = ("127.0.0.1:%d/0: connection refused"):format(store.port)
    serve.eventually("trouble", function() return ready(server).trouble end)
    local answer = ready(server)
    assert.is_true(answer.ready)
    assert.matches(place, answer.trouble, 1, true)
    assert.equal(1, (server:metrics():sum "weiyue_trouble"))
    serve.eventually("a line", function() return server:logged("store.unreachable")[1] end)
    assert.matches(place, server:logged("store.unreachable")[1], 1, true)
    store:run()
    serve.eventually("no trouble", function() return ready(server).trouble == nil end)
    assert.equal(0, (server:metrics():sum "weiyue_trouble"))
  end)

  it("is checked: reached or not, durable or not, and what is in it", function()
    local server = start()
    assert.equal("1", says(server, "n"))
    local text = serve.run(server.folder, "store check")
    assert.equal(0, text.status, text.err)
    assert.matches(("127.0.0.1:%d/0 is reached"):format(store.port), text.out, 1, true)
    assert.matches("may take the last writes: appendonly no", text.out, 1, true)
    assert.matches("personal data: 1\n", text.out, 1, true)
    store:ask "CONFIG SET appendonly yes"
    store:ask "CONFIG SET appendfsync always"
    store:ask "CONFIG SET maxmemory-policy allkeys-lru"
    store:ask "ZADD wy:i 0 foreign 0 u/x"
    text = serve.run(server.folder, "store check")
    assert.matches("durable: appendonly yes, appendfsync always", text.out, 1, true)
    assert.matches("maxmemory-policy allkeys-lru; noeviction is wanted", text.out, 1, true)
    local report = json.decode(serve.run(server.folder, "store check --json").out)
    assert.is_true(report.ok)
    assert.is_true(report.durable)
    assert.equal("allkeys-lru", report.settings["maxmemory-policy"])
    assert.equal(2, report.kinds.users.count)
    assert.equal(1, report.kinds.others.count)
    store:kill()
    text = serve.run(server.folder, "store check")
    assert.equal(1, text.status)
    assert.matches(("127.0.0.1:%d/0: "):format(store.port), text.err, 1, true)
    assert.matches("connection refused", text.err, 1, true)
    assert.is_false(json.decode(serve.run(server.folder, "store check --json").out).ok)
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
    assert.matches(("127.0.0.1:%d/0: Redis refuses the password"):format(store.port), ready(wrong).trouble, 1, true)
    local checked = serve.run(wrong.folder, "store check")
    assert.equal(1, checked.status)
    assert.matches("Redis refuses the password", checked.err, 1, true)
    assert.is_nil((checked.err .. checked.out .. ready(wrong).trouble):find("wxtestwrong", 1, true))
    for _, one in ipairs { server, wrong } do
      assert.is_nil(one:log():find("wxtestpassword", 1, true))
      assert.is_nil(one:log():find("wxtestwrong", 1, true))
    end
  end)
end)
