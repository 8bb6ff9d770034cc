-- One attempt to log in: its state, which WeChat brings back, is bound to the browser by a signed cookie of its own,
-- which also has where to go then. Another cookie names the last attempts: beyond a few the oldest go, or all together
-- would be more than a request may have. The server keeps nothing before WeChat has sent somebody back; from then on
-- o/ACCOUNT/s/STATE says that the state was used, and with which code, o/ACCOUNT/c/CODE (a digest) that the code was.

local core = require "weiyue_core"
local crypto = require "weiyue.crypto"
local keep = require "weiyue.keep"

local M = {}

M.SECONDS = 600 -- that an attempt may take

local LENGTH <const> = 22 -- letters and digits: 131 bits
local TTL <const> = (M.SECONDS + 60) * 1000 -- ms

M.LIST = "wy_states" -- the cookie with their names
local KEPT <const> = 4 -- attempts of a browser at a time

local function cookie_name(state) return "wy_state_" .. state:sub(1, 8) end

--- A new attempt: its state, and the cookie that goes with it, to be signed.
---@param attempt { scope: string, back: string, id: string } back: a path of this host; id: whose login it is to be
---@return string state
---@return string name of the cookie
---@return string value
function M.begin(attempt)
  local state = crypto.random_string(LENGTH)
  local text = core.json.encode { state = state, scope = attempt.scope, back = attempt.back, id = attempt.id }
  return state, cookie_name(state), text
end

--- The list of a browser's last attempts with a new one, and the cookies of those that go.
---@param list? string as it was
---@param state string
---@return string list
---@return string[] gone
function M.listed(list, state)
  local names, gone = {}, {}
  for name in (list or ""):gmatch "%w+" do names[#names + 1] = name end
  while #names >= KEPT do gone[#gone + 1] = cookie_name(table.remove(names, 1)) end
  names[#names + 1] = state:sub(1, 8)
  return table.concat(names, " "), gone
end

--- What a browser that comes back had begun with.
---@param state any of the query
---@param cookies table<string, string> that were signed, and not too long ago
---@return { state: string, scope: string, back: string, id: string }? attempt
---@return string? why "form", "cookie": it is another browser's, or too old
function M.open(state, cookies)
  if type(state) ~= "string" or #state ~= LENGTH or state:find "%W" then return nil, "form" end
  local text = cookies[cookie_name(state)]
  local attempt = text and core.json.decode(text)
  if type(attempt) ~= "table" or not crypto.equal(attempt.state, state) then return nil, "cookie" end
  return attempt
end

-- Once ---------------------------------------------------------------------------------------------------------

local function digest(state, code) return crypto.sha256(("use\0%s\0%s"):format(state, code)) end
local function key_of(state, code) return crypto.sha256(("result\0%s\0%s"):format(state, code), "raw") end
local function state_key(account_id, state) return keep.key("o", account_id, "s", state) end

--- Uses a state and its code, once in all workers and machines.
---@async
---@return "first"|"again"|"used"|"replayed"|nil how again: both came before, together; used: the state, with another
---  code; replayed: the code, with another state
---@return table? err
function M.use(kv, account_id, state, code)
  local mark, key = digest(state, code), state_key(account_id, state)
  local added, err = kv:add(key, mark, TTL)
  if added == nil then return nil, err end
  if not added then
    local text
    text, err = kv:get(key)
    if err then return nil, err end
    return text and text:sub(1, #mark) == mark and "again" or "used"
  end
  added, err = kv:add(keep.key("o", account_id, "c", crypto.sha256("code\0" .. code)), "", TTL)
  if added == nil then return nil, err end
  return added and "first" or "replayed"
end

-- What came of a code is kept for those who bring it again, such as a browser that WeChat has sent twice. Only the
-- code opens it, and the store does not have that.

--- Keeps what came of it.
---@async
---@param result string
function M.keep(kv, account_id, state, code, result)
  local mark, nonce = digest(state, code), crypto.random(12)
  local sealed = assert(crypto.aes_gcm_encrypt(key_of(state, code), nonce, result))
  return kv:set(state_key(account_id, state), mark .. nonce .. sealed, TTL)
end

--- What came of it; nil: nothing yet.
---@async
---@return string? result
---@return table? err
function M.kept(kv, account_id, state, code)
  local mark = digest(state, code)
  local text, err = kv:get(state_key(account_id, state))
  if not text or #text <= #mark + 12 then return nil, err end
  local nonce, sealed = text:sub(#mark + 1, #mark + 12), text:sub(#mark + 13)
  return crypto.aes_gcm_decrypt(key_of(state, code), nonce, sealed)
end

return M
