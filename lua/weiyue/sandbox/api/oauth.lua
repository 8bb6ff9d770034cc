-- Web authorization: what a code is exchanged for, and who the user is.

local json = require "weiyue.json"
local sns = require "weiyue.sandbox.sns"

local M = {}

function M.access_token(ctx, args)
  if not ctx.account then return nil, 40013 end
  if ctx.account.secret ~= args.secret then return nil, 40125 end
  local grant, code = sns.redeem(ctx.world, ctx.account, args.code)
  if not grant then return nil, code end
  return sns.tokens(ctx.world, ctx.account, grant)
end

function M.refresh_token(ctx, args)
  if not ctx.account then return nil, 40013 end
  return sns.refresh(ctx.world, ctx.account, args.refresh_token)
end

-- The user's picture: what he has, or none.
function M.userinfo(ctx, args)
  local grant, appid = sns.grant(ctx.world, args.access_token)
  if not grant then return nil, appid end
  if grant.scope == "snsapi_base" then return nil, 48001 end
  if grant.openid ~= args.openid then return nil, 40003 end
  local user = ctx.world:user(appid, grant.openid)
  return {
    openid = grant.openid, nickname = user and user.nickname or "微信用户", sex = 0, language = "", city = "",
    province = "", country = "", headimgurl = user and user.avatar or "", privilege = json.array {},
    unionid = grant.unionid, is_snapshotuser = grant.snapshot and 1 or nil,
  }
end

function M.auth(ctx, args)
  local grant = sns.grant(ctx.world, args.access_token)
  if not grant or grant.openid ~= args.openid then return nil, 40003 end
  return {}
end

return M
