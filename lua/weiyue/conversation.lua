-- Conversations: a handler asks its user something and goes on with what he says next. While he is
-- being waited for, his other messages and events run their own handlers.

local dispatch = require "weiyue.dispatch"
local events = require "weiyue.events"
local nearest = require "weiyue.nearest"

local M = {}

-- Names of what a question accepts, as C compares them: messages and events apart.
local function accepted(names)
  if type(names) == "string" then names = { names } end
  if type(names) ~= "table" or #names == 0 then
    error("msg:ask: accept is a list of messages and events, such as { \"text\", \"image\" }", 3)
  end
  local words = {}
  for i, name in ipairs(names) do
    local event = type(name) == "string" and (name:match "^event%.(.+)$" or not events.messages[name] and name)
    if type(name) ~= "string" or event and not events.events[event] then
      error(("msg:ask: accept: no message or event is named %s"):format(tostring(name)), 3)
    end
    words[i] = event and "event." .. event or name
  end
  return " " .. table.concat(words, " ") .. " "
end

local KNOWN <const> = { [1] = true, accept = true, exclusive = true }
local LATER <const> = { check = true, again = true, timeout = true, id = true }

-- What a handler passes: the question, and the options beside it.
local function read(question)
  local options = {}
  if type(question) == "table" and question.type == nil then
    options, question = question, question[1]
    for key in pairs(options) do
      if LATER[key] then error(("msg:ask: %s is not in this build (本版本尚未实现)"):format(key), 3) end
      if not KNOWN[key] then
        local near = nearest.slip(tostring(key), nearest.names(KNOWN))
        error(("msg:ask has no option %s%s"):format(tostring(key), near and "; the nearest is " .. near or ""), 3)
      end
    end
  end
  if type(question) ~= "string" and type(question) ~= "table" or question == "" then
    error("msg:ask wants a question: a text or a wx.reply value", 3)
  end
  return question, options
end

---@class weiyue.Conversations
---@field private push table the module weiyue.push, whose functions C has
---@field private outbox weiyue.Outbox
---@field private exclusive table<integer, string|weiyue.Reply> by push: questions that wait and give way to none
local Conversations = {}
Conversations.__index = Conversations

-- Messages of one conversation share a number: a trace that was asked for while it is the newest stays its own.
local function keep_trace(msg) return msg.trace end

-- Waits for the answer.
---@async
function Conversations:wait(number, question, options, accept, fate)
  self.exclusive[number] = options.exclusive and question or nil
  local _ <close> = setmetatable({}, { __close = function() self.exclusive[number] = nil end })
  return self.push.park(number, accept, fate == "unread")
end

---@async
---@param msg weiyue.Message
---@param asked string|weiyue.Reply|table
---@return string? content, weiyue.Message answer
function Conversations:ask(msg, asked)
  local push, question, options = self.push, read(asked)
  local accept = accepted(options.accept or { "text" })
  push.may_ask(msg.push)
  keep_trace(msg)
  local other = push.parked(msg.push)
  local first = other and self.exclusive[other]
  local whole, wrong = self.outbox:whole(msg.account, question)
  if not whole then error("msg:ask: " .. tostring(wrong), 2) end
  question = whole
  local good, fault = push.check(msg.push, question)
  if not good then error("msg:ask: " .. fault, 2) end
  if dispatch.session then dispatch.session.rest(msg) end
  local fate = self.outbox:ask(msg, first or question)
  if first or fate == "lost" then push.give_up(msg.push) end
  local answer = self:wait(msg.push, question, options, accept, fate)
  keep_trace(answer)
  return answer.content, answer
end

---@param outbox weiyue.Outbox
---@param push table the module weiyue.push
---@return weiyue.Conversations
function M.new(outbox, push)
  return setmetatable({ outbox = outbox, push = push, exclusive = {} }, Conversations)
end

return M
