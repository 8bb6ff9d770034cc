-- Codes of OAuth and of logins, and the tokens that users' permissions are.

local ids = require "weiyue.sandbox.ids"

local M = {}

local CODE_LIFE <const>, REFRESH_LIFE <const> = 300, 30 * 86400
local KEPT <const> = 2000 -- codes and refresh tokens that are remembered

local function state_of(world, account)
  return world:state(account, "sns", function() return { codes = {}, refresh = {}, order = {} } end)
end

local function remember(state, kind, value, entry)
  state[kind][value] = entry
  table.insert(state.order, { kind, value })
  if #state.order > KEPT then
    local oldest = table.remove(state.order, 1)
    state[oldest[1]][oldest[2]] = nil
  end
end

--- A code as open.weixin.qq.com gives it: for one use within 5 minutes.
---@param appid string
---@param openid string
---@param scope string snsapi_base, snsapi_userinfo; jscode: a mini program's login
---@param options? { snapshot: boolean? } a page that shows a virtual identity: its openid is another
---@return string code
function M.new_code(world, appid, openid, scope, options)
  local account = world:account(appid) or error("no account " .. tostring(appid), 3)
  if not account.users[openid] then error("no user " .. tostring(openid), 3) end
  local snapshot = options and options.snapshot or nil
  local code = "0" .. ids.text(world.random, 31):gsub("[-_]", "x")
  remember(state_of(world, account), "codes", code, {
    openid = snapshot and ids.openid(world.random) or openid, scope = scope, snapshot = snapshot,
    unionid = not snapshot and account.users[openid].unionid or nil, ends = world.now() + CODE_LIFE,
  })
  return code
end

--- Uses a code up.
---@return table? grant {openid, scope, snapshot, unionid}, integer? errcode
function M.redeem(world, account, code, is_login)
  local grant = state_of(world, account).codes[code]
  if not grant or (grant.scope == "jscode") ~= (is_login or false) then return nil, 40029 end
  if grant.used then return nil, 40163 end
  if grant.ends <= world.now() then return nil, 42003 end
  grant.used = true
  return grant
end

local function reply(world, grant)
  return {
    access_token = grant.token.value, expires_in = math.floor(grant.token.ends - world.now()),
    refresh_token = grant.refresh_token, openid = grant.openid, scope = grant.scope,
    unionid = grant.scope == "snsapi_userinfo" and grant.unionid or nil,
    is_snapshotuser = grant.snapshot and 1 or nil,
  }
end

--- The tokens for a grant.
function M.tokens(world, account, grant)
  grant.token = world.tokens:issue("oauth", account.appid)
  grant.token.grant = grant
  grant.refresh_token, grant.refresh_ends = "r" .. ids.text(world.random, 87), world.now() + REFRESH_LIFE
  remember(state_of(world, account), "refresh", grant.refresh_token, grant)
  return reply(world, grant)
end

--- A token that is still good lives on; else there is a new one. The refresh token stays.
function M.refresh(world, account, refresh_token)
  local grant = state_of(world, account).refresh[refresh_token]
  if not grant then return nil, 40030 end
  if grant.refresh_ends <= world.now() then return nil, 42002 end
  if world.tokens:check(grant.token.value) then
    grant.token.ends = world.now() + require("weiyue.sandbox.tokens").LIFE
  else
    grant.token = world.tokens:issue("oauth", account.appid)
    grant.token.grant = grant
  end
  return reply(world, grant)
end

--- The grant behind a user's token.
---@return table? grant, integer|string code_or_appid
function M.grant(world, value)
  local token, code = world.tokens:check(value or "")
  if not token then return nil, code end
  if token.kind ~= "oauth" then return nil, 40001 end
  return token.grant, token.appid
end

return M
