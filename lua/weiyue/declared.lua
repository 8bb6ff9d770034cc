-- The API calls that a plugin declares in its head: api = { "message_custom.*", "template.send" }.

local nearest = require "weiyue.nearest"

local M = {}

-- Families of WeChat's API.
local FAMILIES <const> = {}
for _, name in ipairs(require "weiyue.api.families") do FAMILIES[name] = true end

-- Calls that no plugin makes: tokens and quotas are the host's.
local NEVER <const> = { "^token%.", "^openapi%.clear" }

local function is_glob(part) return part:find("*", 1, true) ~= nil end

--- What is wrong with the form of a declaration, or nil.
---@param api any
---@return string?
function M.fault(api)
  local n = 0
  for key, one in pairs(api) do
    n = n + 1
    if type(key) ~= "number" then return 'api is a list: { "template.send", "material.*" }' end
    if type(one) ~= "string" or not one:find "^[%l%d_*]+%.[%l%d_*]+$" then
      return ('api: %s is no FAMILY.NAME, such as "template.send" or "material.*"'):format(tostring(one))
    end
    for _, never in ipairs(NEVER) do
      if one:find(never) then return ("api: %s is never called by a plugin: the host owns tokens"):format(one) end
    end
  end
  return n ~= #api and "api is a list without gaps" or nil
end

--- Whether a declaration covers a call. Without one it covers nothing.
---@param patterns string[]?
---@param key string FAMILY.NAME
---@return boolean
function M.allows(patterns, key)
  for _, one in ipairs(patterns or {}) do
    if key:find("^" .. one:gsub("%.", "%%."):gsub("%*", ".*") .. "$") then return true end
  end
  return false
end

-- Whether a known family has a call that the declaration covers.
local function covers_any(one, family)
  for _, name in ipairs(require("weiyue.api.catalogue").names(family)) do
    if M.allows({ one }, family .. "." .. name) then return true end
  end
  return false
end

--- Families that a declaration names and WeChat does not have, and calls that such a family does not have, each with
--- the nearest one.
---@param api string[]
---@return { pattern: string, family?: string, near?: string }[] family nil: it is there, the call is not
function M.unknown(api)
  local found = {}
  for _, one in ipairs(api) do
    local family = one:match "^[^.]+"
    if not is_glob(family) and not FAMILIES[family] then
      found[#found + 1] = { pattern = one, family = family, near = nearest.slip(family, nearest.names(FAMILIES)) }
    elseif FAMILIES[family] and not covers_any(one, family) then
      local near = not is_glob(one) and require("weiyue.api.catalogue").near(one) or nil
      found[#found + 1] = { pattern = one, near = near }
    end
  end
  return found
end

return M
