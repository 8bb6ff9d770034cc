-- The blacklist: whoever is on it writes, and nobody hears.

local page = require("weiyue.sandbox.api.user").page

local M = {}

function M.list(ctx, args)
  local blocked = {}
  for _, openid in ipairs(ctx.account.openids) do
    if ctx.account.users[openid].blocked then blocked[#blocked + 1] = openid end
  end
  local list, last = page(blocked, args.begin_openid)
  if not list then return nil, 40003 end
  return { total = #blocked, count = #list, data = #list > 0 and { openid = list } or nil, next_openid = last }
end

local function set(ctx, args, blocked)
  if #args.openid_list == 0 then return nil, 40032 end
  for _, openid in ipairs(args.openid_list) do
    if not ctx.account.users[openid] then return nil, 40003 end
  end
  for _, openid in ipairs(args.openid_list) do ctx.account.users[openid].blocked = blocked end
  return {}
end

function M.add(ctx, args) return set(ctx, args, true) end
function M.remove(ctx, args) return set(ctx, args, false) end

return M
