-- Tasks on the virtual clock: sleep, spawn, after, coroutines and errors across waits.
local app = require "spec.support.app"
local time = require "weiyue.time"
local wx = require "weiyue"

-- Seconds that f takes on the host's clock.
local function takes(f)
  local before = time.monotonic()
  f()
  return time.monotonic() - before
end

local function closing(f) return setmetatable({}, { __close = f }) end

describe("wx.sleep", function()
  it("waits on the host's clock: an hour passes at once", function()
    local cpu = os.clock()
    assert.equal(3600, takes(function() wx.sleep "1h" end))
    assert.is_true(os.clock() - cpu < 10)
  end)

  it("moves wall time as well", function()
    local before = time.now()
    wx.sleep "2d"
    assert.equal(172800, time.now() - before)
  end)

  it("takes numbers, fractions and nothing at all", function()
    assert.equal(90, takes(function() wx.sleep(90) end))
    assert.is_true(math.abs(takes(function() wx.sleep(0.25) end) - 0.25) < 1e-6)
    assert.equal(0, takes(function() wx.sleep(0) end))
  end)

  it("lets others run, though no time passes", function()
    local ran = false
    wx.spawn(function() ran = true end)
    assert.is_false(ran)
    wx.sleep(0)
    assert.is_true(ran)
  end)

  it("keeps 10,000 sleepers in the order of their times", function()
    local woken = {}
    for i = 1, 10000 do
      local due = (i * 7919) % 10000 + 1 -- each time once, in a scattered order
      wx.spawn(function()
        wx.sleep(due)
        woken[#woken + 1] = due
      end)
    end
    assert.equal(10000, takes(function() wx.sleep(10000) end))
    wx.sleep(1)
    assert.equal(10000, #woken)
    for i = 1, 10000 do assert.equal(i, woken[i]) end
  end)

  it("wakes those with one time in the order they began to wait", function()
    local woken = {}
    for i = 1, 100 do
      wx.spawn(function()
        wx.sleep(5)
        woken[#woken + 1] = i
      end)
    end
    wx.sleep(6)
    for i = 1, 100 do assert.equal(i, woken[i]) end
    assert.equal(100, #woken)
  end)
end)

describe("wx.spawn", function()
  it("runs a function with its arguments, nils among them, behind the task that called", function()
    local got
    wx.spawn(function(...) got = table.pack(...) end, 1, nil, "three", nil)
    assert.is_nil(got)
    wx.sleep(0)
    assert.same({ 1, nil, "three", nil, n = 4 }, got)
  end)

  it("may wait, and spawn in turn", function()
    local steps = {}
    wx.spawn(function()
      steps[#steps + 1] = "a"
      wx.sleep(1)
      wx.spawn(function()
        wx.sleep(1)
        steps[#steps + 1] = "c"
      end)
      steps[#steps + 1] = "b"
    end)
    wx.sleep(3)
    assert.same({ "a", "b", "c" }, steps)
  end)
end)

describe("wx.after", function()
  it("calls a function with its arguments when the time has come, and it may wait", function()
    local got
    wx.after("10s", function(...)
      wx.sleep(5)
      got = { ... }
    end, "a", "b")
    wx.sleep(14)
    assert.is_nil(got)
    wx.sleep(2)
    assert.same({ "a", "b" }, got)
  end)

  it("is cancelled before its time, once", function()
    local ran = false
    local timer = wx.after(10, function() ran = true end)
    assert.is_true(timer:cancel())
    assert.is_false(timer:cancel())
    wx.sleep(20)
    assert.is_false(ran)
  end)

  it("cannot be cancelled any more when it ran", function()
    local timer = wx.after(1, function() end)
    wx.sleep(2)
    assert.is_false(timer:cancel())
  end)

  it("may cancel itself and others from inside", function()
    local ran, first = {}, nil
    local second = wx.after(2, function() ran[#ran + 1] = "second" end)
    first = wx.after(1, function() ran[#ran + 1] = { first:cancel(), second:cancel() } end)
    wx.sleep(3)
    assert.same({ { false, true } }, ran)
  end)

  it("does not need its handle", function()
    local ran = false
    wx.after(1, function() ran = true end)
    collectgarbage()
    collectgarbage()
    wx.sleep(2)
    assert.is_true(ran)
  end)

  it("hides its metatable", function()
    local timer = wx.after(1, function() end)
    assert.equal("weiyue.timer", getmetatable(timer))
    timer:cancel()
  end)
end)

describe("a wait in a coroutine", function()
  it("travels outward through resume and wrap to the task", function()
    local steps = {}
    local gen = coroutine.wrap(function(a)
      steps[#steps + 1] = a
      wx.sleep(60)
      local b = coroutine.yield "yielded"
      local inner = coroutine.create(function()
        wx.sleep(60)
        return "inner"
      end)
      steps[#steps + 1] = { coroutine.resume(inner) }
      wx.sleep(60)
      return b
    end)
    assert.equal(60, takes(function() assert.equal("yielded", gen "first") end))
    assert.equal(120, takes(function() assert.equal("second", gen "second") end))
    assert.same({ "first", { true, "inner" } }, steps)
  end)

  it("gives a generator its values in between", function()
    local values = {}
    for value in coroutine.wrap(function()
      for i = 1, 3 do
        wx.sleep(1)
        coroutine.yield(i)
      end
    end) do values[#values + 1] = value end
    assert.same({ 1, 2, 3 }, values)
  end)

  describe("that waits in another task", function()
    local co, results, wrapped

    before_each(function()
      results = nil
      co = coroutine.create(function()
        wx.sleep(10)
        return "its own result"
      end)
      wx.spawn(function() results = table.pack(coroutine.resume(co)) end)
      wrapped = coroutine.wrap(function()
        wx.sleep(10)
        return "its own result"
      end)
      wx.spawn(function() wrapped() end)
      wx.sleep(1)
    end)

    after_each(function() wx.sleep(20) end)

    it("shows normal", function() assert.equal("normal", coroutine.status(co)) end)

    it("cannot be resumed with a forged result", function()
      local ok, err = coroutine.resume(co, "forged")
      assert.is_false(ok)
      assert.equal("cannot resume a coroutine that waits for an operation", err)
      assert.matches("cannot resume a coroutine that waits", app.raised(wrapped, "forged"))
      wx.sleep(20)
      assert.same({ true, "its own result", n = 2 }, results)
      assert.equal("dead", coroutine.status(co))
    end)

    it("cannot be closed", function()
      assert.matches("cannot close a normal coroutine", app.raised(coroutine.close, co))
      wx.sleep(20)
      assert.same({ true, "its own result", n = 2 }, results)
    end)

    it("cannot be resumed from a third one", function()
      local outer = coroutine.wrap(function() return coroutine.resume(co, "forged") end)
      assert.is_false((outer()))
    end)
  end)

  it("is not needed: a coroutine that runs cannot be resumed, not even by itself", function()
    local co
    co = coroutine.create(function(...) return coroutine.resume(co, ...) end)
    assert.same({ true, false, "cannot resume non-suspended coroutine" }, { coroutine.resume(co, 1, 2) })
  end)

  it("keeps the task's own coroutine from being resumed or closed by others", function()
    local co, result
    wx.spawn(function()
      co = coroutine.running()
      result = table.pack(wx.sleep(10))
    end)
    wx.sleep(1)
    assert.equal("normal", coroutine.status(co))
    assert.same({ false, "cannot resume a coroutine that waits for an operation" }, { coroutine.resume(co, "forged") })
    assert.matches("cannot close a normal coroutine", app.raised(coroutine.close, co))
    assert.is_nil(result)
    wx.sleep(10)
    assert.same({ n = 0 }, result)
    assert.equal("dead", coroutine.status(co))
  end)

  it("knows its task's coroutine as running and not yieldable", function()
    local results = {}
    wx.spawn(function()
      local co = coroutine.running()
      results[1], results[2] = coroutine.status(co), coroutine.isyieldable()
      results[3] = coroutine.wrap(function() return coroutine.isyieldable() end)()
      results[4] = coroutine.wrap(function() return coroutine.status(co) end)()
      results[5] = app.raised(coroutine.close, co)
      results[6] = select(2, coroutine.resume(co))
      wx.sleep(1) -- is still woken by its timer
      results[7] = "woken"
    end)
    wx.sleep(2)
    assert.same({ "running", false, true, "normal" }, table.move(results, 1, 4, 1, {}))
    assert.matches("cannot close a running coroutine", results[5])
    assert.matches("cannot resume", results[6])
    assert.equal("woken", results[7])
  end)

  it("whose task ended leaves a coroutine that nobody can wake wrongly", function()
    local outer
    wx.spawn(function() outer = coroutine.running() end)
    wx.sleep(0)
    assert.equal("dead", coroutine.status(outer))
    local ok, err = coroutine.resume(outer, "forged")
    assert.same({ false, "cannot resume dead coroutine" }, { ok, err })
    for _ = 1, 200 do wx.spawn(function() wx.sleep(0) end) end -- coroutines of tasks are used again
    wx.sleep(1)
    assert.equal("dead", coroutine.status(outer))
  end)
end)

describe("a wait is refused", function()
  local REFUSED <const> = {
    { "inside table.sort", function() table.sort({ 3, 2, 1 }, function(a, b) wx.sleep(1) return a < b end) end },
    { "inside string.gsub", function() return (("a"):gsub("a", function() wx.sleep(1) end)) end },
    { "in a coroutine inside string.gsub",
      function() return (("a"):gsub("a", function() coroutine.wrap(function() wx.sleep(1) end)() end)) end },
    { "in a coroutine in a coroutine inside string.gsub", function()
      return (("a"):gsub("a", function()
        assert(coroutine.resume(coroutine.create(function() coroutine.wrap(wx.sleep)(1) end)))
      end))
    end },
    { "in a pcall inside string.gsub", function()
      return (("a"):gsub("a", function()
        local ok, err = pcall(wx.sleep, 1)
        if not ok then error(err, 0) end
      end))
    end },
    { "in a metamethod that a C function calls",
      function() return tostring(setmetatable({}, { __tostring = function() wx.sleep(1) return "" end })) end },
    { "in __lt inside table.sort", function()
      local meta = { __lt = function(a, b) wx.sleep(1) return a[1] < b[1] end }
      table.sort { setmetatable({ 2 }, meta), setmetatable({ 1 }, meta) }
    end },
    { "in a reader of load", function()
      local _, _, err = pcall(load, function() wx.sleep(1) end)
      error(err, 0)
    end },
    { "in __close of a coroutine that coroutine.close ends", function()
      local co = coroutine.create(function()
        local _ <close> = closing(function() wx.sleep(1) end)
        coroutine.yield()
      end)
      coroutine.resume(co)
      local ok, err = coroutine.close(co)
      if not ok then error(err, 0) end
    end },
    { "in __close of a wrapped coroutine that raised", function()
      coroutine.wrap(function()
        local _ <close> = closing(function() wx.sleep(1) end)
        error "boom"
      end)()
    end },
  }
  for _, case in ipairs(REFUSED) do
    it(case[1], function()
      local before = time.monotonic()
      local err = app.raised(case[2])
      assert.matches("cannot wait inside a C function such as table%.sort, string%.gsub or a metamethod", err)
      assert.matches("tasks_spec%.lua:%d+: ", err)
      assert.equal(0, time.monotonic() - before)
      wx.sleep(1) -- and the task goes on
    end)
  end
end)

describe("a wait is possible", function()
  it("in metamethods that Lua code calls, in iterators and in __close", function()
    local waits = setmetatable({}, {
      __index = function(_, key) wx.sleep(1) return key end,
      __newindex = function() wx.sleep(1) end,
      __call = function(_, a) wx.sleep(1) return a end,
      __add = function() wx.sleep(1) return "sum" end,
      __eq = function() wx.sleep(1) return true end,
      __lt = function() wx.sleep(1) return true end,
      __concat = function() wx.sleep(1) return "concat" end,
      __len = function() wx.sleep(1) return 5 end,
    })
    local other = setmetatable({}, getmetatable(waits))
    assert.equal(8, takes(function()
      assert.equal("a", waits.a)
      waits.b = 1
      assert.equal("c", waits "c")
      assert.equal("sum", waits + 1)
      assert.is_true(waits == other)
      assert.is_true(waits < other)
      assert.equal("concat", waits .. "")
      assert.equal(5, #waits)
    end))
    assert.equal(3, takes(function()
      for i in function(_, i) wx.sleep(1) return i < 2 and i + 1 or nil end, nil, 0 do assert.is_number(i) end
    end))
    assert.equal(7, takes(function() local _ <close> = closing(function() wx.sleep(7) end) end))
  end)

  it("across pcall, xpcall, error, select and table.unpack", function()
    assert.equal(3, takes(function()
      local ok, a, b = pcall(function() wx.sleep(1) return "a", "b" end)
      assert.same({ true, "a", "b" }, { ok, a, b })
      local failed, err = pcall(function() wx.sleep(1) error({ code = 5 }) end)
      assert.same({ false, { code = 5 } }, { failed, err })
      local handled
      failed, err = xpcall(function(x) wx.sleep(1) error(x, 0) end, function(e) handled = e return "handled" end, "boom")
      assert.same({ false, "handled", "boom" }, { failed, err, handled })
    end))
  end)

  it("in busted's own functions", function()
    finally(function() wx.sleep(1) end)
    assert.has_error(function() wx.sleep(1) error "boom" end)
  end)
end)

describe("an error", function()
  it("runs <close> variables, which may wait, innermost first", function()
    local closed = {}
    local seconds = takes(function()
      local ok, err = pcall(function()
        local _ <close> = closing(function(_, e)
          wx.sleep(5)
          closed[#closed + 1] = { "outer", tostring(e):match "boom" }
        end)
        local _ <close> = closing(function(_, e)
          wx.sleep(5)
          closed[#closed + 1] = { "inner", tostring(e):match "boom" }
        end)
        wx.sleep(1)
        error "boom"
      end)
      assert.is_false(ok)
      assert.matches("tasks_spec%.lua:%d+: boom", err)
    end)
    assert.equal(11, seconds)
    assert.same({ { "inner", "boom" }, { "outer", "boom" } }, closed)
  end)

  it("that nobody catches still runs them in a spawned task", function()
    local closed = {}
    wx.spawn(function()
      local _ <close> = closing(function()
        wx.sleep(5)
        closed[1] = time.monotonic()
      end)
      error "expected in the log"
    end)
    local before = time.monotonic()
    wx.sleep(10)
    assert.equal(5, closed[1] - before)
  end)

  it("in a coroutine comes out of resume as a value and of wrap with its place", function()
    local function fail()
      wx.sleep(1)
      error "boom"
    end
    local ok, err = coroutine.resume(coroutine.create(fail))
    assert.is_false(ok)
    assert.matches("^%S*tasks_spec%.lua:%d+: boom$", err)
    local line = debug.getinfo(1, "l").currentline + 1
    err = app.raised(function() local _ = coroutine.wrap(fail)() end)
    assert.matches("^%S*tasks_spec%.lua:" .. line .. ": %S*tasks_spec%.lua:%d+: boom$", err)
    assert.same({ code = 5 }, app.raised(coroutine.wrap(function() wx.sleep(1) error { code = 5 } end)))
  end)

  it("leaves a wrapped coroutine dead", function()
    local f = coroutine.wrap(function() wx.sleep(1) error "boom" end)
    app.raised(f)
    assert.matches("cannot resume dead coroutine", app.raised(f))
  end)

  it("in spawned tasks and timers hurts nobody", function()
    local fine = false
    for _ = 1, 3 do wx.spawn(function() error "expected in the log" end) end
    wx.spawn(function() wx.sleep(1) error(nil) end)
    wx.spawn(function() error(setmetatable({}, { __tostring = function() error "again" end })) end)
    wx.after(1, function() error {} end)
    wx.spawn(function() wx.sleep(2) fine = true end)
    wx.sleep(3)
    assert.is_true(fine)
  end)

  it("of endless recursion ends the task only", function()
    local fine = false
    wx.spawn(function()
      local function deeper(n) return 1 + deeper(n + 1) end
      deeper(1)
    end)
    wx.spawn(function() fine = true end)
    wx.sleep(1)
    assert.is_true(fine)
  end)
end)

describe("coroutine.yield", function()
  it("is refused in a task's own coroutine, as it is outside of coroutines", function()
    local err
    wx.spawn(function() err = app.raised(coroutine.yield, 1) end)
    wx.sleep(0)
    assert.matches("attempt to yield from outside a coroutine", err)
    assert.matches("wx%.sleep", err)
  end)

  it("works as ever in coroutines of one's own", function()
    local co = coroutine.create(function(a)
      local b = coroutine.yield(a + 1)
      return b + 1
    end)
    assert.same({ true, 2 }, { coroutine.resume(co, 1) })
    assert.equal("suspended", coroutine.status(co))
    assert.same({ true, 6 }, { coroutine.resume(co, 5) })
    assert.equal("dead", coroutine.status(co))
    assert.same({ false, "cannot resume dead coroutine" }, { coroutine.resume(co) })
  end)

  it("gives many values, none and nil", function()
    local co = coroutine.wrap(function(...)
      coroutine.yield(...)
      coroutine.yield()
      coroutine.yield(nil, nil)
      return select("#", ...)
    end)
    local many = table.pack(co(table.unpack({}, 1, 200)))
    assert.equal(200, many.n)
    assert.equal(0, select("#", co()))
    assert.equal(2, select("#", co()))
    assert.equal(200, co())
  end)

  it("crosses a wait without losing a value", function()
    local co = coroutine.wrap(function()
      for i = 1, 100 do
        wx.sleep(1)
        assert.equal(i, coroutine.yield(i))
      end
      return "end"
    end)
    local value = co()
    for i = 1, 100 do
      assert.equal(i, value)
      value = co(i)
    end
    assert.equal("end", value)
  end)
end)
