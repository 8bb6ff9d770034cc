-- The time zone is the process's, and apps may have several: each has its own in force while it runs, and when the last
-- one has ended the process has the zone that it had.

local nearest = require "weiyue.nearest"
local say = require "weiyue.testing.say"

local M = {}

local FOLDERS <const> = { "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo" }

local function folders()
  local own = os.getenv "TZDIR"
  return own and { own } or FOLDERS
end

local function nearest_of(name)
  local names = {}
  for _, folder in ipairs(folders()) do
    local pipe = io.popen(("cd '%s' 2>/dev/null && find . -type f"):format(folder:gsub("'", "'\\''")))
    for line in pipe and pipe:lines() or function() end do names[#names + 1] = line:match "^%./(%u.*)$" end
    if pipe then pipe:close() end
  end
  return (nearest.of(name, names))
end

--- A zone that this machine knows; others would pass for UTC.
---@param zone string
---@return string
function M.check(zone)
  say.check_type("zone", zone, "string")
  if zone:find "^:?/" or zone:find "^<[%w+-]+>[+-]?%d" or zone:find "^%a%a%a+[+-]?%d" then return zone end
  local name = zone:match "^:?(.+)$"
  for _, folder in ipairs(folders()) do
    local file = name and io.open(folder .. "/" .. name)
    local magic = file and file:read(4) -- nil of a folder
    if file then file:close() end
    if magic == "TZif" then return zone end
  end
  if name == "UTC" or name == "GMT" then return zone end
  local near = nearest_of(zone)
  return say.raise("没有时区 %s%s", "there is no time zone %s%s", zone,
    near and say.tr("；最接近的是 ", "; the nearest is ") .. near or "")
end

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
