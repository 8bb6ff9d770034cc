-- What happens, for all who watch: numbered events in a ring that each stream of server-sent events reads at its own
-- pace. A browser that comes back goes on behind the last event that it had.

local signals = require "weiyue.signal"

local M = {}

local KEPT <const> = 2000 -- events
local HEARTBEAT <const> = 15 -- seconds

local Live = {}
Live.__index = Live

--- Something has happened. data: a table; encoded when it is read, so it must not change any more.
---@param kind string
---@param data table
function Live:tell(kind, data)
  self.last = self.last + 1
  self.events[self.last] = { kind = kind, data = data }
  self.events[self.last - KEPT] = nil
  self.signal:wake()
end

--- Writes to a stream until its client goes. after: the number of the last event that it had; nil: only what comes.
---@async
---@param out table of wx.response{ stream = … }
---@param after? integer
function Live:stream(out, after)
  local at = after and after <= self.last and after or self.last
  if not out:write "retry: 1000\n\n" then return end
  while true do
    if at < self.last - KEPT then at = self.last - KEPT end -- too slow: it asks for the state, and starts from there
    while at < self.last do
      at = at + 1
      local event = self.events[at]
      if event and not out:event { event = event.kind, id = at, data = event.data } then return end
    end
    if not self.signal:wait(HEARTBEAT) and not out:write ": \n\n" then return end
  end
end

---@return table
function M.new() return setmetatable({ last = 0, events = {}, signal = signals.new() }, Live) end

return M
