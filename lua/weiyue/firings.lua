-- What is known of the firings of timers beyond the generation that runs them: in the memory of the process; and in
-- the store, which outlives it, which moments of wx.at had their turn, and since when it is known.
--
--   a/HOST/ID          "SINCE TIME TIME …": unix seconds, and seconds since midnight
--   a/HOST/ID/MOMENT   a moment, in unix seconds, that had its turn: in which process
--
-- HOST is empty, but where other hosts share the store: then what the file host.id of the state folder says.

local core = require "weiyue_core"
local keep = require "weiyue.keep"

local log, time = core.log, core.time

local M = {}

local KEPT <const> = 7 * 86400 + 60 -- seconds: a clock that is set back by a week repeats nothing
local HELD <const> = 180            -- seconds without a look after which nobody holds a timer any more
local BEHIND <const> = 60           -- seconds that a firing of wx.every may be late
local STORED <const> = 8 * 86400000 -- ms: a host that was away for longer makes up for nothing
local AGAIN <const> = 86400         -- seconds: since when it is known is written anew
local NEW <const> = 60              -- seconds: a process that young asks what the one before has left
local PAGE <const> = 1000
local LONGEST <const> = 366 * 86400 -- seconds that memory takes

---@class weiyue.Firings
---@field private memory table as weiyue.shared has it
---@field private kv fun(): table?
---@field private host? string nil: the store cannot be used
---@field private process string what the store knows this one by
---@field private wall? number seconds that no task outlives
---@field start integer when the host has started: ms on its clock
---@field private told boolean the store has failed
local Firings = {}
Firings.__index = Firings

--- What a timer is called here.
---@param plugin string
---@param name string
---@return string
function M.id(plugin, name) return core.crypto.sha256(plugin .. "\0" .. name, "hex"):sub(1, 32) end

-- wx.every --------------------------------------------------------------------------------------------------

--- The next firing; the generation after this one asks for it by `expected`.
function Firings:expect(id, due, now)
  self.memory:set("timer/due/" .. id, due, math.min((due - now) / 1000 + BEHIND, LONGEST))
end

---@return integer? due
function Firings:expected(id) return self.memory:get("timer/due/" .. id) end

-- Runs ------------------------------------------------------------------------------------------------------

--- False: the last run is not over, perhaps in an older generation.
---@return boolean
function Firings:enter(id)
  return self.memory:add("timer/runs/" .. id, true, self.wall and self.wall + BEHIND) ~= false
end

function Firings:leave(id) self.memory:delete("timer/runs/" .. id) end

-- wx.at -----------------------------------------------------------------------------------------------------

local function text_of(since, times) return ("%d %s"):format(since, table.concat(times, " ")) end

-- → since, set of times | nil
local function read(text)
  local since, times = nil, {}
  for number in (text or ""):gmatch "%d+" do
    if since then times[tonumber(number)] = true else since = tonumber(number) end
  end
  return since, times
end

function Firings:stored_key(id, moment)
  local key = self.host and keep.key("a", self.host, id)
  return key and moment and ("%s/%012d"):format(key, moment) or key
end

-- The store is asked, or is not there; what fails is told once.
---@async
function Firings:ask(verb, id, moment, ...)
  local key = self:stored_key(id, moment)
  local kv = key and self.kv()
  if not kv then return nil end
  local value, more = kv[verb](kv, key, ...)
  if value == nil and more and not self.told then
    self.told = true
    log.write("warn", "timer.store", tostring(more))
  end
  return value, more
end

--- Whether a moment had its turn.
---@return boolean
function Firings:is_done(id, moment) return self.memory:get(("timer/at/%s/%d"):format(id, moment)) ~= nil end

--- A moment has its turn: it will have no other.
---@return boolean first
function Firings:mark(id, moment)
  return self.memory:add(("timer/at/%s/%d"):format(id, moment), true, KEPT) ~= false
end

--- The same, in the store before. True: it may run. False: a process that follows this one, or leads, has it.
---@async
---@return boolean
function Firings:claim(id, moment)
  local mine, whose = self:ask("cas", id, moment, nil, self.process, STORED)
  local first = self:mark(id, moment)
  return first and (mine ~= false or whose == self.process) -- a generation may have been cut between the two
end

--- Since when a timer is known, and with which times: to this process, or to one before.
---@async
---@param after number unix seconds: moments before are not asked for
---@return integer? since
---@return table<integer, true>? times
function Firings:recall(id, after)
  local since, times = read(self.memory:get("timer/at/" .. id))
  if since or time.monotonic() - self.start / 1000 > NEW then return since, times end
  since, times = read(self:ask("get", id))
  local prefix, following = self:stored_key(id), since and self:stored_key(id, math.floor(after))
  while following do
    local list
    list, following = self.kv():scan(prefix .. "/", following, PAGE)
    for _, entry in ipairs(list or {}) do
      if entry[2] ~= self.process then self:mark(id, tonumber(entry[1]:match "%d+$")) end
    end
    if not list then break end
  end
  return since, times
end

--- Somebody holds it now: it is known since then, with these times.
function Firings:hold(id, since, times) self.memory:set("timer/at/" .. id, text_of(since, times), HELD) end

--- The same, in the store.
---@async
function Firings:store(id, since, times)
  local stored, text = "timer/stored/" .. id, text_of(since, times)
  if self.memory:get(stored) == text then return end
  if self:ask("set", id, nil, text, STORED) then self.memory:set(stored, text, AGAIN) end
end

-- Making it -------------------------------------------------------------------------------------------------

-- The file host.id, which is made where it is not there: when the host starts.
---@return string?
local function own_id(state)
  local files = require "weiyue.files"
  local path = state .. "/host.id"
  local id = files.read(path)
  if id then return id end
  id = core.crypto.random_string(16)
  local ok, err = files.mkdir(state)
  if ok then ok, err = files.write(path, id) end
  if ok then return id end
  log.write("warn", "timer.store", err)
end

---@class weiyue.firings.Options
---@field memory? table   that outlives the generation; nil: there is none
---@field kv? fun(): table? the store, while a task runs
---@field state? string   the state folder, where other hosts share the store
---@field wall? number    seconds

---@param options weiyue.firings.Options
---@return weiyue.Firings
function M.new(options)
  local memory = options.memory or require("weiyue.token.records").table_dict()
  local now, host = math.floor(time.monotonic() * 1000 + 0.5), ""
  memory:add("timer/start", now)
  memory:add("timer/process", core.crypto.random_string(16))
  if options.state then
    host = memory:get "timer/host" or own_id(options.state)
    if host then memory:add("timer/host", host) end
  end
  return setmetatable({
    memory = memory, kv = options.kv or function() end, wall = options.wall, host = host, told = false,
    start = memory:get "timer/start" or now, process = memory:get "timer/process" or "",
  }, Firings)
end

return M
