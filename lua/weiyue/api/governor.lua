-- The governor: how many calls of each API an account has made on this Beijing day, over all workers and, by the
-- store, over all machines; it warns before WeChat's limit, keeps a reserve for late replies, refuses beyond it, and
-- stops calling what WeChat has said is used up (45009) or too fast (45011).
--
-- WeChat's counts may be cleared, any number of times a day: each clearing begins another round of the account's, and
-- everything that is counted stands under its day and round. So all workers begin anew at once, and machines that
-- share the store when they tell it next.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"
local hubs = require "weiyue.hub"
local task = require "weiyue.task"

local log, time = core.log, core.time

local FLUSH <const> = 30         -- seconds between a call and the store's knowing
local KEPT <const> = 3 * 86400   -- seconds that a day's counts stay
local WARN <const> = 0.8
local RESERVE <const> = 0.05     -- of the day's customer service messages: for late replies
local PROBE <const> = 600        -- seconds between two calls that try whether an open circuit may close
local DAY <const>, BEIJING <const> = 86400, 8 * 3600

local M = {}

-- Calls a day that WeChat grants, by API or family; unknown ones are not refused, only counted.
M.LIMITS = {
  ["token.get"] = 2000, ["callback.get_callback_ip"] = 5000, ["callback.get_api_domain_ip"] = 5000,
  ["message_custom.send"] = 500000, ["message_mass.sendall"] = 100, ["message_mass.send"] = 100,
  ["template.send"] = 100000, ["user.info"] = 500000, ["user.batch_info"] = 500000, ["user.list"] = 500,
  ["user.update_remark"] = 10000, ["qrcode.create"] = 100000, ["shorten.gen"] = 1000, ["menu.create"] = 1000,
  ["menu.delete"] = 1000, ["menu.get"] = 10000, ["menu.add_conditional"] = 2000, ["menu.del_conditional"] = 2000,
  ["menu.try_match"] = 20000, ["media.upload"] = 5000, ["media.get"] = 10000, ["semantic.search"] = 1000,
  ["kf_record.get_list"] = 5000,
}

-- Whose calls late replies are.
local RESERVED <const> = { ["message_custom.send"] = true }

---@class weiyue.Governor
---@field private hub weiyue.Hub
---@field private limits table<string, integer>
---@field private names table<weiyue.Place, table>
---@field private seen table<string, table> what this state has counted today
---@field private rounds table<string, true> names of rounds that have been used since the store was told
local Governor = {}
Governor.__index = Governor

-- Names are WeChat's or the configuration's: no "/" in them.
local function name_of(kind, place, api, when)
  return table.concat({ kind, core.url.escape(place.appid or place.id), core.url.escape(api), when }, "/")
end

-- The names of one API's entries, kept: each call needs them.
function Governor:names_of(place, api, when)
  local of_place = self.names[place]
  if not of_place then
    of_place = {}
    self.names[place] = of_place
  end
  local names = of_place[api]
  if not names or names.when ~= when then
    names = { when = when, open = name_of("open", place, api, when), count = name_of("q", place, api, when) }
    of_place[api] = names
  end
  return names
end

local function round_of(place, day) return ("round/%s/%d"):format(core.url.escape(place.appid or place.id), day) end

local function seconds_left_of_day() return DAY - (time.now() + BEIJING) % DAY end
local function seconds_left_of_minute() return 60 - time.now() % 60 end

-- The day and its round, as names have them.
function Governor:when(place)
  local day = hubs.day()
  local round = self.hub.dict:get(round_of(place, day)) or 0
  return round > 0 and day .. "." .. round or tostring(day), day
end

-- Learns of rounds that began elsewhere, and tells of those that began while the store was lost.
---@async
function Governor:follow(name)
  local kv, dict = self.hub.kv, self.hub.dict
  if not kv then return end
  local text, err = kv:get(name)
  if err then
    dict:add(name, 0, FLUSH) -- calls do not wait for a lost store each time
    return
  end
  local theirs, ours = math.tointeger(tonumber(text)) or 0, dict:get(name) or 0
  if theirs > ours then
    dict:set(name, theirs, KEPT)
  elseif theirs < ours then
    kv:cas(name, text, tostring(ours), KEPT * 1000)
  else
    dict:add(name, ours, KEPT)
  end
end

--- The day's limit of an API; nil: not known.
function Governor:limit(place, api)
  local own = place.limits
  return own and own[api] or self.limits[api]
end

-- The store's total, when it is asked first on a day, and what this process has counted since is told to it.
function Governor:flush()
  self.armed = false
  local kv, dict = self.hub.kv, self.hub.dict
  if not kv then return end
  local rounds = self.rounds
  self.rounds = {}
  for name in pairs(rounds) do self:follow(name) end
  for name, one in pairs(self.seen) do
    if dict:add("flushing/" .. name, true, 10) then
      local n, done = dict:get(name) or 0, dict:get("flushed/" .. name) or 0
      if n > done then
        dict:incr("flushed/" .. name, n - done, KEPT)
        local total = kv:incr(name, n - done, KEPT * 1000)
        if not total then
          dict:incr("flushed/" .. name, done - n) -- told the next time
        elseif total > n then -- other machines'
          dict:incr(name, total - n, KEPT)
          dict:incr("flushed/" .. name, total - n, KEPT)
        end
      end
      dict:delete("flushing/" .. name)
    end
    if one.day ~= hubs.day() then self.seen[name] = nil end
  end
