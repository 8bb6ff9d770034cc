-- From what t.load is given to a weiyue.lua as text: with keys, tokens and addresses of a spec in place of the real
-- ones, one worker, nothing kept on the disk.

local say = require "weiyue.testing.say"

local M = {}

local AES_KEY <const> = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

-- Options of t.load itself.
local OPTIONS <const> = {
  file = true, plugins = true, config = true, accounts = true, env = true, now = true, seed = true, zone = true,
  socket = true, folder = true, leaks = true,
  -- of its one account
  mode = true, format = true, kind = true, verified = true, can = true, url = true, path = true, aes_key = true,
  username = true,
}

local OF_ACCOUNT <const> = { "mode", "kind", "verified", "can", "url", "path", "aes_key", "username" }

-- Keys of weiyue.lua that mean the same here.
local PASSED <const> = {
  apology = true, deadline = true, hold_budget = true, mailbox = true, limits = true, http = true, lua_path = true,
  c_modules = true, forget = true, user_cache = true, hosts = true, proxies = true, store = true, reload = true,
}

-- A value as Lua text.
local function text_of(value, depth)
  local kind = type(value)
  if kind == "string" then return ("%q"):format(value) end
  if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(value) end
  if kind ~= "table" or depth > 32 then
    say.raise("t.load 的选项里不能有 %s", "the options of t.load cannot have a %s", kind)
  end
  local parts = {}
  for k, v in pairs(value) do
    parts[#parts + 1] = ("[%s] = %s"):format(text_of(k, depth + 1), text_of(v, depth + 1))
  end
  table.sort(parts)
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function read(path)
  local file, err = io.open(path, "rb")
  if not file then say.raise("打不开 %s", "cannot open %s", err) end
  local text = file:read "a"
  file:close()
  return (text:gsub("^\u{feff}", ""))
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- What a file returns, to see which plugins it lists; nil: it does not run, which loading tells better.
local function evaluate(text, env)
  local chunk = load(text, "=config", "t", setmetatable({ env = function(name) return env[name] or "test" end,
    os = { getenv = function(name) return env[name] end, time = os.time, date = os.date } }, { __index = _G }))
  local ok, value = pcall(chunk or error)
  return ok and type(value) == "table" and value or nil
end

local function name_of(path)
  return path:match "([^/]+)/init%.lua$" or (path:match "([^/]+)/*$" or ""):gsub("^weiyue:", ""):gsub("%.lua$", "")
end

-- Where a plugin of this name is, among the entries of a configuration.
local function find_plugin(entries, name, folder)
  local own = entries[name]
  if own then return type(own) == "table" and own.path or own end
  for _, entry in ipairs(entries) do
    local path = type(entry) == "table" and entry.path or entry
    if not path:find "%*" then
      if name_of(path) == name then return path end
    else
      local base = path:match "^(.-)[^/]*$"
      for _, tail in ipairs { ".lua", "/init.lua" } do
        local one = base .. name .. tail
        if exists((one:find "^/" or folder == "") and one or folder .. "/" .. one) then return one end
      end
    end
  end
end

local function with_settings(entries, settings, folder)
  local named = {}
  for name, own in pairs(settings or {}) do
    local path = find_plugin(entries or {}, name, folder)
    if not path then
      local names = {}
      for key, entry in pairs(entries or {}) do
        names[type(key) == "string" and key or name_of(type(entry) == "table" and entry.path or entry)] = true
      end
      say.check_keys("config", { [name] = true }, names)
    end
    named[name] = { path = path, config = own }
  end
  return named
end

-- Of every account: what a spec must not have from outside. {i} is its number.
local function account_keys(i)
  return { appid = ("wxtest%010d"):format(i), secret = "wxtestsecret" .. i, token = "wxtesttoken" .. i }
end

local ALWAYS <const> = { workers = 1, admin = false, listen = "127.0.0.1:0", log = { level = "info", format = "text" } }

-- The code that stands behind a file's own: o is text_of what is laid over.
local BEHIND <const> = [[

end)(...)
if type(conf) ~= "table" then return conf end
local o = %s
for k, v in pairs(o.always) do conf[k] = v end
conf.token_server = nil
conf.plugins = conf.plugins or {}
for k, v in pairs(o.plugins) do conf.plugins[k] = v end
conf.reload = { watch = false }
for i, a in ipairs(type(conf.accounts) == "table" and conf.accounts or {}) do
  if type(a) == "table" then
    for k, v in pairs(o.accounts[i] or {}) do if a[k] ~= nil or k ~= "id" then a[k] = v end end
    if a.aes_key ~= nil or a.mode == "safe" or a.mode == "compatible" then a.aes_key = o.aes_key end
    a.access_token, a.api = nil, o.api
  end
end
return conf
]]

