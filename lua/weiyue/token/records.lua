-- Where tokens are kept: in the store, so that all workers, processes and machines have the same one; and in
-- memory of this process beside it, which goes on alone when the store is lost. What is kept is a table as JSON.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"
local keep = require "weiyue.keep"
local task = require "weiyue.task"

local json, log, time = core.json, core.log, core.time

local TTL <const> = 2 * 86400 * 1000 -- ms: the day's count of forced refreshes outlives the token
local LOCK <const> = 10000           -- ms: longer than a request may take
local WAIT <const> = 12000           -- ms that a second one waits for the first
local POLL <const> = 0.02            -- seconds, for a lock in memory
local TELL <const> = 60              -- seconds between two lines about a lost store
local SAVE <const> = 10              -- seconds between two tries to write what a lost store has missed

local M = {}

---@class weiyue.token.Records
---@field private kv? table weiyue.kv's object
---@field private dict table as wx.shared
---@field private unsaved table<string, true> keys that memory has and the store has missed
---@field private saving? boolean
local Records = {}
Records.__index = Records

-- A dictionary of this state alone, with wx.shared's methods: for programs that run once.
local function table_dict()
  local values, dict = {}, {}
  local function live(key)
    local one = values[key]
    if one and one.due <= time.monotonic() then values[key] = nil end
    return values[key]
  end
  function dict.get(_, key)
    local one = live(key)
    return one and one.value
  end
  function dict.set(_, key, value, ttl)
    values[key] = { value = value, due = time.monotonic() + (ttl or math.huge) }
    return true
  end
  function dict.add(_, key, value, ttl) return not live(key) and dict:set(key, value, ttl) end
  function dict.incr(_, key, n, ttl)
    local one = live(key)
    if one then one.value = one.value + (n or 1) else dict:set(key, n or 1, ttl) end
    return values[key].value
  end
  function dict.delete(_, key)
    local was = live(key) ~= nil
    values[key] = nil
    return was
  end
  return dict
end

-- The lock has been given by `kv`, or by memory where that is nil.
---@class weiyue.token.Lease
local Lease = {}
Lease.__index = Lease

-- What stands there and is no table is nobody's of ours.
local function decode(text)
  local value = text and json.decode(text, { lenient = true })
  return type(value) == "table" and value or nil
end

-- In memory, of a key that the store has missed: it outlives the state whose task was to tell.
local function missed_key(key) return "missed/" .. key end

function Records:lost(err)
  local now = time.monotonic()
  if self.told and now - self.told < TELL then return end
  self.told = now
  log.write("warn", "token.store", "the store is lost: tokens go on in memory, each machine by itself: "
    .. tostring(type(err) == "table" and err.message or err), { code = type(err) == "table" and err.code or nil })
end

--- What is kept under a key; nil: nothing.
---@async
---@param key string
---@return table?
function Records:read(key)
  if not self.kv then return decode(self.dict:get(key)) end
  local text, err = self.kv:get(key)
  if err then
    self:lost(err)
    return decode(self.dict:get(key))
  end
  local kept = decode(text)
  if not self.unsaved[key] then
    if not self.dict:get(missed_key(key)) then return kept end
    self:save_later(key) -- another state was to do it, and is gone, perhaps
  end
  local own = decode(self.dict:get(key))
  if own and (not kept or (own.fetched or 0) > (kept.fetched or 0)) then return own end
  return kept
end

-- What the store has missed is told to it once it is back: unless another machine, which could reach it, has told it
-- of a later one.
---@async
---@return boolean done
function Records:save(key)
  local text = self.dict:get(key)
  if not text then return true end -- its time is over
  local fence = self.kv:lock(key, LOCK, 0)
  if not fence then return false end -- lost still, or somebody is at it just now
  local lease <close> = setmetatable({ of = self, kv = self.kv, key = key, name = key, fence = fence }, Lease)
  local was, err = self.kv:get(key)
  if err then return false end
  local kept = decode(was)
  if kept and (kept.fetched or 0) >= (decode(text).fetched or 0) then return true end
  return self.kv:set_fenced(key, text, TTL, lease.name, lease.fence) == true
end

function Records:saved(key)
  self.unsaved[key] = nil
  self.dict:delete(missed_key(key))
