-- How often one client may ask for what costs something: phones behind one address of a carrier or a hall are many, a
-- program is one.

local core = require "weiyue_core"

local M = {}

local SPAN <const>, MOST <const> = 10, 500 -- seconds, and requests in them, at one worker
local CLIENTS <const> = 20000 -- that are counted at a time: further ones are not

-- Who has an IPv6 address has 2^64 of them.
local function client(ip)
  if not ip:find(":", 1, true) then return ip end
  local head, tail = ip:match "^(.-)::(.*)$"
  local groups = {}
  for group in (head or ip):gmatch "[^:]+" do groups[#groups + 1] = group:gsub("^0+(.)", "%1") end
  if head then
    local behind = select(2, tail:gsub("[^:]+", ""))
    while #groups + behind < 8 do groups[#groups + 1] = "0" end
  end
  return table.concat(groups, ":", 1, math.min(4, #groups))
end

---@class weiyue.web.Rates
---@field private counts table<string, integer>
---@field private n integer
---@field private span integer
local Rates = {}
Rates.__index = Rates

--- Whether a client may have one more.
---@param what string
---@param account_id string
---@param ip? string nil: it is not known
---@return boolean ok
---@return boolean first it is the first one of a span that is refused
function Rates:take(what, account_id, ip)
  if not ip then return true, false end
  local span = core.time.monotonic() // SPAN
  if span ~= self.span then self.span, self.counts, self.n = span, {}, 0 end
  local key = ("%s/%s/%s"):format(what, account_id, client(ip))
  local n = self.counts[key]
  if not n then
    if self.n >= CLIENTS then return true, false end
    self.n, n = self.n + 1, 0
  end
  self.counts[key] = n + 1
  return n < MOST, n == MOST
end

---@return weiyue.web.Rates
function M.new() return setmetatable({ counts = {}, n = 0 }, Rates) end

return M
