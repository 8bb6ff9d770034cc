-- A code for who stands behind it: WeChat's two calls, and whether what they say can be believed.

local hubs = require "weiyue.hub"

local M = {}

local USED <const> = { [40029] = true, [40163] = true, [42003] = true, [41008] = true }

local TEXT_MAX <const> = 1024

---@class weiyue.oauth.Identity
---@field openid string
---@field unionid? string
---@field scope "base"|"userinfo"
---@field nickname? string  he may have none
---@field headimgurl? string

---@class weiyue.oauth.Failure
---@field kind "code"|"upstream"|"identity"|"snapshot"
---@field text string for the log
---@field code? integer|string
---@field hint? string

local function failure(kind, text, err)
  return nil, { kind = kind, text = text, code = err and err.code, hint = err and err.hint }
end

local function failed(err)
  if USED[err.code] then return failure("code", "WeChat takes the code no more", err) end
  return failure("upstream", tostring(err.message or err), err)
end

local function is_id(value) return type(value) == "string" and #value <= 128 and value:find "^[%w_%-]+$" ~= nil end

local function text_of(value)
  return type(value) == "string" and value ~= "" and #value <= TEXT_MAX and value or nil
end

local function is_snapshot(reply) return tonumber(reply.is_snapshotuser) == 1 end

-- The scopes that were granted: a text with commas.
local function grants(scopes, wanted)
  if type(scopes) ~= "string" then return false end
  local granted = {}
  for one in scopes:gmatch "[^,%s]+" do granted[one] = true end
  return granted[wanted] or (wanted == "snsapi_base" and granted.snsapi_userinfo) or false
end

local function check_token(reply, place, scope)
  if type(reply) ~= "table" or not is_id(reply.openid) or not text_of(reply.access_token) then
    return "the answer names nobody"
  end
  if reply.appid ~= nil and reply.appid ~= place.appid then return "the answer is about another account" end
  if not grants(reply.scope, "snsapi_" .. scope) then return "the answer is for another scope" end
  if reply.unionid ~= nil and reply.unionid ~= "" and not is_id(reply.unionid) then return "the unionid is none" end
end

--- Who it is.
---@async
---@param place weiyue.Place of the account, or an authorizer
---@param code string
---@param scope "base"|"userinfo" that was asked for
---@return weiyue.oauth.Identity?
---@return weiyue.oauth.Failure?
function M.identity(place, code, scope)
  local engine = hubs.current().engine
  local reply, err
  if place.component then
    reply, err = engine:call(place, "component.oauth_access_token", { code = code })
  else
    reply, err = engine:call(place, "oauth.access_token", { code = code })
  end
  if not reply then return failed(err) end
  local wrong = check_token(reply, place, scope)
  if wrong then return failure("identity", wrong) end
  if is_snapshot(reply) then return failure("snapshot", "a virtual identity") end
  local who = { openid = reply.openid, unionid = text_of(reply.unionid), scope = scope }
  if scope == "base" then return who end
  local info
  info, err = engine:call(place, "oauth.userinfo", { access_token = reply.access_token, openid = reply.openid })
  if not info then return failed(err) end
  if info.openid ~= reply.openid then return failure("identity", "the profile is another user's") end
  if is_snapshot(info) then return failure("snapshot", "a virtual identity") end
  who.unionid = who.unionid or (is_id(info.unionid) and info.unionid or nil)
  who.nickname, who.headimgurl = text_of(info.nickname), text_of(info.headimgurl)
  return who
end

return M
