-- The sandbox: drafts. One that is published leaves the box.

local article = require "weiyue.sandbox.article"
local ids = require "weiyue.sandbox.ids"
local library = require "weiyue.sandbox.library"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local flag, int = values.flag, values.int

local M = {}

local MOST <const> = 1000
local BYTES <const> = 32 * 1024 * 1024 -- of all; the oldest go first

local function box(account)
  -- WeChat has opened it for everyone
  account.draft = account.draft or { drafts = shelf.new(MOST), bytes = 0, is_open = 1 }
  return account.draft
end

--- A draft by its media_id.
---@return table? draft { media_id, articles, create_time, update_time }
function M.find(account, media_id) return box(account).drafts:get(media_id) end

--- Takes a draft out of the box.
function M.take(account, media_id)
  local kept = box(account)
  local draft = kept.drafts:drop(media_id)
  library.remove(account, media_id)
  if draft then kept.bytes = kept.bytes - article.size(draft.articles) end
  return draft
end

function M.add(ctx, args)
  local articles, now = {}, math.floor(ctx.world.now())
  if #args.articles == 0 then return nil, 44003 end
  if #args.articles > article.MOST then return nil, 45008 end
  for i, one in ipairs(args.articles) do
    local errcode, errmsg = article.fault(ctx, one)
    if errcode then return nil, errcode, errmsg end
    articles[i] = article.new(ctx, one)
  end
  local media_id = ids.text(ctx.world.random, 64)
  local kept, bytes = box(ctx.account), article.size(articles)
  local drafts = kept.drafts
  while #drafts > 0 and (#drafts >= MOST or kept.bytes + bytes > BYTES) do
    M.take(ctx.account, drafts:list()[1].media_id)
  end
  kept.bytes = kept.bytes + bytes
  drafts:put(media_id, { media_id = media_id, articles = articles, create_time = now, update_time = now })
  library.add(ctx.world, ctx.account,
    { kind = "permanent", type = "news", media_id = media_id, articles = articles, draft = true })
  return { media_id = media_id, item = values.list() }
end

local function content(draft, is_brief)
  return { news_item = article.show_all(draft.articles, is_brief), create_time = draft.create_time,
    update_time = draft.update_time }
end

function M.get(ctx, args)
  local draft = M.find(ctx.account, args.media_id)
  if not draft then return nil, 40007 end
  return content(draft)
end

M["delete"] = function(ctx, args)
  if not M.take(ctx.account, args.media_id) then return nil, 40007 end
  return {}
end

function M.update(ctx, args)
  local draft = M.find(ctx.account, args.media_id)
  if not draft then return nil, 40007 end
  local at = int(args.index, -1) + 1
  if not draft.articles[at] then return nil, 40114 end
  local changed = values.copy(args.articles)
  changed.article_type = changed.article_type or draft.articles[at].article_type
  local errcode, errmsg = article.fault(ctx, changed)
  if errcode then return nil, errcode, errmsg end
  local kept = box(ctx.account)
  kept.bytes = kept.bytes - article.size(draft.articles)
  draft.articles[at] = article.new(ctx, changed)
  kept.bytes = kept.bytes + article.size(draft.articles)
  draft.update_time = math.floor(ctx.world.now())
  return {}
end

function M.count(ctx) return { total_count = #box(ctx.account).drafts } end

function M.batch_get(ctx, args)
  local all, items = shelf.newest(box(ctx.account).drafts:list()), values.list()
  for i, draft in ipairs(shelf.part(all, int(args.offset, 0), int(args.count, 20))) do
    items[i] = { media_id = draft.media_id, content = content(draft, flag(args.no_content)),
      update_time = draft.update_time }
  end
  return { total_count = #all, item_count = #items, item = items }
end

M["switch"] = function(ctx, args)
  local state = box(ctx.account)
  if not flag(args.checkonly) then state.is_open = 1 end
  return { is_open = state.is_open }
end

return M
