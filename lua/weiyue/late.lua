-- Late replies: the same answer by customer-service message, when WeChat no longer waits for the push.
-- Nothing is sent here: what comes out is ready for JSON and message_custom.send or .typing.
local codec = require "weiyue_core".codec
local fault = require "weiyue.token.fault"
local page = require "weiyue.page"

local M = {}

local TEXT_MAX <const> = 2048 -- bytes; WeChat refuses more with errcode 45002

-- Which passive reply maps to which customer-service message: the name of each field there, by its
-- name in wx.reply. false: no such message exists.
M.forms = {
  text = { content = "content" },
  image = { media_id = "media_id" },
  voice = { media_id = "media_id" },
  video = { media_id = "media_id", title = "title", description = "description", thumb_media_id = "thumb_media_id" },
  music = { title = "title", description = "description", url = "musicurl", hq_url = "hqmusicurl",
    thumb_media_id = "thumb_media_id" },
  news = { articles = "articles" },
  transfer = false,
  device_text = false,
  device_event = false,
  device_status = false,
  hardware = false,
  raw = false,
}
M.article = { title = "title", description = "description", url = "url", pic_url = "picurl" }

-- As in a passive reply, U+FFFD stands for each byte of broken UTF-8 and each control character:
-- WeChat would show the escape that JSON makes of the latter.
local function mend(text)
  text = text:gsub("[\0-\8\11\12\14-\31]", "\u{FFFD}")
  local parts, from = {}, 1
  while true do
    local valid, bad = utf8.len(text, from)
    if valid then break end
    parts[#parts + 1] = text:sub(from, bad - 1) .. "\u{FFFD}"
    from = bad + 1
  end
  return table.concat(parts) .. text:sub(from)
end

-- Raw, as the passive way reads them: a plugin's metamethod has no say here.
local function fields_of(names, t)
  local fields = {}
  for name, theirs in pairs(names) do
    local value = rawget(t, name)
    if value ~= nil then fields[theirs] = mend(tostring(value)) end
  end
  return fields
end

-- What a reply may leave out, and WeChat documents as there: an empty text; of music the other address.
local function article_of(t)
  local article = fields_of(M.article, t)
  for _, theirs in pairs(M.article) do article[theirs] = article[theirs] or "" end
  return article
end

local function music_of(t)
  local music = fields_of(M.forms.music, t)
  music.musicurl = music.musicurl or music.hqmusicurl or ""
  music.hqmusicurl = music.hqmusicurl or music.musicurl
  return music
end

-- What one message carries, and how many articles did not fit in: WeChat takes one.
local function contents(kind, reply)
  if kind == "text" then
    local list = page.split(mend(tostring(rawget(reply, "content"))), TEXT_MAX)
    for i, content in ipairs(list) do list[i] = { content = content } end
    return list, 0
  elseif kind == "news" then
    local articles = rawget(reply, "articles")
    return { { articles = { article_of(rawget(articles, 1)) } } }, rawlen(articles) - 1
  elseif kind == "music" then
    return { music_of(reply) }, 0
  end
  return { fields_of(M.forms[kind], reply) }, 0
end

local function formless(what)
  local message = what .. " has no form as customer-service message"
  return nil, fault("no_late_form", message, "这种回复只能及时作答；such a reply is an answer in time only")
end

---The messages that say late what the reply would have said. A reply that could not have been sent in
---time is refused alike, with the same error.
---@param openid string
---@param reply string|weiyue.Reply "" is nothing to say: no message
---@param opts? { kf?: string } kf: the customer-service account (name@account) that speaks
---@return { [integer]: table, cut: integer }? messages in order; cut: articles that were left out
---@return { code: string, message: string }? err no_late_form, or one of weiyue.codec
function M.messages(openid, reply, opts)
  if reply == "" then return { cut = 0 } end
  if type(reply) == "string" then reply = { type = "text", content = reply } end
  local kind = type(reply) == "table" and rawget(reply, "type")
  if M.forms[kind] == false then return formless(("a %s reply"):format(kind)) end
  local ok, err = codec.build(type(reply) == "table" and reply or {}, { to = openid, from = "" })
  if not ok then return nil, err end
  if kind == "video" and rawget(reply, "thumb_media_id") == nil then
    return formless "a video reply without thumb_media_id"
  end
  local list, cut = contents(kind, reply)
  local kf = opts and opts.kf
  for i, content in ipairs(list) do
    list[i] = { touser = openid, msgtype = kind, [kind] = content, customservice = kf and { kf_account = kf } }
  end
  list.cut = cut
  return list
end

---The hint that an answer is being written.
---@param openid string
---@return table
function M.typing(openid) return { touser = openid, command = "Typing" } end

return M
