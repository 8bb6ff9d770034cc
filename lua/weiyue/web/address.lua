-- The public address of a request: what stands in the browser, whatever proxies of ours have made of it.

local M = {}

-- The newest entry of a field that proxies append to.
local function last(field) return field and field:match "([^,%s]+)%s*$" end

local function host_of(url) return url and url:match "^%a+://([^/]+)" end

local function name_of(host) return host and (host:match "^(%[[^%]]*%])" or host:match "^[^:]+") end

-- Whether a host is one that is served: a proxy may pass on whatever its client has told it.
local function is_served(site, host)
  local name = name_of(host)
  if not name then return false end
  name = name:lower()
  local own = name_of(host_of(site.url))
  return not site.hosts or site.hosts[name] or (own and own:lower() == name) or false
end

local function find(site, host, told, proto)
  local scheme
  told, proto = last(told), last(proto)
  if told and told:find "^[%w%.%-:%[%]]+$" and is_served(site, told) then host = told end
  if proto == "https" or proto == "http" then scheme = proto end
  host = host or host_of(site.url) or "localhost"
  if not scheme then
    local own = name_of(host_of(site.url))
    scheme = own and own:lower() == (name_of(host) or ""):lower() and site.url:match "^(%a+):" or "http"
  end
  local port = scheme == "https" and ":443" or ":80"
  if host:sub(-#port) == port then host = host:sub(1, -#port - 1) end
  return { scheme, host }
end

local CACHE <const> = 64

--- "https", "wx.example.cn:8443"
---@param raw table
---@param site table
---@return string[] place scheme and host
function M.origin(raw, site)
  local host, told, proto = raw:hosts()
  local key = (told or proto) and ("%s %s %s"):format(host, told, proto) or host or ""
  local known = site.origins[key]
  if not known then
    if site.n_origins >= CACHE then site.origins, site.n_origins = {}, 0 end
    known = find(site, host, told, proto)
    site.origins[key], site.n_origins = known, site.n_origins + 1
  end
  return known
end

--- The path and query as the browser has them.
---@param raw table
---@param base string
---@return string
function M.target(raw, base)
  local target = raw:target():gsub("^%a+://[^/?]*", "")
  if target:sub(1, 1) ~= "/" then target = "/" .. target end
  if base ~= "" and raw:path():sub(1, #base) ~= base then target = base .. target end -- a proxy has cut it off
  return target
end

return M
