-- Fields that protect who looks at a page: what scripts may run, who may show it in a frame.

local M = {}

local function origin(url) return url and url:match "^(%a+://[^/]+)" end

-- Of a site, once: what stands before and after the nonce.
local function policy(site)
  local scripts = { "script-src 'self'" }
  local seen = {}
  local function add(source)
    if source and not seen[source] then scripts[#scripts + 1] = source end
    if source then seen[source] = true end
  end
  add "https://res.wx.qq.com"
  add(origin(site.jweixin))
  for _, source in ipairs(site.script_sources()) do add(source) end
  local ancestors = "frame-ancestors 'self'"
  local open = origin(site.open)
  if open and open ~= "https://open.weixin.qq.com" then ancestors = ancestors .. " " .. open end
  local jweixin = origin(site.jweixin)
  local other = jweixin and jweixin ~= "https://res.wx.qq.com" and " " .. jweixin or ""
  return "Content-Security-Policy: default-src 'self'; " .. table.concat(scripts, " "),
    "; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https: wxlocalresource: weixin:" .. other
    .. "; media-src 'self' data: blob: https:; connect-src 'self' https://res.wx.qq.com" .. other
    .. "; object-src 'none'; base-uri 'self'; form-action 'self'; " .. ancestors .. "\r\n"
end

--- Fields of every answer.
---@param is_secure boolean
---@return string
function M.common(is_secure)
  local fields = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: strict-origin-when-cross-origin\r\n"
  return is_secure and fields .. "Strict-Transport-Security: max-age=31536000\r\n" or fields
end

--- The field of an HTML answer.
---@param site table
---@param nonce? string
---@return string
function M.policy(site, nonce)
  if not site.policy_head then site.policy_head, site.policy_tail = policy(site) end
  return site.policy_head .. (nonce and " 'nonce-" .. nonce .. "'" or "") .. site.policy_tail
end

return M
