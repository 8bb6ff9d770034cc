-- Tags of users.

local json = require "weiyue.json"
local page = require("weiyue.sandbox.api.user").page

local M = {}

local FIRST_OWN <const> = 100
local TAGS_MOST <const>, OF_USER_MOST <const> = 100, 20
local DELETE_MOST <const> = 100000 -- fans of a tag that may still be deleted
local SYSTEM <const> = { [0] = true, [1] = true, [2] = true }

local function state_of(ctx)
  return ctx.world:state(ctx.account, "tag", function()
    return { list = { { id = 2, name = "星标组" } }, serial = FIRST_OWN - 1 }
  end)
end

local function find(state, id)
  for i, tag in ipairs(state.list) do
    if tag.id == id then return tag, i end
  end
end

--- Whether the account has this tag.
---@param ctx table
---@param id any
---@return boolean
function M.exists(ctx, id) return find(state_of(ctx), id) ~= nil end

local function index_of(list, value)
  for i, one in ipairs(list) do
    if one == value then return i end
  end
end

local function fans(ctx, id)
  local list = {}
  for _, openid in ipairs(ctx.account.openids) do
    if index_of(ctx.account.users[openid].tags, id) then list[#list + 1] = openid end
  end
  return list
end

-- A name that no other tag has.
local function check_name(state, name, own)
  if not name:find "%S" then return 45157 end
  for _, tag in ipairs(state.list) do
    if tag.name == name and tag ~= own then return 45157 end
  end
end

function M.create(ctx, args)
  local state = state_of(ctx)
  local code = check_name(state, args.tag.name)
  if code then return nil, code end
  if #state.list - 1 >= TAGS_MOST then return nil, 45056 end
  state.serial = state.serial + 1
  local tag = { id = state.serial, name = args.tag.name }
  table.insert(state.list, tag)
  return { tag = { id = tag.id, name = tag.name } }
end

function M.list(ctx)
  local list = json.array {}
  for i, tag in ipairs(state_of(ctx).list) do
    list[i] = { id = tag.id, name = tag.name, count = #fans(ctx, tag.id) }
  end
  return { tags = list }
end

function M.update(ctx, args)
  if SYSTEM[args.tag.id] then return nil, 45058 end
  local state = state_of(ctx)
  local tag = find(state, args.tag.id)
  if not tag then return nil, 45159 end
  local code = check_name(state, args.tag.name, tag)
  if code then return nil, code end
  tag.name = args.tag.name
  return {}
end

function M.delete(ctx, args)
  if SYSTEM[args.tag.id] then return nil, 45058 end
  local state = state_of(ctx)
  local tag, at = find(state, args.tag.id)
  if not tag then return nil, 45159 end
  local list = fans(ctx, tag.id)
  if #list > DELETE_MOST then return nil, 45057 end
  for _, openid in ipairs(list) do
    local tags = ctx.account.users[openid].tags
    table.remove(tags, index_of(tags, tag.id))
  end
  table.remove(state.list, at)
  return {}
end

function M.list_users(ctx, args)
  local id = math.tointeger(args.tagid)
  if not find(state_of(ctx), id) then return nil, 45159 end
  local list, last = page(fans(ctx, id), args.next_openid)
  if not list then return nil, 40003 end
  return { count = #list, data = #list > 0 and { openid = list } or nil, next_openid = last }
end

-- The users of a list and the tag; nil and why.
local function selected(ctx, args)
  local id, users = args.tagid, {}
  if #args.openid_list == 0 then return nil, 40032 end
  if not find(state_of(ctx), id) then return nil, 45159 end
  for i, openid in ipairs(args.openid_list) do
    local user = ctx.account.users[openid]
    if not user then return nil, 40003 end
    if not user.subscribed then return nil, 50005 end
    users[i] = user
  end
  return users, id
end

-- All of the list, or none.
function M.batch_tagging(ctx, args)
  local users, id = selected(ctx, args)
  if not users then return nil, id end
  for _, user in ipairs(users) do
    if #user.tags >= OF_USER_MOST and not index_of(user.tags, id) then return nil, 45059 end
  end
  for _, user in ipairs(users) do
    if not index_of(user.tags, id) then table.insert(user.tags, id) end
  end
  return {}
end

function M.batch_untagging(ctx, args)
  local users, id = selected(ctx, args)
  if not users then return nil, id end
  for _, user in ipairs(users) do
    local at = index_of(user.tags, id)
    if at then table.remove(user.tags, at) end
  end
  return {}
end

function M.get_id_list(ctx, args)
  local user = ctx.account.users[args.openid]
  if not user then return nil, 40003 end
  return { tagid_list = json.array(table.move(user.tags, 1, #user.tags, 1, {})) }
end

return M
