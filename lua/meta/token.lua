---@meta weiyue.token
error("lua/meta is for editors, not for require")

--- Tokens of WeChat's API (凭证), kept by the host: one of each kind for each account, refreshed by one process of all
--- that share the store. For what the catalogue does not do: calls by `account.api` have theirs. In a host only.
---@class weiyue.token
local token = {}

---@alias weiyue.token.Kind
---| "access_token"
---| "jsapi_ticket"            signs pages for the JS-SDK
---| "wx_card_ticket"          signs cards
---| "component_access_token"  of a third-party platform
---| "authorizer_access_token" of an account that has authorised one

--- The token of an account, fetched when none is kept. Do not store it: ask again.
---@async
---@param account weiyue.Account|string msg.account, wx.account(), or an id
---@param kind? weiyue.token.Kind default "access_token"
---@return string? value
---@return weiyue.api.Error? err
function token.get(account, kind) end

--- The token in place of one that WeChat has refused with 40001, 40014 or 42001. Of all who tell of the same value one
--- has it refreshed; where it was replaced already, the new one is returned at once.
---@async
---@param account weiyue.Account|string
---@param kind weiyue.token.Kind
---@param value string     the token that failed
---@param errcode? integer what WeChat has said
---@return string? value
---@return weiyue.api.Error? err
function token.failed(account, kind, value, errcode) end

return token
