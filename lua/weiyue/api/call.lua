-- The engine: one call of WeChat's API, from the plugin's table to its result: who may make it, how many are left,
-- the token, the wire, what the answer says, and what is worth a second try.

local capabilities = require "weiyue.capabilities"
local catalogue = require "weiyue.api.catalogue"
local core = require "weiyue_core"
local declared = require "weiyue.declared"
local fault = require "weiyue.token.fault"
local reply = require "weiyue.api.reply"
local request = require "weiyue.api.request"
local task = require "weiyue.task"

local log = core.log

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
---@field where? string  file:line of the call
---@field late? boolean  a late reply: it may use the reserve

-- A failure stands in the log once for each place and code: the next ones say nothing new.
function Engine:tell(place, name, err, options)
  local where = options.where or name
  local key = where .. "\0" .. name .. "\0" .. tostring(err.code)
  if self.told[key] then return end
  if self.n_told >= REMEMBERED then self.told, self.n_told = {}, 0 end
  self.told[key], self.n_told = true, self.n_told + 1
  log.write("warn", "api.failed", core.secrets.mask(tostring(err.message or err)), {
    account = place.id, api = name, code = err.code, hint = err.hint, where = options.where,
    plugin = options.plugin and options.plugin.name or nil,
  })
end

-- Who may call: an error where this account or this plugin may not.
local function refused(place, row, name, options)
  if options.plugin then
    local message, hint = declared.refusal(options.plugin, name)
    if message then return fault("api.undeclared", message, hint, { api = name }) end
  end
  local capability = capabilities.of_family and capabilities.of_family(row.family)
  if capability and place.can and place.can[capability] == false then
    return fault("api.capability", ("a %s account may not call it: it needs %s")
      :format(place.verified and "verified " .. place.kind or place.kind, capability),
      capabilities.who(capability), { api = name })
  end
end

-- The kind of token that a row wants, and whose it is. nil: none.
local function token_of(place, row)
  local auth = row.auth
  if auth == "component_access_token" then return "component_access_token", place.component or place end
  if auth == "access_token" or auth == "authorizer_access_token" then return "access_token", place end
end

-- One request and its answer.
---@async
function Engine:exchange(place, row, args, token)
  local owner = place.component or place
  local r, err = request.build(row, args, {
    base = place.api, appid = place.appid, secret = place.secret, token = token,
    component_appid = owner.kind == "component" and owner.appid or nil,
    component_secret = owner.kind == "component" and owner.secret or nil,
  })
  if not r then return nil, err end
  if row.reply == "redirect" then return r.url end
  local response
  response, err = self.hub.wire:send(r, place)
  if not response then
    return nil, fault(err.code or "http", tostring(err.message or err), err.hint, { api = row.family .. "." .. row.name })
  end
  return reply.read(row, response)
end

---@async
---@return any result
---@return table? err
function Engine:try(place, row, name, args, options)
  local kind, owner = token_of(place, row)
  local governor, keeper = self.hub.governor, self.hub.keeper
  local is_online = row.reply ~= "redirect"
  local token, err
  if kind then
    -- fields first: what is wrong with them needs no token
    token, err = "x", nil
    local checked
    checked, err = request.build(row, args, { base = place.api, appid = place.appid or "x", secret = place.secret or "x",
      token = token, component_appid = "x", component_secret = "x" })
    if not checked then return nil, err end
    token, err = keeper:get(owner, kind)
    if not token then return nil, err end
  end
  local renewed, busy = false, 0
  while true do
    if is_online then
      local ok
      ok, err = governor:take(place, name, options.late)
      if not ok then return nil, err end
    end
    local result
    result, err = self:exchange(place, row, args, token)
    local code = err and math.tointeger(err.code) or nil
    if is_online and (result ~= nil or code) then governor:told(place, name, code) end
    if result ~= nil then
      if name:find "^openapi%.clear" then governor:clear(place) end
      return result
    end
    if code == -1 and row.idempotent and busy < #BUSY_WAITS then
      busy = busy + 1
      task.sleep(BUSY_WAITS[busy] * (0.75 + math.random() / 2))
    elseif kind and BAD_TOKEN[code] and not renewed then
      renewed = true
      local fresh, why = keeper:failed(owner, kind, token, code)
      if not fresh then return nil, why end
      token = fresh
    else
      return nil, err
    end
  end
end

--- Calls an API.
---@async
---@param place weiyue.Place
---@param name string family.name
---@param args? table
---@param options? weiyue.api.Options
---@return any result
---@return table? err { code, message, hint, api }
function Engine:call(place, name, args, options)
  options = options or {}
  local row = self:find(name)
  if not row then return nil, fault("api.unknown", "there is no " .. tostring(name), nil, { api = name }) end
  local err = refused(place, row, name, options)
  local result
  if not err then result, err = self:try(place, row, name, args or {}, options) end
  if result ~= nil then return result end
  if type(err) == "table" and not err.api then err.api = name end
  self:tell(place, name, err, options)
  return nil, err
end

--- A row by its name, those that plugins have added included.
---@param name string
function Engine:find(name) return self.rows[name] or catalogue.find(name) end

--- A row of a plugin's.
---@param row table
---@return string? fault what is wrong
function Engine:add(row)
  local name = row.family .. "." .. row.name
  if catalogue.find(name) or self.rows[name] then return ("there is a %s already"):format(name) end
  self.rows[name] = row
end

---@param hub weiyue.Hub
---@return weiyue.api.Engine
function M.new(hub) return setmetatable({ hub = hub, told = {}, n_told = 0, rows = {} }, Engine) end

return M
