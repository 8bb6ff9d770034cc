-- From a request's path to the row of the catalogue. Built when the first call comes, from the rows as their files have
-- them: reading the fields of all of them would take longer than most specs.

local catalogue = require "weiyue.api.catalogue"

local M = {}

local index, families_known

local function add(by_path, key, own)
  if own.reply == "redirect" then return end -- a page of open.weixin.qq.com: nothing of the API
  local methods = by_path[own[3]] or {}
  by_path[own[3]] = methods
  methods[own[2]] = methods[own[2]] or {}
  table.insert(methods[own[2]], key)
end

local function build()
  local by_path, families = {}, catalogue.families()
  for _, family in ipairs(families) do
    local ok, rows = pcall(require, "weiyue.api." .. family)
    if ok then
      for _, own in ipairs(rows) do add(by_path, family .. "." .. own[1], own) end
    else -- a plugin's
      for name, row in pairs(catalogue.family(family)) do
        add(by_path, family .. "." .. name, { name, row.method, row.path, reply = row.reply })
      end
    end
  end
  index, families_known = by_path, #families
end

-- How many of a row's fixed values the query has; nil where one differs.
local function fits(row, query)
  local n = 0
  for _, field in ipairs(row.query or {}) do
    local fixed = field.values and #field.values == 1 and field.default
    if fixed and query[field.name] ~= nil then
      if query[field.name] ~= tostring(fixed) then return nil end
      n = n + 1
    end
  end
  return n
end

--- The row of a call; nil and the errcode where there is none.
---@param method string
---@param path string
---@param query table<string, string>
---@return weiyue.api.Row?, integer? errcode
function M.find(method, path, query)
  if not index or families_known ~= #catalogue.families() then build() end
  local methods = index[path]
  if not methods then return nil, 40066 end
  local keys = methods[method]
  if not keys then return nil, methods.POST and 43002 or 43001 end
  local best, most = nil, -1
  for _, key in ipairs(keys) do
    local row = catalogue.find(key)
    local n = #keys == 1 and 0 or fits(row, query)
    if n and n > most then best, most = row, n end
  end
  return best or catalogue.find(keys[1])
end

return M
