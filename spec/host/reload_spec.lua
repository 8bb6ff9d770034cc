-- Generations on a virtual clock: what goes on in the old one, what ends, and when it is closed.
local rig = require "spec.support.rig"

local KF <const> = 'kind = "service", verified = true'

-- With its version in every answer.
local PLUGIN = [[
local VERSION <const> = %d
local n = 0
wx.text("version", function() return tostring(VERSION) end)
wx.text("slow", function() n = n + 1 wx.sleep(2) return ("slow %%d, %%d runs"):format(VERSION, n) end)
wx.text("very slow", function() wx.sleep(20) return "very slow " .. VERSION end)
wx.text("ask", function(msg) return ("hi %%s from %%d"):format(msg:ask "name?", VERSION) end)
wx.text("ticks", function() return ("%%d %%d"):format(wx.shared:get "tick1" or 0, wx.shared:get "tick2" or 0) end)
wx.text("spawn", function()
  wx.spawn(function() wx.sleep(5) wx.shared:set("spawned", VERSION) end)
  wx.after(5, function() wx.shared:set("spawned", VERSION) end)
  return "spawned"
end)
wx.text("spawned", function() return tostring(wx.shared:get "spawned") end)
wx.every("10s", function() wx.shared:incr("tick" .. VERSION, 1) end)
wx.text(function(msg) return msg.content .. " " .. VERSION end)
]]

local app

local function serve(options)
  options = options or {}
  options.plugin = PLUGIN:format(1)
  app = rig.new(options)
  return app:user()
end

local function reload(version)
  local answer = app:reload { plugin = PLUGIN:format(version) }
  assert.is_true(answer.ok)
  return answer
end

local function says(user, text)
  local push = user:says(text)
  app:advance(0)
  return push:content()
end

local function states() return app:metric 'weiyue_lua_states{worker="0"}' end

-- Nobody is kept for ever, whatever was reloaded meanwhile.
after_each(function()
  app:advance(7200)
  local claims, tasks = app:metric "weiyue_claims", app:metric 'weiyue_tasks{worker="0"}'
  app:free()
  assert.equal(0, claims, "users still in flight")
  assert.equal(0, tasks or 0, "tasks still there")
end)

