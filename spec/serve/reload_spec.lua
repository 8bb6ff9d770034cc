-- Reloading over sockets: by saving, by signal, by the verbs; what goes on in the old version, what a
-- restart finds.
local json = require "weiyue.json"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local account <const> = serve.account("bot", "plain")
local other <const> = serve.account("other", "plain")

-- A version's number in two files.
local PLUGIN <const> = [[
local wx = require "weiyue"
local words = require "words"
local VERSION <const> = %d

wx.text("version", function() return VERSION .. "/" .. words.version end)
wx.text("wait", function()
  wx.shared:incr("running", 1)
  while not wx.shared:get "go" do wx.sleep(0.005) end
  return ("%%d/%%d waited"):format(VERSION, require "words".version)
end)
wx.text("running", function() return tostring(wx.shared:get "running" or 0) end)
wx.text("go", function() wx.shared:set("go", true) return "gone" end)
wx.text("ask", function(msg) return ("hi %%s from %%d"):format(msg:ask "name?", VERSION) end)
wx.text("ticks", function(msg)
  return ("%%d %%d"):format(wx.shared:get "ticks1" or 0, wx.shared:get "ticks2" or 0)
end)
wx.every("1s", function() wx.shared:incr("ticks" .. VERSION, 1) end)
]]

local function files_of(version)
  return {
    ["plugins/bot/init.lua"] = PLUGIN:format(version),
    ["plugins/bot/words.lua"] = ("return { version = %d }\n"):format(version),
  }
end

