-- Cookies: those of a request, and the field that sets one. What handlers set is signed unless they say otherwise;
-- req.cookies has only what was signed, so that nobody takes a browser's word for ours.

local core = require "weiyue_core"
local seal = require "weiyue.web.seal"

local M = {}

local MAX <const> = 4096 -- bytes of a field that browsers keep
local LONGEST <const> = seal.LONGEST -- seconds
local SESSION <const> = 86400 -- seconds that a signed one without max_age is good: the browser forgets it earlier

local OPTIONS <const> = {
  value = "string", max_age = "number", path = "string", signed = "boolean", http_only = "boolean",
  same_site = "string", secure = "boolean", domain = "string",
}
local SAME_SITE <const> = { Lax = true, Strict = true, None = true }

--- name=value pairs of a Cookie field; the first of a name counts.
---@param field? string
---@return table<string, string>
function M.read(field)
  local found = {}
  for name, value in (field or ""):gmatch "%f[^%z;%s]([^=;%s]+)=([^;]*)" do
    value = value:match '^"?(.-)"?%s*$'
    if found[name] == nil then found[name] = core.form.unescape((value:gsub("%+", "%%2B"))) or value end
  end
  return found
end

--- The value of one cookie of a Cookie field, as it stands there.
---@param field string
---@param name string
---@return string?
function M.one(field, name)
  local key, at = name .. "=", 1
  while true do
    local from, to = field:find(key, at, true)
    if not from then return nil end
    local before = from == 1 and 59 or field:byte(from - 1)
    if before == 59 or before == 32 then
      local ends = field:find(";", to, true)
      return field:sub(to + 1, ends and ends - 1 or -1)
    end
    at = to + 1
  end
end

--- What a signed cookie of this name is sealed for.
function M.purpose(account_id, name) return ("cookie %s %s"):format(account_id, name) end

--- What is wrong with a cookie that a handler wants to set; nil: nothing.
---@param name any
---@param cookie any
---@return string?
function M.fault(name, cookie)
  if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
    return ("%s is no name of a cookie"):format(tostring(name))
  end
  if cookie == false or type(cookie) == "string" then return nil end
  if type(cookie) ~= "table" then return ("the cookie %s is a text, a table { value, … }, or false"):format(name) end
  for key, value in pairs(cookie) do
    local want = key == 1 and "string" or OPTIONS[key]
    if not want then return ("the cookie %s has no option %s"):format(name, tostring(key)) end
    if type(value) ~= want then return ("the cookie %s: %s is a %s"):format(name, tostring(key), want) end
  end
  if (cookie[1] or cookie.value) == nil then
    return ("the cookie %s has no value: { value, max_age = … }"):format(name)
  end
  if cookie.same_site and not SAME_SITE[cookie.same_site] then return "same_site is Lax, Strict or None" end
  local age = cookie.max_age
  if age and (age ~= age or age > LONGEST) then
    return ("the cookie %s: max_age is at most %d seconds"):format(name, LONGEST)
  end
  for _, key in ipairs { "path", "domain" } do
    if cookie[key] and cookie[key]:find "[%c;%s,]" then return ("the cookie %s: a bad %s"):format(name, key) end
  end
end

local function escaped(value)
  return (value:gsub("[^%w!#$&'()*+./:<=>?@%[%]^_`{|}~-]", function(c) return ("%%%02X"):format(c:byte()) end))
end

--- The field that sets it, or removes it (false). Raises what is wrong with it: it may have changed since it was given.
---@param name string
---@param cookie string|table|false
---@param site { id: string }
---@param is_secure boolean the request came by HTTPS
---@return string
function M.field(name, cookie, site, is_secure)
  local fault = M.fault(name, cookie)
  if fault then error(fault, 0) end
  if cookie == false then
    return ("Set-Cookie: %s=; Path=/; Max-Age=0%s\r\n"):format(name, is_secure and "; Secure" or "")
  end
  if type(cookie) == "string" then cookie = { cookie } end
  local value = cookie[1] or cookie.value
  if cookie.signed ~= false then
    value = seal.sign(M.purpose(site.id, name), value, math.max(cookie.max_age or SESSION, 1))
  else
    value = escaped(value)
  end
  local line = ("Set-Cookie: %s=%s; Path=%s"):format(name, value, cookie.path or "/")
  if cookie.max_age then line = line .. ("; Max-Age=%d"):format(math.ceil(cookie.max_age)) end
  if cookie.domain then line = line .. "; Domain=" .. cookie.domain end
  if cookie.http_only ~= false then line = line .. "; HttpOnly" end
  if cookie.secure or (cookie.secure == nil and is_secure) then line = line .. "; Secure" end
  line = line .. "; SameSite=" .. (cookie.same_site or "Lax")
  if #line > MAX then error(("the cookie %s has %d bytes; browsers keep %d"):format(name, #line, MAX), 0) end
  return line .. "\r\n"
end

return M
