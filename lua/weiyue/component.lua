-- Third-party platforms (第三方平台): the ticket that WeChat pushes every ten minutes, and the accounts that have
-- authorised the platform. What cannot be had again, refresh tokens, is in the store before an event is answered.

local capabilities = require "weiyue.capabilities"
local core = require "weiyue_core"
local fault = require "weiyue.token.fault"

local json, log = core.json, core.log

local SECRETS <const> = 1000 -- tickets, codes, refresh tokens that no line shows; older ones are of no use any more
local TICKET_TTL <const> = 12 * 3600 * 1000 -- ms
local PAGE <const> = 100

local M = {}

---@class weiyue.Components
---@field private hub weiyue.Hub
---@field private hidden table texts that no line shows
---@field private n_hidden integer
---@field private make fun(place: weiyue.Place): table the object of an account: msg.account
local Components = {}
Components.__index = Components

-- Keeps a text out of logs, until many others have come.
function Components:hide(text)
  if self.hidden[text] then return end
  core.secrets.add(text)
  self.hidden[text], self.n_hidden = true, self.n_hidden + 1
  self.hidden[self.n_hidden] = text
  local old = self.hidden[self.n_hidden - SECRETS]
  if not old then return end
  core.secrets.remove(old)
  self.hidden[old], self.hidden[self.n_hidden - SECRETS] = nil, nil
end

local function key_of(component, rest) return ("c/%s/%s"):format(core.url.escape(component.appid), rest) end
local function key_of_authorizer(component, appid) return key_of(component, "a/" .. core.url.escape(appid)) end

-- The store, or memory of this process where there is none: then a restart needs new authorisations, which is told.
function Components:get(key)
  local kv = self.hub.kv
  if kv then
    local value, err = kv:get(key)
    if value or not err then return value end
    local cached = self.hub.dict:get(key)
    if cached then return cached end
    return nil, fault(err.code or "store", tostring(err.message or err))
  end
  return self.hub.dict:get(key)
end

function Components:set(key, value, ttl)
  local kv = self.hub.kv
  self.hub.dict:set(key, value, ttl and ttl / 1000)
  if not kv then return true end
  local ok, err = kv:set(key, value, ttl)
  if ok then return true end
  return nil, fault(err.code or "store", tostring(err.message or err))
end

function Components:delete(key)
  self.hub.dict:delete(key)
  if self.hub.kv then self.hub.kv:del(key) end
end

--- The ticket that was pushed last.
---@async
---@param component weiyue.Place
---@return string? ticket
---@return weiyue.Fault? err
function Components:ticket(component)
  local ticket, err = self:get(key_of(component, "ticket"))
  if ticket then
    self:hide(ticket)
    return ticket
  end
  return nil, err or fault("token.no_ticket",
    { "微信还没有推送过 component_verify_ticket", "WeChat has pushed no component_verify_ticket yet" },
    "微信每 10 分钟推送一次；也可以调 component.start_push_ticket；it comes every 10 minutes, once the platform is set up")
end

function Components:record(component, appid)
  local text, err = self:get(key_of_authorizer(component, appid))
  if not text then return nil, err end
  return json.decode(text, { lenient = true })
end

--- An authorizer's refresh token.
---@async
---@param place weiyue.Place
---@return string? refresh_token
---@return weiyue.Fault? err
function Components:refresh_token(place)
  local record, err = self:record(place.component, place.appid)
  if record and record.refresh_token then
    self:hide(record.refresh_token)
    return record.refresh_token
  end
  return nil, err or fault("token.unauthorized",
    { place.appid .. " 没有授权给这个平台", place.appid .. " has not authorised this platform" },
    "请公众号管理员授权；its administrator must authorise the platform")
end

-- Keeps what is known of an authorizer.
function Components:keep(component, record)
  self:hide(record.refresh_token)
  return self:set(key_of_authorizer(component, record.appid), json.encode(record))
end

--- WeChat has given a new refresh token.
---@async
---@return true? ok
---@return weiyue.Fault? err
function Components:keep_refresh_token(place, refresh_token)
  local record, err = self:record(place.component, place.appid)
  if err then return nil, err end
  record = record or { appid = place.appid }
  if record.refresh_token == refresh_token then return true end
  record.refresh_token = refresh_token
  return self:keep(place.component, record)
end

-- Authorizers as accounts -----------------------------------------------------------------------------------

-- WeChat's service_type_info.id and verify_type_info.id as kinds of account.
local function kind_of(record)
  if record.mini then return "mini" end
  return record.service_type == 2 and "service" or "subscription"
end

local function is_learnt(record) return record.service_type ~= nil or record.mini == true end

-- Before get_authorizer_info has told, WeChat decides what it may do.
local function can_of(record)
  if not is_learnt(record) then
    local all = {}
    for name in pairs(capabilities.of "mini") do all[name] = true end
    return all
  end
  return capabilities.of(kind_of(record), record.verified)
end

-- The account of an authorizer, made when it is asked for first.
function Components:account(component, record)
  local place = self.hub:place(record.appid)
  if place then return place.object end
  place = { id = record.appid, appid = record.appid, kind = kind_of(record), verified = record.verified or nil,
    api = component.api, can = can_of(record), learnt = is_learnt(record),
    component = component, username = record.username,
    url = component.object.url, mode = "safe" }
  place.object = self.make(place)
  self.hub:add(place)
  return place.object
end

--- The account of an appid that has authorised a platform of this host; nil: none has.
---@async
---@param appid string
---@return table? account
function Components:find(appid)
  local known = self.hub:place(appid)
  if known then return known.object end
  for _, component in ipairs(self.hub:places()) do
    if component.kind == "component" then
      local record = self:record(component, appid)
      if record then return self:account(component, record) end
    end
  end
