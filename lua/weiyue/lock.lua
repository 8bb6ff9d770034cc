-- wx.lock: one at a time, whichever worker, process or machine that shares the store.

local keep = require "weiyue.keep"
local store = require "weiyue.store"

keep.is_ours(debug.getinfo(1, "S").source)

local M = {}

local NAME <const> = "weiyue.lock"
local WAIT_MAX <const> = 60000 -- ms; no task lives longer

---@class weiyue.Lock
---@field fence integer

local methods = {}
-- { name, label = as the plugin names it, fence, prefix = of the plugin's keys, free = true: given back }
local inside = setmetatable({}, { __mode = "k" })

local function lock_of(self, method)
  local lock = inside[self]
  if not lock then keep.misuse(("a lock's %s: call it with a colon: lock:%s(…)"):format(method, method)) end
  return lock
end

local function gone()
  return keep.fault("lock.lost", "this lock is no longer ours: its time was over",
    { "时间取长一些，或在到期前 lock:extend", "take it for longer, or lock:extend it in time" })
end

-- false and an error when it is somebody else's already.
local function unlock(lock)
  if lock.free then return true end
  local kv, none = keep.kv()
  if not kv then return nil, none end
  lock.free = true
  local done, err = keep.unlock(kv, lock.name, lock.fence)
  if done == nil then
    lock.free = false -- it is held on, perhaps: whoever asks again may have more luck
    return nil, err
  end
  return done
end

---@async
function methods:release() return unlock(lock_of(self, "release")) end

---@async
function methods:extend(ttl)
  local lock, ms = lock_of(self, "extend"), keep.ms("lock:extend", ttl)
  if not ms then keep.misuse "lock:extend: for how long?" end
  local kv, err = keep.kv()
  if not kv then return nil, err end
  if lock.free then return nil, gone() end
  local done
  done, err = kv:extend(lock.name, lock.fence, ms)
  if done == nil then return nil, err end
  if not done then return nil, gone() end
  return true
end

---@async
function methods:set(key, value, ttl)
  local lock, ms = lock_of(self, "set"), keep.ms("lock:set", ttl)
  if type(key) ~= "string" or key == "" then keep.misuse "lock:set: a key is a text" end
  if value == nil then keep.misuse "lock:set: it keeps a value; there is none" end
  local text, err = store.text_of("lock:set", value)
  if not text then return nil, err end
  local kv
  kv, err = keep.kv()
  if not kv then return nil, err end
  if lock.free then return nil, gone() end
  local done
  done, err = kv:set_fenced(lock.prefix .. keep.escape(key), text, ms, lock.name, lock.fence)
  if done == nil then return nil, err end
  if not done then return nil, gone() end
  return true
end

local metatable = {
  __name = NAME, __metatable = NAME,
  __index = function(self, key)
    if key == "fence" then return inside[self] and inside[self].fence end
    return methods[key]
  end,
  __tostring = function(self) return "lock " .. tostring(inside[self] and inside[self].label) end,
  __close = function(self) pcall(unlock, inside[self]) end,
}

local KNOWN <const> = { wait = true, account = true }

--- wx.lock of one plugin.
---@param plugin string its name
---@param host table as of store.new
---@return async fun(name: string, ttl: number|string, options?: table): weiyue.Lock?, weiyue.Error?
function M.new(plugin, host)
  return function(name, ttl, options)
    if type(name) ~= "string" or name == "" or #name > 200 then
      keep.misuse "wx.lock wants a name and a time: wx.lock(\"report\", \"30s\")"
    end
    local ms, wait = keep.ms("wx.lock", ttl), 0
    if not ms then keep.misuse "wx.lock: for how long at most? wx.lock(\"report\", \"30s\")" end
    if options ~= nil and type(options) ~= "table" then
      keep.misuse "wx.lock: the third argument is { wait = \"5s\" }"
    end
    for key in pairs(options or {}) do
      if not KNOWN[key] then keep.misuse(("wx.lock has no option %s"):format(tostring(key))) end
    end
    options = options or {}
    if options.wait ~= nil and options.wait ~= 0 then
      wait = math.min(keep.ms("wx.lock: wait", options.wait), WAIT_MAX)
    end
    local account = host.current()
    if options.account ~= nil then
      local id = type(options.account) == "table" and options.account.id or options.account
      account = type(id) == "string" and host.find(id, options.account)
        or keep.misuse("wx.lock: no account " .. tostring(id))
    end
    if not account then
      keep.misuse "wx.lock: of which account? Outside a message: wx.lock(name, ttl, { account = id })"
    end
    local kv, err = keep.kv()
    if not kv then return nil, err end
    local full = keep.key("l", account.id, plugin, name)
    local fence
    fence, err = kv:lock(full, ms, wait)
    if fence == nil then return nil, err end
    if not fence then return nil, keep.fault("lock.busy", ("the lock %s is somebody else's"):format(name)) end
    local lock = setmetatable({}, metatable)
    inside[lock] = {
      name = full, label = name, fence = fence, prefix = keep.key("p", account.id, plugin) .. "/", free = false,
    }
    return lock
  end
end

return M
