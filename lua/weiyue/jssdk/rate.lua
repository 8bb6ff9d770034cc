-- How many signatures one client may have: phones behind one address of a carrier are many, a program is one.

local core = require "weiyue_core"

local M = {}

local SPAN <const>, MOST <const> = 10, 200 -- seconds, and signatures in them

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

--- Whether a client may have one more.
---@param dict table memory that all workers share
---@param account_id string
---@param ip string
---@return boolean ok
---@return boolean first it is the first one of a span that is refused
function M.take(dict, account_id, ip)
  local span = math.floor(core.time.now() / SPAN)
  local n = dict:incr(("jssdk/%s/%s/%d"):format(account_id, client(ip), span), 1, 2 * SPAN)
  if not n then return true, false end -- the memory is full: nobody is counted
  return n <= MOST, n == MOST + 1
end

return M
