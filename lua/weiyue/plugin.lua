-- Finding and loading plugins: files and folders, each with a global table of its own.

local core = require "weiyue_core"
local dsl = require "weiyue.dsl"
local files = require "weiyue.files"
local later = require "weiyue.later"
local limits = require "weiyue.limits"
local punctuation = require "weiyue.config.punctuation"

local M = {}

-- What plugins see of Lua. Left out: io, debug, package, dofile, loadfile and what of
-- os changes the process: a plugin shares it with everybody else.
local GLOBALS <const> = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "xpcall", "rawequal", "rawget", "rawlen", "rawset",
  "select", "setmetatable", "getmetatable", "tonumber", "tostring", "type", "_VERSION",
}
local LIBRARIES <const> = { "coroutine", "math", "string", "table", "utf8" }
local OS <const> = { "clock", "date", "difftime", "getenv", "time" }

-- The modules of weiyue that plugins may require.
local STOCK <const> = {
  ["weiyue.codec"] = true, ["weiyue.json"] = true, ["weiyue.xml"] = true, ["weiyue.form"] = true,
  ["weiyue.url"] = true, ["weiyue.crypto"] = true, ["weiyue.time"] = true, ["weiyue.log"] = true,
}

local function base()
  local b = { os = {} }
  for _, name in ipairs(GLOBALS) do b[name] = _G[name] end
  for _, name in ipairs(LIBRARIES) do -- a copy each: what one plugin puts into string stays there
    b[name] = {}
    for key, value in pairs(_G[name]) do b[name][key] = value end
  end
  for _, name in ipairs(OS) do b.os[name] = os[name] end
  return b
end

local function read_source(path)
  local text, err = files.read(path)
  if not text then return nil, err end
  if text:sub(1, 3) == "\xEF\xBB\xBF" then text = text:sub(4) end
  if not core.text.valid(text) then
    return nil, path .. ": not UTF-8; save it as UTF-8 (GBK? 请另存为 UTF-8)"
  end
  return text
end

