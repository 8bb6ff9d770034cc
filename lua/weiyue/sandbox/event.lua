-- Events that WeChat pushes of its own accord.

local M = {}

-- Who sends what no user has done: an openid of the platform's.
M.SYSTEM = "oWeChatSystem000000000000001"

--- Sends an event later, or after the answer to the call that runs.
---@param world table
---@param appid string
---@param openid? string whose doing it is; nil: the platform's
---@param event string
---@param fields? table
---@param after? number seconds
function M.send(world, appid, openid, event, fields, after)
  local message = { MsgType = "event", Event = event, FromUserName = openid or M.SYSTEM }
  for name, value in pairs(fields or {}) do message[name] = value end
  world:emit(appid, message, after)
end

return M