describe("reloading", function()
  local server, more

  local function write(files)
    for name, text in pairs(files) do serve.write(server.folder, name, text) end
  end

  -- watch = true is the default; specs of commands turn it off, so that nothing else reloads
  local function config(settings, accounts)
    return serve.config(accounts or { account }, settings or "reload = { watch = false }")
  end

  local function start(settings, accounts)
    local files = files_of(1)
    files["weiyue.lua"] = config(settings, accounts)
    server = serve.start(files)
    return server
  end

  local function restart(files)
    server:halt()
    server = serve.start(files or {}, { folder = server.folder })
  end

  local function states() return (server:metrics():sum "weiyue_lua_states") end

  local function verb(arguments)
    local r = serve.run(server.folder, arguments .. " --json")
    local ok, answer = pcall(json.decode, r.out)
    return ok and answer or nil, r
  end

  local function reload(version)
    if version then write(files_of(version)) end
    local answer, r = verb "reload"
    assert.equal(0, r.status, r.out .. r.err)
    assert.is_true(answer.ok)
    return answer
  end

  local function nodes_from(openid, text)
    local nodes = push.text(text)
    nodes[2].text = openid
    return nodes
  end

  local function says(openid, text)
    local response = server:push(account, nodes_from(openid, text))
    assert.equal(200, response.status)
    return response.reply and response.reply.Content or "success"
  end

  local function version(openid) return says(openid or "oTest", "version") end
  local function becomes(v) serve.eventually("version " .. v, function() return version() == v end) end
  local function ready() return json.decode(server:admin({ target = "/ready" }).body) end

  -- A push whose answer is read later.
  local function send(nodes)
    local connection = assert(server:open())
    connection:send(serve.request(serve.sign(account, nodes, "xml")))
    return connection
  end

  local function answer_on(connection)
    local response = serve.decode(account, assert(connection:read()))
    connection:close()
    return response.reply and response.reply.Content
  end

  before_each(function() server, more = nil, nil end)
  after_each(function()
    if more then more:stop() end
    if server then server:stop() end
  end)

  describe("by saving", function()
    before_each(function() start "reload = { watch = true }" end)

    it("serves what was saved, in all its files", function()
      assert.equal("1/1", version())
      write(files_of(2))
      becomes "2/2"
      assert.is_nil(ready().trouble)
    end)

    it("serves a template that was saved, in a folder that is new too", function()
      local function shows(path, text)
        serve.eventually(text, function()
          local response = server:request { method = "GET", target = path }
          return response.status == 200 and response.body:find(text, 1, true)
        end)
      end
      write {
        ["plugins/bot/init.lua"] = [[
          local wx = require "weiyue"
          wx.page("/hi/:name", function(req) return wx.render(req.params.name) end)
        ]],
        ["plugins/bot/one.html"] = "the first text",
      }
      shows("/hi/one", "the first text")
      write { ["plugins/bot/one.html"] = "the second text" }
      shows("/hi/one", "the second text")
      write { ["plugins/bot/more/two.html"] = "another" }
      write { ["plugins/bot/one.html"] = '{% include "more/two" %}' }
      shows("/hi/one", "another")
      write { ["plugins/bot/more/two.html"] = "and changed" }
      shows("/hi/one", "and changed")
    end)

    it("serves a template of a plugin that had none, and keeps what serves while one is broken", function()
      local function page() return server:request { method = "GET", target = "/hi" } end
      write { ["plugins/bot/init.lua"] = [[
        local wx = require "weiyue"
        wx.page("/hi", function() return wx.render "hi" end)
      ]] }
      serve.eventually("the page", function() return page().status == 500 end)
      serve.eventually("what is missing", function() return server:log():find("plugins/bot/hi.html: save it there", 1, true) end)
      write { ["plugins/bot/hi.html"] = "good text" }
      serve.eventually("the template", function() return page().body:find("good text", 1, true) end)
      write { ["plugins/bot/hi.html"] = "\n{% if %}" }
      serve.eventually("trouble", function() return ready().trouble end)
      assert.matches("hi.html:2: ", ready().trouble, 1, true)
      assert.matches("good text", page().body)
      write { ["plugins/bot/hi.html"] = "good again" }
      serve.eventually("the template", function() return page().body:find("good again", 1, true) end)
    end)

    it("keeps the old version when the new one is broken, and says so until it is mended", function()
      write { ["plugins/bot/init.lua"] = PLUGIN:format(2) .. "\nlocal = 1\n" }
      serve.eventually("trouble", function() return ready().trouble end)
      local lines = select(2, PLUGIN:gsub("\n", "")) + 2
      assert.matches(("plugins/bot/init.lua:%d:"):format(lines), ready().trouble, 1, true)
      assert.equal(200, server:admin({ target = "/ready" }).status)
      assert.equal("1/1", version())
      serve.eventually("its line", function() return #server:logged "plugin.reload_failed" == 1 end)
      write(files_of(3))
      becomes "3/3"
      serve.eventually("no trouble", function() return not ready().trouble end)
    end)

    it("takes a file that is written in parts when it is whole", function()
      local text = PLUGIN:format(2)
      local file <close> = assert(io.open(server.folder .. "/plugins/bot/init.lua", "wb"))
      file:setvbuf "no"
      file:write(text:sub(1, 300))
      socket.sleep(0.4) -- longer than the watch waits: this half is read, and refused
      assert.equal("1/1", version())
      file:write(text:sub(301))
      file:close()
      becomes "2/1"
    end)

    it("does nothing when a file is saved without a change", function()
      local before = ready().generation
      write(files_of(1))
      socket.sleep(0.5)
      assert.equal(before, ready().generation)
    end)

    it("sees a release that a symbolic link is switched to, and what is saved in it then", function()
      local function shell(command) assert(os.execute(("cd '%s' && %s"):format(server.folder, command))) end
      shell "mkdir one && mv plugins/bot one/bot && ln -s ../one/bot plugins/bot"
      becomes "1/1"
      for name, text in pairs(files_of(2)) do write { [name:gsub("plugins/bot", "two")] = text } end
      shell "ln -s ../two plugins/next && mv -T plugins/next plugins/bot"
      becomes "2/2"
      socket.sleep(0.5) -- what the switch has caused is over
      local saved = socket.gettime()
      write { ["two/words.lua"] = "return { version = 3 }\n" }
      becomes "2/3"
      assert.is_true(socket.gettime() - saved < 2, "found by a look only")
    end)
  end)

  it("comes with SIGHUP", function()
    start()
    write(files_of(2))
    socket.sleep(0.3)
    assert.equal("1/1", version())
    server:signal "HUP"
    becomes "2/2"
  end)

  describe("by command", function()
    it("answers with the generation that serves when it answers", function()
      start("workers = 2, reload = { watch = false }")
      local before = ready().generation
      local answer = reload(2)
      assert.is_true(answer.generation > before)
      assert.equal(answer.generation, ready().generation)
      for _ = 1, 20 do -- connections of either worker
        server.connection = server.connection and server.connection:close() and nil
        assert.equal("2/2", version())
      end
    end)

    it("fails with what is wrong, and leaves what serves", function()
      start()
      write { ["plugins/bot/words.lua"] = "return {\n  version = ,\n}\n" }
      local answer, r = verb "reload"
      assert.equal(1, r.status)
      assert.is_false(answer.ok)
      assert.matches("plugins/bot/words.lua:2:", answer.problems[1].en, 1, true)
      local plain = serve.run(server.folder, "reload")
      assert.equal(1, plain.status)
      assert.matches("plugins/bot/words.lua:2:", plain.err, 1, true)
      assert.equal("1/1", version())
    end)

    it("closes what it refuses", function()
      start("workers = 2, reload = { watch = false }")
      write { ["plugins/bot/init.lua"] = PLUGIN:format(2) .. "\nwx.after(0.01, function() error 'it ran' end)\nerror 'no'\n" }
      local answer = verb "reload"
      assert.is_false(answer.ok)
      assert.equal(2, states())
      assert.equal("1/1", version())
      assert.same({}, server:logged "lua.error")
    end)

    it("has nothing to promote or to go back to in the beginning", function()
      start()
      for _, name in ipairs { "promote", "rollback" } do
        local answer, r = verb(name)
        assert.equal(1, r.status)
        assert.is_false(answer.ok)
        assert.is_string(answer.problems[1].en)
      end
      assert.equal("1/1", version())
    end)

    it("stays gone back when the version before had a folder that the new one has not", function()
      local files = files_of(1)
      files["weiyue.lua"] = config 'plugins = { "plugins/bot", "plugins/more" }'
      files["plugins/more/init.lua"] = "require 'weiyue'.click('more', 'more')\n"
      server = serve.start(files)
      write(files_of(2))
      write { ["weiyue.lua"] = config 'plugins = { "plugins/bot" }' }
      serve.eventually("version 2", function() return version() == "2/2" end)
      local back, r = verb "rollback"
      assert.equal(0, r.status)
      socket.sleep(0.5) -- a change is looked at 0.1 s after it
      assert.equal("1/1", version())
      assert.equal(back.generation, ready().generation)
      assert.matches("rollback", ready().trouble)
    end)

    it("says that no host runs", function()
      start()
      server:halt()
      local r = serve.run(server.folder, "reload")
      assert.equal(1, r.status)
      assert.matches("no host runs", r.err)
      server = serve.start({}, { folder = server.folder })
    end)
  end)

  describe("of weiyue.lua", function()
    it("adds, changes and removes accounts, and connections go on", function()
      start(nil, { account, other })
      local connection = assert(server:open())
      local function on_it(of, token)
        connection:send(serve.request(serve.sign(of, push.text "version", "xml", { token = token })))
        local response = serve.decode(of, assert(connection:read()))
        return response.status, response.reply and response.reply.Content
      end
      assert.same({ 200, "1/1" }, { on_it(account) })
      assert.same({ 200, "1/1" }, { on_it(other) })
      local third = serve.account("third", "safe")
      local changed = setmetatable({ lua = account.lua:gsub(account.token, "wxothertoken") }, { __index = account })
      write { ["weiyue.lua"] = config(nil, { changed, third }) }
      reload()
      assert.same({ 200, "1/1" }, { on_it(account, "wxothertoken") })
      assert.equal(403, (on_it(account)))
      assert.same({ 200, "1/1" }, { on_it(third) })
      assert.equal(404, (on_it(other)))
      connection:close()
      assert.equal(2, ready().accounts)
    end)

    it("joins a retry that is signed with another token than its first attempt", function()
      start()
      local nodes = nodes_from("oTwice", "wait")
      local first = send(nodes)
      serve.eventually("it runs", function() return says("oTest", "running") == "1" end)
      local changed = setmetatable({ lua = account.lua:gsub(account.token, "wxothertoken") }, { __index = account })
      write { ["weiyue.lua"] = config(nil, { changed }) }
      reload()
      local retry = assert(server:open())
      retry:send(serve.request(serve.sign(account, nodes, "xml", { token = "wxothertoken" })))
      local function other_says(text)
        local connection = assert(server:open())
        connection:send(serve.request(serve.sign(account, push.text(text), "xml", { token = "wxothertoken" })))
        local reply = serve.decode(account, assert(connection:read())).reply
        connection:close()
        return reply.Content
      end
      assert.equal("gone", other_says "go")
      assert.equal("1/1 waited", answer_on(first))
      assert.equal("1/1 waited", answer_on(retry))
      assert.equal("1", other_says "running")
      retry:close()
    end)

    it("tells what only a new start takes over", function()
      start()
      write { ["weiyue.lua"] = config "reload = { watch = false }, limits = { window = 299 }" }
      reload()
      serve.eventually("told", function() return #server:logged "reload.restart_needed" > 0 end)
      assert.matches("limits", server:logged("reload.restart_needed")[1])
    end)

    it("tells who asks of each such change, until what runs stands there again", function()
      start()
      local plain <const> = "reload = { watch = false }"
      write { ["weiyue.lua"] = config(plain .. ', store = "memory", token_server = true') }
      for _ = 1, 2 do assert.same({ "token_server", "store" }, reload().restart_needed) end -- the second as well
      local text = serve.run(server.folder, "reload").out
      assert.matches("not taken over before an upgrade or a new start: token_server, store\n", text, 1, true)
      assert.equal(3, #server:logged "reload.restart_needed")
      write { ["weiyue.lua"] = config(plain .. ", token_server = true") }
      assert.same({ "token_server" }, reload().restart_needed)
      write { ["weiyue.lua"] = config(plain) }
      assert.is_nil(reload().restart_needed)
      assert.is_nil(serve.run(server.folder, "reload").out:find("upgrade", 1, true))
      assert.equal(4, #server:logged "reload.restart_needed")
    end)

    it("changes nothing when it is refused, not the budget either, and shows no account that never served", function()
      start()
      write { ["weiyue.lua"] = config("reload = { watch = false }, hold_budget = 0", { account, other }),
        ["plugins/bot/init.lua"] = "error 'no'\n" }
      assert.is_false((verb "reload").ok)
      assert.equal(20, (server:metrics():sum "weiyue_hold_budget"))
    end)

    it("is refused as a whole when it has errors", function()
      start()
      write(files_of(2))
      write { ["weiyue.lua"] = "return { acounts = {} }\n" }
      local answer = verb "reload"
      assert.is_false(answer.ok)
      assert.matches("weiyue.lua:1", answer.problems[1].en, 1, true)
      assert.equal("1/1", version())
    end)
  end)

  describe("with a canary", function()
    it("gives the new version to some users until it is promoted", function()
      start 'reload = { watch = false, canary = { openids = { "oFirst" } } }'
      local answer = reload(2)
      assert.is_number(answer.canary)
      assert.is_true(answer.canary > answer.generation)
      assert.equal("2/2", version "oFirst")
      assert.equal("1/1", version "oSecond")
      assert.equal(answer.canary, ready().canary)
      local promoted, r = verb "promote"
      assert.equal(0, r.status)
      assert.equal(answer.canary, promoted.generation)
      assert.equal("2/2", version "oSecond")
      assert.is_nil(ready().canary)
    end)

    it("takes a share of all users, the same ones each time", function()
      start "reload = { watch = false, canary = { percent = 50 } }"
      reload(2)
      local first, n = {}, 0
      for i = 1, 40 do
        first[i] = version("oShare" .. i)
        if first[i] == "2/2" then n = n + 1 else assert.equal("1/1", first[i]) end
      end
      assert.is_true(n >= 8 and n <= 32, n)
      for i = 1, 40 do assert.equal(first[i], version("oShare" .. i)) end
    end)

    it("is taken back by a rollback", function()
      start 'reload = { watch = false, canary = { openids = { "oFirst" } } }'
      reload(2)
      assert.equal("2/2", version "oFirst")
      local _, r = verb "rollback"
      assert.equal(0, r.status)
      assert.equal("1/1", version "oFirst")
    end)
  end)

  describe("and a restart", function()
    it("leaves a canary on trial: what served before serves the others", function()
      start 'reload = { watch = false, canary = { openids = { "oFirst" } } }'
      reload(2)
      assert.equal("1/1", version "oSecond")
      restart()
      assert.is_number(ready().canary)
      assert.equal("2/2", version "oFirst")
      assert.equal("1/1", version "oSecond")
      local _, r = verb "promote"
      assert.equal(0, r.status)
      assert.equal("2/2", version "oSecond")
    end)

    it("stays with what it was rolled back to, until the next reload", function()
      start()
      reload(2)
      serve.eventually("kept", function() return serve.run(server.folder, "rollback").status == 0 end)
      assert.equal("1/1", version())
      assert.equal("1/1", version())
      restart()
      assert.equal("1/1", version())
      assert.matches("rollback", ready().trouble)
      reload()
      assert.equal("2/2", version())
      assert.is_nil(ready().trouble)
      restart()
      assert.equal("2/2", version())
      assert.is_nil(ready().trouble)
    end)

    it("serves the last good version when the disk's is broken, and says so", function()
      start()
      reload(2)
      local lines = PLUGIN:format(3) .. "local = 1\n"
      restart { ["plugins/bot/init.lua"] = lines }
      assert.equal("2/2", version())
      assert.matches("plugins/bot/init.lua:%d+:", ready().trouble)
      assert.equal(1, #server:logged "reload.last_good")
      reload(4)
      assert.equal("4/4", version())
      assert.is_nil(ready().trouble)
    end)
  end)

  it("is refused where a file has a name that is no text", function()
    start()
    write { ["plugins/x\xff.lua"] = "require 'weiyue'.text('version', 'another')" }
    local answer, r = verb "reload"
    assert.same({ 1, false }, { r.status, answer.ok })
    assert.matches("plugins/x\\xFF.lua has a control character or a backslash, or is not UTF-8", answer.problems[1].en, 1, true)
    assert.equal("1/1", version())
    assert(os.remove(server.folder .. "/plugins/x\xff.lua"))
    reload(2)
    assert.equal("2/2", version())
    assert.same({ {}, {} }, { server:logged "state", server:logged "reload.not_kept" })
  end)

  describe("while something goes on", function()
    it("ends a handler in its own version, and a duplicate gets its answer", function()
      start()
      local nodes = nodes_from("oWaits", "wait")
      local first = send(nodes)
      serve.eventually("it runs", function() return says("oTest", "running") == "1" end)
      reload(2)
      assert.equal("2/2", version())
      local again = send(nodes)
      assert.equal("gone", says("oTest", "go"))
      assert.equal("1/1 waited", answer_on(first))
      assert.equal("1/1 waited", answer_on(again))
      assert.equal("1", says("oTest", "running"))
      assert.equal("1/1 waited", answer_on(send(nodes))) -- from memory, whatever serves now
    end)

    it("goes on with conversations of the generations before", function()
      start()
      for v = 1, 3 do
        if v > 1 then reload(v) end
        assert.equal("name?", says("oUser" .. v, "ask"))
      end
      reload(4)
      assert.equal("hi Ann from 3", says("oUser3", "Ann"))
      assert.equal("hi Bea from 2", says("oUser2", "Bea"))
      assert.equal("hi Cid from 1", says("oUser1", "Cid"))
      assert.equal("4/4", version "oUser1")
    end)

    it("closes the old version when nothing is left in it", function()
      start("workers = 2, reload = { watch = false }")
      assert.equal(2, states())
      local slow = send(nodes_from("oWaits", "wait"))
      serve.eventually("it runs", function() return says("oTest", "running") == "1" end)
      reload(2)
      serve.eventually("one of two is closed", function() return states() == 3 end)
      socket.sleep(0.5)
      assert.equal(3, states())
      assert.equal("gone", says("oTest", "go"))
      assert.equal("1/1 waited", answer_on(slow))
      serve.eventually("both are closed", function() return states() == 2 end)
      assert.same({}, server:logged "lua.error")
    end)

    it("stops the old version's timers, and starts the new one's once over all workers", function()
      start("workers = 2, reload = { watch = false }")
      local function ticks()
        local one, two = says("oTest", "ticks"):match "(%d+) (%d+)"
        return tonumber(one), tonumber(two)
      end
      serve.eventually("a tick", function() return ticks() > 0 end)
      reload(2)
      local began, old = socket.gettime(), (ticks())
      serve.eventually("ticks of the new one", function() return select(2, ticks()) >= 3 end)
      local one, two = ticks()
      assert.equal(old, one)
      assert.is_true(two <= socket.gettime() - began + 1.2, two)
    end)
  end)

  describe("with a state folder", function()
    it("that cannot be written is told once, and does not hinder serving", function()
      start('state = "weiyue.lua/state", reload = { watch = true }')
      assert.equal("1/1", version())
      write(files_of(2))
      becomes "2/2"
      write(files_of(3))
      becomes "3/3"
      socket.sleep(0.3)
      assert.equal(1, #server:logged "control.listen")
      assert.equal(1, #server:logged "reload.not_kept")
    end)

    it("of another host says so, and leaves it to that", function()
      start()
      more = serve.start {
        ["weiyue.lua"] = config(("state = %q, reload = { watch = false }"):format(server.folder .. "/.weiyue")),
        ["plugins/bot/init.lua"] = PLUGIN:format(7),
        ["plugins/bot/words.lua"] = "return { version = 7 }\n",
      }
      assert.matches("another host runs with this state folder", more:logged("control.listen")[1])
      assert.equal("2/2", (function() reload(2) return version() end)())
      local response = more:push(account, push.text "version")
      assert.equal("7/7", response.reply.Content)
    end)
  end)
end)
