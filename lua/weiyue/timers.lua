-- Timers of plugins, wx.every and wx.at: held once per host, each by one of its workers.

local core = require "weiyue_core"
local daytime = require "weiyue.daytime"
local firings = require "weiyue.firings"
local task = require "weiyue.task"

local log, time = core.log, core.time -- their functions are looked up at each call: specs move the clocks

local M = {}

local HOUR <const>, DAY <const> = 3600, 86400
local LOOK <const> = 60          -- seconds: how soon a clock that was set is noticed
local LATE <const> = 1           -- seconds from which on a run counts as late

--- Which worker, from 0, runs a timer. It hangs on nothing but the timer's identity, so that workers
--- whose plugins differ for a moment still run it once.
---@param plugin string
---@param name string
---@param workers integer
---@return integer
function M.worker(plugin, name, workers)
  return string.unpack("<I4", core.crypto.sha256(plugin .. "\0" .. name)) % workers
end

-- The raised value as text with a traceback, whatever the value is. `trace` is where it was raised, when the stack
-- is unwound already.
local function traced(e, trace)
  local ok, text = pcall(tostring, e)
  if not ok then text = ("(error object is a %s value)"):format(type(e)) end
  return trace and text .. "\n" .. trace or debug.traceback(text, 2)
end

-- Calls f, in a task of its own, when this many ms have passed.
local function after(t, ms, f)
  if t.stopped then return end
  t.pending = t.scope:arm(math.max(0, (ms - 0.5) / 1000), f) -- half a ms less: task.after rounds up
end

local function fields(t, more)
  more.plugin, more.timer = t.plugin, t.name
  return more
end

-- One firing, `late` seconds after its time.
local function run(t, late)
  if not t.firings:enter(t.id) then
    t.count "timer_skipped"
    if not t.told then
      log.write("warn", "timer.skipped", "the last run is not over: skipped until it is", fields(t, {}))
    end
    t.told = true
    return
  end
  t.count "timer_runs"
  if late >= LATE then
    t.count "timer_late"
    log.write("info", "timer.late", "runs late", fields(t, { seconds = math.floor(late) }))
  end
  t.told = false
  local _ <close> = setmetatable({}, { __close = function(_, stopped) -- by a limit: xpcall lets that through
    t.firings:leave(t.id)
    if stopped then t.count "timer_errors" end
  end })
  local ok, err = xpcall(t.fn, traced)
  if ok or task.cancelled() then return end -- a reload has ended it
  t.count "timer_errors"
  log.write("error", "lua.error", err, fields(t, {}))
end

local function to_ms(seconds) return math.floor(seconds * 1000 + 0.5) end
local function monotonic_ms() return to_ms(time.monotonic()) end

-- Fires at start + n * interval; what a blocked loop missed is one firing.
local function start_every(t)
  local start, interval = t.firings.start, to_ms(t.interval)
  local due, fire

  local function arm(now)
    due = now + interval - (now - start) % interval
    t.firings:expect(t.id, due, now)
    after(t, due - now, fire)
  end

  function fire()
    local now = monotonic_ms()
    local late = (now - due) / 1000
    arm(now) -- before fn, which may take its time
    run(t, late)
  end

  local now, missed = monotonic_ms(), t.firings:expected(t.id)
  if missed and missed <= now and (missed - start) % interval == 0 then -- the switch of generations came first
    due = missed
    after(t, 0, fire)
  else
    arm(now)
  end
end

-- Fires when the wall clock has passed one of the times since it was last looked at.
local function start_at(t, offset)
  local known, id, started = t.firings, t.id, time.now()
  local seen, since, times -- times: those that were known at `seen`

  -- The latest moment that is due, if one is; those before it are skipped.
  local function take(now)
    local due, missed, n = nil, nil, 0
    local moment = daytime.next(times, math.max(seen, now - 2 * DAY), offset)
    while moment <= now do
      if known:is_done(id, moment) then
        due = nil -- and what was before it
      elseif now - moment >= HOUR then
        missed, n = moment, n + 1
        t.count "timer_skipped"
      else
        if due then
          t.count "timer_skipped"
          known:mark(id, due)
        end
        due = moment
      end
      moment = daytime.next(times, moment, offset)
    end
    if missed then
      since = math.floor(now) -- it was told
      log.write("warn", "timer.skipped", "missed by an hour or more",
        fields(t, { due = time.iso(missed, offset(missed)), count = n }))
    end
    return due
  end

  local function look()
    local now = time.now()
    local due = take(now)
    seen, times = now, t.times
    known:hold(id, since, times)
    local wait = math.min(daytime.next(times, now, offset) - now, LOOK)
    after(t, math.ceil(wait * 1000), look) -- before fn, which may take its time
    if due and known:claim(id, due) then run(t, now - due) end
    known:store(id, since, times)
  end

  -- What was missed since then, by the generation or the process before; of a time that is new, nothing.
  local function begin()
    local before, of = known:recall(id, started - 2 * DAY)
    seen, since, times = started, math.floor(started), {}
    for _, seconds in ipairs(before and before <= started and t.times or {}) do
      if of[seconds] then times[#times + 1] = seconds end
    end
    if #times > 0 then seen = before else times = t.times end
    if #times == #t.times then since = math.floor(seen) end
    look()
  end
  after(t, 0, begin)
end

local function nothing() end

--- Runs that began; firings without a run, as the last one went on or they were missed; runs that began a second
--- or more after their time; runs that raised.
---@alias weiyue.timers.Count "timer_runs"|"timer_skipped"|"timer_late"|"timer_errors"

---@class weiyue.timers.Options
---@field worker? integer   which worker this is, from 0; default 0
---@field workers? integer  default 1
---@field count? fun(name: weiyue.timers.Count) called once for each
---@field known? weiyue.Firings what outlives the plugins; absent: nothing does
---@field offset? fun(t: integer): integer seconds ahead of UTC; default: the zone of the process

--- Arms those timers of these plugins that this worker runs.
---@param plugins { name: string, timers: table[] }[]
---@param options weiyue.timers.Options
---@return fun() stop nothing fires any more; what runs goes on
function M.start(plugins, options)
  local held = {}
  local worker, workers = options.worker or 0, options.workers or 1
  local known = options.known or firings.new {}
  for _, plugin in ipairs(plugins) do
    for _, timer in ipairs(plugin.timers) do
      if M.worker(plugin.name, timer.name, workers) == worker then
        local t = {
          plugin = plugin.name, name = timer.name, fn = timer.fn, interval = timer.interval, times = timer.times,
          scope = task.scope(plugin.name), count = options.count or nothing, told = false, stopped = false,
          firings = known, id = firings.id(plugin.name, timer.name),
        }
        held[#held + 1] = t
        if t.interval then start_every(t) else start_at(t, options.offset or daytime.offset) end
      end
    end
  end
  return function()
    for _, t in ipairs(held) do
      t.stopped = true
      t.pending:cancel()
    end
  end
end

return M
