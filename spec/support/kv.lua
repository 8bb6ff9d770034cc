-- A store in memory with the methods of weiyue.kv, for specs that want to see or break what is kept: the time is the
-- host's. `kv.broken = err` makes every call fail with it; `kv.calls[name]` counts.

local core = require "weiyue_core"
local task = require "weiyue.task"

local M = {}

local function now() return core.time.monotonic() * 1000 end

function M.new()
  local values, locks, fence = {}, {}, 0
  local kv = { calls = {} }

  local function live(t, key)
    local one = t[key]
    if one and one.due and one.due <= now() then
      t[key] = nil
      return nil
    end
    return one
  end
  local function due(ttl) return ttl and ttl > 0 and now() + ttl or nil end

  local methods = {}
  function methods.get(key)
    local one = live(values, key)
    return one and one.value
  end
  function methods.set(key, value, ttl)
    values[key] = { value = value, due = due(ttl) }
    return true
  end
  function methods.add(key, value, ttl)
    if live(values, key) then return false end
    return methods.set(key, value, ttl)
  end
  function methods.cas(key, old, new, ttl)
    local one = live(values, key)
    local current = one and one.value
    if current ~= old then return false, current end
    if new == nil then values[key] = nil else methods.set(key, new, ttl) end
    return true
  end
  function methods.incr(key, by, ttl)
    local one = live(values, key)
    local n = (one and math.tointeger(tonumber(one.value)) or 0) + (by or 1)
    if one then one.value = tostring(n) else methods.set(key, tostring(n), ttl) end
    return n
  end
  function methods.del(key)
    local was = live(values, key) ~= nil
    values[key] = nil
    return was
  end
  function methods.del_prefix(prefix)
    local n = 0
    for key in pairs(values) do
      if key:sub(1, #prefix) == prefix then values[key], n = nil, n + 1 end
    end
    return n
  end
  function methods.scan(prefix, after, limit)
    local keys, list = {}, {}
    for key in pairs(values) do
      if key:sub(1, #prefix) == prefix and live(values, key) and (not after or key > after) then keys[#keys + 1] = key end
    end
    table.sort(keys)
    for i = 1, math.min(#keys, limit or #keys) do list[i] = { keys[i], values[keys[i]].value } end
    return list, #keys > #list and list[#list][1] or nil
  end
  function methods.lock(name, ttl, wait)
    local start = now()
    while live(locks, name) do
      if now() - start >= (wait or 0) then return false end
      task.sleep(0.005)
    end
    fence = fence + 1
    locks[name] = { fence = fence, due = due(ttl) }
    return fence
  end
  local function held(name, f)
    local one = live(locks, name)
    return one and one.fence == f
  end
  function methods.unlock(name, f)
    if not held(name, f) then return false end
    locks[name] = nil
    return true
  end
  function methods.extend(name, f, ttl)
    if not held(name, f) then return false end
    locks[name].due = due(ttl)
    return true
  end
  function methods.set_fenced(key, value, ttl, name, f)
    if not held(name, f) then return false end
    return methods.set(key, value, ttl)
  end

  function kv.release(_, name, f)
    kv.calls.release = (kv.calls.release or 0) + 1
    methods.unlock(name, f)
  end
  for name, method in pairs(methods) do
    kv[name] = function(_, ...)
      kv.calls[name] = (kv.calls[name] or 0) + 1
      task.sleep(0) -- as a store does, it waits
      if kv.broken then return nil, kv.broken end
      return method(...)
    end
  end
  return kv
end

return M
