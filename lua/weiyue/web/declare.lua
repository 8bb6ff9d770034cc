-- wx.page, wx.route, wx.static: what a plugin serves, as it says so while it loads.

local core = require "weiyue_core"
local nearest = require "weiyue.nearest"

local M = {}

local BITS <const> = { GET = 1, HEAD = 2, POST = 4, PUT = 8, PATCH = 16, DELETE = 32, OPTIONS = 64 }
local BODY_MAX <const> = 1 << 30

local OPTIONS <const> = {
  page = { login = "string", jssdk = "table", methods = "table", body = true, repeated = "boolean", csrf = "boolean" },
  route = { login = "string", body = true, repeated = "boolean", csrf = "boolean", raw = "boolean" },
  static = { max_age = true },
}
local LOGINS <const> = { base = true, userinfo = true }

-- What is wrong with a pattern; nil: nothing.
local function pattern_fault(pattern)
  if type(pattern) ~= "string" or pattern:sub(1, 1) ~= "/" then return 'a path begins with "/", such as "/me"' end
  if pattern:find "[?#%%%c\\]" or pattern:find("//", 1, true) then
    return ("%s has what no path has"):format(pattern)
  end
  local names, n = {}, 0
  for part in pattern:gmatch "/([^/]*)" do
    if part == "." or part == ".." then return ("%s leads elsewhere"):format(pattern) end
    local kind, name = part:match "^([:*])(.*)$"
    if kind then
      if not name:find "^[%a_][%w_]*$" then return ("%s: a part is :name, or *name at the end"):format(pattern) end
      if names[name] then return ("%s: %s stands twice"):format(pattern, name) end
      names[name], n = true, n + 1
      if kind == "*" and not pattern:find("/*" .. name, -#name - 2, true) then
        return ("%s: *%s takes the rest, so it comes last"):format(pattern, name)
      end
    end
  end
  if n > 8 then return ("%s has more than 8 names"):format(pattern) end
end

local function bytes_of(value)
  if math.type(value) == "integer" then return value end
  local n, unit = tostring(value):match "^(%d+)%s*([KMG]?i?B?)$"
  local factor = ({ [""] = 1, B = 1, KiB = 1024, MiB = 1048576, GiB = 1073741824 })[unit]
  return n and factor and tonumber(n) * factor
end

local function options_fault(kind, options)
  local known = OPTIONS[kind]
  for key, value in pairs(options) do
    local want = known[key]
    if not want then
      local near = type(key) == "string" and nearest.slip(key, nearest.names(known))
      return ("has no option %s%s"):format(tostring(key), near and "; the nearest is " .. near or "")
    end
    if want ~= true and type(value) ~= want then return ("%s must be a %s"):format(key, want) end
  end
  if options.login and not LOGINS[options.login] then return 'login is "base" or "userinfo"' end
  local wrong = options.jssdk and require("weiyue.jssdk").fault(options.jssdk)
  if wrong then return wrong end
  if options.body ~= nil then
    local n = bytes_of(options.body)
    if not (n and n >= 1 and n <= BODY_MAX) then return 'body is a number of bytes, such as "10MiB"' end
  end
  if options.methods and #options.methods == 0 then return 'methods is a list, such as { "GET", "POST" }' end
  for _, method in ipairs(options.methods or {}) do
    if not BITS[method] then return ("no method %s: GET POST PUT PATCH DELETE OPTIONS"):format(tostring(method)) end
  end
end

local function methods_of(list)
  local bits = 0
  for _, method in ipairs(list) do bits = bits | BITS[method] end
  return bits & BITS.GET ~= 0 and bits | BITS.HEAD or bits
end

-- What of a call is optional in the middle: path, options?, handler.
local function two(options, handler)
  if handler == nil and type(options) == "function" then return {}, options end
  return options == nil and {} or options, handler
end

---@param plugin table
---@param caller fun(): string file:line of the plugin's code
---@return { page: function, route: function, static: function }
function M.of(plugin, caller)
  local wx = {}

  local function add(what, kind, pattern, options, entry)
    if plugin.loaded then error(what .. ": pages are declared while the plugin loads", 4) end
    local fault = pattern_fault(pattern)
    if not fault and type(options) ~= "table" then fault = "options are a table" end
    fault = fault or options_fault(kind, options)
    if fault then error(("%s: %s"):format(what, fault), 4) end
    entry.methods = methods_of(options.methods or entry.methods)
    entry.kind, entry.pattern, entry.where, entry.plugin = kind, pattern, caller(), plugin.name
    entry.login, entry.jssdk = options.login, options.jssdk
    entry.repeated, entry.csrf = options.repeated or false, options.csrf
    entry.raw = options.raw or false
    entry.body = options.body and bytes_of(options.body) or 0
    entry.rule = { where = entry.where } -- dispatch's form of it: whose code it is
    plugin.pages = plugin.pages or {}
    table.insert(plugin.pages, entry)
  end

  function wx.page(path, options, handler)
    options, handler = two(options, handler)
    if type(handler) ~= "function" then error("wx.page wants a path and a function(req)", 3) end
    add("wx.page", "page", path, options, { handler = handler, methods = { "GET", "POST" } })
  end

  function wx.route(method, path, options, handler)
    options, handler = two(options, handler)
    if not BITS[method] then
      error('wx.route wants a method: wx.route("POST", "/api/orders", function(req) … end)', 3)
    end
    if type(handler) ~= "function" then error("wx.route wants a method, a path and a function(req)", 3) end
    add("wx.route", "route", path, options, { handler = handler, methods = { method } })
  end

  function wx.static(prefix, folder, options)
    if type(folder) ~= "string" or folder == "" or folder:find "^/" or ("/" .. folder .. "/"):find("/../", 1, true)
      or folder:find "%z" then
      error("wx.static wants a prefix and a folder of the plugin's: wx.static(\"/static\", \"static\")", 3)
    end
    if type(prefix) ~= "string" or prefix:find "[:*]" then
      error('wx.static: a prefix is a path, such as "/static"', 3)
    end
    options = options == nil and {} or options
    local max_age = type(options) == "table" and options.max_age
    if max_age then
      local err
      max_age, err = core.time.duration(max_age)
      if not max_age then error("wx.static: max_age: " .. tostring(err), 3) end
    end
    local below = plugin.folder or (plugin.path or ""):match "^(.*)/[^/]*$" or "."
    add("wx.static", "static", prefix:gsub("/+$", "") .. "/*path", options,
      { folder = below .. "/" .. folder, methods = { "GET" }, max_age = max_age or nil,
        is_own = not folder:find "[^./]" })
  end

  return wx
end

return M
