-- The time zone is the process's, and apps may have several: each has its own in force while it runs, and when the last
-- one has ended the process has the zone that it had.

local M = {}

local back -- gives the process its zone back; nil: no app lives
local active
local living = 0

--- An app's zone counts from now on.
---@param rig table
---@param zone string
function M.use(rig, zone)
  if zone == active then return end
  local restore = rig.zone(zone)
  back, active = back or restore, zone
end

--- An app begins.
function M.enter(rig, zone)
  living = living + 1
  M.use(rig, zone)
end

--- … and has ended.
function M.leave()
  living = living - 1
  if living > 0 then return end
  back()
  back, active = nil, nil
end

return M
