-- Addresses, headers and HTML, as far as specs need them.

local core = require "weiyue_core"

local M = {}

--- The parts of an absolute URL.
---@param url string
---@return { scheme: string, host: string, origin: string, path: string, query: string }
function M.split(url)
  local scheme, authority, rest = url:match "^(%a[%w+.-]*)://([^/?#]*)(.*)$"
  if not scheme then scheme, authority, rest = "", "", url end
  local path, query = rest:match "^([^?#]*)%??([^#]*)"
  return { scheme = scheme, host = authority:gsub("^.*@", ""):gsub(":%d+$", ""), authority = authority,
    origin = scheme .. "://" .. authority, path = path ~= "" and path or "/", query = query }
end

--- An address as a browser asks for it: what is no ASCII is percent-encoded.
---@param url string
---@return string
function M.encode(url)
  return (url:gsub('[^\x21-\x7E]', function(c) return ("%%%02X"):format(c:byte()) end):gsub('["<>]', {
    ['"'] = "%22", ["<"] = "%3C", [">"] = "%3E" }))
end

--- The query's first values.
---@param url string
---@return table<string, string>
function M.query(url)
  local values = {}
  for pair in M.split(url).query:gmatch "[^&]+" do
    local name, value = pair:match "^([^=]*)=?(.*)$"
    name = M.unescape(name)
    if values[name] == nil then values[name] = M.unescape(value) end
  end
  return values
end

function M.unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

function M.escape(text) return core.url.escape(text) end

--- A reference as a browser reads it on the page at base.
function M.resolve(base, reference)
  if reference:find "^%a[%w+.-]*:" then return reference end
  local parts = M.split(base)
  if reference:find "^//" then return parts.scheme .. ":" .. reference end
  if reference:find "^/" then return parts.origin .. reference end
  if reference == "" then return base:match "^[^#]*" end
  if reference:find "^%?" then return parts.origin .. parts.path .. reference end
  local path = (parts.path:match "^(.*/)" or "/") .. reference
  local tail = path:match "[?#].*$" or ""
  local list = {}
  for one in path:sub(1, #path - #tail):gmatch "[^/]+" do
    if one == ".." then list[#list] = nil elseif one ~= "." then list[#list + 1] = one end
  end
  local slash = reference:match "^[^?#]*":find "/$" and #list > 0 and "/" or ""
  return parts.origin .. "/" .. table.concat(list, "/") .. slash .. tail
end

--- "Name: value\r\n"… as a table, names in lower case; what stands twice is joined.
function M.headers(head)
  local list = {}
  for name, value in head:gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)" do
    name, value = name:lower(), value:match "^(.-)[ \t]*$"
    list[name] = list[name] and list[name] .. ", " .. value or value
  end
  return list
end

--- The other way round.
function M.head(headers)
  local lines = {}
  for name, value in pairs(headers) do
    if name:lower() ~= "content-length" then lines[#lines + 1] = ("%s: %s\r\n"):format(name, value) end
  end
  table.sort(lines)
  return table.concat(lines)
end

local ENTITIES <const> = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", nbsp = " " }

function M.unentity(text)
  return (text:gsub("&(#?)([%w]+);", function(number, name)
    if number == "" then return ENTITIES[name] end
    local code = name:find "^[xX]" and tonumber(name:sub(2), 16) or tonumber(name)
    return code and code < 0x110000 and utf8.char(code) or nil
  end))
end

--- What of HTML is to be read.
function M.text(html)
  html = html:gsub("<!%-%-.-%-%->", " "):gsub("<[sS][cC][rR][iI][pP][tT].-</[sS][cC][rR][iI][pP][tT]%s*>", " ")
    :gsub("<[sS][tT][yY][lL][eE].-</[sS][tT][yY][lL][eE]%s*>", " ")
    :gsub("<[hH][eE][aA][dD][%s>].-</[hH][eE][aA][dD]%s*>", " "):gsub("<[^>]*>", " ")
  return (M.unentity(html):gsub("%s+", " "):match "^%s*(.-)%s*$")
end

--- The attributes of a tag.
function M.attributes(tag)
  local list = {}
  for name, rest in tag:gmatch "%s([%w%-:_]+)(=?)" do
    if rest == "" then list[name:lower()] = "" end
  end
  for name, quote, value in tag:gmatch "([%w%-:_]+)%s*=%s*([\"'])(.-)%2" do
    list[name:lower()] = quote and M.unentity(value)
  end
  for name, value in tag:gmatch "([%w%-:_]+)=([^%s\"'>]+)" do list[name:lower()] = M.unentity(value) end
  return list
end

return M
