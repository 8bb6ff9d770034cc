-- Template messages, by the rules since 2023: first, remark and colours are not shown, a field has its kind and is cut.

local industries = require "weiyue.sandbox.industries"
local json = require "weiyue.json"
local quota = require "weiyue.sandbox.quota"
local templates = require "weiyue.sandbox.templates"
local keywords = require "weiyue.sandbox.keywords"

local M = {}

local MOST <const> = 25
local FIRST_MSGID <const> = 2700000000000000000 -- beyond what a double holds
local FINISHES_AFTER <const> = 1 -- seconds
local SAME_FOR <const> = 600 -- seconds that a client_msg_id is remembered
local REMEMBERED <const> = 500

local function state_of(ctx) return templates.state(ctx.world, ctx.account, "template") end

function M.set_industry(ctx, args)
  local one, two = math.tointeger(tonumber(args.industry_id1)), math.tointeger(tonumber(args.industry_id2))
  if not (industries[one or 0] and industries[two or 0]) then return nil, 40102 end
  local state, month = state_of(ctx), quota.month(ctx.now)
  if state.industry_month == month then return nil, 43100 end
  state.industry_month, state.industry = month, { one, two }
  return {}
end

function M.get_industry(ctx)
  local own = state_of(ctx).industry or { 1, 41 }
  return { primary_industry = industries[own[1]], secondary_industry = industries[own[2]] }
end

-- Content from keywords: a field of the kind "thing" for each.
function M.add(ctx, args)
  if #state_of(ctx).list >= MOST then return nil, 45026 end
  local lines = {}
  for i, keyword in ipairs(args.keyword_name_list or {}) do lines[i] = ("%s:{{thing%d.DATA}}"):format(keyword, i) end
  local template = templates.add(ctx.world, ctx.account, "template", {
    title = "模板 " .. args.template_id_short, content = #lines > 0 and table.concat(lines, "\n") or nil,
  })
  return { errcode = 0, errmsg = "ok", template_id = template.template_id }
end

function M.list(ctx)
  local list, own = json.array {}, M.get_industry(ctx).primary_industry
  for i, template in ipairs(state_of(ctx).list) do
    list[i] = {
      template_id = template.template_id, title = template.title, content = template.content,
      example = template.example or "", primary_industry = own.first_class, deputy_industry = own.second_class,
    }
  end
  return { template_list = list }
end

function M.delete(ctx, args)
  if not templates.remove(ctx.world, ctx.account, "template", args.template_id) then return nil, 40037 end
  return {}
end

-- The msgid of the same client_msg_id to the same user within 10 minutes.
local function sent_before(ctx, state, args)
  if not args.client_msg_id then return nil end
  local key = args.touser .. "/" .. args.client_msg_id
  for i = #(state.sent or {}), 1, -1 do
    local one = state.sent[i]
    if one.key == key and ctx.now - one.at < SAME_FOR then return one.msgid, key end
  end
  return nil, key
end

local function remember(ctx, state, key, msgid)
  if not key then return end
  state.sent = state.sent or {}
  table.insert(state.sent, { key = key, msgid = msgid, at = ctx.now })
  if #state.sent > REMEMBERED then table.remove(state.sent, 1) end
end

local function as_list(shown, names)
  local list = {}
  for _, name in ipairs(names or {}) do
    if shown[name] then list[#list + 1] = { name = name, value = shown[name] } end
  end
  if names then return list end
  for name, value in pairs(shown) do list[#list + 1] = { name = name, value = value } end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function text_of(template, shown)
  if not template.names then return nil end
  return (template.content:gsub("{{%s*([%w_]+)%.DATA%s*}}", function(name) return shown[name] or "" end))
end

M.literal = { send = true }

function M.send(ctx, args)
  local world, appid, user = ctx.world, ctx.account.appid, ctx.account.users[args.touser]
  if not user then return nil, 40003 end
  local template = templates.find(world, ctx.account, "template", args.template_id)
  if not template then return nil, 40037 end
  if not user.subscribed then return nil, 43004 end
  local shown, text = keywords.read(template.names, args.data, false)
  if not shown then return nil, 47003, text end
  local state = state_of(ctx)
  local before, key = sent_before(ctx, state, args)
  if before then return { errcode = 0, errmsg = "ok", msgid = before } end
  state.serial = (state.serial or 0) + 1
  local msgid = FIRST_MSGID + state.serial
  remember(ctx, state, key, msgid)
  local blocked = user.refuses_templates or user.blocked
  if not blocked then
    world:deliver(appid, args.touser, {
      way = "template", type = "template", template_id = args.template_id, title = template.title, data = shown,
      fields = as_list(shown, template.names), text = text_of(template, shown), url = args.url,
      miniprogram = args.miniprogram, msgid = msgid,
    })
  end
  world:emit(appid, {
    MsgType = "event", Event = "TEMPLATESENDJOBFINISH", FromUserName = args.touser, MsgID = tostring(msgid),
    Status = blocked and "failed:user block" or "success",
  }, FINISHES_AFTER)
  return { errcode = 0, errmsg = "ok", msgid = msgid }
end

return M
