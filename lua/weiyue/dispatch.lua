-- Dispatch: from a message to a reply. The one function that C calls for every push.

local desk = require "weiyue.desk"
local events = require "weiyue.events"
local file = require "weiyue.file"
local limits = require "weiyue.limits"
local log = require "weiyue_core".log
local rules = require "weiyue.rules"

local fold, width = rules.fold, rules.width
local find, sub = string.find, string.sub
local call = limits.call -- of a plugin's function

local M = {}

local warned = {}

--- True the first time it is asked with these two words; so a warning stands once in the log.
---@param where string
---@param what string
---@return boolean
function M.once(where, what)
  local key = where .. "\0" .. what
  if warned[key] then return false end
  warned[key] = true
  return true
end

local function log_error(rule, msg, err)
  log.write("warn", "handler.error", err, { where = rule.where, account = msg.account and msg.account.id })
end

-- Runs one rule. nil: not mine; false: answer nothing.
local function run(rule, msg)
  local reply = rule.reply
  if not rule.call then return reply end
  local err
  reply, err = call(reply, msg)
  if reply == nil and err ~= nil then log_error(rule, msg, err) end
  return reply
end

local function run_list(list, msg)
  for i = 1, #list do
    local rule = list[i]
    local reply = run(rule, msg)
    if reply ~= nil then return reply, rule.where end
  end
end

-- Captures of a pattern without the two positions that find puts before them.
local function run_captures(rule, msg, from, _, ...)
  if not from then return nil end
  if not rule.call then return rule.reply end
  local reply, err = call(rule.reply, msg, ...)
  if reply == nil and err ~= nil then log_error(rule, msg, err) end
  return reply
end

