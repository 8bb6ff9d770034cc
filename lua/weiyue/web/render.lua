-- wx.render: the templates NAME.html of a plugin's folder. They are read while the plugin loads, with everything
-- else, and compiled once all plugins are there.

local caller = require "weiyue.caller"
local core = require "weiyue_core"
local file = require "weiyue.file"
local layout = require "weiyue.web.layout"
local limits = require "weiyue.limits"
local loader = require "weiyue.loader"
local nearest = require "weiyue.nearest"
local script = require "weiyue.web.script"
local template = require "weiyue.web.template"

local M = {}

local escape <const> = core.html.escape

local NAME <const> = "weiyue.render"
local Render <const> = { __name = NAME, __metatable = NAME }

-- Private keys: plugins do not come upon them.
local VARS <const>, VISIT <const>, BASE <const> = {}, {}, {}
local OF <const> = {}

--- Whether a page has returned this by wx.render.
function M.is(value) return getmetatable(value) == NAME end

--- wx.render(name, vars)
function M.of(plugin)
  return function(name, vars)
    if type(name) ~= "string" or name == "" then
      caller.misuse 'wx.render wants a name: "NAME" is the file NAME.html'
    end
    if vars ~= nil and type(vars) ~= "table" then caller.misuse "wx.render: what it shows is a table of values" end
    if plugin.loaded and not (plugin.templates and plugin.templates[name]) then
      caller.misuse(("wx.render: there is no %s/%s.html: save it there, and the plugins are loaded anew with it"
        .. " (模板不存在：新建它，保存后自动重新装载)"):format(file.folder_of(plugin) or "", name))
    end
    return setmetatable({ [OF] = { plugin = plugin, name = name, vars = vars or {} } }, Render)
  end
end

--- Reads the templates of a plugin that has pages. nil, why: one cannot be read.
---@param plugin table
---@param from weiyue.Sources
---@return true? ok
---@return string? why
function M.read(plugin, from)
  local folder = file.folder_of(plugin)
  plugin.templates = {}
  if not folder then return true end
  local start = folder:gsub("[%*%?%[%]\\]", "\\%0")
  for _, depth in ipairs { "/*.html", "/*/*.html" } do
    for _, path in ipairs(from.glob(start .. depth) or {}) do
      local text, err = loader.read(from, path)
      if not text then return nil, err end
      local inside = path:match "^(.*)/[^/]*$"
      plugin.templates[path:sub(#folder + 2):gsub("%.html$", "")] = {
        path = path, text = text,
        is_others = inside ~= folder and from.kind(inside .. "/init.lua") == "file" or nil, -- another plugin's
      }
    end
  end
  return true
end

-- What templates have besides their values: names that a value or a global of the plugin's hides.
local help = {}

function help.req(visit) return visit.req end
function help.csrf(visit) return visit.req.csrf end
function help.nonce(visit) return visit.req.nonce end
function help.base(visit) return visit.req.base end
function help.csrf_field(visit) return '<input type="hidden" name="csrf" value="' .. escape(visit.req.csrf) .. '">' end

function help.json() return script.json end

local Env <const> = {
  __index = function(env, key)
    local vars = rawget(env, VARS)
    local value = vars and vars[key]
    if value ~= nil then return value end
    value = rawget(env, BASE)[key]
    if value ~= nil then return value end
    local make = help[key]
    if make then return make(rawget(env, VISIT)) end
  end,
}

-- level: whose fault it is that there is none.
local function find(plugin, name, level)
  local one = plugin.templates and plugin.templates[name]
  if not one then
    error(("there is no template %s/%s.html (没有这个模板)"):format(file.folder_of(plugin) or "", name), level)
  end
  if not one.run then
    one.run, one.includes = template.compile(one.text, one.path)
    one.text = nil
    caller.register(plugin, one.path, plugin.env)
  end
  return one.run
end

-- The names that a plugin shows, and what these include: more may be asked for by names that are put together.
local function wanted_by(plugin)
  local names, list = {}, { "layout" }
  for _, one in ipairs(plugin.shows or {}) do list[#list + 1] = one.name end
  for _, name in ipairs(list) do
    local one = not names[name] and plugin.templates and plugin.templates[name]
    names[name] = true
    for _, inner in ipairs(one and one.includes or {}) do list[#list + 1] = inner.name end
  end
  return names
end

--- Compiles the templates of these plugins. What wx.static gives as it is, and what another plugin has in its
--- folder, may be HTML of another kind: of them one is compiled when it is shown.
---@param plugins table[] all of the configuration
---@return { path: string, err: string, is_wanted: boolean }[] faults one for each template that is wrong; pages that
---  show it raise it
function M.compile(plugins)
  local static, faults, seen = {}, {}, {}
  for _, plugin in ipairs(plugins) do
    for _, page in ipairs(plugin.pages or {}) do
      if page.folder then static[#static + 1] = page.folder:gsub("/+$", "") .. "/" end
    end
  end
  local function is_static(path)
    for _, folder in ipairs(static) do
      if path:sub(1, #folder) == folder then return true end
    end
  end
  for _, plugin in ipairs(plugins) do
    local failed = {}
    for _, name in ipairs(nearest.names(plugin.templates or {})) do
      local one = plugin.templates[name]
      local ok, err = true, nil
      if not (one.is_others or is_static(one.path)) then ok, err = pcall(find, plugin, name) end
      if not ok then failed[#failed + 1] = { name = name, path = one.path, err = err } end
    end
    local wanted = failed[1] and wanted_by(plugin)
    for _, one in ipairs(failed) do -- plugins of one folder have the same ones
      local fault = seen[one.path] or { path = one.path, err = one.err, is_wanted = false }
      fault.is_wanted = fault.is_wanted or wanted[one.name] == true
      if not seen[one.path] then faults[#faults + 1] = fault end
      seen[one.path] = fault
    end
  end
  return faults
end

-- Runs in limits.call: a template is a plugin's code.
local function run(plugin, name, env)
  local writer, include = core.html.writer(), plugin.include
  if not include then
    function include(inner, its, inner_env) return find(plugin, inner, 3)(its, include, inner_env) end
    plugin.include = include
  end
  find(plugin, name, 0)(writer, include, env)
  return core.html.written(writer)
end

--- The HTML of a value of wx.render, a whole document.
---@async
---@param value table
---@param visit table
---@return string
function M.html(value, visit)
  local of = value[OF]
  local plugin = of.plugin
  local vars = of.vars
  local env = { -- with room for a few values
    [VISIT] = visit, [BASE] = plugin.env, [VARS] = getmetatable(vars) ~= nil and vars or nil,
    _1 = nil, _2 = nil, _3 = nil, _4 = nil, _5 = nil,
  }
  for name, one in next, vars do env[name] = one end
  setmetatable(env, Env)
  local body = limits.call(run, plugin, of.name, env)
  if layout.is_whole(body) then return body end
  if plugin.templates.layout and of.name ~= "layout" then
    env.body = body
    return limits.call(run, plugin, "layout", env)
  end
  local title = env.title
  return layout.wrap(body, type(title) == "string" and escape(title) or nil)
end

return M
