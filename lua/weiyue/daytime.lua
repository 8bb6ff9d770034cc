-- Times of day, as local clocks show them: when is the next 09:00? Pure arithmetic on unix seconds;
-- what the clock says now is the caller's business.

local M = {}

local DAY <const> = 86400

--- Seconds that clocks of the process's zone are ahead of UTC at t.
---@param t integer
---@return integer
function M.offset(t)
  local sign, hours, minutes = os.date("%z", t):match "^([+-])(%d%d)(%d%d)$"
  local seconds = hours * 3600 + minutes * 60
  return sign == "-" and -seconds or seconds
end

local function seconds_of(text)
  local h, m, s = (#text == 5 and text .. ":00" or text):match "^(%d%d):(%d%d):(%d%d)$"
  h, m, s = tonumber(h), tonumber(m), tonumber(s)
  if h and h < 24 and m < 60 and s < 60 then return h * 3600 + m * 60 + s end
end

--- Reads "HH:MM", "HH:MM:SS" or a list of these.
---@param times any
---@return integer[]? seconds since midnight, ascending, each once
---@return string? err
function M.read(times)
  local texts = type(times) == "table" and times or { times }
  local list, seen, n = {}, {}, 0
  for key, text in pairs(texts) do
    n = n + 1
    if math.type(key) ~= "integer" then return nil, ("a list of times has no field %s"):format(tostring(key)) end
    local seconds = type(text) == "string" and seconds_of(text)
    if not seconds then
      return nil, ("%s is no time of day such as \"09:00\" or \"23:59:30\""):format(
        type(text) == "string" and ("%q"):format(text) or "a " .. type(text))
    end
    if not seen[seconds] then list[#list + 1] = seconds end
    seen[seconds] = true
  end
  if n == 0 then return nil, "a time of day such as \"09:00\" is wanted" end
  table.sort(list)
  return list
end

-- The first moment at which local clocks show this time or have passed it: of a time that clocks set
-- forward leave out, when they are set; of a time that clocks set back show twice, the first.
-- `shown` counts local seconds as if they were UTC.
local function moment(shown, offset)
  local before, after = offset(shown - DAY), offset(shown + DAY)
  local t = shown - before
  if before == after or offset(t) == before then return t end
  local low, high = shown - DAY, t -- the clocks were set in between
  while high - low > 1 do
    local mid = (low + high) // 2
    if offset(mid) == before then low = mid else high = mid end
  end
  return math.max(high, shown - after)
end

--- The next moment after t at which one of these times comes.
---@param times integer[] as M.read gives them
---@param t number
---@param offset fun(t: integer): integer M.offset, or that of another zone
---@return integer
function M.next(times, t, offset)
  local now = math.floor(t)
  local shown = now + offset(now) -- what is shown up to here has come
  local midnight = shown // DAY * DAY
  while true do
    for _, seconds in ipairs(times) do
      if midnight + seconds > shown then
        local found = moment(midnight + seconds, offset)
        if found > t then return found end -- else it has come before clocks were set back
      end
    end
    midnight = midnight + DAY
  end
end

return M
