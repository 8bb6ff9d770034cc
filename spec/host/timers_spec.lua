-- wx.every and wx.at: when they fire, who runs them, what their functions may do.
local app = require "spec.support.app"
local core = require "weiyue_core"
local dsl = require "weiyue.dsl"
local timers = require "weiyue.timers"
local wx = require "weiyue"

local time = core.time
local HOUR <const>, DAY <const> = 3600, 86400

-- The clocks as timers see them: the host's, moved by what a spec sets here.
local real <const> = { now = time.now, monotonic = time.monotonic }
local ahead -- of the wall clock
local slept -- of both clocks: a loop that was blocked
local today -- a midnight
local counts
local stops -- of what was started

local function in_ms(seconds) return math.floor(seconds * 1000 + 0.5) / 1000 end

before_each(function()
  ahead, slept, counts, stops = 0, 0, {}, {}
  today = (real.now() // DAY + 1) * DAY
  time.now = function() return in_ms(real.now() + ahead + slept) end
  time.monotonic = function() return in_ms(real.monotonic() + slept) end
end)
after_each(function()
  time.now, time.monotonic = real.now, real.monotonic
  for _, stop in ipairs(stops) do stop() end
end)

local function count(name) counts[name] = (counts[name] or 0) + 1 end

-- Plugins named "plugin1" … , each declared by a function of wx, as a host loads them.
local function declare(...)
  local list = {}
  for i, f in ipairs { ... } do
    local plugin = { name = "plugin" .. i, priority = 0, rules = {}, uses = {}, timers = {} }
    f(dsl.new(plugin, { account = function() end }))
    plugin.loaded = true
    list[i] = plugin
  end
  return list
end

-- The spec's zone is UTC, whatever the machine's is.
local function utc() return 0 end

local function start_all(plugins, options) stops[#stops + 1] = timers.start(plugins, options) end

-- Declares one plugin and starts its timers.
local function start(f, offset) start_all(declare(f), { count = count, offset = offset or utc }) end

-- Sets the wall clock to hh:mm:ss of the spec's day.
local function set_clock(text)
  local h, m, s = text:match "(%d+):(%d+):(%d+)"
  ahead = today + h * HOUR + m * 60 + s - real.now() - slept
end

local function shown() return os.date("!%H:%M:%S", math.floor(time.now())) end

-- A function that notes when it runs: seconds since now, or what `of` gives.
local function noting(list, of)
  local from = time.monotonic()
  return function() list[#list + 1] = of and of() or time.monotonic() - from end
end

local function near(expected, got)
  assert.equal(#expected, #got, "runs: " .. table.concat(got, " "))
  for i, seconds in ipairs(expected) do
    assert.is_true(math.abs(seconds - got[i]) < 0.002, ("run %d at %s, not %s"):format(i, got[i], seconds))
  end
end

describe("wx.every", function()
  it("fires first one interval after the start, then again and again", function()
    local runs = {}
    start(function(w) w.every("5m", noting(runs)) end)
    wx.sleep(299.9)
    near({}, runs)
    wx.sleep(700)
    near({ 300, 600, 900 }, runs)
    assert.same({ timer_runs = 3 }, counts)
  end)

  it("takes a second as the shortest interval, and a year as the longest", function()
    local runs = {}
    start(function(w)
      w.every(1, noting(runs))
      w.every("366d", noting(runs))
    end)
    wx.sleep(2.5)
    near({ 1, 2 }, runs)
  end)

  it("does not drift, however long its function takes and whatever fraction the interval has", function()
    local runs = {}
    start(function(w)
      local note = noting(runs)
      w.every(1.7, function()
        note()
        wx.sleep(0.3337)
      end)
    end)
    wx.sleep(1700.1)
    assert.equal(1000, #runs)
    near({ 1.7, 3.4, 1700 }, { runs[1], runs[2], runs[1000] })
  end)

  it("is no matter of the wall clock", function()
    local runs = {}
    start(function(w) w.every(10, noting(runs)) end)
    wx.sleep(15)
    ahead = -5 * HOUR
    wx.sleep(10)
    ahead = 5 * HOUR
    wx.sleep(10)
    near({ 10, 20, 30 }, runs)
  end)

  it("makes up for nothing that a blocked loop missed: one firing, then the grid", function()
    local runs = {}
    start(function(w) w.every(10, noting(runs)) end)
    wx.sleep(15)
    slept = 42 -- it is due at 20, and then it is 62
    app.logged(function() wx.sleep(20) end)
    near({ 10, 62, 70 }, runs)
    assert.same({ timer_runs = 3, timer_late = 1 }, counts)
  end)

  it("is late from a second on", function()
    start(function(w) w.every(10, function() end) end)
    wx.sleep(5)
    slept = 0.999
    wx.sleep(10)
    assert.same({ timer_runs = 1 }, counts)
    slept = slept + 1
    local lines = app.logged(function() wx.sleep(9) end)
    assert.same({ timer_runs = 2, timer_late = 1 }, counts)
    assert.equal(1, #lines)
    assert.same({ "info", "timer.late", 1, "plugin1" },
      { lines[1].level, lines[1].event, lines[1].fields.seconds, lines[1].fields.plugin })
  end)

  it("skips a firing while the last one runs, counts it, and says so once for each long run", function()
    local runs = {}
    local lines = app.logged(function()
      start(function(w)
        local note = noting(runs)
        w.every(10, function()
          note()
          if #runs <= 2 then wx.sleep(25) end
        end, { name = "slow" })
      end)
      wx.sleep(85)
    end)
    near({ 10, 40, 70, 80 }, runs)
    assert.same({ timer_runs = 4, timer_skipped = 4 }, counts)
    assert.equal(2, #lines)
    for _, line in ipairs(lines) do
      assert.same({ "warn", "timer.skipped", { plugin = "plugin1", timer = "slow" } }, { line.level, line.event, line.fields })
    end
  end)

  it("gives its function no arguments, and does not look at its results", function()
    local got
    local lines = app.logged(function()
      start(function(w) w.every(1, function(...) got = select("#", ...) return nil, "an error" end) end)
      wx.sleep(1.5)
    end)
    assert.equal(0, got)
    assert.same({}, lines)
  end)
end)

describe("what a timer's function raises", function()
  -- The one line that is logged while it fires twice.
  local function fault(fn)
    local lines = app.logged(function()
      start(function(w) w.every(10, fn, { name = "bad" }) end)
      wx.sleep(15)
    end)
    assert.equal(1, #lines, "lines")
    assert.same({ "error", "lua.error", { plugin = "plugin1", timer = "bad" } }, { lines[1].level, lines[1].event, lines[1].fields })
    return lines[1].text
  end

  it("is logged with file and line, traceback, plugin and name; the timer goes on", function()
    local function inner() error "boom" end
    local line = debug.getinfo(inner, "S").linedefined
    local text = fault(function()
      wx.sleep(1)
      inner()
      return 1
    end)
    assert.matches(("^[^\n]*timers_spec%%.lua:%d: boom\nstack traceback:\n"):format(line), text)
    assert.matches(("timers_spec%%.lua:%d: in upvalue 'inner'"):format(line), text)
    assert.same({ timer_runs = 1, timer_errors = 1 }, counts)
    app.logged(function() wx.sleep(10) end)
    assert.same({ timer_runs = 2, timer_errors = 2 }, counts)
  end)

  local function overflow() return 1 + overflow() end
  for what, case in pairs {
    ["a table"] = { "^table: 0x", function() error {} end },
    ["nil"] = { "^nil", function() error() end },
    ["a table with a text"] =
      { "^told", function() error(setmetatable({}, { __tostring = function() return "told" end })) end },
    ["a table that raises in turn"] = { "^%(error object is a table value%)",
      function() error(setmetatable({}, { __tostring = function() error "x" end })) end },
    ["a stack overflow"] = { "timers_spec%.lua:%d+: stack overflow", overflow },
  } do
    it("may be " .. what, function()
      collectgarbage() -- finalizers run on the thread that is at hand, and this one has no stack to spare
      local text = fault(case[2])
      assert.matches(case[1], text)
      assert.matches("\nstack traceback:\n", text)
    end)
  end

  it("leaves other timers alone", function()
    local runs = {}
    app.logged(function()
      start(function(w)
        w.every(10, function() error "boom" end)
        w.every(10, noting(runs))
      end)
      wx.sleep(25)
    end)
    near({ 10, 20 }, runs)
    assert.same({ timer_runs = 4, timer_errors = 2 }, counts)
  end)

  it("ends the run: the next firing is not skipped", function()
    app.logged(function()
      start(function(w)
        w.every(10, function()
          wx.sleep(12)
          error "boom"
        end)
      end)
      wx.sleep(45)
    end)
    assert.same({ timer_runs = 2, timer_skipped = 2, timer_errors = 2 }, counts)
  end)
end)

describe("wx.at", function()
  it("fires when clocks show the time, every day", function()
    local runs = {}
    set_clock "08:00:00"
    start(function(w) w.at("09:00", noting(runs)) end)
    wx.sleep(HOUR - 0.1)
    near({}, runs)
    wx.sleep(2 * DAY + 0.2)
    near({ HOUR, HOUR + DAY, HOUR + 2 * DAY }, runs)
    assert.same({ timer_runs = 3 }, counts)
  end)

  it("takes seconds, and lists", function()
    local runs = {}
    set_clock "08:00:00"
    start(function(w) w.at({ "23:59:59", "09:00", "08:00:30" }, noting(runs, shown)) end)
    wx.sleep(DAY + 60)
    assert.same({ "08:00:30", "09:00:00", "23:59:59", "08:00:30" }, runs)
  end)

  it("does not fire for the moment at which it starts", function()
    local runs = {}
    set_clock "09:00:00"
    start(function(w) w.at("09:00", noting(runs)) end)
    wx.sleep(DAY - 1)
    near({}, runs)
    wx.sleep(2)
    near({ DAY }, runs)
  end)

  it("is a matter of local time", function()
    local runs = {}
    set_clock "00:30:00" -- 8:30 in Beijing
    start(function(w) w.at("09:00", noting(runs)) end, function() return 8 * HOUR end)
    wx.sleep(DAY)
    near({ HOUR / 2 }, runs)
  end)

  it("is a matter of the machine's zone if nothing else is said", function()
    local runs = {}
    local h, m = os.date("%H:%M", math.floor(time.now()) + 120):match "(%d+):(%d+)"
    local function local_time() return os.date("%H:%M", math.floor(time.now())) end
    start_all(declare(function(w) w.at(h .. ":" .. m, noting(runs, local_time)) end), {})
    wx.sleep(180)
    assert.same({ h .. ":" .. m }, runs)
  end)

  it("follows summer time", function()
    local runs, zone = {}, 0
    set_clock "00:00:00"
    local change = time.now() + 2 * HOUR
    local function offset(t) return t < change and zone or zone + HOUR end
    start(function(w) w.at({ "02:30", "09:00" }, noting(runs)) end, offset) -- 2:30 is left out today
    wx.sleep(DAY + 2 * HOUR)
    near({ 2 * HOUR, 8 * HOUR, DAY + 1.5 * HOUR }, runs)
  end)

  it("fires once when summer time ends in it", function()
    local runs = {}
    set_clock "00:00:00"
    local change = time.now() + 2 * HOUR
    start(function(w) w.at("01:30", noting(runs)) end, function(t) return t < change and HOUR or 0 end)
    wx.sleep(DAY + 2 * HOUR)
    near({ HOUR / 2, DAY + 1.5 * HOUR }, runs)
  end)

  describe("when the clock is set ahead", function()
    it("notices within a minute", function()
      local runs = {}
      set_clock "03:00:00"
      start(function(w) w.at("09:00", noting(runs)) end)
      wx.sleep(90)
      set_clock "08:59:00"
      wx.sleep(61)
      near({ 150 }, runs) -- it looks at 120, and then again
      assert.same({ timer_runs = 1 }, counts)
    end)

    for _, case in ipairs { { "09:00:10", 10 }, { "09:58:59", 3539 } } do
      it("runs what was missed once if it is less than an hour late: at " .. case[1], function()
        local runs = {}
        local lines = app.logged(function()
          set_clock "08:30:00"
          start(function(w) w.at("09:00", noting(runs), { name = "report" }) end)
          wx.sleep(0.5)
          set_clock(case[1])
          wx.sleep(HOUR)
        end)
        assert.equal(1, #runs)
        assert.same({ timer_runs = 1, timer_late = 1 }, counts)
        assert.equal(1, #lines)
        assert.same({ "info", "timer.late", "report" }, { lines[1].level, lines[1].event, lines[1].fields.timer })
        local seconds = lines[1].fields.seconds
        assert.is_true(seconds >= case[2] and seconds <= case[2] + 60, tostring(seconds))
      end)
    end

    it("skips what is an hour late or more, says so, and goes on tomorrow", function()
      local runs = {}
      local lines = app.logged(function()
        set_clock "08:30:00"
        start(function(w) w.at("09:00", noting(runs, shown), { name = "report" }) end)
        wx.sleep(0.5)
        set_clock "10:00:00"
        wx.sleep(DAY)
      end)
      assert.same({ "09:00:00" }, runs)
      assert.same({ timer_runs = 1, timer_skipped = 1 }, counts)
      assert.equal(1, #lines)
      assert.same({ "warn", "timer.skipped" }, { lines[1].level, lines[1].event })
      assert.same({ "plugin1", "report", 1 }, { lines[1].fields.plugin, lines[1].fields.timer, lines[1].fields.count })
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT09:00:00Z$", lines[1].fields.due)
    end)

    it("runs the latest of several that were missed", function()
      local runs = {}
      local lines = app.logged(function()
        set_clock "05:00:00"
        start(function(w) w.at({ "06:00", "07:00", "09:10", "09:20" }, noting(runs)) end)
        wx.sleep(0.5)
        set_clock "09:30:00"
        wx.sleep(HOUR)
      end)
      assert.equal(1, #runs)
      assert.same({ timer_runs = 1, timer_late = 1, timer_skipped = 3 }, counts)
      assert.same({ "timer.skipped", "timer.late" }, { lines[1].event, lines[2].event })
      assert.same({ 2, "T07:00:00Z" }, { lines[1].fields.count, lines[1].fields.due:sub(11) })
    end)

    it("by a year costs no more than by two days", function()
      local looks = 0
      set_clock "05:00:00"
      app.logged(function()
        start(function(w) w.at({ "06:00", "07:00" }, function() end) end, function() looks = looks + 1 return 0 end)
        wx.sleep(0.5)
        ahead, looks = ahead + 365 * DAY, 0
        wx.sleep(60)
      end)
      assert.same({ timer_skipped = 4 }, counts)
      assert.is_true(looks < 50)
    end)
  end)

  it("runs late when the loop was blocked", function()
    local runs = {}
    set_clock "08:59:00"
    start(function(w) w.at("09:00", noting(runs)) end)
    wx.sleep(1)
    slept = 600
    app.logged(function() wx.sleep(HOUR) end)
    near({ 660 }, runs)
    assert.same({ timer_runs = 1, timer_late = 1 }, counts)
  end)

  describe("when the clock is set back", function()
    it("fires at its time all the same", function()
      local runs = {}
      set_clock "08:50:00"
      start(function(w) w.at("09:00", noting(runs, shown)) end)
      wx.sleep(30)
      set_clock "06:00:00"
      wx.sleep(4 * HOUR)
      assert.same({ "09:00:00" }, runs)
      assert.same({ timer_runs = 1 }, counts)
    end)

    for _, back in ipairs { 1, 600, DAY + HOUR, 6 * DAY } do
      it(("by %d s does not fire a second time"):format(back), function()
        local runs = {}
        set_clock "08:00:00"
        start(function(w) w.at("09:00", noting(runs)) end)
        wx.sleep(7 * DAY)
        assert.equal(7, #runs)
        ahead = ahead - back
        wx.sleep(back + 60)
        assert.equal(7, #runs)
        wx.sleep(DAY)
        assert.equal(8, #runs)
      end)
    end

    it("runs what was skipped while the clock was wrong", function()
      local runs = {}
      set_clock "08:00:00"
      app.logged(function()
        start(function(w) w.at("09:00", noting(runs, shown)) end)
        wx.sleep(1)
        set_clock "12:00:00"
        wx.sleep(120)
        set_clock "08:05:00"
        wx.sleep(HOUR)
      end)
      assert.same({ "09:00:00" }, runs)
      assert.same({ timer_runs = 1, timer_skipped = 1 }, counts)
    end)

    it("remembers a week", function()
      local runs = {}
      set_clock "08:00:00"
      start(function(w) w.at("09:00", noting(runs)) end)
      wx.sleep(9 * DAY)
      ahead = ahead - 7 * DAY
      wx.sleep(7 * DAY)
      assert.equal(9, #runs)
      ahead = ahead - 9 * DAY
      wx.sleep(9 * DAY) -- it is longer ago than a week each time: daily work goes on
      assert.equal(18, #runs)
    end)

    it("after a mistake of a year does not wait for a year", function()
      local runs = {}
      set_clock "08:00:00"
      app.logged(function()
        start(function(w) w.at("09:00", noting(runs, shown)) end)
        wx.sleep(1)
        ahead = ahead + 365 * DAY
        wx.sleep(DAY)
        assert.same({ "09:00:00" }, runs)
        ahead = ahead - 365 * DAY
        wx.sleep(2 * DAY)
      end)
      assert.same({ "09:00:00", "09:00:00", "09:00:00" }, runs)
    end)
  end)

  it("skips a firing while the last one runs, raises and goes on as wx.every does", function()
    local n = 0
    local lines = app.logged(function()
      set_clock "08:00:00"
      start(function(w)
        w.at({ "09:00", "09:10", "09:20" }, function(...)
          n = n + 1
          assert(select("#", ...) == 0)
          wx.sleep "15m"
          error "boom"
        end)
      end)
      wx.sleep(DAY)
    end)
    assert.equal(2, n)
    assert.same({ timer_runs = 2, timer_skipped = 1, timer_errors = 2 }, counts)
    assert.same({ "timer.skipped", "lua.error", "lua.error" }, { lines[1].event, lines[2].event, lines[3].event })
  end)
end)

describe("with several workers", function()
  local function many(w)
    for i = 1, 100 do w.every(5, function() count("timer" .. i) end, { name = "timer" .. i }) end
  end

  it("exactly one runs a timer, the same in every worker", function()
    for worker = 0, 3 do start_all(declare(many), { worker = worker, workers = 4 }) end
    wx.sleep(5.5)
    for i = 1, 100 do assert.equal(1, counts["timer" .. i], i) end
  end)

  it("the load spreads", function()
    local load = { [0] = 0, 0, 0, 0 }
    for i = 1, 100 do
      local worker = timers.worker("shop", "timer" .. i, 4)
      load[worker] = load[worker] + 1
    end
    for worker = 0, 3 do assert.is_true(load[worker] > 10, load[worker]) end
  end)

  it("plugin and name are the identity", function()
    assert.equal(timers.worker("a", "b", 1000000), timers.worker("a", "b", 1000000))
    assert.not_equal(timers.worker("a", "b", 1000000), timers.worker("b", "a", 1000000))
    assert.not_equal(timers.worker("a", "bc", 1000000), timers.worker("ab", "c", 1000000))
  end)

  it("one worker runs all of them", function()
    for i = 1, 20 do assert.equal(0, timers.worker("shop", "timer" .. i, 1)) end
  end)
end)

describe("a timer", function()
  it("without a name has file and line", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local plugin = declare(function(w) w.every(5, function() end) w.at("09:00", function() end, { name = "b" }) end)[1]
    assert.truthy(plugin.timers[1].name:find("timers_spec.lua:" .. line, 1, true))
    assert.equal("b", plugin.timers[2].name)
  end)

  it("may have the name of another plugin's", function()
    local function f(w) w.every(5, function() end, { name = "a" }) end
    assert.equal(2, #declare(f, f))
  end)

  it("is refused once the plugin is loaded, with the way out", function()
    local later
    declare(function(w) later = w end)
    for _, call in ipairs { function() later.every(5, print) end, function() later.at("09:00", print) end } do
      local err = app.raised(call)
      assert.matches("timers_spec%.lua:%d+: wx%.%l+: timers are declared while the plugin loads; in a handler use wx%.after$", err)
    end
    later.after(0, function() end) -- as it says
  end)

  it("is refused where no host serves: require \"weiyue\" in a spec", function()
    for _, call in ipairs { function() wx.every(5, print) end, function() wx.at("09:00", print) end } do
      assert.matches("timers_spec%.lua:%d+: wx%.%l+: timers are for plugins, which a host serves$", app.raised(call))
    end
  end)
end)

describe("boot", function()
  local folder

  before_each(function()
    local pipe = assert(io.popen "mktemp -d")
    folder = pipe:read "l"
    pipe:close()
  end)
  after_each(function() os.execute("rm -rf '" .. folder .. "'") end)

  -- A host with one plugin of this text, and what else stands in the options.
  local function load(text, options)
    local file = assert(io.open(folder .. "/one.lua", "w"))
    file:write("local wx = require 'weiyue'\n" .. text)
    file:close()
    options = options or {}
    options.text = [[return { plugins = { "one.lua" }, accounts = { { token = "wxtest" } } }]]
    options.name, options.folder = "weiyue.lua", folder
    return app.boot(options)
  end

  -- What is logged while this many seconds pass after a start, or without one.
  local function logged(seconds, start_timers)
    return app.logged(function()
      if start_timers then stops[#stops + 1] = start_timers() end
      wx.sleep(seconds)
    end)
  end

  it("arms timers when it is told to, not before, and counts", function()
    local loaded = load("wx.every(400, function() wx.log.info 'tick' wx.sleep(1) error 'boom' end, { name = 'a' })", { count = count })
    assert.same({}, loaded.problems)
    assert.same({}, logged(401))
    local lines = logged(402, loaded.calls.start)
    assert.same({ "tick", "lua.error" }, { lines[1].text, lines[2].event })
    assert.matches("one%.lua:2: boom", lines[2].text)
    assert.same({ plugin = "one", timer = "a" }, lines[2].fields)
    assert.same({ timer_runs = 1, timer_errors = 1 }, counts)
  end)

  it("arms those of its worker only", function()
    local text = "wx.every(400, function() wx.log.info 'tick' end, { name = 'a' })"
    local ticks = 0
    for worker = 0, 2 do
      local lines = logged(401, load(text, { worker = worker, workers = 3 }).calls.start)
      table.remove(stops)()
      if worker == timers.worker("one", "a", 3) then
        assert.equal("tick", lines[1].text)
        ticks = ticks + 1
      else
        assert.same({}, lines)
      end
    end
    assert.equal(1, ticks)
  end)

  it("gives the function that stops them; what runs goes on", function()
    local loaded = load("wx.every(400, function() wx.log.info 'tick' wx.sleep(1) wx.log.info 'tock' end)")
    local lines = app.logged(function()
      local stop = loaded.calls.start()
      wx.sleep(400.5)
      stop()
      wx.sleep(1000)
    end)
    assert.same({ "tick", "tock" }, { lines[1].text, lines[2].text })
    assert.equal(2, #lines)
  end)

  it("has no timers of a plugin that failed to load", function()
    local loaded = load "wx.every(400, function() wx.log.info 'tick' end) error 'no'"
    assert.equal(1, loaded.failed_plugins)
    assert.same({}, logged(401, loaded.calls.start))
  end)

  it("does not load a plugin whose timers have one identity", function()
    local loaded = load "for i = 1, 2 do wx.every(400, function() end) end"
    assert.equal(1, loaded.failed_plugins)
    assert.matches("one%.lua:2: wx%.every: two timers are .*one%.lua:2: give each a name", loaded.problems[1].en)
  end)

  it("refuses a timer of a handler", function()
    local loaded = load "wx.text(function() wx.every(5, print) end)"
    local err = app.raised(loaded.accounts[1].dispatch,
      { type = "text", content = "a", openid = "oTest", account = loaded.accounts[1].object })
    assert.matches("one%.lua:2: wx%.every: timers are declared while the plugin loads", err)
  end)
end)
