-- Boot: from weiyue.lua to everything that serves. C calls load once and reads what it returns.

local dispatch = require "weiyue.dispatch"
local events = require "weiyue.events"
local later = require "weiyue.later"
local lint = require "weiyue.lint"
local message = require "weiyue.message"
local plugins = require "weiyue.plugin"
local rules = require "weiyue.rules"
local timers = require "weiyue.timers"

local M = {}

-- The schema with its texts in two languages is large and needed once.
local function read_config(options)
  local config = require "weiyue.config"
  local overrides = { overrides = { listen = options.listen } }
  local conf, found
  if options.text then
    conf, found = config.load_string(options.text, options.name or "weiyue.lua", overrides)
  else
    conf, found = config.load(options.path, overrides)
  end
  for name in pairs(package.loaded) do
    if name:find "^weiyue%.config" then package.loaded[name] = nil end
  end
  return conf, found
end

local function place(p)
  local text = p.file or ""
  if p.line then text = text .. ":" .. p.line end
  if p.key then text = text .. ": " .. p.key end
  return text == "" and "" or text .. ": "
end

-- msg.account and wx.account(): what a plugin may know of an account, and no secret.
local function account_object(conf)
  local can = {} -- a copy: what a plugin writes there changes nothing of the host
  for name, value in pairs(conf.can) do can[name] = value end
  return setmetatable({
    id = conf.id, url = conf.url, path = conf.path, kind = conf.kind, verified = conf.verified,
    username = conf.username, appid = conf.appid, mode = conf.mode, can = can,
  }, {
    __name = "weiyue.account",
    __index = function(_, key)
      if later.account[key] then later.refuse("account." .. key) end
    end,
  })
end

-- The plugins of one account. A name that is no plugin's is told: the account would miss it silently.
-- Paths start from the configuration's folder, as everywhere in it.
local function chosen(all, account, folder, missing)
  if account.plugins == "all" or account.plugins == nil then return all end
  local list = {}
  for _, name in ipairs(account.plugins) do
    local before = #list
    local path = (name:find "^/" or folder == "") and name or folder .. "/" .. name
    for _, plugin in ipairs(all) do
      if plugin.name == name or plugin.entry == name or plugin.path == path then list[#list + 1] = plugin end
    end
    if #list == before then missing(account, name) end
  end
  return list
end

---@class weiyue.Boot
---@field conf? table            the checked configuration; nil when it has errors
---@field problems { level: string, event: string, zh: string, en: string }[]
---@field failed_plugins integer
---@field accounts { object: table, dispatch: function }[]
---@field start_timers? fun(): fun() with conf: arms this worker's timers, called once, when its loop starts; gives
---  the function that stops them

---@class weiyue.BootOptions: weiyue.timers.Options
---@field path? string
---@field text? string
---@field name? string
---@field folder? string
---@field listen? string

---@param options weiyue.BootOptions
---@return weiyue.Boot
function M.load(options)
  local conf, found = read_config(options)
  local boot = {
    conf = conf, problems = {}, failed_plugins = 0, accounts = {}, may_reply = events.may_reply,
    once = dispatch.once, message = message.metatable,
  }
  for _, p in ipairs(found) do
    local at = place(p)
    -- the event's name tells faults of one kind apart for whoever greps
    local event = p.event == "config" and "" or " [" .. p.event .. "]"
    boot.problems[#boot.problems + 1] = {
      level = p.level, event = p.event, zh = at .. p.zh .. event, en = at .. p.en .. event,
    }
  end
  if not conf then return boot end
  debug.getmetatable("").__metatable = "string" -- the one table that all plugins share

  local folder = options.folder or (options.path or ""):match "^(.*)/[^/]*$" or ""
  local objects = {}
  local host = {}
  function host.account(id)
    if id == nil and #objects == 1 then return objects[1] end
    for _, object in ipairs(objects) do
      if object.id == id then return object end
    end
    error(id and ("no account %s"):format(tostring(id)) or "which account? wx.account(id)", 3)
  end
  function host.note(plugin, where, what)
    boot.problems[#boot.problems + 1] = {
      level = "note", event = "config.not_in_build",
      zh = ("%s: 插件 %s 的 %s：本版本尚未实现"):format(where, plugin.name, what),
      en = ("%s: %s of plugin %s: not in this build"):format(where, what, plugin.name),
    }
  end
  for i, account in ipairs(conf.accounts) do objects[i] = account_object(account) end

  local lua_path = {}
  for i, pattern in ipairs(conf.lua_path or {}) do
    local absolute = pattern:find "^/" or folder == ""
    lua_path[i] = { folder = absolute and "" or folder .. "/", pattern = pattern } -- a folder's own ? stays
  end
  local loaded, problems, failed =
    plugins.load(conf.plugins, { folder = folder, lua_path = lua_path }, host)
  boot.failed_plugins = failed
  for _, p in ipairs(problems) do boot.problems[#boot.problems + 1] = p end
  boot.plugins = loaded
  for _, plugin in ipairs(loaded) do
    for _, note in ipairs(lint.check(plugin)) do
      boot.problems[#boot.problems + 1] = { level = "note", event = "plugin.lint", zh = note.zh, en = note.en }
    end
  end

  local function missing(account, name)
    boot.failed_plugins = boot.failed_plugins + 1
    boot.problems[#boot.problems + 1] = {
      level = "error", event = "plugin.load_failed",
      zh = ("账号 %s 要用的插件 %s 没有加载"):format(account.id, name),
      en = ("account %s wants the plugin %s, which is not loaded"):format(account.id, name),
    }
  end
  for i, account in ipairs(conf.accounts) do
    local index = rules.compile(chosen(loaded, account, folder, missing))
    boot.accounts[i] = { object = objects[i], dispatch = dispatch.dispatcher(index) }
  end
  function boot.start_timers() return timers.start(loaded, options) end
  return boot
end

return M
