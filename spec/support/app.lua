-- One account's plugins without a host: rules as functions of wx, messages as tables. For specs inside
-- the host (`weiyue test`).

local boot = require "weiyue.boot"
local core = require "weiyue_core"
local dispatch = require "weiyue.dispatch"
local dsl = require "weiyue.dsl"
local message = require "weiyue.message"
local rules = require "weiyue.rules"

local M = {}

local count = 0

--- An account with these plugins, in this order: each a function of wx, or { priority = n, f }.
---@param plugins (fun(wx: table)|{ priority: number, [1]: fun(wx: table) })[]
---@param account? table msg.account
---@return fun(msg: string|table): any, string?, boolean? answer as the host's dispatch gives it; a string is a text
function M.new(plugins, account)
  account = account or { id = "spec" }
  local list = {}
  for i, one in ipairs(plugins) do
    local f = type(one) == "table" and one[1] or one
    local plugin = { name = "plugin" .. i, priority = 0, rules = {}, uses = {}, timers = {} }
    plugin.wx = dsl.new(plugin, {
      account = function() return account end, current = function() return account end,
      find = function(id) return id == account.id and account or nil end,
    })
    f(plugin.wx)
    if type(one) == "table" then plugin.priority = one.priority end
    list[i] = plugin
  end
  local answer = dispatch.dispatcher(rules.compile(list))
  return function(msg)
    if type(msg) == "string" then msg = { type = "text", content = msg } end
    count = count + 1
    msg.openid, msg.account = msg.openid or "oTest" .. count, account
    return answer(setmetatable(msg, message.metatable))
  end
end

--- An account with one plugin.
---@param f fun(wx: table)
---@param account? table
function M.with(f, account) return M.new({ f }, account) end

--- Boots as C does, where nothing is served.
---@param options weiyue.BootOptions
---@return weiyue.Boot
function M.boot(options)
  local loaded = boot.read(options)
  if loaded.conf then boot.load(loaded) end
  return loaded
end

--- An event as the host gives it: with a scene where the key is one.
---@param event string
---@param key? string
---@return table msg
function M.event(event, key)
  local msg = { type = "event", event = event, key = key }
  if event == "scan" then msg.scene, msg.first = key, false end
  if event == "subscribe" and key and key:find "^qrscene_" then msg.scene, msg.first = key:sub(9), true end
  return msg
end

--- The error that f raises, a text: with file and line, which luassert's error_matches leaves out.
---@param f function
---@return string
function M.raised(f, ...)
  local ok, err = pcall(f, ...)
  if ok then error("nothing was raised", 2) end
  return err
end

--- Calls f and gives the lines that were logged meanwhile: { level, event, text, fields }.
---@param f function
---@return table[]
function M.logged(f)
  local lines, write = {}, core.log.write
  core.log.write = function(level, event, text, fields)
    lines[#lines + 1] = { level = level, event = event, text = text and tostring(text), fields = fields or {} }
  end
  local ok, err = pcall(f)
  core.log.write = write
  if not ok then error(err, 0) end
  return lines
end

return M
