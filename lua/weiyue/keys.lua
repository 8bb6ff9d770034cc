-- Keys of the store: components joined by "/", which stands for nothing else in them.

local M = {}

local ESCAPES <const> = { ["/"] = "%2F", ["%"] = "%25" }

--- "u", "demo", "oA/1" → "u/demo/oA%2F1"
---@param ... string
---@return string
function M.join(...)
  local parts = { ... }
  for i, part in ipairs(parts) do parts[i] = part:gsub("[/%%]", ESCAPES) end
  return table.concat(parts, "/")
end

return M
