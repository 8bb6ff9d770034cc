-- Finding and loading plugins: files, folders and bundled ones, each with a global table of its own.

local caller = require "weiyue.caller"
local core = require "weiyue_core"
local dsl = require "weiyue.dsl"
local environment = require "weiyue.environment"
local files = require "weiyue.files"
local limits = require "weiyue.limits"
local loader = require "weiyue.loader"
local nearest = require "weiyue.nearest"
local punctuation = require "weiyue.config.punctuation"
local settings = require "weiyue.settings"
local sources = require "weiyue.sources"

local M = {}

-- An error as one line that an editor can follow: Lua shortens a long path to "...END".
local function one_line(err, path)
  local tail = err:match "^%.%.%.([^:]*):%d+:"
  if tail and path:sub(-#tail) == tail then err = path .. err:sub(#tail + 4) end
  return sources.printable((core.secrets.mask(err):gsub("%c+", " ")))
end

local function in_chinese(err) return require("weiyue.chinese").of(err) end

-- Two spellings of one plugin's path are one: club, ./club, club/, club/init.lua.
local function plain(path)
  return (path:gsub("/init%.lua$", ""):gsub("(.)/+$", "%1"):gsub("^%./", ""):gsub("/%./", "/"))
end

-- Why there is no bundled plugin of this name; nil: there is.
local function not_bundled(entry, has_guest)
  local name = entry:sub(#"weiyue:" + 1)
  if name == "sandbox" and not has_guest then
    return "沙箱不能写进 plugins：由 weiyue sandbox 运行", "the sandbox is no plugin to list: `weiyue sandbox` runs it"
  end
  if files.bundled(name) then return nil end
  local names = {}
  for _, one in ipairs(files.all_bundled()) do
    if one ~= "sandbox" then names[#names + 1] = one end
  end
  local near = nearest.slip(name, names)
  for i, one in ipairs(names) do names[i] = "weiyue:" .. one end
  return ("本版本没有内置插件 %s；%s"):format(entry,
    near and "最接近的是 weiyue:" .. near or "有的是 " .. table.concat(names, "、")),
    ("the bundled plugin %s is not in this build; %s"):format(entry,
      near and "the nearest is weiyue:" .. near or "there is " .. table.concat(names, ", "))
end

-- The entries of the configuration as plugins: globs expanded. What an entry gives a name stands under that
-- name alone, wherever else it is listed, and has that entry's settings.
local function expand(entries, options, problems)
  local folder, file, from = options.folder, options.file, options.sources
  local found, names, named, place = {}, {}, {}, ""
  local function problem(level, zh, en)
    problems[#problems + 1] = { level = level, event = "plugin.load_failed", zh = place .. zh, en = place .. en }
  end
  local function absolute(path)
    if path:find "^/" or path:find "^weiyue:" or folder == "" then return path end
    return folder .. "/" .. path
  end
  -- Its name stands in the log, in metrics and in the kept generations.
  local function is_named_well(path)
    local is_inside = folder ~= "" and path:sub(1, #folder + 1) == folder .. "/"
    return not (is_inside and path:sub(#folder + 2) or path):find "[%c\\]"
  end
  local function add(path, entry)
    if not is_named_well(path) then
      path = sources.printable(path)
      return problem("error", ("文件名 %s 里有控制字符或反斜杠，或者不是 UTF-8：请改名"):format(path),
        ("the file name %s has a control character or a backslash, or is not UTF-8: rename it"):format(path))
    end
    local name = entry.name or path:match "([^/]+)/init%.lua$"
      or (path:match "([^/]+)/*$" or ""):gsub("^weiyue:", ""):gsub("%.lua$", "")
    if name == "" then return problem("error", ("%s 不是插件"):format(path), ("%s is no plugin"):format(path)) end
    if not entry.name and named[plain(path)] then return end
    if names[name] then
      if names[name] ~= path then
        problem("error", ("插件名 %s 重复：%s 与 %s"):format(name, names[name], path),
          ("two plugins are named %s: %s and %s"):format(name, names[name], path))
      end
      return
    end
    names[name] = path
    found[#found + 1] = { name = name, path = path, entry = entry.path, named = entry.name, config = entry.config }
  end
  for _, entry in ipairs(entries) do
    if entry.name then named[plain(absolute(entry.path))] = true end
  end
  for i, entry in ipairs(entries) do -- those without a name come first, as in the file
    place = ("%s: plugins%s: "):format(file, entry.name and "." .. entry.name or "[" .. i .. "]")
    local path = absolute(entry.path)
    if path:find "^weiyue:" then
      local zh, en = not_bundled(path, options.has_guest)
      if zh then problem("error", zh, en) else add(path, entry) end
    elseif entry.path:find "[%*%?%[]" then
      local pattern = entry.path
      if path ~= pattern then pattern = folder:gsub("[%*%?%[%]\\]", "\\%0") .. "/" .. pattern end
      local matches, err = from.glob(pattern)
      if not matches then problem("error", err, err) end
      for _, match in ipairs(matches or {}) do
        if not match:find "_spec%.lua$" then add(match, entry) end
      end
      if matches and #matches == 0 then -- a project may begin without a plugin, but not with a typo
        local level = entry.path == "plugins/*.lua" and "note" or "error"
        problem(level, ("没有文件符合 %s"):format(path), ("no file matches %s"):format(path))
      end
    elseif not from.kind(path) then
      problem("error", ("插件 %s 不存在"):format(path), ("there is no plugin %s"):format(path))
    else
      add(path, entry)
    end
  end
  return found, names
end

-- Folders with an init.lua beside the files of a glob: it names files only, which is easily overlooked.
local function overlooked(entries, options, listed, problems)
  local folder, from = options.folder, options.sources
  local paths = {}
  for _, path in pairs(listed) do paths[path:gsub("/init%.lua$", ""):gsub("/+$", "")] = true end
  for _, entry in ipairs(entries) do
    local inside = entry.path:match "^(.*/)%*%.lua$"
    local start = inside and (inside:find "^/" or folder == "") and inside or inside and folder .. "/" .. inside
    local escaped = start and start:gsub("[%*%?%[%]\\]", "\\%0")
    for _, match in ipairs(escaped and from.glob(escaped .. "*/init.lua") or {}) do
      local path = match:gsub("/init%.lua$", "")
      local name = path:match "[^/]+$"
      if not (paths[path] or listed[name]) then
        problems[#problems + 1] = { level = "note", event = "plugin.lint",
          zh = ("%s 里有 init.lua，但 plugins 里没有写 \"%s\"：没有加载"):format(path, inside .. name),
          en = ("%s has an init.lua, but is not listed in plugins (\"%s\"): not loaded"):format(path, inside .. name),
        }
      end
    end
  end
end

-- What is wrong with a plugin's settings, each with its place in the configuration.
local function wrong_settings(found, plugin, options)
  local list, path = {}, found.path
  if path:sub(1, #options.folder + 1) == options.folder .. "/" then path = path:sub(#options.folder + 2) end
  for i, fault in ipairs(plugin.wrong) do
    local line = options.locate and options.locate(fault.key)
    local at = ("%s%s: %s: "):format(options.file, line and ":" .. line or "", fault.key)
    list[i] = { at .. fault.zh, at .. fault.en }
    if not found.named and not found.config then
      local how = ('plugins = { %s = { path = "%s", config = { … } } }'):format(found.name, path)
      list[i] = { list[i][1] .. "；写在 " .. how, list[i][2] .. "; it belongs in " .. how }
    end
  end
  return list
end

-- What of its pages is not there; else they are read with it.
local function pages_fault(plugin, from)
  for _, page in ipairs(plugin.pages) do
    if page.folder and from.kind(page.folder) ~= "folder" then
      return ("%s: wx.static: there is no folder %s"):format(page.where, page.folder)
    end
  end
  local ok, err = require("weiyue.web.render").read(plugin, from)
  return not ok and err or nil
end

-- The plugin, or nil and why not: { zh, en } for each fault.
local function load_one(found, options, host)
  local plugin = {
    name = found.name, path = found.path, entry = found.entry, config = found.config, priority = 0,
    rules = {}, uses = {}, timers = {}, files = {},
  }
  local file, from = found.path, options.sources
  if not file:find "^weiyue:" and from.kind(file) == "folder" and not file:find "/init%.lua$" then
    plugin.folder = file:gsub("/+$", "")
    file = plugin.folder .. "/init.lua"
  end
  settings.hide_env(plugin.config, options.from_env)
  plugin.wx = dsl.new(plugin, host)
  local load_module, foresee, give = loader.new(plugin, options)
  local function print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    plugin.wx.log.info(table.concat(parts, "\t"))
  end
  local env = environment.new(options.base, print, load_module)
  plugin.env = env
  caller.register(plugin, file, env)
  give(env)
  local text, err = loader.read(from, file)
  local chunk
  if options.refuse_empty and text and not text:find "%S" then -- some editors save so: first nothing, then the file
    return nil, { { file .. ": 是空文件", file .. ": is empty" } }
  end
  if text then chunk, err = loader.compile(text, file, env) end
  if not chunk then
    err = one_line(err, file)
    local hint_zh, hint_en = punctuation.hint(text or "", tonumber(err:match ":(%d+):"))
    return nil, { {
      in_chinese(err) .. (hint_zh and "；" .. hint_zh or ""), err .. (hint_en and "; " .. hint_en or ""),
    } }
  end
  foresee(text, file)
  local ok
  ok, err = limits.guard(chunk, plugin.name, file)
  if plugin.wrong then return nil, wrong_settings(found, plugin, options) end -- even if it went on
  if not ok then
    err = one_line(err, file)
    local zh = plugin.menu_fault and err:gsub("wx%.menu: .*", plugin.menu_fault)
    return nil, { { zh or in_chinese(err), err } }
  end
  if plugin.pages then
    err = pages_fault(plugin, from)
    if err then return nil, { { in_chinese(err), err } } end
  end
  plugin.loaded = true
  caller.rules(plugin)
  return plugin
end

---@class weiyue.PluginOptions
---@field file string    what problems call the configuration
---@field folder string  where relative paths start
---@field lua_path { folder: string, pattern: string }[]
---@field c_modules? string[]
---@field sources? weiyue.Sources absent: the disk
---@field has_guest? boolean weiyue:sandbox may be loaded
---@field from_env? table<string, true> values of the configuration that came from the environment
---@field locate? fun(key: string): integer? the line of a key of the configuration

--- Loads the plugins of a configuration. One that fails is left out and told in problems. What it reads of
--- options is read now: no plugin reads the disk later.
---@param entries { name?: string, path: string, config?: table }[]
---@param options weiyue.PluginOptions
---@param host table what dsl.new wants
---@return table[] plugins, table[] problems, integer failed
function M.load(entries, options, host)
  local problems, plugins, failed = {}, {}, 0
  options = { -- a copy, which outlives loading in each plugin's require
    file = options.file, folder = options.folder, lua_path = options.lua_path, c_modules = options.c_modules or {},
    locate = options.locate, from_env = options.from_env or {}, sources = options.sources or sources.disk(),
    has_guest = options.has_guest,
    base = environment.base(), c_loaded = {},
  }
  local all, listed = expand(entries, options, problems)
  overlooked(entries, options, listed, problems)
  for _, p in ipairs(problems) do
    if p.level == "error" then failed = failed + 1 end
  end
  local has_pages = false
  for _, found in ipairs(all) do
    local plugin, faults = load_one(found, options, host)
    if plugin then
      plugins[#plugins + 1] = plugin
      has_pages = has_pages or plugin.pages ~= nil
    else
      failed = failed + 1
      for _, fault in ipairs(faults) do
        problems[#problems + 1] = {
          level = "error", event = "plugin.load_failed",
          zh = ("%s（插件 %s 没有加载）"):format(fault[1], found.name),
          en = ("%s (plugin %s was not loaded)"):format(fault[2], found.name),
        }
      end
    end
  end
  for _, fault in ipairs(has_pages and require("weiyue.web.render").compile(plugins) or {}) do
    local err, is_wanted = one_line(fault.err, fault.path), fault.is_wanted
    failed = failed + (is_wanted and 1 or 0)
    problems[#problems + 1] = {
      level = is_wanted and "error" or "note", event = is_wanted and "plugin.load_failed" or "plugin.lint",
      zh = err .. (is_wanted and "（模板有错）" or "（这不是能用的模板）"),
      en = err .. (is_wanted and " (a template is wrong)" or " (this is no template that can be shown)"),
    }
  end
  options.sources, options.locate, options.from_env = nil, nil, nil -- and their texts may go
  return plugins, problems, failed
end

return M
