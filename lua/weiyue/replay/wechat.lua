-- WeChat for a replay: a call is answered as it was when the journal was kept, where it was made then, too; else by the
-- fake WeChat of the sandbox.

local api = require "weiyue.sandbox.api"
local core = require "weiyue_core"
local routes = require "weiyue.sandbox.routes"

local json, url = core.json, core.url

local BYTES <const> = 1 << 20

---@class weiyue.replay.WeChat
---@field world weiyue.sandbox.World
---@field private recorded table<string, weiyue.journal.Call[]> by API
local WeChat = {}
WeChat.__index = WeChat

local M = {}

--- A call of the host's, as the rig gives it, for the fake.
---@param call { method: string, url: string, head: string, body: string }
---@return table? request nil: it is none of WeChat's
---@return weiyue.api.Row? row
function M.request(call)
  local parts = url.parse(call.url)
  if not parts then return nil end
  local query = {}
  for pair in (parts.query or ""):gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    query[url.unescape(name) or name] = url.unescape(value) or value
  end
  local row = routes.find(call.method, parts.path, query)
  if not row then return nil end
  local headers = {}
  for name, value in call.head:gmatch "([^:\r\n]+): *([^\r\n]*)" do headers[name:lower()] = value end
  return { method = call.method, host = parts.host, path = parts.path, query = query, headers = headers,
    body = call.body }, row
end

-- Of the recorded calls of this API that nobody has used: one for the same user, of a push that is being answered, or
-- the first.
function WeChat:take(key, call, active)
  local list = self.recorded[key]
  local best, rank = nil, 0
  for i, one in ipairs(list or {}) do
    local user = one.entry.user
    local is_his = user and (call.body:find(user, 1, true) or call.url:find(user, 1, true))
    local r = is_his and active[one.entry] and 4 or active[one.entry] and 3 or is_his and 2 or 1
    if r > rank then best, rank = i, r end
  end
  return best and table.remove(list, best)
end

local FAULTS <const> = { ["http.timeout"] = true, ["http.connect"] = true, ["http.resolve"] = true, ["http.tls"] = true,
  ["http.aborted"] = true, ["http.protocol"] = true, ["http.denied"] = true }

-- As it was: status, head, body, seconds; or nil, fault, text, seconds.
local function as_recorded(one)
  local after = (one.ms or 0) / 1000
  local head = "content-type: application/json\r\n"
  if one.error then
    local code = math.tointeger(tonumber(one.error.code))
    if code then
      return 200, head, json.encode { errcode = code, errmsg = one.error.message }, after
    end
    return nil, FAULTS[one.error.code] and one.error.code or "http.protocol", tostring(one.error.message), after
  end
  local reply = one.reply or {}
  if reply.bytes then
    return 200, ("content-type: %s\r\n"):format(reply.type or "application/octet-stream"),
      ("\0"):rep(math.min(reply.bytes, BYTES)), after
  end
  return 200, head, json.encode(reply), after
end

local function of_fake(world, request)
  local response = api.handle(world, request)
  if response.drop then return nil, "http.aborted", "", response.delay or 0 end
  local head = {}
  for name, value in pairs(response.headers) do head[#head + 1] = ("%s: %s\r\n"):format(name, value) end
  return response.status, table.concat(head), response.body, response.delay or 0
end

--- The answer to a call, as host:answer wants it.
---@param request table
---@param row weiyue.api.Row
---@param call table
---@param active table<weiyue.journal.Entry, true> pushes that are being answered
---@return integer? status, string, string, number
function WeChat:answer(request, row, call, active)
  local one = self:take(row.key, call, active)
  if one then return as_recorded(one) end
  return of_fake(self.world, request)
end

--- A user does something.
function WeChat:meet(place, message, at)
  local appid, openid = place.appid, message.FromUserName
  if not appid or not openid or openid == "" or not self.world:account(appid) then return end
  if not self.world:user(appid, openid) then self.world:new_user(appid, { openid = openid, nickname = "***" }) end
  self.world:note_push(message, appid, openid, at)
end

---@param entries weiyue.journal.Entry[]
---@param accounts table as of weiyue.replay.Config
---@param now fun(): number
---@return weiyue.replay.WeChat
function M.new(entries, accounts, now)
  local list, seen = {}, {}
  for _, one in pairs(accounts) do
    local place = one.place
    if place.appid and not seen[place.appid] then
      seen[place.appid] = true
      list[#list + 1] = { id = place.id, appid = place.appid, secret = place.secret, kind = place.kind,
        verified = place.verified, username = place.username, can = place.can }
    end
  end
  local world = require("weiyue.sandbox.world").new { now = now, accounts = list }
  local recorded = {}
  for _, entry in ipairs(entries) do
    for _, call in ipairs(entry.calls) do
      recorded[call.api] = recorded[call.api] or {}
      call.entry = entry
      table.insert(recorded[call.api], call)
    end
  end
  return setmetatable({ world = world, recorded = recorded }, WeChat)
end

return M
