-- What is wrong with a Lua pattern. Lua itself finds a fault only where matching gets to it, and that may
-- be at some user's text months later: this reads the whole pattern when the rule is written.

local M = {}

local MAX_CAPTURES <const> = 32

-- The place behind the set that opens at `at`; nil: it does not close.
local function behind_set(p, at)
  at = at + (p:sub(at + 1, at + 1) == "^" and 2 or 1)
  repeat
    if at > #p then return nil end
    at = at + (p:sub(at, at) == "%" and 2 or 1)
  until p:sub(at, at) == "]"
  return at + 1
end

---@param p string
---@return string? fault nil: the pattern is well-formed
function M.fault(p)
  local at, level, open, closed = 1, 0, {}, {}
  while at and at <= #p do
    local two = p:sub(at, at + 1)
    local char = two:sub(1, 1)
    if char == "(" then
      level = level + 1
      if level > MAX_CAPTURES then return "too many captures" end
      if two == "()" then closed[level] = true else open[#open + 1] = level end
      at = at + (two == "()" and 2 or 1)
    elseif char == ")" then
      if not open[1] then return "invalid pattern capture: ) without (" end
      closed[table.remove(open)] = true
      at = at + 1
    elseif char == "[" then
      at = behind_set(p, at)
    elseif two == "%b" then
      if at + 3 > #p then return "malformed pattern (missing arguments to '%b')" end
      at = at + 4
    elseif two == "%f" then
      if p:sub(at + 2, at + 2) ~= "[" then return "missing '[' after '%f' in pattern" end
      at = behind_set(p, at + 2)
    elseif two:find "^%%%d" then
      if not closed[tonumber(two:sub(2))] then return ("invalid capture index %s"):format(two) end
      at = at + 2
    elseif two == "%" then
      return "malformed pattern (ends with '%')"
    else
      at = at + (char == "%" and 2 or 1)
    end
  end
  if not at then return "malformed pattern (missing ']')" end
  if open[1] then return "unfinished capture: ( without )" end
end

return M
