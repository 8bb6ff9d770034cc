-- The answer to a push as WeChat reads it: the reply in it, or what is wrong with it; and what the user gets to see.

local core = require "weiyue_core"
local events = require "weiyue.events"
local wire = require "weiyue.sandbox.wire"

local codec, crypto, xml = core.codec, core.crypto, core.xml

local M = {}

---@class weiyue.sandbox.Fault
---@field code string silence: "timeout", "connect"; "status"; what the body is: "xml", "form", "success"; its envelope:
--- "plain", "sealed", "signature", "decrypt", "appid"; the reply: "head", "type", "field", "empty", "articles"
---@field zh string
---@field en string

---@class weiyue.sandbox.Answer
---@field type string as plugins name it ("text", "transfer" …); "none": nothing to say; "raw": a body of its own
---@field text? string of a text
---@field articles? { title: string, description: string, pic_url: string, url: string }[]
---@field cut? integer articles that the user does not get to see
---@field sealed boolean
---@field body string decrypted
---@field raw? table<string, any> by WeChat's names; further fields of its type stand in the answer itself

---@class weiyue.sandbox.Item what stands in the chat
---@field from "account"|"system"
---@field type string
---@field way string "reply"

-- Faults

local Fault = { __name = "weiyue.sandbox.Fault" }

function Fault.__tostring(fault) return fault.code .. ": " .. fault.en end

local function fault(code, zh, en, ...)
  return setmetatable({ code = code, zh = zh:format(...), en = en:format(...) }, Fault)
end

M.fault = fault

-- A text that is shown in a fault.
local function short(text)
  text = tostring(text):gsub("%c", " ")
  return #text > 64 and text:sub(1, utf8.offset(text, 0, 61) - 1) .. "…" or text
end

-- The kinds of reply, by MsgType

local types = {}
for _, kind in ipairs(codec.reply_types()) do types[kind.msgtype] = kind end

local ARTICLE <const> = { title = "Title", description = "Description", pic_url = "PicUrl", url = "Url" }

local function leaf(raw, name)
  local value = raw[name]
  if type(value) == "string" then return value end
  return type(value) ~= "table" and value ~= nil and tostring(value) or nil
end

local function trimmed(raw, name)
  local value = leaf(raw, name)
  return value and value:match "^%s*(.-)%s*$"
end

-- XML: Articles/item; JSON: Articles is an array, or an object with an array `item`.
local function articles_of(raw)
  local all = raw.Articles
  if type(all) ~= "table" then return {} end
  return xml.as_list(all.item or all)
end

-- 1 for messages, 8 for events.
local function most_articles(message)
  if not message then return 8 end
  return wire.is_event(message) and 8 or 1
end

