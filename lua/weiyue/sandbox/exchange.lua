-- A push from its first attempt to what the user sees of the answer: the real schedule, over real sockets, with all
-- that the inspector wants to know of it.

local answer = require "weiyue.sandbox.answer"
local core = require "weiyue_core"
local pusher = require "weiyue.sandbox.pusher"
local task = require "weiyue.task"
local transport = require "weiyue.transport"

local json, time = core.json, core.time

local M = {}

local BODY_MOST <const> = 1024 * 1024
local SHOWN <const> = 32768 -- bytes of an answer that the inspector has

-- What the inspector has of a message or an answer: no more than it can show.
local function shown(text)
  if not text then return nil end
  if core.text.valid(text) then
    return #text <= SHOWN and text or text:sub(1, utf8.offset(text, 0, SHOWN + 1) - 1) .. "…"
  end
  text = text:sub(1, SHOWN):gsub("[\x80-\xFF]", function(c) return ("\\x%02X"):format(c:byte()) end)
  return (text:gsub("%z", "\\0"))
end

local function view_of(fault) return { code = fault.code, zh = fault.zh, en = fault.en } end

local function decoded_view(decoded)
  if not decoded then return nil end
  if decoded.type == "none" then return decoded.body == "" and "" or "success" end
  return decoded.raw or shown(decoded.body)
end

--- Numbers that a browser would round are texts for it.
function M.exact(value)
  if math.type(value) == "integer" and (value > 1 << 53 or value < -(1 << 53)) then return tostring(value) end
  if type(value) ~= "table" then return value end
  local copy = json.is_array(value) and json.array {} or {}
  for key, inner in pairs(value) do copy[key] = M.exact(inner) end
  return copy
end

--- A copy: more than an item shows is cut.
function M.brief(value)
  if type(value) == "string" then return shown(value) end
  if type(value) ~= "table" then return value end
  local copy = json.is_array(value) and json.array {} or {}
  for key, inner in pairs(value) do copy[key] = M.brief(inner) end
  return copy
end

--- How it stands, for who watches.
---@return table
function M.view(exchange)
  local copy = {} -- what is told stays as it was
  for key, value in pairs(exchange) do copy[key] = value end
  copy.attempts, copy.calls = json.array {}, json.array {}
  table.move(exchange.attempts, 1, #exchange.attempts, 1, copy.attempts)
  table.move(exchange.calls, 1, #exchange.calls, 1, copy.calls)
  copy.account, copy.message, copy.calls_bytes = nil, nil, nil
  return copy
end

--- Tells who watches how it stands.
function M.tell(self, exchange) self.live:tell("exchange", M.view(exchange)) end

-- Where a push goes, and with whose keys.
local function target_of(self, account)
  local component = self.component
  if account.authorized_by and component then
    return component, component.push:match "^%a+://[^/]+" .. component.authorizers:gsub(":appid", account.appid)
  end
  return account, account.push
end

local FAULT <const> = { from = "system", type = "fault", way = "reply", text = answer.OUT_OF_ORDER }

-- One attempt: the fault, if any, and what the user sees. On a connection of its own: one that was kept is closed by
-- the host under test when the clock jumps, and a push that meets its end would pass for one without an answer.
---@async
local function attempt(self, exchange, keys, url)
  local message = exchange.message
  local at, started = self:now(), time.monotonic()
  local format = not message.InfoType and exchange.account.format or "xml" -- as the account has chosen
  local request = pusher.build(keys, message, { timestamp = math.floor(at), format = format })
  if #exchange.attempts == 0 then
    exchange.request = {
      query = request.query, body = shown(request.body), text = shown(request.text),
      decoded = M.brief(M.exact(message)),
    }
    M.tell(self, exchange)
  end
  local response, err = transport.send {
    method = "POST", url = url .. "?" .. request.query, body = request.body,
    headers = { ["content-type"] = request.content_type, connection = "close" },
    timeout = pusher.PATIENCE, connect_timeout = pusher.PATIENCE, max = BODY_MOST, guard = false,
  }
  local pushed = { message = message, format = format }
  pushed.why = err and err.code ~= "http.timeout" and "connect" or nil
  local item, fault, decoded = pusher.see(keys, response and response.status, response and response.body, pushed)
  table.insert(exchange.attempts, {
    at = at, ms = math.floor((time.monotonic() - started) * 1000), status = response and response.status,
    body = response and shown(response.body), decoded = decoded_view(decoded),
    fault = fault and view_of(fault),
  })
  return item, fault, decoded
end

-- By what way the answer came, as the host's brokers call them.
local function way_of(exchange, decoded, fault)
  if fault then return "fault" end
  if not decoded or decoded.type == "none" then return exchange.way == "late" and "late" or "success" end
  return #exchange.attempts > 1 and "hold" or "reply"
end

---@async
local function deliver(self, exchange)
  local account = exchange.account
  local keys, url = target_of(self, account)
  local item, fault, decoded
  for n = 1, pusher.ATTEMPTS do
    if n > 1 then -- 5 s from the attempt before, also where that came to nothing at once
      local before = exchange.attempts[n - 1]
      task.sleep(math.max(0, pusher.PATIENCE - before.ms / 1000))
    end
    item, fault, decoded = attempt(self, exchange, keys, url)
    if not pusher.again(fault) then break end
    account.marks:fail(self:now())
    if n < pusher.ATTEMPTS then M.tell(self, exchange) end
  end
  exchange.way = way_of(exchange, decoded, fault)
  exchange.ended = self:now()
  if item and exchange.openid then
    item.exchange = exchange.id -- the inspector's
    self:say(exchange.appid, exchange.openid, item)
  end
  if item and item.type == "transfer" and exchange.openid then
    require("weiyue.sandbox.api.kf_session").transfer(self.world, exchange.appid, exchange.openid, item.account)
  end
  M.tell(self, exchange)
end

--- Pushes a message. It is complete: world:due() and pusher.complete have seen to that.
---@async
---@param self weiyue.sandbox.Runtime
---@param appid string
---@param message table
function M.push(self, appid, message)
  local account = self.world:account(appid)
  if not account or not account.push then return end
  self.exchange_serial = self.exchange_serial + 1
  local exchange = {
    id = self.exchange_serial, appid = appid, openid = message.FromUserName, at = self:now(), attempts = {}, calls = {},
    calls_bytes = 0, account = account, message = message,
  }
  account.marks = account.marks or pusher.marks()
  self.exchanges:push(exchange)
  local left = account.marks:blocked(self:now())
  if not left then return deliver(self, exchange) end
  local fault = answer.fault("blocked",
    "微信屏蔽了这个地址，还有 %d 秒：5 分钟内约 30 个推送没有回复",
    "WeChat has blocked the address for %d more seconds: about 30 pushes in 5 minutes were not answered",
    math.ceil(left))
  exchange.request, exchange.way = { decoded = M.exact(message) }, "fault"
  exchange.attempts[1] = { at = self:now(), ms = 0, fault = view_of(fault) }
  if exchange.openid then self:say(appid, exchange.openid, FAULT) end
  M.tell(self, exchange)
end

return M
