-- In `weiyue sandbox`: the menus that plugins declare are created at the fake WeChat, each time a version of them begins
-- to serve, as `weiyue apply` is to do at the real one.

local json = require "weiyue.json"
local log = require "weiyue_core".log
local task = require "weiyue.task"

local M = {}

---@async
local function create(hub, place)
  local declared = place.menu
  if not declared or not declared.create or not place.can.menu then return end
  local ok, err = hub.engine:call(place, "menu.create", json.decode(declared.create))
  for _, text in ipairs(ok and declared.conditional or {}) do
    local _, why = hub.engine:call(place, "menu.add_conditional", json.decode(text))
    err = err or why
  end
  if err then log.write("warn", "sandbox.menu", tostring(err), { account = place.id }) end
end

--- For all accounts.
---@param hub weiyue.Hub
function M.start(hub)
  task.after(0, function()
    for _, place in ipairs(hub:places()) do create(hub, place) end
  end)
end

return M
