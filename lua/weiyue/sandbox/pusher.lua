-- The pusher of the fake WeChat, without its loop: pushes made and signed, answers read, and when WeChat sends a
-- push again. Pure: who has sockets and a clock drives it.

local core = require "weiyue_core"
local answer = require "weiyue.sandbox.answer"
local wire = require "weiyue.sandbox.wire"

local codec, crypto, json, url = core.codec, core.crypto, core.json, core.url

local M = {}

M.ATTEMPTS = 3 -- of one push
M.PATIENCE = 5 -- seconds that WeChat waits for each

---@class weiyue.sandbox.Account
---@field token string
---@field appid string
---@field aes_key? string|string[]
---@field mode? "plain"|"compatible"|"safe" default: "safe" with an aes_key
---@field format? "xml"|"json" default "xml"
---@field username? string gh_…

---@class weiyue.sandbox.PushOptions
---@field mode? "plain"|"compatible"|"safe" default: the account's
---@field format? "xml"|"json" default: the account's
---@field timestamp? integer of this attempt; default: the system's clock
---@field nonce? string default: random digits

local function mode_of(account, options)
  return options.mode or account.mode or (account.aes_key and "safe" or "plain")
end

local function random_digits() return tostring(string.unpack(">I4", crypto.random(4))) end

--- The message with what every one has: whom it is to, when, and its id. It stays the same for all attempts.
---@param account weiyue.sandbox.Account
---@param message table<string, any> by WeChat's names
---@param now number unix seconds
---@param id? integer|string MsgId; default: a new one
---@return table<string, any>
function M.complete(account, message, now, id)
  local copy = {}
  for name, value in pairs(message) do copy[name] = value end
  copy.CreateTime = copy.CreateTime or math.floor(now)
  if copy.InfoType then
    copy.AppId = copy.AppId or account.appid
    return copy
  end
  copy.ToUserName = copy.ToUserName or account.username or "gh_sandbox"
  if not wire.is_event(copy) and copy.MsgId == nil then
    -- 64 bits and never the same twice, as WeChat's
    copy.MsgId = id or math.floor(now * 1000) * 1000000 + string.unpack(">I4", crypto.random(4)) % 1000000
  end
  return copy
end

local function envelope(message, form)
  local key = message.InfoType and "AppId" or "ToUserName"
  local value = message[key] or ""
  if form == "json" then return json.encode(key) .. ":" .. json.encode(value) end
  return ("<%s><![CDATA[%s]]></%s>"):format(key, value, key)
end

local function rooted(inside, form) return form == "json" and "{" .. inside .. "}" or "<xml>" .. inside .. "</xml>" end

local function sealed_body(message, mode, form, inside, encrypt)
  -- compatible: every plain field stands beside the sealed copy
  local before = mode == "compatible" and inside or envelope(message, form)
  if form == "json" then return rooted(before .. ',"Encrypt":' .. json.encode(encrypt), form) end
  return rooted(before .. "<Encrypt><![CDATA[" .. encrypt .. "]]></Encrypt>", form)
end

--- One attempt: signed, and encrypted, anew.
---@param account weiyue.sandbox.Account
---@param message table<string, any> what `complete` has made; else it is completed here
---@param options? weiyue.sandbox.PushOptions
---@return { query: string, body: string, content_type: string, text: string } request text: the message in clear
function M.build(account, message, options)
  options = options or {}
  local notice = message.InfoType ~= nil
  local mode = options.mode or notice and "safe" or mode_of(account, options)
  local form = options.format or not notice and account.format or "xml"
  local timestamp = tostring(options.timestamp or os.time())
  local nonce = options.nonce or random_digits()
  if not message.CreateTime or not (notice or message.ToUserName) then
    message = M.complete(account, message, tonumber(timestamp))
  end
  local inside = wire.inside(message, form)
  local text = rooted(inside, form)
  local query = { "signature=" .. codec.sign(account.token, timestamp, nonce), "timestamp=" .. timestamp,
    "nonce=" .. url.escape(nonce) }
  if message.FromUserName then query[#query + 1] = "openid=" .. url.escape(message.FromUserName) end
  local body = text
  if mode ~= "plain" then
    local encrypt = assert(codec.encrypt { aes_key = account.aes_key, text = text, appid = account.appid })
    query[#query + 1] = "encrypt_type=aes"
    query[#query + 1] = "msg_signature=" .. codec.sign(account.token, timestamp, nonce, encrypt)
    body = sealed_body(message, mode, form, inside, encrypt)
  end
  return { query = table.concat(query, "&"), body = body, text = text,
    content_type = form == "json" and "application/json" or "text/xml" }
end

-- What of a push its answer is read by.
local function pushed_of(account, pushed)
  local copy = {}
  for key, value in pairs(pushed or {}) do copy[key] = value end
  local notice = copy.message and copy.message.InfoType
  copy.mode = copy.mode or notice and "safe" or mode_of(account, copy)
  copy.format = copy.format or not notice and account.format or "xml"
  return copy
end

---@class weiyue.sandbox.Pushed what is known of the push that is answered; each may be absent
---@field mode? "plain"|"compatible"|"safe"
---@field format? "xml"|"json"
---@field message? table<string, any>

--- The answer to a push, as WeChat reads it.
---@param account weiyue.sandbox.Account
---@param body string
---@param pushed? weiyue.sandbox.Pushed
---@return weiyue.sandbox.Answer? decoded
---@return weiyue.sandbox.Fault? fault
function M.read(account, body, pushed) return answer.read(account, body, pushed_of(account, pushed)) end

--- What the user gets to see of it.
---@param account weiyue.sandbox.Account
---@param status? integer nil: there was no answer
---@param body? string
---@param pushed? weiyue.sandbox.Pushed with `why = "connect"` where nobody listens
---@return weiyue.sandbox.Item? item nil: nothing
---@return weiyue.sandbox.Fault? fault
---@return weiyue.sandbox.Answer? decoded
function M.see(account, status, body, pushed) return answer.see(account, status, body, pushed_of(account, pushed)) end

--- Whether WeChat sends the push again after this fault: it does when nothing came back, and not when the answer
--- was wrong.
---@param fault? weiyue.sandbox.Fault
---@return boolean
function M.again(fault) return fault ~= nil and (fault.code == "timeout" or fault.code == "connect") end

-- MarkFail

local Marks = {}
Marks.__index = Marks

local MARKS <const>, MARK_WINDOW <const>, BLOCKED_FOR <const> = 30, 300, 60

--- WeChat's count of pushes that nobody answered: about 30 in 5 minutes, and it sends none for a minute.
---@return weiyue.sandbox.Marks
function M.marks() return setmetatable({ first = 1, last = 0, at = {}, until_ = 0 }, Marks) end

---@class weiyue.sandbox.Marks
--- One more that was not answered.
---@param now number unix seconds
function Marks:fail(now)
  self.last = self.last + 1
  self.at[self.last] = now
  while self.at[self.first] and self.at[self.first] <= now - MARK_WINDOW do
    self.at[self.first] = nil
    self.first = self.first + 1
  end
  if self.last - self.first + 1 < MARKS then return end
  self.until_, self.at, self.first, self.last = now + BLOCKED_FOR, {}, 1, 0
end

--- How many seconds the address stays blocked; nil: it is not.
---@param now number unix seconds
---@return number?
function Marks:blocked(now) return self.until_ > now and self.until_ - now or nil end

--- How many are counted.
---@param now number
---@return integer
function Marks:count(now)
  local n = 0
  for i = self.first, self.last do
    if self.at[i] > now - MARK_WINDOW then n = n + 1 end
  end
  return n
end

return M
