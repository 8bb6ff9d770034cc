-- The sandbox: comments on articles that are published or were sent to all.

local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local chars, int, text = values.chars, values.int, values.text

local M = { unchecked = { list = "count" } } -- it has a code of its own, and may be what a caller had better not say

local MESSAGES <const>, COMMENTS <const> = 200, 500
local ELECTED <const> = 100
local REPLY <const>, COMMENT <const> = 600, 600 -- characters
local PAGE <const> = 50

local function threads(account)
  account.comment = account.comment or shelf.new(MESSAGES)
  return account.comment
end

--- Articles are out that may be commented on.
---@param account table
---@param msg_data_id string|integer
---@param articles table[] each with need_open_comment, only_fans_can_comment
function M.publish(account, msg_data_id, articles)
  local list = {}
  for i, one in ipairs(articles) do
    list[i - 1] = { msg_data_id = tostring(msg_data_id), index = i - 1, title = one.title,
      is_open = values.flag(one.need_open_comment), only_fans = values.flag(one.only_fans_can_comment),
      comments = shelf.new(COMMENTS), serial = 0, elected = 0 }
  end
  threads(account):put(tostring(msg_data_id), list)
end

-- The comments on one article.
local function thread(account, args)
  local list = threads(account):get(tostring(args.msg_data_id))
  if not list then return nil, 88001 end
  local one = list[int(args.index, 0)]
  if not one then return nil, 40114 end
  return one
end

-- One of them. 88004: its author has taken it back.
local function comment_of(ctx, args)
  local one, errcode = thread(ctx.account, args)
  if not one then return nil, errcode end
  local found = one.comments:get(int(args.user_comment_id))
  if not found then return nil, 88008 end
  if found.is_gone then return nil, 88004 end
  return found, nil, one
end

--- A user writes a comment.
---@param world table
---@param appid string
---@param openid string
---@param where { msg_data_id: string, index?: integer }
---@param content string
---@return integer? user_comment_id
---@return integer? errcode 88000: comments are closed to him
function M.write(world, appid, openid, where, content)
  local one, errcode = thread(world:account(appid), where)
  if not one then return nil, errcode end
  local user = world:user(appid, openid)
  if not user then return nil, 46004 end
  if not one.is_open or (one.only_fans and not user.subscribed) then return nil, 88000 end
  if not text(content) or chars(content) > COMMENT then return nil, 88007 end
  one.serial = one.serial + 1
  one.comments:put(one.serial, { user_comment_id = one.serial, openid = openid, content = content,
    create_time = math.floor(world.now()), comment_type = 0 })
  return one.serial
end

--- A user takes his comment back.
---@return true?, integer? errcode
function M.take_back(world, appid, openid, where, user_comment_id)
  local one, errcode = thread(world:account(appid), where)
  if not one then return nil, errcode end
  local found = one.comments:get(user_comment_id)
  if not found or found.openid ~= openid or found.is_gone then return nil, 88008 end
  found.is_gone = true
  if found.comment_type == 1 then one.elected = one.elected - 1 end
  return true
end

function M.open(ctx, args)
  local one, errcode = thread(ctx.account, args)
  if not one then return nil, errcode end
  one.is_open = true
  return {}
end

function M.close(ctx, args)
  local one, errcode = thread(ctx.account, args)
  if not one then return nil, errcode end
  one.is_open = false
  return {}
end

function M.list(ctx, args)
  local one, errcode = thread(ctx.account, args)
  if not one then return nil, errcode end
  local count, wanted = int(args.count, 0), int(args.type, 0)
  if count < 1 or count > PAGE then return nil, 88010 end
  local all = shelf.newest(one.comments:list(function(found)
    return not found.is_gone and (wanted == 0 or found.comment_type == wanted - 1)
  end))
  return { total = #all, comment = values.list(values.copy(shelf.part(all, int(args.begin, 0), count))) }
end

function M.mark_elect(ctx, args)
  local found, errcode, one = comment_of(ctx, args)
  if not found then return nil, errcode end
  if found.comment_type == 0 then
    if one.elected >= ELECTED then return nil, 88003 end
    found.comment_type, one.elected = 1, one.elected + 1
  end
  return {}
end

function M.unmark_elect(ctx, args)
  local found, errcode, one = comment_of(ctx, args)
  if not found then return nil, errcode end
  if found.comment_type == 1 then found.comment_type, one.elected = 0, one.elected - 1 end
  return {}
end

M["delete"] = function(ctx, args)
  local found, errcode, one = comment_of(ctx, args)
  if not found then return nil, errcode end
  if found.comment_type == 1 then one.elected = one.elected - 1 end
  one.comments:drop(found.user_comment_id)
  return {}
end

function M.reply_add(ctx, args)
  local found, errcode = comment_of(ctx, args)
  if not found then return nil, errcode end
  if found.reply then return nil, 88005 end
  if not text(args.content) or chars(args.content) > REPLY then return nil, 88007 end
  found.reply = { content = args.content, create_time = math.floor(ctx.world.now()) }
  return {}
end

function M.reply_delete(ctx, args)
  local found, errcode = comment_of(ctx, args)
  if not found then return nil, errcode end
  if not found.reply then return nil, 88009 end
  found.reply = nil
  return {}
end

return M
