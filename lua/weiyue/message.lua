-- The metatable of msg: what a handler rarely uses is made when it is asked for.

local codec = require "weiyue_core".codec
local conversation = require "weiyue.conversation"
local later = require "weiyue.later"

local M = {}

local NAME <const> = "weiyue.message" -- all that a plugin sees of the metatable, which all messages share

local methods, fields = {}, {}

-- Made anew for each host: what a message's push is asked, and where answers go.
local outbox, push, conversations

--- From now on messages belong to pushes of a host.
---@param out weiyue.Outbox
---@param calls table the module weiyue.push
function M.serve(out, calls)
  outbox, push, conversations = out, calls, conversation.new(out, calls)
end

local function served(msg, name, arguments)
  if getmetatable(msg) ~= NAME then
    error(("msg.%s: call it with a colon: msg:%s(%s)"):format(name, name, arguments), 3)
  end
  if not push or not rawget(msg, "push") then error(("msg:%s: this message came from no push"):format(name), 3) end
end

-- msg:ask: the next message's content, and that message.
function methods.ask(msg, question)
  served(msg, "ask", "question")
  return conversations:ask(msg, question)
end

-- Raises at the plugin's line what is wrong with the options of a method.
local function check_options(name, options, known)
  if options ~= nil and type(options) ~= "table" then error(("msg:%s wants a table of options"):format(name), 3) end
  for key, value in pairs(options or {}) do
    if not known[key] then error(("msg:%s has no option %s"):format(name, tostring(key)), 3) end
    if type(value) ~= known[key] then error(("msg:%s: %s must be a %s"):format(name, key, known[key]), 3) end
  end
  return options or {}
end

function methods.say(msg, reply, options)
  served(msg, "say", "reply")
  options = check_options("say", options, { kf = "string" })
  if type(reply) ~= "string" and type(reply) ~= "table" or reply == "" then
    error("msg:say wants a text or a wx.reply value", 2)
  end
  local whole, err = outbox:whole(msg.account, reply)
  if not whole then return nil, err end
  local good, fault = push.check(msg.push, whole)
  if not good then error("msg:say: " .. fault, 2) end
  return outbox:say(msg, whole, options)
end

function methods.typing(msg)
  served(msg, "typing", "")
  return outbox:typing(msg)
end

-- msg:user: what WeChat knows of the sender.
function methods.user(msg, options)
  served(msg, "user", "")
  options = check_options("user", options, { fresh = "boolean" })
  if not msg.openid or msg.openid == "" then error("msg:user: this message is from nobody", 2) end
  local services, account = outbox.services, msg.account
  local came = msg.event == "subscribe" -- what was known of him before is over
  return services.users:info(account, msg.openid, services:user_cache(account), options.fresh or came)
end

-- msg:download: the picture, voice or video of this message.
function methods.download(msg, options)
  served(msg, "download", "{ to = path }")
  options = check_options("download", options, { to = "string", max = "number" })
  return outbox.services.download:run(msg, options)
end

-- Whether a human of the customer service desk has the sender.
function fields.kf(msg)
  local openid, account = rawget(msg, "openid"), rawget(msg, "account")
  if not outbox or not openid or not account then return nil end
  return (outbox.services.desk:state(account.id, openid))
end

-- msg:session: the user's table, read on first use, written before the answer leaves.
function methods.session(msg)
  served(msg, "session", "")
  if not push.way(msg.push) then
    error("msg:session: this message was answered for good; what is to be kept now goes into wx.store:user(openid)", 2)
  end
  if not msg.openid then error("msg:session: this message is from nobody", 2) end
  return require("weiyue.session").of(msg)
end

function methods.forget(msg)
  served(msg, "forget", "")
  if not msg.openid then error("msg:forget: this message is from nobody", 2) end
  return msg.account:forget(msg.openid)
end

function fields.raw(msg)
  local body = rawget(msg, "body")
  local raw = body and codec.parse(body) or {}
  rawset(msg, "raw", raw)
  return raw
end

-- How the answer leaves as things stand now.
function fields.way(msg) return push and push.way(rawget(msg, "push")) end

-- Which of WeChat's three attempts this is now.
function fields.attempt(msg) return push and (push.attempt(rawget(msg, "push"))) end

-- Unix seconds; nil when its push has ended before anybody asked.
function fields.deadline(msg)
  local deadline = push and push.deadline(rawget(msg, "push")) or nil
  rawset(msg, "deadline", deadline)
  return deadline
end

-- The word that stands in the log lines about its push.
function fields.trace(msg)
  local trace = push and rawget(msg, "push") and push.trace(msg.push) or nil
  rawset(msg, "trace", trace)
  return trace
end

-- Whether a host that is gone may have handled it: WeChat had sent it before this one saw it. nil: it has its answer.
function fields.redelivered(msg)
  local _, redelivered
  if push then _, redelivered = push.attempt(rawget(msg, "push")) end
  return redelivered
end

-- An openid as a log may show it, as wy_log_mask does it in C.
local function masked(openid)
  local shown = #openid >= 16 and 4 or #openid >= 8 and 2 or 0
  return openid == "" and "nobody" or openid:sub(1, shown) .. "***" .. openid:sub(#openid - shown + 1)
end

local function index(msg, key)
  local field = fields[key]
  if field then return field(msg) end
  if methods[key] then return methods[key] end
  if later.msg[key] then later.refuse("msg:" .. key) end
end

M.metatable = {
  __name = NAME, __metatable = NAME,
  __index = index,
  __tostring = function(msg)
    local what = msg.event and msg.type .. "/" .. msg.event or msg.type
    return ("message %s from %s"):format(what, masked(msg.openid or ""))
  end,
}

return M
