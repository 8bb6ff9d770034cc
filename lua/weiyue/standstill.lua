-- A host on a virtual clock that goes round and round while no time passes: a loop whose waits take none has no end.

local M = {}

local STEPS <const> = 500000 -- at one time of the clock
local BUSY <const> = 1000 -- steps that "busy" counts for: tasks that start tasks, answers of a store
local SECONDS <const> = 5 -- of processor time, where it is busy: such tasks may compute, and a step takes long

---@class weiyue.Standstill
---@field private host table
---@field private at number
---@field private steps integer
---@field private began number
local Standstill = {}
Standstill.__index = Standstill

--- Counts a step of the host.
---@param what string as host:step gave it
---@return boolean stuck
function Standstill:looks(what)
  local now = self.host:now()
  if now ~= self.at then
    self.at, self.steps, self.began = now, 0, os.clock()
  end
  self.steps = self.steps + (what == "busy" and BUSY or 1)
  return self.steps >= STEPS or what == "busy" and os.clock() - self.began >= SECONDS
end

--- What to say then: where tasks stand.
---@param zh boolean
---@return string
function Standstill:text(zh)
  local places, seen = {}, {}
  for _, at in ipairs((self.host:left())) do
    if not seen[at] and #places < 3 then places[#places + 1] = at end
    seen[at] = true
  end
  local at = #places > 0 and table.concat(places, ", ") or "?"
  return (zh and "虚拟时钟一直停着，循环没有尽头：任务在 %s。每一圈等一会儿，例如 wx.sleep(1)"
    or "no time passes on the virtual clock, and a loop has no end: a task at %s. Wait in each round: wx.sleep(1), "
    .. "for example"):format(at)
end

---@param host table of weiyue.rig
---@return weiyue.Standstill
function M.new(host) return setmetatable({ host = host, at = 0, steps = 0 }, Standstill) end

return M
