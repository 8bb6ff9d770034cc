-- A push of a journal as a busted spec with weiyue.testing: what its user did before, in the same conversation, what
-- WeChat's API said meanwhile, and what was answered.

local catalogue = require "weiyue.api.catalogue"
local core = require "weiyue_core"
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

local HEAD <const> = { ToUserName = true, FromUserName = true, CreateTime = true, MsgType = true, MsgId = true,
  Event = true, EventKey = true, Ticket = true }

-- What the message has beside its head, by WeChat's names.
local function fields(message, more)
  local own = {}
  for name, value in pairs(message) do
    if not HEAD[name] and type(value) ~= "table" then own[name] = value end
  end
  for name, value in pairs(more or {}) do own[name] = value end
  return own
end

local function of_event(m)
  local event, key = m.Event:lower(), tostring(m.EventKey or "")
  if event == "click" then return ("user:clicks(%s)"):format(quoted(key)) end
  if event == "unsubscribe" then return "user:unfollows()" end
  if event == "subscribe" then
    local scene = key:match "^qrscene_(.*)$"
    return scene and ("user:follows(%s)"):format(quoted(scene)) or "user:follows()"
  end
  if event == "scan" then return ("user:scans(%s)"):format(quoted(key)) end
  return ("user:event(%s, %s)"):format(quoted(event), value_of(fields(m, { EventKey = m.EventKey })))
end

local function action(m)
  if m.MsgType == "text" then return ("user:says(%s)"):format(quoted(tostring(m.Content))) end
  if m.MsgType == "event" then return of_event(m) end
  return ("user:sends %s"):format(value_of(fields(m, { type = m.MsgType })))
end

-- What of a reply a spec looks at.
local function check_of(reply)
  if not reply then return "assert.reply(answer).is_empty()" end
  if reply.MsgType == "text" then return ("assert.equal(%s, answer.text)"):format(quoted(tostring(reply.Content))) end
  if reply.MsgType == "news" then
    local titles = {}
    for i, article in ipairs(said.articles(reply)) do titles[i] = tostring(article.Title) end
    return ("assert.reply(answer).is_news %s"):format(value_of(titles))
  end
  return ("assert.equal(%s, answer.type)"):format(quoted(tostring(reply.MsgType or "raw")))
end

-- Calls whose answer the handler may have looked at: as they were then.
local function stub_of(call)
  local row = catalogue.find(call.api)
  if not row or call.api:find "^message_custom%." or row.reply == "bytes" then return nil end
  local reply = call.reply
  if call.error then
    local code = math.tointeger(tonumber(call.error.code))
    if not code then return nil end
    reply = { errcode = code, errmsg = call.error.message }
  end
  return ("    app.http:on(%s, %s, { json = %s, times = 1 })"):format(quoted(row.method),
    quoted("https://" .. (row.host or "api.weixin.qq.com") .. row.path), value_of(reply or { errcode = 0 }))
end

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

--- The spec.
---@param entries weiyue.journal.Entry[]
---@param n integer
---@param config string path of weiyue.lua
---@return string? text nil: there is no such push
function M.write(entries, n, config)
  local entry = entries[n]
  if not entry or not entry.message.MsgType or not said.is_message(entry.message) then return nil end
  local out, list = {}, talk(entries, entry)
  local function add(text, ...) out[#out + 1] = select("#", ...) > 0 and text:format(...) or text end
  local what = said.push(entry.message):gsub("%c", " ")
  add('local t = require "weiyue.testing"')
  add ""
  add("describe(%s, function()", quoted(("push %d of a journal"):format(n)))
  add("  it(%s, function()", quoted("answers " .. what))
  add("    local app = t.load { file = %s, now = %d%s }", quoted(config), math.floor(list[1].at),
    entry.form == "json" and ', format = "json"' or "")
  add("    local user = app:user { account = %s }", quoted(entry.account))
  local stubs = {}
  for _, one in ipairs(list) do
    for _, call in ipairs(one.calls) do stubs[#stubs + 1] = stub_of(call) end
  end
  for i = #stubs, 1, -1 do out[#out + 1] = stubs[i] end -- the newest stub counts first
  for i, one in ipairs(list) do
    local pause = i > 1 and math.floor(one.at - list[i - 1].at) or 0
    if pause > 0 then add("    app:advance(%d)", pause) end
    if one ~= entry then out[#out + 1] = "    " .. action(one.message) end
  end
  out[#out + 1] = "    local answer = " .. action(entry.message)
  if entry.way == "late" then
    add "    app:advance(60)"
    add "    answer = user:hears()[1]"
    local message
    for _, call in ipairs(entry.calls) do
      if call.api == "message_custom.send" and call.args.touser == entry.user then message = message or call.args end
    end
    out[#out + 1] = "    " .. check_of(message and said.message(message, true))
  else
    out[#out + 1] = "    " .. check_of(said.reply(entry.reply, true))
  end
  add "  end)"
  add "end)"
  return table.concat(out, "\n") .. "\n"
end

return M
