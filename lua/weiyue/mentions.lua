-- Calls of WeChat's API that a plugin's source names and WeChat does not have, and templates that it shows: a slip
-- that would else be found when the line runs. It is looked at as text, so that what is put together at run time is
-- not seen.

local M = {}

local DIRECT <const> = "()%f[%w_]api%s*%.%s*([%a_][%w_]*)%s*%.%s*([%a_][%w_]*)"
local BY_NAME <const> = "()%f[%w_]api%s*:%s*call%s*%(?%s*[\"']([%w_]+)%.([%w_]+)[\"']"

-- Whether what stands there may be an account's: account.api, wx.account().api, or a local `api`.
local function may_be_account(before)
  local owner = before:match "(%S)%s*%.%s*$"
  return not owner or owner == ")" or before:find "account%s*%.%s*$" ~= nil
end

--- The calls that a source names, each with its place.
---@param text string
---@param path string for the places
---@return { family: string, name: string, where: string, sure: boolean }[] sure: nobody else's `api` is meant
function M.find(text, path)
  local list = {}
  if not text:find "%f[%w_]api%s*[%.:]" then return list end
  local source = require "weiyue.config.source"
  local bare = source.bare(text)
  local function add(at, family, name)
    list[#list + 1] = {
      family = family, name = name, where = ("%s:%d"):format(path, source.line_of(text, at)),
      sure = may_be_account(bare:sub(math.max(1, at - 40), at - 1)),
    }
  end
  for at, family, name in bare:gmatch(DIRECT) do add(at, family, name) end
  for at, family, name in text:gmatch(BY_NAME) do
    if bare:find("^api", at) then add(at, family, name) end -- in no comment
  end
  return list
end

--- The templates that a source shows by name, each with its place.
---@param text string
---@param path string for the places
---@return { name: string, where: string }[]
function M.templates(text, path)
  local list = {}
  if not text:find("wx.render", 1, true) then return list end
  local source = require "weiyue.config.source"
  local bare = source.bare(text)
  for at, name in text:gmatch "()%f[%w_]wx%.render%s*%(?%s*[\"']([^\"'\n]+)[\"']" do
    if bare:find("^wx", at) then -- in no comment
      list[#list + 1] = { name = name, where = ("%s:%d"):format(path, source.line_of(text, at)) }
    end
  end
  return list
end

--- Those of the calls that there are not, each with the nearest one.
---@param calls { family: string, name: string, where: string, sure: boolean }[]
---@return { key: string, where: string, near?: string }[]
function M.unknown(calls)
  local list, seen = {}, {}
  for _, one in ipairs(calls) do
    local catalogue = require "weiyue.api.catalogue"
    local key = one.family .. "." .. one.name
    local is_family = catalogue.is_family(one.family)
    if not seen[one.where .. key] and (is_family or one.sure) and not catalogue.has(key) then
      seen[one.where .. key] = true
      list[#list + 1] = { key = key, where = one.where, near = catalogue.near(key) }
    end
  end
  return list
end

return M