end

--- The accounts that have authorised a platform, one after another: `for appid, account in …`.
---@param component weiyue.Place
---@return async fun(): string?, table?
function Components:each(component)
  local kv, prefix = self.hub.kv, key_of(component, "a/")
  local rows, at, after, is_last = {}, 0, nil, not kv
  return function()
    at = at + 1
    while not rows[at] do
      if is_last then return nil end
      local page, following = kv:scan(prefix, after, PAGE)
      if not page then error(("the store does not tell the accounts: %s"):format(tostring(following)), 2) end
      rows, at, after, is_last = page, 1, following, following == nil
    end
    local record = json.decode(rows[at][2], { lenient = true })
    return record.appid, self:account(component, record)
  end
end

-- Events ------------------------------------------------------------------------------------------------------

local handlers = {}

function handlers.component_verify_ticket(self, component, raw)
  local ticket = raw.ComponentVerifyTicket
  if type(ticket) ~= "string" or ticket == "" then return nil, fault("component.event", "there is no ticket in it") end
  self:hide(ticket)
  return self:set(key_of(component, "ticket"), ticket, TICKET_TTL)
end

-- The code is exchanged at once: it is good for a while only, and what it brings is durable then.
local function authorized(self, component, raw)
  local appid, code = raw.AuthorizerAppid, raw.AuthorizationCode
  if type(code) ~= "string" then return nil, fault("component.event", "there is no code in it") end
  self:hide(code)
  local answer, err = self.hub.engine:call(component, "component.query_auth",
    { component_appid = component.appid, authorization_code = code })
  if not answer then return nil, err end
  local info = answer.authorization_info or {}
  if info.authorizer_appid ~= appid or type(info.authorizer_refresh_token) ~= "string" then
    return nil, fault("component.event", "WeChat's answer is about another account")
  end
  local record = self:record(component, appid) or { appid = appid }
  record.refresh_token, record.revoked = info.authorizer_refresh_token, nil
  local ok
  ok, err = self:keep(component, record)
  if not ok then return nil, err end
  log.write("info", "component.authorized", nil, { account = component.id, appid = appid })
  self:learn(component, record)
  return true
end
handlers.authorized, handlers.updateauthorized = authorized, authorized

function handlers.unauthorized(self, component, raw)
  local appid = raw.AuthorizerAppid
  if type(appid) ~= "string" then return nil, fault("component.event", "there is no AuthorizerAppid in it") end
  self:delete(key_of_authorizer(component, appid))
  local place = self.hub:place(appid)
  if place and place.component == component then self.hub:remove(place) end
  log.write("info", "component.unauthorized", nil, { account = component.id, appid = appid })
  return true
end

--- Asks WeChat what kind of account an authorizer is. That it fails is no matter: WeChat refuses what it may not.
---@async
function Components:learn(component, record)
  local answer = self.hub.engine:call(component, "component.get_authorizer_info",
    { component_appid = component.appid, authorizer_appid = record.appid })
  local info = answer and answer.authorizer_info
  if type(info) ~= "table" then return end
  local service, verify = info.service_type_info or {}, info.verify_type_info or {}
  record.username, record.mini = info.user_name, info.MiniProgramInfo ~= nil or nil
  record.service_type, record.verified = service.id, verify.id ~= nil and verify.id >= 0
  self:keep(component, record)
  local place = self.hub:place(record.appid)
  if place then
    place.kind, place.verified, place.can = kind_of(record), record.verified, can_of(record)
    place.learnt = is_learnt(record)
  end
end

--- What a push to a platform's own address tells. What fails is told in the log, and the plugins hear of the event.
---@async
---@param component weiyue.Place
---@param msg table
function Components:event(component, msg)
  local handle = msg.type == "component" and handlers[msg.event]
  if not handle then return end
  local raw = msg.raw
  local ok, err = handle(self, component, raw)
  if not ok then
    log.write("error", "component.event", tostring(err),
      { account = component.id, msg_event = msg.event, code = type(err) == "table" and err.code or nil })
  end
end

--- Dispatch of a platform: what a push tells is durable before plugins hear of it and WeChat gets its `success`.
---@param component weiyue.Place
---@param answer fun(msg: table): any, string?, boolean?
---@return fun(msg: table): any, string?, boolean?
function Components:around(component, answer)
  return function(msg)
    if msg.type == "component" then
      self:event(component, msg)
    else
      self:belongs(msg)
    end
    return answer(msg)
  end
end

--- Of a push for an authorizer: the account is his. `t` is a message, or what the outbox knows of one.
---@async
---@param t { account: table, authorizer?: string }
function Components:belongs(t)
  local appid = rawget(t, "authorizer")
  if not appid then return t end
  local component = self.hub:place(t.account)
  if component and component.kind == "component" then
    local account = self:find(appid)
    -- WeChat has signed the push for this platform: it has authorised, and the event is still to come
    t.account = account or self:account(component, { appid = appid })
  end
  return t
end

--- The code for a page on which an account authorises the platform.
---@async
---@param component weiyue.Place
---@return string? code
---@return table? err
function Components:pre_auth_code(component)
  local answer, err = self.hub.engine:call(component, "component.create_preauthcode",
    { component_appid = component.appid })
  if not answer then return nil, err end
  return answer.pre_auth_code
end

---@param hub weiyue.Hub
---@return weiyue.Components
function M.new(hub)
  return setmetatable({ hub = hub, make = hub.make_object or function(place) return { id = place.id } end,
    hidden = {}, n_hidden = 0 }, Components)
end

return M
