-- What wx.addCard, wx.chooseCard and wx.chooseInvoice do on the phone: cards are taken, shown, given to the page. Pure.

local codec = require "weiyue.codec"
local invoices = require "weiyue.sandbox.invoices"
local json = require "weiyue.json"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

local MOST <const> = 10 -- cards at once

local function text(value)
  if math.type(value) then value = tostring(math.tointeger(value) or value) end
  return type(value) == "string" and value or ""
end

-- Whether a signature is that of the account's card ticket and these values, some of which may be absent.
local function is_signed(world, account, signature, ...)
  local ticket = world:ticket(account.appid, "wx_card")
  if not ticket then return false end
  local values = { ticket }
  for i = 1, select("#", ...) do values[i + 1] = text((select(i, ...))) end
  return codec.card_sign(values) == signature
end

local calls = {}

function calls.addCard(world, account, openid, options)
  local list, taken = options.cardList, json.array()
  if type(list) ~= "table" or #list == 0 or #list > MOST then return nil, "cardList is empty" end
  for _, one in ipairs(list) do
    local ext = type(one) == "table" and json.decode(text(one.cardExt))
    if type(ext) ~= "table" then return nil, "cardExt is no JSON" end
    local id, code = text(one.cardId), text(ext.code)
    if not is_signed(world, account, ext.signature, ext.timestamp, id, code, ext.openid, ext.nonce_str) then
      return nil, "invalid signature of cardExt"
    end
    if text(ext.openid) ~= "" and ext.openid ~= openid then return nil, "the card is for another user" end
    local entry, errcode = wallet.take(world, account.appid, openid, id,
      { code = code ~= "" and code or nil, outer_str = text(ext.outer_str) })
    if not entry then return nil, ("the card cannot be taken: %d"):format(errcode) end
    taken[#taken + 1] = { cardId = id, cardExt = one.cardExt, isSuccess = true,
      code = wallet.encrypt(world, account, entry) }
  end
  return taken
end

local function check_choice(world, account, options, kind)
  return is_signed(world, account, options.cardSign, account.appid, options.shopId, options.timestamp,
    options.nonceStr, options.cardId, options.cardType or kind)
end

function calls.chooseCard(world, account, openid, options)
  if not check_choice(world, account, options, "") then return nil, "invalid signature" end
  local id = text(options.cardId)
  local list = wallet.choose(world, account.appid, openid, id ~= "" and id or nil)
  return #list > 0 and list or nil, "the user has no such card"
end

function calls.chooseInvoice(world, account, openid, options)
  if not check_choice(world, account, options, "INVOICE") then return nil, "invalid signature" end
  local list = invoices.choose(world, openid)
  return #list > 0 and list or nil, "the user has no invoice"
end

--- Carries a call out.
---@param world table
---@param account table
---@param openid string
---@param api any addCard, chooseCard, chooseInvoice
---@param options any as the page gave them
---@return table[]? list of what wx.… gives
---@return string? reason why it fails
function M.call(world, account, openid, api, options)
  local call = calls[api]
  if not call or type(options) ~= "table" then return nil, "no such call" end
  if not world:user(account.appid, openid) then return nil, "no such user" end
  return call(world, account, openid, options)
end

return M
