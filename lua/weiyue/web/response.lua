-- wx.response and wx.redirect: what a page returns where a text or a table does not say enough. Misuse raises where
-- it is made, which is the plugin's line.

local caller = require "weiyue.caller"
local cookies = require "weiyue.web.cookies"
local nearest = require "weiyue.nearest"

local M = {}

local NAME <const> = "weiyue.response"
local Response <const> = { __name = NAME, __metatable = NAME }

local FIELDS <const> = {
  status = "number", headers = "table", body = true, file = true, stream = "function", cookies = "table",
  download = "string", drop = "boolean",
}

-- What the server itself says.
local OURS <const> = {
  ["content-length"] = true, ["transfer-encoding"] = true, connection = true, date = true, ["keep-alive"] = true,
  ["set-cookie"] = "use cookies = { NAME = … }", upgrade = true, trailer = true,
}

local function check_header(name, value)
  if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
    return ("%s is no name of a header"):format(tostring(name))
  end
  local ours = OURS[name:lower()]
  if ours then
    return ("the header %s is not a handler's; %s"):format(name, ours == true and "the host sends it" or ours)
  end
  if value == false then return nil end
  if type(value) ~= "string" and type(value) ~= "number" then return ("the header %s is a text"):format(name) end
  if tostring(value):find "[%c\x7F]" then
    return ("the header %s has a line end or another control character"):format(name)
  end
end

--- What is wrong with the headers of an answer; nil: nothing.
---@param headers any
---@return string?
function M.headers_fault(headers)
  if type(headers) ~= "table" then return "headers must be a table" end
  for name, value in pairs(headers) do
    local fault = check_header(name, value)
    if fault then return fault end
  end
end

local function check(t)
  for key, value in pairs(t) do
    local want = FIELDS[key]
    if not want then
      local near = type(key) == "string" and nearest.slip(key, nearest.names(FIELDS))
      return ("has no field %s%s"):format(tostring(key), near and "; the nearest is " .. near or "")
    end
    if want ~= true and type(value) ~= want then return ("%s must be a %s"):format(key, want) end
  end
  local status = t.status
  if status and not (math.type(status) == "integer" and status >= 200 and status <= 599) then
    return "status is an integer from 200 to 599"
  end
  if (t.body ~= nil and 1 or 0) + (t.file ~= nil and 1 or 0) + (t.stream and 1 or 0) > 1 then
    return "an answer has one of body, file and stream"
  end
  if t.body ~= nil and type(t.body) ~= "string" and type(t.body) ~= "table" then
    return "body is a text, or a table: JSON"
  end
  if t.download and t.download:find "[%c/\\]" then return "download is a file's name, without a path" end
  local wrong = t.headers and M.headers_fault(t.headers)
  if wrong then return wrong end
  for name, value in pairs(t.cookies or {}) do
    local fault = cookies.fault(name, value)
    if fault then return fault end
  end
end

--- wx.response
function M.new(t)
  if type(t) ~= "table" then
    caller.misuse "wx.response wants { status = …, headers = …, body | file | stream, cookies = … }"
  end
  local fault = check(t)
  if fault then caller.misuse("wx.response: " .. fault) end
  local copy = {}
  for key, value in pairs(t) do copy[key] = value end
  return setmetatable(copy, Response)
end

--- Whether a page has returned this by wx.response or wx.redirect.
function M.is(value) return getmetatable(value) == NAME end

--- Whether a path leads to ourselves, whatever a browser makes of it.
---@param path any
---@return boolean
function M.is_own(path)
  return type(path) == "string" and path:find "^/" ~= nil and not path:find "^/[/\\]" and not path:find "[%c\x7F\\]"
end

--- An answer that sends the browser to another page; for weiyue's own code: any address.
---@param to string
---@param status? integer
function M.to(to, status)
  return setmetatable({ status = status or 302, headers = { location = to }, own = M.is_own(to) }, Response)
end

--- wx.redirect
function M.redirect(path)
  if not M.is_own(path) then
    caller.misuse("wx.redirect: only to pages of one's own, such as \"/me\" (只能跳到自己的页面): " ..
      "for others wx.response { status = 302, headers = { location = … } }")
  end
  return M.to(path)
end

return M
