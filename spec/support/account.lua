-- Accounts for specs: their configuration, what WeChat would send them, and what it makes of an answer.

local codec = require "weiyue.codec"
local push = require "spec.support.push"

local M = {}

---@class spec.Account
---@field path string
---@field token string
---@field mode "plain"|"compatible"|"safe"
---@field aes_key? string
---@field appid? string

local nonces = 0

--- The request of a push as WeChat makes it.
---@param account spec.Account
---@param nodes spec.Node[]
---@param form "xml"|"json"
---@param changes? { token?: string, timestamp?: integer, aes_key?: string, appid?: string, mode?: string,
---  nonce?: string }
---@return { target: string, body: string }
function M.sign(account, nodes, form, changes)
  changes = changes or {}
  local function of(name) return changes[name] or account[name] end
  nonces = nonces + 1
  local timestamp, nonce = changes.timestamp or os.time(), changes.nonce or tostring(1000000 + nonces)
  local query = ("signature=%s&timestamp=%d&nonce=%s&openid=oTest"):format(
    codec.sign(of "token", timestamp, nonce), timestamp, nonce)
  local mode, body = of "mode", push[form](nodes)
  if mode ~= "plain" then
    local encrypt = assert(codec.encrypt { aes_key = of "aes_key", appid = of "appid", text = body })
    local outer = { push.leaf("ToUserName", "gh_test") }
    if mode == "compatible" then outer = table.move(nodes, 1, #nodes, 1, {}) end
    outer[#outer + 1] = push.leaf("Encrypt", encrypt)
    body = push[form](outer)
    query = ("%s&encrypt_type=aes&msg_signature=%s"):format(query,
      codec.sign(of "token", timestamp, nonce, encrypt))
  end
  return { target = account.path .. "?" .. query, body = body }
end

--- What WeChat makes of a response: response.reply is the decoded reply (nil: success), response.sealed
--- whether it came encrypted, with a signature that fits and the account's appid.
---@param account spec.Account
---@param response table
---@param aes_key? string the key that must open it
---@return table response
function M.decode(account, response, aes_key)
  if response.status ~= 200 or response.body == "success" or response.body == "" then return response end
  local raw, form = codec.parse(response.body)
  if raw and raw.Encrypt then
    assert(codec.verify { token = account.token, timestamp = raw.TimeStamp, nonce = raw.Nonce,
      signature = raw.MsgSignature, encrypt = raw.Encrypt })
    local text, receive_id = codec.decrypt { aes_key = aes_key or account.aes_key, encrypt = raw.Encrypt }
    assert(text, tostring(receive_id))
    assert(receive_id == account.appid)
    response.sealed, response.text = true, text
    raw, form = codec.parse(text)
  end
  response.reply, response.form = raw, raw and form
  return response
end

--- An account of weiyue.lua as text, and as what M.sign wants.
---@param id string
---@param mode "plain"|"compatible"|"safe"
---@param more? string further fields, as Lua text
---@return spec.Account
function M.account(id, mode, more)
  local account = { id = id, path = "/" .. id, token = "wxtesttoken", mode = mode, appid = "wxtest0000000001" }
  if mode ~= "plain" then account.aes_key = M.KEY end
  account.lua = ("{ id = %q, path = %q, token = %q, mode = %q, appid = %q, %s%s }"):format(id, account.path,
    account.token, mode, account.appid, more and more .. ", " or "",
    mode ~= "plain" and not (more or ""):find "aes_key" and ("aes_key = %q"):format(M.KEY) or "")
  return account
end

M.KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

--- A weiyue.lua with these accounts.
---@param accounts spec.Account[]
---@param more? string further keys, as Lua text
function M.config(accounts, more)
  local list = {}
  for i, account in ipairs(accounts) do list[i] = account.lua end
  more = more and more .. "," or ""
  -- one worker, where a plugin's variables count for all; a port of the system's choice for the rest
  if not more:find "workers =" then more = "workers = 1, " .. more end
  if not more:find "admin =" then more = "admin = \"127.0.0.1:0\", " .. more end
  return ("return { plugins = { \"plugins/*\" }, %s accounts = {\n%s\n} }\n"):format(
    more, table.concat(list, ",\n"))
end

return M
