-- Customer-service messages: only within the windows that a user's actions open.

local kf_account = require "weiyue.sandbox.api.kf_account"
local library = require "weiyue.sandbox.library"
local publish = require "weiyue.sandbox.api.publish"
local wallet = require "weiyue.sandbox.wallet"
local windows = require "weiyue.sandbox.windows"

local M = {}

local TEXT_MOST <const> = 2048 -- bytes
local TYPING <const> = 15 -- seconds that it shows
local TYPING_CONTACT <const> = 30

-- Whether a user may be written to at all.
local function reachable(account, user)
  if not user then return nil, 40003 end
  if not user.subscribed and account.kind ~= "mini" then return nil, 43004 end
  if user.blocked then return nil, 43019 end
  return true
end

-- The parts that are shown, by type: item | nil, errcode.
local parts <const> = {}

function parts.text(_, own)
  if own.content == "" then return nil, 44004 end
  if #own.content > TEXT_MOST then return nil, 45002 end
  return { text = own.content }
end

-- What has media_ids: { field, types } each.
local function media_of(ctx, own, ...)
  local media = {}
  for key, value in pairs(own) do media[key] = value end
  for _, need in ipairs { ... } do
    local id = own[need[1]]
    if id ~= nil and id ~= "" then
      local item, code = library.need(ctx.world, ctx.account, id, need[2])
      if not item then return nil, code end
      media.type = media.type or item.type
    end
  end
  return { media = media }
end

local THUMB <const> = { "thumb_media_id", "thumb image" }

function parts.image(ctx, own) return media_of(ctx, own, { "media_id", "image" }) end
function parts.voice(ctx, own) return media_of(ctx, own, { "media_id", "voice" }) end
function parts.video(ctx, own) return media_of(ctx, own, { "media_id", "video" }, THUMB) end
function parts.music(ctx, own) return media_of(ctx, own, THUMB) end
function parts.miniprogrampage(ctx, own) return media_of(ctx, own, THUMB) end

function parts.mpnews(ctx, own)
  local item, code = library.need(ctx.world, ctx.account, own.media_id, "news")
  if not item then return nil, code end
  return { articles = item.articles, media = { media_id = own.media_id, type = "news" } }
end

function parts.news(_, own)
  if #own.articles == 0 then return nil, 44003 end
  return { articles = own.articles }
end

function parts.msgmenu(_, own)
  if #own.list == 0 then return nil, 40035 end
  return { menu = { head = own.head_content, list = own.list, tail = own.tail_content } }
end

function parts.mpnewsarticle(ctx, own)
  local articles, code = publish.articles(ctx.world, ctx.account, own.article_id)
  return articles and { articles = articles }, code
end

function parts.wxcard(ctx, own)
  local card, code = wallet.card(ctx.account, own.card_id)
  return card and { card = own }, code
end

function parts.link(_, own)
  local article = { title = own.title, description = own.description, url = own.url, picurl = own.thumb_url }
  return { articles = { article } }
end

-- An account of the customer service; where none was ever added, any name may be used.
local function is_worker(ctx, own)
  return not kf_account.has_had(ctx.account) or kf_account.find(ctx.world, ctx.account, own.kf_account) ~= nil
end

function M.send(ctx, args)
  local user = ctx.account.users[args.touser]
  local ok, code = reachable(ctx.account, user)
  if not ok then return nil, code end
  local own = args[args.msgtype]
  local item
  if parts[args.msgtype] then
    item, code = parts[args.msgtype](ctx, own)
    if not item then return nil, code end
  else
    item = { content = own }
  end
  if args.customservice and not is_worker(ctx, args.customservice) then return nil, 65401 end
  ok, code = windows.spend(user, ctx.now)
  if not ok then return nil, code end
  user.typing = nil
  item.way, item.type = "customer_service", args.msgtype
  item.kf_account = args.customservice and args.customservice.kf_account
  item.businessid = args.businessid
  ctx.world:deliver(ctx.account.appid, args.touser, item)
  if item.kf_account then
    local kf_session = require "weiyue.sandbox.api.kf_session"
    kf_session.sent(ctx.world, ctx.account, args.touser, item.kf_account, kf_session.words(item))
  end
  return {}
end

M.business_send = M.send
M.literal = { send = true, business_send = true }

function M.typing(ctx, args)
  local user = ctx.account.users[args.touser]
  local ok, code = reachable(ctx.account, user)
  if not ok then return nil, code end
  if args.command == "CancelTyping" then
    user.typing = nil
    return {}
  end
  if args.command ~= "Typing" then return nil, 45072 end
  if not user.last_contact or ctx.now - user.last_contact > TYPING_CONTACT then return nil, 45080 end
  if user.typing and user.typing > ctx.now then return nil, 45081 end
  user.typing = ctx.now + TYPING
  ctx.world:tell("typing", { appid = ctx.account.appid, openid = args.touser, ends = user.typing })
  return {}
end

M.business_typing = M.typing


return M