end

function Records:save_later(key)
  self.unsaved[key] = true
  self.dict:set(missed_key(key), true, TTL / 1000)
  if self.saving then return end
  self.saving = true
  task.after(SAVE, function()
    self.saving = false
    local keys = {}
    for one in pairs(self.unsaved) do keys[#keys + 1] = one end
    for _, one in ipairs(keys) do
      if self:save(one) then self:saved(one) else self:save_later(one) end
    end
    if next(self.unsaved) == nil then log.write("info", "token.store", "the store has the tokens again") end
  end)
end

--- Nothing is kept under a key any more.
---@async
---@param key string
---@return true? ok
---@return weiyue.Fault? err
function Records:delete(key)
  self.dict:delete(key)
  self:saved(key)
  if not self.kv then return true end
  local deleted, err = self.kv:del(key)
  if deleted ~= nil then return true end
  return nil, fault(err.code or "store", tostring(err.message or err))
end

-- In memory: who has added the key has the lock. It ends by itself, as the store's does.
function Records:lock_memory(key)
  local name, mine, start = "lock/" .. key, core.crypto.random_string(16), time.monotonic()
  while not self.dict:add(name, mine, LOCK / 1000) do
    if time.monotonic() - start > WAIT / 1000 then return nil end
    task.sleep(POLL)
  end
  return setmetatable({ of = self, key = key, name = name, fence = mine }, Lease)
end

--- One at a time, of all that share the store. To be closed, as `local lease <close> = …`.
---@async
---@param key string
---@return weiyue.token.Lease? lease
---@return weiyue.Fault? err
function Records:lock(key)
  local lease
  if self.kv then
    local fence, err = self.kv:lock(key, LOCK, WAIT)
    if fence then
      lease = setmetatable({ of = self, kv = self.kv, key = key, name = key, fence = fence }, Lease)
    elseif fence == nil then
      self:lost(err)
      lease = self:lock_memory(key)
    end
  else
    lease = self:lock_memory(key)
  end
  if lease then return lease end
  return nil, fault("token.busy",
    { "别的进程取这个 token 太久了", "another process has been fetching this token for too long" },
    "过一会儿再试；一直这样就检查存储；try again; if it stays so, look at the store")
end

--- What is kept now: whoever had the lock before may have changed it.
---@async
function Lease:read() return self.of:read(self.key) end

--- Keeps it. False: the lock was lost meanwhile, and somebody else's stands.
---@async
---@param record table
---@return boolean kept
function Lease:write(record)
  local text = json.encode(record)
  if self.kv then
    local ok, err = self.kv:set_fenced(self.key, text, TTL, self.name, self.fence)
    if ok == false then return false end
    self.of.dict:set(self.key, text, TTL / 1000)
    if ok then
      self.of:saved(self.key)
    else
      self.of:lost(err)
      self.of:save_later(self.key)
    end
    return true
  elseif self.of.dict:get(self.name) ~= self.fence then
    return false
  end
  self.of.dict:set(self.key, text, TTL / 1000)
  if self.of.kv then self.of:save_later(self.key) end
  return true
end

--- A second request goes out under the same lock. False: the lock was lost meanwhile.
---@async
---@return boolean?
function Lease:extend()
  if self.kv then return self.kv:extend(self.name, self.fence, LOCK) end
  if self.of.dict:get(self.name) ~= self.fence then return false end
  return self.of.dict:set(self.name, self.fence, LOCK / 1000)
end

--- Lets the next one have it.
function Lease:free()
  if self.freed then return end
  self.freed = true
  if self.kv then
    pcall(keep.unlock, self.kv, self.name, self.fence) -- which spares the next one the lock's whole time
  elseif self.of.dict:get(self.name) == self.fence then
    self.of.dict:delete(self.name)
  end
end

function Lease:__close() self:free() end

---@param kv? table  weiyue.kv's object; nil: memory alone
---@param dict? table memory that all workers share; nil: this state has its own
---@return weiyue.token.Records
function M.new(kv, dict)
  return setmetatable({ kv = kv, dict = dict or table_dict(), unsaved = {} }, Records)
end

M.table_dict = table_dict

return M
