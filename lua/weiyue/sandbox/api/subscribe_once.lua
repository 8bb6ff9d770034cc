-- A message that the user agreed to on mp.weixin.qq.com: one for each consent, within its scene.

local consents = require "weiyue.sandbox.consents"

local M = {}

local TEXT_MOST <const> = 200 -- characters

function M.send(ctx, args)
  local user, content = ctx.account.users[args.touser], args.data.content
  if not user then return nil, 40003 end
  if (utf8.len(content.value) or #content.value) > TEXT_MOST then return nil, 45002 end
  if not consents.spend_once(user, args.template_id, args.scene) then return nil, 43101 end
  ctx.world:deliver(ctx.account.appid, args.touser, {
    way = "subscribe_once", type = "subscribe_once", template_id = args.template_id, title = args.title,
    text = content.value, url = args.url, miniprogram = args.miniprogram, scene = args.scene,
  })
  return {}
end

return M
