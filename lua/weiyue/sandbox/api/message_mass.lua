-- Messages to all, to a tag, to a list of users.

local json = require "weiyue.json"
local library = require "weiyue.sandbox.library"
local mass = require "weiyue.sandbox.mass"
local quota = require "weiyue.sandbox.quota"
local tag = require "weiyue.sandbox.api.tag"
local wallet = require "weiyue.sandbox.wallet"

local M = {}

local SAME_FOR <const>, SAME_RETRY <const> = 86400, 60 -- seconds of a clientmsgid
local SPEEDS <const> = { [0] = 80, 60, 45, 30, 10 } -- 10,000 a minute
local PREVIEWS_MOST <const> = 100 -- a day, by WeChat id
local TEXT_MOST <const> = 2048 -- bytes

-- The parts that are shown, by type.
local parts <const> = {}

function parts.text(_, own)
  if own.content == "" then return nil, 44004 end
  if #own.content > TEXT_MOST then return nil, 45002 end
  return { text = own.content }
end

local function need(types)
  return function(ctx, own)
    local item, code = library.need(ctx.world, ctx.account, own.media_id, types)
    if not item then return nil, code end
    return { media = { media_id = own.media_id, type = item.type, title = item.title }, articles = item.articles }
  end
end
parts.mpnews, parts.voice, parts.mpvideo = need "news", need "voice", need "mpvideo video"

function parts.image(ctx, own)
  local list = own.media_ids or { own.media_id }
  if #list == 0 then return nil, 41006 end
  local media = json.array {}
  for i, media_id in ipairs(list) do
    local item, code = library.need(ctx.world, ctx.account, media_id, "image")
    if not item then return nil, code end
    media[i] = { media_id = media_id, type = "image" }
  end
  return { media = media[1], images = media, recommend = own.recommend }
end

function parts.wxcard(ctx, own)
  local card, code = wallet.card(ctx.account, own.card_id)
  return card and { card = own }, code
end

local function item_of(ctx, args)
  local item, code = parts[args.msgtype](ctx, args[args.msgtype] or args.images)
  if not item then return nil, code end
  item.type = args.msgtype
  return item
end

-- Sent before under the same clientmsgid: the first job, and the code.
local function same(ctx, args)
  if not args.clientmsgid or args.clientmsgid == "" then return nil end
  local job = mass.state(ctx.world, ctx.account).jobs:find(function(one)
    return one.clientmsgid == args.clientmsgid and ctx.now - one.at < SAME_FOR
  end)
  if not job then return nil end
  return job, ctx.now - job.at < SAME_RETRY and 45066 or 45065
end

-- A subscription account has one a day.
local function has_left(ctx)
  local state, day = mass.state(ctx.world, ctx.account), quota.day(ctx.now)
  if ctx.account.kind == "subscription" and state.day == day then return false end
  state.day = day
  return true
end

local function start(ctx, args, targets)
  local job, code = same(ctx, args)
  if job then
    local errmsg = require "weiyue.sandbox.errmsg"
    return { errcode = code, errmsg = errmsg.of(code), msg_id = job.msg_id, msg_data_id = job.msg_data_id }
  end
  local item
  item, code = item_of(ctx, args)
  if not item then return nil, code end
  if not has_left(ctx) then return nil, 45028 end
  job = mass.start(ctx.world, ctx.account, {
    targets = targets, item = item, clientmsgid = args.clientmsgid, ignore_reprint = args.send_ignore_reprint == 1,
  })
  return { errcode = 0, errmsg = "send job submission success", msg_id = job.msg_id, msg_data_id = job.msg_data_id }
end

local function has_tag(user, id)
  for _, one in ipairs(user.tags) do
    if one == id then return true end
  end
  return false
end

function M.sendall(ctx, args)
  local filter, targets = args.filter, {}
  if not filter.is_to_all and not filter.tag_id then return nil, 40035 end
  if not filter.is_to_all and not tag.exists(ctx, filter.tag_id) then return nil, 45159 end
  for _, openid in ipairs(ctx.account.openids) do
    local user = ctx.account.users[openid]
    if user.subscribed and (filter.is_to_all or has_tag(user, filter.tag_id)) then targets[#targets + 1] = openid end
  end
  return start(ctx, args, targets)
end

-- Not of subscription accounts. Who is named twice is one of them, and gets it once.
function M.send(ctx, args)
  if ctx.account.kind == "subscription" then return nil, 48001 end
  local targets, seen = {}, {}
  for _, openid in ipairs(args.touser) do
    if not ctx.account.users[openid] then return nil, 40003 end
    if not seen[openid] then targets[#targets + 1], seen[openid] = openid, true end
  end
  if #targets < 2 then return nil, 40130 end
  return start(ctx, args, targets)
end

-- The WeChat id wins where both are there.
function M.preview(ctx, args)
  local account, openid = ctx.account, args.touser
  if args.towxname then
    local state, day = mass.state(ctx.world, account), quota.day(ctx.now)
    if state.preview_day ~= day then state.preview_day, state.previews = day, 0 end
    if state.previews >= PREVIEWS_MOST then return nil, 45009 end
    state.previews, openid = state.previews + 1, nil
    for one, user in pairs(account.users) do
      if user.wxid == args.towxname then openid = one end
    end
    if not openid then return nil, 40132 end
  end
  if not account.users[openid] then return nil, 40003 end
  local item, code = item_of(ctx, args)
  if not item then return nil, code end
  item.way = "preview"
  ctx.world:deliver(account.appid, openid, item)
  return { errcode = 0, errmsg = "preview success", msg_id = math.floor(ctx.now) }
end

-- By the id, or by the address of an article.
local function find(ctx, args)
  if args.msg_id then return mass.job(ctx.world, ctx.account, args.msg_id) end
  return mass.state(ctx.world, ctx.account).jobs:find(function(job)
    for _, article in ipairs(job.item.articles or {}) do
      if article.url == args.url then return true end
    end
  end)
end

-- Of news and videos, for good; others stay. An index of 0, or none: all articles.
function M.delete(ctx, args)
  local job = find(ctx, args)
  if not job then return nil, 40059 end
  if job.item.type ~= "mpnews" and job.item.type ~= "mpvideo" then return nil, 48008 end
  local index = args.article_idx or 0
  if index ~= 0 and not (job.item.articles and job.item.articles[index]) then return nil, 40060 end
  for _, item in ipairs(job.items) do
    item.deleted = item.deleted or {}
    item.deleted[index == 0 and "all" or index] = true
  end
  if index == 0 then job.status = "DELETE" end
  return {}
end

function M.get(ctx, args)
  local job = mass.job(ctx.world, ctx.account, args.msg_id)
  if not job then return nil, 40059 end
  return { msg_id = job.msg_id, msg_status = mass.status(ctx.world, job) }
end

function M.speed_get(ctx)
  local speed = mass.state(ctx.world, ctx.account).speed
  return { speed = speed, realspeed = SPEEDS[speed] }
end

function M.speed_set(ctx, args)
  local speed = math.tointeger(args.speed)
  if not SPEEDS[speed] then return nil, 45083 end
  mass.state(ctx.world, ctx.account).speed = speed
  return {}
end

return M
