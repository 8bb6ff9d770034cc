-- Subscription messages: what bizsend and its sister for mini programs have in common.

local consents = require "weiyue.sandbox.consents"
local json = require "weiyue.json"
local templates = require "weiyue.sandbox.templates"
local keywords = require "weiyue.sandbox.keywords"

local M = {}

local FIRST_MSGID <const> = 1700000000000000000
local SENT_AFTER <const> = 1 -- seconds

--- Sends one: uses a consent up.
function M.send(ctx, args)
  local world, appid, user = ctx.world, ctx.account.appid, ctx.account.users[args.touser]
  if not user then return nil, 40003 end
  local template = templates.find(world, ctx.account, "subscribe", args.template_id)
  if not template then return nil, 40037 end
  local shown, why = keywords.read(template.names, args.data, true)
  if not shown then return nil, 47003, why end
  if not consents.spend(user, args.template_id) then return nil, 43101 end
  local state = templates.state(world, ctx.account, "subscribe")
  state.serial = (state.serial or 0) + 1
  local msgid = FIRST_MSGID + state.serial
  world:deliver(appid, args.touser, {
    way = "subscribe", type = "subscribe", template_id = args.template_id, title = template.title, data = shown,
    page = args.page, miniprogram = args.miniprogram, msgid = msgid,
  })
  local one = { TemplateId = args.template_id, MsgID = tostring(msgid), ErrorCode = "0", ErrorStatus = "success" }
  world:emit(appid, {
    MsgType = "event", Event = "subscribe_msg_sent_event", FromUserName = args.touser,
    SubscribeMsgSentEvent = { List = json.array { one } },
  }, SENT_AFTER)
  return { errcode = 0, errmsg = "ok", msgid = msgid }
end

return M
