-- What came back, to a table or an error. WeChat's Content-Type says little: JSON comes as text/plain, errors come with
-- status 200 where bytes were asked for, and texts have raw control characters in them.

local api_error = require "weiyue.api.error"
local json = require "weiyue.json"

local M = {}

local HOW <const> = { lenient = true, depth = 128 }
local BRACE <const> = ("{"):byte()
local SNIFFED <const> = 65536 -- a file up to here may be an error instead of what was asked for

-- It was sent before under the same clientmsgid, and the reply has the first msg_id.
local ALREADY_SENT <const> = 45065

-- Codes arrive as numbers, as texts, and as a negative number in 32 bits without a sign.
local function code_of(value)
  local code = math.tointeger(tonumber(value))
  if code and code >= 0x80000000 and code <= 0xFFFFFFFF then return code - 0x100000000 end
  return code
end

--- The errcode and errmsg of a decoded reply; 0 where it has none: most successes have none.
---@param reply table
---@return integer code, string? errmsg
function M.errcode(reply)
  local code = code_of(reply.errcode)
  if code and code ~= 0 then return code, reply.errmsg end
  local base = reply.base_resp
  if type(base) == "table" then
    local ret = code_of(base.ret)
    if ret and ret ~= 0 then return ret, base.errmsg or base.err_msg end
  end
  return 0, reply.errmsg
end

-- "invalid openid rid: 61…" → "invalid openid", "61…": what follows varies, and nothing is decided by it.
local function split(errmsg)
  local rid = errmsg:match "rid: ?([%x%-]+)"
  local text = errmsg:gsub(",? ?hint: ?%[.-%]", ""):gsub(",? ?rid: ?[%x%-]+", ""):match "^%s*(.-)%s*$"
  return text, rid
end

local function refused(row, code, errmsg)
  local errcodes = require "weiyue.errcodes" -- a long text, and not needed while all goes well
  errmsg = type(errmsg) == "string" and errmsg or ""
  local known = errcodes.of(code, errmsg)
  local text, rid = split(errmsg)
  return nil, api_error {
    code = code, api = row.key, rid = rid, class = known and known.class or "other",
    message = text ~= "" and text or (known and known.en) or "errcode " .. code,
    hint = known and known.hint_zh, hint_en = known and known.hint_en,
    ip = known and known.class == "ip_whitelist" and errcodes.ip(errmsg) or nil,
  }
end

local function unreadable(row, response, why)
  local status = response.status
  if status and status ~= 200 then
    return nil, api_error {
      code = "api.http", api = row.key, status = status, message = "HTTP " .. status,
      class = status >= 500 and "retry_later" or "other",
      hint = status >= 500 and "微信那边出错，稍后再试" or "请求被拒绝", hint_en = status >= 500 and "try later" or "refused",
    }
  end
  return nil, api_error {
    code = "api.protocol", api = row.key, message = "the reply is no JSON: " .. why,
    message_zh = "返回不是 JSON", class = "other",
    hint = "返回不是 JSON：中间有代理？", hint_en = "is there a proxy in between?",
  }
end

local function first_bytes(response)
  if response.body or not response.path or (response.size or 0) > SNIFFED then return response.body end
  local file = io.open(response.path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text
end

-- A JSON object; nil for all else, and why.
local function object_of(text)
  if text:byte() ~= BRACE and not text:find "^[%s\xEF\xBB\xBF]*{" then
    return nil, text == "" and "it is empty" or "it begins otherwise"
  end
  if text:sub(1, 3) == "\xEF\xBB\xBF" then text = text:sub(4) end
  local reply, err = json.decode(text, HOW)
  return reply, err
end

local function bytes_of(response)
  local headers = response.headers or {}
  return {
    body = response.body, path = response.path, size = response.size or (response.body and #response.body),
    type = headers["content-type"],
    filename = (headers["content-disposition"] or ""):match 'filename="([^"]+)"',
  }
end

--- A reply as the caller gets it: a plain table; of bytes { body | path, size, type, filename? }.
---@param row weiyue.api.Row
---@param response { status: integer, headers?: table<string, string>, body?: string, path?: string, size?: integer }
---@return table?, weiyue.api.Error? err
function M.read(row, response)
  local text = first_bytes(response)
  local reply, why = nil, "it is a file"
  if text then reply, why = object_of(text) end
  if not reply then
    if row.reply == "bytes" and (response.status or 200) == 200 then return bytes_of(response) end
    return unreadable(row, response, why)
  end
  local code, errmsg = M.errcode(reply)
  if code == ALREADY_SENT and reply.msg_id then
    reply.already_sent = true
    return reply
  end
  if code ~= 0 and code == row.empty then return {} end
  if code ~= 0 then return refused(row, code, errmsg) end
  if (response.status or 200) >= 400 then return unreadable(row, response, why) end
  if reply.errcode ~= nil then reply.errcode = 0 end
  return reply
end

return M
