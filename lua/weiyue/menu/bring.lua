-- Brings the menus that plugins declare to WeChat, in place of those that it has. `weiyue sandbox` does so by itself:
-- its WeChat is nobody's. One that is declared no more is taken away; what plugins made by themselves stays.

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
---@param memory table that outlives the generation
function M.all(hub, memory)
  for _, place in ipairs(hub:places()) do
    local key = "menu/" .. place.id
    if place.menu and place.menu.create and place.can.menu then
      bring(hub.engine, place)
      memory:set(key, true)
    elseif not place.menu and memory:get(key) and hub.engine:call(place, "menu.delete") then
      memory:delete(key)
    end
  end
end

return M
