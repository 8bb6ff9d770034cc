-- Third-party platforms (第三方平台): the ticket that WeChat pushes every ten minutes, and the accounts that have
-- authorised the platform. What cannot be had again, refresh tokens, is in the store before an event is answered.

local authorizers = require "weiyue.authorizers"
local capabilities = require "weiyue.capabilities"
local core = require "weiyue_core"
local fault = require "weiyue.token.fault"
local task = require "weiyue.task"

local log, time = core.log, core.time

local TICKET_TTL <const> = 12 * 3600 * 1000 -- ms
local CODE <const> = 600   -- seconds that WeChat takes a code
local STAYS <const> = 86400 -- seconds that is tried what cannot be had again

local M = {}

---@class weiyue.Components
---@field private hub weiyue.Hub
---@field private kept weiyue.Authorizers
---@field private make fun(place: weiyue.Place): table the object of an account: msg.account
local Components = {}
Components.__index = Components

--- The ticket that was pushed last.
---@async
---@param component weiyue.Place
---@return string? ticket
---@return weiyue.Fault? err
function Components:ticket(component)
  local ticket, err = self.kept:ticket(component)
  if ticket then
    self.kept:hide(ticket)
    return ticket
  end
  return nil, err or fault("token.no_ticket",
    { "微信还没有推送过 component_verify_ticket", "WeChat has pushed no component_verify_ticket yet" },
    "微信每 10 分钟推送一次；也可以调 component.start_push_ticket；it comes every 10 minutes, once the platform is set up")
end

local function unauthorized(appid)
  return fault("token.unauthorized", appid .. " has not authorised this platform",
    "请公众号管理员授权；its administrator must authorise the platform")
end

--- An authorizer's refresh token.
---@async
---@param place weiyue.Place
---@return string? refresh_token
---@return weiyue.Fault? err
function Components:refresh_token(place)
  local record, err = self.kept:record(place.component, place.appid)
  if record and record.refresh_token then
    self.kept:hide(record.refresh_token)
    return record.refresh_token
  end
  return nil, err or unauthorized(place.appid)
end

--- WeChat has given a new refresh token for `old`. One that an authorisation has brought meanwhile stays; and who has
--- taken it back stays away.
---@async
---@return true? ok
---@return weiyue.Fault? err
function Components:keep_refresh_token(place, new, old)
  local is_there
  self.kept:hide(new)
  local ok, err = self.kept:amend(place.component, place.appid, function(record)
    is_there = record ~= nil
    if not record or record.refresh_token ~= old then return nil end
    record.refresh_token = new
    return record
  end)
  if not ok and not (is_there and new == old) then return nil, err end -- the same needs no store
  if not is_there then return nil, unauthorized(place.appid) end
  return true
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

-- What WeChat has told of it since.
local function refresh(place, record)
  local kind = kind_of(record)
  if not is_learnt(record) then return end
  local is_same = place.kind == kind and place.verified == record.verified and place.username == record.username
  if place.learnt and is_same then return end
  place.kind, place.verified, place.can, place.learnt = kind, record.verified, can_of(record), true
  place.username = record.username
  if place.tell then place.tell() end -- his object does not go through the place
end

-- The account of an authorizer, made when it is asked for first.
function Components:account(component, record)
  local place = self.hub:place(record.appid)
  if place then
    if place.component then refresh(place, record) end
    return place.object
  end
  place = { id = record.appid, appid = record.appid, kind = kind_of(record), verified = record.verified or nil,
    api = component.api, can = can_of(record), learnt = is_learnt(record),
    component = component, username = record.username,
    url = component.object.url, mode = "safe" }
  place.object = self.make(place)
  self.hub:add(place)
  return place.object
end

--- The account of an appid that has authorised a platform of this host; nil: none has. The store says who has: an
--- authorisation may have been taken back on another worker or machine.
---@async
---@param appid string
---@return table? account
function Components:find(appid)
  local known, lost = self.hub:place(appid), nil
  if known and not known.component then return known.object end
  for _, component in ipairs(self.hub:places()) do
    if component.kind == "component" then
      local record, err = self.kept:record(component, appid)
      if record then return self:account(component, record) end
      lost = lost or err
    end
  end
  if known and lost then return known.object end
  if known then self.hub:remove(known) end
end

--- The accounts that have authorised a platform, one after another: `for appid, account in …`.
---@param component weiyue.Place
---@return async fun(): string?, table?
function Components:each(component)
  local next_record = self.kept:records(component)
  return function()
    local record = next_record()
    if record then return record.appid, self:account(component, record) end
  end
end

-- Events ------------------------------------------------------------------------------------------------------

local handlers = {}

function handlers.component_verify_ticket(self, component, raw)
  local ticket = raw.ComponentVerifyTicket
  if type(ticket) ~= "string" or ticket == "" then return nil, fault("component.event", "there is no ticket in it") end
  self.kept:hide(ticket)
  return self.kept:set_ticket(component, ticket, TICKET_TTL)