describe("a reload", function()
  it("ends what runs in the old version, and serves what comes in the new one", function()
    local user = serve()
    local slow = user:says "slow"
    app:advance(1)
    reload(2)
    assert.equal("2", says(app:user(), "version"))
    app:advance(1)
    assert.equal("slow 1, 1 runs", slow:content())
  end)

  it("lets a retry join the handler of the old version", function()
    local user = serve()
    local first = user:says "slow"
    app:advance(1)
    reload(2)
    local again = user:again(first)
    app:advance(1)
    assert.equal("slow 1, 1 runs", again:content())
    assert.equal("slow 1, 1 runs", user:again(first):content()) -- and later from memory
  end)

  it("sends a late answer of the old version", function()
    local user = serve { account = KF, send = "ok" }
    user:says "very slow"
    app:advance(6)
    reload(2)
    app:advance(20)
    local sent = app:sent()
    assert.equal("very slow 1", sent[#sent].text.content)
  end)

  it("keeps a user's order over both versions", function()
    local user = serve()
    local slow, behind = user:says "slow", user:says "behind"
    app:advance(0)
    reload(2)
    local last = user:says "last"
    app:advance(2)
    assert.equal("slow 1, 1 runs", slow:content())
    assert.equal("behind 1", behind:content()) -- it was accepted before
    assert.equal("last 2", last:content())
  end)

  -- One user asked by each of this many versions, and one version more.
  local function ask_in_each(versions, options)
    local users = { serve(options) }
    for v = 1, versions do
      users[v] = users[v] or app:user()
      if v > 1 then reload(v) end
      assert.equal("name?", says(users[v], "ask"))
    end
    app:logged()
    reload(versions + 1)
    return users
  end

  it("goes on with conversations of the versions before", function()
    for v, user in ipairs(ask_in_each(6)) do
      assert.equal(("hi Ann from %d"):format(v), says(user, "Ann"))
    end
    assert.same({}, app:logged "reload.conversations")
  end)

  it("goes on with those of the last two where these take what one may, and says that older ones end", function()
    local big = '\nBALLAST = ("x"):rep(3 * 1024 * 1024)'
    PLUGIN = PLUGIN .. big
    finally(function() PLUGIN = PLUGIN:sub(1, -#big - 1) end)
    local users = ask_in_each(3, { config = 'limits = { lua_memory = "6MiB" }' })
    local lines = app:logged "reload.conversations"
    assert.equal(1, #lines)
    assert.matches("info event=reload.conversations text=\"1 open questions of generation 1 were ended\"", lines[1], 1, true)
    assert.equal("Ann 4", says(users[1], "Ann")) -- no question is open any more
    assert.equal("hi Bea from 2", says(users[2], "Bea"))
    assert.equal("hi Cid from 3", says(users[3], "Cid"))
  end)

  it("stops the old version's timers and starts the new one's once", function()
    local user = serve()
    app:advance(30)
    reload(2)
    app:advance(30)
    assert.equal("3 3", says(user, "ticks"))
  end)

  it("ends spawned tasks and timers of the old version, and says so", function()
    local user = serve()
    assert.equal("spawned", says(user, "spawn"))
    reload(2)
    app:advance(10)
    assert.equal("nil", says(user, "spawned"))
    assert.matches("spawned tasks and timers of generation 1 were ended", app:logged("reload.tasks")[1])
  end)

  it("closes the old version when the last of its pushes has ended", function()
    local user = serve()
    user:says "slow"
    app:advance(0)
    reload(2)
    app:advance(1)
    assert.equal(2, states())
    app:advance(2)
    assert.equal(1, states())
  end)

  it("closes versions one after another while a conversation holds the oldest", function()
    local user = serve()
    assert.equal("name?", says(user, "ask"))
    for v = 2, 6 do
      reload(v)
      app:advance(1)
    end
    assert.equal(2, states()) -- its own, and the one that serves
    assert.equal("hi Ann from 1", says(user, "Ann"))
    app:advance(1)
    assert.equal(1, states())
  end)
end)

describe("a broken version", function()
  it("changes nothing, and is told with its line, until a good one comes", function()
    local user = serve()
    local slow = user:says "slow"
    app:advance(1)
    local answer = app:reload { plugin = "wx.text('hi', function() return 'hi' end)\nlocal = 1\n" }
    assert.is_false(answer.ok)
    assert.equal(1, answer.generation)
    assert.matches("plugins/one.lua:3:", answer.problems[1].en, 1, true)
    assert.matches("plugins/one.lua:3:", app:ask("status").trouble, 1, true)
    assert.equal(1, #app:logged "plugin.reload_failed")
    assert.equal("1", says(app:user(), "version"))
    app:advance(1)
    assert.equal("slow 1, 1 runs", slow:content())
    reload(2)
    local status = app:ask "status"
    assert.is_nil(status.trouble)
    assert.same({ 1, 1 }, { status.reloads, status.failed })
  end)

  it("that is no file of a plugin's size is refused", function()
    serve()
    local entry = "plugins/one.lua"
    for _, make in ipairs { "mkfifo " .. entry, "mkdir -p " .. entry .. "/init.lua", "ln -s /dev/zero " .. entry,
      "head -c 1100000 /dev/zero | tr '\\0' ' ' >" .. entry } do
      assert(os.execute(("cd '%s' && rm -rf %s && %s"):format(app.folder, entry, make)))
      local answer = app:reload()
      assert.is_false(answer.ok, make)
      assert.matches("plugins/one.lua", answer.problems[1].en, 1, true)
      assert.equal("1", says(app:user(), "version"))
    end
    assert(os.execute(("rm -rf '%s/%s'"):format(app.folder, entry)))
    reload(2)
    assert.equal("2", says(app:user(), "version"))
  end)

  it("that raises or waits while it loads is refused", function()
    serve()
    for _, text in ipairs { "error 'no'", "wx.sleep(1)", "return nil + 1" } do
      assert.is_false(app:reload({ plugin = text }).ok, text)
      assert.equal("1", says(app:user(), "version"))
    end
  end)
end)

describe("a canary", function()
  local CANARY <const> = "reload = { canary = { percent = 100 } }"

  it("serves its users until it is promoted", function()
    local user = serve { config = CANARY }
    local answer = reload(2)
    assert.same({ 1, 2 }, { answer.generation, answer.canary })
    assert.equal("2", says(user, "version"))
    local promoted = app:ask "promote"
    assert.is_true(promoted.ok)
    assert.equal(2, promoted.generation)
    assert.is_nil(app:ask("status").canary)
    assert.is_false(app:ask("promote").ok)
  end)

  it("has timers only when it is promoted", function()
    local user = serve { config = CANARY }
    reload(2)
    app:advance(30)
    assert.equal("3 0", says(user, "ticks"))
    app:ask "promote"
    app:advance(30)
    assert.equal("3 3", says(user, "ticks"))
  end)

  it("that is taken back ends what it has begun", function()
    local user = serve { config = CANARY }
    reload(2)
    local slow = user:says "slow"
    app:advance(1)
    assert.is_true(app:ask("rollback").ok)
    assert.equal("1", says(app:user(), "version"))
    app:advance(1)
    assert.equal("slow 2, 1 runs", slow:content())
  end)

  it("gives way to the next one", function()
    local user = serve { config = CANARY }
    reload(2)
    local answer = reload(3)
    assert.same({ 1, 3 }, { answer.generation, answer.canary })
    assert.equal("3", says(user, "version"))
  end)
end)

describe("a rollback", function()
  it("goes to the version that was promoted before", function()
    local user = serve { keep = true }
    reload(2)
    reload(3)
    local answer = app:ask "rollback"
    assert.is_true(answer.ok)
    assert.equal("2", says(user, "version"))
    assert.is_false(app:ask("rollback").ok) -- this host has kept no older one
    assert.equal("2", says(user, "version"))
  end)

  it("needs a host that keeps versions", function()
    serve()
    reload(2)
    local answer = app:ask "rollback"
    assert.is_false(answer.ok)
    assert.equal("this host keeps no earlier generations", answer.problems[1].en)
  end)
end)