local function from_file(options, folder, state)
  local text, env = read(options.file), options.env or {}
  local chunk, err = load(text, "=" .. options.file, "t")
  if not chunk then say.raise("%s", "%s", err) end
  local found = evaluate(text, env) or {}
  local n = type(found.accounts) == "table" and #found.accounts or 0
  local over = { always = {}, plugins = with_settings(found.plugins, options.config, folder), accounts = {},
    aes_key = AES_KEY, api = options.api }
  for key, value in pairs(ALWAYS) do over.always[key] = value end
  over.always.state, over.always.store = state, "memory"
  for key in pairs(PASSED) do
    if options[key] ~= nil then over.always[key] = options[key] end
  end
  for i = 1, n do
    over.accounts[i] = account_keys(i)
    for key, value in pairs((options.accounts or {})[i] or {}) do over.accounts[i][key] = value end
  end
  if n == 1 then
    for _, key in ipairs(OF_ACCOUNT) do
      if options[key] ~= nil then over.accounts[1][key] = options[key] end
    end
  end
  local before = "local conf = (function(...) local env = function(name, default) "
    .. "return (%s)[name] or default or \"test\" end "
  return before:format(text_of(env, 0)) .. text .. BEHIND:format(text_of(over, 0)), found.plugins, found.lua_path
end

local function an_account(options, own, i, n)
  local account = { id = n == 1 and "test" or "test" .. i, path = n == 1 and "/wx" or "/wx" .. i, kind = "service",
    verified = true, url = "http://wx.test", api = options.api }
  for key, value in pairs(account_keys(i)) do account[key] = value end
  if n == 1 then
    for _, key in ipairs(OF_ACCOUNT) do
      if options[key] ~= nil then account[key] = options[key] end
    end
  end
  for key, value in pairs(own) do account[key] = value end
  if account.kind == "component" then account.mode = "safe" end
  if (account.mode or "plain") ~= "plain" then account.aes_key = account.aes_key or AES_KEY end
  if account.kind ~= "service" and own.verified == nil and options.verified == nil then account.verified = nil end
  return account
end

local function from_options(options, folder, state)
  local conf = { plugins = {}, accounts = {}, reload = { watch = false }, state = state, store = "memory" }
  for key, value in pairs(ALWAYS) do conf[key] = value end
  for key in pairs(PASSED) do
    if options[key] ~= nil then conf[key] = options[key] end
  end
  local plugins = options.plugins or {}
  if type(plugins) == "string" then plugins = { plugins } end
  for key, value in pairs(plugins) do conf.plugins[key] = value end
  for name, entry in pairs(with_settings(plugins, options.config, folder)) do conf.plugins[name] = entry end
  local accounts = options.accounts or { {} }
  for i, own in ipairs(accounts) do conf.accounts[i] = an_account(options, own, i, #accounts) end
  return "return " .. text_of(conf, 0), plugins, options.lua_path
end

-- What plugins require, their specs may, too: files of their folders, and what lua_path says.
local function extend_path(folder, plugins, lua_path)
  local function add(pattern)
    if folder ~= "" and not pattern:find "^/" then pattern = folder .. "/" .. pattern end
    if not (";" .. package.path .. ";"):find(";" .. pattern .. ";", 1, true) then
      package.path = package.path .. ";" .. pattern
    end
  end
  for _, entry in pairs(plugins or {}) do
    local path = type(entry) == "table" and entry.path or entry
    if type(path) == "string" and not path:find "[*:]" and not path:find "%.lua$" then
      add(path .. "/?.lua")
      add(path .. "/?/init.lua")
    end
  end
  for _, pattern in ipairs(type(lua_path) == "table" and lua_path or {}) do add(pattern) end
end

-- The project's folder: the nearest one above that has a weiyue.lua. "": this one.
local function project()
  for up = 0, 8 do
    local at = ("../"):rep(up)
    if exists(at .. "weiyue.lua") then return at:sub(1, -2) end
  end
  return ""
end

--- The options of t.load, checked.
---@param given string|table
---@return table
function M.options(given)
  if type(given) == "string" then given = { file = given } end
  if type(given) ~= "table" then
    say.raise("写成 t.load \"weiyue.lua\" 或 t.load { plugins = { \"plugins/shop\" } }",
      "write t.load \"weiyue.lua\" or t.load { plugins = { \"plugins/shop\" } }")
  end
  local options, known = {}, {}
  for key, value in pairs(given) do options[key == 1 and "file" or key] = value end
  if type(options.file) == "string" and exists(options.file) then
    local text = read(options.file)
    if text:find 'require%s*%(?%s*["\']weiyue["\']' then
      say.raise("%s 是插件，不是 weiyue.lua：写成 t.load { plugins = { %q } }",
        "%s is a plugin, not a weiyue.lua: write t.load { plugins = { %q } }", options.file, options.file)
    end
  end
  for key in pairs(OPTIONS) do known[key] = true end
  for key in pairs(PASSED) do known[key] = true end
  say.check_keys("t.load", options, known)
  return options
end

--- The configuration that a spec's host has, as text, and the folder where its paths start.
---@param options table of M.options; its `api` is the address of the fake WeChat, or nil
---@param state string a folder that nobody else has
---@return string text
---@return string folder
function M.text(options, state)
  local file = options.file
  if file == "weiyue.lua" and not options.folder then file = (project() .. "/weiyue.lua"):gsub("^/", "") end
  options.file = file
  local folder = options.folder or file and (file:match "^(.*)/[^/]*$" or "") or project()
  local text, plugins, lua_path = (file and from_file or from_options)(options, folder, state)
  extend_path(folder, plugins, lua_path)
  return text, folder
end

return M
