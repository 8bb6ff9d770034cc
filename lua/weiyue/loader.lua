-- Sources to functions, and `require` of one plugin: weiyue, the stock modules, the plugin's own folder,
-- lua_path, and C modules that the configuration names.

local caller = require "weiyue.caller"
local core = require "weiyue_core"
local environment = require "weiyue.environment"
local files = require "weiyue.files"
local later = require "weiyue.later"
local mentions = require "weiyue.mentions"

local M = {}

-- The modules of weiyue that plugins may require.
local STOCK <const> = {
  ["weiyue.codec"] = true, ["weiyue.json"] = true, ["weiyue.xml"] = true, ["weiyue.form"] = true,
  ["weiyue.url"] = true, ["weiyue.crypto"] = true, ["weiyue.time"] = true, ["weiyue.log"] = true,
  ["weiyue.token"] = true, ["weiyue.api"] = true,
  ["weiyue.menu"] = true, ["weiyue.jssdk"] = true,
}

--- The source of a plugin or module, without a byte order mark.
---@param from weiyue.Sources
---@param path string weiyue:NAME is in the program
---@return string?, string? err
function M.read(from, path)
  local name = path:match "^weiyue:(.+)$"
  if name then return files.bundled(name) end
  local text, err = from.read(path)
  if not text then return nil, err end
  if text:sub(1, 3) == "\xEF\xBB\xBF" then text = text:sub(4) end
  if not core.text.valid(text) then
    return nil, path .. ": not UTF-8; save it as UTF-8 (GBK? 请另存为 UTF-8)"
  end
  if text:find("\0", 1, true) then return nil, path .. ": has a NUL byte: it is no text (有 NUL 字节，不是文本)" end
  return text
end

--- A chunk of a source, with these globals.
---@return function?, string? err
function M.compile(text, path, env) return load(text, "@" .. path, "t", env) end

-- Where a module's file may stand, in order.
local function candidates(plugin, lua_path, name)
  local list, file = {}, name:gsub("%.", "/")
  local own = plugin.folder and plugin.folder .. "/" .. file
  if own then list = { own .. ".lua", own .. "/init.lua" } end
  for _, where in ipairs(lua_path) do
    list[#list + 1] = where.folder .. where.pattern:gsub("%?", (file:gsub("%%", "%%%%")))
  end
  return list
end

local function is_name(name) return name:find "^[%w_%-]+[%w_%-%.]*$" and not name:find("..", 1, true) end

local function is_of_weiyue(name) return name == "weiyue" or name:find "^weiyue%." end

-- A C module whose name, or the part before a dot, the configuration names. Each state opens its own.
local function c_module(name, options)
  local listed, loaded = false, options.c_loaded
  for _, one in ipairs(options.c_modules) do listed = listed or one == name or name:sub(1, #one + 1) == one .. "." end
  if not listed or loaded[name] ~= nil then return loaded[name] end
  local tried, searchers = "", package.searchers
  for i = #searchers - 1, #searchers do -- the two that look along package.cpath: never io, which is loaded already
    local opener, where = searchers[i](name)
    if type(opener) == "function" then
      local value = opener(name, where)
      loaded[name] = value == nil and true or value
      return loaded[name]
    end
    tried = tried .. (opener or "")
  end
  return nil, tried
end

---@class weiyue.Loader options of require, for all plugins of a state
---@field base weiyue.Base
---@field lua_path { folder: string, pattern: string }[]
---@field c_modules string[] names that the configuration allows
---@field c_loaded table<string, any>
---@field sources? weiyue.Sources nil once everything is loaded

--- require for one plugin. A module that a plugin requires later, in a handler, is read while the plugin loads:
--- every worker has the same one, whatever becomes of the file.
---@param plugin table { folder?, wx }; its wx may come later
---@param options weiyue.Loader
---@return fun(name: string): any load_module
---@return fun(text: string, path: string) foresee reads the modules that a source names
---@return fun(env: table) give the globals of its modules, once they are made
function M.new(plugin, options)
  local loaded, loading, found, stock, env = {}, {}, {}, {}, nil

  -- The first file there is, { path, text or nil, err }, or nil and where it was looked for.
  local foresee
  local function find(name)
    if found[name] then return found[name] end
    local tried = ""
    for _, path in ipairs(options.sources and candidates(plugin, options.lua_path, name) or {}) do
      if options.sources.kind(path) == "file" then
        local text, err = M.read(options.sources, path)
        found[name] = { path = path, text = text, err = err }
        if text then foresee(text, path) end
        return found[name]
      end
      tried = tried .. "\n\tno file '" .. path .. "'"
    end
    if not options.sources then
      tried = "\n\tit was not read while the plugin loaded: require it there, or by a name in quotes"
    end
    return nil, tried
  end

  function foresee(text, path)
    plugin.calls = plugin.calls or {}
    table.move(mentions.find(text, path), 1, 1000, #plugin.calls + 1, plugin.calls)
    plugin.shows = plugin.shows or {}
    table.move(mentions.templates(text, path), 1, 1000, #plugin.shows + 1, plugin.shows)
    for name in text:gmatch "%f[%w_]require%s*%(?%s*[\"']([%w_%-%.]+)[\"']" do
      if is_name(name) and not is_of_weiyue(name) then find(name) end
    end
  end

  local function run(name, module)
    if loading[name] then error(("require: %s is being loaded already: a circle"):format(name), 3) end
    local chunk, err = nil, module.err
    if module.text then
      chunk, err = M.compile(module.text, module.path, env)
      caller.register(plugin, module.path, env)
    end
    if not chunk then error(err, 3) end
    loading[name] = true
    local _ <close> = setmetatable({}, { __close = function() loading[name] = nil end })
    local value = chunk(name, module.path)
    loaded[name] = value == nil and true or value
    module.text = nil
    return loaded[name]
  end

  local function load_module(name)
    if type(name) ~= "string" then error("require wants a name", 2) end
    if name == "weiyue" then return plugin.wx end
    if name == "weiyue.store" then return plugin.wx.store end
    if STOCK[name] then
      stock[name] = stock[name] or environment.module(options.base, name)
      return stock[name]
    end
    if name == "weiyue.http" then return plugin.wx.http end
    if name == "weiyue.sandbox.server" and plugin.path == "weiyue:sandbox" then return require(name) end
    if later.modules[name] then later.refuse(name) end
    if name == "weiyue.testing" then error("weiyue.testing is for specs, not for plugins (weiyue.testing 用在测试里)", 2) end
    if is_of_weiyue(name) then error(("no module %s"):format(name), 2) end
    if loaded[name] ~= nil then return loaded[name] end
    if not is_name(name) then error(("require: %q is not a module name"):format(name), 2) end
    local module, tried = find(name)
    if module then
      local value = run(name, module)
      return value
    end
    local value, also = c_module(name, options)
    if value ~= nil then return value end
    error(("module '%s' not found:%s%s"):format(name, tried, also or ""), 2)
  end

  return load_module, foresee, function(globals) env = globals end
end

return M
