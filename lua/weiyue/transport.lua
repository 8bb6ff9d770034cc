-- The one way out: every HTTP call of weiyue, of its API engine and of plugins, goes through send. It knows
-- nothing of WeChat. Below it is C (weiyue.client over libcurl); here are error objects, log lines, multipart.

local core = require "weiyue_core"
local client = require "weiyue.client"
local client_send = client.send

local M = {}

-- Failures -------------------------------------------------------------------------------------------------------

-- What to do about it, in Chinese and English.
local HINTS <const> = {
  ["http.busy"] = { "同时的请求太多：少发一些，或调大 http.calls",
    "fewer calls at a time, or a higher http.calls" },
  ["http.timeout"] = { "对方没有按时答完：稍后再试，或调大 timeout", "try later, or raise timeout" },
  ["http.denied"] = { "插件不能访问内网地址；要访问，请运维在 weiyue.lua 的 http.allow 里放行",
    "plugins do not reach internal addresses; the operator opens one by http.allow in weiyue.lua" },
  ["http.resolve"] = { "域名解析不了：检查拼写和本机的 DNS", "check the host's spelling and this machine's DNS" },
  ["http.connect"] = { "连不上：对方在运行吗？防火墙放行了吗？", "is the server running, and no firewall between?" },
  ["http.tls"] = { "证书不可信、过期或域名不符：让对方更换证书；私有 CA 用 http.ca",
    "the certificate is untrusted, expired or of another host: have it replaced; a CA of your own goes into http.ca" },
  ["http.large"] = { "答复超过上限：调大 max，或用 to 存成文件", "raise max, or save it to a file with to" },
  ["http.protocol"] = { "对方的答复不合 HTTP：地址对吗？", "is this the right address?" },
  ["http.aborted"] = { "连接中途断了：稍后再试；不能重复的操作先查结果",
    "try later; look first whether it was done, where doing it twice does harm" },
  ["http.redirects"] = { "跳转太多：检查地址，或调大 redirects", "check the address, or raise redirects" },
  ["http.url"] = { "网址写成 http(s)://主机/路径，空格等先转义", "write http(s)://host/path, with blanks escaped" },
  ["http.file"] = { "检查文件、权限和磁盘空间", "check the file, its permissions and the disk's space" },
  ["http.memory"] = { "内存不足", "the machine is out of memory" },
  ["http.json"] = { "对方答的不是 JSON：看 status 和 body", "look at status and body" },
  ["http.status"] = { "对方没有给出文件：看状态码", "the server has no such file for us: look at the status" },
  ["http.resolver"] = { "本机的 libcurl 会在解析域名时卡住，请换带 AsynchDNS 的",
    "this libcurl would stop everything to look up a name: install one with AsynchDNS" },
}

local OTHERWISE <const> = { "见消息", "see the message" }

-- The same, of what is another matter under one code.
local HEADER <const> = { "看说明：method、headers 有误，或者对方跳转的地址有误",
  "method, headers or where the server's redirect leads: the message says what is wrong" }
local SCHEME <const> = { "对方跳转到了 http、https 以外的地址", "the server's redirect leads to what is no http or https" }

---@class weiyue.http.Error
---@field code string    http.timeout, http.denied …
---@field message string
---@field hint string    what to do, in Chinese
---@field hint_en string
---@field sent boolean   the request may have reached the server
local Error <const> = {
  __name = "weiyue.http.Error",
  __tostring = function(e) return e.code .. ": " .. e.message end,
}

--- An error as every call gives it.
---@param code string
---@param message string
---@param sent? boolean
---@param hint? string[] in Chinese and English; absent: that of the code
---@return weiyue.http.Error
function M.error(code, message, sent, hint)
  hint = hint or HINTS[code] or OTHERWISE
  return setmetatable({
    code = code, message = message, sent = sent or false, hint = hint[1], hint_en = hint[2],
  }, Error)
end

