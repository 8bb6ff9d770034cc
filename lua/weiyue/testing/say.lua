-- What weiyue.testing says when something is wrong: in the language of the terminal, at the spec's line.

local nearest = require "weiyue.nearest"

local M = {}

--- Whether the user reads Chinese, as the program decides it.
function M.is_zh()
  for _, name in ipairs { "LC_ALL", "LC_MESSAGES", "LANG" } do
    local value = os.getenv(name)
    if value and value ~= "" then return value:sub(1, 2) == "zh" end
  end
  return false
end

function M.tr(zh, en) return M.is_zh() and zh or en end

-- The level, for error in the function that calls this, of the first code that is not testing's own.
local function outside()
  local level = 3
  while true do
    local info = debug.getinfo(level, "S")
    if not info then return 3 end
    local source = info.source
    if info.what ~= "C" and not source:find("weiyue[/%.]testing") then return level - 1 end
    level = level + 1
  end
end

--- Raises at the spec's line.
function M.raise(zh, en, ...)
  error(M.tr(zh, en):format(...), outside())
end

--- The same as a failure, not as an error, where busted runs.
function M.fail(text)
  local found, busted = pcall(require, "busted")
  local fail = found and type(busted) == "table" and busted.fail
  if fail then fail(text, outside()) end
  error(text, outside())
end

--- The line of the spec that runs, file:line.
function M.where()
  local info = debug.getinfo(outside(), "Sl")
  return info and ("%s:%d"):format(info.short_src, info.currentline) or "?"
end

--- Raises where a table has a key that nobody knows.
---@param what string whose keys they are
---@param t table
---@param known table<string, any>
function M.check_keys(what, t, known)
  for key in pairs(t) do
    if type(key) == "string" and known[key] == nil then
      local names = nearest.names(known)
      table.sort(names)
      local near = nearest.slip(key, names)
      if near then M.raise("%s 没有 %s；最接近的是 %s", "%s has no %s; the nearest is %s", what, key, near) end
      M.raise("%s 没有 %s；有的是 %s", "%s has no %s; there is %s", what, key, table.concat(names, ", "))
    end
  end
end

--- Raises where a name that nobody knows is one that is known, but for a letter or two.
---@param what string
---@param name string
---@param names string[]
function M.check_slip(what, name, names)
  for _, one in ipairs(names) do
    if one == name then return end
  end
  local near, distance = nearest.of(name, names)
  if near and distance <= 2 and distance < #name then
    M.raise("%s 没有 %s；最接近的是 %s", "%s has no %s; the nearest is %s", what, name, near)
  end
end

--- Raises where a value is not of this type.
---@param what string
---@param value any
---@param kind type
function M.check_type(what, value, kind)
  if type(value) == kind then return end
  local NAMES <const> = { table = "表", string = "文字", number = "数", ["function"] = "函数" }
  M.raise("%s 要%s，不是 %s", "%s takes a %s, not a %s", what,
    M.is_zh() and NAMES[kind] or kind, type(value))
end

local methods_of = setmetatable({}, { __mode = "k" }) -- of a function: the same one, which looks at its self

-- app.user() is app:user() with a dot for the colon.
local function checked(what, name, method)
  local known = methods_of[method]
  if not known then
    function known(self, ...)
      if type(self) ~= "table" then
        M.raise("用冒号，不用点：%s:%s(…)", "with a colon, not a dot: %s:%s(…)", what, name)
      end
      return method(self, ...)
    end
    methods_of[method] = known
  end
  return known
end

--- The metatable of an object whose unknown members raise, naming the nearest.
---@param fields? string names of what may be nil
function M.class(what, methods, fields)
  local absent = {}
  for name in (fields or ""):gmatch "%S+" do absent[name] = true end
  return { __index = function(object, key)
    local value = methods[key]
    if type(value) == "function" and key:find "^%l" then return checked(what, key, value) end
    if value ~= nil or type(key) ~= "string" or absent[key] or key:find "^_" then return value end
    local getter = methods["_get_" .. key]
    if getter then return getter(object) end
    local known = {}
    for name in pairs(methods) do
      local public = name:match "^_get_(.+)$" or not name:find "^_" and name
      if public then known[public] = true end
    end
    M.check_keys(what, { [key] = true }, known)
  end }
end

--- Seconds of a duration: a number of them, or a text such as "48h".
---@param d number|string
---@return number
function M.seconds(d)
  if type(d) == "number" and d >= 0 then return d end
  local s, err
  if type(d) == "string" then s, err = require("weiyue.time").duration(d) end
  if s then return s end
  M.raise("时长写成秒数或 \"48h\" 这样的文字%s", "a duration is a number of seconds, or a text such as \"48h\"%s",
    err and (" (" .. tostring(err) .. ")") or "")
end

return M