end

-- The code is kept before it is exchanged, which is tried as long as WeChat takes it.
local function authorized(self, component, raw)
  local appid, code = raw.AuthorizerAppid, raw.AuthorizationCode
  if type(code) ~= "string" or type(appid) ~= "string" then
    return nil, fault("component.event", "there is no code in it")
  end
  self.kept:hide(code)
  return self.kept:enqueue(component, { appid = appid, code = code, due = time.now() + CODE })
end
handlers.authorized, handlers.updateauthorized = authorized, authorized

function handlers.unauthorized(self, component, raw)
  local appid = raw.AuthorizerAppid
  if type(appid) ~= "string" then return nil, fault("component.event", "there is no AuthorizerAppid in it") end
  return self.kept:enqueue(component, { appid = appid, gone = true, due = time.now() + STAYS })
end

-- What WeChat says may be null, or of another type.
local function table_of(value) return type(value) == "table" and value or {} end

local SPENT <const> = { [61009] = true, [61010] = true } -- a code that WeChat does not take, or not any more

-- Exchanges the code of an authorisation, and keeps what that brings.
---@async
---@return true? ok
---@return weiyue.Fault? err
---@return boolean? is_final no further try helps
local function exchange(self, component, job)
  local what, kept = job.what, self.kept
  if not what.refresh_token then
    local answer, err = self.hub.engine:call(component, "component.query_auth",
      { component_appid = component.appid, authorization_code = what.code })
    if not answer then return nil, err, SPENT[err.code] end
    local info = table_of(answer.authorization_info)
    if info.authorizer_appid ~= what.appid or type(info.authorizer_refresh_token) ~= "string" then
      return nil, fault("component.event", "WeChat's answer is about another account")
    end
    what.refresh_token, what.code, what.due = info.authorizer_refresh_token, nil, time.now() + STAYS
    kept:hide(what.refresh_token)
    if not kept:is_open(job) then return true end -- a newer event has come meanwhile
  end
  local ok, err = kept:amend(component, what.appid, function(record)
    record = record or { appid = what.appid }
    record.refresh_token = what.refresh_token
    return record
  end)
  if not ok then
    kept:note(job) -- the code is used up
    return nil, err
  end
  log.write("info", "component.authorized", nil, { account = component.id, appid = what.appid })
  self:learn(component, what.appid)
  return true
end

-- Nothing is left of an authorisation that was taken back: not the record, and not the token.
---@async
---@return true? ok
---@return weiyue.Fault? err
local function depart(self, component, job)
  local appid = job.what.appid
  local place = self.hub:place(appid)
  if not place then place = { id = appid, appid = appid, api = component.api, component = component } end
  if place.component ~= component then return true end
  self.hub:remove(place)
  local ok, err = self.kept:forget(component, appid)
  if ok then ok, err = self.hub.keeper:drop(place, "authorizer_access_token") end
  if not ok then return nil, err end
  log.write("info", "component.unauthorized", nil, { account = component.id, appid = appid })
  return true
end

--- Asks WeChat what kind of account an authorizer is. That it fails is no matter: WeChat refuses what it may not.
---@async
function Components:learn(component, appid)
  local answer = self.hub.engine:call(component, "component.get_authorizer_info",
    { component_appid = component.appid, authorizer_appid = appid })
  local info = answer and answer.authorizer_info
  if type(info) ~= "table" then return end
  local service = math.tointeger(tonumber(table_of(info.service_type_info).id))
  local verify = math.tointeger(tonumber(table_of(info.verify_type_info).id))
  local name, latest = type(info.user_name) == "string" and info.user_name or nil, nil
  self.kept:amend(component, appid, function(record)
    latest = record
    if not record then return nil end
    record.username, record.mini = name, type(info.MiniProgramInfo) == "table" or nil
    record.service_type, record.verified = service, verify ~= nil and verify >= 0
    return record
  end)
  local place = self.hub:place(appid)
  if latest and place and place.component == component then refresh(place, latest) end
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
      self:enter(msg)
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
    local known = self.hub:place(appid) -- a push looks no further: WeChat has signed it for this platform
    local account = known and known.object or self:find(appid)
    -- it has authorised, and the event is still to come
    t.account = account or self:account(component, { appid = appid })
  end
  return t
end

--- The same, and the task that runs works for that account from now on: wx.store, wx.lock.
---@async
---@param t { account: table, authorizer?: string }
function Components:enter(t)
  self:belongs(t)
  local place = rawget(t, "authorizer") and self.hub:place(t.account)
  if place then task.account(place.number) end
  return t
end

--- Looks for authorisations that others have not brought to their end; gives the function that ends that.
---@return fun()
function Components:start() return self.kept:start() end

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
  local self = setmetatable({ hub = hub, make = hub.make_object or function(place) return { id = place.id } end },
    Components)
  self.kept = authorizers.new(hub, function(component, job)
    return (job.what.gone and depart or exchange)(self, component, job)
  end)
  return self
end

return M
