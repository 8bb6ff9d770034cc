-- Signatures of the JS-SDK: of a page, and of cards. Pure.

local crypto = require "weiyue.crypto"

local M = {}

--- Of a page: wx.config's signature.
---@param ticket string jsapi_ticket
---@param nonce string
---@param timestamp integer
---@param address string the page's URL as its browser has it, without fragment
---@return string 40 lower-case hex digits
function M.page(ticket, nonce, timestamp, address)
  return crypto.sha1(("jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s"):format(ticket, nonce, timestamp, address))
end

--- Of a card: values in the order of their bytes, whatever the locale says of theirs.
---@param values string[] empty ones add nothing
---@return string
function M.card(values)
  local list = {}
  for i, value in ipairs(values) do list[i] = { crypto.hex_encode(value), value } end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  for i, one in ipairs(list) do list[i] = one[2] end
  return crypto.sha1(table.concat(list))
end

return M
