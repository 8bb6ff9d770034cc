-- Temporary media, for three days; pictures for articles, which get an address.

local article = require "weiyue.sandbox.article"
local files = require "weiyue.sandbox.files"
local json = require "weiyue.json"
local library = require "weiyue.sandbox.library"
local values = require "weiyue.sandbox.values"

local M = { unchecked = { upload_img = "media" } }

local function keep(ctx, file, kind, ending, more)
  local item = { kind = "temporary", type = kind, data = file.data, filename = file.filename, ending = ending }
  for key, value in pairs(more or {}) do item[key] = value end
  return library.add(ctx.world, ctx.account, item)
end

function M.upload(ctx, args)
  local ending, code = files.check(args.media, args.type, files.TEMPORARY)
  if not ending then return nil, code end
  local item = keep(ctx, args.media, args.type, ending)
  local name = args.type == "thumb" and "thumb_media_id" or "media_id"
  return { type = args.type, [name] = item.media_id, created_at = item.created_at }
end

-- What another picture service would give: addresses below /mmbiz/ (library.file), which stay. Old documents of cards
-- call the file "buffer".
function M.upload_img(ctx)
  local file = ctx.files.media or ctx.files.buffer
  if not file then return nil, 41005 end
  local ending, code = files.check(file, "image", files.PICTURE)
  if not ending then return nil, code end
  if not library.has_room(ctx.account, #file.data) then
    return nil, 45001, "media size out of limit: the sandbox keeps no more pictures"
  end
  local item = library.add(ctx.world, ctx.account,
    { kind = "permanent", type = "picture", data = file.data, filename = file.filename, ending = ending })
  return { url = library.url(ctx.world, item) }
end

local function bytes(item)
  return { bytes = item.data, type = files.TYPES[item.ending], filename = item.media_id .. "." .. item.ending }
end

-- Of a video an address; all else is bytes.
function M.get(ctx, args)
  local item = library.find(ctx.world, ctx.account, args.media_id)
  if not item or item.kind ~= "temporary" or not item.data then return nil, 40007 end
  if item.type == "video" then return { video_url = library.url(ctx.world, item) } end
  return bytes(item)
end

function M.get_jssdk(ctx, args)
  local item = library.find(ctx.world, ctx.account, args.media_id)
  if not item or item.type ~= "voice" then return nil, 40007 end
  return bytes(item)
end

--- Articles as they are kept: each with a cover that is there.
---@return table? articles, integer? errcode
function M.articles(ctx, list)
  if #list == 0 then return nil, 44003 end
  local kept = json.array {}
  for i, own in ipairs(list) do
    if own.title == "" then return nil, 45003 end
    if own.content == "" then return nil, 44004 end
    local item, code = library.need(ctx.world, ctx.account, own.thumb_media_id, "thumb image")
    if not item then return nil, code end
    local kept_one = values.copy(own)
    kept_one.author = own.author or ""
    kept_one.thumb_url = library.url(ctx.world, item)
    kept[i] = article.place(ctx.world, kept_one)
  end
  return kept
end

function M.upload_news(ctx, args)
  local articles, code = M.articles(ctx, args.articles)
  if not articles then return nil, code end
  local item = library.add(ctx.world, ctx.account, { kind = "temporary", type = "news", articles = articles })
  return { type = "news", media_id = item.media_id, created_at = item.created_at }
end

-- A video becomes one that may be sent to all.
function M.upload_video(ctx, args)
  local video, code = library.need(ctx.world, ctx.account, args.media_id, "video")
  if not video then return nil, code end
  local item = keep(ctx, video, "mpvideo", "mp4", { title = args.title, description = args.description })
  return { type = "video", media_id = item.media_id, created_at = item.created_at }
end

return M
