-- A stand-in for the host's store in the state of a spec: the contract of weiyue.kv over a table. Every method
-- waits, as the real one's do.
--
--   local kv = require("spec.support.kv_object").new()     -- from now on require("weiyue.kv").object() is this
--   kv.fails = "store.timeout"                      -- every call: nil, err
--   kv:free()

local task = require "weiyue.task"
local time = require "weiyue_core".time

local M = {}
local Kv = {}
Kv.__index = Kv

local function live(self, key)
  local entry = self.entries[key]
  if entry and entry.till and entry.till <= time.monotonic() * 1000 then
    self.entries[key] = nil
    return nil
  end
  return entry
end

local function put(self, key, value, ttl)
  self.entries[key] = { value = value, till = ttl and ttl > 0 and time.monotonic() * 1000 + ttl or nil }
end

local methods = {}

function methods:get(key)
  local entry = live(self, key)
  return entry and entry.value
end

function methods:set(key, value, ttl)
  put(self, key, value, ttl)
  return true
end

function methods:add(key, value, ttl)
  if live(self, key) then return false end
  put(self, key, value, ttl)
  return true
end

function methods:cas(key, old, new, ttl)
  local entry = live(self, key)
  if (entry and entry.value) ~= old then return false, entry and entry.value end
  if new == nil then self.entries[key] = nil else put(self, key, new, ttl) end
  return true
end

function methods:incr(key, by, ttl)
  local entry = live(self, key)
  local n = entry and math.tointeger(tonumber(entry.value)) or 0
  if entry and not entry.value:find "^%-?%d+$" then
    return nil, setmetatable({ code = "store.value", message = "no number" }, { __tostring = function(e) return e.message end })
  end
  if entry then entry.value = tostring(n + by) else put(self, key, tostring(n + by), ttl) end
  return n + by
end

function methods:del(key)
  local was = live(self, key) ~= nil
  self.entries[key] = nil
  return was
end

local function sorted(self, prefix)
  local keys = {}
  for key in pairs(self.entries) do
    if key:sub(1, #prefix) == prefix and live(self, key) then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

function methods:del_prefix(prefix)
  local keys = sorted(self, prefix)
  for _, key in ipairs(keys) do self.entries[key] = nil end
  return #keys
end

function methods:scan(prefix, after, limit)
  local list, following = {}, nil
  for _, key in ipairs(sorted(self, prefix)) do
    if not after or key > after then
      if #list == limit then
        following = list[#list][1]
        break
      end
      list[#list + 1] = { key, self.entries[key].value }
    end
  end
  return list, following
end

function methods:lock(name, ttl)
  local now, held = time.monotonic() * 1000, self.locks[name]
  if held and held.till > now then return false end
  self.fence = self.fence + 1
  self.locks[name] = { fence = self.fence, till = now + ttl }
  return self.fence
end

local function holds(self, name, fence)
  local held = self.locks[name]
  return held ~= nil and held.fence == fence and held.till > time.monotonic() * 1000
end

function methods:unlock(name, fence)
  local was = holds(self, name, fence)
  if was then self.locks[name] = nil end
  return was
end

function methods:extend(name, fence, ttl)
  if not holds(self, name, fence) then return false end
  self.locks[name].till = time.monotonic() * 1000 + ttl
  return true
end

function methods:set_fenced(key, value, ttl, name, fence)
  if not holds(self, name, fence) then return false end
  put(self, key, value, ttl)
  return true
end

for name, method in pairs(methods) do
  Kv[name] = function(self, ...)
    self.calls[#self.calls + 1] = name
    task.sleep(0)
    if self.fails then
      return nil, setmetatable({ code = self.fails, message = self.fails }, { __tostring = function(e) return e.code end })
    end
    return method(self, ...)
  end
end

function Kv:release(name, fence)
  self.calls[#self.calls + 1] = "release"
  methods.unlock(self, name, fence)
end

function Kv:free() package.loaded["weiyue.kv"] = self.before end

--- Keys with this prefix, sorted.
function Kv:keys(prefix) return sorted(self, prefix or "") end

--- How often it was called, since it was last asked.
function Kv:count()
  local n = #self.calls
  self.calls = {}
  return n
end

function M.new()
  local kv = setmetatable({ entries = {}, locks = {}, fence = 0, calls = {}, before = package.loaded["weiyue.kv"] }, Kv)
  package.loaded["weiyue.kv"] = { object = function() return kv end }
  return kv
end

return M