end

-- A day's first call of an API asks the store, which may know of more than this process has made.
function Governor:begin(place, api, name, day)
  self.seen[name] = { account = place.id, api = api, day = day }
  local kv, dict = self.hub.kv, self.hub.dict
  if not kv or dict:get("flushed/" .. name) then return end
  local text = kv:get(name)
  local total = text and math.tointeger(tonumber(text))
  if total and dict:add("flushed/" .. name, total, KEPT) then dict:incr(name, total, KEPT) end
end

--- Whether a call may be made now; it counts.
---@async
---@param place weiyue.Place
---@param api string family.name
---@param late? boolean it is a late reply: the reserve is for it
---@return true? ok
---@return weiyue.Fault? err
function Governor:take(place, api, late)
  local dict = self.hub.dict
  local round = round_of(place, hubs.day())
  if dict:get(round) == nil then self:follow(round) end -- the first call of the day, or of this process
  self.rounds[round] = true
  if not self.armed then
    self.armed = true
    task.after(FLUSH, function() self:flush() end)
  end
  local when, day = self:when(place)
  local names = self:names_of(place, api, when)
  local open = dict:get(names.open)
  if open and not dict:add(name_of("probe", place, api, when), true, PROBE) then
    return nil, fault(math.tointeger(open) or open,
      { "微信说过次数用完了，现在不调", "WeChat has said that the calls are used up" },
      open == 45011 and "太快了，下一分钟再试；too fast: try again the next minute"
        or "今天的次数用完了；the day's calls are used up", { api = api, circuit = true })
  end
  local name = names.count
  if not self.seen[name] then self:begin(place, api, name, day) end
  local n, limit = dict:incr(name, 1, KEPT) or 0, self:limit(place, api)
  if not limit then return true end
  local most = limit
  if RESERVED[api] and not late then most = limit - math.ceil(limit * RESERVE) end
  if n > most then
    dict:incr(name, -1, KEPT) -- it is not made
    return nil, fault("api.quota",
      { ("今天的 %d 次调用用了 %d 次"):format(limit, n - 1), ("%d of the day's %d calls are used"):format(n - 1, limit) },
      "今天的调用次数用完了，北京时间零点清零；the counts begin anew at midnight in Beijing", { api = api })
  end
  if n >= limit * WARN and dict:add("warned/" .. name, true, KEPT) then
    log.write("warn", "api.quota", ("%d of the day's %d calls are used"):format(n, limit),
      { account = place.id, api = api })
  end
  return true
end

--- WeChat's answer to a call, as far as it is about counts.
---@param place weiyue.Place
---@param api string
---@param errcode? integer nil: it went well
function Governor:told(place, api, errcode)
  local dict = self.hub.dict
  local name = self:names_of(place, api, self:when(place)).open
  if errcode == 45009 or errcode == 45011 then
    local seconds = errcode == 45009 and seconds_left_of_day() or seconds_left_of_minute()
    if not dict:get(name) then
      log.write("warn", "api.circuit", errcode == 45009 and "the day's calls are used up: none is made until it ends"
        or "too many calls in a minute: none is made until it ends", { account = place.id, api = api, code = errcode })
    end
    dict:set(name, errcode, math.max(1, seconds))
    dict:set(name_of("probe", place, api, (self:when(place))), true, PROBE)
  elseif dict:get(name) then
    dict:delete(name)
    log.write("info", "api.circuit", "calls go on", { account = place.id, api = api })
  end
end

--- What an account has used today: by API { used, limit?, left?, open? }; all that have a limit, and what was called.
---@param place weiyue.Place
---@return table<string, { used: integer, limit?: integer, left?: integer, open?: integer }>
function Governor:quota(place)
  local dict, when, list = self.hub.dict, self:when(place), {}
  local function add(api)
    local used = dict:get(name_of("q", place, api, when)) or 0
    local open = dict:get(name_of("open", place, api, when))
    local limit = self:limit(place, api)
    if limit or used > 0 or open then
      list[api] = { used = used, limit = limit, left = limit and math.max(0, limit - used), open = open }
    end
  end
  for api in pairs(self.limits) do add(api) end
  for api in pairs(place.limits or {}) do add(api) end
  for _, one in pairs(self.seen) do
    if one.account == place.id then add(one.api) end
  end
  return list
end

--- WeChat's counters were cleared: so are these, of all APIs.
---@async
function Governor:clear(place)
  local dict, kv, name = self.hub.dict, self.hub.kv, round_of(place, hubs.day())
  local told = kv and kv:incr(name, 1, KEPT * 1000)
  dict:set(name, math.max(told or 0, (dict:get(name) or 0) + 1), KEPT)
  self.rounds[name] = true
end

---@param hub weiyue.Hub
---@return weiyue.Governor
function M.new(hub)
  return setmetatable({ hub = hub, limits = M.LIMITS, seen = {}, rounds = {},
    names = setmetatable({}, { __mode = "k" }) }, Governor)
end

return M
