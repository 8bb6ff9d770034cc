-- A push of a journal as a busted spec with weiyue.testing: what its user did before, in the same conversation, what
-- WeChat's API said meanwhile, and what was answered.

local catalogue = require "weiyue.api.catalogue"
local core = require "weiyue_core"
local numbers = require "weiyue.journal.numbers"
local order = require "weiyue.sandbox.order"
local said = require "weiyue.replay.said"

local json = core.json

local M = {}

local CONVERSATION <const> = 1800 -- seconds without a word, and it is over

-- Text of Lua, on one line.
local function quoted(text) return (("%q"):format(text):gsub("\\\n", "\\n"):gsub("\r", "\\r")) end

local function value_of(value)
  if type(value) == "string" then return quoted(value) end
  if type(value) ~= "table" then return value == json.null and "nil" or tostring(value) end
  local parts, n = {}, #value
  for i = 1, n do parts[i] = value_of(value[i]) end
  local names = {}
  for name in pairs(value) do if type(name) == "string" then names[#names + 1] = name end end
  table.sort(names)
  for _, name in ipairs(names) do
    local key = name:find "^[%a_][%w_]*$" and name or "[" .. quoted(name) .. "]"
    parts[#parts + 1] = ("%s = %s"):format(key, value_of(value[name]))
  end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or "{}"
end

-- Messages --------------------------------------------------------------------------------------------------------

local HEAD <const> = { ToUserName = true, FromUserName = true, CreateTime = true, MsgType = true, MsgId = true,
  Event = true, EventKey = true, Ticket = true }

-- What the message has beside its head, by WeChat's names, as far as u:sends and u:event know them.
local function fields(message, known, more)
  local own, names = {}, {}
  for name in (known or ""):gsub("%b{}", ""):gmatch "[%w_]+" do names[name] = true end
  for name, value in pairs(message) do
    if not HEAD[name] and (names[name] or name:find "^%u") then own[name] = value end
  end
  for name, value in pairs(more or {}) do own[name] = value end
  return own
end

local function of_event(m)
  local event, key = m.Event:lower(), tostring(m.EventKey or "")
  local scene = key:match "^qrscene_(.*)$"
  if event == "click" then return ("user:clicks(%s)"):format(quoted(key)) end
  if event == "unsubscribe" then return "user:unfollows()" end
  if event == "subscribe" and scene then return ("user:follows(%s)"):format(quoted(scene)) end
  if event == "subscribe" and key == "" then return "user:follows()" end
  if event == "scan" then return ("user:scans(%s)"):format(quoted(key)) end
  local own = fields(m, order.event[event], { EventKey = m.EventKey })
  return ("user:event(%s, %s)"):format(quoted(event), value_of(own))
end

local function action(m)
  if m.MsgType == "event" then return of_event(m) end
  if m.MsgType == "text" and not m.bizmsgmenuid then return ("user:says(%s)"):format(quoted(tostring(m.Content))) end
  return ("user:sends %s"):format(value_of(fields(m, order.message[m.MsgType], { type = m.MsgType })))
end

-- Answers ---------------------------------------------------------------------------------------------------------

-- A pattern where the text has something that the journal does not tell: stars, and other numbers; nil: it has none.
local function pattern_of(text)
  local open = numbers.replace(text, true, function() return "\0" end):gsub("%*%*%*", "\1")
  if open == text then return nil end
  return "^" .. open:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"):gsub("\0", ".+"):gsub("\1", ".*") .. "$"
end

-- What of a reply a spec looks at.
local function check_of(reply)
  if not reply then return "assert.reply(answer).is_empty()" end
  if reply.MsgType == "text" then
    local pattern = pattern_of(tostring(reply.Content))
    if pattern then return "assert.reply(answer).matches " .. quoted(pattern) end
    return ("assert.equal(%s, answer.text)"):format(quoted(tostring(reply.Content)))
  end
  if reply.MsgType == "news" then
    local titles, open = {}, false
    for i, article in ipairs(said.articles(reply)) do
      titles[i] = tostring(article.Title)
      open = open or pattern_of(titles[i]) ~= nil
    end
    return open and ("assert.reply(answer).is_news(%d)"):format(#titles)
      or ("assert.reply(answer).is_news %s"):format(value_of(titles))
  end
  if reply.MsgType == "transfer_customer_service" then return "assert.reply(answer).is_transfer()" end
  if reply.MsgType then return ("assert.equal(%s, answer.type)"):format(quoted(tostring(reply.MsgType))) end
  return "assert.equal(200, answer.status)"
end

-- The customer-service message that told him a late answer.
local function late_message(entry)
  for _, call in ipairs(entry.calls) do
    local is_his = call.api == "message_custom.send" and call.args.touser == entry.user
    if is_his then return said.message(call.args, true) end
  end
end

-- Calls -----------------------------------------------------------------------------------------------------------

local FAULTS <const> = { timeout = true, connect = true, resolve = true, tls = true, aborted = true, protocol = true,
  denied = true, large = true, busy = true }
local NOTICED <const> = 100 -- ms

-- Calls whose answer the handler may have looked at: as they were then.
local function stub_of(call)
  local row = catalogue.find(call.api)
  if not row or call.api:find "^message_custom%." or row.reply == "bytes" then return nil end
  local how = { json = call.reply or { errcode = 0 }, times = 1 }
  if call.error then
    local code = math.tointeger(tonumber(call.error.code))
    local fault = tostring(call.error.code):match "^http%.(%l+)$"
    if not code and not FAULTS[fault] then return nil end
    how.json = code and { errcode = code, errmsg = call.error.message }
    how.json, how.fault = how.json or nil, not code and fault or nil
  end
  if (call.ms or 0) >= NOTICED then how.after = call.ms / 1000 end
  return ("    app.http:on(%s, %s, %s)"):format(quoted(row.method),
    quoted("https://" .. (row.host or "api.weixin.qq.com") .. row.path), value_of(how))
end

-- Of servers whose answers the journal does not have.
local function add_unknown(out, strange, seen, tr)
  for _, call in ipairs(strange) do
    local key = call.method .. " " .. call.url
    if not seen[key] then
      local what = tr("它当时答了什么？记录里没有", "what did it answer? The journal does not know")
      out[#out + 1] = ("    app.http:on(%s, %s, { json = {} }) -- fill in: %s"):format(quoted(call.method),
        quoted(call.url), what)
    end
    seen[key] = true
  end
end

-- The spec --------------------------------------------------------------------------------------------------------

-- The pushes of the same user before it, without a long pause.
local function talk(entries, entry)
  local list, at = { entry }, entry.at
  for i = entry.n - 1, 1, -1 do
    local one = entries[i]
    if one.user == entry.user and one.account == entry.account and entry.user and said.is_message(one.message) then
      if at - one.at > CONVERSATION then break end
      table.insert(list, 1, one)
      at = one.at
    end
  end
  return list
end

local function load_line(read, config, first, form)
  local how = { file = config, now = math.floor(first.at), zone = read.zone, format = form == "json" and form or nil }
  return "    local app = t.load " .. value_of(how)
end

local function add_stubs(out, list, run, tr)
  local stubs, seen = {}, {}
  for _, one in ipairs(list) do
    for _, call in ipairs(one.calls) do stubs[#stubs + 1] = stub_of(call) end
  end
  for i = #stubs, 1, -1 do out[#out + 1] = stubs[i] end -- the newest stub counts first
  for _, one in ipairs(list) do add_unknown(out, (run.states[one] or {}).strange or {}, seen, tr) end
  add_unknown(out, run.strange, seen, tr)
end

-- What he did before; true: something went wrong in it.
local function add_talk(out, list, run)
  local wrong = false
  for i, one in ipairs(list) do
    local pause = i > 1 and math.floor(one.at) - math.floor(list[i - 1].at) or 0
    if pause > 0 then out[#out + 1] = ("    app:advance(%d)"):format(pause) end
    if i < #list then
      local state = run.states[one] or {}
      out[#out + 1] = "    " .. action(one.message)
      wrong = wrong or one.way == "apology" or state.event ~= nil or #(state.strange or {}) > 0
    end
  end
  return wrong
end

-- Ways without an answer of a handler.
local NOBODY <const> = { quarantined = true, queue_full = true }

local function add_check(out, entry, tr)
  if not entry.way or NOBODY[entry.way] then
    out[#out + 1] = "    -- " .. tr("记录里没有处理函数的答复", "the journal has no answer of a handler")
  elseif entry.way ~= "late" then
    out[#out + 1] = "    " .. check_of(said.reply(entry.reply, true))
  else
    local message = late_message(entry)
    if not message then return end
    out[#out + 1] = "    answer = user:hears()[1]"
    out[#out + 1] = "    " .. check_of(message)
  end
end

--- The spec.
---@param read table of weiyue.journal.read
---@param n integer
---@param config string path of weiyue.lua
---@param run weiyue.replay.Run of the same journal: what its pushes raise now, and whom they ask
---@param zh boolean comments in Chinese
---@return string? text nil: there is no such push
function M.write(read, n, config, run, zh)
  local entry = read.entries[n]
  if not entry or not entry.message.MsgType or not said.is_message(entry.message) then return nil end
  local function tr(chinese, english) return zh and chinese or english end
  local out, list, state = {}, talk(read.entries, entry), run.states[entry] or {}
  local function add(text) out[#out + 1] = text end
  add('local t = require "weiyue.testing"')
  add ""
  add(("describe(%s, function()"):format(quoted(("push %d of a journal"):format(n))))
  add(("  it(%s, function()"):format(quoted("answers " .. said.push(entry.message):gsub("%c", " "))))
  add(load_line(read, config, list[1], entry.form))
  add("    local user = app:user " .. value_of { account = entry.account, openid = entry.message.FromUserName })
  add_stubs(out, list, run, tr)
  if add_talk(out, list, run) then
    add("    app:logs() -- " .. tr("之前的错误不归这个测试管", "what went wrong before is not this spec's"))
  end
  if #list > 1 and entry.way == "late" then add "    user:hears()" end
  add("    local answer = " .. action(entry.message))
  local slow = entry.way == "late" or entry.way == "mailbox" or state.left
  if slow then add '    app:advance "75s"' end
  add_check(out, entry, tr)
  local event = state.event or entry.way == "apology" and "lua.error"
  if event and (entry.way == "apology" or #(state.strange or {}) == 0) then
    add(("    assert.is_true(#app:logs %s > 0)"):format(quoted(event)))
  end
  if run.unended then add("    app:stop { leaks = true } -- " .. tr("还有任务在等", "tasks still wait")) end
  add "  end)"
  add "end)"
  return table.concat(out, "\n") .. "\n"
end

return M
