-- A line of a host's log, `TIME LEVEL event=NAME key=value …`, as a table.

local M = {}

local ESCAPES <const> = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f" }

local function unquoted(text)
  text = text:gsub("\\u(%x%x%x%x)", function(hex) return utf8.char(tonumber(hex, 16)) end)
  return (text:gsub("\\(.)", function(c) return ESCAPES[c] or c end))
end

-- Where the value that begins at `at` ends, and what it is.
local function value_at(line, at)
  if line:sub(at, at) ~= '"' then
    local value, after = line:match("^(%S*)()", at)
    return value, after
  end
  local stop = at + 1
  while true do
    local char, place = line:match('([\\"])()', stop)
    if not char then return unquoted(line:sub(at + 1)), #line + 1 end
    if char == '"' then return unquoted(line:sub(at + 1, place - 2)), place end
    stop = place + 1
  end
end

---@param line string
---@return { event: string, text: string?, where: string?, fields: table<string, string> }
function M.read(line)
  local fields = {}
  local at = line:match "^%S+ %S+ ()" or 1
  while true do
    local key, start = line:match("^%s*([%w_.%-]+)=()", at)
    if not key then break end
    fields[key], at = value_at(line, start)
  end
  local event, text = fields.event or "", fields.text
  local where = fields.where
  fields.event, fields.text = nil, nil
  -- an error says where it happened; its handler is where the rule stands
  local at_line = text and text:match "([%w_./%-]+%.lua:%d+)"
  return { event = event, text = text, where = at_line or where, fields = fields }
end

return M
