-- Addresses that are signed for who asks: a page's URL as its browser has it, and only of the account's own hosts.

local url = require "weiyue.url"

local M = {}

local LONGEST <const> = 4096

-- Of an address in which a browser has left characters as they are.
local function parse(text)
  return url.parse((text:gsub("[\x80-\xFF]", function(c) return ("%%%02X"):format(c:byte()) end)))
end

--- scheme://host:port of an address; nil: it is none of http or https.
---@param text string
---@return string?
function M.origin(text)
  local parts = parse(text)
  if not parts or parts.userinfo or (parts.scheme ~= "https" and parts.scheme ~= "http") then return nil end
  return ("%s://%s:%d"):format(parts.scheme, parts.host, parts.port)
end

--- An address that may be signed: without its fragment.
---@param text any
---@param origins table<string, true> that are the account's own
---@return string? address
---@return "jssdk.url"|"jssdk.host"|nil why
function M.read(text, origins)
  if type(text) ~= "string" or text == "" or #text > LONGEST then return nil, "jssdk.url" end
  local address = text:match "^[^#]*"
  -- what would read as a part of the signed text
  if address:find "[%c%s\x7F\\]" or address:find("jsapi_ticket=", 1, true) then return nil, "jssdk.url" end
  if not parse(address) then return nil, "jssdk.url" end
  local origin = M.origin(address)
  if not origin or not origins[origin] then return nil, "jssdk.host" end
  return address
end

return M
