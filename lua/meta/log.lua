---@meta weiyue.log
error("lua/meta is for editors, not for require")

--- Log lines (日志): one event, one line, into the host's log; on stderr in a stock Lua. Plugins have
--- wx.log, which adds their name.
---@class weiyue.log
local log = {}

--- For who looks for a fault; not written at the default level.
---@param text any
---@param fields? table<string, any> sorted by name; values go through tostring; a key that the line has itself (ts,
--- level, event, trace) gets a number behind it
function log.debug(text, fields) end

---@param text any
---@param fields? table<string, any>
function log.info(text, fields) end

---@param text any
---@param fields? table<string, any>
function log.warn(text, fields) end

---@param text any
---@param fields? table<string, any>
function log.error(text, fields) end

--- What is below this level is not written.
---@return "debug"|"info"|"warn"|"error"
function log.level() end

return log
