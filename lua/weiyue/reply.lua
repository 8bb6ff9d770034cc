-- wx.reply: the kinds of passive replies. A reply is a plain table with a type; C turns it into XML or
-- JSON and checks it again, so a table written by hand does as well.

local codec = require "weiyue_core".codec
local file = require "weiyue.file"

local M = {}

local fields = {}
for _, kind in ipairs(codec.reply_types()) do fields[kind.name] = kind.fields end

-- What only the late form of a kind has.
local LATE <const> = { video = "thumb_media_id" }

-- The name of a file where an id should be: wx.file was forgotten. No id of WeChat's has a dot.
local function is_path(value) return type(value) == "string" and value:lower():find "%.%a%w%w%w?$" ~= nil end

-- Copies the fields that this kind knows; refuses others, and what is missing.
-- Errors name the line that called wx.reply.KIND: it must not be a tail call.
local function from_table(kind, t)
  local reply = { type = kind }
  local known = {}
  for _, field in ipairs(fields[kind]) do
    known[field.key] = true
    local value = t[field.key]
    if value == nil and field.required then
      error(("wx.reply.%s needs %s"):format(kind, field.key), 3)
    end
    local is_file = file.facts(value) and file.fields[kind] and file.fields[kind][field.key]
    if value ~= nil and type(value) ~= "string" and type(value) ~= "number" and not is_file then
      error(("wx.reply.%s: %s must be a string, not %s"):format(kind, field.key, type(value)), 3)
    end
    reply[field.key] = value
  end
  for key, value in pairs(t) do
    if file.fields[kind] and file.fields[kind][key] and is_path(value) then
      error(("wx.reply.%s: %q is the name of a file, and no %s: wx.file %q"):format(kind, value, key, value), 3)
    end
    local is_late = key == LATE[kind] and (type(value) == "string" or file.facts(value))
    if is_late then reply[key] = value end
    if key ~= "type" and not known[key] and not is_late then
      error(("wx.reply.%s has no field %s"):format(kind, tostring(key)), 3)
    end
  end
  return reply
end

-- wx.reply.KIND{ … } with named fields, or the one field that matters as a string.
local function define(kind, main)
  M[kind] = function(value, ...)
    if value == nil and kind == "transfer" then return { type = kind } end
    local t = value
    if type(value) ~= "table" or file.facts(value) then
      if not main or type(value) ~= "string" and type(value) ~= "table" then
        error(("wx.reply.%s wants a table%s, not %s"):format(kind, main and " or a string" or "", type(value)), 2)
      end
      t = { [main] = value }
      if kind == "video" then t.title, t.description = ... end
    end
    local reply = from_table(kind, t)
    return reply
  end
end

for kind in pairs(fields) do
  if kind ~= "news" then
    define(kind, ({ text = "content", image = "media_id", voice = "media_id", video = "media_id",
      transfer = "account" })[kind])
  end
end

local function has_any(t) -- next would see nothing of a view
  local step, state, first = pairs(t)
  return step(state, first) ~= nil
end

local ARTICLE <const> = { title = true, description = true, pic_url = true, url = true }

--- Articles: one table each with title, description, pic_url, url. WeChat shows one of them as the
--- answer to a message and up to 8 as the answer to an event.
---@param articles { title?: string, description?: string, pic_url?: string, url?: string }[]
function M.news(articles, ...)
  if type(articles) == "table" and articles[1] == nil and has_any(articles) then
    articles = articles.articles or { articles, ... } -- one article, without a list around it
  end
  if type(articles) ~= "table" or #articles == 0 then
    error("wx.reply.news wants a list of articles", 2)
  end
  local list = {} -- a copy: what is given may be a part of wx.config, of which C sees nothing
  for i, article in ipairs(articles) do
    if type(article) ~= "table" then error(("wx.reply.news: article %d is not a table"):format(i), 2) end
    list[i] = {}
    for key, value in pairs(article) do
      list[i][key] = value
      if not ARTICLE[key] then error(("wx.reply.news: article %d has no field %s"):format(i, tostring(key)), 2) end
      local is_file = file.article[key] and file.facts(value)
      if type(value) ~= "string" and not is_file then
        error(("wx.reply.news: %s of article %d must be a string"):format(key, i), 2)
      end
    end
    if not article.title then error(("wx.reply.news: article %d needs a title"):format(i), 2) end
  end
  return { type = "news", articles = list }
end

--- A body of your own, sent as it is (encrypted where the account is): for the events that expect a
--- body other than a message, such as add_waybill.
---@param body string
function M.raw(body)
  if type(body) ~= "string" then error("wx.reply.raw wants a string", 2) end
  return { type = "raw", raw = body }
end

return M
