-- What messages, files and late replies ask of WeChat and of the store: parts that are made when they are needed
-- first.

local task = require "weiyue.task"

local M = {}

---@class weiyue.Services
---@field call async fun(account: table, name: string, args: table, options?: table): any, any of WeChat's API
---@field user_cache fun(self, account: table): number seconds that msg:user keeps what it has asked
---@field followers fun(account: table, options?: table): function account:followers
---@field upload weiyue.Upload
---@field desk weiyue.Desk
---@field users weiyue.Users
---@field download weiyue.Download
---@field paths weiyue.Confine

local USER_CACHE <const> = 3600 -- seconds, for an account that came at run time

local parts = {}

function parts.upload(options)
  return require("weiyue.upload").new {
    kv = options.kv, call = options.call, asset = require "weiyue.asset",
    breathe = function(seconds) task.sleep(seconds or 0) end,
  }
end

function parts.desk(options)
  return require("weiyue.desk").new { kv = options.kv, dict = options.hub.dict }
end

function parts.users(options)
  local hub = options.hub
  return require("weiyue.users").new {
    kv = options.kv, call = options.call,
    told = function(account, ...) hub.engine:cached(hub:place(account), ...) end,
  }
end

function parts.paths(options)
  options.confine = options.confine or require("weiyue.confine").new(options)
  return options.confine
end

function parts.download(options)
  return require("weiyue.download").new {
    call = options.call, send = function(request) return require("weiyue.transport").send(request) end,
    paths = parts.paths(options), files = require "weiyue.files",
  }
end

---@class weiyue.ServicesOptions
---@field folder string  of the configuration
---@field state? string  the state folder
---@field store? string  the path of the store's file
---@field closed? string[] other files that no plugin reads or writes; set when plugins are loaded
---@field templates? string[] folders of plugins with templates; likewise
---@field hub weiyue.Hub
---@field accounts { object: table, conf: table }[] msg.account and the checked configuration

---@param options weiyue.ServicesOptions
---@return weiyue.Services
function M.new(options)
  local hub, confs = options.hub, {}
  function options.kv() return hub.kv or nil end
  ---@async
  function options.call(account, name, args, how) return hub.engine:call(hub:place(account), name, args, how) end
  for _, account in ipairs(options.accounts) do confs[account.object] = account.conf end
  local services = setmetatable({ call = options.call }, {
    __index = function(services, name)
      local part = parts[name](options)
      rawset(services, name, part)
      return part
    end,
  })
  function services.user_cache(_, account) return confs[account] and confs[account].user_cache or USER_CACHE end

  -- account:followers
  function services.followers(account, where)
    if getmetatable(account) ~= "read-only" then error("call it with a colon: account:followers()", 2) end
    local iterator = services.users:followers(account, where) -- no tail call: its errors name the plugin's line
    return iterator
  end
  return services
end

return M
