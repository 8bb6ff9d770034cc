-- Brings the menus that plugins declare to WeChat, in place of those that it has. `weiyue sandbox` does so by itself:
-- its WeChat is nobody's.

local json = require "weiyue.json"

local M = {}

-- The conditional ones of before go with the default one.
---@async
local function bring(engine, place)
  local declared = place.menu
  if not engine:call(place, "menu.delete") or not engine:call(place, "menu.create", json.decode(declared.create)) then
    return
  end
  for _, text in ipairs(declared.conditional) do engine:call(place, "menu.add_conditional", json.decode(text)) end
end

--- Of all accounts that have a whole one; what fails stands in the log.
---@async
---@param hub weiyue.Hub
function M.all(hub)
  for _, place in ipairs(hub:places()) do
    if place.menu and place.menu.create and place.can.menu then bring(hub.engine, place) end
  end
end

return M
