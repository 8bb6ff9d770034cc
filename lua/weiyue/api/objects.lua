-- account.api: families and their calls as functions, made when they are asked for. Each plugin has its own, so that
-- a call is known to be his wherever it is made.

local caller = require "weiyue.caller"
local catalogue = require "weiyue.api.catalogue"
local hubs = require "weiyue.hub"
local nearest = require "weiyue.nearest"

local M = {}

local UNKNOWN <const> = { name = "?" } -- code of no known plugin declares nothing

local API <const>, FAMILY <const> = "weiyue.api", "weiyue.api.family"

local function refuse(_, key)
  error(("account.api is read-only: %s (不能改)"):format(tostring(key)), 2)
end

local function call(self, key, args, family)
  if rawequal(args, family) or (args ~= nil and type(args) ~= "table") then
    error(("account.api.%s takes a table of fields, with a dot before its name: account.api.%s{ … }")
      :format(key, key), 3)
  end
  return hubs.current().engine:call(self.place, key, args, self)
end

local function family_of(self, name)
  if not catalogue.is_family(name) then
    local near = nearest.slip(name, catalogue.families())
    error(("account.api has no %s%s"):format(name, near and "; the nearest is " .. near or ""), 3)
  end
  local family = {}
  return setmetatable(family, {
    __name = FAMILY, __metatable = FAMILY, __newindex = refuse,
    __index = function(_, call_name)
      local key = ("%s.%s"):format(name, tostring(call_name))
      if not catalogue.find(key) then
        local near = catalogue.near(key)
        local hint = near and "; the nearest is account.api." .. near or ""
        error(("account.api.%s does not exist%s"):format(key, hint), 2)
      end
      local function one(args, ...)
        if select("#", ...) > 0 then args = family end -- called with a colon
        return call(self, key, args, family)
      end
      rawset(family, call_name, one)
      return one
    end,
  })
end

local methods = {}

--- A call by its name in a text.
---@async
function methods.call(api, key, args)
  local self = getmetatable(api) == API and M.of[api]
  if not self then error('call it with a colon: account.api:call("family.name", { … })', 2) end
  if type(key) ~= "string" then error('account.api:call wants a name such as "user.info"', 2) end
  if not catalogue.find(key) then
    local near = catalogue.near(key)
    error(("account.api has no %s%s"):format(key, near and "; the nearest is " .. near or ""), 2)
  end
  return call(self, key, args)
end

M.of = setmetatable({}, { __mode = "k" }) -- api object → { place, plugin }

--- The calls of an account, as one plugin makes them.
---@param place weiyue.Place
---@param plugin? table nil: weiyue itself
---@return table api
function M.new(place, plugin)
  local api, self = {}, { place = place, plugin = plugin }
  M.of[api] = self
  return setmetatable(api, {
    __name = API, __metatable = API, __newindex = refuse,
    __index = function(_, name)
      if methods[name] then return methods[name] end
      local family = family_of(self, tostring(name))
      rawset(api, name, family)
      return family
    end,
  })
end

--- What account.api is, asked for by the code that runs now.
---@param place weiyue.Place
---@return table api
function M.mine(place)
  local plugin = caller.who() or UNKNOWN
  place.apis = place.apis or setmetatable({}, { __mode = "k" })
  local api = place.apis[plugin]
  if not api then
    api = M.new(place, plugin)
    place.apis[plugin] = api
  end
  return api
end

return M
