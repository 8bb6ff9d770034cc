-- The sandbox: publishing (freepublish). A draft is checked for a while, then an event tells how it went.

local article = require "weiyue.sandbox.article"
local comment = require "weiyue.sandbox.api.comment"
local draft = require "weiyue.sandbox.api.draft"
local event = require "weiyue.sandbox.event"
local ids = require "weiyue.sandbox.ids"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local flag, int = values.flag, values.int

local M = {}

local JOBS <const>, ARTICLES <const> = 500, 1000
local BYTES <const> = 32 * 1024 * 1024 -- of all that is out; the oldest go first
local TAKES <const> = 3 -- seconds
local FIRST <const> = 2247483650 -- ids as WeChat's: above 32 bits
local DONE <const>, RUNNING <const>, DELETED <const> = 0, 1, 5

local function state(account)
  account.publish = account.publish or { jobs = shelf.new(JOBS), posts = shelf.new(ARTICLES), bytes = 0,
    serial = FIRST }
  return account.publish
end

--- What becomes of the next draft that is submitted, in place of a success.
---@param world table
---@param appid string
---@param status integer 2 original-check fail, 3 fail, 4 audit fail
---@param fail_idx? integer[] which articles, from 1; all when absent
function M.refuse_next(world, appid, status, fail_idx)
  state(world:account(appid)).verdict = { status = status, fail_idx = fail_idx }
end

local function links(post)
  local items = values.list()
  for i, one in ipairs(post.articles) do
    items[i] = { idx = i, article_url = one.url }
  end
  return { count = #items, item = items }
end

local function every_index(articles)
  local list = {}
  for i in ipairs(articles) do list[i] = i end
  return list
end

-- As event and answer alike have it.
local function outcome(job)
  local out = { publish_id = job.id, publish_status = job.status }
  if job.status == DONE then
    out.article_id, out.article_detail = job.post.id, links(job.post)
  elseif job.fail_idx then
    out.fail_idx = values.list(values.copy(job.fail_idx))
  end
  return out
end

-- Keeps what is out.
local function put(s, post)
  s.bytes = s.bytes + article.size(post.articles)
  while #s.posts > 0 and (#s.posts >= ARTICLES or s.bytes > BYTES) do
    local oldest = s.posts:drop(s.posts:list()[1].id)
    s.bytes = s.bytes - article.size(oldest.articles)
    oldest.job.post = { id = oldest.id, articles = {} }
  end
  s.posts:put(post.id, post)
end

function M.submit(ctx, args)
  local world, account = ctx.world, ctx.account
  local found = draft.find(account, args.media_id)
  if not found then return nil, 40007 end
  for _, one in ipairs(found.articles) do
    if article.fault(ctx, one) then return nil, 53502 end -- its cover was deleted meanwhile
  end
  local s = state(account)
  local verdict = s.verdict or { status = DONE }
  s.verdict, s.serial = nil, s.serial + 1
  local job = { id = tostring(s.serial), msg_data_id = tostring(s.serial + 400000000), ends = world.now() + TAKES,
    status = verdict.status }
  if job.status == DONE then
    draft.take(account, args.media_id)
    job.post = { id = ids.text(world.random, 43), articles = found.articles, at = math.floor(job.ends), job = job }
    put(s, job.post)
    comment.publish(account, job.msg_data_id, found.articles)
  else
    job.fail_idx = verdict.fail_idx or every_index(found.articles)
  end
  s.jobs:put(job.id, job)
  event.send(world, account.appid, nil, "PUBLISHJOBFINISH", { PublishEventInfo = outcome(job) }, TAKES)
  return { publish_id = job.id, msg_data_id = job.msg_data_id }
end

function M.get(ctx, args)
  local job = state(ctx.account).jobs:get(tostring(args.publish_id))
  if not job then return nil, 40059 end
  if ctx.world.now() < job.ends then
    return { publish_id = job.id, publish_status = RUNNING, fail_idx = values.list() }
  end
  local out = outcome(job)
  out.fail_idx = out.fail_idx or values.list()
  return out
end

-- A post that is out.
local function post_of(ctx, id)
  local post = state(ctx.account).posts:get(id)
  return post and ctx.world.now() >= post.job.ends and post or nil
end

--- The articles of a post that is out, as messages and menus show them.
---@return table[]? articles
---@return integer? errcode
function M.articles(world, account, article_id)
  local post = post_of({ world = world, account = account }, article_id)
  if not post or post.job.status == DELETED then return nil, 53600 end
  local list = values.list()
  for _, one in ipairs(post.articles) do
    if not one.is_deleted then list[#list + 1] = article.show(one) end
  end
  return list
end

M["delete"] = function(ctx, args)
  local post = post_of(ctx, args.article_id)
  if not post then return nil, 53600 end
  local index, all = int(args.index, 0), true
  if index ~= 0 and not post.articles[index] then return nil, 40114 end
  for i, one in ipairs(post.articles) do
    one.is_deleted = one.is_deleted or index == 0 or index == i
    all = all and one.is_deleted
  end
  if all then post.job.status = DELETED end
  return {}
end

local function show(post, is_brief)
  local items = article.show_all(post.articles, is_brief)
  for _, item in ipairs(items) do item.is_deleted = item.is_deleted or false end
  return items
end

function M.get_article(ctx, args)
  local post = post_of(ctx, args.article_id)
  if not post then return nil, 53600 end
  return { news_item = show(post), create_time = post.at, update_time = post.at }
end

function M.batch_get(ctx, args)
  local now, items = ctx.world.now(), values.list()
  local all = shelf.newest(state(ctx.account).posts:list(function(post)
    return post.job.status ~= DELETED and now >= post.job.ends
  end))
  for i, post in ipairs(shelf.part(all, int(args.offset, 0), int(args.count, 20))) do
    items[i] = { article_id = post.id, update_time = post.at, content = {
      news_item = show(post, flag(args.no_content)), create_time = post.at, update_time = post.at } }
  end
  return { total_count = #all, item_count = #items, item = items }
end

return M
