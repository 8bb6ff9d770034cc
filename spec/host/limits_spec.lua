-- Limits on plugins: the lua rows of hostile-inputs.tsv, each beside another user who is answered, and how tasks
-- are suspended and stopped. CPU time is real here, on a virtual clock too: the limits are small.
local facts = require "spec.support.facts"
local rig = require "spec.support.rig"

local CPU <const>, STUCK <const> = 0.1, 0.05
local LIMITS <const> = ("limits = { slice_max = %g, cpu = %g, lua_memory = %d }"):format(STUCK, CPU, 32 << 20)
local SLOW <const> = 8 -- times as long as it should take, on a machine that does something else, too

describe("limits", function()
  local app
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local function host(plugin, limits, more)
    app = rig.new { plugin = plugin .. '\nwx.text("other", function(msg) return "fine" end)', config = limits or LIMITS,
      account = more }
    return app
  end

  -- What the user of a broken handler gets, after all its slices; another user is answered before and after.
  local function beside(text)
    local broken, other = app:user(), app:user()
    local cpu = os.clock()
    local push = broken:says(text)
    assert.equal("fine", other:says "other":content())
    app:advance(0)
    cpu = os.clock() - cpu
    local after = other:says "other"
    app:advance(0) -- it may be suspended while it collects what the broken one has left
    assert.equal("fine", after:content())
    return push:content(), cpu
  end

  local function events()
    local found = {}
    for _, line in ipairs(app:logged()) do
      local event = line:match " event=(%S+)"
      if event ~= "plugin.log" then found[#found + 1] = event end
    end
    return table.concat(found, " ")
  end

  -- What rows mean that tell no more than the code: the event logged, or what the handler goes on to answer.
  local EXPECTED <const> = {
    P001 = { "lua.timeout" }, P002 = { "lua.timeout" }, P003 = { "lua.timeout" }, P004 = { "lua.timeout" },
    P005 = { "lua.timeout" }, P006 = { "lua.timeout" }, P007 = { "lua.timeout" },
    P008 = { "lua.error", "__gc is not for plugins" }, P009 = { "lua.error", "__gc is not for plugins" },
    P010 = { "lua.timeout" }, P011 = { "lua.error", "global 'debug'" },
    P012 = { answer = "nil attempt to load a binary chunk" }, P013 = { "lua.error", "field 'dump'" },
    P014 = { "lua.oom", "not enough memory" }, P015 = { "lua.oom lua.timeout" }, P016 = { "lua.error lua.timeout" },
    P017 = { answer = "nil .*overflow" }, P019 = { "lua.error", "not a module name" }, P020 = { "lua.error", "is read%-only" },
    P022 = { "lua.error", "error object" },
  }

  for _, row in ipairs(facts.rows "hostile-inputs.tsv") do
    local expected = EXPECTED[row.id]
    if row.layer == "lua" and expected and row.kind == "lua" then
      it(("%s ends and hurts nobody: %s"):format(row.id, row.input), function()
        host(([[wx.text("go", function()
          local first, second = (function() %s end)()
          return ("%%s %%s"):format(first, second)
        end)]]):format(row.input:gsub("%%", "%%%%")))
        local answer, cpu = beside "go"
        if expected.answer then
          assert.matches("^" .. expected.answer, answer)
          return assert.equal("", events())
        end
        assert.equal("稍后再试", answer)
        local lines = app:logged()
        assert.equal(1, #lines)
        local event = lines[1]:match " event=(%S+)"
        assert.truthy(expected[1]:find(event, 1, true), lines[1])
        assert.matches("one%.lua:%d+", lines[1])
        assert.matches(expected[2] or "", lines[1])
        -- twice: what is pending in <close> variables has as much time again
        assert.is_true(cpu < SLOW * (2 * CPU + 0.05), ("%.3f s of CPU"):format(cpu))
      end)
    end
  end

  for _, mib in ipairs { 8, 32, 64, 128 } do -- whatever ends first, the memory or what Lua allows
    it(("call endless recursion by its name (%d MiB)"):format(mib), function()
      host('wx.text("go", function() local function f(a) return 1 + f(a) end return f(1) end)',
        ("limits = { lua_memory = %d, cpu = 20 }"):format(mib << 20))
      assert.equal("稍后再试", (beside "go"))
      assert.matches(" event=lua%.error .*one%.lua:%d: stack overflow", table.concat(app:logged(), "\n"))
    end)
  end

  it("P018 leave nothing of the process to plugins", function()
    host [[wx.text("go", function()
      local found = {}
      for _, name in ipairs { "io", "package", "debug", "dofile", "loadfile" } do found[#found + 1] = _G[name] and name end
      for _, name in ipairs { "execute", "exit", "remove", "rename" } do found[#found + 1] = os[name] and name end
      found[#found + 1] = pcall(require, "x.so") and "x.so" or nil
      return "found:" .. table.concat(found, " ")
    end)]]
    assert.equal("found:", (beside "go"))
  end)

  it("P021 keep global writes of a plugin to itself", function()
    host [[wx.text("go", function()
      for i = 1, 1e4 do _G["key" .. i] = i end
      _G.table = nil
      return "wrote"
    end)]]
    assert.equal("wrote", (beside "go"))
  end)

  for name, code in pairs {
    ["error(nil)"] = "error(nil)", ["error {}"] = "error {}", ["coroutine.yield()"] = "coroutine.yield()",
  } do
    it("P023 take " .. name .. " from a handler", function()
      host(('wx.text("go", function() %s end)'):format(code))
      assert.equal("稍后再试", (beside "go"))
      assert.equal("lua.error", events())
    end)
  end

  for name, code in pairs { ["a number"] = "42", ["a table"] = "{}", ["what is no text"] = [["\xff\xfe"]] } do
    it("P024 refuse " .. name .. " as a reply", function()
      host(('wx.text("go", function() return %s end)'):format(code))
      assert.equal("稍后再试", (beside "go"))
      assert.equal("lua.bad_reply", events())
    end)
  end

  it("P030 cap the timers of a plugin", function()
    host([[wx.text("go", function()
      local n, err = 0, nil
      repeat
        local ok, e = pcall(wx.after, 3600, print)
        err = e
        if ok then n = n + 1 end
      until not ok
      return n .. " " .. err
    end)
    wx.every(3600, function() end)]], "limits = { timers = 10 }")
    assert.matches("^9 .*one%.lua:%d+: wx%.after: the plugin one has 10 already %(limits%.timers%)", (beside "go"))
    app:advance(3601)
    assert.matches("^9 ", (beside "go")) -- those have fired
  end)

  it("P030 cap the tasks that a plugin has spawned", function()
    host([[wx.text("go", function()
      for i = 1, 5 do wx.spawn(function() wx.sleep(60) end) end
      return tostring(select(2, pcall(wx.spawn, print)))
    end)]], "limits = { tasks = 5 }")
    assert.matches("wx%.spawn: the plugin one has 5 already %(limits%.tasks%)", (beside "go"))
    app:advance(61)
    assert.matches("has 5 already", (beside "go"))
  end)

  -- Suspending ------------------------------------------------------------------------------------

  describe("suspend a task that runs for long", function()
    local LONG <const> = [[
      local function work(n) local x = 0 for i = 1, n do x = x + i end return x end
      wx.text("long", function() work(3e6) return "done" end)
    ]]

    it("and let others run between its slices, in their order", function()
      host(LONG .. [[
        log = {}
        wx.text("a", function() log[#log + 1] = "a" end)
        wx.text("b", function() log[#log + 1] = "b" end)
        wx.text("log", function() return table.concat(log) end)
      ]], "limits = {}")
      local push = app:user():says "long"
      assert.is_nil(push:content())
      app:user():says "b"
      app:user():says "a"
      assert.equal("ba", app:user():says "log":content())
      assert.is_nil(push:content())
      app:advance(0)
      assert.equal("done", push:content())
    end)

    it("where it runs coroutines in coroutines", function()
      host(LONG .. [[
        wx.text("go", function()
          local inner = coroutine.wrap(function()
            for i = 1, 3 do
              local co = coroutine.create(function(...) work(1e6) coroutine.yield(...) return work(10) end)
              local ok, value = coroutine.resume(co, "v" .. i)
              assert(ok, value)
              coroutine.yield(value)
              assert(select(2, coroutine.resume(co)) == 55)
              assert(coroutine.status(co) == "dead")
            end
          end)
          return inner() .. inner() .. inner()
        end)
      ]], "limits = {}")
      local push = app:user():says "go"
      assert.is_nil(push:content())
      app:advance(0)
      assert.equal("v1v2v3", push:content())
    end)

    it("whose coroutine is its own: others see it as normal and cannot resume or close it", function()
      host(LONG .. [[
        wx.text("go", function()
          co = coroutine.create(function() work(5e6) return "own" end)
          wrapped = coroutine.wrap(function() return coroutine.resume(co) end)
          return select(2, wrapped())
        end)
        wx.text("look", function()
          return ("%s | %s | %s | %s"):format(coroutine.status(co), select(2, coroutine.resume(co, "forged")),
            select(2, pcall(coroutine.close, co)), select(2, pcall(wrapped, "forged")))
        end)
      ]], "limits = {}")
      local push = app:user():says "go"
      assert.is_nil(push:content())
      assert.equal("normal | cannot resume a coroutine that waits for an operation | cannot close a normal coroutine"
        .. " | cannot resume a coroutine that waits for an operation", (app:user():says "look":content():gsub("%S+:%d+: ", "")))
      app:advance(0)
      assert.equal("own", push:content())
    end)

    it("whose own coroutine nobody resumes either", function()
      host(LONG .. [[
        wx.text("go", function() main = coroutine.running() work(3e6) return "own" end)
        wx.text("look", function()
          return coroutine.status(main) .. " " .. tostring(coroutine.resume(main, "forged"))
        end)
      ]], "limits = {}")
      local push = app:user():says "go"
      assert.equal("normal false", app:user():says "look":content())
      app:advance(0)
      assert.equal("own", push:content())
    end)

    it("between two patterns that take long each", function()
      host([[wx.text("go", function()
        local s = ("a"):rep(3000)
        for i = 1, 60 do s:find ".-b" end -- some 5 ms each, few instructions
        return "done"
      end)]], "limits = { slice_max = 1, cpu = 20 }")
      local push = app:user():says "go"
      assert.is_nil(push:content())
      app:advance(0)
      assert.equal("done", push:content())
    end)

    it("and several of them take turns", function()
      host(LONG, "limits = {}")
      local pushes = {}
      for i = 1, 3 do pushes[i] = app:user():says "long" end
      for i = 1, 3 do assert.is_nil(pushes[i]:content()) end
      app:advance(0)
      for i = 1, 3 do assert.equal("done", pushes[i]:content()) end
    end)

    it("which may wait and work on", function()
      host(LONG .. [[wx.text("go", function() work(1e6) wx.sleep(1) work(1e6) wx.sleep(1) return "done" end)]], "limits = {}")
      local push = app:user():says "go"
      app:advance(2)
      assert.equal("done", push:content())
    end)

    it("in metamethods, which Lua can suspend", function()
      host(LONG .. [[
        wx.text("go", function()
          local t = setmetatable({}, { __index = function(_, k) work(1e6) return k end, __add = function() return work(1e6) end })
          return t.value .. (t + t)
        end)
      ]], "limits = {}")
      local push = app:user():says "go"
      assert.is_nil(push:content())
      app:advance(0)
      assert.equal("value500000500000", push:content())
    end)
  end)

  -- Stopping --------------------------------------------------------------------------------------

  describe("stop", function()
    local function stopped(code, limits)
      host(([[
        local function loop() while true do end end
        local function looping(by)
          return setmetatable({}, { __close = function() while true do if by then by(loop) end end end })
        end
        wx.text("go", function() %s return "went on" end)]]):format(code), limits)
      assert.equal("稍后再试", (beside "go"))
      local lines = app:logged "lua.timeout"
      assert.equal(1, #lines, code)
      return lines[1]
    end

    it("what uses too much processor time, and say where, whose and why", function()
      local line = stopped "while true do end"
      assert.matches(" plugin=one ", line)
      assert.matches(" where=%S+one%.lua:6 ", line)
      assert.matches("one%.lua:6: stopped: it took more than 0%.1 s of processor time %(limits%.cpu%)", line)
      assert.matches("stack traceback", line)
      assert.equal(1, app:metric 'weiyue_tasks_stopped_total{reason="cpu"}')
    end)

    it("what cannot be suspended for long, as in sort", function()
      local line = stopped "table.sort({ 3, 2, 1 }, function() while true do end end)"
      assert.matches("ran for 0%.05 s where it cannot be suspended", line)
      assert.equal(1, app:metric 'weiyue_tasks_stopped_total{reason="stuck"}')
    end)

    for name, code in pairs {
      ["a sort by a C function"] = "table.sort(setmetatable({}, { __len = function() return 1 << 30 end, __index = rawlen }))",
      ["an insertion in front of what says it is huge"] =
        "table.insert(setmetatable({}, { __len = function() return 1 << 52 end }), 1, 1)",
      ["a concatenation of as much"] = "table.concat(setmetatable({}, { __len = function() return 1 << 52 end, __index = rawlen }))",
      ["a set that is long"] = "local s = '[' .. ('b-d'):rep(30000) .. 'a]*x' local t = ('a'):rep(1e5) t:find(s)",
      ["balanced brackets"] = "local s = ('('):rep(1e6) s:find '%b()'",
      ["gmatch"] = "for _ in (('a'):rep(1e6)):gmatch '.-b' do end",
      ["gsub"] = "local s = ('a'):rep(1e6) s:gsub('.-b', '')",
      ["a coroutine.wrap that loops"] = "coroutine.wrap(function() while true do end end)()",
      ["a coroutine that swallows"] = "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
      ["coroutine.close of a loop"] =
        "local co = coroutine.create(function() local x <close> = looping() coroutine.yield() end) coroutine.resume(co) "
        .. "while true do coroutine.close(co) end",
      ["load with a reader that loops"] = "while true do load(function() while true do end end) end",
      ["xpcall in xpcall"] = "while true do xpcall(xpcall, loop, loop, print) end",
      ["pcall as the callback of gsub"] = "while true do ('x'):gsub('x', function() pcall(function() while true do end end) end) end",
      ["a __close that swallows"] =
        "local x <close> = looping(pcall) while true do end",
      ["a __close in a coroutine"] =
        "coroutine.wrap(function() local x <close> = looping() while true do end end)()",
      ["a __tostring that loops, in an error"] = "error(setmetatable({}, { __tostring = function() while true do end end }))",
      ["inserting in front, again and again"] = "local t = {} for i = 1, 2e5 do t[i] = i end while true do table.insert(t, 1, 0) end",
      ["measuring a long text"] = "local s = ('a'):rep(1e7) while true do utf8.len(s) end",
      ["making long texts"] = "local s = ('a'):rep(1e6) while true do local x = s .. 'x' end",
      ["reading a long chunk"] = "local s = 'return {' .. ('1,'):rep(4e5) .. '}' while true do load(s) end",
      ["scrypt"] = "while true do require 'weiyue.crypto'.scrypt('a', 'b', { n = 4096, r = 8, p = 1 }) end",
    } do
      it(name, function()
        local cpu = os.clock()
        stopped(code)
        cpu = os.clock() - cpu
        assert.is_true(cpu < SLOW * (2 * CPU + 2 * STUCK), ("%.3f s of CPU"):format(cpu))
      end)
    end

    it("nothing that is not long: a sort, a pattern and a coroutine work on", function()
      host [[wx.text("go", function()
        local t = {}
        for i = 1, 3000 do t[i] = (i * 7919) % 3001 end
        table.sort(t)
        local words = 0
        for _ in (("word "):rep(5000)):gmatch "%a+" do words = words + 1 end
        local ok, err = xpcall(error, function(e, trace) return e .. (trace:find "stack traceback" and "!" or "?") end, "oops", 0)
        return ("%d %d %s %s"):format(t[3000], words, tostring(ok), err)
      end)]]
      assert.equal("3000 5000 false oops!", (beside "go"))
    end)

    it("what takes too long on the clock, wherever it waits", function()
      host([[wx.text("go", function() while true do pcall(wx.sleep, 1) end end)]], "limits = { wall = 10 }")
      local push = app:user():says "go"
      app:advance(9.9)
      assert.is_nil(push:content())
      assert.same({}, app:logged "lua.timeout")
      app:advance(0.2)
      local lines = app:logged "lua.timeout"
      assert.equal(1, #lines)
      assert.matches("one%.lua:2: stopped: it was not done after 10 s %(limits%.wall%)", lines[1])
      assert.equal(1, app:metric 'weiyue_tasks_stopped_total{reason="wall"}')
    end)

    for name, call in pairs { pcall = "pcall(wx.sleep, 90)", xpcall = "xpcall(wx.sleep, print, 90)",
      ["a coroutine"] = "coroutine.resume(coroutine.create(function() wx.sleep(90) end))",
      ["wx.all"] = "pcall(wx.all, { function() wx.sleep(90) end })",
      ["the store's lock"] = "wx.lock('a', 90) pcall(wx.lock, 'a', 90, { wait = 90 })" } do
      it("a wait that " .. name .. " would catch", function()
        host(("wx.text('go', function() %s return 'caught' end)"):format(call), "limits = { wall = 10 }")
        local push = app:user():says "go"
        app:advance(10.1)
        app:advance(10)
        assert.not_equal("caught", push:content())
        local lines = app:logged "lua.timeout"
        assert.is_true(#lines >= 1)
        assert.matches("one%.lua:2: stopped: it was not done after 10 s %(limits%.wall%)", lines[1])
        assert.same({}, app:logged "lua.error")
      end)
    end

    it("a timer's function, and name the plugin", function()
      host([[wx.every(20, function() pcall(wx.sleep, 90) wx.log.info "caught" end)]], "limits = { wall = 10 }")
      app:advance(35)
      local lines = app:logged()
      assert.equal(1, #lines)
      assert.matches(" event=lua%.timeout plugin=one .*one%.lua:2: stopped: .*%(limits%.wall%)", lines[1])
    end)

    it("what does something about a user who is forgotten", function()
      host([[wx.on_forget(function() wx.sleep(90) end)]], "limits = { wall = 10 }", "forget = 0")
      app:user():event "unsubscribe"
      app:advance(11)
      local lines = app:logged "lua.timeout"
      assert.equal(1, #lines)
      assert.matches("one%.lua:2: stopped: it was not done after 10 s %(limits%.wall%)", lines[1])
      assert.same({}, app:logged "lua.error")
    end)

    it("a wait in <close> two seconds after that", function()
      host([[wx.text("go", function()
        local x <close> = setmetatable({}, { __close = function()
          wx.log.info "closing"
          wx.sleep(1)
          wx.log.info "slept"
          while true do pcall(wx.sleep, 1) end
        end })
        wx.sleep(60)
      end)]], "limits = { wall = 10 }")
      app:user():says "go"
      app:advance(11.5)
      local said = {}
      for i, line in ipairs(app:logged()) do said[i] = line:match " text=(%w+)" end
      assert.equal("closing slept", table.concat(said, " "))
      app:advance(1)
      local lines = app:logged "lua.timeout"
      assert.equal(1, #lines)
      assert.matches("one%.lua:9: stopped: it was not done", lines[1])
      assert.equal(1, app:metric 'weiyue_tasks_stopped_total{reason="wall"}')
      app:advance(60)
      assert.equal(0, app:metric 'weiyue_tasks{worker="0"}')
    end)

    it("no conversation for the time its user takes, and count each turn by itself", function()
      host([[
        local function work(n) local x = 0 for i = 1, n do x = x + i end return x end
        wx.text("go", function(msg)
          for i = 1, 4 do work(4e5) msg:ask("more? " .. i) end
          return "done"
        end)
      ]], "limits = { cpu = 0.1, wall = 10 }")
      local user = app:user()
      user:says "go"
      for i = 1, 4 do
        app:advance(60)
        local push = user:says "yes"
        app:advance(0)
        assert.equal(i == 4 and "done" or "more? " .. i + 1, push:content())
      end
    end)

    it("what was spawned, and name the plugin", function()
      host [[wx.text("go", function() wx.spawn(function() while true do end end) return "spawned" end)]]
      assert.equal("spawned", (beside "go"))
      local lines = app:logged "lua.timeout"
      assert.equal(1, #lines)
      assert.matches(" plugin=one ", lines[1])
    end)

    it("a firing of a timer, and not the timer", function()
      host [[
        local n = 0
        wx.every(10, function() n = n + 1 if n == 1 then while true do end end end)
        wx.text("n", function() return tostring(n) end)
      ]]
      app:advance(31)
      assert.equal("3", app:user():says "n":content())
      assert.matches(" plugin=one ", app:logged "lua.timeout"[1])
      assert.equal(1, app:metric 'weiyue_timer_errors_total{worker="0"}')
    end)
  end)

  it("stop a plugin that loads for ever, by its own line, and load the others", function()
    local ok, err = pcall(host, "local x = 1\nwhile true do x = x + 1 end", LIMITS)
    assert.is_false(ok)
    assert.matches("one%.lua:3: stopped: it took more than 0%.1 s of processor time %(while loading%)", err)
  end)

  it("stop a plugin that loads for ever in a C function", function()
    local ok, err = pcall(host, "local s = ('a'):rep(1e6)\ns:find '.-b'", LIMITS)
    assert.is_false(ok)
    assert.matches("one%.lua:3: stopped", err)
  end)

  it("stop a configuration that needs too much memory for a plugin", function()
    local ok, err = pcall(host, "local t = {}\nfor i = 1, 1e8 do t[i] = {} end", "limits = { lua_memory = 8 * 1024 * 1024 }")
    assert.is_false(ok)
    assert.matches("one%.lua:3: not enough memory", err)
  end)

  it("end the task that needs too much memory, and leave the state as it was", function()
    host([[
      kept = "kept"
      wx.text("go", function() local t = {} for i = 1, 1e8 do t[i] = {} end end)
      wx.text("kept", function() return kept end)
    ]], "limits = { lua_memory = 32 * 1024 * 1024, cpu = 20 }")
    for _ = 1, 3 do assert.equal("稍后再试", (beside "go")) end
    assert.equal("kept", app:user():says "kept":content())
    local lines = app:logged "lua.oom"
    assert.equal(3, #lines)
    assert.matches("one%.lua:3: not enough memory", lines[1])
    assert.equal(3, app:metric 'weiyue_tasks_stopped_total{reason="memory"}')
    assert.is_true(app:metric 'weiyue_lua_memory_bytes{worker="0"}' < 32 << 20)
  end)

  it("tell which plugin keeps most when memory is short, and what each keeps", function()
    host([[
      kept = {}
      wx.text("keep", function() for i = 1, 60000 do kept[#kept + 1] = { "text " .. i } end return "kept" end)
      wx.text("forget", function() kept = {} return "forgot" end)
    ]], "limits = { lua_memory = 16 * 1024 * 1024 }")
    local function weight() return app:metric 'weiyue_plugin_memory_bytes{worker="0",plugin="one"}' end
    local before = weight()
    assert.is_true(before > 1000 and before < 500000, before)
    app:advance(61)
    assert.equal("kept", (beside "keep"))
    local after = weight()
    assert.is_true(after > 2e6 and after < 16 << 20, after) -- a slow machine counts a part
    assert.same({}, app:logged "lua.memory")
    app:advance(61)
    assert.equal("kept", (beside "keep"))
    weight()
    local lines = app:logged "lua.memory"
    assert.equal(1, #lines)
    assert.matches(" plugin=one plugin_bytes=%d+", lines[1])
    weight()
    assert.same({}, app:logged "lua.memory") -- once a minute
    app:advance(61)
    assert.equal("forgot", (beside "forget"))
    assert.is_true(weight() < 500000)
    assert.same({}, app:logged "lua.memory")
  end)

  it("let a handler catch the want of memory", function()
    host [[wx.text("go", function() return tostring(select(2, pcall(string.rep, "x", 1e9))) end)]]
    assert.matches("not enough memory", (beside "go"))
    assert.equal("", events())
  end)
end)
