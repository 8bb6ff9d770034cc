-- QR codes that are not an account's own: one offers cards, one makes who scans it the customer of a guide.

local guides = require "weiyue.sandbox.guides"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

-- Runs call(), and gives the first message that it has pushed.
local function first_message(world, call)
  local first
  local stop = world:on("emit", function(emitted) first = first or emitted.message end)
  local done, errcode = call()
  stop()
  if not done then return nil, errcode end
  return first
end

local kinds = {}

kinds["/%-/guide/scan/"] = guides.scan
kinds["/%-/card/offer/"] = wallet.take_offered

--- A user scans such a code.
---@param world table
---@param appid string
---@param openid string
---@param url string
---@return boolean is_one
---@return table? message that is pushed
---@return integer? errcode
function M.scan(world, appid, openid, url)
  for pattern, call in pairs(kinds) do
    if url:find(pattern) then
      return true, first_message(world, function() return call(world, appid, openid, url) end)
    end
  end
  return false
end

return M
