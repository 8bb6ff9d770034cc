-- What a user was told: replies of pushes and customer-service messages, in one form, so that the same answer is the
-- same, whichever way it went; and as a line to read.

local core = require "weiyue_core"

local numbers = require "weiyue.journal.numbers"
local redact = require "weiyue.journal.redact"

local json = core.json

local STARS <const> = "***" -- in a journal: something that it does not tell

local M = {}

-- Numbers and tokens are others in a journal than in life: any stands for any.
local function text_of(text)
  text = numbers.replace(redact.without_secrets(text), true, function(_, _, _, kind)
    return kind == "card" and "<card>" or "<tel>"
  end)
  return (text:gsub("[%w_%-%.~+/=]+", function(word)
    return #word >= 100 and not word:find "^https?" and STARS or nil
  end))
end

local function plain(value)
  if type(value) == "table" then
    local out = json.is_array(value) and json.array {} or {}
    for k, v in pairs(value) do out[k] = plain(v) end
    return out
  end
  return type(value) == "string" and text_of(value) or value
end

local HEAD <const> = { ToUserName = true, FromUserName = true, CreateTime = true, ArticleCount = true }

--- Of a reply, by WeChat's names. nil: nothing.
---@param reply? table
---@param as_it_is? boolean numbers, too: not to be compared
---@return table?
function M.reply(reply, as_it_is)
  if not reply then return nil end
  local out = {}
  for name, value in pairs(reply) do
    if not HEAD[name] then out[name] = as_it_is and value or plain(value) end
  end
  -- one article in XML cannot be told from a list of one
  local articles = type(out.Articles) == "table" and (out.Articles.item or out.Articles)
  if type(articles) == "table" then out.Articles = articles[1] and articles or { articles } end
  return out
end

-- From the customer-service message to the reply that says the same.
local forms = {}

function forms.text(m) return { MsgType = "text", Content = m.text and m.text.content } end
function forms.image(m) return { MsgType = "image", Image = { MediaId = m.image and m.image.media_id } } end
function forms.voice(m) return { MsgType = "voice", Voice = { MediaId = m.voice and m.voice.media_id } } end

function forms.news(m)
  local articles = {}
  for i, one in ipairs(m.news and m.news.articles or {}) do
    articles[i] = { Title = one.title, Description = one.description, PicUrl = one.picurl, Url = one.url }
  end
  return { MsgType = "news", Articles = articles }
end

--- Of a customer-service message.
---@param m table
---@param as_it_is? boolean
---@return table
function M.message(m, as_it_is)
  local form = forms[m.msgtype]
  if form then return M.reply(form(m), as_it_is) end
  local out = plain(m)
  out.touser = nil
  return out
end

-- Whether a text is what the journal tells of it: its stars stand for anything.
local function fits(old, new)
  if old == new then return true end
  local stars, behind = old:find(STARS, 1, true)
  if not stars or new:sub(1, stars - 1) ~= old:sub(1, stars - 1) then return false end
  local at = stars -- in new: the parts between stars come in order, the last one at the end
  while true do
    local from = behind + 1
    stars, behind = old:find(STARS, from, true)
    local part = old:sub(from, (stars or 0) - 1)
    if not stars then return #new - #part + 1 >= at and new:sub(#new - #part + 1) == part end
    local _, till = new:find(part, at, true)
    if not till then return false end
    at = till + 1
  end
end

-- The values of a table that are none themselves, by their path: "Articles.1.Url".
local function leaves(value, path, out)
  if type(value) ~= "table" then
    out[path] = tostring(value)
    return out
  end
  for k, v in pairs(value) do leaves(v, path == "" and tostring(k) or path .. "." .. tostring(k), out) end
  return out
end

-- The paths of what differs, in order.
local function differences(old, new)
  local a, b, list = leaves(old, "", {}), leaves(new, "", {}), {}
  for path, value in pairs(a) do
    if not b[path] or not fits(value, b[path]) then list[#list + 1] = path end
  end
  for path in pairs(b) do
    if not a[path] then list[#list + 1] = path end
  end
  table.sort(list)
  return list, a, b
end

--- Whether the same was said.
---@param old table[] as the journal has it
---@param new table[]
---@return boolean
function M.equal(old, new) return #differences(old, new) == 0 end

--- The articles of a reply, those that are some.
---@param reply table
---@return table[]
function M.articles(reply)
  local list = {}
  for _, article in ipairs(type(reply.Articles) == "table" and reply.Articles or {}) do
    if type(article) == "table" then list[#list + 1] = article end
  end
  return list
end

local function line_of(one)
  if one.MsgType == "text" then return tostring(one.Content) end
  if one.MsgType == "news" then
    local titles = {}
    for i, article in ipairs(M.articles(one)) do titles[i] = tostring(article.Title) end
    return "[news] " .. table.concat(titles, " / ")
  end
  return json.encode(one, { sort = true }) or "?"
end

local function text_for_people(list)
  local lines = {}
  for i, one in ipairs(list) do lines[i] = line_of(one) end
  return #lines > 0 and table.concat(lines, " ⏎ ") or "success"
end

-- With what differs, by its path.
local function with(text, paths, values)
  local parts = {}
  for i, path in ipairs(paths) do parts[i] = ("%s: %s"):format(path:gsub("^%d+%.", ""), values[path] or "-") end
  return ("%s {%s}"):format(text, table.concat(parts, ", "))
end

--- Two lines for people, which are not the same.
---@param old table[]
---@param new table[]
---@return string
---@return string
function M.lines(old, new)
  local a, b = text_for_people(old), text_for_people(new)
  if a ~= b then return a, b end
  local paths, olds, news = differences(old, new)
  return with(a, paths, olds), with(b, paths, news)
end

local function is_text(value) return value == nil or type(value) == "string" end

--- Whether a push can be sent again: a journal may be an old one, or have been edited.
---@param message table
---@return boolean
function M.is_message(message)
  if not is_text(message.FromUserName) then return false end
  if type(message.InfoType) == "string" then return true end
  local kind, event = message.MsgType, message.Event
  return type(kind) == "string" and is_text(event) and (kind ~= "event" or event ~= nil)
end

--- What a push was, for people.
---@param message table
---@return string
function M.push(message)
  if message.MsgType == "text" then return "text " .. tostring(message.Content) end
  if message.MsgType == "event" then
    return ("%s %s"):format(tostring(message.Event), tostring(message.EventKey or "")):gsub(" $", "")
  end
  return tostring(message.MsgType or message.InfoType or "?")
end

return M
