-- Logins of users: a signed cookie names an openid and a session, u/ACCOUNT/OPENID/w/SESSION in the store has who he
-- is. It ends by logging out, after a week, or when he is forgotten: whoever has the cookie then has nothing.

local core = require "weiyue_core"
local crypto = require "weiyue.crypto"
local keep = require "weiyue.keep"

local M = {}

M.SECONDS = 7 * 86400

local function record_key(account_id, openid, session)
  return keep.user(account_id, openid) .. keep.key("w", session)
end

--- The name of the cookie.
---@param account_id string
---@return string
function M.cookie(account_id) return "wy_login_" .. account_id end

--- Begins a session: what the cookie is to hold.
---@async
---@param kv table
---@param account_id string
---@param who weiyue.oauth.Identity
---@return string? ticket
---@return table? err
function M.begin(kv, account_id, who)
  local session = crypto.random_string(22)
  local key, text = record_key(account_id, who.openid, session), core.json.encode(who)
  local mark, done, err
  mark, err = keep.marked(kv, account_id, who.openid)
  if err then return nil, err end
  done, err = kv:set(key, text, M.SECONDS * 1000)
  if not done then return nil, err end
  local now
  now, err = keep.marked(kv, account_id, who.openid)
  if err or now ~= mark then -- he was forgotten meanwhile
    kv:del(key)
    return nil, err or keep.fault("store.busy", "the user is being forgotten")
  end
  return session .. " " .. who.openid
end

local User = {}
local Meta <const> = {
  __name = "weiyue.user", __metatable = "weiyue.user", __index = function(_, key) return User[key] end,
}
local inside = setmetatable({}, { __mode = "k" }) -- user → the key of his session
local owners = setmetatable({}, { __mode = "k" }) -- user → the account that he is a user of

--- Ends this session. The cookie that is left opens nothing.
---@async
---@return boolean? ended
---@return table? err
function User:logout()
  local key = inside[self]
  if not key then error("call it with a colon: req.user:logout()", 2) end
  local kv, err = keep.kv()
  if not kv then return nil, err end
  return kv:del(key)
end

--- The account that he is a user of: on a platform's pages an authorizer.
---@param user weiyue.User
---@return table? account
function M.owner(user) return owners[user] end

--- Who a browser belongs to; nil: nobody.
---@async
---@param kv table
---@param place weiyue.Place
---@param cookies table<string, string> that were signed
---@return weiyue.User? user
---@return table? err the store is away
function M.of(kv, place, cookies)
  local account_id = place.id
  local session, openid = (cookies[M.cookie(account_id)] or ""):match "^(%w+) ([%w_%-]+)$"
  if not session then return nil end
  local key = record_key(account_id, openid, session)
  local text, err = kv:get(key)
  if not text then return nil, err end
  local who = core.json.decode(text)
  if type(who) ~= "table" or who.openid ~= openid then return nil end
  local user = setmetatable(who, Meta)
  inside[user], owners[user] = key, place.object
  return user
end

return M
