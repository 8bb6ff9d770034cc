-- The engine: one call of WeChat's API, from the plugin's table to its result: who may make it, how many are left,
-- the token, the wire, what the answer says, and what is worth a second try.

local access = require "weiyue.api.access"
local caller = require "weiyue.caller"
local catalogue = require "weiyue.api.catalogue"
local core = require "weiyue_core"
local danger = require "weiyue.api.danger"
local fault = require "weiyue.token.fault"
local reply = require "weiyue.api.reply"
local request = require "weiyue.api.request"
local task = require "weiyue.task"
local wires = require "weiyue.api.wire"

local log, time = core.log, core.time

local BAD_TOKEN <const> = { [40001] = true, [40014] = true, [42001] = true }
local BUSY_WAITS <const> = { 0.2, 0.6, 1.5 } -- seconds before each further try when WeChat says -1
local REMEMBERED <const> = 1000              -- failures whose line stands in the log

local M = {}

---@class weiyue.api.Engine
---@field private hub weiyue.Hub
---@field private told table<string, true>
---@field private n_told integer
local Engine = {}
Engine.__index = Engine

---@class weiyue.api.Options how a call is made
---@field plugin? table  whose code calls; nil: weiyue itself, which may call everything
---@field late? boolean  a late reply: it may use the reserve
---@field to? string     a file that takes the bytes which come back
---@field max? integer   how many bytes may come back

-- For the journal of `weiyue serve --record`: what was asked of WeChat, and what it said.
local function note(record, place, key, args, result, err, seconds)
  local call = { api = key, args = args, cached = not seconds or nil }
  call.ms = seconds and math.floor(seconds * 1000 + 0.5)
  if type(result) == "table" and (result.body or result.path) then
    call.reply = { bytes = result.size, type = result.type, filename = result.filename }
  else
    call.reply = result
  end
  call.error = err and { code = err.code, message = tostring(err.message) } or nil
  local text = core.json.encode(call)
  if not text then -- what was sent cannot be told, such as a reader of a file
    call.args = nil
    text = core.json.encode(call)
  end
  if text then record(place.id, text) end
end

-- A failure stands in the log once for each place and code: the next ones say nothing new.
function Engine:tell(place, row, err, options)
  local who, where = caller.plugin() -- only now: it costs more than a call that goes well
  who = options.plugin or who -- msg:user and its like are weiyue's own calls, made for a plugin
  local key = ("%s\0%s\0%s\0%s"):format(place.id, where or "", row.key, tostring(err.code))
  if self.told[key] then return end
  if self.n_told >= REMEMBERED then self.told, self.n_told = {}, 0 end
  self.told[key], self.n_told = true, self.n_told + 1
  log.write("warn", "api.failed", core.secrets.mask(tostring(err.message)), {
    account = place.id, api = row.key, code = err.code, hint = err.hint, where = where,
    plugin = who and who.name or nil,
  })
end

-- Whether a plugin may make this call. What it may is remembered: its head does not change.
local function may(plugin, row)
  local known = plugin.may
  if not known then
    known = {}
    plugin.may = known
  end
  if known[row.key] then return true end
  local good, err = danger.check(row, plugin.api)
  known[row.key] = good
  return good, err
end

-- The kind of token that a row wants, and whose it is. nil: none that the host keeps.
local function token_of(place, row)
  if row.auth == "component_access_token" then return row.auth, place.component or place end
  if row.auth == "access_token" then return row.auth, place end
end

-- Hosts other than the API's: where the configuration names another address for that, it stands for them, too.
local function hosts_of(place, row)
  if place.api == wires.DEFAULT or row.reply == "redirect" then return nil end
  return row.host and { [row.host] = place.api } or nil
end

local function context(place, row, token, options)
  local component = place.component or place.kind == "component" and place or nil
  return {
    base = place.api, hosts = hosts_of(place, row), token = token, appid = place.appid, secret = place.secret,
    component_appid = component and component.appid, component_secret = component and component.secret,
    to = options.to, max = options.max,
  }
end

