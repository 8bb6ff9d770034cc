-- Where a login leads back to: a path of this host, whoever has written it.

local M = {}

local LONGEST <const> = 1024 -- as JSON, in a cookie

--- The path itself, or nil: it could lead elsewhere, or into a header.
---@param text any path and query
---@return string?
function M.own(text)
  if type(text) ~= "string" or #text > LONGEST or #text + select(2, text:gsub('"', "")) > LONGEST then return nil end
  if not text:find "^/" or text:find "[^\x21-\x7E]" or text:find("\\", 1, true) then return nil end
  local path = text:match "^[^?#]*"
  -- "//host" to browsers, also where a server or a proxy has unescaped it first
  if path:find "^/[/\\]" or path:find "^/%%2[fF]" or path:find "^/%%5[cC]" then return nil end
  if text:find "%%0[aAdD]" or text:find "%%00" then return nil end
  return text
end

--- Path and query of a request's URL; "/" where it is too long to be kept.
---@param address string
---@return string
function M.of(address)
  local rest = address:match "^%a[%w+.-]*://[^/?#]*([^#]*)" or "/"
  if not rest:find "^/" then rest = "/" .. rest end
  return M.own(rest) or M.own(rest:match "^[^?]*") or "/"
end

return M
