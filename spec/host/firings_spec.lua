-- Timers beyond a reload, and wx.at beyond a restart: on the clocks of a virtual host, and with what a generation
-- leaves to the next one.
local app = require "spec.support.app"
local core = require "weiyue_core"
local dsl = require "weiyue.dsl"
local firings = require "weiyue.firings"
local folders = require "spec.support.folder"
local kv = require "spec.support.kv"
local records = require "weiyue.token.records"
local rig = require "spec.support.rig"
local timers = require "weiyue.timers"
local wx = require "weiyue"

local time = core.time
local HOUR <const>, DAY <const> = 3600, 86400

describe("from one generation to the next", function()
  local real <const> = { now = time.now, monotonic = time.monotonic }
  local ahead, slept, counts, runs, memory, store, stop

  before_each(function()
    ahead, slept, counts, runs, memory, store, stop = 0, 0, {}, {}, records.table_dict(), nil, nil
    time.now = function() return real.now() + ahead + slept end
    time.monotonic = function() return real.monotonic() + slept end
  end)
  after_each(function()
    if stop then stop() end
    time.now, time.monotonic = real.now, real.monotonic
  end)

  -- The next generation, with the timers that f declares.
  local function switch(f, state)
    if stop then stop() end
    local plugin = { name = "one", priority = 0, rules = {}, uses = {}, timers = {} }
    if f then f(dsl.new(plugin, { account = function() end })) end
    plugin.loaded = true
    stop = timers.start({ plugin }, {
      known = firings.new { memory = memory, wall = 60, kv = function() return store end,
        state = state or nil }, offset = function() return 0 end,
      count = function(name) counts[name] = (counts[name] or 0) + 1 end,
    })
  end

  local began
  local function note() runs[#runs + 1] = math.floor(real.monotonic() + slept - began + 0.5) end
  local function every(seconds, fn)
    began = real.monotonic() + slept
    return function(w) w.every(seconds, fn or note, { name = "a" }) end
  end

  -- Sets the wall clock to hh:mm:ss of a day.
  local function set_clock(text)
    local h, m, s = text:match "(%d+):(%d+):(%d+)"
    ahead = 0
    ahead = (time.now() // DAY + 1) * DAY + h * HOUR + m * 60 + s - time.now()
    began = real.monotonic() + slept
  end

  describe("wx.every", function()
    it("keeps its grid, though each generation is younger than its interval, and its line another", function()
      switch(every(10))
      for i = 1, 4 do
        wx.sleep(8)
        switch(function(w) w.every(10, note, { name = "line " .. i }) end)
      end
      wx.sleep(8.5)
      assert.same({ 10, 20, 30, 40 }, runs)
      assert.same({ timer_runs = 4 }, counts)
    end)

    it("has the grid of the host's start when it is new", function()
      switch(every(60))
      wx.sleep(7)
      switch(function(w) w.every(10, note) end)
      wx.sleep(14)
      assert.same({ 10, 20 }, runs)
    end)

    it("runs what fell due while generations were switched, once", function()
      local f = every(10)
      switch(f)
      wx.sleep(15)
      slept = 6 -- it is due at 20
      switch(f)
      wx.sleep(3)
      switch(f)
      wx.sleep(7)
      assert.same({ 10, 21, 30 }, runs)
    end)

    it("with another interval owes nothing", function()
      switch(every(10))
      wx.sleep(15)
      slept = 6
      switch(function(w) w.every(17, note, { name = "a" }) end)
      wx.sleep(9)
      assert.same({ 10 }, runs)
    end)

    it("is skipped while its run in the generation before goes on", function()
      local f = every(10, function()
        note()
        if #runs == 1 then wx.sleep(25) end
      end)
      app.logged(function()
        switch(f)
        wx.sleep(12)
        switch(f)
        wx.sleep(35)
      end)
      assert.same({ 10, 40 }, runs)
      assert.same({ timer_runs = 2, timer_skipped = 2 }, counts)
    end)
  end)

  describe("wx.at", function()
    local function nine(w) w.at("09:00", note, { name = "a" }) end

    it("is not repeated when the clock was set back", function()
      set_clock "08:59:50"
      switch(nine)
      wx.sleep(12)
      ahead = ahead - 6
      switch(nine)
      wx.sleep(20)
      assert.same({ 10 }, runs)
    end)

    it("runs what fell due while generations were switched, once", function()
      set_clock "08:59:50"
      switch(nine)
      wx.sleep(5)
      slept = 6
      app.logged(function()
        switch(nine)
        wx.sleep(1)
        switch(nine)
        wx.sleep(1)
      end)
      assert.same({ 11 }, runs)
    end)

    it("runs nothing that came before it was declared, or declared again", function()
      set_clock "08:59:50"
      switch(nine)
      switch(nil)
      wx.sleep(HOUR / 2)
      switch(nine)
      wx.sleep(60)
      assert.same({}, runs)
    end)

    it("runs nothing of a time that is new", function()
      set_clock "08:59:50"
      switch(nine)
      wx.sleep(HOUR / 2)
      switch(function(w) w.at({ "09:00", "09:15", "09:45" }, note, { name = "a" }) end)
      wx.sleep(HOUR / 2)
      assert.same({ 10, 2710 }, runs)
    end)

    it("goes on where the store fails, and says so once", function()
      local function fails() return nil, "no disk" end
      store = { get = fails, set = fails, cas = fails, scan = fails }
      set_clock "08:59:50"
      local lines = app.logged(function()
        switch(nine)
        wx.sleep(20)
      end)
      assert.same({ 10 }, runs)
      assert.equal(1, #lines)
      assert.same({ "warn", "timer.store", "no disk" }, { lines[1].level, lines[1].event, lines[1].text })
    end)

    -- How often it runs in two processes at a time: with these state folders, where others have the store.
    local function runs_of_two(states)
      local stops = {}
      store = kv.new()
      set_clock "08:59:50"
      for i, state in ipairs(states) do
        memory, stop = records.table_dict(), nil
        switch(nine, state)
        stops[i] = stop
      end
      wx.sleep(30)
      for i = 1, #states - 1 do stops[i]() end
      return #runs
    end

    it("runs in one of two processes, where one replaces the other", function()
      assert.equal(1, runs_of_two { false, false })
    end)

    it("runs in each host of those that share the store, which know themselves by a file", function()
      local one, other = folders.new(), folders.new()
      assert.equal(2, runs_of_two { one.path, other.path })
      runs = {}
      assert.equal(1, runs_of_two { one.path, one.path })
      one:remove()
      other:remove()
    end)

    it("runs once when generations are switched while the store is slow", function()
      local function slow() wx.sleep(3) return true end
      store = { get = function() end, scan = function() return {} end, set = slow, cas = slow }
      set_clock "08:59:50"
      switch(nine)
      wx.sleep(11)
      switch(nine)
      wx.sleep(20)
      assert.same({ 13 }, runs)
    end)

    it("tells once what was missed by an hour or more", function()
      set_clock "08:59:50"
      local lines = app.logged(function()
        switch(nine)
        wx.sleep(1)
        ahead = ahead + 3 * HOUR
        wx.sleep(60)
        switch(nine)
        wx.sleep(60)
      end)
      assert.equal(1, #lines)
      assert.same({ timer_skipped = 1 }, counts)
    end)
  end)
end)

describe("of a host", function()
  local host
  after_each(function()
    if host then host:free() end
    host = nil
  end)

  local function serve(plugin, config) host = rig.new { plugin = plugin, config = config } end

  local function said()
    local list = {}
    for _, line in ipairs(host:logged "plugin.log") do list[#list + 1] = line:match " text=(%S+)" end
    return table.concat(list, " ")
  end

  it("a run that a reload ends is no error", function()
    local text = "wx.every(10, function() wx.log.info 'began' wx.sleep(5) wx.log.info 'ended' end)"
    serve(text)
    host:advance(12)
    host:reload { plugin = "-- a line more\n" .. text }
    host:advance(16)
    assert.same({}, host:logged "lua.error")
    assert.equal("0", host.host:metrics():match "weiyue_timer_errors_total{[^}]*} (%d+)")
    assert.equal("2", host.host:metrics():match "weiyue_timer_runs_total{[^}]*} (%d+)")
  end)

  describe("wx.at", function()
    local SQLITE <const> = 'store = "sqlite:timers.db"'

    -- A plugin with a time that comes so many seconds from the start.
    local function at(seconds, more)
      return ("wx.at({ %q, %s }, function() wx.log.info 'ran' end)"):format(
        os.date("%H:%M:%S", 1700000000 + seconds), more and ("%q"):format(os.date("%H:%M:%S", 1700000000 + more)) or "")
    end

    it("that was missed while the process was replaced runs once", function()
      serve(at(10), SQLITE)
      host:advance(9)
      host:restart(2)
      host:advance(1)
      assert.equal("ran", said())
      host:restart(2)
      host:advance(DAY - 60)
      assert.equal("", said())
      host:advance(60)
      assert.equal("ran", said())
    end)

    it("is not repeated by another process, though the clock was set back", function()
      serve(at(10), SQLITE)
      host:advance(12)
      assert.equal("ran", said())
      host:restart(-6)
      host:advance(DAY / 2)
      assert.equal("", said())
    end)

    it("that was missed by an hour or more is told once", function()
      serve(at(10), SQLITE)
      host:advance(9)
      host:restart(HOUR + 2)
      host:advance(1)
      assert.equal(1, #host:logged "timer.skipped")
      host:restart(2)
      host:advance(1)
      assert.same({}, host:logged())
    end)

    it("runs the latest of several that were missed, and none of the others later", function()
      serve(at(10, 20), SQLITE)
      host:advance(9)
      host:restart(30)
      host:advance(1)
      assert.equal("ran", said())
      host:restart(2)
      host:advance(60)
      assert.equal("", said())
    end)

    it("of a host that is new runs nothing that came before", function()
      serve(at(-20 * 60), SQLITE)
      host:advance(HOUR)
      assert.equal("", said())
    end)

    it("is in memory where the store is", function()
      serve(at(10))
      host:advance(9)
      host:restart(2)
      host:advance(HOUR)
      assert.equal("", said())
    end)
  end)
end)

describe("wx.after while the plugin loads", function()
  it("runs once, by one of the workers, and counts in all", function()
    local ran = 0
    for worker = 0, 2 do
      local lines = app.logged(function()
        local loaded = app.boot { worker = worker, workers = 3, name = "weiyue.lua", folder = ".", sources = {
          read = function() return "local wx = require 'weiyue'\nwx.after(1, function() wx.log.info 'after' end)" end,
          glob = function() return {} end, kind = function(path) return path:find "one%.lua$" and "file" end,
          snapshot = function() return { files = {} } end, changed = function() end,
        }, text = [[return { plugins = { "one.lua" }, accounts = { { token = "wxtest" } } }]] }
        assert.same({}, loaded.problems)
        wx.sleep(2)
      end)
      ran = ran + #lines
    end
    assert.equal(1, ran)
  end)
end)
