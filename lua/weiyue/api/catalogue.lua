-- The endpoints of WeChat's API: one row each, in a file for each family, which is loaded when it is first asked for.

local access = require "weiyue.api.access"
local families = require "weiyue.api.families"
local nearest = require "weiyue.nearest"
local notation = require "weiyue.api.notation"

local M = {}

---@class weiyue.api.Row
---@field family string
---@field name string
---@field key string FAMILY.NAME
---@field method "GET"|"POST"
---@field host? string when it is not the API's
---@field path string
---@field query? weiyue.api.Fields
---@field body? weiyue.api.Fields
---@field content "json"|"multipart"|"bytes"|"none" what is sent
---@field reply "json"|"bytes"|"redirect" redirect: an address for a browser, nothing is sent
---@field auth "access_token"|"component_access_token"|"oauth_access_token"|"none"
---@field token? string the query parameter that the token stands in
---@field needs? string[] one of these must be given
---@field fragment? string of the address
---@field empty? integer an errcode that means an empty result
---@field idempotent boolean it may be sent again when nobody knows whether it arrived
---@field note? string limits and quirks, in words

local known <const>, order <const> = {}, {}
for i, family in ipairs(families) do known[family], order[i] = true, family end

local loaded <const> = {} -- family → name → row as its file has it
local names <const> = {} -- family → names in order
local rows <const> = {} -- FAMILY.NAME → weiyue.api.Row
local added <const> = {} -- FAMILY.NAME → true, of rows that a plugin gave

local function load_family(family)
  if loaded[family] then return loaded[family] end
  local by_name, list = {}, {}
  for i, row in ipairs(require("weiyue.api." .. family)) do
    by_name[row[1]] = row
    list[i] = row[1]
  end
  loaded[family], names[family] = by_name, list
  return by_name
end

local function fields(key, text)
  if not text then return nil end
  local list, err = notation.read(text)
  if not list then error(("%s: %s"):format(key, err), 0) end
  return list
end

-- As its file has it, to what the rest of the program sees.
local function complete(family, own)
  local key = family .. "." .. own[1]
  local content = own.content or (own[2] == "GET" and "none" or "json")
  local idempotent = own.idempotent
  if idempotent == nil then idempotent = own[2] == "GET" end
  local row = {
    family = family, name = own[1], key = key, method = own[2], path = own[3], host = own.host,
    query = fields(key, own.query), content = content,
    body = content ~= "none" and fields(key, own.body or "{}") or nil,
    reply = own.reply or "json", auth = own.auth or "access_token", fragment = own.fragment, empty = own.empty,
    idempotent = idempotent, note = own.note,
  }
  if row.auth == "access_token" or row.auth == "component_access_token" then row.token = own.token or row.auth end
  if own.needs then
    row.needs = {}
    for name in own.needs:gmatch "[^|]+" do row.needs[#row.needs + 1] = name end
  end
  return row
end

--- The families, in order; those that plugins have added last.
---@return string[]
function M.families() return table.move(order, 1, #order, 1, {}) end

---@param name string
---@return boolean
function M.is_family(name) return known[name] == true end

--- The names of a family's rows, in order; nil where there is no such family.
---@param family string
---@return string[]?
function M.names(family)
  if not M.is_family(family) then return nil end
  load_family(family)
  return table.move(names[family], 1, #names[family], 1, {})
end

--- Whether there is such a row, which is not read.
---@param key string FAMILY.NAME
---@return boolean
function M.has(key)
  local family, name = key:match "^([%w_]+)%.([%w_]+)$"
  return family ~= nil and M.is_family(family) and load_family(family)[name] ~= nil
end

--- A row; nil where there is none.
---@param key string FAMILY.NAME
---@return weiyue.api.Row?
function M.find(key)
  local row = rows[key]
  if row then return row end
  local family, name = key:match "^([%w_]+)%.([%w_]+)$"
  if not family or not M.is_family(family) then return nil end
  local own = load_family(family)[name]
  if not own then return nil end
  row = complete(family, own)
  rows[key] = row
  return row
end

--- Name → row of one family; nil where there is none.
---@param family string
---@return table<string, weiyue.api.Row>?
function M.family(family)
  local list = M.names(family)
  if not list then return nil end
  local map = {}
  for _, name in ipairs(list) do map[name] = M.find(family .. "." .. name) end
  return map
end

--- What an account must be able to do for this row; nil: nothing that is known of. access.lua tells more.
---@param row weiyue.api.Row
---@return string? capability a name in account.can
function M.capability(row) return access.capability(row) end

--- Calls fn(row) for each row, in order.
---@param fn fun(row: weiyue.api.Row)
function M.each(fn)
  for _, family in ipairs(M.families()) do
    for _, name in ipairs(M.names(family)) do fn(M.find(family .. "." .. name)) end
  end
end

--- The name that was likely meant: FAMILY.NAME, where either may have a slip.
---@param key string
---@return string?
function M.near(key)
  local family, name = key:match "^([^.]*)%.?(.*)$"
  if not M.is_family(family) then family = nearest.slip(family, order) end
  if not family then return nil end
  local list, within = M.names(family), {}
  for _, one in ipairs(list) do -- "user.get_info" for info, "menu.del" for delete
    if #name > 2 and (name:find(one, 1, true) or one:find(name, 1, true)) then within[#within + 1] = one end
  end
  local found = nearest.of(name, within) or nearest.slip(name, list)
  return found and family .. "." .. found
end

--- Adds an endpoint, written as in the families' files: { "name", "POST", "/path", query = …, body = … }. A row that
--- the program has stays.
---@param family string
---@param own table
---@return weiyue.api.Row?, string? err
function M.add(family, own)
  local key = ("%s.%s"):format(family, own[1])
  if not key:find "^[%l%d_]+%.[%l%d_]+$" then return nil, ("%s is no FAMILY.NAME"):format(key) end
  if own[2] ~= "GET" and own[2] ~= "POST" then return nil, key .. ": the method is GET or POST" end
  if type(own[3]) ~= "string" or not own[3]:find "^/[%w/_%.%-]*$" then return nil, key .. ": the path begins with /" end
  if not known[family] then
    known[family], loaded[family], names[family], order[#order + 1] = true, {}, {}, family
  end
  local by_name = load_family(family)
  if by_name[own[1]] and not added[key] then return nil, key .. " exists" end
  local ok, row = pcall(complete, family, own)
  if not ok then return nil, row end
  if not by_name[own[1]] then table.insert(names[family], own[1]) end
  by_name[own[1]], rows[key], added[key] = own, row, true
  return row
end

return M
