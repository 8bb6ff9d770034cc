-- Outbox: answers that cannot leave as the one reply of their push, because they come later, are
-- longer, or are several. By customer-service message where the account may, else through the mailbox.

local capabilities = require "weiyue.capabilities"
local core = require "weiyue_core"
local dispatch = require "weiyue.dispatch"
local events = require "weiyue.events"
local fault = require "weiyue.token.fault"
local file = require "weiyue.file"
local late = require "weiyue.late"
local page = require "weiyue.page"
local task = require "weiyue.task"

local log = core.log

local TEXT_MAX <const> = 2048 -- bytes of one text

local M = {}

---@class weiyue.outbox.Place what the configuration says of an account
---@field index integer its number there
---@field more string   tells that more waits; stands under a page when another follows
---@field waiting string tells that an answer waits, where nothing of it was sent
---@field gone string    tells that one that waited is no longer kept
---@field room integer  bytes that a page has beside it
---@field apology string|false

---@class weiyue.outbox.Push how a push looks from here
---@field push integer     its number, msg.push
---@field account table    msg.account
---@field openid string
---@field type string
---@field event? string
---@field created integer
---@field where? string  of the rule that answers

---What became of replies: they are on their way, the last of them waits in the mailbox, or nobody can be told.
---@alias weiyue.outbox.Fate "left"|"unread"|"lost"

---@class weiyue.Outbox
---@field private push table the module weiyue.push, whose functions C has
---@field private box weiyue.Mailbox
---@field services weiyue.Services
---@field private places table<table, weiyue.outbox.Place>
---@field private said table<integer, (string|weiyue.Reply)[]> by push: what waits for its end
local Outbox = {}
Outbox.__index = Outbox

local function is_text(reply)
  if type(reply) ~= "table" then return type(reply) == "string" end
  return rawget(reply, "type") == "text" and rawget(reply, "content") ~= nil
end

local function text_of(reply) return type(reply) == "string" and reply or tostring(rawget(reply, "content")) end

local function warn(p, event, text, fields)
  fields = fields or {}
  fields.account = p.account.id
  log.write("warn", event, text, fields)
end