-- An error as one line that an editor can follow: Lua shortens a long path to "...END".
local function one_line(err, path)
  local tail = err:match "^%.%.%.([^:]*):%d+:"
  if tail and path:sub(-#tail) == tail then err = path .. err:sub(#tail + 4) end
  err = err:gsub("%c+", " ")
  if core.text.valid(err) then return err end
  return (err:gsub("[\x80-\xFF]", function(c) return ("\\x%02X"):format(c:byte()) end))
end

local function load_file(path, env)
  local text, err = read_source(path)
  if not text then return nil, err end
  local chunk
  chunk, err = load(text, "@" .. path, "t", env)
  return chunk, err, text
end

-- require of one plugin: weiyue, the stock modules, the plugin's own folder, lua_path.
local function make_require(plugin, env, options)
  local loaded, loading = {}, {}
  return function(name)
    if type(name) ~= "string" then error("require wants a name", 2) end
    if name == "weiyue" then return plugin.wx end
    if STOCK[name] then return require(name) end
    if later.modules[name] then later.refuse(name) end
    if name == "weiyue" or name:find "^weiyue%." then error(("no module %s"):format(name), 2) end
    if loaded[name] ~= nil then return loaded[name] end
    if not name:find "^[%w_%-]+[%w_%-%.]*$" or name:find("..", 1, true) then
      error(("require: %q is not a module name"):format(name), 2)
    end
    local tried, file = {}, name:gsub("%.", "/")
    local candidates = {}
    if plugin.folder then
      candidates = { plugin.folder .. "/" .. file .. ".lua", plugin.folder .. "/" .. file .. "/init.lua" }
    end
    for _, where in ipairs(options.lua_path) do
      candidates[#candidates + 1] = where.folder .. where.pattern:gsub("%?", (file:gsub("%%", "%%%%")))
    end
    for _, path in ipairs(candidates) do
      if files.kind(path) == "file" then
        if loading[name] then error(("require: %s is being loaded already: a circle"):format(name), 2) end
        local chunk, err = load_file(path, env)
        if not chunk then error(err, 2) end
        loading[name] = true
        local _ <close> = setmetatable({}, { __close = function() loading[name] = nil end })
        local value = chunk(name, path)
        loaded[name] = value == nil and true or value
        return loaded[name]
      end
      tried[#tried + 1] = "\n\tno file '" .. path .. "'"
    end
    error(("module '%s' not found:%s"):format(name, table.concat(tried)), 2)
  end
end

local function make_env(plugin, options)
  local env = base()
  env._G = env
  function env.print(...)
    local parts = table.pack(...)
    for i = 1, parts.n do parts[i] = tostring(parts[i]) end
    plugin.wx.log.info(table.concat(parts, "\t"))
  end
  function env.load(chunk, name, mode, own)
    if mode ~= nil and mode ~= "t" then return nil, "only text can be loaded" end
    return load(chunk, name, "t", own == nil and env or own)
  end
  function env.collectgarbage(what)
    if what ~= "count" then error('collectgarbage: plugins have "count" only', 2) end
    return collectgarbage "count"
  end
  env.require = make_require(plugin, env, options)
  return env
end

-- The entries of the configuration as files: globs expanded, folders told from files.
local function expand(entries, folder, file, problems)
  local found, names, place = {}, {}, ""
  local function problem(level, zh, en)
    problems[#problems + 1] = { level = level, event = "plugin.load_failed", zh = place .. zh, en = place .. en }
  end
  local function add(path, name, entry)
    name = name or path:match "([^/]+)/init%.lua$" or (path:match "([^/]+)/*$" or ""):gsub("%.lua$", "")
    if name == "" then return problem("error", ("%s 不是插件"):format(path), ("%s is no plugin"):format(path)) end
    if names[name] then
      if names[name] ~= path then
        problem("error", ("插件名 %s 重复：%s 与 %s"):format(name, names[name], path),
          ("two plugins are named %s: %s and %s"):format(name, names[name], path))
      end
      return
    end
    names[name] = path
    found[#found + 1] = { name = name, path = path, entry = entry }
  end
  for i, entry in ipairs(entries) do -- those without a name come first, as in the file
    place = ("%s: plugins%s: "):format(file, entry.name and "." .. entry.name or "[" .. i .. "]")
    local bundled = entry.path:match "^weiyue:(.+)$"
    local path = entry.path
    if not path:find "^/" and folder ~= "" then path = folder .. "/" .. path end
    if bundled then
      problem("error", ("内置插件 %s 本版本尚未实现"):format(entry.path),
        ("the bundled plugin %s is not in this build"):format(entry.path))
    elseif entry.path:find "[%*%?%[]" then
      local pattern = entry.path
      if path ~= pattern then pattern = folder:gsub("[%*%?%[%]\\]", "\\%0") .. "/" .. pattern end
      local matches, err = files.glob(pattern)
      if not matches then problem("error", err, err) end
      for _, match in ipairs(matches or {}) do add(match, entry.name, entry.path) end
      if matches and #matches == 0 then -- a project may begin without a plugin, but not with a typo
        local level = entry.path == "plugins/*.lua" and "note" or "error"
        problem(level, ("没有文件符合 %s"):format(path), ("no file matches %s"):format(path))
      end
    elseif not files.kind(path) then
      problem("error", ("插件 %s 不存在"):format(path), ("there is no plugin %s"):format(path))
    else
      add(path, entry.name, entry.path)
    end
  end
  return found, names
end

-- Folders with an init.lua beside the files of a glob: it names files only, which is easily overlooked.
local function overlooked(entries, folder, listed, problems)
  local paths = {}
  for _, path in pairs(listed) do paths[path:gsub("/init%.lua$", ""):gsub("/+$", "")] = true end
  for _, entry in ipairs(entries) do
    local inside = entry.path:match "^(.*/)%*%.lua$"
    local from = inside and (inside:find "^/" or folder == "") and inside or inside and folder .. "/" .. inside
    local escaped = from and from:gsub("[%*%?%[%]\\]", "\\%0")
    for _, match in ipairs(escaped and files.glob(escaped .. "*/init.lua") or {}) do
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

local function load_one(found, options, host)
  local plugin = {
    name = found.name, path = found.path, entry = found.entry, priority = 0, rules = {}, uses = {}, timers = {},
  }
  local file = found.path
  if files.kind(file) == "folder" then
    plugin.folder = file:gsub("/+$", "")
    file = plugin.folder .. "/init.lua"
  end
  plugin.wx = dsl.new(plugin, host)
  local env = make_env(plugin, options)
  plugin.env = env
  local chunk, err, text = load_file(file, env)
  if not chunk then
    err = one_line(err, file)
    return nil, err, punctuation.hint(text or "", tonumber(err:match ":(%d+):"))
  end
  local ok
  ok, err = limits.guard(chunk, plugin.name, file)
  if not ok then return nil, one_line(err, file) end
  plugin.loaded = true
  return plugin
end

--- Loads the plugins of a configuration. One that fails is left out and told in problems.
---@param entries { name?: string, path: string }[]
---@param options { file: string, folder: string, lua_path: { folder: string, pattern: string }[] }
---@param host table what dsl.new wants
---@return table[] plugins, table[] problems, integer failed
function M.load(entries, options, host)
  local problems, plugins, failed = {}, {}, 0
  local all, listed = expand(entries, options.folder, options.file, problems)
  overlooked(entries, options.folder, listed, problems)
  for _, found in ipairs(all) do
    local plugin, err, hint_zh, hint_en = load_one(found, options, host)
    if plugin then
      plugins[#plugins + 1] = plugin
    else
      problems[#problems + 1] = {
        level = "error", event = "plugin.load_failed",
        zh = ("%s%s（插件 %s 没有加载）"):format(err, hint_zh and "；" .. hint_zh or "", found.name),
        en = ("%s%s (plugin %s was not loaded)"):format(err, hint_en and "; " .. hint_en or "", found.name),
      }
    end
  end
  for _, p in ipairs(problems) do
    if p.level == "error" then failed = failed + 1 end
  end
  return plugins, problems, failed
end

return M
