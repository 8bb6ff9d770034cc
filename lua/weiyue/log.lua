-- weiyue.log: one event, one line; into the host's log, or on stderr in a stock Lua.
--   log.info("order paid", { id = "42" })
local core = require("weiyue_core").log

local M = {}

for _, level in ipairs { "debug", "info", "warn", "error" } do
  --- Writes a line at this level. Fields are sorted by name; values go through tostring.
  ---@param text any
  ---@param fields? table<string, any>
  M[level] = function(text, fields)
    core.write(level, "lua.log", text ~= nil and tostring(text) or nil, fields)
  end
end

--- What is below this level is not written.
---@return "debug"|"info"|"warn"|"error"
function M.level() return core.level() end

return M
