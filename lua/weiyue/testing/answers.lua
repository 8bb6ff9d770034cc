-- What a user gets to see, as specs look at it.

local nearest = require "weiyue.nearest"
local say = require "weiyue.testing.say"

local M = {}

---@class weiyue.testing.Answer
---@field type string "text", "image", "news" …; "none": nothing; "fault": WeChat's own text, the host answered badly
---@field text? string
---@field articles? table[]
---@field way? string how: "reply", "late", "mailbox", "apology" …; what hears() gives: "customer_service" …
---@field xml? string the reply as it was decrypted
---@field raw? table its elements by WeChat's names
---@field status? integer
---@field seconds? number that it took, on the app's clock
---@field attempts? integer of WeChat
---@field fault? table why WeChat could not use it

--- For failure messages.
function M.show(answer)
  if type(answer) ~= "table" then return tostring(answer) end
  local text
  if answer.type == "none" then
    text = say.tr("没有回复", "no reply")
  elseif answer.text then
    text = ("%s %q"):format(answer.type, answer.text):gsub("\\\n", "\\n")
  elseif answer.articles then
    local titles = {}
    for i, article in ipairs(answer.articles) do titles[i] = tostring(article.title) end
    text = ("news (%s)"):format(table.concat(titles, ", "))
  else
    text = tostring(answer.type)
    local media = answer.media_id or type(answer.media) == "table" and answer.media.media_id
    if media then text = text .. " " .. tostring(media) end
  end
  if answer.way then text = text .. (" [%s]"):format(answer.way) end
  if answer.fault then text = text .. (" — %s"):format(say.tr(answer.fault.zh, answer.fault.en)) end
  return text
end

local NAMES <const> = {
  "type", "text", "articles", "way", "xml", "raw", "status", "body", "seconds", "attempts", "fault", "media",
  "media_id",
}

-- What a reply or msg calls so.
local OTHERS <const> = { content = "text", msg_type = "type", msgtype = "type", kind = "type", news = "articles",
  items = "articles" }

-- A slip of the pen is told: nil would pass for an answer without it.
local function absent(_, key)
  if type(key) ~= "string" then return nil end
  local near, distance = nearest.of(key, NAMES)
  if OTHERS[key] then near, distance = OTHERS[key], 1 end
  if distance == 1 then
    error(say.tr("回复没有 %s 这一项；最接近的是 %s", "an answer has no %s; the nearest is %s"):format(key, near), 2)
  end
end

local class = { __tostring = M.show, __index = absent, __name = "weiyue.testing.Answer" }

--- The answer that a push got.
---@return weiyue.testing.Answer
function M.of_flight(flight)
  local answer = {}
  for key, value in pairs(flight.item or {}) do answer[key] = value end
  answer.type = answer.type or "none"
  local decoded = flight.decoded
  answer.xml, answer.raw = decoded and decoded.body, decoded and decoded.raw
  answer.status, answer.body, answer.way = flight.status, flight.body, flight.way
  answer.seconds, answer.attempts, answer.fault = flight.seconds, flight.attempt, flight.fault
  return setmetatable(answer, class)
end

--- What came by WeChat's API.
---@return weiyue.testing.Answer
function M.of_item(item)
  local answer = {}
  for key, value in pairs(item) do answer[key] = value end
  return setmetatable(answer, class)
end

return M
