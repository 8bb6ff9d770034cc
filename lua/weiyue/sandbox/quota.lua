-- Calls a day by account and endpoint, as far as WeChat's limits are known (lua/weiyue/api/access.lua).

local access = require "weiyue.api.access"

local M = {}

local BEIJING <const> = 8 * 3600

--- The day that a moment belongs to, where WeChat is.
---@return integer
function M.day(now) return (math.floor(now) + BEIJING) // 86400 end

--- The month likewise, as a text.
---@return string
function M.month(now) return os.date("!%Y-%m", math.floor(now) + BEIJING) end

local function of_today(account, now)
  local quota, day = account.quota, M.day(now)
  if not quota or quota.day ~= day then
    quota = { day = day, used = {} }
    account.quota = quota
  end
  return quota
end

--- Counts a call; false when the day's are used up.
---@param account table
---@param row weiyue.api.Row
---@return boolean
function M.take(account, row, now)
  local used = of_today(account, now).used
  local limit, n = access.daily(row), used[row.key] or 0
  if limit and n >= limit then return false end
  used[row.key] = n + 1
  return true
end

---@return integer
function M.used(account, key, now) return of_today(account, now).used[key] or 0 end

--- Forgets a day's counts: of one endpoint, or all.
---@param key? string
function M.clear(account, now, key)
  local quota = of_today(account, now)
  if key then quota.used[key] = nil else quota.used = {} end
end

return M
