-- The sandbox: automatic replies. They are made in the web console, which a sandbox has not: `account.autoreply`, as
-- WeChat's answer has it, is what somebody has made there.

local values = require "weiyue.sandbox.values"

local M = {}

function M.get(ctx)
  local own = ctx.account.autoreply
  if own then return values.copy(own) end
  return { is_add_friend_reply_open = 0, is_autoreply_open = 0, keyword_autoreply_info = { list = values.list() } }
end

return M
