-- The globals of a plugin: a table of its own with what it may see of Lua. Functions cannot be changed, and of
-- libraries and stock modules each plugin has read-only views: whatever it does, the others see them whole.

local readonly = require "weiyue.readonly"

local M = {}

-- What plugins see of Lua. Left out: io, debug, package, dofile, loadfile and what of os
-- changes the process: a plugin shares it with everybody else.
local GLOBALS <const> = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "xpcall", "rawequal", "rawget", "rawlen", "rawset",
  "select", "setmetatable", "getmetatable", "tonumber", "tostring", "type", "_VERSION",
}
local LIBRARIES <const> = { "coroutine", "math", "string", "table", "utf8" }
local OS <const> = { "clock", "date", "difftime", "getenv", "time" }

local ADVICE <const> = "other plugins use it as well; put your own into a local or a global of your own"
  .. " (不能改标准库：请放进自己的变量)"

---@class weiyue.Base what the plugins of a state have in common
---@field values table<string, any>
---@field views table<string, table>   metatables of the libraries' views
---@field modules table<string, table> the same of stock modules

--- Made once for all plugins that are loaded together.
---@return weiyue.Base
function M.base()
  local base = { values = {}, views = {}, modules = {} }
  for _, name in ipairs(GLOBALS) do base.values[name] = _G[name] end
  for _, name in ipairs(LIBRARIES) do base.views[name] = readonly.metatable(name, ADVICE, _G[name]) end
  local system = {}
  for _, name in ipairs(OS) do system[name] = os[name] end
  base.views.os = readonly.metatable("os", ADVICE, system)
  return base
end

--- A stock module as a plugin sees it.
---@param base weiyue.Base
---@param name string
---@return table
function M.module(base, name)
  local meta = base.modules[name]
  if not meta then
    meta = readonly.metatable(name, ADVICE, require(name))
    base.modules[name] = meta
  end
  return setmetatable({}, meta)
end

--- A plugin's globals.
---@param base weiyue.Base
---@param print fun(...) what print does
---@param load_module fun(name: string): any what require does
---@return table env
function M.new(base, print, load_module)
  local env = { print = print, require = load_module }
  for name, value in next, base.values do env[name] = value end
  for name, meta in next, base.views do env[name] = setmetatable({}, meta) end
  env._G = env
  function env.load(chunk, name, mode, own)
    if mode ~= nil and mode ~= "t" then return nil, "only text can be loaded" end
    return load(chunk, name, "t", own == nil and env or own)
  end
  function env.collectgarbage(what)
    if what ~= "count" then error('collectgarbage: plugins have "count" only', 2) end
    return collectgarbage "count"
  end
  return env
end

return M
