-- Articles of drafts: what WeChat checks when they are saved, and how it shows them.

local ids = require "weiyue.sandbox.ids"
local library = require "weiyue.sandbox.library"
local values = require "weiyue.sandbox.values"

local chars, flag, int, text = values.chars, values.flag, values.int, values.text

local M = {}

M.MOST = 8 -- articles of one draft
local TITLE <const> = { news = 64, newspic = 32 } -- characters
local AUTHOR <const>, DIGEST <const> = 16, 128
local CONTENT <const>, CONTENT_BYTES <const> = 20000, 1024 * 1024
local URL <const> = 1024
local SHOWN <const> = 54 -- characters of the content that stand in for a digest
local PICTURES <const> = 20

-- A permanent material of one of these kinds.
local function has_material(ctx, media_id, kinds_of_it)
  local found = text(media_id) and library.need(ctx.world, ctx.account, media_id, kinds_of_it)
  return found and found.kind == "permanent"
end

-- What stands in for a cover and a content, by the kind of article.
local kinds = {}

function kinds.news(ctx, article)
  if not text(article.content) then return 44003 end
  if not text(article.thumb_media_id) then return 40007 end
  if not has_material(ctx, article.thumb_media_id, "image thumb") then return 40007 end
end

function kinds.newspic(ctx, article)
  local pictures = type(article.image_info) == "table" and article.image_info.image_list
  if type(pictures) ~= "table" or #pictures == 0 then return 40007 end
  if #pictures > PICTURES then return 45008 end
  for _, picture in ipairs(pictures) do
    local id = type(picture) == "table" and picture.image_media_id
    if not has_material(ctx, id, "image") then return 40007 end
  end
end

--- Why an article cannot be saved.
---@param ctx table
---@param article table
---@return integer? errcode
---@return string? errmsg
function M.fault(ctx, article)
  local kind = text(article.article_type) or "news"
  if not kinds[kind] then return 40097, "invalid args: article_type" end
  if not text(article.title) then return 40097, "invalid args: title" end
  if chars(article.title) > TITLE[kind] then return 45003 end
  if chars(article.author) > AUTHOR then return 45021 end
  if chars(article.digest) > DIGEST then return 45004 end
  local content = text(article.content) or ""
  if #content > CONTENT_BYTES or chars(content) > CONTENT then return 45002 end
  if #(text(article.content_source_url) or "") > URL then return 45005 end
  return kinds[kind](ctx, article)
end

-- The words of an HTML text.
local function words(html)
  local plain = html:gsub("<[^>]*>", ""):gsub("&nbsp;", " "):gsub("%s+", " "):match "^%s*(.-)%s*$"
  local ends = utf8.len(plain) and utf8.len(plain) > SHOWN and utf8.offset(plain, SHOWN + 1)
  return ends and plain:sub(1, ends - 1) or plain
end

--- Gives an article its address, where it is as long as somebody keeps it.
---@return table article
function M.place(world, article)
  local path = "/s/" .. ids.text(world.random, 22)
  article.url = world.base .. path
  world.articles = world.articles or setmetatable({}, { __mode = "v" })
  world.articles[path] = article
  return article
end

--- An article as it is kept.
---@param ctx table
---@param article table
---@return table
function M.new(ctx, article)
  local out = {
    article_type = text(article.article_type) or "news", title = text(article.title),
    author = text(article.author) or "", digest = text(article.digest), content = text(article.content) or "",
    content_source_url = text(article.content_source_url) or "", thumb_media_id = text(article.thumb_media_id),
    show_cover_pic = int(article.show_cover_pic, 0), need_open_comment = flag(article.need_open_comment) and 1 or 0,
    only_fans_can_comment = flag(article.only_fans_can_comment) and 1 or 0,
  }
  for _, name in ipairs { "pic_crop_235_1", "pic_crop_1_1", "image_info", "cover_info", "product_info" } do
    out[name] = values.copy(article[name])
  end
  out.digest = out.digest or words(out.content)
  local cover = out.thumb_media_id and library.find(ctx.world, ctx.account, out.thumb_media_id)
  out.thumb_url = cover and library.url(ctx.world, cover) or ""
  return M.place(ctx.world, out)
end

--- The article of an address, as long as it is anywhere.
---@param path string "/s/…"
---@return table?
function M.of_path(world, path)
  local found = world.articles and world.articles[path]
  return found and not found.is_deleted and found or nil
end

--- The bytes of some articles.
---@param articles table[]
---@return integer
function M.size(articles)
  local n = 0
  for _, one in ipairs(articles) do n = n + #one.content end
  return n
end

--- An article as WeChat's answers have it.
---@param article table
---@param is_brief? boolean without its content
---@return table
function M.show(article, is_brief)
  local out = values.copy(article)
  if is_brief then out.content = nil end
  return out
end

--- Several of them.
function M.show_all(articles, is_brief)
  local list = values.list()
  for i, article in ipairs(articles) do list[i] = M.show(article, is_brief) end
  return list
end

return M
