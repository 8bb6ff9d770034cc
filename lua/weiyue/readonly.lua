-- Tables that look like others and cannot be written: an assignment raises, and what rawset puts into a view
-- is seen through that view alone. Reading works by index, pairs, ipairs, # and the functions of `table`.

local M = {}

local function refuse(what, advice, real)
  return function(_, key, value)
    if rawequal(value, rawget(real, key)) then return end -- "table.unpack = table.unpack or unpack"
    local name = type(key) == "string" and ("%s.%s"):format(what, key) or what
    local by_c = debug.getinfo(2, "S").what == "C" -- table.insert, say: who called it has a line
    error(("%s is read-only: %s"):format(name, advice), by_c and 3 or 2)
  end
end

--- The metatable of the views of one table.
---@param what string    the table's name in errors
---@param advice string  what to do instead of writing
---@param real table
---@return table
function M.metatable(what, advice, real)
  local function step(_, key) return next(real, key) end
  return {
    __index = real, __view_of = real, -- for C, which sees no metamethods
    __newindex = refuse(what, advice, real), __metatable = "read-only",
    __len = function() return #real end,
    __pairs = function(view) return step, view end,
  }
end

--- A view of one table, and of the tables in it.
---@param what string
---@param advice string
---@param real table
---@return table
function M.deep(what, advice, real)
  local views = {}
  local function view_of(name, t)
    if views[t] then return views[t] end
    local inner, view = {}, {}
    views[t] = view
    for key, value in next, t do
      if type(value) == "table" then
        local path = math.type(key) == "integer" and "%s[%d]" or "%s.%s"
        value = view_of(path:format(name, math.type(key) and key or tostring(key)), value)
      end
      inner[key] = value
    end
    return setmetatable(view, M.metatable(name, advice, inner))
  end
  return view_of(what, real)
end

return M
