-- weiyue.token: the tokens of WeChat's API, kept by the host. For what the API catalogue does not do: calls made
-- by account.api have theirs.

local fault = require "weiyue.token.fault"
local hub = require "weiyue.hub"

local M = {}

local KINDS <const> = {
  access_token = true, jsapi_ticket = true, wx_card_ticket = true, component_access_token = true,
  authorizer_access_token = true,
}

local function place_of(what, account, kind)
  local now = hub.current()
  local place = now:place(account)
  local came = type(account) == "string" and now.has_component and (not place or place.component)
  if came then place = now.components:find(account) and now:place(account) end -- the store knows who has authorised
  if not place then error(("%s wants an account, as msg.account or wx.account() give it"):format(what), 3) end
  if not KINDS[kind] then
    error(('%s: there is no token "%s"; there is access_token, jsapi_ticket, wx_card_ticket, …')
      :format(what, tostring(kind)), 3)
  end
  return place
end

--- The token of an account, fetched when none is kept.
---@async
---@param account table|string msg.account, or its id
---@param kind? string default "access_token"
---@return string? value
---@return weiyue.Fault? err
function M.get(account, kind)
  kind = kind or "access_token"
  local place = place_of("token.get", account, kind)
  return hub.current().keeper:get(place, kind)
end

--- The token in place of one that WeChat has refused (40001, 40014, 42001): refreshed once for all who tell.
---@async
---@param account table|string
---@param kind string
---@param value string   the one that failed
---@param errcode? integer
---@return string? value
---@return weiyue.Fault? err
function M.failed(account, kind, value, errcode)
  local place = place_of("token.failed", account, kind)
  if type(value) ~= "string" or value == "" then error("token.failed wants the token that failed", 2) end
  if not require("weiyue.token.issue").is_token(value) then
    return nil, fault("token.form",
      { "给的不是 token：应是字母、数字、_ 和 -", "that is no token of letters, digits, _ and -" },
      "给 token.failed 的是 token.get 给的那个值；give token.failed what token.get gave")
  end
  return hub.current().keeper:failed(place, kind, value, errcode or 40001)
end

return M
