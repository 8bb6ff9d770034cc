-- Material that stays: pictures, voices, videos, thumbs; articles, which drafts have replaced.

local files = require "weiyue.sandbox.files"
local json = require "weiyue.json"
local library = require "weiyue.sandbox.library"
local media = require "weiyue.sandbox.api.media"
local menus = require "weiyue.sandbox.menus"
local shelf = require "weiyue.sandbox.shelf"

local M = {}

local MOST <const> = { image = 100000, voice = 1000, video = 1000, thumb = 1000 }

local function is_material(item) return item and item.kind == "permanent" and not item.draft end

function M.add_news() return nil, 45103 end

function M.add(ctx, args)
  local ending, code = files.check(args.media, args.type, files.PERMANENT)
  if not ending then return nil, code end
  local told = args.description
  if args.type == "video" and not told then return nil, 41011 end
  if library.count(ctx.account, args.type) >= MOST[args.type] then return nil, 45001 end
  if not library.has_room(ctx.account, #args.media.data) then
    return nil, 45001, "media size out of limit: the sandbox keeps no more material"
  end
  local item = library.add(ctx.world, ctx.account, {
    kind = "permanent", type = args.type, data = args.media.data, filename = args.media.filename, ending = ending,
    title = told and told.title, introduction = told and told.introduction,
  })
  local has_url = args.type == "image" or args.type == "thumb"
  return { media_id = item.media_id, url = has_url and library.url(ctx.world, item) or nil, item = json.array {} }
end

function M.get(ctx, args)
  local item = library.find(ctx.world, ctx.account, args.media_id)
  if not item or item.kind ~= "permanent" then return nil, 40007 end
  if item.type == "news" then
    local updated = item.updated_at or item.created_at
    return { news_item = item.articles, create_time = item.created_at, update_time = updated }
  end
  if item.type == "video" then
    return { title = item.title, description = item.introduction, down_url = library.url(ctx.world, item) }
  end
  return { bytes = item.data, type = files.TYPES[item.ending], filename = item.filename }
end

function M.del(ctx, args)
  local item = library.find(ctx.world, ctx.account, args.media_id)
  if not is_material(item) then return nil, 40007 end
  if menus.uses(ctx.account, args.media_id) then return nil, 48005 end
  library.remove(ctx.account, args.media_id)
  return {}
end

function M.update_news(ctx, args)
  local item = library.find(ctx.world, ctx.account, args.media_id)
  if not item or item.kind ~= "permanent" or item.type ~= "news" then return nil, 40007 end
  local index = math.tointeger(tonumber(args.index))
  if not index or not item.articles[index + 1] then return nil, 40114 end
  local articles, code = media.articles(ctx, { args.articles })
  if not articles then return nil, code end
  item.articles[index + 1], item.updated_at = articles[1], math.floor(ctx.now)
  return {}
end

function M.count(ctx)
  local counts = {}
  for _, kind in ipairs { "voice", "video", "image", "news" } do
    counts[kind .. "_count"] = library.count(ctx.account, kind)
  end
  return counts
end

-- Newest first.
function M.batch_get(ctx, args)
  local list = library.list(ctx.account, args.type)
  local out = json.array {}
  for _, item in ipairs(shelf.part(list, args.offset, args.count)) do
    local own = { media_id = item.media_id, update_time = item.updated_at or item.created_at }
    if item.type == "news" then
      own.content = { news_item = item.articles, create_time = item.created_at, update_time = own.update_time }
    else
      own.name = item.title or item.filename
      own.url = item.type == "image" and library.url(ctx.world, item) or nil
    end
    out[#out + 1] = own
  end
  return { total_count = #list, item_count = #out, item = out }
end

return M
