-- Values as callers write them: numbers as texts, lengths in characters.

local json = require "weiyue.json"

local M = {}

--- An integer, also one written as a text.
---@return integer?
function M.int(value, default) return math.tointeger(tonumber(value)) or default end

--- A number, also one written as a text.
---@return number?
function M.number(value)
  return type(value) ~= "table" and tonumber(value) or nil
end

--- 1, "1" and true.
function M.flag(value) return value == true or M.int(value, 0) == 1 end

--- A text that says something, or nil.
---@return string?
function M.text(value)
  if type(value) == "number" then return tostring(value) end
  return type(value) == "string" and value ~= "" and value or nil
end

--- How many characters a text has; bytes where it is no UTF-8.
---@param text any
---@return integer
function M.chars(text)
  text = M.text(text) or ""
  return utf8.len(text) or #text
end

--- A table of its own: what is changed in it changes nothing else.
function M.copy(value)
  if type(value) ~= "table" then return value end
  local out = {}
  for key, item in pairs(value) do out[key] = M.copy(item) end
  return json.is_array(value) and json.array(out) or out
end

--- A list that is written as [] when it is empty.
function M.list(list) return json.array(list or {}) end

--- Writes the fields of `from` over those of `into`, those of objects one by one.
function M.merge(into, from)
  for key, value in pairs(from) do
    local is_object = type(value) == "table" and not json.is_array(value) and #value == 0
    if is_object and type(into[key]) == "table" then M.merge(into[key], value) else into[key] = M.copy(value) end
  end
  return into
end

return M
