-- What happens, for all who watch: numbered events in a ring that each stream of server-sent events reads at its own
-- pace. A browser that comes back goes on behind the last event that it had.

local core = require "weiyue_core"
local signals = require "weiyue.signal"

local M = {}

local KEPT <const>, BYTES <const> = 2000, 16 * 1024 * 1024 -- events, and what they are together
local HEARTBEAT <const> = 15 -- seconds

local Live = {}
Live.__index = Live

local function forget_oldest(self)
  self.bytes = self.bytes - #self.events[self.first].data
  self.events[self.first] = nil
  self.first = self.first + 1
end

--- Something has happened.
---@param kind string
---@param data table
---@return integer bytes that it is
function Live:tell(kind, data)
  local text = assert(core.json.encode(data))
  self.last, self.bytes = self.last + 1, self.bytes + #text
  self.events[self.last] = { kind = kind, data = text }
  while self.last - self.first >= KEPT or self.bytes > BYTES and self.first < self.last do forget_oldest(self) end
  self.signal:wake()
  return #text
end

--- Writes to a stream until its client goes. after: the number of the last event that it had; nil: only what comes.
---@async
---@param out table of wx.response{ stream = … }
---@param after? integer
function Live:stream(out, after)
  local at = after and after <= self.last and after or self.last
  if not out:write "retry: 1000\n\n" then return end
  while true do
    if at < self.first - 1 then at = self.first - 1 end -- too slow: what it has missed is gone
    while at < self.last do
      at = at + 1
      local event = self.events[at]
      if event and not out:event { event = event.kind, id = at, data = event.data } then return end
    end
    if not self.signal:wait(HEARTBEAT) and not out:write ": \n\n" then return end
  end
end

---@return table
function M.new() return setmetatable({ first = 1, last = 0, bytes = 0, events = {}, signal = signals.new() }, Live) end

return M
