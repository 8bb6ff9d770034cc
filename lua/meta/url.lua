---@meta weiyue.url
error("lua/meta is for editors, not for require")

--- Absolute URLs by RFC 3986 (网址), strict: what two readers could read differently is refused.
---@class weiyue.url
local url = {}

---@class weiyue.url.Parts
---@field scheme string lower case
---@field userinfo? string still escaped; callers that fetch should refuse it
---@field host string lower case; an IPv6 address without its brackets
---@field port? integer the scheme's default where none is written (http, https, ws, wss, redis)
---@field path string still escaped; "/" where none is written
---@field query? string still escaped: weiyue.form reads it
---@field fragment? string still escaped

---@class weiyue.url.BuildParts
---@field scheme string
---@field userinfo? string
---@field host string an IPv6 address without brackets
---@field port? integer left out of the text when it is the scheme's default
---@field path? string begins with "/"; default "/"
---@field query? string already escaped: weiyue.form.encode writes it
---@field fragment? string

--- Splits and checks scheme://host… (解析).
---@param s string
---@return weiyue.url.Parts? parts
---@return string? err
function url.parse(s) end

--- Puts a URL together (拼接); every part is checked, so that none can slip into the next.
---@param parts weiyue.url.BuildParts
---@return string? s
---@return string? err
function url.build(parts) end

--- Resolves a reference against a base (相对地址), RFC 3986 section 5. The result may have another
--- host or scheme: parse it before fetching.
---@param base string
---@param reference string
---@return string? s
---@return string? err
function url.join(base, reference) end

--- One component: all but letters, digits and - . _ ~ becomes %XX (a space %20).
---@param s string
---@return string
function url.escape(s) end

--- The inverse; "+" stays "+".
---@param s string
---@return string?
---@return string? err
function url.unescape(s) end

return url