-- One request and its answer.
---@async
function Engine:exchange(place, row, args, token, options)
  local r, err = request.build(row, args, context(place, row, token, options))
  if not r then return nil, err end
  if row.reply == "redirect" then return r.url end
  if options.plugin and (r.file or r.multipart) then
    local fine, why, hint = self.hub.services.paths:request(r)
    if not fine then return nil, fault("http.file", why, table.concat(hint, "；"), { api = row.key }) end
  end
  local response
  self.hub:count(place, "api_calls")
  response, err = self.hub.wire:send(r, place)
  if response then return reply.read(row, response) end
  return nil, fault(err.code or "http", core.secrets.mask(tostring(err.message or err)), err.hint,
    { api = row.key, hint_en = err.hint_en, message_zh = err.message_zh, sent = err.sent })
end

-- The token that the row wants. What is wrong with the arguments is found before one is fetched.
---@async
function Engine:token(place, row, args, options)
  local kind, owner = token_of(place, row)
  if not kind then return nil end
  local keeper = self.hub.keeper
  local token = keeper:peek(owner, kind)
  if token then return token, nil, kind, owner end
  local good, err = request.build(row, args, context(place, row, "x", options))
  if not good then return nil, err end
  token, err = keeper:get(owner, kind)
  if err then err.sent = false end
  return token, err, kind, owner
end

---@async
---@return any result
---@return table? err
function Engine:try(place, row, args, options)
  local governor, is_online = self.hub.governor, row.reply ~= "redirect"
  local token, err, kind, owner = self:token(place, row, args, options)
  if err then return nil, err end
  local renewed, busy = false, 0
  while true do
    local result, ok
    if is_online then
      ok, err = governor:take(place, row.key, options.late)
      if not ok then return nil, err end
    end
    result, err = self:exchange(place, row, args, token, options)
    local code = err and math.tointeger(err.code) or nil
    if is_online and (result ~= nil or code) then governor:told(place, row.key, code) end
    if result ~= nil then
      if row.name:find "^clear_quota" then governor:clear(place) end
      return result
    end
    if code == -1 and row.idempotent and busy < #BUSY_WAITS then
      busy = busy + 1
      task.sleep(BUSY_WAITS[busy] * (0.75 + math.random() / 2))
    elseif kind and BAD_TOKEN[code] and not renewed then
      renewed = true
      token, err = self.hub.keeper:failed(owner, kind, token, code)
      if not token then
        err.sent = false -- WeChat has refused it
        return nil, err
      end
    else
      return nil, err
    end
  end
end

--- Calls an API.
---@async
---@param place weiyue.Place
---@param key string family.name
---@param args? table
---@param options? weiyue.api.Options
---@return any result
---@return table? err { code, message, hint, api }
function Engine:call(place, key, args, options)
  options = options or {}
  local row = catalogue.find(key)
  if not row then
    local near = catalogue.near(key)
    local family = key:match "^([%w_]+)%." or key
    if not catalogue.is_family(family) then family = near and near:match "^[^.]+" end
    return nil, fault("api.unknown",
      { ("没有接口 %s%s"):format(key, near and "；最接近的是 " .. near or ""),
        ("there is no %s%s"):format(key, near and "; the nearest is " .. near or "") },
      ("weiyue api list%s 列出全部；weiyue api list%s lists what there is")
        :format(family and " " .. family or "", family and " " .. family or ""))
  end
  local result
  local good, err = access.check(row, place.can)
  if good and options.plugin then good, err = may(options.plugin, row) end
  local record = self.hub.push and self.hub.push.record
  local began = record and time.monotonic()
  if good then result, err = self:try(place, row, args or {}, options) end
  if good and record and row.reply ~= "redirect" then
    note(record, place, row.key, args or {}, result, err, time.monotonic() - began)
  end
  if result ~= nil then return result end
  if not err.api then err.api = row.key end
  self.hub:count(place, "api_failed")
  self:tell(place, row, err, options)
  return nil, err
end

--- An answer that was kept is told to the journal as one that is new.
function Engine:cached(place, key, args, result)
  local record = self.hub.push and self.hub.push.record
  if record then note(record, place, key, args, result) end
end

---@param hub weiyue.Hub
---@return weiyue.api.Engine
function M.new(hub) return setmetatable({ hub = hub, told = {}, n_told = 0 }, Engine) end

return M
