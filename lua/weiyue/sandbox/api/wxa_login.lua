-- A mini program's login.

local sns = require "weiyue.sandbox.sns"

local M = {}

function M.jscode2session(ctx, args)
  if not ctx.account then return nil, 40013 end
  if ctx.account.secret ~= args.secret then return nil, 40125 end
  local grant, code = sns.redeem(ctx.world, ctx.account, args.js_code, true)
  if not grant then return nil, code end
  local key = require("weiyue.crypto").base64_encode(ctx.world.random(16))
  return { openid = grant.openid, session_key = key, unionid = grant.unionid }
end

return M