local function read_articles(raw, decoded, pushed)
  local list = articles_of(raw)
  if #list == 0 or #list > 10 then
    return fault("articles", "图文应有 1 到 8 条，这里有 %d 条", "news must have 1 to 8 articles, here are %d", #list)
  end
  if tonumber(trimmed(raw, "ArticleCount") or "") ~= #list then
    return fault("articles", "ArticleCount 与图文条数 %d 不符", "ArticleCount is not the number of articles, %d", #list)
  end
  decoded.articles = {}
  local most = most_articles(pushed.message)
  for i, item in ipairs(list) do
    if type(item) ~= "table" then item = {} end
    local article = {}
    for key, name in pairs(ARTICLE) do
      article[key] = leaf(item, name)
      if not article[key] or key == "title" and article[key] == "" then
        return fault("articles", "第 %d 条图文缺 %s", "article %d lacks %s", i, name)
      end
    end
    if i <= most then decoded.articles[i] = article end
  end
  if #list > most then decoded.cut = #list - most end
end

local function read_fields(raw, kind, decoded)
  local inside = kind.wrap and (type(raw[kind.wrap]) == "table" and raw[kind.wrap] or {}) or raw
  for _, field in ipairs(kind.fields) do
    local value = leaf(inside, field.element)
    if field.required and (value or "") == "" then
      return value and fault("empty", "%s 回复的 %s 是空的", "the %s reply's %s is empty", kind.msgtype, field.element)
        or fault("field", "%s 回复缺 %s", "the %s reply lacks %s", kind.msgtype, field.element)
    end
    if field.number and value and not value:find "^%s*%d+%s*$" then
      return fault("field", "%s 回复的 %s 不是数字", "the %s reply's %s is no number", kind.msgtype, field.element)
    end
    if field.base64 and value then value = crypto.base64_decode(value) or value end
    decoded[field.key] = value
  end
end

local function check_head(raw, pushed)
  local to, from = trimmed(raw, "ToUserName"), trimmed(raw, "FromUserName")
  if (to or "") == "" or (from or "") == "" or not (trimmed(raw, "CreateTime") or ""):find "^%d+$"
    or (trimmed(raw, "MsgType") or "") == "" then
    return fault("head", "回复缺 ToUserName、FromUserName、CreateTime 或 MsgType",
      "the reply lacks ToUserName, FromUserName, CreateTime or MsgType")
  end
  local message = pushed.message
  if not message then return nil end
  if message.FromUserName and to ~= message.FromUserName or message.ToUserName and from ~= message.ToUserName then
    return fault("head", "ToUserName 应为 %s，FromUserName 应为 %s（与推送对调）",
      "ToUserName must be %s and FromUserName %s (the push's, swapped)", message.FromUserName, message.ToUserName)
  end
end

-- The envelope

local function form_fault(form)
  if form == "xml" then
    return fault("form", "推送是 XML，回复却是 JSON", "the push was XML, the reply is JSON")
  end
  return fault("form", "推送是 JSON，回复却是 XML", "the push was JSON, the reply is XML")
end

local function open_envelope(account, raw)
  local encrypt, have = trimmed(raw, "Encrypt"), trimmed(raw, "MsgSignature")
  local timestamp, nonce = trimmed(raw, "TimeStamp"), trimmed(raw, "Nonce")
  if not (have and timestamp and nonce) then
    return nil, fault("signature", "加密的回复缺 MsgSignature、TimeStamp 或 Nonce",
      "the encrypted reply lacks MsgSignature, TimeStamp or Nonce")
  end
  if codec.sign(account.token, timestamp, nonce, encrypt) ~= have then
    return nil, fault("signature", "回复的 MsgSignature 不对", "the reply's MsgSignature is wrong")
  end
  local text, id = codec.decrypt { aes_key = account.aes_key, encrypt = encrypt }
  if not text then
    return nil, fault("decrypt", "回复解不开（%s）；EncodingAESKey 不对？",
      "the reply cannot be decrypted (%s): another EncodingAESKey?", id.message)
  end
  if id ~= account.appid then
    return nil, fault("appid", "回复密文里的 AppID 是“%s”，应为 %s", "the AppID in the encrypted reply is “%s”, not %s",
      short(id), account.appid)
  end
  return text
end

local function parse(text, form)
  local raw, found = codec.parse(text)
  if not raw then
    return nil, fault("xml", "回复不是完整的 XML 或 JSON（%s）", "the reply is no well-formed XML or JSON (%s)", found.message)
  end
  if found ~= form then return nil, form_fault(form) end
  return raw
end

local function is_special(message)
  return message and message.Event and wire.is_event(message)
    and events.is_special(message.MsgType:lower(), message.Event:lower())
end

-- A reply that needs no schema, and may be no document at all.
local function raw_reply(body, sealed) return { type = "raw", body = body, sealed = sealed } end

local function read_reply(raw, text, sealed, pushed)
  local wrong = check_head(raw, pushed)
  if wrong then return nil, wrong end
  local msgtype = trimmed(raw, "MsgType")
  local kind = types[msgtype]
  if not kind then
    return nil, fault("type", "没有这种回复：MsgType 是“%s”", "there is no such reply: MsgType is “%s”", short(msgtype))
  end
  local decoded = { type = kind.name, sealed = sealed, body = text, raw = raw }
  if kind.name == "news" then
    wrong = read_articles(raw, decoded, pushed)
  else
    wrong = read_fields(raw, kind, decoded)
  end
  if wrong then return nil, wrong end
  if kind.name == "text" then decoded.text = decoded.content end
  return decoded
end

---@param account weiyue.sandbox.Account
---@param body string
---@param pushed weiyue.sandbox.Pushed
---@return weiyue.sandbox.Answer?, weiyue.sandbox.Fault?
function M.read(account, body, pushed)
  if body == "success" or body == "" then return { type = "none", body = body, sealed = false } end
  local message, special = pushed.message, is_special(pushed.message)
  if message and message.InfoType then
    return nil, fault("success", "给第三方平台的通知只能答 success", "a notice to a third-party platform is answered by `success`")
  end
  if special and pushed.mode == "plain" then return raw_reply(body, false) end
  local raw, wrong = parse(body, pushed.format)
  if not raw then return nil, wrong end
  local sealed, text = raw.Encrypt ~= nil, body
  if sealed and pushed.mode == "plain" then
    return nil, fault("sealed", "明文模式下回复却加密了", "the reply is encrypted, the mode is plain")
  elseif not sealed and pushed.mode == "safe" then
    return nil, fault("plain", "安全模式下回复却没有加密", "the reply is not encrypted, the mode is safe")
  elseif sealed then
    text, wrong = open_envelope(account, raw)
    if not text then return nil, wrong end
    if special then return raw_reply(text, true) end
    raw, wrong = parse(text, pushed.format)
    if not raw then return nil, wrong end
  elseif special then
    return raw_reply(text, false)
  end
  return read_reply(raw, text, sealed, pushed)
end

-- What the user sees

M.OUT_OF_ORDER = "该公众号提供的服务出现故障，请稍后再试"

local STATUS_HINT <const> = {
  [403] = { "；签名、加解密或时间不对，宿主的日志说明原因", "; a signature, encryption or time: the host's log says why" },
  [404] = { "；账号的 path 不是这个路径", "; it is not the account's path" },
  [421] = { "；宿主不认这个主机名（hosts）", "; the host does not know this host name (hosts)" },
}

local function silence(why)
  if why == "connect" then return fault("connect", "连不上你的服务器", "your server cannot be reached") end
  return fault("timeout", "5 秒内没有收到回复", "no answer within 5 seconds")
end

-- Nobody looks at what comes back from a push that may not be answered.
local function may_reply(message)
  if not message then return true end
  if message.InfoType then return false end
  local event = wire.is_event(message) and (message.Event or ""):lower() or nil
  return events.may_reply(message.MsgType:lower(), event)
end

local function item_of(decoded)
  if decoded.type == "none" or decoded.type == "raw" then return nil end
  local item = { from = "account", way = "reply" }
  for key, value in pairs(decoded) do
    if key ~= "body" and key ~= "raw" and key ~= "sealed" and key ~= "content" then item[key] = value end
  end
  if decoded.type == "transfer" then
    item.from, item.text = "system", "已转接人工客服" .. (decoded.account and "：" .. decoded.account or "")
  end
  return item
end

---@param account weiyue.sandbox.Account
---@param status? integer
---@param body? string
---@param pushed weiyue.sandbox.Pushed
---@return weiyue.sandbox.Item?, weiyue.sandbox.Fault?, weiyue.sandbox.Answer?
function M.see(account, status, body, pushed)
  local decoded, wrong
  if not status then
    wrong = silence(pushed.why)
  elseif status ~= 200 then
    local hint = STATUS_HINT[status] or { "", "" }
    wrong = fault("status", "HTTP 状态是 %d，应为 200%s", "the HTTP status is %d, not 200%s", status, "")
    wrong.zh, wrong.en = wrong.zh .. hint[1], wrong.en .. hint[2]
  else
    decoded, wrong = M.read(account, body or "", pushed)
  end
  if not may_reply(pushed.message) then return nil, wrong, decoded end
  if wrong then return { from = "system", way = "reply", type = "fault", text = M.OUT_OF_ORDER }, wrong end
  return item_of(decoded), nil, decoded
end

return M
