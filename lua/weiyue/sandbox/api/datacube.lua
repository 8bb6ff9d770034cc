-- The sandbox: statistics. Followers are counted; nothing was read or shared, so that all other lists are empty.

local catalogue = require "weiyue.api.catalogue"
local values = require "weiyue.sandbox.values"

local M = {}

local DAY <const>, BEIJING <const> = 86400, 8 * 3600

-- How many days a call may span.
local SPAN <const> = {
  get_user_summary = 7, get_user_cumulate = 7, get_article_summary = 1, get_article_total = 1, get_user_read = 3,
  get_user_read_hour = 1, get_user_share = 7, get_user_share_hour = 1, get_article_read = 30, get_article_share = 30,
  get_biz_summary = 30, get_article_total_detail = 1, get_upstream_msg = 7, get_upstream_msg_hour = 1,
  get_upstream_msg_week = 30, get_upstream_msg_month = 30, get_upstream_msg_dist = 15, get_upstream_msg_dist_week = 30,
  get_upstream_msg_dist_month = 30, get_interface_summary = 30, get_interface_summary_hour = 1,
  get_card_bizuin_info = 62, get_card_card_info = 62, get_card_membercard_info = 62, get_card_membercard_detail = 62,
}
local OFFLINE <const> = { -- taken off for newer calls
  get_article_summary = true, get_article_total = true, get_user_read = true, get_user_read_hour = true,
  get_user_share = true, get_user_share_hour = true,
}

-- Days since 1970 of a date; nil: it is none.
local function day_of(text)
  local year, month, day = tostring(text):match "^(%d%d%d%d)%-(%d%d)%-(%d%d)$"
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local a = (14 - month) // 12
  local y, m = year - a, month + 12 * a - 3
  local n = y * 365 + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 719469
  return os.date("!%Y-%m-%d", n * DAY) == text and n or nil
end

local function show(day) return os.date("!%Y-%m-%d", day * DAY) end

-- When a follower came, as a day in Beijing.
local function came(user) return user.subscribe_time and (user.subscribe_time + BEIJING) // DAY end

local lists = {}

function lists.get_user_summary(account, from, to)
  local new, list = {}, {}
  for _, user in pairs(account.users) do
    local day = came(user)
    if day then new[day] = (new[day] or 0) + 1 end
  end
  for day = from, to do
    list[#list + 1] = { ref_date = show(day), user_source = 0, new_user = new[day] or 0, cancel_user = 0 }
  end
  return list
end

function lists.get_user_cumulate(account, from, to)
  local list = {}
  for day = from, to do
    local n = 0
    for _, user in pairs(account.users) do
      if user.subscribed and came(user) <= day then n = n + 1 end
    end
    list[#list + 1] = { ref_date = show(day), cumulate_user = n }
  end
  return list
end

local function answer(name)
  return function(ctx, args)
    if OFFLINE[name] then return nil, 47009 end
    local from, to = day_of(args.begin_date), day_of(args.end_date)
    if not from or not to then return nil, 61500 end
    local today = (math.floor(ctx.world.now()) + BEIJING) // DAY
    if from > to or to - from + 1 > SPAN[name] or to >= today then return nil, 61501 end
    return { list = values.list(lists[name] and lists[name](ctx.account, from, to)) }
  end
end

for _, name in ipairs(catalogue.names "datacube") do
  if SPAN[name] then M[name] = answer(name) end
end

return M
