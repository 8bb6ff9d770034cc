-- Calls a day and a minute by account and endpoint, as far as WeChat's limits are known (lua/weiyue/api/access.lua).

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

-- Whether there was a call left in this minute.
local function take_of_minute(account, row, now)
  local limit, minute = access.a_minute(row), math.floor(now) // 60
  if not limit then return true end
  account.minutes = account.minutes or {}
  local own = account.minutes[row.key]
  if not own or own.minute ~= minute then
    own = { minute = minute, n = 0 }
    account.minutes[row.key] = own
  end
  own.n = own.n + 1
  return own.n <= limit
end

--- Counts a call.
---@param account table
---@param row weiyue.api.Row
---@return true?
---@return integer? errcode 45009: the day's are used up; 45011: the minute's
function M.take(account, row, now)
  local used = of_today(account, now).used
  local limit, n = access.daily(row), used[row.key] or 0
  if limit and n >= limit then return nil, 45009 end
  if not take_of_minute(account, row, now) then return nil, 45011 end
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