-- Parameters of a query whose values no log may show.
local SECRET <const> = {
  access_token = true, component_access_token = true, authorizer_access_token = true, refresh_token = true,
  secret = true, appsecret = true, code = true, ticket = true, token = true, key = true, sign = true,
  signature = true, password = true, js_code = true,
}

--- A URL as a log or an error may show it.
---@param url string
---@return string
function M.masked(url)
  url = url:gsub("^(%a[%w+.-]*://)[^/?#]*@", "%1***@"):gsub("^[^/?#:]+:[^/?#]*@", "***@")
  url = url:gsub("([?&#;])([%w_%-%%.]+)=([^&#;]*)", function(before, name, value)
    local low = name:lower()
    local secret = SECRET[low] or low:find "secret" or low:find "ticket" or low:find "token"
    return before .. name .. "=" .. (secret and value ~= "" and "***" or value)
  end)
  return core.secrets.mask(url)
end

local SHOWN <const> = 200 -- bytes

-- A URL that is none, in quotes: whatever stands before an @ may be a password.
local function quoted_url(url)
  url = M.masked((url:gsub("^[^?#]*@", function(text) return (text:match "^%a[%w+.-]*://" or "") .. "***@" end)))
  if #url > SHOWN then url = url:sub(1, (utf8.offset(url, 0, SHOWN + 1) or SHOWN + 1) - 1) .. "…" end
  return '"' .. url:gsub("%c", "?") .. '"'
end

local TOLD_MAX <const> = 1000
local told, n_told = {}, 0

-- Once for each place and code: a server that is down for an hour is no news each second.
local function tell(err, url)
  local where = client.where():match "^(.-):? ?$"
  local key = where .. " " .. err.code
  if told[key] or n_told >= TOLD_MAX then return end
  told[key], n_told = true, n_told + 1
  core.log.write("warn", "fetch.failed", err.message, {
    code = err.code, at = where ~= "" and where or nil, url = M.masked(url),
  })
end

local function failed(request, url, code, message, host, class, sent, of_url)
  local hint
  if class then client.denied(host, class) end
  if of_url then
    message = ("%s: %s"):format(quoted_url(url), message)
  else
    if class then message = ("%s (%s)"):format(message, class) end
    if host ~= "?" then message = ("%s: %s"):format(host, message) end
    hint = code == "http.url" and HEADER or class == "scheme" and SCHEME or nil
  end
  local err = M.error(code, message, sent, hint)
  err.class = class
  if not class and not request.quiet then tell(err, url) end
  return nil, err
end

-- Responses ------------------------------------------------------------------------------------------------------

-- "Name: value\r\n"… as a table; what stands twice is joined.
local function headers_of(head)
  local list = {}
  for name, value in head:gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)" do
    name, value = name:lower(), value:match "^(.-)[ \t]*$"
    list[name] = list[name] and list[name] .. ", " .. value or value
  end
  return list
end

---@class weiyue.http.Response
---@field status integer
---@field headers table<string, string> names in lower case
---@field body? string  absent where it was saved to a file
---@field path? string  the file, where there was a `to` and the status is 2xx
---@field size? integer bytes of it
---@field url string    of the last hop
---@field seconds number
local Response <const> = {}
local methods <const> = {}

local LENIENT <const> = { lenient = true, depth = 128 }

--- The body as JSON, read leniently: raw control characters and broken UTF-8 are taken; integers are exact.
---@return any value
---@return weiyue.http.Error? err
function methods:json()
  if not self.body then return nil, M.error("http.json", "the body was saved to a file", true) end
  local text = self.body
  if text:sub(1, 3) == "\xEF\xBB\xBF" then text = text:sub(4) end
  local value, why = core.json.decode(text, LENIENT)
  if value == nil then return nil, M.error("http.json", "the body is not JSON: " .. why, true) end
  return value
end

--- Whether the status is 2xx.
---@return boolean
function methods:ok() return self.status // 100 == 2 end

function Response:__index(key)
  if key == "headers" then
    local list = headers_of(self.head)
    self.headers, self.head = list, nil
    return list
  end
  return methods[key]
end
client.response(Response)

