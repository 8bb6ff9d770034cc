-- Names of the Lua contract whose feature is not in this build: using one says so, instead of being a
-- call of nil.

local M = {}

local function set(names)
  local s = {}
  for name in names:gmatch "%S+" do s[name] = true end
  return s
end

M.wx = set ""
M.msg = set "choose confirm form"
M.account = set ""
M.modules = set ""

--- Raises that `name` is not in this build.
---@param name string
---@param level? integer as in error; 2 is the caller
function M.refuse(name, level)
  error(name .. " is not in this build (本版本尚未实现)", (level or 2) + 1)
end

return M