-- Replies as they can leave one by one: texts that follow each other are one text; where something
-- follows, a text leaves room for `more`.
local function paged(place, replies)
  local list, text = {}, nil
  local function flush(is_last)
    if not text then return end
    local pages = is_last and #text <= TEXT_MAX and { text } or page.split(text, place.room)
    table.move(pages, 1, #pages, #list + 1, list)
    text = nil
  end
  for _, reply in ipairs(replies) do
    if is_text(reply) then
      text = text and text .. "\n" .. text_of(reply) or text_of(reply)
    else
      flush()
      list[#list + 1] = reply
    end
  end
  flush(true)
  return list
end

-- A text with a line below it; nil: it has no room for one.
local function with_line(text, line)
  return #text + 1 + #line <= TEXT_MAX and text .. "\n" .. line or nil
end

-- A page with the line that tells of the next one. An answer that leaves it no room was the last of
-- its own when it was put by, and what came behind it was told of then.
local function with_more(place, text)
  return with_line(text, place.more) or text
end

-- The mailbox -----------------------------------------------------------------------------------------

-- The last of them is tagged with its push: it may be a question.
---@return weiyue.outbox.Fate
function Outbox:put(p, replies)
  if #replies == 0 then return "left" end
  local place = self.places[p.account]
  local waiting, dropped = self.box:put(p.account.id, p.openid, replies, p.push)
  if not waiting and #replies > 1 then -- only what cannot be kept is lost
    local fate
    for _, reply in ipairs(replies) do fate = self:put(p, { reply }) end
    return fate
  elseif not waiting then
    warn(p, "mailbox.failed", tostring(dropped))
    waiting = self.box:put(p.account.id, p.openid, { place.apology or nil }) -- he will ask, and is not to find nothing
    if waiting and waiting > 0 then self.push.count("mailbox_put", place.index) end
    return "lost"
  end
  for _ = 1, #replies do self.push.count("mailbox_put", place.index) end
  if dropped > 0 then warn(p, "mailbox.dropped", "too many unread answers; the oldest are gone", { n = dropped }) end
  return "unread"
end

--- What a text fetches: the oldest unread answer; false: one waits, but this push has its answer
--- already; nil: the text is no matter of the mailbox.
---@param msg table a text that is the account's word
---@return string|weiyue.Reply|false|nil
function Outbox:fetch(msg)
  local place = self.places[msg.account]
  local conversation, unread = self.push.parked(msg.push)
  if conversation and not unread or not self.box:waits(msg.account.id, msg.openid) then return nil end
  if self.push.given(msg.push) then return false end
  local reply, left, tag = self.box:take(msg.account.id, msg.openid)
  if reply == nil then
    if left == "gone" then return place.gone end
    if left ~= nil then warn(msg, "mailbox.failed", tostring(left)) end
    return nil
  end
  self.push.count("mailbox_taken", place.index)
  local upload = rawget(self.services, "upload") -- absent: no file has an id
  if upload then reply = upload:freshen(msg.account, reply) end
  if conversation and tag == conversation then -- its question: what he says next is the answer, whatever waits
    self.push.read(msg.push)
    return reply
  end
  if left > 0 and is_text(reply) then return with_more(place, text_of(reply)) end
  return reply
end

--- A text that answers him, with a line about what waits for him if nobody could tell him before. Asked only where
--- push.untold says that there is such a user.
---@param msg table
---@param reply string|weiyue.Reply
---@return string|weiyue.Reply
function Outbox:tell(msg, reply)
  local id, openid = msg.account.id, msg.openid
  if self.push.given(msg.push) then return reply end -- late itself: it may not arrive
  if not openid or not is_text(reply) or not self.box:hides(id, openid) then return reply end
  local told = with_line(text_of(reply), self.places[msg.account].waiting)
  if told then self.box:show(id, openid) end
  return told or reply
end

--- The user has left: nothing waits for him any more.
function Outbox:left(msg) self.box:drop(msg.account.id, msg.openid) end

-- Customer-service messages --------------------------------------------------------------------------

local LATE <const> = { late = true } -- they may use what is kept of the day's calls for them
local BUSY <const> = -1 -- WeChat's errcode
local PAUSES <const>, PATIENCE <const> = { 1, 3, 6 }, 20 -- seconds: his next message waits, and a task's time is short
local REMINDERS <const> = { 30, 120, 600, 3600 } -- seconds
local REMINDED <const> = 1000 -- users, at once
local GATEWAY_TIMEOUT <const> = 504
local FORGOTTEN <const> = 40007 -- a media_id
local MOST <const> = 1000 -- more messages than any window has room for

-- The window is closed, or full: whatever the facts say.
local CLOSED <const> = { [45015] = true, [45047] = true }

-- What one message is refused for, and another would not be.
local ITS_OWN <const> = {
  ["api.field"] = true, [40004] = true, [40007] = true, [40008] = true, [45002] = true, [45003] = true, [45004] = true,
  [45005] = true, [45008] = true, [47001] = true,
}

local function code_of(err) return type(err) == "table" and err.code end

-- Whether the message has not arrived for certain, and may the next time. What WeChat says of the account, by a code,
-- does not pass so soon.
local function is_passing(err)
  if type(err) ~= "table" then return false end
  if err.code == "api.http" then return (err.status or 0) >= 500 and err.status ~= GATEWAY_TIMEOUT end
  return err.code == BUSY or err.sent == false and type(err.code) == "string"
end

local MEDIA <const> = { "media_id", "thumb_media_id" }

-- New ids for the files of a message; false: it has none of ours.
---@async
local function renew(upload, account, message)
  local content, renewed = message[message.msgtype], false
  for _, key in ipairs(MEDIA) do
    local id = content[key] and upload:renew(account, content[key])
    if id then content[key], renewed = id, true end
  end
  return renewed
end

-- Whether the trigger lets one more message go, now.
local function window_open(p, sent)
  return capabilities.window_open(p.type, p.event, p.created, sent, core.time.now())
end

-- What the program's sender says, and whatever else is no error of the API's.
local function fault_of(err)
  if type(err) == "table" and err.hint then return err end
  return fault(code_of(err) or "reply.sender", tostring(type(err) == "table" and err.message or err),
    "看日志里的 late.failed；look at late.failed in the log")
end

-- By the program's sender, else by WeChat's API. An authorizer's leave by that: the sender knows the configuration's
-- accounts, which have an entry of their own in places.
---@async
---@param name "message_custom.send"|"message_custom.typing"
---@return true? ok, any err
function Outbox:post(p, name, message)
  if not self.push.has_sender() or not rawget(self.places, p.account) then
    local reply, err = self.services.call(p.account, name, message, LATE)
    return reply and true, err
  end
  local text, err = core.json.encode(message)
  if not text then return nil, err end
  return self.push.send(self.places[p.account].index, text)
end

-- The same with what is worth another try: it has not left, WeChat is busy, or has forgotten a file of ours.
---@async
---@return true? ok, any err
function Outbox:post_again(p, message)
  local now = core.time.monotonic
  p.since = p.since or now()
  local ok, err = self:post(p, "message_custom.send", message)
  for _, pause in ipairs(PAUSES) do
    if ok or not is_passing(err) or now() - p.since > PATIENCE then break end
    task.sleep(pause)
    if not window_open(p, 0) then break end
    ok, err = self:post(p, "message_custom.send", message)
  end
  if not ok and code_of(err) == FORGOTTEN and renew(self.services.upload, p.account, message) then
    ok, err = self:post(p, "message_custom.send", message)
  end
  return ok, err
end

-- One reply, already paged. A failure is told, and counted.
---@async
---@return true? ok
---@return boolean? kind it is this reply that cannot leave; others may
---@return any err
function Outbox:send(p, reply, options)
  local index = self.places[p.account].index
  local list, err = late.messages(p.openid, reply, options)
  local ok = list ~= nil
  if ok and list.cut > 0 and dispatch.once(p.where or "?", "articles") then
    warn(p, "reply.articles_cut", "a customer service message has one article",
      { where = p.where, articles_dropped = list.cut })
  end
  for _, message in ipairs(list or {}) do
    if ok then
      self.push.sent(p.push, 1)
      ok, err = self:post_again(p, message)
    end
  end
  if ok then
    self.push.count("late_messages", index)
    return true
  end
  self.push.count("late_failed", index)
  warn(p, "late.failed", tostring(err))
  if CLOSED[code_of(err)] then self.push.sent(p.push, MOST) end -- nothing more for this push
  return nil, list == nil or ITS_OWN[code_of(err)], err
end

-- Tells him later of what waits, as long as the window lets him be told and he has not learnt of it otherwise.
function Outbox:remind(p, n)
  if not REMINDERS[n] then return end
  local id = p.account.id
  self.reminders = self.reminders + 1
  task.after(REMINDERS[n], function()
    self.reminders = self.reminders - 1
    if not window_open(p, 0) or not self.box:hides(id, p.openid) then return end
    local message = late.messages(p.openid, self.places[p.account].waiting)[1]
    local ok, err = self:post(p, "message_custom.send", message)
    if ok then
      self.box:show(id, p.openid)
    elseif is_passing(err) then
      self:remind(p, n + 1)
    end
  end)
end

-- Into the mailbox, of which he is told by what answers him next, or before that if the sender is well again.
function Outbox:hide(p, replies, err)
  local fate = self:put(p, replies)
  local first = self.box:hide(p.account.id, p.openid)
  if first and is_passing(err) and self.reminders < REMINDED then self:remind(p, 1) end
  return fate
end

-- All of them, in order. What the window, the sender or its kind keeps from leaving waits in the
-- mailbox, and a text says so where one may still leave.
---@async
---@param is_begun? boolean something of the answer has left already
---@return weiyue.outbox.Fate
function Outbox:send_all(p, replies, is_begun)
  local place, told = self.places[p.account], false
  for i, reply in ipairs(replies) do
    local sent = self.push.sent(p.push, 0)
    local function rest() return table.move(replies, i, #replies, 1, {}) end
    if not window_open(p, sent) then return told and self:put(p, rest()) or self:hide(p, rest()) end
    local window = capabilities.window(p.type, p.event)
    told = sent + 1 == window.messages and i < #replies and is_text(reply)
    if told then reply = with_more(place, text_of(reply)) end
    local ok, kind, err = self:send(p, reply)
    if not ok then
      local fate = self:hide(p, rest(), err)
      local notice = (is_begun or i > 1) and place.more or place.waiting
      if kind and window_open(p, sent) and self:send(p, notice) then self.box:show(p.account.id, p.openid) end
      return fate
    end
  end
  return "left"
end

--- A reply whose files have ids.
---@async
---@return weiyue.Reply? reply
---@return weiyue.Fault? err
function Outbox:whole(account, reply)
  if type(reply) ~= "table" or not file.is_in(reply) then return reply end
  return self.services.upload:fill(account, reply)
end

--- The answer hands the user over to the desk, if it leaves as the answer.
function Outbox:transferred(msg)
  if self.push.given(msg.push) then return end
  local desk, account, openid = self.services.desk, msg.account, msg.openid
  task.after(0, function() desk:set(account.id, openid, "queue") end)
end

-- What the end of a push brings ------------------------------------------------------------------------

-- The first one as the answer of the push, the others behind it. nil: it takes no answer.
---@async
---@return weiyue.outbox.Fate?
function Outbox:answer(p, list)
  local place, first = self.places[p.account], list[1]
  if #list == 1 then return self.push.answer(p.push, first) and "left" or nil end
  if self.push.can_late(p.push) then
    if not self.push.answer(p.push, first) then return nil end
    return self:send_all(p, table.move(list, 2, #list, 1, {}), true)
  end
  local from = 2
  if is_text(first) then
    first = with_more(place, text_of(first))
  else -- nothing would tell that more waits
    first, from = place.waiting, 1
  end
  if not self.push.answer(p.push, first) then return nil end
  return self:put(p, table.move(list, from, #list, 1, {}))
end

--- Sees to it that a user gets these, in this order, whatever became of the push.
---@async
---@param p weiyue.outbox.Push
---@param replies (string|weiyue.Reply)[]
---@return weiyue.outbox.Fate
function Outbox:hand_over(p, replies)
  local list = paged(self.places[p.account], replies)
  if #list == 0 then return "left" end
  local fate = not self.push.given(p.push) and self:answer(p, list)
  if fate then return fate end
  local way = self.push.way(p.push)
  if way ~= "mailbox" and self.push.can_late(p.push) then return self:send_all(p, list) end
  if way == "success" then
    warn(p, "reply.too_late", "the push was answered before; nobody can be told", { msg_event = p.event })
    return "lost"
  end
  return self:put(p, list)
end

--- What was said and not delivered yet, and behind it this: a question, or what is no plain answer, for which C
--- calls this in a task of its own. reply may be nil.
---@async
---@param p weiyue.outbox.Push
---@param reply? string|weiyue.Reply
---@return weiyue.outbox.Fate
function Outbox:deliver(p, reply)
  local replies = self.said[p.push] or {}
  self.said[p.push] = nil
  if reply and reply ~= "" then replies[#replies + 1] = reply end
  return self:hand_over(p, replies)
end

--- Whether the push of this message has had its turn: what comes now answers another message of its
--- conversation.
function Outbox:went_on(msg) return self.push.turns(msg.push) > 0 end

--- What msg:ask asks, behind what was said before: it goes the way of answers, and the push is over.
---@async
---@param msg weiyue.Message any of its conversation
---@param question string|weiyue.Reply
---@return weiyue.outbox.Fate
function Outbox:ask(msg, question) return self:deliver(self.push.facts(msg.push), question) end

-- What handlers say meanwhile --------------------------------------------------------------------------

-- Why nothing can be said.
local refused = {}

function refused.too_late()
  return fault("reply.too_late", { "这条消息已经答完了", "this message was answered for good" },
    "在答完之前说，或用 account.api.message_custom.send；say it before, or use account.api.message_custom.send")
end

function refused.not_allowed()
  return fault("reply.not_allowed", { "微信不让回复这个事件", "WeChat lets nobody answer this event" },
    "要通知用户，用模板消息；a template message may reach the user")
end

function refused.window()
  return fault("reply.window", { "微信允许的客服消息发完了，或时间过了", "WeChat's window is closed" },
    "等用户再发消息或点击；wait for the user's next message or click")
end

function refused.no_late()
  return fault("reply.no_late",
    { "现在不能给这个用户发客服消息", "this account sends no customer service messages here" },
    "账号要有 can.customer_service、appid 和 secret；the account needs can.customer_service, appid and secret")
end

--- msg:say: at once where customer-service messages may be sent, else before the answer.
---@async
---@return true? ok, weiyue.Fault? err
function Outbox:say(msg, reply, options)
  local push = self.push
  if push.way(msg.push) == nil then return nil, refused.too_late() end
  if msg.event and not events.may_reply(msg.type, msg.event) then return nil, refused.not_allowed() end
  push.keep(msg.push) -- its end is told
  if push.can_late(msg.push) then
    local p, ok, err = push.facts(msg.push), true, nil
    for _, one in ipairs(paged(self.places[msg.account], { reply })) do
      if ok and not window_open(p, push.sent(msg.push, 0)) then ok, err = nil, refused.window() end
      if ok then
        local left, _, why = self:send(p, one, options)
        if not left then ok, err = nil, fault_of(why) end
      end
    end
    return ok, err
  end
  local said = self.said[msg.push] or {}
  self.said[msg.push] = said
  said[#said + 1] = reply
  return true
end

--- msg:typing
---@async
---@return true? ok, weiyue.Fault? err
function Outbox:typing(msg)
  if not self.push.can_late(msg.push) then return nil, refused.no_late() end
  local ok, err = self:post(msg, "message_custom.typing", late.typing(msg.openid))
  if not ok then return nil, fault_of(err) end
  return true
end

--- C asks for the hint when the answer is going to be late.
function Outbox:hint(account, openid)
  local p = { account = account, openid = openid }
  task.after(0, function()
    local ok, err = self:post(p, "message_custom.typing", late.typing(openid))
    if not ok then log.write("info", "typing.failed", tostring(err), { account = account.id }) end
  end)
end

---@param accounts { object: table, conf: table }[] msg.account and the checked configuration, in order
---@param box weiyue.Mailbox
---@param push table the module weiyue.push
---@param services weiyue.Services
---@param platform? fun(object: table): table? of an account that came at run time: whose settings are his
---@return weiyue.Outbox
function M.new(accounts, box, push, services, platform)
  local places = {}
  for i, account in ipairs(accounts) do
    local mailbox = account.conf.mailbox
    places[account.object] = {
      index = i, apology = account.conf.apology, more = mailbox.more, waiting = mailbox.waiting, gone = mailbox.gone,
      room = TEXT_MAX - #mailbox.more - 1,
    }
  end
  if platform then
    setmetatable(places, { __index = function(_, object)
      local owner = platform(object)
      return owner and rawget(places, owner)
    end })
  end
  local out = { push = push, box = box, services = services, places = places, said = {}, reminders = 0 }
  return setmetatable(out, Outbox)
end

return M