--- A response as send gives it, for who stands in for it in specs.
---@param t table
---@return weiyue.http.Response
function M.response(t) return setmetatable(t, Response) end

-- Requests -------------------------------------------------------------------------------------------------------

-- Raw UTF-8 in quotes: WeChat does not understand RFC 2231 and shows percent-encoded names.
local ESCAPES <const> = { ['"'] = "%22", ["\r"] = "%0D", ["\n"] = "%0A" }
local function quoted(name) return '"' .. name:gsub('["\r\n]', ESCAPES) .. '"' end

local TYPES <const> = {
  jpg = "image/jpeg", jpeg = "image/jpeg", png = "image/png", gif = "image/gif", bmp = "image/bmp",
  webp = "image/webp", mp3 = "audio/mpeg", amr = "audio/amr", wma = "audio/x-ms-wma", wav = "audio/wav",
  mp4 = "video/mp4", txt = "text/plain", json = "application/json", pdf = "application/pdf",
}

local function type_of(filename)
  return TYPES[(filename:match "%.(%w+)$" or ""):lower()] or "application/octet-stream"
end

-- Pieces of a multipart body, and its type. The length is known, the boundary stands without quotes.
local function multipart(parts)
  local boundary = "weiyue" .. core.crypto.random(16):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  local pieces, text = {}, ""
  for _, part in ipairs(parts) do
    text = ("%s--%s\r\nContent-Disposition: form-data; name=%s"):format(text, boundary, quoted(part.name))
    if part.value ~= nil then
      text = ("%s\r\n\r\n%s\r\n"):format(text, tostring(part.value))
    else
      local filename = part.filename or (part.file and part.file:match "([^/]+)$") or "file"
      local kind = part.type or type_of(filename)
      text = ("%s; filename=%s\r\nContent-Type: %s\r\n\r\n"):format(text, quoted(filename), kind)
      if part.file then
        pieces[#pieces + 1] = text
        pieces[#pieces + 1] = { file = part.file }
      else
        pieces[#pieces + 1] = text
        pieces[#pieces + 1] = part.data
      end
      text = "\r\n"
    end
  end
  pieces[#pieces + 1] = ("%s--%s--\r\n"):format(text, boundary)
  return pieces, "multipart/form-data; boundary=" .. boundary
end

---@class weiyue.transport.Request
---@field method? string  default GET
---@field url string
---@field query? table<string, string|number|(string|number)[]> or a text that is escaped already
---@field headers? table<string, string>
---@field body? string    one of body, file, multipart
---@field file? string    the path of a file that is the body
---@field multipart? weiyue.transport.Part[]
---@field timeout? number seconds in all; default http.timeout, 10
---@field connect_timeout? number seconds; default 3
---@field max? number     bytes of the decoded body; default http.max, 1 MiB
---@field to? string      a file for the body of a 2xx answer: it appears whole or not at all
---@field redirects? integer how many are followed; default 0
---@field guard? boolean  false: the address is a configured one
---@field quiet? boolean  a failure is not logged here

---@class weiyue.transport.Part a field with a value, or a file
---@field name string
---@field value? string|number
---@field file? string    a path
---@field data? string
---@field filename? string
---@field type? string

--- Sends one request and waits for its answer. Whatever the status, an answer is an answer.
---@async
---@param request weiyue.transport.Request
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function M.send(request)
  local url, query, pieces, content_type = request.url, request.query, nil, nil
  if query then
    if type(query) == "table" then query = core.form.encode(query) end
    if query ~= "" then
      local before, fragment = url:match "^([^#]*)(.*)$"
      url = before .. (before:find("?", 1, true) and "&" or "?") .. query .. fragment
    end
  end
  if request.multipart then pieces, content_type = multipart(request.multipart) end
  local response, code, message, host, class, sent, of_url = client_send(request, url, pieces, content_type)
  if not response then return failed(request, url, code, message, host, class, sent, of_url) end
  response.url = code or url -- of the last hop
  if request.to and response.size then response.path = request.to end
  return response
end

return M
