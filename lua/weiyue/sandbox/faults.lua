-- Faults on request: which call fails next, and how.
--
--   world:fail("token.stable", { errcode = -1, times = 2 })   an errcode, with WeChat's errmsg or `errmsg`
--   world:fail("template.*", { status = 502 })                an HTTP status with a page of a proxy
--   world:fail("*", { drop = true })                          the connection ends before the call is heard
--   world:fail("*", { lost = true })                          … after it was carried out: only the answer is lost
--   world:fail("user.info", { garbage = true })               status 200 with something that is no JSON
--   world:fail("*", { delay = 3 })                            the answer comes, 3 s later; goes with all others
-- Without times a fault stays until world:heal(pattern).

local M = {}

--- A pattern with * and ? as a Lua pattern.
---@param pattern string "template.send", "template.*", "*"
---@return string
function M.glob(pattern)
  return "^" .. pattern:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".") .. "$"
end

---@class weiyue.sandbox.Fault
---@field pattern string
---@field errcode? integer
---@field errmsg? string
---@field status? integer
---@field drop? boolean
---@field lost? boolean
---@field garbage? boolean
---@field delay? number seconds
---@field times? integer how often it still happens; nil: always

local KINDS <const> = { "errcode", "status", "drop", "lost", "garbage", "delay" }

--- Whether anything fails at all.
---@param how table
---@return boolean
function M.is_any(how)
  for _, kind in ipairs(KINDS) do
    if how[kind] ~= nil and how[kind] ~= false then return true end
  end
  return false
end

---@param pattern string
---@param how table
---@return weiyue.sandbox.Fault
function M.new(pattern, how)
  if type(pattern) ~= "string" or type(how) ~= "table" then
    error('fail takes a pattern and what happens: world:fail("template.send", { errcode = 45009 })', 3)
  end
  if not M.is_any(how) then error("a fault has one of: " .. table.concat(KINDS, ", "), 3) end
  local fault = { pattern = pattern, glob = M.glob(pattern), times = how.times, errmsg = how.errmsg }
  for _, kind in ipairs(KINDS) do fault[kind] = how[kind] end
  return fault
end

--- The first fault that a call meets, which is then used up by one.
---@param faults weiyue.sandbox.Fault[]
---@param key string FAMILY.NAME
---@return weiyue.sandbox.Fault?
function M.take(faults, key)
  for i, fault in ipairs(faults) do
    if key:find(fault.glob) then
      if fault.times then
        fault.times = fault.times - 1
        if fault.times <= 0 then table.remove(faults, i) end
      end
      return fault
    end
  end
end

return M
