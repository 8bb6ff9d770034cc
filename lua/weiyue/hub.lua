-- The hub: what the accounts of this state have in common when they talk to WeChat: token keeper, wire, store,
-- governor; and what the host knows of each account beyond what plugins see (its place). Made by boot, and by
-- programs that run once.

local core = require "weiyue_core"

local M = {}

local AT_RUN_TIME <const> = 1 << 16 -- numbers from here on are of accounts that the configuration does not name

---@class weiyue.Place an account, with its secrets
---@field index? integer    its number in the configuration; nil: it came at run time
---@field number? integer   what a task that works for it has: task.account()
---@field id string
---@field kind string
---@field verified? boolean
---@field appid? string
---@field secret? string
---@field api string        where WeChat's API is
---@field open? string      where its OAuth pages are; of the configuration's accounts, as url, mp and jweixin
---@field access_token? "stable"|"classic"|{ url: string, key?: string, account?: string }
---@field can table<string, boolean>
---@field limits? table<string, integer> calls a day that differ from the usual
---@field learnt? boolean   of an authorizer: WeChat has told what kind of account it is
---@field component? weiyue.Place of an authorizer: the platform that calls for it
---@field tell? fun()      of an authorizer: its object has what WeChat has told since
---@field pages? string     what links to its pages begin with, where that is not its url
---@field menu? weiyue.menu.Declared what the plugins declare
---@field object table      msg.account

---@class weiyue.Hub
---@field kv? table         the host's store
---@field dict table        memory that all workers share, and no plugin sees
---@field push? table      the module weiyue.push, where pushes are served
---@field wire weiyue.Wire
---@field components weiyue.Components
---@field rates weiyue.web.Rates
---@field keeper weiyue.token.Keeper
---@field private list weiyue.Place[]
---@field private by_id table<string, weiyue.Place>
---@field private by_object table<table, weiyue.Place>
---@field private by_number table<integer, table> msg.account
---@field private numbers table<string, integer> by id, of accounts that came at run time
---@field private n_numbers integer
local Hub = {}
Hub.__index = Hub

-- Who takes his authorisation back and gives it again has the same number.
local function number_of(self, place)
  local number = place.index or self.numbers[place.id]
  if not number then
    self.n_numbers = self.n_numbers + 1
    number = AT_RUN_TIME + self.n_numbers
    self.numbers[place.id] = number
  end
  return number
end

--- Adds an account.
---@param place weiyue.Place
function Hub:add(place)
  if not place.component then self.list[#self.list + 1] = place end
  self.by_id[place.id] = place
  self.by_object[place.object] = place
  place.number = number_of(self, place)
  self.by_number[place.number] = place.object
  return place
end

--- The place of an account: msg.account, or its id. nil: there is none.
---@return weiyue.Place?
function Hub:place(account) return self.by_object[account] or self.by_id[account] end

--- The same; of a platform's, the one that has authorised it and is named. nil: none is.
---@async
---@param account table
---@param appid? any
---@return weiyue.Place?
function Hub:owner(account, appid)
  local place = self:place(account)
  if not place or place.kind ~= "component" then return place end
  local object = type(appid) == "string" and self.components:find(appid)
  local its = object and self:place(object)
  return its and its.component == place and its or nil
end

--- Whose page a request has come to: the path or the query names it.
---@async
---@param req table
---@return weiyue.Place?
function Hub:owner_of(req)
  return self:owner(req.account, req.params and req.params.appid or req.query and req.query.appid)
end

--- The account that a task works for: msg.account, by what task.account() says.
---@param number integer
---@return table? object
function Hub:numbered(number) return self.by_number[number] end

--- All that the configuration names.
function Hub:places() return self.list end

--- An account that came at run time is gone. What still works for it finds it by its object.
function Hub:remove(place)
  if self.by_id[place.id] == place then self.by_id[place.id] = nil end
end

--- One more, in /metrics. An authorizer's count as its platform's.
---@param place weiyue.Place
---@param name string
function Hub:count(place, name)
  local index = (place.component or place).index
  if self.push and index then self.push.count(name, index) end
end

-- The parts are made when they are needed first: a host that calls no API needs none of them.
local parts = {}

function parts.kv()
  local ok, kv = pcall(require, "weiyue.kv")
  return ok and kv.object() or false
end

--- Memory that all workers share, beyond reloads.
function M.memory()
  return require("weiyue.shared").object "weiyue.host.dict" or require("weiyue.token.records").table_dict()
end

parts.dict = M.memory

function parts.wire() return require("weiyue.api.wire").new() end

function parts.components(hub) return require("weiyue.component").new(hub) end

function parts.keeper(hub)
  local records = require("weiyue.token.records").new(hub.kv or nil, hub.dict)
  return require("weiyue.token.keeper").new(records, hub.wire, hub.components,
    function(place) hub:count(place, "token_fetches") end)
end

function parts.governor(hub) return require("weiyue.api.governor").new(hub) end

function parts.rates() return require("weiyue.web.rate").new() end

function parts.engine(hub) return require("weiyue.api.call").new(hub) end

---@return weiyue.Hub
function M.new()
  return setmetatable({
    list = {}, by_id = {}, by_object = setmetatable({}, { __mode = "k" }), by_number = {}, numbers = {}, n_numbers = 0,
  }, {
    __index = function(hub, name)
      if Hub[name] then return Hub[name] end
      local make = parts[name]
      if not make then return nil end
      local part = make(hub)
      rawset(hub, name, part)
      return part
    end,
  })
end

--- A checked account of the configuration as a place.
---@param conf table
---@param object table
---@param index integer
---@return weiyue.Place
function M.place_of(conf, object, index)
  return {
    index = index, id = conf.id, kind = conf.kind, verified = conf.verified, appid = conf.appid, secret = conf.secret,
    api = conf.api, access_token = conf.access_token, can = conf.can, object = object, limits = conf.quota,
    url = conf.url, open = conf.open, mp = conf.mp, jweixin = conf.jweixin,
  }
end

-- Of this state: what the modules that plugins require work with.
local current

--- From now on weiyue.token and weiyue.api speak of these accounts.
---@param hub weiyue.Hub
function M.serve(hub) current = hub end

---@return weiyue.Hub
function M.current() return current or error("there is no account outside a host that serves one", 3) end

--- The Beijing day that is now: WeChat's counts begin anew at its start.
---@return integer
function M.day() return math.floor((core.time.now() + 8 * 3600) / 86400) end

return M