local function answer_text(lists, msg, outbox)
  local content = msg.content or ""
  local folded = fold(content)
  if folded == lists.mailbox_word then
    local unread = outbox:fetch(msg)
    if unread ~= nil then return unread, "mailbox" end
  end
  local exact = lists.exact[folded]
  if exact then
    local reply, where = run_list(exact, msg)
    if reply ~= nil then return reply, where end
  end
  local list = lists.prefix
  for i = 1, #list do
    local rule = list[i]
    if sub(folded, 1, #rule.value) == rule.value then
      local reply = run(rule, msg)
      if reply ~= nil then return reply, rule.where end
    end
  end
  list = lists.pattern
  if list[1] then
    local plain = width(content)
    for i = 1, #list do
      local rule = list[i]
      local reply = run_captures(rule, msg, find(plain, rule.value))
      if reply ~= nil then return reply, rule.where end
    end
  end
  list = lists.contains
  for i = 1, #list do
    local rule = list[i]
    if find(folded, rule.value, 1, true) then
      local reply = run(rule, msg)
      if reply ~= nil then return reply, rule.where end
    end
  end
  return run_list(lists.any, msg)
end

-- Keys of clicks and scenes of scans are compared as they are.
local function answer_key(lists, msg, key)
  if key then
    local exact = lists.exact[key]
    if exact then
      local reply, where = run_list(exact, msg)
      if reply ~= nil then return reply, where end
    end
    for _, rule in ipairs(lists.glob) do
      if find(key, rule.glob) then
        local reply = run(rule, msg)
        if reply ~= nil then return reply, rule.where end
      end
    end
  end
end

local function answer_event(index, msg, event)
  local own, scan = index.event[event], nil
  if event == "subscribe" and msg.scene then scan = index.event.scan end
  if scan then -- a scan that made the user follow: its own scene before following as such
    local reply, where = answer_key(scan, msg, msg.scene)
    if reply == nil then reply, where = run_list(scan.followed, msg) end
    if reply ~= nil then return reply, where end
  end
  if not own then return nil end
  local reply, where = answer_key(own, msg, event == "scan" and msg.scene or msg.key)
  if reply == nil then return run_list(own.any, msg) end
  return reply, where
end

local function answer(index, msg, outbox, event)
  if event and event ~= "" then return answer_event(index, msg, event) end
  local kind = msg.type
  local reply, where
  if kind == "text" then
    reply, where = answer_text(index.text, msg, outbox)
  else
    local lists = index.message[kind]
    if lists then reply, where = run_list(lists.any, msg) end
  end
  if reply == nil then return run_list(index.default, msg) end
  return reply, where
end

-- Links that begin with one "/" stand for the account's own pages.
local LINKS <const> = { "url", "pic_url", "hq_url" }

local function is_own(link) return type(link) == "string" and (link == "/" or find(link, "^/[^/]")) end

-- A copy: a reply may be a constant that answers many messages.
local function absolute(t, base)
  local copy = {}
  for key, value in pairs(t) do copy[key] = value end
  for _, key in ipairs(LINKS) do
    if is_own(copy[key]) then copy[key] = base .. copy[key] end
  end
  return copy
end

local function resolve(reply, base)
  if reply.type == "music" then return absolute(reply, base) end
  if reply.type ~= "news" or type(reply.articles) ~= "table" then return reply end
  local articles = {}
  for i, article in ipairs(reply.articles) do
    articles[i] = type(article) == "table" and absolute(article, base) or article
  end
  return { type = "news", articles = articles }
end

local function has_own(t)
  if type(t) ~= "table" then return false end
  for _, key in ipairs(LINKS) do
    if is_own(rawget(t, key)) then return true end
  end
  return false
end

-- Without the account's address WeChat gets such links as they are, and no user can open one.
local function tell_lost(reply, where)
  local kind, articles = rawget(reply, "type"), rawget(reply, "articles")
  local lost = kind == "music" and has_own(reply)
  if kind == "news" and type(articles) == "table" then
    for i = 1, rawlen(articles) do lost = lost or has_own(rawget(articles, i)) end
  end
  if lost and M.once(where, "link") then
    log.write("warn", "reply.link", "a link that begins with / needs accounts[].url: nobody can open it",
      { where = where })
  end
end

-- One that fails (nil, err) is passed over: what it stands around answers.
local function chain(index, msg, outbox, event, i)
  local use = index.use[i]
  if not use then return answer(index, msg, outbox, event) end
  local has_gone, its, at = false, nil, nil
  local function go()
    has_gone = true
    its, at = chain(index, msg, outbox, event, i + 1)
    return its, at
  end
  local reply, where = call(use.call, msg, go)
  if reply == nil and where ~= nil then
    log_error(use, msg, where)
    if not has_gone then go() end
    return its, at
  end
  if reply == nil then return nil end
  return reply, type(where) == "string" and where or use.where
end

-- What a reply needs before it can leave.
---@async
local function prepare(outbox, msg, reply, where)
  if file.is_in(reply) then
    local whole, err = outbox:whole(msg.account, reply)
    if not whole then
      local rule <const> = { where = where } -- whose error it is: C looks for a local named so
      error(("%s: %s"):format(rule.where, err), 0)
    end
    reply = whole
  elseif reply.type == "transfer" then
    outbox:transferred(msg)
  end
  return reply
end

-- With the handlers of an event that tells what becomes of its user: whatever they do, it is heard of.
local function personally(forgetting, msg, f, ...)
  local _ <close> = setmetatable({}, { __close = function() forgetting:hears(msg) end })
  return f(...)
end

local HAS_EVENT <const> = { event = true, device_event = true, component = true }

-- The module weiyue.session, once a handler has used it: what has changed is written before the answer leaves.
---@type table?
M.session = nil

--- The function that answers for one account: msg → reply (false: `success`), where its rule stands,
--- and true when this build does not know the message or event by name.
---@param index weiyue.Index
---@param outbox? weiyue.Outbox where unread answers are; absent: nowhere
---@param word? string the text that fetches them
---@param forgetting? weiyue.Forgetting what becomes of users who leave
---@return fun(msg: table): any, string?, boolean?
function M.dispatcher(index, outbox, word, forgetting)
  index.text.mailbox_word = word and fold(word)
  local around = index.use[1] ~= nil
  local personal = forgetting and forgetting.events or {}
  local untold = outbox and outbox.push and outbox.push.untold
  return function(msg)
    local kind, event = msg.type, nil
    if HAS_EVENT[kind] then event = msg.event end -- an absent field costs a call of the metatable's
    local unknown = not events.is_known(kind, event)
    local reply, where
    if event == "unsubscribe" and outbox then outbox:left(msg) end -- whatever its handlers do
    if event and desk.events[event] and outbox then outbox.services.desk:hear(msg) end
    local is_personal = event and personal[event]
    if is_personal then
      reply, where = personally(forgetting, msg, chain, index, msg, outbox, event, 1)
    elseif around then
      reply, where = chain(index, msg, outbox, event, 1)
    else
      reply, where = answer(index, msg, outbox, event)
    end
    local session = M.session
    if session then session.save(msg, reply ~= nil and where or nil) end
    if is_personal then forgetting:heard(msg) end
    if not reply or reply == "" then return false, where, unknown end
    local is_table = type(reply) == "table"
    if is_table and reply.type == "text" and reply.content == "" then return false, where, unknown end
    where = where or "?"
    if event and not events.may_reply(kind, event) and not (outbox and outbox:went_on(msg)) then
      if M.once(where, "no_reply:" .. event) then
        log.write("warn", "reply.not_allowed", "WeChat takes no reply to this event; it was dropped",
          { where = where, msg_event = event })
      end
      return false, where, unknown
    end
    if is_table then
      if outbox then reply = prepare(outbox, msg, reply, where) end
      local base = msg.account.pages or msg.account.url
      if base then reply = resolve(reply, base) else tell_lost(reply, where) end
    end
    if untold and untold() then reply = outbox:tell(msg, reply) end
    return reply, where, unknown
  end
end

return M
