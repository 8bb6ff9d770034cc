-- How many customer-service messages a user's actions allow, and until when (lua/weiyue/capabilities.lua).

local capabilities = require "weiyue.capabilities"

local M = {}

local MESSAGES <const> = {}
for kind in ("message text image voice video shortvideo location link file miniprogrampage"):gmatch "%S+" do
  MESSAGES[kind] = true
end

-- The name of the window that an action opens; "LOCATION" is the event, "location" the message.
local function name_of(kind)
  if type(kind) ~= "string" then return nil end -- an event without a name
  if MESSAGES[kind] then return "message", capabilities.message_window end
  local event = kind:lower()
  return event, capabilities.event_windows[event]
end

--- Opens the window of an action, anew where it is open already.
---@param user table
---@param kind string MsgType of a message, Event of an event
---@param at number unix seconds
function M.open(user, kind, at)
  user.last_contact = at
  local name, window = name_of(kind)
  if not window then return end
  user.windows[name] = { left = window.messages, messages = window.messages, ends = at + window.seconds }
end

--- The open windows, the one that ends first at the front: { name, left, messages, ends }.
---@return table[]
function M.list(user, now)
  local list = {}
  for name, window in pairs(user.windows) do
    if window.ends > now then
      list[#list + 1] = { name = name, left = window.left, messages = window.messages, ends = window.ends }
    else
      user.windows[name] = nil
    end
  end
  table.sort(list, function(a, b) return a.ends < b.ends or (a.ends == b.ends and a.name < b.name) end)
  return list
end

--- Takes one message from the window that ends first.
---@return true?, integer? errcode 45015 none is open, 45047 what is open is used up
function M.spend(user, now)
  local open = M.list(user, now)
  if #open == 0 then return nil, 45015 end
  for _, window in ipairs(open) do
    if window.left > 0 then
      user.windows[window.name].left = window.left - 1
      return true
    end
  end
  return nil, 45047
end

return M
