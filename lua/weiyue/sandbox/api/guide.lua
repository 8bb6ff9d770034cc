-- The sandbox: guides (顾问), their groups and customers, and the tags of these. Materials: guide_materials.lua.

local guides = require "weiyue.sandbox.guides"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local flag, int, text = values.flag, values.int, values.text

local M = { scan = guides.scan } -- what users do

for name, call in pairs(require "weiyue.sandbox.guide_materials") do M[name] = call end

local GROUPS <const>, IN_GROUP <const> = 200, 200
local TAGS <const>, TAG_VALUES <const> = 4, 50

local function state(ctx) return guides.state(ctx.world, ctx.account) end
local function find(ctx, args, prefix) return guides.find(ctx.world, ctx.account, args, prefix) end
local function ok(reply)
  reply.errcode, reply.errmsg = 0, "ok"
  return reply
end

-- Guides ------------------------------------------------------------------------------------------------------

local function show(guide)
  return { guide_account = guide.guide_account or "", guide_openid = guide.guide_openid or "",
    guide_nickname = guide.nickname, guide_headimgurl = guide.head, status = 1 }
end

function M.add(ctx, args)
  local guide, errcode = guides.add(ctx.world, ctx.account, args)
  if not guide then return nil, errcode end
  return {}
end

function M.get(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  return ok(show(guide))
end

function M.update(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  guide.nickname = text(args.guide_nickname) or guide.nickname
  guide.head = text(args.guide_headimgurl) or guide.head
  return {}
end

function M.del(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  guides.remove(ctx.world, ctx.account, guide)
  return {}
end

-- A page of a list, each item shown.
local function page(all, args, how)
  local num, list = int(args.num, 50), values.list()
  for i, one in ipairs(shelf.part(all, int(args.page, 0) * num, num)) do list[i] = how(one) end
  return ok { total_num = #all, list = list }
end

function M.list(ctx, args) return page(state(ctx).guides:list(), args, show) end

function M.create_qrcode(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  return ok { qrcode_url = guides.qrcode(ctx.world, ctx.account, guide, args.qrcode_info) }
end

-- What is said to customers does not pass through WeChat's API: a sandbox has no record of it.
function M.get_chat_record(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  return page({}, args, values.copy)
end

local CONFIG <const> = { "guide_fast_reply_list", "guide_auto_reply", "guide_auto_reply_plus" }

local function configure(config, args, names)
  for _, name in ipairs(names) do
    if args[name] ~= nil then config[name] = not flag(args.is_delete) and values.copy(args[name]) or nil end
  end
end

function M.set_config(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  guide.config = guide.config or {}
  configure(guide.config, args, CONFIG)
  return {}
end

function M.get_config(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  return ok(values.copy(guide.config or {}))
end

function M.set_acct_config(ctx, args)
  configure(state(ctx).acct, args, { "black_keyword", "guide_auto_reply" })
  return {}
end

function M.get_acct_config(ctx) return ok(values.copy(state(ctx).acct)) end

-- Groups ------------------------------------------------------------------------------------------------------

function M.new_group(ctx, args)
  local s = state(ctx)
  if #s.groups >= GROUPS then return nil, 45018 end
  s.group = (s.group or 0) + 1
  s.groups:put(s.group, { id = s.group, name = args.group_name, guides = shelf.new(IN_GROUP) })
  return ok { group_id = s.group }
end

function M.get_group_list(ctx)
  local list = values.list()
  for i, group in ipairs(state(ctx).groups:list()) do
    list[i] = { id = group.id, group_name = group.name, guide_count = #group.guides }
  end
  return ok { group_list = list }
end

local function group_of(ctx, args)
  local group = state(ctx).groups:get(int(args.group_id))
  if not group then return nil, 40050 end
  return group
end

function M.get_group_info(ctx, args)
  local group, errcode = group_of(ctx, args)
  if not group then return nil, errcode end
  return page(group.guides:list(), args, show)
end

function M.add_to_group(ctx, args)
  local group, errcode = group_of(ctx, args)
  if not group then return nil, errcode end
  local guide
  guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  if #group.guides >= IN_GROUP then return nil, 45018 end
  group.guides:put(guides.key_of(guide), guide)
  return {}
end

function M.del_from_group(ctx, args)
  local group, errcode = group_of(ctx, args)
  if not group then return nil, errcode end
  if not group.guides:drop(args.guide_account) then return nil, 65401 end
  return {}
end

function M.get_groups_of_guide(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  local list = values.list()
  for _, group in ipairs(state(ctx).groups:list()) do
    if group.guides:get(guides.key_of(guide)) then list[#list + 1] = group.id end
  end
  return ok { group_id_list = list }
end

M.del_group = function(ctx, args)
  if not state(ctx).groups:drop(int(args.group_id)) then return nil, 40050 end
  return {}
end

-- Customers ---------------------------------------------------------------------------------------------------

local function show_buyer(relation)
  return { openid = relation.openid, buyer_nickname = relation.nickname, create_time = relation.at }
end

-- A customer that arguments name; of the guide, where they name one.
local function buyer(ctx, args, openid)
  local relation = guides.relation(ctx.world, ctx.account, openid or args.openid)
  if not relation then return nil, 65413 end
  if text(args.guide_account) or text(args.guide_openid) then
    local guide, errcode = find(ctx, args)
    if not guide then return nil, errcode end
    if relation.guide ~= guide then return nil, 65414 end
  end
  return relation
end

-- The same for each of several: { errcode, errmsg, openid }.
local function each(openids, call)
  local list = values.list()
  for i, openid in ipairs(openids) do
    local done, errcode = call(openid)
    list[i] = { errcode = done and 0 or errcode, errmsg = done and "ok" or "failed", openid = openid }
  end
  return ok { buyer_resp = list }
end

function M.add_buyer_relation(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  if type(args.buyer_list) == "table" then
    local nicknames, openids = {}, {}
    for i, one in ipairs(args.buyer_list) do openids[i], nicknames[one.openid] = one.openid, one.buyer_nickname end
    return each(openids, function(openid)
      return guides.bind(ctx.world, ctx.account, guide, openid, nicknames[openid])
    end)
  end
  local relation
  relation, errcode = guides.bind(ctx.world, ctx.account, guide, args.openid, args.buyer_nickname)
  if not relation then return nil, errcode end
  return {}
end

function M.del_buyer_relation(ctx, args)
  local function unbind(openid)
    local relation, errcode = buyer(ctx, args, openid)
    if not relation then return nil, errcode end
    return guides.unbind(ctx.world, ctx.account, openid)
  end
  if type(args.openid_list) == "table" then return each(args.openid_list, unbind) end
  local relation, errcode = unbind(args.openid)
  if not relation then return nil, errcode end
  return {}
end

function M.get_buyer_relation_list(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  return page(guides.buyers(ctx.world, ctx.account, guide), args, show_buyer)
end

function M.rebind_for_buyer(ctx, args)
  local from, errcode = find(ctx, args, "old_")
  if not from then return nil, errcode end
  local to
  to, errcode = find(ctx, args, "new_")
  if not to then return nil, errcode end
  local function move(openid)
    local relation = guides.relation(ctx.world, ctx.account, openid)
    if not relation or relation.guide ~= from then return nil, 65413 end
    if to.n >= guides.BUYERS then return nil, 45018 end
    from.n, to.n, relation.guide = from.n - 1, to.n + 1, to
    return true
  end
  if type(args.openid_list) == "table" then return each(args.openid_list, move) end
  local done
  done, errcode = move(args.openid)
  if not done then return nil, errcode end
  return {}
end

function M.update_buyer_relation(ctx, args)
  local relation, errcode = buyer(ctx, args)
  if not relation then return nil, errcode end
  relation.nickname = args.buyer_nickname
  return {}
end

function M.get_buyer_relation_by_buyer(ctx, args)
  local relation, errcode = buyer(ctx, { openid = args.openid })
  if not relation then return nil, errcode end
  local reply = show_buyer(relation)
  reply.guide_account, reply.guide_openid = relation.guide.guide_account or "", relation.guide.guide_openid or ""
  return ok(reply)
end

function M.get_buyer_relation(ctx, args)
  local relation, errcode = buyer(ctx, args)
  if not relation then return nil, errcode end
  return ok(show_buyer(relation))
end

-- Tags --------------------------------------------------------------------------------------------------------

-- Adds values to a tag, no more than it may have.
local function extend(tag, list)
  local has, n = {}, #tag.values
  for _, value in ipairs(tag.values) do has[value] = true end
  local added = {}
  for _, value in ipairs(list) do
    if not has[value] then added[#added + 1], has[value] = value, true end
  end
  if n + #added > TAG_VALUES then return nil, 45056 end
  table.move(added, 1, #added, n + 1, tag.values)
  return {}
end

function M.new_tag_option(ctx, args)
  local tags = state(ctx).tags
  if tags:get(args.tag_name) then return nil, 45157 end
  if #tags >= TAGS then return nil, 45056 end
  local tag = { name = args.tag_name, values = {} }
  local done, errcode = extend(tag, args.tag_values)
  if not done then return nil, errcode end
  tags:put(args.tag_name, tag)
  return {}
end

function M.add_tag_option(ctx, args)
  local tag = state(ctx).tags:get(args.tag_name)
  if not tag then return nil, 45159 end
  return extend(tag, args.tag_values)
end


function M.get_tag_option(ctx)
  local list = values.list()
  for i, tag in ipairs(state(ctx).tags:list()) do
    list[i] = { tag_name = tag.name, tag_values = values.list(values.copy(tag.values)) }
  end
  return ok { options = list }
end

local function is_value(ctx, value)
  return #state(ctx).tags:list(function(tag)
    for _, one in ipairs(tag.values) do
      if one == value then return true end
    end
  end) > 0
end

-- Customers lose its values, but for those that another tag has, too.
function M.del_tag_option(ctx, args)
  local tag = state(ctx).tags:drop(args.tag_name)
  if not tag then return nil, 45159 end
  for _, value in ipairs(tag.values) do
    if not is_value(ctx, value) then
      for _, relation in ipairs(state(ctx).buyers:list()) do relation.tags[value] = nil end
    end
  end
  return {}
end

-- Sets or takes a tag of one customer, or of several.
local function mark(ctx, args, is_set)
  if is_set and not is_value(ctx, args.tag_value) then return nil, 45159 end
  local function one(openid)
    local relation, errcode = buyer(ctx, args, openid)
    if not relation then return nil, errcode end
    relation.tags[args.tag_value] = is_set or nil
    return true
  end
  if type(args.openid_list) == "table" and #args.openid_list > 0 then return each(args.openid_list, one) end
  if not text(args.openid) then return nil, 41009 end
  local done, errcode = one(args.openid)
  if not done then return nil, errcode end
  return {}
end

function M.add_buyer_tag(ctx, args) return mark(ctx, args, true) end
function M.del_buyer_tag(ctx, args) return mark(ctx, args, false) end

function M.get_buyer_tag(ctx, args)
  local relation, errcode = buyer(ctx, args)
  if not relation then return nil, errcode end
  local list = values.list()
  for value in pairs(relation.tags) do list[#list + 1] = value end
  table.sort(list)
  return ok { tag_values = list }
end

function M.query_buyer_by_tag(ctx, args)
  local guide, errcode = find(ctx, args)
  if not guide then return nil, errcode end
  local list = values.list()
  for _, relation in ipairs(guides.buyers(ctx.world, ctx.account, guide)) do
    local has_all = true
    for _, value in ipairs(args.tag_values) do has_all = has_all and relation.tags[value] end
    if has_all then list[#list + 1] = relation.openid end
  end
  return ok { openid_list = list }
end

function M.add_buyer_display_tag(ctx, args)
  local relation, errcode = buyer(ctx, args)
  if not relation then return nil, errcode end
  relation.display = values.copy(args.display_tag_list)
  return {}
end

function M.get_buyer_display_tag(ctx, args)
  local relation, errcode = buyer(ctx, args)
  if not relation then return nil, errcode end
  return ok { display_tag_list = values.list(values.copy(relation.display)) }
end

return M
