-- Subscription messages and their templates. The public library has any tid, each with the same keywords.

local json = require "weiyue.json"
local notices = require "weiyue.sandbox.notices"
local templates = require "weiyue.sandbox.templates"

local M = {}

local MOST <const> = 50
local CATEGORIES <const> = { { id = 616, name = "公交" }, { id = 307, name = "软件服务提供商" } }

-- By kid.
local KEYWORDS <const> = {
  { "物品名称", "咖啡", "thing" }, { "时间", "2026-01-01 12:00", "time" }, { "金额", "¥100", "amount" },
  { "单号", "A123", "character_string" }, { "电话", "13800000000", "phone_number" }, { "日期", "2026-01-01", "date" },
  { "数量", "10", "number" }, { "备注", "请按时到达", "thing" }, { "姓名", "张三", "name" }, { "状态", "已完成", "phrase" },
}

function M.get_category()
  local list = json.array {}
  for i, own in ipairs(CATEGORIES) do list[i] = { id = own.id, name = own.name } end
  return { errcode = 0, errmsg = "ok", data = list }
end

function M.get_pub_template_titles(_, args)
  local start, limit = math.tointeger(tonumber(args.start)), math.tointeger(tonumber(args.limit))
  if not start or start < 0 then return nil, 200016 end
  if not limit or limit < 1 or limit > 30 then return nil, 200017 end
  local list = json.array {}
  for i = start + 1, math.min(start + limit, #CATEGORIES) do
    list[#list + 1] = { tid = 1000 + i, title = "通知 " .. i, type = 2, categoryId = tostring(CATEGORIES[i].id) }
  end
  return { errcode = 0, errmsg = "ok", count = #CATEGORIES, data = list }
end

function M.get_pub_template_keywords(_, args)
  if args.tid == "" then return nil, 200014 end
  local list = json.array {}
  for kid, own in ipairs(KEYWORDS) do list[kid] = { kid = kid, name = own[1], example = own[2], rule = own[3] } end
  return { errcode = 0, errmsg = "ok", count = #list, data = list }
end

function M.add_template(ctx, args)
  if args.tid == "" then return nil, 200014 end
  local state = templates.state(ctx.world, ctx.account, "subscribe")
  if #state.list >= MOST then return nil, 200012 end
  local lines, examples, seen = {}, {}, {}
  for i, value in ipairs(args.kidList) do
    local kid = math.tointeger(tonumber(value))
    local own = KEYWORDS[kid or 0]
    if not own or seen[kid] then return nil, 200020 end
    seen[kid] = true
    lines[i], examples[i] = ("%s:{{%s%d.DATA}}"):format(own[1], own[3], kid), own[1] .. ":" .. own[2]
  end
  local template = templates.add(ctx.world, ctx.account, "subscribe", {
    title = "通知 " .. args.tid, content = table.concat(lines, "\n"), example = table.concat(examples, "\n"),
  })
  return { errcode = 0, errmsg = "ok", priTmplId = template.template_id }
end

function M.delete_template(ctx, args)
  if not templates.remove(ctx.world, ctx.account, "subscribe", args.priTmplId) then return nil, 200002 end
  return {}
end

function M.get_templates(ctx)
  local list = json.array {}
  for i, template in ipairs(templates.state(ctx.world, ctx.account, "subscribe").list) do
    list[i] = { priTmplId = template.template_id, title = template.title, content = template.content,
      example = template.example or "", type = 2 }
  end
  return { errcode = 0, errmsg = "ok", data = list }
end

M.send = notices.send

return M
