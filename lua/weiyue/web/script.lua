-- What stands in an HTML <script>.

local core = require "weiyue_core"

local M = {}

local UNSAFE <const> = { ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026" }
local LINE_ENDS <const> = { ["\xE2\x80\xA8"] = "\\u2028", ["\xE2\x80\xA9"] = "\\u2029" }

--- A value as JSON that neither ends the script nor a line of it. Raises what has no JSON.
---@param value any
---@return string
function M.json(value)
  local text = assert(core.json.encode(value))
  return (text:gsub("[<>&]", UNSAFE):gsub("\xE2\x80[\xA8\xA9]", LINE_ENDS))
end

return M
