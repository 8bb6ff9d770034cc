-- What may stand in the fields of templates since 2023, by the kind that a field's name begins with: "thing1", "time3".

local M = {}

local CUT <const> = 20 -- characters of a template's field that are shown

local function chars(text) return utf8.len(text) or #text end

local function at_most(n, pattern)
  return function(text) return chars(text) <= n and (not pattern or text:find(pattern) ~= nil) end
end

local function is_time(text)
  return text:find "%d%d?[:：]%d%d" ~= nil or text:find "^%d%d%d%d%s*[年%-/]" ~= nil or text:find "%d+月%d+日" ~= nil
end

local KINDS <const> = {
  thing = at_most(20), short_thing = at_most(5), const = at_most(20), name = at_most(20), phrase = at_most(5),
  number = at_most(32, "^[%d%.%-+]+$"), letter = at_most(32, "^%a+$"), symbol = at_most(5, "^%p+$"),
  character_string = at_most(32, "^[%w%p ]+$"), phone_number = at_most(17, "^[%d%+%-() ]+$"),
  amount = function(text) return chars(text) <= 20 and text:find "%d" ~= nil end, time = is_time, date = is_time,
  car_number = at_most(8),
}

--- The kind of a field; nil for names of older templates (keyword1, first).
---@param name string
---@return string?
function M.kind(name)
  local kind = name:match "^([%a_]-)%d+$"
  return kind and KINDS[kind] and kind or nil
end

--- Whether a value may stand in a field.
---@param name string
---@param value string
---@return boolean
function M.fits(name, value)
  local kind = M.kind(name)
  return kind == nil or KINDS[kind](value)
end

--- As much of it as is shown.
---@param value string
---@return string
function M.cut(value)
  if chars(value) <= CUT then return value end
  return value:sub(1, utf8.offset(value, CUT + 1) - 1)
end

--- The names of the fields of a template's content: "{{thing1.DATA}}", in order.
---@param content string
---@return string[]
function M.names(content)
  local names = {}
  for name in content:gmatch "{{%s*([%w_]+)%.DATA%s*}}" do names[#names + 1] = name end
  return names
end

--- Checks data against fields.
---@param names string[]? the template's; nil: not known, all of data counts
---@param data table<string, { value: string }>
---@param is_strict boolean also what is too long is refused
---@return table<string, string>? shown, string? errmsg
function M.read(names, data, is_strict)
  if not names then
    names = {}
    for name in pairs(data) do names[#names + 1] = name end
    table.sort(names)
  end
  local shown = {}
  for _, name in ipairs(names) do
    local own = data[name]
    local value = type(own) == "table" and own.value ~= nil and tostring(own.value) or ""
    local kind = M.kind(name)
    if value == "" and (kind or is_strict) then
      return nil, ("argument invalid! data.%s.value is empty"):format(name)
    end
    if kind and not M.fits(name, is_strict and value or M.cut(value)) then
      return nil, ("argument invalid! data.%s.value invalid"):format(name)
    end
    if name ~= "first" and name ~= "remark" then shown[name] = is_strict and value or M.cut(value) end
  end
  return shown
end

return M
